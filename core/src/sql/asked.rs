//! What a statement asks, read from the values it passes, and what is said where it cannot be
//! answered. Whatever is no id, or `NULL`, is nobody's and nothing's.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::types::ValueRef;
use rusqlite::{Error as SqlError, Result as SqlResult, ffi};
use uuid::Uuid;

use crate::base::ids::UserId;
use crate::base::text::{Permission, Service};
use crate::engine::Error;
use crate::refusal::{Code, Refusal};
use crate::store::StoreError;

/// How much of a name that is none is repeated.
const SHOWN: usize = 64;

/// The longest text of an id: with braces, or as a URN.
const LONGEST: usize = 45;

/// Who wants to do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqlQuestion {
    pub(super) user: UserId,
    pub(super) permission: Permission,
    pub(super) service: Option<Service>,
}

/// The same as it was passed.
#[derive(Clone, Copy)]
pub(super) struct SqlCall<'v> {
    user: UserId,
    permission: ValueRef<'v>,
    service: Option<ValueRef<'v>>,
}

impl<'v> SqlCall<'v> {
    /// What these values ask; nothing, where one of them is of nobody or nothing.
    pub(super) fn of(
        user: ValueRef<'_>,
        permission: ValueRef<'v>,
        service: Option<ValueRef<'v>>,
    ) -> Option<Self> {
        let is_named = permission != ValueRef::Null && service != Some(ValueRef::Null);
        let user = id(user).map(UserId::from_uuid).filter(|_| is_named)?;
        Some(Self { user, permission, service })
    }

    /// Whether this asks the same.
    pub(super) fn is(&self, asked: &SqlQuestion) -> bool {
        let says = |value: ValueRef<'_>, name: &str| value == ValueRef::Text(name.as_bytes());
        self.user == asked.user
            && says(self.permission, asked.permission.as_str())
            && match (self.service, &asked.service) {
                (Some(value), Some(service)) => says(value, service.as_str()),
                (None, None) => true,
                _ => false,
            }
    }

    /// What is asked, in the words of checks.
    ///
    /// # Errors
    /// `unknown_permission`, `unknown_service` where no policy can have such.
    pub(super) fn asked(&self) -> Result<SqlQuestion, Error> {
        let permission = name(self.permission, Code::UnknownPermission)?;
        let service = self.service.map(|service| name(service, Code::UnknownService)).transpose()?;
        Ok(SqlQuestion { user: self.user, permission, service })
    }
}

/// The id that a value is, if it is one: 16 bytes, or a text.
pub(super) fn id(value: ValueRef<'_>) -> Option<Uuid> {
    match value {
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).ok(),
        ValueRef::Text(text) if text.len() <= LONGEST => Uuid::try_parse_ascii(text).ok(),
        _ => None,
    }
}

fn name<N: std::str::FromStr>(value: ValueRef<'_>, unknown: Code) -> Result<N, Error> {
    let text = match value {
        ValueRef::Text(text) => String::from_utf8_lossy(text.get(..4 * SHOWN).unwrap_or(text)),
        _ => "what is no text".into(),
    };
    text.parse().map_err(|_| {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        Refusal::new(unknown, shown).into()
    })
}

/// What a statement is told where it is not answered.
pub(super) fn told(error: &Error) -> SqlError {
    match error {
        Error::Refused(refusal) => {
            let code = refusal.code;
            let (number, name, remedy) = (code.number(), code.name(), code.remedy());
            failure(ffi::SQLITE_ERROR, &format!("{number} {name}: {}; {remedy}", refusal.message()))
        }
        Error::Store(store) => match **store {
            StoreError::Busy { .. } => failure(ffi::SQLITE_BUSY, &error.to_string()),
            _ => failure(ffi::SQLITE_ERROR, &error.to_string()),
        },
        _ => failure(ffi::SQLITE_ERROR, &error.to_string()),
    }
}

/// An error of a statement.
pub(super) fn failure(code: i32, why: &str) -> SqlError {
    SqlError::SqliteFailure(ffi::Error::new(code), Some(format!("tenantry: {why}")))
}

/// Answers a call of SQLite's, which no panic may cross.
pub(super) fn guarded<T>(answer: impl FnOnce() -> SqlResult<T>) -> SqlResult<T> {
    catch_unwind(AssertUnwindSafe(answer))
        .unwrap_or_else(|_| Err(failure(ffi::SQLITE_INTERNAL, "it has failed, by a fault of its own")))
}
