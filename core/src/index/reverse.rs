//! Reverse look-ups on the words of the index (P-12): the tenants on which a user can do something,
//! the users who can do something on a tenant. Candidates are found by assignments, and the check
//! decides about each; where an entry of a list or a user's row says all that the check needs, its
//! evaluator is called on that.

use std::collections::BTreeSet;

use super::check::{IndexQuestion, PermitBits, applying, judge};
use super::handle::{At, TenantHandle, UserHandle};
use super::layout::{
    Assigned, LinkShape, MAX_CHAIN, ManagedEntry, Managers, Tables, TenantWord, UserWord, bit_if, each_seat,
    reason,
};
use super::list;
use super::seqlock::{ReadSection, Reader, prefetch};

/// Finds the tenants on which a user can do something, each once.
pub(super) struct TenantsWhere<'a, A> {
    pub(super) tables: &'a Tables,
    /// The tenant in it does not matter.
    pub(super) asked: IndexQuestion,
    pub(super) at: &'a A,
    /// What was in `found` before is left there.
    pub(super) before: usize,
    pub(super) found: &'a mut Vec<TenantHandle>,
}

impl<A: At> ReadSection for TenantsWhere<'_, A> {
    type Output = ();

    fn run(&mut self, reader: &impl Reader) {
        self.found.truncate(self.before);
        let (tables, number) = (self.tables, self.asked.user);
        let user = tables.user(reader, number);
        if !user.can_act() {
            return;
        }
        let mut away = Vec::new();
        list::each(reader, &tables.heap, tables.away(reader, number), &mut |entry| {
            away.push((entry.number, Assigned::unpack(entry.payload)));
        });
        self.consider(reader, user.home());
        for (tenant, _) in &away {
            self.consider(reader, *tenant);
        }
        // The tenants that can be reached by several ways, so that none is found twice.
        let mut visited = BTreeSet::new();
        match user.reaches() != 0 {
            true if user.has(UserWord::CONFINED) => {
                self.descend(reader, user.home(), &away, &mut visited, 0);
            }
            true => self.below_home(reader, user, &away, &mut visited),
            false => {}
        }
        for (tenant, assigned) in &away {
            if assigned.below {
                self.descend(reader, *tenant, &away, &mut visited, 0);
            }
        }
    }
}

impl<A: At> TenantsWhere<'_, A> {
    fn consider(&mut self, reader: &impl Reader, tenant: u32) {
        let asked = IndexQuestion { tenant, ..self.asked };
        if judge(self.tables, reader, asked, self.at).is_none() {
            self.found.push(TenantHandle::from_number(tenant));
        }
    }

    /// The tenants just below home. Their entries have all that the check needs, unless they have
    /// other managers, their link ends by itself, or the user holds something on them.
    fn below_home(
        &mut self,
        reader: &impl Reader,
        user: UserWord,
        away: &[(u32, Assigned)],
        visited: &mut BTreeSet<u32>,
    ) {
        let tables = self.tables;
        let permit = PermitBits::of(tables, reader, self.asked);
        let flags = user.reaches() | permit.held_by(reader, tables.roles.row(user.role()));
        // What applies on every tenant below that is open and whose link lets the permit pass.
        let always = applying(user, TenantWord::OPEN, &permit, permit.permission().reserved(), flags);
        // The permission to operate works on disabled tenants, and entries do not tell those from
        // deleted ones.
        let operates = permit.permission().operates() != 0;
        let mut assigned_on = away.iter().map(|(tenant, _)| *tenant);
        // Both lists ascend, so the next tenant with an assignment is all there is to compare with.
        let mut next = assigned_on.next().unwrap_or(u32::MAX);
        let mut passing = BranchFreeFilter::default();
        let list = tables.tenant_lists(reader, user.home()).managed;
        list::each(reader, &tables.heap, list, &mut |entry| {
            let managed = ManagedEntry::unpack(entry.payload);
            if managed.is_simple() & !operates && entry.number < next {
                let bars = permit.barred_by(reader, tables.shapes.row(managed.shape()));
                let closed = bit_if(!managed.has(ManagedEntry::OPEN), reason::TENANT_DISABLED);
                let passes = always | bars | closed == 0;
                passing.push(TenantHandle::from_number(entry.number), passes, self.found);
                return;
            }
            while next < entry.number {
                next = assigned_on.next().unwrap_or(u32::MAX);
            }
            if next != entry.number && visited.insert(entry.number) {
                self.consider(reader, entry.number);
            }
            if managed.has(ManagedEntry::MANAGES) {
                self.descend(reader, entry.number, away, visited, 1);
            }
        });
        passing.flush(self.found);
    }

    /// Everything below a tenant, each checked for itself.
    fn descend<R: Reader>(
        &mut self,
        reader: &R,
        tenant: u32,
        away: &[(u32, Assigned)],
        visited: &mut BTreeSet<u32>,
        depth: usize,
    ) {
        let tables = self.tables;
        let home = tables.user(reader, self.asked.user).home();
        each_below(tables, reader, tenant, home, depth, &mut |below| {
            let assigned = away.binary_search_by_key(&below, |(tenant, _)| *tenant).is_ok();
            if !assigned && visited.insert(below) {
                self.consider(reader, below);
            }
        });
    }
}

/// Visits everything below a tenant, as often as links lead to it, but for a home: what is below
/// that is visited from there.
pub(super) fn each_below<R: Reader>(
    tables: &Tables,
    reader: &R,
    tenant: u32,
    home: u32,
    depth: usize,
    visit: &mut dyn FnMut(u32),
) {
    if depth >= MAX_CHAIN || reader.is_stale() {
        return;
    }
    list::each(reader, &tables.heap, tables.tenant_lists(reader, tenant).managed, &mut |entry| {
        if entry.number == home {
            return;
        }
        visit(entry.number);
        if ManagedEntry::unpack(entry.payload).has(ManagedEntry::MANAGES) {
            each_below(tables, reader, entry.number, home, depth + 1, visit);
        }
    });
}

/// Filters handles into a list without a branch for each: all are stored, and the count advances
/// only past those that pass.
struct BranchFreeFilter<H> {
    buffer: [H; 64],
    count: usize,
}

impl<H: Copy + Default> Default for BranchFreeFilter<H> {
    fn default() -> Self {
        Self { buffer: [H::default(); 64], count: 0 }
    }
}

impl<H: Copy> BranchFreeFilter<H> {
    #[inline]
    fn push(&mut self, handle: H, passes: bool, found: &mut Vec<H>) {
        if let Some(place) = self.buffer.get_mut(self.count) {
            *place = handle;
        }
        self.count += usize::from(passes);
        if self.count == self.buffer.len() {
            self.flush(found);
        }
    }

    fn flush(&mut self, found: &mut Vec<H>) {
        found.extend(self.buffer.iter().take(self.count));
        self.count = 0;
    }
}

/// Visits the users who are assigned on a tenant, with what they hold if that is known. Free seats
/// are visited as user 0.
#[inline]
fn each_assigned(
    tables: &Tables,
    reader: &impl Reader,
    tenant: u32,
    visit: &mut impl FnMut(u32, Option<Assigned>),
) {
    let row = tables.tenants.row(tenant);
    if TenantWord::of(reader, row).has(TenantWord::OVERFLOWED) {
        let list = tables.tenant_lists(reader, tenant).assignments;
        list::each(reader, &tables.heap, list, &mut |entry| {
            visit(entry.number, Some(Assigned::unpack(entry.payload)));
        });
        return;
    }
    each_seat(reader, row, |seat| visit(seat.user(), None));
}

/// Visits the users assigned on a tenant, and those assigned on the ones above whose assignments
/// may reach down; some more than once.
pub(super) fn each_above<R: Reader>(
    tables: &Tables,
    reader: &R,
    tenant: u32,
    seen: &mut BTreeSet<u32>,
    depth: usize,
    visit: &mut dyn FnMut(u32),
) {
    if depth > MAX_CHAIN || reader.is_stale() || !seen.insert(tenant) {
        return;
    }
    each_assigned(tables, reader, tenant, &mut |user, assigned| {
        let covers = depth == 0 || assigned.is_none_or(|assigned| assigned.below);
        if covers && user != 0 {
            visit(user);
        }
    });
    match tables.tenant(reader, tenant).managers() {
        Managers::None => {}
        Managers::One { manager, .. } => each_above(tables, reader, manager, seen, depth + 1, visit),
        Managers::Several { block } => {
            for link in tables.links(reader, block) {
                each_above(tables, reader, link.manager, seen, depth + 1, visit);
            }
        }
    }
}

/// Finds the users who can do something on a tenant, each once.
pub(super) struct UsersWhoCan<'a, A> {
    pub(super) tables: &'a Tables,
    /// The user in it does not matter.
    pub(super) asked: IndexQuestion,
    pub(super) at: &'a A,
    /// What was in `found` before is left there.
    pub(super) before: usize,
    pub(super) found: &'a mut Vec<UserHandle>,
    /// The users found who have assignments away from home, and so may be visited again.
    pub(super) visited: BTreeSet<u32>,
}

impl<A: At> ReadSection for UsersWhoCan<'_, A> {
    type Output = ();

    fn run(&mut self, reader: &impl Reader) {
        self.found.truncate(self.before);
        self.visited.clear();
        let tenant = self.tables.tenant(reader, self.asked.tenant);
        let manager = self.tables.tenant(reader, tenant.manager());
        let more = TenantWord::CHAINED | TenantWord::GUESTS;
        if tenant.has_several() || tenant.has(more) || manager.has(TenantWord::GUESTS) {
            let tenant = self.asked.tenant;
            each_above(self.tables, reader, tenant, &mut BTreeSet::new(), 0, &mut |user| {
                self.consider(reader, user)
            });
        } else {
            self.at_a_glance(reader, tenant);
        }
    }
}

impl<A: At> UsersWhoCan<'_, A> {
    /// The users at home on a tenant that has one manager at most, who has none, and those at home
    /// on the manager, all of whom hold there what their own rows say. Nobody else has anything to
    /// do with it, so their rows have all that the check needs.
    fn at_a_glance(&mut self, reader: &impl Reader, tenant: TenantWord) {
        let tables = self.tables;
        let permit = PermitBits::of(tables, reader, self.asked);
        let shape = tables.shapes.row(tenant.shape());
        let locks = reader.load(shape, LinkShape::LOCKS) as u32;
        let as_manager = permit.barred_by(reader, shape) | permit.permission().reserved();
        // Whether the side is closed even to a user whom nothing in their own row keeps out.
        let is_closed = |bars| applying(UserWord::ACTING, tenant, &permit, bars, ALL_FLAGS) != 0;
        let managers = tenant.is_managed() && !is_closed(as_manager);
        // A chain of dependent loads leads to the manager's users: the first is issued ahead of
        // time.
        let ahead = if managers { tables.tenant_lists(reader, tenant.manager()).assignments } else { 0 };
        prefetch(reader.load(tables.heap.row(ahead), 0));
        let mut passing = BranchFreeFilter::default();
        let mut side = |home: u32, bars: u32, below: bool| {
            each_assigned(tables, reader, home, &mut |number, _| {
                let user = tables.user(reader, number);
                let assigned = if below { user.reaches() } else { user.holds() };
                let flags = assigned | permit.held_by(reader, tables.roles.row(user.role()));
                let can = applying(user, tenant, &permit, bars, flags) == 0;
                passing.push(UserHandle::from_number(number), (user.home() == home) & can, self.found);
            });
        };
        if !is_closed(locks) {
            side(self.asked.tenant, locks, false);
        }
        if managers {
            side(tenant.manager(), as_manager, true);
        }
        passing.flush(self.found);
    }

    fn consider(&mut self, reader: &impl Reader, user: u32) {
        let tables = self.tables;
        if judge(tables, reader, IndexQuestion { user, ..self.asked }, self.at).is_some() {
            return;
        }
        if tables.away(reader, user) == 0 || self.visited.insert(user) {
            self.found.push(UserHandle::from_number(user));
        }
    }
}

/// The flags of an assignment whose role holds everything.
const ALL_FLAGS: u32 = reason::NO_ASSIGNMENT | reason::ROLE_LACKS_PERMISSION;
