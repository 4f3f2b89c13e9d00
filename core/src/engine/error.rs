//! Why the engine does not answer as asked: a refusal, or a broken world. Decides nothing.

use std::sync::Arc;

use serde::Serialize;

use super::token::Token;
use crate::csv::Unwritten;
use crate::refusal::{Code, Refusal};
use crate::rules::Stop;
use crate::store::StoreError;
use crate::view::ViewError;

/// What of a store does not hold (Q-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CorruptionKind {
    /// The chain of records is broken: history itself. Restore a backup.
    Chain,
    /// The records hold, and what is derived from them is wrong: entities, their past, indexes,
    /// receipts, what records are about. Rebuild.
    Derived,
    /// Personal data is not what its record says. Edit or erase whom it is about.
    Personal,
    /// The schema or header of the file is not of this library's make.
    Foreign,
}

/// The first thing that does not hold (Q-3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} at record {seq}: {why}", match kind {
    CorruptionKind::Chain => "the chain is broken",
    CorruptionKind::Derived => "derived data is wrong",
    CorruptionKind::Personal => "personal data is wrong",
    CorruptionKind::Foreign => "the file is not as tenantry makes it",
})]
#[non_exhaustive]
pub struct Corruption {
    /// What does not hold.
    pub kind: CorruptionKind,
    /// The first record that does not hold, or whose trace does not; the head, where that cannot be
    /// told.
    pub seq: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Why the engine does not answer as asked.
///
/// ```
/// use tenantry::store::StoreError;
/// use tenantry::{Code, Error};
///
/// fn what_next(error: &Error) -> &'static str {
///     match error {
///         Error::Refused(refusal) if refusal.code == Code::StaleSeq => "read again, then decide again",
///         Error::Refused(_) => "show the message and the remedy",
///         Error::Store(error) => match &**error {
///             StoreError::Busy { .. } => "try again",
///             StoreError::OutcomeUnknown { .. } => "send the same request id again",
///             _ => "call for help; nothing was written",
///         },
///         Error::Diverged { .. } => "find out who restored the store",
///         Error::Flawed(_) => "find out who wrote to the store, and restore a backup",
///         _ => "call for help",
///     }
/// }
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An expected "no".
    #[error(transparent)]
    Refused(Refusal),
    /// A broken world. Shared, because commands that were to commit together fail together.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// What was answered could not be written out.
    #[error("the rows could not be written: {why}; see to the output and ask again")]
    Output {
        /// What the system says.
        why: String,
    },
    /// A token is not of this history: the store was restored from a backup, or is another one.
    #[error(
        "token `{token}` is not of this store's history; read again from the start, and find out who restored the store"
    )]
    Diverged {
        /// The token.
        token: Token,
    },
    /// The journal does not hold, or the present is not what it leads to (Q-3).
    #[error(transparent)]
    Flawed(Corruption),
}

impl From<Unwritten> for Error {
    fn from(error: Unwritten) -> Self {
        Self::Output { why: error.to_string() }
    }
}

impl Error {
    /// The refusal, if it is one.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Store(_) | Self::Output { .. } | Self::Diverged { .. } | Self::Flawed(_) => None,
        }
    }

    /// The refusal's code, if it is a refusal.
    pub fn code(&self) -> Option<Code> {
        self.refusal().map(|refusal| refusal.code)
    }
}

impl From<Corruption> for Error {
    fn from(flaw: Corruption) -> Self {
        Self::Flawed(flaw)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<ViewError> for Error {
    fn from(error: ViewError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(refusal) => Self::Refused(refusal),
            Stop::Broken(error) => error.into(),
        }
    }
}
