//! The customers of an MSP: found, sorted, turned over; with the details of one beside the list, and their consoles a
//! click away.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::base::text::Service;
use tenantry::model::Stage;
use tenantry::query::{CustomerDetails, CustomerFilter, CustomerRow, CustomerSort, Customers};

use super::account;
use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new().route("/at/{at}/customers", needs(portal, "customers.list", get(show)))
}

/// The columns, each by what it is sorted by.
const COLUMNS: [(&str, &str, CustomerSort); 6] = [
    ("Name", "name", CustomerSort::Name),
    ("Number", "number", CustomerSort::Number),
    ("Managed", "managed", CustomerSort::Management),
    ("Services", "services", CustomerSort::Services),
    ("Status", "status", CustomerSort::Status),
    ("Devices", "devices", CustomerSort::Devices),
];

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Customers", |reader| {
        let filter = filter(&reader.fields)?;
        let paging = list::paging(&reader.fields)?;
        let page = reader.ask(Customers { filter, paging, ..Customers::new(reader.actor(), reader.at) })?;
        let details = reader.fields.may("show")?.map(|customer| beside(reader, customer)).transpose()?;
        Ok(html! {
            div.head {
                h1 { "Customers" }
                @if reader.may("customers.add") {
                    a.button.strong href=(format!("/at/{}/customers/add", reader.at)) { "Add customer" }
                }
            }
            (filters(reader))
            div.beside {
                div {
                    table {
                        caption { "The customers that you manage" }
                        thead { tr { @for (label, sort, order) in COLUMNS {
                            (list::sortable(&reader.fields, label, sort, order == CustomerSort::Name))
                        } } }
                        tbody { @for row in &page.rows { (customer(reader, row)) } }
                    }
                    @if page.rows.is_empty() { p { "There is no such customer." } }
                    (list::pager(&reader.fields, page.next.as_deref()))
                }
                @if let Some(details) = details { (details) }
            }
            (frame::as_of(reader))
        })
    })
    .await
}

fn filter(fields: &Fields) -> Result<CustomerFilter, Problem> {
    let sorts = COLUMNS.map(|(_, word, sort)| (word, sort));
    let stages: Vec<&str> = Stage::ALL.iter().map(|stage| stage.name()).collect();
    let stage = fields.may_word("status", &stages)?;
    Ok(CustomerFilter {
        text: fields.may("text")?,
        management: fields.may("managed")?,
        service: fields.may("service")?,
        stage: Stage::ALL.iter().find(|it| stage == Some(it.name())).copied(),
        min_devices: fields.number("devices")?,
        sort: list::sort(fields, &sorts)?.unwrap_or_default(),
        ..CustomerFilter::default()
    })
}

fn filters(reader: &Reader<'_>) -> Markup {
    let fields = &reader.fields;
    let any = || vec![(String::new(), "Any".to_owned())];
    let policy = reader.moment.policy();
    let managed = [any(), form::pairs(policy.management_types.iter().map(|rule| &rule.name))].concat();
    let services = [any(), form::pairs(&policy.services)].concat();
    let stages = Stage::ALL.iter().filter(|stage| stage.is_in_force());
    let stages = [any(), stages.map(|it| (it.name().to_owned(), it.status().to_owned())).collect()].concat();
    let chosen = |name: &str| fields.get(name).unwrap_or_default().to_owned();
    html! {
        (form::filter(fields, Some("Customers"), &["text", "managed", "service", "status", "devices"], html! {
            (form::text("Name or number", "text", chosen("text")))
            (form::choice("Managed", "managed", &chosen("managed"), &managed))
            (form::choice("Service", "service", &chosen("service"), &services))
            (form::choice("Status", "status", &chosen("status"), &stages))
            label { span { "Devices, at least" } input type="number" name="devices" min="0" value=(chosen("devices")); }
            button { "Filter" }
        }))
    }
}

fn customer(reader: &Reader<'_>, row: &CustomerRow) -> Markup {
    let show = list::with(&reader.fields, &[("show", &row.tenant.to_string())]);
    html! {
        tr {
            th scope="row" data-label="Name" { a href=(show) { (words::name(&row.name)) } }
            td data-label="Number" { span.number { (row.number) } }
            td data-label="Managed" { (words::management(&row.management)) }
            td data-label="Services" { (consoles(reader, row.tenant, &row.services)) }
            td data-label="Status" { (row.status) @if let Some(ends) = row.delink_ends { " (ends " (words::moment(ends)) ")" } }
            td.count data-label="Devices" { (row.devices) }
        }
    }
}

/// A tenant's services, each with the way into its console and back to this page.
fn consoles<'s>(
    reader: &Reader<'_>,
    tenant: TenantId,
    services: impl IntoIterator<Item = &'s Service>,
) -> Markup {
    let opens = reader.as_of.is_none() && reader.portal.may(reader.person.user, "console.open", tenant);
    let visit = &reader.person.visit;
    html! {
        ul.services {
            @for service in services {
                li {
                    @if opens {
                        (form::press(
                            visit,
                            &format!("/at/{tenant}/console"),
                            &[("service", service.to_string()), ("return_to", visit.here.clone())],
                            &words::plainly(service),
                        ))
                    } @else { (words::plainly(service)) }
                }
            }
        }
    }
}

/// The details of one customer; nothing beside the list, where there is none of that id.
fn beside(reader: &Reader<'_>, customer: TenantId) -> Result<Markup, Problem> {
    let (row, it) = match account::row_of(reader.moment, reader.actor(), reader.at, customer) {
        Ok(found) => found,
        Err(problem) if problem.status.is_client_error() => {
            return Ok(html! { aside.details { p { "There is no such customer." } } });
        }
        Err(problem) => return Err(problem),
    };
    Ok(html! {
        aside.details aria-label="Customer details" {
            h2 { (words::name(&row.name)) }
            dl {
                dt { "Number" } dd { (row.number) }
                dt { "Managed" } dd { (words::management(&row.management)) }
                dt { "Status" } dd { (row.status) }
                dt { "Services" } dd { (consoles(reader, row.tenant, &row.services)) }
                dt { "Devices" } dd { (row.devices) }
                @if let Some(it) = &it { (more(it)) } @else { dt { "State" } dd { (words::plainly(row.operation)) } }
            }
            p.buttons {
                a.button href=(list::with(&reader.fields, &[("show", "")])) { "Close" }
                @if reader.as_of.is_none() {
                    a.button.strong href=(format!("/at/{}/customers/{}/account", reader.at, row.tenant)) { "Manage account" }
                }
            }
        }
    })
}

/// What the list does not say; of one that is disabled, nothing is told.
fn more(it: &CustomerDetails) -> Markup {
    html! {
                dt { "Since" } dd { (words::moment(it.since)) }
                @if let Some(expires) = it.expires { dt { "Ends" } dd { (words::moment(expires)) } }
                @if let Some(country) = &it.country { dt { "Country" } dd { (country) } }
                @if let Some(street) = &it.contact.street { dt { "Address" } dd { (words::name(street)) } }
                @if let Some(phone) = &it.contact.phone { dt { "Phone" } dd { (phone) } }
                @if let Some(website) = &it.website { dt { "Website" } dd { (website) } }
                dt { "Granted to you" }
                dd {
                    @if it.grants.is_empty() { "nothing beyond the default" }
                    ul { @for grant in &it.grants { li { (words::permission(grant.as_str())) } } }
                }
    }
}
