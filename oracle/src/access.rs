//! Who may do what: checks, sight, and what an actor holds. It walks every chain anew for every question and never
//! writes.

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{Permission, Service};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, Operation, Party, RoleRef, Stage, UserState};
use tenantry::query::Question;
use tenantry::refusal::Code;

use crate::world::{Assignment, Holder, Link, Oracle, Tenant, User};

/// An actor who can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    User(UserId),
    Operator { ticket: bool },
}

/// Whether a home that is not enabled bars the way; from parting, from answering what awaits them, and from enabling what
/// their own side disabled it does not bar its super admins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabled {
    Bars,
    SparesSuperAdmins,
}

/// How somebody stands to a tenant.
pub struct Standing<'w> {
    user: &'w User,
    tenant: &'w Tenant,
    /// Whether the tenant is down.
    down: bool,
    /// Whether the user's home locks them out.
    locked: bool,
    at: Timestamp,
    chains: Vec<Vec<&'w Link>>,
}

/// Why somebody may do something: the assignment that decides, and the links that it comes down by, from the tenant up to
/// their home (P-12).
pub struct Why<'s, 'w> {
    pub assignment: &'w Assignment,
    pub chain: &'s [&'w Link],
}

/// What can be done about a tenant that is not enabled (P-2).
const DESPITE_DISABLED: [&str; 3] = ["tenant.operate", "tenant.delete", "customers.delink"];

impl Oracle {
    /// May this user use this permission on this tenant? The reason, if not (P).
    pub fn check(&self, question: &Question, at: Timestamp) -> (bool, Option<Code>) {
        let Question { user, permission, tenant, service } = question;
        match self.judge(*user, permission, *tenant, service.as_ref(), at, Disabled::Bars) {
            Ok(()) => (true, None),
            Err(reason) => (false, Some(reason)),
        }
    }

    /// The tenants on which the user may use the permission (P-12).
    pub fn tenants_where(
        &self,
        user: UserId,
        permission: &Permission,
        service: Option<&Service>,
        at: Timestamp,
    ) -> Vec<TenantId> {
        let mut found: Vec<TenantId> = self.tenants.iter().map(|tenant| tenant.id).collect();
        found.retain(|&tenant| self.judge(user, permission, tenant, service, at, Disabled::Bars).is_ok());
        found.sort();
        found
    }

    /// The users who may use the permission on the tenant (P-12).
    pub fn users_who_can(
        &self,
        permission: &Permission,
        tenant: TenantId,
        service: Option<&Service>,
        at: Timestamp,
    ) -> Vec<UserId> {
        let mut found: Vec<UserId> = self.users.iter().map(|user| user.id).collect();
        found.retain(|&user| self.judge(user, permission, tenant, service, at, Disabled::Bars).is_ok());
        found.sort();
        found
    }

    /// The check itself: the first reason that applies, in the order of section 4.
    pub fn judge(
        &self,
        user: UserId,
        permission: &Permission,
        tenant: TenantId,
        service: Option<&Service>,
        at: Timestamp,
        disabled: Disabled,
    ) -> Result<(), Code> {
        let standing = self.standing(user, tenant, at, disabled)?;
        self.judge_there(&standing, permission, service).map(|_| ())
    }

    /// How a user stands to a tenant, whatever they would like to do there.
    ///
    /// # Errors
    /// Why they can do nothing at all.
    pub fn standing(
        &self,
        user: UserId,
        tenant: TenantId,
        at: Timestamp,
        disabled: Disabled,
    ) -> Result<Standing<'_>, Code> {
        let user = self.user(user).ok_or(Code::UnknownUser)?;
        if user.state != UserState::Active {
            return Err(Code::UserNotActive);
        }
        let home = self.living(user.home).ok_or(Code::UserNotActive)?;
        if self.is_barred(user, disabled, at) {
            return Err(Code::UserNotActive);
        }
        let tenant = self.living(tenant).ok_or(Code::UnknownTenant)?;
        let spared = tenant.id == home.id && disabled == Disabled::SparesSuperAdmins;
        Ok(Standing {
            user,
            tenant,
            down: self.operation(tenant, at) != Operation::Enabled && !spared,
            locked: self.is_locked(home.id, at),
            at,
            chains: self.chains(tenant.id, home.id, at),
        })
    }

    /// The check of somebody who stands so, and if it allows it, why.
    ///
    /// # Errors
    /// Why not.
    pub fn judge_there<'s, 'w>(
        &'w self,
        standing: &'s Standing<'w>,
        permission: &Permission,
        service: Option<&Service>,
    ) -> Result<Why<'s, 'w>, Code> {
        let Standing { user, tenant, down, locked, at, ref chains } = *standing;
        if down && !DESPITE_DISABLED.contains(&permission.as_str()) {
            return Err(Code::TenantDisabled);
        }
        let offered = |service: &Service| self.policy.services.contains(service);

        if user.home == tenant.id {
            if locked {
                return Err(Code::CustomerLocked);
            }
            if service.is_some_and(|service| !offered(service)) {
                return Err(Code::ServiceNotManaged);
            }
            let assignment = self.assignment(user.id, tenant.id, at).ok_or(Code::NoAssignment)?;
            let why = Why { assignment, chain: &[] };
            return if self.gives(assignment, permission) { Ok(why) } else { Err(Code::RoleLacksPermission) };
        }

        if chains.is_empty() {
            return Err(Code::NotLinked);
        }
        if locked {
            return Err(Code::CustomerLocked);
        }
        let mut chains: Vec<&[&Link]> = chains.iter().map(Vec::as_slice).collect();
        if let Some(service) = service {
            chains
                .retain(|chain| offered(service) && chain.iter().all(|link| link.services.contains(service)));
            if chains.is_empty() {
                return Err(Code::ServiceNotManaged);
            }
        }
        if self.policy.reserved.contains(permission) {
            return Err(Code::ReservedForCustomer);
        }
        chains.retain(|chain| chain.iter().all(|link| self.carries(link, permission)));
        if chains.is_empty() {
            return Err(Code::NotGranted);
        }
        let nearest = self.nearest(user.id, tenant.id, &chains, at);
        if nearest.is_empty() {
            return Err(Code::NoAssignment);
        }
        let mut giving: Vec<Why<'s, 'w>> =
            nearest.into_iter().filter(|why| self.gives(why.assignment, permission)).collect();
        if giving.is_empty() {
            return Err(Code::RoleLacksPermission);
        }
        // The shortest chain is shown, of several that short the one of the older links (P-3.9).
        let age = |link: &&Link| self.links.iter().position(|one| one.id == link.id);
        giving.sort_by_key(|why| (why.chain.len(), why.chain.iter().map(age).collect::<Vec<_>>()));
        Ok(giving.swap_remove(0))
    }

    /// Every chain of links in force from the tenant up to `home`, each from the tenant upwards.
    pub fn chains(&self, tenant: TenantId, home: TenantId, at: Timestamp) -> Vec<Vec<&Link>> {
        let mut chains = Vec::new();
        for link in self.links.iter().filter(|link| link.managed == tenant && link.in_force(at)) {
            if link.manager == home {
                chains.push(vec![link]);
            } else {
                for rest in self.chains(link.manager, home, at) {
                    let mut chain = vec![link];
                    chain.extend(rest);
                    chains.push(chain);
                }
            }
        }
        chains
    }

    /// The nearest assignments, each with a chain that it comes down by: the one on the tenant itself, else those at the least
    /// distance up any chain that cover what is below (P-10).
    fn nearest<'s, 'w>(
        &'w self,
        user: UserId,
        tenant: TenantId,
        chains: &[&'s [&'w Link]],
        at: Timestamp,
    ) -> Vec<Why<'s, 'w>> {
        match self.assignment(user, tenant, at) {
            Some(assignment) if chains.is_empty() => vec![Why { assignment, chain: &[] }],
            Some(assignment) => chains.iter().map(|chain| Why { assignment, chain }).collect(),
            None => self.inherited(user, chains, at),
        }
    }

    /// The assignments at the least distance up any chain that cover what is below.
    fn inherited<'s, 'w>(
        &'w self,
        user: UserId,
        chains: &[&'s [&'w Link]],
        at: Timestamp,
    ) -> Vec<Why<'s, 'w>> {
        let longest = chains.iter().map(|chain| chain.len()).max().unwrap_or(0);
        for distance in 0..longest {
            let covering = |chain: &&'s [&'w Link]| {
                let manager = chain.get(distance)?.manager;
                let assignment = self.assignment(user, manager, at).filter(|a| a.below)?;
                Some(Why { assignment, chain })
            };
            let found: Vec<_> = chains.iter().filter_map(covering).collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Whether the assignment gives the permission: its role holds it, and it is not masked (P-16).
    pub fn gives(&self, assignment: &Assignment, permission: &Permission) -> bool {
        self.holds(&assignment.role, permission)
            && !(assignment.masked && self.policy.reserved.contains(permission))
    }

    /// Whether the role holds the permission, under the policy of now (P-9, P-14).
    pub fn holds(&self, role: &RoleRef, permission: &Permission) -> bool {
        if !self.policy.permissions.contains(permission) {
            return false;
        }
        match role {
            RoleRef::Builtin(name) => self
                .policy
                .roles
                .iter()
                .any(|role| role.name == *name && role.permissions.contains(permission)),
            RoleRef::Custom(id) => {
                !self.policy.super_only.contains(permission)
                    && self.role(*id).is_some_and(|role| role.permissions.contains(permission))
            }
        }
    }

    /// Everything the role is said to hold; of a tenant's own role, also what a later policy has taken from it.
    pub fn permissions_of(&self, role: &RoleRef) -> Vec<Permission> {
        if let RoleRef::Custom(id) = role {
            return self.role(*id).map(|role| role.permissions.iter().cloned().collect()).unwrap_or_default();
        }
        self.policy.permissions.iter().filter(|permission| self.holds(role, permission)).cloned().collect()
    }

    /// The user's nearest assignments on the tenant, whatever they may be used for.
    pub fn assignments_on(&self, user: UserId, tenant: TenantId, at: Timestamp) -> Vec<&Assignment> {
        let home = self.user(user).map(|user| user.home).unwrap();
        let chains = self.chains(tenant, home, at);
        let nearest = self.nearest(user, tenant, &chains.iter().map(Vec::as_slice).collect::<Vec<_>>(), at);
        nearest.into_iter().map(|why| why.assignment).collect()
    }

    /// The user's assignments as they reach what is below the tenant.
    pub fn assignments_below(&self, user: UserId, tenant: TenantId, at: Timestamp) -> Vec<&Assignment> {
        if let Some(assignment) = self.assignment(user, tenant, at).filter(|a| a.below) {
            return vec![assignment];
        }
        let home = self.user(user).map(|user| user.home).unwrap();
        let chains = self.chains(tenant, home, at);
        let inherited = self.inherited(user, &chains.iter().map(Vec::as_slice).collect::<Vec<_>>(), at);
        inherited.into_iter().map(|why| why.assignment).collect()
    }

    /// Whether the user is a super admin on the tenant.
    pub fn is_super_on(&self, user: UserId, tenant: TenantId, at: Timestamp) -> bool {
        self.assignments_on(user, tenant, at).iter().any(|a| self.makes_super(a))
    }

    /// Whether the tenant is there for the actor (T-9).
    pub fn sees(&self, who: Who, tenant: TenantId, at: Timestamp) -> bool {
        if self.living(tenant).is_none() {
            return false;
        }
        let Who::User(user) = who else { return true };
        let home = self.user(user).map(|user| user.home).unwrap();
        if home == tenant {
            return true;
        }
        if self.is_locked(home, at) {
            return false;
        }
        let chains = self.chains(tenant, home, at);
        let view = Permission::parse("tenant.view").unwrap();
        let nearest = self.nearest(user, tenant, &chains.iter().map(Vec::as_slice).collect::<Vec<_>>(), at);
        !chains.is_empty() && nearest.iter().any(|why| self.gives(why.assignment, &view))
    }

    /// Whether a user is told of another organisation: they see it, it is theirs, or it manages theirs (T-9).
    pub fn is_there(&self, who: Who, tenant: TenantId, at: Timestamp) -> bool {
        let Who::User(user) = who else { return true };
        let home = self.user(user).unwrap().home;
        home == tenant || self.sees(who, tenant, at) || self.manages(tenant, home, at)
    }

    /// Who is speaking, if they can act at all.
    pub fn actor(&self, actor: &Actor, disabled: Disabled) -> Result<Who, Code> {
        match actor {
            Actor::Clock => Err(Code::WrongActor),
            Actor::Operator { ticket } => Ok(Who::Operator { ticket: ticket.is_some() }),
            Actor::User(id) => {
                let user = self.user(*id).ok_or(Code::UnknownUser)?;
                self.living(user.home).ok_or(Code::UserNotActive)?;
                // As recorded: nothing is due when a command comes or a list is asked for.
                if user.state != UserState::Active || self.is_barred(user, disabled, Timestamp::MIN) {
                    return Err(Code::UserNotActive);
                }
                Ok(Who::User(*id))
            }
        }
    }

    /// Whether a home that is not enabled bars a user's way.
    fn is_barred(&self, user: &User, disabled: Disabled, at: Timestamp) -> bool {
        let spared = || self.assignment(user.id, user.home, at).is_some_and(|a| self.makes_super(a));
        !(self.is_open(user.home, at) || disabled == Disabled::SparesSuperAdmins && spared())
    }

    /// Whether a tenant is there and can be worked on.
    pub fn is_open(&self, tenant: TenantId, at: Timestamp) -> bool {
        self.living(tenant).is_some_and(|tenant| self.operation(tenant, at) == Operation::Enabled)
    }

    /// Whether a tenant can be worked on at a moment: what a link kept disabled it keeps so no longer than it is in force,
    /// whether or not the clock has recorded that (T-5).
    fn operation(&self, tenant: &Tenant, at: Timestamp) -> Operation {
        let holds = |by: &Holder| match by {
            Holder::Own | Holder::Operator => true,
            Holder::Link(link) => self.link(*link).is_some_and(|link| link.in_force(at)),
        };
        if tenant.operation == Operation::Disabled && !tenant.held_by.iter().any(holds) {
            return self.up();
        }
        tenant.operation
    }

    /// The right to a command on a tenant (T-9).
    pub fn right(
        &self,
        who: Who,
        permission: &str,
        tenant: TenantId,
        at: Timestamp,
        disabled: Disabled,
    ) -> Result<(), Code> {
        self.right_to(who, permission, tenant, None, at, disabled)
    }

    /// The right to a command on a tenant as roles give it, whatever the terms of the links withhold.
    pub fn right_by_role(
        &self,
        who: Who,
        permission: &str,
        tenant: TenantId,
        at: Timestamp,
    ) -> Result<(), Code> {
        if !self.sees(who, tenant, at) {
            return Err(Code::UnknownTenant);
        }
        let Who::User(user) = who else { return Ok(()) };
        if self.operation(self.tenant(tenant).unwrap(), at) != Operation::Enabled {
            return Err(Code::TenantDisabled);
        }
        let permission = Permission::parse(permission).unwrap();
        let nearest = self.assignments_on(user, tenant, at);
        if nearest.is_empty() {
            Err(Code::NoAssignment)
        } else if nearest.iter().any(|a| self.gives(a, &permission)) {
            Ok(())
        } else {
            Err(Code::RoleLacksPermission)
        }
    }

    /// The right to a command on a tenant that is about one service.
    pub fn right_for(
        &self,
        who: Who,
        permission: &str,
        tenant: TenantId,
        service: &Service,
        at: Timestamp,
    ) -> Result<(), Code> {
        self.right_to(who, permission, tenant, Some(service), at, Disabled::Bars)
    }

    /// The same, where a service that the policy does not offer is an obstacle for whoever has the right otherwise.
    pub fn right_where_offered(
        &self,
        who: Who,
        permission: &str,
        tenant: TenantId,
        service: &Service,
        at: Timestamp,
    ) -> Result<Vec<Code>, Code> {
        if self.policy.services.contains(service) {
            self.right_for(who, permission, tenant, service, at)?;
            return Ok(Vec::new());
        }
        self.right(who, permission, tenant, at, Disabled::Bars)?;
        Ok(vec![Code::UnknownService])
    }

    fn right_to(
        &self,
        who: Who,
        permission: &str,
        tenant: TenantId,
        service: Option<&Service>,
        at: Timestamp,
        disabled: Disabled,
    ) -> Result<(), Code> {
        let Who::User(user) = who else {
            return if self.living(tenant).is_some() { Ok(()) } else { Err(Code::UnknownTenant) };
        };
        let permission = Permission::parse(permission).unwrap();
        match self.judge(user, &permission, tenant, service, at, disabled) {
            Ok(()) => Ok(()),
            Err(reason @ (Code::UnknownUser | Code::UserNotActive)) => Err(reason),
            Err(reason) if self.sees(who, tenant, at) => Err(reason),
            Err(_) => Err(Code::UnknownTenant),
        }
    }

    /// The side of what is between a manager and a tenant that a user is on: of those further up, only whom the manager is
    /// there for (T-9).
    pub fn side(&self, user: UserId, manager: TenantId, managed: TenantId, at: Timestamp) -> Option<Party> {
        let home = self.user(user).map(|user| user.home).unwrap();
        if home == managed {
            Some(Party::Customer)
        } else if home == manager
            || self.manages(home, manager, at) && self.sees(Who::User(user), manager, at)
        {
            Some(Party::Manager)
        } else {
            None
        }
    }

    /// The side of a link that a user is on: of the managing side, those who see the tenant that it manages or, once it has
    /// ended, would see a tenant that the manager came to manage (L-3.2).
    pub fn side_of_link(&self, user: UserId, link: &Link, at: Timestamp) -> Option<Party> {
        let side = self.side(user, link.manager, link.managed, at)?;
        let home = self.user(user).map(|user| user.home).unwrap();
        let told = match side {
            Party::Customer => true,
            Party::Manager if link.in_force(at) => self.sees(Who::User(user), link.managed, at),
            Party::Manager => {
                !self.is_locked(home, at)
                    && self.remembers(user, link.manager, at)
                    && !self.is_kept_off(user, link.manager, link.managed, at)
            }
        };
        told.then_some(side)
    }

    /// Whether somebody who is not of the tenant has an assignment of their own there by which they do not even see it.
    pub fn is_shut_out(&self, user: UserId, tenant: TenantId, at: Timestamp) -> bool {
        let view = Permission::parse("tenant.view").unwrap();
        let abroad = |user: &User| user.is_living() && user.home != tenant;
        self.user(user).is_some_and(abroad)
            && self.assignment(user, tenant, at).is_some_and(|assignment| !self.gives(assignment, &view))
    }

    /// Whether a user of the managing side does not come to know of what there is or was between a manager and a tenant:
    /// as long as theirs manages it, whoever does not see it; after that, whom the last link between the two kept off when
    /// it ended (T-9).
    pub fn is_kept_off(&self, user: UserId, manager: TenantId, managed: TenantId, at: Timestamp) -> bool {
        let home = self.user(user).map(|user| user.home).unwrap();
        if self.manages(home, managed, at) {
            return !self.sees(Who::User(user), managed, at);
        }
        let between = |link: &&Link| link.manager == manager && link.managed == managed;
        match self.links.iter().rfind(between) {
            None => false,
            Some(link) if link.stage == Stage::Delinked => link.kept_off.contains(&user),
            // Time has ended it, which nobody has recorded yet.
            Some(link) => self.is_shut_out(user, managed, link.end().map_or(at, |(end, _)| end)),
        }
    }
}
