//! Where a user may go, what a tenant is, which roles can be given there, and who manages it. It only reads.

use std::collections::BTreeSet;

use tenantry::base::ids::{LinkId, TenantId};
use tenantry::base::text::{
    CompanyName, Country, ManagementType, Number, Permission, Prefix, RoleName, Service, Website,
};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, Contact, Operation, RoleRef, Stage, TenantKind};
use tenantry::query::{ManagerFilter, ManagerRow, PlaceRow, RoleFilter, RoleRow, TenantSettings};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::awaiting::Named;
use crate::lists::has_text;
use crate::world::{Oracle, Tenant};

/// A tenant that somebody may enter.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub tenant: TenantId,
    pub name: CompanyName,
    pub number: Number,
    pub kind: TenantKind,
    pub operation: Operation,
}

impl From<PlaceRow> for Place {
    fn from(row: PlaceRow) -> Self {
        let PlaceRow { tenant, name, number, kind, operation, .. } = row;
        Self { tenant, name, number, kind, operation }
    }
}

/// A tenant as its own settings show it; since when it is there, the oracle does not remember.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    pub tenant: TenantId,
    pub number: Number,
    pub kind: TenantKind,
    pub name: CompanyName,
    pub country: Option<Country>,
    pub website: Option<Website>,
    pub prefix: Option<Prefix>,
    pub contact: Contact,
    pub operation: Operation,
    pub devices: u64,
}

impl From<TenantSettings> for Settled {
    fn from(row: TenantSettings) -> Self {
        let TenantSettings { tenant, number, kind, name, country, website, prefix, contact, .. } = row;
        let (operation, devices) = (row.operation, row.devices);
        Self { tenant, number, kind, name, country, website, prefix, contact, operation, devices }
    }
}

/// A role that can be given at a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub role: RoleRef,
    pub name: Option<RoleName>,
    pub permissions: BTreeSet<Permission>,
}

impl From<RoleRow> for Given {
    fn from(row: RoleRow) -> Self {
        Self { role: row.role, name: row.name, permissions: row.permissions }
    }
}

/// A manager of a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Managing {
    pub link: LinkId,
    pub manager: Named,
    pub management: ManagementType,
    pub services: BTreeSet<Service>,
    pub grants: BTreeSet<Permission>,
    pub stage: Stage,
    pub since: Timestamp,
    pub expires: Option<Timestamp>,
    pub delink_ends: Option<Timestamp>,
}

impl From<ManagerRow> for Managing {
    fn from(row: ManagerRow) -> Self {
        Self {
            link: row.link,
            manager: row.manager.into(),
            management: row.management,
            services: row.services,
            grants: row.grants,
            stage: row.stage,
            since: row.since,
            expires: row.expires,
            delink_ends: row.delink_ends,
        }
    }
}

impl Oracle {
    /// The tenants that the viewer may enter: their own, and those that they see.
    ///
    /// # Errors
    /// Why they may not even ask.
    pub fn places(&self, viewer: &Actor, text: Option<&String>, at: Timestamp) -> Result<Vec<Place>, Code> {
        let Who::User(user) = self.actor(viewer, Disabled::Bars)? else { return Err(Code::WrongActor) };
        let view = Permission::parse("tenant.view").unwrap();
        let open = self.tenants_where(user, &view, None, at);
        let wanted = |one: &&Tenant| has_text(text, &[one.name.as_str(), one.number.as_str()]);
        let open = self.tenants.iter().filter(|one| open.contains(&one.id));
        let rows = open.filter(wanted).map(|one| Place {
            tenant: one.id,
            name: one.name.clone(),
            number: one.number.clone(),
            kind: one.kind,
            operation: one.operation,
        });
        Ok(rows.collect())
    }

    /// What a tenant is, for those who may see it.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn settings_of(&self, viewer: &Actor, tenant: TenantId, at: Timestamp) -> Result<Settled, Code> {
        self.viewer(viewer, "tenant.view", tenant, at)?;
        let one = self.tenant(tenant).unwrap();
        Ok(Settled {
            tenant,
            number: one.number.clone(),
            kind: one.kind,
            name: one.name.clone(),
            country: one.country.clone(),
            website: one.website.clone(),
            prefix: one.prefix.clone(),
            contact: Contact {
                street: one.street.clone(),
                coordinates: one.coordinates,
                phone: one.phone.clone(),
            },
            operation: one.operation,
            devices: self.held_devices(tenant),
        })
    }

    /// The roles that can be given at a tenant: those of the policy, and its own.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn roles_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &RoleFilter,
        at: Timestamp,
    ) -> Result<Vec<Given>, Code> {
        self.viewer(viewer, "users.view", tenant, at)?;
        let built_in = self.policy.roles.iter().map(|role| Given {
            role: RoleRef::Builtin(role.name.clone()),
            name: None,
            permissions: role.permissions.clone(),
        });
        let own = self.roles.iter().filter(|role| role.tenant == tenant).map(|role| Given {
            role: RoleRef::Custom(role.id),
            name: Some(role.name.clone()),
            permissions: role.permissions.clone(),
        });
        let wanted = |row: &Given| {
            let name = match &row.role {
                RoleRef::Builtin(name) => name.as_str(),
                RoleRef::Custom(_) => row.name.as_ref().unwrap().as_str(),
            };
            has_text(filter.text.as_ref(), &[name])
                && filter.permission.as_ref().is_none_or(|one| row.permissions.contains(one))
        };
        Ok(built_in.chain(own).filter(wanted).collect())
    }

    /// Who manages a tenant, as far as they are there for the viewer.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn managers_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &ManagerFilter,
        at: Timestamp,
    ) -> Result<Vec<Managing>, Code> {
        let who = self.viewer(viewer, "tenant.view", tenant, at)?;
        let mut above = self.links_above(tenant, at);
        above.retain(|link| self.is_there(who, link.manager, at));
        above.retain(|link| {
            filter.service.as_ref().is_none_or(|service| link.services.contains(service))
                && filter.management.as_ref().is_none_or(|management| *management == link.management)
        });
        let rows = above.into_iter().map(|link| Managing {
            link: link.id,
            manager: self.by_name(link.manager),
            management: link.management.clone(),
            services: link.services.clone(),
            grants: link.grants.clone(),
            stage: link.stage,
            since: link.since,
            expires: link.expires,
            delink_ends: link.delink_ends,
        });
        Ok(rows.collect())
    }
}
