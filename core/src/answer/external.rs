//! The ids of other systems that an organisation keeps, as the actor is told of them.

use std::sync::Arc;

use super::page::{Seal, Strand, Turn, bounded, placed};
use super::tenant::named;
use crate::base::ids::TenantId;
use crate::base::text::System;
use crate::model::KeptId;
use crate::query::{ExternalIdRow, ExternalIds, LookUpExternal, Page};
use crate::refusal::{Code, Refusal};
use crate::rules::{Ruling, external};
use crate::sight::Sight;
use crate::view::{Index, Key, Span, ViewError, kept_strand, prefixes};

/// Lets in whoever sees the organisation that keeps ids.
///
/// # Errors
/// `unknown_tenant`.
pub(super) fn keeper(sight: &Sight<'_>, keeper: TenantId) -> Ruling {
    if sight.sees(keeper)? { Ok(()) } else { Err(Refusal::new(Code::UnknownTenant, keeper).into()) }
}

/// The ids that an organisation keeps. Costs the rows shown; where one thing is asked about, its
/// ids; of whoever sees few of many customers, the ids of these.
///
/// # Errors
/// `unknown_tenant` to whoever does not see the keeper, `foreign_cursor`, `invalid_limit`,
/// `text_too_long`.
pub(super) fn external_ids(sight: &Sight<'_>, seal: Seal, it: &ExternalIds) -> Ruling<Page<ExternalIdRow>> {
    let ExternalIds { keeper: by, filter, paging, .. } = it;
    let by = *by;
    keeper(sight, by)?;
    let turn = Turn::of(seal, &("external_ids", by, filter), paging)?;
    let begins = bounded(filter.beginning.as_deref())?;
    let (view, all) = (sight.world().view, Key::new().id(by.uuid()));
    let walked = match (&filter.system, begins) {
        (None, None) => vec![Strand::under(Index::KeptKeeper, all.clone())],
        (Some(system), _) => strands(by, system, begins, &all),
        (None, Some(_)) => {
            let of = |kept: &KeptId| Key::new().id(by.uuid()).text(kept.system.as_str());
            let systems = prefixes(view, Index::KeptKeeper, all.clone(), of)?;
            systems.iter().flat_map(|(_, kept)| strands(by, &kept.system, begins, &all)).collect()
        }
    };
    let mut narrower: Vec<Vec<Span>> = Vec::new();
    // A device is known by any of its ids.
    let of = filter.of.as_ref().map(|of| external::known(view, of)).transpose()?;
    if let Some(of) = &of {
        narrower.push(vec![Span::under(Index::KeptOf, Key::new().id(of.key()).id(by.uuid()))]);
    }
    if let Some(only) = sight.below(by)?.only() {
        let seen = only.iter().chain([&by]).map(|tenant| Key::new().id(tenant.uuid()).id(by.uuid()));
        narrower.push(seen.map(|key| Span::under(Index::KeptTenant, key)).collect());
    }
    let place = |one: &KeptId| placed(one, Index::KeptKeeper, &all, &Key::new());
    let rows = turn.narrowed(turn.walk::<KeptId>(view, walked), narrower, place, |(place, kept)| {
        let begun = |begins: &str| kept.given.as_ref().is_some_and(|id| id.as_str().starts_with(begins));
        let wanted = filter.system.as_ref().is_none_or(|system| kept.system == *system)
            && of.as_ref().is_none_or(|of| kept.of == *of)
            && begins.is_none_or(begun);
        Ok(if wanted { row(sight, &kept)?.map(|row| (place, row)) } else { None })
    })?;
    turn.page(rows.into_iter().map(|row| Ok(Some(row))))
}

/// Where the ids of one system stand among all that somebody keeps: those that begin so, or all.
fn strands(by: TenantId, system: &System, begins: Option<&str>, all: &Key) -> Vec<Strand> {
    let of = match begins {
        Some(begins) => kept_strand(by, system, false).beginning(begins),
        None => Key::new().id(by.uuid()).text(system.as_str()),
    };
    vec![Strand { span: Span::under(Index::KeptKeeper, of), prefix: all.clone(), lead: Key::new() }]
}

/// What one id leads to.
///
/// # Errors
/// `unknown_tenant` to whoever does not see the keeper.
pub(super) fn look_up(sight: &Sight<'_>, it: &LookUpExternal) -> Ruling<Option<ExternalIdRow>> {
    keeper(sight, it.keeper)?;
    match external::find(sight.world(), it.keeper, &it.system, &it.id)? {
        Some(kept) => Ok(row(sight, &kept)?),
        None => Ok(None),
    }
}

/// An id as the actor is told of it; nothing, where what it leads to is not there for them, or
/// it is kept no longer.
fn row(sight: &Sight<'_>, kept: &Arc<KeptId>) -> Result<Option<ExternalIdRow>, ViewError> {
    let world = sight.world();
    if !external::is_kept(world, kept)? || !sight.has_external_id(kept)? {
        return Ok(None);
    }
    let (Some(id), Some(whose)) = (external::given(world.view, kept)?, world.living(kept.tenant)?) else {
        return Ok(None);
    };
    Ok(Some(ExternalIdRow {
        system: kept.system.clone(),
        id,
        of: kept.of.clone(),
        whose: named(&whose),
        since: kept.since,
    }))
}
