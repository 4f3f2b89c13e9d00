//! Makes a world from a seed.

use std::sync::Arc;

use tenantry::base::text::Service;
use tenantry::policy::Policy;

use super::mask::Bits;
use super::{CUSTOMER_USERS, MSP_USERS, Managed, Role, SERVICES, TenantRow, UserRow, World};
use crate::rng::Rng;

/// How large a world is.
#[derive(Clone, Debug)]
pub struct Shape {
    /// How many customers each MSP has.
    pub customers: Vec<usize>,
    /// How many users each customer has.
    pub users: usize,
}

impl Shape {
    /// So many customers, 100 for each MSP. The first MSP has 200, for the lists of candidates.
    pub fn of(customers: usize) -> Self {
        let mut sizes = vec![200.min(customers)];
        let mut left = customers - sizes[0];
        while left > 0 {
            sizes.push(100.min(left));
            left -= sizes[sizes.len() - 1];
        }
        Self { customers: sizes, users: CUSTOMER_USERS }
    }

    /// So many MSPs of so many customers.
    pub fn even(msps: usize, customers: usize) -> Self {
        Self { customers: vec![customers; msps], users: CUSTOMER_USERS }
    }

    /// One MSP that manages so many customers, who have no users: for lists of tenants.
    pub fn list(customers: usize) -> Self {
        Self { customers: vec![customers], users: 0 }
    }
}

/// The services that are managed, beside those of the default policy.
const MORE_SERVICES: [&str; SERVICES - 4] = ["backup", "helpdesk", "monitoring", "network"];

impl World {
    /// Makes it.
    pub fn make(shape: &Shape, seed: u64) -> Self {
        let mut policy = Policy::default();
        policy.services.extend(MORE_SERVICES.map(|name| Service::parse(name).expect("a name in this file")));
        let permissions: Vec<_> = policy.permissions.iter().cloned().collect();
        let services: Vec<_> = policy.services.iter().cloned().collect();
        let bits = Bits::new(&policy, &permissions, &mut Rng::new(seed ^ 0x5EED));
        let mut world = Self {
            policy: Arc::new(policy),
            permissions,
            services,
            tenants: Vec::new(),
            users: Vec::new(),
            msps: Vec::new(),
            customer_users: shape.users,
            bits,
            seed,
        };
        let mut rng = Rng::new(seed);
        for customers in &shape.customers {
            world.add_msp(*customers, &mut rng);
        }
        world
    }

    fn add_msp(&mut self, customers: usize, rng: &mut Rng) {
        let msp = self.tenants.len() as u32;
        self.msps.push(msp);
        let people = self.users.len() as u32;
        self.tenants.push(TenantRow {
            msp,
            managed: None,
            delinked: None,
            enabled: self.msps.len() == 1 || !rng.percent(1),
            direct: None,
            users: people,
        });
        for place in 0..MSP_USERS {
            let role = match place {
                0 => Role::SuperAdmin,
                1..4 => Role::Admin,
                4..7 => Role::ReadOnly,
                7 => Role::NoAccess,
                _ => Role::Custom(msp),
            };
            self.users.push(UserRow { home: msp, active: place < 2 || !rng.percent(5), role });
        }
        for _ in 0..customers {
            self.add_customer(msp, people, rng);
        }
    }

    fn add_customer(&mut self, msp: u32, people: u32, rng: &mut Rng) {
        let fully = rng.percent(40);
        let managed = Managed {
            manager: msp,
            fully,
            services: 1 + rng.below((1 << SERVICES) - 1) as u8,
            grants: if !fully && rng.percent(30) { 1 + rng.below(3) as u8 } else { 0 },
            requested: !fully && rng.percent(2),
        };
        let delinked = !fully && rng.percent(3);
        let direct = (!delinked && rng.percent(10)).then(|| {
            let user = people + rng.below(MSP_USERS) as u32;
            let role = [Role::Admin, Role::ReadOnly, Role::NoAccess, Role::Custom(msp)][rng.below(4)];
            (user, role)
        });
        let tenant = self.tenants.len() as u32;
        self.tenants.push(TenantRow {
            msp,
            managed: (!delinked).then_some(managed),
            delinked: delinked.then_some(Managed { grants: 0, requested: true, ..managed }),
            enabled: !rng.percent(2),
            direct,
            users: self.users.len() as u32,
        });
        for place in 0..self.customer_users {
            let role = [Role::SuperAdmin, Role::Admin, Role::Admin, Role::ReadOnly, Role::ReadOnly][place];
            self.users.push(UserRow { home: tenant, active: place == 0 || !rng.percent(5), role });
        }
    }
}
