//! The machines at work: `machines gain --histories 2000 --seed 1 [--library libtenantry.so]`, `machines replay FILE`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use tenantry_machines::door::{BuiltIn, Library, Loaded};
use tenantry_machines::generator::Schema;
use tenantry_machines::machine::{MACHINES, Machine, is_about, known, open_kinds, small};
use tenantry_machines::play::policies;
use tenantry_machines::script::{Script, Step};
use tenantry_machines::worlds;

const USAGE: &str =
    "usage: machines gain|worlds|time|cost|all [--histories N | --without-end] [--seed N] [--steps N]
                [--library FILE] [--out DIRECTORY] [--strict]
       machines replay FILE [--library FILE]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).map(String::as_str)
    };
    let library: Box<dyn Library> = match option("--library").map(|path| Loaded::load(Path::new(path))) {
        None => Box::new(BuiltIn),
        Some(Ok(library)) => Box::new(library),
        Some(Err(error)) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let number = |name: &str, default: u64| option(name).map_or(Some(default), |text| text.parse().ok());
    let (Some(histories), Some(seed), Some(steps)) =
        (number("--histories", 200), number("--seed", 1), number("--steps", 40))
    else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let histories = if arguments.iter().any(|one| one == "--without-end") { u64::MAX } else { histories };
    match arguments.first().map(String::as_str) {
        Some("replay") if arguments.len() > 1 => replay(&*library, Path::new(&arguments[1])),
        Some(name) => {
            let machines: Vec<&Machine> =
                MACHINES.iter().filter(|machine| name == "all" || machine.name == name).collect();
            if machines.is_empty() {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
            let strict = arguments.iter().any(|one| one == "--strict");
            let out = option("--out").map(PathBuf::from);
            let mut good = true;
            for machine in machines {
                good &= run(machine, &*library, histories, seed, steps as usize, out.as_deref(), strict);
            }
            if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(
    machine: &Machine,
    library: &dyn Library,
    histories: u64,
    seed: u64,
    steps: usize,
    out: Option<&Path>,
    strict: bool,
) -> bool {
    let schema = Schema::new();
    let policies = policies();
    let began = Instant::now();
    println!("{}: from seed {seed}", machine.name);
    let mut kinds: BTreeMap<String, (u64, u64, usize)> = BTreeMap::new();
    let mut totals = (0, 0);
    let mut played = 0;
    for one in seed..seed.saturating_add(histories) {
        let (found, done) = (machine.history)(library, &schema, &policies, one, steps);
        totals = (totals.0 + done.0, totals.1 + done.1);
        played += 1;
        for found in found {
            let seen = kinds.entry(found.kind.clone()).or_insert((0, one, 0));
            seen.0 += 1;
            if seen.0 == 1 {
                let small = small(machine, library, found);
                seen.2 = small.script.steps.len();
                let open = if known(&small.kind) { " (known to be open)" } else { "" };
                println!(
                    "seed {one}, {} steps: {}{open}\n    {}",
                    small.script.steps.len(),
                    small.kind,
                    small.what
                );
                if let Some(out) = out {
                    let name: String = small
                        .kind
                        .chars()
                        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
                        .collect();
                    let text = small.script.write(machine.name, &small.kind, &small.what);
                    std::fs::create_dir_all(out)
                        .and_then(|()| std::fs::write(out.join(format!("{name}.jsonl")), text))
                        .expect("a script is written");
                }
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{}: {played} histories, {} calls done and {} refused, {:.1} ms a history, {} kinds",
        machine.name,
        totals.0,
        totals.1,
        seconds * 1000.0 / played.max(1) as f64,
        kinds.len()
    );
    for (kind, (count, first, steps)) in &kinds {
        println!(
            "{count:6} times, first by seed {first:5}, {steps:3} steps: {kind}{}",
            if known(kind) { "" } else { "   *** NEW ***" }
        );
    }
    let unknown = kinds.keys().any(|kind| !known(kind));
    let mended: Vec<&str> = open_kinds()
        .filter(|line| {
            line.split(' ').next() == Some(machine.name) && !kinds.keys().any(|kind| is_about(line, kind))
        })
        .collect();
    if strict {
        for kind in &mended {
            println!("no longer found, take it off open.txt: {kind}");
        }
    }
    !unknown && (!strict || mended.is_empty())
}

/// Shows a script's calls and what the library says to each, then what the machine says.
fn replay(library: &dyn Library, path: &Path) -> ExitCode {
    let script = std::fs::read_to_string(path).ok().and_then(|text| Script::read(&text));
    let Some((name, script)) = script else {
        eprintln!("{} is no script", path.display());
        return ExitCode::from(2);
    };
    let probes: Vec<Step> = script.steps.iter().filter(|step| step.probe).cloned().collect();
    let worlds = match worlds::derive(library, &script).filter(|_| name == "worlds") {
        Some((first, second)) => vec![
            ("the first world", [first, probes.clone()].concat()),
            ("the second world", [second, probes].concat()),
        ],
        // What grows, and how often, is the machine's to say.
        None if name == "cost" => Vec::new(),
        None => vec![("the world", script.steps.clone())],
    };
    for (world, steps) in worlds {
        let door = match script.open(library) {
            Ok(door) => door,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        };
        println!("== {world}");
        for step in steps {
            println!("{}", step.call.pointer("/execute_all/0").unwrap_or(&step.call));
            if step.call.to_string().contains("9999-") {
                println!("    (asked by the machine alone: it may have no end)");
            } else {
                println!("    {}", step.run(&*door).value());
            }
        }
    }
    let machine = MACHINES.iter().find(|machine| machine.name == name);
    let found = machine.map(|machine| (machine.check)(library, &script)).unwrap_or_default();
    for (kind, what) in &found {
        println!("FOUND {kind}\n    {what}");
    }
    if found.is_empty() {
        println!("found nothing");
    }
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
