//! Who can reach what, with the why; what a command would change of that, and what records have (X-1, X-3, X-13).

use std::collections::{BTreeMap, BTreeSet};

use tenantry::base::text::{Permission, Service};
use tenantry::engine::{Error, Moment};
use tenantry::event::Event;
use tenantry::model::{
    Actor, HandshakeState, Party, RoleRef, Subject, Tenant, TenantKind, TermRequest, User,
};
use tenantry::notice::NoticeKind;
use tenantry::policy::MoveRule;
use tenantry::refusal::Code::{self, *};

use super::stock::*;
use super::*;

/// One thing that somebody may do on a tenant.
type Cell = (UserId, TenantId, Permission, Option<Service>);

/// What is held, as single things.
fn cells(user: UserId, tenant: TenantId, held: &[HeldPermission]) -> BTreeSet<Cell> {
    let each = |one: &HeldPermission| {
        let none = (!one.services_only).then_some(None);
        let services: Vec<_> = one.services.iter().cloned().map(Some).chain(none).collect();
        let permission = one.permission.clone();
        services.into_iter().map(move |service| (user, tenant, permission.clone(), service))
    };
    held.iter().flat_map(each).collect()
}

fn users(moment: &Moment<'_>) -> Vec<UserId> {
    moment.host().list::<User>(&tenantry::engine::Of::All).unwrap().iter().map(|user| user.id).collect()
}

fn tenants(moment: &Moment<'_>) -> Vec<TenantId> {
    let all = moment.host().list::<Tenant>(&tenantry::engine::Of::All).unwrap();
    all.iter().filter(|tenant| tenant.is_living()).map(|tenant| tenant.id).collect()
}

/// Everything that anybody may do, check by check.
fn by_checks(moment: &Moment<'_>) -> BTreeSet<Cell> {
    let policy = moment.policy().clone();
    let mut allowed = BTreeSet::new();
    for user in users(moment) {
        for tenant in tenants(moment) {
            for permission in &policy.permissions {
                for service in [None].into_iter().chain(policy.services.iter().cloned().map(Some)) {
                    let question = Question {
                        service: service.clone(),
                        ..Question::new(user, permission.clone(), tenant)
                    };
                    if moment.check(&question).unwrap().allowed {
                        allowed.insert((user, tenant, permission.clone(), service));
                    }
                }
            }
        }
    }
    allowed
}

/// All rows of a list, so many at a time.
fn all<Q: Ask<Answer = Page<R>>, R>(
    moment: &Moment<'_>,
    limit: usize,
    query: impl Fn(Paging) -> Q,
) -> Vec<R> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = moment.ask(query(Paging { limit, cursor, ..Paging::default() })).unwrap();
        rows.extend(page.rows);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return rows,
        }
    }
}

/// Everything that anybody may do, as the reviews of all users say to the platform's staff.
fn by_users(moment: &Moment<'_>) -> BTreeSet<Cell> {
    let mut found = BTreeSet::new();
    for user in users(moment) {
        let rows = all(moment, 3, |paging| UserAccess { paging, ..UserAccess::new(STAFF, user) });
        let reached: BTreeSet<_> = rows.iter().map(|row| row.tenant).collect();
        assert_eq!(reached.len(), rows.len(), "each tenant once");
        for row in rows {
            assert!(!row.ways.is_empty());
            row.ways.iter().for_each(|way| found.extend(cells(user, row.tenant, &way.held)));
        }
    }
    found
}

/// The same, as the reviews of all tenants say.
fn by_tenants(moment: &Moment<'_>) -> BTreeSet<Cell> {
    let mut found = BTreeSet::new();
    for tenant in tenants(moment) {
        let rows = all(moment, 3, |paging| TenantAccess { paging, ..TenantAccess::new(STAFF, tenant) });
        let reaching: BTreeSet<_> = rows.iter().map(|row| row.user).collect();
        assert_eq!(reaching.len(), rows.len(), "each person once");
        for row in rows {
            row.ways.iter().for_each(|way| found.extend(cells(row.user, tenant, &way.held)));
        }
    }
    found
}

fn now<T>(given: &Given, ask: impl FnOnce(&Moment<'_>) -> T) -> T {
    ask(&given.engine.read().unwrap().now().unwrap())
}

fn seq(given: &Given) -> u64 {
    given.engine.token().unwrap().seq
}

fn told<Q: Ask>(given: &Given, query: Q) -> Q::Answer {
    given.engine.ask(query).unwrap()
}

fn code<Q: Ask>(given: &Given, query: Q) -> Code {
    match given.engine.ask(query) {
        Err(Error::Refused(refusal)) => refusal.code,
        Err(other) => panic!("was to be refused: {other}"),
        Ok(_) => panic!("was to be refused"),
    }
}

fn preview(actor: impl Into<Actor>, command: impl Into<Command>) -> Preview {
    Preview::new(actor.into(), Box::new(command.into()))
}

/// A world in which nearly everything that a check goes by is there: managers side by side, grants, masks, own roles,
/// overrides, a disabled tenant, links that end, and a policy of later than some links.
fn intricate() -> Given {
    let role = tenantry::base::ids::RoleId::from_uuid(Uuid::from_u128(0x601));
    let watchers = CreateRole {
        role: Some(role),
        ..CreateRole::new(MSP, text("Watchers"), set(&["tenant.view", "devices.view"]))
    };
    let request = LinkRequestId::from_uuid(Uuid::from_u128(0x801));
    let beside = RequestLink {
        request: Some(request),
        term: Some(TermRequest { days: Some(20), ..TermRequest::default() }),
        ..RequestLink::new(SECOND, text("JOINTLY"), text("jointly"), set(&["enrollment"]))
    };
    given_under(|policy| policy.max_managers = 2)
        .and(ADA, watchers)
        .and(
            ADA,
            Assign::new(vec![NewAssignment {
                below: Some(true),
                role: RoleRef::Custom(role),
                ..place(RITA, MSP, "admin")
            }]),
        )
        .and(ADA, assign(ADAM, JOINTLY, "no_access"))
        .and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])))
        .and(NINA, beside)
        .and(JULIA, AcceptLink::new(request))
        .under(|policy| {
            policy.roles[1].permissions.remove("devices.manage");
        })
        .and(ADA, DisableTenants::new(vec![FULLY]))
}

#[test]
fn x3_reviews_say_all_that_checks_do_and_nothing_else() {
    for given in [given(), intricate(), intricate().later(30), trade(MoveRule::AtOnce)] {
        now(&given, |moment| {
            let checked = by_checks(moment);
            assert!(!checked.is_empty());
            assert_eq!(by_users(moment), checked);
            assert_eq!(by_tenants(moment), checked);
        });
    }
}

#[test]
fn x2_x3_a_review_of_a_past_says_what_checks_said_then() {
    let given = intricate();
    let (before, last) = (now(&given, by_checks), seq(&given));
    let given = given.and(ADA, BlockUser::new(RITA)).later(40).swept();
    let read = given.engine.read().unwrap();
    let then = read.as_of(last).unwrap();
    let then = then.moment().unwrap();
    assert_eq!(by_users(&then), before);
    assert_eq!(by_tenants(&then), before);
}

/// Somebody is invited, an MSP asks to manage, the manager asks for more, and another MSP is invited to ask.
fn arising() -> Given {
    let third =
        RegisterTenant { number: Some(text("THIRD")), ..RegisterTenant::new(TenantKind::Msp, text("Third")) };
    given_under(|policy| policy.max_managers = 3)
        .and(STAFF, third)
        .and(JULIA, InviteUser::new(JOINTLY, Invitee::new(mail("eve")), text("admin")))
        .later(1)
        .and(NINA, RequestLink::new(SECOND, text("JOINTLY"), text("jointly"), set(&["enrollment"])))
        .later(1)
        .and(ADA, AddServices::new(JOINTLY_LINK, set(&["asset-intelligence"])))
        .later(1)
        .and(JULIA, InviteManager::new(JOINTLY, text("THIRD")))
}

/// What the lists of each kind tell of what awaits its answer and gives access to a tenant.
fn by_lists(given: &Given, actor: &Actor, tenant: TenantId) -> Vec<Requested> {
    let state = Some(HandshakeState::Pending);
    let actor = || actor.clone();
    let invitations = Invitations { filter: InvitationFilter { state }, ..Invitations::new(actor(), tenant) };
    let filter = LinkRequestFilter { sent: false, state };
    let requests = LinkRequests { filter, ..LinkRequests::new(actor(), tenant) };
    let filter = ManagerInvitationFilter { sent: true, state };
    let inviting = ManagerInvitations { filter, ..ManagerInvitations::new(actor(), tenant) };
    let filter = ProposalFilter { sent: false, state };
    let proposals = Proposals { filter, ..Proposals::new(actor(), tenant) };
    let mut all: Vec<_> = told(given, invitations).rows.into_iter().map(Requested::Invitation).collect();
    if given.engine.ask(requests.clone()).is_ok() {
        all.extend(told(given, requests).rows.into_iter().map(Requested::LinkRequest));
        all.extend(told(given, inviting).rows.into_iter().map(Requested::ManagerInvitation));
        all.extend(told(given, proposals).rows.into_iter().map(Requested::Proposal));
    }
    all
}

#[test]
fn x3_what_is_about_to_arise_is_told_with_its_sender_and_its_end() {
    let given = arising();
    let rows = |actor: Actor| told(&given, Arising::new(actor, JOINTLY)).rows;
    let kinds = |rows: &[ArisingRow]| -> Vec<_> {
        let kind =
            |row: &ArisingRow| serde_json::to_value(&row.what).unwrap()["kind"].as_str().unwrap().to_owned();
        rows.iter().map(kind).collect()
    };
    let own = rows(JULIA.into());
    assert_eq!(kinds(&own), ["invitation", "link_request", "proposal", "manager_invitation"]);
    let from: Vec<_> = own.iter().map(|row| row.by.clone()).collect();
    let organisation = AuditActor::Organisation;
    assert_eq!(
        from,
        [AuditActor::User(JULIA), organisation(SECOND), organisation(MSP), organisation(JOINTLY)]
    );
    let Requested::Invitation(invited) = &own[0].what else { panic!("{own:?}") };
    assert_eq!(invited.email, Some(mail("eve")));
    assert!(invited.expires > invited.asked);
    // Whoever may not answer what organisations ask is told of people alone.
    assert_eq!(kinds(&rows(JIM.into())), ["invitation"]);
    assert_eq!(kinds(&rows(ADA.into())), ["invitation"]);
    assert_eq!(rows(STAFF).len(), 4);
    assert_eq!(code(&given, Arising::new(CARL.into(), JOINTLY)), UnknownTenant);
    assert_eq!(code(&given, Arising::new(NOEL.into(), MSP)), RoleLacksPermission);
}

#[test]
fn x3_what_is_about_to_arise_is_what_the_lists_say() {
    for given in [arising(), arising().later(6), arising().later(7), arising().later(60), given()] {
        for actor in [STAFF, JULIA.into(), JIM.into(), ADA.into(), GINA.into(), NINA.into(), CARL.into()] {
            for tenant in [JOINTLY, MSP, FULLY, SECOND, ALONE] {
                let query = |paging| Arising { paging, ..Arising::new(actor.clone(), tenant) };
                if let Err(Error::Refused(refusal)) = given.engine.ask(query(Paging::default())) {
                    assert_eq!(code(&given, Invitations::new(actor.clone(), tenant)), refusal.code);
                    continue;
                }
                now(&given, |moment| {
                    let told = all(moment, 1, query);
                    let mut backwards = all(moment, 2, |paging| query(Paging { descending: true, ..paging }));
                    backwards.reverse();
                    assert_eq!(backwards, told);
                    let listed = by_lists(&given, &actor, tenant);
                    assert_eq!(told.len(), listed.len());
                    assert!(told.iter().all(|row| listed.contains(&row.what)));
                });
            }
        }
    }
}

#[test]
fn x3_x2_what_was_about_to_arise_is_told_of_a_past() {
    let given = arising();
    let before = seq(&given);
    let given = given.later(30).swept();
    let read = given.engine.read().unwrap();
    let then = read.as_of(before).unwrap();
    assert_eq!(then.moment().unwrap().ask(Arising::new(STAFF, JOINTLY)).unwrap().rows.len(), 4);
    assert_eq!(told(&given, Arising::new(STAFF, JOINTLY)).rows, []);
}

#[test]
fn x1_a_preview_counts_what_its_pages_have() {
    let given = intricate();
    for (actor, command) in [
        (Actor::from(ADA), Command::from(BlockUser::new(RITA))),
        (GINA.into(), DisableTenants::new(vec![MSP]).into()),
        (
            staff_for("T-1"),
            SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage", "roles.manage"])).into(),
        ),
    ] {
        let query = |paging, count| Preview { paging, count, ..preview(actor.clone(), command.clone()) };
        assert_eq!(told(&given, query(Paging::default(), false)).count, None);
        let count = told(&given, query(Paging { limit: 1, ..Paging::default() }, true)).count.unwrap();
        let rows = told(&given, query(Paging::default(), false)).rights.rows;
        assert!(!rows.is_empty(), "{command:?}");
        let so_many =
            |is: &dyn Fn(&AccessChangeRow) -> bool| rows.iter().filter(|row| is(row)).count() as u64;
        assert_eq!(count.rows, so_many(&|_| true));
        assert_eq!(count.gaining, so_many(&|row| !row.gained.is_empty()));
        assert_eq!(count.losing, so_many(&|row| !row.lost.is_empty()));
    }
}

#[test]
fn x3_pages_go_either_way_and_have_every_row_once() {
    let given = intricate();
    now(&given, |moment| {
        let query = |paging| TenantAccess { paging, ..TenantAccess::new(STAFF, JOINTLY) };
        let forwards = all(moment, 2, query);
        let mut backwards = all(moment, 2, |paging| query(Paging { descending: true, ..paging }));
        backwards.reverse();
        assert_eq!(forwards, backwards);
        let query = |paging| UserAccess { paging, ..UserAccess::new(STAFF, GINA) };
        let forwards = all(moment, 1, query);
        assert!(forwards.len() > 3);
        let mut backwards = all(moment, 1, |paging| query(Paging { descending: true, ..paging }));
        backwards.reverse();
        assert_eq!(forwards, backwards);
    });
}

#[test]
fn x3_the_why_is_the_assignment_that_decides_and_the_links_it_comes_down_by() {
    let given = given();
    let rows = told(&given, UserAccess::new(GINA.into(), GINA)).rows;
    let row = rows.iter().find(|row| row.tenant == JOINTLY).unwrap();
    let way = &row.ways[0];
    assert_eq!(way.chain, [JOINTLY_LINK, GRAND_LINK]);
    assert_eq!(way.grounds.as_ref().unwrap().tenant, GRAND);
    let given = given.and(JULIA, SetManagerGrants::new(JOINTLY_LINK, set(&["users.manage"])));
    let rows = told(&given, TenantAccess::new(ADA.into(), JOINTLY)).rows;
    let row = rows.iter().find(|row| row.user == ADA).unwrap();
    assert!(row.ways[0].granted.contains("users.manage"), "{row:?}");
    assert_eq!(row.email, Some(mail("ada")));
}

#[test]
fn x3_t9_people_are_named_to_their_own_and_others_as_their_organisation() {
    let given = given();
    // To the customer, its own people are named and the manager's are not.
    let rows = told(&given, TenantAccess::new(JULIA.into(), JOINTLY)).rows;
    let named: BTreeSet<_> = rows.iter().map(|row| row.user).collect();
    assert_eq!(named, BTreeSet::from([JULIA, JACK, JIM]));
    let others = told(&given, OrganisationAccess::new(JULIA.into(), JOINTLY));
    let others: Vec<_> = others.iter().map(|row| (row.organisation.tenant, row.held.is_empty())).collect();
    assert_eq!(others, [(GRAND, false), (MSP, false)]);
    // To the manager those of both are; those from further up are their organisation.
    let rows = told(&given, TenantAccess::new(ADA.into(), JOINTLY)).rows;
    let named: BTreeSet<_> = rows.iter().map(|row| row.user).collect();
    assert_eq!(named, BTreeSet::from([JULIA, JACK, JIM, ADA, ADAM, RITA]));
    let others = told(&given, OrganisationAccess::new(ADA.into(), JOINTLY));
    assert_eq!(others.iter().map(|row| row.organisation.tenant).collect::<Vec<_>>(), [GRAND]);
    // A manager beside is nobody for the other one.
    let given = intricate();
    let others = told(&given, OrganisationAccess::new(ADA.into(), JOINTLY));
    assert_eq!(others.iter().map(|row| row.organisation.tenant).collect::<Vec<_>>(), [GRAND]);
    assert_eq!(code(&given, TenantAccess::new(NINA.into(), FULLY)), UnknownTenant);
    assert_eq!(code(&given, OrganisationAccess::new(CARL.into(), JOINTLY)), UnknownTenant);
}

#[test]
fn x3_what_somebody_reaches_is_told_to_themselves_and_their_organisation() {
    let given = given();
    let reached = |who: UserId, of: UserId| -> Vec<TenantId> {
        told(&given, UserAccess::new(who.into(), of)).rows.iter().map(|row| row.tenant).collect()
    };
    assert_eq!(reached(ADA, ADAM), reached(ADAM, ADAM));
    // A manager sees what its customers' people reach where it sees their users.
    assert_eq!(reached(ADA, JIM), [JOINTLY]);
    assert_eq!(code(&given, UserAccess::new(JULIA.into(), ADA)), UnknownUser);
    assert_eq!(code(&given, UserAccess::new(JULIA.into(), NOBODY)), UnknownUser);
    // Somebody whom their role lets do nothing reaches nothing, and is told so.
    assert!(reached(NOEL, NOEL).is_empty());
    assert_eq!(code(&given, UserAccess::new(NOEL.into(), ADA)), RoleLacksPermission);
}

#[test]
fn x3_a_filter_finds_whoever_holds_it_and_shows_all_they_hold() {
    let given = given();
    let query = |permission: Option<&str>, service: Option<&str>| TenantAccess {
        filter: AccessFilter { permission: permission.map(text), service: service.map(text) },
        ..TenantAccess::new(STAFF, JOINTLY)
    };
    let rows = told(&given, query(Some("users.manage"), None)).rows;
    let users: BTreeSet<_> = rows.iter().map(|row| row.user).collect();
    assert!(users.contains(&JULIA) && !users.contains(&JIM), "{users:?}");
    assert!(rows.iter().all(|row| row.ways.iter().any(|way| way.held.len() > 1)));
    assert_eq!(code(&given, query(Some("tea.make"), None)), UnknownPermission);
    assert_eq!(code(&given, query(None, Some("gardening"))), UnknownService);
}

#[test]
fn x3_what_has_changed_between_two_moments() {
    let given = given();
    let before = seq(&given);
    let given = given.later(1).and(ADA, BlockUser::new(ADAM));
    let rows = told(&given, TenantAccessChanges::new(ADA.into(), JOINTLY, AsOf::Seq(before))).rows;
    assert_eq!(rows.iter().map(|row| (row.user, row.tenant)).collect::<Vec<_>>(), [(ADAM, JOINTLY)]);
    assert!(rows[0].gained.is_empty() && !rows[0].lost.is_empty());
    let rows = told(&given, UserAccessChanges::new(ADA.into(), ADAM, AsOf::Time(dawn()))).rows;
    assert!(rows.iter().any(|row| row.tenant == FULLY), "{rows:?}");
    let ahead = TenantAccessChanges::new(ADA.into(), JOINTLY, AsOf::Seq(before + 1000));
    assert_eq!(code(&given, ahead), MomentAhead);
    let ahead = UserAccessChanges::new(ADA.into(), ADAM, AsOf::Time(dawn().plus_days(900)));
    assert_eq!(code(&given, ahead), MomentAhead);
    // Of what was not there yet, all is gained; whoever was nobody yet is refused as then.
    let since = AsOf::Seq(1);
    let rows = told(&given, TenantAccessChanges::new(STAFF, JOINTLY, since)).rows;
    assert!(!rows.is_empty() && rows.iter().all(|row| row.lost.is_empty()), "{rows:?}");
    assert_eq!(code(&given, TenantAccessChanges::new(ADA.into(), MSP, since)), UnknownUser);
    // To the customer it is nobody.
    let rows = told(&given, TenantAccessChanges::new(JULIA.into(), JOINTLY, AsOf::Seq(before))).rows;
    assert!(rows.is_empty(), "{rows:?}");
}

fn page(given: &Given, actor: impl Into<Actor>, tenant: TenantId) -> String {
    told(given, TenantReport::new(actor.into(), tenant)).html
}

/// What is a tag in a page, and the text between.
fn tags_and_text(page: &str) -> (Vec<String>, String) {
    let (mut tags, mut text) = (Vec::new(), String::new());
    for piece in page.split('<').skip(1) {
        let (tag, rest) = piece.split_once('>').unwrap();
        tags.push(tag.to_owned());
        if tag != "style" {
            text.push_str(rest);
        }
    }
    (tags, text.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&amp;", "&"))
}

#[test]
fn x3_a_page_shows_what_the_lists_tell_and_nothing_else() {
    let given = intricate();
    let all = |actor: Actor, tenant| {
        let (_, text) = tags_and_text(&page(&given, actor.clone(), tenant));
        for row in told(&given, TenantAccess::new(actor.clone(), tenant)).rows {
            row.email.iter().for_each(|email| assert!(text.contains(email.as_str()), "{email}"));
        }
        for row in told(&given, OrganisationAccess::new(actor.clone(), tenant)) {
            assert!(text.contains(row.organisation.number.as_str()), "{row:?}");
        }
        for row in told(&given, Managers::new(actor, tenant)).rows {
            assert!(text.contains(row.manager.number.as_str()), "{row:?}");
        }
        text
    };
    let own = all(JULIA.into(), JOINTLY);
    assert!(!own.contains(mail("ada").as_str()) && !own.contains(mail("gina").as_str()));
    assert!(own.contains("granted by the customer: users.manage") || own.contains("granted: users.manage"));
    let above = all(ADA.into(), JOINTLY);
    assert!(above.contains(mail("ada").as_str()) && !above.contains(mail("gina").as_str()));
    assert!(all(STAFF, JOINTLY).contains(mail("gina").as_str()));
    all(STAFF, MSP);
    assert_eq!(code(&given, TenantReport::new(NINA.into(), FULLY)), UnknownTenant);
    assert_eq!(code(&given, TenantReport::new(NOEL.into(), MSP)), RoleLacksPermission);
}

#[test]
fn x3_what_is_refused_is_left_out_of_a_page_with_the_reason() {
    let role = tenantry::base::ids::RoleId::from_uuid(Uuid::from_u128(0x602));
    let looker =
        CreateRole { role: Some(role), ..CreateRole::new(JOINTLY, text("Lookers"), set(&["tenant.view"])) };
    let give =
        Assign::new(vec![NewAssignment { role: RoleRef::Custom(role), ..place(JIM, JOINTLY, "admin") }]);
    let given = given().and(JULIA, looker).and(JULIA, give);
    let (_, text) = tags_and_text(&page(&given, JIM, JOINTLY));
    assert!(text.contains("Left out: the people who can reach it"), "{text}");
    assert!(text.contains("Left out: what happened"), "{text}");
    assert!(!text.contains(mail("julia").as_str()), "{text}");
}

#[test]
fn x3_x2_a_difference_up_to_a_past_is_told_by_the_rights_of_its_later_moment_too() {
    let given = given();
    let before = given.engine.token().unwrap().seq;
    let given = given.and(ADA, disable(JOINTLY));
    let disabled = given.engine.token().unwrap().seq;
    let given = given.and(ADA, EnableTenants::new(vec![JOINTLY]));
    let read = given.engine.read().unwrap();
    let then = read.as_of(disabled).unwrap();
    let lost = |who: Actor| {
        let ask = UserAccessChanges::new(who, ADAM, AsOf::Seq(before));
        then.moment().unwrap().ask(ask).unwrap().rows.iter().map(|row| row.tenant).collect::<Vec<_>>()
    };
    // Whoever may not see who is of a disabled tenant is not told who has lost what there.
    assert_eq!(lost(RITA.into()), []);
    assert_eq!(lost(STAFF), [JOINTLY]);
}

#[test]
fn x3_in_a_difference_who_was_there_and_who_is_new_are_each_named_by_their_own_moment() {
    let given = given();
    let engine = &given.engine;
    let other =
        RegisterTenant { number: Some(text("OTHER")), ..RegisterTenant::new(TenantKind::Msp, text("Other")) };
    let other = engine.execute(STAFF, other).unwrap().outcome;
    let joins = |name: &str| {
        let user = RegisterUser::new(other, mail(name), text("super_admin"));
        engine.execute(STAFF, user).unwrap().outcome
    };
    let old = joins("old");
    let before = seq(&given);
    let new = joins("new");
    let add = AddCustomer::new(other, TenantKind::Customer, text("Theirs"), text("fully"), set(&["manage"]));
    let theirs = engine.execute(new, add).unwrap().outcome.tenant;
    let ask = RequestLink::new(SECOND, text("OTHER"), text("jointly"), set(&["manage"]));
    let request = engine.execute(NINA, ask).unwrap().outcome;
    engine.execute(new, AcceptLink::new(request)).unwrap();
    let rows = told(&given, TenantAccessChanges::new(NINA.into(), theirs, AsOf::Seq(before))).rows;
    let users: BTreeSet<UserId> = rows.iter().map(|row| row.user).collect();
    assert!(users.contains(&new) && !users.contains(&old), "{rows:?}");
}

#[test]
fn x3_x2_a_page_of_a_past_says_so() {
    let given = given();
    let before = seq(&given);
    let given = given.later(1).and(ADA, BlockUser::new(ADAM));
    let read = given.engine.read().unwrap();
    let then = read.as_of(before).unwrap();
    let then = then.moment().unwrap().ask(TenantReport::new(ADA.into(), JOINTLY)).unwrap();
    let (_, text) = tags_and_text(&then.html);
    assert!(text.contains("This is the past"), "{text}");
    let since = TenantReport { since: Some(AsOf::Seq(before)), ..TenantReport::new(ADA.into(), JOINTLY) };
    let (_, text) = tags_and_text(&told(&given, since).html);
    assert!(!text.contains("This is the past"), "{text}");
    let (_, changes) = text.split_once("What has changed").unwrap();
    assert!(changes.contains("− alerts manage") && changes.contains("devices manage, view"), "{changes}");
}

#[test]
fn x3_a_page_has_names_as_text_alone_and_asks_nothing_of_anywhere() {
    let name = "\"><script>alert('1')</script>&amp;";
    let given = given().and(JULIA, EditTenant { name: Some(text(name)), ..EditTenant::new(JOINTLY) });
    let html = page(&given, STAFF, JOINTLY);
    let (tags, text) = tags_and_text(&html);
    assert!(text.replace("&quot;", "\"").contains(name), "{text}");
    let known = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "header", "main", "section", "article",
        "footer", "h1", "h2", "h3", "p", "ul", "ol", "li", "dl", "dt", "dd", "div", "span", "strong",
        "small", "code", "bdi", "br", "a", "time", "table", "thead", "tbody", "tr", "th", "td",
    ];
    for tag in &tags {
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        assert!(known.contains(&name), "<{tag}>");
        if let Some((_, to)) = tag.split_once("href=") {
            assert!(to.starts_with("\"#"), "<{tag}>");
        }
        assert!(!tag.contains("src=") && !tag.contains(" on"), "<{tag}>");
    }
    for word in ["url(", "@import", "http:", "https:", "//"] {
        assert!(!html.contains(word), "{word}");
    }
}

#[test]
fn x1_a_preview_tells_what_happens_and_nothing_happens() {
    let given = given();
    let before = seq(&given);
    let block = BlockUser::new(ADAM);
    let previewed = told(&given, preview(ADA, block.clone()));
    assert_eq!(seq(&given), before);
    let lost: BTreeSet<_> = previewed.rights.rows.iter().map(|row| (row.user, row.tenant)).collect();
    assert_eq!(lost, BTreeSet::from([(ADAM, MSP), (ADAM, JOINTLY), (ADAM, FULLY)]));
    let when = given.when(ADA, block);
    assert_eq!(when.events(), previewed.events);
}

#[test]
fn x1_the_refusal_is_the_answer_and_nothing_is_recorded() {
    let given = given();
    let before = seq(&given);
    assert_eq!(code(&given, preview(RITA, BlockUser::new(ADAM))), RoleLacksPermission);
    assert_eq!(code(&given, preview(CARL, RequestDelink::new(JOINTLY_LINK))), UnknownLink);
    assert_eq!(code(&given, preview(NOBODY, BlockUser::new(ADAM))), UnknownUser);
    let late = given.later(8);
    assert_eq!(
        code(&late, preview(IVY, AcceptInvitation::new(IVY_INVITATION, mail("ivy")))),
        InvitationExpired
    );
    let given = late;
    assert_eq!(seq(&given), before);
    let read = given.engine.read().unwrap();
    let then = read.as_of(before).unwrap();
    let then = then.moment().unwrap().ask(preview(ADA, BlockUser::new(ADAM)));
    assert_eq!(then.unwrap_err().code(), Some(MomentPassed));
}

#[test]
fn x1_t9_a_preview_tells_of_nobody_who_is_not_there() {
    let given = given();
    // Both sides agree to part; the customer is told of its own people, and of the manager's that it is told.
    let given = given.and(JULIA, RequestDelink::new(JOINTLY_LINK));
    let previewed = told(&given, preview(ADA, AcceptDelink::new(JOINTLY_LINK)));
    let losing: BTreeSet<_> = previewed.rights.rows.iter().map(|row| (row.user, row.tenant)).collect();
    assert_eq!(losing, BTreeSet::from([(ADA, JOINTLY), (ADAM, JOINTLY), (RITA, JOINTLY)]));
    let to: BTreeSet<_> = previewed.notices.iter().flat_map(|notice| notice.to.clone()).collect();
    assert!(to.contains(&Subject::Tenant(JOINTLY)), "{to:?}");
    assert!(!to.contains(&Subject::User(JULIA)), "{to:?}");
    let delete = DeleteTenants::new(vec![EMPTY], "delete".to_owned());
    assert!(told(&given, preview(STAFF, delete)).rights.rows.is_empty(), "nobody reached it");
    let all = told(&given, preview(STAFF, BlockUser::new(GUS))).rights.rows;
    assert!(all.iter().any(|row| row.tenant == JOINTLY), "the staff is told everything: {all:?}");
}

#[test]
fn x1_what_is_new_by_a_command_is_told_as_after_it() {
    let given = given();
    let add = AddCustomer::new(MSP, TenantKind::Customer, text("Mill"), text("fully"), set(&["manage"]));
    let previewed = told(&given, preview(ADA, add));
    let Some(Event::TenantRegistered { tenant, .. }) = previewed.events.first() else {
        panic!("{previewed:?}");
    };
    let gaining: BTreeSet<_> = previewed.rights.rows.iter().map(|row| (row.user, row.tenant)).collect();
    assert_eq!(gaining, [ADA, ADAM, RITA].map(|user| (user, *tenant)).into());
    let invite = InviteUser::new(MSP, Invitee::new(mail("new")), text("admin"));
    let previewed = told(&given, preview(ADA, invite));
    assert!(matches!(previewed.notices[0].kind, NoticeKind::Invitation { .. }), "{previewed:?}");
    assert!(previewed.rights.rows.is_empty(), "nobody gains anything before they accept");
}

#[test]
fn x1_t10_a_placeholder_is_nobodys_to_choose() {
    let given = given();
    let create = CreateRole::new(MSP, text("Desk"), BTreeSet::new());
    let previewed = told(&given, preview(ADA, create.clone()));
    let Some(Event::RoleCreated { role, .. }) = previewed.events.first() else { panic!("{previewed:?}") };
    let given = given.when(ADA, CreateRole { role: Some(*role), ..create.clone() }).then(refused(IdTaken));
    let add = AddCustomer::new(MSP, TenantKind::Customer, text("Mill"), text("fully"), set(&["manage"]));
    let previewed = told(&given, preview(ADA, add.clone()));
    let Some(Event::TenantRegistered { number, .. }) = previewed.events.first() else {
        panic!("{previewed:?}");
    };
    let chosen = AddCustomer { number: Some(number.clone()), ..add.clone() };
    let given = given.when(ADA, chosen).then(refused(NumberTaken));
    assert_eq!(told(&given, preview(ADA, add)), previewed, "nobody bars the previews of others");
}

#[test]
fn x1_t9_a_preview_does_not_tell_whether_a_stranger_has_anybody_who_reads() {
    let stranger = RegisterTenant {
        tenant: Some(NOWHERE),
        number: Some(text("STR-1")),
        ..RegisterTenant::new(TenantKind::Msp, text("Stranger"))
    };
    let invite = || preview(JULIA, InviteManager::new(JOINTLY, text("STR-1")));
    let given = given().and(STAFF, stranger);
    let nobody = told(&given, invite()).notices;
    let given = given.and(STAFF, RegisterUser::new(NOWHERE, mail("sam"), text("super_admin")));
    assert_eq!(told(&given, invite()).notices, nobody);
    let given = given.and(STAFF, DisableTenants::new(vec![NOWHERE]));
    assert_eq!(told(&given, invite()).notices, nobody);
    let by_staff = preview(staff_for("T-1"), InviteManager::new(JOINTLY, text("STR-1")));
    assert!(told(&given, by_staff).notices.iter().any(|notice| notice.operator), "the staff is told");
}

#[test]
fn x1_rows_of_resellers_are_told_to_those_who_read_them() {
    let given = trade(MoveRule::AtOnce)
        .and(ROB, upload(1, MSP, &["SN-1", "SN-2"]))
        .and(ADA, hand(JOINTLY, &["SN-1"]))
        .and(ADA, RequestDelink::new(JOINTLY_LINK));
    let part = AcceptDelink::new(JOINTLY_LINK);
    assert!(told(&given, preview(JULIA, part.clone())).resellers.is_empty());
    let row = |given: &Given, tenant| {
        let filter = ResellerFilter { tenant: Some(tenant), unused: true, ..ResellerFilter::default() };
        told(given, ResellerCustomers { filter, ..ResellerCustomers::new(STAFF, RESELLER) }).rows.pop()
    };
    let before = [MSP, JOINTLY].map(|tenant| row(&given, tenant));
    let by_staff = AcceptDelink { party: Some(Party::Customer), ..part.clone() };
    let mut changed = told(&given, preview(staff_for("T-1"), by_staff)).resellers;
    changed.retain(|change| change.reseller == RESELLER);
    let rows: Vec<_> = changed.iter().map(|change| change.before.clone()).collect();
    assert!(rows.iter().all(|row| before.contains(row)) && rows.len() == 2, "{changed:?}");
    let given = given.and(JULIA, part);
    for change in &changed {
        let tenant = change.before.as_ref().or(change.after.as_ref()).unwrap().tenant;
        assert_eq!(change.after, row(&given, tenant));
        assert_ne!(change.after, change.before);
    }
    let changed = told(&given, preview(ROB, upload(2, ALONE, &["SN-3"]))).resellers;
    assert_eq!(changed.iter().map(|change| change.reseller).collect::<Vec<_>>(), [RESELLER]);
}

/// What is held, with what is gained and without what is lost.
fn changed(
    held: &BTreeSet<Cell>,
    rows: &[(UserId, TenantId, Vec<HeldPermission>, Vec<HeldPermission>)],
) -> BTreeSet<Cell> {
    let mut held = held.clone();
    for (user, tenant, gained, lost) in rows {
        for cell in cells(*user, *tenant, lost) {
            assert!(held.remove(&cell), "lost what was not held: {cell:?}");
        }
        for cell in cells(*user, *tenant, gained) {
            assert!(held.insert(cell.clone()), "gained what was held: {cell:?}");
        }
    }
    held
}

/// The feed from a record on.
fn feed(moment: &Moment<'_>, after: u64, descending: bool) -> Vec<AccessEvent> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let paging = Paging { limit: 2, cursor, descending };
        let page = moment.host().access_changes(after, &paging).unwrap();
        rows.extend(page.rows);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return rows,
        }
    }
}

/// Each command of a long history: what its preview says is what then happens, and what the feed has of it.
#[test]
fn x1_x13_of_every_command_preview_and_feed_say_what_became_of_access() {
    // The world that the samples are for.
    let mut given = given_under(|policy| {
        policy.management_types[1].moves = MoveRule::Approval;
        policy.host_reports_ready = true;
    });
    let mut held = now(&given, by_users);
    let mut moved = 0;
    for (actor, sample) in samples::COMMANDS {
        if *actor == "later" {
            given = given.later(sample.parse().unwrap());
            held = now(&given, by_users);
            continue;
        }
        let command: Command = serde_json::from_str(&samples::named(sample)).unwrap();
        let actor: Actor = match *actor {
            "$STAFF" => STAFF,
            "$TICKET" => staff_for("T-1"),
            user => serde_json::from_str(&format!(r#"{{"user":"{}"}}"#, samples::named(user))).unwrap(),
        };
        let before = seq(&given);
        // Whoever gives it is told no more than the staff, who may give nearly all of them, and the same of the rest.
        let own = told(&given, preview(actor.clone(), command.clone()));
        let staff = given.engine.ask(preview(staff_for("T-1"), command.clone()));
        assert_eq!(seq(&given), before);
        let when = given.when(actor.clone(), command.clone());
        let events: Vec<_> = when.events().iter().map(event_name).collect();
        given = when.then(done());
        let previewed: Vec<_> = own.events.iter().map(event_name).collect();
        assert_eq!(previewed, events, "{command:?}");
        let after = now(&given, by_users);
        let row = |row: AccessEvent| (row.user, row.tenant, row.gained, row.lost);
        let (fed, mut turned) =
            now(&given, |moment| (feed(moment, before, false), feed(moment, before, true)));
        turned.reverse();
        assert_eq!(fed, turned);
        let fed: Vec<_> = fed.into_iter().map(row).collect();
        assert_eq!(changed(&held, &fed), after, "{command:?}");
        moved += usize::from(!fed.is_empty());
        let own: BTreeMap<_, _> = own.rights.rows.iter().map(|row| ((row.user, row.tenant), row)).collect();
        let told: BTreeMap<_, _> = fed.iter().map(|row| ((row.0, row.1), row)).collect();
        for (pair, row) in &own {
            let Some(known) = told.get(pair) else { continue };
            assert_eq!((&row.gained, &row.lost), (&known.2, &known.3), "{command:?}");
        }
        if let Ok(staff) = staff {
            assert!(staff.rights.next.is_some() || staff.rights.rows.len() >= own.len());
        }
        held = after;
    }
    assert!(moved > 10, "{moved} of them changed anything");
}

#[test]
fn x13_what_time_ends_is_fed_at_its_moment_with_the_next_record() {
    let given = intricate();
    let held = now(&given, by_users);
    let start = seq(&given);
    let given = given.later(25);
    now(&given, |moment| assert!(feed(moment, start, false).is_empty(), "nothing is recorded yet"));
    let given = given.swept();
    now(&given, |moment| {
        let fed = feed(moment, start, false);
        let ends = dawn().plus_days(20);
        assert!(fed.iter().all(|row| row.command.is_none() && row.at == ends), "{fed:?}");
        assert!(fed.iter().any(|row| (row.user, row.tenant) == (NINA, JOINTLY)));
        let rows: Vec<_> = fed.into_iter().map(|row| (row.user, row.tenant, row.gained, row.lost)).collect();
        assert_eq!(changed(&held, &rows), by_users(moment));
    });
}

#[test]
fn x13_the_whole_feed_makes_the_review() {
    let given = intricate();
    now(&given, |moment| {
        let rows = feed(moment, 0, false);
        let rows: Vec<_> = rows.into_iter().map(|row| (row.user, row.tenant, row.gained, row.lost)).collect();
        assert_eq!(changed(&BTreeSet::new(), &rows), by_checks(moment));
    });
}
