//! What the words mean: a cache line per tenant, half of one per user, and lists of entries. Decides nothing.
//!
//! A tenant's line says whether it can be worked on, by which link it is managed, and who is assigned on it; a user's row
//! their home and what they hold there. Together, that is nearly always all that a check needs.

use super::words::{Reader, Space};

/// The words of a tenant's line.
pub(super) const TENANT_WORDS: usize = 8;
/// The words of a user.
pub(super) const USER_WORDS: usize = 4;
/// The words of a shape.
pub(super) const SHAPE_WORDS: usize = 4;
/// The words of a role.
pub(super) const ROLE_WORDS: usize = 2;
/// Where in a tenant's line the assignments begin, each half a word. The id is before them.
pub(super) const SEATS_AT: usize = 4;
/// How many assignments a tenant's line has room for.
pub(super) const SEATS: usize = (TENANT_WORDS - SEATS_AT) * 2;
/// The greatest user number that fits a seat.
pub(super) const SEATED_USERS: u32 = (1 << 26) - 1;
/// How many pairs of role and reach have a code that fits a seat.
pub(super) const CODES: usize = 63;
/// The code of a seat that does not say what its user holds: their own row or list does.
pub(super) const LOOK: u32 = 63;
/// The shape that lets nobody do anything. The one before it, 0, is that of no link.
pub(super) const CLOSED: u32 = 1;
/// The most shapes of links there can be.
pub(super) const SHAPES: u32 = 1 << 24;
/// The longest chain a policy allows, and so the most managers of a tenant.
pub(super) const MAX_CHAIN: usize = crate::policy::MAX_CHAIN as usize;

/// How a tenant is managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Above {
    /// By nobody.
    Nobody,
    /// By one link that does not end by itself.
    One { manager: u32, shape: u32 },
    /// By several, or by one that ends by itself: a block of links.
    Several { block: u32 },
}

/// The first word of a tenant's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// It has been registered and not deleted.
    pub(super) living: bool,
    /// It is neither disabled nor enabling.
    pub(super) enabled: bool,
    /// Its assignments are in a list of their own rather than in the line.
    pub(super) spilled: bool,
    pub(super) above: Above,
}

/// The first word of a tenant's line as it is, for who asks it one thing after the other without a branch.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadWord(u64);

impl HeadWord {
    #[inline]
    pub(super) const fn living(self) -> bool {
        self.0 & 1 != 0
    }

    #[inline]
    pub(super) const fn enabled(self) -> bool {
        self.0 & 2 != 0
    }

    #[inline]
    pub(super) const fn spilled(self) -> bool {
        self.0 & 4 != 0
    }

    #[inline]
    pub(super) const fn is_managed(self) -> bool {
        self.0 & 0x18 != 0
    }

    #[inline]
    pub(super) const fn is_managed_by_several(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// The shape of its one link; 0, that of no link, if it has none.
    #[inline]
    pub(super) const fn shape(self) -> u32 {
        self.0 as u32 >> 8
    }

    /// Its one manager; 0 if it has none. Where it has several, the block of their links.
    #[inline]
    pub(super) const fn manager(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// A user's first word, likewise.
#[derive(Clone, Copy, Debug)]
pub(super) struct PersonWord(u64);

impl PersonWord {
    #[inline]
    pub(super) const fn home(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    pub(super) const fn is_active(self) -> bool {
        self.0 & 1 != 0
    }

    /// They have a role at home.
    #[inline]
    pub(super) const fn holds(self) -> bool {
        self.0 & 2 != 0
    }

    #[inline]
    pub(super) const fn reaches_below(self) -> bool {
        self.0 & 4 != 0
    }

    /// Their role at home, if they have one.
    #[inline]
    pub(super) const fn role(self) -> u32 {
        self.0 as u32 >> 3
    }
}

impl Head {
    #[inline]
    pub(super) const fn unpack(word: u64) -> Self {
        let word = HeadWord(word);
        Self {
            living: word.living(),
            enabled: word.enabled(),
            spilled: word.spilled(),
            above: match (word.is_managed(), word.is_managed_by_several()) {
                (false, _) => Above::Nobody,
                (true, false) => Above::One { manager: word.manager(), shape: word.shape() },
                (true, true) => Above::Several { block: word.manager() },
            },
        }
    }

    pub(super) fn pack(self) -> u64 {
        let (kind, shape, value) = match self.above {
            Above::Nobody => (0, 0, 0),
            Above::One { manager, shape } => (1, shape, manager),
            Above::Several { block } => (2, 0, block),
        };
        u64::from(self.living)
            | u64::from(self.enabled) << 1
            | u64::from(self.spilled) << 2
            | kind << 3
            | u64::from(shape) << 8
            | u64::from(value) << 32
    }
}

/// The second word of a tenant's line: where its lists are; 0 where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lists {
    /// The tenants it manages.
    pub(super) below: u32,
    /// Its assignments, where they do not fit the line.
    pub(super) assignments: u32,
}

impl Lists {
    #[inline]
    pub(super) const fn unpack(word: u64) -> Self {
        Self { below: word as u32, assignments: (word >> 32) as u32 }
    }

    pub(super) fn pack(self) -> u64 {
        u64::from(self.below) | u64::from(self.assignments) << 32
    }
}

/// A user's first word: their home, and what they hold there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) home: u32,
    pub(super) active: bool,
    pub(super) held: Option<Held>,
}

impl Person {
    #[inline]
    pub(super) const fn unpack(word: u64) -> Self {
        let word = PersonWord(word);
        let held = Held { role: word.role(), below: word.reaches_below() };
        Self {
            home: word.home(),
            active: word.is_active(),
            held: if word.holds() { Some(held) } else { None },
        }
    }

    pub(super) fn pack(self) -> u64 {
        let held = self.held.map_or(0, |held| held.role << 3 | u32::from(held.below) << 2 | 2);
        u64::from(self.home) << 32 | u64::from(held) | u64::from(self.active)
    }
}

/// What an assignment gives: a role, and whether it covers the tenants below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    pub(super) role: u32,
    pub(super) below: bool,
}

impl Held {
    #[inline]
    pub(super) const fn unpack(payload: u32) -> Self {
        Self { role: payload >> 1, below: payload & 1 != 0 }
    }

    pub(super) fn pack(self) -> u32 {
        self.role << 1 | u32::from(self.below)
    }
}

/// What a manager's list says of a tenant below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Below {
    pub(super) shape: u32,
    /// Living and enabled.
    pub(super) open: bool,
    /// This link is its only one and does not end by itself: the entry says all there is to say.
    pub(super) plain: bool,
    /// It manages tenants itself.
    pub(super) manages: bool,
}

impl Below {
    #[inline]
    pub(super) const fn unpack(payload: u32) -> Self {
        Self {
            shape: payload >> 8,
            open: payload & 1 != 0,
            plain: payload & 2 != 0,
            manages: payload & 4 != 0,
        }
    }

    pub(super) fn pack(self) -> u32 {
        self.shape << 8 | u32::from(self.open) | u32::from(self.plain) << 1 | u32::from(self.manages) << 2
    }
}

/// A link in a block of links: a word, and the moment it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkRow {
    pub(super) manager: u32,
    pub(super) shape: u32,
    /// In microseconds.
    pub(super) ends: Option<i64>,
}

impl LinkRow {
    /// Nothing where the word is that of no link.
    pub(super) fn unpack(word: u64, ends: u64) -> Option<Self> {
        (word != 0).then(|| Self {
            manager: (word >> 32) as u32,
            shape: word as u32 >> 8,
            ends: (word & 1 != 0).then_some(ends.cast_signed()),
        })
    }

    pub(super) fn pack(self) -> (u64, u64) {
        let word =
            u64::from(self.manager) << 32 | u64::from(self.shape) << 8 | u64::from(self.ends.is_some());
        (word, self.ends.unwrap_or(0).cast_unsigned())
    }
}

/// A permission under the policy in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Its place in the masks of roles and shapes.
    pub(super) bit: u32,
    /// It can never be a manager's (P-6).
    pub(super) reserved: bool,
    /// The policy has it.
    pub(super) known: bool,
}

impl Known {
    #[inline]
    pub(super) const fn unpack(word: u64) -> Self {
        Self { bit: word as u32 & 127, reserved: word & 128 != 0, known: word & 256 != 0 }
    }

    pub(super) fn pack(self) -> u64 {
        u64::from(self.bit) | u64::from(self.reserved) << 7 | u64::from(self.known) << 8
    }

    /// Whether a mask of two words has it.
    #[inline]
    pub(super) const fn is_in(self, low: u64, high: u64) -> bool {
        let word = if self.bit & 64 == 0 { low } else { high };
        word >> (self.bit & 63) & 1 != 0
    }
}

/// What a link lets its manager do, under the policy in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// The services that are managed (P-5).
    pub(super) services: u64,
    /// The permissions that want no grant or have it (P-7).
    pub(super) passes: [u64; 2],
    /// The managed tenant's own users are locked out (P-4).
    pub(super) locks: bool,
}

impl Shape {
    pub(super) const fn words(self) -> [u64; SHAPE_WORDS] {
        let [low, high] = self.passes;
        [self.services, low, high, self.locks as u64]
    }
}

/// All the words of the index.
#[derive(Debug)]
pub(super) struct Spaces {
    /// A line per tenant, by number.
    pub(super) tenants: Space,
    /// A row per user: a [`Person`], the list of their assignments away from home, and the id.
    pub(super) users: Space,
    /// Shapes of links.
    pub(super) shapes: Space,
    /// The permissions of roles.
    pub(super) roles: Space,
    /// Blocks for lists and links; see [`super::list`].
    pub(super) heap: Space,
    /// What is said once: see the constants.
    pub(super) policy: Space,
}

/// Where `policy` has the pairs of role and reach that seats name by code.
pub(super) const CODES_AT: usize = 0;
/// Where it has what there is to know of each permission by its number; see [`Known`].
pub(super) const PERMISSIONS_AT: usize = CODES_AT + CODES + 1;
/// Where it has two words for each service by its number: its bit, and whether it is offered.
pub(super) const SERVICES_AT: usize = PERMISSIONS_AT + NAMES;
/// The number that stands for no particular service, which is as good as offered.
pub(super) const ANY_SERVICE: usize = NAMES;
/// How many permissions or services there can be over all policies that were ever in force.
pub(super) const NAMES: usize = 1024;

impl Spaces {
    /// Room for so many tenants, users and roles of tenants' own before anything grows.
    pub(super) fn new((tenants, users, roles): (usize, usize, usize)) -> Self {
        Self {
            tenants: Space::new(1, (tenants + 1) * TENANT_WORDS),
            users: Space::new(2, (users + 1) * USER_WORDS),
            shapes: Space::new(3, 4096 * SHAPE_WORDS),
            roles: Space::new(4, (roles + 64) * ROLE_WORDS),
            heap: Space::new(5, tenants),
            policy: Space::new(6, SERVICES_AT + (NAMES + 1) * 2),
        }
    }

    #[inline]
    pub(super) fn head(&self, reader: &impl Reader, tenant: u32) -> Head {
        Head::unpack(reader.word(&self.tenants, tenant as usize * TENANT_WORDS))
    }

    #[inline]
    pub(super) fn head_word(&self, reader: &impl Reader, tenant: u32) -> HeadWord {
        HeadWord(reader.word(&self.tenants, tenant as usize * TENANT_WORDS))
    }

    /// A user's first word, and the list of their assignments away from home.
    #[inline]
    pub(super) fn person_words(&self, reader: &impl Reader, user: u32) -> (PersonWord, u32) {
        let [person, away] = reader.words(&self.users, user as usize * USER_WORDS);
        (PersonWord(person), away as u32)
    }

    #[inline]
    pub(super) fn lists(&self, reader: &impl Reader, tenant: u32) -> Lists {
        Lists::unpack(reader.word(&self.tenants, tenant as usize * TENANT_WORDS + 1))
    }

    #[inline]
    pub(super) fn person(&self, reader: &impl Reader, user: u32) -> Person {
        Person::unpack(reader.word(&self.users, user as usize * USER_WORDS))
    }

    /// The list of a user's assignments away from home.
    #[inline]
    pub(super) fn away(&self, reader: &impl Reader, user: u32) -> u32 {
        reader.word(&self.users, user as usize * USER_WORDS + 1) as u32
    }

    #[inline]
    pub(super) fn shape(&self, reader: &impl Reader, shape: u32) -> Shape {
        let [services, low, high, locks] = reader.words(&self.shapes, shape as usize * SHAPE_WORDS);
        Shape { services, passes: [low, high], locks: locks != 0 }
    }

    /// The permissions that a role holds.
    #[inline]
    pub(super) fn role(&self, reader: &impl Reader, role: u32) -> [u64; ROLE_WORDS] {
        reader.words(&self.roles, role as usize * ROLE_WORDS)
    }

    /// The links of a block; see [`Above::Several`].
    pub(super) fn links<'s, R: Reader>(
        &'s self,
        reader: &'s R,
        block: u32,
    ) -> impl Iterator<Item = LinkRow> + 's {
        let at = block as usize * 8;
        (0..MAX_CHAIN).map_while(move |place| {
            LinkRow::unpack(
                reader.word(&self.heap, at + place * 2),
                reader.word(&self.heap, at + place * 2 + 1),
            )
        })
    }

    /// The bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        [&self.tenants, &self.users, &self.shapes, &self.roles, &self.heap, &self.policy]
            .map(Space::bytes)
            .iter()
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        for above in [
            Above::Nobody,
            Above::One { manager: u32::MAX, shape: SHAPES - 1 },
            Above::Several { block: u32::MAX },
        ] {
            for flags in 0..8 {
                let head =
                    Head { living: flags & 1 != 0, enabled: flags & 2 != 0, spilled: flags & 4 != 0, above };
                assert_eq!(Head::unpack(head.pack()), head);
            }
        }
        let lists = Lists { below: 7, assignments: u32::MAX };
        assert_eq!(Lists::unpack(lists.pack()), lists);
        for held in
            [None, Some(Held { role: (1 << 29) - 1, below: true }), Some(Held { role: 0, below: false })]
        {
            let person = Person { home: u32::MAX, active: true, held };
            assert_eq!(Person::unpack(person.pack()), person);
        }
        let held = Held { role: u32::MAX >> 1, below: true };
        assert_eq!(Held::unpack(held.pack()), held);
        let below = Below { shape: SHAPES - 1, open: false, plain: true, manages: true };
        assert_eq!(Below::unpack(below.pack()), below);
        for ends in [None, Some(0), Some(-5), Some(i64::MAX)] {
            let row = LinkRow { manager: 9, shape: 3, ends };
            let (word, ends) = row.pack();
            assert_eq!(LinkRow::unpack(word, ends), Some(row));
        }
        assert_eq!(LinkRow::unpack(0, 0), None);
        let known = Known { bit: 127, reserved: true, known: true };
        assert_eq!(Known::unpack(known.pack()), known);
        assert!(known.is_in(0, 1 << 63) && !known.is_in(u64::MAX, 1 << 62));
    }
}
