//! Hand-written SQL on SQLite: tables made for the check, statements prepared once and held.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result, Statement, params};
use uuid::Uuid;

use super::Peer;
use crate::ask::Ask;
use crate::world::{NO_SERVICE, Role, World};

const TABLES: &str = "
CREATE TABLE tenant(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, enabled INTEGER NOT NULL);
CREATE TABLE user(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, home INTEGER NOT NULL, active INTEGER NOT NULL);
CREATE TABLE role(n INTEGER PRIMARY KEY, permissions INTEGER NOT NULL);
CREATE TABLE link(managed INTEGER PRIMARY KEY, manager INTEGER NOT NULL, locks INTEGER NOT NULL,
  services INTEGER NOT NULL, passes INTEGER NOT NULL);
CREATE INDEX link_manager ON link(manager);
CREATE TABLE assignment(user INTEGER, tenant INTEGER, role INTEGER NOT NULL, below INTEGER NOT NULL,
  PRIMARY KEY(user, tenant)) WITHOUT ROWID;
CREATE INDEX assignment_tenant ON assignment(tenant);
";

/// `?1` user, `?2` tenant, `?3` the permission's bit, `?4` the service's or 0, `?5` the bits of the permissions that work
/// on a disabled tenant.
macro_rules! rule {
    () => {
        "u.active AND h.enabled AND (t.enabled OR ?3 & ?5) AND r.permissions & ?3 AND \
         CASE WHEN u.home = t.n THEN l.managed IS NULL OR NOT l.locks \
         ELSE l.manager = u.home AND l.services & ?4 = ?4 AND l.passes & ?3 END"
    };
}

const ROLE: &str = "
  LEFT JOIN link l ON l.managed = t.n
  LEFT JOIN assignment d ON d.user = u.n AND d.tenant = t.n
  LEFT JOIN assignment b ON b.user = u.n AND b.tenant = u.home AND b.below
  JOIN role r ON r.n = coalesce(d.role, b.role)
";

/// The database.
pub struct Database {
    db: Connection,
}

impl Database {
    /// In memory.
    pub fn memory(world: &World) -> Result<Self> {
        Self::fill(Connection::open_in_memory()?, world)
    }

    /// In a new file, with a write-ahead log.
    pub fn file(world: &World, path: &Path) -> Result<Self> {
        let db = Connection::open(path)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;",
        )?;
        Self::fill(db, world)
    }

    fn fill(mut db: Connection, world: &World) -> Result<Self> {
        // Without it the bundled library prepares a statement anew whenever it is bound.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        db.execute_batch(TABLES)?;
        let transaction = db.transaction()?;
        {
            let mut tenant = transaction.prepare("INSERT INTO tenant VALUES (?1, ?2, ?3)")?;
            let mut link = transaction.prepare("INSERT INTO link VALUES (?1, ?2, ?3, ?4, ?5)")?;
            let mut user = transaction.prepare("INSERT INTO user VALUES (?1, ?2, ?3, ?4)")?;
            let mut role = transaction.prepare("INSERT OR IGNORE INTO role VALUES (?1, ?2)")?;
            let mut assign = transaction.prepare("INSERT INTO assignment VALUES (?1, ?2, ?3, ?4)")?;
            let mut direct = Vec::new();
            for (row, n) in world.tenants.iter().zip(0u32..) {
                tenant.execute(params![n, world.tenant_id(n).uuid().as_bytes(), row.enabled])?;
                if let Some(managed) = &row.managed {
                    let passes = world.passes(managed);
                    link.execute(params![n, managed.manager, managed.fully, managed.services, passes])?;
                }
                direct.extend(row.direct.map(|(user, role)| (user, n, role, false)));
            }
            let home =
                world.users.iter().zip(0u32..).map(|(row, n)| {
                    (n, row.home, row.role, world.tenants[row.home as usize].msp == row.home)
                });
            let mut assignments: Vec<_> = home.chain(direct).collect();
            assignments.sort_unstable_by_key(|(user, tenant, ..)| (*user, *tenant));
            for (row, n) in world.users.iter().zip(0u32..) {
                user.execute(params![n, world.user_id(n).uuid().as_bytes(), row.home, row.active])?;
            }
            for (user, tenant, held, below) in assignments {
                role.execute(params![number(held), world.holds(held)])?;
                assign.execute(params![user, tenant, number(held), below])?;
            }
        }
        transaction.commit()?;
        Ok(Self { db })
    }

    /// The statements, for as long as they are held.
    pub fn statements<'d>(&'d self, world: &'d World) -> Result<Statements<'d>> {
        let check = format!(
            "SELECT 1 FROM user u JOIN tenant h ON h.n = u.home JOIN tenant t ON t.id = ?2 {ROLE} \
             WHERE u.id = ?1 AND {}",
            rule!()
        );
        let check_rows = check.replace("t.id = ?2", "t.n = ?2").replace("u.id = ?1", "u.n = ?1");
        // What is at home, what is below home, and what there are direct assignments on.
        let tenants = format!(
            "SELECT t.id FROM user u JOIN tenant h ON h.n = u.home JOIN tenant t ON t.n IN \
             (SELECT tenant FROM assignment WHERE user = u.n UNION SELECT managed FROM link WHERE manager = u.home) \
             {ROLE} WHERE u.id = ?1 AND {}",
            rule!()
        );
        let users = format!(
            "SELECT u.id FROM tenant t JOIN user u ON u.n IN \
             (SELECT user FROM assignment WHERE tenant = t.n UNION SELECT a.user FROM link m JOIN assignment a \
             ON a.tenant = m.manager AND a.below WHERE m.managed = t.n) \
             JOIN tenant h ON h.n = u.home {ROLE} WHERE t.id = ?2 AND {}",
            rule!()
        );
        Ok(Statements {
            world,
            check: self.db.prepare(&check)?,
            check_rows: self.db.prepare(&check_rows)?,
            tenants: self.db.prepare(&tenants)?,
            users: self.db.prepare(&users)?,
        })
    }
}

/// A number for a role.
fn number(role: Role) -> u32 {
    match role {
        Role::SuperAdmin => 0,
        Role::Admin => 1,
        Role::ReadOnly => 2,
        Role::NoAccess => 3,
        Role::Custom(msp) => 4 + msp,
    }
}

/// The statements, prepared.
pub struct Statements<'d> {
    world: &'d World,
    check: Statement<'d>,
    check_rows: Statement<'d>,
    tenants: Statement<'d>,
    users: Statement<'d>,
}

fn bits(permission: u8, service: u8) -> (u32, u32) {
    (1 << permission, if service == NO_SERVICE { 0 } else { 1 << service })
}

impl Statements<'_> {
    /// Whether a user may do something on a tenant.
    pub fn check(&mut self, user: Uuid, tenant: Uuid, permission: u8, service: u8) -> Result<bool> {
        let (permission, service) = bits(permission, service);
        let despite = self.world.despite_disabled();
        self.check.exists(params![user.as_bytes(), tenant.as_bytes(), permission, service, despite])
    }

    /// The same, with the numbers of user and tenant at hand.
    pub fn check_rows(&mut self, ask: &Ask) -> Result<bool> {
        let (permission, service) = bits(ask.permission, ask.service);
        let despite = self.world.despite_disabled();
        self.check_rows.exists(params![ask.user, ask.tenant, permission, service, despite])
    }

    /// The tenants on which a user may do something.
    pub fn tenants_where(
        &mut self,
        user: Uuid,
        permission: u8,
        service: u8,
        found: &mut Vec<Uuid>,
    ) -> Result<()> {
        let (permission, service) = bits(permission, service);
        let despite = self.world.despite_disabled();
        let none = rusqlite::types::Null;
        let mut rows = self.tenants.query(params![user.as_bytes(), none, permission, service, despite])?;
        while let Some(row) = rows.next()? {
            found.push(Uuid::from_bytes(row.get(0)?));
        }
        Ok(())
    }

    /// The users who may do something on a tenant.
    pub fn users_who_can(
        &mut self,
        permission: u8,
        tenant: Uuid,
        service: u8,
        found: &mut Vec<Uuid>,
    ) -> Result<()> {
        let (permission, service) = bits(permission, service);
        let despite = self.world.despite_disabled();
        let none = rusqlite::types::Null;
        let mut rows = self.users.query(params![none, tenant.as_bytes(), permission, service, despite])?;
        while let Some(row) = rows.next()? {
            found.push(Uuid::from_bytes(row.get(0)?));
        }
        Ok(())
    }
}

impl Peer for Statements<'_> {
    fn name(&self) -> &'static str {
        "SQL"
    }

    fn allows(&mut self, ask: &Ask) -> bool {
        let (user, tenant) = (self.world.user_id(ask.user).uuid(), self.world.tenant_id(ask.tenant).uuid());
        let answer = self.check(user, tenant, ask.permission, ask.service).expect("the database answers");
        assert_eq!(self.check_rows(ask).expect("the database answers"), answer, "SQL by id and by number");
        answer
    }
}
