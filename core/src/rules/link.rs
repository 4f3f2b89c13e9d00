//! Links (L): request, answer, convert, services, term, grants. Reads a view, returns events.

use std::collections::BTreeSet;
use std::iter;
use std::sync::Arc;

use super::access::Gate;
use super::authority;
use super::graph;
use super::ids::NewIds;
use super::rights::Giver;
use super::world::{Bars, Decision, Ruling, World, refuse, unless_refused};
use super::{alert, device, handshake, integration, kept_off, manager, operation, temporary, user};
use crate::base::ids::{LinkId, LinkRequestId, TenantId};
use crate::base::text::{ManagementType, Service};
use crate::base::time::Timestamp;
use crate::command::{
    AcceptLink, CancelLinkRequest, ConvertLink, DeclineLink, RemoveService, RequestLink, ResendLinkRequest,
    SetAutoExtend, SetManagerGrants,
};
use crate::event::Event;
use crate::model::machine::HandshakeTrigger;
use crate::model::permission::{CUSTOMERS_ADD, GRANTS_MANAGE, LINK_RESPOND};
use crate::model::{
    Actor, EndCause, Link, LinkRequest, Party, Tenant, TenantKind, Term, TermRequest, announced_by,
};
use crate::policy::{MAX_CHAIN, WhoAsks};
use crate::refusal::Code;
use crate::view::ViewError;

/// A link that somebody would like to have.
pub(super) struct WantedLink<'a> {
    pub(super) manager: &'a Tenant,
    pub(super) managed: TenantId,
    /// What the actor called it: a number is answered with the number alone (T-8).
    pub(super) named: &'a dyn std::fmt::Display,
    pub(super) kind: TenantKind,
    pub(super) management: &'a ManagementType,
    /// The number of the terms that both sides agree to (P-13).
    pub(super) terms: u32,
    pub(super) services: &'a BTreeSet<Service>,
    pub(super) term: Option<TermRequest>,
}

impl WantedLink<'_> {
    /// The events by which the link comes into force now: with what its end has to be announced by
    /// already, if it has one (L-9).
    pub(super) fn created(&self, world: &World<'_>, link: LinkId) -> Vec<Event> {
        let term = self.term.map(|term| term.starting(world.at));
        let announced = announced(world, link, term.as_ref().and_then(Term::ends_at));
        let created = Event::LinkCreated {
            link,
            manager: self.manager.id,
            managed: self.managed,
            management: self.management.clone(),
            terms: self.terms,
            services: self.services.clone(),
            term,
        };
        iter::once(created).chain(announced).collect()
    }
}

/// What is announced at once of an end that is near, where there is one.
fn announced(world: &World<'_>, link: LinkId, ends: Option<Timestamp>) -> Option<Event> {
    Some(Event::LinkExpiring { link, days: announced_by(ends?, world.at)? })
}

/// What is announced with another term: the end of the link that it makes. The end of a notice
/// period that stays what ends the link was announced with the period (D-8).
pub(super) fn announced_with_term(world: &World<'_>, link: &Link, term: Option<Term>) -> Option<Event> {
    let ends = Link { term, ..link.clone() }.ends_at();
    let stays = ends == link.ends_at() && ends == link.delink_ends;
    announced(world, link.id, ends.filter(|_| !stays))
}

/// What is announced with a notice period that begins or no longer runs: the end of the link, where
/// that makes it another one (D-8).
pub(super) fn announced_with(
    world: &World<'_>,
    link: &Link,
    delink_ends: Option<Timestamp>,
) -> Option<Event> {
    let ends = Link { delink_ends, ..link.clone() }.ends_at();
    announced(world, link.id, ends.filter(|_| ends != link.ends_at()))
}

/// Notes everything that stands in the way of a link: policy, kinds, cycle, depth, other managers
/// (L-6 to L-9). What tells of who else has to do with the managed tenant, or with the manager, is
/// handed back.
///
/// # Errors
/// When the view cannot be read. Noted are `unknown_management_type`, `no_services`,
/// `unknown_service`, `term_required`, `term_unclear`, `term_too_long`, `end_not_later`,
/// `self_link`, `cannot_manage`, `cannot_be_managed`; handed back `already_linked`, `link_cycle`,
/// `too_deep`, `too_many_managers`, `exclusive_link`, `services_overlap`.
pub(super) fn bar(world: &World<'_>, wanted: &WantedLink<'_>, bars: &mut Bars) -> Result<Bars, ViewError> {
    let policy = &world.policy;
    let (manager, managed, named) = (wanted.manager.id, wanted.managed, wanted.named);
    bars.bar(policy.management(wanted.management).is_none(), Code::UnknownManagementType, wanted.management);
    world.bar_services(wanted.services, bars);
    match wanted.term {
        None => bars.bar(policy.term.required, Code::TermRequired, ""),
        Some(term) => bar_term(world, term, bars),
    }

    bars.bar(manager == managed, Code::SelfLink, named);
    bars.bar(wanted.manager.kind != TenantKind::Msp, Code::CannotManage, manager);
    bars.bar(wanted.kind == TenantKind::Reseller, Code::CannotBeManaged, named);

    let mut veiled = Bars::new();
    let others = world.links_above(managed)?;
    veiled.bar(others.iter().any(|link| link.manager == manager), Code::AlreadyLinked, named);
    veiled.bar(graph::manages(world, managed, manager, &BTreeSet::new())?, Code::LinkCycle, named);
    let up = graph::longest(world, manager, |world, at| {
        Ok(world.links_above(at)?.iter().map(|link| link.manager).collect())
    })?;
    let down = graph::depth_below(world, managed)?;
    veiled.bar(up + 1 + down > policy.max_depth.min(MAX_CHAIN), Code::TooDeep, named);
    veiled.bar(others.len() >= policy.max_managers as usize, Code::TooManyManagers, named);
    let agreed = world.agreed_policy(wanted.terms)?;
    let mut alone = agreed.management(wanted.management).is_some_and(|rule| rule.exclusive);
    for other in &others {
        alone |= world.agreed(other)?.rule().is_none_or(|rule| rule.exclusive);
    }
    veiled.bar(!others.is_empty() && alone, Code::ExclusiveLink, named);
    veiled.bar(overlaps(&others, wanted.services), Code::ServicesOverlap, named);
    Ok(veiled)
}

/// Notes a term that names no end or two, that is over already, or that is longer than the policy
/// allows (L-9).
pub(super) fn bar_term(world: &World<'_>, term: TermRequest, bars: &mut Bars) {
    let max = world.policy.term.max_days;
    match (term.days, term.expires_at) {
        (Some(days), None) => bars.bar(days == 0 || days > max, Code::TermTooLong, days),
        (None, Some(end)) => {
            bars.bar(end <= world.at, Code::EndNotLater, end);
            bars.bar(end > world.at.plus_days(max), Code::TermTooLong, world.at.days_until(end));
        }
        (None, None) | (Some(_), Some(_)) => bars.bar(true, Code::TermUnclear, ""),
    }
}

/// Whether others manage one of these services already (L-7).
pub(super) fn overlaps(others: &[Arc<Link>], services: &BTreeSet<Service>) -> bool {
    others.iter().any(|link| !link.services.is_disjoint(services))
}

/// Asks an existing tenant to be managed (L-2), which answers an invitation of it that is pending
/// (L-10).
///
/// # Errors
/// Those of [`authority::authorize`] and [`bar`]; `nil_id`, `id_taken`, `no_customer_owner`,
/// `link_already_requested`, `manager_barred`, `not_invited`; `cannot_be_asked` in place of what is
/// the tenant's own affair; `too_many_requests`, unless the tenant has invited.
pub(crate) fn request(world: &World<'_>, actor: &Actor, command: &RequestLink) -> Ruling<Decision> {
    authority::authorize(world, actor, CUSTOMERS_ADD, command.manager, Gate::Shut)?;
    let Some(manager) = world.living(command.manager)? else {
        return refuse(Code::UnknownTenant, command.manager);
    };
    let Some(managed) = world.numbered(&command.number)?.filter(|tenant| tenant.is_living()) else {
        return refuse(Code::UnknownTenant, &command.number);
    };
    let mut bars = Bars::new();
    // The link that it may lead to takes the id over.
    let request = NewIds::of(world).take(command.request, &mut bars)?;
    let wanted = WantedLink {
        manager: &manager,
        managed: managed.id,
        named: &command.number,
        kind: managed.kind,
        management: &command.management,
        terms: world.policy.terms,
        services: &command.services,
        term: command.term,
    };
    let mut veiled = bar_request(world, &managed, &wanted, &mut bars)?;
    veiled.bar(manager::is_barred(world, managed.id, manager.id)?, Code::ManagerBarred, manager.id);
    // What there is between the two has its name for those for whom it is there.
    let mut between = Bars::new();
    let linked = world.links_above(managed.id)?.iter().any(|link| link.manager == manager.id);
    between.bar(linked, Code::AlreadyLinked, &command.number);
    for other in world.pending_requests(managed.id)? {
        between.bar(other.manager == manager.id, Code::LinkAlreadyRequested, &command.number);
    }
    let is_there = match authority::admit(world, actor, Gate::Shut)? {
        Some(user) => authority::asking(world, &user, manager.id, managed.id)?.is_some(),
        None => true,
    };
    if is_there { &mut bars } else { &mut veiled }.join(between);
    bars.join_veiled(veiled, actor, &command.number);
    // Asked for by the tenant itself, it is no bother to it (L-10).
    let invitation = manager::answered(world, managed.id, manager.id)?;
    let uninvited = world.policy.who_asks == WhoAsks::InvitedOnly && invitation.is_none();
    bars.bar(uninvited, Code::NotInvited, &command.number);
    if invitation.is_none() {
        world.bar_asking(actor, manager.id, [managed.id.uuid()], &mut bars)?;
    }
    bars.lift()?;
    let accepted = invitation.map(|invitation| Event::ManagerInvitationAccepted { invitation });
    let requested = Event::LinkRequested {
        request,
        manager: manager.id,
        managed: managed.id,
        management: command.management.clone(),
        terms: world.policy.terms,
        services: command.services.clone(),
        term: command.term,
        expires: world.at.plus_days(world.policy.link_request_days),
        sender: handshake::sent_by(actor, Some(manager.id)),
        invited: accepted.is_some(),
    };
    Ok(accepted.into_iter().chain([requested]).collect::<Vec<_>>().into())
}

/// What stands in the way both when a link is requested and when it is accepted (L-3).
fn bar_request(
    world: &World<'_>,
    managed: &Tenant,
    wanted: &WantedLink<'_>,
    bars: &mut Bars,
) -> Result<Bars, ViewError> {
    let mut veiled = bar(world, wanted, bars)?;
    for tenant in [managed, wanted.manager] {
        world.bar_closed(tenant, &mut veiled)?;
    }
    veiled.bar(world.super_admins(managed.id)?.is_empty(), Code::NoCustomerOwner, wanted.named);
    Ok(veiled)
}

/// Says yes to a link request (L-3, L-4).
///
/// # Events
/// `link_expiring`, where it is to end soon.
///
/// # Errors
/// Those of [`resolve`]; `ticket_required`, `link_request_not_pending`, `link_request_expired`, and
/// what stands in the way by now: those of [`bar`], `no_customer_owner`, `tenant_disabled`.
pub(crate) fn accept(world: &World<'_>, actor: &Actor, command: &AcceptLink) -> Ruling<Decision> {
    let request = resolve(world, actor, command.request, Party::Customer)?;
    let mut bars = Bars::new();
    handshake::bar(world, &*request, HandshakeTrigger::Accept)?;
    if !handshake::request_stands(world, &request)? {
        return refuse(Code::LinkRequestNotPending, request.id);
    }
    if let (Some(manager), Some(managed)) = (world.living(request.manager)?, world.living(request.managed)?) {
        let wanted = WantedLink {
            manager: &manager,
            managed: managed.id,
            named: &managed.id,
            kind: managed.kind,
            management: &request.management,
            terms: request.terms,
            services: &request.services,
            term: request.term,
        };
        let others = bar_request(world, &managed, &wanted, &mut bars)?;
        bars.join(others);
        bars.lift()?;
        let created = wanted.created(world, LinkId::from_uuid(request.id.uuid()));
        let accepted = Event::LinkRequestAccepted { request: request.id };
        return Ok(Decision::leading_to(accepted, created));
    }
    bars.lift()?;
    refuse(Code::UnknownLinkRequest, request.id)
}

/// Says no to a link request (L-3).
///
/// # Errors
/// Those of [`resolve`]; `ticket_required`, `link_request_not_pending`, `link_request_expired`.
pub(crate) fn decline(world: &World<'_>, actor: &Actor, command: &DeclineLink) -> Ruling<Decision> {
    let request = resolve(world, actor, command.request, Party::Customer)?;
    let declined = Event::LinkRequestDeclined { request: request.id };
    handshake::answer(world, &*request, HandshakeTrigger::Decline, declined)
}

/// Takes a link request back (L-3).
///
/// # Errors
/// Those of [`resolve`]; `link_request_not_pending`, `link_request_expired`.
pub(crate) fn cancel_request(
    world: &World<'_>,
    actor: &Actor,
    command: &CancelLinkRequest,
) -> Ruling<Decision> {
    let request = resolve(world, actor, command.request, Party::Manager)?;
    let canceled = Event::LinkRequestCanceled { request: request.id };
    handshake::answer(world, &*request, HandshakeTrigger::Cancel, canceled)
}

/// Reminds the asked side of a link request (L-3).
///
/// # Errors
/// Those of [`resolve`]; `link_request_not_pending`, `link_request_expired`, `too_many_requests`.
pub(crate) fn resend_request(
    world: &World<'_>,
    actor: &Actor,
    command: &ResendLinkRequest,
) -> Ruling<Decision> {
    let request = resolve(world, actor, command.request, Party::Manager)?;
    handshake::bar_reminder(world, actor, &*request, (request.manager, request.managed))?;
    let sender = handshake::sent_by(actor, Some(request.manager));
    Ok(Event::LinkRequestResent { request: request.id, sender }.into())
}

/// Finds a link request for the party whose turn it is.
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_link_request`, `wrong_actor` to the other side; to
/// an operator who answers, what a missing ticket is refused with.
fn resolve(world: &World<'_>, actor: &Actor, id: LinkRequestId, turn: Party) -> Ruling<Arc<LinkRequest>> {
    let gate = Gate::of_turn(turn);
    let admitted = authority::admit(world, actor, gate)?;
    let Some(request) = world.view.get::<LinkRequest>(id.uuid())? else {
        return refuse(Code::UnknownLinkRequest, id);
    };
    let Some(user) = admitted else {
        // An operator asks for a manager as they would create a link, but answers for a customer
        // only by ticket.
        if turn == Party::Customer {
            authority::ticket(actor, "the customer's answer")?;
        }
        return Ok(request);
    };
    // One that became a link is there for those for whom the link is.
    let became = world.link(LinkId::from_uuid(id.uuid()))?;
    let is_there = match &became {
        Some(link) => unless_refused(authority::side_of_link(world, actor, link, gate))?.is_some(),
        None => true,
    };
    match authority::asking(world, &user, request.manager, request.managed)?.filter(|_| is_there) {
        None => refuse(Code::UnknownLinkRequest, id),
        Some(side) if side != turn => refuse(Code::WrongActor, format_args!("the {side}'s side")),
        Some(Party::Customer) => {
            authority::authorize(world, actor, LINK_RESPOND, request.managed, gate)?;
            Ok(request)
        }
        Some(Party::Manager) => {
            authority::authorize(world, actor, CUSTOMERS_ADD, request.manager, Gate::Shut)?;
            Ok(request)
        }
    }
}

/// Finds a link for its manager's side.
///
/// # Errors
/// Those of [`authority::authorize`] and [`authority::side_of_link`]; `wrong_actor` to the
/// customer's side.
pub(super) fn for_manager(world: &World<'_>, actor: &Actor, id: LinkId) -> Ruling<Arc<Link>> {
    authority::admit(world, actor, Gate::Shut)?;
    let Some(link) = world.link(id)? else { return refuse(Code::UnknownLink, id) };
    match authority::side_of_link(world, actor, &link, Gate::Shut)? {
        Some(Party::Customer) => refuse(Code::WrongActor, "the customer's side"),
        Some(Party::Manager) => {
            authority::authorize(world, actor, CUSTOMERS_ADD, link.manager, Gate::Shut)?;
            Ok(link)
        }
        None => Ok(link),
    }
}

/// Changes a link's management type (L-5).
///
/// # Events
/// `user_invited` for the owner.
///
/// # Errors
/// Those of [`for_manager`]; `link_ended`, `unknown_management_type`, `not_convertible`,
/// `owner_required`, `owner_not_allowed`, `owner_present`, and of the owner `super_admin_only` and
/// those of [`user::invitation`].
pub(crate) fn convert(world: &World<'_>, actor: &Actor, command: &ConvertLink) -> Ruling<Decision> {
    let link = for_manager(world, actor, command.link)?;
    let mut bars = Bars::new();
    bars.bar(!link.is_in_force(world.at), Code::LinkEnded, link.id);
    // What it becomes, too, is what was agreed upon with the link (P-13).
    let terms = world.agreed(&link)?;
    let to = terms.policy.management(&command.management);
    let offered = world.policy.management(&command.management).is_some();
    bars.bar(!offered, Code::UnknownManagementType, &command.management);
    let convertible = terms.rule().is_some_and(|rule| rule.converts_to.contains(&command.management));
    bars.bar(!convertible, Code::NotConvertible, link.id);
    let mut decision: Decision =
        Event::LinkConverted { link: link.id, management: command.management.clone() }.into();
    if let Some(to) = to {
        // How the customer stands once the link has ended is its own affair.
        let in_force = link.is_in_force(world.at);
        if !to.delinkable {
            bars.bar(command.owner.is_some(), Code::OwnerNotAllowed, link.managed);
        } else if in_force && !world.super_admins(link.managed)?.is_empty() {
            bars.bar(command.owner.is_some(), Code::OwnerPresent, link.managed);
        } else if in_force {
            match &command.owner {
                None => bars.bar(true, Code::OwnerRequired, link.managed),
                Some(owner) => {
                    bars.note(Giver::of(world, actor)?.name_owner(link.managed))?;
                    let kind = world.living(link.managed)?.map_or(TenantKind::Customer, |tenant| tenant.kind);
                    let invited = user::sign_up(
                        world,
                        actor,
                        (link.managed, kind),
                        owner,
                        &mut NewIds::of(world),
                        &mut bars,
                    )?;
                    decision.events.extend(invited.events);
                    decision.people.extend(invited.people);
                }
            }
        }
    }
    bars.lift()?;
    Ok(decision)
}

/// Removes a service from a link: refused to users, an operator cites a ticket (L-6).
///
/// # Errors
/// Those of [`for_manager`]; `service_removal` to users, `ticket_required`, `link_ended`,
/// `service_not_on_link`, `last_service`.
pub(crate) fn remove_service(world: &World<'_>, actor: &Actor, command: &RemoveService) -> Ruling<Decision> {
    let link = for_manager(world, actor, command.link)?;
    if let Actor::User(_) = actor {
        return refuse(Code::ServiceRemoval, link.id);
    }
    let ticket = authority::ticket(actor, "a link's services")?;
    let mut bars = Bars::new();
    bars.bar(!link.is_in_force(world.at), Code::LinkEnded, link.id);
    let there = link.services.contains(&command.service);
    bars.bar(!there, Code::ServiceNotOnLink, &command.service);
    bars.bar(there && link.services.len() == 1, Code::LastService, &command.service);
    bars.lift()?;
    Ok(Event::ServiceRemoved { link: link.id, service: command.service.clone(), ticket }.into())
}

/// Lets a link extend itself, or end (L-9). Prolonging is the customer's word, unless it is locked
/// out; ending is either side's.
///
/// # Events
/// `link_expiring`, where it is to end soon.
///
/// # Errors
/// Those of [`authority::authorize`] and [`authority::side_of_link`]; `wrong_actor`,
/// `ticket_required`, `link_ended`, `no_term`, `term_too_long`, `nothing_to_do`,
/// `too_many_requests`.
pub(crate) fn set_auto_extend(world: &World<'_>, actor: &Actor, command: &SetAutoExtend) -> Ruling<Decision> {
    authority::admit(world, actor, Gate::Shut)?;
    let Some(link) = world.link(command.link)? else { return refuse(Code::UnknownLink, command.link) };
    match authority::side_of_link(world, actor, &link, Gate::Shut)? {
        None => {
            authority::ticket(actor, "a link's term")?;
        }
        Some(Party::Customer) => authority::authorize(world, actor, LINK_RESPOND, link.managed, Gate::Shut)?,
        Some(Party::Manager) if command.days.is_some() && !world.locks(&link)? => {
            return refuse(Code::WrongActor, "the manager's side");
        }
        Some(Party::Manager) => authority::authorize(world, actor, CUSTOMERS_ADD, link.manager, Gate::Shut)?,
    }
    let mut bars = Bars::new();
    let in_force = link.is_in_force(world.at);
    bars.bar(!in_force, Code::LinkEnded, link.id);
    bars.bar(link.term.is_none(), Code::NoTerm, link.id);
    if let Some(days) = command.days {
        bars.bar(days == 0 || days > world.policy.term.max_days, Code::TermTooLong, days);
    }
    let same = link.term.as_ref().is_some_and(|term| term.auto_extend_days == command.days);
    bars.bar(in_force && same, Code::NothingToDo, link.id);
    if command.days.is_some() && in_force && link.term.is_some() {
        world.bar_asking(actor, link.managed, [link.id.uuid()], &mut bars)?;
    }
    bars.lift()?;
    let term = link.term.clone().map(|term| Term { auto_extend_days: command.days, ..term });
    let announced = announced_with_term(world, &link, term);
    let set = Event::AutoExtendSet { link: link.id, days: command.days };
    Ok(Decision::leading_to(set, announced))
}

/// Sets what a manager may do beyond the default (P-7).
///
/// # Errors
/// Those of [`authority::authorize`] and [`authority::side_of_link`]; `reserved_for_customer` to
/// the manager's side, `ticket_required`, `unknown_permission`, `not_grantable`, `link_ended`,
/// `nothing_to_do`, `too_many_requests`.
pub(crate) fn set_grants(world: &World<'_>, actor: &Actor, command: &SetManagerGrants) -> Ruling<Decision> {
    authority::admit(world, actor, Gate::Shut)?;
    let Some(link) = world.link(command.link)? else { return refuse(Code::UnknownLink, command.link) };
    match authority::side_of_link(world, actor, &link, Gate::Shut)? {
        None => {
            authority::ticket(actor, "the customer's grants")?;
        }
        Some(Party::Customer) => authority::authorize(world, actor, GRANTS_MANAGE, link.managed, Gate::Shut)?,
        Some(Party::Manager) => return refuse(Code::ReservedForCustomer, link.managed),
    }
    let mut bars = Bars::new();
    let in_force = link.is_in_force(world.at);
    bars.bar(!in_force, Code::LinkEnded, link.id);
    let terms = world.agreed(&link)?;
    for permission in &command.grants {
        bars.bar(!world.policy.permissions.contains(permission), Code::UnknownPermission, permission);
        bars.bar(!terms.let_grant(permission.as_str(), &world.policy), Code::NotGrantable, permission);
    }
    bars.bar(in_force && command.grants == link.grants, Code::NothingToDo, link.id);
    if in_force && !command.grants.is_subset(&link.grants) {
        world.bar_asking(actor, link.managed, [link.id.uuid()], &mut bars)?;
    }
    bars.lift()?;
    Ok(Event::ManagerGrantsSet { link: link.id, grants: command.grants.clone() }.into())
}

/// Everything that happens when a link ends (D-6). Console sessions end with the right to them, in
/// [`crate::decide`].
///
/// # Events
/// `tenant_released`, `tenant_enabling`, `tenant_enabled`, `move_canceled`, `move_expired`,
/// `assignment_ended`, `temporary_ended`, `integration_detached`, `alert_rule_set` of what rested
/// on it.
pub(super) fn end(world: &World<'_>, link: &Link, cause: EndCause) -> Result<Vec<Event>, ViewError> {
    let kept_off = kept_off::at_end(world, link)?;
    let mut events = vec![Event::LinkEnded { link: link.id, cause, kept_off }];
    let ended = BTreeSet::from([link.id]);
    events.extend(operation::released(world, &ended)?);
    events.extend(device::canceled_moves(world, link)?);
    events.extend(lost(world, &ended)?);
    Ok(events)
}

/// What rests on these links alone, on the tenants they manage and below, and ends with them (D-6):
/// assignments of users, shared integrations and additional alert recipients whose home no longer
/// is above the tenant.
pub(super) fn lost(world: &World<'_>, ended: &BTreeSet<LinkId>) -> Result<Vec<Event>, ViewError> {
    let mut touched = BTreeSet::new();
    for id in ended {
        if let Some(link) = world.link(*id)? {
            touched.append(&mut graph::below(world, link.managed, ended)?);
            touched.insert(link.managed);
        }
    }
    let mut events = Vec::new();
    for tenant in touched {
        let still = graph::above(world, tenant, ended)?;
        for given in world.each_given_on(tenant)? {
            let home = world.user(given.user)?.map(|user| user.home);
            if home.is_none_or(|home| home != tenant && !still.contains(&home)) {
                events.extend(temporary::all_ended(&given));
            }
        }
        events.extend(integration::lost(world, tenant, &still)?);
        events.extend(alert::lost(world, tenant, &still)?);
    }
    Ok(events)
}
