//! The one gate for what an actor is told (T-9). It knows what this actor may see: now, whatever
//! the question is about; and of a past, what they could see then as well. Whoever makes an answer
//! asks here, and nowhere else. Never decides anything else.
//!
//! | what | whoever is told it | why |
//! |---|---|---|
//! | that a tenant is there | who is at home on it, and who holds `tenant.view` there | T-9.1 |
//! | what a tenant has: people, devices, places, … | who holds what its list or detail asks for there | P-1 … P-10, Q-4 |
//! | who somebody is: name, address | the same, of people at home there; across a border their organisation alone | T-9, Q-2.12 |
//! | an address that waits to be confirmed | the person, and those of their home who manage its users | U-1.10 |
//! | a link, a request, an invitation | who is on one of its sides and is not kept off the tenant | L-3.2, L-10, T-8 |
//! | another organisation | whom it is there for; those of the tenant remember whom it had to do with | Q-2.6, Q-2.7 |
//! | what was between a manager and a tenant that left | who saw it while it lasted; the end gives nothing back | Q-2.8 |
//! | an id of another system | who sees the organisation that keeps it, and what it leads to | X-11 |
//! | a record | event by event, thing by thing, as these are told ([`record`]) | Q-2 |
//! | what others tried, and were refused | the tenant's own people, as far as they see what it named | Q-2.9, Q-2.10 |
//! | the outcome of a command | who gave it, each time anew by what they see when they ask | Q-2.17 |
//! | a refusal | whoever asks: as if what they do not see were not there | T-9.2, T-8.1 |
//! | mail | who would be told the same in a list (`rules::ladder`, `notice`) | A-1, A-4 |
//! | the past | who may be told now, and could be then | T-9, X-2 |
//! | anything, the host's own readings included | the operator, and the host | `Moment::host` |

mod preview;
mod record;

pub(crate) use preview::told_of;
pub(crate) use record::RecordSight;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::ids::{LinkId, TenantId, UserId};
use crate::base::text::{Email, Permission};
use crate::base::time::Timestamp;
use crate::model::permission::{CUSTOMERS_ADD, TENANT_VIEW, USERS_MANAGE, USERS_VIEW};
use crate::model::{
    Actor, Assignment, Bearer, Contact, Handshake, KeptId, Licence, Link, Party, Personal, Subject, Tenant,
    TenantKind, User, UserState,
};
use crate::query::AuditActor;
use crate::refusal::{Code, Refusal};
use crate::rules::access::{self, SeenBelow};
use crate::rules::authority;
use crate::rules::effective::{Allowed, Effective};
use crate::rules::external;
use crate::rules::graph;
use crate::rules::kept_off;
use crate::rules::licence;
use crate::rules::{Gate, Ruling, World, unless_refused};
use crate::view::ViewError;

/// An actor before a world that they ask about.
pub struct Sight<'w> {
    actor: &'w Actor,
    // Nobody, for the operator, whom no relationship binds.
    viewer: Option<Arc<User>>,
    world: &'w World<'w>,
    // The present, where the world is a past.
    today: Option<&'w World<'w>>,
    gate: Gate,
}

/// A tenant about which the actor may be told what a permission is for.
#[derive(Clone, Copy)]
pub struct Open<'s> {
    sight: &'s Sight<'s>,
    tenant: TenantId,
}

impl<'w> Sight<'w> {
    /// Lets an actor ask about a world; of a past, `present` says what they may see today.
    ///
    /// # Errors
    /// Those of [`authority::admit`]: now or, else, then.
    pub fn of(actor: &'w Actor, world: &'w World<'w>, present: Option<&'w World<'w>>) -> Ruling<Self> {
        Self::through(Gate::Shut, actor, world, present)
    }

    /// The same of what its reader acts upon although their home is disabled (T-5): a super admin
    /// who may answer may also read what awaits the answer.
    ///
    /// # Errors
    /// Those of [`Self::of`].
    pub fn of_what_awaits(
        actor: &'w Actor,
        world: &'w World<'w>,
        present: Option<&'w World<'w>>,
    ) -> Ruling<Self> {
        Self::through(Gate::Open, actor, world, present)
    }

    /// An actor before a world in which a command of theirs was judged, which is all that says
    /// whether they may act.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn of_whoever_acts(actor: &'w Actor, world: &'w World<'w>) -> Result<Self, ViewError> {
        let viewer = match actor {
            Actor::User(user) => world.user(*user)?,
            Actor::Operator { .. } | Actor::Clock => None,
        };
        Ok(Self { actor, viewer, world, today: None, gate: Gate::Shut })
    }

    /// The same actor before the same world once something has happened in it.
    ///
    /// # Errors
    /// Those of [`Self::of`].
    pub fn after<'a>(&'a self, world: &'a World<'a>) -> Ruling<Sight<'a>> {
        Sight::through(self.gate, self.actor, world, self.today)
    }

    fn through(
        gate: Gate,
        actor: &'w Actor,
        world: &'w World<'w>,
        present: Option<&'w World<'w>>,
    ) -> Ruling<Self> {
        let viewer = authority::admit(present.unwrap_or(world), actor, gate)?;
        if present.is_some() {
            authority::admit(world, actor, gate)?;
        }
        Ok(Self { actor, viewer, world, today: present, gate })
    }

    /// The world that is asked about.
    pub const fn world(&self) -> &'w World<'w> {
        self.world
    }

    /// The user who asks; nobody, if it is the operator.
    pub fn viewer(&self) -> Option<&User> {
        self.viewer.as_deref()
    }

    /// The user who asks, of what operators have none of their own.
    ///
    /// # Errors
    /// `wrong_actor` for operators.
    pub fn person(&self) -> Ruling<&User> {
        self.viewer().ok_or_else(|| Refusal::new(Code::WrongActor, "operators").into())
    }

    /// The present, where the world is a past and the actor's rights of today count: those of
    /// operators are the same at all times.
    fn present(&self) -> Option<&'w World<'w>> {
        self.today.filter(|_| self.viewer.is_some())
    }

    /// The worlds whose rights count: the present, then the one that is asked about.
    fn judging(&self) -> impl Iterator<Item = &'w World<'w>> + use<'w> {
        self.present().into_iter().chain([self.world])
    }

    /// Lets the actor be told what a permission on a tenant is for.
    ///
    /// # Errors
    /// Those of [`authority::authorize`]: now or, else, then.
    pub fn may(&self, permission: &str, tenant: TenantId) -> Ruling<Open<'_>> {
        for world in self.judging() {
            authority::authorize(world, self.actor, permission, tenant, self.gate)?;
        }
        Ok(Open { sight: self, tenant })
    }

    /// The same; nothing, where the actor may not.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn might(&self, permission: &str, tenant: TenantId) -> Result<Option<Open<'_>>, ViewError> {
        unless_refused(self.may(permission, tenant))
    }

    /// Of a past in which a user was not there yet: refuses a colleague of theirs who may not be
    /// told today what a permission on their home is for, as today.
    ///
    /// # Errors
    /// Those of [`authority::authorize`].
    pub fn may_today_of(&self, permission: &str, user: UserId) -> Ruling {
        let Some(today) = self.present() else { return Ok(()) };
        let own = self.viewer.as_ref().is_some_and(|viewer| viewer.id == user);
        match today.user(user)?.filter(|found| !own && self.is_home(found.home)) {
            Some(found) => authority::authorize(today, self.actor, permission, found.home, self.gate),
            None => Ok(()),
        }
    }

    /// Whether the actor might ask to manage a tenant, on a manager's behalf: nobody does where
    /// their home or the manager is disabled, whatever else they may still answer.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn might_ask(&self, manager: TenantId) -> Result<bool, ViewError> {
        for world in self.judging() {
            let ruling = authority::authorize(world, self.actor, CUSTOMERS_ADD, manager, Gate::Shut);
            if unless_refused(ruling)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the actor is at home there; operators are everywhere.
    pub fn is_home(&self, tenant: TenantId) -> bool {
        self.viewer.as_ref().is_none_or(|viewer| viewer.home == tenant)
    }

    /// A link for whoever is on one of its sides.
    ///
    /// # Errors
    /// `unknown_link` for everybody else, now or then.
    pub fn link(&self, id: LinkId) -> Ruling<Arc<Link>> {
        let unknown = || Refusal::new(Code::UnknownLink, id);
        let mut found = None;
        for world in self.judging() {
            let link = world.link(id)?.ok_or_else(unknown)?;
            authority::side_of_link(world, self.actor, &link, self.gate)?;
            found = Some(link);
        }
        Ok(found.ok_or_else(unknown)?)
    }

    /// Whether a link is there for the actor where there is one: now and, of a past, then.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn has_link_if_any(&self, id: LinkId) -> Result<bool, ViewError> {
        for world in self.judging() {
            let Some(link) = world.link(id)? else { continue };
            let side = authority::side_of_link(world, self.actor, &link, self.gate);
            if unless_refused(side)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a licence is there for the actor, who sees the tenant that it serves: now and, of a
    /// past, then as well. Those at home there see all of them.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn has_licence(&self, licence: &Licence) -> Result<bool, ViewError> {
        let Some(user) = &self.viewer else { return Ok(true) };
        for world in self.judging() {
            if !licence::is_told(world, user, licence)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether what an id of another system leads to is there for the actor: now and, of a past,
    /// then as well.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn has_external_id(&self, kept: &KeptId) -> Result<bool, ViewError> {
        for world in self.judging() {
            if !external::is_told(world, self.actor, kept)? {
                return Ok(false);
            }
        }
        // What is known of a person has no past: whatever leads nowhere today led nowhere.
        match (&kept.of, self.today) {
            (Bearer::User(_), Some(today)) => external::is_kept(today, kept),
            _ => Ok(true),
        }
    }

    /// Whether somebody is named to the actor where their access is reviewed: a person of their own
    /// organisation, or of one whose users they may see.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn names_people_of(&self, home: TenantId) -> Result<bool, ViewError> {
        Ok(self.is_home(home) || self.might(USERS_VIEW, home)?.is_some())
    }

    /// Whoever sent what rests on a person, as far as they are named to the actor: their
    /// organisation else, where it is there.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn sender(&self, handshake: &Handshake) -> Result<AuditActor, ViewError> {
        let Some(Subject::User(user)) = handshake.sender else {
            return Ok(AuditActor::Operator { ticket: None });
        };
        Ok(match self.world.user(user)? {
            Some(sender) if self.names_people_of(sender.home)? => AuditActor::User(user),
            Some(sender) if self.still_knows(sender.home)? => AuditActor::Organisation(sender.home),
            _ => AuditActor::Stranger,
        })
    }

    /// Whether what somebody may do on a tenant is told to the actor, to whom they are named: their
    /// own access, or that to a tenant whose users the actor may see.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn names_on(&self, user: UserId, tenant: TenantId) -> Result<bool, ViewError> {
        if self.viewer.as_ref().is_none_or(|viewer| viewer.id != user) {
            return Ok(self.might(USERS_VIEW, tenant)?.is_some());
        }
        // Of a past, oneself is told of what one sees or reaches today as well.
        for world in self.judging().filter(|_| self.present().is_some()) {
            let Some(it) = world.user(user)? else { return Ok(false) };
            if !access::sees(world, &it, tenant)? && !Effective::of(world, user, tenant)?.is_any() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Somebody as the actor is told of them: a person of their own organisation, or another
    /// organisation that is there for them.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn somebody(&self, user: UserId) -> Result<Option<Subject>, ViewError> {
        let Some(user) = self.world.user(user)? else { return Ok(None) };
        if self.is_home(user.home) {
            return Ok(Some(Subject::User(user.id)));
        }
        Ok(self.still_knows(user.home)?.then_some(Subject::Tenant(user.home)))
    }

    /// The person with an address who is at home on a tenant, or on one above it that is there for
    /// the actor: whoever may be named for what the tenant has to tell.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn named(&self, tenant: TenantId, email: &Email) -> Result<Option<Arc<User>>, ViewError> {
        let above = graph::above(self.world, tenant, &BTreeSet::new())?;
        for known in self.world.view.addressed(email)? {
            let Some(user) = self.world.user(known)? else { continue };
            let proved = matches!(user.state, UserState::Active | UserState::Blocked);
            let there = user.home == tenant || above.contains(&user.home) && self.still_knows(user.home)?;
            if proved && there && self.still_lives(user.home)? {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    /// What is known today about somebody, with the address that they are asked to confirm where
    /// they are, now and then: what has lapsed is known to nobody, recorded or not.
    fn known_of(&self, user: &User) -> Result<Personal, ViewError> {
        let mut known = self.world.view.personal(Subject::User(user.id))?.unwrap_or_default();
        if known.new_email.is_some() {
            for world in self.today.into_iter().chain([self.world]) {
                if world.pending_address(user.id)?.is_none() {
                    known.new_email = None;
                }
            }
        }
        Ok(known)
    }

    /// What the user who asks is asked to confirm as their address, by which organisation as far as
    /// it is there for them, and until when (U-1).
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn own_address(&self) -> Result<Option<(Email, TenantId, Timestamp)>, ViewError> {
        let Some(user) = &self.viewer else { return Ok(None) };
        let Some(change) = self.world.pending_address(user.id)? else { return Ok(None) };
        let Some(email) = self.known_of(user)?.new_email else { return Ok(None) };
        // Nobody confirms it while their home is disabled.
        if !access::can_act(self.world, user, Gate::Shut)? {
            return Ok(None);
        }
        let mut by = user.home;
        if let Some(Subject::User(sender)) = change.handshake.sender
            && let Some(sender) = self.world.user(sender)?
            && self.knows(user.home, sender.home)?
        {
            by = sender.home;
        }
        Ok(Some((email, by, change.handshake.expires)))
    }

    /// What is known today about the user who asks, with the address that they are asked to
    /// confirm where they are.
    ///
    /// # Errors
    /// `wrong_actor` for operators.
    pub fn oneself(&self) -> Ruling<Personal> {
        Ok(self.known_of(self.person()?)?)
    }

    /// What checks allow the user who asks on a tenant: now and, of a past, then as well.
    ///
    /// # Errors
    /// `wrong_actor` for operators.
    pub fn allowed(&self, tenant: TenantId) -> Ruling<BTreeSet<Allowed<'_>>> {
        let user = self.person()?.id;
        let mut allowed = Effective::of(self.world, user, tenant)?.allowed();
        if let Some(present) = self.present() {
            let today = Effective::of(present, user, tenant)?.allowed();
            allowed.retain(|one| today.contains(one));
        }
        Ok(allowed)
    }

    /// Whether a tenant is there for the actor: now and, of a past, then as well (T-9).
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn sees(&self, tenant: TenantId) -> Result<bool, ViewError> {
        for world in self.judging() {
            let seen = match &self.viewer {
                Some(user) => access::sees(world, user, tenant)?,
                None => world.living(tenant)?.is_some(),
            };
            if !seen {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a tenant is there for the user, or they are eligible for something on it: now,
    /// and at the moment that is asked about.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn sees_or_may_activate(&self, tenant: TenantId) -> Result<bool, ViewError> {
        let Some(user) = &self.viewer else { return Ok(true) };
        for world in self.judging() {
            let given = world.given(user.id, tenant)?;
            let eligible = given.is_some_and(|given| given.eligible(world.at).next().is_some());
            let reached = || graph::manages(world, user.home, tenant, &BTreeSet::new());
            let may = eligible && (user.home == tenant || reached()?);
            if !may && !access::sees(world, user, tenant)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the tenant of a role that the user may activate is there for them, or would be by
    /// that role.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn would_see(&self, held: &Assignment) -> Result<bool, ViewError> {
        if self.sees(held.tenant)? {
            return Ok(true);
        }
        for world in self.judging() {
            let given = world.given(held.user, held.tenant)?;
            let mut laid = given.iter().flat_map(|given| given.laid(world.at));
            let may = laid.any(|it| it.eligible && it.role == held.role);
            let locked = self.viewer.as_ref().map_or(Ok(false), |user| world.is_locked(user.home))?;
            if !may || locked || !access::gives(world, held, TENANT_VIEW)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The user's home, and the tenants on which they hold a role themselves.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn own(&self) -> Ruling<BTreeSet<TenantId>> {
        let Some(user) = &self.viewer else { return Ok(BTreeSet::new()) };
        let mut own = BTreeSet::from([user.home]);
        own.extend(self.world.assignments_of(user.id)?.iter().map(|held| held.tenant));
        Ok(own)
    }

    /// The same, and whatever below them manages others: those whose customers the user may have to
    /// do with.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn own_and_managers_below(&self) -> Ruling<BTreeSet<TenantId>> {
        let own = self.own()?;
        let below = graph::managers_below(self.world, &own)?;
        Ok(&own | &below)
    }

    /// Lets whoever may link tenants: by right at home, or on another tenant on which they hold a
    /// role themselves, where their home is an MSP (T-8).
    ///
    /// # Errors
    /// Those of [`authority::authorize`] at home; `cannot_manage`.
    pub fn may_link(&self) -> Ruling {
        let Some(user) = &self.viewer else { return Ok(()) };
        for world in self.judging() {
            if !access::may_where_assigned(world, user.id, CUSTOMERS_ADD)? {
                authority::authorize(world, self.actor, CUSTOMERS_ADD, user.home, Gate::Shut)?;
            }
            if world.living(user.home)?.is_none_or(|home| home.kind != TenantKind::Msp) {
                return Err(Refusal::new(Code::CannotManage, user.home).into());
            }
        }
        Ok(())
    }

    /// Whether the actor would see a tenant that a manager came to manage.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn sees_below(&self, manager: TenantId) -> Result<bool, ViewError> {
        let Some(user) = &self.viewer else { return Ok(true) };
        for world in self.judging() {
            if !access::sees_below(world, user, manager)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the actor is on the manager's side of what there is between it and a tenant (L-3).
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn is_of_the_manager(&self, manager: TenantId, managed: TenantId) -> Result<bool, ViewError> {
        let Some(user) = &self.viewer else { return Ok(true) };
        for world in self.judging() {
            if authority::party(world, user, manager, managed)? != Some(Party::Manager) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the actor, on the manager's side, is kept off what there is, or was, between it
    /// and a tenant.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn is_kept_off(&self, manager: TenantId, managed: TenantId) -> Result<bool, ViewError> {
        let Some(user) = &self.viewer else { return Ok(false) };
        for world in self.judging() {
            if kept_off::is(world, user, manager, managed)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an organisation that has to do with a tenant is there for the actor: now and, of a
    /// past, then as well. Whoever is at home on the tenant remembers whom it had to do with then.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn knows(&self, tenant: TenantId, organisation: TenantId) -> Result<bool, ViewError> {
        match &self.viewer {
            Some(user) if user.home == tenant => access::knows(self.world, user, organisation),
            _ => self.still_knows(organisation),
        }
    }

    /// The same of what nobody remembers, wherever they are at home: what the organisation has, and
    /// who is of it.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn still_knows(&self, organisation: TenantId) -> Result<bool, ViewError> {
        let Some(user) = &self.viewer else { return Ok(true) };
        for world in self.judging() {
            if !access::knows(world, user, organisation)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether an organisation is there today for whoever asks about a past.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn knows_today(&self, organisation: TenantId) -> Result<bool, ViewError> {
        let Some(user) = &self.viewer else { return Ok(true) };
        self.still(|today| access::knows(today, user, organisation))
    }

    /// The tenants that a user may view, in the order of their ids; none for the operator.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn viewed(&self) -> Ruling<Vec<Open<'_>>> {
        let Some(user) = &self.viewer else { return Ok(Vec::new()) };
        let view = Permission::parse(TENANT_VIEW).expect("a permission's name");
        let mut open = Vec::new();
        for tenant in access::tenants_where(self.world, user.id, &view, None)? {
            let still = match self.present() {
                Some(present) => {
                    let may = authority::authorize(present, self.actor, TENANT_VIEW, tenant, Gate::Shut);
                    unless_refused(may)?.is_some()
                }
                None => true,
            };
            if still {
                open.push(Open { sight: self, tenant });
            }
        }
        Ok(open)
    }

    /// Whether a tenant that lived in the world that is asked about has not been deleted since.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn still_lives(&self, tenant: TenantId) -> Result<bool, ViewError> {
        match self.present() {
            Some(present) => Ok(present.living(tenant)?.is_some()),
            None => Ok(true),
        }
    }

    /// Whether something that holds in the world that is asked about holds today as well.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn still(
        &self,
        holds: impl FnOnce(&World<'_>) -> Result<bool, ViewError>,
    ) -> Result<bool, ViewError> {
        self.present().map_or(Ok(true), holds)
    }

    /// A tenant of the moment that is asked about as a user who asks about a past is told of it
    /// today; nothing, where it does not live any more.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn as_it_is(&self, tenant: &Arc<Tenant>) -> Result<Option<Arc<Tenant>>, ViewError> {
        match self.present() {
            Some(present) => present.living(tenant.id),
            None => Ok(Some(tenant.clone())),
        }
    }

    /// What the actor sees of the tenants that one manager manages directly, for a whole list.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn below(&self, manager: TenantId) -> Result<Below<'_>, ViewError> {
        let then = match &self.viewer {
            Some(user) => Some(SeenBelow::of(self.world, user, manager)?),
            None => None,
        };
        let now = match (&self.viewer, self.present()) {
            (Some(user), Some(present)) => Some((present, &**user)),
            _ => None,
        };
        Ok(Below { world: self.world, then, now })
    }
}

impl Open<'_> {
    /// The world that is asked about.
    pub const fn world(&self) -> &World<'_> {
        self.sight.world
    }

    /// Which tenant it is.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// What is known today about where the tenant is.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn contact(&self) -> Result<Contact, ViewError> {
        let known = self.sight.world.view.personal(Subject::Tenant(self.tenant))?.unwrap_or_default();
        Ok(Contact { street: known.street, coordinates: known.coordinates, phone: known.phone })
    }

    /// What is known today about somebody who is at home there; nothing of anybody else. The
    /// address that they are asked to confirm is told to themselves and to those of their
    /// organisation who manage its users (U-1).
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn person(&self, user: &User) -> Result<Personal, ViewError> {
        if user.home != self.tenant {
            return Ok(Personal::default());
        }
        let mut known = self.sight.known_of(user)?;
        let Self { sight, tenant } = *self;
        let own = sight.viewer().is_some_and(|viewer| viewer.id == user.id);
        if known.new_email.is_some()
            && !(own || sight.is_home(tenant) && sight.might(USERS_MANAGE, tenant)?.is_some())
        {
            known.new_email = None;
        }
        Ok(known)
    }
}

/// What an actor sees of the tenants that one manager manages directly.
pub struct Below<'s> {
    world: &'s World<'s>,
    then: Option<SeenBelow<'s>>,
    now: Option<(&'s World<'s>, &'s User)>,
}

impl Below<'_> {
    /// The only tenants that they can see at all, where these are few.
    pub fn only(&self) -> Option<&BTreeSet<TenantId>> {
        self.then.as_ref().and_then(SeenBelow::only)
    }

    /// Whether they see one of them.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn has(&self, tenant: TenantId) -> Result<bool, ViewError> {
        let Some(then) = &self.then else { return Ok(true) };
        if let Some((present, user)) = self.now
            && !access::sees(present, user, tenant)?
        {
            return Ok(false);
        }
        then.has(self.world, tenant)
    }
}
