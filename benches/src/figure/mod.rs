//! The figures: what each measures, against whom, and what is asked of it.

mod check;
mod memory;
mod reverse;
mod sql;

use crate::report::Row;
use crate::stage::Stage;

/// A figure.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its id.
    pub id: &'static str,
    /// What it is about.
    pub what: &'static str,
    /// What is asked of it.
    pub target: &'static str,
    /// Measures it at one size.
    pub run: fn(&Stage, &mut Vec<Row>),
}

/// Every figure, in order.
pub const ALL: &[Kind] = &[
    Kind {
        id: "F-1",
        what: "a check on the index by two ids",
        target: "no slower than two id look-ups and one look-up of a folded mask",
        run: check::ids,
    },
    Kind {
        id: "F-2",
        what: "the same by handles",
        target: "dependent at most 1.15 × reading one random line; independent at most 50 ns; at least 2 × the folded mask",
        run: check::handles,
    },
    Kind {
        id: "F-3",
        what: "the same in batches of 1 024",
        target: "at least 5 × the folded mask's single calls",
        run: check::batches,
    },
    Kind {
        id: "F-5",
        what: "a check beside hand-written SQL",
        target: "on the index at least 80 × a file's, 40 × memory's; from the store without an index at most 2 × a file's",
        run: sql::checks,
    },
    Kind {
        id: "F-11",
        what: "the memory of the index",
        target: "at most 110 bytes for each tenant with its assignments, 48 for each id",
        run: memory::index,
    },
    Kind {
        id: "F-15",
        what: "the reverse: where somebody may, and who may somewhere",
        target: "200 candidates in at most 1 µs, at least 400 × SQL; at least 20 M results a second",
        run: reverse::lists,
    },
];
