//! The program itself: it is told to end, and leaves nothing behind.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::Arrives;

#[test]
fn a_service_that_is_told_to_end_leaves_no_store_behind() -> Arrives {
    let place = tempfile::tempdir()?;
    let mut portal = Command::new(env!("CARGO_BIN_EXE_tenantry-portal"))
        .args(["--port", "0"])
        .env("TMPDIR", place.path())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    BufReader::new(portal.stdout.take().ok_or("it says something")?).read_line(&mut said)?;
    assert!(said.contains("is the door"), "{said}");
    assert_eq!(place.path().read_dir()?.count(), 1, "its store is here");
    let told = Command::new("kill").args(["-TERM", &portal.id().to_string()]).status()?;
    assert!(told.success());
    assert!(portal.wait()?.success(), "it ends as it does with Ctrl-C");
    assert_eq!(place.path().read_dir()?.count(), 0, "and its store has gone");
    Ok(())
}
