//! How time is taken: the sides of a comparison take turns within one run, and of the rounds of each the median counts.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What a round's time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// What the processor spent on this thread, for work in memory: others on the machine disturb it less.
    Cpu,
    /// What passed, for work that waits for a disk or for others.
    Wall,
}

fn cpu() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

impl Clock {
    /// How long something takes.
    pub fn time(self, run: impl FnOnce()) -> Duration {
        match self {
            Self::Cpu => {
                let before = cpu();
                run();
                cpu().saturating_sub(before)
            }
            Self::Wall => {
                let before = Instant::now();
                run();
                before.elapsed()
            }
        }
    }
}

/// One side of a comparison.
pub struct Side<'s> {
    name: &'static str,
    // What a round does so many of.
    count: usize,
    run: Box<dyn FnMut() + 's>,
    spent: Vec<Duration>,
}

impl<'s> Side<'s> {
    /// A side whose rounds do something `count` times. What they find out goes through `black_box`.
    pub fn new<T>(name: &'static str, count: usize, mut run: impl FnMut() -> T + 's) -> Self {
        let run = Box::new(move || {
            std::hint::black_box(run());
        });
        Self { name, count, run, spent: Vec::new() }
    }
}

/// What the sides took.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<(&'static str, f64)>);

impl Times {
    /// Nanoseconds for one by a side.
    pub fn ns(&self, name: &str) -> f64 {
        self.0.iter().find(|(side, _)| *side == name).expect("the side took part").1
    }
}

/// Lets the sides take turns, so many rounds after one that does not count.
pub fn race(clock: Clock, rounds: usize, mut sides: Vec<Side<'_>>) -> Times {
    for round in 0..=rounds {
        for side in &mut sides {
            let spent = clock.time(&mut side.run);
            if round > 0 {
                side.spent.push(spent);
            }
        }
    }
    Times(
        sides
            .into_iter()
            .map(|mut side| {
                side.spent.sort();
                let median = side.spent[side.spent.len() / 2];
                (side.name, median.as_nanos() as f64 / side.count as f64)
            })
            .collect(),
    )
}

/// The value at a share of sorted ones.
pub fn quantile<T: Copy>(sorted: &[T], share: f64) -> T {
    let place = (sorted.len() as f64 * share) as usize;
    sorted[place.min(sorted.len() - 1)]
}
