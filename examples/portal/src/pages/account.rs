//! One customer's account: its profile, the way from fully to jointly managed, and the way apart.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::base::ids::LinkId;
use tenantry::command::{
    AcceptDelink, AddServices, CancelDelink, Command, ConvertLink, RejectDelink, RequestDelink, ResendDelink,
};
use tenantry::engine::Moment;
use tenantry::model::{Actor, Party, Stage};
use tenantry::query::{Customer, CustomerDetails, CustomerRow, Customers};
use tenantry::{Code, TenantId};

use super::{add, overview};
use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs, parts};
use crate::look::{self, Asked, Leap};
use crate::own::{self, Bond};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    let at = "/at/{at}/customers/{customer}";
    Router::new()
        .route(&format!("{at}/account"), needs(portal, "customers.list", get(show)))
        .route(&format!("{at}/save"), needs(portal, "customers.list", post(save)))
        .route(&format!("{at}/services"), needs(portal, "customers.add", post(services)))
        .route(&format!("{at}/convert"), needs(portal, "customers.add", post(convert)))
        .route(&format!("{at}/delink"), parts(portal, "customers.delink", post(delink)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::of_now(&fields)?;
    frame::page(&portal, person, at, fields, "Manage customer account", move |reader| {
        let (row, details) = row_of(reader.now, reader.actor(), reader.at, customer)?;
        let base = format!("/at/{}/customers/{customer}", reader.at);
        let rule = reader.now.policy().management_types.iter().find(|rule| rule.name == row.management);
        Ok(html! {
            p { a href=(format!("/at/{}/customers?show={customer}", reader.at)) { "Customers" } }
            h1 { "Manage customer account" }
            p.lead { (words::name(&row.name)) " " span.number { (row.number) } " · " (words::management(&row.management)) " · " strong { (row.status) } }
            @if let Some(it) = &details { (profile(reader, &base, it)) } @else {
                p.past role="note" {
                    strong { (words::plainly(row.operation)) ". " }
                    "Nobody works on it before it is enabled. Parting is possible all the same."
                }
            }
            @if details.is_some() { (more_services(reader, &base, &row)) }
            @if details.is_some() { (conversion(reader, &base, &row)) }
            @if rule.is_some_and(|rule| rule.delinkable) { (parting(reader, &base, &row)) }
        })
    })
    .await
}

/// A customer as its manager's list has it, and the details; of one that is disabled there are none (T-5).
pub(super) fn row_of(
    moment: &Moment<'_>,
    actor: Actor,
    at: TenantId,
    customer: TenantId,
) -> Result<(CustomerRow, Option<CustomerDetails>), Problem> {
    match moment.ask(Customer::new(actor.clone(), at, customer)) {
        Ok(it) => return Ok((it.row.clone(), Some(it))),
        Err(error) if error.code() == Some(Code::TenantDisabled) => {}
        Err(error) => return Err(error.into()),
    }
    let ask = |paging| Ok(moment.ask(Customers { paging, ..Customers::new(actor.clone(), at) })?);
    let row = list::sought(ask, |row| row.tenant == customer, 1)?.pop();
    Ok((row.ok_or_else(Problem::nothing_here)?, None))
}

/// The link to a customer: also where it, or one's own organisation, is disabled.
async fn link_of(
    portal: &Portal,
    person: &Person,
    at: TenantId,
    customer: TenantId,
) -> Result<LinkId, Problem> {
    let (user, actor) = (person.user, person.actor());
    let link = portal.ask(None, move |now, _| {
        let own = own::of(now, user)?;
        let theirs = |bond: &&Bond| own.home == at && bond.as_ == Party::Manager && bond.other == customer;
        match own.bonds().iter().find(theirs) {
            Some(bond) => Ok(bond.link),
            None => Ok(row_of(now, actor, at, customer)?.0.link),
        }
    });
    link.await
}

/// More services are managed at once, or once the customer says yes: which of them, its type says. One that is managed
/// is removed by the platform's support alone.
fn more_services(reader: &Reader<'_>, base: &str, row: &CustomerRow) -> Markup {
    let others = reader.now.policy().services.iter().filter(|service| !row.services.contains(*service));
    let others = form::pairs(others);
    html! {
        section {
            h2 { "Services" }
            p { "You manage: " (words::services(&row.services)) "." }
            p.soft { "To manage one no longer, part and add the customer again without it, or ask the platform’s support." }
            @if !others.is_empty() && reader.may("customers.add") {
                (form::post(&reader.person.visit, &format!("{base}/services"), html! {
                    (form::boxes("Manage these, too", "services", &[], &others))
                    p.buttons { button { "Add services" } }
                }))
            }
        }
    }
}

fn profile(reader: &Reader<'_>, base: &str, it: &CustomerDetails) -> Markup {
    let contact = &it.contact;
    html! {
        @if reader.portal.may(reader.person.user, "tenant.edit", it.row.tenant) {
            section {
                h2 { "Profile" }
                (form::post(&reader.person.visit, &format!("{base}/save"), html! {
                    (overview::fields([
                        Some(it.row.name.to_string()),
                        contact.street.as_ref().map(ToString::to_string),
                        it.country.as_ref().map(ToString::to_string),
                        contact.phone.as_ref().map(ToString::to_string),
                        it.website.as_ref().map(ToString::to_string),
                    ]))
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
    let press = |what: &str, label| {
        form::press(visit, &action, &[("what", what.to_owned()), ("link", row.link.to_string())], label)
    };
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
    let next = format!("/at/{at}/customers?show={customer}");
    overview::saved(&portal, &person, &fields, customer, "The customer’s profile is saved.", &next).await
}

async fn services(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let link = link_of(&portal, &person, at, customer).await?;
    let command = AddServices::new(link, fields.set("services")?);
    let added = portal.act(fields.need("request")?, person.user, command).await?.outcome;
    let said = match added {
        Some(_) => "The customer is asked. You see under “Requests” what becomes of it.",
        None => "You manage these as well from now on.",
    };
    portal.sessions().say(&person.visit, said);
    Ok(Redirect::to(&format!("/at/{at}/customers/{customer}/account")))
}

async fn convert(
    State(portal): State<Portal>,
    person: Person,
    At((at, customer)): At<(TenantId, TenantId)>,
    fields: Fields,
) -> Result<Response, Problem> {
    let link = link_of(&portal, &person, at, customer).await?;
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
        note: "There is no way back: a jointly managed customer cannot become fully managed.".into(),
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
    // The form says which link it is, so that what was sent twice is answered once they have parted, too. Whether it is
    // theirs, tenantry says.
    let link = match fields.may("link")? {
        Some(link) => link,
        None => link_of(&portal, &person, at, customer).await?,
    };
    let party = Some(Party::Manager);
    // Whose organisation is disabled has these pages no longer.
    let is_open = portal.may(person.user, "customers.list", at);
    let place = |place: String| if is_open { place } else { "/requests".to_owned() };
    let back = place(format!("/at/{at}/customers/{customer}/account"));
    let action = format!("/at/{at}/customers/{customer}/delink");
    let asked = |title, note: &'static str, button| {
        let note = note.into();
        Asked { at, action, back, title, note, button, typed: None }
    };
    let what = fields.word("what", &["request", "accept", "reject", "resend", "cancel"])?;
    let (command, asked, said): (Command, _, _) = match what {
        "request" => (
            RequestDelink { party, ..RequestDelink::new(link) }.into(),
            Some(asked(
                "Delink customer account",
                "The customer is asked. Nobody’s rights change before it accepts, unless it has asked to part as well.",
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
            "You have accepted.",
        ),
        "reject" => {
            (RejectDelink { party, ..RejectDelink::new(link) }.into(), None, "You have rejected the request.")
        }
        "resend" => {
            (ResendDelink { party, ..ResendDelink::new(link) }.into(), None, "The customer was reminded.")
        }
        _ => (
            CancelDelink { party, ..CancelDelink::new(link) }.into(),
            None,
            "You have taken the request back.",
        ),
    };
    let visit = person.visit.clone();
    let happened = match asked {
        None => portal.act(fields.need("request")?, person.user, command).await?.outcome,
        Some(asked) => match look::before(&portal, person, fields, asked, command.clone(), command).await? {
            Leap::Look(page) => return Ok(page.into_response()),
            Leap::Done(happened) => happened,
        },
    };
    // Where both sides ask, they part at once: what is said is what has happened.
    let parted = words::parted(&happened);
    let said = if parted { "You have parted. The customer is no longer yours to manage." } else { said };
    portal.sessions().say(&visit, said);
    let to =
        if parted { format!("/at/{at}/customers") } else { format!("/at/{at}/customers?show={customer}") };
    Ok(Redirect::to(&place(to)).into_response())
}
