//! What a restore tells. Plain data.

use serde::Serialize;

use super::token::Token;
use crate::model::Subject;

/// What a restore led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Restored {
    /// The revision that the store is at now. Its epoch is new: tokens and cursors of before are
    /// refused.
    pub token: Token,
    /// The last record that the backup and the replaced store have in common; the backup's last,
    /// where nothing was replaced.
    pub common: u64,
    /// The last record that the replaced store had; none, where nothing was replaced. The records
    /// after `common` up to this one are lost, and their receipts with them.
    pub replaced: Option<u64>,
    /// How many records that are.
    pub lost: u64,
    /// Whose personal data was erased in the lost records, and so was erased again (U-5). Users
    /// among them are removed again, too.
    pub erased: Vec<Subject>,
}
