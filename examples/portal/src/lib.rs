//! The portals that tenantry is for, as a service would build them: an MSP's, a customer's, a reseller's. Pages are made
//! on the server, run no scripts and ask nothing of anywhere else.
//!
//! Who is who is chosen at the door: this is a demonstration, and checks no passwords. Everything else is as it would be
//! in earnest: the access index stands before every page, the library is asked on threads that may wait, each list is
//! read as the person who looks at it, a form is sent once however often its button is pressed.

mod app;
pub mod demo;
mod fields;
mod form;
mod frame;
mod guard;
mod heard;
mod letters;
mod list;
mod look;
mod names;
mod own;
mod pages;
mod problem;
mod serve;
mod session;
mod words;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;

pub use app::Portal;
pub use serve::{BODY, CONNECTION, CONNECTIONS, HEAD, LAST, serve};

/// The service on an open store.
pub fn router(portal: Portal) -> Router {
    let pages = pages::router(&portal).layer(from_fn_with_state(portal.clone(), heard::heard));
    Router::new()
        .merge(pages)
        .route("/style.css", get(frame::style))
        .layer(from_fn_with_state(portal.clone(), guard::named))
        .layer(from_fn(frame::readable))
        .layer(from_fn(guard::headers))
        .with_state(portal)
}
