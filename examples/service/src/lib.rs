//! A small HTTP service on one store: a tenant's devices, two commands, the chores. To begin from.
//!
//! Who asks is taken from the header `x-user`, which stands in for real authentication: put your own
//! in place of `Caller`, and let nobody else set it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::{StatusCode, header, request::Parts};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tenantry::base::ids::RequestId;
use tenantry::command::{AddCustomer, RequestDelink};
use tenantry::engine::Watch;
use tenantry::index::{AccessIndex, PermissionHandle};
use tenantry::notice::Notice;
use tenantry::query::{Devices, Paging};
use tenantry::wire::Fault;
use tenantry::{Engine, Error, LinkId, TenantId, UserId, permissions};
use uuid::Uuid;

struct Service {
    engine: Arc<Engine>,
    index: Arc<AccessIndex>,
    view: PermissionHandle,
    /// The index follows what other processes write for as long as this is held.
    _watch: Watch,
}

/// The service on an open store.
///
/// # Errors
/// When the store cannot be read, or its policy has no `devices.view`.
pub fn router(engine: Arc<Engine>) -> Result<Router, Error> {
    let index = engine.access_index()?;
    let view = index.permission(permissions::DEVICES_VIEW.as_str())?;
    let _watch = engine.watch(Duration::from_millis(250))?;
    let service = Arc::new(Service { engine, index, view, _watch });
    Ok(Router::new()
        .route("/tenants/{tenant}/devices", get(devices))
        .route_layer(from_fn_with_state(Arc::clone(&service), guard))
        .route("/customers", post(add_customer))
        .route("/links/{link}/delink-request", post(request_delink))
        .with_state(service))
}

/// A service's two chores, until the store fails: what time has ended is recorded, and what there is
/// to tell is handed on.
///
/// # Errors
/// When the store cannot be read or written.
pub fn chores(engine: &Engine, send: impl Fn(&Notice) -> Result<(), Error>) -> Result<Infallible, Error> {
    loop {
        engine.sweep()?;
        engine.deliver("mailer", &send)?;
        engine.wait_past(engine.token()?.seq, Duration::from_secs(60))?;
    }
}

/// Who asks, and under which id: what is sent again with the same `idempotency-key` is done once.
struct Caller(UserId, RequestId);

impl FromRequestParts<Arc<Service>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Problem> {
        let id = |name| parts.headers.get(name).map(|text| text.to_str().ok()?.parse::<Uuid>().ok());
        let user = id("x-user").flatten().ok_or(Problem::told(401, "not_in", "x-user names nobody"))?;
        let key = id("idempotency-key").unwrap_or_else(|| Some(service.engine.new_id()));
        let key = key.ok_or(Problem::told(422, "malformed", "idempotency-key is no UUID"))?;
        Ok(Self(UserId::from_uuid(user), RequestId::from_uuid(key)))
    }
}

/// Lets those through who may see the tenant's devices. The index never waits, so it may be asked
/// here. Why somebody may not is not told: it would speak of a tenant that they do not see.
async fn guard(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<TenantId>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let verdict = service.index.check(caller.0, service.view, tenant, || service.engine.now());
    if verdict.allowed() {
        Ok(next.run(request).await)
    } else {
        Err(Problem::told(403, "forbidden", "you may not"))
    }
}

async fn devices(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<TenantId>,
    Query(paging): Query<Paging>,
    Caller(user, _): Caller,
) -> Result<Response, Problem> {
    let wanted = Devices { paging, ..Devices::new(user.into(), tenant) };
    Ok(Json(waiting(service, |engine| engine.ask(wanted)).await?).into_response())
}

async fn add_customer(
    State(service): State<Arc<Service>>,
    Caller(user, key): Caller,
    new: Result<Json<AddCustomer>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(new) = new.map_err(|flaw| Problem::told(422, "malformed", &flaw.body_text()))?;
    let added = waiting(service, move |engine| engine.execute_as(key, user, new)).await?;
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

async fn request_delink(
    State(service): State<Arc<Service>>,
    Path(link): Path<LinkId>,
    Caller(user, key): Caller,
) -> Result<Response, Problem> {
    let ask = move |engine: &Engine| engine.execute_as(key, user, RequestDelink::new(link));
    Ok((StatusCode::CREATED, Json(waiting(service, ask).await?)).into_response())
}

/// Whatever reads or writes the store may wait for others, so it waits where nobody else has to.
async fn waiting<T: Send + 'static>(
    service: Arc<Service>,
    work: impl FnOnce(&Engine) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(move || work(&service.engine)).await;
    Ok(done.map_err(|_| Problem::told(500, "stopped", "the service stopped within this request"))??)
}

/// Why there is no answer, as RFC 9457 has it.
struct Problem(u16, Value);

impl Problem {
    fn told(status: u16, name: &str, detail: &str) -> Self {
        Self::with_remedy(status, name, detail, None)
    }

    fn with_remedy(status: u16, name: &str, detail: &str, remedy: Option<&str>) -> Self {
        let kind = format!("urn:tenantry:{name}");
        Self(status, json!({"type": kind, "title": name, "detail": detail, "remedy": remedy}))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let fault = Fault::from(error);
        let status = fault.family.http_status();
        Self::with_remedy(status, fault.name, &fault.message, Some(fault.remedy))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], self.1.to_string()).into_response()
    }
}
