//! A console, and the way back. What a service's own console looks like is the service's affair: a page stands in for it.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::base::ids::SessionId;
use tenantry::command::{CloseConsole, OpenConsole};
use tenantry::query::{Places, SessionFilter, Sessions};

use crate::app::Portal;
use crate::fields::Fields;
use crate::guard::{At, needs};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/console", needs(portal, "console.open", post(open)))
        .route("/console/{service}/{number}", get(show))
        .route("/console/return", post(back))
}

/// Opens a console: checked, and on record. Where it is, the policy says.
async fn open(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let command = OpenConsole::new(at, fields.need("service")?, fields.need("return_to")?);
    let opened = portal.act(fields.need("request")?, person.user, command).await?.outcome;
    let address = opened.address.unwrap_or_else(|| "/home".to_owned());
    Ok(Redirect::to(&format!("{address}?session={}", opened.session)))
}

/// Stands in for the console of a service.
async fn show(
    State(portal): State<Portal>,
    person: Person,
    At((service, number)): At<(String, String)>,
    fields: Fields,
) -> Result<Markup, Problem> {
    let session: SessionId = fields.need("session")?;
    portal
        .ask(None, move |now, _| {
            let places = now.ask(Places { text: Some(number.clone()), ..Places::new(person.actor()) })?;
            let place = places.rows.into_iter().find(|place| place.number.as_str() == number);
            let place = place.ok_or_else(Problem::nothing_here)?;
            let filter = SessionFilter { by: Some(person.user), ended: Some(false), ..SessionFilter::default() };
            let open = now.ask(Sessions { filter, ..Sessions::new(person.actor(), place.tenant) })?;
            // The session says of which service it is; an address that says otherwise leads nowhere.
            let open = open.rows.into_iter().find(|row| row.session == session && row.service.as_str() == service);
            let open = open.ok_or_else(Problem::nothing_here)?;
            let title = format!("{} console", words::plainly(&open.service));
            Ok(frame::document(
                &title,
                html! {
                    main.alone {
                        p.soft { "The console of a service, which this page stands in for" }
                        h1 { (title) " of " (words::name(&place.name)) }
                        dl {
                            dt { "Number" } dd { (place.number) }
                            dt { "Open since" } dd { (words::moment(open.opened)) }
                        }
                        (form::press(&person.visit, "/console/return", &[("session", session.to_string())], "Return to the MSP portal"))
                    }
                },
            ))
        })
        .await
}

/// Closes it, and goes back to where one was. The place was typed by whoever opened the console, and is looked at before
/// it is followed: only places of ours are.
async fn back(State(portal): State<Portal>, person: Person, fields: Fields) -> Result<Redirect, Problem> {
    let session: SessionId = fields.need("session")?;
    let command = CloseConsole::new(session);
    let place = portal.act(fields.need("request")?, person.user, command).await?.outcome;
    let ours = place.as_str().starts_with('/')
        && !place.as_str().starts_with("//")
        && !place.as_str().contains('\\');
    Ok(Redirect::to(if ours { place.as_str() } else { "/home" }))
}
