//! What the examples about resellers and devices share: a second reseller, uploads, moves, and a reseller's rows as text.

use tenantry::base::ids::{MoveId, UploadId};
use tenantry::base::text::DeviceId;
use tenantry::policy::{MoveRule, Policy};
use tenantry::query::{Paging, ResellerCustomerRow, ResellerFilter};
use tenantry::testkit::inside::{Device, Holding, world};

use super::*;

/// Another reseller, with its super admin.
pub(super) const RETAIL: TenantId = TenantId::from_uuid(Uuid::from_u128(0x1b0));
pub(super) const RON: UserId = UserId::from_uuid(Uuid::from_u128(0x3b0));
pub(super) const MOVE: MoveId = MoveId::from_uuid(Uuid::from_u128(0x7a0));

/// The world in which `RESELLER` has added every customer and MSP, `RETAIL` the customers `JOINTLY` and `ALONE` and the `MSP`,
/// and jointly managed customers take devices as this says.
pub(super) fn trade(moves: MoveRule) -> Given {
    let retail = RegisterTenant {
        tenant: Some(RETAIL),
        number: Some(text("RETAIL")),
        ..RegisterTenant::new(TenantKind::Reseller, text("Retail"))
    };
    let mut given = given_under(|policy| policy.management_types[1].moves = moves)
        .and(STAFF, retail)
        .and(STAFF, user(RON, RETAIL, "ron", "super_admin"));
    for number in ["GRAND", "MSP", "SECOND", "JOINTLY", "FULLY", "ALONE", "EMPTY"] {
        given = given.and(ROB, AddResellerCustomer::new(RESELLER, text(number)));
    }
    for number in ["JOINTLY", "ALONE", "MSP"] {
        given = given.and(RON, AddResellerCustomer::new(RETAIL, text(number)));
    }
    given
}

/// Whoever only reads lists the customers as well.
pub(super) fn readers_list_customers(policy: &mut Policy) {
    policy.roles[2].permissions.insert(text("customers.list"));
}

pub(super) fn upload_id(number: u128) -> UploadId {
    UploadId::from_uuid(Uuid::from_u128(0x8000 + number))
}

/// `RESELLER` uploads these, under an id of this number.
pub(super) fn upload(number: u128, to: TenantId, devices: &[&str]) -> UploadDevices {
    let devices = devices.iter().map(|&device| device.into()).collect();
    UploadDevices { upload: Some(upload_id(number)), ..UploadDevices::new(RESELLER, to, devices) }
}

/// The same of devices of which each has these ids.
pub(super) fn upload_of(number: u128, to: TenantId, devices: &[&[&str]]) -> UploadDevices {
    let typed = |ids: &&[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>().into();
    let devices = devices.iter().map(typed).collect();
    UploadDevices { upload: Some(upload_id(number)), ..UploadDevices::new(RESELLER, to, devices) }
}

/// The `MSP` moves these.
pub(super) fn hand(customer: TenantId, devices: &[&str]) -> MoveDevices {
    MoveDevices { id: Some(MOVE), ..MoveDevices::new(MSP, customer, set(devices)) }
}

/// Adds the check digit to the 14 digits of an IMEI.
pub(super) fn imei(body: u64) -> String {
    let body = format!("{:014}", body % 100_000_000_000_000);
    let sum: u32 = body
        .bytes()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// A device, by any of its ids.
pub(super) fn device(given: &Given, id: &str) -> Option<Device> {
    let id: DeviceId = text(id);
    let read = given.engine.read().unwrap();
    let found = world(&read.now().unwrap()).view.device(Device::key(&id)).unwrap();
    found.map(|device| (*device).clone())
}

pub(super) fn holder(given: &Given, id: &str) -> TenantId {
    device(given, id).unwrap().holder
}

/// What a device counts towards.
pub(super) fn holding(given: &Given, id: &str) -> Holding {
    (*given.get::<Holding>(device(given, id).unwrap().holding.uuid())).clone()
}

/// A reseller's whole list by company.
pub(super) fn list(
    given: &Given,
    who: UserId,
    reseller: TenantId,
    query: &ResellerFilter,
) -> Vec<ResellerCustomerRow> {
    let paging = Paging { limit: 1_000, ..Paging::default() };
    let read = given.engine.read().unwrap();
    read.now()
        .unwrap()
        .ask(ResellerCustomers { actor: who.into(), reseller, filter: query.clone(), paging: paging.clone() })
        .unwrap()
        .rows
}

/// The rows of `RESELLER` as `company|number|uploads|devices|status`.
pub(super) fn rows(given: &Given) -> Vec<String> {
    shown(list(given, ROB, RESELLER, &ResellerFilter::default()))
}

/// The same with what was added and not used.
pub(super) fn all_rows(given: &Given) -> Vec<String> {
    shown(list(given, ROB, RESELLER, &ResellerFilter { unused: true, ..ResellerFilter::default() }))
}

pub(super) fn shown(rows: Vec<ResellerCustomerRow>) -> Vec<String> {
    rows.into_iter()
        .map(|row| format!("{}|{}|{}|{}|{}", row.company, row.number, row.uploads, row.devices, row.status))
        .collect()
}

/// Ends the link of `JOINTLY` on a ticket, whatever its people say.
pub(super) fn parted(given: Given, link: LinkId) -> Given {
    use tenantry::model::Party::{Customer, Manager};
    given
        .and(staff_for("T-1"), RequestDelink { party: Some(Manager), ..RequestDelink::new(link) })
        .and(staff_for("T-1"), AcceptDelink { party: Some(Customer), ..AcceptDelink::new(link) })
}

/// Links a tenant that exists, for these services.
pub(super) fn linked(
    given: Given,
    id: u128,
    manager: TenantId,
    number: &str,
    how: &str,
    services: &[&str],
) -> Given {
    let request = LinkRequestId::from_uuid(Uuid::from_u128(id));
    let ask = RequestLink {
        request: Some(request),
        ..RequestLink::new(manager, text(number), text(how), set(services))
    };
    given.and(STAFF, ask).and(staff_for("T-1"), AcceptLink::new(request))
}

pub(super) fn link_id(id: u128) -> LinkId {
    LinkId::from_uuid(Uuid::from_u128(id))
}

/// A small generator of the same numbers every time.
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Goes on, whether the command was done or refused.
pub(super) trait Either {
    fn then_either(self) -> Given;
}

impl Either for When {
    fn then_either(self) -> Given {
        let expected = match &self.answer {
            Ok(_) => done(),
            Err(error) => refused(error.code().unwrap()),
        };
        self.then(expected)
    }
}
