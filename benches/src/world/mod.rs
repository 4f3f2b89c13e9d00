//! The data set: MSPs with their customers, users, links and roles, the same for the same seed, as neutral rows.
//!
//! [`view`] shows the rows to tenantry as entities, [`store`] writes them into a store as a history of events, and the peers
//! read the rows themselves.

mod fold;
mod list;
mod make;
mod mask;
pub mod store;
pub mod view;

use std::sync::Arc;

use tenantry::base::ids::{LinkId, RoleId, TenantId, UserId};
use tenantry::base::text::{Permission, Service};
use tenantry::base::time::Timestamp;
use tenantry::policy::Policy;
use uuid::Uuid;

pub use make::Shape;
pub use mask::{Mask, NO_SERVICE, TEMPLATES};

use crate::rng::mix;

/// How many services the policy has.
pub const SERVICES: usize = 8;
/// How many users an MSP has.
pub const MSP_USERS: usize = 10;
/// How many users a customer has.
pub const CUSTOMER_USERS: usize = 5;
/// When everything was written: the start of 2026, in microseconds.
pub const WRITTEN: i64 = 1_767_225_600_000_000;

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Holds everything.
    SuperAdmin,
    /// Holds everything but what only a super admin holds.
    Admin,
    /// Views.
    ReadOnly,
    /// Holds nothing.
    NoAccess,
    /// The own role of this MSP.
    Custom(u32),
}

/// How a tenant is managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Managed {
    /// By whom: the place of its row.
    pub manager: u32,
    /// Fully rather than jointly.
    pub fully: bool,
    /// The services, by their places in the policy.
    pub services: u8,
    /// What the manager is granted: bit 0 for the first grantable permission of the policy, bit 1 for the second.
    pub grants: u8,
    /// A delink has been asked for and is pending.
    pub requested: bool,
}

/// A tenant. The MSP is the one before its customers.
#[derive(Clone, Copy, Debug)]
pub struct TenantRow {
    /// The row of its MSP; its own, for an MSP.
    pub msp: u32,
    /// Its link in force.
    pub managed: Option<Managed>,
    /// How it was managed until it was delinked.
    pub delinked: Option<Managed>,
    /// Whether it can be worked on.
    pub enabled: bool,
    /// A user of the MSP with a role of their own here, that counts instead of the one on the MSP.
    pub direct: Option<(u32, Role)>,
    /// The row of its first user; the others follow.
    pub users: u32,
}

/// A user, with the role at home.
#[derive(Clone, Copy, Debug)]
pub struct UserRow {
    /// The row of their home.
    pub home: u32,
    /// Whether they are not blocked.
    pub active: bool,
    /// Their role at home, which on an MSP covers the tenants below.
    pub role: Role,
}

/// Everything there is.
#[derive(Debug)]
pub struct World {
    /// The policy in force.
    pub policy: Arc<Policy>,
    /// Its permissions, in order: a permission's place is its bit.
    pub permissions: Vec<Permission>,
    /// Its services, in order.
    pub services: Vec<Service>,
    /// The tenants: each MSP, and after it its customers.
    pub tenants: Vec<TenantRow>,
    /// The users, in the order of their homes.
    pub users: Vec<UserRow>,
    /// The rows of the MSPs.
    pub msps: Vec<u32>,
    customer_users: usize,
    bits: mask::Bits,
    seed: u64,
}

/// What an id is of.
#[derive(Clone, Copy, Debug)]
enum Of {
    Tenant = 1,
    User,
    Link,
    Role,
    Question,
    Upload,
    Reseller,
}

/// The first moment that ids tell, in milliseconds.
const IDS_FROM: u64 = WRITTEN as u64 / 1000;

impl World {
    /// Ids are of version 7, one millisecond apart, so that rows and ids have one order. The rest of them is random.
    fn id(&self, of: Of, row: u32) -> Uuid {
        let high = mix(self.seed ^ u64::from(row) << 8 ^ of as u64);
        let low = mix(high);
        let moment = IDS_FROM + u64::from(row);
        Uuid::from_u64_pair(moment << 16 | 0x7000 | high & 0xFFF, 1 << 63 | low >> 2)
    }

    /// The row of an id, if it is one of this world's.
    fn row(&self, of: Of, id: Uuid) -> Option<u32> {
        let moment = id.as_u64_pair().0 >> 16;
        let row = u32::try_from(moment.checked_sub(IDS_FROM)?).ok()?;
        (self.id(of, row) == id).then_some(row)
    }

    /// A tenant's id.
    pub fn tenant_id(&self, tenant: u32) -> TenantId {
        TenantId::from_uuid(self.id(Of::Tenant, tenant))
    }

    /// A user's id.
    pub fn user_id(&self, user: u32) -> UserId {
        UserId::from_uuid(self.id(Of::User, user))
    }

    /// The id of the link by which a tenant is or was managed.
    pub fn link_id(&self, managed: u32) -> LinkId {
        LinkId::from_uuid(self.id(Of::Link, managed))
    }

    /// The id of an MSP's own role.
    pub fn role_id(&self, msp: u32) -> RoleId {
        RoleId::from_uuid(self.id(Of::Role, msp))
    }

    /// A number of its own for whatever is asked, to make ids of.
    pub fn question_id(&self, number: u32) -> Uuid {
        self.id(Of::Question, number)
    }

    /// The rows of a tenant's own users.
    pub fn users_of(&self, tenant: u32) -> std::ops::Range<u32> {
        let row = &self.tenants[tenant as usize];
        let count = if row.msp == tenant { MSP_USERS } else { self.customer_users };
        row.users..row.users + count as u32
    }

    /// The rows of an MSP's customers, those delinked included.
    pub fn customers_of(&self, msp: u32) -> std::ops::Range<u32> {
        let next = self.msps.partition_point(|other| *other <= msp);
        msp + 1..self.msps.get(next).copied().unwrap_or(self.tenants.len() as u32)
    }

    /// How many customers there are.
    pub fn customers(&self) -> usize {
        self.tenants.len() - self.msps.len()
    }

    /// When it was written.
    pub fn written(&self) -> Timestamp {
        Timestamp::from_micros(WRITTEN).expect("a moment of this century")
    }
}
