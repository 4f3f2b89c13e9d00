//! Console sessions: opened by right, closed by hand, ended with the right (S-1, S-2).

use tenantry::base::ids::{RoleId, SessionId};
use tenantry::event::Event;
use tenantry::model::{Actor, Session, TermRequest};
use tenantry::refusal::Code::*;

use super::stock::parted;
use super::*;

const CONSOLE: SessionId = SessionId::from_uuid(Uuid::from_u128(0x9c0));
const DESK: RoleId = RoleId::from_uuid(Uuid::from_u128(0x6b0));

fn open(tenant: TenantId, service: &str) -> OpenConsole {
    OpenConsole {
        session: Some(CONSOLE),
        ..OpenConsole::new(tenant, text(service), text("/customers?page=2"))
    }
}

fn is_open(given: &Given) -> bool {
    given.get::<Session>(CONSOLE.uuid()).closed.is_none()
}

#[test]
fn s1_a_console_is_opened_by_whoever_may_for_a_managed_service() {
    for (who, command, expected) in [
        (ADA, open(JOINTLY, "manage"), happened(&["session_opened"])),
        (ADAM, open(FULLY, "manage"), happened(&["session_opened"])),
        (GUS, open(FULLY, "manage"), happened(&["session_opened"])),
        (JACK, open(JOINTLY, "manage"), happened(&["session_opened"])),
        (JACK, open(JOINTLY, "enrollment"), happened(&["session_opened"])),
        (ADA, open(JOINTLY, "enrollment"), refused(ServiceNotManaged)),
        (RITA, open(JOINTLY, "enrollment"), refused(ServiceNotManaged)),
        (RITA, open(JOINTLY, "manage"), refused(RoleLacksPermission)),
        (ADA, open(JOINTLY, "typewriters"), refused(UnknownService)),
        (RITA, open(JOINTLY, "typewriters"), refused(RoleLacksPermission)),
        (FRED, open(FULLY, "manage"), refused(CustomerLocked)),
        (JIM, open(JOINTLY, "manage"), refused(RoleLacksPermission)),
        (NOEL, open(JOINTLY, "manage"), refused(UnknownTenant)),
        (NINA, open(JOINTLY, "manage"), refused(UnknownTenant)),
        (JULIA, open(MSP, "manage"), refused(UnknownTenant)),
        (ADA, open(NOWHERE, "manage"), refused(UnknownTenant)),
        (BOB, open(JOINTLY, "manage"), refused(UserNotActive)),
        (NOBODY, open(JOINTLY, "manage"), refused(UnknownUser)),
    ] {
        given().when(who, command).then(expected);
    }
    given().when(STAFF, open(JOINTLY, "manage")).then(refused(WrongActor));
    given().when(Actor::Clock, open(JOINTLY, "manage")).then(refused(WrongActor));
    given().and(ADA, open(JOINTLY, "manage")).when(ADA, open(FULLY, "manage")).then(refused(IdTaken));
    given().and(STAFF, disable(JOINTLY)).when(ADA, open(JOINTLY, "manage")).then(refused(TenantDisabled));
}

#[test]
fn s1_opening_answers_with_the_address_and_closing_with_the_place_to_return_to() {
    let given = given().under(|policy| {
        policy.consoles.insert(text("manage"), "https://manage.example/{number}?id={tenant}".to_owned());
    });
    let opened = given.engine.execute(ADA, open(JOINTLY, "manage")).unwrap().outcome;
    assert_eq!(opened.address, Some(format!("https://manage.example/JOINTLY?id={JOINTLY}")));
    assert_eq!((opened.session, opened.return_to.as_str()), (CONSOLE, "/customers?page=2"));
    let closed = given.engine.execute(ADA, CloseConsole::new(CONSOLE)).unwrap().outcome;
    assert_eq!(closed.as_str(), "/customers?page=2");
    let plain = OpenConsole { session: None, ..open(JOINTLY, "configure") };
    assert_eq!(
        given.engine.execute(ADA, plain).unwrap().outcome.address,
        None,
        "the policy names no address"
    );
    // Who, where, when, which service: in the journal.
    let records = given.engine.records_after(0, 1_000).unwrap();
    let record = records.iter().find(|record| record.command == "open_console").unwrap();
    assert_eq!((record.actor.clone(), record.at), (ADA.into(), dawn()));
    assert!(
        matches!(&record.events[..], [Event::SessionOpened { user: ADA, tenant: JOINTLY, service, .. }] if service.as_str() == "manage")
    );
}

#[test]
fn s1_a_console_is_closed_once_by_whoever_opened_it() {
    let opened = || given().and(ADA, open(JOINTLY, "manage"));
    for (who, expected) in [
        (Actor::from(ADA), happened(&["session_closed"])),
        (STAFF, happened(&["session_closed"])),
        (ADAM.into(), refused(UnknownSession)),
        (GINA.into(), refused(UnknownSession)),
        (JULIA.into(), refused(UnknownSession)),
        (NOBODY.into(), refused(UnknownUser)),
        (Actor::Clock, refused(WrongActor)),
    ] {
        opened().when(who, CloseConsole::new(CONSOLE)).then(expected);
    }
    opened()
        .and(ADA, CloseConsole::new(CONSOLE))
        .when(ADA, CloseConsole::new(CONSOLE))
        .then(refused(SessionClosed));
    given().when(ADA, CloseConsole::new(CONSOLE)).then(refused(UnknownSession));
    let ended = parted(opened(), JOINTLY_LINK);
    ended.when(ADA, CloseConsole::new(CONSOLE)).then(refused(SessionClosed));
}

type Act = fn(Given) -> Given;

/// Opens the console of a row.
type Opening = Box<dyn Fn(Given) -> Given>;

#[test]
fn s2_a_session_ends_in_the_record_that_takes_the_right_away() {
    let jointly: Act = |it| it.and(ADA, open(JOINTLY, "manage"));
    let by = |who: UserId| move |it: Given| it.and(who, open(JOINTLY, "manage"));
    let custom: Act = |it| {
        let desk = CreateRole {
            role: Some(DESK),
            ..CreateRole::new(MSP, text("Desk"), set(&["tenant.view", "console.open"]))
        };
        it.and(ADA, desk).and(ADA, assign(RITA, MSP, &DESK.to_string())).and(RITA, open(JOINTLY, "manage"))
    };
    let grantable: Act = |it| {
        it.under(|policy| policy.grantable.extend([text("console.open")]))
            .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["console.open"])))
            .and(ADA, open(JOINTLY, "manage"))
    };
    let term: Act = |it| {
        let term = Some(TermRequest::days(30));
        it.and(ADA, AddCustomer { term, ..customer(MSP, "fully") }).and(ADA, open(NEW, "manage"))
    };
    // `ALONE` comes under `SECOND`, and its people work there.
    let alone: Act = |it| it.and(CARL, open(ALONE, "manage")).and(NINA, ask(SECOND, "ALONE", "fully"));
    let no_consoles: Act = |it| {
        it.under(|policy| {
            for role in &mut policy.roles {
                if role.name.as_str() == "admin" {
                    role.permissions.remove("console.open");
                }
            }
        })
    };
    let rows: Vec<(&str, Opening, Act, bool)> = vec![
        ("the user is blocked", Box::new(by(ADAM)), |it| it.and(ADA, BlockUser::new(ADAM)), true),
        ("the user is removed", Box::new(by(ADAM)), |it| it.and(ADA, RemoveUser::new(ADAM)), true),
        (
            "the role is taken away",
            Box::new(by(ADAM)),
            |it| it.and(ADA, Unassign::new(vec![UserOnTenant { user: ADAM, tenant: MSP }])),
            true,
        ),
        ("a lesser role at home", Box::new(by(ADAM)), |it| it.and(ADA, assign(ADAM, MSP, "read_only")), true),
        (
            "a lesser role that is nearer",
            Box::new(by(ADAM)),
            |it| it.and(ADA, assign(ADAM, JOINTLY, "no_access")),
            true,
        ),
        (
            "the role is edited",
            Box::new(custom),
            |it| it.and(ADA, EditRole { permissions: Some(set(&["tenant.view"])), ..EditRole::new(DESK) }),
            true,
        ),
        ("the customer is disabled", Box::new(jointly), |it| it.and(STAFF, disable(JOINTLY)), true),
        (
            "the customer is disabled by its own",
            Box::new(by(JACK)),
            |it| it.and(JACK, disable(JOINTLY)),
            true,
        ),
        ("the manager is disabled", Box::new(jointly), |it| it.and(STAFF, disable(MSP)), true),
        ("the one above is disabled", Box::new(by(GUS)), |it| it.and(STAFF, disable(GRAND)), true),
        ("the link is delinked", Box::new(jointly), |it| parted(it, JOINTLY_LINK), true),
        ("the link above is delinked", Box::new(by(GUS)), |it| parted(it, GRAND_LINK), true),
        ("the link runs out", Box::new(term), |it| it.later(30).swept(), true),
        (
            "the customer is deleted",
            Box::new(|it: Given| it.and(ADA, open(FULLY, "manage"))),
            |it| it.and(ADA, delete(&[FULLY])),
            true,
        ),
        (
            "the manager is deleted",
            Box::new(|it: Given| {
                let it = it.under(|policy| policy.max_managers = 2);
                stock::linked(it, 0x5c0, SECOND, "JOINTLY", "jointly", &["enrollment"])
                    .and(NINA, open(JOINTLY, "enrollment"))
            }),
            |it| it.and(STAFF, DeleteTenants { cascade: true, ..delete(&[SECOND]) }),
            true,
        ),
        ("the policy takes consoles from the role", Box::new(by(ADAM)), no_consoles, true),
        (
            "the service is removed",
            Box::new(jointly),
            |it| it.and(staff_for("T-1"), RemoveService::new(JOINTLY_LINK, text("manage"))),
            true,
        ),
        (
            "the grant is taken back",
            Box::new(grantable),
            |it| it.and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&[]))),
            true,
        ),
        (
            "the customer is locked by a link",
            Box::new(alone),
            |it| it.and(CARL, AcceptLink::new(ASKED)),
            true,
        ),
        // And what does not touch the right leaves the session.
        ("another user is blocked", Box::new(jointly), |it| it.and(ADA, BlockUser::new(ADAM)), false),
        (
            "another role at another tenant",
            Box::new(by(ADAM)),
            |it| it.and(ADA, assign(ADAM, FULLY, "no_access")),
            false,
        ),
        ("a greater role", Box::new(by(ADAM)), |it| it.and(ADA, assign(ADAM, JOINTLY, "super_admin")), false),
        ("another customer is disabled", Box::new(jointly), |it| it.and(STAFF, disable(FULLY)), false),
        (
            "the one above the manager is disabled",
            Box::new(jointly),
            |it| it.and(STAFF, disable(GRAND)),
            false,
        ),
        ("the one between is disabled", Box::new(by(GUS)), |it| it.and(STAFF, disable(MSP)), false),
        (
            "the link above is delinked, for the manager",
            Box::new(jointly),
            |it| parted(it, GRAND_LINK),
            false,
        ),
        (
            "the delink is only asked for",
            Box::new(jointly),
            |it| it.and(ADA, RequestDelink::new(JOINTLY_LINK)),
            false,
        ),
        (
            "the customer's own go on after the delink",
            Box::new(by(JACK)),
            |it| parted(it, JOINTLY_LINK),
            false,
        ),
        (
            "another service is removed",
            Box::new(jointly),
            |it| it.and(staff_for("T-1"), RemoveService::new(JOINTLY_LINK, text("configure"))),
            false,
        ),
        (
            "the role is edited and keeps the right",
            Box::new(custom),
            |it| it.and(ADA, EditRole { name: Some(text("Help")), ..EditRole::new(DESK) }),
            false,
        ),
        ("the policy leaves the role alone", Box::new(jointly), no_consoles, false),
        (
            "the link is converted",
            Box::new(|it: Given| it.and(ADA, open(FULLY, "manage"))),
            |it| it.and(ADA, ConvertLink::new(FULLY_LINK, text("jointly"))),
            false,
        ),
        (
            "the grant stays",
            Box::new(grantable),
            |it| it.and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["console.open", "users.manage"]))),
            false,
        ),
        (
            "the customer is linked jointly",
            Box::new(|it: Given| {
                it.and(CARL, open(ALONE, "manage")).and(NINA, ask(SECOND, "ALONE", "jointly"))
            }),
            |it| it.and(CARL, AcceptLink::new(ASKED)),
            false,
        ),
        ("the link does not run out yet", Box::new(term), |it| it.later(29).swept(), false),
        ("a name changes", Box::new(jointly), |it| it.and(ADA, rename(JOINTLY)), false),
    ];
    for (what, before, then, ends) in rows {
        let given = then(before(given()));
        assert_eq!(is_open(&given), !ends, "{what}");
        let records = given.engine.records_after(0, 1_000).unwrap();
        let ending = records
            .iter()
            .filter(|record| record.events.iter().any(|event| matches!(event, Event::SessionEnded { .. })));
        let lengths: Vec<usize> = ending.map(|record| record.events.len()).collect();
        assert!(lengths.iter().all(|&events| events > 1), "{what}: it ends in the record of its cause");
        assert_eq!(lengths.len(), usize::from(ends), "{what}");
        given.verified();
    }
}

#[test]
fn s2_many_sessions_end_at_once_and_closed_ones_are_left_alone() {
    let session = |number: u128| Some(SessionId::from_uuid(Uuid::from_u128(0x9d0 + number)));
    let given = given()
        .and(ADA, OpenConsole { session: session(0), ..open(JOINTLY, "manage") })
        .and(ADA, OpenConsole { session: session(1), ..open(JOINTLY, "configure") })
        .and(GUS, OpenConsole { session: session(2), ..open(JOINTLY, "manage") })
        .and(ADAM, OpenConsole { session: session(3), ..open(FULLY, "manage") })
        .and(JACK, OpenConsole { session: session(4), ..open(JOINTLY, "manage") })
        .and(ADA, OpenConsole { session: session(5), ..open(JOINTLY, "manage") })
        .and(ADA, CloseConsole::new(session(5).unwrap()))
        .and(ADA, RequestDelink::new(JOINTLY_LINK));
    let when = given.when(JULIA, AcceptDelink::new(JOINTLY_LINK));
    let ended = when.events().iter().filter_map(|event| match event {
        Event::SessionEnded { session } => Some(*session),
        _ => None,
    });
    assert_eq!(ended.collect::<Vec<_>>(), [session(0).unwrap(), session(1).unwrap(), session(2).unwrap()]);
    when.then(done()).verified();
}
