//! Tenants (T): register, edit, delete. Reads a view, returns events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::access::{self, Gate};
use super::authority;
use super::batch::Batch;
use super::ids::{NewIds, is_placeholder};
use super::world::{Bars, Decision, Ruling, World, refuse, unless_refused};
use super::{assignment, device, external, integration, kept_off, link, operation, temporary, user};
use crate::base::ids::{LinkId, LinkRequestId, TenantId};
use crate::base::text::{Number, Prefix};
use crate::command::{AddCustomer, ChangeTenantKind, DeleteTenants, EditTenant, RegisterTenant};
use crate::event::Event;
use crate::model::permission::{CUSTOMERS_ADD, TENANT_DELETE, TENANT_EDIT};
use crate::model::{
    Actor, Bearer, Contact, EndCause, HandshakeState, Holding, Link, LinkRequest, ManagerInvitation, Patch,
    Personal, PersonalField, ResellerRow, RestingPrefix, Role, Subject, Tenant, TenantKind, User,
};
use crate::refusal::{Code, Refusal};
use crate::view::{Index, Key, ViewError};

/// The word that confirms a deletion, exactly so (T-7).
const CONFIRMATION: &str = "delete";

/// Registers a tenant without a manager (T-1).
///
/// # Errors
/// Those of [`authority::operator_only`]; `nil_id`, `id_taken`, `number_taken`, `prefix_taken`,
/// `prefix_resting`, `prefix_reserved`.
pub(crate) fn register(world: &World<'_>, actor: &Actor, command: &RegisterTenant) -> Ruling<Decision> {
    authority::operator_only(world, actor)?;
    let mut bars = Bars::new();
    let tenant = NewIds::of(world).take(command.tenant, &mut bars)?;
    let number = bar_new(world, tenant, command.number.as_ref(), command.prefix.as_ref(), &mut bars)?;
    bars.lift()?;
    let (personal, people) = contact(tenant, &command.contact);
    Ok(Decision {
        events: vec![Event::TenantRegistered {
            tenant,
            number,
            kind: command.kind,
            name: command.name.clone(),
            country: command.country.clone(),
            website: command.website.clone(),
            prefix: command.prefix.clone(),
            personal,
        }],
        people,
    })
}

/// Creates a customer, or a multi-client, under a manager (L-1, P-11).
///
/// # Events
/// `link_expiring` where the link is to end soon, `user_invited` for its owner, `assigned` or
/// `temporary_assigned` for who is authorized, `external_id_set`.
///
/// # Errors
/// Those of [`authority::authorize`]; `nil_id`, `id_taken`, `number_taken`, `prefix_taken`,
/// `prefix_resting`, `prefix_reserved`. Of the link `unknown_management_type`, `no_services`,
/// `unknown_service`, `term_required`, `term_unclear`, `term_too_long`, `end_not_later`,
/// `cannot_manage`, `cannot_be_managed`, `too_deep`; of its owner `owner_required`,
/// `owner_not_allowed`, and those of [`user::invitation`]; and those of
/// [`assignment::on_new_customer`]; `external_id_taken`.
pub(crate) fn add_customer(world: &World<'_>, actor: &Actor, command: &AddCustomer) -> Ruling<Decision> {
    authority::authorize(world, actor, CUSTOMERS_ADD, command.manager, Gate::Shut)?;
    let Some(manager) = world.living(command.manager)? else {
        return refuse(Code::UnknownTenant, command.manager);
    };
    let mut bars = Bars::new();

    let mut ids = NewIds::of(world);
    let tenant = ids.take(command.tenant, &mut bars)?;
    let number = bar_new(world, tenant, command.number.as_ref(), command.prefix.as_ref(), &mut bars)?;
    let link = ids.take(command.link, &mut bars)?;

    let wanted = link::WantedLink {
        manager: &manager,
        managed: tenant,
        named: &tenant,
        kind: command.kind,
        management: &command.management,
        terms: world.policy.terms,
        services: &command.services,
        term: command.term,
    };
    let barred = link::bar(world, &wanted, &mut bars)?;
    bars.join(barred);

    let mut decision = Decision::default();
    let (personal, people) = contact(tenant, &command.contact);
    decision.people = people;
    decision.events.push(Event::TenantRegistered {
        tenant,
        number,
        kind: command.kind,
        name: command.name.clone(),
        country: command.country.clone(),
        website: command.website.clone(),
        prefix: command.prefix.clone(),
        personal,
    });
    decision.events.extend(wanted.created(world, link));
    if let Some(external) = &command.external {
        external::bar_taken(world, actor, command.manager, external, &mut bars)?;
        decision.events.push(Event::ExternalIdSet {
            keeper: command.manager,
            system: external.system.clone(),
            of: Bearer::Tenant(tenant),
            tenant,
            id: Some(external.id.clone()),
            entry: None,
        });
    }

    if let Some(rule) = world.policy.management(&command.management) {
        bars.bar(rule.delinkable && command.owner.is_none(), Code::OwnerRequired, &command.name);
        bars.bar(rule.locks_customer && command.owner.is_some(), Code::OwnerNotAllowed, &command.name);
    }
    if let Some(owner) = &command.owner {
        let invited = user::sign_up(world, actor, (tenant, command.kind), owner, &mut ids, &mut bars)?;
        decision.events.extend(invited.events);
        decision.people.extend(invited.people);
    }
    decision.events.extend(assignment::on_new_customer(world, actor, command, tenant, &mut bars)?);
    bars.lift()?;
    Ok(decision)
}

/// Edits a tenant's profile (T-2, T-3, T-4).
///
/// # Errors
/// Those of [`authority::authorize`]; `nothing_to_do`, `prefix_taken`, `prefix_resting`,
/// `prefix_reserved`.
pub(crate) fn edit(world: &World<'_>, actor: &Actor, command: &EditTenant) -> Ruling<Decision> {
    let id = command.tenant;
    authority::authorize(world, actor, TENANT_EDIT, id, Gate::Shut)?;
    let mut bars = Bars::new();

    let mut fields = BTreeSet::new();
    let mut person = world.view.personal(Subject::Tenant(id))?.unwrap_or_default();
    let mut field = |kept: bool, field| {
        if !kept {
            fields.insert(field);
        }
    };
    field(command.street.is_keep(), PersonalField::Street);
    field(command.coordinates.is_keep(), PersonalField::Coordinates);
    field(command.phone.is_keep(), PersonalField::Phone);
    command.street.apply_to(&mut person.street);
    command.coordinates.apply_to(&mut person.coordinates);
    command.phone.apply_to(&mut person.phone);

    let nothing = fields.is_empty()
        && command.name.is_none()
        && command.country.is_keep()
        && command.website.is_keep()
        && command.prefix.is_keep();
    bars.bar(nothing, Code::NothingToDo, id);
    if let Patch::Set(prefix) = &command.prefix {
        bar_prefix(world, id, prefix, &mut bars)?;
    }
    bars.lift()?;
    let people = if fields.is_empty() { Vec::new() } else { vec![(Subject::Tenant(id), Some(person))] };
    Ok(Decision {
        events: vec![Event::TenantEdited {
            tenant: id,
            name: command.name.clone(),
            country: command.country.clone(),
            website: command.website.clone(),
            prefix: command.prefix.clone(),
            personal: fields,
        }],
        people,
    })
}

/// Corrects a tenant's kind (T-1).
///
/// # Events
/// `link_request_withdrawn`, `manager_invitation_withdrawn` of what could only be declined.
///
/// # Errors
/// Those of [`authority::operator_only`]; `ticket_required`, `unknown_tenant`, `nothing_to_do`,
/// `kind_conflict`.
pub(crate) fn change_kind(world: &World<'_>, actor: &Actor, command: &ChangeTenantKind) -> Ruling<Decision> {
    authority::operator_only(world, actor)?;
    let ticket = authority::ticket(actor, command.tenant)?;
    let Some(tenant) = world.living(command.tenant)? else {
        return refuse(Code::UnknownTenant, command.tenant);
    };
    let mut bars = Bars::new();
    bars.bar(tenant.kind == command.kind, Code::NothingToDo, tenant.id);
    let manages = !world.links_below(tenant.id)?.is_empty();
    let managed = !world.links_above(tenant.id)?.is_empty();
    let under = Key::new().id(tenant.id.uuid());
    let listed = world.view.under::<ResellerRow>(Index::RowNumber, under.clone()).next().transpose()?;
    let uploaded = world.view.under::<Holding>(Index::UploadReseller, under).next().transpose()?;
    let conflict = match command.kind {
        TenantKind::Msp => false,
        TenantKind::Customer => manages,
        TenantKind::Reseller => manages || managed,
    } || listed.is_some()
        || uploaded.is_some();
    bars.bar(conflict, Code::KindConflict, tenant.id);
    bars.lift()?;
    let mut events = vec![Event::TenantKindChanged { tenant: tenant.id, kind: command.kind, ticket }];
    // What could only be declined from now on ends.
    if command.kind != TenantKind::Msp {
        events.extend(withdrawn(world, tenant.id, Index::RequestManager, Index::ManagerInvitationManager)?);
    }
    if command.kind == TenantKind::Reseller {
        events.extend(withdrawn(world, tenant.id, Index::RequestManaged, Index::ManagerInvitationTenant)?);
    }
    Ok(events.into())
}

/// The pending link requests and invitations of managers that stand under a tenant, as they end.
fn withdrawn(
    world: &World<'_>,
    tenant: TenantId,
    requests: Index,
    invitations: Index,
) -> Result<Vec<Event>, ViewError> {
    let requests = waiting_requests(world, requests, tenant)?.into_iter();
    let mut events: Vec<Event> = requests.map(|request| Event::LinkRequestWithdrawn { request }).collect();
    events.extend(withdrawn_invitations(world, invitations, tenant)?);
    Ok(events)
}

/// The link requests that wait for an answer under one side, a tenant.
fn waiting_requests(
    world: &World<'_>,
    index: Index,
    tenant: TenantId,
) -> Result<Vec<LinkRequestId>, ViewError> {
    let mut waiting = Vec::new();
    for request in world.view.under::<LinkRequest>(index, Key::new().id(tenant.uuid()).flag(true)) {
        let request = request?;
        if request.handshake.state_at(world.at) == HandshakeState::Pending {
            waiting.push(request.id);
        }
    }
    Ok(waiting)
}

/// The invitations of managers that wait for an answer under one side, a tenant, as they end.
fn withdrawn_invitations(world: &World<'_>, index: Index, tenant: TenantId) -> Result<Vec<Event>, ViewError> {
    let mut ended = Vec::new();
    for invitation in world.view.under::<ManagerInvitation>(index, Key::new().id(tenant.uuid()).flag(true)) {
        let invitation = invitation?;
        if invitation.handshake.state_at(world.at) == HandshakeState::Pending {
            ended.push(Event::ManagerInvitationWithdrawn { invitation: invitation.id });
        }
    }
    Ok(ended)
}

/// Deletes tenants, on request with everything below them (T-6, T-7).
///
/// # Events
/// Those of [`link::end`]; `assignment_ended`, `user_removed`, `role_deleted`,
/// `invitation_revoked`, `link_request_canceled`, `manager_invitation_withdrawn`,
/// `integration_detached`, `integration_deleted`.
///
/// # Errors
/// Those of [`authority::authorize`]; `empty_batch`, `duplicate_item`, `not_confirmed`,
/// `has_managed_tenants`, `delink_pending`, `delink_first`.
pub(crate) fn delete(world: &World<'_>, actor: &Actor, command: &DeleteTenants) -> Ruling<Decision> {
    let user = authority::admit(world, actor, Gate::Shut)?;
    let mut batch = Batch::of(&command.tenants)?;
    if command.confirm != CONFIRMATION {
        batch.bar(Refusal::new(Code::NotConfirmed, command.confirm.escape_debug()));
    }
    let doomed = doomed(world, (actor, user.as_deref()), command, &mut batch)?;
    for (&id, &index) in &doomed {
        if !command.cascade && manages_others(world, id, &doomed)? {
            // Nothing else that is in the way comes before this, and there may be much below.
            batch.add(index, Code::HasManagedTenants, id);
        } else {
            bar_delete(world, (actor, user.as_deref()), &doomed, (id, index), &mut batch)?;
        }
    }
    batch.lift()?;
    Ok(remove(world, &doomed.into_keys().collect())?.into())
}

/// The tenants that go, each with the place in the batch it goes with. A tenant below goes when all
/// its managers do. Below those that the actor may not delete, or that are not there for them,
/// nothing is looked at.
fn doomed(
    world: &World<'_>,
    (actor, user): (&Actor, Option<&User>),
    command: &DeleteTenants,
    batch: &mut Batch,
) -> Result<BTreeMap<TenantId, usize>, ViewError> {
    let may = |id| authority::authorize(world, actor, TENANT_DELETE, id, Gate::Shut);
    let mut doomed: BTreeMap<TenantId, usize> = BTreeMap::new();
    for (index, &id) in command.tenants.iter().enumerate() {
        if batch.note(index, may(id))?.is_some() {
            doomed.entry(id).or_insert(index);
        }
    }
    let mut open: Vec<_> = doomed.iter().map(|(&id, &index)| (id, (index, id))).collect();
    while command.cascade
        && let Some((id, (index, named))) = open.pop()
    {
        for link in world.each_link_below(id) {
            let below = link?.managed;
            if doomed.contains_key(&below) {
                continue;
            }
            let managers = world.links_above(below)?;
            if !managers.iter().all(|link| doomed.contains_key(&link.manager)) {
                continue;
            }
            // What is not there for the actor is not named, whatever they may do there, and to name
            // it themselves tells them nothing more (T-9).
            let hidden = user.map_or(Ok(false), |user| access::sees(world, user, below).map(|sees| !sees))?;
            let ruling = match hidden || command.tenants.contains(&below) {
                true => refuse(Code::HasManagedTenants, named),
                false => may(below),
            };
            if batch.note(index, ruling)?.is_some() {
                doomed.insert(below, index);
                open.push((below, (index, named)));
            }
        }
    }
    Ok(doomed)
}

/// Whether a tenant manages any that do not go.
fn manages_others(
    world: &World<'_>,
    id: TenantId,
    doomed: &BTreeMap<TenantId, usize>,
) -> Result<bool, ViewError> {
    for link in world.each_link_below(id) {
        if !doomed.contains_key(&link?.managed) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn bar_delete(
    world: &World<'_>,
    (actor, user): (&Actor, Option<&User>),
    doomed: &BTreeMap<TenantId, usize>,
    (id, index): (TenantId, usize),
    batch: &mut Batch,
) -> Result<(), ViewError> {
    let above = world.links_above(id)?;
    let pending = |link: &&Arc<Link>| link.stage.requester().is_some();
    // What other managers are about to do with the tenant is theirs to know (T-9).
    for link in above.iter().filter(pending) {
        let told = match user {
            Some(user) => access::knows(world, user, link.manager)?,
            None => true,
        };
        if told {
            batch.add(index, Code::DelinkPending, id);
        }
    }
    // That something parts from it which is not there for the actor is that there is something.
    for link in world.links_below(id)?.iter().filter(pending) {
        let there = unless_refused(authority::side_of_link(world, actor, link, Gate::Shut))?.is_some();
        batch.add(index, if there { Code::DelinkPending } else { Code::HasManagedTenants }, id);
    }
    // Of several managers none deletes for the others.
    let manages = user.is_some_and(|user| user.home != id);
    let others = above.iter().filter(|link| !doomed.contains_key(&link.manager)).count() > 1;
    if manages && others {
        batch.add(index, Code::DelinkFirst, id);
    }
    let mut delinkable = false;
    for link in &above {
        delinkable |= world.agreed(link)?.rule().is_some_and(|rule| rule.delinkable);
    }
    if delinkable && !world.admins(id)?.is_empty() {
        batch.add(index, Code::DelinkFirst, id);
    }
    Ok(())
}

/// Everything that ends with these tenants, each thing once.
fn remove(world: &World<'_>, doomed: &BTreeSet<TenantId>) -> Result<Vec<Event>, ViewError> {
    let mut links: BTreeMap<LinkId, Arc<Link>> = BTreeMap::new();
    let mut events = Vec::new();
    for &tenant in doomed {
        let key = Key::new().id(tenant.uuid());
        for link in world.links_above(tenant)?.into_iter().chain(world.links_below(tenant)?) {
            links.insert(link.id, link);
        }
        for index in [Index::RequestManaged, Index::RequestManager] {
            let waiting = waiting_requests(world, index, tenant)?.into_iter();
            events.extend(waiting.map(|request| Event::LinkRequestCanceled { request }));
        }
        for index in [Index::ManagerInvitationTenant, Index::ManagerInvitationManager] {
            events.extend(withdrawn_invitations(world, index, tenant)?);
        }
        for invitation in world.pending_invitations(tenant)? {
            events.push(Event::InvitationRevoked { invitation: invitation.id });
        }
        for user in world.view.under::<User>(Index::UserHome, key.clone()) {
            let user = user?;
            for given in world.each_given(user.id) {
                events.extend(temporary::all_ended(&*given?));
            }
            if user.state.is_living() {
                events.push(Event::UserRemoved { user: user.id });
            }
        }
        for given in world.each_given_on(tenant)? {
            events.extend(temporary::all_ended(&given));
        }
        for role in world.view.under::<Role>(Index::RoleTenant, key) {
            events.push(Event::RoleDeleted { role: role?.id });
        }
        events.extend(integration::of_deleted(world, tenant)?);
    }
    for link in links.values() {
        let kept_off = kept_off::at_end(world, link)?;
        events.push(Event::LinkEnded { link: link.id, cause: EndCause::TenantDeleted, kept_off });
        events.extend(device::canceled_moves(world, link)?);
    }
    let left = links.values().filter(|link| !doomed.contains(&link.managed)).map(|link| link.id);
    events.extend(operation::released(world, &left.collect())?);
    events.extend(link::lost(world, &links.into_keys().collect())?);
    events.extend(doomed.iter().map(|&tenant| Event::TenantDeleted { tenant }));
    let mut seen = BTreeSet::new();
    events.retain(|event| seen.insert(serde_json::to_string(event).ok()));
    Ok(events)
}

/// How many numbers are made up in vain before the caller is asked for one.
const MADE_UP: usize = 32;

/// Bars a number and a prefix that are not free, and makes up a number where none is given.
fn bar_new(
    world: &World<'_>,
    tenant: TenantId,
    number: Option<&Number>,
    prefix: Option<&Prefix>,
    bars: &mut Bars,
) -> Ruling<Number> {
    if let Some(prefix) = prefix {
        bar_prefix(world, tenant, prefix, bars)?;
    }
    if let Some(number) = number {
        let taken = is_placeholder(number) || world.numbered(number)?.is_some();
        bars.bar(taken, Code::NumberTaken, number);
        return Ok(number.clone());
    }
    let make_up = || {
        let id = world.fresh().simple().to_string();
        let tail = id.get(20..).unwrap_or_default();
        Number::parse(&format!("T-{tail}")).expect("hexadecimal digits are a well-formed number")
    };
    // No more often than chance may want: a host's own ids may be the same again and again.
    let mut number = make_up();
    for _ in 0..MADE_UP {
        if world.numbered(&number)?.is_none() {
            return Ok(number);
        }
        number = make_up();
    }
    bars.bar(true, Code::NumberTaken, &number);
    Ok(number)
}

/// Bars a prefix that is not free, or that no tenant may have (T-3).
fn bar_prefix(
    world: &World<'_>,
    tenant: TenantId,
    prefix: &Prefix,
    bars: &mut Bars,
) -> Result<(), ViewError> {
    for holder in world.view.under::<Tenant>(Index::TenantPrefix, Key::new().text(prefix.as_str())) {
        bars.bar(holder?.id != tenant, Code::PrefixTaken, prefix);
    }
    bars.bar(world.policy.reserved_prefixes.contains(prefix), Code::PrefixReserved, prefix);
    let resting = world.view.get::<RestingPrefix>(RestingPrefix::key(prefix))?;
    bars.bar(resting.is_some_and(|resting| resting.rests(world.at)), Code::PrefixResting, prefix);
    Ok(())
}

fn contact(
    tenant: TenantId,
    contact: &Contact,
) -> (BTreeSet<PersonalField>, Vec<(Subject, Option<Personal>)>) {
    let fields: BTreeSet<_> = [
        contact.street.as_ref().map(|_| PersonalField::Street),
        contact.coordinates.map(|_| PersonalField::Coordinates),
        contact.phone.as_ref().map(|_| PersonalField::Phone),
    ]
    .into_iter()
    .flatten()
    .collect();
    if fields.is_empty() {
        return (fields, Vec::new());
    }
    let personal = Personal {
        street: contact.street.clone(),
        coordinates: contact.coordinates,
        phone: contact.phone.clone(),
        ..Personal::default()
    };
    (fields, vec![(Subject::Tenant(tenant), Some(personal))])
}
