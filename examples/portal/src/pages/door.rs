//! The door: who one would like to be. A demonstration checks no passwords, and says so.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::base::ids::{InvitationId, RequestId};
use tenantry::command::{AcceptInvitation, DeclineInvitation};
use tenantry::engine::Of;
use tenantry::model::{TenantKind, User, UserState};
use tenantry::query::{MyProfile, Profile};
use tenantry::{TenantId, UserId};

use crate::app::Portal;
use crate::fields::Fields;
use crate::guard::{At, needs};
use crate::names::told;
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

async fn door(State(portal): State<Portal>, visit: Visit) -> Result<Markup, Problem> {
    // Who there is, is the host's own affair: no user would be told all this.
    let mut people = portal
        .ask(None, |now, _| {
            let users = now.host().list::<User>(&Of::All)?;
            let active = users.iter().filter(|user| user.state == UserState::Active);
            let profiles = active.map(|user| told(now.ask(MyProfile::new(user.id.into()))));
            Ok(profiles.collect::<Result<Vec<_>, Problem>>()?.into_iter().flatten().collect::<Vec<_>>())
        })
        .await?;
    people.sort_by_key(|it| (it.kind, it.home.name.clone(), it.name.clone()));
    let kinds = [
        (TenantKind::Msp, "Managed service providers"),
        (TenantKind::Customer, "Customers"),
        (TenantKind::Reseller, "Resellers"),
    ];
    let letters = portal.letters().invitations();
    Ok(frame::document(
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
                        ul.cards { @for one in people.iter().filter(|one| one.kind == kind) { li.card { (card(&visit, one)) } } }
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
    ))
}

fn card(visit: &Visit, one: &Profile) -> Markup {
    let name = one.name.as_ref().map_or_else(|| "Somebody".to_owned(), ToString::to_string);
    html! {
        strong { (words::name(&name)) }
        p {
            (one.role.as_ref().map(words::role).unwrap_or_default()) ", " (words::organisation(&one.home))
        }
        (form::press(visit, "/enter", &[("user", one.user.to_string())], &format!("Enter as {name}")))
    }
}

async fn enter(State(portal): State<Portal>, visit: Visit, fields: Fields) -> Result<Response, Problem> {
    let user: UserId = fields.need("user")?;
    portal.ask_one(MyProfile::new(user.into())).await?;
    Ok(as_(&portal, &visit, Some(user), "/home"))
}

async fn leave(State(portal): State<Portal>, visit: Visit) -> Response {
    as_(&portal, &visit, None, "/")
}

fn as_(portal: &Portal, visit: &Visit, user: Option<UserId>, to: &str) -> Response {
    let id = portal.sessions().becomes(visit, user);
    let cookie = AppendHeaders([(header::SET_COOKIE, heard::set_cookie(id))]);
    (cookie, Redirect::to(to)).into_response()
}

/// Where somebody's work is.
async fn home(State(portal): State<Portal>, person: Person) -> Result<Redirect, Problem> {
    let profile = portal.ask_one(MyProfile::new(person.actor())).await?;
    Ok(Redirect::to(&match profile.kind {
        TenantKind::Msp if portal.may(person.user, "customers.list", profile.home.tenant) => {
            format!("/at/{}/customers", profile.home.tenant)
        }
        TenantKind::Msp => format!("/at/{}/overview", profile.home.tenant),
        TenantKind::Reseller => format!("/at/{}/listing", profile.home.tenant),
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
) -> Result<Markup, Problem> {
    let letter = letter_of(&portal, invitation)?;
    let action = format!("/invitations/{invitation}/answer");
    Ok(frame::document(
        "An invitation",
        html! {
            main.alone {
                h1 { "An invitation" }
                p { (words::plainly(&letter)) }
                (form::post(&visit, &action, html! {
                    (form::needed("The address that this was sent to", "email", ""))
                    p.buttons {
                        button.strong name="answer" value="accept" { "Accept" }
                        button name="answer" value="decline" { "Decline" }
                    }
                }))
                p { a href="/" { "To the door" } }
            }
        },
    ))
}

async fn answer(
    State(portal): State<Portal>,
    visit: Visit,
    At(invitation): At<InvitationId>,
    fields: Fields,
) -> Result<Response, Problem> {
    let letters = portal.letters().invitations();
    let letter = letters.into_iter().find(|letter| letter.invitation == Some(invitation));
    let user = letter.ok_or_else(Problem::nothing_here)?.to;
    // The link of a real letter would carry a secret. That stands for having read it, as the address does here.
    let (id, email): (RequestId, _) = (fields.need("request")?, fields.need("email")?);
    if fields.get("answer") == Some("decline") {
        portal.act(id, user, DeclineInvitation::new(invitation, email)).await?;
        return Ok(Redirect::to("/").into_response());
    }
    portal.act(id, user, AcceptInvitation::new(invitation, email)).await?;
    Ok(as_(&portal, &visit, Some(user), "/home"))
}

fn letter_of(portal: &Portal, invitation: InvitationId) -> Result<String, Problem> {
    let letters = portal.letters().invitations();
    let letter = letters.into_iter().find(|letter| letter.invitation == Some(invitation));
    Ok(letter.ok_or_else(Problem::nothing_here)?.subject)
}
