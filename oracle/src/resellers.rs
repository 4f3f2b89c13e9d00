//! Resellers: whom they have added, and whom their devices are shown as (V-1, V-3, V-4, V-5). It counts every device
//! anew whenever it is asked, and never says who may look.

use std::collections::BTreeSet;

use tenantry::base::ids::TenantId;
use tenantry::base::text::Number;
use tenantry::base::time::Timestamp;
use tenantry::command::{
    AddResellerCustomer, AdmitReseller, DropReseller, EditResellerCustomer, RemoveResellerCustomer,
};
use tenantry::model::{Actor, ResellerStatus, Stage, TenantKind};
use tenantry::refusal::Code;

use crate::access::Disabled;
use crate::obstacles::least;
use crate::world::{Addressee, Device, Moved, Oracle, ResellerCustomer};

/// A row of a reseller's list, counted from its devices.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedRow {
    pub tenant: TenantId,
    pub company: String,
    pub number: Number,
    pub last_uploaded: Option<Timestamp>,
    pub uploads: u64,
    pub devices: u64,
    pub status: ResellerStatus,
}

impl Oracle {
    pub fn reseller_customer(&self, reseller: TenantId, tenant: TenantId) -> Option<&ResellerCustomer> {
        self.reseller_customers.iter().find(|row| row.reseller == reseller && row.tenant == tenant)
    }

    pub fn reseller_customer_mut(&mut self, reseller: TenantId, tenant: TenantId) -> &mut ResellerCustomer {
        let is_it = |row: &&mut ResellerCustomer| row.reseller == reseller && row.tenant == tenant;
        self.reseller_customers.iter_mut().find(is_it).unwrap()
    }

    /// Whom a device is shown as: the tenant it was uploaded to; of the links under which it was moved and that have
    /// ended, whom the last one brought it to (V-3). And whether it came to that.
    pub fn shown_as(&self, device: &Device) -> (TenantId, bool) {
        let ended = |moved: &Moved| self.link(moved.link).unwrap().stage == Stage::Delinked;
        let mut shown = (device.upload.to, false);
        for moved in &device.moved {
            if ended(moved) {
                shown = (moved.to, true);
            }
        }
        shown
    }

    /// The reseller's devices that are shown as the tenant, and how many of them stayed after a delink.
    pub fn shown_devices(&self, reseller: TenantId, tenant: TenantId) -> (Vec<&Device>, usize) {
        let mut devices = Vec::new();
        let mut stayed = 0;
        for device in self.devices.iter().filter(|device| device.upload.reseller == reseller) {
            let (shown, delinked) = self.shown_as(device);
            if shown == tenant {
                devices.push(device);
                stayed += usize::from(delinked);
            }
        }
        (devices, stayed)
    }

    /// The number a row shows: its MSP's, of several the one's that has been linked longest, unless all its devices
    /// stayed after a delink (V-3).
    fn shown_number(&self, tenant: TenantId, devices: usize, stayed: usize, at: Timestamp) -> Number {
        let tenant = self.tenant(tenant).unwrap();
        let all_stayed = devices > 0 && stayed == devices;
        let above = self.links_above(tenant.id, at);
        match above.iter().min_by_key(|link| link.since) {
            Some(link) if tenant.kind != TenantKind::Msp && !all_stayed => {
                self.tenant(link.manager).unwrap().number.clone()
            }
            _ => tenant.number.clone(),
        }
    }

    /// Every row of a reseller, those of added tenants without a device included (V-4, V-5).
    pub fn reseller_rows(&self, reseller: TenantId, at: Timestamp) -> Vec<CountedRow> {
        let mut rows = Vec::new();
        for tenant in self.tenants.iter().filter(|tenant| !tenant.deleted) {
            let (devices, stayed) = self.shown_devices(reseller, tenant.id);
            let added = self.reseller_customer(reseller, tenant.id);
            if devices.is_empty() && added.is_none() {
                continue;
            }
            let company = match added.and_then(|added| added.reference.as_ref()) {
                Some(reference) => format!("{} / {reference}", tenant.name),
                None => tenant.name.to_string(),
            };
            let uploads: BTreeSet<_> = devices.iter().map(|device| device.upload.id).collect();
            rows.push(CountedRow {
                tenant: tenant.id,
                company,
                number: self.shown_number(tenant.id, devices.len(), stayed, at),
                last_uploaded: devices.iter().map(|device| device.upload.at).max(),
                uploads: uploads.len() as u64,
                devices: devices.len() as u64,
                status: added.map_or(ResellerStatus::Active, |added| added.status),
            });
        }
        rows
    }

    pub fn add_reseller_customer(
        &mut self,
        actor: &Actor,
        c: &AddResellerCustomer,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "customers.add", c.reseller, at, Disabled::Bars)?;
        let found = self.tenants.iter().find(|tenant| tenant.number == c.number && !tenant.deleted);
        let tenant = found.ok_or(Code::UnknownTenant)?;
        let mut obstacles = self.reseller_obstacle(c.reseller);
        if tenant.kind == TenantKind::Reseller {
            obstacles.push(Code::CannotReceive);
        }
        match self.reseller_customer(c.reseller, tenant.id) {
            Some(row) if row.status == ResellerStatus::Inactive => obstacles.push(Code::ResellerDropped),
            Some(_) => obstacles.push(Code::AlreadyAdded),
            None => {}
        }
        let tenant = tenant.id;
        least(obstacles)?;
        self.reseller_customers.push(ResellerCustomer {
            reseller: c.reseller,
            tenant,
            reference: c.reference.clone(),
            status: ResellerStatus::Pending,
            since: at,
        });
        Ok(())
    }

    /// That the tenant is no reseller, if it is none.
    pub fn reseller_obstacle(&self, tenant: TenantId) -> Vec<Code> {
        let is_reseller = self.tenant(tenant).is_some_and(|tenant| tenant.kind == TenantKind::Reseller);
        if is_reseller { Vec::new() } else { vec![Code::NotAReseller] }
    }

    pub fn edit_reseller_customer(
        &mut self,
        actor: &Actor,
        c: &EditResellerCustomer,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "customers.add", c.reseller, at, Disabled::Bars)?;
        let row = self.reseller_customer(c.reseller, c.tenant).ok_or(Code::NotAdded)?;
        if row.reference == c.reference {
            return Err(Code::NothingToDo);
        }
        self.reseller_customer_mut(c.reseller, c.tenant).reference = c.reference.clone();
        Ok(())
    }

    pub fn remove_reseller_customer(
        &mut self,
        actor: &Actor,
        c: &RemoveResellerCustomer,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "customers.add", c.reseller, at, Disabled::Bars)?;
        let row = self.reseller_customer(c.reseller, c.tenant).ok_or(Code::NotAdded)?;
        let mut obstacles = Vec::new();
        if row.status == ResellerStatus::Inactive {
            // It could be added anew, and so past the drop.
            obstacles.push(Code::ResellerDropped);
        }
        if !self.shown_devices(c.reseller, c.tenant).0.is_empty() {
            obstacles.push(Code::HasUploads);
        }
        least(obstacles)?;
        self.reseller_customers.retain(|row| (row.reseller, row.tenant) != (c.reseller, c.tenant));
        Ok(())
    }

    pub fn drop_reseller(&mut self, actor: &Actor, c: &DropReseller, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "devices.manage", c.tenant, at, Disabled::Bars)?;
        let row = self.reseller_customer(c.reseller, c.tenant).ok_or(Code::NotAdded)?;
        if row.status == ResellerStatus::Inactive {
            return Err(Code::ResellerDropped);
        }
        self.reseller_customer_mut(c.reseller, c.tenant).status = ResellerStatus::Inactive;
        // Whoever drops it: it could be admitted and dropped without end (L-3).
        self.note_asked_by(Addressee::Tenant(c.reseller), c.tenant, at);
        Ok(())
    }

    pub fn admit_reseller(&mut self, actor: &Actor, c: &AdmitReseller, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "devices.manage", c.tenant, at, Disabled::Bars)?;
        let row = self.reseller_customer(c.reseller, c.tenant).ok_or(Code::NotAdded)?;
        if row.status != ResellerStatus::Inactive {
            return Err(Code::ResellerNotDropped);
        }
        least(self.asked_enough(who, &Addressee::Tenant(c.reseller), c.tenant, at).into_iter().collect())?;
        let shown = !self.shown_devices(c.reseller, c.tenant).0.is_empty();
        let status = if shown { ResellerStatus::Active } else { ResellerStatus::Pending };
        self.reseller_customer_mut(c.reseller, c.tenant).status = status;
        Ok(())
    }
}
