//! Who may do what once something has changed that they could not before, and the other way round
//! the difference between two worlds. What has changed says whom it may concern; of
//! these, checks say what is another.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::due;
use super::effective::{Effective, held};
use super::reach::{Going, People, Tenants};
use super::world::World;
use crate::base::ids::{RoleId, TenantId, UserId};
use crate::base::time::Timestamp;
use crate::model::{Assignment, Link, Role, User};
use crate::query::AccessChangeRow;
use crate::view::{Any, Entity, Index, Key, Kind, Span, Spot, View, ViewError, Write};

/// Two worlds of which one came of the other.
#[derive(Clone, Copy)]
pub(crate) struct Between<'w> {
    /// The one before.
    pub(crate) before: &'w World<'w>,
    /// The one after.
    pub(crate) after: &'w World<'w>,
}

/// Whose access may be another after a change, in the order in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Concern {
    /// A user's, who is at home there, on whatever they reach.
    User(TenantId, UserId),
    /// A user's on a tenant and on whatever is below it.
    Under(UserId, TenantId),
    /// A user's on a tenant.
    On(UserId, TenantId),
    /// Anybody's on a tenant and on whatever is below it.
    Below(TenantId),
    /// Anybody's on a tenant.
    At(TenantId),
}

/// Whose access may be another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Affected {
    everybody: bool,
    concerns: BTreeSet<Concern>,
}

impl Affected {
    /// A user, on whatever they reach.
    pub(crate) fn user(user: &User) -> Self {
        Self { everybody: false, concerns: [Concern::User(user.home, user.id)].into() }
    }

    /// Whoever reaches a tenant.
    pub(crate) fn tenant(tenant: TenantId) -> Self {
        Self { everybody: false, concerns: [Concern::At(tenant)].into() }
    }

    /// Whom changes may concern.
    ///
    /// # Errors
    /// When a view cannot be read.
    pub(crate) fn by(changes: &[Write], between: Between<'_>) -> Result<Self, ViewError> {
        let mut affected = Self::default();
        for change in changes {
            affected.note(change, between)?;
        }
        Ok(affected)
    }

    /// Whom it may concern that a moment has come, between the worlds right before and at it.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn by_time(turning: &Turning, between: Between<'_>) -> Result<Self, ViewError> {
        let mut affected = Self::default();
        for link in &turning.links {
            affected.concerns.insert(Concern::Below(link.managed));
            affected.note_standing(link.managed, between)?;
        }
        turning.assignments.iter().for_each(|given| affected.note_assignment(given));
        Ok(affected)
    }

    /// Of these, whoever reaches a tenant.
    pub(crate) fn on(&self, tenant: TenantId) -> Self {
        let here = |concern: &Concern| match *concern {
            Concern::User(_, user) | Concern::Under(user, _) => Some(Concern::On(user, tenant)),
            Concern::Below(_) => Some(Concern::At(tenant)),
            on @ (Concern::On(_, there) | Concern::At(there)) => (there == tenant).then_some(on),
        };
        let everybody = self.everybody.then_some(Concern::At(tenant));
        let concerns = self.concerns.iter().filter_map(here).chain(everybody).collect();
        Self { everybody: false, concerns }
    }

    fn note(&mut self, change: &Write, between: Between<'_>) -> Result<(), ViewError> {
        let (kind, id) = change.target();
        match kind {
            Kind::PolicyVersion => {
                self.everybody |= id == Uuid::nil() && between.decides_otherwise();
            }
            Kind::Tenant => self.note_standing(TenantId::from_uuid(id), between)?,
            Kind::User => {
                let [before, after] = between.both::<User>(id)?;
                let found = after.as_ref().or(before.as_ref());
                if let Some(user) = found
                    && before.as_ref().map(|it| it.state) != after.as_ref().map(|it| it.state)
                {
                    self.concerns.insert(Concern::User(user.home, user.id));
                }
            }
            Kind::Assignment => {
                let [before, after] = between.both::<Assignment>(id)?;
                if before != after {
                    before.iter().chain(&after).for_each(|held| self.note_assignment(held));
                }
            }
            Kind::Role => {
                let [before, after] = between.both::<Role>(id)?;
                if before.map(|it| it.permissions.clone()) != after.map(|it| it.permissions.clone()) {
                    self.note_role(RoleId::from_uuid(id), between)?;
                }
            }
            Kind::Link => self.note_link(between.both::<Link>(id)?, between)?,
            _ => {}
        }
        Ok(())
    }

    fn note_assignment(&mut self, held: &Assignment) {
        self.concerns.insert(match held.ever_below() {
            true => Concern::Under(held.user, held.tenant),
            false => Concern::On(held.user, held.tenant),
        });
    }

    fn note_role(&mut self, role: RoleId, between: Between<'_>) -> Result<(), ViewError> {
        for world in [between.before, between.after] {
            let having = Key::new().id(role.uuid());
            for held in world.view.under::<Assignment>(Index::AssignmentRole, having) {
                self.note_assignment(&*held?);
            }
        }
        Ok(())
    }

    fn note_link(&mut self, link: [Option<Arc<Link>>; 2], between: Between<'_>) -> Result<(), ViewError> {
        let managed: BTreeSet<_> = link.iter().flatten().map(|link| link.managed).collect();
        for managed in &managed {
            self.note_standing(*managed, between)?;
        }
        let [before, after] = &link;
        let lets = |link: &Option<Arc<Link>>, at| {
            let link = link.clone().filter(|link| link.is_in_force(at))?;
            let Link { manager, managed, management, terms, services, grants, .. } =
                Arc::unwrap_or_clone(link);
            Some((manager, managed, management, terms, services, grants))
        };
        if lets(before, between.before.at) != lets(after, between.after.at) {
            self.concerns.extend(managed.into_iter().map(Concern::Below));
        }
        Ok(())
    }

    /// Notes what hangs on whether a tenant lives, can be worked on, and lets its own people in
    /// (P-2, P-4).
    fn note_standing(&mut self, tenant: TenantId, between: Between<'_>) -> Result<(), ViewError> {
        let [before, after] = between.each(|world| {
            let Some(living) = world.living(tenant)? else { return Ok(None) };
            Ok(Some((world.closed(&living)?, world.is_locked(tenant)?)))
        })?;
        if before == after {
            return Ok(());
        }
        self.concerns.insert(Concern::At(tenant));
        for world in [between.before, between.after] {
            for user in world.view.under::<User>(Index::UserHome, Key::new().id(tenant.uuid())) {
                self.concerns.insert(Concern::User(tenant, user?.id));
            }
        }
        Ok(())
    }

    /// Visits whom it may concern on which tenant, one by one in an order of its own, from a place
    /// on, until the visitor has enough. Each person on each tenant comes once; whether anything is
    /// another for them, [`Between::change`] says.
    ///
    /// # Errors
    /// When a view cannot be read, or the visitor's.
    pub(crate) fn visit(
        &self,
        between: Between<'_>,
        after: Option<&Spot>,
        visit: &mut dyn FnMut(Spot, UserId, TenantId) -> Result<bool, ViewError>,
    ) -> Result<(), ViewError> {
        let came = after.and_then(Come::read);
        let passed = |concern: Concern| came.as_ref().is_some_and(|came| concern < came.concern);
        let mut look = |come: Come, (user, tenant)| visit(come.place(), user, tenant);
        if self.everybody {
            // Nobody who was there is not there any more: users are kept.
            let span = Span::under(Index::UserHome, Key::new());
            let span = match came.as_ref().map(|came| came.concern) {
                Some(Concern::User(home, _)) => span.at_least(Key::new().id(home.uuid())),
                _ => span,
            };
            for user in between.after.view.within::<User>(span) {
                let user = user?;
                let concern = Concern::User(user.home, user.id);
                if !passed(concern)
                    && !Field::of(concern, between)?.visit(between, came.as_ref(), &mut look)?
                {
                    return Ok(());
                }
            }
            return Ok(());
        }
        let mut seen: Vec<Field> = Vec::new();
        for concern in &self.concerns {
            let field = Field::of(*concern, between)?;
            if !passed(*concern) {
                let again = |(user, tenant): (UserId, TenantId)| -> Result<bool, ViewError> {
                    for field in &seen {
                        if field.has(between, user, tenant)? {
                            return Ok(true);
                        }
                    }
                    Ok(false)
                };
                let mut once = |come: Come, pair| Ok(again(pair)? || look(come, pair)?);
                if !field.visit(between, came.as_ref(), &mut once)? {
                    return Ok(());
                }
            }
            seen.push(field);
        }
        Ok(())
    }
}

/// Goes on where it says so.
type Visit<'v> = dyn FnMut(Come, (UserId, TenantId)) -> Result<bool, ViewError> + 'v;

/// A concern, and the tenants that it is about: after and before.
struct Field {
    concern: Concern,
    tenants: [Tenants; 2],
}

impl Field {
    fn of(concern: Concern, between: Between<'_>) -> Result<Self, ViewError> {
        let [before, after] = between.each(|world| match concern {
            Concern::User(_, user) => Tenants::of(world, user),
            Concern::Under(_, tenant) | Concern::Below(tenant) => Tenants::from(world, tenant),
            Concern::On(_, tenant) | Concern::At(tenant) => Ok(Tenants::only(tenant)),
        })?;
        Ok(Self { concern, tenants: [after, before] })
    }

    const fn user(&self) -> Option<UserId> {
        match self.concern {
            Concern::User(_, user) | Concern::Under(user, _) | Concern::On(user, _) => Some(user),
            Concern::Below(_) | Concern::At(_) => None,
        }
    }

    /// Whether it is about somebody on a tenant.
    fn has(&self, between: Between<'_>, user: UserId, tenant: TenantId) -> Result<bool, ViewError> {
        if self.user().is_some_and(|own| own != user) {
            return Ok(false);
        }
        let [after, before] = &self.tenants;
        Ok(after.has(between.after, tenant)? || before.has(between.before, tenant)?)
    }

    /// Visits each person on each tenant that it is about, as long as there is to go on.
    fn visit(
        &self,
        between: Between<'_>,
        came: Option<&Come>,
        visit: &mut Visit<'_>,
    ) -> Result<bool, ViewError> {
        let came = came.filter(|come| come.concern == self.concern);
        let [after, before] = &self.tenants;
        for (late, tenants, world) in [(false, after, between.after), (true, before, between.before)] {
            let mut going = Going::default();
            if let Some(came) = came {
                if came.late != late {
                    if came.late {
                        continue;
                    }
                } else {
                    let person = came.person.as_ref();
                    if person.is_some() && !self.people(between, &came.on(), person, visit)? {
                        return Ok(false);
                    }
                    going.after = Some(came.stands.clone());
                }
            }
            for found in tenants.each(world, going) {
                let (stands, tenant) = found?;
                if late && after.has(between.after, tenant)? {
                    continue;
                }
                let come = Come { concern: self.concern, late, tenant, stands, person: None };
                let goes_on = match self.user() {
                    Some(user) => visit(come, (user, tenant))?,
                    None => self.people(between, &come, None, visit)?,
                };
                if !goes_on {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Visits whoever reaches a tenant, after or before.
    fn people(
        &self,
        between: Between<'_>,
        on: &Come,
        came: Option<&(bool, Spot)>,
        visit: &mut Visit<'_>,
    ) -> Result<bool, ViewError> {
        let [before, after] = between.each(|world| People::of(world, on.tenant))?;
        for (late, people, world) in [(false, &after, between.after), (true, &before, between.before)] {
            let mut going = Going::default();
            match came {
                Some((true, _)) if !late => continue,
                Some((of, place)) if *of == late => going.after = Some(place.clone()),
                _ => {}
            }
            for found in people.each(world, going) {
                let (place, user) = found?;
                if late && after.has(between.after, user.id)? {
                    continue;
                }
                let come = Come { person: Some((late, place)), ..on.clone() };
                if !visit(come, (user.id, on.tenant))? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// How far somebody has come in a difference.
#[derive(Clone, Debug)]
struct Come {
    concern: Concern,
    /// Whether it is about what was before and is not after.
    late: bool,
    tenant: TenantId,
    /// Where the tenant stands among those that it is about.
    stands: Spot,
    /// Where the person stands among those who reach the tenant, and whether they did before alone.
    person: Option<(bool, Spot)>,
}

impl Come {
    /// The same tenant, before any person.
    fn on(&self) -> Self {
        Self { person: None, ..self.clone() }
    }

    fn place(&self) -> Spot {
        let (kind, one, other) = match self.concern {
            Concern::User(home, user) => (0, home.uuid(), user.uuid()),
            Concern::Under(user, tenant) => (1, user.uuid(), tenant.uuid()),
            Concern::On(user, tenant) => (2, user.uuid(), tenant.uuid()),
            Concern::Below(tenant) => (3, tenant.uuid(), Uuid::nil()),
            Concern::At(tenant) => (4, tenant.uuid(), Uuid::nil()),
        };
        let (stands, id) = &self.stands;
        let key = Key::new().count(kind).id(one).id(other).flag(self.late);
        let key = key.then(stands).id(*id).id(self.tenant.uuid());
        match &self.person {
            Some((late, (person, id))) => (key.flag(*late).then(person), *id),
            None => (key, Uuid::nil()),
        }
    }

    /// Reads a place; nothing, where it is none of these.
    fn read((key, last): &Spot) -> Option<Self> {
        let mut rest = key.as_bytes();
        let mut take = |count: usize| {
            let (taken, left) = rest.split_at_checked(count)?;
            rest = left;
            Some(taken)
        };
        let kind = u64::from_be_bytes(take(8)?.try_into().ok()?);
        let ids = [take(16)?, take(16)?].map(|bytes| Uuid::from_slice(bytes).unwrap_or_default());
        let late = take(1)? == [1];
        let stands = Key::from_bytes(take(16)?.to_vec());
        let [id, tenant] = [take(16)?, take(16)?].map(|bytes| Uuid::from_slice(bytes).unwrap_or_default());
        let stands = (stands, id);
        let person = take(1).map(|flag| flag == [1]);
        let person = person.map(|late| (late, (Key::from_bytes(rest.to_vec()), *last)));
        let [one, other] = ids;
        let concern = match kind {
            0 => Concern::User(TenantId::from_uuid(one), UserId::from_uuid(other)),
            1 => Concern::Under(UserId::from_uuid(one), TenantId::from_uuid(other)),
            2 => Concern::On(UserId::from_uuid(one), TenantId::from_uuid(other)),
            3 => Concern::Below(TenantId::from_uuid(one)),
            _ => Concern::At(TenantId::from_uuid(one)),
        };
        Some(Self { concern, late, tenant: TenantId::from_uuid(tenant), stands, person })
    }
}

impl<'w> Between<'w> {
    /// The same of both: before, then after.
    fn each<T>(self, of: impl Fn(&'w World<'w>) -> Result<T, ViewError>) -> Result<[T; 2], ViewError> {
        Ok([of(self.before)?, of(self.after)?])
    }

    fn both<E: Entity>(self, id: Uuid) -> Result<[Option<Arc<E>>; 2], ViewError> {
        self.each(|world| world.view.get(id))
    }

    /// What somebody may do on a tenant that is another, if anything.
    ///
    /// # Errors
    /// When a view cannot be read.
    pub(crate) fn change(self, user: UserId, tenant: TenantId) -> Result<Option<AccessChangeRow>, ViewError> {
        let [before, after] = self.each(|world| Effective::of(world, user, tenant))?;
        if before == after {
            return Ok(None);
        }
        let [before, after] = [before.allowed(), after.allowed()];
        let [gained, lost] =
            [(&after, &before), (&before, &after)].map(|(one, other)| held(one.difference(other).copied()));
        if gained.is_empty() && lost.is_empty() {
            return Ok(None);
        }
        Ok(Some(AccessChangeRow { user, tenant, gained, lost }))
    }

    /// Whether checks of the two may differ by the policy alone.
    fn decides_otherwise(self) -> bool {
        let [before, after] = [self.before, self.after].map(|world| &world.policy);
        before.terms != after.terms || before.policy != after.policy
    }
}

/// What turns by time alone at a moment.
pub(crate) struct Turning {
    /// The moment.
    pub(crate) at: Timestamp,
    /// The links that end.
    links: Vec<Arc<Link>>,
    /// Where something comes to decide for somebody that did not, or no longer does.
    assignments: Vec<Arc<Assignment>>,
}

impl Turning {
    fn note(&mut self, due: Any) {
        match due {
            Any::Link(link) if link.ends_at() == Some(self.at) => self.links.push(link),
            Any::Assignment(given) => self.assignments.push(given),
            _ => {}
        }
    }
}

/// What turns by time alone after one moment of a view and up to another, moment by moment. Costs
/// what is due in between, up to where one stops.
pub(crate) fn turnings(
    view: &dyn View,
    after: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = Result<Turning, ViewError>> + '_ {
    let mut due = due::between(view, after, to).peekable();
    let moments = std::iter::from_fn(move || {
        let (at, first) = match due.next()? {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let mut turning = Turning { at, links: Vec::new(), assignments: Vec::new() };
        turning.note(first);
        while let Some(Ok((_, other))) = due.next_if(|next| next.as_ref().is_ok_and(|next| next.0 == at)) {
            turning.note(other);
        }
        Some(Ok(turning))
    });
    let turns = |it: &Turning| !it.links.is_empty() || !it.assignments.is_empty();
    moments.filter(move |found| found.as_ref().map_or(true, turns))
}
