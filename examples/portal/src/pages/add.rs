//! Adding a customer: one that is there already is found by its number and asked; a new one is added.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::base::text::Number;
use tenantry::command::{AddCustomer, Invitee, RequestLink};
use tenantry::model::{Contact, TenantKind};
use tenantry::policy::Policy;
use tenantry::query::LookUp;

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/customers/add", needs(portal, "customers.add", get(show)))
        .route("/at/{at}/customers/request", needs(portal, "customers.add", post(request)))
        .route("/at/{at}/customers/new", needs(portal, "customers.add", post(new)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::of_now(&fields)?;
    frame::page(&portal, person, at, fields, "Add a customer", |reader| {
        let policy = reader.moment.policy();
        let found = reader.fields.may("number")?.map(|number| found(reader, policy, number)).transpose()?;
        let visit = &reader.person.visit;
        Ok(html! {
            h1 { "Add a customer" }
            div.halves {
                section {
                    h2 { "Already known" }
                    p.soft { "The customer tells you its number. It is asked, and nobody gains anything before it says yes." }
                    form method="get" {
                        (form::needed("Customer number", "number", reader.fields.get("number").unwrap_or_default()))
                        button { "Look up" }
                    }
                    @if let Some(found) = found { (found) }
                }
                section {
                    h2 { "New" }
                    p.soft { "A fully managed customer is yours alone. A jointly managed one is asked to sign up." }
                    (form::post(visit, &format!("/at/{}/customers/new", reader.at), html! {
                        (form::needed("Company name", "name", ""))
                        (form::text("Country, by two letters", "country", ""))
                        (form::text("Street address", "street", ""))
                        (form::text("Its own number, or none to be given one", "own_number", ""))
                        (terms(policy))
                        (form::text("Name of its super admin", "owner_name", ""))
                        (form::text("E-mail of its super admin, if it is to sign up", "owner", ""))
                        p.buttons { button.strong { "Add customer" } }
                    }))
                }
            }
        })
    })
    .await
}

/// How it would be managed, and what of it.
fn terms(policy: &Policy) -> Markup {
    let types = policy.management_types.iter();
    let types: Vec<_> = types.map(|rule| (rule.name.to_string(), words::management(&rule.name))).collect();
    html! {
        (form::radios("How it is managed", "management", "", &types))
        (form::boxes("Services", "services", &[], &form::pairs(&policy.services)))
    }
}

fn found(reader: &Reader<'_>, policy: &Policy, number: Number) -> Result<Markup, Problem> {
    let it = reader.ask(LookUp::new(reader.actor(), number))?;
    let action = format!("/at/{}/customers/request", reader.at);
    Ok(html! {
        div.found role="status" {
            p { "Found: " strong { (words::name(&it.name)) } " " span.number { (it.number) } }
            p.soft { (words::plainly(it.kind)) @if let Some(country) = &it.country { ", " (country) } }
            (form::post(&reader.person.visit, &action, html! {
                (form::hidden("number", &it.number))
                (terms(policy))
                p.buttons { button.strong { "Request to add" } }
            }))
        }
    })
}

async fn request(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let (number, management) = (fields.need("number")?, fields.need("management")?);
    let command = RequestLink::new(at, number, management, fields.set("services")?);
    portal
        .done(
            &person,
            &fields,
            command,
            "The customer was asked. You see under “Requests” what becomes of it.",
            &format!("/at/{at}/customers"),
        )
        .await
}

async fn new(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let (name, management) = (fields.need("name")?, fields.need("management")?);
    let command = AddCustomer {
        number: fields.may("own_number")?,
        country: fields.may("country")?,
        contact: Contact { street: fields.may("street")?, ..Contact::default() },
        owner: owner(&fields)?,
        ..AddCustomer::new(at, TenantKind::Customer, name, management, fields.set("services")?)
    };
    let added = portal.act(fields.need("request")?, person.user, command).await?.outcome;
    let told = match added.sign_up {
        Some(_) => "The customer was added, and its super admin is invited to sign up.",
        None => "The customer was added.",
    };
    portal.sessions().say(&person.visit, told);
    Ok(Redirect::to(&format!("/at/{at}/customers?show={}", added.tenant)))
}

/// Who signs up for the customer, if anybody does.
pub(super) fn owner(fields: &Fields) -> Result<Option<Invitee>, Problem> {
    let name = fields.may("owner_name")?;
    Ok(fields.may("owner")?.map(|email| Invitee { name, ..Invitee::new(email) }))
}
