//! What rests on a link (L-3, S-2): whatever people of its manager's side have on the tenants that
//! it leads to. Reads a view.

use std::collections::BTreeSet;

use super::graph;
use super::world::World;
use crate::base::ids::TenantId;
use crate::model::{Link, Subject};
use crate::view::{Any, Index, Key, Span, ViewError};

/// How many entries of an index are read at once.
const PAGE: usize = 16;

/// What an index has under the tenants that a link leads to and under the people of its manager's
/// side: all that is under both, and of the rest so much as comes along. It is looked for by the
/// tenants and by the people side by side, and whichever is through first has it, so that neither
/// many of the one nor many of the other make it dear.
///
/// # Errors
/// When the view cannot be read.
pub(super) fn across(
    world: &World<'_>,
    link: &Link,
    of: impl Fn(Subject) -> Span,
) -> Result<Vec<Any>, ViewError> {
    let search = || Search { world, of: &of, open: Vec::new(), seen: BTreeSet::new(), found: Vec::new() };
    let (mut tenants, mut people) = (search(), search());
    tenants.look_below(link.managed);
    let mut homes = graph::above(world, link.manager, &BTreeSet::new())?;
    homes.insert(link.manager);
    let at_home = |home: TenantId| Span::under(Index::UserHome, Key::new().id(home.uuid()));
    people.open.extend(homes.into_iter().map(at_home));
    loop {
        for search in [&mut tenants, &mut people] {
            if search.is_through()? {
                return Ok(std::mem::take(&mut search.found));
            }
        }
    }
}

/// One way to look for it.
struct Search<'w, 'v, F> {
    world: &'w World<'v>,
    of: F,
    open: Vec<Span>,
    seen: BTreeSet<TenantId>,
    found: Vec<Any>,
}

impl<F: Fn(Subject) -> Span> Search<'_, '_, F> {
    /// Reads on, and says whether there was nothing left to read.
    fn is_through(&mut self) -> Result<bool, ViewError> {
        let Some(span) = self.open.pop() else { return Ok(true) };
        let page = self.world.view.scan(&span, PAGE)?;
        if let Some(last) = page.last().filter(|_| page.len() == PAGE) {
            self.open.push(span.after(last.key.clone(), last.id));
        }
        for found in page {
            match found.entity {
                Any::Link(link) if link.is_in_force(self.world.at) => self.look_below(link.managed),
                Any::Link(_) => {}
                Any::User(user) => self.open.push((self.of)(Subject::User(user.id))),
                other => self.found.push(other),
            }
        }
        Ok(false)
    }

    /// Has a tenant and those that it manages looked at.
    fn look_below(&mut self, tenant: TenantId) {
        if self.seen.insert(tenant) {
            self.open.push((self.of)(Subject::Tenant(tenant)));
            self.open.push(Span::under(Index::LinkManager, Key::new().id(tenant.uuid()).flag(true)));
        }
    }
}
