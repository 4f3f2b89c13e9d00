//! Queries become rows. Reads a view as an actor may see it; never writes.

mod list;
mod page;

pub use list::{customer, customers, each_reseller_customer, integrations, reseller_customers, users};
pub use page::{MAX_ROWS, MAX_TEXT};

use crate::base::text::Number;
use crate::query::{Pin, TenantSummary};
use crate::refusal::{Code, Refusal};
use crate::rules::Ruling;
use crate::sight::Sight;

/// What somebody who may link is told about a number (T-8).
///
/// # Errors
/// `unknown_tenant`, `cannot_manage`, and why the actor may not link.
pub fn look_up(sight: &Sight<'_>, number: &Number) -> Ruling<TenantSummary> {
    sight.may_link()?;
    match sight.world().numbered(number)?.filter(|tenant| tenant.is_living()) {
        Some(tenant) if sight.still_lives(tenant.id)? => Ok(TenantSummary {
            number: tenant.number.clone(),
            name: tenant.name.clone(),
            country: tenant.country.clone(),
            kind: tenant.kind,
        }),
        _ => Err(Refusal::new(Code::UnknownTenant, number).into()),
    }
}

/// The pins on a user's map: the tenants they may view that have coordinates, in the order of their
/// ids (T-4).
///
/// # Errors
/// `wrong_actor` for anybody but a user, `unknown_user`, `user_not_active`.
pub fn pins(sight: &Sight<'_>) -> Ruling<Vec<Pin>> {
    if sight.viewer().is_none() {
        return Err(Refusal::new(Code::WrongActor, "operators").into());
    }
    let mut pins = Vec::new();
    for open in sight.viewed()? {
        let place = open.contact()?.coordinates;
        if let (Some(coordinates), Some(tenant)) = (place, sight.world().living(open.tenant())?) {
            pins.push(Pin { tenant: tenant.id, name: tenant.name.clone(), coordinates });
        }
    }
    Ok(pins)
}
