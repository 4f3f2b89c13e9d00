//! Ids of other systems: who keeps which, what they lead to, and with what they go. It never looks for one by
//! anything but the whole of it.

use tenantry::base::ids::TenantId;
use tenantry::base::text::{ExternalId, System};
use tenantry::base::time::Timestamp;
use tenantry::command::{Command, RemoveExternalId, Request, SetExternalId};
use tenantry::engine::Moment;
use tenantry::event::Event;
use tenantry::model::{Actor, Bearer, EndCause, HandshakeState, Stage, UserState};
use tenantry::query::{ExternalIdFilter, ExternalIdRow, ExternalIds, LookUpExternal, Paging};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::awaiting::Named;
use crate::obstacles::least;
use crate::question::{Asked, Read, Reading, Told, all_pages, in_order, refused, same};
use crate::world::{Kept, LeadsTo, Oracle};

/// The most ids that one organisation keeps for one thing.
const MOST: usize = 32;

/// With what ids go, other than by being removed.
pub const WAYS: [&str; 13] = [
    "ids went with an organisation that was deleted",
    "ids went with a manager that was deleted",
    "ids went with a link that both sides ended",
    "ids went with a link whose term was over",
    "ids went with a link whose notice period was over",
    "ids went with somebody who was removed",
    "ids went with an invitation that was declined",
    "ids went with an invitation that was taken back",
    "ids went with an invitation that lapsed",
    "ids went with an invitation that had lost what it rested on",
    "ids went with a device that was deleted",
    "ids went with a device that was taken back",
    "ids went with a device that was moved",
];

/// An id as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptRow {
    pub system: System,
    pub id: ExternalId,
    pub of: LeadsTo,
    pub whose: Named,
    pub since: Timestamp,
}

impl From<ExternalIdRow> for KeptRow {
    fn from(row: ExternalIdRow) -> Self {
        let ExternalIdRow { system, id, of, whose, since, .. } = row;
        Self { system, id, of: of.into(), whose: whose.into(), since }
    }
}

impl KeptRow {
    /// Where it stands in a list: by system, and there tenants and devices by their ids, then people, each of whose come as
    /// they were set.
    fn place(&self) -> (String, bool, Vec<u8>, Option<Timestamp>) {
        let system = self.system.to_string();
        match &self.of {
            LeadsTo::User(user) => (system, true, user.uuid().as_bytes().to_vec(), Some(self.since)),
            _ => (system, false, self.id.as_str().as_bytes().to_vec(), None),
        }
    }
}

impl From<Bearer> for LeadsTo {
    fn from(of: Bearer) -> Self {
        match of {
            Bearer::Tenant(id) => Self::Tenant(id),
            Bearer::User(id) => Self::User(id),
            Bearer::Device(id) => Self::Device(id.to_string()),
            other => unreachable!("the oracle does not know {other:?}"),
        }
    }
}

impl LeadsTo {
    fn is_person(&self) -> bool {
        matches!(self, Self::User(_))
    }

    /// What it takes to edit what it leads to.
    fn permission(&self) -> &'static str {
        match self {
            Self::Tenant(_) => "tenant.edit",
            Self::User(_) => "users.manage",
            Self::Device(_) => "devices.manage",
        }
    }
}

/// That an id was set, or went, as an event says it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happened {
    pub set: bool,
    pub keeper: TenantId,
    pub system: System,
    pub of: LeadsTo,
    pub whose: TenantId,
    /// Of people none.
    pub id: Option<ExternalId>,
    /// Of people alone: the number of the record that set it.
    pub entry: Option<u64>,
}

impl Happened {
    /// What an event says of an id, if it is about one.
    pub fn said(event: &Event) -> Option<Self> {
        let (set, keeper, system, of, tenant, id, entry) = match event {
            Event::ExternalIdSet { keeper, system, of, tenant, id, entry } => {
                (true, keeper, system, of, tenant, id, entry)
            }
            Event::ExternalIdRemoved { keeper, system, of, tenant, id, entry } => {
                (false, keeper, system, of, tenant, id, entry)
            }
            _ => return None,
        };
        let (system, of) = (system.clone(), of.clone().into());
        Some(Self { set, keeper: *keeper, system, of, whose: *tenant, id: id.clone(), entry: *entry })
    }

    /// What an event has to say of an id that was set or went.
    pub fn of(set: bool, one: &Kept, whose: TenantId, entry: Option<u64>) -> Self {
        let person = one.of.is_person();
        let Kept { keeper, system, id, of, .. } = one.clone();
        let (id, entry) = (Some(id).filter(|_| !person), entry.filter(|_| person));
        Self { set, keeper, system, of, whose, id, entry }
    }
}

impl Oracle {
    /// What leads somewhere at a keeper.
    pub fn kept_as(&self, keeper: TenantId, system: &System, id: &ExternalId) -> Option<&Kept> {
        self.kept.iter().find(|one| one.keeper == keeper && one.system == *system && one.id == *id)
    }

    /// Whose something is that an id can lead to, if it is there.
    pub fn owner_of(&self, of: &LeadsTo) -> Option<TenantId> {
        match of {
            LeadsTo::Tenant(id) => Some(*id),
            LeadsTo::User(id) => self.user(*id).map(|user| user.home),
            LeadsTo::Device(id) => self.device(id).map(|device| device.holder()),
        }
    }

    /// Everything that is kept, each with whose it is.
    pub fn kept_and_whose(&self) -> Vec<(Kept, TenantId)> {
        self.kept.iter().filter_map(|one| Some((one.clone(), self.owner_of(&one.of)?))).collect()
    }

    /// Whoever may decide what a tenant keeps: those at home there, and whoever sees it and may edit it.
    fn for_keeper(&self, actor: &Actor, keeper: TenantId, at: Timestamp) -> Result<Who, Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        if !self.is_at_home(who, keeper) {
            if !self.sees(who, keeper, at) {
                return Err(Code::UnknownTenant);
            }
            self.right(who, "tenant.edit", keeper, at, Disabled::Bars)?;
        }
        Ok(who)
    }

    /// What somebody means that an id is to lead to; a device by what it is called.
    fn meant_bearer(&self, who: Who, of: &Bearer, at: Timestamp) -> Result<(LeadsTo, TenantId), Code> {
        match of.clone().into() {
            LeadsTo::Tenant(id) => Ok((LeadsTo::Tenant(id), id)),
            LeadsTo::User(id) => {
                let user = self.known_user(who, id, at)?;
                if user.state == UserState::Removed {
                    return Err(Code::NoSuchUser);
                }
                Ok((LeadsTo::User(id), user.home))
            }
            LeadsTo::Device(id) => {
                let device = self.device(&id).ok_or(Code::UnknownDevice)?;
                let (of, holder) = (LeadsTo::Device(device.id.clone()), device.holder());
                // Its ids can be guessed: who has it is not told to others.
                if self.is_told_of_bearer(who, &of, holder, at) {
                    Ok((of, holder))
                } else {
                    Err(Code::UnknownDevice)
                }
            }
        }
    }

    /// Whether somebody is told of what an id leads to, which is of such an organisation.
    pub fn is_told_of_bearer(&self, who: Who, of: &LeadsTo, owner: TenantId, at: Timestamp) -> bool {
        let may = |permission| self.right(who, permission, owner, at, Disabled::Bars).is_ok();
        match of {
            LeadsTo::Tenant(_) if self.is_at_home(who, owner) => may("tenant.view"),
            LeadsTo::Tenant(_) => self.sees(who, owner, at),
            LeadsTo::User(_) => may("users.view"),
            LeadsTo::Device(_) => may("devices.view"),
        }
    }

    pub fn set_external_id(&mut self, actor: &Actor, c: &SetExternalId, at: Timestamp) -> Result<(), Code> {
        let who = self.for_keeper(actor, c.keeper, at)?;
        let (of, owner) = self.meant_bearer(who, &c.of, at)?;
        self.right(who, of.permission(), owner, at, Disabled::Bars)?;
        let mut obstacles = Vec::new();
        match self.kept_as(c.keeper, &c.system, &c.id) {
            Some(one) if one.of == of => obstacles.push(Code::NothingToDo),
            Some(_) => obstacles.push(Code::ExternalIdTaken),
            None => {}
        }
        let managed = || self.links_above(owner, at).iter().any(|link| link.manager == c.keeper);
        if owner != c.keeper && !managed() {
            obstacles.push(Code::NotItsCustomer);
        }
        let for_it = |one: &&Kept| one.keeper == c.keeper && one.of == of;
        if self.kept.iter().filter(for_it).count() >= MOST {
            obstacles.push(Code::TooManyExternalIds);
        }
        least(obstacles)?;
        self.keep(c.keeper, &c.system, &c.id, of, at);
        Ok(())
    }

    /// A tenant keeps an id from now on.
    pub fn keep(&mut self, keeper: TenantId, system: &System, id: &ExternalId, of: LeadsTo, at: Timestamp) {
        self.ids_kept += 1;
        let (number, system, id) = (self.ids_kept, system.clone(), id.clone());
        self.kept.push(Kept { number, keeper, system, id, of, since: at });
    }

    pub fn remove_external_id(
        &mut self,
        actor: &Actor,
        c: &RemoveExternalId,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.for_keeper(actor, c.keeper, at)?;
        let one = self.kept_as(c.keeper, &c.system, &c.id).ok_or(Code::UnknownExternalId)?.clone();
        let owner = self.owner_of(&one.of).unwrap();
        if !self.is_told_of_bearer(who, &one.of, owner, at) {
            return Err(Code::UnknownExternalId);
        }
        self.right(who, one.of.permission(), owner, at, Disabled::Bars)?;
        self.kept.retain(|other| other.number != one.number);
        Ok(())
    }

    /// Whose is the device, or what an id leads to, that a refused command names; nobody's, unless the keeper let in
    /// whoever tried and they are told of the thing.
    pub fn owner_of_what_was_tried(&self, request: &Request, at: Timestamp) -> Option<TenantId> {
        let (keeper, of) = match &request.command {
            Command::SetExternalId(SetExternalId { keeper, of: Bearer::Device(id), .. }) => {
                (*keeper, LeadsTo::Device(id.to_string()))
            }
            Command::RemoveExternalId(c) => (c.keeper, self.kept_as(c.keeper, &c.system, &c.id)?.of.clone()),
            _ => return None,
        };
        let who = self.for_keeper(&request.actor, keeper, at).ok()?;
        let owner = self.owner_of(&of)?;
        self.is_told_of_bearer(who, &of, owner, at).then_some(owner)
    }

    /// What a refusal of these commands is about, where that is settled.
    pub fn about_refused_id(&self, request: &Request, code: Code, at: Timestamp) -> Option<String> {
        match (&request.command, code) {
            (Command::RemoveExternalId(c), Code::UnknownExternalId) => Some(c.system.to_string()),
            (Command::SetExternalId(c), Code::NotItsCustomer) => {
                let who = self.actor(&request.actor, Disabled::Bars).ok()?;
                Some(self.meant_bearer(who, &c.of, at).ok()?.1.to_string())
            }
            (Command::SetExternalId(c), Code::ExternalIdTaken) => {
                let who = self.actor(&request.actor, Disabled::Bars).ok()?;
                let one = self.kept_as(c.keeper, &c.system, &c.id)?;
                if !self.is_told_of_bearer(who, &one.of, self.owner_of(&one.of)?, at) {
                    return Some("something that you do not see".to_owned());
                }
                Some(match &one.of {
                    LeadsTo::Tenant(id) => format!("tenant `{id}`"),
                    LeadsTo::User(id) => format!("user `{id}`"),
                    LeadsTo::Device(id) => format!("device `{id}`"),
                })
            }
            _ => None,
        }
    }

    /// What was kept goes with what it led to, and with the link.
    pub fn let_ids_go(&mut self, before: &[(Kept, TenantId)]) {
        for (one, owner) in before {
            if let Some(way) = self.why_gone(one, *owner)
                && self.kept.contains(one)
            {
                self.kept.retain(|other| other.number != one.number);
                self.ways.insert(way);
            }
        }
        self.gone = before.iter().filter(|(one, _)| !self.kept.contains(one)).cloned().collect();
    }

    /// Why an id leads nowhere any more, where it does so, given whose it led to before.
    fn why_gone(&self, one: &Kept, was: TenantId) -> Option<&'static str> {
        if self.living(was).is_none() {
            return Some(WAYS[0]);
        }
        match &one.of {
            LeadsTo::User(user) if self.user(*user).unwrap().state == UserState::Removed => {
                let invitation = self.invitations.iter().rfind(|one| one.user == *user);
                return Some(match invitation.map(|one| one.state) {
                    Some(HandshakeState::Declined) => WAYS[6],
                    Some(HandshakeState::Revoked) => WAYS[7],
                    Some(HandshakeState::Expired) => WAYS[8],
                    Some(HandshakeState::Withdrawn) => WAYS[9],
                    _ => WAYS[5],
                });
            }
            LeadsTo::Device(id) if self.device(id).is_none() => {
                let taken_back = self.withdrawn.iter().any(|(_, device)| device == id);
                return Some(if taken_back { WAYS[11] } else { WAYS[10] });
            }
            _ => {}
        }
        let owner = self.owner_of(&one.of).unwrap();
        // A device is on its way down: whoever had it in the pool has it in view still.
        if owner != was && one.keeper != was {
            return Some(WAYS[12]);
        }
        if owner == one.keeper {
            return None;
        }
        let link = self.links.iter().rfind(|link| (link.manager, link.managed) == (one.keeper, owner))?;
        (link.stage == Stage::Delinked).then(|| match link.ended {
            Some(EndCause::Delinked) => WAYS[2],
            Some(EndCause::Expired) => WAYS[3],
            Some(EndCause::NoticeOver) => WAYS[4],
            _ => WAYS[1],
        })
    }

    /// The ids that a tenant keeps, as far as somebody is told of them.
    ///
    /// # Errors
    /// Why they are told of none.
    pub fn external_ids(
        &self,
        viewer: &Actor,
        keeper: TenantId,
        filter: &ExternalIdFilter,
        at: Timestamp,
    ) -> Result<Vec<KeptRow>, Code> {
        let who = self.actor(viewer, Disabled::Bars)?;
        if !self.sees(who, keeper, at) {
            return Err(Code::UnknownTenant);
        }
        let rows = self.kept.iter().filter(|one| one.keeper == keeper && self.is_wanted_id(filter, one));
        let told = rows.filter_map(|one| {
            let owner = self.owner_of(&one.of)?;
            let Kept { system, id, of, since, .. } = one.clone();
            let row = KeptRow { system, id, of, whose: self.by_name(owner), since };
            self.is_told_of_bearer(who, &one.of, owner, at).then_some(row)
        });
        Ok(told.collect())
    }

    fn is_wanted_id(&self, filter: &ExternalIdFilter, one: &Kept) -> bool {
        let ExternalIdFilter { system, of, beginning } = filter;
        let leads_to = |of: &Bearer| match (of.clone().into(), &one.of) {
            (LeadsTo::Device(id), LeadsTo::Device(it)) => self.device(&id).is_some_and(|one| one.id == *it),
            (other, it) => other == *it,
        };
        // Of people nothing is found by a part.
        let begins = |text: &String| !one.of.is_person() && one.id.as_str().starts_with(text.as_str());
        system.as_ref().is_none_or(|system| *system == one.system)
            && of.as_ref().is_none_or(leads_to)
            && beginning.as_ref().is_none_or(begins)
    }

    /// What an id leads to, if it does and somebody is told of that.
    ///
    /// # Errors
    /// Why they are told of nothing there.
    pub fn look_up_external(
        &self,
        viewer: &Actor,
        keeper: TenantId,
        (system, id): (&System, &ExternalId),
        at: Timestamp,
    ) -> Result<Vec<KeptRow>, Code> {
        let mut rows = self.external_ids(viewer, keeper, &ExternalIdFilter::default(), at)?;
        rows.retain(|row| row.system == *system && row.id == *id);
        Ok(rows)
    }
}

impl Told<'_> {
    /// Whether whoever asks sees a keeper today as well.
    fn keeper(&self, keeper: TenantId) -> Result<(), Code> {
        let Some((today, now, user)) = self.today else { return Ok(()) };
        self.could_act()?;
        if today.sees(Who::User(user), keeper, now) { Ok(()) } else { Err(Code::UnknownTenant) }
    }

    /// Of the rows of a past, those that may be told today as well.
    fn ids(&self, mut rows: Vec<KeptRow>) -> Vec<KeptRow> {
        if let Some((today, now, user)) = self.today {
            rows.retain(|row| today.is_told_of_bearer(Who::User(user), &row.of, row.whose.tenant, now));
        }
        rows
    }
}

/// Puts a question about such ids to the engine and reads its answer; nothing, if the question is another.
pub fn read(reading: Reading<'_>, now: &Moment<'_>, viewer: &Actor, asked: &Asked) -> Option<Read> {
    let actor = || viewer.clone();
    Some(match asked {
        Asked::ExternalIds(keeper, filter, turning) => {
            let (keeper, filter) = (*keeper, || filter.clone());
            let page = |p: &Paging| {
                now.ask(ExternalIds { actor: actor(), keeper, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<KeptRow>, _>| {
                in_order(&actual, *turning, KeptRow::place)?;
                let rows = told
                    .keeper(keeper)
                    .and_then(|()| told.world.external_ids(viewer, keeper, &filter(), told.at));
                same(rows.map(|rows| told.ids(rows)), actual)
            })
        }
        Asked::External(keeper, system, id) => {
            let (keeper, of) = (*keeper, (system, id));
            let wanted = LookUpExternal { actor: actor(), keeper, system: system.clone(), id: id.clone() };
            let actual = refused(now.ask(wanted)).map(|one| one.into_iter().map(KeptRow::from).collect());
            reading.of(actual, |told, actual: Result<Vec<KeptRow>, _>| {
                let rows = told
                    .keeper(keeper)
                    .and_then(|()| told.world.look_up_external(viewer, keeper, of, told.at));
                same(rows.map(|rows| told.ids(rows)), actual)
            })
        }
        _ => return None,
    })
}
