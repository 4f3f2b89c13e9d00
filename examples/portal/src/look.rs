//! Look before you leap: what cannot be undone, or ends somebody's rights, is shown before it is done. The page says what
//! would follow, and its form sends the same fields once more, with the word that one is sure.

use std::borrow::Cow;

use maud::{Markup, html};
use tenantry::base::ids::RequestId;
use tenantry::command::Command;
use tenantry::event::Event;
use tenantry::journal::Hash;
use tenantry::model::Subject;
use tenantry::query::{Preview, Previewed};
use tenantry::{Code, TenantId};

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
    pub(crate) note: Cow<'static, str>,
    /// What the button says.
    pub(crate) button: &'static str,
    /// A field that has to be filled in first: its label and its name.
    pub(crate) typed: Option<(&'static str, &'static str)>,
}

/// What came of it.
pub(crate) enum Leap {
    /// It is to be looked at first.
    Look(Markup),
    /// It was done, and this happened.
    Done(Vec<Event>),
}

/// Shows what a command would lead to; does it once they are sure, if that is still what it leads to: the form says at
/// which revision it was looked at, and what was to be read there. The two are two commands where the first lacks what
/// is still to be typed.
pub(crate) async fn before(
    portal: &Portal,
    person: Person,
    fields: Fields,
    asked: Asked,
    shown: impl Into<Command>,
    done: impl Into<Command>,
) -> Result<Leap, Problem> {
    let shown = shown.into();
    let (mut wrong, mut moved) = (None, false);
    if let (true, Some(seen), Some(read)) =
        (fields.yes("sure")?, fields.number("seen")?, fields.get("follows").map(str::to_owned))
    {
        let still = || {
            let (person, fields, shown, read) = (person.clone(), fields.clone(), shown.clone(), read.clone());
            frame::read(portal, person, asked.at, fields, None, move |reader| {
                let follows = what_follows(reader, shown)?;
                Ok((sum(&follows) == read).then(|| reader.now.seq()))
            })
        };
        let id: RequestId = fields.need("request")?;
        match portal.act_as_seen(id, person.user, done, seen, still).await {
            Ok(Some(receipt)) => return Ok(Leap::Done(receipt.outcome)),
            Ok(None) => moved = true,
            // Whoever has mistyped the word gets another try.
            Err(problem) if asked.typed.is_some() && !problem.is(Code::RequestReused) => {
                wrong = Some(problem)
            }
            Err(problem) => return Err(problem),
        }
    }
    let (at, title) = (asked.at, asked.title);
    let page = frame::page(portal, person, at, fields, title, move |reader| {
        let follows = what_follows(reader, shown)?;
        Ok(html! {
            h1 { (title) }
            @if moved {
                p.past role="alert" {
                    strong { "Nothing was done yet. " }
                    "Meanwhile something has changed, and it would lead to something else than you have seen. Read it anew."
                }
            }
            @if let Some(wrong) = &wrong {
                p.past role="alert" {
                    strong { "That did not work: " } (wrong.detail) ". "
                    @if let Some(remedy) = &wrong.remedy { (words::plainly(remedy)) "." }
                }
            }
            p { (asked.note) }
            (follows)
            (ask(reader, &asked, &sum(&follows)))
        })
    });
    Ok(Leap::Look(page.await?))
}

fn ask(reader: &Reader<'_>, asked: &Asked, follows: &str) -> Markup {
    let typed = asked.typed.map_or("", |(_, name)| name);
    html! {
        (form::post(&reader.person.visit, &asked.action, html! {
            (form::again(&reader.fields, &["sure", "seen", "follows", typed]))
            (form::hidden("sure", "yes"))
            (form::hidden("seen", reader.now.seq()))
            (form::hidden("follows", follows))
            @if let Some((label, name)) = asked.typed { (form::needed(label, name, "")) }
            p.buttons {
                button.strong { (asked.button) }
                a.button href=(asked.back) { "Leave it as it is" }
            }
        }))
    }
}

/// What tells one text to be read from another.
fn sum(follows: &Markup) -> String {
    Hash::of(&follows.0).bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a command would lead to, in words.
fn what_follows(reader: &Reader<'_>, command: Command) -> Result<Markup, Problem> {
    let told = match reader.ask(Preview::new(reader.actor(), Box::new(command))) {
        Ok(told) => told,
        // What is refused is said of those whom one knows by their names.
        Err(problem) => {
            let names = Names::of(reader, [reader.at])?;
            return Err(problem.reworded(|said| names.in_place_of_ids(said)));
        }
    };
    let names = Names::of(reader, told.rights.rows.iter().map(|row| row.tenant).chain([reader.at]))?;
    Ok(in_words(&told, &names))
}

fn in_words(told: &Previewed, names: &Names) -> Markup {
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
