//! The door: who one would like to be. A demonstration checks no passwords, and says so.

use axum::Router;
use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::base::ids::{InvitationId, RequestId};
use tenantry::command::{AcceptInvitation, DeclineInvitation};
use tenantry::engine::Of;
use tenantry::model::{TenantKind, User, UserState};
use tenantry::{TenantId, UserId};

use crate::app::Portal;
use crate::fields::Fields;
use crate::guard::{At, needs};
use crate::letters::{Letter, open_of};
use crate::own::{self, Own};
use crate::problem::Problem;
use crate::session::{Person, Visit};
use crate::{form, frame, heard, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/", get(door))
        .route("/enter", post(enter))
        .route("/leave", post(leave))
        .route("/home", get(home))
        .route("/at/{at}", needs(portal, "tenant.view", get(place)))
        .route("/invitations/{invitation}", get(invitation))
        .route("/invitations/{invitation}/answer", post(answer))
}

async fn door(State(portal): State<Portal>, visit: Visit) -> Result<Response, Problem> {
    if let Some(page) = led_here(&visit) {
        return Ok(page);
    }
    // Who there is, is the host's own affair: no user would be told all this.
    let mut people = portal
        .ask(None, |now, _| {
            let users = now.host().list::<User>(&Of::All)?;
            let active = users.iter().filter(|user| user.state == UserState::Active);
            let people = active.map(|user| Ok(own::whoever(now, user.id)?.map(|own| (user.id, own))));
            Ok(people.collect::<Result<Vec<_>, Problem>>()?.into_iter().flatten().collect::<Vec<_>>())
        })
        .await?;
    people.sort_by_key(|(_, it)| (it.kind, it.organisation.clone(), it.name.clone()));
    let kinds = [
        (TenantKind::Msp, "Managed service providers"),
        (TenantKind::Customer, "Customers"),
        (TenantKind::Reseller, "Resellers"),
    ];
    let letters = open_letters(&portal).await?;
    let page = frame::document(
        "The door",
        html! {
            main.alone {
                h1 { "tenantry portal" }
                p.past role="note" {
                    strong { "This is a demonstration." } " No passwords are checked: choose who you would like to be. "
                    "Nothing leaves this machine, and the mail that would be sent is shown instead."
                }
                @for (kind, label) in kinds {
                    section {
                        h2 { (label) }
                        ul.cards { @for one in people.iter().filter(|(_, one)| one.kind == kind) { li.card { (card(&visit, one.0, &one.1)) } } }
                    }
                }
                @if !letters.is_empty() {
                    section {
                        h2 { "Invited, and not here yet" }
                        p.soft { "Each of these letters would be in the mailbox of whoever is invited." }
                        ul { @for letter in &letters {
                            @if let Some(invitation) = letter.invitation {
                                li { a href=(format!("/invitations/{invitation}")) { (words::plainly(&letter.subject)) } }
                            }
                        } }
                    }
                }
            }
        },
    );
    Ok(remembered(&visit, page))
}

fn card(visit: &Visit, user: UserId, one: &Own) -> Markup {
    let name = one.name.as_deref().unwrap_or("Somebody");
    html! {
        strong { (words::name(name)) }
        p {
            (one.role.as_ref().map(words::role).unwrap_or_default()) ", "
            (words::name(&one.organisation)) " " span.number { (one.number) }
            @if one.shut.is_some() { span.soft { " · disabled" } }
        }
        (form::press(visit, "/enter", &[("user", user.to_string())], &format!("Enter as {name}")))
    }
}

/// A page with forms for whoever has not come in: only such a page gives a browser its cookie.
fn remembered(visit: &Visit, page: Markup) -> Response {
    match &visit.new {
        Some(cookie) => (AppendHeaders([heard::set_cookie(cookie)]), page).into_response(),
        None => page.into_response(),
    }
}

/// Whom another site leads here gets a page without forms, and no cookie: a browser that has one might not have sent it.
fn led_here(visit: &Visit) -> Option<Response> {
    let new = visit.from_elsewhere && visit.new.is_some();
    new.then(|| {
        let page = html! {
            main.alone {
                h1 { "tenantry portal" }
                p { "Another site has led you here." }
                p { a.button.strong href=(visit.here) { "Go on" } }
            }
        };
        frame::document("Go on", page).into_response()
    })
}

/// The letters whose invitations are still open: one that was answered, taken back or has lapsed leads nowhere.
async fn open_letters(portal: &Portal) -> Result<Vec<Letter>, Problem> {
    let letters = portal.letters().invitations();
    portal.ask(None, move |now, _| open_of(now, letters)).await
}

async fn enter(State(portal): State<Portal>, visit: Visit, fields: Fields) -> Result<Response, Problem> {
    let user: UserId = fields.need("user")?;
    portal.ask(None, move |now, _| own::of(now, user)).await?;
    Ok(as_(&portal, &visit, Some(user), "/home"))
}

async fn leave(State(portal): State<Portal>, visit: Visit) -> Response {
    as_(&portal, &visit, None, "/")
}

fn as_(portal: &Portal, visit: &Visit, user: Option<UserId>, to: &str) -> Response {
    let cookie = portal.sessions().becomes(visit, user);
    let cookie = AppendHeaders([heard::set_cookie(&cookie)]);
    (cookie, Redirect::to(to)).into_response()
}

/// Where somebody's work is.
async fn home(State(portal): State<Portal>, person: Person) -> Result<Redirect, Problem> {
    let user = person.user;
    let own = portal.ask(None, move |now, _| own::of(now, user)).await?;
    Ok(Redirect::to(&match own.kind {
        _ if own.shut.is_some() => "/requests".to_owned(),
        TenantKind::Msp if portal.may(person.user, "customers.list", own.home) => {
            format!("/at/{}/customers", own.home)
        }
        TenantKind::Msp => format!("/at/{}/overview", own.home),
        TenantKind::Reseller => format!("/at/{}/listing", own.home),
        _ => "/requests".to_owned(),
    }))
}

async fn place(At(at): At<TenantId>) -> Redirect {
    Redirect::to(&format!("/at/{at}/overview"))
}

async fn invitation(
    State(portal): State<Portal>,
    visit: Visit,
    At(invitation): At<InvitationId>,
) -> Result<Response, Problem> {
    if let Some(page) = led_here(&visit) {
        return Ok(page);
    }
    let letter = letter_of(&portal, invitation)?;
    let is_open = open_letters(&portal).await?.iter().any(|open| open.invitation == Some(invitation));
    let action = format!("/invitations/{invitation}/answer");
    let page = frame::document(
        "An invitation",
        html! {
            main.alone {
                h1 { "An invitation" }
                p { (words::plainly(&letter.subject)) }
                @if is_open {
                    (form::post(&visit, &action, html! {
                        (form::needed("The address that this was sent to", "email", ""))
                        p.buttons {
                            button.strong name="answer" value="accept" { "Accept" }
                            button name="answer" value="decline" { "Decline" }
                        }
                    }))
                } @else {
                    p role="note" { "It is settled: it was answered or taken back, or has lapsed." }
                }
                p { a href="/" { "To the door" } }
            }
        },
    );
    Ok(if is_open { remembered(&visit, page) } else { page.into_response() })
}

async fn answer(
    State(portal): State<Portal>,
    visit: Visit,
    At(invitation): At<InvitationId>,
    fields: Fields,
) -> Result<Response, Problem> {
    let user = letter_of(&portal, invitation)?.to;
    // The link of a real letter would carry a secret. That stands for having read it, as the address does here.
    let (id, email): (RequestId, _) = (fields.need("request")?, fields.need("email")?);
    if fields.word("answer", &["accept", "decline"])? == "decline" {
        portal.act(id, user, DeclineInvitation::new(invitation, email)).await?;
        return Ok(Redirect::to("/").into_response());
    }
    portal.act(id, user, AcceptInvitation::new(invitation, email)).await?;
    Ok(as_(&portal, &visit, Some(user), "/home"))
}

fn letter_of(portal: &Portal, invitation: InvitationId) -> Result<Letter, Problem> {
    let letters = portal.letters().invitations();
    letters.into_iter().find(|letter| letter.invitation == Some(invitation)).ok_or_else(Problem::nothing_here)
}
