//! The closed words: kinds, operations, stages, states, parties, actors.
//!
//! Three axes stay apart and are never one enum: a tenant's [`Operation`], a link's [`Stage`] and a
//! handshake's [`HandshakeState`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::ids::{RoleId, TenantId, UserId};
use crate::base::read::from_text;
use crate::base::text::{BuiltinRole, TextError, Ticket};

/// Writes the stable lower-case names of words, and lists them all. Words grow, and so a host
/// matches on them with an arm for those to come; our own tests match on all there are.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name, the same in every language.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use words;

words! {
    /// What a tenant is. A multi-client is an `msp` that another `msp` manages (T-1).
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    TenantKind {
        /// Manages other tenants.
        Msp => "msp",
        /// Is managed, or stands alone.
        Customer => "customer",
        /// Uploads devices to others; manages nobody.
        Reseller => "reseller",
    }
}

impl TenantKind {
    /// Whether a role on such a tenant covers what is managed below it where that is not said
    /// (P-10).
    pub(crate) const fn covers_below(self) -> bool {
        matches!(self, Self::Msp)
    }
}

words! {
    /// Whether a tenant can be worked on (T-5).
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    Operation {
        /// Open for work.
        Enabled => "enabled",
        /// Nobody signs in to it.
        Disabled => "disabled",
        /// On the way back; ends when the host reports ready.
        Enabling => "enabling",
    }
}

words! {
    /// Whose hold keeps a tenant disabled (T-5). Each side lifts its own; the tenant is enabled
    /// again when none is left.
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    Hold {
        /// The tenant's own people.
        Own => "own",
        /// A manager's side, through its link, with which the hold ends.
        Manager => "manager",
        /// The operator.
        Operator => "operator",
    }
}

words! {
    /// One of the two sides of a link (D).
    Party {
        /// The side that manages.
        Manager => "manager",
        /// The side that is managed.
        Customer => "customer",
    }
}

impl Party {
    /// The side across the table.
    pub const fn other(self) -> Self {
        match self {
            Self::Manager => Self::Customer,
            Self::Customer => Self::Manager,
        }
    }
}

words! {
    /// How far a link has come (D, D-5).
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    Stage {
        /// In force.
        Active => "active",
        /// In force; the manager has asked to end it.
        DelinkRequestedByManager => "delink_requested_by_manager",
        /// In force; the customer has asked to end it.
        DelinkRequestedByCustomer => "delink_requested_by_customer",
        /// Ended for good.
        Delinked => "delinked",
    }
}

impl Stage {
    /// The stage in which `by` has asked to delink.
    pub const fn requested(by: Party) -> Self {
        match by {
            Party::Manager => Self::DelinkRequestedByManager,
            Party::Customer => Self::DelinkRequestedByCustomer,
        }
    }

    /// Who has asked to delink, while the answer is awaited.
    pub const fn requester(self) -> Option<Party> {
        match self {
            Self::DelinkRequestedByManager => Some(Party::Manager),
            Self::DelinkRequestedByCustomer => Some(Party::Customer),
            Self::Active | Self::Delinked => None,
        }
    }

    /// Whether the stage lets the manager manage: active or delink requested (P-3, D-3).
    pub const fn is_in_force(self) -> bool {
        !matches!(self, Self::Delinked)
    }

    /// The status people see (D-5).
    pub const fn status(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::DelinkRequestedByManager => "Delink request by MSP",
            Self::DelinkRequestedByCustomer => "Delink request by customer",
            Self::Delinked => "Delinked",
        }
    }
}

words! {
    /// Why a link ended.
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    EndCause {
        /// Both parties agreed (D).
        Delinked => "delinked",
        /// Its term ran out (L-9).
        Expired => "expired",
        /// The notice period of a delink request was over (D-8).
        NoticeOver => "notice_over",
        /// One of its tenants was deleted (T-7).
        TenantDeleted => "tenant_deleted",
    }
}

words! {
    /// Where a handshake stands: a request that the other side must answer (L-3, U-2).
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    HandshakeState {
        /// Awaiting the answer.
        Pending => "pending",
        /// Answered yes.
        Accepted => "accepted",
        /// Answered no.
        Declined => "declined",
        /// A link request taken back by its requester.
        Canceled => "canceled",
        /// An invitation taken back by its sender.
        Revoked => "revoked",
        /// Nobody answered in time.
        Expired => "expired",
        /// What it rested on is gone: whoever sent it could no longer.
        Withdrawn => "withdrawn",
    }
}

words! {
    /// Where a user stands (U-3).
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    UserState {
        /// Asked to join, not yet here.
        Invited => "invited",
        /// Can act.
        Active => "active",
        /// Held back until unblocked.
        Blocked => "blocked",
        /// Gone for good.
        Removed => "removed",
    }
}

words! {
    /// How a reseller stands with a tenant it has added (V-1).
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    ResellerStatus {
        /// No upload yet.
        Pending => "pending",
        /// Uploads go there.
        Active => "active",
        /// The tenant dropped the reseller: no further uploads.
        Inactive => "inactive",
    }
}

words! {
    /// Who gets alerts in the first place.
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    Audience {
        /// Every admin, the manager's included.
        AllAdmins => "all_admins",
        /// The device-group managers alone.
        GroupManagers => "group_managers",
    }
}

words! {
    /// A kind of personal data that can be erased (U-5).
    #[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
    PersonalField {
        /// A person's name.
        Name => "name",
        /// A person's e-mail address.
        Email => "email",
        /// A telephone number.
        Phone => "phone",
        /// A street address.
        Street => "street",
        /// Where the street address is on a map.
        Coordinates => "coordinates",
    }
}

/// A role by reference: built into the policy, or a tenant's own (P-9). Written as one string: the
/// built-in role's name, or the UUID of a tenant's role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleRef {
    /// A role the policy defines, such as `admin`.
    Builtin(BuiltinRole),
    /// A role a tenant added.
    Custom(RoleId),
}

impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin(name) => name.fmt(f),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

impl FromStr for RoleRef {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        // No UUID is shorter, in any form.
        let id = Some(text).filter(|text| text.len() >= 32).and_then(|text| text.parse().ok());
        id.map_or_else(|| BuiltinRole::parse(text).map(Self::Builtin), |id| Ok(Self::Custom(id)))
    }
}

impl Serialize for RoleRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

/// A person or an organisation: whom personal data is about (U-5), on whom a handshake rests (L-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A person.
    User(UserId),
    /// An organisation.
    Tenant(TenantId),
}

impl Subject {
    /// The id, whatever it is the id of.
    pub const fn uuid(self) -> uuid::Uuid {
        match self {
            Self::User(id) => id.uuid(),
            Self::Tenant(id) => id.uuid(),
        }
    }
}

/// Who a command is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Actor {
    /// A person with a home tenant, bound by every rule.
    User(UserId),
    /// The platform's own staff: bound by every invariant but by no relationship; overrides cite a
    /// ticket.
    Operator {
        /// The support ticket that asks for an override.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Ticket>,
    },
    /// Time passing.
    Clock,
}

impl Actor {
    /// An operator without a ticket.
    pub const OPERATOR: Self = Self::Operator { ticket: None };

    /// An operator acting on a support ticket.
    pub const fn operator_for(ticket: Ticket) -> Self {
        Self::Operator { ticket: Some(ticket) }
    }
}

impl From<UserId> for Actor {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

/// A change to an optional value: leave it, replace it, or clear it.
///
/// In JSON: absent leaves it, a value replaces it, `null` clears it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Replace it.
    Set(T),
    /// Clear it.
    Clear,
}

impl<T> Patch<T> {
    /// Whether nothing changes.
    pub(crate) const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T: Clone> Patch<T> {
    /// Carries the change out on `slot`.
    pub fn apply_to(&self, slot: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Set(value) => *slot = Some(value.clone()),
            Self::Clear => *slot = None,
        }
    }
}

impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Set(value) => value.serialize(serializer),
            Self::Keep | Self::Clear => serializer.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}
