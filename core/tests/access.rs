//! The access index of an engine: when it is current, and what readers find while somebody writes.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::command::{BlockUser, RegisterTenant, RegisterUser, UnblockUser};
use tenantry::engine::{Engine, Error};
use tenantry::index::{AccessIndex, IndexVerdict};
use tenantry::model::{Actor, TenantKind};
use tenantry::refusal::Code;

/// An MSP with two super admins.
fn northwind(engine: &Engine) -> (TenantId, UserId, UserId) {
    let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse().unwrap());
    let msp = engine.execute(Actor::OPERATOR, msp).unwrap().outcome;
    let user = |email: &str| {
        let user = RegisterUser::new(msp, email.parse().unwrap(), "super_admin".parse().unwrap());
        engine.execute(Actor::OPERATOR, user).unwrap().outcome
    };
    (msp, user("ada@northwind.example"), user("bo@northwind.example"))
}

fn views(index: &AccessIndex, engine: &Engine, user: UserId, tenant: TenantId) -> IndexVerdict {
    index.check(user, index.permission("tenant.view").unwrap(), tenant, || engine.now())
}

#[test]
fn an_own_commit_is_in_the_index_when_it_is_acknowledged() {
    let engine = Engine::memory().unwrap();
    let (msp, ada, bo) = northwind(&engine);
    let index = engine.access_index().unwrap();
    assert!(views(&index, &engine, bo, msp).allowed());
    let blocked = engine.execute(ada, BlockUser::new(bo)).unwrap();
    let verdict = views(&index, &engine, bo, msp);
    assert_eq!((verdict.reason, verdict.seq), (Some(Code::UserNotActive), blocked.seq()));
    assert!(Arc::ptr_eq(&index, &engine.access_index().unwrap()));
}

#[test]
fn what_others_write_is_in_the_index_after_a_refresh_or_when_a_token_demands_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("msp.db");
    let (here, there) = (Engine::open(&path).unwrap(), Engine::open(&path).unwrap());
    let index = here.access_index().unwrap();
    let (msp, ada, bo) = northwind(&there);
    assert_eq!(views(&index, &here, bo, msp).reason, Some(Code::UnknownUser));
    assert_eq!(here.refresh().unwrap(), there.token().unwrap());
    assert!(views(&index, &here, bo, msp).allowed());

    let blocked = there.execute(ada, BlockUser::new(bo)).unwrap();
    assert!(views(&index, &here, bo, msp).allowed());
    let index = here.access_index_since(&blocked.token).unwrap();
    assert_eq!(views(&index, &here, bo, msp).reason, Some(Code::UserNotActive));

    // Between two commits of its own it catches up with those of others.
    there.execute(ada, UnblockUser::new(bo)).unwrap();
    let last = here.execute(bo, BlockUser::new(ada)).unwrap();
    let verdict = views(&index, &here, bo, msp);
    assert_eq!((verdict.reason, verdict.seq), (None, last.seq()));

    // More than is read at a time.
    for turn in 0..150 {
        let block = there.execute(bo, UnblockUser::new(ada)).unwrap();
        assert_eq!(block.seq(), last.seq() + 1 + turn * 2);
        there.execute(bo, BlockUser::new(ada)).unwrap();
    }
    here.refresh().unwrap();
    assert_eq!(views(&index, &here, ada, msp).reason, Some(Code::UserNotActive));
    assert_eq!(index.seq(), last.seq() + 300);
}

#[test]
fn a_token_of_another_history_is_noticed() {
    let (engine, other) = (Engine::memory().unwrap(), Engine::memory().unwrap());
    northwind(&other);
    let foreign = other.token().unwrap();
    assert!(
        matches!(engine.access_index_since(&foreign), Err(Error::Diverged { token }) if token == foreign)
    );
    let mut ahead = engine.token().unwrap();
    ahead.seq += 1;
    assert!(matches!(engine.access_index_since(&ahead), Err(Error::Diverged { .. })));
}

#[test]
fn a_watched_index_comes_up_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("msp.db");
    let (here, there) = (Arc::new(Engine::open(&path).unwrap()), Engine::open(&path).unwrap());
    let watch = here.watch(Duration::from_millis(1)).unwrap();
    let (msp, _, bo) = northwind(&there);
    let index = here.access_index().unwrap();
    while !views(&index, &here, bo, msp).allowed() {
        assert!(watch.trouble().is_none(), "{:?}", watch.trouble());
        thread::yield_now();
    }
    drop(watch);
    // Nobody holds the engine any more but we.
    assert_eq!(Arc::strong_count(&here), 1);
}

/// Every command but the first three turns one switch, so what a verdict says has to fit the revision it names.
#[test]
fn readers_find_whole_revisions_while_somebody_writes() {
    let engine = Engine::memory().unwrap();
    let (msp, ada, bo) = northwind(&engine);
    let index = engine.access_index().unwrap();
    let start = index.seq();
    let over = AtomicBool::new(false);
    let read = || {
        let (mut last, mut seen) = (start, 0u64);
        while !over.load(Ordering::Relaxed) {
            let verdict = views(&index, &engine, bo, msp);
            assert!(verdict.seq >= last);
            let blocked = (verdict.seq - start) % 2 == 1;
            assert_eq!(verdict.reason, blocked.then_some(Code::UserNotActive), "{}", verdict.seq);
            let mut users = Vec::new();
            if let Ok(seq) = index.users_who_can(
                index.permission("tenant.view").unwrap(),
                index.tenant(msp),
                || engine.now(),
                &mut users,
            ) {
                assert_eq!(users.len(), if (seq - start) % 2 == 1 { 1 } else { 2 }, "{seq}");
            }
            seen += u64::from(verdict.seq != last);
            last = verdict.seq;
        }
        seen
    };
    thread::scope(|threads| {
        let readers = [threads.spawn(read), threads.spawn(read)];
        for _ in 0..1_500 {
            engine.execute(ada, BlockUser::new(bo)).unwrap();
            engine.execute(ada, UnblockUser::new(bo)).unwrap();
        }
        over.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
    assert_eq!(engine.hold_still(|index| index.seq()).unwrap(), start + 3_000);
}
