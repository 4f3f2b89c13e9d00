//! What stands before pages: a check on the access index where a page is about a tenant, and the headers that keep a
//! page to itself.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use serde::de::DeserializeOwned;
use tenantry::TenantId;

use crate::app::Portal;
use crate::problem::Problem;
use crate::session::Person;

/// The ids in a page's path; what is none is not there.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(ids)| Self(ids)).map_err(|_| Problem::nothing_here())
    }
}

/// A page about a tenant, for those who hold a permission there. A check on the index costs nanoseconds and never
/// waits, so it is made before anything else. It spares work; what a page shows and does is judged by tenantry again.
pub(crate) fn needs(
    portal: &Portal,
    permission: &'static str,
    page: MethodRouter<Portal>,
) -> MethodRouter<Portal, Infallible> {
    page.layer(from_fn_with_state((portal.clone(), permission), guard))
}

async fn guard(
    State((portal, permission)): State<(Portal, &'static str)>,
    person: Person,
    path: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let tenant = path.iter().find(|(name, _)| *name == "at").and_then(|(_, id)| id.parse::<TenantId>().ok());
    let Some(tenant) = tenant else {
        return Problem::nothing_here().into_response();
    };
    match portal.check(person.user, permission, tenant) {
        Ok(()) => next.run(request).await,
        // Only of what they see are they told that there is more to it.
        Err(reason) if portal.may(person.user, "tenant.view", tenant) => {
            Problem::not_theirs(reason).into_response()
        }
        Err(_) => Problem::nothing_here().into_response(),
    }
}

/// No page runs a script, is shown within another, or asks for anything from anywhere else.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
                  frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "geolocation=(), camera=(), microphone=()"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let keep = HeaderValue::from_static("no-store");
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(keep);
    response
}
