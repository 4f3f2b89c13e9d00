//! Who manages a customer, as the customer sees it: what it lets them do, and how it parts from them.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::base::ids::LinkId;
use tenantry::base::text::Permission;
use tenantry::command::{
    CancelDelink, Command, InviteManager, RequestDelink, ResendDelink, SetManagerGrants,
};
use tenantry::model::{Party, Stage};
use tenantry::query::{LinkFilter, Links, ManagerRow, Managers, Paging};

use crate::app::Portal;
use crate::fields::{Fields, was};
use crate::frame::Reader;
use crate::guard::{At, needs, parts};
use crate::look::{self, Asked, Leap};
use crate::problem::{Problem, told};
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/managers", needs(portal, "tenant.view", get(show)))
        .route("/at/{at}/managers/invite", needs(portal, "link.respond", post(invite)))
        .route("/at/{at}/managers/{link}/grants", needs(portal, "grants.manage", post(grants)))
        .route("/at/{at}/managers/{link}/delink", parts(portal, "link.respond", post(delink)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "MSPs and permissions", |reader| {
        let managers = reader.ask(Managers::new(reader.actor(), reader.at))?.rows;
        let filter = LinkFilter { ended: Some(true), ..LinkFilter::default() };
        let ended = told(reader.moment.ask(Links { filter, ..Links::new(reader.actor(), reader.at) }))?;
        Ok(html! {
            h1 { "MSPs and permissions" }
            @if managers.is_empty() { p { "Nobody manages you." } }
            @for row in &managers { (manager(reader, row)) }
            @if let Some(ended) = ended { @if !ended.rows.is_empty() {
                section {
                    h2 { "In the past" }
                    ul.rows { @for row in &ended.rows {
                        li {
                            @match &row.other { Some(other) => (words::organisation(other)), None => span.number { (row.number) } }
                            " · " (words::management(&row.management)) " · " strong { (row.status) } " · "
                            (words::moment(row.since)) " – " (words::moment_if(row.ended))
                        }
                    } }
                }
            } }
            @if managers.is_empty() && reader.may("link.respond") {
                section {
                    h2 { "Invite an MSP" }
                    p.soft { "It answers with how it would manage you, and you read that before you accept." }
                    (form::post(&reader.person.visit, &format!("/at/{}/managers/invite", reader.at), html! {
                        (form::needed("MSP number", "number", ""))
                        p.buttons { button { "Invite" } }
                    }))
                }
            }
            (frame::as_of(reader))
        })
    })
    .await
}

fn manager(reader: &Reader<'_>, row: &ManagerRow) -> Markup {
    let base = format!("/at/{}/managers/{}", reader.at, row.link);
    let visit = &reader.person.visit;
    let grantable = &reader.moment.policy().grantable;
    let all: Vec<_> = grantable.iter().map(|it| (it.to_string(), words::permission(it.as_str()))).collect();
    let ticked: Vec<String> = row.grants.iter().map(ToString::to_string).collect();
    let press = |what: &str, label| {
        form::press(visit, &format!("{base}/delink"), &[("what", what.to_owned())], label)
    };
    html! {
        article.request {
            h2 { (words::organisation(&row.manager)) }
            dl {
                dt { "Managed" } dd { (words::management(&row.management)) }
                dt { "Services" } dd { (words::services(&row.services)) }
                dt { "Status" } dd { (row.status) }
                dt { "Since" } dd { (words::moment(row.since)) }
                @if let Some(expires) = row.expires { dt { "Ends" } dd { (words::moment(expires)) } }
            }
            h3 { "Manage MSP permissions" }
            @if reader.may("grants.manage") {
                (form::post(visit, &format!("{base}/grants"), html! {
                    (form::hidden("seen", reader.now.seq()))
                    @for grant in &ticked { (form::was("grants", grant)) }
                    (form::boxes("Admins and roles: what you let this MSP do", "grants", &ticked, &all))
                    p.buttons { button { "Save permissions" } }
                }))
            } @else {
                @if row.grants.is_empty() { p { "Nothing beyond the default." } }
                ul { @for grant in &row.grants { li { (words::permission(grant.as_str())) } } }
            }
            @if reader.may("link.respond") {
                h3 { "Delink" }
                @match row.stage {
                    Stage::DelinkRequestedByCustomer => {
                        p { "You have asked to part. Nothing changes before the MSP accepts." }
                        div.buttons { (press("resend", "Resend e-mail")) (press("cancel", "Take the request back")) }
                    }
                    Stage::DelinkRequestedByManager => p { "The MSP has asked to part. " a href="/requests" { "Answer it" } },
                    _ => {
                        p { "Both sides have to agree. Then you have full access again, and the MSP has none." }
                        (press("request", "Ask to delink"))
                    }
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
    let command = InviteManager::new(at, fields.need("number")?);
    portal.done(&person, &fields, command, "The MSP is invited.", &format!("/at/{at}/managers")).await
}

async fn grants(
    State(portal): State<Portal>,
    person: Person,
    At((at, link)): At<(TenantId, LinkId)>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let command = SetManagerGrants::new(link, fields.set("grants")?);
    let was: BTreeSet<Permission> = fields.set(&was("grants"))?;
    let seen = fields.number("seen")?.ok_or_else(|| Problem::typed("seen", "nothing was given"))?;
    let still = || {
        let (actor, was) = (person.actor(), was.clone());
        portal.ask(None, move |now, _| {
            let all = Paging { limit: 1_000, ..Paging::default() };
            let rows = now.ask(Managers { paging: all, ..Managers::new(actor, at) })?.rows;
            let row = rows.iter().find(|row| row.link == link).ok_or_else(Problem::nothing_here)?;
            Ok((row.grants == was).then(|| now.seq()))
        })
    };
    let done = portal.act_as_seen(fields.need("request")?, person.user, command, seen, still).await?;
    done.ok_or_else(Problem::moved_on)?;
    portal.sessions().say(&person.visit, "The MSP’s permissions are saved.");
    Ok(Redirect::to(&format!("/at/{at}/managers")))
}

async fn delink(
    State(portal): State<Portal>,
    person: Person,
    At((at, link)): At<(TenantId, LinkId)>,
    fields: Fields,
) -> Result<Response, Problem> {
    let party = Some(Party::Customer);
    // Whose organisation is disabled has that page no longer.
    let is_open = portal.may(person.user, "tenant.view", at);
    let back = if is_open { format!("/at/{at}/managers") } else { "/requests".to_owned() };
    let (command, said): (Command, _) = match fields.word("what", &["request", "resend", "cancel"])? {
        "request" => {
            let command = RequestDelink { party, ..RequestDelink::new(link) };
            let asked = Asked {
                at,
                action: format!("/at/{at}/managers/{link}/delink"),
                back: back.clone(),
                title: "Ask to delink",
                note: "The MSP is asked. Nobody’s rights change before it accepts, unless it has asked to part as well.".into(),
                button: "Confirm",
                typed: None,
            };
            let visit = person.visit.clone();
            let leap = look::before(&portal, person, fields, asked, command.clone(), command).await?;
            return Ok(match leap {
                Leap::Look(page) => page.into_response(),
                Leap::Done(happened) => {
                    let parted = "You have parted: the MSP had asked for it, too. It manages you no longer.";
                    let said = if words::parted(&happened) { parted } else { "The MSP was asked to part." };
                    portal.sessions().say(&visit, said);
                    Redirect::to(&back).into_response()
                }
            });
        }
        "resend" => (ResendDelink { party, ..ResendDelink::new(link) }.into(), "The MSP was reminded."),
        _ => (CancelDelink { party, ..CancelDelink::new(link) }.into(), "You have taken the request back."),
    };
    Ok(portal.done(&person, &fields, command, said, &back).await?.into_response())
}
