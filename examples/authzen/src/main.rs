//! A policy decision point over HTTP: the OpenID AuthZEN Authorization API 1.0 on one store, for
//! gateways that speak it.
//!
//! ```sh
//! PDP_TOKEN=s3cret tenantry-authzen msp.db --port 8001 --base https://pdp.example.com
//! ```
//!
//! These are the platform's own questions: whoever may ask learns who may do what. So a request
//! needs the token, and a proxy in front needs TLS.

mod service;

use std::error::Error;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use tenantry::store::sqlite::{FileOptions, SqliteStore};
use tenantry::{Engine, Options};
use tokio::net::TcpListener;

/// Why it does not serve.
type Trouble = Box<dyn Error + Send + Sync>;

const USAGE: &str = "PDP_TOKEN=TOKEN tenantry-authzen [--port PORT] [--address ADDRESS] [--base URL] FILE\n\n\
    Serves checks and look-ups on the store FILE, on 127.0.0.1 and port 8001 if nothing else is given.\n\
    URL is where others find it, or else https://pdp.example.com. Only requests with the token are answered.";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            drop(writeln!(io::stderr(), "{trouble}"));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Trouble> {
    let (mut address, mut port) = (IpAddr::from(Ipv4Addr::LOCALHOST), 8001_u16);
    let (mut base, mut file) = ("https://pdp.example.com".to_owned(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--port" => port = value()?.parse().map_err(|_| USAGE)?,
            "--address" => address = value()?.parse().map_err(|_| USAGE)?,
            "--base" => base = value()?,
            "--help" | "-h" => return say(USAGE),
            other if other.starts_with('-') || file.is_some() => return Err(USAGE.into()),
            path => file = Some(path.to_owned()),
        }
    }
    let token = std::env::var("PDP_TOKEN").map_err(|_| "PDP_TOKEN has no token")?;
    serve(Path::new(&file.ok_or(USAGE)?), SocketAddr::new(address, port), &token, &base).await
}

/// Serves until it is asked to end; then it still answers what has come in, unless it is asked again.
async fn serve(file: &Path, place: SocketAddr, token: &str, base: &str) -> Result<(), Trouble> {
    let store = SqliteStore::open(file, FileOptions::default().create(false))?;
    let service = service::router(Engine::new(store, Options::default())?, token, base)?;
    let (end, again) = (asked_to_end()?, asked_to_end()?);
    let listener =
        TcpListener::bind(place).await.map_err(|flaw| format!("{place} is not to be had: {flaw}"))?;
    say(&format!("http://{} answers; Ctrl-C ends it", listener.local_addr()?))?;
    let served = axum::serve(listener, service).with_graceful_shutdown(end);
    let at_once = async {
        again.await;
        asked_to_end()?.await;
        Ok(())
    };
    Ok(tokio::select! {
        served = served.into_future() => served,
        ended = at_once => ended,
    }?)
}

/// Hears from now on whether it is asked to end: by Ctrl-C, or as managers of services ask.
#[cfg(unix)]
fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Hears whether it is asked to end: by Ctrl-C.
#[cfg(not(unix))]
fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

fn say(what: &str) -> Result<(), Trouble> {
    Ok(writeln!(io::stdout(), "{what}")?)
}
