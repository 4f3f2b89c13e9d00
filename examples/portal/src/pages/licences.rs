//! The licences that serve a tenant, whoever bought them: bought by it, or for it by whoever
//! manages it; and which of its devices have their seats. They stay when the two part.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::TenantId;
use tenantry::base::ids::LicenceId;
use tenantry::base::text::{DeviceId, Service};
use tenantry::command::{AssignSeats, BuyLicence, Command, ReleaseSeats};
use tenantry::engine::Moment;
use tenantry::model::{Actor, TenantKind};
use tenantry::query::{
    DeviceFilter, DeviceRow, Devices, LicenceFilter, LicenceRow, LicenceSort, Licences, Paging,
};

use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::look::{self, Asked, Leap};
use crate::names::Names;
use crate::problem::{Problem, told};
use crate::session::Person;
use crate::{form, frame, list, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    let manage = "licences.manage";
    Router::new()
        .route("/at/{at}/licences", needs(portal, "licences.view", get(show)))
        .route("/at/{at}/licences/buy", needs(portal, manage, post(buy)))
        .route("/at/{at}/licences/{licence}", needs(portal, "licences.view", get(one)))
        .route("/at/{at}/licences/{licence}/seats", needs(portal, manage, post(seats)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Licences", |reader| {
        let fields = &reader.fields;
        let sorts = [("service", LicenceSort::Service), ("expires", LicenceSort::Expires)];
        let sort = list::sort(fields, &sorts)?.unwrap_or_default();
        let free = fields.may_word("free", &["yes", "no"])?.map(|word| word == "yes");
        let (filter, paging) =
            (LicenceFilter { service: fields.may("service")?, free, sort }, list::paging(fields)?);
        let page = reader.ask(Licences { filter, paging, ..Licences::new(reader.actor(), reader.at) })?;
        let names = Names::of(reader, [reader.at])?;
        let any = vec![(String::new(), "Any".to_owned())];
        let left = [("yes", "Some"), ("no", "None")].map(|(word, reads)| (word.to_owned(), reads.to_owned()));
        let services = [any.clone(), form::pairs(&reader.moment.policy().services)].concat();
        let chosen = |name: &str| fields.get(name).unwrap_or_default().to_owned();
        Ok(html! {
            h1 { "Licences" }
            (form::filter(fields, None, &["service", "free"], html! {
                (form::choice("Service", "service", &chosen("service"), &services))
                (form::choice("Seats left", "free", &chosen("free"), &[any, left.to_vec()].concat()))
                button { "Filter" }
            }))
            table {
                caption { "Whoever bought them: they stay where they are when the two part" }
                thead { tr {
                    (list::sortable(fields, "Service", "service", true))
                    th scope="col" { "Seats" } th scope="col" { "Used" } th scope="col" { "Bought by" }
                    (list::sortable(fields, "Runs out", "expires", false))
                } }
                tbody { @for row in &page.rows {
                    @let to = format!("/at/{}/licences/{}{}", reader.at, row.licence, list::then(fields));
                    tr {
                        th scope="row" data-label="Service" {
                            a href=(to) { (words::plainly(&row.service)) }
                        }
                        td.count data-label="Seats" { (row.seats) }
                        td.count data-label="Used" { (row.used) }
                        td data-label="Bought by" { (buyer(&names, row)) }
                        td data-label="Runs out" { (end(row)) }
                    }
                } }
            }
            @if page.rows.is_empty() { p { "There are none." } }
            (list::pager(fields, page.next.as_deref()))
            (buying(reader))
            (frame::as_of(reader))
        })
    })
    .await
}

/// Who bought it; of one that is not there for the reader, nothing is told.
fn buyer(names: &Names, row: &LicenceRow) -> Markup {
    html! { @match row.buyer { Some(buyer) => (names.tenant(buyer)), None => span.soft { "somebody else" } } }
}

/// When it ends.
fn end(row: &LicenceRow) -> Markup {
    html! { @match row.expires { Some(expires) => (words::moment(expires)), None => "never" } }
}

/// One of the licences that serve a tenant.
fn find(moment: &Moment<'_>, actor: &Actor, at: TenantId, licence: LicenceId) -> Result<LicenceRow, Problem> {
    let ask = |paging| Ok(moment.ask(Licences { paging, ..Licences::new(actor.clone(), at) })?);
    let found = list::sought(ask, |row: &LicenceRow| row.licence == licence, 1)?.pop();
    found.ok_or_else(Problem::nothing_here)
}

/// A licence to be bought, for those services that are the reader's to manage: for oneself, or by
/// one's own organisation for whom it manages.
fn buying(reader: &Reader<'_>) -> Markup {
    let services = reader.now.policy().services.iter();
    let services: Vec<&Service> = services.filter(|service| manages(reader, service)).collect();
    let itself = (reader.at.to_string(), "The organisation that it serves".to_owned());
    let own = (reader.own.home.to_string(), reader.own.organisation.clone());
    let buys = reader.own.kind == TenantKind::Msp && reader.own.home != reader.at;
    let buyers: Vec<_> = buys.then_some(own).into_iter().chain([itself]).collect();
    html! {
        @if reader.may("licences.manage") && !services.is_empty() {
            section {
                h2 { "Buy a licence" }
                (form::post(&reader.person.visit, &format!("/at/{}/licences/buy", reader.at), html! {
                    (form::choice("For which service", "service", "", &form::pairs(services)))
                    label { span { "How many seats" } input type="number" name="seats" min="1" max="1000000" required; }
                    label { span { "Runs out at (UTC), or never" } input type="datetime-local" name="expires"; }
                    @if let [(one, _)] = &*buyers { (form::hidden("buyer", one)) } @else {
                        (form::radios("Who buys it", "buyer", &reader.own.home.to_string(), &buyers))
                    }
                    p.buttons { button.strong { "Buy licence" } }
                }))
            }
        }
    }
}

/// Whether a service's licences are the reader's to manage.
fn manages(reader: &Reader<'_>, service: &Service) -> bool {
    reader.as_of.is_none()
        && reader.portal.may_for(reader.person.user, "licences.manage", service.as_str(), reader.at)
}

async fn buy(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Response, Problem> {
    let service: Service = fields.need("service")?;
    let seats = fields.number("seats")?.ok_or_else(|| Problem::typed("seats", "nothing was given"))?;
    let seats = u32::try_from(seats).map_err(|_| Problem::typed("seats", "these are too many"))?;
    let expires = frame::moment_in(&fields, "expires")?;
    let until = |until| format!("until {} UTC", words::minute(until));
    let until = expires.map_or_else(|| "for good".to_owned(), until);
    let count = if seats == 1 { "1 seat".to_owned() } else { format!("{seats} seats") };
    let buyer: TenantId = fields.need("buyer")?;
    let pays = if buyer == at { "The organisation that it serves" } else { "An MSP" };
    let note = format!(
        "{count} of {}, {until}. {pays} buys it. A licence is not given back once it is bought.",
        words::plainly(&service)
    );
    let command = BuyLicence { expires, ..BuyLicence::new(buyer, at, service, seats) };
    let back = format!("/at/{at}/licences");
    let asked = Asked {
        at,
        action: format!("{back}/buy"),
        back: back.clone(),
        title: "Buy a licence",
        note: note.into(),
        button: "Buy licence",
        typed: None,
    };
    let visit = person.visit.clone();
    let leap = look::before(&portal, person, fields, asked, command.clone(), command).await?;
    if let Leap::Look(page) = leap {
        return Ok(page.into_response());
    }
    portal.sessions().say(&visit, "The licence is bought.");
    Ok(Redirect::to(&back).into_response())
}

async fn one(
    State(portal): State<Portal>,
    person: Person,
    At((at, licence)): At<(TenantId, LicenceId)>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::page(&portal, person, at, fields, "Licence", move |reader| {
        let row = find(reader.moment, &reader.actor(), reader.at, licence)?;
        let names = Names::of(reader, [reader.at])?;
        let text: Option<String> = reader.fields.may("device")?;
        let devices = |filter, paging| {
            told(reader.moment.ask(Devices { filter, paging, ..Devices::new(reader.actor(), reader.at) }))
        };
        let paging = list::paging(&reader.fields)?;
        let of_it = devices(DeviceFilter { licence: Some(licence), ..DeviceFilter::default() }, paging)?;
        let first = Paging { limit: 20, ..Paging::default() };
        let without = DeviceFilter { seated: Some(false), text, ..DeviceFilter::default() };
        let without = devices(without, first)?;
        let next = of_it.as_ref().and_then(|page| page.next.clone());
        let more = without.as_ref().is_some_and(|page| page.next.is_some());
        let (of_it, without) = (of_it.map(|page| page.rows), without.map(|page| page.rows));
        let manages = manages(reader, &row.service);
        Ok(html! {
            p { a href=(format!("/at/{}/licences{}", reader.at, list::then(&reader.fields))) { "Licences" } }
            h1 { "Licence for " (words::plainly(&row.service)) }
            dl {
                dt { "Seats" } dd { (row.seats) }
                dt { "Used" } dd { (row.used) }
                dt { "Bought by" } dd { (buyer(&names, &row)) }
                dt { "Runs out" } dd { (end(&row)) }
            }
            section {
                h2 { "Devices with a seat" }
                (given(reader, licence, of_it.as_deref(), manages.then_some(("release", "Release seats"))))
                (list::pager(&reader.fields, next.as_deref()))
            }
            section {
                h2 { "Devices without one" }
                @if without.is_some() {
                    (form::filter(&reader.fields, None, &["device"], html! {
                        (form::text("Serial number or IMEI begins with", "device", reader.fields.get("device").unwrap_or_default()))
                        button { "Find" }
                    }))
                }
                (given(reader, licence, without.as_deref(), manages.then_some(("assign", "Assign seats"))))
                @if more { p.soft { "There are more." } }
            }
            (frame::as_of(reader))
        })
    })
    .await
}

/// Devices, to be ticked where something can be done with their seats. Whoever may not see which
/// there are names them.
fn given(
    reader: &Reader<'_>,
    licence: LicenceId,
    devices: Option<&[DeviceRow]>,
    to_do: Option<(&str, &str)>,
) -> Markup {
    let Some((what, label)) = to_do else {
        return html! {
            @if let Some([]) = devices { p { "There are none." } }
            ul.rows { @for row in devices.unwrap_or_default() { li.number { (row.device) } } }
        };
    };
    let action = format!("/at/{}/licences/{licence}/seats", reader.at);
    html! {
        @if let Some([]) = devices { p { "There are none." } } @else {
            (form::post(&reader.person.visit, &action, html! {
                (form::hidden("what", what))
                @match devices {
                    Some(rows) => ul.rows { @for row in rows { li {
                        @if row.moving.is_some() {
                            span.number { (row.device) } " " span.soft { "awaits its customer’s approval" }
                        } @else { (form::tick(row.device.as_str(), "device", &row.device, false)) }
                    } } },
                    None => (form::needed("Devices, with commas between them", "typed", "")),
                }
                p.buttons { button { (label) } }
            }))
        }
    }
}

async fn seats(
    State(portal): State<Portal>,
    person: Person,
    At((at, licence)): At<(TenantId, LicenceId)>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let mut devices: BTreeSet<DeviceId> = fields.set("device")?;
    for id in
        fields.all("typed").flat_map(|typed| typed.split(',')).map(str::trim).filter(|id| !id.is_empty())
    {
        devices.insert(id.parse().map_err(|flaw| Problem::typed("devices", flaw))?);
    }
    if devices.is_empty() {
        return Err(Problem::typed("devices", "name at least one"));
    }
    let actor = person.actor();
    portal.ask(None, move |now, _| find(now, &actor, at, licence)).await?;
    let (command, said): (Command, _) = match fields.word("what", &["assign", "release"])? {
        "assign" => (AssignSeats::new(licence, devices).into(), "The devices have seats now."),
        _ => (ReleaseSeats::new(licence, devices).into(), "The seats are free again."),
    };
    portal.done(&person, &fields, command, said, &format!("/at/{at}/licences/{licence}")).await
}
