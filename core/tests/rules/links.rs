//! Links (L).

use tenantry::base::ids::RoleId;
use tenantry::base::text::Service;
use tenantry::event::Event;
use tenantry::model::{EndCause, HandshakeState, Link, LinkRequest, Move, Stage, TenantKind, TermRequest};
use tenantry::notice::NoticeKind;
use tenantry::policy::{MoveRule, Policy};
use tenantry::refusal::Code;
use tenantry::refusal::Code::*;

use super::stock::*;
use super::*;

fn term(days: u32, auto_extend: bool) -> Option<TermRequest> {
    Some(TermRequest { auto_extend, ..TermRequest::days(days) })
}

#[test]
fn l1_a_new_customer_is_linked_at_once() {
    for (who, manager, how, expected) in [
        (ADA, MSP, "fully", happened(&["tenant_registered", "link_created"])),
        (ADA, MSP, "jointly", happened(&["tenant_registered", "link_created", "user_invited"])),
        (GUS, MSP, "fully", happened(&["tenant_registered", "link_created"])),
        (RITA, MSP, "fully", refused(RoleLacksPermission)),
        (NINA, MSP, "fully", refused(UnknownTenant)),
        (CARL, ALONE, "fully", refused(CannotManage)),
        (ADA, MSP, "someday", refused(UnknownManagementType)),
    ] {
        given().when(who, customer(manager, how)).then(expected);
    }
    given().and(ADA, customer(MSP, "jointly")).then_may(ADA, "devices.manage", NEW);
    let multi_client = AddCustomer { kind: TenantKind::Msp, ..customer(MSP, "jointly") };
    given().and(ADA, multi_client).then_may(GINA, "customers.add", NEW);
}

#[test]
fn l1_a_customer_that_can_delink_needs_an_owner_and_a_locked_one_takes_none() {
    let owner = |how: &str, owner| AddCustomer { owner, ..customer(MSP, how) };
    let eve = || Some(invitee(EVE, EVE_INVITATION, "eve"));
    given().when(ADA, owner("jointly", None)).then(refused(OwnerRequired));
    given().when(ADA, owner("fully", eve())).then(refused(OwnerNotAllowed));
    given().when(ADA, owner("jointly", eve())).then(done());
}

#[test]
fn l1_a_sign_up_lasts_seven_days_and_can_be_sent_again() {
    let signing = || given().and(ADA, customer(MSP, "jointly"));
    let accept = || AcceptInvitation::new(OLGA_INVITATION, mail("olga"));
    let again = || InviteOwner::new(NEW_LINK, invitee(EVE, EVE_INVITATION, "eve"));
    signing().later(6).and(OLGA, accept()).then_may(OLGA, "link.respond", NEW);
    signing().later(7).when(OLGA, accept()).then(refused(InvitationExpired));
    signing().when(ADA, again()).then(refused(OwnerInvited));
    signing()
        .and(ADA, ResendInvitation::new(OLGA_INVITATION))
        .and(ADA, RevokeInvitation::new(OLGA_INVITATION))
        .and(ADA, again());
    signing().later(7).when(ADA, ResendInvitation::new(OLGA_INVITATION)).then(refused(InvitationExpired));
    signing()
        .later(7)
        .and(ADA, again())
        .when(EVE, AcceptInvitation::new(EVE_INVITATION, mail("eve")))
        .then(done());
    signing().and(OLGA, accept()).when(ADA, again()).then(refused(OwnerPresent));
    given().when(ADA, InviteOwner::new(FULLY_LINK, Invitee::new(mail("eve")))).then(refused(OwnerNotAllowed));
    given().when(JULIA, InviteOwner::new(JOINTLY_LINK, Invitee::new(mail("eve")))).then(refused(WrongActor));
    delinked(given())
        .when(ADA, InviteOwner::new(JOINTLY_LINK, Invitee::new(mail("eve"))))
        .then(refused(LinkEnded));
    signing().and(ADA, disable(NEW)).when(OLGA, accept()).then(refused(TenantDisabled));
}

#[test]
fn l2_nobody_gains_anything_before_the_super_admin_accepts() {
    given()
        .when(NINA, ask(SECOND, "alone", "jointly"))
        .then(happened(&["link_requested"]))
        .then_denied(NINA, "tenant.view", ALONE, NotLinked)
        .then_may(CARL, "devices.manage", ALONE)
        .when(CORA, AcceptLink::new(ASKED))
        .then(refused(RoleLacksPermission))
        .when(NINA, AcceptLink::new(ASKED))
        .then(refused(WrongActor))
        .when(ADA, AcceptLink::new(ASKED))
        .then(refused(UnknownLinkRequest))
        .when(STAFF, AcceptLink::new(ASKED))
        .then(refused(TicketRequired))
        .when(CARL, AcceptLink::new(ASKED))
        .then(happened(&["link_request_accepted", "link_created"]))
        .then_may(NINA, "devices.manage", ALONE)
        .verified();
}

#[test]
fn l2_a_tenant_without_a_super_admin_cannot_be_asked() {
    given().when(NINA, ask(SECOND, "EMPTY", "jointly")).then(refused(CannotBeAsked));
    given().when(STAFF, ask(SECOND, "EMPTY", "jointly")).then(refused(NoCustomerOwner));
    let admin_only = given().and(STAFF, user(EVE, EMPTY, "eve", "admin"));
    admin_only.when(NINA, ask(SECOND, "EMPTY", "jointly")).then(refused(CannotBeAsked));
    let owned = given().and(STAFF, user(EVE, EMPTY, "eve", "super_admin"));
    owned.when(NINA, ask(SECOND, "EMPTY", "jointly")).then(done());
}

#[test]
fn l2_a_request_is_barred_as_the_link_would_be() {
    for (who, manager, number, how, expected) in [
        (NINA, SECOND, "NOWHERE", "jointly", refused(UnknownTenant)),
        (RITA, MSP, "ALONE", "jointly", refused(RoleLacksPermission)),
        (NINA, SECOND, "ALONE", "someday", refused(UnknownManagementType)),
        (ADA, MSP, "JOINTLY", "jointly", refused(AlreadyLinked)),
        (NINA, SECOND, "JOINTLY", "jointly", refused(CannotBeAsked)),
    ] {
        given().when(who, ask(manager, number, how)).then(expected);
    }
    let twice = RequestLink { request: Some(ASKED_AGAIN), ..ask(SECOND, "ALONE", "jointly") };
    given().and(NINA, ask(SECOND, "ALONE", "jointly")).when(NINA, twice).then(refused(LinkAlreadyRequested));
    given()
        .and(CARL, enable(ALONE))
        .and(CARL, disable(ALONE))
        .when(NINA, ask(SECOND, "ALONE", "jointly"))
        .then(refused(CannotBeAsked));
    let same_id = given().and(NINA, ask(SECOND, "ALONE", "jointly")).and(CARL, DeclineLink::new(ASKED));
    same_id.when(NINA, ask(SECOND, "ALONE", "jointly")).then(refused(IdTaken));
    // Its id is kept for the link that it may lead to.
    let same_id = given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let taken = AddCustomer { link: Some(ASKED_LINK), ..customer(MSP, "fully") };
    same_id.when(ADA, taken).then(refused(IdTaken));
}

#[test]
fn t8_who_asks_is_told_nothing_of_the_tenant_and_the_operator_which() {
    let two = || given().under(|policy| policy.max_managers = 2);
    let told = |given: Given, who: UserId, ask: RequestLink, which: Code| {
        let when = given.when(who, ask.clone());
        assert_eq!(
            (when.refusal().code, when.refusal().about.clone()),
            (CannotBeAsked, ask.number.to_string())
        );
        let given = when.then(refused(CannotBeAsked));
        given.when(STAFF, ask).then(refused(which));
    };
    told(given(), NINA, ask(SECOND, "JOINTLY", "jointly"), TooManyManagers);
    told(two(), NINA, ask(SECOND, "JOINTLY", "jointly"), ServicesOverlap);
    let other = RequestLink { services: set(&["enrollment"]), ..ask(SECOND, "JOINTLY", "fully") };
    told(two(), NINA, other, ExclusiveLink);
    told(given().and(CARL, disable(ALONE)), NINA, ask(SECOND, "ALONE", "jointly"), TenantDisabled);
    told(given(), NINA, ask(SECOND, "EMPTY", "jointly"), NoCustomerOwner);
    told(given(), ADA, ask(MSP, "GRAND", "jointly"), LinkCycle);
    let shallow = given().under(|policy| policy.max_depth = 2).and(GINA, RequestDelink::new(GRAND_LINK));
    let shallow = shallow.and(ADA, AcceptDelink::new(GRAND_LINK));
    let shallow = shallow.and(NINA, ask(SECOND, "ALONE", "jointly")).and(CARL, AcceptLink::new(ASKED));
    let deep = RequestLink { request: Some(ASKED_AGAIN), ..ask(GRAND, "SECOND", "jointly") };
    let deep = RequestLink { number: text("SECOND"), ..deep };
    shallow.under(|policy| policy.max_depth = 1).when(GINA, deep).then(refused(CannotBeAsked));
    // What one has done oneself is called by its name.
    given().when(ADA, ask(MSP, "JOINTLY", "jointly")).then(refused(AlreadyLinked));
    // So it is with services that another manager has.
    let services = || AddServices::new(ASKED_LINK, set(&["configure"]));
    let given = tenants::two_managers();
    given
        .when(NINA, services())
        .then(refused(CannotBeAsked))
        .when(STAFF, services())
        .then(refused(ServicesOverlap));
}

#[test]
fn l3_the_whole_table_of_a_link_request() {
    let pending = || given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let accepted = || pending().and(CARL, AcceptLink::new(ASKED));
    let declined = || pending().and(CARL, DeclineLink::new(ASKED));
    let canceled = || pending().and(NINA, CancelLinkRequest::new(ASKED));
    let expired = || pending().later(30);
    let answered = refused(LinkRequestNotPending);
    let late = refused(LinkRequestExpired);
    type Make<'a> = &'a dyn Fn() -> Given;
    let rows: [(Make<'_>, HandshakeState, [Expected; 4]); 5] = [
        (
            &pending,
            HandshakeState::Pending,
            [
                happened(&["link_request_accepted", "link_created"]),
                happened(&["link_request_declined"]),
                happened(&["link_request_canceled"]),
                happened(&["link_request_resent"]),
            ],
        ),
        (&accepted, HandshakeState::Accepted, [answered; 4]),
        (&declined, HandshakeState::Declined, [answered; 4]),
        (&canceled, HandshakeState::Canceled, [answered; 4]),
        (&expired, HandshakeState::Expired, [late; 4]),
    ];
    for (make, state, [accept, decline, cancel, resend]) in rows {
        let given = make().swept();
        assert_eq!(given.get::<LinkRequest>(ASKED.uuid()).handshake.state, state);
        make().when(CARL, AcceptLink::new(ASKED)).then(accept);
        make().when(CARL, DeclineLink::new(ASKED)).then(decline);
        make().when(NINA, CancelLinkRequest::new(ASKED)).then(cancel);
        make().when(NINA, ResendLinkRequest::new(ASKED)).then(resend);
        // The other side's turn, whatever the state.
        make().when(NINA, DeclineLink::new(ASKED)).then(refused(WrongActor));
        make().when(CARL, CancelLinkRequest::new(ASKED)).then(refused(WrongActor));
        make().when(CARL, ResendLinkRequest::new(ASKED)).then(refused(WrongActor));
    }
}

#[test]
fn l3_a_reminder_prolongs_nothing() {
    let reminded =
        given().and(NINA, ask(SECOND, "ALONE", "jointly")).later(29).and(NINA, ResendLinkRequest::new(ASKED));
    reminded.later(1).when(CARL, AcceptLink::new(ASKED)).then(refused(LinkRequestExpired));
}

#[test]
fn l3_every_guard_is_checked_again_at_acceptance() {
    let asked = || given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    asked()
        .and(ADA, RequestLink { request: Some(ASKED_AGAIN), ..ask(MSP, "ALONE", "fully") })
        .and(CARL, AcceptLink::new(ASKED_AGAIN))
        .when(staff_for("T-1"), AcceptLink::new(ASKED))
        .then(refused(TooManyManagers));
    asked()
        .and(NINA, disable(SECOND))
        .when(CARL, AcceptLink::new(ASKED))
        .then(refused(LinkRequestNotPending));
    asked().and(STAFF, disable(ALONE)).when(CARL, AcceptLink::new(ASKED)).then(refused(TenantDisabled));
    asked()
        .and(STAFF, BlockUser::new(CORA))
        .under(|policy| policy.max_depth = 1)
        .when(CARL, AcceptLink::new(ASKED))
        .then(done());
    let late_chain = given()
        .and(NINA, ask(SECOND, "GRAND", "jointly"))
        .under(|policy| policy.max_depth = 2)
        .when(GINA, AcceptLink::new(ASKED))
        .then(refused(TooDeep));
    late_chain.under(|policy| policy.max_depth = 3).when(GINA, AcceptLink::new(ASKED)).then(done());
}

#[test]
fn l4_accepted_as_fully_the_customers_users_are_locked_out() {
    let accepted = |how| given().and(NINA, ask(SECOND, "ALONE", how)).and(CARL, AcceptLink::new(ASKED));
    accepted("fully")
        .then_denied(CARL, "devices.view", ALONE, CustomerLocked)
        .then_denied(CORA, "devices.view", ALONE, CustomerLocked)
        .then_may(NINA, "devices.view", ALONE);
    accepted("jointly").then_may(CARL, "devices.view", ALONE).then_may(CORA, "devices.view", ALONE).then_may(
        NINA,
        "devices.view",
        ALONE,
    );
}

#[test]
fn l5_fully_converts_to_jointly_and_never_back() {
    let convert = |link, how: &str, owner| ConvertLink { owner, ..ConvertLink::new(link, text(how)) };
    let eve = || Some(invitee(EVE, EVE_INVITATION, "eve"));
    // Fred was there before, so he and his colleagues simply return.
    given()
        .then_denied(FRED, "devices.view", FULLY, CustomerLocked)
        .when(ADA, convert(FULLY_LINK, "jointly", None))
        .then(happened(&["link_converted"]))
        .then_may(FRED, "devices.view", FULLY);
    // Somebody else is not named in their stead.
    given().when(ADA, convert(FULLY_LINK, "jointly", eve())).then(refused(OwnerPresent));
    let unmanned = || given().and(ADA, customer(MSP, "fully"));
    unmanned().when(ADA, convert(NEW_LINK, "jointly", None)).then(refused(OwnerRequired));
    unmanned()
        .when(ADA, convert(NEW_LINK, "jointly", eve()))
        .then(happened(&["link_converted", "user_invited"]));
    for (who, link, how, expected) in [
        (ADA, JOINTLY_LINK, "fully", refused(NotConvertible)),
        (ADA, JOINTLY_LINK, "jointly", refused(NotConvertible)),
        (ADA, FULLY_LINK, "fully", refused(NotConvertible)),
        (ADA, FULLY_LINK, "someday", refused(UnknownManagementType)),
        (JULIA, JOINTLY_LINK, "fully", refused(WrongActor)),
        (FRED, FULLY_LINK, "jointly", refused(WrongActor)),
        (RITA, FULLY_LINK, "jointly", refused(RoleLacksPermission)),
    ] {
        given().when(who, convert(link, how, None)).then(expected);
    }
    delinked(given()).when(ADA, convert(JOINTLY_LINK, "fully", None)).then(refused(LinkEnded));
    let when = given().when(ADA, convert(JOINTLY_LINK, "fully", None));
    assert!(
        when.refusal().to_string().ends_with("; delink the customer, then link again with the type you want")
    );
}

#[test]
fn l6_a_link_has_services_that_the_policy_offers() {
    let with = |services: &[&str]| AddCustomer { services: set(services), ..customer(MSP, "fully") };
    let asking = |services: &[&str]| RequestLink { services: set(services), ..ask(SECOND, "ALONE", "fully") };
    for (services, expected) in [
        (&[][..], refused(NoServices)),
        (&["manage", "laundry"], refused(UnknownService)),
        (&["manage"], done()),
    ] {
        given().when(ADA, with(services)).then(expected);
        given().when(NINA, asking(services)).then(expected);
    }
    let add = |services: &[&str]| AddServices::new(FULLY_LINK, set(services));
    for (services, expected) in [
        (&["configure"][..], happened(&["services_added"])),
        (&["configure", "manage"], happened(&["services_added"])),
        (&["manage"], refused(NothingToDo)),
        (&[], refused(NoServices)),
        (&["laundry"], refused(UnknownService)),
    ] {
        given().when(ADA, add(services)).then(expected);
    }
    given().when(FRED, add(&["configure"])).then(refused(WrongActor));
    delinked(given())
        .when(ADA, AddServices::new(JOINTLY_LINK, set(&["enrollment"])))
        .then(refused(LinkEnded));
    given().and(ADA, add(&["configure"])).look(|given| {
        let services = given.get::<Link>(FULLY_LINK.uuid()).services.clone();
        assert_eq!(services, set::<Service>(&["configure", "manage"]));
    });
}

#[test]
fn l6_only_an_operator_with_a_ticket_removes_a_service() {
    let remove = |link, service: &str| RemoveService::new(link, text(service));
    for (actor, link, service, expected) in [
        (ADA.into(), JOINTLY_LINK, "manage", refused(ServiceRemoval)),
        (RITA.into(), JOINTLY_LINK, "manage", refused(RoleLacksPermission)),
        (JULIA.into(), JOINTLY_LINK, "manage", refused(WrongActor)),
        (STAFF, JOINTLY_LINK, "manage", refused(TicketRequired)),
        (staff_for("T-1"), JOINTLY_LINK, "manage", happened(&["service_removed"])),
        (staff_for("T-1"), JOINTLY_LINK, "enrollment", refused(ServiceNotOnLink)),
        (staff_for("T-1"), FULLY_LINK, "manage", refused(LastService)),
        (staff_for("T-1"), NO_LINK, "manage", refused(UnknownLink)),
    ] {
        given().when(actor, remove(link, service)).then(expected);
    }
    delinked(given()).when(staff_for("T-1"), remove(JOINTLY_LINK, "manage")).then(refused(LinkEnded));
}

#[test]
fn l7_managers_side_by_side_never_overlap() {
    let several = || given().under(|policy| policy.max_managers = 2);
    let second =
        |services: &[&str], how: &str| RequestLink { services: set(services), ..ask(SECOND, "JOINTLY", how) };
    given().when(STAFF, second(&["enrollment"], "jointly")).then(refused(TooManyManagers));
    several().when(STAFF, second(&["manage"], "jointly")).then(refused(ServicesOverlap));
    several().when(STAFF, second(&["enrollment"], "fully")).then(refused(ExclusiveLink));
    let both = || several().and(NINA, second(&["enrollment"], "jointly")).and(JULIA, AcceptLink::new(ASKED));
    both().then_may(NINA, "devices.manage", JOINTLY).then_may(ADA, "devices.manage", JOINTLY);
    both().when(STAFF, AddServices::new(JOINTLY_LINK, set(&["enrollment"]))).then(refused(ServicesOverlap));
    both().when(NINA, AddServices::new(ASKED_LINK, set(&["asset-intelligence"]))).then(done());
    let third = RequestLink {
        request: Some(ASKED_AGAIN),
        services: set(&["asset-intelligence"]),
        ..ask(GRAND, "JOINTLY", "jointly")
    };
    both().when(STAFF, third).then(refused(TooManyManagers));
    // An exclusive link that is there tolerates no other.
    let other = RequestLink { services: set(&["enrollment"]), ..ask(SECOND, "FULLY", "jointly") };
    several().when(STAFF, other).then(refused(ExclusiveLink));
}

#[test]
fn l8_no_self_link_no_cycle_no_long_chain_and_only_msps_manage() {
    for (who, manager, number, expected) in [
        (NINA, SECOND, "SECOND", refused(SelfLink)),
        (CARL, ALONE, "SECOND", refused(CannotManage)),
        (ROB, RESELLER, "ALONE", refused(CannotManage)),
        (NINA, SECOND, "RESELLER", refused(CannotBeManaged)),
        (ADA, MSP, "GRAND", refused(CannotBeAsked)),
        (NINA, SECOND, "GRAND", done()),
    ] {
        given().when(who, ask(manager, number, "jointly")).then(expected);
    }
    let reseller = AddCustomer { kind: TenantKind::Reseller, ..customer(MSP, "fully") };
    given().when(ADA, reseller).then(refused(CannotBeManaged));
    given().under(|policy| policy.max_depth = 2).when(ADA, customer(MSP, "fully")).then(done());
    given().under(|policy| policy.max_depth = 1).when(ADA, customer(MSP, "fully")).then(refused(TooDeep));
    // The chain through the middle counts on both sides.
    given()
        .under(|policy| policy.max_depth = 2)
        .when(STAFF, ask(SECOND, "GRAND", "jointly"))
        .then(refused(TooDeep));
    // A long cycle, closed by the one at the top.
    let three = given().and(NINA, ask(SECOND, "GRAND", "jointly")).and(GINA, AcceptLink::new(ASKED));
    let closing = RequestLink { request: Some(ASKED_AGAIN), ..ask(MSP, "SECOND", "jointly") };
    three.when(STAFF, closing).then(refused(LinkCycle));
}

#[test]
fn l9_a_link_with_an_end_is_announced_and_ends() {
    let ending = || given().and(ADA, AddCustomer { term: term(60, false), ..customer(MSP, "jointly") });
    let told = |given: &Given| given.get::<Link>(NEW_LINK.uuid()).announced_days;
    let mut given = ending().later(29).swept();
    assert_eq!(told(&given), None);
    for (days, announced) in [(1, 30), (22, 30), (1, 7), (5, 7), (1, 1)] {
        given = given.later(days).swept();
        assert_eq!(told(&given), Some(announced));
    }
    let given = given.then_may(ADA, "devices.view", NEW).later(1);
    let given = given.then_denied(ADA, "devices.view", NEW, NotLinked).swept();
    let link = given.get::<Link>(NEW_LINK.uuid());
    assert_eq!((link.stage, link.ended.as_ref().unwrap().cause), (Stage::Delinked, EndCause::Expired));
    given.verified();
    // Announcements that pass together are one; what lies before the start is none.
    assert_eq!(told(&ending().later(55).swept()), Some(7));
    let short = given_short();
    assert_eq!(told(&short), Some(7));
}

fn given_short() -> Given {
    given().and(ADA, AddCustomer { term: term(5, false), ..customer(MSP, "jointly") })
}

#[test]
fn l9_what_is_due_happens_in_the_order_of_its_moments() {
    let happened_since = |given: &Given, seq: u64| -> Vec<String> {
        let records = given.engine.records_after(seq, 1_000).unwrap();
        let all = records.iter().flat_map(|record| record.events.iter().map(event_name));
        all.filter(|name| name != "invitation_expired").collect()
    };
    let slept = |given: Given, days: u32| {
        let seq = given.engine.token().unwrap().seq;
        let given = given.later(days).swept();
        given.verified();
        happened_since(&given, seq)
    };
    let linked = |days, auto_extend, change: fn(&mut Policy)| {
        let ask = RequestLink { term: term(days, auto_extend), ..ask(MSP, "ALONE", "jointly") };
        let given = trade(MoveRule::Approval).under(change).and(ROB, upload(1, MSP, &["SN-1"]));
        given.and(ADA, ask).and(CARL, AcceptLink::new(ASKED))
    };
    // A move that lapsed before the link's end has lapsed, whether or not the end would have been announced before that.
    let moving = || linked(9, false, |policy| policy.move_days = 4).and(ADA, hand(ALONE, &["SN-1"]));
    assert_eq!(slept(moving(), 38), ["move_expired", "link_ended"]);
    let state = |given: &Given| given.get::<Move>(MOVE.uuid()).handshake.state;
    moving().later(38).swept().look(|given| assert_eq!(state(given), HandshakeState::Expired));
    let late = linked(9, false, |policy| policy.move_days = 10).and(ADA, hand(ALONE, &["SN-1"]));
    assert_eq!(slept(late, 38), ["link_ended", "move_canceled"]);
    assert_eq!(slept(moving(), 8), ["link_expiring", "move_expired"]);
    // So has a delink request.
    let short: fn(&mut Policy) = |policy| policy.delink_request_days = Some(5);
    let asked = |days, auto_extend| linked(days, auto_extend, short).and(ADA, RequestDelink::new(ASKED_LINK));
    assert_eq!(slept(asked(7, false), 7), ["delink_expired", "link_ended"]);
    assert_eq!(slept(asked(4, false), 7), ["link_ended"]);
    assert_eq!(slept(asked(36, false), 10), ["delink_expired", "link_expiring"]);
    assert_eq!(slept(asked(33, false), 10), ["link_expiring", "delink_expired"]);
    assert_eq!(slept(asked(4, true), 5), ["link_extended", "delink_expired"]);
    assert_eq!(slept(asked(6, true), 6), ["delink_expired", "link_extended"]);
    // Of many links, each ends at its own end, however early it was to be announced.
    let ending = |given: Given, number: u128, days| {
        let (tenant, link) = (0x1f00 + number, 0x2f00 + number);
        let tenant = Some(TenantId::from_uuid(Uuid::from_u128(tenant)));
        let link = Some(LinkId::from_uuid(Uuid::from_u128(link)));
        given.and(ADA, AddCustomer { tenant, link, term: term(days, false), ..customer(MSP, "fully") })
    };
    let given =
        [40, 35, 60, 35, 32].iter().zip(0..).fold(given(), |it, (&days, number)| ending(it, number, days));
    let seq = given.engine.token().unwrap().seq;
    let given = given.later(59).swept();
    let ended: Vec<u128> = given
        .engine
        .records_after(seq, 1_000)
        .unwrap()
        .iter()
        .filter_map(|record| match &record.events[0] {
            Event::LinkEnded { link, .. } => Some(link.uuid().as_u128() - 0x2f00),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [4, 1, 3, 0]);
    assert_eq!(happened_since(&given, seq).first().unwrap(), "link_expiring");
    given.verified();
}

#[test]
fn l9_a_link_that_extends_itself_goes_on() {
    let extending = || given().and(ADA, AddCustomer { term: term(60, true), ..customer(MSP, "jointly") });
    let given = extending().later(60).swept().then_may(ADA, "devices.view", NEW);
    let end = given.get::<Link>(NEW_LINK.uuid()).term.clone().unwrap().expires;
    assert_eq!(end, dawn().plus_days(120));
    // After a long sleep it ends where the next end lies ahead.
    let given = extending().later(1000).swept();
    let link = given.get::<Link>(NEW_LINK.uuid());
    assert_eq!((link.stage, link.term.clone().unwrap().expires), (Stage::Active, dawn().plus_days(1020)));
}

#[test]
fn l9_who_prolongs_and_who_ends() {
    let with = |how, auto| given().and(ADA, AddCustomer { term: term(60, auto), ..customer(MSP, how) });
    let joint = || with("jointly", false).and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")));
    let extend = |days| SetAutoExtend { days, ..SetAutoExtend::new(NEW_LINK) };
    for (actor, days, expected) in [
        (OLGA.into(), Some(30), happened(&["auto_extend_set"])),
        (OLGA.into(), None, happened(&["auto_extend_set"])),
        (ADA.into(), Some(30), refused(WrongActor)),
        (ADA.into(), None, happened(&["auto_extend_set"])),
        (STAFF, Some(30), refused(TicketRequired)),
        (staff_for("T-1"), Some(30), happened(&["auto_extend_set"])),
        (OLGA.into(), Some(45), refused(NothingToDo)),
        (OLGA.into(), Some(0), refused(TermTooLong)),
        (OLGA.into(), Some(3_651), refused(TermTooLong)),
        (NINA.into(), Some(30), refused(UnknownLink)),
        (RITA.into(), None, refused(RoleLacksPermission)),
    ] {
        joint().and(OLGA, extend(Some(45))).when(actor, extend(days)).then(expected);
    }
    with("fully", false).when(ADA, extend(Some(30))).then(done());
    given().when(ADA, SetAutoExtend::new(JOINTLY_LINK)).then(refused(NoTerm));
    delinked(given()).when(ADA, SetAutoExtend::new(JOINTLY_LINK)).then(refused(LinkEnded));
    joint().later(60).when(OLGA, extend(Some(30))).then(refused(LinkEnded));
}

#[test]
fn l9_the_policy_bounds_the_term() {
    let lasting = |days| AddCustomer { term: term(days, false), ..customer(MSP, "fully") };
    given().when(ADA, lasting(0)).then(refused(TermTooLong));
    given().when(ADA, lasting(3_650)).then(done());
    given().when(ADA, lasting(3_651)).then(refused(TermTooLong));
    let required = || given().under(|policy| policy.term.required = true);
    required().when(ADA, customer(MSP, "fully")).then(refused(TermRequired));
    required().when(ADA, lasting(10)).then(done());
    required().when(NINA, ask(SECOND, "ALONE", "jointly")).then(refused(TermRequired));
}

#[test]
fn t8_what_was_named_by_its_number_is_refused_by_its_number() {
    let given = given();
    let stranger = given.engine.submit(given.request(NINA, ask(SECOND, "RESELLER", "jointly")));
    let Err(tenantry::Error::Refused(refusal)) = stranger else { panic!("{stranger:?}") };
    assert_eq!((refusal.code, refusal.about.as_str()), (CannotBeManaged, "RESELLER"));
    let listed = AddResellerCustomer::new(RESELLER, text("RESELLER"));
    let listed = given.engine.submit(given.request(ROB, listed));
    let Err(tenantry::Error::Refused(refusal)) = listed else { panic!("{listed:?}") };
    assert_eq!((refusal.code, refusal.about.as_str()), (CannotReceive, "RESELLER"));
}

#[test]
fn t9_a_link_to_a_tenant_that_one_is_kept_off_is_not_there() {
    let kept_off = || given().and(STAFF, assign(GINA, JOINTLY, "no_access"));
    let link = JOINTLY_LINK;
    kept_off().when(GINA, CancelDelink::new(link)).then(refused(UnknownLink));
    kept_off().when(GINA, AddServices::new(link, set(&["configure"]))).then(refused(UnknownLink));
    let parted = kept_off().and(ADA, RequestDelink::new(link)).and(JULIA, AcceptDelink::new(link));
    parted.when(ADA, CancelDelink::new(link)).then(refused(LinkEnded));
    let parted = kept_off().and(ADA, RequestDelink::new(link)).and(JULIA, AcceptDelink::new(link));
    parted.when(GINA, CancelDelink::new(link)).then(refused(UnknownLink));
}

#[test]
fn t9_a_request_that_became_a_link_is_there_for_those_for_whom_the_link_is() {
    let narrow = |who, role| RegisterUser { below: Some(false), ..user(who, MSP, "narrow", role) };
    let given = given()
        .and(STAFF, narrow(EVE, "admin"))
        .and(ADA, ask(MSP, "ALONE", "jointly"))
        .and(CARL, AcceptLink::new(ASKED));
    let listed = |given: &Given| {
        let filter = LinkRequestFilter { sent: true, state: None };
        given.engine.ask(LinkRequests { filter, ..LinkRequests::new(EVE.into(), MSP) }).unwrap().rows.len()
    };
    assert_eq!(listed(&given), 0);
    let ended = || {
        let given = super::given()
            .and(STAFF, narrow(EVE, "admin"))
            .and(ADA, ask(MSP, "ALONE", "jointly"))
            .and(CARL, AcceptLink::new(ASKED));
        given.and(ADA, RequestDelink::new(ASKED_LINK)).and(CARL, AcceptDelink::new(ASKED_LINK))
    };
    ended().when(EVE, AcceptLink::new(ASKED)).then(refused(UnknownLinkRequest));
    ended().when(EVE, CancelLinkRequest::new(ASKED)).then(refused(UnknownLinkRequest));
    // A role on the tenant itself shows the link, and so the request.
    assert_eq!(listed(&given.and(ADA, assign(EVE, ALONE, "read_only"))), 1);
}

#[test]
fn t8_t9_whom_a_manager_asked_is_not_told_by_asking_where_the_manager_is_not_there() {
    // `GUS` may ask for `MSP`, which does not exist for him, though `JOINTLY` does.
    let desk = RoleId::from_uuid(Uuid::from_u128(0x6d0));
    let role =
        CreateRole { role: Some(desk), ..CreateRole::new(GRAND, text("Desk"), set(&["customers.add"])) };
    let given = given()
        .and(GINA, role)
        .and(GINA, assign(GUS, MSP, &desk.to_string()))
        .and(GINA, assign(GUS, JOINTLY, "read_only"))
        .and(ADA, ask(MSP, "ALONE", "jointly"));
    let anew = |number| RequestLink { request: Some(ASKED_AGAIN), ..ask(MSP, number, "jointly") };
    let mut given = given.then_may(GUS, "tenant.view", JOINTLY);
    for (number, told) in [("JOINTLY", AlreadyLinked), ("ALONE", LinkAlreadyRequested)] {
        given = given.when(GINA, anew(number)).then(refused(told));
        given = given.when(GUS, anew(number)).then(refused(CannotBeAsked));
    }
}

#[test]
fn l9_no_link_ends_unannounced_however_late_its_end_comes_about() {
    let told = |given: &Given| -> Vec<(String, Option<u32>)> {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        given.engine.acknowledge("mail", mail.through).unwrap();
        let days = |kind: &NoticeKind| match kind {
            NoticeKind::LinkExpiring { days, .. } => Some(*days),
            NoticeKind::AutoExtendSet { days, .. } => *days,
            _ => None,
        };
        let of_term = |kind: &NoticeKind| {
            matches!(kind, NoticeKind::LinkExpiring { .. } | NoticeKind::AutoExtendSet { .. })
        };
        let found = mail.notices.iter().map(|notice| &notice.kind).filter(|kind| of_term(kind));
        found.map(|kind| (kind.name().to_owned(), days(kind))).collect()
    };
    let expiring = |days| ("link_expiring".to_owned(), Some(days));
    let with = |days, auto_extend| AddCustomer {
        term: Some(TermRequest { auto_extend, ..TermRequest::days(days) }),
        ..customer(MSP, "fully")
    };
    // A short term is announced with the link, and again when its moments come.
    let given = given().and(ADA, with(6, false));
    assert_eq!(told(&given), [expiring(6)]);
    let given = given.later(5).and(STAFF, rename(ALONE));
    assert_eq!(told(&given), [expiring(1)]);
    // So is an end that comes about late, and both sides are told of the switch.
    let given = super::given().and(ADA, with(60, true)).later(59);
    assert_eq!(told(&given), []);
    let given = given.and(ADA, SetAutoExtend::new(NEW_LINK));
    assert_eq!(told(&given), [("auto_extend_set".to_owned(), None), expiring(1)]);
    let given = given.and(ADA, SetAutoExtend { days: Some(30), ..SetAutoExtend::new(NEW_LINK) });
    assert_eq!(told(&given), [("auto_extend_set".to_owned(), Some(30))]);
}

#[test]
fn t9_a_link_is_not_there_for_whoever_its_manager_is_not_there_for() {
    // `GUS` works on `JOINTLY` alone: `MSP`, which manages it, does not exist for him.
    let given =
        given().and(GINA, assign(GUS, GRAND, "no_access")).and(GINA, assign(GUS, JOINTLY, "read_only"));
    let given = given.and(ADA, AddServices::new(JOINTLY_LINK, set(&["enrollment"])));
    let proposal = given.engine.ask(Awaiting::new(JULIA.into())).unwrap().rows;
    let Awaited::Proposal { proposal, .. } = proposal[0].what.clone() else { panic!() };
    let mut given = given.then_denied(GUS, "tenant.view", MSP, RoleLacksPermission);
    let commands: [(Command, Code); 8] = [
        (AddServices::new(JOINTLY_LINK, set(&["enrollment"])).into(), UnknownLink),
        (RequestDelink::new(JOINTLY_LINK).into(), UnknownLink),
        (SetAutoExtend::new(JOINTLY_LINK).into(), UnknownLink),
        (ConvertLink::new(JOINTLY_LINK, text("fully")).into(), UnknownLink),
        (ProposeTerms::new(JOINTLY_LINK).into(), UnknownLink),
        (AcceptProposal::new(proposal).into(), UnknownProposal),
        (CancelProposal::new(proposal).into(), UnknownProposal),
        (ResendProposal::new(proposal).into(), UnknownProposal),
    ];
    for (command, code) in commands {
        given = given.when(GUS, command).then(refused(code));
    }
}

#[test]
fn t9_q5_what_a_manager_is_asked_awaits_nobody_for_whom_it_is_not_there() {
    let desk = RoleId::from_uuid(Uuid::from_u128(0x7d2));
    let permissions = set(&["customers.delink", "customers.add"]);
    let role = CreateRole { role: Some(desk), ..CreateRole::new(GRAND, text("Desk"), permissions) };
    let blind = NewAssignment { below: Some(false), ..place(GINA, MSP, &desk.to_string()) };
    let given = given().and(STAFF, role).and(JULIA, RequestDelink::new(JOINTLY_LINK));
    let given = given.and(CARL, InviteManager::new(ALONE, text("MSP")));
    let listed = |given: &Given, user: UserId| {
        given.engine.ask(ManagerInvitations::new(user.into(), MSP)).unwrap().rows.len()
    };
    let awaits = |given: &Given, user: UserId| given.engine.ask(Awaiting::new(user.into())).unwrap().rows;
    assert_eq!((awaits(&given, GINA).len(), listed(&given, GINA)), (2, 1));
    let given = given.and(STAFF, Assign::new(vec![blind]));
    let given = given.then_may(GINA, "customers.delink", MSP).then_may(GINA, "tenant.view", JOINTLY);
    assert_eq!((awaits(&given, GINA), listed(&given, GINA)), (vec![], 0));
    assert_eq!((awaits(&given, ADA).len(), listed(&given, ADA)), (2, 1));
}

#[test]
fn l6_of_a_link_that_has_ended_nothing_is_told_of_how_the_customer_stands() {
    // Another manages the same service by now, and nobody is left who could be asked.
    let ended = || {
        let given = delinked(given()).and(NINA, ask(SECOND, "JOINTLY", "jointly"));
        given.and(JULIA, AcceptLink::new(ASKED))
    };
    for actor in [tenantry::model::Actor::from(ADA), STAFF] {
        ended()
            .when(actor.clone(), AddServices::new(JOINTLY_LINK, set(&["enrollment"])))
            .then(refused(LinkEnded));
        ended()
            .when(actor.clone(), AddServices::new(JOINTLY_LINK, set(&["manage"])))
            .then(refused(NothingToDo));
        let wider = ended().under(|policy| policy.management_types[1].needs_grants = false);
        wider.when(actor.clone(), ProposeTerms::new(JOINTLY_LINK)).then(refused(LinkEnded));
    }
    let locked = given().and(ADA, ConvertLink::new(FULLY_LINK, text("jointly")));
    let locked = locked.and(ADA, RequestDelink::new(FULLY_LINK)).and(FRED, AcceptDelink::new(FULLY_LINK));
    locked.when(ADA, ConvertLink::new(FULLY_LINK, text("jointly"))).then(refused(LinkEnded));
}

#[test]
fn t8_t9_whoever_is_kept_off_a_customer_is_not_told_by_asking_that_it_is_one() {
    let given = given().and(ADA, assign(ADAM, JOINTLY, "no_access"));
    let again = || ask(MSP, "JOINTLY", "jointly");
    let given = given.when(ADA, again()).then(refused(AlreadyLinked));
    given.when(ADAM, again()).then(refused(CannotBeAsked));
}
