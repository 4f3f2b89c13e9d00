//! A list of customers from another system beside those that a manager has: what is new, changed,
//! or does not fit, and the commands that would follow. Does nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::external::keeper;
use super::tenant::named;
use crate::base::ids::TenantId;
use crate::base::text::ExternalId;
use crate::command::{AddCustomer, EditTenant, SetExternalId, SystemId};
use crate::model::permission::{CUSTOMERS_ADD, TENANT_VIEW};
use crate::model::{Bearer, KeptId, Patch, Tenant, TenantKind};
use crate::query::{MAX_ROWS, PlanSync, SyncRow, SyncState, SyncStep};
use crate::refusal::{Code, Refusal};
use crate::rules::{Ruling, external};
use crate::sight::Sight;
use crate::view::{Index, Key, ViewError};

/// What each row comes to. Costs the rows.
///
/// # Errors
/// `unknown_tenant`, why the actor may not add customers ([`Sight::may`]), `invalid_limit` where
/// there are more rows than a page has.
pub(super) fn plan(sight: &Sight<'_>, it: &PlanSync) -> Ruling<Vec<SyncStep>> {
    // What a manager keeps is told to whoever sees it alone.
    keeper(sight, it.manager)?;
    sight.may(CUSTOMERS_ADD, it.manager)?;
    if it.rows.len() > MAX_ROWS {
        return Err(Refusal::new(Code::InvalidLimit, it.rows.len()).into());
    }
    let mut planning = Planning { sight, it, seen: BTreeSet::new(), taken: BTreeMap::new() };
    let mut steps = Vec::new();
    for row in &it.rows {
        steps.push(planning.step(row)?);
    }
    Ok(steps)
}

/// What was found out by the rows so far.
struct Planning<'p> {
    sight: &'p Sight<'p>,
    it: &'p PlanSync,
    /// The ids that rows had.
    seen: BTreeSet<ExternalId>,
    /// The customers that rows led to, by which id.
    taken: BTreeMap<TenantId, ExternalId>,
}

impl Planning<'_> {
    fn step(&mut self, row: &SyncRow) -> Result<SyncStep, ViewError> {
        let mut step = SyncStep {
            id: row.id.clone(),
            state: SyncState::Repeated,
            customer: None,
            renamed: false,
            renumbered: false,
            with: None,
            commands: Vec::new(),
        };
        if !self.seen.insert(row.id.clone()) {
            return Ok(step);
        }
        let (tenant, kept) = match self.known(row)? {
            Known::By(tenant, kept) => (tenant, kept),
            Known::Misled => return Ok(SyncStep { state: SyncState::Misled, ..step }),
            Known::Nobody => {
                let commands = vec![self.added(row).into()];
                return Ok(SyncStep { state: SyncState::New, commands, ..step });
            }
        };
        if kept
            && let Some(other) = self.numbered(row)?
            && other.id != tenant.id
        {
            let customer = Some(named(&tenant));
            return Ok(SyncStep { state: SyncState::Crossed, customer, renumbered: true, ..step });
        }
        step.customer = Some(named(&tenant));
        let with = match self.taken.get(&tenant.id) {
            None if !kept => self.other_id(&tenant)?,
            with => with.cloned(),
        };
        if with.is_some() {
            return Ok(SyncStep { state: SyncState::Merged, with, ..step });
        }
        self.taken.insert(tenant.id, row.id.clone());
        step.state = if kept { SyncState::Same } else { SyncState::Found };
        step.renumbered = row.number.as_ref().is_some_and(|number| *number != tenant.number);
        if !kept {
            let (keeper, system, id) = (self.it.manager, self.it.system.clone(), row.id.clone());
            let set = SetExternalId { keeper, system, id, of: Bearer::Tenant(tenant.id) };
            step.commands.push(set.into());
        }
        if let Some(edit) = self.edited(row, &tenant)? {
            step.renamed = edit.name.is_some();
            step.commands.push(edit.into());
            if kept {
                step.state = SyncState::Changed;
            }
        }
        Ok(step)
    }

    /// Whom a row is about: by its id, else by the number of a customer that the actor sees.
    fn known(&self, row: &SyncRow) -> Result<Known, ViewError> {
        let world = self.sight.world();
        if let Some(kept) = external::find(world, self.it.manager, &self.it.system, &row.id)?
            && self.sight.has_external_id(&kept)?
        {
            return Ok(match kept.of {
                Bearer::Tenant(id) => world.living(id)?.map_or(Known::Nobody, |it| Known::By(it, true)),
                Bearer::User(_) | Bearer::Device(_) => Known::Misled,
            });
        }
        Ok(self.numbered(row)?.map_or(Known::Nobody, |tenant| Known::By(tenant, false)))
    }

    /// The customer of the manager's that has a row's number, where the actor sees it.
    fn numbered(&self, row: &SyncRow) -> Result<Option<Arc<Tenant>>, ViewError> {
        let world = self.sight.world();
        if let Some(number) = &row.number
            && let Some(tenant) = world.numbered(number)?
            && tenant.is_living()
            && tenant.id != self.it.manager
            && external::keeps(world, self.it.manager, tenant.id)?
            && self.sight.sees(tenant.id)?
        {
            return Ok(Some(tenant));
        }
        Ok(None)
    }

    /// Another id of the system that leads to a customer already.
    fn other_id(&self, tenant: &Tenant) -> Result<Option<ExternalId>, ViewError> {
        let of = Key::new().id(tenant.id.uuid()).id(self.it.manager.uuid());
        let of = of.text(self.it.system.as_str());
        let first = self.sight.world().view.under::<KeptId>(Index::KeptOf, of).next().transpose()?;
        Ok(first.and_then(|kept| kept.given.clone()))
    }

    /// What adds a customer that is new.
    fn added(&self, row: &SyncRow) -> AddCustomer {
        let row = row.clone();
        let kind = row.kind.unwrap_or(TenantKind::Customer);
        AddCustomer {
            number: row.number,
            country: row.country,
            website: row.website,
            prefix: row.prefix,
            contact: row.contact,
            term: row.term,
            owner: row.owner,
            external: Some(SystemId { system: self.it.system.clone(), id: row.id }),
            ..AddCustomer::new(self.it.manager, kind, row.name, row.management, row.services)
        }
    }

    /// What makes a customer what its row says; nothing, where it is that already.
    fn edited(&self, row: &SyncRow, tenant: &Tenant) -> Result<Option<EditTenant>, ViewError> {
        fn patch<T: Clone + PartialEq>(wanted: Option<&T>, is: Option<&T>) -> Patch<T> {
            wanted.filter(|wanted| Some(*wanted) != is).cloned().into()
        }
        let known = match self.sight.might(TENANT_VIEW, tenant.id)? {
            Some(open) => open.contact()?,
            // Of what one may not see one says nothing.
            None => row.contact.clone(),
        };
        let edit = EditTenant {
            name: Some(&row.name).filter(|name| **name != tenant.name).cloned(),
            country: patch(row.country.as_ref(), tenant.country.as_ref()),
            website: patch(row.website.as_ref(), tenant.website.as_ref()),
            prefix: patch(row.prefix.as_ref(), tenant.prefix.as_ref()),
            street: patch(row.contact.street.as_ref(), known.street.as_ref()),
            coordinates: patch(row.contact.coordinates.as_ref(), known.coordinates.as_ref()),
            phone: patch(row.contact.phone.as_ref(), known.phone.as_ref()),
            ..EditTenant::new(tenant.id)
        };
        Ok((edit != EditTenant::new(tenant.id)).then_some(edit))
    }
}

/// Whom a row is about.
enum Known {
    /// A customer; whether by its id.
    By(Arc<Tenant>, bool),
    /// Its id leads to no organisation.
    Misled,
    /// Nobody yet.
    Nobody,
}
