//! Permissions and services by number. A name keeps its number whatever policies come and go, so
//! that handles stay valid.

use std::sync::OnceLock;

use super::layout::NAMES;
use crate::model::permission::DESPITE_DISABLED;

/// The last number of the permissions that work on a tenant that is not enabled (T-5), which come
/// first.
pub(super) const OPERATE: u16 = DESPITE_DISABLED.len() as u16;

/// Names and their numbers, which count from 1; 0 stands for a name that is not known.
#[derive(Debug)]
pub(super) struct NameTable(Box<[OnceLock<String>]>);

impl NameTable {
    /// A table of services or permissions, with those up to [`OPERATE`] in their place; no service
    /// is called so.
    pub(super) fn new() -> Self {
        let names = Self((1..NAMES).map(|_| OnceLock::new()).collect());
        for name in DESPITE_DISABLED {
            names.intern(name);
        }
        names
    }

    /// The number of a name; 0 if it has none.
    pub(super) fn number(&self, name: &str) -> u16 {
        let known = self.0.iter().map_while(OnceLock::get);
        known.zip(1..).find(|(known, _)| *known == name).map_or(0, |(_, number)| number)
    }

    /// The number of a name, which is given one if it has none; 0 once the table is full. Only for
    /// the writer.
    pub(super) fn intern(&self, name: &str) -> u16 {
        match self.number(name) {
            0 => {
                let free = self.0.iter().find(|slot| slot.get().is_none());
                free.map_or(0, |slot| {
                    slot.get_or_init(|| name.to_owned());
                    self.number(name)
                })
            }
            known => known,
        }
    }

    /// The name of a number, if it was given out.
    pub(super) fn name(&self, number: u16) -> Option<&str> {
        self.0.get(usize::from(number.checked_sub(1)?))?.get().map(String::as_str)
    }

    /// The names, in the order of their numbers.
    pub(super) fn all(&self) -> Vec<&str> {
        self.0.iter().map_while(OnceLock::get).map(String::as_str).collect()
    }

    /// Every number that was given out.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u16> + use<> {
        let count = self.0.iter().map_while(OnceLock::get).count();
        (1..).take(count)
    }
}
