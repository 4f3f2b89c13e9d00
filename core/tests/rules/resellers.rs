//! Resellers and what they see (V-1, V-3, V-4, V-5, V-8).

use std::collections::{BTreeMap, BTreeSet};

use tenantry::base::ids::{MoveId, UploadId};
use tenantry::base::text::DeviceId;
use tenantry::base::time::Timestamp;
use tenantry::event::Event;
use tenantry::model::{Actor, Link, Patch, ResellerStatus, Tenant, TermRequest};
use tenantry::policy::MoveRule;
use tenantry::query::{ResellerCustomerRow, ResellerFilter};
use tenantry::refusal::Code::*;
use tenantry::testkit::inside::ResellerRow;

use super::stock::*;
use super::*;

type Act = fn(Given) -> Given;

#[test]
fn v1_a_reseller_adds_a_customer_or_an_msp_by_number() {
    let add = |number| AddResellerCustomer::new(RESELLER, text(number));
    let rows: [(Actor, AddResellerCustomer, Expected); 12] = [
        (ROB.into(), add("jointly"), happened(&["reseller_customer_added"])),
        (ROB.into(), add("MSP"), happened(&["reseller_customer_added"])),
        (STAFF, add("ALONE"), happened(&["reseller_customer_added"])),
        (ROB.into(), add("RESELLER"), refused(CannotReceive)),
        (ROB.into(), add("NUMBERLESS"), refused(UnknownTenant)),
        (STAFF, add("NUMBERLESS"), refused(UnknownTenant)),
        (ADA.into(), add("JOINTLY"), refused(UnknownTenant)),
        (ADA.into(), AddResellerCustomer::new(MSP, text("JOINTLY")), refused(NotAReseller)),
        (RITA.into(), AddResellerCustomer::new(MSP, text("JOINTLY")), refused(RoleLacksPermission)),
        (STAFF, AddResellerCustomer::new(NOWHERE, text("JOINTLY")), refused(UnknownTenant)),
        (NOBODY.into(), add("JOINTLY"), refused(UnknownUser)),
        (Actor::Clock, add("JOINTLY"), refused(WrongActor)),
    ];
    for (who, command, expected) in rows {
        given().when(who, command).then(expected);
    }
    given().and(ROB, add("ALONE")).when(ROB, add("alone")).then(refused(AlreadyAdded));
    given().and(ADA, delete(&[FULLY])).when(ROB, add("FULLY")).then(refused(UnknownTenant));
    let dropped = given().and(ROB, add("ALONE")).and(CARL, DropReseller::new(ALONE, RESELLER));
    dropped.when(ROB, add("ALONE")).then(refused(ResellerDropped));
}

#[test]
fn v1_the_reference_is_the_resellers_own_and_can_be_changed() {
    let edit = |reference: Option<&str>| EditResellerCustomer {
        reference: reference.map(text),
        ..EditResellerCustomer::new(RESELLER, ALONE)
    };
    let added = || {
        let add = AddResellerCustomer {
            reference: Some(text("K-17")),
            ..AddResellerCustomer::new(RESELLER, text("ALONE"))
        };
        given().and(ROB, add)
    };
    added().look(|given| assert_eq!(all_rows(given), ["Alone / K-17|ALONE|0|0|pending"]));
    let next = added().when(ROB, edit(Some("K-18"))).then(happened(&["reseller_customer_edited"]));
    next.look(|given| assert_eq!(all_rows(given), ["Alone / K-18|ALONE|0|0|pending"]));
    added().and(ROB, edit(None)).look(|given| assert_eq!(all_rows(given), ["Alone|ALONE|0|0|pending"]));
    added().when(ROB, edit(Some("K-17"))).then(refused(NothingToDo));
    given().when(ROB, edit(Some("K-17"))).then(refused(NotAdded));
    added().when(CARL, edit(None)).then(refused(UnknownTenant));
}

#[test]
fn v1_a_tenant_drops_a_reseller_and_takes_it_back() {
    let (fall, back) = (DropReseller::new(ALONE, RESELLER), AdmitReseller::new(ALONE, RESELLER));
    let status = |given: &Given| {
        list(
            given,
            ROB,
            RESELLER,
            &ResellerFilter { unused: true, tenant: Some(ALONE), ..ResellerFilter::default() },
        )[0]
        .status
    };
    let added = || given().and(ROB, AddResellerCustomer::new(RESELLER, text("ALONE")));
    let used = || added().and(ROB, upload(1, ALONE, &["SN-1"]));
    let rows: [(Given, UserId, Command, Expected, ResellerStatus); 11] = [
        (added(), CARL, fall.clone().into(), happened(&["reseller_dropped"]), ResellerStatus::Inactive),
        (used(), CORA, fall.clone().into(), happened(&["reseller_dropped"]), ResellerStatus::Inactive),
        (used(), ROB, fall.clone().into(), refused(UnknownTenant), ResellerStatus::Active),
        (added(), CARL, DropReseller::new(ALONE, RETAIL).into(), refused(NotAdded), ResellerStatus::Pending),
        (
            used().and(CARL, fall.clone()),
            CARL,
            fall.clone().into(),
            refused(ResellerDropped),
            ResellerStatus::Inactive,
        ),
        (
            used().and(CARL, fall.clone()),
            CARL,
            back.clone().into(),
            happened(&["reseller_admitted"]),
            ResellerStatus::Active,
        ),
        (
            added().and(CARL, fall.clone()),
            CARL,
            back.clone().into(),
            happened(&["reseller_admitted"]),
            ResellerStatus::Pending,
        ),
        (
            added().and(CARL, fall.clone()),
            ROB,
            back.clone().into(),
            refused(UnknownTenant),
            ResellerStatus::Inactive,
        ),
        (added(), CARL, back.clone().into(), refused(ResellerNotDropped), ResellerStatus::Pending),
        (used(), CARL, back.clone().into(), refused(ResellerNotDropped), ResellerStatus::Active),
        (added(), CARL, AdmitReseller::new(ALONE, RETAIL).into(), refused(NotAdded), ResellerStatus::Pending),
    ];
    for (given, who, command, expected, then) in rows {
        given.when(who, command).then(expected).look(|given| assert_eq!(status(given), then));
    }
    // What was uploaded stays, and stays shown; taken back, the reseller uploads again.
    let dropped = used().and(CARL, fall);
    assert_eq!(stock::rows(&dropped), ["Alone|ALONE|1|1|inactive"]);
    dropped
        .when(ROB, upload(2, ALONE, &["SN-2"]))
        .then(refused(ResellerDropped))
        .and(CARL, back)
        .and(ROB, upload(2, ALONE, &["SN-2"]))
        .look(|given| assert_eq!(stock::rows(given), ["Alone|ALONE|2|2|active"]))
        .verified();
}

#[test]
fn v1_a_customer_without_uploads_is_taken_off_the_list_again() {
    let remove = RemoveResellerCustomer::new(RESELLER, ALONE);
    let add = || AddResellerCustomer::new(RESELLER, text("ALONE"));
    let added = || given().and(ROB, add());
    let off: Act = |given| {
        assert!(all_rows(&given).is_empty());
        given
    };
    for (who, expected) in [
        (ROB, happened(&["reseller_customer_removed"])),
        (CARL, refused(UnknownTenant)),
        (ADA, refused(UnknownTenant)),
        (EVE, refused(RoleLacksPermission)),
    ] {
        let given = added().and(STAFF, user(EVE, RESELLER, "eve", "read_only"));
        given.when(who, remove.clone()).then(expected);
    }
    given().when(ROB, remove.clone()).then(refused(NotAdded));
    let given = off(added().and(ROB, remove.clone()));
    given
        .when(ROB, remove.clone())
        .then(refused(NotAdded))
        .when(ROB, upload(1, ALONE, &["SN-1"]))
        .then(refused(NotAdded))
        .when(CARL, DropReseller::new(ALONE, RESELLER))
        .then(refused(NotAdded))
        .and(ROB, add())
        .look(|given| assert_eq!(all_rows(given), ["Alone|ALONE|0|0|pending"]))
        .verified();
    // Not while a device is shown as it, wherever that is by now.
    let used =
        added().and(ROB, upload(1, ALONE, &["SN-1"])).when(ROB, remove.clone()).then(refused(HasUploads));
    let used = used.and(ROB, WithdrawUpload::new(upload_id(1)));
    off(used.and(ROB, remove.clone())).verified();
    let moved =
        trade(MoveRule::AtOnce).and(ROB, upload(1, MSP, &["SN-1"])).and(ADA, hand(JOINTLY, &["SN-1"]));
    let msp = || RemoveResellerCustomer::new(RESELLER, MSP);
    let moved = moved.when(ROB, msp()).then(refused(HasUploads));
    parted(moved, JOINTLY_LINK).and(ROB, msp()).verified();
    // Whoever dropped the reseller is not added anew past that.
    let dropped = added().and(CARL, DropReseller::new(ALONE, RESELLER));
    dropped.when(ROB, remove).then(refused(ResellerDropped));
}

#[test]
fn v3_devices_are_shown_as_whom_they_were_uploaded_to_until_a_delink_leaves_them_with_the_customer() {
    let direct: Act = |it| it.and(ROB, upload(1, JOINTLY, &["SN-1", "SN-2"]));
    let pooled: Act = |it| it.and(ROB, upload(2, MSP, &["SN-3", "SN-4", "SN-5"]));
    let moved: Act = |it| {
        it.and(ROB, upload(2, MSP, &["SN-3", "SN-4", "SN-5"])).and(ADA, hand(JOINTLY, &["SN-3", "SN-4"]))
    };
    let parting: Act = |it| parted(it, JOINTLY_LINK);
    let with_second: Act = |it| linked(it, 0x5c0, SECOND, "JOINTLY", "jointly", &["manage"]);
    let with_msp: Act = |it| linked(it, 0x5c1, MSP, "JOINTLY", "jointly", &["manage"]);
    let more: Act = |it| it.and(ADA, hand(JOINTLY, &["SN-5"]));
    let again: Act = |it| parted(it, link_id(0x5c1));
    let rows_of: [(&str, &[Act], &[&str]); 21] = [
        (
            "uploaded to a customer without a link",
            &[|it| it.and(ROB, upload(1, ALONE, &["SN-1"]))],
            &["Alone|ALONE|1|1|active"],
        ),
        ("uploaded to a managed customer", &[direct], &["Jointly|MSP|1|2|active"]),
        (
            "uploaded to a fully managed customer",
            &[|it| it.and(ROB, upload(1, FULLY, &["SN-1"]))],
            &["Fully|MSP|1|1|active"],
        ),
        ("uploaded to an MSP, itself managed", &[pooled], &["Msp|MSP|1|3|active"]),
        ("moved on", &[moved], &["Msp|MSP|1|3|active"]),
        ("all moved on", &[moved, more], &["Msp|MSP|1|3|active"]),
        ("direct, then delinked", &[direct, parting], &["Jointly|JOINTLY|1|2|active"]),
        ("moved, then delinked", &[moved, parting], &["Jointly|JOINTLY|1|2|pending", "Msp|MSP|1|1|active"]),
        ("all moved, then delinked", &[moved, more, parting], &["Jointly|JOINTLY|1|3|pending"]),
        (
            "direct and moved, then delinked",
            &[direct, moved, parting],
            &["Jointly|JOINTLY|2|4|active", "Msp|MSP|1|1|active"],
        ),
        ("delinked, then direct", &[parting, direct], &["Jointly|JOINTLY|1|2|active"]),
        ("direct, delinked, linked again", &[direct, parting, with_second], &["Jointly|SECOND|1|2|active"]),
        (
            "moved, delinked, linked again: for good",
            &[moved, parting, with_second],
            &["Jointly|JOINTLY|1|2|pending", "Msp|MSP|1|1|active"],
        ),
        (
            "moved, delinked, linked again with the same MSP: for good",
            &[moved, parting, with_msp],
            &["Jointly|JOINTLY|1|2|pending", "Msp|MSP|1|1|active"],
        ),
        (
            "and more of the same upload moved: as the MSP",
            &[moved, parting, with_msp, more],
            &["Jointly|JOINTLY|1|2|pending", "Msp|MSP|1|1|active"],
        ),
        (
            "and delinked once more",
            &[moved, parting, with_msp, more, again],
            &["Jointly|JOINTLY|1|3|pending"],
        ),
        (
            "direct and moved, delinked, linked again: one row, and its MSP's number",
            &[direct, moved, parting, with_second],
            &["Jointly|SECOND|2|4|active", "Msp|MSP|1|1|active"],
        ),
        (
            "moved to a fully managed one, converted, delinked",
            &[
                |it| it.and(ROB, upload(1, MSP, &["SN-1"])).and(ADA, hand(FULLY, &["SN-1"])),
                |it| it.and(ADA, ConvertLink::new(FULLY_LINK, text("jointly"))),
                |it| parted(it, FULLY_LINK),
            ],
            &["Fully|FULLY|1|1|pending"],
        ),
        (
            "converted only: as the MSP",
            &[
                |it| it.and(ROB, upload(1, MSP, &["SN-1"])).and(ADA, hand(FULLY, &["SN-1"])),
                |it| it.and(ADA, ConvertLink::new(FULLY_LINK, text("jointly"))),
            ],
            &["Msp|MSP|1|1|active"],
        ),
        (
            "the MSP itself is delinked from above",
            &[moved, |it| parted(it, GRAND_LINK)],
            &["Msp|MSP|1|3|active"],
        ),
        (
            "a delink that is only asked for",
            &[moved, direct, |it| it.and(ADA, RequestDelink::new(JOINTLY_LINK))],
            &["Jointly|MSP|1|2|active", "Msp|MSP|1|3|active"],
        ),
    ];
    for (what, acts, expected) in rows_of {
        let given = acts.iter().fold(trade(MoveRule::AtOnce), |given, act| act(given));
        assert_eq!(rows(&given), expected, "{what}");
        given.verified();
    }
}

#[test]
fn v3_each_end_of_a_link_leaves_the_devices_with_the_customer() {
    // By expiry.
    let term = Some(TermRequest::days(60));
    let given = trade(MoveRule::AtOnce)
        .and(ADA, AddCustomer { term, ..customer(MSP, "jointly") })
        .and(ROB, upload(1, MSP, &["SN-1"]))
        .and(ADA, hand(NEW, &["SN-1"]))
        .later(60);
    let number = given.get::<Tenant>(NEW.uuid()).number.clone();
    let shown = [format!("New|{number}|1|1|active")];
    assert_eq!(rows(&given), shown, "never added, and shown, even before the sweep");
    let given = given.swept();
    assert_eq!(rows(&given), shown);
    given.verified();
    // By an operator who speaks for both, or crossing requests.
    let moved =
        || trade(MoveRule::AtOnce).and(ROB, upload(1, MSP, &["SN-1"])).and(ADA, hand(JOINTLY, &["SN-1"]));
    let crossing =
        moved().and(ADA, RequestDelink::new(JOINTLY_LINK)).and(JULIA, RequestDelink::new(JOINTLY_LINK));
    assert_eq!(rows(&crossing), ["Jointly|JOINTLY|1|1|pending"]);
    // By the deletion of the manager, where another one stays.
    let two = trade(MoveRule::AtOnce)
        .under(|policy| policy.max_managers = 2)
        .and(ROB, upload(1, SECOND, &["SN-1"]))
        .and(ROB, upload(2, JOINTLY, &["SN-2"]));
    let two = linked(two, 0x5c0, SECOND, "JOINTLY", "jointly", &["enrollment"])
        .and(NINA, MoveDevices::new(SECOND, JOINTLY, set(&["SN-1"])));
    assert_eq!(rows(&two), ["Jointly|MSP|1|1|active", "Second|SECOND|1|1|active"]);
    let gone = two.and(STAFF, DeleteTenants { cascade: true, ..delete(&[SECOND]) });
    assert_eq!(rows(&gone), ["Jointly|MSP|2|2|active"]);
    gone.and(JACK, DeleteDevices::new(JOINTLY, set(&["SN-2"])))
        .look(|given| {
            assert_eq!(rows(given), ["Jointly|JOINTLY|1|1|active"], "only what stayed: its own number")
        })
        .verified();
    // By the deletion of the customer: nothing is left to be shown.
    let gone = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2"]))
        .and(ROB, upload(2, FULLY, &["SN-3"]))
        .and(ADA, hand(FULLY, &["SN-1"]))
        .and(ADA, delete(&[FULLY]));
    assert_eq!(rows(&gone), ["Msp|MSP|1|1|active"]);
    assert!(!all_rows(&gone).iter().any(|row| row.starts_with("Fully")), "a deleted tenant is not listed");
    gone.verified();
}

#[test]
fn v3_of_several_managers_the_one_linked_longest_lends_its_number() {
    let given = Given::bare(
        tenantry::store::memory::MemoryStore::new(Uuid::nil()),
        tenantry::policy::Policy::delegated(),
    );
    let register = |tenant, kind, name: &str| RegisterTenant {
        tenant: Some(tenant),
        number: Some(text(name)),
        ..RegisterTenant::new(kind, text(name))
    };
    let mut given = given
        .under(|policy| policy.management_types[0].moves = MoveRule::AtOnce)
        .and(STAFF, register(GRAND, TenantKind::Msp, "Grand"))
        .and(STAFF, register(MSP, TenantKind::Msp, "Msp"))
        .and(STAFF, register(SECOND, TenantKind::Msp, "Second"))
        .and(STAFF, register(ALONE, TenantKind::Customer, "Alone"))
        .and(STAFF, register(RESELLER, TenantKind::Reseller, "Reseller"))
        .and(STAFF, user(CARL, ALONE, "carl", "super_admin"))
        .and(STAFF, user(ROB, RESELLER, "rob", "super_admin"));
    for number in ["ALONE", "MSP"] {
        given = given.and(ROB, AddResellerCustomer::new(RESELLER, text(number)));
    }
    given = given.and(ROB, upload(1, ALONE, &["SN-1"])).and(ROB, upload(2, MSP, &["SN-2", "SN-3"]));
    for (place, (manager, service)) in
        [(SECOND, "manage"), (MSP, "configure"), (GRAND, "enrollment")].into_iter().enumerate()
    {
        let request = LinkRequestId::from_uuid(Uuid::from_u128(0x5d0 + place as u128));
        let term = Some(TermRequest::days(100 * (place as u32 + 1)));
        let ask = RequestLink {
            request: Some(request),
            term,
            ..RequestLink::new(manager, text("ALONE"), text("delegated"), set(&[service]))
        };
        given = given.later(1).and(STAFF, ask).and(CARL, AcceptLink::new(request));
    }
    let given = given.and(STAFF, MoveDevices::new(MSP, ALONE, set(&["SN-2"])));
    assert_eq!(rows(&given), ["Alone|SECOND|1|1|active", "Msp|MSP|1|2|active"]);
    let given = given.later(100).swept();
    assert_eq!(rows(&given), ["Alone|MSP|1|1|active", "Msp|MSP|1|2|active"], "the next longest");
    let given = given.later(100).swept();
    assert_eq!(rows(&given), ["Alone|GRAND|2|2|active", "Msp|MSP|1|1|active"], "and what was moved stayed");
    let given = given.later(100).swept();
    assert_eq!(rows(&given), ["Alone|ALONE|2|2|active", "Msp|MSP|1|1|active"]);
    given.verified();
}

#[test]
fn v4_a_row_exists_for_whom_a_device_is_shown_as_and_others_when_asked_for() {
    let given =
        trade(MoveRule::AtOnce).and(ROB, upload(1, MSP, &["SN-1"])).and(ADA, hand(JOINTLY, &["SN-1"]));
    assert_eq!(rows(&given), ["Msp|MSP|1|1|active"], "who only received moved devices has none");
    assert_eq!(
        all_rows(&given),
        [
            "Alone|ALONE|0|0|pending",
            "Empty|EMPTY|0|0|pending",
            "Fully|MSP|0|0|pending",
            "Grand|GRAND|0|0|pending",
            "Jointly|MSP|0|0|pending",
            "Msp|MSP|1|1|active",
            "Second|SECOND|0|0|pending",
        ]
    );
    let given = given.and(JACK, DeleteDevices::new(JOINTLY, set(&["SN-1"])));
    assert_eq!(rows(&given), [] as [&str; 0]);
    assert!(all_rows(&given).contains(&"Msp|MSP|0|0|active".to_owned()));
    // A customer that was never added has a row while something is shown as it, and none before or after.
    let given = given.and(RON, UploadDevices { reseller: RETAIL, ..upload(2, MSP, &["SN-2"]) });
    let given = parted(given.and(STAFF, hand(JOINTLY, &["SN-2"])), JOINTLY_LINK);
    let retail = |given: &Given, unused| {
        shown(list(given, RON, RETAIL, &ResellerFilter { unused, ..ResellerFilter::default() }))
    };
    assert_eq!(retail(&given, false), ["Jointly|JOINTLY|1|1|pending"]);
    let given = given.and(JACK, DeleteDevices::new(JOINTLY, set(&["SN-2"])));
    assert_eq!(retail(&given, false), [] as [&str; 0]);
}

#[test]
fn v5_the_columns_are_those_of_the_seed() {
    let country = EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(ALONE) };
    let edit =
        EditResellerCustomer { reference: Some(text("K-1")), ..EditResellerCustomer::new(RESELLER, ALONE) };
    let given = trade(MoveRule::AtOnce)
        .and(CARL, country)
        .and(ROB, edit)
        .and(ROB, upload(1, ALONE, &["SN-1"]))
        .later(2)
        .and(ROB, upload(2, ALONE, &["SN-2", "SN-3"]));
    let row = list(&given, ROB, RESELLER, &ResellerFilter::default()).remove(0);
    assert_eq!(
        row,
        ResellerCustomerRow {
            tenant: ALONE,
            company: "Alone / K-1".to_owned(),
            number: text("ALONE"),
            country: Some(text("DE")),
            last_uploaded: Some(dawn().plus_days(2)),
            uploads: 2,
            devices: 3,
            status: ResellerStatus::Active,
        }
    );
    // The last upload of which a device is left.
    let given = given.and(CARL, DeleteDevices::new(ALONE, set(&["SN-2", "SN-3"])));
    let row = list(&given, ROB, RESELLER, &ResellerFilter::default()).remove(0);
    assert_eq!((row.last_uploaded, row.uploads, row.devices), (Some(dawn()), 1, 1));
}

#[test]
fn v5_an_upload_counts_once_for_each_row_it_is_shown_as() {
    let given = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2", "SN-3"]))
        .later(1)
        .and(ROB, upload(2, MSP, &["SN-4"]))
        .and(ADA, hand(JOINTLY, &["SN-1"]));
    let given = parted(given, JOINTLY_LINK);
    assert_eq!(rows(&given), ["Jointly|JOINTLY|1|1|pending", "Msp|MSP|2|3|active"]);
    let given = linked(given, 0x5c0, MSP, "JOINTLY", "jointly", &["manage"])
        .and(ADA, hand(JOINTLY, &["SN-2", "SN-4"]));
    let given = parted(given, link_id(0x5c0));
    // Upload 1 came to the customer in two ways and is one upload.
    assert_eq!(rows(&given), ["Jointly|JOINTLY|2|3|pending", "Msp|MSP|1|1|active"]);
    let last = |given: &Given| list(given, ROB, RESELLER, &ResellerFilter::default())[0].last_uploaded;
    assert_eq!(last(&given), Some(dawn().plus_days(1)));
    let given = given.and(JACK, DeleteDevices::new(JOINTLY, set(&["SN-4"])));
    assert_eq!(last(&given), Some(dawn()));
}

#[test]
fn v3_devices_that_came_in_different_ways_and_are_moved_together_stay_apart() {
    // A customer that was given devices becomes an MSP and gives them on, with those of the same upload that it got later.
    let given = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2"]))
        .and(ADA, hand(JOINTLY, &["SN-1"]));
    let given = linked(parted(given, JOINTLY_LINK), 0x5c0, MSP, "JOINTLY", "jointly", &["manage"])
        .and(ADA, hand(JOINTLY, &["SN-2"]))
        .and(staff_for("T-1"), ChangeTenantKind::new(JOINTLY, TenantKind::Msp))
        .and(JULIA, AddCustomer { owner: None, ..customer(JOINTLY, "fully") });
    assert_eq!(rows(&given), ["Jointly|JOINTLY|1|1|pending", "Msp|MSP|1|1|active"]);
    let given = given.and(STAFF, MoveDevices::new(JOINTLY, NEW, set(&["SN-1", "SN-2"])));
    assert_eq!(rows(&given), ["Jointly|JOINTLY|1|1|pending", "Msp|MSP|1|1|active"]);
    // Counted anew, each is what it was.
    let given = given.and(STAFF, DeleteDevices::new(NEW, set(&["SN-1"])));
    assert_eq!(rows(&given), ["Msp|MSP|1|1|active"]);
    given.verified();
}

#[test]
fn v8_a_reseller_sees_its_own_uploads_and_nothing_of_anyone_elses() {
    let given = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, JOINTLY, &["SN-1", "SN-2"]))
        .and(RON, UploadDevices { reseller: RETAIL, ..upload(2, JOINTLY, &["SN-3"]) })
        .and(RON, UploadDevices { reseller: RETAIL, ..upload(3, MSP, &["SN-4"]) })
        .and(ROB, upload(4, MSP, &["SN-5"]));
    let both = |given: &Given| (rows(given), shown(list(given, RON, RETAIL, &ResellerFilter::default())));
    let (rob, ron) = both(&given);
    assert_eq!(rob, ["Jointly|MSP|1|2|active", "Msp|MSP|1|1|active"]);
    assert_eq!(ron, ["Jointly|MSP|1|1|active", "Msp|MSP|1|1|active"]);
    // Each learns what became of its own devices only as far as V-3 goes: a move changes nothing.
    let given = given.and(ADA, hand(JOINTLY, &["SN-4", "SN-5"]));
    assert_eq!(both(&given), (rob, ron));
    // Dropping the one leaves the other.
    let given = given.and(JACK, DropReseller::new(JOINTLY, RETAIL));
    assert_eq!(both(&given).1, ["Jointly|MSP|1|1|inactive", "Msp|MSP|1|1|active"]);
    let given = given.and(ROB, upload(5, JOINTLY, &["SN-6"]));
    assert_eq!(both(&given).0, ["Jointly|MSP|2|3|active", "Msp|MSP|1|1|active"]);
    // A reference is its reseller's own.
    let edit = EditResellerCustomer {
        reference: Some(text("Secret")),
        ..EditResellerCustomer::new(RESELLER, JOINTLY)
    };
    let given = given.and(ROB, edit);
    assert_eq!(both(&given).1[0], "Jointly|MSP|1|1|inactive");
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    for who in [RON, ADA, GINA, CARL, JULIA] {
        let refused = now.ask(ResellerCustomers {
            actor: who.into(),
            reseller: RESELLER,
            filter: ResellerFilter::default(),
            paging: Default::default(),
        });
        assert_eq!(refused.unwrap_err().code(), Some(UnknownTenant));
        let refused = now.write_csv(
            &ResellerCsv { actor: who.into(), reseller: RESELLER, filter: ResellerFilter::default() },
            Vec::new(),
        );
        assert_eq!(refused.unwrap_err().code(), Some(UnknownTenant));
    }
    // Nor do the records about a reseller tell it what its customers do with the devices.
    let audit = read
        .now()
        .unwrap()
        .ask(Audit {
            actor: ROB.into(),
            tenant: RESELLER,
            filter: Default::default(),
            paging: Paging { limit: 1_000, ..Paging::default() },
        })
        .unwrap()
        .rows;
    let told = serde_json::to_string(&audit).unwrap();
    assert!(!told.contains("devices_moved") && !told.contains("SN-3"));
}

#[test]
fn v3_devices_that_were_moved_on_are_shown_by_the_last_link_of_their_way_that_ended() {
    let second = link_id(0x5c0);
    let given = || {
        let given = trade(MoveRule::AtOnce)
            .and(ROB, upload(1, MSP, &["SN-1", "SN-2", "SN-3"]))
            .and(ADA, hand(JOINTLY, &["SN-1", "SN-2"]))
            .and(staff_for("T-1"), ChangeTenantKind::new(JOINTLY, TenantKind::Msp));
        linked(given, 0x5c0, JOINTLY, "ALONE", "jointly", &["manage"])
            .and(STAFF, MoveDevices::new(JOINTLY, ALONE, set(&["SN-1"])))
    };
    let stayed = |given: &Given, tenant| {
        let row = given.get::<ResellerRow>(ResellerRow::key(RESELLER, tenant));
        (row.delinked_devices, row.devices)
    };
    given().look(|given| assert_eq!(rows(given), ["Msp|MSP|1|3|active"]));
    // The first link ends: they stayed with whom it brought them to, also the one that was moved on.
    let first = || parted(given(), JOINTLY_LINK);
    first().look(|given| {
        assert_eq!(rows(given), ["Jointly|JOINTLY|1|2|pending", "Msp|MSP|1|1|active"]);
        assert_eq!(stayed(given, JOINTLY), (2, 2));
    });
    // What stayed and is moved on has stayed, however it is counted.
    let moved = || first().and(STAFF, MoveDevices::new(JOINTLY, ALONE, set(&["SN-2"])));
    moved().look(|given| assert_eq!(stayed(given, JOINTLY), (2, 2)));
    moved().and(CARL, DeleteDevices::new(ALONE, set(&["SN-1"]))).look(|given| {
        assert_eq!(stayed(given, JOINTLY), (1, 1));
        assert_eq!(rows(given), ["Jointly|JOINTLY|1|1|pending", "Msp|MSP|1|1|active"]);
    });
    // Then the second one: those that were moved on stay with whom that one brought them to.
    let both = ["Alone|ALONE|1|1|pending", "Jointly|JOINTLY|1|1|pending", "Msp|MSP|1|1|active"];
    let last = parted(first(), second);
    assert_eq!((rows(&last), stayed(&last, ALONE), stayed(&last, JOINTLY)), (texts(&both), (1, 1), (1, 1)));
    last.verified();
    // The other way round it comes to the same.
    let crossed = parted(given(), second);
    assert_eq!(rows(&crossed), ["Alone|ALONE|1|1|pending", "Msp|MSP|1|2|active"]);
    let crossed = parted(crossed, JOINTLY_LINK);
    assert_eq!((rows(&crossed), stayed(&crossed, ALONE)), (texts(&both), (1, 1)));
    crossed.verified();
    // Nothing left of those that were moved on before: those that follow are shown as what they come from.
    let emptied = given().and(CARL, DeleteDevices::new(ALONE, set(&["SN-1"])));
    let emptied = parted(emptied, JOINTLY_LINK).and(STAFF, MoveDevices::new(JOINTLY, ALONE, set(&["SN-2"])));
    assert_eq!(rows(&emptied), ["Jointly|JOINTLY|1|1|pending", "Msp|MSP|1|1|active"]);
    emptied.verified();
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|&text| text.to_owned()).collect()
}

/// What a reseller should see, counted anew from the journal and nothing else.
#[derive(Default)]
struct Recount {
    devices: BTreeMap<DeviceId, Counted>,
    links: BTreeMap<LinkId, (TenantId, TenantId, Timestamp)>,
    names: BTreeMap<TenantId, (String, String, TenantKind)>,
}

struct Counted {
    reseller: TenantId,
    upload: UploadId,
    at: Timestamp,
    uploaded_to: TenantId,
    holder: TenantId,
    via: Option<LinkId>,
    left_behind: bool,
}

impl Recount {
    fn of(given: &Given) -> Self {
        let mut count = Self::default();
        for record in given.engine.records_after(0, usize::MAX >> 1).unwrap() {
            for event in &record.events {
                count.follow(event, record.at);
            }
        }
        count
    }

    fn follow(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::TenantRegistered { tenant, number, kind, name, .. } => {
                self.names.insert(*tenant, (name.to_string(), number.to_string(), *kind));
            }
            Event::TenantEdited { tenant, name: Some(name), .. } => {
                self.names.get_mut(tenant).unwrap().0 = name.to_string();
            }
            Event::TenantDeleted { tenant } => self.devices.retain(|_, device| device.holder != *tenant),
            Event::LinkCreated { link, manager, managed, .. } => {
                self.links.insert(*link, (*manager, *managed, at));
            }
            Event::LinkEnded { link, .. } => {
                self.links.remove(link);
                for device in self.devices.values_mut().filter(|device| device.via == Some(*link)) {
                    device.left_behind = true;
                }
            }
            Event::DevicesUploaded { upload, reseller, to, devices, .. } => {
                for id in devices {
                    let device = Counted {
                        reseller: *reseller,
                        upload: *upload,
                        at,
                        uploaded_to: *to,
                        holder: *to,
                        via: None,
                        left_behind: false,
                    };
                    self.devices.insert(id.clone(), device);
                }
            }
            Event::DevicesMoved { link, customer, devices, .. } => {
                for id in devices {
                    let device = self.devices.get_mut(id).unwrap();
                    (device.holder, device.via) = (*customer, Some(*link));
                }
            }
            Event::DevicesDeleted { devices, .. } => {
                for id in devices {
                    self.devices.remove(id).unwrap();
                }
            }
            _ => {}
        }
    }

    fn rows(&self, reseller: TenantId) -> Vec<(TenantId, String, String, Option<Timestamp>, u64, u64)> {
        let mut by_tenant: BTreeMap<TenantId, Vec<&Counted>> = BTreeMap::new();
        for device in self.devices.values().filter(|device| device.reseller == reseller) {
            let shown_as = if device.left_behind { device.holder } else { device.uploaded_to };
            by_tenant.entry(shown_as).or_default().push(device);
        }
        by_tenant
            .into_iter()
            .map(|(tenant, devices)| {
                let (name, own, kind) = &self.names[&tenant];
                let oldest = self
                    .links
                    .iter()
                    .filter(|(_, link)| link.1 == tenant)
                    .min_by_key(|(id, link)| (link.2, **id));
                let number = match oldest {
                    Some((_, (manager, ..)))
                        if *kind == TenantKind::Customer
                            && devices.iter().any(|device| !device.left_behind) =>
                    {
                        &self.names[manager].1
                    }
                    _ => own,
                };
                let uploads: BTreeSet<UploadId> = devices.iter().map(|device| device.upload).collect();
                let last = devices.iter().map(|device| device.at).max();
                (tenant, name.clone(), number.clone(), last, uploads.len() as u64, devices.len() as u64)
            })
            .collect()
    }

    fn check(given: &Given) {
        let count = Self::of(given);
        for (who, reseller) in [(ROB, RESELLER), (RON, RETAIL)] {
            let mut found: Vec<_> = list(given, who, reseller, &ResellerFilter::default())
                .into_iter()
                .map(|row| {
                    (
                        row.tenant,
                        row.company,
                        row.number.to_string(),
                        row.last_uploaded,
                        row.uploads,
                        row.devices,
                    )
                })
                .collect();
            found.sort();
            assert_eq!(found, count.rows(reseller));
            let mut left: BTreeMap<UploadId, u64> = BTreeMap::new();
            for device in count.devices.values().filter(|device| device.reseller == reseller) {
                *left.entry(device.upload).or_default() += 1;
            }
            let paging = Paging { limit: 1_000, ..Default::default() };
            let uploads = given.engine.ask(Uploads { paging, ..Uploads::new(who.into(), reseller) }).unwrap();
            let told = uploads.rows.iter().filter(|row| row.left > 0).map(|row| (row.upload, row.left));
            assert_eq!(told.collect::<BTreeMap<_, _>>(), left);
        }
        for &tenant in count.names.keys() {
            let held = count.devices.values().filter(|device| device.holder == tenant).count() as u64;
            assert_eq!(given.get::<Tenant>(tenant.uuid()).devices, held, "what tenant {tenant} holds");
        }
    }
}

#[test]
fn v5_after_whatever_happens_the_rows_are_those_of_a_naive_recount() {
    for seed in 1..=6 {
        after_many_steps(seed, 400);
    }
}

fn after_many_steps(seed: u64, steps: usize) {
    let mut rng = Rng::new(seed);
    let mut given =
        trade(rng.pick(&[MoveRule::AtOnce, MoveRule::Approval])).under(|policy| policy.max_managers = 2);
    let msps = [MSP, SECOND];
    let customers = [JOINTLY, FULLY, ALONE, EMPTY];
    let names = ["Alpha", "beta", "Beta", "Gamma"];
    let mut done_once: BTreeSet<&str> = BTreeSet::new();
    let ticket = || staff_for("T-1");
    for step in 0..steps {
        let all: Vec<DeviceId> = (0..60).map(|number| text(&format!("SN-{number:02}"))).collect();
        let some =
            |rng: &mut Rng| -> BTreeSet<DeviceId> { (0..1 + rng.below(6)).map(|_| rng.pick(&all)).collect() };
        let (msp, customer) = (rng.pick(&msps), rng.pick(&customers));
        // Devices that the tenant holds, so that most attempts succeed.
        let held = |rng: &mut Rng, given: &Given, tenant: TenantId| -> BTreeSet<DeviceId> {
            let mine = all
                .iter()
                .filter(|id| device(given, id.as_str()).is_some_and(|device| device.holder == tenant));
            let mine: BTreeSet<DeviceId> = mine.filter(|_| rng.below(3) == 0).cloned().collect();
            if mine.is_empty() { [rng.pick(&all)].into() } else { mine }
        };
        let id = Uuid::from_u128(0x10_0000 + step as u128);
        let (actor, command): (Actor, Command) = match rng.below(16) {
            0..=3 => {
                let (who, reseller) = rng.pick(&[(ROB, RESELLER), (RON, RETAIL)]);
                let to = if rng.below(2) == 0 { msp } else { customer };
                let ids: Vec<String> = some(&mut rng).iter().map(ToString::to_string).collect();
                let devices = ids.chunks(1 + rng.below(3)).map(|ids| ids.to_vec().into()).collect();
                (who.into(), UploadDevices::new(reseller, to, devices).into())
            }
            4..=6 => {
                let devices = held(&mut rng, &given, msp);
                (
                    STAFF,
                    MoveDevices {
                        id: Some(MoveId::from_uuid(id)),
                        ..MoveDevices::new(msp, customer, devices)
                    }
                    .into(),
                )
            }
            7 => {
                let id = MoveId::from_uuid(Uuid::from_u128(0x10_0000 + rng.below(step + 1) as u128));
                let kind = rng.below(3);
                (
                    ticket(),
                    if kind == 0 {
                        DeclineMove::new(id).into()
                    } else if kind == 1 {
                        CancelMove::new(id).into()
                    } else {
                        ApproveMove::new(id).into()
                    },
                )
            }
            8 => {
                let tenant = if rng.below(2) == 0 { msp } else { customer };
                let devices = held(&mut rng, &given, tenant);
                (STAFF, DeleteDevices::new(tenant, devices).into())
            }
            9..=10 => {
                let number = given.get::<Tenant>(customer.uuid()).number.clone();
                let how = rng.pick(&["jointly", "jointly", "fully"]);
                let services = if msp == MSP { set(&["manage", "configure"]) } else { set(&["enrollment"]) };
                let request = LinkRequestId::from_uuid(id);
                let ask = RequestLink {
                    request: Some(request),
                    ..RequestLink::new(msp, number, text(how), services)
                };
                let asked = given.when(STAFF, ask);
                given = asked.then_either();
                (ticket(), AcceptLink::new(request).into())
            }
            11 => match Recount::of(&given).links.keys().copied().collect::<Vec<_>>().as_slice() {
                [] => (STAFF, rename(customer).into()),
                links => {
                    let link = rng.pick(links);
                    if given.get::<Link>(link.uuid()).management.as_str() == "fully" {
                        (STAFF, ConvertLink { owner: None, ..ConvertLink::new(link, text("jointly")) }.into())
                    } else {
                        use tenantry::model::Party::{Customer, Manager};
                        let ask = RequestDelink { party: Some(Manager), ..RequestDelink::new(link) };
                        given = given.when(ticket(), ask).then_either();
                        (ticket(), AcceptDelink { party: Some(Customer), ..AcceptDelink::new(link) }.into())
                    }
                }
            },
            12 => {
                let name = text(rng.pick(&names));
                (
                    STAFF,
                    EditTenant {
                        name: Some(name),
                        ..EditTenant::new(if rng.below(2) == 0 { msp } else { customer })
                    }
                    .into(),
                )
            }
            13 => {
                let (who, reseller) = rng.pick(&[(STAFF, RESELLER), (STAFF, RETAIL)]);
                (
                    who,
                    if rng.below(2) == 0 {
                        DropReseller::new(customer, reseller).into()
                    } else {
                        AdmitReseller::new(customer, reseller).into()
                    },
                )
            }
            14 => {
                given = given.later(1 + rng.below(12) as u32);
                (STAFF, rename(customer).into())
            }
            // Rarely, a tenant goes for good.
            _ if step > steps * 3 / 4 && rng.below(6) == 0 => (STAFF, delete(&[customer]).into()),
            _ => (STAFF, AdmitReseller::new(msp, RESELLER).into()),
        };
        let name = command.name();
        let when = given.when(actor, command);
        if when.answer.is_ok() {
            done_once.insert(name);
        }
        given = when.then_either();
        if step % 7 == 0 {
            Recount::check(&given);
            lists::listings_follow(&given);
        }
    }
    Recount::check(&given);
    given.verified();
    for name in
        ["upload_devices", "move_devices", "delete_devices", "accept_link", "accept_delink", "edit_tenant"]
    {
        assert!(done_once.contains(name), "seed {seed} never came to {name}");
    }
}
