//! Asking: a consistent reading of the store, its present and its past. Never writes.

use std::fmt;

use uuid::Uuid;

use super::error::Error;
use super::host::Host;
use super::records::decoded;
use super::token::Token;
use crate::answer::{self, AskedWorld, History, Seal};
use crate::base::ids::{TenantId, UserId};
use crate::base::time::Timestamp;
use crate::decide::Settling;
use crate::event::Event;
use crate::journal::{Head, Record};
use crate::model::Subject;
use crate::model::permission::DEVICES_VIEW;
use crate::policy::Policy;
use crate::query::{Ask, Question, ResellerCsv, Verdict};
use crate::refusal::{Code, Refusal};
use crate::rules::World;
use crate::store::{Reading, StoreError};
use crate::view::{View, ViewError};

/// A consistent reading of the store.
pub struct Snapshot<'e> {
    pub(super) reading: Box<dyn Reading + 'e>,
    pub(super) head: Head,
    pub(super) at: Timestamp,
    pub(super) epoch: Uuid,
    pub(super) seal: Seal,
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("token", &self.token()).finish_non_exhaustive()
    }
}

impl Snapshot<'_> {
    /// The revision it reads.
    pub const fn token(&self) -> Token {
        Token { epoch: self.epoch, seq: self.head.seq, hash: self.head.hash }
    }

    /// The present.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn now(&self) -> Result<Moment<'_>, Error> {
        Ok(Moment { world: self.present()?, present: None, seq: self.head.seq, snapshot: self })
    }

    fn present(&self) -> Result<World<'_>, Error> {
        Ok(World::reading(self.reading.view(), self.at)?)
    }

    /// The world as it was after record `seq` (X-2).
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// # let bakery = AddCustomer::new(
    /// #     msp, TenantKind::Customer, "Bakery Klein".parse()?, "fully".parse()?, ["manage".parse()?].into(),
    /// # );
    /// # let bakery = engine.execute(ada, bakery)?.outcome;
    /// # let eve = RegisterUser::new(msp, "eve@northwind.example".parse()?, "admin".parse()?);
    /// # let eve = engine.execute(Actor::OPERATOR, eve)?.outcome;
    /// let question = Question::new(eve, "devices.view".parse()?, bakery.tenant);
    /// let before = engine.token()?.seq;
    /// engine.execute(ada, BlockUser::new(eve))?;
    ///
    /// let snapshot = engine.read()?;
    /// assert!(!snapshot.now()?.check(&question)?.allowed);
    /// assert!(snapshot.as_of(before)?.moment()?.check(&question)?.allowed, "as it was then");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the journal has not come that far.
    pub fn as_of(&self, seq: u64) -> Result<Past<'_>, Error> {
        let view = self.reading.as_of(seq)?;
        let at = match seq.checked_sub(1) {
            None => Timestamp::MIN,
            Some(before) => match self.reading.records_after(before, 1)?.first() {
                Some(stored) => decoded(stored)?.at,
                None => return Err(StoreError::UnknownSeq { seq, head: self.head.seq }.into()),
            },
        };
        Ok(Past { snapshot: self, view, seq, at })
    }

    /// The world as it was at an instant: after the last record written by then, with the clock at
    /// the instant (X-2).
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// let register = RegisterUser::new(msp, "ada@northwind.example".parse()?, "admin".parse()?);
    /// let registered = engine.execute(Actor::OPERATOR, register)?;
    /// let question = Question::new(registered.outcome, "devices.view".parse()?, msp);
    ///
    /// let snapshot = engine.read()?;
    /// assert!(snapshot.as_of_time(registered.at)?.moment()?.check(&question)?.allowed);
    /// let tomorrow = snapshot.as_of_time(registered.at.plus_days(1)).map(|_| ());
    /// assert_eq!(tomorrow.unwrap_err().code(), Some(Code::MomentAhead));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `moment_ahead` where the instant has not come yet; when the store cannot be read.
    pub fn as_of_time(&self, at: Timestamp) -> Result<Past<'_>, Error> {
        if at > self.at {
            return Err(Refusal::new(Code::MomentAhead, at).into());
        }
        // The journal's time never runs backwards, so the last record by then is found by halving.
        let (mut low, mut high) = (0, self.head.seq);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let written = match self.reading.records_after(middle - 1, 1)?.first() {
                Some(stored) => decoded(stored)?.at,
                None => return Err(StoreError::UnknownSeq { seq: middle, head: self.head.seq }.into()),
            };
            if written <= at { low = middle } else { high = middle - 1 }
        }
        Ok(Past { snapshot: self, view: self.reading.as_of(low)?, seq: low, at })
    }
}

impl History for Snapshot<'_> {
    fn records(&self, about: Option<TenantId>, seq: u64, limit: usize) -> Result<Vec<Record>, ViewError> {
        let found = match about {
            Some(tenant) => self.reading.records_about(Subject::Tenant(tenant), seq, limit)?,
            None => self.reading.records_after(seq, limit)?,
        };
        found.iter().map(|stored| Ok(decoded(stored)?)).collect()
    }

    fn records_of(&self, user: UserId, seq: u64, limit: usize) -> Result<Vec<Record>, ViewError> {
        let found = self.reading.records_about(Subject::User(user), seq, limit)?;
        found.iter().map(|stored| Ok(decoded(stored)?)).collect()
    }

    fn as_of(&self, seq: u64) -> Result<Box<dyn View + '_>, ViewError> {
        Ok(self.reading.as_of(seq)?)
    }
}

/// A past that outlives the question.
pub struct Past<'s> {
    snapshot: &'s Snapshot<'s>,
    view: Box<dyn View + 's>,
    seq: u64,
    at: Timestamp,
}

impl fmt::Debug for Past<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("seq", &self.seq).field("at", &self.at).finish_non_exhaustive()
    }
}

impl Past<'_> {
    /// That moment, to be asked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn moment(&self) -> Result<Moment<'_>, Error> {
        let world = World::reading(&*self.view, self.at)?;
        let present = Some(self.snapshot.present()?);
        Ok(Moment { world, present, seq: self.seq, snapshot: self.snapshot })
    }
}

/// The world at a moment, now or then, to be asked. Its lists are right by the clock: what is due
/// by the moment has happened. Whoever asks about a moment that has passed is told what they could
/// see then and may see now (T-9).
pub struct Moment<'v> {
    world: World<'v>,
    // Where the moment has passed, for the rights of today.
    present: Option<World<'v>>,
    seq: u64,
    snapshot: &'v Snapshot<'v>,
}

impl fmt::Debug for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moment").field("seq", &self.seq).field("at", &self.world.at).finish_non_exhaustive()
    }
}

impl<'v> Moment<'v> {
    /// The revision.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The epoch of its store.
    pub(crate) const fn epoch(&self) -> Uuid {
        self.snapshot.epoch
    }

    /// The instant.
    pub(crate) const fn at(&self) -> Timestamp {
        self.world.at
    }

    /// The world itself as its last record left it.
    #[cfg(feature = "testkit")]
    pub const fn world(&self) -> &World<'v> {
        &self.world
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.world.policy.policy
    }

    fn asked(&self) -> AskedWorld<'_> {
        let Self { world, present, seq, snapshot } = self;
        AskedWorld { world, present: present.as_ref(), seq: *seq, history: *snapshot, seal: snapshot.seal }
    }

    /// Asks, and answers with what the query is answered with.
    ///
    /// # Errors
    /// The refusals of the query; when the store cannot be read.
    pub fn ask<Q: Ask>(&self, query: Q) -> Result<Q::Answer, Error> {
        let answer = answer::answer(&self.asked(), &query.into())?;
        Ok(Q::read(answer).expect("a query is answered with an answer of its own"))
    }

    /// What a record led to, as the user who commanded it is told now.
    pub(super) fn receipt(&self, user: UserId, seq: u64, events: &[Event]) -> Result<Vec<Event>, Error> {
        Ok(answer::receipt(&self.asked(), user, seq, events)?)
    }

    /// Whether a user may do something, and why (P).
    ///
    /// # Errors
    /// `unknown_service`, `unknown_permission` where the policy has none such; when the store
    /// cannot be read. Never an allow.
    pub fn check(&self, question: &Question) -> Result<Verdict, Error> {
        Ok(self.asked().check(question)?)
    }

    /// Writes a reseller's customers as CSV, row by row as they are read, and says how many there
    /// were (V-6).
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let contoso = RegisterTenant::new(TenantKind::Reseller, "Contoso Devices".parse()?);
    /// # let contoso = engine.execute(Actor::OPERATOR, contoso)?.outcome;
    /// # let rita = RegisterUser::new(contoso, "rita@contoso.example".parse()?, "super_admin".parse()?);
    /// # let rita = engine.execute(Actor::OPERATOR, rita)?.outcome;
    /// let mut csv = Vec::new();
    /// let snapshot = engine.read()?;
    /// let rows = snapshot.now()?.write_csv(&ResellerCsv::new(rita.into(), contoso), &mut csv)?;
    /// assert_eq!(rows, 0, "no devices were uploaded yet");
    /// assert!(csv.starts_with(b"\"Company name / internal reference\""));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not; `Output` when they cannot be written.
    pub fn write_csv(&self, query: &ResellerCsv, out: impl std::io::Write) -> Result<u64, Error> {
        let (right, due) = ((DEVICES_VIEW, query.reseller), Settling::LinksOfReseller(query.reseller));
        self.asked().told_where(&query.actor, right, due, |sight| {
            let rows = answer::each_reseller_customer(sight, query.reseller, &query.filter)?;
            crate::csv::reseller_customers(rows.map(|row| row.map_err(Error::from)), out)
        })
    }

    /// What the host itself may read, beside every rule and right.
    pub fn host(&self) -> Host<'_> {
        Host { asked: self.asked() }
    }
}
