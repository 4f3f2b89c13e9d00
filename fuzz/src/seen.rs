//! The statuses that inputs lead to, so that a test can tell whether they lead anywhere.

use std::cell::RefCell;
use std::collections::BTreeSet;

thread_local! {
    static SEEN: RefCell<BTreeSet<u16>> = const { RefCell::new(BTreeSet::new()) };
}

/// A status came up; 0 where all went well.
pub fn note(status: u16) {
    SEEN.with_borrow_mut(|seen| seen.insert(status));
}

/// All that came up in this thread.
pub fn all() -> BTreeSet<u16> {
    SEEN.with_borrow(Clone::clone)
}
