//! What every request passes first: whose visit it is, what its fields say, and that a form was sent from a page of ours.

use axum::Form;
use axum::body::Body;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::app::Portal;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::session::{COOKIE, Visit};

/// Hears a request out. A form is taken only with the token of its visit, whichever page it is for: no page can forget.
pub(crate) async fn heard(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let here = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let (reads, is_page) = (request.method().is_safe(), asks_for_a_page(request.headers()));
    let id = cookie(request.headers());
    let (visit, new) = portal.sessions().visit(id, here, reads && is_page);
    let id = visit.id;
    let sent = match reads {
        true => {
            let fields = Query::try_from_uri(request.uri()).map(|Query(fields)| Fields(fields));
            Ok((request, fields.unwrap_or_default()))
        }
        false => form_of(request, &visit).await,
    };
    let mut response = match sent {
        Ok((mut request, fields)) => {
            request.extensions_mut().insert(visit);
            request.extensions_mut().insert(fields);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    if new && !response.headers().contains_key(header::SET_COOKIE) {
        response.headers_mut().insert(header::SET_COOKIE, set_cookie(id));
    }
    response
}

/// A form's fields, where it is one of the visit's.
async fn form_of(request: Request, visit: &Visit) -> Result<(Request, Fields), Problem> {
    let remedy = Some("open the page anew, and send it from there");
    let (parts, body) = request.into_parts();
    let form = Form::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let Ok(Form(fields)) = form else {
        let detail = "this is no form, or too long a one".to_owned();
        return Err(Problem::said(StatusCode::BAD_REQUEST, "malformed_form", detail, remedy));
    };
    let fields = Fields(fields);
    if !comes_from_here(&parts.headers) || fields.get("token") != Some(visit.token.to_string().as_str()) {
        let detail = "the form is not one of this visit's".to_owned();
        return Err(Problem::said(StatusCode::FORBIDDEN, "foreign_form", detail, remedy));
    }
    Ok((Request::from_parts(parts, Body::empty()), fields))
}

/// Remembers a visit in the browser, for as long as it is open. Over HTTPS this would say `Secure`, too.
pub(crate) fn set_cookie(id: Uuid) -> HeaderValue {
    let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Lax; Path=/", id.simple());
    HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Whether it is a program that asks, and wants to be answered as one.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
    accepts.is_some_and(|accepts| accepts.contains("json") && !accepts.contains("text/html"))
}

fn asks_for_a_page(headers: &HeaderMap) -> bool {
    let to = headers.get("sec-fetch-dest").and_then(|to| to.to_str().ok());
    to.is_none_or(|to| to == "document")
}

/// A browser says where a form was sent from, and no page of another site can make it say otherwise.
fn comes_from_here(headers: &HeaderMap) -> bool {
    let from = headers.get("sec-fetch-site").and_then(|from| from.to_str().ok());
    from.is_none_or(|from| from == "same-origin")
}

fn cookie(headers: &HeaderMap) -> Option<Uuid> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut all =
        all.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    all.find(|(name, _)| *name == COOKIE).and_then(|(_, id)| id.parse().ok())
}
