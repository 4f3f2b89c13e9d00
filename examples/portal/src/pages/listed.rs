//! One customer on a reseller's list: as the list shows it, what was uploaded to it and what of
//! that is left, and what the reseller calls it. Where devices went on to is not the reseller's to
//! know.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::command::{EditResellerCustomer, RemoveResellerCustomer};
use tenantry::query::{Paging, ResellerCustomers, ResellerFilter, UploadRow, Uploads};

use super::uploads;
use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, list, words};

/// How many uploads the page shows; all of them are on the page of uploads.
const UPLOADS: usize = 50;

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    let at = "/at/{at}/listing/{customer}";
    Router::new()
        .route(at, needs(portal, "devices.view", get(show)))
        .route(&format!("{at}/reference"), needs(portal, "customers.add", post(reference)))
        .route(&format!("{at}/remove"), needs(portal, "customers.add", post(remove)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Customer", move |reader| {
        let filter = ResellerFilter { tenant: Some(customer), unused: true, ..ResellerFilter::default() };
        let row = ResellerCustomers { filter, ..ResellerCustomers::new(reader.actor(), reader.at) };
        let row = reader.ask(row)?.rows.pop().ok_or_else(Problem::nothing_here)?;
        let ask = |paging| {
            let paging = Paging { descending: true, ..paging };
            reader.ask(Uploads { paging, ..Uploads::new(reader.actor(), reader.at) })
        };
        let is_to_it = |row: &UploadRow| row.to.as_ref().is_some_and(|to| to.tenant == customer);
        let mut to_it = list::sought(ask, is_to_it, UPLOADS + 1)?;
        let more = to_it.len() > UPLOADS;
        to_it.truncate(UPLOADS);
        let base = format!("/at/{}/listing", reader.at);
        let as_of = reader.fields.get("as_of").unwrap_or_default();
        let of_it = [("tenant", &*customer.to_string()), ("unused", "yes"), ("as_of", as_of)];
        let csv = list::with(&Fields::default(), &of_it);
        Ok(html! {
            p { a href=(format!("{base}{}", list::then(&reader.fields))) { "Customers" } }
            div.head {
                h1 { (words::name(&row.company)) }
                a.button href=(format!("{base}/customers.csv{csv}")) { "Download customer as CSV" }
            }
            dl {
                dt { "Customer / MSP number" } dd { span.number { (row.number) } }
                @if let Some(country) = &row.country { dt { "Country" } dd { (country) } }
                dt { "Last uploaded" } dd { (words::moment_if(row.last_uploaded)) }
                dt { "Uploads" } dd { (row.uploads) }
                dt { "Devices" } dd { (row.devices) }
                dt { "Status" } dd { (words::plainly(row.status)) }
            }
            p.soft {
                "What an MSP has moved on to somebody whom it manages stands here under the MSP. Once the two part, it stands "
                "under whom it was moved to."
            }
            section {
                h2 { "Uploads" }
                @if to_it.is_empty() { p { "You have uploaded nothing to it." } } @else {
                    (uploads::table(reader, "What you have uploaded to it, the latest first", &to_it))
                }
                @if more { p.soft { "Earlier ones are under " a href=(format!("/at/{}/uploads", reader.at)) { "Uploads" } "." } }
            }
            (uploads::to_upload(reader, form::hidden("to", customer)))
            @if reader.may("customers.add") { (of_ones_own(reader, customer, row.uploads == 0 && to_it.is_empty())) }
            (frame::as_of(reader))
        })
    })
    .await
}

/// What the reseller calls it, and that it is on the list at all.
fn of_ones_own(reader: &Reader<'_>, customer: TenantId, is_unused: bool) -> Markup {
    let (visit, base) = (&reader.person.visit, format!("/at/{}/listing/{customer}", reader.at));
    html! {
        section {
            h2 { "On your list" }
            (form::post(visit, &format!("{base}/reference"), html! {
                (form::text("Another internal reference, or none", "reference", ""))
                p.buttons { button { "Save reference" } }
            }))
            @if is_unused {
                (form::press(visit, &format!("{base}/remove"), &[], "Take it off the list"))
            }
        }
    }
}

async fn reference(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let reference = fields.may("reference")?;
    let command = EditResellerCustomer { reference, ..EditResellerCustomer::new(at, customer) };
    let next = format!("/at/{at}/listing/{customer}");
    portal.done(&person, &fields, command, "The reference is saved.", &next).await
}

async fn remove(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let command = RemoveResellerCustomer::new(at, customer);
    let next = format!("/at/{at}/listing?unused=yes");
    portal.done(&person, &fields, command, "It is off your list.", &next).await
}
