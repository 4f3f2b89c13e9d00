//! The engine around the rules: requests, journal, tokens, audit, the past, threads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tenantry::base::ids::RequestId;
use tenantry::base::time::Timestamp;
use tenantry::engine::{Corruption, Engine, Error, HOWEVER_FAR, Moment, Options, SystemClock, Token};
use tenantry::journal::Record;
use tenantry::model::{Actor, Patch, Subject, User};
use tenantry::policy::Policy;
use tenantry::query::{AuditActor, AuditFilter, AuditRow, Question};
use tenantry::refusal::Code::*;
use tenantry::store::memory::MemoryStore;
use tenantry::testkit::given::FixedClock;
use tenantry::testkit::inside::{self, Memory, StoredRecord, Tap, Tapped, apply};

use super::*;

const AGAIN: RequestId = RequestId::from_uuid(Uuid::from_u128(0x7a0));

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, FileOptions::default().synchronous(Synchronous::Normal)).unwrap()
}

// Request ids.

#[test]
fn x7_a_request_asked_again_answers_with_its_first_receipt() {
    let given = given();
    let request = Request { id: AGAIN, ..given.request(ADA, customer(MSP, "jointly")) };
    let first = given.engine.submit(request.clone()).unwrap();
    assert_eq!(given.engine.submit(request.clone()).unwrap(), first);
    let given = given.and(ADA, rename(NEW)).later(5);
    assert_eq!(given.engine.submit(request.clone()).unwrap(), first);
    assert_eq!(given.engine.submit_all(vec![request.clone(), request]).len(), 2);
    assert_eq!(given.engine.token().unwrap().seq, first.seq() + 1, "nothing was done twice");
}

#[test]
fn x7_a_request_id_with_another_body_or_actor_is_refused() {
    let given = given();
    given.engine.execute_as(AGAIN, ADA, rename(JOINTLY)).unwrap();
    let with = |actor, command: EditTenant| Request { id: AGAIN, ..given.request(actor, command) };
    let requests = [with(ADA, rename(FULLY)), with(ADAM, rename(JOINTLY)), with(ADA, prefix(JOINTLY, "x"))];
    let same = with(ADA, rename(JOINTLY));
    let mut given = given;
    for request in requests {
        given = given.when_request(request).then(refused(RequestReused));
    }
    given.when_request(same).then(done());
}

#[test]
fn x7_within_one_commit_requests_are_told_apart_as_well() {
    let given = given();
    let request = |command| Request { id: AGAIN, ..given.request(ADA, command) };
    let answers = given.engine.submit_all(vec![
        request(rename(JOINTLY)),
        request(rename(JOINTLY)),
        request(rename(FULLY)),
        given.request(ADA, rename(NOWHERE)),
        given.request(ADA, rename(FULLY)),
    ]);
    let [first, again, other, nowhere, last] = &answers[..] else { panic!("five answers") };
    assert_eq!(first.as_ref().unwrap(), again.as_ref().unwrap());
    assert_eq!(other.as_ref().unwrap_err().code(), Some(RequestReused));
    assert_eq!(nowhere.as_ref().unwrap_err().code(), Some(UnknownTenant));
    assert!(last.is_ok(), "a refusal does not hold up the others");
    given.verified();
}

#[test]
fn x7_a_receipt_outlives_the_process() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let first = given_on(open(&path));
    let request = Request { id: AGAIN, ..first.request(ADA, rename(JOINTLY)) };
    let receipt = first.engine.submit(request.clone()).unwrap();
    drop(first);
    let second = Given::bare(open(&path), Policy::default());
    assert_eq!(second.engine.submit(request.clone()).unwrap(), receipt);
    let other = Request { command: rename(FULLY).into(), ..request };
    second.when_request(other).then(refused(RequestReused)).verified();
}

#[test]
fn x7_a_refused_request_leaves_its_id_free() {
    let given = given();
    let request = |command| Request { id: AGAIN, ..given.request(ADA, command) };
    let (wrong, right) = (request(rename(NOWHERE)), request(rename(JOINTLY)));
    given.when_request(wrong).then(refused(UnknownTenant)).when_request(right).then(done());
}

#[test]
fn x7_a_stale_expectation_is_refused() {
    let given = given();
    let seq = given.engine.token().unwrap().seq;
    let expecting =
        |given: &Given, seq| Request { expected_seq: Some(seq), ..given.request(ADA, rename(JOINTLY)) };
    let (stale, ahead, right) =
        (expecting(&given, seq - 1), expecting(&given, seq + 1), expecting(&given, seq));
    let again = right.clone();
    given
        .when_request(stale.clone())
        .then(refused(StaleSeq))
        .when_request(ahead)
        .then(refused(StaleSeq))
        .when_request(right)
        .then(done())
        // Asked again, it answers as before although the journal has moved on.
        .when_request(again)
        .then(done())
        .when_request(stale)
        .then(refused(StaleSeq));
    // It comes before everything the command itself could be refused for, but nobody is told how far the journal has come who
    // could not act at all.
    let mut given = super::given();
    let clock = Actor::Clock;
    for (actor, code) in [
        (NINA.into(), StaleSeq),
        (IVY.into(), StaleSeq),
        (STAFF, StaleSeq),
        (NOBODY.into(), UnknownUser),
        (BOB.into(), UserNotActive),
        (clock, WrongActor),
    ] {
        let request = Request { expected_seq: Some(1), ..given.request(actor, rename(JOINTLY)) };
        given = given.when_request(request).then(refused(code));
    }
}

// The clock.

#[test]
fn q3_a_clock_that_runs_backwards_is_borne_a_little_and_then_refused() {
    let seconds =
        |before: i64| Timestamp::from_micros(dawn().plus_days(1).micros() - before * 1_000_000).unwrap();
    let given = given().later(1).and(ADA, rename(JOINTLY));
    given.clock.set(seconds(300));
    let when = given.when(ADA, rename(FULLY));
    assert_eq!(when.receipt().at, dawn().plus_days(1), "journal time never runs backwards");
    let given = when.then(done());
    given.clock.set(seconds(301));
    let given = given
        .when(ADA, rename(FULLY))
        .then(refused(ClockBehind))
        .when(NOBODY, rename(FULLY))
        .then(refused(ClockBehind));
    assert_eq!(given.engine.sweep().unwrap_err().code(), Some(ClockBehind));
    // Reading goes on.
    let given = given.then_may(ADA, "devices.view", JOINTLY);
    given.clock.set(seconds(-1));
    given.and(ADA, rename(FULLY)).verified();
}

/// An engine on a store of its own whose clock is watched.
fn clocked(clock: &FixedClock, options: Options) -> Engine {
    let options = options.clock(clock.clone());
    Engine::new(MemoryStore::new(Uuid::from_u128(1)), options).unwrap()
}

#[test]
fn q3_a_clock_that_leaps_ahead_is_refused_before_anything_lapses() {
    let clock = FixedClock::at(dawn());
    let engine = clocked(&clock, Options::default());
    let msp = engine.execute(STAFF, RegisterTenant::new(TenantKind::Msp, text("Msp"))).unwrap().outcome;
    let ada =
        engine.execute(STAFF, RegisterUser::new(msp, mail("ada"), text("super_admin"))).unwrap().outcome;
    let invited =
        engine.execute(ada, InviteUser::new(msp, Invitee::new(mail("eve")), text("admin"))).unwrap();
    let seq = engine.token().unwrap().seq;
    clock.set(dawn().plus_days(365).plus_seconds(1));
    for actor in [ada.into(), NOBODY.into(), STAFF] {
        let refused = engine.execute::<EditTenant>(actor, rename(msp)).unwrap_err();
        assert_eq!(refused.code(), Some(ClockAhead));
    }
    assert_eq!(engine.sweep().unwrap_err().code(), Some(ClockAhead));
    assert_eq!(engine.token().unwrap().seq, seq, "nothing has lapsed");
    // Once the clock is right again, it is as if nothing had been.
    clock.set(dawn().plus_days(1));
    engine.execute(ada, ResendInvitation::new(invited.outcome.invitation)).unwrap();
    // A long rest is said to be one, and then commands go on, whether or not anything was due.
    clock.set(dawn().plus_days(800));
    assert_eq!(engine.accept_clock().unwrap(), 1);
    engine.execute(ada, rename(msp)).unwrap();
    clock.set(dawn().plus_days(1_600));
    assert_eq!(engine.accept_clock().unwrap(), 0);
    let at = engine.execute(ada, rename(msp)).unwrap().at;
    assert_eq!(at, dawn().plus_days(1_600));
    engine.verify().unwrap();
    // A host may want to hear of less, or of nothing.
    let strict = clocked(&clock, Options::default().clock_leap_seconds(60));
    let lax = clocked(&clock, Options::default().clock_leap_seconds(HOWEVER_FAR));
    clock.set(dawn().plus_days(1_600).plus_seconds(61));
    assert_eq!(strict.sweep().unwrap_err().code(), Some(ClockAhead));
    clock.set(dawn().plus_days(200_000));
    assert_eq!(lax.sweep().unwrap(), 0);
}

#[test]
fn q3_a_store_whose_journal_lies_ahead_goes_on_from_its_last_moment_if_one_says_so() {
    let place = tempfile::tempdir().unwrap();
    let clock = FixedClock::at(dawn());
    let open = |tolerance| {
        let options = Options::default()
            .clock(clock.clone())
            .clock_leap_seconds(HOWEVER_FAR)
            .clock_tolerance_seconds(tolerance);
        Engine::open_with(place.path().join("store"), options).unwrap()
    };
    clock.set(dawn().plus_days(2_000_000));
    let msp = open(300).execute(STAFF, RegisterTenant::new(TenantKind::Msp, text("Msp"))).unwrap().outcome;
    clock.set(dawn());
    assert_eq!(open(300).execute::<EditTenant>(STAFF, rename(msp)).unwrap_err().code(), Some(ClockBehind));
    let engine = open(HOWEVER_FAR);
    let at = engine.execute(STAFF, rename(msp)).unwrap().at;
    assert_eq!(at, dawn().plus_days(2_000_000), "time stands until the clock has caught up");
    engine.verify().unwrap();
}

#[test]
fn q3_a_clock_that_does_not_know_the_time_is_never_believed() {
    let clock = FixedClock::at(Timestamp::MAX);
    let options = || Options::default().clock(clock.clone()).clock_leap_seconds(HOWEVER_FAR);
    let founding = Engine::new(MemoryStore::new(Uuid::from_u128(1)), options()).unwrap_err();
    assert_eq!(founding.code(), Some(ClockAhead));
    clock.set(dawn());
    let engine = Engine::new(MemoryStore::new(Uuid::from_u128(1)), options()).unwrap();
    clock.set(Timestamp::MAX);
    assert_eq!(engine.sweep().unwrap_err().code(), Some(ClockAhead));
    assert_eq!(engine.accept_clock().unwrap_err().code(), Some(ClockAhead));
    let given = given();
    given.clock.set(Timestamp::MAX);
    given.when(ADA, rename(FULLY)).then(refused(ClockAhead));
    let question = Question::new(NOBODY, text("tenant.view"), MSP);
    assert_eq!(engine.check(&question).unwrap_err().code(), Some(ClockAhead));
}

// The journal.

type Forger = Box<dyn Fn(&mut StoredRecord) + Send + Sync>;

/// Shows something else than what was written.
#[derive(Default)]
struct Forgery {
    record: std::sync::Mutex<Option<(u64, Forger)>>,
}

impl Tap for Forgery {
    fn records(&self, mut records: Vec<StoredRecord>) -> Vec<StoredRecord> {
        if let Some((which, forge)) = &*self.record.lock().unwrap() {
            records.iter_mut().filter(|record| record.seq == *which).for_each(forge);
        }
        records
    }
}

/// The known world, of which is read what the forgery makes of it.
fn forged() -> (Given, Arc<Forgery>) {
    let with = Arc::<Forgery>::default();
    (given_on(Tapped { store: MemoryStore::new(Uuid::nil()), tap: Arc::clone(&with) }), with)
}

fn corruption(given: &Given) -> Corruption {
    match given.engine.verify() {
        Err(Error::Flawed(corruption)) => corruption,
        other => panic!("{other:?}"),
    }
}

#[test]
fn q3_whatever_is_changed_in_a_record_verify_names_the_record() {
    let (given, with) = forged();
    let head = given.engine.token().unwrap();
    assert_eq!(given.engine.verify().unwrap().token, head);
    type Patch = fn(&mut StoredRecord);
    let changes: [(Patch, &str); 4] = [
        (
            |it| it.text = it.text.replace("\"operator\"", "\"Operator\"").replace("\"user\"", "\"uszr\""),
            "hash",
        ),
        (|it| it.text.push(' '), "hash"),
        (|it| it.hash = tenantry::journal::Hash::of("forged"), "hash"),
        (|it| it.seq += 1, "missing"),
    ];
    for seq in 1..=head.seq {
        for (change, word) in changes {
            *with.record.lock().unwrap() = Some((seq, Box::new(change)));
            let flaw = corruption(&given);
            assert_eq!(flaw.seq, seq, "{flaw}");
            assert!(flaw.why.contains(word), "{flaw}");
        }
    }
}

#[test]
fn q3_a_forged_record_with_a_right_hash_breaks_the_next() {
    let (given, with) = forged();
    let before = given.engine.records_after(0, 100).unwrap();
    let seq = before.len() as u64 / 2;
    // Recomputed from the record before: right by itself, and the record after no longer follows.
    *with.record.lock().unwrap() = None;
    let hashes: Vec<tenantry::journal::Hash> = {
        let mut hash = tenantry::journal::Hash::GENESIS;
        before
            .iter()
            .map(|record| {
                hash = hash.chain(&record.encode());
                hash
            })
            .collect()
    };
    let previous = hashes[usize::try_from(seq).unwrap() - 2];
    let forge = move |it: &mut StoredRecord| {
        let mut record = Record::decode(&it.text).unwrap();
        record.actor = Actor::Clock;
        it.text = record.encode();
        it.hash = previous.chain(&it.text);
    };
    *with.record.lock().unwrap() = Some((seq, Box::new(forge)));
    assert_eq!(corruption(&given).seq, seq + 1);
}

#[test]
fn q3_a_file_that_was_written_to_by_hand_does_not_verify() {
    let by_hand = [
        ("UPDATE record SET body = (SELECT body FROM record WHERE seq = 8) WHERE seq = 7", "record 7"),
        ("UPDATE record SET body = CAST(x'7b7d' AS TEXT) WHERE seq = 7", "the chain is broken at record 7"),
        ("UPDATE record SET hash = zeroblob(32) WHERE seq = 7", "record 7"),
        ("DELETE FROM record WHERE seq = 5", "record 5"),
        ("UPDATE entity SET c = 'fully' WHERE kind = 2 AND c = 'jointly'", "link"),
        ("UPDATE entity SET c = 'super_admin' WHERE kind = 6 AND c = 'read_only'", "assignment"),
        ("DELETE FROM entry WHERE substr(key, 1, 1) = x'03'", "index link_managed"),
        ("DELETE FROM entity WHERE kind = 6", "assignment"),
    ];
    for (sql, words) in by_hand {
        let found = verified_after(sql);
        assert!(found.contains(words), "{sql}: {found}");
    }
}

#[test]
fn q3_an_entity_that_no_record_speaks_of_is_found() {
    let found = verified_after(&format!(
        "INSERT INTO entity(kind, id, seq, a, b, c, d) SELECT 6, x'{}', 1, x'{}', x'{}', 'super_admin', 0",
        tenantry::model::Assignment::key(RITA, JOINTLY).uuid().simple(),
        RITA.uuid().simple(),
        JOINTLY.uuid().simple()
    ));
    assert!(found.contains("assignment"), "{found}");
}

/// What `verify` says of a file after somebody wrote to it.
fn verified_after(sql: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    drop(given_on(open(&path)));
    let db = rusqlite::Connection::open(&path).unwrap();
    assert!(db.execute(sql, []).unwrap() > 0, "{sql}");
    drop(db);
    let opened = Given::bare(open(&path), Policy::default());
    match opened.engine.verify() {
        Ok(_) => "it holds".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn q3_the_journal_replayed_into_an_empty_world_is_the_present() {
    let given =
        delinked(given()).and(ADA, delete(&[FULLY])).later(40).and(NINA, ask(SECOND, "JOINTLY", "jointly"));
    let mut world = Memory::new();
    for record in given.engine.records_after(0, 10_000).unwrap() {
        assert_eq!(Record::decode(&record.encode()).unwrap(), record);
        for event in &record.events {
            for change in apply(&world, event, record.at).unwrap() {
                world.change(change);
            }
        }
    }
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    for entity in world.entities() {
        assert_eq!(inside::world(&now).view.load(entity.kind(), entity.id()).unwrap().as_ref(), Some(entity));
    }
    given.verified();
}

// Tokens.

#[test]
fn q3_a_token_notices_a_restored_or_forked_store() {
    let place = tempfile::tempdir().unwrap();
    let (path, backup) = (place.path().join("store"), place.path().join("backup"));
    drop(given_on(open(&path)));
    std::fs::copy(&path, &backup).unwrap();
    let first = Given::bare(open(&path), Policy::default());
    let old = first.engine.token().unwrap();
    let new = first.when(ADA, rename(JOINTLY)).receipt().token;
    let restored = Given::bare(open(&backup), Policy::default());
    restored.engine.confirm(&old).unwrap();
    let lost = restored.engine.confirm(&new).unwrap_err();
    assert!(matches!(lost, Error::Diverged { token } if token == new), "{lost}");
    // Another history that has come as far.
    let fork = restored.and(ADA, rename(FULLY));
    assert_eq!(fork.engine.token().unwrap().seq, new.seq);
    assert!(fork.engine.confirm(&new).is_err());
    fork.engine.confirm(&old).unwrap();
    // Another store altogether.
    assert!(given_on(MemoryStore::new(Uuid::from_u128(9))).engine.confirm(&old).is_err());
}

#[test]
fn q3_a_token_goes_through_text_and_json() {
    let token = given().engine.token().unwrap();
    assert_eq!(token.to_string().parse::<Token>().unwrap(), token);
    assert_eq!(serde_json::from_str::<Token>(&serde_json::to_string(&token).unwrap()).unwrap(), token);
    let text = token.to_string();
    for bad in ["", "1", "x.1.y", &text[..text.len() - 1], &format!("{text}.1"), &text.replacen('.', "-", 1)]
    {
        assert!(bad.parse::<Token>().is_err(), "{bad}");
    }
}

// The past.

#[test]
fn x2_any_check_is_answered_as_of_any_seq_and_instant() {
    let given = given().later(1);
    let before = given.engine.token().unwrap().seq;
    let given = given.and(ADA, disable(FULLY)).later(1);
    let given = delinked(given).later(1).and(STAFF, delete(&[FULLY]));
    let read = given.engine.read().unwrap();
    let check = |past: tenantry::engine::Past<'_>, user, tenant| {
        let question = Question::new(user, text("devices.view"), tenant);
        let moment = past.moment().unwrap();
        moment.check(&question).unwrap().reason
    };
    let seq = |seq| read.as_of(seq).unwrap();
    assert_eq!(check(seq(before), ADA, FULLY), None);
    assert_eq!(check(seq(before), ADA, JOINTLY), None);
    assert_eq!(check(seq(before + 1), ADA, FULLY), Some(TenantDisabled));
    assert_eq!(check(seq(before + 2), ADA, JOINTLY), None);
    assert_eq!(check(seq(before + 3), ADA, JOINTLY), Some(NotLinked));
    assert_eq!(check(seq(before + 4), ADA, FULLY), Some(UnknownTenant));
    assert_eq!(check(seq(0), ADA, FULLY), Some(UnknownUser));
    let time = |days| read.as_of_time(dawn().plus_days(days)).unwrap();
    assert_eq!(check(time(0), ADA, FULLY), None);
    assert_eq!(check(time(1), ADA, FULLY), Some(TenantDisabled));
    assert_eq!(check(time(1), ADA, JOINTLY), None);
    assert_eq!(check(time(2), ADA, JOINTLY), Some(NotLinked));
    assert_eq!(check(time(3), ADA, FULLY), Some(UnknownTenant));
    let early = read.as_of_time(dawn().minus_days(1)).unwrap();
    assert_eq!(check(early, ADA, FULLY), Some(UnknownUser));
    let late = read.as_of(before + 5).map(|_| ()).unwrap_err();
    assert!(late.to_string().contains("there is no revision"), "{late}");
}

// The audit.

fn audit(given: &Given, who: impl Into<Actor>, tenant: TenantId, filter: &AuditFilter) -> Vec<AuditRow> {
    given
        .engine
        .read()
        .unwrap()
        .now()
        .unwrap()
        .ask(Audit {
            actor: who.into(),
            tenant,
            filter: filter.clone(),
            paging: Paging { limit: 1_000, ..Paging::default() },
        })
        .unwrap()
        .rows
}

#[test]
fn q2_across_the_border_an_actor_shows_as_the_organisation() {
    let given =
        given().and(ADA, rename(JOINTLY)).and(JACK, prefix(JOINTLY, "jo")).and(STAFF, BlockUser::new(JIM));
    let last = |who: UserId| -> Vec<AuditActor> {
        audit(&given, who, JOINTLY, &AuditFilter::default())
            .into_iter()
            .rev()
            .take(3)
            .map(|row| row.by)
            .collect()
    };
    let staff = || AuditActor::Operator { ticket: None };
    assert_eq!(last(JULIA), [staff(), AuditActor::User(JACK), AuditActor::Organisation(MSP)]);
    assert_eq!(last(ADAM), [staff(), AuditActor::Organisation(JOINTLY), AuditActor::User(ADA)]);
    assert_eq!(last(GINA), [staff(), AuditActor::Organisation(JOINTLY), AuditActor::Organisation(MSP)]);
    let rows = audit(&given, STAFF, JOINTLY, &AuditFilter::default());
    assert!(rows.iter().any(|row| row.by == AuditActor::User(ADA)), "the operator sees people");
    assert!(rows.iter().all(|row| row.tenants.contains(&JOINTLY)), "and each row is about the tenant");
}

#[test]
fn q2_nothing_in_a_row_names_a_person_of_the_other_side() {
    // Whoever acted is masked; that their own events name them would undo it.
    let given = given()
        .and(ADA, CreateRole::new(FULLY, text("Desk"), set(&[])))
        .and(ADA, ConvertLink::new(FULLY_LINK, text("jointly")));
    for row in audit(&given, FRED, FULLY, &AuditFilter::default()) {
        if matches!(row.by, AuditActor::Organisation(_)) {
            let events = serde_json::to_string(&row.events).unwrap();
            assert!(!events.contains(&ADA.to_string()), "{:?}: {events}", row.command);
        }
    }
}

#[test]
fn q2_rows_are_filtered_and_paged() {
    let given = given()
        .later(1)
        .and(ADA, rename(JOINTLY))
        .later(1)
        .and(JACK, prefix(JOINTLY, "jo"))
        .and(JACK, rename(JOINTLY));
    let all = audit(&given, JULIA, JOINTLY, &AuditFilter::default());
    let count = |filter: AuditFilter| audit(&given, JULIA, JOINTLY, &filter).len();
    assert_eq!(count(AuditFilter { by: Some(JACK), ..AuditFilter::default() }), 2);
    assert_eq!(count(AuditFilter { by: Some(ADA), ..AuditFilter::default() }), 0, "masked is not a person");
    assert_eq!(count(AuditFilter { command: Some("edit_tenant".to_owned()), ..AuditFilter::default() }), 3);
    assert_eq!(count(AuditFilter { from: Some(dawn().plus_days(2)), ..AuditFilter::default() }), 2);
    let day = AuditFilter {
        from: Some(dawn().plus_days(1)),
        until: Some(dawn().plus_days(2)),
        ..AuditFilter::default()
    };
    assert_eq!(count(day), 1);
    let read = given.engine.read().unwrap();
    let paged = |moment: &Moment<'_>, descending| {
        let (mut found, mut paging) = (Vec::new(), Paging { limit: 2, descending, cursor: None });
        loop {
            let it = Audit { paging: paging.clone(), ..Audit::new(JULIA.into(), JOINTLY) };
            let page = moment.ask(it).unwrap();
            found.extend(page.rows);
            paging.cursor = page.next;
            if paging.cursor.is_none() {
                return found;
            }
        }
    };
    let now = read.now().unwrap();
    assert_eq!(paged(&now, false), all);
    assert_eq!(paged(&now, true), all.iter().rev().cloned().collect::<Vec<_>>());
    // As of a moment that has passed, it goes as far as that.
    let seq = all[all.len() - 2].seq;
    let past = read.as_of(seq).unwrap();
    assert_eq!(paged(&past.moment().unwrap(), false), all[..all.len() - 1]);
    assert_eq!(paged(&past.moment().unwrap(), true)[0], all[all.len() - 2]);
    for (who, tenant, code) in [
        (JIM, MSP, UnknownTenant),
        (NINA, JOINTLY, UnknownTenant),
        (FRED, FULLY, CustomerLocked),
        (NOEL, MSP, RoleLacksPermission),
        (BOB, MSP, UserNotActive),
    ] {
        let error = read
            .now()
            .unwrap()
            .ask(Audit {
                actor: who.into(),
                tenant,
                filter: AuditFilter::default(),
                paging: Paging { limit: 1, ..Paging::default() },
            })
            .unwrap_err();
        assert_eq!(error.code(), Some(code));
    }
}

#[test]
fn q2_commands_refused_for_lack_of_rights_are_recorded_unless_opted_out() {
    let refusals = |given: &Given| {
        let records = given.engine.records_after(0, 1_000).unwrap();
        records.iter().filter(|record| event_name(&record.events[0]) == "command_refused").count()
    };
    let given = given()
        .when(RITA, rename(JOINTLY))
        .then(refused(RoleLacksPermission))
        .when(NINA, rename(JOINTLY))
        .then(refused(UnknownTenant))
        .when(FRED, rename(FULLY))
        .then(refused(CustomerLocked));
    assert_eq!(refusals(&given), 3);
    let row = audit(&given, JULIA, JOINTLY, &AuditFilter::default()).pop().unwrap();
    assert_eq!((row.by, row.command.as_deref()), (AuditActor::Stranger, Some("edit_tenant")));
    let given =
        given.when(JACK, ErasePersonal::new(Subject::Tenant(JOINTLY))).then(refused(RoleLacksPermission));
    assert_eq!(refusals(&given), 4);
    let row = audit(&given, JULIA, JOINTLY, &AuditFilter::default()).pop().unwrap();
    assert_eq!((row.by, row.command.as_deref()), (AuditActor::User(JACK), Some("erase_personal")));
    // Nobody is told by an attempt that a stranger's home is disabled.
    let home = given.get::<User>(NINA.uuid()).home;
    let given = given
        .and(STAFF, DisableTenants::new(vec![home]))
        .when(NINA, rename(JOINTLY))
        .then(refused(UserNotActive))
        .and(STAFF, EnableTenants::new(vec![home]));
    assert_eq!(refusals(&given), 4);
    // Strangers could fill the journal, so they leave no trace; nor does what is wrong for other reasons.
    let given = given
        .when(NOBODY, rename(JOINTLY))
        .then(refused(UnknownUser))
        .when(ADA, RequestDelink::new(FULLY_LINK))
        .then(refused(NotDelinkable))
        .when(STAFF, rename(NOWHERE))
        .then(refused(UnknownTenant));
    assert_eq!(refusals(&given), 4);
    given.verified();
    let silent = Options::default().record_refusals(false).clock(FixedClock::at(dawn()));
    let engine = Engine::new(MemoryStore::new(Uuid::nil()), silent).unwrap();
    let msp = engine.execute(STAFF, RegisterTenant::new(TenantKind::Msp, text("Msp"))).unwrap().outcome;
    let reader =
        engine.execute(STAFF, RegisterUser::new(msp, mail("rita"), text("read_only"))).unwrap().outcome;
    engine.execute(reader, rename(msp)).unwrap_err();
    assert_eq!(engine.token().unwrap().seq, 3);
}

#[test]
fn q2_whatever_is_refused_for_lack_of_rights_stands_with_everybody_whom_it_was_about() {
    let both = || BTreeSet::from([JOINTLY, FULLY]);
    let assignments = || {
        [JOINTLY, FULLY].map(|tenant| NewAssignment { user: RITA, tenant, role: text("admin"), below: None })
    };
    let taken = [JOINTLY, FULLY].map(|tenant| UserOnTenant { user: RITA, tenant });
    for (who, command, tenants) in [
        (RITA, Command::from(Assign::new(assignments().to_vec())), both()),
        (RITA, Unassign::new(taken.to_vec()).into(), both()),
        (RITA, DisableTenants::new(both().into_iter().collect()).into(), both()),
        (RITA, CreateRole::new(JOINTLY, text("Helper"), set(&["tenant.view"])).into(), [JOINTLY].into()),
        (RITA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])).into(), [JOINTLY].into()),
        (RITA, RequestDelink::new(JOINTLY_LINK).into(), [JOINTLY, MSP].into()),
        (RITA, AddServices::new(JOINTLY_LINK, set(&["enrollment"])).into(), [JOINTLY, MSP].into()),
        (RITA, invite(JOINTLY, "admin").into(), [JOINTLY].into()),
        (RITA, BuyLicence::new(MSP, JOINTLY, text("manage"), 1).into(), [JOINTLY, MSP].into()),
        (RITA, BlockUser::new(JIM).into(), [JOINTLY].into()),
        (RITA, EditUser { name: Patch::Set(text("Jim")), ..EditUser::new(JIM) }.into(), [JOINTLY].into()),
    ] {
        let name = command.name();
        let when = given().when(who, command);
        let code = when.refusal().code;
        assert!(matches!(code, RoleLacksPermission | ReservedForCustomer | NotGranted), "{name}: {code:?}");
        let given = when.then(refused(code));
        for tenant in tenants {
            let row = audit(&given, STAFF, tenant, &AuditFilter::default()).pop().unwrap();
            assert_eq!((row.by, row.command.as_deref()), (AuditActor::User(who), Some(name)), "{tenant}");
        }
        given.verified();
    }
}

// Erasure.

#[test]
fn u5_a_request_that_carried_erased_data_is_still_answered_once() {
    let given = given();
    let invite = Request { id: AGAIN, ..given.request(JACK, invite(JOINTLY, "admin")) };
    let receipt = given.engine.submit(invite.clone()).unwrap();
    let given = given
        .and(JACK, RevokeInvitation::new(EVE_INVITATION))
        .and(JULIA, ErasePersonal::new(Subject::User(EVE)));
    assert_eq!(given.engine.submit(invite.clone()).unwrap(), receipt);
    // Its fingerprint is forgotten with the data, so that nobody can test guesses against it.
    let guess = Request { command: super::invite(JOINTLY, "read_only").into(), ..invite };
    assert_eq!(given.engine.submit(guess).unwrap(), receipt);
    given.verified();
}

#[test]
fn x7_after_erasure_a_receipt_is_told_to_the_same_actor_for_the_same_command_alone() {
    let given = given();
    let invite = Request { id: AGAIN, ..given.request(JACK, invite(JOINTLY, "admin")) };
    let receipt = given.engine.submit(invite.clone()).unwrap();
    let mut given = given
        .and(JACK, RevokeInvitation::new(EVE_INVITATION))
        .and(JULIA, ErasePersonal::new(Subject::User(EVE)));
    for actor in [Actor::User(JULIA), Actor::User(ADA), Actor::User(NINA), Actor::User(NOBODY), STAFF] {
        given = given.when_request(Request { actor, ..invite.clone() }).then(refused(RequestReused));
    }
    let other = Request { command: rename(JOINTLY).into(), ..invite.clone() };
    let given = given.when_request(other).then(refused(RequestReused));
    assert_eq!(given.engine.submit(invite).unwrap(), receipt);
}

#[test]
fn u5_after_erasure_no_file_holds_the_data() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let given = given_on(open(&path))
        .and(JIM, EditUser { name: Patch::Set(text("Jim Traceable")), ..EditUser::new(JIM) });
    let given = given.and(JULIA, RemoveUser::new(JIM)).and(JULIA, ErasePersonal::new(Subject::User(JIM)));
    for file in std::fs::read_dir(place.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in ["Jim Traceable", "jim@example.com"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
    given.verified();
}

// Threads.

/// Counts commits and takes a little time over each, as a disk does.
#[derive(Default)]
struct Commits(AtomicUsize);

impl Tap for Commits {
    fn commits(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn eight_threads_submit(store: impl Store + 'static) {
    const THREADS: usize = 8;
    const EACH: usize = 25;
    let commits = Arc::<Commits>::default();
    let given = given_on(Tapped { store, tap: Arc::clone(&commits) });
    let before = given.engine.token().unwrap().seq;
    commits.0.store(0, Ordering::SeqCst);
    let seqs: BTreeSet<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let engine = &given.engine;
                scope.spawn(move || {
                    let mut seqs = Vec::new();
                    for turn in 0..EACH {
                        let command = EditTenant {
                            name: Some(text(&format!("Name {thread} {turn}"))),
                            ..EditTenant::new(JOINTLY)
                        };
                        let receipt = engine.execute(ADA, command).unwrap();
                        // One reads what one wrote, or later.
                        assert!(engine.token().unwrap().seq >= receipt.seq());
                        engine.confirm(&receipt.token).unwrap();
                        seqs.push(receipt.seq());
                    }
                    assert!(seqs.is_sorted());
                    seqs
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let all = (THREADS * EACH) as u64;
    assert!(seqs.iter().copied().eq(before + 1..=before + all), "each has its own record, without a gap");
    let commits = commits.0.load(Ordering::SeqCst);
    assert!(
        commits <= THREADS * EACH / 2,
        "{commits} commits for {all} commands: those that wait commit together"
    );
    given.verified();
}

#[test]
fn x7_eight_threads_submit_on_one_engine_in_memory() {
    eight_threads_submit(MemoryStore::new(Uuid::nil()));
}

#[test]
fn x7_eight_threads_submit_on_one_engine_on_a_file() {
    eight_threads_submit(TempFile::new());
}

#[test]
fn x7_two_engines_on_one_file_see_each_others_writes_at_once() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let first = given_on(open(&path));
    let second = Given::bare(open(&path), Policy::clients());
    assert_eq!(second.policy(), Policy::default(), "an existing store keeps its own policy");
    let first = first.and(ADA, disable(JOINTLY));
    let second = second.then_denied(ADA, "devices.view", JOINTLY, TenantDisabled).and(ADA, enable(JOINTLY));
    first.then_may(ADA, "devices.view", JOINTLY).verified();
    second.then_may(ADA, "devices.view", JOINTLY).verified();
}

#[test]
fn the_machines_clock_and_ids_serve_by_default() {
    let engine = Engine::new(MemoryStore::new(Uuid::nil()), Options::default().clock(SystemClock)).unwrap();
    let made: BTreeMap<TenantId, ()> = (0..50)
        .map(|_| {
            (engine.execute(STAFF, RegisterTenant::new(TenantKind::Msp, text("Msp"))).unwrap().outcome, ())
        })
        .collect();
    assert_eq!(made.len(), 50);
    engine.verify().unwrap();
}

#[test]
fn q3_whoever_waits_for_a_record_is_woken_by_whichever_is_next() {
    use std::time::Duration;

    let given = given();
    let seen = given.engine.token().unwrap().seq;
    assert!(given.engine.wait_past(seen - 1, Duration::ZERO).unwrap());
    assert!(!given.engine.wait_past(seen, Duration::ZERO).unwrap());
    std::thread::scope(|scope| {
        // However long the other takes: nobody waits for the end of time here.
        let waiting = scope.spawn(|| given.engine.wait_past(seen, Duration::MAX));
        given.engine.execute(ADA, disable(JOINTLY)).unwrap();
        assert!(waiting.join().unwrap().unwrap());
    });
}
