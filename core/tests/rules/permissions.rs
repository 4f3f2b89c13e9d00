//! What each side may do (P).

use std::collections::BTreeSet;

use tenantry::base::ids::RoleId;
use tenantry::base::text::Permission;
use tenantry::model::{Assignment, Role};
use tenantry::policy::AddedServices;
use tenantry::query::{TenantsWhere, UsersWhoCan};
use tenantry::refusal::Code;
use tenantry::refusal::Code::*;

use super::*;

const CLIENT: TenantId = TenantId::from_uuid(Uuid::from_u128(0x1a7));

const DESK: RoleId = RoleId::from_uuid(Uuid::from_u128(0x6a0));
const OTHER: RoleId = RoleId::from_uuid(Uuid::from_u128(0x6a1));

fn role(tenant: TenantId, permissions: &[&str]) -> CreateRole {
    CreateRole { role: Some(DESK), ..CreateRole::new(tenant, text("Desk"), set(permissions)) }
}

fn custom(user: UserId, tenant: TenantId, role: RoleId) -> Assign {
    assign(user, tenant, &role.to_string())
}

const USERS: [UserId; 17] =
    [GINA, GUS, ADA, ADAM, RITA, NOEL, BOB, IVY, NINA, JULIA, JACK, JIM, FRED, CARL, CORA, ROB, NOBODY];
const TENANTS: [TenantId; 9] = [GRAND, MSP, SECOND, JOINTLY, FULLY, ALONE, EMPTY, RESELLER, NOWHERE];

#[test]
fn p1_a_user_who_is_not_there_or_not_active_may_nothing() {
    given()
        .then_denied(NOBODY, "tenant.view", MSP, UnknownUser)
        .then_denied(IVY, "tenant.view", MSP, UserNotActive)
        .then_denied(BOB, "tenant.view", MSP, UserNotActive)
        .then_denied(BOB, "tenant.view", NOWHERE, UserNotActive)
        .and(ADA, RemoveUser::new(BOB))
        .then_denied(BOB, "tenant.view", MSP, UserNotActive);
    given().and(GINA, disable(MSP)).then_denied(ADA, "devices.view", JOINTLY, UserNotActive);
    let gone = delinked(given()).and(JULIA, delete(&[JOINTLY]));
    gone.then_denied(JULIA, "tenant.view", JOINTLY, UserNotActive);
    given().when(NOBODY, rename(MSP)).then(refused(UnknownUser));
    given().when(BOB, rename(MSP)).then(refused(UserNotActive));
}

#[test]
fn p2_a_tenant_that_is_not_there_or_not_enabled_is_out_of_bounds() {
    given()
        .then_denied(ADA, "tenant.view", NOWHERE, UnknownTenant)
        .and(ADA, disable(JOINTLY))
        .then_denied(ADA, "tenant.view", JOINTLY, TenantDisabled)
        // Before P-3: also for somebody who is not linked.
        .then_denied(NINA, "tenant.view", JOINTLY, TenantDisabled)
        .then_denied(NINA, "tenant.operate", JOINTLY, NotLinked)
        .under(|policy| policy.host_reports_ready = true)
        .and(ADA, enable(JOINTLY))
        .then_denied(ADA, "tenant.view", JOINTLY, TenantDisabled)
        .and(ADA, delete(&[FULLY]))
        .then_denied(ADA, "tenant.view", FULLY, UnknownTenant);
}

#[test]
fn p3_only_home_or_a_chain_of_links_in_force_reaches_a_tenant() {
    given()
        .then_denied(NINA, "tenant.view", JOINTLY, NotLinked)
        .then_denied(JULIA, "tenant.view", MSP, NotLinked)
        .then_denied(JULIA, "tenant.view", FULLY, NotLinked)
        .then_denied(ADA, "tenant.view", GRAND, NotLinked)
        .then_may(GINA, "tenant.view", MSP)
        .then_may(GINA, "tenant.view", JOINTLY)
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .then_may(ADA, "tenant.view", JOINTLY)
        .and(JULIA, AcceptDelink::new(JOINTLY_LINK))
        .then_denied(ADA, "tenant.view", JOINTLY, NotLinked)
        .then_denied(GINA, "tenant.view", JOINTLY, NotLinked);
}

#[test]
fn p4_a_locked_customers_own_users_may_nothing_the_super_admin_included() {
    let given = given();
    for permission in given.policy().permissions {
        let reason = given.verdict(FRED, permission.as_str(), FULLY, None).reason;
        assert_eq!(reason, Some(CustomerLocked), "{permission}");
    }
}

#[test]
fn p4_the_people_of_a_locked_manager_are_locked_out_of_what_it_manages() {
    let fully = AddCustomer {
        tenant: Some(NEW),
        link: Some(NEW_LINK),
        ..AddCustomer::new(SECOND, TenantKind::Msp, text("New"), text("fully"), set(&["manage", "configure"]))
    };
    let client = AddCustomer::new(NEW, TenantKind::Customer, text("Client"), text("fully"), set(&["manage"]));
    let client = AddCustomer { tenant: Some(CLIENT), ..client };
    let given = given().and(NINA, fully).and(STAFF, user(OLGA, NEW, "olga", "super_admin"));
    let given = given.and(STAFF, client);
    let lists = |given: &Given| {
        let read = given.engine.read().unwrap();
        let now = read.now().unwrap();
        let permission: Permission = text("devices.view");
        let reached = now.ask(TenantsWhere::new(OLGA, permission.clone())).unwrap();
        let can = now.ask(UsersWhoCan::new(permission, CLIENT)).unwrap();
        let index = given.engine.access_index().unwrap();
        let permit = index.permission("devices.view").unwrap();
        let verdict = index.check(OLGA, permit, CLIENT, given.engine.now()).reason;
        let mut tenants = Vec::new();
        index.tenants_where(index.user(OLGA), permit, given.engine.now(), &mut tenants).unwrap();
        let mut users = Vec::new();
        index.users_who_can(permit, index.tenant(CLIENT), given.engine.now(), &mut users).unwrap();
        let users: BTreeSet<UserId> = users.into_iter().map(|user| index.user_id(user)).collect();
        assert_eq!(users, can.iter().copied().collect());
        assert_eq!(tenants.len(), reached.len());
        (reached.contains(&CLIENT), can.contains(&OLGA), verdict)
    };
    let given = given.then_denied(OLGA, "devices.view", CLIENT, CustomerLocked);
    let given = given.then_denied(OLGA, "devices.view", NEW, CustomerLocked);
    assert_eq!(lists(&given), (false, false, Some(CustomerLocked)));
    let given = given.then_may(NINA, "devices.view", CLIENT);
    let given = given.when(OLGA, rename(CLIENT)).then(refused(UnknownTenant));
    // Whoever is not locked at home works below it.
    let free = given.and(NINA, ConvertLink::new(NEW_LINK, text("jointly")));
    let free = free.then_may(OLGA, "devices.view", CLIENT);
    assert_eq!(lists(&free), (true, true, None));
    free.verified();
}

#[test]
fn p4_the_consoles_of_a_managers_people_close_when_it_is_locked() {
    let given = given().and(GINA, RequestDelink::new(GRAND_LINK)).and(ADA, AcceptDelink::new(GRAND_LINK));
    let given = given.and(ADA, OpenConsole::new(JOINTLY, text("manage"), text("/back")));
    let given = given.and(NINA, RequestLink { services: set(&["manage"]), ..ask(SECOND, "MSP", "fully") });
    let when = given.when(ADA, AcceptLink::new(ASKED));
    let locked = when.then(happened(&[
        "link_request_accepted",
        "link_created",
        "invitation_withdrawn",
        "session_ended",
    ]));
    locked.then_denied(ADA, "devices.view", JOINTLY, CustomerLocked).verified();
}

#[test]
fn p5_the_service_must_be_on_every_link_of_the_chain() {
    let given = given();
    let for_service =
        |user, tenant, service| given.verdict(user, "devices.manage", tenant, Some(service)).reason;
    for (user, tenant, service, reason) in [
        (ADA, JOINTLY, "manage", None),
        (ADA, JOINTLY, "enrollment", Some(ServiceNotManaged)),
        (ADA, FULLY, "configure", Some(ServiceNotManaged)),
        (GINA, JOINTLY, "configure", None),
        (GINA, JOINTLY, "enrollment", Some(ServiceNotManaged)),
        // At home every service of the policy.
        (JULIA, JOINTLY, "enrollment", None),
        (FRED, FULLY, "enrollment", Some(CustomerLocked)),
        (NINA, JOINTLY, "enrollment", Some(NotLinked)),
    ] {
        assert_eq!(for_service(user, tenant, service), reason, "{service} of {user} on {tenant}");
    }
    let given = given.under(|policy| policy.management_types[1].added_services = AddedServices::Notify);
    let given = given.agreed(JOINTLY_LINK).and(STAFF, AddServices::new(JOINTLY_LINK, set(&["enrollment"])));
    let given = given.and(staff_for("T-1"), RemoveService::new(GRAND_LINK, text("enrollment")));
    assert_eq!(given.verdict(ADA, "devices.manage", JOINTLY, Some("enrollment")).reason, None);
    assert_eq!(
        given.verdict(GINA, "devices.manage", JOINTLY, Some("enrollment")).reason,
        Some(ServiceNotManaged)
    );
}

#[test]
fn p6_what_is_reserved_is_never_a_managers() {
    for permission in ["location.view", "devices.group_manager", "link.respond", "grants.manage"] {
        given()
            .then_denied(ADA, permission, JOINTLY, ReservedForCustomer)
            .then_denied(ADA, permission, FULLY, ReservedForCustomer)
            .then_denied(GINA, permission, MSP, ReservedForCustomer)
            .then_may(JULIA, permission, JOINTLY)
            .then_may(ADA, permission, MSP);
    }
    given()
        .when(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["location.view"])))
        .then(refused(NotGrantable));
    given().when(ADA, SetManagerGrants::new(JOINTLY_LINK, set(&[]))).then(refused(ReservedForCustomer));
}

#[test]
fn p7_managing_admins_and_roles_needs_the_customers_grant() {
    let grant = |permissions: &[&str]| SetManagerGrants::new(JOINTLY_LINK, set(permissions));
    given()
        .then_denied(ADA, "users.manage", JOINTLY, NotGranted)
        .then_denied(ADA, "roles.manage", JOINTLY, NotGranted)
        .then_may(ADA, "users.manage", FULLY)
        .then_may(ADA, "users.view", JOINTLY)
        .when(ADA, invite(JOINTLY, "admin"))
        .then(refused(NotGranted))
        .and(JULIA, grant(&["users.manage"]))
        .then_may(ADA, "users.manage", JOINTLY)
        .then_denied(ADA, "roles.manage", JOINTLY, NotGranted)
        .and(ADA, invite(JOINTLY, "admin"))
        .and(JULIA, grant(&[]))
        .then_denied(ADA, "users.manage", JOINTLY, NotGranted);
    // Every link of the chain has to give it.
    given()
        .and(JULIA, grant(&["users.manage"]))
        .then_denied(GINA, "users.manage", JOINTLY, NotGranted)
        .and(ADA, SetManagerGrants::new(GRAND_LINK, set(&["users.manage"])))
        .then_may(GINA, "users.manage", JOINTLY);
    for (actor, link, permissions, expected) in [
        (JULIA.into(), JOINTLY_LINK, &["users.manage", "roles.manage"][..], done()),
        (JACK.into(), JOINTLY_LINK, &["users.manage"], refused(RoleLacksPermission)),
        (FRED.into(), FULLY_LINK, &["users.manage"], refused(CustomerLocked)),
        (NINA.into(), JOINTLY_LINK, &["users.manage"], refused(UnknownLink)),
        (JULIA.into(), JOINTLY_LINK, &["devices.manage"], refused(NotGrantable)),
        (JULIA.into(), JOINTLY_LINK, &["devices.fly"], refused(UnknownPermission)),
        (STAFF, JOINTLY_LINK, &["users.manage"], refused(TicketRequired)),
        (staff_for("T-1"), JOINTLY_LINK, &["users.manage"], done()),
    ] {
        given().when(actor, SetManagerGrants::new(link, set(permissions))).then(expected);
    }
    delinked(given()).when(JULIA, grant(&[])).then(refused(LinkEnded));
}

#[test]
fn p8_without_a_role_there_and_without_the_permission_in_it_nothing_goes() {
    given()
        .then_denied(RITA, "devices.manage", JOINTLY, RoleLacksPermission)
        .then_denied(NOEL, "devices.view", JOINTLY, RoleLacksPermission)
        .then_denied(JIM, "devices.manage", JOINTLY, RoleLacksPermission)
        .then_denied(JACK, "grants.manage", JOINTLY, RoleLacksPermission)
        .and(JULIA, Unassign::new(vec![UserOnTenant { user: JIM, tenant: JOINTLY }]))
        .then_denied(JIM, "devices.view", JOINTLY, NoAssignment)
        .and(ADA, Unassign::new(vec![UserOnTenant { user: RITA, tenant: MSP }]))
        .then_denied(RITA, "devices.view", JOINTLY, NoAssignment)
        .when(RITA, rename(MSP))
        .then(refused(NoAssignment));
}

#[test]
fn p9_the_built_in_roles_hold_what_they_say() {
    let given = given();
    let policy = given.policy();
    let own = |user, permission: &Permission| given.verdict(user, permission.as_str(), JOINTLY, None).reason;
    for permission in &policy.permissions {
        let lacks = |held: bool| (!held).then_some(RoleLacksPermission);
        assert_eq!(own(JULIA, permission), None);
        assert_eq!(own(JACK, permission), lacks(!policy.super_only.contains(permission)), "{permission}");
        assert_eq!(own(JIM, permission), lacks(permission.as_str().ends_with(".view")), "{permission}");
        let none = given.verdict(NOEL, permission.as_str(), MSP, None).reason;
        assert_eq!(none, Some(RoleLacksPermission));
    }
}

#[test]
fn p9_a_tenant_adds_roles_of_its_own() {
    let made = || given().and(JULIA, role(JOINTLY, &["devices.view", "devices.manage"]));
    made().and(JULIA, custom(JIM, JOINTLY, DESK)).then_may(JIM, "devices.manage", JOINTLY).then_denied(
        JIM,
        "users.view",
        JOINTLY,
        RoleLacksPermission,
    );
    for (who, tenant, name, permissions, expected) in [
        (JACK, JOINTLY, "Desk 2", &["devices.view"][..], happened(&["role_created"])),
        (JIM, JOINTLY, "Desk 2", &["devices.view"], refused(RoleLacksPermission)),
        (JACK, JOINTLY, "Desk", &["devices.view"], refused(RoleNameTaken)),
        (JACK, JOINTLY, "admin", &["devices.view"], refused(RoleNameTaken)),
        (JACK, JOINTLY, "Super Admin", &["devices.view"], refused(RoleNameTaken)),
        (JACK, JOINTLY, "\u{410}dmin", &["devices.view"], refused(RoleNameTaken)), // Cyrillic
        (JACK, JOINTLY, "desk", &["devices.view"], refused(RoleNameTaken)),
        (JACK, JOINTLY, "Desk 2", &["devices.fly"], refused(UnknownPermission)),
        (JACK, JOINTLY, "Desk 2", &["personal.erase"], refused(BeyondOwnRights)),
        (JULIA, JOINTLY, "Desk 2", &["personal.erase"], refused(SuperOnlyPermission)),
        (ADA, JOINTLY, "Desk 2", &["devices.view"], refused(NotGranted)),
        (ADA, FULLY, "Desk", &["devices.view"], done()),
    ] {
        made().when(who, CreateRole::new(tenant, text(name), set(permissions))).then(expected);
    }
    made().when(JULIA, role(JOINTLY, &[])).then(refused(IdTaken));
    let on_behalf = made().and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["roles.manage"])));
    let on_behalf = on_behalf
        .and(ADA, CreateRole { role: Some(OTHER), ..CreateRole::new(JOINTLY, text("Ours"), set(&[])) });
    assert_eq!(on_behalf.get::<Role>(OTHER.uuid()).created_by, Some(MSP));
}

#[test]
fn p9_a_role_is_edited_for_all_who_have_it_and_deleted_when_nobody_has() {
    let made = || given().and(JULIA, role(JOINTLY, &["devices.view"])).and(JULIA, custom(JIM, JOINTLY, DESK));
    let edit = |permissions: &[&str]| EditRole { permissions: Some(set(permissions)), ..EditRole::new(DESK) };
    made().and(JACK, edit(&["devices.view", "devices.manage"])).then_may(JIM, "devices.manage", JOINTLY);
    made().and(JACK, edit(&[])).then_denied(JIM, "devices.view", JOINTLY, RoleLacksPermission);
    for (who, command, expected) in [
        (JACK, EditRole::new(DESK), refused(NothingToDo)),
        (JACK, edit(&["devices.view"]), refused(NothingToDo)),
        (JACK, edit(&["devices.fly"]), refused(UnknownPermission)),
        (JULIA, edit(&["link.respond"]), refused(SuperOnlyPermission)),
        (JACK, EditRole { name: Some(text("admin")), ..EditRole::new(DESK) }, refused(RoleNameTaken)),
        (JACK, EditRole { name: Some(text("DESK")), ..EditRole::new(DESK) }, done()),
        (JACK, EditRole::new(OTHER), refused(UnknownRole)),
        (NINA, edit(&[]), refused(UnknownRole)),
    ] {
        made().when(who, command).then(expected);
    }
    made().when(JACK, DeleteRole::new(DESK)).then(refused(RoleInUse));
    made()
        .and(JULIA, assign(JIM, JOINTLY, "admin"))
        .when(JACK, DeleteRole::new(DESK))
        .then(happened(&["role_deleted"]));
    let offered =
        made().and(JULIA, assign(JIM, JOINTLY, "admin")).and(JULIA, invite(JOINTLY, &DESK.to_string()));
    offered.when(JACK, DeleteRole::new(DESK)).then(refused(RoleInUse));
    // A deleted role is no role, its name is free and its id is not.
    given()
        .and(JULIA, role(JOINTLY, &["devices.view"]))
        .and(JACK, DeleteRole::new(DESK))
        .when(JULIA, custom(JIM, JOINTLY, DESK))
        .then(refused(UnknownRole))
        .when(JULIA, edit(&[]))
        .then(refused(UnknownRole))
        .when(JULIA, role(JOINTLY, &[]))
        .then(refused(IdTaken))
        .when(JULIA, CreateRole::new(JOINTLY, text("Desk"), set(&[])))
        .then(done())
        .verified();
}

#[test]
fn p9_a_role_of_ones_own_never_holds_what_only_super_admins_do() {
    // Not even where the policy made it so after the role was there.
    let given = given().and(JULIA, role(JOINTLY, &["audit.view"])).and(JULIA, custom(JIM, JOINTLY, DESK));
    let given = given.then_may(JIM, "audit.view", JOINTLY).under(|policy| {
        policy.super_only.insert(text("audit.view"));
        for rule in policy.roles.iter_mut().filter(|rule| rule.name != policy.super_role) {
            rule.permissions.remove("audit.view");
        }
    });
    given.then_denied(JIM, "audit.view", JOINTLY, RoleLacksPermission);
}

#[test]
fn p10_the_nearest_assignment_wins() {
    given()
        .and(ADA, assign(ADAM, JOINTLY, "read_only"))
        .then_denied(ADAM, "devices.manage", JOINTLY, RoleLacksPermission)
        .then_may(ADAM, "devices.manage", FULLY)
        .and(ADA, assign(ADAM, JOINTLY, "no_access"))
        .then_denied(ADAM, "tenant.view", JOINTLY, RoleLacksPermission)
        .and(ADA, assign(NOEL, JOINTLY, "admin"))
        .then_may(NOEL, "devices.manage", JOINTLY);
    // Half way down the chain, if it covers what is below.
    let near = |below| Assign::new(vec![NewAssignment { below, ..place(GUS, MSP, "read_only") }]);
    given().and(GINA, near(None)).then_denied(GUS, "devices.manage", JOINTLY, RoleLacksPermission);
    given()
        .and(GINA, near(Some(false)))
        .then_denied(GUS, "devices.manage", MSP, RoleLacksPermission)
        .then_may(GUS, "devices.manage", JOINTLY);
}

#[test]
fn p10_tenants_added_later_are_covered_where_what_is_below_is() {
    given().and(NINA, customer(SECOND, "fully")).then_may(NINA, "devices.manage", NEW);
    let only_here = RegisterUser { below: Some(false), ..user(EVE, MSP, "eve", "admin") };
    given().and(STAFF, only_here).then_may(EVE, "devices.manage", MSP).then_denied(
        EVE,
        "devices.view",
        JOINTLY,
        NoAssignment,
    );
    // On a customer the default is not to cover what is below.
    let given = given().and(ADA, assign(RITA, JOINTLY, "admin"));
    assert!(!given.get::<Assignment>(Assignment::key(RITA, JOINTLY).uuid()).below);
}

#[test]
fn p11_many_users_on_many_tenants_in_one_command() {
    let items = vec![
        place(RITA, JOINTLY, "admin"),
        place(RITA, FULLY, "no_access"),
        place(NOEL, JOINTLY, "read_only"),
        place(ADAM, FULLY, "read_only"),
    ];
    given()
        .when(ADA, Assign::new(items))
        .then(happened(&["assigned"; 4]))
        .then_may(RITA, "devices.manage", JOINTLY)
        .then_denied(RITA, "devices.view", FULLY, RoleLacksPermission)
        .then_may(NOEL, "devices.view", JOINTLY)
        .then_denied(ADAM, "devices.manage", FULLY, RoleLacksPermission);
    for (items, expected) in [
        (vec![], refused(EmptyBatch)),
        (vec![place(RITA, JOINTLY, "admin"), place(RITA, JOINTLY, "read_only")], refused(DuplicateItem)),
        (vec![place(RITA, JOINTLY, "admin"), place(NINA, JOINTLY, "admin")], refused(NoSuchUser)),
        (vec![place(RITA, ALONE, "admin")], refused(UnknownTenant)),
        (vec![place(RITA, GRAND, "admin")], refused(UnknownTenant)),
        (vec![place(RITA, JOINTLY, "astronaut")], refused(UnknownRole)),
        (vec![place(IVY, JOINTLY, "admin")], refused(UserStateConflict)),
        (vec![place(BOB, JOINTLY, "admin")], done()),
    ] {
        given().when(ADA, Assign::new(items)).then(expected);
    }
    given().when(STAFF, assign(NINA, JOINTLY, "admin")).then(refused(OutOfReach));
    let here = |user, tenant| UserOnTenant { user, tenant };
    given()
        .and(ADA, assign(NOEL, JOINTLY, "admin"))
        .when(ADA, Unassign::new(vec![here(NOEL, JOINTLY), here(RITA, MSP)]))
        .then(happened(&["assignment_ended"; 2]))
        .then_denied(RITA, "tenant.view", MSP, NoAssignment);
    given().when(ADA, Unassign::new(vec![here(RITA, JOINTLY)])).then(refused(NotAssigned));
    given().when(ADA, Unassign::new(vec![])).then(refused(EmptyBatch));
    given().when(ADA, Unassign::new(vec![here(RITA, MSP), here(RITA, MSP)])).then(refused(DuplicateItem));
}

#[test]
fn p11_a_new_customer_comes_with_its_authorizations() {
    let authorize = |user, role: &str| Authorization { user, role: text(role), below: None };
    let with = |items: Vec<Authorization>| AddCustomer { authorize: items, ..customer(MSP, "fully") };
    given()
        .when(ADA, with(vec![authorize(RITA, "admin"), authorize(ADAM, "no_access")]))
        .then(happened(&["tenant_registered", "link_created", "assigned", "assigned"]))
        .then_may(RITA, "devices.manage", NEW)
        .then_denied(ADAM, "tenant.view", NEW, RoleLacksPermission);
    for (who, items, expected) in [
        (ADA, vec![authorize(RITA, "admin"), authorize(RITA, "admin")], refused(DuplicateItem)),
        (ADA, vec![authorize(NINA, "admin")], refused(NoSuchUser)),
        (ADA, vec![authorize(IVY, "admin")], refused(UserStateConflict)),
        (ADA, vec![authorize(RITA, "astronaut")], refused(UnknownRole)),
        (ADAM, vec![authorize(RITA, "super_admin")], refused(BeyondOwnRights)),
        (GINA, vec![authorize(GUS, "admin")], done()),
    ] {
        given().when(who, with(items)).then(expected);
    }
    let second = AddCustomer { authorize: vec![authorize(RITA, "admin")], ..customer(SECOND, "fully") };
    given().when(STAFF, second).then(refused(OutOfReach));
}

#[test]
fn p12_a_verdict_names_the_rule_the_assignment_and_the_links() {
    let given = given().and(GINA, assign(GUS, MSP, "read_only"));
    let verdict = given.verdict(GINA, "devices.manage", JOINTLY, Some("manage"));
    assert!(verdict.allowed);
    assert_eq!(
        (verdict.chain, verdict.seq),
        (vec![JOINTLY_LINK, GRAND_LINK], given.engine.token().unwrap().seq)
    );
    let grounds = verdict.grounds.unwrap();
    assert_eq!((grounds.tenant, grounds.role.to_string()), (GRAND, "super_admin".to_owned()));
    let verdict = given.verdict(GUS, "devices.manage", JOINTLY, None);
    assert_eq!(
        (verdict.reason, verdict.rule(), verdict.grounds.unwrap().tenant),
        (Some(RoleLacksPermission), "P-8", MSP)
    );
    let rules: [(UserId, &str, TenantId, &str); 9] = [
        (NOBODY, "tenant.view", MSP, "P-1"),
        (BOB, "tenant.view", MSP, "P-1"),
        (ADA, "tenant.view", NOWHERE, "P-2"),
        (NINA, "tenant.view", MSP, "P-3"),
        (FRED, "tenant.view", FULLY, "P-4"),
        (ADA, "location.view", FULLY, "P-6"),
        (ADA, "users.manage", JOINTLY, "P-7"),
        (NOEL, "tenant.view", MSP, "P-8"),
        (ADA, "tenant.view", MSP, "P-10"),
    ];
    for (user, permission, tenant, rule) in rules {
        assert_eq!(
            given.verdict(user, permission, tenant, None).rule(),
            rule,
            "{permission} of {user} on {tenant}"
        );
    }
}

/// Every check and its two reverses agree.
fn reverses_agree(given: &Given) {
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    for service in [None, Some("manage"), Some("enrollment")] {
        for permission in &given.policy().permissions {
            let service = service.map(text);
            let mut by_user = Vec::new();
            let mut by_tenant = Vec::new();
            let mut forward = Vec::new();
            for user in USERS {
                for tenant in now
                    .ask(TenantsWhere { user, permission: permission.clone(), service: service.clone() })
                    .unwrap()
                {
                    by_user.push((user, tenant));
                }
                for tenant in TENANTS {
                    let mut question = Question::new(user, permission.clone(), tenant);
                    question.service = service.clone();
                    if now.check(&question).unwrap().allowed {
                        forward.push((user, tenant));
                    }
                }
            }
            for tenant in TENANTS {
                for user in now
                    .ask(UsersWhoCan { permission: permission.clone(), tenant, service: service.clone() })
                    .unwrap()
                {
                    by_tenant.push((user, tenant));
                }
            }
            forward.sort();
            by_user.sort();
            by_tenant.sort();
            assert_eq!(by_user, forward, "{permission}");
            assert_eq!(by_tenant, forward, "{permission}");
        }
    }
}

#[test]
fn p12_a_question_about_what_the_policy_does_not_have_is_refused_and_not_denied() {
    let given = given();
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    for (permission, service, code) in [
        ("devices.fly", None, UnknownPermission),
        ("devices.view", Some("laundry"), UnknownService),
        ("devices.fly", Some("laundry"), UnknownService),
    ] {
        let (permission, service): (Permission, _) = (text(permission), service.map(text));
        let mut question = Question::new(JULIA, permission.clone(), JOINTLY);
        question.service = service.clone();
        let refused = [
            now.check(&question).unwrap_err(),
            given.engine.check(&question).unwrap_err(),
            now.ask(TenantsWhere { user: JULIA, permission: permission.clone(), service: service.clone() })
                .unwrap_err(),
            now.ask(UsersWhoCan {
                permission: permission.clone(),
                tenant: JOINTLY,
                service: service.clone(),
            })
            .unwrap_err(),
        ];
        for error in refused {
            assert_eq!(error.refusal().map(|refusal| refusal.code), Some(code));
        }
    }
}

#[test]
fn p12_every_check_agrees_with_its_reverse() {
    reverses_agree(&given());
    reverses_agree(
        &given().and(ADA, assign(RITA, JOINTLY, "no_access")).and(ADA, assign(NOEL, FULLY, "super_admin")),
    );
    reverses_agree(&given().and(GINA, disable(MSP)));
    reverses_agree(&delinked(given()));
}

#[test]
fn p14_the_default_policy_has_these_permissions_and_keeps_three_for_super_admins() {
    let policy = given().policy();
    let wanted = "tenant.view tenant.edit tenant.operate tenant.delete customers.list customers.add customers.delink \
        users.view users.manage roles.manage devices.view devices.manage devices.group_manager licences.view licences.manage \
        integrations.view integrations.manage alerts.view alerts.manage location.view console.open audit.view \
        groups.manage link.respond grants.manage personal.erase";
    let wanted: Vec<&str> = wanted.split_whitespace().collect();
    assert_eq!(policy.permissions, set::<Permission>(&wanted));
    assert_eq!(policy.super_only, set::<Permission>(&["link.respond", "grants.manage", "personal.erase"]));
    assert_eq!(policy.services, set(&["enrollment", "configure", "manage", "asset-intelligence"]));
    // `customers.*` is held on the managing tenant.
    let read_only_at_home =
        given().and(ADA, assign(ADAM, MSP, "read_only")).and(ADA, assign(ADAM, JOINTLY, "admin"));
    read_only_at_home.when(ADAM, RequestDelink::new(JOINTLY_LINK)).then(refused(RoleLacksPermission));
}

#[test]
fn p14_only_super_admins_answer_grant_and_erase() {
    let erase = |tenant| ErasePersonal::new(tenantry::model::Subject::Tenant(tenant));
    let asked = || given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let lacks: Code = RoleLacksPermission;
    asked().when(CORA, AcceptLink::new(ASKED)).then(refused(RoleLacksPermission));
    asked().when(CARL, AcceptLink::new(ASKED)).then(done());
    given().when(CORA, erase(ALONE)).then(refused(RoleLacksPermission));
    given().when(CARL, erase(ALONE)).then(done());
    given().then_denied(CORA, "grants.manage", ALONE, lacks).then_may(CARL, "grants.manage", ALONE);
}
