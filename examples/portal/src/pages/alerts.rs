//! Who gets alerts, category by category: all admins, or the managers of device groups; and whoever is added by address.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use std::collections::BTreeSet;
use tenantry::base::text::{Email, IssueCategory};
use tenantry::command::SetAlertRule;
use tenantry::engine::Moment;
use tenantry::model::{Actor, AlertRule, Audience, User};
use tenantry::query::{AlertRecipients, AlertRules, FindPerson, Paging};
use tenantry::{TenantId, UserId};

use crate::app::Portal;
use crate::fields::{Fields, was};
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::names::Names;
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/alerts", needs(portal, "alerts.view", get(show)))
        .route("/at/{at}/alerts/{category}", needs(portal, "alerts.manage", post(save)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Alerts", |reader| {
        let names = Names::of(reader, [reader.at])?;
        let paging = Paging { limit: 100, ..Paging::default() };
        let rules = reader.ask(AlertRules { paging, ..AlertRules::new(reader.actor(), reader.at) })?.rows;
        Ok(html! {
            h1 { "Alerts" }
            p.soft { "Who gets an e-mail about which issues. An MSP is no device-group manager: for alerts that go to these alone, its people are added one by one." }
            @for category in &reader.moment.policy().issue_categories {
                @let rule = rules.iter().find(|rule| rule.category == *category);
                @let audience = rule.map_or(Audience::AllAdmins, |rule| rule.audience);
                article.request {
                    h2 { (words::plainly(category)) }
                    (recipients(reader, &names, category)?)
                    @if let Some(rule) = rule { @if !rule.additional.is_empty() {
                        p {
                            strong { "Additional recipients: " }
                            @for (place, one) in rule.additional.iter().enumerate() {
                                @if place > 0 { ", " }
                                (words::name(one.email.as_ref().map_or("somebody", |email| email.as_str())))
                            }
                        }
                    } }
                    @for organisation in rule.iter().flat_map(|rule| &rule.organisations) {
                        p { "And people of " (names.tenant(*organisation)) ", whom only their own organisation names." }
                    }
                    @if reader.may("alerts.manage") {
                        (form::post(&reader.person.visit, &format!("/at/{}/alerts/{category}", reader.at), html! {
                            (form::hidden("seen", reader.now.seq()))
                            (form::was("audience", audience.name()))
                            @for one in rule.iter().flat_map(|rule| &rule.additional) { (form::was("additional", one.user)) }
                            @for one in rule.iter().flat_map(|rule| &rule.organisations) { (form::was("keep", one)) }
                            (form::radios("Recipients", "audience", audience.name(), &[
                                (Audience::AllAdmins.name().to_owned(), words::audience(Audience::AllAdmins).to_owned()),
                                (Audience::GroupManagers.name().to_owned(), words::audience(Audience::GroupManagers).to_owned()),
                            ]))
                            @if let Some(rule) = rule { @for one in &rule.additional {
                                @let reads = one.email.as_ref().map_or("somebody", |email| email.as_str());
                                (form::tick(&format!("Keep {reads}"), "additional", one.user, true))
                            } }
                            @for one in rule.iter().flat_map(|rule| &rule.organisations) {
                                (form::tick(&format!("Keep people of {}", names.organisation(*one)), "keep", one, true))
                            }
                            (form::text("Another recipient, by e-mail", "email", ""))
                            p.buttons { button { (format!("Save {category}")) } }
                        }))
                    } @else { p { (words::audience(audience)) } }
                }
            }
        })
    })
    .await
}

/// Who of those whom the reader knows by name would get one today. Who would at all is the mailer's to ask, as the host.
fn recipients(reader: &Reader<'_>, names: &Names, category: &IssueCategory) -> Result<Markup, Problem> {
    let to = reader.ask(AlertRecipients::new(reader.at, category.clone()))?;
    let known = names.known(to.users);
    Ok(html! {
        p {
            strong { "Of those you know, get them today: " }
            @if known.is_empty() { "nobody" }
            @for (place, name) in known.iter().enumerate() { @if place > 0 { ", " } (words::name(name)) }
        }
    })
}

/// What a rule says, as far as somebody is told: its audience, who is named, and of which
/// organisations others are.
type Said = (String, BTreeSet<UserId>, BTreeSet<TenantId>);

/// What the rule about a category says by now.
fn said(now: &Moment<'_>, actor: Actor, at: TenantId, category: &IssueCategory) -> Result<Said, Problem> {
    let paging = Paging { limit: 100, ..Paging::default() };
    let rules = now.ask(AlertRules { paging, ..AlertRules::new(actor, at) })?.rows;
    let rule = rules.into_iter().find(|rule| rule.category == *category).ok_or_else(Problem::nothing_here)?;
    let named = rule.additional.iter().map(|one| one.user).collect();
    Ok((rule.audience.name().to_owned(), named, rule.organisations))
}

/// Those of some organisations who get the alerts and are not named. Whoever saves is not told who
/// they are; the rule knows, and the host keeps them on it.
fn unnamed(
    now: &Moment<'_>,
    at: TenantId,
    category: &IssueCategory,
    (_, named, organisations): &Said,
    of: &BTreeSet<TenantId>,
) -> Result<BTreeSet<UserId>, Problem> {
    let (host, mut kept) = (now.host(), BTreeSet::new());
    let rule = host.get::<AlertRule>(AlertRule::key(at, category))?;
    for &user in rule.iter().flat_map(|rule| rule.additional.difference(named)) {
        let Some(it) = host.get::<User>(user.uuid())? else { continue };
        if it.state.is_living() && of.contains(&it.home) && organisations.contains(&it.home) {
            kept.insert(user);
        }
    }
    Ok(kept)
}

async fn save(
    State(portal): State<Portal>,
    person: Person,
    At((at, category)): At<(TenantId, IssueCategory)>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let audience = Audience::ALL.iter().find(|it| fields.get("audience") == Some(it.name()));
    let audience = *audience.ok_or_else(|| Problem::typed("audience", "choose one"))?;
    let had: Said =
        (fields.need(&was("audience"))?, fields.set(&was("additional"))?, fields.set(&was("keep"))?);
    let seen = fields.number("seen")?.ok_or_else(|| Problem::typed("seen", "nothing was given"))?;
    let keep: BTreeSet<TenantId> = fields.set("keep")?;
    let stands = || {
        let (actor, category, keep) = (person.actor(), category.clone(), keep.clone());
        portal.ask(None, move |now, _| {
            let said = said(now, actor, at, &category)?;
            let kept = unnamed(now, at, &category, &said, &keep)?;
            Ok((now.seq(), said, kept))
        })
    };
    let (_, _, kept) = stands().await?;
    let mut additional: BTreeSet<_> = fields.set("additional")?;
    additional.extend(kept.iter().copied());
    if let Some(email) = fields.may::<Email>("email")? {
        let found = portal.ask_one(FindPerson::new(person.actor(), at, email)).await?;
        let nobody = "there is nobody of this address whom you may name";
        additional.insert(found.ok_or_else(|| Problem::typed("email", nobody))?.user);
    }
    let command = SetAlertRule { additional, ..SetAlertRule::new(at, category.clone(), audience) };
    let still = || {
        let (stands, had, kept) = (stands(), &had, &kept);
        async move {
            let (seq, said, by_now) = stands.await?;
            Ok((said == *had && by_now == *kept).then_some(seq))
        }
    };
    let done = portal.act_as_seen(fields.need("request")?, person.user, command, seen, still).await?;
    done.ok_or_else(Problem::moved_on)?;
    portal.sessions().say(&person.visit, "The recipients are saved.");
    Ok(Redirect::to(&format!("/at/{at}/alerts")))
}
