//! The customer opens the door: it invites an MSP to ask, or bars one from asking (L-10).

use tenantry::base::ids::ManagerInvitationId;
use tenantry::event::Event;
use tenantry::model::{Actor, HandshakeState, MAX_BARRED, ManagerInvitation, Subject};
use tenantry::policy::WhoAsks;
use tenantry::refusal::Code::*;

use super::*;

const INVITED: ManagerInvitationId = ManagerInvitationId::from_uuid(Uuid::from_u128(0xaa0));

/// The invitation `INVITED` of the MSP with a number.
fn open(tenant: TenantId, number: &str) -> InviteManager {
    InviteManager { invitation: Some(INVITED), ..InviteManager::new(tenant, text(number)) }
}

/// The MSP with a number is barred by `ALONE`.
fn bar(number: &str) -> BarManager {
    BarManager::new(ALONE, text(number), true)
}

fn admit(number: &str) -> BarManager {
    BarManager::new(ALONE, text(number), false)
}

/// A world in which `ALONE` has invited `SECOND`.
fn opened() -> Given {
    given().and(CARL, open(ALONE, "SECOND"))
}

fn state(given: &Given) -> HandshakeState {
    given.get::<ManagerInvitation>(INVITED.uuid()).handshake.state
}

/// Does something by which the invitation ends, in its record.
#[track_caller]
fn ends(given: Given, who: impl Into<Actor>, what: impl Into<Command>) -> Given {
    let when = given.when(who, what);
    let ended = |event: &Event| *event == Event::ManagerInvitationWithdrawn { invitation: INVITED };
    assert_eq!(when.events().iter().filter(|event| ended(event)).count(), 1, "{:?}", when.events());
    let given = when.then(done());
    assert_eq!(state(&given), HandshakeState::Withdrawn);
    given.verified();
    given
}

fn ask_again(manager: TenantId) -> RequestLink {
    RequestLink { request: Some(ASKED_AGAIN), ..ask(manager, "ALONE", "jointly") }
}

#[test]
fn l10_a_tenant_invites_an_msp_which_answers_with_a_request() {
    let given = given().when(CARL, open(ALONE, "SECOND")).then(happened(&["manager_invited"]));
    let found = given.get::<ManagerInvitation>(INVITED.uuid());
    assert_eq!((found.tenant, found.manager), (ALONE, SECOND));
    assert_eq!(found.handshake.sender, Some(Subject::Tenant(ALONE)));
    assert_eq!(found.handshake.expires, dawn().plus_days(given.policy().link_request_days));
    let given = given.when(CARL, ResendManagerInvitation::new(INVITED));
    let given = given.then(happened(&["manager_invitation_resent"]));
    // A request that is refused leaves it pending.
    let nonsense = RequestLink { management: text("nonsense"), ..ask(SECOND, "ALONE", "jointly") };
    let given = given.when(NINA, nonsense).then(refused(UnknownManagementType));
    assert_eq!(state(&given), HandshakeState::Pending);
    let given = given.when(NINA, ask(SECOND, "ALONE", "jointly"));
    let given = given.then(happened(&["manager_invitation_accepted", "link_requested"]));
    assert_eq!(state(&given), HandshakeState::Accepted);
    // Nothing is managed before the customer has confirmed what it reads.
    let given = given.then_denied(NINA, "tenant.view", ALONE, NotLinked);
    given.when(CARL, AcceptLink::new(ASKED)).then(done()).verified();
    // Another MSP's request answers nothing of it.
    let given = opened().when(ADA, ask(MSP, "ALONE", "jointly")).then(happened(&["link_requested"]));
    assert_eq!(state(&given), HandshakeState::Pending);
    // The operator answers for the MSP as it asks for it.
    opened()
        .when(STAFF, ask(SECOND, "ALONE", "jointly"))
        .then(happened(&["manager_invitation_accepted", "link_requested"]))
        .verified();
}

#[test]
fn l10_who_invites_and_what_stands_in_the_way() {
    // One refusal for every number that is of no living MSP.
    for number in ["NUMBERLESS", "JOINTLY", "RESELLER"] {
        given().when(CARL, open(ALONE, number)).then(refused(UnknownTenant));
        given().when(CARL, bar(number)).then(refused(UnknownTenant));
    }
    given().and(STAFF, delete(&[SECOND])).when(CARL, open(ALONE, "SECOND")).then(refused(UnknownTenant));
    // Of the MSP itself nothing else is told.
    given().and(STAFF, disable(SECOND)).when(CARL, open(ALONE, "SECOND")).then(done());
    let barred = given().and(CARL, bar("SECOND"));
    let rows: Vec<(Given, Actor, Command, Expected)> = vec![
        (given(), ADA.into(), open(MSP, "MSP").into(), refused(SelfLink)),
        (given(), ROB.into(), open(RESELLER, "SECOND").into(), refused(CannotBeManaged)),
        (given(), JULIA.into(), open(JOINTLY, "MSP").into(), refused(AlreadyLinked)),
        (
            opened(),
            CARL.into(),
            InviteManager::new(ALONE, text("SECOND")).into(),
            refused(ManagerAlreadyInvited),
        ),
        (barred, CARL.into(), open(ALONE, "SECOND").into(), refused(ManagerBarred)),
        (opened(), CARL.into(), open(ALONE, "MSP").into(), refused(IdTaken)),
        // The customer's own people, and of these whoever answers link requests.
        (given(), CORA.into(), open(ALONE, "SECOND").into(), refused(RoleLacksPermission)),
        (given(), NINA.into(), open(ALONE, "SECOND").into(), refused(UnknownTenant)),
        (given(), ADA.into(), open(JOINTLY, "SECOND").into(), refused(ReservedForCustomer)),
        (given(), FRED.into(), open(FULLY, "SECOND").into(), refused(CustomerLocked)),
        (given(), STAFF, open(ALONE, "SECOND").into(), refused(TicketRequired)),
        (given(), staff_for("T-1"), open(ALONE, "SECOND").into(), done()),
        (given(), CORA.into(), bar("SECOND").into(), refused(RoleLacksPermission)),
        (
            given(),
            ADA.into(),
            BarManager::new(JOINTLY, text("SECOND"), true).into(),
            refused(ReservedForCustomer),
        ),
        (given(), STAFF, bar("SECOND").into(), refused(TicketRequired)),
        (given(), staff_for("T-1"), bar("SECOND").into(), done()),
        // A home that is disabled does not take the word from its super admins.
        (given().and(STAFF, disable(ALONE)), CARL.into(), open(ALONE, "SECOND").into(), done()),
    ];
    for (given, who, what, expected) in rows {
        given.when(who, what).then(expected).verified();
    }
    // An MSP may be managed, too.
    given().when(NINA, open(SECOND, "MSP")).then(done());
}

#[test]
fn l10_each_side_answers_for_itself() {
    let decline = || DeclineManagerInvitation::new(INVITED);
    let cancel = || CancelManagerInvitation::new(INVITED);
    let resend = || ResendManagerInvitation::new(INVITED);
    let declined = opened().when(NINA, decline()).then(happened(&["manager_invitation_declined"]));
    assert_eq!(state(&declined), HandshakeState::Declined);
    declined.verified();
    let canceled = || opened().when(CARL, cancel()).then(happened(&["manager_invitation_canceled"]));
    assert_eq!(state(&canceled()), HandshakeState::Canceled);
    canceled().when(NINA, decline()).then(refused(ManagerInvitationNotPending));
    canceled().when(CARL, cancel()).then(refused(ManagerInvitationNotPending));
    canceled().when(CARL, resend()).then(refused(ManagerInvitationNotPending));
    canceled().when(CARL, InviteManager::new(ALONE, text("SECOND"))).then(done());
    let late = || opened().later(30);
    late().when(NINA, decline()).then(refused(ManagerInvitationExpired));
    late().when(CARL, resend()).then(refused(ManagerInvitationExpired));
    let late = late().swept();
    assert_eq!(state(&late), HandshakeState::Expired);
    late.verified();
    opened().when(CARL, decline()).then(refused(WrongActor));
    opened().when(NINA, cancel()).then(refused(WrongActor));
    opened().when(NINA, resend()).then(refused(WrongActor));
    for stranger in [JULIA, ADA, GINA] {
        opened().when(stranger, decline()).then(refused(UnknownManagerInvitation));
        opened().when(stranger, cancel()).then(refused(UnknownManagerInvitation));
    }
    opened().when(CORA, cancel()).then(refused(RoleLacksPermission));
    opened().when(STAFF, decline()).then(refused(TicketRequired));
    opened().when(STAFF, cancel()).then(refused(TicketRequired));
    opened().when(staff_for("T-1"), decline()).then(done());
    // Those from further up answer for the MSP as they ask for it.
    let invited = || given().and(CARL, open(ALONE, "MSP"));
    invited().when(GINA, decline()).then(done());
    invited().when(RITA, decline()).then(refused(RoleLacksPermission));
    invited().and(STAFF, disable(MSP)).when(ADA, decline()).then(refused(UserNotActive));
}

#[test]
fn l10_an_invitation_ends_with_what_it_rests_on() {
    ends(opened(), STAFF, delete(&[ALONE]));
    ends(opened(), STAFF, delete(&[SECOND]));
    ends(opened(), STAFF, delete(&[ALONE, SECOND]));
    // Nobody is left who could invite: another manager locks them out.
    let invited = given().and(CARL, open(ALONE, "MSP")).and(NINA, ask(SECOND, "ALONE", "fully"));
    ends(invited, CARL, AcceptLink::new(ASKED));
    // What the operator sends rests on nobody.
    let operators = given().and(staff_for("T-1"), open(ALONE, "MSP"));
    let operators = operators.and(NINA, ask(SECOND, "ALONE", "fully")).and(CARL, AcceptLink::new(ASKED));
    assert_eq!(state(&operators), HandshakeState::Pending);
    // A home that is disabled still has its super admins, who may invite.
    let disabled = opened().and(STAFF, disable(ALONE));
    assert_eq!(state(&disabled), HandshakeState::Pending);
    // The link is there, by whatever request, and whoever sent the invitation.
    let asked = || given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    ends(asked().and(CARL, open(ALONE, "SECOND")), CARL, AcceptLink::new(ASKED));
    ends(asked().and(staff_for("T-1"), open(ALONE, "SECOND")), CARL, AcceptLink::new(ASKED));
}

#[test]
fn l10_where_only_who_is_invited_asks() {
    let closed = || given().under(|policy| policy.who_asks = WhoAsks::InvitedOnly);
    closed().when(NINA, ask(SECOND, "ALONE", "jointly")).then(refused(NotInvited));
    closed().when(STAFF, ask(SECOND, "ALONE", "jointly")).then(refused(NotInvited));
    let invited = || closed().and(CARL, open(ALONE, "SECOND"));
    invited().when(ADA, ask(MSP, "ALONE", "jointly")).then(refused(NotInvited));
    let answered = invited().when(NINA, ask(SECOND, "ALONE", "jointly")).then(done());
    answered.when(CARL, AcceptLink::new(ASKED)).then(done()).verified();
    // By the moment, whether or not the clock has swept.
    invited().later(30).when(NINA, ask(SECOND, "ALONE", "jointly")).then(refused(NotInvited));
    invited()
        .and(CARL, CancelManagerInvitation::new(INVITED))
        .when(NINA, ask(SECOND, "ALONE", "jointly"))
        .then(refused(NotInvited));
    // What stands in the way besides is not told to whoever was not invited.
    let held = closed().and(STAFF, disable(ALONE));
    held.when(NINA, ask(SECOND, "ALONE", "jointly")).then(refused(NotInvited));
    // What was asked before is answered, and new customers are added as ever.
    let before = given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let before = before.under(|policy| policy.who_asks = WhoAsks::InvitedOnly);
    before.when(CARL, AcceptLink::new(ASKED)).then(done());
    closed().when(ADA, customer(MSP, "jointly")).then(done());
}

#[test]
fn l10_an_answer_is_no_uninvited_asking() {
    let few = || given().under(|policy| policy.asks_per_day = 1);
    let bounded =
        || few().and(NINA, ask(SECOND, "ALONE", "jointly")).and(NINA, CancelLinkRequest::new(ASKED));
    bounded().when(NINA, ask_again(SECOND)).then(refused(TooManyRequests));
    // It is not bounded,
    bounded().and(CARL, open(ALONE, "SECOND")).when(NINA, ask_again(SECOND)).then(done()).verified();
    // and does not count.
    let answered = few().and(CARL, open(ALONE, "SECOND")).and(NINA, ask(SECOND, "ALONE", "jointly"));
    answered.and(NINA, CancelLinkRequest::new(ASKED)).when(NINA, ask_again(SECOND)).then(done());
    // Inviting is bounded as asking is.
    let invited = few().and(CARL, open(ALONE, "SECOND"));
    let invited = invited.when(CARL, ResendManagerInvitation::new(INVITED)).then(refused(TooManyRequests));
    let invited = invited.and(CARL, CancelManagerInvitation::new(INVITED));
    let anew = InviteManager::new(ALONE, text("SECOND"));
    let invited = invited.when(CARL, anew.clone()).then(refused(TooManyRequests));
    invited.when(staff_for("T-1"), anew).then(done()).verified();
}

#[test]
fn l10_a_barred_msp_cannot_ask() {
    let asked = || given().and(NINA, ask(SECOND, "ALONE", "jointly")).and(CARL, open(ALONE, "SECOND"));
    let events = ["manager_barred", "link_request_declined", "manager_invitation_canceled"];
    assert_eq!(asked().when(CARL, bar("SECOND")).events().iter().map(event_name).collect::<Vec<_>>(), events);
    let barred = || asked().and(CARL, bar("SECOND"));
    barred().when(NINA, ask_again(SECOND)).then(refused(CannotBeAsked));
    barred().when(STAFF, ask_again(SECOND)).then(refused(ManagerBarred));
    barred().when(ADA, ask_again(MSP)).then(done());
    barred().when(CARL, bar("SECOND")).then(refused(NothingToDo));
    barred().verified();
    let admitted = barred().when(CARL, admit("SECOND")).then(happened(&["manager_admitted"]));
    admitted.when(NINA, ask_again(SECOND)).then(done()).verified();
    given().when(CARL, admit("SECOND")).then(refused(NothingToDo));
    // One that is gone by now is let go of, too, once.
    let gone = barred().and(STAFF, delete(&[SECOND])).when(CARL, admit("SECOND")).then(done());
    let gone = gone.when(CARL, admit("SECOND")).then(refused(UnknownTenant));
    gone.when(CARL, bar("SECOND")).then(refused(UnknownTenant)).verified();
    // A link in force stays.
    let own = given().when(JULIA, BarManager::new(JOINTLY, text("MSP"), true));
    let own = own.then(happened(&["manager_barred"])).then_may(ADA, "tenant.view", JOINTLY);
    let parted = own.and(ADA, RequestDelink::new(JOINTLY_LINK)).and(JULIA, AcceptDelink::new(JOINTLY_LINK));
    parted.when(ADA, ask(MSP, "JOINTLY", "jointly")).then(refused(CannotBeAsked)).verified();
}

#[test]
fn l10_a_tenant_bars_so_many_and_no_more() {
    let mut given = given();
    for number in 0..MAX_BARRED {
        let name = format!("M-{number}");
        let msp =
            RegisterTenant { number: Some(text(&name)), ..RegisterTenant::new(TenantKind::Msp, text(&name)) };
        given = given.and(STAFF, msp).and(CARL, bar(&name));
    }
    let given = given.when(CARL, bar("SECOND")).then(refused(TooManyBarred));
    given.and(CARL, admit("M-7")).when(CARL, bar("SECOND")).then(done());
}

fn audit(given: &Given, who: impl Into<Actor>, tenant: TenantId) -> Vec<AuditRow> {
    given.engine.ask(Audit::new(who.into(), tenant)).unwrap().rows
}

fn commands(given: &Given, who: impl Into<Actor>, tenant: TenantId) -> Vec<String> {
    audit(given, who, tenant).into_iter().filter_map(|row| row.command).collect()
}

#[test]
fn l10_a_barred_msp_is_told_what_it_would_be_of_a_no() {
    // Whether it was barred or declined, the MSP reads the same.
    let asked = || given().and(NINA, ask(SECOND, "ALONE", "jointly"));
    let (barred, declined) = (asked().and(CARL, bar("SECOND")), asked().and(CARL, DeclineLink::new(ASKED)));
    assert_eq!(audit(&barred, NINA, SECOND), audit(&declined, NINA, SECOND));
    assert!(commands(&barred, NINA, SECOND).contains(&"decline_link".to_owned()));
    assert_eq!(told(&barred), told(&declined));
    let requests = |given: &Given| {
        let filter = LinkRequestFilter { sent: true, state: None };
        let list = LinkRequests { filter, ..LinkRequests::new(NINA.into(), SECOND) };
        given.engine.ask(list).unwrap().rows
    };
    assert_eq!(requests(&barred), requests(&declined));
    let (barred, canceled) =
        (opened().and(CARL, bar("SECOND")), opened().and(CARL, CancelManagerInvitation::new(INVITED)));
    assert_eq!(audit(&barred, NINA, SECOND), audit(&canceled, NINA, SECOND));
    assert_eq!(received(&barred, NINA, SECOND), received(&canceled, NINA, SECOND));
    // Nor is it told of an attempt at it, nor any manager of the tenant of whom else it bars.
    let tried = given().when(CORA, bar("SECOND")).then(refused(RoleLacksPermission));
    assert!(!commands(&tried, NINA, SECOND).contains(&"bar_manager".to_owned()));
    let barred = given().and(JULIA, BarManager::new(JOINTLY, text("SECOND"), true));
    assert!(!commands(&barred, ADA, JOINTLY).contains(&"bar_manager".to_owned()));
    assert!(commands(&barred, JULIA, JOINTLY).contains(&"bar_manager".to_owned()));
    assert!(commands(&barred, STAFF, JOINTLY).contains(&"bar_manager".to_owned()));
    let list = |who: Actor| {
        let rows = barred.engine.ask(BarredManagers::new(who, JOINTLY));
        rows.map(|page| page.rows.iter().map(|row| row.number.to_string()).collect::<Vec<_>>())
            .map_err(|error| error.code().unwrap())
    };
    assert_eq!(list(JULIA.into()), Ok(vec!["SECOND".to_owned()]));
    assert_eq!(list(STAFF), Ok(vec!["SECOND".to_owned()]));
    assert_eq!(list(JACK.into()), Err(RoleLacksPermission));
    assert_eq!(list(ADA.into()), Err(ReservedForCustomer));
    assert_eq!(list(NINA.into()), Err(UnknownTenant));
}

fn invitations(
    given: &Given,
    who: impl Into<Actor>,
    tenant: TenantId,
    sent: bool,
) -> Result<Vec<(String, bool, HandshakeState)>, tenantry::Code> {
    let filter = ManagerInvitationFilter { sent, state: None };
    let list = ManagerInvitations { filter, ..ManagerInvitations::new(who.into(), tenant) };
    match given.engine.ask(list) {
        Ok(page) => {
            let row = |row: ManagerInvitationRow| (row.number.to_string(), row.other.is_some(), row.state);
            Ok(page.rows.into_iter().map(row).collect())
        }
        Err(error) => Err(error.code().unwrap()),
    }
}

fn received(
    given: &Given,
    who: impl Into<Actor>,
    tenant: TenantId,
) -> Result<Vec<(String, bool, HandshakeState)>, tenantry::Code> {
    invitations(given, who, tenant, false)
}

/// What awaits an answer of somebody that is a manager's invitation, by who invites.
fn awaiting(given: &Given, who: UserId) -> Vec<String> {
    let rows = given.engine.ask(Awaiting::new(who.into())).unwrap().rows;
    let invited = |row: &AwaitingRow| matches!(row.what, Awaited::ManagerInvitation { .. });
    rows.into_iter().filter(invited).map(|row| row.by.number.to_string()).collect()
}

#[test]
fn l10_each_side_sees_the_invitations_that_are_there_for_it() {
    use HandshakeState::{Declined, Expired, Pending};
    let row = |number: &str, other, state| Ok(vec![(number.to_owned(), other, state)]);
    let given = opened();
    assert_eq!(invitations(&given, CARL, ALONE, true), row("SECOND", true, Pending));
    assert_eq!(received(&given, NINA, SECOND), row("ALONE", true, Pending));
    assert_eq!(received(&given, STAFF, SECOND), row("ALONE", true, Pending));
    assert_eq!(invitations(&given, CORA, ALONE, true), Err(RoleLacksPermission));
    assert_eq!(received(&given, ADA, SECOND), Err(UnknownTenant));
    assert_eq!(awaiting(&given, NINA), ["ALONE"]);
    assert!(awaiting(&given, ADA).is_empty() && awaiting(&given, CARL).is_empty());
    // Once it is over, neither side is told the other's name any more.
    let declined = given.and(NINA, DeclineManagerInvitation::new(INVITED));
    assert_eq!(invitations(&declined, CARL, ALONE, true), row("SECOND", false, Declined));
    assert_eq!(received(&declined, NINA, SECOND), row("ALONE", false, Declined));
    assert!(awaiting(&declined, NINA).is_empty());
    // By the moment, before any record.
    let late = opened().later(30);
    assert_eq!(received(&late, NINA, SECOND), row("ALONE", false, Expired));
    assert!(awaiting(&late, NINA).is_empty());
    // What somebody cannot answer does not await them.
    let disabled = opened().and(STAFF, disable(SECOND));
    assert!(awaiting(&disabled, NINA).is_empty());
    // Who asks from further up does not answer themselves.
    let above = super::given().and(GINA, InviteManager::new(GRAND, text("MSP")));
    assert_eq!((awaiting(&above, ADA), awaiting(&above, GINA)), (vec!["GRAND".to_owned()], vec![]));
    let invited = given_msp_invited_by_alone();
    assert_eq!((awaiting(&invited, ADAM), awaiting(&invited, RITA)), (vec!["ALONE".to_owned()], vec![]));
}

fn given_msp_invited_by_alone() -> Given {
    given().and(CARL, open(ALONE, "MSP"))
}

#[test]
fn l10_who_was_kept_off_a_customer_is_not_told_that_it_invites_again() {
    let kept_off = given().and(ADA, assign(ADAM, JOINTLY, "no_access"));
    let parted = delinked(kept_off).and(JULIA, open(JOINTLY, "MSP"));
    assert_eq!(received(&parted, ADAM, MSP), Ok(vec![]));
    assert!(awaiting(&parted, ADAM).is_empty());
    assert_eq!(awaiting(&parted, ADA), ["JOINTLY"]);
    // Nor by mail: not of the invitation, nor of what becomes of a request.
    let again = RequestLink { request: Some(ASKED), ..ask(MSP, "JOINTLY", "jointly") };
    let parted = parted.and(JULIA, ResendManagerInvitation::new(INVITED));
    let of_it = |given: &Given| told(given).iter().all(|(_, to, _)| !to.contains(&ADAM));
    assert!(of_it(&parted) && !told(&parted).is_empty());
    let asked = delinked(given().and(ADA, assign(ADAM, JOINTLY, "no_access"))).and(ADA, again);
    let asked = asked.and(JULIA, DeclineLink::new(ASKED));
    assert!(of_it(&asked) && !told(&asked).is_empty());
    let decline = || DeclineManagerInvitation::new(INVITED);
    let parted = parted.when(ADAM, decline()).then(refused(UnknownManagerInvitation));
    parted.when(ADA, decline()).then(done()).verified();
}

/// The notices about managers' invitations and link requests: what, to whom, and whether it is
/// settled.
fn told(given: &Given) -> Vec<(String, Vec<UserId>, bool)> {
    let notices = given.engine.notices("mail", 1_000).unwrap().notices;
    let shown = notices.iter().map(|notice| {
        let kind = serde_json::to_value(&notice.kind).unwrap()["kind"].as_str().unwrap().to_owned();
        (kind, notice.to.users.iter().copied().collect(), notice.settled)
    });
    shown.filter(|(kind, ..)| kind.contains("manager") || kind.contains("link_request")).collect()
}

#[test]
fn l10_a4_both_sides_are_told_of_invitations() {
    let own = |kind: &str, settled| (kind.to_owned(), vec![CARL], settled);
    let msps = |kind: &str, settled| (kind.to_owned(), vec![ADA, ADAM], settled);
    let invited = given_msp_invited_by_alone;
    assert_eq!(told(&invited()), [msps("manager_invited", false)]);
    let resent = invited().and(CARL, ResendManagerInvitation::new(INVITED));
    assert_eq!(told(&resent), [msps("manager_invited", false), msps("manager_invitation_reminder", false)]);
    let declined = invited().and(ADA, DeclineManagerInvitation::new(INVITED));
    assert_eq!(told(&declined), [msps("manager_invited", true), own("manager_invitation_declined", false)]);
    let canceled = invited().and(CARL, CancelManagerInvitation::new(INVITED));
    assert_eq!(told(&canceled), [msps("manager_invited", true), msps("manager_invitation_canceled", false)]);
    let withdrawn = invited().and(NINA, ask(SECOND, "ALONE", "fully")).and(CARL, AcceptLink::new(ASKED));
    assert!(told(&withdrawn).contains(&msps("manager_invitation_canceled", false)));
    assert_eq!(told(&invited().later(30)), [msps("manager_invited", true)]);
    let expired = invited().later(30).swept();
    assert_eq!(told(&expired), [msps("manager_invited", true), own("manager_invitation_expired", false)]);
    // What comes of a yes is a request.
    let answered = invited().and(ADA, ask(MSP, "ALONE", "jointly"));
    assert_eq!(told(&answered), [msps("manager_invited", true), own("link_requested", false)]);
}
