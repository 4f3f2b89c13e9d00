//! Questions about lists, mail and the audit, put to both sides. The rows of the oracle have no order: the engine's
//! pages, put together, must hold the same rows, and be in the order that was asked for.

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::Number;
use tenantry::base::time::Timestamp;
use tenantry::engine::{Moment, Snapshot};
use tenantry::model::{Actor, Stage};
use tenantry::query::{
    AlertRecipients, Audit, AuditFilter, BarredManagers, Customer, CustomerRow, CustomerSort, Customers,
    Devices, FindDevice, Integrations, LinkTerms, LookUp, Paging, Pins, Recipients, ResellerCsv,
    ResellerCustomerRow, ResellerCustomers, ResellerSort, ServiceMail, UserRow, UserSort, Users,
};
use tenantry::refusal::Code;

use crate::audit::SeenRow;
use crate::desk;
use crate::devices::HeldRow;
use crate::inviting::list_of_invitations;
use crate::ledger;
use crate::question::{Agreed, Asked, ListQuestion, Told, Turning, all_pages, in_order, refused, same};
use crate::terms::TermsRow;
use crate::world::Oracle;

/// Whether both tell the same people, and both or neither the operator.
fn same_recipients(expected: Recipients, actual: Result<Recipients, Code>) -> Result<Agreed, String> {
    if actual.as_ref() == Ok(&expected) {
        Ok(Ok(expected.users.len()))
    } else {
        Err(format!("oracle says {expected:#?}, engine says {actual:#?}"))
    }
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
    let page = |paging: &Paging| {
        now.ask(BarredManagers { paging: paging.clone(), ..BarredManagers::new(viewer.clone(), tenant) })
    };
    Ok(all_pages(turning, page)?.into_iter().map(|row| (row.number, row.since)).collect())
}

/// The engine's list of what a tenant holds.
fn devices_of(
    now: &Moment<'_>,
    viewer: &Actor,
    tenant: TenantId,
    turning: Turning,
) -> Result<Vec<HeldRow>, Code> {
    let page =
        |paging: &Paging| now.ask(Devices { paging: paging.clone(), ..Devices::new(viewer.clone(), tenant) });
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
        | Asked::Awaiting(_)
        | Asked::Places(_)
        | Asked::Settings(_)
        | Asked::Roles(..)
        | Asked::Managers(..) => desk::told(&now, viewer, asked),
        Asked::Links(..)
        | Asked::Proposals(..)
        | Asked::Moves(..)
        | Asked::Uploads(..)
        | Asked::Resellers(..)
        | Asked::AlertRules(..)
        | Asked::Assignments(..)
        | Asked::Licences(..)
        | Asked::Sessions(..)
        | Asked::MyProfile
        | Asked::MyPermissions(_)
        | Asked::AskedByMe(_) => ledger::told(&now, viewer, asked),
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
        | Asked::Awaiting(_)
        | Asked::Places(_)
        | Asked::Settings(_)
        | Asked::Roles(..)
        | Asked::Managers(..) => desk::compare(&told, &now, viewer, asked),
        Asked::Links(..)
        | Asked::Proposals(..)
        | Asked::Moves(..)
        | Asked::Uploads(..)
        | Asked::Resellers(..)
        | Asked::AlertRules(..)
        | Asked::Assignments(..)
        | Asked::Licences(..)
        | Asked::Sessions(..)
        | Asked::MyProfile
        | Asked::MyPermissions(_)
        | Asked::AskedByMe(_) => ledger::compare(&told, &now, viewer, asked),
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
