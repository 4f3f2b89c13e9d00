//! The entities: what a view holds. Plain structs; only [`crate::apply`] writes them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::temporary::Temporary;
use super::words::{
    Audience, EndCause, HandshakeState, Hold, Operation, Party, ResellerStatus, RoleRef, Stage, Subject,
    TenantKind, UserState,
};
use crate::base::ids::{
    AssignmentId, IntegrationId, InvitationId, LicenceId, LinkId, LinkRequestId, ManagerInvitationId, MoveId,
    ProposalId, RoleId, SessionId, TenantId, UserId,
};
use crate::base::text::{
    CompanyName, Coordinates, Country, DeviceId, Email, ExternalId, IntegrationName, IntegrationType,
    IssueCategory, ManagementType, Number, Permission, PersonName, Phone, Prefix, Reference, ReturnPlace,
    RoleName, Service, Street, System, Website,
};
use crate::base::time::Timestamp;

/// An organisation (T).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Tenant {
    /// The technical key.
    pub id: TenantId,
    /// The public id that people type; unique, never changed, never reused.
    pub number: Number,
    /// What kind of organisation it is.
    pub kind: TenantKind,
    /// The company name.
    pub name: CompanyName,
    /// The country, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The website, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
    /// The domain prefix it holds now (T-3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Prefix>,
    /// Whether it can be worked on (T-5).
    pub operation: Operation,
    /// Who keeps it disabled, but for its managers, of whom each link says so (T-5).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub holds: BTreeSet<Hold>,
    /// How many devices it holds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub devices: u64,
    /// Whether it ever had an active super admin of its own: until then, its manager names its
    /// owner (P-15).
    #[serde(default, skip_serializing_if = "is_false")]
    pub had_owner: bool,
    /// When it was registered.
    pub since: Timestamp,
    /// When it was deleted; what remains is a tombstone (T-7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
}

/// The key of something that other things make unique: a UUIDv5 in the space of its kind, which is
/// the kind's number. So no key of another kind is like it, and no id that a caller chooses can be
/// made to meet it (T-10).
pub(crate) fn derived(kind: u8, of: &[&[u8]]) -> Uuid {
    let space = Uuid::from_u128(0x7465_6e61_6e74_7279_0000_0000_0000_0000 | u128::from(kind));
    Uuid::new_v5(&space, &of.concat())
}

pub(super) const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The terms of the policy with which a store began go without saying.
pub(crate) const fn is_first(terms: &u32) -> bool {
    *terms == 0
}

pub(crate) const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Tenant {
    /// Whether it has not been deleted.
    pub const fn is_living(&self) -> bool {
        self.deleted.is_none()
    }
}

/// The end a link may have (L-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Term {
    /// When the link ends by itself.
    pub expires: Timestamp,
    /// By how many days it is prolonged instead of ending, while it extends itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_extend_days: Option<u32>,
}

/// One manager–managed relationship (L).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Link {
    /// Its key.
    pub id: LinkId,
    /// The tenant that manages.
    pub manager: TenantId,
    /// The tenant that is managed.
    pub managed: TenantId,
    /// How it is managed: a management type of the policy.
    pub management: ManagementType,
    /// The number of the terms that both sides agreed to (P-13).
    #[serde(default, skip_serializing_if = "is_first")]
    pub terms: u32,
    /// What is managed; never empty.
    pub services: BTreeSet<Service>,
    /// What the customer's super admin lets the manager do beyond the default (P-7).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<Permission>,
    /// How far it has come.
    pub stage: Stage,
    /// Whether the manager's side keeps the tenant disabled (T-5).
    #[serde(default, skip_serializing_if = "is_false")]
    pub holds: bool,
    /// When the pending delink request was made, if there is one (D).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delink_asked: Option<Timestamp>,
    /// When a pending delink request lapses, if it does (D).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delink_expires: Option<Timestamp>,
    /// When a pending delink request completes by itself: its notice period is over then (D-8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delink_ends: Option<Timestamp>,
    /// When it came into force.
    pub since: Timestamp,
    /// The end it has by itself, if any (L-9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// The least number of days before expiry that has been announced (L-9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced_days: Option<u32>,
    /// When and why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// When and why a link ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Ended {
    /// When: what time ended, when its time had come, and not when that was recorded.
    pub at: Timestamp,
    /// Why.
    pub cause: EndCause,
    /// Who was kept off the managed tenant then, and stays so (T-9).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kept_off: BTreeSet<UserId>,
}

impl Link {
    /// The tenant on one of its sides.
    pub const fn side(&self, party: Party) -> TenantId {
        match party {
            Party::Manager => self.manager,
            Party::Customer => self.managed,
        }
    }

    /// Whether the manager manages at `at`: active or delink requested, and not ended by time (P-3,
    /// L-9, D-8).
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        self.stage.is_in_force() && !self.has_lapsed(at)
    }

    /// Whether time has ended it at `at`, recorded or not.
    pub(crate) fn has_lapsed(&self, at: Timestamp) -> bool {
        self.ends_at().is_some_and(|ends| ends <= at)
    }

    /// When it ends by itself, as things stand: once its term runs out and it does not extend
    /// itself (L-9), or the notice period of a delink request is over (D-8), whichever comes first.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.term.as_ref().and_then(Term::ends_at).into_iter().chain(self.delink_ends).min()
    }

    /// Why it ends at that moment.
    pub(crate) fn end_cause(&self) -> EndCause {
        let by_notice = self.delink_ends.is_some() && self.delink_ends == self.ends_at();
        if by_notice { EndCause::NoticeOver } else { EndCause::Expired }
    }
}

/// Days before a link's end at which both sides are told (L-9, D-8).
pub(crate) const ANNOUNCE_DAYS: [u32; 3] = [30, 7, 1];

/// The least of [`ANNOUNCE_DAYS`] before an end that has come by `at`.
pub(crate) fn announced_by(ends: Timestamp, at: Timestamp) -> Option<u32> {
    ANNOUNCE_DAYS.into_iter().filter(|&days| ends.minus_days(days) <= at).min()
}

impl Term {
    /// When it runs out, unless it extends itself.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.auto_extend_days.is_none().then_some(self.expires)
    }

    /// When it prolongs itself next, if it does. At the end of time there is nowhere left to go: it
    /// stays there.
    pub(crate) fn extends_at(&self) -> Option<Timestamp> {
        let extends = self.auto_extend_days.is_some_and(|days| days > 0);
        (extends && self.expires < Timestamp::MAX).then_some(self.expires)
    }
}

impl Link {
    /// Every moment at which the clock may have to do something about it: announce, extend or end
    /// it, or let a delink request lapse. An announcement whose link has ended by then is not made.
    pub(crate) fn moments(&self) -> BTreeSet<Timestamp> {
        if !self.stage.is_in_force() {
            return BTreeSet::new();
        }
        let extends = self.term.as_ref().and_then(Term::extends_at);
        [self.next_announced(), extends, self.ends_at(), self.delink_expires].into_iter().flatten().collect()
    }

    /// When its end is next to be announced, if it has one and not everything was said.
    pub(crate) fn next_announced(&self) -> Option<Timestamp> {
        let ends = self.ends_at()?;
        let next =
            ANNOUNCE_DAYS.into_iter().find(|&days| self.announced_days.is_none_or(|told| days < told))?;
        Some(ends.minus_days(next))
    }
}

/// Whether and until when the other side may still answer (L-3, U-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Handshake {
    /// Where it stands.
    pub state: HandshakeState,
    /// When it was asked.
    pub asked: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
    /// On whom it rests: the organisation that asks, or the person who hands something out; on
    /// nobody, if the operator sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Subject>,
}

/// How much a tenant or a user was asked by one organisation lately, so that nobody is
/// asked without end (L-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Asked {
    /// Who was asked.
    pub addressee: Uuid,
    /// By whom.
    pub by: TenantId,
    /// The beginning of the last day, of UTC, on which they were.
    pub day: Timestamp,
    /// How often they were on that day, reminders included.
    pub count: u32,
}

impl Asked {
    /// The key of an addressee and an organisation.
    pub(crate) fn key(addressee: Uuid, by: TenantId) -> Uuid {
        derived(21, &[addressee.as_bytes(), by.uuid().as_bytes()])
    }

    /// How often they were asked on the day of a moment.
    pub(crate) fn on_day_of(&self, at: Timestamp) -> u32 {
        if self.day == at.day() { self.count } else { 0 }
    }
}

impl Handshake {
    /// Those whom it is about, and on whom it rests.
    pub(crate) fn parties(&self, about: &[Uuid]) -> Vec<Uuid> {
        about.iter().copied().chain(self.sender.map(Subject::uuid)).collect()
    }

    /// Where it stands at `at`: what nobody answered in time has expired, whether or not the clock
    /// has swept.
    pub fn state_at(&self, at: Timestamp) -> HandshakeState {
        if self.state == HandshakeState::Pending && self.expires <= at {
            HandshakeState::Expired
        } else {
            self.state
        }
    }
}

/// A manager's request to link an existing tenant (L-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct LinkRequest {
    /// Its key, and the key of the link if it is accepted.
    pub id: LinkRequestId,
    /// The tenant that wants to manage.
    pub manager: TenantId,
    /// The tenant that is asked.
    pub managed: TenantId,
    /// The management type asked for.
    pub management: ManagementType,
    /// The number of the terms under which it was asked for (P-13).
    #[serde(default, skip_serializing_if = "is_first")]
    pub terms: u32,
    /// The services asked for.
    pub services: BTreeSet<Service>,
    /// How long the link would last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<TermRequest>,
    /// Where the handshake stands.
    pub handshake: Handshake,
}

/// A tenant's invitation to an MSP, to ask to manage it (L-10). It is answered by a link request,
/// or declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct ManagerInvitation {
    /// Its key.
    pub id: ManagerInvitationId,
    /// The tenant that invites.
    pub tenant: TenantId,
    /// The MSP that is invited.
    pub manager: TenantId,
    /// Where the handshake stands.
    pub handshake: Handshake,
}

/// An MSP that a tenant keeps from asking to manage it (L-10): that tenant's own affair alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct BarredManager {
    /// The tenant.
    pub tenant: TenantId,
    /// The MSP, which may have been deleted since.
    pub manager: TenantId,
    /// When it was barred.
    pub since: Timestamp,
}

/// The most MSPs that one tenant can bar (L-10).
pub const MAX_BARRED: usize = 1_000;

impl BarredManager {
    /// The key of a tenant and an MSP.
    pub fn key(tenant: TenantId, manager: TenantId) -> Uuid {
        derived(24, &[tenant.uuid().as_bytes(), manager.uuid().as_bytes()])
    }
}

/// How long a link is to last: by days from the moment at which it comes into force or is renewed,
/// or up to a moment; one of both (L-9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TermRequest {
    /// Days until it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The moment at which it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether it is prolonged instead of ending: by as many days, or by those that were left until
    /// the moment, a begun one counted whole.
    #[serde(default)]
    pub auto_extend: bool,
}

impl TermRequest {
    /// A term of so many days, after which the link ends.
    pub const fn days(days: u32) -> Self {
        Self { days: Some(days), expires_at: None, auto_extend: false }
    }

    /// A term up to a moment, at which the link ends.
    pub const fn until(moment: Timestamp) -> Self {
        Self { days: None, expires_at: Some(moment), auto_extend: false }
    }

    /// The term that begins at `at`; where it names no end, it ends there.
    pub fn starting(self, at: Timestamp) -> Term {
        let expires = self.expires_at.unwrap_or_else(|| at.plus_days(self.days.unwrap_or_default()));
        let days = self.days.unwrap_or_else(|| at.days_until(expires));
        Term { expires, auto_extend_days: self.auto_extend.then_some(days) }
    }
}

/// What a manager would like to have changed about a living link, and whoever is managed may accept
/// (L-6, L-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Proposal {
    /// Its key.
    pub id: ProposalId,
    /// The link.
    pub link: LinkId,
    /// The tenant that manages.
    pub manager: TenantId,
    /// The tenant that is asked.
    pub managed: TenantId,
    /// What would change.
    pub content: ProposalContent,
    /// Where the handshake stands.
    pub handshake: Handshake,
}

/// What a proposal would change about its link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProposalContent {
    /// More services would be managed (L-6).
    Services(BTreeSet<Service>),
    /// The link would last longer (L-9).
    Term(TermRequest),
    /// The link would be under other terms (P-13).
    Terms {
        /// The number of the terms: those of the policy that was in force when it was proposed.
        terms: u32,
        /// The management type that they are about: that of the link.
        management: ManagementType,
    },
}

impl ProposalContent {
    /// Whether both are about the same, so that one would take the other's place.
    pub const fn is_like(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Services(_), Self::Services(_))
                | (Self::Term(_), Self::Term(_))
                | (Self::Terms { .. }, Self::Terms { .. })
        )
    }
}

/// A user's invitation to their home tenant (U-2). The address is personal data of the invited
/// user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Invitation {
    /// Its key.
    pub id: InvitationId,
    /// The invited user.
    pub user: UserId,
    /// The tenant they are asked to join.
    pub tenant: TenantId,
    /// The role they get there.
    pub role: RoleRef,
    /// Whether the role covers the tenants managed below, too (P-10).
    pub below: bool,
    /// Whether the role leaves out what is reserved for the customer: its manager's side offers it
    /// (P-16).
    #[serde(default, skip_serializing_if = "is_false")]
    pub masked: bool,
    /// Whether this is the sign-up of a managed customer's first super admin (L-1).
    pub sign_up: bool,
    /// Where the handshake stands.
    pub handshake: Handshake,
}

/// A person with one home tenant (U-1). Name and address are [`Personal`] data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct User {
    /// The key.
    pub id: UserId,
    /// The tenant they belong to.
    pub home: TenantId,
    /// Where they stand.
    pub state: UserState,
    /// When they were first known.
    pub since: Timestamp,
}

/// That a user is asked to confirm another address, as it was asked last; at most one per user
/// (U-1). The address is [`Personal`] data, and is known only as long as they are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct AddressChange {
    /// Whose address; its key as well.
    pub user: UserId,
    /// The tenant they belong to.
    pub home: TenantId,
    /// Where the handshake stands.
    pub handshake: Handshake,
}

/// A user's role on a tenant (P-10), and what is laid over it for a while; at most one per
/// user and tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Assignment {
    /// Who.
    pub user: UserId,
    /// Where.
    pub tenant: TenantId,
    /// With which role.
    pub role: RoleRef,
    /// Whether it covers the tenants managed below, too.
    pub below: bool,
    /// Whether it leaves out what is reserved for the customer (P-6): the manager's side gave it to
    /// one of the customer's own people. It stays so, whatever becomes of the link, until a super
    /// admin of the customer gives it again (P-16).
    #[serde(default, skip_serializing_if = "is_false")]
    pub masked: bool,
    /// Whether nothing stands there: the role is that of something laid over it, and gives nothing
    /// by itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bare: bool,
    /// What is laid over it for a while, in the order in which it was given: of what is in force,
    /// the last decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub over: Vec<Temporary>,
}

impl Assignment {
    /// A role that stands there, with nothing laid over it.
    pub const fn standing(user: UserId, tenant: TenantId, role: RoleRef, below: bool, masked: bool) -> Self {
        Self { user, tenant, role, below, masked, bare: false, over: Vec::new() }
    }

    /// What decides at a moment: of what is laid over it and in force, what was given last, with
    /// that alone laid over it; else what stands there, if anything does.
    pub fn in_force(self: &Arc<Self>, at: Timestamp) -> Option<Arc<Self>> {
        if self.over.is_empty() && !self.bare {
            return Some(Arc::clone(self));
        }
        self.with_active(at, None)
    }

    /// The same as if what one is eligible for until a moment were active.
    pub(crate) fn with_active(
        self: &Arc<Self>,
        at: Timestamp,
        active: Option<Timestamp>,
    ) -> Option<Arc<Self>> {
        let Self { user, tenant, .. } = **self;
        let decides =
            |it: &&Temporary| it.is_in_force(at) || it.may_be_activated(at) && active == Some(it.ends);
        match self.over.iter().rev().find(decides) {
            Some(it) => {
                let held = Self::standing(user, tenant, it.role.clone(), it.below, it.masked);
                Some(Arc::new(Self { over: vec![it.clone()], ..held }))
            }
            None if self.bare => None,
            None => Some(Arc::new(Self { over: Vec::new(), ..Self::clone(self) })),
        }
    }

    /// What is laid over it and decides at a moment, if anything does.
    pub fn laid_at(&self, at: Timestamp) -> Option<&Temporary> {
        self.over.iter().rev().find(|it| it.is_in_force(at))
    }

    /// What is laid over it that has not ended by a moment.
    pub(crate) fn laid(&self, at: Timestamp) -> impl Iterator<Item = &Temporary> {
        self.over.iter().filter(move |it| it.is_to_come_or_in_force(at))
    }

    /// All that it gives from a moment on, or could: what stands there for good, and each that is
    /// laid over it for its while.
    pub(crate) fn each(
        &self,
        at: Timestamp,
    ) -> impl Iterator<Item = (&RoleRef, bool, bool, Option<&Temporary>)> {
        let standing = (!self.bare).then_some((&self.role, self.below, self.masked, None));
        standing.into_iter().chain(self.laid(at).map(|it| (&it.role, it.below, it.masked, Some(it))))
    }

    /// The roles that it gives, now or at another time, each once.
    pub(crate) fn roles(&self) -> BTreeSet<&RoleRef> {
        let standing = (!self.bare).then_some(&self.role);
        standing.into_iter().chain(self.over.iter().map(|it| &it.role)).collect()
    }

    /// Whether it covers the tenants managed below, now or at another time.
    pub(crate) fn ever_below(&self) -> bool {
        self.below && !self.bare || self.over.iter().any(|it| it.below)
    }

    /// The moments after `at` at which something else comes to decide.
    pub(crate) fn turns(&self, at: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.over.iter().flat_map(|it| [it.starts, it.ends]).filter(move |moment| *moment > at)
    }

    /// The same with another role standing there.
    pub(crate) fn with_standing(before: Option<&Self>, role: Self) -> Self {
        Self { over: before.map(|before| before.over.clone()).unwrap_or_default(), ..role }
    }

    /// The same with something more laid over it, in place of what ends at the same moment.
    pub(crate) fn with_laid(before: Option<&Self>, user: UserId, tenant: TenantId, laid: Temporary) -> Self {
        let mut all = before.cloned().unwrap_or_else(|| {
            let Temporary { role, below, masked, .. } = laid.clone();
            Self { bare: true, ..Self::standing(user, tenant, role, below, masked) }
        });
        all.over.retain(|it| it.ends != laid.ends);
        all.over.push(laid);
        all.stripped()
    }

    /// Until when there is each that one may activate from a moment on.
    pub(crate) fn eligible(&self, at: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.laid(at).filter(|it| it.eligible).map(|it| it.ends)
    }

    /// What is active of what somebody is eligible for until a moment.
    pub(crate) fn active_of(&self, ends: Timestamp) -> Option<&Temporary> {
        self.over.iter().find(|it| it.activated == Some(ends))
    }

    /// The same with what somebody is eligible for until a moment given to them from now on, right
    /// over that; nothing, where there is no such thing.
    pub(crate) fn with_activated(&self, of: Timestamp, starts: Timestamp, ends: Timestamp) -> Option<Self> {
        let mut all = self.clone();
        let at = all.over.iter().position(|it| it.eligible && it.ends == of)?;
        let below = all.over.get(at)?.clone();
        let active = Temporary { starts, ends, begun: true, eligible: false, activated: Some(of), ..below };
        all.over.insert(at + 1, active);
        Some(all)
    }

    /// The same without what is laid over it until a moment; nothing, where nothing is left.
    pub(crate) fn without_laid(&self, ends: Timestamp) -> Option<Self> {
        let mut left = self.clone();
        left.over.retain(|it| it.ends != ends);
        (!left.bare || !left.over.is_empty()).then(|| left.stripped())
    }

    /// The same without the role that stands there; nothing, where nothing is laid over it.
    pub(crate) fn without_standing(&self) -> Option<Self> {
        (!self.over.is_empty()).then(|| Self { bare: true, ..self.clone() }.stripped())
    }

    /// Where nothing stands, the role named is the first of those that are laid over it.
    fn stripped(mut self) -> Self {
        if self.bare
            && let Some(Temporary { role, below, masked, .. }) = self.over.first().cloned()
        {
            (self.role, self.below, self.masked) = (role, below, masked);
        }
        self
    }

    /// The key of the one assignment that `user` can have on `tenant`.
    pub fn key(user: UserId, tenant: TenantId) -> AssignmentId {
        AssignmentId::from_uuid(derived(6, &[user.uuid().as_bytes(), tenant.uuid().as_bytes()]))
    }

    /// Its key.
    pub fn id(&self) -> AssignmentId {
        Self::key(self.user, self.tenant)
    }
}

/// A tenant's own role (P-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Role {
    /// The key.
    pub id: RoleId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// What people call it; unique within the tenant.
    pub name: RoleName,
    /// What it holds.
    pub permissions: BTreeSet<Permission>,
    /// Whose people created it: the tenant's own, or its manager's on its behalf; the operator, if
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<TenantId>,
    /// When it was deleted; what remains is a tombstone, so that its id is not used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
}

/// The personal data kept about one subject: erasable, and in no record or entity (U-5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Personal {
    /// A person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// A person's e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The e-mail address that a person is asked to confirm, as long as they are (U-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<Email>,
    /// The addresses that they had before, the latest last, so that what warns of a change still
    /// finds the one it was for (U-1): for as many days after it was confirmed as there are to
    /// confirm one, or until the next is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<FormerEmail>,
    /// The ids that other systems know a person by, of each organisation that keeps some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external: Vec<PersonalId>,
    /// A telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// A street address; it only places the tenant on a map (T-4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<Street>,
    /// Where the street address is on a map (T-4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
}

/// An e-mail address that somebody had (U-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct FormerEmail {
    /// The address.
    pub email: Email,
    /// When another one took its place.
    pub until: Timestamp,
    /// By which record, since moments may be the same.
    #[serde(default)]
    pub seq: u64,
}

/// An id that another system knows a person by: it may be an address, so it is personal data and
/// goes with it (X-11, U-5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct PersonalId {
    /// Who keeps it.
    pub keeper: TenantId,
    /// The system.
    pub system: System,
    /// The id.
    pub id: ExternalId,
    /// Which of the person's ids it is: the number of the record that set it.
    pub entry: u64,
}

/// How to reach and find a tenant: personal data, erasable (T-2, T-4, U-5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The street address; it only places the tenant on a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<Street>,
    /// Where that is on a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    /// The telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
}

/// How a reseller added a tenant (V-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Added {
    /// The reseller's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Whether devices may be uploaded to it.
    pub status: ResellerStatus,
    /// Since when it is added.
    pub since: Timestamp,
}

/// A move of devices that awaits the customer's approval (V-7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Move {
    /// Its key.
    pub id: MoveId,
    /// The link under which they are moved.
    pub link: LinkId,
    /// Whose pool they are in.
    pub manager: TenantId,
    /// Who is to hold them.
    pub customer: TenantId,
    /// The devices.
    pub devices: BTreeSet<DeviceId>,
    /// Where the handshake stands.
    pub handshake: Handshake,
}

/// An integration that a tenant owns (I-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Integration {
    /// Its key.
    pub id: IntegrationId,
    /// Whose it is.
    pub owner: TenantId,
    /// What type it is of, such as `collector`.
    pub kind: IntegrationType,
    /// What people call it.
    pub name: IntegrationName,
    /// When it was deleted; what remains is a tombstone, so that its id is not used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Timestamp>,
}

/// An integration as it is attached at a tenant its owner manages (I-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Attachment {
    /// The integration.
    pub integration: IntegrationId,
    /// Its owner.
    pub owner: TenantId,
    /// Where it is attached.
    pub tenant: TenantId,
}

impl Attachment {
    /// The key of an integration's attachment at a tenant.
    pub fn key(integration: IntegrationId, tenant: TenantId) -> Uuid {
        derived(14, &[integration.uuid().as_bytes(), tenant.uuid().as_bytes()])
    }
}

/// A licence for a service, with seats for devices (C-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Licence {
    /// Its key.
    pub id: LicenceId,
    /// The service.
    pub service: Service,
    /// How many seats it has.
    pub seats: u32,
    /// How many of them are assigned.
    pub used: u32,
    /// Whom it serves.
    pub tenant: TenantId,
    /// Who bought it.
    pub buyer: TenantId,
    /// When it runs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// Who gets a tenant's alerts about a category of issues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct AlertRule {
    /// The tenant.
    pub tenant: TenantId,
    /// The category.
    pub category: IssueCategory,
    /// Who gets them in the first place.
    pub audience: Audience,
    /// Who gets them besides, its own people or its manager's.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub additional: BTreeSet<UserId>,
}

impl AlertRule {
    /// The key of a tenant's rule for a category.
    pub fn key(tenant: TenantId, category: &IssueCategory) -> Uuid {
        derived(16, &[tenant.uuid().as_bytes(), category.as_str().as_bytes()])
    }
}

/// A console that somebody has opened (S-1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Session {
    /// Its key.
    pub id: SessionId,
    /// Who opened it.
    pub user: UserId,
    /// Whose console it is.
    pub tenant: TenantId,
    /// Of which service.
    pub service: Service,
    /// Where to return to.
    pub return_to: ReturnPlace,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
}
