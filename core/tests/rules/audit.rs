//! The audit as somebody may read it: by tenants alone, organisations that are not there for the reader left out, people of
//! other organisations masked field by field (Q-2, T-9).

use std::collections::BTreeSet;

use tenantry::base::ids::{IntegrationId, SessionId};
use tenantry::event::Event;
use tenantry::model::{Actor, Stage};
use tenantry::notice::NoticeKind;
use tenantry::policy::MoveRule;
use tenantry::query::{AuditActor, AuditFilter, AuditRow};
use tenantry::refusal::Code::{
    RoleLacksPermission, UnknownLink, UnknownLinkRequest, UnknownTenant, WrongActor,
};

use super::stock::*;
use super::*;

const NOBODY_TOLD: UserId = UserId::from_uuid(Uuid::nil());

fn audit(given: &Given, who: impl Into<Actor>, tenant: TenantId) -> Vec<AuditRow> {
    given
        .engine
        .read()
        .unwrap()
        .now()
        .unwrap()
        .ask(Audit {
            actor: who.into(),
            tenant,
            filter: AuditFilter::default(),
            paging: Paging { limit: 1_000, ..Paging::default() },
        })
        .unwrap()
        .rows
}

/// The commands of the rows after a record.
fn commands(given: &Given, who: UserId, tenant: TenantId, after: u64) -> Vec<String> {
    audit(given, who, tenant)
        .into_iter()
        .filter(|row| row.seq > after)
        .filter_map(|row| row.command)
        .collect()
}

fn seq(given: &Given) -> u64 {
    given.engine.token().unwrap().seq
}

fn open(tenant: TenantId, number: u128) -> OpenConsole {
    let new = OpenConsole::new(tenant, text("manage"), text("https://host.example/?secret=1"));
    OpenConsole { session: Some(SessionId::from_uuid(Uuid::from_u128(number))), ..new }
}

/// Every tenant that a row names, in whatever place.
fn named(rows: &[AuditRow]) -> String {
    serde_json::to_string(rows).unwrap()
}

#[test]
fn q2_text_that_is_spelt_like_an_id_is_left_as_it_is() {
    let evil = "abcdefab-cdef-4abc-8def-abcdefabcdef";
    let who: UserId = text(evil);
    let given = given()
        .and(STAFF, user(who, MSP, "evil", "admin"))
        .and(who, CreateIntegration::new(JOINTLY, text(evil), text("x")));
    let row = audit(&given, JULIA, JOINTLY).pop().unwrap();
    assert_eq!(row.by, AuditActor::Organisation(MSP));
    let [Event::IntegrationCreated { kind, .. }] = &row.events[..] else { panic!("{row:?}") };
    assert_eq!(kind.as_str(), evil);
}

#[test]
fn q2_people_of_another_organisation_are_masked_wherever_an_event_names_them() {
    let given = given()
        .and(ADA, assign(RITA, JOINTLY, "admin"))
        .and(ADA, open(JOINTLY, 0xc01))
        .and(
            JULIA,
            SetAlertRule {
                additional: BTreeSet::from([ADAM, JACK]),
                ..SetAlertRule::new(JOINTLY, text("security"), tenantry::model::Audience::AllAdmins)
            },
        )
        .and(JULIA, BlockUser::new(JIM));
    let told = |who: UserId| -> Vec<Event> {
        let rows = audit(&given, who, JOINTLY);
        rows.into_iter().rev().take(4).rev().flat_map(|row| row.events).collect()
    };
    let [
        Event::Assigned { user: assigned, .. },
        Event::SessionOpened { user: opened, .. },
        Event::AlertRuleSet { additional, .. },
        Event::UserBlocked { user: blocked },
    ] = &told(JULIA)[..]
    else {
        panic!("{:?}", told(JULIA))
    };
    assert_eq!((*assigned, *opened), (NOBODY_TOLD, NOBODY_TOLD));
    assert_eq!(*additional, BTreeSet::from([JACK]), "not even how many");
    assert_eq!(*blocked, JIM);
    // The manager may see the customer's users, and its own.
    let [.., Event::AlertRuleSet { additional, .. }, Event::UserBlocked { user: blocked }] = &told(ADAM)[..]
    else {
        panic!("{:?}", told(ADAM))
    };
    // Whoever acted shows as their organisation all through the record.
    assert_eq!(*additional, BTreeSet::from([ADAM, JACK]));
    assert_eq!(*blocked, JIM);
}

#[test]
fn q2_where_a_console_returns_to_is_told_to_its_own_organisation_alone() {
    let given = given().and(ADA, open(JOINTLY, 0xc01)).and(JACK, open(JOINTLY, 0xc02));
    let given = given
        .and(ADA, CloseConsole::new(SessionId::from_uuid(Uuid::from_u128(0xc01))))
        .and(JACK, CloseConsole::new(SessionId::from_uuid(Uuid::from_u128(0xc02))));
    let told = |who: Actor| -> Vec<bool> {
        let rows = audit(&given, who, JOINTLY);
        rows[rows.len() - 4..].iter().map(|row| named(std::slice::from_ref(row)).contains("secret")).collect()
    };
    assert_eq!(told(ADAM.into()), [true, false, true, false]);
    assert_eq!(told(JULIA.into()), [false, true, false, true]);
    assert_eq!(told(GINA.into()), [false; 4]);
    assert_eq!(told(STAFF), [false; 4]);
}

#[test]
fn t9_the_audit_of_ones_own_organisation_has_nothing_of_tenants_that_one_is_kept_off() {
    let given = given().and(ADA, assign(RITA, MSP, "admin")).and(ADA, assign(ADAM, JOINTLY, "no_access"));
    let after = seq(&given);
    let given = given
        .and(ADA, ConvertLink::new(FULLY_LINK, text("jointly")))
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])))
        .and(ADA, rename(MSP));
    assert_eq!(commands(&given, RITA, MSP, after), ["convert_link", "set_manager_grants", "edit_tenant"]);
    assert_eq!(commands(&given, ADAM, MSP, after), ["convert_link", "edit_tenant"]);
    assert!(!named(&audit(&given, ADAM, MSP)).contains(&JOINTLY.to_string()));
    assert!(named(&audit(&given, RITA, MSP)).contains(&JOINTLY.to_string()));
    // No page tells of more than there is.
    let read = given.engine.read().unwrap();
    let rows = audit(&given, ADAM, MSP);
    let before_last = rows[rows.len() - 2].seq;
    let page = |cursor, limit| {
        let paging = Paging { cursor, limit, ..Paging::default() };
        read.now().unwrap().ask(Audit { paging, ..Audit::new(ADAM.into(), MSP) }).unwrap()
    };
    let cursor = page(None, rows.len() - 2).next;
    let one = page(cursor.clone(), 1);
    assert_eq!(one.rows.last().map(|row| row.seq), Some(before_last));
    assert!(one.next.is_some());
    assert_eq!(page(cursor, 2).next, None);
}

#[test]
fn t9_after_the_end_whoever_could_see_a_link_goes_on_seeing_that_it_was() {
    let given = given().and(ADA, assign(ADAM, JOINTLY, "no_access"));
    let after = seq(&given);
    let given = delinked(given);
    let end = seq(&given);
    let given = given.and(STAFF, user(EVE, MSP, "eve", "super_admin")).and(JULIA, rename(JOINTLY));
    let told = ["request_delink", "accept_delink"];
    assert_eq!(commands(&given, ADA, MSP, after)[..2], told);
    assert!(commands(&given, ADA, MSP, end).iter().all(|command| command == "register_user"));
    assert!(!commands(&given, ADAM, MSP, after).contains(&told[0].to_owned()), "kept off while it lasted");
    assert!(!commands(&given, EVE, MSP, after).contains(&told[0].to_owned()), "was not there");
    assert!(!named(&audit(&given, ADAM, MSP)).contains(&JOINTLY.to_string()));
}

/// A customer of which `ADAM` saw something before he was kept off it, and that has left since.
fn seen_before_being_kept_off() -> Given {
    let saw = given().and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])));
    delinked(saw.and(ADA, assign(ADAM, JOINTLY, "no_access")))
}

#[test]
fn t9_the_end_of_a_link_tells_nobody_of_what_it_kept_from_them() {
    let given =
        given().and(ADA, assign(ADAM, JOINTLY, "no_access")).and(GINA, assign(GUS, JOINTLY, "no_access"));
    let after = seq(&given);
    let given = delinked(given).and(ADA, ask(MSP, "JOINTLY", "jointly"));
    // Not of the time before they were kept off either: the end gives nothing back.
    assert!(!named(&audit(&given, ADAM, MSP)).contains(&JOINTLY.to_string()));
    let saw = seen_before_being_kept_off();
    assert!(!named(&audit(&saw, ADAM, MSP)).contains(&JOINTLY.to_string()));
    assert!(named(&audit(&saw, ADA, MSP)).contains(&JOINTLY.to_string()));
    // Not in the audit, be it of the end or of what was asked for after it.
    let rows = |who: UserId| audit(&given, who, MSP).into_iter().filter(|row| row.seq > after).collect();
    let (told, kept_off): (Vec<AuditRow>, Vec<AuditRow>) = (rows(ADA), rows(ADAM));
    assert!(named(&told).contains(&JOINTLY.to_string()));
    assert!(!named(&kept_off).contains(&JOINTLY.to_string()), "{kept_off:?}");
    // Nor is it there for a command, or in a list.
    let left = CustomerFilter { stage: Some(Stage::Delinked), ..CustomerFilter::default() };
    let sent = LinkRequestFilter { sent: true, state: None };
    for (who, shown) in [(ADA, 1), (GINA, 1), (ADAM, 0), (GUS, 0)] {
        let asked = Customers { filter: left.clone(), ..Customers::new(who.into(), MSP) };
        assert_eq!(given.engine.ask(asked).unwrap().rows.len(), shown, "{who}");
        let asked = LinkRequests { filter: sent.clone(), ..LinkRequests::new(who.into(), MSP) };
        assert_eq!(given.engine.ask(asked).unwrap().rows.len(), shown, "{who}");
    }
    let given = given.when(ADAM, CancelDelink::new(JOINTLY_LINK)).then(refused(UnknownLink));
    let given = given.when(ADAM, CancelLinkRequest::new(ASKED)).then(refused(UnknownLinkRequest));
    // Who was kept off is told to the operator alone.
    let ends = |who: Actor| -> Vec<usize> {
        let of_end = |row: AuditRow| {
            row.events.into_iter().find_map(|event| match event {
                Event::LinkEnded { kept_off, .. } => Some(kept_off.len()),
                _ => None,
            })
        };
        audit(&given, who, JOINTLY).into_iter().filter_map(of_end).collect()
    };
    assert_eq!((ends(STAFF), ends(JULIA.into())), (vec![2], vec![0]));
    // A link that comes after, and shows them the tenant, is told again.
    let given = given.and(JULIA, AcceptLink::new(ASKED));
    assert!(named(&audit(&given, ADAM, MSP)).contains(&JOINTLY.to_string()));
}

#[test]
fn t9_what_others_tried_is_told_to_the_tenants_own_people_alone() {
    let given = given().under(|policy| policy.max_managers = 2);
    let given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"])
        .and(STAFF, user(EVE, SECOND, "eve", "read_only"));
    let after = seq(&given);
    let given = given
        .when(EVE, rename(JOINTLY))
        .then(refused(RoleLacksPermission))
        .when(RITA, rename(JOINTLY))
        .then(refused(RoleLacksPermission))
        .when(ROB, rename(JOINTLY))
        .then(refused(UnknownTenant));
    let tried = |who: Actor| -> Vec<AuditActor> {
        audit(&given, who, JOINTLY).into_iter().filter(|row| row.seq > after).map(|row| row.by).collect()
    };
    assert_eq!(tried(ADA.into()), [AuditActor::User(RITA)]);
    assert_eq!(tried(JULIA.into()).len(), 3);
    assert_eq!(tried(STAFF).len(), 3);
}

#[test]
fn t9_managers_side_by_side_do_not_read_of_each_other() {
    let given = given().under(|policy| policy.max_managers = 2);
    let given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"]);
    let after = seq(&given);
    let open = OpenConsole { service: text("enrollment"), ..open(JOINTLY, 0xc01) };
    let given = given
        .and(NINA, open)
        .and(NINA, AddServices::new(link_id(0xd01), set(&["asset-intelligence"])))
        .and(NINA, rename(JOINTLY))
        .and(ADA, rename(JOINTLY));
    let rows = |who: UserId| audit(&given, who, JOINTLY).into_iter().filter(|row| row.seq > after);
    assert_eq!(rows(JULIA).count(), 4);
    assert_eq!(rows(NINA).count(), 4);
    let told: Vec<AuditRow> = rows(ADA).collect();
    // What the other did to the customer itself is told, and that it was somebody.
    let by: Vec<_> = told.iter().map(|row| (row.command.as_deref(), row.by.clone())).collect();
    let edit = Some("edit_tenant");
    assert_eq!(by, [(edit, AuditActor::Stranger), (edit, AuditActor::User(ADA))]);
    assert!(!named(&audit(&given, ADA, JOINTLY)).contains(&SECOND.to_string()));
    assert!(named(&audit(&given, JULIA, JOINTLY)).contains(&SECOND.to_string()));
    // Nor by what their own command led to: a console of the other's ends with it.
    let disabled = given.when(ADA, DisableTenants::new(vec![JOINTLY]));
    let receipt = disabled.receipt().clone();
    let given = disabled.then(done());
    let told = |who: UserId| -> Vec<String> {
        given.engine.told(&who.into(), receipt.clone()).outcome.iter().map(event_name).collect()
    };
    assert_eq!(told(ADA), ["tenant_held", "tenant_disabled"]);
    assert_eq!(told(JULIA), ["tenant_held", "tenant_disabled", "session_ended"]);
}

#[test]
fn q2_what_a_reseller_calls_a_tenant_is_its_own() {
    let name = |reference: &str| EditResellerCustomer {
        reference: Some(text(reference)),
        ..EditResellerCustomer::new(RESELLER, ALONE)
    };
    let given = trade(MoveRule::AtOnce).and(ROB, name("bad payer"));
    assert!(named(&audit(&given, ROB, RESELLER)).contains("bad payer"));
    let row = audit(&given, CARL, ALONE).pop().unwrap();
    assert_eq!(
        (row.by.clone(), row.command.as_deref()),
        (AuditActor::Organisation(RESELLER), Some("edit_reseller_customer"))
    );
    assert!(!named(&[row]).contains("bad payer"));
}

#[test]
fn t9_a_refused_command_about_a_thing_that_is_not_there_stands_in_no_audit_of_those_who_see_half_of_it() {
    let given = given().under(|policy| policy.max_managers = 2);
    let mut given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"]);
    for (link, tried) in [(link_id(0xd01), 1), (link_id(0xdead), 0)] {
        let after = seq(&given);
        given = given.when(ADA, RequestDelink::new(link)).then(refused(UnknownLink));
        let rows = |who| audit(&given, who, JOINTLY).iter().filter(|row| row.seq > after).count();
        // Whoever is told of both sides reads that somebody tried.
        assert_eq!((rows(ADA), rows(JULIA)), (0, tried));
    }
}

#[test]
fn t9_what_others_tried_about_something_that_is_not_there_is_told_no_more_than_what_they_did() {
    let integration = IntegrationId::from_uuid(Uuid::from_u128(0x1c1));
    let new = || CreateIntegration::new(MSP, text("collector"), text("Collector"));
    let created = CreateIntegration { integration: Some(integration), ..new() };
    let given = given().and(ADA, created).and(ADA, assign(ADAM, JOINTLY, "no_access"));
    let share = || ShareIntegration::new(integration, JOINTLY);
    let told = |given: &Given, who: UserId| audit(given, who, MSP).into_iter().map(|row| row.seq).max();
    let before = (told(&given, ADAM), told(&given, ADA));
    let tried = given.when(RITA, share()).then(refused(RoleLacksPermission));
    assert_eq!(told(&tried, ADAM), before.0, "it names a customer that they are kept off");
    assert!(told(&tried, ADA) > before.1);
    // Nor is it told to whom it was not there for, once it is gone.
    let aside = super::given().and(STAFF, user(EVE, MSP, "eve", "no_access"));
    let aside =
        aside.and(ADA, Assign::new(vec![NewAssignment { below: Some(false), ..place(EVE, MSP, "admin") }]));
    let aside = aside.and(ADA, CreateIntegration { integration: Some(integration), ..new() });
    let seq = seq(&aside);
    let left = delinked(aside.when(RITA, share()).then(refused(RoleLacksPermission)));
    assert!(audit(&left, EVE, MSP).iter().all(|row| row.seq <= seq || row.by != AuditActor::User(RITA)));
    assert!(audit(&left, ADA, MSP).iter().any(|row| row.seq > seq && row.by == AuditActor::User(RITA)));
    let done = tried.and(ADA, share());
    assert_eq!(told(&done, ADAM), before.0);
}

#[test]
fn t9_the_end_of_a_term_gives_no_mail_back_to_whoever_was_kept_off_recorded_or_not() {
    let term = Some(tenantry::model::TermRequest::days(5));
    let added = AddCustomer { term, ..customer(MSP, "jointly") };
    let given = given().and(ADA, added).and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")));
    let given = given.and(OLGA, SetManagerGrants::new(NEW_LINK, set(&["users.manage"])));
    let given = given.and(ADA, assign(ADAM, NEW, "no_access"));
    let told = |given: &Given, who: UserId| {
        let notices = given.engine.notices("mailer", 1_000).unwrap().notices;
        // An invitation of the manager's own lapses meanwhile.
        let about = |kind: &NoticeKind| !matches!(kind, NoticeKind::InvitationExpired { invitation } if *invitation != OLGA_INVITATION);
        let theirs = notices.into_iter().filter(|it| about(&it.kind) && it.to.users.contains(&who));
        theirs.map(|notice| notice.kind.name()).collect::<Vec<_>>()
    };
    let before = told(&given, ADAM);
    assert!(told(&given, ADA).len() > before.len());
    let given = given.later(10);
    assert_eq!(told(&given, ADAM), before, "nothing has recorded the end");
    assert_eq!(told(&given.swept(), ADAM), before);
}

#[test]
fn t9_an_attempt_at_what_was_left_is_told_to_nobody_whom_it_was_not_there_for() {
    let given = delinked(given())
        .and(ADA, ask(MSP, "JOINTLY", "jointly"))
        .and(STAFF, user(EVE, MSP, "eve", "super_admin"));
    let after = seq(&given);
    let given = given.when(ADA, DeclineLink::new(ASKED)).then(refused(WrongActor));
    let rows = |who: Actor| audit(&given, who, MSP).iter().filter(|row| row.seq > after).count();
    assert_eq!((rows(EVE.into()), rows(STAFF)), (0, 1));
}

#[test]
fn t9_whoever_stood_further_up_remembers_nothing_of_what_was_left_below() {
    let after = seq(&given());
    let given = given()
        .when(RITA, AddResellerCustomer::new(JOINTLY, text("GRAND")))
        .then(refused(RoleLacksPermission));
    let rows = |given: &Given| {
        let rows = audit(given, GINA, GRAND).into_iter().filter(|row| row.seq > after).collect::<Vec<_>>();
        (rows.len(), named(&rows).contains(&JOINTLY.to_string()))
    };
    assert_eq!(rows(&given), (1, true));
    // `MSP` was a party to what it left, `GRAND` above it never was.
    assert_eq!(rows(&delinked(given)), (0, false));
}

#[test]
fn t9_what_another_manager_commanded_is_not_told_with_what_it_led_to() {
    let given = given().under(|policy| policy.max_managers = 2);
    let given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"])
        .and(NINA, DisableTenants::new(vec![JOINTLY]))
        .and(NINA, RequestDelink::new(link_id(0xd01)));
    let after = seq(&given);
    let given = given.and(JULIA, AcceptDelink::new(link_id(0xd01)));
    let told = |who| -> Vec<Option<String>> {
        audit(&given, who, JOINTLY).into_iter().filter(|row| row.seq > after).map(|row| row.command).collect()
    };
    // That the tenant came up again is the tenant's own, and shows.
    assert_eq!(told(ADA), [None]);
    assert_eq!(told(JULIA), [Some("accept_delink".to_owned())]);
    let filter = AuditFilter { command: Some("accept_delink".to_owned()), ..AuditFilter::default() };
    let read = given.engine.read().unwrap();
    assert_eq!(
        read.now().unwrap().ask(Audit { filter, ..Audit::new(ADA.into(), JOINTLY) }).unwrap().rows,
        []
    );
}

#[test]
fn t9_whoever_only_tries_something_is_a_stranger_to_the_tenant() {
    let given = given().when(NINA, rename(JOINTLY)).then(refused(UnknownTenant));
    let row = audit(&given, JULIA, JOINTLY).pop().unwrap();
    assert_eq!((&row.by, row.command.as_deref()), (&AuditActor::Stranger, Some("edit_tenant")));
    assert!(!named(&[row]).contains(&SECOND.to_string()));
    // The operator is told who it was.
    let row = audit(&given, STAFF, JOINTLY).pop().unwrap();
    assert_eq!(row.by, AuditActor::User(NINA));
}

#[test]
fn q2_whoever_sees_all_of_what_a_command_did_is_told_the_command() {
    let tool: IntegrationId = text("00000000-0000-0000-0000-0000000009b0");
    let create = CreateIntegration {
        integration: Some(tool),
        ..CreateIntegration::new(MSP, text("ticketing"), text("Tickets"))
    };
    let given = trade(MoveRule::Approval)
        .and(ADA, create)
        .and(ADA, ShareIntegration::new(tool, JOINTLY))
        .and(ADA, DeleteIntegration::new(tool))
        .and(ADA, customer(MSP, "jointly"))
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .and(JULIA, AcceptDelink::new(JOINTLY_LINK));
    let told = |tenant| audit(&given, STAFF, tenant);
    let rows: Vec<_> = [MSP, JOINTLY, GRAND, FULLY, ALONE, RESELLER].into_iter().flat_map(told).collect();
    assert!(rows.len() > 40);
    let first = |row: &&AuditRow| row.command.is_none();
    // The policy and its like name nobody; all else is there for something.
    assert_eq!(rows.iter().find(first), None);
}

#[test]
fn t9_a_command_is_not_told_with_what_only_followed_from_it_elsewhere() {
    // A request lapses with its manager's standing: that is told, and not what took it.
    let given = given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let after = seq(&given);
    let given = given.and(STAFF, DisableTenants::new(vec![SECOND]));
    let rows: Vec<_> = audit(&given, CARL, ALONE).into_iter().filter(|row| row.seq > after).collect();
    assert!(rows.iter().all(|row| row.command.is_none() && !row.events.is_empty()), "{rows:?}");
}

#[test]
fn t9_a_receipt_tells_its_actor_no_more_than_the_audit_does() {
    let told = |given: &Given, request: &Request| -> Vec<String> {
        let receipt = given.engine.submit(request.clone()).unwrap();
        let receipt = given.engine.told(&request.actor, receipt);
        receipt.outcome.iter().map(event_name).collect()
    };
    // `GUS` is kept off `JOINTLY`, and parts from `MSP` with all that is below it.
    let given = given()
        .and(GINA, assign(GUS, JOINTLY, "no_access"))
        .and(GINA, assign(GINA, JOINTLY, "read_only"))
        .and(ADA, RequestDelink::new(GRAND_LINK));
    let accept = given.request(GUS, AcceptDelink::new(GRAND_LINK));
    assert_eq!(told(&given, &accept), ["link_ended"]);
    let last = given.engine.records_after(0, 10_000).unwrap().pop().unwrap();
    assert_eq!(last.events.iter().map(event_name).collect::<Vec<_>>().len(), 3);
    // Asked again, it is the same; once he cannot act any more, nothing.
    assert_eq!(told(&given, &accept), ["link_ended"]);
    let given = given.and(GINA, BlockUser::new(GUS));
    assert!(told(&given, &accept).is_empty());
    // What one is answered with oneself is told for good, and operators are told everything.
    let given = super::given().and(ADA, disable(JOINTLY));
    let register = given.request(STAFF, RegisterTenant::new(TenantKind::Msp, text("Another")));
    assert_eq!(told(&given, &register), ["tenant_registered"]);
    // Whoever leaves is told so.
    let given = super::given().and(JACK, invite(JOINTLY, "admin"));
    let decline = given.request(EVE, DeclineInvitation::new(EVE_INVITATION, mail("eve")));
    assert_eq!(told(&given, &decline), ["invitation_declined"]);
}

#[test]
fn t9_what_became_of_a_tenant_does_not_tell_whose_hold_it_was() {
    // `GRAND` disables `MSP`, and with it goes what `MSP` proposed. It manages `MSP` no longer by the time of reading.
    let given = given()
        .and(ADA, AddServices::new(JOINTLY_LINK, set(&["enrollment"])))
        .and(GINA, disable(MSP))
        .and(GINA, RequestDelink::new(GRAND_LINK))
        .and(ADA, AcceptDelink::new(GRAND_LINK));
    let commands = |who: UserId, tenant| -> Vec<Option<String>> {
        let rows = given.engine.ask(Audit::new(who.into(), tenant)).unwrap().rows;
        let withdrawn = |row: &AuditRow| row.events.iter().any(|it| event_name(it) == "proposal_withdrawn");
        rows.into_iter().filter(withdrawn).map(|row| row.command).collect()
    };
    assert_eq!(commands(ADA, JOINTLY), [None], "something happened, and not what");
    assert_eq!(commands(ADA, MSP), [Some("disable_tenants".to_owned())], "in the audit of one's own");
}
