//! The reverse of a check on words (P-12): the tenants on which a user can do something, the users who can do something on
//! a tenant. Finds candidates by assignments and lets the check decide, but where an entry of a manager's list says all
//! there is to say.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::check::{Ask, Terms, barred, held, judge, seat_of};
use super::list;
use super::rows::{Above, Below, Held, MAX_CHAIN, SEATS, SEATS_AT, SHAPE_LOCKS, Spaces, TENANT_WORDS};
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
            folded: None,
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
        let mut several = BTreeSet::from([home]);
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
        if judged(self.spaces, reader, ask, self.at) {
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
        let mut own_assignments = away.iter().map(|(tenant, _)| *tenant).peekable();
        let mut passing = Passing::default();
        let list = spaces.lists(reader, home).below;
        let _ = list::each(reader, &spaces.heap, list, &mut |entry| {
            let below = Below::unpack(entry.payload);
            while own_assignments.next_if(|tenant| *tenant < entry.number).is_some() {}
            let assigned = own_assignments.peek() == Some(&entry.number);
            if below.plain && !assigned {
                // Guessing whether it passes would go wrong too often: it is added, and kept only if it does.
                let open = below.open || (terms.operates() && is_living(spaces, reader, entry.number));
                let passes = holds & open & (terms.stopped_by(reader, spaces.shapes.row(below.shape)) == 0);
                passing.push(entry.number, passes, self.found);
            } else if !assigned && several.insert(entry.number) {
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
            if !assigned && several.insert(entry.number) {
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

/// Tenants on their way into a list, without a branch for each.
struct Passing {
    numbers: [u32; 64],
    count: usize,
}

impl Default for Passing {
    fn default() -> Self {
        Self { numbers: [0; 64], count: 0 }
    }
}

impl Passing {
    #[inline]
    fn push(&mut self, number: u32, passes: bool, found: &mut Vec<TenantHandle>) {
        if let Some(place) = self.numbers.get_mut(self.count) {
            *place = number;
        }
        self.count += usize::from(passes);
        if self.count == self.numbers.len() {
            self.empty(found);
        }
    }

    fn empty(&mut self, found: &mut Vec<TenantHandle>) {
        found.extend(self.numbers.iter().take(self.count).map(|number| TenantHandle(*number)));
        self.count = 0;
    }
}

fn is_living(spaces: &Spaces, reader: &impl Reader, tenant: u32) -> bool {
    spaces.head(reader, tenant).living
}

/// Whether the check allows it.
#[inline(never)]
fn judged(spaces: &Spaces, reader: &impl Reader, ask: Ask, at: &impl At) -> bool {
    judge(spaces, reader, ask, at).is_none()
}

struct UsersWhoCan<'a, A> {
    spaces: &'a Spaces,
    ask: Ask,
    at: &'a A,
    before: usize,
    found: &'a mut Vec<UserHandle>,
    /// Who has assignments away from home, and so may come up again.
    several: BTreeSet<u32>,
    folded: Option<Folded>,
}

impl<A: At> Reading for UsersWhoCan<'_, A> {
    type Found = ();

    fn read(&mut self, reader: &impl Reader) {
        self.found.truncate(self.before);
        self.several.clear();
        self.folded = Folded::of(self.spaces, reader, self.ask);
        self.climb(reader, self.ask.tenant, &mut BTreeSet::new(), 0);
    }
}

/// What a check on a tenant comes to for all its own users, and for all those of its one manager: what is left is the user.
struct Folded {
    terms: Terms,
    tenant: u32,
    manager: u32,
    spilled: bool,
    own: bool,
    managers: bool,
}

impl Folded {
    /// Nothing where the tenant has several managers, or its manager has one.
    fn of(spaces: &Spaces, reader: &impl Reader, ask: Ask) -> Option<Self> {
        let head = spaces.head(reader, ask.tenant);
        let (manager, shape) = match head.above {
            Above::Nobody => (0, 0),
            Above::One { manager, shape } => (manager, shape),
            Above::Several { .. } => return None,
        };
        let above = spaces.head(reader, manager);
        if above.above != Above::Nobody {
            return None;
        }
        let terms = Terms::new(spaces, reader, ask);
        let open = head.living && (head.enabled || terms.operates()) && terms.is_offered();
        let shape = spaces.shapes.row(shape);
        let locks = reader.of(shape, SHAPE_LOCKS) != 0;
        let passes = !terms.is_reserved() && terms.stopped_by(reader, shape) == 0;
        Some(Self {
            terms,
            tenant: ask.tenant,
            manager,
            spilled: head.spilled,
            own: open && head.enabled && !locks,
            managers: open && passes && above.living && above.enabled,
        })
    }

    /// Whether a user can; nothing where that takes a closer look.
    fn can(&self, spaces: &Spaces, reader: &impl Reader, user: u32) -> Option<bool> {
        let person = spaces.person(reader, user);
        let own = person.home == self.tenant;
        if !own {
            let away = if self.spilled {
                spaces.away(reader, user) != 0
            } else {
                seat_of(reader, spaces.line(self.tenant), user) != 0
            };
            if away || person.home != self.manager || self.manager == 0 {
                return None;
            }
        }
        let open = if own { self.own } else { self.managers };
        let held = person.held.filter(|held| own | held.below);
        let holds = held.is_some_and(|held| self.terms.held_by(spaces, reader, held.role));
        Some(open & person.active & holds)
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
        let spaces = self.spaces;
        if spaces.head(reader, tenant).spilled {
            let list = spaces.lists(reader, tenant).assignments;
            let _ = list::each(reader, &spaces.heap, list, &mut |entry| {
                if !from_below || Held::unpack(entry.payload).below {
                    self.consider(reader, entry.number);
                }
                ControlFlow::Continue(())
            });
            return;
        }
        let at = tenant as usize * TENANT_WORDS + SEATS_AT;
        for word in 0..SEATS / 2 {
            let seats = reader.word(&spaces.tenants, at + word);
            for seat in [seats as u32, (seats >> 32) as u32] {
                if seat != 0 {
                    self.consider(reader, seat >> 6);
                }
            }
        }
    }

    fn consider(&mut self, reader: &impl Reader, user: u32) {
        let spaces = self.spaces;
        let folded = self.folded.as_ref().and_then(|folded| folded.can(spaces, reader, user));
        let can = folded.unwrap_or_else(|| judged(spaces, reader, Ask { user, ..self.ask }, self.at));
        if !can {
            return;
        }
        if spaces.away(reader, user) == 0 || self.several.insert(user) {
            self.found.push(UserHandle(user));
        }
    }
}
