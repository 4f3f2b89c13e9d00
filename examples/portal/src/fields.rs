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

    /// What a form makes of something that is there already: a field that was emptied clears it, one that the form does
    /// not have keeps it.
    pub(crate) fn patch<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Patch<T>, Problem> {
        match self.0.iter().any(|(field, _)| field == name) {
            false => Ok(Patch::Keep),
            true => Ok(self.may(name)?.map_or(Patch::Clear, Patch::Set)),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Fields {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}
