//! Engines: opened, used from any thread, closed once, dead in a forked child.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tenantry::engine::{Engine as Core, Options};
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::wire;
use uuid::Uuid;

use crate::guard::{detached, guarded, throw};
use crate::index::AccessIndex;
use crate::shared::{Hands, Shared};

/// What makes ids: UUIDs of version 7, or a callable that returns 16 bytes.
fn maker(callable: Option<Py<PyAny>>) -> Box<dyn Fn() -> Uuid + Send + Sync> {
    let Some(callable) = callable else { return Box::new(Uuid::now_v7) };
    Box::new(move || {
        let made = Python::attach(|py| callable.call0(py)?.extract::<[u8; 16]>(py));
        made.map_or_else(|error| throw(error), Uuid::from_bytes)
    })
}

/// An open store. `tenantry.Database` is what programs use; it stands on this.
#[pyclass(frozen, module = "tenantry._native")]
pub(crate) struct Engine(Arc<Shared>);

#[pymethods]
impl Engine {
    /// Opens a file, or makes a store in memory where there is no path.
    #[staticmethod]
    #[pyo3(signature = (path, *, policy, read_only, create, wait_for_disk, wait_ms, max_bytes, record_refusals,
        clock_tolerance_seconds, clock_leap_seconds, saved_index, clock, ids))]
    #[expect(clippy::too_many_arguments, reason = "one for each option, by keyword")]
    fn open(
        py: Python<'_>,
        path: Option<PathBuf>,
        policy: Option<&str>,
        read_only: bool,
        create: bool,
        wait_for_disk: bool,
        wait_ms: u64,
        max_bytes: Option<u64>,
        record_refusals: bool,
        clock_tolerance_seconds: u32,
        clock_leap_seconds: u32,
        saved_index: Option<PathBuf>,
        clock: Option<Py<PyAny>>,
        ids: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let policy = policy.map(str::to_owned);
        detached(py, move || {
            let hands = Hands::new(clock);
            let mut options = Options::default()
                .clock(hands.clone())
                .ids(maker(ids))
                .record_refusals(record_refusals)
                .clock_tolerance_seconds(clock_tolerance_seconds)
                .clock_leap_seconds(clock_leap_seconds);
            if let Some(path) = saved_index {
                options = options.saved_index(path);
            }
            if let Some(policy) = policy {
                options = options.policy(wire::policy(&policy)?);
            }
            let synchronous = if wait_for_disk { Synchronous::Full } else { Synchronous::Normal };
            let file = FileOptions::default()
                .read_only(read_only)
                .create(create)
                .synchronous(synchronous)
                .wait_ms(wait_ms)
                .max_bytes(max_bytes);
            let engine = match path {
                Some(path) => {
                    let store = SqliteStore::open(&path, file).map_err(tenantry::engine::Error::from)?;
                    Core::new(store, options)?
                }
                None => Core::memory_with(options)?,
            };
            Ok(Self(Arc::new(Shared::new(engine, hands))))
        })
    }

    /// Puts a backup in a store's place, and says as JSON what that led to.
    #[staticmethod]
    #[pyo3(signature = (backup, to, /))]
    fn restore(py: Python<'_>, backup: PathBuf, to: PathBuf) -> PyResult<String> {
        detached(py, || Ok(wire::restore(backup, to)?))
    }

    /// Answers one call of the JSON door with JSON.
    #[pyo3(signature = (request, /))]
    fn call(&self, py: Python<'_>, request: &str) -> PyResult<String> {
        detached(py, || Ok(wire::call(&*self.0.engine()?, request)?))
    }

    /// A new id, as commands get that leave one out: its 16 bytes.
    fn new_id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let id = detached(py, || Ok(self.0.engine()?.new_id()))?;
        Ok(PyBytes::new(py, id.as_bytes()))
    }

    /// What time it is for the engine: microseconds since 1970.
    fn now(&self, py: Python<'_>) -> PyResult<i64> {
        detached(py, || Ok(self.0.engine()?.now().micros()))
    }

    /// The access index, which is built when first asked for.
    fn access_index(&self, py: Python<'_>) -> PyResult<AccessIndex> {
        detached(py, || {
            let index = self.0.engine()?.access_index()?;
            Ok(AccessIndex::new(index, Arc::clone(&self.0)))
        })
    }

    /// Closes it; calls that are within may finish. A second time does nothing.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        detached(py, || {
            self.0.close();
            Ok(())
        })
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        guarded(py, || Ok(self.0.closed()))
    }
}
