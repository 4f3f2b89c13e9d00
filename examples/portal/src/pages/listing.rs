//! A reseller's customers, as it sees them, and the same as CSV. Whom a device is shown as, is tenantry's to say.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::command::AddResellerCustomer;
use tenantry::model::ResellerStatus;
use tenantry::query::{ResellerCsv, ResellerCustomers, ResellerFilter, ResellerSort};

use crate::app::Portal;
use crate::fields::Fields;
use crate::guard::{At, needs};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/listing", needs(portal, "devices.view", get(show)))
        .route("/at/{at}/listing/customers.csv", needs(portal, "devices.view", get(csv)))
        .route("/at/{at}/listing/add", needs(portal, "customers.add", post(add)))
}

/// The columns, each by what it is sorted by.
const COLUMNS: [(&str, &str, ResellerSort); 7] = [
    ("Company name / internal reference", "company", ResellerSort::Company),
    ("Customer / MSP number", "number", ResellerSort::Number),
    ("Country", "country", ResellerSort::Country),
    ("Last uploaded", "last", ResellerSort::LastUploaded),
    ("Uploads", "uploads", ResellerSort::Uploads),
    ("Devices", "devices", ResellerSort::Devices),
    ("Status", "status", ResellerSort::Status),
];

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Customers", |reader| {
        let fields = &reader.fields;
        let (filter, paging) = (filter(fields)?, list::paging(fields)?);
        let rows = ResellerCustomers { filter, paging, ..ResellerCustomers::new(reader.actor(), reader.at) };
        let page = reader.ask(rows)?;
        let any = vec![(String::new(), "Any".to_owned())];
        let states = [any, form::pairs(ResellerStatus::ALL)].concat();
        let chosen = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        let csv = list::with(fields, &[("page", "")]);
        Ok(html! {
            div.head {
                h1 { "Customers" }
                a.button href=(format!("/at/{}/listing/customers.csv{csv}", reader.at)) { "Download customers as CSV" }
            }
            (form::filter(fields, None, &["text", "status", "unused"], html! {
                (form::text("Name, reference or number", "text", chosen("text")))
                (form::choice("Status", "status", &chosen("status"), &states))
                (form::tick("Those without uploads, too", "unused", "yes", fields.get("unused").is_some()))
                button { "Filter" }
            }))
            table {
                caption { "Who your devices are with" }
                thead { tr { @for (label, sort, order) in COLUMNS {
                    (list::sortable(fields, label, sort, order == ResellerSort::Company))
                } } }
                tbody {
                    @for row in &page.rows {
                        tr {
                            th scope="row" data-label="Company" {
                                @let to = format!("/at/{}/listing/{}{}", reader.at, row.tenant, list::then(fields));
                                a href=(to) { (words::name(&row.company)) }
                            }
                            td data-label="Number" { span.number { (row.number) } }
                            td data-label="Country" { @if let Some(country) = &row.country { (country) } }
                            td data-label="Uploaded" { (words::moment_if(row.last_uploaded)) }
                            td.count data-label="Uploads" { (row.uploads) }
                            td.count data-label="Devices" { (row.devices) }
                            td data-label="Status" { (words::plainly(row.status)) }
                        }
                    }
                }
            }
            (list::pager(fields, page.next.as_deref()))
            @if reader.may("devices.manage") {
                section {
                    h2 { "Add customer" }
                    (form::post(&reader.person.visit, &format!("/at/{}/listing/add", reader.at), html! {
                        (form::needed("Customer or MSP number", "number", ""))
                        (form::text("Internal reference", "reference", ""))
                        p.buttons { button.strong { "Submit" } }
                    }))
                }
            }
            (frame::as_of(reader))
        })
    })
    .await
}

fn filter(fields: &Fields) -> Result<ResellerFilter, Problem> {
    let sorts = COLUMNS.map(|(_, word, sort)| (word, sort));
    let states: Vec<&str> = ResellerStatus::ALL.iter().map(|it| it.name()).collect();
    let status = fields.may_word("status", &states)?;
    Ok(ResellerFilter {
        tenant: fields.may("tenant")?,
        text: fields.may("text")?,
        status: ResellerStatus::ALL.iter().find(|it| status == Some(it.name())).copied(),
        unused: fields.yes("unused")?,
        sort: list::sort(fields, &sorts)?.unwrap_or_default(),
    })
}

async fn csv(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Response, Problem> {
    let query = ResellerCsv { filter: filter(&fields)?, ..ResellerCsv::new(person.actor(), at) };
    let written = portal.ask(frame::as_of_in(&fields)?, move |_, moment| Ok(moment.ask(query)?)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"customers.csv\""),
    ];
    Ok((headers, written.csv).into_response())
}

async fn add(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let reference = fields.may("reference")?;
    let command = AddResellerCustomer { reference, ..AddResellerCustomer::new(at, fields.need("number")?) };
    portal
        .done(
            &person,
            &fields,
            command,
            "The customer is added. It is on the list once you have uploaded to it.",
            &format!("/at/{at}/listing?unused=yes"),
        )
        .await
}
