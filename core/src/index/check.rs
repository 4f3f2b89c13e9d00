//! The check of section 4 on words: the same reasons in the same order of precedence as on a view, without allocating
//! and without I/O. A test holds the two equal.

use super::list;
use super::rows::{
    ANY_SERVICE, Above, CODES_AT, Head, Held, Known, LOOK, MAX_CHAIN, PERMISSIONS_AT, SEATS, SEATS_AT,
    SERVICES_AT, Shape, Spaces, TENANT_WORDS,
};
use super::words::Reader;
use super::{At, Permit};
use crate::refusal::Code;

/// What is asked, in numbers. Unknown users and tenants have the number 0, which nobody has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) user: u32,
    pub(super) tenant: u32,
    pub(super) permit: Permit,
}

/// A permit under the policy in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    permission: Known,
    /// It is the permission that works on a tenant that is not enabled (T-5).
    pub(super) operates: bool,
    /// The services that a chain has to carry: one, or none where it is not about any.
    services: u64,
    /// The policy has the service, or it is not about any.
    pub(super) offered: bool,
}

impl Terms {
    #[inline]
    pub(super) fn new(spaces: &Spaces, reader: &impl Reader, permit: Permit) -> Self {
        let permission = usize::from(permit.permission.0);
        let service = permit.service.map_or(ANY_SERVICE, |service| usize::from(service.0));
        let [services, offered] = reader.words(&spaces.policy, SERVICES_AT + service * 2);
        Self {
            permission: Known::unpack(reader.word(&spaces.policy, PERMISSIONS_AT + permission)),
            operates: permit.permission.is_operate(),
            services,
            offered: offered != 0,
        }
    }

    /// Whether it can never be a manager's (P-6).
    #[inline]
    pub(super) const fn is_reserved(&self) -> bool {
        self.permission.reserved
    }

    /// Whether a link carries the service (P-5).
    #[inline]
    pub(super) const fn carried_by(&self, shape: &Shape) -> bool {
        shape.services & self.services == self.services
    }

    /// Whether a link lets the permission pass (P-7). What the policy does not have needs no grant.
    #[inline]
    pub(super) const fn granted_by(&self, shape: &Shape) -> bool {
        let [low, high] = shape.passes;
        !self.permission.known | self.permission.is_in(low, high)
    }

    /// Whether a link carries the service and lets the permission pass.
    #[inline]
    pub(super) const fn pass(&self, shape: &Shape) -> bool {
        self.carried_by(shape) & self.granted_by(shape)
    }

    #[inline]
    pub(super) fn held_by(&self, spaces: &Spaces, reader: &impl Reader, role: u32) -> bool {
        let [low, high] = spaces.role(reader, role);
        self.permission.known & self.permission.is_in(low, high)
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

/// What a seat's code stands for.
#[inline]
fn coded(spaces: &Spaces, reader: &impl Reader, code: u32) -> Held {
    Held::unpack((reader.word(&spaces.policy, CODES_AT + code as usize) as u32).wrapping_sub(1))
}

/// A user's seat in a tenant's line; 0 if they have none. Looks at all of them: that is quicker than to stop at one.
#[inline]
pub(super) fn seat_of(spaces: &Spaces, reader: &impl Reader, tenant: u32, user: u32) -> u32 {
    let at = tenant as usize * TENANT_WORDS + SEATS_AT;
    let words: [u64; SEATS / 2] = reader.words(&spaces.tenants, at);
    let mut found = 0;
    for seats in words {
        for seat in [seats as u32, (seats >> 32) as u32] {
            found |= if seat >> 6 == user { seat } else { 0 };
        }
    }
    found
}

/// Whether a user can act at all (P-1): the reason why not.
#[inline]
pub(super) fn barred(spaces: &Spaces, reader: &impl Reader, user: u32) -> Option<Code> {
    let person = spaces.person(reader, user);
    if person.home == 0 {
        return Some(Code::UnknownUser);
    }
    let home = spaces.head(reader, person.home);
    (!person.active || !home.living || !home.enabled).then_some(Code::UserNotActive)
}

/// The reasons in their order, as [`judge`] counts them.
const REASONS: [Option<Code>; 12] = [
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
];

/// The check: why not, reason by reason.
///
/// Nearly always a tenant has one manager at most, who has none, and everything that is needed lies in a few lines. Then every reason
/// is found out, and the first that applies is taken at the end: a processor that had to guess its way through the
/// reasons would wait for memory at each wrong guess.
#[inline]
pub(super) fn judge(spaces: &Spaces, reader: &impl Reader, ask: Ask, at: &impl At) -> Option<Code> {
    let Ask { user, tenant, permit } = ask;
    let (person, list) = spaces.person_words(reader, user);
    let head = spaces.head_word(reader, tenant);
    let home = spaces.head_word(reader, person.home());
    let terms = Terms::new(spaces, reader, permit);
    let own = person.home() == tenant;
    let manager = head.manager();
    let seat = seat_of(spaces, reader, tenant, user);
    // Where one of these is so, which is rare, there is more to look at.
    let further = (manager != person.home()) & spaces.head_word(reader, manager).is_managed();
    let aside = (seat & 0x3F == LOOK) | (head.spilled() & (list != 0));
    if head.is_managed_by_several() | (!own & (further | aside)) {
        return at_length(spaces, reader, ask, at);
    }
    let shape = spaces.shape(reader, head.shape());
    let assigned = (seat != 0) & !own;
    let away = coded(spaces, reader, seat & 0x3F);
    // Either is there already, so no guess is needed to take one.
    let chosen = 0u32.wrapping_sub(u32::from(assigned));
    let role = (away.role & chosen) | (person.role() & !chosen);
    let reasons = [
        person.home() == 0,
        !(person.is_active() & home.living() & home.enabled()),
        !head.living(),
        !(head.enabled() | terms.operates),
        !(own | ((manager == person.home()) & (manager != 0))),
        own & shape.locks,
        !(terms.offered & (own | terms.carried_by(&shape))),
        !own & terms.is_reserved(),
        !(own | terms.granted_by(&shape)),
        !(assigned | (person.holds() & (own | person.reaches_below()))),
        !terms.held_by(spaces, reader, role),
        true,
    ];
    let applying =
        reasons.iter().zip(0..).fold(0u32, |all, (applies, place)| all | u32::from(*applies) << place);
    REASONS.get(applying.trailing_zeros() as usize).copied().flatten()
}

/// The check where there is more to look at than a few lines.
#[cold]
fn at_length(spaces: &Spaces, reader: &impl Reader, ask: Ask, at: &impl At) -> Option<Code> {
    let Ask { user, tenant, permit } = ask;
    let person = spaces.person(reader, user);
    let head = spaces.head(reader, tenant);
    let terms = Terms::new(spaces, reader, permit);
    // P-1
    if let Some(code) = barred(spaces, reader, user) {
        return Some(code);
    }
    // P-2
    if !head.living {
        return Some(Code::UnknownTenant);
    }
    if !head.enabled && !terms.operates {
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
        Above::One { shape, .. } => spaces.shape(reader, shape).locks,
        Above::Several { block } => {
            links(spaces, reader, block, at).any(|(_, shape)| spaces.shape(reader, shape).locks)
        }
    };
    if locked {
        return Some(Code::CustomerLocked);
    }
    // P-5
    if !terms.offered {
        return Some(Code::ServiceNotManaged);
    }
    // P-8
    match held(spaces, reader, tenant, user) {
        None => Some(Code::NoAssignment),
        Some(held) if terms.held_by(spaces, reader, held.role) => None,
        Some(_) => Some(Code::RoleLacksPermission),
    }
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
        if !terms.offered || !found.carrying {
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
            let shape = spaces.shape(reader, shape);
            let above = spaces.head(reader, manager);
            let nearest = chain.nearest.or_else(|| {
                held(spaces, reader, manager, self.user)
                    .filter(|held| held.below)
                    .map(|held| (chain.length, self.terms.held_by(spaces, reader, held.role)))
            });
            let longer = Chain {
                carried: chain.carried && self.terms.carried_by(&shape),
                granted: chain.granted && self.terms.granted_by(&shape),
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
