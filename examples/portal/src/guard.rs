//! What stands before pages: a check on the access index where a page is about a tenant, and the headers that keep a
//! page to itself.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use serde::de::DeserializeOwned;
use tenantry::{Code, TenantId};

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
    page.layer(from_fn_with_state((portal.clone(), permission, Disabled::Bars), guard))
}

/// The same of what parting takes, which nothing that is disabled bars: whether it is the tenant, or the home of whoever
/// asks, tenantry knows who may all the same (T-5).
pub(crate) fn parts(
    portal: &Portal,
    permission: &'static str,
    page: MethodRouter<Portal>,
) -> MethodRouter<Portal, Infallible> {
    page.layer(from_fn_with_state((portal.clone(), permission, Disabled::IsJudged), guard))
}

/// What it does that a tenant, or the home of whoever asks, is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disabled {
    /// There is no page.
    Bars,
    /// tenantry judges.
    IsJudged,
}

async fn guard(
    State((portal, permission, disabled)): State<(Portal, &'static str, Disabled)>,
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
        Err(Some(Code::UserNotActive | Code::TenantDisabled)) if disabled == Disabled::IsJudged => {
            next.run(request).await
        }
        // Only of what they see are they told that there is more to it.
        Err(reason) if portal.may(person.user, "tenant.view", tenant) => {
            Problem::not_theirs(reason).into_response()
        }
        Err(_) => Problem::nothing_here().into_response(),
    }
}

/// Only by its own names is the service to be found: a page of another site, whose name somebody has made to mean this
/// machine, would have all of it else. A request that names no host, or two, is none.
pub(crate) async fn named(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        let detail = "the request says of no host, or of several, that it is for it".to_owned();
        return Problem::said(StatusCode::BAD_REQUEST, "malformed", detail, Some("name one")).into_response();
    };
    let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    let is_ours = |it: &Authority| !it.as_str().contains('@') && portal.is_called(it.host());
    if host.as_ref().is_some_and(is_ours) && request.uri().authority().is_none_or(is_ours) {
        return next.run(request).await;
    }
    let detail = "this service is not called so".to_owned();
    let remedy = Some("use the address that it says when it starts, or start it with --host");
    Problem::said(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail, remedy).into_response()
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
