//! A command becomes events or a refusal: one match, short arms. Reads and never writes.

use std::cell::Cell;
use std::collections::BTreeSet;

use uuid::Uuid;

use crate::about;
use crate::apply::apply;
use crate::base::ids::TenantId;
use crate::base::time::Timestamp;
use crate::command::{Command, Request};
use crate::event::Event;
use crate::model::{Personal, Subject};
use crate::rules::handshake::Touched;
use crate::rules::ids::placeholder;
use crate::rules::session::Reached;
use crate::rules::{
    Decision, Ruling, World, address, alert, assignment, delink, device, due, external, integration, licence,
    link, manager, operation, personal, policy, proposal, reseller, role, session, temporary, tenant, user,
};
use crate::view::{Any, Key, Overlay, View, ViewError, Write};

/// What follows from a decision: what happens, what is known about people by then, the entities
/// that change, and what it is about. Made once, and carried to wherever it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What happens.
    pub events: Vec<Event>,
    /// The subjects whose personal data is replaced or, with `None`, erased.
    pub people: Vec<(Subject, Option<Personal>)>,
    /// The entities that change: of each, the last word.
    pub changes: Vec<Write>,
    /// What it is about, to find its record by.
    pub about: BTreeSet<Subject>,
}

impl Step {
    /// Lays what changes over a view.
    pub(crate) fn lay_over(&self, view: &mut Overlay<'_>) {
        self.changes.iter().for_each(|change| view.change(change.clone()));
        for (subject, personal) in &self.people {
            view.change_personal(*subject, personal.clone());
        }
    }
}

/// What follows from a request, or why nothing does.
///
/// # Errors
/// A refusal, or the world could not be read.
pub fn decide(world: &World<'_>, request: &Request) -> Ruling<Step> {
    Ok(step(world, world.at, rule(world, request)?)?)
}

/// What follows from a decision. Handshakes end whose ground goes with it (L-3), and console
/// sessions whose right does (S-2), which is looked at in the world as it leaves it. What comes
/// about late ends those handshakes alone that were pending at its own moment.
///
/// # Events
/// `session_ended`, and of what waits for an answer `link_request_withdrawn`,
/// `manager_invitation_withdrawn`, `proposal_withdrawn`, `invitation_withdrawn`,
/// `address_withdrawn`, `move_withdrawn`; `external_id_removed` of what it ends or takes away.
///
/// # Errors
/// When the world cannot be read.
pub(crate) fn step(world: &World<'_>, moment: Timestamp, decision: Decision) -> Result<Step, ViewError> {
    let Decision { mut events, mut people } = decision;
    let mut after = Overlay::over(world.view);
    let mut about = BTreeSet::new();
    let (mut reached, mut touched) = (Reached::default(), Touched::default());
    let mut new = BTreeSet::new();
    let then = world.at_moment(moment);
    let mut happens = |after: &mut Overlay<'_>, event: &Event| {
        about::about(after, event, &mut about)?;
        happen(after, event, world.at)
    };
    for event in &events {
        new.extend(match event {
            Event::UserRegistered { user, .. } => Some(Subject::User(*user)),
            Event::TenantRegistered { tenant, .. } => Some(Subject::Tenant(*tenant)),
            _ => None,
        });
        reached.note(world, event, &new)?;
        touched.note(&then, event, &new)?;
        happens(&mut after, event)?;
    }
    if reached != Reached::default() || touched != Touched::default() {
        let mut ended = touched.withdrawn(&World::reading(&after, moment)?)?;
        // What is given for a while takes at its moment, whatever time gave again since.
        let by_time =
            |event: &Event| matches!(event, Event::TemporaryBegun { .. } | Event::TemporaryEnded { .. });
        let taken = if events.iter().all(by_time) { moment } else { world.at };
        ended.extend(reached.ended(&World::reading(&after, world.at)?, taken)?);
        for event in ended {
            happens(&mut after, &event)?;
            events.push(event);
        }
    }
    // Ids of other systems go with what they rest on.
    let mut gone = Vec::new();
    for event in &events {
        for event in external::gone(&after, event)? {
            happens(&mut after, &event)?;
            gone.push(event);
        }
    }
    events.extend(gone);
    forget(world, &events, &mut people)?;
    Ok(Step { events, people, changes: after.into_changes().0, about })
}

/// Addresses that nobody is asked to confirm any longer are known no more (U-1, U-5), nor are ids
/// of people that nobody keeps.
fn forget(
    world: &World<'_>,
    events: &[Event],
    people: &mut Vec<(Subject, Option<Personal>)>,
) -> Result<(), ViewError> {
    for event in events {
        let address = match event {
            Event::AddressCanceled { user }
            | Event::AddressExpired { user }
            | Event::AddressWithdrawn { user } => Some(*user),
            _ => None,
        };
        let Some(user) = address.or(external::forgotten(event)) else { continue };
        let subject = Subject::User(user);
        if people.iter().all(|(known, _)| *known != subject) {
            people.extend(world.view.personal(subject)?.map(|known| (subject, Some(known))));
        }
        for (known, personal) in people.iter_mut() {
            if let Some(personal) = personal.as_mut().filter(|_| *known == subject) {
                match address {
                    Some(_) => personal.new_email = None,
                    None => external::forget(personal, event),
                }
            }
        }
    }
    Ok(())
}

fn happen(world: &mut Overlay<'_>, event: &Event, at: Timestamp) -> Result<(), ViewError> {
    apply(world, event, at)?.into_iter().for_each(|change| world.change(change));
    Ok(())
}

/// The entities that a record's events change, of each the last word, in the world before it.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn changes_of(view: &dyn View, events: &[Event], at: Timestamp) -> Result<Vec<Write>, ViewError> {
    let mut after = Overlay::over(view);
    for event in events {
        happen(&mut after, event, at)?;
    }
    Ok(after.into_changes().0)
}

/// What followed from a record's events in the world before it. What people were told to be by it
/// is not in the record, only whose data was erased.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn retraced(view: &dyn View, events: Vec<Event>, at: Timestamp) -> Result<Step, ViewError> {
    let mut after = Overlay::over(view);
    let (mut people, mut about) = (Vec::new(), BTreeSet::new());
    for event in &events {
        about::about(&after, event, &mut about)?;
        happen(&mut after, event, at)?;
        if let Event::PersonalErased { subject } = event {
            people.push((*subject, None));
        }
    }
    Ok(Step { events, people, changes: after.into_changes().0, about })
}

/// How many things that are due and have nothing to do with a command it brings about.
pub(crate) const SWEPT_BY_A_COMMAND: usize = 64;

/// What would follow from a request, and the world that it would find once what is due before it
/// has happened. Nothing is written; the ids that the command leaves out are placeholders.
///
/// # Errors
/// A refusal, or the world could not be read.
pub(crate) fn rehearse<'v>(world: &World<'v>, seq: u64, request: &Request) -> Ruling<(Overlay<'v>, Step)> {
    let mut swept = Overlay::over(world.view);
    let (mut sweeping, mut happened) = (Sweeping::default(), 0);
    for item in sweeping.next(world.view, world.at, SWEPT_BY_A_COMMAND, Some(&request.command))? {
        for nth in 0.. {
            turn(item, nth)?;
            let Some(step) = sweep(&World::reading(&swept, world.at)?, item)? else { break };
            step.lay_over(&mut swept);
            happened += 1;
        }
    }
    let made = Cell::new(0);
    let fresh = || {
        made.set(made.get() + 1);
        placeholder(made.get())
    };
    let step = {
        let found = World::new(&swept, world.at, seq + happened + 1, &fresh)?;
        decide(&found, request)?
    };
    Ok((swept, step))
}

fn rule(world: &World<'_>, request: &Request) -> Ruling<Decision> {
    let actor = &request.actor;
    match &request.command {
        Command::SetPolicy(it) => policy::set(world, actor, it),
        Command::RegisterTenant(it) => tenant::register(world, actor, it),
        Command::AddCustomer(it) => tenant::add_customer(world, actor, it),
        Command::EditTenant(it) => tenant::edit(world, actor, it),
        Command::ChangeTenantKind(it) => tenant::change_kind(world, actor, it),
        Command::DisableTenants(it) => operation::disable(world, actor, it),
        Command::EnableTenants(it) => operation::enable(world, actor, it),
        Command::ReportReady(it) => operation::report_ready(world, actor, it),
        Command::DeleteTenants(it) => tenant::delete(world, actor, it),
        Command::InviteManager(it) => manager::invite(world, actor, it),
        Command::DeclineManagerInvitation(it) => manager::decline(world, actor, it),
        Command::CancelManagerInvitation(it) => manager::cancel(world, actor, it),
        Command::ResendManagerInvitation(it) => manager::resend(world, actor, it),
        Command::BarManager(it) => manager::bar(world, actor, it),
        Command::RequestLink(it) => link::request(world, actor, it),
        Command::AcceptLink(it) => link::accept(world, actor, it),
        Command::DeclineLink(it) => link::decline(world, actor, it),
        Command::CancelLinkRequest(it) => link::cancel_request(world, actor, it),
        Command::ResendLinkRequest(it) => link::resend_request(world, actor, it),
        Command::ConvertLink(it) => link::convert(world, actor, it),
        Command::AddServices(it) => proposal::add_services(world, actor, it),
        Command::RemoveService(it) => link::remove_service(world, actor, it),
        Command::SetAutoExtend(it) => link::set_auto_extend(world, actor, it),
        Command::RenewLink(it) => proposal::renew(world, actor, it),
        Command::ProposeTerms(it) => proposal::propose_terms(world, actor, it),
        Command::AcceptProposal(it) => proposal::accept(world, actor, it),
        Command::DeclineProposal(it) => proposal::decline(world, actor, it),
        Command::CancelProposal(it) => proposal::cancel(world, actor, it),
        Command::ResendProposal(it) => proposal::resend(world, actor, it),
        Command::SetManagerGrants(it) => link::set_grants(world, actor, it),
        Command::RequestDelink(it) => delink::request(world, actor, it),
        Command::AcceptDelink(it) => delink::accept(world, actor, it),
        Command::RejectDelink(it) => delink::reject(world, actor, it),
        Command::ResendDelink(it) => delink::resend(world, actor, it),
        Command::CancelDelink(it) => delink::cancel(world, actor, it),
        Command::InviteUser(it) => user::invite(world, actor, it),
        Command::InviteOwner(it) => user::invite_owner(world, actor, it),
        Command::ResendInvitation(it) => user::resend(world, actor, it),
        Command::RevokeInvitation(it) => user::revoke(world, actor, it),
        Command::AcceptInvitation(it) => user::accept(world, actor, it),
        Command::DeclineInvitation(it) => user::decline(world, actor, it),
        Command::RegisterUser(it) => user::register(world, actor, it),
        Command::EditUser(it) => user::edit(world, actor, it),
        Command::ConfirmAddress(it) => address::confirm(world, actor, it),
        Command::CancelAddress(it) => address::cancel(world, actor, it),
        Command::BlockUser(it) => user::block(world, actor, it),
        Command::UnblockUser(it) => user::unblock(world, actor, it),
        Command::RemoveUser(it) => user::remove(world, actor, it),
        Command::Assign(it) => assignment::assign(world, actor, it),
        Command::Unassign(it) => assignment::unassign(world, actor, it),
        Command::Activate(it) => temporary::activate(world, actor, it),
        Command::Deactivate(it) => temporary::deactivate(world, actor, it),
        Command::CreateRole(it) => role::create(world, actor, it),
        Command::EditRole(it) => role::edit(world, actor, it),
        Command::DeleteRole(it) => role::delete(world, actor, it),
        Command::ErasePersonal(it) => personal::erase(world, actor, it),
        Command::AddResellerCustomer(it) => reseller::add(world, actor, it),
        Command::EditResellerCustomer(it) => reseller::edit(world, actor, it),
        Command::RemoveResellerCustomer(it) => reseller::remove(world, actor, it),
        Command::DropReseller(it) => reseller::drop_reseller(world, actor, it),
        Command::AdmitReseller(it) => reseller::admit(world, actor, it),
        Command::UploadDevices(it) => device::upload(world, actor, it),
        Command::WithdrawUpload(it) => device::withdraw(world, actor, it),
        Command::MoveDevices(it) => device::move_devices(world, actor, it),
        Command::ApproveMove(it) => device::approve(world, actor, it),
        Command::DeclineMove(it) => device::decline(world, actor, it),
        Command::CancelMove(it) => device::cancel(world, actor, it),
        Command::ResendMove(it) => device::resend(world, actor, it),
        Command::DeleteDevices(it) => device::delete(world, actor, it),
        Command::CreateIntegration(it) => integration::create(world, actor, it),
        Command::ShareIntegration(it) => integration::share(world, actor, it),
        Command::DetachIntegration(it) => integration::detach(world, actor, it),
        Command::DeleteIntegration(it) => integration::delete(world, actor, it),
        Command::BuyLicence(it) => licence::buy(world, actor, it),
        Command::AssignSeats(it) => licence::assign(world, actor, it),
        Command::ReleaseSeats(it) => licence::release(world, actor, it),
        Command::SetAlertRule(it) => alert::set(world, actor, it),
        Command::SetExternalId(it) => external::set(world, actor, it),
        Command::RemoveExternalId(it) => external::remove(world, actor, it),
        Command::OpenConsole(it) => session::open(world, actor, it),
        Command::CloseConsole(it) => session::close(world, actor, it),
    }
}

/// What happens next of something that is due at the world's moment; nothing, where it is done with
/// or something else has settled it.
///
/// # Errors
/// When the world cannot be read.
pub fn sweep(world: &World<'_>, item: due::Item) -> Result<Option<Step>, ViewError> {
    let events = due::next(world, item)?;
    if events.is_empty() { Ok(None) } else { step(world, item.0, events.into()).map(Some) }
}

/// More things in a row than time ever brings about of one item.
const TURNS: usize = 32;

/// Lets whoever sweeps an item go on with its next turn.
///
/// # Errors
/// When the item had more turns than there can be: what happens to it does not change it, as in no
/// world that records lead to.
pub(crate) fn turn((_, kind, id): due::Item, turn: usize) -> Result<(), ViewError> {
    if turn < TURNS {
        return Ok(());
    }
    Err(ViewError::damaged(format!("what is due about the {} {id} does not pass", kind.name())))
}

/// How far what is due has been brought about. Nothing that happens on the way is due at its moment
/// already.
#[derive(Default)]
pub(crate) struct Sweeping {
    /// The last entry of the index that was seen to.
    last: Option<(Key, Uuid)>,
    /// Whether nothing is left.
    whole: bool,
    /// Whatever was seen to out of turn.
    about: BTreeSet<due::Concerned>,
}

impl Sweeping {
    /// Whether nothing is left.
    pub(crate) const fn is_over(&self) -> bool {
        self.whole
    }

    /// What is due next, in the order of moments: about what a command names the links above its
    /// tenants, and of each of them and of everything else at most so much.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn next(
        &mut self,
        view: &dyn View,
        at: Timestamp,
        limit: usize,
        command: Option<&Command>,
    ) -> Result<BTreeSet<due::Item>, ViewError> {
        let mut items = BTreeSet::new();
        if self.whole {
            return Ok(items);
        }
        let found = due::first(view, at, self.last.take(), limit)?;
        found.iter().for_each(|found| due::add(&found.entity, at, &mut items));
        self.whole = found.len() < limit;
        self.last = found.last().map(|last| (last.key.clone(), last.id));
        if let Some(command) = command.filter(|_| !self.whole) {
            for subject in due::named(view, command)? {
                if self.about.insert(subject) {
                    due::before(view, at, subject, limit, &mut items)?;
                }
            }
        }
        Ok(items)
    }
}

/// Of what time alone brings about, what a question looks at.
#[derive(Clone, Copy, Debug)]
pub enum Settling<'a> {
    /// All of it.
    Everything,
    /// What is due about the links of these tenants.
    LinksOf(&'a [TenantId]),
    /// What is due about the links above a tenant, to the top, and about what is given for a while
    /// on any of these.
    LinksAbove(TenantId),
    /// What is due about the links that a reseller's list shows something of.
    LinksOfReseller(TenantId),
    /// What is due about a tenant: its links, those above them, and the handshakes it takes part
    /// in.
    AllAbout(TenantId),
    /// What is due about these entities, as far as they may be others by it.
    Entities(&'a [Any]),
}

/// The world once what time alone brings about at its moment has happened, as far as a question
/// looks at it; nothing, when nothing of that is due. It costs what is due there, and one look
/// where nothing is due at all.
///
/// # Errors
/// When the world cannot be read.
pub fn settled<'v>(world: &World<'v>, settling: Settling<'_>) -> Result<Option<Overlay<'v>>, ViewError> {
    if due::first(world.view, world.at, None, 1)?.is_empty() {
        return Ok(None);
    }
    let (view, at) = (world.view, world.at);
    let mut items = BTreeSet::new();
    match settling {
        Settling::Everything => items = due::all(view, at)?,
        Settling::LinksOf(tenants) => {
            for tenant in tenants {
                due::about_links(view, at, tenant.uuid(), &mut items)?;
            }
        }
        Settling::LinksAbove(tenant) => due::above(view, at, tenant, &mut items)?,
        Settling::LinksOfReseller(reseller) => due::of_reseller(view, at, reseller, &mut items)?,
        Settling::AllAbout(tenant) => due::all_about(view, at, tenant, &mut items)?,
        Settling::Entities(entities) => {
            for entity in entities {
                due::of_entity(view, at, entity, &mut items)?;
            }
        }
    }
    if items.is_empty() {
        return Ok(None);
    }
    let mut after = Overlay::over(world.view);
    for item in items {
        for nth in 0.. {
            turn(item, nth)?;
            let Some(step) = sweep(&World::reading(&after, world.at)?, item)? else { break };
            step.changes.into_iter().for_each(|change| after.change(change));
        }
    }
    Ok(Some(after))
}
