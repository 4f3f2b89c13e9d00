//! The lines of sections 7 to 11: devices, resellers, integrations, licences, alert rules, sessions.

use std::collections::BTreeSet;

use tenantry::base::ids::TenantId;
use tenantry::base::text::Reference;
use tenantry::base::time::Timestamp;
use tenantry::engine::Moment;
use tenantry::model::{self, Actor, ResellerStatus};
use tenantry::query::FindDevice;
use tenantry::testkit::inside;

use super::line::{State, open_until};
use crate::devices::HeldRow;
use crate::world::Oracle;

/// What a row of a reseller and a tenant says.
struct Row {
    added: Option<(Option<Reference>, ResellerStatus)>,
    devices: u64,
    stayed: u64,
    uploads: u64,
    last_uploaded: Option<Timestamp>,
}

impl Row {
    fn put(self, reseller: TenantId, tenant: TenantId, state: &mut State) {
        let Self { added, devices, stayed, uploads, last_uploaded } = self;
        if added.is_none() && devices == 0 {
            return;
        }
        let line = format!(
            "{added:?} {devices} devices, {stayed} stayed, of {uploads} uploads, the last {last_uploaded:?}"
        );
        state.insert(format!("row of {reseller} for {tenant}"), line);
    }
}

/// The ids of everything the generator may have named as a reseller or a tenant of one.
fn rows_of(oracle: &Oracle) -> Vec<(TenantId, TenantId)> {
    let living = || oracle.tenants.iter().filter(|tenant| !tenant.deleted).map(|tenant| tenant.id);
    // Whoever has taken all tenants off its list may have devices on some still.
    let with_rows = oracle.reseller_customers.iter().map(|row| row.reseller);
    let resellers: BTreeSet<TenantId> =
        with_rows.chain(oracle.uploads.iter().map(|one| one.reseller)).collect();
    resellers.into_iter().flat_map(|reseller| living().map(move |tenant| (reseller, tenant))).collect()
}

pub fn of_oracle(oracle: &Oracle, state: &mut State) {
    for tenant in oracle.tenants.iter().filter(|tenant| !tenant.deleted) {
        state.insert(format!("devices of {}", tenant.id), oracle.held_devices(tenant.id).to_string());
    }
    for device in &oracle.devices {
        for id in device.ids() {
            state.insert(format!("device {id}"), format!("{:?}", oracle.held_row(device)));
        }
    }
    for one in &oracle.moves {
        let line = format!(
            "{:?} under {} from {} to {} by {:?} {}",
            one.devices,
            one.link,
            one.manager,
            one.customer,
            one.sender,
            open_until(one.state, one.expires)
        );
        state.insert(format!("move {}", one.id), line);
    }
    for (reseller, tenant) in rows_of(oracle) {
        let (devices, stayed) = oracle.shown_devices(reseller, tenant);
        let uploads: BTreeSet<_> = devices.iter().map(|device| device.upload.id).collect();
        let row = Row {
            added: oracle.reseller_customer(reseller, tenant).map(|row| (row.reference.clone(), row.status)),
            devices: devices.len() as u64,
            stayed: stayed as u64,
            uploads: uploads.len() as u64,
            last_uploaded: devices.iter().map(|device| device.upload.at).max(),
        };
        row.put(reseller, tenant, state);
    }
    for one in oracle.integrations.iter().filter(|one| !one.deleted) {
        let line = format!("{} {} of {} at {:?}", one.kind, one.name, one.owner, one.attached);
        state.insert(format!("integration {}", one.id), line);
    }
    for licence in oracle.licences.iter().filter(|licence| oracle.living(licence.tenant).is_some()) {
        let line = format!(
            "{} of {} seats for {} of {} bought by {} until {:?}",
            oracle.used_seats(licence.id),
            licence.seats,
            licence.service,
            licence.tenant,
            licence.buyer,
            licence.expires
        );
        state.insert(format!("licence {}", licence.id), line);
    }
    for rule in &oracle.alert_rules {
        let name = format!("alert rule of {} for {}", rule.tenant, rule.category);
        state.insert(name, format!("{} and {:?}", rule.audience, rule.additional));
    }
    for session in &oracle.sessions {
        let line = format!(
            "{} at {} for {} from {:?} opened {} closed {:?}",
            session.user, session.tenant, session.service, session.return_to, session.opened, session.closed
        );
        state.insert(format!("session {}", session.id), line);
    }
}

pub fn of_engine(moment: &Moment<'_>, known: &Oracle, state: &mut State) {
    for tenant in known.tenants.iter().filter(|tenant| !tenant.deleted) {
        let Some(t) = moment.host().get::<model::Tenant>(tenant.id.uuid()).unwrap() else { continue };
        state.insert(format!("devices of {}", t.id), t.devices.to_string());
    }
    for id in &known.used_devices {
        // Whichever of its ids it is looked for by; what a deleted tenant held is held by nobody.
        let wanted = FindDevice { actor: Actor::OPERATOR, device: id.parse().unwrap() };
        let Some(row) = moment.ask(wanted).unwrap() else { continue };
        state.insert(format!("device {id}"), format!("{:?}", HeldRow::from(row)));
    }
    for one in &known.moves {
        let Some(m) = moment.host().get::<model::Move>(one.id.uuid()).unwrap() else { continue };
        let line = format!(
            "{:?} under {} from {} to {} by {:?} {}",
            crate::devices::named(&m.devices),
            m.link,
            m.manager,
            m.customer,
            m.handshake.sender,
            open_until(m.handshake.state, m.handshake.expires)
        );
        state.insert(format!("move {}", m.id), line);
    }
    for (reseller, tenant) in rows_of(known) {
        let key = inside::ResellerRow::key(reseller, tenant);
        let Some(r) = moment.host().get::<inside::ResellerRow>(key).unwrap() else { continue };
        let row = Row {
            added: r.added.as_ref().map(|added| (added.reference.clone(), added.status)),
            devices: r.devices,
            stayed: r.delinked_devices,
            uploads: r.uploads,
            last_uploaded: r.last_uploaded,
        };
        row.put(reseller, tenant, state);
    }
    for one in known.integrations.iter().filter(|one| !one.deleted) {
        let Some(i) = moment.host().get::<model::Integration>(one.id.uuid()).unwrap() else { continue };
        let at = |tenant: &TenantId| {
            moment.host().get::<model::Attachment>(model::Attachment::key(i.id, *tenant)).unwrap().is_some()
        };
        let attached: BTreeSet<TenantId> = known.tenants.iter().map(|t| t.id).filter(at).collect();
        let line = format!("{} {} of {} at {attached:?}", i.kind, i.name, i.owner);
        state.insert(format!("integration {}", i.id), line);
    }
    for licence in known.licences.iter().filter(|licence| known.living(licence.tenant).is_some()) {
        let Some(l) = moment.host().get::<model::Licence>(licence.id.uuid()).unwrap() else { continue };
        let line = format!(
            "{} of {} seats for {} of {} bought by {} until {:?}",
            l.used, l.seats, l.service, l.tenant, l.buyer, l.expires
        );
        state.insert(format!("licence {}", l.id), line);
    }
    for rule in &known.alert_rules {
        let key = model::AlertRule::key(rule.tenant, &rule.category);
        let Some(r) = moment.host().get::<model::AlertRule>(key).unwrap() else { continue };
        let name = format!("alert rule of {} for {}", r.tenant, r.category);
        state.insert(name, format!("{} and {:?}", r.audience, r.additional));
    }
    for session in &known.sessions {
        let Some(s) = moment.host().get::<model::Session>(session.id.uuid()).unwrap() else { continue };
        let line = format!(
            "{} at {} for {} from {:?} opened {} closed {:?}",
            s.user, s.tenant, s.service, s.return_to, s.opened, s.closed
        );
        state.insert(format!("session {}", s.id), line);
    }
}
