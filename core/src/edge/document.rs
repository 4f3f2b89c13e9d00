//! A JSON object in the form of a standard, and how it is read: by name, whatever else is in it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::time::Timestamp;
use crate::engine::Error;
use crate::journal::Hash;

/// A JSON object in the form of a standard, which says what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Document(pub Map<String, Value>);

impl Document {
    /// These members.
    pub(super) fn of<const N: usize>(members: [(&str, Value); N]) -> Self {
        Self(members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
    }

    /// The same and one more, where there is one.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        Self::Object(document.0)
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

/// Why there is no answer in the form of a standard.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeError {
    /// The document is not what the standard asks for.
    #[error("at {path}: {why}")]
    Malformed {
        /// Where in it, such as `subject.id`.
        path: String,
        /// What is wrong there.
        why: String,
    },
    /// The engine has no answer.
    #[error(transparent)]
    Asked(#[from] Error),
}

impl EdgeError {
    pub(super) fn malformed(path: &str, why: impl fmt::Display) -> Self {
        Self::Malformed { path: path.to_owned(), why: why.to_string() }
    }
}

/// An object within a document, and where it lies. Members that nobody asks for are passed over, as
/// standards want it.
#[derive(Clone, Copy)]
pub(super) struct Portion<'d> {
    members: &'d Map<String, Value>,
    path: &'d str,
}

impl<'d> Portion<'d> {
    /// The whole document.
    pub(super) const fn whole(document: &'d Document) -> Self {
        Self { members: &document.0, path: "" }
    }

    /// A value that must be an object.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn of(value: &'d Value, path: &'d str) -> Result<Self, EdgeError> {
        match value {
            Value::Object(members) => Ok(Self { members, path }),
            _ => Err(EdgeError::malformed(path, "expected an object")),
        }
    }

    fn place(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn wrong(&self, name: &str, why: &str) -> EdgeError {
        EdgeError::malformed(&self.place(name), why)
    }

    /// A member, if it is there; what is null is not.
    pub(super) fn get(&self, name: &str) -> Option<&'d Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Whether a member is there and says nothing: where its absence would widen what is asked,
    /// that is no absence.
    pub(super) fn is_null(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(Value::is_null)
    }

    /// An object within, if it is there.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn within(&self, name: &'d str) -> Result<Option<Self>, EdgeError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self { members, path: name })),
            Some(_) => Err(self.wrong(name, "expected an object")),
        }
    }

    /// The items of a list, if it is there.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn items(&self, name: &str) -> Result<&'d [Value], EdgeError> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.wrong(name, "expected an array")),
        }
    }

    /// A text, if it is there.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn maybe_text(&self, name: &str) -> Result<Option<&'d str>, EdgeError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "expected a string")),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// When it is not, or is something else.
    pub(super) fn text(&self, name: &str) -> Result<&'d str, EdgeError> {
        self.maybe_text(name)?.ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// A number that counts something, if it is there.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, EdgeError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(count) => Ok(Some(count)),
                None => Err(self.wrong(name, "expected an integer that is not negative")),
            },
        }
    }
}

/// Events in the form of a standard, and how far they reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EdgeEvents {
    /// The events, in order.
    pub events: Vec<Document>,
    /// The record that they reach to: whoever has done with all of them goes on after this one.
    pub through: u64,
}

impl EdgeEvents {
    /// The events as JSON Lines: one on a line, each with its end.
    pub fn lines(&self) -> String {
        self.events.iter().map(|event| format!("{event}\n")).collect()
    }
}

/// As a standard's clocks count: seconds since 1970.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// Some digits that tell what is told of one record apart, the same each time that it is told.
pub(super) fn digits(told: &impl Serialize) -> String {
    let text = serde_json::to_string(told).expect("what is told has string keys and finite numbers");
    Hash::of(text).to_string().chars().take(16).collect()
}
