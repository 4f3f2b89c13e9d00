//! The bare program: two maps from ids to numbers, and one from user and tenant to everything the one may do on the other,
//! folded into a mask beforehand. It knows no reasons, and a change of a role or a link means folding anew.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use uuid::Uuid;

use super::Peer;
use crate::ask::Ask;
use crate::world::{Mask, World};

/// The maps.
pub struct Map<'w> {
    world: &'w World,
    users: HashMap<u128, u32, RandomState>,
    tenants: HashMap<u128, u32, RandomState>,
    masks: HashMap<u64, u64, RandomState>,
}

impl<'w> Map<'w> {
    /// Folds the world.
    pub fn new(world: &'w World) -> Self {
        let rows = |count: usize| 0..count as u32;
        let users = rows(world.users.len()).map(|row| (world.user_id(row).uuid().as_u128(), row)).collect();
        let tenants =
            rows(world.tenants.len()).map(|row| (world.tenant_id(row).uuid().as_u128(), row)).collect();
        let mut masks = HashMap::with_hasher(RandomState::default());
        for tenant in rows(world.tenants.len()) {
            let msp = world.tenants[tenant as usize].msp;
            let strangers = if msp == tenant { 0..0 } else { world.users_of(msp) };
            for user in world.users_of(tenant).chain(strangers) {
                let mask = world.fold(user, tenant);
                if mask != Mask::default() {
                    masks.insert(pair(user, tenant), mask.0);
                }
            }
        }
        Self { world, users, tenants, masks }
    }

    /// A check of ids.
    #[inline]
    pub fn check(&self, user: Uuid, tenant: Uuid, permission: u8, service: u8) -> bool {
        match (self.users.get(&user.as_u128()), self.tenants.get(&tenant.as_u128())) {
            (Some(user), Some(tenant)) => self.check_rows(*user, *tenant, permission, service),
            _ => false,
        }
    }

    /// A check of numbers.
    #[inline]
    pub fn check_rows(&self, user: u32, tenant: u32, permission: u8, service: u8) -> bool {
        self.masks.get(&pair(user, tenant)).is_some_and(|mask| Mask(*mask).allows(permission, service))
    }
}

const fn pair(user: u32, tenant: u32) -> u64 {
    (user as u64) << 32 | tenant as u64
}

impl Peer for Map<'_> {
    fn name(&self) -> &'static str {
        "folded map"
    }

    fn allows(&mut self, ask: &Ask) -> bool {
        let (user, tenant) = (self.world.user_id(ask.user), self.world.tenant_id(ask.tenant));
        self.check(user.uuid(), tenant.uuid(), ask.permission, ask.service)
    }
}
