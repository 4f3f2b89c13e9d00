//! What is proposed on a living link (L-6, L-9): more services, a later end.

use tenantry::base::ids::ProposalId;
use tenantry::base::text::Service;
use tenantry::base::time::Timestamp;
use tenantry::model::{
    Actor, HandshakeState, Link, LinkRequest, Proposal, ProposalContent, Subject, TermRequest,
};
use tenantry::notice::Notice;
use tenantry::policy::{AddedServices, Policy};
use tenantry::refusal::Code::*;

use super::*;

const PROPOSED: ProposalId = ProposalId::from_uuid(Uuid::from_u128(0x6b0));
const AGAIN: ProposalId = ProposalId::from_uuid(Uuid::from_u128(0x6b1));

/// To manage `JOINTLY` for these, too.
fn more(services: &[&str]) -> AddServices {
    AddServices { proposal: Some(PROPOSED), ..AddServices::new(JOINTLY_LINK, set(services)) }
}

/// A world in which `ADA` asked `JULIA` for `enrollment`.
fn asked() -> Given {
    given().and(ADA, more(&["enrollment"]))
}

fn renew(link: LinkId, term: TermRequest) -> RenewLink {
    RenewLink { proposal: Some(PROPOSED), ..RenewLink::new(link, term) }
}

/// A world with a new customer whose link ends after 60 days, and whose owner has signed up.
fn ending() -> Given {
    let term = Some(TermRequest::days(60));
    given()
        .and(ADA, AddCustomer { term, ..customer(MSP, "jointly") })
        .and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")))
}

fn state(given: &Given) -> HandshakeState {
    given.get::<Proposal>(PROPOSED.uuid()).handshake.state
}

fn services(given: &Given, link: LinkId) -> std::collections::BTreeSet<Service> {
    given.get::<Link>(link.uuid()).services.clone()
}

fn end(given: &Given, link: LinkId) -> Timestamp {
    given.get::<Link>(link.uuid()).term.as_ref().unwrap().expires
}

#[test]
fn l6_services_are_asked_for_where_the_customer_has_a_say() {
    let given = given().when(ADA, more(&["enrollment", "manage"])).then(happened(&["proposed"]));
    assert_eq!(services(&given, JOINTLY_LINK), set(&["manage", "configure"]));
    let found = given.get::<Proposal>(PROPOSED.uuid());
    assert_eq!((found.link, found.manager, found.managed), (JOINTLY_LINK, MSP, JOINTLY));
    assert_eq!(found.content, ProposalContent::Services(set(&["enrollment"])), "what is not there yet");
    assert_eq!(found.handshake.sender, Some(Subject::Tenant(MSP)));
    assert_eq!(found.handshake.expires, dawn().plus_days(30));
    let given = given.when(JULIA, AcceptProposal::new(PROPOSED));
    let given = given.then(happened(&["proposal_accepted", "services_added"]));
    assert_eq!(services(&given, JOINTLY_LINK), set(&["manage", "configure", "enrollment"]));
    given.verified();
}

#[test]
fn l6_services_are_added_at_once_where_nobody_has_a_say_or_the_policy_says_so() {
    // Locked.
    let fully = AddServices { proposal: Some(PROPOSED), ..AddServices::new(FULLY_LINK, set(&["configure"])) };
    let locked = given().when(ADA, fully.clone()).then(happened(&["services_added"]));
    // Nothing keeps the id.
    assert!(locked.find::<Proposal>(PROPOSED.uuid()).is_none());
    locked.when(ADA, more(&["enrollment"])).then(happened(&["proposed"]));
    // Nobody there yet.
    let new = |given: Given| given.and(ADA, customer(MSP, "jointly"));
    let add = || AddServices::new(NEW_LINK, set(&["configure"]));
    new(given()).when(ADA, add()).then(happened(&["services_added"])).verified();
    let owned = new(given()).and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")));
    owned.when(ADA, add()).then(happened(&["proposed"]));
    // By policy.
    let notified = given_under(|policy| policy.management_types[1].added_services = AddedServices::Notify);
    notified.when(ADA, more(&["enrollment"])).then(happened(&["services_added"]));
    let clients = Policy::clients().management_types[0].added_services;
    assert_eq!((clients, AddedServices::default()), (AddedServices::Notify, AddedServices::Ask));
}

#[test]
fn l6_nobody_is_asked_whose_super_admins_are_all_blocked_and_nothing_is_done_unasked() {
    let owner = Some(invitee(EVE, EVE_INVITATION, "eve"));
    let convert = ConvertLink { owner, ..ConvertLink::new(FULLY_LINK, text("jointly")) };
    let given = given().and(STAFF, BlockUser::new(FRED)).and(ADA, convert);
    let add = || AddServices::new(FULLY_LINK, set(&["configure"]));
    let when = given.when(ADA, add());
    assert_eq!(when.refusal().about, FULLY.to_string());
    let given = when.then(refused(CannotBeAsked)).when(STAFF, add()).then(refused(NoCustomerOwner));
    given.and(STAFF, UnblockUser::new(FRED)).when(ADA, add()).then(happened(&["proposed"])).verified();
}

#[test]
fn l6_what_stands_in_the_way_of_asking() {
    let other = || AddServices { proposal: Some(AGAIN), ..more(&["asset-intelligence"]) };
    for (actor, command, expected) in [
        (Actor::from(ADA), more(&[]), refused(NoServices)),
        (ADA.into(), more(&["laundry"]), refused(UnknownService)),
        (ADA.into(), more(&["manage"]), refused(NothingToDo)),
        (ADA.into(), AddServices { proposal: Some(text(&JULIA.to_string())), ..other() }, refused(IdTaken)),
        (
            ADA.into(),
            AddServices { proposal: Some(ProposalId::from_uuid(Uuid::nil())), ..other() },
            refused(NilId),
        ),
        (RITA.into(), other(), refused(RoleLacksPermission)),
        (JULIA.into(), other(), refused(WrongActor)),
        (NINA.into(), other(), refused(UnknownLink)),
        (STAFF, other(), happened(&["proposed"])),
    ] {
        given().when(actor, command).then(expected);
    }
    // One of a kind at a time, until it is answered.
    let given = asked().when(ADA, other()).then(refused(AlreadyProposed));
    given.and(JULIA, DeclineProposal::new(PROPOSED)).when(ADA, other()).then(done());
    asked().later(30).when(ADA, other()).then(done());
    delinked(super::given()).when(ADA, other()).then(refused(LinkEnded));
    // Where it is done at once, nobody is asked and nothing pending stands in the way.
    let notified = asked().under(|policy| policy.management_types[1].added_services = AddedServices::Notify);
    let notified = notified.agreed(JOINTLY_LINK);
    notified.when(ADA, other()).then(happened(&["services_added"]));
}

#[test]
fn l3_the_whole_table_of_a_proposal() {
    let accepted = || asked().and(JULIA, AcceptProposal::new(PROPOSED));
    let declined = || asked().and(JULIA, DeclineProposal::new(PROPOSED));
    let canceled = || asked().and(ADAM, CancelProposal::new(PROPOSED));
    let expired = || asked().later(30);
    let answered = refused(ProposalNotPending);
    let late = refused(ProposalExpired);
    type Make<'a> = &'a dyn Fn() -> Given;
    let rows: [(Make<'_>, HandshakeState, [Expected; 4]); 5] = [
        (
            &asked,
            HandshakeState::Pending,
            [
                happened(&["proposal_accepted", "services_added"]),
                happened(&["proposal_declined"]),
                happened(&["proposal_canceled"]),
                happened(&["proposal_resent"]),
            ],
        ),
        (&accepted, HandshakeState::Accepted, [answered; 4]),
        (&declined, HandshakeState::Declined, [answered; 4]),
        (&canceled, HandshakeState::Canceled, [answered; 4]),
        (&expired, HandshakeState::Expired, [late; 4]),
    ];
    for (make, expected, [accept, decline, cancel, resend]) in rows {
        let given = make().swept();
        assert_eq!(state(&given), expected);
        given.verified();
        make().when(JULIA, AcceptProposal::new(PROPOSED)).then(accept);
        make().when(JULIA, DeclineProposal::new(PROPOSED)).then(decline);
        make().when(ADA, CancelProposal::new(PROPOSED)).then(cancel);
        make().when(ADA, ResendProposal::new(PROPOSED)).then(resend);
        // The other side's turn, whatever the state.
        make().when(ADA, AcceptProposal::new(PROPOSED)).then(refused(WrongActor));
        make().when(ADA, DeclineProposal::new(PROPOSED)).then(refused(WrongActor));
        make().when(JULIA, CancelProposal::new(PROPOSED)).then(refused(WrongActor));
        make().when(JULIA, ResendProposal::new(PROPOSED)).then(refused(WrongActor));
        // Nor is everybody of a side who may.
        make().when(JACK, AcceptProposal::new(PROPOSED)).then(refused(RoleLacksPermission));
        make().when(RITA, CancelProposal::new(PROPOSED)).then(refused(RoleLacksPermission));
        make().when(STAFF, AcceptProposal::new(PROPOSED)).then(refused(TicketRequired));
    }
    let operators = asked().when(staff_for("T-1"), AcceptProposal::new(PROPOSED));
    operators.then(happened(&["proposal_accepted", "services_added"]));
    asked().and(STAFF, disable(JOINTLY)).when(JULIA, AcceptProposal::new(PROPOSED)).then(done()).verified();
}

#[test]
fn t9_a_proposal_is_there_for_those_for_whom_its_link_is() {
    let answers = || -> [Command; 4] {
        [
            AcceptProposal::new(PROPOSED).into(),
            DeclineProposal::new(PROPOSED).into(),
            CancelProposal::new(PROPOSED).into(),
            ResendProposal::new(PROPOSED).into(),
        ]
    };
    for command in answers() {
        given().when(ADA, command.clone()).then(refused(UnknownProposal));
        asked().when(NINA, command.clone()).then(refused(UnknownProposal));
        asked().when(CARL, command.clone()).then(refused(UnknownProposal));
        let kept_off = asked().and(STAFF, assign(ADAM, JOINTLY, "no_access"));
        kept_off.when(ADAM, command.clone()).then(refused(UnknownProposal));
        // Whoever was kept off and is a party still knows of what became of it.
        let parted = asked().and(STAFF, assign(ADAM, JOINTLY, "no_access"));
        let parted = parted.and(ADA, RequestDelink::new(JOINTLY_LINK));
        let parted = parted.and(JULIA, AcceptDelink::new(JOINTLY_LINK));
        assert_eq!(state(&parted), HandshakeState::Withdrawn);
        parted.when(NINA, command).then(refused(UnknownProposal));
    }
    // A refused attempt stands in the audit of both, as one of a link does.
    let given = asked().when(RITA, CancelProposal::new(PROPOSED)).then(refused(RoleLacksPermission));
    let read = given.engine.read().unwrap();
    let audit = Audit { filter: AuditFilter::default(), ..Audit::new(JULIA.into(), JOINTLY) };
    let rows = read.now().unwrap().ask(audit).unwrap().rows;
    assert!(rows.iter().any(|row| row.command.as_deref() == Some("cancel_proposal")), "{rows:#?}");
}

#[test]
fn l3_a_proposal_ends_with_its_link_and_with_whoever_could_ask() {
    let ended = |given: Given, who: Actor, what: Command| {
        let when = given.when(who, what);
        let withdrawn = tenantry::event::Event::ProposalWithdrawn { proposal: PROPOSED };
        assert!(when.events().contains(&withdrawn), "{:?}", when.events());
        let given = when.then(done());
        assert_eq!(state(&given), HandshakeState::Withdrawn);
        given.verified();
        given
    };
    let parting = asked().and(ADA, RequestDelink::new(JOINTLY_LINK));
    let parted = ended(parting, JULIA.into(), AcceptDelink::new(JOINTLY_LINK).into());
    parted.when(JULIA, AcceptProposal::new(PROPOSED)).then(refused(ProposalNotPending));
    let undelinkable =
        asked().under(|policy| policy.management_types[1].delinkable = false).agreed(JOINTLY_LINK);
    ended(undelinkable, STAFF, delete(&[JOINTLY]).into());
    // Nobody of the organisation is left who could ask.
    ended(asked(), GINA.into(), disable(MSP).into());
    // The operator's rests on nobody, and ends with its link all the same.
    let staffs = || given().and(STAFF, more(&["enrollment"]));
    let disabled = staffs().and(GINA, disable(MSP));
    assert_eq!(state(&disabled), HandshakeState::Pending);
    let parting = staffs().and(ADA, RequestDelink::new(JOINTLY_LINK));
    ended(parting, JULIA.into(), AcceptDelink::new(JOINTLY_LINK).into());
    // Of a link that ends by itself it ends with the sweep, and is not accepted before that.
    let short =
        given().and(ADA, AddCustomer { term: Some(TermRequest::days(5)), ..customer(MSP, "jointly") });
    let short = short.and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")));
    let short = short.and(ADA, renew(NEW_LINK, TermRequest::days(90))).later(5);
    let short = short.when(OLGA, AcceptProposal::new(PROPOSED)).then(refused(ProposalNotPending)).swept();
    assert_eq!(state(&short), HandshakeState::Withdrawn);
    short.verified();
    // The employee who asked is not the organisation.
    let left = asked().and(STAFF, user(EVE, MSP, "eve", "admin"));
    let left = left
        .and(ADA, CancelProposal::new(PROPOSED))
        .and(EVE, AddServices { proposal: Some(AGAIN), ..more(&["enrollment"]) });
    left.and(ADA, RemoveUser::new(EVE)).when(JULIA, AcceptProposal::new(AGAIN)).then(done()).verified();
}

fn late_renewal() -> RenewLink {
    RenewLink { proposal: Some(AGAIN), ..RenewLink::new(NEW_LINK, TermRequest::days(90)) }
}

#[test]
fn l3_every_guard_of_a_proposal_is_checked_again_at_acceptance() {
    let accept = || AcceptProposal::new(PROPOSED);
    // Another manager got the service meanwhile.
    let several = asked().under(|policy| policy.max_managers = 2);
    let second = RequestLink { services: set(&["enrollment"]), ..ask(SECOND, "JOINTLY", "jointly") };
    let several = several.and(NINA, second).and(JULIA, AcceptLink::new(ASKED));
    several.when(JULIA, accept()).then(refused(ServicesOverlap)).verified();
    // It was added meanwhile, at once.
    let notified = asked().under(|policy| policy.management_types[1].added_services = AddedServices::Notify);
    let notified = notified.agreed(JOINTLY_LINK);
    let both = AddServices { proposal: None, ..more(&["enrollment", "asset-intelligence"]) };
    notified.and(ADA, both).when(JULIA, accept()).then(refused(NothingToDo)).verified();
}

#[test]
fn l3_who_is_asked_too_often_by_proposals() {
    let few = given().under(|policy| policy.asks_per_day = 2);
    let remind = || ResendProposal::new(PROPOSED);
    let given = few.and(ADA, more(&["enrollment"])).and(ADAM, remind());
    let given = given.when(ADA, remind()).then(refused(TooManyRequests)).and(STAFF, remind());
    let given = given.when(ADA, RequestDelink::new(JOINTLY_LINK)).then(refused(TooManyRequests));
    let given = given.and(ADA, CancelProposal::new(PROPOSED));
    let again = || AddServices { proposal: Some(AGAIN), ..more(&["enrollment"]) };
    given
        .when(ADA, again())
        .then(refused(TooManyRequests))
        .later(1)
        .when(ADA, again())
        .then(done())
        .verified();
}

#[test]
fn p13_a_service_that_is_proposed_is_in_use() {
    let without = |given: Given| {
        let mut policy = given.policy();
        policy.services.remove(&text::<Service>("asset-intelligence"));
        given.when(STAFF, SetPolicy::new(policy.into()))
    };
    // The link at the top has it, too, and has to go first.
    let parted = || given().and(GINA, RequestDelink::new(GRAND_LINK)).and(ADA, AcceptDelink::new(GRAND_LINK));
    without(parted()).then(done());
    let proposed = parted().and(ADA, more(&["asset-intelligence"]));
    let proposed = without(proposed).then(refused(PolicyInUse));
    without(proposed.and(JULIA, DeclineProposal::new(PROPOSED))).then(done());
}

#[test]
fn l9_a_renewal_moves_the_end_and_keeps_the_link() {
    let given =
        ending().later(10).when(ADA, renew(NEW_LINK, TermRequest::days(100))).then(happened(&["proposed"]));
    assert_eq!(end(&given, NEW_LINK), dawn().plus_days(60));
    // The days count from the answer.
    let given = given.later(5).when(OLGA, AcceptProposal::new(PROPOSED));
    let given = given.then(happened(&["proposal_accepted", "link_renewed"]));
    assert_eq!(end(&given, NEW_LINK), dawn().plus_days(115));
    let index = given.engine.access_index().unwrap();
    let given = given.later(50).then_may(ADA, "devices.manage", NEW).swept();
    let permission = index.permission("devices.manage").unwrap();
    assert_eq!(index.check(ADA, permission, NEW, given.engine.now()).reason, None, "past the end it had");
    assert_eq!(given.get::<Link>(NEW_LINK.uuid()).announced_days, None, "it is announced anew");
    let given = given.later(21).swept();
    assert_eq!(given.get::<Link>(NEW_LINK.uuid()).announced_days, Some(30));
    given.later(30).swept().then_denied(ADA, "devices.manage", NEW, NotLinked).verified();
    // Up to a moment, and going on from there.
    let moment = dawn().plus_days(90).plus_seconds(1);
    let term = TermRequest { auto_extend: true, ..TermRequest::until(moment) };
    let given = ending().and(ADA, renew(NEW_LINK, term)).later(10).and(OLGA, AcceptProposal::new(PROPOSED));
    let found = given.get::<Link>(NEW_LINK.uuid()).term.clone().unwrap();
    assert_eq!((found.expires, found.auto_extend_days), (moment, Some(81)));
    given.later(81).swept().look(|given| assert_eq!(end(given, NEW_LINK), moment.plus_days(81)));
}

#[test]
fn l9_a_renewal_is_the_managers_own_where_nobody_has_a_say() {
    let term = Some(TermRequest::days(60));
    let fully = || given().and(ADA, AddCustomer { term, ..customer(MSP, "fully") });
    let given =
        fully().when(ADA, renew(NEW_LINK, TermRequest::days(3_650))).then(happened(&["link_renewed"]));
    assert_eq!(end(&given, NEW_LINK), dawn().plus_days(3_650));
    assert!(given.find::<Proposal>(PROPOSED.uuid()).is_none());
    let unsigned = super::given().and(ADA, AddCustomer { term, ..customer(MSP, "jointly") });
    unsigned.when(ADA, renew(NEW_LINK, TermRequest::days(90))).then(happened(&["link_renewed"])).verified();
    // An end that is near is announced with it.
    let soon = fully().later(59).when(ADA, renew(NEW_LINK, TermRequest::days(5)));
    soon.then(happened(&["link_renewed", "link_expiring"]));
}

#[test]
fn l9_what_stands_in_the_way_of_a_renewal() {
    let (days, until) = (TermRequest::days, TermRequest::until);
    let both = TermRequest { days: Some(90), ..until(dawn().plus_days(90)) };
    for (who, term, expected) in [
        (ADA, days(60), refused(EndNotLater)),
        (ADA, days(0), refused(TermTooLong)),
        (ADA, days(3_651), refused(TermTooLong)),
        (ADA, until(dawn()), refused(EndNotLater)),
        (ADA, until(dawn().plus_days(60)), refused(EndNotLater)),
        (ADA, until(dawn().plus_days(3_650).plus_seconds(1)), refused(TermTooLong)),
        (ADA, until(dawn().plus_days(3_650)), done()),
        (ADA, TermRequest::default(), refused(TermUnclear)),
        (ADA, both, refused(TermUnclear)),
        (OLGA, days(90), refused(WrongActor)),
        (NINA, days(90), refused(UnknownLink)),
        (RITA, days(90), refused(RoleLacksPermission)),
    ] {
        ending().when(who, renew(NEW_LINK, term)).then(expected);
    }
    given().when(ADA, renew(JOINTLY_LINK, days(90))).then(refused(NoTerm));
    ending().later(60).when(ADA, renew(NEW_LINK, days(90))).then(refused(LinkEnded));
    // One of a kind at a time; services are of another.
    let asked = ending().and(ADA, renew(NEW_LINK, days(90)));
    let asked = asked.when(ADA, late_renewal()).then(refused(AlreadyProposed));
    let add = AddServices { proposal: Some(AGAIN), ..AddServices::new(NEW_LINK, set(&["configure"])) };
    let asked = asked.when(ADA, add).then(happened(&["proposed"]));
    // At the answer, it has to be later still than the end that the link has by then.
    let extended = asked.and(OLGA, SetAutoExtend { days: Some(200), ..SetAutoExtend::new(NEW_LINK) });
    extended.when(OLGA, AcceptProposal::new(PROPOSED)).then(done());
    let moment = dawn().plus_days(70);
    let stale = ending().and(ADA, renew(NEW_LINK, until(moment)));
    let stale = stale
        .and(OLGA, SetAutoExtend { days: Some(30), ..SetAutoExtend::new(NEW_LINK) })
        .under(|policy| policy.link_request_days = 200);
    let stale = stale
        .and(ADA, CancelProposal::new(PROPOSED))
        .and(ADA, RenewLink { proposal: Some(AGAIN), ..renew(NEW_LINK, until(moment)) });
    stale.later(65).when(OLGA, AcceptProposal::new(AGAIN)).then(refused(EndNotLater)).verified();
}

#[test]
fn l9_a_request_may_name_the_moment_at_which_its_link_ends() {
    let moment = dawn().plus_days(40);
    let with = |term| RequestLink { term: Some(term), ..ask(SECOND, "ALONE", "jointly") };
    let given =
        given().and(NINA, with(TermRequest::until(moment))).later(7).and(CARL, AcceptLink::new(ASKED));
    assert_eq!(end(&given, ASKED_LINK), moment);
    given.verified();
    for (term, expected) in [
        (TermRequest::default(), refused(TermUnclear)),
        (TermRequest { days: Some(3), ..TermRequest::until(moment) }, refused(TermUnclear)),
        (TermRequest::until(dawn()), refused(EndNotLater)),
        (TermRequest::until(dawn().plus_days(3_651)), refused(TermTooLong)),
    ] {
        super::given().when(NINA, with(term)).then(expected);
        let new = AddCustomer { term: Some(term), ..customer(MSP, "fully") };
        super::given().when(ADA, new).then(expected);
    }
    // What has passed by the answer is told then, and the request stays.
    let late = super::given().and(NINA, with(TermRequest::until(dawn().plus_days(3)))).later(3);
    let late = late.when(CARL, AcceptLink::new(ASKED)).then(refused(EndNotLater));
    assert_eq!(late.get::<LinkRequest>(ASKED.uuid()).handshake.state, HandshakeState::Pending);
}

#[test]
fn a4_a_proposal_is_told_to_whoever_answers_it_and_what_became_of_it_to_whoever_asked() {
    let read_up = |given: Given| {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        given.engine.acknowledge("mail", mail.through).unwrap();
        given
    };
    let told = |given: &Given| -> Vec<(String, Vec<UserId>, bool)> {
        let mail = given.engine.notices("mail", 1_000).unwrap().notices;
        let show =
            |it: &Notice| (it.kind.name().to_owned(), it.to.users.iter().copied().collect(), it.settled);
        mail.iter().map(show).collect()
    };
    let one = |kind: &str, to: &[UserId], settled| vec![(kind.to_owned(), to.to_vec(), settled)];
    let given = read_up(given()).and(ADA, more(&["enrollment"]));
    assert_eq!(told(&given), one("proposed", &[JULIA], false));
    let given = read_up(given).and(ADA, ResendProposal::new(PROPOSED));
    assert_eq!(told(&given), one("proposal_reminder", &[JULIA], false));
    let declined = given.and(JULIA, DeclineProposal::new(PROPOSED));
    assert_eq!(told(&declined)[0], one("proposal_reminder", &[JULIA], true)[0]);
    assert_eq!(told(&declined)[1..], one("proposal_declined", &[ADA, ADAM], false));
    let accepted = read_up(asked()).and(JULIA, AcceptProposal::new(PROPOSED));
    assert_eq!(told(&accepted), one("services_added", &[ADA, ADAM, JULIA], false));
    let canceled = read_up(asked()).and(ADA, CancelProposal::new(PROPOSED));
    assert_eq!(told(&canceled), one("proposal_canceled", &[JULIA], false));
    let expired = read_up(asked().later(10).swept()).later(20).swept();
    assert_eq!(told(&expired), one("proposal_expired", &[ADA, ADAM], false));
    // Nobody who is kept off the customer is told.
    let kept_off = asked().and(STAFF, assign(ADAM, JOINTLY, "no_access"));
    let kept_off = read_up(kept_off).and(JULIA, DeclineProposal::new(PROPOSED));
    assert_eq!(told(&kept_off), one("proposal_declined", &[ADA], false));
    // What took effect unasked is told to whoever signs up.
    let new = read_up(
        super::given()
            .and(ADA, AddCustomer { term: Some(TermRequest::days(60)), ..customer(MSP, "jointly") }),
    );
    let new = new.and(ADA, AddServices::new(NEW_LINK, set(&["configure"])));
    assert_eq!(
        told(&new),
        one(
            "services_added",
            &[OLGA, ADA, ADAM]
                .into_iter()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>(),
            false
        )
    );
    let new = read_up(new).and(ADA, RenewLink::new(NEW_LINK, TermRequest::days(90)));
    assert!(told(&new)[0].1.contains(&OLGA));
    let owned = new.and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")));
    let owned = read_up(owned).and(
        ADA,
        AddServices { proposal: Some(PROPOSED), ..AddServices::new(NEW_LINK, set(&["enrollment"])) },
    );
    assert_eq!(told(&owned), one("proposed", &[OLGA], false));
}
