//! What the audit of a tenant shows to whom. What a command was about is told by comparing the world before with
//! the world after; only where a command may change nothing it is told by what the command names.

use std::collections::BTreeSet;
use std::rc::Rc;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::command::{Command, Named, Request};
use tenantry::model::{Actor, Subject, UserState};
use tenantry::query::{AuditActor, AuditFilter};
use tenantry::refusal::{Code, Family};

use crate::access::{Disabled, Who};
use crate::world::{Entry, Group, Holder, Oracle, User};

/// A row as somebody sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenRow {
    pub at: Timestamp,
    pub by: AuditActor,
    pub command: String,
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
    for one in &after.tenants {
        // What a manager does through its link is its affair, too.
        let was = before.tenant(one.id).map(|was| was.held_by.clone()).unwrap_or_default();
        let through = one.held_by.symmetric_difference(&was).filter_map(|by| match by {
            Holder::Link(link) => after.link(*link),
            _ => None,
        });
        found.extend(through.map(|link| group([link.manager, link.managed])));
    }
    found.extend(changed(&before.links, &after.links).map(|one| group([one.manager, one.managed])));
    found.extend(changed(&before.requests, &after.requests).map(|one| group([one.manager, one.managed])));
    found.extend(changed(&before.invitations, &after.invitations).map(|one| group([one.tenant])));
    found.extend(changed(&before.users, &after.users).map(|one| group([one.home])));
    let assigned = changed(&before.assignments, &after.assignments);
    found.extend(assigned.map(|one| on(one.tenant, home(one.user))));
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

/// How many of a user's refused commands stand in the audit for each hour.
const REFUSALS_AN_HOUR: u32 = 32;

impl Oracle {
    /// The tenants about which an accepted command is, even if it changes nothing: what is set again, and reminders.
    fn subjects(&self, command: &Command) -> Vec<Group> {
        let of_link =
            |id| self.link(id).map(|link| vec![group([link.manager, link.managed])]).unwrap_or_default();
        match command {
            Command::EditTenant(c) => vec![group([c.tenant])],
            Command::SetAlertRule(c) => vec![group([c.tenant])],
            Command::ResendLinkRequest(c) => {
                let request = self.request(c.request).unwrap();
                vec![group([request.manager, request.managed])]
            }
            Command::ResendMove(c) => {
                let one = self.pending_move(c.id).unwrap();
                vec![group([one.manager, one.customer])]
            }
            Command::SetManagerGrants(c) => of_link(c.link),
            Command::SetAutoExtend(c) => of_link(c.link),
            Command::ResendDelink(c) => of_link(c.link),
            Command::ResendInvitation(c) => vec![group([self.invitation(c.invitation).unwrap().tenant])],
            Command::EditUser(c) => vec![group([self.user(c.user).unwrap().home])],
            Command::Assign(c) => {
                c.assignments.iter().map(|item| on(item.tenant, self.user(item.user).unwrap().home)).collect()
            }
            Command::ErasePersonal(c) => match c.subject {
                Subject::Tenant(tenant) => vec![group([tenant])],
                Subject::User(user) => vec![group([self.user(user).unwrap().home])],
            },
            _ => Vec::new(),
        }
    }

    /// The tenants that a command names, or whose things it names.
    fn named(&self, command: &Command) -> BTreeSet<TenantId> {
        let mut found = BTreeSet::new();
        for named in command.about() {
            match named {
                Named::Tenant(id) => found.extend(self.tenant(id).map(|tenant| tenant.id)),
                Named::Number(number) => {
                    found.extend(self.tenants.iter().find(|one| one.number == number).map(|one| one.id));
                }
                Named::Link(id) => found.extend(self.link(id).iter().flat_map(|it| [it.manager, it.managed])),
                Named::LinkRequest(id) => {
                    found.extend(self.request(id).iter().flat_map(|it| [it.manager, it.managed]));
                }
                Named::User(id) => found.extend(self.user(id).map(|user| user.home)),
                Named::Invitation(id) => found.extend(self.invitation(id).map(|it| it.tenant)),
                Named::Role(id) => found.extend(self.role(id).map(|role| role.tenant)),
                Named::Move(id) => {
                    let it = self.moves.iter().find(|one| one.id == id);
                    found.extend(it.iter().flat_map(|it| [it.manager, it.customer]));
                }
                Named::Integration(id) => {
                    found.extend(self.integrations.iter().find(|one| one.id == id).map(|one| one.owner));
                }
                Named::Licence(id) => {
                    found.extend(self.licences.iter().find(|one| one.id == id).map(|one| one.tenant));
                }
                Named::Session(id) => {
                    found.extend(self.sessions.iter().find(|one| one.id == id).map(|one| one.tenant));
                }
            }
        }
        found
    }

    /// Does something, and remembers what it was about if anybody wants to know.
    pub fn remembering<T>(
        &mut self,
        actor: &Actor,
        command: &str,
        at: Timestamp,
        act: impl FnOnce(&mut Self) -> Result<T, Code>,
    ) -> Result<T, Code> {
        if self.journal.is_none() {
            return act(self);
        }
        let before = self.clone();
        let done = act(self)?;
        let groups = touched(&before, self);
        self.remember(actor, command, groups, before, at);
        Ok(done)
    }

    fn remember(
        &mut self,
        actor: &Actor,
        command: &str,
        groups: BTreeSet<Group>,
        before: Self,
        at: Timestamp,
    ) {
        let bare = |world: Self| Self { journal: None, carried_out: Vec::new(), ..world };
        let around = Rc::new([bare(before), bare(self.clone())]);
        let entry = Entry { at, actor: actor.clone(), command: command.to_owned(), groups, around };
        if let Some(journal) = &mut self.journal {
            journal.push(entry);
        }
    }

    /// Adds what a command was about beyond what it changed; or that it was refused for lack of rights.
    pub fn remember_outcome(&mut self, request: &Request, outcome: &Result<(), Code>, at: Timestamp) {
        if self.journal.is_none() {
            return;
        }
        let Err(code) = outcome else {
            let subjects = self.subjects(&request.command);
            if let Some(entry) = self.journal.as_mut().and_then(|journal| journal.last_mut()) {
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
        if !matches!(code.family(), Family::Rights | Family::Unknown) {
            return;
        }
        let hour = at.micros().div_euclid(3_600_000_000);
        let recorded = self.refusals.entry(user).or_insert((hour, 0));
        if recorded.0 != hour {
            *recorded = (hour, 0);
        }
        if recorded.1 < REFUSALS_AN_HOUR {
            recorded.1 += 1;
            let groups = self.named(&request.command).into_iter().map(|tenant| group([tenant])).collect();
            self.remember(&request.actor, request.command.name(), groups, self.clone(), at);
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
            let told = |one: TenantId| self.told_of(who, tenant, one, entry, at);
            let mut groups = entry.groups.iter().filter(|(about, _)| about.contains(&tenant));
            if !groups.any(|(about, home)| about.iter().chain(home).all(|one| told(*one))) {
                continue;
            }
            let mut hidden = None;
            let by = match (&entry.actor, who) {
                (Actor::User(actor), Who::User(viewer)) if home(*actor) != home(viewer) => {
                    hidden = Some(*actor);
                    let nobody = TenantId::from_uuid(uuid::Uuid::nil());
                    AuditActor::Organisation(if told(home(*actor)) { home(*actor) } else { nobody })
                }
                (Actor::User(actor), _) => AuditActor::User(*actor),
                (Actor::Operator { ticket }, _) => AuditActor::Operator { ticket: ticket.clone() },
                (Actor::Clock, _) => AuditActor::Clock,
            };
            let wanted = filter.by.is_none_or(|user| by == AuditActor::User(user))
                && filter.command.as_ref().is_none_or(|command| *command == entry.command)
                && filter.from.is_none_or(|from| from <= entry.at)
                && filter.until.is_none_or(|until| entry.at < until);
            if wanted {
                rows.push((SeenRow { at: entry.at, by, command: entry.command.clone() }, hidden));
            }
        }
        Ok(rows)
    }

    /// Whether a reader of the audit of `tenant` is told that an entry has to do with another.
    fn told_of(&self, who: Who, tenant: TenantId, other: TenantId, entry: &Entry, at: Timestamp) -> bool {
        let Who::User(reader) = who else { return true };
        let home = self.user(reader).unwrap().home;
        if other == tenant || other == home || self.sees(who, other, at) {
            return true;
        }
        if home != tenant {
            return self.manages(other, home, at);
        }
        // One's own organisation: what it does not manage, or did not hide from the reader while it did.
        // As recorded: what ended by time was in force until that was recorded.
        let managed = |world: &&Self| world.manages(tenant, other, Timestamp::MIN);
        let saw = |world: &Self| world.user(reader).is_some() && world.sees(who, other, Timestamp::MIN);
        !self.manages(tenant, other, at)
            && (!entry.around.iter().any(|world| managed(&world))
                || entry.around.iter().filter(managed).any(saw))
    }
}
