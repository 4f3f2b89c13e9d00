//! Licences and their seats (C-1). It counts the seats that are taken by looking at every device.

use tenantry::base::ids::LicenceId;
use tenantry::base::time::Timestamp;
use tenantry::command::{AssignSeats, BuyLicence, ReleaseSeats};
use tenantry::model::Actor;
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::devices::{MANY, count_obstacles};
use crate::obstacles::least;
use crate::world::{Licence, Oracle};

const MOST_SEATS: u32 = 1_000_000;

impl Oracle {
    pub fn licence(&self, id: LicenceId) -> Option<&Licence> {
        self.licences.iter().find(|licence| licence.id == id)
    }

    pub fn used_seats(&self, id: LicenceId) -> usize {
        self.devices.iter().filter(|device| device.seat == Some(id)).count()
    }

    pub fn buy_licence(&mut self, actor: &Actor, c: &BuyLicence, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "licences.manage", c.buyer, at, Disabled::Bars)?;
        let mut obstacles = self.right_where_offered(who, "licences.manage", c.tenant, &c.service, at)?;
        if c.buyer != c.tenant && !self.manages(c.buyer, c.tenant, at) {
            obstacles.push(Code::OutOfReach);
        }
        if c.seats == 0 || c.seats > MOST_SEATS {
            obstacles.push(Code::InvalidSeats);
        }
        if c.expires.is_some_and(|expires| expires <= at) {
            obstacles.push(Code::InvalidExpiry);
        }
        let id = c.licence.unwrap();
        obstacles.extend(self.id_obstacles(&[id.uuid()]));
        least(obstacles)?;
        self.licences.push(Licence {
            id,
            service: c.service.clone(),
            seats: c.seats,
            tenant: c.tenant,
            buyer: c.buyer,
            expires: c.expires,
        });
        Ok(())
    }

    /// Whether a licence is there for somebody: they see the tenant that it serves, and are of it or are told who bought it
    /// (T-9).
    pub fn is_told_of_licence(&self, who: Who, licence: &Licence, at: Timestamp) -> bool {
        let Who::User(_) = who else { return true };
        self.sees(who, licence.tenant, at)
            && (self.is_at_home(who, licence.tenant)
                || licence.buyer == licence.tenant
                || self.is_told_of_buyer(who, licence.buyer, at))
    }

    /// The licence, for those who manage the licences of the tenant that it serves.
    fn licence_for(&self, who: Who, id: LicenceId, at: Timestamp) -> Result<Licence, Code> {
        let licence = self.licence(id).ok_or(Code::UnknownLicence)?;
        if !self.is_told_of_licence(who, licence, at) {
            return Err(Code::UnknownLicence);
        }
        self.right_for(who, "licences.manage", licence.tenant, &licence.service, at)?;
        Ok(licence.clone())
    }

    pub fn assign_seats(&mut self, actor: &Actor, c: &AssignSeats, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let licence = self.licence_for(who, c.licence, at)?;
        if c.devices.len() > MANY {
            return Err(Code::TooManyDevices);
        }
        let mut obstacles = count_obstacles(c.devices.len());
        if licence.expires.is_some_and(|expires| expires <= at) {
            obstacles.push(Code::LicenceExpired);
        }
        let devices = self.meant(&c.devices);
        if self.used_seats(c.licence) + devices.len() > licence.seats as usize {
            obstacles.push(Code::TooFewSeats);
        }
        for device in &devices {
            obstacles.extend(self.device_obstacles(device, licence.tenant));
        }
        least(obstacles)?;
        for device in self.devices.iter_mut().filter(|device| devices.contains(&device.id)) {
            device.seat = Some(c.licence);
        }
        Ok(())
    }

    pub fn release_seats(&mut self, actor: &Actor, c: &ReleaseSeats, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.licence_for(who, c.licence, at)?;
        if c.devices.len() > MANY {
            return Err(Code::TooManyDevices);
        }
        let mut obstacles = count_obstacles(c.devices.len());
        let devices = self.meant(&c.devices);
        for id in &devices {
            if self.device(id).is_none_or(|device| device.seat != Some(c.licence)) {
                obstacles.push(Code::DeviceNotSeated);
            }
        }
        least(obstacles)?;
        for device in self.devices.iter_mut().filter(|device| devices.contains(&device.id)) {
            device.seat = None;
        }
        Ok(())
    }
}
