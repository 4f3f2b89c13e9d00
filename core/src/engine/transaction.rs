//! Commands on their way into one commit: a chain of records that grows over a view. Rules decide; the store commits.

use std::collections::{BTreeMap, BTreeSet};

use super::access::Step;
use super::error::Error;
use super::token::Token;
use super::{Engine, Executed, Receipt, decoded, happen};
use crate::about;
use crate::base::ids::{RequestId, TenantId};
use crate::base::time::Timestamp;
use crate::command::{Command, Request};
use crate::decide::{decide, sweep};
use crate::event::Event;
use crate::journal::{Hash, Head, Record};
use crate::model::{Actor, Subject, User, UserState};
use crate::refusal::{Code, Family, Refusal};
use crate::rules::{Decision, Stop, World};
use crate::store::{NewRecord, StoreError, StoredRecord, Writing};
use crate::view::{Kind, Overlay, View, ViewError};

/// Records that grow one by one over a view, and the world as they leave it.
pub(super) struct Chain<'v> {
    world: Overlay<'v>,
    head: Head,
    now: Timestamp,
    records: Vec<NewRecord>,
    steps: Vec<Step>,
}

impl<'v> Chain<'v> {
    pub(super) fn new(view: &'v dyn View, head: Head, now: Timestamp) -> Self {
        Self { world: Overlay::over(view), head, now, records: Vec::new(), steps: Vec::new() }
    }

    /// The moment of the next record: now, but never before the last.
    fn at(&self) -> Timestamp {
        self.head.at.map_or(self.now, |last| last.max(self.now))
    }

    pub(super) fn append(
        &mut self,
        actor: Actor,
        request: Option<(RequestId, Hash)>,
        command: &str,
        decision: Decision,
    ) -> Result<(), ViewError> {
        let at = self.at();
        let mut subjects: BTreeSet<Subject> = about::of_actor(&actor).into_iter().collect();
        let mut changes = BTreeMap::new();
        for event in &decision.events {
            about::about(&self.world, event, &mut subjects)?;
            happen(&mut self.world, event, at, &mut changes)?;
        }
        for (subject, personal) in &decision.people {
            self.world.change_personal(*subject, personal.clone());
        }
        let seq = self.head.seq + 1;
        let record = Record {
            seq,
            at,
            actor,
            request: request.map(|(id, _)| id),
            command: command.to_owned(),
            events: decision.events,
        };
        let text = record.encode();
        let hash = self.head.hash.chain(&text);
        self.head = Head { seq, hash, at: Some(at) };
        let changes: Vec<_> = changes.into_values().collect();
        self.steps.push(Step { seq, hash, changes: changes.clone() });
        self.records.push(NewRecord {
            record: StoredRecord { seq, text, hash },
            at,
            request,
            about: subjects.into_iter().collect(),
            changes,
            people: decision.people,
        });
        Ok(())
    }

    /// The records to commit, and what they mean for who follows.
    pub(super) fn into_records(self) -> (Vec<NewRecord>, Vec<Step>) {
        (self.records, self.steps)
    }
}

/// Commands on their way into one commit.
pub(super) struct Transaction<'t> {
    engine: &'t Engine,
    writing: &'t dyn Writing,
    pub(super) chain: Chain<'t>,
    done: BTreeMap<RequestId, (Hash, Receipt<Vec<Event>>)>,
}

impl<'t> Transaction<'t> {
    pub(super) fn new(engine: &'t Engine, writing: &'t dyn Writing) -> Result<Self, Error> {
        let chain = Chain::new(writing.view(), writing.head()?, engine.options.clock.now());
        Ok(Self { engine, writing, chain, done: BTreeMap::new() })
    }

    pub(super) fn execute(&mut self, request: &Request) -> Executed {
        let fingerprint = fingerprint(request);
        if let Some(receipt) = self.executed_before(request, fingerprint)? {
            return Ok(receipt);
        }
        if let Some(expected) = request.expected_seq
            && expected != self.chain.head.seq
        {
            self.admit(&request.actor)?;
            return Err(Refusal::new(Code::StaleSeq, self.chain.head.seq).into());
        }
        self.sweep()?;
        let decision = {
            let world = World::new(&self.chain.world, self.chain.at(), &*self.engine.options.ids)?;
            decide(&world, request)
        };
        let decision = match decision {
            Ok(decision) => decision,
            Err(Stop::Refused(refusal)) => {
                self.record_refusal(request, &refusal)?;
                return Err(refusal.into());
            }
            Err(Stop::Broken(error)) => return Err(error.into()),
        };
        let events = decision.events.clone();
        self.chain.append(
            request.actor.clone(),
            Some((request.id, fingerprint)),
            request.command.name(),
            decision,
        )?;
        let head = self.chain.head;
        let token = Token { epoch: self.engine.store.epoch(), seq: head.seq, hash: head.hash };
        let receipt = Receipt { token, at: self.chain.at(), outcome: events };
        self.done.insert(request.id, (fingerprint, receipt.clone()));
        Ok(receipt)
    }

    /// Lets in whoever might be somebody to a command: nobody else is told how far the journal has come (T-9).
    fn admit(&self, actor: &Actor) -> Result<(), Error> {
        let refused = |code, about: &dyn std::fmt::Display| Err(Refusal::new(code, about).into());
        match actor {
            Actor::Operator { .. } => Ok(()),
            Actor::Clock => refused(Code::WrongActor, &"the clock"),
            Actor::User(id) => {
                let user = (&self.chain.world as &dyn View).get::<User>(id.uuid())?;
                match user.map(|user| user.state) {
                    None => refused(Code::UnknownUser, id),
                    Some(UserState::Active | UserState::Invited) => Ok(()),
                    Some(UserState::Blocked | UserState::Removed) => refused(Code::UserNotActive, id),
                }
            }
        }
    }

    /// The first receipt of a request that was executed before.
    fn executed_before(
        &self,
        request: &Request,
        fingerprint: Hash,
    ) -> Result<Option<Receipt<Vec<Event>>>, Error> {
        let reused = || Err(Refusal::new(Code::RequestReused, request.id).into());
        if let Some((before, receipt)) = self.done.get(&request.id) {
            return if *before == fingerprint { Ok(Some(receipt.clone())) } else { reused() };
        }
        let Some(known) = self.writing.receipt(request.id)? else { return Ok(None) };
        if known.fingerprint.is_some_and(|before| before != fingerprint) {
            return reused();
        }
        let stored = self.writing.records_after(known.seq.saturating_sub(1), 1)?;
        let Some(stored) = stored.first() else {
            return Err(StoreError::Damaged {
                what: format!("record {} of a receipt is missing", known.seq),
            }
            .into());
        };
        let record = decoded(stored)?;
        // Where erasure has forgotten the fingerprint, who asked and the command's name are all there is to tell by: nobody is told
        // what another was answered, and the events of one command are no answer to another.
        if record.actor != request.actor || record.command != request.command.name() {
            return reused();
        }
        let token = Token { epoch: self.engine.store.epoch(), seq: stored.seq, hash: stored.hash };
        Ok(Some(Receipt { token, at: record.at, outcome: record.events }))
    }

    pub(super) fn sweep(&mut self) -> Result<(), Error> {
        let tolerance = self.engine.options.clock_tolerance_seconds;
        if let Some(last) = self.chain.head.at
            && self.chain.now.plus_seconds(tolerance) < last
        {
            return Err(Refusal::new(Code::ClockBehind, last).into());
        }
        loop {
            let events = sweep(&World::reading(&self.chain.world, self.chain.at())?)?;
            if events.is_empty() {
                return Ok(());
            }
            self.chain.append(Actor::Clock, None, "sweep", events.into())?;
        }
    }

    fn record_refusal(&mut self, request: &Request, refusal: &Refusal) -> Result<(), Error> {
        let lack_of_rights = matches!(refusal.code.family(), Family::Rights | Family::Unknown);
        if !self.engine.options.record_refusals || !lack_of_rights {
            return Ok(());
        }
        // Only somebody we know leaves a trace: strangers could fill the journal.
        let Actor::User(user) = &request.actor else { return Ok(()) };
        if self.chain.world.load(Kind::User, user.uuid())?.is_none() {
            return Ok(());
        }
        let tenant = request.command.tenant();
        let known = match tenant {
            Some(tenant) => self.chain.world.load(Kind::Tenant, tenant.uuid())?.is_some(),
            None => false,
        };
        let event = Event::CommandRefused {
            command: request.command.name().to_owned(),
            refusal: refusal.code.name().to_owned(),
            tenant: tenant.filter(|_| known),
        };
        self.chain.append(request.actor.clone(), None, request.command.name(), event.into())?;
        Ok(())
    }
}

fn fingerprint(request: &Request) -> Hash {
    let body = serde_json::to_string(&(&request.actor, &request.command))
        .expect("commands have string keys and finite numbers");
    Hash::of(&body)
}

impl Command {
    /// The tenant that the command names first, if it names one.
    fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::AddCustomer(it) => Some(it.manager),
            Self::EditTenant(it) => Some(it.tenant),
            Self::ChangeTenantKind(it) => Some(it.tenant),
            Self::DisableTenants(it) => it.tenants.first().copied(),
            Self::EnableTenants(it) => it.tenants.first().copied(),
            Self::DeleteTenants(it) => it.tenants.first().copied(),
            Self::ReportReady(it) => Some(it.tenant),
            Self::RequestLink(it) => Some(it.manager),
            Self::InviteUser(it) => Some(it.tenant),
            Self::RegisterUser(it) => Some(it.home),
            Self::Assign(it) => it.assignments.first().map(|item| item.tenant),
            Self::Unassign(it) => it.assignments.first().map(|item| item.tenant),
            Self::CreateRole(it) => Some(it.tenant),
            Self::ErasePersonal(it) => match it.subject {
                Subject::Tenant(tenant) => Some(tenant),
                Subject::User(_) => None,
            },
            Self::AddResellerCustomer(it) => Some(it.reseller),
            Self::EditResellerCustomer(it) => Some(it.reseller),
            Self::DropReseller(it) => Some(it.tenant),
            Self::AdmitReseller(it) => Some(it.tenant),
            Self::UploadDevices(it) => Some(it.reseller),
            Self::MoveDevices(it) => Some(it.manager),
            Self::DeleteDevices(it) => Some(it.tenant),
            Self::CreateIntegration(it) => Some(it.owner),
            Self::ShareIntegration(it) => Some(it.tenant),
            Self::DetachIntegration(it) => Some(it.tenant),
            Self::BuyLicence(it) => Some(it.tenant),
            Self::SetAlertRule(it) => Some(it.tenant),
            Self::OpenConsole(it) => Some(it.tenant),
            _ => None,
        }
    }
}
