//! What a change of rights may give and take (P-15, P-16).

use std::cell::RefCell;

use tenantry::base::ids::RoleId;
use tenantry::event::Event;
use tenantry::model::{Assignment, Invitation};
use tenantry::refusal::Code::*;
use tenantry::testkit::inside::{Overlay, World, apply, decide, world};

use super::lists::Counting;
use super::*;

const DESK: RoleId = RoleId::from_uuid(Uuid::from_u128(0x6a0));

fn here(user: UserId, tenant: TenantId) -> UserOnTenant {
    UserOnTenant { user, tenant }
}

fn unassign(user: UserId, tenant: TenantId) -> Unassign {
    Unassign::new(vec![here(user, tenant)])
}

fn reaching(user: UserId, tenant: TenantId, role: &str, below: bool) -> Assign {
    Assign::new(vec![NewAssignment { below: Some(below), ..place(user, tenant, role) }])
}

fn desk(tenant: TenantId, permissions: &[&str]) -> CreateRole {
    CreateRole { role: Some(DESK), ..CreateRole::new(tenant, text("Desk"), set(permissions)) }
}

fn fill(permissions: &[&str]) -> EditRole {
    EditRole { permissions: Some(set(permissions)), ..EditRole::new(DESK) }
}

fn address(user: UserId, name: &str) -> EditUser {
    EditUser { email: Some(mail(name)), ..EditUser::new(user) }
}

/// The customer lets its manager manage its users and roles.
fn granted() -> Given {
    given().and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage", "roles.manage"])))
}

fn held(given: &Given, user: UserId, tenant: TenantId) -> std::sync::Arc<Assignment> {
    given.get(Assignment::key(user, tenant).uuid())
}

#[test]
fn p15_taking_a_role_away_gives_what_it_covered() {
    // Whoever is kept off a tenant does not see it, and does not let themselves in.
    let kept_off = || given().and(ADA, assign(ADAM, JOINTLY, "no_access"));
    kept_off().when(ADAM, unassign(ADAM, JOINTLY)).then(refused(UnknownTenant));
    kept_off().when(ADAM, unassign(RITA, JOINTLY)).then(refused(UnknownTenant));
    kept_off().when(ADA, unassign(ADAM, JOINTLY)).then(done()).then_may(ADAM, "devices.manage", JOINTLY);
    kept_off().when(STAFF, unassign(ADAM, JOINTLY)).then(done());
    // Nor does somebody with a lesser role give more than that, to themselves or to others.
    let lesser = || {
        let given = given().and(STAFF, user(EVE, MSP, "eve", "admin"));
        given
            .and(ADA, assign(ADAM, JOINTLY, "read_only"))
            .and(ADA, assign(EVE, JOINTLY, "no_access"))
            .and(ADA, assign(RITA, JOINTLY, "admin"))
    };
    for (subject, expected) in [
        (ADAM, refused(BeyondOwnRights)),
        (EVE, refused(BeyondOwnRights)),
        // What is left is what they hold themselves.
        (RITA, happened(&["assignment_ended"])),
    ] {
        lesser().when(ADAM, unassign(subject, JOINTLY)).then(expected);
        lesser().when(ADA, unassign(subject, JOINTLY)).then(done());
    }
}

#[test]
fn p15_a_role_that_covers_less_than_before_gives_what_it_covered() {
    let limited = || given().and(GINA, reaching(GUS, MSP, "read_only", true));
    limited()
        .then_denied(GUS, "devices.manage", JOINTLY, RoleLacksPermission)
        .when(GUS, reaching(GUS, MSP, "read_only", false))
        .then(refused(BeyondOwnRights))
        .when(GUS, reaching(GUS, MSP, "read_only", true))
        .then(done())
        .when(GUS, unassign(GUS, MSP))
        .then(refused(BeyondOwnRights))
        .when(GINA, reaching(GUS, MSP, "read_only", false))
        .then(done())
        .then_may(GUS, "devices.manage", JOINTLY);
}

#[test]
fn p15_a_batch_is_judged_by_what_all_of_it_uncovers() {
    let given = || {
        let given = given().and(STAFF, user(EVE, GRAND, "eve", "admin"));
        given
            .and(GINA, reaching(EVE, MSP, "no_access", true))
            .and(GINA, assign(EVE, JOINTLY, "no_access"))
            .and(GINA, assign(GUS, JOINTLY, "read_only"))
    };
    given().when(GUS, unassign(EVE, JOINTLY)).then(done());
    given().when(GUS, unassign(EVE, MSP)).then(done());
    let both = || Unassign::new(vec![here(EVE, JOINTLY), here(EVE, MSP)]);
    given().when(GUS, both()).then(refused(BeyondOwnRights));
    given().when(GINA, both()).then(done()).then_may(EVE, "devices.manage", JOINTLY);
    // One after the other is no way round it either.
    let first = given().and(GUS, unassign(EVE, JOINTLY));
    first.when(GUS, unassign(EVE, MSP)).then(refused(BeyondOwnRights));
    let first = given().and(GUS, unassign(EVE, MSP));
    first.when(GUS, unassign(EVE, JOINTLY)).then(refused(BeyondOwnRights));
}

#[test]
fn p15_only_a_super_admin_of_the_place_takes_from_one() {
    // Inherited or not.
    for role in ["no_access", "read_only", "admin"] {
        given().when(ADAM, assign(ADA, JOINTLY, role)).then(refused(SuperAdminOnly));
        given().when(ADA, assign(ADA, JOINTLY, role)).then(done());
        given().when(GUS, assign(GINA, MSP, role)).then(refused(SuperAdminOnly));
    }
    // Given here, whatever reaches the same person from above.
    let twice = || given().and(GINA, assign(GINA, MSP, "super_admin"));
    twice().when(GUS, unassign(GINA, MSP)).then(refused(SuperAdminOnly));
    twice().when(GINA, unassign(GINA, MSP)).then(done());
    let authorize = |who| Authorization { user: who, role: text("read_only"), below: None };
    let with = |who| AddCustomer { authorize: vec![authorize(who)], ..customer(MSP, "fully") };
    given().when(ADAM, with(ADA)).then(refused(SuperAdminOnly));
    given().when(ADA, with(ADA)).then(done());
    given().when(ADAM, with(RITA)).then(done());
    // Below, where a role reaches further than the one who gives it is super admin.
    let second = || given().and(STAFF, user(EVE, GRAND, "eve", "super_admin"));
    let second = || second().and(GINA, assign(EVE, JOINTLY, "read_only"));
    second().when(EVE, assign(GINA, MSP, "read_only")).then(refused(SuperAdminOnly));
    second().when(GINA, assign(EVE, MSP, "read_only")).then(done());
}

#[test]
fn p15_blocking_and_removing_is_judged_wherever_the_person_is_a_super_admin() {
    let there = || given().and(ADA, assign(RITA, JOINTLY, "super_admin"));
    let commands: [Command; 2] = [BlockUser::new(RITA).into(), RemoveUser::new(RITA).into()];
    for command in commands {
        there().when(ADAM, command.clone()).then(refused(SuperAdminOnly));
        given().when(ADAM, command.clone()).then(done());
        // It never needs sight of the place, but to be a super admin there.
        let kept_off = there().and(ADA, assign(ADAM, JOINTLY, "no_access"));
        kept_off.when(ADAM, command.clone()).then(refused(SuperAdminOnly));
        there().when(ADA, command.clone()).then(done());
        let lesser = there().and(ADA, assign(ADA, JOINTLY, "admin"));
        lesser.when(ADA, command).then(refused(SuperAdminOnly));
    }
    let blocked = there().and(ADA, BlockUser::new(RITA));
    blocked.when(ADAM, UnblockUser::new(RITA)).then(refused(SuperAdminOnly));
    // What they cover below counts, too.
    let two =
        given().and(STAFF, user(EVE, MSP, "eve", "super_admin")).and(ADA, assign(ADA, JOINTLY, "admin"));
    let two = two.when(ADA, RemoveUser::new(EVE)).then(refused(SuperAdminOnly));
    two.and(EVE, assign(EVE, JOINTLY, "admin")).when(ADA, RemoveUser::new(EVE)).then(done());
}

#[test]
fn p15_a_role_counts_where_it_is_offered() {
    // An admin of the MSP itself, and of none of its customers.
    let only_here = RegisterUser { below: Some(false), ..user(EVE, MSP, "eve", "admin") };
    let invited = |below| {
        let offer = InviteUser {
            below: Some(below),
            ..InviteUser::new(MSP, invitee(OLGA, OLGA_INVITATION, "olga"), text(&DESK.to_string()))
        };
        given().and(STAFF, only_here.clone()).and(EVE, desk(MSP, &[])).and(EVE, offer)
    };
    invited(true).when(EVE, fill(&["devices.manage"])).then(refused(BeyondOwnRights));
    invited(true).when(ADA, fill(&["devices.manage"])).then(done());
    invited(false).when(EVE, fill(&["devices.manage"])).then(done());
    let revoked = invited(true).and(EVE, RevokeInvitation::new(OLGA_INVITATION));
    revoked.when(EVE, fill(&["devices.manage"])).then(done());
    // What its sender could not offer any more ends with that (L-3).
    let filled = invited(true).when(ADA, fill(&["devices.manage"]));
    let filled = filled.then(happened(&["role_edited", "invitation_withdrawn"]));
    filled.when(ADA, ResendInvitation::new(OLGA_INVITATION)).then(refused(InvitationNotPending));
    // Nor is what others have offered sent again by somebody who could not offer it.
    let offered = given().and(JULIA, invite(JOINTLY, "super_admin"));
    offered.when(JACK, ResendInvitation::new(EVE_INVITATION)).then(refused(BeyondOwnRights));
}

#[test]
fn p15_where_it_is_left_out_whether_a_role_covers_what_is_below_it_covers_what_its_giver_holds() {
    let lesser = || given().and(ADA, assign(ADAM, JOINTLY, "read_only"));
    lesser().when(ADAM, reaching(NOEL, MSP, "admin", true)).then(refused(BeyondOwnRights));
    lesser().when(ADAM, reaching(NOEL, MSP, "admin", false)).then(done());
    for (role, covers) in [("admin", false), ("read_only", true), ("no_access", true)] {
        let when = lesser().when(ADAM, assign(NOEL, MSP, role));
        let [Event::Assigned { below, .. }] = when.events() else { panic!("one role is given") };
        assert_eq!(*below, covers, "{role}");
        let when = lesser().when(ADAM, invite(MSP, role));
        let [Event::UserInvited { below, .. }] = when.events() else { panic!("one person is invited") };
        assert_eq!(*below, covers, "{role}");
    }
    let when = given().when(ADAM, assign(NOEL, MSP, "admin"));
    assert!(matches!(when.events(), [Event::Assigned { below: true, .. }]));
}

#[test]
fn p15_another_address_gives_the_account_to_somebody_else() {
    for (who, subject, expected) in [
        (ADAM, ADA, refused(BeyondOwnRights)),
        (ADAM, RITA, happened(&["address_requested"])),
        (ADAM, ADAM, done()),
        (ADA, ADAM, done()),
        (JACK, JULIA, refused(BeyondOwnRights)),
        (JULIA, JACK, done()),
    ] {
        given().when(who, address(subject, "other")).then(expected);
    }
    // Wherever they hold it.
    let there = given().and(ADA, assign(RITA, JOINTLY, "super_admin"));
    there.when(ADAM, address(RITA, "other")).then(refused(BeyondOwnRights));
    let lesser = given().and(ADA, assign(ADAM, JOINTLY, "read_only")).and(ADA, assign(RITA, MSP, "admin"));
    lesser.when(ADAM, address(RITA, "other")).then(refused(BeyondOwnRights));
    // A name is no key.
    let name = EditUser { name: tenantry::model::Patch::Set(text("Ada")), ..EditUser::new(ADA) };
    given().when(ADAM, name).then(done());
    // Nor does a manager take over those whom it could not make.
    for (who, subject, expected) in [
        (ADA, JULIA, refused(SuperAdminOnly)),
        (ADAM, JULIA, refused(SuperAdminOnly)),
        (ADA, JACK, refused(ReservedForCustomer)),
    ] {
        granted().when(who, address(subject, "other")).then(expected);
    }
    granted().and(ADA, assign(JIM, JOINTLY, "admin")).when(ADAM, address(JIM, "other")).then(done());
}

#[test]
fn p15_whoever_names_the_owner_of_a_tenant_that_is_there_manages_its_users() {
    let owner = || Some(invitee(OLGA, OLGA_INVITATION, "olga"));
    let convert = || ConvertLink { owner: owner(), ..ConvertLink::new(NEW_LINK, text("jointly")) };
    // Adds customers, and may nothing else.
    let sales = || {
        let given = given().and(ADA, desk(MSP, &["customers.add", "tenant.view"]));
        let given = given.and(STAFF, user(EVE, MSP, "eve", "no_access"));
        given.and(ADA, customer(MSP, "fully")).and(ADA, assign(EVE, MSP, &DESK.to_string()))
    };
    sales().when(EVE, convert()).then(refused(RoleLacksPermission));
    sales().and(ADA, assign(EVE, NEW, "no_access")).when(EVE, convert()).then(refused(UnknownLink));
    sales()
        .and(ADA, reaching(EVE, MSP, &DESK.to_string(), false))
        .when(EVE, convert())
        .then(refused(UnknownLink));
    sales().and(ADA, assign(EVE, NEW, "admin")).when(EVE, convert()).then(done());
    sales().when(ADAM, convert()).then(happened(&["link_converted", "user_invited"]));
    sales().when(STAFF, convert()).then(done());
    // A new customer comes with its owner.
    given()
        .and(ADA, desk(MSP, &["customers.add"]))
        .and(ADA, assign(RITA, MSP, &DESK.to_string()))
        .when(RITA, customer(MSP, "jointly"))
        .then(happened(&["tenant_registered", "link_created", "user_invited"]));
    // Invited again, they are named anew.
    let again = || sales().and(ADAM, convert()).and(ADAM, RevokeInvitation::new(OLGA_INVITATION));
    let named = || {
        InviteOwner::new(NEW_LINK, invitee(UserId::from_uuid(Uuid::from_u128(0x3a2)), EVE_INVITATION, "olga"))
    };
    again().when(EVE, named()).then(refused(RoleLacksPermission));
    again().when(ADAM, named()).then(happened(&["user_invited"]));
    again().and(ADA, assign(ADAM, NEW, "read_only")).when(ADAM, named()).then(refused(RoleLacksPermission));
    // Where they would replace one that there was, that is for super admins.
    let fully = || ConvertLink { owner: owner(), ..ConvertLink::new(FULLY_LINK, text("jointly")) };
    let gone: [Command; 3] =
        [BlockUser::new(FRED).into(), RemoveUser::new(FRED).into(), assign(FRED, FULLY, "admin").into()];
    for command in gone {
        given().and(ADA, command.clone()).when(ADAM, fully()).then(refused(SuperAdminOnly));
        given().and(ADA, command).when(ADA, fully()).then(happened(&["link_converted", "user_invited"]));
    }
    // Nor is one named while the tenant is disabled.
    sales().and(ADA, disable(NEW)).when(ADAM, convert()).then(refused(TenantDisabled));
    // Where there is one, nobody is named.
    given().when(ADAM, fully()).then(refused(OwnerPresent));
}

#[test]
fn p16_a_managers_side_makes_no_super_admin_of_a_customers() {
    for who in [ADA, ADAM] {
        let commands: [Command; 3] = [
            assign(JACK, JOINTLY, "super_admin").into(),
            assign(JULIA, JOINTLY, "super_admin").into(),
            invite(JOINTLY, "super_admin").into(),
        ];
        for command in commands {
            granted().when(who, command.clone()).then(refused(SuperAdminOnly));
            granted().when(STAFF, command).then(done());
        }
    }
    let offered = granted().and(JULIA, invite(JOINTLY, "super_admin"));
    offered
        .when(ADA, ResendInvitation::new(EVE_INVITATION))
        .then(refused(SuperAdminOnly))
        .when(JULIA, ResendInvitation::new(EVE_INVITATION))
        .then(done());
    // Its own people are its own affair, and so are a locked customer's.
    granted().when(ADA, assign(RITA, JOINTLY, "super_admin")).then(done());
    given().when(ADA, invite(FULLY, "super_admin")).then(done());
    // Where being an admin is all there is, it is not barred.
    let one_role = |policy: &mut tenantry::policy::Policy| policy.admin_role = policy.super_role.clone();
    let grant = SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage", "roles.manage"]));
    given_under(one_role).and(JULIA, grant).when(ADA, assign(JIM, JOINTLY, "super_admin")).then(done()).look(
        |given| {
            assert!(held(given, JIM, JOINTLY).masked);
        },
    );
}

#[test]
fn p16_what_a_managers_side_hands_out_leaves_out_what_is_reserved() {
    let made = || granted().and(ADA, assign(JIM, JOINTLY, "admin"));
    let reserved = ["location.view", "devices.group_manager"];
    let made = || made().then_may(JIM, "devices.manage", JOINTLY).then_may(JACK, "location.view", JOINTLY);
    for permission in reserved {
        made().then_denied(JIM, permission, JOINTLY, RoleLacksPermission);
        // It stays so whatever becomes of the link.
        delinked(made()).then_denied(JIM, permission, JOINTLY, RoleLacksPermission);
        // Whoever is no super admin of the customer's does not lift it.
        made().and(JACK, assign(JIM, JOINTLY, "read_only")).then_denied(
            JIM,
            permission,
            JOINTLY,
            RoleLacksPermission,
        );
        made().and(JULIA, assign(JIM, JOINTLY, "admin")).then_may(JIM, permission, JOINTLY);
        made().and(STAFF, assign(JIM, JOINTLY, "admin")).then_may(JIM, permission, JOINTLY);
    }
    let verdict = made().verdict(JIM, "location.view", JOINTLY, None);
    assert!(verdict.grounds.unwrap().masked);
    // Nobody hands on what is left out of their own.
    let with = |permissions: &[&str]| made().and(JULIA, desk(JOINTLY, permissions));
    with(&["location.view"])
        .when(JIM, assign(JACK, JOINTLY, &DESK.to_string()))
        .then(refused(BeyondOwnRights));
    with(&["devices.view"]).when(JIM, assign(JACK, JOINTLY, &DESK.to_string())).then(done());
    made().when(JIM, assign(JACK, JOINTLY, "admin")).then(refused(BeyondOwnRights));
    // Nor is it left out of what a manager gives its own people, or those whom nobody but it can decide about.
    granted()
        .and(ADA, assign(RITA, JOINTLY, "admin"))
        .look(|given| assert!(!held(given, RITA, JOINTLY).masked));
    given()
        .and(ADA, assign(FRED, FULLY, "super_admin"))
        .look(|given| assert!(!held(given, FRED, FULLY).masked));
    made().verified();
}

#[test]
fn p16_an_invitation_remembers_that_a_managers_side_offered_it() {
    let offered = || granted().and(ADAM, invite(JOINTLY, "admin"));
    let accept = || AcceptInvitation::new(EVE_INVITATION, mail("eve"));
    let masked = |given: &Given| given.get::<Invitation>(EVE_INVITATION.uuid()).masked;
    offered()
        .look(|given| assert!(masked(given)))
        .and(EVE, accept())
        .then_may(EVE, "devices.manage", JOINTLY)
        .then_denied(EVE, "location.view", JOINTLY, RoleLacksPermission);
    for (who, stays) in [(JACK, true), (JULIA, false)] {
        let resent = offered().and(who, ResendInvitation::new(EVE_INVITATION));
        assert_eq!(masked(&resent), stays);
        assert_eq!(resent.and(EVE, accept()).verdict(EVE, "location.view", JOINTLY, None).allowed, !stays);
    }
    // Who sends it again offers it anew.
    let own = granted().and(JULIA, invite(JOINTLY, "admin"));
    own.look(|given| assert!(!masked(given)))
        .and(ADAM, ResendInvitation::new(EVE_INVITATION))
        .look(|given| assert!(masked(given)));
    // The owner who signs up is the customer's own voice.
    given()
        .and(ADA, customer(MSP, "jointly"))
        .and(ADAM, ResendInvitation::new(OLGA_INVITATION))
        .and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")))
        .then_may(OLGA, "location.view", NEW)
        .then_may(OLGA, "grants.manage", NEW);
}

#[test]
fn p16_a_managers_side_fills_no_role_with_what_is_reserved_for_those_who_have_it() {
    let role = DESK.to_string();
    let desk_of = |who, permissions: &[&str]| granted().and(who, desk(JOINTLY, permissions));
    // A role may hold it. What is left out of it is a matter of who gives it to whom.
    desk_of(ADA, &["location.view"])
        .and(ADA, assign(JIM, JOINTLY, &role))
        .then_denied(JIM, "location.view", JOINTLY, RoleLacksPermission)
        .and(JULIA, assign(JIM, JOINTLY, &role))
        .then_may(JIM, "location.view", JOINTLY);
    // Filled later, it is left out as well.
    desk_of(ADA, &["devices.view"])
        .and(ADA, assign(JIM, JOINTLY, &role))
        .and(ADA, fill(&["devices.view", "location.view"]))
        .then_denied(JIM, "location.view", JOINTLY, RoleLacksPermission);
    let used = || desk_of(JULIA, &["devices.view"]).and(JULIA, assign(JIM, JOINTLY, &role));
    let offered = || desk_of(JULIA, &["devices.view"]).and(JULIA, invite(JOINTLY, &role));
    for make in [&used as &dyn Fn() -> Given, &offered] {
        make().when(ADA, fill(&["devices.view", "location.view"])).then(refused(ReservedForCustomer));
        make().when(ADA, fill(&["devices.view", "devices.manage"])).then(done());
        make().when(JULIA, fill(&["devices.view", "location.view"])).then(done());
        make().when(STAFF, fill(&["devices.view", "location.view"])).then(done());
    }
}

/// How many entities are read to decide a command about so many super admins of `MSP`.
fn read_by(people: u128, command: impl Fn(Vec<UserId>) -> Command) -> usize {
    let given = given();
    let request = |users| given.request(ADA, command(users));
    let reading = given.engine.read().unwrap();
    let now = reading.now().unwrap();
    let mut world = Overlay::over(world(&now).view);
    let users: Vec<UserId> =
        (0..people).map(|one| UserId::from_uuid(Uuid::from_u128(0x3_0000 + one))).collect();
    for &user in &users {
        let role = text("super_admin");
        for event in [
            Event::UserRegistered { user, home: MSP },
            Event::Assigned { user, tenant: MSP, role, below: true, masked: false },
        ] {
            for change in apply(&world, &event, dawn()).unwrap() {
                world.change(change);
            }
        }
    }
    let view = Counting { view: &world, read: RefCell::default() };
    decide(&World::reading(&view, dawn()).unwrap(), &request(users)).unwrap();
    view.read.into_inner().values().sum()
}

#[test]
fn p15_a_batch_costs_what_its_items_cost() {
    let assign = |users: Vec<UserId>| {
        let roles =
            users.into_iter().map(|user| NewAssignment { below: Some(true), ..place(user, MSP, "admin") });
        Assign::new(roles.collect()).into()
    };
    let unassign =
        |users: Vec<UserId>| Unassign::new(users.into_iter().map(|user| here(user, MSP)).collect()).into();
    let commands: [&dyn Fn(Vec<UserId>) -> Command; 2] = [&assign, &unassign];
    for command in commands {
        let (some, twice) = (read_by(100, command), read_by(200, command));
        assert!(twice <= some * 2, "{some} entities for 100, {twice} for 200");
    }
}
