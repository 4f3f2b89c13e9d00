//! What has to be measured in a process of its own: this program, started again with what to do.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tenantry::base::ids::TenantId;
use tenantry::engine::{Engine, Options};
use tenantry::model::Actor;
use tenantry::query::Question;

use crate::import::newcomer;

/// The option that starts one.
pub const OPTION: &str = "--probe";

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Probe {
    /// Open a file and check once: seconds, and the most memory that was resident, in MiB.
    Open {
        /// The file.
        path: PathBuf,
        /// What to check.
        question: Question,
    },
    /// Open a file, make the index and check once on it: seconds, and the most memory that was
    /// resident, in MiB.
    Restart {
        /// The file.
        path: PathBuf,
        /// Where the index was saved, if it was.
        saved: Option<PathBuf>,
        /// What to check.
        question: Question,
    },
    /// Give commands for a while: how many, and the longest wait in seconds.
    Write {
        /// The file.
        path: PathBuf,
        /// The home of those who are brought in.
        home: TenantId,
        /// Which writer it is.
        writer: u64,
        /// How long.
        seconds: u64,
    },
}

/// Starts a process.
pub fn start(probe: &Probe) -> Child {
    let program = std::env::current_exe().expect("this program is a file");
    let probe = serde_json::to_string(probe).expect("plain data");
    let mut command = Command::new(program);
    command.args([OPTION, &probe]).stdout(Stdio::piped()).spawn().expect("this program can be started")
}

/// What it said once it was done.
pub fn told(process: Child) -> Vec<f64> {
    let output = process.wait_with_output().expect("the process ends");
    assert!(output.status.success(), "a probe failed");
    serde_json::from_slice(&output.stdout).expect("numbers")
}

/// Does it, and prints what it found.
pub fn run(probe: &str) {
    let told = match serde_json::from_str(probe).expect("a probe") {
        Probe::Open { path, question } => {
            let before = Instant::now();
            let engine = Engine::open(path).expect("the file is a store");
            engine.check(&question).expect("the store can be read");
            [before.elapsed().as_secs_f64(), resident()]
        }
        Probe::Restart { path, saved, question } => {
            let before = Instant::now();
            let options = saved.iter().fold(Options::default(), |options, saved| options.saved_index(saved));
            let engine = Engine::open_with(path, options).expect("the file is a store");
            let index = engine.access_index().expect("the store can be read");
            let permission = index.permission(question.permission.as_str()).expect("the policy has it");
            index.check(question.user, permission, question.tenant, engine.now());
            assert_eq!(index.loaded_from().is_some(), saved.is_some(), "what was saved is believed");
            [before.elapsed().as_secs_f64(), resident()]
        }
        Probe::Write { path, home, writer, seconds } => write_for(&path, home, writer, seconds),
    };
    println!("{}", serde_json::to_string(&told).expect("numbers"));
}

/// A writing process: how many commands, and the longest wait for one.
fn write_for(path: &Path, home: TenantId, writer: u64, seconds: u64) -> [f64; 2] {
    let engine = Engine::open(path).expect("the file is a store");
    let (begun, mut count, mut worst) = (Instant::now(), 0u64, Duration::ZERO);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let before = Instant::now();
        let number = writer << 32 | count;
        engine.execute(Actor::OPERATOR, newcomer(home, number)).expect("the user is new");
        worst = worst.max(before.elapsed());
        count += 1;
    }
    [count as f64, worst.as_secs_f64()]
}

/// The most memory that was resident, in MiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    peak.map_or(f64::NAN, |kib| kib / 1024.0)
}
