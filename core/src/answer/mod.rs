//! Queries become answers: one match, short arms. Reads a view as an actor may see it; never
//! writes.

mod arising;
mod asked;
mod external;
mod feed;
mod host;
mod own;
mod page;
mod parties;
mod preview;
mod records;
mod report;
mod review;
mod sync;
mod temporary;
mod tenant;
mod trade;

pub use asked::{AskedWorld, History};
pub use feed::access_changes;
pub use host::{
    AnyEntity, EntityKind, HeldDevice, Of, entities, entity, held, listed, loaded, permissions, records,
    tenants_where, users_who_can,
};
#[cfg(feature = "testkit")]
pub use page::MAX_TEXT;
pub use page::Seal;
pub use records::receipt;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use page::{Strand, Turn, Wanted, placed, walk};
use trade::{chooses, reseller_row};

use crate::base::ids::{IntegrationId, TenantId, UserId};
use crate::csv;
use crate::decide::Settling;
use crate::model::permission::{CUSTOMERS_LIST, DEVICES_VIEW, INTEGRATIONS_VIEW, TENANT_VIEW, USERS_VIEW};
use crate::model::{Attachment, Integration, Listing, Personal, ResellerRow, Stage, User, UserState};
use crate::query::{
    Answer, Csv, Customer, CustomerDetails, CustomerFilter, CustomerRow, CustomerSort, Customers,
    Explanation, IntegrationRow, IntegrationSort, Integrations, LookUp, Page, Pin, Query, Question,
    ResellerCsv, ResellerCustomerRow, ResellerCustomers, ResellerFilter, ResellerSort, TenantSummary,
    UserRow, UserSort, Users, Verdict,
};
use crate::refusal::{Code, Refusal};
use crate::rules::difference::Affected;
use crate::rules::{Ruling, alert, graph};
use crate::sight::{Below, Sight};
use crate::view::{Index, Key, ReadOnce, Span, Spot, View, ViewError, listing_strand, prefixes, row_strand};

/// The answer to a question about a world. Nothing of it is read twice, as far as that is little.
///
/// # Errors
/// The refusals of the query, or the world could not be read.
pub fn answer(asked: &AskedWorld<'_>, query: &Query) -> Ruling<Answer> {
    let known = ReadOnce::of(asked.world.view);
    let asked = &AskedWorld { world: &asked.world.through(&known), ..*asked };
    Ok(match query {
        Query::Check(it) => Answer::Check(asked.check(&it.question())?),
        Query::CheckMany(it) => {
            Answer::CheckMany(it.questions.iter().map(|one| asked.check(one)).collect::<Ruling<_>>()?)
        }
        Query::Explain(it) => {
            let question = it.question();
            Answer::Explain(explained(&question, asked.check(&question)?))
        }
        Query::TenantsWhere(it) => {
            Answer::TenantsWhere(asked.tenants_where(it.user, &it.permission, it.service.as_ref())?)
        }
        Query::UsersWhoCan(it) => {
            Answer::UsersWhoCan(asked.users_who_can(&it.permission, it.tenant, it.service.as_ref())?)
        }
        Query::LookUp(it) => Answer::LookUp(asked.told(&it.actor, None, |sight| look_up(sight, it))?),
        Query::Pins(it) => Answer::Pins(asked.told(&it.actor, None, pins)?),
        Query::Customers(it) => {
            let (right, due) = ((CUSTOMERS_LIST, it.manager), Settling::LinksOf(&[it.manager]));
            let rows = |sight: &Sight<'_>| customers(sight, asked.seal, it);
            Answer::Customers(asked.told_where(&it.actor, right, due, rows)?)
        }
        Query::Customer(it) => {
            let due = Settling::LinksAbove(it.customer);
            Answer::Customer(asked.told(&it.actor, Some(due), |sight| customer(sight, it))?)
        }
        Query::Users(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            Answer::Users(asked.told(&it.actor, due, |sight| users(sight, asked.seal, it))?)
        }
        Query::Integrations(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            Answer::Integrations(asked.told(&it.actor, due, |sight| integrations(sight, asked.seal, it))?)
        }
        Query::ResellerCustomers(it) => {
            let (right, due) = ((DEVICES_VIEW, it.reseller), Settling::LinksOfReseller(it.reseller));
            let rows = |sight: &Sight<'_>| reseller_customers(sight, asked.seal, it);
            Answer::ResellerCustomers(asked.told_where(&it.actor, right, due, rows)?)
        }
        Query::ResellerCsv(it) => {
            let (right, due) = ((DEVICES_VIEW, it.reseller), Settling::LinksOfReseller(it.reseller));
            let rows = |sight: &Sight<'_>| reseller_csv(sight, it);
            Answer::ResellerCsv(asked.told_where(&it.actor, right, due, rows)?)
        }
        Query::Settings(it) => {
            Answer::Settings(asked.told(&it.actor, None, |sight| tenant::settings(sight, it))?)
        }
        Query::Places(it) => {
            Answer::Places(asked.told(&it.actor, None, |sight| tenant::places(sight, asked.seal, it))?)
        }
        Query::Awaiting(it) => {
            let rows = |sight: &Sight<'_>| tenant::awaiting(asked, sight, it);
            Answer::Awaiting(asked.told_what_awaits(&it.actor, rows)?)
        }
        Query::AskedByMe(it) => {
            let rows = |sight: &Sight<'_>| own::asked(asked, sight, it);
            Answer::AskedByMe(asked.told_what_awaits(&it.actor, rows)?)
        }
        Query::MyProfile(it) => Answer::MyProfile(asked.told(&it.actor, None, own::profile)?),
        Query::MyPermissions(it) => {
            Answer::MyPermissions(asked.told(&it.actor, None, |sight| own::permissions(sight, it))?)
        }
        Query::Managers(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            Answer::Managers(asked.told(&it.actor, due, |sight| tenant::managers(sight, asked.seal, it))?)
        }
        Query::LinkRequests(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            let rows = |sight: &Sight<'_>| tenant::link_requests(asked, sight, it);
            Answer::LinkRequests(asked.told(&it.actor, due, rows)?)
        }
        Query::ManagerInvitations(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            let rows = |sight: &Sight<'_>| tenant::manager_invitations(asked, sight, it);
            Answer::ManagerInvitations(asked.told(&it.actor, due, rows)?)
        }
        Query::Links(it) => {
            let (right, due) = ((parties::side_of_links(it).0, it.tenant), Settling::LinksOf(&[it.tenant]));
            let rows = |sight: &Sight<'_>| parties::links(sight, asked.seal, it);
            Answer::Links(asked.told_where(&it.actor, right, due, rows)?)
        }
        Query::Proposals(it) => {
            let rows = |sight: &Sight<'_>| parties::proposals(asked, sight, it);
            Answer::Proposals(asked.told(&it.actor, None, rows)?)
        }
        Query::BarredManagers(it) => {
            let rows = |sight: &Sight<'_>| tenant::barred_managers(sight, asked.seal, it);
            Answer::BarredManagers(asked.told(&it.actor, None, rows)?)
        }
        Query::ExternalIds(it) => {
            let rows = |sight: &Sight<'_>| external::external_ids(sight, asked.seal, it);
            Answer::ExternalIds(asked.told(&it.actor, None, rows)?)
        }
        Query::LookUpExternal(it) => {
            Answer::LookUpExternal(asked.told(&it.actor, None, |sight| external::look_up(sight, it))?)
        }
        Query::PlanSync(it) => Answer::PlanSync(asked.told(&it.actor, None, |sight| sync::plan(sight, it))?),
        Query::Roles(it) => {
            Answer::Roles(asked.told(&it.actor, None, |sight| tenant::roles(sight, asked.seal, it))?)
        }
        Query::Assignments(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            let rows = |sight: &Sight<'_>| tenant::assignments(sight, asked.seal, it);
            Answer::Assignments(asked.told(&it.actor, due, rows)?)
        }
        Query::EligibleRoles(it) => {
            let rows = |sight: &Sight<'_>| temporary::eligible_roles(sight, asked.seal, it);
            Answer::EligibleRoles(asked.told(&it.actor, None, rows)?)
        }
        Query::TemporaryAccess(it) => {
            let rows = |sight: &Sight<'_>| temporary::temporary_access(sight, asked.seal, it);
            Answer::TemporaryAccess(asked.told(&it.actor, None, rows)?)
        }
        Query::Invitations(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            let rows = |sight: &Sight<'_>| tenant::invitations(sight, asked.seal, it);
            Answer::Invitations(asked.told(&it.actor, due, rows)?)
        }
        Query::LinkTerms(it) => {
            Answer::LinkTerms(asked.told(&it.actor, None, |sight| tenant::link_terms(sight, it))?)
        }
        Query::Devices(it) => {
            Answer::Devices(asked.told(&it.actor, None, |sight| tenant::devices(sight, asked.seal, it))?)
        }
        Query::FindDevice(it) => {
            Answer::FindDevice(asked.told(&it.actor, None, |sight| tenant::device(sight, it))?)
        }
        Query::FindPerson(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            Answer::FindPerson(asked.told(&it.actor, due, |sight| tenant::person(sight, it))?)
        }
        Query::Moves(it) => {
            let rows = |sight: &Sight<'_>| parties::moves(asked, sight, it);
            Answer::Moves(asked.told(&it.actor, None, rows)?)
        }
        Query::Uploads(it) => {
            let (right, due) = ((DEVICES_VIEW, it.reseller), Settling::LinksOfReseller(it.reseller));
            let rows = |sight: &Sight<'_>| trade::uploads(sight, asked.seal, it);
            Answer::Uploads(asked.told_where(&it.actor, right, due, rows)?)
        }
        Query::Resellers(it) => {
            Answer::Resellers(asked.told(&it.actor, None, |sight| trade::resellers(sight, asked.seal, it))?)
        }
        Query::AlertRules(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            Answer::AlertRules(asked.told(&it.actor, due, |sight| trade::alert_rules(sight, asked.seal, it))?)
        }
        Query::Licences(it) => {
            Answer::Licences(asked.told(&it.actor, None, |sight| tenant::licences(sight, asked.seal, it))?)
        }
        Query::Sessions(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            Answer::Sessions(asked.told(&it.actor, due, |sight| tenant::sessions(sight, asked.seal, it))?)
        }
        Query::ServiceMail(it) => Answer::ServiceMail(alert::service_mail(asked.world, it.tenant)?),
        Query::AlertRecipients(it) => {
            Answer::AlertRecipients(alert::recipients(asked.world, it.tenant, &it.category)?)
        }
        Query::TenantAccess(it) => {
            let rows = |sight: &Sight<'_>| review::of_tenant(sight, asked.seal, it);
            Answer::TenantAccess(asked.told(&it.actor, None, rows)?)
        }
        Query::OrganisationAccess(it) => {
            let rows = |sight: &Sight<'_>| review::of_organisations(sight, it);
            Answer::OrganisationAccess(asked.told(&it.actor, None, rows)?)
        }
        Query::UserAccess(it) => {
            Answer::UserAccess(asked.told(&it.actor, None, |sight| review::of_user(sight, asked.seal, it))?)
        }
        Query::TenantAccessChanges(it) => {
            let rows = |both: [&Sight<'_>; 2]| review::of_tenant_since(both, asked.seal, it);
            Answer::TenantAccessChanges(asked.told_since(&it.actor, it.since, rows)?)
        }
        Query::Arising(it) => {
            let due = Some(Settling::LinksAbove(it.tenant));
            Answer::Arising(asked.told(&it.actor, due, |sight| arising::of_tenant(asked, sight, it))?)
        }
        Query::UserAccessChanges(it) => {
            let rows = |both: [&Sight<'_>; 2]| review::of_user_since(both, asked.seal, it);
            Answer::UserAccessChanges(asked.told_since(&it.actor, it.since, rows)?)
        }
        Query::TenantReport(it) => {
            // What is on it is asked as anybody would ask it.
            let ask = |query: Query| answer(asked, &query);
            let by = |seq: u64| {
                let changes = |both: [&Sight<'_>; 2], affected: &Affected| {
                    review::of_tenant_by(both, affected, it.tenant, report::PEOPLE)
                };
                asked.told_by(&it.actor, seq, changes)
            };
            let asker = report::Asker { ask: &ask, by: &by, has_passed: asked.present.is_some() };
            Answer::TenantReport(asked.told(&it.actor, None, |sight| report::of_tenant(sight, asker, it))?)
        }
        Query::Preview(it) => {
            let tell = |step, both: [&Sight<'_>; 2]| preview::preview(asked, &step, both, it);
            Answer::Preview(asked.told_beforehand(&it.actor, &it.command, tell)?)
        }
        Query::PolicyInForce(_) => Answer::PolicyInForce(asked.world.policy.policy.clone()),
        Query::Audit(it) => {
            Answer::Audit(asked.told(&it.actor, None, |sight| records::audit(asked, sight, it))?)
        }
    })
}

/// A verdict on a question, in words.
fn explained(question: &Question, verdict: Verdict) -> Explanation {
    let reason = verdict.reason.map(|code| {
        let about = if code == Code::UnknownUser || code == Code::UserNotActive {
            question.user.to_string()
        } else {
            question.tenant.to_string()
        };
        Refusal::new(code, about)
    });
    Explanation {
        rule: verdict.rule(),
        number: reason.as_ref().map(|refusal| refusal.code.number()),
        message: reason.as_ref().map(Refusal::message),
        verdict,
    }
}

/// What somebody who may link is told about a number (T-8): to a user who asks about a past, what
/// it is called today, for what a stranger was called is no affair of theirs.
///
/// # Errors
/// `unknown_tenant`, `cannot_manage`, and why the actor may not link ([`Sight::may_link`]).
fn look_up(sight: &Sight<'_>, it: &LookUp) -> Ruling<TenantSummary> {
    sight.may_link()?;
    let then = sight.world().numbered(&it.number)?.filter(|tenant| tenant.is_living());
    let told = then.map(|tenant| sight.as_it_is(&tenant)).transpose()?.flatten();
    let tenant = told.ok_or_else(|| Refusal::new(Code::UnknownTenant, &it.number))?;
    Ok(TenantSummary {
        number: tenant.number.clone(),
        name: tenant.name.clone(),
        country: tenant.country.clone(),
        kind: tenant.kind,
    })
}

/// The pins on a user's map: the tenants they may view that have coordinates, in the order of their
/// ids (T-4).
///
/// # Errors
/// `wrong_actor` for anybody but a user, `unknown_user`, `user_not_active`.
fn pins(sight: &Sight<'_>) -> Ruling<Vec<Pin>> {
    sight.person()?;
    let mut pins = Vec::new();
    for open in sight.viewed()? {
        let place = open.contact()?.coordinates;
        if let (Some(coordinates), Some(tenant)) = (place, sight.world().living(open.tenant())?) {
            pins.push(Pin { tenant: tenant.id, name: tenant.name.clone(), coordinates });
        }
    }
    Ok(pins)
}

/// A manager's customers. Those that the actor may not see are not there (T-9). Of a world in
/// which everything due has happened: a listing knows nothing of terms.
///
/// Costs the rows shown, in every order and either direction, with filters on stage and management
/// type, and on devices where these are the order. With a text, a service or devices besides it
/// costs the customers that meet whichever of them the fewest meet, or those up to the end of the
/// page, if these are fewer. Of whoever sees some of many, those that they do not are gone past.
///
/// # Errors
/// `unknown_tenant`, why the actor may not list its customers ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`, `text_too_long`.
pub fn customers(sight: &Sight<'_>, seal: Seal, it: &Customers) -> Ruling<Page<CustomerRow>> {
    let Customers { manager, filter, paging, .. } = it;
    let manager = *manager;
    sight.may(CUSTOMERS_LIST, manager)?;
    let world = sight.world();
    // A customer that was delinked is shown by what the link itself says, to those who see whatever
    // the manager manages, unless they were kept off this one.
    let below = match filter.stage {
        Some(Stage::Delinked) => None,
        _ => Some(sight.below(manager)?),
    };
    let remembers = below.is_some() || sight.sees_below(manager)?;
    let turn = Turn::of(seal, &("customers", manager, filter), paging)?;
    let text = Wanted::of(filter.text.as_deref())?;
    let row = |found: Result<(Spot, Arc<Listing>), ViewError>| {
        let (place, listing) = found?;
        let wanted = filter.service.as_ref().is_none_or(|service| listing.services.contains(service))
            && filter.min_devices.is_none_or(|least| listing.devices >= least)
            && filter.max_devices.is_none_or(|most| listing.devices <= most)
            && text.is_in(&[listing.name.as_str(), listing.number.as_str()]);
        let shown = match &below {
            Some(below) => wanted && below.has(listing.tenant)?,
            None => wanted && remembers && !sight.is_kept_off(manager, listing.tenant)?,
        };
        Ok(shown.then(|| (place, customer_row(Arc::unwrap_or_clone(listing)))))
    };
    match below.as_ref().and_then(Below::only) {
        Some(few) => turn.sorted(listings_of(sight, manager, few, filter)?.into_iter().map(Ok).map(row)),
        None => {
            let (strands, prefixes) = listings(world.view, manager, filter)?;
            let walked = turn.walk::<Listing>(world.view, strands);
            let narrower = narrower(filter, &text, &prefixes);
            let rows = turn.narrowed(walked, narrower, |one| place(filter, one), |found| row(Ok(found)))?;
            turn.page(rows.into_iter().map(|row| Ok(Some(row))))
        }
    }
}

/// The listings of a manager that are about these tenants, with their places in the list.
fn listings_of(
    sight: &Sight<'_>,
    manager: TenantId,
    tenants: &BTreeSet<TenantId>,
    filter: &CustomerFilter,
) -> Result<Vec<(Spot, Arc<Listing>)>, ViewError> {
    let world = sight.world();
    let mut found = Vec::new();
    for tenant in tenants {
        for link in world.links_above(*tenant)?.into_iter().filter(|link| link.manager == manager) {
            let Some(listing) = world.view.get::<Listing>(link.id.uuid())? else { continue };
            if chosen(filter, &listing) {
                found.extend(place(filter, &listing).map(|place| (place, listing)));
            }
        }
    }
    Ok(found)
}

/// Where a listing stands in the order that a filter wants.
fn place(filter: &CustomerFilter, one: &Listing) -> Option<Spot> {
    placed(one, sorting(filter), &listing_strand(one), &lead(filter, one))
}

/// The index that has a manager's listings in the order that a filter wants.
const fn sorting(filter: &CustomerFilter) -> Index {
    match filter.sort {
        CustomerSort::Name | CustomerSort::Management | CustomerSort::Status => Index::ListingName,
        CustomerSort::Number => Index::ListingNumber,
        CustomerSort::Services => Index::ListingServices,
        CustomerSort::Devices => Index::ListingDevices,
    }
}

/// Whether a filter wants listings that are alike to this one.
fn chosen(filter: &CustomerFilter, one: &Listing) -> bool {
    filter.stage.map_or(one.stage.is_in_force(), |stage| one.stage == stage)
        && filter.management.as_ref().is_none_or(|management| one.management == *management)
}

/// What comes before everything else in the order that a filter wants.
fn lead(filter: &CustomerFilter, one: &Listing) -> Key {
    match filter.sort {
        CustomerSort::Management => Key::new().text(one.management.as_str()),
        CustomerSort::Status => Key::new().text(one.stage.name()),
        _ => Key::new(),
    }
}

/// The strands of a manager's listings that a filter wants, and the prefixes of their keys. Where
/// the order is by what a strand has in common, rows that are alike in it come by name.
fn listings(
    view: &dyn View,
    manager: TenantId,
    filter: &CustomerFilter,
) -> Result<(Vec<Strand>, Vec<Key>), ViewError> {
    let index = sorting(filter);
    let found = prefixes(view, index, Key::new().id(manager.uuid()), listing_strand)?;
    let chosen = found.into_iter().filter(|(_, one)| chosen(filter, one)).map(|(prefix, one)| {
        let span = match filter.sort {
            CustomerSort::Devices => devices_between(filter, &prefix),
            _ => Span::under(index, prefix.clone()),
        };
        (Strand { span, prefix: prefix.clone(), lead: lead(filter, &one) }, prefix)
    });
    Ok(chosen.unzip())
}

/// The listings under a prefix that have as many devices as a filter wants.
fn devices_between(filter: &CustomerFilter, prefix: &Key) -> Span {
    Span::under(Index::ListingDevices, prefix.clone())
        .at_least(prefix.clone().count(filter.min_devices.unwrap_or(0)))
        .at_most(&prefix.clone().count(filter.max_devices.unwrap_or(u64::MAX)))
}

/// What is found by each of the things that a filter narrows the listings under these prefixes to.
fn narrower(filter: &CustomerFilter, text: &Wanted, prefixes: &[Key]) -> Vec<Vec<Span>> {
    let mut narrower = text.narrower(Index::ListingWord, prefixes);
    narrower.extend(filter.service.iter().map(|service| {
        let of = |prefix: &Key| Span::under(Index::ListingService, prefix.clone().text(service.as_str()));
        prefixes.iter().map(of).collect()
    }));
    if filter.sort != CustomerSort::Devices && filter.min_devices.or(filter.max_devices).is_some() {
        narrower.push(prefixes.iter().map(|prefix| devices_between(filter, prefix)).collect());
    }
    narrower
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
        status: listing.stage.status().to_owned(),
        delink_ends: listing.delink_ends,
        operation: listing.operation,
        devices: listing.devices,
    }
}

/// One customer in detail.
///
/// # Errors
/// `unknown_tenant`, why the actor may not list the manager's customers or view this one
/// ([`Sight::may`]), `not_linked` where the manager does not manage it directly.
fn customer(sight: &Sight<'_>, it: &Customer) -> Ruling<CustomerDetails> {
    let &Customer { manager, customer, .. } = it;
    sight.may(CUSTOMERS_LIST, manager)?;
    let open = sight.may(TENANT_VIEW, customer)?;
    let world = sight.world();
    let link = world.links_above(customer)?.into_iter().find(|link| link.manager == manager);
    let (Some(link), Some(tenant)) = (link, world.living(customer)?) else {
        return Err(Refusal::new(Code::NotLinked, customer).into());
    };
    Ok(CustomerDetails {
        row: customer_row(Listing::of(&link, &tenant)),
        kind: tenant.kind,
        country: tenant.country.clone(),
        website: tenant.website.clone(),
        prefix: tenant.prefix.clone(),
        contact: open.contact()?,
        grants: link.grants.clone(),
        since: link.since,
        expires: link.term.as_ref().map(|term| term.expires),
    })
}

/// A tenant's own users. Costs all of them, whatever the filter and the page: they are looked for
/// and sorted by what is personal, which no index holds, since it must be erasable (U-5).
///
/// # Errors
/// `unknown_tenant`, why the actor may not see its users ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`, `text_too_long`.
fn users(sight: &Sight<'_>, seal: Seal, it: &Users) -> Ruling<Page<UserRow>> {
    let Users { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    let open = sight.may(USERS_VIEW, tenant)?;
    let world = sight.world();
    let key = |user: &User, personal: &Personal| -> Result<Key, ViewError> {
        Ok(Key::new().folded(match filter.sort {
            UserSort::Email => personal.email.as_ref().map_or("", |email| email.as_str()),
            UserSort::Name => personal.name.as_ref().map_or("", |name| name.as_str()),
            UserSort::State => world.user_state(user)?.name(),
        }))
    };
    let turn = Turn::personal(seal, &("users", tenant, filter), paging, |id| {
        let user = world.user(UserId::from_uuid(id))?.filter(|user| user.home == tenant);
        user.map(|user| key(&user, &open.person(&user)?)).transpose()
    })?;
    let text = Wanted::of(filter.text.as_deref())?;
    let users = world.view.under::<User>(Index::UserHome, Key::new().id(tenant.uuid())).map(|user| {
        let user = user?;
        let state = world.user_state(&user)?;
        if !filter.state.map_or(state != UserState::Removed, |wanted| state == wanted) {
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
        let Personal { name, email, new_email, .. } = personal;
        let row = UserRow { user: user.id, name, email, new_email, state, role };
        Ok(Some((place, row)))
    });
    turn.sorted(users)
}

/// A tenant's integrations, its own and those attached (I-1, I-3). What was attached by an
/// organisation that is not there for the actor is not there either (T-9). Costs all of them.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see them ([`Sight::may`]), `foreign_cursor`,
/// `invalid_limit`, `text_too_long`.
fn integrations(sight: &Sight<'_>, seal: Seal, it: &Integrations) -> Ruling<Page<IntegrationRow>> {
    let Integrations { tenant, filter, paging, .. } = it;
    let tenant = *tenant;
    sight.may(INTEGRATIONS_VIEW, tenant)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("integrations", tenant, filter), paging)?;
    let text = Wanted::of(filter.text.as_deref())?;
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
            && sight.still_knows(attachment.owner)?
            && let Some(integration) = world.view.get::<Integration>(attachment.integration.uuid())?
        {
            found.insert(integration.id, integration);
        }
    }
    let rows = found.into_values().map(|it| {
        let wanted = filter.kind.as_ref().is_none_or(|kind| it.kind == *kind)
            && filter.owner.is_none_or(|owner| it.owner == owner)
            && text.is_in(&[it.name.as_str()]);
        let Some(owner) = world.tenant(it.owner)?.filter(|_| wanted) else { return Ok(None) };
        let lead = match filter.sort {
            IntegrationSort::Name => Key::new(),
            IntegrationSort::Kind => Key::new().text(it.kind.as_str()),
            IntegrationSort::Owner => Key::new().folded(owner.name.as_str()),
        };
        let row = IntegrationRow {
            integration: it.id,
            kind: it.kind.clone(),
            name: it.name.clone(),
            owner: it.owner,
            owner_name: owner.name.clone(),
            attached: it.owner != tenant,
        };
        Ok(Some(((lead.folded(it.name.as_str()), it.id.uuid()), row)))
    });
    turn.sorted(rows)
}

/// A reseller's customers (V-4, V-5). Of a world in which everything due has happened. Costs the
/// rows shown, in every order and either direction, with filters on status, whatever the number of
/// devices behind them. With a text it costs the rows that have whichever of its words the fewest
/// have, or those up to the end of the page, if these are fewer.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see the reseller's devices ([`Sight::may`]),
/// `foreign_cursor`, `invalid_limit`, `text_too_long`.
pub fn reseller_customers(
    sight: &Sight<'_>,
    seal: Seal,
    it: &ResellerCustomers,
) -> Ruling<Page<ResellerCustomerRow>> {
    let ResellerCustomers { reseller, filter, paging, .. } = it;
    let reseller = *reseller;
    sight.may(DEVICES_VIEW, reseller)?;
    let world = sight.world();
    let turn = Turn::of(seal, &("reseller_customers", reseller, filter), paging)?;
    let text = Wanted::of(filter.text.as_deref())?;
    let row = |found: Result<(Spot, Arc<ResellerRow>), ViewError>| {
        let (place, row) = found?;
        let shown = wants(filter, &text, &row) && sight.still_lives(row.tenant)?;
        Ok(shown.then(|| (place, reseller_row(Arc::unwrap_or_clone(row)))))
    };
    match filter.tenant {
        Some(tenant) => turn.sorted(one_row(world.view, reseller, tenant).map(row)),
        None => {
            let (strands, prefixes) = rows(world.view, reseller, filter, filter.sort)?;
            let walked = turn.walk::<ResellerRow>(world.view, strands);
            let narrower = text.narrower(Index::RowWord, &prefixes);
            let place = |one: &ResellerRow| {
                placed(one, row_sorting(filter.sort), &row_strand(one), &row_lead(filter.sort, one))
            };
            let rows = turn.narrowed(walked, narrower, place, |found| row(Ok(found)))?;
            turn.page(rows.into_iter().map(|row| Ok(Some(row))))
        }
    }
}

/// All of a reseller's customers as CSV (V-6).
///
/// # Errors
/// Those of [`each_reseller_customer`].
fn reseller_csv(sight: &Sight<'_>, it: &ResellerCsv) -> Ruling<Csv> {
    let rows: Vec<_> = each_reseller_customer(sight, it.reseller, &it.filter)?.collect::<Result<_, _>>()?;
    let mut out = Vec::new();
    let rows = csv::reseller_customers(rows.into_iter().map(Ok::<_, csv::Unwritten>), &mut out)
        .expect("a vector takes whatever is written");
    Ok(Csv { rows, csv: String::from_utf8(out).expect("cells of text make CSV of text") })
}

/// Every row of a reseller that a filter wants, one by one in the order of the company, for those
/// who write them out (V-6). Costs all of its rows, whatever the text.
///
/// # Errors
/// `unknown_tenant`, why the actor may not see the reseller's devices ([`Sight::may`]),
/// `text_too_long`.
pub fn each_reseller_customer<'s>(
    sight: &'s Sight<'_>,
    reseller: TenantId,
    filter: &'s ResellerFilter,
) -> Ruling<impl Iterator<Item = Result<ResellerCustomerRow, ViewError>> + 's> {
    sight.may(DEVICES_VIEW, reseller)?;
    let world = sight.world();
    let text = Wanted::of(filter.text.as_deref())?;
    let one = filter.tenant.map(|tenant| one_row(world.view, reseller, tenant));
    let all = match filter.tenant {
        Some(_) => Vec::new(),
        None => rows(world.view, reseller, filter, ResellerSort::Company)?.0,
    };
    let all = walk::<ResellerRow>(world.view, all, EVERY);
    let found = one.into_iter().flatten().chain(all);
    Ok(found.filter_map(move |found| {
        let row = found.and_then(|(_, row)| {
            let shown = wants(filter, &text, &row) && sight.still_lives(row.tenant)?;
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
) -> impl Iterator<Item = Result<(Spot, Arc<ResellerRow>), ViewError>> + 'w {
    let id = ResellerRow::key(reseller, tenant);
    let row = view.get::<ResellerRow>(id).transpose();
    row.into_iter().map(move |row| Ok(((Key::new(), id), row?)))
}

/// The strands of a reseller's rows that a filter wants, in an order, and the prefixes of their
/// keys.
fn rows(
    view: &dyn View,
    reseller: TenantId,
    filter: &ResellerFilter,
    sort: ResellerSort,
) -> Result<(Vec<Strand>, Vec<Key>), ViewError> {
    let index = row_sorting(sort);
    let found = prefixes(view, index, Key::new().id(reseller.uuid()), row_strand)?;
    let wanted = found.into_iter().filter(|(_, one)| chooses(filter, one));
    let strands = wanted.map(|(prefix, one)| {
        let lead = row_lead(sort, &one);
        (Strand { span: Span::under(index, prefix.clone()), prefix: prefix.clone(), lead }, prefix)
    });
    Ok(strands.unzip())
}

/// The index that has a reseller's rows in an order.
const fn row_sorting(sort: ResellerSort) -> Index {
    match sort {
        ResellerSort::Company | ResellerSort::Status => Index::RowCompany,
        ResellerSort::Number => Index::RowNumber,
        ResellerSort::Country => Index::RowCountry,
        ResellerSort::LastUploaded => Index::RowUploaded,
        ResellerSort::Uploads => Index::RowUploads,
        ResellerSort::Devices => Index::RowDevices,
    }
}

/// What comes before everything else in an order.
fn row_lead(sort: ResellerSort, one: &ResellerRow) -> Key {
    match sort {
        ResellerSort::Status => Key::new().text(one.status().name()),
        _ => Key::new(),
    }
}

fn wants(filter: &ResellerFilter, text: &Wanted, row: &ResellerRow) -> bool {
    chooses(filter, row) && text.is_in(&[&row.company(), row.number.as_str()])
}
