//! Everything that is kept, as text by name, so that two worlds can be compared line by line. It never looks at how
//! either of them keeps it.

mod kept;
mod line;
mod stock;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::engine::Moment;
use tenantry::model::{self, Assignment, Hold, Operation, RoleRef, Stage, Subject};

use crate::world::{self, Holder, Oracle};

pub use self::line::State;
use self::line::open_until;

fn assignment_line(role: &RoleRef, below: bool, masked: bool) -> String {
    format!("{role} below={below} masked={masked}")
}

/// The same of what is given for a while.
fn laid_line(given: &str, starts: Timestamp, ends: Timestamp, begun: bool) -> String {
    format!("{given} from {starts} to {ends} begun={begun}")
}

/// What somebody has to activate, and what they did of that which they have until a moment.
fn eligible_line(laid: &str) -> String {
    format!("eligible: {laid}")
}

fn activated_line(laid: &str, of: Timestamp) -> String {
    format!("of that until {of}: {laid}")
}

/// What stands for good, if anything does, and what lies over it, in the order in which it was given.
fn pair_line(lasting: Option<String>, laid: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = [lasting.unwrap_or_default()].into_iter().chain(laid).collect();
    lines.join("; ")
}

/// Whether a tenant can be worked on, and who keeps it from that beside its managers; of one that is no more it does not
/// matter.
fn operation(deleted: bool, operation: Operation, own: bool, operator: bool) -> String {
    if deleted { String::new() } else { format!("{operation} own={own} operator={operator}") }
}

fn assignment_name(user: UserId, tenant: TenantId) -> String {
    format!("assignment of {user} on {tenant}")
}

/// What the oracle remembers.
pub fn of_oracle(oracle: &Oracle) -> State {
    let mut state = State::new();
    state.insert("policy".to_owned(), serde_json::to_string(&oracle.policy).unwrap());
    for t in &oracle.tenants {
        let (own, operator) = (t.held_by.contains(&Holder::Own), t.held_by.contains(&Holder::Operator));
        let line = format!(
            "{} {} {:?} {:?} {:?} {:?} {} owned={} deleted={} personal={:?} {:?} {:?}",
            t.number,
            t.kind,
            t.name,
            t.country,
            t.website,
            t.prefix,
            operation(t.deleted, t.operation, own, operator),
            t.had_owner,
            t.deleted,
            t.street,
            t.coordinates,
            t.phone
        );
        state.insert(format!("tenant {}", t.id), line);
    }
    for l in &oracle.links {
        let over = l.stage == Stage::Delinked;
        let holds = oracle.living(l.managed).is_some_and(|t| t.held_by.contains(&Holder::Link(l.id)));
        let line = format!(
            "{} manages {} {} by {} {:?} {:?} {} holds={} term={:?} {:?} ended={:?} delink={:?} {:?} announced={:?}",
            l.manager,
            l.managed,
            l.management,
            l.terms,
            l.services,
            l.grants,
            l.stage,
            holds,
            l.expires,
            l.extend_days,
            l.ended,
            l.delink_expires,
            l.delink_ends,
            l.announced.filter(|_| !over)
        );
        state.insert(format!("link {}", l.id), line);
    }
    for r in &oracle.requests {
        let line = format!(
            "{} asks {} {} by {} {:?} {:?} by {:?} {}",
            r.manager,
            r.managed,
            r.management,
            r.terms,
            r.services,
            r.term,
            r.sender,
            open_until(r.state, r.expires)
        );
        state.insert(format!("link request {}", r.id), line);
    }
    for i in &oracle.manager_invitations {
        let until = open_until(i.state, i.expires);
        let line = format!("{} invites {} by {:?} {until}", i.tenant, i.manager, i.sender);
        state.insert(format!("manager invitation {}", i.id), line);
    }
    for (tenant, manager, since) in &oracle.barred {
        if oracle.living(*tenant).is_some() {
            state.insert(format!("barred {manager} by {tenant}"), since.to_string());
        }
    }
    for a in &oracle.address_changes {
        let until = open_until(a.state, a.expires);
        let line = format!("of {} to {:?} by {:?} {until}", a.home, a.email, a.sender);
        state.insert(format!("address change of {}", a.user), line);
    }
    for p in &oracle.proposals {
        let until = open_until(p.state, p.expires);
        let line = format!(
            "{:?} on {} of {} and {} by {:?} {until}",
            p.content, p.link, p.manager, p.managed, p.sender
        );
        state.insert(format!("proposal {}", p.id), line);
    }
    for i in &oracle.invitations {
        let line = format!(
            "{} to {} {} below={} sign_up={} masked={} by {:?} {}",
            i.user,
            i.tenant,
            i.role,
            i.below,
            i.sign_up,
            i.masked,
            i.sender,
            open_until(i.state, i.expires)
        );
        state.insert(format!("invitation {}", i.id), line);
    }
    for u in &oracle.users {
        state.insert(format!("user {}", u.id), format!("{} {} {:?} {:?}", u.home, u.state, u.name, u.email));
    }
    for (user, tenant) in oracle.pairs() {
        let line = |a: &world::Assignment| assignment_line(&a.role, a.below, a.masked);
        let laid = oracle.laid(user, tenant, Timestamp::MIN);
        let laid = laid.flat_map(|one| {
            let given = line(&one.given);
            let laid = laid_line(&given, one.starts, one.ends, one.begun);
            let active = one.active.map(|active| laid_line(&given, active.since, active.ends, true));
            let active = active.map(|line| activated_line(&line, one.ends));
            [if one.eligible { eligible_line(&laid) } else { laid }].into_iter().chain(active)
        });
        state.insert(assignment_name(user, tenant), pair_line(oracle.lasting(user, tenant).map(line), laid));
    }
    for r in &oracle.roles {
        state.insert(format!("role {}", r.id), format!("{} {:?} {:?}", r.tenant, r.name, r.permissions));
    }
    stock::of_oracle(oracle, &mut state);
    kept::of_oracle(oracle, &mut state);
    state
}

/// What the engine keeps under the ids that the oracle knows.
pub fn of_engine(moment: &Moment<'_>, known: &Oracle) -> State {
    let mut state = State::new();
    state.insert("policy".to_owned(), serde_json::to_string(moment.policy()).unwrap());
    for known in &known.tenants {
        let Some(t) = moment.host().get::<model::Tenant>(known.id.uuid()).unwrap() else { continue };
        let personal = moment.host().personal(Subject::Tenant(t.id)).unwrap().unwrap_or_default();
        let (own, operator) = (t.holds.contains(&Hold::Own), t.holds.contains(&Hold::Operator));
        let line = format!(
            "{} {} {:?} {:?} {:?} {:?} {} owned={} deleted={} personal={:?} {:?} {:?}",
            t.number,
            t.kind,
            t.name,
            t.country,
            t.website,
            t.prefix,
            operation(t.deleted.is_some(), t.operation, own, operator),
            t.had_owner,
            t.deleted.is_some(),
            personal.street,
            personal.coordinates,
            personal.phone
        );
        state.insert(format!("tenant {}", t.id), line);
    }
    for one in &known.links {
        let Some(l) = moment.host().get::<model::Link>(one.id.uuid()).unwrap() else { continue };
        let over = l.stage == Stage::Delinked;
        let holds = known.living(l.managed).is_some() && l.holds;
        let line = format!(
            "{} manages {} {} by {} {:?} {:?} {} holds={} term={:?} {:?} ended={:?} delink={:?} {:?} announced={:?}",
            l.manager,
            l.managed,
            l.management,
            l.terms,
            l.services,
            l.grants,
            l.stage,
            holds,
            l.term.as_ref().map(|term| term.expires),
            l.term.as_ref().and_then(|term| term.auto_extend_days),
            l.ended.as_ref().map(|ended| ended.cause),
            l.delink_expires,
            l.delink_ends,
            l.announced_days.filter(|_| !over)
        );
        state.insert(format!("link {}", l.id), line);
    }
    for known in &known.requests {
        let Some(r) = moment.host().get::<model::LinkRequest>(known.id.uuid()).unwrap() else { continue };
        let line = format!(
            "{} asks {} {} by {} {:?} {:?} by {:?} {}",
            r.manager,
            r.managed,
            r.management,
            r.terms,
            r.services,
            r.term,
            r.handshake.sender,
            open_until(r.handshake.state, r.handshake.expires)
        );
        state.insert(format!("link request {}", r.id), line);
    }
    for one in &known.manager_invitations {
        let Some(i) = moment.host().get::<model::ManagerInvitation>(one.id.uuid()).unwrap() else { continue };
        let until = open_until(i.handshake.state, i.handshake.expires);
        let line = format!("{} invites {} by {:?} {until}", i.tenant, i.manager, i.handshake.sender);
        state.insert(format!("manager invitation {}", i.id), line);
    }
    for tenant in known.tenants.iter().filter(|one| !one.deleted) {
        for manager in &known.tenants {
            let key = model::BarredManager::key(tenant.id, manager.id);
            if let Some(b) = moment.host().get::<model::BarredManager>(key).unwrap() {
                state.insert(format!("barred {} by {}", b.manager, b.tenant), b.since.to_string());
            }
        }
    }
    for one in &known.address_changes {
        let Some(a) = moment.host().get::<model::AddressChange>(one.user.uuid()).unwrap() else { continue };
        let personal = moment.host().personal(Subject::User(a.user)).unwrap().unwrap_or_default();
        let until = open_until(a.handshake.state, a.handshake.expires);
        // It is forgotten with the record of its end, which may be to come.
        let forgotten = one.state == a.handshake.state;
        let email = personal.new_email.filter(|_| forgotten);
        let line = format!("of {} to {email:?} by {:?} {until}", a.home, a.handshake.sender);
        state.insert(format!("address change of {}", a.user), line);
    }
    for known in &known.proposals {
        let Some(p) = moment.host().get::<model::Proposal>(known.id.uuid()).unwrap() else { continue };
        let until = open_until(p.handshake.state, p.handshake.expires);
        let sender = p.handshake.sender;
        let line =
            format!("{:?} on {} of {} and {} by {sender:?} {until}", p.content, p.link, p.manager, p.managed);
        state.insert(format!("proposal {}", p.id), line);
    }
    for known in &known.invitations {
        let Some(i) = moment.host().get::<model::Invitation>(known.id.uuid()).unwrap() else { continue };
        let line = format!(
            "{} to {} {} below={} sign_up={} masked={} by {:?} {}",
            i.user,
            i.tenant,
            i.role,
            i.below,
            i.sign_up,
            i.masked,
            i.handshake.sender,
            open_until(i.handshake.state, i.handshake.expires)
        );
        state.insert(format!("invitation {}", i.id), line);
    }
    for user in &known.users {
        let Some(u) = moment.host().get::<model::User>(user.id.uuid()).unwrap() else { continue };
        let personal = moment.host().personal(Subject::User(u.id)).unwrap().unwrap_or_default();
        let line = format!("{} {} {:?} {:?}", u.home, u.state, personal.name, personal.email);
        state.insert(format!("user {}", u.id), line);
        for tenant in &known.tenants {
            if let Some(a) = moment.host().get::<Assignment>(Assignment::key(u.id, tenant.id).uuid()).unwrap()
            {
                let lasting = (!a.bare).then(|| assignment_line(&a.role, a.below, a.masked));
                let laid = a.over.iter().map(|one| {
                    let given = assignment_line(&one.role, one.below, one.masked);
                    let laid = laid_line(&given, one.starts, one.ends, one.begun);
                    let laid = if one.eligible { eligible_line(&laid) } else { laid };
                    one.activated.map(|of| activated_line(&laid, of)).unwrap_or(laid)
                });
                state.insert(assignment_name(a.user, a.tenant), pair_line(lasting, laid));
            }
        }
    }
    for id in &known.used_role_ids {
        if let Some(r) =
            moment.host().get::<model::Role>(id.uuid()).unwrap().filter(|role| role.deleted.is_none())
        {
            state.insert(format!("role {}", r.id), format!("{} {:?} {:?}", r.tenant, r.name, r.permissions));
        }
    }
    stock::of_engine(moment, known, &mut state);
    kept::of_engine(moment, known, &mut state);
    state
}

/// The first line that differs, if there is one.
pub fn first_difference(left: &State, right: &State, names: [&str; 2]) -> Option<String> {
    let nothing = "nothing".to_owned();
    for name in left.keys().chain(right.keys()) {
        let (one, other) = (left.get(name).unwrap_or(&nothing), right.get(name).unwrap_or(&nothing));
        if one != other {
            return Some(format!("{name}\n  {}: {one}\n  {}: {other}", names[0], names[1]));
        }
    }
    None
}
