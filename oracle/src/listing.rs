//! Questions about lists, mail and the audit, put to both sides. The rows of the oracle have no order: the engine's
//! pages, put together, must hold the same rows, and be in the order that was asked for.

mod desk;

use std::fmt::Debug;

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::text::{DeviceId, IssueCategory, Number};
use tenantry::base::time::Timestamp;
use tenantry::engine::{Error, Moment, Snapshot};
use tenantry::model::{Actor, Stage};
use tenantry::query::{
    AlertRecipients, Audit, AuditFilter, BarredManagers, Customer, CustomerFilter, CustomerRow, CustomerSort,
    Customers, Devices, FindDevice, IntegrationRow, Integrations, LinkTerms, LookUp, Page, Paging, Pins,
    Recipients, ResellerCsv, ResellerCustomerRow, ResellerCustomers, ResellerFilter, ResellerSort,
    ServiceMail, UserFilter, UserRow, UserSort, Users,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::audit::SeenRow;
use crate::devices::HeldRow;
use crate::inviting::list_of_invitations;
use crate::terms::TermsRow;
use crate::world::Oracle;

/// What is asked.
#[derive(Clone, Debug)]
pub enum Asked {
    Customers(TenantId, CustomerFilter, Turning),
    Customer(TenantId, TenantId),
    Users(TenantId, UserFilter, Turning),
    Integrations(TenantId, Turning),
    ResellerCustomers(TenantId, ResellerFilter, Turning),
    /// Those that it sent, or was sent.
    LinkRequests(TenantId, bool, Turning),
    ManagerInvitations(TenantId, bool, Turning),
    BarredManagers(TenantId, Turning),
    Invitations(TenantId, Turning),
    Awaiting(Turning),
    Devices(TenantId, Turning),
    Device(DeviceId),
    LookUp(Number),
    Pins,
    ServiceMail(TenantId),
    Alerts(TenantId, IssueCategory),
    Audit(TenantId, AuditFilter, usize),
    LinkTerms(LinkId),
}

/// How a list is turned over.
#[derive(Clone, Copy, Debug)]
pub struct Turning {
    pub limit: usize,
    pub descending: bool,
}

/// A question, who asks it and when.
#[derive(Clone, Debug)]
pub struct ListQuestion {
    pub viewer: Actor,
    pub asked: Asked,
    pub at: Timestamp,
}

impl ListQuestion {
    /// What kind of question it is.
    pub fn kind(&self) -> &'static str {
        match self.asked {
            Asked::Customers(..) => "customers",
            Asked::Customer(..) => "customer",
            Asked::Users(..) => "users",
            Asked::Integrations(..) => "integrations",
            Asked::ResellerCustomers(..) => "reseller customers",
            Asked::LinkRequests(..) => "link requests",
            Asked::ManagerInvitations(..) => "manager invitations",
            Asked::BarredManagers(..) => "barred managers",
            Asked::Invitations(..) => "invitations",
            Asked::Awaiting(_) => "awaiting",
            Asked::Devices(..) => "devices",
            Asked::Device(..) => "device",
            Asked::LookUp(..) => "look up",
            Asked::Pins => "pins",
            Asked::ServiceMail(..) => "service mail",
            Asked::Alerts(..) => "alert recipients",
            Asked::Audit(..) => "audit",
            Asked::LinkTerms(..) => "link terms",
        }
    }
}

/// An answer that both agree on: how many rows, or why none.
pub type Agreed = Result<usize, Code>;

fn refused<T>(answer: Result<T, Error>) -> Result<T, Code> {
    answer.map_err(|error| error.code().unwrap_or_else(|| panic!("the engine is broken: {error}")))
}

/// All pages of a list, put together.
fn all_pages<R>(turning: Turning, page: impl Fn(&Paging) -> Result<Page<R>, Error>) -> Result<Vec<R>, Code> {
    let mut rows = Vec::new();
    let mut paging = Paging { limit: turning.limit, descending: turning.descending, ..Paging::default() };
    loop {
        let mut one = refused(page(&paging))?;
        assert!(one.rows.len() <= turning.limit, "a page has no more rows than asked for");
        rows.append(&mut one.rows);
        match one.next {
            None => return Ok(rows),
            next => paging.cursor = next,
        }
    }
}

/// Whether both have the same rows, whatever their order.
fn same<R: PartialEq + Debug>(
    expected: Result<Vec<R>, Code>,
    actual: Result<Vec<R>, Code>,
) -> Result<Agreed, String> {
    let told = |rows: &Result<Vec<R>, Code>| format!("{rows:#?}");
    let equal = match (&expected, &actual) {
        (Ok(one), Ok(other)) => {
            one.len() == other.len()
                && one.iter().all(|row| other.contains(row))
                && other.iter().all(|row| one.contains(row))
        }
        (Err(one), Err(other)) => one == other,
        _ => false,
    };
    if equal {
        Ok(actual.map(|rows| rows.len()))
    } else {
        Err(format!("oracle says {}, engine says {}", told(&expected), told(&actual)))
    }
}

/// Whether both tell the same people, and both or neither the operator.
fn same_recipients(expected: Recipients, actual: Result<Recipients, Code>) -> Result<Agreed, String> {
    if actual.as_ref() == Ok(&expected) {
        Ok(Ok(expected.users.len()))
    } else {
        Err(format!("oracle says {expected:#?}, engine says {actual:#?}"))
    }
}

/// Whether the rows are in the order that was asked for.
fn in_order<R: Debug, K: Ord>(
    rows: &Result<Vec<R>, Code>,
    turning: Turning,
    key: impl Fn(&R) -> K,
) -> Result<(), String> {
    let Ok(rows) = rows else { return Ok(()) };
    let ordered = rows.windows(2).all(|two| match (two, turning.descending) {
        ([one, other], false) => key(one) <= key(other),
        ([one, other], true) => key(one) >= key(other),
        _ => true,
    });
    if ordered { Ok(()) } else { Err(format!("the engine's rows are not in order: {rows:#?}")) }
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

/// The engine's list of the managers that a tenant keeps from asking.
fn barred_by(
    now: &Moment<'_>,
    viewer: &Actor,
    tenant: TenantId,
    turning: Turning,
) -> Result<Vec<(Number, Timestamp)>, Code> {
    let page =
        |paging: &Paging| now.ask(BarredManagers { actor: viewer.clone(), tenant, paging: paging.clone() });
    Ok(all_pages(turning, page)?.into_iter().map(|row| (row.number, row.since)).collect())
}

/// The engine's list of what a tenant holds.
fn devices_of(
    now: &Moment<'_>,
    viewer: &Actor,
    tenant: TenantId,
    turning: Turning,
) -> Result<Vec<HeldRow>, Code> {
    let page = |paging: &Paging| now.ask(Devices { actor: viewer.clone(), tenant, paging: paging.clone() });
    Ok(all_pages(turning, page)?.into_iter().map(HeldRow::of).collect())
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
    let ListQuestion { viewer, asked, .. } = question;
    let now = snapshot.now().unwrap();
    match asked {
        Asked::Customers(manager, query, turning) => {
            format!(
                "{:?}",
                all_pages(*turning, |paging| now.ask(Customers {
                    actor: viewer.clone(),
                    manager: *manager,
                    filter: query.clone(),
                    paging: paging.clone()
                }))
            )
        }
        Asked::Customer(manager, customer) => {
            format!(
                "{:?}",
                refused(now.ask(Customer { actor: viewer.clone(), manager: *manager, customer: *customer }))
            )
        }
        Asked::Users(tenant, query, turning) => {
            format!(
                "{:?}",
                all_pages(*turning, |paging| now.ask(Users {
                    actor: viewer.clone(),
                    tenant: *tenant,
                    filter: query.clone(),
                    paging: paging.clone()
                }))
            )
        }
        Asked::Integrations(tenant, turning) => {
            format!(
                "{:?}",
                all_pages(*turning, |paging| now.ask(Integrations {
                    filter: Default::default(),
                    actor: viewer.clone(),
                    tenant: *tenant,
                    paging: paging.clone()
                }))
            )
        }
        Asked::ResellerCustomers(reseller, query, turning) => {
            let page = |paging: &Paging| {
                now.ask(ResellerCustomers {
                    actor: viewer.clone(),
                    reseller: *reseller,
                    filter: query.clone(),
                    paging: paging.clone(),
                })
            };
            let mut file = Vec::new();
            let written = refused(now.write_csv(
                &ResellerCsv { actor: viewer.clone(), reseller: *reseller, filter: query.clone() },
                &mut file,
            ));
            format!("{:?} {written:?} {:?}", all_pages(*turning, page), String::from_utf8_lossy(&file))
        }
        Asked::LinkRequests(..)
        | Asked::ManagerInvitations(..)
        | Asked::Invitations(..)
        | Asked::Awaiting(_) => desk::told(&now, viewer, asked),
        Asked::BarredManagers(tenant, turning) => {
            format!("{:?}", barred_by(&now, viewer, *tenant, *turning))
        }
        Asked::Devices(tenant, turning) => {
            format!("{:?}", devices_of(&now, viewer, *tenant, *turning))
        }
        Asked::Device(device) => {
            format!("{:?}", refused(now.ask(FindDevice { actor: viewer.clone(), device: device.clone() })))
        }
        Asked::LookUp(number) => {
            format!("{:?}", refused(now.ask(LookUp { actor: viewer.clone(), number: number.clone() })))
        }
        Asked::Pins => format!("{:?}", refused(now.ask(Pins::new(viewer.clone())))),
        Asked::ServiceMail(tenant) => format!("{:?}", refused(now.ask(ServiceMail::new(*tenant)))),
        Asked::Alerts(tenant, category) => {
            format!("{:?}", refused(now.ask(AlertRecipients::new(*tenant, category.clone()))))
        }
        Asked::Audit(tenant, filter, limit) => {
            format!("{:?}", audit_of(snapshot, viewer, *tenant, filter, *limit))
        }
        Asked::LinkTerms(link) => {
            format!("{:?}", refused(now.ask(LinkTerms { actor: viewer.clone(), link: *link })))
        }
    }
}

/// A world that has passed, kept to be asked about: after which record it was, and when.
#[derive(Clone, Debug)]
pub struct Then {
    pub oracle: Oracle,
    pub seq: u64,
    pub at: Timestamp,
    /// Whether it is asked for by its moment, not by its record.
    pub by_moment: bool,
}

/// The world a question is about, and what today has to say about the answer.
struct Told<'w> {
    world: Oracle,
    at: Timestamp,
    /// Today, where the world has passed and a user asks: nobody is told of the past what they may not see now.
    today: Option<(&'w Oracle, Timestamp, UserId)>,
}

impl Told<'_> {
    /// Whether who asks has the right today as well.
    fn right(&self, permission: &str, tenant: TenantId) -> Result<(), Code> {
        let Some((today, now, user)) = self.today else { return Ok(()) };
        self.could_act()?;
        today.viewer(&Actor::User(user), permission, tenant, now).map(|_| ())
    }

    /// Whether who asks can act today, and could then.
    fn could_act(&self) -> Result<(), Code> {
        let Some((today, _, user)) = self.today else { return Ok(()) };
        today.actor(&Actor::User(user), Disabled::Bars)?;
        self.world.actor(&Actor::User(user), Disabled::Bars).map(|_| ())
    }

    /// Whether a customer's row may be shown today: that of a delinked one, to those who see all that is below and were not kept off
    /// it.
    fn shows(&self, manager: TenantId, row: &CustomerRow) -> bool {
        self.today.is_none_or(|(today, now, user)| match row.stage {
            Stage::Delinked => {
                today.remembers(user, manager, now) && !today.is_kept_off(user, manager, row.tenant, now)
            }
            _ => today.sees(Who::User(user), row.tenant, now),
        })
    }

    /// Whether it may be told today whose integration it is.
    fn shares(&self, tenant: TenantId, row: &IntegrationRow) -> bool {
        self.today.is_none_or(|(today, now, user)| {
            row.owner == tenant || today.is_there(Who::User(user), row.owner, now)
        })
    }

    fn lives(&self, tenant: TenantId) -> bool {
        self.today.is_none_or(|(today, ..)| today.living(tenant).is_some())
    }
}

/// Puts a question to both; where `then` is given, about that world.
///
/// # Errors
/// How the answers differ.
pub fn compare(
    oracle: &Oracle,
    snapshot: &Snapshot<'_>,
    question: &ListQuestion,
    then: Option<&Then>,
) -> Result<Agreed, String> {
    let ListQuestion { viewer, asked, at } = question;
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
        None => Told { world: oracle.bare(), at: *at, today: None },
        Some(then) => {
            let mut world = then.oracle.bare();
            world.learn_personal(&today);
            let today = match viewer {
                Actor::User(user) => Some((&today, *at, *user)),
                _ => None,
            };
            Told { world, at: then.at, today }
        }
    };
    let recorded = oracle;
    // Lists show what is due by then as having happened, and so it is judged who could ask.
    told.world.sweep(told.at);
    let Told { world: oracle, at, .. } = &told;
    let at = *at;
    match asked {
        Asked::Customers(manager, query, turning) => {
            let actual = all_pages(*turning, |paging| {
                now.ask(Customers {
                    actor: viewer.clone(),
                    manager: *manager,
                    filter: query.clone(),
                    paging: paging.clone(),
                })
            });
            in_order(&actual, *turning, |row| customer_key(row, query.sort))?;
            let expected = told
                .right("customers.list", *manager)
                .and_then(|()| oracle.customers(viewer, *manager, query, at))
                .map(|rows| rows.into_iter().filter(|row| told.shows(*manager, row)).collect());
            same(expected, actual)
        }
        Asked::Customer(manager, customer) => {
            let expected = told
                .right("customers.list", *manager)
                .and_then(|()| oracle.viewer(viewer, "customers.list", *manager, at))
                .and_then(|_| told.right("tenant.view", *customer))
                .and_then(|()| oracle.customer(viewer, *manager, *customer, at))
                .map(|one| vec![one]);
            same(
                expected,
                refused(now.ask(Customer { actor: viewer.clone(), manager: *manager, customer: *customer }))
                    .map(|one| vec![one]),
            )
        }
        Asked::Users(tenant, query, turning) => {
            let actual = all_pages(*turning, |paging| {
                now.ask(Users {
                    actor: viewer.clone(),
                    tenant: *tenant,
                    filter: query.clone(),
                    paging: paging.clone(),
                })
            });
            in_order(&actual, *turning, |row| user_key(row, query.sort))?;
            let expected =
                told.right("users.view", *tenant).and_then(|()| oracle.users_of(viewer, *tenant, query, at));
            same(expected, actual)
        }
        Asked::Integrations(tenant, turning) => {
            let actual = all_pages(*turning, |paging| {
                now.ask(Integrations {
                    actor: viewer.clone(),
                    tenant: *tenant,
                    filter: Default::default(),
                    paging: paging.clone(),
                })
            });
            let expected = told
                .right("integrations.view", *tenant)
                .and_then(|()| oracle.integrations_of(viewer, *tenant, at))
                .map(|rows| rows.into_iter().filter(|row| told.shares(*tenant, row)).collect());
            same(expected, actual)
        }
        Asked::ResellerCustomers(reseller, query, turning) => {
            let actual = all_pages(*turning, |paging| {
                now.ask(ResellerCustomers {
                    actor: viewer.clone(),
                    reseller: *reseller,
                    filter: query.clone(),
                    paging: paging.clone(),
                })
            });
            in_order(&actual, *turning, |row| reseller_key(row, query.sort))?;
            let written = refused(now.write_csv(
                &ResellerCsv { actor: viewer.clone(), reseller: *reseller, filter: query.clone() },
                std::io::sink(),
            ));
            if written != actual.as_ref().map(|rows| rows.len() as u64).map_err(|code| *code) {
                return Err(format!("the list has {actual:#?}, and as CSV {written:?}"));
            }
            let expected = told
                .right("devices.view", *reseller)
                .and_then(|()| oracle.reseller_customers(viewer, *reseller, query, at))
                .map(|rows| rows.into_iter().filter(|row| told.lives(row.tenant)).collect());
            same(expected, actual)
        }
        Asked::LinkRequests(..)
        | Asked::ManagerInvitations(..)
        | Asked::Invitations(..)
        | Asked::Awaiting(_) => desk::compare(&told, &now, viewer, asked),
        Asked::BarredManagers(tenant, turning) => {
            let actual = barred_by(&now, viewer, *tenant, *turning);
            in_order(&actual, *turning, |row| row.1)?;
            let expected = told
                .right(list_of_invitations(true), *tenant)
                .and_then(|()| oracle.barred_by(viewer, *tenant, at));
            same(expected, actual)
        }
        Asked::Devices(tenant, turning) => {
            let actual = devices_of(&now, viewer, *tenant, *turning);
            in_order(&actual, *turning, |row| row.id.clone())?;
            let expected =
                told.right("devices.view", *tenant).and_then(|()| oracle.devices_of(viewer, *tenant, at));
            same(expected, actual)
        }
        Asked::Device(device) => {
            let actual = refused(now.ask(FindDevice { actor: viewer.clone(), device: device.clone() }));
            let expected = told
                .could_act()
                .and_then(|()| oracle.find_device(viewer, device.as_str(), at))
                .map(|row| row.filter(|row| told.right("devices.view", row.holder).is_ok()));
            same(
                expected.map(|row| row.into_iter().collect()),
                actual.map(|row| row.into_iter().map(HeldRow::of).collect()),
            )
        }
        Asked::LookUp(number) => {
            let today = match told.today {
                Some((today, now, _)) => {
                    told.could_act().and_then(|()| today.look_up(viewer, number, now)).map(|_| ())
                }
                None => Ok(()),
            };
            let then = oracle.look_up(viewer, number, at).map(|one| vec![one]);
            let expected = match today {
                // Rights come first, of now and then; after them, what there is.
                Err(code) if code != Code::UnknownTenant => Err(code),
                other => then.and_then(|rows| other.map(|()| rows)),
            };
            same(
                expected,
                refused(now.ask(LookUp { actor: viewer.clone(), number: number.clone() }))
                    .map(|one| vec![one]),
            )
        }
        Asked::Pins => {
            let today = match told.today {
                Some((today, now, _)) => today.pins_over(viewer, now).map(Some),
                None => Ok(None),
            };
            let expected = today.and_then(|open| {
                let mut pins = oracle.pins(viewer, at)?;
                pins.retain(|pin| open.as_ref().is_none_or(|open| open.contains(&pin.tenant)));
                Ok(pins)
            });
            same(expected, refused(now.ask(Pins::new(viewer.clone()))))
        }
        Asked::ServiceMail(tenant) => {
            let actual = refused(now.ask(ServiceMail::new(*tenant)));
            same_recipients(oracle.service_mail(*tenant, at), actual)
        }
        Asked::Alerts(tenant, category) => {
            let actual = refused(now.ask(AlertRecipients::new(*tenant, category.clone())));
            same_recipients(oracle.alert_recipients(*tenant, category, at), actual)
        }
        Asked::Audit(tenant, filter, limit) => {
            let actual = audit_of(snapshot, viewer, *tenant, filter, *limit);
            let remembering = Oracle { journal: recorded.journal.clone(), ..today.clone() };
            same_audit(remembering.audit(viewer, *tenant, filter, question.at), actual)
        }
        Asked::LinkTerms(link) => {
            let actual =
                refused(now.ask(LinkTerms { actor: viewer.clone(), link: *link })).map(|told| TermsRow {
                    agreed: told.agreed.map(Into::into),
                    today: told.today.map(Into::into),
                    widened: told.widened,
                    proposed: told.proposed.map(Into::into),
                });
            // The link comes first, of now and then; after it, the right.
            let there = match told.today {
                Some((today, now, _)) => {
                    told.could_act().and_then(|()| today.link_for(viewer, *link, now).map(|_| ()))
                }
                None => Ok(()),
            };
            let expected = there
                .and_then(|()| oracle.link_for(viewer, *link, at))
                .and_then(|link| told.right("tenant.view", link.managed))
                .and_then(|()| oracle.terms_of(viewer, *link, at));
            same(expected.map(|row| vec![row]), actual.map(|row| vec![row]))
        }
    }
}
