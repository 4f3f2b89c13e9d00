//! What people call what has an id, as far as it was told.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::markup::Markup;
use crate::model::RoleRef;

/// What things are called that were told along with something else.
#[derive(Debug, Default)]
pub(crate) struct NamesTold(BTreeMap<Uuid, Called>);

/// What something is called, and what tells it from others of that name.
#[derive(Debug)]
struct Called {
    name: String,
    beside: Option<String>,
}

impl NamesTold {
    /// Notes what something is called, where nothing is noted yet.
    pub(crate) fn note(&mut self, id: Uuid, name: impl ToString, beside: Option<String>) {
        self.0.entry(id).or_insert_with(|| Called { name: name.to_string(), beside });
    }

    /// The same of a person, by their name or their address; of whom neither is told, nothing.
    pub(crate) fn note_person(
        &mut self,
        id: Uuid,
        name: Option<&impl ToString>,
        email: Option<&impl ToString>,
    ) {
        let (name, email) = (name.map(ToString::to_string), email.map(ToString::to_string));
        match (name, email) {
            (Some(name), email) => self.note(id, name, email),
            (None, Some(email)) => self.note(id, email, None),
            (None, None) => {}
        }
    }

    /// Whether something is noted.
    pub(crate) fn has(&self, id: Uuid) -> bool {
        self.0.contains_key(&id)
    }

    /// Writes what something is called; the end of its id, where that is not told.
    pub(super) fn write(&self, page: &mut Markup, id: Uuid) {
        match self.0.get(&id) {
            Some(called) => drop(page.name(&called.name)),
            None if id.is_nil() => drop(page.raw("somebody there")),
            None => {
                let text = id.to_string();
                let last = text.get(text.len() - 8..).unwrap_or_default();
                page.raw("<code title=\"").text(&text).raw("\">…").text(last).raw("</code>");
            }
        }
    }

    /// The same, with what tells it from others of that name.
    pub(super) fn write_fully(&self, page: &mut Markup, id: Uuid) {
        self.write(page, id);
        if let Some(beside) = self.0.get(&id).and_then(|called| called.beside.as_ref()) {
            page.raw(" <small>").name(beside).raw("</small>");
        }
    }

    /// Writes what a role is called.
    pub(super) fn write_role(&self, page: &mut Markup, role: &RoleRef) {
        match role {
            RoleRef::Builtin(name) => drop(page.text(spaced(name.as_str()))),
            RoleRef::Custom(id) => self.write(page, id.uuid()),
        }
    }
}

/// A word of ours as people write it: `super_admin` as `super admin`.
pub(super) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}
