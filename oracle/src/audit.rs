//! What the audit of a tenant shows to whom. What a command was about is told by comparing the world before with
//! the world after; only where a command may change nothing it is told by what the command names.

use std::collections::BTreeSet;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::command::{Command, Request};
use tenantry::model::{Actor, Subject};
use tenantry::query::{AuditActor, AuditFilter};
use tenantry::refusal::{Code, Family};

use crate::access::{Disabled, Who};
use crate::world::Oracle;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: Timestamp,
    pub actor: Actor,
    pub command: String,
    pub tenants: BTreeSet<TenantId>,
}

/// Everything that happened.
pub type Journal = Vec<Entry>;

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

/// The tenants about which something is different.
fn touched(before: &Oracle, after: &Oracle) -> BTreeSet<TenantId> {
    let mut found = BTreeSet::new();
    found.extend(changed(&before.tenants, &after.tenants).map(|one| one.id));
    found.extend(changed(&before.links, &after.links).flat_map(|one| [one.manager, one.managed]));
    found.extend(changed(&before.requests, &after.requests).flat_map(|one| [one.manager, one.managed]));
    found.extend(changed(&before.invitations, &after.invitations).map(|one| one.tenant));
    found.extend(changed(&before.users, &after.users).map(|one| one.home));
    found.extend(changed(&before.assignments, &after.assignments).map(|one| one.tenant));
    found.extend(changed(&before.roles, &after.roles).map(|one| one.tenant));
    let added = changed(&before.reseller_customers, &after.reseller_customers);
    found.extend(added.flat_map(|one| [one.reseller, one.tenant]));
    found.extend(changed(&before.uploads, &after.uploads).flat_map(|one| [one.reseller, one.to]));
    found.extend(changed(&before.devices, &after.devices).map(|one| one.holder()));
    found.extend(changed(&before.moves, &after.moves).flat_map(|one| [one.manager, one.customer]));
    for one in changed(&before.integrations, &after.integrations) {
        found.insert(one.owner);
        let is_it = |other: &&crate::world::Integration| other.id == one.id;
        for attached in before.integrations.iter().chain(&after.integrations).filter(is_it) {
            found.extend(one.attached.symmetric_difference(&attached.attached));
        }
    }
    found.extend(changed(&before.licences, &after.licences).flat_map(|one| [one.buyer, one.tenant]));
    found.extend(changed(&before.alert_rules, &after.alert_rules).map(|one| one.tenant));
    found.extend(changed(&before.sessions, &after.sessions).map(|one| one.tenant));
    found
}

/// The tenant that a command names first, if it names one.
fn named_first(command: &Command) -> Option<TenantId> {
    match command {
        Command::AddCustomer(c) => Some(c.manager),
        Command::EditTenant(c) => Some(c.tenant),
        Command::ChangeTenantKind(c) => Some(c.tenant),
        Command::DisableTenants(c) => c.tenants.first().copied(),
        Command::EnableTenants(c) => c.tenants.first().copied(),
        Command::ReportReady(c) => Some(c.tenant),
        Command::DeleteTenants(c) => c.tenants.first().copied(),
        Command::RequestLink(c) => Some(c.manager),
        Command::InviteUser(c) => Some(c.tenant),
        Command::RegisterUser(c) => Some(c.home),
        Command::Assign(c) => c.assignments.first().map(|item| item.tenant),
        Command::Unassign(c) => c.assignments.first().map(|item| item.tenant),
        Command::CreateRole(c) => Some(c.tenant),
        Command::ErasePersonal(c) => match c.subject {
            Subject::Tenant(tenant) => Some(tenant),
            Subject::User(_) => None,
        },
        Command::AddResellerCustomer(c) => Some(c.reseller),
        Command::EditResellerCustomer(c) => Some(c.reseller),
        Command::DropReseller(c) => Some(c.tenant),
        Command::AdmitReseller(c) => Some(c.tenant),
        Command::UploadDevices(c) => Some(c.reseller),
        Command::MoveDevices(c) => Some(c.manager),
        Command::DeleteDevices(c) => Some(c.tenant),
        Command::CreateIntegration(c) => Some(c.owner),
        Command::ShareIntegration(c) => Some(c.tenant),
        Command::DetachIntegration(c) => Some(c.tenant),
        Command::BuyLicence(c) => Some(c.tenant),
        Command::SetAlertRule(c) => Some(c.tenant),
        Command::OpenConsole(c) => Some(c.tenant),
        _ => None,
    }
}

impl Oracle {
    /// The tenants about which an accepted command is, even if it changes nothing: what is set again, and reminders.
    fn subjects(&self, command: &Command) -> Vec<TenantId> {
        let of_link = |id| self.link(id).map(|link| vec![link.manager, link.managed]).unwrap_or_default();
        match command {
            Command::EditTenant(c) => vec![c.tenant],
            Command::SetAlertRule(c) => vec![c.tenant],
            Command::ResendLinkRequest(c) => {
                let request = self.request(c.request).unwrap();
                vec![request.manager, request.managed]
            }
            Command::SetManagerGrants(c) => of_link(c.link),
            Command::SetAutoExtend(c) => of_link(c.link),
            Command::ResendDelink(c) => of_link(c.link),
            Command::ResendInvitation(c) => vec![self.invitation(c.invitation).unwrap().tenant],
            Command::EditUser(c) => vec![self.user(c.user).unwrap().home],
            Command::Assign(c) => c.assignments.iter().map(|item| item.tenant).collect(),
            Command::ErasePersonal(c) => match c.subject {
                Subject::Tenant(tenant) => vec![tenant],
                Subject::User(user) => vec![self.user(user).unwrap().home],
            },
            _ => Vec::new(),
        }
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
        let tenants = touched(&before, self);
        self.remember(actor, command, tenants, at);
        Ok(done)
    }

    fn remember(&mut self, actor: &Actor, command: &str, tenants: BTreeSet<TenantId>, at: Timestamp) {
        let entry = Entry { at, actor: actor.clone(), command: command.to_owned(), tenants };
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
                entry.tenants.extend(subjects);
            }
            return;
        };
        // Strangers and operators leave no trace.
        let known = matches!(&request.actor, Actor::User(user) if self.user(*user).is_some());
        if known && matches!(code.family(), Family::Rights | Family::Unknown) {
            let tenants =
                named_first(&request.command).into_iter().filter(|t| self.tenant(*t).is_some()).collect();
            self.remember(&request.actor, request.command.name(), tenants, at);
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
        for entry in self.journal.iter().flatten().filter(|entry| entry.tenants.contains(&tenant)) {
            let mut hidden = None;
            let by = match (&entry.actor, who) {
                (Actor::User(actor), Who::User(viewer)) if home(*actor) != home(viewer) => {
                    hidden = Some(*actor);
                    AuditActor::Organisation(home(*actor))
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
}
