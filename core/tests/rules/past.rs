//! The past as somebody may see it: by the right they have now, and by the one they had then (X-2, T-9).

use tenantry::base::ids::{IntegrationId, ManagerInvitationId};
use tenantry::engine::{Clock, Error, Moment};
use tenantry::model::{Actor, Patch, TermRequest};
use tenantry::policy::MoveRule;
use tenantry::query::{CustomerFilter, Paging, Question, ResellerFilter, UserFilter};
use tenantry::refusal::Code::{self, *};

use super::stock::*;
use super::*;

/// What somebody is told about a moment, or why not.
type Told = Result<Vec<String>, Code>;

fn told<T>(answer: Result<T, Error>, rows: impl FnOnce(T) -> Vec<String>) -> Told {
    answer.map(rows).map_err(|error| error.code().unwrap())
}

fn customers(moment: &Moment<'_>, who: impl Into<Actor>, manager: TenantId) -> Told {
    let page = moment.ask(Customers {
        actor: who.into(),
        manager,
        filter: CustomerFilter::default(),
        paging: Paging::default(),
    });
    told(page, |page| page.rows.iter().map(|row| row.name.to_string()).collect())
}

fn details(moment: &Moment<'_>, who: impl Into<Actor>, customer: TenantId) -> Told {
    told(moment.ask(Customer { actor: who.into(), manager: MSP, customer }), |it| {
        it.contact.phone.iter().map(ToString::to_string).collect()
    })
}

fn users(moment: &Moment<'_>, who: impl Into<Actor>, tenant: TenantId) -> Told {
    let page = moment.ask(Users {
        actor: who.into(),
        tenant,
        filter: UserFilter::default(),
        paging: Paging::default(),
    });
    told(page, |page| page.rows.iter().flat_map(|row| &row.email).map(ToString::to_string).collect())
}

fn integrations(moment: &Moment<'_>, who: impl Into<Actor>, tenant: TenantId) -> Told {
    let page = moment.ask(Integrations::new(who.into(), tenant));
    told(page, |page| page.rows.iter().map(|row| row.name.to_string()).collect())
}

fn pins(moment: &Moment<'_>, who: impl Into<Actor>) -> Told {
    told(moment.ask(Pins::new(who.into())), |pins| pins.iter().map(|pin| pin.name.to_string()).collect())
}

fn look_up(moment: &Moment<'_>, who: impl Into<Actor>, number: &str) -> Told {
    told(moment.ask(LookUp { actor: who.into(), number: text(number) }), |it| vec![it.name.to_string()])
}

/// The world now, and as it was after a record.
fn now_and_then(given: &Given, seq: u64, look: impl Fn(&Moment<'_>)) {
    let read = given.engine.read().unwrap();
    look(&read.now().unwrap());
    look(&read.as_of(seq).unwrap().moment().unwrap());
}

fn seq(given: &Given) -> u64 {
    given.engine.token().unwrap().seq
}

/// `JOINTLY` with a place on the map and a telephone.
fn reachable() -> Given {
    let edit = EditTenant {
        phone: Patch::Set(text("+1 555 0100")),
        coordinates: Patch::Set(serde_json::from_str(r#"{"latitude":47.0,"longitude":8.5}"#).unwrap()),
        ..EditTenant::new(JOINTLY)
    };
    given().and(JULIA, edit)
}

#[test]
fn x2_whoever_may_not_ask_now_is_refused_about_the_past_in_the_same_words() {
    let given = reachable();
    let before = seq(&given);
    let read = given.engine.read().unwrap();
    let then = read.as_of(before).unwrap();
    assert_eq!(details(&then.moment().unwrap(), ADA, JOINTLY), Ok(vec!["+1 555 0100".to_owned()]));
    assert_eq!(users(&then.moment().unwrap(), ADA, JOINTLY).unwrap().len(), 3);
    drop(then);
    drop(read);
    // The two part, and what was set since is none of the former manager's business.
    let given = delinked(given)
        .later(200)
        .and(JULIA, EditTenant { phone: Patch::Set(text("+1 555 9999")), ..EditTenant::new(JOINTLY) });
    now_and_then(&given, before, |moment| {
        for who in [ADA, ADAM, GINA] {
            assert_eq!(details(moment, who, JOINTLY), Err(UnknownTenant));
            assert_eq!(users(moment, who, JOINTLY), Err(UnknownTenant));
            assert_eq!(integrations(moment, who, JOINTLY), Err(UnknownTenant));
            assert_eq!(customers(moment, who, MSP), Ok(vec!["Fully".to_owned()]));
            assert_eq!(pins(moment, who), Ok(Vec::new()));
        }
        assert_eq!(users(moment, JULIA, JOINTLY).unwrap().len(), 3);
    });
    // A dismissed user may ask nothing at all.
    let given = given.and(GINA, RemoveUser::new(GUS)).and(ADA, BlockUser::new(ADAM));
    now_and_then(&given, before, |moment| {
        for (who, home) in [(GUS, GRAND), (ADAM, MSP)] {
            assert_eq!(customers(moment, who, home), Err(UserNotActive));
            assert_eq!(users(moment, who, home), Err(UserNotActive));
            assert_eq!(pins(moment, who), Err(UserNotActive));
            assert_eq!(look_up(moment, who, "ALONE"), Err(UserNotActive));
        }
        assert_eq!(users(moment, FRED, FULLY), Err(CustomerLocked));
    });
}

#[test]
fn x2_whoever_could_not_ask_then_is_not_told_of_it_now() {
    let given = reachable();
    let before = seq(&given);
    let given = given
        .and(STAFF, user(EVE, MSP, "eve", "super_admin"))
        .and(ADA, assign(RITA, MSP, "admin"))
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])));
    let read = given.engine.read().unwrap();
    let past = read.as_of(before).unwrap();
    let then = past.moment().unwrap();
    assert_eq!(users(&read.now().unwrap(), EVE, MSP).unwrap().len(), 7);
    for answer in [users(&then, EVE, MSP), customers(&then, EVE, MSP), pins(&then, EVE)] {
        assert_eq!(answer, Err(UnknownUser));
    }
    assert_eq!(look_up(&read.now().unwrap(), RITA, "ALONE"), Ok(vec!["Alone".to_owned()]));
    assert_eq!(look_up(&then, RITA, "ALONE"), Err(RoleLacksPermission));
}

#[test]
fn t9_a_past_list_has_what_was_visible_then_and_is_now() {
    // Kept off at first, let in later.
    let given = reachable().under(readers_list_customers).and(ADA, assign(RITA, JOINTLY, "no_access"));
    let off = seq(&given);
    let given = given.and(ADA, assign(RITA, JOINTLY, "read_only")).and(ADA, assign(ADAM, FULLY, "no_access"));
    let read = given.engine.read().unwrap();
    let past = read.as_of(off).unwrap();
    let then = past.moment().unwrap();
    let both = || vec!["Fully".to_owned(), "Jointly".to_owned()];
    assert_eq!(customers(&read.now().unwrap(), RITA, MSP), Ok(both()));
    assert_eq!(customers(&then, RITA, MSP), Ok(vec!["Fully".to_owned()]));
    assert_eq!(pins(&read.now().unwrap(), RITA), Ok(vec!["Jointly".to_owned()]));
    assert_eq!(pins(&then, RITA), Ok(Vec::new()));
    assert_eq!(details(&then, RITA, JOINTLY), Err(UnknownTenant));
    // The other way round: kept off since.
    assert_eq!(customers(&read.now().unwrap(), ADAM, MSP), Ok(vec!["Jointly".to_owned()]));
    assert_eq!(customers(&then, ADAM, MSP), Ok(vec!["Jointly".to_owned()]));
    assert_eq!(customers(&then, ADA, MSP), Ok(both()));
    assert_eq!(customers(&then, STAFF, MSP), Ok(both()));
}

#[test]
fn t9_what_was_deleted_since_is_in_no_users_past() {
    let given =
        trade(MoveRule::AtOnce).and(ROB, upload(1, FULLY, &["SN-1"])).and(ROB, upload(2, ALONE, &["SN-2"]));
    let before = seq(&given);
    let given = given.and(ADA, delete(&[FULLY]));
    let rows = |moment: &Moment<'_>, who: &Actor| {
        let query = ResellerFilter { unused: false, ..ResellerFilter::default() };
        let page = moment.ask(ResellerCustomers {
            actor: who.clone(),
            reseller: RESELLER,
            filter: query.clone(),
            paging: Paging::default(),
        });
        let listed = told(page, |page| page.rows.iter().map(|row| row.company.clone()).collect());
        let mut csv = Vec::new();
        let written = moment
            .write_csv(
                &ResellerCsv { actor: who.clone(), reseller: RESELLER, filter: query.clone() },
                &mut csv,
            )
            .unwrap();
        assert_eq!(written, listed.as_ref().unwrap().len() as u64, "the CSV has the same rows");
        listed
    };
    let (rob, staff) = (Actor::from(ROB), STAFF);
    now_and_then(&given, before, |moment| {
        assert_eq!(customers(moment, ADA, MSP), Ok(vec!["Jointly".to_owned()]));
        assert_eq!(look_up(moment, NINA, "FULLY"), Err(UnknownTenant));
        assert_eq!(rows(moment, &rob), Ok(vec!["Alone".to_owned()]));
    });
    // The operator is bound by no relationship, and so neither by one that has ended.
    let read = given.engine.read().unwrap();
    let past = read.as_of(before).unwrap();
    assert_eq!(rows(&past.moment().unwrap(), &staff).unwrap().len(), 2);
    assert_eq!(look_up(&past.moment().unwrap(), STAFF, "FULLY"), Ok(vec!["Fully".to_owned()]));
}

#[test]
fn t9_an_organisation_that_was_deleted_since_has_no_name_in_a_past_list() {
    let given = given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let before = seq(&given);
    let given = given.and(STAFF, delete(&[SECOND]));
    let named = |moment: &Moment<'_>, who: Actor| {
        let page = moment.ask(LinkRequests::new(who, ALONE)).unwrap();
        page.rows.into_iter().map(|row| row.other.is_some()).collect::<Vec<_>>()
    };
    let read = given.engine.read().unwrap();
    let past = read.as_of(before).unwrap();
    assert_eq!(named(&past.moment().unwrap(), CARL.into()), [false]);
    assert_eq!(named(&past.moment().unwrap(), STAFF), [true]);
}

#[test]
fn u1_an_address_that_lapsed_since_is_told_of_no_past_recorded_or_not() {
    let given = given().and(JIM, EditUser { email: Some(mail("james")), ..EditUser::new(JIM) });
    let waiting = seq(&given);
    let asked = |moment: &Moment<'_>| {
        let awaits = moment.ask(Awaiting::new(JIM.into())).unwrap().rows.len();
        let rows = moment.ask(AskedByMe::new(JIM.into())).unwrap().rows;
        let Requested::Address(row) = &rows[0].what else { panic!("{rows:?}") };
        let known = moment.ask(MyProfile::new(JIM.into())).unwrap();
        (awaits, row.new_email.is_some(), known.new_email.is_some())
    };
    now_and_then(&given, waiting, |moment| assert_eq!(asked(moment), (1, true, true)));
    let given = given.later(30);
    now_and_then(&given, waiting, |moment| assert_eq!(asked(moment), (0, false, false)));
    let given = given.and(STAFF, EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(JOINTLY) });
    now_and_then(&given, waiting, |moment| assert_eq!(asked(moment), (0, false, false)));
}

#[test]
fn t9_q5_what_was_asked_is_told_of_no_past_to_whom_the_link_that_it_became_is_not_there() {
    // Whose role at home reaches nothing below.
    let role = NewAssignment { below: Some(false), ..place(ADAM, MSP, "super_admin") };
    let given = given().and(ADA, Assign::new(vec![role])).and(ADA, ask(MSP, "ALONE", "jointly"));
    let pending = seq(&given);
    let told = |moment: &Moment<'_>, who: UserId| {
        let filter = LinkRequestFilter { sent: true, ..Default::default() };
        let list = moment.ask(LinkRequests { filter, ..LinkRequests::new(who.into(), MSP) }).unwrap().rows;
        let is_it = |row: &AskedRow| matches!(&row.what, Requested::LinkRequest(row) if row.request == ASKED);
        let asked = moment.ask(AskedByMe::new(who.into())).unwrap().rows;
        (list.iter().any(|row| row.request == ASKED), asked.iter().any(is_it))
    };
    let both = |told: bool| (told, told);
    now_and_then(&given, pending, |moment| assert_eq!(told(moment, ADAM), both(true)));
    let given = given.and(CARL, AcceptLink::new(ASKED));
    now_and_then(&given, pending, |moment| assert_eq!(told(moment, ADAM), both(false)));
    let link = LinkId::from_uuid(ASKED.uuid());
    let given = given.and(ADA, RequestDelink::new(link)).and(CARL, AcceptDelink::new(link));
    now_and_then(&given, pending, |moment| {
        assert_eq!(told(moment, ADAM), both(false));
        assert_eq!(told(moment, ADA), both(true));
    });
}

#[test]
fn t9_l10_who_asked_a_manager_below_is_named_to_those_from_further_up_as_long_as_that_waits() {
    let invitation = ManagerInvitationId::from_uuid(Uuid::from_u128(0x9b1));
    let invite = InviteManager { invitation: Some(invitation), ..InviteManager::new(ALONE, text("MSP")) };
    let given = given().and(CARL, invite);
    let pending = seq(&given);
    let named = |moment: &Moment<'_>, who: UserId| {
        let rows = moment.ask(ManagerInvitations::new(who.into(), MSP)).unwrap().rows;
        rows.iter().find(|row| row.invitation == invitation).unwrap().other.is_some()
    };
    let as_of = |given: &Given, who: UserId| {
        let reading = given.engine.read().unwrap();
        named(&reading.as_of(pending).unwrap().moment().unwrap(), who)
    };
    assert!(as_of(&given, GINA) && as_of(&given, ADA));
    let given = given.and(CARL, CancelManagerInvitation::new(invitation));
    assert!(!as_of(&given, GINA) && as_of(&given, ADA));
}

#[test]
fn t9_what_a_former_manager_shared_is_in_no_past_list_recorded_or_not() {
    let term = Some(TermRequest::days(10));
    let given = given()
        .and(ADA, RequestDelink::new(GRAND_LINK))
        .and(GINA, AcceptDelink::new(GRAND_LINK))
        .and(GINA, RequestLink { term, ..ask(GRAND, "MSP", "jointly") })
        .and(ADA, AcceptLink::new(ASKED));
    let tool = IntegrationId::from_uuid(Uuid::from_u128(0x9b0));
    let create = CreateIntegration {
        integration: Some(tool),
        ..CreateIntegration::new(GRAND, text("ticketing"), text("Tickets"))
    };
    let given = given.and(GINA, create).and(GINA, ShareIntegration::new(tool, MSP));
    let given = given.and(STAFF, assign(GUS, MSP, "read_only"));
    let shared = seq(&given);
    let of_grand = |moment: &Moment<'_>| {
        let rows = moment.ask(Assignments::new(ADA.into(), MSP)).unwrap().rows;
        rows.iter().filter(|row| row.home == GRAND).count()
    };
    now_and_then(&given, shared, |moment| {
        assert_eq!(integrations(moment, ADA, MSP), Ok(vec!["Tickets".to_owned()]));
        assert_eq!(of_grand(moment), 1);
    });
    let hidden = |moment: &Moment<'_>| {
        assert_eq!(integrations(moment, ADA, MSP), Ok(Vec::new()));
        assert_eq!(of_grand(moment), 0);
    };
    let given = given.later(11);
    now_and_then(&given, shared, hidden);
    now_and_then(&given.swept(), shared, hidden);
}

#[test]
fn x2_an_address_that_has_lapsed_since_is_told_of_no_past_to_operators_either() {
    let given = given().and(ADAM, EditUser { email: Some(mail("anew")), ..EditUser::new(ADAM) });
    let (before, given) = (given.engine.token().unwrap().seq, given.later(8));
    for actor in [STAFF, ADA.into(), ADAM.into()] {
        let read = given.engine.read().unwrap();
        let then = read.as_of(before).unwrap();
        let rows = then.moment().unwrap().ask(Users::new(actor, MSP)).unwrap().rows;
        let adam = rows.iter().find(|row| row.user == ADAM).unwrap();
        assert_eq!((&adam.email, &adam.new_email), (&Some(mail("adam")), &None));
    }
}

#[test]
fn x2_a_moment_that_has_not_come_is_refused() {
    let given = given().later(3);
    let read = given.engine.read().unwrap();
    let now = given.clock.now();
    assert!(read.as_of_time(now).is_ok());
    let next = tenantry::base::time::Timestamp::from_micros(now.micros() + 1).unwrap();
    for ahead in [next, now.plus_days(9), tenantry::base::time::Timestamp::MAX] {
        let refused = read.as_of_time(ahead).map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), Some(MomentAhead));
        assert!(refused.to_string().contains(&ahead.to_string()), "{refused}");
    }
    // What is asked without an actor is the host's own, and is answered by what was then.
    let past = read.as_of_time(dawn()).unwrap();
    let question = Question::new(ADA, text("devices.view"), JOINTLY);
    assert!(past.moment().unwrap().check(&question).unwrap().allowed);
}

#[test]
fn t8_of_a_past_a_number_is_called_what_it_is_called_today() {
    let given = given();
    let before = seq(&given);
    let given = given.and(CARL, EditTenant { name: Some(text("Renamed")), ..EditTenant::new(ALONE) });
    let read = given.engine.read().unwrap();
    let past = read.as_of(before).unwrap();
    let past = past.moment().unwrap();
    assert_eq!(look_up(&past, ADA, "ALONE"), Ok(vec!["Renamed".to_owned()]));
    assert_eq!(look_up(&past, STAFF, "ALONE"), Ok(vec!["Alone".to_owned()]));
}
