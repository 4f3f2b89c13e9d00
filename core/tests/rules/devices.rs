//! Devices: uploads, moves, deletion (V-2, V-7, V-9).

use std::time::Duration;

use tenantry::base::text::DeviceId;
use tenantry::engine::{AnyEntity, EntityKind};
use tenantry::model::{Actor, HandshakeState, Move, Tenant};
use tenantry::policy::MoveRule;
use tenantry::refusal::{Code, Code::*, Refusal};
use tenantry::testkit::inside::{Holding, Moved};

use super::stock::*;
use super::*;

fn items(refusal: &Refusal) -> Vec<(usize, Code)> {
    refusal.items.iter().map(|item| (item.index, item.code)).collect()
}

#[test]
fn v2_devices_go_to_a_customer_or_an_msp_that_was_added() {
    use MoveRule::Refused as Not;
    let rows: [(UserId, UploadDevices, Expected); 16] = [
        (ROB, upload(1, ALONE, &["SN-1"]), happened(&["devices_uploaded"])),
        (ROB, upload(1, JOINTLY, &["SN-1"]), happened(&["devices_uploaded"])),
        (ROB, upload(1, FULLY, &["SN-1"]), happened(&["devices_uploaded"])),
        (ROB, upload(1, MSP, &["SN-1"]), happened(&["devices_uploaded"])),
        (
            ROB,
            upload(1, GRAND, &["490154203237518", "a0000000002329", "sn-1"]),
            happened(&["devices_uploaded"]),
        ),
        (ROB, upload(1, RESELLER, &["SN-1"]), refused(NotAdded)),
        (ROB, upload(1, NOWHERE, &["SN-1"]), refused(NotAdded)),
        (ROB, upload(1, ALONE, &[]), refused(EmptyBatch)),
        (ROB, upload(1, ALONE, &["490154203237519"]), refused(InvalidDevice)),
        (ROB, upload(1, ALONE, &["SN-1", "SN-1 "]), refused(DuplicateDevice)),
        (RON, upload(1, ALONE, &["SN-1"]), refused(UnknownTenant)),
        (CARL, upload(1, ALONE, &["SN-1"]), refused(UnknownTenant)),
        (ROB, UploadDevices { reseller: RETAIL, ..upload(1, ALONE, &["SN-1"]) }, refused(UnknownTenant)),
        (RON, UploadDevices { reseller: RETAIL, ..upload(1, FULLY, &["SN-1"]) }, refused(NotAdded)),
        (GINA, UploadDevices { reseller: GRAND, ..upload(1, ALONE, &["SN-1"]) }, refused(NotAReseller)),
        (NOBODY, upload(1, ALONE, &["SN-1"]), refused(UnknownUser)),
    ];
    for (who, command, expected) in rows {
        trade(Not).when(who, command).then(expected);
    }
    let operator = UploadDevices { reseller: MSP, ..upload(1, ALONE, &["SN-1"]) };
    trade(Not).when(STAFF, operator).then(refused(NotAReseller));
    trade(Not).and(ADA, delete(&[FULLY])).when(ROB, upload(1, FULLY, &["SN-1"])).then(refused(UnknownTenant));
    let changed = ChangeTenantKind::new(EMPTY, TenantKind::Reseller);
    trade(Not)
        .and(staff_for("T-1"), changed)
        .when(ROB, upload(1, EMPTY, &["SN-1"]))
        .then(refused(CannotReceive));
    let dropped = trade(Not).and(CARL, DropReseller::new(ALONE, RESELLER));
    dropped.when(ROB, upload(1, ALONE, &["SN-1"])).then(refused(ResellerDropped));
}

#[test]
fn v2_what_is_wrong_is_reported_device_by_device_and_nothing_is_taken() {
    let given = trade(MoveRule::Refused).and(ROB, upload(1, MSP, &["HELD-1"]));
    let devices = [
        "490154203237518",
        "490154203237519",
        "GOOD-1",
        "good-1",
        "HELD-1",
        "no good",
        "GOOD-1",
        "HELD-1",
        "",
        "x\u{2028}yz",
        "=1+1",
        "４９０１５４２０３２３７５１８",
    ];
    let when = given.when(ROB, upload(2, ALONE, &devices));
    assert_eq!(
        items(when.refusal()),
        [
            (1, InvalidDevice),
            (4, DeviceHeld),
            (5, InvalidDevice),
            (6, DuplicateDevice),
            (7, DuplicateDevice),
            (8, InvalidDevice),
            (9, InvalidDevice),
            (10, InvalidDevice),
            (11, InvalidDevice),
        ]
    );
    assert_eq!(
        when.refusal().items[0].about,
        "`490154203237519` is an IMEI whose check digit is wrong; read it off the device again; if it is a serial number, write \
         its maker in front, as in acme:1234"
    );
    assert!(
        when.refusal().items.iter().all(|item| !item.about.contains('\u{2028}')),
        "what was typed is shown in print"
    );
    when.then(refused(InvalidDevice)).look(|given| {
        for device_id in ["GOOD-1", "490154203237518"] {
            assert_eq!(device(given, device_id), None);
        }
        assert_eq!(holder(given, "HELD-1"), MSP);
        assert_eq!(rows(given), ["Msp|MSP|1|1|active"]);
    });
}

#[test]
fn v2_a_device_belongs_to_one_tenant_at_a_time() {
    let given = || trade(MoveRule::AtOnce).and(ROB, upload(1, JOINTLY, &["SN-1"]));
    given().when(ROB, upload(2, JOINTLY, &["SN-1"])).then(refused(DeviceHeld));
    given().when(ROB, upload(2, ALONE, &["SN-1"])).then(refused(DeviceHeld));
    let other = UploadDevices { reseller: RETAIL, ..upload(2, ALONE, &["SN-1", "SN-2"]) };
    let when = given().when(RON, other.clone());
    assert_eq!(items(when.refusal()), [(0, DeviceHeld)]);
    // Deleted, it can be uploaded again, by anybody; so can what a deleted tenant held.
    given().and(JACK, DeleteDevices::new(JOINTLY, set(&["SN-1"]))).when(RON, other).then(done()).look(
        |given| {
            assert_eq!(holder(given, "SN-1"), ALONE);
            assert_eq!(rows(given), [] as [&str; 0]);
        },
    );
    let gone = trade(MoveRule::AtOnce).and(ROB, upload(1, FULLY, &["SN-1"])).and(ADA, delete(&[FULLY]));
    gone.when(ROB, upload(2, ALONE, &["SN-1"])).then(done()).look(|given| {
        assert_eq!(rows(given), ["Alone|ALONE|1|1|active"]);
        assert_eq!(
            (given.get::<Tenant>(FULLY.uuid()).devices, given.get::<Tenant>(ALONE.uuid()).devices),
            (0, 1)
        );
    });
}

const PHONE: [&str; 3] = ["490154203237518", "352099001761481", "SN-1"];

/// The pool of the MSP holds a phone that has several ids, and `SN-2`.
fn phone(moves: MoveRule) -> Given {
    trade(moves).and(ROB, upload_of(1, MSP, &[&PHONE, &["SN-2"]]))
}

fn found(given: &Given, who: UserId, id: &str) -> Option<DeviceRow> {
    given.engine.ask(FindDevice::new(who.into(), text(id))).unwrap()
}

#[test]
fn v2_a_device_of_several_ids_is_one_device_and_found_by_each() {
    let given = phone(MoveRule::AtOnce);
    let held = given.engine.ask(Devices::new(ADA.into(), MSP)).unwrap().rows;
    let shown: Vec<_> = held.iter().map(|row| (row.device.as_str(), &row.others)).collect();
    assert_eq!(
        shown,
        [(PHONE[0], &set(&PHONE[1..])), ("SN-2", &set(&[]))],
        "the first that was typed names it, and the row has all of them"
    );
    for id in PHONE.into_iter().chain(["35-209900-176148", "3.52099001761481E+14", "SN: SN-1"]) {
        assert_eq!(found(&given, ADA, id).as_ref(), held.first(), "{id}");
        assert_eq!(found(&given, ROB, id), None, "to who may not see it there is none");
        let key = tenantry::engine::HeldDevice::key(&text(id));
        let read = given.engine.read().unwrap();
        match read.now().unwrap().host().entity(EntityKind::Device, key).unwrap() {
            Some(AnyEntity::Device(device)) => assert_eq!(device.id.as_str(), PHONE[0]),
            other => panic!("{id}: {other:?}"),
        }
    }
    assert_eq!(rows(&given), ["Msp|MSP|1|2|active"]);
    assert_eq!(given.get::<Tenant>(MSP.uuid()).devices, 2);
    given.verified();
    // So it was while it was there.
    let seq = given.engine.token().unwrap().seq;
    let given = given.and(ADA, DeleteDevices::new(MSP, set(&[PHONE[1]])));
    let read = given.engine.read().unwrap();
    let past = read.as_of(seq).unwrap();
    let then = past.moment().unwrap();
    for id in PHONE {
        assert_eq!(then.ask(FindDevice::new(ADA.into(), text(id))).unwrap().as_ref(), held.first(), "{id}");
        assert_eq!(found(&given, ADA, id), None, "{id}");
    }
    // An id that is typed twice is one, however it is written.
    let twice = trade(MoveRule::AtOnce)
        .and(ROB, upload_of(1, MSP, &[&["SN-1", "490154203237518", "49-015420-323751", "SN-1"]]));
    assert_eq!(device(&twice, "SN-1").unwrap().others, set(&["490154203237518"]));
}

#[test]
fn v2_whatever_names_a_device_names_it_by_any_of_its_ids_and_once() {
    let licence = tenantry::base::ids::LicenceId::from_uuid(Uuid::from_u128(0x9a0));
    let buy = BuyLicence { licence: Some(licence), ..BuyLicence::new(MSP, MSP, text("manage"), 1) };
    let used = |given: &Given| given.get::<tenantry::model::Licence>(licence.uuid()).used;
    let all = || set(&PHONE);
    let given = phone(MoveRule::AtOnce).and(ADA, buy).and(ADA, AssignSeats::new(licence, all()));
    assert_eq!(used(&given), 1, "one device, one seat");
    assert_eq!(found(&given, ADA, PHONE[1]).unwrap().seat, Some(licence));
    given
        .when(ADA, AssignSeats::new(licence, set(&[PHONE[1]])))
        .then(refused(DeviceSeated))
        .when(ADA, hand(FULLY, &[PHONE[1], PHONE[2]]))
        .then(refused(DeviceSeated))
        .when(ROB, withdraw(1, &[PHONE[2]]))
        .then(refused(CannotBeWithdrawn))
        .and(ADA, ReleaseSeats::new(licence, set(&PHONE[1..])))
        .look(|given| assert_eq!(used(given), 0))
        .and(ADA, hand(FULLY, &[PHONE[2], PHONE[1]]))
        .look(|given| {
            assert_eq!(PHONE.map(|id| holder(given, id)), [FULLY; 3]);
            assert_eq!(holding(given, PHONE[2]).devices, 1);
            let held = [MSP, FULLY].map(|tenant| given.get::<Tenant>(tenant.uuid()).devices);
            assert_eq!(held, [1, 1]);
        })
        .when(ADA, DeleteDevices::new(MSP, set(&[PHONE[1]])))
        .then(refused(DeviceNotInPool))
        .and(ADA, DeleteDevices::new(FULLY, set(&PHONE[1..])))
        .look(|given| {
            assert_eq!(PHONE.map(|id| device(given, id)), [None, None, None]);
            assert_eq!(rows(given), ["Msp|MSP|1|1|active"]);
        })
        // All ids are free again, each for itself.
        .and(ROB, upload_of(2, ALONE, &[&[PHONE[2]], &[PHONE[1], PHONE[0]]]))
        .look(|given| assert_eq!(rows(given), ["Alone|ALONE|1|2|active", "Msp|MSP|1|1|active"]))
        .and(ROB, withdraw(2, &[PHONE[0]]))
        .look(|given| assert_eq!(PHONE.map(|id| device(given, id).is_some()), [false, false, true]))
        .verified();
    // A move that awaits approval is of the device, and is told by its first id.
    let asked = phone(MoveRule::Approval).and(ADA, hand(JOINTLY, &PHONE[1..]));
    assert_eq!(asked.get::<Move>(MOVE.uuid()).devices, set(&PHONE[..1]));
    let again = MoveDevices { id: None, ..hand(JOINTLY, &[PHONE[2]]) };
    asked
        .when(ADA, again)
        .then(refused(DeviceMoving))
        .and(JULIA, ApproveMove::new(MOVE))
        .look(|given| assert_eq!(PHONE.map(|id| holder(given, id)), [JOINTLY; 3]))
        .verified();
    // Each id that is named has its own refusal.
    let when = phone(MoveRule::AtOnce).when(ADA, hand(JOINTLY, &["NEVER-1", PHONE[1], PHONE[2]]));
    assert_eq!(items(when.refusal()), [(1, DeviceNotInPool)]);
    let when = phone(MoveRule::AtOnce).when(JULIA, DeleteDevices::new(JOINTLY, all()));
    assert_eq!(items(when.refusal()), [0, 1, 2].map(|index| (index, DeviceNotInPool)));
}

#[test]
fn v2_ids_that_lead_to_devices_there_are_or_to_two_of_an_upload_are_refused() {
    let other =
        UploadDevices { reseller: RETAIL, ..upload_of(2, MSP, &[&["OTHER-1", "OTHER-2"], &["OTHER-3"]]) };
    let given = || phone(MoveRule::AtOnce).and(RON, other.clone());
    let held = Some((DeviceHeld, PHONE[1]));
    type Ids<'a> = &'a [&'a str];
    let rows: [(Ids<'_>, Option<(Code, &str)>); 14] = [
        (&["NEW-1", "NEW-2"], None),
        (&[PHONE[1]], held),
        (&[PHONE[1], "NEW-1"], held),
        (&["NEW-1", "NEW-2", PHONE[1]], held),
        (&[PHONE[1], PHONE[2], PHONE[0]], held),
        (&[PHONE[1], "SN-2"], Some((DeviceIdsConflict, "352099001761481, SN-2"))),
        (&["NEW-1", PHONE[1], "SN-1", "SN-2"], Some((DeviceIdsConflict, "352099001761481, SN-2"))),
        // That ids are of two devices is told of the reseller's own; of others, that one is held.
        (&["OTHER-2", "OTHER-3"], Some((DeviceHeld, "OTHER-2"))),
        (&["OTHER-1", "OTHER-2"], Some((DeviceHeld, "OTHER-1"))),
        (&["OTHER-2", PHONE[1]], Some((DeviceHeld, "OTHER-2"))),
        (&[PHONE[1], "OTHER-2"], held),
        (&["OTHER-2", "SN-1", "SN-2"], Some((DeviceIdsConflict, "SN-1, SN-2"))),
        (&["OTHER-2", "12"], Some((InvalidDevice, "`12` is too short"))),
        (&["SN-2", PHONE[1], "12"], Some((InvalidDevice, "`12` is too short"))),
    ];
    for (ids, expected) in rows {
        let when = given().when(ROB, upload_of(3, ALONE, &[&["FINE-1"], ids]));
        let Some((code, about)) = expected else {
            when.then(done());
            continue;
        };
        assert_eq!(items(when.refusal()), [(1, code)], "{ids:?}");
        assert!(when.refusal().items[0].about.starts_with(about), "{ids:?}: {:?}", when.refusal().items);
        when.then(refused(code)).look(|given| assert_eq!(device(given, "FINE-1"), None));
    }
    given().when(ROB, upload_of(3, ALONE, &[&["SN-1", "SN-2"]])).then(refused(DeviceIdsConflict));
    type Barred = [(usize, Code)];
    let rows: [(&[Ids<'_>], &Barred); 7] = [
        (&[&["A-001", "A-002"], &["A-002", "A-003"]], &[(1, DuplicateDevice)]),
        (&[&["A-001"], &["A-002"], &["A-003", "A-001", "A-002"]], &[(2, DuplicateDevice)]),
        (&[&["A-001"], &["A-001", "A-002"], &["A-002"]], &[(1, DuplicateDevice), (2, DuplicateDevice)]),
        (&[&["A-001", PHONE[2]], &["A-001", "SN-2"]], &[(0, DeviceHeld), (1, DuplicateDevice)]),
        (&[&[PHONE[1]], &[PHONE[2]]], &[(0, DeviceHeld), (1, DeviceHeld)]),
        (&[&["SN-1", "SN-2"], &["SN-2", "SN-1"]], &[(0, DeviceIdsConflict), (1, DuplicateDevice)]),
        // The ids of what is no device are nobody's.
        (&[&["A-001", "12"], &["A-001", "A-002"]], &[(0, InvalidDevice)]),
    ];
    for (devices, expected) in rows {
        let when = given().when(ROB, upload_of(3, ALONE, devices));
        assert_eq!(items(when.refusal()), expected, "{devices:?}");
    }
}

#[test]
fn v2_a_device_has_one_to_eight_ids() {
    let many: Vec<String> = (0..9).map(|number| format!("SN-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    trade(MoveRule::AtOnce).when(ROB, upload_of(1, ALONE, &[&many[..8]])).then(done());
    let when = trade(MoveRule::AtOnce).when(ROB, upload_of(1, ALONE, &[&["FINE-1"], &many, &[]]));
    assert_eq!(items(when.refusal()), [(1, InvalidDevice), (2, InvalidDevice)]);
    let about = &when.refusal().items[0].about;
    assert_eq!(about, "9 ids are more than a device has; give 1 to 8 of them");
    let about = &when.refusal().items[1].about;
    assert_eq!(about, "a device without an id cannot be told from others; give 1 to 8 of them");
}

#[test]
fn v2_a_meid_of_digits_alone_and_its_imei_are_one_device() {
    let forms = ["99000049320450", "990000493204509", "256691412103277904", "MEID: 99-000049-320450"];
    for typed in forms {
        let given = trade(MoveRule::AtOnce).and(ROB, upload(1, MSP, &[typed]));
        for form in forms {
            assert_eq!(found(&given, ADA, form).unwrap().device.as_str(), forms[1], "{typed} {form}");
        }
        let given = given.when(ROB, upload(2, MSP, &forms));
        assert_eq!(items(given.refusal())[0], (0, DeviceHeld));
    }
    let given = trade(MoveRule::AtOnce).and(ROB, upload_of(1, MSP, &[&forms]));
    assert!(found(&given, ADA, forms[0]).unwrap().others.is_empty(), "both forms are one id");
    let when = trade(MoveRule::AtOnce).when(ROB, upload(1, MSP, &forms));
    assert_eq!(items(when.refusal()), [1, 2, 3].map(|index| (index, DuplicateDevice)));
}

#[test]
fn v2_what_a_deleted_tenant_held_gives_up_all_of_its_ids() {
    let gone = || {
        trade(MoveRule::AtOnce).and(ROB, upload_of(1, FULLY, &[&PHONE, &["SN-2"]])).and(ADA, delete(&[FULLY]))
    };
    for id in PHONE {
        assert_eq!(found(&gone(), ROB, id), None);
    }
    let rows: [&[&[&str]]; 6] = [
        &[&PHONE],
        &[&[PHONE[2]]],
        &[&[PHONE[2], PHONE[0]]],
        &[&["NEW-1", PHONE[1]], &[PHONE[0]]],
        // Of two devices at once, too: neither is there any more.
        &[&[PHONE[1], "SN-2"]],
        &[&["NEW-1"], &[PHONE[0], PHONE[1]], &[PHONE[2]]],
    ];
    for devices in rows {
        let given = gone().and(ROB, upload_of(2, ALONE, devices));
        for id in devices.iter().copied().flatten() {
            assert_eq!(holder(&given, id), ALONE, "{devices:?}");
        }
        assert_eq!(given.get::<Tenant>(ALONE.uuid()).devices, devices.len() as u64);
        // What is left over is free.
        let left: Vec<&str> =
            PHONE.into_iter().filter(|id| !devices.iter().any(|ids| ids.contains(id))).collect();
        given.verified();
        if !left.is_empty() {
            given.and(ROB, upload_of(3, ALONE, &[&left])).verified();
        }
    }
}

#[test]
fn v2_an_upload_id_is_used_once_whoever_uses_it() {
    let given = || trade(MoveRule::AtOnce).and(ROB, upload(1, MSP, &["SN-1"]));
    given().when(ROB, upload(1, MSP, &["SN-2"])).then(refused(IdTaken));
    given().when(ROB, upload(1, ALONE, &["SN-2"])).then(refused(IdTaken));
    let other = UploadDevices { reseller: RETAIL, ..upload(1, JOINTLY, &["SN-2"]) };
    given().when(RON, other).then(refused(IdTaken));
    let emptied = given().and(ADA, DeleteDevices::new(MSP, set(&["SN-1"])));
    emptied.when(ROB, upload(1, MSP, &["SN-2"])).then(refused(IdTaken));
}

#[test]
fn v2_ten_thousand_devices_are_one_upload_and_one_more_is_too_many() {
    let imeis: Vec<String> = (0..10_001).map(|body| imei(35_000_000_000_000 + body)).collect();
    let at_most =
        UploadDevices::new(RESELLER, MSP, imeis[..10_000].iter().map(|imei| imei.as_str().into()).collect());
    let place = tempfile::tempdir().unwrap();
    let options = FileOptions::default().synchronous(Synchronous::Full);
    let store = SqliteStore::open(place.path().join("store"), options).unwrap();
    let given = given_on(store).and(ROB, AddResellerCustomer::new(RESELLER, text("MSP")));
    let before = given.engine.token().unwrap().seq;
    let began = std::time::Instant::now();
    let when = given.when(ROB, at_most);
    println!("10 000 devices: {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(60), "not a measurement, only no catastrophe");
    assert_eq!(when.receipt().seq(), before + 1, "one record");
    let given = when.then(happened(&["devices_uploaded"]));
    assert_eq!(rows(&given), ["Msp|MSP|1|10000|active"]);
    let too_many = UploadDevices::new(RESELLER, MSP, imeis.iter().map(|imei| imei.as_str().into()).collect());
    let when = given.when(ROB, too_many);
    assert_eq!((when.refusal().code, when.refusal().about.as_str()), (TooManyDevices, "10001"));
    assert!(when.refusal().items.is_empty(), "and nothing else is looked at");
    let given = when.then(refused(TooManyDevices));
    let all: std::collections::BTreeSet<DeviceId> = imeis.iter().map(|imei| text(imei)).collect();
    given
        .when(ADA, MoveDevices::new(MSP, FULLY, all.clone()))
        .then(refused(TooManyDevices))
        .when(ADA, DeleteDevices::new(MSP, all.clone()))
        .then(refused(TooManyDevices))
        .verified();
}

#[test]
fn v2_uploading_needs_the_right_to_devices_at_the_reseller() {
    for (role, expected) in [
        ("admin", done()),
        ("read_only", refused(RoleLacksPermission)),
        ("no_access", refused(RoleLacksPermission)),
    ] {
        let given = trade(MoveRule::Refused).and(STAFF, user(EVE, RESELLER, "eve", role));
        given.when(EVE, upload(1, ALONE, &["SN-1"])).then(expected);
    }
}

/// The pool of the MSP holds `SN-1` and `SN-2`, and `FULLY` has `OWN-1` of its own.
fn pool(moves: MoveRule) -> Given {
    trade(moves).and(ROB, upload(1, MSP, &["SN-1", "SN-2"])).and(ROB, upload(2, FULLY, &["OWN-1"]))
}

#[test]
fn v7_a_move_is_made_at_once_asked_for_or_refused_as_the_link_is() {
    use MoveRule::{Approval, AtOnce, Refused as Not};
    let rows: [(MoveRule, UserId, MoveDevices, Expected); 17] = [
        (Not, ADA, hand(FULLY, &["SN-1"]), happened(&["devices_moved"])),
        (Not, ADAM, hand(FULLY, &["SN-1", "SN-2"]), happened(&["devices_moved"])),
        (Not, GUS, hand(FULLY, &["SN-1"]), happened(&["devices_moved"])),
        (Not, ADA, hand(JOINTLY, &["SN-1"]), refused(MoveRefused)),
        (AtOnce, ADA, hand(JOINTLY, &["SN-1"]), happened(&["devices_moved"])),
        (Approval, ADA, hand(JOINTLY, &["SN-1"]), happened(&["move_requested"])),
        (Not, RITA, hand(FULLY, &["SN-1"]), refused(RoleLacksPermission)),
        (Not, FRED, hand(FULLY, &["SN-1"]), refused(UnknownTenant)),
        (Not, ROB, hand(FULLY, &["SN-1"]), refused(UnknownTenant)),
        (Not, ADA, hand(ALONE, &["SN-1"]), refused(UnknownTenant)),
        (Not, ADA, hand(FULLY, &[]), refused(EmptyBatch)),
        (Not, ADA, hand(FULLY, &["SN-3"]), refused(DeviceNotInPool)),
        (Not, ADA, hand(FULLY, &["OWN-1"]), refused(DeviceNotInPool)),
        (Not, ADA, hand(MSP, &["SN-1"]), refused(OutOfReach)),
        (Not, GINA, MoveDevices::new(GRAND, FULLY, set(&["SN-1"])), refused(OutOfReach)),
        (AtOnce, GINA, MoveDevices::new(GRAND, MSP, set(&["SN-1"])), refused(CannotReceive)),
        (Not, ADA, MoveDevices { id: None, ..hand(FULLY, &["SN-1"]) }, happened(&["devices_moved"])),
    ];
    for (moves, who, command, expected) in rows {
        pool(moves).when(who, command).then(expected);
    }
    pool(Not).when(STAFF, hand(ALONE, &["SN-1"])).then(refused(OutOfReach));
    pool(Not).when(STAFF, hand(NOWHERE, &["SN-1"])).then(refused(UnknownTenant));
}

#[test]
fn v7_all_devices_are_moved_or_none() {
    let when = pool(MoveRule::Refused).when(ADA, hand(FULLY, &["OWN-1", "SN-1", "SN-2", "ZERO"]));
    assert_eq!(items(when.refusal()), [(0, DeviceNotInPool), (3, DeviceNotInPool)]);
    when.then(refused(DeviceNotInPool)).look(|given| assert_eq!(holder(given, "SN-1"), MSP));
    pool(MoveRule::Refused)
        .and(ADA, hand(FULLY, &["SN-1", "SN-2"]))
        .look(|given| {
            assert_eq!((holder(given, "SN-1"), holder(given, "SN-2")), (FULLY, FULLY));
            assert_eq!(
                (given.get::<Tenant>(MSP.uuid()).devices, given.get::<Tenant>(FULLY.uuid()).devices),
                (0, 3)
            );
        })
        .when(ADA, hand(FULLY, &["SN-1"]))
        .then(refused(DeviceNotInPool))
        .verified();
}

#[test]
fn v7_the_customer_answers_a_move_and_the_msp_takes_it_back() {
    let asked = || pool(MoveRule::Approval).and(ADA, hand(JOINTLY, &["SN-1"]));
    let (yes, no, back) = (ApproveMove::new(MOVE), DeclineMove::new(MOVE), CancelMove::new(MOVE));
    let rows: [(Actor, Command, Expected, TenantId); 21] = [
        (JULIA.into(), yes.clone().into(), happened(&["move_approved", "devices_moved"]), JOINTLY),
        (JACK.into(), yes.clone().into(), happened(&["move_approved", "devices_moved"]), JOINTLY),
        (JACK.into(), no.clone().into(), happened(&["move_declined"]), MSP),
        (ADAM.into(), back.clone().into(), happened(&["move_canceled"]), MSP),
        (GUS.into(), back.clone().into(), happened(&["move_canceled"]), MSP),
        (STAFF, back.clone().into(), happened(&["move_canceled"]), MSP),
        (staff_for("T-1"), yes.clone().into(), happened(&["move_approved", "devices_moved"]), JOINTLY),
        (staff_for("T-1"), no.clone().into(), happened(&["move_declined"]), MSP),
        (STAFF, yes.clone().into(), refused(TicketRequired), MSP),
        (STAFF, no.clone().into(), refused(TicketRequired), MSP),
        (ADA.into(), yes.clone().into(), refused(WrongActor), MSP),
        (GINA.into(), no.clone().into(), refused(WrongActor), MSP),
        (JULIA.into(), back.clone().into(), refused(WrongActor), MSP),
        (JIM.into(), yes.clone().into(), refused(RoleLacksPermission), MSP),
        (RITA.into(), back.clone().into(), refused(RoleLacksPermission), MSP),
        (FRED.into(), yes.clone().into(), refused(UnknownMove), MSP),
        (ROB.into(), back.clone().into(), refused(UnknownMove), MSP),
        (NINA.into(), no.clone().into(), refused(UnknownMove), MSP),
        (NOBODY.into(), yes.clone().into(), refused(UnknownUser), MSP),
        (BOB.into(), back.clone().into(), refused(UserNotActive), MSP),
        (Actor::Clock, yes.clone().into(), refused(WrongActor), MSP),
    ];
    for (who, command, expected, holds) in rows {
        asked().when(who, command).then(expected).look(|given| {
            assert_eq!(holder(given, "SN-1"), holds);
            let answered = matches!(expected, Expected::Happened(_));
            assert_eq!(
                device(given, "SN-1").unwrap().moving.is_none(),
                answered,
                "the device is free once it is answered"
            );
        });
    }
    for command in [Command::from(yes.clone()), no.clone().into(), back.clone().into()] {
        let actor: Actor = if command.name() == "cancel_move" { ADA.into() } else { JULIA.into() };
        asked().and(JULIA, no.clone()).when(actor.clone(), command.clone()).then(refused(MoveNotPending));
        asked().and(ADA, back.clone()).when(actor.clone(), command.clone()).then(refused(MoveNotPending));
        asked().and(JULIA, yes.clone()).when(actor.clone(), command.clone()).then(refused(MoveNotPending));
        let unknown =
            pool(MoveRule::Approval).when(actor.clone(), command.clone()).then(refused(UnknownMove));
        unknown.when(staff_for("T-1"), command).then(refused(UnknownMove));
    }
    asked().when(ADA, MoveDevices { devices: set(&["SN-2"]), ..hand(JOINTLY, &[]) }).then(refused(IdTaken));
}

#[test]
fn v7_a_move_that_nobody_answers_lapses() {
    let asked = || pool(MoveRule::Approval).and(ADA, hand(JOINTLY, &["SN-1"]));
    asked().later(29).when(JULIA, ApproveMove::new(MOVE)).then(done());
    asked().later(30).when(JULIA, ApproveMove::new(MOVE)).then(refused(MoveLapsed));
    asked().later(30).when(JULIA, DeclineMove::new(MOVE)).then(refused(MoveLapsed));
    asked().later(30).when(ADA, CancelMove::new(MOVE)).then(refused(MoveLapsed));
    asked()
        .later(30)
        .swept()
        .look(|given| {
            assert_eq!(given.get::<Move>(MOVE.uuid()).handshake.state, HandshakeState::Expired);
            assert_eq!(device(given, "SN-1").unwrap().moving, None);
        })
        .when(ADA, MoveDevices { id: None, ..hand(JOINTLY, &["SN-1"]) })
        .then(done())
        .verified();
    let short =
        pool(MoveRule::Approval).under(|policy| policy.move_days = 2).and(ADA, hand(JOINTLY, &["SN-1"]));
    short.later(2).when(JULIA, ApproveMove::new(MOVE)).then(refused(MoveLapsed));
}

#[test]
fn v7_every_guard_is_checked_again_when_a_move_is_approved() {
    type Meanwhile = fn(Given) -> Given;
    let rows: [(Meanwhile, Expected); 5] = [
        (|it| it, done()),
        (
            |it| it.under(|policy| policy.management_types[1].moves = MoveRule::Refused).agreed(JOINTLY_LINK),
            refused(MoveRefused),
        ),
        (
            |it| it.and(staff_for("T-1"), ChangeTenantKind::new(JOINTLY, TenantKind::Msp)),
            refused(CannotReceive),
        ),
        (|it| it.and(ADA, MoveDevices { id: None, ..hand(FULLY, &["SN-2"]) }), done()),
        (|it| parted(it, JOINTLY_LINK), refused(MoveNotPending)),
    ];
    for (meanwhile, expected) in rows {
        let asked = pool(MoveRule::Approval).and(ADA, hand(JOINTLY, &["SN-1"]));
        meanwhile(asked).when(JULIA, ApproveMove::new(MOVE)).then(expected);
    }
}

#[test]
fn v7_a_device_in_a_pending_move_is_neither_moved_nor_deleted_nor_seated() {
    let asked = || pool(MoveRule::Approval).and(ADA, hand(JOINTLY, &["SN-1"]));
    let again = MoveDevices { id: None, ..hand(JOINTLY, &["SN-1", "SN-2"]) };
    asked().when(ADA, again).then(refused(DeviceMoving));
    asked().when(ADA, MoveDevices { id: None, ..hand(FULLY, &["SN-1"]) }).then(refused(DeviceMoving));
    asked().when(ADA, DeleteDevices::new(MSP, set(&["SN-1"]))).then(refused(DeviceMoving));
    asked().when(ROB, upload(3, ALONE, &["SN-1"])).then(refused(DeviceHeld));
}

#[test]
fn v7_the_customer_and_the_msp_are_told() {
    let kinds = |given: &Given| -> Vec<(String, Vec<UserId>)> {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        let kinds = mail.notices.iter().map(|notice| {
            let kind = serde_json::to_value(&notice.kind).unwrap()["kind"].as_str().unwrap().to_owned();
            (kind, notice.to.users.iter().copied().collect())
        });
        let kinds: Vec<_> = kinds.collect();
        kinds.into_iter().filter(|(kind, _)| kind.starts_with("move") || kind == "reseller_dropped").collect()
    };
    let (msp, customer) = (vec![ADA, ADAM], vec![JULIA, JACK]);
    let asked = || pool(MoveRule::Approval).and(ADA, hand(JOINTLY, &["SN-1"]));
    let first = || ("move_requested".to_owned(), customer.clone());
    asked().look(|given| assert_eq!(kinds(given), [first()]));
    for (then, kind) in [
        ((|it| it.and(JULIA, ApproveMove::new(MOVE))) as fn(Given) -> Given, "move_approved"),
        (|it| it.and(JULIA, DeclineMove::new(MOVE)), "move_declined"),
        (|it| it.later(30).swept(), "move_expired"),
    ] {
        then(asked()).look(|given| assert_eq!(kinds(given), [first(), (kind.to_owned(), msp.clone())]));
    }
    pool(MoveRule::Refused)
        .and(ADA, DropReseller::new(MSP, RESELLER))
        .look(|given| assert_eq!(kinds(given), [("reseller_dropped".to_owned(), vec![ROB])]));
}

#[test]
fn v9_deleting_a_device_removes_it_for_the_reseller_too() {
    let given = || pool(MoveRule::AtOnce).and(ADA, hand(JOINTLY, &["SN-2"]));
    let remove = |tenant, devices: &[&str]| DeleteDevices::new(tenant, set(devices));
    let rows_of: [(UserId, DeleteDevices, Expected); 11] = [
        (ADA, remove(MSP, &["SN-1"]), happened(&["devices_deleted"])),
        (GUS, remove(MSP, &["SN-1"]), happened(&["devices_deleted"])),
        (JACK, remove(JOINTLY, &["SN-2"]), happened(&["devices_deleted"])),
        (ADA, remove(JOINTLY, &["SN-2"]), happened(&["devices_deleted"])),
        (FRED, remove(FULLY, &["OWN-1"]), refused(CustomerLocked)),
        (ADA, remove(MSP, &["SN-2"]), refused(DeviceNotInPool)),
        (ADA, remove(MSP, &["SN-1", "SN-2", "SN-9"]), refused(DeviceNotInPool)),
        (ADA, remove(MSP, &[]), refused(EmptyBatch)),
        (RITA, remove(MSP, &["SN-1"]), refused(RoleLacksPermission)),
        (ROB, remove(MSP, &["SN-1"]), refused(UnknownTenant)),
        (JACK, remove(MSP, &["SN-1"]), refused(UnknownTenant)),
    ];
    for (who, command, expected) in rows_of {
        given().when(who, command).then(expected);
    }
    given()
        .look(|given| assert_eq!(rows(given), ["Fully|MSP|1|1|active", "Msp|MSP|1|2|active"]))
        .and(JACK, remove(JOINTLY, &["SN-2"]))
        .look(|given| assert_eq!(rows(given), ["Fully|MSP|1|1|active", "Msp|MSP|1|1|active"]))
        .and(ADA, remove(MSP, &["SN-1"]))
        .look(|given| assert_eq!(rows(given), ["Fully|MSP|1|1|active"]))
        .and(ADA, remove(FULLY, &["OWN-1"]))
        .look(|given| assert_eq!(rows(given), [] as [&str; 0]))
        .verified();
}

#[test]
fn v9_a_device_with_a_licence_seat_is_neither_deleted_nor_moved() {
    let licence = tenantry::base::ids::LicenceId::from_uuid(Uuid::from_u128(0x9a0));
    let buy = BuyLicence { licence: Some(licence), ..BuyLicence::new(MSP, MSP, text("manage"), 5) };
    let seated =
        || pool(MoveRule::AtOnce).and(ADA, buy.clone()).and(ADA, AssignSeats::new(licence, set(&["SN-1"])));
    seated().when(ADA, DeleteDevices::new(MSP, set(&["SN-1", "SN-2"]))).then(refused(DeviceSeated));
    seated().when(ADA, hand(FULLY, &["SN-1"])).then(refused(DeviceSeated));
    let released = || seated().and(ADA, ReleaseSeats::new(licence, set(&["SN-1"])));
    released().when(ADA, DeleteDevices::new(MSP, set(&["SN-1"]))).then(done());
    released().when(ADA, hand(FULLY, &["SN-1"])).then(done());
    // Seated while the move waits for its answer is not possible; what is seated is not asked for.
    let asked = pool(MoveRule::Approval).and(ADA, hand(JOINTLY, &["SN-1"])).and(ADA, buy.clone());
    asked.when(ADA, AssignSeats::new(licence, set(&["SN-1"]))).then(refused(DeviceMoving));
}

fn withdraw(number: u128, devices: &[&str]) -> WithdrawUpload {
    WithdrawUpload { devices: Some(set(devices)), ..WithdrawUpload::new(upload_id(number)) }
}

fn withdraw_all(number: u128) -> WithdrawUpload {
    WithdrawUpload::new(upload_id(number))
}

#[test]
fn v10_a_reseller_withdraws_an_upload_or_devices_of_it() {
    let rows: [(Actor, Command, Expected); 13] = [
        (ROB.into(), withdraw_all(1).into(), happened(&["upload_withdrawn"])),
        (ROB.into(), withdraw(1, &["SN-1"]).into(), happened(&["upload_withdrawn"])),
        (STAFF, withdraw_all(1).into(), happened(&["upload_withdrawn"])),
        (ROB.into(), withdraw(1, &[]).into(), refused(EmptyBatch)),
        (ROB.into(), withdraw_all(3).into(), refused(UnknownUpload)),
        (STAFF, withdraw_all(3).into(), refused(UnknownUpload)),
        (RON.into(), withdraw_all(1).into(), refused(UnknownUpload)),
        (ADA.into(), withdraw_all(1).into(), refused(UnknownUpload)),
        (NINA.into(), withdraw(1, &["SN-1"]).into(), refused(UnknownUpload)),
        (EVE.into(), withdraw_all(1).into(), refused(RoleLacksPermission)),
        (NOBODY.into(), withdraw_all(1).into(), refused(UnknownUser)),
        (Actor::Clock, withdraw_all(1).into(), refused(WrongActor)),
        (
            ROB.into(),
            WithdrawUpload::new(text("00000000-0000-0000-0000-000000000000")).into(),
            refused(UnknownUpload),
        ),
    ];
    for (who, command, expected) in rows {
        let given = pool(MoveRule::AtOnce).and(STAFF, user(EVE, RESELLER, "eve", "read_only"));
        given.when(who, command).then(expected);
    }
    let many: std::collections::BTreeSet<DeviceId> =
        (0..=10_000).map(|number| text(&format!("SN-{number}"))).collect();
    let too_many = WithdrawUpload { devices: Some(many), ..withdraw_all(1) };
    pool(MoveRule::AtOnce).when(ROB, too_many).then(refused(TooManyDevices));
    // What is withdrawn is gone for both, as if its holder had deleted it, and can be uploaded anew.
    let of_pool = |given: &Given| {
        let pools = stock::rows(given).into_iter().filter(|row| row.starts_with("Msp|")).collect::<Vec<_>>();
        (pools, given.get::<Tenant>(MSP.uuid()).devices)
    };
    let row = |text: &str| vec![text.to_owned()];
    let given = pool(MoveRule::AtOnce);
    assert_eq!(of_pool(&given), (row("Msp|MSP|1|2|active"), 2));
    let given = given.and(ROB, withdraw(1, &["SN-1"]));
    assert_eq!((device(&given, "SN-1"), of_pool(&given)), (None, (row("Msp|MSP|1|1|active"), 1)));
    let given = given.and(ROB, withdraw_all(1));
    assert_eq!((device(&given, "SN-2"), of_pool(&given)), (None, (vec![], 0)));
    given
        .when(ROB, withdraw_all(1))
        .then(refused(CannotBeWithdrawn))
        .when(ROB, withdraw(1, &["SN-1"]))
        .then(refused(UnknownDevice))
        .when(ROB, upload(1, MSP, &["SN-1"]))
        .then(refused(IdTaken))
        .and(ROB, upload(3, ALONE, &["SN-1"]))
        .when(ROB, withdraw(1, &["SN-1"]))
        .then(refused(UnknownDevice))
        .verified();
}

#[test]
fn v10_what_does_not_lie_where_it_was_put_or_is_held_there_cannot_be_withdrawn_and_the_reason_is_not_told() {
    let licence = tenantry::base::ids::LicenceId::from_uuid(Uuid::from_u128(0x9a0));
    let buy = BuyLicence { licence: Some(licence), ..BuyLicence::new(MSP, MSP, text("manage"), 5) };
    let held: [(&str, Given); 4] = [
        ("moved", pool(MoveRule::AtOnce).and(ADA, hand(JOINTLY, &["SN-1"]))),
        ("in a move", pool(MoveRule::Approval).and(ADA, hand(JOINTLY, &["SN-1"]))),
        ("seated", pool(MoveRule::AtOnce).and(ADA, buy).and(ADA, AssignSeats::new(licence, set(&["SN-1"])))),
        (
            "moved, and left there",
            parted(pool(MoveRule::AtOnce).and(ADA, hand(JOINTLY, &["SN-1"])), JOINTLY_LINK),
        ),
    ];
    for (how, given) in held {
        let before = rows(&given);
        let whole = given.when(ROB, withdraw_all(1));
        let told = whole.refusal().to_string();
        assert_eq!(whole.refusal().about, upload_id(1).to_string(), "{how}");
        let named = whole.then(refused(CannotBeWithdrawn)).when(ROB, withdraw(1, &["SN-1", "SN-2"]));
        assert_eq!(items(named.refusal()), [(0, CannotBeWithdrawn)], "{how}");
        assert!(
            ![&told, &named.refusal().to_string()]
                .iter()
                .any(|it| it.contains("seat") || it.contains("moved"))
        );
        let given = named.then(refused(CannotBeWithdrawn));
        assert_eq!(rows(&given), before, "all or none");
        given.when(ROB, withdraw(1, &["SN-2"])).then(done()).verified();
    }
    // A move that has lapsed by its moment holds nothing.
    let given = pool(MoveRule::Approval).and(ADA, hand(JOINTLY, &["SN-1"])).later(30);
    given.when(ROB, withdraw_all(1)).then(done()).verified();
    // What is no device of the upload is unknown, whoever put it where.
    let other = UploadDevices {
        reseller: RETAIL,
        upload: Some(upload_id(7)),
        ..UploadDevices::new(RETAIL, MSP, vec!["OTHER-1".into()])
    };
    let given = pool(MoveRule::AtOnce).and(RON, other).and(ROB, upload(3, MSP, &["SN-9"]));
    let when = given.when(ROB, withdraw(1, &["NEVER-1", "OTHER-1", "SN-1", "SN-9"]));
    assert_eq!(items(when.refusal()), [(0, UnknownDevice), (1, UnknownDevice), (3, UnknownDevice)]);
    // What a deleted tenant held is gone.
    let given = pool(MoveRule::AtOnce).and(ADA, hand(FULLY, &["SN-1"])).and(ADA, delete(&[FULLY]));
    given.when(ROB, withdraw(1, &["SN-1"])).then(refused(UnknownDevice)).and(ROB, withdraw_all(1)).verified();
    let given = trade(MoveRule::AtOnce).and(ROB, upload(1, FULLY, &["SN-1"])).and(ADA, delete(&[FULLY]));
    given
        .when(ROB, withdraw_all(1))
        .then(refused(CannotBeWithdrawn))
        .when(ROB, withdraw(1, &["SN-1"]))
        .then(refused(UnknownDevice));
}

#[test]
fn v10_the_holder_is_told_and_who_tried_without_the_right_stands_in_the_audit() {
    let given = pool(MoveRule::AtOnce).and(ROB, upload(3, JOINTLY, &["SN-8"]));
    let through = given.engine.notices("mail", 1_000).unwrap().through;
    given.engine.acknowledge("mail", through).unwrap();
    let given = given.and(ROB, withdraw_all(1)).and(ROB, withdraw(3, &["SN-8"]));
    let mail = given.engine.notices("mail", 1_000).unwrap();
    let told: Vec<_> = mail
        .notices
        .iter()
        .map(|notice| (notice.kind.name(), notice.to.users.iter().copied().collect::<Vec<_>>()))
        .collect();
    assert_eq!(told, [("upload_withdrawn", vec![ADA, ADAM]), ("upload_withdrawn", vec![JULIA, JACK])]);
    let about = mail.notices[0].kind.clone();
    let expected = tenantry::notice::NoticeKind::UploadWithdrawn {
        upload: upload_id(1),
        reseller: RESELLER,
        tenant: MSP,
    };
    assert_eq!(about, expected);
    let commands = |given: &Given, who: UserId, tenant: TenantId| -> Vec<String> {
        let page = given.engine.ask(Audit::new(who.into(), tenant)).unwrap();
        page.rows.into_iter().filter_map(|row| row.command).filter(|it| it.contains("withdraw")).collect()
    };
    assert_eq!(commands(&given, ADA, MSP), ["withdraw_upload"]);
    assert_eq!(commands(&given, JULIA, JOINTLY), ["withdraw_upload"]);
    assert_eq!(commands(&given, ROB, RESELLER), ["withdraw_upload"; 2]);
    // The manager of the customer is told nothing of a reseller that is not there for it.
    assert!(commands(&given, ADA, JOINTLY).is_empty());
    let tried = given.and(STAFF, user(EVE, RESELLER, "eve", "read_only")).when(EVE, withdraw_all(3));
    let tried = tried.then(refused(RoleLacksPermission));
    assert_eq!(commands(&tried, ROB, RESELLER), ["withdraw_upload"; 3]);
}

#[test]
fn v7_what_is_moved_remembers_its_upload() {
    pool(MoveRule::AtOnce).and(ADA, hand(JOINTLY, &["SN-1"])).look(|given| {
        let Holding { reseller, upload, uploaded_to, holder, way, devices, shown_as, .. } =
            holding(given, "SN-1");
        assert_eq!((reseller, upload, uploaded_to), (RESELLER, upload_id(1), MSP));
        let moved = Moved { link: JOINTLY_LINK, to: JOINTLY };
        assert_eq!((holder, way, devices, shown_as), (JOINTLY, vec![moved], 1, MSP));
        assert!(holding(given, "SN-2").way.is_empty());
    });
}
