//! What every request passes first: whose visit it is, what its fields say, and that a form was sent from a page of ours.

use axum::body::Body;
use axum::extract::{FromRequest, Query, RawForm, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::app::Portal;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::serve::BODY;
use crate::session::{COOKIE, Visit};

/// Hears a request out. A form is taken only with the token of its visit, whichever page it is for: no page can forget.
pub(crate) async fn heard(State(portal): State<Portal>, request: Request, next: Next) -> Response {
    let here = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let (reads, is_page) = (request.method().is_safe(), asks_for_a_page(request.headers()));
    let mut visit = portal.sessions().visit(cookie(request.headers()), here, reads && is_page);
    let from = said(request.headers(), "sec-fetch-site");
    visit.from_elsewhere = from.is_some_and(|from| from != "same-origin" && from != "none");
    let sent = match reads || request.method() != Method::POST {
        true => {
            let fields = Query::try_from_uri(request.uri()).map(|Query(fields)| Fields(fields));
            Ok((request, fields.unwrap_or_default()))
        }
        false => form_of(request, &visit).await,
    };
    match sent {
        Ok((mut request, fields)) => {
            request.extensions_mut().insert(visit.clone());
            request.extensions_mut().insert(fields.clone());
            let mut response = next.run(request).await;
            if let Some(said) = visit.said.as_ref().filter(|_| response.status().is_redirection()) {
                // It is said on a page, and this one only leads on.
                portal.sessions().say(&visit, said);
            }
            if response.extensions().get::<Problem>().is_some() {
                // Whoever makes a page of it may need what was sent.
                response.extensions_mut().insert(visit);
                response.extensions_mut().insert(fields);
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// A form's fields, where it is one of the visit's.
async fn form_of(request: Request, visit: &Visit) -> Result<(Request, Fields), Problem> {
    let remedy = Some("open the page anew, and send it from there");
    let (parts, body) = request.into_parts();
    let form = RawForm::from_request(Request::from_parts(parts.clone(), body), &());
    let form = timeout(BODY, form).await.map_err(|_| {
        let detail = "the form did not come in time".to_owned();
        Problem::said(StatusCode::REQUEST_TIMEOUT, "too_slow", detail, Some("send it once more"))
    });
    let RawForm(form) = form?.map_err(|flaw| match flaw.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = "this is too much for one form".to_owned();
            Problem::said(status, "too_large", detail, Some("send it in several parts, each below 2 MB"))
        }
        _ => malformed(remedy),
    })?;
    let fields = serde_urlencoded::from_bytes(&form).map(Fields).map_err(|_| malformed(remedy))?;
    // What is no UTF-8 was read as this sign, which nobody types.
    if fields.0.iter().any(|(name, text)| name.contains('\u{fffd}') || text.contains('\u{fffd}')) {
        return Err(malformed(Some("send it as UTF-8")));
    }
    if !comes_from_here(&parts.headers) || fields.get("token") != Some(visit.token.to_string().as_str()) {
        let detail = "the form is not one of this visit's".to_owned();
        return Err(Problem::said(StatusCode::FORBIDDEN, "foreign_form", detail, remedy));
    }
    Ok((Request::from_parts(parts, Body::empty()), fields))
}

fn malformed(remedy: Option<&str>) -> Problem {
    Problem::said(StatusCode::BAD_REQUEST, "malformed_form", "this is no form".to_owned(), remedy)
}

/// Remembers a visit in the browser, for as long as it is open. Over HTTPS this would say `Secure`, too.
pub(crate) fn set_cookie(cookie: &str) -> (HeaderName, HeaderValue) {
    let cookie = format!("{COOKIE}={cookie}; HttpOnly; SameSite=Lax; Path=/");
    (header::SET_COOKIE, HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static("")))
}

/// Whether it is a program that asks, and wants to be answered as one.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let all = headers.get_all(header::ACCEPT).iter().filter_map(|accepts| accepts.to_str().ok());
    let (mut page, mut json) = (None::<f32>, 0_f32);
    for one in all.flat_map(|accepts| accepts.split(',')) {
        let mut parts = one.split(';').map(|part| part.trim().to_ascii_lowercase());
        let kind = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        match kind.as_str() {
            "application/json" | "application/problem+json" => json = json.max(weight),
            "text/html" | "application/xhtml+xml" => page = Some(page.map_or(weight, |it| it.max(weight))),
            _ => {}
        }
    }
    json > 0.0 && page.is_none_or(|page| json > page)
}

fn asks_for_a_page(headers: &HeaderMap) -> bool {
    said(headers, "sec-fetch-dest").is_none_or(|to| to == "document")
}

/// A browser says where a form was sent from, and no page of another site can make it say otherwise.
fn comes_from_here(headers: &HeaderMap) -> bool {
    let host = said(headers, header::HOST.as_str()).unwrap_or_default();
    said(headers, "sec-fetch-site").is_none_or(|from| from == "same-origin")
        && said(headers, header::ORIGIN.as_str()).is_none_or(|from| is_of(from, host))
}

/// Whether an address is of this host.
pub(crate) fn is_of(address: &str, host: &str) -> bool {
    let of = address.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    !host.is_empty() && of.is_some_and(|of| of.eq_ignore_ascii_case(host))
}

/// What a header says, once; what is no text says nothing that anybody would.
pub(crate) fn said<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|said| said.to_str().unwrap_or_default())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut all =
        all.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    all.find(|(name, _)| *name == COOKIE).map(|(_, cookie)| cookie)
}
