//! the engine on memory and the engine on an SQLite file are led through the same world. They must answer alike
//! and write the same journal. The oracle only leads the way here; it is not asked who is right.

use std::fmt::Write as _;

use tenantry::engine::{Engine, Error, Moment, Receipt};
use tenantry::event::Event;
use tenantry::journal::Record;
use tenantry::query::{Paging, TenantsWhere, UsersWhoCan, Verdict};
use tenantry::store::memory::MemoryStore;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::inside::Rng;
use uuid::Uuid;

use crate::compare::{HandClock, options, outcome_of, start};
use crate::coverage::Coverage;
use crate::generator::{Generator, Step, policy_of};
use crate::listing;
use crate::question::{Moments, Turning};
use crate::rehearsal::rehearse;
use crate::state;
use crate::world::Oracle;

/// Questions asked after every command.
const QUESTIONS: usize = 6;

/// What both must agree on after a command.
fn told(executed: &Result<Receipt<Vec<Event>>, Error>) -> String {
    match executed {
        Ok(receipt) => {
            let events = serde_json::to_string(&receipt.outcome).unwrap();
            format!("{} {} {} {events}", receipt.seq(), receipt.token.hash, receipt.at)
        }
        Err(error) => format!("{error:?}"),
    }
}

/// Leads both engines through the world of a seed.
///
/// # Errors
/// The first difference, with the commands that led to it.
fn run_world(seed: u64, coverage: &mut Coverage) -> Result<u64, String> {
    let policy = policy_of(seed);
    let clock = HandClock::new(start());
    let folder = tempfile::tempdir().unwrap();
    let file = FileOptions::default().synchronous(Synchronous::Normal);
    let path = folder.path().join("world.db");
    let memory = Engine::new(MemoryStore::new(Uuid::from_u128(1)), options(&clock, &policy)).unwrap();
    let mut sqlite =
        Engine::new(SqliteStore::open(&path, file.clone()).unwrap(), options(&clock, &policy)).unwrap();

    let mut oracle = Oracle::new(policy.clone());
    // So that the generator asks about the audit, too.
    oracle.journal = seed.is_multiple_of(5).then(Vec::new);
    let mut generator = Generator::new(seed, start());
    let mut asking = Rng::new(seed ^ 0xA5C);
    let mut reviewing = Rng::new(seed ^ 0xACCE55);
    let length = 200 + asking.below(201);
    let mut steps: Vec<Step> = Vec::with_capacity(length);
    for index in 0..length {
        let step = generator.step(&oracle);
        clock.set(step.at);
        // Only to lead the generator; an outcome of its own would be R-1's business.
        let _ = oracle.execute(&step.request, step.at);
        steps.push(step.clone());
        let fail = |what: &str, left: String, right: String| {
            let mut text = format!(
                "seed {seed}, after {} commands: {what}\n  memory: {left}\n  sqlite: {right}\n",
                index + 1
            );
            let _ = writeln!(text, "policy {}", serde_json::to_string(&policy).unwrap());
            for step in &steps {
                let _ = writeln!(text, "{} {}", step.at, serde_json::to_string(&step.request).unwrap());
            }
            Err(text)
        };

        if reviewing.percent(3) {
            let turning = Turning { limit: 1 + reviewing.below(20), descending: false };
            let foretold = |engine: &Engine| {
                let now = engine.read().unwrap();
                format!("{:?}", rehearse(&now.now().unwrap(), &step.request, turning))
            };
            let (left, right) = (foretold(&memory), foretold(&sqlite));
            if left != right {
                return fail("preview", left, right);
            }
        }
        let executed = memory.submit(step.request.clone());
        let (left, right) = (told(&executed), told(&sqlite.submit(step.request.clone())));
        if left != right {
            return fail("outcome", left, right);
        }
        coverage.command(step.request.command.name(), &outcome_of(&executed));

        if index + 1 == length || asking.percent(1) {
            // What is in the file, not what a connection remembers.
            drop(sqlite);
            sqlite = Engine::new(SqliteStore::open(&path, file.clone()).unwrap(), options(&clock, &policy))
                .unwrap();
        }
        let at = if asking.percent(20) { generator.a_while_later(&oracle) } else { step.at };
        clock.set(at);
        let (here, there) = (memory.read().unwrap(), sqlite.read().unwrap());
        let lists = if index + 1 == length { 20 } else { usize::from(asking.percent(10)) };
        for _ in 0..lists {
            let question = generator.list_question(&oracle, at);
            let (left, right) = (listing::told(&here, &question), listing::told(&there, &question));
            if left != right {
                return fail(&format!("{question:?}"), left, right);
            }
        }
        let reviews = if index + 1 == length { 8 } else { usize::from(reviewing.percent(5)) };
        for _ in 0..reviews {
            // Changes are told since the beginning of everything.
            let since = reviewing.percent(40).then_some(Moments::Clock(at));
            let question = generator.review_question(&oracle, since, at, &mut reviewing);
            let (left, right) = (listing::told(&here, &question), listing::told(&there, &question));
            if left != right {
                return fail(&format!("{question:?}"), left, right);
            }
        }
        let (here, there) = (here.now().unwrap(), there.now().unwrap());
        for _ in 0..QUESTIONS {
            let question = generator.question(&oracle);
            let verdicts: [Verdict; 2] = [here.check(&question).unwrap(), there.check(&question).unwrap()];
            coverage.check(verdicts[0].reason);
            if verdicts[0] != verdicts[1] {
                let asked = serde_json::to_string(&question).unwrap();
                return fail(&asked, format!("{:?}", verdicts[0]), format!("{:?}", verdicts[1]));
            }
        }
        if asking.percent(5) {
            let question = generator.question(&oracle);
            let left = here
                .ask(TenantsWhere {
                    user: question.user,
                    permission: question.permission.clone(),
                    service: question.service.clone(),
                })
                .unwrap();
            let right = there
                .ask(TenantsWhere {
                    user: question.user,
                    permission: question.permission.clone(),
                    service: question.service.clone(),
                })
                .unwrap();
            if left != right {
                return fail("tenants where", format!("{left:?}"), format!("{right:?}"));
            }
            let left = here
                .ask(UsersWhoCan {
                    permission: question.permission.clone(),
                    tenant: question.tenant,
                    service: question.service.clone(),
                })
                .unwrap();
            let right = there
                .ask(UsersWhoCan {
                    permission: question.permission.clone(),
                    tenant: question.tenant,
                    service: question.service.clone(),
                })
                .unwrap();
            if left != right {
                return fail("users who can", format!("{left:?}"), format!("{right:?}"));
            }
            coverage.lookups += 2;
        }
        if index + 1 < length {
            continue;
        }

        // The end: the same state, the same journal, and each present is what its journal leads to.
        let (left, right) = (state::of_engine(&here, &oracle), state::of_engine(&there, &oracle));
        if let Some(difference) = state::first_difference(&left, &right, ["memory", "sqlite"]) {
            return fail("state", difference, String::new());
        }
        let paging = Paging { limit: 1000, ..Paging::default() };
        let fed =
            |moment: &Moment<'_>| format!("{:?}", moment.host().access_changes(0, &paging).unwrap().rows);
        let (left, right) = (fed(&here), fed(&there));
        if left != right {
            return fail("feed", left, right);
        }
        let (left, right) = (journal(&memory), journal(&sqlite));
        if left != right {
            let odd = left.iter().zip(&right).find(|(one, other)| one != other);
            return fail(
                "journal",
                format!("{:?}", odd.map(|odd| odd.0)),
                format!("{:?}", odd.map(|odd| odd.1)),
            );
        }
        let verified = |engine: &Engine| {
            engine.verify().map(|it| (it.token.seq, it.token.hash)).map_err(|error| error.to_string())
        };
        let (left, right) = (verified(&memory), verified(&sqlite));
        if left.is_err() || left != right {
            return fail("verify", format!("{left:?}"), format!("{right:?}"));
        }
    }
    Ok(length as u64)
}

/// The journal's texts. Its hashes follow from them, which `verify` makes sure of.
fn journal(engine: &Engine) -> Vec<String> {
    engine.records_after(0, usize::MAX >> 1).unwrap().iter().map(Record::encode).collect()
}

/// Runs worlds from `seed` on, until so many commands have run.
///
/// # Errors
/// The first difference, told.
pub fn run(
    seed: u64,
    stride: u64,
    commands: u64,
    mut progress: impl FnMut(u64),
) -> (Coverage, Result<u64, String>) {
    let mut coverage = Coverage::default();
    let (mut done, mut seed) = (0, seed);
    while done < commands {
        match run_world(seed, &mut coverage) {
            Ok(length) => done += length,
            Err(text) => return (coverage, Err(text)),
        }
        progress(done);
        seed += stride;
    }
    (coverage, Ok(done))
}
