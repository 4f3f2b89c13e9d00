//! What a user may do on a tenant, folded into one mask: a third reading of the rules, beside the two of tenantry.

use std::collections::BTreeSet;

use tenantry::base::text::Permission;
use tenantry::policy::Policy;

use super::{Role, TEMPLATES, World};
use crate::rng::Rng;

/// The permissions that somebody has somewhere, and the services they have them for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mask(pub u64);

impl Mask {
    const fn new(permissions: u32, services: u8) -> Self {
        Self((services as u64) << 32 | permissions as u64)
    }

    /// Whether it has the permission, and the service, unless it is [`crate::ask::NO_SERVICE`].
    #[inline]
    pub const fn allows(self, permission: u8, service: u8) -> bool {
        let service = if service == crate::ask::NO_SERVICE { 0 } else { 1u64 << (32 + service) };
        let wanted = 1 << permission | service;
        self.0 & wanted == wanted
    }
}

/// The policy as bits.
#[derive(Debug)]
pub(super) struct Bits {
    all: u32,
    builtin: [u32; 4],
    pub(super) templates: [u32; TEMPLATES],
    reserved: u32,
    grantable: [u32; 2],
    operate: u32,
}

impl Bits {
    pub(super) fn new(policy: &Policy, permissions: &[Permission], rng: &mut Rng) -> Self {
        let bits = |set: &BTreeSet<Permission>| {
            permissions
                .iter()
                .enumerate()
                .filter(|(_, it)| set.contains(*it))
                .fold(0, |all, (at, _)| all | 1 << at)
        };
        let super_only = bits(&policy.super_only);
        let all = bits(&policy.permissions);
        let mut grantable = policy.grantable.iter().map(|permission| bits(&[permission.clone()].into()));
        Self {
            all,
            builtin: std::array::from_fn(|role| bits(&policy.roles[role].permissions)),
            templates: std::array::from_fn(|_| {
                let wanted = rng.number() as u32 & rng.number() as u32 | bits(&policy.grantable);
                wanted & all & !super_only
            }),
            reserved: bits(&policy.reserved),
            grantable: std::array::from_fn(|_| grantable.next().unwrap_or(0)),
            operate: bits(&["tenant.operate".parse().expect("a permission")].into()),
        }
    }
}

impl World {
    /// The bits of what a role holds.
    pub fn holds(&self, role: Role) -> u32 {
        match role {
            Role::SuperAdmin => self.bits.builtin[0],
            Role::Admin => self.bits.builtin[1],
            Role::ReadOnly => self.bits.builtin[2],
            Role::NoAccess => self.bits.builtin[3],
            Role::Custom(msp) => self.bits.templates[self.template(msp)],
        }
    }

    /// Which kind of custom role an MSP's own is.
    pub fn template(&self, msp: u32) -> usize {
        msp as usize % TEMPLATES
    }

    /// What may pass a customer's link: no reserved permission, and a grantable one if the link is full or it was granted.
    pub fn passes(&self, managed: &super::Managed) -> u32 {
        let grantable = self.bits.grantable;
        let granted = |place: usize| managed.fully || managed.grants >> place & 1 != 0;
        let missing =
            (0..2).filter(|place| !granted(*place)).fold(0, |missing, place| missing | grantable[place]);
        self.bits.all & !self.bits.reserved & !missing
    }

    /// The bit of the permission that works on a tenant that is disabled.
    pub fn operate(&self) -> u32 {
        self.bits.operate
    }

    /// What a user may do on a tenant.
    pub fn fold(&self, user: u32, tenant: u32) -> Mask {
        let (person, place) = (&self.users[user as usize], &self.tenants[tenant as usize]);
        if !person.active || !self.tenants[person.home as usize].enabled {
            return Mask::default();
        }
        let open = if place.enabled { u32::MAX } else { self.bits.operate };
        if person.home == tenant {
            let locked = place.managed.is_some_and(|managed| managed.fully);
            return if locked { Mask::default() } else { Mask::new(self.holds(person.role) & open, u8::MAX) };
        }
        match &place.managed {
            Some(managed) if managed.manager == person.home => {
                let role = place.direct.filter(|(who, _)| *who == user).map_or(person.role, |(_, role)| role);
                Mask::new(self.holds(role) & self.passes(managed) & open, managed.services)
            }
            _ => Mask::default(),
        }
    }
}
