//! The questions: who, what, where, for which service. Half of them are allowed.

use tenantry::query::Question;

use crate::rng::Rng;
use crate::world::{CUSTOMER_USERS, MSP_USERS, NO_SERVICE, World};

/// A question, in rows and places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who.
    pub user: u32,
    /// Where.
    pub tenant: u32,
    /// What, by its place in the policy.
    pub permission: u8,
    /// For which service, by its place in the policy, or [`NO_SERVICE`].
    pub service: u8,
}

impl Ask {
    /// The question as tenantry is asked it.
    pub fn question(&self, world: &World) -> Question {
        Question {
            user: world.user_id(self.user),
            permission: world.permissions[self.permission as usize].clone(),
            tenant: world.tenant_id(self.tenant),
            service: world.services.get(self.service as usize).cloned(),
        }
    }

    /// The answer by the folded mask.
    pub fn folded(&self, world: &World) -> bool {
        world.fold(self.user, self.tenant).allows(self.permission, self.service)
    }
}

/// How often each tenant is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// All alike: nearly every question misses the caches.
    Uniform,
    /// The tenant of rank `k` in proportion to `1 / k`.
    Zipf,
}

/// So many questions. Most are by the MSP's people, some by the customer's own, some by strangers.
pub fn draw(world: &World, count: usize, spread: Spread, seed: u64) -> Vec<Ask> {
    let mut rng = Rng::new(seed);
    let tenants = world.tenants.len();
    let mut ranked: Vec<u32> = Vec::new();
    if spread == Spread::Zipf {
        ranked.extend(0..tenants as u32);
        for place in (1..tenants).rev() {
            ranked.swap(place, rng.below(place + 1));
        }
    }
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count {
        let allowed = rng.percent(50);
        loop {
            let tenant = match spread {
                Spread::Uniform => rng.below(tenants) as u32,
                Spread::Zipf => ranked[(tenants as f64).powf(rng.unit()) as usize - 1],
            };
            let ask = one(world, tenant, &mut rng);
            if ask.folded(world) == allowed {
                drawn.push(ask);
                break;
            }
        }
    }
    drawn
}

fn one(world: &World, tenant: u32, rng: &mut Rng) -> Ask {
    let msp = world.tenants[tenant as usize].msp;
    let user = match rng.below(10) {
        0 => {
            let other = world.msps[rng.below(world.msps.len())];
            world.users_of(other).start + rng.below(MSP_USERS) as u32
        }
        1 | 2 => world.users_of(tenant).start + rng.below(CUSTOMER_USERS) as u32,
        _ => world.users_of(msp).start + rng.below(MSP_USERS) as u32,
    };
    let service = if rng.percent(50) { NO_SERVICE } else { rng.below(world.services.len()) as u8 };
    Ask { user, tenant, permission: rng.below(world.permissions.len()) as u8, service }
}
