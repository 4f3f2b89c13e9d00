//! The reverse of a check on words (P-12): the tenants on which a user can do something, the users who can do something on
//! a tenant. Finds candidates by assignments and lets the check decide, but where an entry of a manager's list says all
//! there is to say.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::check::{Ask, Terms, barred, held, judge};
use super::list;
use super::rows::{Above, Below, HeadWord, Held, MAX_CHAIN, PersonWord, SHAPE_LOCKS, Spaces, each_seat};
use super::words::{Reader, Reading};
use super::{AccessIndex, At, Overtaken, Permit, TenantHandle, UserHandle};

impl AccessIndex {
    /// The tenants on which a user can do this (P-12), each once, added to `found`; and the revision they were read at.
    ///
    /// # Errors
    /// When writers changed the index again and again meanwhile; `found` is as it was.
    pub fn tenants_where(
        &self,
        user: UserHandle,
        permit: impl Into<Permit>,
        at: impl At,
        found: &mut Vec<TenantHandle>,
    ) -> Result<u64, Overtaken> {
        let ask = Ask::new(user, permit.into(), TenantHandle(0));
        let before = found.len();
        let result = self.long(TenantsWhere { spaces: &self.spaces, ask, at: &at, before, found });
        if result.is_err() {
            found.truncate(before);
        }
        Ok(result?.1)
    }

    /// The users who can do this on a tenant (P-12), each once, added to `found`; and the revision they were read at.
    ///
    /// # Errors
    /// When writers changed the index again and again meanwhile; `found` is as it was.
    pub fn users_who_can(
        &self,
        permit: impl Into<Permit>,
        tenant: TenantHandle,
        at: impl At,
        found: &mut Vec<UserHandle>,
    ) -> Result<u64, Overtaken> {
        let ask = Ask::new(UserHandle(0), permit.into(), tenant);
        let before = found.len();
        let result = self.long(UsersWhoCan {
            spaces: &self.spaces,
            ask,
            at: &at,
            before,
            found,
            several: BTreeSet::new(),
        });
        if result.is_err() {
            found.truncate(before);
        }
        Ok(result?.1)
    }
}

struct TenantsWhere<'a, A> {
    spaces: &'a Spaces,
    ask: Ask,
    at: &'a A,
    before: usize,
    found: &'a mut Vec<TenantHandle>,
}

impl<A: At> Reading for TenantsWhere<'_, A> {
    type Found = ();

    fn read(&mut self, reader: &impl Reader) {
        self.found.truncate(self.before);
        let (spaces, user) = (self.spaces, self.ask.user);
        if barred(spaces, reader, user).is_some() {
            return;
        }
        let home = spaces.person(reader, user).home;
        let mut away = Vec::new();
        let _ = list::each(reader, &spaces.heap, spaces.away(reader, user), &mut |entry| {
            away.push((entry.number, Held::unpack(entry.payload)));
            ControlFlow::Continue(())
        });
        self.consider(reader, home);
        for (tenant, _) in &away {
            self.consider(reader, *tenant);
        }
        // Where a tenant can be come to by several ways, it is remembered.
        let mut several = BTreeSet::new();
        if let Some(own) = held(spaces, reader, home, user).filter(|held| held.below) {
            self.below_home(reader, home, own, &away, &mut several);
        }
        for (tenant, held) in &away {
            if held.below {
                self.descend(reader, *tenant, &away, &mut several, 0);
            }
        }
    }
}

impl<A: At> TenantsWhere<'_, A> {
    fn consider(&mut self, reader: &impl Reader, tenant: u32) {
        let ask = Ask { tenant, ..self.ask };
        if judge(self.spaces, reader, ask, self.at).is_none() {
            self.found.push(TenantHandle(tenant));
        }
    }

    /// The tenants just below home. Their entries say it all, unless they have other managers, end by themselves, or the
    /// user has an assignment there.
    fn below_home(
        &mut self,
        reader: &impl Reader,
        home: u32,
        own: Held,
        away: &[(u32, Held)],
        several: &mut BTreeSet<u32>,
    ) {
        let spaces = self.spaces;
        let terms = Terms::new(spaces, reader, self.ask);
        let holds = terms.is_offered() && !terms.is_reserved() && terms.held_by(spaces, reader, own.role);
        let gate = terms.gate();
        let mut own_assignments = away.iter().map(|(tenant, _)| *tenant);
        // The numbers count up, so the next one that is assigned is all that has to be known.
        let mut next = own_assignments.next().unwrap_or(u32::MAX);
        let mut passing = Passing::default();
        let list = spaces.lists(reader, home).below;
        let _ = list::each(reader, &spaces.heap, list, &mut |entry| {
            let below = Below::unpack(entry.payload);
            let simple = Below::is_simple(entry.payload) & !terms.operates();
            if simple && entry.number < next {
                // Guessing whether it passes would go wrong too often: it is added, and kept only if it does.
                let passes = gate.passes(reader, spaces.shapes.row(below.shape));
                passing.push(TenantHandle(entry.number), holds & below.open & passes, self.found);
                return ControlFlow::Continue(());
            }
            while next < entry.number {
                next = own_assignments.next().unwrap_or(u32::MAX);
            }
            if next != entry.number && several.insert(entry.number) {
                self.consider(reader, entry.number);
            }
            if below.manages {
                self.descend(reader, entry.number, away, several, 1);
            }
            ControlFlow::Continue(())
        });
        passing.empty(self.found);
    }

    /// Everything below a tenant, each judged for itself.
    fn descend<R: Reader>(
        &mut self,
        reader: &R,
        tenant: u32,
        away: &[(u32, Held)],
        several: &mut BTreeSet<u32>,
        depth: usize,
    ) {
        let spaces = self.spaces;
        let home = spaces.person(reader, self.ask.user).home;
        if depth >= MAX_CHAIN || reader.torn() {
            return;
        }
        let _ = list::each(reader, &spaces.heap, spaces.lists(reader, tenant).below, &mut |entry| {
            let assigned = away.binary_search_by_key(&entry.number, |(tenant, _)| *tenant).is_ok();
            if !assigned && entry.number != home && several.insert(entry.number) {
                self.consider(reader, entry.number);
            }
            // What is below home is visited from there.
            if entry.number != home && Below::unpack(entry.payload).manages {
                self.descend(reader, entry.number, away, several, depth + 1);
            }
            ControlFlow::Continue(())
        });
    }
}

/// Handles on their way into a list, without a branch for each.
struct Passing<H> {
    handles: [H; 64],
    count: usize,
}

impl<H: Copy + Default> Default for Passing<H> {
    fn default() -> Self {
        Self { handles: [H::default(); 64], count: 0 }
    }
}

impl<H: Copy> Passing<H> {
    #[inline]
    fn push(&mut self, handle: H, passes: bool, found: &mut Vec<H>) {
        if let Some(place) = self.handles.get_mut(self.count) {
            *place = handle;
        }
        self.count += usize::from(passes);
        if self.count == self.handles.len() {
            self.empty(found);
        }
    }

    fn empty(&mut self, found: &mut Vec<H>) {
        found.extend(self.handles.iter().take(self.count));
        self.count = 0;
    }
}

/// Visits the users who are assigned on a tenant, with what their assignments give if that is known; where there is nobody, 0.
#[inline]
fn each_assigned(
    spaces: &Spaces,
    reader: &impl Reader,
    tenant: u32,
    visit: &mut impl FnMut(u32, Option<Held>),
) {
    let line = spaces.line(tenant);
    if HeadWord::of(reader, line).is_spilled() {
        let list = spaces.lists(reader, tenant).assignments;
        let _ = list::each(reader, &spaces.heap, list, &mut |entry| {
            visit(entry.number, Some(Held::unpack(entry.payload)));
            ControlFlow::Continue(())
        });
        return;
    }
    each_seat(reader, line, |seat| visit(seat >> 6, None));
}

struct UsersWhoCan<'a, A> {
    spaces: &'a Spaces,
    ask: Ask,
    at: &'a A,
    before: usize,
    found: &'a mut Vec<UserHandle>,
    /// Who has assignments away from home, and so may come up again.
    several: BTreeSet<u32>,
}

impl<A: At> Reading for UsersWhoCan<'_, A> {
    type Found = ();

    fn read(&mut self, reader: &impl Reader) {
        self.found.truncate(self.before);
        if let Some(folded) = Folded::of(self.spaces, reader, self.ask) {
            return folded.find(self.spaces, reader, self.found);
        }
        self.several.clear();
        self.climb(reader, self.ask.tenant, &mut BTreeSet::new(), 0);
    }
}

/// What a check on a tenant comes to for all its own users, and for all those of its one manager: what is left is the user.
struct Folded {
    terms: Terms,
    tenant: u32,
    manager: u32,
    own: bool,
    managers: bool,
}

impl Folded {
    /// Nothing where the tenant has several managers, or its manager has one, or somebody from elsewhere may hold something on it.
    fn of(spaces: &Spaces, reader: &impl Reader, ask: Ask) -> Option<Self> {
        let head = spaces.head(reader, ask.tenant);
        let (manager, shape) = match head.above {
            Above::Nobody => (0, 0),
            Above::One { manager, shape } => (manager, shape),
            Above::Several { .. } => return None,
        };
        if head.farther || head.guests {
            return None;
        }
        let terms = Terms::new(spaces, reader, ask);
        let shape = spaces.shapes.row(shape);
        let open = head.living && (head.enabled || terms.operates()) && terms.is_offered();
        let passes = !terms.is_reserved() && terms.gate().passes(reader, shape);
        Some(Self {
            terms,
            tenant: ask.tenant,
            manager,
            own: open && reader.of(shape, SHAPE_LOCKS) == 0,
            managers: open && passes && manager != 0,
        })
    }

    /// Those on the tenant who are at home there, and those on its manager who are at home there: each is on one of them.
    fn find(&self, spaces: &Spaces, reader: &impl Reader, found: &mut Vec<UserHandle>) {
        let mut passing = Passing::default();
        // Found by one thing after the other, so it is on its way while the tenant's own are looked at.
        let ahead = if self.managers { spaces.lists(reader, self.manager).assignments } else { 0 };
        std::hint::black_box(reader.of(spaces.heap.row(ahead), 0));
        let mut consider = |home: u32, below: bool| {
            each_assigned(spaces, reader, home, &mut |user, _| {
                let person = PersonWord::of(reader, spaces.row(user));
                let holds = self.terms.held_by(spaces, reader, person.role());
                let covers = if below { person.reaches() } else { person.holds() };
                let can = (person.home() == home) & person.can_act() & (covers != 0) & holds;
                passing.push(UserHandle(user), can, found);
            });
        };
        if self.own {
            consider(self.tenant, false);
        }
        if self.managers {
            consider(self.manager, true);
        }
        passing.empty(found);
    }
}

impl<A: At> UsersWhoCan<'_, A> {
    /// Considers the users assigned on a tenant, and on those above it with what they cover below.
    fn climb<R: Reader>(&mut self, reader: &R, tenant: u32, seen: &mut BTreeSet<u32>, depth: usize) {
        let spaces = self.spaces;
        if depth > MAX_CHAIN || reader.torn() || !seen.insert(tenant) {
            return;
        }
        self.assigned(reader, tenant, depth > 0);
        match spaces.head(reader, tenant).above {
            Above::Nobody => {}
            Above::One { manager, .. } => self.climb(reader, manager, seen, depth + 1),
            Above::Several { block } => {
                for link in spaces.links(reader, block) {
                    self.climb(reader, link.manager, seen, depth + 1);
                }
            }
        }
    }

    fn assigned(&mut self, reader: &impl Reader, tenant: u32, from_below: bool) {
        each_assigned(self.spaces, reader, tenant, &mut |user, held| {
            let covers = !from_below || held.is_none_or(|held| held.below);
            if covers && user != 0 {
                self.consider(reader, user);
            }
        });
    }

    fn consider(&mut self, reader: &impl Reader, user: u32) {
        let spaces = self.spaces;
        if judge(spaces, reader, Ask { user, ..self.ask }, self.at).is_some() {
            return;
        }
        if spaces.away(reader, user) == 0 || self.several.insert(user) {
            self.found.push(UserHandle(user));
        }
    }
}
