//! What a change gives and what it takes: everything that everybody holds before and after it, person by person, tenant
//! by tenant and permission by permission, set side by side (P-15, P-16, U-4). Who is offered a role counts as having it. What
//! is given for a while makes a world of each moment at which anything of theirs turns, and what somebody is eligible for another,
//! in which they have it active; and so does every choice of that.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::Permission;
use tenantry::base::time::Timestamp;
use tenantry::model::{HandshakeState, RoleRef, TenantKind};
use tenantry::policy::Policy;
use tenantry::refusal::Code;

use crate::access::Who;
use crate::world::{Assignment, Invitation, Laid, Oracle, Temporary, While};

/// Where something is held: on a tenant, or on whatever the tenant may come to manage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    On(TenantId),
    Below(TenantId),
}

impl Place {
    fn tenant(self) -> TenantId {
        match self {
            Self::On(tenant) | Self::Below(tenant) => tenant,
        }
    }
}

/// What everybody holds by their roles, whatever stands in the way of using it.
#[derive(Default)]
struct Held {
    permissions: BTreeSet<(UserId, Place, Permission)>,
    super_admins: BTreeSet<(UserId, Place)>,
}

/// What somebody is eligible for and is taken to have active.
type Activated = BTreeSet<Laid>;

/// What decides about somebody on each of some tenants.
type Choice = Vec<(TenantId, Option<Assignment>)>;

/// What one person has and is offered, each role with what it holds.
type Belongings = (Vec<(Assignment, Vec<Permission>)>, Vec<(Temporary, Vec<Permission>)>);

impl Oracle {
    /// The world with nothing in it but what rights come from, in which what decides at a moment stands for good.
    fn as_decided(&self, moment: Timestamp) -> Self {
        self.as_if_active(&Activated::new(), moment)
    }

    /// The same, in which these are active as long as they can be.
    fn as_if_active(&self, active: &Activated, moment: Timestamp) -> Self {
        let counts = |one: &&Temporary| {
            one.in_force(moment) || active.contains(&one.laid()) && one.can_be_activated(moment)
        };
        let decides = |(user, tenant)| {
            let laid = self.laid(user, tenant, Timestamp::MIN).rfind(counts).map(|one| &one.given);
            laid.or_else(|| self.lasting(user, tenant)).cloned()
        };
        Self {
            assignments: self.pairs().into_iter().filter_map(decides).collect(),
            policy: Rc::clone(&self.policy),
            terms: self.terms.clone(),
            tenants: self.tenants.clone(),
            links: self.links.clone(),
            invitations: self.invitations.clone(),
            users: self.users.clone(),
            roles: self.roles.clone(),
            ..Self::new(Policy::default())
        }
    }

    /// What decides at a moment stands for good from then on, and nothing is given for a while.
    pub fn forget_time(&mut self, moment: Timestamp) {
        self.assignments = self.as_decided(moment).assignments;
        self.temporaries.clear();
    }

    /// The moments after another at which anything of a person's begins or ends.
    fn turns(&self, user: UserId, at: Timestamp) -> BTreeSet<Timestamp> {
        let theirs = self.temporaries.iter().filter(|one| one.given.user == user);
        theirs.flat_map(Temporary::turns).filter(|moment| at < *moment).collect()
    }

    /// What somebody is eligible for, now or later.
    fn eligible(&self, user: UserId, at: Timestamp) -> Activated {
        let theirs = self.temporaries.iter().filter(|one| one.given.user == user && at < one.ends);
        theirs.filter(|one| one.eligible).map(Temporary::laid).collect()
    }

    /// The worlds in which somebody has to hold what they give for a while: as it is now, and as it will be for them at every
    /// moment of the while.
    fn worlds_of(&self, giver: UserId, lasts: While, at: Timestamp) -> Vec<Self> {
        let mut moments = self.turns(giver, at);
        moments.insert(lasts.starts.max(at));
        moments.retain(|moment| lasts.has(*moment));
        moments.insert(at);
        moments.into_iter().map(|moment| self.as_decided(moment)).collect()
    }

    fn belongings(&self, user: UserId) -> Belongings {
        let held = |a: &Assignment| self.permissions_of(&a.role);
        let pending = |offer: &&Invitation| offer.state == HandshakeState::Pending;
        let offered = self.invitations.iter().filter(pending).map(Invitation::offered);
        let lasting = self.assignments.iter().cloned().chain(offered).filter(|a| a.user == user);
        let laid = self.temporaries.iter().filter(|one| one.given.user == user);
        (
            lasting.map(|a| (a.clone(), held(&a))).collect(),
            laid.map(|one| (one.clone(), held(&one.given))).collect(),
        )
    }

    /// The same world, in which everybody has accepted what they were offered.
    pub fn as_if_accepted(&self) -> Self {
        let mut world = self.clone();
        for offer in self.invitations.iter().filter(|offer| offer.state == HandshakeState::Pending) {
            world.assignments.push(offer.offered());
        }
        world
    }

    fn held(&self, people: &BTreeSet<UserId>, at: Timestamp) -> Held {
        let world = self.as_if_accepted();
        let mut held = Held::default();
        for user in world.users.iter().filter(|user| people.contains(&user.id)) {
            for place in world.all_places() {
                world.hold(&mut held, user.id, place, at);
            }
        }
        held
    }

    fn all_places(&self) -> Vec<Place> {
        let living = || self.tenants.iter().filter(|tenant| !tenant.deleted);
        let managers = living().filter(|tenant| tenant.kind == TenantKind::Msp);
        living().map(|t| Place::On(t.id)).chain(managers.map(|t| Place::Below(t.id))).collect()
    }

    /// Adds what somebody holds in a place.
    fn hold(&self, held: &mut Held, user: UserId, place: Place, at: Timestamp) {
        for assignment in self.nearest_in(user, place, at) {
            let given = self.policy.permissions.iter().filter(|p| self.gives(assignment, p));
            held.permissions.extend(given.map(|p| (user, place, p.clone())));
            if self.makes_super(assignment) {
                held.super_admins.insert((user, place));
            }
        }
    }

    /// On each tenant on which somebody may activate anything at a moment, what can come to decide there: by whatever they have
    /// active of it and what they have not, of which the last decides, over what else lies there.
    fn may_decide_there(
        &self,
        user: UserId,
        moment: Timestamp,
    ) -> BTreeMap<TenantId, Vec<Option<Assignment>>> {
        let theirs = |one: &&Temporary| one.given.user == user && one.can_be_activated(moment);
        let tenants: BTreeSet<TenantId> =
            self.temporaries.iter().filter(theirs).map(|one| one.given.tenant).collect();
        let on = |tenant| {
            let mut may_decide = vec![self.lasting(user, tenant).cloned()];
            for one in self.laid(user, tenant, Timestamp::MIN) {
                if one.can_be_activated(moment) {
                    may_decide.push(Some(one.given.clone()));
                } else if one.in_force(moment) {
                    // What lies under it decides nothing.
                    may_decide = vec![Some(one.given.clone())];
                }
            }
            (tenant, may_decide)
        };
        tenants.into_iter().map(on).collect()
    }

    /// Whether somebody has more to choose at a moment than one role that they have active or not: several on different tenants, or
    /// not to have what they have.
    fn has_a_choice(&self, user: UserId, moment: Timestamp) -> bool {
        let theirs = || self.temporaries.iter().filter(|one| one.given.user == user && one.eligible);
        let active = theirs().any(|one| one.in_force(moment));
        let may = theirs().filter(|one| one.can_be_activated(moment)).map(|one| one.given.tenant);
        active || may.collect::<BTreeSet<_>>().len() > 1
    }

    /// The most that somebody could hold at a moment in each place, whichever of what they are eligible for they have active at once:
    /// every choice is tried of all that lies on the place or above it.
    fn at_most(&self, user: UserId, moment: Timestamp, at: Timestamp) -> Held {
        let mut world = self.as_decided(moment).as_if_accepted();
        let may_decide = self.may_decide_there(user, moment);
        let mut held = Held::default();
        for place in world.all_places() {
            let mut choices: Vec<Choice> = vec![Choice::new()];
            for (tenant, may_decide) in &may_decide {
                if *tenant == place.tenant() || world.manages(*tenant, place.tenant(), at) {
                    let with = |choice: &Choice| {
                        let choice = choice.clone();
                        let more = may_decide.iter().map(|one| (*tenant, one.clone()));
                        more.map(|one| [choice.clone(), vec![one]].concat()).collect::<Vec<_>>()
                    };
                    choices = choices.iter().flat_map(with).collect();
                }
            }
            for choice in choices {
                for (tenant, decides) in choice {
                    world.assignments.retain(|a| a.user != user || a.tenant != tenant);
                    world.assignments.extend(decides);
                }
                world.hold(&mut held, user, place, at);
            }
        }
        held
    }

    fn nearest_in(&self, user: UserId, place: Place, at: Timestamp) -> Vec<&Assignment> {
        match place {
            Place::On(tenant) => self.assignments_on(user, tenant, at),
            Place::Below(tenant) => self.assignments_below(user, tenant, at),
        }
    }

    /// What stands in the way of somebody making this world into another: what anybody gains the actor must hold there,
    /// what a super admin loses only a super admin of that place takes, and so it is with making and unmaking one. So it is now,
    /// and at every moment at which anything turns for whom it changes or for the actor: what is gained then the actor holds
    /// then as well; and so it is once more for each role for which somebody is eligible, as if they had it active, and for the
    /// most that they could hold by all of them.
    pub fn change_obstacles(&self, who: Who, after: &Self, at: Timestamp) -> Vec<Code> {
        let Who::User(actor) = who else { return Vec::new() };
        let changed = |user: &UserId| self.belongings(*user) != after.belongings(*user);
        let people: BTreeSet<UserId> = after.users.iter().map(|user| user.id).filter(changed).collect();
        let turns = |user: &UserId| self.turns(*user, at).into_iter().chain(after.turns(*user, at));
        let moments: BTreeSet<Timestamp> =
            people.iter().chain([&actor]).flat_map(turns).chain([at]).collect();
        let both = |user: &UserId| self.eligible(*user, at).into_iter().chain(after.eligible(*user, at));
        let eligible: Activated = people.iter().flat_map(both).collect();
        let each = || [Activated::new()].into_iter().chain(eligible.iter().map(|one| [*one].into()));
        let home = |user| after.user(user).map(|user| user.home).unwrap();
        let today = self.as_decided(at);
        let mut obstacles = Vec::new();
        for moment in moments {
            // What the actor could activate themselves they do not hold yet.
            let meanwhile = self.as_decided(moment);
            let giving = [&today, &meanwhile];
            let mut gained = |before: &Held, then: &Held| {
                for (user, place, permission) in then.permissions.difference(&before.permissions) {
                    for world in giving {
                        obstacles.extend(world.giving_obstacles(actor, home(*user), *place, permission, at));
                    }
                }
                for (user, place) in then.super_admins.difference(&before.super_admins) {
                    let lacks = |world: &&Self| !world.is_super_in(actor, *place, at);
                    if giving.iter().any(lacks) || self.super_role_barred(actor, home(*user), at) {
                        obstacles.push(Code::SuperAdminOnly);
                    }
                }
            };
            let mut lost = BTreeSet::new();
            for active in each() {
                let (was, is) = (self.as_if_active(&active, moment), after.as_if_active(&active, moment));
                let (before, then) = (was.held(&people, at), is.held(&people, at));
                gained(&before, &then);
                lost.extend(before.super_admins.difference(&then.super_admins).map(|(_, place)| *place));
            }
            let chooses =
                |user: &&UserId| self.has_a_choice(**user, moment) || after.has_a_choice(**user, moment);
            for user in people.iter().filter(chooses) {
                gained(&self.at_most(*user, moment, at), &after.at_most(*user, moment, at));
            }
            if lost.into_iter().any(|place| !today.is_super_in(actor, place, at)) {
                obstacles.push(Code::SuperAdminOnly);
            }
        }
        obstacles
    }

    /// Where somebody would have the super role itself no longer, whatever reaches them from above: who could not give it there does
    /// not take it. So it is for what they could activate (P-15, X-4).
    pub fn super_role_obstacles(
        &self,
        who: Who,
        user: UserId,
        tenant: TenantId,
        after: &Self,
        at: Timestamp,
    ) -> Vec<Code> {
        let Who::User(actor) = who else { return Vec::new() };
        if self.is_super_on(actor, tenant, at) {
            return Vec::new();
        }
        let moments = self.turns(user, at).into_iter().chain(after.turns(user, at)).chain([at]);
        let eligible: Activated =
            self.eligible(user, at).into_iter().chain(after.eligible(user, at)).collect();
        let each = || [Activated::new()].into_iter().chain(eligible.iter().map(|one| [*one].into()));
        let mut all = moments.flat_map(|moment| each().map(move |active| (moment, active)));
        let lost = all.any(|(moment, active)| {
            let has = |world: &Self| {
                world.as_if_active(&active, moment).lasting(user, tenant).is_some_and(|a| self.makes_super(a))
            };
            has(self) && !has(after)
        });
        if lost { vec![Code::SuperAdminOnly] } else { Vec::new() }
    }

    /// What stands in the way of somebody deciding about all that a user is, wherever that may be: whoever is a super
    /// admin anywhere, now or later, or could become one, is the affair of those who are one there now.
    pub fn person_obstacles(&self, who: Who, user: UserId, at: Timestamp) -> Vec<Code> {
        let Who::User(actor) = who else { return Vec::new() };
        if !self.user(user).unwrap().is_living() {
            return Vec::new();
        }
        let moments = self.turns(user, at).into_iter().chain([at]);
        let eligible = self.eligible(user, at);
        let each = || [Activated::new()].into_iter().chain(eligible.iter().map(|one| [*one].into()));
        let worlds = moments.flat_map(|moment| each().map(move |active| self.as_if_active(&active, moment)));
        let places = worlds.flat_map(|world| world.held(&[user].into(), at).super_admins);
        places
            .filter(|(_, place)| !self.is_super_in(actor, *place, at))
            .map(|_| Code::SuperAdminOnly)
            .collect()
    }

    /// What stands in the way of somebody putting another person in a user's place, as who changes their address does: it
    /// hands out all that the user has, and what they are eligible for as if all of it were active.
    pub fn takeover_obstacles(&self, who: Who, user: UserId, at: Timestamp) -> Vec<Code> {
        let Who::User(actor) = who else { return Vec::new() };
        // Who is invited, or gone, holds nothing.
        if !self.user(user).unwrap().is_living() {
            return Vec::new();
        }
        let home = self.user(user).map(|user| user.home).unwrap();
        let mut obstacles = self.person_obstacles(who, user, at);
        for given in self.assignments.iter().filter(|a| a.user == user) {
            obstacles.extend(self.hand_out_obstacles(who, home, given, While::FOR_GOOD, at));
        }
        for one in self.temporaries.iter().filter(|one| one.given.user == user && at < one.ends) {
            obstacles.extend(self.hand_out_obstacles(who, home, &one.given, one.lasts(), at));
        }
        let turns = self.turns(user, at).into_iter().chain(self.turns(actor, at));
        let today = self.as_decided(at);
        for moment in turns.chain([at]).collect::<BTreeSet<_>>() {
            let (world, all) = (self.as_decided(moment), self.as_if_active(&self.eligible(user, at), moment));
            for held in [&world, &all].map(|world| world.held(&[user].into(), at)) {
                for (_, place, permission) in held.permissions {
                    for world in [&today, &world] {
                        obstacles.extend(world.giving_obstacles(actor, home, place, &permission, at));
                    }
                }
            }
        }
        let is_super = |a: &Assignment| a.user == user && a.role == self.super_role();
        if self.all_given().any(is_super) && self.super_role_barred(actor, home, at) {
            // The super role is barred before anything else is asked.
            return vec![Code::SuperAdminOnly];
        }
        obstacles
    }

    /// What stands in the way of the actor giving a permission in a place to somebody at home on `home`: it must be seen and
    /// held there, and a manager that needs grants gives nothing that is reserved (P-15, P-16).
    fn giving_obstacles(
        &self,
        actor: UserId,
        home: TenantId,
        place: Place,
        permission: &Permission,
        at: Timestamp,
    ) -> Vec<Code> {
        let held = self.nearest_in(actor, place, at);
        let has = |wanted: &Permission| held.iter().any(|a| self.gives(a, wanted));
        let sees = match place {
            Place::On(tenant) => self.sees(Who::User(actor), tenant, at),
            // What is yet to come is seen by whoever may view what is below.
            Place::Below(_) => has(&Permission::parse("tenant.view").unwrap()),
        };
        let mut obstacles = Vec::new();
        if !sees || !has(permission) {
            obstacles.push(Code::BeyondOwnRights);
        }
        if self.policy.reserved.contains(permission) && self.gives_as_manager(actor, home, at) {
            obstacles.push(Code::ReservedForCustomer);
        }
        obstacles
    }

    fn is_super_in(&self, user: UserId, place: Place, at: Timestamp) -> bool {
        self.nearest_in(user, place, at).iter().any(|a| self.makes_super(a))
    }

    /// Whether the actor speaks for a manager of `home` that needs its grants (P-16).
    fn gives_as_manager(&self, actor: UserId, home: TenantId, at: Timestamp) -> bool {
        let from = self.user(actor).map(|user| user.home).unwrap();
        self.chains(home, from, at).iter().flatten().any(|link| self.rule(link).needs_grants)
    }

    /// Whether the actor can make nobody at home on `home` a super admin, as a manager that needs grants (P-16).
    fn super_role_barred(&self, actor: UserId, home: TenantId, at: Timestamp) -> bool {
        self.super_role() != RoleRef::Builtin(self.policy.admin_role.clone())
            && self.gives_as_manager(actor, home, at)
    }

    /// Whether an assignment or offer by somebody leaves out what is reserved (P-16), given what it replaces: what the
    /// manager's side gave stays masked until a super admin of the user's own home hands it out.
    pub fn is_masked(&self, who: Who, home: TenantId, replaced: Option<bool>, at: Timestamp) -> bool {
        let Who::User(actor) = who else { return false };
        let own = self.user(actor).map(|user| user.home).unwrap() == home;
        self.gives_as_manager(actor, home, at)
            || replaced == Some(true) && !(own && self.is_super_on(actor, home, at))
    }

    /// The permissions that an assignment gives, whether or not the policy has them still.
    fn handed_out(&self, given: &Assignment) -> Vec<Permission> {
        let reserved = |p: &Permission| given.masked && self.policy.reserved.contains(p);
        self.permissions_of(&given.role).into_iter().filter(|p| !reserved(p)).collect()
    }

    /// Whether the assignment keeps its user off a tenant that they would see without it.
    pub fn keeps_off(&self, assignment: &Assignment, at: Timestamp) -> bool {
        let mut without = self.clone();
        without.assignments.retain(|a| a != assignment);
        let who = Who::User(assignment.user);
        !self.sees(who, assignment.tenant, at) && without.sees(who, assignment.tenant, at)
    }

    /// Whether the user holds all these permissions on the tenant for good, as who puts them in a role has to: now, and
    /// whatever of theirs turns.
    pub fn holds_each_for_good(
        &self,
        user: UserId,
        tenant: TenantId,
        permissions: &BTreeSet<Permission>,
        at: Timestamp,
    ) -> bool {
        self.worlds_of(user, While::FOR_GOOD, at).iter().all(|world| {
            let held = world.assignments_on(user, tenant, at);
            let seen = world.sees(Who::User(user), tenant, at);
            permissions.iter().all(|permission| seen && held.iter().any(|a| world.gives(a, permission)))
        })
    }

    /// Everywhere an assignment reaches: the tenant, and, if it covers that, all that is below or will be.
    fn reach(&self, given: &Assignment, at: Timestamp) -> Vec<Place> {
        let mut reach = vec![Place::On(given.tenant)];
        if given.below {
            reach.push(Place::Below(given.tenant));
            reach.extend(self.all_below(given.tenant, at).into_iter().map(Place::On));
        }
        reach
    }

    /// What stands in the way of handing out these permissions as an assignment reaches, to somebody at home on `home` (U-4).
    pub fn reach_obstacles(
        &self,
        actor: UserId,
        home: TenantId,
        permissions: &[Permission],
        given: &Assignment,
        lasts: While,
        at: Timestamp,
    ) -> Vec<Code> {
        let mut obstacles = Vec::new();
        for world in self.worlds_of(actor, lasts, at) {
            for place in self.reach(given, at) {
                for permission in permissions {
                    obstacles.extend(world.giving_obstacles(actor, home, place, permission, at));
                }
            }
        }
        obstacles
    }

    /// Whether somebody is a super admin on a tenant, now and at every moment of a while.
    pub fn is_super_while(&self, user: UserId, tenant: TenantId, lasts: While, at: Timestamp) -> bool {
        self.worlds_of(user, lasts, at).iter().all(|world| world.is_super_on(user, tenant, at))
    }

    /// What stands in the way of handing out a role for so long (U-4, P-16, X-4).
    pub fn hand_out_obstacles(
        &self,
        who: Who,
        home: TenantId,
        given: &Assignment,
        lasts: While,
        at: Timestamp,
    ) -> Vec<Code> {
        let Who::User(actor) = who else { return Vec::new() };
        if given.role == self.super_role() && self.super_role_barred(actor, home, at) {
            return vec![Code::SuperAdminOnly];
        }
        let mut obstacles = self.reach_obstacles(actor, home, &self.handed_out(given), given, lasts, at);
        let all_super = || {
            let worlds = self.worlds_of(actor, lasts, at);
            let reach = self.reach(given, at);
            worlds.iter().all(|world| reach.iter().all(|place| world.is_super_in(actor, *place, at)))
        };
        if given.role == self.super_role() && !all_super() {
            obstacles.push(Code::SuperAdminOnly);
        }
        obstacles
    }

    /// The role as it is handed out: where nobody says whether it covers what is below, it does so on an MSP, unless the actor
    /// may not hand it out so far (P-10, P-15).
    pub fn with_below(
        &self,
        who: Who,
        home: TenantId,
        below: Option<bool>,
        given: Assignment,
        lasts: While,
        at: Timestamp,
    ) -> Assignment {
        let is_msp = self.tenant(given.tenant).is_some_and(|tenant| tenant.kind == TenantKind::Msp);
        let far = Assignment { below: below.unwrap_or(is_msp), ..given };
        let beyond = || self.hand_out_obstacles(who, home, &far, lasts, at).contains(&Code::BeyondOwnRights);
        if below.is_none() && is_msp && beyond() { Assignment { below: false, ..far } } else { far }
    }
}
