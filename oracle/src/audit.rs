//! What the audit of a tenant shows to whom. What a command was about is told by comparing the world before with
//! the world after; only where a command may change nothing it is told by what the command names.

use std::collections::BTreeSet;
use std::rc::Rc;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::command::{
    Activate, AssignSeats, Command, Deactivate, Named, ReleaseSeats, RemoveExternalId, Request, SetExternalId,
};
use tenantry::model::{Actor, Subject, UserState};
use tenantry::query::{AuditActor, AuditFilter};
use tenantry::refusal::{Code, Family};

use crate::access::{Disabled, Who};
use crate::world::{Deeds, Entry, Group, Holder, Kept, Oracle, User};

/// A row as somebody sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenRow {
    pub at: Timestamp,
    pub by: AuditActor,
    pub command: Option<String>,
}

/// What is in one of the two lists and not in the other.
fn changed<'a, T: PartialEq>(before: &'a [T], after: &'a [T]) -> impl Iterator<Item = &'a T> {
    let gone = before.iter().filter(move |one| !after.contains(one));
    gone.chain(after.iter().filter(move |one| !before.contains(one)))
}

fn group(tenants: impl IntoIterator<Item = TenantId>) -> Group {
    (tenants.into_iter().collect(), None)
}

fn on(tenant: TenantId, home: TenantId) -> Group {
    (BTreeSet::from([tenant]), Some(home))
}

/// What is different, as the tenants that each difference has to do with.
fn touched(before: &Oracle, after: &Oracle) -> BTreeSet<Group> {
    let home = |user| after.user(user).map(|user| user.home).unwrap();
    let mut found: BTreeSet<Group> = BTreeSet::new();
    found.extend(changed(&before.tenants, &after.tenants).map(|one| group([one.id])));
    found.extend(after.tenants.iter().flat_map(|one| holds(before, after, one.id)).map(group));
    found.extend(changed(&before.links, &after.links).map(|one| group([one.manager, one.managed])));
    found.extend(changed(&before.requests, &after.requests).map(|one| group([one.manager, one.managed])));
    let invited = changed(&before.manager_invitations, &after.manager_invitations);
    found.extend(invited.map(|one| group([one.tenant, one.manager])));
    found.extend(changed(&before.barred, &after.barred).map(|(by, ..)| group([*by])));
    found.extend(changed(&before.address_changes, &after.address_changes).map(|one| group([one.home])));
    found.extend(changed(&before.proposals, &after.proposals).map(|one| group([one.manager, one.managed])));
    found.extend(changed(&before.invitations, &after.invitations).map(|one| group([one.tenant])));
    found.extend(changed(&before.users, &after.users).map(|one| group([one.home])));
    let assigned = changed(&before.assignments, &after.assignments);
    found.extend(assigned.map(|one| on(one.tenant, home(one.user))));
    let laid = changed(&before.temporaries, &after.temporaries);
    found.extend(laid.map(|one| on(one.given.tenant, home(one.given.user))));
    found.extend(changed(&before.roles, &after.roles).map(|one| group([one.tenant])));
    let added = changed(&before.reseller_customers, &after.reseller_customers);
    found.extend(added.map(|one| group([one.reseller, one.tenant])));
    found.extend(changed(&before.uploads, &after.uploads).map(|one| group([one.reseller, one.to])));
    for one in changed(&before.devices, &after.devices) {
        let was = before.devices.iter().find(|device| device.id == one.id);
        let is = after.devices.iter().find(|device| device.id == one.id);
        match (was, is) {
            // The upload says it.
            (None, _) => {}
            // A reseller took it back.
            (Some(was), None) if after.withdrawn.contains(&(was.upload.id, was.id.clone())) => {
                found.insert(group([was.upload.reseller, was.holder()]));
            }
            (Some(was), None) => drop(found.insert(group([was.holder()]))),
            // With a new upload it was deleted with its holder before.
            (Some(was), Some(is)) if was.upload != is.upload => {}
            (Some(was), Some(is)) => drop(found.insert(group([was.holder(), is.holder()]))),
        }
    }
    found.extend(changed(&before.moves, &after.moves).map(|one| group([one.manager, one.customer])));
    for one in changed(&before.integrations, &after.integrations) {
        let of = |world: &Oracle| world.integrations.iter().find(|other| other.id == one.id).cloned();
        let (was, is) = (of(before), of(after));
        let there = |of: &Option<crate::world::Integration>| of.as_ref().is_some_and(|one| !one.deleted);
        if there(&was) != there(&is) {
            found.insert(group([one.owner]));
        }
        let attached = |of: Option<crate::world::Integration>| of.map(|one| one.attached).unwrap_or_default();
        for tenant in attached(was).symmetric_difference(&attached(is)) {
            found.insert(group([one.owner, *tenant]));
        }
    }
    for one in changed(&before.licences, &after.licences) {
        found.insert(group([one.buyer, one.tenant]));
    }
    found.extend(changed(&before.alert_rules, &after.alert_rules).map(|one| group([one.tenant])));
    found.extend(changed(&before.sessions, &after.sessions).map(|one| on(one.tenant, home(one.user))));
    found
}

/// Who begins or ceases to keep a tenant disabled, each with the tenant: what a manager does through its link is its
/// affair, too.
fn holds(before: &Oracle, after: &Oracle, tenant: TenantId) -> Deeds {
    let held_by = |world: &Oracle| world.tenant(tenant).map(|one| one.held_by.clone()).unwrap_or_default();
    let changed = &held_by(before) ^ &held_by(after);
    let affair = |by| match by {
        Holder::Own | Holder::Operator => [tenant].into(),
        Holder::Link(link) => after.link(link).map(|it| [it.manager, it.managed].into()).unwrap(),
    };
    changed.into_iter().map(affair).collect()
}

/// How many of a user's refused commands stand in the audit for each hour.
const REFUSALS_AN_HOUR: u32 = 32;

impl Oracle {
    /// The tenants about which an accepted command is, even if it changes nothing: what is set again, and reminders.
    fn subjects(&self, Request { actor, command, .. }: &Request) -> Vec<Group> {
        let of_link =
            |id| self.link(id).map(|link| vec![group([link.manager, link.managed])]).unwrap_or_default();
        match command {
            Command::EditTenant(c) => vec![group([c.tenant])],
            Command::SetAlertRule(c) => vec![group([c.tenant])],
            Command::ResendLinkRequest(c) => {
                let request = self.request(c.request).unwrap();
                vec![group([request.manager, request.managed])]
            }
            Command::ResendManagerInvitation(c) => {
                let one = self.manager_invitation(c.invitation).unwrap();
                vec![group([one.tenant, one.manager])]
            }
            Command::ResendProposal(c) => {
                let one = self.proposal(c.proposal).unwrap();
                vec![group([one.manager, one.managed])]
            }
            Command::ResendMove(c) => {
                let one = self.pending_move(c.id).unwrap();
                vec![group([one.manager, one.customer])]
            }
            Command::ResendDelink(c) => of_link(c.link),
            Command::ResendInvitation(c) => vec![group([self.invitation(c.invitation).unwrap().tenant])],
            Command::EditUser(c) => vec![group([self.user(c.user).unwrap().home])],
            Command::Assign(c) => {
                c.assignments.iter().map(|item| on(item.tenant, self.user(item.user).unwrap().home)).collect()
            }
            Command::Activate(c) => match actor {
                Actor::User(user) => vec![on(c.tenant, self.user(*user).unwrap().home)],
                _ => Vec::new(),
            },
            Command::ErasePersonal(c) => match c.subject {
                Subject::Tenant(tenant) => vec![group([tenant])],
                Subject::User(user) => vec![group([self.user(user).unwrap().home])],
            },
            _ => Vec::new(),
        }
    }

    /// The things that a command names, each as the organisations that it concerns.
    fn things(&self, command: &Command) -> Deeds {
        if let Command::BarManager(c) = command {
            // Whom a tenant bars is its own affair alone.
            return self.tenant(c.tenant).map(|one| [one.id].into()).into_iter().collect();
        }
        let home = |id| self.user(id).map(|user| user.home);
        let thing = |named| -> Option<BTreeSet<TenantId>> {
            Some(match named {
                Named::Tenant(id) => [self.tenant(id)?.id].into(),
                Named::Number(number) => [self.tenants.iter().find(|one| one.number == number)?.id].into(),
                Named::Link(id) => self.link(id).map(|it| [it.manager, it.managed])?.into(),
                Named::LinkRequest(id) => self.request(id).map(|it| [it.manager, it.managed])?.into(),
                Named::Proposal(id) => self.proposal(id).map(|it| [it.manager, it.managed])?.into(),
                Named::ManagerInvitation(id) => {
                    self.manager_invitation(id).map(|it| [it.tenant, it.manager])?.into()
                }
                Named::User(id) => [home(id)?].into(),
                Named::Invitation(id) => [self.invitation(id)?.tenant].into(),
                Named::Role(id) => [self.role(id)?.tenant].into(),
                Named::Upload(id) => self.upload(id).map(|it| [it.reseller, it.to])?.into(),
                Named::Move(id) => {
                    let it = self.moves.iter().find(|one| one.id == id)?;
                    [it.manager, it.customer].into()
                }
                Named::Integration(id) => [self.integration(id)?.owner].into(),
                Named::Licence(id) => self.licence(id).map(|it| [it.buyer, it.tenant])?.into(),
                Named::Session(id) => {
                    let it = self.session(id)?;
                    [it.tenant, home(it.user)?].into()
                }
            })
        };
        command.about().into_iter().filter_map(thing).collect()
    }

    /// What an accepted command itself does, item by item, each with everything that it names for it; all else that is
    /// different `after` it follows from that.
    pub fn deeds(&self, request: &Request, after: &Self) -> Deeds {
        let home = |user| self.user(user).map(|user| user.home).unwrap();
        let by = match request.actor {
            Actor::User(user) => Some(user),
            _ => None,
        };
        let command = &request.command;
        match command {
            Command::DisableTenants(c) => c.tenants.iter().flat_map(|id| holds(self, after, *id)).collect(),
            Command::EnableTenants(c) => c.tenants.iter().flat_map(|id| holds(self, after, *id)).collect(),
            Command::DeleteTenants(c) => c.tenants.iter().map(|id| [*id].into()).collect(),
            Command::Assign(c) => c.assignments.iter().map(|a| [a.tenant, home(a.user)].into()).collect(),
            Command::Unassign(c) => c.assignments.iter().map(|a| [a.tenant, home(a.user)].into()).collect(),
            Command::Activate(Activate { tenant, .. }) | Command::Deactivate(Deactivate { tenant, .. }) => {
                by.map(|user| [*tenant, home(user)].into()).into_iter().collect()
            }
            // It is one thing that a tenant comes to be, and another that it is managed.
            Command::AddCustomer(c) => {
                let added = c.tenant.unwrap();
                vec![[added].into(), [c.manager, added].into()]
            }
            // Seats are the affair of whoever has the devices, whoever has bought them.
            Command::AssignSeats(AssignSeats { licence, .. })
            | Command::ReleaseSeats(ReleaseSeats { licence, .. }) => {
                self.licence(*licence).map(|it| [it.tenant].into()).into_iter().collect()
            }
            // Who gets the alerts, besides, has no part in the rule.
            Command::SetAlertRule(c) => vec![[c.tenant].into()],
            _ => vec![self.things(command).into_iter().flatten().collect()],
        }
    }

    /// Does something, and remembers what it was about if anybody wants to know.
    pub fn remembering<T>(
        &mut self,
        actor: &Actor,
        command: &str,
        at: Timestamp,
        deeds: impl FnOnce(&Self, &Self) -> Deeds,
        act: impl FnOnce(&mut Self) -> Result<T, Code>,
    ) -> Result<T, Code> {
        if self.journal.is_none() {
            return act(self);
        }
        let before = self.clone();
        let done = act(self)?;
        let groups = touched(&before, self);
        let deeds = deeds(&before, self);
        self.remember(actor, command, (groups, deeds), false, before, at);
        Ok(done)
    }

    fn remember(
        &mut self,
        actor: &Actor,
        command: &str,
        (groups, deeds): (BTreeSet<Group>, Deeds),
        refused: bool,
        before: Self,
        at: Timestamp,
    ) {
        let around = Rc::new([before.bare(), self.bare()]);
        let entry =
            Entry { at, actor: actor.clone(), command: command.to_owned(), groups, deeds, refused, around };
        if let Some(journal) = &mut self.journal {
            journal.push(Rc::new(entry));
        }
    }

    /// Adds what a command was about beyond what it changed; or that it was refused for lack of rights.
    pub fn remember_outcome(&mut self, request: &Request, outcome: &Result<(), Code>, at: Timestamp) {
        if self.journal.is_none() {
            return;
        }
        let Err(code) = outcome else {
            let subjects = self.subjects(request);
            if let Some(entry) =
                self.journal.as_mut().and_then(|journal| journal.last_mut()).map(Rc::make_mut)
            {
                entry.groups.extend(subjects);
            }
            return;
        };
        // Whoever cannot act leaves no trace, nor do operators; others, so many in an hour.
        let Actor::User(user) = request.actor else { return };
        let acts = |user: &User| user.state == UserState::Active && self.living(user.home).is_some();
        if !self.user(user).is_some_and(acts) {
            return;
        }
        if !matches!(code.family(), Family::Rights | Family::Unknown) || *code == Code::UserNotActive {
            return;
        }
        let hour = at.micros().div_euclid(3_600_000_000);
        let recorded = self.refusals.entry(user).or_insert((hour, 0));
        if recorded.0 != hour {
            *recorded = (hour, 0);
        }
        if recorded.1 < REFUSALS_AN_HOUR {
            recorded.1 += 1;
            let mut things = self.things(&request.command);
            // A device is something of its holder's, an id of whoever has what it leads to.
            things.extend(self.owner_of_what_was_tried(request, at).map(|owner| [owner].into()));
            let groups = match &request.command {
                // What is kept is the keeper's own affair alone, where there is such a keeper.
                Command::SetExternalId(SetExternalId { keeper, .. })
                | Command::RemoveExternalId(RemoveExternalId { keeper, .. }) => {
                    self.tenant(*keeper).map(|one| group([one.id])).into_iter().collect()
                }
                _ => things.iter().cloned().map(group).collect(),
            };
            let name = request.command.name();
            self.remember(&request.actor, name, (groups, things), true, self.clone(), at);
        }
    }

    /// The rows of a tenant's audit, as the viewer sees them, and the people that they do not see.
    ///
    /// # Errors
    /// Why they see none.
    pub fn audit(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &AuditFilter,
        at: Timestamp,
    ) -> Result<Vec<(SeenRow, Option<UserId>)>, Code> {
        let who = self.actor(viewer, Disabled::Bars)?;
        self.right(who, "audit.view", tenant, at, Disabled::Bars)?;
        let home = |id| self.user(id).map(|user| user.home).unwrap();
        let mut rows = Vec::new();
        for entry in self.journal.iter().flatten() {
            if entry.refused && !self.told_of_attempt(who, tenant, &entry.actor, at) {
                continue;
            }
            if !self.told_of_seats(who, entry, at) {
                continue;
            }
            let told = |one: TenantId| self.told_of(who, tenant, one, entry, at);
            // Nor what somebody else tried about an organisation that is not there for the reader: done, it would not be told.
            if entry.refused && entry.actor != *viewer {
                let done = Entry { refused: false, ..Entry::clone(entry) };
                if !entry.deeds.iter().flatten().all(|one| self.told_of(who, tenant, *one, &done, at)) {
                    continue;
                }
            }
            let veiled = self.veiled(who, entry).is_some();
            let of_tenant = |(about, _): &&Group| about.contains(&tenant) && !(veiled && about.len() == 1);
            let open = |(about, home): &&Group| about.iter().chain(home).all(|one| told(*one));
            let kept = self.kept_in(who, tenant, entry, at);
            if kept.is_empty() && !entry.groups.iter().filter(of_tenant).any(|group| open(&group)) {
                continue;
            }
            let shown = || entry.groups.iter().filter(open).filter(of_tenant);
            let told_to_do = |deed: &BTreeSet<TenantId>| {
                let known = |one| deed.contains(&tenant) || self.knows_of(who, tenant, one, entry, at);
                deed.iter().all(|one| told(*one) && known(*one))
            };
            // Whose it is to which an id was to lead, operators read alone.
            let told_whose = !entry.command.ends_with("_external_id");
            let tried = || entry.deeds.iter().filter(|deed| entry.refused && told_whose && told_to_do(deed));
            let mut hidden = None;
            let by = match (&entry.actor, who) {
                (Actor::User(actor), Who::User(viewer)) if home(*actor) != home(viewer) => {
                    hidden = Some(*actor);
                    let from = home(*actor);
                    let managed = |world: &Self| world.manages(from, tenant, Timestamp::MIN);
                    let known = home(viewer) != tenant
                        || entry.around.iter().any(managed)
                        || self.is_there(who, from, at)
                        || shown().any(|(about, home)| about.contains(&from) || *home == Some(from))
                        || kept.contains(&from)
                        || tried().any(|deed| deed.contains(&from));
                    // Whoever only tried something is nobody that the organisation has to do with.
                    if told(from) && known { AuditActor::Organisation(from) } else { AuditActor::Stranger }
                }
                (Actor::User(actor), _) => AuditActor::User(*actor),
                (Actor::Operator { ticket }, _) => AuditActor::Operator { ticket: ticket.clone() },
                (Actor::Clock, _) => AuditActor::Clock,
            };
            // What was commanded elsewhere is not told by what became of the tenant; nobody commanded what time brings about.
            let commanded = entry.actor == Actor::Clock || entry.deeds.iter().any(told_to_do);
            let command = match self.veiled(who, entry) {
                // What it brought about is told as if it had been commanded.
                Some(veil) => veil.map(str::to_owned),
                None => commanded.then(|| entry.command.clone()),
            };
            let wanted = filter.by.is_none_or(|user| by == AuditActor::User(user))
                && filter.command.as_ref().is_none_or(|wanted| command.as_ref() == Some(wanted))
                && filter.from.is_none_or(|from| from <= entry.at)
                && filter.until.is_none_or(|until| entry.at < until);
            if wanted {
                rows.push((SeenRow { at: entry.at, by, command }, hidden));
            }
        }
        Ok(rows)
    }

    /// Whose are the things to which ids of other systems lead that a tenant keeps or no longer keeps by an entry, as far as
    /// a reader of its audit is told: its own people and those who see it.
    fn kept_in(&self, who: Who, tenant: TenantId, entry: &Entry, at: Timestamp) -> BTreeSet<TenantId> {
        if !self.is_at_home(who, tenant) && !self.sees(who, tenant, at) {
            return BTreeSet::new();
        }
        let [before, after] = &*entry.around;
        let kept = |world: &Self| -> Vec<(Kept, TenantId)> {
            world.kept_and_whose().into_iter().filter(|(one, _)| one.keeper == tenant).collect()
        };
        let (before, after) = (kept(before), kept(after));
        let beside = |some: &[(Kept, TenantId)], all: &[(Kept, TenantId)]| -> Vec<TenantId> {
            let there = |one: &Kept| all.iter().any(|(other, _)| other.number == one.number);
            some.iter().filter(|(one, _)| !there(one)).map(|(_, owner)| *owner).collect()
        };
        let owners = beside(&before, &after).into_iter().chain(beside(&after, &before));
        owners.filter(|owner| self.told_of(who, tenant, *owner, entry, at)).collect()
    }

    /// Of a tenant's barring a manager nobody else's people read; what that ended they read of as if it had been declined or
    /// taken back (L-10).
    fn veiled(&self, who: Who, entry: &Entry) -> Option<Option<&'static str>> {
        let Who::User(reader) = who else { return None };
        let by = entry.deeds.iter().flatten().next()?;
        if entry.command != "bar_manager" || entry.refused || self.user(reader).unwrap().home == *by {
            return None;
        }
        let [before, after] = &*entry.around;
        let declined = before.requests != after.requests;
        let canceled = before.manager_invitations != after.manager_invitations;
        Some(match (declined, canceled) {
            (true, _) => Some("decline_link"),
            (false, true) => Some("cancel_manager_invitation"),
            (false, false) => None,
        })
    }

    /// Whether a reader of the audit of `tenant` is told that somebody tried something: it is their own, or whose people
    /// tried it is there for them.
    fn told_of_attempt(&self, who: Who, tenant: TenantId, by: &Actor, at: Timestamp) -> bool {
        let (Who::User(reader), Actor::User(by)) = (who, by) else { return true };
        let home = |id| self.user(id).map(|user| user.home).unwrap();
        home(reader) == tenant || self.is_there(who, home(*by), at)
    }

    /// Whether a reader is told of seats that an entry gave or took back, if it did: from elsewhere than the tenant only
    /// where whoever bought them is there for them (T-9).
    fn told_of_seats(&self, who: Who, entry: &Entry, at: Timestamp) -> bool {
        if entry.refused || !["assign_seats", "release_seats"].contains(&entry.command.as_str()) {
            return true;
        }
        let Who::User(_) = who else { return true };
        let [before, after] = &*entry.around;
        let licences = changed(&before.devices, &after.devices).filter_map(|device| device.seat);
        licences.filter_map(|id| self.licence(id)).all(|licence| {
            self.is_at_home(who, licence.tenant)
                || licence.buyer == licence.tenant
                || self.is_told_of_buyer(who, licence.buyer, at)
        })
    }

    /// Whether what is done elsewhere with another is told to a reader of the audit of `tenant`: it is there for them
    /// today, or one of the two managed the other then, as recorded.
    fn knows_of(&self, who: Who, tenant: TenantId, other: TenantId, entry: &Entry, at: Timestamp) -> bool {
        let manages = |world: &Self| {
            let manages = |upper, lower| world.manages(upper, lower, Timestamp::MIN);
            manages(tenant, other) || manages(other, tenant)
        };
        self.is_there(who, other, at) || entry.around.iter().any(manages)
    }

    /// Whether a reader of the audit of `tenant` is told that an entry has to do with another.
    fn told_of(&self, who: Who, tenant: TenantId, other: TenantId, entry: &Entry, at: Timestamp) -> bool {
        let Who::User(reader) = who else { return true };
        let home = self.user(reader).unwrap().home;
        if other == tenant || self.is_there(who, other, at) {
            return true;
        }
        if home != tenant {
            return false;
        }
        // One's own organisation: what it does not manage and never kept the reader off, or did not hide from the reader
        // while it managed it itself; of what was further down it remembers nothing.
        // As recorded: what ended by time was in force until that was recorded.
        let managed = |world: &&Self| world.manages(tenant, other, Timestamp::MIN);
        let of_its_own = |world: &&Self| {
            world.links_above(other, Timestamp::MIN).iter().any(|link| link.manager == tenant)
        };
        let saw = |world: &Self| world.user(reader).is_some() && world.sees(who, other, Timestamp::MIN);
        // Who tries something about what has ended has to do with it no more.
        let left = || self.links.iter().any(|link| link.manager == tenant && link.managed == other);
        let hidden = entry.around.iter().any(|world| managed(&world)) || entry.refused && left();
        !self.manages(tenant, other, at)
            && !self.is_kept_off(reader, tenant, other, at)
            && (!hidden || entry.around.iter().filter(of_its_own).any(saw))
    }
}
