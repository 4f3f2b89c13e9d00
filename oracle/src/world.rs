//! What the oracle remembers: plain lists of plain structs, searched from the front. It decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;

use tenantry::base::ids::{
    IntegrationId, InvitationId, LicenceId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId,
    RoleId, SessionId, TenantId, UploadId, UserId,
};
use tenantry::base::text::{
    CompanyName, Coordinates, Country, Email, ExternalId, IntegrationName, IntegrationType, IssueCategory,
    ManagementType, Number, Permission, PersonName, Phone, Prefix, Reference, ReturnPlace, RoleName, Service,
    Street, System, Website,
};
use tenantry::base::time::Timestamp;
use tenantry::command::Request;
use tenantry::model::{
    Actor, Audience, EndCause, HandshakeState, Operation, ProposalContent, ResellerStatus, RoleRef, Stage,
    Subject, TenantKind, TermRequest, UserState,
};
use tenantry::policy::{ManagementRule, Policy};

use crate::term::{begun, passed_moment};

/// Whom something is for.
#[derive(Clone, Debug, PartialEq)]
pub enum For {
    /// A manager's side, about a tenant that it manages, did, or would.
    Manager(TenantId, TenantId),
    /// The same of a link that has ended: even of a manager that is gone somebody is told.
    Parted(TenantId, TenantId),
    /// A tenant's own side; whether it ends or changes access.
    Customer(TenantId, bool),
    /// Those of a tenant who have to do with its devices, or with what it has connected.
    Admins(TenantId),
    /// One person.
    Person(UserId),
    /// A tenant's admins, but for whom it is about.
    Others(TenantId, UserId),
    /// Whoever is asked to be the first super admin of a tenant that has none.
    Newcomer(TenantId),
    /// A tenant's admins and those of its managers, as for service mail.
    Everybody(TenantId),
}

/// Something that has to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// What it says, as it crosses the border.
    pub kind: Value,
    pub to: Vec<For>,
    /// The worlds right before and right after it happened.
    pub around: Rc<[Oracle; 2]>,
}

/// A side that keeps a tenant disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Own,
    Operator,
    /// Whoever manages it through this link.
    Link(LinkId),
}

/// Who is asked something, or told of what is given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Addressee {
    Tenant(TenantId),
    Person(UserId),
    /// Both sides of a link.
    Link(LinkId),
}

/// An organisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    pub id: TenantId,
    pub number: Number,
    pub kind: TenantKind,
    pub name: CompanyName,
    pub country: Option<Country>,
    pub website: Option<Website>,
    pub prefix: Option<Prefix>,
    pub operation: Operation,
    /// Who keeps it disabled.
    pub held_by: BTreeSet<Holder>,
    /// Whether it ever had an active super admin of its own.
    pub had_owner: bool,
    /// When it came to be.
    pub since: Timestamp,
    pub deleted: bool,
    pub street: Option<Street>,
    pub coordinates: Option<Coordinates>,
    pub phone: Option<Phone>,
}

/// A manager and a managed tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub id: LinkId,
    pub manager: TenantId,
    pub managed: TenantId,
    pub management: ManagementType,
    /// The number of the terms that both sides agreed to (P-13).
    pub terms: usize,
    pub services: BTreeSet<Service>,
    pub grants: BTreeSet<Permission>,
    pub stage: Stage,
    pub since: Timestamp,
    /// When a delink request was made.
    pub delink_asked: Option<Timestamp>,
    /// When a delink request lapses.
    pub delink_expires: Option<Timestamp>,
    /// When the notice period of a delink request is over (D-8).
    pub delink_ends: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    pub extend_days: Option<u32>,
    pub announced: Option<u32>,
    pub ended: Option<EndCause>,
    pub ended_at: Option<Timestamp>,
    /// What the managed tenant was called, and whether it was enabled, when the link ended.
    pub at_end: Option<(CompanyName, Operation)>,
    /// Whether it kept the managed tenant disabled until it ended.
    pub held_to_end: bool,
    /// Who was kept off the managed tenant when it ended (T-9).
    pub kept_off: BTreeSet<UserId>,
}

impl Link {
    /// Active or delink requested, and not ended by itself.
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.stage != Stage::Delinked && self.end().is_none_or(|(end, _)| at < end)
    }

    /// When and why it ends by itself: once its term has run out, unless that extends itself (L-9),
    /// or once a notice period is over (D-8), whichever is first; the notice period, if both are at
    /// once.
    pub fn end(&self) -> Option<(Timestamp, EndCause)> {
        let term = self.expires.filter(|_| self.extend_days.is_none());
        match (self.delink_ends, term) {
            (Some(notice), None) => Some((notice, EndCause::NoticeOver)),
            (Some(notice), Some(term)) if notice <= term => Some((notice, EndCause::NoticeOver)),
            (_, Some(term)) => Some((term, EndCause::Expired)),
            (None, None) => None,
        }
    }

    /// The same link with a term that begins at a moment: what has passed before its end counts as
    /// announced (L-9).
    pub fn with_term(self, term: Option<TermRequest>, at: Timestamp) -> Self {
        let Some(term) = term else { return self };
        let (end, extend_days) = begun(term, at);
        Self { expires: Some(end), extend_days, announced: passed_moment(end, at), ..self }
    }

    /// What has been announced after a change of its term, which is judged anew; unless the notice
    /// period was what ends the link and still is (L-9, D-8).
    pub fn announce_term(&mut self, before: &Self, at: Timestamp) {
        let by_notice = |link: &Self| link.end().is_some_and(|(_, cause)| cause == EndCause::NoticeOver);
        if by_notice(before) && by_notice(self) {
            return;
        }
        let end = self.end().map(|(end, _)| end).or(self.expires);
        self.announced = end.and_then(|end| passed_moment(end, at));
    }

    /// The same after a notice period has begun or was called off: nothing is announced of an end
    /// that does not move (D-8).
    pub fn announce_notice(&mut self, before: &Self, at: Timestamp) {
        let end = |link: &Self| link.end().map(|(end, _)| end);
        if end(before) != end(self) {
            self.announced = end(self).and_then(|end| passed_moment(end, at));
        }
    }
}

/// A request to link an existing tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRequest {
    pub id: LinkRequestId,
    pub manager: TenantId,
    pub managed: TenantId,
    pub management: ManagementType,
    /// The number of the terms under which it was sent (P-13).
    pub terms: usize,
    pub services: BTreeSet<Service>,
    pub term: Option<TermRequest>,
    /// On whom it rests; on nobody, if the operator sent it.
    pub sender: Option<Subject>,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

/// A tenant's invitation of an MSP, to ask to manage it.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagerInvitation {
    pub id: ManagerInvitationId,
    pub tenant: TenantId,
    pub manager: TenantId,
    /// On whom it rests; on nobody, if the operator sent it.
    pub sender: Option<Subject>,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

/// What a user was last asked to confirm.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressChange {
    /// The how manieth it is of all there ever were.
    pub number: u32,
    pub user: UserId,
    pub home: TenantId,
    /// The address, as long as they are asked.
    pub email: Option<Email>,
    /// On whom it rests.
    pub sender: Option<Subject>,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

/// An address that a user had.
#[derive(Clone, Debug, PartialEq)]
pub struct Former {
    pub user: UserId,
    pub email: Email,
    /// The change by which it was lost, if it was asked for.
    pub change: Option<u32>,
    pub until: Timestamp,
}

/// What a manager would like to have changed about a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    pub id: ProposalId,
    pub link: LinkId,
    pub manager: TenantId,
    pub managed: TenantId,
    pub content: ProposalContent,
    /// On whom it rests; on nobody, if the operator sent it.
    pub sender: Option<Subject>,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

/// An invitation of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    pub id: InvitationId,
    pub user: UserId,
    pub tenant: TenantId,
    pub role: RoleRef,
    pub below: bool,
    pub sign_up: bool,
    /// Whether it offers nothing that is reserved, whatever the role holds (P-16).
    pub masked: bool,
    /// On whom it rests; on nobody, if the operator sent it.
    pub sender: Option<Subject>,
    /// Whether the tenant came into being with it.
    pub of_a_new_tenant: bool,
    pub state: HandshakeState,
    /// When it was sent first.
    pub asked: Timestamp,
    pub expires: Timestamp,
}

impl Invitation {
    /// What it offers.
    pub fn offered(&self) -> Assignment {
        let Self { user, tenant, ref role, below, masked, .. } = *self;
        Assignment { user, tenant, role: role.clone(), below, masked }
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub id: UserId,
    pub home: TenantId,
    pub state: UserState,
    pub email: Option<Email>,
    pub name: Option<PersonName>,
}

impl User {
    /// Whether the user holds an address.
    pub fn is_living(&self) -> bool {
        self.state == UserState::Active || self.state == UserState::Blocked
    }
}

/// A role on a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    pub user: UserId,
    pub tenant: TenantId,
    pub role: RoleRef,
    pub below: bool,
    /// Whether it gives nothing that is reserved, whatever the role holds (P-16).
    pub masked: bool,
}

/// For how long a role is given: from when on, and until when, unless for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct While {
    pub starts: Timestamp,
    pub ends: Option<Timestamp>,
}

impl While {
    pub const FOR_GOOD: Self = Self { starts: Timestamp::MIN, ends: None };

    /// Whether a moment is of it.
    pub fn has(self, moment: Timestamp) -> bool {
        self.starts <= moment && self.ends.is_none_or(|ends| moment < ends)
    }
}

/// A role for a while, by what it is told from others: of whom, where, and until when.
pub type Laid = (UserId, TenantId, Timestamp);

/// For how long somebody has made use of what they are eligible for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Active {
    pub since: Timestamp,
    pub ends: Timestamp,
}

/// A role that somebody has on a tenant for a while, over whatever they have there.
#[derive(Clone, Debug, PartialEq)]
pub struct Temporary {
    pub given: Assignment,
    pub starts: Timestamp,
    pub ends: Timestamp,
    /// Whether it is recorded that it has begun.
    pub begun: bool,
    /// Whether it counts only as long as its user has it active.
    pub eligible: bool,
    /// That they have, as recorded.
    pub active: Option<Active>,
}

impl Temporary {
    pub fn laid(&self) -> Laid {
        (self.given.user, self.given.tenant, self.ends)
    }

    pub fn lasts(&self) -> While {
        While { starts: self.starts, ends: Some(self.ends) }
    }

    /// Whether it counts at a moment; at the beginning of all time, as recorded.
    pub fn in_force(&self, at: Timestamp) -> bool {
        match (self.eligible, at == Timestamp::MIN) {
            (false, true) => self.begun,
            (false, false) => self.lasts().has(at),
            (true, true) => self.active.is_some(),
            (true, false) => self.active_at(at).is_some_and(|active| active.since <= at),
        }
    }

    /// Until when it is active, unless that has passed.
    pub fn active_at(&self, at: Timestamp) -> Option<Active> {
        self.active.filter(|active| at < active.ends)
    }

    /// Whether its user may activate it at a moment.
    pub fn can_be_activated(&self, at: Timestamp) -> bool {
        self.eligible && self.lasts().has(at)
    }

    /// The moments at which it turns.
    pub fn turns(&self) -> impl Iterator<Item = Timestamp> {
        [self.starts, self.ends].into_iter().chain(self.active.map(|active| active.ends))
    }
}

/// A tenant's own role.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    pub id: RoleId,
    pub tenant: TenantId,
    pub name: RoleName,
    pub permissions: BTreeSet<Permission>,
}

/// A tenant that a reseller has added.
#[derive(Clone, Debug, PartialEq)]
pub struct ResellerCustomer {
    pub reseller: TenantId,
    pub tenant: TenantId,
    pub reference: Option<Reference>,
    pub status: ResellerStatus,
    pub since: Timestamp,
}

/// Devices that came together.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    pub id: UploadId,
    pub reseller: TenantId,
    pub to: TenantId,
    pub at: Timestamp,
    /// How many devices it had.
    pub devices: u64,
}

/// One move of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    pub link: LinkId,
    pub to: TenantId,
}

/// A device and everywhere it has been.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// What it is called: the id that was typed first.
    pub id: String,
    /// Its other ids.
    pub others: BTreeSet<String>,
    pub upload: Upload,
    /// Where it went since.
    pub moved: Vec<Moved>,
    pub seat: Option<LicenceId>,
}

impl Device {
    /// Everything it goes by.
    pub fn ids(&self) -> impl Iterator<Item = &String> {
        [&self.id].into_iter().chain(&self.others)
    }

    pub fn goes_by(&self, id: &str) -> bool {
        self.ids().any(|one| one == id)
    }

    pub fn holder(&self) -> TenantId {
        self.moved.last().map_or(self.upload.to, |moved| moved.to)
    }
}

/// A move that has to be approved.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    pub id: MoveId,
    pub link: LinkId,
    pub manager: TenantId,
    pub customer: TenantId,
    pub devices: BTreeSet<String>,
    /// On whom it rests; on nobody, if the operator sent it.
    pub sender: Option<Subject>,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

/// Something a tenant has connected.
#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    pub id: IntegrationId,
    pub owner: TenantId,
    pub kind: IntegrationType,
    pub name: IntegrationName,
    pub attached: BTreeSet<TenantId>,
    pub deleted: bool,
}

/// Seats for a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Licence {
    pub id: LicenceId,
    pub service: Service,
    pub seats: u32,
    pub tenant: TenantId,
    pub buyer: TenantId,
    pub expires: Option<Timestamp>,
}

/// Who gets alerts of a category.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRule {
    pub tenant: TenantId,
    pub category: IssueCategory,
    pub audience: Audience,
    pub additional: BTreeSet<UserId>,
}

/// A console that was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub tenant: TenantId,
    pub service: Service,
    pub return_to: ReturnPlace,
    pub opened: Timestamp,
    pub closed: Option<Timestamp>,
    /// Whether it was not closed but ended.
    pub ended: bool,
}

/// What an id of another system leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeadsTo {
    Tenant(TenantId),
    User(UserId),
    /// A device, by what it is called.
    Device(String),
}

/// An id of another system that an organisation keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The how manieth it is of all there ever were.
    pub number: u32,
    pub keeper: TenantId,
    pub system: System,
    pub id: ExternalId,
    pub of: LeadsTo,
    pub since: Timestamp,
}

/// The tenants that one thing that happened is about, and the home of whoever else has to do with it.
pub type Group = (BTreeSet<TenantId>, Option<TenantId>);

/// Several things, each as the organisations that it concerns.
pub type Deeds = Vec<BTreeSet<TenantId>>;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub at: Timestamp,
    pub actor: Actor,
    pub command: String,
    pub groups: BTreeSet<Group>,
    /// What was commanded, deed by deed, as the organisations that have to do with it: the rest only follows from that.
    pub deeds: Deeds,
    /// Whether it was refused; then all of it is one thing that happened.
    pub refused: bool,
    /// The worlds right before and right after it.
    pub around: Rc<[Oracle; 2]>,
}

/// Everything that happened.
pub type Journal = Vec<Rc<Entry>>;

/// Everything there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Oracle {
    pub policy: Rc<Policy>,
    /// The policies there were, of those that mean the same for links the first: what links are
    /// under, by number (P-13).
    pub terms: Vec<Rc<Policy>>,
    pub tenants: Vec<Tenant>,
    pub links: Vec<Link>,
    pub requests: Vec<LinkRequest>,
    pub manager_invitations: Vec<ManagerInvitation>,
    /// The managers that a tenant keeps from asking: the tenant, the manager, and since when.
    pub barred: Vec<(TenantId, TenantId, Timestamp)>,
    pub address_changes: Vec<AddressChange>,
    /// How many addresses were ever asked for.
    pub changes_asked: u32,
    pub former: Vec<Former>,
    pub proposals: Vec<Proposal>,
    pub invitations: Vec<Invitation>,
    pub users: Vec<User>,
    /// The roles that stand for good.
    pub assignments: Vec<Assignment>,
    /// Those for a while that have not ended, in the order in which they were given.
    pub temporaries: Vec<Temporary>,
    pub roles: Vec<Role>,
    /// The ids of all roles there ever were.
    pub used_role_ids: BTreeSet<RoleId>,
    pub reseller_customers: Vec<ResellerCustomer>,
    /// Every upload there ever was.
    pub uploads: Vec<Upload>,
    /// The devices of uploads that their resellers took back, as they were called (V-10).
    pub withdrawn: BTreeSet<(UploadId, String)>,
    /// The devices that some tenant holds.
    pub devices: Vec<Device>,
    /// The ids of all devices there ever were.
    pub used_devices: BTreeSet<String>,
    pub moves: Vec<Move>,
    pub integrations: Vec<Integration>,
    pub licences: Vec<Licence>,
    pub alert_rules: Vec<AlertRule>,
    pub sessions: Vec<Session>,
    /// The ids of other systems that lead somewhere.
    pub kept: Vec<Kept>,
    /// How many of them there ever were.
    pub ids_kept: u32,
    /// Those that went by what happened last, and whose they had led to.
    pub gone: Vec<(Kept, TenantId)>,
    /// With what some have gone so far.
    pub ways: BTreeSet<&'static str>,
    /// Prefixes that were given back, and until when each rests; for ever, if that is none.
    pub resting: BTreeMap<Prefix, Option<Timestamp>>,
    /// How many refused commands of each user were recorded in which hour.
    pub refusals: BTreeMap<UserId, (i64, u32)>,
    /// How often an addressee was asked by an organisation on the last day on which they were.
    pub asked: BTreeMap<(Addressee, TenantId), (i64, u32)>,
    /// The commands that were carried out, as they were sent.
    pub carried_out: Vec<Rc<Request>>,
    /// Whether anybody's data was erased, and with it what tells apart two commands about them.
    pub erased: bool,
    /// What happened, where somebody wants to read it.
    pub journal: Option<Journal>,
    /// What has to be told and was not read yet, where somebody wants to read it.
    pub outbox: Option<Vec<Sent>>,
}

impl Oracle {
    /// An empty world under a policy.
    pub fn new(policy: Policy) -> Self {
        let policy = Rc::new(policy);
        Self {
            terms: vec![Rc::clone(&policy)],
            policy,
            tenants: Vec::new(),
            links: Vec::new(),
            requests: Vec::new(),
            manager_invitations: Vec::new(),
            barred: Vec::new(),
            address_changes: Vec::new(),
            changes_asked: 0,
            former: Vec::new(),
            proposals: Vec::new(),
            invitations: Vec::new(),
            users: Vec::new(),
            assignments: Vec::new(),
            temporaries: Vec::new(),
            roles: Vec::new(),
            used_role_ids: BTreeSet::new(),
            reseller_customers: Vec::new(),
            uploads: Vec::new(),
            withdrawn: BTreeSet::new(),
            devices: Vec::new(),
            used_devices: BTreeSet::new(),
            moves: Vec::new(),
            integrations: Vec::new(),
            licences: Vec::new(),
            alert_rules: Vec::new(),
            sessions: Vec::new(),
            kept: Vec::new(),
            ids_kept: 0,
            gone: Vec::new(),
            ways: BTreeSet::new(),
            resting: BTreeMap::new(),
            refusals: BTreeMap::new(),
            asked: BTreeMap::new(),
            carried_out: Vec::new(),
            erased: false,
            journal: None,
            outbox: None,
        }
    }

    /// The tenant, deleted or not.
    pub fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == id)
    }

    /// The tenant, if it lives.
    pub fn living(&self, id: TenantId) -> Option<&Tenant> {
        self.tenant(id).filter(|tenant| !tenant.deleted)
    }

    pub fn tenant_mut(&mut self, id: TenantId) -> &mut Tenant {
        self.tenants.iter_mut().find(|tenant| tenant.id == id).unwrap()
    }

    pub fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.iter().find(|link| link.id == id)
    }

    pub fn link_mut(&mut self, id: LinkId) -> &mut Link {
        self.links.iter_mut().find(|link| link.id == id).unwrap()
    }

    pub fn request(&self, id: LinkRequestId) -> Option<&LinkRequest> {
        self.requests.iter().find(|request| request.id == id)
    }

    pub fn request_mut(&mut self, id: LinkRequestId) -> &mut LinkRequest {
        self.requests.iter_mut().find(|request| request.id == id).unwrap()
    }

    pub fn invitation(&self, id: InvitationId) -> Option<&Invitation> {
        self.invitations.iter().find(|invitation| invitation.id == id)
    }

    pub fn invitation_mut(&mut self, id: InvitationId) -> &mut Invitation {
        self.invitations.iter_mut().find(|invitation| invitation.id == id).unwrap()
    }

    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub fn user_mut(&mut self, id: UserId) -> &mut User {
        self.users.iter_mut().find(|user| user.id == id).unwrap()
    }

    pub fn role(&self, id: RoleId) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// The role that somebody has on a tenant for good.
    pub fn lasting(&self, user: UserId, tenant: TenantId) -> Option<&Assignment> {
        self.assignments.iter().find(|a| a.user == user && a.tenant == tenant)
    }

    /// The roles that somebody has on a tenant for a while, now or later, the one that was given last last.
    pub fn laid(
        &self,
        user: UserId,
        tenant: TenantId,
        at: Timestamp,
    ) -> impl DoubleEndedIterator<Item = &Temporary> {
        let theirs = move |one: &&Temporary| one.given.user == user && one.given.tenant == tenant;
        self.temporaries.iter().filter(move |one| theirs(one) && at < one.ends)
    }

    /// What decides at a moment about somebody on a tenant: of what counts for a while what was given last, else what stands
    /// there for good.
    pub fn assignment(&self, user: UserId, tenant: TenantId, at: Timestamp) -> Option<&Assignment> {
        let laid = self.laid(user, tenant, Timestamp::MIN).rfind(|one| one.in_force(at));
        laid.map(|one| &one.given).or_else(|| self.lasting(user, tenant))
    }

    /// When a role that decides ends by itself.
    pub fn ends_of(&self, decides: &Assignment) -> Option<Timestamp> {
        let laid = self.temporaries.iter().find(|one| std::ptr::eq(&one.given, decides))?;
        Some(laid.active.map_or(laid.ends, |active| active.ends))
    }

    /// How many roles lie over each other for somebody on a tenant, what is active beside what it is active of.
    pub fn lying(&self, user: UserId, tenant: TenantId, at: Timestamp) -> usize {
        self.laid(user, tenant, at).map(|one| 1 + usize::from(one.active_at(at).is_some())).sum()
    }

    /// Whether anything of somebody's on a tenant ends at a moment.
    pub fn ends_anything(&self, user: UserId, tenant: TenantId, ends: Timestamp) -> bool {
        let laid = self.laid(user, tenant, Timestamp::MIN);
        let mut moments = laid.flat_map(|one| [Some(one.ends), one.active.map(|active| active.ends)]);
        moments.any(|moment| moment == Some(ends))
    }

    /// What somebody has on a tenant until a moment is over: a role for a while, with what is active of it, or only that it is
    /// active.
    pub fn end_laid(&mut self, (user, tenant, ends): Laid) {
        self.temporaries.retain(|one| one.laid() != (user, tenant, ends));
        for one in &mut self.temporaries {
            if (one.given.user, one.given.tenant) == (user, tenant) {
                one.active = one.active.filter(|active| active.ends != ends);
            }
        }
    }

    /// Everybody who has a role somewhere, with where.
    pub fn pairs(&self) -> BTreeSet<(UserId, TenantId)> {
        let lasting = self.assignments.iter().map(|a| (a.user, a.tenant));
        let laid = self.temporaries.iter().map(|one| (one.given.user, one.given.tenant));
        lasting.chain(laid).collect()
    }

    /// Everything that is given, for good or for a while.
    pub fn all_given(&self) -> impl Iterator<Item = &Assignment> {
        self.assignments.iter().chain(self.temporaries.iter().map(|one| &one.given))
    }

    /// What a management type means today.
    pub fn management(&self, name: &ManagementType) -> Option<&ManagementRule> {
        self.policy.management_types.iter().find(|rule| rule.name == *name)
    }

    /// The links in force by which others manage the tenant.
    pub fn links_above(&self, tenant: TenantId, at: Timestamp) -> Vec<&Link> {
        self.links.iter().filter(|link| link.managed == tenant && link.in_force(at)).collect()
    }

    /// The links in force by which the tenant manages others.
    pub fn links_below(&self, tenant: TenantId, at: Timestamp) -> Vec<&Link> {
        self.links.iter().filter(|link| link.manager == tenant && link.in_force(at)).collect()
    }

    /// Every tenant somewhere below.
    pub fn all_below(&self, tenant: TenantId, at: Timestamp) -> BTreeSet<TenantId> {
        let mut found = BTreeSet::new();
        for link in self.links_below(tenant, at) {
            found.insert(link.managed);
            found.extend(self.all_below(link.managed, at));
        }
        found
    }

    /// Whether `upper` manages `lower`, directly or through others.
    pub fn manages(&self, upper: TenantId, lower: TenantId, at: Timestamp) -> bool {
        self.links_above(lower, at)
            .iter()
            .any(|link| link.manager == upper || self.manages(upper, link.manager, at))
    }

    /// How many links the longest chain above has.
    pub fn height_above(&self, tenant: TenantId, at: Timestamp) -> u32 {
        self.links_above(tenant, at)
            .iter()
            .map(|link| 1 + self.height_above(link.manager, at))
            .max()
            .unwrap_or(0)
    }

    /// How many links the longest chain below has.
    pub fn depth_below(&self, tenant: TenantId, at: Timestamp) -> u32 {
        self.links_below(tenant, at)
            .iter()
            .map(|link| 1 + self.depth_below(link.managed, at))
            .max()
            .unwrap_or(0)
    }

    /// Whether a link in force locks the tenant's own users out (P-4).
    pub fn is_locked(&self, tenant: TenantId, at: Timestamp) -> bool {
        self.links_above(tenant, at).iter().any(|link| self.rule(link).locks_customer)
    }

    /// The role that holds everything.
    pub fn super_role(&self) -> RoleRef {
        RoleRef::Builtin(self.policy.super_role.clone())
    }

    /// Whether the assignment makes a super admin; a masked one never does (P-16).
    pub fn makes_super(&self, assignment: &Assignment) -> bool {
        assignment.role == self.super_role() && !assignment.masked
    }

    /// Remembers that the user's home has had an owner, if that is what the user is (L-1).
    pub fn note_owner(&mut self, user: UserId, at: Timestamp) {
        let home = self.user(user).unwrap().home;
        if self.active_super_admins(home, at).contains(&user) {
            self.tenant_mut(home).had_owner = true;
        }
    }

    /// The active users at home on the tenant whose role there is the super role.
    pub fn active_super_admins(&self, tenant: TenantId, at: Timestamp) -> Vec<UserId> {
        let is_super = |user: &&User| {
            user.home == tenant
                && user.state == UserState::Active
                && self.assignment(user.id, tenant, at).is_some_and(|a| self.makes_super(a))
        };
        self.users.iter().filter(is_super).map(|user| user.id).collect()
    }

    /// Those of them who are super admins for good: nothing less lies over it, now or later (U-3, X-4).
    pub fn lasting_super_admins(&self, tenant: TenantId, at: Timestamp) -> Vec<UserId> {
        let is_super = |user: &&User| {
            user.home == tenant
                && user.state == UserState::Active
                && self.lasting(user.id, tenant).is_some_and(|a| self.makes_super(a))
                && self.laid(user.id, tenant, at).all(|one| self.makes_super(&one.given))
        };
        self.users.iter().filter(is_super).map(|user| user.id).collect()
    }

    /// The active users at home on the tenant who are super admins by what stands, whatever lies over that.
    pub fn standing_super_admins(&self, tenant: TenantId) -> Vec<UserId> {
        let is_super = |user: &&User| {
            user.home == tenant
                && user.state == UserState::Active
                && self.lasting(user.id, tenant).is_some_and(|a| self.makes_super(a))
        };
        self.users.iter().filter(is_super).map(|user| user.id).collect()
    }

    /// Of whom a tenant keeps one: its super admins for good, or where there are none those by what stands; one that is locked keeps
    /// nobody (U-3, X-4).
    pub fn kept_super_admins(&self, tenant: TenantId, at: Timestamp) -> Vec<UserId> {
        if self.is_locked(tenant, at) {
            return Vec::new();
        }
        let lasting = self.lasting_super_admins(tenant, at);
        if lasting.is_empty() { self.standing_super_admins(tenant) } else { lasting }
    }
}
