//! The figures: what each measures, against whom, and what is asked of it.

mod c;
mod check;
#[cfg(feature = "peers")]
mod engines;
mod join;
mod lists;
mod memory;
mod open;
mod restart;
mod reverse;
mod review;
mod sql;
mod sync;
mod threads;
mod write;

use crate::results::Row;
use crate::stage::Stage;

/// Without the feature `peers`, which the engines of others need, their figures have no rows.
#[cfg(not(feature = "peers"))]
mod engines {
    use super::{Row, Stage};

    pub(super) fn cedar(_: &Stage, _: &mut Vec<Row>) {}

    pub(super) fn others(_: &Stage, _: &mut Vec<Row>) {}
}

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
        id: "F-4",
        what: "a check beside Cedar with its best two policies",
        target: "single at least 130 × with all entities at hand, 250 × with a slice per request; in batches at least 800 ×",
        run: engines::cedar,
    },
    Kind {
        id: "F-5",
        what: "a check beside hand-written SQL",
        target: "on the index at least 80 × a file's, 40 × memory's; from the store without an index at most 2 × a file's",
        run: sql::checks,
    },
    Kind {
        id: "F-6",
        what: "a check beside casbin and regorus",
        target: "at least 100 × casbin with role templates, 130 × regorus with bytecode",
        run: engines::others,
    },
    Kind {
        id: "F-7",
        what: "readers of the index beside a writer at full speed",
        target: "two readers at least 1.9 × one alone; p99.9 of a check under 50 µs; the longest reported",
        run: threads::readers,
    },
    Kind { id: "F-8", what: "allocations in a check", target: "none", run: open::allocations },
    Kind {
        id: "F-9",
        what: "from opening a file to the first check, without an index",
        target: "at most 5 ms and 64 MiB, at any size",
        run: open::first_check,
    },
    Kind {
        id: "F-10",
        what: "building the index",
        target: "at most 2 × reading the rows and doing nothing",
        run: open::build,
    },
    Kind {
        id: "F-11",
        what: "the memory of the index",
        target: "at most 110 bytes for each tenant with its assignments, 48 for each id",
        run: memory::index,
    },
    Kind {
        id: "F-12",
        what: "commands, each durable",
        target: "at least 0.7 × the rival; 64 waiting together at least 0.5 ×",
        run: write::commits,
    },
    Kind {
        id: "F-13",
        what: "four processes writing to one file",
        target: "no wait over 0.3 s, nobody under half of a fair share",
        run: write::processes,
    },
    Kind {
        id: "F-14",
        what: "bulk import through commands",
        target: "at most 3 × the rival, 2.5 × as a stretch, and not growing with the customers",
        run: write::import,
    },
    Kind {
        id: "F-15",
        what: "the reverse: where somebody may, and who may somewhere",
        target: "200 candidates in at most 1 µs, at least 400 × SQL; at least 20 M results a second",
        run: reverse::lists,
    },
    Kind {
        id: "F-16",
        what: "a page of 100 rows out of all, in any order, with any filter",
        target: "at most 2 × the rival's SQL with the right index, none worse than 3 ×",
        run: lists::pages,
    },
    Kind {
        id: "F-17",
        what: "a long list as CSV",
        target: "at least 0.5 × rusqlite reading the same rows by the right index and the csv crate writing them; constant memory",
        run: lists::table,
    },
    Kind {
        id: "F-18",
        what: "a check as of the past, from the store",
        target: "at most 3 × one of now",
        run: open::past,
    },
    Kind {
        id: "F-19",
        what: "a check on the index through the C functions, beside the same in Rust",
        target: "at most 5 ns more for one, 1 ns more for each of a batch of 1 024",
        run: c::checks,
    },
    Kind {
        id: "F-22",
        what: "the size of the file after a bulk import",
        target: "at most 1.3 × the rival's",
        run: write::size,
    },
    Kind {
        id: "F-23",
        what: "a restart: from opening a file to the first check on the index",
        target: "at most 1 s where the index was saved, 10 s where it is built, at 1 M customers",
        run: restart::first_check,
    },
    Kind {
        id: "F-26",
        what: "a preview, and reviews of who can reach a tenant and what somebody can reach",
        target: "a preview at most 2 × its command; 10 k rows a second from the store, 1 M on the index",
        run: review::beforehand_and_now,
    },
    Kind {
        id: "F-27",
        what: "a desk's tickets by our rights, within its own SQL",
        target: "at most 1.5 × the same statement on a table of permissions that is kept by hand, where an index is at hand; else 5 ×",
        run: join::tickets,
    },
    Kind {
        id: "F-28",
        what: "a service desk's list of customers with ids of its own, brought about",
        target: "a hundred thousand in a minute, each time",
        run: sync::list,
    },
];
