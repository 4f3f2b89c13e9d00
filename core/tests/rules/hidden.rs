//! What is not there for somebody is not there for their commands either, whatever id they have of it (T-9).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tenantry::base::ids::{IntegrationId, LicenceId, RequestId, RoleId, SessionId};
use tenantry::engine::Moment;
use tenantry::model::{Actor, Audience, Link, LinkRequest, Patch, User};
use tenantry::policy::MoveRule;
use tenantry::query::{
    DeviceFilter, DeviceRow, LinkRequestFilter, ManagerInvitationFilter, MoveFilter, ProposalFilter,
};
use tenantry::refusal::Code::*;
use tenantry::refusal::{Family, Refusal};
use tenantry::testkit::inside::{Stop, World, decide, world};

use super::stock::*;
use super::*;

const TOOL: IntegrationId = IntegrationId::from_uuid(Uuid::from_u128(0x9b0));
const LICENCE: LicenceId = LicenceId::from_uuid(Uuid::from_u128(0x9a0));

fn devices(given: &Given, who: UserId, tenant: TenantId, filter: DeviceFilter) -> Vec<DeviceRow> {
    let read = given.engine.read().unwrap();
    read.now().unwrap().ask(Devices { filter, ..Devices::new(who.into(), tenant) }).unwrap().rows
}

#[test]
fn t9_a_move_to_a_tenant_that_one_is_kept_off_is_not_there() {
    let given = trade(MoveRule::Approval)
        .and(ROB, upload(1, MSP, &["SN-1"]))
        .and(ADA, assign(ADAM, JOINTLY, "no_access"))
        .and(ADA, hand(JOINTLY, &["SN-1"]));
    let moving = |who| devices(&given, who, MSP, DeviceFilter::default()).first().unwrap().moving;
    assert_eq!((moving(ADA), moving(ADAM)), (Some(MOVE), None));
    let given = given
        .when(ADAM, ApproveMove::new(MOVE))
        .then(refused(UnknownMove))
        .when(ADAM, DeclineMove::new(MOVE))
        .then(refused(UnknownMove))
        .when(ADAM, CancelMove::new(MOVE))
        .then(refused(UnknownMove))
        .when(ADAM, ResendMove::new(MOVE))
        .then(refused(UnknownMove));
    // Nor is it once it was answered.
    let given = given.and(JULIA, DeclineMove::new(MOVE));
    let given = given.when(ADAM, CancelMove::new(MOVE)).then(refused(UnknownMove));
    given.when(ADA, CancelMove::new(MOVE)).then(refused(MoveNotPending)).verified();
}

#[test]
fn t9_a_licence_of_a_buyer_that_is_not_there_seats_nobody_and_is_in_no_row() {
    let given = trade(MoveRule::AtOnce).under(|policy| policy.max_managers = 2);
    let given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"])
        .and(ROB, upload(1, JOINTLY, &["SN-1", "SN-2"]))
        .and(ADA, BuyLicence { licence: Some(LICENCE), ..BuyLicence::new(MSP, JOINTLY, text("manage"), 5) })
        .and(ADA, AssignSeats::new(LICENCE, set(&["SN-1"])));
    let given = given
        .when(NINA, AssignSeats::new(LICENCE, set(&["SN-2"])))
        .then(refused(UnknownLicence))
        .when(NINA, ReleaseSeats::new(LICENCE, set(&["SN-1"])))
        .then(refused(UnknownLicence));
    let seated = |who, filter: DeviceFilter| {
        devices(&given, who, JOINTLY, filter).into_iter().filter(|row| row.seat.is_some()).count()
    };
    let by_licence = || DeviceFilter { licence: Some(LICENCE), ..DeviceFilter::default() };
    let all = |who, filter| devices(&given, who, JOINTLY, filter).len();
    let with_seat = |seated| DeviceFilter { seated: Some(seated), ..DeviceFilter::default() };
    for (who, told) in [(ADA, 1), (JULIA, 1), (NINA, 0)] {
        assert_eq!(seated(who, DeviceFilter::default()), told, "{who}");
        assert_eq!(all(who, by_licence()), told, "{who}");
        assert_eq!((all(who, with_seat(true)), all(who, with_seat(false))), (told, 2 - told), "{who}");
    }
    let told = |who: UserId| {
        let read = given.engine.read().unwrap();
        let rows = read.now().unwrap().ask(Audit::new(who.into(), JOINTLY)).unwrap().rows;
        rows.iter().any(|row| serde_json::to_string(row).unwrap().contains("seats_assigned"))
    };
    assert_eq!((told(ADA), told(JULIA), told(NINA)), (true, true, false));
    // The tenant's own people go on with it when whoever bought it has left.
    let given = given.and(JULIA, RequestDelink::new(JOINTLY_LINK)).and(ADA, AcceptDelink::new(JOINTLY_LINK));
    given.when(JULIA, AssignSeats::new(LICENCE, set(&["SN-2"]))).then(done()).verified();
}

#[test]
fn t9_nothing_is_detached_from_a_tenant_that_one_is_kept_off() {
    let create = CreateIntegration::new(MSP, text("ticketing"), text("Tickets"));
    let given = given()
        .and(ADA, CreateIntegration { integration: Some(TOOL), ..create })
        .and(ADA, ShareIntegration::new(TOOL, JOINTLY))
        .and(ADA, assign(ADAM, JOINTLY, "no_access"));
    for tenant in [JOINTLY, FULLY, NOWHERE] {
        given.engine.execute(ADAM, DetachIntegration::new(TOOL, tenant)).unwrap_err();
    }
    let given = given.when(ADAM, DetachIntegration::new(TOOL, JOINTLY)).then(refused(NotAttached));
    given.when(ADA, DetachIntegration::new(TOOL, JOINTLY)).then(done()).verified();
}

#[test]
fn t9_the_sign_up_to_a_customer_that_one_is_kept_off_is_not_there() {
    let given = given().and(ADA, customer(MSP, "jointly")).and(ADA, assign(ADAM, NEW, "no_access"));
    let given = given
        .when(ADAM, ResendInvitation::new(OLGA_INVITATION))
        .then(refused(UnknownInvitation))
        .when(ADAM, RevokeInvitation::new(OLGA_INVITATION))
        .then(refused(UnknownInvitation));
    // A colleague who was not kept off goes on.
    given.when(ADA, ResendInvitation::new(OLGA_INVITATION)).then(done()).verified();
}

#[test]
fn t9_a_person_of_a_manager_that_is_not_there_is_nobody_who_gets_alerts() {
    let given = given().under(|policy| policy.max_managers = 2);
    let given = linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"]);
    let rule = |additional: UserId| SetAlertRule {
        additional: [additional].into(),
        ..SetAlertRule::new(JOINTLY, text("security"), Audience::AllAdmins)
    };
    let given = given.when(NINA, rule(ADA)).then(refused(NoSuchUser)).when(NINA, rule(NINA)).then(done());
    let given = given.when(ADA, rule(NINA)).then(refused(NoSuchUser)).when(ADA, rule(GINA)).then(done());
    given.when(JULIA, rule(NINA)).then(done()).when(STAFF, rule(ADA)).then(done()).verified();
}

/// A world with something of everything, in which `ADAM` is kept off `JOINTLY` and `SECOND` manages it beside the `MSP`.
fn full() -> Given {
    let invited = InviteUser::new(JOINTLY, invitee(EVE, EVE_INVITATION, "eve"), text("read_only"));
    let tool = CreateIntegration::new(MSP, text("ticketing"), text("Tickets"));
    let console = OpenConsole::new(JOINTLY, text("manage"), text("/"));
    let given = trade(MoveRule::Approval).under(|policy| {
        policy.max_managers = 2;
        policy.consoles.insert(text("manage"), "https://manage.example/".to_owned());
    });
    linked(given, 0xd01, SECOND, "JOINTLY", "jointly", &["enrollment"])
        .and(ADA, assign(ADAM, JOINTLY, "no_access"))
        .and(ROB, upload(1, MSP, &["SN-1"]))
        .and(ROB, upload(2, JOINTLY, &["SN-2", "SN-3"]))
        .and(ADA, hand(JOINTLY, &["SN-1"]))
        .and(ADA, CreateIntegration { integration: Some(TOOL), ..tool })
        .and(ADA, ShareIntegration::new(TOOL, JOINTLY))
        .and(ADA, BuyLicence { licence: Some(LICENCE), ..BuyLicence::new(MSP, JOINTLY, text("manage"), 5) })
        .and(ADA, AssignSeats::new(LICENCE, set(&["SN-2"])))
        .and(ADA, OpenConsole { session: Some(SESSION), ..console })
        .and(
            JULIA,
            CreateRole { role: Some(ROLE), ..CreateRole::new(JOINTLY, text("Desk"), set(&["users.view"])) },
        )
        .and(JULIA, invited)
        .and(JULIA, EditUser { email: Some(mail("other")), ..EditUser::new(JIM) })
        .and(ADA, ask(MSP, "ALONE", "jointly"))
        .and(ADA, customer(MSP, "jointly"))
        .and(ADA, assign(ADAM, NEW, "no_access"))
        .and(JULIA, RequestDelink::new(JOINTLY_LINK))
        .and(JULIA, EditTenant { country: Patch::Set(text("DE")), ..EditTenant::new(JOINTLY) })
}

const SESSION: SessionId = SessionId::from_uuid(Uuid::from_u128(0x9c0));
const ROLE: RoleId = RoleId::from_uuid(Uuid::from_u128(0x9d0));

/// Everything that somebody is told by lists, as text.
fn told(moment: &Moment<'_>, who: UserId, tenants: &[TenantId]) -> String {
    let mut text = format!("{who}");
    macro_rules! hear {
        ($($query:expr),+ $(,)?) => {
            $(if let Ok(answer) = moment.ask($query) { text += &serde_json::to_string(&answer).unwrap(); })+
        };
    }
    let by = || Actor::User(who);
    hear!(Places::new(by()), Awaiting::new(by()), AskedByMe::new(by()), MyProfile::new(by()));
    for &tenant in tenants {
        hear!(
            Settings::new(by(), tenant),
            Customers::new(by(), tenant),
            Users::new(by(), tenant),
            Integrations::new(by(), tenant),
            ResellerCustomers::new(by(), tenant),
            Managers::new(by(), tenant),
            Links::new(by(), tenant),
            BarredManagers::new(by(), tenant),
            Roles::new(by(), tenant),
            Assignments::new(by(), tenant),
            Invitations::new(by(), tenant),
            Devices::new(by(), tenant),
            Uploads::new(by(), tenant),
            Resellers::new(by(), tenant),
            AlertRules::new(by(), tenant),
            Licences::new(by(), tenant),
            Sessions::new(by(), tenant),
            Audit::new(by(), tenant),
        );
        for sent in [false, true] {
            hear!(
                LinkRequests {
                    filter: LinkRequestFilter { sent, ..Default::default() },
                    ..LinkRequests::new(by(), tenant)
                },
                ManagerInvitations {
                    filter: ManagerInvitationFilter { sent, ..Default::default() },
                    ..ManagerInvitations::new(by(), tenant)
                },
                Proposals {
                    filter: ProposalFilter { sent, ..Default::default() },
                    ..Proposals::new(by(), tenant)
                },
                Moves { filter: MoveFilter { sent, ..Default::default() }, ..Moves::new(by(), tenant) },
            );
        }
    }
    text
}

/// Every place of an id in a document.
fn places(of: &Value, at: &str, found: &mut Vec<String>) {
    match of {
        Value::String(text) if Uuid::parse_str(text).is_ok() => found.push(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(place, item)| places(item, &format!("{at}/{place}"), found));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| places(member, &format!("{at}/{name}"), found));
        }
        _ => {}
    }
}

fn home(given: &Given, who: UserId) -> TenantId {
    given.get::<User>(who.uuid()).home
}

/// With what somebody's command would be refused, and what is said about it; nothing, where it would be done.
fn refusal(world: &World<'_>, who: UserId, command: &Value) -> Option<Refusal> {
    let fresh = || Uuid::from_u128(0xfff_0001);
    let world = World::new(world.view, world.at, 0, &fresh).unwrap();
    let id = RequestId::from_uuid(Uuid::nil());
    let command = serde_json::from_value::<Command>(command.clone()).unwrap();
    match decide(&world, &Request { id, actor: who.into(), expected_seq: None, command }) {
        Ok(_) => None,
        Err(Stop::Refused(refusal)) => Some(refusal),
        Err(Stop::Broken(error)) => panic!("{error}"),
    }
}

/// Whether a refusal names this, as a whole or at one of its items.
fn is_named(refusal: &Refusal, id: &str) -> bool {
    let items = refusal.items.iter().map(|it| &it.about);
    items.chain([&refusal.about]).any(|about| about.contains(id))
}

#[test]
fn t9_no_command_tells_an_id_that_one_is_not_told_of_from_one_of_nothing() {
    let given = full();
    let read = given.engine.read().unwrap();
    let moment = read.now().unwrap();
    let world = world(&moment);
    let tenants = [GRAND, MSP, SECOND, JOINTLY, FULLY, ALONE, EMPTY, RESELLER, NEW];
    let mut ids: BTreeSet<Uuid> = tenants.iter().map(|it| it.uuid()).collect();
    ids.extend([JOINTLY_LINK, FULLY_LINK, GRAND_LINK, NEW_LINK, link_id(0xd01)].map(|it| it.uuid()));
    ids.extend([EVE_INVITATION, OLGA_INVITATION, IVY_INVITATION].map(|it| it.uuid()));
    ids.extend([ASKED.uuid(), MOVE.uuid(), TOOL.uuid(), LICENCE.uuid(), SESSION.uuid(), ROLE.uuid()]);
    ids.extend([upload_id(1), upload_id(2)].map(|it| it.uuid()));
    let people = [GINA, GUS, ADA, ADAM, RITA, NOEL, NINA, JULIA, JACK, JIM, FRED, CARL, ROB];
    ids.extend(people.iter().map(|it| it.uuid()));
    let nothing = Uuid::from_u128(0x1234_5678);
    let (mut tried, mut apart) = (0, BTreeMap::new());
    for who in people {
        let told = told(&moment, who, &tenants);
        let hidden: Vec<Uuid> = ids.iter().copied().filter(|id| !told.contains(&id.to_string())).collect();
        for command in faults::one_of_each() {
            let name = command.name();
            let command = serde_json::to_value(&command).unwrap();
            let mut at = Vec::new();
            places(&command, "", &mut at);
            for place in at {
                let with = |id: Uuid| {
                    let mut command = command.clone();
                    *command.pointer_mut(&place).unwrap() = Value::String(id.to_string());
                    (refusal(world, who, &command), command.to_string())
                };
                let of_nothing = with(nothing).0.map(|it| it.code);
                for id in &ids {
                    let (said, command) = with(*id);
                    tried += 1;
                    // An answer names no id that the command did not.
                    let names = hidden.iter().map(Uuid::to_string).any(|id| {
                        said.as_ref().is_some_and(|it| is_named(it, &id)) && !command.contains(&id)
                    });
                    if names {
                        apart.insert(format!("{name}{place} of {who}: {id}"), (said.clone(), of_nothing));
                    }
                    if !hidden.contains(id) {
                        continue;
                    }
                    let code = said.as_ref().map(|it| it.code);
                    let about = said.as_ref().map_or("", |it| &it.about);
                    // Whose turn it is, is told to whoever is at home on a side (L-3.3).
                    let parties = [
                        given.find::<Link>(*id).map(|it| [it.manager, it.managed]),
                        given.find::<LinkRequest>(*id).map(|it| [it.manager, it.managed]),
                    ];
                    let turn = code == Some(WrongActor)
                        && parties.into_iter().flatten().flatten().any(|it| home(&given, who) == it);
                    // Why one may not is told of what is there for one; that an id is taken, to whoever chooses it.
                    let lacks =
                        code.is_some_and(|code| code.family() == Family::Rights) && told.contains(about);
                    if code != of_nothing && code != Some(IdTaken) && !lacks && !turn {
                        apart.insert(format!("{name}{place} of {who}: {id}"), (said, of_nothing));
                    }
                }
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
    assert!(apart.is_empty(), "{apart:#?}");
}
