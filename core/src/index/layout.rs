//! The layout of the index in memory: which bits of which words say what. Decides nothing.
//!
//! A tenant has a cache line, a user half of one. The line says whether the tenant can be worked
//! on, by which link it is managed, and who is assigned on it; the user's row where they are at
//! home and what they hold there. Those two rows are nearly always all that a check has to load per
//! question.
//!
//! A packed word is a type of its own, with getters and `with…` setters. A flag that a check needs
//! sits at the bit of the reason that applies in its absence (see [`reason`]), so that all reasons
//! are computed by a few bitwise operations.

use std::sync::atomic::{AtomicI64, Ordering};

use super::seqlock::{CacheLine, HalfLine, QuarterLine, Reader, RowCells, RowRef, RowTable, Word};
use crate::refusal::Code;

/// The row of a tenant: its [`TenantWord`], its [`TenantLists`], the id, then its seats.
pub(super) type TenantCells = CacheLine;
/// The row of a user: their [`UserWord`], their [`UserLists`], then the id.
pub(super) type UserCells = HalfLine;
/// The row of a [`LinkShape`].
pub(super) type ShapeCells = HalfLine;
/// The row of a role: the mask of the permissions that it holds.
pub(super) type RoleCells = QuarterLine;
/// The row of a permission: see [`PermissionBits`].
pub(super) type PermissionCells = QuarterLine;
/// The row of a service: its bit in the masks of shapes, and its flag.
pub(super) type ServiceCells = QuarterLine;

/// The word of a tenant's row at which its seats begin, two to a word.
pub(super) const SEATS_AT: usize = 4;
/// How many assignments fit a tenant's row. A tenant with more has them in a list.
pub(super) const SEATS: usize = (TenantCells::WORDS - SEATS_AT) * 2;
/// The greatest user number that fits a seat.
pub(super) const MAX_SEATED_USER: u32 = (1 << 26) - 1;
/// How many roles have a code that fits a seat.
pub(super) const ROLE_CODES: usize = 63;
/// Sentinel: the role is not encoded in the seat. The user's own row or list has it.
pub(super) const ROLE_ELSEWHERE: u32 = 63;
/// The shape of links that let nobody do anything. Shape 0, before it, is that of no link.
pub(super) const CLOSED_SHAPE: u32 = 1;
/// Upper bound of shape numbers, which have 24 bits.
pub(super) const MAX_SHAPES: u32 = 1 << 24;
/// The longest chain a policy allows, and so the most managers of a tenant.
pub(super) const MAX_CHAIN: usize = crate::policy::MAX_CHAIN as usize;
/// How many permissions, or services, there can be in all policies that were ever in force.
pub(super) const NAMES: usize = 1024;

/// Declares the reasons of a check from the first bit on, in the order of P-1 to P-10: the least
/// bit that is set is the reason given.
macro_rules! reasons {
    ($($bit:literal $name:ident $code:ident)+) => {
        /// The reasons of a check, a bit each.
        pub(super) mod reason {
            $(pub(crate) const $name: u32 = 1 << $bit;)+
        }

        /// What each bit stands for; nothing, from the first bit on that is no reason.
        const REASONS: [Option<Code>; 16] = {
            let mut codes = [None; 16];
            $(codes[$bit] = Some(Code::$code);)+
            codes
        };
    };
}

reasons! {
    0 UNKNOWN_USER UnknownUser
    1 USER_NOT_ACTIVE UserNotActive
    2 UNKNOWN_TENANT UnknownTenant
    3 TENANT_DISABLED TenantDisabled
    4 NOT_LINKED NotLinked
    5 CUSTOMER_LOCKED CustomerLocked
    6 SERVICE_NOT_MANAGED ServiceNotManaged
    7 RESERVED_FOR_CUSTOMER ReservedForCustomer
    8 NOT_GRANTED NotGranted
    9 NO_ASSIGNMENT NoAssignment
    10 ROLE_LACKS_PERMISSION RoleLacksPermission
}

/// The first of the reasons that apply.
#[inline]
pub(super) fn first_reason(applying: u32) -> Option<Code> {
    let first = (applying | 1 << (REASONS.len() - 1)).trailing_zeros();
    REASONS.get(first as usize).copied().flatten()
}

/// A bit, if a condition holds; else 0.
#[inline]
pub(super) const fn bit_if(condition: bool, bit: u32) -> u32 {
    if condition { bit } else { 0 }
}

/// Who manages a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Managers {
    /// Nobody manages it.
    None,
    /// One manager, by a link that does not end by itself.
    One { manager: u32, shape: u32 },
    /// Several, or one by a link that ends by itself or keeps the tenant disabled: a block of links
    /// in the heap.
    Several { block: u32 },
}

/// The first word of a tenant's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TenantWord(u64);

impl TenantWord {
    const ONE: u32 = 1;
    const SEVERAL: u32 = 1 << 1;
    /// It has been registered and not deleted.
    pub(super) const LIVING: u32 = reason::UNKNOWN_TENANT;
    /// It is neither disabled nor enabling, but for what the links by which it is managed say.
    pub(super) const ENABLED: u32 = reason::TENANT_DISABLED;
    /// Its assignments did not fit its seats and are in a list.
    pub(super) const OVERFLOWED: u32 = 1 << 4;
    /// Somebody may hold something here that their own row does not say: their home is elsewhere,
    /// or it changes by time alone.
    pub(super) const GUESTS: u32 = 1 << 5;
    /// Its one manager is managed itself.
    pub(super) const CHAINED: u32 = 1 << 6;
    const SHAPE: u32 = 8;
    const MANAGER: u32 = 32;
    /// A tenant that is living and enabled, and managed by nobody.
    pub(super) const OPEN: Self = Self(Self::OPEN_FLAGS as u64);
    const OPEN_FLAGS: u32 = Self::LIVING | Self::ENABLED;

    #[inline]
    pub(super) fn of(reader: &impl Reader, row: RowRef<'_, TenantCells>) -> Self {
        Self(reader.load(row, 0))
    }

    pub(super) const fn unpack(word: u64) -> Self {
        Self(word)
    }

    pub(super) const fn pack(self) -> u64 {
        self.0
    }

    /// Whether any of these flags is set.
    #[inline]
    pub(super) const fn has(self, flags: u32) -> bool {
        self.0 as u32 & flags != 0
    }

    /// With a flag set or cleared.
    pub(super) const fn with(self, flag: u32, set: bool) -> Self {
        Self(if set { self.0 | flag as u64 } else { self.0 & !(flag as u64) })
    }

    /// The flags for [`reason::UNKNOWN_TENANT`] and [`reason::TENANT_DISABLED`].
    #[inline]
    pub(super) const fn open(self) -> u32 {
        self.0 as u32 & Self::OPEN_FLAGS
    }

    /// Whether its users can act, but for what the links by which it is managed say.
    #[inline]
    pub(super) const fn is_open(self) -> bool {
        self.open() == Self::OPEN_FLAGS
    }

    /// Whether a check may need more than this word and the user's row.
    #[inline]
    pub(super) const fn needs_more(self) -> bool {
        self.has(Self::SEVERAL | Self::GUESTS | Self::CHAINED)
    }

    /// Whether its links are in a block: see [`Managers::Several`].
    #[inline]
    pub(super) const fn has_several(self) -> bool {
        self.has(Self::SEVERAL)
    }

    /// The shape of its one link; 0, that of no link, if it has none.
    #[inline]
    pub(super) const fn shape(self) -> u32 {
        self.0 as u32 >> Self::SHAPE
    }

    /// Its one manager, or the block of its links where it has several; 0 if it has none.
    #[inline]
    pub(super) const fn manager(self) -> u32 {
        (self.0 >> Self::MANAGER) as u32
    }

    /// Whether it is managed by anybody.
    pub(super) const fn is_managed(self) -> bool {
        self.has(Self::ONE | Self::SEVERAL)
    }

    /// Who manages it.
    #[inline]
    pub(super) const fn managers(self) -> Managers {
        match (self.has(Self::ONE), self.has_several()) {
            (true, _) => Managers::One { manager: self.manager(), shape: self.shape() },
            (false, true) => Managers::Several { block: self.manager() },
            (false, false) => Managers::None,
        }
    }

    /// Managed by these.
    pub(super) const fn managed_by(self, managers: Managers) -> Self {
        let (kind, shape, manager) = match managers {
            Managers::None => (0, 0, 0),
            Managers::One { manager, shape } => (Self::ONE, shape, manager),
            Managers::Several { block } => (Self::SEVERAL, 0, block),
        };
        let flags = self.0 & ((1 << Self::SHAPE) - 1) & !((Self::ONE | Self::SEVERAL) as u64);
        let word = (manager as u64) << Self::MANAGER | (shape << Self::SHAPE | kind) as u64;
        Self(word | flags)
    }
}

/// The second word of a tenant's row: the addresses of its lists; 0 where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TenantLists {
    /// The tenants that it manages, as [`ManagedEntry`].
    pub(super) managed: u32,
    /// Its assignments, if they do not fit its seats.
    pub(super) assignments: u32,
}

impl TenantLists {
    #[inline]
    pub(super) const fn unpack(word: u64) -> Self {
        Self { managed: word as u32, assignments: (word >> 32) as u32 }
    }

    pub(super) fn pack(self) -> u64 {
        u64::from(self.managed) | u64::from(self.assignments) << 32
    }
}

/// Visits the seats of a tenant's row. A free seat is 0.
#[inline]
pub(super) fn each_seat(reader: &impl Reader, row: RowRef<'_, TenantCells>, mut visit: impl FnMut(Seat)) {
    for word in 0..SEATS / 2 {
        let seats = reader.load(row, SEATS_AT + word);
        for seat in [seats as u32, (seats >> 32) as u32] {
            visit(Seat(seat));
        }
    }
}

/// Half a word of a tenant's row: who is assigned there, and a code of their role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seat(pub(super) u32);

impl Seat {
    /// The seat that nobody has.
    pub(super) const FREE: Self = Self(0);
    const CODE_BITS: u32 = 6;

    #[inline]
    pub(super) const fn new(user: u32, code: u32) -> Self {
        Self(user << Self::CODE_BITS | code)
    }

    /// The user who has it; 0 if it is free.
    #[inline]
    pub(super) const fn user(self) -> u32 {
        self.0 >> Self::CODE_BITS
    }

    /// The code of their role, or [`ROLE_ELSEWHERE`].
    #[inline]
    pub(super) const fn code(self) -> u32 {
        self.0 & ((1 << Self::CODE_BITS) - 1)
    }
}

/// The first word of a user's row: where they are at home, and what they hold there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UserWord(u64);

impl UserWord {
    /// There is such a user. Number 0 is nobody, and one who was removed from the store is nobody
    /// again.
    pub(super) const KNOWN: u32 = reason::UNKNOWN_USER;
    /// They are active, and so is their home: they can act at all (P-1).
    pub(super) const ACTS: u32 = reason::USER_NOT_ACTIVE;
    const HOLDS: u32 = 1 << 2;
    const REACHES: u32 = 1 << 3;
    /// They are active, whatever their home is.
    pub(super) const ACTIVE: u32 = 1 << 4;
    /// The links by which their home is managed say whether they can act, or act elsewhere; or what
    /// they hold at home changes by time alone.
    pub(super) const CONFINED: u32 = 1 << 5;
    /// Sentinel: what they hold at home changes by time alone, and is among their assignments away
    /// from home under [`LAID_AT_HOME`]. No role has a row of this number, so that whoever wants it
    /// finds that there is more to it.
    pub(super) const LAID: u32 = (1 << 26) - 1;
    const ROLE: u32 = 6;
    const HOME: u32 = 32;
    /// A user who can act, and has neither home nor assignment.
    pub(super) const ACTING: Self = Self((Self::KNOWN | Self::ACTS | Self::ACTIVE) as u64);

    #[inline]
    pub(super) fn of(reader: &impl Reader, row: RowRef<'_, UserCells>) -> Self {
        Self(reader.load(row, 0))
    }

    pub(super) const fn unpack(word: u64) -> Self {
        Self(word)
    }

    pub(super) const fn pack(self) -> u64 {
        self.0
    }

    /// Whether any of these flags is set.
    #[inline]
    pub(super) const fn has(self, flags: u32) -> bool {
        self.0 as u32 & flags != 0
    }

    /// With a flag set or cleared.
    pub(super) const fn with(self, flag: u32, set: bool) -> Self {
        Self(if set { self.0 | flag as u64 } else { self.0 & !(flag as u64) })
    }

    /// The number of the tenant where they are at home.
    #[inline]
    pub(super) const fn home(self) -> u32 {
        (self.0 >> Self::HOME) as u32
    }

    /// At home on this tenant.
    pub(super) const fn at_home_on(self, tenant: u32) -> Self {
        Self(self.0 as u32 as u64 | (tenant as u64) << Self::HOME)
    }

    /// At home where it is open, but for what the links by which it is managed say, if they
    /// confine.
    pub(super) const fn at_home_where(self, open: bool, confined: bool) -> Self {
        let acts = self.has(Self::ACTIVE) && open;
        self.with(Self::ACTS, acts).with(Self::CONFINED, confined || self.is_laid())
    }

    /// Whether what they hold at home changes by time alone.
    pub(super) const fn is_laid(self) -> bool {
        self.role() == Self::LAID
    }

    /// The flags for [`reason::UNKNOWN_USER`] and [`reason::USER_NOT_ACTIVE`].
    #[inline]
    pub(super) const fn acts(self) -> u32 {
        self.0 as u32 & (Self::KNOWN | Self::ACTS)
    }

    /// Whether they can act at all (P-1).
    #[inline]
    pub(super) const fn can_act(self) -> bool {
        self.has(Self::ACTS)
    }

    /// The flag for [`reason::NO_ASSIGNMENT`] at home.
    #[inline]
    pub(super) const fn holds(self) -> u32 {
        // A multiplication by a power of two is a shift of the flag, whichever direction it takes.
        (self.0 as u32 & Self::HOLDS).wrapping_mul(reason::NO_ASSIGNMENT / Self::HOLDS)
    }

    /// The flag for [`reason::NO_ASSIGNMENT`] on the tenants below home.
    #[inline]
    pub(super) const fn reaches(self) -> u32 {
        (self.0 as u32 & Self::REACHES).wrapping_mul(reason::NO_ASSIGNMENT / Self::REACHES)
    }

    /// The number of their role at home, if they have one there.
    #[inline]
    pub(super) const fn role(self) -> u32 {
        self.0 as u32 >> Self::ROLE
    }

    /// What they hold at home.
    #[inline]
    pub(super) const fn assigned(self) -> Option<Assigned> {
        let assigned = Assigned { role: self.role(), below: self.has(Self::REACHES) };
        if self.has(Self::HOLDS) { Some(assigned) } else { None }
    }

    /// Holding this at home.
    #[inline]
    pub(super) const fn holding(self, assigned: Option<Assigned>) -> Self {
        let flags = self.0 as u32 & (Self::KNOWN | Self::ACTS | Self::ACTIVE | Self::CONFINED);
        let held = match assigned {
            None => 0,
            Some(Assigned { role, below }) => role << Self::ROLE | Self::HOLDS | bit_if(below, Self::REACHES),
        };
        Self(self.0 >> Self::HOME << Self::HOME | (flags | held) as u64)
    }
}

/// The second word of a user's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UserLists {
    /// The list of their assignments away from home; 0 if there are none.
    pub(super) away: u32,
    /// The next user with the same home, 0 after the last: a linked list that only the writer
    /// reads.
    pub(super) next: u32,
}

impl UserLists {
    #[inline]
    pub(super) fn of(reader: &impl Reader, row: RowRef<'_, UserCells>) -> Self {
        Self::unpack(reader.load(row, 1))
    }

    #[inline]
    pub(super) const fn unpack(word: u64) -> Self {
        Self { away: word as u32, next: (word >> 32) as u32 }
    }

    pub(super) fn pack(self) -> u64 {
        u64::from(self.away) | u64::from(self.next) << 32
    }
}

/// What an assignment gives: the payload of lists of assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Assigned {
    /// The number of the role.
    pub(super) role: u32,
    /// Whether it covers the tenants below, too.
    pub(super) below: bool,
}

impl Assigned {
    #[inline]
    pub(super) const fn unpack(payload: u32) -> Self {
        Self { role: payload >> 1, below: payload & 1 != 0 }
    }

    pub(super) fn pack(self) -> u32 {
        self.role << 1 | u32::from(self.below)
    }

    /// In place of a role's number: what is given changes by time alone, and a block says how.
    const LAID: u32 = 1 << 30;

    /// What changes by time alone, as this block says; it may cover the tenants below at times.
    pub(super) fn laid(block: u32, below: bool) -> Self {
        assert!(block < Self::LAID, "the heap has less than 64 GiB");
        Self { role: Self::LAID | block, below }
    }

    /// The block that says what is given when, if it changes by time alone.
    #[inline]
    pub(super) const fn block(self) -> Option<u32> {
        if self.role & Self::LAID != 0 { Some(self.role & !Self::LAID) } else { None }
    }
}

/// The number under which a user's assignments away from home have what they hold at home, where
/// that changes by time alone: no tenant's.
pub(super) const LAID_AT_HOME: u32 = 0;

/// What is given on a tenant where that changes by time alone: a block of the heap.
///
/// Its first word says how many pieces there are, and the block's size class; the second what
/// stands there, if anything. Three words for each piece follow: from when, up to when, and what it
/// gives. Of those that are in force, the last decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LaidWords {
    /// What stands there.
    pub(super) standing: Option<Assigned>,
    /// What is laid over it: from when, up to when, in microseconds since 1970; and what it gives.
    pub(super) pieces: Vec<(i64, i64, Assigned)>,
}

impl LaidWords {
    /// How many pieces there can be: many more than any rule lets come about.
    pub(super) const MOST: usize = 128;
    const HEAD: usize = 2;
    const PIECE: usize = 3;
    const STANDS: u64 = 1 << 32;

    /// The size class of the block that it takes.
    pub(super) fn class(&self) -> u32 {
        let words = Self::HEAD + self.pieces.len() * Self::PIECE;
        words.div_ceil(CacheLine::WORDS).next_power_of_two().ilog2()
    }

    /// The size class in the first word of a block.
    pub(super) const fn class_of(word: u64) -> u32 {
        (word >> 32) as u32
    }

    /// All of its words.
    pub(super) fn words(&self) -> Vec<u64> {
        let standing = self.standing.map_or(0, |assigned| Self::STANDS | u64::from(assigned.pack()));
        let mut words = vec![self.pieces.len() as u64 | u64::from(self.class()) << 32, standing];
        for (starts, ends, assigned) in &self.pieces {
            words.extend([starts.cast_unsigned(), ends.cast_unsigned(), u64::from(assigned.pack())]);
        }
        words
    }
}

/// The payload of a manager's list of managed tenants: what a reverse look-up needs of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ManagedEntry(u32);

impl ManagedEntry {
    /// It is living and enabled.
    pub(super) const OPEN: u32 = 1;
    /// This link is its only one, does not end by itself and does not keep it disabled.
    pub(super) const ONLY: u32 = 1 << 1;
    /// It manages tenants itself.
    pub(super) const MANAGES: u32 = 1 << 2;
    const SHAPE: u32 = 8;

    pub(super) const fn new(shape: u32) -> Self {
        Self(shape << Self::SHAPE)
    }

    /// With a flag set or cleared.
    pub(super) const fn with(self, flag: u32, set: bool) -> Self {
        Self(if set { self.0 | flag } else { self.0 & !flag })
    }

    #[inline]
    pub(super) const fn unpack(payload: u32) -> Self {
        Self(payload)
    }

    pub(super) const fn pack(self) -> u32 {
        self.0
    }

    #[inline]
    pub(super) const fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    /// Whether there is nothing more to know about it, nor below it.
    #[inline]
    pub(super) const fn is_simple(self) -> bool {
        self.0 & (Self::ONLY | Self::MANAGES) == Self::ONLY
    }

    /// The shape of the link.
    #[inline]
    pub(super) const fn shape(self) -> u32 {
        self.0 >> Self::SHAPE
    }
}

/// One of several links by which a tenant is managed: two words of a block, the second of which is
/// the moment at which it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinkWords {
    /// The number of the manager.
    pub(super) manager: u32,
    /// The shape of the link.
    pub(super) shape: u32,
    /// Whether it keeps the tenant disabled.
    pub(super) holds: bool,
    /// When it ends by itself, in microseconds since 1970, if it does.
    pub(super) ends: Option<i64>,
}

impl LinkWords {
    /// The link of two words; none, if the first is 0.
    pub(super) fn unpack(word: u64, ends: u64) -> Option<Self> {
        (word != 0).then(|| Self {
            manager: (word >> 32) as u32,
            shape: word as u32 >> 8,
            holds: word & 2 != 0,
            ends: (word & 1 != 0).then_some(ends.cast_signed()),
        })
    }

    pub(super) fn pack(self) -> (u64, u64) {
        let flags = u64::from(self.holds) << 1 | u64::from(self.ends.is_some());
        let word = u64::from(self.manager) << 32 | u64::from(self.shape) << 8 | flags;
        (word, self.ends.unwrap_or(0).cast_unsigned())
    }
}

/// A permission under the policy in force, as the two words of its row.
///
/// The masks of roles and shapes are two words long. The first word here is the permission's bit in
/// one of them, 0 if the policy does not have it, which nobody holds and no link withholds; the
/// second has flags below, and above which word of a mask it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PermissionBits {
    mask: u64,
    rest: u64,
}

impl PermissionBits {
    /// It works on a tenant that is not enabled (T-5).
    pub(super) const OPERATES: u32 = reason::TENANT_DISABLED;
    /// It can never be a manager's (P-6).
    pub(super) const RESERVED: u32 = reason::RESERVED_FOR_CUSTOMER;
    const HALF: u32 = 32;

    #[inline]
    pub(super) fn of(reader: &impl Reader, row: RowRef<'_, PermissionCells>) -> Self {
        Self { mask: reader.load(row, 0), rest: reader.load(row, 1) }
    }

    /// One that the policy has, in this place of its masks.
    pub(super) const fn at(place: u32) -> Self {
        Self { mask: 1 << (place % 64), rest: ((place / 64) as u64) << Self::HALF }
    }

    /// With a flag set or cleared.
    pub(super) const fn with(self, flag: u32, set: bool) -> Self {
        let rest = if set { self.rest | flag as u64 } else { self.rest & !(flag as u64) };
        Self { rest, ..self }
    }

    pub(super) const fn words(self) -> [u64; PermissionCells::WORDS] {
        [self.mask, self.rest]
    }

    /// Whether the policy has it.
    pub(super) const fn is_known(self) -> bool {
        self.mask != 0
    }

    /// The flag for [`reason::TENANT_DISABLED`].
    #[inline]
    pub(super) const fn operates(self) -> u32 {
        self.rest as u32 & Self::OPERATES
    }

    /// [`reason::RESERVED_FOR_CUSTOMER`], if it applies to managers.
    #[inline]
    pub(super) const fn reserved(self) -> u32 {
        self.rest as u32 & Self::RESERVED
    }

    /// Which word of a mask it is in.
    #[inline]
    pub(super) const fn half(self) -> usize {
        (self.rest >> Self::HALF) as usize & 1
    }

    /// Whether it is in this word of a mask.
    #[inline]
    pub(super) const fn is_in(self, half: u64) -> bool {
        self.mask & half != 0
    }
}

/// What a link lets its manager do under the policy in force. Links are interned by it, so a change
/// of policy rewrites shapes rather than tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LinkShape {
    /// The services that it does not carry (P-5).
    pub(super) without: u64,
    /// The permissions that need a grant and have none (P-7).
    pub(super) withheld: [u64; 2],
    /// Whether it locks the managed tenant's own users out (P-4).
    pub(super) locks: bool,
}

impl LinkShape {
    /// The word of a row with the services.
    pub(super) const WITHOUT: usize = 0;
    /// The first of the two words with the permissions.
    pub(super) const WITHHELD: usize = 1;
    /// The word that is [`reason::CUSTOMER_LOCKED`], if it locks.
    pub(super) const LOCKS: usize = 3;

    pub(super) const fn words(self) -> [u64; ShapeCells::WORDS] {
        let [low, high] = self.withheld;
        [self.without, low, high, bit_if(self.locks, reason::CUSTOMER_LOCKED) as u64]
    }
}

/// The words of a service's row: its bit, and the flag for [`reason::SERVICE_NOT_MANAGED`], which
/// says that the policy has it.
pub(super) const fn service_words(bit: u64) -> [u64; ServiceCells::WORDS] {
    [bit, reason::SERVICE_NOT_MANAGED as u64]
}

/// The row of a service by its number. The first row is for questions that are about no service: it
/// has no bit, so every link carries it, and counts as offered.
#[inline]
pub(super) fn service_row(number: Option<u16>) -> u32 {
    number.map_or(0, |number| u32::from(number) + 1)
}

/// How many rows of each table are in use, in the order of [`Tables`].
pub(super) type RowCounts = [u32; Tables::COUNT as usize];

/// Something that is done to every table.
pub(super) trait TableTask {
    /// Why it cannot be.
    type Error;

    /// Does it to the first rows of a table.
    ///
    /// # Errors
    /// When it cannot be done.
    fn run<C: RowCells>(&mut self, table: &RowTable<C>, rows: u32) -> Result<(), Self::Error>;
}

/// All tables of the index.
#[derive(Debug)]
pub(super) struct Tables {
    /// Tenants, by number.
    pub(super) tenants: RowTable<TenantCells>,
    /// Users, by number.
    pub(super) users: RowTable<UserCells>,
    /// Shapes of links, by number.
    pub(super) shapes: RowTable<ShapeCells>,
    /// Roles, by number.
    pub(super) roles: RowTable<RoleCells>,
    /// Blocks of lists (see [`super::list`]) and of links.
    pub(super) heap: RowTable<CacheLine>,
    /// The numbers of roles by the codes that seats have for them.
    pub(super) codes: RowTable<Word>,
    /// Permissions, by number.
    pub(super) permissions: RowTable<PermissionCells>,
    /// Services, by [`service_row`].
    pub(super) services: RowTable<ServiceCells>,
    /// The moment of the last record that is in here, in microseconds since 1970: no earlier one is
    /// asked about, whatever a clock says.
    reached: AtomicI64,
}

impl Tables {
    /// How many tables there are; a table's id is at most this.
    pub(super) const COUNT: u8 = 8;

    /// Room for so many tenants, users and custom roles before a table has to be extended.
    pub(super) fn new((tenants, users, roles): (usize, usize, usize)) -> Self {
        Self {
            tenants: RowTable::new(1, tenants + 1),
            users: RowTable::new(2, users + 1),
            shapes: RowTable::new(3, 4096),
            roles: RowTable::new(4, roles + 64),
            heap: RowTable::new(5, tenants / 8),
            codes: RowTable::new(6, ROLE_CODES),
            permissions: RowTable::new(7, NAMES),
            services: RowTable::new(Self::COUNT, NAMES + 1),
            reached: AtomicI64::new(i64::MIN),
        }
    }

    /// Notes the moment of a record, before what it changed is seen.
    pub(super) fn reach(&self, micros: i64) {
        self.reached.fetch_max(micros, Ordering::Release);
    }

    /// The moment that is asked about where a clock says this, in microseconds since 1970.
    pub(super) fn moment(&self, micros: i64) -> i64 {
        micros.max(self.reached.load(Ordering::Acquire))
    }

    /// Does the same to each table, the first rows of which are so many.
    ///
    /// # Errors
    /// The first there is.
    pub(super) fn each<T: TableTask>(&self, rows: &RowCounts, task: &mut T) -> Result<(), T::Error> {
        let [tenants, users, shapes, roles, heap, codes, permissions, services] = *rows;
        task.run(&self.tenants, tenants)?;
        task.run(&self.users, users)?;
        task.run(&self.shapes, shapes)?;
        task.run(&self.roles, roles)?;
        task.run(&self.heap, heap)?;
        task.run(&self.codes, codes)?;
        task.run(&self.permissions, permissions)?;
        task.run(&self.services, services)
    }

    /// Whether the policy in force has the permission of this number.
    pub(super) fn has_permission(&self, reader: &impl Reader, number: u16) -> bool {
        PermissionBits::of(reader, self.permissions.initial_row(number.into())).is_known()
    }

    /// Whether the policy in force has the service of this number.
    pub(super) fn has_service(&self, reader: &impl Reader, number: u16) -> bool {
        number != 0 && reader.load(self.services.initial_row(service_row(Some(number))), 0) != 0
    }

    #[inline]
    pub(super) fn tenant(&self, reader: &impl Reader, tenant: u32) -> TenantWord {
        TenantWord::of(reader, self.tenants.row(tenant))
    }

    #[inline]
    pub(super) fn tenant_lists(&self, reader: &impl Reader, tenant: u32) -> TenantLists {
        TenantLists::unpack(reader.load(self.tenants.row(tenant), 1))
    }

    #[inline]
    pub(super) fn user(&self, reader: &impl Reader, user: u32) -> UserWord {
        UserWord::of(reader, self.users.row(user))
    }

    /// The list of a user's assignments away from home.
    #[inline]
    pub(super) fn away(&self, reader: &impl Reader, user: u32) -> u32 {
        UserLists::of(reader, self.users.row(user)).away
    }

    /// What decides of an assignment at a moment, in microseconds since 1970: itself, or where it
    /// changes by time alone, what is in force of it.
    pub(super) fn deciding(
        &self,
        reader: &impl Reader,
        assigned: Assigned,
        now: impl FnOnce() -> i64,
    ) -> Option<Assigned> {
        let Some(block) = assigned.block() else { return Some(assigned) };
        let word = |place| reader.word(&self.heap, block as usize * CacheLine::WORDS + place);
        let assigned = |word: u64| Assigned::unpack(word as u32);
        let now = now();
        for piece in (0..(word(0) as u32 as usize).min(LaidWords::MOST)).rev() {
            let place = LaidWords::HEAD + piece * LaidWords::PIECE;
            if word(place).cast_signed() <= now && now < word(place + 1).cast_signed() {
                return Some(assigned(word(place + 2)));
            }
        }
        let standing = word(1);
        (standing & LaidWords::STANDS != 0).then(|| assigned(standing))
    }

    /// The number of the role that a seat's code stands for.
    #[inline]
    pub(super) fn role_of_code(&self, reader: &impl Reader, code: u32) -> u32 {
        reader.load(self.codes.initial_row(code), 0) as u32
    }

    /// The links of a block: see [`Managers::Several`].
    pub(super) fn links<'t, R: Reader>(
        &'t self,
        reader: &'t R,
        block: u32,
    ) -> impl Iterator<Item = LinkWords> + 't {
        let at = block as usize * CacheLine::WORDS;
        (0..MAX_CHAIN).map_while(move |place| {
            LinkWords::unpack(
                reader.word(&self.heap, at + place * 2),
                reader.word(&self.heap, at + place * 2 + 1),
            )
        })
    }

    /// The bytes allocated for everything but users.
    pub(super) fn bytes_beside_users(&self) -> usize {
        self.tenants.bytes()
            + self.shapes.bytes()
            + self.roles.bytes()
            + self.heap.bytes()
            + self.codes.bytes()
            + self.permissions.bytes()
            + self.services.bytes()
    }
}
