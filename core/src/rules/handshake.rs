//! Handshakes (L-3): what can happen to whatever waits for an answer, and what it rests on: who
//! sent it, and whether they still could. Reads a view, returns events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::access::{self, Gate};
use super::across::across;
use super::authority;
use super::graph;
use super::rights::{Giver, Offer, Place, While};
use super::world::{Bars, Decision, Ruling, World, refuse, unless_refused};
use crate::base::ids::{LinkId, RoleId, TenantId, UserId};
use crate::event::Event;
use crate::model::machine::HandshakeTrigger;
use crate::model::permission::{CUSTOMERS_ADD, DEVICES_MANAGE, LINK_RESPOND, USERS_MANAGE};
use crate::model::{
    Actor, AddressChange, Assignment, Handshake, HandshakeState, Invitation, LinkRequest, ManagerInvitation,
    Move, Party, Proposal, ProposalContent, Subject, User,
};
use crate::refusal::Code;
use crate::view::{Any, Index, Key, Kind, Span, ViewError};

/// How many handshakes are read at once.
const PAGE: usize = 64;

/// On whom a handshake rests that an actor sends: on the organisation for which they ask, or on
/// themselves; on nobody, if it is the operator.
pub(super) fn sent_by(actor: &Actor, organisation: Option<TenantId>) -> Option<Subject> {
    match actor {
        Actor::User(user) => Some(organisation.map_or(Subject::User(*user), Subject::Tenant)),
        Actor::Operator { .. } | Actor::Clock => None,
    }
}

/// What waits for an answer (L-3).
pub(super) trait Answerable {
    /// What is said where nobody answered in time.
    const LAPSED: Code;
    /// What is said where it waits no longer.
    const OVER: Code;

    /// Where it stands.
    fn handshake(&self) -> &Handshake;

    /// What people name it by.
    fn name(&self) -> Uuid;
}

macro_rules! answerable {
    ($($type:ident by $name:ident: $lapsed:ident, $over:ident;)+) => {$(
        impl Answerable for $type {
            const LAPSED: Code = Code::$lapsed;
            const OVER: Code = Code::$over;

            fn handshake(&self) -> &Handshake {
                &self.handshake
            }

            fn name(&self) -> Uuid {
                self.$name.uuid()
            }
        }
    )+};
}

answerable! {
    LinkRequest by id: LinkRequestExpired, LinkRequestNotPending;
    Proposal by id: ProposalExpired, ProposalNotPending;
    ManagerInvitation by id: ManagerInvitationExpired, ManagerInvitationNotPending;
    Invitation by id: InvitationExpired, InvitationNotPending;
    Move by id: MoveLapsed, MoveNotPending;
    AddressChange by user: AddressExpired, AddressNotPending;
}

/// Bars what cannot happen to it at this moment.
pub(super) fn bar<W: Answerable>(world: &World<'_>, waiting: &W, trigger: HandshakeTrigger) -> Ruling {
    match waiting.handshake().state_at(world.at) {
        state if state.after(trigger).is_some() => Ok(()),
        HandshakeState::Expired => refuse(W::LAPSED, waiting.name()),
        _ => refuse(W::OVER, waiting.name()),
    }
}

/// What an answer leads to that nothing else stands in the way of.
pub(super) fn answer<W: Answerable>(
    world: &World<'_>,
    waiting: &W,
    trigger: HandshakeTrigger,
    event: Event,
) -> Ruling<Decision> {
    bar(world, waiting, trigger)?;
    Ok(event.into())
}

/// Bars a reminder: it has to wait, and nobody is asked without end.
pub(super) fn bar_reminder<W: Answerable>(
    world: &World<'_>,
    actor: &Actor,
    waiting: &W,
    (by, addressee): (TenantId, TenantId),
) -> Ruling {
    let mut bars = Bars::new();
    bars.note(bar(world, waiting, HandshakeTrigger::Resend))?;
    world.bar_asking(actor, by, [addressee.uuid()], &mut bars)?;
    bars.lift()
}

/// Whether a link request's manager still has somebody who could ask.
pub(super) fn request_stands(world: &World<'_>, request: &LinkRequest) -> Result<bool, ViewError> {
    organisation_stands(world, &request.handshake, (Party::Manager, request.manager), &mut BTreeMap::new())
}

/// Whether an invitation's tenant still has somebody who could invite, and the MSP does not manage
/// it by now (L-10).
pub(super) fn manager_invitation_stands(
    world: &World<'_>,
    invitation: &ManagerInvitation,
) -> Result<bool, ViewError> {
    manager_invitation_rests(world, invitation, &mut BTreeMap::new())
}

fn manager_invitation_rests(
    world: &World<'_>,
    invitation: &ManagerInvitation,
    asked: &mut Asking,
) -> Result<bool, ViewError> {
    let ManagerInvitation { tenant, manager, handshake, .. } = invitation;
    let linked = world.links_above(*tenant)?.iter().any(|link| link.manager == *manager);
    Ok(!linked && organisation_stands(world, handshake, (Party::Customer, *tenant), asked)?)
}

/// Whether a proposal's link is there, and its manager still has somebody who could ask.
pub(super) fn proposal_stands(world: &World<'_>, proposal: &Proposal) -> Result<bool, ViewError> {
    proposal_rests(world, proposal, &mut BTreeMap::new())
}

fn proposal_rests(world: &World<'_>, proposal: &Proposal, asked: &mut Asking) -> Result<bool, ViewError> {
    let Some(link) = world.link(proposal.link)?.filter(|link| link.is_in_force(world.at)) else {
        return Ok(false);
    };
    // Terms are those of one management type: a conversion takes their ground away.
    let of_another = matches!(
        &proposal.content,
        ProposalContent::Terms { management, .. } if *management != link.management
    );
    let sender = (Party::Manager, proposal.manager);
    Ok(!of_another && organisation_stands(world, &proposal.handshake, sender, asked)?)
}

/// Of organisations that ask, as a manager or as whoever is managed, whether they still have
/// somebody who could.
type Asking = BTreeMap<(Party, TenantId), bool>;

/// Whether the organisation that asks still has somebody who could, about whom is asked once; what
/// the operator sent rests on nobody.
fn organisation_stands(
    world: &World<'_>,
    handshake: &Handshake,
    sender: (Party, TenantId),
    asked: &mut Asking,
) -> Result<bool, ViewError> {
    Ok(handshake.sender.is_none() || still_asks(world, sender, asked)?)
}

/// Whether an organisation still has somebody who could ask, about whom is asked once.
fn still_asks(world: &World<'_>, sender: (Party, TenantId), asked: &mut Asking) -> Result<bool, ViewError> {
    if let Some(known) = asked.get(&sender) {
        return Ok(*known);
    }
    let stands = anybody_can_ask(world, sender)?;
    asked.insert(sender, stands);
    Ok(stands)
}

/// Whether the sender of an invitation could still send it: a sign-up for a manager of the tenant,
/// and whatever they can offer there themselves.
pub(super) fn invitation_stands(world: &World<'_>, invitation: &Invitation) -> Result<bool, ViewError> {
    let tenant = invitation.tenant;
    let Some((user, actor)) = person(world, &invitation.handshake)? else {
        return Ok(invitation.handshake.sender.is_none());
    };
    if invitation.sign_up {
        // The owner of a tenant is named only while it has none.
        if !world.super_admins(tenant)?.is_empty() {
            return Ok(false);
        }
        let names = || {
            let ruling = Giver::of(world, &actor).and_then(|mut giver| giver.may_name_owner(tenant));
            unless_refused(ruling).map(|named| named.is_some())
        };
        if signs_up(world, &user, tenant)? && (came_with(world, invitation)? || names()?) {
            return Ok(true);
        }
    }
    let judged = access::judge(world, user.id, USERS_MANAGE, tenant, None, Gate::Open)?;
    if judged.reason.is_some() {
        return Ok(false);
    }
    let offer = Offer {
        home: tenant,
        place: Place::On(tenant),
        role: &invitation.role,
        below: Some(invitation.below),
        by_default: false,
        masked: invitation.masked,
        during: While::FOR_GOOD,
    };
    let handed = unless_refused(Giver::of(world, &actor).and_then(|mut giver| giver.offer(&offer)))?;
    Ok(handed.is_some_and(|handed| !handed.masked || invitation.masked))
}

/// Whether a sign-up is of the owner with whom a customer came to be: its manager names that one
/// alone (P-15).
pub(super) fn came_with(world: &World<'_>, invitation: &Invitation) -> Result<bool, ViewError> {
    let tenant = world.tenant(invitation.tenant)?;
    Ok(tenant.is_some_and(|tenant| tenant.since == invitation.handshake.asked))
}

/// Whether the sender of a move could still make it.
pub(super) fn move_stands(world: &World<'_>, found: &Move) -> Result<bool, ViewError> {
    let Some((user, _)) = person(world, &found.handshake)? else {
        return Ok(found.handshake.sender.is_none());
    };
    for (tenant, gate) in [(found.manager, Gate::Shut), (found.customer, Gate::Open)] {
        if access::judge(world, user.id, DEVICES_MANAGE, tenant, None, gate)?.reason.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the sender of a change of address could still ask for it: of their own, whoever is
/// there; of another's, whoever manages them and could hand out all that they hold.
pub(super) fn address_stands(world: &World<'_>, change: &AddressChange) -> Result<bool, ViewError> {
    let Some(user) = world.user(change.user)?.filter(|user| user.state.is_living()) else {
        return Ok(false);
    };
    if change.handshake.sender == Some(Subject::User(user.id)) {
        return Ok(true);
    }
    let Some((sender, actor)) = person(world, &change.handshake)? else {
        return Ok(change.handshake.sender.is_none());
    };
    let judged = access::judge(world, sender.id, USERS_MANAGE, user.home, None, Gate::Open)?;
    if judged.reason.is_some() || !access::sees(world, &sender, user.home)? {
        return Ok(false);
    }
    let handed = Giver::of(world, &actor).and_then(|mut giver| giver.hand_over(&user));
    Ok(unless_refused(handed)?.is_some())
}

/// The person on whom a handshake rests, where they can act.
fn person(world: &World<'_>, handshake: &Handshake) -> Result<Option<(Arc<User>, Actor)>, ViewError> {
    let Some(Subject::User(sender)) = handshake.sender else { return Ok(None) };
    match world.user(sender)? {
        Some(user) if access::can_act(world, &user, Gate::Shut)? => Ok(Some((user, Actor::User(sender)))),
        _ => Ok(None),
    }
}

/// Whether a user sends sign-ups to a tenant for its manager, by a link in force (L-1).
pub(super) fn signs_up(world: &World<'_>, user: &User, tenant: TenantId) -> Result<bool, ViewError> {
    for link in world.links_above(tenant)? {
        if authority::side(world, user, link.manager, link.managed)? == Some(Party::Manager)
            && access::judge(world, user.id, CUSTOMERS_ADD, link.manager, None, Gate::Shut)?.reason.is_none()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether anybody may ask for a tenant: as a manager, also from further up; as whoever is managed,
/// at home alone.
fn anybody_can_ask(world: &World<'_>, (party, tenant): (Party, TenantId)) -> Result<bool, ViewError> {
    let mut reaching = vec![tenant];
    let permission = match party {
        Party::Customer => LINK_RESPOND,
        Party::Manager => {
            reaching.extend(graph::above(world, tenant, &BTreeSet::new())?);
            CUSTOMERS_ADD
        }
    };
    let gate = Gate::of_turn(party);
    for holder in reaching {
        let could = |assignment: &Arc<Assignment>| {
            let user = assignment.user;
            let elsewhere =
                party == Party::Customer && world.user(user)?.is_none_or(|user| user.home != tenant);
            Ok(!elsewhere && access::judge(world, user, permission, tenant, None, gate)?.reason.is_none())
        };
        if world.any_assigned(holder, |role| access::role_holds(world, role, permission), could)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whose handshakes have to be looked at after what happens.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Everybody's.
    everything: bool,
    /// All that these take part in, or sent.
    subjects: BTreeSet<Subject>,
    /// The link requests and proposals of these, and their invitations to MSPs, where nobody of
    /// theirs could ask any longer.
    organisations: BTreeSet<TenantId>,
    /// The sign-ups of these, which may have a super admin by now.
    owned: BTreeSet<TenantId>,
    /// The invitations by these of those who manage them by now.
    linked: BTreeSet<(TenantId, TenantId)>,
    /// What is proposed on these, which have ended or become something else.
    links: BTreeSet<LinkId>,
    /// These.
    handshakes: BTreeSet<(Kind, Uuid)>,
}

impl Touched {
    /// Notes what an event may take away from a handshake, in the world before it. Who is new with
    /// the record has asked for nothing yet, and takes nothing from anybody by what they get.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn note(
        &mut self,
        world: &World<'_>,
        event: &Event,
        new: &BTreeSet<Subject>,
    ) -> Result<(), ViewError> {
        if let Event::LinkCreated { managed, .. } = event
            && new.contains(&Subject::Tenant(*managed))
        {
            return Ok(());
        }
        if let Event::LinkEnded { link, .. } | Event::LinkConverted { link, .. } = event {
            self.links.insert(*link);
        }
        if let Event::LinkCreated { manager, managed, .. } = event {
            self.linked.insert((*managed, *manager));
        }
        match event {
            Event::PolicySet { .. } => self.everything = true,
            Event::RoleEdited { role, permissions, .. } => {
                let before = world.role(*role)?;
                if let Some(before) = before.filter(|before| before.permissions != *permissions) {
                    self.having(world, *role)?;
                    // Who is offered it may have been offered less than it is now (P-15).
                    self.subjects.insert(Subject::Tenant(before.tenant));
                }
            }
            Event::TenantDisabled { tenant } | Event::LinkCreated { managed: tenant, .. } => {
                self.organisation(world, *tenant)?;
            }
            Event::LinkEnded { link, .. } | Event::LinkConverted { link, .. } => {
                self.through(world, *link)?;
            }
            Event::ManagerGrantsSet { link, grants } => {
                let before = world.link(*link)?;
                if before.is_some_and(|before| !before.grants.is_subset(grants)) {
                    self.through(world, *link)?;
                }
            }
            // They may lock the customer out as well as take something from the manager.
            Event::TermsChanged { link, .. } => {
                self.through(world, *link)?;
                if let Some(link) = world.link(*link)? {
                    self.organisation(world, link.managed)?;
                }
            }
            Event::Assigned { user, tenant, role, .. }
            | Event::TemporaryAssigned { user, tenant, role, .. } => {
                if !new.contains(&Subject::User(*user)) {
                    self.person(world, *user)?;
                    self.reached(world, *tenant)?;
                }
                if world.is_super(role) {
                    self.owned.insert(*tenant);
                }
            }
            Event::AssignmentEnded { user, tenant } => {
                self.person(world, *user)?;
                self.reached(world, *tenant)?;
            }
            Event::TemporaryEnded { user, tenant, .. } => {
                self.person(world, *user)?;
                self.reached(world, *tenant)?;
                // What it lay over decides again.
                let given = world.given(*user, *tenant)?;
                if given.is_some_and(|given| given.roles().into_iter().any(|role| world.is_super(role))) {
                    self.owned.insert(*tenant);
                }
            }
            Event::TemporaryBegun { user, tenant, ends }
            | Event::Activated { user, tenant, of: ends, .. } => {
                self.person(world, *user)?;
                self.reached(world, *tenant)?;
                let given = world.given(*user, *tenant)?;
                let begins = given.iter().flat_map(|given| &given.over).find(|it| it.ends == *ends);
                if begins.is_some_and(|it| world.is_super(&it.role)) {
                    self.owned.insert(*tenant);
                }
            }
            Event::UserUnblocked { user } => {
                self.owned.extend(world.user(*user)?.map(|user| user.home));
            }
            Event::UserBlocked { user } | Event::UserRemoved { user } => {
                self.person(world, *user)?;
                for given in world.each_given(*user) {
                    self.reached(world, given?.tenant)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What those sent who have a role of somebody's own.
    fn having(&mut self, world: &World<'_>, role: RoleId) -> Result<(), ViewError> {
        let mut tenants = BTreeSet::new();
        for assignment in world.view.under::<Assignment>(Index::AssignmentRole, Key::new().id(role.uuid())) {
            let assignment = assignment?;
            self.subjects.insert(Subject::User(assignment.user));
            tenants.insert(assignment.tenant);
        }
        tenants.into_iter().try_for_each(|tenant| self.reached(world, tenant))
    }

    /// What the people at home on a tenant sent, and what it asked of those whom it manages, by
    /// people from further up, too.
    fn organisation(&mut self, world: &World<'_>, tenant: TenantId) -> Result<(), ViewError> {
        for user in world.view.under::<User>(Index::UserHome, Key::new().id(tenant.uuid())) {
            self.subjects.insert(Subject::User(user?.id));
        }
        let below = graph::below(world, tenant, &BTreeSet::new())?;
        self.subjects.extend(below.into_iter().map(Subject::Tenant));
        self.reached(world, tenant)
    }

    /// What people of the manager's side of a link sent about the tenants that it leads to.
    fn through(&mut self, world: &World<'_>, link: LinkId) -> Result<(), ViewError> {
        let Some(link) = world.link(link)? else { return Ok(()) };
        let found = across(world, &link, pending)?;
        self.handshakes.extend(found.iter().map(|any| (any.kind(), any.id())));
        self.reached(world, link.managed)
    }

    /// A tenant on which somebody may hold less now, and the MSPs below it, for which they may have
    /// been the last who could ask.
    fn reached(&mut self, world: &World<'_>, tenant: TenantId) -> Result<(), ViewError> {
        self.organisations.extend(graph::managers_below(world, &BTreeSet::from([tenant]))?);
        self.organisations.insert(tenant);
        Ok(())
    }

    fn person(&mut self, world: &World<'_>, user: UserId) -> Result<(), ViewError> {
        self.subjects.insert(Subject::User(user));
        self.organisations.extend(world.user(user)?.map(|user| user.home));
        Ok(())
    }

    /// The pending handshakes among these whose ground is gone in this world, as they end.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn withdrawn(&self, world: &World<'_>) -> Result<Vec<Event>, ViewError> {
        let mut spans = Vec::new();
        if self.everything {
            spans.push(Span::under(Index::Due, Key::new()));
        }
        for subject in &self.subjects {
            spans.push(pending(*subject));
        }
        let mut asked = Asking::new();
        for organisation in &self.organisations {
            for (index, party) in [
                (Index::RequestManager, Party::Manager),
                (Index::ProposalManager, Party::Manager),
                (Index::ManagerInvitationTenant, Party::Customer),
            ] {
                let span = Span::under(index, Key::new().id(organisation.uuid()).flag(true));
                if !world.view.scan(&span, 1)?.is_empty()
                    && !still_asks(world, (party, *organisation), &mut asked)?
                {
                    spans.push(span);
                }
            }
        }
        for tenant in &self.owned {
            spans.push(Span::under(Index::InvitationSignUp, Key::new().id(tenant.uuid())));
        }
        for (tenant, manager) in &self.linked {
            let both = Key::new().id(tenant.uuid()).id(manager.uuid());
            spans.push(Span::under(Index::ManagerInvitationPair, both));
        }
        for link in &self.links {
            spans.push(Span::under(Index::ProposalLink, Key::new().id(link.uuid()).flag(true)));
        }
        let mut seen = BTreeSet::new();
        let mut ended = Vec::new();
        for (kind, id) in &self.handshakes {
            if let Some(found) = world.view.load(*kind, *id)?
                && seen.insert(*id)
            {
                ended.extend(ground_gone(world, &found, &mut asked)?);
            }
        }
        for mut span in spans {
            loop {
                let page = world.view.scan(&span, PAGE)?;
                for found in &page {
                    if !seen.insert(found.id) {
                        continue;
                    }
                    ended.extend(ground_gone(world, &found.entity, &mut asked)?);
                }
                match page.last() {
                    Some(last) if page.len() == PAGE => span = span.after(last.key.clone(), last.id),
                    _ => break,
                }
            }
        }
        Ok(ended)
    }
}

/// The pending handshakes that somebody takes part in, or sent.
fn pending(subject: Subject) -> Span {
    Span::under(Index::DueAbout, Key::new().id(subject.uuid()).flag(false))
}

/// The event by which a pending handshake ends whose ground is gone. Of many requests of one
/// organisation its people are asked about once.
fn ground_gone(world: &World<'_>, entity: &Any, asked: &mut Asking) -> Result<Option<Event>, ViewError> {
    let pending = |handshake: &Handshake| handshake.state_at(world.at) == HandshakeState::Pending;
    Ok(match entity {
        Any::LinkRequest(it) if pending(&it.handshake) => {
            let stands = organisation_stands(world, &it.handshake, (Party::Manager, it.manager), asked)?;
            (!stands).then_some(Event::LinkRequestWithdrawn { request: it.id })
        }
        Any::ManagerInvitation(it) if pending(&it.handshake) => {
            let stands = manager_invitation_rests(world, it, asked)?;
            (!stands).then_some(Event::ManagerInvitationWithdrawn { invitation: it.id })
        }
        Any::Proposal(it) if pending(&it.handshake) => {
            let stands = proposal_rests(world, it, asked)?;
            (!stands).then_some(Event::ProposalWithdrawn { proposal: it.id })
        }
        Any::Invitation(it) if pending(&it.handshake) => {
            let stands = invitation_stands(world, it)?;
            (!stands).then_some(Event::InvitationWithdrawn { invitation: it.id })
        }
        Any::AddressChange(it) if pending(&it.handshake) => {
            let stands = address_stands(world, it)?;
            (!stands).then_some(Event::AddressWithdrawn { user: it.user })
        }
        Any::Move(it) if pending(&it.handshake) => {
            let stands = move_stands(world, it)?;
            (!stands).then_some(Event::MoveWithdrawn { id: it.id })
        }
        _ => None,
    })
}
