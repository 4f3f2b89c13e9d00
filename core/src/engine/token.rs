//! Revision tokens: which store, which record, which hash. Tells histories apart; reads no store.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::journal::Hash;

/// A revision of a store: which store, which record, and its hash, so that a restored backup or a
/// fork of history is noticed and not believed. Written as `epoch.seq.hash`.
///
/// ```
/// use tenantry::{Actor, Engine, TenantKind, Token, command::RegisterTenant};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::memory()?;
/// let register = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
/// let seen = engine.execute(Actor::OPERATOR, register)?.token.to_string();
///
/// // Later, perhaps in another process: what the holder has seen is there.
/// let token: Token = seen.parse()?;
/// engine.confirm(&token)?;
/// let another = Engine::memory()?;
/// assert!(another.confirm(&token).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The store.
    pub epoch: Uuid,
    /// The record.
    pub seq: u64,
    /// The record's hash.
    pub hash: Hash,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.epoch, self.seq, self.hash)
    }
}

/// The text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a revision token; use one as it was given out")]
pub struct NotAToken;

impl FromStr for Token {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let mut parts = text.split('.');
        let (Some(epoch), Some(seq), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAToken);
        };
        Ok(Self {
            epoch: epoch.parse().map_err(|_| NotAToken)?,
            seq: seq.parse().map_err(|_| NotAToken)?,
            hash: hash.parse().map_err(|_| NotAToken)?,
        })
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
