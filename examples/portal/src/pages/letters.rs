//! The mail that was sent to whoever looks.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use maud::{Markup, html};
use tenantry::query::{Paging, Places};

use crate::app::Portal;
use crate::fields::Fields;
use crate::letters::open_of;
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes() -> Router<Portal> {
    Router::new().route("/letters", get(show)).route("/places", get(places))
}

async fn show(State(portal): State<Portal>, person: Person, fields: Fields) -> Result<Markup, Problem> {
    let letters = portal.letters().to(person.user);
    frame::own_page(&portal, person, fields, "Letters", move |reader| {
        let open = open_of(reader.now, letters.clone())?;
        Ok(html! {
            h1 { "Letters" }
            p.soft { "What would be in your mailbox, the last one first." }
            @if letters.is_empty() { p { "Nothing was sent to you." } }
            ul.rows {
                @for letter in &letters {
                    li {
                        (words::plainly(&letter.subject))
                        @if let Some(invitation) = letter.invitation {
                            @if open.iter().any(|open| open.invitation == letter.invitation) {
                                " · " a href=(format!("/invitations/{invitation}")) { "Answer" }
                            } @else { span.soft { " · settled" } }
                        }
                    }
                }
            }
        })
    })
    .await
}

/// All the places that somebody may enter, found by a text.
async fn places(State(portal): State<Portal>, person: Person, fields: Fields) -> Result<Markup, Problem> {
    frame::own_page(&portal, person, fields, "All places", |reader| {
        let paging = Paging { limit: 50, ..list::paging(&reader.fields)? };
        let text = reader.fields.get("text").map(str::to_owned);
        let places = reader.ask(Places { text, paging, ..Places::new(reader.actor()) })?;
        Ok(html! {
            h1 { "All places" }
            (form::filter(&reader.fields, None, &["text"], html! {
                (form::text("Name or number", "text", reader.fields.get("text").unwrap_or_default()))
                button { "Find" }
            }))
            ul.rows {
                @for place in &places.rows {
                    li { a href=(format!("/at/{}", place.tenant)) { (words::name(&place.name)) } " " span.number { (place.number) } }
                }
            }
            (list::pager(&reader.fields, places.next.as_deref()))
        })
    })
    .await
}
