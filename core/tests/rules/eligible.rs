//! Roles that people are eligible for, and activate for a while.

use std::collections::BTreeSet;

use tenantry::base::ids::{SessionId, TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::event::Event;
use tenantry::model::{Assignment, RoleRef, Session, Tenant};
use tenantry::query::{EligibleRow, TemporaryFilter};
use tenantry::refusal::Code::*;

use super::stock::parted;
use super::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const CONSOLE: SessionId = SessionId::from_uuid(Uuid::from_u128(0x9c2));

/// So many seconds after the beginning.
fn at(seconds: i64) -> Timestamp {
    micros(seconds * 1_000_000)
}

fn micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(dawn().micros() + micros).unwrap()
}

/// A role for a while, from and up to so many hours after the beginning.
fn lend(user: UserId, tenant: TenantId, role: &str, from: i64, to: i64) -> Assign {
    Assign { starts: Some(at(from * HOUR)), ends: Some(at(to * HOUR)), ..assign(user, tenant, role) }
}

/// The same as something that its user has to activate.
fn offer(user: UserId, tenant: TenantId, role: &str, from: i64, to: i64) -> Assign {
    Assign { eligible: true, ..lend(user, tenant, role, from, to) }
}

fn activate(tenant: TenantId, role: &str, minutes: u32) -> Activate {
    Activate::new(tenant, text(role), minutes, text("TCK-4711: mail is down"))
}

fn deactivate(tenant: TenantId, role: &str) -> Deactivate {
    Deactivate::new(tenant, text(role))
}

fn here(user: UserId, tenant: TenantId) -> Unassign {
    Unassign::new(vec![UserOnTenant { user, tenant }])
}

fn until(user: UserId, tenant: TenantId, ends: Timestamp) -> Unassign {
    Unassign { ends: Some(ends), ..here(user, tenant) }
}

trait Clocked: Sized {
    fn at(self, moment: Timestamp) -> Self;
    fn at_minute(self, minutes: i64) -> Self {
        self.at(at(minutes * MINUTE))
    }
}

impl Clocked for Given {
    fn at(self, moment: Timestamp) -> Self {
        self.clock.set(moment);
        self
    }
}

/// Rita, a reader, is eligible to be an admin on `JOINTLY` for ten hours.
fn eligible() -> Given {
    given().and(ADA, offer(RITA, JOINTLY, "admin", 0, 10))
}

fn own(given: &Given, user: UserId) -> Vec<EligibleRow> {
    given.engine.ask(EligibleRoles::new(user.into())).unwrap().rows
}

#[test]
fn x4_what_somebody_is_eligible_for_counts_from_its_activation_up_to_its_end_by_time_alone() {
    let given = given().when(ADA, offer(RITA, JOINTLY, "admin", 0, 10));
    let given = given.then(happened(&["temporary_assigned"]));
    let index = given.engine.access_index().unwrap();
    let manage = index.permission("devices.manage").unwrap();
    let look = |given: &Given, moment: Timestamp, may: bool| {
        given.clock.set(moment);
        let denied = (!may).then_some(RoleLacksPermission);
        assert_eq!(given.verdict(RITA, "devices.manage", JOINTLY, None).reason, denied, "{moment}");
        assert_eq!(index.check(RITA, manage, JOINTLY, moment).reason, denied, "{moment}");
        let tenants = given.engine.ask(TenantsWhere::new(RITA, text("devices.manage"))).unwrap();
        assert_eq!(tenants.contains(&JOINTLY), may, "{moment}");
        let (mut reached, mut reaching) = (Vec::new(), Vec::new());
        index.tenants_where(index.user(RITA), manage, moment, &mut reached).unwrap();
        assert_eq!(reached.contains(&index.tenant(JOINTLY)), may, "{moment}");
        index.users_who_can(manage, index.tenant(JOINTLY), moment, &mut reaching).unwrap();
        assert_eq!(reaching.contains(&index.user(RITA)), may, "{moment}");
    };
    look(&given, dawn(), false);
    look(&given, at(HOUR), false);
    let given = given.when(RITA, activate(JOINTLY, "admin", 30)).then(happened(&["activated"]));
    let end = HOUR * 1_000_000 + 30 * MINUTE * 1_000_000;
    for (moment, may) in [(end - 1, true), (end, false), (end + 1, false), (HOUR * 1_000_000, true)] {
        look(&given, micros(moment), may);
    }
    given.at_minute(90).swept().verified();
}

#[test]
fn x4_only_an_end_makes_somebody_eligible() {
    let endless = Assign { starts: None, ends: None, ..offer(RITA, JOINTLY, "admin", 0, 1) };
    given().when(ADA, endless).then(refused(EndRequired));
}

#[test]
fn x4_who_is_not_eligible_is_told_so_whatever_there_is() {
    let wanted = |tenant| activate(tenant, "admin", 60);
    for (who, tenant) in [(RITA, JOINTLY), (RITA, ALONE), (RITA, NOWHERE), (NINA, JOINTLY), (JIM, JOINTLY)] {
        given().when(who, wanted(tenant)).then(refused(NotEligible));
    }
    eligible().when(ADA, wanted(JOINTLY)).then(refused(NotEligible));
    eligible().when(RITA, activate(JOINTLY, "read_only", 60)).then(refused(NotEligible));
    eligible().when(RITA, activate(JOINTLY, "astronaut", 60)).then(refused(NotEligible));
    eligible().when(RITA, activate(FULLY, "admin", 60)).then(refused(NotEligible));
    eligible().when(STAFF, wanted(JOINTLY)).then(refused(WrongActor));
    eligible().when(STAFF, deactivate(JOINTLY, "admin")).then(refused(WrongActor));
    eligible().when(RITA, deactivate(JOINTLY, "admin")).then(refused(NotAssigned));
    given().when(RITA, deactivate(NOWHERE, "admin")).then(refused(NotAssigned));
    // Neither too early nor too late, nor before it is theirs.
    let later = || given().and(ADA, offer(RITA, JOINTLY, "admin", 1, 3));
    later().when(RITA, wanted(JOINTLY)).then(refused(NotEligible));
    later().at_minute(60).when(RITA, wanted(JOINTLY)).then(done());
    later().at_minute(180).when(RITA, wanted(JOINTLY)).then(refused(NotEligible));
    // Not by whoever can do nothing.
    eligible().and(ADA, BlockUser::new(RITA)).when(RITA, wanted(JOINTLY)).then(refused(UserNotActive));
    let disabled = eligible().and(GINA, disable(MSP));
    disabled.when(RITA, wanted(JOINTLY)).then(refused(UserNotActive));
    // That it is disabled is no bar, and no news for who does not see it; it is of no use meanwhile.
    let disabled = eligible().and(ADA, disable(JOINTLY)).when(RITA, wanted(JOINTLY)).then(done());
    disabled.then_denied(RITA, "devices.manage", JOINTLY, TenantDisabled);
    let locked =
        given().and(STAFF, user(EVE, FULLY, "eve", "read_only")).and(STAFF, offer(EVE, FULLY, "admin", 0, 5));
    locked.when(EVE, activate(FULLY, "admin", 60)).then(refused(CustomerLocked));
    // A role held for a while is none that could be activated.
    let lent = given().and(ADA, lend(RITA, JOINTLY, "admin", 0, 3));
    lent.when(RITA, wanted(JOINTLY)).then(refused(NotEligible));
}

#[test]
fn x4_it_is_active_for_as_long_as_the_policy_allows_and_as_it_lasts() {
    for (minutes, expected) in [
        (0, refused(ActivationLength)),
        (29, refused(ActivationLength)),
        (30, done()),
        (480, done()),
        (481, refused(ActivationLength)),
        (u32::MAX, refused(EndTooFar)),
    ] {
        eligible().when(RITA, activate(JOINTLY, "admin", minutes)).then(expected);
    }
    let nearly = || eligible().at_minute(9 * 60 + 30);
    nearly().when(RITA, activate(JOINTLY, "admin", 31)).then(refused(EndTooFar));
    let last = nearly().when(RITA, activate(JOINTLY, "admin", 30)).then(done());
    // Two of one tenant never end at the same moment.
    let ends = own(&last, RITA).first().unwrap().active_until;
    assert_eq!(ends, Some(micros(10 * HOUR * 1_000_000 - 1)));
    last.at_minute(600).swept().verified();
    let short = eligible().under(|policy| policy.activation.max_minutes = 45);
    short.when(RITA, activate(JOINTLY, "admin", 60)).then(refused(ActivationLength));
    let policy = |min, max| {
        let mut policy = given().policy();
        (policy.activation.min_minutes, policy.activation.max_minutes) = (min, max);
        policy.validate()
    };
    assert!(policy(1, 1_440).is_ok());
    for (min, max) in [(0, 10), (20, 10), (1, 1_441), (0, 0)] {
        assert!(policy(min, max).is_err(), "{min} {max}");
    }
}

#[test]
fn x4_what_was_given_after_it_decides_over_what_is_activated() {
    // What lay over it before is below it, what came after over it.
    let held = given()
        .and(ADA, lend(RITA, JOINTLY, "no_access", 0, 9))
        .and(ADA, offer(RITA, JOINTLY, "admin", 0, 10))
        .and(RITA, activate(JOINTLY, "admin", 60))
        .then_may(RITA, "devices.manage", JOINTLY)
        .and(ADA, lend(RITA, JOINTLY, "no_access", 0, 8))
        .then_denied(RITA, "tenant.view", JOINTLY, RoleLacksPermission)
        .and(RITA, activate(JOINTLY, "admin", 60))
        .then_denied(RITA, "tenant.view", JOINTLY, RoleLacksPermission);
    held.and(ADA, until(RITA, JOINTLY, at(8 * HOUR))).then_may(RITA, "devices.manage", JOINTLY).verified();
    // It takes as it gives.
    let lesser = given()
        .and(ADA, assign(RITA, JOINTLY, "admin"))
        .and(ADA, offer(RITA, JOINTLY, "read_only", 0, 10))
        .then_may(RITA, "devices.manage", JOINTLY)
        .and(RITA, activate(JOINTLY, "read_only", 60));
    lesser.then_denied(RITA, "devices.manage", JOINTLY, RoleLacksPermission).at_minute(60).then_may(
        RITA,
        "devices.manage",
        JOINTLY,
    );
}

#[test]
fn x4_what_is_activated_again_ends_first() {
    let given = eligible().and(RITA, activate(JOINTLY, "admin", 60)).at_minute(30);
    let given = given.when(RITA, activate(JOINTLY, "admin", 60));
    let given = given.then(happened(&["temporary_ended", "activated"]));
    let given = given.at_minute(89).then_may(RITA, "devices.manage", JOINTLY).at_minute(90);
    given.then_denied(RITA, "devices.manage", JOINTLY, RoleLacksPermission).swept().verified();
    // What has ended by itself is not ended again.
    let given = eligible().and(RITA, activate(JOINTLY, "admin", 60)).at_minute(60);
    given.when(RITA, activate(JOINTLY, "admin", 60)).then(happened(&["activated"])).verified();
}

#[test]
fn x4_it_is_given_back_or_taken_away_before_its_end() {
    let active = || eligible().and(RITA, activate(JOINTLY, "admin", 60));
    let gone = |given: Given| {
        given.then_denied(RITA, "devices.manage", JOINTLY, RoleLacksPermission).verified();
    };
    gone(active().when(RITA, deactivate(JOINTLY, "admin")).then(happened(&["temporary_ended"])));
    active().when(RITA, deactivate(JOINTLY, "read_only")).then(refused(NotAssigned));
    active().at_minute(60).when(RITA, deactivate(JOINTLY, "admin")).then(refused(NotAssigned));
    // By its own end it alone goes, and can be activated again.
    let revoked = active().when(ADA, until(RITA, JOINTLY, at(HOUR))).then(happened(&["temporary_ended"]));
    assert_eq!(own(&revoked, RITA).len(), 1);
    gone(revoked);
    // By the end of what they are eligible for, all of it.
    let revoked = active().when(ADA, until(RITA, JOINTLY, at(10 * HOUR)));
    let revoked = revoked.then(happened(&["temporary_ended", "temporary_ended"]));
    assert!(own(&revoked, RITA).is_empty());
    gone(revoked.when(RITA, activate(JOINTLY, "admin", 60)).then(refused(NotEligible)));
    let ended = active().when(ADA, here(RITA, JOINTLY));
    gone(ended.then(happened(&["temporary_ended", "temporary_ended"])));
    // In place of it comes another until the same moment.
    let other = active().when(ADA, lend(RITA, JOINTLY, "read_only", 0, 10));
    gone(other.then(happened(&["temporary_ended", "temporary_assigned"])));
    let same = active().when(ADA, offer(RITA, JOINTLY, "admin", 0, 10));
    gone(same.then(happened(&["temporary_ended", "temporary_assigned"])));
}

#[test]
fn x4_what_is_active_is_one_of_the_eight() {
    let seven = (2..=8).fold(eligible(), |it, hours| it.and(ADA, lend(RITA, JOINTLY, "admin", 0, hours)));
    seven.when(RITA, activate(JOINTLY, "admin", 60)).then(refused(TooManyTemporaries));
    let six = (2..=7).fold(eligible(), |it, hours| it.and(ADA, lend(RITA, JOINTLY, "admin", 0, hours)));
    let active = six.and(RITA, activate(JOINTLY, "admin", 60));
    // Again takes no other place.
    let again = active.when(RITA, activate(JOINTLY, "admin", 90)).then(done());
    again.when(ADA, lend(RITA, JOINTLY, "admin", 0, 9)).then(refused(TooManyTemporaries)).verified();
}

#[test]
fn x4_of_several_with_one_role_the_one_that_ends_last_is_activated() {
    let two =
        given().and(ADA, offer(RITA, JOINTLY, "admin", 0, 10)).and(ADA, offer(RITA, JOINTLY, "admin", 0, 5));
    let two = two.and(RITA, activate(JOINTLY, "admin", 60));
    let until: Vec<_> = own(&two, RITA).iter().map(|row| (row.ends, row.active_until)).collect();
    assert_eq!(until, [(at(5 * HOUR), None), (at(10 * HOUR), Some(at(HOUR)))]);
    two.verified();
}

#[test]
fn x4_p15_whoever_makes_somebody_eligible_hands_it_out_for_all_of_that_while() {
    let lesser = || given().and(ADA, lend(ADAM, MSP, "read_only", 1, 2));
    for (command, expected) in [
        (offer(NOEL, MSP, "admin", 0, 1), done()),
        (offer(NOEL, MSP, "admin", 0, 2), refused(BeyondOwnRights)),
        (offer(NOEL, MSP, "super_admin", 0, 1), refused(BeyondOwnRights)),
        (offer(NOEL, MSP, "read_only", 0, 3), done()),
    ] {
        lesser().when(ADAM, command).then(expected);
    }
    // Nobody gives what they may only activate, until they have.
    let may = || given().and(ADA, offer(RITA, MSP, "admin", 0, 10));
    may().when(RITA, lend(NOEL, MSP, "read_only", 0, 1)).then(refused(RoleLacksPermission));
    let active = may().and(RITA, activate(MSP, "admin", 60));
    active.when(RITA, lend(NOEL, MSP, "read_only", 0, 1)).then(done());
}

#[test]
fn x4_p15_what_could_be_activated_is_compared_as_if_it_were() {
    // Rita could activate the super role, but for what lies over it.
    let kept = || {
        let given = given().and(ADA, offer(RITA, MSP, "super_admin", 0, 10));
        given.and(ADA, lend(RITA, MSP, "read_only", 0, 9))
    };
    kept().when(ADAM, until(RITA, MSP, at(9 * HOUR))).then(refused(BeyondOwnRights));
    kept().when(ADA, until(RITA, MSP, at(9 * HOUR))).then(done());
    // What is below it is none of this.
    let below =
        given().and(ADA, lend(RITA, MSP, "read_only", 0, 9)).and(ADA, offer(RITA, MSP, "admin", 0, 10));
    below.when(ADAM, until(RITA, MSP, at(9 * HOUR))).then(done());
    // Who could become a super admin is taken that by super admins alone, and blocked by them.
    let may = || given().and(ADA, offer(RITA, MSP, "super_admin", 0, 10));
    may().when(ADAM, until(RITA, MSP, at(10 * HOUR))).then(refused(SuperAdminOnly));
    may().when(ADAM, here(RITA, MSP)).then(refused(SuperAdminOnly));
    may().when(ADAM, BlockUser::new(RITA)).then(refused(SuperAdminOnly));
    may().when(ADAM, RemoveUser::new(RITA)).then(refused(SuperAdminOnly));
    may().when(ADA, BlockUser::new(RITA)).then(done());
    may().when(ADAM, lend(RITA, MSP, "read_only", 0, 9)).then(refused(SuperAdminOnly));
    may().when(ADAM, assign(RITA, MSP, "admin")).then(done());
    // An address is like all that its user could come to have.
    let readdressed = |who: UserId| {
        let edit = EditUser { email: Some(mail("other")), ..EditUser::new(RITA) };
        may().when(who, edit)
    };
    readdressed(ADAM).then(refused(BeyondOwnRights));
    readdressed(ADA).then(done());
    // A lesser role for a super admin to activate is given by super admins.
    given().when(ADAM, offer(ADA, MSP, "read_only", 0, 1)).then(refused(SuperAdminOnly));
}

/// The same, on what is managed below, too, or on the tenant alone.
fn reaching(below: bool, mut given: Assign) -> Assign {
    for one in &mut given.assignments {
        one.below = Some(below);
    }
    given
}

#[test]
fn x4_p15_what_could_be_active_together_is_compared_as_if_it_were() {
    // Gus is an admin of the organisation above alone, and is kept to a role from the MSP downwards.
    let kept = |role| {
        given()
            .and(GINA, reaching(false, assign(GUS, GRAND, "admin")))
            .and(GINA, reaching(true, assign(GUS, MSP, role)))
    };
    let narrow = || reaching(false, offer(GUS, MSP, "read_only", 0, 9));
    kept("read_only").when(GUS, narrow()).then(done());
    // With one role active the other would uncover it below.
    let more = |role, given: Given| given.and(GINA, reaching(true, offer(GUS, GRAND, role, 0, 10)));
    more("admin", kept("read_only")).when(GUS, narrow()).then(refused(BeyondOwnRights));
    more("admin", kept("read_only")).when(GINA, narrow()).then(done());
    more("super_admin", kept("no_access")).when(GINA, narrow()).then(done());
    // What reaches no further down than before uncovers nothing.
    let wide = || reaching(true, offer(GUS, MSP, "read_only", 0, 9));
    more("admin", kept("read_only")).when(GUS, wide()).then(done());
    // Others do not do it for them, either.
    let helper = |role| given().and(GINA, reaching(true, assign(GUS, MSP, role)));
    let nearby = UserId::from_uuid(Uuid::from_u128(0x9c3));
    let register = RegisterUser { below: Some(false), ..user(nearby, GRAND, "nearby", "admin") };
    for role in ["no_access", "read_only"] {
        let given = helper(role)
            .and(GINA, reaching(false, assign(GUS, GRAND, "read_only")))
            .and(STAFF, register.clone())
            .and(GINA, reaching(true, assign(nearby, MSP, "read_only")))
            .and(GINA, reaching(true, offer(GUS, GRAND, "admin", 0, 10)));
        let less = reaching(false, offer(GUS, MSP, "no_access", 0, 9));
        given.when(nearby, less).then(refused(BeyondOwnRights));
    }
}

#[test]
fn x4_u3_the_last_who_is_a_super_admin_by_what_stands_is_kept_whatever_is_laid_over_it() {
    let laid: [fn() -> Assign; 2] =
        [|| offer(FRED, FULLY, "read_only", 0, 300), || lend(FRED, FULLY, "read_only", 200, 300)];
    for less in laid {
        // While the tenant is locked, its manager may.
        let given = || given().and(ADA, less()).and(ADA, ConvertLink::new(FULLY_LINK, text("jointly")));
        given().then_may(FRED, "link.respond", FULLY);
        given().when(FRED, here(FRED, FULLY)).then(refused(LastSuperAdmin));
        given().when(FRED, assign(FRED, FULLY, "no_access")).then(refused(LastSuperAdmin));
        given().when(FRED, offer(FRED, FULLY, "admin", 0, 5)).then(refused(LastSuperAdmin));
        given().when(FRED, lend(FRED, FULLY, "admin", 3, 5)).then(refused(LastSuperAdmin));
        given().when(FRED, BlockUser::new(FRED)).then(refused(LastSuperAdmin));
        given().when(FRED, RemoveUser::new(FRED)).then(refused(LastSuperAdmin));
        given().when(STAFF, assign(FRED, FULLY, "super_admin")).then(done());
        // Once another is one for good, they go.
        let eve = || given().and(STAFF, user(EVE, FULLY, "eve", "super_admin"));
        eve().when(FRED, here(FRED, FULLY)).then(done());
        eve().when(EVE, RemoveUser::new(EVE)).then(refused(LastSuperAdmin));
    }
    let given = given().and(ADA, offer(FRED, FULLY, "read_only", 0, 300));
    let given = given.and(ADA, ConvertLink::new(FULLY_LINK, text("jointly")));
    given.when(FRED, activate(FULLY, "read_only", 60)).then(refused(LastSuperAdmin));
}

#[test]
fn x4_nothing_is_active_beyond_the_end_of_time() {
    let given = given_under(|policy| policy.temporary.max_days = 36_500);
    let last = |minutes: i64| Timestamp::from_micros(Timestamp::MAX.micros() - minutes * 60_000_000).unwrap();
    let given = given.at(last(40));
    let offered = Assign { ends: Some(Timestamp::MAX), eligible: true, ..assign(RITA, JOINTLY, "admin") };
    let given = given.and(ADA, offered);
    let given = given.when(RITA, activate(JOINTLY, "admin", 41)).then(refused(EndTooFar));
    let given = given.when(RITA, activate(JOINTLY, "admin", 40)).then(done());
    given.at(last(30)).when(RITA, activate(JOINTLY, "admin", 480)).then(refused(EndTooFar));
}

#[test]
fn x4_p16_what_a_managers_side_offers_is_masked_when_it_is_active() {
    let granted = given().and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])));
    let offered = granted.when(ADA, offer(JIM, JOINTLY, "admin", 0, 5)).then(done());
    offered
        .and(JIM, activate(JOINTLY, "admin", 60))
        .then_may(JIM, "devices.manage", JOINTLY)
        .then_denied(JIM, "location.view", JOINTLY, RoleLacksPermission)
        .when(ADA, offer(JIM, JOINTLY, "super_admin", 0, 4))
        .then(refused(SuperAdminOnly));
}

#[test]
fn x4_u3_who_could_become_less_is_not_the_super_admin_that_a_tenant_keeps() {
    given().when(JULIA, offer(JULIA, JOINTLY, "admin", 0, 1)).then(refused(LastSuperAdmin));
    let two = || given().and(JULIA, assign(JIM, JOINTLY, "super_admin"));
    two()
        .when(JULIA, offer(JIM, JOINTLY, "admin", 0, 4))
        .then(done())
        .when(JULIA, here(JULIA, JOINTLY))
        .then(refused(LastSuperAdmin));
    // Neither is who could become one.
    let may = given()
        .and(JULIA, offer(JIM, JOINTLY, "super_admin", 0, 5))
        .and(JIM, activate(JOINTLY, "super_admin", 60));
    may.when(JULIA, here(JULIA, JOINTLY)).then(refused(LastSuperAdmin));
}

#[test]
fn x4_a_tenant_has_had_an_owner_once_one_is_active() {
    let owned = |given: &Given| given.get::<Tenant>(EMPTY.uuid()).had_owner;
    let given = given().and(STAFF, user(EVE, EMPTY, "eve", "read_only"));
    let given = given.and(STAFF, offer(EVE, EMPTY, "super_admin", 0, 5)).look(|given| assert!(!owned(given)));
    let given = given.and(EVE, activate(EMPTY, "super_admin", 60));
    given.look(|given| assert!(owned(given))).verified();
}

#[test]
fn x4_it_goes_with_the_link_the_user_the_tenant_and_keeps_its_role_in_use() {
    let gone = |given: &Given, tenant| {
        assert!(given.find::<Assignment>(Assignment::key(RITA, tenant).uuid()).is_none());
        assert!(own(given, RITA).is_empty());
    };
    let active = || eligible().and(RITA, activate(JOINTLY, "admin", 60));
    parted(active(), JOINTLY_LINK).look(|given| gone(given, JOINTLY)).verified();
    parted(eligible(), JOINTLY_LINK).when(RITA, activate(JOINTLY, "admin", 60)).then(refused(NotEligible));
    let removed = active().when(ADA, RemoveUser::new(RITA));
    removed
        .then(happened(&["user_removed", "assignment_ended", "temporary_ended", "temporary_ended"]))
        .verified();
    let deleted = given().and(ADA, offer(RITA, FULLY, "admin", 0, 5)).and(ADA, delete(&[FULLY]));
    deleted.look(|given| gone(given, FULLY)).verified();
    let dropping = |given: Given| {
        let mut policy = given.policy();
        policy.roles.retain(|role| role.name != "no_access".parse().unwrap());
        given.and(ADA, here(NOEL, MSP)).when(STAFF, SetPolicy::new(policy.into()))
    };
    dropping(given().and(ADA, offer(RITA, JOINTLY, "no_access", 1, 2))).then(refused(PolicyInUse));
    // A block takes nothing away.
    let blocked = active().and(ADA, BlockUser::new(RITA));
    let blocked = blocked.then_denied(RITA, "devices.manage", JOINTLY, UserNotActive);
    blocked.and(ADA, UnblockUser::new(RITA)).then_may(RITA, "devices.manage", JOINTLY);
}

#[test]
fn x4_s2_a_console_ends_with_what_was_activated() {
    let open =
        || OpenConsole { session: Some(CONSOLE), ..OpenConsole::new(JOINTLY, text("manage"), text("/")) };
    let closed = |given: &Given| given.get::<Session>(CONSOLE.uuid()).closed.is_some();
    let opened = || eligible().and(RITA, activate(JOINTLY, "admin", 60)).and(RITA, open());
    opened()
        .look(|given| assert!(!closed(given)))
        .at_minute(60)
        .look(|given| assert!(closed(given)))
        .swept()
        .verified();
    let left = opened().when(RITA, deactivate(JOINTLY, "admin"));
    left.then(happened(&["temporary_ended", "session_ended"]))
        .look(|given| assert!(closed(given)))
        .verified();
    let taken = opened().when(ADA, until(RITA, JOINTLY, at(10 * HOUR)));
    taken.then(happened(&["temporary_ended", "temporary_ended", "session_ended"])).verified();
}

#[test]
fn x4_people_are_told_what_they_may_activate() {
    let given = given()
        .and(ADA, offer(RITA, JOINTLY, "admin", 1, 4))
        .and(ADA, offer(RITA, MSP, "admin", 0, 2))
        .and(ADA, offer(NOEL, FULLY, "read_only", 0, 3))
        .and(ADA, offer(NOEL, JOINTLY, "no_access", 0, 3))
        .and(RITA, activate(MSP, "admin", 60));
    let row = |given: &Given, user| -> Vec<_> {
        own(given, user).into_iter().map(|it| (it.tenant, it.on.is_some(), it.active_until)).collect()
    };
    assert_eq!(row(&given, RITA), [(MSP, true, Some(at(HOUR))), (JOINTLY, true, None)]);
    // Where they see nothing, and would not by the role either, it is not named.
    let told: BTreeSet<_> = row(&given, NOEL).into_iter().collect();
    assert_eq!(told, BTreeSet::from([(FULLY, true, None), (JOINTLY, false, None)]));
    let before = given.engine.token().unwrap().seq;
    // Of a past, what is there for them no longer is told no longer.
    let given = given.and(ADA, here(NOEL, FULLY)).and(ADA, assign(NOEL, FULLY, "no_access"));
    let past = {
        let reading = given.engine.read().unwrap();
        let past = reading.as_of(before).unwrap();
        past.moment().unwrap().ask(EligibleRoles::new(NOEL.into())).unwrap().rows
    };
    let told: Vec<_> = past.into_iter().map(|it| (it.tenant, it.on.is_some())).collect();
    assert_eq!(told, [(JOINTLY, false)]);
    assert!(given.engine.ask(EligibleRoles::new(STAFF)).is_err());
    assert!(own(&given, ADA).is_empty());
    // Page by page it is the same.
    let mut list = EligibleRoles::new(RITA.into());
    list.paging.limit = 1;
    let page = given.engine.ask(list.clone()).unwrap();
    list.paging.cursor = page.next;
    let rest = given.engine.ask(list).unwrap();
    assert_eq!([page.rows, rest.rows].concat(), own(&given, RITA));
    let given = given.at_minute(120);
    assert_eq!(row(&given, RITA), [(JOINTLY, true, None)]);
}

#[test]
fn x4_x3_what_somebody_may_activate_arises() {
    let given = eligible().and(ADA, lend(NOEL, JOINTLY, "read_only", 0, 3));
    let listed = |given: &Given, who: UserId, eligible: Option<bool>| {
        let filter = TemporaryFilter { eligible, ..TemporaryFilter::default() };
        let list = TemporaryAccess { filter, ..TemporaryAccess::new(who.into(), JOINTLY) };
        let rows = given.engine.ask(list).unwrap().rows;
        rows.into_iter().map(|row| (row.user, row.eligible, row.activated, row.decides)).collect::<Vec<_>>()
    };
    let arising = |given: &Given, who: UserId| {
        let rows = given.engine.ask(Arising::new(who.into(), JOINTLY)).unwrap().rows;
        let eligible = rows.into_iter().filter_map(|row| match row.what {
            Requested::Eligible(it) => Some((it.user, it.role, row.by)),
            _ => None,
        });
        eligible.collect::<Vec<_>>()
    };
    let theirs = AuditActor::Organisation(MSP);
    let admin: RoleRef = text("admin");
    assert_eq!(arising(&given, ADA), [(Some(RITA), admin.clone(), theirs.clone())]);
    // The customer learns that somebody of its manager's could, and not who.
    assert_eq!(arising(&given, JULIA), [(None, admin, theirs)]);
    assert_eq!(listed(&given, ADA, Some(true)), [(Some(RITA), true, false, false)]);
    assert_eq!(listed(&given, ADA, Some(false)), [(Some(NOEL), false, false, true)]);
    let given = given.and(RITA, activate(JOINTLY, "admin", 60));
    assert!(arising(&given, ADA).is_empty());
    let active =
        [(Some(RITA), false, true, true), (Some(NOEL), false, false, true), (Some(RITA), true, false, false)];
    assert_eq!(listed(&given, ADA, None), active);
    // It does again once it is no longer active.
    assert_eq!(arising(&given.at_minute(60), ADA).len(), 1);
}

#[test]
fn x4_x1_a_preview_and_the_feed_tell_what_an_activation_gives() {
    let given = eligible();
    let wanted = activate(JOINTLY, "admin", 60);
    let preview = given.engine.ask(Preview::new(RITA.into(), Box::new(wanted.clone().into()))).unwrap();
    assert!(!preview.rights.rows.is_empty(), "{preview:?}");
    let before = given.engine.token().unwrap().seq;
    let given = given.and(RITA, wanted).at_minute(61).swept();
    let reading = given.engine.read().unwrap();
    let page = reading.now().unwrap().host().access_changes(before, &Paging::default()).unwrap();
    let gave: Vec<_> = page.rows.iter().filter(|row| row.user == RITA).collect();
    assert!(gave.len() >= 2, "{gave:?}");
    drop(reading);
    given.verified();
}

#[test]
fn x4_the_reason_stands_in_the_audit_for_good() {
    let given = eligible().and(RITA, activate(JOINTLY, "admin", 60));
    let rows = given.engine.ask(Audit::new(ADA.into(), JOINTLY)).unwrap().rows;
    let reasons = rows.iter().flat_map(|row| &row.events).filter_map(|event| match event {
        Event::Activated { user: RITA, reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!(reasons.collect::<Vec<_>>(), ["TCK-4711: mail is down"]);
    let no_reason: Result<tenantry::base::text::Reason, _> = "  ".parse();
    assert!(no_reason.is_err());
}
