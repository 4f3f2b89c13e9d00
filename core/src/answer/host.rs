//! What the host itself reads: entities by kind and parent, and records. No actor, no rules, and so
//! no gate. How entities are kept, and by which keys they are found, does not show.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::asked::AskedWorld;
use super::page::{Turn, pages};
use crate::base::ids::{IntegrationId, LicenceId, LinkId, MoveId, RoleId, TenantId, UploadId, UserId};
use crate::base::text::{DeviceId, Number, Permission, Service};
use crate::decide::Settling;
use crate::journal::Record;
use crate::model::{
    AddressChange, AlertRule, Assignment, Attachment, BarredManager, Device, Holding, Integration,
    Invitation, KeptId, Licence, Link, LinkRequest, ManagerInvitation, Move, Proposal, Role, Session, Tenant,
    User,
};
use crate::policy::PolicyVersion;
use crate::query::{HeldPermission, Page, Paging, Question};
use crate::rules::Ruling;
use crate::rules::effective::{self, Effective};
use crate::rules::reach::{People, Tenants};
use crate::view::{Any, Index, Key, Kind, Span, View, ViewError, stands_first};

/// Declares the kinds of entity that a host may read; others are kept for lists and limits alone.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal)+) => {
        /// The kinds of entity.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Kind"))]
        #[non_exhaustive]
        pub enum EntityKind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
            /// A device.
            #[serde(rename = "device")]
            Device,
        }

        /// An entity of any kind.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Entity"))]
        #[serde(tag = "kind", content = "entity")]
        #[non_exhaustive]
        pub enum AnyEntity {
            $($(#[$doc])* #[serde(rename = $text)] $name(Arc<$name>),)+
            /// A device.
            #[serde(rename = "device")]
            Device(HeldDevice),
        }

        impl EntityKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+ Self::Device];

            const fn kept(self) -> Kind {
                match self {
                    $(Self::$name => Kind::$name,)+
                    Self::Device => Kind::Device,
                }
            }
        }

        impl AnyEntity {
            /// An entity as the host reads it; nothing, where it is of another kind.
            fn of(view: &dyn View, any: Any) -> Result<Option<Self>, ViewError> {
                Ok(match any {
                    $(Any::$name(entity) => Some(Self::$name(entity)),)+
                    Any::Device(device) => HeldDevice::of(view, &device)?.map(Self::Device),
                    Any::ResellerRow(_)
                    | Any::Holding(_)
                    | Any::Listing(_)
                    | Any::RestingPrefix(_)
                    | Any::Refusals(_)
                    | Any::Asked(_) => None,
                })
            }
        }
    };
}

kinds! {
    /// A tenant.
    Tenant "tenant"
    /// A link.
    Link "link"
    /// A link request.
    LinkRequest "link_request"
    /// What is proposed on a link.
    Proposal "proposal"
    /// A tenant's invitation to an MSP.
    ManagerInvitation "manager_invitation"
    /// An MSP that a tenant keeps from asking.
    BarredManager "barred_manager"
    /// A user.
    User "user"
    /// An invitation.
    Invitation "invitation"
    /// That a user is asked to confirm another address; its id is the user's.
    AddressChange "address_change"
    /// An assignment.
    Assignment "assignment"
    /// A tenant's own role.
    Role "role"
    /// The policy in force, under the nil id.
    PolicyVersion "policy"
    /// A move that awaits approval.
    Move "move"
    /// An integration.
    Integration "integration"
    /// An attachment.
    Attachment "attachment"
    /// A licence.
    Licence "licence"
    /// An alert rule.
    AlertRule "alert_rule"
    /// A console session.
    Session "session"
    /// An id of another system that an organisation keeps.
    KeptId "kept_id"
}

/// A device: who holds it, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HeldDevice {
    /// Its id; of several, the one that was typed first.
    pub id: DeviceId,
    /// Its other ids (V-2).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub others: BTreeSet<DeviceId>,
    /// Who holds it.
    pub holder: TenantId,
    /// The reseller who uploaded it.
    pub reseller: TenantId,
    /// The upload it came with.
    pub upload: UploadId,
    /// The tenant that it is shown as in the reseller's list (V-3).
    pub shown_as: TenantId,
    /// The licence whose seat it has (C-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<LicenceId>,
    /// The move that awaits the customer's approval (V-7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving: Option<MoveId>,
}

impl HeldDevice {
    /// What the host reads a device by, from any of its ids.
    pub fn key(id: &DeviceId) -> Uuid {
        Device::key(id)
    }

    fn of(view: &dyn View, device: &Device) -> Result<Option<Self>, ViewError> {
        let holding = view.get::<Holding>(device.holding.uuid())?;
        Ok(holding.map(|holding| Self {
            id: device.id.clone(),
            others: device.others.clone(),
            holder: device.holder,
            reseller: holding.reseller,
            upload: holding.upload,
            shown_as: holding.shown_as,
            seat: device.seat,
            moving: device.moving,
        }))
    }
}

/// Whose entities are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Of {
    /// Everybody's.
    #[default]
    All,
    /// The tenant's with this number.
    Number(Number),
    /// A tenant's: its users, its own roles and integrations; what it holds; what is about it. Of
    /// links and link requests, those by which it is managed; of managers' invitations, its own.
    Tenant(TenantId),
    /// A manager's links, link requests and proposals, the tenants' invitations to it, and the ids
    /// of other systems that it keeps.
    Manager(TenantId),
    /// A user's assignments, pending invitations and open sessions.
    User(UserId),
    /// A link's proposals and pending moves.
    Link(LinkId),
    /// The assignments of a tenant's own role.
    Role(RoleId),
    /// An integration's attachments.
    Integration(IntegrationId),
    /// The devices that have a seat of a licence.
    Licence(LicenceId),
}

impl Of {
    /// Whether entities of a kind are found so.
    pub fn finds(&self, kind: EntityKind) -> bool {
        self.way(kind.kept()).is_some()
    }

    /// By which index and key entities of a kind are found.
    pub(crate) fn way(&self, kind: Kind) -> Option<(Index, Key)> {
        use EntityKind as E;
        let kind = *E::ALL.iter().find(|one| one.kept() == kind)?;
        let index = match (kind, self) {
            (E::Tenant, Self::All | Self::Number(_)) => Index::TenantNumber,
            (E::User, Self::All | Self::Tenant(_)) => Index::UserHome,
            (E::Link, Self::All | Self::Tenant(_)) => Index::LinkManaged,
            (E::Link, Self::Manager(_)) => Index::LinkManager,
            (E::LinkRequest, Self::All | Self::Tenant(_)) => Index::RequestManaged,
            (E::LinkRequest, Self::Manager(_)) => Index::RequestManager,
            (E::Proposal, Self::All | Self::Link(_)) => Index::ProposalLink,
            (E::Proposal, Self::Manager(_)) => Index::ProposalManager,
            (E::ManagerInvitation, Self::All | Self::Tenant(_)) => Index::ManagerInvitationTenant,
            (E::ManagerInvitation, Self::Manager(_)) => Index::ManagerInvitationManager,
            (E::BarredManager, Self::All | Self::Tenant(_)) => Index::BarredManagerTenant,
            (E::Invitation, Self::All | Self::Tenant(_)) => Index::InvitationTenant,
            (E::Invitation, Self::User(_)) => Index::InvitationUser,
            (E::AddressChange, Self::All | Self::Tenant(_)) => Index::AddressHome,
            (E::Assignment, Self::All | Self::Tenant(_)) => Index::AssignmentTenant,
            (E::Assignment, Self::User(_)) => Index::AssignmentUser,
            (E::Assignment, Self::Role(_)) => Index::AssignmentRole,
            (E::Role, Self::All | Self::Tenant(_)) => Index::RoleTenant,
            (E::Device, Self::All | Self::Tenant(_)) => Index::DeviceHolder,
            (E::Device, Self::Licence(_)) => Index::DeviceSeat,
            (E::Move, Self::All | Self::Link(_)) => Index::MoveLink,
            (E::Integration, Self::All | Self::Tenant(_)) => Index::IntegrationOwner,
            (E::Attachment, Self::All | Self::Tenant(_)) => Index::AttachmentTenant,
            (E::Attachment, Self::Integration(_)) => Index::AttachmentIntegration,
            (E::Licence, Self::All | Self::Tenant(_)) => Index::LicenceTenant,
            (E::AlertRule, Self::All | Self::Tenant(_)) => Index::AlertTenant,
            (E::Session, Self::All | Self::Tenant(_)) => Index::SessionTenant,
            (E::Session, Self::User(_)) => Index::SessionUser,
            (E::KeptId, Self::All | Self::Tenant(_)) => Index::KeptTenant,
            (E::KeptId, Self::Manager(_)) => Index::KeptKeeper,
            _ => return None,
        };
        let key = match self {
            Self::All => Key::new(),
            Self::Number(number) => Key::new().text(number.as_str()),
            Self::Tenant(id) | Self::Manager(id) => Key::new().id(id.uuid()),
            Self::User(id) => Key::new().id(id.uuid()),
            Self::Link(id) => Key::new().id(id.uuid()),
            Self::Role(id) => Key::new().id(id.uuid()),
            Self::Integration(id) => Key::new().id(id.uuid()),
            Self::Licence(id) => Key::new().id(id.uuid()),
        };
        Some((index, key))
    }
}

/// The entity of a kind with this id; a device by the key of any of its ids.
///
/// # Errors
/// When the world cannot be read.
pub fn entity(asked: &AskedWorld<'_>, kind: EntityKind, id: Uuid) -> Ruling<Option<AnyEntity>> {
    loaded(asked, kind.kept(), id, |view, any| Ok(AnyEntity::of(view, any)?))
}

/// What is read from the entity of a kind with this id, once what is due about it has happened.
///
/// # Errors
/// Those of reading; when the world cannot be read.
pub fn loaded<T, E: From<ViewError>>(
    asked: &AskedWorld<'_>,
    kind: Kind,
    id: Uuid,
    read: impl FnOnce(&dyn View, Any) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let load = |view: &dyn View| match kind {
        Kind::Device => Ok(view.device(id)?.map(Any::Device)),
        _ => view.load(kind, id),
    };
    let Some(found) = load(asked.world.view)? else { return Ok(None) };
    asked.settled(Settling::Entities(&[found]), |world| match load(world.view)? {
        Some(any) => read(world.view, any),
        None => Ok(None),
    })
}

/// What is read of somebody's entities, which an index has under a key, once what is due about them
/// has happened: of a tenant's about the tenant, of others about each of them, and of everybody's
/// all that is due.
///
/// # Errors
/// Those of reading; when the world cannot be read.
pub fn listed<T, E: From<ViewError>>(
    asked: &AskedWorld<'_>,
    of: &Of,
    (index, key): (Index, Key),
    read: impl FnOnce(&dyn View) -> Result<T, E>,
) -> Result<T, E> {
    let settling = match of {
        Of::All => Settling::Everything,
        Of::Tenant(tenant) | Of::Manager(tenant) => Settling::AllAbout(*tenant),
        _ => {
            let found = pages(asked.world.view, Span::under(index, key), EACH);
            let found = found.map(|found| found.map(|(_, any)| any)).collect::<Result<Vec<_>, _>>()?;
            return asked.settled(Settling::Entities(&found), |world| read(world.view));
        }
    };
    asked.settled(settling, |world| read(world.view))
}

/// How many entities are read at a time where every one is wanted.
const EACH: usize = 256;

/// The entities of a kind, in the order of whose they are; none, where [`Of::finds`] says that none
/// of the kind are found so.
///
/// # Errors
/// `foreign_cursor`, `invalid_limit`; when the world cannot be read.
pub fn entities(
    asked: &AskedWorld<'_>,
    kind: EntityKind,
    of: &Of,
    paging: &Paging,
) -> Ruling<Page<AnyEntity>> {
    let way = of.way(kind.kept());
    let name = way.as_ref().map(|(index, key)| (index.number(), key.hex()));
    let turn = Turn::of(asked.seal, &("entities", kind, name), paging)?;
    let Some((index, key)) = way else { return turn.page(std::iter::empty()) };
    listed(asked, of, (index, key.clone()), |view| {
        turn.page(turn.scan(view, index, key).map(|found| {
            let (place, any) = found?;
            if !stands_first((index, &place.0), any.kind(), || any.keys()) {
                return Ok(None);
            }
            Ok(AnyEntity::of(view, any)?.map(|entity| (place, entity)))
        }))
    })
}

/// Records of the journal up to the moment that is asked about: those after record `seq`.
///
/// # Errors
/// `foreign_cursor`, `invalid_limit`; when the store cannot be read.
pub fn records(asked: &AskedWorld<'_>, seq: u64, paging: &Paging) -> Ruling<Page<Record>> {
    super::records::page(asked, None, &("records", seq), (seq, asked.seq), paging, |record| Ok(Some(record)))
}

/// How many people or tenants one page of a look-up looks at.
const LOOKED_AT: usize = 10_000;

/// The users who can do something on a tenant (P-12), role by role on the tenant and those that
/// manage it. `list` says what else the look-up is of.
///
/// # Errors
/// `foreign_cursor`, `invalid_limit`; when the world cannot be read.
pub fn users_who_can(
    asked: &AskedWorld<'_>,
    (permission, tenant, service): (&Permission, TenantId, Option<&Service>),
    list: &impl Serialize,
    paging: &Paging,
) -> Ruling<Page<UserId>> {
    let turn = Turn::of(asked.seal, &("users_who_can", tenant, list), paging)?;
    let people = People::of(asked.world, tenant)?;
    let rows = people.each(asked.world, turn.going()).map(|found| {
        let (place, user) = found?;
        let question = Question::new(user.id, permission.clone(), tenant);
        let allowed = asked.allows(&Question { service: service.cloned(), ..question })?;
        Ok((place, allowed.then_some(user.id)))
    });
    turn.page_of_at_most(LOOKED_AT, rows)
}

/// The tenants that a user can do something on (P-12), manager by manager. `list` says what else
/// the look-up is of.
///
/// # Errors
/// `foreign_cursor`, `invalid_limit`; when the world cannot be read.
pub fn tenants_where(
    asked: &AskedWorld<'_>,
    (user, permission, service): (UserId, &Permission, Option<&Service>),
    list: &impl Serialize,
    paging: &Paging,
) -> Ruling<Page<TenantId>> {
    let turn = Turn::of(asked.seal, &("tenants_where", user, list), paging)?;
    let tenants = Tenants::of(asked.world, user)?;
    let rows = tenants.each(asked.world, turn.going()).map(|found| {
        let (place, tenant) = found?;
        let question = Question::new(user, permission.clone(), tenant);
        let allowed = asked.allows(&Question { service: service.cloned(), ..question })?;
        Ok((place, allowed.then_some(tenant)))
    });
    turn.page_of_at_most(LOOKED_AT, rows)
}

/// What a user can do on a tenant, with a service or where none is named, by the names of the
/// permissions. `list` says what else the look-up is of.
///
/// # Errors
/// `foreign_cursor`, `invalid_limit`; when the world cannot be read.
pub fn permissions(
    asked: &AskedWorld<'_>,
    (user, tenant, service): (UserId, TenantId, Option<&Service>),
    list: &impl Serialize,
    paging: &Paging,
) -> Ruling<Page<Permission>> {
    let turn = Turn::of(asked.seal, &("permissions", user, tenant, list), paging)?;
    let found = Effective::of(asked.world, user, tenant)?;
    let allowed = found.allowed();
    let wanted = allowed.into_iter().filter(|(_, with)| *with == service);
    let place = |it: &Permission| (Key::new().text(it.as_str()), Uuid::nil());
    turn.sorted(wanted.map(|(permission, _)| Ok(Some((place(permission), permission.clone())))))
}

/// What a user holds on a tenant, by all services.
///
/// # Errors
/// When the world cannot be read.
pub fn held(asked: &AskedWorld<'_>, user: UserId, tenant: TenantId) -> Ruling<Vec<HeldPermission>> {
    Ok(effective::held(Effective::of(asked.world, user, tenant)?.allowed()))
}
