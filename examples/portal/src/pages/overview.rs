//! What a tenant is: its number, which others ask for; its profile, its services, who has uploaded devices to it.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::command::EditTenant;
use tenantry::query::{DeviceFilter, Devices, Paging, Resellers, Settings, TenantSettings};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::names::told;
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/overview", needs(portal, "tenant.view", get(show)))
        .route("/at/{at}/overview/save", needs(portal, "tenant.edit", post(save)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Overview", |reader| {
        let it = reader.ask(Settings::new(reader.actor(), reader.at))?;
        let paging = Paging { limit: 20, ..Paging::default() };
        let filter = DeviceFilter { text: reader.fields.may("device")?, ..DeviceFilter::default() };
        let devices = Devices { filter, paging, ..Devices::new(reader.actor(), reader.at) };
        let devices = told(reader.moment.ask(devices))?;
        let resellers = told(reader.moment.ask(Resellers::new(reader.actor(), reader.at)))?;
        Ok(html! {
            h1 { (words::name(&it.name)) }
            p.lead { "Number " strong.number { (it.number) } " · " (words::plainly(it.kind)) " · " (words::plainly(it.operation)) }
            p.soft { "Whoever wants to manage you, or to upload devices to you, asks for this number." }
            (profile(reader, &it))
            @if let Some(devices) = devices {
                section {
                    h2 { "Devices (" (it.devices) ")" }
                    form.filter method="get" {
                        (form::text("Serial number or IMEI begins with", "device", reader.fields.get("device").unwrap_or_default()))
                        button { "Find" }
                    }
                    ul.rows { @for row in &devices.rows { li.number { (row.device) } } }
                    @if devices.next.is_some() { p.soft { "There are more." } }
                }
            }
            @if let Some(resellers) = resellers {
                @if !resellers.rows.is_empty() {
                    section {
                        h2 { "Resellers" }
                        ul.rows { @for row in &resellers.rows {
                            li { (words::organisation(&row.reseller)) " · " (words::plainly(row.status)) }
                        } }
                    }
                }
            }
            (frame::as_of(reader))
        })
    })
    .await
}

fn profile(reader: &Reader<'_>, it: &TenantSettings) -> Markup {
    let contact = &it.contact;
    let shown = [
        ("Company name", "name", Some(it.name.to_string())),
        ("Street address", "street", contact.street.as_ref().map(ToString::to_string)),
        ("Country, by two letters", "country", it.country.as_ref().map(ToString::to_string)),
        ("Phone", "phone", contact.phone.as_ref().map(ToString::to_string)),
        ("Website", "website", it.website.as_ref().map(ToString::to_string)),
    ];
    html! {
        section {
            h2 { "Profile" }
            @if reader.may("tenant.edit") {
                (form::post(&reader.person.visit, &format!("/at/{}/overview/save", reader.at), html! {
                    @for (label, name, value) in shown { (form::text(label, name, value.unwrap_or_default())) }
                    p.buttons { button.strong { "Save" } }
                }))
            } @else {
                dl { @for (label, _, value) in shown {
                    @if let Some(value) = value { dt { (label) } dd { (words::name(value)) } }
                } }
            }
        }
    }
}

async fn save(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    portal
        .done(&person, &fields, edited(at, &fields)?, "The profile is saved.", &format!("/at/{at}/overview"))
        .await
}

/// What a form makes of a tenant's profile.
pub(super) fn edited(tenant: TenantId, fields: &Fields) -> Result<EditTenant, Problem> {
    Ok(EditTenant {
        name: fields.may("name")?,
        street: fields.patch("street")?,
        country: fields.patch("country")?,
        phone: fields.patch("phone")?,
        website: fields.patch("website")?,
        ..EditTenant::new(tenant)
    })
}
