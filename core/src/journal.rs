//! The journal: records in a hash chain. Encodes, decodes and verifies them; never stores them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::base::ids::RequestId;
use crate::base::text::hex;
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::model::{Actor, Subject};

/// The hash of a record: SHA-256 over the hash of the one before and the record's text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first record chains to.
    pub const GENESIS: Self = Self([0; 32]);

    /// A hash as a store kept it.
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of a record's text after this one.
    #[must_use]
    pub fn chain(&self, text: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(text.as_bytes());
        Self(hasher.finalize().into())
    }

    /// The hash of a text, or of bytes, by itself.
    pub fn of(text: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(text).into())
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a hash of 64 hexadecimal digits")]
pub struct NotAHash;

impl std::str::FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAHash);
        }
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * place..2 * place + 2).ok_or(NotAHash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(bytes))
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The text is not a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a record: {why}")]
#[non_exhaustive]
pub struct NotARecord {
    /// What in it cannot be read.
    pub why: String,
}

/// The number of the rules of `apply`: what events make of the world, and how that is kept. It goes
/// up with each change by which old records would lead to another world than they did; that world
/// is made anew then (`rebuild`), and nobody takes the old one for tampered with.
pub(crate) const RULES: u32 = 2;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
const fn is_none(rules: &u32) -> bool {
    *rules == 0
}

/// What the JSON of records of before a number of the rules has to become to be read as one of that
/// number: a field that was renamed, an event that was split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upcast {
    /// The number that it leads to: it is done to records of lesser ones.
    pub(crate) to: u32,
    /// What it does to one record. The text that is stored and hashed stays as it is.
    pub(crate) run: fn(&mut Value),
}

/// Every such step, in the order of numbers.
pub(crate) const UPCASTS: &[Upcast] = &[];

/// What a record says of somebody's personal data: that it was this and no other, and nothing of
/// what it was (Q-3, U-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Commitment {
    /// Whose data.
    pub subject: Subject,
    /// The hash over whose it is, a random salt and the data. Both are kept where they are erased
    /// together; nobody can guess the data from what is left.
    pub hash: Hash,
}

impl Commitment {
    /// To what is known about a subject, as it is kept: a text with a salt in it.
    pub(crate) fn to(subject: Subject, text: &str) -> Self {
        let kind = match subject {
            Subject::Tenant(_) => "tenant",
            Subject::User(_) => "user",
        };
        Self { subject, hash: Hash::of(format!("{kind} {} {text}", subject.uuid())) }
    }
}

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub struct Record {
    /// Its number: 1, 2, 3 and so on without a gap. Also the revision of the state after it.
    pub seq: u64,
    /// The number of the rules of `apply` that it was written under: what events make of the world.
    /// 0 for records of before they had one.
    #[serde(default, skip_serializing_if = "is_none")]
    pub rules: u32,
    /// When it was written; never before the record before.
    pub at: Timestamp,
    /// Who it is from.
    pub actor: Actor,
    /// The request that led to it; absent where time passing or a refusal did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// A commitment to what the request was: the hash of its salted fingerprint, which its receipt
    /// keeps and erasure takes away (X-7, U-5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Hash>,
    /// The name of the command; `sweep` for what the clock does.
    pub command: String,
    /// What happened.
    pub events: Vec<Event>,
    /// Commitments to the personal data that was written with it; whose was erased, `events` say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personal: Vec<Commitment>,
}

impl Record {
    /// The record's text, which is what is stored and hashed.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("records have string keys and finite numbers")
    }

    /// Reads a record from its text.
    ///
    /// # Errors
    /// When the text is not a record.
    pub fn decode(text: &str) -> Result<Self, NotARecord> {
        Self::upcast(text, UPCASTS)
    }

    /// The same by other steps than those there are: what is written under older rules is brought
    /// up to today's here and nowhere else.
    ///
    /// # Errors
    /// When the text is not a record, or is none after the steps.
    pub(crate) fn upcast(text: &str, steps: &[Upcast]) -> Result<Self, NotARecord> {
        #[derive(Deserialize)]
        struct Written {
            #[serde(default)]
            rules: u32,
        }
        let refused = |error: serde_json::Error| NotARecord { why: error.to_string() };
        let Some(last) = steps.last() else { return serde_json::from_str(text).map_err(refused) };
        let Written { rules } = serde_json::from_str(text).map_err(refused)?;
        if rules >= last.to {
            return serde_json::from_str(text).map_err(refused);
        }
        let mut record = serde_json::from_str(text).map_err(refused)?;
        steps.iter().filter(|step| rules < step.to).for_each(|step| (step.run)(&mut record));
        serde_json::from_value(record).map_err(refused)
    }
}

/// Where the journal ends. The hash tells a restored backup or a fork of history from what it
/// pretends to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last record's number; 0 where there is none.
    pub seq: u64,
    /// The last record's hash.
    pub hash: Hash,
    /// When the last record was written, if there is one.
    pub at: Option<Timestamp>,
}

impl Head {
    /// The end of an empty journal.
    pub const EMPTY: Self = Self { seq: 0, hash: Hash::GENESIS, at: None };

    /// The moment that is asked about where a clock says this: none before the last record.
    pub(crate) fn moment(&self, now: Timestamp) -> Timestamp {
        self.at.map_or(now, |last| last.max(now))
    }
}
