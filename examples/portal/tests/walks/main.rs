//! Walks through the portal, as people take them: in a real browser, by what is to be read. Each says which fact of the
//! pages that tenantry is for it shows. Pictures of them are kept in the target directory, under `tmp/portal`.

mod chromium;
mod clients;
mod customer;
mod customers;
mod licences;
mod reseller;
mod review;
mod safety;
#[path = "../common/site.rs"]
mod site;
mod walker;

use std::error::Error;
use std::path::PathBuf;

use chromium::Chromium;
use tokio::runtime::Runtime;
use walker::Walker;

/// What stops a walk.
type Trouble = Box<dyn Error + Send + Sync>;

/// A walk comes to its end.
type Arrives = Result<(), Trouble>;

/// Opens the portal on a new store, has somebody walk through it, and closes everything again.
#[expect(clippy::panic, reason = "a walk stops where something is not as it should be")]
fn walk<W: Future<Output = Arrives>>(name: &'static str, way: impl FnOnce(Walker) -> W) {
    let runtime = Runtime::new().expect("a runtime is to be had");
    let arrived = runtime.block_on(async {
        let place = tempfile::tempdir()?;
        let site = site::opened(place.path(), Vec::new()).await?;
        let chromium = Chromium::start()?;
        let window = chromium.window().await?;
        let album = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("portal");
        let walker = Walker { window, site, album, walk: name };
        let arrived = way(walker.clone()).await;
        if arrived.is_err() {
            walker.shoots("stopped").await?;
        }
        walker.window.close().await?;
        arrived
    });
    if let Err(trouble) = arrived {
        panic!("{name}: {trouble}");
    }
}
