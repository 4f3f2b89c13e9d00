//! Asking: a consistent reading of the store, its present and its past. Never writes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::error::Error;
use super::records::{PAGE, decoded};
use super::token::Token;
use crate::answer;
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{IssueCategory, Number, Permission, Service};
use crate::base::time::Timestamp;
use crate::decide::{Settling, settled};
use crate::journal::Head;
use crate::model::{Actor, Personal, Subject};
use crate::notice::{About, Notice};
use crate::policy::Policy;
use crate::query::{
    AuditFilter, AuditRow, CustomerDetails, CustomerQuery, CustomerRow, IntegrationRow, Page, Paging, Pin,
    Question, ResellerCustomerRow, ResellerQuery, TenantSummary, UserQuery, UserRow, Verdict,
};
use crate::refusal::{Code, Refusal};
use crate::rules::{Stop, World, access, alert};
use crate::sight::{Around, RecordSight, Sight};
use crate::store::{Reading, StoreError};
use crate::view::{Entity, Index, Key, View, ViewError};

/// A consistent reading of the store.
pub struct Snapshot<'e> {
    pub(super) reading: Box<dyn Reading + 'e>,
    pub(super) head: Head,
    pub(super) at: Timestamp,
    pub(super) epoch: Uuid,
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
        Ok(Moment { world: self.present()?, present: None, seq: self.head.seq })
    }

    fn present(&self) -> Result<World<'_>, Error> {
        Ok(World::reading(self.reading.view(), self.at)?)
    }

    /// The world as it was after record `seq`.
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
    /// the instant.
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

    /// Up to `limit` records about a tenant after `seq`, as the actor may see them, and the record
    /// to go on after, if there are more.
    ///
    /// # Errors
    /// `unknown_tenant`, and why the actor may not read the audit.
    pub fn audit(
        &self,
        actor: &Actor,
        tenant: TenantId,
        filter: &AuditFilter,
        seq: u64,
        limit: usize,
    ) -> Result<(Vec<AuditRow>, Option<u64>), Error> {
        let now = self.present()?;
        let sight = Sight::of(actor, &now, None)?;
        let reader = RecordSight::of(&sight, tenant)?;
        let mut rows = Vec::new();
        let (mut after, mut last) = (seq, None);
        loop {
            let page = self.reading.records_about(Subject::Tenant(tenant), after, PAGE)?;
            for stored in &page {
                let record = decoded(stored)?;
                after = record.seq;
                let before = self.reading.as_of(record.seq.saturating_sub(1))?;
                let left = self.reading.as_of(record.seq)?;
                // As recorded: a link whose end the record is about was in force before it,
                // whatever the clock said.
                let around = Around {
                    before: &World::reading(&*before, Timestamp::MIN)?,
                    after: &World::reading(&*left, Timestamp::MIN)?,
                };
                let Some(row) = reader.row(&record, &around)?.filter(|row| filter.passes(row)) else {
                    continue;
                };
                if rows.len() == limit {
                    return Ok((rows, last));
                }
                last = Some(row.seq);
                rows.push(row);
            }
            if page.len() < PAGE {
                return Ok((rows, None));
            }
        }
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
        Ok(Moment { world, present: Some(self.snapshot.present()?), seq: self.seq })
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

    /// The world itself as its last record left it, for everything the methods here do not say.
    pub const fn world(&self) -> &World<'v> {
        &self.world
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.world.policy
    }

    /// Asks the world as it is once what is due by its moment has happened, as far as the question
    /// looks at it, whether or not a command has come since to record it: the same sweep, laid over
    /// the view.
    ///
    /// Checks do not need it, nor does whatever rests on them. What a sweep changes about rights is
    /// that links end whose term has run out, and these are not in force for the check either; what
    /// ends with them is what rested on them alone. So the verdict is the same before and after.
    fn settled<T, E>(
        &self,
        settling: Settling<'_>,
        ask: impl FnOnce(&World<'_>) -> Result<T, E>,
    ) -> Result<T, Error>
    where
        Error: From<E>,
    {
        Ok(match settled(&self.world, settling)? {
            None => ask(&self.world)?,
            Some(after) => ask(&World::reading(&after, self.world.at)?)?,
        })
    }

    /// Lets an actor ask the world: as it is once what is due has happened, where the answer does
    /// not judge by the moment itself.
    fn told<T, E: From<Stop> + From<ViewError>>(
        &self,
        actor: &Actor,
        settling: Option<Settling<'_>>,
        ask: impl FnOnce(&Sight<'_>) -> Result<T, E>,
    ) -> Result<T, Error>
    where
        Error: From<E>,
    {
        let ask = |world: &World<'_>| ask(&Sight::of(actor, world, self.present.as_ref())?);
        match settling {
            None => Ok(ask(&self.world)?),
            Some(settling) => self.settled(settling, ask),
        }
    }

    /// Whether a user may do something, and why (P).
    ///
    /// # Errors
    /// `unknown_service`, `unknown_permission` where the policy has none such; when the store
    /// cannot be read. Never an allow.
    pub fn check(&self, question: &Question) -> Result<Verdict, Error> {
        let verdict = access::check(&self.world, question, self.seq)?;
        // What the policy does not have is never allowed, so a check that is allowed is spared the
        // look.
        if !verdict.allowed {
            access::names(&self.world, &question.permission, question.service.as_ref())?;
        }
        Ok(verdict)
    }

    /// The tenants that a user can do this on, in the order of their ids (P-12).
    ///
    /// # Errors
    /// `unknown_service`, `unknown_permission` where the policy has none such; when the store
    /// cannot be read.
    pub fn tenants_where(
        &self,
        user: UserId,
        permission: &Permission,
        service: Option<&Service>,
    ) -> Result<Vec<TenantId>, Error> {
        access::names(&self.world, permission, service)?;
        Ok(access::tenants_where(&self.world, user, permission, service)?)
    }

    /// The users who can do this on a tenant, in the order of their ids (P-12).
    ///
    /// # Errors
    /// `unknown_service`, `unknown_permission` where the policy has none such; when the store
    /// cannot be read.
    pub fn users_who_can(
        &self,
        permission: &Permission,
        tenant: TenantId,
        service: Option<&Service>,
    ) -> Result<Vec<UserId>, Error> {
        access::names(&self.world, permission, service)?;
        Ok(access::users_who_can(&self.world, permission, tenant, service)?)
    }

    /// What a number stands for, for somebody who may link (T-8).
    ///
    /// # Errors
    /// `unknown_tenant`, and why the actor may not link.
    pub fn look_up(&self, actor: &Actor, number: &Number) -> Result<TenantSummary, Error> {
        self.told(actor, None, |sight| answer::look_up(sight, number))
    }

    /// The pins on a user's map (T-4).
    ///
    /// # Errors
    /// `wrong_actor` for anybody but a user.
    pub fn pins(&self, actor: &Actor) -> Result<Vec<Pin>, Error> {
        self.told(actor, None, answer::pins)
    }

    /// A manager's customers.
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `foreign_cursor`, `invalid_limit`.
    pub fn customers(
        &self,
        actor: &Actor,
        manager: TenantId,
        query: &CustomerQuery,
        paging: &Paging,
    ) -> Result<Page<CustomerRow>, Error> {
        self.told(actor, Some(Settling::LinksOf(&[manager])), |sight| {
            answer::customers(sight, manager, query, paging)
        })
    }

    /// One customer in detail.
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `not_linked`.
    pub fn customer(
        &self,
        actor: &Actor,
        manager: TenantId,
        customer: TenantId,
    ) -> Result<CustomerDetails, Error> {
        self.told(actor, Some(Settling::LinksOf(&[customer])), |sight| {
            answer::customer(sight, manager, customer)
        })
    }

    /// A tenant's own users.
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `foreign_cursor`, `invalid_limit`.
    pub fn users(
        &self,
        actor: &Actor,
        tenant: TenantId,
        query: &UserQuery,
        paging: &Paging,
    ) -> Result<Page<UserRow>, Error> {
        self.told(actor, None, |sight| answer::users(sight, tenant, query, paging))
    }

    /// A tenant's integrations, its own and those attached (I-1).
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `foreign_cursor`, `invalid_limit`.
    pub fn integrations(
        &self,
        actor: &Actor,
        tenant: TenantId,
        paging: &Paging,
    ) -> Result<Page<IntegrationRow>, Error> {
        self.told(actor, None, |sight| answer::integrations(sight, tenant, paging))
    }

    /// A reseller's customers (V-4, V-5).
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not, `foreign_cursor`, `invalid_limit`.
    pub fn reseller_customers(
        &self,
        actor: &Actor,
        reseller: TenantId,
        query: &ResellerQuery,
        paging: &Paging,
    ) -> Result<Page<ResellerCustomerRow>, Error> {
        self.told(actor, Some(Settling::Links), |sight| {
            answer::reseller_customers(sight, reseller, query, paging)
        })
    }

    /// Writes a reseller's customers as CSV, row by row, and says how many there were (V-6).
    ///
    /// # Errors
    /// `unknown_tenant`, why the actor may not; `Output` when they cannot be written.
    pub fn reseller_csv(
        &self,
        actor: &Actor,
        reseller: TenantId,
        query: &ResellerQuery,
        out: impl std::io::Write,
    ) -> Result<u64, Error> {
        self.told(actor, Some(Settling::Links), |sight| {
            let rows = answer::each_reseller_customer(sight, reseller, query)?;
            crate::csv::reseller_customers(rows.map(|row| row.map_err(Error::from)), out)
        })
    }

    /// Who gets a tenant's service mail, for the host itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn service_mail(&self, tenant: TenantId) -> Result<BTreeSet<UserId>, Error> {
        Ok(alert::service_mail(&self.world, tenant)?)
    }

    /// Who gets a tenant's alerts about a category of issues, for the host itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn alert_recipients(
        &self,
        tenant: TenantId,
        category: &IssueCategory,
    ) -> Result<BTreeSet<UserId>, Error> {
        Ok(alert::recipients(&self.world, tenant, category)?)
    }

    /// Who and what a notice is about, whatever its kind, for the host itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn about(&self, notice: &Notice) -> Result<About, Error> {
        Ok(notice.about(&self.world)?)
    }

    /// An entity by its id, for the host itself: no actor, no rules.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get<E: Entity>(&self, id: Uuid) -> Result<Option<Arc<E>>, Error> {
        self.settled(Settling::Everything, |world| world.view.get(id))
    }

    /// Entities by an index, for the host itself: no actor, no rules.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list<E: Entity>(&self, index: Index, key: Key) -> Result<Vec<Arc<E>>, Error> {
        self.settled(Settling::Everything, |world| {
            world.view.under(index, key).collect::<Result<Vec<_>, ViewError>>()
        })
    }

    /// What is known today about a person or about where a tenant is (U-5).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn personal(&self, subject: Subject) -> Result<Option<Personal>, Error> {
        Ok(self.world.view.personal(subject)?)
    }
}
