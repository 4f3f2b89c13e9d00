//! What an engine shares with the indexes that came from it: whether it is open, whose process it is of, and its clock.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use pyo3::prelude::*;
use tenantry::base::time::Timestamp;
use tenantry::engine::{Clock, Engine, SystemClock};
use tenantry::store::StoreError;
use tenantry::wire::Trouble;

use crate::guard::{Stop, throw};

/// How often this process has become a forked child. What was made before does not work after.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Counts a fork; called in the child, by `os.register_at_fork`.
#[pyfunction]
pub(crate) fn forked() {
    FORKS.fetch_add(1, Ordering::SeqCst);
}

thread_local! {
    /// Whether a clock of the caller's is asked in this thread. A command waits for it, so whatever it did would wait for that.
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Tells engines apart, so that a handle of one is not taken for one of another.
static ENGINES: AtomicU64 = AtomicU64::new(1);

/// An engine, shared with the indexes that came from it.
pub(crate) struct Shared {
    engine: RwLock<Option<Arc<Engine>>>,
    closed: AtomicBool,
    forks: u32,
    pub(crate) number: u64,
    pub(crate) hands: Hands,
}

impl Shared {
    pub(crate) fn new(engine: Engine, hands: Hands) -> Self {
        Self {
            engine: RwLock::new(Some(Arc::new(engine))),
            closed: AtomicBool::new(false),
            forks: FORKS.load(Ordering::Relaxed),
            number: ENGINES.fetch_add(1, Ordering::Relaxed),
            hands,
        }
    }

    /// Says why nothing can be asked any more, if so.
    #[inline]
    pub(crate) fn alive(&self) -> Result<(), Stop> {
        if self.closed() {
            return Err(closed());
        }
        if self.forked() {
            return Err(tenantry::engine::Error::from(StoreError::Forked).into());
        }
        Ok(())
    }

    /// The engine. Whoever has it may finish, though somebody closes it meanwhile.
    pub(crate) fn engine(&self) -> Result<Arc<Engine>, Stop> {
        self.alive()?;
        if ASKED.get() {
            let message = "`clock` calls a database, and a clock only says what time it is";
            return Err(Stop::misuse(Trouble::InvalidRequest, message));
        }
        self.engine.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)
    }

    pub(crate) fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn forked(&self) -> bool {
        self.forks != FORKS.load(Ordering::Relaxed)
    }

    pub(crate) fn close(&self) {
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

impl Hands {
    pub(crate) fn new(callable: Option<Py<PyAny>>) -> Self {
        Self(callable.map(Arc::new))
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let Some(callable) = &self.0 else { return SystemClock.now() };
        let before = ASKED.replace(true);
        let asked = Python::attach(|py| callable.call0(py)?.extract::<i64>(py));
        ASKED.set(before);
        match asked.map(Timestamp::from_micros) {
            Ok(Some(now)) => now,
            Ok(None) => {
                throw(pyo3::exceptions::PyValueError::new_err("the clock says a time that is no time"))
            }
            Err(error) => throw(error),
        }
    }
}
