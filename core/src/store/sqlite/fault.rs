//! What went wrong, in the words of the port. Never repeats what was stored: it may be personal
//! data.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::store::StoreError;
use crate::view::ViewError;

/// An error on its way to the port.
#[derive(Debug)]
pub(super) struct SqliteFault(pub(super) StoreError);

pub(super) type Result<T> = std::result::Result<T, SqliteFault>;

/// The file cannot be opened, for this reason.
pub(super) fn cannot_open(path: &Path, why: impl ToString) -> SqliteFault {
    SqliteFault(StoreError::CannotOpen { path: path.to_owned(), why: why.to_string() })
}

/// The store is damaged.
pub(super) fn damaged(what: impl Into<String>) -> SqliteFault {
    SqliteFault(StoreError::Damaged { what: what.into() })
}

impl From<StoreError> for SqliteFault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<SqliteFault> for StoreError {
    fn from(fault: SqliteFault) -> Self {
        fault.0
    }
}

impl From<SqliteFault> for ViewError {
    fn from(fault: SqliteFault) -> Self {
        Self::new(fault.0)
    }
}

impl From<Error> for SqliteFault {
    fn from(error: Error) -> Self {
        let code = error.sqlite_error_code();
        Self(match (&error, code) {
            (_, Some(ErrorCode::DiskFull)) => StoreError::Full,
            (_, Some(ErrorCode::ReadOnly)) => StoreError::ReadOnly,
            (_, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => {
                StoreError::Busy { waited_ms: 0 }
            }
            // What is written was derived from what is there: a row in its way should not be.
            (
                _,
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation),
            ) => StoreError::Damaged { what: error.to_string() },
            (Error::SqliteFailure(..), _) => StoreError::Io(error.to_string()),
            // Tables and columns are not as this library made them.
            _ => StoreError::Damaged { what: error.to_string() },
        })
    }
}

/// Whether somebody else holds what was asked for.
pub(super) fn is_busy(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether SQLite could not open, make or finish what belongs to a log.
pub(super) fn has_no_log(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Whether a failed commit can leave nothing behind that a recovery would take for a commit.
///
/// Its last frame may be in the log when a flush or what comes after it fails.
pub(super) fn surely_undone(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::DatabaseBusy
                | ErrorCode::ReadOnly
                | ErrorCode::ConstraintViolation
        )
    )
}
