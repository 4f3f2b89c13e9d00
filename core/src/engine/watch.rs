//! Keeps an access index fresh, and saved, from a thread of its own.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::error::Error;
use super::lock::lock;
use crate::store::StoreError;

#[derive(Default)]
struct Shared {
    state: Mutex<WatchState>,
    stop: Condvar,
}

#[derive(Default)]
struct WatchState {
    stopped: bool,
    trouble: Option<Error>,
}

impl Shared {
    /// Waits; true once it is over.
    fn wait(&self, time: Duration) -> bool {
        let state = lock(&self.state);
        let waited = self.stop.wait_timeout_while(state, time, |state| !state.stopped);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopped
    }
}

/// Keeps an access index fresh until it is dropped; hold on to it, or rights that other processes
/// take away stay in the index. A process that forks has none in the child.
#[must_use = "the index is kept fresh only while this is held: `let _watch = …`"]
pub struct Watch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("trouble", &self.trouble()).finish_non_exhaustive()
    }
}

impl Watch {
    /// Has `turn` run every so often, and once more at the end, of which it is told; what it
    /// returns is its trouble, if it has any.
    pub(super) fn start(
        every: Duration,
        mut turn: impl FnMut(bool) -> Option<Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let told = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("tenantry-watch".to_owned()).spawn(move || {
            loop {
                let ends = told.wait(every);
                let trouble = turn(ends);
                lock(&told.state).trouble = trouble;
                if ends {
                    break;
                }
            }
        });
        match thread {
            Ok(thread) => Ok(Self { shared, thread: Some(thread) }),
            Err(error) => Err(StoreError::Io(error.to_string()).into()),
        }
    }

    /// Why the last refresh failed, if it did, or else why the index could not be saved when it was
    /// due. The next time may succeed, unless the store's history has diverged.
    pub fn trouble(&self) -> Option<Error> {
        lock(&self.shared.state).trouble.clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.shared.state).stopped = true;
        self.shared.stop.notify_all();
        if let Some(thread) = self.thread.take() {
            // Were it to panic, it would have said so by now, and there is nothing to be undone.
            let _ = thread.join();
        }
    }
}
