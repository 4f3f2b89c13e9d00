//! Ids of other systems: an organisation keeps them for itself and its customers, for the
//! people at home there and the devices held there. Each leads to one thing, and goes with it or
//! with the link. Reads a view, returns events.

use std::sync::Arc;

use super::access::{self, Gate};
use super::authority;
use super::world::{Bars, Decision, Ruling, World, refuse, unless_refused};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{DeviceId, ExternalId, System};
use crate::command::{Command, RemoveExternalId, SetExternalId, SystemId};
use crate::event::Event;
use crate::model::permission::{
    DEVICES_MANAGE, DEVICES_VIEW, TENANT_EDIT, TENANT_VIEW, USERS_MANAGE, USERS_VIEW,
};
use crate::model::{
    Actor, Bearer, Device, Invitation, KeptId, Link, MAX_EXTERNAL_IDS, Personal, PersonalId, Subject, Tenant,
    User, UserState,
};
use crate::refusal::Code;
use crate::view::{Index, Key, Span, View, ViewError};

/// Keeps an id. That it leads to something already is told to whoever may set it, and to
/// what, where they see that.
///
/// # Errors
/// Those of [`keeper`] and [`authority::authorize`]; `no_such_user`, `unknown_tenant`,
/// `unknown_device`, `nothing_to_do`, `not_its_customer`, `external_id_taken`,
/// `too_many_external_ids`.
pub(crate) fn set(world: &World<'_>, actor: &Actor, command: &SetExternalId) -> Ruling<Decision> {
    let SetExternalId { keeper: by, system, id, of } = command;
    keeper(world, actor, *by)?;
    let (of, tenant) = bearer(world, actor, of)?;
    edits(world, actor, &of, tenant)?;
    let mut bars = Bars::new();
    bars.bar(!keeps(world, *by, tenant)?, Code::NotItsCustomer, tenant);
    match find(world, *by, system, id)? {
        Some(taken) if taken.of == of => bars.bar(true, Code::NothingToDo, named(&of)),
        Some(taken) => bars.bar(true, Code::ExternalIdTaken, leads(world, actor, &taken)?),
        None => {}
    }
    let all = Span::under(Index::KeptOf, Key::new().id(of.key()).id(by.uuid()));
    let full = world.view.scan(&all, MAX_EXTERNAL_IDS)?.len() >= MAX_EXTERNAL_IDS;
    bars.bar(full, Code::TooManyExternalIds, named(&of));
    bars.lift()?;
    let (keeper, system) = (*by, system.clone());
    let Bearer::User(user) = of else {
        return Ok(
            Event::ExternalIdSet { keeper, system, of, tenant, id: Some(id.clone()), entry: None }.into()
        );
    };
    let mut personal = world.view.personal(Subject::User(user))?.unwrap_or_default();
    let entry = world.seq;
    personal.external.push(PersonalId { keeper, system: system.clone(), id: id.clone(), entry });
    Ok(Decision {
        events: vec![Event::ExternalIdSet { keeper, system, of, tenant, id: None, entry: Some(entry) }],
        people: vec![(Subject::User(user), Some(personal))],
    })
}

/// Notes that an id leads to something already, for what is new.
pub(super) fn bar_taken(
    world: &World<'_>,
    actor: &Actor,
    keeper: TenantId,
    wanted: &SystemId,
    bars: &mut Bars,
) -> Result<(), ViewError> {
    if let Some(taken) = find(world, keeper, &wanted.system, &wanted.id)? {
        bars.bar(true, Code::ExternalIdTaken, leads(world, actor, &taken)?);
    }
    Ok(())
}

/// Where an id leads, in words, as far as the actor is told of it.
fn leads(world: &World<'_>, actor: &Actor, kept: &KeptId) -> Result<String, ViewError> {
    let told = is_told(world, actor, kept)?;
    Ok(if told { named(&kept.of) } else { "something that you do not see".to_owned() })
}

/// Keeps an id no longer.
///
/// # Errors
/// Those of [`keeper`] and [`authority::authorize`]; `unknown_external_id`, also where what it
/// leads to is not there for the actor.
pub(crate) fn remove(world: &World<'_>, actor: &Actor, command: &RemoveExternalId) -> Ruling<Decision> {
    keeper(world, actor, command.keeper)?;
    match find(world, command.keeper, &command.system, &command.id)? {
        Some(kept) if is_told(world, actor, &kept)? => {
            edits(world, actor, &kept.of, kept.tenant)?;
            Ok(removed(&kept).into())
        }
        _ => refuse(Code::UnknownExternalId, &command.system),
    }
}

/// Whose it is that a command which was refused would set or remove an id of, where that is
/// anybody else than the keeper: of a device and of an id, which can be guessed, only where
/// the keeper let the actor through and they are told of it.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn whose(
    world: &World<'_>,
    actor: &Actor,
    command: &Command,
) -> Result<Option<TenantId>, ViewError> {
    let let_in = |by: TenantId| Ok::<_, ViewError>(unless_refused(keeper(world, actor, by))?.is_some());
    let (by, whose) = match command {
        Command::SetExternalId(set) => {
            let whose = match &set.of {
                Bearer::Tenant(tenant) => world.view.get::<Tenant>(tenant.uuid())?.map(|it| it.id),
                Bearer::User(user) => world.user(*user)?.map(|user| user.home),
                Bearer::Device(id) => match world.view.device(Device::key(id))? {
                    Some(it) if let_in(set.keeper)? && may(world, actor, DEVICES_VIEW, it.holder)? => {
                        Some(it.holder)
                    }
                    _ => None,
                },
            };
            (set.keeper, whose)
        }
        Command::RemoveExternalId(it) => {
            let kept = find(world, it.keeper, &it.system, &it.id)?;
            let whose = match kept {
                Some(kept) if let_in(it.keeper)? && is_told(world, actor, &kept)? => Some(kept.tenant),
                _ => None,
            };
            (it.keeper, whose)
        }
        _ => return Ok(None),
    };
    Ok(whose.filter(|whose| *whose != by))
}

/// Lets in whoever is at home on the organisation that keeps ids, and whoever edits it.
///
/// # Errors
/// Those of [`authority::authorize`].
fn keeper(world: &World<'_>, actor: &Actor, keeper: TenantId) -> Ruling {
    match authority::admit(world, actor, Gate::Shut)? {
        Some(user) if user.home == keeper => Ok(()),
        Some(user) if !access::sees(world, &user, keeper)? => refuse(Code::UnknownTenant, keeper),
        _ => authority::authorize(world, actor, TENANT_EDIT, keeper, Gate::Shut),
    }
}

/// Whether a check allows the actor something.
fn may(world: &World<'_>, actor: &Actor, permission: &str, tenant: TenantId) -> Result<bool, ViewError> {
    Ok(unless_refused(authority::authorize(world, actor, permission, tenant, Gate::Shut))?.is_some())
}

/// What an id is to lead to, and whose that is, where it is there for the actor.
///
/// # Errors
/// `no_such_user`, `unknown_tenant`, `unknown_device`.
fn bearer(world: &World<'_>, actor: &Actor, of: &Bearer) -> Ruling<(Bearer, TenantId)> {
    match of {
        Bearer::Tenant(tenant) => Ok((of.clone(), *tenant)),
        Bearer::User(id) => match world.user(*id)? {
            Some(user)
                if world.user_state(&user)? != UserState::Removed && sees(world, actor, user.home)? =>
            {
                Ok((of.clone(), user.home))
            }
            _ => refuse(Code::NoSuchUser, id),
        },
        Bearer::Device(id) => match world.view.device(Device::key(id))? {
            // Its ids can be guessed: who holds it is told to nobody who may not see it there.
            Some(device) if may(world, actor, DEVICES_VIEW, device.holder)? => {
                Ok((Bearer::Device(device.id.clone()), device.holder))
            }
            _ => refuse(Code::UnknownDevice, id),
        },
    }
}

/// Whether a tenant is there for the actor.
fn sees(world: &World<'_>, actor: &Actor, tenant: TenantId) -> Result<bool, ViewError> {
    match viewer(world, actor)? {
        Some(user) => access::sees(world, &user, tenant),
        None => Ok(true),
    }
}

fn viewer(world: &World<'_>, actor: &Actor) -> Result<Option<Arc<User>>, ViewError> {
    match actor {
        Actor::User(user) => world.user(*user),
        Actor::Operator { .. } | Actor::Clock => Ok(None),
    }
}

/// Lets in whoever may edit what an id leads to.
///
/// # Errors
/// Those of [`authority::authorize`].
fn edits(world: &World<'_>, actor: &Actor, of: &Bearer, tenant: TenantId) -> Ruling {
    let permission = match of {
        Bearer::Tenant(_) => TENANT_EDIT,
        Bearer::User(_) => USERS_MANAGE,
        Bearer::Device(_) => DEVICES_MANAGE,
    };
    authority::authorize(world, actor, permission, tenant, Gate::Shut)
}

/// Whether an organisation keeps ids for a tenant: for itself, and for those that it manages by a
/// link of its own that is in force.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn keeps(world: &World<'_>, keeper: TenantId, tenant: TenantId) -> Result<bool, ViewError> {
    Ok(keeper == tenant || world.links_above(tenant)?.iter().any(|link| link.manager == keeper))
}

/// Whether an id leads anywhere by now: with the time of a link it leads nowhere, recorded or not,
/// and so with that of an invitation.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn is_kept(world: &World<'_>, kept: &KeptId) -> Result<bool, ViewError> {
    if let Bearer::User(user) = kept.of
        && let Some(user) = world.user(user)?
        && world.user_state(&user)? == UserState::Removed
    {
        return Ok(false);
    }
    keeps(world, kept.keeper, kept.tenant)
}

/// Whether what an id leads to is there for the actor: a tenant that they see, or view where it is
/// their own; a person or device where they may view such there.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn is_told(world: &World<'_>, actor: &Actor, kept: &KeptId) -> Result<bool, ViewError> {
    let permission = match kept.of {
        Bearer::Tenant(tenant) => match viewer(world, actor)? {
            Some(user) if user.home != tenant => return access::sees(world, &user, tenant),
            _ => TENANT_VIEW,
        },
        Bearer::User(_) => USERS_VIEW,
        Bearer::Device(_) => DEVICES_VIEW,
    };
    may(world, actor, permission, kept.tenant)
}

/// What an organisation keeps an id for, if it does.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn find(
    world: &World<'_>,
    keeper: TenantId,
    system: &System,
    id: &ExternalId,
) -> Result<Option<Arc<KeptId>>, ViewError> {
    if let Some(kept) = world.view.get::<KeptId>(KeptId::key_of(keeper, system, id))?
        && is_kept(world, &kept)?
    {
        return Ok(Some(kept));
    }
    for user in world.view.known_as(keeper, system, id)? {
        for known in entries(world.view, user)? {
            if known.keeper != keeper || known.system != *system || known.id != *id {
                continue;
            }
            let key = KeptId::key_of_entry(keeper, system, user.uuid(), known.entry);
            if let Some(kept) = world.view.get::<KeptId>(key)?
                && is_kept(world, &kept)?
            {
                return Ok(Some(kept));
            }
        }
    }
    Ok(None)
}

/// What an id leads to as it is kept: a device by the first of its ids.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn known(view: &dyn View, of: &Bearer) -> Result<Bearer, ViewError> {
    let Bearer::Device(id) = of else { return Ok(of.clone()) };
    let device = view.device(Device::key(id))?;
    Ok(device.map_or_else(|| of.clone(), |device| Bearer::Device(device.id.clone())))
}

/// The ids that are known of a person today.
fn entries(view: &dyn View, user: UserId) -> Result<Vec<PersonalId>, ViewError> {
    Ok(view.personal(Subject::User(user))?.unwrap_or_default().external)
}

/// The id that an entity stands for; none, of a person of whom it is known no longer.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn given(view: &dyn View, kept: &KeptId) -> Result<Option<ExternalId>, ViewError> {
    let Bearer::User(user) = kept.of else { return Ok(kept.given.clone()) };
    let is_it = |known: &PersonalId| {
        known.keeper == kept.keeper && known.system == kept.system && Some(known.entry) == kept.entry
    };
    Ok(entries(view, user)?.into_iter().find(is_it).map(|known| known.id))
}

/// What an id leads to, in words.
fn named(of: &Bearer) -> String {
    match of {
        Bearer::Tenant(id) => format!("tenant `{id}`"),
        Bearer::User(id) => format!("user `{id}`"),
        Bearer::Device(id) => format!("device `{id}`"),
    }
}

fn removed(kept: &KeptId) -> Event {
    let KeptId { keeper, system, of, tenant, given, entry, .. } = kept.clone();
    Event::ExternalIdRemoved { keeper, system, of, tenant, id: given, entry }
}

/// The ids that go with an event: with a link, what its manager kept for its customer; with a
/// tenant, a person or a device what anybody kept for it; with a device that is moved what others
/// kept for it than whose pool it was in. In the world that the event leaves. Costs these ids, and
/// for devices one look each where anything is kept for their holder.
///
/// # Errors
/// When the view cannot be read.
pub(crate) fn gone(view: &dyn View, event: &Event) -> Result<Vec<Event>, ViewError> {
    let under = |index: Index, key: Key| -> Result<Vec<Arc<KeptId>>, ViewError> {
        view.under::<KeptId>(index, key).collect()
    };
    let of_person = |user: UserId| under(Index::KeptOf, Key::new().id(user.uuid()));
    let of_devices = |holder: TenantId, devices: &mut dyn Iterator<Item = &DeviceId>| {
        let any = Span::under(Index::KeptTenant, Key::new().id(holder.uuid()));
        let mut found = Vec::new();
        if !view.scan(&any, 1)?.is_empty() {
            for device in devices {
                found.extend(under(Index::KeptOf, Key::new().id(Device::key(device)))?);
            }
        }
        Ok::<_, ViewError>(found)
    };
    let found = match event {
        Event::LinkEnded { link, .. } => match view.get::<Link>(link.uuid())? {
            Some(link) => {
                under(Index::KeptTenant, Key::new().id(link.managed.uuid()).id(link.manager.uuid()))?
            }
            None => Vec::new(),
        },
        Event::TenantDeleted { tenant } => under(Index::KeptTenant, Key::new().id(tenant.uuid()))?,
        Event::UserRemoved { user } | Event::PersonalErased { subject: Subject::User(user) } => {
            of_person(*user)?
        }
        Event::InvitationWithdrawn { invitation }
        | Event::InvitationDeclined { invitation }
        | Event::InvitationRevoked { invitation }
        | Event::InvitationExpired { invitation } => match view.get::<Invitation>(invitation.uuid())? {
            Some(invitation) => match view.get::<User>(invitation.user.uuid())? {
                Some(user) if user.state == UserState::Removed => of_person(user.id)?,
                _ => Vec::new(),
            },
            None => Vec::new(),
        },
        Event::DevicesDeleted { tenant, devices } => of_devices(*tenant, &mut devices.iter())?,
        Event::UploadWithdrawn { from, devices, .. } => of_devices(*from, &mut devices.iter())?,
        Event::DevicesMoved { manager, devices, .. } => {
            let mut found = of_devices(*manager, &mut devices.iter())?;
            found.retain(|kept| kept.keeper != *manager);
            found
        }
        _ => Vec::new(),
    };
    Ok(found.iter().map(|kept| removed(kept)).collect())
}

/// A person's id that is removed is known no more (U-5).
pub(crate) fn forget(known: &mut Personal, event: &Event) {
    if let Event::ExternalIdRemoved { keeper, system, entry: Some(entry), .. } = event {
        known.external.retain(|it| it.keeper != *keeper || it.system != *system || it.entry != *entry);
    }
}

/// Whose personal data is another by an event that removes an id.
pub(crate) const fn forgotten(event: &Event) -> Option<UserId> {
    match event {
        Event::ExternalIdRemoved { of: Bearer::User(user), .. } => Some(*user),
        _ => None,
    }
}
