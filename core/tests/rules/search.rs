//! Every reachable state of a small world, searched breadth first by the very code that runs: two managers, one
//! customer, their users and every protocol command. What is over (an ended link, an answered request, a removed user) is
//! forgotten, so that the world stays finite and everything can begin again.

use std::collections::{BTreeMap, BTreeSet};

use tenantry::diagram::machines;
use tenantry::event::Event;
use tenantry::model::{
    Actor, EndCause, HandshakeState, Invitation, Link, LinkRequest, Party, Stage, Subject, Tenant, User,
    UserState,
};
use tenantry::policy::Policy;
use tenantry::query::Question;
use tenantry::refusal::Code;
use tenantry::testkit::inside::{
    Any, Kind, Memory, Stop, View, World, Write, access, apply, decide, due, sweep,
};

use super::*;

// The second user of the customer, and the manager's helper, are `EVE` and `RITA` as elsewhere.
const MANAGERS: [(TenantId, UserId, u128); 2] = [(MSP, ADA, 0x5b1), (SECOND, NINA, 0x5b2)];
const PEOPLE: [UserId; 5] = [ADA, RITA, NINA, CARL, EVE];
const PERMISSIONS: [&str; 4] = ["tenant.view", "devices.manage", "users.manage", "link.respond"];
const IVORY: InvitationId = InvitationId::from_uuid(Uuid::from_u128(0x4b0));

/// What somebody can do next.
#[derive(Clone)]
struct Move {
    name: String,
    actor: Actor,
    command: Option<Command>,
    /// For delink acts, who does what.
    act: Option<String>,
    /// For time passing, how many days.
    days: u32,
}

fn step(name: impl Into<String>, actor: impl Into<Actor>, command: impl Into<Command>) -> Move {
    Move { name: name.into(), actor: actor.into(), command: Some(command.into()), act: None, days: 0 }
}

fn run(world: &Memory, it: &Move) -> Result<(Memory, Vec<Event>), Code> {
    let fresh = || Uuid::from_u128(0xfff);
    let mut next = world.clone();
    let mut all = Vec::new();
    let Some(command) = &it.command else {
        // Time passes until nothing more is due; then the calendar is turned back, so that the world stays finite.
        let at = dawn().plus_days(it.days);
        for item in due::all(&next, at).unwrap() {
            while let Some(step) = sweep(&World::reading(&next, at).unwrap(), item).unwrap() {
                happen(&mut next, &step.events);
                all.extend(step.events);
            }
        }
        return Ok((next, all));
    };
    let request = Request {
        id: tenantry::base::ids::RequestId::from_uuid(Uuid::nil()),
        actor: it.actor.clone(),
        expected_seq: None,
        command: command.clone(),
    };
    let decision = match decide(&World::new(world, dawn(), 0, &fresh).unwrap(), &request) {
        Ok(decision) => decision,
        Err(Stop::Refused(refusal)) => return Err(refusal.code),
        Err(Stop::Broken(error)) => panic!("{error}"),
    };
    happen(&mut next, &decision.events);
    for (subject, personal) in decision.people {
        next.change_personal(subject, personal);
    }
    all.extend(decision.events);
    Ok((next, all))
}

fn happen(world: &mut Memory, events: &[Event]) {
    for event in events {
        for change in apply(world, event, dawn()).unwrap() {
            world.change(change);
        }
    }
}

/// Forgets what is over.
fn forget(world: &mut Memory) {
    let over: Vec<Any> = world
        .entities()
        .filter(|any| match any {
            Any::Link(it) => !it.stage.is_in_force(),
            Any::Listing(it) => !it.stage.is_in_force(),
            Any::LinkRequest(it) => it.handshake.state != HandshakeState::Pending,
            Any::Invitation(it) => it.handshake.state != HandshakeState::Pending,
            Any::User(it) => it.state == UserState::Removed,
            Any::Asked(_) => true,
            _ => false,
        })
        .cloned()
        .collect();
    for gone in over {
        if let Any::User(user) = &gone {
            world.change_personal(Subject::User(user.id), None);
        }
        world.change(Write::Remove(gone));
    }
}

fn key(world: &Memory) -> String {
    world.entities().filter(|any| any.kind() != Kind::PolicyVersion).map(Any::encode).collect()
}

fn get<E: tenantry::testkit::inside::Entity>(world: &Memory, id: Uuid) -> Option<std::sync::Arc<E>> {
    let view: &dyn View = world;
    view.get(id).unwrap()
}

/// Who may do what on whom.
fn rights(world: &Memory) -> Vec<bool> {
    let now = World::reading(world, dawn()).unwrap();
    let mut all = Vec::new();
    for user in PEOPLE {
        for tenant in [ALONE, MSP, SECOND] {
            for permission in PERMISSIONS {
                let question = Question::new(user, text(permission), tenant);
                all.push(access::check(&now, &question, 0).unwrap().allowed);
            }
        }
    }
    all
}

fn links(world: &Memory) -> Vec<std::sync::Arc<Link>> {
    world
        .entities()
        .filter_map(|any| match any {
            Any::Link(link) if link.stage.is_in_force() => Some(link.clone()),
            _ => None,
        })
        .collect()
}

fn homes(world: &Memory, user: UserId) -> Option<TenantId> {
    get::<User>(world, user.uuid()).map(|user| user.home)
}

/// What must hold in every state.
fn hold(world: &Memory, rights: &[bool], policy: &Policy) {
    let links = links(world);
    for tenant in [ALONE, MSP, SECOND] {
        let above: Vec<_> = links.iter().filter(|link| link.managed == tenant).collect();
        assert!(above.len() <= policy.max_managers as usize, "L-7: no more managers than the policy allows");
        for (place, link) in above.iter().enumerate() {
            let exclusive = policy.management(&link.management).unwrap().exclusive;
            assert!(!exclusive || above.len() == 1, "L-7: an exclusive link tolerates no other");
            for other in above.iter().skip(place + 1) {
                assert!(link.services.is_disjoint(&other.services), "L-7: services do not overlap");
            }
        }
    }
    for link in &links {
        let mut at = link.manager;
        for _ in 0..3 {
            assert_ne!(at, link.managed, "L-8: no cycle");
            match links.iter().find(|above| above.managed == at) {
                Some(above) => at = above.manager,
                None => break,
            }
        }
        let rule = policy.management(&link.management).unwrap();
        assert!(
            rule.delinkable || link.stage == Stage::Active,
            "D-1: only what can be delinked is asked to be"
        );
        assert!(link.grants.is_subset(&policy.grantable), "P-7: only what can be granted is");
    }
    let locked = |tenant| {
        links
            .iter()
            .any(|link| link.managed == tenant && policy.management(&link.management).unwrap().locks_customer)
    };
    let manages = |home: TenantId, tenant: TenantId| {
        let mut open = vec![tenant];
        while let Some(at) = open.pop() {
            for link in links.iter().filter(|link| link.managed == at) {
                if link.manager == home {
                    return true;
                }
                open.push(link.manager);
            }
        }
        false
    };
    let mut allowed = rights.iter();
    for user in PEOPLE {
        for tenant in [ALONE, MSP, SECOND] {
            for permission in PERMISSIONS {
                if !allowed.next().unwrap() {
                    continue;
                }
                let home = homes(world, user).expect("P-1: whoever may do something is there");
                let state = get::<User>(world, user.uuid()).unwrap().state;
                assert_eq!(state, UserState::Active, "P-1");
                assert!(home == tenant || manages(home, tenant), "P-3, D-6: no right without home or link");
                assert!(
                    home != tenant || !locked(tenant),
                    "P-4: a locked customer's users are never allowed"
                );
                assert!(
                    home == tenant || permission != "link.respond",
                    "P-6: the customer's voice is never a manager's"
                );
            }
        }
    }
    for any in world.entities() {
        if let Any::Assignment(it) = any {
            let home = homes(world, it.user).expect("U-3: a removed user has no role left");
            assert!(home == it.tenant || manages(home, it.tenant), "D-6: no assignment without home or link");
        }
    }
}

/// What must hold of every step.
fn follow(before: (&Memory, &[bool]), after: (&Memory, &[bool]), events: &[Event], policy: &Policy) {
    let quiet = events.iter().all(|event| {
        matches!(
            event,
            Event::DelinkRequested { .. }
                | Event::DelinkResent { .. }
                | Event::DelinkRejected { .. }
                | Event::DelinkCanceled { .. }
                | Event::DelinkExpired { .. }
                | Event::LinkRequested { .. }
                | Event::LinkRequestResent { .. }
                | Event::LinkRequestDeclined { .. }
                | Event::LinkRequestCanceled { .. }
                | Event::LinkRequestExpired { .. }
                | Event::UserInvited { .. }
                | Event::InvitationResent { .. }
                | Event::InvitationDeclined { .. }
                | Event::InvitationRevoked { .. }
                | Event::InvitationExpired { .. }
        )
    });
    assert!(!quiet || before.1 == after.1, "L-2, D-3: asking and reminding change nobody's rights");
    let owners = |world: &Memory| World::reading(world, dawn()).unwrap().super_admins(ALONE).unwrap().len();
    let locked = |world: &Memory| {
        links(world)
            .iter()
            .any(|link| link.managed == ALONE && policy.management(&link.management).unwrap().locks_customer)
    };
    if owners(before.0) > 0 && !locked(before.0) {
        assert!(owners(after.0) > 0, "U-3: the last super admin stays");
    }
    for link in links(after.0) {
        if let Some(was) = get::<Link>(before.0, link.id.uuid())
            && was.management != link.management
        {
            assert_eq!((was.management.as_str(), link.management.as_str()), ("fully", "jointly"), "L-5");
        }
    }
}

type Taken = BTreeSet<(&'static str, String, String, String)>;

/// Notes the arrows of the machines that an event takes.
fn note(before: &Memory, after: &Memory, event: &Event, it: &Move, taken: &mut Taken) {
    let operation = |id: TenantId, trigger: &str, taken: &mut Taken| {
        let state = |world| get::<Tenant>(world, id.uuid()).unwrap().operation.to_string();
        taken.insert(("operation", state(before), trigger.to_owned(), state(after)));
    };
    let stage = |id: LinkId, trigger: String, taken: &mut Taken| {
        let state = |world| get::<Link>(world, id.uuid()).unwrap().stage.to_string();
        taken.insert(("delink", state(before), trigger, state(after)));
    };
    let asked = |id: LinkRequestId, trigger: &str, taken: &mut Taken| {
        let state = |world| get::<LinkRequest>(world, id.uuid()).unwrap().handshake.state.to_string();
        taken.insert(("handshake", state(before), trigger.to_owned(), state(after)));
    };
    let user = |id: UserId, trigger: &str, taken: &mut Taken| {
        let state = |world| get::<User>(world, id.uuid()).unwrap().state.to_string();
        taken.insert(("user", state(before), trigger.to_owned(), state(after)));
    };
    let invited = |id: InvitationId, trigger: &str, then: Option<&str>, taken: &mut Taken| {
        let state = |world| get::<Invitation>(world, id.uuid()).unwrap().handshake.state.to_string();
        taken.insert(("handshake", state(before), trigger.to_owned(), state(after)));
        if let Some(then) = then {
            user(get::<Invitation>(before, id.uuid()).unwrap().user, then, taken);
        }
    };
    match event {
        Event::TenantDisabled { tenant } => operation(*tenant, "disable", taken),
        Event::TenantEnabling { tenant } => operation(*tenant, "enable", taken),
        Event::TenantEnabled { tenant } => operation(*tenant, "ready", taken),
        Event::DelinkRequested { link, .. }
        | Event::DelinkResent { link, .. }
        | Event::DelinkRejected { link, .. }
        | Event::DelinkCanceled { link, .. } => stage(*link, it.act.clone().unwrap(), taken),
        Event::LinkEnded { link, cause: EndCause::NoticeOver, .. } => {
            stage(*link, "clock complete".to_owned(), taken);
        }
        Event::LinkEnded { link, .. } => stage(*link, it.act.clone().unwrap(), taken),
        Event::DelinkExpired { link } => stage(*link, "clock expire".to_owned(), taken),
        Event::LinkRequestAccepted { request } => asked(*request, "accept", taken),
        Event::LinkRequestDeclined { request } => asked(*request, "decline", taken),
        Event::LinkRequestCanceled { request } => asked(*request, "cancel", taken),
        Event::LinkRequestWithdrawn { request } => asked(*request, "withdraw", taken),
        Event::LinkRequestResent { request, .. } => asked(*request, "resend", taken),
        Event::LinkRequestExpired { request } => asked(*request, "expire", taken),
        Event::InvitationAccepted { invitation } => invited(*invitation, "accept", Some("join"), taken),
        Event::InvitationDeclined { invitation } => invited(*invitation, "decline", Some("withdraw"), taken),
        Event::InvitationRevoked { invitation } => invited(*invitation, "revoke", Some("withdraw"), taken),
        Event::InvitationExpired { invitation } => invited(*invitation, "expire", Some("withdraw"), taken),
        Event::InvitationWithdrawn { invitation } => {
            invited(*invitation, "withdraw", Some("withdraw"), taken)
        }
        Event::InvitationResent { invitation, .. } => invited(*invitation, "resend", None, taken),
        Event::UserBlocked { user: id } => user(*id, "block", taken),
        Event::UserUnblocked { user: id } => user(*id, "unblock", taken),
        Event::UserRemoved { user: id } => user(*id, "remove", taken),
        _ => {}
    }
}

/// What came of a search.
struct Searched {
    states: usize,
    steps: usize,
    taken: Taken,
    refusals: BTreeMap<Code, usize>,
}

fn search(policy: &Policy, moves: &[Move]) -> Searched {
    let mut start = Memory::new();
    let mut requests: Vec<(Actor, Command)> = vec![(STAFF, SetPolicy::new(Box::new(policy.clone())).into())];
    for (tenant, kind) in [(MSP, TenantKind::Msp), (SECOND, TenantKind::Msp), (ALONE, TenantKind::Customer)] {
        let number = Some(text(&tenant.to_string()[30..]));
        requests.push((
            STAFF,
            RegisterTenant { tenant: Some(tenant), number, ..RegisterTenant::new(kind, text("Name")) }.into(),
        ));
    }
    for (who, home, name, role) in [
        (ADA, MSP, "ada", "super_admin"),
        (RITA, MSP, "rita", "read_only"),
        (NINA, SECOND, "nina", "super_admin"),
        (CARL, ALONE, "carl", "super_admin"),
    ] {
        requests.push((STAFF, user(who, home, name, role).into()));
    }
    for (actor, command) in requests {
        start = run(&start, &step("", actor, command)).unwrap().0;
    }
    let mut known: BTreeMap<String, usize> = BTreeMap::from([(key(&start), 0)]);
    let first = rights(&start);
    let mut states = vec![(start, first)];
    let mut searched = Searched { states: 0, steps: 0, taken: Taken::new(), refusals: BTreeMap::new() };
    while let Some((before, rights_before)) = states.get(searched.states).cloned() {
        searched.states += 1;
        hold(&before, &rights_before, policy);
        for it in moves {
            let (mut after, events) = match run(&before, it) {
                Ok(next) => next,
                Err(code) => {
                    *searched.refusals.entry(code).or_default() += 1;
                    continue;
                }
            };
            searched.steps += 1;
            let mut halfway = before.clone();
            for event in &events {
                let was = halfway.clone();
                happen(&mut halfway, std::slice::from_ref(event));
                note(&was, &halfway, event, it, &mut searched.taken);
            }
            forget(&mut after);
            let name = key(&after);
            let next = match known.get(&name) {
                Some(&next) => next,
                None => {
                    let rights = rights(&after);
                    known.insert(name, states.len());
                    states.push((after, rights));
                    states.len() - 1
                }
            };
            let (after, rights_after) = &states[next];
            follow((&before, &rights_before), (after, rights_after), &events, policy);
        }
    }
    searched
}

fn link_moves(
    managed: TenantId,
    owner: UserId,
    managers: &[(TenantId, UserId, u128)],
    services: [&str; 2],
) -> Vec<Move> {
    let mut moves = Vec::new();
    for (&(manager, who, id), service) in managers.iter().zip(services) {
        let request = LinkRequestId::from_uuid(Uuid::from_u128(id));
        let link = LinkId::from_uuid(Uuid::from_u128(id));
        let number = managed.to_string()[30..].to_owned();
        for how in ["jointly", "fully"] {
            let command = RequestLink {
                request: Some(request),
                ..RequestLink::new(manager, text(&number), text(how), set(&[service]))
            };
            moves.push(step(format!("{who} asks {how}"), who, command));
        }
        moves.push(step("cancel", who, CancelLinkRequest::new(request)));
        moves.push(step("remind", who, ResendLinkRequest::new(request)));
        moves.push(step("accept", owner, AcceptLink::new(request)));
        moves.push(step("decline", owner, DeclineLink::new(request)));
        moves.push(step("convert", who, ConvertLink::new(link, text("jointly"))));
        moves.push(step("back", who, ConvertLink::new(link, text("fully"))));
        for (grants, name) in [(&["users.manage"][..], "grant"), (&[], "withhold")] {
            moves.push(step(name, owner, SetManagerGrants::new(link, set(grants))));
        }
        for (party, actor) in [(Party::Manager, who), (Party::Customer, owner)] {
            let acts: [(&str, Command); 5] = [
                ("request", RequestDelink::new(link).into()),
                ("accept", AcceptDelink::new(link).into()),
                ("reject", RejectDelink::new(link).into()),
                ("resend", ResendDelink::new(link).into()),
                ("cancel", CancelDelink::new(link).into()),
            ];
            for (act, command) in acts {
                let act = format!("{party} {act}");
                moves.push(Move { act: Some(act.clone()), ..step(act, actor, command) });
            }
        }
    }
    moves
}

fn user_moves() -> Vec<Move> {
    let address = || mail("eve");
    let mut moves = vec![
        step("invite", CARL, InviteUser::new(ALONE, invitee(EVE, IVORY, "eve"), text("super_admin"))),
        step("accept", EVE, AcceptInvitation::new(IVORY, address())),
        step("decline", EVE, DeclineInvitation::new(IVORY, address())),
        step("revoke", CARL, RevokeInvitation::new(IVORY)),
        step("resend", CARL, ResendInvitation::new(IVORY)),
        step("remove", CARL, RemoveUser::new(EVE)),
        step("disable", CARL, disable(ALONE)),
        step("enable", CARL, enable(ALONE)),
        step("ready", STAFF, ReportReady::new(ALONE)),
        step("assign", ADA, assign(RITA, ALONE, "admin")),
        step("unassign", ADA, Unassign::new(vec![UserOnTenant { user: RITA, tenant: ALONE }])),
    ];
    for who in [CARL, EVE] {
        moves.push(step("block", STAFF, BlockUser::new(who)));
        moves.push(step("unblock", STAFF, UnblockUser::new(who)));
    }
    for manager in [ADA, NINA] {
        moves.push(step("disable", manager, disable(ALONE)));
        moves.push(step("enable", manager, enable(ALONE)));
    }
    moves
}

fn days(days: u32) -> Move {
    Move { name: format!("{days} days"), actor: Actor::Clock, command: None, act: None, days }
}

#[test]
fn x8_every_reachable_state_of_two_managers_and_a_customer_holds() {
    let policy = Policy { delink_request_days: Some(40), ..Policy::default() };
    let mut moves = link_moves(ALONE, CARL, &MANAGERS, ["manage", "manage"]);
    moves.extend(user_moves());
    moves.extend([days(10), days(35), days(50)]);
    let mut searched = search(&policy, &moves);
    // The same with a notice period in place of the lapse.
    let mut policy = Policy { delink_request_days: None, ..policy };
    policy.management_types.iter_mut().filter(|it| it.delinkable).for_each(|it| it.notice_days = Some(40));
    let mut moves = link_moves(ALONE, CARL, &MANAGERS, ["manage", "manage"]);
    moves.push(days(50));
    let noticed = search(&policy, &moves);
    assert!(noticed.refusals.contains_key(&Code::NoticeRunning), "{:?}", noticed.refusals);
    searched.taken.extend(noticed.taken);
    let mut drawn = Taken::new();
    for machine in machines() {
        for arrow in machine.arrows {
            drawn.insert((machine.name, arrow.from.to_owned(), arrow.trigger, arrow.to.to_owned()));
        }
    }
    let (missing, extra): (Vec<_>, Vec<_>) =
        (drawn.difference(&searched.taken).collect(), searched.taken.difference(&drawn).collect());
    assert!(missing.is_empty() && extra.is_empty(), "never taken: {missing:?}; not drawn: {extra:?}");
    println!(
        "{} states, {} steps, {} kinds of refusal",
        searched.states,
        searched.steps,
        searched.refusals.len()
    );
    assert!(searched.states > 1_000, "{} states", searched.states);
    assert!(searched.refusals.len() >= 15, "{:?}", searched.refusals);
}

#[test]
fn x8_every_reachable_state_of_managers_side_by_side_holds() {
    let policy = Policy { max_managers: 2, delink_request_days: Some(40), ..Policy::default() };
    let mut moves = link_moves(ALONE, CARL, &MANAGERS, ["manage", "configure"]);
    moves.push(days(50));
    let searched = search(&policy, &moves);
    println!("{} states, {} steps", searched.states, searched.steps);
    assert!(searched.states > 80, "{} states", searched.states);
}

#[test]
fn x8_every_reachable_state_of_managers_who_manage_managers_holds() {
    let policy = Policy { max_managers: 2, max_depth: 2, ..Policy::default() };
    let others: [(TenantId, UserId, u128); 2] = [(MSP, ADA, 0x5c1), (SECOND, NINA, 0x5c2)];
    let mut moves = link_moves(ALONE, CARL, &MANAGERS, ["manage", "configure"]);
    moves.extend(link_moves(SECOND, NINA, &others[..1], ["manage", "manage"]));
    moves.extend(link_moves(MSP, ADA, &others[1..], ["manage", "manage"]));
    moves.retain(|it| {
        !it.name.contains("grant")
            && !it.name.contains("resend")
            && it.name != "remind"
            && !it.name.ends_with("fully")
    });
    let searched = search(&policy, &moves);
    println!("{} states, {} steps", searched.states, searched.steps);
    assert!(searched.refusals.contains_key(&Code::LinkCycle), "{:?}", searched.refusals);
    assert!(searched.states > 80, "{} states", searched.states);
}
