//! What people may do, told once for all who may do the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::markup::Markup;
use crate::base::text::{Permission, Service};
use crate::query::HeldPermission;

/// What somebody may do: for each permission the services, and whether it is with these alone.
type Rights = BTreeMap<Permission, (BTreeSet<Service>, bool)>;

/// Everything that somebody or other may do, each under a letter.
#[derive(Default)]
pub(super) struct Sets {
    sets: Vec<(Rights, usize)>,
}

/// A letter by which the same rights are told of several.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter(usize);

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, last) = (self.0 / 26, self.0 % 26);
        if before > 0 {
            Self(before - 1).fmt(f)?;
        }
        let letter = u8::try_from(last).map_or('?', |last| char::from(b'A' + last));
        write!(f, "{letter}")
    }
}

impl Sets {
    /// The letter of what may be done by one or another of these, for somebody who may do it.
    pub(super) fn of<'a>(&mut self, held: impl IntoIterator<Item = &'a HeldPermission>) -> Letter {
        let letter = self.also(held);
        if let Some((_, holders)) = self.sets.get_mut(letter.0) {
            *holders += 1;
        }
        letter
    }

    /// The same of somebody who was counted before.
    pub(super) fn also<'a>(&mut self, held: impl IntoIterator<Item = &'a HeldPermission>) -> Letter {
        let mut rights = Rights::new();
        for one in held {
            let (services, alone) =
                rights.entry(one.permission.clone()).or_insert_with(|| (BTreeSet::new(), true));
            services.extend(one.services.iter().cloned());
            *alone &= one.services_only;
        }
        let found = self.sets.iter().position(|(known, _)| *known == rights);
        Letter(found.unwrap_or_else(|| {
            self.sets.push((rights, 0));
            self.sets.len() - 1
        }))
    }

    /// How many permissions a letter stands for.
    pub(super) fn count(&self, Letter(place): Letter) -> usize {
        self.sets.get(place).map_or(0, |(rights, _)| rights.len())
    }

    /// Whether nobody may do anything.
    pub(super) const fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// Writes what each letter stands for, by what all of it is possible with.
    pub(super) fn write(&self, page: &mut Markup, services: &BTreeSet<Service>) {
        for (place, (rights, holders)) in self.sets.iter().enumerate() {
            let letter = Letter(place);
            page.raw("<article class=\"card\" id=\"rights-")
                .text(letter)
                .raw("\"><h3><span class=\"letter\">");
            page.text(letter).raw("</span> ").text(rights.len()).raw(" permissions <small>");
            page.text(holders).raw(if *holders == 1 { " holder" } else { " holders" }).raw("</small></h3>");
            let mut by_services: BTreeMap<(bool, &BTreeSet<Service>), Vec<&Permission>> = BTreeMap::new();
            for (permission, (with, alone)) in rights {
                by_services.entry((*alone, with)).or_default().push(permission);
            }
            for ((alone, with), permissions) in by_services {
                if *with != *services || alone {
                    page.raw("<p class=\"with\">").raw(if alone {
                        "Only for "
                    } else {
                        "In general, and for "
                    });
                    page.text(if with.is_empty() { "no service".to_owned() } else { listed(with) })
                        .raw(":</p>");
                }
                page.raw("<dl class=\"permissions\">");
                for (family, words) in families(&permissions) {
                    page.raw("<div><dt>").text(family).raw("</dt><dd>").text(words).raw("</dd></div>");
                }
                page.raw("</dl>");
            }
            page.raw("</article>");
        }
    }
}

/// Permissions by what they are about: `devices.manage` and `devices.view` as `devices` with
/// `manage, view`.
pub(super) fn families<'a>(
    permissions: impl IntoIterator<Item = &'a &'a Permission>,
) -> BTreeMap<&'a str, String> {
    let mut families: BTreeMap<&str, String> = BTreeMap::new();
    for permission in permissions {
        let text = permission.as_str();
        let (family, word) = text.split_once('.').unwrap_or((text, "yes"));
        let words = families.entry(family).or_default();
        if !words.is_empty() {
            words.push_str(", ");
        }
        words.push_str(word);
    }
    families
}

/// Services as they are read out.
pub(super) fn listed(services: &BTreeSet<Service>) -> String {
    services.iter().map(Service::as_str).collect::<Vec<_>>().join(", ")
}
