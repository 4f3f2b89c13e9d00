//! Delink (D).

use tenantry::model::machine::DelinkAct;
use tenantry::model::{Actor, Assignment, Link, Party, Role, Stage, TermRequest};
use tenantry::refusal::Code::*;

use super::*;

fn act(act: DelinkAct, party: Option<Party>) -> Command {
    let link = JOINTLY_LINK;
    match act {
        DelinkAct::Request => RequestDelink { link, party }.into(),
        DelinkAct::Accept => AcceptDelink { link, party }.into(),
        DelinkAct::Reject => RejectDelink { link, party }.into(),
        DelinkAct::Resend => ResendDelink { link, party }.into(),
        DelinkAct::Cancel => CancelDelink { link, party }.into(),
    }
}

fn at(stage: Stage) -> Given {
    match stage {
        Stage::Active => given(),
        Stage::DelinkRequestedByManager => given().and(ADA, RequestDelink::new(JOINTLY_LINK)),
        Stage::DelinkRequestedByCustomer => given().and(JULIA, RequestDelink::new(JOINTLY_LINK)),
        Stage::Delinked => delinked(given()),
    }
}

const ENDED: Expected = happened(&["link_ended"]);
const ASK: Expected = happened(&["delink_requested"]);
const BACK: Expected = happened(&["delink_rejected"]);
const REMIND: Expected = happened(&["delink_resent"]);
const CANCEL: Expected = happened(&["delink_canceled"]);
const NONE: Expected = refused(NoDelinkRequest);
const OVER: Expected = refused(LinkEnded);
const OWN: Expected = refused(OwnRequest);
const THEIRS: Expected = refused(NotYourRequest);
const TWICE: Expected = refused(AlreadyRequested);

/// Stage, party, and what comes of request, accept, reject, resend, cancel.
const TABLE: [(Stage, Party, [Expected; 5]); 8] = [
    (Stage::Active, Party::Manager, [ASK, NONE, NONE, NONE, NONE]),
    (Stage::Active, Party::Customer, [ASK, NONE, NONE, NONE, NONE]),
    (Stage::DelinkRequestedByManager, Party::Manager, [TWICE, OWN, OWN, REMIND, CANCEL]),
    (Stage::DelinkRequestedByManager, Party::Customer, [ENDED, ENDED, BACK, THEIRS, THEIRS]),
    (Stage::DelinkRequestedByCustomer, Party::Manager, [ENDED, ENDED, BACK, THEIRS, THEIRS]),
    (Stage::DelinkRequestedByCustomer, Party::Customer, [TWICE, OWN, OWN, REMIND, CANCEL]),
    (Stage::Delinked, Party::Manager, [OVER; 5]),
    (Stage::Delinked, Party::Customer, [OVER; 5]),
];

#[test]
fn d_the_whole_table_of_delink() {
    for (stage, party, row) in TABLE {
        for (&what, expected) in DelinkAct::ALL.iter().zip(row) {
            let who = if party == Party::Manager { ADA } else { JULIA };
            at(stage).when(who, act(what, None)).then(expected);
            // The same by the operator, who says for whom and cites a ticket.
            at(stage).when(staff_for("T-1"), act(what, Some(party))).then(expected);
            at(stage).when(STAFF, act(what, Some(party))).then(refused(TicketRequired));
            at(stage).when(staff_for("T-1"), act(what, None)).then(refused(WrongActor));
            at(stage).when(Actor::Clock, act(what, Some(party))).then(refused(WrongActor));
        }
    }
}

#[test]
fn d_who_may_act_for_a_side() {
    for (who, expected) in [
        (ADA, ASK),
        (ADAM, ASK),
        (GINA, ASK),
        (GUS, ASK),
        (JULIA, ASK),
        (RITA, refused(RoleLacksPermission)),
        (JACK, refused(RoleLacksPermission)),
        (JIM, refused(RoleLacksPermission)),
        (NINA, refused(UnknownLink)),
        (CARL, refused(UnknownLink)),
        (BOB, refused(UserNotActive)),
        (IVY, refused(UserNotActive)),
        (NOBODY, refused(UnknownUser)),
    ] {
        given().when(who, RequestDelink::new(JOINTLY_LINK)).then(expected);
    }
    // A user's side follows from their home, whatever they claim.
    let claim = RequestDelink { party: Some(Party::Customer), ..RequestDelink::new(JOINTLY_LINK) };
    let given = given().and(ADA, claim);
    assert_eq!(given.get::<Link>(JOINTLY_LINK.uuid()).stage, Stage::DelinkRequestedByManager);
}

#[test]
fn d_a_request_lapses_where_the_policy_says_so() {
    let asked = |days| {
        given().under(|policy| policy.delink_request_days = days).and(ADA, RequestDelink::new(JOINTLY_LINK))
    };
    let stage = |given: &Given| given.get::<Link>(JOINTLY_LINK.uuid()).stage;
    assert_eq!(stage(&asked(None).later(10_000).swept()), Stage::DelinkRequestedByManager);
    assert_eq!(stage(&asked(Some(10)).later(9).swept()), Stage::DelinkRequestedByManager);
    let lapsed = asked(Some(10)).later(10);
    assert_eq!(stage(&asked(Some(10)).later(10).swept()), Stage::Active);
    lapsed.when(JULIA, AcceptDelink::new(JOINTLY_LINK)).then(refused(NoDelinkRequest));
}

#[test]
fn d1_only_a_jointly_managed_customer_is_delinked() {
    for who in [ADA, GINA] {
        let when = given().when(who, RequestDelink::new(FULLY_LINK));
        assert!(when.refusal().to_string().ends_with("; convert it to jointly managed first"));
        when.then(refused(NotDelinkable));
    }
    given().when(FRED, RequestDelink::new(FULLY_LINK)).then(refused(CustomerLocked));
    let converted = given().and(ADA, ConvertLink::new(FULLY_LINK, text("jointly")));
    converted.when(ADA, RequestDelink::new(FULLY_LINK)).then(ASK);
}

#[test]
fn d2_without_a_super_admin_there_is_nobody_to_accept() {
    let unmanned = || given().and(ADA, customer(MSP, "jointly"));
    unmanned().when(ADA, RequestDelink::new(NEW_LINK)).then(refused(NoCustomerOwner));
    let admin_only = unmanned().and(STAFF, user(EVE, NEW, "eve", "admin"));
    admin_only.when(ADA, RequestDelink::new(NEW_LINK)).then(refused(NoCustomerOwner));
    let owned = unmanned().and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")));
    owned.when(ADA, RequestDelink::new(NEW_LINK)).then(ASK);
}

#[test]
fn d3_until_it_is_accepted_nobodys_rights_change() {
    let everything = |given: &Given| {
        let mut found = Vec::new();
        for user in [GINA, GUS, ADA, ADAM, RITA, NOEL, JULIA, JACK, JIM, NINA] {
            for permission in given.policy().permissions {
                found.push(given.verdict(user, permission.as_str(), JOINTLY, None).reason);
            }
        }
        found
    };
    let before = everything(&given());
    for stage in [Stage::DelinkRequestedByManager, Stage::DelinkRequestedByCustomer] {
        assert_eq!(everything(&at(stage)), before, "{stage}");
    }
    assert_ne!(everything(&at(Stage::Delinked)), before);
}

#[test]
fn d4_whether_the_customer_may_start_is_the_policys_choice() {
    let closed = || given().under(|policy| policy.customer_may_request_delink = false);
    given().when(JULIA, RequestDelink::new(JOINTLY_LINK)).then(ASK);
    closed().when(JULIA, RequestDelink::new(JOINTLY_LINK)).then(refused(DelinkNotOffered));
    closed().when(ADA, RequestDelink::new(JOINTLY_LINK)).then(ASK);
    closed()
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .when(JULIA, AcceptDelink::new(JOINTLY_LINK))
        .then(ENDED);
}

#[test]
fn d5_the_status_people_see() {
    let status = |stage| at(stage).get::<Link>(JOINTLY_LINK.uuid()).stage.status();
    assert_eq!(status(Stage::Active), "Active");
    assert_eq!(status(Stage::DelinkRequestedByManager), "Delink request by MSP");
    assert_eq!(status(Stage::DelinkRequestedByCustomer), "Delink request by customer");
    assert_eq!(status(Stage::Delinked), "Delinked");
}

#[test]
fn d6_what_rests_on_the_link_ends_with_it_in_one_record() {
    let given = given()
        .and(ADA, assign(RITA, JOINTLY, "admin"))
        .and(GINA, assign(GUS, JOINTLY, "read_only"))
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["roles.manage"])))
        .and(
            ADA,
            CreateRole {
                role: Some(text("00000000-0000-0000-0000-0000000006a0")),
                ..CreateRole::new(JOINTLY, text("Desk"), set(&["devices.view"]))
            },
        )
        .and(ADA, RequestDelink::new(JOINTLY_LINK));
    let when = given.when(JULIA, AcceptDelink::new(JOINTLY_LINK));
    let seq = when.receipt().seq();
    let given = when.then(happened(&["link_ended", "assignment_ended", "assignment_ended"]));
    assert_eq!(given.engine.token().unwrap().seq, seq, "one record");
    for manager in [ADA, ADAM, RITA, GINA, GUS] {
        assert_eq!(given.verdict(manager, "tenant.view", JOINTLY, None).reason, Some(NotLinked));
        assert_eq!(given.find::<Assignment>(Assignment::key(manager, JOINTLY).uuid()), None);
    }
    let link = given.get::<Link>(JOINTLY_LINK.uuid());
    assert!(link.grants.is_empty() && link.ended.is_some());
    // The customer's own keep what they have, and roles that the manager made stay.
    assert_eq!(given.get::<Role>(Uuid::from_u128(0x6a0)).name.as_str(), "Desk");
    given
        .then_may(JULIA, "grants.manage", JOINTLY)
        .then_may(JACK, "devices.manage", JOINTLY)
        .then_denied(JIM, "devices.manage", JOINTLY, RoleLacksPermission)
        .then_may(ADA, "devices.manage", FULLY)
        .verified();
}

#[test]
fn d6_what_rests_on_a_link_above_ends_with_that() {
    let given = given()
        .and(GINA, assign(GUS, JOINTLY, "read_only"))
        .and(ADA, assign(RITA, JOINTLY, "admin"))
        .and(GINA, RequestDelink::new(GRAND_LINK))
        .when(ADA, AcceptDelink::new(GRAND_LINK))
        .then(happened(&["link_ended", "assignment_ended"]));
    given
        .then_denied(GUS, "tenant.view", JOINTLY, NotLinked)
        .then_denied(GINA, "tenant.view", MSP, NotLinked)
        .then_may(RITA, "devices.manage", JOINTLY)
        .then_may(ADA, "devices.manage", JOINTLY);
}

#[test]
fn d6_what_the_manager_disabled_is_enabled_with_the_end_of_its_link_whatever_ends_it() {
    let down = || given().and(ADA, disable(JOINTLY)).and(JULIA, RequestDelink::new(JOINTLY_LINK));
    let when = down().when(ADA, AcceptDelink::new(JOINTLY_LINK));
    let up = happened(&["link_ended", "tenant_released", "tenant_enabling", "tenant_enabled"]);
    when.then(up).then_may(JULIA, "devices.manage", JOINTLY).verified();
    // What others did stays.
    let both = down().and(STAFF, disable(JOINTLY)).when(ADA, AcceptDelink::new(JOINTLY_LINK));
    both.then(happened(&["link_ended", "tenant_released"]))
        .then_denied(JULIA, "devices.view", JOINTLY, UserNotActive)
        .when(STAFF, enable(JOINTLY))
        .then(done())
        .verified();
    // Where a host reports, it is on its way up.
    let reported = given().under(|policy| policy.host_reports_ready = true).and(ADA, disable(JOINTLY));
    let reported = reported.and(JULIA, RequestDelink::new(JOINTLY_LINK));
    let rising = reported.when(ADA, AcceptDelink::new(JOINTLY_LINK));
    rising
        .then(happened(&["link_ended", "tenant_released", "tenant_enabling"]))
        .and(STAFF, ReportReady::new(JOINTLY))
        .then_may(JULIA, "devices.view", JOINTLY)
        .verified();
    // The manager is deleted.
    let cascade = DeleteTenants { cascade: true, ..delete(&[SECOND]) };
    let given = tenants::two_managers().and(NINA, disable(ALONE)).and(STAFF, cascade);
    given.then_may(CARL, "devices.view", ALONE).verified();
}

#[test]
fn d6_a_hold_ends_at_the_moment_its_link_does_whether_or_not_it_was_swept() {
    let term = Some(TermRequest::days(10));
    let given = given().and(NINA, RequestLink { term, ..ask(SECOND, "ALONE", "jointly") });
    let given = given.and(CARL, AcceptLink::new(ASKED)).and(NINA, disable(ALONE));
    let index = |given: &Given| given.engine.access_index().unwrap();
    let reason = |given: &Given| {
        let (index, now) = (index(given), given.engine.now());
        let permission = index.permission("devices.view").unwrap();
        index.check(CARL, permission, ALONE, now).reason
    };
    let given = given.later(9).then_denied(CARL, "devices.view", ALONE, UserNotActive);
    assert_eq!(reason(&given), Some(UserNotActive));
    let given = given.later(1).then_may(CARL, "devices.view", ALONE);
    assert_eq!(reason(&given), None);
    let given = given.swept().then_may(CARL, "devices.view", ALONE);
    assert_eq!(reason(&given), None);
    assert_eq!(given.get::<tenantry::model::Tenant>(ALONE.uuid()).operation.name(), "enabled");
    given.verified();
}

#[test]
fn d7_a_later_link_inherits_nothing() {
    let again = RequestLink { services: set(&["configure"]), ..ask(MSP, "JOINTLY", "jointly") };
    let given = given()
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])))
        .and(ADA, assign(NOEL, JOINTLY, "admin"))
        .then_may(ADA, "users.manage", JOINTLY)
        .then_may(NOEL, "devices.manage", JOINTLY);
    let given = delinked(given).and(ADA, again).and(JULIA, AcceptLink::new(ASKED));
    given
        .then_may(ADA, "devices.manage", JOINTLY)
        .then_denied(ADA, "users.manage", JOINTLY, NotGranted)
        .then_denied(NOEL, "devices.manage", JOINTLY, RoleLacksPermission)
        .look(|given| {
            let (old, new) = (given.get::<Link>(JOINTLY_LINK.uuid()), given.get::<Link>(ASKED_LINK.uuid()));
            assert_eq!((old.stage, new.stage), (Stage::Delinked, Stage::Active));
            assert!(new.grants.is_empty());
            assert_eq!(new.services.len(), 1);
        })
        .verified();
}
