//! Whose turn it is: one thing that is lent to one caller at a time, in the order in which they
//! asked.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A thing and those who wait for it.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    turn: Condvar,
}

pub(super) struct State<T> {
    thing: Option<T>,
    pub(super) waiting: VecDeque<u64>,
    next: u64,
}

/// The thing, for as long as this lives.
pub(super) struct Lent<'q, T> {
    queue: &'q Queue<T>,
    // Invariant: there until it is dropped.
    thing: Option<T>,
}

impl<T> Queue<T> {
    /// Nobody waits for it yet.
    pub(super) fn new(thing: T) -> Self {
        let state = State { thing: Some(thing), waiting: VecDeque::new(), next: 0 };
        Self { state: Mutex::new(state), turn: Condvar::new() }
    }

    /// Waits for the thing, at most for `patience`.
    pub(super) fn take(&self, patience: Duration) -> Option<Lent<'_, T>> {
        let start = Instant::now();
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        state.waiting.push_back(ticket);
        loop {
            if state.waiting.front() == Some(&ticket)
                && let Some(thing) = state.thing.take()
            {
                state.waiting.pop_front();
                return Some(Lent { queue: self, thing: Some(thing) });
            }
            let Some(left) = patience.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) else {
                state.waiting.retain(|waiting| *waiting != ticket);
                self.turn.notify_all();
                return None;
            };
            state = self.turn.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The thing, when nobody can be waiting.
    #[cfg(feature = "sqlite")]
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner).thing.as_mut()
    }

    // A panic elsewhere leaves the state whole: every change of it is one step.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Deref for Lent<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing.as_ref().expect("the thing is there until it is dropped")
    }
}

impl<T> DerefMut for Lent<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect("the thing is there until it is dropped")
    }
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        self.queue.lock().thing = self.thing.take();
        self.queue.turn.notify_all();
    }
}
