//! The world as tenantry's entities, made as they are asked for: what an access index is built from, at any size and
//! without a file.

use std::collections::BTreeSet;
use std::ops::Range;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{
    BuiltinRole, CompanyName, Email, ExternalId, ManagementType, Number, RoleName, System,
};
use tenantry::model::{
    Assignment, EndCause, Ended, Hold, Link, Operation, Party, Personal, Role as OwnRole, RoleRef, Stage,
    Subject, Tenant, TenantKind, User, UserState,
};
use tenantry::policy::PolicyVersion;
use tenantry::testkit::inside::{Any, Found, Index, Kind, Span, View, ViewError};
use uuid::Uuid;

use super::{Managed, Of, Role, World};
use crate::rng::mix;

const WORDS: [&str; 16] = [
    "Bakery", "Clinic", "Dairy", "Engines", "Florist", "Garage", "Harbour", "Inn", "Joinery", "Kiosk",
    "Library", "Mill", "Nursery", "Optics", "Press", "Quarry",
];

impl World {
    /// A tenant's number. In their order, an MSP's customers are far from each other.
    pub fn number(&self, tenant: u32) -> Number {
        Number::parse(&format!("T-{:08X}", tenant.wrapping_mul(0x9E37_79B1))).expect("a well-formed number")
    }

    /// A tenant's name.
    pub fn name(&self, tenant: u32) -> CompanyName {
        let random = mix(self.seed ^ u64::from(tenant) << 32);
        let word = WORDS[random as usize % WORDS.len()];
        CompanyName::parse(&format!("{word} {:06X}", random >> 40)).expect("a well-formed name")
    }

    /// A role as tenantry names it.
    pub fn role_ref(&self, role: Role) -> RoleRef {
        let builtin = |name| RoleRef::Builtin(BuiltinRole::parse(name).expect("a role of the policy"));
        match role {
            Role::SuperAdmin => builtin("super_admin"),
            Role::Admin => builtin("admin"),
            Role::ReadOnly => builtin("read_only"),
            Role::NoAccess => builtin("no_access"),
            Role::Custom(msp) => RoleRef::Custom(self.role_id(msp)),
        }
    }

    /// A tenant.
    pub fn tenant(&self, tenant: u32) -> Tenant {
        let row = &self.tenants[tenant as usize];
        Tenant {
            id: self.tenant_id(tenant),
            number: self.number(tenant),
            kind: if row.msp == tenant { TenantKind::Msp } else { TenantKind::Customer },
            name: self.name(tenant),
            country: None,
            website: None,
            prefix: None,
            operation: if row.enabled { Operation::Enabled } else { Operation::Disabled },
            holds: if row.enabled { [].into() } else { [Hold::Operator].into() },
            devices: 0,
            had_owner: false,
            since: self.written(),
            deleted: None,
        }
    }

    /// A user.
    pub fn user(&self, user: u32) -> User {
        let row = &self.users[user as usize];
        User {
            id: self.user_id(user),
            home: self.tenant_id(row.home),
            state: if row.active { UserState::Active } else { UserState::Blocked },
            since: self.written(),
        }
    }

    /// The link by which a tenant is or was managed.
    pub fn link(&self, tenant: u32) -> Option<Link> {
        let row = &self.tenants[tenant as usize];
        let managed = row.managed.or(row.delinked)?;
        let ended = row.delinked.map(|_| Ended {
            at: self.written(),
            cause: EndCause::Delinked,
            kept_off: BTreeSet::new(),
        });
        Some(Link {
            id: self.link_id(tenant),
            manager: self.tenant_id(managed.manager),
            managed: self.tenant_id(tenant),
            management: management(&managed),
            terms: 0,
            services: self.services_of(&managed).collect(),
            grants: self.grants_of(&managed).collect(),
            stage: match ended {
                Some(_) => Stage::Delinked,
                None if managed.requested => Stage::requested(Party::Manager),
                None => Stage::Active,
            },
            holds: false,
            delink_asked: None,
            delink_expires: None,
            delink_ends: None,
            since: self.written(),
            term: None,
            announced_days: None,
            ended,
        })
    }

    pub(super) fn services_of(
        &self,
        managed: &Managed,
    ) -> impl Iterator<Item = tenantry::base::text::Service> {
        let services = managed.services;
        self.services
            .iter()
            .enumerate()
            .filter(move |(at, _)| services >> at & 1 != 0)
            .map(|(_, it)| it.clone())
    }

    pub(super) fn grants_of(
        &self,
        managed: &Managed,
    ) -> impl Iterator<Item = tenantry::base::text::Permission> {
        let grants = managed.grants;
        self.policy
            .grantable
            .iter()
            .enumerate()
            .filter(move |(at, _)| grants >> at & 1 != 0)
            .map(|(_, it)| it.clone())
    }

    /// The role that an MSP has of its own.
    pub fn own_role(&self, msp: u32) -> OwnRole {
        let holds = self.holds(Role::Custom(msp));
        let held = self.permissions.iter().enumerate().filter(|(at, _)| holds >> at & 1 != 0);
        OwnRole {
            id: self.role_id(msp),
            tenant: self.tenant_id(msp),
            name: RoleName::parse("technician").expect("a well-formed name"),
            permissions: held.map(|(_, permission)| permission.clone()).collect(),
            created_by: None,
            deleted: None,
        }
    }

    fn assignment(&self, user: u32, tenant: u32, role: Role) -> Assignment {
        let below = self.users[user as usize].home == tenant && self.tenants[tenant as usize].msp == tenant;
        Assignment::standing(self.user_id(user), self.tenant_id(tenant), self.role_ref(role), below, false)
    }

    /// A user's assignment at home.
    pub fn home_assignment(&self, user: u32) -> Assignment {
        let row = &self.users[user as usize];
        self.assignment(user, row.home, row.role)
    }

    /// The assignment that a tenant has for a user of its MSP.
    pub fn direct_assignment(&self, tenant: u32) -> Option<Assignment> {
        self.tenants[tenant as usize].direct.map(|(user, role)| self.assignment(user, tenant, role))
    }
}

/// How it is managed, in the policy's words.
pub(super) fn management(managed: &Managed) -> ManagementType {
    ManagementType::parse(if managed.fully { "fully" } else { "jointly" }).expect("a type of the policy")
}

/// What an access index is built from, in the order of tenantry's own indexes.
pub struct Source<'w> {
    world: &'w World,
    numbers: Vec<u32>,
    links: Vec<u32>,
    /// A user, and the tenant of their assignment.
    assignments: Vec<(u32, u32)>,
}

impl<'w> Source<'w> {
    /// Sorts the rows.
    pub fn new(world: &'w World) -> Self {
        let rows = 0..world.tenants.len() as u32;
        let mut numbers: Vec<u32> = rows.clone().collect();
        numbers.sort_unstable_by_key(|tenant| tenant.wrapping_mul(0x9E37_79B1));
        let links = rows.clone().filter(|tenant| world.tenants[*tenant as usize].msp != *tenant).collect();
        let mut assignments: Vec<(u32, u32)> =
            world.users.iter().zip(0..).map(|(row, user)| (user, row.home)).collect();
        assignments
            .extend(rows.filter_map(|at| world.tenants[at as usize].direct.map(|(user, _)| (user, at))));
        assignments.sort_by_cached_key(|(user, tenant)| {
            (*user, Assignment::key(world.user_id(*user), world.tenant_id(*tenant)).uuid())
        });
        Self { world, numbers, links, assignments }
    }

    fn len(&self, index: Index) -> usize {
        match index {
            Index::TenantNumber => self.numbers.len(),
            Index::UserHome => self.world.users.len(),
            Index::LinkManaged => self.links.len(),
            Index::RoleTenant => self.world.msps.len(),
            Index::AssignmentUser => self.assignments.len(),
            _ => 0,
        }
    }

    fn entity(&self, index: Index, place: usize) -> Any {
        let world = self.world;
        match index {
            Index::TenantNumber => world.tenant(self.numbers[place]).into(),
            Index::UserHome => world.user(place as u32).into(),
            Index::LinkManaged => world.link(self.links[place]).expect("customers have links").into(),
            Index::RoleTenant => world.own_role(world.msps[place]).into(),
            _ => {
                let (user, tenant) = self.assignments[place];
                let home = world.users[user as usize].home == tenant;
                let found =
                    if home { Some(world.home_assignment(user)) } else { world.direct_assignment(tenant) };
                found.expect("the tenant has an assignment for the user").into()
            }
        }
    }

    fn found(&self, index: Index, place: usize) -> Found {
        let entity = self.entity(index, place);
        let key = entity.keys().into_iter().find(|(of, _)| *of == index).expect("it is under this index").1;
        Found { key, id: entity.id(), entity }
    }
}

impl View for Source<'_> {
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError> {
        let world = self.world;
        Ok(match kind {
            Kind::PolicyVersion => {
                Some(PolicyVersion { policy: (*world.policy).clone(), ..PolicyVersion::default() }.into())
            }
            Kind::Tenant => world.row(Of::Tenant, id).map(|row| world.tenant(row).into()),
            Kind::User => world.row(Of::User, id).map(|row| world.user(row).into()),
            _ => return Err(ViewError::new("only what an index is built from is here")),
        })
    }

    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError> {
        // What is built from here is read whole, from the first to the last.
        let comes_after = |place: usize| {
            let found = self.found(span.index, place);
            span.after.as_ref().is_none_or(|(key, id)| (&found.key, found.id) > (key, *id))
        };
        let places: Range<usize> = 0..self.len(span.index);
        let start = halve(places.clone(), comes_after);
        Ok((start..places.end.min(start + limit)).map(|place| self.found(span.index, place)).collect())
    }

    fn personal(&self, _: Subject) -> Result<Option<Personal>, ViewError> {
        Ok(None)
    }

    fn addressed(&self, _: &Email) -> Result<Vec<UserId>, ViewError> {
        Ok(Vec::new())
    }

    fn known_as(&self, _: TenantId, _: &System, _: &ExternalId) -> Result<Vec<UserId>, ViewError> {
        Ok(Vec::new())
    }
}

/// The first place that holds.
fn halve(mut places: Range<usize>, holds: impl Fn(usize) -> bool) -> usize {
    while !places.is_empty() {
        let middle = places.start + places.len() / 2;
        if holds(middle) { places.end = middle } else { places.start = middle + 1 }
    }
    places.start
}
