//! Roles for a while: laid over what a user has on a tenant, counted by the moment, and gone with what they rest on.

use std::collections::BTreeSet;

use tenantry::base::ids::{RoleId, SessionId};
use tenantry::base::time::Timestamp;
use tenantry::index::Permit;
use tenantry::model::{Assignment, HandshakeState, Invitation, RoleRef, Session, Subject, Tenant};
use tenantry::notice::NoticeKind;
use tenantry::refusal::Code;
use tenantry::refusal::Code::*;

use super::stock::{Rng, parted};
use super::*;

const CONSOLE: SessionId = SessionId::from_uuid(Uuid::from_u128(0x9c1));
const DESK: RoleId = RoleId::from_uuid(Uuid::from_u128(0x6b1));
const HOUR: i64 = 3_600;

/// So many seconds after the beginning.
fn at(seconds: i64) -> Timestamp {
    micros(seconds * 1_000_000)
}

fn micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(dawn().micros() + micros).unwrap()
}

/// One role for one user on one tenant, from and up to so many hours after the beginning.
fn lend(user: UserId, tenant: TenantId, role: &str, from: i64, to: i64) -> Assign {
    Assign { starts: Some(at(from * HOUR)), ends: Some(at(to * HOUR)), ..assign(user, tenant, role) }
}

fn here(user: UserId, tenant: TenantId) -> Unassign {
    Unassign::new(vec![UserOnTenant { user, tenant }])
}

fn until(user: UserId, tenant: TenantId, hours: i64) -> Unassign {
    Unassign { ends: Some(at(hours * HOUR)), ..here(user, tenant) }
}

trait Clocked: Sized {
    fn at(self, moment: Timestamp) -> Self;
    fn at_hour(self, hours: i64) -> Self {
        self.at(at(hours * HOUR))
    }
}

impl Clocked for Given {
    fn at(self, moment: Timestamp) -> Self {
        self.clock.set(moment);
        self
    }
}

fn reason(given: &Given, user: UserId, permission: &str, tenant: TenantId) -> Option<Code> {
    given.verdict(user, permission, tenant, None).reason
}

#[test]
fn x4_a_role_for_a_while_counts_from_its_beginning_up_to_its_end_by_time_alone() {
    let given = given().when(ADA, lend(RITA, JOINTLY, "admin", 1, 2)).then(happened(&["temporary_assigned"]));
    let index = given.engine.access_index().unwrap();
    let manage = index.permission("devices.manage").unwrap();
    let (begins, ends) = (at(HOUR).micros(), at(2 * HOUR).micros());
    for (moment, may) in [
        (dawn().micros(), false),
        (begins - 1, false),
        (begins, true),
        (begins + 1, true),
        (ends - 1, true),
        (ends, false),
        (ends + 1, false),
    ] {
        let moment = Timestamp::from_micros(moment).unwrap();
        given.clock.set(moment);
        let denied = (!may).then_some(RoleLacksPermission);
        assert_eq!(reason(&given, RITA, "devices.manage", JOINTLY), denied, "{moment}");
        assert_eq!(index.check(RITA, manage, JOINTLY, moment).reason, denied, "{moment}");
        let tenants = given.engine.ask(TenantsWhere::new(RITA, text("devices.manage"))).unwrap();
        assert_eq!(tenants.contains(&JOINTLY), may, "{moment}");
        let users = given.engine.ask(UsersWhoCan::new(text("devices.manage"), JOINTLY)).unwrap();
        assert_eq!(users.contains(&RITA), may, "{moment}");
        let (mut reached, mut reaching) = (Vec::new(), Vec::new());
        index.tenants_where(index.user(RITA), manage, moment, &mut reached).unwrap();
        assert_eq!(reached.contains(&index.tenant(JOINTLY)), may, "{moment}");
        index.users_who_can(manage, index.tenant(JOINTLY), moment, &mut reaching).unwrap();
        assert_eq!(reaching.contains(&index.user(RITA)), may, "{moment}");
    }
    // Nobody wrote anything meanwhile. Then the clock tells of both, each in its own record.
    let before = given.engine.token().unwrap().seq;
    let given = given.swept();
    let reading = given.engine.read().unwrap();
    let records = reading.now().unwrap().host().records(before, &Paging::default()).unwrap().rows;
    let told: Vec<_> = records.iter().flat_map(|record| record.events.iter().map(event_name)).collect();
    drop(reading);
    assert_eq!(told, ["temporary_begun", "temporary_ended"]);
    given.verified();
}

#[test]
fn x4_what_is_laid_over_gives_way_to_what_stands_and_takes_as_well_as_it_gives() {
    given()
        .and(ADA, assign(RITA, JOINTLY, "admin"))
        .and(ADA, lend(RITA, JOINTLY, "no_access", 1, 2))
        .then_may(RITA, "devices.manage", JOINTLY)
        .at_hour(1)
        .then_denied(RITA, "tenant.view", JOINTLY, RoleLacksPermission)
        .then_may(RITA, "devices.view", FULLY)
        .at_hour(2)
        .then_may(RITA, "devices.manage", JOINTLY);
    // With nothing below it, what reaches there from above counts again.
    given()
        .and(ADA, lend(NOEL, JOINTLY, "admin", 1, 2))
        .then_denied(NOEL, "tenant.view", JOINTLY, RoleLacksPermission)
        .at_hour(1)
        .then_may(NOEL, "devices.manage", JOINTLY)
        .at_hour(2)
        .then_denied(NOEL, "tenant.view", JOINTLY, RoleLacksPermission);
    // What stands may change beneath it.
    given()
        .and(ADA, lend(RITA, JOINTLY, "admin", 0, 2))
        .and(ADA, assign(RITA, JOINTLY, "no_access"))
        .then_may(RITA, "devices.manage", JOINTLY)
        .at_hour(2)
        .then_denied(RITA, "tenant.view", JOINTLY, RoleLacksPermission);
    // On an MSP it reaches what is below, and only while it counts.
    given()
        .and(ADA, lend(NOEL, MSP, "admin", 1, 2))
        .then_denied(NOEL, "devices.manage", JOINTLY, RoleLacksPermission)
        .at_hour(1)
        .then_may(NOEL, "devices.manage", JOINTLY)
        .at_hour(2)
        .then_denied(NOEL, "devices.manage", JOINTLY, RoleLacksPermission)
        .swept()
        .verified();
}

#[test]
fn x4_of_several_in_force_the_one_given_last_decides() {
    let given = given()
        .and(ADA, lend(RITA, JOINTLY, "admin", 1, 4))
        .and(ADA, lend(RITA, JOINTLY, "no_access", 0, 3))
        .at_hour(1)
        .then_denied(RITA, "tenant.view", JOINTLY, RoleLacksPermission)
        .at_hour(3)
        .then_may(RITA, "devices.manage", JOINTLY);
    // Given again until the same moment, it takes the place of what was there, and lies on top.
    let given = given
        .and(ADA, lend(RITA, JOINTLY, "no_access", 3, 5))
        .then_denied(RITA, "tenant.view", JOINTLY, RoleLacksPermission)
        .when(ADA, lend(RITA, JOINTLY, "admin", 3, 4))
        .then(happened(&["temporary_assigned"]))
        .then_may(RITA, "devices.manage", JOINTLY);
    let held = given.get::<Assignment>(Assignment::key(RITA, JOINTLY).uuid());
    assert_eq!(held.over.len(), 2);
    assert!(held.bare);
    given
        .at_hour(4)
        .then_denied(RITA, "tenant.view", JOINTLY, RoleLacksPermission)
        .at_hour(5)
        .then_may(RITA, "tenant.view", JOINTLY)
        .swept()
        .look(|given| assert!(given.find::<Assignment>(Assignment::key(RITA, JOINTLY).uuid()).is_none()))
        .verified();
}

#[test]
fn x4_no_more_than_eight_lie_over_each_other() {
    let mut given = given();
    for hours in 1..=8 {
        given = given.and(ADA, lend(RITA, JOINTLY, "admin", 0, hours));
    }
    let given = given
        .when(ADA, lend(RITA, JOINTLY, "admin", 0, 9))
        .then(refused(TooManyTemporaries))
        .when(ADA, lend(RITA, JOINTLY, "read_only", 0, 8))
        .then(done())
        .when(ADA, assign(RITA, JOINTLY, "read_only"))
        .then(done());
    // What has ended no longer counts, recorded or not.
    given.at_hour(1).when(ADA, lend(RITA, JOINTLY, "admin", 0, 9)).then(done()).verified();
}

#[test]
fn x4_a_while_lies_ahead_begins_before_it_ends_and_is_no_longer_than_the_policy_says() {
    let ends = |ends| Assign { ends: Some(ends), ..assign(RITA, JOINTLY, "admin") };
    let year = dawn().plus_days(365);
    for (command, expected) in [
        (ends(dawn()), refused(EndPassed)),
        (ends(micros(1)), done()),
        (ends(year), done()),
        (ends(Timestamp::from_micros(year.micros() + 1).unwrap()), refused(EndTooFar)),
        (lend(RITA, JOINTLY, "admin", 2, 2), refused(EndsBeforeItBegins)),
        (
            Assign { starts: Some(micros(2 * HOUR * 1_000_000 - 1)), ..lend(RITA, JOINTLY, "admin", 2, 2) },
            done(),
        ),
        (Assign { ends: None, ..lend(RITA, JOINTLY, "admin", 1, 2) }, refused(EndRequired)),
        (lend(RITA, JOINTLY, "admin", -2, -1), refused(EndPassed)),
        (lend(RITA, JOINTLY, "astronaut", 1, 2), refused(UnknownRole)),
        (lend(NINA, JOINTLY, "admin", 1, 2), refused(NoSuchUser)),
        (lend(RITA, ALONE, "admin", 1, 2), refused(UnknownTenant)),
    ] {
        given().when(ADA, command).then(expected);
    }
    // Nothing counts before it was given.
    let given = given().and(ADA, lend(RITA, JOINTLY, "admin", -1, 1));
    let held = given.get::<Assignment>(Assignment::key(RITA, JOINTLY).uuid());
    assert_eq!((held.over[0].starts, held.over[0].begun), (dawn(), true));
    // The policy may want every role to have an end, but for people's own at home.
    let strict = given.under(|policy| policy.temporary.required = true);
    let strict = strict.when(ADA, assign(NOEL, JOINTLY, "read_only")).then(refused(EndRequired));
    let strict = strict.when(ADA, assign(NOEL, MSP, "read_only")).then(done());
    let authorized = Authorization { user: RITA, role: text("read_only"), below: None };
    let with = AddCustomer { authorize: vec![authorized], ..customer(MSP, "fully") };
    let strict = strict.when(ADA, with).then(refused(EndRequired));
    strict.when(ADA, lend(NOEL, JOINTLY, "read_only", 0, 1)).then(done());
}

#[test]
fn x4_what_was_given_for_a_while_is_taken_away_by_its_end_and_all_of_it_with_what_stands() {
    let lent = || {
        given()
            .and(ADA, assign(RITA, JOINTLY, "read_only"))
            .and(ADA, lend(RITA, JOINTLY, "admin", 0, 2))
            .and(ADA, lend(RITA, JOINTLY, "no_access", 1, 3))
    };
    lent().when(ADA, until(RITA, JOINTLY, 2)).then(happened(&["temporary_ended"])).then_denied(
        RITA,
        "devices.manage",
        JOINTLY,
        RoleLacksPermission,
    );
    lent().when(ADA, until(RITA, JOINTLY, 4)).then(refused(NotAssigned));
    lent().at_hour(2).when(ADA, until(RITA, JOINTLY, 2)).then(refused(NotAssigned));
    lent()
        .when(ADA, here(RITA, JOINTLY))
        .then(happened(&["temporary_ended", "temporary_ended", "assignment_ended"]))
        .when(ADA, here(RITA, JOINTLY))
        .then(refused(NotAssigned))
        .verified();
    let bare = given().and(ADA, lend(RITA, JOINTLY, "admin", 1, 2));
    let bare = bare.when(ADA, here(RITA, JOINTLY)).then(happened(&["temporary_ended"]));
    bare.when(ADA, here(RITA, JOINTLY)).then(refused(NotAssigned)).at_hour(1).then_denied(
        RITA,
        "devices.manage",
        JOINTLY,
        RoleLacksPermission,
    );
    // What has ended by time is nothing that could be taken away.
    let over = given().and(ADA, lend(RITA, JOINTLY, "admin", 0, 1)).at_hour(1);
    over.when(ADA, here(RITA, JOINTLY)).then(refused(NotAssigned));
}

#[test]
fn x4_what_is_given_for_a_while_goes_with_the_link_the_user_the_tenant() {
    let lent = || {
        given()
            .and(ADA, assign(NOEL, JOINTLY, "read_only"))
            .and(ADA, lend(NOEL, JOINTLY, "admin", 1, 2))
            .and(ADA, lend(RITA, JOINTLY, "admin", 1, 2))
    };
    let gone = |given: &Given, user| {
        assert!(given.find::<Assignment>(Assignment::key(user, JOINTLY).uuid()).is_none())
    };
    delinked(lent()).look(|given| [NOEL, RITA].iter().for_each(|user| gone(given, *user))).verified();
    parted(lent(), JOINTLY_LINK).look(|given| gone(given, RITA)).verified();
    let removed = lent().when(ADA, RemoveUser::new(NOEL));
    let removed =
        removed.then(happened(&["user_removed", "temporary_ended", "assignment_ended", "assignment_ended"]));
    removed.look(|given| gone(given, NOEL)).verified();
    let deleted = given().and(ADA, lend(RITA, FULLY, "admin", 1, 2)).and(ADA, delete(&[FULLY]));
    assert!(deleted.find::<Assignment>(Assignment::key(RITA, FULLY).uuid()).is_none());
    deleted.at_hour(1).swept().verified();
    // Blocking takes nothing away, and nothing is given by it.
    lent()
        .and(ADA, BlockUser::new(RITA))
        .at_hour(1)
        .then_denied(RITA, "devices.manage", JOINTLY, UserNotActive)
        .and(ADA, UnblockUser::new(RITA))
        .then_may(RITA, "devices.manage", JOINTLY);
}

#[test]
fn x4_a_role_is_in_use_while_somebody_has_it_for_a_while_or_will() {
    let role = CreateRole { role: Some(DESK), ..CreateRole::new(MSP, text("Desk"), set(&["devices.view"])) };
    let lent = || given().and(ADA, role.clone()).and(ADA, lend(RITA, JOINTLY, &DESK.to_string(), 1, 2));
    lent().when(ADA, DeleteRole::new(DESK)).then(refused(RoleInUse));
    lent().at_hour(1).when(ADA, DeleteRole::new(DESK)).then(refused(RoleInUse));
    lent().at_hour(2).when(ADA, DeleteRole::new(DESK)).then(happened(&["role_deleted"])).verified();
    let dropping = |given: Given| {
        let mut policy = given.policy();
        policy.roles.retain(|role| role.name != "no_access".parse().unwrap());
        given.and(ADA, here(NOEL, MSP)).when(STAFF, SetPolicy::new(policy.into()))
    };
    dropping(given()).then(done());
    dropping(given().and(ADA, lend(RITA, JOINTLY, "no_access", 1, 2))).then(refused(PolicyInUse));
}

#[test]
fn x4_p15_what_is_held_for_a_while_is_handed_out_for_that_while_at_most() {
    // Adam is no more than a reader for an hour, beginning in an hour.
    let lesser = || given().and(ADA, lend(ADAM, MSP, "read_only", 1, 2));
    for (command, expected) in [
        (assign(NOEL, MSP, "admin"), refused(BeyondOwnRights)),
        (assign(NOEL, MSP, "read_only"), done()),
        (lend(NOEL, MSP, "admin", 0, 1), done()),
        (lend(NOEL, MSP, "admin", 0, 2), refused(BeyondOwnRights)),
        (lend(NOEL, MSP, "admin", 1, 2), refused(BeyondOwnRights)),
        (lend(NOEL, MSP, "admin", 2, 3), done()),
    ] {
        lesser().when(ADAM, command).then(expected);
    }
    // Noel is an admin for an hour: enough to give, and no more than that.
    let more = || given().and(ADA, lend(NOEL, MSP, "admin", 0, 1));
    for (command, expected) in [
        (assign(RITA, MSP, "admin"), refused(BeyondOwnRights)),
        (lend(RITA, MSP, "admin", 0, 1), done()),
        (
            Assign { ends: Some(micros(HOUR * 1_000_000 + 1)), ..assign(RITA, MSP, "admin") },
            refused(BeyondOwnRights),
        ),
        (assign(RITA, MSP, "no_access"), done()),
    ] {
        more().when(NOEL, command).then(expected);
    }
    more().when(NOEL, invite(MSP, "admin")).then(refused(BeyondOwnRights));
    more().at_hour(1).when(NOEL, lend(RITA, MSP, "read_only", 1, 2)).then(refused(RoleLacksPermission));
    // Roles last, though nobody may have them yet.
    let desk = |may: &[&str]| CreateRole { role: Some(DESK), ..CreateRole::new(MSP, text("Desk"), set(may)) };
    let reader = || given().and(ADA, lend(RITA, MSP, "admin", 0, 1));
    reader().when(RITA, desk(&["devices.manage"])).then(refused(BeyondOwnRights));
    let made = reader().when(RITA, desk(&["devices.view"])).then(done());
    let added = set(&["devices.view", "devices.manage"]);
    made.when(RITA, EditRole { permissions: Some(added), ..EditRole::new(DESK) })
        .then(refused(BeyondOwnRights));
}

#[test]
fn x4_p15_what_shows_from_under_it_at_any_time_is_judged() {
    // A reader of the MSP, who was kept off one customer for a while by a super admin.
    let kept = || {
        let admin = given().and(ADA, assign(RITA, JOINTLY, "admin"));
        admin
            .and(ADA, lend(RITA, JOINTLY, "no_access", 2, 3))
            .and(ADA, lend(ADAM, JOINTLY, "read_only", 2, 3))
    };
    // By then Adam holds less there than what would show.
    kept().when(ADAM, until(RITA, JOINTLY, 3)).then(refused(BeyondOwnRights));
    kept().when(ADA, until(RITA, JOINTLY, 3)).then(done());
    // Who is a super admin for a while is taken nothing from by somebody who is not.
    let lent = given().and(ADA, lend(RITA, JOINTLY, "super_admin", 1, 2));
    let lent = lent.when(ADAM, until(RITA, JOINTLY, 2)).then(refused(SuperAdminOnly));
    let lent = lent.when(ADAM, here(RITA, JOINTLY)).then(refused(SuperAdminOnly));
    let lent = lent.when(ADAM, RemoveUser::new(RITA)).then(refused(SuperAdminOnly));
    let lent = lent.when(ADAM, lend(RITA, JOINTLY, "read_only", 1, 3)).then(refused(SuperAdminOnly));
    lent.when(ADAM, lend(RITA, JOINTLY, "read_only", 0, 1)).then(done());
    // That comes first, though it could not be given for that while anyway.
    let ages = Assign { ends: Some(dawn().plus_days(366)), ..assign(ADA, MSP, "read_only") };
    given().when(ADAM, ages).then(refused(SuperAdminOnly));
    let lying = (1..=8).fold(given(), |it, hours| it.and(ADA, lend(RITA, JOINTLY, "super_admin", 0, hours)));
    lying.when(ADAM, lend(RITA, JOINTLY, "read_only", 0, 9)).then(refused(SuperAdminOnly));
}

#[test]
fn x4_p16_what_a_managers_side_gives_for_a_while_is_masked() {
    let granted = given().and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])));
    let lent = granted.when(ADA, lend(JIM, JOINTLY, "admin", 0, 1)).then(done());
    lent.then_may(JIM, "devices.manage", JOINTLY)
        .then_denied(JIM, "location.view", JOINTLY, RoleLacksPermission)
        .when(ADA, lend(JIM, JOINTLY, "super_admin", 0, 2))
        .then(refused(SuperAdminOnly))
        // One's own admins keep it masked, a super admin lifts it.
        .and(JACK, lend(JIM, JOINTLY, "admin", 0, 2))
        .then_denied(JIM, "location.view", JOINTLY, RoleLacksPermission)
        .and(JULIA, lend(JIM, JOINTLY, "admin", 0, 3))
        .then_may(JIM, "location.view", JOINTLY);
}

#[test]
fn x4_u3_who_is_a_super_admin_for_a_while_is_not_the_one_that_a_tenant_keeps() {
    let lent = || given().and(JULIA, lend(JIM, JOINTLY, "super_admin", 0, 5));
    lent().when(JULIA, here(JULIA, JOINTLY)).then(refused(LastSuperAdmin));
    lent().when(STAFF, assign(JULIA, JOINTLY, "admin")).then(refused(LastSuperAdmin));
    lent().when(JIM, lend(JULIA, JOINTLY, "admin", 3, 4)).then(refused(LastSuperAdmin));
    lent().when(JULIA, here(JIM, JOINTLY)).then(done());
    let two = || given().and(JULIA, assign(JIM, JOINTLY, "super_admin"));
    two()
        .when(JULIA, lend(JIM, JOINTLY, "admin", 3, 4))
        .then(done())
        .when(JULIA, here(JULIA, JOINTLY))
        .then(refused(LastSuperAdmin));
    two().when(JULIA, here(JULIA, JOINTLY)).then(done());
    // They answer, meanwhile, like any other.
    let asked = lent().and(ADA, RequestDelink::new(JOINTLY_LINK));
    asked.when(JIM, RejectDelink::new(JOINTLY_LINK)).then(done());
    let asked = lent().and(ADA, RequestDelink::new(JOINTLY_LINK)).at_hour(5);
    asked.when(JIM, RejectDelink::new(JOINTLY_LINK)).then(refused(RoleLacksPermission));
}

#[test]
fn x4_a_tenant_has_had_an_owner_once_one_counts_for_a_while() {
    let owned = |given: &Given| given.get::<Tenant>(EMPTY.uuid()).had_owner;
    let brought = || given().and(STAFF, user(EVE, EMPTY, "eve", "read_only"));
    brought().and(STAFF, lend(EVE, EMPTY, "super_admin", 0, 1)).look(|given| assert!(owned(given)));
    let later = brought().and(STAFF, lend(EVE, EMPTY, "super_admin", 1, 2));
    let later = later.look(|given| assert!(!owned(given))).at_hour(1).swept();
    later.look(|given| assert!(owned(given))).verified();
    // What stands under something counts once that has ended.
    let under = brought().and(STAFF, lend(EVE, EMPTY, "read_only", 0, 1));
    let under = under.and(STAFF, assign(EVE, EMPTY, "super_admin")).look(|given| assert!(!owned(given)));
    under.at_hour(1).swept().look(|given| assert!(owned(given))).verified();
}

#[test]
fn x4_s2_a_console_ends_with_the_while_in_which_it_may_be_open() {
    let open = OpenConsole { session: Some(CONSOLE), ..OpenConsole::new(JOINTLY, text("manage"), text("/")) };
    let given = given().and(ADA, lend(RITA, JOINTLY, "admin", 0, 1)).and(RITA, open);
    let closed = |given: &Given| given.get::<Session>(CONSOLE.uuid()).closed.is_some();
    let given = given.look(|given| assert!(!closed(given)));
    let given = given.at(micros(HOUR * 1_000_000 - 1)).look(|given| assert!(!closed(given)));
    // It reads so before anybody has written it, and by the next sweep it is written.
    let given = given.at_hour(1).look(|given| assert!(closed(given))).swept();
    given.look(|given| assert!(closed(given))).verified();
    // Something less that is laid over a right ends it, too, once it begins.
    let open = OpenConsole { session: Some(CONSOLE), ..OpenConsole::new(JOINTLY, text("manage"), text("/")) };
    let given = super::given().and(ADA, lend(ADAM, MSP, "read_only", 1, 2)).and(ADAM, open);
    given
        .look(|given| assert!(!closed(given)))
        .at_hour(1)
        .look(|given| assert!(closed(given)))
        .swept()
        .verified();
    // So it does where it has ended again before anybody wrote anything; another is opened then.
    let open = OpenConsole { session: Some(CONSOLE), ..OpenConsole::new(JOINTLY, text("manage"), text("/")) };
    let given =
        super::given().and(ADA, lend(ADAM, MSP, "read_only", 1, 2)).and(ADAM, open.clone()).at_hour(3);
    let given = given.look(|given| assert!(closed(given))).swept();
    given.look(|given| assert!(closed(given))).verified();
    let given =
        super::given().and(ADA, lend(ADAM, MSP, "read_only", 1, 2)).at_hour(3).and(ADAM, open).swept();
    given.look(|given| assert!(!closed(given))).verified();
}

#[test]
fn x4_l3_what_somebody_sent_ends_with_the_while_in_which_they_could() {
    let state = |given: &Given| given.get::<Invitation>(EVE_INVITATION.uuid()).handshake.state;
    let sent = given().and(ADA, lend(RITA, MSP, "admin", 0, 1)).and(RITA, invite(MSP, "read_only"));
    let sent = sent.look(|given| assert_eq!(state(given), HandshakeState::Pending)).at_hour(1);
    let sent = sent.look(|given| assert_eq!(state(given), HandshakeState::Withdrawn));
    let sent = sent
        .when(EVE, AcceptInvitation::new(EVE_INVITATION, mail("eve")))
        .then(refused(InvitationNotPending));
    sent.swept().look(|given| assert_eq!(state(given), HandshakeState::Withdrawn)).verified();
    // What an organisation asks goes on as long as anybody of it could.
    let joined = |who: UserId| {
        let given = given().and(NINA, invite(SECOND, "no_access"));
        let given = given.and(EVE, AcceptInvitation::new(EVE_INVITATION, mail("eve")));
        given.and(NINA, lend(EVE, SECOND, "admin", 0, 1)).and(who, ask(SECOND, "ALONE", "jointly"))
    };
    joined(EVE).at_hour(1).when(CARL, AcceptLink::new(ASKED)).then(done()).verified();
}

#[test]
fn x4_l3_what_a_while_has_ended_waits_no_more_though_nothing_tells_of_it_yet() {
    let given = given().and(ADAM, invite(MSP, "no_access")).and(ADA, lend(ADAM, MSP, "read_only", 1, 2));
    let waits = |given: &Given| {
        let rows = given.engine.ask(Arising::new(ADA.into(), MSP)).unwrap().rows;
        let is_it =
            |what: &Requested| matches!(what, Requested::Invitation(it) if it.invitation == EVE_INVITATION);
        rows.iter().any(|row| is_it(&row.what))
    };
    let asks = |given: &Given| {
        let mail = given.engine.notices("mail", 1_000).unwrap().notices;
        let is_it = |kind: &NoticeKind| matches!(kind, NoticeKind::Invitation { invitation } if *invitation == EVE_INVITATION);
        mail.into_iter()
            .filter(|notice| is_it(&notice.kind))
            .map(|notice| !notice.settled)
            .collect::<Vec<_>>()
    };
    assert!(waits(&given));
    assert_eq!(asks(&given), [true]);
    // By then whoever sent it may send again; it ended when they could not.
    let given = given.at_hour(3);
    assert!(!waits(&given));
    assert_eq!(asks(&given), [false]);
    given
        .when(EVE, AcceptInvitation::new(EVE_INVITATION, mail("eve")))
        .then(refused(InvitationNotPending))
        .look(|given| assert!(!waits(given)))
        .verified();
}

#[test]
fn x4_a1_who_is_an_admin_for_a_while_is_told_what_happens_meanwhile() {
    let told = |given: &Given, wanted: &str| {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        given.engine.acknowledge("mail", mail.through).unwrap();
        let found = mail.notices.into_iter().filter(|notice| notice.kind.name() == wanted);
        found.map(|notice| notice.to.users).collect::<Vec<_>>()
    };
    let grants = |names: &[&str]| SetManagerGrants::new(JOINTLY_LINK, set(names));
    let lent =
        || given().and(ADA, lend(RITA, MSP, "admin", 1, 3)).and(ADA, lend(ADAM, MSP, "read_only", 1, 3));
    let given = lent().and(JULIA, grants(&["users.manage"]));
    assert_eq!(told(&given, "grants_changed"), [BTreeSet::from([ADA, ADAM])]);
    let given = given.at_hour(2);
    let preview = Preview::new(staff_for("T-1"), Box::new(grants(&[]).into()));
    let previewed = given.engine.ask(preview).unwrap().notices;
    let people = BTreeSet::from([ADA, RITA].map(Subject::User));
    assert_eq!(previewed.into_iter().map(|notice| notice.to).collect::<Vec<_>>(), [people]);
    let given = given.and(JULIA, grants(&[]));
    assert_eq!(told(&given, "grants_changed"), [BTreeSet::from([ADA, RITA])]);
    // Who reads it late is who still would, of those of then.
    let given = given.and(JULIA, grants(&["users.manage"])).at_hour(3);
    assert_eq!(told(&given, "grants_changed"), [BTreeSet::from([ADA])]);
    let leaving = lent().and(JULIA, RequestDelink::new(JOINTLY_LINK)).at_hour(2);
    let left = leaving.and(RITA, AcceptDelink::new(JOINTLY_LINK));
    assert_eq!(told(&left, "link_ended"), [BTreeSet::from([ADA, RITA, JULIA])]);
}

#[test]
fn x4_t9_whoever_could_for_a_while_is_told_what_they_did_meanwhile() {
    let told = |who: UserId| -> Vec<_> {
        let lent = given().and(ADA, lend(NOEL, MSP, "admin", 1, 3));
        let leaving = lent.and(JULIA, RequestDelink::new(JOINTLY_LINK)).at_hour(2);
        let left = leaving.when(who, AcceptDelink::new(JOINTLY_LINK));
        left.events().iter().map(event_name).collect()
    };
    assert!(told(NOEL).contains(&"link_ended".to_owned()));
    assert_eq!(told(NOEL), told(ADAM));
}

#[test]
fn x4_q4_assignments_show_what_decides_and_until_when() {
    let given =
        given().and(ADA, assign(RITA, JOINTLY, "read_only")).and(ADA, lend(RITA, JOINTLY, "admin", 1, 2));
    let rows = |given: &Given, filter: AssignmentFilter| {
        let list = Assignments { filter, ..Assignments::new(ADA.into(), JOINTLY) };
        let rows = given.engine.ask(list).unwrap().rows;
        let rows = rows.into_iter().filter(|row| row.user == Some(RITA));
        rows.map(|row| (row.role.to_string(), row.ends)).collect::<Vec<_>>()
    };
    let all = AssignmentFilter::default;
    let stands = [("read_only".to_owned(), None)];
    let lent = [("admin".to_owned(), Some(at(2 * HOUR)))];
    assert_eq!(rows(&given, all()), stands);
    let given = given.at_hour(1);
    assert_eq!(rows(&given, all()), lent);
    assert_eq!(rows(&given, AssignmentFilter { user: Some(RITA), ..all() }), lent);
    let of = |role: &str| AssignmentFilter { role: Some(text(role)), ..all() };
    assert_eq!(rows(&given, of("admin")), lent);
    assert_eq!(rows(&given, of("read_only")), []);
    assert_eq!(rows(&given.at_hour(2), all()), stands);
}

#[test]
fn x4_who_has_access_for_a_while_is_listed_by_its_end_as_far_as_one_sees() {
    let given = given()
        .and(ADA, lend(RITA, JOINTLY, "admin", 1, 4))
        .and(ADA, lend(NOEL, FULLY, "read_only", 0, 3))
        .and(ADA, lend(RITA, MSP, "admin", 2, 5))
        .and(NINA, lend(NINA, SECOND, "super_admin", 0, 2))
        .and(JULIA, lend(JIM, JOINTLY, "admin", 0, 1));
    let rows = |given: &Given, who: UserId, tenant: TenantId, filter: TemporaryFilter| {
        let list = TemporaryAccess { filter, ..TemporaryAccess::new(who.into(), tenant) };
        let page = given.engine.ask(list).unwrap();
        page.rows.into_iter().map(|row| (row.on.tenant, row.user, row.decides)).collect::<Vec<_>>()
    };
    let all = TemporaryFilter::default;
    assert_eq!(
        rows(&given, ADA, MSP, all()),
        [
            (JOINTLY, Some(JIM), true),
            (FULLY, Some(NOEL), true),
            (JOINTLY, Some(RITA), false),
            (MSP, Some(RITA), false)
        ]
    );
    assert_eq!(rows(&given, ADA, JOINTLY, all()), [(JOINTLY, Some(JIM), true), (JOINTLY, Some(RITA), false)]);
    assert_eq!(rows(&given, ADA, MSP, TemporaryFilter { begun: Some(true), ..all() }).len(), 2);
    assert_eq!(rows(&given, ADA, MSP, TemporaryFilter { user: Some(RITA), ..all() }).len(), 2);
    let role = TemporaryFilter { role: Some(text("read_only")), ..all() };
    assert_eq!(rows(&given, ADA, MSP, role), [(FULLY, Some(NOEL), true)]);
    // The customer sees that somebody of its manager's has, and not who.
    let told = rows(&given, JULIA, JOINTLY, all());
    assert_eq!(told.iter().filter(|(_, user, _)| user.is_none()).count(), 1, "{told:?}");
    for (who, tenant) in [(JULIA, MSP), (NINA, MSP), (NOEL, MSP), (FRED, FULLY)] {
        let list = TemporaryAccess::new(who.into(), tenant);
        assert!(given.engine.ask(list).is_err(), "{who} on {tenant}");
    }
    // What is over is not there, recorded or not; pages go on where they stopped.
    let given = given.at_hour(1);
    assert_eq!(rows(&given, ADA, MSP, all()).len(), 3);
    let mut list = TemporaryAccess::new(STAFF, MSP);
    list.paging.limit = 1;
    let mut seen = Vec::new();
    loop {
        let page = given.engine.ask(list.clone()).unwrap();
        seen.extend(page.rows.iter().map(|row| row.ends));
        match page.next {
            Some(cursor) => list.paging.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(seen, [3, 4, 5].map(|hours| at(hours * HOUR)));
    // With the link gone, nothing rests on it any longer.
    let parted = parted(given, JOINTLY_LINK);
    assert!(rows(&parted, JULIA, JOINTLY, all()).is_empty());
}

#[test]
fn x4_x13_the_feed_tells_when_time_gave_and_took() {
    let given = given().and(ADA, lend(NOEL, JOINTLY, "admin", 1, 2));
    let before = given.engine.token().unwrap().seq;
    let given = given.at_hour(3).swept();
    let reading = given.engine.read().unwrap();
    let page = reading.now().unwrap().host().access_changes(before, &Paging::default()).unwrap();
    let told: Vec<_> = page
        .rows
        .iter()
        .filter(|row| row.user == NOEL)
        .map(|row| (row.at, row.command.is_none(), row.gained.is_empty(), row.lost.is_empty()))
        .collect();
    assert_eq!(told, [(at(HOUR), true, false, true), (at(2 * HOUR), true, true, false)]);
}

#[test]
fn x4_x1_what_begins_at_once_is_previewed_and_what_is_to_come_is_no_gain_yet() {
    let given = given();
    let gains = |command: Assign| {
        let preview = given.engine.ask(Preview::new(ADA.into(), Box::new(command.into()))).unwrap();
        preview.rights.rows.into_iter().filter(|row| row.user == NOEL).count()
    };
    assert_eq!(gains(lend(NOEL, JOINTLY, "admin", 0, 1)), 1);
    assert_eq!(gains(lend(NOEL, JOINTLY, "admin", 1, 2)), 0);
}

#[test]
fn x4_x2_the_past_is_as_it_was() {
    let given = given().and(ADA, lend(NOEL, JOINTLY, "admin", 1, 2)).at_hour(3).swept();
    let may = |moment| {
        let question = Question::new(NOEL, text("devices.manage"), JOINTLY);
        let reading = given.engine.read().unwrap();
        reading.as_of_time(moment).unwrap().moment().unwrap().check(&question).unwrap().allowed
    };
    let moments = [HOUR * 1_000_000 - 1, HOUR * 1_000_000, 2 * HOUR * 1_000_000 - 1, 2 * HOUR * 1_000_000];
    assert_eq!(moments.map(|moment| may(micros(moment))), [false, true, true, false]);
}

#[test]
fn x4_the_index_says_what_the_store_says_at_every_microsecond_around_every_beginning_and_end() {
    for seed in 0..12 {
        let mut dice = Rng::new(seed);
        let mut given = given();
        let index = given.engine.access_index().unwrap();
        let roles = ["super_admin", "admin", "read_only", "no_access"];
        let mut turns = BTreeSet::from([dawn()]);
        for _ in 0..24 {
            let user = dice.pick(&[ADAM, RITA, NOEL, JIM, JACK, GUS]);
            let tenant = dice.pick(&[MSP, JOINTLY, FULLY, GRAND]);
            let (from, to) = (dice.below(6) as i64, 1 + dice.below(6) as i64);
            let window = |from: i64, to: i64| (Some(micros(from * 3)), Some(micros(to * 3)));
            let (starts, ends) = window(from, from + to);
            let role = dice.pick(&roles);
            let command: Command = match dice.below(5) {
                0 => assign(user, tenant, role).into(),
                1 => Unassign { ends: ends.filter(|_| dice.below(2) == 0), ..here(user, tenant) }.into(),
                _ => Assign { starts, ends, ..assign(user, tenant, role) }.into(),
            };
            let request = given.request(STAFF, command);
            if given.engine.submit(request).is_ok() {
                turns.extend(starts.into_iter().chain(ends));
            }
        }
        let around = turns.iter().flat_map(|turn| [-1, 0, 1].map(|by| turn.micros() + by));
        let moments: BTreeSet<i64> = around.filter(|at| *at >= dawn().micros()).collect();
        let permits = ["tenant.view", "devices.manage", "link.respond", "location.view"];
        let permits = permits.map(|name| (name, Permit::from(index.permission(name).unwrap())));
        for moment in moments {
            let moment = Timestamp::from_micros(moment).unwrap();
            given.clock.set(moment);
            for user in [ADAM, RITA, NOEL, JIM, JACK, GUS, GINA, FRED] {
                for tenant in [GRAND, MSP, JOINTLY, FULLY] {
                    for (name, permit) in &permits {
                        let stored = reason(&given, user, name, tenant);
                        let found = index.check(user, *permit, tenant, moment).reason;
                        assert_eq!(found, stored, "seed {seed}: {user} {name} on {tenant} at {moment}");
                    }
                }
            }
        }
        given = given.swept();
        given.verified();
    }
}

#[test]
fn x4_a_role_reference_is_told_as_it_was_given() {
    let given = given().and(ADA, lend(RITA, JOINTLY, "admin", 0, 1));
    let held = given.get::<Assignment>(Assignment::key(RITA, JOINTLY).uuid());
    assert_eq!(held.over[0].role, text::<RoleRef>("admin"));
    assert!(held.in_force(at(HOUR)).is_none());
}

#[test]
fn x4_q3_a_clock_that_is_behind_asks_the_index_about_the_last_record() {
    let given = given()
        .at_hour(1)
        .and(ADA, lend(ADAM, MSP, "no_access", 1, 3))
        .and(ADA, lend(RITA, MSP, "admin", 1, 3));
    let index = given.engine.access_index().unwrap();
    let manage = index.permission("devices.manage").unwrap();
    let given = given.and(ADA, lend(NOEL, MSP, "admin", 1, 3));
    for behind in [0, 1, 2_000_000, 200_000_000] {
        let moment = micros(HOUR * 1_000_000 - behind);
        given.clock.set(moment);
        for (who, may) in [(ADAM, false), (RITA, true), (NOEL, true)] {
            assert_eq!(reason(&given, who, "devices.manage", MSP).is_none(), may, "{who} {behind}");
            assert_eq!(index.check(who, manage, MSP, moment).allowed(), may, "{who} {behind}");
            let mut reaching = Vec::new();
            index.users_who_can(manage, index.tenant(MSP), moment, &mut reaching).unwrap();
            assert_eq!(reaching.contains(&index.user(who)), may, "{who} {behind}");
        }
    }
}

#[test]
fn x4_l3_requests_that_a_while_has_ended_are_shown_as_that_on_both_sides() {
    let requests = |given: &Given, who: UserId, tenant, sent| {
        let list = LinkRequests {
            filter: LinkRequestFilter { sent, state: None },
            ..LinkRequests::new(who.into(), tenant)
        };
        given.engine.ask(list).unwrap().rows.into_iter().map(|row| row.state).collect::<Vec<_>>()
    };
    // One alone may ask for an organisation, and for an hour.
    let msp = TenantId::from_uuid(Uuid::from_u128(0x1f1));
    let register = RegisterTenant { tenant: Some(msp), ..RegisterTenant::new(TenantKind::Msp, text("N")) };
    let given = given().and(STAFF, register).and(STAFF, user(EVE, msp, "eve", "read_only"));
    let given = given.and(STAFF, lend(EVE, msp, "admin", 0, 1)).and(EVE, ask(msp, "ALONE", "jointly"));
    assert_eq!(requests(&given, CARL, ALONE, false), [HandshakeState::Pending]);
    let given = given.at_hour(1);
    assert_eq!(requests(&given, CARL, ALONE, false), [HandshakeState::Withdrawn]);
    let arising = given.engine.ask(Arising::new(CARL.into(), ALONE)).unwrap().rows;
    assert!(arising.is_empty(), "{arising:?}");
    let swept = given.swept();
    assert_eq!(requests(&swept, CARL, ALONE, false), [HandshakeState::Withdrawn]);
}
