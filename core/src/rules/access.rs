//! What each side may do (P): the check, its reverse, and who holds what. Total, denies by default,
//! never writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::graph::{Chain, above, below, chains};
use super::world::{Bars, Ruling, World};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Permission, Service};
use crate::model::permission::{DESPITE_DISABLED, TENANT_VIEW};
use crate::model::{Assignment, Party, RoleRef, User, UserState};
use crate::query::{Grounds, Question, Verdict};
use crate::refusal::Code;
use crate::view::{Entity, Index, Key, Span, ViewError};

/// Who is let through to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Whoever is active, where no tenant is disabled (P-1, P-2).
    Shut,
    /// They do not, and a disabled home does not bar its super admins: disabling can never hold a
    /// customer hostage, so they go on parting from others, answering what awaits them, and
    /// enabling what their own side disabled (T-5).
    Open,
    /// Whoever is there at all: also those whose home is disabled, and those who are invited, who
    /// may answer (U-2).
    OpenForAnswers,
}

impl Gate {
    /// The gate to an answer of one side of a handshake: what awaits the customer's super admins,
    /// they answer whatever has become of their home.
    pub const fn of_turn(turn: Party) -> Self {
        match turn {
            Party::Customer => Self::Open,
            Party::Manager => Self::Shut,
        }
    }
}

/// Whether the policy has what a question names. A name that it does not have is a slip of whoever
/// asks, and is refused where the question comes in; the judgement itself is total and denies it.
///
/// # Errors
/// `unknown_service`, `unknown_permission`.
pub fn names(world: &World<'_>, permission: &Permission, service: Option<&Service>) -> Ruling {
    let mut bars = Bars::new();
    bars.bar(!world.policy.permissions.contains(permission), Code::UnknownPermission, permission);
    if let Some(service) = service {
        bars.bar(!world.policy.services.contains(service), Code::UnknownService, service);
    }
    bars.lift()
}

/// Answers a check (P-1 to P-8).
///
/// # Errors
/// When the view cannot be read.
pub fn check(world: &World<'_>, question: &Question, seq: u64) -> Result<Verdict, ViewError> {
    let found = judge(
        world,
        question.user,
        question.permission.as_str(),
        question.tenant,
        question.service.as_ref(),
        Gate::Shut,
    )?;
    Ok(Verdict {
        allowed: found.reason.is_none(),
        reason: found.reason,
        remedy: found.reason.map(Code::remedy),
        grounds: found.grounds,
        chain: found.chain.iter().map(|link| link.id).collect(),
        seq,
    })
}

/// The living tenants that a user can do this on, in the order of their ids (P-12).
///
/// # Errors
/// When the view cannot be read.
pub fn tenants_where(
    world: &World<'_>,
    user: UserId,
    permission: &Permission,
    service: Option<&Service>,
) -> Result<Vec<TenantId>, ViewError> {
    let Some(user) = world.user(user)? else { return Ok(Vec::new()) };
    // Whose home is locked may do nothing anywhere (P-4).
    if !can_act(world, &user, Gate::Shut)? || world.is_locked(user.home)? {
        return Ok(Vec::new());
    }
    let (mut held, mut candidates) = (BTreeMap::new(), BTreeSet::new());
    for assignment in world.assignments_of(user.id)? {
        candidates.insert(assignment.tenant);
        if assignment.below {
            candidates.append(&mut below(world, assignment.tenant, &BTreeSet::new())?);
        }
        held.insert(assignment.tenant, assignment);
    }
    let on = |at| Ok(held.get(&at).cloned());
    let mut allowed = Vec::new();
    for tenant in candidates {
        if let Ok(approach) = Approach::reaching(world, user.home, tenant, Gate::Shut, || Ok(false))?
            && approach.judge(permission.as_str(), service, &on)?.reason.is_none()
        {
            allowed.push(tenant);
        }
    }
    Ok(allowed)
}

/// Whether a user can do this on a tenant on which they hold a role themselves.
///
/// # Errors
/// When the view cannot be read.
pub fn may_where_assigned(world: &World<'_>, user: UserId, permission: &str) -> Result<bool, ViewError> {
    for assignment in world.view.under::<Assignment>(Index::AssignmentUser, Key::new().id(user.uuid())) {
        let tenant = assignment?.tenant;
        if judge(world, user, permission, tenant, None, Gate::Shut)?.reason.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The users who can do this on a tenant, in the order of their ids (P-12).
///
/// # Errors
/// When the view cannot be read.
pub fn users_who_can(
    world: &World<'_>,
    permission: &Permission,
    tenant: TenantId,
    service: Option<&Service>,
) -> Result<Vec<UserId>, ViewError> {
    let mut candidates = BTreeSet::new();
    let mut reaching = above(world, tenant, &BTreeSet::new())?;
    reaching.insert(tenant);
    for holder in reaching {
        for assignment in world.assigned(holder, |role| role_holds(world, role, permission.as_str()))? {
            if holder == tenant || assignment.below {
                candidates.insert(assignment.user);
            }
        }
    }
    let mut allowed = Vec::new();
    for user in candidates {
        if judge(world, user, permission.as_str(), tenant, service, Gate::Shut)?.reason.is_none() {
            allowed.push(user);
        }
    }
    Ok(allowed)
}

/// What a check found on its way.
pub(super) struct Judgement {
    pub(super) reason: Option<Code>,
    pub(super) grounds: Option<Grounds>,
    pub(super) chain: Chain,
}

impl Judgement {
    fn denied(code: Code, by: Option<&Chain>) -> Self {
        Self { reason: Some(code), grounds: None, chain: by.cloned().unwrap_or_default() }
    }
}

/// The check itself, reason by reason in order of precedence.
pub(super) fn judge(
    world: &World<'_>,
    user: UserId,
    permission: &str,
    tenant: TenantId,
    service: Option<&Service>,
    gate: Gate,
) -> Result<Judgement, ViewError> {
    match Approach::of(world, user, tenant, gate)? {
        Ok(approach) => approach.judge(permission, service, &|at| world.assignment(user, at)),
        Err(code) => Ok(Judgement::denied(code, None)),
    }
}

/// What a check knows of a user and a tenant before it looks at what is asked: the same for every
/// permission and service.
pub(super) struct Approach<'w, 'v> {
    world: &'w World<'v>,
    home: TenantId,
    tenant: TenantId,
    gate: Gate,
    // Why the tenant cannot be worked on, if so (P-2).
    closed: Option<Code>,
    // The ways from the tenant up to the user's home (P-3); none at home.
    chains: Vec<Chain>,
    // Whether the people of the user's home are locked out (P-4).
    locked: bool,
}

impl<'w, 'v> Approach<'w, 'v> {
    /// How far a user comes to a tenant, or why nowhere (P-1, P-2).
    pub(super) fn of(
        world: &'w World<'v>,
        user: UserId,
        tenant: TenantId,
        gate: Gate,
    ) -> Result<Result<Self, Code>, ViewError> {
        let Some(user) = world.user(user)? else { return Ok(Err(Code::UnknownUser)) };
        if !can_act(world, &user, gate)? {
            return Ok(Err(Code::UserNotActive));
        }
        Self::from(world, user.home, tenant, gate)
    }

    /// How far those who can act come who are at home somewhere, or why nowhere (P-2).
    pub(super) fn from(
        world: &'w World<'v>,
        home: TenantId,
        tenant: TenantId,
        gate: Gate,
    ) -> Result<Result<Self, Code>, ViewError> {
        Self::reaching(world, home, tenant, gate, || world.is_locked(home))
    }

    /// The same where it is known, or found out when it counts, whether that home is locked.
    fn reaching(
        world: &'w World<'v>,
        home: TenantId,
        tenant: TenantId,
        gate: Gate,
        is_locked: impl FnOnce() -> Result<bool, ViewError>,
    ) -> Result<Result<Self, Code>, ViewError> {
        let Some(target) = world.living(tenant)? else { return Ok(Err(Code::UnknownTenant)) };
        let closed = world.closed(&target)?;
        let chains = match home == tenant {
            true => Vec::new(),
            false => chains(world, tenant, home, &BTreeSet::new())?,
        };
        let counts = home == tenant || !chains.is_empty();
        let locked = counts && is_locked()?;
        Ok(Ok(Self { world, home, tenant, gate, closed, chains, locked }))
    }

    /// The tenants on which an assignment of the user's may decide: the tenant itself, and the
    /// managers on the ways to it.
    pub(super) fn deciding(&self) -> BTreeSet<TenantId> {
        self.chains.iter().flatten().map(|link| link.manager).chain([self.tenant]).collect()
    }

    /// Which of the ways to the tenant carry a service (P-5); without one, all of them do.
    pub(super) fn carrying(&self, service: Option<&Service>) -> Vec<bool> {
        let carries = |chain: &Chain, service| chain.iter().all(|link| link.services.contains(service));
        self.chains.iter().map(|chain| service.is_none_or(|service| carries(chain, service))).collect()
    }

    /// Whether the user may do this there, and why; `on` finds the assignment on a tenant itself.
    fn judge(
        &self,
        permission: &str,
        service: Option<&Service>,
        on: &Lookup<'_>,
    ) -> Result<Judgement, ViewError> {
        let ways = match self.ways(permission, service)? {
            Ok(ways) => ways,
            Err(Barred { code, by }) => return Ok(Judgement::denied(code, by)),
        };
        let nearest = self.nearest(&ways, on)?;
        let holding = first_giving(self.world, &nearest, permission)?;
        let Some((chain, deciding)) = holding.or(nearest.first()) else {
            return Ok(Judgement::denied(Code::NoAssignment, ways.first().copied()));
        };
        Ok(Judgement {
            reason: holding.is_none().then_some(Code::RoleLacksPermission),
            grounds: Some(grounds(deciding)),
            chain: chain.cloned().unwrap_or_default(),
        })
    }

    /// The ways by which the home's people may do this there, if a role of theirs lets them (P-2 to
    /// P-7); at home it takes no way.
    pub(super) fn ways(
        &self,
        permission: &str,
        service: Option<&Service>,
    ) -> Result<Result<Vec<&Chain>, Barred<'_>>, ViewError> {
        let policy = &self.world.policy;
        let at_home = self.home == self.tenant;
        let mut ways: Vec<&Chain> = self.chains.iter().collect();
        let bar = |code, by| Ok(Err(Barred { code, by }));
        // P-2
        let open = self.gate != Gate::Shut || DESPITE_DISABLED.contains(&permission);
        if let Some(code) = self.closed.filter(|_| !open) {
            return bar(code, None);
        }
        // P-3
        if !at_home && ways.is_empty() {
            return bar(Code::NotLinked, None);
        }
        // P-4
        let by = ways.first().copied();
        if self.locked {
            return bar(Code::CustomerLocked, by);
        }
        // P-5: with several chains, those that carry the service remain.
        if let Some(service) = service {
            ways.retain(|chain| chain.iter().all(|link| link.services.contains(service)));
            if !policy.services.contains(service) || !at_home && ways.is_empty() {
                return bar(Code::ServiceNotManaged, by);
            }
        }
        if at_home {
            return Ok(Ok(ways));
        }
        // P-6
        let by = ways.first().copied();
        if policy.reserved.contains(permission) {
            return bar(Code::ReservedForCustomer, by);
        }
        // P-7: every link that asks for grants has to give this one, and the terms of every link.
        let agreed_earlier = ways.iter().copied().flatten().any(|link| link.terms != policy.terms);
        if agreed_earlier && policy.permissions.contains(permission) || policy.grantable.contains(permission)
        {
            let mut granting = Vec::new();
            for chain in ways {
                if grants(self.world, chain, permission)? {
                    granting.push(chain);
                }
            }
            ways = granting;
            if ways.is_empty() {
                return bar(Code::NotGranted, by);
            }
        }
        Ok(Ok(ways))
    }

    /// The assignments nearest to the tenant on these ways, each with its way (P-8, P-10).
    pub(super) fn nearest<'c>(
        &self,
        ways: &[&'c Chain],
        on: &Lookup<'_>,
    ) -> Result<Vec<Deciding<'c>>, ViewError> {
        let nearest = nearest(self.tenant, ways, false, on)?;
        Ok(nearest.into_iter().map(|(position, it)| (ways.get(position).copied(), it)).collect())
    }
}

/// An assignment that decides, and the chain that it comes down by, if by one.
pub(super) type Deciding<'c> = (Option<&'c Chain>, Arc<Assignment>);

/// Why nothing leads to a tenant, and the chain that it is to be seen on, if one is.
pub(super) struct Barred<'c> {
    code: Code,
    by: Option<&'c Chain>,
}

/// The first of the deciding assignments that gives a permission.
pub(super) fn first_giving<'n, 'c>(
    world: &World<'_>,
    nearest: &'n [Deciding<'c>],
    permission: &str,
) -> Result<Option<&'n Deciding<'c>>, ViewError> {
    for deciding in nearest {
        if gives(world, &deciding.1, permission)? {
            return Ok(Some(deciding));
        }
    }
    Ok(None)
}

/// Whether a user can act at all (P-1).
///
/// # Errors
/// When the view cannot be read.
pub fn can_act(world: &World<'_>, user: &User, gate: Gate) -> Result<bool, ViewError> {
    let home = world.living(user.home)?;
    let invited = gate == Gate::OpenForAnswers && user.state == UserState::Invited;
    let Some(home) = home.filter(|_| invited || user.state == UserState::Active) else { return Ok(false) };
    if gate == Gate::OpenForAnswers || world.closed(&home)?.is_none() {
        return Ok(true);
    }
    let at_home = world.assignment(user.id, home.id)?;
    Ok(gate == Gate::Open && at_home.is_some_and(|assignment| world.is_super_admin(&assignment)))
}

/// Whether a user is active and their home lives, be it disabled.
///
/// # Errors
/// When the view cannot be read.
pub fn is_there(world: &World<'_>, user: &User) -> Result<bool, ViewError> {
    Ok(user.state == UserState::Active && world.living(user.home)?.is_some())
}

/// Whether both sides of every link of a chain agreed that its manager may hold a permission: by
/// its terms (P-13), and by the customer's grant where it takes one (P-7).
fn grants(world: &World<'_>, chain: &Chain, permission: &str) -> Result<bool, ViewError> {
    for link in chain {
        let terms = world.agreed(link)?;
        let granted = link.grants.contains(permission);
        if !terms.policy.carries(permission) || !granted && terms.need_grant_of(permission, &world.policy) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn grounds(assignment: &Assignment) -> Grounds {
    Grounds {
        tenant: assignment.tenant,
        role: assignment.role.clone(),
        masked: assignment.masked,
        ends: assignment.over.first().map(|laid| laid.ends),
    }
}

/// Whether an assignment gives a permission: its role holds it, and it is not masked (P-8, P-16).
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn gives(world: &World<'_>, assignment: &Assignment, permission: &str) -> Result<bool, ViewError> {
    let masked = assignment.masked && world.policy.reserved.contains(permission);
    Ok(!masked && role_holds(world, &assignment.role, permission)?)
}

/// Whether a role holds a permission that the policy knows (P-8, P-14).
pub(super) fn role_holds(world: &World<'_>, role: &RoleRef, permission: &str) -> Result<bool, ViewError> {
    let policy = &world.policy;
    if !policy.permissions.contains(permission) {
        return Ok(false);
    }
    match role {
        RoleRef::Builtin(name) => {
            Ok(policy.role(name).is_some_and(|role| role.permissions.contains(permission)))
        }
        RoleRef::Custom(id) => {
            let role = world.role(*id)?;
            Ok(!policy.super_only.contains(permission)
                && role.is_some_and(|role| role.permissions.contains(permission)))
        }
    }
}

/// What a role holds; nothing, where there is no such role.
pub(super) fn role_permissions(world: &World<'_>, role: &RoleRef) -> Result<BTreeSet<Permission>, ViewError> {
    Ok(match role {
        RoleRef::Builtin(name) => {
            world.policy.role(name).map(|role| role.permissions.clone()).unwrap_or_default()
        }
        RoleRef::Custom(id) => world.role(*id)?.map(|role| role.permissions.clone()).unwrap_or_default(),
    })
}

/// The assignments nearest to a tenant along its chains, each with its chain's position; several
/// only where chains of equal length fork (P-10). `from_below` asks as for a tenant just below;
/// `on` finds the assignment on a tenant itself.
fn nearest(
    tenant: TenantId,
    chains: &[&Chain],
    from_below: bool,
    on: &Lookup<'_>,
) -> Result<Vec<(usize, Arc<Assignment>)>, ViewError> {
    if let Some(assignment) = on(tenant)?
        && (!from_below || assignment.below)
    {
        return Ok(vec![(0, assignment)]);
    }
    if let [chain] = chains {
        for link in *chain {
            if let Some(assignment) = on(link.manager)?.filter(|assignment| assignment.below) {
                return Ok(vec![(0, assignment)]);
            }
        }
        return Ok(Vec::new());
    }
    // Many chains may lead through one manager.
    let mut known: BTreeMap<TenantId, Option<Arc<Assignment>>> = BTreeMap::new();
    let longest = chains.iter().map(|chain| chain.len()).max().unwrap_or(0);
    for distance in 0..longest {
        let mut found = Vec::new();
        for (position, chain) in chains.iter().enumerate() {
            let Some(link) = chain.get(distance) else { continue };
            let assignment = match known.get(&link.manager) {
                Some(assignment) => assignment.clone(),
                None => on(link.manager)?.filter(|assignment| assignment.below),
            };
            found.extend(assignment.iter().map(|assignment| (position, Arc::clone(assignment))));
            known.insert(link.manager, assignment);
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Whether the tenant exists for the user: it is their home, or their role through a chain lets
/// them view it and their home is not locked (P-4, T-9).
///
/// # Errors
/// When the view cannot be read.
pub fn sees(world: &World<'_>, user: &User, tenant: TenantId) -> Result<bool, ViewError> {
    if world.living(tenant)?.is_none() {
        return Ok(false);
    }
    if user.home == tenant {
        return Ok(true);
    }
    if world.is_locked(user.home)? {
        return Ok(false);
    }
    for assignment in held(world, user, tenant, false)? {
        if gives(world, &assignment, TENANT_VIEW)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an organisation is there for the user: they see its tenant, or it manages their home.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn knows(world: &World<'_>, user: &User, organisation: TenantId) -> Result<bool, ViewError> {
    Ok(sees(world, user, organisation)? || above(world, user.home, &BTreeSet::new())?.contains(&organisation))
}

/// Whether a user would see a tenant that a manager came to manage: a role that lets them view
/// reaches below it.
///
/// # Errors
/// When the view cannot be read.
pub fn sees_below(world: &World<'_>, user: &User, manager: TenantId) -> Result<bool, ViewError> {
    if world.is_locked(user.home)? {
        return Ok(false);
    }
    for assignment in held(world, user, manager, true)? {
        if gives(world, &assignment, TENANT_VIEW)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a user sees of the tenants that one manager manages directly: as [`sees`] says, for a whole
/// list without asking about each tenant anew.
///
/// Why it is equal. Take a living tenant `T` with a link in force to the manager `M`, on which the
/// user has no assignment of their own. Every chain from `M` up to their home, with that link put
/// before it, is a chain of `T`. So if an assignment that covers what is below reaches the tenants
/// just below `M`, the nearest assignments to `T` are not none. They may be others, of a nearer
/// manager of `T`; but each of them is one of the user's that covers what is below. If all of these
/// hold `tenant.view`, the user sees `T`. Wherever one of that is not so, [`sees`] is asked.
pub struct SeenBelow<'u> {
    user: &'u User,
    below: bool,
    // Whether any assignment of theirs may reach what is below its tenant.
    spreads: bool,
    own: BTreeSet<TenantId>,
}

/// Of how many assignments [`SeenBelow`] takes a look at each.
const SIGHTED: usize = 256;

impl<'u> SeenBelow<'u> {
    /// What `user` sees just below `manager`.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn of(world: &World<'_>, user: &'u User, manager: TenantId) -> Result<Self, ViewError> {
        let span = Span::under(Index::AssignmentUser, Key::new().id(user.id.uuid()));
        let found = world.view.scan(&span, SIGHTED)?;
        let mut below = found.len() < SIGHTED
            && !world.is_locked(user.home)?
            && !held(world, user, manager, true)?.is_empty();
        let mut spreads = found.len() == SIGHTED;
        let mut own = BTreeSet::from([user.home]);
        for given in found.into_iter().filter_map(|found| Assignment::from_any(found.entity)) {
            own.insert(given.tenant);
            let Some(assignment) = given.in_force(world.at) else { continue };
            spreads |= assignment.below;
            below = below && (!assignment.below || gives(world, &assignment, TENANT_VIEW)?);
        }
        Ok(Self { user, below, spreads, own })
    }

    /// The only tenants that they can see at all, where these are few: where no role of theirs
    /// reaches below its tenant.
    pub fn only(&self) -> Option<&BTreeSet<TenantId>> {
        (!self.spreads).then_some(&self.own)
    }

    /// Whether they see one of the tenants that the manager manages.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub fn has(&self, world: &World<'_>, tenant: TenantId) -> Result<bool, ViewError> {
        Ok(self.below && !self.own.contains(&tenant) || sees(world, self.user, tenant)?)
    }
}

/// Finds the assignment that somebody has on a tenant itself.
pub(super) type Lookup<'a> = dyn Fn(TenantId) -> Result<Option<Arc<Assignment>>, ViewError> + 'a;

/// The assignments that decide for a user on a tenant; `from_below`, on what is managed below it
/// (P-10).
pub(super) fn held(
    world: &World<'_>,
    user: &User,
    tenant: TenantId,
    from_below: bool,
) -> Result<Vec<Arc<Assignment>>, ViewError> {
    deciding(world, user.home, tenant, from_below, &|at| world.assignment(user.id, at))
}

/// The same for somebody at home in `home` who has the assignments that `on` finds.
pub(super) fn deciding(
    world: &World<'_>,
    home: TenantId,
    tenant: TenantId,
    from_below: bool,
    on: &Lookup<'_>,
) -> Result<Vec<Arc<Assignment>>, ViewError> {
    let chains = if home == tenant {
        Vec::new()
    } else {
        let chains = chains(world, tenant, home, &BTreeSet::new())?;
        if chains.is_empty() {
            return Ok(Vec::new());
        }
        chains
    };
    let nearest = nearest(tenant, &chains.iter().collect::<Vec<_>>(), from_below, on)?;
    Ok(nearest.into_iter().map(|(_, assignment)| assignment).collect())
}
