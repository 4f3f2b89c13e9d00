//! What is told of devices on their way (V): a reseller's uploads, the resellers of a tenant, and
//! who gets a tenant's alerts.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::page::{Seal, Strand, Turn};
use super::tenant::organisation;
use crate::base::ids::TenantId;
use crate::base::text::IssueCategory;
use crate::model::permission::{ALERTS_VIEW, DEVICES_MANAGE, DEVICES_VIEW, USERS_VIEW};
use crate::model::{AlertRule, Arrived, Audience, Holding, Personal, ResellerRow};
use crate::query::{
    AlertRuleRow, AlertRules, NamedUser, Page, ResellerCustomerRow, ResellerFilter, Resellers,
    TenantResellerRow, UploadRow, UploadedTo, Uploads,
};
use crate::rules::{Ruling, graph};
use crate::sight::Sight;
use crate::view::{Index, Key, ViewError};

/// A reseller's uploads, by when they were. Of a world in which what is due about the links that
/// its list shows has happened. Costs the rows shown.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see the reseller's devices ([`Sight::may`]),
/// `foreign_cursor`, `invalid_limit`.
pub(super) fn uploads(sight: &Sight<'_>, seal: Seal, it: &Uploads) -> Ruling<Page<UploadRow>> {
    let reseller = it.reseller;
    sight.may(DEVICES_VIEW, reseller)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("uploads", reseller), &it.paging)?;
    let arrived = Strand::under(Index::UploadReseller, Key::new().id(reseller.uuid()));
    turn.page(turn.walk::<Holding>(world.view, vec![arrived]).map(|holding| {
        let (place, holding) = holding?;
        let Some(Arrived { devices, left }) = holding.arrived else { return Ok(None) };
        let to = uploaded_to(sight, reseller, holding.uploaded_to)?;
        let row = UploadRow { upload: holding.upload, to, uploaded: holding.uploaded_at, devices, left };
        Ok(Some((place, row)))
    }))
}

/// A tenant as it stands in a reseller's list; nothing, where it does not any more.
fn uploaded_to(
    sight: &Sight<'_>,
    reseller: TenantId,
    tenant: TenantId,
) -> Result<Option<UploadedTo>, ViewError> {
    let row = sight.world().view.get::<ResellerRow>(ResellerRow::key(reseller, tenant))?;
    let Some(row) = row.filter(|row| row.is_listed()) else { return Ok(None) };
    let shown = sight.still_lives(tenant)?;
    Ok(shown.then(|| UploadedTo { tenant, company: row.company(), number: row.number.clone() }))
}

/// The resellers that added a tenant, by when they did. Costs the rows shown.
///
/// # Errors
/// `unknown_tenant`, why the actor may not drop them ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`.
pub(super) fn resellers(sight: &Sight<'_>, seal: Seal, it: &Resellers) -> Ruling<Page<TenantResellerRow>> {
    let tenant = it.tenant;
    sight.may(DEVICES_MANAGE, tenant)?;
    let turn = Turn::of(seal, &("resellers", tenant), &it.paging)?;
    let added = Strand::under(Index::RowAdded, Key::new().id(tenant.uuid()));
    turn.page(turn.walk::<ResellerRow>(sight.world().view, vec![added]).map(|row| {
        let (place, row) = row?;
        let (Some(added), Some(reseller)) = (&row.added, organisation(sight, row.reseller)?) else {
            return Ok(None);
        };
        Ok(Some((place, TenantResellerRow { reseller, status: added.status, since: added.since })))
    }))
}

/// Who gets a tenant's alerts about each category of the policy, and about those for which it has a
/// rule besides. People of organisations that are not there for the actor are not there either
/// (T-9). Of a world in which what is due about the links above has happened. Costs all of them.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its alert settings ([`Sight::may`]),
/// `foreign_cursor`, `invalid_limit`.
pub(super) fn alert_rules(sight: &Sight<'_>, seal: Seal, it: &AlertRules) -> Ruling<Page<AlertRuleRow>> {
    let tenant = it.tenant;
    sight.may(ALERTS_VIEW, tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("alert_rules", tenant), &it.paging)?;
    let categories = world.policy.issue_categories.iter();
    let mut rules: BTreeMap<IssueCategory, AlertRuleRow> = categories
        .map(|category| {
            let (category, audience) = (category.clone(), Audience::AllAdmins);
            let (additional, organisations) = (Vec::new(), BTreeSet::new());
            (category.clone(), AlertRuleRow { category, audience, additional, organisations })
        })
        .collect();
    let above = graph::above(world, tenant, &BTreeSet::new())?;
    for rule in world.view.under::<AlertRule>(Index::AlertTenant, Key::new().id(tenant.uuid())) {
        let rule = rule?;
        let (additional, organisations) = besides(sight, &rule, &above)?;
        let (category, audience) = (rule.category.clone(), rule.audience);
        let row = AlertRuleRow { category: category.clone(), audience, additional, organisations };
        rules.insert(category, row);
    }
    turn.sorted(
        rules
            .into_iter()
            .map(|(category, row)| Ok(Some(((Key::new().text(category.as_str()), Uuid::nil()), row)))),
    )
}

/// The additional recipients of a rule, and the organisations of those who are not named.
fn besides(
    sight: &Sight<'_>,
    rule: &AlertRule,
    above: &BTreeSet<TenantId>,
) -> Result<(Vec<NamedUser>, BTreeSet<TenantId>), ViewError> {
    let (mut people, mut others) = (Vec::new(), BTreeSet::new());
    for &user in &rule.additional {
        let Some(user) = sight.world().user(user)?.filter(|user| user.state.is_living()) else { continue };
        let home = user.home;
        let counts = home == rule.tenant || above.contains(&home);
        if !counts || home != rule.tenant && !sight.still_knows(home)? {
            continue;
        }
        let open = sight.might(USERS_VIEW, home)?;
        if open.is_none() && !sight.is_home(home) {
            others.insert(home);
            continue;
        }
        let Personal { name, email, .. } = match open {
            Some(open) => open.person(&user)?,
            None => Personal::default(),
        };
        people.push(NamedUser { user: user.id, home, name, email });
    }
    Ok((people, others))
}

/// Whether a filter wants rows that are like this one in what strands have in common: where a
/// device is shown as it and, if the unused are wanted, where it was added (V-4).
pub(super) fn chooses(filter: &ResellerFilter, row: &ResellerRow) -> bool {
    row.is_listed()
        && (filter.unused || row.is_shown())
        && filter.status.is_none_or(|status| row.status() == status)
}

/// Whether a reseller's list has a row, used or not.
pub(super) fn shows(row: &ResellerRow) -> bool {
    chooses(&ResellerFilter { unused: true, ..ResellerFilter::default() }, row)
}

/// A row of a reseller's list.
pub(super) fn reseller_row(row: ResellerRow) -> ResellerCustomerRow {
    ResellerCustomerRow {
        tenant: row.tenant,
        company: row.company(),
        status: row.status(),
        number: row.number,
        country: row.country,
        last_uploaded: row.last_uploaded,
        uploads: row.uploads,
        devices: row.devices,
    }
}
