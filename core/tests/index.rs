//! The access index against the rules on a view, over worlds that no history of commands leads to easily: forks of chains, ends
//! to the microsecond, policies that drop what is in use, more people and roles than a line has room for. The worlds that
//! commands lead to are in the oracle's tests.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tenantry::base::ids::LinkId;
use tenantry::base::text::{Permission, Service};
use tenantry::index::{AccessIndex, PermissionHandle, Permit, ServiceHandle, TenantHandle, UserHandle};
use tenantry::model::{
    Assignment, Hold, Link, Operation, Role, RoleRef, Stage, Tenant, Term, User, UserState,
};
use tenantry::policy::{Policy, PolicyVersion};
use tenantry::query::Question;
use tenantry::refusal::Code;
use tenantry::testkit::inside::{
    Any, DESPITE_DISABLED, Follower, Hash, Memory, SavedIndex, World, Write, access,
};
use worlds::*;

mod worlds;

impl Worlds {
    /// Reviews say what checks do of every permit, and nothing else.
    fn review(&self, index: &AccessIndex, policy: &Policy, now: usize) {
        let services = policy.services.iter().map(|service| index.service(service.as_str()).unwrap());
        let services: Vec<_> = [None].into_iter().chain(services.map(Some)).collect();
        let permissions = policy.permissions.iter().map(|it| index.permission(it.as_str()).unwrap());
        let permits: BTreeSet<_> = permissions
            .flat_map(|permission| {
                services.iter().map(move |service| Permit { permission, service: *service })
            })
            .collect();
        let tenants: Vec<_> = (0..=self.size.tenants).map(|it| index.tenant(tenant_id(it))).collect();
        let users: Vec<_> = (0..=self.size.users).map(|it| index.user(user_id(it))).collect();
        let mut allowed = Reviewed::new();
        for (user, tenant) in users.iter().flat_map(|user| tenants.iter().map(|tenant| (*user, *tenant))) {
            let can = |permit: &Permit| index.check_resolved(user, *permit, tenant, moment(now)).allowed();
            let found: BTreeSet<_> = permits.iter().copied().filter(can).collect();
            if !found.is_empty() {
                allowed.insert((user, tenant), found);
            }
        }
        let mut by_tenant = Reviewed::new();
        for tenant in tenants {
            let review = index.tenant_access(tenant, moment(now)).unwrap();
            assert_eq!(review.permits().iter().copied().collect::<BTreeSet<_>>(), permits);
            for (user, permits) in review.rows() {
                assert!(by_tenant.insert((user, tenant), permits.collect()).is_none(), "each is there once");
            }
        }
        assert_eq!(by_tenant, allowed);
        let mut by_user = Reviewed::new();
        for user in users {
            for (tenant, permits) in index.user_access(user, moment(now)).unwrap().rows() {
                assert!(by_user.insert((user, tenant), permits.collect()).is_none(), "each is there once");
            }
        }
        assert_eq!(by_user, allowed);
    }

    fn compare(&self, followers: &[&Follower], seq: u64) {
        let names = [
            "tenant.view",
            "tenant.operate",
            "customers.delink",
            "users.manage",
            "location.view",
            "link.respond",
            "odd",
        ];
        let services: [Option<Service>; 3] =
            [None, Some("manage".parse().unwrap()), Some("odd".parse().unwrap())];
        for now in 0..MOMENTS {
            let world = World::reading(&self.view, moment(now)).unwrap();
            for follower in followers {
                self.review(follower.index(), &world.policy, now);
            }
            for name in names {
                let permission: Permission = name.parse().unwrap();
                for service in &services {
                    for follower in followers {
                        let index = follower.index();
                        let service = service.as_ref();
                        let permit = Permit {
                            permission: permission_of(index, &world.policy, &permission),
                            service: service.map(|service| service_of(index, &world.policy, service)),
                        };
                        for tenant in (0..=self.size.tenants).map(tenant_id) {
                            for user in (0..=self.size.users).map(user_id) {
                                let question = Question {
                                    user,
                                    permission: permission.clone(),
                                    tenant,
                                    service: service.cloned(),
                                };
                                let verdict = access::check(&world, &question, seq).unwrap();
                                let found = index.check(user, permit, tenant, moment(now));
                                assert_eq!(
                                    (found.reason, found.seq),
                                    (verdict.reason, seq),
                                    "{question:?} at {now}"
                                );
                            }
                            let mut found = Vec::new();
                            index
                                .users_who_can(permit, index.tenant(tenant), moment(now), &mut found)
                                .unwrap();
                            let ids: BTreeSet<_> = found.iter().map(|user| index.user_id(*user)).collect();
                            assert_eq!(ids.len(), found.len());
                            let wanted = access::users_who_can(&world, &permission, tenant, service).unwrap();
                            assert_eq!(ids, wanted.into_iter().collect());
                        }
                        for user in (0..=self.size.users).map(user_id) {
                            let mut found = Vec::new();
                            index.tenants_where(index.user(user), permit, moment(now), &mut found).unwrap();
                            let ids: BTreeSet<_> =
                                found.iter().map(|tenant| index.tenant_id(*tenant)).collect();
                            assert_eq!(ids.len(), found.len());
                            let wanted = access::tenants_where(&world, user, &permission, service).unwrap();
                            assert_eq!(ids, wanted.into_iter().collect());
                        }
                    }
                }
            }
        }
    }
}

/// What is allowed to whom on which tenant.
type Reviewed = BTreeMap<(UserHandle, TenantHandle), BTreeSet<Permit>>;

/// The handle of a permission, which the index has of what the policy has. Of others it is the one that callers may hold
/// from before: the number of a permission that is dropped, or 0 of one that never was; both hold nothing.
fn permission_of(index: &AccessIndex, policy: &Policy, permission: &Permission) -> PermissionHandle {
    let found = index.permission(permission.as_str());
    assert_eq!(found.is_ok(), policy.permissions.contains(permission), "{permission}");
    found.unwrap_or_else(|refusal| {
        assert_eq!(refusal.code, Code::UnknownPermission);
        // Those that pass where a tenant is disabled have the first numbers in every index.
        let place = DESPITE_DISABLED.iter().position(|name| *name == permission.as_str());
        PermissionHandle::from_number(place.map_or(0, |place| place as u16 + 1))
    })
}

fn service_of(index: &AccessIndex, policy: &Policy, service: &Service) -> ServiceHandle {
    let found = index.service(service.as_str());
    assert_eq!(found.is_ok(), policy.services.contains(service), "{service}");
    found.unwrap_or_else(|refusal| {
        assert_eq!(refusal.code, Code::UnknownService);
        ServiceHandle::from_number(0)
    })
}

/// The same index by way of its bytes.
fn saved_and_loaded(follower: &Follower, view: &Memory, seed: u64) -> Follower {
    let (mut bytes, key) = (Vec::new(), Hash::of("this store"));
    follower.save().write(&key, &mut bytes).unwrap();
    let loaded = Follower::load(SavedIndex::open(&bytes[..]).unwrap(), &key, seed, view).unwrap();
    assert_eq!(loaded.index().loaded_from(), Some(follower.index().seq()));
    loaded
}

fn play(seed: u64, size: Size, records: u64) {
    let mut worlds = Worlds { dice: Dice(seed), size, view: Memory::new() };
    worlds.found();
    let mut follower = Follower::build(&worlds.view, 0, seed).unwrap();
    // Saved and loaded now and again, and followed on from there.
    let mut loaded = saved_and_loaded(&follower, &worlds.view, !seed);
    worlds.compare(&[&follower, &loaded], 0);
    for seq in 1..=records {
        let changes = worlds.record();
        follower.follow(seq, &changes);
        loaded.follow(seq, &changes);
        if seq % 8 == 0 {
            let anew = Follower::build(&worlds.view, seq, seed).unwrap();
            worlds.compare(&[&follower, &loaded, &anew], seq);
        }
        if seq % 5 == 0 {
            loaded = saved_and_loaded(&loaded, &worlds.view, seq);
        }
    }
}

#[test]
fn p12_x3_the_index_answers_as_the_rules_do_in_odd_worlds() {
    for seed in 0..60 {
        play(seed, Size { tenants: 6, users: 9, roles: 3 }, 24);
    }
}

#[test]
fn p12_the_index_answers_as_the_rules_do_where_lines_overflow() {
    play(100, Size { tenants: 3, users: 60, roles: 10 }, 64);
}

#[test]
fn p8_more_roles_than_seats_have_codes_for() {
    let size = Size { tenants: 90, users: 90, roles: 90 };
    let mut worlds = Worlds { dice: Dice(1), size, view: Memory::new() };
    worlds.begin(Policy::default());
    for number in 0..90 {
        let tenant = Tenant { operation: Operation::Enabled, deleted: None, ..worlds.random_tenant(number) };
        let user = User { state: UserState::Active, ..worlds.random_user(number) };
        let held = if number % 2 == 0 { "tenant.view" } else { "users.manage" };
        let permissions = BTreeSet::from([held.parse().unwrap()]);
        let role = Role { permissions, deleted: None, ..worlds.random_role(number) };
        let assignment = Assignment {
            user: user.id,
            tenant: tenant.id,
            role: RoleRef::Custom(role.id),
            below: false,
            masked: false,
            bare: false,
            over: Vec::new(),
        };
        for change in [tenant.into(), user.into(), role.into(), assignment.into()] {
            worlds.change(Write::Put(change));
        }
    }
    worlds.compare(&[&Follower::build(&worlds.view, 1, 1).unwrap()], 1);
}

/// Brings a change to the world and to those who follow it, and compares.
struct Followed {
    worlds: Worlds,
    seq: u64,
    // Built of nothing, so that everything it has is in what it has grown by.
    grown: Follower,
    // Built once everything was there.
    sized: Option<Follower>,
}

impl Followed {
    fn change(&mut self, change: Write) {
        let changes = [self.worlds.change(change)];
        self.seq += 1;
        self.grown.follow(self.seq, &changes);
        if let Some(sized) = &mut self.sized {
            sized.follow(self.seq, &changes);
        }
    }

    fn put(&mut self, entity: impl Into<Any>) {
        self.change(Write::Put(entity.into()));
    }

    fn size(&mut self) {
        self.sized = Some(Follower::build(&self.worlds.view, self.seq, 7).unwrap());
    }

    /// The same answers as the rules give, and as an index that is built anew.
    fn compare(&self) {
        let anew = Follower::build(&self.worlds.view, self.seq, 9).unwrap();
        self.worlds.compare(&[&self.grown, self.sized.as_ref().unwrap(), &anew], self.seq);
    }

    fn put_and_compare(&mut self, entity: impl Into<Any>) {
        self.put(entity);
        self.compare();
    }
}

#[test]
fn p13_links_stay_under_their_terms_while_policies_come_and_go() {
    let size = Size { tenants: 4, users: 8, roles: 2 };
    let mut worlds = Worlds { dice: Dice(7), size, view: Memory::new() };
    worlds.change(Write::Put(PolicyVersion::default().into()));
    for number in 0..size.tenants {
        let tenant = Tenant { deleted: None, ..worlds.random_tenant(number) };
        worlds.change(Write::Put(tenant.into()));
    }
    for number in 0..size.users {
        let user = User { state: UserState::Active, ..worlds.random_user(number) };
        worlds.change(Write::Put(user.into()));
    }
    for _ in 0..16 {
        let assignment = worlds.random_assignment();
        worlds.change(Write::Put(assignment.into()));
    }
    let mut follower = Follower::build(&worlds.view, 0, 5).unwrap();
    let mut before = PolicyVersion::default();
    for seq in 1..40 {
        // As a record tells of both: what is in force first, or last.
        let next = PolicyVersion { terms: before.terms + 1, policy: worlds.policy(), superseded: false };
        let kept = PolicyVersion { superseded: true, ..before };
        let mut changes = vec![Write::Put(next.clone().into()), Write::Put(kept.into())];
        if seq % 2 == 0 {
            changes.reverse();
        }
        let link = worlds.random_link();
        let terms = worlds.dice.below(1 + next.terms as usize) as u32;
        changes.push(Write::Put(Link { terms, stage: Stage::Active, ..link }.into()));
        let changes: Vec<Write> = changes.into_iter().map(|change| worlds.change(change)).collect();
        follower.follow(seq, &changes);
        let built = Follower::build(&worlds.view, seq, 9).unwrap();
        worlds.compare(&[&follower, &built], seq);
        before = next;
    }
}

#[test]
fn p12_what_is_noted_with_others_follows_them() {
    const DISTRIBUTOR: usize = 0;
    const MSP: usize = 1;
    const CUSTOMER: usize = 2;
    let size = Size { tenants: 3, users: 15, roles: 1 };
    let mut worlds = Worlds { dice: Dice(5), size, view: Memory::new() };
    let tenant = |worlds: &mut Worlds, number, operation| Tenant {
        operation,
        holds: if operation == Operation::Disabled { [Hold::Own].into() } else { BTreeSet::new() },
        deleted: None,
        ..worlds.random_tenant(number)
    };
    let user = |worlds: &mut Worlds, number, state| User { state, ..worlds.random_user(number) };
    let link = |worlds: &mut Worlds, manager: usize, managed: usize, stage| Link {
        id: LinkId::from_uuid(numbered(4, manager * 1000 + managed)),
        manager: tenant_id(manager),
        managed: tenant_id(managed),
        management: "fully".parse().unwrap(),
        services: Policy::default().services,
        stage,
        holds: false,
        term: None,
        ..worlds.random_link()
    };
    let assigned = |user, tenant, role: &str, below| Assignment {
        user: user_id(user),
        tenant: tenant_id(tenant),
        role: role.parse().unwrap(),
        below,
        masked: false,
        bare: false,
        over: Vec::new(),
    };
    worlds.begin(Policy::default());
    let grown = Follower::build(&worlds.view, 0, 3).unwrap();
    let mut all = Followed { worlds, seq: 0, grown, sized: None };
    all.put(in_force(Policy::default()));
    for number in 0..size.tenants {
        let made = tenant(&mut all.worlds, number, Operation::Enabled);
        all.put(made);
    }
    for number in 0..size.users {
        let made = user(&mut all.worlds, number, UserState::Active);
        all.put(made);
    }
    let role = Role { deleted: None, ..all.worlds.random_role(0) };
    all.put(role.clone());
    let made = link(&mut all.worlds, MSP, CUSTOMER, Stage::Active);
    all.put(made);
    // Each is at home on the tenant that their number says, counted in threes.
    all.put(assigned(DISTRIBUTOR, DISTRIBUTOR, "super_admin", true));
    all.put(assigned(MSP, MSP, "super_admin", true));
    all.put(assigned(MSP + 3, MSP, "admin", false));
    all.put(Assignment { role: RoleRef::Custom(role.id), ..assigned(MSP + 6, MSP, "admin", true) });
    all.put(assigned(CUSTOMER, CUSTOMER, "super_admin", true));
    all.size();
    all.compare();

    // A home that is closed takes its users with it, whatever becomes of them meanwhile.
    for operation in [Operation::Disabled, Operation::Enabled] {
        let changed = tenant(&mut all.worlds, MSP, operation);
        all.put_and_compare(changed);
        for state in [UserState::Blocked, UserState::Active] {
            let changed = user(&mut all.worlds, MSP, state);
            all.put_and_compare(changed);
        }
    }
    let living = tenant(&mut all.worlds, MSP, Operation::Enabled);
    all.put_and_compare(Tenant { deleted: Some(moment(1)), ..living.clone() });
    all.put_and_compare(living);

    // A manager keeps its customer disabled, and somebody it: for a while, and for good.
    for (managed, above) in [(CUSTOMER, MSP), (MSP, DISTRIBUTOR)] {
        let disabled = tenant(&mut all.worlds, managed, Operation::Disabled);
        all.put(Tenant { holds: BTreeSet::new(), ..disabled });
        let holding = Link { holds: true, ..link(&mut all.worlds, above, managed, Stage::Active) };
        for expires in [0, 2] {
            let term = Some(Term { expires: moment(expires), auto_extend_days: None });
            all.put_and_compare(Link { term, ..holding.clone() });
        }
        all.put_and_compare(holding.clone());
        for host_reports_ready in [true, false] {
            all.put_and_compare(in_force(Policy { host_reports_ready, ..Policy::default() }));
        }
        all.put_and_compare(Link { holds: false, ..holding });
        let enabled = tenant(&mut all.worlds, managed, Operation::Enabled);
        all.put_and_compare(enabled);
    }

    // A manager gets a manager and loses it, while its customers have one link, several, and one again.
    for stage in [Stage::Active, Stage::Delinked, Stage::Active] {
        let above = link(&mut all.worlds, DISTRIBUTOR, MSP, stage);
        all.put_and_compare(above);
        for stage in [Stage::Active, Stage::Delinked] {
            let other = link(&mut all.worlds, DISTRIBUTOR, CUSTOMER, stage);
            all.put_and_compare(other);
        }
    }

    // Guests come and go, until the line overflows and after it.
    let guest = assigned(MSP, CUSTOMER, "read_only", false);
    let count = size.users;
    for others in [0, count] {
        for number in 0..others {
            all.put(assigned(number, CUSTOMER, "admin", false));
        }
        all.put_and_compare(guest.clone());
        all.put_and_compare(Assignment { role: RoleRef::Custom(role.id), ..guest.clone() });
        for number in 0..others {
            all.change(Write::Remove(assigned(number, CUSTOMER, "admin", false).into()));
            // One who goes does not take the others along.
            if number == 0 {
                all.compare();
            }
        }
        all.compare();
        if others == 0 {
            all.change(Write::Remove(guest.clone().into()));
            all.compare();
        }
    }

    // Roles and the policy change under what seats and rows say.
    all.put(guest);
    all.put_and_compare(Role { permissions: BTreeSet::new(), ..role.clone() });
    all.put_and_compare(Role { deleted: Some(moment(1)), ..role });
    for _ in 0..4 {
        let policy = all.worlds.policy();
        all.put_and_compare(in_force(policy));
    }
}

#[test]
fn p8_what_is_removed_takes_its_rights_along_whatever_led_to_that() {
    let size = Size { tenants: 2, users: 2, roles: 1 };
    let mut worlds = Worlds { dice: Dice(11), size, view: Memory::new() };
    let role = Role {
        permissions: BTreeSet::from(["tenant.view".parse().unwrap()]),
        deleted: None,
        ..worlds.random_role(0)
    };
    let mut entities: Vec<Any> = vec![PolicyVersion::default().into(), role.clone().into()];
    for number in 0..2 {
        let tenant = Tenant { operation: Operation::Enabled, deleted: None, ..worlds.random_tenant(number) };
        let user = User { state: UserState::Active, ..worlds.random_user(number) };
        let assignment = Assignment {
            user: user.id,
            tenant: tenant.id,
            role: RoleRef::Custom(role.id),
            below: true,
            masked: false,
            bare: false,
            over: Vec::new(),
        };
        entities.extend([tenant.into(), user.into(), assignment.into()]);
    }
    entities.push(Link { stage: Stage::Active, terms: 0, term: None, ..worlds.random_link() }.into());
    for entity in &entities {
        worlds.change(Write::Put(entity.clone()));
    }
    let mut follower = Follower::build(&worlds.view, 0, 1).unwrap();
    let mut seq = 0;
    for entity in &entities {
        for change in [Write::Remove(entity.clone()), Write::Put(entity.clone())] {
            seq += 1;
            follower.follow(seq, &[worlds.change(change)]);
            worlds.compare(&[&follower], seq);
        }
    }
    // What began and ended within one record, and what ended and began anew.
    let user = user_id(0);
    let gone = Assignment::standing(user, tenant_id(0), RoleRef::Custom(role.id), true, false);
    for last in [false, true] {
        let (put, remove) = (Write::Put(gone.clone().into()), Write::Remove(gone.clone().into()));
        let changes = if last { [remove, put] } else { [put, remove] };
        seq += 1;
        follower.follow(seq, &changes.map(|change| worlds.change(change)));
        let index = follower.index();
        let view = index.permission("tenant.view").unwrap();
        assert_eq!(index.check(user, view, tenant_id(0), moment(0)).allowed(), last);
        worlds.compare(&[&follower], seq);
    }
}

#[test]
fn p12_a_name_that_the_policy_does_not_have_is_refused_and_a_handle_outlives_the_policy() {
    let size = Size { tenants: 1, users: 1, roles: 0 };
    let mut worlds = Worlds { dice: Dice(13), size, view: Memory::new() };
    let whole = Policy::default();
    let tenant = Tenant { operation: Operation::Enabled, deleted: None, ..worlds.random_tenant(0) };
    let user = User { state: UserState::Active, ..worlds.random_user(0) };
    let role = "super_admin".parse().unwrap();
    let assignment = Assignment::standing(user.id, tenant.id, role, true, false);
    for entity in [in_force(whole.clone()).into(), tenant.into(), user.into(), assignment.into()] {
        worlds.change(Write::Put(entity));
    }
    let mut follower = Follower::build(&worlds.view, 0, 1).unwrap();
    let index = Arc::clone(follower.index());
    for misspelt in ["tenant.veiw", "", "TENANT.VIEW", "manage"] {
        let refusal = index.permission(misspelt).unwrap_err();
        assert_eq!((refusal.code, refusal.about.as_str()), (Code::UnknownPermission, misspelt));
    }
    assert_eq!(index.service("mangae").unwrap_err().code, Code::UnknownService);
    assert_eq!(index.service("tenant.operate").unwrap_err().code, Code::UnknownService);

    let (view, manage) = (index.permission("tenant.view").unwrap(), index.service("manage").unwrap());
    let check = |permit: Permit| index.check(user_id(0), permit, tenant_id(0), moment(0)).reason;
    assert_eq!(check(view.with(manage)), None);
    let mut less = whole.clone();
    less.permissions.retain(|name| name.as_str() != "tenant.view");
    less.services.retain(|name| name.as_str() != "manage");
    follower.follow(1, &[worlds.change(Write::Put(in_force(less).into()))]);
    assert_eq!(check(view.into()), Some(Code::RoleLacksPermission));
    assert_eq!(check(view.with(manage)), Some(Code::ServiceNotManaged));
    assert!(index.permission("tenant.view").is_err() && index.service("manage").is_err());
    follower.follow(2, &[worlds.change(Write::Put(in_force(whole).into()))]);
    assert_eq!(check(view.with(manage)), None);
    assert_eq!((index.permission("tenant.view"), index.service("manage")), (Ok(view), Ok(manage)));
}
