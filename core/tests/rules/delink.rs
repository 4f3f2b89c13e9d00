//! Delink (D).

use tenantry::base::ids::ProposalId;
use tenantry::model::{Actor, Assignment, EndCause, Link, Operation, Party, Role, Stage, TermRequest};
use tenantry::notice::NoticeKind;
use tenantry::policy::Policy;
use tenantry::query::Question;
use tenantry::refusal::Code::*;
use tenantry::testkit::inside::DelinkAct;

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
        given_under(|policy| policy.delink_request_days = days).and(ADA, RequestDelink::new(JOINTLY_LINK))
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
    let closed = || given_under(|policy| policy.customer_may_request_delink = false);
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

/// A notice period of so many days for joint management.
fn noticed(days: u32) -> Given {
    given_under(|policy| notice(policy, Some(days)))
}

fn notice(policy: &mut Policy, days: Option<u32>) {
    policy.management_types.iter_mut().filter(|it| it.delinkable).for_each(|it| it.notice_days = days);
}

fn link_of(given: &Given, id: LinkId) -> std::sync::Arc<Link> {
    given.get::<Link>(id.uuid())
}

#[test]
fn d8_a_request_completes_once_its_notice_period_is_over_whatever_the_other_side_does() {
    for (asker, other) in [(ADA, JULIA), (JULIA, ADA)] {
        let asked = || noticed(60).and(asker, RequestDelink::new(JOINTLY_LINK));
        let given = asked()
            .when(other, RejectDelink::new(JOINTLY_LINK))
            .then(refused(NoticeRunning))
            .when(asker, RejectDelink::new(JOINTLY_LINK))
            .then(refused(OwnRequest))
            .when(asker, ResendDelink::new(JOINTLY_LINK))
            .then(REMIND)
            .later(59)
            .swept()
            .then_may(ADA, "devices.view", JOINTLY)
            .later(1)
            .then_denied(ADA, "devices.view", JOINTLY, NotLinked)
            .when(other, RejectDelink::new(JOINTLY_LINK))
            .then(refused(LinkEnded))
            .swept();
        let link = link_of(&given, JOINTLY_LINK);
        let ended = link.ended.clone().unwrap();
        assert_eq!(
            (link.stage, ended.cause, link.delink_ends),
            (Stage::Delinked, EndCause::NoticeOver, None)
        );
        given.verified();
        // It needs no waiting where both agree, and none where the asker thinks better of it.
        asked().when(other, AcceptDelink::new(JOINTLY_LINK)).then(ENDED);
        asked().when(other, RequestDelink::new(JOINTLY_LINK)).then(ENDED);
        let stays = asked().later(20).when(asker, CancelDelink::new(JOINTLY_LINK)).then(CANCEL);
        let stays = stays.later(1_000).swept().then_may(ADA, "devices.view", JOINTLY);
        assert_eq!(link_of(&stays, JOINTLY_LINK).stage, Stage::Active);
        stays.when(other, RequestDelink::new(JOINTLY_LINK)).then(ASK).verified();
    }
    given()
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .when(JULIA, RejectDelink::new(JOINTLY_LINK))
        .then(BACK);
}

#[test]
fn d8_a_request_needs_nobody_to_agree_and_yet_the_policys_leave_to_ask() {
    let unmanned = || noticed(60).and(ADA, customer(MSP, "jointly"));
    unmanned().when(ADA, RequestDelink::new(NEW_LINK)).then(ASK);
    let closed = given_under(|policy| {
        notice(policy, Some(60));
        policy.customer_may_request_delink = false;
    });
    closed.when(JULIA, RequestDelink::new(JOINTLY_LINK)).then(refused(DelinkNotOffered));
    noticed(60).when(ADA, RequestDelink::new(FULLY_LINK)).then(refused(NotDelinkable));
}

#[test]
fn d8_the_notice_period_is_that_of_the_request() {
    let asked = || noticed(60).and(ADA, RequestDelink::new(JOINTLY_LINK));
    let end = dawn().plus_days(60);
    for change in [
        (|policy| notice(policy, None)) as fn(&mut Policy),
        |policy| notice(policy, Some(10)),
        |policy| {
            notice(policy, None);
            policy.delink_request_days = Some(5);
        },
    ] {
        let given = asked().under(change).agreed(JOINTLY_LINK).later(59).swept().then_may(
            ADA,
            "devices.view",
            JOINTLY,
        );
        assert_eq!(link_of(&given, JOINTLY_LINK).delink_ends, Some(end));
        given
            .when(JULIA, RejectDelink::new(JOINTLY_LINK))
            .then(refused(NoticeRunning))
            .later(1)
            .then_denied(ADA, "devices.view", JOINTLY, NotLinked)
            .verified();
    }
    // One that is asked without goes on without.
    let lapsing = given_under(|policy| policy.delink_request_days = Some(5));
    let given = lapsing.and(ADA, RequestDelink::new(JOINTLY_LINK)).under(|policy| {
        policy.delink_request_days = None;
        notice(policy, Some(1));
    });
    let given = given.agreed(JOINTLY_LINK).later(5).swept();
    assert_eq!(link_of(&given, JOINTLY_LINK).stage, Stage::Active);
}

#[test]
fn d8_t5_a_tenant_comes_up_in_lists_with_the_end_of_a_notice_that_nothing_has_recorded() {
    let given = noticed(60).and(ADA, RequestDelink::new(JOINTLY_LINK)).and(ADA, disable(JOINTLY));
    let stands = |given: &Given| {
        let read = given.engine.read().unwrap();
        let now = read.now().unwrap();
        let settings = now.ask(Settings::new(STAFF, JOINTLY)).unwrap().operation;
        let places = now.ask(Places::new(JULIA.into()));
        (settings, places.ok().map(|page| page.rows[0].operation))
    };
    assert_eq!(stands(&given).0, Operation::Disabled);
    let given = given.later(60);
    assert_eq!(stands(&given), (Operation::Enabled, Some(Operation::Enabled)));
    let ended = |given: &Given| given.engine.ask(Links::new(STAFF, JOINTLY)).unwrap().rows[0].ended;
    assert_eq!(ended(&given), Some(dawn().plus_days(60)));
    let given = given.later(1).swept();
    assert_eq!(stands(&given).0, Operation::Enabled);
    assert_eq!(ended(&given), Some(dawn().plus_days(60)));
}

#[test]
fn d8_its_end_is_announced_as_that_of_a_term_is() {
    let told = |given: &Given| {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        given.engine.acknowledge("mail", mail.through).unwrap();
        let of_end = |kind: &NoticeKind| match kind {
            NoticeKind::LinkExpiring { days, .. } => Some(format!("in {days}")),
            NoticeKind::LinkEnded { .. } => Some("ended".to_owned()),
            NoticeKind::DelinkRequested { .. } => Some("asked".to_owned()),
            NoticeKind::DelinkCanceled { .. } => Some("canceled".to_owned()),
            _ => None,
        };
        mail.notices.iter().filter_map(|notice| of_end(&notice.kind)).collect::<Vec<_>>()
    };
    let given = noticed(60).and(JULIA, RequestDelink::new(JOINTLY_LINK));
    assert_eq!(told(&given), ["asked"]);
    let mut given = given;
    for (days, said) in
        [(29, vec![]), (1, vec!["in 30"]), (23, vec!["in 7"]), (6, vec!["in 1"]), (1, vec!["ended"])]
    {
        given = given.later(days).swept();
        assert_eq!(told(&given), said);
    }
    // A short one is announced at once, and again when its moments come.
    let given = noticed(5).when(ADA, RequestDelink::new(JOINTLY_LINK));
    let given = given.then(happened(&["delink_requested", "link_expiring"]));
    assert_eq!(told(&given), ["asked", "in 5"]);
    let given = given.later(4).swept();
    assert_eq!(told(&given), ["in 1"]);
    // Taken back, there is no end left to announce, and what was said is settled.
    let given = given.and(ADA, CancelDelink::new(JOINTLY_LINK)).later(10).swept();
    assert_eq!(told(&given), ["canceled"]);
    let seen = given.engine.notices("late", 1_000).unwrap().notices;
    let expiring: Vec<_> =
        seen.iter().filter(|notice| matches!(notice.kind, NoticeKind::LinkExpiring { .. })).collect();
    assert_eq!(expiring.len(), 2);
    assert!(expiring.iter().all(|notice| notice.settled));
}

#[test]
fn d8_where_a_term_ends_earlier_it_ends_the_link_and_what_ends_it_is_announced_alone() {
    let with = |days, auto, notice| {
        let term = Some(TermRequest { auto_extend: auto, ..TermRequest::days(days) });
        let given = noticed(notice).and(NINA, RequestLink { term, ..ask(SECOND, "ALONE", "jointly") });
        given.and(CARL, AcceptLink::new(ASKED))
    };
    let request = || RequestDelink::new(ASKED_LINK);
    let announced = |given: &Given| link_of(given, ASKED_LINK).announced_days;
    // The term comes first: nothing moves.
    let given = with(40, false, 60).when(NINA, request()).then(ASK).later(40).swept();
    let cause = |given: &Given| link_of(given, ASKED_LINK).ended.clone().unwrap().cause;
    assert_eq!(cause(&given), EndCause::Expired);
    given.verified();
    // The notice comes first; taken back, the term's end is announced by what has come of it.
    let given =
        with(45, false, 20).when(CARL, request()).then(happened(&["delink_requested", "link_expiring"]));
    assert_eq!(announced(&given), Some(30));
    let given = given.later(16).swept();
    assert_eq!(announced(&given), Some(7));
    let given = given.when(CARL, CancelDelink::new(ASKED_LINK));
    let given = given.then(happened(&["delink_canceled", "link_expiring"]));
    assert_eq!(announced(&given), Some(30));
    let given = given.later(22).swept();
    assert_eq!(announced(&given), Some(7));
    given.verified();
    // A renewal moves the term alone: what was announced of the notice stays, and so does its end.
    let proposal: ProposalId = text("00000000-0000-0000-0000-0000000007d8");
    let renew = RenewLink { proposal: Some(proposal), ..RenewLink::new(ASKED_LINK, TermRequest::days(400)) };
    let given =
        with(45, false, 20).and(CARL, request()).and(NINA, renew).when(CARL, AcceptProposal::new(proposal));
    let given = given.then(happened(&["proposal_accepted", "link_renewed"]));
    assert_eq!(announced(&given), Some(30));
    let given = given.later(20).swept();
    assert_eq!(cause(&given), EndCause::NoticeOver);
    given.verified();
    // A term that extends itself neither ends the link nor hides an announcement, however late it is looked at.
    let given = with(10, true, 50).and(CARL, request()).later(44).swept();
    assert_eq!(announced(&given), Some(7));
    let given = given.later(6).swept();
    assert_eq!(cause(&given), EndCause::NoticeOver);
    given.verified();
    let late = with(10, true, 50).and(CARL, request()).later(500).swept();
    assert_eq!(cause(&late), EndCause::NoticeOver);
    late.verified();
    // Switched off, the term may end it earlier; on again, the notice does.
    let given = with(10, true, 50).and(CARL, request());
    let off = given.when(CARL, SetAutoExtend::new(ASKED_LINK));
    let off = off.then(happened(&["auto_extend_set", "link_expiring"]));
    assert_eq!(announced(&off), Some(30));
    let on = off.when(CARL, SetAutoExtend { days: Some(10), ..SetAutoExtend::new(ASKED_LINK) });
    let on = on.then(happened(&["auto_extend_set"]));
    assert_eq!(announced(&on), None);
    on.verified();
}

#[test]
fn d8_what_is_read_goes_by_the_moment_recorded_or_not() {
    let given = noticed(10).and(JULIA, RequestDelink::new(JOINTLY_LINK)).and(ADA, disable(JOINTLY));
    let reasons = |given: &Given, who: UserId| {
        let index = given.engine.access_index().unwrap();
        let permission = index.permission("devices.view").unwrap();
        let by_index = index.check(who, permission, JOINTLY, given.engine.now()).reason;
        (by_index, given.verdict(who, "devices.view", JOINTLY, None).reason)
    };
    let listed = |given: &Given| {
        let page = given.engine.read().unwrap().now().unwrap().ask(Customers::new(ADA.into(), MSP)).unwrap();
        page.rows.iter().any(|row| row.tenant == JOINTLY)
    };
    let given = given.later(9);
    assert_eq!(reasons(&given, ADA), (Some(TenantDisabled), Some(TenantDisabled)));
    assert!(listed(&given));
    let before = given.engine.now();
    let over = |given: &Given| {
        assert_eq!(reasons(given, ADA), (Some(NotLinked), Some(NotLinked)));
        // What its manager held ends with the link.
        assert_eq!(reasons(given, JULIA), (None, None));
        assert!(!listed(given));
        let read = given.engine.read().unwrap();
        let question = Question::new(ADA, text("tenant.operate"), JOINTLY);
        let then = |at| read.as_of_time(at).unwrap().moment().unwrap().check(&question).unwrap().reason;
        assert_eq!((then(before), then(given.engine.now())), (None, Some(NotLinked)));
    };
    let given = given.later(1).look(over).later(30).look(over).swept().look(over);
    assert_eq!(link_of(&given, JOINTLY_LINK).ended.clone().unwrap().cause, EndCause::NoticeOver);
    given.verified();
}

#[test]
fn d5_while_a_notice_period_runs_the_status_says_when_it_ends() {
    let row = |given: &Given| {
        let now = given.engine.read().unwrap();
        let now = now.now().unwrap();
        let page = now.ask(Customers::new(ADA.into(), MSP)).unwrap();
        let listed = page.rows.into_iter().find(|row| row.tenant == JOINTLY).unwrap();
        assert_eq!(now.ask(Customer::new(ADA.into(), MSP, JOINTLY)).unwrap().row, listed);
        (listed.stage.status(), listed.delink_ends)
    };
    assert_eq!(row(&noticed(60)), ("Active", None));
    let given = noticed(60).later(1).and(JULIA, RequestDelink::new(JOINTLY_LINK));
    assert_eq!(row(&given), ("Delink request by customer", Some(dawn().plus_days(61))));
    assert_eq!(row(&given.and(JULIA, CancelDelink::new(JOINTLY_LINK))), ("Active", None));
    assert_eq!(row(&at(Stage::DelinkRequestedByManager)), ("Delink request by MSP", None));
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
