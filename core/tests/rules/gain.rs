//! Random histories of small worlds (P-15, P-16, U-4): after each command of a user that is done, nobody holds more than
//! that user did, and no super admin lost a right to somebody who is none. What people hold is found out here anew, by
//! role and by whoever is above whom, and with none of the library's code. An offer counts as held by whom it invites, so
//! that accepting it gives nothing.
//!
//! `TENANTRY_HISTORIES=10000 cargo test … gain` tries more of them; a failure names the history's number and its commands.

use std::collections::{BTreeMap, BTreeSet};

use tenantry::base::ids::{LinkRequestId, RequestId, RoleId};
use tenantry::event::Event;
use tenantry::model::{Actor, HandshakeState, Link, RoleRef, TermRequest, UserState};
use tenantry::policy::Policy;
use tenantry::testkit::inside::{Any, Memory, Stop, World, apply, decide};

use super::*;

/// How many histories are tried by default, and how long each is.
const HISTORIES: u64 = 24;
const COMMANDS: usize = 120;

/// A sequence of numbers that looks random and is the same each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// What somebody holds somewhere: permissions by their place in the policy, and whether they are a super admin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    permissions: u128,
    is_super: bool,
}

impl Held {
    fn beyond(self, other: Self) -> Self {
        Self {
            permissions: self.permissions & !other.permissions,
            is_super: self.is_super && !other.is_super,
        }
    }

    fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// A role in its place.
#[derive(Clone, Debug)]
struct Holding {
    role: RoleRef,
    below: bool,
    masked: bool,
}

/// Who has which role where, and who manages whom.
#[derive(Clone, Default)]
struct State {
    policy: Policy,
    links: Vec<Link>,
    homes: BTreeMap<UserId, TenantId>,
    shut_out: BTreeSet<UserId>,
    owners: BTreeSet<UserId>,
    roles: BTreeMap<RoleId, u128>,
    given: BTreeMap<(UserId, TenantId), Holding>,
}

impl State {
    fn of(world: &Memory) -> Self {
        let mut state = Self::default();
        for any in world.entities() {
            if let Any::PolicyVersion(version) = any {
                assert!(!version.superseded, "one policy all the time");
                state.policy = version.policy.clone();
            }
        }
        for any in world.entities() {
            match any {
                Any::Link(link) if link.stage.is_in_force() => state.links.push((**link).clone()),
                Any::User(user) => {
                    state.homes.insert(user.id, user.home);
                    if !matches!(user.state, UserState::Active | UserState::Invited) {
                        state.shut_out.insert(user.id);
                    }
                }
                Any::Role(role) if role.deleted.is_none() => {
                    state.roles.insert(role.id, state.mask(role.permissions.iter().map(|it| it.as_str())));
                }
                Any::Assignment(it) => {
                    let given = Holding { role: it.role.clone(), below: it.below, masked: it.masked };
                    state.given.insert((it.user, it.tenant), given);
                }
                Any::Invitation(it) if it.handshake.state == HandshakeState::Pending => {
                    let given = Holding { role: it.role.clone(), below: it.below, masked: it.masked };
                    state.given.insert((it.user, it.tenant), given);
                    if it.sign_up {
                        state.owners.insert(it.user);
                    }
                }
                _ => {}
            }
        }
        state
    }

    fn mask<'a>(&self, permissions: impl Iterator<Item = &'a str>) -> u128 {
        let all: Vec<&str> = self.policy.permissions.iter().map(|it| it.as_str()).collect();
        permissions
            .filter_map(|one| all.iter().position(|it| *it == one))
            .fold(0, |mask, bit| mask | 1 << bit)
    }

    fn reserved(&self) -> u128 {
        self.mask(self.policy.reserved.iter().map(|it| it.as_str()))
    }

    fn of_role(&self, given: &Holding) -> Held {
        let (permissions, is_super) = match &given.role {
            RoleRef::Builtin(name) => {
                let role = self.policy.role(name).unwrap();
                let is_super = *name == self.policy.super_role && !given.masked;
                (self.mask(role.permissions.iter().map(|it| it.as_str())), is_super)
            }
            RoleRef::Custom(id) => {
                let never = self.mask(self.policy.super_only.iter().map(|it| it.as_str()));
                (self.roles.get(id).copied().unwrap_or(0) & !never, false)
            }
        };
        let permissions = if given.masked { permissions & !self.reserved() } else { permissions };
        Held { permissions, is_super }
    }

    /// Every way up from a tenant to one above it, as the links on it.
    fn ways(&self, from: TenantId, to: TenantId) -> Vec<Vec<&Link>> {
        let mut found = Vec::new();
        for link in self.links.iter().filter(|link| link.managed == from) {
            if link.manager == to {
                found.push(vec![link]);
            }
            for way in self.ways(link.manager, to) {
                found.push([vec![link], way].concat());
            }
        }
        found
    }

    fn held(&self, user: UserId, tenant: TenantId) -> Held {
        if self.shut_out.contains(&user) {
            return Held::default();
        }
        let Some(&home) = self.homes.get(&user) else { return Held::default() };
        let ways = self.ways(tenant, home);
        if home != tenant && ways.is_empty() {
            return Held::default();
        }
        if let Some(given) = self.given.get(&(user, tenant)) {
            return self.of_role(given);
        }
        for distance in 0..16 {
            let mut sum: Option<Held> = None;
            for way in &ways {
                let Some(link) = way.get(distance) else { continue };
                let Some(given) = self.given.get(&(user, link.manager)).filter(|given| given.below) else {
                    continue;
                };
                let more = self.of_role(given);
                let so_far = sum.unwrap_or_default();
                sum = Some(Held {
                    permissions: so_far.permissions | more.permissions,
                    is_super: so_far.is_super || more.is_super,
                });
            }
            if let Some(sum) = sum {
                return sum;
            }
        }
        Held::default()
    }

    /// Whether somebody at home in `from` is of a manager's side towards the people of `home` that works by grants.
    fn by_grant(&self, from: TenantId, home: TenantId) -> bool {
        let needs =
            |link: &&Link| self.policy.management(&link.management).is_none_or(|rule| rule.needs_grants);
        from != home && self.ways(home, from).iter().all(|way| way.iter().any(needs))
    }
}

/// A world, and what there is in it to name.
struct History {
    world: Memory,
    dice: Dice,
    made: u128,
    tenants: Vec<TenantId>,
    users: Vec<UserId>,
    links: Vec<LinkId>,
    invitations: Vec<(InvitationId, UserId)>,
    roles: Vec<RoleId>,
    log: Vec<String>,
    done: usize,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut history = Self {
            world: Memory::new(),
            dice: Dice(seed),
            made: 0x1_0000,
            tenants: Vec::new(),
            users: Vec::new(),
            links: Vec::new(),
            invitations: Vec::new(),
            roles: Vec::new(),
            log: Vec::new(),
            done: 0,
        };
        let mut policy = match seed % 3 {
            0 | 1 => Policy::default(),
            _ => Policy::delegated(),
        };
        if seed % 3 == 1 {
            // Tenants with several managers, some of them above each other.
            policy.max_managers = 3;
        }
        history.must(STAFF, SetPolicy::new(Box::new(policy)));
        history.found();
        history
    }

    fn id(&mut self) -> Uuid {
        self.made += 1;
        Uuid::from_u128(self.made)
    }

    fn policy(&self) -> Policy {
        State::of(&self.world).policy
    }

    /// Tries a command; hands on what happened.
    fn run(&mut self, actor: impl Into<Actor>, command: impl Into<Command>) -> Option<Vec<Event>> {
        let (actor, command) = (actor.into(), command.into());
        let id = RequestId::from_uuid(Uuid::nil());
        let request = Request { id, actor: actor.clone(), expected_seq: None, command: command.clone() };
        let made = std::cell::Cell::new(self.made);
        let fresh = || {
            made.set(made.get() + 1);
            Uuid::from_u128(made.get())
        };
        let decision = match decide(&World::new(&self.world, dawn(), 0, &fresh).unwrap(), &request) {
            Ok(decision) => decision,
            Err(Stop::Refused(_)) => return None,
            Err(Stop::Broken(error)) => panic!("{error}"),
        };
        self.made = made.get();
        self.log.push(format!("{actor:?} {}", serde_json::to_string(&command).unwrap()));
        self.done += 1;
        for event in &decision.events {
            for change in apply(&self.world, event, dawn()).unwrap() {
                self.world.change(change);
            }
        }
        for (subject, personal) in decision.people {
            self.world.change_personal(subject, personal);
        }
        Some(decision.events)
    }

    fn must(&mut self, actor: impl Into<Actor>, command: impl Into<Command>) {
        let command = command.into();
        let text = serde_json::to_string(&command).unwrap();
        assert!(self.run(actor, command).is_some(), "{text}");
    }

    /// Two managers, a multi-client, and customers of each, with people who have roles here and there.
    fn found(&mut self) {
        for kind in [TenantKind::Msp, TenantKind::Msp, TenantKind::Msp, TenantKind::Customer] {
            let tenant = TenantId::from_uuid(self.id());
            self.tenants.push(tenant);
            let name = format!("T{}", self.tenants.len());
            self.must(
                STAFF,
                RegisterTenant { tenant: Some(tenant), ..RegisterTenant::new(kind, text(&name)) },
            );
        }
        let people = self.tenants.clone();
        for tenant in people {
            self.staff(tenant);
        }
        // The second is a multi-client of the first; customers follow below both.
        for (manager, managed) in [(0, 1), (1, 2), (1, 3), (0, 3)] {
            self.link(self.tenants[manager], self.tenants[managed]);
        }
        for manager in [0, 1, 2, 1] {
            let manager = self.tenants[manager];
            let Some(tenant) = self.add_customer(STAFF, manager) else { continue };
            self.staff(tenant);
        }
        for _ in 0..14 {
            let (user, tenant, role) = (self.user(), self.tenant(), self.role());
            let below = Some(self.dice.one_in(2));
            self.run(STAFF, Assign::new(vec![NewAssignment { user, tenant, role, below }]));
        }
        for link in self.links.clone() {
            let grants = if self.dice.one_in(3) { set(&[]) } else { set(&["users.manage", "roles.manage"]) };
            self.run(staff_for("T-1"), SetManagerGrants::new(link, grants));
        }
    }

    fn staff(&mut self, home: TenantId) {
        for role in ["super_admin", "admin", "read_only"] {
            if role == "super_admin" || !self.dice.one_in(4) {
                let user = UserId::from_uuid(self.id());
                let below = Some(!self.dice.one_in(4));
                let address = text(&format!("u{}@example.com", self.made));
                let role = if role == "read_only" { self.role() } else { text(role) };
                let command =
                    RegisterUser { user: Some(user), below, ..RegisterUser::new(home, address, role) };
                if self.run(STAFF, command).is_some() {
                    self.users.push(user);
                }
            }
        }
    }

    fn term(&self) -> Option<TermRequest> {
        self.policy().term.required.then_some(TermRequest::days(300))
    }

    fn management(&mut self) -> tenantry::base::text::ManagementType {
        let types: Vec<_> = self.policy().management_types.into_iter().map(|rule| rule.name).collect();
        self.dice.pick(&types)
    }

    fn services(&mut self) -> BTreeSet<tenantry::base::text::Service> {
        let all: Vec<_> = self.policy().services.into_iter().collect();
        [self.dice.pick(&all)].into()
    }

    fn link(&mut self, manager: TenantId, managed: TenantId) {
        let number = self
            .world
            .entities()
            .find_map(|any| match any {
                Any::Tenant(tenant) if tenant.id == managed => Some(tenant.number.clone()),
                _ => None,
            })
            .unwrap();
        let request = LinkRequestId::from_uuid(self.id());
        let (management, services, term) = (self.management(), self.services(), self.term());
        let command = RequestLink {
            request: Some(request),
            term,
            ..RequestLink::new(manager, number, management, services)
        };
        if self.run(STAFF, command).is_some()
            && self.run(staff_for("T-1"), AcceptLink::new(request)).is_some()
        {
            self.links.push(LinkId::from_uuid(request.uuid()));
        }
    }

    fn add_customer(&mut self, actor: impl Into<Actor>, manager: TenantId) -> Option<TenantId> {
        let (tenant, link) = (TenantId::from_uuid(self.id()), LinkId::from_uuid(self.id()));
        let (management, services, term) = (self.management(), self.services(), self.term());
        let kind = if self.dice.one_in(4) { TenantKind::Msp } else { TenantKind::Customer };
        let owner = self.policy().management(&management)?.delinkable.then(|| self.invitee());
        let mut authorize = Vec::new();
        if self.dice.one_in(2) {
            let (user, role) = (self.user(), self.role());
            authorize.push(Authorization { user, role, below: None });
        }
        let actor = actor.into();
        if actor == STAFF {
            authorize.clear();
        }
        let name = text(&format!("T{}", self.made));
        let command = AddCustomer {
            tenant: Some(tenant),
            link: Some(link),
            owner: owner.clone(),
            term,
            authorize,
            ..AddCustomer::new(manager, kind, name, management, services)
        };
        self.run(actor, command)?;
        self.links.push(link);
        self.tenants.push(tenant);
        self.invited(owner);
        Some(tenant)
    }

    fn invitee(&mut self) -> Invitee {
        let (user, invitation) = (UserId::from_uuid(self.id()), InvitationId::from_uuid(self.id()));
        invitee(user, invitation, &format!("u{}", self.made))
    }

    fn invited(&mut self, invitee: Option<Invitee>) {
        if let Some(Invitee { user: Some(user), invitation: Some(invitation), .. }) = invitee {
            self.users.push(user);
            self.invitations.push((invitation, user));
        }
    }

    fn user(&mut self) -> UserId {
        let users = self.users.clone();
        self.dice.pick(&users)
    }

    /// Mostly somebody who manages users at home, for others are refused most of what they try.
    fn actor(&mut self, state: &State) -> UserId {
        let manages = state.mask(["users.manage"].into_iter());
        for _ in 0..6 {
            let user = self.user();
            if state.homes.get(&user).is_some_and(|home| state.held(user, *home).permissions & manages != 0) {
                return user;
            }
        }
        self.user()
    }

    /// Mostly somebody of the actor's home, now and then the actor, or somebody at home below.
    fn subject(&mut self, actor: UserId, state: &State) -> UserId {
        let Some(home) = state.homes.get(&actor) else { return self.user() };
        let near: Vec<_> = match self.dice.below(8) {
            0 => return actor,
            1 => return self.user(),
            2 | 3 => state.homes.iter().filter(|(_, at)| !state.ways(**at, *home).is_empty()).collect(),
            _ => state.homes.iter().filter(|(_, at)| *at == home).collect(),
        };
        if near.is_empty() { actor } else { *self.dice.pick(&near).0 }
    }

    /// Mostly somebody's home or a tenant below it.
    fn place(&mut self, user: UserId, state: &State) -> TenantId {
        let Some(&home) = state.homes.get(&user).filter(|_| !self.dice.one_in(8)) else {
            return self.tenant();
        };
        let mut near: Vec<_> =
            self.tenants.iter().copied().filter(|at| !state.ways(*at, home).is_empty()).collect();
        near.push(home);
        self.dice.pick(&near)
    }

    fn tenant(&mut self) -> TenantId {
        let tenants = self.tenants.clone();
        self.dice.pick(&tenants)
    }

    fn role(&mut self) -> RoleRef {
        if !self.roles.is_empty() && self.dice.one_in(3) {
            return RoleRef::Custom(self.dice.pick(&self.roles.clone()));
        }
        let roles: Vec<_> = self.policy().roles.into_iter().map(|role| role.name).collect();
        RoleRef::Builtin(self.dice.pick(&roles))
    }

    fn permissions(&mut self) -> BTreeSet<tenantry::base::text::Permission> {
        let all: Vec<_> = self.policy().permissions.into_iter().collect();
        let count = self.dice.below(4);
        (0..count).map(|_| self.dice.pick(&all)).collect()
    }

    /// One command of somebody, which is judged if it is done.
    fn step(&mut self) {
        let before = State::of(&self.world);
        let actor = self.actor(&before);
        let mut freed = None;
        let events = match self.dice.below(24) {
            0..=5 => {
                let mut items = Vec::new();
                for _ in 0..=self.dice.below(2) {
                    let user = self.subject(actor, &before);
                    let (tenant, role) = (self.place(user, &before), self.role());
                    let below = [None, Some(true), Some(false)][self.dice.below(3)];
                    items.push(NewAssignment { user, tenant, role, below });
                }
                self.run(actor, Assign::new(items))
            }
            6..=9 => {
                let mut items = Vec::new();
                for _ in 0..=self.dice.below(2) {
                    let user = self.subject(actor, &before);
                    let there: Vec<_> =
                        before.given.keys().copied().filter(|(one, _)| *one == user).collect();
                    let tenant = if there.is_empty() { self.tenant() } else { self.dice.pick(&there).1 };
                    items.push(UserOnTenant { user, tenant });
                }
                self.run(actor, Unassign::new(items))
            }
            10 | 11 => {
                let (invitee, role, tenant) = (self.invitee(), self.role(), self.place(actor, &before));
                let below = [None, Some(true), Some(false)][self.dice.below(3)];
                let done =
                    self.run(actor, InviteUser { below, ..InviteUser::new(tenant, invitee.clone(), role) });
                self.invited(done.as_ref().map(|_| invitee));
                done
            }
            12 => self.answer(),
            13 if !self.invitations.is_empty() => {
                let (invitation, _) = self.dice.pick(&self.invitations.clone());
                self.run(actor, ResendInvitation::new(invitation))
            }
            14 => {
                let user = self.subject(actor, &before);
                match self.dice.below(3) {
                    0 => self.run(actor, BlockUser::new(user)),
                    1 => self.run(actor, RemoveUser::new(user)),
                    _ => {
                        freed = Some(user);
                        self.run(actor, UnblockUser::new(user))
                    }
                }
            }
            15 => {
                let (role, tenant) = (RoleId::from_uuid(self.id()), self.place(actor, &before));
                let name = text(&format!("Role {}", self.made));
                let permissions = self.permissions();
                let done = self.run(
                    actor,
                    CreateRole { role: Some(role), ..CreateRole::new(tenant, name, permissions) },
                );
                self.roles.extend(done.as_ref().map(|_| role));
                done
            }
            16 | 17 if !self.roles.is_empty() => {
                let role = self.dice.pick(&self.roles.clone());
                let permissions = Some(self.permissions());
                self.run(actor, EditRole { permissions, ..EditRole::new(role) })
            }
            18 => {
                let user = self.subject(actor, &before);
                let email = Some(text(&format!("u{}@example.com", self.id())));
                self.run(actor, EditUser { email, ..EditUser::new(user) }).inspect(|_| {
                    assert!(before.may_hand_over(actor, user), "{actor} takes {user}'s account over");
                })
            }
            19 => {
                let manager = self.place(actor, &before);
                self.add_customer(actor, manager);
                Some(Vec::new())
            }
            20 => {
                let (link, owner) = (self.dice.pick(&self.links.clone()), self.invitee());
                let management = self.management();
                let named = self.dice.one_in(2).then_some(owner.clone());
                let done = match self.dice.below(2) {
                    0 => self.run(actor, ConvertLink { owner: named, ..ConvertLink::new(link, management) }),
                    _ => self.run(actor, InviteOwner::new(link, owner.clone())),
                };
                let invited = done.iter().flatten().any(|event| matches!(event, Event::UserInvited { .. }));
                self.invited(invited.then_some(owner));
                done
            }
            21 => {
                let link = self.dice.pick(&self.links.clone());
                self.run(actor, SetManagerGrants::new(link, set(&["users.manage", "roles.manage"])))
            }
            22 => {
                let link = self.dice.pick(&self.links.clone());
                match self.dice.below(2) {
                    0 => self.run(actor, RequestDelink::new(link)),
                    _ => self.run(actor, AcceptDelink::new(link)),
                }
            }
            _ => {
                let (manager, managed) = (self.tenant(), self.tenant());
                self.link(manager, managed);
                None
            }
        };
        if let Some(events) = events {
            self.judge(actor, freed, &before, &events);
        }
    }

    /// Somebody answers an invitation.
    fn answer(&mut self) -> Option<Vec<Event>> {
        if self.invitations.is_empty() {
            return None;
        }
        let (invitation, user) = self.dice.pick(&self.invitations.clone());
        let address = self.world.people().find_map(|(subject, personal)| {
            (subject == tenantry::model::Subject::User(user)).then(|| personal.email.clone()).flatten()
        });
        self.run(user, AcceptInvitation::new(invitation, address?))
    }

    fn judge(&self, actor: UserId, freed: Option<UserId>, before: &State, events: &[Event]) {
        let after = State::of(&self.world);
        // What assignments that stand reach through links that came or went is nobody's gain.
        let base = State { links: after.links.clone(), ..before.clone() };
        let delinked = events.iter().any(|event| matches!(event, Event::LinkEnded { .. }));
        // An offer that ends with its sender's right takes nothing from anybody who is there.
        let withdrawn = |user: UserId| {
            events.iter().any(|event| match event {
                Event::InvitationWithdrawn { invitation } => self.invitations.contains(&(*invitation, user)),
                _ => false,
            })
        };
        for &tenant in &self.tenants {
            let own = base.held(actor, tenant);
            for &user in after.homes.keys() {
                // The owner who signs up is the one exception; who is let in again comes back to what was theirs.
                if after.owners.contains(&user) || freed == Some(user) {
                    continue;
                }
                let (then, now) = (base.held(user, tenant), after.held(user, tenant));
                let gained = now.beyond(then);
                let last = || self.log.last().cloned().unwrap_or_default();
                assert!(
                    gained.beyond(own).is_nothing(),
                    "P-15: {user} gains {gained:?} on {tenant}, where {actor} holds {own:?}, by {}",
                    last()
                );
                let lost = then.is_super && !now.is_super && !delinked && !withdrawn(user);
                assert!(
                    !lost || own.is_super,
                    "P-15: {user} is super admin on {tenant} no more, by {}",
                    last()
                );
                let home = after.homes.get(&user).copied();
                let by_grant = home == Some(tenant)
                    && before.homes.get(&actor).is_some_and(|from| base.by_grant(*from, tenant));
                let kept =
                    Held { permissions: gained.permissions & after.reserved(), is_super: gained.is_super };
                assert!(
                    !by_grant || kept.is_nothing(),
                    "P-16: {user} gains {kept:?} on {tenant}, by {}",
                    last()
                );
            }
        }
    }
}

impl State {
    /// Whether somebody could hand out all that another holds.
    fn may_hand_over(&self, actor: UserId, user: UserId) -> bool {
        let tenants: BTreeSet<TenantId> = self
            .links
            .iter()
            .flat_map(|link| [link.manager, link.managed])
            .chain(self.homes.values().copied())
            .collect();
        actor == user
            || tenants.into_iter().all(|tenant| {
                // Blocked people hold what they will hold again.
                let whole = Self { shut_out: BTreeSet::new(), ..self.clone() };
                whole.held(user, tenant).beyond(whole.held(actor, tenant)).is_nothing()
            })
    }
}

#[test]
fn p15_nobody_gains_more_than_whoever_gives_it_holds_whatever_happens() {
    let histories = std::env::var("TENANTRY_HISTORIES").ok().and_then(|count| count.parse().ok());
    let mut done = 0;
    for seed in 0..histories.unwrap_or(HISTORIES) {
        let mut history = History::new(seed);
        history.done = 0;
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..COMMANDS {
                history.step();
            }
        }));
        if let Err(panic) = result {
            let what = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            panic!("history {seed}: {what}\n{}", history.log.join("\n"));
        }
        done += history.done;
    }
    // It would prove nothing of commands that are always refused.
    assert!(done as u64 > histories.unwrap_or(HISTORIES) * COMMANDS as u64 / 10, "{done} commands were done");
}
