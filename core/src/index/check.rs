//! The check of section 4 on words: the same reasons in the same order of precedence as on a view, without allocating
//! and without I/O. A test holds the two equal.

use super::list;
use super::rows::{
    Above, Head, HeadWord, Held, KnownWord, LOOK, MAX_CHAIN, PersonWord, RoleRow, SHAPE_LOCKS, SHAPE_STOPS,
    SHAPE_WITHOUT, ShapeRow, Spaces, TenantLine, Ties, UserRow, each_seat, service_row, why,
};
use super::words::{Reader, Row};
use super::{At, Permit, TenantHandle, UserHandle};
use crate::refusal::Code;

/// What is asked, in numbers. Unknown users and tenants have the number 0, which nobody has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) user: u32,
    pub(super) tenant: u32,
    pub(super) permission: u32,
    /// By its row.
    pub(super) service: u32,
}

impl Ask {
    #[inline]
    pub(super) fn new(user: UserHandle, permit: Permit, tenant: TenantHandle) -> Self {
        let service = service_row(permit.service.map(|service| service.0));
        Self { user: user.0, tenant: tenant.0, permission: u32::from(permit.permission.0), service }
    }
}

/// A permit under the policy in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    permission: KnownWord,
    /// The services that a chain has to carry: one, or none where it is not about any.
    services: u64,
    /// The flag for [`why::SERVICE_NOT_MANAGED`]: the policy has the service, or it is not about any.
    offered: u32,
}

impl Terms {
    #[inline]
    pub(super) fn new(spaces: &Spaces, reader: &impl Reader, ask: Ask) -> Self {
        let service = spaces.services.fixed(ask.service);
        Self {
            permission: KnownWord::of(reader, spaces.permissions.fixed(ask.permission)),
            services: reader.of(service, 0),
            offered: reader.of(service, 1) as u32,
        }
    }

    /// The policy has the service, or it is not about any (P-5).
    #[inline]
    pub(super) const fn is_offered(&self) -> bool {
        self.offered != 0
    }

    /// It is the permission that works on a tenant that is not enabled (T-5).
    #[inline]
    pub(super) const fn operates(&self) -> bool {
        self.permission.operates() != 0
    }

    /// Whether it can never be a manager's (P-6).
    #[inline]
    pub(super) const fn is_reserved(&self) -> bool {
        self.permission.reserved() != 0
    }

    /// Why a link does not let it pass: [`why::SERVICE_NOT_MANAGED`] (P-5), [`why::NOT_GRANTED`] (P-7).
    #[inline]
    pub(super) fn stopped_by(&self, reader: &impl Reader, shape: Row<'_, ShapeRow>) -> u32 {
        let missing = self.services & reader.of(shape, SHAPE_WITHOUT) != 0;
        let stops = reader.of(shape, SHAPE_STOPS + self.permission.half());
        why::if_so(missing, why::SERVICE_NOT_MANAGED) | self.permission.stopped_by(stops)
    }

    /// What is asked of every link alike, for who looks at many.
    #[inline]
    pub(super) const fn gate(&self) -> Gate {
        Gate { services: self.services, half: self.permission.half(), place: self.permission.place() }
    }

    /// The flag for [`why::ROLE_LACKS_PERMISSION`] (P-8).
    #[inline]
    fn holding(&self, reader: &impl Reader, role: Row<'_, RoleRow>) -> u32 {
        self.permission.held_by(reader.of(role, self.permission.half()))
    }

    /// Whether a role holds the permission (P-8).
    #[inline]
    pub(super) fn held_by(&self, spaces: &Spaces, reader: &impl Reader, role: u32) -> bool {
        self.holding(reader, spaces.roles.row(role)) != 0
    }
}

/// What a link has to let pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    services: u64,
    half: usize,
    place: u64,
}

impl Gate {
    /// Whether it carries the service and lets the permission pass (P-5, P-7).
    #[inline]
    pub(super) fn passes(&self, reader: &impl Reader, shape: Row<'_, ShapeRow>) -> bool {
        let missing = self.services & reader.of(shape, SHAPE_WITHOUT);
        let stopped = self.place & reader.of(shape, SHAPE_STOPS + self.half);
        missing | stopped == 0
    }
}

/// The assignment of a user on a tenant itself, as their row and list have it.
pub(super) fn held(spaces: &Spaces, reader: &impl Reader, tenant: u32, user: u32) -> Option<Held> {
    let person = spaces.person(reader, user);
    if person.home == tenant {
        return person.held;
    }
    list::find(reader, &spaces.heap, spaces.away(reader, user), tenant).map(Held::unpack)
}

/// A user's seat in a tenant's line; 0 if they have none. Looks at all of them: that is quicker than to stop at one.
#[inline]
pub(super) fn seat_of(reader: &impl Reader, line: Row<'_, TenantLine>, user: u32) -> u32 {
    let mut found = 0;
    each_seat(reader, line, |seat| found |= if seat >> 6 == user { seat } else { 0 });
    found
}

/// Whether a user can act at all (P-1): the reason why not.
#[inline]
pub(super) fn barred(spaces: &Spaces, reader: &impl Reader, user: u32) -> Option<Code> {
    let person = spaces.person(reader, user);
    if !person.known {
        return Some(Code::UnknownUser);
    }
    (!person.acts).then_some(Code::UserNotActive)
}

/// What the bits of [`why`] stand for, from the least on; after them, none.
const REASONS: [Option<Code>; 16] = [
    Some(Code::UnknownUser),
    Some(Code::UserNotActive),
    Some(Code::UnknownTenant),
    Some(Code::TenantDisabled),
    Some(Code::NotLinked),
    Some(Code::CustomerLocked),
    Some(Code::ServiceNotManaged),
    Some(Code::ReservedForCustomer),
    Some(Code::NotGranted),
    Some(Code::NoAssignment),
    Some(Code::RoleLacksPermission),
    None,
    None,
    None,
    None,
    None,
];

/// The flags whose absence is a reason, whatever the side.
const WANTED: u32 = why::UNKNOWN_USER
    | why::USER_NOT_ACTIVE
    | why::UNKNOWN_TENANT
    | why::TENANT_DISABLED
    | why::SERVICE_NOT_MANAGED
    | why::NO_ASSIGNMENT
    | why::ROLE_LACKS_PERMISSION;

/// The first or the second, without a guess: both are there.
#[inline]
const fn either(first: bool, yes: u32, no: u32) -> u32 {
    let chosen = 0u32.wrapping_sub(first as u32);
    yes & chosen | no & !chosen
}

/// The check: why not, reason by reason. Never inlined: whoever is in a hurry glances first, and comes here for the rest.
#[inline(never)]
pub(super) fn judge(spaces: &Spaces, reader: &impl Reader, ask: Ask, at: &impl At) -> Option<Code> {
    match glance(spaces, reader, ask) {
        Some(reason) => reason,
        None => at_length(spaces, reader, ask, at),
    }
}

/// The check as it nearly always is: a tenant has one manager at most, who has none, and a user's row and a tenant's line are all
/// there is to fetch. Nothing where there is more to it, or where the reader does not go.
///
/// Every reason is found out, and the first that applies is taken at the end: a processor that had to guess its way
/// through the reasons would wait for memory at each wrong guess.
#[inline(always)]
pub(super) fn glance(spaces: &Spaces, reader: &impl Reader, ask: Ask) -> Option<Option<Code>> {
    let row = reader.row(&spaces.users, ask.user)?;
    let line = reader.row(&spaces.tenants, ask.tenant)?;
    let (mut person, head) = (PersonWord::of(reader, row), HeadWord::of(reader, line));
    if head.is_involved() {
        person = closer(spaces, reader, ask, (row, person), (line, head))?;
    }
    let terms = Terms::new(spaces, reader, ask);
    let own = person.home() == ask.tenant;
    let shape = reader.row(&spaces.shapes, head.shape())?;
    let role = reader.row(&spaces.roles, person.role())?;
    let managers = why::if_so(person.home() != head.manager(), why::NOT_LINKED)
        | terms.stopped_by(reader, shape)
        | terms.permission.reserved();
    let against = either(own, reader.of(shape, SHAPE_LOCKS) as u32, managers);
    let has = person.acts()
        | head.open()
        | terms.permission.operates()
        | terms.offered
        | either(own, person.holds(), person.reaches())
        | terms.holding(reader, role);
    Some(reason(against | !has & WANTED))
}

/// The first of the reasons that apply.
#[inline]
fn reason(applying: u32) -> Option<Code> {
    let first = (applying | 1 << (REASONS.len() - 1)).trailing_zeros();
    REASONS.get(first as usize).copied().flatten()
}

/// The user as they count on a tenant about which there may be more to know: with the role that they have there, if any. Nothing
/// where that takes the check at length.
#[inline(always)]
fn closer(
    spaces: &Spaces,
    reader: &impl Reader,
    ask: Ask,
    (row, person): (Row<'_, UserRow>, PersonWord),
    (line, head): (Row<'_, TenantLine>, HeadWord),
) -> Option<PersonWord> {
    if head.is_managed_by_several() {
        return None;
    }
    if person.home() == ask.tenant {
        return Some(person);
    }
    if head.goes_farther() && head.manager() != person.home() {
        return None;
    }
    if head.is_spilled() {
        let away = head.has_guests() && Ties::of(reader, row).away != 0;
        return (!away).then_some(person);
    }
    let seat = seat_of(reader, line, ask.user);
    match seat & LOOK {
        _ if seat == 0 => Some(person),
        LOOK => None,
        code => Some(person.holding(spaces.coded(reader, code))),
    }
}

/// The check where there is more to look at than a few lines.
#[cold]
fn at_length(spaces: &Spaces, reader: &impl Reader, ask: Ask, at: &impl At) -> Option<Code> {
    let Ask { user, tenant, .. } = ask;
    let person = spaces.person(reader, user);
    let head = spaces.head(reader, tenant);
    let terms = Terms::new(spaces, reader, ask);
    // P-1
    if let Some(code) = barred(spaces, reader, user) {
        return Some(code);
    }
    // P-2
    if !head.living {
        return Some(Code::UnknownTenant);
    }
    if !head.enabled && !terms.operates() {
        return Some(Code::TenantDisabled);
    }
    if person.home == tenant {
        return own_side(spaces, reader, (user, tenant, head), &terms, at);
    }
    let asked = Asked { user, home: person.home, tenant, head, terms: &terms };
    asked.weigh(spaces, reader, at)
}

fn own_side(
    spaces: &Spaces,
    reader: &impl Reader,
    (user, tenant, head): (u32, u32, Head),
    terms: &Terms,
    at: &impl At,
) -> Option<Code> {
    // P-4
    let locked = match head.above {
        Above::Nobody => false,
        Above::One { shape, .. } => locks(spaces, reader, shape),
        Above::Several { block } => {
            links(spaces, reader, block, at).any(|(_, shape)| locks(spaces, reader, shape))
        }
    };
    if locked {
        return Some(Code::CustomerLocked);
    }
    // P-5
    if !terms.is_offered() {
        return Some(Code::ServiceNotManaged);
    }
    // P-8
    match held(spaces, reader, tenant, user) {
        None => Some(Code::NoAssignment),
        Some(held) if terms.held_by(spaces, reader, held.role) => None,
        Some(_) => Some(Code::RoleLacksPermission),
    }
}

/// Whether a link of this shape locks the managed tenant's own users out (P-4).
fn locks(spaces: &Spaces, reader: &impl Reader, shape: u32) -> bool {
    reader.of(spaces.shapes.row(shape), SHAPE_LOCKS) != 0
}

/// The links of a block that are in force: manager and shape.
fn links<'s, R: Reader>(
    spaces: &'s Spaces,
    reader: &'s R,
    block: u32,
    at: &'s impl At,
) -> impl Iterator<Item = (u32, u32)> + 's {
    spaces
        .links(reader, block)
        .filter(|link| link.ends.is_none_or(|ends| at.micros() < ends))
        .map(|link| (link.manager, link.shape))
}

/// What is asked on the manager's side.
struct Asked<'a> {
    user: u32,
    home: u32,
    tenant: u32,
    head: Head,
    terms: &'a Terms,
}

impl Asked<'_> {
    /// The reasons from P-3 on, along every chain there is.
    fn weigh(&self, spaces: &Spaces, reader: &impl Reader, at: &impl At) -> Option<Code> {
        let mut found = Chains::default();
        let first = Chain { carried: true, granted: true, nearest: None, length: 0 };
        self.climb(spaces, reader, at, self.head, first, &mut found);
        let terms = self.terms;
        if !found.any {
            return Some(Code::NotLinked);
        }
        if !terms.is_offered() || !found.carrying {
            return Some(Code::ServiceNotManaged);
        }
        if terms.is_reserved() {
            return Some(Code::ReservedForCustomer);
        }
        if !found.granting {
            return Some(Code::NotGranted);
        }
        if let Some(own) = held(spaces, reader, self.tenant, self.user) {
            return (!terms.held_by(spaces, reader, own.role)).then_some(Code::RoleLacksPermission);
        }
        match found.nearest {
            None => Some(Code::NoAssignment),
            Some((_, true)) => None,
            Some((_, false)) => Some(Code::RoleLacksPermission),
        }
    }

    fn climb<R: Reader>(
        &self,
        spaces: &Spaces,
        reader: &R,
        at: &impl At,
        head: Head,
        chain: Chain,
        found: &mut Chains,
    ) {
        if chain.length >= MAX_CHAIN || reader.torn() {
            return;
        }
        let mut step = |manager: u32, shape: u32| {
            let stopped = self.terms.stopped_by(reader, spaces.shapes.row(shape));
            let above = spaces.head(reader, manager);
            let nearest = chain.nearest.or_else(|| {
                held(spaces, reader, manager, self.user)
                    .filter(|held| held.below)
                    .map(|held| (chain.length, self.terms.held_by(spaces, reader, held.role)))
            });
            let longer = Chain {
                carried: chain.carried && stopped & why::SERVICE_NOT_MANAGED == 0,
                granted: chain.granted && stopped & why::NOT_GRANTED == 0,
                nearest,
                length: chain.length + 1,
            };
            if manager == self.home {
                found.add(longer);
            } else {
                self.climb(spaces, reader, at, above, longer, found);
            }
        };
        match head.above {
            Above::Nobody => {}
            Above::One { manager, shape } => step(manager, shape),
            Above::Several { block } => {
                for (manager, shape) in links(spaces, reader, block, at) {
                    step(manager, shape);
                }
            }
        }
    }
}

/// A way from the tenant upwards.
#[derive(Clone, Copy)]
struct Chain {
    carried: bool,
    granted: bool,
    // How far up the nearest assignment that reaches down is, and whether its role holds the permission.
    nearest: Option<(usize, bool)>,
    length: usize,
}

/// What all the chains to the user's home come to.
#[derive(Default)]
struct Chains {
    any: bool,
    carrying: bool,
    granting: bool,
    nearest: Option<(usize, bool)>,
}

impl Chains {
    fn add(&mut self, chain: Chain) {
        self.any = true;
        if !chain.carried {
            return;
        }
        self.carrying = true;
        if !chain.granted {
            return;
        }
        self.granting = true;
        // The nearest decide; of several that are equally near, one that holds it is enough.
        self.nearest = match (self.nearest, chain.nearest) {
            (Some((near, holds)), Some((far, also))) if near == far => Some((near, holds || also)),
            (Some(one), Some(other)) => Some(if one.0 <= other.0 { one } else { other }),
            (one, other) => one.or(other),
        };
    }
}
