//! The rival: what a good engineer would write by hand for the same job. Typed tables with ids as keys, an index for each order
//! of the lists that grow long (a tenant's few users are sorted when they are asked for), an audit with an index by tenant, and
//! request ids with a hash, so that asking again does nothing twice. It judges nothing, knows no past and chains no hashes.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result, Statement, params};
use tenantry::base::ids::{LinkId, RequestId, TenantId, UserId};
use tenantry::base::text::Service;
use tenantry::command::{Command, Request};
use tenantry::journal::Hash;
use tenantry::model::{Actor, Assignment, Link, RoleRef, Stage, Tenant, User, UserState};
use tenantry::query::{CustomerRow, ResellerCustomerRow};
use uuid::Uuid;

use crate::world::World;

/// A link has what its manager's list shows, so that a page of it reads one table in the order of one index; whoever renames a
/// tenant renames it there, too. Likewise a reseller's row.
const TABLES: &str = "
CREATE TABLE tenant(
  id BLOB PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL, country TEXT, website TEXT,
  operation TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID, STRICT;

CREATE TABLE link(
  id BLOB PRIMARY KEY, manager BLOB NOT NULL, managed BLOB NOT NULL, name TEXT NOT NULL COLLATE NOCASE, number TEXT NOT NULL,
  services TEXT NOT NULL, management TEXT NOT NULL, stage TEXT NOT NULL, operation TEXT NOT NULL, devices INTEGER NOT NULL,
  since INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE INDEX link_managed ON link(managed);
CREATE INDEX link_name ON link(manager, name) WHERE stage <> 'delinked';
CREATE INDEX link_number ON link(manager, number) WHERE stage <> 'delinked';
CREATE INDEX link_services ON link(manager, services) WHERE stage <> 'delinked';
CREATE INDEX link_management ON link(manager, management, name) WHERE stage <> 'delinked';
CREATE INDEX link_devices ON link(manager, devices) WHERE stage <> 'delinked';
CREATE INDEX link_stage ON link(manager, stage, name);

CREATE TABLE user(
  id BLOB PRIMARY KEY, home BLOB NOT NULL, email TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT, state TEXT NOT NULL,
  since INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE INDEX user_home ON user(home);

CREATE TABLE assignment(
  user BLOB, tenant BLOB, role TEXT NOT NULL, below INTEGER NOT NULL, PRIMARY KEY(user, tenant)) WITHOUT ROWID, STRICT;
CREATE INDEX assignment_tenant ON assignment(tenant);

CREATE TABLE resold(
  reseller BLOB, tenant BLOB, company TEXT NOT NULL COLLATE NOCASE, number TEXT NOT NULL, country TEXT, uploaded TEXT,
  uploads INTEGER NOT NULL, devices INTEGER NOT NULL, status TEXT NOT NULL, PRIMARY KEY(reseller, tenant)) WITHOUT ROWID, STRICT;
CREATE INDEX resold_company ON resold(reseller, company);
CREATE INDEX resold_number ON resold(reseller, number);
CREATE INDEX resold_country ON resold(reseller, country);
CREATE INDEX resold_uploaded ON resold(reseller, uploaded);
CREATE INDEX resold_uploads ON resold(reseller, uploads);
CREATE INDEX resold_devices ON resold(reseller, devices);
CREATE INDEX resold_status ON resold(reseller, status, company);

CREATE TABLE audit(
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor BLOB, command TEXT NOT NULL, tenant BLOB NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX audit_tenant ON audit(tenant);
CREATE TABLE request(id BLOB PRIMARY KEY, hash BLOB NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID, STRICT;
";

/// Its database.
pub struct Rival(Connection);

impl Rival {
    /// In a new file, with a write-ahead log, each commit durable.
    pub fn create(path: &Path) -> Result<Self> {
        let db = Connection::open(path)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; \
             PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216;",
        )?;
        db.execute_batch(TABLES)?;
        Ok(Self(db))
    }

    /// Its statements, prepared.
    pub fn writer(&self) -> Result<Writer<'_>> {
        let prepare = |sql| self.0.prepare(sql);
        Ok(Writer {
            db: &self.0,
            request: prepare("INSERT INTO request VALUES (?, ?, ?)")?,
            audit: prepare("INSERT INTO audit VALUES (NULL, ?, ?, ?, ?, ?)")?,
            tenant: prepare("INSERT INTO tenant VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?,
            link: prepare("INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?,
            user: prepare("INSERT INTO user VALUES (?, ?, ?, ?, ?, ?)")?,
            assignment: prepare("INSERT INTO assignment VALUES (?, ?, ?, ?)")?,
            resold: prepare("INSERT INTO resold VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?,
        })
    }

    /// The addresses of those who are at home somewhere.
    pub fn emails(&self, home: TenantId) -> Result<Vec<String>> {
        let mut select = self.0.prepare_cached("SELECT email FROM user WHERE home = ? ORDER BY email")?;
        select.query_map([home.uuid().as_bytes()], |row| row.get(0))?.collect()
    }

    /// Counts what there is, so that orders are chosen by that.
    pub fn analyze(&self) -> Result<()> {
        self.0.execute_batch("ANALYZE")
    }

    /// The connection.
    pub(super) const fn db(&self) -> &Connection {
        &self.0
    }
}

/// The statements by which it writes.
pub struct Writer<'d> {
    db: &'d Connection,
    request: Statement<'d>,
    audit: Statement<'d>,
    tenant: Statement<'d>,
    link: Statement<'d>,
    user: Statement<'d>,
    assignment: Statement<'d>,
    resold: Statement<'d>,
}

/// A new tenant's row.
struct NewTenant<'a> {
    id: TenantId,
    number: &'a str,
    kind: &'a str,
    name: &'a str,
    country: Option<&'a str>,
    website: Option<&'a str>,
    operation: &'a str,
    since: i64,
}

/// A new link's row; the managed tenant's name, number and operation are in it.
struct NewLink<'a> {
    id: LinkId,
    manager: TenantId,
    managed: TenantId,
    name: &'a str,
    number: &'a str,
    services: String,
    management: &'a str,
    stage: Stage,
    operation: &'a str,
    devices: u64,
    since: i64,
}

impl Writer<'_> {
    /// Executes commands in one transaction. It knows those that the figures give.
    ///
    /// # Panics
    /// For any other command.
    pub fn execute(&mut self, requests: &[Request]) -> Result<()> {
        self.together(|writer| requests.iter().try_for_each(|request| writer.command(request)))
    }

    /// Writes a world, as the commands that would have led to it.
    pub fn fill(&mut self, world: &World) -> Result<()> {
        self.together(|writer| {
            for row in 0..world.tenants.len() as u32 {
                let (tenant, link) = (world.tenant(row), world.link(row));
                writer.tenant(&of_tenant(&tenant))?;
                if let Some(link) = &link {
                    writer.link(&of_link(link, &tenant))?;
                }
                for user in world.users_of(row) {
                    let user = world.user(user);
                    writer.user(&user, &format!("{}@people.example", user.id.uuid().simple()), None)?;
                }
                let home = world.users_of(row).map(|user| world.home_assignment(user));
                for assignment in home.chain(world.direct_assignment(row)) {
                    writer.assignment(&assignment)?;
                }
                let (request, asked) = (world.question_id(row), format!("\"{}\"", tenant.name));
                writer.audit(
                    request,
                    Actor::OPERATOR,
                    "add_customer",
                    tenant.id,
                    &asked,
                    &[tenant.id.uuid()],
                )?;
            }
            Ok(())
        })
    }

    /// Writes what a manager's list shows.
    pub fn fill_customers(&mut self, manager: TenantId, rows: &[CustomerRow]) -> Result<()> {
        self.together(|writer| {
            rows.iter().try_for_each(|row| {
                writer.link(&NewLink {
                    id: row.link,
                    manager,
                    managed: row.tenant,
                    name: row.name.as_str(),
                    number: row.number.as_str(),
                    services: joined(&row.services),
                    management: row.management.as_str(),
                    stage: row.stage,
                    operation: row.operation.name(),
                    devices: row.devices,
                    since: 0,
                })
            })
        })
    }

    /// Writes what a reseller's list shows.
    pub fn fill_resold(&mut self, reseller: TenantId, rows: &[ResellerCustomerRow]) -> Result<()> {
        self.together(|writer| {
            for row in rows {
                writer.resold.execute(params![
                    reseller.uuid().as_bytes(),
                    row.tenant.uuid().as_bytes(),
                    row.company,
                    row.number.as_str(),
                    row.country.as_ref().map(|country| country.as_str()),
                    row.last_uploaded.map(|at| at.to_string()),
                    row.uploads as i64,
                    row.devices as i64,
                    row.status.name(),
                ])?;
            }
            Ok(())
        })
    }

    fn together(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        write(self)?;
        self.db.prepare_cached("COMMIT")?.execute([]).map(drop)
    }

    fn command(&mut self, request: &Request) -> Result<()> {
        let asked = serde_json::to_string(&(&request.actor, &request.command)).expect("commands are JSON");
        let name = request.command.name();
        let since = now();
        let (about, made) = match &request.command {
            Command::AddCustomer(it) => {
                let id = it.tenant.unwrap_or_else(|| TenantId::from_uuid(Uuid::now_v7()));
                let link = it.link.unwrap_or_else(|| LinkId::from_uuid(Uuid::now_v7()));
                let number = it.number.as_ref().map_or_else(|| made_up(id), |number| number.to_string());
                self.tenant(&NewTenant {
                    id,
                    number: &number,
                    kind: it.kind.name(),
                    name: it.name.as_str(),
                    country: it.country.as_ref().map(|country| country.as_str()),
                    website: it.website.as_ref().map(|website| website.as_str()),
                    operation: "enabled",
                    since,
                })?;
                self.link(&NewLink {
                    id: link,
                    manager: it.manager,
                    managed: id,
                    name: it.name.as_str(),
                    number: &number,
                    services: joined(&it.services),
                    management: it.management.as_str(),
                    stage: Stage::Active,
                    operation: "enabled",
                    devices: 0,
                    since,
                })?;
                (id, vec![id.uuid(), link.uuid()])
            }
            Command::RegisterUser(it) => {
                let id = it.user.unwrap_or_else(|| UserId::from_uuid(Uuid::now_v7()));
                let name = it.name.as_ref().map(|name| name.as_str());
                self.user_row(id, it.home, UserState::Active, it.email.as_str(), name, since)?;
                self.assignment_row(id, it.home, &it.role, it.below.unwrap_or(false))?;
                (it.home, vec![id.uuid()])
            }
            _ => panic!("the rival does not know `{name}`"),
        };
        self.audit(request.id.uuid(), request.actor.clone(), name, about, &asked, &made)
    }

    fn tenant(&mut self, it: &NewTenant<'_>) -> Result<()> {
        let NewTenant { id, number, kind, name, country, website, operation, since } = it;
        let id = id.uuid();
        self.tenant
            .execute(params![id.as_bytes(), number, kind, name, country, website, operation, since])
            .map(drop)
    }

    fn link(&mut self, it: &NewLink<'_>) -> Result<()> {
        self.link
            .execute(params![
                it.id.uuid().as_bytes(),
                it.manager.uuid().as_bytes(),
                it.managed.uuid().as_bytes(),
                it.name,
                it.number,
                it.services,
                it.management,
                it.stage.name(),
                it.operation,
                it.devices as i64,
                it.since,
            ])
            .map(drop)
    }

    fn user(&mut self, user: &User, email: &str, name: Option<&str>) -> Result<()> {
        self.user_row(user.id, user.home, user.state, email, name, user.since.micros())
    }

    fn user_row(
        &mut self,
        id: UserId,
        home: TenantId,
        state: UserState,
        email: &str,
        name: Option<&str>,
        since: i64,
    ) -> Result<()> {
        let (id, home) = (id.uuid(), home.uuid());
        self.user.execute(params![id.as_bytes(), home.as_bytes(), email, name, state.name(), since]).map(drop)
    }

    fn assignment(&mut self, it: &Assignment) -> Result<()> {
        self.assignment_row(it.user, it.tenant, &it.role, it.below)
    }

    fn assignment_row(&mut self, user: UserId, tenant: TenantId, role: &RoleRef, below: bool) -> Result<()> {
        let (user, tenant) = (user.uuid(), tenant.uuid());
        self.assignment
            .execute(params![user.as_bytes(), tenant.as_bytes(), role.to_string(), below])
            .map(drop)
    }

    /// What was asked and made, and the request that is not executed again: its id is there once.
    fn audit(
        &mut self,
        request: Uuid,
        actor: Actor,
        command: &str,
        tenant: TenantId,
        asked: &str,
        made: &[Uuid],
    ) -> Result<()> {
        let actor = match actor {
            Actor::User(user) => Some(*user.uuid().as_bytes()),
            _ => None,
        };
        let made = serde_json::to_string(made).expect("ids are JSON");
        let body = format!("{{\"asked\":{asked},\"made\":{made}}}");
        self.audit.execute(params![now(), actor, command, tenant.uuid().as_bytes(), body])?;
        let seq = self.db.last_insert_rowid();
        self.request.execute(params![request.as_bytes(), Hash::of(asked).bytes(), seq]).map(drop)
    }
}

fn of_tenant(tenant: &Tenant) -> NewTenant<'_> {
    NewTenant {
        id: tenant.id,
        number: tenant.number.as_str(),
        kind: tenant.kind.name(),
        name: tenant.name.as_str(),
        country: tenant.country.as_ref().map(|country| country.as_str()),
        website: tenant.website.as_ref().map(|website| website.as_str()),
        operation: tenant.operation.name(),
        since: tenant.since.micros(),
    }
}

fn of_link<'a>(link: &'a Link, tenant: &'a Tenant) -> NewLink<'a> {
    NewLink {
        id: link.id,
        manager: link.manager,
        managed: link.managed,
        name: tenant.name.as_str(),
        number: tenant.number.as_str(),
        services: joined(&link.services),
        management: link.management.as_str(),
        stage: link.stage,
        operation: tenant.operation.name(),
        devices: tenant.devices,
        since: link.since.micros(),
    }
}

fn joined<'a>(services: impl IntoIterator<Item = &'a Service>) -> String {
    services.into_iter().map(|service| service.as_str()).collect::<Vec<_>>().join(",")
}

/// A number for a tenant that was given none.
fn made_up(id: TenantId) -> String {
    format!("{:012X}", id.uuid().as_u128() as u64 >> 16)
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right").as_micros() as i64
}

/// A request as it comes in: its id is new.
pub fn asked(command: impl Into<Command>) -> Request {
    let id = RequestId::from_uuid(Uuid::now_v7());
    Request { id, actor: Actor::OPERATOR, expected_seq: None, command: command.into() }
}
