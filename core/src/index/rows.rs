//! What the words mean: a cache line per tenant, half of one per user, and lists of entries. Decides nothing.
//!
//! A tenant's line says whether it can be worked on, by which link it is managed, and who is assigned on it; a user's row
//! their home and what they hold there. Together, that is nearly always all that a check needs.

use super::words::{Cells, Half, Line, Quarter, Reader, Row, Space, Word};

/// A tenant's.
pub(super) type TenantLine = Line;
/// A user's.
pub(super) type UserRow = Half;
/// A shape's.
pub(super) type ShapeRow = Half;
/// A role's.
pub(super) type RoleRow = Quarter;
/// A service's.
pub(super) type ServiceRow = Quarter;

/// The words of a tenant's line.
pub(super) const TENANT_WORDS: usize = TenantLine::WORDS;
/// The words of a user.
pub(super) const USER_WORDS: usize = UserRow::WORDS;
/// The words of a shape.
pub(super) const SHAPE_WORDS: usize = ShapeRow::WORDS;
/// The words of a role.
pub(super) const ROLE_WORDS: usize = RoleRow::WORDS;
/// The words of a service.
pub(super) const SERVICE_WORDS: usize = ServiceRow::WORDS;
/// Where in a tenant's line the assignments begin, each half a word. The id is before them.
pub(super) const SEATS_AT: usize = 4;
/// How many assignments a tenant's line has room for.
pub(super) const SEATS: usize = (TENANT_WORDS - SEATS_AT) * 2;
/// Visits all the seats of a tenant's line; one that nobody has is 0.
#[inline]
pub(super) fn each_seat(reader: &impl Reader, line: Row<'_, TenantLine>, mut visit: impl FnMut(u32)) {
    for word in 0..SEATS / 2 {
        let seats = reader.of(line, SEATS_AT + word);
        for seat in [seats as u32, (seats >> 32) as u32] {
            visit(seat);
        }
    }
}

/// The greatest user number that fits a seat.
pub(super) const SEATED_USERS: u32 = (1 << 26) - 1;
/// How many roles have a code that fits a seat.
pub(super) const CODES: usize = 63;
/// The code of a seat that does not say what role its user holds: their own row or list does.
pub(super) const LOOK: u32 = 63;
/// The shape that lets nobody do anything. The one before it, 0, is that of no link.
pub(super) const CLOSED: u32 = 1;
/// The most shapes of links there can be.
pub(super) const SHAPES: u32 = 1 << 24;
/// The longest chain a policy allows, and so the most managers of a tenant.
pub(super) const MAX_CHAIN: usize = crate::policy::MAX_CHAIN as usize;

/// The reasons of a check (section 4), each a bit, in their order. A flag of a word stands where the reason stands that applies
/// without it, so several are found wanting at once.
pub(super) mod why {
    pub(crate) const UNKNOWN_USER: u32 = 1;
    pub(crate) const USER_NOT_ACTIVE: u32 = 1 << 1;
    pub(crate) const UNKNOWN_TENANT: u32 = 1 << 2;
    pub(crate) const TENANT_DISABLED: u32 = 1 << 3;
    pub(crate) const NOT_LINKED: u32 = 1 << 4;
    pub(crate) const CUSTOMER_LOCKED: u32 = 1 << 5;
    pub(crate) const SERVICE_NOT_MANAGED: u32 = 1 << 6;
    pub(crate) const RESERVED_FOR_CUSTOMER: u32 = 1 << 7;
    pub(crate) const NOT_GRANTED: u32 = 1 << 8;
    pub(crate) const NO_ASSIGNMENT: u32 = 1 << 9;
    pub(crate) const ROLE_LACKS_PERMISSION: u32 = 1 << 10;

    /// The bit, if it is so.
    #[inline]
    pub(crate) const fn if_so(so: bool, bit: u32) -> u32 {
        if so { bit } else { 0 }
    }
}

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
    /// Somebody whose home is elsewhere may hold something here.
    pub(super) guests: bool,
    /// Its one manager is managed itself.
    pub(super) farther: bool,
    pub(super) above: Above,
}

/// The first word of a tenant's line as it is, for who asks it one thing after the other without a branch.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadWord(u64);

impl HeadWord {
    const ONE: u32 = 1;
    const SEVERAL: u32 = 1 << 1;
    const LIVING: u32 = why::UNKNOWN_TENANT;
    const ENABLED: u32 = why::TENANT_DISABLED;
    const SPILLED: u32 = 1 << 4;
    const GUESTS: u32 = 1 << 5;
    const FARTHER: u32 = 1 << 6;

    #[inline]
    pub(super) fn of(reader: &impl Reader, line: Row<'_, TenantLine>) -> Self {
        Self(reader.of(line, 0))
    }

    #[inline]
    const fn has(self, flag: u32) -> bool {
        self.0 as u32 & flag != 0
    }

    /// The flags for [`why::UNKNOWN_TENANT`] and [`why::TENANT_DISABLED`].
    #[inline]
    pub(super) const fn open(self) -> u32 {
        self.0 as u32 & (Self::LIVING | Self::ENABLED)
    }

    /// Whether there may be more to look at than a user's row and this line's first word.
    #[inline]
    pub(super) const fn is_involved(self) -> bool {
        self.has(Self::SEVERAL | Self::GUESTS | Self::FARTHER)
    }

    #[inline]
    pub(super) const fn is_spilled(self) -> bool {
        self.has(Self::SPILLED)
    }

    #[inline]
    pub(super) const fn has_guests(self) -> bool {
        self.has(Self::GUESTS)
    }

    #[inline]
    pub(super) const fn goes_farther(self) -> bool {
        self.has(Self::FARTHER)
    }

    #[inline]
    pub(super) const fn is_managed_by_several(self) -> bool {
        self.has(Self::SEVERAL)
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

impl Head {
    #[inline]
    pub(super) const fn unpack(word: u64) -> Self {
        let word = HeadWord(word);
        Self {
            living: word.has(HeadWord::LIVING),
            enabled: word.has(HeadWord::ENABLED),
            spilled: word.is_spilled(),
            guests: word.has_guests(),
            farther: word.goes_farther(),
            above: match (word.has(HeadWord::ONE), word.is_managed_by_several()) {
                (true, _) => Above::One { manager: word.manager(), shape: word.shape() },
                (false, true) => Above::Several { block: word.manager() },
                (false, false) => Above::Nobody,
            },
        }
    }

    pub(super) fn pack(self) -> u64 {
        let (kind, shape, value) = match self.above {
            Above::Nobody => (0, 0, 0),
            Above::One { manager, shape } => (HeadWord::ONE, shape, manager),
            Above::Several { block } => (HeadWord::SEVERAL, 0, block),
        };
        let flags = [
            (HeadWord::LIVING, self.living),
            (HeadWord::ENABLED, self.enabled),
            (HeadWord::SPILLED, self.spilled),
            (HeadWord::GUESTS, self.guests),
            (HeadWord::FARTHER, self.farther),
        ];
        u64::from(value) << 32 | u64::from(shape << 8 | kind | flagged(flags))
    }

    pub(super) const fn is_managed(self) -> bool {
        !matches!(self.above, Above::Nobody)
    }

    /// Whether its users can act.
    pub(super) const fn is_open(self) -> bool {
        self.living && self.enabled
    }
}

fn flagged<const N: usize>(flags: [(u32, bool); N]) -> u32 {
    flags.iter().filter(|(_, set)| *set).fold(0, |all, (flag, _)| all | flag)
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
    /// There is such a user: 0 stands for nobody, and one who was taken out is nobody again.
    pub(super) known: bool,
    pub(super) home: u32,
    pub(super) active: bool,
    /// They are active, and so is their home: they can act at all (P-1).
    pub(super) acts: bool,
    pub(super) held: Option<Held>,
}

/// A user's first word as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct PersonWord(u64);

impl PersonWord {
    const KNOWN: u32 = why::UNKNOWN_USER;
    const ACTS: u32 = why::USER_NOT_ACTIVE;
    const HOLDS: u32 = 1 << 2;
    const REACHES: u32 = 1 << 3;
    const ACTIVE: u32 = 1 << 4;
    const ROLE: u32 = 5;

    #[inline]
    pub(super) fn of(reader: &impl Reader, row: Row<'_, UserRow>) -> Self {
        Self(reader.of(row, 0))
    }

    #[inline]
    const fn has(self, flag: u32) -> bool {
        self.0 as u32 & flag != 0
    }

    #[inline]
    pub(super) const fn home(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The flags for [`why::UNKNOWN_USER`] and [`why::USER_NOT_ACTIVE`].
    #[inline]
    pub(super) const fn acts(self) -> u32 {
        self.0 as u32 & (Self::KNOWN | Self::ACTS)
    }

    #[inline]
    pub(super) const fn can_act(self) -> bool {
        self.has(Self::ACTS)
    }

    /// The flag for [`why::NO_ASSIGNMENT`] at home.
    #[inline]
    pub(super) const fn holds(self) -> u32 {
        (self.0 as u32 & Self::HOLDS).wrapping_mul(why::NO_ASSIGNMENT / Self::HOLDS)
    }

    /// The flag for [`why::NO_ASSIGNMENT`] on the tenants below.
    #[inline]
    pub(super) const fn reaches(self) -> u32 {
        (self.0 as u32 & Self::REACHES).wrapping_mul(why::NO_ASSIGNMENT / Self::REACHES)
    }

    /// Their role at home, if they have one.
    #[inline]
    pub(super) const fn role(self) -> u32 {
        self.0 as u32 >> Self::ROLE
    }

    /// The same user where they hold a role of their own.
    #[inline]
    pub(super) const fn holding(self, role: u32) -> Self {
        let away = role << Self::ROLE | Self::REACHES | Self::HOLDS | self.acts();
        Self(self.0 >> 32 << 32 | away as u64)
    }
}

impl Person {
    #[inline]
    pub(super) const fn unpack(word: u64) -> Self {
        let word = PersonWord(word);
        let held = Held { role: word.role(), below: word.has(PersonWord::REACHES) };
        Self {
            known: word.has(PersonWord::KNOWN),
            home: word.home(),
            active: word.has(PersonWord::ACTIVE),
            acts: word.has(PersonWord::ACTS),
            held: if word.has(PersonWord::HOLDS) { Some(held) } else { None },
        }
    }

    pub(super) fn pack(self) -> u64 {
        let flags = [
            (PersonWord::KNOWN, self.known),
            (PersonWord::ACTIVE, self.active),
            (PersonWord::ACTS, self.acts),
            (PersonWord::HOLDS, self.held.is_some()),
            (PersonWord::REACHES, self.held.is_some_and(|held| held.below)),
        ];
        let role = self.held.map_or(0, |held| held.role << PersonWord::ROLE);
        u64::from(self.home) << 32 | u64::from(role | flagged(flags))
    }
}

/// A user's second word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ties {
    /// The list of their assignments away from home.
    pub(super) away: u32,
    /// The next user with the same home; 0 after the last. Only the writer follows it.
    pub(super) next: u32,
}

impl Ties {
    #[inline]
    pub(super) fn of(reader: &impl Reader, row: Row<'_, UserRow>) -> Self {
        Self::unpack(reader.of(row, 1))
    }

    #[inline]
    pub(super) const fn unpack(word: u64) -> Self {
        Self { away: word as u32, next: (word >> 32) as u32 }
    }

    pub(super) fn pack(self) -> u64 {
        u64::from(self.away) | u64::from(self.next) << 32
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
    /// Whether an entry's payload says all there is to say, of the tenant and of what is below it.
    #[inline]
    pub(super) const fn is_simple(payload: u32) -> bool {
        payload & 6 == 2
    }

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Its place in the masks of roles and shapes.
    pub(super) bit: u32,
    /// It is the one that works on a tenant that is not enabled (T-5).
    pub(super) operates: bool,
    /// It can never be a manager's (P-6).
    pub(super) reserved: bool,
    /// The policy has it.
    pub(super) known: bool,
}

/// A permission's word as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownWord(u64);

impl KnownWord {
    const OPERATES: u32 = why::TENANT_DISABLED;
    const RESERVED: u32 = why::RESERVED_FOR_CUSTOMER;
    // A link stops, and a role holds, only what the policy has.
    const KNOWN: u32 = why::NOT_GRANTED | why::ROLE_LACKS_PERMISSION;
    const BIT: u32 = 32;

    #[inline]
    pub(super) fn of(reader: &impl Reader, row: Row<'_, Word>) -> Self {
        Self(reader.of(row, 0))
    }

    /// The flag for [`why::TENANT_DISABLED`].
    #[inline]
    pub(super) const fn operates(self) -> u32 {
        self.0 as u32 & Self::OPERATES
    }

    /// [`why::RESERVED_FOR_CUSTOMER`], if it applies to a manager.
    #[inline]
    pub(super) const fn reserved(self) -> u32 {
        self.0 as u32 & Self::RESERVED
    }

    /// Which word of a mask of two has it: 0 or 1.
    #[inline]
    pub(super) const fn half(self) -> usize {
        (self.0 >> (Self::BIT + 6)) as usize & 1
    }

    #[inline]
    const fn is_in(self, half: u64) -> bool {
        half & 1 << (self.0 >> Self::BIT & 63) != 0
    }

    /// Its place in its half of a mask; nothing where the policy does not have it.
    #[inline]
    pub(super) const fn place(self) -> u64 {
        if self.0 as u32 & Self::KNOWN == 0 { 0 } else { 1 << (self.0 >> Self::BIT & 63) }
    }

    /// [`why::NOT_GRANTED`], if it is in this half of what a shape stops.
    #[inline]
    pub(super) const fn stopped_by(self, half: u64) -> u32 {
        why::if_so(self.is_in(half), why::NOT_GRANTED) & self.0 as u32
    }

    /// The flag for [`why::ROLE_LACKS_PERMISSION`], if it is in this half of what a role holds.
    #[inline]
    pub(super) const fn held_by(self, half: u64) -> u32 {
        why::if_so(self.is_in(half), why::ROLE_LACKS_PERMISSION) & self.0 as u32
    }
}

impl Known {
    pub(super) fn pack(self) -> u64 {
        let flags = [
            (KnownWord::OPERATES, self.operates),
            (KnownWord::RESERVED, self.reserved),
            (KnownWord::KNOWN, self.known),
        ];
        u64::from(self.bit) << KnownWord::BIT | u64::from(flagged(flags))
    }
}

/// What a link lets its manager do, under the policy in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// The services that are not managed (P-5).
    pub(super) without: u64,
    /// The permissions that want a grant and have none (P-7).
    pub(super) stops: [u64; 2],
    /// The managed tenant's own users are locked out (P-4).
    pub(super) locks: bool,
}

/// Where in a shape's row the services are that it is without.
pub(super) const SHAPE_WITHOUT: usize = 0;
/// Where the first half of what it stops is.
pub(super) const SHAPE_STOPS: usize = 1;
/// Where [`why::CUSTOMER_LOCKED`] is, if it applies to the managed tenant's own users.
pub(super) const SHAPE_LOCKS: usize = 3;

impl Shape {
    pub(super) const fn words(self) -> [u64; SHAPE_WORDS] {
        let [low, high] = self.stops;
        [self.without, low, high, if self.locks { why::CUSTOMER_LOCKED as u64 } else { 0 }]
    }
}

/// A service under the policy in force: its bit, and the flag for [`why::SERVICE_NOT_MANAGED`].
pub(super) const fn service_words(bit: u64) -> [u64; SERVICE_WORDS] {
    [bit, why::SERVICE_NOT_MANAGED as u64]
}

/// All the words of the index.
#[derive(Debug)]
pub(super) struct Spaces {
    /// A line per tenant, by number.
    pub(super) tenants: Space<TenantLine>,
    /// A row per user: a [`Person`], the list of their assignments away from home, and the id.
    pub(super) users: Space<UserRow>,
    /// Shapes of links.
    pub(super) shapes: Space<ShapeRow>,
    /// The permissions of roles.
    pub(super) roles: Space<RoleRow>,
    /// Blocks for lists and links; see [`super::list`].
    pub(super) heap: Space<Line>,
    /// The roles that seats name by code.
    pub(super) codes: Space<Word>,
    /// What there is to know of each permission, by its number; see [`KnownWord`].
    pub(super) permissions: Space<Word>,
    /// The same of each service, by [`service_row`]; see [`service_words`].
    pub(super) services: Space<ServiceRow>,
}

/// How many permissions or services there can be over all policies that were ever in force.
pub(super) const NAMES: usize = 1024;

/// The row of a service by its number; without one, that of no service in particular, which is as good as offered.
#[inline]
pub(super) fn service_row(number: Option<u16>) -> u32 {
    number.map_or(0, |number| u32::from(number) + 1)
}

impl Spaces {
    /// Room for so many tenants, users and roles of tenants' own before anything grows.
    pub(super) fn new((tenants, users, roles): (usize, usize, usize)) -> Self {
        Self {
            tenants: Space::new(1, tenants + 1),
            users: Space::new(2, users + 1),
            shapes: Space::new(3, 4096),
            roles: Space::new(4, roles + 64),
            heap: Space::new(5, tenants / 8),
            codes: Space::new(6, CODES),
            permissions: Space::new(7, NAMES),
            services: Space::new(8, NAMES + 1),
        }
    }

    /// A tenant's line.
    #[inline]
    pub(super) fn line(&self, tenant: u32) -> Row<'_, TenantLine> {
        self.tenants.row(tenant)
    }

    /// A user's row.
    #[inline]
    pub(super) fn row(&self, user: u32) -> Row<'_, UserRow> {
        self.users.row(user)
    }

    #[inline]
    pub(super) fn head(&self, reader: &impl Reader, tenant: u32) -> Head {
        Head::unpack(reader.of(self.line(tenant), 0))
    }

    #[inline]
    pub(super) fn lists(&self, reader: &impl Reader, tenant: u32) -> Lists {
        Lists::unpack(reader.of(self.line(tenant), 1))
    }

    #[inline]
    pub(super) fn person(&self, reader: &impl Reader, user: u32) -> Person {
        Person::unpack(reader.of(self.row(user), 0))
    }

    /// The list of a user's assignments away from home.
    #[inline]
    pub(super) fn away(&self, reader: &impl Reader, user: u32) -> u32 {
        Ties::of(reader, self.row(user)).away
    }

    /// The role that a seat's code stands for.
    #[inline]
    pub(super) fn coded(&self, reader: &impl Reader, code: u32) -> u32 {
        reader.of(self.codes.fixed(code), 0) as u32
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
        let people = self.tenants.bytes() + self.users.bytes();
        let between = self.shapes.bytes() + self.roles.bytes() + self.heap.bytes() + self.codes.bytes();
        people + between + self.permissions.bytes() + self.services.bytes()
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
            for flags in 0..32 {
                let head = Head {
                    living: flags & 1 != 0,
                    enabled: flags & 2 != 0,
                    spilled: flags & 4 != 0,
                    guests: flags & 8 != 0,
                    farther: flags & 16 != 0,
                    above,
                };
                assert_eq!(Head::unpack(head.pack()), head);
            }
        }
        let lists = Lists { below: 7, assignments: u32::MAX };
        assert_eq!(Lists::unpack(lists.pack()), lists);
        for held in
            [None, Some(Held { role: (1 << 27) - 1, below: true }), Some(Held { role: 0, below: false })]
        {
            for acts in [false, true] {
                let person = Person { known: acts, home: u32::MAX, active: true, acts, held };
                assert_eq!(Person::unpack(person.pack()), person);
            }
        }
        let ties = Ties { away: u32::MAX, next: 5 };
        assert_eq!(Ties::unpack(ties.pack()), ties);
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
    }

    #[test]
    fn what_the_policy_does_not_have_is_neither_stopped_nor_held() {
        let last = KnownWord(Known { bit: 127, operates: false, reserved: true, known: true }.pack());
        assert_eq!((last.half(), last.place()), (1, 1 << 63));
        assert_eq!(last.stopped_by(1 << 63), why::NOT_GRANTED);
        assert_eq!(last.stopped_by(!(1 << 63)), 0);
        assert_eq!(last.held_by(1 << 63), why::ROLE_LACKS_PERMISSION);
        assert_eq!((last.reserved(), last.operates()), (why::RESERVED_FOR_CUSTOMER, 0));
        let unknown = KnownWord(Known { operates: true, ..Known::default() }.pack());
        assert_eq!((unknown.stopped_by(u64::MAX), unknown.held_by(u64::MAX)), (0, 0));
        assert_eq!(unknown.place(), 0);
        assert_eq!(unknown.operates(), why::TENANT_DISABLED);
    }
}
