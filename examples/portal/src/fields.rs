//! What a form or a query string says: names and texts, read one by one into what tenantry takes.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tenantry::model::Patch;

use crate::problem::Problem;

/// The fields, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    /// What a field says; nothing, where it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().filter(|(field, _)| field == name);
        named.map(|(_, text)| text.trim()).find(|text| !text.is_empty())
    }

    /// Everything that fields of this name say: of boxes that are ticked, each.
    pub(crate) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        let named = self.0.iter().filter(move |(field, _)| field == name);
        named.map(|(_, text)| text.trim()).filter(|text| !text.is_empty())
    }

    /// A text that has to be there.
    pub(crate) fn need<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Problem> {
        self.may(name)?.ok_or_else(|| Problem::typed(name, "nothing was given"))
    }

    /// A text that may be left out.
    pub(crate) fn may<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.get(name).map(|text| text.parse().map_err(|flaw| Problem::typed(name, flaw))).transpose()
    }

    /// All that was ticked or listed under a name.
    pub(crate) fn set<T: FromStr<Err: Display> + Ord>(&self, name: &str) -> Result<BTreeSet<T>, Problem> {
        self.all(name).map(|text| text.parse().map_err(|flaw| Problem::typed(name, flaw))).collect()
    }

    /// One of the words that a field can say; whatever else it says is refused.
    pub(crate) fn word<'k>(&self, name: &str, known: &[&'k str]) -> Result<&'k str, Problem> {
        let said = self.may_word(name, known)?;
        said.ok_or_else(|| {
            Problem::typed(name, format!("nothing was given, and it is one of {}", known.join(", ")))
        })
    }

    /// One of the words that a field can say, if it says anything.
    pub(crate) fn may_word<'k>(&self, name: &str, known: &[&'k str]) -> Result<Option<&'k str>, Problem> {
        let Some(said) = self.get(name) else { return Ok(None) };
        let found = known.iter().copied().find(|word| *word == said);
        found.map(Some).ok_or_else(|| Problem::typed(name, format!("it is one of {}", known.join(", "))))
    }

    /// Whether a box was ticked: it says yes, or is not there.
    pub(crate) fn yes(&self, name: &str) -> Result<bool, Problem> {
        match self.0.iter().any(|(field, _)| field == name) {
            true => self.word(name, &["yes"]).map(|_| true),
            false => Ok(false),
        }
    }

    /// A whole number, if there is one.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let number =
            |text: &str| text.parse().map_err(|_| Problem::typed(name, "it is a whole number, like 12"));
        self.get(name).map(number).transpose()
    }

    /// Whether a form was sent with something else than it had in this field, or without saying what it had.
    pub(crate) fn is_changed(&self, name: &str) -> bool {
        let was = was(name);
        let had = self.0.iter().any(|(field, _)| *field == was);
        !had || self.get(&was) != self.get(name)
    }

    /// What a form makes of something that is there already: a field that was emptied clears it; one that the form does
    /// not have, or that says what it said before, keeps it, whatever others have made of it meanwhile.
    pub(crate) fn patch<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Patch<T>, Problem> {
        match self.0.iter().any(|(field, _)| field == name) && self.is_changed(name) {
            false => Ok(Patch::Keep),
            true => Ok(self.may(name)?.map_or(Patch::Clear, Patch::Set)),
        }
    }

    /// The same of what cannot be cleared.
    pub(crate) fn replaced<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        match self.0.iter().any(|(field, _)| field == name) && self.is_changed(name) {
            false => Ok(None),
            true => self.need(name).map(Some),
        }
    }
}

/// What the field is called that says what another one said when the form was made.
pub(crate) fn was(name: &str) -> String {
    format!("was {name}")
}

impl<S: Send + Sync> FromRequestParts<S> for Fields {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}
