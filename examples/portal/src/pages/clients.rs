//! The dashboard of clients: many at once are authorised, disabled, enabled, deleted. A click on a name, or on a pin of
//! the map, leads to the client; the box of places on the side leads there and back.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::command::{Command, DeleteTenants, DisableTenants, EnableTenants};
use tenantry::query::{CustomerFilter, CustomerRow, Customers, Pin, Pins};

use crate::app::Portal;
use crate::fields::Fields;
use crate::guard::{At, needs};
use crate::look::{self, Asked, Leap};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/clients", needs(portal, "customers.list", get(show)))
        .route("/at/{at}/clients/act", needs(portal, "customers.list", post(act)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Clients", |reader| {
        let filter = CustomerFilter { text: reader.fields.may("text")?, ..CustomerFilter::default() };
        let paging = list::paging(&reader.fields)?;
        let page = reader.ask(Customers { filter, paging, ..Customers::new(reader.actor(), reader.at) })?;
        let pins = reader.ask(Pins::new(reader.actor()))?;
        let base = format!("/at/{}/clients", reader.at);
        Ok(html! {
            div.head {
                h1 { "Clients" }
                @if reader.may("customers.add") { a.button.strong href=(format!("{base}/add")) { "Add client" } }
            }
            (form::filter(&reader.fields, None, &["text"], html! {
                (form::text("Name or number", "text", reader.fields.get("text").unwrap_or_default()))
                button { "Filter" }
            }))
            // What has passed is looked at only.
            @if reader.as_of.is_some() { (table(&page.rows, false)) } @else {
                (form::post(&reader.person.visit, &format!("{base}/act"), html! {
                    div.buttons {
                        button name="what" value="authorize" { "Authorize" }
                        button name="what" value="disable" { "Disable" }
                        button name="what" value="enable" { "Enable" }
                        button name="what" value="delete" { "Delete" }
                    }
                    (table(&page.rows, true))
                }))
            }
            (list::pager(&reader.fields, page.next.as_deref()))
            section {
                h2 { "Map" }
                (map(&pins))
            }
            (frame::as_of(reader))
        })
    })
    .await
}

fn table(rows: &[CustomerRow], to_tick: bool) -> Markup {
    html! {
        table {
            caption { (if to_tick { "Tick those that it is about" } else { "The clients of then" }) }
            thead { tr { th scope="col" { "Client" } th scope="col" { "Number" } th scope="col" { "State" } th scope="col" { "Open" } } }
            tbody {
                @for row in rows {
                    tr {
                        th scope="row" data-label="Client" {
                            @if to_tick { (form::tick(row.name.as_str(), "tenant", row.tenant, false)) } @else { (words::name(&row.name)) }
                        }
                        td data-label="Number" { span.number { (row.number) } }
                        td data-label="State" { (words::plainly(row.operation)) }
                        td data-label="Open" { a href=(format!("/at/{}", row.tenant)) { "Go to " (words::name(&row.name)) } }
                    }
                }
            }
        }
    }
}

/// The pins on a plain map: degrees are laid out evenly, and as many of them are shown as there is something to see. A
/// name is on its pin where there are few, and else when it is pointed at.
fn map(pins: &[Pin]) -> Markup {
    let places = pins.iter().map(|pin| (pin.coordinates.longitude(), -pin.coordinates.latitude()));
    let places: Vec<(f64, f64)> = places.collect();
    let least = |of: fn(&(f64, f64)) -> f64| places.iter().map(of).fold(f64::INFINITY, f64::min) - 8.0;
    let most = |of: fn(&(f64, f64)) -> f64| places.iter().map(of).fold(f64::NEG_INFINITY, f64::max) + 8.0;
    let (left, top) = (least(|it| it.0), least(|it| it.1));
    let (width, height) = (most(|it| it.0) - left, most(|it| it.1) - top);
    let unit = width / 100.0;
    html! {
        @if pins.is_empty() { p { "None of them is on the map." } } @else {
            svg.map.few[pins.len() <= 8] viewBox=(format!("{left:.1} {top:.1} {width:.1} {height:.1}")) role="group" aria-label="Where clients are" {
                @for degrees in (-180..=180).step_by(15) {
                    line.grid x1=(degrees) x2=(degrees) y1="-90" y2="90" stroke-width=(format!("{:.2}", unit / 12.0)) {}
                    line.grid x1="-180" x2="180" y1=(degrees) y2=(degrees) stroke-width=(format!("{:.2}", unit / 12.0)) {}
                }
                @for (pin, (x, y)) in pins.iter().zip(&places) {
                    a href=(format!("/at/{}", pin.tenant)) {
                        title { (pin.name) }
                        circle.pin cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r=(format!("{:.2}", unit * 0.6)) {}
                        text x=(format!("{:.1}", x + unit)) y=(format!("{:.1}", y + unit / 2.0)) font-size=(format!("{:.2}", unit * 1.7)) { (pin.name) }
                    }
                }
            }
        }
    }
}

async fn act(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Response, Problem> {
    let tenants = fields.all("tenant").map(|id| id.parse().map_err(|flaw| Problem::typed("tenant", flaw)));
    let tenants: Vec<TenantId> = tenants.collect::<Result<_, _>>()?;
    if tenants.is_empty() {
        return Err(Problem::typed("clients", "tick at least one"));
    }
    let back = format!("/at/{at}/clients");
    let what = fields.word("what", &["authorize", "disable", "enable", "delete"])?;
    let asked = |title, note: &'static str, button, typed| {
        let note = note.into();
        Some(Asked { at, action: format!("{back}/act"), back: back.clone(), title, note, button, typed })
    };
    // What is looked at is what would be done once the word is typed; what is done has the word as it was typed.
    let delete = |word: &str| Command::from(DeleteTenants::new(tenants.clone(), word.to_owned()));
    let (shown, done, asked) = match what {
        "authorize" => {
            let chosen: Vec<_> = tenants.iter().map(|id| ("tenant", id.to_string())).collect();
            let query = serde_urlencoded::to_string(chosen).unwrap_or_default();
            return Ok(Redirect::to(&format!("{back}/authorize?{query}")).into_response());
        }
        "disable" => {
            let command = Command::from(DisableTenants::new(tenants.clone()));
            let note = "Nobody can log in to a client that is disabled. Power its collector down, too.";
            (command.clone(), command, asked("Disable clients", note, "Disable", None))
        }
        "enable" => {
            let command = Command::from(EnableTenants::new(tenants.clone()));
            (command.clone(), command, None)
        }
        _ => {
            let typed = fields.0.iter().find(|(name, _)| name == "word").map_or("", |(_, word)| word);
            let note = "What is deleted does not come back. Its domain prefix is free for others again.";
            let asked = asked("Delete clients", note, "Delete", Some(("Type “delete”", "word")));
            (delete("delete"), delete(typed), asked)
        }
    };
    let visit = person.visit.clone();
    let happened = match asked {
        None => portal.act(fields.need("request")?, person.user, done).await?.outcome,
        Some(asked) => match look::before(&portal, person, fields, asked, shown, done).await? {
            Leap::Look(page) => return Ok(page.into_response()),
            Leap::Done(happened) => happened,
        },
    };
    let said = match what {
        "enable" => words::enabled(&happened),
        "disable" if happened.is_empty() => "They were disabled already: nothing has changed.",
        "disable" => "Disabled.",
        _ => "Deleted.",
    };
    portal.sessions().say(&visit, said);
    // Whoever has disabled their own organisation has this page no longer.
    let is_open = visit.user.is_some_and(|user| portal.may(user, "customers.list", at));
    Ok(Redirect::to(if is_open { &back } else { "/home" }).into_response())
}
