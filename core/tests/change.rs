//! Files of every format and of every number of the rules that was ever landed: each is opened, verified, rebuilt and
//! written to by the library as it is now. `make file` writes the one of today where there is none yet.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::path::{Path, PathBuf};

use tenantry::command::*;
use tenantry::model::{Patch, Subject};
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::given::*;

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

/// A small store with a past, people, and somebody who was erased.
fn write(path: &Path) {
    let options = FileOptions::default().synchronous(Synchronous::Normal);
    let mut given = given_on(SqliteStore::open(path, options).unwrap());
    for round in 0..20 {
        let name = Some(text(&format!("Renamed {round}")));
        given = given.and(ADA, EditTenant { name, ..EditTenant::new(JOINTLY) });
    }
    given
        .and(JIM, EditUser { name: Patch::Set(text("Jim")), ..EditUser::new(JIM) })
        .and(JULIA, RemoveUser::new(JIM))
        .and(JULIA, ErasePersonal::new(Subject::User(JIM)))
        .and(ADA, RequestDelink::new(JOINTLY_LINK))
        .later(3)
        .verified();
}

#[test]
fn written() {
    return;
    write(&files().join("format-1-rules-0.db"));
}
