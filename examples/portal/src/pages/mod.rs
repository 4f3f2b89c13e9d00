//! The pages, a file for each: what it shows, what its forms do.

mod access;
mod account;
mod add;
mod alerts;
mod audit;
mod client;
mod clients;
mod console;
mod customers;
mod door;
mod integrations;
mod letters;
mod licences;
mod listed;
mod listing;
mod managers;
mod overview;
mod people;
mod requests;
mod uploads;

use axum::Router;
use axum::http::StatusCode;

use crate::app::Portal;
use crate::problem::Problem;

/// All pages.
pub(crate) fn router(portal: &Portal) -> Router<Portal> {
    Router::new()
        .merge(door::routes(portal))
        .merge(requests::routes())
        .merge(letters::routes())
        .merge(console::routes(portal))
        .merge(customers::routes(portal))
        .merge(add::routes(portal))
        .merge(account::routes(portal))
        .merge(client::routes(portal))
        .merge(clients::routes(portal))
        .merge(managers::routes(portal))
        .merge(people::routes(portal))
        .merge(overview::routes(portal))
        .merge(listing::routes(portal))
        .merge(listed::routes(portal))
        .merge(uploads::routes(portal))
        .merge(integrations::routes(portal))
        .merge(licences::routes(portal))
        .merge(alerts::routes(portal))
        .merge(audit::routes(portal))
        .merge(access::routes(portal))
        .method_not_allowed_fallback(async || {
            let detail = "this is not asked for so".to_owned();
            Problem::said(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail, Some("open the page"))
        })
        .fallback(async || Problem::nothing_here())
}
