//! The lists (Q-1, V-4, V-5, I-1): rows as an actor may see them, filtered, in order, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::page::{self, Rank, matches, page};
use crate::base::ids::{IntegrationId, TenantId};
use crate::base::text::Number;
use crate::command::Contact;
use crate::model::permission::{DEVICES_VIEW, INTEGRATIONS_VIEW, TENANT_VIEW, USERS_VIEW};
use crate::model::{
    Actor, Attachment, Integration, Link, ResellerRow, ResellerStatus, Stage, Subject, Tenant, TenantKind,
    User, UserState,
};
use crate::query::{
    CustomerDetails, CustomerQuery, CustomerRow, CustomerSort, IntegrationRow, Page, Paging,
    ResellerCustomerRow, ResellerQuery, ResellerSort, UserQuery, UserRow, UserSort,
};
use crate::refusal::{Code, Refusal};
use crate::rules::{Gate, Ruling, World, access};
use crate::view::{Index, Key, Span, ViewError};

/// A manager's customers. Those that the actor may not see are not there (T-9).
///
/// # Errors
/// `unknown_tenant`, why the actor may not view the manager, `foreign_cursor`, `invalid_limit`.
pub fn customers(
    world: &World<'_>,
    actor: &Actor,
    manager: TenantId,
    query: &CustomerQuery,
    paging: &Paging,
) -> Ruling<Page<CustomerRow>> {
    world.authorize(actor, TENANT_VIEW, manager, Gate::Shut)?;
    let viewer = world.admit(actor, Gate::Shut)?;
    let ended = query.stage == Some(Stage::Delinked);
    let key = Key::new().id(manager.uuid()).flag(!ended);
    let links = world.view.under::<Link>(Index::LinkManager, key).map(|link| {
        let link = link?;
        if !ended && !link.is_in_force(world.at) {
            return Ok(None);
        }
        let Some(row) = customer_row(world, &link)? else { return Ok(None) };
        let wanted = query.service.as_ref().is_none_or(|service| row.services.contains(service))
            && query.management.as_ref().is_none_or(|management| row.management == *management)
            && query.stage.is_none_or(|stage| row.stage == stage)
            && query.min_devices.is_none_or(|least| row.devices >= least)
            && query.max_devices.is_none_or(|most| row.devices <= most)
            && matches(query.text.as_deref(), &[row.name.as_str(), row.number.as_str()]);
        if !wanted {
            return Ok(None);
        }
        // A customer that was delinked is shown to its former manager by what the link itself says.
        if let Some(viewer) = &viewer
            && !ended
            && !access::sees(world, viewer, row.tenant)?
        {
            return Ok(None);
        }
        let rank = match query.sort {
            CustomerSort::Name => Rank::text(row.name.as_str()),
            CustomerSort::Number => Rank::text(row.number.as_str()),
            CustomerSort::Services => {
                Rank::text(&row.services.iter().map(|service| service.as_str()).collect::<Vec<_>>().join(","))
            }
            CustomerSort::Management => Rank::text(row.management.as_str()),
            CustomerSort::Status => Rank::text(row.stage.status()),
            CustomerSort::Devices => Rank::Count(row.devices),
        };
        Ok(Some((rank, row.link.uuid(), row)))
    });
    page(&("customers", manager, query), paging, false, links)
}

fn customer_row(world: &World<'_>, link: &Link) -> Result<Option<CustomerRow>, ViewError> {
    let ended = !link.stage.is_in_force();
    Ok(world.tenant(link.managed)?.map(|tenant| CustomerRow {
        tenant: tenant.id,
        link: link.id,
        name: tenant.name.clone(),
        number: tenant.number.clone(),
        services: link.services.clone(),
        management: link.management.clone(),
        stage: link.stage,
        operation: tenant.operation,
        // What a former customer holds is no longer the manager's to know.
        devices: if ended { 0 } else { tenant.devices },
    }))
}

/// One customer in detail.
///
/// # Errors
/// `unknown_tenant`, why the actor may not view it, `not_linked` where the manager does not manage it directly.
pub fn customer(
    world: &World<'_>,
    actor: &Actor,
    manager: TenantId,
    customer: TenantId,
) -> Ruling<CustomerDetails> {
    world.authorize(actor, TENANT_VIEW, manager, Gate::Shut)?;
    world.authorize(actor, TENANT_VIEW, customer, Gate::Shut)?;
    let link = world.links_above(customer)?.into_iter().find(|link| link.manager == manager);
    let (Some(link), Some(tenant)) = (link, world.living(customer)?) else {
        return Err(Refusal::new(Code::NotLinked, customer).into());
    };
    let Some(row) = customer_row(world, &link)? else {
        return Err(Refusal::new(Code::UnknownTenant, customer).into());
    };
    let personal = world.view.personal(Subject::Tenant(customer))?.unwrap_or_default();
    Ok(CustomerDetails {
        row,
        kind: tenant.kind,
        country: tenant.country.clone(),
        website: tenant.website.clone(),
        prefix: tenant.prefix.clone(),
        contact: Contact {
            street: personal.street,
            coordinates: personal.coordinates,
            phone: personal.phone,
        },
        grants: link.grants.clone(),
        since: link.since,
        expires: link.term.as_ref().map(|term| term.expires),
    })
}

/// A tenant's own users.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users, `foreign_cursor`, `invalid_limit`.
pub fn users(
    world: &World<'_>,
    actor: &Actor,
    tenant: TenantId,
    query: &UserQuery,
    paging: &Paging,
) -> Ruling<Page<UserRow>> {
    world.authorize(actor, USERS_VIEW, tenant, Gate::Shut)?;
    let users = world.view.under::<User>(Index::UserHome, Key::new().id(tenant.uuid())).map(|user| {
        let user = user?;
        if !query.state.map_or(user.state != UserState::Removed, |state| user.state == state) {
            return Ok(None);
        }
        let personal = world.view.personal(Subject::User(user.id))?.unwrap_or_default();
        let name = personal.name.as_ref().map_or("", |name| name.as_str());
        let email = personal.email.as_ref().map_or("", |email| email.as_str());
        if !matches(query.text.as_deref(), &[name, email]) {
            return Ok(None);
        }
        let rank = match query.sort {
            UserSort::Email => Rank::text(email),
            UserSort::Name => Rank::text(name),
            UserSort::State => Rank::text(user.state.name()),
        };
        let role = world.assignment(user.id, tenant)?.map(|assignment| assignment.role.clone());
        let row =
            UserRow { user: user.id, name: personal.name, email: personal.email, state: user.state, role };
        Ok(Some((rank, user.id.uuid(), row)))
    });
    page(&("users", tenant, query), paging, false, users)
}

/// A tenant's integrations, its own and those attached, by name (I-1).
///
/// # Errors
/// `unknown_tenant`, why the actor may not see them, `foreign_cursor`, `invalid_limit`.
pub fn integrations(
    world: &World<'_>,
    actor: &Actor,
    tenant: TenantId,
    paging: &Paging,
) -> Ruling<Page<IntegrationRow>> {
    world.authorize(actor, INTEGRATIONS_VIEW, tenant, Gate::Shut)?;
    let mut found: BTreeMap<IntegrationId, Arc<Integration>> = BTreeMap::new();
    for own in world.view.under::<Integration>(Index::IntegrationOwner, Key::new().id(tenant.uuid())) {
        let own = own?;
        found.insert(own.id, own);
    }
    for attachment in world.view.under::<Attachment>(Index::AttachmentTenant, Key::new().id(tenant.uuid())) {
        if let Some(integration) = world.view.get::<Integration>(attachment?.integration.uuid())? {
            found.insert(integration.id, integration);
        }
    }
    let rows = found.into_values().map(|it| {
        let row = IntegrationRow {
            integration: it.id,
            kind: it.kind.clone(),
            name: it.name.clone(),
            owner: it.owner,
            attached: it.owner != tenant,
        };
        Ok(Some((Rank::text(it.name.as_str()), it.id.uuid(), row)))
    });
    page(&("integrations", tenant), paging, false, rows)
}

/// A reseller's customers (V-4, V-5). Costs the rows of the reseller at most, and by company only those shown, whatever
/// the number of devices behind them.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see the reseller's devices, `foreign_cursor`, `invalid_limit`.
pub fn reseller_customers(
    world: &World<'_>,
    actor: &Actor,
    reseller: TenantId,
    query: &ResellerQuery,
    paging: &Paging,
) -> Ruling<Page<ResellerCustomerRow>> {
    world.authorize(actor, DEVICES_VIEW, reseller, Gate::Shut)?;
    let of = ("reseller_customers", reseller, query);
    // The index has the order of the list, so a page costs what it shows.
    let in_order = query.sort == ResellerSort::Company && !paging.descending;
    let after = page::place(&of, paging)?.filter(|_| in_order);
    let rows = rows_of(world, reseller, query, after).map(|found| {
        let found = found?;
        let Some(row) = reseller_row(world, &found)? else { return Ok(None) };
        if !wants(query, &row) {
            return Ok(None);
        }
        let (by_company, id) = by_company(&found);
        let rank = match query.sort {
            ResellerSort::Company => by_company,
            ResellerSort::Number => Rank::text(row.number.as_str()),
            ResellerSort::Country => {
                row.country.as_ref().map_or(Rank::Nothing, |country| Rank::text(country.as_str()))
            }
            ResellerSort::LastUploaded => {
                row.last_uploaded.map_or(Rank::Nothing, |at| Rank::Moment(at.micros()))
            }
            ResellerSort::Uploads => Rank::Count(row.uploads),
            ResellerSort::Devices => Rank::Count(row.devices),
            ResellerSort::Status => Rank::text(row.status.name()),
        };
        Ok(Some((rank, id, row)))
    });
    page(&of, paging, in_order, rows)
}

/// Where a row stands by company: as the index has it.
fn by_company(row: &ResellerRow) -> (Rank, Uuid) {
    (Rank::text(&row.company()), ResellerRow::key(row.reseller, row.tenant))
}

/// A reseller's rows that a query may want, in the order of the company, from the row after a place on.
fn rows_of<'w>(
    world: &'w World<'_>,
    reseller: TenantId,
    query: &ResellerQuery,
    after: Option<(Rank, Uuid)>,
) -> Box<dyn Iterator<Item = Result<Arc<ResellerRow>, ViewError>> + 'w> {
    if let Some(tenant) = query.tenant {
        let row = world.view.get::<ResellerRow>(ResellerRow::key(reseller, tenant)).transpose();
        let unused = query.unused;
        return Box::new(row.into_iter().filter(move |row| is_listed(row, unused)));
    }
    let rows = move |shown: bool| {
        let prefix = Key::new().id(reseller.uuid()).flag(shown);
        let all = Span::under(Index::RowCompany, prefix.clone());
        world.view.within::<ResellerRow>(match &after {
            Some((Rank::Text(_, company), id)) => all.after(prefix.folded(company), *id),
            _ => all,
        })
    };
    // What is shown and what is not are two stretches of the index: one list out of both.
    let mut unused =
        query.unused.then(|| rows(false)).into_iter().flatten().filter(|row| is_listed(row, true)).peekable();
    let mut shown = rows(true).peekable();
    Box::new(std::iter::from_fn(move || match (shown.peek(), unused.peek()) {
        (Some(Ok(one)), Some(Ok(other))) if by_company(other) < by_company(one) => unused.next(),
        (None, _) => unused.next(),
        _ => shown.next(),
    }))
}

/// Whether a row is listed: where a device is shown as it and, if the `unused` are wanted, where it was added (V-4).
fn is_listed(row: &Result<Arc<ResellerRow>, ViewError>, unused: bool) -> bool {
    row.as_ref().map_or(true, |row| row.is_shown() || (unused && row.added.is_some()))
}

/// Every row of a reseller that a query wants, one by one in the order of the company, for those who write them out (V-6).
///
/// # Errors
/// `unknown_tenant`, why the actor may not see the reseller's devices.
pub fn each_reseller_customer<'w>(
    world: &'w World<'_>,
    actor: &Actor,
    reseller: TenantId,
    query: &'w ResellerQuery,
) -> Ruling<impl Iterator<Item = Result<ResellerCustomerRow, ViewError>> + 'w> {
    world.authorize(actor, DEVICES_VIEW, reseller, Gate::Shut)?;
    Ok(rows_of(world, reseller, query, None).filter_map(|row| {
        let row = row.and_then(|row| reseller_row(world, &row)).transpose()?;
        match row {
            Ok(row) if !wants(query, &row) => None,
            row => Some(row),
        }
    }))
}

fn wants(query: &ResellerQuery, row: &ResellerCustomerRow) -> bool {
    query.status.is_none_or(|status| row.status == status)
        && matches(query.text.as_deref(), &[&row.company, row.number.as_str()])
}

fn reseller_row(world: &World<'_>, row: &ResellerRow) -> Result<Option<ResellerCustomerRow>, ViewError> {
    let Some(tenant) = world.living(row.tenant)? else { return Ok(None) };
    Ok(Some(ResellerCustomerRow {
        tenant: tenant.id,
        company: row.company(),
        number: shown_number(world, &tenant, row)?,
        country: tenant.country.clone(),
        last_uploaded: row.last_uploaded,
        uploads: row.uploads,
        devices: row.devices,
        status: row.added.as_ref().map_or(ResellerStatus::Active, |added| added.status),
    }))
}

/// The number in a reseller's row: a managed customer's is its MSP's, of several the one linked longest. Where nothing is shown
/// but what stayed after a delink, it is the customer's own, for good (V-3).
fn shown_number(world: &World<'_>, tenant: &Tenant, row: &ResellerRow) -> Result<Number, ViewError> {
    let stayed = row.is_shown() && row.delinked_devices == row.devices;
    if tenant.kind == TenantKind::Customer && !stayed {
        let oldest = world.links_above(tenant.id)?.into_iter().min_by_key(|link| (link.since, link.id));
        if let Some(link) = oldest
            && let Some(manager) = world.tenant(link.manager)?
        {
            return Ok(manager.number.clone());
        }
    }
    Ok(tenant.number.clone())
}
