//! The name under which a host's connection knows a store's file, and statements that say it: a
//! host may have tables of the same names in another file, or for the time being.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file among those of a connection: `main`, or as it was attached.
pub(super) struct Schema {
    name: String,
    /// The statements that name it already.
    named: RefCell<BTreeMap<&'static str, Arc<str>>>,
}

impl Schema {
    pub(super) fn new(name: String) -> Self {
        Self { name, named: RefCell::default() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The name as a part of a statement.
    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.name.replace('"', "\"\""))
    }

    /// One of our statements, whose tables stand in small letters after what names a table.
    pub(super) fn named(&self, sql: &'static str) -> Arc<str> {
        if let Some(named) = self.named.borrow().get(sql) {
            return Arc::clone(named);
        }
        let mut text = String::with_capacity(sql.len() + 64);
        let mut names_next = false;
        for word in sql.split_inclusive(' ') {
            if names_next && word.starts_with(|c: char| c.is_ascii_lowercase()) {
                text += &self.quoted();
                text.push('.');
            }
            text += word;
            names_next = matches!(word.trim_start_matches('('), "FROM " | "JOIN " | "INTO " | "UPDATE ");
        }
        let named: Arc<str> = text.into();
        self.named.borrow_mut().insert(sql, Arc::clone(&named));
        named
    }
}
