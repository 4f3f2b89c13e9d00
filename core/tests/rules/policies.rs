//! The policy as data (P-13).

use tenantry::model::{Actor, RoleRef, TermRequest};
use tenantry::policy::{
    AddedServices, MAX_PERMISSIONS, MAX_SERVICES, ManagementRule, MoveRule, Policy, PrefixReuse,
};
use tenantry::refusal::Code::*;
use tenantry::store::memory::MemoryStore;

use super::*;

fn put(policy: Policy) -> SetPolicy {
    SetPolicy::new(Box::new(policy))
}

#[test]
fn p13_the_policies_that_come_with_the_library_are_valid() {
    for policy in Policy::builtin() {
        policy.validate().unwrap();
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
    }
}

#[test]
fn p13_the_names_that_are_values_are_those_of_the_default_policy() {
    use tenantry::{management, permissions, roles, services};

    let policy = Policy::default();
    let types: Vec<_> = policy.management_types.into_iter().map(|it| it.name).collect();
    assert_eq!(types, [management::FULLY, management::JOINTLY]);
    let held: Vec<_> = policy.roles.into_iter().map(|it| RoleRef::Builtin(it.name)).collect();
    assert_eq!(held, [roles::SUPER_ADMIN, roles::ADMIN, roles::READ_ONLY, roles::NO_ACCESS]);
    let all = [services::ENROLLMENT, services::CONFIGURE, services::MANAGE, services::ASSET_INTELLIGENCE];
    assert_eq!(policy.services, all.into());
    assert!(policy.permissions.contains(&permissions::DEVICES_VIEW));
    assert_eq!(permissions::DEVICES_VIEW, text("devices.view"));
}

#[test]
fn p13_every_contradiction_in_a_policy_is_named() {
    type Fault = fn(&mut Policy);
    let faults: [(Fault, &str); 39] = [
        (|it| it.name = " ".to_owned(), "the policy needs a name of 1 to 64 characters"),
        (|it| it.name = "x".repeat(65), "the policy needs a name of 1 to 64 characters"),
        (|it| it.permissions.clear(), "a policy holds 1 to 128 permissions, not 0"),
        (
            |it| it.permissions.extend((0..=MAX_PERMISSIONS).map(|n| text(&format!("extra.{n}")))),
            "a policy holds 1 to 128 permissions, not 155",
        ),
        (|it| it.services.clear(), "a policy holds 1 to 64 services, not 0"),
        (
            |it| it.services = (0..=MAX_SERVICES).map(|n| text(&format!("s{n}"))).collect(),
            "a policy holds 1 to 64 services, not 65",
        ),
        (
            |it| it.reserved.extend([text("fly")]),
            "`reserved` names `fly`, which is no permission of this policy",
        ),
        (
            |it| it.grantable.extend([text("fly")]),
            "`grantable` names `fly`, which is no permission of this policy",
        ),
        (
            |it| it.super_only.extend([text("fly")]),
            "`super_only` names `fly`, which is no permission of this policy",
        ),
        (
            |it| it.grantable.extend([text("location.view")]),
            "`location.view` is both reserved and grantable; no grant lifts a reservation",
        ),
        (|it| it.roles.push(it.roles[1].clone()), "role `admin` is defined twice"),
        (
            |it| it.roles[2].permissions.extend([text("fly")]),
            "role `read_only` holds `fly`, which is no permission of this policy",
        ),
        (
            |it| it.roles[1].permissions.extend([text("link.respond")]),
            "role `admin` holds `link.respond`, which only `super_admin` may",
        ),
        (|it| it.super_role = text("queen"), "the super role `queen` is not defined"),
        (|it| it.roles[0].permissions.clear(), "the super role `super_admin` must hold every permission"),
        (|it| it.admin_role = text("king"), "the admin role `king` is not defined"),
        (|it| it.management_types.clear(), "a policy needs at least one management type"),
        (
            |it| it.management_types.push(it.management_types[1].clone()),
            "management type `jointly` is defined twice",
        ),
        (
            |it| it.management_types[0].delinkable = true,
            "`fully` locks the customer out and yet asks the customer to agree to a delink",
        ),
        (
            |it| it.management_types[0].needs_grants = true,
            "`fully` locks the customer out and yet needs grants that only the customer gives",
        ),
        (
            |it| it.management_types[0].exclusive = false,
            "`fully` locks the customer out and yet tolerates other managers",
        ),
        (
            |it| it.management_types[1].converts_to = set(&["alone"]),
            "`jointly` converts to `alone`, which is not defined",
        ),
        (|it| it.management_types[1].converts_to = set(&["jointly"]), "`jointly` converts to itself"),
        (
            |it| it.management_types[1].converts_to = set(&["fully"]),
            "`jointly` converts to `fully`, which would leave the manager more without the customer's consent",
        ),
        (
            |it| it.management_types[0].notice_days = Some(30),
            "`fully` has a notice period and yet cannot be delinked",
        ),
        (
            |it| it.management_types[1].notice_days = Some(0),
            "`jointly` has a notice period of 1 to 36500 days, not 0",
        ),
        (
            |it| it.management_types[1].notice_days = Some(36_501),
            "`jointly` has a notice period of 1 to 36500 days, not 36501",
        ),
        (
            |it| {
                it.management_types[1].notice_days = Some(30);
                it.delink_request_days = Some(60);
            },
            "`jointly` has a notice period and yet delink requests lapse after `delink_request_days`",
        ),
        (
            |it| drop(it.consoles.insert(text("manage"), "javascript:alert(1)".to_owned())),
            "the console of `manage` must begin with `https://`, `http://` or, on the host's own site, `/`",
        ),
        (
            |it| drop(it.consoles.insert(text("manage"), "//elsewhere.example/console".to_owned())),
            "the console of `manage` must begin with `https://`, `http://` or, on the host's own site, `/`",
        ),
        (|it| it.max_managers = 0, "`max_managers` must be 1 to 16, not 0"),
        (|it| it.max_managers = 17, "`max_managers` must be 1 to 16, not 17"),
        (|it| it.max_depth = 0, "`max_depth` must be 1 to 16, not 0"),
        (|it| it.max_depth = 17, "`max_depth` must be 1 to 16, not 17"),
        (|it| it.invitation_days = 0, "`invitation_days` must be 1 to 36500, not 0"),
        (|it| it.link_request_days = 36_501, "`link_request_days` must be 1 to 36500, not 36501"),
        (|it| it.delink_request_days = Some(0), "`delink_request_days` must be 1 to 36500, not 0"),
        (|it| it.term.max_days = 0, "`term.max_days` must be 1 to 36500, not 0"),
        (
            |it| it.prefix_reuse = PrefixReuse::Quarantine { days: 0 },
            "`prefix_reuse.quarantine.days` must be 1 to 36500, not 0",
        ),
    ];
    for (fault, words) in faults {
        let mut policy = Policy::default();
        fault(&mut policy);
        let error = policy.validate().unwrap_err();
        assert!(error.faults.iter().any(|fault| fault == words), "{words} in {error}");
        let when = given().when(STAFF, put(policy));
        assert!(when.refusal().message().contains(words), "{}", when.refusal());
        when.then(refused(InvalidPolicy));
    }
    let mut policy = Policy::default();
    (policy.max_depth, policy.max_managers) = (0, 0);
    assert_eq!(policy.validate().unwrap_err().faults.len(), 2, "all faults are listed");
}

#[test]
fn p13_a_policy_is_put_into_force_whole_and_journalled() {
    let changed = Policy { invitation_days: 3, ..Policy::default() };
    given()
        .when(STAFF, put(changed.clone()))
        .then(happened(&["policy_set"]))
        .look(|given| assert_eq!(given.policy(), changed))
        .and(JACK, invite(JOINTLY, "admin"))
        .later(3)
        .when(EVE, AcceptInvitation::new(EVE_INVITATION, mail("eve")))
        .then(refused(InvitationExpired))
        .look(|given| {
            // The past keeps the policy that was in force then.
            let read = given.engine.read().unwrap();
            assert_eq!(read.as_of(1).unwrap().moment().unwrap().policy(), &Policy::default());
        })
        .verified();
    given().when(ADA, put(Policy::default())).then(refused(WrongActor));
    given().when(Actor::Clock, put(Policy::default())).then(refused(WrongActor));
}

#[test]
fn p13_what_is_in_use_cannot_be_dropped() {
    type Drop = fn(&mut Policy);
    let without_role: Drop = |it| it.roles.retain(|role| role.name.as_str() != "no_access");
    let without_fully: Drop = |it| it.management_types.retain(|rule| rule.name.as_str() != "fully");
    let without_service: Drop = |it| it.services.retain(|service| service.as_str() != "configure");
    let put_without = |drop: Drop| {
        let mut policy = Policy::default();
        drop(&mut policy);
        put(policy)
    };
    for drop in [without_role, without_fully, without_service] {
        given().when(STAFF, put_without(drop)).then(refused(PolicyInUse));
    }
    given().and(ADA, RemoveUser::new(NOEL)).when(STAFF, put_without(without_role)).then(done());
    given()
        .and(ADA, RemoveUser::new(NOEL))
        .and(JACK, invite(JOINTLY, "no_access"))
        .when(STAFF, put_without(without_role))
        .then(refused(PolicyInUse));
    given().and(ADA, delete(&[FULLY])).when(STAFF, put_without(without_fully)).then(done());
    given()
        .and(ADA, delete(&[FULLY]))
        .and(NINA, ask(SECOND, "ALONE", "fully"))
        .when(STAFF, put_without(without_fully))
        .then(refused(PolicyInUse));
    // A permission that is dropped is held by nobody from then on, and asking for it is refused.
    let given = given().under(|policy| {
        policy.permissions.remove("audit.view");
        policy.roles.iter_mut().for_each(|role| role.permissions.retain(|one| one.as_str() != "audit.view"));
    });
    let question = Question::new(JULIA, text("audit.view"), JOINTLY);
    let refused = given.engine.check(&question).unwrap_err();
    assert_eq!(refused.refusal().map(|refusal| refusal.code), Some(UnknownPermission));
}

#[test]
fn p13_whoever_has_given_a_grant_can_take_it_back_under_any_policy() {
    let without = || {
        let mut policy = Policy::default();
        policy.permissions.remove("grants.manage");
        policy.reserved.remove("grants.manage");
        policy.super_only.remove("grants.manage");
        for role in &mut policy.roles {
            role.permissions.remove("grants.manage");
        }
        put(policy)
    };
    let grant = |grants: &[&str]| SetManagerGrants::new(JOINTLY_LINK, set(grants));
    let given = given().and(JULIA, grant(&["users.manage"]));
    let when = given.when(STAFF, without());
    assert_eq!(when.refusal().about, "grants.manage (links: 1, tenants: 1)");
    let given = when.then(refused(PolicyInUse)).and(JULIA, grant(&[]));
    given.when(STAFF, without()).then(done()).verified();
}

#[test]
fn p13_a_store_is_not_founded_on_a_policy_that_contradicts_itself() {
    let policy = Policy { max_depth: 0, ..Policy::default() };
    let options = tenantry::engine::Options::default().policy(policy);
    let error = tenantry::engine::Engine::new(MemoryStore::new(Uuid::nil()), options).unwrap_err();
    assert_eq!(error.code(), Some(InvalidPolicy));
}

#[test]
fn p13_clients_know_three_authorizations_and_no_delink() {
    let given = Given::bare(MemoryStore::new(Uuid::nil()), Policy::clients());
    let msp = RegisterTenant { tenant: Some(MSP), ..RegisterTenant::new(TenantKind::Msp, text("Msp")) };
    let client = AddCustomer { owner: None, ..customer(MSP, "client") };
    given
        .and(STAFF, msp)
        .and(STAFF, user(ADA, MSP, "ada", "admin"))
        .and(STAFF, user(RITA, MSP, "rita", "read_only"))
        .and(STAFF, user(NOEL, MSP, "noel", "no_access"))
        .and(ADA, client)
        .and(STAFF, user(OLGA, NEW, "olga", "admin"))
        .then_may(ADA, "users.manage", NEW)
        .then_may(RITA, "devices.view", NEW)
        .then_denied(RITA, "devices.manage", NEW, RoleLacksPermission)
        .then_denied(NOEL, "tenant.view", NEW, RoleLacksPermission)
        .then_may(OLGA, "devices.manage", NEW)
        .when(ADA, RequestDelink::new(NEW_LINK))
        .then(refused(NotDelinkable))
        .when(OLGA, RequestDelink::new(NEW_LINK))
        .then(refused(NotDelinkable))
        .when(ADA, delete(&[NEW]))
        .then(done())
        .verified();
}

#[test]
fn p13_delegated_links_have_an_end_and_stand_side_by_side() {
    let given = given_delegated();
    let term = Some(TermRequest::days(100));
    let delegate = |manager, request, services: &[&str], term| RequestLink {
        request: Some(request),
        term,
        ..RequestLink::new(manager, text("ALONE"), text("delegated"), set(services))
    };
    given
        .when(ADA, delegate(MSP, ASKED, &["manage"], None))
        .then(refused(TermRequired))
        .when(ADA, delegate(MSP, ASKED, &["manage"], Some(TermRequest::days(731))))
        .then(refused(TermTooLong))
        .and(ADA, delegate(MSP, ASKED, &["manage"], term))
        .and(NINA, delegate(SECOND, ASKED_AGAIN, &["configure"], term))
        .and(CARL, AcceptLink::new(ASKED))
        .and(CARL, AcceptLink::new(ASKED_AGAIN))
        .then_may(ADA, "devices.manage", ALONE)
        .then_may(NINA, "devices.manage", ALONE)
        .then_denied(ADA, "users.manage", ALONE, NotGranted)
        .and(ADA, RequestDelink::new(ASKED_LINK))
        .later(30)
        .when(CARL, AcceptDelink::new(ASKED_LINK))
        .then(refused(NoDelinkRequest))
        .later(70)
        .then_denied(NINA, "tenant.view", ALONE, NotLinked)
        .swept()
        .verified();
}

fn given_delegated() -> Given {
    let given = Given::bare(MemoryStore::new(Uuid::nil()), Policy::delegated());
    let register = |tenant, kind, name: &str| RegisterTenant {
        tenant: Some(tenant),
        number: Some(text(name)),
        ..RegisterTenant::new(kind, text(name))
    };
    use tenantry::model::TenantKind::{Customer, Msp};
    given
        .and(STAFF, register(MSP, Msp, "Msp"))
        .and(STAFF, register(SECOND, Msp, "Second"))
        .and(STAFF, register(ALONE, Customer, "Alone"))
        .and(STAFF, user(ADA, MSP, "ada", "super_admin"))
        .and(STAFF, user(NINA, SECOND, "nina", "super_admin"))
        .and(STAFF, user(CARL, ALONE, "carl", "super_admin"))
}

#[test]
fn p13_no_type_converts_to_one_that_leaves_the_manager_more() {
    type Change = fn(&mut ManagementRule);
    let rows: [Change; 5] = [
        |it| it.needs_grants = false,
        |it| it.delinkable = false,
        |it| it.exclusive = true,
        |it| it.moves = MoveRule::AtOnce,
        |it| it.added_services = AddedServices::Notify,
    ];
    for change in rows {
        let mut policy = Policy::default();
        let mut other = policy.management_types[1].clone();
        other.name = text("otherwise");
        change(&mut other);
        policy.management_types[1].converts_to = set(&["otherwise"]);
        policy.management_types.push(other);
        let words = "`jointly` converts to `otherwise`, which would leave the manager more";
        assert!(policy.validate().unwrap_err().to_string().contains(words));
    }
    // A longer notice period holds the customer longer.
    let noticed = |days, other| {
        let mut policy = Policy::default();
        policy.management_types[1].notice_days = days;
        let otherwise = ManagementRule {
            name: text("otherwise"),
            notice_days: other,
            ..policy.management_types[1].clone()
        };
        policy.management_types[1].converts_to = set(&["otherwise"]);
        policy.management_types.push(otherwise);
        policy.validate().is_ok()
    };
    assert!(noticed(None, Some(30)) && noticed(Some(30), Some(30)) && noticed(Some(30), Some(1)));
    assert!(!noticed(Some(30), None) && !noticed(Some(30), Some(31)));
}
