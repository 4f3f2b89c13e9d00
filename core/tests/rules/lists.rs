//! Lists and the audit of what sections 7 to 12 bring (Q-1, Q-2, V-4): filters, orders, cursors.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use tenantry::base::text::{Email, ExternalId, System};
use tenantry::engine::{Clock, Error, Moment, Of};
use tenantry::event::Event;
use tenantry::model::{
    Actor, Contact, Link, Personal, ResellerStatus, Session, Stage, Subject, Tenant, UserState,
};
use tenantry::policy::MoveRule;
use tenantry::query::{
    AuditActor, AuditFilter, CustomerFilter, CustomerRow, CustomerSort, Page, Paging, Question,
    ResellerCustomerRow, ResellerFilter, ResellerSort, UserFilter, UserRow, UserSort,
};
use tenantry::refusal::Code::{self, *};
use tenantry::store::memory::MemoryStore;
use tenantry::testkit::inside::{
    Any, Found, Index, Key, Kind, Listing, ReadOnce, Ruling, Sight, Span, View, ViewError, World, access,
    answer, world,
};

use super::stock::*;
use super::*;

const NAMES: [&str; 9] = ["Alpha", "alpha", "Äpfel", "Zebra", "Beta", "Beta", "beta GmbH", "=1+1", "Gamma"];

/// A reseller and an MSP with many customers, some of which have the same name, and as many rows.
fn crowd(count: usize) -> Given {
    let mut rng = Rng::new(7);
    let mut given = trade(MoveRule::AtOnce);
    for place in 0..count {
        let tenant =
            TenantId::from_uuid(Uuid::from_u128(0x2000 + rng.below(1 << 20) as u128 * 64 + place as u128));
        let number = format!("N-{:03}", (place * 37) % 100);
        let services: &[&str] = rng.pick(&[&["manage"] as &[&str], &["configure"], &["manage", "configure"]]);
        let how = rng.pick(&["fully", "jointly"]);
        let owner = (how == "jointly").then(|| Invitee::new(mail(&format!("owner{place}"))));
        let add = AddCustomer {
            tenant: Some(tenant),
            number: Some(text(&number)),
            country: (place % 3 > 0).then(|| text(rng.pick(&["DE", "FR", "AT"]))),
            owner,
            ..AddCustomer::new(MSP, TenantKind::Customer, text(rng.pick(&NAMES)), text(how), set(services))
        };
        let reference = (rng.below(3) == 0).then(|| text(&format!("ref {}", rng.below(4))));
        given = given
            .and(ADA, add)
            .and(ROB, AddResellerCustomer { reference, ..AddResellerCustomer::new(RESELLER, text(&number)) });
        for upload_number in 0..rng.below(4) {
            let devices = (0..1 + rng.below(3))
                .map(|device| format!("SN-{place}-{upload_number}-{device}").into())
                .collect();
            given = given
                .later(u32::from(rng.below(4) == 0))
                .and(ROB, UploadDevices::new(RESELLER, tenant, devices));
        }
        if rng.below(6) == 0 {
            given = given.and(ADA, DropReseller::new(tenant, RESELLER));
        }
    }
    given
}

/// Turns a whole list over, page by page.
fn paged<R>(limit: usize, descending: bool, page: impl Fn(&Paging) -> Page<R>) -> Vec<R> {
    let mut all = Vec::new();
    let mut paging = Paging { cursor: None, limit, descending };
    loop {
        let page = page(&paging);
        assert!(page.rows.len() <= limit);
        assert!(page.next.is_none() || page.rows.len() == limit, "only a full page goes on");
        all.extend(page.rows);
        assert!(all.len() < 10_000, "it comes to an end");
        match page.next {
            None => return all,
            Some(next) => paging.cursor = Some(next),
        }
    }
}

const RESELLER_SORTS: [ResellerSort; 7] = [
    ResellerSort::Company,
    ResellerSort::Number,
    ResellerSort::Country,
    ResellerSort::LastUploaded,
    ResellerSort::Uploads,
    ResellerSort::Devices,
    ResellerSort::Status,
];

/// A text as it is looked for here.
fn folded(text: &str) -> String {
    text.to_lowercase().replace('\u{e4}', "a")
}

/// Whether each word of a text is how a word of one of these begins.
fn finds(wanted: Option<&str>, texts: &[&str]) -> bool {
    let words = |text: &str| -> Vec<String> {
        let folded = folded(text);
        let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let there: Vec<String> = texts.iter().flat_map(|text| words(text)).collect();
    words(wanted.unwrap_or_default()).iter().all(|word| there.iter().any(|it| it.starts_with(word)))
}

/// What a list is ordered by, as text that sorts like it.
fn reseller_key(row: &ResellerCustomerRow, sort: ResellerSort) -> String {
    match sort {
        ResellerSort::Company => format!("{}\0{}", folded(&row.company), row.company),
        ResellerSort::Number => row.number.to_string(),
        ResellerSort::Country => row.country.as_ref().map_or(String::new(), ToString::to_string),
        ResellerSort::LastUploaded => {
            row.last_uploaded.map_or(String::new(), |at| format!("{:020}", at.micros()))
        }
        ResellerSort::Uploads => format!("{:020}", row.uploads),
        ResellerSort::Devices => format!("{:020}", row.devices),
        ResellerSort::Status => row.status.name().to_owned(),
    }
}

#[test]
fn q1_a_resellers_list_filtered_and_sorted_is_the_same_whatever_the_page() {
    let given = crowd(40);
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let turn = |query: &ResellerFilter, limit, descending| {
        paged(limit, descending, |paging| {
            now.ask(ResellerCustomers {
                actor: ROB.into(),
                reseller: RESELLER,
                filter: query.clone(),
                paging: paging.clone(),
            })
            .unwrap()
        })
    };
    let everything = turn(&ResellerFilter { unused: true, ..ResellerFilter::default() }, 1_000, false);
    assert_eq!(everything.len(), 47);
    let texts = [None, Some("beta"), Some("REF 1"), Some("n-0"), Some("ä"), Some("nothing like it")];
    let statuses =
        [None, Some(ResellerStatus::Pending), Some(ResellerStatus::Active), Some(ResellerStatus::Inactive)];
    for unused in [false, true] {
        for wanted in texts {
            for status in statuses {
                let passes = |row: &&ResellerCustomerRow| {
                    (unused || row.devices > 0)
                        && status.is_none_or(|status| row.status == status)
                        && finds(wanted, &[&row.company, row.number.as_str()])
                };
                let expected: BTreeSet<TenantId> =
                    everything.iter().filter(passes).map(|row| row.tenant).collect();
                for sort in RESELLER_SORTS {
                    let query = ResellerFilter {
                        tenant: None,
                        unused,
                        status,
                        text: wanted.map(str::to_owned),
                        sort,
                    };
                    let full = turn(&query, 1_000, false);
                    let found: BTreeSet<TenantId> = full.iter().map(|row| row.tenant).collect();
                    assert_eq!((found, full.len()), (expected.clone(), expected.len()), "{query:?}");
                    let keys: Vec<String> = full.iter().map(|row| reseller_key(row, sort)).collect();
                    assert!(keys.is_sorted(), "{sort:?}: {keys:?}");
                    let mut turned = turn(&query, 1_000, true);
                    turned.reverse();
                    assert_eq!(turned, full, "{query:?} descending");
                    for limit in [1, 2, 7] {
                        assert_eq!(turn(&query, limit, false), full, "{query:?} by {limit}");
                    }
                    let mut turned = turn(&query, 3, true);
                    turned.reverse();
                    assert_eq!(turned, full, "{query:?} descending by 3");
                }
            }
        }
    }
    for row in &everything {
        let one = ResellerFilter { tenant: Some(row.tenant), unused: true, ..ResellerFilter::default() };
        assert_eq!(turn(&one, 1, false), std::slice::from_ref(row));
        let used = ResellerFilter { unused: false, ..one };
        assert_eq!(turn(&used, 1, false).len(), usize::from(row.devices > 0));
    }
}

const CUSTOMER_SORTS: [CustomerSort; 6] = [
    CustomerSort::Name,
    CustomerSort::Number,
    CustomerSort::Services,
    CustomerSort::Management,
    CustomerSort::Status,
    CustomerSort::Devices,
];

fn customer_key(row: &CustomerRow, sort: CustomerSort) -> String {
    match sort {
        CustomerSort::Name => format!("{}\0{}", folded(row.name.as_str()), row.name),
        CustomerSort::Number => row.number.to_string(),
        CustomerSort::Services => row.services.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        CustomerSort::Management => row.management.to_string(),
        CustomerSort::Status => row.stage.status().to_lowercase(),
        CustomerSort::Devices => format!("{:020}", row.devices),
    }
}

#[test]
fn q1_a_managers_customers_filtered_and_sorted_are_the_same_whatever_the_page() {
    let given = crowd(30);
    let given = given.and(ADA, RequestDelink::new(JOINTLY_LINK));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let turn = |query: &CustomerFilter, limit, descending| {
        paged(limit, descending, |paging| {
            now.ask(Customers {
                actor: ADAM.into(),
                manager: MSP,
                filter: query.clone(),
                paging: paging.clone(),
            })
            .unwrap()
        })
    };
    let everything = turn(&CustomerFilter::default(), 1_000, false);
    assert_eq!(everything.len(), 32);
    let stages = [None, Some(Stage::Active), Some(Stage::DelinkRequestedByManager), Some(Stage::Delinked)];
    for service in [None, Some("manage"), Some("enrollment")] {
        for management in [None, Some("fully")] {
            for stage in stages {
                for wanted in [None, Some("BETA"), Some("n-0")] {
                    let passes = |row: &&CustomerRow| {
                        service.is_none_or(|service| row.services.contains(service))
                            && management.is_none_or(|management| row.management.as_str() == management)
                            && stage.is_none_or(|stage| row.stage == stage)
                            && finds(wanted, &[row.name.as_str(), row.number.as_str()])
                    };
                    let expected: BTreeSet<LinkId> =
                        everything.iter().filter(passes).map(|row| row.link).collect();
                    for sort in CUSTOMER_SORTS {
                        let query = CustomerFilter {
                            service: service.map(text),
                            management: management.map(text),
                            stage,
                            text: wanted.map(str::to_owned),
                            sort,
                            ..CustomerFilter::default()
                        };
                        let full = turn(&query, 1_000, false);
                        let found: BTreeSet<LinkId> = full.iter().map(|row| row.link).collect();
                        assert_eq!((found, full.len()), (expected.clone(), expected.len()), "{query:?}");
                        assert!(full.iter().map(|row| customer_key(row, sort)).is_sorted(), "{sort:?}");
                        let mut turned = turn(&query, 4, true);
                        turned.reverse();
                        assert_eq!(
                            (turn(&query, 1, false), turn(&query, 5, false), turned),
                            (full.clone(), full.clone(), full)
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn q1_customers_are_filtered_by_how_many_devices_they_hold() {
    let given = crowd(30);
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let turn = |sort, min_devices, max_devices| {
        let query = CustomerFilter { sort, min_devices, max_devices, ..CustomerFilter::default() };
        let page = |paging: &Paging| {
            now.ask(Customers {
                actor: ADAM.into(),
                manager: MSP,
                filter: query.clone(),
                paging: paging.clone(),
            })
            .unwrap()
        };
        let mut turned = paged(4, true, page);
        turned.reverse();
        let rows = paged(5, false, page);
        assert_eq!(rows, turned);
        rows
    };
    let everything = turn(CustomerSort::Name, None, None);
    assert!(everything.iter().any(|row| row.devices == 0) && everything.iter().any(|row| row.devices > 1));
    let spans =
        [(Some(1), None), (None, Some(1)), (Some(1), Some(1)), (Some(u64::MAX), None), (Some(2), Some(1))];
    for (least, most) in spans {
        for sort in [CustomerSort::Name, CustomerSort::Devices] {
            let all = turn(sort, None, None);
            let expected: Vec<_> = all
                .into_iter()
                .filter(|row| row.devices >= least.unwrap_or(0) && row.devices <= most.unwrap_or(u64::MAX))
                .collect();
            assert_eq!(turn(sort, least, most), expected, "{least:?} {most:?}");
        }
    }
}

#[test]
fn q1_a_row_shows_name_number_services_type_status_and_devices_and_the_details_the_rest() {
    let given = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, JOINTLY, &["SN-1", "SN-2"]))
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["roles.manage"])));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let page = now
        .ask(Customers {
            actor: ADA.into(),
            manager: MSP,
            filter: CustomerFilter::default(),
            paging: Paging::default(),
        })
        .unwrap();
    let row = page.rows.last().unwrap();
    assert_eq!(
        (row.name.as_str(), row.number.as_str(), row.management.as_str()),
        ("Jointly", "JOINTLY", "jointly")
    );
    assert_eq!((row.stage.status(), row.devices, row.services.len()), ("Active", 2, 2));
    let details = now.ask(Customer { actor: ADA.into(), manager: MSP, customer: JOINTLY }).unwrap();
    assert_eq!((&details.row, details.grants.len(), details.since), (row, 1, dawn()));
    for (who, manager, customer, code) in [
        (GINA, GRAND, JOINTLY, NotLinked),
        (ADA, MSP, ALONE, UnknownTenant),
        (JULIA, MSP, JOINTLY, UnknownTenant),
        (NOEL, MSP, JOINTLY, RoleLacksPermission),
        (NINA, SECOND, JOINTLY, UnknownTenant),
    ] {
        assert_eq!(code_of(now.ask(Customer { actor: who.into(), manager, customer })), Some(code));
    }
}

fn code_of<T>(answer: Result<T, Error>) -> Option<Code> {
    answer.err().and_then(|error| error.code())
}

#[test]
fn q1_a_delinked_customer_is_listed_when_asked_for_and_its_devices_are_its_own() {
    let given = parted(trade(MoveRule::AtOnce).and(ROB, upload(1, JOINTLY, &["SN-1"])), JOINTLY_LINK);
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let list = |stage| {
        let query = CustomerFilter { stage, ..CustomerFilter::default() };
        let page = now
            .ask(Customers {
                actor: ADA.into(),
                manager: MSP,
                filter: query.clone(),
                paging: Paging::default(),
            })
            .unwrap();
        page.rows.iter().map(|row| (row.tenant, row.stage.status(), row.devices)).collect::<Vec<_>>()
    };
    assert_eq!(list(None), [(FULLY, "Active", 0)]);
    assert_eq!(list(Some(Stage::Delinked)), [(JOINTLY, "Delinked", 0)]);
}

#[test]
fn q1_the_customers_page_has_a_permission_of_its_own() {
    let given = given();
    let code = |given: &Given, query| given.engine.ask(query).map(|_| ()).unwrap_err().code();
    let list = || -> Query { Customers::new(RITA.into(), MSP).into() };
    let one = || -> Query { Customer::new(RITA.into(), MSP, JOINTLY).into() };
    assert_eq!(code(&given, list()), Some(RoleLacksPermission));
    assert_eq!(code(&given, one()), Some(RoleLacksPermission));
    let given = given.under(readers_list_customers);
    assert!(given.engine.ask(list()).is_ok() && given.engine.ask(one()).is_ok());
}

#[test]
fn t9_a_customer_that_the_viewer_may_not_see_is_not_in_the_list() {
    let given = given()
        .under(readers_list_customers)
        .and(ADA, assign(RITA, JOINTLY, "no_access"))
        .and(ADA, assign(ADAM, FULLY, "no_access"));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let tenants = |who: Actor| -> Vec<TenantId> {
        let page = now
            .ask(Customers {
                actor: who.clone(),
                manager: MSP,
                filter: CustomerFilter::default(),
                paging: Paging::default(),
            })
            .unwrap();
        page.rows.iter().map(|row| row.tenant).collect()
    };
    assert_eq!(tenants(ADA.into()), [FULLY, JOINTLY]);
    assert_eq!(tenants(RITA.into()), [FULLY]);
    assert_eq!(tenants(ADAM.into()), [JOINTLY]);
    assert_eq!(tenants(GUS.into()), [FULLY, JOINTLY]);
    assert_eq!(tenants(STAFF), [FULLY, JOINTLY]);
    let one = Paging { limit: 1, ..Paging::default() };
    let page = now
        .ask(Customers {
            actor: RITA.into(),
            manager: MSP,
            filter: CustomerFilter::default(),
            paging: one.clone(),
        })
        .unwrap();
    assert_eq!((page.rows.len(), page.next), (1, None), "what is hidden leaves no page behind it");
    for (who, tenant, code) in [
        (NOEL, MSP, RoleLacksPermission),
        (NINA, MSP, UnknownTenant),
        (JULIA, MSP, UnknownTenant),
        (BOB, MSP, UserNotActive),
        (NOBODY, MSP, UnknownUser),
    ] {
        let refused = now.ask(Customers {
            actor: who.into(),
            manager: tenant,
            filter: CustomerFilter::default(),
            paging: Paging::default(),
        });
        assert_eq!(code_of(refused), Some(code));
    }
}

#[test]
fn q1_a_tenants_users_are_listed_with_their_roles() {
    let mut given = given();
    for (place, name) in ["Zoe", "anna", "Anna", "bert"].into_iter().enumerate() {
        let add = RegisterUser {
            name: Some(text(name)),
            ..RegisterUser::new(MSP, mail(&format!("u{place}")), text("read_only"))
        };
        given = given.and(STAFF, add);
    }
    let given = given.and(ADA, RemoveUser::new(BOB));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let turn = |query: &UserFilter, limit, descending| {
        paged(limit, descending, |paging| {
            now.ask(Users { actor: ADA.into(), tenant: MSP, filter: query.clone(), paging: paging.clone() })
                .unwrap()
        })
    };
    let everything = turn(&UserFilter::default(), 1_000, false);
    assert_eq!(everything.len(), 9, "who is removed is listed when asked for");
    for state in [None, Some(UserState::Active), Some(UserState::Invited), Some(UserState::Removed)] {
        for wanted in [None, Some("ANNA"), Some("@example")] {
            for sort in [UserSort::Email, UserSort::Name, UserSort::State] {
                let query = UserFilter { state, text: wanted.map(str::to_owned), sort };
                let full = turn(&query, 1_000, false);
                let key = |row: &UserRow| match sort {
                    UserSort::Email => row.email.as_ref().map_or(String::new(), ToString::to_string),
                    UserSort::Name => {
                        row.name.as_ref().map_or(String::new(), |name| name.as_str().to_lowercase())
                    }
                    UserSort::State => row.state.name().to_owned(),
                };
                assert!(full.iter().map(key).is_sorted(), "{query:?}");
                assert!(full.iter().all(|row| state.is_none_or(|state| row.state == state)));
                let mut turned = turn(&query, 2, true);
                turned.reverse();
                assert_eq!((turn(&query, 1, false), turned), (full.clone(), full), "{query:?}");
            }
        }
    }
    let ada = everything.iter().find(|row| row.user == ADA).unwrap();
    assert_eq!(
        (ada.role.as_ref(), ada.email.as_ref().map(Email::as_str)),
        (Some(&text("super_admin")), Some("ada@example.com"))
    );
    assert_eq!(
        code_of(now.ask(Users {
            actor: ROB.into(),
            tenant: MSP,
            filter: UserFilter::default(),
            paging: Paging::default()
        })),
        Some(UnknownTenant)
    );
    assert_eq!(
        code_of(now.ask(Users {
            actor: FRED.into(),
            tenant: FULLY,
            filter: UserFilter::default(),
            paging: Paging::default()
        })),
        Some(CustomerLocked)
    );
}

#[test]
fn q1_pages_stay_where_they_are_while_rows_come_go_and_are_renamed() {
    for sort in RESELLER_SORTS {
        for descending in [false, true] {
            for unused in [false, true] {
                stable_while_written(
                    &ResellerFilter { unused, sort, ..ResellerFilter::default() },
                    descending,
                );
            }
        }
    }
}

fn stable_while_written(query: &ResellerFilter, descending: bool) {
    let mut given = crowd(16);
    let before = list(&given, ROB, RESELLER, query);
    // The others change between the pages.
    let stays = |tenant: TenantId| tenant.uuid().as_u128().is_multiple_of(2);
    let mut rng = Rng::new(3);
    let mut seen: Vec<TenantId> = Vec::new();
    let mut paging = Paging { cursor: None, limit: 3, descending };
    for step in 0.. {
        let page = {
            let read = given.engine.read().unwrap();
            read.now()
                .unwrap()
                .ask(ResellerCustomers {
                    actor: ROB.into(),
                    reseller: RESELLER,
                    filter: query.clone(),
                    paging: paging.clone(),
                })
                .unwrap()
        };
        seen.extend(page.rows.iter().map(|row| row.tenant));
        let Some(next) = page.next else { break };
        paging.cursor = Some(next);
        let changing: Vec<TenantId> =
            before.iter().map(|row| row.tenant).filter(|&tenant| !stays(tenant)).collect();
        for _ in 0..3 {
            let tenant = rng.pick(&changing);
            let name = EditTenant { name: Some(text(rng.pick(&NAMES))), ..EditTenant::new(tenant) };
            given = given.when(STAFF, name).then_either();
            let device = format!("XX-{step}-{}", rng.below(1_000));
            given = given.when(ROB, UploadDevices::new(RESELLER, tenant, vec![device.into()])).then_either();
        }
        let new = RegisterTenant {
            number: Some(text(&format!("ADDED-{step}"))),
            ..RegisterTenant::new(TenantKind::Customer, text(rng.pick(&NAMES)))
        };
        given = given
            .and(STAFF, new)
            .and(ROB, AddResellerCustomer::new(RESELLER, text(&format!("ADDED-{step}"))));
        let gone = rng.pick(&changing);
        if ![MSP, JOINTLY, FULLY, ALONE, SECOND, GRAND, EMPTY].contains(&gone) {
            given = given.when(STAFF, delete(&[gone])).then_either();
        }
        assert!(step < 100, "it comes to an end");
    }
    for row in before.iter().filter(|row| stays(row.tenant)) {
        let times = seen.iter().filter(|&&tenant| tenant == row.tenant).count();
        assert_eq!(times, 1, "{} by {:?}, descending: {descending}", row.company, query.sort);
    }
    let kept: Vec<TenantId> = seen
        .into_iter()
        .filter(|&tenant| before.iter().any(|row| row.tenant == tenant && stays(tenant)))
        .collect();
    let mut expected: Vec<TenantId> =
        before.iter().map(|row| row.tenant).filter(|&tenant| stays(tenant)).collect();
    if descending {
        expected.reverse();
    }
    assert_eq!(kept, expected);
}

#[test]
fn t9_the_delinked_are_listed_to_those_who_see_whatever_is_managed() {
    let narrow = RegisterUser { below: Some(false), ..user(EVE, MSP, "eve", "read_only") };
    let given = delinked(given().under(readers_list_customers).and(STAFF, narrow));
    let read = given.engine.read().unwrap();
    let list = |who: Actor| {
        let query = CustomerFilter { stage: Some(Stage::Delinked), ..CustomerFilter::default() };
        let page = read
            .now()
            .unwrap()
            .ask(Customers {
                actor: who.clone(),
                manager: MSP,
                filter: query.clone(),
                paging: Paging::default(),
            })
            .unwrap();
        page.rows.into_iter().map(|row| row.tenant).collect::<Vec<_>>()
    };
    for who in [ADA.into(), RITA.into(), GINA.into(), STAFF] {
        assert_eq!(list(who), [JOINTLY]);
    }
    assert_eq!(list(EVE.into()), []);
}

#[test]
fn u5_a_cursor_of_people_says_nothing_about_them() {
    let given = given();
    let read = given.engine.read().unwrap();
    for sort in [UserSort::Email, UserSort::Name, UserSort::State] {
        let query = UserFilter { sort, ..UserFilter::default() };
        let paging = Paging { limit: 2, ..Paging::default() };
        let page = read
            .now()
            .unwrap()
            .ask(Users { actor: ADA.into(), tenant: MSP, filter: query.clone(), paging: paging.clone() })
            .unwrap();
        let cursor = page.next.unwrap();
        let last = page.rows.last().unwrap();
        assert_eq!(cursor.len(), 54, "a mark, an id and a check: {cursor}");
        assert!(!cursor.contains(&last.user.uuid().simple().to_string()), "{cursor}");
        let email = last.email.as_ref().unwrap().to_string();
        let hex: String = email.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!cursor.contains(&hex), "{cursor}");
    }
    drop(read);
    let ask = |given: &Given, cursor: Option<String>| {
        let read = given.engine.read().unwrap();
        let paging = Paging { limit: 2, cursor, ..Paging::default() };
        read.now().unwrap().ask(Users {
            actor: ADA.into(),
            tenant: MSP,
            filter: UserFilter::default(),
            paging: paging.clone(),
        })
    };
    let first = ask(&given, None).unwrap();
    assert_eq!(first.rows.iter().map(|row| row.user).collect::<Vec<_>>(), [ADA, ADAM]);
    // Whoever is no longer in the list still says where it goes on.
    let given = given.and(ADA, RemoveUser::new(ADAM));
    let rest = ask(&given, first.next.clone()).unwrap();
    assert_eq!(rest.rows.iter().map(|row| row.user).collect::<Vec<_>>(), [BOB, IVY]);
    // Where they stand elsewhere by now, nobody can tell any more.
    let moved = EditUser { email: Some(mail("zoe")), ..EditUser::new(IVY) };
    let given = given.and(IVY, AcceptInvitation::new(IVY_INVITATION, mail("ivy"))).and(STAFF, moved);
    assert_eq!(code_of(ask(&given, rest.next)), Some(ForeignCursor));
    assert_eq!(ask(&given, first.next).unwrap().rows.len(), 2);
}

#[test]
fn t9_a_cursor_holds_no_data_and_is_of_one_store() {
    let given = crowd(12);
    let read = given.engine.read().unwrap();
    let list = |cursor| ResellerCustomers {
        paging: Paging { cursor, limit: 2, descending: false },
        ..ResellerCustomers::new(ROB.into(), RESELLER)
    };
    let page = read.now().unwrap().ask(list(None)).unwrap();
    let (cursor, last) = (page.next.unwrap(), page.rows.last().unwrap().clone());
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let known = [last.tenant.uuid().simple().to_string(), hex(&last.company), hex(last.number.as_str())];
    for held in [hex(&last.company.to_lowercase()), RESELLER.uuid().simple().to_string()].iter().chain(&known)
    {
        assert!(!cursor.contains(held), "{cursor} holds {held}");
    }
    // The same list of the same store gives the same cursor, and takes it; another store does not.
    assert_eq!(read.now().unwrap().ask(list(None)).unwrap().next, Some(cursor.clone()));
    assert!(read.now().unwrap().ask(list(Some(cursor.clone()))).is_ok());
    let customers = |cursor| Customers {
        paging: Paging { cursor, limit: 1, descending: false },
        ..Customers::new(ADA.into(), MSP)
    };
    let [here, there] = [1, 2].map(|epoch| given_on(MemoryStore::new(Uuid::from_u128(epoch))));
    let cursor = here.engine.ask(customers(None)).unwrap().next;
    assert!(here.engine.ask(customers(cursor.clone())).is_ok());
    assert_eq!(code_of(there.engine.ask(customers(cursor))), Some(ForeignCursor));
}

#[test]
fn q1_a_cursor_that_is_not_of_this_list_is_refused() {
    let given = crowd(12);
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let query = ResellerFilter::default();
    let paging = Paging { limit: 2, ..Paging::default() };
    let cursor = now
        .ask(ResellerCustomers {
            actor: ROB.into(),
            reseller: RESELLER,
            filter: query.clone(),
            paging: paging.clone(),
        })
        .unwrap()
        .next
        .unwrap();
    let with = |cursor: &str, descending| Paging { cursor: Some(cursor.to_owned()), limit: 2, descending };
    let ask = |query: &ResellerFilter, paging: &Paging| {
        code_of(now.ask(ResellerCustomers {
            actor: ROB.into(),
            reseller: RESELLER,
            filter: query.clone(),
            paging: paging.clone(),
        }))
    };
    assert_eq!(ask(&query, &with(&cursor, false)), None);
    let other = |change: fn(&mut ResellerFilter)| {
        let mut query = ResellerFilter::default();
        change(&mut query);
        query
    };
    for query in [
        other(|query| query.unused = true),
        other(|query| query.sort = ResellerSort::Devices),
        other(|query| query.status = Some(ResellerStatus::Active)),
        other(|query| query.text = Some("a".to_owned())),
        other(|query| query.tenant = Some(ALONE)),
    ] {
        assert_eq!(ask(&query, &with(&cursor, false)), Some(ForeignCursor), "{query:?}");
    }
    assert_eq!(ask(&query, &with(&cursor, true)), Some(ForeignCursor), "the other direction");
    // Of another tenant, of another kind of list.
    let retail = now.ask(ResellerCustomers {
        actor: RON.into(),
        reseller: RETAIL,
        filter: query.clone(),
        paging: with(&cursor, false),
    });
    assert_eq!(code_of(retail), Some(ForeignCursor));
    let customers = CustomerFilter::default();
    assert_eq!(
        code_of(now.ask(Customers {
            actor: ADA.into(),
            manager: MSP,
            filter: customers.clone(),
            paging: with(&cursor, false)
        })),
        Some(ForeignCursor)
    );
    assert_eq!(
        code_of(now.ask(Users {
            actor: ADA.into(),
            tenant: MSP,
            filter: UserFilter::default(),
            paging: with(&cursor, false)
        })),
        Some(ForeignCursor)
    );
    assert_eq!(
        code_of(now.ask(Integrations { paging: with(&cursor, false), ..Integrations::new(ADA.into(), MSP) })),
        Some(ForeignCursor)
    );
    // Garbage of every kind.
    let half = &cursor[..cursor.len() / 2];
    let huge = "7b".repeat(1 << 20);
    let deep = "5b".repeat(1 << 16);
    for garbage in [
        "",
        " ",
        "x",
        "0",
        "00",
        "ff",
        "ffff",
        "zz",
        "7",
        "7b7d",
        "6e756c6c",
        "ä",
        "\u{661}\u{662}",
        "\0",
        "-1",
        "+f",
        half,
        &cursor[1..],
        &format!("{cursor}0"),
        &format!("{cursor}00"),
        &huge,
        &deep,
    ] {
        let shown: String = garbage.chars().take(20).collect();
        assert_eq!(ask(&query, &with(garbage, false)), Some(ForeignCursor), "{shown:?}");
    }
    // Whatever digit of it is changed.
    for place in 0..cursor.len() {
        let digit = if &cursor[place..=place] == "0" { "1" } else { "0" };
        let forged = format!("{}{digit}{}", &cursor[..place], &cursor[place + 1..]);
        assert_eq!(ask(&query, &with(&forged, false)), Some(ForeignCursor), "{forged}");
    }
}

#[test]
fn q1_a_page_has_one_row_to_a_thousand() {
    let given = crowd(3);
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    for (limit, expected) in [
        (0, Some(InvalidLimit)),
        (1, None),
        (1_000, None),
        (1_001, Some(InvalidLimit)),
        (usize::MAX, Some(InvalidLimit)),
    ] {
        let paging = Paging { limit, ..Paging::default() };
        assert_eq!(
            code_of(now.ask(ResellerCustomers {
                actor: ROB.into(),
                reseller: RESELLER,
                filter: ResellerFilter::default(),
                paging: paging.clone()
            })),
            expected
        );
        assert_eq!(
            code_of(now.ask(Customers {
                actor: ADA.into(),
                manager: MSP,
                filter: CustomerFilter::default(),
                paging: paging.clone()
            })),
            expected
        );
        assert_eq!(
            code_of(now.ask(Users {
                actor: ADA.into(),
                tenant: MSP,
                filter: UserFilter::default(),
                paging: paging.clone()
            })),
            expected
        );
        assert_eq!(
            code_of(now.ask(Integrations { paging: paging.clone(), ..Integrations::new(ADA.into(), MSP) })),
            expected
        );
    }
}

/// A view that counts what is read through it, by kind.
pub(crate) struct Counting<'v> {
    pub(crate) view: &'v dyn View,
    pub(crate) read: RefCell<BTreeMap<Kind, usize>>,
}

impl Counting<'_> {
    fn count(&self, kind: Kind) {
        *self.read.borrow_mut().entry(kind).or_default() += 1;
    }
}

impl View for Counting<'_> {
    fn load(&self, kind: Kind, id: Uuid) -> Result<Option<Any>, ViewError> {
        self.count(kind);
        self.view.load(kind, id)
    }

    fn scan(&self, span: &Span, limit: usize) -> Result<Vec<Found>, ViewError> {
        let found = self.view.scan(span, limit)?;
        found.iter().for_each(|found| self.count(found.entity.kind()));
        Ok(found)
    }

    fn personal(&self, subject: Subject) -> Result<Option<Personal>, ViewError> {
        self.view.personal(subject)
    }

    fn addressed(&self, email: &Email) -> Result<Vec<UserId>, ViewError> {
        self.view.addressed(email)
    }

    fn known_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Result<Vec<UserId>, ViewError> {
        self.view.known_as(keeper, system, id)
    }
}

#[test]
fn q1_what_one_question_reads_twice_is_read_once_and_is_the_same() {
    let given = given();
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let counting = Counting { view: world(&now).view, read: RefCell::default() };
    let once = ReadOnce::of(&counting);
    let span = Span::under(Index::LinkManager, Key::new().id(MSP.uuid()));
    let ask = |view: &dyn View| {
        let tenants = [MSP, NOWHERE].map(|it| view.load(Kind::Tenant, it.uuid()).unwrap());
        let links = [1, 4].map(|limit| {
            view.scan(&span, limit).unwrap().into_iter().map(|found| (found.key, found.id, found.entity))
        });
        let last = view.scan(&span.clone().turned(true), 4).unwrap().into_iter().map(|found| found.id);
        (tenants, links.map(Iterator::collect::<Vec<_>>), last.collect::<Vec<_>>())
    };
    let expected = ask(world(&now).view);
    assert!(!expected.1[1].is_empty() && expected.0[1].is_none());
    assert_eq!(ask(&once), expected);
    let cost = counting.read.borrow().clone();
    assert_eq!((ask(&once), &*counting.read.borrow()), (expected.clone(), &cost));
    // However much there is, it goes on answering, and does not keep all of it.
    for number in 0..10_000 {
        assert_eq!(once.load(Kind::User, Uuid::from_u128(1 << 100 | number)).unwrap(), None);
    }
    assert_eq!(ask(&once), expected);
    assert!(counting.read.borrow()[&Kind::Tenant] > cost[&Kind::Tenant]);
}

/// What a page costs, by kind; the first, the second and so on.
fn costs<R>(
    given: &Given,
    pages: usize,
    paging: Paging,
    page: impl Fn(&World<'_>, &Paging) -> Ruling<Page<R>>,
) -> Vec<BTreeMap<Kind, usize>> {
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let mut paging = paging;
    let mut costs = Vec::new();
    for _ in 0..pages {
        let counting = Counting { view: world(&now).view, read: RefCell::default() };
        let world = World::reading(&counting, world(&now).at).unwrap();
        let found = page(&world, &paging).unwrap();
        assert_eq!(found.rows.len(), paging.limit);
        paging.cursor = found.next;
        costs.push(counting.read.into_inner());
    }
    costs
}

#[test]
fn v4_a_resellers_page_costs_the_rows_it_shows_and_no_device() {
    // More devices, uploads and moves change nothing about it; nor do rows that the page does not reach.
    let world = |customers: usize, devices: usize| {
        let mut given = trade(MoveRule::AtOnce);
        for place in 0..customers {
            let number = format!("N-{place:04}");
            let add = RegisterTenant {
                number: Some(text(&number)),
                ..RegisterTenant::new(TenantKind::Customer, text("Same"))
            };
            let tenant = given.engine.execute(STAFF, add).unwrap().outcome;
            let ids = (0..devices).map(|device| format!("SN-{place}-{device}").into()).collect();
            given = given
                .and(ROB, AddResellerCustomer::new(RESELLER, text(&number)))
                .and(ROB, UploadDevices::new(RESELLER, tenant, ids));
        }
        given
    };
    let (few, many, full) = (world(10, 1), world(60, 1), world(10, 200));
    for sort in RESELLER_SORTS {
        for descending in [false, true] {
            let filter = ResellerFilter { sort, ..ResellerFilter::default() };
            let cost = |given, pages| {
                let paging = Paging { limit: 3, descending, cursor: None };
                costs(given, pages, paging, |world, paging| {
                    let (filter, paging) = (filter.clone(), paging.clone());
                    let it =
                        ResellerCustomers { filter, paging, ..ResellerCustomers::new(ROB.into(), RESELLER) };
                    answer::reseller_customers(
                        &Sight::of(&it.actor, world, None)?,
                        answer::Seal::of("test"),
                        &it,
                    )
                })
            };
            let first = cost(&few, 1);
            for kind in [Kind::Device, Kind::Holding, Kind::Move, Kind::Licence, Kind::Link] {
                assert_eq!(first[0].get(&kind), None, "{kind:?}");
            }
            assert_eq!(first, cost(&full, 1), "whatever the number of devices");
            let all = cost(&many, 19);
            assert!(all.iter().all(|cost| cost[&Kind::ResellerRow] <= 10), "{sort:?}: {all:?}");
            assert!(all.iter().all(|cost| cost[&Kind::Tenant] == first[0][&Kind::Tenant]));
        }
    }
}

#[test]
fn q1_a_page_of_a_managers_customers_costs_the_rows_it_shows() {
    let world = |customers: usize| {
        let mut given = trade(MoveRule::AtOnce);
        for place in 0..customers {
            let (name, number) = (format!("owner{place}"), 0x9000 + place as u128);
            let (who, invitation) = (
                UserId::from_uuid(Uuid::from_u128(number)),
                InvitationId::from_uuid(Uuid::from_u128(number + 0x1000)),
            );
            let owner = invitee(who, invitation, &name);
            let how = if place % 3 == 0 { "jointly" } else { "fully" };
            let link = LinkId::from_uuid(Uuid::from_u128(number + 0x2000));
            let add = AddCustomer {
                link: Some(link),
                owner: (how == "jointly").then_some(owner),
                ..AddCustomer::new(MSP, TenantKind::Customer, text("Same"), text(how), set(&["manage"]))
            };
            given = given.and(ADA, add);
            if place % 6 == 0 {
                given = given
                    .and(who, AcceptInvitation::new(invitation, mail(&name)))
                    .and(ADA, RequestDelink::new(link));
            }
        }
        given
    };
    let (few, many) = (world(30), world(240));
    let stages = [None, Some(Stage::Active), Some(Stage::DelinkRequestedByManager)];
    for sort in CUSTOMER_SORTS {
        for descending in [false, true] {
            for stage in stages {
                for management in [None, Some(text("jointly"))] {
                    let query = CustomerFilter {
                        sort,
                        stage,
                        management: management.clone(),
                        ..CustomerFilter::default()
                    };
                    for who in [Actor::from(ADA), Actor::from(GUS), STAFF] {
                        let cost = |given| {
                            let paging = Paging { limit: 2, descending, cursor: None };
                            costs(given, 2, paging, |world, paging| {
                                let (filter, paging) = (query.clone(), paging.clone());
                                let it = Customers { filter, paging, ..Customers::new(who.clone(), MSP) };
                                answer::customers(
                                    &Sight::of(&who, world, None)?,
                                    answer::Seal::of("test"),
                                    &it,
                                )
                            })
                        };
                        let (few, many) = (cost(&few), cost(&many));
                        let whole = |costs: &[BTreeMap<Kind, usize>]| {
                            costs.iter().flat_map(BTreeMap::values).sum::<usize>()
                        };
                        assert_eq!(few.len(), many.len());
                        assert!(whole(&many) <= whole(&few) + 8, "{query:?}: {few:?} {many:?}");
                        assert!(many.iter().all(|cost| cost[&Kind::Listing] <= 24), "{query:?}: {many:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn q1_a_listing_follows_its_link_and_tenant_and_stays_as_it_was_at_the_end() {
    let given = trade(MoveRule::AtOnce).and(ROB, upload(1, JOINTLY, &["SN-1"]));
    let listed = |given: &Given, stage| {
        let read = given.engine.read().unwrap();
        let now = read.now().unwrap();
        let query = CustomerFilter { stage, text: Some("JOINTL".to_owned()), ..CustomerFilter::default() };
        let page = now
            .ask(Customers {
                actor: ADA.into(),
                manager: MSP,
                filter: query.clone(),
                paging: Paging::default(),
            })
            .unwrap();
        let row = page.rows.into_iter().next().unwrap();
        (row.name.to_string(), row.operation, row.devices, row.stage)
    };
    use tenantry::model::Operation::{Disabled, Enabled};
    let rename = |name: &str| EditTenant { name: Some(text(name)), ..EditTenant::new(JOINTLY) };
    assert_eq!(listed(&given, None), ("Jointly".to_owned(), Enabled, 1, Stage::Active));
    let given = given
        .and(JULIA, rename("Very jointly"))
        .and(ADA, disable(JOINTLY))
        .and(ROB, upload(2, JOINTLY, &["SN-2", "SN-3"]));
    assert_eq!(listed(&given, None), ("Very jointly".to_owned(), Disabled, 3, Stage::Active));
    let given = parted(given, JOINTLY_LINK);
    let ended = ("Very jointly".to_owned(), Disabled, 0, Stage::Delinked);
    assert_eq!(listed(&given, Some(Stage::Delinked)), ended);
    // What becomes of it then is not the former manager's to know.
    let given = given.and(JULIA, rename("Free of them"));
    assert_eq!(listed(&given, Some(Stage::Delinked)), ended);
    let given = given.and(STAFF, delete(&[JOINTLY]));
    assert_eq!(listed(&given, Some(Stage::Delinked)), ended);
    given.verified();
}

/// Every listing is that of its link and tenant, while the link is in force.
pub(super) fn listings_follow(given: &Given) {
    let read = given.engine.read().unwrap();
    let view = world(&read.now().unwrap()).view;
    for tenant in [GRAND, MSP, SECOND, RESELLER] {
        for link in view.under::<Link>(Index::LinkManager, Key::new().id(tenant.uuid()).flag(true)) {
            let link = link.unwrap();
            let managed = view.get::<Tenant>(link.managed.uuid()).unwrap().unwrap();
            let listing = view.get::<Listing>(link.id.uuid()).unwrap().unwrap();
            assert_eq!(*listing, Listing::of(&link, &managed));
        }
    }
}

#[test]
fn t9_a_list_shows_what_the_viewer_sees_of_each_customer() {
    // Below MSP: 0x1f00 and on, some managed by SECOND too, which GRAND or MSP may manage.
    for seed in 1..=12 {
        let mut rng = Rng::new(seed);
        let mut given = given().under(|policy| policy.max_managers = 2);
        if rng.below(2) == 0 {
            let above = rng.pick(&[MSP, GRAND]);
            given = linked(given, 0x5d0, above, "SECOND", "jointly", &["enrollment", "manage", "configure"]);
        }
        let tenants: Vec<TenantId> =
            (0..6).map(|place| TenantId::from_uuid(Uuid::from_u128(0x1f00 + place))).collect();
        for (place, &tenant) in tenants.iter().enumerate() {
            let number = format!("T-{place}");
            let kind = rng.pick(&[TenantKind::Customer, TenantKind::Msp]);
            let add = RegisterTenant {
                tenant: Some(tenant),
                number: Some(text(&number)),
                ..RegisterTenant::new(kind, text("Somebody"))
            };
            let owner = UserId::from_uuid(Uuid::from_u128(0x3f00 + place as u128));
            given = given
                .and(STAFF, add)
                .and(STAFF, user(owner, tenant, &format!("owner{place}"), "super_admin"));
            given = linked(given, 0x5e0 + place as u128, MSP, &number, "jointly", &["manage"]);
            if rng.below(3) == 0 {
                given = linked(given, 0x5f0 + place as u128, SECOND, &number, "jointly", &["enrollment"]);
            }
        }
        for _ in 0..14 {
            let who = rng.pick(&[ADA, ADAM, RITA, NOEL, GINA, GUS]);
            let mut on = tenants.clone();
            on.extend([GRAND, MSP, SECOND, JOINTLY, FULLY]);
            let role = rng.pick(&["admin", "read_only", "no_access"]);
            let item = NewAssignment {
                below: rng.pick(&[None, Some(true), Some(false)]),
                ..place(who, rng.pick(&on), role)
            };
            given = given.when(STAFF, Assign::new(vec![item])).then_either();
        }
        let read = given.engine.read().unwrap();
        let now = read.now().unwrap();
        let world = world(&now);
        let mut all = tenants.clone();
        all.extend([JOINTLY, FULLY]);
        for who in [ADA, ADAM, RITA, NOEL, GINA, GUS] {
            let viewer = world.user(who).unwrap().unwrap();
            let sight = access::SeenBelow::of(world, &viewer, MSP).unwrap();
            for &tenant in &all {
                let sees = access::sees(world, &viewer, tenant).unwrap();
                assert_eq!(sight.has(world, tenant).unwrap(), sees, "{seed}: {who} {tenant}");
            }
        }
    }
}

#[test]
fn l9_lists_are_right_by_the_clock_before_any_sweep_and_so_are_checks() {
    let term = Some(tenantry::model::TermRequest::days(60));
    let tool = tenantry::base::ids::IntegrationId::from_uuid(Uuid::from_u128(0x9b0));
    let session = tenantry::base::ids::SessionId::from_uuid(Uuid::from_u128(0x9c0));
    let create = CreateIntegration {
        integration: Some(tool),
        ..CreateIntegration::new(MSP, text("ticketing"), text("Tickets"))
    };
    let open = OpenConsole { session: Some(session), ..OpenConsole::new(NEW, text("manage"), text("/")) };
    let on_the_map = Contact {
        coordinates: Some(tenantry::base::text::Coordinates::parse(1.0, 2.0).unwrap()),
        ..Contact::default()
    };
    let contact = tenantry::model::Patch::Set(on_the_map.coordinates.unwrap());
    let given = trade(MoveRule::Approval)
        .and(ADA, AddCustomer { term, ..customer(MSP, "jointly") })
        .and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")))
        .and(STAFF, EditTenant { coordinates: contact, ..EditTenant::new(NEW) })
        .and(ADA, place_on(RITA, NEW))
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2"]))
        .and(ADA, MoveDevices { id: Some(MOVE), ..MoveDevices::new(MSP, NEW, set(&["SN-1"])) })
        .and(OLGA, ApproveMove::new(MOVE))
        .and(ADA, create)
        .and(ADA, ShareIntegration::new(tool, NEW))
        .and(ADA, open)
        .and(OLGA, invite(NEW, "admin"))
        .later(60);
    let told = |given: &Given| {
        let read = given.engine.read().unwrap();
        let past = read.as_of_time(given.clock.now()).unwrap();
        let lists = |now: &Moment<'_>| {
            let mut all: Vec<String> = Vec::new();
            let page = Paging::default();
            for stage in [None, Some(Stage::Delinked)] {
                let query = CustomerFilter { stage, ..CustomerFilter::default() };
                all.push(format!(
                    "{:?}",
                    now.ask(Customers {
                        actor: ADA.into(),
                        manager: MSP,
                        filter: query.clone(),
                        paging: page.clone()
                    })
                ));
            }
            let query = ResellerFilter { unused: true, ..ResellerFilter::default() };
            all.push(format!(
                "{:?}",
                now.ask(ResellerCustomers {
                    actor: ROB.into(),
                    reseller: RESELLER,
                    filter: query.clone(),
                    paging: page.clone()
                })
            ));
            let mut csv = Vec::new();
            now.write_csv(
                &ResellerCsv { actor: ROB.into(), reseller: RESELLER, filter: query.clone() },
                &mut csv,
            )
            .unwrap();
            all.push(String::from_utf8(csv).unwrap());
            all.push(format!(
                "{:?}",
                now.ask(Users {
                    actor: OLGA.into(),
                    tenant: NEW,
                    filter: UserFilter::default(),
                    paging: page.clone()
                })
            ));
            all.push(format!(
                "{:?}",
                now.ask(Integrations { paging: page.clone(), ..Integrations::new(OLGA.into(), NEW) })
            ));
            all.push(format!(
                "{:?}",
                now.ask(Customer { actor: ADA.into(), manager: MSP, customer: NEW })
                    .map_err(|error| error.code())
            ));
            all.push(format!("{:?}", now.ask(Pins::new(ADA.into()))));
            all.push(format!("{:?}", now.ask(ServiceMail::new(NEW))));
            all.push(format!("{:?}", now.ask(AlertRecipients::new(NEW, text("battery")))));
            let open = now.host().list::<Session>(&Of::Tenant(NEW)).unwrap();
            all.push(format!(
                "{open:?} {:?}",
                now.host().get::<Session>(session.uuid()).unwrap().unwrap().closed
            ));
            all
        };
        let checks = |now: &Moment<'_>| {
            let policy = now.policy();
            let mut all = Vec::new();
            for who in [GINA, ADA, RITA, OLGA, EVE, JULIA] {
                for tenant in [MSP, NEW, JOINTLY] {
                    for permission in &policy.permissions {
                        let verdict = now.check(&Question::new(who, permission.clone(), tenant)).unwrap();
                        all.push((verdict.reason, verdict.grounds, verdict.chain));
                    }
                }
            }
            for permission in &policy.permissions {
                let users = now
                    .ask(UsersWhoCan { permission: permission.clone(), tenant: NEW, service: None })
                    .unwrap();
                all.push((None, None, users.iter().map(|user| LinkId::from_uuid(user.uuid())).collect()));
            }
            all
        };
        let (now, then) = (read.now().unwrap(), past.moment().unwrap());
        let told = (lists(&now), checks(&now));
        assert_eq!(told, (lists(&then), checks(&then)), "as of that time");
        told
    };
    let seq = given.engine.token().unwrap().seq;
    let before = told(&given);
    assert_eq!(given.engine.token().unwrap().seq, seq, "asking writes nothing");
    let given = given.swept();
    assert!(given.engine.token().unwrap().seq > seq);
    let after = told(&given);
    assert_eq!(before.0, after.0);
    assert_eq!(before.1, after.1);
    assert!(after.0[2].contains("New") && after.0[8].contains(&OLGA.to_string()), "{:?}", after.0);
    given.verified();
}

fn place_on(who: UserId, tenant: TenantId) -> Assign {
    assign(who, tenant, "read_only")
}

#[test]
fn q2_a_row_says_what_is_about_the_tenant_and_no_more() {
    let given = given()
        .and(ADA, DisableTenants::new(vec![JOINTLY, FULLY]))
        .and(ADA, EnableTenants::new(vec![JOINTLY, FULLY]));
    let read = given.engine.read().unwrap();
    let rows = |who: UserId, tenant| {
        read.now()
            .unwrap()
            .ask(Audit {
                actor: who.into(),
                tenant,
                filter: AuditFilter::default(),
                paging: Paging { limit: 1_000, ..Paging::default() },
            })
            .unwrap()
            .rows
    };
    let told = serde_json::to_string(&rows(JULIA, JOINTLY)).unwrap();
    assert!(!told.contains(&FULLY.to_string()), "one customer does not learn of another");
    assert_eq!(
        rows(JULIA, JOINTLY).iter().filter(|row| row.command.as_deref() == Some("disable_tenants")).count(),
        1
    );
    assert!(rows(JULIA, JOINTLY).iter().all(|row| !row.events.is_empty() && row.tenants.contains(&JOINTLY)));
    assert!(rows(ADA, MSP).iter().all(|row| !row.events.is_empty() && row.tenants.contains(&MSP)));
}

#[test]
fn q2_every_change_and_session_of_these_sections_is_in_the_audit_of_its_tenants() {
    let tool = tenantry::base::ids::IntegrationId::from_uuid(Uuid::from_u128(0x9b0));
    let session = tenantry::base::ids::SessionId::from_uuid(Uuid::from_u128(0x9c0));
    let create = CreateIntegration {
        integration: Some(tool),
        ..CreateIntegration::new(MSP, text("ticketing"), text("Tickets"))
    };
    let open = OpenConsole { session: Some(session), ..OpenConsole::new(JOINTLY, text("manage"), text("/")) };
    let given = trade(MoveRule::Approval)
        .and(ROB, upload(1, MSP, &["SN-1"]))
        .and(ADA, hand(JOINTLY, &["SN-1"]))
        .and(JULIA, ApproveMove::new(MOVE))
        .and(ADA, create)
        .and(ADA, ShareIntegration::new(tool, JOINTLY))
        .and(ADA, DeleteIntegration::new(tool))
        .and(ADA, open)
        .and(ADA, CloseConsole::new(session))
        .when(NINA, OpenConsole::new(JOINTLY, text("manage"), text("/")))
        .then(refused(UnknownTenant));
    let read = given.engine.read().unwrap();
    let commands = |who: UserId, tenant| -> Vec<String> {
        let rows = read
            .now()
            .unwrap()
            .ask(Audit {
                actor: who.into(),
                tenant,
                filter: AuditFilter::default(),
                paging: Paging { limit: 1_000, ..Paging::default() },
            })
            .unwrap()
            .rows;
        rows.into_iter().filter_map(|row| row.command).collect()
    };
    for command in [
        "move_devices",
        "approve_move",
        "share_integration",
        "delete_integration",
        "open_console",
        "close_console",
        "add_reseller_customer",
    ] {
        assert!(commands(JULIA, JOINTLY).contains(&command.to_owned()), "{command}");
    }
    for command in [
        "upload_devices",
        "move_devices",
        "approve_move",
        "create_integration",
        "share_integration",
        "delete_integration",
    ] {
        assert!(commands(ADA, MSP).contains(&command.to_owned()), "{command}");
    }
    assert!(commands(ROB, RESELLER).contains(&"upload_devices".to_owned()));
    assert!(!commands(ROB, RESELLER).contains(&"move_devices".to_owned()));
    // The console of somebody from across the border shows their organisation; a stranger's attempt does not.
    let rows = read
        .now()
        .unwrap()
        .ask(Audit {
            actor: JULIA.into(),
            tenant: JOINTLY,
            filter: AuditFilter::default(),
            paging: Paging { limit: 1_000, ..Paging::default() },
        })
        .unwrap()
        .rows;
    let opened: Vec<_> = rows.iter().filter(|row| row.command.as_deref() == Some("open_console")).collect();
    assert_eq!(
        opened.iter().map(|row| row.by.clone()).collect::<Vec<_>>(),
        [AuditActor::Organisation(MSP), AuditActor::Stranger]
    );
    assert!(
        matches!(&opened[1].events[..], [Event::CommandRefused { named, .. }] if *named == [[JOINTLY].into()].into())
    );
    let text = serde_json::to_string(&rows).unwrap();
    for who in [ADA, NINA] {
        let by_them = rows.iter().filter(|row| row.by != AuditActor::Operator { ticket: None });
        let told = serde_json::to_string(&by_them.collect::<Vec<_>>()).unwrap();
        assert!(!told.contains(&who.to_string()), "{told}");
    }
    assert!(text.contains(&JULIA.to_string()), "and one's own people are named");
    for (who, tenant) in [(JULIA, JOINTLY), (ADA, MSP), (ROB, RESELLER)] {
        for row in read
            .now()
            .unwrap()
            .ask(Audit {
                actor: who.into(),
                tenant,
                filter: AuditFilter::default(),
                paging: Paging { limit: 1_000, ..Paging::default() },
            })
            .unwrap()
            .rows
        {
            assert!(
                !row.events.is_empty() && row.tenants.contains(&tenant),
                "{:?} says what happened",
                row.command
            );
        }
    }
    let own = read
        .now()
        .unwrap()
        .ask(Audit {
            actor: ADA.into(),
            tenant: JOINTLY,
            filter: AuditFilter::default(),
            paging: Paging { limit: 1_000, ..Paging::default() },
        })
        .unwrap()
        .rows;
    assert!(own.iter().any(|row| matches!(row.events[..], [Event::SessionOpened { user: ADA, .. }])));
}
