//! The access matrix: what every built-in role may do, for every policy, management type, stage, operation and side, in one
//! golden file; computed over every kind of view, which must all agree.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod golden;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::text::{BuiltinRole, ManagementType, Permission};
use tenantry::command::*;
use tenantry::model::{Actor, Operation, Party, RoleRef, Stage, Subject, TenantKind, TermRequest};
use tenantry::policy::Policy;
use tenantry::query::Question;
use tenantry::refusal::Code;
use tenantry::store::Store;
use tenantry::store::memory::MemoryStore;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::given::{GRAND, Given, JOINTLY, MSP, STAFF, dawn, mail, staff_for, text};
use tenantry::testkit::inside::{
    Memory, Overlay, Settling, View, World, Write, access, apply, decide, settled, world,
};
use uuid::Uuid;

const LINK: LinkId = LinkId::from_uuid(Uuid::from_u128(0x2b0));
const ABOVE: LinkId = LinkId::from_uuid(Uuid::from_u128(0x2b1));
const CUSTOMER: TenantId = JOINTLY;

/// The homes of the three sides, seen from the customer.
const SIDES: [(&str, TenantId); 3] = [("own", CUSTOMER), ("manager", MSP), ("grand-manager", GRAND)];

/// How a reason shows in the matrix.
const SIGNS: [(Option<Code>, char); 12] = [
    (None, '+'),
    (Some(Code::UnknownUser), 'u'),
    (Some(Code::UserNotActive), 'a'),
    (Some(Code::UnknownTenant), 't'),
    (Some(Code::TenantDisabled), 'd'),
    (Some(Code::NotLinked), 'l'),
    (Some(Code::CustomerLocked), 'x'),
    (Some(Code::ServiceNotManaged), 's'),
    (Some(Code::ReservedForCustomer), 'r'),
    (Some(Code::NotGranted), 'g'),
    (Some(Code::NoAssignment), 'n'),
    (Some(Code::RoleLacksPermission), '-'),
];

/// One world: a customer under a manager under a grand-manager.
struct Cell {
    policy: Policy,
    management: ManagementType,
    stage: Stage,
    operation: Operation,
    granted: bool,
}

impl Cell {
    /// All there are; that some cannot be is part of the matrix.
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for policy in Policy::builtin() {
            let policy = Policy { host_reports_ready: true, ..policy };
            for rule in &policy.management_types {
                for &stage in Stage::ALL {
                    for &operation in Operation::ALL {
                        for granted in [false, true] {
                            if !granted || rule.needs_grants {
                                let (policy, management) = (policy.clone(), rule.name.clone());
                                all.push(Self { policy, management, stage, operation, granted });
                            }
                        }
                    }
                }
            }
        }
        all
    }

    /// Only what can be delinked is ever asked to be.
    fn can_be(&self) -> bool {
        self.stage.requester().is_none() || self.policy.management(&self.management).unwrap().delinkable
    }

    fn title(&self) -> String {
        let grants = if self.granted { ", granted" } else { "" };
        format!("{} {} {}{grants}", self.management, self.stage, self.operation)
    }

    fn users(&self) -> Vec<(&'static str, BuiltinRole, UserId, TenantId)> {
        let mut users = Vec::new();
        for (side, home) in SIDES {
            for (number, role) in self.policy.roles.iter().enumerate() {
                let id = home.uuid().as_u128() * 0x1000 + number as u128;
                users.push((side, role.name.clone(), UserId::from_uuid(Uuid::from_u128(id)), home));
            }
        }
        users
    }

    /// The commands that lead to it; all at one moment, but for what only the clock ends.
    fn commands(&self) -> Vec<(Actor, Command)> {
        let ticket = || staff_for("T-1");
        let mut all: Vec<(Actor, Command)> = Vec::new();
        for (tenant, kind, number) in [
            (GRAND, TenantKind::Msp, "G"),
            (MSP, TenantKind::Msp, "M"),
            (CUSTOMER, TenantKind::Customer, "C"),
        ] {
            let command = RegisterTenant {
                tenant: Some(tenant),
                number: Some(text(number)),
                ..RegisterTenant::new(kind, text("Name"))
            };
            all.push((STAFF, command.into()));
        }
        for (side, role, user, home) in self.users() {
            let address = mail(&format!("{side}.{role}"));
            let command =
                RegisterUser { user: Some(user), ..RegisterUser::new(home, address, RoleRef::Builtin(role)) };
            all.push((STAFF, command.into()));
        }
        let above = self.policy.management_types.last().unwrap().name.clone();
        for (manager, number, link, management) in
            [(GRAND, "M", ABOVE, above), (MSP, "C", LINK, self.management.clone())]
        {
            let days = if self.ends_by_itself() && link == LINK { 1 } else { 500 };
            let command = RequestLink {
                request: Some(tenantry::base::ids::LinkRequestId::from_uuid(link.uuid())),
                term: Some(TermRequest::days(days)),
                ..RequestLink::new(manager, text(number), management, self.policy.services.clone())
            };
            all.push((STAFF, command.clone().into()));
            all.push((ticket(), AcceptLink::new(command.request.unwrap()).into()));
            if self.granted {
                all.push((ticket(), SetManagerGrants::new(link, self.policy.grantable.clone()).into()));
            }
        }
        let ask = |party| RequestDelink { party: Some(party), ..RequestDelink::new(LINK) };
        match self.stage {
            Stage::Active => {}
            Stage::DelinkRequestedByManager => all.push((ticket(), ask(Party::Manager).into())),
            Stage::DelinkRequestedByCustomer => all.push((ticket(), ask(Party::Customer).into())),
            Stage::Delinked if self.ends_by_itself() => {}
            Stage::Delinked => {
                all.push((ticket(), ask(Party::Manager).into()));
                all.push((ticket(), ask(Party::Customer).into()));
            }
        }
        if self.operation != Operation::Enabled {
            all.push((STAFF, DisableTenants::new(vec![CUSTOMER]).into()));
        }
        if self.operation == Operation::Enabling {
            all.push((STAFF, EnableTenants::new(vec![CUSTOMER]).into()));
        }
        all
    }

    /// Whether the link has to run out to be over.
    fn ends_by_itself(&self) -> bool {
        self.stage == Stage::Delinked && !self.policy.management(&self.management).unwrap().delinkable
    }

    fn days(&self) -> u32 {
        if self.ends_by_itself() { 1 } else { 0 }
    }

    /// Commands after which hardly a verdict is what it was.
    fn contrary(&self) -> Vec<(Actor, Command)> {
        let mut all: Vec<(Actor, Command)> = Vec::new();
        for (side, home) in SIDES {
            let user = UserId::from_uuid(Uuid::from_u128(home.uuid().as_u128() * 0x1000 + 0xfff));
            let role = RoleRef::Builtin(self.policy.super_role.clone());
            let address = mail(&format!("{side}.late"));
            all.push((
                STAFF,
                RegisterUser { user: Some(user), ..RegisterUser::new(home, address, role) }.into(),
            ));
        }
        for (_, _, user, _) in self.users() {
            all.push((STAFF, BlockUser::new(user).into()));
        }
        all.push((STAFF, DisableTenants::new(vec![GRAND, MSP]).into()));
        let mut policy = self.policy.clone();
        policy.permissions.remove("audit.view");
        policy.roles.iter_mut().for_each(|role| role.permissions.retain(|one| one.as_str() != "audit.view"));
        all.push((STAFF, SetPolicy::new(Box::new(policy)).into()));
        all
    }

    /// The reasons of every user for every permission.
    fn verdicts(&self, world: &World<'_>) -> Vec<Option<Code>> {
        let mut reasons = Vec::new();
        for (_, _, user, _) in self.users() {
            for permission in &self.policy.permissions {
                let question = Question::new(user, permission.clone(), CUSTOMER);
                reasons.push(access::check(world, &question, 0).unwrap().reason);
            }
        }
        reasons
    }

    /// The cell in a store: what it says now, and what it says of that moment once everything has changed.
    fn in_store(&self, store: impl Store + 'static) -> [Vec<Option<Code>>; 3] {
        let given = Given::bare(store, self.policy.clone());
        let submit = |commands: Vec<(Actor, Command)>| {
            let requests =
                commands.into_iter().map(|(actor, command)| given.request(actor, command)).collect();
            for answer in given.engine.submit_all(requests) {
                answer.unwrap();
            }
        };
        submit(self.commands());
        given.clock.pass_days(self.days());
        given.engine.sweep().unwrap();
        let seq = given.engine.token().unwrap().seq;
        let moment = given.clock.clone();
        let now = {
            let read = given.engine.read().unwrap();
            self.verdicts(world(&read.now().unwrap()))
        };
        submit(self.contrary());
        given.clock.pass_days(1_000);
        given.engine.sweep().unwrap();
        drop(moment);
        let read = given.engine.read().unwrap();
        let past = read.as_of(seq).unwrap();
        let then = self.verdicts(world(&past.moment().unwrap()));
        let after = self.verdicts(world(&read.now().unwrap()));
        [now, then, after]
    }

    /// The cell as changes that nobody executed, laid over a view.
    fn over(&self, below: &dyn View) -> Vec<Option<Code>> {
        let mut overlay = Overlay::over(below);
        let mut commands: Vec<(Actor, Command)> =
            vec![(STAFF, SetPolicy::new(Box::new(self.policy.clone())).into())];
        commands.extend(self.commands());
        for (actor, command) in commands {
            let id = tenantry::base::ids::RequestId::from_uuid(Uuid::nil());
            let request = Request { id, actor, expected_seq: None, command };
            let decision = decide(&World::new(&overlay, dawn(), 0, &Uuid::nil).unwrap(), &request).unwrap();
            lay(&mut overlay, &decision.events, 0);
            for (subject, personal) in decision.people {
                overlay.change_personal(subject, personal);
            }
        }
        let later = dawn().plus_days(self.days());
        let world = World::reading(&overlay, later).unwrap();
        match settled(&world, Settling::Everything).unwrap() {
            None => self.verdicts(&world),
            Some(after) => self.verdicts(&World::reading(&after, later).unwrap()),
        }
    }
}

fn lay(overlay: &mut Overlay<'_>, events: &[tenantry::event::Event], days: u32) {
    for event in events {
        for change in apply(overlay, event, dawn().plus_days(days)).unwrap() {
            overlay.change(change);
        }
    }
}

/// A world in which other things go by the same ids: links, roles and people that the overlay has to hide.
fn otherwise() -> Memory {
    let mut other = Memory::new();
    for cell in Cell::all().iter().filter(|cell| cell.policy.name == "default").take(1) {
        let mut built = Overlay::over(&other);
        let fresh = Uuid::nil;
        for (actor, command) in cell.commands() {
            let id = tenantry::base::ids::RequestId::from_uuid(Uuid::nil());
            let request = Request { id, actor, expected_seq: None, command };
            let decision = decide(&World::new(&built, dawn(), 0, &fresh).unwrap(), &request).unwrap();
            lay(&mut built, &decision.events, 0);
        }
        let (changes, _) = built.into_changes();
        for change in changes {
            other.change(change);
        }
    }
    other
}

/// Takes out of a view, by changes over it, everything that is there.
fn emptied(other: &Memory) -> Overlay<'_> {
    let mut overlay = Overlay::over(other);
    for any in other.entities() {
        overlay.change(Write::Remove(any.clone()));
    }
    let people: Vec<Subject> = other.people().map(|(subject, _)| subject).collect();
    for subject in people {
        overlay.change_personal(subject, None);
    }
    overlay
}

#[test]
fn p12_the_access_matrix_is_the_same_over_every_view() {
    let other = otherwise();
    let emptied = emptied(&other);
    let mut golden = String::new();
    writeln!(golden, "What every built-in role may do on a customer, and why not.").unwrap();
    writeln!(golden, "own: at home there. manager: at home in its manager. grand-manager: at home in the manager's manager.\n").unwrap();
    for (reason, sign) in SIGNS {
        writeln!(golden, "{sign} {}", reason.map_or("allowed", Code::name)).unwrap();
    }
    let mut policy = String::new();
    // Cells that look the same are shown once, under all their titles.
    let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
    let flush = |blocks: &mut Vec<(String, Vec<String>)>, golden: &mut String| {
        for (block, titles) in blocks.drain(..) {
            for title in titles {
                writeln!(golden, "== {title}").unwrap();
            }
            golden.push_str(&block);
        }
    };
    for cell in Cell::all() {
        if cell.policy.name != policy {
            flush(&mut blocks, &mut golden);
            policy.clone_from(&cell.policy.name);
            writeln!(golden, "\n# {policy}\n\nThe columns, from the left:").unwrap();
            let names: Vec<&str> = cell.policy.permissions.iter().map(Permission::as_str).collect();
            for row in names.chunks(5) {
                writeln!(golden, "  {}", row.join(" ")).unwrap();
            }
            golden.push('\n');
        }
        let block = if cell.can_be() {
            let [memory, memory_then, changed] = cell.in_store(MemoryStore::new(Uuid::nil()));
            let place = tempfile::tempdir().unwrap();
            let options = FileOptions::default().synchronous(Synchronous::Normal);
            let [sqlite, sqlite_then, sqlite_changed] =
                cell.in_store(SqliteStore::open(place.path().join("store"), options).unwrap());
            let title = cell.title();
            assert_eq!(memory_then, memory, "{title}: memory as of the past");
            assert_eq!(sqlite, memory, "{title}: SQLite now");
            assert_eq!(sqlite_then, memory, "{title}: SQLite as of the past");
            assert_eq!(cell.over(&Memory::new()), memory, "{title}: over nothing");
            assert_eq!(cell.over(&emptied), memory, "{title}: over what was taken away");
            assert!(changed != memory && changed == sqlite_changed, "{title}: it has changed since");
            show(&cell, &memory)
        } else {
            "   cannot be: it is never asked to be delinked\n".to_owned()
        };
        let title = cell.title();
        match blocks.iter_mut().find(|(known, _)| *known == block) {
            Some((_, titles)) => titles.push(title),
            None => blocks.push((block, vec![title])),
        }
    }
    flush(&mut blocks, &mut golden);
    golden::compare("tests/golden/access-matrix.txt", &golden);
}

fn show(cell: &Cell, reasons: &[Option<Code>]) -> String {
    let signs: BTreeMap<Option<Code>, char> = SIGNS.into();
    let mut text = String::new();
    for ((side, role, _, _), row) in cell.users().iter().zip(reasons.chunks(cell.policy.permissions.len())) {
        let row: String = row.iter().map(|reason| signs[reason]).collect();
        writeln!(text, "   {side:13} {role:13} {row}").unwrap();
    }
    text
}
