//! `tenantry_tenants`: the tenants on which somebody may do something, as a table in SQL, in the
//! order of their ids. Where a statement asks about one of them, that one is checked.

#![expect(unsafe_code, reason = "SQLite calls the table as C calls; each place says why it holds")]

use std::borrow::Cow;
use std::ffi::{CStr, c_int};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use rusqlite::types::{Value, ValueRef};
use rusqlite::vtab::{
    Context, Filters, IndexConstraintOp, IndexFlags, IndexInfo, Module, VTab, VTabConfig, VTabConnection,
    VTabCursor, sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Error, Result};

use super::asked::{SqlCall, guarded, id};
use super::desk::Desk;
use crate::base::ids::TenantId;
use crate::base::time::Timestamp;
use crate::store::sqlite::Hosted;

/// Its columns; those that are hidden are its arguments, in their order.
const COLUMNS: &CStr = c"CREATE TABLE x(
    tenant BLOB, tenant_text TEXT, user HIDDEN, permission HIDDEN, service HIDDEN)";

// The columns by their numbers.
const TENANT: usize = 0;
const TENANT_TEXT: usize = 1;
const USER: usize = 2;
const PERMISSION: usize = 3;
const SERVICE: usize = 4;

// What a plan says of itself: which arguments there are beside user and permission, and the order.
const BY_SERVICE: c_int = 1;
const BY_TENANT: c_int = 2;
const BY_TENANT_TEXT: c_int = 4;
const DESCENDING: c_int = 8;

/// How many tenants somebody may reach, as far as a plan can tell.
const SEVERAL: i64 = 200;

/// What one check costs, in the units of a plan.
const CHECK: f64 = 40.0;

const MODULE: &Module<'static, TenantTable> = &Module::eponymous_only_module();

/// Puts the table on a connection, and has SQLite connect it.
pub(super) fn register(db: &Connection, desk: &Arc<Desk>) -> Result<()> {
    db.create_module("tenantry_tenants", MODULE, Some(Arc::clone(desk)))?;
    db.prepare("SELECT tenant FROM tenantry_tenants(NULL, NULL)").map(drop)
}

/// The table of one connection.
#[repr(C)]
struct TenantTable {
    base: sqlite3_vtab,
    desk: Arc<Desk>,
    /// Gone with the table, which is before its connection.
    _hosted: Arc<Mutex<Hosted>>,
}

// SAFETY: it begins with what SQLite wants it to begin with, and is laid out as C does.
unsafe impl<'vtab> VTab<'vtab> for TenantTable {
    type Aux = Arc<Desk>;
    type Cursor = TenantCursor<'vtab>;

    fn connect(
        db: &mut VTabConnection,
        desk: Option<&Self::Aux>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        guarded(|| {
            // Whatever file the store is in, the statement's transaction is begun there.
            db.config(VTabConfig::UsesAllSchemas)?;
            let desk = desk.ok_or_else(|| Error::ModuleError("tenantry: it is not registered".to_owned()))?;
            // SAFETY: the handle is that of the connection which the table belongs to, and is not
            // closed with what is made of it here. That goes with the table, which SQLite
            // disconnects before it closes the connection.
            let db = unsafe { Connection::from_handle(db.handle()) }?;
            let table =
                Self { base: sqlite3_vtab::default(), desk: Arc::clone(desk), _hosted: desk.host(db) };
            Ok((Cow::Borrowed(COLUMNS), table))
        })
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        guarded(|| plan(info))
    }

    fn open(&'vtab mut self) -> Result<TenantCursor<'vtab>> {
        Ok(TenantCursor {
            base: sqlite3_vtab_cursor::default(),
            table: PhantomData,
            desk: Arc::clone(&self.desk),
            at: None,
            arguments: [Value::Null, Value::Null, Value::Null],
            rows: Vec::new(),
            row: 0,
        })
    }
}

/// How the table is read for what a statement wants.
fn plan(info: &mut IndexInfo) -> Result<bool> {
    let mut places: [Option<usize>; 5] = [None; 5];
    for (place, constraint) in info.constraints().enumerate() {
        use IndexConstraintOp::{
            SQLITE_INDEX_CONSTRAINT_EQ as IS_EQUAL, SQLITE_INDEX_CONSTRAINT_IS as IS,
            SQLITE_INDEX_CONSTRAINT_ISNULL as IS_NULL,
        };
        let column = usize::try_from(constraint.column()).unwrap_or(usize::MAX);
        // Of an argument `IS` says which it is, as `=` does; of nothing, nothing is asked.
        let names = match constraint.operator() {
            IS_EQUAL => true,
            IS | IS_NULL => column >= USER,
            _ => false,
        };
        if !names {
            continue;
        }
        let Some(found) = places.get_mut(column) else { continue };
        match constraint.is_usable() {
            true => *found = found.or(Some(place)),
            // Another plan has it: the table is not read without its arguments.
            false if column >= USER => return Ok(false),
            false => {}
        }
    }
    let [tenant, tenant_text, user, permission, service] = places;
    let (Some(user), Some(permission)) = (user, permission) else {
        let why = "tenantry: it is tenantry_tenants(user, permission) or (user, permission, service)";
        return Err(Error::ModuleError(why.to_owned()));
    };
    // What else is taken for the same text, only SQLite knows.
    let tenant_text = tenant_text.filter(|place| info.collation(*place).is_ok_and(|it| it == "BINARY"));
    let (mut number, mut arguments) = (0, 0);
    let mut pass = |info: &mut IndexInfo, place: usize, by: c_int, omit: bool| {
        arguments += 1;
        number |= by;
        let mut usage = info.constraint_usage(place);
        usage.set_argv_index(arguments);
        usage.set_omit(omit);
    };
    pass(info, user, 0, true);
    pass(info, permission, 0, true);
    if let Some(service) = service {
        pass(info, service, BY_SERVICE, true);
    }
    match (tenant, tenant_text) {
        (Some(tenant), _) => pass(info, tenant, BY_TENANT, false),
        (None, Some(text)) => pass(info, text, BY_TENANT_TEXT, false),
        (None, None) => {}
    }
    let wanted = info.order_bys().next().map(|first| (first.column(), first.is_order_by_desc()));
    // No two rows have the same tenant, so whatever it is ordered by next does not matter.
    if let Some((column, descending)) = wanted
        && [TENANT, TENANT_TEXT].iter().any(|ours| usize::try_from(column) == Ok(*ours))
    {
        info.set_order_by_consumed(true);
        number |= if descending { DESCENDING } else { 0 };
    }
    info.set_idx_num(number);
    if number & (BY_TENANT | BY_TENANT_TEXT) != 0 {
        info.set_idx_flags(IndexFlags::SQLITE_INDEX_SCAN_UNIQUE);
        info.set_estimated_rows(1);
        info.set_estimated_cost(CHECK);
    } else {
        info.set_estimated_rows(SEVERAL);
        info.set_estimated_cost(CHECK * SEVERAL as f64);
    }
    Ok(true)
}

/// What a statement reads of the table.
#[repr(C)]
struct TenantCursor<'vtab> {
    base: sqlite3_vtab_cursor,
    table: PhantomData<&'vtab TenantTable>,
    desk: Arc<Desk>,
    /// The statement's moment, once it has asked.
    at: Option<Timestamp>,
    /// User, permission and service as they were passed.
    arguments: [Value; 3],
    rows: Vec<TenantId>,
    row: usize,
}

impl TenantCursor<'_> {
    fn ask(&mut self, number: c_int, values: &[ValueRef<'_>]) -> Result<()> {
        let mut values = values.iter().copied();
        let mut value = || values.next().unwrap_or(ValueRef::Null);
        let (user, permission) = (value(), value());
        let service = (number & BY_SERVICE != 0).then(&mut value);
        let tenant = (number & (BY_TENANT | BY_TENANT_TEXT) != 0).then(value);
        self.arguments = [kept(user), kept(permission), service.map_or(Value::Null, kept)];
        (self.rows, self.row) = (Vec::new(), 0);
        let Some(call) = SqlCall::of(user, permission, service) else { return Ok(()) };
        let at = match self.at {
            Some(at) => at,
            None => *self.at.insert(self.desk.moment()?),
        };
        match tenant {
            None => self.rows = self.desk.tenants(&call, at)?,
            Some(tenant) => {
                // SQLite compares what it gets with what it wanted: a blob is not a text.
                if let Some(tenant) = id(tenant).map(TenantId::from_uuid)
                    && self.desk.may(&call, tenant, at)?
                {
                    self.rows.push(tenant);
                }
            }
        }
        if number & DESCENDING != 0 {
            self.rows.reverse();
        }
        Ok(())
    }
}

/// A value as it was passed, for those who read it back; a text that is none is nothing.
fn kept(value: ValueRef<'_>) -> Value {
    Value::try_from(value).unwrap_or(Value::Null)
}

// SAFETY: it begins with what SQLite wants it to begin with, and is laid out as C does.
unsafe impl VTabCursor for TenantCursor<'_> {
    fn filter(&mut self, number: c_int, _: Option<&str>, values: &Filters<'_>) -> Result<()> {
        guarded(|| self.ask(number, &values.iter().collect::<Vec<_>>()))
    }

    fn next(&mut self) -> Result<()> {
        self.row += 1;
        Ok(())
    }

    fn eof(&self) -> bool {
        self.row >= self.rows.len()
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let tenant = self.rows.get(self.row);
        let Some(tenant) = tenant else { return context.set_result(rusqlite::types::Null) };
        match usize::try_from(column) {
            Ok(TENANT) => context.set_result(tenant.uuid().as_bytes().as_slice()),
            Ok(TENANT_TEXT) => context.set_result(tenant.to_string()),
            Ok(USER | PERMISSION | SERVICE) => {
                let place = usize::try_from(column).map_or(0, |column| column - USER);
                context.set_result(self.arguments.get(place).unwrap_or(&Value::Null))
            }
            _ => context.set_result(rusqlite::types::Null),
        }
    }

    /// The same for the same row in whatever order a statement comes to it: where it comes to rows
    /// by one way or another, that tells it which of them it has had.
    fn rowid(&self) -> Result<i64> {
        Ok(self.desk.number_of(&self.arguments, self.rows.get(self.row).copied()))
    }
}
