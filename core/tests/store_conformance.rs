//! Every store does what a store must do.

use tenantry::store::Store;
use tenantry::store::memory::MemoryStore;
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::inside::{conformance, numbered, persistence};

#[test]
fn memory_conforms() {
    conformance(&|| Box::new(MemoryStore::new(numbered(1))));
}

#[test]
fn sqlite_conforms() {
    let place = tempfile::tempdir().unwrap();
    let made = std::cell::Cell::new(0);
    conformance(&|| {
        made.set(made.get() + 1);
        let options = FileOptions::default().synchronous(Synchronous::Normal);
        Box::new(SqliteStore::open(place.path().join(made.get().to_string()), options).unwrap())
            as Box<dyn Store>
    });
}

#[test]
fn sqlite_keeps_what_was_committed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("store");
    persistence(&|| Box::new(SqliteStore::open(&path, FileOptions::default()).unwrap()));
}
