//! What ends with a link, one thing at a time and all together in one record (D-6).

use std::collections::BTreeSet;

use tenantry::base::ids::{IntegrationId, LicenceId, RoleId, SessionId};
use tenantry::engine::Of;
use tenantry::event::Event;
use tenantry::model::{
    AlertRule, Assignment, Attachment, Audience, Handshake, HandshakeState, Integration, Licence, Link, Move,
    Role, Session, Stage, Tenant, TermRequest,
};
use tenantry::policy::MoveRule;
use tenantry::refusal::Code::*;

use super::stock::*;
use super::*;

const TOOL: IntegrationId = IntegrationId::from_uuid(Uuid::from_u128(0x9b0));
const OWN_TOOL: IntegrationId = IntegrationId::from_uuid(Uuid::from_u128(0x9b1));
const LICENCE: LicenceId = LicenceId::from_uuid(Uuid::from_u128(0x9a0));
const DESK: RoleId = RoleId::from_uuid(Uuid::from_u128(0x6b0));

type Act = fn(Given) -> Given;

fn session(number: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(0x9d0 + number))
}

fn console(number: u128, tenant: TenantId) -> OpenConsole {
    OpenConsole { session: Some(session(number)), ..OpenConsole::new(tenant, text("manage"), text("/back")) }
}

fn rule(tenant: TenantId, category: &str, additional: &[UserId]) -> SetAlertRule {
    SetAlertRule {
        additional: additional.iter().copied().collect(),
        ..SetAlertRule::new(tenant, text(category), Audience::GroupManagers)
    }
}

const ASSIGNED: Act = |it| {
    it.and(ADA, assign(RITA, JOINTLY, "admin"))
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])))
};
const SHARED: Act = |it| {
    let create = |id, owner| CreateIntegration {
        integration: Some(id),
        ..CreateIntegration::new(owner, text("ticketing"), text("Tickets"))
    };
    it.and(ADA, create(TOOL, MSP))
        .and(JACK, create(OWN_TOOL, JOINTLY))
        .and(ADA, ShareIntegration::new(TOOL, JOINTLY))
};
const ALERTED: Act =
    |it| it.and(ADA, rule(JOINTLY, "battery", &[ADAM, GUS, JIM])).and(JACK, rule(JOINTLY, "network", &[JIM]));
const WATCHED: Act = |it| {
    it.and(ADA, console(0, JOINTLY))
        .and(GUS, console(1, JOINTLY))
        .and(JACK, console(2, JOINTLY))
        .and(ADAM, console(3, FULLY))
};
const MOVING: Act = |it| it.and(ROB, upload(1, MSP, &["SN-1", "SN-2"])).and(ADA, hand(JOINTLY, &["SN-1"]));
const HELD: Act = |it| {
    it.under(|policy| policy.management_types[1].moves = MoveRule::AtOnce)
        .agreed(JOINTLY_LINK)
        .and(ROB, upload(2, JOINTLY, &["SN-3"]))
        .and(ROB, upload(3, MSP, &["SN-4", "SN-5"]))
        .and(ADA, MoveDevices::new(MSP, JOINTLY, set(&["SN-4"])))
        .under(|policy| policy.management_types[1].moves = MoveRule::Approval)
        .agreed(JOINTLY_LINK)
};
const LICENSED: Act = |it| {
    let buy = BuyLicence { licence: Some(LICENCE), ..BuyLicence::new(MSP, JOINTLY, text("manage"), 3) };
    it.and(ADA, buy).and(ADA, AssignSeats::new(LICENCE, set(&["SN-3"])))
};
const ROLED: Act = |it| {
    it.and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["roles.manage"])))
        .and(
            ADA,
            CreateRole { role: Some(DESK), ..CreateRole::new(JOINTLY, text("Desk"), set(&["devices.view"])) },
        )
        .and(JULIA, assign(JIM, JOINTLY, &DESK.to_string()))
};

fn asked(acts: &[Act]) -> Given {
    acts.iter()
        .fold(trade(MoveRule::Approval), |given, act| act(given))
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
}

#[test]
fn d6_each_effect_happens_in_the_record_of_the_delink() {
    let rows: [(&[Act], Expected); 9] = [
        (&[], happened(&["link_ended"])),
        (&[ASSIGNED], happened(&["link_ended", "assignment_ended"])),
        (&[MOVING], happened(&["link_ended", "move_canceled"])),
        (&[SHARED], happened(&["link_ended", "integration_detached"])),
        (&[ALERTED], happened(&["link_ended", "alert_rule_set"])),
        (&[WATCHED], happened(&["link_ended", "session_ended", "session_ended"])),
        (&[HELD], happened(&["link_ended"])),
        (&[HELD, LICENSED], happened(&["link_ended"])),
        (&[ROLED], happened(&["link_ended"])),
    ];
    for (acts, expected) in rows {
        asked(acts).when(JULIA, AcceptDelink::new(JOINTLY_LINK)).then(expected).verified();
    }
}

#[test]
fn d6_all_effects_happen_in_one_record() {
    let given = asked(&[ASSIGNED, ROLED, HELD, LICENSED, MOVING, SHARED, ALERTED, WATCHED]);
    let before = given.engine.token().unwrap().seq;
    let when = given.when(JULIA, AcceptDelink::new(JOINTLY_LINK));
    assert_eq!(when.receipt().seq(), before + 1);
    let given = when.then(happened(&[
        "link_ended",
        "move_canceled",
        "assignment_ended",
        "integration_detached",
        "alert_rule_set",
        "session_ended",
        "session_ended",
    ]));
    assert_eq!(given.engine.records_after(before, 10).unwrap().len(), 1, "and nothing follows in another");
    let read = given.engine.read().unwrap();
    let now = read.now().unwrap();
    // The manager's people lose every right; the customer's have them.
    for permission in &given.policy().permissions {
        for who in [ADA, ADAM, RITA, NOEL, GINA, GUS] {
            let found = given.verdict(who, permission.as_str(), JOINTLY, None);
            assert_eq!(found.reason, Some(NotLinked), "{permission}");
        }
        assert!(
            given.verdict(JULIA, permission.as_str(), JOINTLY, None).allowed,
            "the super admin has {permission}"
        );
    }
    assert!(given.verdict(JACK, "devices.manage", JOINTLY, None).allowed, "the sub-admin keeps the role");
    assert!(given.verdict(JIM, "devices.view", JOINTLY, None).allowed, "the role that the MSP created stays");
    assert_eq!(given.get::<Role>(DESK.uuid()).created_by, Some(MSP));
    // Assignments and grants.
    let left: Vec<UserId> = now
        .host()
        .list::<Assignment>(&Of::Tenant(JOINTLY))
        .unwrap()
        .iter()
        .map(|assignment| assignment.user)
        .collect();
    assert_eq!(left.iter().copied().collect::<BTreeSet<_>>(), [JULIA, JACK, JIM].into());
    let link = given.get::<Link>(JOINTLY_LINK.uuid());
    assert_eq!((link.stage, link.grants.len()), (Stage::Delinked, 0));
    // Integrations: the shared one is detached and stays with its owner, the customer's own stays.
    assert!(given.find::<Attachment>(Attachment::key(TOOL, JOINTLY)).is_none());
    assert_eq!(given.get::<Integration>(TOOL.uuid()).owner, MSP);
    assert_eq!(given.get::<Integration>(OWN_TOOL.uuid()).owner, JOINTLY);
    // Alerts: the customer's own recipients stay.
    assert_eq!(given.get::<AlertRule>(AlertRule::key(JOINTLY, &text("battery"))).additional, [JIM].into());
    assert_eq!(given.get::<AlertRule>(AlertRule::key(JOINTLY, &text("network"))).additional, [JIM].into());
    // Moves in flight are canceled, and the pool stays with the MSP; what the customer holds stays.
    let Handshake { state, .. } = given.get::<Move>(MOVE.uuid()).handshake;
    assert_eq!(state, HandshakeState::Canceled);
    for (id, holds) in [("SN-1", MSP), ("SN-2", MSP), ("SN-3", JOINTLY), ("SN-4", JOINTLY), ("SN-5", MSP)] {
        let device = device(&given, id).unwrap();
        assert_eq!((device.holder, device.moving), (holds, None), "{id}");
    }
    assert_eq!(
        (given.get::<Tenant>(MSP.uuid()).devices, given.get::<Tenant>(JOINTLY.uuid()).devices),
        (3, 2)
    );
    // Attribution.
    assert_eq!(rows(&given), ["Jointly|JOINTLY|2|2|active", "Msp|MSP|2|3|active"]);
    // Licences.
    let licence = given.get::<Licence>(LICENCE.uuid());
    assert_eq!((licence.buyer, licence.tenant, licence.used), (MSP, JOINTLY, 1));
    // Sessions: those of the manager's side, and no others.
    for (number, open) in [(0, false), (1, false), (2, true), (3, true)] {
        assert_eq!(given.get::<Session>(session(number).uuid()).closed.is_none(), open, "{number}");
    }
    given.verified();
    drop(now);
    drop(read);
    let seats = |devices: &[&str]| AssignSeats::new(LICENCE, set(devices));
    given
        .when(JACK, seats(&["SN-4"]))
        .then(done())
        .when(ADA, seats(&["SN-4"]))
        .then(refused(UnknownLicence))
        .verified();
}

#[test]
fn d6_expiry_and_deletion_of_the_manager_have_the_same_effects() {
    let effects = [
        "link_ended",
        "move_canceled",
        "assignment_ended",
        "integration_detached",
        "alert_rule_set",
        "session_ended",
    ];
    let build = |given: Given, manager: UserId, msp: TenantId| {
        let create = CreateIntegration {
            integration: Some(TOOL),
            ..CreateIntegration::new(msp, text("ticketing"), text("Tickets"))
        };
        let handed = MoveDevices { id: Some(MOVE), ..MoveDevices::new(msp, NEW, set(&["SN-1"])) };
        given
            .and(OLGA, AcceptInvitation::new(OLGA_INVITATION, mail("olga")))
            .and(ROB, upload(1, msp, &["SN-1"]))
            .and(manager, handed)
            .and(manager, assign(manager, NEW, "admin"))
            .and(manager, create)
            .and(manager, ShareIntegration::new(TOOL, NEW))
            .and(manager, rule(NEW, "battery", &[manager]))
            .and(manager, console(0, NEW))
    };
    // By time.
    let term = Some(TermRequest::days(20));
    let given =
        build(trade(MoveRule::Approval).and(ADA, AddCustomer { term, ..customer(MSP, "jointly") }), ADA, MSP);
    let before = given.later(20);
    let head = before.engine.token().unwrap().seq;
    let given = before.swept();
    let records = given.engine.records_after(head, 100).unwrap();
    let last = records.last().unwrap();
    assert_eq!(last.events.iter().map(event_name).collect::<Vec<_>>(), effects);
    assert_eq!(last.command, "sweep");
    given.verified();
    // By the manager's deletion, where the customer has another one.
    let given = trade(MoveRule::Approval)
        .under(|policy| policy.max_managers = 2)
        .and(NINA, customer(SECOND, "jointly"));
    let given = build(given, NINA, SECOND);
    let number = given.get::<Tenant>(NEW.uuid()).number.to_string();
    let given = linked(given, 0x5c0, MSP, &number, "jointly", &["configure"]);
    let when = given.when(STAFF, DeleteTenants { cascade: true, ..delete(&[SECOND]) });
    let names: BTreeSet<String> = when.events().iter().map(event_name).collect();
    for effect in effects {
        assert!(names.contains(effect), "{effect}");
    }
    let given = when.then(done());
    assert_eq!(rows(&given), [] as [&str; 0], "the pool is gone with the MSP");
    given.verified();
}

#[test]
fn d6_what_lies_below_a_multi_client_goes_with_the_link_above_it() {
    let given = trade(MoveRule::Approval)
        .and(
            GINA,
            Assign::new(vec![
                place(GUS, JOINTLY, "admin"),
                place(GUS, FULLY, "admin"),
                place(GUS, MSP, "admin"),
            ]),
        )
        .and(
            GINA,
            CreateIntegration {
                integration: Some(TOOL),
                ..CreateIntegration::new(GRAND, text("ticketing"), text("Tickets"))
            },
        )
        .and(GINA, ShareIntegration::new(TOOL, JOINTLY))
        .and(GINA, ShareIntegration::new(TOOL, FULLY))
        .and(GINA, rule(JOINTLY, "battery", &[GUS, ADAM]))
        .and(GUS, console(0, JOINTLY))
        .and(GUS, console(1, FULLY))
        .and(ADA, console(2, JOINTLY))
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2"]))
        .and(ADA, hand(JOINTLY, &["SN-1"]));
    let given = given.and(GINA, RequestDelink::new(GRAND_LINK));
    let when = given.when(ADA, AcceptDelink::new(GRAND_LINK));
    let mut names: Vec<String> = when.events().iter().map(event_name).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "alert_rule_set",
            "assignment_ended",
            "assignment_ended",
            "assignment_ended",
            "integration_detached",
            "integration_detached",
            "link_ended",
            "session_ended",
            "session_ended",
        ]
    );
    let ended: BTreeSet<SessionId> = when
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::SessionEnded { session } => Some(*session),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [session(0), session(1)].into());
    let given = when.then(done());
    // What rests on the link between the MSP and its customers stays.
    assert_eq!(given.get::<Move>(MOVE.uuid()).handshake.state, HandshakeState::Pending);
    assert_eq!(given.get::<AlertRule>(AlertRule::key(JOINTLY, &text("battery"))).additional, [ADAM].into());
    let given =
        given.then_may(ADA, "devices.manage", JOINTLY).then_denied(GUS, "tenant.view", FULLY, NotLinked);
    assert_eq!(rows(&given), ["Msp|MSP|1|2|active"]);
    given.verified();
}

#[test]
fn d7_a_later_link_brings_none_of_it_back() {
    let given =
        asked(&[ASSIGNED, SHARED, ALERTED, WATCHED, MOVING]).and(JULIA, AcceptDelink::new(JOINTLY_LINK));
    let given = linked(given, 0x5c0, MSP, "JOINTLY", "jointly", &["manage"]);
    assert!(given.find::<Attachment>(Attachment::key(TOOL, JOINTLY)).is_none());
    assert_eq!(given.get::<AlertRule>(AlertRule::key(JOINTLY, &text("battery"))).additional, [JIM].into());
    assert!(given.get::<Session>(session(0).uuid()).closed.is_some());
    assert!(given.find::<Assignment>(Assignment::key(RITA, JOINTLY).uuid()).is_none());
    let given =
        given.then_denied(ADA, "roles.manage", JOINTLY, NotGranted).then_may(ADA, "devices.manage", JOINTLY);
    given
        .when(JULIA, ApproveMove::new(MOVE))
        .then(refused(MoveNotPending))
        .when(JULIA, DeclineMove::new(MOVE))
        .then(refused(MoveNotPending))
        .verified();
}
