//! What is asked: a world at a moment, and what is at hand to answer about it. The one place of
//! this room that has the world and the actor; everything else is told by the gate.

use uuid::Uuid;

use super::page::Seal;
use crate::base::ids::{RequestId, TenantId, UserId};
use crate::base::text::{Permission, Service};
use crate::base::time::Timestamp;
use crate::command::{Command, Request};
use crate::decide::{Settling, Step, changes_of, rehearse, settled};
use crate::journal::Record;
use crate::model::Actor;
use crate::query::{AsOf, Question, Verdict};
use crate::refusal::{Code, Refusal};
use crate::rules::difference::{Affected, Between, turnings};
use crate::rules::{Ruling, Stop, World, access, unless_refused};
use crate::sight::Sight;
use crate::view::{Any, Overlay, View, ViewError};

/// The history behind a world, for answers that are about records.
pub trait History {
    /// Up to `limit` records after record `seq`, in order: all of them, or those about a tenant.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn records(&self, about: Option<TenantId>, seq: u64, limit: usize) -> Result<Vec<Record>, ViewError>;

    /// Up to `limit` records after record `seq` that are about a user or by them, in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn records_of(&self, user: UserId, seq: u64, limit: usize) -> Result<Vec<Record>, ViewError>;

    /// The world as it was after record `seq`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn as_of(&self, seq: u64) -> Result<Box<dyn View + '_>, ViewError>;
}

/// When a part of what came with a record was, and whether it is the record's own doing: what time
/// alone brought about by its moment comes first.
pub(super) type PartAt = (Timestamp, bool);

/// What happened at one moment between a record and the one before.
pub(super) struct Part<'w> {
    /// Which of them it is.
    pub(super) at: PartAt,
    /// The worlds right before and right after it.
    pub(super) between: Between<'w>,
    /// Whom it may concern.
    pub(super) affected: Affected,
}

/// A world at a moment, now or then, that questions are put to.
#[derive(Clone, Copy)]
pub struct AskedWorld<'a> {
    /// The world as its last record left it.
    pub world: &'a World<'a>,
    /// The present, where the world is a past: whoever asks is told what they could see then and
    /// may see now (T-9).
    pub present: Option<&'a World<'a>>,
    /// The world's last record.
    pub seq: u64,
    /// The history that led to it.
    pub history: &'a dyn History,
    /// What cursors are sealed with.
    pub seal: Seal,
}

impl AskedWorld<'_> {
    /// Asks the world as it is once what is due by its moment has happened, as far as the question
    /// looks at it, whether or not a command has come since to record it: the same sweep, laid over
    /// the view.
    ///
    /// Checks do not need it, nor does whatever rests on them. What a sweep changes about rights is
    /// that links end whose term has run out, and these are not in force for the check either; what
    /// ends with them is what rested on them alone. So the verdict is the same before and after.
    ///
    /// # Errors
    /// Those of the answer; when the world cannot be read.
    pub fn settled<T, E: From<ViewError>>(
        &self,
        settling: Settling<'_>,
        ask: impl FnOnce(&World<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match settled(self.world, settling)? {
            None => ask(self.world),
            Some(after) => ask(&World::reading(&after, self.world.at)?),
        }
    }

    /// Lets an actor ask the world through the gate: as it is once what is due has happened, where
    /// the answer does not judge by the moment itself.
    ///
    /// # Errors
    /// Those of [`authority::admit`], and of the answer.
    pub fn told<T, E: From<Stop> + From<ViewError>>(
        &self,
        actor: &Actor,
        settling: Option<Settling<'_>>,
        ask: impl FnOnce(&Sight<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let ask = |world: &World<'_>| ask(&Sight::of(actor, world, self.present)?);
        match settling {
            None => ask(self.world),
            Some(settling) => self.settled(settling, ask),
        }
    }

    /// The same about a tenant, where what has to happen first may be much: whoever may not be told
    /// is refused before any of it.
    ///
    /// # Errors
    /// Those of [`Sight::may`], and of the answer.
    pub fn told_where<T, E: From<Stop> + From<ViewError>>(
        &self,
        actor: &Actor,
        (permission, tenant): (&str, TenantId),
        settling: Settling<'_>,
        ask: impl FnOnce(&Sight<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.told(actor, None, |sight| {
            sight.may(permission, tenant)?;
            Ok::<_, E>(())
        })?;
        self.told(actor, Some(settling), ask)
    }

    /// Lets whoever answers ask what awaits them, also where their home is disabled (T-5).
    ///
    /// # Errors
    /// Those of [`Self::told`].
    pub fn told_what_awaits<T, E: From<Stop> + From<ViewError>>(
        &self,
        actor: &Actor,
        ask: impl FnOnce(&Sight<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        ask(&Sight::of_what_awaits(actor, self.world, self.present)?)
    }

    /// Lets an actor ask about a world that had passed by then, and about the world.
    ///
    /// # Errors
    /// `moment_ahead`, where it had not come by then; those of [`Self::told`], now or then.
    pub fn told_since<T>(
        &self,
        actor: &Actor,
        since: AsOf,
        ask: impl FnOnce([&Sight<'_>; 2]) -> Ruling<T>,
    ) -> Ruling<T> {
        let now = Sight::of(actor, self.world, self.present)?;
        let (seq, at) = match since {
            AsOf::Seq(seq) if seq > self.seq => return Err(Refusal::new(Code::MomentAhead, seq).into()),
            AsOf::Time(at) if at > self.world.at => return Err(Refusal::new(Code::MomentAhead, at).into()),
            AsOf::Seq(seq) => (seq, self.written_at(seq)?),
            AsOf::Time(at) => (self.last_written(|written| written <= at)?, at),
        };
        let view = self.history.as_of(seq)?;
        let then = World::reading(&*view, at)?;
        let then = Sight::of(actor, &then, Some(self.present.unwrap_or(self.world)))?;
        ask([&then, &now])
    }

    /// Lets an actor ask about the worlds right before and right after a record, and whose access
    /// it may have changed.
    ///
    /// # Errors
    /// Those of [`Self::told`], now or then.
    pub(super) fn told_by<T>(
        &self,
        actor: &Actor,
        seq: u64,
        ask: impl FnOnce([&Sight<'_>; 2], &Affected) -> Ruling<T>,
    ) -> Ruling<T> {
        let before = seq.saturating_sub(1);
        let records = self.history.records(None, before, 1)?;
        let missing = || ViewError::damaged(format!("record {seq} is missing"));
        let record = records.first().ok_or_else(missing)?;
        let (view, then) = (self.history.as_of(before)?, self.history.as_of(seq)?);
        let before = World::reading(&*view, self.written_at(before)?)?;
        let after = World::reading(&*then, record.at)?;
        let between = Between { before: &before, after: &after };
        let affected = Affected::by(&changes_of(&*view, &record.events, record.at)?, between)?;
        let present = Some(self.present.unwrap_or(self.world));
        let before = Sight::of(actor, &before, present)?;
        ask([&before, &Sight::of(actor, &after, present)?], &affected)
    }

    /// When a record was written; the beginning of time, of what was before the first.
    fn written_at(&self, seq: u64) -> Result<Timestamp, ViewError> {
        let Some(before) = seq.checked_sub(1) else { return Ok(Timestamp::MIN) };
        match self.history.records(None, before, 1)?.first() {
            Some(record) => Ok(record.at),
            None => Err(ViewError::damaged(format!("record {seq} is missing"))),
        }
    }

    /// The last record that was written early enough: each is not before the last.
    pub(super) fn last_written(&self, is_early: impl Fn(Timestamp) -> bool) -> Result<u64, ViewError> {
        let (mut low, mut high) = (0, self.seq);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if is_early(self.written_at(middle)?) { low = middle } else { high = middle - 1 }
        }
        Ok(low)
    }

    /// Lets an actor ask what a command of theirs would lead to: the world that it would find and
    /// the one that it would leave. Whoever could not act there any more is told all the same.
    ///
    /// # Errors
    /// `moment_passed`, where the world has passed; those of the command.
    pub(super) fn told_beforehand<T>(
        &self,
        actor: &Actor,
        command: &Command,
        tell: impl FnOnce(Step, [&Sight<'_>; 2]) -> Ruling<T>,
    ) -> Ruling<T> {
        if self.present.is_some() {
            // Which record that was, whoever asks about an instant need not know (T-9).
            return Err(Refusal::new(Code::MomentPassed, "").into());
        }
        let id = RequestId::from_uuid(Uuid::nil());
        let request = Request { id, actor: actor.clone(), expected_seq: None, command: command.clone() };
        let (found, step) = rehearse(self.world, self.seq, &request)?;
        let mut left = Overlay::over(&found);
        step.lay_over(&mut left);
        let (before, after) = (World::reading(&found, self.world.at)?, World::reading(&left, self.world.at)?);
        let both = [Sight::of_whoever_acts(actor, &before)?, Sight::of_whoever_acts(actor, &after)?];
        tell(step, both.each_ref())
    }

    /// Visits what a record brought about and what time alone did since the record before, from a
    /// part on and as long as the visitor goes on; says whether they did. Costs what was due from
    /// there on.
    ///
    /// # Errors
    /// When the world cannot be read, or the visitor's.
    pub(super) fn parts_of(
        &self,
        record: &Record,
        from: Option<PartAt>,
        visit: &mut dyn FnMut(&Part<'_>) -> Result<bool, ViewError>,
    ) -> Result<bool, ViewError> {
        let seq = record.seq.saturating_sub(1);
        let (view, then) = (self.history.as_of(seq)?, self.history.as_of(record.seq)?);
        let late = World::reading(&*view, record.at)?;
        let begin = match from {
            Some((_, true)) => record.at,
            Some((at, false)) => at.just_before(),
            None => self.written_at(seq)?,
        };
        for turning in turnings(&*view, begin, record.at) {
            let turning = turning?;
            // Nothing turns between one of these moments and the next.
            let (before, after) = (late.at_moment(turning.at.just_before()), late.at_moment(turning.at));
            let between = Between { before: &before, after: &after };
            let affected = Affected::by_time(&turning, between)?;
            if !visit(&Part { at: (turning.at, false), between, affected })? {
                return Ok(false);
            }
        }
        let after = World::reading(&*then, record.at)?;
        let between = Between { before: &late, after: &after };
        let affected = Affected::by(&changes_of(&*view, &record.events, record.at)?, between)?;
        visit(&Part { at: (record.at, true), between, affected })
    }

    /// Tells an actor of one entity as it is once what is due about that has happened: so a list
    /// costs what is due about the rows it shows, and about nothing else of a tenant.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn told_of<T>(
        &self,
        sight: &Sight<'_>,
        entity: Any,
        tell: impl FnOnce(&Sight<'_>, Any) -> Result<Option<T>, ViewError>,
    ) -> Result<Option<T>, ViewError> {
        let Some(after) = settled(self.world, Settling::Entities(std::slice::from_ref(&entity)))? else {
            return tell(sight, entity);
        };
        let world = World::reading(&after, self.world.at)?;
        match (unless_refused(sight.after(&world))?, after.load(entity.kind(), entity.id())?) {
            (Some(sight), Some(entity)) => tell(&sight, entity),
            _ => Ok(None),
        }
    }

    /// Whether a user may do something, and why (P).
    ///
    /// # Errors
    /// `unknown_service`, `unknown_permission` where the policy has none such; when the world
    /// cannot be read. Never an allow.
    pub fn check(&self, question: &Question) -> Ruling<Verdict> {
        let verdict = access::check(self.world, question, self.seq)?;
        // What the policy does not have is never allowed, so a check that is allowed is spared the
        // look.
        if !verdict.allowed {
            access::names(self.world, &question.permission, question.service.as_ref())?;
        }
        Ok(verdict)
    }

    /// Whether a user may do something; not, where the policy has no such permission or service.
    ///
    /// # Errors
    /// When the world cannot be read.
    pub fn allows(&self, question: &Question) -> Result<bool, ViewError> {
        Ok(access::check(self.world, question, self.seq)?.allowed)
    }

    /// The tenants that a user can do this on, in the order of their ids (P-12).
    ///
    /// # Errors
    /// `unknown_service`, `unknown_permission` where the policy has none such.
    pub fn tenants_where(
        &self,
        user: UserId,
        permission: &Permission,
        service: Option<&Service>,
    ) -> Ruling<Vec<TenantId>> {
        access::names(self.world, permission, service)?;
        Ok(access::tenants_where(self.world, user, permission, service)?)
    }

    /// The users who can do this on a tenant, in the order of their ids (P-12).
    ///
    /// # Errors
    /// `unknown_service`, `unknown_permission` where the policy has none such.
    pub fn users_who_can(
        &self,
        permission: &Permission,
        tenant: TenantId,
        service: Option<&Service>,
    ) -> Ruling<Vec<UserId>> {
        access::names(self.world, permission, service)?;
        Ok(access::users_who_can(self.world, permission, tenant, service)?)
    }
}
