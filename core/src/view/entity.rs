//! The one registry of entity kinds: number, id, index keys, and the way to and from stored JSON.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::key::{Index, Key};
use crate::base::ids::TenantId;
use crate::base::text::{System, words};
use crate::base::time::Timestamp;
use crate::model::{
    AddressChange, AlertRule, Asked, Assignment, Attachment, BarredManager, Bearer, Device, Handshake,
    HandshakeState, Holding, Integration, Invitation, KeptId, Licence, Link, LinkRequest, Listing,
    ManagerInvitation, Move, Proposal, Refusals, ResellerRow, RestingPrefix, Role, RoleRef, Session,
    Temporary, Tenant, User,
};
use crate::policy::PolicyVersion;

/// Something a view can hold.
pub trait Entity: Clone + Sized {
    /// Its kind.
    const KIND: Kind;

    /// Its key among its kind.
    fn id(&self) -> Uuid;

    /// Where else it can be found.
    fn keys(&self) -> Vec<(Index, Key)>;

    /// Takes it out of [`Any`], if it is of this kind.
    fn from_any(any: Any) -> Option<Arc<Self>>;
}

/// Declares the kinds with their stable numbers.
macro_rules! kinds {
    ($($(#[$doc:meta])* $number:literal $name:ident $text:literal)+) => {
        /// The kinds of entity.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind { $($(#[$doc])* $name = $number),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable number that stores keep.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The name that people see in a file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }

        /// An entity of any kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Any { $($(#[$doc])* $name(Arc<$name>)),+ }

        impl Any {
            /// Its kind.
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$name(_) => Kind::$name),+ }
            }

            /// Its key among its kind.
            pub fn id(&self) -> Uuid {
                match self { $(Self::$name(entity) => Entity::id(&**entity)),+ }
            }

            /// Where else it can be found.
            pub fn keys(&self) -> Vec<(Index, Key)> {
                match self { $(Self::$name(entity) => entity.keys()),+ }
            }

            /// Its JSON.
            pub fn encode(&self) -> String {
                match self { $(Self::$name(entity) => serde_json::to_string(&**entity)),+ }
                    .expect("entities have string keys and finite numbers")
            }

            /// Writes its fields.
            ///
            /// # Errors
            /// The writer's.
            #[cfg(feature = "sqlite")]
            pub(crate) fn write<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$name(entity) => serde::Serialize::serialize(&**entity, to)),+ }
            }

            /// Reads an entity of this kind from its fields.
            ///
            /// # Errors
            /// When they are not those of such an entity.
            #[cfg(feature = "sqlite")]
            pub(crate) fn read<'de, D: serde::Deserializer<'de>>(kind: Kind, from: D) -> Result<Self, D::Error> {
                Ok(match kind {
                    $(Kind::$name => Self::$name(Arc::new(serde::Deserialize::deserialize(from)?))),+
                })
            }
        }

        $(
            impl From<$name> for Any {
                fn from(entity: $name) -> Self { Self::$name(Arc::new(entity)) }
            }
        )+
    };
}

kinds! {
    /// A tenant.
    1 Tenant "tenant"
    /// A link.
    2 Link "link"
    /// A link request.
    3 LinkRequest "link_request"
    /// A user.
    4 User "user"
    /// An invitation.
    5 Invitation "invitation"
    /// An assignment.
    6 Assignment "assignment"
    /// A tenant's own role.
    7 Role "role"
    /// The policy in force, under the nil id, and those before whose terms are others.
    8 PolicyVersion "policy"
    /// A reseller's row.
    9 ResellerRow "reseller_row"
    /// A holding.
    10 Holding "holding"
    /// A device.
    11 Device "device"
    /// A move that awaits approval.
    12 Move "move"
    /// An integration.
    13 Integration "integration"
    /// An attachment.
    14 Attachment "attachment"
    /// A licence.
    15 Licence "licence"
    /// An alert rule.
    16 AlertRule "alert_rule"
    /// A console session.
    17 Session "session"
    /// A managed tenant in its manager's list.
    18 Listing "listing"
    /// A prefix that was given back and rests.
    19 RestingPrefix "resting_prefix"
    /// How many refused commands of a user were recorded lately.
    20 Refusals "refusals"
    /// How much somebody was asked by one organisation lately.
    21 Asked "asked"
    /// What is proposed on a link.
    22 Proposal "proposal"
    /// A tenant's invitation to an MSP.
    23 ManagerInvitation "manager_invitation"
    /// An MSP that a tenant keeps from asking.
    24 BarredManager "barred_manager"
    /// That a user is asked to confirm another address.
    25 AddressChange "address_change"
    /// An id of another system that an organisation keeps.
    26 KeptId "kept_id"
}

/// One entity that is inserted, replaced or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// The entity as it is from now on, whether it was there before or not.
    Put(Any),
    /// The entity as it was last; it is there no more. It is carried whole because its id may be a
    /// hash of what it was about, and whoever follows changes has to know whose right goes.
    Remove(Any),
}

impl Write {
    /// The kind and id of the entity that changes.
    pub fn target(&self) -> (Kind, Uuid) {
        match self {
            Self::Put(any) | Self::Remove(any) => (any.kind(), any.id()),
        }
    }
}

macro_rules! entity {
    ($name:ident, $this:ident => $id:expr, $keys:expr) => {
        impl Entity for $name {
            const KIND: Kind = Kind::$name;

            fn id(&self) -> Uuid {
                let $this = self;
                $id
            }

            fn keys(&self) -> Vec<(Index, Key)> {
                let $this = self;
                $keys
            }

            fn from_any(any: Any) -> Option<Arc<Self>> {
                match any {
                    Any::$name(entity) => Some(entity),
                    _ => None,
                }
            }
        }
    };
}

/// The keys of what is due at a moment: by that alone, and by each of those it is about.
fn due(keys: &mut Vec<(Index, Key)>, moment: Timestamp, link: bool, about: &[Uuid]) {
    let about: BTreeSet<&Uuid> = about.iter().collect();
    keys.push((Index::Due, Key::new().time(moment)));
    keys.extend(about.into_iter().map(|&id| (Index::DueAbout, Key::new().id(id).flag(link).time(moment))));
}

impl Any {
    /// Every moment at which the clock may have to do something about it, the first one first.
    pub fn moments(&self) -> BTreeSet<Timestamp> {
        let handshake = match self {
            Self::Link(link) => return link.moments(),
            Self::LinkRequest(it) => &it.handshake,
            Self::Proposal(it) => &it.handshake,
            Self::ManagerInvitation(it) => &it.handshake,
            Self::Invitation(it) => &it.handshake,
            Self::AddressChange(it) => &it.handshake,
            Self::Move(it) => &it.handshake,
            Self::Assignment(it) => return it.over.iter().flat_map(Temporary::moments).collect(),
            _ => return BTreeSet::new(),
        };
        let pending = handshake.state == HandshakeState::Pending;
        pending.then_some(handshake.expires).into_iter().collect()
    }
}

entity!(Tenant, it => it.id.uuid(), {
    let mut keys = vec![(Index::TenantNumber, Key::new().text(it.number.as_str()))];
    keys.extend(it.prefix.iter().map(|prefix| (Index::TenantPrefix, Key::new().text(prefix.as_str()))));
    keys
});

entity!(RestingPrefix, it => RestingPrefix::key(&it.prefix), {
    it.until.iter().map(|until| (Index::PrefixRests, Key::new().time(*until))).collect()
});

entity!(Refusals, it => it.user.uuid(), {
    let _ = it;
    Vec::new()
});

entity!(Asked, it => Asked::key(it.addressee, it.by), {
    let _ = it;
    Vec::new()
});

entity!(Link, it => it.id.uuid(), {
    let in_force = it.stage.is_in_force();
    let mut keys = vec![
        (Index::LinkManaged, Key::new().id(it.managed.uuid()).flag(in_force)),
        (Index::LinkManager, Key::new().id(it.manager.uuid()).flag(in_force)),
    ];
    if let (Some(party), Some(asked)) = (it.stage.requester(), it.delink_asked) {
        keys.push((Index::HandshakeSender, sent_key(it.side(party).uuid(), asked)));
        let until = it.delink_expires.or(it.delink_ends);
        keys.push(awaiting_key(it.side(party.other()), Kind::Link, until));
    }
    for moment in it.moments() {
        due(&mut keys, moment, true, &[it.id.uuid(), it.manager.uuid(), it.managed.uuid()]);
    }
    keys
});

/// What the keys of all handshakes of an owner begin with that are recorded in one state: the
/// pending ones are told apart first.
pub(crate) fn handshake_strand(owner: Uuid, state: HandshakeState) -> Key {
    Key::new().id(owner).flag(state == HandshakeState::Pending).text(state.name())
}

/// Where a handshake stands among those of an owner: in its strand, by when it was asked.
fn handshake_key(owner: TenantId, handshake: &Handshake) -> Key {
    handshake_strand(owner.uuid(), handshake.state).time(handshake.asked)
}

/// Where a handshake stands among what was asked by whom it rests on; nowhere, if on nobody.
fn sender_key(handshake: &Handshake) -> Option<(Index, Key)> {
    handshake.sender.map(|by| (Index::HandshakeSender, sent_key(by.uuid(), handshake.asked)))
}

/// What the keys of all that is of one kind and awaits the answer of an organisation begin with.
pub(crate) fn awaiting_strand(of: TenantId, kind: Kind) -> Key {
    Key::new().id(of.uuid()).text(kind.name())
}

/// Where what awaits an answer stands among its kind: what lapses first comes first.
fn awaiting_key(of: TenantId, kind: Kind, until: Option<Timestamp>) -> (Index, Key) {
    (Index::Awaiting, ending(awaiting_strand(of, kind), until))
}

/// A key with when something ends after it: what never does comes last.
fn ending(key: Key, ends: Option<Timestamp>) -> Key {
    key.flag(ends.is_none()).time(ends.unwrap_or(Timestamp::MAX))
}

fn sent_key(by: Uuid, asked: Timestamp) -> Key {
    Key::new().id(by).time(asked)
}

entity!(LinkRequest, it => it.id.uuid(), {
    let mut keys = vec![
        (Index::RequestManaged, handshake_key(it.managed, &it.handshake)),
        (Index::RequestManager, handshake_key(it.manager, &it.handshake)),
    ];
    keys.extend(sender_key(&it.handshake));
    if it.handshake.state == HandshakeState::Pending {
        keys.push(awaiting_key(it.managed, Kind::LinkRequest, Some(it.handshake.expires)));
        let parties = it.handshake.parties(&[it.manager.uuid(), it.managed.uuid()]);
        due(&mut keys, it.handshake.expires, false, &parties);
    }
    keys
});

entity!(Proposal, it => it.id.uuid(), {
    let pending = it.handshake.state == HandshakeState::Pending;
    let mut keys = vec![
        (Index::ProposalLink, Key::new().id(it.link.uuid()).flag(pending)),
        (Index::ProposalManager, handshake_key(it.manager, &it.handshake)),
        (Index::ProposalManaged, handshake_key(it.managed, &it.handshake)),
    ];
    keys.extend(sender_key(&it.handshake));
    if pending {
        keys.push(awaiting_key(it.managed, Kind::Proposal, Some(it.handshake.expires)));
        let parties = it.handshake.parties(&[it.manager.uuid(), it.managed.uuid()]);
        due(&mut keys, it.handshake.expires, false, &parties);
    }
    keys
});

entity!(ManagerInvitation, it => it.id.uuid(), {
    let mut keys = vec![
        (Index::ManagerInvitationTenant, handshake_key(it.tenant, &it.handshake)),
        (Index::ManagerInvitationManager, handshake_key(it.manager, &it.handshake)),
    ];
    keys.extend(sender_key(&it.handshake));
    if it.handshake.state == HandshakeState::Pending {
        let sides = [it.tenant.uuid(), it.manager.uuid()];
        keys.push((Index::ManagerInvitationPair, Key::new().id(sides[0]).id(sides[1])));
        keys.push(awaiting_key(it.manager, Kind::ManagerInvitation, Some(it.handshake.expires)));
        due(&mut keys, it.handshake.expires, false, &it.handshake.parties(&sides));
    }
    keys
});

entity!(BarredManager, it => BarredManager::key(it.tenant, it.manager), vec![(
    Index::BarredManagerTenant,
    Key::new().id(it.tenant.uuid()).time(it.since),
)]);

/// What the keys of all ids begin with that an organisation keeps of a system: those of people
/// stand apart, since no key says them.
pub(crate) fn kept_strand(keeper: TenantId, system: &System, of_people: bool) -> Key {
    Key::new().id(keeper.uuid()).text(system.as_str()).flag(of_people)
}

entity!(KeptId, it => it.key(), {
    let last = |key: Key| match &it.given {
        Some(id) => key.text(id.as_str()),
        None => key.id(it.of.key()).count(it.entry.unwrap_or_default()),
    };
    let of_people = matches!(it.of, Bearer::User(_));
    let keeper = it.keeper.uuid();
    vec![
        (Index::KeptKeeper, last(kept_strand(it.keeper, &it.system, of_people))),
        (Index::KeptOf, last(Key::new().id(it.of.key()).id(keeper).text(it.system.as_str()))),
        (Index::KeptTenant, Key::new().id(it.tenant.uuid()).id(keeper)),
    ]
});

entity!(User, it => it.id.uuid(), vec![(Index::UserHome, Key::new().id(it.home.uuid()))]);

entity!(Invitation, it => it.id.uuid(), {
    let mut keys = vec![(Index::InvitationTenant, handshake_key(it.tenant, &it.handshake))];
    keys.extend(sender_key(&it.handshake));
    if it.handshake.state == HandshakeState::Pending {
        keys.push((Index::InvitationUser, Key::new().id(it.user.uuid())));
        if it.sign_up {
            keys.push((Index::InvitationSignUp, Key::new().id(it.tenant.uuid())));
        }
        due(&mut keys, it.handshake.expires, false, &it.handshake.parties(&[it.tenant.uuid(), it.user.uuid()]));
    }
    keys
});

/// Where an assignment is found by one of the roles that it gives, now or at another time.
fn role_keys(it: &Assignment, role: &RoleRef, keys: &mut Vec<(Index, Key)>) {
    keys.push((Index::AssignmentTenant, role_strand(it.tenant, role).id(it.user.uuid())));
    if let RoleRef::Custom(role) = role {
        keys.push((Index::AssignmentRole, Key::new().id(role.uuid())));
    }
}

/// Whether an entity is found under its first key of an index: who is given several roles on a
/// tenant stands there under each of them.
pub(crate) fn stands_first(
    (index, key): (Index, &Key),
    kind: Kind,
    keys: impl FnOnce() -> Vec<(Index, Key)>,
) -> bool {
    if kind != Kind::Assignment || index != Index::AssignmentTenant {
        return true;
    }
    keys().into_iter().filter(|(of, _)| *of == index).map(|(_, key)| key).min().as_ref() == Some(key)
}

/// What the keys of all assignments on a tenant begin with that give one role.
pub(crate) fn role_strand(tenant: TenantId, role: &RoleRef) -> Key {
    let on = Key::new().id(tenant.uuid());
    match role {
        RoleRef::Builtin(name) => on.flag(false).text(name.as_str()),
        RoleRef::Custom(role) => on.flag(true).id(role.uuid()),
    }
}

entity!(AddressChange, it => it.user.uuid(), {
    let pending = it.handshake.state == HandshakeState::Pending;
    let mut keys = vec![(Index::AddressHome, Key::new().id(it.home.uuid()).flag(pending))];
    keys.extend(sender_key(&it.handshake));
    if pending {
        due(&mut keys, it.handshake.expires, false, &it.handshake.parties(&[it.home.uuid(), it.user.uuid()]));
    }
    keys
});

entity!(Assignment, it => it.id().uuid(), {
    let mut keys = vec![(Index::AssignmentUser, Key::new().id(it.user.uuid()))];
    if it.over.is_empty() {
        role_keys(it, &it.role, &mut keys);
        return keys;
    }
    it.roles().into_iter().for_each(|role| role_keys(it, role, &mut keys));
    keys.push((Index::TemporaryUser, Key::new().id(it.user.uuid())));
    let first = it.over.iter().map(|it| it.ends).min().unwrap_or(Timestamp::MAX);
    keys.push((Index::TemporaryTenant, Key::new().id(it.tenant.uuid())));
    keys.push((Index::TemporaryEnds, Key::new().time(first)));
    let moments: BTreeSet<Timestamp> = it.over.iter().flat_map(Temporary::moments).collect();
    for moment in moments {
        due(&mut keys, moment, false, &[it.tenant.uuid(), it.user.uuid()]);
        keys.push((Index::TemporaryDue, Key::new().id(it.tenant.uuid()).time(moment)));
    }
    keys
});

entity!(Role, it => it.id.uuid(), match it.deleted {
    Some(_) => Vec::new(),
    None => vec![(Index::RoleTenant, Key::new().id(it.tenant.uuid()).text(&it.name.skeleton()))],
});

entity!(
    PolicyVersion,
    it => if it.superseded { PolicyVersion::key(it.terms) } else { Uuid::nil() },
    {
        let _ = it;
        Vec::new()
    }
);

entity!(ResellerRow, it => ResellerRow::key(it.reseller, it.tenant), {
    let mut keys = vec![(Index::RowTenant, Key::new().id(it.tenant.uuid()))];
    if let Some(added) = it.added.as_ref().filter(|_| !it.deleted) {
        keys.push((Index::RowAdded, Key::new().id(it.tenant.uuid()).time(added.since)));
    }
    if it.is_listed() {
        let country = it.country.as_ref().map_or("", |country| country.as_str());
        let uploaded = it.last_uploaded.unwrap_or(Timestamp::MIN);
        keys.extend([
            (Index::RowCompany, row_strand(it).folded(&it.company())),
            (Index::RowNumber, row_strand(it).text(it.number.as_str())),
            (Index::RowCountry, row_strand(it).text(country)),
            (Index::RowUploaded, row_strand(it).time(uploaded)),
            (Index::RowUploads, row_strand(it).count(it.uploads)),
            (Index::RowDevices, row_strand(it).count(it.devices)),
        ]);
        keys.extend(worded(Index::RowWord, &row_strand(it), &[&it.company(), it.number.as_str()]));
    }
    keys
});

/// What the keys of all rows of a reseller begin with that are alike in what lists choose by.
pub(crate) fn row_strand(row: &ResellerRow) -> Key {
    Key::new().id(row.reseller.uuid()).flag(row.is_shown()).text(row.status().name())
}

entity!(Listing, it => it.link.uuid(), {
    let services: Vec<&str> = it.services.iter().map(|service| service.as_str()).collect();
    let mut keys = vec![
        (Index::ListingName, listing_strand(it).folded(it.name.as_str())),
        (Index::ListingNumber, listing_strand(it).text(it.number.as_str())),
        (Index::ListingServices, listing_strand(it).text(&services.join(","))),
        (Index::ListingDevices, listing_strand(it).count(it.devices)),
    ];
    keys.extend(services.iter().map(|service| (Index::ListingService, listing_strand(it).text(service))));
    keys.extend(worded(Index::ListingWord, &listing_strand(it), &[it.name.as_str(), it.number.as_str()]));
    keys
});

/// The keys of what is looked for by the words of these texts, each word once.
fn worded(index: Index, strand: &Key, texts: &[&str]) -> impl Iterator<Item = (Index, Key)> {
    let words: BTreeSet<String> = texts.iter().flat_map(|text| words(text)).collect();
    let strand = strand.clone();
    words.into_iter().map(move |word| (index, strand.clone().text(&word)))
}

/// What the keys of all listings of a manager begin with that are alike in what lists choose by.
pub(crate) fn listing_strand(listing: &Listing) -> Key {
    let stands = Key::new().id(listing.manager.uuid()).text(listing.stage.name());
    stands.text(listing.management.as_str()).flag(listing.manages)
}

entity!(Holding, it => it.id.uuid(), {
    let mut keys = Vec::new();
    if it.arrived.is_some() {
        keys.push((Index::UploadReseller, Key::new().id(it.reseller.uuid()).time(it.uploaded_at)));
    }
    if it.devices == 0 {
        return keys;
    }
    keys.extend([
        (Index::HoldingRow, Key::new().id(it.reseller.uuid()).id(it.shown_as.uuid()).id(it.upload.uuid())),
        (Index::HoldingHolder, Key::new().id(it.holder.uuid())),
        (Index::HoldingUpload, Key::new().id(it.upload.uuid())),
    ]);
    keys.extend(it.way.iter().map(|moved| (Index::HoldingLink, Key::new().id(moved.link.uuid()))));
    keys
});

entity!(Device, it => Device::key(&it.id), {
    let mut keys = vec![
        (Index::DeviceHolder, Key::new().id(it.holder.uuid()).text(it.id.as_str())),
        (Index::DeviceHolding, Key::new().id(it.holding.uuid())),
    ];
    keys.extend(it.others.iter().map(|other| (Index::DeviceOther, Key::new().id(Device::key(other)))));
    keys.extend(it.seat.map(|licence| (Index::DeviceSeat, Key::new().id(licence.uuid()))));
    keys
});

entity!(Move, it => it.id.uuid(), {
    let mut keys = vec![
        (Index::MoveManager, handshake_key(it.manager, &it.handshake)),
        (Index::MoveCustomer, handshake_key(it.customer, &it.handshake)),
    ];
    keys.extend(sender_key(&it.handshake));
    if it.handshake.state == HandshakeState::Pending {
        keys.push((Index::MoveLink, Key::new().id(it.link.uuid())));
        keys.push(awaiting_key(it.customer, Kind::Move, Some(it.handshake.expires)));
        let parties = it.handshake.parties(&[it.manager.uuid(), it.customer.uuid()]);
        due(&mut keys, it.handshake.expires, false, &parties);
    }
    keys
});

entity!(Integration, it => it.id.uuid(), match it.deleted {
    Some(_) => Vec::new(),
    None => vec![(Index::IntegrationOwner, Key::new().id(it.owner.uuid()).text(it.name.as_str()))],
});

entity!(Attachment, it => Attachment::key(it.integration, it.tenant), vec![
    (Index::AttachmentTenant, Key::new().id(it.tenant.uuid())),
    (Index::AttachmentIntegration, Key::new().id(it.integration.uuid())),
]);

entity!(Licence, it => it.id.uuid(), {
    let of = Key::new().id(it.tenant.uuid());
    vec![
        (Index::LicenceExpires, ending(of.clone(), it.expires)),
        (Index::LicenceTenant, of.text(it.service.as_str())),
    ]
});

entity!(AlertRule, it => AlertRule::key(it.tenant, &it.category), vec![(
    Index::AlertTenant,
    Key::new().id(it.tenant.uuid()).text(it.category.as_str()),
)]);

entity!(Session, it => it.id.uuid(), {
    let opened = Key::new().id(it.tenant.uuid()).time(it.opened);
    if it.closed.is_some() {
        return vec![(Index::SessionClosed, opened)];
    }
    vec![
        (Index::SessionTenant, opened),
        (Index::SessionUser, Key::new().id(it.user.uuid())),
    ]
});
