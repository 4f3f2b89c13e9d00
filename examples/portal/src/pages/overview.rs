//! What a tenant is: its number, which others ask for; its profile, its services, who has uploaded devices to it.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::command::{EditTenant, MoveDevices};
use tenantry::query::{Customers, DeviceFilter, Devices, Paging, Resellers, Settings, TenantSettings};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::problem::{Problem, told};
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/overview", needs(portal, "tenant.view", get(show)))
        .route("/at/{at}/overview/save", needs(portal, "tenant.edit", post(save)))
        .route("/at/{at}/devices/move", needs(portal, "devices.manage", post(moved)))
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
        let to = if reader.may("devices.manage") { to(reader)? } else { Vec::new() };
        let resellers = told(reader.moment.ask(Resellers::new(reader.actor(), reader.at)))?;
        Ok(html! {
            h1 { (words::name(&it.name)) }
            p.lead { "Number " strong.number { (it.number) } " · " (words::plainly(it.kind)) " · " (words::plainly(it.operation)) }
            p.soft { "Whoever wants to manage you, or to upload devices to you, asks for this number." }
            (profile(reader, &it))
            @if let Some(devices) = devices {
                section {
                    h2 { "Devices (" (it.devices) ")" }
                    (form::filter(&reader.fields, None, &["device"], html! {
                        (form::text("Serial number or IMEI begins with", "device", reader.fields.get("device").unwrap_or_default()))
                        button { "Find" }
                    }))
                    @if to.is_empty() || devices.rows.is_empty() {
                        ul.rows { @for row in &devices.rows { li.number { (row.device) } } }
                    } @else {
                        (form::post(&reader.person.visit, &format!("/at/{}/devices/move", reader.at), html! {
                            ul.rows { @for row in &devices.rows { li {
                                (form::tick(row.device.as_str(), "device", &row.device, false))
                                @if row.moving.is_some() { span.soft { "awaits its customer’s approval" } }
                            } } }
                            (form::choice("Move those that are ticked to", "to", "", &to))
                            p.buttons { button { "Move devices" } }
                        }))
                    }
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

/// The customers to whom devices can be moved.
fn to(reader: &Reader<'_>) -> Result<Vec<(String, String)>, Problem> {
    let paging = Paging { limit: 1_000, ..Paging::default() };
    let below = told(reader.now.ask(Customers { paging, ..Customers::new(reader.actor(), reader.at) }))?;
    let below = below.map(|page| page.rows).unwrap_or_default().into_iter();
    let theirs = below.filter(|row| reader.portal.may(reader.person.user, "devices.manage", row.tenant));
    Ok(theirs.map(|row| (row.tenant.to_string(), format!("{} ({})", row.name, row.number))).collect())
}

/// The fields of a profile: what each is called, by its name.
const PROFILE: [(&str, &str); 5] = [
    ("Company name", "name"),
    ("Street address", "street"),
    ("Country, by two letters", "country"),
    ("Phone", "phone"),
    ("Website", "website"),
];

/// A profile to be filled in. Each field says what it was, so that only what is changed is sent on.
pub(super) fn fields(shown: [Option<String>; 5]) -> Markup {
    html! {
        @for ((label, name), value) in PROFILE.into_iter().zip(shown) {
            @let value = value.unwrap_or_default();
            (form::was(name, &value))
            @if name == "name" { (form::needed(label, name, value)) } @else { (form::text(label, name, value)) }
        }
    }
}

fn profile(reader: &Reader<'_>, it: &TenantSettings) -> Markup {
    let contact = &it.contact;
    let shown = [
        Some(it.name.to_string()),
        contact.street.as_ref().map(ToString::to_string),
        it.country.as_ref().map(ToString::to_string),
        contact.phone.as_ref().map(ToString::to_string),
        it.website.as_ref().map(ToString::to_string),
    ];
    html! {
        section {
            h2 { "Profile" }
            @if reader.may("tenant.edit") {
                (form::post(&reader.person.visit, &format!("/at/{}/overview/save", reader.at), html! {
                    (fields(shown))
                    p.buttons { button.strong { "Save" } }
                }))
            } @else {
                dl { @for ((label, _), value) in PROFILE.into_iter().zip(shown) {
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
    saved(&portal, &person, &fields, at, "The profile is saved.", &format!("/at/{at}/overview")).await
}

/// Saves what a form has changed of a tenant's profile, and nothing else of it: others may have changed the rest.
pub(super) async fn saved(
    portal: &Portal,
    person: &Person,
    fields: &Fields,
    tenant: TenantId,
    said: &str,
    next: &str,
) -> Result<Redirect, Problem> {
    let command = EditTenant {
        name: fields.replaced("name")?,
        street: fields.patch("street")?,
        country: fields.patch("country")?,
        phone: fields.patch("phone")?,
        website: fields.patch("website")?,
        ..EditTenant::new(tenant)
    };
    if command == EditTenant::new(tenant) {
        portal.sessions().say(&person.visit, "You have changed nothing.");
        return Ok(Redirect::to(next));
    }
    portal.done(person, fields, command, said, next).await
}

async fn moved(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let command = MoveDevices::new(at, fields.need("to")?, fields.set("device")?);
    let asked = portal.act(fields.need("request")?, person.user, command).await?.outcome;
    let said = match asked {
        Some(_) => "The customer is asked to approve. You see under “Requests” what becomes of it.",
        None => "The devices are moved.",
    };
    portal.sessions().say(&person.visit, said);
    Ok(Redirect::to(&format!("/at/{at}/overview")))
}
