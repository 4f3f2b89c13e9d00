//! `tenantry-service FILE` serves the store FILE on port 8000 of this machine.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::{env, thread};

use tenantry::store::sqlite::{FileOptions, SqliteStore};
use tenantry::{Engine, Options};
use tenantry_service::{chores, router};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("tenantry-service FILE")?;
    let store = SqliteStore::open(&file, FileOptions::default().create(false))?;
    let engine = Arc::new(Engine::new(store, Options::default())?);
    let service = router(Arc::clone(&engine))?;
    // A service of your own sends mail here.
    thread::spawn(move || {
        chores(&engine, |notice| {
            drop(writeln!(io::stderr(), "{notice:?}"));
            Ok(())
        })
    });
    axum::serve(TcpListener::bind(("127.0.0.1", 8000)).await?, service).await?;
    Ok(())
}
