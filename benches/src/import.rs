//! A bulk import: by tenantry, by the rival, and of the rows that tenantry wrote by a bare program.

use std::path::Path;

use tenantry::base::ids::TenantId;
use tenantry::command::{AddCustomer, Command, RegisterTenant, RegisterUser, Request};
use tenantry::engine::{Engine, Moment};
use tenantry::model::{Actor, RoleRef, TenantKind};
use tenantry::query::{Customers, Paging, Users};
use uuid::Uuid;

use crate::measure::{Clock, quantile};
use crate::peer::bare::Bare;
use crate::peer::lists;
use crate::peer::rival::{Rival, asked};
use crate::rng::Rng;
use crate::world::CUSTOMER_USERS;

/// How many requests are one commit.
const BATCH: usize = 1_000;
/// Up to how many customers the rows that tenantry wrote are held in memory, to be written again.
const LARGEST: usize = 100_000;
/// How many customers' names are compared.
const PAGE: usize = 100;

/// What an import came to, for each customer.
pub struct Import {
    /// Microseconds, tenantry's.
    pub ours: f64,
    /// Microseconds, the rival's.
    pub rival: f64,
    /// Microseconds, of the rows that tenantry wrote; up to a size.
    pub own_rows: Option<f64>,
    /// Bytes of tenantry's file.
    pub our_bytes: f64,
    /// Bytes of the rival's.
    pub rival_bytes: f64,
}

impl Import {
    /// Imports so many customers in so many parts, each side after the other.
    pub fn of(customers: usize, rounds: usize, dir: &Path) -> Self {
        let path = |name: &str| dir.join(name);
        let engine = Engine::open(path("ours.db")).expect("a new store");
        let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse().expect("a name"));
        let msp = engine.execute(Actor::OPERATOR, msp).expect("a new tenant").outcome;
        drop(engine);
        let bare = (customers <= LARGEST).then(|| Bare::copy(&path("ours.db"), &path("bare.db")));
        let rival = Rival::create(&path("rival.db")).expect("a new database");
        let mut writer = rival.writer().expect("SQL");
        let engine = Engine::open(path("ours.db")).expect("a store");
        let mut rng = Rng::new(2);
        let (mut ours, mut theirs, mut again) = (Vec::new(), Vec::new(), Vec::new());
        let share = customers / rounds;
        let mut last = msp;
        for _ in 0..rounds {
            let (requests, tenant) = self::customers(msp, share, &mut rng);
            last = tenant;
            let us = |run: &mut dyn FnMut()| Clock::Wall.time(run).as_secs_f64() * 1e6 / share as f64;
            theirs.push(us(&mut || {
                for batch in requests.chunks(BATCH) {
                    writer.execute(batch).expect("what is imported is new");
                }
            }));
            let count = requests.len();
            let mut left = requests.into_iter().peekable();
            ours.push(us(&mut || {
                while left.peek().is_some() {
                    for answer in engine.submit_all(left.by_ref().take(BATCH).collect()) {
                        answer.expect("what is imported is new");
                    }
                }
            }));
            if let Some(bare) = &bare {
                let written = bare.since(&path("ours.db"));
                assert_eq!(written.len(), count, "a record for each request");
                again.push(us(&mut || bare.write(&written, BATCH)));
            }
        }
        drop(writer);
        compare(&engine, &rival, msp, last);
        drop((engine, rival));
        let bytes = |name: &str| {
            let length = std::fs::metadata(path(name)).expect("the file is there").len();
            length as f64 / (share * rounds) as f64
        };
        for side in [&mut ours, &mut theirs, &mut again] {
            side.sort_by(f64::total_cmp);
        }
        Self {
            ours: quantile(&ours, 0.5),
            rival: quantile(&theirs, 0.5),
            own_rows: bare.map(|_| quantile(&again, 0.5)),
            our_bytes: bytes("ours.db"),
            rival_bytes: bytes("rival.db"),
        }
    }
}

/// Requests for so many customers of a manager with their users, and the last of them.
pub fn customers(manager: TenantId, count: usize, rng: &mut Rng) -> (Vec<Request>, TenantId) {
    let mut requests: Vec<Request> = Vec::new();
    let mut last = manager;
    for _ in 0..count {
        last = TenantId::from_uuid(Uuid::now_v7());
        let name = format!("Customer {:012x}", rng.number() >> 16).parse().expect("a name");
        let services = ["manage".parse().expect("a service")].into();
        let management = "fully".parse().expect("a type");
        let add = AddCustomer::new(manager, TenantKind::Customer, name, management, services);
        requests.push(asked(AddCustomer { tenant: Some(last), ..add }));
        requests.extend((0..CUSTOMER_USERS).map(|_| asked(Command::from(newcomer(last, rng.number())))));
    }
    (requests, last)
}

/// Both have the same customers, and the same people at one of them.
fn compare(engine: &Engine, rival: &Rival, manager: TenantId, customer: TenantId) {
    let snapshot = engine.read().expect("the store can be read");
    let now = snapshot.now().expect("the store can be read");
    let paging = Paging { cursor: None, limit: PAGE, descending: false };
    let query = Customers { paging, ..Customers::new(Actor::OPERATOR, manager) };
    let ours = now.ask(query.clone()).expect("a page").rows.into_iter().map(|row| row.tenant);
    let theirs = lists::customers(rival, manager, &query.filter, false, PAGE).expect("SQL answers");
    assert!(ours.eq(theirs.tenants()), "the customers of the two differ");
    assert_same_people(&now, rival, customer);
}

/// Stops if somebody is at home there for the one and not for the other.
pub fn assert_same_people(now: &Moment<'_>, rival: &Rival, home: TenantId) {
    let paging = Paging { cursor: None, limit: PAGE, descending: false };
    let query = Users { paging, ..Users::new(Actor::OPERATOR, home) };
    let ours = now.ask(query).expect("a page").rows.into_iter();
    let ours: Vec<_> = ours.filter_map(|row| row.email).map(|email| email.to_string()).collect();
    assert_eq!(ours, rival.emails(home).expect("SQL answers"), "the users of a tenant differ");
}

/// A command that brings in a user, who is new.
pub fn newcomer(home: TenantId, number: u64) -> RegisterUser {
    let email = format!("user{number:x}@customer.example").parse().expect("an address");
    RegisterUser::new(home, email, RoleRef::Builtin("read_only".parse().expect("a role")))
}
