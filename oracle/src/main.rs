//! The soak: random worlds for as long as asked, on as many threads. It prints what was compared and what was
//! reached, and ends with 1 at the first difference.
//!
//! ```text
//! tenantry-oracle r1 --commands 10000000 --seed 1 --threads 2
//! tenantry-oracle r2 --commands 1000000 --seed 1 --threads 2
//! tenantry-oracle survey --commands 100000 --seed 1    (one example of every kind of difference in r1)
//! tenantry-oracle serve    (answers JSON, line by line, for other faces to be compared with)
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use tenantry_oracle::coverage::Coverage;
use tenantry_oracle::{compare, serve, twin};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["serve"] {
        if let Err(error) = serve::serve(std::io::stdin().lock(), std::io::stdout().lock()) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
        return ExitCode::SUCCESS;
    }
    let number = |name: &str, default: u64| {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|place| arguments.get(place + 1)).map_or(Some(default), |text| text.parse().ok())
    };
    let (mode, commands, seed, threads) =
        (arguments.first(), number("--commands", 200_000), number("--seed", 1), number("--threads", 1));
    let (Some(mode @ ("r1" | "r2" | "survey")), Some(commands), Some(seed), Some(threads @ 1..)) =
        (mode.map(String::as_str), commands, seed, threads)
    else {
        eprintln!("usage: tenantry-oracle serve, or r1|r2|survey [--commands N] [--seed N] [--threads N]");
        return ExitCode::from(2);
    };
    println!("{mode}: {commands} commands from seed {seed} on {threads} threads");

    if mode == "survey" {
        let (coverage, found) = compare::survey(seed, 1, commands, |_| true);
        for (kind, (count, failure)) in found {
            println!("{count} times {kind}\n{}", failure.show());
        }
        for missing in coverage.never_seen() {
            println!("{missing}");
        }
        return ExitCode::SUCCESS;
    }

    let began = Instant::now();
    let total = AtomicU64::new(0);
    let announced = AtomicU64::new(0);
    let share = commands.div_ceil(threads);
    let one_thread = |first: u64| {
        let mut before = 0;
        let progress = |done: u64| {
            let all = total.fetch_add(done - before, Ordering::Relaxed) + (done - before);
            before = done;
            let tenth = all * 20 / commands;
            if announced.fetch_max(tenth, Ordering::Relaxed) < tenth {
                let rate = all as f64 / began.elapsed().as_secs_f64();
                println!("{all} commands, {rate:.0} per second");
            }
        };
        if mode == "r1" {
            let (coverage, result) = compare::run(first, threads, share, progress);
            (coverage, result.map_err(|failure| failure.show()))
        } else {
            twin::run(first, threads, share, progress)
        }
    };
    let mut coverage = Coverage::default();
    let mut failed = false;
    thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || one_thread(seed + thread))).collect();
        for thread in running {
            let (seen, result) = thread.join().expect("a thread of the soak does not panic");
            coverage.add(&seen);
            if let Err(text) = result {
                failed = true;
                println!("DIFFERENCE\n{text}");
            }
        }
    });
    println!("\n{}", coverage.table());
    for missing in coverage.never_seen() {
        println!("{missing}");
    }
    for (code, why) in Coverage::UNREACHABLE {
        println!("`{code}` is out of reach here: {why}");
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{} commands in {seconds:.1} s, seed {seed}", total.load(Ordering::Relaxed));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
