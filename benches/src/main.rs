//! Measures the figures, prints them, and keeps them in `results.json` and the texts made from it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tenantry_benches::alloc::Counting;
use tenantry_benches::figure::ALL;
use tenantry_benches::report::{readme, results, table};
use tenantry_benches::results::Results;
use tenantry_benches::stage::Stage;
use tenantry_benches::{machine, probe};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const USAGE: &str =
    "usage: tenantry-benches [--figures f1,f5] [--sizes 1000,100000] [--rounds 7] [--asks 1000000]
                        [--dir DIR] [--dry] [--texts]

  --figures  which figures; all of them by default
  --sizes    how many customers; 1 000, 100 000 and 1 000 000 by default
  --rounds   how many rounds each side has; the median counts
  --asks     how many questions are asked
  --dir      where files are made, and kept for the next run; target/benches by default
  --dry      leave results.json and the texts as they are
  --texts    measure nothing; make the texts from results.json";

struct Arguments {
    figures: Vec<String>,
    sizes: Vec<usize>,
    rounds: usize,
    asks: usize,
    dir: PathBuf,
    dry: bool,
}

fn arguments() -> Option<Arguments> {
    let mut arguments = Arguments {
        figures: Vec::new(),
        sizes: vec![1_000, 100_000, 1_000_000],
        rounds: 7,
        asks: 1_000_000,
        dir: PathBuf::from("target/benches"),
        dry: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(option) = given.next() {
        if option == "--texts" {
            arguments.sizes.clear();
            continue;
        }
        if option == "--dry" {
            arguments.dry = true;
            continue;
        }
        let value = given.next()?;
        match option.as_str() {
            "--figures" => arguments.figures = value.split(',').map(str::to_lowercase).collect(),
            "--sizes" => arguments.sizes = value.split(',').map(str::parse).collect::<Result<_, _>>().ok()?,
            "--rounds" => arguments.rounds = value.parse().ok()?,
            "--asks" => arguments.asks = value.parse().ok()?,
            "--dir" => arguments.dir = value.into(),
            _ => return None,
        }
    }
    Some(arguments)
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(probe::OPTION) {
        probe::run(&std::env::args().nth(2).unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let Some(Arguments { figures, sizes, rounds, asks, dir, dry }) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = here.join("results.json");
    let mut all = Results::load(&kept).expect("results.json can be read");
    for &size in &sizes {
        let stage = Stage::new(size, asks, rounds, &dir);
        for kind in ALL {
            let named = kind.id.to_lowercase().replace('-', "");
            if !figures.is_empty() && !figures.contains(&named) {
                continue;
            }
            let mut rows = Vec::new();
            (kind.run)(&stage, &mut rows);
            if rows.is_empty() {
                eprintln!(
                    "{} has nothing to measure at {size}, or needs the feature `peers`, or the library for C",
                    kind.id
                );
                continue;
            }
            println!("{}", table(kind, &rows));
            all.take(kind.id, size, machine::run(rows));
            if !dry {
                std::fs::write(&kept, all.json()).expect("results.json can be written");
            }
        }
    }
    if !dry {
        std::fs::write(here.join("RESULTS.md"), results(&all)).expect("RESULTS.md can be written");
        let path = here.join("../README.md");
        let text = std::fs::read_to_string(&path).expect("the README can be read");
        std::fs::write(path, readme(&text, &all)).expect("the README can be written");
    }
    ExitCode::SUCCESS
}
