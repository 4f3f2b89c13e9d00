//! What the host itself may read of a moment: no actor, no rules, and so no gate. Whatever a person
//! is told goes through [`super::Moment::ask`].

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use super::error::Error;
use crate::answer::{self, AskedWorld};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{ExternalId, Permission, Service, System};
use crate::journal::Record;
use crate::model::{Bearer, Personal, Subject};
use crate::notice::{About, Notice};
use crate::query::{AccessEvent, HeldPermission, Page, Paging};
use crate::rules::external;
use crate::view::{Entity, ViewError};

pub use crate::answer::{AnyEntity, EntityKind, HeldDevice, Of};

/// A moment as the host itself may read it: as it is once what is due about whatever is read has
/// happened. What is everybody's ([`Of::All`]) costs all that is due in the store.
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
/// use tenantry::engine::Of;
/// use tenantry::model::{Link, Tenant};
///
/// let snapshot = engine.read()?;
/// let now = snapshot.now()?;
/// let tenant = now.host().get::<Tenant>(bakery.tenant.uuid())?.ok_or("it is there")?;
/// assert_eq!(tenant.name.as_str(), "Bakery Klein");
/// let links = now.host().list::<Link>(&Of::Manager(msp))?;
/// assert_eq!(links[0].id, bakery.link);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Host<'m> {
    pub(super) asked: AskedWorld<'m>,
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("seq", &self.asked.seq).finish_non_exhaustive()
    }
}

impl Host<'_> {
    /// An entity by its id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn get<E: Entity>(&self, id: Uuid) -> Result<Option<Arc<E>>, Error> {
        let found = answer::loaded(&self.asked, E::KIND, id, |_, any| Ok::<_, ViewError>(E::from_any(any)));
        Ok(found?)
    }

    /// All entities of a type, or somebody's; none, where none of the type are found so.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list<E: Entity>(&self, of: &Of) -> Result<Vec<Arc<E>>, Error> {
        let Some((index, key)) = of.way(E::KIND) else { return Ok(Vec::new()) };
        let way = (index, key.clone());
        Ok(answer::listed(&self.asked, of, way, |view| view.each(index, key).collect())?)
    }

    /// An entity of any kind by its id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn entity(&self, kind: EntityKind, id: Uuid) -> Result<Option<AnyEntity>, Error> {
        Ok(answer::entity(&self.asked, kind, id)?)
    }

    /// All entities of any kind, or somebody's, page by page; none, where [`Of::finds`] says that
    /// none of the kind are found so.
    ///
    /// # Errors
    /// `foreign_cursor`, `invalid_limit`; when the store cannot be read.
    pub fn entities(&self, kind: EntityKind, of: &Of, paging: &Paging) -> Result<Page<AnyEntity>, Error> {
        Ok(answer::entities(&self.asked, kind, of, paging)?)
    }

    /// The records after `seq` and up to this moment, page by page.
    ///
    /// # Errors
    /// `foreign_cursor`, `invalid_limit`; when the store cannot be read.
    pub fn records(&self, seq: u64, paging: &Paging) -> Result<Page<Record>, Error> {
        Ok(answer::records(&self.asked, seq, paging)?)
    }

    /// Who gained and who lost access by the records after `seq` and up to this moment, and by time
    /// alone before each of them, in order, page by page (X-13): added to a review of the moment
    /// of record `seq`, the rows make the review of this one. What time has ended since the last
    /// record comes with the next, which a sweep writes.
    ///
    /// ```
    /// # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::memory()?;
    /// # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
    /// # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
    /// # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
    /// # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
    /// # let eve = RegisterUser::new(msp, "eve@northwind.example".parse()?, "admin".parse()?);
    /// # let eve = engine.execute(Actor::OPERATOR, eve)?.outcome;
    /// let known = engine.token()?.seq;
    /// engine.execute(ada, BlockUser::new(eve))?;
    ///
    /// let snapshot = engine.read()?;
    /// let news = snapshot.now()?.host().access_changes(known, &Paging::default())?;
    /// assert_eq!((news.rows[0].user, news.rows[0].tenant), (eve, msp));
    /// assert_eq!(news.rows[0].command.as_deref(), Some("block_user"));
    /// assert!(news.rows[0].gained.is_empty() && !news.rows[0].lost.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `foreign_cursor`, `invalid_limit`; when the store cannot be read.
    pub fn access_changes(&self, seq: u64, paging: &Paging) -> Result<Page<AccessEvent>, Error> {
        Ok(answer::access_changes(&self.asked, seq, paging)?)
    }

    /// A record by its number, if there is one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn record(&self, seq: u64) -> Result<Option<Record>, Error> {
        let found = self.records(seq.saturating_sub(1), &Paging { limit: 1, ..Paging::default() })?;
        Ok(found.rows.into_iter().find(|record| record.seq == seq))
    }

    /// The users who can do something on a tenant (P-12), page by page; a page looks at no more
    /// than ten thousand, and may be shorter than it was asked to be. `list` says what else it is
    /// of.
    ///
    /// # Errors
    /// `foreign_cursor`, `invalid_limit`; when the store cannot be read.
    pub(crate) fn users_who_can(
        &self,
        permission: &Permission,
        tenant: TenantId,
        service: Option<&Service>,
        list: &impl Serialize,
        paging: &Paging,
    ) -> Result<Page<UserId>, Error> {
        Ok(answer::users_who_can(&self.asked, (permission, tenant, service), list, paging)?)
    }

    /// The tenants that a user can do something on (P-12), in the same way.
    ///
    /// # Errors
    /// `foreign_cursor`, `invalid_limit`; when the store cannot be read.
    pub(crate) fn tenants_where(
        &self,
        user: UserId,
        permission: &Permission,
        service: Option<&Service>,
        list: &impl Serialize,
        paging: &Paging,
    ) -> Result<Page<TenantId>, Error> {
        Ok(answer::tenants_where(&self.asked, (user, permission, service), list, paging)?)
    }

    /// What a user can do on a tenant, in the same way.
    ///
    /// # Errors
    /// `foreign_cursor`, `invalid_limit`; when the store cannot be read.
    pub(crate) fn permissions(
        &self,
        user: UserId,
        tenant: TenantId,
        service: Option<&Service>,
        list: &impl Serialize,
        paging: &Paging,
    ) -> Result<Page<Permission>, Error> {
        Ok(answer::permissions(&self.asked, (user, tenant, service), list, paging)?)
    }

    /// What a user holds on a tenant, by all services (X-3).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn held(&self, user: UserId, tenant: TenantId) -> Result<Vec<HeldPermission>, Error> {
        Ok(answer::held(&self.asked, user, tenant)?)
    }

    /// What is known today about a person or about where a tenant is (U-5).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn personal(&self, subject: Subject) -> Result<Option<Personal>, Error> {
        Ok(self.asked.world.view.personal(subject)?)
    }

    /// What an id of another system leads to at the organisation that keeps it, whoever sees it
    /// (X-11).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn external(
        &self,
        keeper: TenantId,
        system: &System,
        id: &ExternalId,
    ) -> Result<Option<Bearer>, Error> {
        Ok(external::find(self.asked.world, keeper, system, id)?.map(|kept| kept.of.clone()))
    }

    /// Who and what a notice is about, whatever its kind (A-4).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn about(&self, notice: &Notice) -> Result<About, Error> {
        Ok(notice.about(self.asked.world)?)
    }
}
