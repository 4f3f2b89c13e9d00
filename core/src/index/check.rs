//! The check (P-1 to P-10) on the words of the index: the same reasons in the same order of
//! precedence as on a view, without allocation and without I/O. Tests hold the two equal.
//!
//! Every reason is a bit ([`reason`]), and there is one evaluator: [`applying`] computes all
//! reasons at once, [`first_reason`] takes the first. What differs is how its inputs are found:
//! [`glance`] reads them off two rows, [`at_length`] follows lists and chains.

use super::handle::{At, Permit, TenantHandle, UserHandle};
use super::layout::{
    Assigned, LAID_AT_HOME, LinkShape, LinkWords, MAX_CHAIN, Managers, PermissionBits, ROLE_ELSEWHERE,
    RoleCells, Seat, ShapeCells, Tables, TenantCells, TenantWord, UserCells, UserLists, UserWord, bit_if,
    each_seat, first_reason, reason, service_row,
};
use super::list;
use super::seqlock::{Reader, RowRef};
use crate::refusal::Code;

/// A question in numbers of rows. Unknown users and tenants have the number 0, which nobody has.
#[derive(Clone, Copy, Debug)]
pub(super) struct IndexQuestion {
    pub(super) user: u32,
    pub(super) tenant: u32,
    pub(super) permission: u32,
    pub(super) service: u32,
}

impl IndexQuestion {
    #[inline]
    pub(super) fn new(user: UserHandle, permit: Permit, tenant: TenantHandle) -> Self {
        Self { user: user.number(), tenant: tenant.number(), ..Self::about(permit) }
    }

    /// About nobody and nothing yet.
    #[inline]
    pub(super) fn about(permit: Permit) -> Self {
        Self {
            user: 0,
            tenant: 0,
            permission: u32::from(permit.permission.number()),
            service: service_row(permit.service.map(|service| service.number())),
        }
    }
}

/// A permit under the policy in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct PermitBits {
    permission: PermissionBits,
    // The bit of the service that a chain has to carry; 0 if it is about none.
    service: u64,
    // The flag for `SERVICE_NOT_MANAGED`: the policy has the service, or it is about none.
    offered: u32,
}

impl PermitBits {
    #[inline]
    pub(super) fn of(tables: &Tables, reader: &impl Reader, asked: IndexQuestion) -> Self {
        let service = tables.services.initial_row(asked.service);
        Self {
            permission: PermissionBits::of(reader, tables.permissions.initial_row(asked.permission)),
            service: reader.load(service, 0),
            offered: reader.load(service, 1) as u32,
        }
    }

    /// The permission under the policy in force.
    #[inline]
    pub(super) const fn permission(&self) -> PermissionBits {
        self.permission
    }

    /// The reasons for which a link does not let it pass: P-5, P-7.
    #[inline]
    pub(super) fn barred_by(&self, reader: &impl Reader, shape: RowRef<'_, ShapeCells>) -> u32 {
        let missing = self.service & reader.load(shape, LinkShape::WITHOUT) != 0;
        let withheld = reader.load(shape, LinkShape::WITHHELD + self.permission.half());
        bit_if(missing, reason::SERVICE_NOT_MANAGED)
            | bit_if(self.permission.is_in(withheld), reason::NOT_GRANTED)
    }

    /// The flag for [`reason::ROLE_LACKS_PERMISSION`]: a role holds the permission (P-8).
    #[inline]
    pub(super) fn held_by(&self, reader: &impl Reader, role: RowRef<'_, RoleCells>) -> u32 {
        let held = reader.load(role, self.permission.half());
        bit_if(self.permission.is_in(held), reason::ROLE_LACKS_PERMISSION)
    }

    /// The flags for [`reason::NO_ASSIGNMENT`] and [`reason::ROLE_LACKS_PERMISSION`] of an
    /// assignment.
    fn flags_of(&self, tables: &Tables, reader: &impl Reader, assigned: Option<Assigned>) -> u32 {
        assigned.map_or(0, |assigned| {
            reason::NO_ASSIGNMENT | self.held_by(reader, tables.roles.row(assigned.role))
        })
    }
}

/// The reasons that apply in the absence of their flag, on whatever side of a link the user is.
const REQUIRED: u32 = reason::UNKNOWN_USER
    | reason::USER_NOT_ACTIVE
    | reason::UNKNOWN_TENANT
    | reason::TENANT_DISABLED
    | reason::SERVICE_NOT_MANAGED
    | reason::NO_ASSIGNMENT
    | reason::ROLE_LACKS_PERMISSION;

/// Section 4: every reason that applies (P-1 to P-8). `bars` are the reasons that come from links,
/// on the side that the user is on; `flags` those for [`reason::NO_ASSIGNMENT`] and
/// [`reason::ROLE_LACKS_PERMISSION`] of the assignment that decides.
#[inline(always)]
pub(super) const fn applying(
    user: UserWord,
    tenant: TenantWord,
    permit: &PermitBits,
    bars: u32,
    flags: u32,
) -> u32 {
    let present = user.acts() | tenant.open() | permit.permission.operates() | permit.offered | flags;
    bars | !present & REQUIRED
}

/// The assignment that decides for a user on a tenant itself.
fn assigned(
    tables: &Tables,
    reader: &impl Reader,
    (tenant, user): (u32, u32),
    at: &impl At,
) -> Option<Assigned> {
    let word = tables.user(reader, user);
    let number = match word.home() == tenant {
        true if word.is_laid() => LAID_AT_HOME,
        true => return word.assigned(),
        false => tenant,
    };
    let found = list::find(reader, &tables.heap, tables.away(reader, user), number);
    found.and_then(|found| tables.deciding(reader, Assigned::unpack(found), || tables.moment(at.micros())))
}

/// A user's seat in a tenant's row, or a free one. Visits all seats: that takes less than a branch
/// for each to stop at the right one.
#[inline]
fn seat_of(reader: &impl Reader, row: RowRef<'_, TenantCells>, user: u32) -> Seat {
    let mut found = 0;
    each_seat(reader, row, |seat| found |= if seat.user() == user { seat.0 } else { 0 });
    Seat(found)
}

/// Branch-free select: both values are computed already.
#[inline]
const fn select(condition: bool, yes: u32, no: u32) -> u32 {
    let mask = 0u32.wrapping_sub(condition as u32);
    yes & mask | no & !mask
}

/// The whole check. Never inlined: callers in a hurry call [`glance`] and come here for the rest.
#[inline(never)]
pub(super) fn judge(
    tables: &Tables,
    reader: &impl Reader,
    asked: IndexQuestion,
    at: &impl At,
) -> Option<Code> {
    match glance(tables, reader, asked) {
        Some(verdict) => verdict,
        None => at_length(tables, reader, asked, at),
    }
}

/// The check where two rows have all that it needs, as nearly always. Nothing where there is more
/// to it, or where the reader finds no row.
#[inline(always)]
pub(super) fn glance(tables: &Tables, reader: &impl Reader, asked: IndexQuestion) -> Option<Option<Code>> {
    let rows = TwoRows::of(tables, reader, (asked.user, asked.tenant))?;
    let permit = PermitBits::of(tables, reader, asked);
    rows.applying(tables, reader, &permit).map(first_reason)
}

/// What two rows say of a user on a tenant: the tenant has one manager at most, who has none.
///
/// It computes without branches: a mispredicted one would cost more than all the reasons together.
#[derive(Clone, Copy)]
pub(super) struct TwoRows {
    user: UserWord,
    tenant: TenantWord,
    own: bool,
}

impl TwoRows {
    /// Nothing where there is more to it, or where the reader finds no row.
    #[inline(always)]
    pub(super) fn of(tables: &Tables, reader: &impl Reader, asked: (u32, u32)) -> Option<Self> {
        let user_row = reader.row(&tables.users, asked.0)?;
        let tenant_row = reader.row(&tables.tenants, asked.1)?;
        let mut user = UserWord::of(reader, user_row);
        let tenant = TenantWord::of(reader, tenant_row);
        if tenant.needs_more() | user.has(UserWord::CONFINED) {
            user = as_on_tenant(tables, reader, asked, (user_row, user), (tenant_row, tenant))?;
        }
        Some(Self { user, tenant, own: user.home() == asked.1 })
    }

    /// Every reason that applies. Nothing where the reader finds no row.
    #[inline(always)]
    pub(super) fn applying(self, tables: &Tables, reader: &impl Reader, permit: &PermitBits) -> Option<u32> {
        let Self { user, tenant, own } = self;
        let shape = reader.row(&tables.shapes, tenant.shape())?;
        let role = reader.row(&tables.roles, user.role())?;
        let as_manager = bit_if(user.home() != tenant.manager(), reason::NOT_LINKED)
            | permit.barred_by(reader, shape)
            | permit.permission.reserved();
        let bars = select(own, reader.load(shape, LinkShape::LOCKS) as u32, as_manager);
        let flags = select(own, user.holds(), user.reaches()) | permit.held_by(reader, role);
        Some(applying(user, tenant, permit, bars, flags))
    }
}

/// The user's word as it counts on a tenant that [`TenantWord::needs_more`]: with the role that
/// they hold there, if they do. Nothing where that takes the check at length.
#[inline(always)]
fn as_on_tenant(
    tables: &Tables,
    reader: &impl Reader,
    asked: (u32, u32),
    (user_row, user): (RowRef<'_, UserCells>, UserWord),
    (tenant_row, tenant): (RowRef<'_, TenantCells>, TenantWord),
) -> Option<UserWord> {
    if tenant.has_several() {
        return None;
    }
    if user.home() == asked.1 {
        return Some(user);
    }
    if user.has(UserWord::CONFINED) {
        return None;
    }
    if tenant.has(TenantWord::CHAINED) && tenant.manager() != user.home() {
        return None;
    }
    if tenant.has(TenantWord::OVERFLOWED) {
        let away = tenant.has(TenantWord::GUESTS) && UserLists::of(reader, user_row).away != 0;
        return (!away).then_some(user);
    }
    let seat = seat_of(reader, tenant_row, asked.0);
    match seat.code() {
        _ if seat == Seat::FREE => Some(user),
        ROLE_ELSEWHERE => None,
        code => {
            // Whoever holds something on the tenant itself needs not reach it from above.
            let role = tables.role_of_code(reader, code);
            Some(user.holding(Some(Assigned { role, below: true })))
        }
    }
}

/// The check where lists or chains have to be followed.
#[cold]
fn at_length(tables: &Tables, reader: &impl Reader, asked: IndexQuestion, at: &impl At) -> Option<Code> {
    let user = as_confined(tables, reader, tables.user(reader, asked.user), at);
    let tenant = as_held(tables, reader, tables.tenant(reader, asked.tenant), at);
    let permit = PermitBits::of(tables, reader, asked);
    let own = assigned(tables, reader, (asked.tenant, asked.user), at);
    let flags = permit.flags_of(tables, reader, own);
    let (bars, flags) = if user.home() == asked.tenant {
        (locks(tables, reader, asked.tenant, at), flags)
    } else {
        let ascent = Ascent { tables, reader, at, user: asked.user, home: user.home(), permit: &permit };
        let chain = ascent.best(tenant);
        let home = if user.has(UserWord::CONFINED) { locks(tables, reader, user.home(), at) } else { 0 };
        (chain.bars | home | permit.permission.reserved(), if own.is_some() { flags } else { chain.flags })
    };
    first_reason(applying(user, tenant, &permit, bars, flags))
}

/// [`reason::CUSTOMER_LOCKED`], if a link in force locks the people at home on a tenant (P-4).
fn locks(tables: &Tables, reader: &impl Reader, home: u32, at: &impl At) -> u32 {
    let mut locks = 0;
    each_link(tables, reader, tables.tenant(reader, home), at, |link| {
        locks |= reader.load(tables.shapes.row(link.shape), LinkShape::LOCKS) as u32;
    });
    locks
}

/// A tenant's word with what the links by which it is managed say: whether one keeps it disabled.
fn as_held(tables: &Tables, reader: &impl Reader, tenant: TenantWord, at: &impl At) -> TenantWord {
    let mut held = false;
    each_link(tables, reader, tenant, at, |link| held |= link.holds);
    if held { tenant.with(TenantWord::ENABLED, false) } else { tenant }
}

/// A user's word with what the links by which their home is managed say: whether one keeps it
/// disabled.
fn as_confined(tables: &Tables, reader: &impl Reader, user: UserWord, at: &impl At) -> UserWord {
    if !user.has(UserWord::CONFINED) {
        return user;
    }
    let home = as_held(tables, reader, tables.tenant(reader, user.home()), at);
    user.with(UserWord::ACTS, user.can_act() && home.is_open())
}

/// Visits the links in force by which a tenant is managed.
fn each_link(
    tables: &Tables,
    reader: &impl Reader,
    tenant: TenantWord,
    at: &impl At,
    mut visit: impl FnMut(LinkWords),
) {
    match tenant.managers() {
        Managers::None => {}
        Managers::One { manager, shape } => visit(LinkWords { manager, shape, holds: false, ends: None }),
        Managers::Several { block } => {
            let in_force = |link: &LinkWords| link.ends.is_none_or(|ends| tables.moment(at.micros()) < ends);
            tables.links(reader, block).filter(in_force).for_each(visit);
        }
    }
}

/// Climbs all chains from a tenant to a user's home.
struct Ascent<'a, R, A> {
    tables: &'a Tables,
    reader: &'a R,
    at: &'a A,
    user: u32,
    home: u32,
    permit: &'a PermitBits,
}

/// A chain of links, the tenant's own first, as far as it was climbed.
#[derive(Clone, Copy)]
struct ChainBits {
    length: usize,
    /// The reasons for which one of its links does not let the permit pass.
    bars: u32,
    /// How many links up the nearest assignment is that reaches down.
    distance: usize,
    /// The flags of that assignment.
    flags: u32,
}

impl ChainBits {
    /// No link yet, and no assignment.
    const START: Self = Self { length: 0, bars: 0, distance: usize::MAX, flags: 0 };
    /// What decides where there is no chain.
    const NONE: Self = Self { bars: reason::NOT_LINKED, ..Self::START };

    /// Of two chains the one that decides: the one that is stopped by the later reason, and of two
    /// that let the permit pass the one with the nearer assignment (P-10). Of several that are
    /// equally near, one whose role holds the permission is enough.
    fn or(self, other: Self) -> Self {
        let rank = |chain: &Self| (chain.bars.trailing_zeros(), std::cmp::Reverse(chain.distance));
        match rank(&self).cmp(&rank(&other)) {
            std::cmp::Ordering::Greater => self,
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal => Self { flags: self.flags | other.flags, ..self },
        }
    }
}

impl<R: Reader, A: At> Ascent<'_, R, A> {
    /// What all chains from a tenant come to.
    fn best(&self, tenant: TenantWord) -> ChainBits {
        let mut best = ChainBits::NONE;
        self.climb(tenant, ChainBits::START, &mut best);
        best
    }

    fn climb(&self, tenant: TenantWord, chain: ChainBits, best: &mut ChainBits) {
        if chain.length >= MAX_CHAIN || self.reader.is_stale() {
            return;
        }
        let (tables, reader) = (self.tables, self.reader);
        each_link(tables, reader, tenant, self.at, |link| {
            let mut longer = ChainBits {
                length: chain.length + 1,
                bars: chain.bars | self.permit.barred_by(reader, tables.shapes.row(link.shape)),
                ..chain
            };
            if chain.flags == 0 {
                let reaching = assigned(tables, reader, (link.manager, self.user), self.at);
                if let Some(reaching) = reaching.filter(|assigned| assigned.below) {
                    longer.distance = chain.length;
                    longer.flags = self.permit.flags_of(tables, reader, Some(reaching));
                }
            }
            if link.manager == self.home {
                *best = best.or(longer);
            } else {
                self.climb(tables.tenant(reader, link.manager), longer, best);
            }
        });
    }
}
