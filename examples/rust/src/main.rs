//! Journeys: what tenantry is for, each on an SQLite file of its own. Prints what happened; decides nothing itself.

use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tenantry::policy::Policy;

use crate::stage::{Result, Stage};

mod alerts;
mod clients;
mod crossing;
mod elevation;
mod fully;
mod jointly;
mod mailer;
mod onboarding;
mod page;
mod preview;
mod processes;
mod resellers;
mod review;
mod stage;
mod sync;
mod tickets;

/// A journey: its name, the policy that its file begins with, and the story.
struct Journey {
    name: &'static str,
    policy: fn() -> Policy,
    play: fn(&mut Stage) -> Result,
}

const JOURNEYS: [Journey; 14] = [
    Journey { name: "jointly", policy: Policy::default, play: jointly::play },
    Journey { name: "fully", policy: Policy::default, play: fully::play },
    Journey { name: "crossing", policy: Policy::default, play: crossing::play },
    Journey { name: "clients", policy: Policy::clients, play: clients::play },
    Journey { name: "processes", policy: Policy::default, play: processes::play },
    Journey { name: "onboarding", policy: Policy::default, play: onboarding::play },
    Journey { name: "resellers", policy: Policy::default, play: resellers::play },
    Journey { name: "alerts", policy: alerts::policy, play: alerts::play },
    Journey { name: "review", policy: Policy::default, play: review::play },
    Journey { name: "preview", policy: Policy::default, play: preview::play },
    Journey { name: "tickets", policy: Policy::default, play: tickets::play },
    Journey { name: "sync", policy: Policy::default, play: sync::play },
    Journey { name: "elevation", policy: Policy::default, play: elevation::play },
    Journey { name: "mailer", policy: Policy::default, play: mailer::play },
];

const USAGE: &str = "usage: tenantry-journeys [--dir DIRECTORY] [JOURNEY ...]

Plays the journeys, all of them if none is named, each on an SQLite file that it creates.
With --dir the files stay there for you to look at; without, they are removed at the end.

journeys: jointly, fully, crossing, clients, processes, onboarding,
          resellers, alerts, review, preview, tickets, sync, elevation,
          mailer
";

/// What the command line asks for.
struct Wanted {
    directory: Option<PathBuf>,
    journeys: Vec<&'static Journey>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let played = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--help" | "-h"] => say(USAGE),
        [processes::SECOND, path] => processes::second(Path::new(path)),
        [mailer::DRAIN, path, port] => mailer::drain(Path::new(path), port),
        arguments => wanted(arguments).and_then(|wanted| play(&wanted)),
    };
    match played {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read it has seen enough.
        Err(error) if error.downcast_ref::<Error>().is_some_and(|it| it.kind() == ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            // Nothing is left to do about a standard error that cannot be written to.
            let _ = writeln!(anstream::stderr(), "tenantry-journeys: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wanted(arguments: &[&str]) -> Result<Wanted> {
    let mut wanted = Wanted { directory: None, journeys: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        if argument == "--dir" {
            let directory = arguments.next().ok_or("--dir names no directory; write --dir DIRECTORY")?;
            wanted.directory = Some(PathBuf::from(directory));
        } else {
            let journey = JOURNEYS.iter().find(|journey| journey.name == argument);
            wanted
                .journeys
                .push(journey.ok_or_else(|| format!("there is no journey `{argument}`; try --help"))?);
        }
    }
    if wanted.journeys.is_empty() {
        wanted.journeys = JOURNEYS.iter().collect();
    }
    Ok(wanted)
}

fn play(wanted: &Wanted) -> Result {
    let scratch = tempfile::tempdir()?;
    let directory = wanted.directory.as_deref().unwrap_or(scratch.path());
    std::fs::create_dir_all(directory)?;
    for (place, journey) in wanted.journeys.iter().enumerate() {
        if place > 0 {
            say("\n\n")?;
        }
        let path = directory.join(format!("{}.db", journey.name));
        if path.exists() {
            return Err(format!("`{}` is there already; name an empty directory", path.display()).into());
        }
        let mut stage = stage::set(&path, (journey.policy)(), 0)?;
        let played = (journey.play)(&mut stage);
        say(&stage.page.into_text())?;
        played?;
    }
    if wanted.directory.is_some() {
        say(&format!("\nThe files are in `{}`.\n", directory.display()))?;
    }
    scratch.close()?;
    Ok(())
}

/// Prints, without colour where none is wanted.
fn say(text: &str) -> Result {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
