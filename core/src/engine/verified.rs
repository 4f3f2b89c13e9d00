//! What verifying and rebuilding tell. Plain data.

use serde::Serialize;

use super::token::Token;

/// What holds of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Verified {
    /// The revision up to which it does: a later look may begin here.
    pub token: Token,
    /// Under which rules what is derived was made, where those are older than this library's
    /// (`current`): then the chain and the personal data hold, and nobody can tell by which
    /// older rules the rest was right. `rebuild` makes it anew.
    pub older: Option<u32>,
    /// The number of this library's rules.
    pub current: u32,
    /// The first thing that these rules would have stored otherwise, and where; only of a store
    /// under older ones.
    pub differs: Option<String>,
    /// How many receipts were lost once and made anew by `rebuild`. Their requests are answered as
    /// those of which erasure has forgotten the fingerprint.
    pub lost_receipts: u64,
}

/// What a rebuild led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Rebuilt {
    /// The revision that the store is at, as before.
    pub token: Token,
    /// Under which rules what is derived was; where it is `after`, whatever differed was
    /// wrong.
    pub before: u32,
    /// Under which rules it is now: this library's.
    pub after: u32,
    /// How many rows were stored otherwise than the records lead to, and were put right.
    pub rows: u64,
    /// What the first of them were, and where; at most 32.
    pub differences: Vec<String>,
    /// What cannot be made anew, as no record has it: the first pieces of personal data that are
    /// missing or not what their records say; at most 32. Whoever it is about is edited or erased.
    pub unrecoverable: Vec<String>,
}

/// How far a verification or a rebuild has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// So many records were replayed.
    Records {
        /// The last of them.
        done: u64,
        /// The last there is.
        of: u64,
    },
    /// So many tables were compared with what they lead to.
    Tables {
        /// How many were.
        done: usize,
        /// How many there are.
        of: usize,
    },
}
