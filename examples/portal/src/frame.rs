//! What stands around every page: where one is, where else one may go, what has just been done. And what is shown where
//! there is no page.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use tenantry::engine::Moment;
use tenantry::model::{Actor, TenantKind};
use tenantry::query::{Ask, MyProfile, Paging, PlaceRow, Places, Profile};
use tenantry::{TenantId, Timestamp};

use crate::app::Portal;
use crate::fields::Fields;
use crate::heard::wants_json;
use crate::problem::Problem;
use crate::session::Person;
use crate::words;

/// How many places the box of places has; the others are found by a text.
const PLACES: usize = 50;

/// Who looks, at which place, at which moment.
pub(crate) struct Reader<'m> {
    /// The service.
    pub(crate) portal: Portal,
    /// Who looks.
    pub(crate) person: Person,
    /// The tenant that the page is about.
    pub(crate) at: TenantId,
    /// What the page was asked for with.
    pub(crate) fields: Fields,
    /// The state of things now.
    pub(crate) now: &'m Moment<'m>,
    /// The state of things that the page shows.
    pub(crate) moment: &'m Moment<'m>,
    /// When that was, unless it is now.
    pub(crate) as_of: Option<Timestamp>,
}

impl Reader<'_> {
    /// Who asks.
    pub(crate) fn actor(&self) -> Actor {
        self.person.actor()
    }

    /// Asks of the moment that the page shows.
    pub(crate) fn ask<Q: Ask>(&self, query: Q) -> Result<Q::Answer, Problem> {
        Ok(self.moment.ask(query)?)
    }

    /// Whether a button is worth showing: what has passed is looked at only.
    pub(crate) fn may(&self, permission: &str) -> bool {
        self.as_of.is_none() && self.portal.may(self.person.user, permission, self.at)
    }
}

/// Makes a page about a tenant, of now or of the moment that the query string names. Whatever it shows is of one state of
/// things, and asked on a thread that may wait.
pub(crate) async fn page(
    portal: &Portal,
    person: Person,
    at: TenantId,
    fields: Fields,
    title: &'static str,
    body: impl FnOnce(&Reader<'_>) -> Result<Markup, Problem> + Send + 'static,
) -> Result<Markup, Problem> {
    let as_of = match fields.get("as_of") {
        None => None,
        Some(typed) => Some(Timestamp::parse(&in_full(typed)).map_err(|flaw| Problem::typed("as_of", flaw))?),
    };
    let itself = portal.clone();
    let made = portal.ask(as_of, move |now, moment| {
        let reader = Reader { portal: itself, person, at, fields, now, moment, as_of };
        let body = body(&reader)?;
        around(&reader, title, &body)
    });
    made.await
}

/// Makes a page about whoever looks, wherever they are at home.
pub(crate) async fn own_page(
    portal: &Portal,
    person: Person,
    fields: Fields,
    title: &'static str,
    body: impl FnOnce(&Reader<'_>) -> Result<Markup, Problem> + Send + 'static,
) -> Result<Markup, Problem> {
    let home = portal.ask_one(MyProfile::new(person.actor())).await?.home.tenant;
    page(portal, person, home, fields, title, body).await
}

/// What a browser's field for a moment sends, with the zone that the page says it is in.
fn in_full(typed: &str) -> String {
    match typed.len() {
        16 => format!("{typed}:00Z"),
        19 => format!("{typed}Z"),
        _ => typed.to_owned(),
    }
}

/// The pages about a tenant: what one needs for it, which kind of tenant has it, where it is.
const PAGES: [(&str, &str, Option<TenantKind>, &str); 11] = [
    ("customers.list", "Customers", Some(TenantKind::Msp), "customers"),
    ("customers.list", "Clients", Some(TenantKind::Msp), "clients"),
    ("devices.view", "Customers", Some(TenantKind::Reseller), "listing"),
    ("devices.view", "Uploads", Some(TenantKind::Reseller), "uploads"),
    ("tenant.view", "MSPs and permissions", Some(TenantKind::Customer), "managers"),
    ("users.view", "Admins and roles", None, "people"),
    ("integrations.view", "Integrations", None, "integrations"),
    ("alerts.view", "Alerts", None, "alerts"),
    ("audit.view", "Audit", None, "audit"),
    ("users.view", "Access", None, "access"),
    ("tenant.view", "Overview", None, "overview"),
];

fn around(reader: &Reader<'_>, title: &str, body: &Markup) -> Result<Markup, Problem> {
    let profile = reader.now.ask(MyProfile::new(reader.actor()))?;
    let paging = Paging { limit: PLACES, ..Paging::default() };
    let places = reader.now.ask(Places { paging, ..Places::new(reader.actor()) })?;
    let more = places.next.is_some();
    let mut places = places.rows;
    // One's own organisation stands first: that is the way back.
    places.sort_by_key(|place| place.tenant != profile.home.tenant);
    let here = places.iter().find(|place| place.tenant == reader.at).cloned();
    let here = match here {
        None if reader.at != profile.home.tenant => place_of(reader)?,
        here => here,
    };
    let visit = &reader.person.visit;
    let path = visit.here.split('?').next().unwrap_or_default();
    Ok(document(
        title,
        html! {
            header.top {
                a.skip href="#main" { "Skip to the page" }
                a.brand href="/home" { "tenantry" span { " portal" } }
                div.who {
                    span {
                        (words::name(profile.name.as_ref().map_or("Somebody", |name| name.as_str())))
                        " · " (profile.role.as_ref().map(words::role).unwrap_or_default())
                    }
                    a href="/requests" { "Requests" }
                    a href="/letters" { "Letters" }
                    (crate::form::press(visit, "/leave", &[], "Leave"))
                }
            }
            div.columns {
                (side(reader, &profile, here.as_ref(), &places, more, path))
                main id="main" {
                    @if let Some(said) = &visit.said { p.said role="status" { (said) } }
                    @if let Some(at) = reader.as_of {
                        p.past role="note" {
                            "This is how it stood at " (words::moment(at)) " UTC, as far as you may see it today. "
                            a href=(crate::list::with(&reader.fields, &[("as_of", "")])) { "Back to now" }
                        }
                    }
                    (body)
                }
            }
        },
    ))
}

/// A place that is not among the first in the box.
fn place_of(reader: &Reader<'_>) -> Result<Option<PlaceRow>, Problem> {
    let paging = Paging { limit: 1_000, ..Paging::default() };
    let places = reader.now.ask(Places { paging, ..Places::new(reader.actor()) })?;
    Ok(places.rows.into_iter().find(|place| place.tenant == reader.at))
}

fn side(
    reader: &Reader<'_>,
    profile: &Profile,
    here: Option<&PlaceRow>,
    places: &[PlaceRow],
    more: bool,
    path: &str,
) -> Markup {
    let (name, kind) = here.map_or((&profile.home.name, profile.kind), |place| (&place.name, place.kind));
    let base = format!("/at/{}", reader.at);
    html! {
        nav.side aria-label="Pages" {
            details.places {
                summary { "Where you are: " strong { (words::name(name)) } }
                ul {
                    @for place in places {
                        li {
                            a href=(format!("/at/{}", place.tenant)) aria-current=[(place.tenant == reader.at).then_some("true")] {
                                (words::name(&place.name))
                            }
                            " " span.number { (place.number) }
                        }
                    }
                    @if more { li { a href="/places" { "All places" } } }
                }
            }
            ul.pages {
                @for (needs, label, of, to) in PAGES {
                    @if of.is_none_or(|of| of == kind) && reader.portal.may(reader.person.user, needs, reader.at) {
                        @let to = format!("{base}/{to}");
                        li { a href=(to) aria-current=[(path == to).then_some("page")] { (label) } }
                    }
                }
            }
        }
    }
}

/// The field by which a page is shown as it stood.
pub(crate) fn as_of(reader: &Reader<'_>) -> Markup {
    html! {
        form.as-of method="get" {
            @for (name, value) in &reader.fields.0 {
                @if name != "as_of" && name != "page" { (crate::form::hidden(name, value)) }
            }
            label {
                span { "As it stood at (UTC)" }
                input type="datetime-local" name="as_of" required
                    value=[reader.as_of.map(|at| at.to_string().chars().take(16).collect::<String>())];
            }
            button { "Show" }
        }
    }
}

/// A whole document.
pub(crate) fn document(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · tenantry portal" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="data:,";
            }
            body { (body) }
        }
    }
}

/// How it all looks.
pub(crate) async fn style() -> impl IntoResponse {
    let kept = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600")),
    ];
    (kept, include_str!("style.css"))
}

/// Makes a page of a problem, or what RFC 9457 has for programs.
pub(crate) async fn readable(request: Request, next: Next) -> Response {
    let (json, mut back) = (wants_json(request.headers()), page_before(request.headers()));
    // What was sent from a page that is made by sending a form cannot be gone back to.
    if back == request.uri().path() {
        "/home".clone_into(&mut back);
    }
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>() else {
        return response;
    };
    let mut shown = if json { problem.json() } else { told(problem, &back).into_response() };
    *shown.status_mut() = problem.status;
    if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
        shown.headers_mut().insert(header::SET_COOKIE, cookie.clone());
    }
    shown
}

fn told(problem: &Problem, back: &str) -> Markup {
    document(
        "That did not work",
        html! {
            main.alone {
                h1 { "That did not work" }
                p.detail { (problem.detail) "." }
                @if let Some(remedy) = &problem.remedy { p { strong { "What to do: " } (remedy) "." } }
                @if !problem.items.is_empty() { ul { @for item in &problem.items { li { (item) } } } }
                p.soft {
                    (problem.name)
                    @if let Some((number, rule)) = problem.refused {
                        " · " (number) @if let Some(rule) = rule { " · " (rule) }
                    }
                }
                p { a.button href=(back) { "Back to the page" } " " a href="/" { "To the door" } }
            }
        },
    )
}

/// The page that a request was made from, if it is one of ours.
fn page_before(headers: &HeaderMap) -> String {
    let from = headers.get(header::REFERER).and_then(|from| from.to_str().ok());
    let place = from.and_then(|from| from.splitn(4, '/').nth(3));
    place.map_or_else(|| "/home".to_owned(), |place| format!("/{}", place.trim_start_matches('/')))
}
