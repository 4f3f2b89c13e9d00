//! What happened about a tenant: every change and every console, by whom, filtered by who, what and when.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use maud::{Markup, html};
use tenantry::query::{Audit, AuditActor, AuditFilter, Users};
use tenantry::{TenantId, Timestamp};

use crate::app::Portal;
use crate::fields::Fields;
use crate::guard::{At, needs};
use crate::names::Names;
use crate::problem::{Problem, told};
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new().route("/at/{at}/audit", needs(portal, "audit.view", get(show)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Audit", |reader| {
        let fields = &reader.fields;
        let filter = filter(fields)?;
        let mut paging = list::paging(fields)?;
        paging.descending = !fields.yes("oldest")?;
        let page = reader.ask(Audit { filter, paging, ..Audit::new(reader.actor(), reader.at) })?;
        let names = Names::of(reader, [reader.at])?;
        let people = told(reader.now.ask(Users::new(reader.actor(), reader.at)))?.map(|page| page.rows);
        let people = people.unwrap_or_default().into_iter().map(|row| {
            let name = row.name.map_or_else(|| "Somebody".to_owned(), |name| name.to_string());
            (row.user.to_string(), name)
        });
        let by = std::iter::once((String::new(), "Anybody".to_owned())).chain(people).collect::<Vec<_>>();
        let chosen = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Ok(html! {
            h1 { "Audit" }
            (form::filter(fields, None, &["by", "command", "from", "until"], html! {
                (form::choice("By", "by", &chosen("by"), &by))
                (form::text("Command", "command", chosen("command")))
                label { span { "From (UTC)" } input type="date" name="from" value=(chosen("from")); }
                label { span { "Until (UTC)" } input type="date" name="until" value=(chosen("until")); }
                button { "Filter" }
            }))
            table {
                caption { "What happened, the last first" }
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "Command" } th scope="col" { "What happened" }
                } }
                tbody {
                    @for row in &page.rows {
                        tr {
                            th scope="row" data-label="When" { (words::moment(row.at)) }
                            td data-label="Who" {
                                @match &row.by {
                                    AuditActor::User(user) => (names.user(*user)),
                                    AuditActor::Organisation(tenant) => (names.tenant(*tenant)),
                                    AuditActor::Operator { ticket } => {
                                        "The platform’s own staff" @if let Some(ticket) = ticket { " (" (ticket) ")" }
                                    },
                                    AuditActor::Clock => "Time",
                                    _ => "Somebody else",
                                }
                            }
                            td data-label="Command" { @if let Some(command) = &row.command { (words::plainly(command)) } @else { "–" } }
                            td data-label="Happened" { (words::happened(&row.events)) }
                        }
                    }
                }
            }
            @if page.rows.is_empty() { p { "Nothing." } }
            (list::pager(fields, page.next.as_deref()))
        })
    })
    .await
}

fn filter(fields: &Fields) -> Result<AuditFilter, Problem> {
    let moment = |name: &str, at: &str| {
        let typed = fields.get(name).map(|day| Timestamp::parse(&format!("{day}T{at}Z")));
        typed.transpose().map_err(|_| Problem::typed(name, "write a day like 2026-01-31"))
    };
    Ok(AuditFilter {
        by: fields.may("by")?,
        command: fields.get("command").map(|words| words.to_lowercase().replace(' ', "_")),
        from: moment("from", "00:00:00")?,
        until: moment("until", "23:59:59")?,
        ..AuditFilter::default()
    })
}
