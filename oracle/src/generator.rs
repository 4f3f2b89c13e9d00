//! Which command comes next: random, but led by the oracle's own state, so that deep states are reached and most
//! commands are nearly right. It never decides whether a command is.

mod bounds;
mod consent;
mod desk;
mod eligible;
mod external;
mod inviting;
mod lists;
mod proposals;
mod reviews;
mod seldom;
mod stock;
mod temporary;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use tenantry::base::ids::{InvitationId, LinkId, LinkRequestId, RequestId, RoleId, TenantId, UserId};
use tenantry::base::text::{
    BuiltinRole, CompanyName, Coordinates, Country, Email, IssueCategory, ManagementType, Number, Permission,
    PersonName, Phone, Prefix, RoleName, Service, Street, Ticket, Website,
};
use tenantry::base::time::Timestamp;
use tenantry::command::*;
use tenantry::model::{
    Actor, Contact, HandshakeState, Operation, Party, Patch, ProposalContent, RoleRef, Stage, Subject,
    TenantKind, TermRequest, UserState,
};
use tenantry::policy::{AddedServices, ManagementRule, MoveRule, Policy, PrefixReuse, RoleRule, WhoAsks};
use tenantry::query::Question;
use tenantry::testkit::inside::Rng;
use uuid::Uuid;

use crate::terms::type_is_wider;
use crate::world::{Assignment, Link, Oracle, Proposal, Temporary};

/// A command, and when it comes.
#[derive(Clone, Debug)]
pub struct Step {
    pub at: Timestamp,
    pub request: Request,
}

/// More tenants or users than these are no longer added, only the odd one.
const MANY_TENANTS: usize = 13;
const MANY_USERS: usize = 26;

/// Notice periods: some within the moments at which an end is announced, and some beyond.
const NOTICE_DAYS: [u32; 4] = [3, 10, 25, 45];

/// Makes up one world's commands.
pub struct Generator {
    rng: Rng,
    now: Timestamp,
    made: u64,
    opening: Vec<Command>,
    /// What somebody does and undoes next, the last first.
    coming: Vec<(Actor, Command)>,
    /// Whether that comes at one moment.
    at_once: bool,
}

fn id(kind: u8, number: u64) -> Uuid {
    Uuid::from_u128((u128::from(kind) << 96) | u128::from(number) | (0x7 << 76) | (0x8 << 60))
}

fn word<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// The users of a manager's whom a link that has ended kept off the tenant that it managed.
fn kept_off(oracle: &Oracle, manager: TenantId, managed: TenantId) -> Vec<UserId> {
    let between = |link: &&Link| link.manager == manager && link.managed == managed;
    let off = oracle.links.iter().filter(between).flat_map(|link| link.kept_off.iter());
    off.filter(|id| oracle.user(**id).is_some_and(|user| user.home == manager)).copied().collect()
}

/// The policy of the world with this seed.
pub fn policy_of(seed: u64) -> Policy {
    let mut rng = Rng::new(seed ^ 0xFACE);
    let mut policy = match seed % 8 {
        0..=2 => Policy::default(),
        3 => Policy::clients(),
        4 | 5 => Policy::delegated(),
        6 => {
            // Several managers side by side, and fully managed customers that tolerate none.
            Policy { max_managers: 3, ..Policy::default() }
        }
        _ => {
            // A third way to manage, which neither locks nor delinks, and converts to the other.
            let mut policy = Policy { max_managers: 2, ..Policy::default() };
            policy.management_types.push(ManagementRule {
                name: word("supervised"),
                locks_customer: false,
                needs_grants: true,
                delinkable: false,
                notice_days: None,
                exclusive: false,
                moves: Default::default(),
                added_services: Default::default(),
                converts_to: [word::<ManagementType>("jointly")].into(),
            });
            policy.management_types[0].converts_to.insert(word("supervised"));
            policy
        }
    };
    if rng.percent(30) {
        policy.prefix_reuse = PrefixReuse::Quarantine { days: 3 };
    } else if rng.percent(20) {
        policy.prefix_reuse = PrefixReuse::Never;
    }
    if rng.percent(25) {
        policy.customer_may_request_delink = false;
    }
    if rng.percent(40) {
        policy.delink_request_days = Some(5);
    } else if rng.percent(60) {
        // Where delink requests do not lapse they can be over by themselves.
        policy.delink_request_days = None;
        let days = Some(NOTICE_DAYS[rng.below(NOTICE_DAYS.len())]);
        for rule in policy.management_types.iter_mut().filter(|rule| rule.delinkable) {
            rule.notice_days = days;
        }
    }
    if rng.percent(15) {
        policy.term.required = true;
    }
    if rng.percent(30) {
        policy.term.max_days = 40;
    }
    if rng.percent(30) {
        policy.max_depth = 2 + rng.below(2) as u32;
    }
    for rule in &mut policy.management_types {
        match rng.below(10) {
            0..=5 => rule.added_services = AddedServices::Ask,
            6..=7 => rule.added_services = AddedServices::Notify,
            _ => {}
        }
    }
    if rng.percent(30) {
        policy.link_request_days = 4;
    }
    // Most worlds let customers approve moves, or take them unasked; in the others they are refused.
    for rule in policy.management_types.iter_mut().filter(|rule| !rule.locks_customer) {
        match rng.below(10) {
            0..=4 => rule.moves = MoveRule::Approval,
            5 | 6 => rule.moves = MoveRule::AtOnce,
            _ => {}
        }
    }
    if rng.percent(60) {
        policy.move_days = 4;
    }
    if rng.percent(50) {
        policy.consoles = consoles();
    }
    if rng.percent(40) {
        policy.host_reports_ready = !policy.host_reports_ready;
    }
    if rng.percent(50) {
        policy.asks_per_day = 1 + rng.below(3) as u32;
    }
    if rng.percent(10) {
        policy.temporary.required = true;
    }
    if rng.percent(30) {
        policy.temporary.max_days = 1 + rng.below(40) as u32;
    }
    if rng.percent(60) {
        // Such that it ends while the world goes on.
        policy.activation.min_minutes = 1 + rng.below(30) as u32;
    }
    keep_conversions_narrow(&mut policy);
    policy
}

/// No type converts to one that leaves its manager more.
fn keep_conversions_narrow(policy: &mut Policy) {
    let rules = policy.management_types.clone();
    for rule in &mut policy.management_types {
        let from = rule.clone();
        let wider = |to: &ManagementType| {
            rules.iter().any(|target| target.name == *to && type_is_wider(target, &from))
        };
        rule.converts_to.retain(|to| !wider(to));
    }
}

fn consoles() -> BTreeMap<Service, String> {
    let manage = (word("manage"), "https://{number}.example.com/{tenant}".to_owned());
    [manage, (word("configure"), "https://example.com/configure".to_owned())].into()
}

impl Generator {
    /// The generator of the world with this seed.
    pub fn new(seed: u64, start: Timestamp) -> Self {
        let mut generator = Self {
            rng: Rng::new(seed),
            now: start,
            made: 0,
            opening: Vec::new(),
            coming: Vec::new(),
            at_once: false,
        };
        generator.open();
        generator
    }

    /// The first commands of every world: a few tenants, and super admins to speak for them.
    fn open(&mut self) {
        let kinds = [
            TenantKind::Msp,
            TenantKind::Msp,
            TenantKind::Msp,
            TenantKind::Customer,
            TenantKind::Customer,
            TenantKind::Reseller,
            TenantKind::Reseller,
        ];
        let mut commands = Vec::new();
        for kind in kinds {
            let register = self.register_tenant(kind);
            let home = register.tenant.unwrap();
            commands.push(register.into());
            let count = if kind == TenantKind::Msp { 3 } else { 1 };
            for role in ["@super", "@admin", "read_only"].into_iter().take(count) {
                let role = RoleRef::Builtin(word(role.trim_start_matches('@')));
                commands.push(self.register_user(home, role).into());
            }
        }
        commands.reverse();
        self.opening = commands;
    }

    fn fresh(&mut self, kind: u8) -> Uuid {
        self.made += 1;
        id(kind, self.made)
    }

    /// An id for something new: now and then one that something has already, of whatever kind, or none at all.
    fn chosen(&mut self, oracle: &Oracle, kind: u8) -> Uuid {
        match self.rng.below(300) {
            0..=4 => match self.rng.pick(&oracle.all_ids()) {
                Some(taken) => *taken,
                None => self.fresh(kind),
            },
            5 => Uuid::nil(),
            _ => self.fresh(kind),
        }
    }

    /// The next command, and the time it comes at.
    pub fn step(&mut self, oracle: &Oracle) -> Step {
        if let Some(mut command) = self.opening.pop() {
            if let Command::RegisterUser(register) = &mut command
                && let RoleRef::Builtin(name) = &register.role
            {
                let policy = &oracle.policy;
                let name = match name.as_str() {
                    "super" => policy.super_role.clone(),
                    "admin" => policy.admin_role.clone(),
                    _ => name.clone(),
                };
                register.role = RoleRef::Builtin(name);
            }
            return self.stamped(Actor::OPERATOR, command);
        }
        if let Some((actor, command)) = self.coming.pop() {
            let seconds = if self.at_once { 0 } else { self.rng.below(60) as i64 };
            self.now = Timestamp::from_micros(self.now.micros() + seconds * 1_000_000).unwrap();
            return self.stamped(actor, command);
        }
        self.at_once = false;
        self.pass_time(oracle);
        if self.rng.per_mille(7) {
            self.coming = self.back_and_forth(oracle);
        } else if self.rng.per_mille(27) {
            self.coming = self.seldom(oracle);
        }
        let (actor, command) = self.choose(oracle);
        if self.rng.per_mille(12)
            && let Some(first) = self.rng.pick(&oracle.carried_out)
        {
            let first = Request::clone(first);
            return self.again(oracle, first, actor, command);
        }
        self.stamped(actor, command)
    }

    /// The same request once more: as it was, from somebody else, or for something else.
    fn again(&mut self, oracle: &Oracle, first: Request, actor: Actor, command: Command) -> Step {
        let mut request = first;
        match self.rng.below(3) {
            0 => {}
            1 => request.actor = actor,
            // What was erased cannot be told from what it might have been, but for its kind.
            _ if !oracle.erased || command.name() != request.command.name() => request.command = command,
            _ => {}
        }
        Step { at: self.now, request }
    }

    fn stamped(&mut self, actor: Actor, command: Command) -> Step {
        let request = RequestId::from_uuid(self.fresh(9));
        Step { at: self.now, request: Request { id: request, actor, expected_seq: None, command } }
    }

    fn pass_time(&mut self, oracle: &Oracle) {
        let micros = match self.rng.below(1000) {
            0..=17 => self.a_turn(oracle).map_or(0, |turn| (turn.micros() - self.now.micros()) as u64),
            18..=899 => self.rng.below(600_000_000) as u64,
            900..=959 => self.rng.below(6 * 3_600_000_000) as u64,
            960..=984 => self.rng.below(2 * 86_400_000_000) as u64,
            985..=991 => self.rng.below(9 * 86_400_000_000) as u64,
            992..=993 => self.rng.below(45 * 86_400_000_000) as u64,
            994 => self.rng.below(400 * 86_400_000_000) as u64,
            _ => {
                // To a moment at which something is due, or just beside it.
                let mut moments = self.due_moments(oracle);
                moments.retain(|&moment| moment > self.now && moment < self.now.plus_days(60));
                let beside = self.rng.below(3) as i64 - 1;
                let target = self.rng.pick(&moments).map_or(0, |m| m.micros() - self.now.micros() + beside);
                target.max(0) as u64
            }
        };
        // The odd two commands at the same moment.
        let micros = if self.rng.percent(5) { 0 } else { micros };
        self.now = Timestamp::from_micros(self.now.micros() + micros as i64).unwrap();
    }

    /// The moments at which something is due, some of which may have passed.
    pub(super) fn due_moments(&self, oracle: &Oracle) -> Vec<Timestamp> {
        let mut moments: Vec<Timestamp> = Vec::new();
        let pending = |state| state == HandshakeState::Pending;
        moments.extend(oracle.requests.iter().filter(|r| pending(r.state)).map(|r| r.expires));
        moments.extend(oracle.proposals.iter().filter(|p| pending(p.state)).map(|p| p.expires));
        moments.extend(oracle.manager_invitations.iter().filter(|i| pending(i.state)).map(|i| i.expires));
        moments.extend(oracle.address_changes.iter().filter(|a| pending(a.state)).map(|a| a.expires));
        moments.extend(oracle.invitations.iter().filter(|i| pending(i.state)).map(|i| i.expires));
        moments.extend(oracle.moves.iter().filter(|m| pending(m.state)).map(|m| m.expires));
        moments.extend(oracle.licences.iter().filter_map(|licence| licence.expires));
        for link in oracle.links.iter().filter(|link| link.stage != Stage::Delinked) {
            moments.extend(link.delink_expires);
            for end in link.expires.into_iter().chain(link.delink_ends) {
                moments.extend([end, end.minus_days(30), end.minus_days(7), end.minus_days(1)]);
            }
        }
        moments.extend(oracle.resting.values().flatten());
        moments.extend(oracle.temporaries.iter().flat_map(Temporary::turns));
        moments
    }

    /// A little later than the last command, for questions between two commands.
    pub fn a_while_later(&mut self, oracle: &Oracle) -> Timestamp {
        if self.rng.percent(40)
            && let Some(turn) = self.a_turn(oracle)
        {
            return turn;
        }
        let days = [0, 0, 1, 5, 31][self.rng.below(5)];
        self.now.plus_days(days)
    }

    // Actors.

    fn ticket(&mut self) -> Ticket {
        word("SUP-1")
    }

    fn any_user(&mut self, oracle: &Oracle) -> UserId {
        if self.rng.percent(70) {
            let active: Vec<UserId> = oracle
                .users
                .iter()
                .filter(|user| user.state == UserState::Active)
                .map(|user| user.id)
                .collect();
            if let Some(user) = self.rng.pick(&active) {
                return *user;
            }
        }
        match self.rng.pick(&oracle.users) {
            Some(user) if !self.rng.percent(4) => user.id,
            _ => UserId::from_uuid(id(2, 999_999)),
        }
    }

    /// Somebody to send a command that needs `permission` on `tenant`: mostly one who may.
    fn actor_for(&mut self, oracle: &Oracle, permission: &str, tenant: TenantId) -> Actor {
        match self.rng.below(100) {
            0..=54 => {
                let permission: Permission = word(permission);
                let mut able: Vec<UserId> = oracle
                    .users
                    .iter()
                    .filter(|user| {
                        oracle.check(&Question::new(user.id, permission.clone(), tenant), self.now).0
                    })
                    .map(|user| user.id)
                    .collect();
                if able.len() > 2 && self.rng.percent(50) {
                    // Those from outside are rarer, and more interesting.
                    able.retain(|&user| oracle.user(user).is_some_and(|user| user.home != tenant));
                }
                match self.rng.pick(&able) {
                    Some(user) => Actor::User(*user),
                    None if self.rng.percent(60) => self.operator(),
                    None => Actor::User(self.any_user(oracle)),
                }
            }
            55..=72 => {
                // One who is near: at home there, or above.
                let near: Vec<UserId> = oracle
                    .users
                    .iter()
                    .filter(|user| user.home == tenant || oracle.manages(user.home, tenant, self.now))
                    .map(|user| user.id)
                    .collect();
                match self.rng.pick(&near) {
                    Some(user) => Actor::User(*user),
                    None => Actor::User(self.any_user(oracle)),
                }
            }
            73..=84 => Actor::User(self.any_user(oracle)),
            85..=98 => self.operator(),
            _ => Actor::Clock,
        }
    }

    /// Somebody from above who may do this on a tenant that is managed, and that tenant; now and then.
    fn one_above(&mut self, oracle: &Oracle, permission: &str) -> Option<(UserId, TenantId)> {
        if !self.rng.percent(35) {
            return None;
        }
        let managed: Vec<TenantId> = oracle
            .tenants
            .iter()
            .filter(|tenant| !oracle.links_above(tenant.id, self.now).is_empty())
            .map(|tenant| tenant.id)
            .collect();
        let may =
            |user: UserId, tenant| oracle.check(&Question::new(user, word(permission), tenant), self.now).0;
        let able: Vec<(UserId, TenantId)> = managed
            .iter()
            .flat_map(|tenant| oracle.users.iter().map(move |user| (user, *tenant)))
            .filter(|(user, tenant)| user.home != *tenant && may(user.id, *tenant))
            .map(|(user, tenant)| (user.id, tenant))
            .collect();
        self.rng.pick(&able).copied()
    }

    /// One of those at home on a tenant.
    fn at_home(&mut self, oracle: &Oracle, tenant: TenantId) -> Option<UserId> {
        let people: Vec<UserId> = oracle
            .users
            .iter()
            .filter(|user| user.home == tenant && user.is_living())
            .map(|user| user.id)
            .collect();
        self.rng.pick(&people).copied()
    }

    fn operator(&mut self) -> Actor {
        if self.rng.percent(70) { Actor::operator_for(self.ticket()) } else { Actor::OPERATOR }
    }

    fn mostly_operator(&mut self, oracle: &Oracle) -> Actor {
        if self.rng.percent(90) { self.operator() } else { Actor::User(self.any_user(oracle)) }
    }

    // Things.

    fn tenant_where(&mut self, oracle: &Oracle, wanted: impl Fn(&crate::world::Tenant) -> bool) -> TenantId {
        let fitting: Vec<TenantId> = oracle.tenants.iter().filter(|t| wanted(t)).map(|t| t.id).collect();
        let roll = self.rng.below(100);
        if roll < 85
            && let Some(tenant) = self.rng.pick(&fitting)
        {
            return *tenant;
        }
        match self.rng.pick(&oracle.tenants) {
            Some(tenant) if roll < 98 => tenant.id,
            _ => TenantId::from_uuid(id(1, 999_999)),
        }
    }

    fn living_tenant(&mut self, oracle: &Oracle) -> TenantId {
        self.tenant_where(oracle, |tenant| !tenant.deleted)
    }

    fn msp(&mut self, oracle: &Oracle) -> TenantId {
        self.tenant_where(oracle, |tenant| !tenant.deleted && tenant.kind == TenantKind::Msp)
    }

    fn link_where(&mut self, oracle: &Oracle, wanted: impl Fn(&Link) -> bool) -> Link {
        let fitting: Vec<&Link> = oracle.links.iter().filter(|link| wanted(link)).collect();
        let roll = self.rng.below(100);
        if roll < 85
            && let Some(link) = self.rng.pick(&fitting)
        {
            return (*link).clone();
        }
        match self.rng.pick(&oracle.links) {
            Some(link) if roll < 98 => link.clone(),
            _ => Link {
                id: LinkId::from_uuid(id(3, 999_999)),
                manager: self.living_tenant(oracle),
                managed: self.living_tenant(oracle),
                management: word("jointly"),
                terms: 0,
                services: BTreeSet::new(),
                grants: BTreeSet::new(),
                stage: Stage::Active,
                since: self.now,
                delink_asked: None,
                delink_expires: None,
                delink_ends: None,
                expires: None,
                extend_days: None,
                announced: None,
                ended: None,
                ended_at: None,
                at_end: None,
                held_to_end: false,
                kept_off: BTreeSet::new(),
            },
        }
    }

    fn living_user(&mut self, oracle: &Oracle) -> UserId {
        let fitting: Vec<UserId> =
            oracle.users.iter().filter(|user| user.is_living()).map(|user| user.id).collect();
        match self.rng.pick(&fitting) {
            Some(user) if self.rng.percent(88) => *user,
            _ => self.any_user(oracle),
        }
    }

    fn role_for(&mut self, oracle: &Oracle, user: Option<UserId>, tenant: TenantId) -> RoleRef {
        let home = user.and_then(|user| oracle.user(user)).map(|user| user.home);
        let own: Vec<RoleId> = oracle
            .roles
            .iter()
            .filter(|role| role.tenant == tenant || Some(role.tenant) == home)
            .map(|role| role.id)
            .collect();
        match self.rng.below(100) {
            0..=29 => match self.rng.pick(&own) {
                Some(role) => RoleRef::Custom(*role),
                None => RoleRef::Builtin(oracle.policy.admin_role.clone()),
            },
            30..=44 => oracle.super_role(),
            45..=94 => {
                let roles: Vec<BuiltinRole> =
                    oracle.policy.roles.iter().map(|role| role.name.clone()).collect();
                RoleRef::Builtin(self.rng.pick(&roles).unwrap().clone())
            }
            95..=97 => match self.rng.pick(&oracle.roles) {
                Some(role) => RoleRef::Custom(role.id),
                None => RoleRef::Custom(RoleId::from_uuid(id(6, 999_999))),
            },
            98 => RoleRef::Custom(RoleId::from_uuid(id(6, 999_999))),
            _ => RoleRef::Builtin(word("nobody_knows")),
        }
    }

    fn maybe_below(&mut self) -> Option<bool> {
        [None, None, Some(true), Some(false)][self.rng.below(4)]
    }

    fn services(&mut self, oracle: &Oracle) -> BTreeSet<Service> {
        let offered: Vec<Service> = oracle.policy.services.iter().cloned().collect();
        if self.rng.percent(3) {
            return BTreeSet::new();
        }
        let mut services = BTreeSet::new();
        for _ in 0..=self.rng.below(2) {
            services.insert(self.rng.pick(&offered).unwrap().clone());
        }
        if self.rng.percent(2) {
            services.insert(word("teleport"));
        }
        services
    }

    fn management(&mut self, oracle: &Oracle) -> ManagementType {
        if self.rng.percent(2) {
            return word("loosely");
        }
        let rules = &oracle.policy.management_types;
        if self.rng.percent(30)
            && let Some(rule) = rules.iter().find(|rule| rule.delinkable)
        {
            return rule.name.clone();
        }
        self.rng.pick(rules).unwrap().name.clone()
    }

    fn term(&mut self, oracle: &Oracle) -> Option<TermRequest> {
        let wanted = oracle.policy.term.required || self.rng.percent(20);
        if !wanted || self.rng.percent(4) {
            return None;
        }
        Some(self.some_term(oracle))
    }

    fn email(&mut self) -> Email {
        let number = self.rng.below(60);
        word(&format!("p{number}@example.com"))
    }

    fn person(&mut self) -> PersonName {
        let number = self.rng.below(5);
        word(&format!("Person {number}"))
    }

    fn prefix(&mut self) -> Prefix {
        if self.rng.percent(2) {
            return word("www");
        }
        let number = self.rng.below(7);
        word(&format!("px{number}"))
    }

    fn number(&mut self, oracle: &Oracle) -> Number {
        match self.rng.pick(&oracle.tenants) {
            Some(tenant) if self.rng.percent(3) => tenant.number.clone(),
            _ => {
                self.made += 1;
                word(&format!("N{}", self.made))
            }
        }
    }

    fn contact(&mut self) -> Contact {
        Contact {
            street: self.rng.percent(20).then(|| word("Main Street 1")),
            coordinates: self.rng.percent(10).then(|| Coordinates::parse(52.5, 13.4).unwrap()),
            phone: self.rng.percent(10).then(|| word("030 123")),
        }
    }

    fn country(&mut self) -> Country {
        word(["DE", "FR", "IN"][self.rng.below(3)])
    }

    fn company(&mut self) -> CompanyName {
        word(["Acme", "Bolt & Acme", "acme", "Crane"][self.rng.below(4)])
    }

    fn website(&mut self) -> Website {
        word(["https://example.com", "https://example.org"][self.rng.below(2)])
    }

    fn change<T>(&mut self, percent: usize, make: impl FnOnce(&mut Self) -> T) -> Patch<T> {
        if !self.rng.percent(percent) {
            Patch::Keep
        } else if self.rng.percent(30) {
            Patch::Clear
        } else {
            Patch::Set(make(self))
        }
    }

    fn invitee(&mut self, oracle: &Oracle) -> Invitee {
        let user = self.chosen(oracle, 2);
        let invitation = if self.rng.per_mille(5) { user } else { self.chosen(oracle, 5) };
        let (user, invitation) = (UserId::from_uuid(user), InvitationId::from_uuid(invitation));
        let name = self.rng.percent(50).then(|| self.person());
        Invitee { user: Some(user), invitation: Some(invitation), email: self.email(), name }
    }

    fn permissions(&mut self, oracle: &Oracle) -> BTreeSet<Permission> {
        let all: Vec<Permission> = oracle.policy.permissions.iter().cloned().collect();
        let useful = [
            "tenant.view",
            "tenant.edit",
            "tenant.operate",
            "tenant.delete",
            "customers.list",
            "customers.add",
            "customers.delink",
            "users.manage",
            "roles.manage",
        ];
        let mut permissions = BTreeSet::new();
        for name in useful {
            let permission = word(name);
            if self.rng.percent(35) && oracle.policy.permissions.contains(&permission) {
                permissions.insert(permission);
            }
        }
        let reserved: Vec<Permission> = oracle.policy.reserved.iter().cloned().collect();
        if let Some(permission) = self.rng.pick(&reserved)
            && self.rng.percent(20)
        {
            permissions.insert(permission.clone());
        }
        for _ in 0..self.rng.below(4) {
            let permission = self.rng.pick(&all).unwrap().clone();
            if !oracle.policy.super_only.contains(&permission) || self.rng.percent(15) {
                permissions.insert(permission);
            }
        }
        if self.rng.percent(2) {
            permissions.insert(word("time.travel"));
        }
        permissions
    }

    // Commands.

    fn register_tenant(&mut self, kind: TenantKind) -> RegisterTenant {
        let tenant = TenantId::from_uuid(self.fresh(1));
        self.made += 1;
        let number = word(&format!("N{}", self.made));
        let name = self.company();
        let country = self.rng.percent(30).then(|| self.country());
        let website = self.rng.percent(10).then(|| self.website());
        let prefix = self.rng.percent(20).then(|| self.prefix());
        let contact = self.contact();
        RegisterTenant {
            tenant: Some(tenant),
            number: Some(number),
            kind,
            name,
            country,
            website,
            prefix,
            contact,
        }
    }

    fn register_user(&mut self, home: TenantId, role: RoleRef) -> RegisterUser {
        let user = UserId::from_uuid(self.fresh(2));
        let name = self.rng.percent(30).then(|| self.person());
        RegisterUser { user: Some(user), home, email: self.email(), name, role, below: self.maybe_below() }
    }

    fn choose(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let tenants = oracle.tenants.iter().filter(|tenant| !tenant.deleted).count();
        let users = oracle.users.iter().filter(|user| user.is_living()).count();
        let room_for_tenants = tenants < MANY_TENANTS && oracle.tenants.len() < 2 * MANY_TENANTS;
        let room_for_users = users < MANY_USERS && oracle.users.len() < 2 * MANY_USERS;
        loop {
            let roll = self.rng.below(2340);
            let made = match roll {
                0..=7 => self.gen_set_policy(oracle),
                8..=15 if room_for_tenants => self.gen_register_tenant(oracle),
                16..=75 if room_for_tenants || self.rng.percent(10) => self.gen_add_customer(oracle),
                76..=105 => self.gen_edit_tenant(oracle),
                106..=115 => self.gen_change_kind(oracle),
                116..=129 => self.gen_disable(oracle),
                130..=157 => self.gen_enable(oracle),
                158..=187 => self.gen_ready(oracle),
                188..=201 => self.gen_delete(oracle),
                202..=263 => self.gen_request_link(oracle),
                264..=318 => self.gen_answer_link(oracle),
                319..=345 => self.gen_convert(oracle),
                346..=374 => self.gen_remove_service(oracle),
                375..=389 => self.gen_auto_extend(oracle),
                390..=424 => self.gen_grants(oracle),
                425..=504 => self.gen_delink(oracle),
                505..=549 if room_for_users => self.gen_invite(oracle),
                550..=567 if room_for_users => self.gen_invite_owner(oracle),
                568..=591 => self.gen_sender(oracle),
                592..=651 => self.gen_answer_invitation(oracle),
                652..=669 if room_for_users => self.gen_register_user(oracle),
                670..=689 => self.gen_edit_user(oracle),
                690..=734 => self.gen_user_state(oracle),
                735..=839 => self.gen_assign(oracle),
                840..=879 => self.gen_unassign(oracle),
                880..=924 => self.gen_create_role(oracle),
                925..=959 => self.gen_edit_role(oracle),
                960..=974 => self.gen_delete_role(oracle),
                975..=989 => self.gen_erase(oracle),
                990..=999 => self.gen_grants(oracle),
                1000..=1399 => self.choose_about_stock(oracle, roll - 1000),
                1400..=1599 => self.choose_about_desk(oracle, roll - 1400),
                1600..=1799 => self.choose_about_consent(oracle, roll - 1600),
                1800..=1949 => self.choose_about_proposals(oracle, roll - 1800),
                1950..=2049 => self.choose_about_terms(oracle, roll - 1950),
                2050..=2189 => self.choose_about_inviting(oracle, roll - 2050),
                2190..=2279 => self.choose_about_external(oracle, roll - 2190),
                2280.. => self.about_eligible(oracle),
                _ => continue,
            };
            return made;
        }
    }

    fn gen_set_policy(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let mut policy = Policy::clone(&oracle.policy);
        match self.rng.below(27) {
            24 => policy.temporary.required = !policy.temporary.required,
            25 => policy.temporary.max_days = [0, 1, 30, 365, 36_500, 36_501][self.rng.below(6)],
            26 => policy.activation = self.some_activation(),
            22 => {
                policy.who_asks = match policy.who_asks {
                    WhoAsks::InvitedOnly => WhoAsks::Either,
                    _ => WhoAsks::InvitedOnly,
                }
            }
            0 => policy.max_managers = self.rng.below(4) as u32,
            1 => policy.max_depth = self.rng.below(5) as u32,
            2 => policy.customer_may_request_delink = !policy.customer_may_request_delink,
            3 => policy.prefix_reuse = PrefixReuse::Immediate,
            4 => policy.prefix_reuse = PrefixReuse::Quarantine { days: 1 + self.rng.below(3) as u32 },
            5 => policy.delink_request_days = if self.rng.percent(50) { None } else { Some(2) },
            6 => policy.term.required = !policy.term.required,
            7 => {
                let services: Vec<Service> = policy.services.iter().cloned().collect();
                let service = self.rng.pick(&services).unwrap();
                policy.services.remove(service);
            }
            8 => {
                policy.services.insert(word("manage"));
                policy.services.insert(word("asset-intelligence"));
            }
            9 => {
                // A built-in role goes, or one comes.
                let names = [policy.super_role.clone(), policy.admin_role.clone()];
                let gone = self.rng.below(policy.roles.len());
                if names.contains(&policy.roles[gone].name) || self.rng.percent(50) {
                    let permissions =
                        [word("tenant.view"), word("users.manage"), word("devices.view")].into();
                    if policy.roles.iter().all(|role| role.name.as_str() != "clerk") {
                        policy.roles.push(RoleRule { name: word("clerk"), permissions });
                    }
                } else {
                    policy.roles.remove(gone);
                }
            }
            10 => {
                let gone = self.rng.below(policy.management_types.len());
                policy.management_types.remove(gone);
            }
            11 => {
                if !policy.grantable.remove(&word::<Permission>("roles.manage")) {
                    policy.grantable.insert(word("roles.manage"));
                }
            }
            12 => {
                if !policy.reserved.remove(&word::<Permission>("audit.view")) {
                    policy.reserved.insert(word("audit.view"));
                }
            }
            13 => {
                // The last permission everybody could do without goes from everywhere, or comes back.
                let permission: Permission = word("groups.manage");
                if policy.permissions.remove(&permission) {
                    for role in &mut policy.roles {
                        role.permissions.remove(&permission);
                    }
                } else {
                    policy.permissions.insert(permission.clone());
                    let name = policy.super_role.clone();
                    policy.roles.iter_mut().filter(|r| r.name == name).for_each(|r| {
                        r.permissions.insert(permission.clone());
                    });
                }
            }
            14 => {
                let permission: Permission = word("devices.manage");
                if !policy.super_only.remove(&permission) {
                    policy.super_only.insert(permission.clone());
                    let name = policy.super_role.clone();
                    policy.roles.iter_mut().filter(|r| r.name != name).for_each(|r| {
                        r.permissions.remove(&permission);
                    });
                }
            }
            15 => {
                let moves = [MoveRule::Refused, MoveRule::Approval, MoveRule::AtOnce][self.rng.below(3)];
                let changed = self.rng.below(policy.management_types.len());
                policy.management_types[changed].moves = moves;
            }
            16 => {
                policy.move_days = 1 + self.rng.below(10) as u32;
                policy.consoles = if policy.consoles.is_empty() { consoles() } else { BTreeMap::new() };
            }
            17 => {
                if !policy.issue_categories.remove(&word::<IssueCategory>("app")) {
                    policy.issue_categories.insert(word("app"));
                }
            }
            19 => policy.asks_per_day = self.rng.below(4) as u32,
            20 => {
                let days = [None, Some(0), Some(2), Some(30)][self.rng.below(4)];
                let changed = self.rng.below(policy.management_types.len());
                policy.management_types[changed].notice_days = days;
            }
            21 => {
                let added = [AddedServices::Ask, AddedServices::Notify][self.rng.below(2)];
                let changed = self.rng.below(policy.management_types.len());
                policy.management_types[changed].added_services = added;
            }
            18 => policy.host_reports_ready = !policy.host_reports_ready,
            _ => policy = policy_of(self.rng.number()),
        }
        if self.rng.percent(90) {
            keep_conversions_narrow(&mut policy);
        }
        (self.mostly_operator(oracle), SetPolicy { policy: Box::new(policy) }.into())
    }

    fn gen_register_tenant(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let kind = *self.rng.pick(TenantKind::ALL).unwrap();
        let mut command = self.register_tenant(kind);
        command.tenant = Some(TenantId::from_uuid(self.chosen(oracle, 1)));
        command.number = Some(self.number(oracle));
        (self.mostly_operator(oracle), command.into())
    }

    fn gen_add_customer(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let manager = match self.moved_to(oracle) {
            Some(tenant) if self.rng.percent(40) => tenant,
            _ => self.msp(oracle),
        };
        (self.actor_for(oracle, "customers.add", manager), self.add_customer_under(oracle, manager).into())
    }

    fn add_customer_under(&mut self, oracle: &Oracle, manager: TenantId) -> AddCustomer {
        let kind = match self.rng.below(100) {
            0..=59 => TenantKind::Customer,
            60..=97 => TenantKind::Msp,
            _ => TenantKind::Reseller,
        };
        let base = self.register_tenant(kind);
        let management = self.management(oracle);
        let rule = oracle.policy.management_types.iter().find(|rule| rule.name == management);
        let wants_owner = rule.is_some_and(|rule| rule.delinkable)
            || (!rule.is_some_and(|rule| rule.locks_customer) && self.rng.percent(50));
        let owner = (wants_owner != self.rng.percent(4)).then(|| self.invitee(oracle));
        let link = LinkId::from_uuid(self.chosen(oracle, 3));
        let mut authorize = Vec::new();
        while self.rng.percent(25) {
            let near: Vec<UserId> = oracle
                .users
                .iter()
                .filter(|user| user.home == manager || oracle.manages(user.home, manager, self.now))
                .map(|user| user.id)
                .collect();
            let user = match self.rng.pick(&near) {
                Some(user) if self.rng.percent(90) => *user,
                _ => self.any_user(oracle),
            };
            authorize.push(Authorization {
                user,
                role: self.role_for(oracle, Some(user), manager),
                below: self.maybe_below(),
            });
        }
        let needed = oracle.policy.temporary.required && self.rng.percent(85);
        let for_a_while = !authorize.is_empty() && (needed || self.rng.percent(35));
        let authorize_ends = if for_a_while { self.a_while(oracle, None).1 } else { None };
        AddCustomer {
            manager,
            tenant: Some(TenantId::from_uuid(self.chosen(oracle, 1))),
            link: Some(link),
            number: Some(self.number(oracle)),
            kind,
            name: base.name,
            country: base.country,
            website: base.website,
            prefix: base.prefix,
            contact: base.contact,
            management,
            services: self.services(oracle),
            term: self.term(oracle),
            owner,
            authorize,
            external: self.rng.percent(12).then(|| self.system_id()),
            authorize_ends,
        }
    }

    fn gen_edit_tenant(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let tenant = self.living_tenant(oracle);
        let command = EditTenant {
            tenant,
            name: self.rng.percent(20).then(|| self.company()),
            country: self.change(15, Self::country),
            website: self.change(15, Self::website),
            prefix: self.change(60, Self::prefix),
            street: self.change(15, |g| word::<Street>(["Main Street 1", "Side Street 2"][g.rng.below(2)])),
            coordinates: self.change(10, |g| Coordinates::parse([1.0, 2.0][g.rng.below(2)], 3.0).unwrap()),
            phone: self.change(10, |g| word::<Phone>(["030 123", "040 123"][g.rng.below(2)])),
        };
        (self.actor_for(oracle, "tenant.edit", tenant), command.into())
    }

    fn gen_change_kind(&mut self, oracle: &Oracle) -> (Actor, Command) {
        if let Some(tenant) = self.moved_to(oracle)
            && self.rng.percent(60)
        {
            let kind = TenantKind::Msp;
            return (self.operator(), ChangeTenantKind { tenant, kind }.into());
        }
        let tenant = self.living_tenant(oracle);
        let kind = match self.rng.below(10) {
            0..=4 => TenantKind::Msp,
            5..=8 => TenantKind::Customer,
            _ => TenantKind::Reseller,
        };
        (self.mostly_operator(oracle), ChangeTenantKind { tenant, kind }.into())
    }

    fn batch(&mut self, oracle: &Oracle, first: TenantId) -> Vec<TenantId> {
        let mut tenants = vec![first];
        while self.rng.percent(20) {
            let below: Vec<TenantId> = oracle.all_below(first, self.now).into_iter().collect();
            let next = match self.rng.pick(&below) {
                Some(tenant) if self.rng.percent(70) => *tenant,
                _ => self.living_tenant(oracle),
            };
            tenants.push(next);
        }
        if self.rng.per_mille(15) {
            tenants.clear();
        }
        tenants
    }

    fn gen_disable(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let first = self.living_tenant(oracle);
        let tenants = self.batch(oracle, first);
        (self.actor_for(oracle, "tenant.operate", first), DisableTenants { tenants }.into())
    }

    fn gen_enable(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let first = self.tenant_where(oracle, |t| !t.deleted && t.operation != Operation::Enabled);
        let tenants = self.batch(oracle, first);
        (self.actor_for(oracle, "tenant.operate", first), EnableTenants { tenants }.into())
    }

    fn gen_ready(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let tenant = self.tenant_where(oracle, |t| !t.deleted && t.operation == Operation::Enabling);
        (self.mostly_operator(oracle), ReportReady { tenant }.into())
    }

    fn gen_delete(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let leaf = |t: &crate::world::Tenant| !t.deleted && oracle.links_below(t.id, now).is_empty();
        let first =
            if self.rng.percent(65) { self.tenant_where(oracle, leaf) } else { self.living_tenant(oracle) };
        let tenants = self.batch(oracle, first);
        let confirm = match self.rng.below(20) {
            0 => "Delete".to_owned(),
            1 => "delete ".to_owned(),
            _ => "delete".to_owned(),
        };
        let cascade = self.rng.percent(35);
        (self.actor_for(oracle, "tenant.delete", first), DeleteTenants { tenants, confirm, cascade }.into())
    }

    /// One more manager for a tenant that has one: from above that one, or from beside it, so that chains fork.
    fn gen_second_link(&mut self, oracle: &Oracle) -> Option<(Actor, Command)> {
        let now = self.now;
        // Now and then where one of both tolerates no other.
        let odd = self.rng.percent(15);
        let exclusive = |link: &Link| !odd && oracle.rule(link).exclusive;
        let first: Vec<&Link> = oracle
            .links
            .iter()
            .filter(|link| {
                link.in_force(now)
                    && !exclusive(link)
                    && !oracle.active_super_admins(link.managed, now).is_empty()
            })
            .collect();
        let first = *self.rng.pick(&first)?;
        let above = oracle.links_above(first.manager, now);
        let near = |tenant: &crate::world::Tenant| {
            tenant.id != first.managed
                && tenant.id != first.manager
                && tenant.kind == TenantKind::Msp
                && (oracle.manages(tenant.id, first.manager, now)
                    || above.iter().any(|link| oracle.manages(link.manager, tenant.id, now))
                    || oracle.manages(first.manager, tenant.id, now))
        };
        let managers: Vec<TenantId> = oracle.tenants.iter().filter(|t| near(t)).map(|t| t.id).collect();
        let manager = *self.rng.pick(&managers)?;
        let taken: BTreeSet<Service> = oracle
            .links_above(first.managed, now)
            .iter()
            .flat_map(|link| link.services.iter().cloned())
            .collect();
        let free: Vec<Service> = oracle.policy.services.difference(&taken).cloned().collect();
        let types: Vec<ManagementType> = oracle
            .policy
            .management_types
            .iter()
            .filter(|rule| odd || !rule.exclusive)
            .map(|rule| rule.name.clone())
            .collect();
        let command = RequestLink {
            request: Some(LinkRequestId::from_uuid(self.fresh(4))),
            manager,
            number: oracle.tenant(first.managed)?.number.clone(),
            management: self.rng.pick(&types)?.clone(),
            services: [self.rng.pick(&free)?.clone()].into(),
            term: self.term(oracle),
        };
        let actor = match odd && self.rng.percent(60) {
            true => self.operator(),
            false => self.actor_for(oracle, "customers.add", manager),
        };
        Some((actor, command.into()))
    }

    fn gen_request_link(&mut self, oracle: &Oracle) -> (Actor, Command) {
        if oracle.policy.max_managers > 1
            && self.rng.percent(60)
            && let Some(second) = self.gen_second_link(oracle)
        {
            return second;
        }
        let (manager, now) = (self.msp(oracle), self.now);
        let wanted = |t: &crate::world::Tenant| {
            !t.deleted
                && t.id != manager
                && t.kind != TenantKind::Reseller
                && !oracle.active_super_admins(t.id, now).is_empty()
        };
        let target = self.tenant_where(oracle, wanted);
        // Now and then those who have parted come together again.
        let parted: Vec<(TenantId, TenantId)> = oracle
            .links
            .iter()
            .filter(|link| !link.in_force(self.now) && oracle.living(link.manager).is_some())
            .filter(|link| oracle.links_above(link.managed, self.now).is_empty())
            .filter(|link| !oracle.active_super_admins(link.managed, now).is_empty())
            .map(|link| (link.manager, link.managed))
            .collect();
        let (manager, target) = match self.rng.pick(&parted) {
            Some(pair) if self.rng.percent(25) => *pair,
            _ => (manager, target),
        };
        let number = oracle.tenant(target).map_or_else(|| word("N0"), |tenant| tenant.number.clone());
        let request = LinkRequestId::from_uuid(self.chosen(oracle, 4));
        let command = RequestLink {
            request: Some(request),
            manager,
            number,
            management: self.management(oracle),
            services: self.services(oracle),
            term: self.term(oracle),
        };
        (self.actor_for(oracle, "customers.add", manager), command.into())
    }

    fn gen_answer_link(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pending: Vec<_> = oracle.requests.iter().filter(|r| r.state == HandshakeState::Pending).collect();
        let roll = self.rng.below(100);
        let found = match self.rng.pick(&pending) {
            Some(request) if roll < 85 => Some(*request),
            _ => self.rng.pick(&oracle.requests),
        };
        let (id, manager, managed) = match found {
            Some(request) if roll < 98 => (request.id, request.manager, request.managed),
            _ => (LinkRequestId::from_uuid(id(4, 999_999)), self.msp(oracle), self.living_tenant(oracle)),
        };
        let customer = self.actor_for(oracle, "link.respond", managed);
        let msp = self.actor_for(oracle, "customers.add", manager);
        let (customer, msp) = if self.rng.percent(7) { (msp, customer) } else { (customer, msp) };
        let msp = match self.rng.pick(&kept_off(oracle, manager, managed)) {
            Some(user) if self.rng.percent(30) => Actor::User(*user),
            _ => msp,
        };
        match self.rng.below(100) {
            0..=59 => (customer, AcceptLink { request: id }.into()),
            60..=74 => (customer, DeclineLink { request: id }.into()),
            75..=86 => (msp, CancelLinkRequest { request: id }.into()),
            _ => (msp, ResendLinkRequest { request: id }.into()),
        }
    }

    /// Somebody who was kept off when a link ended, if there is anybody, and that link.
    fn kept_off(&mut self, oracle: &Oracle) -> Option<(UserId, Link)> {
        let all: Vec<(UserId, &Link)> = oracle
            .links
            .iter()
            .flat_map(|link| {
                kept_off(oracle, link.manager, link.managed).into_iter().map(move |user| (user, link))
            })
            .collect();
        self.rng.pick(&all).map(|(user, link)| (*user, (*link).clone()))
    }

    fn gen_convert(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let converts = |link: &Link| link.in_force(now) && !oracle.rule(link).converts_to.is_empty();
        let ownerless = |link: &Link| {
            converts(link)
                && oracle.tenant(link.managed).is_some_and(|tenant| tenant.had_owner)
                && oracle.active_super_admins(link.managed, now).is_empty()
        };
        let proposed = |link: &Link| {
            let about =
                |one: &Proposal| one.link == link.id && matches!(one.content, ProposalContent::Terms { .. });
            let mut pending = oracle.proposals.iter().filter(|one| one.state == HandshakeState::Pending);
            converts(link) && pending.any(about)
        };
        let link = match self.rng.below(100) {
            0..=24 => self.link_where(oracle, ownerless),
            25..=49 if oracle.links.iter().any(proposed) => self.link_where(oracle, proposed),
            _ => self.link_where(oracle, converts),
        };
        let now_or_then = if self.rng.percent(80) { link.terms } else { oracle.terms_today() };
        let targets: Vec<ManagementType> = oracle.terms[now_or_then]
            .management(&link.management)
            .map(|rule| rule.converts_to.iter().cloned().collect())
            .unwrap_or_default();
        let management = match self.rng.pick(&targets) {
            Some(target) if self.rng.percent(80) => target.clone(),
            _ => self.management(oracle),
        };
        let owner = self.rng.percent(70).then(|| self.invitee(oracle));
        let actor = self.link_actor(oracle, &link, "customers.add", Party::Manager);
        (actor, ConvertLink { link: link.id, management, owner }.into())
    }

    fn link_actor(&mut self, oracle: &Oracle, link: &Link, permission: &str, party: Party) -> Actor {
        let party = if self.rng.percent(5) { party.other() } else { party };
        match party {
            Party::Manager => self.actor_for(oracle, permission, link.manager),
            Party::Customer => self.actor_for(oracle, permission, link.managed),
        }
    }

    fn link_in_force(&mut self, oracle: &Oracle) -> Link {
        let now = self.now;
        self.link_where(oracle, |link| link.in_force(now))
    }

    fn gen_remove_service(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let link = self.link_in_force(oracle);
        let held: Vec<Service> = link.services.iter().cloned().collect();
        let service = match self.rng.pick(&held) {
            Some(service) if self.rng.percent(85) => service.clone(),
            _ => word("manage"),
        };
        let actor = match self.rng.percent(60) {
            true => self.operator(),
            false => self.link_actor(oracle, &link, "customers.add", Party::Manager),
        };
        (actor, RemoveService { link: link.id, service }.into())
    }

    fn gen_auto_extend(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let link = self.link_where(oracle, |link| link.in_force(now) && link.expires.is_some());
        let days = match self.rng.below(20) {
            0..=9 => None,
            10 => Some(0),
            11 => Some(oracle.policy.term.max_days + 1),
            _ => Some(1 + self.rng.below(30) as u32),
        };
        let actor = if self.rng.percent(40) {
            self.actor_for(oracle, "customers.add", link.manager)
        } else {
            self.actor_for(oracle, "link.respond", link.managed)
        };
        (actor, SetAutoExtend { link: link.id, days }.into())
    }

    fn gen_grants(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let needs = |link: &Link| link.in_force(now) && oracle.rule(link).needs_grants;
        let link = self.link_where(oracle, needs);
        let mut grants = BTreeSet::new();
        let agreed = oracle.link(link.id).map(|link| oracle.terms[link.terms].grantable.clone());
        for permission in agreed.unwrap_or_default().union(&oracle.policy.grantable) {
            if self.rng.percent(65) {
                grants.insert(permission.clone());
            }
        }
        match self.rng.below(40) {
            0 => grants.extend([word("devices.view")]),
            1 => grants.extend([word("time.travel")]),
            _ => {}
        }
        let actor = self.link_actor(oracle, &link, "grants.manage", Party::Customer);
        (actor, SetManagerGrants { link: link.id, grants }.into())
    }

    fn gen_delink(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let delinkable = |link: &Link| link.in_force(now) && oracle.rule(link).delinkable;
        let requested = |link: &Link| delinkable(link) && link.stage != Stage::Active;
        let carries = |link: &Link| delinkable(link) && Self::carries(oracle, link.id);
        let link = if self.rng.percent(12) {
            self.link_where(oracle, carries)
        } else if self.rng.percent(55) {
            self.link_where(oracle, requested)
        } else {
            self.link_where(oracle, delinkable)
        };
        let party = *self.rng.pick(Party::ALL).unwrap();
        let right = if party == Party::Manager { "customers.delink" } else { "link.respond" };
        let actor = self.link_actor(oracle, &link, right, party);
        let party = match actor {
            Actor::User(_) if self.rng.percent(90) => None,
            _ if self.rng.percent(8) => None,
            _ => Some(party),
        };
        let asked = link.stage != Stage::Active && link.stage != Stage::Delinked;
        (actor, self.delink_command(&link, asked, party))
    }

    fn gen_invite(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let above = self.one_above(oracle, "users.manage");
        let tenant = above.map_or_else(|| self.living_tenant(oracle), |(_, tenant)| tenant);
        let role = self.role_for(oracle, None, tenant);
        let mut invitee = self.invitee(oracle);
        let invited = oracle.users.iter().find(|u| u.home == tenant && u.state == UserState::Invited);
        if let Some(email) = invited.and_then(|user| user.email.clone())
            && self.rng.percent(5)
        {
            invitee.email = email;
        }
        let below = self.maybe_below();
        let actor = match above {
            Some((user, _)) => Actor::User(user),
            None => self.actor_for(oracle, "users.manage", tenant),
        };
        (actor, InviteUser { tenant, invitee, role, below }.into())
    }

    fn gen_invite_owner(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let link = self.link_where(oracle, |link| {
            link.in_force(now) && oracle.active_super_admins(link.managed, now).is_empty()
        });
        let owner = self.invitee(oracle);
        let actor = self.link_actor(oracle, &link, "customers.add", Party::Manager);
        (actor, InviteOwner { link: link.id, owner }.into())
    }

    fn some_invitation(&mut self, oracle: &Oracle) -> (InvitationId, UserId, TenantId, bool) {
        let pending: Vec<_> =
            oracle.invitations.iter().filter(|i| i.state == HandshakeState::Pending).collect();
        let roll = self.rng.below(100);
        let found = match self.rng.pick(&pending) {
            Some(invitation) if roll < 85 => Some(*invitation),
            _ => self.rng.pick(&oracle.invitations),
        };
        match found {
            Some(i) if roll < 98 => (i.id, i.user, i.tenant, i.sign_up),
            _ => (
                InvitationId::from_uuid(id(5, 999_999)),
                self.any_user(oracle),
                self.living_tenant(oracle),
                false,
            ),
        }
    }

    fn gen_sender(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (mut invitation, _, mut tenant, mut sign_up) = self.some_invitation(oracle);
        if let Some((user, managed)) = self.one_above(oracle, "users.manage") {
            let pending = oracle.invitations.iter().filter(|i| i.state == HandshakeState::Pending);
            let theirs: Vec<_> = pending.filter(|offer| offer.tenant == managed).collect();
            if let Some(offer) = self.rng.pick(&theirs) {
                (invitation, tenant, sign_up) = (offer.id, offer.tenant, offer.sign_up);
                if self.rng.percent(70) {
                    return (Actor::User(user), ResendInvitation { invitation }.into());
                }
            }
        }
        let managers: Vec<TenantId> =
            oracle.links_above(tenant, self.now).iter().map(|link| link.manager).collect();
        let actor = match self.rng.pick(&managers) {
            Some(manager) if sign_up && self.rng.percent(60) => {
                self.actor_for(oracle, "customers.add", *manager)
            }
            _ => self.actor_for(oracle, "users.manage", tenant),
        };
        if self.rng.percent(45) {
            (actor, RevokeInvitation { invitation }.into())
        } else {
            (actor, ResendInvitation { invitation }.into())
        }
    }

    fn gen_answer_invitation(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (invitation, user, _, _) = self.some_invitation(oracle);
        let email = oracle.user(user).and_then(|user| user.email.clone());
        let email = match email {
            Some(email) if self.rng.percent(93) => email,
            _ => self.email(),
        };
        let actor = match self.rng.below(100) {
            0..=84 => Actor::User(user),
            85..=89 => Actor::User(self.any_user(oracle)),
            90..=98 => self.operator(),
            _ => Actor::Clock,
        };
        if self.rng.percent(85) {
            (actor, AcceptInvitation { invitation, email }.into())
        } else {
            (actor, DeclineInvitation { invitation, email }.into())
        }
    }

    fn gen_register_user(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let home = self.living_tenant(oracle);
        let role = self.role_for(oracle, None, home);
        let mut command = self.register_user(home, role);
        command.user = Some(UserId::from_uuid(self.chosen(oracle, 2)));
        (self.mostly_operator(oracle), command.into())
    }

    fn gen_edit_user(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let above = self.one_above(oracle, "users.manage");
        let user = above.and_then(|(_, tenant)| self.at_home(oracle, tenant));
        let user = user.unwrap_or_else(|| self.living_user(oracle));
        let home = oracle.user(user).map(|user| user.home);
        let actor = match home {
            _ if above.is_some() => Actor::User(above.unwrap().0),
            Some(home) if self.rng.percent(60) => self.actor_for(oracle, "users.manage", home),
            _ => Actor::User(user),
        };
        let name = self.change(50, Self::person);
        let email = self.rng.percent(50).then(|| self.email());
        (actor, EditUser { user, name, email }.into())
    }

    fn gen_user_state(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let roll = self.rng.below(100);
        let wanted = if (40..88).contains(&roll) { UserState::Blocked } else { UserState::Active };
        let mut fitting: Vec<UserId> =
            oracle.users.iter().filter(|u| u.state == wanted).map(|u| u.id).collect();
        if wanted == UserState::Active && self.rng.percent(20) {
            // The owners of those who are managed for good and all.
            let locked = oracle.tenants.iter().filter(|tenant| oracle.is_locked(tenant.id, self.now));
            let owners: Vec<UserId> =
                locked.flat_map(|t| oracle.active_super_admins(t.id, self.now)).collect();
            if !owners.is_empty() {
                fitting = owners;
            }
        }
        let user = match self.rng.pick(&fitting) {
            Some(user) if self.rng.percent(85) => *user,
            _ => self.any_user(oracle),
        };
        let above = self.one_above(oracle, "users.manage");
        let theirs = above.and_then(|(_, tenant)| self.at_home(oracle, tenant));
        let user = theirs.unwrap_or(user);
        let actor = match oracle.user(user).map(|user| user.home) {
            _ if theirs.is_some() => Actor::User(above.unwrap().0),
            Some(home) => self.actor_for(oracle, "users.manage", home),
            None => Actor::User(self.any_user(oracle)),
        };
        match roll {
            0..=39 => (actor, BlockUser { user }.into()),
            40..=87 => (actor, UnblockUser { user }.into()),
            _ => (actor, RemoveUser { user }.into()),
        }
    }

    /// A user, and a tenant that they can be sent to.
    fn user_and_tenant(&mut self, oracle: &Oracle) -> (UserId, TenantId) {
        let user = self.living_user(oracle);
        let home = oracle.user(user).map(|user| user.home);
        let tenant = match home {
            Some(home) if self.rng.percent(93) => {
                let below: Vec<TenantId> = oracle.all_below(home, self.now).into_iter().collect();
                match self.rng.pick(&below) {
                    Some(tenant) if self.rng.percent(70) => *tenant,
                    _ => home,
                }
            }
            _ => self.living_tenant(oracle),
        };
        (user, tenant)
    }

    fn gen_assign(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let mut assignments: Vec<NewAssignment> = Vec::new();
        let mut home = None;
        let above = self.one_above(oracle, "users.manage");
        loop {
            let (user, tenant) = match above.and_then(|(_, tenant)| self.at_home(oracle, tenant)) {
                Some(theirs) => {
                    let home = oracle.user(theirs).unwrap().home;
                    let below: Vec<TenantId> = oracle.all_below(home, self.now).into_iter().collect();
                    let below = self.rng.pick(&below).copied();
                    (theirs, below.filter(|_| self.rng.percent(40)).unwrap_or(home))
                }
                None => self.user_and_tenant(oracle),
            };
            home = home.or(oracle.user(user).map(|user| user.home));
            let role = match self.rng.below(100) {
                0..=11 => RoleRef::Builtin(word("no_access")),
                12..=19 => RoleRef::Builtin(word("read_only")),
                _ => self.role_for(oracle, Some(user), tenant),
            };
            assignments.push(NewAssignment { user, tenant, role, below: self.maybe_below() });
            if !self.rng.percent(30) {
                break;
            }
        }
        if self.rng.per_mille(10) {
            assignments.clear();
        } else if self.rng.per_mille(15) {
            let again = assignments[0].clone();
            assignments.push(again);
        }
        let actor = match home {
            _ if above.is_some() => Actor::User(above.unwrap().0),
            Some(home) => self.actor_for(oracle, "users.manage", home),
            None => self.operator(),
        };
        let first = assignments.first().map(|first| (first.user, first.tenant));
        let needed =
            oracle.policy.temporary.required && first.is_some_and(|(_, tenant)| home != Some(tenant));
        let (starts, ends) = match self.rng.percent(if needed { 90 } else { 45 }) {
            true => self.a_while(oracle, first),
            false => (None, None),
        };
        let eligible = self.rng.percent(if ends.is_some() { 30 } else { 2 });
        (actor, Assign { assignments, starts, ends, eligible }.into())
    }

    fn gen_unassign(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let mut assignments: Vec<UserOnTenant> = Vec::new();
        let mut home = None;
        let may =
            |user: UserId, home| oracle.check(&Question::new(user, word("users.manage"), home), self.now).0;
        let home_of = |a: &Assignment| oracle.user(a.user).unwrap().home;
        // Lesser roles abroad, one's own above all: what they cover up comes to light.
        let abroad: Vec<&Assignment> = oracle.all_given().filter(|a| home_of(a) != a.tenant).collect();
        let own: Vec<&Assignment> = abroad.iter().copied().filter(|a| may(a.user, home_of(a))).collect();
        if let Some(own) = self.rng.pick(&own)
            && self.rng.percent(25)
        {
            let assignments = vec![UserOnTenant { user: own.user, tenant: own.tenant }];
            let ends = self.an_end(oracle, assignments.first());
            return (Actor::User(own.user), Unassign { assignments, ends }.into());
        }
        let above = self.one_above(oracle, "users.manage");
        loop {
            let theirs: Vec<&Assignment> =
                oracle.all_given().filter(|a| above.is_some_and(|(_, on)| home_of(a) == on)).collect();
            let all: Vec<&Assignment> = oracle.all_given().collect();
            let (user, tenant) = match self.rng.pick(&all) {
                Some(_) if !theirs.is_empty() => {
                    let theirs = self.rng.pick(&theirs).unwrap();
                    (theirs.user, theirs.tenant)
                }
                Some(_) if !abroad.is_empty() && self.rng.percent(40) => {
                    let abroad = self.rng.pick(&abroad).unwrap();
                    (abroad.user, abroad.tenant)
                }
                Some(a) if self.rng.percent(80) => (a.user, a.tenant),
                _ => self.user_and_tenant(oracle),
            };
            home = home.or(oracle.user(user).map(|user| user.home));
            assignments.push(UserOnTenant { user, tenant });
            if !self.rng.percent(20) {
                break;
            }
        }
        if self.rng.per_mille(20) {
            assignments.clear();
        } else if self.rng.per_mille(20) {
            assignments.push(assignments[0]);
        }
        let actor = match home {
            _ if above.is_some() => Actor::User(above.unwrap().0),
            Some(home) => self.actor_for(oracle, "users.manage", home),
            None => self.operator(),
        };
        let ends = self.an_end(oracle, assignments.first());
        (actor, Unassign { assignments, ends }.into())
    }

    fn role_name(&mut self) -> RoleName {
        match self.rng.below(30) {
            0 => word("read_only"),
            number => word(&format!("Role {}", number % 9)),
        }
    }

    fn gen_create_role(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let tenant = self.living_tenant(oracle);
        let role = RoleId::from_uuid(self.chosen(oracle, 6));
        let command = CreateRole {
            role: Some(role),
            tenant,
            name: self.role_name(),
            permissions: self.permissions(oracle),
        };
        (self.actor_for(oracle, "roles.manage", tenant), command.into())
    }

    fn some_role(&mut self, oracle: &Oracle) -> (RoleId, TenantId) {
        let mut offers = oracle.invitations.iter().filter(|offer| offer.state == HandshakeState::Pending);
        if self.rng.percent(25)
            && let Some(role) = offers.find_map(|offer| match offer.role {
                RoleRef::Custom(role) => oracle.role(role),
                RoleRef::Builtin(_) => None,
            })
        {
            return (role.id, role.tenant);
        }
        match self.rng.pick(&oracle.roles) {
            Some(role) if self.rng.percent(97) => (role.id, role.tenant),
            _ => (RoleId::from_uuid(id(6, 999_999)), self.living_tenant(oracle)),
        }
    }

    fn gen_edit_role(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let above = self.one_above(oracle, "roles.manage");
        let theirs: Vec<RoleId> = oracle
            .roles
            .iter()
            .filter(|role| above.is_some_and(|(_, tenant)| role.tenant == tenant))
            .map(|role| role.id)
            .collect();
        let (mut role, tenant) = self.some_role(oracle);
        let theirs = self.rng.pick(&theirs).copied();
        role = theirs.unwrap_or(role);
        let name = self.rng.percent(30).then(|| self.role_name());
        let permissions = self.rng.percent(80).then(|| self.permissions(oracle));
        let actor = match above {
            Some((user, _)) if theirs.is_some() => Actor::User(user),
            _ => self.actor_for(oracle, "roles.manage", tenant),
        };
        (actor, EditRole { role, name, permissions }.into())
    }

    fn gen_delete_role(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (role, tenant) = self.some_role(oracle);
        (self.actor_for(oracle, "roles.manage", tenant), DeleteRole { role }.into())
    }

    fn gen_erase(&mut self, oracle: &Oracle) -> (Actor, Command) {
        if self.rng.percent(30) {
            let tenant = match self.rng.percent(50) {
                true => self.tenant_where(oracle, |tenant| tenant.deleted),
                false => self.living_tenant(oracle),
            };
            let actor = self.actor_for(oracle, "personal.erase", tenant);
            return (actor, ErasePersonal { subject: Subject::Tenant(tenant) }.into());
        }
        let gone: Vec<UserId> =
            oracle.users.iter().filter(|u| u.state == UserState::Removed).map(|u| u.id).collect();
        let user = match self.rng.pick(&gone) {
            Some(user) if self.rng.percent(80) => *user,
            _ => self.any_user(oracle),
        };
        let actor = match oracle.user(user).map(|user| user.home) {
            Some(home) => self.actor_for(oracle, "personal.erase", home),
            None => self.operator(),
        };
        (actor, ErasePersonal { subject: Subject::User(user) }.into())
    }

    // Questions.

    /// A random question, mostly about things that are there.
    pub fn question(&mut self, oracle: &Oracle) -> Question {
        let user = self.any_user(oracle);
        let tenant = match (oracle.user(user), self.rng.below(100)) {
            (Some(user), 0..=24) => user.home,
            (Some(user), 25..=64) => {
                let below: Vec<TenantId> = oracle.all_below(user.home, self.now).into_iter().collect();
                self.rng.pick(&below).copied().unwrap_or(user.home)
            }
            (_, 65..=98) | (None, _) => self.living_tenant(oracle),
            _ => TenantId::from_uuid(id(1, 999_999)),
        };
        let question = Question::new(user, self.permission(oracle), tenant);
        match self.service(oracle) {
            Some(service) => question.with(service),
            None => question,
        }
    }

    /// A permission to ask for. One that the policy does not have is refused before anything is judged.
    pub fn permission(&mut self, oracle: &Oracle) -> Permission {
        let all: Vec<&Permission> = oracle.policy.permissions.iter().collect();
        (*self.rng.pick(&all).unwrap()).clone()
    }

    /// A service to ask for, if any. As [`Self::permission`].
    pub fn service(&mut self, oracle: &Oracle) -> Option<Service> {
        match self.rng.below(10) {
            0..=5 => None,
            _ => {
                let all: Vec<&Service> = oracle.policy.services.iter().collect();
                self.rng.pick(&all).map(|service| (*service).clone())
            }
        }
    }

    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }
}
