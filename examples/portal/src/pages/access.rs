//! Who can reach a tenant, and why; what somebody can reach; and what has changed since a day.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use maud::{Markup, html};
use tenantry::query::{
    AccessFilter, AccessWay, AsOf, OrganisationAccess, TenantAccess, TenantAccessChanges, UserAccess,
};
use tenantry::{TenantId, Timestamp, UserId};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::names::Names;
use crate::problem::{Problem, told};
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/access", needs(portal, "users.view", get(show)))
        .route("/at/{at}/access/{user}", needs(portal, "users.view", get(of_user)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Access", |reader| {
        let fields = &reader.fields;
        let filter = AccessFilter { permission: fields.may("permission")?, service: None };
        let paging = list::paging(fields)?;
        let page = reader.ask(TenantAccess { filter, paging, ..TenantAccess::new(reader.actor(), reader.at) })?;
        let others = told(reader.moment.ask(OrganisationAccess::new(reader.actor(), reader.at)))?;
        let names = Names::of(reader, [reader.at])?;
        let policy = reader.moment.policy().permissions.iter();
        let then = fields.get("as_of").map(|at| list::with(&Fields::default(), &[("as_of", at)])).unwrap_or_default();
        let permissions = policy.map(|it| (it.to_string(), words::permission(it.as_str())));
        let all = std::iter::once((String::new(), "Anything".to_owned())).chain(permissions).collect::<Vec<_>>();
        Ok(html! {
            h1 { "Access" }
            (form::filter(fields, None, &["permission"], html! {
                (form::choice("Who may", "permission", fields.get("permission").unwrap_or_default(), &all))
                button { "Show" }
            }))
            table {
                caption { "The people who can reach this tenant, and why" }
                thead { tr {
                    th scope="col" { "Who" } th scope="col" { "Of" } th scope="col" { "Because of" } th scope="col" { "May" }
                } }
                tbody {
                    @for row in &page.rows {
                        tr {
                            th scope="row" data-label="Who" {
                                a href=(format!("/at/{}/access/{}{then}", reader.at, row.user)) { (names.user(row.user)) }
                            }
                            td data-label="Of" { (names.tenant(row.home)) }
                            td data-label="Why" { @for way in &row.ways { p { (why(way, &names)) } } }
                            td data-label="May" { @for way in &row.ways { (words::permissions(&way.held)) } }
                        }
                    }
                }
            }
            (list::pager(fields, page.next.as_deref()))
            @if let Some(others) = others {
                section {
                    h2 { "Other organisations" }
                    @if others.is_empty() { p { "Nobody of another organisation can reach this tenant." } }
                    ul.rows { @for row in &others {
                        li { "Somebody of " (words::organisation(&row.organisation)) ": " (words::permissions(&row.held)) }
                    } }
                }
            }
            (changed(reader, &names)?)
            (frame::as_of(reader))
        })
    })
    .await
}

/// By which role, where that is held, and how far it comes down.
fn why(way: &AccessWay, names: &Names) -> Markup {
    html! {
        @match &way.grounds {
            Some(grounds) => { (words::role(&grounds.role)) " at " (names.tenant(grounds.tenant)) },
            None => "its organisation",
        }
        @match way.chain.len() {
            0 => {},
            1 => ", by one link",
            more => { ", by " (more) " links" },
        }
        @if !way.granted.is_empty() {
            ". Granted: "
            @for (place, it) in way.granted.iter().enumerate() { @if place > 0 { ", " } (words::permission(it.as_str())) }
        }
    }
}

fn changed(reader: &Reader<'_>, names: &Names) -> Result<Markup, Problem> {
    let since = reader.fields.get("since");
    let rows = match since {
        None => None,
        Some(day) => {
            let at = Timestamp::parse(&format!("{day}T00:00:00Z"))
                .map_err(|_| Problem::typed("since", "write a day like 2026-01-31"))?;
            Some(reader.ask(TenantAccessChanges::new(reader.actor(), reader.at, AsOf::Time(at)))?.rows)
        }
    };
    Ok(html! {
        section {
            h2 { "What has changed" }
            (form::filter(&reader.fields, None, &["since"], html! {
                label { span { "Since (UTC)" } input type="date" name="since" required value=(since.unwrap_or_default()); }
                button { "Compare" }
            }))
            @if let Some(rows) = rows {
                @if rows.is_empty() { p { "Nobody’s access is another." } }
                ul.rows { @for row in &rows {
                    li {
                        strong { (names.user(row.user)) } " gained " (words::permissions(&row.gained))
                        " and lost " (words::permissions(&row.lost))
                    }
                } }
            }
        }
    })
}

async fn of_user(
    State(portal): State<Portal>,
    person: Person,
    At((at, user)): At<(TenantId, UserId)>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Access", move |reader| {
        let paging = list::paging(&reader.fields)?;
        let page = reader.ask(UserAccess { paging, ..UserAccess::new(reader.actor(), user) })?;
        let names = Names::of(reader, [reader.at])?;
        Ok(html! {
            p { a href=(format!("/at/{}/access", reader.at)) { "Access" } }
            h1 { "What " (names.user(user)) " can reach" }
            table {
                thead { tr { th scope="col" { "Tenant" } th scope="col" { "Because of" } th scope="col" { "May" } } }
                tbody { @for row in &page.rows {
                    tr {
                        th scope="row" data-label="Tenant" { (words::name(&row.name)) " " span.number { (row.number) } }
                        td data-label="Why" { @for way in &row.ways { p { (why(way, &names)) } } }
                        td data-label="May" { @for way in &row.ways { (words::permissions(&way.held)) } }
                    }
                } }
            }
            (list::pager(&reader.fields, page.next.as_deref()))
            (frame::as_of(reader))
        })
    })
    .await
}
