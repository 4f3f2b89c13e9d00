//! Which ids exist, each a type of its own so that none can stand in for another. It never makes
//! one: ids come in as arguments.
//!
//! ```
//! use tenantry::base::ids::{NotAnId, UserId};
//!
//! let user: UserId = "0198c0de-0000-7000-8000-0000000000ab".parse()?;
//! assert_eq!(UserId::from_uuid(user.uuid()), user);
//! assert!("ada".parse::<UserId>().is_err());
//! # Ok::<(), NotAnId>(())
//! ```

#[cfg(feature = "schema")]
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[cfg(feature = "schema")]
use super::declare::documented;

/// An id: a UUID, and what it is the id of, which is part of its type.
///
/// Shown, read and serialised as a UUID; shown hyphenated and lower-case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct Id<T>(Uuid, PhantomData<T>);

/// The text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an id; write it as a UUID, like 0198c0de-0000-7000-8000-0000000000ab")]
pub struct NotAnId;

impl<T> Id<T> {
    /// The id that this UUID stands for.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The UUID itself, for keys and bindings.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0.as_hyphenated(), f)
    }
}

impl<T: of::Thing> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", T::ID)
    }
}

impl<T> FromStr for Id<T> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Uuid::parse_str(text).map(Self::from_uuid).map_err(|_| NotAnId)
    }
}

#[cfg(feature = "schema")]
impl<T: of::Thing> schemars::JsonSchema for Id<T> {
    fn schema_name() -> Cow<'static, str> {
        T::ID.into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let description =
            documented(T::MEANING, "Shown, read and serialised as a UUID; shown hyphenated and lower-case.");
        schemars::json_schema!({"type": "string", "format": "uuid", "description": description})
    }
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident = $thing:ident;)*) => {
        $($(#[doc = $doc])* pub type $name = Id<of::$thing>;)*

        /// What there are ids of. Never values: they tell ids apart.
        mod of {
            /// What makes an id one of its kind.
            pub trait Thing {
                /// What the type of the id is called.
                const ID: &'static str;
                /// What its documentation says.
                const MEANING: &'static [&'static str];
            }

            $(
                #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
                pub enum $thing {}

                impl Thing for $thing {
                    const ID: &'static str = stringify!($name);
                    const MEANING: &'static [&'static str] = &[$($doc),*];
                }
            )*
        }
    };
}

ids! {
    /// A tenant: an MSP, a customer or a reseller (T-1).
    TenantId = Tenant;
    /// A user, who has one home tenant (U-1).
    UserId = User;
    /// One manager–managed relationship, from its start to its end; a later one is another link
    /// (D-7).
    LinkId = Link;
    /// A request to link an existing tenant (L-2).
    LinkRequestId = LinkRequest;
    /// What is proposed on a living link (L-6, L-9).
    ProposalId = Proposal;
    /// A tenant's invitation to an MSP, to ask to manage it (L-10).
    ManagerInvitationId = ManagerInvitation;
    /// An invitation of a person to a tenant (U-2).
    InvitationId = Invitation;
    /// A role, built in or a tenant's own (P-9).
    RoleId = Role;
    /// An assignment of a role to a user on a tenant (P-10).
    AssignmentId = Assignment;
    /// A reseller's upload of devices (V-2).
    UploadId = Upload;
    /// What is left of an upload with one holder, by one way of getting there (V-3).
    HoldingId = Holding;
    /// A move of devices from an MSP's pool to a customer (V-7).
    MoveId = Move;
    /// An integration that a tenant owns (I-1).
    IntegrationId = Integration;
    /// A licence (C-1).
    LicenceId = Licence;
    /// A console session (S-1).
    SessionId = Session;
    /// One request to execute a command; executing it again answers with the first receipt.
    RequestId = Request;
}
