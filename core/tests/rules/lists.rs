//! Lists and the audit of what sections 7 to 12 bring (Q-1, Q-2, V-4): filters, orders, cursors.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use tenantry::answer;
use tenantry::base::text::Email;
use tenantry::engine::Error;
use tenantry::event::Event;
use tenantry::model::{Actor, Personal, ResellerStatus, Stage, Subject, UserState};
use tenantry::policy::MoveRule;
use tenantry::query::{
    AuditActor, AuditFilter, CustomerQuery, CustomerRow, CustomerSort, Page, Paging, ResellerCustomerRow,
    ResellerQuery, ResellerSort, UserQuery, UserRow, UserSort,
};
use tenantry::refusal::Code::{self, *};
use tenantry::rules::World;
use tenantry::view::{Any, Found, Kind, Span, View, ViewError};

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
            let devices =
                (0..1 + rng.below(3)).map(|device| format!("SN-{place}-{upload_number}-{device}")).collect();
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

/// What a list is ordered by, as text that sorts like it.
fn reseller_key(row: &ResellerCustomerRow, sort: ResellerSort) -> String {
    match sort {
        ResellerSort::Company => format!("{}\0{}", row.company.to_lowercase(), row.company),
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
    let turn = |query: &ResellerQuery, limit, descending| {
        paged(limit, descending, |paging| {
            now.reseller_customers(&ROB.into(), RESELLER, query, paging).unwrap()
        })
    };
    let everything = turn(&ResellerQuery { unused: true, ..ResellerQuery::default() }, 1_000, false);
    assert_eq!(everything.len(), 47);
    let texts = [None, Some("beta"), Some("REF 1"), Some("n-0"), Some("ä"), Some("nothing like it")];
    let statuses =
        [None, Some(ResellerStatus::Pending), Some(ResellerStatus::Active), Some(ResellerStatus::Inactive)];
    for unused in [false, true] {
        for wanted in texts {
            for status in statuses {
                let passes = |row: &&ResellerCustomerRow| {
                    let text = wanted.map(str::to_lowercase).unwrap_or_default();
                    (unused || row.devices > 0)
                        && status.is_none_or(|status| row.status == status)
                        && (row.company.to_lowercase().contains(&text)
                            || row.number.as_str().to_lowercase().contains(&text))
                };
                let expected: BTreeSet<TenantId> =
                    everything.iter().filter(passes).map(|row| row.tenant).collect();
                for sort in RESELLER_SORTS {
                    let query =
                        ResellerQuery { tenant: None, unused, status, text: wanted.map(str::to_owned), sort };
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
        let one = ResellerQuery { tenant: Some(row.tenant), unused: true, ..ResellerQuery::default() };
        assert_eq!(turn(&one, 1, false), std::slice::from_ref(row));
        let used = ResellerQuery { unused: false, ..one };
        assert_eq!(turn(&used, 1, false).len(), usize::from(row.devices > 0));
    }
}

fn customer_key(row: &CustomerRow, sort: CustomerSort) -> String {
    match sort {
        CustomerSort::Name => format!("{}\0{}", row.name.as_str().to_lowercase(), row.name),
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
    let turn = |query: &CustomerQuery, limit, descending| {
        paged(limit, descending, |paging| now.customers(&RITA.into(), MSP, query, paging).unwrap())
    };
    let everything = turn(&CustomerQuery::default(), 1_000, false);
    assert_eq!(everything.len(), 32);
    let stages = [None, Some(Stage::Active), Some(Stage::DelinkRequestedByManager), Some(Stage::Delinked)];
    for service in [None, Some("manage"), Some("enrollment")] {
        for management in [None, Some("fully")] {
            for stage in stages {
                for wanted in [None, Some("BETA"), Some("n-0")] {
                    let passes = |row: &&CustomerRow| {
                        let text = wanted.map(str::to_lowercase).unwrap_or_default();
                        service.is_none_or(|service| row.services.contains(service))
                            && management.is_none_or(|management| row.management.as_str() == management)
                            && stage.is_none_or(|stage| row.stage == stage)
                            && (row.name.as_str().to_lowercase().contains(&text)
                                || row.number.as_str().to_lowercase().contains(&text))
                    };
                    let expected: BTreeSet<LinkId> =
                        everything.iter().filter(passes).map(|row| row.link).collect();
                    for sort in [
                        CustomerSort::Name,
                        CustomerSort::Number,
                        CustomerSort::Services,
                        CustomerSort::Management,
                        CustomerSort::Status,
                        CustomerSort::Devices,
                    ] {
                        let query = CustomerQuery {
                            service: service.map(text),
                            management: management.map(text),
                            stage,
                            text: wanted.map(str::to_owned),
                            sort,
                            ..CustomerQuery::default()
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
    let turn = |min_devices, max_devices| {
        let query = CustomerQuery { min_devices, max_devices, ..CustomerQuery::default() };
        paged(5, false, |paging| now.customers(&RITA.into(), MSP, &query, paging).unwrap())
    };
    let everything = turn(None, None);
    assert!(everything.iter().any(|row| row.devices == 0) && everything.iter().any(|row| row.devices > 1));
    for (least, most) in [(Some(1), None), (None, Some(1)), (Some(1), Some(1)), (Some(u64::MAX), None)] {
        let expected: Vec<_> = everything
            .iter()
            .filter(|row| row.devices >= least.unwrap_or(0) && row.devices <= most.unwrap_or(u64::MAX))
            .cloned()
            .collect();
        assert_eq!(turn(least, most), expected, "{least:?} {most:?}");
    }
}

#[test]
fn q1_a_row_shows_name_number_services_type_status_and_devices_and_the_details_the_rest() {
    let given = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, JOINTLY, &["SN-1", "SN-2"]))
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["roles.manage"])));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let page = now.customers(&ADA.into(), MSP, &CustomerQuery::default(), &Paging::default()).unwrap();
    let row = page.rows.last().unwrap();
    assert_eq!(
        (row.name.as_str(), row.number.as_str(), row.management.as_str()),
        ("Jointly", "JOINTLY", "jointly")
    );
    assert_eq!((row.stage.status(), row.devices, row.services.len()), ("Active", 2, 2));
    let details = now.customer(&ADA.into(), MSP, JOINTLY).unwrap();
    assert_eq!((&details.row, details.grants.len(), details.since), (row, 1, dawn()));
    for (who, manager, customer, code) in [
        (GINA, GRAND, JOINTLY, NotLinked),
        (ADA, MSP, ALONE, UnknownTenant),
        (JULIA, MSP, JOINTLY, UnknownTenant),
        (NOEL, MSP, JOINTLY, RoleLacksPermission),
        (NINA, SECOND, JOINTLY, UnknownTenant),
    ] {
        assert_eq!(code_of(now.customer(&who.into(), manager, customer)), Some(code));
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
        let query = CustomerQuery { stage, ..CustomerQuery::default() };
        let page = now.customers(&ADA.into(), MSP, &query, &Paging::default()).unwrap();
        page.rows.iter().map(|row| (row.tenant, row.stage.status(), row.devices)).collect::<Vec<_>>()
    };
    assert_eq!(list(None), [(FULLY, "Active", 0)]);
    assert_eq!(list(Some(Stage::Delinked)), [(JOINTLY, "Delinked", 0)]);
}

#[test]
fn t9_a_customer_that_the_viewer_may_not_see_is_not_in_the_list() {
    let given =
        given().and(ADA, assign(RITA, JOINTLY, "no_access")).and(ADA, assign(ADAM, FULLY, "no_access"));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let tenants = |who: Actor| -> Vec<TenantId> {
        let page = now.customers(&who, MSP, &CustomerQuery::default(), &Paging::default()).unwrap();
        page.rows.iter().map(|row| row.tenant).collect()
    };
    assert_eq!(tenants(ADA.into()), [FULLY, JOINTLY]);
    assert_eq!(tenants(RITA.into()), [FULLY]);
    assert_eq!(tenants(ADAM.into()), [JOINTLY]);
    assert_eq!(tenants(GUS.into()), [FULLY, JOINTLY]);
    assert_eq!(tenants(STAFF), [FULLY, JOINTLY]);
    let one = Paging { limit: 1, ..Paging::default() };
    let page = now.customers(&RITA.into(), MSP, &CustomerQuery::default(), &one).unwrap();
    assert_eq!((page.rows.len(), page.next), (1, None), "what is hidden leaves no page behind it");
    for (who, tenant, code) in [
        (NOEL, MSP, RoleLacksPermission),
        (NINA, MSP, UnknownTenant),
        (JULIA, MSP, UnknownTenant),
        (BOB, MSP, UserNotActive),
        (NOBODY, MSP, UnknownUser),
    ] {
        let refused = now.customers(&who.into(), tenant, &CustomerQuery::default(), &Paging::default());
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
    let turn = |query: &UserQuery, limit, descending| {
        paged(limit, descending, |paging| now.users(&ADA.into(), MSP, query, paging).unwrap())
    };
    let everything = turn(&UserQuery::default(), 1_000, false);
    assert_eq!(everything.len(), 9, "who is removed is listed when asked for");
    for state in [None, Some(UserState::Active), Some(UserState::Invited), Some(UserState::Removed)] {
        for wanted in [None, Some("ANNA"), Some("@example")] {
            for sort in [UserSort::Email, UserSort::Name, UserSort::State] {
                let query = UserQuery { state, text: wanted.map(str::to_owned), sort };
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
        code_of(now.users(&ROB.into(), MSP, &UserQuery::default(), &Paging::default())),
        Some(UnknownTenant)
    );
    assert_eq!(
        code_of(now.users(&FRED.into(), FULLY, &UserQuery::default(), &Paging::default())),
        Some(CustomerLocked)
    );
}

#[test]
fn q1_pages_stay_where_they_are_while_rows_come_go_and_are_renamed() {
    for sort in RESELLER_SORTS {
        for descending in [false, true] {
            for unused in [false, true] {
                stable_while_written(&ResellerQuery { unused, sort, ..ResellerQuery::default() }, descending);
            }
        }
    }
}

fn stable_while_written(query: &ResellerQuery, descending: bool) {
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
            read.now().unwrap().reseller_customers(&ROB.into(), RESELLER, query, &paging).unwrap()
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
            given = given.when(ROB, UploadDevices::new(RESELLER, tenant, vec![device])).then_either();
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
fn q1_a_cursor_that_is_not_of_this_list_is_refused() {
    let given = crowd(12);
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let query = ResellerQuery::default();
    let paging = Paging { limit: 2, ..Paging::default() };
    let cursor = now.reseller_customers(&ROB.into(), RESELLER, &query, &paging).unwrap().next.unwrap();
    let with = |cursor: &str, descending| Paging { cursor: Some(cursor.to_owned()), limit: 2, descending };
    let ask = |query: &ResellerQuery, paging: &Paging| {
        code_of(now.reseller_customers(&ROB.into(), RESELLER, query, paging))
    };
    assert_eq!(ask(&query, &with(&cursor, false)), None);
    let other = |change: fn(&mut ResellerQuery)| {
        let mut query = ResellerQuery::default();
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
    let retail = now.reseller_customers(&RON.into(), RETAIL, &query, &with(&cursor, false));
    assert_eq!(code_of(retail), Some(ForeignCursor));
    let customers = CustomerQuery::default();
    assert_eq!(
        code_of(now.customers(&ADA.into(), MSP, &customers, &with(&cursor, false))),
        Some(ForeignCursor)
    );
    assert_eq!(
        code_of(now.users(&ADA.into(), MSP, &UserQuery::default(), &with(&cursor, false))),
        Some(ForeignCursor)
    );
    assert_eq!(code_of(now.integrations(&ADA.into(), MSP, &with(&cursor, false))), Some(ForeignCursor));
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
    // A cursor whose place was made up turns to a place, and shows nothing that the list would not.
    let bytes: Vec<u8> = (0..cursor.len() / 2)
        .map(|place| u8::from_str_radix(&cursor[2 * place..2 * place + 2], 16).unwrap())
        .collect();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    for rank in [
        serde_json::json!("Nothing"),
        serde_json::json!({"Count": 3}),
        serde_json::json!({"Moment": -5}),
        serde_json::json!({"Text": ["", ""]}),
        serde_json::json!({"Text": ["\u{0}", "\u{10ffff}"]}),
    ] {
        let mut forged = json.clone();
        forged["rank"] = rank;
        let forged: String = forged.to_string().bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(ask(&query, &with(&forged, false)), None);
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
            code_of(now.reseller_customers(&ROB.into(), RESELLER, &ResellerQuery::default(), &paging)),
            expected
        );
        assert_eq!(code_of(now.customers(&ADA.into(), MSP, &CustomerQuery::default(), &paging)), expected);
        assert_eq!(code_of(now.users(&ADA.into(), MSP, &UserQuery::default(), &paging)), expected);
        assert_eq!(code_of(now.integrations(&ADA.into(), MSP, &paging)), expected);
    }
}

/// A view that counts what is read through it, by kind.
struct Counting<'v> {
    view: &'v dyn View,
    read: RefCell<BTreeMap<Kind, usize>>,
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
}

#[test]
fn v4_a_resellers_page_by_company_costs_the_rows_it_shows_and_no_device() {
    // More devices, uploads and moves change nothing about it; nor do rows that the page does not reach.
    let cost = |customers: usize, devices: usize, limit: usize, page: usize| -> BTreeMap<Kind, usize> {
        let mut given = trade(MoveRule::AtOnce);
        for place in 0..customers {
            let number = format!("N-{place:04}");
            let add = RegisterTenant {
                number: Some(text(&number)),
                ..RegisterTenant::new(TenantKind::Customer, text("Same"))
            };
            let tenant = given.engine.execute(STAFF, add).unwrap().outcome;
            let ids = (0..devices).map(|device| format!("SN-{place}-{device}")).collect();
            given = given
                .and(ROB, AddResellerCustomer::new(RESELLER, text(&number)))
                .and(ROB, UploadDevices::new(RESELLER, tenant, ids));
        }
        let read = given.engine.read().unwrap();
        let now = read.now().unwrap();
        let mut paging = Paging { limit, ..Paging::default() };
        let mut counted = BTreeMap::new();
        for _ in 0..page {
            let counting = Counting { view: now.world().view, read: RefCell::default() };
            let world = World::reading(&counting, now.world().at).unwrap();
            let found =
                answer::reseller_customers(&world, &ROB.into(), RESELLER, &ResellerQuery::default(), &paging)
                    .unwrap();
            assert_eq!(found.rows.len(), limit);
            paging.cursor = found.next;
            counted = counting.read.into_inner();
        }
        counted
    };
    let few = cost(8, 1, 3, 1);
    for kind in [Kind::Device, Kind::Holding, Kind::Move, Kind::Licence] {
        assert_eq!(few.get(&kind), None, "{kind:?}");
    }
    assert_eq!(few[&Kind::Tenant], cost(8, 200, 3, 1)[&Kind::Tenant]);
    assert_eq!(few, cost(8, 200, 3, 1), "whatever the number of devices");
    let (first, later) = (cost(20, 1, 3, 1), cost(20, 1, 3, 5));
    assert_eq!(first[&Kind::Tenant], later[&Kind::Tenant], "the fifth page costs what the first does");
    assert!(later[&Kind::ResellerRow] <= 20);
}

#[test]
fn q2_a_row_says_what_is_about_the_tenant_and_no_more() {
    let given = given()
        .and(ADA, DisableTenants::new(vec![JOINTLY, FULLY]))
        .and(ADA, EnableTenants::new(vec![JOINTLY, FULLY]))
        .and(STAFF, ReportReady::new(JOINTLY));
    let read = given.engine.read().unwrap();
    let rows =
        |who: UserId, tenant| read.audit(&who.into(), tenant, &AuditFilter::default(), 0, 1_000).unwrap().0;
    let told = serde_json::to_string(&rows(JULIA, JOINTLY)).unwrap();
    assert!(!told.contains(&FULLY.to_string()), "one customer does not learn of another");
    assert_eq!(rows(JULIA, JOINTLY).iter().filter(|row| row.command == "disable_tenants").count(), 1);
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
        let rows = read.audit(&who.into(), tenant, &AuditFilter::default(), 0, 1_000).unwrap().0;
        rows.into_iter().map(|row| row.command).collect()
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
    // The console of somebody from across the border shows their organisation, and a refused attempt its own.
    let rows = read.audit(&JULIA.into(), JOINTLY, &AuditFilter::default(), 0, 1_000).unwrap().0;
    let opened: Vec<_> = rows.iter().filter(|row| row.command == "open_console").collect();
    assert_eq!(
        opened.iter().map(|row| row.by.clone()).collect::<Vec<_>>(),
        [AuditActor::Organisation(MSP), AuditActor::Organisation(SECOND)]
    );
    assert!(matches!(&opened[1].events[..], [Event::CommandRefused { tenant: Some(JOINTLY), .. }]));
    let text = serde_json::to_string(&rows).unwrap();
    for who in [ADA, NINA] {
        let by_them = rows.iter().filter(|row| row.by != AuditActor::Operator { ticket: None });
        let told = serde_json::to_string(&by_them.collect::<Vec<_>>()).unwrap();
        assert!(!told.contains(&who.to_string()), "{told}");
    }
    assert!(text.contains(&JULIA.to_string()), "and one's own people are named");
    for (who, tenant) in [(JULIA, JOINTLY), (ADA, MSP), (ROB, RESELLER)] {
        for row in read.audit(&who.into(), tenant, &AuditFilter::default(), 0, 1_000).unwrap().0 {
            assert!(
                !row.events.is_empty() && row.tenants.contains(&tenant),
                "{} says what happened",
                row.command
            );
        }
    }
    let own = read.audit(&ADA.into(), JOINTLY, &AuditFilter::default(), 0, 1_000).unwrap().0;
    assert!(own.iter().any(|row| matches!(row.events[..], [Event::SessionOpened { user: ADA, .. }])));
}
