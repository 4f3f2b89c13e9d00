//! Serves the portal on this machine, on a store that it fills where there is none.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tenantry::Engine;
use tenantry::engine::{Clock, SystemClock};
use tenantry_portal::{Portal, demo, router};

const USAGE: &str = "tenantry-portal [--port PORT] [--host NAME] [FILE]\n\n\
    Serves the portal on 127.0.0.1, on port 8080 if none is given. It answers to 127.0.0.1, localhost, [::1], and NAME\n\
    if one is given, as where something in front of it passes requests on. FILE is a store; where there is none, it is made and\n\
    filled with a story. Without FILE it is a new one that goes away with the service.";

#[tokio::main]
async fn main() -> ExitCode {
    match begin().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            // Where nobody listens there is nobody to tell.
            drop(writeln!(std::io::stderr(), "{trouble}"));
            ExitCode::FAILURE
        }
    }
}

async fn begin() -> Result<(), demo::Trouble> {
    let (mut port, mut hosts, mut file) = (8080_u16, Vec::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => {
                let typed = arguments.next().ok_or(USAGE)?;
                port =
                    typed.parse().map_err(|_| format!("{typed} is no port: it is a number up to 65535"))?;
            }
            "--host" => hosts.push(arguments.next().ok_or(USAGE)?),
            "--help" | "-h" => return say(USAGE),
            other if other.starts_with('-') => return Err(USAGE.into()),
            path if file.is_none() => file = Some(PathBuf::from(path)),
            _ => return Err(USAGE.into()),
        }
    }
    let own = std::env::temp_dir().join(format!("tenantry-portal-{}", std::process::id()));
    let path = match &file {
        Some(path) => path.clone(),
        None => {
            std::fs::create_dir(&own)?;
            own.join("portal.db")
        }
    };
    let served = serve(&path, port, hosts).await;
    if file.is_none() {
        std::fs::remove_dir_all(&own)?;
    }
    served
}

async fn serve(path: &Path, port: u16, hosts: Vec<String>) -> Result<(), demo::Trouble> {
    let place = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = tokio::net::TcpListener::bind(place).await;
    let listener = listener.map_err(|flaw| format!("port {port} is not to be had: {flaw}"))?;
    if !path.exists() {
        demo::furnish(path, SystemClock.now())?;
    }
    let portal = Portal::named(Engine::open(path)?, hosts)?;
    say(&format!("http://{}/ is the door; Ctrl-C ends it", listener.local_addr()?))?;
    let chores = tokio::spawn(portal.clone().chores());
    let until = async { drop(tokio::signal::ctrl_c().await) };
    tenantry_portal::serve(listener, router(portal), until).await;
    chores.abort();
    Ok(())
}

fn say(what: &str) -> Result<(), demo::Trouble> {
    Ok(writeln!(std::io::stdout(), "{what}")?)
}
