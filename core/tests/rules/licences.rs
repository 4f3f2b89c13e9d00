//! Licences and their seats (C-1).

use tenantry::base::ids::LicenceId;
use tenantry::model::Licence;
use tenantry::policy::MoveRule;
use tenantry::refusal::Code::*;

use super::stock::*;
use super::*;

const LICENCE: LicenceId = LicenceId::from_uuid(Uuid::from_u128(0x9a0));

fn buy(buyer: TenantId, tenant: TenantId, service: &str, seats: u32) -> BuyLicence {
    BuyLicence { licence: Some(LICENCE), ..BuyLicence::new(buyer, tenant, text(service), seats) }
}

fn seat(devices: &[&str]) -> AssignSeats {
    AssignSeats::new(LICENCE, set(devices))
}

fn release(devices: &[&str]) -> ReleaseSeats {
    ReleaseSeats::new(LICENCE, set(devices))
}

#[test]
fn c1_a_licence_is_bought_for_oneself_or_for_a_tenant_one_manages() {
    for (who, command, expected) in [
        (ADA, buy(MSP, JOINTLY, "manage", 5), happened(&["licence_bought"])),
        (ADAM, buy(MSP, FULLY, "manage", 1_000_000), happened(&["licence_bought"])),
        (GINA, buy(GRAND, FULLY, "manage", 1), happened(&["licence_bought"])),
        (ADA, buy(MSP, MSP, "enrollment", 5), happened(&["licence_bought"])),
        (JACK, buy(JOINTLY, JOINTLY, "manage", 5), happened(&["licence_bought"])),
        (JACK, buy(JOINTLY, JOINTLY, "enrollment", 5), happened(&["licence_bought"])),
        (CARL, buy(ALONE, ALONE, "manage", 5), happened(&["licence_bought"])),
        (ADA, buy(JOINTLY, JOINTLY, "manage", 5), happened(&["licence_bought"])),
        (ADA, buy(MSP, JOINTLY, "enrollment", 5), refused(ServiceNotManaged)),
        (ADA, buy(MSP, JOINTLY, "typewriters", 5), refused(UnknownService)),
        (RITA, buy(MSP, JOINTLY, "typewriters", 5), refused(RoleLacksPermission)),
        (ADA, buy(MSP, JOINTLY, "manage", 0), refused(InvalidSeats)),
        (ADA, buy(MSP, JOINTLY, "manage", 1_000_001), refused(InvalidSeats)),
        (ADA, buy(MSP, JOINTLY, "manage", u32::MAX), refused(InvalidSeats)),
        (ADA, BuyLicence { expires: Some(dawn()), ..buy(MSP, JOINTLY, "manage", 5) }, refused(InvalidExpiry)),
        (ADA, BuyLicence { expires: Some(dawn().plus_days(1)), ..buy(MSP, JOINTLY, "manage", 5) }, done()),
        (ADA, buy(MSP, ALONE, "manage", 5), refused(UnknownTenant)),
        (ADA, buy(JOINTLY, FULLY, "manage", 5), refused(OutOfReach)),
        (ADA, buy(JOINTLY, MSP, "manage", 5), refused(OutOfReach)),
        (FRED, buy(FULLY, FULLY, "manage", 5), refused(CustomerLocked)),
        (JACK, buy(MSP, JOINTLY, "manage", 5), refused(UnknownTenant)),
        (RITA, buy(MSP, MSP, "manage", 5), refused(RoleLacksPermission)),
        (NOBODY, buy(MSP, MSP, "manage", 5), refused(UnknownUser)),
    ] {
        given().when(who, command).then(expected);
    }
    given().when(STAFF, buy(MSP, ALONE, "manage", 5)).then(refused(OutOfReach));
    given().when(STAFF, buy(MSP, JOINTLY, "enrollment", 5)).then(done());
    given()
        .and(ADA, buy(MSP, JOINTLY, "manage", 5))
        .when(ADA, buy(MSP, MSP, "manage", 5))
        .then(refused(IdTaken));
    // P-5 comes before P-8.
    let helper = given().and(ADA, assign(RITA, JOINTLY, "read_only")).and(ADA, assign(RITA, MSP, "admin"));
    helper.when(RITA, buy(MSP, JOINTLY, "enrollment", 5)).then(refused(ServiceNotManaged));
}

/// `JOINTLY` holds `SN-1` to `SN-3` and has a licence of two seats, bought by its manager; `ALONE` holds `SN-9`.
fn licensed() -> Given {
    trade(MoveRule::AtOnce)
        .and(ROB, upload(1, JOINTLY, &["SN-1", "SN-2", "SN-3"]))
        .and(ROB, upload(2, ALONE, &["SN-9"]))
        .and(ADA, BuyLicence { expires: Some(dawn().plus_days(90)), ..buy(MSP, JOINTLY, "manage", 2) })
}

#[test]
fn c1_seats_are_for_devices_the_tenant_holds_and_never_more_than_there_are() {
    let rows: [(UserId, Command, Expected); 17] = [
        (ADA, seat(&["SN-1"]).into(), happened(&["seats_assigned"])),
        (JACK, seat(&["SN-1", "SN-2"]).into(), happened(&["seats_assigned"])),
        (GUS, seat(&["SN-1"]).into(), happened(&["seats_assigned"])),
        (ADA, seat(&["SN-1", "SN-2", "SN-3"]).into(), refused(TooFewSeats)),
        (ADA, seat(&["SN-9"]).into(), refused(DeviceNotInPool)),
        (ADA, seat(&["SN-1", "SN-9"]).into(), refused(DeviceNotInPool)),
        (ADA, seat(&["SN-77"]).into(), refused(DeviceNotInPool)),
        (ADA, seat(&[]).into(), refused(EmptyBatch)),
        (ADA, release(&["SN-1"]).into(), refused(DeviceNotSeated)),
        (ADA, release(&[]).into(), refused(EmptyBatch)),
        (JIM, seat(&["SN-1"]).into(), refused(RoleLacksPermission)),
        (RITA, release(&["SN-1"]).into(), refused(RoleLacksPermission)),
        (CARL, seat(&["SN-9"]).into(), refused(UnknownLicence)),
        (ROB, seat(&["SN-1"]).into(), refused(UnknownLicence)),
        (NOEL, seat(&["SN-1"]).into(), refused(UnknownLicence)),
        (
            ADA,
            AssignSeats::new(LicenceId::from_uuid(Uuid::nil()), set(&["SN-1"])).into(),
            refused(UnknownLicence),
        ),
        (BOB, seat(&["SN-1"]).into(), refused(UserNotActive)),
    ];
    for (who, command, expected) in rows {
        licensed().when(who, command).then(expected);
    }
    let used = |given: &Given| given.get::<Licence>(LICENCE.uuid()).used;
    let given = licensed().and(ADA, seat(&["SN-1"]));
    let given = given
        .when(ADA, seat(&["SN-1"]))
        .then(refused(DeviceSeated))
        .when(ADA, seat(&["SN-2", "SN-3"]))
        .then(refused(TooFewSeats))
        .and(JACK, seat(&["SN-2"]))
        .when(JACK, seat(&["SN-3"]))
        .then(refused(TooFewSeats));
    assert_eq!(used(&given), 2);
    let given = given
        .when(ADA, release(&["SN-1", "SN-3"]))
        .then(refused(DeviceNotSeated))
        .and(ADA, release(&["SN-1"]))
        .and(ADA, seat(&["SN-3"]));
    assert_eq!((used(&given), device(&given, "SN-1").unwrap().seat), (2, None));
    let other = BuyLicence::new(JOINTLY, JOINTLY, text("configure"), 1);
    let given = given.and(JACK, other).when(JACK, seat(&["SN-1"])).then(refused(TooFewSeats));
    let many: std::collections::BTreeSet<_> =
        (0..10_001).map(|number| text(&format!("SN-{number:05}"))).collect();
    given
        .when(ADA, AssignSeats::new(LICENCE, many.clone()))
        .then(refused(TooManyDevices))
        .when(ADA, ReleaseSeats::new(LICENCE, many))
        .then(refused(TooManyDevices))
        .verified();
}

#[test]
fn c1_a_service_that_the_policy_has_dropped_has_no_seats() {
    let service = || text("typewriters");
    let given = trade(MoveRule::AtOnce)
        .under(|policy| policy.services.extend([service()]))
        .and(ROB, upload(1, ALONE, &["SN-1", "SN-2"]))
        .and(CARL, buy(ALONE, ALONE, "typewriters", 2))
        .and(CARL, seat(&["SN-1"]))
        .under(|policy| policy.services.retain(|other| *other != service()));
    given
        .when(CARL, seat(&["SN-2"]))
        .then(refused(ServiceNotManaged))
        .when(CARL, release(&["SN-1"]))
        .then(refused(ServiceNotManaged))
        .when(NINA, seat(&["SN-2"]))
        .then(refused(UnknownLicence))
        .and(STAFF, release(&["SN-1"]))
        .under(|policy| policy.services.extend([service()]))
        .and(CARL, seat(&["SN-2"]))
        .verified();
}

#[test]
fn c1_a_licence_runs_out() {
    let seated = || licensed().and(ADA, seat(&["SN-1"]));
    seated().later(89).when(ADA, seat(&["SN-2"])).then(done());
    seated().later(90).when(ADA, seat(&["SN-2"])).then(refused(LicenceExpired));
    seated().later(90).when(ADA, release(&["SN-1"])).then(done());
}

#[test]
fn c1_a_licence_survives_the_delink_usable_and_remembers_its_buyer() {
    let parted = parted(licensed().and(ADA, seat(&["SN-1"])), JOINTLY_LINK);
    let licence = parted.get::<Licence>(LICENCE.uuid());
    assert_eq!((licence.buyer, licence.tenant, licence.used, licence.seats), (MSP, JOINTLY, 1, 2));
    assert_eq!(device(&parted, "SN-1").unwrap().seat, Some(LICENCE));
    parted
        .when(ADA, seat(&["SN-2"]))
        .then(refused(UnknownLicence))
        .and(JACK, seat(&["SN-2"]))
        .and(JACK, release(&["SN-1"]))
        .when(JIM, release(&["SN-2"]))
        .then(refused(RoleLacksPermission))
        .verified();
}

#[test]
fn c1_a_deleted_tenants_licence_is_unknown() {
    let given = given().and(ADA, buy(MSP, FULLY, "manage", 5)).and(ADA, delete(&[FULLY]));
    given
        .when(ADA, seat(&["SN-1"]))
        .then(refused(UnknownLicence))
        .when(STAFF, seat(&["SN-1"]))
        .then(refused(UnknownTenant));
}
