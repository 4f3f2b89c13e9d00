//! The portal on a store of its own, as tests of both kinds find it.

use std::path::Path;

use tenantry::Engine;
use tenantry::engine::{Clock, SystemClock};
use tenantry_portal::{Portal, demo, router, serve};
use tokio::net::TcpListener;

use crate::Trouble;

/// Opens the portal on a new store in a directory, to be found by these names as well; where it is.
pub(crate) async fn opened(place: &Path, hosts: Vec<String>) -> Result<String, Trouble> {
    let file = place.join("portal.db");
    demo::furnish(&file, SystemClock.now())?;
    let portal = Portal::named(Engine::open(&file)?, hosts)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let site = format!("http://{}", listener.local_addr()?);
    tokio::spawn(portal.clone().chores());
    tokio::spawn(serve(listener, router(portal), std::future::pending()));
    Ok(site)
}
