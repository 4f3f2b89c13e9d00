//! Serves connections, and none of them for ever: however slowly somebody sends or reads, their
//! place is free again after a while. The server is hyper, on which axum is built; `axum::serve`
//! leaves these bounds to whoever stands in front.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// How many connections are open at once; whoever comes next waits until one of them ends.
pub const CONNECTIONS: u16 = 512;

/// How long the head of a request may take to come: also the first of it, on a connection that is
/// idle.
pub const HEAD: Duration = Duration::from_secs(20);

/// How long the body of a form may take to come.
pub const BODY: Duration = Duration::from_secs(30);

/// How long a connection takes requests, one after the other.
pub const CONNECTION: Duration = Duration::from_secs(300);

/// How long what was begun may take once its connection takes no more requests: this bounds who
/// reads slowly.
pub const LAST: Duration = Duration::from_secs(30);

/// Serves whoever comes, until it is to end; then what was begun is still answered.
pub async fn serve<L: Listener>(mut listener: L, service: Router, until: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(usize::from(CONNECTIONS)));
    let (end, ends) = watch::channel(());
    let mut until = pin!(until);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await.0)
        };
        let (place, io) = tokio::select! {
            next = next => next,
            () = &mut until => break,
        };
        let (service, ends) = (service.clone(), ends.clone());
        tokio::spawn(async move {
            connected::<L>(io, service, ends).await;
            drop(place);
        });
    }
    drop((listener, end));
    // All places are free once everybody has gone.
    drop(places.acquire_many(u32::from(CONNECTIONS)).await);
}

/// Serves one connection. Whatever ends it early is the affair of whoever is at its other end.
async fn connected<L: Listener>(io: L::Io, service: Router, mut ends: watch::Receiver<()>) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let mut connection = pin!(server.serve_connection(TokioIo::new(io), TowerToHyperService::new(service)));
    tokio::select! {
        ended = &mut connection => return drop(ended),
        () = sleep(CONNECTION) => {}
        // There is nothing to be told but that it is to end.
        _ = ends.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    drop(timeout(LAST, connection).await);
}
