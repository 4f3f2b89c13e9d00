//! What is told of one tenant, and what is one's own: settings, managers, requests, roles, people,
//! devices, licences, consoles; places and what awaits an answer.

use std::collections::BTreeSet;

use tenantry::base::ids::{LicenceId, RoleId, SessionId};
use tenantry::base::text::DeviceId;
use tenantry::engine::Error;
use tenantry::model::{Actor, HandshakeState, Patch, ProposalContent, RoleRef, Subject};
use tenantry::policy::MoveRule;
use tenantry::refusal::Code::{self, *};

use super::stock::*;
use super::*;

fn ask<Q: Ask>(given: &Given, query: Q) -> Q::Answer {
    given.engine.ask(query).unwrap()
}

fn code<Q: Ask>(given: &Given, query: Q) -> Code
where
    Q::Answer: std::fmt::Debug,
{
    match given.engine.ask(query) {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("was to be refused: {other:?}"),
    }
}

/// Two managers side by side of `JOINTLY`, of which `SECOND` does not manage much.
fn side_by_side() -> Given {
    let given = given().under(|policy| policy.max_managers = 2);
    linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"])
}

#[test]
fn q4_a_tenants_settings_tell_its_number_to_whoever_may_view_it() {
    let given = given();
    for who in [JULIA, JIM, ADA, GINA] {
        let settings = ask(&given, Settings::new(who.into(), JOINTLY));
        assert_eq!((settings.number.as_str(), settings.name.as_str()), ("JOINTLY", "Jointly"));
    }
    assert_eq!(code(&given, Settings::new(NINA.into(), JOINTLY)), UnknownTenant);
    assert_eq!(code(&given, Settings::new(JULIA.into(), MSP)), UnknownTenant);
    assert_eq!(code(&given, Settings::new(NOEL.into(), MSP)), RoleLacksPermission);
    assert_eq!(ask(&given, Settings::new(STAFF, MSP)).number.as_str(), "MSP");
}

#[test]
fn q4_whoever_views_a_tenant_is_told_of_the_managers_that_are_there_for_them() {
    let given = side_by_side();
    let told = |who: Actor| -> Vec<(String, String)> {
        let page = ask(&given, Managers::new(who, JOINTLY));
        page.rows.into_iter().map(|row| (row.manager.name.to_string(), row.status)).collect()
    };
    let (msp, second) = (("Msp".to_owned(), "Active".to_owned()), ("Second".to_owned(), "Active".to_owned()));
    assert_eq!(told(JULIA.into()), [msp.clone(), second.clone()]);
    assert_eq!(told(STAFF), [msp.clone(), second.clone()]);
    assert_eq!(told(ADA.into()), [msp], "of whoever manages beside them, managers read nothing");
    assert_eq!(told(NINA.into()), [second]);
    let given = given.and(NINA, RequestDelink::new(link_id(0xd01)));
    let row = ask(&given, Managers::new(JULIA.into(), JOINTLY)).rows.pop().unwrap();
    assert_eq!(row.status, "Delink request by MSP");
}

#[test]
fn q4_both_sides_read_a_link_request_and_nobody_else() {
    let given = given().and(ADA, ask_alone());
    let rows = |given: &Given, who: UserId, tenant, sent| {
        let filter = LinkRequestFilter { sent, state: None };
        ask(given, LinkRequests { filter, ..LinkRequests::new(who.into(), tenant) }).rows
    };
    let sent = rows(&given, ADA, MSP, true);
    assert_eq!(
        (sent[0].request, sent[0].number.as_str(), sent[0].state),
        (ASKED, "ALONE", HandshakeState::Pending)
    );
    let received = rows(&given, CARL, ALONE, false);
    assert_eq!(received[0].other.as_ref().map(|other| other.name.as_str()), Some("Msp"));
    assert_eq!(code(&given, LinkRequests::new(CORA.into(), ALONE)), RoleLacksPermission);
    assert_eq!(code(&given, LinkRequests::new(ADA.into(), ALONE)), UnknownTenant);
    // Once it is answered, each is told the number that they had to do with.
    let given = given.and(CARL, DeclineLink::new(ASKED));
    for row in [&rows(&given, ADA, MSP, true)[0], &rows(&given, CARL, ALONE, false)[0]] {
        assert_eq!((row.state, &row.other), (HandshakeState::Declined, &None));
    }
    let pending = LinkRequestFilter { sent: true, state: Some(HandshakeState::Pending) };
    assert_eq!(ask(&given, LinkRequests { filter: pending, ..LinkRequests::new(ADA.into(), MSP) }).rows, []);
}

fn ask_alone() -> RequestLink {
    super::ask(MSP, "ALONE", "jointly")
}

#[test]
fn q4_whoever_is_kept_off_what_came_to_be_managed_is_told_of_no_request_for_it() {
    let given = given()
        .and(ADA, ask_alone())
        .and(CARL, AcceptLink::new(ASKED))
        .and(ADA, assign(ADAM, ALONE, "no_access"));
    let sent = |given: &Given, who: UserId| {
        let filter = LinkRequestFilter { sent: true, state: None };
        ask(given, LinkRequests { filter, ..LinkRequests::new(who.into(), MSP) }).rows.len()
    };
    assert_eq!((sent(&given, ADA), sent(&given, ADAM)), (1, 0));
    let given = given.and(ADA, assign(ADAM, MSP, "no_access"));
    let given =
        given.and(ADA, Assign::new(vec![NewAssignment { below: Some(false), ..place(ADAM, MSP, "admin") }]));
    let given = given.and(ADA, RequestDelink::new(ASKED_LINK)).and(CARL, AcceptDelink::new(ASKED_LINK));
    assert_eq!((sent(&given, ADA), sent(&given, ADAM)), (1, 0), "nor after it ended");
}

#[test]
fn q4_what_a_manager_asked_is_told_to_nobody_further_up_who_does_not_see_it() {
    let asks = RoleId::from_uuid(Uuid::from_u128(0x0a5c));
    let role = CreateRole { role: Some(asks), ..CreateRole::new(MSP, text("Asks"), set(&["customers.add"])) };
    let given = given()
        .and(staff_for("T-1"), ChangeTenantKind::new(JOINTLY, TenantKind::Msp))
        .and(JULIA, super::ask(JOINTLY, "ALONE", "jointly"))
        .and(ADA, role)
        .and(
            ADA,
            Assign::new(vec![NewAssignment { role: RoleRef::Custom(asks), ..place(ADAM, JOINTLY, "admin") }]),
        );
    let sent = |who: UserId| {
        let filter = LinkRequestFilter { sent: true, state: None };
        ask(&given, LinkRequests { filter, ..LinkRequests::new(who.into(), JOINTLY) }).rows.len()
    };
    assert_eq!((sent(JULIA), sent(ADA), sent(ADAM)), (1, 1, 0));
}

#[test]
fn q4_roles_are_those_of_the_policy_and_the_tenants_own() {
    let given = given();
    let given = given.and(JULIA, CreateRole::new(JOINTLY, text("Night shift"), set(&["devices.view"])));
    let rows = ask(&given, Roles::new(JIM.into(), JOINTLY)).rows;
    assert_eq!(rows.len(), given.policy().roles.len() + 1);
    let own = rows.last().unwrap();
    assert!(matches!(own.role, RoleRef::Custom(_)));
    assert_eq!(own.name.as_ref().map(|name| name.as_str()), Some("Night shift"));
    assert_eq!(own.permissions, set(&["devices.view"]));
    assert_eq!(code(&given, Roles::new(NINA.into(), JOINTLY)), UnknownTenant);
}

#[test]
fn q4_assignments_name_people_to_those_who_may_see_them_and_else_their_organisation() {
    let given =
        side_by_side().and(ADA, assign(RITA, JOINTLY, "admin")).and(NINA, assign(NINA, JOINTLY, "read_only"));
    type Row = (TenantId, Option<UserId>, bool);
    let told = |who: Actor| -> Vec<Row> {
        let rows = ask(&given, Assignments::new(who, JOINTLY)).rows;
        let mut told: Vec<Row> =
            rows.into_iter().map(|row| (row.home, row.user, row.email.is_some())).collect();
        // They come by role, which is not what this is about.
        told.sort_by_key(|(home, user, _)| (*home == JOINTLY, *home, *user));
        told
    };
    let own = [(JOINTLY, Some(JULIA), true), (JOINTLY, Some(JACK), true), (JOINTLY, Some(JIM), true)];
    let with = |others: &[Row]| [others, &own[..]].concat();
    assert_eq!(told(JULIA.into()), with(&[(MSP, None, false), (SECOND, None, false)]));
    assert_eq!(told(ADA.into()), with(&[(MSP, Some(RITA), true)]), "a manager beside is not there");
    assert_eq!(told(NINA.into()), with(&[(SECOND, Some(NINA), true)]));
    assert_eq!(told(STAFF), with(&[(MSP, Some(RITA), true), (SECOND, Some(NINA), true)]));
    assert_eq!(code(&given, Assignments::new(CARL.into(), JOINTLY)), UnknownTenant);
}

#[test]
fn q4_invitations_are_listed_with_what_became_of_them() {
    let given = given().and(ADA, RevokeInvitation::new(IVY_INVITATION));
    let rows = |state| {
        let filter = InvitationFilter { state };
        ask(&given, Invitations { filter, ..Invitations::new(RITA.into(), MSP) }).rows
    };
    let all: BTreeSet<_> = rows(None).into_iter().map(|row| (row.user, row.state, row.sign_up)).collect();
    let became = [(ADA, HandshakeState::Accepted, true), (IVY, HandshakeState::Revoked, false)];
    assert_eq!(all, BTreeSet::from(became));
    assert_eq!(rows(Some(HandshakeState::Pending)), []);
    assert_eq!(code(&given, Invitations::new(JULIA.into(), MSP)), UnknownTenant);
}

#[test]
fn q4_devices_are_listed_by_their_holder_and_found_by_their_id() {
    let given = trade(MoveRule::Approval)
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2", "SN-3"]))
        .and(ADA, hand(JOINTLY, &["SN-2"]));
    let mut found = Vec::new();
    let mut list = Devices::new(RITA.into(), MSP);
    list.paging.limit = 2;
    loop {
        let page = ask(&given, list.clone());
        found.extend(page.rows);
        match page.next {
            Some(next) => list.paging.cursor = Some(next),
            None => break,
        }
    }
    let told: Vec<_> = found.iter().map(|row| (row.device.as_str(), row.moving.is_some())).collect();
    assert_eq!(told, [("SN-1", false), ("SN-2", true), ("SN-3", false)]);
    let one = |who: UserId, id: &str| ask(&given, FindDevice::new(who.into(), text::<DeviceId>(id)));
    assert_eq!(one(RITA, "SN-2").as_ref(), Some(&found[1]));
    assert_eq!((one(JULIA, "SN-2"), one(RITA, "SN-9")), (None, None));
    // Filtered by how an id begins, and by seats.
    let licence = LicenceId::from_uuid(Uuid::from_u128(0x9a0));
    let buy = BuyLicence { licence: Some(licence), ..BuyLicence::new(MSP, MSP, text("manage"), 5) };
    let given = given.and(ROB, upload(2, MSP, &["TN-1", "sn-4"])).and(ADA, buy);
    let given = given.and(ADA, AssignSeats::new(licence, set(&["SN-3", "TN-1"])));
    let ids = |filter: DeviceFilter| -> Vec<String> {
        let mut list = Devices { filter, ..Devices::new(RITA.into(), MSP) };
        list.paging.limit = 2;
        let mut ids = Vec::new();
        loop {
            let page = ask(&given, list.clone());
            ids.extend(page.rows.iter().map(|row| row.device.to_string()));
            match page.next {
                Some(next) => list.paging.cursor = Some(next),
                None => return ids,
            }
        }
    };
    let every = DeviceFilter::default;
    let begins = |text: &str| DeviceFilter { text: Some(text.to_owned()), ..every() };
    assert_eq!(ids(begins("SN-")), ["SN-1", "SN-2", "SN-3"]);
    assert_eq!((ids(begins(" T")), ids(begins("N-"))), (vec!["TN-1".to_owned()], vec![]));
    let of = |licence| DeviceFilter { licence: Some(licence), ..begins("") };
    assert_eq!(ids(of(licence)), ["SN-3", "TN-1"]);
    assert_eq!(ids(DeviceFilter { licence: Some(licence), ..begins("SN") }), ["SN-3"]);
    assert_eq!(ids(of(LicenceId::from_uuid(Uuid::from_u128(0x9a1)))), Vec::<String>::new());
    assert_eq!(ids(DeviceFilter { seated: Some(true), ..every() }), ["SN-3", "TN-1"]);
    assert_eq!(ids(DeviceFilter { seated: Some(false), ..every() }), ["SN-1", "SN-2", "sn-4"]);
    assert_eq!(code(&given, Devices::new(JULIA.into(), MSP)), UnknownTenant);
}

#[test]
fn q4_licences_tell_their_seats_and_a_buyer_that_is_there() {
    let licence = LicenceId::from_uuid(Uuid::from_u128(0x9a0));
    let buy = BuyLicence { licence: Some(licence), ..BuyLicence::new(MSP, JOINTLY, text("manage"), 5) };
    let given = side_by_side().and(ADA, buy);
    let rows = |who: UserId| ask(&given, Licences::new(who.into(), JOINTLY)).rows;
    for who in [JULIA, ADA] {
        let row = &rows(who)[0];
        assert_eq!((row.licence, row.seats, row.used, row.buyer), (licence, 5, 0, Some(MSP)));
    }
    // By service or by when they run out; with seats left, or without.
    let number = |number: u128| LicenceId::from_uuid(Uuid::from_u128(0x9a0 + number));
    let buy = |place: u128, service: &str, expires: Option<u32>| BuyLicence {
        licence: Some(number(place)),
        expires: expires.map(|days| dawn().plus_days(days)),
        ..BuyLicence::new(MSP, MSP, text(service), 1)
    };
    let stock = trade(MoveRule::AtOnce).and(ROB, upload(1, MSP, &["SN-1"]));
    let stock = stock
        .and(ADA, buy(1, "manage", Some(9)))
        .and(ADA, buy(2, "configure", None))
        .and(ADA, buy(3, "manage", Some(5)))
        .and(ADA, AssignSeats::new(number(3), set(&["SN-1"])));
    let found = |filter: LicenceFilter, descending| -> Vec<u128> {
        let paging = Paging { descending, ..Paging::default() };
        let rows = ask(&stock, Licences { filter, paging, ..Licences::new(ADA.into(), MSP) }).rows;
        rows.iter().map(|row| row.licence.uuid().as_u128() - 0x9a0).collect()
    };
    let every = LicenceFilter::default;
    let expiring = || LicenceFilter { sort: LicenceSort::Expires, ..every() };
    let manage = || Some(text("manage"));
    assert_eq!(found(every(), false), [2, 1, 3]);
    assert_eq!((found(expiring(), false), found(expiring(), true)), (vec![3, 1, 2], vec![2, 1, 3]));
    assert_eq!(found(LicenceFilter { service: manage(), ..every() }, true), [3, 1]);
    assert_eq!(found(LicenceFilter { service: manage(), ..expiring() }, false), [3, 1]);
    assert_eq!(found(LicenceFilter { free: Some(true), ..expiring() }, false), [1, 2]);
    assert_eq!(found(LicenceFilter { free: Some(false), ..every() }, false), [3]);
    // Beside its buyer, another manager is not told that there is one.
    assert!(rows(NINA).is_empty());
}

#[test]
fn q4_roles_assignments_and_managers_are_filtered_and_sorted() {
    let role = CreateRole {
        role: Some(RoleId::from_uuid(Uuid::from_u128(0x9c0))),
        ..CreateRole::new(JOINTLY, text("Night Desk"), set(&["devices.view"]))
    };
    let given = side_by_side().and(JULIA, role).and(ADA, assign(RITA, JOINTLY, "read_only"));
    let roles = |filter: RoleFilter| -> Vec<String> {
        let rows = ask(&given, Roles { filter, ..Roles::new(JULIA.into(), JOINTLY) }).rows;
        rows.into_iter()
            .map(|row| row.name.map_or_else(|| row.role.to_string(), |name| name.to_string()))
            .collect()
    };
    let every = RoleFilter::default;
    assert_eq!(roles(RoleFilter { text: Some("desk".to_owned()), ..every() }), ["Night Desk"]);
    assert_eq!(roles(RoleFilter { text: Some("ad".to_owned()), ..every() }), ["admin", "super_admin"]);
    let holding = |name: &str| RoleFilter { permission: Some(text(name)), ..every() };
    assert_eq!(roles(holding("link.respond")), ["super_admin"]);
    assert!(roles(holding("devices.view")).contains(&"Night Desk".to_owned()));
    let held = |who: UserId, filter: AssignmentFilter| -> Vec<Option<UserId>> {
        let rows = ask(&given, Assignments { filter, ..Assignments::new(who.into(), JOINTLY) }).rows;
        rows.into_iter().map(|row| row.user).collect()
    };
    let every = AssignmentFilter::default;
    let role = |name: &str| AssignmentFilter { role: Some(text(name)), ..every() };
    let of = |user: UserId| AssignmentFilter { user: Some(user), ..every() };
    assert_eq!(held(JULIA, role("super_admin")), [Some(JULIA)]);
    assert_eq!(held(JULIA, of(JULIA)), [Some(JULIA)]);
    assert_eq!(held(JULIA, AssignmentFilter { user: Some(JULIA), ..role("read_only") }), []);
    assert_eq!((held(ADA, of(RITA)), held(JULIA, of(RITA))), (vec![Some(RITA)], vec![]));
    let managers = |filter: ManagerFilter| -> Vec<TenantId> {
        let rows = ask(&given, Managers { filter, ..Managers::new(JULIA.into(), JOINTLY) }).rows;
        rows.into_iter().map(|row| row.manager.tenant).collect()
    };
    let every = ManagerFilter::default;
    let all = managers(every());
    assert_eq!(all, [MSP, SECOND]);
    assert_eq!(managers(ManagerFilter { sort: ManagerSort::Since, ..every() }).len(), 2);
    assert_eq!(managers(ManagerFilter { service: Some(text("manage")), ..every() }), [MSP]);
    assert_eq!(managers(ManagerFilter { management: Some(text("fully")), ..every() }), []);
}

#[test]
fn q4_a_person_is_found_by_their_address_by_whoever_may_name_them() {
    let given = side_by_side();
    let find = |who: UserId, tenant: TenantId, name: &str| {
        let found = ask(&given, FindPerson::new(who.into(), tenant, mail(name)));
        found.map(|found| (found.user, found.home, found.email.is_some()))
    };
    assert_eq!(find(JULIA, JOINTLY, "ada"), Some((ADA, MSP, false)), "of the other side, without a name");
    assert_eq!(find(JULIA, JOINTLY, "julia"), Some((JULIA, JOINTLY, true)));
    assert_eq!(find(JULIA, JOINTLY, "nina"), Some((NINA, SECOND, false)));
    assert_eq!(find(ADA, JOINTLY, "nina"), None, "of a manager beside, of which there is none for the actor");
    assert_eq!(find(JULIA, JOINTLY, "carl"), None, "of a stranger as of nobody");
    assert_eq!(find(JULIA, JOINTLY, "ivy"), None, "an address that nobody has proved is nobody's");
    assert_eq!(find(JULIA, JOINTLY, "nobody"), None);
    assert_eq!(code(&given, FindPerson::new(NINA.into(), ALONE, mail("carl"))), UnknownTenant);
    assert_eq!(code(&given, FindPerson::new(RITA.into(), JOINTLY, mail("ada"))), RoleLacksPermission);
}

#[test]
fn q4_open_consoles_are_told_as_far_as_the_audit_tells_them() {
    let session = SessionId::from_uuid(Uuid::from_u128(0xc01));
    let open = OpenConsole {
        session: Some(session),
        ..OpenConsole::new(JOINTLY, text("manage"), text("https://portal.example/"))
    };
    let given = side_by_side().and(ADA, open);
    let by = |who: Actor| -> Vec<Subject> {
        ask(&given, Sessions::new(who, JOINTLY)).rows.into_iter().map(|row| row.by).collect()
    };
    assert_eq!(by(ADA.into()), [Subject::User(ADA)]);
    assert_eq!(by(JULIA.into()), [Subject::Tenant(MSP)]);
    assert_eq!(by(NINA.into()), [], "nor that there is one");
    assert_eq!(by(STAFF), [Subject::User(ADA)]);
    let given = given.and(ADA, CloseConsole::new(session));
    // Those that were closed come after those still open, told in the same way.
    let another = OpenConsole::new(JOINTLY, text("manage"), text("/back"));
    let given =
        given.and(ADAM, another).and(JULIA, OpenConsole::new(JOINTLY, text("configure"), text("/back")));
    let of = |who: UserId, filter: SessionFilter| -> Vec<(Subject, bool)> {
        let list = Sessions { filter, ..Sessions::new(who.into(), JOINTLY) };
        ask(&given, list).rows.into_iter().map(|row| (row.by, row.closed.is_some())).collect()
    };
    let every = SessionFilter::default;
    let (adam, ada) = ((Subject::User(ADAM), false), (Subject::User(ADA), true));
    let (julia, msp) = ((Subject::User(JULIA), false), |closed| (Subject::Tenant(MSP), closed));
    assert_eq!(of(ADA, every()), [adam, (Subject::Tenant(JOINTLY), false), ada]);
    assert_eq!(of(JULIA, every()), [msp(false), julia, msp(true)]);
    assert_eq!(of(JULIA, SessionFilter { ended: Some(true), ..every() }), [msp(true)]);
    assert_eq!(of(JULIA, SessionFilter { ended: Some(false), ..every() }), [msp(false), julia]);
    assert_eq!(of(JULIA, SessionFilter { service: Some(text("configure")), ..every() }), [julia]);
    assert_eq!(of(ADA, SessionFilter { by: Some(ADA), ..every() }), [ada]);
    assert_eq!(of(JULIA, SessionFilter { by: Some(ADA), ..every() }), [], "who shows as an organisation");
}

#[test]
fn q5_places_are_what_one_may_enter_by_name() {
    let given = given().and(ADA, assign(RITA, FULLY, "no_access"));
    let names = |who: UserId, text: Option<&str>| -> Vec<String> {
        let text = text.map(str::to_owned);
        let page = ask(&given, Places { text, ..Places::new(who.into()) });
        page.rows.into_iter().map(|row| row.name.to_string()).collect()
    };
    assert_eq!(names(ADA, None), ["Fully", "Jointly", "Msp"]);
    assert_eq!(names(RITA, None), ["Jointly", "Msp"]);
    assert_eq!(names(ADA, Some("JOINT")), ["Jointly"]);
    assert_eq!(names(GINA, None), ["Fully", "Grand", "Jointly", "Msp"]);
    assert_eq!(names(JULIA, None), ["Jointly"]);
    assert!(names(NOEL, None).is_empty() && names(FRED, None).is_empty());
    assert_eq!(code(&given, Places::new(STAFF)), WrongActor);
}

#[test]
fn q5_names_are_found_and_put_in_order_as_people_write_them() {
    let names = ["Zoo", "\u{c4}rzte", "apfel", "Stra\u{df}e", "B\u{e4}ckerei", "E\u{301}cole", "\u{c9}cole"];
    let given = names.into_iter().enumerate().fold(given(), |given, (number, name)| {
        let tenant = Some(TenantId::from_uuid(Uuid::from_u128(0x7_0000 + number as u128)));
        given.and(ADA, AddCustomer { tenant, link: None, name: text(name), ..customer(MSP, "fully") })
    });
    let found = |wanted: Option<&str>| -> Vec<String> {
        let list = Places { text: wanted.map(str::to_owned), ..Places::new(ADA.into()) };
        let rows = ask(&given, list).rows;
        rows.iter().map(|row| row.name.to_string()).filter(|name| names[..7].contains(&&**name)).collect()
    };
    assert_eq!(
        found(None),
        ["apfel", "\u{c4}rzte", "B\u{e4}ckerei", "\u{c9}cole", "\u{c9}cole", "Stra\u{df}e", "Zoo"]
    );
    for (wanted, count) in
        [("ecole", 2), ("E\u{301}COLE", 2), ("STRASSE", 1), ("stra\u{df}", 1), ("\u{c4}R", 1)]
    {
        assert_eq!(found(Some(wanted)).len(), count, "{wanted}");
    }
}

#[test]
fn q1_a_text_is_how_words_begin_in_any_order() {
    let names = ["Acme Tools (North)", "North-Tools", "O'Neil & Sons", "\u{6771}\u{4eac}\u{682a}\u{5f0f}"];
    let given = names.into_iter().enumerate().fold(given(), |given, (place, name)| {
        let tenant = Some(TenantId::from_uuid(Uuid::from_u128(0x7_0000 + place as u128)));
        let number = Some(text(&format!("K-4{place}-X")));
        given.and(ADA, AddCustomer { tenant, link: None, number, name: text(name), ..customer(MSP, "fully") })
    });
    for (wanted, expected) in [
        ("tool", vec![0, 1]),
        ("NORTH acme", vec![0]),
        ("north-t", vec![0, 1]),
        ("ools", vec![]),
        ("neil", vec![2]),
        ("41", vec![1]),
        ("k/42-x sons", vec![2]),
        ("\u{4eac}", vec![3]),
        ("north sons", vec![]),
        (" -- ", vec![0, 1, 2, 3]),
    ] {
        let known = |found: Vec<String>| {
            let there = names.iter().enumerate().filter(|(_, name)| found.iter().any(|it| it == *name));
            there.map(|(place, _)| place).collect::<Vec<_>>()
        };
        let asked = || Some(wanted.to_owned());
        let rows = ask(&given, Places { text: asked(), ..Places::new(ADA.into()) }).rows;
        assert_eq!(known(rows.into_iter().map(|row| row.name.to_string()).collect()), expected, "{wanted:?}");
        let filter = CustomerFilter { text: asked(), ..CustomerFilter::default() };
        let rows = ask(&given, Customers { filter, ..Customers::new(ADA.into(), MSP) }).rows;
        assert_eq!(known(rows.into_iter().map(|row| row.name.to_string()).collect()), expected, "{wanted:?}");
    }
}

#[test]
fn q5_places_are_those_that_one_may_view_each_once_in_either_direction() {
    // A customer of two managers, a role on a single customer, and one that is kept off another.
    let given = given()
        .under(|policy| policy.max_managers = 2)
        .and(NINA, RequestLink { services: set(&["enrollment"]), ..super::ask(SECOND, "JOINTLY", "jointly") })
        .and(JULIA, AcceptLink::new(ASKED))
        .and(ADA, assign(RITA, FULLY, "no_access"))
        .and(ADA, assign(ADAM, JOINTLY, "read_only"));
    let view: tenantry::base::text::Permission = text("tenant.view");
    for who in [GINA, ADA, ADAM, RITA, GUS, NINA, NOEL, JULIA, JACK, JIM, FRED, CARL, ROB] {
        let mut due = ask(&given, TenantsWhere { user: who, permission: view.clone(), service: None });
        due.sort();
        for (limit, descending) in [(1, false), (2, true), (100, false)] {
            let mut paging = Paging { limit, descending, cursor: None };
            let mut rows = Vec::new();
            loop {
                let page = ask(&given, Places { paging: paging.clone(), ..Places::new(who.into()) });
                rows.extend(page.rows);
                paging.cursor = page.next;
                if paging.cursor.is_none() {
                    break;
                }
            }
            let names: Vec<_> = rows.iter().map(|row| row.name.as_str().to_lowercase()).collect();
            let sorted = |one: &[String]| if descending { one[0] >= one[1] } else { one[0] <= one[1] };
            assert!(names.windows(2).all(sorted), "{who}: {names:?}");
            let mut found: Vec<_> = rows.iter().map(|row| row.tenant).collect();
            found.sort();
            assert_eq!(found, due, "{who}, {limit} at a time");
        }
    }
}

#[test]
fn q5_whatever_awaits_ones_answer_is_told_and_what_lapses_first_comes_first() {
    let awaited = |given: &Given, who: UserId| -> Vec<Awaited> {
        ask(given, Awaiting::new(who.into())).rows.into_iter().map(|row| row.what).collect()
    };
    let given = trade(MoveRule::Approval)
        .under(|policy| policy.max_managers = 2)
        .and(ROB, upload(1, MSP, &["SN-1"]))
        .and(ADA, hand(JOINTLY, &["SN-1"]))
        .later(1)
        .and(
            NINA,
            RequestLink { services: set(&["enrollment"]), ..super::ask(SECOND, "JOINTLY", "jointly") },
        );
    let moved = Awaited::Move { id: MOVE, devices: set(&["SN-1"]) };
    let asked = Awaited::LinkRequest {
        request: ASKED,
        management: text("jointly"),
        services: set(&["enrollment"]),
        term: None,
    };
    assert_eq!(awaited(&given, JULIA), [moved.clone(), asked.clone()]);
    assert_eq!(awaited(&given, JACK), [moved], "who may not answer a request is not asked");
    for nobody in [JIM, ADA, NINA, CARL] {
        assert_eq!(awaited(&given, nobody), []);
    }
    let given = given.and(JULIA, RequestDelink::new(JOINTLY_LINK));
    let delink = Awaited::Delink { link: JOINTLY_LINK, ends: None };
    for (who, what) in [(ADA, vec![delink.clone()]), (RITA, vec![]), (JULIA, vec![asked.clone()])] {
        assert_eq!(
            awaited(&given, who)
                .into_iter()
                .filter(|one| !matches!(one, Awaited::Move { .. }))
                .collect::<Vec<_>>(),
            what
        );
    }
    // Whoever may answer from further up is told, too: the manager may have nobody of its own.
    let from_above = ask(&given, Awaiting::new(GINA.into())).rows;
    assert_eq!(from_above.iter().map(|row| (&row.what, row.tenant)).collect::<Vec<_>>(), [(&delink, MSP)]);
    let again = super::given().and(JULIA, RequestDelink::new(JOINTLY_LINK));
    again.when(GINA, AcceptDelink::new(JOINTLY_LINK)).then(done());
    // Nobody is told of a customer that they are kept off.
    let given = given.and(ADA, assign(ADAM, JOINTLY, "no_access"));
    assert_eq!(awaited(&given, ADAM), []);
    let given = given.and(ADA, RejectDelink::new(JOINTLY_LINK)).and(ADA, RequestDelink::new(JOINTLY_LINK));
    assert!(awaited(&given, JULIA).contains(&delink));
    assert_eq!(awaited(&given, ADA), []);
    // What has lapsed awaits nothing.
    let given = given.later(40);
    assert!(!awaited(&given, JULIA).contains(&asked));
    assert_eq!(code(&given, Awaiting::new(STAFF)), WrongActor);
}

#[test]
fn q4_lists_of_a_past_moment_tell_what_was_there_to_those_who_may_see_it_now() {
    let given = given();
    let seq = given.engine.token().unwrap().seq;
    let given = given
        .and(
            JULIA,
            EditTenant { website: Patch::Set(text("https://new.example")), ..EditTenant::new(JOINTLY) },
        )
        .and(JULIA, Unassign::new(vec![UserOnTenant { user: JIM, tenant: JOINTLY }]));
    let read = given.engine.read().unwrap();
    let past = read.as_of(seq).unwrap();
    let then = past.moment().unwrap();
    assert_eq!(then.ask(Settings::new(JULIA.into(), JOINTLY)).unwrap().website, None);
    assert_eq!(then.ask(Assignments::new(JULIA.into(), JOINTLY)).unwrap().rows.len(), 3);
    assert_eq!(ask(&given, Assignments::new(JULIA.into(), JOINTLY)).rows.len(), 2);
    let refused = then.ask(Assignments::new(JIM.into(), JOINTLY)).unwrap_err();
    assert!(
        matches!(refused, Error::Refused(refusal) if refusal.code == RoleLacksPermission || refusal.code == NoAssignment)
    );
}

#[test]
fn q5_what_is_proposed_on_a_link_awaits_the_super_admin_of_the_customer() {
    let given = given().and(ADA, AddServices::new(JOINTLY_LINK, set(&["enrollment"])));
    let awaited = |given: &Given, who: UserId| ask(given, Awaiting::new(who.into())).rows;
    let rows = awaited(&given, JULIA);
    let Awaited::Proposal { proposal, link, content } = &rows[0].what else { panic!("{rows:?}") };
    assert_eq!((*link, content), (JOINTLY_LINK, &ProposalContent::Services(set(&["enrollment"]))));
    assert_eq!((rows.len(), rows[0].by.tenant), (1, MSP));
    for nobody in [JACK, ADA] {
        assert_eq!(awaited(&given, nobody), []);
    }
    let proposal = *proposal;
    let given = given.and(JULIA, AcceptProposal::new(proposal));
    assert_eq!(awaited(&given, JULIA), []);
}

#[test]
fn q5_a_super_admin_of_a_disabled_home_reads_what_awaits_them_and_nothing_else() {
    let given = given().and(ADA, RequestDelink::new(JOINTLY_LINK)).and(ADA, disable(JOINTLY));
    let rows = ask(&given, Awaiting::new(JULIA.into())).rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].what, Awaited::Delink { link: JOINTLY_LINK, ends: None });
    assert_eq!(code(&given, Awaiting::new(JACK.into())), UserNotActive);
    assert_eq!(code(&given, Settings::new(JULIA.into(), JOINTLY)), UserNotActive);
    given.when(JULIA, RejectDelink::new(JOINTLY_LINK)).then(done());
}

#[test]
fn q4_q5_the_end_of_a_notice_period_is_told_to_both_sides() {
    let noticed = given_under(|policy| policy.management_types[1].notice_days = Some(30));
    let given = noticed.and(ADA, RequestDelink::new(JOINTLY_LINK));
    let end = Some(dawn().plus_days(30));
    assert_eq!(ask(&given, Managers::new(JULIA.into(), JOINTLY)).rows[0].delink_ends, end);
    let awaited = ask(&given, Awaiting::new(JULIA.into())).rows;
    assert_eq!(awaited[0].what, Awaited::Delink { link: JOINTLY_LINK, ends: end });
}

#[test]
fn q4_what_time_ended_is_not_listed_before_it_is_recorded() {
    // A console that was opened through a link further up.
    let term = Some(tenantry::model::TermRequest::days(10));
    let given = given()
        .and(ADA, RequestDelink::new(GRAND_LINK))
        .and(GINA, AcceptDelink::new(GRAND_LINK))
        .and(GINA, RequestLink { term, ..super::ask(GRAND, "MSP", "jointly") })
        .and(ADA, AcceptLink::new(ASKED))
        .and(GINA, OpenConsole::new(JOINTLY, text("manage"), text("https://portal.example/")));
    let filter = SessionFilter { ended: Some(false), ..SessionFilter::default() };
    let list = Sessions { filter, ..Sessions::new(STAFF, JOINTLY) };
    let open = |given: &Given| ask(given, list.clone()).rows.len();
    assert_eq!(open(&given), 1);
    let given = given.later(10);
    assert_eq!(open(&given), 0);
    assert_eq!(open(&given.swept()), 0);
    // A move that nobody answered.
    let moved =
        trade(MoveRule::Approval).and(ROB, upload(1, MSP, &["SN-1"])).and(ADA, hand(JOINTLY, &["SN-1"]));
    let moving = |given: &Given| ask(given, Devices::new(ADA.into(), MSP)).rows[0].moving.is_some();
    assert!(moving(&moved));
    let moved = moved.later(30);
    assert!(!moving(&moved));
    assert!(ask(&moved, FindDevice::new(ADA.into(), text::<DeviceId>("SN-1"))).unwrap().moving.is_none());
    // One whose link has ended meanwhile.
    let ending = trade(MoveRule::Approval)
        .and(ADA, AddCustomer { term, ..customer(MSP, "jointly") })
        .and(ROB, upload(1, MSP, &["SN-1"]))
        .and(ADA, hand(NEW, &["SN-1"]));
    assert!(moving(&ending));
    assert!(!moving(&ending.later(10)));
}
