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

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Any of the ids, for what is the same for all of them.
pub(crate) trait Id: Copy + fmt::Display {
    /// The id that this UUID stands for.
    fn of(uuid: Uuid) -> Self;

    /// The UUID itself.
    fn bare(self) -> Uuid;
}

/// The text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an id; write it as a UUID, like 0198c0de-0000-7000-8000-0000000000ab")]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Shown, read and serialised as a UUID; shown hyphenated and lower-case.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id that this UUID stands for.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself, for keys and bindings.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl Id for $name {
            fn of(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn bare(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::parse_str(text).map(Self).map_err(|_| NotAnId)
            }
        }
    )*};
}

ids! {
    /// A tenant: an MSP, a customer or a reseller (T-1).
    TenantId;
    /// A user, who has one home tenant (U-1).
    UserId;
    /// One manager–managed relationship, from its start to its end; a later one is another link
    /// (D-7).
    LinkId;
    /// A request to link an existing tenant (L-2).
    LinkRequestId;
    /// What is proposed on a living link (L-6, L-9).
    ProposalId;
    /// A tenant's invitation to an MSP, to ask to manage it (L-10).
    ManagerInvitationId;
    /// An invitation of a person to a tenant (U-2).
    InvitationId;
    /// A role, built in or a tenant's own (P-9).
    RoleId;
    /// An assignment of a role to a user on a tenant (P-10).
    AssignmentId;
    /// A reseller's upload of devices (V-2).
    UploadId;
    /// What is left of an upload with one holder, by one way of getting there (V-3).
    HoldingId;
    /// A move of devices from an MSP's pool to a customer (V-7).
    MoveId;
    /// An integration that a tenant owns (I-1).
    IntegrationId;
    /// A licence (C-1).
    LicenceId;
    /// A console session (S-1).
    SessionId;
    /// One request to execute a command; executing it again answers with the first receipt.
    RequestId;
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0198c0de-0000-7000-8000-0000000000ab";

    #[test]
    fn an_id_is_shown_and_read_as_the_same_text() {
        let id: TenantId = TEXT.parse().unwrap();
        assert_eq!(id.to_string(), TEXT);
        assert_eq!(format!("{id:?}"), format!("TenantId({TEXT})"));
        assert_eq!(TenantId::from_uuid(id.uuid()), id);
        assert_eq!(TEXT.to_uppercase().parse::<TenantId>().unwrap(), id);
    }

    #[test]
    fn an_id_is_serialised_as_a_string() {
        let id: LinkId = TEXT.parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{TEXT}\""));
        assert_eq!(serde_json::from_str::<LinkId>(&json).unwrap(), id);
    }

    #[test]
    fn what_is_not_a_uuid_is_no_id() {
        for text in
            ["", "lnk_7", "0198c0de-0000-7000-8000-0000000000a", "0198c0de-0000-7000-8000-0000000000ag"]
        {
            assert!(text.parse::<UserId>().is_err(), "{text:?}");
        }
    }
}
