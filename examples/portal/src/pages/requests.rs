//! What awaits an answer of whoever looks, with what it means, and what became of what they asked for.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::command::{
    AcceptDelink, AcceptLink, AcceptProposal, ApproveMove, Command, ConfirmAddress, DeclineLink,
    DeclineManagerInvitation, DeclineMove, DeclineProposal, RejectDelink,
};
use tenantry::model::ProposalContent;
use tenantry::query::{AskedByMe, Awaited, Awaiting, AwaitingRow, Requested};
use tenantry::{Code, TenantId};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::look::{self, Asked, Leap};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes() -> Router<Portal> {
    Router::new().route("/requests", get(show)).route("/requests/answer", post(answer))
}

async fn show(State(portal): State<Portal>, person: Person, fields: Fields) -> Result<Markup, Problem> {
    frame::own_page(&portal, person, fields, "Requests", |reader| {
        let awaiting = reader.ask(Awaiting::new(reader.actor()))?.rows;
        let asked = reader.ask(AskedByMe::new(reader.actor()))?.rows;
        Ok(html! {
            h1 { "Requests" }
            @if reader.portal.check(reader.person.user, "tenant.view", reader.at) == Err(Some(Code::CustomerLocked)) {
                p.past role="note" {
                    strong { "You have no access. " }
                    "Your organisation is fully managed: its MSP manages everything, and you and your colleagues manage nothing."
                }
            }
            section {
                h2 { "Awaiting your answer" }
                @if awaiting.is_empty() { p { "Nothing awaits your answer." } }
                @for row in &awaiting { (request(reader, row)) }
            }
            section {
                h2 { "What you have asked" }
                @if asked.is_empty() { p { "You have asked nothing of others." } }
                ul.rows { @for row in &asked { li { (what_became(&row.what)) } } }
            }
        })
    })
    .await
}

/// What is asked, what it means, and which kind of thing it is of which id.
fn meaning(what: &Awaited) -> (&'static str, Markup, &'static str, String) {
    match what {
        Awaited::LinkRequest { request, management, services, .. } => (
            "asks to manage you",
            html! {
                p { strong { (words::management(management)) } ": " (words::services(services)) "." }
                @match management.as_str() {
                    "fully" => p { "You and your colleagues lose access for as long as it manages you: it manages everything." },
                    "jointly" => p { "You keep full access, and it works beside you. Your admins and roles stay yours unless you grant them." },
                    _ => {}
                }
            },
            "link",
            request.to_string(),
        ),
        Awaited::Delink { link, ends } => (
            "asks to part",
            html! {
                p { "If you accept, it can no longer be managed by them. Until then nothing changes." }
                @if let Some(ends) = ends { p { "It ends by itself at " (words::moment(*ends)) "." } }
            },
            "delink",
            link.to_string(),
        ),
        Awaited::Proposal { proposal, content, .. } => (
            "proposes a change",
            match content {
                ProposalContent::Services(services) => {
                    html! { p { "It would manage these, too: " (words::services(services)) "." } }
                }
                ProposalContent::Term(_) => html! { p { "It would manage you until another day." } },
                ProposalContent::Terms { management, .. } => {
                    html! { p { "What “" (words::management(management)) "” means would be what it means today." } }
                }
                _ => html! {},
            },
            "proposal",
            proposal.to_string(),
        ),
        Awaited::Move { id, devices } => {
            ("would move devices to you", html! { p { (devices.len()) " devices" } }, "move", id.to_string())
        }
        Awaited::ManagerInvitation { invitation } => (
            "invites you to manage it",
            html! { p { "You answer by asking for what you would manage, under “Add customer”." } },
            "invitation",
            invitation.to_string(),
        ),
        Awaited::Address { email } => {
            ("asks you to confirm an address", html! { p { (email) } }, "address", email.to_string())
        }
        _ => ("asks", html! {}, "", String::new()),
    }
}

fn request(reader: &Reader<'_>, row: &AwaitingRow) -> Markup {
    let (what, means, kind, id) = meaning(&row.what);
    html! {
        article.request {
            h3 { (words::organisation(&row.by)) " " (what) }
            (means)
            @if let Some(expires) = row.expires { p.soft { "Open until " (words::moment(expires)) } }
            (form::post(&reader.person.visit, "/requests/answer", html! {
                (form::hidden("kind", kind))
                (form::hidden("id", &id))
                (form::hidden("for", row.tenant))
                p.buttons {
                    @match kind {
                        "invitation" => a.button href=(format!("/at/{}/customers/add?number={}", row.tenant, row.by.number)) { "Answer it" },
                        _ => button.strong name="answer" value="accept" { "Accept" },
                    }
                    @if kind != "address" { button name="answer" value="decline" { "Decline" } }
                }
            }))
        }
    }
}

async fn answer(State(portal): State<Portal>, person: Person, fields: Fields) -> Result<Response, Problem> {
    let accepts = fields.get("answer") == Some("accept");
    let mut ends_rights = false;
    let command: Command = match (fields.get("kind").unwrap_or_default(), accepts) {
        ("link", true) => {
            ends_rights = true;
            AcceptLink::new(fields.need("id")?).into()
        }
        ("link", false) => DeclineLink::new(fields.need("id")?).into(),
        ("delink", true) => {
            ends_rights = true;
            AcceptDelink::new(fields.need("id")?).into()
        }
        ("delink", false) => RejectDelink::new(fields.need("id")?).into(),
        ("proposal", true) => AcceptProposal::new(fields.need("id")?).into(),
        ("proposal", false) => DeclineProposal::new(fields.need("id")?).into(),
        ("move", true) => ApproveMove::new(fields.need("id")?).into(),
        ("move", false) => DeclineMove::new(fields.need("id")?).into(),
        ("invitation", false) => DeclineManagerInvitation::new(fields.need("id")?).into(),
        ("address", true) => ConfirmAddress::new(person.user, fields.need("id")?).into(),
        _ => return Err(Problem::nothing_here()),
    };
    let visit = person.visit.clone();
    if ends_rights {
        let at: TenantId = fields.need("for")?;
        let asked = Asked {
            at,
            action: "/requests/answer".to_owned(),
            back: "/requests".to_owned(),
            title: "Accept the request",
            note: "Read what it would lead to before you accept.",
            button: "Accept",
            typed: None,
        };
        let leap = look::before(&portal, person, fields, asked, command.clone(), command).await?;
        if let Leap::Look(page) = leap {
            return Ok(page.into_response());
        }
    } else {
        portal.act(fields.need("request")?, person.user, command).await?;
    }
    portal.sessions().say(&visit, if accepts { "You have accepted." } else { "You have declined." });
    Ok(Redirect::to("/requests").into_response())
}

/// What was asked for, of whom, and what became of it.
fn what_became(what: &Requested) -> Markup {
    let other = |other: &Option<tenantry::query::Organisation>, number: &dyn std::fmt::Display| {
        html! { @match other { Some(other) => (words::organisation(other)), None => span.number { (number.to_string()) } } }
    };
    html! {
        @match what {
            Requested::LinkRequest(row) => {
                "To manage " (other(&row.other, &row.number)) " " (words::management(&row.management).to_lowercase())
                " · " strong { (words::plainly(row.state)) } " · " (words::moment(row.asked))
            }
            Requested::ManagerInvitation(row) => {
                "To be managed by " (other(&row.other, &row.number)) " · " strong { (words::plainly(row.state)) } " · " (words::moment(row.asked))
            }
            Requested::Invitation(row) => {
                "That " (words::name(row.email.as_ref().map_or("somebody", |email| email.as_str()))) " joins · "
                strong { (words::plainly(row.state)) } " · " (words::moment(row.asked))
            }
            Requested::Proposal(row) => {
                "A change with " (other(&row.other, &row.number)) " · " strong { (words::plainly(row.state)) } " · " (words::moment(row.asked))
            }
            Requested::Delink(row) => {
                "To part from " (other(&row.other, &row.number)) " · " strong { "Pending" } " · " (words::moment(row.asked))
            }
            Requested::Move(row) => {
                "To move devices to " (other(&row.other, &row.number)) " · " strong { (words::plainly(row.state)) } " · " (words::moment(row.asked))
            }
            Requested::Address(row) => {
                "Another address · " strong { (words::plainly(row.state)) } " · " (words::moment(row.asked))
            }
            _ => {}
        }
    }
}
