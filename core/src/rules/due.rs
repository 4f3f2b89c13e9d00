//! What the clock does: handshakes lapse, links are announced, extended or ended, roles that are
//! given for a while begin and end (L-3, L-9, D, U-2, X-4). One thing at a time, in the order of
//! their moments, so that each sees the world that the one before has left.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::link;
use super::world::World;
use crate::base::ids::{LinkId, TenantId, UserId};
use crate::base::time::Timestamp;
use crate::command::{Command, Named};
use crate::event::Event;
use crate::model::{
    Assignment, Holding, Invitation, Link, LinkRequest, ManagerInvitation, Proposal, ResellerRow, Temporary,
    announced_by,
};
use crate::view::{Any, Found, Index, Key, Kind, Span, View, ViewError};

/// How many entries of an index are read at once.
const PAGE: usize = 64;

/// Something that may be due: at which moment, and about which entity. In the order in which it
/// happens.
pub type Item = (Timestamp, Kind, Uuid);

/// What a command names that something may be due about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concerned {
    /// A tenant.
    Tenant(TenantId),
    /// A user.
    User(UserId),
    /// A link.
    Link(LinkId),
}

impl Concerned {
    const fn uuid(self) -> Uuid {
        match self {
            Self::Tenant(id) => id.uuid(),
            Self::User(id) => id.uuid(),
            Self::Link(id) => id.uuid(),
        }
    }
}

/// Something that time brings about.
enum Due {
    Event(Event),
    End(Arc<Link>),
}

/// What is due by a moment, at most so much of it, from this entry of the index on: what has to be
/// looked at, and the last entry that was read. Fewer entries than wanted mean that nothing is
/// left.
///
/// # Errors
/// When the view cannot be read.
pub fn first(
    view: &dyn View,
    at: Timestamp,
    after: Option<(Key, Uuid)>,
    limit: usize,
) -> Result<Vec<Found>, ViewError> {
    let span = Span::up_to(Index::Due, &Key::new().time(at));
    let span = match after {
        Some((key, id)) => span.after(key, id),
        None => span,
    };
    view.scan(&span, limit)
}

/// What comes due after one moment and up to another, in the order of moments, read page by page.
pub(super) fn between(
    view: &dyn View,
    after: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = Result<(Timestamp, Any), ViewError>> + '_ {
    let due = Span::under(Index::Due, Key::new()).at_most(&Key::new().time(to));
    let mut rest = Some(due.at_least(Key::new().time(after).successor()));
    let pages = std::iter::from_fn(move || {
        let span = rest.take()?;
        let page = view.scan(&span, PAGE);
        if let Ok(page) = &page
            && page.len() == PAGE
        {
            rest = page.last().map(|last| span.after(last.key.clone(), last.id));
        }
        Some(page)
    });
    pages.flat_map(|page| match page {
        Ok(page) => page.into_iter().filter_map(|it| Some(Ok((standing(&it)?, it.entity)))).collect(),
        Err(error) => vec![Err(error)],
    })
}

/// The moment that something stands at in an index of what is due; nothing, where it is none of its
/// own.
fn standing(found: &Found) -> Option<Timestamp> {
    found.key.last_time().filter(|moment| found.entity.moments().contains(moment))
}

/// Everything that is due by a moment.
///
/// # Errors
/// When the view cannot be read.
pub fn all(view: &dyn View, at: Timestamp) -> Result<BTreeSet<Item>, ViewError> {
    let mut items = BTreeSet::new();
    let mut after = None;
    loop {
        after = add_page(view, at, after, &mut items)?;
        if after.is_none() {
            return Ok(items);
        }
    }
}

/// Adds the next page of what is due by a moment, and says where it stopped; nothing, where nothing
/// is left.
fn add_page(
    view: &dyn View,
    at: Timestamp,
    after: Option<(Key, Uuid)>,
    items: &mut BTreeSet<Item>,
) -> Result<Option<(Key, Uuid)>, ViewError> {
    let page = first(view, at, after, PAGE)?;
    page.iter().for_each(|found| add(&found.entity, at, items));
    Ok(page.last().filter(|_| page.len() == PAGE).map(|last| (last.key.clone(), last.id)))
}

/// What is due about the links above a tenant, to the top, and about what is given for a while on
/// it and on all of those: rights by which somebody sent what waits for an answer, or holds a
/// console open.
///
/// # Errors
/// When the view cannot be read.
pub fn above(
    view: &dyn View,
    at: Timestamp,
    tenant: TenantId,
    items: &mut BTreeSet<Item>,
) -> Result<(), ViewError> {
    let mut seen = BTreeSet::from([tenant]);
    let mut open = vec![tenant];
    while let Some(managed) = open.pop() {
        let of = Key::new().id(managed.uuid());
        add_all(view, Span::under(Index::TemporaryDue, of.clone()).at_most(&of.time(at)), at, items)?;
        for link in view.links_managing(managed) {
            let link = link?;
            if seen.insert(link.manager) {
                open.push(link.manager);
            }
            add(&Any::Link(link), at, items);
        }
    }
    Ok(())
}

/// What is due about the links that a reseller's list shows something of: those by which its
/// customers are managed (V-5), and those under which devices of it were moved (V-3). It costs the
/// smaller of two: what is due in the whole store, or what the reseller has.
///
/// # Errors
/// When the view cannot be read.
pub fn of_reseller(
    view: &dyn View,
    at: Timestamp,
    reseller: TenantId,
    items: &mut BTreeSet<Item>,
) -> Result<(), ViewError> {
    let under = Key::new().id(reseller.uuid());
    let mut rows = view.under::<ResellerRow>(Index::RowCompany, under.clone());
    let mut holdings = view.under::<Holding>(Index::HoldingRow, under);
    let (mut everywhere, mut after) = (BTreeSet::new(), None);
    loop {
        after = add_page(view, at, after, &mut everywhere)?;
        if after.is_none() {
            items.extend(everywhere.into_iter().filter(|(_, kind, _)| *kind == Kind::Link));
            return Ok(());
        }
        let (mut rows_left, mut holdings_left) = (true, true);
        for _ in 0..PAGE {
            match rows.next() {
                None => rows_left = false,
                Some(row) => {
                    for link in view.links_managing(row?.tenant) {
                        add(&Any::Link(link?), at, items);
                    }
                }
            }
            match holdings.next() {
                None => holdings_left = false,
                Some(holding) => {
                    for moved in &holding?.way {
                        let link = view.load(Kind::Link, moved.link.uuid())?;
                        link.iter().for_each(|link| add(link, at, items));
                    }
                }
            }
        }
        if !rows_left && !holdings_left {
            return Ok(());
        }
    }
}

/// What is due by a moment about the links of a tenant, or about one link: all of it.
///
/// # Errors
/// When the view cannot be read.
pub fn about_links(
    view: &dyn View,
    at: Timestamp,
    subject: Uuid,
    items: &mut BTreeSet<Item>,
) -> Result<(), ViewError> {
    add_all(view, about(subject, true, at), at, items)
}

/// What is due by a moment about a tenant: its links and those above it, to the top, and the
/// handshakes it takes part in.
///
/// # Errors
/// When the view cannot be read.
pub fn all_about(
    view: &dyn View,
    at: Timestamp,
    tenant: TenantId,
    items: &mut BTreeSet<Item>,
) -> Result<(), ViewError> {
    above(view, at, tenant, items)?;
    about_links(view, at, tenant.uuid(), items)?;
    add_all(view, about(tenant.uuid(), false, at), at, items)
}

/// What is due by a moment that may make another of an entity, or end it: about itself, about what
/// it waits for, and about the links above the tenants that it is of; of a tenant, about its links.
///
/// # Errors
/// When the view cannot be read.
pub fn of_entity(
    view: &dyn View,
    at: Timestamp,
    entity: &Any,
    items: &mut BTreeSet<Item>,
) -> Result<(), ViewError> {
    add(entity, at, items);
    match entity {
        Any::Tenant(it) => about_links(view, at, it.id.uuid(), items)?,
        Any::User(it) => {
            let invited = Key::new().id(it.id.uuid());
            for invitation in view.under::<Invitation>(Index::InvitationUser, invited) {
                of_entity(view, at, &Any::Invitation(invitation?), items)?;
            }
        }
        Any::Device(it) => {
            if let Some(moving) = it.moving
                && let Some(moving) = view.load(Kind::Move, moving.uuid())?
            {
                of_entity(view, at, &moving, items)?;
            }
        }
        _ => {}
    }
    tenants_of(entity).into_iter().flatten().try_for_each(|tenant| above(view, at, tenant, items))
}

/// The tenants that an entity is of, the end of whose links may end it or make another of it.
fn tenants_of(entity: &Any) -> [Option<TenantId>; 2] {
    match entity {
        Any::Tenant(it) => [Some(it.id), None],
        Any::Link(it) => [Some(it.managed), None],
        Any::LinkRequest(it) => [Some(it.managed), Some(it.manager)],
        Any::Proposal(it) => [Some(it.managed), Some(it.manager)],
        Any::ManagerInvitation(it) => [Some(it.tenant), Some(it.manager)],
        Any::Move(it) => [Some(it.customer), Some(it.manager)],
        Any::Invitation(it) => [Some(it.tenant), None],
        Any::AddressChange(it) => [Some(it.home), None],
        Any::Assignment(it) => [Some(it.tenant), None],
        Any::Attachment(it) => [Some(it.tenant), None],
        Any::Session(it) => [Some(it.tenant), None],
        Any::Device(it) => [Some(it.holder), None],
        Any::User(it) => [Some(it.home), None],
        Any::Role(_)
        | Any::PolicyVersion(_)
        | Any::ResellerRow(_)
        | Any::Holding(_)
        | Any::Integration(_)
        | Any::Licence(_)
        | Any::AlertRule(_)
        | Any::Listing(_)
        | Any::RestingPrefix(_)
        | Any::Refusals(_)
        | Any::Asked(_)
        | Any::BarredManager(_)
        | Any::KeptId(_) => [None, None],
    }
}

fn add_all(view: &dyn View, span: Span, at: Timestamp, items: &mut BTreeSet<Item>) -> Result<(), ViewError> {
    let mut rest = span;
    loop {
        let page = view.scan(&rest, PAGE)?;
        page.iter().for_each(|found| add(&found.entity, at, items));
        match page.last() {
            Some(last) if page.len() == PAGE => rest = rest.after(last.key.clone(), last.id),
            _ => return Ok(()),
        }
    }
}

fn about(subject: Uuid, links: bool, at: Timestamp) -> Span {
    let of = Key::new().id(subject).flag(links);
    Span::under(Index::DueAbout, of.clone()).at_most(&of.time(at))
}

/// What is due by a moment about something that a command names: of a tenant the links above it, to
/// the top; and of the rest, its links and the handshakes it takes part in, so much.
///
/// # Errors
/// When the view cannot be read.
pub fn before(
    view: &dyn View,
    at: Timestamp,
    named: Concerned,
    limit: usize,
    items: &mut BTreeSet<Item>,
) -> Result<(), ViewError> {
    if let Concerned::Tenant(tenant) = named {
        above(view, at, tenant, items)?;
    }
    for links in [true, false] {
        let found = view.scan(&about(named.uuid(), links, at), limit)?;
        found.iter().for_each(|found| add(&found.entity, at, items));
    }
    Ok(())
}

/// The tenants, users and links that a command names; of a request, both its tenants, since they
/// may get a link, of a proposal its link, too, and of an upload those between whom it went, where
/// devices of it may be in a move.
///
/// # Errors
/// When the view cannot be read.
pub fn named(view: &dyn View, command: &Command) -> Result<BTreeSet<Concerned>, ViewError> {
    use Concerned::{Link, Tenant, User};
    let mut found = BTreeSet::new();
    for named in command.about() {
        match named {
            Named::Tenant(tenant) => found.extend([Tenant(tenant)]),
            Named::User(user) => found.extend([User(user)]),
            Named::Link(link) => found.extend([Link(link)]),
            Named::Number(number) => {
                found.extend(view.numbered(&number)?.map(|tenant| Tenant(tenant.id)));
            }
            Named::LinkRequest(request) => {
                let request = view.get::<LinkRequest>(request.uuid())?;
                found.extend(request.iter().flat_map(|it| [Tenant(it.manager), Tenant(it.managed)]));
            }
            Named::ManagerInvitation(invitation) => {
                let invitation = view.get::<ManagerInvitation>(invitation.uuid())?;
                found.extend(invitation.iter().flat_map(|it| [Tenant(it.tenant), Tenant(it.manager)]));
            }
            Named::Upload(upload) => {
                let arrived = view.get::<Holding>(Holding::uploaded(upload).uuid())?;
                found.extend(arrived.iter().flat_map(|it| [Tenant(it.reseller), Tenant(it.uploaded_to)]));
            }
            Named::Proposal(proposal) => {
                let proposal = view.get::<Proposal>(proposal.uuid())?;
                let of = |it: &Arc<Proposal>| [Link(it.link), Tenant(it.manager), Tenant(it.managed)];
                found.extend(proposal.iter().flat_map(of));
            }
            Named::Invitation(_)
            | Named::Role(_)
            | Named::Move(_)
            | Named::Integration(_)
            | Named::Licence(_)
            | Named::Session(_) => {}
        }
    }
    Ok(found)
}

/// Notes every moment that has come at which there may be something to do about an entity.
pub fn add(entity: &Any, at: Timestamp, items: &mut BTreeSet<Item>) {
    let moments = entity.moments().into_iter().filter(|moment| *moment <= at);
    items.extend(moments.map(|moment| (moment, entity.kind(), entity.id())));
}

/// What happens next of an item, in a world in which everything before it has happened; nothing,
/// where it is done with or something else has settled it.
///
/// # Errors
/// When the view cannot be read.
pub fn next(world: &World<'_>, (moment, kind, id): Item) -> Result<Vec<Event>, ViewError> {
    let due = world.view.load(kind, id)?.and_then(|entity| due(entity, world.at));
    match due.filter(|(due, _)| *due <= moment) {
        None => Ok(Vec::new()),
        Some((_, Due::Event(event))) => Ok(vec![event]),
        Some((_, Due::End(link))) => link::end(world, &link, link.end_cause()),
    }
}

/// What is due about an entity next, and at which moment.
fn due(entity: Any, at: Timestamp) -> Option<(Timestamp, Due)> {
    let moment = *entity.moments().first()?;
    let event = match entity {
        Any::LinkRequest(it) => Event::LinkRequestExpired { request: it.id },
        Any::Proposal(it) => Event::ProposalExpired { proposal: it.id },
        Any::ManagerInvitation(it) => Event::ManagerInvitationExpired { invitation: it.id },
        Any::Invitation(it) => Event::InvitationExpired { invitation: it.id },
        Any::AddressChange(it) => Event::AddressExpired { user: it.user },
        Any::Move(it) => Event::MoveExpired { id: it.id },
        Any::Assignment(it) => {
            let Assignment { user, tenant, .. } = *it;
            let begins = |laid: &&Temporary| !laid.begun && laid.starts == moment;
            match it.over.iter().find(begins) {
                Some(laid) => Event::TemporaryBegun { user, tenant, ends: laid.ends },
                None => Event::TemporaryEnded { user, tenant, ends: moment },
            }
        }
        Any::Link(link) => {
            let lapse = link
                .delink_expires
                .map(|moment| (moment, Due::Event(Event::DelinkExpired { link: link.id })));
            let due = [lapse, ending(&link, at), extending(&link, at)];
            return due.into_iter().flatten().min_by_key(|(moment, _)| *moment);
        }
        _ => return None,
    };
    Some((moment, Due::Event(event)))
}

/// The end of a link, by its term or by a notice period, and what is announced of it. An end that
/// has come is not announced any more.
fn ending(link: &Arc<Link>, at: Timestamp) -> Option<(Timestamp, Due)> {
    let ends = link.ends_at()?;
    if ends <= at {
        return Some((ends, Due::End(Arc::clone(link))));
    }
    let days = announced_by(ends, at)?;
    Some((link.next_announced()?, Due::Event(Event::LinkExpiring { link: link.id, days })))
}

/// The next moment at which a link is prolonged instead of ending by its term.
fn extending(link: &Link, at: Timestamp) -> Option<(Timestamp, Due)> {
    let term = link.term.as_ref()?;
    let moment = term.extends_at()?;
    let expires = term.expires.stepping_past(at, term.auto_extend_days?);
    Some((moment, Due::Event(Event::LinkExtended { link: link.id, expires })))
}
