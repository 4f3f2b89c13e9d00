//! Look before you leap: what cannot be undone, or ends somebody's rights, is shown before it is done. The page says what
//! would follow, and its form sends the same fields once more, with the word that one is sure.

use maud::{Markup, html};
use tenantry::base::ids::RequestId;
use tenantry::command::{Act, Command};
use tenantry::model::Subject;
use tenantry::query::{Preview, Previewed};
use tenantry::{Receipt, TenantId};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::{self, Reader};
use crate::names::Names;
use crate::problem::Problem;
use crate::session::Person;
use crate::{form, words};

/// What one is asked before it is done.
pub(crate) struct Asked {
    /// The tenant that it is about.
    pub(crate) at: TenantId,
    /// Where the form is sent to, the same as before.
    pub(crate) action: String,
    /// Where it goes back to.
    pub(crate) back: String,
    /// What is about to be done.
    pub(crate) title: &'static str,
    /// What to think of.
    pub(crate) note: &'static str,
    /// What the button says.
    pub(crate) button: &'static str,
    /// A field that has to be filled in first: its label and its name.
    pub(crate) typed: Option<(&'static str, &'static str)>,
}

/// What came of it.
pub(crate) enum Leap<T> {
    /// It is to be looked at first.
    Look(Markup),
    /// It was done.
    Done(Receipt<T>),
}

/// Shows what a command would lead to; does it once they are sure. The two are two commands where the first lacks what is
/// still to be typed.
pub(crate) async fn before<C>(
    portal: &Portal,
    person: Person,
    fields: Fields,
    asked: Asked,
    shown: impl Into<Command>,
    done: C,
) -> Result<Leap<C::Outcome>, Problem>
where
    C: Act + Send + 'static,
    C::Outcome: Send + 'static,
{
    let mut wrong = None;
    if fields.get("sure").is_some() {
        let id: RequestId = fields.need("request")?;
        match portal.act(id, person.user, done).await {
            Ok(receipt) => return Ok(Leap::Done(receipt)),
            // Whoever has mistyped the word gets another try.
            Err(problem) if asked.typed.is_some() => wrong = Some(problem),
            Err(problem) => return Err(problem),
        }
    }
    let (at, title, command) = (asked.at, asked.title, Box::new(shown.into()));
    let page = frame::page(portal, person, at, fields, title, move |reader| {
        let told = reader.ask(Preview::new(reader.actor(), command))?;
        let names = Names::of(reader, told.rights.rows.iter().map(|row| row.tenant).chain([at]))?;
        Ok(html! {
            h1 { (title) }
            @if let Some(wrong) = &wrong {
                p.past role="alert" {
                    strong { "That did not work: " } (wrong.detail) ". "
                    @if let Some(remedy) = &wrong.remedy { (words::plainly(remedy)) "." }
                }
            }
            p { (asked.note) }
            (what_follows(&told, &names))
            (ask(reader, &asked))
        })
    });
    Ok(Leap::Look(page.await?))
}

fn ask(reader: &Reader<'_>, asked: &Asked) -> Markup {
    html! {
        (form::post(&reader.person.visit, &asked.action, html! {
            (form::again(&reader.fields, &["sure", asked.typed.map_or("", |(_, name)| name)]))
            (form::hidden("sure", "yes"))
            @if let Some((label, name)) = asked.typed { (form::needed(label, name, "")) }
            p.buttons {
                button.strong { (asked.button) }
                a.button href=(asked.back) { "Leave it as it is" }
            }
        }))
    }
}

/// What would follow, in words.
fn what_follows(told: &Previewed, names: &Names) -> Markup {
    html! {
        section.follows aria-label="What would follow" {
            h2 { "What would follow" }
            p { strong { "Happens: " } (words::happened(&told.events)) }
            @for notice in &told.notices {
                p {
                    strong { "Is told: " } (words::plainly(notice.kind.name())) " → "
                    @for (place, to) in notice.to.iter().enumerate() {
                        @if place > 0 { ", " }
                        @match to {
                            Subject::User(user) => (names.user(*user)),
                            Subject::Tenant(tenant) => { "people of " (names.tenant(*tenant)) },
                        }
                    }
                    @if notice.operator { @if !notice.to.is_empty() { ", " } "the platform's own staff" }
                }
            }
            @if told.rights.rows.is_empty() {
                p { "Nobody's rights change by this, as far as you may see." }
            } @else {
                table {
                    caption { "Whose rights change" }
                    thead { tr {
                        th scope="col" { "Who" } th scope="col" { "On" } th scope="col" { "Gains" } th scope="col" { "Loses" }
                    } }
                    tbody {
                        @for row in &told.rights.rows {
                            tr {
                                td data-label="Who" { (names.user(row.user)) }
                                td data-label="On" { (names.tenant(row.tenant)) }
                                td data-label="Gains" { (words::permissions(&row.gained)) }
                                td data-label="Loses" { (words::permissions(&row.lost)) }
                            }
                        }
                    }
                }
                @if told.rights.next.is_some() { p.soft { "There are more." } }
            }
            @for row in &told.resellers {
                p {
                    strong { "A reseller's list: " }
                    @if let Some(before) = &row.before { (words::name(&before.company)) " (" (before.devices) ")" } @else { "no row" }
                    " → "
                    @if let Some(after) = &row.after { (words::name(&after.company)) " (" (after.devices) ")" } @else { "no row" }
                }
            }
        }
    }
}
