//! What every rule stands on: the world it reads, the decision it returns, and the bars it
//! collects. Decides nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use crate::base::ids::{LinkId, RoleId, TenantId, UserId};
use crate::base::text::{ManagementType, Number, Service};
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::model::{
    Actor, AddressChange, Asked, Assignment, Handshake, HandshakeState, Invitation, Link, LinkRequest,
    ManagerInvitation, Operation, Personal, Proposal, Role, RoleRef, Subject, Tenant, User, UserState,
};
use crate::policy::{ManagementRule, Policy, PolicyVersion, Terms};
use crate::refusal::{Code, Refusal};
use crate::view::{Entity, Index, Key, View, ViewError, role_strand, strands};

/// Why a rule does not go on.
#[derive(Debug)]
pub enum Stop {
    /// An expected "no".
    Refused(Refusal),
    /// The world could not be read.
    Broken(ViewError),
}

impl From<ViewError> for Stop {
    fn from(error: ViewError) -> Self {
        Self::Broken(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a rule says.
pub type Ruling<T = ()> = Result<T, Stop>;

/// What a ruling lets through; nothing, where it refuses. What else went wrong is told.
pub(crate) fn unless_refused<T>(ruling: Ruling<T>) -> Result<Option<T>, ViewError> {
    match ruling {
        Ok(passed) => Ok(Some(passed)),
        Err(Stop::Refused(_)) => Ok(None),
        Err(Stop::Broken(error)) => Err(error),
    }
}

/// A refusal, ready to return.
pub(super) fn refuse<T>(code: Code, about: impl std::fmt::Display) -> Ruling<T> {
    Err(Stop::Refused(Refusal::new(code, about)))
}

/// The bars between a command and its execution. All are noted, and the first by precedence is the
/// answer, so that the order in which a rule looks at things never shows.
#[derive(Debug, Default)]
pub(super) struct Bars(Option<Refusal>);

impl Bars {
    /// No bars yet.
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// Notes a bar where `barred`.
    pub(super) fn bar(&mut self, barred: bool, code: Code, about: impl std::fmt::Display) {
        if barred {
            self.add(Refusal::new(code, about));
        }
    }

    /// Notes what a rule says, and hands on what it found.
    ///
    /// # Errors
    /// When the world could not be read.
    pub(super) fn note<T>(&mut self, ruling: Ruling<T>) -> Result<Option<T>, ViewError> {
        match ruling {
            Ok(found) => Ok(Some(found)),
            Err(Stop::Refused(refusal)) => {
                self.add(refusal);
                Ok(None)
            }
            Err(Stop::Broken(error)) => Err(error),
        }
    }

    /// Notes a refusal.
    pub(super) fn add(&mut self, refusal: Refusal) {
        if self.0.as_ref().is_none_or(|first| refusal.code < first.code) {
            self.0 = Some(refusal);
        }
    }

    /// Notes all bars of another collection.
    pub(super) fn join(&mut self, others: Self) {
        if let Some(refusal) = others.0 {
            self.add(refusal);
        }
    }

    /// Notes bars that are another tenant's own affair: an operator is told which, a user only that
    /// there are some (T-8).
    pub(super) fn join_veiled(&mut self, others: Self, actor: &Actor, about: impl std::fmt::Display) {
        match actor {
            Actor::User(_) => self.bar(others.0.is_some(), Code::CannotBeAsked, about),
            Actor::Operator { .. } | Actor::Clock => self.join(others),
        }
    }

    /// Goes on if nothing bars the way.
    ///
    /// # Errors
    /// The first bar by precedence.
    pub(super) fn lift(self) -> Ruling {
        self.0.map_or(Ok(()), |refusal| Err(Stop::Refused(refusal)))
    }
}

/// What follows from a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What happens.
    pub events: Vec<Event>,
    /// The subjects whose personal data is replaced or, with `None`, erased.
    pub people: Vec<(Subject, Option<Personal>)>,
}

impl From<Event> for Decision {
    fn from(event: Event) -> Self {
        Self { events: vec![event], people: Vec::new() }
    }
}

impl Decision {
    /// An event, and those that come of it in the same record.
    pub(super) fn leading_to(event: Event, then: impl IntoIterator<Item = Event>) -> Self {
        std::iter::once(event).chain(then).collect::<Vec<_>>().into()
    }
}

impl From<Vec<Event>> for Decision {
    fn from(events: Vec<Event>) -> Self {
        Self { events, people: Vec::new() }
    }
}

/// What both sides of a link agreed to: its management type as it stood in a policy (P-13).
pub(crate) struct Agreed<'l> {
    /// The policy.
    pub(super) policy: Arc<PolicyVersion>,
    management: &'l ManagementType,
}

impl Agreed<'_> {
    /// What the management type means. One that there is not locks and permits nothing more.
    pub(super) fn rule(&self) -> Option<&ManagementRule> {
        self.policy.management(self.management)
    }

    /// All of it, by value.
    pub(crate) fn terms(&self) -> Option<Terms> {
        Terms::of(&self.policy, self.management)
    }

    /// Whether the manager works by the customer's grants (P-7).
    pub(super) fn need_grants(&self) -> bool {
        self.rule().is_none_or(|rule| rule.needs_grants)
    }

    /// Whether the customer's own users are locked out (P-4).
    pub(super) fn lock(&self) -> bool {
        self.rule().is_none_or(|rule| rule.locks_customer)
    }

    /// Whether a permission is the customer's to grant: where these terms say so, or the policy in
    /// force does by now (P-7).
    pub(super) fn let_grant(&self, permission: &str, today: &Policy) -> bool {
        today.grantable.contains(permission) || self.policy.grantable.contains(permission)
    }

    /// Whether the manager has to have the customer's grant for a permission (P-7).
    pub(super) fn need_grant_of(&self, permission: &str, today: &Policy) -> bool {
        self.need_grants() && self.let_grant(permission, today)
    }
}

/// A view at a moment, with the policy in force.
pub struct World<'v> {
    /// What there is.
    pub view: &'v dyn View,
    /// The moment.
    pub at: Timestamp,
    /// The policy in force.
    pub policy: Arc<PolicyVersion>,
    /// The number that the record of a command will have; 0 in the world of a question.
    pub seq: u64,
    fresh: &'v dyn Fn() -> Uuid,
    ids_may_repeat: bool,
}

impl<'v> World<'v> {
    /// The world of a command that will be record `seq`; `fresh` makes the ids that the caller left
    /// out.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn new(
        view: &'v dyn View,
        at: Timestamp,
        seq: u64,
        fresh: &'v dyn Fn() -> Uuid,
    ) -> Result<Self, ViewError> {
        let policy = view.get::<PolicyVersion>(Uuid::nil())?.unwrap_or_default();
        Ok(Self { view, at, policy, seq, fresh, ids_may_repeat: false })
    }

    /// The world of a question, in which no ids are made.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn reading(view: &'v dyn View, at: Timestamp) -> Result<Self, ViewError> {
        Self::new(view, at, 0, &Uuid::nil)
    }

    /// The world right before or after a record, as recorded: what begins or ends by time does so
    /// with the record that tells of it, whatever the clock said.
    pub(crate) fn recorded(view: &'v dyn View) -> Result<Self, ViewError> {
        Self::reading(view, Timestamp::MIN)
    }

    /// Says whether ids are made by somebody who may make one twice.
    pub(crate) fn with_ids_that_may_repeat(self, ids_may_repeat: bool) -> Self {
        Self { ids_may_repeat, ..self }
    }

    /// The same world, seen through another view of it.
    pub(crate) fn through<'w>(&'w self, view: &'w dyn View) -> World<'w> {
        World { view, policy: Arc::clone(&self.policy), ..*self }
    }

    /// The same world at another moment, as a question finds it.
    pub(crate) fn at_moment(&self, at: Timestamp) -> Self {
        let policy = Arc::clone(&self.policy);
        Self { view: self.view, at, policy, seq: 0, fresh: &Uuid::nil, ids_may_repeat: false }
    }

    pub(super) fn fresh(&self) -> Uuid {
        (self.fresh)()
    }

    pub(super) fn ids_may_repeat(&self) -> bool {
        self.ids_may_repeat
    }

    /// A tenant, living or deleted.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn tenant(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, ViewError> {
        self.view.get(id.uuid())
    }

    /// A tenant that has not been deleted.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn living(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, ViewError> {
        Ok(self.tenant(id)?.filter(|tenant| tenant.is_living()))
    }

    /// Whether a tenant can be worked on: what its managers keep disabled comes up with the end of
    /// their links, whether or not the clock has swept (T-5).
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn operation(&self, tenant: &Tenant) -> Result<Operation, ViewError> {
        Ok(match tenant.operation {
            Operation::Disabled if self.is_held(tenant, &BTreeSet::new())? => Operation::Disabled,
            Operation::Disabled if self.policy.host_reports_ready => Operation::Enabling,
            Operation::Disabled => Operation::Enabled,
            other => other,
        })
    }

    /// Whether anybody keeps a tenant disabled, once these links have ended (T-5).
    pub(super) fn is_held(&self, tenant: &Tenant, ended: &BTreeSet<LinkId>) -> Result<bool, ViewError> {
        let holds = |link: &Arc<Link>| link.holds && !ended.contains(&link.id);
        Ok(!tenant.holds.is_empty() || self.links_above(tenant.id)?.iter().any(holds))
    }

    /// Why a tenant cannot be worked on, if so: disabled or on its way up (P-2).
    pub(super) fn closed(&self, tenant: &Tenant) -> Result<Option<Code>, ViewError> {
        let enabled = self.operation(tenant)? == Operation::Enabled;
        Ok((!enabled).then_some(Code::TenantDisabled))
    }

    /// Notes that a tenant cannot be worked on.
    pub(super) fn bar_closed(&self, tenant: &Tenant, bars: &mut Bars) -> Result<(), ViewError> {
        if let Some(code) = self.closed(tenant)? {
            bars.bar(true, code, tenant.id);
        }
        Ok(())
    }

    /// A user, whatever their state.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn user(&self, id: UserId) -> Result<Option<Arc<User>>, ViewError> {
        self.view.get(id.uuid())
    }

    /// Where a user stands: whoever let an invitation lapse is gone, whether or not the clock has
    /// swept (U-2).
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn user_state(&self, user: &User) -> Result<UserState, ViewError> {
        if user.state == UserState::Invited {
            let key = Key::new().id(user.id.uuid());
            let invitation = self.view.under::<Invitation>(Index::InvitationUser, key).next().transpose()?;
            if invitation.is_some_and(|it| it.handshake.state_at(self.at) == HandshakeState::Expired) {
                return Ok(UserState::Removed);
            }
        }
        Ok(user.state)
    }

    /// A link, in force or ended.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn link(&self, id: LinkId) -> Result<Option<Arc<Link>>, ViewError> {
        self.view.get(id.uuid())
    }

    /// A tenant's own role that has not been deleted.
    pub(super) fn role(&self, id: RoleId) -> Result<Option<Arc<Role>>, ViewError> {
        Ok(self.view.get::<Role>(id.uuid())?.filter(|role| role.deleted.is_none()))
    }

    /// The assignment that decides for a user on a tenant itself: of what is laid over the one that
    /// stands there, what is in force.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn assignment(&self, user: UserId, tenant: TenantId) -> Result<Option<Arc<Assignment>>, ViewError> {
        self.assignment_at(user, tenant, self.at)
    }

    /// The one that decides at another moment, as things stand.
    pub(super) fn assignment_at(
        &self,
        user: UserId,
        tenant: TenantId,
        at: Timestamp,
    ) -> Result<Option<Arc<Assignment>>, ViewError> {
        Ok(self.given(user, tenant)?.and_then(|given| given.in_force(at)))
    }

    /// All that is given to a user on a tenant itself, now or for another time.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn given(&self, user: UserId, tenant: TenantId) -> Result<Option<Arc<Assignment>>, ViewError> {
        self.view.get(Assignment::key(user, tenant).uuid())
    }

    /// Every assignment that decides for a user somewhere.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn assignments_of(&self, user: UserId) -> Result<Vec<Arc<Assignment>>, ViewError> {
        let given = self.each_given(user).map(|given| Ok(given?.in_force(self.at)));
        given.filter_map(Result::transpose).collect()
    }

    /// All that is given to a user, tenant by tenant, now or for another time.
    pub(super) fn each_given(
        &self,
        user: UserId,
    ) -> impl Iterator<Item = Result<Arc<Assignment>, ViewError>> {
        self.view.under::<Assignment>(Index::AssignmentUser, Key::new().id(user.uuid()))
    }

    /// Of that, where something is given for a while.
    pub(crate) fn each_for_a_while(
        &self,
        user: UserId,
    ) -> impl Iterator<Item = Result<Arc<Assignment>, ViewError>> {
        self.view.under::<Assignment>(Index::TemporaryUser, Key::new().id(user.uuid()))
    }

    /// All that is given on a tenant itself, where something of it is for a while.
    pub(crate) fn each_for_a_while_on(
        &self,
        tenant: TenantId,
    ) -> impl Iterator<Item = Result<Arc<Assignment>, ViewError>> {
        self.view.under::<Assignment>(Index::TemporaryTenant, Key::new().id(tenant.uuid()))
    }

    /// All that is given to anybody on a tenant itself, user by user, now or for another time
    ///
    pub(super) fn each_given_on(&self, tenant: TenantId) -> Result<Vec<Arc<Assignment>>, ViewError> {
        let each = self.view.each::<Assignment>(Index::AssignmentTenant, Key::new().id(tenant.uuid()));
        let mut found = each.collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(|given| given.user);
        Ok(found)
    }

    /// The tenant, living or deleted, with this number.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn numbered(&self, number: &Number) -> Result<Option<Arc<Tenant>>, ViewError> {
        self.view.numbered(number)
    }

    /// The links by which a tenant is managed now.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn links_above(&self, tenant: TenantId) -> Result<Vec<Arc<Link>>, ViewError> {
        self.links_in_force(Index::LinkManaged, tenant).collect()
    }

    /// The links by which a tenant manages others now.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn links_below(&self, tenant: TenantId) -> Result<Vec<Arc<Link>>, ViewError> {
        self.each_link_below(tenant).collect()
    }

    /// The same one by one, for those who need not look at all of them.
    pub(super) fn each_link_below(
        &self,
        tenant: TenantId,
    ) -> impl Iterator<Item = Result<Arc<Link>, ViewError>> {
        self.links_in_force(Index::LinkManager, tenant)
    }

    fn links_in_force(
        &self,
        index: Index,
        tenant: TenantId,
    ) -> impl Iterator<Item = Result<Arc<Link>, ViewError>> {
        let links = self.view.under::<Link>(index, Key::new().id(tenant.uuid()).flag(true));
        links.filter(|link| link.as_ref().map_or(true, |link| link.is_in_force(self.at)))
    }

    /// The policy under which what has these terms was agreed upon (P-13).
    pub(crate) fn agreed_policy(&self, terms: u32) -> Result<Arc<PolicyVersion>, ViewError> {
        if terms == self.policy.terms {
            return Ok(Arc::clone(&self.policy));
        }
        let kept = self.view.get(PolicyVersion::key(terms))?;
        kept.ok_or_else(|| ViewError::damaged(format!("no policy has the terms {terms}")))
    }

    /// What both sides of a link agreed to (P-13).
    pub(crate) fn agreed<'l>(&self, link: &'l Link) -> Result<Agreed<'l>, ViewError> {
        Ok(Agreed { policy: self.agreed_policy(link.terms)?, management: &link.management })
    }

    /// Whether a link locks the managed tenant's own users out (P-4).
    pub(super) fn locks(&self, link: &Link) -> Result<bool, ViewError> {
        Ok(self.agreed(link)?.lock())
    }

    /// Whether the tenant's own users are locked out (P-4).
    pub(crate) fn is_locked(&self, tenant: TenantId) -> Result<bool, ViewError> {
        for link in self.links_above(tenant)? {
            if self.locks(&link)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn is_super(&self, role: &RoleRef) -> bool {
        matches!(role, RoleRef::Builtin(name) if *name == self.policy.super_role)
    }

    pub(super) fn is_admin(&self, role: &RoleRef) -> bool {
        self.is_super(role) || matches!(role, RoleRef::Builtin(name) if *name == self.policy.admin_role)
    }

    /// Whether an assignment makes a super admin: nobody is one by what is masked (P-9, P-16).
    pub(super) fn is_super_admin(&self, assignment: &Assignment) -> bool {
        !assignment.masked && self.is_super(&assignment.role)
    }

    /// The assignments on a tenant that give one of the roles that `wanted` picks. Those of other
    /// roles are leapt over, however many there are.
    pub(super) fn assigned(
        &self,
        tenant: TenantId,
        wanted: impl Fn(&RoleRef) -> Result<bool, ViewError>,
    ) -> Result<Vec<Arc<Assignment>>, ViewError> {
        let mut found = Vec::new();
        self.any_assigned(tenant, wanted, |assignment| {
            found.push(Arc::clone(assignment));
            Ok(false)
        })?;
        Ok(found)
    }

    /// Whether any of these passes; those after the first that does are not looked at.
    pub(super) fn any_assigned(
        &self,
        tenant: TenantId,
        wanted: impl Fn(&RoleRef) -> Result<bool, ViewError>,
        mut passes: impl FnMut(&Arc<Assignment>) -> Result<bool, ViewError>,
    ) -> Result<bool, ViewError> {
        let on = Key::new().id(tenant.uuid());
        // Where several roles are given to somebody, they stand under each of them; but one of them
        // decides.
        let strand = |key: &Key, it: &Assignment| role_strand(it.tenant, given_by(key, it));
        for (stretch, first) in strands::<Assignment>(self.view, Index::AssignmentTenant, on, strand)? {
            let role = given_by(&stretch, &first);
            if wanted(role)? {
                for given in self.view.under::<Assignment>(Index::AssignmentTenant, stretch.clone()) {
                    if let Some(held) = given?.in_force(self.at)
                        && held.role == *role
                        && passes(&held)?
                    {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// The active ones among the users at home in `tenant` who have such an assignment there.
    pub(super) fn own_active(
        &self,
        tenant: TenantId,
        wanted: impl Fn(&RoleRef) -> Result<bool, ViewError>,
    ) -> Result<Vec<Arc<Assignment>>, ViewError> {
        let mut found = Vec::new();
        for assignment in self.assigned(tenant, wanted)? {
            let user = self.user(assignment.user)?;
            if user.is_some_and(|user| user.home == tenant && user.state == UserState::Active) {
                found.push(assignment);
            }
        }
        Ok(found)
    }

    /// The tenant's own active admins, super admins among them (P-9, T-7).
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn admins(&self, tenant: TenantId) -> Result<BTreeSet<UserId>, ViewError> {
        let admins = self.own_active(tenant, |role| Ok(self.is_admin(role)))?;
        Ok(admins.into_iter().map(|it| it.user).collect())
    }

    /// The tenant's own active super admins (U-3).
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn super_admins(&self, tenant: TenantId) -> Result<BTreeSet<UserId>, ViewError> {
        let admins = self.own_active(tenant, |role| Ok(self.is_super(role)))?;
        Ok(admins.into_iter().filter(|it| self.is_super_admin(it)).map(|it| it.user).collect())
    }

    /// A tenant's own active people who have the super role there in such a way.
    fn own_super_admins(
        &self,
        tenant: TenantId,
        such: impl Fn(&Assignment) -> bool,
    ) -> Result<BTreeSet<UserId>, ViewError> {
        let role = RoleRef::Builtin(self.policy.super_role.clone());
        let mut found = BTreeSet::new();
        let stretch = role_strand(tenant, &role);
        for given in self.view.under::<Assignment>(Index::AssignmentTenant, stretch) {
            let given = given?;
            if such(&given) {
                let user = self.user(given.user)?;
                let there = user.filter(|user| user.home == tenant && user.state == UserState::Active);
                found.extend(there.map(|user| user.id));
            }
        }
        Ok(found)
    }

    /// Whether an assignment makes a super admin now and for good.
    pub(super) fn is_lasting_super_admin(&self, given: &Assignment) -> bool {
        let makes = |role, masked: bool| !masked && self.is_super(role);
        !given.bare && given.each(self.at).all(|(role, _, masked, _)| makes(role, masked))
    }

    /// The super admins whom a tenant that is not locked keeps (U-3): those who are so for good;
    /// where there is none, those who are so by what stands, whatever is laid over it.
    pub(super) fn kept_super_admins(&self, tenant: TenantId) -> Result<BTreeSet<UserId>, ViewError> {
        let lasting = self.own_super_admins(tenant, |given| self.is_lasting_super_admin(given))?;
        if !lasting.is_empty() {
            return Ok(lasting);
        }
        self.own_super_admins(tenant, |given| !given.bare && self.is_super_admin(given))
    }

    /// Whether a tenant that is not locked would be without any of those if these left (U-3).
    pub(super) fn is_orphaned_by(
        &self,
        tenant: TenantId,
        leaving: &BTreeSet<UserId>,
    ) -> Result<bool, ViewError> {
        let there = self.kept_super_admins(tenant)?;
        Ok(!there.is_empty() && there.is_subset(leaving) && !self.is_locked(tenant)?)
    }

    /// The invitations to a tenant that await their answer.
    pub(super) fn pending_invitations(&self, tenant: TenantId) -> Result<Vec<Arc<Invitation>>, ViewError> {
        self.pending(Index::InvitationTenant, tenant.uuid(), |it: &Invitation| &it.handshake)
    }

    /// The link requests to a tenant that await its answer.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn pending_requests(&self, tenant: TenantId) -> Result<Vec<Arc<LinkRequest>>, ViewError> {
        self.pending(Index::RequestManaged, tenant.uuid(), |it: &LinkRequest| &it.handshake)
    }

    /// The invitation of an MSP by a tenant that awaits its answer, if there is one (L-10).
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(super) fn pending_manager_invitation(
        &self,
        tenant: TenantId,
        manager: TenantId,
    ) -> Result<Option<Arc<ManagerInvitation>>, ViewError> {
        let both = Key::new().id(tenant.uuid()).id(manager.uuid());
        for found in self.view.under::<ManagerInvitation>(Index::ManagerInvitationPair, both) {
            let found = found?;
            if found.handshake.state_at(self.at) == HandshakeState::Pending {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What is proposed on a link and awaits its answer.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn pending_proposals(&self, link: LinkId) -> Result<Vec<Arc<Proposal>>, ViewError> {
        self.pending(Index::ProposalLink, link.uuid(), |it: &Proposal| &it.handshake)
    }

    /// What a user is asked to confirm as their address, if they are (U-1).
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn pending_address(&self, user: UserId) -> Result<Option<Arc<AddressChange>>, ViewError> {
        let change = self.view.get::<AddressChange>(user.uuid())?;
        Ok(change.filter(|it| it.handshake.state_at(self.at) == HandshakeState::Pending))
    }

    fn pending<E: Entity>(
        &self,
        index: Index,
        of: Uuid,
        handshake: impl Fn(&E) -> &Handshake,
    ) -> Result<Vec<Arc<E>>, ViewError> {
        let mut pending = Vec::new();
        for found in self.view.under::<E>(index, Key::new().id(of).flag(true)) {
            let found = found?;
            if handshake(&found).state_at(self.at) == HandshakeState::Pending {
                pending.push(found);
            }
        }
        Ok(pending)
    }

    /// Notes that somebody was asked by an organisation as often today as the policy allows: the
    /// moment from which it works again (L-3). Operators are not bound.
    pub(super) fn bar_asking(
        &self,
        actor: &Actor,
        by: TenantId,
        addressees: impl IntoIterator<Item = Uuid>,
        bars: &mut Bars,
    ) -> Result<(), ViewError> {
        if !matches!(actor, Actor::User(_)) {
            return Ok(());
        }
        let mut count = 0;
        for addressee in addressees {
            let asked = self.view.get::<Asked>(Asked::key(addressee, by))?;
            count += asked.map_or(0, |asked| asked.on_day_of(self.at));
        }
        let again = self.at.day().plus_days(1);
        bars.bar(count >= self.policy.asks_per_day, Code::TooManyRequests, again);
        Ok(())
    }

    /// Notes services that the policy does not offer, or that none are named (L-6).
    pub(super) fn bar_services(&self, services: &BTreeSet<Service>, bars: &mut Bars) {
        bars.bar(services.is_empty(), Code::NoServices, "");
        for service in services.difference(&self.policy.services) {
            bars.bar(true, Code::UnknownService, service);
        }
    }
}

/// By which of the roles that somebody is given on a tenant they stand under a key there.
pub(super) fn given_by<'a>(key: &Key, it: &'a Assignment) -> &'a RoleRef {
    if it.over.is_empty() {
        return &it.role;
    }
    let stands = |role: &&RoleRef| key.as_bytes().starts_with(role_strand(it.tenant, role).as_bytes());
    it.roles().into_iter().find(stands).unwrap_or(&it.role)
}
