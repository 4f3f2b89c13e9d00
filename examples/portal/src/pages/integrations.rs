//! A tenant's integrations, its own and those that are shared with it; and sharing them with tenants below.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::command::{CreateIntegration, DetachIntegration, ShareIntegration};
use tenantry::query::{Customers, IntegrationFilter, IntegrationRow, IntegrationSort, Integrations, Paging};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::problem::{Problem, told};
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    let needed = "integrations.manage";
    Router::new()
        .route("/at/{at}/integrations", needs(portal, "integrations.view", get(show)))
        .route("/at/{at}/integrations/new", needs(portal, needed, post(new)))
        .route("/at/{at}/integrations/share", needs(portal, needed, post(share)))
        .route("/at/{at}/integrations/detach", needs(portal, needed, post(detach)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Integrations", |reader| {
        let fields = &reader.fields;
        let sorts = [
            ("name", IntegrationSort::Name),
            ("kind", IntegrationSort::Kind),
            ("owner", IntegrationSort::Owner),
        ];
        let sort = list::sort(fields, &sorts)?.unwrap_or_default();
        let (text, kind) = (fields.may("text")?, fields.may("kind")?);
        let filter = IntegrationFilter { text, kind, sort, ..IntegrationFilter::default() };
        let paging = list::paging(fields)?;
        let page =
            reader.ask(Integrations { filter, paging, ..Integrations::new(reader.actor(), reader.at) })?;
        let below = Customers {
            paging: Paging { limit: 1_000, ..Paging::default() },
            ..Customers::new(reader.actor(), reader.at)
        };
        let below = told(reader.moment.ask(below))?.map(|page| page.rows).unwrap_or_default();
        let below: Vec<_> = below.iter().map(|row| (row.tenant.to_string(), row.name.to_string())).collect();
        let manages = reader.may("integrations.manage");
        Ok(html! {
            h1 { "Integrations" }
            (form::filter(fields, None, &["text", "kind"], html! {
                (form::text("Name", "text", fields.get("text").unwrap_or_default()))
                (form::text("Type", "kind", fields.get("kind").unwrap_or_default()))
                button { "Filter" }
            }))
            table {
                thead { tr {
                    (list::sortable(fields, "Name", "name", true))
                    (list::sortable(fields, "Type", "kind", false))
                    (list::sortable(fields, "Owner", "owner", false))
                    @if manages { th scope="col" { "Change" } }
                } }
                tbody { @for row in &page.rows { (integration(reader, row, &below, manages)) } }
            }
            @if page.rows.is_empty() { p { "There are none." } }
            (list::pager(fields, page.next.as_deref()))
            @if manages {
                section {
                    h2 { "New integration" }
                    (form::post(&reader.person.visit, &format!("/at/{}/integrations/new", reader.at), html! {
                        (form::needed("What it is called", "name", ""))
                        (form::needed("Of which type", "kind", ""))
                        p.buttons { button.strong { "Add integration" } }
                    }))
                }
            }
            (frame::as_of(reader))
        })
    })
    .await
}

fn integration(
    reader: &Reader<'_>,
    row: &IntegrationRow,
    below: &[(String, String)],
    manages: bool,
) -> Markup {
    let base = format!("/at/{}/integrations", reader.at);
    let visit = &reader.person.visit;
    html! {
        tr {
            th scope="row" data-label="Name" { (words::name(&row.name)) }
            td data-label="Type" { (words::plainly(&row.kind)) }
            td data-label="Owner" { (words::name(&row.owner_name)) @if row.attached { span.soft { " (shared)" } } }
            @if manages {
                td data-label="Change" {
                    @if row.attached {
                        (form::press(visit, &format!("{base}/detach"), &[("integration", row.integration.to_string())], "Detach"))
                    } @else if !below.is_empty() {
                        details {
                            summary { "Share" }
                            (form::post(visit, &format!("{base}/share"), html! {
                                (form::hidden("integration", row.integration))
                                (form::choice("Customer", "tenant", "", below))
                                button { "Share integration" }
                            }))
                        }
                    }
                }
            }
        }
    }
}

async fn new(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let command = CreateIntegration::new(at, fields.need("kind")?, fields.need("name")?);
    portal
        .done(&person, &fields, command, "The integration is added.", &format!("/at/{at}/integrations"))
        .await
}

async fn share(
    State(portal): State<Portal>,
    person: Person,
    At(_): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let tenant: TenantId = fields.need("tenant")?;
    let command = ShareIntegration::new(fields.need("integration")?, tenant);
    portal
        .done(
            &person,
            &fields,
            command,
            "The integration is shared. This is where it is attached.",
            &format!("/at/{tenant}/integrations"),
        )
        .await
}

async fn detach(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let command = DetachIntegration::new(fields.need("integration")?, at);
    portal
        .done(&person, &fields, command, "The integration is detached.", &format!("/at/{at}/integrations"))
        .await
}
