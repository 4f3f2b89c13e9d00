//! A reseller and what it uploaded, for the long lists.

use std::collections::BTreeMap;

use tenantry::base::ids::{TenantId, UploadId};
use tenantry::base::text::DeviceId;
use tenantry::event::Event;
use tenantry::model::TenantKind;

use super::{Of, World};

impl World {
    /// The reseller of a world that is written with one.
    pub fn reseller(&self) -> TenantId {
        TenantId::from_uuid(self.id(Of::Reseller, 0))
    }

    /// How many devices a customer has.
    pub const fn devices(&self, customer: u32) -> u32 {
        customer % 4
    }

    pub(super) fn reseller_event(&self) -> Event {
        Event::TenantRegistered {
            tenant: self.reseller(),
            number: "RESELLER".parse().expect("a number"),
            kind: TenantKind::Reseller,
            name: "Retail & Sons".parse().expect("a name"),
            country: None,
            website: None,
            prefix: None,
            personal: Default::default(),
        }
    }

    pub(super) fn upload_events(&self, customer: u32) -> Vec<Event> {
        let (reseller, tenant) = (self.reseller(), self.tenant_id(customer));
        let mut events = vec![Event::ResellerCustomerAdded { reseller, tenant, reference: None }];
        let serial =
            |device| DeviceId::parse(&format!("S-{customer:08X}-{device}")).expect("a serial number");
        if self.devices(customer) > 0 {
            events.push(Event::DevicesUploaded {
                upload: UploadId::from_uuid(self.id(Of::Upload, customer)),
                reseller,
                to: tenant,
                devices: (0..self.devices(customer)).map(serial).collect(),
                others: BTreeMap::new(),
            });
        }
        events
    }
}
