//! What callers of the index hold and get: handles, questions in handles, verdicts.

use crate::base::time::Timestamp;
use crate::refusal::Code;

/// A permission, resolved by [`AccessIndex::permission`](super::AccessIndex::permission). Stays
/// valid for as long as the index lives; while the policy does not have the permission, nobody
/// holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionHandle(u16);

/// A service, resolved by [`AccessIndex::service`](super::AccessIndex::service). Stays valid for as
/// long as the index lives; while the policy does not have the service, no link carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceHandle(u16);

/// A user, resolved by [`AccessIndex::user`](super::AccessIndex::user). Valid for as long as the
/// index lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserHandle(u32);

/// A tenant, resolved by [`AccessIndex::tenant`](super::AccessIndex::tenant). Valid for as long as
/// the index lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantHandle(u32);

macro_rules! numbered {
    ($($name:ident $number:ty),*) => {$(
        impl $name {
            /// The handle with this number, for bindings that pass handles on as numbers. One that
            /// was never given out stands for nobody and nothing.
            #[inline]
            pub const fn from_number(number: $number) -> Self {
                Self(number)
            }

            /// The number, for bindings that pass handles on as numbers; 0 stands for what the
            /// index does not know.
            #[inline]
            pub const fn number(self) -> $number {
                self.0
            }
        }
    )*};
}

numbered! { PermissionHandle u16, ServiceHandle u16, UserHandle u32, TenantHandle u32 }

macro_rules! known {
    ($($name:ident)*) => {$(
        impl $name {
            /// Whether the index knew it when it was resolved.
            #[inline]
            pub const fn is_known(self) -> bool {
                self.0 != 0
            }
        }
    )*};
}

known! { UserHandle TenantHandle }

/// A permission, and the service it is wanted for, if it is about one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permit {
    /// The permission that is wanted.
    pub permission: PermissionHandle,
    /// The service that it is wanted for.
    pub service: Option<ServiceHandle>,
}

impl From<PermissionHandle> for Permit {
    fn from(permission: PermissionHandle) -> Self {
        Self { permission, service: None }
    }
}

impl PermissionHandle {
    /// The permission for a service.
    pub const fn with(self, service: ServiceHandle) -> Permit {
        Permit { permission: self, service: Some(service) }
    }
}

/// A question in handles: may this user do this on this tenant?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The user who wants to do something.
    pub user: UserHandle,
    /// What they want to do.
    pub permit: Permit,
    /// The tenant on which they want to do it.
    pub tenant: TenantHandle,
}

impl Resolved {
    /// A question about nobody, which is denied.
    pub(super) const NOBODY: Self = Self {
        user: UserHandle(0),
        permit: Permit { permission: PermissionHandle(0), service: None },
        tenant: TenantHandle(0),
    };
}

/// The moment of a question: a [`Timestamp`], or a function that returns one. It is called only
/// where a link or a role ends by itself, so passing a function mostly saves reading the clock. One
/// before the last record that the index has is taken for the moment of that record.
pub trait At: sealed::Sealed {
    /// The moment, in microseconds since 1970.
    fn micros(&self) -> i64;
}

mod sealed {
    use crate::base::time::Timestamp;

    /// Keeps [`super::At`] for moments and what returns them.
    pub trait Sealed {}

    impl Sealed for Timestamp {}
    impl<F: Fn() -> Timestamp> Sealed for F {}
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

/// The answer of a check on the index. A [`Verdict`](crate::query::Verdict), from a store, also
/// says what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexVerdict {
    /// Why not: the first reason that applies, in the order of P-1 to P-10; none when allowed.
    pub reason: Option<Code>,
    /// The revision that was read.
    pub seq: u64,
}

impl IndexVerdict {
    /// Whether it is allowed.
    #[inline]
    pub const fn allowed(self) -> bool {
        self.reason.is_none()
    }
}

/// How large an index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexSize {
    /// How many tenants have a number, deleted ones included.
    pub tenants: usize,
    /// How many users have a number, removed ones included.
    pub users: usize,
    /// The bytes for tenants, and for what lies between them and users.
    pub tenant_bytes: usize,
    /// The bytes for users, and for the ids of both.
    pub user_bytes: usize,
}

/// The index changed during every attempt at a long look-up. Try again, or keep the writer still
/// meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index changed too often while it was read; try again, or stop following while you read")]
pub struct Overtaken;
