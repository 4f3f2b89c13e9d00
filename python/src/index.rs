//! The access index: checks in nanoseconds, alone and in batches. It never allows what it was not asked properly: an argument of the
//! wrong type, a handle of another database and an index whose database is closed are errors.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PyList, PyTuple};
use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::engine::Clock;
use tenantry::index::{self as core, Overtaken, Permit, Resolved};
use tenantry::query::HeldPermission;
use tenantry::refusal::Code;
use tenantry::wire::Trouble;
use uuid::Uuid;

use crate::columns::{ABREAST, Column};
use crate::guard::{Place, Stop, detached, guarded, text};
use crate::handles::{Named, PermissionHandle, ServiceHandle, Side, TenantHandle, UserHandle, id, to_python};
use crate::shared::Shared;

/// The answer of a check on the index. True where it is allowed.
#[pyclass(frozen, eq, hash, module = "tenantry._native")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct IndexVerdict {
    reason: Option<Code>,
    seq: u64,
}

impl From<core::IndexVerdict> for IndexVerdict {
    fn from(verdict: core::IndexVerdict) -> Self {
        Self { reason: verdict.reason, seq: verdict.seq }
    }
}

#[pymethods]
impl IndexVerdict {
    #[new]
    #[pyo3(signature = (*, reason, seq))]
    fn new(py: Python<'_>, reason: Option<&Bound<'_, PyAny>>, seq: &Bound<'_, PyAny>) -> PyResult<Self> {
        guarded(py, || {
            let reason = match reason {
                None => None,
                Some(given) => {
                    let place = Place::Of("reason");
                    let name = text(given, place)?.ok_or_else(|| Stop::wrong_type(place, "a Code", given))?;
                    let unknown =
                        || Stop::amiss(Trouble::BadText, place, "is no refusal", "pass a tenantry.Code");
                    Some(Code::named(name).ok_or_else(unknown)?)
                }
            };
            let wrong = |_| Stop::wrong_type(Place::Of("seq"), "a record's number", seq);
            Ok(Self { reason, seq: seq.extract().map_err(wrong)? })
        })
    }

    /// Whether it is allowed.
    #[getter]
    fn allowed(&self) -> bool {
        self.reason.is_none()
    }

    /// Why not: the first reason that applies, or None where it is allowed.
    #[getter]
    fn reason<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        static CODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let Some(reason) = self.reason else { return Ok(None) };
        let code = CODE
            .get_or_try_init(py, || Ok::<_, PyErr>(py.import("tenantry.codes")?.getattr("Code")?.unbind()))?;
        code.bind(py).call1((reason.name(),)).map(Some)
    }

    /// The record up to which the answer holds.
    #[getter]
    fn seq(&self) -> u64 {
        self.seq
    }

    fn __bool__(&self) -> bool {
        self.allowed()
    }

    /// The verdict as a dict of plain values.
    fn as_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item(intern!(py, "allowed"), self.allowed())?;
        dict.set_item(intern!(py, "reason"), self.reason.map(Code::name))?;
        dict.set_item(intern!(py, "seq"), self.seq)?;
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let reason = self.reason.map_or("None".to_owned(), |code| format!("'{}'", code.name()));
        let allowed = if self.allowed() { "True" } else { "False" };
        format!("IndexVerdict(allowed={allowed}, reason={reason}, seq={})", self.seq)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let rebuild = py.import("tenantry._native")?.getattr("_verdict")?;
        (rebuild, (self.reason.map(Code::name), self.seq)).into_pyobject(py)
    }
}

/// Makes a verdict again; for pickling.
#[pyfunction]
#[pyo3(name = "_verdict", signature = (reason, seq, /))]
pub(crate) fn rebuild(
    py: Python<'_>,
    reason: Option<&Bound<'_, PyAny>>,
    seq: &Bound<'_, PyAny>,
) -> PyResult<IndexVerdict> {
    IndexVerdict::new(py, reason, seq)
}

/// Many questions about one permission.
struct Many {
    users: Column<core::UserHandle>,
    tenants: Column<core::TenantHandle>,
    permit: Permit,
    count: usize,
}

/// One of them, by ids that lie where Python has them.
#[derive(Clone, Copy)]
struct ByIds<'a> {
    user: &'a [u8; 16],
    permit: Permit,
    tenant: &'a [u8; 16],
}

impl From<ByIds<'_>> for (UserId, Permit, TenantId) {
    #[inline]
    fn from(asked: ByIds<'_>) -> Self {
        let (user, tenant) = (Uuid::from_bytes(*asked.user), Uuid::from_bytes(*asked.tenant));
        (UserId::from_uuid(user), asked.permit, TenantId::from_uuid(tenant))
    }
}

/// What stands where no answer has been written yet.
const NOT_ASKED: core::IndexVerdict = core::IndexVerdict { reason: Some(Code::UnknownUser), seq: 0 };

/// An answer of which only one thing is wanted.
#[derive(Clone, Copy)]
struct Allowed(bool);

impl From<core::IndexVerdict> for Allowed {
    #[inline]
    fn from(verdict: core::IndexVerdict) -> Self {
        Self(verdict.allowed())
    }
}

/// What checks need, in memory. `Database.access_index()` gives it. Threads may share it.
///
/// Users and tenants may be given as handles of this index, as `uuid.UUID` or as text; permissions and services as handles or
/// as text. Handles are quickest.
#[pyclass(frozen, module = "tenantry._native")]
pub(crate) struct AccessIndex {
    index: Arc<core::AccessIndex>,
    shared: Arc<Shared>,
}

impl AccessIndex {
    pub(crate) fn new(index: Arc<core::AccessIndex>, shared: Arc<Shared>) -> Self {
        Self { index, shared }
    }

    /// The index, for measuring it.
    pub(crate) fn core(&self) -> &core::AccessIndex {
        &self.index
    }

    pub(crate) fn clock(&self) -> impl Fn() -> Timestamp + '_ {
        || self.shared.hands.now()
    }

    pub(crate) fn permit(
        &self,
        permission: &Bound<'_, PyAny>,
        service: Option<&Bound<'_, PyAny>>,
    ) -> Result<Permit, Stop> {
        let engine = self.shared.number;
        let permission = <PermissionHandle as Named>::read(&self.index, engine, permission)?;
        Ok(match service {
            None => permission.into(),
            Some(service) => permission.with(<ServiceHandle as Named>::read(&self.index, engine, service)?),
        })
    }

    /// Reads whom, or on what, something is asked about that is long to tell.
    fn one<S: Side>(
        &self,
        py: Python<'_>,
        given: &Bound<'_, PyAny>,
        name: &'static str,
    ) -> PyResult<S::Handle> {
        guarded(py, || {
            self.shared.alive()?;
            S::read(&self.index, self.shared.number, given, Place::Of(name))
        })
    }

    #[inline]
    fn ask(
        &self,
        user: &Bound<'_, PyAny>,
        permission: &Bound<'_, PyAny>,
        tenant: &Bound<'_, PyAny>,
        service: Option<&Bound<'_, PyAny>>,
    ) -> Result<core::IndexVerdict, Stop> {
        self.shared.alive()?;
        let engine = self.shared.number;
        let user = <UserHandle as Side>::read(&self.index, engine, user, Place::Of("user"))?;
        let permit = self.permit(permission, service)?;
        let tenant = <TenantHandle as Side>::read(&self.index, engine, tenant, Place::Of("tenant"))?;
        Ok(self.index.check_resolved(user, permit, tenant, self.clock()))
    }

    /// Reads many questions, for `allows_many` and its like.
    fn many(
        &self,
        py: Python<'_>,
        users: &Bound<'_, PyAny>,
        permission: &Bound<'_, PyAny>,
        tenants: &Bound<'_, PyAny>,
        service: Option<&Bound<'_, PyAny>>,
    ) -> Result<Many, Stop> {
        self.shared.alive()?;
        let engine = self.shared.number;
        let permit = self.permit(permission, service)?;
        let users = Column::read::<UserHandle>(&self.index, engine, users)?;
        let tenants = Column::read::<TenantHandle>(&self.index, engine, tenants)?;
        let count = match (users.len(py), tenants.len(py)) {
            (Some(users), Some(tenants)) if users != tenants => {
                let message = format_args!("are {tenants}, and there are {users} users");
                let remedy = "pass as many of both, or one of either";
                return Err(Stop::amiss(Trouble::BadLength, Place::Of("tenants"), message, remedy));
            }
            (Some(count), _) | (None, Some(count)) => count,
            (None, None) => 1,
        };
        Ok(Many { users, tenants, permit, count })
    }

    /// Answers them side by side while other threads run, and hands the answers on in their order, some at a time.
    fn answer<D: From<core::IndexVerdict> + Clone + Send>(
        &self,
        py: Python<'_>,
        many: Many,
        mut each: impl FnMut(&[D]) + Send,
    ) {
        let Many { users, tenants, permit, count } = many;
        let (index, clock) = (&*self.index, self.clock());
        let mut answers = vec![D::from(NOT_ASKED); ABREAST];
        let ids = users.as_ids::<UserHandle>(index, py).zip(tenants.as_ids::<TenantHandle>(index, py));
        if let Some((users, tenants)) = ids {
            py.detach(|| {
                let mut asked = Vec::with_capacity(ABREAST);
                for from in (0..count).step_by(ABREAST) {
                    let both = users.from(from).iter().zip(tenants.from(from)).take(count - from);
                    asked.clear();
                    asked.extend(both.map(|(user, tenant)| ByIds { user, permit, tenant }));
                    let answers = answers.get_mut(..asked.len()).unwrap_or_default();
                    index.check_ids(&asked, &clock, answers);
                    each(answers);
                }
            });
            return;
        }
        let users = users.handles::<UserHandle>(index, py, count);
        let tenants = tenants.handles::<TenantHandle>(index, py, count);
        py.detach(|| {
            let mut asked = Vec::with_capacity(ABREAST);
            for (users, tenants) in users.chunks(ABREAST).zip(tenants.chunks(ABREAST)) {
                asked.clear();
                let both = users.iter().zip(tenants);
                asked.extend(both.map(|(&user, &tenant)| Resolved { user, permit, tenant }));
                let answers = answers.get_mut(..asked.len()).unwrap_or_default();
                index.check_batch(&asked, &clock, answers);
                each(answers);
            }
        });
    }

    /// A reverse look-up; held still where the index changes too often meanwhile.
    fn long<T: Send>(
        &self,
        ask: impl Fn(&core::AccessIndex) -> Result<Vec<T>, Overtaken> + Send,
    ) -> Result<Vec<T>, Stop> {
        match ask(&self.index) {
            Ok(found) => Ok(found),
            Err(Overtaken) => self
                .shared
                .engine()?
                .hold_still(|index| ask(index))?
                .map_err(|overtaken| Stop::misuse(Trouble::Panicked, overtaken)),
        }
    }
}

/// Ids as `uuid.UUID`, in their order.
fn in_order(py: Python<'_>, mut found: Vec<Uuid>) -> PyResult<Bound<'_, PyList>> {
    found.sort_unstable();
    let list = PyList::empty(py);
    for id in found {
        list.append(to_python(py, id)?)?;
    }
    Ok(list)
}

/// What is held, as a dict, by ids in their order. It is put in words once for all who hold the same.
fn by_id(py: Python<'_>, mut found: Vec<(Uuid, Arc<[HeldPermission]>)>) -> PyResult<Bound<'_, PyDict>> {
    found.sort_unstable_by_key(|(id, _)| *id);
    let (rows, mut known) = (PyDict::new(py), HashMap::new());
    for (id, held) in found {
        let shared: &Bound<'_, PyDict> = match known.entry(Arc::as_ptr(&held)) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(free) => free.insert(in_words(py, &held)?),
        };
        rows.set_item(to_python(py, id)?, shared.copy()?)?;
    }
    Ok(rows)
}

/// By each permission the services that it is held with, None among them where it is held without one.
fn in_words<'py>(py: Python<'py>, held: &[HeldPermission]) -> PyResult<Bound<'py, PyDict>> {
    let words = PyDict::new(py);
    for one in held {
        let without = (!one.services_only).then_some(None);
        let services = one.services.iter().map(|service| Some(service.as_str())).chain(without);
        words.set_item(one.permission.as_str(), PyFrozenSet::new(py, services.collect::<Vec<_>>())?)?;
    }
    Ok(words)
}

#[pymethods]
impl AccessIndex {
    /// The record up to which the index has come.
    #[getter]
    fn seq(&self, py: Python<'_>) -> PyResult<u64> {
        guarded(py, || {
            self.shared.alive()?;
            Ok(self.index.seq())
        })
    }

    /// The record that the saved index was of from which it was loaded, or None where it was built of the store.
    #[getter]
    fn loaded_from(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        guarded(py, || {
            self.shared.alive()?;
            Ok(self.index.loaded_from())
        })
    }

    /// Looks a user up: a handle that is quicker to check with than an id. One that is not known has a handle, too, with which
    /// everything is denied.
    #[pyo3(signature = (user, /))]
    fn user(&self, py: Python<'_>, user: &Bound<'_, PyAny>) -> PyResult<UserHandle> {
        guarded(py, || {
            self.shared.alive()?;
            let id = id(user, Place::Of("user"), "UserHandle")?;
            Ok(UserHandle::new(&self.index, self.shared.number, id))
        })
    }

    /// Looks a tenant up, as `user` does.
    #[pyo3(signature = (tenant, /))]
    fn tenant(&self, py: Python<'_>, tenant: &Bound<'_, PyAny>) -> PyResult<TenantHandle> {
        guarded(py, || {
            self.shared.alive()?;
            let id = id(tenant, Place::Of("tenant"), "TenantHandle")?;
            Ok(TenantHandle::new(&self.index, self.shared.number, id))
        })
    }

    /// Looks a permission up by its name. One that the policy does not have is refused.
    #[pyo3(signature = (name, /))]
    fn permission(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<PermissionHandle> {
        guarded(py, || {
            self.shared.alive()?;
            PermissionHandle::new(&self.index, self.shared.number, name)
        })
    }

    /// Looks a service up by its name. One that the policy does not have is refused.
    #[pyo3(signature = (name, /))]
    fn service(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<ServiceHandle> {
        guarded(py, || {
            self.shared.alive()?;
            ServiceHandle::new(&self.index, self.shared.number, name)
        })
    }

    /// Whether a user may do something on a tenant, for a service if it is about one (P).
    #[pyo3(signature = (user, permission, tenant, service=None))]
    fn allows(
        &self,
        py: Python<'_>,
        user: &Bound<'_, PyAny>,
        permission: &Bound<'_, PyAny>,
        tenant: &Bound<'_, PyAny>,
        service: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        guarded(py, || Ok(self.ask(user, permission, tenant, service)?.allowed()))
    }

    /// The same, with the reason and the seq.
    #[pyo3(signature = (user, permission, tenant, service=None))]
    fn check(
        &self,
        py: Python<'_>,
        user: &Bound<'_, PyAny>,
        permission: &Bound<'_, PyAny>,
        tenant: &Bound<'_, PyAny>,
        service: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<IndexVerdict> {
        guarded(py, || Ok(self.ask(user, permission, tenant, service)?.into()))
    }

    /// Many checks at once, for one permission: a list of bools in the order of what was asked.
    ///
    /// Users and tenants are each one for all questions, or one for each: a sequence of handles, `uuid.UUID` or text, or packed ids of
    /// 16 bytes in bytes, bytearray, memoryview or an array of numpy's. The other threads of Python's run meanwhile.
    #[pyo3(signature = (users, permission, tenants, service=None))]
    fn allows_many<'py>(
        &self,
        py: Python<'py>,
        users: &Bound<'py, PyAny>,
        permission: &Bound<'py, PyAny>,
        tenants: &Bound<'py, PyAny>,
        service: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let allowed = guarded(py, || {
            let many = self.many(py, users, permission, tenants, service)?;
            let mut allowed = Vec::with_capacity(many.count);
            self.answer(py, many, |answers| allowed.extend(answers.iter().map(|&Allowed(allowed)| allowed)));
            Ok(allowed)
        })?;
        PyList::new(py, allowed)
    }

    /// The same as bytes, one for each question: 1 where it is allowed, else 0. `numpy.frombuffer(…, dtype=bool)` makes an array of it.
    #[pyo3(signature = (users, permission, tenants, service=None))]
    fn allows_packed<'py>(
        &self,
        py: Python<'py>,
        users: &Bound<'py, PyAny>,
        permission: &Bound<'py, PyAny>,
        tenants: &Bound<'py, PyAny>,
        service: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let many = guarded(py, || self.many(py, users, permission, tenants, service))?;
        PyBytes::new_with(py, many.count, |bytes| {
            guarded(py, || {
                let mut places = bytes.chunks_mut(ABREAST);
                self.answer(py, many, |answers| {
                    for (&Allowed(allowed), byte) in answers.iter().zip(places.next().unwrap_or_default()) {
                        *byte = allowed.into();
                    }
                });
                Ok(())
            })
        })
    }

    /// The same with the reasons: a list of verdicts.
    #[pyo3(signature = (users, permission, tenants, service=None))]
    fn check_many<'py>(
        &self,
        py: Python<'py>,
        users: &Bound<'py, PyAny>,
        permission: &Bound<'py, PyAny>,
        tenants: &Bound<'py, PyAny>,
        service: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let answers = guarded(py, || {
            let many = self.many(py, users, permission, tenants, service)?;
            let mut all = Vec::with_capacity(many.count);
            self.answer(py, many, |answers: &[core::IndexVerdict]| all.extend_from_slice(answers));
            Ok(all)
        })?;
        let list = PyList::empty(py);
        for answer in answers {
            list.append(IndexVerdict::from(answer).into_pyobject(py)?)?;
        }
        Ok(list)
    }

    /// The tenants on which a user can do this, in the order of their ids (P-12).
    #[pyo3(signature = (user, permission, service=None))]
    fn tenants_where<'py>(
        &self,
        py: Python<'py>,
        user: &Bound<'py, PyAny>,
        permission: &Bound<'py, PyAny>,
        service: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let (user, permit) = guarded(py, || {
            self.shared.alive()?;
            let user = <UserHandle as Side>::read(&self.index, self.shared.number, user, Place::Of("user"))?;
            Ok((user, self.permit(permission, service)?))
        })?;
        let found = detached(py, || {
            self.long(|index| {
                let mut found = Vec::new();
                index.tenants_where(user, permit, self.clock(), &mut found)?;
                Ok(found.into_iter().map(|one| index.tenant_id(one).uuid()).collect())
            })
        })?;
        in_order(py, found)
    }

    /// The same as bytes: their ids in their order, 16 bytes each, for a database that takes a set as one value.
    #[pyo3(signature = (user, permission, service=None))]
    fn tenants_packed<'py>(
        &self,
        py: Python<'py>,
        user: &Bound<'py, PyAny>,
        permission: &Bound<'py, PyAny>,
        service: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (user, permit) = guarded(py, || {
            self.shared.alive()?;
            let user = <UserHandle as Side>::read(&self.index, self.shared.number, user, Place::Of("user"))?;
            Ok((user, self.permit(permission, service)?))
        })?;
        let packed = detached(py, || {
            self.long(|index| {
                let mut packed = Vec::new();
                index.tenants_packed(user, permit, self.clock(), &mut packed)?;
                Ok(packed)
            })
        })?;
        Ok(PyBytes::new(py, &packed))
    }

    /// The users who can do this on a tenant, in the order of their ids (P-12).
    #[pyo3(signature = (permission, tenant, service=None))]
    fn users_who_can<'py>(
        &self,
        py: Python<'py>,
        permission: &Bound<'py, PyAny>,
        tenant: &Bound<'py, PyAny>,
        service: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let (tenant, permit) = guarded(py, || {
            self.shared.alive()?;
            let tenant =
                <TenantHandle as Side>::read(&self.index, self.shared.number, tenant, Place::Of("tenant"))?;
            Ok((tenant, self.permit(permission, service)?))
        })?;
        let found = detached(py, || {
            self.long(|index| {
                let mut found = Vec::new();
                index.users_who_can(permit, tenant, self.clock(), &mut found)?;
                Ok(found.into_iter().map(|one| index.user_id(one).uuid()).collect())
            })
        })?;
        in_order(py, found)
    }

    /// Everybody who can do anything on a tenant, and what: by each user's id the permissions, by each of these the services that
    /// it is held with, None among them where it is held without one. As `Database.tenant_access` tells it to the platform's staff.
    #[pyo3(signature = (tenant, /))]
    fn tenant_access<'py>(
        &self,
        py: Python<'py>,
        tenant: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let tenant = self.one::<TenantHandle>(py, tenant, "tenant")?;
        let found = detached(py, || {
            self.long(|index| {
                let held = index.held(&index.tenant_access(tenant, self.clock())?);
                Ok(held.into_iter().map(|(user, held)| (index.user_id(user).uuid(), held)).collect())
            })
        })?;
        by_id(py, found)
    }

    /// Every tenant on which a user can do anything, and what: as `tenant_access`, by each tenant's id.
    #[pyo3(signature = (user, /))]
    fn user_access<'py>(&self, py: Python<'py>, user: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let user = self.one::<UserHandle>(py, user, "user")?;
        let found = detached(py, || {
            self.long(|index| {
                let held = index.held(&index.user_access(user, self.clock())?);
                Ok(held.into_iter().map(|(tenant, held)| (index.tenant_id(tenant).uuid(), held)).collect())
            })
        })?;
        by_id(py, found)
    }

    /// Takes in what other processes have written. With a token: only if the index has not come that far. Returns the seq it has
    /// come to. What this database wrote itself is in it already.
    #[pyo3(signature = (token=None))]
    fn refresh(&self, py: Python<'_>, token: Option<&Bound<'_, PyAny>>) -> PyResult<u64> {
        let place = Place::Of("token");
        let token = guarded(py, || match token {
            None => Ok(None),
            Some(given) => match text(given, place)? {
                Some(token) => Ok(Some(token.to_owned())),
                None => Err(Stop::wrong_type(place, "a str", given)),
            },
        })?;
        detached(py, || {
            let engine = self.shared.engine()?;
            match token {
                None => {
                    engine.refresh()?;
                }
                Some(token) => {
                    let remedy = "pass one as it came: `Executed.token`, or what `Database.token()` says";
                    let wrong = |error| {
                        Stop::amiss(Trouble::BadText, place, format_args!("is no token: {error}"), remedy)
                    };
                    let token = token.parse().map_err(wrong)?;
                    engine.access_index_since(&token)?;
                }
            }
            Ok(self.index.seq())
        })
    }

    fn __repr__(&self) -> String {
        let core::IndexSize { tenants, users, .. } = self.index.size();
        format!("<AccessIndex of {tenants} tenants and {users} users at seq {}>", self.index.seq())
    }
}
