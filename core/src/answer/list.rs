//! The lists (Q-1, V-4, V-5, I-1): rows as an actor may see them, filtered, in order, page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::page::{Place, Strand, Turn, Wanted, prefixes, walk};
use crate::base::ids::{IntegrationId, TenantId, UserId};
use crate::command::Contact;
use crate::model::permission::{DEVICES_VIEW, INTEGRATIONS_VIEW, TENANT_VIEW, USERS_VIEW};
use crate::model::{Attachment, Integration, Listing, Personal, ResellerRow, Stage, User, UserState};
use crate::query::{
    CustomerDetails, CustomerQuery, CustomerRow, CustomerSort, IntegrationRow, Page, Paging,
    ResellerCustomerRow, ResellerQuery, ResellerSort, UserQuery, UserRow, UserSort,
};
use crate::refusal::{Code, Refusal};
use crate::rules::{Ruling, graph};
use crate::sight::Sight;
use crate::view::{Index, Key, Span, View, ViewError, listing_strand, row_strand};

/// A manager's customers. Those that the actor may not see are not there (T-9). Of a world in
/// which everything due has happened: a listing knows nothing of terms.
///
/// Costs the rows shown, in every order and either direction, with filters on stage and management
/// type, and on devices where these are the order. Other filters are tried on row after row until
/// the page is full, and so are customers that the actor does not see: what is rare is looked for
/// among all.
///
/// # Errors
/// `unknown_tenant`, why the actor may not view the manager, `foreign_cursor`, `invalid_limit`.
pub fn customers(
    sight: &Sight<'_>,
    manager: TenantId,
    query: &CustomerQuery,
    paging: &Paging,
) -> Ruling<Page<CustomerRow>> {
    sight.may(TENANT_VIEW, manager)?;
    let world = sight.world();
    // A customer that was delinked is shown by what the link itself says, to those who see whatever
    // the manager manages.
    let below = match query.stage {
        Some(Stage::Delinked) => None,
        _ => Some(sight.below(manager)?),
    };
    let remembers = below.is_some() || sight.sees_below(manager)?;
    let turn = Turn::of(&("customers", manager, query), paging)?;
    let text = Wanted::of(query.text.as_deref())?;
    let rows = turn.walk::<Listing>(world.view, listings(world.view, manager, query)?).map(|found| {
        let (place, listing) = found?;
        let wanted = query.service.as_ref().is_none_or(|service| listing.services.contains(service))
            && query.min_devices.is_none_or(|least| listing.devices >= least)
            && query.max_devices.is_none_or(|most| listing.devices <= most)
            && text.is_in(&[listing.name.as_str(), listing.number.as_str()]);
        let shown = match &below {
            Some(below) => wanted && below.has(listing.tenant)?,
            None => wanted && remembers,
        };
        Ok(shown.then(|| (place, customer_row(Arc::unwrap_or_clone(listing)))))
    });
    turn.page(rows)
}

/// The strands of a manager's listings that a query wants. Where the order is by what a strand has
/// in common, rows that are alike in it come by name.
fn listings(view: &dyn View, manager: TenantId, query: &CustomerQuery) -> Result<Vec<Strand>, ViewError> {
    let index = match query.sort {
        CustomerSort::Name | CustomerSort::Management | CustomerSort::Status => Index::ListingName,
        CustomerSort::Number => Index::ListingNumber,
        CustomerSort::Services => Index::ListingServices,
        CustomerSort::Devices => Index::ListingDevices,
    };
    let found = prefixes(view, index, Key::new().id(manager.uuid()), listing_strand)?;
    let wanted = found.into_iter().filter(|(_, one)| {
        query.stage.map_or(one.stage.is_in_force(), |stage| one.stage == stage)
            && query.management.as_ref().is_none_or(|management| one.management == *management)
    });
    let strands = wanted.map(|(prefix, one)| {
        let mut span = Span::under(index, prefix.clone());
        if query.sort == CustomerSort::Devices {
            span = span
                .at_least(prefix.clone().count(query.min_devices.unwrap_or(0)))
                .at_most(&prefix.clone().count(query.max_devices.unwrap_or(u64::MAX)));
        }
        let lead = match query.sort {
            CustomerSort::Management => Key::new().text(one.management.as_str()),
            CustomerSort::Status => Key::new().text(one.stage.name()),
            _ => Key::new(),
        };
        Strand { span, prefix, lead }
    });
    Ok(strands.collect())
}

fn customer_row(listing: Listing) -> CustomerRow {
    CustomerRow {
        tenant: listing.tenant,
        link: listing.link,
        name: listing.name,
        number: listing.number,
        services: listing.services,
        management: listing.management,
        stage: listing.stage,
        operation: listing.operation,
        devices: listing.devices,
    }
}

/// One customer in detail.
///
/// # Errors
/// `unknown_tenant`, why the actor may not view it, `not_linked` where the manager does not manage
/// it directly.
pub fn customer(sight: &Sight<'_>, manager: TenantId, customer: TenantId) -> Ruling<CustomerDetails> {
    sight.may(TENANT_VIEW, manager)?;
    let open = sight.may(TENANT_VIEW, customer)?;
    let world = sight.world();
    let link = world.links_above(customer)?.into_iter().find(|link| link.manager == manager);
    let (Some(link), Some(tenant)) = (link, world.living(customer)?) else {
        return Err(Refusal::new(Code::NotLinked, customer).into());
    };
    let personal = open.contact()?;
    Ok(CustomerDetails {
        row: customer_row(Listing::of(&link, &tenant)),
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

/// A tenant's own users. Costs all of them: they are sorted by what is personal, which no index
/// holds, since it must be erasable (U-5).
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users, `foreign_cursor`, `invalid_limit`.
pub fn users(
    sight: &Sight<'_>,
    tenant: TenantId,
    query: &UserQuery,
    paging: &Paging,
) -> Ruling<Page<UserRow>> {
    let open = sight.may(USERS_VIEW, tenant)?;
    let world = sight.world();
    let key = |user: &User, personal: &Personal| -> Result<Key, ViewError> {
        Ok(Key::new().folded(match query.sort {
            UserSort::Email => personal.email.as_ref().map_or("", |email| email.as_str()),
            UserSort::Name => personal.name.as_ref().map_or("", |name| name.as_str()),
            UserSort::State => world.user_state(user)?.name(),
        }))
    };
    let turn = Turn::personal(&("users", tenant, query), paging, |id| {
        let user = world.user(UserId::from_uuid(id))?.filter(|user| user.home == tenant);
        user.map(|user| key(&user, &open.person(&user)?)).transpose()
    })?;
    let text = Wanted::of(query.text.as_deref())?;
    let users = world.view.under::<User>(Index::UserHome, Key::new().id(tenant.uuid())).map(|user| {
        let user = user?;
        let state = world.user_state(&user)?;
        if !query.state.map_or(state != UserState::Removed, |wanted| state == wanted) {
            return Ok(None);
        }
        let personal = open.person(&user)?;
        let name = personal.name.as_ref().map_or("", |name| name.as_str());
        let email = personal.email.as_ref().map_or("", |email| email.as_str());
        if !text.is_in(&[name, email]) {
            return Ok(None);
        }
        let place = (key(&user, &personal)?, user.id.uuid());
        let role = world.assignment(user.id, tenant)?.map(|assignment| assignment.role.clone());
        let row = UserRow { user: user.id, name: personal.name, email: personal.email, state, role };
        Ok(Some((place, row)))
    });
    turn.sorted(users)
}

/// A tenant's integrations, its own and those attached, by name (I-1).
///
/// # Errors
/// `unknown_tenant`, why the actor may not see them, `foreign_cursor`, `invalid_limit`.
pub fn integrations(sight: &Sight<'_>, tenant: TenantId, paging: &Paging) -> Ruling<Page<IntegrationRow>> {
    sight.may(INTEGRATIONS_VIEW, tenant)?;
    let world = sight.world();
    let turn = Turn::of(&("integrations", tenant), paging)?;
    let mut found: BTreeMap<IntegrationId, Arc<Integration>> = BTreeMap::new();
    for own in world.view.under::<Integration>(Index::IntegrationOwner, Key::new().id(tenant.uuid())) {
        let own = own?;
        found.insert(own.id, own);
    }
    // What is attached rests on the links by which its owner manages the tenant, and ends with them
    // (D-6).
    let above = graph::above(world, tenant, &BTreeSet::new())?;
    for attachment in world.view.under::<Attachment>(Index::AttachmentTenant, Key::new().id(tenant.uuid())) {
        let attachment = attachment?;
        if above.contains(&attachment.owner)
            && let Some(integration) = world.view.get::<Integration>(attachment.integration.uuid())?
        {
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
        Ok(Some(((Key::new().folded(it.name.as_str()), it.id.uuid()), row)))
    });
    turn.sorted(rows)
}

/// A reseller's customers (V-4, V-5). Of a world in which everything due has happened. Costs the
/// rows shown, in every order and either direction, with filters on status, whatever the number of
/// devices behind them. A text is looked for in row after row until the page is full.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see the reseller's devices, `foreign_cursor`,
/// `invalid_limit`.
pub fn reseller_customers(
    sight: &Sight<'_>,
    reseller: TenantId,
    query: &ResellerQuery,
    paging: &Paging,
) -> Ruling<Page<ResellerCustomerRow>> {
    sight.may(DEVICES_VIEW, reseller)?;
    let world = sight.world();
    let turn = Turn::of(&("reseller_customers", reseller, query), paging)?;
    let text = Wanted::of(query.text.as_deref())?;
    let row = |found: Result<(Place, Arc<ResellerRow>), ViewError>| {
        let (place, row) = found?;
        let shown = wants(query, &text, &row) && sight.still_lives(row.tenant)?;
        Ok(shown.then(|| (place, reseller_row(Arc::unwrap_or_clone(row)))))
    };
    match query.tenant {
        Some(tenant) => turn.sorted(one_row(world.view, reseller, tenant).map(row)),
        None => {
            let strands = rows(world.view, reseller, query, query.sort)?;
            turn.page(turn.walk(world.view, strands).map(row))
        }
    }
}

/// Every row of a reseller that a query wants, one by one in the order of the company, for those
/// who write them out (V-6).
///
/// # Errors
/// `unknown_tenant`, why the actor may not see the reseller's devices.
pub fn each_reseller_customer<'s>(
    sight: &'s Sight<'_>,
    reseller: TenantId,
    query: &'s ResellerQuery,
) -> Ruling<impl Iterator<Item = Result<ResellerCustomerRow, ViewError>> + 's> {
    sight.may(DEVICES_VIEW, reseller)?;
    let world = sight.world();
    let text = Wanted::of(query.text.as_deref())?;
    let one = query.tenant.map(|tenant| one_row(world.view, reseller, tenant));
    let all = match query.tenant {
        Some(_) => Vec::new(),
        None => rows(world.view, reseller, query, ResellerSort::Company)?,
    };
    let all = walk::<ResellerRow>(world.view, all, EVERY);
    let found = one.into_iter().flatten().chain(all);
    Ok(found.filter_map(move |found| {
        let row = found.and_then(|(_, row)| {
            let shown = wants(query, &text, &row) && sight.still_lives(row.tenant)?;
            Ok(shown.then(|| reseller_row(Arc::unwrap_or_clone(row))))
        });
        row.transpose()
    }))
}

/// How many rows are read at a time where every one is wanted.
const EVERY: usize = 256;

/// A reseller's row of one tenant, if there is one.
fn one_row<'w>(
    view: &'w dyn View,
    reseller: TenantId,
    tenant: TenantId,
) -> impl Iterator<Item = Result<(Place, Arc<ResellerRow>), ViewError>> + 'w {
    let id = ResellerRow::key(reseller, tenant);
    let row = view.get::<ResellerRow>(id).transpose();
    row.into_iter().map(move |row| Ok(((Key::new(), id), row?)))
}

/// The strands of a reseller's rows that a query wants, in an order.
fn rows(
    view: &dyn View,
    reseller: TenantId,
    query: &ResellerQuery,
    sort: ResellerSort,
) -> Result<Vec<Strand>, ViewError> {
    let index = match sort {
        ResellerSort::Company | ResellerSort::Status => Index::RowCompany,
        ResellerSort::Number => Index::RowNumber,
        ResellerSort::Country => Index::RowCountry,
        ResellerSort::LastUploaded => Index::RowUploaded,
        ResellerSort::Uploads => Index::RowUploads,
        ResellerSort::Devices => Index::RowDevices,
    };
    let found = prefixes(view, index, Key::new().id(reseller.uuid()), row_strand)?;
    let wanted = found.into_iter().filter(|(_, one)| chooses(query, one));
    let strands = wanted.map(|(prefix, one)| {
        let by_status = (sort == ResellerSort::Status).then(|| Key::new().text(one.status().name()));
        Strand { span: Span::under(index, prefix.clone()), prefix, lead: by_status.unwrap_or_default() }
    });
    Ok(strands.collect())
}

/// Whether a query wants rows that are like this one in what strands have in common: where a device
/// is shown as it and, if the unused are wanted, where it was added (V-4).
fn chooses(query: &ResellerQuery, row: &ResellerRow) -> bool {
    row.is_listed()
        && (query.unused || row.is_shown())
        && query.status.is_none_or(|status| row.status() == status)
}

fn wants(query: &ResellerQuery, text: &Wanted, row: &ResellerRow) -> bool {
    chooses(query, row) && text.is_in(&[&row.company(), row.number.as_str()])
}

fn reseller_row(row: ResellerRow) -> ResellerCustomerRow {
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
