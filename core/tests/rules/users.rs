//! Users and handshakes (U).

use tenantry::base::text::Permission;
use tenantry::model::{Actor, HandshakeState, Invitation, Patch, Subject, User, UserState};
use tenantry::refusal::Code::*;

use super::*;

fn accept(name: &str) -> AcceptInvitation {
    AcceptInvitation::new(EVE_INVITATION, mail(name))
}

fn decline(name: &str) -> DeclineInvitation {
    DeclineInvitation::new(EVE_INVITATION, mail(name))
}

fn state(given: &Given, user: UserId) -> UserState {
    given.get::<User>(user.uuid()).state
}

#[test]
fn u1_an_address_is_unique_among_living_users() {
    for (name, home, expected) in [
        ("eve", JOINTLY, happened(&["user_registered", "assigned"])),
        ("jack", JOINTLY, refused(AlreadyMember)),
        ("jack", FULLY, refused(EmailTaken)),
        ("bob", FULLY, refused(EmailTaken)),
        ("eve", NOWHERE, refused(UnknownTenant)),
    ] {
        given().when(STAFF, user(EVE, home, name, "admin")).then(expected);
    }
    given().when(STAFF, user(JACK, JOINTLY, "eve", "admin")).then(refused(IdTaken));
    given().when(ADA, user(EVE, MSP, "eve", "admin")).then(refused(WrongActor));
    given().when(STAFF, user(EVE, JOINTLY, "eve", "astronaut")).then(refused(UnknownRole));
    // An invited user holds no address; a removed one gives it back.
    given().when(STAFF, user(EVE, FULLY, "ivy", "admin")).then(done());
    given().and(JULIA, RemoveUser::new(JACK)).when(STAFF, user(EVE, FULLY, "jack", "admin")).then(done());
    let upper =
        RegisterUser { user: Some(EVE), ..RegisterUser::new(FULLY, text("JACK@Example.COM"), text("admin")) };
    given().when(STAFF, upper).then(refused(EmailTaken));
}

#[test]
fn u1_people_edit_themselves_and_user_managers_edit_others() {
    let name = |user| EditUser { name: Patch::Set(text("Somebody")), ..EditUser::new(user) };
    for (who, user, expected) in [
        (JIM, JIM, happened(&["user_edited"])),
        (JACK, JIM, happened(&["user_edited"])),
        (JIM, JACK, refused(RoleLacksPermission)),
        (FRED, FRED, happened(&["user_edited"])),
        (NINA, JIM, refused(NoSuchUser)),
        (ADA, JIM, refused(NotGranted)),
        (ADA, IVY, refused(UserStateConflict)),
        (BOB, BOB, refused(UserNotActive)),
    ] {
        given().when(who, name(user)).then(expected);
    }
    given().when(JIM, EditUser::new(JIM)).then(refused(NothingToDo));
    let named = EditUser { name: Patch::Set(text("Jim Beam")), ..EditUser::new(JIM) };
    given().and(JIM, named).look(|given| {
        let personal =
            given.engine.read().unwrap().now().unwrap().host().personal(Subject::User(JIM)).unwrap().unwrap();
        assert_eq!((personal.name, personal.email), (Some(text("Jim Beam")), Some(mail("jim"))));
    });
}

#[test]
fn u2_the_whole_table_of_an_invitation() {
    let pending = || given().and(JACK, invite(JOINTLY, "read_only"));
    let accepted = || pending().and(EVE, accept("eve"));
    let declined = || pending().and(EVE, decline("eve"));
    let revoked = || pending().and(JACK, RevokeInvitation::new(EVE_INVITATION));
    let expired = || pending().later(7).swept();
    type Make<'a> = &'a dyn Fn() -> Given;
    let over = refused(InvitationNotPending);
    let rows: [(Make<'_>, HandshakeState, UserState, [Expected; 4]); 5] = [
        (
            &pending,
            HandshakeState::Pending,
            UserState::Invited,
            [
                happened(&["invitation_accepted", "assigned"]),
                happened(&["invitation_declined"]),
                happened(&["invitation_revoked"]),
                happened(&["invitation_resent"]),
            ],
        ),
        // Whoever has accepted is a member by then, but that the invitation is answered comes first.
        (&accepted, HandshakeState::Accepted, UserState::Active, [over; 4]),
        (&declined, HandshakeState::Declined, UserState::Removed, [over; 4]),
        (&revoked, HandshakeState::Revoked, UserState::Removed, [over; 4]),
        (&expired, HandshakeState::Expired, UserState::Removed, [refused(InvitationExpired); 4]),
    ];
    for (make, handshake, user, [accepting, declining, revoking, resending]) in rows {
        let given = make();
        assert_eq!(given.get::<Invitation>(EVE_INVITATION.uuid()).handshake.state, handshake);
        assert_eq!(state(&given, EVE), user);
        make().when(EVE, accept("eve")).then(accepting);
        make().when(EVE, decline("eve")).then(declining);
        make().when(JACK, RevokeInvitation::new(EVE_INVITATION)).then(revoking);
        make().when(JACK, ResendInvitation::new(EVE_INVITATION)).then(resending);
    }
    pending().and(EVE, accept("eve")).then_may(EVE, "devices.view", JOINTLY);
}

#[test]
fn u2_answering_is_for_the_invited_alone_with_the_same_address() {
    let pending = || given().and(JACK, invite(JOINTLY, "read_only"));
    for (actor, name, expected) in [
        (EVE.into(), "eve", done()),
        (EVE.into(), "eva", refused(OtherAddress)),
        (JIM.into(), "eve", refused(UnknownInvitation)),
        (JACK.into(), "eve", refused(UnknownInvitation)),
        (NOBODY.into(), "eve", refused(UnknownUser)),
        (STAFF, "eve", refused(TicketRequired)),
        (staff_for("T-1"), "eve", done()),
        (Actor::Clock, "eve", refused(WrongActor)),
    ] {
        pending().when(actor.clone(), accept(name)).then(expected);
        pending().when(actor, decline(name)).then(expected);
    }
    given().when(IVY, accept("eve")).then(refused(UnknownInvitation));
    given().when(EVE, accept("eve")).then(refused(UnknownUser));
}

#[test]
fn u2_who_may_invite_and_what_bars_it() {
    for (who, tenant, role, expected) in [
        (JACK, JOINTLY, "read_only", happened(&["user_invited"])),
        (JULIA, JOINTLY, "super_admin", happened(&["user_invited"])),
        (JACK, JOINTLY, "super_admin", refused(BeyondOwnRights)),
        (JIM, JOINTLY, "read_only", refused(RoleLacksPermission)),
        (ADA, FULLY, "admin", happened(&["user_invited"])),
        (ADA, JOINTLY, "admin", refused(NotGranted)),
        (JACK, JOINTLY, "astronaut", refused(UnknownRole)),
    ] {
        given().when(who, invite(tenant, role)).then(expected);
    }
    let again = |name| InviteUser::new(JOINTLY, invitee(OLGA, OLGA_INVITATION, name), text("read_only"));
    given().when(JACK, again("jim")).then(refused(AlreadyMember));
    given().and(JACK, invite(JOINTLY, "admin")).when(JACK, again("eve")).then(refused(AlreadyInvited));
    // Somebody invited elsewhere can be asked; the first who accepts has them.
    given()
        .and(JACK, invite(JOINTLY, "admin"))
        .and(CARL, InviteUser::new(ALONE, invitee(OLGA, OLGA_INVITATION, "eve"), text("admin")))
        .and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("eve")))
        .when(EVE, accept("eve"))
        .then(refused(EmailTaken));
    let invited = InviteUser::new(JOINTLY, invitee(JIM, EVE_INVITATION, "eve"), text("admin"));
    given().when(JACK, invited).then(refused(IdTaken));
    given()
        .and(JACK, invite(JOINTLY, "admin"))
        .and(STAFF, disable(JOINTLY))
        .when(EVE, accept("eve"))
        .then(refused(TenantDisabled));
    let joined = given().and(JACK, invite(JOINTLY, "admin")).and(STAFF, user(OLGA, JOINTLY, "eve", "admin"));
    joined.when(EVE, accept("eve")).then(refused(AlreadyMember));
}

#[test]
fn u2_a_reminder_prolongs_nothing() {
    let given =
        given().and(JACK, invite(JOINTLY, "admin")).later(6).and(JACK, ResendInvitation::new(EVE_INVITATION));
    given.later(1).when(EVE, accept("eve")).then(refused(InvitationExpired));
}

#[test]
fn u3_the_whole_table_of_a_user() {
    let invited = || given().and(JACK, invite(JOINTLY, "read_only"));
    let active = || given().and(STAFF, user(EVE, JOINTLY, "eve", "read_only"));
    let blocked = || active().and(JACK, BlockUser::new(EVE));
    let removed = || active().and(JACK, RemoveUser::new(EVE));
    let not_now = refused(UserStateConflict);
    type Make<'a> = &'a dyn Fn() -> Given;
    let rows: [(Make<'_>, UserState, [Expected; 3]); 4] = [
        (&invited, UserState::Invited, [not_now; 3]),
        (
            &active,
            UserState::Active,
            [happened(&["user_blocked"]), not_now, happened(&["user_removed", "assignment_ended"])],
        ),
        (
            &blocked,
            UserState::Blocked,
            [not_now, happened(&["user_unblocked"]), happened(&["user_removed", "assignment_ended"])],
        ),
        (&removed, UserState::Removed, [not_now; 3]),
    ];
    for (make, before, [block, unblock, remove]) in rows {
        assert_eq!(state(&make(), EVE), before);
        make().when(JACK, BlockUser::new(EVE)).then(block);
        make().when(JACK, UnblockUser::new(EVE)).then(unblock);
        make().when(JACK, RemoveUser::new(EVE)).then(remove);
        make().when(JIM, BlockUser::new(EVE)).then(refused(RoleLacksPermission));
        make().when(NINA, RemoveUser::new(EVE)).then(refused(NoSuchUser));
    }
    assert_eq!(state(&invited().and(EVE, accept("eve")), EVE), UserState::Active);
    blocked()
        .then_denied(EVE, "tenant.view", JOINTLY, UserNotActive)
        .and(JACK, UnblockUser::new(EVE))
        .then_may(EVE, "tenant.view", JOINTLY);
}

#[test]
fn u3_a_tenant_that_is_not_locked_keeps_an_active_super_admin() {
    let here = |user| Unassign::new(vec![UserOnTenant { user, tenant: JOINTLY }]);
    let last: [(Command, Expected); 5] = [
        (BlockUser::new(JULIA).into(), refused(LastSuperAdmin)),
        (RemoveUser::new(JULIA).into(), refused(LastSuperAdmin)),
        (assign(JULIA, JOINTLY, "admin").into(), refused(LastSuperAdmin)),
        (here(JULIA).into(), refused(LastSuperAdmin)),
        (assign(JULIA, JOINTLY, "super_admin").into(), done()),
    ];
    for (command, expected) in last {
        given().when(JULIA, command.clone()).then(expected);
        given().when(STAFF, command.clone()).then(expected);
        // With a second one everything goes.
        given().and(JULIA, assign(JACK, JOINTLY, "super_admin")).when(JULIA, command.clone()).then(done());
        // A second one who is blocked does not count.
        let held = given().and(JULIA, assign(JACK, JOINTLY, "super_admin")).and(JULIA, BlockUser::new(JACK));
        held.when(JULIA, command).then(expected);
    }
    // In one batch another can take over, or both can leave together and are kept.
    let swap = vec![place(JULIA, JOINTLY, "admin"), place(JACK, JOINTLY, "super_admin")];
    given().when(JULIA, Assign::new(swap)).then(done());
    let both = vec![place(JULIA, JOINTLY, "admin"), place(JACK, JOINTLY, "admin")];
    given()
        .and(JULIA, assign(JACK, JOINTLY, "super_admin"))
        .when(JULIA, Assign::new(both))
        .then(refused(LastSuperAdmin));
    // A locked tenant needs none: its manager decides.
    given().when(ADA, BlockUser::new(FRED)).then(done());
    given().when(ADA, RemoveUser::new(FRED)).then(done());
}

#[test]
fn u4_whoever_manages_users_at_home_decides_where_they_go() {
    for (who, subject, tenant, role, expected) in [
        // Whom an MSP sends is the MSP's affair and needs no grant.
        (ADA, RITA, JOINTLY, "admin", done()),
        (ADAM, RITA, JOINTLY, "admin", done()),
        (RITA, NOEL, JOINTLY, "read_only", refused(RoleLacksPermission)),
        // Touching the customer's own does.
        (ADA, JIM, JOINTLY, "admin", refused(NotGranted)),
        (GINA, RITA, JOINTLY, "admin", refused(NotGranted)),
        // Nor does the customer decide about the manager's people.
        (JULIA, RITA, JOINTLY, "no_access", refused(NoSuchUser)),
        (JULIA, JIM, JOINTLY, "admin", done()),
        (JACK, JIM, JOINTLY, "admin", done()),
        (JULIA, JIM, MSP, "admin", refused(UnknownTenant)),
    ] {
        given().when(who, assign(subject, tenant, role)).then(expected);
    }
    let granted = given().and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])));
    granted
        .when(ADA, assign(JIM, JOINTLY, "admin"))
        .then(done())
        .when(ADAM, BlockUser::new(JIM))
        .then(done());
}

#[test]
fn u4_nobody_hands_out_what_they_do_not_hold() {
    for (who, subject, tenant, role, expected) in [
        (ADAM, RITA, JOINTLY, "super_admin", refused(BeyondOwnRights)),
        (ADA, RITA, JOINTLY, "super_admin", done()),
        (JACK, JIM, JOINTLY, "super_admin", refused(BeyondOwnRights)),
        (JACK, JIM, JOINTLY, "no_access", done()),
        (JULIA, JIM, JOINTLY, "super_admin", done()),
    ] {
        given().when(who, assign(subject, tenant, role)).then(expected);
    }
    // What reaches there counts, not what one holds at home.
    let lesser = || given().and(ADA, assign(ADAM, JOINTLY, "read_only"));
    lesser().when(ADAM, assign(RITA, JOINTLY, "admin")).then(refused(BeyondOwnRights));
    lesser().when(ADAM, assign(RITA, JOINTLY, "read_only")).then(done());
    lesser().when(ADAM, assign(RITA, FULLY, "admin")).then(done());
    // A role that covers what is below would by-pass one's own lesser role there.
    let covering = |below| Assign::new(vec![NewAssignment { below, ..place(NOEL, MSP, "admin") }]);
    lesser().when(ADAM, covering(Some(true))).then(refused(BeyondOwnRights));
    lesser().when(ADAM, covering(Some(false))).then(done());
}

#[test]
fn u4_only_a_super_admin_makes_or_unmakes_one() {
    let two = || given().and(JULIA, assign(JIM, JOINTLY, "super_admin"));
    let commands: [Command; 5] = [
        assign(JIM, JOINTLY, "read_only").into(),
        Unassign::new(vec![UserOnTenant { user: JIM, tenant: JOINTLY }]).into(),
        BlockUser::new(JIM).into(),
        RemoveUser::new(JIM).into(),
        assign(JIM, JOINTLY, "no_access").into(),
    ];
    for command in commands {
        two().when(JACK, command.clone()).then(refused(SuperAdminOnly));
        two().when(JULIA, command.clone()).then(done());
        two().when(STAFF, command).then(done());
    }
    let blocked = two().and(JULIA, BlockUser::new(JIM));
    blocked
        .when(JACK, UnblockUser::new(JIM))
        .then(refused(SuperAdminOnly))
        .when(JULIA, UnblockUser::new(JIM))
        .then(done());
}

#[test]
fn u5_erased_data_is_gone_and_the_history_still_holds() {
    let erase = |subject| ErasePersonal::new(subject);
    let personal = |given: &Given, subject| {
        given.engine.read().unwrap().now().unwrap().host().personal(subject).unwrap()
    };
    let subject = Subject::User(JIM);
    given()
        .when(JULIA, erase(subject))
        .then(refused(UserNotRemoved))
        .and(JACK, RemoveUser::new(JIM))
        .look(|given| assert!(personal(given, subject).is_some()))
        .when(JACK, erase(subject))
        .then(refused(RoleLacksPermission))
        .when(NINA, erase(subject))
        .then(refused(NoSuchUser))
        .when(JULIA, erase(subject))
        .then(happened(&["personal_erased"]))
        .look(|given| assert_eq!(personal(given, subject), None))
        .when(JULIA, erase(subject))
        .then(done())
        .when(STAFF, erase(Subject::User(NOBODY)))
        .then(refused(NoSuchUser))
        .verified();
    let placed = given()
        .and(JACK, EditTenant { street: Patch::Set(text("Main Street 1")), ..EditTenant::new(JOINTLY) });
    placed
        .when(ADA, erase(Subject::Tenant(JOINTLY)))
        .then(done())
        .look(|given| assert_eq!(personal(given, Subject::Tenant(JOINTLY)), None))
        .when(NINA, erase(Subject::Tenant(JOINTLY)))
        .then(refused(UnknownTenant))
        .when(STAFF, erase(Subject::Tenant(NOWHERE)))
        .then(refused(UnknownTenant))
        .verified();
    let deleted = given().and(ADA, delete(&[FULLY]));
    deleted
        .when(ADA, erase(Subject::Tenant(FULLY)))
        .then(refused(UnknownTenant))
        .when(STAFF, erase(Subject::Tenant(FULLY)))
        .then(done());
}

#[test]
fn u5_no_record_and_no_entity_holds_personal_data() {
    let given = given()
        .and(
            JACK,
            EditTenant {
                street: Patch::Set(text("Secret Street 1")),
                phone: Patch::Set(text("+49 30 77777")),
                ..EditTenant::new(JOINTLY)
            },
        )
        .and(JIM, EditUser { name: Patch::Set(text("Secret Name")), ..EditUser::new(JIM) });
    for record in given.engine.records_after(0, 1_000).unwrap() {
        let text = record.encode();
        for secret in ["Secret", "77777", "@example.com"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let permission: Permission = text("tenant.view");
    assert_eq!(given.verdict(JIM, permission.as_str(), JOINTLY, None).reason, None);
}
