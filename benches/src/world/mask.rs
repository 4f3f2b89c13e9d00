//! Permissions and services as bits.

use std::collections::BTreeSet;

use tenantry::base::text::Permission;
use tenantry::policy::Policy;

use crate::rng::Rng;

/// The place of no particular service.
pub const NO_SERVICE: u8 = u8::MAX;
/// How many kinds of custom role there are; an MSP's own role is one of them.
pub const TEMPLATES: usize = 8;

/// The permissions that somebody has somewhere, and the services they have them for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mask(pub u64);

impl Mask {
    pub(super) const fn new(permissions: u32, services: u8) -> Self {
        Self((services as u64) << 32 | permissions as u64)
    }

    /// Whether it has the permission, and the service, unless it is [`NO_SERVICE`].
    #[inline]
    pub const fn allows(self, permission: u8, service: u8) -> bool {
        let service = if service == NO_SERVICE { 0 } else { 1u64 << (32 + service) };
        let wanted = 1 << permission | service;
        self.0 & wanted == wanted
    }
}

/// The policy as bits.
#[derive(Debug)]
pub(super) struct Bits {
    pub(super) all: u32,
    pub(super) builtin: [u32; 4],
    pub(super) templates: [u32; TEMPLATES],
    pub(super) reserved: u32,
    pub(super) grantable: [u32; 2],
    pub(super) despite_disabled: u32,
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
            despite_disabled: bits(
                &["tenant.operate", "tenant.delete", "customers.delink"]
                    .map(|name| name.parse().expect("a permission"))
                    .into(),
            ),
        }
    }
}
