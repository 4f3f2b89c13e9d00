//! What stands around every page: where one is, where else one may go, what has just been done. And what is shown where
//! there is no page.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{DOCTYPE, Markup, html};
use tenantry::engine::Moment;
use tenantry::model::{Actor, TenantKind};
use tenantry::query::{Ask, Paging, PlaceRow, Places};
use tenantry::{Code, TenantId, Timestamp};

use crate::app::Portal;
use crate::fields::Fields;
use crate::heard::{is_of, said, wants_json};
use crate::own::{self, Own};
use crate::problem::{NOT_IN, Problem, told};
use crate::session::{Person, Visit};
use crate::{form, words};

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
    /// Who they are.
    pub(crate) own: Own,
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
    let as_of = as_of_in(&fields)?;
    let made = read(portal, person, at, fields, as_of, move |reader| {
        let body = body(reader)?;
        around(reader, title, &body)
    });
    made.await
}

/// Reads what a page is made of, or what a form rests on.
pub(crate) async fn read<T: Send + 'static>(
    portal: &Portal,
    person: Person,
    at: TenantId,
    fields: Fields,
    as_of: Option<Timestamp>,
    what: impl FnOnce(&Reader<'_>) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let itself = portal.clone();
    let read = portal.ask(as_of, move |now, moment| {
        let own = own::of(now, person.user)?;
        what(&Reader { portal: itself, person, at, own, fields, now, moment, as_of })
    });
    let before_their_time = |problem: &Problem| as_of.is_some() && problem.is(Code::UnknownUser);
    read.await.map_err(|problem| match before_their_time(&problem) {
        true => Problem::typed("as_of", "you were not here yet at that moment"),
        false => problem,
    })
}

/// Makes a page about whoever looks, wherever they are at home. It is of now.
pub(crate) async fn own_page(
    portal: &Portal,
    person: Person,
    fields: Fields,
    title: &'static str,
    body: impl FnOnce(&Reader<'_>) -> Result<Markup, Problem> + Send + 'static,
) -> Result<Markup, Problem> {
    of_now(&fields)?;
    let user = person.user;
    let home = portal.ask(None, move |now, _| Ok(own::of(now, user)?.home)).await?;
    page(portal, person, home, fields, title, body).await
}

/// Of a page by which something is done there is no past: whoever asks for one is told so, rather than shown what is now.
pub(crate) fn of_now(fields: &Fields) -> Result<(), Problem> {
    let past = fields.get("as_of").map(|_| Problem::typed("as_of", "this page shows only what is now"));
    past.map_or(Ok(()), Err)
}

/// The moment that a page is asked for as of, if it is one that has passed.
pub(crate) fn as_of_in(fields: &Fields) -> Result<Option<Timestamp>, Problem> {
    moment_in(fields, "as_of")
}

/// The moment that a field says, if it says one.
pub(crate) fn moment_in(fields: &Fields, name: &str) -> Result<Option<Timestamp>, Problem> {
    let typed = fields.get(name).map(|typed| Timestamp::parse(&in_full(typed)));
    typed.transpose().map_err(|flaw| Problem::typed(name, flaw))
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
const PAGES: [(&str, &str, Option<TenantKind>, &str); 12] = [
    ("customers.list", "Customers", Some(TenantKind::Msp), "customers"),
    ("customers.list", "Clients", Some(TenantKind::Msp), "clients"),
    ("devices.view", "Customers", Some(TenantKind::Reseller), "listing"),
    ("devices.view", "Uploads", Some(TenantKind::Reseller), "uploads"),
    ("tenant.view", "MSPs and permissions", Some(TenantKind::Customer), "managers"),
    ("users.view", "Admins and roles", None, "people"),
    ("integrations.view", "Integrations", None, "integrations"),
    ("licences.view", "Licences", None, "licences"),
    ("alerts.view", "Alerts", None, "alerts"),
    ("audit.view", "Audit", None, "audit"),
    ("users.view", "Access", None, "access"),
    ("tenant.view", "Overview", None, "overview"),
];

fn around(reader: &Reader<'_>, title: &str, body: &Markup) -> Result<Markup, Problem> {
    let own = &reader.own;
    let paging = Paging { limit: PLACES, ..Paging::default() };
    // Whose organisation is disabled may enter no place.
    let places = told(reader.now.ask(Places { paging, ..Places::new(reader.actor()) }))?;
    let (mut places, next) = places.map(|page| (page.rows, page.next)).unwrap_or_default();
    let more = next.is_some();
    // One's own organisation stands first: that is the way back.
    places.sort_by_key(|place| place.tenant != own.home);
    let here = places.iter().find(|place| place.tenant == reader.at).cloned();
    let here = match here {
        None if reader.at != own.home && own.shut.is_none() => place_of(reader)?,
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
                        (words::name(own.name.as_deref().unwrap_or("Somebody")))
                        " · " (own.role.as_ref().map(words::role).unwrap_or_default())
                    }
                    a href="/requests" { "Requests" }
                    a href="/letters" { "Letters" }
                    (form::press(visit, "/leave", &[], "Leave"))
                }
            }
            div.columns {
                (side(reader, here.as_ref(), &places, more, path))
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

fn side(reader: &Reader<'_>, here: Option<&PlaceRow>, places: &[PlaceRow], more: bool, path: &str) -> Markup {
    let own = (reader.own.organisation.clone(), reader.own.kind);
    let (name, kind) = here.map_or(own, |place| (place.name.to_string(), place.kind));
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
                @if name != "as_of" && name != "page" { (form::hidden(name, value)) }
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

/// How many of what stands in the way of a batch a page names.
const ITEMS: usize = 50;

/// Makes a page of a problem, or what RFC 9457 has for programs.
pub(crate) async fn readable(request: Request, next: Next) -> Response {
    let (json, mut back) = (wants_json(request.headers()), page_before(request.headers()));
    let path = request.uri().path().to_owned();
    // What was sent from a page that is made by sending a form cannot be gone back to.
    if back == path {
        "/home".clone_into(&mut back);
    }
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>() else {
        return response;
    };
    let sent = response.extensions().get::<Visit>().zip(response.extensions().get::<Fields>());
    let mut shown = match sent {
        _ if json => problem.json(),
        _ if problem.name == NOT_IN => return Redirect::to("/").into_response(),
        Some((visit, fields)) if problem.is(Code::RequestReused) => {
            sent_before(visit, &path, fields, &back).into_response()
        }
        _ => why_not(problem, &back).into_response(),
    };
    *shown.status_mut() = problem.status;
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            shown.headers_mut().insert(name, value.clone());
        }
    }
    shown.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    shown
}

/// A form that went through and was sent once more with something else in it, as from a page that the browser has kept:
/// it is there anew, with what was filled in.
fn sent_before(visit: &Visit, path: &str, fields: &Fields, back: &str) -> Markup {
    let is_plain = |text: &str| !text.is_empty() && text.parse::<uuid::Uuid>().is_err();
    let hidden = ["token", "request", "sure", "seen", "follows"];
    let shown = fields.0.iter().filter(|(name, text)| {
        is_plain(text) && !hidden.contains(&name.as_str()) && !name.starts_with("was ")
    });
    let shown: Vec<_> = shown.collect();
    // What was looked at is looked at anew.
    let but: &[&str] = if fields.get("sure").is_some() { &["sure", "seen", "follows"] } else { &[] };
    document(
        "This form was sent before",
        html! {
            main.alone {
                h1 { "This form was sent before" }
                p {
                    "What you sent first was done. Nothing was done of what you have sent now. Here it is anew: if it is "
                    "to be done as well, send it once more."
                }
                @if !shown.is_empty() {
                    dl { @for (name, text) in shown { dt { (words::plainly(name)) } dd { (words::name(text)) } } }
                }
                (form::post(visit, path, html! {
                    (form::again(fields, but))
                    p.buttons {
                        button.strong { "Send it once more" }
                        a.button href=(back) { "Leave it as it is" }
                    }
                }))
            }
        },
    )
}

fn why_not(problem: &Problem, back: &str) -> Markup {
    let more = problem.items.len().saturating_sub(ITEMS);
    document(
        "That did not work",
        html! {
            main.alone {
                h1 { "That did not work" }
                p.detail { (problem.detail) "." }
                @if let Some(remedy) = &problem.remedy { p { strong { "What to do: " } (remedy) "." } }
                @if !problem.items.is_empty() { ul { @for item in problem.items.iter().take(ITEMS) { li { (item) } } } }
                @if more > 0 { p { "And " (more) " more like these." } }
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
    let host = said(headers, header::HOST.as_str()).unwrap_or_default();
    let from = said(headers, header::REFERER.as_str()).filter(|from| is_of(from, host));
    let place = from.and_then(|from| from.splitn(4, '/').nth(3)).filter(|place| !place.contains('\\'));
    place.map_or_else(|| "/home".to_owned(), |place| format!("/{}", place.trim_start_matches('/')))
}
