//! What has been given out and not been taken back, so that a pointer is known for what it is before it is followed. Engines
//! are looked after elsewhere, for checks on them must cost nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tenantry::wire::{Fault, Trouble};

/// What kinds of thing are given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Cursor,
    Text,
}

/// Addresses are kept turned round, so that leak checkers do not take this table for an owner.
static LIVE: Mutex<BTreeMap<usize, Given>> = Mutex::new(BTreeMap::new());

/// What was given out, and how many bytes it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Given {
    kind: Kind,
    size: usize,
}

fn live() -> MutexGuard<'static, BTreeMap<usize, Given>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key<T: ?Sized>(pointer: *const T) -> usize {
    !pointer.cast::<()>().addr()
}

/// How many things are given out.
pub(crate) fn live_objects() -> usize {
    live().len()
}

/// Gives a thing out.
pub(crate) fn give<T: ?Sized>(kind: Kind, thing: Box<T>) -> *mut T {
    let given = Given { kind, size: size_of_val(&*thing) };
    let pointer = Box::into_raw(thing);
    live().insert(key(pointer), given);
    pointer
}

/// Takes a thing of `size` bytes back, once.
///
/// # Safety
/// Nobody else may be using it.
pub(crate) unsafe fn take<T: ?Sized>(kind: Kind, pointer: *mut T, size: usize) -> Result<Box<T>, Fault> {
    let mut live = live();
    match live.get(&key(pointer)) {
        Some(given) if given.kind == kind && given.size == size => {}
        Some(given) if given.kind == kind => {
            return Err(Fault::new(Trouble::BadLength, "the length is not the one it was given out with"));
        }
        _ => return Err(stranger()),
    }
    live.remove(&key(pointer));
    // SAFETY: the table says that the pointer was given out as this kind and not yet taken back.
    Ok(unsafe { Box::from_raw(pointer) })
}

/// A thing that was given out, to be looked at.
///
/// # Safety
/// Nobody may take it back meanwhile.
pub(crate) unsafe fn look<'t, T>(kind: Kind, pointer: *const T) -> Result<&'t T, Fault> {
    if pointer.is_null() {
        return Err(Fault::new(Trouble::NullPointer, "the handle is null"));
    }
    if live().get(&key(pointer)).is_none_or(|given| given.kind != kind) {
        return Err(stranger());
    }
    // SAFETY: the table says that the pointer was given out as this kind and not yet taken back.
    Ok(unsafe { &*pointer })
}

fn stranger() -> Fault {
    Fault::new(Trouble::ForeignHandle, "the handle was never given out as this kind, or has been freed")
}
