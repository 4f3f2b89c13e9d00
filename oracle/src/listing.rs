//! Questions about lists, mail and the audit, put to both sides. The rows of the oracle have no order: the engine's
//! pages, put together, must hold the same rows, and be in the order that was asked for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::engine::{Moment, Snapshot};
use tenantry::model::{Actor, Stage};
use tenantry::query::{
    AlertRecipients, AsOf, Audit, AuditFilter, Customer, CustomerDetails, CustomerRow, CustomerSort,
    Customers, Devices, FindDevice, FindPerson, IntegrationRow, IntegrationSort, Integrations, LinkTerms,
    LookUp, Paging, Pin, Pins, Recipients, ResellerCsv, ResellerCustomerRow, ResellerCustomers, ResellerSort,
    ServiceMail, TenantSummary, UserRow, UserSort, Users,
};
use tenantry::refusal::Code;

use crate::access::Who;
use crate::alerts::Person;
use crate::audit::SeenRow;
use crate::desk;
use crate::devices::HeldRow;
use crate::external;
use crate::ledger;
use crate::question::{
    Agreed, Asked, ListQuestion, Read, Reading, Told, all_pages, in_order, one_row, refused, same,
};
use crate::review;
use crate::terms::TermsRow;
use crate::world::Oracle;

/// Whether both tell the same people, and both or neither the operator.
fn same_recipients(expected: Recipients, actual: Result<Vec<Recipients>, Code>) -> Result<Agreed, String> {
    let heard = expected.users.len();
    same(Ok(vec![expected]), actual).map(|_| Ok(heard))
}

fn customer_key(row: &CustomerRow, sort: CustomerSort) -> String {
    let status = |stage: Stage| stage.status().to_lowercase();
    let name = format!("{}\0{}", row.name.as_str().to_lowercase(), row.name);
    match sort {
        CustomerSort::Name => name,
        CustomerSort::Number => row.number.to_string(),
        CustomerSort::Services => row.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        CustomerSort::Management => format!("{}\0{name}", row.management),
        CustomerSort::Status => format!("{}\0{name}", status(row.stage)),
        CustomerSort::Devices => format!("{:020}", row.devices),
    }
}

fn user_key(row: &UserRow, sort: UserSort) -> String {
    match sort {
        UserSort::Email => row.email.as_ref().map_or(String::new(), ToString::to_string),
        UserSort::Name => row.name.as_ref().map_or(String::new(), |name| name.as_str().to_lowercase()),
        UserSort::State => row.state.name().to_owned(),
    }
}

fn integration_key(row: &IntegrationRow, sort: IntegrationSort) -> (String, String) {
    let lead = match sort {
        IntegrationSort::Name => String::new(),
        IntegrationSort::Kind => row.kind.to_string(),
        IntegrationSort::Owner => row.owner_name.as_str().to_lowercase(),
    };
    (lead, row.name.as_str().to_lowercase())
}

fn reseller_key(row: &ResellerCustomerRow, sort: ResellerSort) -> String {
    match sort {
        ResellerSort::Company => format!("{}\0{}", row.company.to_lowercase(), row.company),
        ResellerSort::Number => row.number.to_string(),
        ResellerSort::Country => row.country.as_ref().map_or(String::new(), ToString::to_string),
        ResellerSort::LastUploaded => row.last_uploaded.map_or(String::new(), |at| at.to_string()),
        ResellerSort::Uploads => format!("{:020}", row.uploads),
        ResellerSort::Devices => format!("{:020}", row.devices),
        ResellerSort::Status => row.status.name().to_owned(),
    }
}

/// The engine's audit, each row with everything in it as text.
fn audit_of(
    snapshot: &Snapshot<'_>,
    viewer: &Actor,
    tenant: TenantId,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<(SeenRow, String)>, Code> {
    let (mut rows, mut after) = (Vec::new(), 0);
    let mut paging = Paging { limit, ..Paging::default() };
    let now = snapshot.now().unwrap();
    loop {
        let filter = filter.clone();
        let page = refused(now.ask(Audit { actor: viewer.clone(), tenant, filter, paging: paging.clone() }))?;
        for row in page.rows {
            assert!(row.seq > after && row.tenants.contains(&tenant), "the row is of this page: {row:?}");
            after = row.seq;
            let text = serde_json::to_string(&row).unwrap();
            rows.push((SeenRow { at: row.at, by: row.by, command: row.command }, text));
        }
        paging.cursor = page.next;
        if paging.cursor.is_none() {
            return Ok(rows);
        }
    }
}

/// Whether both show the same rows in the same order, and none tells who is hidden.
fn same_audit(
    expected: Result<Vec<(SeenRow, Option<UserId>)>, Code>,
    actual: Result<Vec<(SeenRow, String)>, Code>,
) -> Result<Agreed, String> {
    let (expected, actual) = match (expected, actual) {
        (Err(one), Err(other)) if one == other => return Ok(Err(one)),
        (Ok(expected), Ok(actual)) => (expected, actual),
        (expected, actual) => return Err(format!("oracle says {expected:#?}, engine says {actual:#?}")),
    };
    for place in 0..expected.len().max(actual.len()) {
        let (one, other) = (expected.get(place), actual.get(place));
        if one.map(|row| &row.0) != other.map(|row| &row.0) {
            return Err(format!("row {place}: oracle says {one:?}, engine says {other:?}"));
        }
        if let (Some((_, Some(hidden))), Some((_, text))) = (one, other)
            && text.contains(&hidden.to_string())
        {
            return Err(format!("row {place} names {hidden}: {text}"));
        }
    }
    Ok(Ok(actual.len()))
}

/// What the engine answers, in its own order and page by page, as text.
pub fn told(snapshot: &Snapshot<'_>, question: &ListQuestion) -> String {
    let now = snapshot.now().unwrap();
    match read(Reading::Text, snapshot, &now, question) {
        Read::Text(text) => text,
        Read::Compared(_) => unreachable!("it is read as text"),
    }
}

/// A world that has passed, kept to be asked about: after which record it was, and when.
#[derive(Clone, Debug)]
pub struct Then {
    pub oracle: Rc<Oracle>,
    pub seq: u64,
    pub at: Timestamp,
    /// Whether it is asked for by its moment, not by its record.
    pub by_moment: bool,
}

/// Puts a question to both; where `then` is given, about that world, and where `since` is, compared with that. Beside what both
/// agree on there is what is to be counted that was met in it.
///
/// # Errors
/// How the answers differ.
pub fn compare(
    oracle: &Oracle,
    snapshot: &Snapshot<'_>,
    question: &ListQuestion,
    then: Option<&Then>,
    since: Option<&Then>,
) -> Result<(Agreed, BTreeSet<&'static str>), String> {
    let ListQuestion { viewer, at, .. } = question;
    let past = match then {
        None => None,
        Some(then) if then.by_moment => Some(snapshot.as_of_time(then.at).unwrap()),
        Some(then) => Some(snapshot.as_of(then.seq).unwrap()),
    };
    let now = match &past {
        None => snapshot.now().unwrap(),
        Some(past) => past.moment().unwrap(),
    };
    // What is asked now is judged by now, whether or not the clock has recorded what has come.
    let mut today = oracle.bare();
    today.sweep(*at);
    let mut told = match then {
        None => Told {
            world: oracle.bare(),
            at: *at,
            recorded: (oracle, *at),
            today: None,
            since: None,
            met: RefCell::default(),
        },
        Some(then) => {
            let mut world = then.oracle.bare();
            world.learn_personal(&today);
            let today = match viewer {
                Actor::User(user) => Some((&today, *at, *user)),
                _ => None,
            };
            let met = RefCell::default();
            Told { world, at: then.at, recorded: (oracle, *at), today, since: None, met }
        }
    };
    told.since = since.map(|since| {
        let mut world = since.oracle.bare();
        world.sweep(since.at);
        let moment = if since.by_moment { AsOf::Time(since.at) } else { AsOf::Seq(since.seq) };
        (world, since.at, moment)
    });
    // Lists show what is due by then as having happened, and so it is judged who could ask.
    told.world.sweep(told.at);
    match read(Reading::Against(&told), snapshot, &now, question) {
        Read::Compared(agreed) => agreed.map(|agreed| (agreed, told.met.take())),
        Read::Text(_) => unreachable!("it is compared"),
    }
}

/// Puts a question to the engine and reads its answer.
fn read(reading: Reading<'_>, snapshot: &Snapshot<'_>, now: &Moment<'_>, question: &ListQuestion) -> Read {
    let ListQuestion { viewer, asked, .. } = question;
    let actor = || viewer.clone();
    match asked {
        Asked::Customers(manager, filter, turning) => {
            let (manager, filter) = (*manager, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Customers { actor: actor(), manager, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<CustomerRow>, _>| {
                in_order(&actual, *turning, |row| customer_key(row, filter().sort))?;
                let rows = told
                    .right("customers.list", manager)
                    .and_then(|()| told.world.customers(viewer, manager, &filter(), told.at));
                same(
                    rows.map(|rows| rows.into_iter().filter(|row| told.shows(manager, row)).collect()),
                    actual,
                )
            })
        }
        Asked::Customer(manager, customer) => {
            let (manager, customer) = (*manager, *customer);
            let actual = one_row(now.ask(Customer { actor: actor(), manager, customer }));
            reading.of(actual, |told, actual: Result<Vec<CustomerDetails>, _>| {
                let one = told
                    .right("customers.list", manager)
                    .and_then(|()| told.world.viewer(viewer, "customers.list", manager, told.at))
                    .and_then(|_| told.right("tenant.view", customer))
                    .and_then(|()| told.world.customer(viewer, manager, customer, told.at));
                same(one.map(|one| vec![one]), actual)
            })
        }
        Asked::Users(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page =
                |p: &Paging| now.ask(Users { actor: actor(), tenant, filter: filter(), paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<UserRow>, _>| {
                in_order(&actual, *turning, |row| user_key(row, filter().sort))?;
                let rows = told
                    .right("users.view", tenant)
                    .and_then(|()| told.world.users_of(viewer, tenant, &filter(), told.at));
                same(rows, actual)
            })
        }
        Asked::Integrations(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Integrations { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<IntegrationRow>, _>| {
                in_order(&actual, *turning, |row| integration_key(row, filter().sort))?;
                let rows = told
                    .right("integrations.view", tenant)
                    .and_then(|()| told.world.integrations_of(viewer, tenant, &filter(), told.at));
                same(
                    rows.map(|rows| rows.into_iter().filter(|row| told.shares(tenant, row)).collect()),
                    actual,
                )
            })
        }
        Asked::ResellerCustomers(reseller, filter, turning) => {
            let (reseller, filter) = (*reseller, || filter.clone());
            let page = |p: &Paging| {
                now.ask(ResellerCustomers { actor: actor(), reseller, filter: filter(), paging: p.clone() })
            };
            let mut file = Vec::new();
            let csv = ResellerCsv { actor: actor(), reseller, filter: filter() };
            let written = refused(now.write_csv(&csv, &mut file));
            let rows: Result<Vec<ResellerCustomerRow>, _> = all_pages(*turning, page);
            if let Reading::Text = reading {
                return Read::Text(format!("{rows:?} {written:?} {:?}", String::from_utf8_lossy(&file)));
            }
            reading.of(rows, |told, actual| {
                in_order(&actual, *turning, |row| reseller_key(row, filter().sort))?;
                if written != actual.as_ref().map(|rows| rows.len() as u64).map_err(|code| *code) {
                    return Err(format!("the list has {actual:#?}, and as CSV {written:?}"));
                }
                let rows = told
                    .right("devices.view", reseller)
                    .and_then(|()| told.world.reseller_customers(viewer, reseller, &filter(), told.at));
                same(rows.map(|rows| rows.into_iter().filter(|row| told.lives(row.tenant)).collect()), actual)
            })
        }
        Asked::Devices(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page =
                |p: &Paging| now.ask(Devices { actor: actor(), tenant, filter: filter(), paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<HeldRow>, _>| {
                in_order(&actual, *turning, |row| row.id.clone())?;
                let rows = told
                    .right("devices.view", tenant)
                    .and_then(|()| told.world.devices_of(viewer, tenant, told.at));
                let rows = rows.map(|rows| rows.into_iter().map(|row| told.device(row)));
                same(rows.map(|rows| rows.filter(|row| row.is_wanted(&filter())).collect()), actual)
            })
        }
        Asked::Device(device) => {
            let actual = refused(now.ask(FindDevice { actor: actor(), device: device.clone() }));
            let actual = actual.map(|one| one.into_iter().map(HeldRow::from).collect());
            reading.of(actual, |told, actual: Result<Vec<HeldRow>, _>| {
                let one =
                    told.could_act().and_then(|()| told.world.find_device(viewer, device.as_str(), told.at));
                let held = |row: &HeldRow| told.right("devices.view", row.holder).is_ok();
                let row = |row: HeldRow| told.device(row);
                same(one.map(|one| one.into_iter().filter(held).map(row).collect()), actual)
            })
        }
        Asked::Person(tenant, email) => {
            let tenant = *tenant;
            let actual = refused(now.ask(FindPerson { actor: actor(), tenant, email: email.clone() }));
            let actual = actual.map(|one| one.into_iter().map(Person::from).collect());
            reading.of(actual, |told, actual: Result<Vec<Person>, _>| {
                let one = told
                    .right("alerts.manage", tenant)
                    .and_then(|()| told.world.find_person(viewer, tenant, email, told.at));
                let person = |row: Person| match told.today {
                    Some((today, now, user)) => today.named_still(Who::User(user), tenant, row, now),
                    None => Some(row),
                };
                same(one.map(|one| one.into_iter().filter_map(person).collect()), actual)
            })
        }
        Asked::LookUp(number) => {
            let actual = one_row(now.ask(LookUp { actor: actor(), number: number.clone() }));
            reading.of(actual, |told, actual: Result<Vec<TenantSummary>, _>| {
                // Who may not ask today, or could not then, is told nothing; else what the number stood for then is called
                // as it is today, and that only while it stands for something (T-8.3). Operators look at the past as it was.
                let asks = |(today, now, _): (&Oracle, Timestamp, UserId)| {
                    told.could_act().and_then(|()| today.may_look_up(viewer, now))
                };
                let expected = told
                    .today
                    .map_or(Ok(()), asks)
                    .and_then(|()| told.world.may_look_up(viewer, told.at))
                    .and_then(|()| told.world.numbered(number))
                    .and_then(|then| told.today.map_or(Ok(then), |(today, ..)| today.numbered(number)));
                let expected = expected.map(|one| vec![one]);
                same(expected, actual)
            })
        }
        Asked::Pins => {
            reading.of(refused(now.ask(Pins::new(actor()))), |told, actual: Result<Vec<Pin>, _>| {
                let today = match told.today {
                    Some((today, now, _)) => today.pins_over(viewer, now).map(Some),
                    None => Ok(None),
                };
                let expected = today.and_then(|open| {
                    let mut pins = told.world.pins(viewer, told.at)?;
                    pins.retain(|pin| open.as_ref().is_none_or(|open| open.contains(&pin.tenant)));
                    Ok(pins)
                });
                same(expected, actual)
            })
        }
        Asked::ServiceMail(tenant) => {
            let actual = one_row(now.ask(ServiceMail::new(*tenant)));
            reading
                .of(actual, |told, actual| same_recipients(told.world.service_mail(*tenant, told.at), actual))
        }
        Asked::Alerts(tenant, category) => {
            let actual = one_row(now.ask(AlertRecipients::new(*tenant, category.clone())));
            reading.of(actual, |told, actual| {
                same_recipients(told.world.alert_recipients(*tenant, category, told.at), actual)
            })
        }
        Asked::Audit(tenant, filter, limit) => {
            let actual = audit_of(snapshot, viewer, *tenant, filter, *limit);
            reading.of(actual, |told, actual| {
                let (recorded, now) = told.recorded;
                let mut today = recorded.bare();
                today.sweep(now);
                today.journal.clone_from(&recorded.journal);
                same_audit(today.audit(viewer, *tenant, filter, now), actual)
            })
        }
        Asked::LinkTerms(link) => {
            let actual = one_row(now.ask(LinkTerms { actor: actor(), link: *link }));
            reading.of(actual, |told, actual: Result<Vec<TermsRow>, _>| {
                // The link comes first, of now and then; after it, the right.
                let there = match told.today {
                    Some((today, now, _)) => {
                        told.could_act().and_then(|()| today.link_for(viewer, *link, now).map(|_| ()))
                    }
                    None => Ok(()),
                };
                let expected = there
                    .and_then(|()| told.world.link_for(viewer, *link, told.at))
                    .and_then(|link| told.right("tenant.view", link.managed))
                    .and_then(|()| told.world.terms_of(viewer, *link, told.at));
                same(expected.map(|row| vec![row]), actual)
            })
        }
        other => desk::read(reading, now, viewer, other)
            .or_else(|| ledger::read(reading, now, viewer, other))
            .or_else(|| external::read(reading, now, viewer, other))
            .or_else(|| review::read(reading, now, viewer, other))
            .unwrap_or_else(|| unreachable!("nobody reads {other:?}")),
    }
}
