//! What the portal answers to requests that no browser has to be driven for: also to those that no button makes.

mod disabled;
mod doors;
mod forms;
mod guest;
mod outside;
mod pages;
#[path = "../common/site.rs"]
mod site;
mod slow;
mod trade;

use std::error::Error;

use guest::{Answer, Guest};
use tokio::runtime::Runtime;

/// What stops a test.
type Trouble = Box<dyn Error + Send + Sync>;

/// A test comes to its end.
type Arrives = Result<(), Trouble>;

/// Opens the portal on a new store, and has somebody ask.
#[expect(clippy::panic, reason = "a test stops where something is not as it should be")]
fn at_the_portal<W: Future<Output = Arrives>>(way: impl FnOnce(String) -> W) {
    let runtime = Runtime::new().expect("a runtime is to be had");
    let arrived = runtime.block_on(async {
        let place = tempfile::tempdir()?;
        let site = site::opened(place.path(), vec!["portal.example".to_owned()]).await?;
        way(site).await
    });
    if let Err(trouble) = arrived {
        panic!("{trouble}");
    }
}

/// The place that somebody is at home at, by a page that they are led to.
fn place_in(page: &Answer) -> Result<String, Trouble> {
    let place = page.page.split("/at/").nth(1).and_then(|rest| rest.get(..36));
    Ok(place.ok_or("there is no place on the page")?.to_owned())
}

/// The id of a customer on a manager's list.
async fn customer(ada: &Guest, at: &str, number: &str) -> Result<String, Trouble> {
    let list = ada.reads(&format!("/at/{at}/customers?text={number}")).await?;
    let row = list.page.split("show=").nth(1).and_then(|rest| rest.get(..36));
    Ok(row.ok_or_else(|| format!("{number} is not on the list"))?.to_owned())
}
