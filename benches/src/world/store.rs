//! Writes a world into a store, fast: the events that would have made it, applied by tenantry itself and committed in
//! batches through the store's port. Only the judging of each command is left out.

use std::collections::{BTreeMap, BTreeSet};

use tenantry::base::ids::RequestId;
use tenantry::base::text::Email;
use tenantry::event::Event;
use tenantry::journal::{Hash, Record};
use tenantry::model::{Actor, EndCause, Hold, Party, Personal, Subject};
use tenantry::store::Store;
use tenantry::testkit::inside::{
    Head, Memory, NewRecord, Overlay, RULES, Remembered, StoredRecord, Write, about, apply,
};

use super::World;
use super::view::management;

/// How many records are one commit.
const COMMIT: usize = 2_000;

/// Whatever went wrong.
pub type Trouble = Box<dyn std::error::Error>;

/// Writes it into a store without records.
pub fn write(world: &World, store: &impl Store) -> Result<(), Trouble> {
    let mut chain = Chain::begin(world, store)?;
    for &msp in &world.msps {
        chain.append("register_tenant", Some(msp), world.msp_events(msp))?;
        for customer in world.customers_of(msp) {
            chain.append("add_customer", Some(customer), world.customer_events(customer))?;
        }
    }
    chain.commit()
}

/// Writes a world of one MSP, and a reseller that has uploaded devices to all its customers.
pub fn write_list(world: &World, store: &impl Store) -> Result<(), Trouble> {
    let mut chain = Chain::begin(world, store)?;
    chain.append("register_tenant", Some(0), world.msp_events(0))?;
    chain.append("register_tenant", None, vec![world.reseller_event()])?;
    for customer in world.customers_of(0) {
        let mut events = world.customer_events(customer);
        events.extend(world.upload_events(customer));
        chain.append("add_customer", Some(customer), events)?;
    }
    chain.commit()
}

struct Chain<'a, S> {
    world: &'a World,
    store: &'a S,
    head: Head,
    records: Vec<NewRecord>,
}

impl<'a, S: Store> Chain<'a, S> {
    fn begin(world: &'a World, store: &'a S) -> Result<Self, Trouble> {
        let head = store.read()?.head()?;
        let mut chain = Self { world, store, head, records: Vec::new() };
        let policy = Event::PolicySet { policy: Box::new((*world.policy).clone()) };
        chain.append("set_policy", None, vec![policy])?;
        Ok(chain)
    }

    /// A record whose events are about nothing that was there before but ids.
    fn append(&mut self, command: &str, tenant: Option<u32>, events: Vec<Event>) -> Result<(), Trouble> {
        let at = self.world.written();
        let nothing = Memory::new();
        let mut overlay = Overlay::over(&nothing);
        let mut subjects = BTreeSet::new();
        let mut changes: BTreeMap<_, Write> = BTreeMap::new();
        for event in &events {
            about(&overlay, event, &mut subjects)?;
            for change in apply(&overlay, event, at)? {
                changes.insert(change.target(), change.clone());
                overlay.change(change);
            }
        }
        // Everybody is known by an address, as those are whom commands bring in.
        let people: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::UserRegistered { user, .. } => Some(*user),
                _ => None,
            })
            .map(|user| {
                let email = Email::parse(&format!("{}@people.example", user.uuid().simple()))?;
                let known = Personal { email: Some(email), ..Personal::default() };
                Ok((Subject::User(user), Some(Remembered::salted(user.uuid(), known))))
            })
            .collect::<Result<_, Trouble>>()?;
        let seq = self.head.seq + 1;
        let request = tenant.map(|tenant| RequestId::from_uuid(self.world.question_id(tenant)));
        let fingerprint = Hash::of(format!("request {seq}"));
        let record = Record {
            seq,
            rules: RULES,
            at,
            actor: Actor::OPERATOR,
            request,
            commitment: request.map(|_| Hash::of(fingerprint.bytes())),
            command: command.to_owned(),
            events,
            personal: NewRecord::commitments(&people),
        };
        let text = record.encode();
        let hash = self.head.hash.chain(&text);
        self.head = Head { seq, hash, at: Some(at) };
        self.records.push(NewRecord {
            at,
            request: request.map(|id| (id, fingerprint)),
            record: StoredRecord { seq, text, hash },
            about: subjects.into_iter().collect(),
            changes: changes.into_values().collect(),
            people,
        });
        if self.records.len() >= COMMIT { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<(), Trouble> {
        let records = std::mem::take(&mut self.records);
        Ok(self.store.write()?.commit(records)?)
    }
}

impl World {
    fn registered(&self, tenant: u32) -> Event {
        let row = self.tenant(tenant);
        Event::TenantRegistered {
            tenant: row.id,
            number: row.number,
            kind: row.kind,
            name: row.name,
            country: row.country,
            website: None,
            prefix: None,
            personal: Default::default(),
        }
    }

    fn people_events(&self, tenant: u32, events: &mut Vec<Event>) {
        for user in self.users_of(tenant) {
            let home = self.home_assignment(user);
            events.push(Event::UserRegistered { user: home.user, home: home.tenant });
            events.push(Event::Assigned {
                user: home.user,
                tenant: home.tenant,
                role: home.role,
                below: home.below,
                masked: home.masked,
            });
            if !self.users[user as usize].active {
                events.push(Event::UserBlocked { user: home.user });
            }
        }
        if !self.tenants[tenant as usize].enabled {
            let tenant = self.tenant_id(tenant);
            events.push(Event::TenantHeld { tenant, hold: Hold::Operator, link: None });
            events.push(Event::TenantDisabled { tenant });
        }
    }

    fn msp_events(&self, msp: u32) -> Vec<Event> {
        let role = self.own_role(msp);
        let mut events = vec![
            self.registered(msp),
            Event::RoleCreated {
                role: role.id,
                tenant: role.tenant,
                name: role.name,
                permissions: role.permissions,
                by: None,
            },
        ];
        self.people_events(msp, &mut events);
        events
    }

    fn customer_events(&self, customer: u32) -> Vec<Event> {
        let row = &self.tenants[customer as usize];
        let mut events = vec![self.registered(customer)];
        if let Some(managed) = row.managed.or(row.delinked) {
            let link = self.link_id(customer);
            events.push(Event::LinkCreated {
                link,
                manager: self.tenant_id(managed.manager),
                managed: self.tenant_id(customer),
                management: management(&managed),
                terms: 0,
                services: self.services_of(&managed).collect(),
                term: None,
            });
            if managed.grants != 0 {
                events.push(Event::ManagerGrantsSet { link, grants: self.grants_of(&managed).collect() });
            }
            if managed.requested {
                events.push(Event::DelinkRequested { link, by: Party::Manager, expires: None, ends: None });
            }
            if row.delinked.is_some() {
                events.push(Event::LinkEnded { link, cause: EndCause::Delinked, kept_off: BTreeSet::new() });
            }
        }
        self.people_events(customer, &mut events);
        if let Some(direct) = self.direct_assignment(customer) {
            events.push(Event::Assigned {
                user: direct.user,
                tenant: direct.tenant,
                role: direct.role,
                below: direct.below,
                masked: direct.masked,
            });
        }
        events
    }
}
