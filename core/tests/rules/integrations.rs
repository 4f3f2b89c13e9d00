//! Integrations and collectors (I-1, I-2, I-3).

use tenantry::base::ids::IntegrationId;
use tenantry::model::{Actor, Attachment, Integration, Patch, TermRequest};
use tenantry::refusal::Code::*;

use super::*;

const TOOL: IntegrationId = IntegrationId::from_uuid(Uuid::from_u128(0x9b0));
const OTHER: IntegrationId = IntegrationId::from_uuid(Uuid::from_u128(0x9b1));

fn create(owner: TenantId, kind: &str) -> CreateIntegration {
    CreateIntegration {
        integration: Some(TOOL),
        ..CreateIntegration::new(owner, text(kind), text("Tickets"))
    }
}

fn share(tenant: TenantId) -> ShareIntegration {
    ShareIntegration::new(TOOL, tenant)
}

/// What is attached at a tenant, as `name|owner|attached`.
fn attached(given: &Given, who: UserId, tenant: TenantId) -> Vec<(String, TenantId, bool)> {
    let read = given.engine.read().unwrap();
    let page = read.now().unwrap().ask(Integrations::new(who.into(), tenant)).unwrap();
    page.rows.into_iter().map(|row| (row.name.to_string(), row.owner, row.attached)).collect()
}

#[test]
fn i1_a_tenant_has_integrations_of_its_own() {
    for (who, owner, expected) in [
        (ADA, MSP, happened(&["integration_created"])),
        (ADAM, MSP, happened(&["integration_created"])),
        (GUS, MSP, happened(&["integration_created"])),
        (JACK, JOINTLY, happened(&["integration_created"])),
        (ADA, JOINTLY, happened(&["integration_created"])),
        (RITA, MSP, refused(RoleLacksPermission)),
        (FRED, FULLY, refused(CustomerLocked)),
        (JACK, MSP, refused(UnknownTenant)),
        (NINA, MSP, refused(UnknownTenant)),
        (ADA, NOWHERE, refused(UnknownTenant)),
    ] {
        given().when(who, create(owner, "ticketing")).then(expected);
    }
    given().and(ADA, create(MSP, "ticketing")).when(ADA, create(MSP, "ticketing")).then(refused(IdTaken));
    let deleted = given().and(ADA, create(MSP, "ticketing")).and(ADA, DeleteIntegration::new(TOOL));
    deleted.when(ADA, DeleteIntegration::new(TOOL)).then(refused(UnknownIntegration));
}

#[test]
fn t7_a_deleted_integrations_id_is_never_used_again() {
    let given = given()
        .and(ADA, create(MSP, "ticketing"))
        .and(ADA, share(JOINTLY))
        .and(ADA, DeleteIntegration::new(TOOL))
        .when(ADA, create(MSP, "ticketing"))
        .then(refused(IdTaken))
        .when(CARL, create(ALONE, "ticketing"))
        .then(refused(IdTaken))
        .when(ADA, share(JOINTLY))
        .then(refused(UnknownIntegration))
        .when(STAFF, DetachIntegration::new(TOOL, JOINTLY))
        .then(refused(UnknownIntegration));
    assert!(attached(&given, ADA, MSP).is_empty() && attached(&given, JACK, JOINTLY).is_empty());
    let another = CreateIntegration { integration: Some(OTHER), ..create(MSP, "ticketing") };
    given
        .and(ADA, another)
        .look(|given| assert_eq!(attached(given, ADA, MSP), [("Tickets".to_owned(), MSP, false)]))
        .verified();
}

#[test]
fn i1_the_owner_shares_with_tenants_it_manages() {
    let rows: [(Actor, Command, Expected); 15] = [
        (ADA.into(), share(JOINTLY).into(), happened(&["integration_shared"])),
        (ADAM.into(), share(FULLY).into(), happened(&["integration_shared"])),
        (GUS.into(), share(FULLY).into(), happened(&["integration_shared"])),
        (STAFF, share(FULLY).into(), happened(&["integration_shared"])),
        (STAFF, share(ALONE).into(), refused(OutOfReach)),
        (STAFF, share(GRAND).into(), refused(OutOfReach)),
        (STAFF, share(MSP).into(), refused(OutOfReach)),
        (STAFF, share(NOWHERE).into(), refused(UnknownTenant)),
        (ADA.into(), share(ALONE).into(), refused(UnknownTenant)),
        (RITA.into(), share(JOINTLY).into(), refused(RoleLacksPermission)),
        (JACK.into(), share(JOINTLY).into(), refused(UnknownIntegration)),
        (NINA.into(), share(JOINTLY).into(), refused(UnknownIntegration)),
        (NOBODY.into(), share(JOINTLY).into(), refused(UnknownUser)),
        (ADA.into(), ShareIntegration::new(OTHER, JOINTLY).into(), refused(UnknownIntegration)),
        (ADA.into(), DetachIntegration::new(TOOL, JOINTLY).into(), refused(NotAttached)),
    ];
    for (who, command, expected) in rows {
        given().and(ADA, create(MSP, "ticketing")).when(who, command).then(expected);
    }
    given()
        .and(ADA, create(MSP, "ticketing"))
        .and(ADA, share(FULLY))
        .when(ADA, share(FULLY))
        .then(refused(AlreadyAttached));
    // From further up, over what lies between.
    let far = || given().and(GINA, create(GRAND, "ticketing"));
    far().when(GINA, share(FULLY)).then(done());
    far().when(ADA, share(FULLY)).then(refused(UnknownIntegration));
}

#[test]
fn i1_what_was_shared_is_not_named_once_the_link_has_ended_by_time_alone() {
    let term = Some(TermRequest::days(5));
    let given = given()
        .and(ADA, create(MSP, "ticketing"))
        .and(ADA, AddCustomer { term, ..customer(MSP, "jointly") })
        .and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")))
        .and(ADA, share(NEW));
    assert_eq!(attached(&given, OLGA, NEW), [("Tickets".to_owned(), MSP, true)]);
    let given = given.later(6);
    assert!(attached(&given, OLGA, NEW).is_empty(), "no command has come since to record the end");
    let recorded = given.and(OLGA, EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(NEW) });
    recorded.look(|given| assert!(attached(given, OLGA, NEW).is_empty())).verified();
}

#[test]
fn i1_what_is_shared_shows_as_attached_and_the_owner_keeps_and_detaches_it() {
    let shared = || given().and(ADA, create(MSP, "ticketing")).and(ADA, share(JOINTLY));
    let row = |attached| vec![("Tickets".to_owned(), MSP, attached)];
    let given = shared();
    assert_eq!((attached(&given, JIM, JOINTLY), attached(&given, ADA, MSP)), (row(true), row(false)));
    assert_eq!(attached(&given, ADA, FULLY), []);
    for (who, expected) in [
        (ADA, happened(&["integration_detached"])),
        (GINA, happened(&["integration_detached"])),
        (RITA, refused(RoleLacksPermission)),
        (JULIA, refused(UnknownIntegration)),
    ] {
        shared().when(who, DetachIntegration::new(TOOL, JOINTLY)).then(expected);
    }
    let given = shared().and(ADA, DetachIntegration::new(TOOL, JOINTLY));
    assert_eq!((attached(&given, JIM, JOINTLY), attached(&given, ADA, MSP)), (vec![], row(false)));
    let given = given.and(ADA, share(JOINTLY)).and(ADA, share(FULLY));
    given
        .when(ADA, DeleteIntegration::new(TOOL))
        .then(happened(&["integration_detached", "integration_detached", "integration_deleted"]))
        .look(|given| {
            assert_eq!(attached(given, JIM, JOINTLY), []);
            assert!(given.get::<Integration>(TOOL.uuid()).deleted.is_some());
        })
        .verified();
}

#[test]
fn i1_a_deleted_tenant_takes_its_integrations_along() {
    let shared = given().and(ADA, create(MSP, "ticketing")).and(ADA, share(FULLY));
    let own = CreateIntegration { integration: Some(OTHER), ..create(FULLY, "collector") };
    shared
        .and(ADA, own)
        .and(ADA, delete(&[FULLY]))
        .look(|given| {
            assert!(given.get::<Integration>(TOOL.uuid()).deleted.is_none(), "the manager's own stays");
            assert!(given.get::<Integration>(OTHER.uuid()).deleted.is_some());
            assert!(given.find::<Attachment>(Attachment::key(TOOL, FULLY)).is_none());
        })
        .verified();
}

#[test]
fn i1_whoever_may_not_see_integrations_is_not_shown_them() {
    let given = given().and(ADA, create(MSP, "ticketing")).and(JULIA, assign(JIM, JOINTLY, "no_access"));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    for (who, tenant, code) in [
        (JIM, JOINTLY, RoleLacksPermission),
        (FRED, FULLY, CustomerLocked),
        (NOEL, JOINTLY, UnknownTenant),
        (CARL, MSP, UnknownTenant),
    ] {
        let refused = now.ask(Integrations::new(who.into(), tenant)).unwrap_err();
        assert_eq!(refused.code(), Some(code));
    }
}

#[test]
fn i3_the_list_is_filtered_and_sorted_by_type_owner_and_name() {
    let make = |given: Given, id: u128, owner, kind, name| {
        let integration = Some(IntegrationId::from_uuid(Uuid::from_u128(0x9c0 + id)));
        let create =
            CreateIntegration { integration, ..CreateIntegration::new(owner, text(kind), text(name)) };
        let given = given.and(STAFF, create);
        if owner == JOINTLY {
            return given;
        }
        given
            .and(STAFF, ShareIntegration::new(IntegrationId::from_uuid(Uuid::from_u128(0x9c0 + id)), JOINTLY))
    };
    let given = [
        (0, MSP, "ticketing", "beta desk"),
        (1, JOINTLY, "collector", "Alpha"),
        (2, MSP, "collector", "gamma"),
        (3, GRAND, "ticketing", "Delta Desk"),
        (4, JOINTLY, "ticketing", "epsilon"),
    ]
    .into_iter()
    .fold(given(), |given, (id, owner, kind, name)| make(given, id, owner, kind, name));
    let given = given.and(STAFF, EditTenant { name: Some(text("Zeta")), ..EditTenant::new(MSP) });
    let page = |filter: IntegrationFilter, paging: Paging| {
        let query = Integrations { filter, paging, ..Integrations::new(JULIA.into(), JOINTLY) };
        given.engine.ask(query)
    };
    let names = |filter: IntegrationFilter| -> Vec<String> {
        let whole = page(filter.clone(), Paging::default()).unwrap().rows;
        // In pages, and backwards, it is the same.
        let mut paged = Vec::new();
        let mut paging = Paging { limit: 2, descending: true, ..Paging::default() };
        loop {
            let next = page(filter.clone(), paging.clone()).unwrap();
            paged.extend(next.rows);
            match next.next {
                Some(cursor) => paging.cursor = Some(cursor),
                None => break,
            }
        }
        paged.reverse();
        assert_eq!(paged, whole);
        whole.into_iter().map(|row| row.name.to_string()).collect()
    };
    let sorted = |sort| IntegrationFilter { sort, ..IntegrationFilter::default() };
    for (sort, expected) in IntegrationSort::ALL.into_iter().zip([
        ["Alpha", "beta desk", "Delta Desk", "epsilon", "gamma"],
        ["Alpha", "gamma", "beta desk", "Delta Desk", "epsilon"],
        ["Delta Desk", "Alpha", "epsilon", "beta desk", "gamma"],
    ]) {
        assert_eq!(names(sorted(sort)), expected, "{sort:?}");
    }
    let every = IntegrationFilter::default;
    for (filter, expected) in [
        (IntegrationFilter { kind: Some(text("collector")), ..every() }, vec!["Alpha", "gamma"]),
        (IntegrationFilter { owner: Some(MSP), ..every() }, vec!["beta desk", "gamma"]),
        (IntegrationFilter { owner: Some(ALONE), ..every() }, vec![]),
        (IntegrationFilter { text: Some("DESK".to_owned()), ..every() }, vec!["beta desk", "Delta Desk"]),
        (
            IntegrationFilter {
                kind: Some(text("ticketing")),
                owner: Some(JOINTLY),
                text: Some("eps".to_owned()),
                ..every()
            },
            vec!["epsilon"],
        ),
    ] {
        assert_eq!(names(filter), expected);
    }
    let owners: Vec<String> = page(sorted(IntegrationSort::Owner), Paging::default())
        .unwrap()
        .rows
        .into_iter()
        .map(|row| row.owner_name.to_string())
        .collect();
    assert_eq!(owners, ["Grand", "Jointly", "Jointly", "Zeta", "Zeta"]);
    // A cursor is of one filter and order.
    let first = page(every(), Paging { limit: 1, ..Paging::default() }).unwrap();
    let elsewhere = page(sorted(IntegrationSort::Kind), Paging { cursor: first.next, ..Paging::default() });
    assert_eq!(elsewhere.unwrap_err().code(), Some(ForeignCursor));
}

#[test]
fn i2_disabling_powers_the_collectors_down_and_enabling_up() {
    let own = |given: Given, owner| given.and(STAFF, create(owner, "collector"));
    let kinds = |given: &Given| -> Vec<(String, Vec<UserId>)> {
        let mail = given.engine.notices("mail", 1_000).unwrap();
        let all = mail.notices.iter().map(|notice| {
            let kind = serde_json::to_value(&notice.kind).unwrap()["kind"].as_str().unwrap().to_owned();
            (kind, notice.to.users.iter().copied().collect())
        });
        all.filter(|(kind, _): &(String, _)| kind.starts_with("collector")).collect()
    };
    let told = |users: &[UserId]| {
        [
            ("collector_power_down".to_owned(), users.to_vec()),
            ("collector_power_up".to_owned(), users.to_vec()),
        ]
    };
    let down_and_up = |given: Given, tenant| given.and(STAFF, disable(tenant)).and(STAFF, enable(tenant));
    for (made, tenant, expected) in [
        // One's own: whoever gets the service mail.
        (own(given(), ALONE), ALONE, told(&[CARL, CORA])),
        (own(given(), JOINTLY), JOINTLY, told(&[ADA, ADAM, JULIA, JACK])),
        (own(given(), FULLY), FULLY, told(&[ADA, ADAM])),
        // A shared one: its owner.
        (own(given(), MSP).and(ADA, share(JOINTLY)), JOINTLY, told(&[ADA, ADAM])),
        (own(given(), GRAND).and(GINA, share(FULLY)), FULLY, told(&[GINA, GUS])),
    ] {
        assert_eq!(kinds(&down_and_up(made, tenant)), expected);
    }
    let nothing: [(Given, TenantId); 4] = [
        (given(), JOINTLY),
        (given().and(STAFF, create(JOINTLY, "ticketing")), JOINTLY),
        (own(given(), MSP), JOINTLY),
        (own(given(), JOINTLY), MSP),
    ];
    for (made, tenant) in nothing {
        assert_eq!(kinds(&down_and_up(made, tenant)), []);
    }
    // What is disabled already needs no word.
    let twice = own(given(), ALONE).and(STAFF, disable(ALONE)).and(STAFF, disable(ALONE));
    assert_eq!(kinds(&twice).len(), 1);
}

#[test]
fn t9_what_a_manager_side_by_side_attached_is_not_there() {
    let given = given().under(|policy| policy.max_managers = 2);
    let given = stock::linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"])
        .and(NINA, CreateIntegration { owner: SECOND, ..create(SECOND, "collector") })
        .and(NINA, share(JOINTLY));
    let row = vec![("Tickets".to_owned(), SECOND, true)];
    assert_eq!(attached(&given, ADA, JOINTLY), []);
    assert_eq!((attached(&given, NINA, JOINTLY), attached(&given, JULIA, JOINTLY)), (row.clone(), row));
}
