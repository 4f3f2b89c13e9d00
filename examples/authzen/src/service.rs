//! The service on an open store: what the standard says of HTTP. What is asked is answered by
//! `wire::authzen`, on threads that may wait.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use tenantry::edge::authzen::{AuthzenApi, metadata};
use tenantry::journal::Hash;
use tenantry::{Engine, wire};
use uuid::Uuid;

/// How many bytes a request may have.
const MOST: usize = 8 * 1024 * 1024;

const JSON: &str = "application/json";
const REQUEST_ID: &str = "x-request-id";
const WELL_KNOWN: &str = "/.well-known/authzen-configuration";

struct Service {
    engine: Engine,
    token: Token,
}

/// The service on an open store, which is found at `base` by those who hold the token.
///
/// # Errors
/// When the token is none, or the base is no URL of the scheme `https`.
pub(crate) fn router(
    engine: Engine,
    token: &str,
    base: &str,
) -> Result<Router, Box<dyn Error + Send + Sync>> {
    let token = Token::new(token)?;
    let metadata = metadata(base)?.to_string();
    let told = get(async move || ([(header::CONTENT_TYPE, JSON)], metadata.clone()));
    let mut router = Router::new().route(WELL_KNOWN, told);
    for api in AuthzenApi::ALL {
        router = router.route(api.path(), post(answer));
    }
    let nothing = async || (StatusCode::NOT_FOUND, "there is nothing at this path");
    let service = Arc::new(Service { engine, token });
    Ok(router.fallback(nothing).layer(from_fn(called)).with_state(service))
}

/// Answers whoever holds the token.
async fn answer(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if !service.token.is_in(&head.headers) {
        let why = "the request has no token, or another one";
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], why).into_response();
    }
    if !is_json(&head.headers) {
        return (StatusCode::BAD_REQUEST, "the request is not application/json").into_response();
    }
    let body = match text(body).await {
        Ok(body) => body,
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    let ask = move || wire::authzen(&service.engine, head.uri.path(), &body);
    match tokio::task::spawn_blocking(ask).await {
        Ok((200, told)) => ([(header::CONTENT_TYPE, JSON)], told).into_response(),
        Ok((status, why)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, why).into_response()
        }
        Err(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "the service stopped within this request").into_response()
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(JSON)
}

/// The text of a body. One that is too long is read to its end, and not kept: whoever still sends
/// would not hear the answer.
async fn text(mut body: Body) -> Result<String, &'static str> {
    let (mut kept, mut fits) = (Vec::new(), true);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| "the request broke off")?;
        let Some(part) = frame.data_ref() else { continue };
        fits = fits && kept.len() + part.len() <= MOST;
        if fits {
            kept.extend_from_slice(part);
        }
    }
    if !fits {
        return Err("the request is too long");
    }
    String::from_utf8(kept).map_err(|_| "the request is not UTF-8")
}

/// What a request is called comes back with its answer, whatever that is.
async fn called(request: Request, next: Next) -> Response {
    let name = request.headers().get(REQUEST_ID).cloned();
    let mut response = next.run(request).await;
    if let Some(name) = name {
        response.headers_mut().insert(REQUEST_ID, name);
    }
    response
}

/// The token, hashed with a number that nobody knows. So is what comes in, and the hashes are
/// compared: how much they have in common, and how long that takes, says nothing of the token.
struct Token {
    salt: Uuid,
    hash: Hash,
}

impl Token {
    fn new(token: &str) -> Result<Self, &'static str> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a token has letters, digits and signs of ASCII, and no spaces");
        }
        let salt = Uuid::new_v4();
        Ok(Self { salt, hash: salted(salt, format!("Bearer {token}").as_bytes()) })
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION);
        sent.is_some_and(|sent| salted(self.salt, sent.as_bytes()) == self.hash)
    }
}

fn salted(salt: Uuid, text: &[u8]) -> Hash {
    Hash::of([salt.as_bytes(), text].concat())
}
