//! The index itself: resolving names and ids, and asking it. The writer is in `follow`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::check::{IndexQuestion, glance, judge};
use super::handle::{
    At, IndexSize, IndexVerdict, Overtaken, PermissionHandle, Permit, Resolved, ServiceHandle, TenantHandle,
    UserHandle,
};
use super::ids::IdTable;
use super::layout::Tables;
use super::names::NameTable;
use super::reverse::{TenantsWhere, UsersWhoCan};
use super::review::{IndexReview, Reviewed, Reviewing};
use super::seqlock::{ReadSection, Reader, Seqlock, prefetch};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Permission, Service};
use crate::query::HeldPermission;
use crate::refusal::{Code, Refusal};
use crate::rules::effective::held;

/// How many questions of a batch are prefetched together.
const BATCH: usize = 32;

/// How often a long look-up is started before it gives up.
const ATTEMPTS: usize = 8;

/// What checks need, in memory. Made by
/// [`Engine::access_index`](crate::engine::Engine::access_index); share it among threads.
#[derive(Debug)]
pub struct AccessIndex {
    pub(super) lock: Seqlock,
    pub(super) tables: Tables,
    pub(super) tenants: IdTable,
    pub(super) users: IdTable,
    pub(super) permissions: NameTable,
    pub(super) services: NameTable,
    // The revision of the saved index that it was loaded from.
    loaded_from: Option<u64>,
}

impl AccessIndex {
    pub(super) fn new(
        seq: u64,
        seed: u64,
        (tenants, users, roles): (usize, usize, usize),
        loaded_from: Option<u64>,
    ) -> Arc<Self> {
        Arc::new(Self {
            loaded_from,
            lock: Seqlock::new(seq, Tables::COUNT + 1),
            tables: Tables::new((tenants, users, roles)),
            tenants: IdTable::new(tenants, seed),
            users: IdTable::new(users, !seed),
            permissions: NameTable::new(),
            services: NameTable::new(),
        })
    }

    /// The revision that the index has come to.
    pub fn seq(&self) -> u64 {
        self.lock.revision()
    }

    /// The revision of the saved index that it was loaded from
    /// ([`Options::saved_index`](crate::engine::Options::saved_index)); none, where it was built of
    /// the store, because there was none or none to be believed.
    pub fn loaded_from(&self) -> Option<u64> {
        self.loaded_from
    }

    /// A permission by its name.
    ///
    /// # Errors
    /// `unknown_permission` where the policy in force does not have it.
    pub fn permission(&self, name: &str) -> Result<PermissionHandle, Refusal> {
        let number = self.permissions.number(name);
        let (known, _) = self.lock.read(&mut PolicyHas::Permission(&self.tables, number));
        let handle = known.then_some(PermissionHandle::from_number(number));
        handle.ok_or_else(|| Refusal::new(Code::UnknownPermission, name))
    }

    /// A service by its name.
    ///
    /// # Errors
    /// `unknown_service` where the policy in force does not have it.
    pub fn service(&self, name: &str) -> Result<ServiceHandle, Refusal> {
        let number = self.services.number(name);
        let (known, _) = self.lock.read(&mut PolicyHas::Service(&self.tables, number));
        let handle = known.then_some(ServiceHandle::from_number(number));
        handle.ok_or_else(|| Refusal::new(Code::UnknownService, name))
    }

    /// A user. One who is not known has a handle, too, with which every check is denied as
    /// `unknown_user`.
    pub fn user(&self, id: UserId) -> UserHandle {
        UserHandle::from_number(self.users.number(&self.tables.users, id.uuid()))
    }

    /// A tenant. One that is not known has a handle, too, with which every check is denied.
    pub fn tenant(&self, id: TenantId) -> TenantHandle {
        TenantHandle::from_number(self.tenants.number(&self.tables.tenants, id.uuid()))
    }

    /// The id of the user with this handle; nil for one who was not known.
    pub fn user_id(&self, user: UserHandle) -> UserId {
        UserId::from_uuid(self.users.id(&self.tables.users, user.number()))
    }

    /// The id of the tenant with this handle; nil for one that was not known.
    pub fn tenant_id(&self, tenant: TenantHandle) -> TenantId {
        TenantId::from_uuid(self.tenants.id(&self.tables.tenants, tenant.number()))
    }

    /// Whether a user may do something on a tenant (P).
    #[inline]
    pub fn check(
        &self,
        user: UserId,
        permit: impl Into<Permit>,
        tenant: TenantId,
        at: impl At,
    ) -> IndexVerdict {
        self.check_resolved(self.user(user), permit, self.tenant(tenant), at)
    }

    /// [`Self::check`] by handles, which saves looking up the ids.
    #[inline]
    pub fn check_resolved(
        &self,
        user: UserHandle,
        permit: impl Into<Permit>,
        tenant: TenantHandle,
        at: impl At,
    ) -> IndexVerdict {
        let asked = IndexQuestion::new(user, permit.into(), tenant);
        if let Some(reader) = self.lock.fast_reader()
            && let Some(reason) = glance(&self.tables, &reader, asked)
            && reader.validate()
        {
            return IndexVerdict { reason, seq: reader.revision() };
        }
        self.check_steadily(asked, at)
    }

    #[inline(never)]
    fn check_steadily(&self, asked: IndexQuestion, at: impl At) -> IndexVerdict {
        let (reason, seq) = self.lock.read(&mut One { index: self, asked, at: &at });
        IndexVerdict { reason, seq }
    }

    /// Many checks at once, which costs less than one after the other. Answers as many as both
    /// slices have. Questions that are close together in the slice are answered at the same
    /// revision, distant ones perhaps at different ones. Questions and answers may be of a
    /// binding's own types, which saves copying them.
    pub fn check_batch<Q: Copy + Into<Resolved>, V: From<IndexVerdict>>(
        &self,
        asked: &[Q],
        at: impl At,
        verdicts: &mut [V],
    ) {
        for (asked, verdicts) in asked.chunks(BATCH).zip(verdicts.chunks_mut(BATCH)) {
            self.check_several(asked, &at, verdicts);
        }
    }

    fn check_several<Q: Copy + Into<Resolved>, V: From<IndexVerdict>>(
        &self,
        asked: &[Q],
        at: &impl At,
        verdicts: &mut [V],
    ) {
        if let Some(reader) = self.lock.fast_reader() {
            // None of these loads depends on another, so their cache misses overlap.
            prefetch(asked.iter().fold(0, |loaded, asked| {
                let asked: Resolved = (*asked).into();
                let user = reader.row(&self.tables.users, asked.user.number());
                let tenant = reader.row(&self.tables.tenants, asked.tenant.number());
                loaded
                    ^ user.map_or(0, |row| reader.load(row, 0))
                    ^ tenant.map_or(0, |row| reader.load(row, 0))
            }));
            for (asked, verdict) in asked.iter().zip(verdicts.iter_mut()) {
                let asked: Resolved = (*asked).into();
                let asked = IndexQuestion::new(asked.user, asked.permit, asked.tenant);
                let reason = match glance(&self.tables, &reader, asked) {
                    Some(reason) => reason,
                    None => judge(&self.tables, reader.steady(), asked, at),
                };
                *verdict = IndexVerdict { reason, seq: reader.revision() }.into();
            }
            if reader.validate() {
                return;
            }
        }
        self.lock.read(&mut Several { index: self, asked, at, verdicts });
    }

    /// [`Self::check_batch`] by ids, which are looked up several at a time, too.
    pub fn check_ids<Q: Copy + Into<(UserId, Permit, TenantId)>, V: From<IndexVerdict>>(
        &self,
        asked: &[Q],
        at: impl At,
        verdicts: &mut [V],
    ) {
        for (asked, verdicts) in asked.chunks(BATCH).zip(verdicts.chunks_mut(BATCH)) {
            prefetch(asked.iter().fold(0, |loaded, asked| {
                let (user, _, tenant) = (*asked).into();
                loaded ^ self.users.first_slot(user.uuid()) ^ self.tenants.first_slot(tenant.uuid())
            }));
            let mut resolved = [Resolved::NOBODY; BATCH];
            for (place, asked) in resolved.iter_mut().zip(asked) {
                let (user, permit, tenant) = (*asked).into();
                *place = Resolved { user: self.user(user), permit, tenant: self.tenant(tenant) };
            }
            self.check_several(resolved.get(..asked.len()).unwrap_or_default(), &at, verdicts);
        }
    }

    /// The tenants on which a user can do something (P-12), each once, appended to `found`. Returns
    /// the revision that was read.
    ///
    /// # Errors
    /// [`Overtaken`]; then `found` is as it was.
    pub fn tenants_where(
        &self,
        user: UserHandle,
        permit: impl Into<Permit>,
        at: impl At,
        found: &mut Vec<TenantHandle>,
    ) -> Result<u64, Overtaken> {
        let asked = IndexQuestion::new(user, permit.into(), TenantHandle::default());
        let before = found.len();
        let result = self.read_long(TenantsWhere { tables: &self.tables, asked, at: &at, before, found });
        result.map(|((), seq)| seq).inspect_err(|_| found.truncate(before))
    }

    /// The ids of the tenants on which a user can do something, in their order and without anything
    /// between them, appended to `packed`: 16 bytes each, for databases that take a set as one
    /// value. Returns the revision that was read.
    ///
    /// # Errors
    /// [`Overtaken`]; then `packed` is as it was.
    pub fn tenants_packed(
        &self,
        user: UserHandle,
        permit: impl Into<Permit>,
        at: impl At,
        packed: &mut Vec<u8>,
    ) -> Result<u64, Overtaken> {
        let (ids, seq) = self.tenants_in_order(user, permit, at)?;
        packed.extend(ids.iter().flat_map(|id| id.uuid().into_bytes()));
        Ok(seq)
    }

    /// The same ids one by one, and the revision.
    pub(crate) fn tenants_in_order(
        &self,
        user: UserHandle,
        permit: impl Into<Permit>,
        at: impl At,
    ) -> Result<(Vec<TenantId>, u64), Overtaken> {
        let mut found = Vec::new();
        let seq = self.tenants_where(user, permit, at, &mut found)?;
        let mut ids: Vec<TenantId> = found.into_iter().map(|tenant| self.tenant_id(tenant)).collect();
        ids.sort_unstable();
        Ok((ids, seq))
    }

    /// The users who can do something on a tenant (P-12), each once, appended to `found`. Returns
    /// the revision that was read.
    ///
    /// # Errors
    /// [`Overtaken`]; then `found` is as it was.
    pub fn users_who_can(
        &self,
        permit: impl Into<Permit>,
        tenant: TenantHandle,
        at: impl At,
        found: &mut Vec<UserHandle>,
    ) -> Result<u64, Overtaken> {
        let asked = IndexQuestion::new(UserHandle::default(), permit.into(), tenant);
        let before = found.len();
        let result = self.read_long(UsersWhoCan {
            tables: &self.tables,
            asked,
            at: &at,
            before,
            found,
            visited: BTreeSet::new(),
        });
        result.map(|((), seq)| seq).inspect_err(|_| found.truncate(before))
    }

    /// Everybody who can do anything on a tenant, and what.
    ///
    /// # Errors
    /// [`Overtaken`].
    pub fn tenant_access(
        &self,
        tenant: TenantHandle,
        at: impl At,
    ) -> Result<IndexReview<UserHandle>, Overtaken> {
        self.review(tenant, &at)
    }

    /// Every tenant on which a user can do anything, and what.
    ///
    /// # Errors
    /// [`Overtaken`].
    pub fn user_access(&self, user: UserHandle, at: impl At) -> Result<IndexReview<TenantHandle>, Overtaken> {
        self.review(user, &at)
    }

    /// What a review found in words: permissions with their services, as reviews on the store tell
    /// them. Rows of which the same is allowed share it.
    pub fn held<H: Copy>(&self, review: &IndexReview<H>) -> Vec<(H, Arc<[HeldPermission]>)> {
        let named = |permit: &Permit| {
            let permission = Permission::parse(self.permissions.name(permit.permission.number())?).ok()?;
            let Some(service) = permit.service else { return Some((permission, None)) };
            Some((permission, Some(Service::parse(self.services.name(service.number())?).ok()?)))
        };
        let mut alike: BTreeMap<Vec<Permit>, Arc<[HeldPermission]>> = BTreeMap::new();
        let rows = review.rows().map(|(of, permits)| {
            let permits: Vec<_> = permits.collect();
            let known = alike.get(&permits).cloned();
            let held = known.unwrap_or_else(|| {
                let allowed: Vec<_> = permits.iter().filter_map(named).collect();
                let allowed = allowed.iter().map(|(permission, service)| (permission, service.as_ref()));
                let held: Arc<[_]> = held(allowed).into();
                alike.insert(permits, Arc::clone(&held));
                held
            });
            (of, held)
        });
        rows.collect()
    }

    fn review<S: Reviewed>(&self, subject: S, at: &impl At) -> Result<IndexReview<S::Row>, Overtaken> {
        let names = (&self.permissions, &self.services);
        let read = self.read_long(Reviewing { tables: &self.tables, names, subject, at });
        read.map(|(review, _)| review)
    }

    /// How large it is by now. It never shrinks.
    pub fn size(&self) -> IndexSize {
        let ids = self.tenants.bytes() + self.users.bytes();
        IndexSize {
            tenants: self.tenants.count(),
            users: self.users.count(),
            tenant_bytes: self.tables.bytes_beside_users(),
            user_bytes: ids + self.tables.users.bytes(),
        }
    }

    fn read_long<S: ReadSection>(&self, mut section: S) -> Result<(S::Output, u64), Overtaken> {
        (0..ATTEMPTS).find_map(|_| self.lock.try_read(&mut section)).ok_or(Overtaken)
    }
}

/// Whether the policy in force has a permission or a service.
enum PolicyHas<'a> {
    Permission(&'a Tables, u16),
    Service(&'a Tables, u16),
}

impl ReadSection for PolicyHas<'_> {
    type Output = bool;

    fn run(&mut self, reader: &impl Reader) -> bool {
        match *self {
            Self::Permission(tables, number) => tables.has_permission(reader, number),
            Self::Service(tables, number) => tables.has_service(reader, number),
        }
    }
}

/// One check.
struct One<'a, A> {
    index: &'a AccessIndex,
    asked: IndexQuestion,
    at: &'a A,
}

impl<A: At> ReadSection for One<'_, A> {
    type Output = Option<Code>;

    fn run(&mut self, reader: &impl Reader) -> Option<Code> {
        judge(&self.index.tables, reader, self.asked, self.at)
    }
}

/// Several checks at one revision.
struct Several<'a, A, Q, V> {
    index: &'a AccessIndex,
    asked: &'a [Q],
    at: &'a A,
    verdicts: &'a mut [V],
}

impl<A: At, Q: Copy + Into<Resolved>, V: From<IndexVerdict>> ReadSection for Several<'_, A, Q, V> {
    type Output = ();

    fn run(&mut self, reader: &impl Reader) {
        for (asked, verdict) in self.asked.iter().zip(self.verdicts.iter_mut()) {
            let asked: Resolved = (*asked).into();
            let asked = IndexQuestion::new(asked.user, asked.permit, asked.tenant);
            let reason = judge(&self.index.tables, reader, asked, self.at);
            *verdict = IndexVerdict { reason, seq: reader.revision() }.into();
        }
    }
}
