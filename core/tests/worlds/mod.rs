//! Worlds that no history of commands leads to easily: forks of chains, ends to the microsecond, policies that drop what is in
//! use, more people and roles than a line of the index has room for.

use std::collections::BTreeSet;

use serde_json::json;
use tenantry::base::ids::{LinkId, RoleId, TenantId, UserId};
use tenantry::base::text::Permission;
use tenantry::base::time::Timestamp;
use tenantry::model::{
    Assignment, Hold, Link, Operation, Role, RoleRef, Stage, Temporary, Tenant, TenantKind, Term, User,
    UserState,
};
use tenantry::policy::{Policy, PolicyVersion};
use tenantry::testkit::inside::{Any, Memory, Write};
use uuid::Uuid;

/// Numbers that look random.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    pub(crate) fn some<T: Ord + Clone>(&mut self, items: &BTreeSet<T>, one_in: usize) -> BTreeSet<T> {
        items.iter().filter(|_| self.one_in(one_in)).cloned().collect()
    }
}

pub(crate) fn numbered(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128(kind << 64 | number as u128)
}

pub(crate) fn tenant_id(number: usize) -> TenantId {
    TenantId::from_uuid(numbered(1, number))
}

pub(crate) fn user_id(number: usize) -> UserId {
    UserId::from_uuid(numbered(2, number))
}

/// Whether links may keep a tenant disabled.
pub(crate) const fn is_held(number: usize) -> bool {
    number % 4 == 3
}

/// The moments at which something happens or is asked.
pub(crate) fn moment(number: usize) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + number as i64).unwrap()
}

pub(crate) const MOMENTS: usize = 4;

/// How large a world is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) tenants: usize,
    pub(crate) users: usize,
    pub(crate) roles: usize,
}

pub(crate) struct Worlds {
    pub(crate) dice: Dice,
    pub(crate) size: Size,
    pub(crate) view: Memory,
}

/// A policy in force. Another was before it, under which some links were agreed upon.
pub(crate) fn in_force(policy: Policy) -> PolicyVersion {
    PolicyVersion { terms: 1, policy, superseded: false }
}

impl Worlds {
    /// A policy in force, and the one before it.
    pub(crate) fn begin(&mut self, policy: Policy) {
        let earlier = PolicyVersion { terms: 0, policy: self.policy(), superseded: true };
        self.change(Write::Put(earlier.into()));
        self.change(Write::Put(in_force(policy).into()));
    }

    /// A policy in which anything may be dropped.
    pub(crate) fn policy(&mut self) -> Policy {
        let whole = Policy::default();
        let permissions: BTreeSet<Permission> = [
            "tenant.view",
            "tenant.operate",
            "customers.delink",
            "users.manage",
            "roles.manage",
            "location.view",
            "link.respond",
        ]
        .iter()
        .filter(|_| !self.dice.one_in(5))
        .map(|name| name.parse().unwrap())
        .collect();
        let mut policy = Policy {
            services: whole.services.iter().filter(|_| !self.dice.one_in(4)).cloned().collect(),
            reserved: self.dice.some(&permissions, 5),
            super_only: self.dice.some(&permissions, 4),
            host_reports_ready: self.dice.one_in(2),
            ..whole
        };
        policy.grantable = self.dice.some(&permissions, 2).difference(&policy.reserved).cloned().collect();
        for role in &mut policy.roles {
            role.permissions = self.dice.some(&permissions, 2);
        }
        policy.roles.retain(|_| !self.dice.one_in(6));
        policy.management_types.retain(|_| !self.dice.one_in(4));
        for rule in &mut policy.management_types {
            rule.locks_customer = self.dice.one_in(3);
            rule.needs_grants = self.dice.one_in(2);
        }
        policy.permissions = permissions;
        policy
    }

    pub(crate) fn role(&mut self) -> RoleRef {
        if self.dice.one_in(2) {
            RoleRef::Custom(RoleId::from_uuid(numbered(3, self.dice.below(self.size.roles + 1))))
        } else {
            let names = ["super_admin", "admin", "read_only", "no_access", "forgotten"];
            self.dice.pick(&names).parse().unwrap()
        }
    }

    pub(crate) fn random_tenant(&mut self, number: usize) -> Tenant {
        // What a link keeps disabled is so.
        let operation = match self.dice.one_in(4) {
            _ if is_held(number) => Operation::Disabled,
            true => *self.dice.pick(Operation::ALL),
            false => Operation::Enabled,
        };
        let kind = *self.dice.pick(TenantKind::ALL);
        let mut tenant: Tenant = serde_json::from_value(json!({
            "id": tenant_id(number), "number": format!("N{number}"), "kind": kind, "name": "x",
            "operation": operation, "since": moment(0),
        }))
        .unwrap();
        if operation == Operation::Disabled && self.dice.one_in(2) {
            tenant.holds = [*self.dice.pick(Hold::ALL)].into();
        }
        tenant.deleted = self.dice.one_in(12).then(|| moment(1));
        tenant
    }

    pub(crate) fn random_user(&mut self, number: usize) -> User {
        let state = if self.dice.one_in(5) { *self.dice.pick(UserState::ALL) } else { UserState::Active };
        User { id: user_id(number), home: tenant_id(number % self.size.tenants), state, since: moment(0) }
    }

    /// A link from a tenant to a later one, so that there are no cycles; at most one between two.
    pub(crate) fn random_link(&mut self) -> Link {
        let managed = 1 + self.dice.below(self.size.tenants - 1);
        let manager = self.dice.below(managed);
        let whole = Policy::default();
        let expires = moment(self.dice.below(MOMENTS));
        let term = self
            .dice
            .one_in(4)
            .then(|| Term { expires, auto_extend_days: self.dice.one_in(3).then_some(30) });
        let delink_ends = self.dice.one_in(6).then(|| moment(self.dice.below(MOMENTS)));
        let mut grants = self.dice.some(&whole.grantable, 2);
        grants.extend(self.dice.one_in(6).then(|| "tenant.view".parse().unwrap()));
        Link {
            id: LinkId::from_uuid(numbered(4, manager * 1000 + managed)),
            manager: tenant_id(manager),
            managed: tenant_id(managed),
            management: self.dice.pick(&["fully", "jointly", "loosely"]).parse().unwrap(),
            terms: self.dice.below(2) as u32,
            services: whole.services.iter().filter(|_| !self.dice.one_in(3)).cloned().collect(),
            grants,
            stage: *self.dice.pick(Stage::ALL),
            holds: is_held(managed) && self.dice.one_in(2),
            delink_asked: None,
            delink_expires: None,
            delink_ends,
            since: moment(0),
            term,
            announced_days: None,
            ended: None,
        }
    }

    pub(crate) fn random_role(&mut self, number: usize) -> Role {
        Role {
            id: RoleId::from_uuid(numbered(3, number)),
            tenant: tenant_id(self.dice.below(self.size.tenants)),
            name: format!("role {number}").parse().unwrap(),
            permissions: self.dice.some(&Policy::default().permissions, 2),
            created_by: None,
            deleted: self.dice.one_in(8).then(|| moment(1)),
        }
    }

    pub(crate) fn random_assignment(&mut self) -> Assignment {
        // Most people are on few tenants, so that a line overflows now and then.
        let user = self.dice.below(self.size.users);
        let tenant = if self.dice.one_in(3) {
            user % self.size.tenants
        } else {
            self.dice.below(3.min(self.size.tenants))
        };
        let role = self.role();
        let (below, masked) = (self.dice.one_in(2), self.dice.one_in(4));
        let standing = Assignment::standing(user_id(user), tenant_id(tenant), role, below, masked);
        if self.dice.one_in(3) { self.with_laid_over(standing) } else { standing }
    }

    /// The same with roles laid over it for a while, which begin and end a microsecond or a few from
    /// each other.
    pub(crate) fn with_laid_over(&mut self, standing: Assignment) -> Assignment {
        let mut over: Vec<Temporary> = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            let starts = self.dice.below(MOMENTS);
            let ends = moment(starts + 1 + self.dice.below(MOMENTS));
            let (role, below, masked) = (self.role(), self.dice.one_in(2), self.dice.one_in(4));
            over.retain(|it| it.ends != ends);
            over.push(Temporary {
                role,
                below,
                masked,
                starts: moment(starts),
                ends,
                begun: self.dice.one_in(2),
                eligible: self.dice.one_in(4),
                activated: None,
            });
        }
        let first = over[0].clone();
        match self.dice.one_in(3) {
            true => {
                let Temporary { role, below, masked, .. } = first;
                Assignment { role, below, masked, bare: true, over, ..standing }
            }
            false => Assignment { over, ..standing },
        }
    }

    pub(crate) fn change(&mut self, change: Write) -> Write {
        self.view.change(change.clone());
        change
    }

    /// Everything, once.
    pub(crate) fn found(&mut self) {
        let policy = self.policy();
        self.begin(policy);
        for number in 0..self.size.tenants {
            let tenant = self.random_tenant(number);
            self.change(Write::Put(tenant.into()));
        }
        for number in 0..self.size.users {
            let user = self.random_user(number);
            self.change(Write::Put(user.into()));
        }
        for number in 0..self.size.roles {
            let role = self.random_role(number);
            self.change(Write::Put(role.into()));
        }
        for _ in 0..self.size.tenants * 2 {
            let link = self.random_link();
            self.change(Write::Put(link.into()));
        }
        for _ in 0..self.size.users * 2 {
            let assignment = self.random_assignment();
            self.change(Write::Put(assignment.into()));
        }
    }

    /// What one record might change.
    pub(crate) fn record(&mut self) -> Vec<Write> {
        let mut changes = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            let change = match self.dice.below(13) {
                0 => Write::Put(in_force(self.policy()).into()),
                1 => {
                    let number = self.dice.below(self.size.tenants);
                    Write::Put(self.random_tenant(number).into())
                }
                2 => {
                    let number = self.dice.below(self.size.users);
                    Write::Put(self.random_user(number).into())
                }
                3 => {
                    let number = self.dice.below(self.size.roles);
                    Write::Put(self.random_role(number).into())
                }
                4..=6 => Write::Put(self.random_link().into()),
                7..=9 => Write::Put(self.random_assignment().into()),
                10..=11 => Write::Remove(self.random_assignment().into()),
                _ => {
                    let stays = |any: &&Any| matches!(any, Any::PolicyVersion(_));
                    let all: Vec<Any> = self.view.entities().filter(|any| !stays(any)).cloned().collect();
                    Write::Remove(self.dice.pick(&all).clone())
                }
            };
            // The last word of a record on an entity counts.
            changes.retain(|other: &Write| other.target() != change.target());
            changes.push(self.change(change));
        }
        changes
    }
}
