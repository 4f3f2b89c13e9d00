//! Commands about resellers, devices and licences (V, C).

use std::collections::BTreeSet;
use std::sync::OnceLock;

use tenantry::base::ids::{LicenceId, LinkId, MoveId, TenantId, UploadId, UserId};
use tenantry::base::text::{DeviceId, Reference, Service};
use tenantry::base::time::Timestamp;
use tenantry::command::*;
use tenantry::model::{Actor, HandshakeState, Party, ResellerStatus, TenantKind};
use tenantry::query::Question;

use super::{Generator, id, word};
use crate::devices::{MANY, parsed};
use crate::world::{Device, Link, Oracle};

/// So many different ids of devices are there in a world.
const DEVICES: usize = 120;

/// An id of a device by its number: serial numbers, MEIDs and IMEIs whose check digit holds.
fn device(number: usize) -> String {
    match number % 3 {
        0 => format!("SN-{number}"),
        1 => format!("A{number:013}"),
        _ => {
            let body = format!("3520990{number:07}");
            let valid = |digit: &u32| parsed(&format!("{body}{digit}")).is_some();
            format!("{body}{}", (0..10).find(valid).unwrap())
        }
    }
}

/// More devices than a command takes; made once, because that takes a while.
fn too_many() -> &'static BTreeSet<DeviceId> {
    static MADE: OnceLock<BTreeSet<DeviceId>> = OnceLock::new();
    MADE.get_or_init(|| (0..=MANY).map(|number| word(&format!("TOO-{number}"))).collect())
}

impl Generator {
    pub(super) fn choose_about_stock(&mut self, oracle: &Oracle, roll: usize) -> (Actor, Command) {
        match roll {
            0..=39 => self.gen_add_reseller_customer(oracle),
            40..=47 => self.gen_remove_reseller_customer(oracle),
            48..=62 => self.gen_edit_reseller_customer(oracle),
            63..=82 => self.gen_drop_reseller(oracle),
            83..=104 => self.gen_admit_reseller(oracle),
            105..=184 => self.gen_upload(oracle),
            185..=254 => self.gen_move(oracle),
            255..=304 => self.gen_answer_move(oracle),
            305..=316 => self.gen_delete_devices(oracle),
            317..=332 => self.gen_withdraw(oracle),
            333..=354 => self.gen_buy_licence(oracle),
            355..=384 => self.gen_assign_seats(oracle),
            _ => self.gen_release_seats(oracle),
        }
    }

    pub(super) fn reseller(&mut self, oracle: &Oracle) -> TenantId {
        self.tenant_where(oracle, |tenant| !tenant.deleted && tenant.kind == TenantKind::Reseller)
    }

    fn reference(&mut self) -> Option<Reference> {
        let number = self.rng.below(3);
        self.rng.percent(60).then(|| word(&format!("K-{number}")))
    }

    fn gen_add_reseller_customer(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let reseller = self.reseller(oracle);
        let now = self.now;
        let roll = self.rng.below(100);
        let tenant = self.tenant_where(oracle, |tenant| {
            let added = oracle.reseller_customer(reseller, tenant.id).is_some();
            let pool = tenant.kind == TenantKind::Msp && !oracle.links_below(tenant.id, now).is_empty();
            !tenant.deleted && !added && tenant.kind != TenantKind::Reseller && (pool || roll < 50)
        });
        let number = match oracle.tenant(tenant) {
            Some(tenant) if roll < 97 => tenant.number.clone(),
            _ => word("NOWHERE"),
        };
        let command = AddResellerCustomer { reseller, number, reference: self.reference() };
        (self.actor_for(oracle, "customers.add", reseller), command.into())
    }

    /// A reseller and a tenant that it has added, at such a status.
    pub(super) fn added(
        &mut self,
        oracle: &Oracle,
        wanted: impl Fn(ResellerStatus) -> bool,
    ) -> (TenantId, TenantId) {
        let added: Vec<(TenantId, TenantId)> = oracle
            .reseller_customers
            .iter()
            .filter(|row| wanted(row.status) && oracle.living(row.tenant).is_some())
            .map(|row| (row.reseller, row.tenant))
            .collect();
        match self.rng.pick(&added) {
            Some(pair) if self.rng.percent(88) => *pair,
            _ => {
                let all: Vec<(TenantId, TenantId)> =
                    oracle.reseller_customers.iter().map(|row| (row.reseller, row.tenant)).collect();
                match self.rng.pick(&all) {
                    Some(pair) if self.rng.percent(60) => *pair,
                    _ => (self.reseller(oracle), self.living_tenant(oracle)),
                }
            }
        }
    }

    fn gen_edit_reseller_customer(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (reseller, tenant) = self.added(oracle, |_| true);
        let command = EditResellerCustomer { reseller, tenant, reference: self.reference() };
        (self.actor_for(oracle, "customers.add", reseller), command.into())
    }

    fn gen_remove_reseller_customer(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (reseller, tenant) = self.added(oracle, |status| status == ResellerStatus::Pending);
        (
            self.actor_for(oracle, "customers.add", reseller),
            RemoveResellerCustomer { reseller, tenant }.into(),
        )
    }

    fn gen_drop_reseller(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (reseller, tenant) = self.added(oracle, |status| status != ResellerStatus::Inactive);
        (self.actor_for(oracle, "devices.manage", tenant), DropReseller { tenant, reseller }.into())
    }

    fn gen_admit_reseller(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (reseller, tenant) = self.added(oracle, |status| status == ResellerStatus::Inactive);
        (self.actor_for(oracle, "devices.manage", tenant), AdmitReseller { tenant, reseller }.into())
    }

    fn gen_upload(&mut self, oracle: &Oracle) -> (Actor, Command) {
        if oracle.reseller_customers.is_empty() && self.rng.percent(80) {
            return self.gen_add_reseller_customer(oracle);
        }
        let roll = self.rng.below(100);
        let (mut reseller, mut to) = self.added(oracle, |status| status != ResellerStatus::Inactive);
        let pools: Vec<(TenantId, TenantId)> = oracle
            .reseller_customers
            .iter()
            .filter(|row| {
                row.status != ResellerStatus::Inactive && !oracle.links_below(row.tenant, self.now).is_empty()
            })
            .map(|row| (row.reseller, row.tenant))
            .collect();
        if let Some(pool) = self.rng.pick(&pools)
            && self.rng.percent(50)
        {
            (reseller, to) = *pool;
        }
        let mut devices: Vec<Vec<String>> = Vec::new();
        let held: Vec<&str> = oracle.devices.iter().flat_map(Device::ids).map(String::as_str).collect();
        let free: Vec<String> = (0..DEVICES).map(device).filter(|id| !held.contains(&id.as_str())).collect();
        for _ in 0..=self.rng.below(4) {
            let device = match self.rng.below(100) {
                0..=93 => self.rng.pick(&free).cloned(),
                94 => Some("490154203237517".to_owned()),
                95 => Some(["12", "", "SN 1", "S\u{e4}ge-1"][self.rng.below(4)].to_owned()),
                96 => held.first().map(|device| (*device).to_owned()),
                97 => self.rng.pick(&free).map(|device| format!(" {} ", device.to_lowercase())),
                _ => self.rng.pick(&held).map(|device| (*device).to_owned()),
            };
            let mut ids: Vec<String> = device.into_iter().collect();
            while ids.len() < 4 && self.rng.percent(35) {
                ids.extend(self.rng.pick(&free).cloned());
            }
            if self.rng.percent(4) {
                self.put_among(oracle, reseller, devices.iter().flatten().cloned().collect(), &mut ids);
            }
            let again = |id: &String| devices.iter().flatten().any(|before| before == id);
            if !ids.is_empty() && (roll < 3 || !ids.iter().any(again) || self.rng.percent(2)) {
                devices.push(ids);
            }
        }
        if roll == 3 {
            devices.clear();
        } else if self.rng.per_mille(4) {
            devices = too_many().iter().map(|id| vec![id.to_string()]).collect();
        } else if roll == 4 {
            devices.extend(devices.first().map(|ids| ids.iter().map(|id| id.to_lowercase()).collect()));
        }
        let upload = UploadId::from_uuid(self.chosen(oracle, 7));
        let devices = devices.into_iter().map(Into::into).collect();
        let command = UploadDevices { reseller, to, devices, upload: Some(upload) };
        (self.actor_for(oracle, "devices.manage", reseller), command.into())
    }

    /// Gives a device that is typed an id that does not suit it, or ids too many or too few.
    fn put_among(&mut self, oracle: &Oracle, reseller: TenantId, before: Vec<String>, ids: &mut Vec<String>) {
        let own = |device: &&Device| device.upload.reseller == reseller;
        let owned: Vec<&Device> = oracle.devices.iter().filter(own).collect();
        let place = self.rng.below(ids.len() + 1);
        match self.rng.below(16) {
            0 => ids.clear(),
            1 => ids.extend((0..9).map(|number| format!("MANY-{number}"))),
            2 => ids.extend((ids.len()..8).map(|number| format!("MANY-{number}"))),
            3 => ids.insert(place, "49015420323751".to_owned()),
            4 => ids.insert(place, "490154203237517".to_owned()),
            5 | 6 => {
                // The same once more, written otherwise.
                let Some(id) = self.rng.pick(ids).cloned() else { return };
                let imei = id.len() == 15 && parsed(&id).is_some();
                ids.insert(place, if imei { id[..14].to_owned() } else { format!(" {}", id.to_lowercase()) });
            }
            7 | 8 => ids.extend(self.rng.pick(&before).cloned()),
            9 => {
                // Also what is refused is remembered.
                ids.extend(self.rng.pick(&before).cloned());
                ids.extend(self.rng.pick(&oracle.devices).map(|device| device.id.clone()));
            }
            10..=12 => {
                for _ in 0..2 {
                    let of = self.rng.pick(&owned).map(|device| self.one_of(device));
                    ids.insert(place, of.unwrap_or_else(|| "MANY-0".to_owned()));
                }
            }
            13 => {
                ids.extend(self.rng.pick(&owned).map(|device| self.one_of(device)));
                ids.extend(self.rng.pick(&oracle.devices).map(|device| self.one_of(device)));
            }
            _ => ids.extend(self.rng.pick(&oracle.devices).map(|device| self.one_of(device))),
        }
    }

    /// An id, mostly of a device, and whoever holds that.
    pub(super) fn some_device(&mut self, oracle: &Oracle) -> (DeviceId, TenantId) {
        match self.rng.pick(&oracle.devices) {
            Some(found) if self.rng.percent(90) => (word(&self.one_of(found)), found.holder()),
            _ => (word(&device(self.rng.below(DEVICES))), self.living_tenant(oracle)),
        }
    }

    /// One of the ids of a device.
    pub(super) fn one_of(&mut self, device: &Device) -> String {
        let ids: Vec<&String> = device.ids().collect();
        (*self.rng.pick(&ids).unwrap()).clone()
    }

    /// Some devices, mostly such, each by any of its ids and some by two.
    fn some_devices(&mut self, oracle: &Oracle, wanted: impl Fn(&Device) -> bool) -> BTreeSet<DeviceId> {
        if self.rng.per_mille(6) {
            return too_many().clone();
        }
        let fitting: Vec<&Device> = oracle.devices.iter().filter(|device| wanted(device)).collect();
        let mut devices = BTreeSet::new();
        if self.rng.percent(2) {
            return devices;
        }
        for _ in 0..=self.rng.below(3) {
            let roll = self.rng.below(100);
            let found = match self.rng.pick(&fitting) {
                Some(device) if roll < 94 => Some(*device),
                _ => self.rng.pick(&oracle.devices),
            };
            match found {
                Some(found) if roll < 98 => {
                    if self.rng.percent(10) {
                        devices.insert(word(&self.one_of(found)));
                    }
                    devices.insert(word(&self.one_of(found)))
                }
                _ => devices.insert(word(&device(self.rng.below(DEVICES)))),
            };
        }
        devices
    }

    /// An upload, mostly one of which there is something left, and devices that are mostly of it.
    fn gen_withdraw(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let roll = self.rng.below(100);
        let found = match (self.rng.pick(&oracle.devices), self.rng.pick(&oracle.uploads)) {
            (Some(device), _) if roll < 85 => Some(&device.upload),
            (_, upload) if roll < 97 => upload,
            _ => None,
        };
        let (upload, reseller) = match found {
            Some(upload) => (upload.id, upload.reseller),
            None => (UploadId::from_uuid(id(7, 999_999)), self.reseller(oracle)),
        };
        let odd = self.rng.percent(15);
        let devices = match self.rng.percent(40) {
            true => None,
            false => Some(self.some_devices(oracle, |device| odd || device.upload.id == upload)),
        };
        (self.actor_for(oracle, "devices.manage", reseller), WithdrawUpload { upload, devices }.into())
    }

    fn gen_move(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let now = self.now;
        let free = |device: &&Device| device.seat.is_none() && !oracle.is_moving(&device.id);
        let carriers: Vec<LinkId> = oracle
            .links
            .iter()
            .filter(|link| {
                let customer = oracle.tenant(link.managed).is_some_and(|t| t.kind == TenantKind::Customer);
                let mut pool = oracle.devices.iter().filter(free);
                link.in_force(now) && customer && pool.any(|device| device.holder() == link.manager)
            })
            .map(|link| link.id)
            .collect();
        if carriers.is_empty() && self.rng.percent(85) {
            return self.gen_upload(oracle);
        }
        // What has been moved goes on where it can, or nothing ever would be moved twice.
        let moved = |link: &Link| {
            let mut pool = oracle.devices.iter().filter(|device| device.holder() == link.manager);
            carriers.contains(&link.id) && pool.any(|device| !device.moved.is_empty())
        };
        let onward = self.rng.percent(60) && oracle.links.iter().any(moved);
        let link =
            self.link_where(oracle, |link| if onward { moved(link) } else { carriers.contains(&link.id) });
        let (manager, mut customer) = (link.manager, link.managed);
        if self.rng.percent(4) {
            customer = self.living_tenant(oracle);
        }
        let odd = self.rng.percent(15);
        let devices = self.some_devices(oracle, |device| {
            device.holder() == manager
                && (odd || device.seat.is_none() && !oracle.is_moving(&device.id))
                && (!onward || !device.moved.is_empty())
        });
        let id = MoveId::from_uuid(self.chosen(oracle, 8));
        let command = MoveDevices { manager, customer, devices, id: Some(id) };
        let may =
            |user: UserId, tenant| oracle.check(&Question::new(user, word("devices.manage"), tenant), now).0;
        let able: Vec<UserId> = oracle
            .users
            .iter()
            .map(|user| user.id)
            .filter(|user| may(*user, manager) && may(*user, customer))
            .collect();
        let actor = match self.rng.pick(&able) {
            Some(user) if self.rng.percent(60) => Actor::User(*user),
            _ => self.actor_for(oracle, "devices.manage", manager),
        };
        (actor, command.into())
    }

    fn gen_answer_move(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let pending: Vec<_> = oracle.moves.iter().filter(|m| m.state == HandshakeState::Pending).collect();
        if pending.is_empty() && self.rng.percent(80) {
            return self.gen_move(oracle);
        }
        let roll = self.rng.below(100);
        let found = match self.rng.pick(&pending) {
            Some(one) if roll < 85 => Some(*one),
            _ => self.rng.pick(&oracle.moves),
        };
        let (id, manager, customer) = match found {
            Some(one) if roll < 98 => (one.id, one.manager, one.customer),
            _ => (MoveId::from_uuid(id(8, 999_999)), self.msp(oracle), self.living_tenant(oracle)),
        };
        let roll = self.rng.below(108);
        let asked = if roll < 78 { Party::Customer } else { Party::Manager };
        let speaks = if self.rng.percent(6) { asked.other() } else { asked };
        let actor = match speaks {
            Party::Customer => self.actor_for(oracle, "devices.manage", customer),
            Party::Manager => self.actor_for(oracle, "devices.manage", manager),
        };
        match roll {
            0..=57 => (actor, ApproveMove { id }.into()),
            58..=77 => (actor, DeclineMove { id }.into()),
            78..=99 => (actor, CancelMove { id }.into()),
            _ => (actor, ResendMove { id }.into()),
        }
    }

    fn gen_delete_devices(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let tenant =
            self.tenant_where(oracle, |tenant| !tenant.deleted && oracle.held_devices(tenant.id) > 0);
        let odd = self.rng.percent(25);
        let devices = self.some_devices(oracle, |device| {
            device.holder() == tenant && (odd || device.seat.is_none() && !oracle.is_moving(&device.id))
        });
        (self.actor_for(oracle, "devices.manage", tenant), DeleteDevices { tenant, devices }.into())
    }

    pub(super) fn service_of(&mut self, oracle: &Oracle, tenant: TenantId) -> Service {
        let managed: Vec<Service> =
            oracle.links_above(tenant, self.now).iter().flat_map(|link| link.services.clone()).collect();
        let offered: Vec<Service> = oracle.policy.services.iter().cloned().collect();
        match self.rng.below(100) {
            0..=59 if !managed.is_empty() => self.rng.pick(&managed).unwrap().clone(),
            99 => word("teleport"),
            _ => self.rng.pick(&offered).unwrap().clone(),
        }
    }

    fn gen_buy_licence(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let tenant =
            self.tenant_where(oracle, |tenant| !tenant.deleted && oracle.held_devices(tenant.id) > 0);
        let managers: Vec<TenantId> =
            oracle.links_above(tenant, self.now).iter().map(|link| link.manager).collect();
        let buyer = match self.rng.pick(&managers) {
            Some(manager) if self.rng.percent(65) => *manager,
            _ if self.rng.percent(20) => self.living_tenant(oracle),
            _ => tenant,
        };
        let seats = match self.rng.below(50) {
            0 => 0,
            1 => 1_000_001,
            2 => 1_000_000,
            _ => 1 + self.rng.below(4) as u32,
        };
        let later = |micros: i64| Timestamp::from_micros(self.now.micros() + micros).unwrap();
        let expires = match self.rng.below(20) {
            0 => Some(self.now),
            1 => Some(later(-1)),
            2..=7 => Some(self.now.plus_days(self.rng.below(20) as u32)),
            _ => None,
        };
        let licence = LicenceId::from_uuid(self.chosen(oracle, 10));
        let service = self.service_of(oracle, tenant);
        let command = BuyLicence { buyer, tenant, service, seats, licence: Some(licence), expires };
        (self.actor_for(oracle, "licences.manage", buyer), command.into())
    }

    fn some_licence(&mut self, oracle: &Oracle) -> (LicenceId, TenantId) {
        let fitting: Vec<(LicenceId, TenantId)> = oracle
            .licences
            .iter()
            .filter(|licence| oracle.held_devices(licence.tenant) > 0)
            .map(|licence| (licence.id, licence.tenant))
            .collect();
        let roll = self.rng.below(100);
        match (self.rng.pick(&fitting), self.rng.pick(&oracle.licences)) {
            (Some(found), _) if roll < 85 => *found,
            (_, Some(licence)) if roll < 97 => (licence.id, licence.tenant),
            _ => (LicenceId::from_uuid(id(10, 999_999)), self.living_tenant(oracle)),
        }
    }

    fn gen_assign_seats(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (licence, tenant) = self.some_licence(oracle);
        let odd = self.rng.percent(15);
        let devices = self.some_devices(oracle, |device| {
            device.holder() == tenant && (odd || device.seat.is_none() && !oracle.is_moving(&device.id))
        });
        (self.actor_for(oracle, "licences.manage", tenant), AssignSeats { licence, devices }.into())
    }

    fn gen_release_seats(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let seated: Vec<(LicenceId, TenantId)> = oracle
            .devices
            .iter()
            .filter_map(|device| device.seat.map(|seat| (seat, device.holder())))
            .collect();
        let (licence, tenant) = match self.rng.pick(&seated) {
            Some(found) if self.rng.percent(80) => *found,
            _ => self.some_licence(oracle),
        };
        let devices = self.some_devices(oracle, |device| device.seat == Some(licence));
        (self.actor_for(oracle, "licences.manage", tenant), ReleaseSeats { licence, devices }.into())
    }

    /// A link that has carried a device, a move or a licence, for whoever wants to end it.
    pub(super) fn carries(oracle: &Oracle, link: LinkId) -> bool {
        let of_link = |manager, managed| {
            oracle.link(link).is_some_and(|link| link.manager == manager && link.managed == managed)
        };
        oracle.moves.iter().any(|one| one.link == link)
            || oracle.devices.iter().any(|device| device.moved.iter().any(|moved| moved.link == link))
            || oracle
                .licences
                .iter()
                .any(|licence| of_link(licence.buyer, licence.tenant) && oracle.used_seats(licence.id) > 0)
    }

    /// A tenant to which devices were moved: as an MSP it could move them on.
    pub(super) fn moved_to(&mut self, oracle: &Oracle) -> Option<TenantId> {
        let tenants: Vec<TenantId> =
            oracle.devices.iter().filter(|device| !device.moved.is_empty()).map(Device::holder).collect();
        self.rng.pick(&tenants).copied()
    }
}
