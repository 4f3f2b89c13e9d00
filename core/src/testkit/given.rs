//! Given, when, then: a fixed clock, and a small world in which a rule can be tried in one line. It
//! panics where the engine does not answer as expected, as tests do.
//!
//! ```
//! use tenantry::command::RequestDelink;
//! use tenantry::refusal::Code::NotDelinkable;
//! use tenantry::testkit::given::*;
//!
//! given().when(ADA, RequestDelink::new(FULLY_LINK)).then(refused(NotDelinkable));
//! ```
//!
//! | tenant | kind | managed by | people |
//! |---|---|---|---|
//! | [`GRAND`] | msp | – | [`GINA`] super admin, [`GUS`] admin |
//! | [`MSP`] | msp | `GRAND`, jointly, all services ([`GRAND_LINK`]) | [`ADA`] super admin, [`ADAM`] admin, [`RITA`] read-only, [`NOEL`] no access, [`BOB`] blocked, [`IVY`] invited ([`IVY_INVITATION`]) |
//! | [`JOINTLY`] | customer | `MSP`, jointly, `manage` and `configure` ([`JOINTLY_LINK`]) | [`JULIA`] super admin, [`JACK`] admin, [`JIM`] read-only |
//! | [`FULLY`] | customer | `MSP`, fully, `manage` ([`FULLY_LINK`]) | [`FRED`] super admin |
//! | [`SECOND`] | msp | – | [`NINA`] super admin |
//! | [`ALONE`] | customer | – | [`CARL`] super admin, [`CORA`] admin |
//! | [`EMPTY`] | customer | – | nobody |
//! | [`RESELLER`] | reseller | – | [`ROB`] super admin |
//!
//! The MSPs' people cover what is managed below. A tenant's number is its name in capitals, such as
//! `JOINTLY`; a person's address is their name `@example.com`.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use uuid::Uuid;

use crate::base::ids::{InvitationId, LinkId, RequestId, TenantId, UserId};
use crate::base::text::Email;
use crate::base::time::Timestamp;
use crate::command::{
    AcceptInvitation, AcceptProposal, AddCustomer, BlockUser, Command, InviteUser, Invitee, ProposeTerms,
    RegisterTenant, RegisterUser, Request, SetPolicy,
};
use crate::engine::{Clock, Engine, Error, HOWEVER_FAR, Options, Receipt};
use crate::event::Event;
use crate::model::{Actor, TenantKind};
use crate::policy::Policy;
use crate::query::{Question, Verdict};
use crate::refusal::{Code, Refusal};
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::view::Entity;

/// A clock that stands until it is set. Clones show the same time.
#[derive(Clone, Debug)]
pub struct FixedClock(Arc<AtomicI64>);

impl FixedClock {
    /// A clock that shows this moment.
    pub fn at(moment: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(moment.micros())))
    }

    /// Sets it, forwards or backwards.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.micros(), Ordering::SeqCst);
    }

    /// Lets days pass.
    pub fn pass_days(&self, days: u32) {
        self.set(self.now().plus_days(days));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).expect("it was set to a moment")
    }
}

/// The moment at which every scenario begins.
pub fn dawn() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("a moment")
}

macro_rules! known {
    ($($type:ident: $($name:ident = $number:literal),+;)+) => {$($(
        #[doc = concat!("`", stringify!($name), "` of the world that [`given`] builds.")]
        pub const $name: $type = $type::from_uuid(Uuid::from_u128($number));
    )+)+};
}

known! {
    TenantId: GRAND = 0x101, MSP = 0x102, SECOND = 0x103, JOINTLY = 0x104, FULLY = 0x105, ALONE = 0x106,
        EMPTY = 0x107, RESELLER = 0x108, NOWHERE = 0x1ff;
    LinkId: GRAND_LINK = 0x201, JOINTLY_LINK = 0x202, FULLY_LINK = 0x203, NO_LINK = 0x2ff;
    UserId: GINA = 0x301, GUS = 0x302, ADA = 0x303, ADAM = 0x304, RITA = 0x305, NOEL = 0x306, BOB = 0x307,
        IVY = 0x308, NINA = 0x309, JULIA = 0x30a, JACK = 0x30b, JIM = 0x30c, FRED = 0x30d, CARL = 0x30e,
        CORA = 0x30f, ROB = 0x310, NOBODY = 0x3ff;
    InvitationId: IVY_INVITATION = 0x401, ADA_INVITATION = 0x402, JULIA_INVITATION = 0x403;
}

/// The platform's own staff, without a ticket.
pub const STAFF: Actor = Actor::OPERATOR;

/// The platform's own staff, acting on a ticket.
pub fn staff_for(ticket: &str) -> Actor {
    Actor::operator_for(text(ticket))
}

/// Any parsed text, role or moment.
///
/// # Panics
/// Where the text is not well formed.
#[track_caller]
pub fn text<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("a well-formed text")
}

/// A set of parsed texts.
///
/// # Panics
/// Where one is not well formed.
#[track_caller]
pub fn set<T: FromStr<Err: Debug> + Ord>(texts: &[&str]) -> BTreeSet<T> {
    texts.iter().map(|one| text(one)).collect()
}

/// The address of somebody called so.
pub fn mail(name: &str) -> Email {
    text(&format!("{name}@example.com"))
}

/// What a command should lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It is done.
    Done,
    /// It is done, and these events happen, by name and in this order.
    Happened(&'static [&'static str]),
    /// It is refused.
    Refused(Code),
}

/// The command is done.
pub const fn done() -> Expected {
    Expected::Done
}

/// The command is done, and exactly these events happen.
pub const fn happened(events: &'static [&'static str]) -> Expected {
    Expected::Happened(events)
}

/// The command is refused with this code.
pub const fn refused(code: Code) -> Expected {
    Expected::Refused(code)
}

/// An event's stable name.
pub fn event_name(event: &Event) -> String {
    let json = serde_json::to_value(event).expect("events have string keys");
    json.get("event").and_then(|name| name.as_str()).expect("events carry their name").to_owned()
}

/// The world described above, in memory, under the default policy.
pub fn given() -> Given {
    given_on(MemoryStore::new(Uuid::from_u128(1)))
}

/// The world described above, in memory, under the default policy with a change: what links there
/// are was agreed upon under it (P-13).
pub fn given_under(change: impl FnOnce(&mut Policy)) -> Given {
    let mut policy = Policy::default();
    change(&mut policy);
    played(Given::bare(MemoryStore::new(Uuid::from_u128(1)), policy))
}

/// The world described above, in a store that is empty.
///
/// # Panics
/// Where the store cannot be written.
pub fn given_on(store: impl Store + 'static) -> Given {
    played(Given::bare(store, Policy::default()))
}

fn played(given: Given) -> Given {
    let requests = scenario().into_iter().map(|(actor, command)| given.request(actor, command)).collect();
    for answer in given.engine.submit_all(requests) {
        answer.expect("the scenario is done");
    }
    given
}

/// The commands that build the world described above.
pub fn scenario() -> Vec<(Actor, Command)> {
    let mut all: Vec<(Actor, Command)> = Vec::new();
    for (tenant, kind, name) in [
        (GRAND, TenantKind::Msp, "Grand"),
        (SECOND, TenantKind::Msp, "Second"),
        (ALONE, TenantKind::Customer, "Alone"),
        (EMPTY, TenantKind::Customer, "Empty"),
        (RESELLER, TenantKind::Reseller, "Reseller"),
    ] {
        let command = RegisterTenant {
            tenant: Some(tenant),
            number: Some(text(name)),
            ..RegisterTenant::new(kind, text(name))
        };
        all.push((STAFF, command.into()));
    }
    let mut add = |actor, manager, tenant, kind, name: &str, link, how: &str, services: &[&str], owner| {
        let command = AddCustomer {
            tenant: Some(tenant),
            link: Some(link),
            number: Some(text(name)),
            owner,
            ..AddCustomer::new(manager, kind, text(name), text(how), set(services))
        };
        all.push((actor, command.into()));
    };
    let owner = |user, invitation, name| Some(invitee(user, invitation, name));
    let services = ["enrollment", "configure", "manage", "asset-intelligence"];
    let ada = owner(ADA, ADA_INVITATION, "ada");
    add(STAFF, GRAND, MSP, TenantKind::Msp, "Msp", GRAND_LINK, "jointly", &services, ada);
    let julia = owner(JULIA, JULIA_INVITATION, "julia");
    let two = ["manage", "configure"];
    add(STAFF, MSP, JOINTLY, TenantKind::Customer, "Jointly", JOINTLY_LINK, "jointly", &two, julia);
    add(STAFF, MSP, FULLY, TenantKind::Customer, "Fully", FULLY_LINK, "fully", &["manage"], None);
    for (user, invitation, name) in [(ADA, ADA_INVITATION, "ada"), (JULIA, JULIA_INVITATION, "julia")] {
        all.push((user.into(), AcceptInvitation::new(invitation, mail(name)).into()));
    }
    for (user, home, name, role) in [
        (GINA, GRAND, "gina", "super_admin"),
        (GUS, GRAND, "gus", "admin"),
        (ADAM, MSP, "adam", "admin"),
        (RITA, MSP, "rita", "read_only"),
        (NOEL, MSP, "noel", "no_access"),
        (BOB, MSP, "bob", "admin"),
        (NINA, SECOND, "nina", "super_admin"),
        (JACK, JOINTLY, "jack", "admin"),
        (JIM, JOINTLY, "jim", "read_only"),
        (FRED, FULLY, "fred", "super_admin"),
        (CARL, ALONE, "carl", "super_admin"),
        (CORA, ALONE, "cora", "admin"),
        (ROB, RESELLER, "rob", "super_admin"),
    ] {
        let command = RegisterUser { user: Some(user), ..RegisterUser::new(home, mail(name), text(role)) };
        all.push((STAFF, command.into()));
    }
    all.push((ADA.into(), BlockUser::new(BOB).into()));
    all.push((ADA.into(), InviteUser::new(MSP, invitee(IVY, IVY_INVITATION, "ivy"), text("admin")).into()));
    all
}

/// Somebody to be invited, under these ids.
pub fn invitee(user: UserId, invitation: InvitationId, name: &str) -> Invitee {
    Invitee { user: Some(user), invitation: Some(invitation), ..Invitee::new(mail(name)) }
}

/// A world at a moment, to be acted on.
#[derive(Debug)]
pub struct Given {
    /// The engine that runs it.
    pub engine: Engine,
    /// Its clock.
    pub clock: FixedClock,
    requests: AtomicU64,
}

impl Given {
    /// A world with nothing in it but a policy; where the store has records, as it is.
    ///
    /// # Panics
    /// Where the store cannot be written, or the policy contradicts itself.
    pub fn bare(store: impl Store + 'static, policy: Policy) -> Self {
        Self::bare_at(store, policy, dawn())
    }

    /// The same, with the clock at a moment.
    ///
    /// # Panics
    /// Where the store cannot be written, or the policy contradicts itself.
    pub fn bare_at(store: impl Store + 'static, policy: Policy, moment: Timestamp) -> Self {
        let clock = FixedClock::at(moment);
        // Ids must not meet those of an earlier engine on the same store.
        let first = store.read().and_then(|reading| reading.head()).map_or(0, |head| head.seq) << 16;
        let (made, salted) = (AtomicU64::new(first), AtomicU64::new(first));
        let options = Options::default()
            .clock(clock.clone())
            .ids(move || Uuid::from_u128(0xa000_0000_0000 + u128::from(made.fetch_add(1, Ordering::SeqCst))))
            .salts(move || {
                Uuid::from_u128(0xc000_0000_0000 + u128::from(salted.fetch_add(1, Ordering::SeqCst)))
            })
            .policy(policy)
            .clock_leap_seconds(HOWEVER_FAR);
        let engine = Engine::new(store, options).expect("the store is there and the policy is valid");
        Self { engine, clock, requests: AtomicU64::new(first) }
    }

    /// A command as a request under an id of its own.
    pub fn request(&self, actor: impl Into<Actor>, command: impl Into<Command>) -> Request {
        let id = 0xb000_0000_0000 + u128::from(self.requests.fetch_add(1, Ordering::SeqCst));
        let id = RequestId::from_uuid(Uuid::from_u128(id));
        Request { id, actor: actor.into(), expected_seq: None, command: command.into() }
    }

    /// Tries a command.
    pub fn when(self, actor: impl Into<Actor>, command: impl Into<Command>) -> When {
        let request = self.request(actor, command);
        self.when_request(request)
    }

    /// Tries a request.
    pub fn when_request(self, request: Request) -> When {
        let answer = self.engine.submit(request.clone());
        When { given: self, request, answer }
    }

    /// Sets the stage by one more command.
    ///
    /// # Panics
    /// Where it is refused.
    #[track_caller]
    pub fn and(self, actor: impl Into<Actor>, command: impl Into<Command>) -> Self {
        self.when(actor, command).then(done())
    }

    /// Sets the stage by changing the policy. What links there are keep the terms that were agreed
    /// upon (P-13): see [`Given::agreed`].
    ///
    /// # Panics
    /// Where the policy is refused.
    #[track_caller]
    pub fn under(self, change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = self.policy();
        change(&mut policy);
        self.and(STAFF, SetPolicy::new(Box::new(policy)))
    }

    /// Sets the stage by moving a link to the terms of the policy in force, with the customer's
    /// word where that takes it (P-13).
    ///
    /// # Panics
    /// Where something stands in the way.
    #[track_caller]
    pub fn agreed(self, link: LinkId) -> Self {
        let ticket = || staff_for("AGREED");
        let when = self.when(ticket(), ProposeTerms::new(link));
        let proposal = when.events().iter().find_map(|event| match event {
            Event::Proposed { proposal, .. } => Some(*proposal),
            _ => None,
        });
        let given = when.then(done());
        match proposal {
            Some(proposal) => given.and(ticket(), AcceptProposal::new(proposal)),
            None => given,
        }
    }

    /// Lets days pass.
    pub fn later(self, days: u32) -> Self {
        self.clock.pass_days(days);
        self
    }

    /// Lets the clock do what is due.
    ///
    /// # Panics
    /// Where it cannot.
    #[track_caller]
    pub fn swept(self) -> Self {
        self.engine.sweep().expect("what is due happens");
        self
    }

    /// The policy in force.
    ///
    /// # Panics
    /// Where the store cannot be read.
    pub fn policy(&self) -> Policy {
        self.engine.read().and_then(|read| Ok(read.now()?.policy().clone())).expect("the store is read")
    }

    /// The answer of a check.
    ///
    /// # Panics
    /// Where the store cannot be read.
    #[track_caller]
    pub fn verdict(
        &self,
        user: UserId,
        permission: &str,
        tenant: TenantId,
        service: Option<&str>,
    ) -> Verdict {
        let mut question = Question::new(user, text(permission), tenant);
        question.service = service.map(text);
        self.engine.check(&question).expect("the store is read")
    }

    /// Expects that a user may do something.
    ///
    /// # Panics
    /// Where they may not.
    #[track_caller]
    pub fn then_may(self, user: UserId, permission: &str, tenant: TenantId) -> Self {
        let reason = self.verdict(user, permission, tenant, None).reason;
        assert_eq!(reason, None, "{permission} on {tenant}");
        self
    }

    /// Expects that a user may not do something, for this reason.
    ///
    /// # Panics
    /// Where they may, or the reason is another.
    #[track_caller]
    pub fn then_denied(self, user: UserId, permission: &str, tenant: TenantId, reason: Code) -> Self {
        let found = self.verdict(user, permission, tenant, None).reason;
        assert_eq!(found, Some(reason), "{permission} on {tenant}");
        self
    }

    /// An entity as it is now.
    ///
    /// # Panics
    /// Where the store cannot be read.
    pub fn find<E: Entity>(&self, id: Uuid) -> Option<Arc<E>> {
        self.engine.read().and_then(|read| read.now()?.host().get(id)).expect("the store is read")
    }

    /// An entity that must be there.
    ///
    /// # Panics
    /// Where it is not there.
    #[track_caller]
    pub fn get<E: Entity>(&self, id: Uuid) -> Arc<E> {
        self.find(id).expect("it is there")
    }

    /// Looks at the world without changing it.
    pub fn look(self, look: impl FnOnce(&Self)) -> Self {
        look(&self);
        self
    }

    /// Expects the journal to verify and to lead to the present.
    ///
    /// # Panics
    /// Where it does not.
    #[track_caller]
    pub fn verified(&self) {
        self.engine.verify().expect("the journal holds and leads to the present");
    }
}

/// A world and how a command fared in it.
#[derive(Debug)]
pub struct When {
    given: Given,
    /// What was asked.
    pub request: Request,
    /// What came of it.
    pub answer: Result<Receipt<Vec<Event>>, Error>,
}

impl When {
    /// Expects an outcome, and goes on.
    ///
    /// # Panics
    /// Where the outcome is another.
    #[track_caller]
    pub fn then(self, expected: Expected) -> Given {
        let what = format!("{} from {:?}", self.request.command.name(), self.request.actor);
        match (&self.answer, expected) {
            (Ok(_), Expected::Done) => {}
            (Ok(receipt), Expected::Happened(events)) => {
                let found: Vec<String> = receipt.outcome.iter().map(event_name).collect();
                assert_eq!(found, events, "{what}");
            }
            (Err(error), Expected::Refused(code)) => assert_eq!(error.code(), Some(code), "{what}: {error}"),
            (answer, expected) => {
                let found = answer.as_ref().map_err(ToString::to_string).map(|receipt| &receipt.outcome);
                assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{what}");
            }
        }
        self.given
    }

    /// The refusal.
    ///
    /// # Panics
    /// Where the command was done.
    #[track_caller]
    pub fn refusal(&self) -> &Refusal {
        self.answer.as_ref().err().and_then(Error::refusal).expect("it is refused")
    }

    /// What happened.
    ///
    /// # Panics
    /// Where the command was refused.
    #[track_caller]
    pub fn events(&self) -> &[Event] {
        &self.receipt().outcome
    }

    /// The receipt.
    ///
    /// # Panics
    /// Where the command was refused.
    #[track_caller]
    pub fn receipt(&self) -> &Receipt<Vec<Event>> {
        self.answer.as_ref().expect("it is done")
    }
}
