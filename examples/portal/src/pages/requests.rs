//! What awaits an answer of whoever looks, with what it means, and what became of what they asked for.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::Code;
use tenantry::command::{
    AcceptDelink, AcceptLink, AcceptProposal, ApproveMove, CancelDelink, CancelLinkRequest,
    CancelManagerInvitation, CancelMove, CancelProposal, Command, ConfirmAddress, DeclineLink,
    DeclineManagerInvitation, DeclineMove, DeclineProposal, EnableTenants, RejectDelink, ResendDelink,
    ResendInvitation, ResendLinkRequest, ResendManagerInvitation, ResendMove, ResendProposal,
    RevokeInvitation,
};
use tenantry::model::{HandshakeState, Party, ProposalContent, Stage};
use tenantry::query::{AskedByMe, Awaited, Awaiting, AwaitingRow, Requested};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::look::{self, Asked, Leap};
use crate::own::{self, Bond, Shut};
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes() -> Router<Portal> {
    Router::new()
        .route("/requests", get(show))
        .route("/requests/answer", post(answer))
        .route("/requests/asked", post(asked))
        .route("/requests/enable", post(enable))
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
            @if let Some(shut) = &reader.own.shut { (closed(reader, shut)) }
            section {
                h2 { "Awaiting your answer" }
                @if awaiting.is_empty() { p { "Nothing awaits your answer." } }
                @for row in &awaiting { (request(reader, row)) }
            }
            section {
                h2 { "What you have asked" }
                @if asked.is_empty() { p { "You have asked nothing of others." } }
                ul.rows { @for row in &asked { li { (what_became(&row.what)) (again(reader, &row.what)) } } }
            }
        })
    })
    .await
}

/// What is left to whoever's organisation is disabled: to enable it, where their own side disabled it; to part (T-5).
fn closed(reader: &Reader<'_>, shut: &Shut) -> Markup {
    let visit = &reader.person.visit;
    let press = |bond: &Bond, what: &str, label: &str| {
        let action = match bond.as_ {
            Party::Customer => format!("/at/{}/managers/{}/delink", reader.at, bond.link),
            _ => format!("/at/{}/customers/{}/delink", reader.at, bond.other),
        };
        form::press(visit, &action, &[("what", what.to_owned()), ("link", bond.link.to_string())], label)
    };
    html! {
        section {
            p.past role="note" {
                strong { "Your organisation is disabled. " }
                "Nobody works on it before it is enabled. You can still answer what awaits you, and part from others."
            }
            @if shut.by_own_side {
                p { "Your own side has disabled it." }
                (form::press(visit, "/requests/enable", &[], "Enable it"))
            }
            @for bond in &shut.bonds {
                article.request {
                    h3 { (words::name(&bond.name)) " " span.number { (bond.number) } }
                    p { strong { (bond.stage.status()) } }
                    @match (bond.stage, bond.as_) {
                        (Stage::DelinkRequestedByCustomer, Party::Customer) | (Stage::DelinkRequestedByManager, Party::Manager) => {
                            p { "You have asked to part. Nothing changes before they accept." }
                            div.buttons { (press(bond, "resend", "Resend e-mail")) (press(bond, "cancel", "Take the request back")) }
                        }
                        (Stage::DelinkRequestedByCustomer | Stage::DelinkRequestedByManager, _) => {
                            p { "They have asked to part: that awaits your answer, below." }
                        }
                        _ => {
                            p { "Both sides have to agree before you part." }
                            (press(bond, "request", "Ask to delink"))
                        }
                    }
                }
            }
        }
    }
}

/// Lifts what one's own side has disabled.
async fn enable(State(portal): State<Portal>, person: Person, fields: Fields) -> Result<Redirect, Problem> {
    let user = person.user;
    let home = portal.ask(None, move |now, _| Ok(own::of(now, user)?.home)).await?;
    let command = Command::from(EnableTenants::new(vec![home]));
    let happened = portal.act(fields.need("request")?, person.user, command).await?.outcome;
    portal.sessions().say(&person.visit, words::enabled(&happened));
    Ok(Redirect::to("/home"))
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
    let accepts = fields.word("answer", &["accept", "decline"])? == "accept";
    let kinds = ["link", "delink", "proposal", "move", "invitation", "address"];
    let kind = fields.word("kind", &kinds)?;
    let command: Command = match (kind, accepts) {
        ("link", true) => AcceptLink::new(fields.need("id")?).into(),
        ("link", false) => DeclineLink::new(fields.need("id")?).into(),
        ("delink", true) => AcceptDelink::new(fields.need("id")?).into(),
        ("delink", false) => RejectDelink::new(fields.need("id")?).into(),
        ("proposal", true) => AcceptProposal::new(fields.need("id")?).into(),
        ("proposal", false) => DeclineProposal::new(fields.need("id")?).into(),
        ("move", true) => ApproveMove::new(fields.need("id")?).into(),
        ("move", false) => DeclineMove::new(fields.need("id")?).into(),
        ("invitation", false) => DeclineManagerInvitation::new(fields.need("id")?).into(),
        ("address", true) => ConfirmAddress::new(person.user, fields.need("id")?).into(),
        _ => return Err(Problem::typed("answer", "this is not answered so")),
    };
    let visit = person.visit.clone();
    let happened = if accepts && matches!(kind, "link" | "delink") {
        let (user, id) = (person.user, fields.need::<String>("id")?);
        // Whose answer it is, is for tenantry to say; where it is no longer awaited, the library refuses below.
        let at = portal.ask(None, move |now, _| {
            let rows = now.ask(Awaiting::new(user.into()))?.rows.into_iter();
            let mut rows = rows.map(|row| (row.tenant, meaning(&row.what)));
            let found = rows.find(|(_, (_, _, of, its))| *of == kind && *its == id);
            found.map_or_else(|| Ok(own::of(now, user)?.home), |(tenant, _)| Ok(tenant))
        });
        let asked = Asked {
            at: at.await?,
            action: "/requests/answer".to_owned(),
            back: "/requests".to_owned(),
            title: "Accept the request",
            note: "Read what it would lead to before you accept.".into(),
            button: "Accept",
            typed: None,
        };
        match look::before(&portal, person, fields, asked, command.clone(), command).await? {
            Leap::Look(page) => return Ok(page.into_response()),
            Leap::Done(happened) => happened,
        }
    } else {
        portal.act(fields.need("request")?, person.user, command).await?.outcome
    };
    let said = match accepts {
        true if words::parted(&happened) => "You have accepted. You have parted.",
        true => "You have accepted.",
        false => "You have declined.",
    };
    portal.sessions().say(&visit, said);
    Ok(Redirect::to("/requests").into_response())
}

/// What can be done about what one has asked, as long as it waits: which kind of thing it is, and which.
fn pending(what: &Requested) -> Option<(&'static str, String)> {
    let waits = |state: HandshakeState| state == HandshakeState::Pending;
    match what {
        Requested::LinkRequest(row) if waits(row.state) => Some(("link", row.request.to_string())),
        Requested::ManagerInvitation(row) if waits(row.state) => {
            Some(("manager", row.invitation.to_string()))
        }
        Requested::Invitation(row) if waits(row.state) => Some(("user", row.invitation.to_string())),
        Requested::Proposal(row) if waits(row.state) => Some(("proposal", row.proposal.to_string())),
        Requested::Move(row) if waits(row.state) => Some(("move", row.id.to_string())),
        Requested::Delink(row) => Some(("delink", row.link.to_string())),
        _ => None,
    }
}

fn again(reader: &Reader<'_>, what: &Requested) -> Markup {
    let press = |kind: &str, id: &str, what: &str, label: &str| {
        let fields = [("kind", kind.to_owned()), ("id", id.to_owned()), ("what", what.to_owned())];
        form::press(&reader.person.visit, "/requests/asked", &fields, label)
    };
    html! {
        @if let Some((kind, id)) = pending(what) {
            span.buttons { (press(kind, &id, "resend", "Remind")) (press(kind, &id, "cancel", "Take back")) }
        }
    }
}

/// Reminds of what one has asked, or takes it back.
async fn asked(State(portal): State<Portal>, person: Person, fields: Fields) -> Result<Redirect, Problem> {
    let reminds = fields.word("what", &["resend", "cancel"])? == "resend";
    let kind = fields.word("kind", &["link", "manager", "user", "proposal", "move", "delink"])?;
    let command: Command = match (kind, reminds) {
        ("link", true) => ResendLinkRequest::new(fields.need("id")?).into(),
        ("link", false) => CancelLinkRequest::new(fields.need("id")?).into(),
        ("manager", true) => ResendManagerInvitation::new(fields.need("id")?).into(),
        ("manager", false) => CancelManagerInvitation::new(fields.need("id")?).into(),
        ("user", true) => ResendInvitation::new(fields.need("id")?).into(),
        ("user", false) => RevokeInvitation::new(fields.need("id")?).into(),
        ("proposal", true) => ResendProposal::new(fields.need("id")?).into(),
        ("proposal", false) => CancelProposal::new(fields.need("id")?).into(),
        ("move", true) => ResendMove::new(fields.need("id")?).into(),
        ("move", false) => CancelMove::new(fields.need("id")?).into(),
        (_, true) => ResendDelink::new(fields.need("id")?).into(),
        (_, false) => CancelDelink::new(fields.need("id")?).into(),
    };
    let said = if reminds { "They were reminded." } else { "You have taken it back." };
    portal.done(&person, &fields, command, said, "/requests").await
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
