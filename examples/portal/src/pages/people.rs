//! The admins of a tenant and their roles: who there is, who is invited, which roles there are. The MSP sees the same page
//! of a customer, and may change it where the customer has granted that.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::base::ids::UserId;
use tenantry::command::{
    Assign, BlockUser, Command, CreateRole, InviteUser, Invitee, NewAssignment, RemoveUser, ResendInvitation,
    RevokeInvitation, UnblockUser,
};
use tenantry::model::{HandshakeState, UserState};
use tenantry::query::{
    InvitationFilter, InvitationRow, Invitations, Paging, RoleRow, Roles, UserFilter, UserRow, UserSort,
    Users,
};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::look::{self, Asked, Leap};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/people", needs(portal, "users.view", get(show)))
        .route("/at/{at}/people/invite", needs(portal, "users.view", post(invite)))
        .route("/at/{at}/people/invitation", needs(portal, "users.view", post(invitation)))
        .route("/at/{at}/people/user", needs(portal, "users.view", post(user)))
        .route("/at/{at}/people/role", needs(portal, "users.view", post(role)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Admins and roles", |reader| {
        let sorts = [("name", UserSort::Name), ("email", UserSort::Email), ("state", UserSort::State)];
        let sort = list::sort(&reader.fields, &sorts)?.unwrap_or_default();
        let filter = UserFilter { text: reader.fields.may("text")?, sort, ..UserFilter::default() };
        let paging = list::paging(&reader.fields)?;
        let users = reader.ask(Users { filter, paging, ..Users::new(reader.actor(), reader.at) })?;
        let all = Paging { limit: 100, ..Paging::default() };
        let roles = reader.ask(Roles { paging: all, ..Roles::new(reader.actor(), reader.at) })?.rows;
        let filter = InvitationFilter { state: Some(HandshakeState::Pending) };
        let invited = reader.ask(Invitations { filter, ..Invitations::new(reader.actor(), reader.at) })?.rows;
        let manages = reader.may("users.manage");
        Ok(html! {
            h1 { "Admins and roles" }
            (form::filter(&reader.fields, None, &["text"], html! {
                (form::text("Name or address", "text", reader.fields.get("text").unwrap_or_default()))
                button { "Find" }
            }))
            table {
                caption { "Who belongs here" }
                thead { tr {
                    (list::sortable(&reader.fields, "Name", "name", true))
                    (list::sortable(&reader.fields, "E-mail", "email", false))
                    th scope="col" { "Role" }
                    (list::sortable(&reader.fields, "State", "state", false))
                    @if manages { th scope="col" { "Change" } }
                } }
                tbody { @for row in &users.rows { (admin(reader, row, &roles, manages)) } }
            }
            (list::pager(&reader.fields, users.next.as_deref()))
            @if !invited.is_empty() {
                section { h2 { "Invited" } ul.rows { @for row in &invited { li { (waiting(reader, row, manages)) } } } }
            }
            @if manages { (inviting(reader, &roles)) }
            (offered(reader, &roles))
            (frame::as_of(reader))
        })
    })
    .await
}

/// What a role is called.
fn called(roles: &[RoleRow], role: &tenantry::model::RoleRef) -> String {
    let named = roles.iter().find(|row| row.role == *role).and_then(|row| row.name.as_ref());
    named.map_or_else(|| words::role(role), ToString::to_string)
}

fn offers(roles: &[RoleRow]) -> Vec<(String, String)> {
    roles.iter().map(|row| (row.role.to_string(), called(roles, &row.role))).collect()
}

fn admin(reader: &Reader<'_>, row: &UserRow, roles: &[RoleRow], manages: bool) -> Markup {
    let action = format!("/at/{}/people/user", reader.at);
    let name = row.name.as_ref().map_or_else(|| "Somebody".to_owned(), ToString::to_string);
    let role = row.role.as_ref().map(|role| called(roles, role)).unwrap_or_default();
    let press = |what: &str, label: &str| {
        let what = [("what", what.to_owned()), ("user", row.user.to_string())];
        form::press(&reader.person.visit, &action, &what, label)
    };
    html! {
        tr {
            th scope="row" data-label="Name" { (words::name(&name)) }
            td data-label="E-mail" { (words::name(row.email.as_ref().map_or("–", |email| email.as_str()))) }
            td data-label="Role" { (words::name(role)) }
            td data-label="State" { (words::plainly(row.state)) }
            @if manages {
                td data-label="Change" {
                    div.buttons {
                        @match row.state {
                            UserState::Active => (press("block", &format!("Block {name}"))),
                            UserState::Blocked => (press("unblock", &format!("Unblock {name}"))),
                            _ => {}
                        }
                        @if row.state != UserState::Removed { (press("remove", &format!("Remove {name}"))) }
                    }
                    @if row.state == UserState::Active {
                        details {
                            summary { "Give another role" }
                            (form::post(&reader.person.visit, &action, html! {
                                (form::hidden("what", "assign"))
                                (form::hidden("user", row.user))
                                (form::choice("Role", "role", &row.role.as_ref().map(ToString::to_string).unwrap_or_default(), &offers(roles)))
                                button { "Give" }
                            }))
                        }
                    }
                }
            }
        }
    }
}

fn waiting(reader: &Reader<'_>, row: &InvitationRow, manages: bool) -> Markup {
    let action = format!("/at/{}/people/invitation", reader.at);
    let press = |what: &str, label: &str| {
        let what = [("what", what.to_owned()), ("invitation", row.invitation.to_string())];
        form::press(&reader.person.visit, &action, &what, label)
    };
    html! {
        (words::name(row.email.as_ref().map_or("–", |email| email.as_str()))) " · " (words::role(&row.role))
        " · until " (words::moment(row.expires))
        @if manages { span.buttons { (press("resend", "Remind")) (press("revoke", "Take back")) } }
    }
}

fn inviting(reader: &Reader<'_>, roles: &[RoleRow]) -> Markup {
    html! {
        section {
            h2 { "New user" }
            (form::post(&reader.person.visit, &format!("/at/{}/people/invite", reader.at), html! {
                (form::needed("E-mail", "email", ""))
                (form::text("Name", "name", ""))
                (form::choice("Role", "role", "read_only", &offers(roles)))
                p.buttons { button.strong { "Invite" } }
            }))
        }
    }
}

fn offered(reader: &Reader<'_>, roles: &[RoleRow]) -> Markup {
    let policy = reader.moment.policy();
    let all = policy.permissions.iter().filter(|it| !policy.super_only.contains(*it));
    let all: Vec<_> = all.map(|it| (it.to_string(), words::permission(it.as_str()))).collect();
    html! {
        section {
            h2 { "Roles" }
            ul.rows {
                @for row in roles {
                    li {
                        details {
                            summary { (words::name(called(roles, &row.role))) span.soft { " · " (row.permissions.len()) " permissions" } }
                            ul { @for it in &row.permissions { li { (words::permission(it.as_str())) } } }
                        }
                    }
                }
            }
            @if reader.may("roles.manage") {
                details {
                    summary { "Add a role" }
                    (form::post(&reader.person.visit, &format!("/at/{}/people/role", reader.at), html! {
                        (form::needed("What it is called", "name", ""))
                        (form::boxes("What it lets people do", "permissions", &[], &all))
                        p.buttons { button.strong { "Add role" } }
                    }))
                }
            }
        }
    }
}

async fn invite(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let invitee = Invitee { name: fields.may("name")?, ..Invitee::new(fields.need("email")?) };
    let command = InviteUser::new(at, invitee, fields.need("role")?);
    portal.done(&person, &fields, command, "The invitation is on its way.", &format!("/at/{at}/people")).await
}

async fn invitation(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let (command, said): (Command, _) = match fields.word("what", &["resend", "revoke"])? {
        "resend" => {
            (ResendInvitation::new(fields.need("invitation")?).into(), "The invitation was sent again.")
        }
        _ => (RevokeInvitation::new(fields.need("invitation")?).into(), "The invitation is taken back."),
    };
    portal.done(&person, &fields, command, said, &format!("/at/{at}/people")).await
}

async fn user(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Response, Problem> {
    let user: UserId = fields.need("user")?;
    let what = fields.word("what", &["block", "unblock", "remove", "assign"])?;
    let (command, said): (Command, _) = match what {
        "block" => (BlockUser::new(user).into(), "They are blocked."),
        "unblock" => (UnblockUser::new(user).into(), "They are back."),
        "remove" => (RemoveUser::new(user).into(), "They are removed."),
        _ => {
            let given = NewAssignment { user, tenant: at, role: fields.need("role")?, below: None };
            (Assign::new(vec![given]).into(), "They have another role now.")
        }
    };
    let (visit, back) = (person.visit.clone(), format!("/at/{at}/people"));
    if what == "remove" {
        let asked = Asked {
            at,
            action: format!("{back}/user"),
            back: back.clone(),
            title: "Remove somebody",
            note: "Whoever is removed does not come back; they would be invited anew.".into(),
            button: "Remove",
            typed: None,
        };
        let leap = look::before(&portal, person, fields, asked, command.clone(), command).await?;
        if let Leap::Look(page) = leap {
            return Ok(page.into_response());
        }
    } else {
        portal.act(fields.need("request")?, person.user, command).await?;
    }
    portal.sessions().say(&visit, said);
    Ok(Redirect::to(&back).into_response())
}

async fn role(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let command = CreateRole::new(at, fields.need("name")?, fields.set("permissions")?);
    portal.done(&person, &fields, command, "The role is added.", &format!("/at/{at}/people")).await
}
