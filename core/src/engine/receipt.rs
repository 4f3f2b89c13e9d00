//! What an executed command answers with. Plain data.

use serde::Serialize;

use super::error::Error;
use super::token::Token;
use crate::base::time::Timestamp;
use crate::event::Event;

/// What an executed command answers with; the same again when the request is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Receipt<T> {
    /// The revision after it.
    pub token: Token,
    /// When it was executed.
    pub at: Timestamp,
    /// What the command answers.
    pub outcome: T,
}

impl<T> Receipt<T> {
    /// The record it led to.
    pub const fn seq(&self) -> u64 {
        self.token.seq
    }

    pub(super) fn map<U>(self, read: impl FnOnce(T) -> U) -> Receipt<U> {
        Receipt { token: self.token, at: self.at, outcome: read(self.outcome) }
    }
}

/// What became of a request: its receipt with the events it led to, or why there is none.
pub type Executed = Result<Receipt<Vec<Event>>, Error>;
