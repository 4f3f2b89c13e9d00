//! What both sides of a link agreed to, and what a policy that changes makes of it (P-13).

use tenantry::base::ids::ProposalId;
use tenantry::model::{Actor, HandshakeState, Link, LinkRequest, Proposal};
use tenantry::notice::NoticeKind;
use tenantry::policy::{AddedServices, MoveRule, Policy, Terms};
use tenantry::query::{LinkTerms, TermsOfLink};
use tenantry::refusal::Code::*;

use super::*;

const PROPOSED: ProposalId = ProposalId::from_uuid(Uuid::from_u128(0x6b0));

fn propose(link: LinkId) -> ProposeTerms {
    ProposeTerms { proposal: Some(PROPOSED), ..ProposeTerms::new(link) }
}

/// Drops a permission from a policy altogether.
fn without(policy: &mut Policy, permission: &str) {
    for set in [&mut policy.permissions, &mut policy.reserved, &mut policy.grantable, &mut policy.super_only]
    {
        set.remove(permission);
    }
    for role in &mut policy.roles {
        role.permissions.remove(permission);
    }
}

fn terms(given: &Given, link: LinkId) -> u32 {
    given.get::<Link>(link.uuid()).terms
}

fn told(given: &Given, actor: impl Into<Actor>, link: LinkId) -> TermsOfLink {
    given.engine.ask(LinkTerms::new(actor.into(), link)).unwrap()
}

/// Joint management leaves its manager more, in one way.
type Change = fn(&mut Policy);

/// Every way in which the terms of joint management can leave the manager more.
const WIDER: [(&str, Change); 10] = [
    ("a lock", |it| {
        it.management_types[0].converts_to.clear();
        let jointly = &mut it.management_types[1];
        (jointly.locks_customer, jointly.needs_grants) = (true, false);
        (jointly.delinkable, jointly.exclusive) = (false, true);
    }),
    ("no grants", |it| it.management_types[1].needs_grants = false),
    ("no delink", |it| it.management_types[1].delinkable = false),
    ("exclusive", |it| it.management_types[1].exclusive = true),
    ("moves that are asked for", |it| it.management_types[1].moves = MoveRule::Approval),
    ("moves at once", |it| it.management_types[1].moves = MoveRule::AtOnce),
    ("services that are notified", |it| it.management_types[1].added_services = AddedServices::Notify),
    ("no request by the customer", |it| it.customer_may_request_delink = false),
    ("requests that lapse", |it| it.delink_request_days = Some(30)),
    ("a permission that is new", |it| {
        it.permissions.extend([text("backup.run")]);
        it.roles[0].permissions.extend([text("backup.run")]);
        it.roles[1].permissions.extend([text("backup.run")]);
    }),
];

/// Ways in which they can leave the manager less.
const NARROWER: [(&str, Change); 5] = [
    ("another type to become", |it| {
        let mut other = it.management_types[1].clone();
        other.name = text("otherwise");
        it.management_types[1].converts_to = set(&["otherwise"]);
        it.management_types.push(other);
    }),
    ("a notice period", |it| it.management_types[1].notice_days = Some(30)),
    ("more that is reserved", |it| {
        it.reserved.extend([text("audit.view")]);
    }),
    ("more that takes a grant", |it| {
        it.grantable.extend([text("devices.manage")]);
    }),
    ("fewer permissions", |it| without(it, "alerts.manage")),
];

#[test]
fn p13_a_link_keeps_what_its_type_meant_when_it_was_agreed_upon() {
    let given = given().under(|policy| {
        let jointly = &mut policy.management_types[1];
        jointly.needs_grants = false;
        jointly.delinkable = false;
        jointly.added_services = AddedServices::Notify;
        jointly.moves = MoveRule::AtOnce;
    });
    // Still by the customer's grant, still to be parted from, still asked for services.
    let given = given
        .then_denied(ADA, "users.manage", JOINTLY, NotGranted)
        .when(JULIA, RequestDelink::new(JOINTLY_LINK))
        .then(done())
        .when(ADA, AddServices::new(JOINTLY_LINK, set(&["enrollment"])))
        .then(happened(&["proposed"]));
    // What is agreed upon from now on is under the new.
    let given = given.and(ADA, customer(MSP, "jointly"));
    given.then_may(ADA, "users.manage", NEW).verified();
}

#[test]
fn p13_a_lock_that_a_policy_brings_locks_nobody_who_did_not_agree() {
    let (_, lock) = WIDER[0];
    let given = given().under(lock).then_may(JULIA, "users.manage", JOINTLY);
    let given = given.and(ADA, propose(JOINTLY_LINK)).then_may(JULIA, "users.manage", JOINTLY);
    let given = given.when(JULIA, AcceptProposal::new(PROPOSED));
    let given = given.then(happened(&["proposal_accepted", "terms_changed"]));
    given.then_denied(JULIA, "users.manage", JOINTLY, CustomerLocked).verified();
}

#[test]
fn p13_whatever_leaves_the_manager_more_takes_the_customers_word() {
    for (what, change) in WIDER {
        let given = given().under(change);
        let before = told(&given, JULIA, JOINTLY_LINK);
        assert!(before.widened && before.proposed.is_none(), "{what}");
        assert_eq!(before.agreed, Terms::of(&Policy::default(), &text("jointly")), "{what}");
        // The customer's side cannot give away by itself what it would have to be asked for.
        let given = given.when(JULIA, propose(JOINTLY_LINK)).then(refused(WrongActor));
        let given = given.when(ADA, propose(JOINTLY_LINK)).then(happened(&["proposed"]));
        assert_eq!(terms(&given, JOINTLY_LINK), 0, "{what}");
        let asked = told(&given, JULIA, JOINTLY_LINK);
        assert_eq!(asked.proposed, Terms::of(&given.policy(), &text("jointly")), "{what}");
        let given = given.when(JULIA, AcceptProposal::new(PROPOSED));
        let given = given.then(happened(&["proposal_accepted", "terms_changed"]));
        assert_eq!(terms(&given, JOINTLY_LINK), 1, "{what}");
        let after = told(&given, ADA, JOINTLY_LINK);
        assert_eq!(
            (after.agreed, after.today),
            (Terms::of(&given.policy(), &text("jointly")), None),
            "{what}"
        );
        given.when(ADA, propose(JOINTLY_LINK)).then(refused(NothingToDo)).verified();
    }
}

#[test]
fn p13_what_leaves_the_manager_less_is_at_once_whoever_proposes_it() {
    for (what, change) in NARROWER {
        for who in [Actor::from(ADA), JULIA.into(), STAFF] {
            let given = given().under(change);
            assert!(!told(&given, JULIA, JOINTLY_LINK).widened, "{what}");
            let given = given.when(who.clone(), propose(JOINTLY_LINK)).then(happened(&["terms_changed"]));
            assert!(given.find::<Proposal>(PROPOSED.uuid()).is_none(), "nothing keeps the id");
            given.verified();
        }
    }
    // Both at once leave it more.
    let both = given().under(|policy| {
        NARROWER[1].1(policy);
        WIDER[5].1(policy);
    });
    both.when(JULIA, propose(JOINTLY_LINK)).then(refused(WrongActor));
}

#[test]
fn p13_what_is_reserved_or_takes_a_grant_by_now_does_so_on_every_link() {
    let given = given().then_may(ADA, "audit.view", JOINTLY).then_may(ADA, "devices.manage", JOINTLY);
    let given = given.under(|policy| {
        policy.reserved.extend([text("audit.view")]);
        policy.grantable.extend([text("devices.manage")]);
    });
    let given = given.then_denied(ADA, "audit.view", JOINTLY, ReservedForCustomer);
    let given = given.then_denied(ADA, "devices.manage", JOINTLY, NotGranted);
    given
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["devices.manage"])))
        .then_may(ADA, "devices.manage", JOINTLY)
        .verified();
}

#[test]
fn p13_a_permission_that_is_new_to_the_policy_is_held_by_links_that_were_agreed_upon_since() {
    let (_, new) = WIDER[9];
    let given = given().under(new);
    let given = given.then_may(JULIA, "backup.run", JOINTLY);
    let given = given.then_denied(ADA, "backup.run", JOINTLY, NotGranted);
    let given = given.then_denied(ADA, "backup.run", FULLY, NotGranted);
    let given = given.and(ADA, customer(MSP, "fully")).then_may(ADA, "backup.run", NEW);
    // Further up, every link of the chain has to have it.
    let given = given.then_denied(GINA, "backup.run", NEW, NotGranted);
    let given = given.and(ADA, propose(JOINTLY_LINK)).and(JULIA, AcceptProposal::new(PROPOSED));
    let given =
        given.then_may(ADA, "backup.run", JOINTLY).then_denied(GINA, "backup.run", JOINTLY, NotGranted);
    // What the policy drops and has again later was agreed upon by nobody.
    let again = |policy: &mut Policy| {
        policy.permissions.extend([text("location.view")]);
        policy.roles.iter_mut().take(2).for_each(|role| role.permissions.extend([text("location.view")]));
    };
    let given = given.under(|policy| without(policy, "location.view")).under(again);
    given.then_denied(ADA, "location.view", FULLY, NotGranted).verified();
}

#[test]
fn p13_where_the_customer_is_locked_out_only_an_operator_with_a_ticket_leaves_the_manager_more() {
    let wider = |policy: &mut Policy| policy.customer_may_request_delink = false;
    let given = given().under(wider);
    given
        .when(ADA, propose(FULLY_LINK))
        .then(refused(CustomerLocked))
        .when(STAFF, propose(FULLY_LINK))
        .then(refused(TicketRequired))
        .when(staff_for("T-1"), propose(FULLY_LINK))
        .then(happened(&["terms_changed"]))
        .verified();
    let narrower = super::given().under(|policy| policy.management_types[0].moves = MoveRule::Refused);
    narrower.when(ADA, propose(FULLY_LINK)).then(happened(&["terms_changed"]));
}

#[test]
fn p13_who_may_propose_terms() {
    let changed = || given().under(|policy| policy.management_types[1].moves = MoveRule::AtOnce);
    for (actor, expected) in [
        (Actor::from(ADA), happened(&["proposed"])),
        (STAFF, happened(&["proposed"])),
        (RITA.into(), refused(RoleLacksPermission)),
        (JACK.into(), refused(RoleLacksPermission)),
        (NINA.into(), refused(UnknownLink)),
    ] {
        changed().when(actor, propose(JOINTLY_LINK)).then(expected);
    }
    delinked(changed()).when(ADA, propose(JOINTLY_LINK)).then(refused(LinkEnded));
    // Nor where its type locked the customer, and is in the policy no more.
    for who in [Actor::from(ADA), STAFF] {
        let deleted = given().and(ADA, delete(&[FULLY]));
        let dropped = deleted.under(|policy| drop(policy.management_types.remove(0)));
        dropped.when(who, propose(FULLY_LINK)).then(refused(LinkEnded));
    }
    given().when(ADA, propose(JOINTLY_LINK)).then(refused(NothingToDo));
    given()
        .under(|policy| policy.invitation_days = 3)
        .when(ADA, propose(JOINTLY_LINK))
        .then(refused(NothingToDo));
    // Nobody is there to be asked.
    let unmanned = given().and(ADA, customer(MSP, "jointly"));
    let unmanned = unmanned.under(|policy| policy.management_types[1].moves = MoveRule::AtOnce);
    unmanned.when(ADA, propose(NEW_LINK)).then(refused(CannotBeAsked));
    // Who is on neither side is told nothing of it.
    for who in [NINA, CARL] {
        let refused = given().engine.ask(LinkTerms::new(who.into(), JOINTLY_LINK)).unwrap_err();
        assert_eq!(refused.code(), Some(UnknownLink));
    }
}

#[test]
fn p13_terms_that_were_proposed_are_those_of_that_moment() {
    let asked = given().under(|policy| policy.management_types[1].moves = MoveRule::Approval);
    let asked = asked.and(ADA, propose(JOINTLY_LINK));
    let later = asked.under(|policy| policy.management_types[1].moves = MoveRule::AtOnce);
    let accepted = later.and(JULIA, AcceptProposal::new(PROPOSED));
    let moves = |terms: Option<Terms>| terms.unwrap().management_types[0].moves;
    let found = told(&accepted, JULIA, JOINTLY_LINK);
    assert_eq!((moves(found.agreed), moves(found.today)), (MoveRule::Approval, MoveRule::AtOnce));
    accepted.verified();
}

#[test]
fn p13_a_request_is_under_the_terms_of_its_sending() {
    let asked = given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let later = asked.under(|policy| policy.management_types[1].needs_grants = false);
    let accepted = later.and(CARL, AcceptLink::new(ASKED));
    assert_eq!(accepted.get::<LinkRequest>(ASKED.uuid()).terms, 0);
    assert_eq!(terms(&accepted, LinkId::from_uuid(ASKED.uuid())), 0);
    accepted.then_denied(NINA, "users.manage", ALONE, NotGranted).verified();
}

#[test]
fn p13_a_conversion_is_to_what_was_agreed_upon_and_ends_what_is_proposed_about_the_type() {
    let given = given().under(|policy| {
        policy.management_types[0].added_services = AddedServices::Notify;
        policy.management_types[1].needs_grants = false;
    });
    let convert = ConvertLink::new(FULLY_LINK, text("jointly"));
    let given = given.and(ADA, convert).then_denied(ADA, "users.manage", FULLY, NotGranted);
    // A proposal of terms is about one management type.
    let given = given.and(ADA, propose(FULLY_LINK));
    given.verified();
    let converting = super::given().under(|policy| {
        let mut other = policy.management_types[1].clone();
        other.name = text("otherwise");
        policy.management_types[1].converts_to = set(&["otherwise"]);
        policy.management_types.push(other);
    });
    let converting = converting.agreed(JOINTLY_LINK).under(|policy| {
        policy.management_types[1].moves = MoveRule::AtOnce;
        policy.management_types[2].moves = MoveRule::AtOnce;
    });
    let converting = converting.and(ADA, propose(JOINTLY_LINK));
    let when = converting.when(ADA, ConvertLink::new(JOINTLY_LINK, text("otherwise")));
    let converted = when.then(happened(&["link_converted", "proposal_withdrawn"]));
    assert_eq!(converted.get::<Proposal>(PROPOSED.uuid()).handshake.state, HandshakeState::Withdrawn);
    converted.when(JULIA, AcceptProposal::new(PROPOSED)).then(refused(ProposalNotPending)).verified();
}

#[test]
fn p13_exclusive_terms_are_barred_beside_another_manager() {
    let two = || {
        let given = given().under(|policy| policy.max_managers = 2);
        let request = RequestLink { services: set(&["enrollment"]), ..ask(SECOND, "JOINTLY", "jointly") };
        given.and(NINA, request).and(JULIA, AcceptLink::new(ASKED))
    };
    let changed = two().under(|policy| policy.management_types[1].exclusive = true);
    let changed = changed.when(ADA, propose(JOINTLY_LINK)).then(refused(CannotBeAsked));
    let changed = changed.when(STAFF, propose(JOINTLY_LINK)).then(refused(ExclusiveLink));
    changed.verified();
}

#[test]
fn p13_what_is_global_leaves_no_manager_more_and_no_tenant_without_an_answer() {
    let one_role = |policy: &mut Policy| policy.admin_role = policy.super_role.clone();
    let rows: [(Change, &str); 5] = [
        (
            |it| {
                it.reserved.remove("location.view");
            },
            "location.view among `reserved` (links: 3, tenants: 3)",
        ),
        (
            |it| {
                it.grantable.remove("users.manage");
            },
            "users.manage among `grantable` (links: 3, tenants: 3)",
        ),
        (|it| without(it, "link.respond"), "link.respond (links: 3, tenants: 3)"),
        (
            |it| {
                let all = it.permissions.clone();
                it.roles[1].permissions = all;
                it.super_role = text("admin");
                it.super_only.clear();
            },
            "super_admin as `super_role`",
        ),
        (one_role, "admin as `admin_role`"),
    ];
    for (change, words) in rows {
        let mut policy = Policy::default();
        change(&mut policy);
        policy.validate().unwrap();
        let when = given().when(STAFF, SetPolicy::new(Box::new(policy.clone())));
        assert!(when.refusal().message().contains(words), "{words} in {}", when.refusal());
        when.then(refused(PolicyInUse));
        // Where nobody is there yet, nothing stands in the way.
        let bare = Given::bare(tenantry::store::memory::MemoryStore::new(Uuid::nil()), Policy::default());
        bare.when(STAFF, SetPolicy::new(Box::new(policy))).then(done());
    }
    // A permission that goes altogether is nobody's.
    let given = given().under(|policy| without(policy, "location.view"));
    given.verified();
}

#[test]
fn a1_p13_both_sides_are_told_of_other_terms() {
    let given = given().under(NARROWER[1].1).and(JULIA, propose(JOINTLY_LINK));
    let notices = given.engine.notices("mail", 1_000).unwrap().notices;
    let changed: Vec<_> =
        notices.iter().filter(|notice| matches!(notice.kind, NoticeKind::TermsChanged { .. })).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].to.users, [ADA, ADAM, JULIA].into());
}

#[test]
fn x2_a_check_of_a_past_goes_by_the_terms_of_then() {
    let given = given().under(WIDER[1].1);
    let then = given.engine.records_after(0, 10_000).unwrap().last().unwrap().seq;
    let given = given.and(ADA, propose(JOINTLY_LINK)).and(JULIA, AcceptProposal::new(PROPOSED));
    let given = given.then_may(ADA, "users.manage", JOINTLY);
    let question = Question::new(ADA, text("users.manage"), JOINTLY);
    let read = given.engine.read().unwrap();
    let past = read.as_of(then).unwrap();
    assert_eq!(past.moment().unwrap().check(&question).unwrap().reason, Some(NotGranted));
}
