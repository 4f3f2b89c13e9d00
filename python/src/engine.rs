//! Engines: opened, used from any thread, closed once, dead in a forked child.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tenantry::base::time::Timestamp;
use tenantry::engine::{Clock, Engine as Core, Options, SystemClock};
use tenantry::store::StoreError;
use tenantry::store::memory::MemoryStore;
use tenantry::store::sqlite::{Options as FileOptions, SqliteStore, Synchronous};
use tenantry::wire::{self, Trouble};
use uuid::Uuid;

use crate::FORKS;
use crate::guard::{Stop, detached, guarded, throw};
use crate::index::AccessIndex;

/// Tells engines apart, so that a handle of one is not taken for one of another.
static ENGINES: AtomicU64 = AtomicU64::new(1);

/// An engine, shared with the indexes that came from it.
pub(crate) struct Shared {
    engine: RwLock<Option<Arc<Core>>>,
    closed: AtomicBool,
    forks: u32,
    pub(crate) number: u64,
    pub(crate) hands: Hands,
}

impl Shared {
    /// Says why nothing can be asked any more, if so.
    #[inline]
    pub(crate) fn alive(&self) -> Result<(), Stop> {
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        if self.forked() {
            return Err(tenantry::engine::Error::from(StoreError::Forked).into());
        }
        Ok(())
    }

    /// The engine. Whoever has it may finish, though somebody closes it meanwhile.
    pub(crate) fn engine(&self) -> Result<Arc<Core>, Stop> {
        self.alive()?;
        self.engine.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)
    }

    fn forked(&self) -> bool {
        self.forks != FORKS.load(Ordering::Relaxed)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // What a child inherited is its parent's: it is not even closed here, and a lock may be held by nobody who is here.
        if !self.forked() {
            let engine = self.engine.write().unwrap_or_else(PoisonError::into_inner).take();
            drop(engine);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.forked() {
            std::mem::forget(self.engine.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

fn closed() -> Stop {
    Stop::misuse(Trouble::HandleClosed, "the database has been closed")
}

/// A clock: the machine's, or a callable that says the microseconds since 1970.
#[derive(Clone)]
pub(crate) struct Hands(Option<Arc<Py<PyAny>>>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let Some(callable) = &self.0 else { return SystemClock.now() };
        let asked = Python::attach(|py| callable.call0(py)?.extract::<i64>(py));
        match asked.map(Timestamp::from_micros) {
            Ok(Some(now)) => now,
            Ok(None) => {
                throw(pyo3::exceptions::PyValueError::new_err("the clock says a time that is no time"))
            }
            Err(error) => throw(error),
        }
    }
}

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
        clock_tolerance_seconds, clock, ids))]
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
        clock: Option<Py<PyAny>>,
        ids: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let policy = policy.map(str::to_owned);
        detached(py, move || {
            let hands = Hands(clock.map(Arc::new));
            let mut options = Options {
                clock: Box::new(hands.clone()),
                ids: maker(ids),
                record_refusals,
                clock_tolerance_seconds,
                ..Options::default()
            };
            if let Some(policy) = policy {
                options.policy = wire::policy(&policy)?;
            }
            let synchronous = if wait_for_disk { Synchronous::Full } else { Synchronous::Normal };
            let file = FileOptions { read_only, create, synchronous, wait_ms, max_bytes };
            let engine = match path {
                Some(path) => {
                    let store = SqliteStore::open(&path, file).map_err(tenantry::engine::Error::from)?;
                    Core::new(store, options)?
                }
                None => Core::new(MemoryStore::new(Uuid::now_v7()), options)?,
            };
            Ok(Self(Arc::new(Shared {
                engine: RwLock::new(Some(Arc::new(engine))),
                closed: AtomicBool::new(false),
                forks: FORKS.load(Ordering::Relaxed),
                number: ENGINES.fetch_add(1, Ordering::Relaxed),
                hands,
            })))
        })
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
        guarded(py, || Ok(self.0.closed.load(Ordering::Acquire)))
    }
}
