//! Tenants (T).

use tenantry::Engine;
use tenantry::base::ids::{RequestId, RoleId};
use tenantry::base::text::Coordinates;
use tenantry::engine::Options;
use tenantry::model::{Actor, Operation, Patch, Subject, Tenant, TenantKind, User, UserState};
use tenantry::policy::PrefixReuse;
use tenantry::refusal::Code::*;
use tenantry::store::memory::MemoryStore;
use tenantry::testkit::inside::RestingPrefix;

use super::*;

fn register(kind: TenantKind) -> RegisterTenant {
    RegisterTenant {
        tenant: Some(NEW),
        number: Some(text("new-1")),
        ..RegisterTenant::new(kind, text("New"))
    }
}

#[test]
fn t1_an_operator_registers_a_tenant_of_any_kind() {
    for &kind in TenantKind::ALL {
        given().when(STAFF, register(kind)).then(happened(&["tenant_registered"])).look(|given| {
            let tenant = given.get::<Tenant>(NEW.uuid());
            assert_eq!(
                (tenant.kind, tenant.number.as_str(), tenant.operation),
                (kind, "NEW-1", Operation::Enabled)
            );
        });
    }
    given().when(GINA, register(TenantKind::Msp)).then(refused(WrongActor));
    given().when(Actor::Clock, register(TenantKind::Msp)).then(refused(WrongActor));
}

#[test]
fn t1_a_tenant_without_a_number_gets_one_that_is_free() {
    let command = || RegisterTenant::new(TenantKind::Msp, text("Same Name"));
    given().and(STAFF, command()).and(STAFF, command()).verified();
}

#[test]
fn t1_v1_a_reseller_stays_one_as_long_as_it_has_a_list_or_has_uploaded() {
    let ticket = || staff_for("T-100");
    let correct = || ChangeTenantKind::new(RESELLER, TenantKind::Customer);
    let listed = given().and(ROB, AddResellerCustomer::new(RESELLER, text("ALONE")));
    let listed = listed.when(ticket(), correct()).then(refused(KindConflict));
    let gone = listed.and(ROB, RemoveResellerCustomer::new(RESELLER, ALONE));
    gone.when(ticket(), correct()).then(happened(&["tenant_kind_changed"]));
}

#[test]
fn t1_t10_a_host_whose_ids_repeat_is_told_so() {
    let same = Uuid::from_u128(0x5a3e);
    let engine =
        Engine::new(MemoryStore::new(Uuid::from_u128(1)), Options::default().ids(move || same)).unwrap();
    let register = |number: Option<&str>| {
        let command =
            RegisterTenant { number: number.map(text), ..RegisterTenant::new(TenantKind::Msp, text("Msp")) };
        let id = RequestId::from_uuid(Uuid::new_v4());
        engine.execute_as(id, STAFF, command).map(|receipt| receipt.outcome).map_err(|error| error.code())
    };
    assert_eq!(register(None), Ok(TenantId::from_uuid(same)));
    assert_eq!(register(None), Err(Some(IdTaken)));
    assert_eq!(register(Some("OTHER")), Err(Some(IdTaken)));
}

#[test]
fn t1_only_an_operator_with_a_ticket_corrects_a_kind() {
    use TenantKind::{Customer, Msp, Reseller};
    let ticket = || staff_for("T-100");
    for (actor, tenant, kind, expected) in [
        (ticket(), JOINTLY, Msp, happened(&["tenant_kind_changed"])),
        (ticket(), RESELLER, Customer, happened(&["tenant_kind_changed"])),
        (ticket(), ALONE, Reseller, happened(&["tenant_kind_changed"])),
        (ticket(), SECOND, Customer, happened(&["tenant_kind_changed"])),
        (ticket(), MSP, Customer, refused(KindConflict)),
        (ticket(), MSP, Reseller, refused(KindConflict)),
        (ticket(), JOINTLY, Reseller, refused(KindConflict)),
        (ticket(), JOINTLY, Customer, refused(NothingToDo)),
        (ticket(), NOWHERE, Customer, refused(UnknownTenant)),
        (STAFF, JOINTLY, Msp, refused(TicketRequired)),
        (GINA.into(), JOINTLY, Msp, refused(WrongActor)),
    ] {
        given().when(actor, ChangeTenantKind::new(tenant, kind)).then(expected);
    }
}

#[test]
fn t2_the_manager_edits_and_the_tenant_itself_unless_locked() {
    for (who, tenant, expected) in [
        (ADA, JOINTLY, happened(&["tenant_edited"])),
        (ADAM, JOINTLY, happened(&["tenant_edited"])),
        (GUS, JOINTLY, happened(&["tenant_edited"])),
        (JACK, JOINTLY, happened(&["tenant_edited"])),
        (ADAM, FULLY, happened(&["tenant_edited"])),
        (FRED, FULLY, refused(CustomerLocked)),
        (RITA, JOINTLY, refused(RoleLacksPermission)),
        (JIM, JOINTLY, refused(RoleLacksPermission)),
        (NOEL, JOINTLY, refused(UnknownTenant)),
        (NINA, JOINTLY, refused(UnknownTenant)),
    ] {
        given().when(who, rename(tenant)).then(expected);
    }
    given().when(ADA, EditTenant::new(JOINTLY)).then(refused(NothingToDo));
    delinked(given()).when(ADA, rename(JOINTLY)).then(refused(UnknownTenant));
    delinked(given()).when(JACK, rename(JOINTLY)).then(done());
}

#[test]
fn t2_every_field_is_set_kept_and_cleared() {
    let all = EditTenant {
        country: Patch::Set(text("DE")),
        website: Patch::Set(text("https://jointly.example")),
        street: Patch::Set(text("Main Street 1")),
        phone: Patch::Set(text("+49 30 1234")),
        ..rename(JOINTLY)
    };
    let cleared = EditTenant { country: Patch::Clear, phone: Patch::Clear, ..EditTenant::new(JOINTLY) };
    given().and(JACK, all).and(JACK, cleared).look(|given| {
        let tenant = given.get::<Tenant>(JOINTLY.uuid());
        assert_eq!(tenant.name.as_str(), "Renamed");
        assert_eq!((tenant.country.as_ref(), tenant.number.as_str()), (None, "JOINTLY"));
        assert!(tenant.website.is_some());
        let personal = given
            .engine
            .read()
            .unwrap()
            .now()
            .unwrap()
            .host()
            .personal(Subject::Tenant(JOINTLY))
            .unwrap()
            .unwrap();
        assert_eq!((personal.street.unwrap().as_str(), personal.phone), ("Main Street 1", None));
    });
}

#[test]
fn t3_a_prefix_belongs_to_one_living_tenant() {
    given().and(ADA, prefix(JOINTLY, "acme")).when(CARL, prefix(ALONE, "acme")).then(refused(PrefixTaken));
    given().and(ADA, prefix(JOINTLY, "acme")).when(ADA, prefix(JOINTLY, "ACME")).then(done());
    for reserved in ["www", "Mail", "autodiscover", "wpad", "localhost"] {
        given().when(CARL, prefix(ALONE, reserved)).then(refused(PrefixReserved));
    }
    let free = given().under(|policy| policy.reserved_prefixes.clear());
    free.when(CARL, prefix(ALONE, "www")).then(done());
    let taken = AddCustomer { prefix: Some(text("acme")), ..customer(MSP, "fully") };
    given().and(CARL, prefix(ALONE, "acme")).when(ADA, taken).then(refused(PrefixTaken));
}

#[test]
fn t3_a_prefix_that_is_given_back_is_free_as_the_policy_says() {
    let returned = |reuse| {
        let given = given().under(|policy| policy.prefix_reuse = reuse);
        given.and(CARL, prefix(ALONE, "acme")).and(CARL, prefix(ALONE, "other"))
    };
    let quarantine = PrefixReuse::Quarantine { days: 10 };
    for (reuse, days, expected) in [
        (PrefixReuse::Immediate, 0, done()),
        (quarantine, 0, refused(PrefixResting)),
        (quarantine, 9, refused(PrefixResting)),
        (quarantine, 10, done()),
        (PrefixReuse::Never, 10_000, refused(PrefixResting)),
    ] {
        returned(reuse).later(days).when(JACK, prefix(JOINTLY, "acme")).then(expected);
    }
    // What counts is the policy when it was given back.
    let returned = returned(quarantine).under(|policy| policy.prefix_reuse = PrefixReuse::Never);
    returned.later(10).when(JACK, prefix(JOINTLY, "acme")).then(done());
    // Deleting gives back, too.
    let given = given().and(ADA, prefix(FULLY, "acme")).and(ADA, delete(&[FULLY]));
    given.when(JACK, prefix(JOINTLY, "acme")).then(done());
}

#[test]
fn t7_a_prefix_that_is_given_back_is_kept_as_long_as_the_policy_asks_and_never_in_the_tenant() {
    let resting = |given: &Given| -> Vec<String> {
        let prefixes = ["p0", "p1", "p2", "p3", "p4"];
        let found = |prefix: &&&str| given.find::<RestingPrefix>(RestingPrefix::key(&text(prefix))).is_some();
        prefixes.iter().filter(found).map(|prefix| (*prefix).to_owned()).collect()
    };
    let worn = |reuse, pause| {
        let mut given = given().under(|policy| policy.prefix_reuse = reuse);
        let before = given.get::<Tenant>(ALONE.uuid());
        for number in 0..5 {
            given = given.and(CARL, prefix(ALONE, &format!("p{number}"))).later(pause);
        }
        let after = given.get::<Tenant>(ALONE.uuid());
        assert_eq!(*after, Tenant { prefix: Some(text("p4")), ..(*before).clone() });
        given.verified();
        given
    };
    assert!(resting(&worn(PrefixReuse::Immediate, 0)).is_empty());
    assert_eq!(resting(&worn(PrefixReuse::Never, 9)), ["p0", "p1", "p2", "p3"]);
    let quarantine = PrefixReuse::Quarantine { days: 10 };
    assert_eq!(resting(&worn(quarantine, 0)), ["p0", "p1", "p2", "p3"]);
    // What has rested goes when others come, and when it is taken.
    assert_eq!(resting(&worn(quarantine, 6)), ["p2", "p3"]);
    let given = worn(quarantine, 1).later(10).and(CARL, prefix(ALONE, "p2"));
    assert_eq!(resting(&given), ["p3", "p4"]);
    given.verified();
}

#[test]
fn t3_setting_the_prefix_it_has_gives_nothing_back() {
    let given = given().under(|policy| policy.prefix_reuse = PrefixReuse::Never);
    let given = given.and(CARL, prefix(ALONE, "acme")).and(CARL, prefix(ALONE, "acme"));
    given.when(CARL, prefix(ALONE, "acme")).then(done()).look(|given| {
        assert_eq!(given.find::<RestingPrefix>(RestingPrefix::key(&text("acme"))), None);
    });
}

#[test]
fn t4_an_address_places_a_tenant_on_the_map_and_grants_nothing() {
    let place = EditTenant {
        street: Patch::Set(text("Main Street 1")),
        coordinates: Patch::Set(Coordinates::parse(52.52, 13.405).unwrap()),
        ..EditTenant::new(JOINTLY)
    };
    given().and(JACK, place).then_denied(NINA, "tenant.view", JOINTLY, NotLinked).look(|given| {
        let read = given.engine.read().unwrap();
        let pins = |who: UserId| read.now().unwrap().ask(Pins::new(who.into())).unwrap();
        for who in [ADA, RITA, GINA, JIM] {
            let pins = pins(who);
            assert_eq!(pins.len(), 1);
            assert_eq!((pins[0].tenant, pins[0].name.as_str()), (JOINTLY, "Jointly"));
            assert_eq!(pins[0].coordinates.latitude(), 52.52);
        }
        for who in [NOEL, NINA, CARL] {
            assert_eq!(pins(who), []);
        }
        let refused = read.now().unwrap().ask(Pins::new(STAFF)).unwrap_err();
        assert_eq!(refused.code(), Some(WrongActor));
    });
}

#[test]
fn t5_the_whole_table_of_operation() {
    let enabled = || given().under(|policy| policy.host_reports_ready = true);
    let disabled = || enabled().and(ADA, disable(JOINTLY));
    let enabling = || disabled().and(ADA, enable(JOINTLY));
    let down = || happened(&["tenant_held", "tenant_disabled"]);
    let rising = || happened(&["tenant_released", "tenant_enabling"]);
    let up = || happened(&["tenant_enabled"]);
    type Make<'a> = &'a dyn Fn() -> Given;
    let rows: [(Make<'_>, [Expected; 3]); 3] = [
        //           disable                 enable          ready
        (&enabled, [down(), happened(&[]), refused(TenantNotEnabling)]),
        (&disabled, [happened(&[]), rising(), refused(TenantNotEnabling)]),
        (&enabling, [refused(TenantEnabling), happened(&[]), up()]),
    ];
    for (make, [disabling, enabling, ready]) in rows {
        make().when(ADA, disable(JOINTLY)).then(disabling);
        make().when(ADA, enable(JOINTLY)).then(enabling);
        make().when(STAFF, ReportReady::new(JOINTLY)).then(ready);
        make().when(ADA, ReportReady::new(JOINTLY)).then(refused(WrongActor));
    }
    given().when(STAFF, ReportReady::new(NOWHERE)).then(refused(UnknownTenant));
}

#[test]
fn t5_a_tenant_is_up_at_once_where_no_host_reports() {
    let at_once = happened(&["tenant_released", "tenant_enabling", "tenant_enabled"]);
    let disabled = || given().and(ADA, disable(JOINTLY));
    disabled().when(ADA, enable(JOINTLY)).then(at_once).then_may(JULIA, "devices.view", JOINTLY).verified();
    // What was on its way up when the policy changed goes on waiting for the host.
    let reported = given().under(|policy| policy.host_reports_ready = true);
    let waiting = reported.and(ADA, disable(JOINTLY)).and(ADA, enable(JOINTLY));
    let waiting = waiting.then_denied(ADA, "devices.view", JOINTLY, TenantDisabled);
    let waiting = waiting.under(|policy| policy.host_reports_ready = false);
    let waiting = waiting.when(ADA, enable(JOINTLY)).then(happened(&[]));
    waiting.and(STAFF, ReportReady::new(JOINTLY)).then_may(ADA, "devices.view", JOINTLY);
}

#[test]
fn t5_nobody_works_on_a_disabled_tenant_but_to_operate_delete_and_delink_it() {
    let reported = || given().under(|policy| policy.host_reports_ready = true);
    let disabled = reported().and(ADA, disable(JOINTLY));
    let enabling = reported().and(ADA, disable(JOINTLY)).and(ADA, enable(JOINTLY));
    let reason = TenantDisabled;
    for given in [disabled, enabling] {
        given
            .then_denied(ADA, "devices.view", JOINTLY, reason)
            .then_denied(GINA, "devices.view", JOINTLY, reason)
            .then_denied(JULIA, "devices.view", JOINTLY, UserNotActive)
            .then_denied(JULIA, "tenant.operate", JOINTLY, UserNotActive)
            .then_may(ADA, "tenant.operate", JOINTLY)
            .then_may(ADA, "tenant.delete", JOINTLY)
            .then_may(ADA, "customers.delink", JOINTLY)
            .then_may(ADA, "devices.view", FULLY)
            .when(JULIA, rename(JOINTLY))
            .then(refused(UserNotActive))
            .when(ADA, rename(JOINTLY))
            .then(refused(reason));
    }
    reported()
        .and(ADA, disable(JOINTLY))
        .and(ADA, enable(JOINTLY))
        .and(STAFF, ReportReady::new(JOINTLY))
        .then_may(JULIA, "devices.view", JOINTLY)
        .then_may(ADA, "devices.view", JOINTLY);
}

#[test]
fn t5_a_disabled_tenant_is_deleted_by_whoever_may_delete_it() {
    given().and(ADA, disable(FULLY)).when(ADA, delete(&[FULLY])).then(done()).verified();
    given().and(ADA, disable(FULLY)).when(RITA, delete(&[FULLY])).then(refused(RoleLacksPermission));
    let own = given().and(CARL, disable(ALONE));
    own.when(CARL, delete(&[ALONE])).then(refused(UserNotActive)).when(STAFF, delete(&[ALONE])).then(done());
}

#[test]
fn t5_each_side_lifts_what_it_did_itself_and_all_have_to() {
    let held = || happened(&["tenant_held"]);
    let released = || happened(&["tenant_released"]);
    let up = || happened(&["tenant_released", "tenant_enabling", "tenant_enabled"]);
    let both = || given().and(ADA, disable(JOINTLY)).when(STAFF, disable(JOINTLY)).then(held());
    both().when(GINA, disable(JOINTLY)).then(happened(&[]));
    both().when(GINA, enable(JOINTLY)).then(released()).when(STAFF, enable(JOINTLY)).then(up());
    both().when(STAFF, enable(JOINTLY)).then(released()).when(ADAM, enable(JOINTLY)).then(up());
    both()
        .and(ADA, enable(JOINTLY))
        .then_denied(ADA, "devices.view", JOINTLY, TenantDisabled)
        .when(ADA, enable(JOINTLY))
        .then(refused(HeldByOthers));
    both().when(JULIA, enable(JOINTLY)).then(refused(UserNotActive));
    // The operator overrides others with a ticket.
    given().and(ADA, disable(JOINTLY)).when(STAFF, enable(JOINTLY)).then(refused(TicketRequired));
    given().and(ADA, disable(JOINTLY)).when(staff_for("T-1"), enable(JOINTLY)).then(up());
    // Managers side by side have a hold each.
    two_managers()
        .and(ADA, disable(ALONE))
        .when(NINA, enable(ALONE))
        .then(refused(HeldByOthers))
        .when(NINA, disable(ALONE))
        .then(held())
        .when(ADA, enable(ALONE))
        .then(released())
        .when(NINA, enable(ALONE))
        .then(up())
        .verified();
}

#[test]
fn t5_super_admins_enable_what_their_own_side_disabled() {
    let own = || given().and(JACK, disable(JOINTLY));
    own().when(JACK, enable(JOINTLY)).then(refused(UserNotActive));
    own().when(ADA, enable(JOINTLY)).then(refused(HeldByOthers));
    own().when(JULIA, rename(JOINTLY)).then(refused(UserNotActive));
    own().when(JULIA, EnableTenants::new(vec![JOINTLY, ALONE])).then(refused(UserNotActive));
    own().when(JULIA, enable(JOINTLY)).then(done()).then_may(JACK, "devices.view", JOINTLY).verified();
    // What their manager did as well stays.
    let both = own().and(ADA, disable(JOINTLY)).when(JULIA, enable(JOINTLY));
    both.then(happened(&["tenant_released"]))
        .then_denied(JACK, "devices.view", JOINTLY, UserNotActive)
        .when(JULIA, enable(JOINTLY))
        .then(refused(UserNotActive));
}

#[test]
fn t5_disabling_never_holds_a_customer_hostage() {
    given()
        .and(ADA, disable(JOINTLY))
        .and(JULIA, RequestDelink::new(JOINTLY_LINK))
        .and(ADA, AcceptDelink::new(JOINTLY_LINK));
    given()
        .and(GINA, disable(MSP))
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .and(JULIA, RejectDelink::new(JOINTLY_LINK));
    // That is for super admins.
    given().and(GINA, disable(MSP)).when(ADAM, RequestDelink::new(JOINTLY_LINK)).then(refused(UserNotActive));
    // They answer what awaits them, too, and are told what stands in the way of a yes.
    let asked = || given().and(NINA, ask(SECOND, "ALONE", "jointly")).and(CARL, disable(ALONE));
    asked().when(CARL, DeclineLink::new(ASKED)).then(done());
    asked().when(CARL, AcceptLink::new(ASKED)).then(refused(TenantDisabled));
}

#[test]
fn t5_what_is_below_a_disabled_tenant_stays_up() {
    given()
        .and(GINA, disable(MSP))
        .then_denied(ADA, "devices.view", JOINTLY, UserNotActive)
        .then_may(GINA, "devices.view", JOINTLY)
        .then_may(JULIA, "devices.view", JOINTLY);
}

#[test]
fn t6_a_batch_has_one_result_per_tenant() {
    let given = given().and(ADA, disable(FULLY));
    let outcome = |tenants: &[TenantId]| {
        let receipt = given.engine.execute(ADA, DisableTenants::new(tenants.to_vec())).unwrap();
        receipt.outcome.iter().map(|result| (result.tenant, result.changed)).collect::<Vec<_>>()
    };
    assert_eq!(outcome(&[JOINTLY, FULLY]), [(JOINTLY, true), (FULLY, false)]);
    assert_eq!(outcome(&[FULLY]), [(FULLY, false)]);
    let receipt = given.engine.execute(ADA, EnableTenants::new(vec![FULLY, JOINTLY])).unwrap();
    assert!(receipt.outcome.iter().all(|result| result.changed));
}

#[test]
fn t6_a_batch_is_checked_whole_before_anything_happens() {
    let batch = |tenants: &[TenantId]| DisableTenants::new(tenants.to_vec());
    for (tenants, expected, items) in [
        (vec![], refused(EmptyBatch), vec![]),
        (vec![JOINTLY, JOINTLY], refused(DuplicateItem), vec![(1, DuplicateItem)]),
        (vec![JOINTLY, ALONE], refused(UnknownTenant), vec![(1, UnknownTenant)]),
        (vec![ALONE, JOINTLY, JOINTLY], refused(UnknownTenant), vec![(0, UnknownTenant), (2, DuplicateItem)]),
    ] {
        let when = given().when(ADA, batch(&tenants));
        let found: Vec<_> = when.refusal().items.iter().map(|item| (item.index, item.code)).collect();
        assert_eq!(found, items);
        when.then(expected).then_may(ADA, "devices.view", JOINTLY);
    }
    given().when(ADA, EnableTenants::new(vec![])).then(refused(EmptyBatch));
    given().when(ADA, delete(&[])).then(refused(EmptyBatch));
    given().when(ADA, delete(&[FULLY, FULLY])).then(refused(DuplicateItem));
    given().when(ADA, delete(&[FULLY, JOINTLY])).then(refused(DelinkFirst)).then_may(
        ADA,
        "devices.view",
        FULLY,
    );
}

#[test]
fn t7_deleting_wants_the_exact_word() {
    for word in ["", "Delete", "DELETE", "delete ", " delete", "delete\n", "deleted", "ｄelete", "yes"] {
        given().when(ADA, DeleteTenants::new(vec![FULLY], word.to_owned())).then(refused(NotConfirmed));
    }
    given().when(ADA, delete(&[FULLY])).then(done());
}

#[test]
fn t7_what_stands_in_the_way_of_deleting() {
    given().when(ADA, delete(&[FULLY])).then(done());
    given().when(ADA, delete(&[JOINTLY])).then(refused(DelinkFirst));
    given().when(GINA, delete(&[MSP])).then(refused(HasManagedTenants));
    given().when(RITA, delete(&[FULLY])).then(refused(RoleLacksPermission));
    given().when(FRED, delete(&[FULLY])).then(refused(CustomerLocked));
    given()
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .when(ADA, delete(&[JOINTLY]))
        .then(refused(DelinkPending));
    given()
        .and(JULIA, RequestDelink::new(JOINTLY_LINK))
        .when(ADA, delete(&[JOINTLY]))
        .then(refused(DelinkPending));
    // A manager with a delink pending below cannot go either.
    let pending = given().and(NINA, customer(SECOND, "jointly"));
    let pending = pending.and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")));
    let cascade = DeleteTenants { cascade: true, ..delete(&[SECOND]) };
    pending.and(OLGA, RequestDelink::new(NEW_LINK)).when(NINA, cascade).then(refused(DelinkPending));
    // A sub-admin of the customer's own counts as an admin; who only reads does not.
    let unmanned = || given().and(NINA, customer(SECOND, "jointly"));
    unmanned().when(NINA, delete(&[NEW])).then(done());
    unmanned()
        .and(STAFF, user(EVE, NEW, "eve", "admin"))
        .when(NINA, delete(&[NEW]))
        .then(refused(DelinkFirst));
    unmanned().and(STAFF, user(EVE, NEW, "eve", "read_only")).when(NINA, delete(&[NEW])).then(done());
    delinked(given()).when(JULIA, delete(&[JOINTLY])).then(done());
}

#[test]
fn t7_cascade_takes_what_is_below_and_nobody_else_manages() {
    let cascade = |tenant| DeleteTenants { cascade: true, ..delete(&[tenant]) };
    let two = || given().and(NINA, customer(SECOND, "fully"));
    two().when(NINA, delete(&[SECOND])).then(refused(HasManagedTenants));
    two().when(NINA, delete(&[SECOND, NEW])).then(done());
    two().when(NINA, cascade(SECOND)).then(done()).look(|given| {
        for tenant in [SECOND, NEW] {
            assert!(!given.get::<Tenant>(tenant.uuid()).is_living());
        }
        assert_eq!(given.get::<User>(NINA.uuid()).state, UserState::Removed);
    });
    given().when(GINA, cascade(MSP)).then(refused(DelinkFirst));
    // Who is kept off one below is not told of it.
    given().when(JULIA, cascade(MSP)).then(refused(UnknownTenant));
    let kept_off = two().and(STAFF, assign(NINA, NEW, "no_access"));
    kept_off.when(NINA, cascade(SECOND)).then(refused(HasManagedTenants));
    // Another manager keeps it alive.
    let shared = two_managers().when(STAFF, cascade(SECOND)).then(done());
    assert!(shared.get::<Tenant>(ALONE.uuid()).is_living());
    shared.then_may(ADA, "devices.view", ALONE).verified();
}

#[test]
fn t7_t9_cascade_neither_takes_nor_tells_of_what_is_not_there_for_whoever_deletes() {
    let cascade = || DeleteTenants { cascade: true, ..delete(&[SECOND]) };
    // By a role that shows nothing, what is named is deleted, and no more than that.
    let desk = RoleId::from_uuid(Uuid::from_u128(0x7d0));
    let role =
        CreateRole { role: Some(desk), ..CreateRole::new(SECOND, text("Desk"), set(&["tenant.delete"])) };
    let blind = || {
        let given = given().and(NINA, customer(SECOND, "fully")).and(NINA, role.clone());
        given.and(STAFF, assign(NINA, NEW, &desk.to_string()))
    };
    blind().when(NINA, delete(&[NEW])).then(done());
    blind().when(NINA, cascade()).then(refused(HasManagedTenants));
    // Nor does naming it beside its manager tell that it is there.
    let kept_off = given().and(NINA, customer(SECOND, "fully")).and(STAFF, assign(NINA, NEW, "no_access"));
    for other in [NEW, FULLY, TenantId::from_uuid(Uuid::from_u128(0x7d1))] {
        let both = DeleteTenants { cascade: true, ..delete(&[SECOND, other]) };
        let submitted = kept_off.engine.submit(kept_off.request(NINA, both));
        let Err(tenantry::Error::Refused(refusal)) = submitted else { panic!("{submitted:?}") };
        let items: Vec<_> = refusal.items.iter().map(|it| it.code).collect();
        assert_eq!(items, [HasManagedTenants, UnknownTenant], "{other}");
    }
    // That one of another manager's, too, parts from it is told as that there is something.
    let shared = || two_managers().and(STAFF, assign(NINA, ALONE, "no_access"));
    shared().when(NINA, cascade()).then(done());
    let parting = || RequestDelink::new(LinkId::from_uuid(ASKED.uuid()));
    shared().and(CARL, parting()).when(NINA, cascade()).then(refused(HasManagedTenants));
    two_managers().and(CARL, parting()).when(NINA, cascade()).then(refused(DelinkPending));
}

#[test]
fn t7_of_several_managers_none_deletes_for_the_others() {
    let two = || {
        let given = two_managers().and(STAFF, RemoveUser::new(CORA));
        let given = given.under(|policy| policy.management_types[1].delinkable = false);
        given.agreed(LinkId::from_uuid(ASKED.uuid())).agreed(LinkId::from_uuid(ASKED_AGAIN.uuid()))
    };
    two().when(NINA, delete(&[ALONE])).then(refused(DelinkFirst));
    two().when(STAFF, delete(&[ALONE])).then(done()).verified();
    two().when(CARL, delete(&[ALONE])).then(done());
}

#[test]
fn t9_a_deletion_does_not_tell_that_another_manager_is_about_to_leave() {
    let links = two_managers();
    links.when(ADA, delete(&[ALONE])).then(refused(DelinkFirst));
    let leaving = two_managers().and(NINA, RequestDelink::new(LinkId::from_uuid(ASKED.uuid())));
    let leaving = leaving.when(ADA, delete(&[ALONE])).then(refused(DelinkFirst));
    leaving.when(CARL, delete(&[ALONE])).then(refused(DelinkPending));
}

/// `ALONE` jointly managed by `SECOND` for `manage` and by `MSP` for `configure`.
pub(super) fn two_managers() -> Given {
    let given = given().under(|policy| policy.max_managers = 2);
    let given = given.and(NINA, ask(SECOND, "ALONE", "jointly")).and(CARL, AcceptLink::new(ASKED));
    let request = RequestLink {
        request: Some(ASKED_AGAIN),
        services: set(&["configure"]),
        ..ask(MSP, "ALONE", "jointly")
    };
    given.and(ADA, request).and(CARL, AcceptLink::new(ASKED_AGAIN))
}

#[test]
fn t7_ids_and_numbers_are_never_used_again() {
    let given = given().and(ADA, delete(&[FULLY]));
    let again = |tenant, number: &str| RegisterTenant {
        tenant: Some(tenant),
        number: Some(text(number)),
        ..RegisterTenant::new(TenantKind::Customer, text("Again"))
    };
    given
        .when(STAFF, again(FULLY, "fresh"))
        .then(refused(IdTaken))
        .when(STAFF, again(NEW, "Fully"))
        .then(refused(NumberTaken))
        .when(STAFF, again(NEW, "JOINTLY"))
        .then(refused(NumberTaken))
        .when(STAFF, again(NEW, "fresh"))
        .then(done())
        .when(ADA, delete(&[FULLY]))
        .then(refused(UnknownTenant))
        .then_denied(ADA, "tenant.view", FULLY, UnknownTenant)
        .then_denied(FRED, "tenant.view", FULLY, UserNotActive)
        .verified();
}

#[test]
fn t7_everything_about_a_deleted_tenant_ends_with_it() {
    let given =
        delinked(given()).and(NINA, ask(SECOND, "JOINTLY", "jointly")).and(JULIA, invite(JOINTLY, "admin"));
    let when = given.when(JULIA, delete(&[JOINTLY]));
    let names: Vec<_> = when.events().iter().map(event_name).collect();
    for expected in
        ["link_request_canceled", "invitation_revoked", "user_removed", "assignment_ended", "tenant_deleted"]
    {
        assert!(names.iter().any(|name| name == expected), "{expected} in {names:?}");
    }
    when.then(done())
        .when(EVE, AcceptInvitation::new(EVE_INVITATION, mail("eve")))
        .then(refused(InvitationNotPending))
        .when(NINA, CancelLinkRequest::new(ASKED))
        .then(refused(LinkRequestNotPending))
        .verified();
}

#[test]
fn t8_who_may_link_is_told_name_country_and_kind_and_nothing_else() {
    let given = given().and(CARL, EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(ALONE) });
    let given = given.and(ADA, delete(&[FULLY]));
    let read = given.engine.read().unwrap();
    let look_up = |who: Actor, number: &str| {
        let found = read.now().unwrap().ask(LookUp { actor: who.clone(), number: text(number) });
        found.map(|found| serde_json::to_string(&found).unwrap()).map_err(|error| error.code().unwrap())
    };
    let summary = r#"{"number":"ALONE","name":"Alone","country":"DE","kind":"customer"}"#;
    for (who, number, found) in [
        (ADA.into(), "alone", Ok(summary.to_owned())),
        (NINA.into(), "ALONE", Ok(summary.to_owned())),
        (STAFF, "ALONE", Ok(summary.to_owned())),
        (RITA.into(), "ALONE", Err(RoleLacksPermission)),
        (JULIA.into(), "ALONE", Err(CannotManage)),
        (ROB.into(), "ALONE", Err(CannotManage)),
        (ADA.into(), "NOBODY", Err(UnknownTenant)),
        (ADA.into(), "FULLY", Err(UnknownTenant)),
        (BOB.into(), "ALONE", Err(UserNotActive)),
    ] {
        assert_eq!(look_up(who, number), found, "{number}");
    }
}

#[test]
fn t8_who_may_link_for_a_tenant_that_their_home_manages_may_look_up() {
    let given = given().and(STAFF, user(EVE, GRAND, "eve", "read_only"));
    let look_up = |given: &Given| {
        let found = given
            .engine
            .read()
            .unwrap()
            .now()
            .unwrap()
            .ask(LookUp { actor: EVE.into(), number: text("ALONE") });
        found.map(|found| found.kind).map_err(|error| error.code().unwrap())
    };
    assert_eq!(look_up(&given), Err(RoleLacksPermission));
    let given = given.and(GINA, assign(EVE, MSP, "read_only"));
    assert_eq!(look_up(&given), Err(RoleLacksPermission));
    let given = given.and(GINA, assign(EVE, MSP, "admin"));
    assert_eq!(look_up(&given), Ok(TenantKind::Customer));
    let given = given.and(EVE, ask(MSP, "ALONE", "jointly"));
    let given = given.and(GINA, disable(MSP));
    assert_eq!(look_up(&given), Err(RoleLacksPermission));
}

#[test]
fn t9_what_the_actor_may_not_see_does_not_exist() {
    let all: Vec<(Command, Expected)> = vec![
        (rename(JOINTLY).into(), refused(UnknownTenant)),
        (rename(NOWHERE).into(), refused(UnknownTenant)),
        (disable(JOINTLY).into(), refused(UnknownTenant)),
        (enable(JOINTLY).into(), refused(UnknownTenant)),
        (delete(&[JOINTLY]).into(), refused(UnknownTenant)),
        (customer(MSP, "fully").into(), refused(UnknownTenant)),
        (ask(MSP, "ALONE", "fully").into(), refused(UnknownTenant)),
        (ask(SECOND, "NOBODY", "fully").into(), refused(UnknownTenant)),
        (invite(JOINTLY, "admin").into(), refused(UnknownTenant)),
        (assign(NINA, JOINTLY, "admin").into(), refused(UnknownTenant)),
        (CreateRole::new(JOINTLY, text("Role"), set(&[])).into(), refused(UnknownTenant)),
        (ErasePersonal::new(Subject::Tenant(JOINTLY)).into(), refused(UnknownTenant)),
        (RequestDelink::new(JOINTLY_LINK).into(), refused(UnknownLink)),
        (RequestDelink::new(NO_LINK).into(), refused(UnknownLink)),
        (ConvertLink::new(FULLY_LINK, text("jointly")).into(), refused(UnknownLink)),
        (AddServices::new(FULLY_LINK, set(&["manage"])).into(), refused(UnknownLink)),
        (SetManagerGrants::new(JOINTLY_LINK, set(&[])).into(), refused(UnknownLink)),
        (InviteOwner::new(JOINTLY_LINK, Invitee::new(mail("eve"))).into(), refused(UnknownLink)),
        (AcceptLink::new(ASKED).into(), refused(UnknownLinkRequest)),
        (RevokeInvitation::new(IVY_INVITATION).into(), refused(UnknownInvitation)),
        (BlockUser::new(JACK).into(), refused(NoSuchUser)),
        (BlockUser::new(NOBODY).into(), refused(NoSuchUser)),
        (ErasePersonal::new(Subject::User(JACK)).into(), refused(NoSuchUser)),
    ];
    for (command, expected) in all {
        given().when(NINA, command).then(expected);
    }
}
