//! `tenantry_may` and `tenantry_packed`: functions in SQL. What a statement was told it is told
//! again for as long as its transaction sees the same.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};

use super::asked::{SqlCall, guarded, id};
use super::desk::{Desk, ToldSoFar};
use crate::base::ids::TenantId;

/// Under which number a statement keeps what it was told. Where it is negative, it is that of all
/// calls in the statement, and of no argument.
const KEPT: i32 = -0x746e_7279;

/// The functions: the name of each, and how many arguments it takes.
const MAY: (&str, [i32; 2]) = ("tenantry_may", [3, 4]);
const PACKED: (&str, [i32; 2]) = ("tenantry_packed", [2, 3]);

/// Puts the functions on a connection.
pub(super) fn register(db: &Connection, desk: &Arc<Desk>) -> Result<()> {
    for arguments in MAY.1 {
        let desk = Arc::clone(desk);
        let may = move |call: &Context<'_>| guarded(|| may(&desk, call));
        db.create_scalar_function(MAY.0, arguments, FunctionFlags::SQLITE_UTF8, may)?;
    }
    for arguments in PACKED.1 {
        let desk = Arc::clone(desk);
        let packed = move |call: &Context<'_>| guarded(|| packed(&desk, call));
        db.create_scalar_function(PACKED.0, arguments, FunctionFlags::SQLITE_UTF8, packed)?;
    }
    Ok(())
}

/// Takes the functions away, where not all of it could be put there.
pub(super) fn remove(db: &Connection) {
    for (name, counts) in [MAY, PACKED] {
        for arguments in counts {
            // One that is being asked stays, and what it needs with it.
            let _ = db.remove_function(name, arguments);
        }
    }
}

fn service<'c>(context: &'c Context<'_>, place: usize) -> Option<ValueRef<'c>> {
    (context.len() > place).then(|| context.get_raw(place))
}

fn may(desk: &Desk, context: &Context<'_>) -> Result<bool> {
    let call = SqlCall::of(context.get_raw(0), context.get_raw(1), service(context, 3));
    let tenant = id(context.get_raw(2)).map(TenantId::from_uuid);
    let (Some(call), Some(tenant)) = (call, tenant) else { return Ok(false) };
    let told = match context.get_aux::<Mutex<ToldSoFar>>(KEPT)? {
        Some(told) => told,
        None => context.set_aux(KEPT, Mutex::new(ToldSoFar::nothing(desk.moment()?)))?,
    };
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    desk.may_again(&call, tenant, &mut told)
}

fn packed(desk: &Desk, context: &Context<'_>) -> Result<Vec<u8>> {
    match SqlCall::of(context.get_raw(0), context.get_raw(1), service(context, 2)) {
        Some(call) => {
            let tenants = desk.tenants(&call, desk.moment()?)?;
            Ok(tenants.iter().flat_map(|tenant| tenant.uuid().into_bytes()).collect())
        }
        None => Ok(Vec::new()),
    }
}
