//! How what is long is turned over, page by page.

use serde::{Deserialize, Serialize};

/// The most rows of a page.
pub const MAX_ROWS: usize = 1_000;

/// How a list is turned over.
///
/// A cursor is sealed with a key of the store: it fits one list with its filter, order and
/// direction, and nobody but the store reads anything from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Paging {
    /// Where the page before ended; none for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many rows, 1 to 1000; 100, if left out.
    pub limit: usize,
    /// Whether the order is turned round.
    pub descending: bool,
}

impl Default for Paging {
    fn default() -> Self {
        Self { cursor: None, limit: 100, descending: false }
    }
}

/// One page of a list. The next one begins after the last row of this, whatever was written in
/// between: no row that stayed where it was is shown twice or left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PageOf{R}"))]
#[non_exhaustive]
pub struct Page<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// Where the next page goes on, if there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
