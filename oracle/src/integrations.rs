//! Integrations: owned, shared with managed tenants, detached, deleted (I-1). It never tells anybody to power anything
//! up or down.

use std::collections::BTreeSet;

use tenantry::base::ids::IntegrationId;
use tenantry::base::time::Timestamp;
use tenantry::command::{CreateIntegration, DetachIntegration, ShareIntegration};
use tenantry::model::Actor;
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::obstacles::least;
use crate::world::{Integration, Oracle};

impl Oracle {
    /// The integration, deleted or not.
    pub fn integration(&self, id: IntegrationId) -> Option<&Integration> {
        self.integrations.iter().find(|one| one.id == id)
    }

    pub fn integration_mut(&mut self, id: IntegrationId) -> &mut Integration {
        self.integrations.iter_mut().find(|one| one.id == id).unwrap()
    }

    pub fn create_integration(
        &mut self,
        actor: &Actor,
        c: &CreateIntegration,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "integrations.manage", c.owner, at, Disabled::Bars)?;
        let id = c.integration.unwrap();
        least(self.id_obstacles(&[id.uuid()]))?;
        self.integrations.push(Integration {
            id,
            owner: c.owner,
            kind: c.kind.clone(),
            name: c.name.clone(),
            attached: BTreeSet::new(),
            deleted: false,
        });
        Ok(())
    }

    /// The integration, for those who manage it.
    fn integration_for(&self, who: Who, id: IntegrationId, at: Timestamp) -> Result<Integration, Code> {
        let one = self.integration(id).filter(|one| !one.deleted).ok_or(Code::UnknownIntegration)?;
        if !self.sees(who, one.owner, at) {
            return Err(Code::UnknownIntegration);
        }
        self.right(who, "integrations.manage", one.owner, at, Disabled::Bars)?;
        Ok(one.clone())
    }

    pub fn share_integration(
        &mut self,
        actor: &Actor,
        c: &ShareIntegration,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let one = self.integration_for(who, c.integration, at)?;
        self.right(who, "integrations.manage", c.tenant, at, Disabled::Bars)?;
        if !self.manages(one.owner, c.tenant, at) {
            return Err(Code::OutOfReach);
        }
        if one.attached.contains(&c.tenant) {
            return Err(Code::AlreadyAttached);
        }
        self.integration_mut(c.integration).attached.insert(c.tenant);
        Ok(())
    }

    pub fn detach_integration(
        &mut self,
        actor: &Actor,
        c: &DetachIntegration,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let one = self.integration_for(who, c.integration, at)?;
        // Where the tenant is not there, neither is what is attached (T-9).
        if !one.attached.contains(&c.tenant) || !self.sees(who, c.tenant, at) {
            return Err(Code::NotAttached);
        }
        self.integration_mut(c.integration).attached.remove(&c.tenant);
        Ok(())
    }

    pub fn delete_integration(
        &mut self,
        actor: &Actor,
        id: IntegrationId,
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.integration_for(who, id, at)?;
        let one = self.integration_mut(id);
        one.deleted = true;
        one.attached.clear();
        Ok(())
    }
}
