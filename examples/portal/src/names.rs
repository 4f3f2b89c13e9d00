//! What ids are called, as far as whoever looks may know it: from the lists that tell them. An id by itself has no name.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use tenantry::query::{Customers, Managers, Paging, Places, TenantAccess, Users};
use tenantry::{TenantId, UserId};

use crate::frame::Reader;
use crate::problem::{Problem, told};
use crate::words;

/// Of how many tenants the people are looked up for one page.
const MOST: usize = 20;

/// Names of people and organisations.
#[derive(Debug, Default)]
pub(crate) struct Names {
    people: BTreeMap<UserId, String>,
    tenants: BTreeMap<TenantId, String>,
}

impl Names {
    /// The names that somebody may know of those at home and at some tenants, and of whoever can reach these.
    pub(crate) fn of(
        reader: &Reader<'_>,
        tenants: impl IntoIterator<Item = TenantId>,
    ) -> Result<Self, Problem> {
        let mut names = Self::default();
        let (actor, all) = (reader.actor(), Paging { limit: 1_000, ..Paging::default() });
        let own = &reader.own;
        let places = told(reader.now.ask(Places { paging: all.clone(), ..Places::new(actor.clone()) }))?;
        let places = places.map(|page| page.rows).unwrap_or_default();
        names.tenants.insert(own.home, own.organisation.clone());
        names.tenants.extend(own.bonds().iter().map(|bond| (bond.other, bond.name.clone())));
        names.tenants.extend(places.into_iter().map(|place| (place.tenant, place.name.to_string())));
        names.person(reader.person.user, own.name.clone(), None);
        let tenants: BTreeSet<TenantId> = [own.home].into_iter().chain(tenants).take(MOST).collect();
        for at in tenants {
            let users = Users { paging: all.clone(), ..Users::new(actor.clone(), at) };
            for row in told(reader.now.ask(users))?.map(|page| page.rows).unwrap_or_default() {
                names.person(
                    row.user,
                    row.name.map(|name| name.to_string()),
                    row.email.map(|it| it.to_string()),
                );
            }
            let managers = Managers { paging: all.clone(), ..Managers::new(actor.clone(), at) };
            for row in told(reader.now.ask(managers))?.map(|page| page.rows).unwrap_or_default() {
                names.tenants.insert(row.manager.tenant, row.manager.name.to_string());
            }
            // Whoever is disabled is nobody's place, and a customer still.
            let below = Customers { paging: all.clone(), ..Customers::new(actor.clone(), at) };
            for row in told(reader.now.ask(below))?.map(|page| page.rows).unwrap_or_default() {
                names.tenants.insert(row.tenant, row.name.to_string());
            }
            let access = TenantAccess { paging: all.clone(), ..TenantAccess::new(actor.clone(), at) };
            for row in told(reader.now.ask(access))?.map(|page| page.rows).unwrap_or_default() {
                names.person(
                    row.user,
                    row.name.map(|name| name.to_string()),
                    row.email.map(|it| it.to_string()),
                );
            }
        }
        Ok(names)
    }

    fn person(&mut self, user: UserId, name: Option<String>, email: Option<String>) {
        if let Some(called) = name.or(email) {
            self.people.insert(user, called);
        }
    }

    /// Those who have a name here.
    pub(crate) fn known(&self, users: impl IntoIterator<Item = UserId>) -> Vec<&str> {
        users.into_iter().filter_map(|user| self.people.get(&user)).map(String::as_str).collect()
    }

    /// What an organisation is called, within a line.
    pub(crate) fn organisation(&self, tenant: TenantId) -> &str {
        self.tenants.get(&tenant).map_or("an organisation", String::as_str)
    }

    /// What a refusal says, of those who have a name here by that.
    pub(crate) fn in_place_of_ids(&self, said: &str) -> String {
        let parts = said.split('`').map(|part| {
            let tenant = part.parse().ok().and_then(|id: TenantId| self.tenants.get(&id));
            let user = || part.parse().ok().and_then(|id: UserId| self.people.get(&id));
            tenant.or_else(user).map_or(part, String::as_str)
        });
        parts.collect::<Vec<_>>().join("`")
    }

    /// What somebody is called.
    pub(crate) fn user(&self, user: UserId) -> Markup {
        html! {
            @match self.people.get(&user) {
                Some(name) => (words::name(name)),
                None => span.soft { "somebody" },
            }
        }
    }

    /// What an organisation is called.
    pub(crate) fn tenant(&self, tenant: TenantId) -> Markup {
        html! {
            @match self.tenants.get(&tenant) {
                Some(name) => (words::name(name)),
                None => span.soft { "an organisation" },
            }
        }
    }
}
