//! Integrations (I): created, shared with managed tenants, detached. Reads a view, returns events.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::{self, Gate};
use super::authority;
use super::graph;
use super::ids::NewIds;
use super::world::{Bars, Decision, Ruling, World, refuse};
use crate::base::ids::{IntegrationId, TenantId};
use crate::command::{CreateIntegration, DeleteIntegration, DetachIntegration, ShareIntegration};
use crate::event::Event;
use crate::model::permission::INTEGRATIONS_MANAGE;
use crate::model::{Actor, Attachment, Integration};
use crate::refusal::Code;
use crate::view::{Index, Key, ViewError};

/// Adds an integration of a tenant's own (I-1).
///
/// # Errors
/// Those of [`authority::authorize`]; `nil_id`, `id_taken`.
pub(crate) fn create(world: &World<'_>, actor: &Actor, command: &CreateIntegration) -> Ruling<Decision> {
    authority::authorize(world, actor, INTEGRATIONS_MANAGE, command.owner, Gate::Shut)?;
    let mut bars = Bars::new();
    let integration = NewIds::of(world).take(command.integration, &mut bars)?;
    bars.lift()?;
    Ok(Event::IntegrationCreated {
        integration,
        owner: command.owner,
        kind: command.kind.clone(),
        name: command.name.clone(),
    }
    .into())
}

/// Shares an integration with a tenant that its owner manages (I-1).
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_integration`, `out_of_reach`, `already_attached`.
pub(crate) fn share(world: &World<'_>, actor: &Actor, command: &ShareIntegration) -> Ruling<Decision> {
    let integration = resolve(world, actor, command.integration)?;
    authority::authorize(world, actor, INTEGRATIONS_MANAGE, command.tenant, Gate::Shut)?;
    let mut bars = Bars::new();
    let reached = graph::manages(world, integration.owner, command.tenant, &BTreeSet::new())?;
    bars.bar(!reached, Code::OutOfReach, command.tenant);
    bars.bar(is_attached(world, &integration, command.tenant)?, Code::AlreadyAttached, command.tenant);
    bars.lift()?;
    Ok(Event::IntegrationShared { integration: integration.id, tenant: command.tenant }.into())
}

/// Detaches an integration from a tenant; its owner can (I-1).
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_integration`, `not_attached`.
pub(crate) fn detach(world: &World<'_>, actor: &Actor, command: &DetachIntegration) -> Ruling<Decision> {
    let integration = resolve(world, actor, command.integration)?;
    // A tenant that is not there for them has nothing attached (T-9).
    let there = match authority::admit(world, actor, Gate::Shut)? {
        Some(user) => access::sees(world, &user, command.tenant)?,
        None => true,
    };
    if !there || !is_attached(world, &integration, command.tenant)? {
        return refuse(Code::NotAttached, command.tenant);
    }
    Ok(Event::IntegrationDetached { integration: integration.id, tenant: command.tenant }.into())
}

/// Deletes an integration and every attachment of it (I-1).
///
/// # Errors
/// Those of [`authority::authorize`]; `unknown_integration`.
pub(crate) fn delete(world: &World<'_>, actor: &Actor, command: &DeleteIntegration) -> Ruling<Decision> {
    let integration = resolve(world, actor, command.integration)?;
    Ok(removed(world, integration.id)?.into())
}

fn resolve(world: &World<'_>, actor: &Actor, id: IntegrationId) -> Ruling<Arc<Integration>> {
    let admitted = authority::admit(world, actor, Gate::Shut)?;
    let found = world.view.get::<Integration>(id.uuid())?.filter(|found| found.deleted.is_none());
    let Some(integration) = found else { return refuse(Code::UnknownIntegration, id) };
    if let Some(user) = admitted {
        if !access::sees(world, &user, integration.owner)? {
            return refuse(Code::UnknownIntegration, id);
        }
        authority::authorize(world, actor, INTEGRATIONS_MANAGE, integration.owner, Gate::Shut)?;
    }
    Ok(integration)
}

fn is_attached(world: &World<'_>, integration: &Integration, tenant: TenantId) -> Result<bool, ViewError> {
    Ok(world.view.get::<Attachment>(Attachment::key(integration.id, tenant))?.is_some())
}

fn removed(world: &World<'_>, id: IntegrationId) -> Result<Vec<Event>, ViewError> {
    let mut events = Vec::new();
    for attachment in world.view.under::<Attachment>(Index::AttachmentIntegration, Key::new().id(id.uuid())) {
        events.push(Event::IntegrationDetached { integration: id, tenant: attachment?.tenant });
    }
    events.push(Event::IntegrationDeleted { integration: id });
    Ok(events)
}

/// Every integration that a tenant owns goes, and what is attached at it (T-7).
pub(super) fn of_deleted(world: &World<'_>, tenant: TenantId) -> Result<Vec<Event>, ViewError> {
    let mut events = Vec::new();
    for attachment in world.view.under::<Attachment>(Index::AttachmentTenant, Key::new().id(tenant.uuid())) {
        events.push(Event::IntegrationDetached { integration: attachment?.integration, tenant });
    }
    for integration in world.view.under::<Integration>(Index::IntegrationOwner, Key::new().id(tenant.uuid()))
    {
        events.extend(removed(world, integration?.id)?);
    }
    Ok(events)
}

/// The integrations attached at a tenant whose owner no longer manages it once these links have
/// ended (D-6).
pub(super) fn lost(
    world: &World<'_>,
    tenant: TenantId,
    above: &BTreeSet<TenantId>,
) -> Result<Vec<Event>, ViewError> {
    let mut events = Vec::new();
    for attachment in world.view.under::<Attachment>(Index::AttachmentTenant, Key::new().id(tenant.uuid())) {
        let attachment = attachment?;
        if !above.contains(&attachment.owner) {
            events.push(Event::IntegrationDetached { integration: attachment.integration, tenant });
        }
    }
    Ok(events)
}
