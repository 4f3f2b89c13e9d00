//! Ids of other systems: who keeps them for what, who is told, and what they go with.

use tenantry::base::ids::RoleId;
use tenantry::event::Event;
use tenantry::model::{Actor, Bearer, KeptId, MAX_EXTERNAL_IDS, Patch, Subject, TermRequest};
use tenantry::query::{AuditFilter, ExternalIdFilter, ExternalIdRow, Paging};
use tenantry::refusal::Code::*;

use super::*;

const SYSTEM: &str = "connectwise";

fn set_id(keeper: TenantId, id: &str, of: Bearer) -> SetExternalId {
    SetExternalId::new(keeper, text(SYSTEM), text(id), of)
}

fn remove_id(keeper: TenantId, id: &str) -> RemoveExternalId {
    RemoveExternalId::new(keeper, text(SYSTEM), text(id))
}

fn tenant(id: TenantId) -> Bearer {
    Bearer::Tenant(id)
}

fn person(id: UserId) -> Bearer {
    Bearer::User(id)
}

fn device(id: &str) -> Bearer {
    Bearer::Device(text(id))
}

/// What an id of `SYSTEM` leads to, as somebody is told.
fn leads(given: &Given, who: impl Into<Actor>, keeper: TenantId, id: &str) -> Option<Bearer> {
    let read = given.engine.read().unwrap();
    let ask = LookUpExternal::new(who.into(), keeper, text(SYSTEM), text(id));
    read.now().unwrap().ask(ask).unwrap().map(|row| row.of)
}

fn page(
    given: &Given,
    who: impl Into<Actor>,
    keeper: TenantId,
    filter: ExternalIdFilter,
    paging: Paging,
) -> Page<ExternalIdRow> {
    let ask = ExternalIds { filter, paging, ..ExternalIds::new(who.into(), keeper) };
    given.engine.read().unwrap().now().unwrap().ask(ask).unwrap()
}

/// The ids that somebody is told of, in order.
fn listed(given: &Given, who: impl Into<Actor>, keeper: TenantId) -> Vec<String> {
    let page = page(given, who, keeper, ExternalIdFilter::default(), Paging::default());
    page.rows.into_iter().map(|row| row.id.to_string()).collect()
}

fn removed(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::ExternalIdRemoved { .. })).count()
}

/// How many ids there are, whoever keeps them.
fn kept(given: &Given) -> usize {
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    now.host().list::<KeptId>(&tenantry::engine::Of::All).unwrap().len()
}

/// `RESELLER` has uploaded `SN-0001` to `MSP`.
fn uploaded() -> Given {
    given()
        .and(ROB, AddResellerCustomer::new(RESELLER, text("MSP")))
        .and(ROB, UploadDevices::new(RESELLER, MSP, vec!["SN-0001".into(), "SN-0002".into()]))
}

#[test]
fn x11_an_id_is_kept_for_a_customer_oneself_a_person_and_a_device() {
    let given = uploaded()
        .when(ADAM, set_id(MSP, "4711", tenant(JOINTLY)))
        .then(happened(&["external_id_set"]))
        .when(ADA, set_id(MSP, "Jointly GmbH & Co. #1", tenant(JOINTLY)))
        .then(done())
        .when(ADA, set_id(MSP, "own", tenant(MSP)))
        .then(done())
        .when(ADA, set_id(MSP, "rita@connectwise.example", person(RITA)))
        .then(done())
        .when(ADA, set_id(MSP, "fred", person(FRED)))
        .then(done())
        .when(ADA, set_id(MSP, "dev-1", device("SN-0001")))
        .then(done());
    for (id, of) in [
        ("4711", tenant(JOINTLY)),
        ("Jointly GmbH & Co. #1", tenant(JOINTLY)),
        ("own", tenant(MSP)),
        ("rita@connectwise.example", person(RITA)),
        ("fred", person(FRED)),
        ("dev-1", device("SN-0001")),
    ] {
        assert_eq!(leads(&given, ADA, MSP, id), Some(of), "{id}");
        // Another organisation keeps others, and knows nothing of these.
        assert_eq!(leads(&given, GINA, GRAND, id), None, "{id}");
        // Whoever manages the keeper sees what it keeps, as they see what it leads to.
        assert_eq!(leads(&given, GINA, MSP, id), leads(&given, ADA, MSP, id), "{id}");
    }
    // In exact case, and as a whole.
    assert_eq!(leads(&given, ADA, MSP, "OWN"), None);
    assert_eq!(leads(&given, ADA, MSP, "471"), None);
    let given = given.when(ADA, remove_id(MSP, "4711")).then(happened(&["external_id_removed"]));
    assert_eq!(leads(&given, ADA, MSP, "4711"), None);
    let given = given.when(ADA, remove_id(MSP, "rita@connectwise.example")).then(done());
    assert_eq!(leads(&given, ADA, MSP, "rita@connectwise.example"), None);
    given.when(ADA, remove_id(MSP, "4711")).then(refused(UnknownExternalId)).verified();
}

#[test]
fn x11_who_may_keep_an_id_for_what() {
    let jointly = || set_id(MSP, "4711", tenant(JOINTLY));
    let rows: Vec<(Actor, Command, Expected)> = vec![
        (ADA.into(), jointly().into(), done()),
        (ADAM.into(), jointly().into(), done()),
        (GUS.into(), jointly().into(), done()),
        (STAFF, jointly().into(), done()),
        (RITA.into(), jointly().into(), refused(RoleLacksPermission)),
        // Kept off the customer, as if it were not there.
        (NOEL.into(), jointly().into(), refused(UnknownTenant)),
        (BOB.into(), jointly().into(), refused(UserNotActive)),
        // What a manager keeps is no affair of the customer's people, or of strangers.
        (JULIA.into(), jointly().into(), refused(UnknownTenant)),
        (NINA.into(), jointly().into(), refused(UnknownTenant)),
        (ADA.into(), set_id(SECOND, "1", tenant(JOINTLY)).into(), refused(UnknownTenant)),
        (ADA.into(), set_id(NOWHERE, "1", tenant(JOINTLY)).into(), refused(UnknownTenant)),
        (STAFF, set_id(NOWHERE, "1", tenant(JOINTLY)).into(), refused(UnknownTenant)),
        (ADA.into(), set_id(MSP, "1", tenant(NOWHERE)).into(), refused(UnknownTenant)),
        (ADA.into(), set_id(MSP, "1", tenant(ALONE)).into(), refused(UnknownTenant)),
        (STAFF, set_id(MSP, "1", tenant(ALONE)).into(), refused(NotItsCustomer)),
        // By a link of its own: a chain does not count.
        (GINA.into(), set_id(GRAND, "1", tenant(JOINTLY)).into(), refused(NotItsCustomer)),
        (GINA.into(), set_id(GRAND, "1", tenant(MSP)).into(), done()),
        (JULIA.into(), set_id(JOINTLY, "1", tenant(JOINTLY)).into(), done()),
        (JULIA.into(), set_id(JOINTLY, "1", person(JIM)).into(), done()),
        (ADA.into(), set_id(JOINTLY, "1", tenant(JOINTLY)).into(), done()),
        (FRED.into(), set_id(FULLY, "1", tenant(FULLY)).into(), refused(CustomerLocked)),
        // A person's by whoever manages users where they are at home (U-4, P-7).
        (ADA.into(), set_id(MSP, "1", person(JIM)).into(), refused(NotGranted)),
        (ADA.into(), set_id(MSP, "1", person(FRED)).into(), done()),
        (RITA.into(), set_id(MSP, "1", person(RITA)).into(), refused(RoleLacksPermission)),
        (ADA.into(), set_id(MSP, "1", person(CARL)).into(), refused(NoSuchUser)),
        (ADA.into(), set_id(MSP, "1", person(NOBODY)).into(), refused(NoSuchUser)),
        (STAFF, set_id(MSP, "1", person(CARL)).into(), refused(NotItsCustomer)),
        (ADA.into(), set_id(MSP, "1", person(BOB)).into(), done()),
        (ADA.into(), set_id(MSP, "1", person(IVY)).into(), done()),
        // A device's by whoever manages devices at its holder.
        (ADA.into(), set_id(MSP, "1", device("SN-0001")).into(), done()),
        (RITA.into(), set_id(MSP, "1", device("SN-0001")).into(), refused(RoleLacksPermission)),
        (ROB.into(), set_id(RESELLER, "1", device("SN-0001")).into(), refused(UnknownDevice)),
        (ADA.into(), set_id(MSP, "1", device("SN-9999")).into(), refused(UnknownDevice)),
        (Actor::Clock, jointly().into(), refused(WrongActor)),
    ];
    for (who, command, expected) in rows {
        uploaded().when(who, command).then(expected);
    }
    let removed = given().and(JULIA, RemoveUser::new(JIM));
    removed.when(JULIA, set_id(JOINTLY, "1", person(JIM))).then(refused(NoSuchUser));
    // A disabled customer is edited by nobody.
    let off = given().and(ADA, disable(JOINTLY));
    off.when(ADA, set_id(MSP, "4711", tenant(JOINTLY))).then(refused(TenantDisabled));
    // Removing takes the same right, where what the id leads to is there at all.
    let kept = || uploaded().and(ADA, jointly()).and(ADA, set_id(MSP, "1", person(FRED)));
    for (who, id, expected) in [
        (RITA, "4711", refused(RoleLacksPermission)),
        (NOEL, "4711", refused(UnknownExternalId)),
        (JULIA, "4711", refused(UnknownTenant)),
        (RITA, "1", refused(RoleLacksPermission)),
        (ADAM, "1", done()),
        (GUS, "4711", done()),
    ] {
        kept().when(who, remove_id(MSP, id)).then(expected);
    }
}

#[test]
fn x11_an_id_leads_to_one_thing_at_one_keeper() {
    let given = given()
        .and(ADA, set_id(MSP, "4711", tenant(JOINTLY)))
        .and(ADA, set_id(MSP, "p", person(FRED)))
        .when(ADA, set_id(MSP, "4711", tenant(JOINTLY)))
        .then(refused(NothingToDo))
        .when(ADA, set_id(MSP, "p", person(FRED)))
        .then(refused(NothingToDo));
    let when = given.when(ADA, set_id(MSP, "4711", tenant(FULLY)));
    assert_eq!(
        when.refusal().to_string(),
        format!(
            "the id already leads to tenant `{JOINTLY}`; remove it there first, or check what the other \
             system calls this one"
        )
    );
    let given = when.then(refused(ExternalIdTaken));
    let when = given.when(ADA, set_id(MSP, "p", tenant(FULLY)));
    assert_eq!(when.refusal().about, format!("user `{FRED}`"));
    let given = when.then(refused(ExternalIdTaken));
    let given = given.when(ADA, set_id(MSP, "4711", person(FRED))).then(refused(ExternalIdTaken));
    // Another system and another organisation call other things so.
    let other = SetExternalId { system: text("autotask"), ..set_id(MSP, "4711", tenant(FULLY)) };
    let given = given.when(ADA, other).then(done());
    let given = given.when(GINA, set_id(GRAND, "4711", tenant(MSP))).then(done());
    let given = given.when(JULIA, set_id(JOINTLY, "4711", person(JIM))).then(done());
    assert_eq!(leads(&given, JULIA, JOINTLY, "4711"), Some(person(JIM)));
    // Who does not see what it leads to is told that, and nothing else.
    let given = given.and(ADA, assign(ADAM, JOINTLY, "no_access"));
    let when = given.when(ADAM, set_id(MSP, "4711", tenant(FULLY)));
    assert_eq!(when.refusal().about, "something that you do not see");
    let mut given = when.then(refused(ExternalIdTaken));
    // Several to one thing, up to a number.
    for more in 1..MAX_EXTERNAL_IDS {
        given = given.and(ADA, set_id(MSP, &format!("more {more}"), tenant(JOINTLY)));
    }
    let given = given.when(ADA, set_id(MSP, "last", tenant(JOINTLY))).then(refused(TooManyExternalIds));
    given.when(ADA, set_id(MSP, "last", tenant(FULLY))).then(done()).verified();
}

#[test]
fn x11_an_id_is_a_text_that_shows_what_it_is() {
    use tenantry::base::text::{ExternalId, System};
    for (id, obstacle) in [
        ("", "is empty"),
        (" 1", "begins or ends with a space"),
        ("1 ", "begins or ends with a space"),
        ("   ", "begins or ends with a space"),
        ("a\u{202e}b", "has the character U+202E"),
        ("a\u{200b}b", "has the character U+200B"),
        ("a\nb", "has the character U+000A"),
        ("a\0b", "has the character U+0000"),
        ("a\u{a0}b", "has the character U+00A0"),
        ("\u{301}", "has nothing to see in it"),
        (&"x".repeat(201), "is 201 characters long"),
    ] {
        let flaw = ExternalId::parse(id).unwrap_err();
        assert_eq!((flaw.field, flaw.obstacle.as_ref()), ("external id", obstacle), "{id:?}");
    }
    for (id, kept) in [("4711", "4711"), ("Ab  c", "Ab  c"), ("e\u{301}", "é"), ("0x00FF", "0x00FF")] {
        assert_eq!(ExternalId::parse(id).unwrap().as_str(), kept);
    }
    assert!(ExternalId::parse(&"x".repeat(200)).is_ok());
    assert!(System::parse("ConnectWise").is_err() && System::parse("connectwise").is_ok());
}

#[test]
fn x11_t9_ids_are_told_to_whoever_sees_the_keeper_and_what_they_lead_to() {
    let given = uploaded()
        .and(ADA, set_id(MSP, "4711", tenant(JOINTLY)))
        .and(ADA, set_id(MSP, "4712", tenant(FULLY)))
        .and(ADA, set_id(MSP, "own", tenant(MSP)))
        .and(ADA, set_id(MSP, "fred", person(FRED)))
        .and(ADA, set_id(MSP, "rita", person(RITA)))
        .and(ADA, set_id(MSP, "dev", device("SN-0001")));
    let all = ["4711", "4712", "dev", "own", "rita", "fred"];
    for who in [Actor::from(ADA), RITA.into(), GINA.into(), STAFF] {
        assert_eq!(listed(&given, who.clone(), MSP), all, "{who:?}");
    }
    // No role at home: nothing there, and nothing below.
    assert_eq!(listed(&given, NOEL, MSP), Vec::<String>::new());
    assert_eq!(leads(&given, NOEL, MSP, "4711"), None);
    for who in [JULIA, FRED, NINA, CARL] {
        for tenant in [MSP, NOWHERE] {
            let read = given.engine.read().unwrap();
            let now = read.now().unwrap();
            let refusal = now.ask(ExternalIds::new(who.into(), tenant)).unwrap_err();
            assert_eq!(refusal.refusal().unwrap().code, UnknownTenant, "{who}");
            let ask = LookUpExternal::new(who.into(), tenant, text(SYSTEM), text("4711"));
            assert_eq!(now.ask(ask).unwrap_err().refusal().unwrap().code, UnknownTenant, "{who}");
        }
    }
    // Kept off one customer, and with a role on one alone.
    let given = given.and(ADA, assign(RITA, FULLY, "no_access"));
    assert_eq!(listed(&given, RITA, MSP), ["4711", "dev", "own", "rita"]);
    assert_eq!(leads(&given, RITA, MSP, "4712"), None);
    let given = given.and(ADA, assign(NOEL, FULLY, "read_only"));
    assert_eq!(listed(&given, NOEL, MSP), ["4712", "fred"]);
    // A disabled customer is still there by name; its people are not told of.
    let given = given.and(ADA, disable(FULLY));
    assert_eq!(listed(&given, ADA, MSP), ["4711", "4712", "dev", "own", "rita"]);
}

#[test]
fn x11_t9_who_holds_a_device_is_told_to_nobody_who_may_not_see_it_there() {
    let desk: RoleId = text("00000000-0000-0000-0000-0000000006b1");
    let may = set(&["audit.view", "tenant.edit", "tenant.view"]);
    let role = CreateRole { role: Some(desk), ..CreateRole::new(MSP, text("Desk"), may) };
    let try_it = |given: Given| {
        let given = given.and(ADA, role.clone()).and(ADA, assign(NOEL, MSP, &desk.to_string()));
        let given = given.when(NOEL, set_id(MSP, "1", device("SN-0001"))).then(refused(UnknownDevice));
        let ask = Audit::new(NOEL.into(), MSP);
        let page = given.engine.read().unwrap().now().unwrap().ask(ask).unwrap();
        let tried = page.rows.into_iter().find(|row| row.command.as_deref() == Some("set_external_id"));
        tried.unwrap().events
    };
    let nobodys = try_it(given());
    for held in [uploaded(), uploaded().and(ADA, MoveDevices::new(MSP, FULLY, set(&["SN-0001"])))] {
        assert_eq!(try_it(held), nobodys);
    }
}

#[test]
fn x11_t9_whoever_does_not_see_a_keeper_neither_sets_nor_removes_nor_plans() {
    let desk: RoleId = text("00000000-0000-0000-0000-0000000006b2");
    let may = set(&["customers.add", "tenant.edit"]);
    let role = CreateRole { role: Some(desk), ..CreateRole::new(MSP, text("Blind"), may) };
    let given = given()
        .and(ADA, set_id(MSP, "4711", tenant(JOINTLY)))
        .and(ADA, role)
        .and(ADA, assign(NOEL, MSP, &desk.to_string()));
    // Whoever is at home there is let in as such, and is told of nothing that they do not see.
    let given = given.when(NOEL, remove_id(MSP, "4711")).then(refused(UnknownExternalId));
    let blind: RoleId = text("00000000-0000-0000-0000-0000000006b3");
    let may = set(&["customers.add", "tenant.edit"]);
    let role = CreateRole { role: Some(blind), ..CreateRole::new(GRAND, text("Blind"), may) };
    let given = given.and(GINA, role).and(GINA, assign(GINA, MSP, &blind.to_string()));
    let given = given.when(GINA, remove_id(MSP, "4711")).then(refused(UnknownTenant));
    let given = given.when(GINA, set_id(MSP, "4712", tenant(MSP))).then(refused(UnknownTenant));
    let (system, rows) = (text(SYSTEM), Vec::new());
    let ask = PlanSync { actor: GINA.into(), manager: MSP, system, rows };
    let refusal = given.engine.read().unwrap().now().unwrap().ask(ask).unwrap_err();
    assert_eq!(refusal.code(), Some(UnknownTenant));
}

#[test]
fn x11_an_id_of_an_invitation_that_has_lapsed_leads_nowhere_recorded_or_not() {
    let given = given()
        .and(JACK, invite(JOINTLY, "admin"))
        .and(JACK, set_id(JOINTLY, "eve", person(EVE)))
        .and(JACK, set_id(JOINTLY, "jim", person(JIM)));
    assert_eq!(listed(&given, JACK, JOINTLY), ["jim", "eve"]);
    let given = given.later(30);
    assert_eq!(listed(&given, JACK, JOINTLY), ["jim"]);
    assert_eq!(leads(&given, JACK, JOINTLY, "eve"), None);
    assert_eq!(leads(&given, STAFF, JOINTLY, "eve"), None);
    let given = given.and(JACK, set_id(JOINTLY, "eve", person(JIM)));
    assert_eq!(leads(&given, JACK, JOINTLY, "eve"), Some(person(JIM)));
    given.verified();
}

#[test]
fn x11_a_list_is_in_order_by_system_of_one_thing_by_a_beginning_and_page_by_page() {
    let mut given = given()
        .and(ADA, set_id(MSP, "fred", person(FRED)))
        .and(ADA, SetExternalId { system: text("autotask"), ..set_id(MSP, "b", tenant(JOINTLY)) })
        .and(ADA, SetExternalId { system: text("autotask"), ..set_id(MSP, "a9", tenant(FULLY)) });
    for id in ["a1", "a2", "B1", "a10"] {
        given = given.and(ADA, set_id(MSP, id, tenant(JOINTLY)));
    }
    let all = ["a9", "b", "B1", "a1", "a10", "a2", "fred"];
    assert_eq!(listed(&given, ADA, MSP), all);
    let filtered = |filter: ExternalIdFilter| -> Vec<String> {
        let whole = page(&given, ADA, MSP, filter.clone(), Paging::default());
        let whole: Vec<String> = whole.rows.iter().map(|row| row.id.to_string()).collect();
        for descending in [false, true] {
            let mut paging = Paging { limit: 1, descending, ..Paging::default() };
            let mut one_by_one = Vec::new();
            loop {
                let page = page(&given, ADA, MSP, filter.clone(), paging.clone());
                one_by_one.extend(page.rows.iter().map(|row| row.id.to_string()));
                let Some(next) = page.next else { break };
                paging.cursor = Some(next);
            }
            if descending {
                one_by_one.reverse();
            }
            assert_eq!(one_by_one, whole);
        }
        whole
    };
    assert_eq!(filtered(ExternalIdFilter::default()), all);
    let system = |system: &str| Some(text(system));
    let by_system = ExternalIdFilter { system: system("autotask"), ..ExternalIdFilter::default() };
    assert_eq!(filtered(by_system), ["a9", "b"]);
    let of = ExternalIdFilter { of: Some(tenant(FULLY)), ..ExternalIdFilter::default() };
    assert_eq!(filtered(of), ["a9"]);
    let of_fred = ExternalIdFilter { of: Some(person(FRED)), ..ExternalIdFilter::default() };
    assert_eq!(filtered(of_fred), ["fred"]);
    let begins = ExternalIdFilter { beginning: Some("a".into()), ..ExternalIdFilter::default() };
    assert_eq!(filtered(begins.clone()), ["a9", "a1", "a10", "a2"]);
    let both = ExternalIdFilter { system: system(SYSTEM), beginning: Some("a1".into()), ..begins.clone() };
    assert_eq!(filtered(both), ["a1", "a10"]);
    // No index has a person's id: it is found as a whole alone.
    let people = ExternalIdFilter { beginning: Some("fre".into()), ..ExternalIdFilter::default() };
    assert_eq!(filtered(people), Vec::<String>::new());
    assert_eq!(leads(&given, ADA, MSP, "fred"), Some(person(FRED)));
    let row = &page(&given, ADA, MSP, begins, Paging::default()).rows[0];
    assert_eq!((row.whose.tenant, row.whose.number.as_str(), row.since), (FULLY, "FULLY", dawn()));
    let read = given.engine.read().unwrap();
    let long = ExternalIdFilter { beginning: Some("x".repeat(201)), ..ExternalIdFilter::default() };
    let ask = ExternalIds { filter: long, ..ExternalIds::new(ADA.into(), MSP) };
    assert_eq!(read.now().unwrap().ask(ask).unwrap_err().refusal().unwrap().code, TextTooLong);
}

#[test]
fn x11_d7_ids_go_with_the_link_in_its_record_and_a_later_link_has_none() {
    let given = given()
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])))
        .and(ADA, set_id(MSP, "4711", tenant(JOINTLY)))
        .and(ADA, set_id(MSP, "jim", person(JIM)))
        .and(ADA, set_id(MSP, "4712", tenant(FULLY)))
        .and(JULIA, set_id(JOINTLY, "own", person(JIM)))
        .and(GINA, set_id(GRAND, "msp", tenant(MSP)))
        .and(ADA, RequestDelink::new(JOINTLY_LINK));
    let when = given.when(JULIA, AcceptDelink::new(JOINTLY_LINK));
    assert_eq!(removed(when.events()), 2);
    let receipt = when.receipt().clone();
    let given = when.then(done());
    // The customer is not told which ids its manager kept.
    assert_eq!(removed(&given.engine.told(&JULIA.into(), receipt).outcome), 0);
    assert_eq!(listed(&given, ADA, MSP), ["4712"]);
    assert_eq!(listed(&given, JULIA, JOINTLY), ["own"]);
    assert_eq!(listed(&given, GINA, GRAND), ["msp"]);
    assert_eq!(kept(&given), 3);
    let again = given.and(ADA, ask(MSP, "JOINTLY", "jointly")).and(JULIA, AcceptLink::new(ASKED));
    assert_eq!(leads(&again, ADA, MSP, "4711"), None);
    again.when(ADA, set_id(MSP, "4711", tenant(FULLY))).then(done()).verified();
}

#[test]
fn x11_an_id_of_a_link_that_time_has_ended_leads_nowhere_recorded_or_not() {
    let given = given()
        .and(ADA, AddCustomer { term: Some(TermRequest::days(5)), ..customer(MSP, "jointly") })
        .and(ADA, set_id(MSP, "4711", tenant(NEW)));
    assert_eq!(leads(&given, ADA, MSP, "4711"), Some(tenant(NEW)));
    let given = given.later(6);
    for who in [Actor::from(ADA), STAFF] {
        assert_eq!(leads(&given, who.clone(), MSP, "4711"), None);
        assert_eq!(listed(&given, who, MSP), Vec::<String>::new());
    }
    // Another customer may have it at once.
    let given = given.when(ADA, set_id(MSP, "4711", tenant(JOINTLY))).then(done());
    let given = given.swept();
    assert_eq!(leads(&given, ADA, MSP, "4711"), Some(tenant(JOINTLY)));
    assert_eq!(kept(&given), 1);
    given.verified();
}

#[test]
fn x11_ids_go_with_the_tenant_the_person_and_the_device() {
    let given = given()
        .and(ADA, set_id(MSP, "4712", tenant(FULLY)))
        .and(ADA, set_id(MSP, "fred", person(FRED)))
        .and(ADA, set_id(FULLY, "self", tenant(FULLY)));
    let when = given.when(ADA, delete(&[FULLY]));
    assert_eq!(removed(when.events()), 3);
    let given = when.then(done());
    assert_eq!(kept(&given), 0);
    given.verified();
    // A person, whoever keeps it: by removal, and by an invitation that comes to nothing.
    let given = super::given()
        .and(JULIA, set_id(JOINTLY, "jim", person(JIM)))
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])))
        .and(ADA, set_id(MSP, "jim", person(JIM)));
    let when = given.when(JULIA, RemoveUser::new(JIM));
    assert_eq!(removed(when.events()), 2);
    let receipt = when.receipt().clone();
    let given = when.then(done());
    let told = given.engine.told(&JULIA.into(), receipt).outcome;
    assert_eq!(removed(&told), 1, "the customer is told of its own");
    assert_eq!(kept(&given), 0);
    given.verified();
    let given = super::given()
        .and(JACK, invite(JOINTLY, "admin"))
        .and(JACK, set_id(JOINTLY, "eve", person(EVE)))
        .when(JACK, RevokeInvitation::new(EVE_INVITATION))
        .then(happened(&["invitation_revoked", "external_id_removed"]));
    assert_eq!(kept(&given), 0);
    given.verified();
    // A device: deleted, withdrawn; moved along with what its pool's owner keeps of it.
    let held = || {
        uploaded()
            .and(ADA, set_id(MSP, "dev", device("SN-0001")))
            .and(GINA, set_id(GRAND, "dev", device("SN-0001")))
            .and(ADA, set_id(MSP, "other", device("SN-0002")))
    };
    let given = held().and(ADA, DeleteDevices::new(MSP, set(&["SN-0001"])));
    assert_eq!((kept(&given), listed(&given, ADA, MSP)), (1, vec!["other".to_owned()]));
    given.verified();
    let given = held().and(ADA, MoveDevices::new(MSP, FULLY, set(&["SN-0001"])));
    assert_eq!(listed(&given, GINA, GRAND), Vec::<String>::new());
    let filter = ExternalIdFilter { of: Some(device("SN-0001")), ..ExternalIdFilter::default() };
    let rows = page(&given, ADA, MSP, filter, Paging::default()).rows;
    assert_eq!((rows.len(), rows[0].whose.tenant), (1, FULLY));
    let given = given.and(ADA, delete(&[FULLY]));
    assert_eq!(listed(&given, ADA, MSP), ["other"]);
    given.verified();
}

#[test]
fn x11_q2_what_an_organisation_keeps_stands_in_its_own_audit_alone() {
    let given = given()
        .and(ADA, set_id(MSP, "4711", tenant(JOINTLY)))
        .and(ADA, set_id(MSP, "rita", person(RITA)))
        .when(RITA, set_id(MSP, "9", tenant(JOINTLY)))
        .then(refused(RoleLacksPermission));
    let commands = |given: &Given, who: UserId, tenant: TenantId| -> Vec<String> {
        let filter = AuditFilter::default();
        let ask = Audit { filter, ..Audit::new(who.into(), tenant) };
        let page = given.engine.read().unwrap().now().unwrap().ask(ask).unwrap();
        page.rows.into_iter().filter_map(|row| row.command).filter(|it| it.contains("external")).collect()
    };
    assert_eq!(commands(&given, ADA, MSP).len(), 3);
    assert_eq!(commands(&given, GINA, MSP).len(), 3);
    for (who, tenant) in [(JULIA, JOINTLY), (ADA, JOINTLY), (GINA, GRAND)] {
        assert_eq!(commands(&given, who, tenant), Vec::<String>::new(), "{who}");
    }
    // Whoever does not see the customer is told neither of its id nor of what was tried: why it
    // was refused would tell of the customer.
    let given = given
        .and(ADA, assign(ADAM, JOINTLY, "no_access"))
        .and(ADA, disable(JOINTLY))
        .when(ADA, remove_id(MSP, "4711"))
        .then(refused(TenantDisabled))
        .when(ADA, set_id(MSP, "9", tenant(JOINTLY)))
        .then(refused(TenantDisabled));
    assert_eq!(commands(&given, ADAM, MSP), ["set_external_id"]);
    assert_eq!(commands(&given, ADA, MSP).len(), 5);
}

#[test]
fn x11_x2_of_a_past_an_id_led_where_it_did_for_those_who_may_see_that_now() {
    let given =
        given().and(ADA, set_id(MSP, "4711", tenant(JOINTLY))).and(ADA, set_id(MSP, "f", person(FRED)));
    let seq = given.engine.token().unwrap().seq;
    let given = given
        .and(ADA, remove_id(MSP, "4711"))
        .and(ADA, set_id(MSP, "4711", tenant(FULLY)))
        .and(ADA, remove_id(MSP, "f"));
    let then = |given: &Given, who: UserId, id: &str| {
        let read = given.engine.read().unwrap();
        let ask = LookUpExternal::new(who.into(), MSP, text(SYSTEM), text(id));
        read.as_of(seq).unwrap().moment().unwrap().ask(ask).unwrap().map(|row| row.of)
    };
    assert_eq!(then(&given, ADA, "4711"), Some(tenant(JOINTLY)));
    assert_eq!(leads(&given, ADA, MSP, "4711"), Some(tenant(FULLY)));
    // What is personal has no past (U-5).
    assert_eq!(then(&given, ADA, "f"), None);
    let given = delinked(given);
    assert_eq!(then(&given, ADA, "4711"), None, "who does not see it now is not told what was");
}

#[test]
fn x11_u5_no_record_no_entity_and_no_file_holds_an_id_of_a_person_that_is_gone() {
    const SECRET: &str = "jim.secret@psa.example";
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    let options = FileOptions::default().synchronous(Synchronous::Normal);
    let given = given_on(SqliteStore::open(&path, options).unwrap())
        .and(JULIA, set_id(JOINTLY, SECRET, person(JIM)))
        .and(JULIA, set_id(JOINTLY, "another", person(JIM)));
    assert_eq!(leads(&given, JULIA, JOINTLY, SECRET), Some(person(JIM)));
    for record in given.engine.records_after(0, 1_000).unwrap() {
        assert!(!record.encode().contains(SECRET));
    }
    let entities = given.engine.read().unwrap();
    for found in entities.now().unwrap().host().list::<KeptId>(&tenantry::engine::Of::All).unwrap() {
        assert!(!format!("{found:?}").contains(SECRET));
    }
    drop(entities);
    given.verified();
    let given = given.and(JULIA, remove_id(JOINTLY, SECRET));
    assert_eq!(leads(&given, JULIA, JOINTLY, "another"), Some(person(JIM)));
    given.verified();
    let given = given.and(JULIA, set_id(JOINTLY, SECRET, person(JIM)));
    let given = given.and(JULIA, RemoveUser::new(JIM)).and(JULIA, ErasePersonal::new(Subject::User(JIM)));
    for file in std::fs::read_dir(place.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    }
    given.verified();
    given.engine.rebuild().unwrap();
}

#[test]
fn x11_a_preview_tells_what_would_go_and_nothing_goes() {
    let given = given().and(ADA, set_id(MSP, "4712", tenant(FULLY)));
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    let told = now.ask(Preview::new(ADA.into(), Box::new(delete(&[FULLY]).into()))).unwrap();
    assert_eq!(removed(&told.events), 1);
    let told = now.ask(Preview::new(ADA.into(), Box::new(set_id(MSP, "n", person(FRED)).into()))).unwrap();
    assert!(matches!(told.events[..], [Event::ExternalIdSet { id: None, .. }]) && told.notices.is_empty());
    drop(now);
    drop(read);
    assert_eq!(listed(&given, ADA, MSP), ["4712"]);
    let rename = EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(FULLY) };
    given.when(ADA, rename).then(happened(&["tenant_edited"])).verified();
}

#[test]
fn x11_a_new_customer_comes_with_its_id_in_one_record() {
    use tenantry::command::SystemId;
    let external = |id: &str| Some(SystemId { system: text(SYSTEM), id: text(id) });
    let add = |id: &str| AddCustomer { external: external(id), ..customer(MSP, "fully") };
    let given = given().when(ADA, add("4711")).then(done());
    assert_eq!(leads(&given, ADA, MSP, "4711"), Some(tenant(NEW)));
    given.verified();
    let given = super::given().and(ADA, set_id(MSP, "4711", tenant(JOINTLY)));
    let when = given.when(ADA, add("4711"));
    assert_eq!(when.refusal().about, format!("tenant `{JOINTLY}`"));
    let given = when.then(refused(ExternalIdTaken));
    // That its manager keeps one shows to nobody in the customer's audit.
    let rows = |given: Given| {
        let ask = Audit::new(OLGA.into(), NEW);
        let given = given.and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")));
        let page = given.engine.read().unwrap().now().unwrap().ask(ask).unwrap();
        page.rows.into_iter().map(|row| (row.command, row.events)).collect::<Vec<_>>()
    };
    let plain = || AddCustomer { number: Some(text("NEW")), ..customer(MSP, "jointly") };
    let with = AddCustomer { external: external("4712"), ..plain() };
    assert_eq!(
        rows(given.and(ADA, with)),
        rows(super::given().and(ADA, set_id(MSP, "1", tenant(FULLY))).and(ADA, plain()))
    );
}
