//! What a command would lead to.

use std::collections::BTreeSet;

use super::asked::AskedWorld;
use super::page::Turn;
use super::review::{JudgedBy, changes, counted};
use super::trade::{reseller_row, shows};
use crate::base::ids::TenantId;
use crate::decide::Step;
use crate::model::ResellerRow;
use crate::model::permission::DEVICES_VIEW;
use crate::query::{Preview, Previewed, ResellerRowChange};
use crate::rules::Ruling;
use crate::rules::difference::{Affected, Between};
use crate::sight::{Sight, told_of};
use crate::view::{Any, View, ViewError, Write};

/// What a command would lead to, as far as whoever would give it is told.
///
/// # Errors
/// `foreign_cursor`, `invalid_limit`.
pub(super) fn preview(
    asked: &AskedWorld<'_>,
    step: &Step,
    [before, after]: [&Sight<'_>; 2],
    it: &Preview,
) -> Ruling<Previewed> {
    let turn = Turn::of(asked.seal, &("preview", &it.actor, &it.command, asked.seq), &it.paging)?;
    let between = Between { before: before.world(), after: after.world() };
    let (events, notices) = told_of([before, after], &step.events)?;
    let affected = Affected::by(&step.changes, between)?;
    Ok(Previewed {
        events,
        notices,
        rights: changes(&turn, [before, after], &affected, JudgedBy::Earlier)?,
        count: if it.count { Some(counted([before, after], &affected)?) } else { None },
        resellers: resellers([before, after], &step.changes)?,
    })
}

/// The rows of resellers' lists that change, of those resellers whose lists the actor may read.
fn resellers(
    [before, after]: [&Sight<'_>; 2],
    changes: &[Write],
) -> Result<Vec<ResellerRowChange>, ViewError> {
    let row_of = |change: &Write| match change {
        Write::Put(Any::ResellerRow(row)) | Write::Remove(Any::ResellerRow(row)) => {
            Some((row.reseller, row.tenant))
        }
        _ => None,
    };
    let touched: BTreeSet<(TenantId, TenantId)> = changes.iter().filter_map(row_of).collect();
    let mut rows = Vec::new();
    for (reseller, tenant) in touched {
        if before.might(DEVICES_VIEW, reseller)?.is_none() {
            continue;
        }
        let id = ResellerRow::key(reseller, tenant);
        let row = |view: &dyn View| -> Result<_, ViewError> {
            let row = view.get::<ResellerRow>(id)?.filter(|row| shows(row));
            Ok(row.map(|row| reseller_row((*row).clone())))
        };
        let (was, is) = (row(before.world().view)?, row(after.world().view)?);
        if was != is {
            rows.push(ResellerRowChange { reseller, before: was, after: is });
        }
    }
    Ok(rows)
}
