//! Commands on their way into one commit: a chain of records that grows over a view. Rules decide;
//! the store commits.

use std::collections::BTreeMap;
use std::sync::Mutex;

use uuid::Uuid;

use super::access::Committed;
use super::error::Error;
use super::lock::lock;
use super::options::{HOWEVER_FAR, Options};
use super::receipt::{Receipt, Submitted};
use super::records::decoded;
use super::token::Token;
use crate::about;
use crate::base::ids::{RequestId, UserId};
use crate::base::time::Timestamp;
use crate::command::{Command, Request};
#[cfg(feature = "sqlite")]
use crate::decide::retraced;
use crate::decide::{SWEPT_BY_A_COMMAND, Step, Sweeping, decide, step, sweep, turn};
use crate::event::Event;
use crate::journal::{Hash, Head, RULES, Record};
#[cfg(feature = "sqlite")]
use crate::model::Subject;
use crate::model::{Actor, Refusals};
use crate::refusal::{Code, Family, Refusal};
use crate::rules::{Gate, Stop, World, access, authority, external};
use crate::store::{NewRecord, Reading, Remembered, StoreError, StoredRecord};
use crate::view::{Overlay, View, ViewError};

/// Records that grow one by one over a view, and the world as they leave it.
pub(super) struct RecordChain<'v> {
    world: Overlay<'v>,
    head: Head,
    now: Timestamp,
    records: Vec<NewRecord>,
    committed: Vec<Committed>,
    swept: Sweeping,
    salts: &'v dyn Fn() -> Uuid,
}

/// How many of a user's refused commands are recorded in an hour.
const REFUSALS_RECORDED: u32 = 32;

impl<'v> RecordChain<'v> {
    /// None yet, over a view that is at this head; each salt is used once.
    pub(super) fn new(view: &'v dyn View, head: Head, now: Timestamp, salts: &'v dyn Fn() -> Uuid) -> Self {
        Self {
            world: Overlay::over(view),
            head,
            now,
            records: Vec::new(),
            committed: Vec::new(),
            swept: Sweeping::default(),
            salts,
        }
    }

    /// The moment of the next record: now, but never before the last.
    fn at(&self) -> Timestamp {
        self.head.moment(self.now)
    }

    pub(super) fn append(
        &mut self,
        actor: Actor,
        request: Option<(RequestId, Hash)>,
        command: &str,
        step: Step,
    ) {
        let at = self.at();
        step.lay_over(&mut self.world);
        let mut about = step.about;
        about.extend(about::of_actor(&actor));
        let salted = |personal| Remembered::salted((self.salts)(), personal);
        let people: Vec<_> =
            step.people.into_iter().map(|(subject, personal)| (subject, personal.map(salted))).collect();
        let request = request.map(|(id, body)| (id, salted_fingerprint((self.salts)(), body)));
        let seq = self.head.seq + 1;
        let record = Record {
            seq,
            rules: RULES,
            at,
            actor,
            request: request.map(|(id, _)| id),
            commitment: request.map(|(_, fingerprint)| Hash::of(fingerprint.bytes())),
            command: command.to_owned(),
            events: step.events,
            personal: NewRecord::commitments(&people),
        };
        let text = record.encode();
        let hash = self.head.hash.chain(&text);
        self.head = Head { seq, hash, at: Some(at) };
        self.committed.push(Committed { seq, at, hash, changes: step.changes.clone() });
        self.records.push(NewRecord {
            record: StoredRecord { seq, text, hash },
            at,
            request,
            about: about.into_iter().collect(),
            changes: step.changes,
            people,
        });
    }

    /// The same of what is decided here and not by the rules.
    pub(super) fn note(&mut self, actor: Actor, command: &str, events: Vec<Event>) -> Result<(), ViewError> {
        let step = step(&World::reading(&self.world, self.at())?, self.at(), events.into())?;
        self.append(actor, None, command, step);
        Ok(())
    }

    /// Has the operator erase somebody, whatever the rules say of that.
    #[cfg(feature = "sqlite")]
    pub(super) fn erase(&mut self, subject: Subject) -> Result<(), ViewError> {
        let step = retraced(&self.world, vec![Event::PersonalErased { subject }], self.at())?;
        self.append(Actor::OPERATOR, None, "erase_personal", step);
        Ok(())
    }

    /// Brings about, in the order of moments, what is due about what a command names: the links
    /// above its tenants, and of each of them and of everything else at most so much. Says whether
    /// there is more.
    fn sweep(&mut self, limit: usize, command: Option<&Command>) -> Result<bool, ViewError> {
        let at = self.at();
        for item in self.swept.next(&self.world, at, limit, command)? {
            for nth in 0.. {
                turn(item, nth)?;
                let Some(step) = sweep(&World::reading(&self.world, at)?, item)? else { break };
                self.append(Actor::Clock, None, "sweep", step);
            }
        }
        Ok(!self.swept.is_over())
    }

    /// How many records there are by now.
    pub(super) fn len(&self) -> u64 {
        self.records.len() as u64
    }

    /// The records to commit, and what they mean for who follows.
    pub(super) fn into_records(self) -> (Vec<NewRecord>, Vec<Committed>) {
        (self.records, self.committed)
    }
}

/// How many refused commands of a user were left out of the journal since the last recorded one.
pub(super) type LeftOut = Mutex<BTreeMap<UserId, u64>>;

/// Commands on their way into one commit.
pub(super) struct Transaction<'t> {
    epoch: Uuid,
    options: &'t Options,
    left_out: &'t LeftOut,
    reading: &'t dyn Reading,
    pub(super) chain: RecordChain<'t>,
    done: BTreeMap<RequestId, (Hash, Receipt<Vec<Event>>)>,
}

impl<'t> Transaction<'t> {
    /// Begins one on the store of this epoch.
    pub(super) fn new(
        epoch: Uuid,
        options: &'t Options,
        left_out: &'t LeftOut,
        reading: &'t dyn Reading,
    ) -> Result<Self, Error> {
        let (head, now) = (reading.head()?, options.moment()?);
        let chain = RecordChain::new(reading.view(), head, now, &*options.salts);
        Ok(Self { epoch, options, left_out, reading, chain, done: BTreeMap::new() })
    }

    pub(super) fn execute(&mut self, request: &Request) -> Submitted {
        let fingerprint = fingerprint(request);
        if let Some(receipt) = self.executed_before(request, fingerprint)? {
            return Ok(receipt);
        }
        if let Some(expected) = request.expected_seq
            && expected != self.chain.head.seq
        {
            // Nobody else is told how far the journal has come (T-9).
            let world = World::reading(&self.chain.world, self.chain.at())?;
            authority::admit(&world, &request.actor, Gate::OpenForAnswers)?;
            return Err(Refusal::new(Code::StaleSeq, self.chain.head.seq).into());
        }
        self.bar_clock(false)?;
        self.sweep(SWEPT_BY_A_COMMAND, Some(&request.command))?;
        let decided = {
            let seq = self.chain.head.seq + 1;
            let world = World::new(&self.chain.world, self.chain.at(), seq, &*self.options.ids)?
                .with_ids_that_may_repeat(self.options.ids_of_host);
            decide(&world, request)
        };
        let step = match decided {
            Ok(step) => step,
            Err(Stop::Refused(refusal)) => {
                self.record_refusal(request, &refusal)?;
                return Err(refusal.into());
            }
            Err(Stop::Broken(error)) => return Err(error.into()),
        };
        let events = step.events.clone();
        let name = request.command.name();
        self.chain.append(request.actor.clone(), Some((request.id, fingerprint)), name, step);
        let head = self.chain.head;
        let token = Token { epoch: self.epoch, seq: head.seq, hash: head.hash };
        let receipt = Receipt { token, at: self.chain.at(), outcome: events };
        self.done.insert(request.id, (fingerprint, receipt.clone()));
        Ok(receipt)
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
        let Some(known) = self.reading.receipt(request.id)? else { return Ok(None) };
        let stored = self.reading.records_after(known.seq.saturating_sub(1), 1)?;
        let Some(stored) = stored.first() else {
            return Err(StoreError::Damaged {
                what: format!("record {} of a receipt is missing", known.seq),
            }
            .into());
        };
        let record = decoded(stored)?;
        // Records of before there were commitments have receipts without a salt.
        let asked = |before: Hash| match record.commitment {
            Some(_) => salted_fingerprint(salt_of(before), fingerprint),
            None => fingerprint,
        };
        if known.fingerprint.is_some_and(|before| before != asked(before)) {
            return reused();
        }
        // Where erasure has forgotten the fingerprint, who asked and the command's name are all
        // there is to tell by: nobody is told what another was answered, and the events of one
        // command are no answer to another.
        if record.actor != request.actor || record.command != request.command.name() {
            return reused();
        }
        let token = Token { epoch: self.epoch, seq: stored.seq, hash: stored.hash };
        Ok(Some(Receipt { token, at: record.at, outcome: record.events }))
    }

    /// Brings about what is due about everything that a command names, and at most so much of the
    /// rest. Says whether there is more.
    pub(super) fn sweep(&mut self, limit: usize, command: Option<&Command>) -> Result<bool, Error> {
        Ok(self.chain.sweep(limit, command)?)
    }

    /// Refuses to go on by a clock that must be wrong, before anything is done by it: what lapses
    /// and ends does so for good, and the journal's time never runs backwards. Whoever knows that
    /// it is right may have it go ahead.
    pub(super) fn bar_clock(&self, ahead_is_right: bool) -> Result<(), Error> {
        let Some(last) = self.chain.head.at else { return Ok(()) };
        let (now, options) = (self.chain.now, self.options);
        if now < last && beyond(now, last, options.clock_tolerance_seconds) {
            return Err(Refusal::new(Code::ClockBehind, last).into());
        }
        if !ahead_is_right && beyond(last, now, options.clock_leap_seconds) {
            return Err(Refusal::new(Code::ClockAhead, now).into());
        }
        Ok(())
    }

    /// Records that a command was refused for lack of rights. Only somebody who can act at
    /// all leaves a trace, and of those who are refused again and again, so many in an hour; the
    /// others are counted until one is recorded again.
    fn record_refusal(&mut self, request: &Request, refusal: &Refusal) -> Result<(), Error> {
        // Whoever reads of a stranger's attempt is not told that the stranger's home is disabled.
        let lack_of_rights = matches!(refusal.code.family(), Family::Rights | Family::Unknown)
            && refusal.code != Code::UserNotActive;
        if !self.options.record_refusals || !lack_of_rights {
            return Ok(());
        }
        let Actor::User(by) = request.actor else { return Ok(()) };
        let at = self.chain.at();
        let world = World::reading(&self.chain.world, at)?;
        let Some(user) = world.user(by)? else { return Ok(()) };
        if !access::is_there(&world, &user)? {
            return Ok(());
        }
        let before = world.view.get::<Refusals>(by.uuid())?;
        let mut left_out = lock(self.left_out);
        if Refusals::recorded_at(before.as_deref(), at) >= REFUSALS_RECORDED {
            *left_out.entry(by).or_default() += 1;
            return Ok(());
        }
        let named = about::of_command(world.view, &request.command)?;
        let whose = external::whose(&world, &request.actor, &request.command)?;
        let event = Event::CommandRefused {
            command: request.command.name().to_owned(),
            refusal: refusal.code.name().to_owned(),
            by,
            named,
            whose,
            left_out: left_out.remove(&by).unwrap_or_default(),
        };
        drop(left_out);
        self.chain.note(request.actor.clone(), request.command.name(), vec![event])?;
        Ok(())
    }
}

/// Whether one moment is more than so many seconds before another.
fn beyond(early: Timestamp, late: Timestamp, seconds: u32) -> bool {
    seconds != HOWEVER_FAR && early.plus_seconds(seconds) < late
}

/// The fingerprint of a request as its receipt keeps it: a salt, and the first half of a hash over
/// the salt and the fingerprint. The record commits to it, and nobody guesses the request from that
/// once it is forgotten.
fn salted_fingerprint(salt: Uuid, fingerprint: Hash) -> Hash {
    let hash = Hash::of([salt.as_bytes().as_slice(), fingerprint.bytes()].concat());
    let half = hash.bytes().iter().take(16);
    let mut kept = [0; 32];
    for (place, byte) in kept.iter_mut().zip(salt.as_bytes().iter().chain(half)) {
        *place = *byte;
    }
    Hash::from_bytes(kept)
}

/// The salt of a fingerprint that has one.
fn salt_of(fingerprint: Hash) -> Uuid {
    let [high, low] = [0, 8].map(|from| {
        fingerprint.bytes().iter().skip(from).take(8).fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte))
    });
    Uuid::from_u64_pair(high, low)
}

fn fingerprint(request: &Request) -> Hash {
    let body = serde_json::to_string(&(&request.actor, &request.command))
        .expect("commands have string keys and finite numbers");
    Hash::of(&body)
}
