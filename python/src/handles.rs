//! What an index knows by number: users, tenants, permissions and services, looked up once and used in loops. A handle is of
//! one engine, and says so.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyType};
use pyo3::{PyClass, intern};
use tenantry::base::ids::{TenantId, UserId};
use tenantry::index as core;
use tenantry::wire::{Fault, Trouble};
use uuid::Uuid;

use crate::guard::{Place, Stop, guarded, text};

fn uuid_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static UUID: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    UUID.import(py, "uuid", "UUID")
}

/// An id as `uuid.UUID`.
pub(crate) fn to_python<'py>(py: Python<'py>, id: Uuid) -> PyResult<Bound<'py, PyAny>> {
    let named = PyDict::new(py);
    named.set_item(intern!(py, "int"), id.as_u128())?;
    uuid_type(py)?.call((), Some(&named))
}

/// The id that an argument stands for: a `uuid.UUID`, or text.
#[inline]
pub(crate) fn id(given: &Bound<'_, PyAny>, place: Place, handle: &str) -> Result<Uuid, Stop> {
    if let Some(text) = text(given, place)? {
        return Uuid::try_parse(text).map_err(|error| no_id(place, error));
    }
    let kind = uuid_type(given.py())?;
    if given.is_exact_instance(kind) || given.is_instance(kind)? {
        let int = given.getattr(intern!(given.py(), "int"))?;
        return number(&int).map(Uuid::from_u128).map_err(|error| no_id(place, error));
    }
    Err(Stop::wrong_type(place, format_args!("a uuid.UUID, a str or a {handle}"), given))
}

#[cold]
fn no_id(place: Place, why: impl std::fmt::Display) -> Stop {
    let remedy = "pass a uuid.UUID or the text of one; users and tenants go by their ids, not by addresses and numbers";
    Stop::amiss(Trouble::BadText, place, format_args!("is no id: {why}"), remedy)
}

/// The number of a `uuid.UUID`. PyO3 reads a `u128` as well, in three times the time.
#[inline]
#[expect(unsafe_code, reason = "PyO3 has no safe names for these functions of the stable ABI")]
fn number(int: &Bound<'_, PyAny>) -> PyResult<u128> {
    static BITS: PyOnceLock<Py<PyInt>> = PyOnceLock::new();
    let py = int.py();
    let int = int.cast::<PyInt>()?;
    let bits = BITS.get_or_init(py, || PyInt::new(py, 64).unbind());
    let shifted = int.rshift(bits.bind(py))?;
    // SAFETY: both are ints; the first function cannot fail on one, and the failure of the second is looked for.
    let (low, high) = unsafe {
        let low = pyo3::ffi::PyLong_AsUnsignedLongLongMask(int.as_ptr());
        (low, pyo3::ffi::PyLong_AsUnsignedLongLong(shifted.as_ptr()))
    };
    // What is negative or has more bits is refused; `uuid.UUID` makes none such.
    if high == u64::MAX
        && let Some(error) = PyErr::take(py)
    {
        return Err(error);
    }
    Ok(u128::from(high) << 64 | u128::from(low))
}

#[cold]
fn foreign(place: Place) -> Stop {
    let trouble = Trouble::ForeignHandle;
    Stop::amiss(trouble, place, "is a handle of another database's index", trouble.remedy())
}

/// A side of a question that has ids and handles.
pub(crate) trait Side: PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync {
    type Handle: Copy;
    /// What an argument of many is called.
    const MANY: &'static str;
    const HANDLE: &'static str;
    fn of(&self, engine: u64) -> Option<Self::Handle>;
    fn resolve(index: &core::AccessIndex, id: Uuid) -> Self::Handle;
    /// The id of a handle; none, if the index does not know it.
    fn id(index: &core::AccessIndex, handle: Self::Handle) -> Option<Uuid>;

    /// The handle of an argument, if it is one; never one of another engine.
    #[inline]
    fn given(given: &Bound<'_, PyAny>, engine: u64, place: Place) -> Result<Option<Self::Handle>, Stop> {
        match given.cast_exact::<Self>() {
            Ok(handle) => handle.get().of(engine).map(Some).ok_or_else(|| foreign(place)),
            Err(_) => Ok(None),
        }
    }

    /// The handle that an argument stands for.
    #[inline]
    fn read(
        index: &core::AccessIndex,
        engine: u64,
        given: &Bound<'_, PyAny>,
        place: Place,
    ) -> Result<Self::Handle, Stop> {
        if let Some(handle) = Self::given(given, engine, place)? {
            return Ok(handle);
        }
        Ok(Self::resolve(index, id(given, place, Self::HANDLE)?))
    }
}

/// What is known by name.
pub(crate) trait Named: PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync {
    type Handle: Copy;
    const WHAT: &'static str;
    const HANDLE: &'static str;
    fn of(&self, engine: u64) -> Option<Self::Handle>;
    /// The handle of a name; a refusal where the policy does not have it.
    fn resolve(index: &core::AccessIndex, name: &str) -> Result<Self::Handle, Stop>;

    /// The handle that an argument stands for: a handle or a name.
    #[inline]
    fn read(index: &core::AccessIndex, engine: u64, given: &Bound<'_, PyAny>) -> Result<Self::Handle, Stop> {
        let place = Place::Of(Self::WHAT);
        if let Ok(handle) = given.cast_exact::<Self>() {
            return handle.get().of(engine).ok_or_else(|| foreign(place));
        }
        match text(given, place)? {
            Some(name) => Self::resolve(index, name),
            None => Err(Stop::wrong_type(place, format_args!("a str or a {}", Self::HANDLE), given)),
        }
    }
}

macro_rules! people {
    ($($(#[$doc:meta])* $name:ident $id:ident $many:literal: $resolve:ident $back:ident;)*) => {$(
        $(#[$doc])*
        #[pyclass(frozen, eq, hash, module = "tenantry._native")]
        #[derive(Debug, PartialEq, Eq, Hash)]
        pub(crate) struct $name {
            handle: core::$name,
            id: Uuid,
            engine: u64,
        }

        impl $name {
            pub(crate) fn new(index: &core::AccessIndex, engine: u64, id: Uuid) -> Self {
                Self { handle: Self::resolve(index, id), id, engine }
            }
        }

        impl Side for $name {
            type Handle = core::$name;
            const MANY: &'static str = $many;
            const HANDLE: &'static str = stringify!($name);

            #[inline]
            fn of(&self, engine: u64) -> Option<core::$name> {
                (self.engine == engine).then_some(self.handle)
            }

            #[inline]
            fn resolve(index: &core::AccessIndex, id: Uuid) -> core::$name {
                index.$resolve($id::from_uuid(id))
            }

            fn id(index: &core::AccessIndex, handle: core::$name) -> Option<Uuid> {
                handle.is_known().then(|| index.$back(handle).uuid())
            }
        }

        #[pymethods]
        impl $name {
            /// Whose handle it is.
            #[getter]
            fn id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                guarded(py, || Ok(to_python(py, self.id)?))
            }

            /// Whether the index knew it when the handle was made. If it did not, look it up again once it is there.
            #[getter]
            fn known(&self) -> bool {
                self.handle.is_known()
            }

            fn __repr__(&self) -> String {
                let known = if self.known() { "" } else { ", unknown" };
                format!(concat!("<", stringify!($name), " {}{}>"), self.id, known)
            }
        }
    )*};
}

people! {
    /// A user, looked up once in an access index. Right for as long as the database is open.
    UserHandle UserId "users": user user_id;
    /// A tenant, looked up once in an access index. Right for as long as the database is open.
    TenantHandle TenantId "tenants": tenant tenant_id;
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident $what:literal: $resolve:ident;)*) => {$(
        $(#[$doc])*
        #[pyclass(frozen, eq, hash, module = "tenantry._native")]
        #[derive(Debug, PartialEq, Eq, Hash)]
        pub(crate) struct $name {
            handle: core::$name,
            name: Box<str>,
            engine: u64,
        }

        impl $name {
            pub(crate) fn new(
                index: &core::AccessIndex,
                engine: u64,
                given: &Bound<'_, PyAny>,
            ) -> Result<Self, Stop> {
                let place = Place::Of(Self::WHAT);
                let name = text(given, place)?.ok_or_else(|| Stop::wrong_type(place, "a str", given))?;
                Ok(Self { handle: Self::resolve(index, name)?, name: name.into(), engine })
            }
        }

        impl Named for $name {
            type Handle = core::$name;
            const WHAT: &'static str = $what;
            const HANDLE: &'static str = stringify!($name);

            #[inline]
            fn of(&self, engine: u64) -> Option<core::$name> {
                (self.engine == engine).then_some(self.handle)
            }

            #[inline]
            fn resolve(index: &core::AccessIndex, name: &str) -> Result<core::$name, Stop> {
                Ok(index.$resolve(name).map_err(Fault::from)?)
            }
        }

        #[pymethods]
        impl $name {
            /// Its name.
            #[getter]
            fn name(&self) -> &str {
                &self.name
            }

            fn __repr__(&self) -> String {
                format!(concat!("<", stringify!($name), " {}>"), self.name)
            }
        }
    )*};
}

names! {
    /// A permission, looked up once in an access index. Stays right when the policy changes.
    PermissionHandle "permission": permission;
    /// A service, looked up once in an access index. Stays right when the policy changes.
    ServiceHandle "service": service;
}
