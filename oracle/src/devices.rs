//! Devices: uploaded, moved from an MSP's pool to a customer, deleted (V-2, V-7, V-9). It remembers where each one has
//! been and decides nothing about whom it is shown as.

use std::collections::BTreeSet;

use tenantry::base::ids::{LicenceId, LinkId, MoveId, TenantId, UploadId};
use tenantry::base::text::DeviceId;
use tenantry::base::time::Timestamp;
use tenantry::command::{
    AssignSeats, Command, DeleteDevices, MoveDevices, ReleaseSeats, TypedDevice, UploadDevices,
    WithdrawUpload,
};
use tenantry::model::{Actor, HandshakeState, Party, ResellerStatus, TenantKind};
use tenantry::policy::MoveRule;
use tenantry::query::{DeviceFilter, DeviceRow};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::obstacles::least;
use crate::world::{Addressee, Device, Move, Moved, Oracle, Upload};

/// A device as its holder's list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldRow {
    pub id: String,
    pub others: BTreeSet<String>,
    pub holder: TenantId,
    pub seat: Option<LicenceId>,
    pub moving: Option<MoveId>,
}

impl From<DeviceRow> for HeldRow {
    fn from(row: DeviceRow) -> Self {
        let (id, others) = (row.device.to_string(), named(&row.others));
        Self { id, others, holder: row.holder, seat: row.seat, moving: row.moving }
    }
}

impl HeldRow {
    /// Whether a filter finds what is shown.
    pub fn is_wanted(&self, filter: &DeviceFilter) -> bool {
        filter.text.as_ref().is_none_or(|text| self.id.starts_with(text.as_str()))
            && filter.licence.is_none_or(|licence| self.seat == Some(licence))
            && filter.seated.is_none_or(|seated| seated == self.seat.is_some())
    }
}

/// The most devices that one command takes.
pub const MANY: usize = 10_000;

/// The device that somebody typed, if it is one (V-2).
pub fn parsed(typed: &str) -> Option<String> {
    let hex = |text: &str| {
        let first = text.chars().next();
        text.len() == 14
            && first.is_some_and(|c| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_hexdigit())
    };
    // A MEID is the same in either case; a serial keeps its own.
    let text = match typed.trim() {
        meid if hex(meid) => meid.to_uppercase(),
        other => other.to_owned(),
    };
    let of_a_serial = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if text.len() < 4 || text.len() > 40 || !text.chars().all(of_a_serial) {
        return None;
    }
    if !text.chars().all(|c| c.is_ascii_digit()) {
        return Some(text);
    }
    match text.len() {
        15 => checks(&text).then_some(text),
        // An IMEI without its check digit, or with the version of its software instead.
        14 | 16 => (0..10).map(|digit| format!("{}{digit}", &text[..14])).find(|imei| checks(imei)),
        _ => Some(text),
    }
}

/// Whether the check digit of an IMEI holds: every second digit counts double, and a double of two digits counts as the
/// sum of those (Luhn).
fn checks(imei: &str) -> bool {
    let mut sum = 0;
    for (place, digit) in imei.chars().filter_map(|c| c.to_digit(10)).enumerate() {
        let counted = if place % 2 == 1 { digit * 2 } else { digit };
        sum += counted / 10 + counted % 10;
    }
    sum % 10 == 0
}

/// The device that somebody typed by all its ids, the first of them first and each once; nothing, if one of them is none,
/// or if they are none or more than eight.
fn read(typed: &TypedDevice) -> Option<Vec<String>> {
    if typed.ids().is_empty() || typed.ids().len() > 8 {
        return None;
    }
    let mut ids = Vec::new();
    for id in typed.ids() {
        let id = parsed(id)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Some(ids)
}

/// The ids of a command, as they are remembered.
pub fn named(devices: &BTreeSet<DeviceId>) -> BTreeSet<String> {
    devices.iter().map(|device| device.as_str().to_owned()).collect()
}

/// The same the other way round.
pub fn as_ids(devices: &BTreeSet<String>) -> BTreeSet<DeviceId> {
    devices.iter().map(|device| device.parse().unwrap()).collect()
}

/// Too few or too many devices for one command.
pub fn count_obstacles(count: usize) -> Vec<Code> {
    match count {
        0 => vec![Code::EmptyBatch],
        count if count > MANY => vec![Code::TooManyDevices],
        _ => Vec::new(),
    }
}

impl Oracle {
    /// The device that goes by an id.
    pub fn device(&self, id: &str) -> Option<&Device> {
        self.devices.iter().find(|device| device.goes_by(id))
    }

    /// What the devices are called that ids are of, each once; an id that is of none stands for itself.
    pub fn meant(&self, ids: &BTreeSet<DeviceId>) -> BTreeSet<String> {
        let called = |id: String| self.device(&id).map_or(id.clone(), |device| device.id.clone());
        named(ids).into_iter().map(called).collect()
    }

    /// The same of the ids in a command, if it names any.
    pub fn meant_by(&self, command: &Command) -> Option<BTreeSet<String>> {
        match command {
            Command::MoveDevices(MoveDevices { devices, .. })
            | Command::DeleteDevices(DeleteDevices { devices, .. })
            | Command::WithdrawUpload(WithdrawUpload { devices: Some(devices), .. })
            | Command::AssignSeats(AssignSeats { devices, .. })
            | Command::ReleaseSeats(ReleaseSeats { devices, .. }) => Some(self.meant(devices)),
            _ => None,
        }
    }

    /// What stands in the way of a reseller's uploading a device with these ids: somebody holds it, or they are of several
    /// devices (V-2). That is told of those that it uploaded itself, whatever else is held.
    fn held_obstacle(&self, ids: &[String], reseller: TenantId) -> Option<Code> {
        let of_them = |device: &&Device| ids.iter().any(|id| device.goes_by(id));
        let held: Vec<&Device> = self.devices.iter().filter(of_them).collect();
        let own = held.iter().filter(|device| device.upload.reseller == reseller).count();
        match (held.len(), own) {
            (0, _) => None,
            (_, 2..) => Some(Code::DeviceIdsConflict),
            _ => Some(Code::DeviceHeld),
        }
    }

    /// The move that awaits its answer and has the device, by what it is called.
    fn moving(&self, id: &str) -> Option<MoveId> {
        let has = |one: &&Move| one.state == HandshakeState::Pending && one.devices.contains(id);
        self.moves.iter().find(has).map(|one| one.id)
    }

    pub fn is_moving(&self, id: &str) -> bool {
        self.moving(id).is_some()
    }

    /// A device as it is held, whoever may be told of that.
    pub fn held_row(&self, device: &Device) -> HeldRow {
        HeldRow {
            id: device.id.clone(),
            others: device.others.clone(),
            holder: device.holder(),
            seat: device.seat,
            moving: self.moving(&device.id),
        }
    }

    /// A row as far as somebody is told of the licence and the move: only of what is there for them (T-9).
    pub fn shown_row(&self, who: Who, row: HeldRow, at: Timestamp) -> HeldRow {
        let seat =
            |id: &LicenceId| self.licence(*id).is_some_and(|one| self.is_told_of_licence(who, one, at));
        let moving =
            |id: &MoveId| self.pending_move(*id).is_some_and(|one| self.is_told_of_link(who, one.link, at));
        HeldRow { seat: row.seat.filter(seat), moving: row.moving.filter(moving), ..row }
    }

    /// What a tenant holds.
    pub fn devices_of(&self, viewer: &Actor, tenant: TenantId, at: Timestamp) -> Result<Vec<HeldRow>, Code> {
        let who = self.viewer(viewer, "devices.view", tenant, at)?;
        let held = self.devices.iter().filter(|device| device.holder() == tenant);
        Ok(held.map(|device| self.shown_row(who, self.held_row(device), at)).collect())
    }

    /// The device that goes by an id, for those who may see what its holder has.
    pub fn find_device(&self, viewer: &Actor, id: &str, at: Timestamp) -> Result<Option<HeldRow>, Code> {
        let who = self.actor(viewer, Disabled::Bars)?;
        let shown = |device: &&Device| self.viewer(viewer, "devices.view", device.holder(), at).is_ok();
        Ok(self.device(id).filter(shown).map(|device| self.shown_row(who, self.held_row(device), at)))
    }

    /// What stands in the way of doing something with a device that the tenant should hold.
    pub fn device_obstacles(&self, id: &str, tenant: TenantId) -> Vec<Code> {
        let Some(device) = self.device(id).filter(|device| device.holder() == tenant) else {
            return vec![Code::DeviceNotInPool];
        };
        let mut obstacles = Vec::new();
        if self.is_moving(id) {
            obstacles.push(Code::DeviceMoving);
        }
        if device.seat.is_some() {
            obstacles.push(Code::DeviceSeated);
        }
        obstacles
    }

    pub fn upload_devices(&mut self, actor: &Actor, c: &UploadDevices, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "devices.manage", c.reseller, at, Disabled::Bars)?;
        let row = self.reseller_customer(c.reseller, c.to);
        if row.is_some() && self.living(c.to).is_none() {
            return Err(Code::UnknownTenant);
        }
        if c.devices.len() > MANY {
            return Err(Code::TooManyDevices);
        }
        let mut obstacles = self.reseller_obstacle(c.reseller);
        obstacles.extend(count_obstacles(c.devices.len()));
        match row {
            None => obstacles.push(Code::NotAdded),
            Some(row) => {
                if row.status == ResellerStatus::Inactive {
                    obstacles.push(Code::ResellerDropped);
                }
                if self.tenant(c.to).unwrap().kind == TenantKind::Reseller {
                    obstacles.push(Code::CannotReceive);
                }
            }
        }
        let id = c.upload.unwrap();
        obstacles.extend(self.id_obstacles(&[id.uuid()]));
        let mut devices: Vec<Vec<String>> = Vec::new();
        for typed in &c.devices {
            let Some(ids) = read(typed) else {
                obstacles.push(Code::InvalidDevice);
                continue;
            };
            if devices.iter().flatten().any(|before| ids.contains(before)) {
                obstacles.push(Code::DuplicateDevice);
            } else {
                obstacles.extend(self.held_obstacle(&ids, c.reseller));
            }
            devices.push(ids);
        }
        least(obstacles)?;
        let count = devices.len() as u64;
        let upload = Upload { id, reseller: c.reseller, to: c.to, at, devices: count };
        for mut ids in devices {
            self.used_devices.extend(ids.iter().cloned());
            let id = ids.remove(0);
            let others = ids.into_iter().collect();
            self.devices.push(Device { id, others, upload: upload.clone(), moved: Vec::new(), seat: None });
        }
        self.uploads.push(upload);
        self.reseller_customer_mut(c.reseller, c.to).status = ResellerStatus::Active;
        Ok(())
    }

    pub fn upload(&self, id: UploadId) -> Option<&Upload> {
        self.uploads.iter().find(|upload| upload.id == id)
    }

    /// Takes back devices of an upload, all or none: those that are named, or all that are left of
    /// it (V-10).
    pub fn withdraw_upload(&mut self, actor: &Actor, c: &WithdrawUpload, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let upload = self.upload(c.upload).ok_or(Code::UnknownUpload)?;
        if matches!(who, Who::User(_)) && !self.sees(who, upload.reseller, at) {
            return Err(Code::UnknownUpload);
        }
        self.right(who, "devices.manage", upload.reseller, at, Disabled::Bars)?;
        // Nothing else is looked at: each time the holder is told (L-3).
        let (holder, reseller) = (Addressee::Tenant(upload.to), upload.reseller);
        least(self.asked_enough(who, &holder, reseller, at).into_iter().collect())?;
        let left = || self.devices.iter().filter(|device| device.upload.id == c.upload);
        let devices = match &c.devices {
            Some(devices) => self.meant(devices),
            None => left().map(|device| device.id.clone()).collect(),
        };
        if let Some(named) = &c.devices {
            least(count_obstacles(named.len()))?;
        }
        let mut obstacles = Vec::new();
        if devices.is_empty() {
            obstacles.push(Code::CannotBeWithdrawn);
        }
        for id in &devices {
            match left().find(|device| device.id == *id) {
                None => obstacles.push(Code::UnknownDevice),
                Some(device) if !device.moved.is_empty() || device.seat.is_some() || self.is_moving(id) => {
                    obstacles.push(Code::CannotBeWithdrawn);
                }
                Some(_) => {}
            }
        }
        least(obstacles)?;
        self.devices.retain(|device| !devices.contains(&device.id));
        self.withdrawn.extend(devices.into_iter().map(|device| (c.upload, device)));
        self.note_asked_by(holder, reseller, at);
        Ok(())
    }

    /// How devices get to a tenant under a link.
    fn move_rule(&self, link: LinkId) -> MoveRule {
        self.rule(self.link(link).unwrap()).moves
    }

    pub fn move_devices(&mut self, actor: &Actor, c: &MoveDevices, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "devices.manage", c.manager, at, Disabled::Bars)?;
        self.right(who, "devices.manage", c.customer, at, Disabled::Bars)?;
        if c.devices.len() > MANY {
            return Err(Code::TooManyDevices);
        }
        let mut obstacles = count_obstacles(c.devices.len());
        if self.tenant(c.customer).unwrap().kind != TenantKind::Customer {
            obstacles.push(Code::CannotReceive);
        }
        let link =
            self.links_above(c.customer, at).iter().find(|l| l.manager == c.manager).map(|link| link.id);
        let rule = link.map(|link| self.move_rule(link));
        match rule {
            None => obstacles.push(Code::OutOfReach),
            Some(MoveRule::Refused) => obstacles.push(Code::MoveRefused),
            Some(_) => {}
        }
        // Whether or not the move needs its id.
        obstacles.extend(self.id_obstacles(&[c.id.unwrap().uuid()]));
        let devices = self.meant(&c.devices);
        for device in &devices {
            obstacles.extend(self.device_obstacles(device, c.manager));
        }
        if rule == Some(MoveRule::Approval) {
            obstacles.extend(self.asked_enough(who, &Addressee::Tenant(c.customer), c.manager, at));
        }
        least(obstacles)?;
        let link = link.unwrap();
        if rule == Some(MoveRule::Approval) {
            self.note_asked(who, Addressee::Tenant(c.customer), c.manager, at);
        }
        if rule == Some(MoveRule::AtOnce) {
            self.put_devices(&devices, link, c.customer);
            return Ok(());
        }
        self.moves.push(Move {
            id: c.id.unwrap(),
            link,
            manager: c.manager,
            customer: c.customer,
            devices,
            sender: Self::person(who),
            state: HandshakeState::Pending,
            asked: at,
            expires: at.plus_days(self.policy.move_days),
        });
        Ok(())
    }

    fn put_devices(&mut self, devices: &BTreeSet<String>, link: LinkId, customer: TenantId) {
        for device in self.devices.iter_mut().filter(|device| devices.contains(&device.id)) {
            device.moved.push(Moved { link, to: customer });
        }
    }

    pub fn pending_move(&self, id: MoveId) -> Option<&Move> {
        self.moves.iter().find(|one| one.id == id)
    }

    pub fn set_move(&mut self, id: MoveId, state: HandshakeState) {
        for one in self.moves.iter_mut().filter(|one| one.id == id) {
            one.state = state;
        }
    }

    /// The move, for an actor on the given side of it who may speak for that side.
    pub fn move_for(&self, actor: &Actor, id: MoveId, party: Party, at: Timestamp) -> Result<Move, Code> {
        // A home that is not enabled does not bar its super admins from what awaits them.
        let disabled = match party {
            Party::Customer => Disabled::SparesSuperAdmins,
            Party::Manager => Disabled::Bars,
        };
        let who = self.actor(actor, disabled)?;
        let one = self.pending_move(id).ok_or(Code::UnknownMove)?.clone();
        let user = match who {
            Who::User(user) => user,
            // To answer is to speak for the customer; to take back is not to speak for anybody else.
            Who::Operator { ticket: false } if party == Party::Customer => return Err(Code::TicketRequired),
            Who::Operator { .. } => return Ok(one),
        };
        // It is there for those for whom its link is (T-9).
        let link = self.link(one.link).unwrap();
        match self.side_of_link(user, link, at) {
            None => return Err(Code::UnknownMove),
            Some(side) if side != party => return Err(Code::WrongActor),
            Some(Party::Manager) => self.right(who, "devices.manage", one.manager, at, Disabled::Bars)?,
            Some(Party::Customer) => self.right(who, "devices.manage", one.customer, at, disabled)?,
        }
        Ok(one)
    }

    pub fn approve_move(&mut self, actor: &Actor, id: MoveId, at: Timestamp) -> Result<(), Code> {
        let one = self.move_for(actor, id, Party::Customer, at)?;
        let mut obstacles = Vec::new();
        if let Err(code) = move_is_pending(&one) {
            obstacles.push(code);
        } else {
            if self.tenant(one.customer).unwrap().kind != TenantKind::Customer {
                obstacles.push(Code::CannotReceive);
            }
            if self.move_rule(one.link) == MoveRule::Refused {
                obstacles.push(Code::MoveRefused);
            }
        }
        least(obstacles)?;
        self.set_move(id, HandshakeState::Accepted);
        self.put_devices(&one.devices, one.link, one.customer);
        Ok(())
    }

    pub fn decline_move(&mut self, actor: &Actor, id: MoveId, at: Timestamp) -> Result<(), Code> {
        move_is_pending(&self.move_for(actor, id, Party::Customer, at)?)?;
        self.set_move(id, HandshakeState::Declined);
        Ok(())
    }

    pub fn cancel_move(&mut self, actor: &Actor, id: MoveId, at: Timestamp) -> Result<(), Code> {
        move_is_pending(&self.move_for(actor, id, Party::Manager, at)?)?;
        self.set_move(id, HandshakeState::Canceled);
        Ok(())
    }

    pub fn resend_move(&mut self, actor: &Actor, id: MoveId, at: Timestamp) -> Result<(), Code> {
        let one = self.move_for(actor, id, Party::Manager, at)?;
        let who = self.actor(actor, Disabled::Bars)?;
        let mut obstacles: Vec<Code> = move_is_pending(&one).err().into_iter().collect();
        if let Who::User(_) = who {
            // It rests on them from now on.
            obstacles.extend(self.right(who, "devices.manage", one.customer, at, Disabled::Bars).err());
        }
        obstacles.extend(self.asked_enough(who, &Addressee::Tenant(one.customer), one.manager, at));
        least(obstacles)?;
        self.note_asked(who, Addressee::Tenant(one.customer), one.manager, at);
        if let Who::User(_) = who {
            for one in self.moves.iter_mut().filter(|one| one.id == id) {
                one.sender = Self::person(who);
            }
        }
        Ok(())
    }

    pub fn delete_devices(&mut self, actor: &Actor, c: &DeleteDevices, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "devices.manage", c.tenant, at, Disabled::Bars)?;
        if c.devices.len() > MANY {
            return Err(Code::TooManyDevices);
        }
        let mut obstacles = count_obstacles(c.devices.len());
        let devices = self.meant(&c.devices);
        for device in &devices {
            obstacles.extend(self.device_obstacles(device, c.tenant));
        }
        least(obstacles)?;
        self.devices.retain(|device| !devices.contains(&device.id));
        Ok(())
    }
}

fn move_is_pending(one: &Move) -> Result<(), Code> {
    match one.state {
        HandshakeState::Pending => Ok(()),
        HandshakeState::Expired => Err(Code::MoveLapsed),
        _ => Err(Code::MoveNotPending),
    }
}
