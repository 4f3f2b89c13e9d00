//! The access index: what a check needs, dense and in memory, for those who check more often than a store can be asked.
//!
//! It holds users, tenants, links in force, assignments, roles and the policy, as the rules of section 4 read them, and nothing
//! else. A [`Follower`] keeps it current from what records change; any number of threads read it meanwhile and never wait.
//! Its verdicts are those of [`crate::rules::access`] on a view of the same revision. What ends by itself ends by the
//! moment passed in.

mod check;
mod follow;
mod ids;
mod list;
mod names;
mod reach;
mod rows;
mod words;

use std::sync::Arc;

pub use follow::Follower;

use crate::base::ids::{TenantId, UserId};
use crate::base::time::Timestamp;
use crate::refusal::Code;
use check::{Ask, glance, judge};
use ids::Ids;
use names::Names;
use rows::Spaces;
use words::{Reader, Reading, Version};

/// How many questions of a batch are looked up side by side.
const ABREAST: usize = 32;

/// A permission, resolved by [`AccessIndex::permission`]. Stays right when the policy changes, unless it did not know
/// the permission at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionHandle(u16);

/// A service, resolved by [`AccessIndex::service`]. Stays right when the policy changes, unless it did not know the
/// service at that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceHandle(u16);

/// A user, resolved by [`AccessIndex::user`]. Right for as long as the index lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserHandle(u32);

/// A tenant, resolved by [`AccessIndex::tenant`]. Right for as long as the index lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantHandle(u32);

macro_rules! raw {
    ($($name:ident $number:ty),*) => {$(
        impl $name {
            /// A handle that was taken apart by [`Self::number`]. A number that no handle had stands for nobody.
            pub const fn from_number(number: $number) -> Self {
                Self(number)
            }

            /// The number, for bindings that pass handles on; 0 stands for what the index does not know.
            pub const fn number(self) -> $number {
                self.0
            }

            /// Whether the index knew it when it was resolved.
            pub const fn is_known(self) -> bool {
                self.0 != 0
            }
        }
    )*};
}

raw! { PermissionHandle u16, ServiceHandle u16, UserHandle u32, TenantHandle u32 }

/// What somebody wants to do, and with which service, if it is about one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permit {
    /// The permission.
    pub permission: PermissionHandle,
    /// The service.
    pub service: Option<ServiceHandle>,
}

impl From<PermissionHandle> for Permit {
    fn from(permission: PermissionHandle) -> Self {
        Self { permission, service: None }
    }
}

impl PermissionHandle {
    /// The permission with a service.
    pub const fn with(self, service: ServiceHandle) -> Permit {
        Permit { permission: self, service: Some(service) }
    }
}

/// A question in handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Who.
    pub user: UserHandle,
    /// What.
    pub permit: Permit,
    /// Where.
    pub tenant: TenantHandle,
}

/// The moment at which something is asked: a [`Timestamp`], or a function that says it. It is asked for only where a link ends by
/// itself, so a function saves looking at the clock.
pub trait At {
    /// The moment, in microseconds since 1970.
    fn micros(&self) -> i64;
}

impl At for Timestamp {
    fn micros(&self) -> i64 {
        (*self).micros()
    }
}

impl<F: Fn() -> Timestamp> At for F {
    fn micros(&self) -> i64 {
        self().micros()
    }
}

/// The answer of a check on the index. [`crate::query::Verdict`], from a store, also explains itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why not: the first reason that applies, in the order of section 4; none when allowed.
    pub reason: Option<Code>,
    /// The revision it was read at.
    pub seq: u64,
}

impl Decision {
    /// Whether it is allowed.
    pub const fn allowed(self) -> bool {
        self.reason.is_none()
    }
}

/// The index overtook a long look-up too often; try again, or keep the writer still meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index changed too often while it was read; try again, or stop following while you read")]
pub struct Overtaken;

/// How often a long look-up is begun again before it gives up.
const ATTEMPTS: usize = 8;

/// What a check needs, in memory. Made by [`Follower::build`]; share it among threads.
#[derive(Debug)]
pub struct AccessIndex {
    version: Version,
    spaces: Spaces,
    tenants: Ids,
    users: Ids,
    permissions: Names,
    services: Names,
}

impl AccessIndex {
    fn new(seq: u64, seed: u64, (tenants, users, roles): (usize, usize, usize)) -> Arc<Self> {
        Arc::new(Self {
            version: Version::new(seq, 9),
            spaces: Spaces::new((tenants, users, roles)),
            tenants: Ids::new(tenants, seed),
            users: Ids::new(users, !seed),
            permissions: Names::new(),
            services: Names::new(),
        })
    }

    /// The revision it has come to.
    pub fn seq(&self) -> u64 {
        self.version.state()
    }

    /// A permission by its name. One that no policy has had yet is held by nobody.
    pub fn permission(&self, name: &str) -> PermissionHandle {
        PermissionHandle(self.permissions.number(name))
    }

    /// A service by its name. One that no policy has had yet is managed by nobody.
    pub fn service(&self, name: &str) -> ServiceHandle {
        ServiceHandle(self.services.number(name))
    }

    /// A user. Somebody who is not known has a handle, too, with which every check is denied as `unknown_user`.
    pub fn user(&self, id: UserId) -> UserHandle {
        UserHandle(self.users.number(&self.spaces.users, id.uuid()))
    }

    /// A tenant. One that is not known has a handle, too, with which every check is denied.
    pub fn tenant(&self, id: TenantId) -> TenantHandle {
        TenantHandle(self.tenants.number(&self.spaces.tenants, id.uuid()))
    }

    /// Whose handle it is.
    pub fn user_id(&self, user: UserHandle) -> UserId {
        UserId::from_uuid(self.users.id(&self.spaces.users, user.0))
    }

    /// Whose handle it is.
    pub fn tenant_id(&self, tenant: TenantHandle) -> TenantId {
        TenantId::from_uuid(self.tenants.id(&self.spaces.tenants, tenant.0))
    }

    /// Whether a user may do something on a tenant (P).
    #[inline]
    pub fn check(&self, user: UserId, permit: impl Into<Permit>, tenant: TenantId, at: impl At) -> Decision {
        self.check_resolved(self.user(user), permit, self.tenant(tenant), at)
    }

    /// The same of handles.
    #[inline]
    pub fn check_resolved(
        &self,
        user: UserHandle,
        permit: impl Into<Permit>,
        tenant: TenantHandle,
        at: impl At,
    ) -> Decision {
        let ask = Ask::new(user, permit.into(), tenant);
        if let Some(reader) = self.version.quick()
            && let Some(reason) = glance(&self.spaces, &reader, ask)
            && reader.is_right()
        {
            return Decision { reason, seq: reader.state() };
        }
        self.check_thoroughly(ask, at)
    }

    #[inline(never)]
    fn check_thoroughly(&self, ask: Ask, at: impl At) -> Decision {
        let (reason, seq) = self.version.read(&mut One { index: self, ask, at: &at });
        Decision { reason, seq }
    }

    /// Many checks at once, which costs less than one after the other. Answers as many as both slices have; questions
    /// that lie close together are answered at the same revision, distant ones perhaps at different ones. Questions and answers
    /// may be of a binding's own types, which saves copying them.
    pub fn check_batch<Q: Copy + Into<Resolved>, D: From<Decision>>(
        &self,
        asked: &[Q],
        at: impl At,
        answers: &mut [D],
    ) {
        for (asked, answers) in asked.chunks(ABREAST).zip(answers.chunks_mut(ABREAST)) {
            self.check_several(asked, &at, answers);
        }
    }

    fn check_several<Q: Copy + Into<Resolved>, D: From<Decision>>(
        &self,
        asked: &[Q],
        at: &impl At,
        answers: &mut [D],
    ) {
        if let Some(reader) = self.version.quick() {
            // Nothing depends on what is read here, so the memory is fetched for all of them at the same time.
            let fetched = asked.iter().fold(0, |fetched, asked| {
                let asked: Resolved = (*asked).into();
                let person = reader.row(&self.spaces.users, asked.user.0).map_or(0, |row| reader.of(row, 0));
                let head =
                    reader.row(&self.spaces.tenants, asked.tenant.0).map_or(0, |row| reader.of(row, 0));
                fetched ^ person ^ head
            });
            std::hint::black_box(fetched);
            for (asked, answer) in asked.iter().zip(answers.iter_mut()) {
                let asked: Resolved = (*asked).into();
                let ask = Ask::new(asked.user, asked.permit, asked.tenant);
                let reason = match glance(&self.spaces, &reader, ask) {
                    Some(reason) => reason,
                    None => judge(&self.spaces, reader.thorough(), ask, at),
                };
                *answer = Decision { reason, seq: reader.state() }.into();
            }
            if reader.is_right() {
                return;
            }
        }
        self.version.read(&mut Several { index: self, asked, at, answers });
    }

    /// The same of ids, which are looked up side by side, too.
    pub fn check_ids<Q: Copy + Into<(UserId, Permit, TenantId)>, D: From<Decision>>(
        &self,
        asked: &[Q],
        at: impl At,
        answers: &mut [D],
    ) {
        for (asked, answers) in asked.chunks(ABREAST).zip(answers.chunks_mut(ABREAST)) {
            let fetched = asked.iter().fold(0, |fetched, asked| {
                let (user, _, tenant) = (*asked).into();
                fetched ^ self.users.fetch(user.uuid()) ^ self.tenants.fetch(tenant.uuid())
            });
            std::hint::black_box(fetched);
            let mut resolved = [Resolved::NOBODY; ABREAST];
            for (place, asked) in resolved.iter_mut().zip(asked) {
                let (user, permit, tenant) = (*asked).into();
                *place = Resolved { user: self.user(user), permit, tenant: self.tenant(tenant) };
            }
            self.check_several(resolved.get(..asked.len()).unwrap_or_default(), &at, answers);
        }
    }

    /// How many tenants and users it knows, deleted and removed ones included.
    pub fn counts(&self) -> (usize, usize) {
        (self.tenants.count(), self.users.count())
    }

    /// The bytes it takes: for tenants and what is between them and users, and for ids and users.
    pub fn bytes(&self) -> (usize, usize) {
        let people = self.spaces.users.bytes();
        (self.spaces.bytes() - people, self.tenants.bytes() + self.users.bytes() + people)
    }

    fn long<R: Reading>(&self, mut reading: R) -> Result<(R::Found, u64), Overtaken> {
        (0..ATTEMPTS).find_map(|_| self.version.try_read(&mut reading)).ok_or(Overtaken)
    }
}

impl Resolved {
    const NOBODY: Self = Self {
        user: UserHandle(0),
        permit: Permit { permission: PermissionHandle(0), service: None },
        tenant: TenantHandle(0),
    };
}

struct One<'a, A> {
    index: &'a AccessIndex,
    ask: Ask,
    at: &'a A,
}

impl<A: At> Reading for One<'_, A> {
    type Found = Option<Code>;

    fn read(&mut self, reader: &impl Reader) -> Option<Code> {
        judge(&self.index.spaces, reader, self.ask, self.at)
    }
}

struct Several<'a, A, Q, D> {
    index: &'a AccessIndex,
    asked: &'a [Q],
    at: &'a A,
    answers: &'a mut [D],
}

impl<A: At, Q: Copy + Into<Resolved>, D: From<Decision>> Reading for Several<'_, A, Q, D> {
    type Found = ();

    fn read(&mut self, reader: &impl Reader) {
        for (asked, answer) in self.asked.iter().zip(self.answers.iter_mut()) {
            let asked: Resolved = (*asked).into();
            let ask = Ask::new(asked.user, asked.permit, asked.tenant);
            let reason = judge(&self.index.spaces, reader, ask, self.at);
            *answer = Decision { reason, seq: reader.state() }.into();
        }
    }
}
