//! The lists and what is in them (Q-1, V-4, V-5, I-1, T-4, T-8): every row of a list, in no order. It neither sorts nor
//! pages; that is for whoever compares.

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::text::{Number, Permission};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, Contact, HandshakeState, Party, Stage, TenantKind, UserState};
use tenantry::query::{
    CustomerDetails, CustomerFilter, CustomerRow, IntegrationFilter, IntegrationRow, Pin,
    ResellerCustomerRow, ResellerFilter, TenantSummary, UserFilter, UserRow,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::world::{Kept, LeadsTo, Link, LinkRequest, Oracle, User};

/// Whether every word of the wanted text is how a word of these begins, whatever the case.
pub fn has_text(wanted: Option<&String>, texts: &[&str]) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let there: Vec<String> = texts.iter().flat_map(|text| split(text)).collect();
    let wanted = wanted.map(|wanted| split(wanted)).unwrap_or_default();
    wanted.iter().all(|word| there.iter().any(|it| it.starts_with(word)))
}

/// The permission to list what a tenant has asked, or was asked: that to ask, or to answer.
pub fn list_of_requests(sent: bool) -> &'static str {
    if sent { "customers.add" } else { "link.respond" }
}

impl Oracle {
    /// Takes the personal data of a later world: it is what is known today, whenever one asks about (U-5).
    pub fn learn_personal(&mut self, later: &Self) {
        for user in &mut self.users {
            let known = later.user(user.id).unwrap();
            (user.name, user.email) = (known.name.clone(), known.email.clone());
        }
        for one in &mut self.address_changes {
            let waits = one.state == HandshakeState::Pending;
            one.email = later.pending_address(one.user).filter(|_| waits).cloned();
        }
        let known = |one: &Kept| later.kept.iter().any(|other| other.number == one.number);
        self.kept.retain(|one| !matches!(one.of, LeadsTo::User(_)) || known(one));
        for tenant in &mut self.tenants {
            let known = later.tenant(tenant.id).unwrap();
            tenant.street = known.street.clone();
            tenant.coordinates = known.coordinates;
            tenant.phone = known.phone.clone();
        }
    }

    pub fn viewer(
        &self,
        actor: &Actor,
        permission: &str,
        tenant: TenantId,
        at: Timestamp,
    ) -> Result<Who, Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, permission, tenant, at, Disabled::Bars)?;
        Ok(who)
    }

    /// How many devices a tenant holds.
    pub fn held_devices(&self, tenant: TenantId) -> u64 {
        self.devices.iter().filter(|device| device.holder() == tenant).count() as u64
    }

    fn customer_row(&self, link: &Link) -> CustomerRow {
        let tenant = self.tenant(link.managed).unwrap();
        // Of whoever is no longer managed the list shows what was so at the end.
        let (name, operation, devices) = match &link.at_end {
            Some((name, operation)) => (name.clone(), *operation, 0),
            None => (tenant.name.clone(), tenant.operation, self.held_devices(tenant.id)),
        };
        CustomerRow {
            tenant: tenant.id,
            link: link.id,
            name,
            number: tenant.number.clone(),
            services: link.services.clone(),
            management: link.management.clone(),
            stage: link.stage,
            status: match link.stage {
                Stage::Active => "Active",
                Stage::DelinkRequestedByManager => "Delink request by MSP",
                Stage::DelinkRequestedByCustomer => "Delink request by customer",
                Stage::Delinked => "Delinked",
            }
            .to_owned(),
            delink_ends: link.delink_ends,
            operation,
            devices,
        }
    }

    pub fn customers(
        &self,
        viewer: &Actor,
        manager: TenantId,
        query: &CustomerFilter,
        at: Timestamp,
    ) -> Result<Vec<CustomerRow>, Code> {
        let who = self.viewer(viewer, "customers.list", manager, at)?;
        let mut rows = Vec::new();
        for link in self.links.iter().filter(|link| link.manager == manager) {
            let wanted = match query.stage {
                None => link.in_force(at),
                Some(Stage::Delinked) => link.stage == Stage::Delinked,
                Some(stage) => link.stage == stage && link.in_force(at),
            };
            // Nobody of the manager's sees a delinked customer; that it was one is told to those who see all that
            // is below, and were not kept off it.
            let seen = match (link.stage, who) {
                (Stage::Delinked, Who::User(user)) => {
                    self.remembers(user, manager, at) && !self.is_kept_off(user, manager, link.managed, at)
                }
                (Stage::Delinked, _) => true,
                _ => self.sees(who, link.managed, at),
            };
            if !wanted || !seen {
                continue;
            }
            let row = self.customer_row(link);
            let fits = query.service.as_ref().is_none_or(|service| row.services.contains(service))
                && query.management.as_ref().is_none_or(|management| *management == row.management)
                && query.min_devices.is_none_or(|least| least <= row.devices)
                && query.max_devices.is_none_or(|most| row.devices <= most)
                && has_text(query.text.as_ref(), &[row.name.as_str(), row.number.as_str()]);
            if fits {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Whether a user sees whatever is below a manager, and so is told who was.
    pub fn remembers(&self, user: UserId, manager: TenantId, at: Timestamp) -> bool {
        let view = Permission::parse("tenant.view").unwrap();
        self.assignments_below(user, manager, at).iter().any(|assignment| self.gives(assignment, &view))
    }

    /// Whether somebody is told what a manager asked of a tenant: the tenant's people, and of the manager's those who are
    /// not kept off it (T-9).
    pub fn is_told_of_request(&self, who: Who, request: &LinkRequest, at: Timestamp) -> bool {
        let Who::User(user) = who else { return true };
        let LinkRequest { manager, managed, .. } = *request;
        match self.side(user, manager, managed, at) {
            None => false,
            Some(Party::Customer) => true,
            Some(Party::Manager) => !self.is_kept_off(user, manager, managed, at),
        }
    }

    /// Whether it is on their list: if it became a link, only for those who are told of that.
    pub fn is_listed(&self, who: Who, request: &LinkRequest, at: Timestamp) -> bool {
        let told = |link| match who {
            Who::User(user) => self.side_of_link(user, link, at).is_some(),
            Who::Operator { .. } => true,
        };
        let became = self.link(LinkId::from_uuid(request.id.uuid()));
        self.is_told_of_request(who, request, at) && became.is_none_or(told)
    }

    pub fn customer(
        &self,
        viewer: &Actor,
        manager: TenantId,
        customer: TenantId,
        at: Timestamp,
    ) -> Result<CustomerDetails, Code> {
        let who = self.viewer(viewer, "customers.list", manager, at)?;
        self.right(who, "tenant.view", customer, at, Disabled::Bars)?;
        let above = self.links_above(customer, at);
        let link = above.iter().find(|link| link.manager == manager).ok_or(Code::NotLinked)?;
        let tenant = self.tenant(customer).unwrap();
        Ok(CustomerDetails {
            row: self.customer_row(link),
            kind: tenant.kind,
            country: tenant.country.clone(),
            website: tenant.website.clone(),
            prefix: tenant.prefix.clone(),
            contact: Contact {
                street: tenant.street.clone(),
                coordinates: tenant.coordinates,
                phone: tenant.phone.clone(),
            },
            grants: link.grants.clone(),
            since: link.since,
            expires: link.expires,
        })
    }

    pub fn users_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        query: &UserFilter,
        at: Timestamp,
    ) -> Result<Vec<UserRow>, Code> {
        let who = self.viewer(viewer, "users.view", tenant, at)?;
        let told_address = |user: &User| self.is_told_address(who, user.id, at);
        let mut rows = Vec::new();
        for user in self.users.iter().filter(|user| user.home == tenant) {
            let wanted = match query.state {
                None => user.state != UserState::Removed,
                Some(state) => user.state == state,
            };
            let name = user.name.as_ref().map_or("", |name| name.as_str());
            let email = user.email.as_ref().map_or("", |email| email.as_str());
            if wanted && has_text(query.text.as_ref(), &[name, email]) {
                rows.push(UserRow {
                    user: user.id,
                    name: user.name.clone(),
                    email: user.email.clone(),
                    new_email: self.pending_address(user.id).filter(|_| told_address(user)).cloned(),
                    state: user.state,
                    role: self.assignment(user.id, tenant, at).map(|a| a.role.clone()),
                });
            }
        }
        Ok(rows)
    }

    /// Whether somebody is told which address a user is asked to confirm: themselves, and those of their organisation who manage
    /// its users (U-1).
    pub fn is_told_address(&self, who: Who, user: UserId, at: Timestamp) -> bool {
        let Who::User(viewer) = who else { return true };
        let home = |id| self.user(id).map(|user| user.home).unwrap();
        let manages = || self.right(who, "users.manage", home(user), at, Disabled::Bars).is_ok();
        viewer == user || home(viewer) == home(user) && manages()
    }

    pub fn integrations_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &IntegrationFilter,
        at: Timestamp,
    ) -> Result<Vec<IntegrationRow>, Code> {
        let who = self.viewer(viewer, "integrations.view", tenant, at)?;
        let mut rows = Vec::new();
        for one in self.integrations.iter().filter(|one| !one.deleted) {
            // What a manager shares that is not there for the viewer, is its own affair.
            let attached = one.attached.contains(&tenant) && self.is_there(who, one.owner, at);
            let wanted = filter.kind.as_ref().is_none_or(|kind| *kind == one.kind)
                && filter.owner.is_none_or(|owner| owner == one.owner)
                && has_text(filter.text.as_ref(), &[one.name.as_str()]);
            if wanted && (attached || one.owner == tenant) {
                rows.push(IntegrationRow {
                    integration: one.id,
                    kind: one.kind.clone(),
                    name: one.name.clone(),
                    owner: one.owner,
                    owner_name: self.tenant(one.owner).unwrap().name.clone(),
                    attached,
                });
            }
        }
        Ok(rows)
    }

    pub fn reseller_customers(
        &self,
        viewer: &Actor,
        reseller: TenantId,
        query: &ResellerFilter,
        at: Timestamp,
    ) -> Result<Vec<ResellerCustomerRow>, Code> {
        self.viewer(viewer, "devices.view", reseller, at)?;
        let mut rows = Vec::new();
        for row in self.reseller_rows(reseller, at) {
            let wanted = (row.devices > 0 || query.unused)
                && query.tenant.is_none_or(|tenant| tenant == row.tenant)
                && query.status.is_none_or(|status| status == row.status)
                && has_text(query.text.as_ref(), &[&row.company, row.number.as_str()]);
            if wanted {
                rows.push(ResellerCustomerRow {
                    tenant: row.tenant,
                    company: row.company,
                    number: row.number,
                    country: self.tenant(row.tenant).unwrap().country.clone(),
                    last_uploaded: row.last_uploaded,
                    uploads: row.uploads,
                    devices: row.devices,
                    status: row.status,
                });
            }
        }
        Ok(rows)
    }

    /// Whether somebody may look up what a number stands for: whoever may link somewhere (T-8).
    ///
    /// # Errors
    /// Why not.
    pub fn may_look_up(&self, viewer: &Actor, at: Timestamp) -> Result<(), Code> {
        let Who::User(user) = self.actor(viewer, Disabled::Bars)? else { return Ok(()) };
        let permission = Permission::parse("customers.add").unwrap();
        let home = self.user(user).unwrap().home;
        let at_home = self.judge(user, &permission, home, None, at, Disabled::Bars);
        let may = |tenant| self.judge(user, &permission, tenant, None, at, Disabled::Bars).is_ok();
        let held = |tenant| self.assignment(user, tenant, at).is_some();
        if !self.tenants.iter().any(|one| held(one.id) && may(one.id)) {
            at_home?;
        }
        match self.tenant(home).unwrap().kind {
            TenantKind::Msp => Ok(()),
            _ => Err(Code::CannotManage),
        }
    }

    /// What a number stands for.
    ///
    /// # Errors
    /// That it stands for nothing that lives.
    pub fn numbered(&self, number: &Number) -> Result<TenantSummary, Code> {
        let mut living = self.tenants.iter().filter(|tenant| !tenant.deleted);
        let tenant = living.find(|tenant| tenant.number == *number).ok_or(Code::UnknownTenant)?;
        Ok(TenantSummary {
            number: tenant.number.clone(),
            name: tenant.name.clone(),
            country: tenant.country.clone(),
            kind: tenant.kind,
        })
    }

    /// The tenants that a user's map shows, wherever they are.
    pub fn pins_over(&self, viewer: &Actor, at: Timestamp) -> Result<Vec<TenantId>, Code> {
        let Who::User(user) = self.actor(viewer, Disabled::Bars)? else { return Err(Code::WrongActor) };
        let permission = Permission::parse("tenant.view").unwrap();
        Ok(self.tenants_where(user, &permission, None, at))
    }

    /// Where the tenants are that a user may see (T-4).
    pub fn pins(&self, viewer: &Actor, at: Timestamp) -> Result<Vec<Pin>, Code> {
        let mut pins = Vec::new();
        for tenant in self.pins_over(viewer, at)? {
            let tenant = self.tenant(tenant).unwrap();
            if let Some(coordinates) = tenant.coordinates {
                pins.push(Pin { tenant: tenant.id, name: tenant.name.clone(), coordinates });
            }
        }
        Ok(pins)
    }
}
