//! One customer's account: its profile, the way from fully to jointly managed, and the way apart.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::command::{
    AcceptDelink, CancelDelink, Command, ConvertLink, EditTenant, RejectDelink, RequestDelink, ResendDelink,
};
use tenantry::model::{Party, Stage};
use tenantry::query::{Customer, CustomerDetails, CustomerRow};

use super::{add, overview};
use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::look::{self, Asked, Leap};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    let at = "/at/{at}/customers/{customer}";
    Router::new()
        .route(&format!("{at}/account"), needs(portal, "customers.list", get(show)))
        .route(&format!("{at}/save"), needs(portal, "customers.list", post(save)))
        .route(&format!("{at}/convert"), needs(portal, "customers.add", post(convert)))
        .route(&format!("{at}/delink"), needs(portal, "customers.delink", post(delink)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Manage customer account", move |reader| {
        let it = reader.ask(Customer::new(reader.actor(), reader.at, customer))?;
        let base = format!("/at/{}/customers/{customer}", reader.at);
        Ok(html! {
            p { a href=(format!("/at/{}/customers?show={customer}", reader.at)) { "Customers" } }
            h1 { "Manage customer account" }
            p.lead { (words::name(&it.row.name)) " " span.number { (it.row.number) } " · " (words::management(&it.row.management)) " · " strong { (it.row.status) } }
            (profile(reader, &base, &it))
            (conversion(reader, &base, &it.row))
            (parting(reader, &base, &it.row))
        })
    })
    .await
}

fn profile(reader: &Reader<'_>, base: &str, it: &CustomerDetails) -> Markup {
    let contact = &it.contact;
    let or_none = |text: Option<String>| text.unwrap_or_default();
    html! {
        @if reader.portal.may(reader.person.user, "tenant.edit", it.row.tenant) {
            section {
                h2 { "Profile" }
                (form::post(&reader.person.visit, &format!("{base}/save"), html! {
                    (form::needed("Company name", "name", &it.row.name))
                    (form::text("Street address", "street", or_none(contact.street.as_ref().map(ToString::to_string))))
                    (form::text("Country, by two letters", "country", or_none(it.country.as_ref().map(ToString::to_string))))
                    (form::text("Phone", "phone", or_none(contact.phone.as_ref().map(ToString::to_string))))
                    (form::text("Website", "website", or_none(it.website.as_ref().map(ToString::to_string))))
                    p.buttons { button.strong { "Save" } }
                }))
            }
        }
    }
}

fn conversion(reader: &Reader<'_>, base: &str, row: &CustomerRow) -> Markup {
    html! {
        @if row.management.as_str() == "fully" && reader.may("customers.add") {
            section {
                h2 { "Convert to jointly managed" }
                p { "The customer gets access of its own beside yours. A jointly managed customer cannot be converted back." }
                (form::post(&reader.person.visit, &format!("{base}/convert"), html! {
                    (form::text("Name of its super admin", "owner_name", ""))
                    (form::text("E-mail of its super admin", "owner", ""))
                    p.buttons { button { "Convert" } }
                }))
            }
        }
    }
}

fn parting(reader: &Reader<'_>, base: &str, row: &CustomerRow) -> Markup {
    let action = format!("{base}/delink");
    let visit = &reader.person.visit;
    let press = |what: &str, label| form::press(visit, &action, &[("what", what.to_owned())], label);
    html! {
        @if reader.may("customers.delink") {
            section {
                h2 { "Delink customer account" }
                @match row.stage {
                    Stage::DelinkRequestedByManager => {
                        p { "You have asked to part. Until the customer accepts, you go on managing it as before." }
                        div.buttons { (press("resend", "Resend e-mail")) (press("cancel", "Take the request back")) }
                    }
                    Stage::DelinkRequestedByCustomer => {
                        p { "The customer has asked to part. Nothing changes before you answer." }
                        div.buttons { (press("accept", "Accept")) (press("reject", "Reject")) }
                    }
                    _ => {
                        p { "Both sides have to agree. Once they do, you can no longer manage the customer or open its consoles." }
                        (press("request", "Delink"))
                    }
                }
            }
        }
    }
}

async fn save(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let command: EditTenant = overview::edited(customer, &fields)?;
    portal
        .done(
            &person,
            &fields,
            command,
            "The customer’s profile is saved.",
            &format!("/at/{at}/customers?show={customer}"),
        )
        .await
}

async fn convert(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Response, Problem> {
    let link = portal.ask_one(Customer::new(person.actor(), at, customer)).await?.row.link;
    let owner = add::owner(&fields)?;
    let command = ConvertLink {
        owner,
        ..ConvertLink::new(link, "jointly".parse().map_err(|it| Problem::typed("management", it))?)
    };
    let asked = Asked {
        at,
        action: format!("/at/{at}/customers/{customer}/convert"),
        back: format!("/at/{at}/customers/{customer}/account"),
        title: "Convert to jointly managed",
        note: "There is no way back: a jointly managed customer cannot become fully managed.",
        button: "Convert to jointly managed",
        typed: None,
    };
    let (visit, itself) = (person.visit.clone(), portal.clone());
    match look::before(&portal, person, fields, asked, command.clone(), command).await? {
        Leap::Look(page) => Ok(page.into_response()),
        Leap::Done(_) => {
            itself.sessions().say(&visit, "The customer is jointly managed now.");
            Ok(Redirect::to(&format!("/at/{at}/customers?show={customer}")).into_response())
        }
    }
}

async fn delink(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Response, Problem> {
    let link = portal.ask_one(Customer::new(person.actor(), at, customer)).await?.row.link;
    let party = Some(Party::Manager);
    let (back, to) =
        (format!("/at/{at}/customers/{customer}/account"), format!("/at/{at}/customers?show={customer}"));
    let action = format!("/at/{at}/customers/{customer}/delink");
    let asked = |title, note, button| Asked { at, action, back, title, note, button, typed: None };
    let what = fields.get("what").unwrap_or_default().to_owned();
    let (command, asked, said): (Command, _, _) = match what.as_str() {
        "request" => (
            RequestDelink { party, ..RequestDelink::new(link) }.into(),
            Some(asked(
                "Delink customer account",
                "The customer is asked. Nobody’s rights change before it accepts.",
                "Confirm",
            )),
            "The customer was asked to part.",
        ),
        "accept" => (
            AcceptDelink { party, ..AcceptDelink::new(link) }.into(),
            Some(asked(
                "Accept the customer’s delink request",
                "Once you accept, you no longer manage this customer.",
                "Accept and part",
            )),
            "You have parted. The customer is no longer yours to manage.",
        ),
        "reject" => {
            (RejectDelink { party, ..RejectDelink::new(link) }.into(), None, "You have rejected the request.")
        }
        "resend" => {
            (ResendDelink { party, ..ResendDelink::new(link) }.into(), None, "The customer was reminded.")
        }
        "cancel" => (
            CancelDelink { party, ..CancelDelink::new(link) }.into(),
            None,
            "You have taken the request back.",
        ),
        _ => return Err(Problem::nothing_here()),
    };
    let visit = person.visit.clone();
    match asked {
        None => drop(portal.act(fields.need("request")?, person.user, command).await?),
        Some(asked) => {
            let leap = look::before(&portal, person, fields, asked, command.clone(), command).await?;
            if let Leap::Look(page) = leap {
                return Ok(page.into_response());
            }
        }
    }
    portal.sessions().say(&visit, said);
    let to = if what == "accept" { format!("/at/{at}/customers") } else { to };
    Ok(Redirect::to(&to).into_response())
}
