//! The rules by example, section by section: given a small world, when somebody asks, then this. A test names the rules
//! it is about in its first line, and `core/RULES.md` names the test.
//!
//! `TENANTRY_TEST_STORE=sqlite` runs the same examples on SQLite files.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod access;
mod addresses;
mod alerts;
mod audit;
mod cost;
mod csv;
mod delink;
mod devices;
mod effects;
mod eligible;
mod engine;
mod external;
mod faults;
mod gain;
mod handshakes;
mod hidden;
mod ids;
mod integrations;
mod licences;
mod links;
mod lists;
mod managers;
mod notices;
mod order;
mod own;
mod past;
mod permissions;
mod policies;
mod proposals;
mod resellers;
mod rights;
#[expect(dead_code, reason = "queries have their samples there as well")]
#[path = "../wire/samples.rs"]
mod samples;
mod search;
mod sessions;
mod stock;
mod sync;
mod temporary;
mod tenants;
mod terms;
mod told;
mod users;

use tenantry::base::ids::{InvitationId, LinkId, LinkRequestId, TenantId, UserId};
use tenantry::command::*;
use tenantry::model::TenantKind;
use tenantry::query::*;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::store::{Store, StoreError};
use tenantry::testkit::given::*;
use tenantry::testkit::inside::{Port, Reading, Writing};
use uuid::Uuid;

/// The known world, in memory or where the environment says.
fn given() -> Given {
    match std::env::var("TENANTRY_TEST_STORE").as_deref() {
        Ok("sqlite") => given_on(TempFile::new()),
        _ => tenantry::testkit::given::given(),
    }
}

/// An SQLite store in a directory that goes with it.
struct TempFile {
    store: SqliteStore,
    _place: tempfile::TempDir,
}

impl TempFile {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let options = FileOptions::default().synchronous(Synchronous::Normal);
        Self { store: SqliteStore::open(place.path().join("store"), options).unwrap(), _place: place }
    }
}

impl Port for TempFile {
    fn epoch(&self) -> Uuid {
        self.store.epoch()
    }

    fn read(&self) -> Result<Box<dyn Reading + '_>, StoreError> {
        self.store.read()
    }

    fn write(&self) -> Result<Box<dyn Writing + '_>, StoreError> {
        self.store.write()
    }
}

// What the examples bring into the world.
const NEW: TenantId = TenantId::from_uuid(Uuid::from_u128(0x1a0));
const NEW_LINK: LinkId = LinkId::from_uuid(Uuid::from_u128(0x2a0));
const ASKED: LinkRequestId = LinkRequestId::from_uuid(Uuid::from_u128(0x5a0));
const ASKED_LINK: LinkId = LinkId::from_uuid(Uuid::from_u128(0x5a0));
const ASKED_AGAIN: LinkRequestId = LinkRequestId::from_uuid(Uuid::from_u128(0x5a1));
const EVE: UserId = UserId::from_uuid(Uuid::from_u128(0x3a0));
const OLGA: UserId = UserId::from_uuid(Uuid::from_u128(0x3a1));
const EVE_INVITATION: InvitationId = InvitationId::from_uuid(Uuid::from_u128(0x4a0));
const OLGA_INVITATION: InvitationId = InvitationId::from_uuid(Uuid::from_u128(0x4a1));

/// A new customer `NEW` with the link `NEW_LINK`; a delinkable one comes with its owner `OLGA`.
fn customer(manager: TenantId, how: &str) -> AddCustomer {
    AddCustomer {
        tenant: Some(NEW),
        link: Some(NEW_LINK),
        owner: (how != "fully").then(|| invitee(OLGA, OLGA_INVITATION, "olga")),
        ..AddCustomer::new(manager, TenantKind::Customer, text("New"), text(how), set(&["manage"]))
    }
}

/// A request `ASKED` to link a tenant for `manage`.
fn ask(manager: TenantId, number: &str, how: &str) -> RequestLink {
    RequestLink {
        request: Some(ASKED),
        ..RequestLink::new(manager, text(number), text(how), set(&["manage"]))
    }
}

/// A user, brought in at a tenant.
fn user(user: UserId, home: TenantId, name: &str, role: &str) -> RegisterUser {
    RegisterUser { user: Some(user), ..RegisterUser::new(home, mail(name), text(role)) }
}

/// An invitation `EVE_INVITATION` of `EVE`.
fn invite(tenant: TenantId, role: &str) -> InviteUser {
    InviteUser::new(tenant, invitee(EVE, EVE_INVITATION, "eve"), text(role))
}

/// One role for one user on one tenant.
fn assign(user: UserId, tenant: TenantId, role: &str) -> Assign {
    Assign::new(vec![place(user, tenant, role)])
}

fn place(user: UserId, tenant: TenantId, role: &str) -> NewAssignment {
    NewAssignment { user, tenant, role: text(role), below: None }
}

fn delete(tenants: &[TenantId]) -> DeleteTenants {
    DeleteTenants::new(tenants.to_vec(), "delete".to_owned())
}

fn disable(tenant: TenantId) -> DisableTenants {
    DisableTenants::new(vec![tenant])
}

fn enable(tenant: TenantId) -> EnableTenants {
    EnableTenants::new(vec![tenant])
}

fn prefix(tenant: TenantId, prefix: &str) -> EditTenant {
    EditTenant { prefix: tenantry::model::Patch::Set(text(prefix)), ..EditTenant::new(tenant) }
}

fn rename(tenant: TenantId) -> EditTenant {
    EditTenant { name: Some(text("Renamed")), ..EditTenant::new(tenant) }
}

/// Ends the link of `JOINTLY` by its two parties.
fn delinked(given: Given) -> Given {
    given.and(ADA, RequestDelink::new(JOINTLY_LINK)).and(JULIA, AcceptDelink::new(JOINTLY_LINK))
}
