//! What is not there for somebody is not there for their commands either, whatever id they have of it (T-9).

use tenantry::base::ids::{IntegrationId, LicenceId};
use tenantry::model::Audience;
use tenantry::policy::MoveRule;
use tenantry::query::{DeviceFilter, DeviceRow};
use tenantry::refusal::Code::*;

use super::stock::*;
use super::*;

const TOOL: IntegrationId = IntegrationId::from_uuid(Uuid::from_u128(0x9b0));
const LICENCE: LicenceId = LicenceId::from_uuid(Uuid::from_u128(0x9a0));

fn devices(given: &Given, who: UserId, tenant: TenantId, filter: DeviceFilter) -> Vec<DeviceRow> {
    let read = given.engine.read().unwrap();
    read.now().unwrap().ask(Devices { filter, ..Devices::new(who.into(), tenant) }).unwrap().rows
}

#[test]
fn t9_a_move_to_a_tenant_that_one_is_kept_off_is_not_there() {
    let given = trade(MoveRule::Approval)
        .and(ROB, upload(1, MSP, &["SN-1"]))
        .and(ADA, assign(ADAM, JOINTLY, "no_access"))
        .and(ADA, hand(JOINTLY, &["SN-1"]));
    let moving = |who| devices(&given, who, MSP, DeviceFilter::default()).first().unwrap().moving;
    assert_eq!((moving(ADA), moving(ADAM)), (Some(MOVE), None));
    let given = given
        .when(ADAM, ApproveMove::new(MOVE))
        .then(refused(UnknownMove))
        .when(ADAM, DeclineMove::new(MOVE))
        .then(refused(UnknownMove))
        .when(ADAM, CancelMove::new(MOVE))
        .then(refused(UnknownMove))
        .when(ADAM, ResendMove::new(MOVE))
        .then(refused(UnknownMove));
    // Nor is it once it was answered.
    let given = given.and(JULIA, DeclineMove::new(MOVE));
    let given = given.when(ADAM, CancelMove::new(MOVE)).then(refused(UnknownMove));
    given.when(ADA, CancelMove::new(MOVE)).then(refused(MoveNotPending)).verified();
}

#[test]
fn t9_a_licence_of_a_buyer_that_is_not_there_seats_nobody_and_is_in_no_row() {
    let given = trade(MoveRule::AtOnce).under(|policy| policy.max_managers = 2);
    let given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"])
        .and(ROB, upload(1, JOINTLY, &["SN-1", "SN-2"]))
        .and(ADA, BuyLicence { licence: Some(LICENCE), ..BuyLicence::new(MSP, JOINTLY, text("manage"), 5) })
        .and(ADA, AssignSeats::new(LICENCE, set(&["SN-1"])));
    let given = given
        .when(NINA, AssignSeats::new(LICENCE, set(&["SN-2"])))
        .then(refused(UnknownLicence))
        .when(NINA, ReleaseSeats::new(LICENCE, set(&["SN-1"])))
        .then(refused(UnknownLicence));
    let seated = |who, filter: DeviceFilter| {
        devices(&given, who, JOINTLY, filter).into_iter().filter(|row| row.seat.is_some()).count()
    };
    let by_licence = || DeviceFilter { licence: Some(LICENCE), ..DeviceFilter::default() };
    let all = |who, filter| devices(&given, who, JOINTLY, filter).len();
    let with_seat = |seated| DeviceFilter { seated: Some(seated), ..DeviceFilter::default() };
    for (who, told) in [(ADA, 1), (JULIA, 1), (NINA, 0)] {
        assert_eq!(seated(who, DeviceFilter::default()), told, "{who}");
        assert_eq!(all(who, by_licence()), told, "{who}");
        assert_eq!((all(who, with_seat(true)), all(who, with_seat(false))), (told, 2 - told), "{who}");
    }
    let told = |who: UserId| {
        let read = given.engine.read().unwrap();
        let rows = read.now().unwrap().ask(Audit::new(who.into(), JOINTLY)).unwrap().rows;
        rows.iter().any(|row| serde_json::to_string(row).unwrap().contains("seats_assigned"))
    };
    assert_eq!((told(ADA), told(JULIA), told(NINA)), (true, true, false));
    // The tenant's own people go on with it when whoever bought it has left.
    let given = given.and(JULIA, RequestDelink::new(JOINTLY_LINK)).and(ADA, AcceptDelink::new(JOINTLY_LINK));
    given.when(JULIA, AssignSeats::new(LICENCE, set(&["SN-2"]))).then(done()).verified();
}

#[test]
fn t9_nothing_is_detached_from_a_tenant_that_one_is_kept_off() {
    let create = CreateIntegration::new(MSP, text("ticketing"), text("Tickets"));
    let given = given()
        .and(ADA, CreateIntegration { integration: Some(TOOL), ..create })
        .and(ADA, ShareIntegration::new(TOOL, JOINTLY))
        .and(ADA, assign(ADAM, JOINTLY, "no_access"));
    for tenant in [JOINTLY, FULLY, NOWHERE] {
        given.engine.execute(ADAM, DetachIntegration::new(TOOL, tenant)).unwrap_err();
    }
    let given = given.when(ADAM, DetachIntegration::new(TOOL, JOINTLY)).then(refused(NotAttached));
    given.when(ADA, DetachIntegration::new(TOOL, JOINTLY)).then(done()).verified();
}

#[test]
fn t9_the_sign_up_to_a_customer_that_one_is_kept_off_is_not_there() {
    let given = given().and(ADA, customer(MSP, "jointly")).and(ADA, assign(ADAM, NEW, "no_access"));
    let given = given
        .when(ADAM, ResendInvitation::new(OLGA_INVITATION))
        .then(refused(UnknownInvitation))
        .when(ADAM, RevokeInvitation::new(OLGA_INVITATION))
        .then(refused(UnknownInvitation));
    // A colleague who was not kept off goes on.
    given.when(ADA, ResendInvitation::new(OLGA_INVITATION)).then(done()).verified();
}

#[test]
fn t9_a_person_of_a_manager_that_is_not_there_is_nobody_who_gets_alerts() {
    let given = given().under(|policy| policy.max_managers = 2);
    let given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"]);
    let rule = |additional: UserId| SetAlertRule {
        additional: [additional].into(),
        ..SetAlertRule::new(JOINTLY, text("security"), Audience::AllAdmins)
    };
    let given = given.when(NINA, rule(ADA)).then(refused(NoSuchUser)).when(NINA, rule(NINA)).then(done());
    let given = given.when(ADA, rule(NINA)).then(refused(NoSuchUser)).when(ADA, rule(GINA)).then(done());
    given.when(JULIA, rule(NINA)).then(done()).when(STAFF, rule(ADA)).then(done()).verified();
}
