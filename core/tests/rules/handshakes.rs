//! What handshakes rest on, and how often somebody is asked (L-3).

use tenantry::event::Event;
use tenantry::model::{Actor, HandshakeState, Invitation, LinkRequest, Move, Subject};
use tenantry::policy::MoveRule;
use tenantry::refusal::Code::*;

use super::stock::*;
use super::*;

fn accept_eve() -> AcceptInvitation {
    AcceptInvitation::new(EVE_INVITATION, mail("eve"))
}

fn accept_olga() -> AcceptInvitation {
    AcceptInvitation::new(OLGA_INVITATION, mail("olga"))
}

fn state(given: &Given, invitation: InvitationId) -> HandshakeState {
    given.get::<Invitation>(invitation.uuid()).handshake.state
}

/// Does something by which an invitation ends, in its record.
#[track_caller]
fn ends(given: Given, who: impl Into<Actor>, what: impl Into<Command>, invitation: InvitationId) -> Given {
    let when = given.when(who, what);
    let ended = |event: &Event| *event == Event::InvitationWithdrawn { invitation };
    assert!(when.events().iter().any(ended), "{:?}", when.events());
    let given = when.then(done());
    assert_eq!(state(&given, invitation), HandshakeState::Withdrawn);
    given
}

#[test]
fn l3_an_invitation_ends_with_its_senders_right_to_hand_it_out() {
    let invited = || given().and(ADAM, invite(MSP, "admin"));
    for what in [
        Command::from(BlockUser::new(ADAM)),
        RemoveUser::new(ADAM).into(),
        assign(ADAM, MSP, "read_only").into(),
        Unassign::new(vec![UserOnTenant { user: ADAM, tenant: MSP }]).into(),
    ] {
        let ended = ends(invited(), ADA, what, EVE_INVITATION);
        let ended = ended.when(EVE, accept_eve()).then(refused(InvitationNotPending));
        // A colleague asks anew.
        let anew = InviteUser::new(MSP, Invitee::new(mail("eve")), text("admin"));
        ended.when(ADA, anew).then(done()).verified();
    }
    // A home that is disabled ends what its people have sent.
    ends(invited(), GINA, disable(MSP), EVE_INVITATION).verified();
    // Who keeps the right keeps the invitation.
    let kept = invited().and(ADA, assign(RITA, MSP, "no_access"));
    kept.when(EVE, accept_eve()).then(done());
}

#[test]
fn l3_an_invitation_ends_where_its_sender_holds_less_than_it_offers() {
    let custom = CreateRole {
        role: Some(text("00000000-0000-0000-0000-0000000006a0")),
        ..CreateRole::new(MSP, text("Desk"), set(&["users.manage", "devices.view", "tenant.view"]))
    };
    let desk = || NewAssignment {
        user: RITA,
        tenant: MSP,
        role: text("00000000-0000-0000-0000-0000000006a0"),
        below: Some(false),
    };
    let offer = InviteUser { below: Some(false), ..invite(MSP, "00000000-0000-0000-0000-0000000006a0") };
    let given = given().and(ADA, custom).and(ADA, Assign::new(vec![desk()])).and(RITA, offer);
    let less = EditRole {
        permissions: Some(set(&["tenant.view"])),
        ..EditRole::new(text("00000000-0000-0000-0000-0000000006a0"))
    };
    ends(given, ADA, less, EVE_INVITATION).verified();
}

#[test]
fn l3_an_invitation_ends_where_what_it_offers_becomes_more_than_its_sender_holds() {
    let (own, offered) = ("00000000-0000-0000-0000-0000000006a0", "00000000-0000-0000-0000-0000000006a1");
    let role = |id: &str, name, permissions: &[&str]| CreateRole {
        role: Some(text(id)),
        ..CreateRole::new(MSP, text(name), set(permissions))
    };
    let given = given()
        .and(ADA, role(own, "Desk", &["users.manage", "tenant.view"]))
        .and(ADA, role(offered, "Guest", &["tenant.view"]))
        .and(ADA, Assign::new(vec![NewAssignment { below: Some(false), ..place(RITA, MSP, own) }]))
        .and(RITA, InviteUser { below: Some(false), ..invite(MSP, offered) });
    let more = EditRole {
        permissions: Some(set(&["tenant.view", "devices.manage"])),
        ..EditRole::new(text(offered))
    };
    ends(given, ADA, more, EVE_INVITATION).verified();
}

#[test]
fn l3_what_a_managers_people_hand_out_ends_with_the_grant_and_with_the_link() {
    let granted = || {
        let given = given().and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])));
        given.and(ADA, invite(JOINTLY, "read_only"))
    };
    ends(granted(), JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&[])), EVE_INVITATION).verified();
    let parting = granted().and(ADA, RequestDelink::new(JOINTLY_LINK));
    ends(parting, JULIA, AcceptDelink::new(JOINTLY_LINK), EVE_INVITATION).verified();
    // What the customer's own people sent stays.
    let own = given().and(JULIA, invite(JOINTLY, "admin")).and(ADA, RequestDelink::new(JOINTLY_LINK));
    own.and(JULIA, AcceptDelink::new(JOINTLY_LINK)).when(EVE, accept_eve()).then(done());
}

#[test]
fn l3_a_right_that_ends_by_time_takes_what_rests_on_it_along_at_its_moment() {
    let term = Some(tenantry::model::TermRequest::days(3));
    let given = given().and(NINA, RequestLink { term, ..ask(SECOND, "ALONE", "jointly") });
    let given = given.and(CARL, AcceptLink::new(ASKED));
    let given = given.and(CARL, SetManagerGrants::new(ASKED_LINK, set(&["users.manage"])));
    let given = given.and(NINA, invite(ALONE, "read_only")).later(3);
    let given = given.when(EVE, accept_eve()).then(refused(InvitationNotPending)).swept();
    assert_eq!(state(&given, EVE_INVITATION), HandshakeState::Withdrawn);
    given.verified();
}

#[test]
fn l3_a_sign_up_rests_on_whoever_named_the_owner_and_a_colleague_takes_it_up() {
    let signing = || given().and(ADAM, customer(MSP, "jointly"));
    let ended = ends(signing(), ADA, BlockUser::new(ADAM), OLGA_INVITATION);
    let again = InviteOwner::new(NEW_LINK, invitee(EVE, EVE_INVITATION, "olga"));
    ended.when(ADA, again).then(done()).verified();
    let taken_up = signing().and(ADA, ResendInvitation::new(OLGA_INVITATION)).and(ADA, BlockUser::new(ADAM));
    assert_eq!(taken_up.get::<Invitation>(OLGA_INVITATION.uuid()).handshake.sender, Some(Subject::User(ADA)));
    taken_up.when(OLGA, accept_olga()).then(done()).verified();
    // That the customer is disabled for a while does not end it.
    let paused = signing().and(ADAM, disable(NEW)).and(ADAM, enable(NEW));
    paused.when(OLGA, accept_olga()).then(done());
    // Who is kept off a tenant that is there names no owner of it any more.
    let convert = ConvertLink {
        owner: Some(invitee(OLGA, OLGA_INVITATION, "olga")),
        ..ConvertLink::new(NEW_LINK, text("jointly"))
    };
    let converted = given().and(ADAM, customer(MSP, "fully")).later(1).and(ADAM, convert);
    ends(converted, ADA, assign(ADAM, NEW, "no_access"), OLGA_INVITATION).verified();
}

#[test]
fn l3_a_sign_up_ends_once_the_tenant_has_a_super_admin_and_is_taken_up_by_who_may_name_one() {
    let signing = || given().and(ADAM, customer(MSP, "jointly"));
    ends(signing(), STAFF, user(EVE, NEW, "eve", "super_admin"), OLGA_INVITATION).verified();
    let operators = given().and(STAFF, customer(MSP, "jointly"));
    let operators = operators.and(STAFF, user(EVE, NEW, "eve", "super_admin"));
    let operators = operators.when(ADA, ResendInvitation::new(OLGA_INVITATION)).then(refused(OwnerPresent));
    operators.when(OLGA, accept_olga()).then(refused(OwnerPresent));
    // What has lapsed by its moment has, whatever became of its ground.
    let lapsed = signing().later(7).and(ADA, BlockUser::new(ADAM));
    lapsed.when(OLGA, accept_olga()).then(refused(InvitationExpired));
    // Of a tenant that is there already, a colleague takes up only what they could send.
    let convert = ConvertLink {
        owner: Some(invitee(OLGA, OLGA_INVITATION, "olga")),
        ..ConvertLink::new(NEW_LINK, text("jointly"))
    };
    let converted = || given().and(ADAM, customer(MSP, "fully")).later(1).and(ADAM, convert.clone());
    converted().when(ADA, ResendInvitation::new(OLGA_INVITATION)).then(done());
    converted()
        .and(ADA, disable(NEW))
        .when(ADA, ResendInvitation::new(OLGA_INVITATION))
        .then(refused(TenantDisabled));
}

#[test]
fn l3_what_an_organisation_asks_outlives_the_employee_and_ends_with_the_organisation() {
    let staffed = || given().and(STAFF, user(EVE, SECOND, "eve", "admin"));
    let asked = || staffed().and(EVE, ask(SECOND, "ALONE", "jointly"));
    asked()
        .when(NINA, RemoveUser::new(EVE))
        .then(happened(&["user_removed", "assignment_ended"]))
        .when(CARL, AcceptLink::new(ASKED))
        .then(done());
    asked().and(NINA, RemoveUser::new(EVE)).when(NINA, CancelLinkRequest::new(ASKED)).then(done());
    // Nobody of it is left who could ask.
    let ended = asked().when(STAFF, disable(SECOND));
    let ended = ended.then(happened(&["tenant_held", "tenant_disabled", "link_request_withdrawn"]));
    let found = ended.get::<LinkRequest>(ASKED.uuid()).handshake.clone();
    assert_eq!((found.state, found.sender), (HandshakeState::Withdrawn, Some(Subject::Tenant(SECOND))));
    ended.when(CARL, AcceptLink::new(ASKED)).then(refused(LinkRequestNotPending)).verified();
    // What the operator sends rests on nobody.
    let operators = given().and(STAFF, ask(SECOND, "ALONE", "jointly"));
    let operators =
        operators.when(STAFF, disable(SECOND)).then(happened(&["tenant_held", "tenant_disabled"]));
    operators.when(CARL, AcceptLink::new(ASKED)).then(refused(TenantDisabled));
}

#[test]
fn l3_a_move_rests_on_whoever_made_it_and_a_colleague_takes_it_up() {
    let moving = || {
        let given = trade(MoveRule::Approval).and(ROB, upload(1, MSP, &["SN-1"]));
        given.and(ADAM, hand(JOINTLY, &["SN-1"]))
    };
    let ended = moving().when(ADA, BlockUser::new(ADAM)).then(happened(&["user_blocked", "move_withdrawn"]));
    assert_eq!(ended.get::<Move>(MOVE.uuid()).handshake.state, HandshakeState::Withdrawn);
    assert_eq!(device(&ended, "SN-1").unwrap().moving, None);
    ended.when(JULIA, ApproveMove::new(MOVE)).then(refused(MoveNotPending)).verified();
    let taken_up = moving().when(ADA, ResendMove::new(MOVE)).then(happened(&["move_resent"]));
    let taken_up = taken_up.when(ADA, BlockUser::new(ADAM)).then(happened(&["user_blocked"]));
    taken_up.when(JULIA, ApproveMove::new(MOVE)).then(done()).verified();
    moving().when(RITA, ResendMove::new(MOVE)).then(refused(RoleLacksPermission));
    moving().when(JULIA, ResendMove::new(MOVE)).then(refused(WrongActor));
    moving().when(NINA, ResendMove::new(MOVE)).then(refused(UnknownMove));
    moving()
        .and(JULIA, DeclineMove::new(MOVE))
        .when(ADA, ResendMove::new(MOVE))
        .then(refused(MoveNotPending));
}

#[test]
fn l3_nobody_is_asked_more_often_in_a_day_than_the_policy_allows() {
    let few = || given().under(|policy| policy.asks_per_day = 3);
    let remind = || ResendLinkRequest::new(ASKED);
    let often = || few().and(NINA, ask(SECOND, "ALONE", "jointly")).and(NINA, remind()).and(NINA, remind());
    let when = often().when(NINA, remind());
    assert_eq!(when.refusal().about, dawn().plus_days(1).to_string());
    let given = when.then(refused(TooManyRequests));
    // Asking anew is no way around it, and other senders and addressees are others.
    let anew = || RequestLink { request: Some(ASKED_AGAIN), ..ask(SECOND, "ALONE", "jointly") };
    let given =
        given.and(NINA, CancelLinkRequest::new(ASKED)).when(NINA, anew()).then(refused(TooManyRequests));
    let given = given.when(STAFF, anew()).then(done()).and(STAFF, CancelLinkRequest::new(ASKED_AGAIN));
    let given = given.when(ADA, RequestLink { request: None, ..ask(MSP, "ALONE", "jointly") }).then(done());
    let third = RequestLink { request: None, ..anew() };
    given.later(1).when(NINA, third).then(done()).verified();
    // People are told apart by their address.
    let anew = || InviteUser::new(ALONE, Invitee::new(mail("eve")), text("admin"));
    let revoked = |given: Given| {
        let when = given.when(CARL, anew());
        let sent = when.events().iter().find_map(|event| match event {
            Event::UserInvited { invitation, .. } => Some(*invitation),
            _ => None,
        });
        when.then(done()).and(CARL, RevokeInvitation::new(sent.unwrap()))
    };
    let given = revoked(revoked(revoked(few())));
    let given = given.when(CARL, anew()).then(refused(TooManyRequests));
    let given = given.when(STAFF, anew()).then(done());
    given.verified();
    // So it is with requests to part.
    let mut given = few();
    for _ in 0..3 {
        given = given.and(ADA, RequestDelink::new(JOINTLY_LINK)).and(ADA, CancelDelink::new(JOINTLY_LINK));
    }
    given.when(ADA, RequestDelink::new(JOINTLY_LINK)).then(refused(TooManyRequests));
}

#[test]
fn l3_nobody_is_told_of_what_is_given_and_taken_more_often_in_a_day_than_they_may_be_asked() {
    let few = |given: Given| given.under(|policy| policy.asks_per_day = 2);
    // What takes something away always works, and so does the operator.
    let grant = |grants: &[&str]| SetManagerGrants::new(JOINTLY_LINK, set(grants));
    let mut given = few(given());
    for _ in 0..2 {
        given = given.and(JULIA, grant(&["users.manage"])).and(JULIA, grant(&[]));
    }
    let when = given.when(JULIA, grant(&["users.manage"]));
    assert_eq!(when.refusal().about, dawn().plus_days(1).to_string());
    let given = when.then(refused(TooManyRequests));
    let given = given.when(staff_for("T-1"), grant(&["users.manage"])).then(done()).and(JULIA, grant(&[]));
    given.later(1).when(JULIA, grant(&["users.manage"])).then(done()).verified();
    let extend = |days| SetAutoExtend { days, ..SetAutoExtend::new(NEW_LINK) };
    let term = Some(tenantry::model::TermRequest::days(90));
    let added = AddCustomer { term, ..customer(MSP, "fully") };
    let mut given = few(super::given().and(ADA, added));
    for _ in 0..2 {
        given = given.and(ADA, extend(Some(30))).and(ADA, extend(None));
    }
    given.when(ADA, extend(Some(30))).then(refused(TooManyRequests)).verified();
    // A reseller's uploads to a stranger, and a stranger that drops it.
    let mut given = few(trade(MoveRule::AtOnce));
    for number in 1..=2 {
        given =
            given.and(ROB, upload(number, ALONE, &["SN-1"])).and(ROB, WithdrawUpload::new(upload_id(number)));
    }
    let given = given.and(ROB, upload(3, ALONE, &["SN-1"]));
    let unknown = WithdrawUpload { devices: Some(set(&["SN-9"])), ..WithdrawUpload::new(upload_id(3)) };
    let given = given.when(ROB, unknown).then(refused(TooManyRequests));
    given.when(ROB, WithdrawUpload::new(upload_id(3))).then(refused(TooManyRequests)).verified();
    let mut given = few(trade(MoveRule::AtOnce));
    given =
        given.and(CARL, DropReseller::new(ALONE, RESELLER)).and(CARL, AdmitReseller::new(ALONE, RESELLER));
    given = given.and(CARL, DropReseller::new(ALONE, RESELLER));
    given.when(CARL, AdmitReseller::new(ALONE, RESELLER)).then(refused(TooManyRequests)).verified();
}

#[test]
fn l3_nobody_is_told_of_a_tenant_that_goes_down_and_up_more_often_in_a_day_than_they_may_be_asked() {
    let collected = || {
        let given = given().under(|policy| policy.asks_per_day = 2);
        given.and(JULIA, CreateIntegration::new(JOINTLY, text("collector"), text("Collector")))
    };
    let (down, up) = (|| DisableTenants::new(vec![JOINTLY]), || EnableTenants::new(vec![JOINTLY]));
    let often = |mut given: Given, by: UserId| {
        for _ in 0..2 {
            given = given.and(by, down()).and(by, up());
        }
        given.and(by, down())
    };
    for by in [ADA, JULIA] {
        let given = often(collected(), by).when(by, up()).then(refused(TooManyRequests));
        // The operator is not bound, and tomorrow is another day.
        given.later(1).when(by, up()).then(done()).verified();
        often(collected(), by).when(staff_for("T-1"), up()).then(done());
    }
    // Of one side what the other did is not counted.
    let given = often(collected(), ADA).and(staff_for("T-1"), up());
    let given = given.and(JULIA, down());
    given.when(JULIA, up()).then(done()).verified();
}

#[test]
fn l3_people_from_further_up_ask_for_the_manager_and_count_as_it() {
    let given = trade(MoveRule::Approval).under(|policy| policy.asks_per_day = 2);
    let given = given.and(ROB, upload(1, MSP, &["SN-1"])).and(ADAM, hand(JOINTLY, &["SN-1"]));
    let given = given.when(GINA, ResendMove::new(MOVE)).then(happened(&["move_resent"]));
    given.when(ADA, ResendMove::new(MOVE)).then(refused(TooManyRequests)).verified();
}

#[test]
fn l3_a_customer_asks_to_part_as_often_as_it_likes() {
    let mut given = given().under(|policy| policy.asks_per_day = 1);
    for _ in 0..3 {
        given = given.when(JULIA, RequestDelink::new(JOINTLY_LINK)).then(done());
        given = given.when(JULIA, ResendDelink::new(JOINTLY_LINK)).then(done());
        given = given.when(JULIA, CancelDelink::new(JOINTLY_LINK)).then(done());
    }
    // The manager is bounded as ever.
    let given = given.and(ADA, RequestDelink::new(JOINTLY_LINK));
    given.when(ADA, ResendDelink::new(JOINTLY_LINK)).then(refused(TooManyRequests)).verified();
}

#[test]
fn l1_a_former_manager_is_not_told_how_its_customer_stands() {
    let owner = || InviteOwner::new(JOINTLY_LINK, invitee(EVE, EVE_INVITATION, "eve"));
    let parted = parted(given(), JOINTLY_LINK);
    let parted = parted.when(ADA, owner()).then(refused(LinkEnded));
    parted.and(STAFF, disable(JOINTLY)).when(ADA, owner()).then(refused(LinkEnded));
}

#[test]
fn l3_what_no_link_could_come_of_any_more_ends_with_the_kind_of_one_side() {
    let correct = |tenant, kind| ChangeTenantKind::new(tenant, kind);
    let asked = given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let invited = asked.and(CARL, InviteManager::new(ALONE, text("GRAND")));
    invited
        .when(staff_for("T-1"), correct(SECOND, TenantKind::Customer))
        .then(happened(&["tenant_kind_changed", "link_request_withdrawn"]))
        .when(staff_for("T-1"), correct(ALONE, TenantKind::Reseller))
        .then(happened(&["tenant_kind_changed", "manager_invitation_withdrawn"]));
}
