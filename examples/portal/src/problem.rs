//! Why there is no page: what tenantry refuses, what was typed wrong, what is not there. Never a page of its own: `frame`
//! makes one for people, and RFC 9457 is what programs get.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tenantry::Error;
use tenantry::refusal::Code;
use tenantry::wire::Fault;

/// The name of what whoever has not come in is told: people are led to the door.
pub(crate) const NOT_IN: &str = "not_in";

/// What a list tells, or nothing where it is not theirs to read.
pub(crate) fn told<T>(answer: Result<T, Error>) -> Result<Option<T>, Problem> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Why something cannot be had.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// The stable name.
    pub(crate) name: &'static str,
    /// What stands in the way.
    pub(crate) detail: Box<str>,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
    /// Of a batch, what stands in the way of each.
    pub(crate) items: Box<[String]>,
    /// The refusal's number, and the rule it comes from.
    pub(crate) refused: Option<(u16, Option<&'static str>)>,
}

impl Problem {
    /// There is no such thing, or it is not theirs to see: both are one (T-9).
    pub(crate) fn nothing_here() -> Self {
        let detail = "there is nothing here, or nothing that you may see".to_owned();
        Self::said(
            StatusCode::NOT_FOUND,
            "not_found",
            detail,
            Some("go back, or choose a place that is yours"),
        )
    }

    /// They see it, and may not do this.
    pub(crate) fn not_theirs(reason: Option<Code>) -> Self {
        match reason {
            Some(code) => Self {
                refused: Some((code.number(), Some(code.rule()))),
                ..Self::said(
                    StatusCode::FORBIDDEN,
                    code.name(),
                    // The message has a place for what it is about, which the page is.
                    format!("you may not: {}", code.message().replace(" `{}`", "")),
                    Some(code.remedy()),
                )
            },
            None => Self::said(StatusCode::FORBIDDEN, "forbidden", "you may not".to_owned(), None),
        }
    }

    /// A text of a form is not what it should be.
    pub(crate) fn typed(field: &str, flaw: impl std::fmt::Display) -> Self {
        let detail = format!("{}: {flaw}", field.replace('_', " "));
        Self::said(StatusCode::UNPROCESSABLE_ENTITY, "malformed", detail, Some("go back and put it right"))
    }

    /// What was to be changed is another by now.
    pub(crate) fn moved_on() -> Self {
        let detail = "somebody else has changed this since you looked at it".to_owned();
        Self::said(StatusCode::CONFLICT, "moved_on", detail, Some("look at the page anew, then decide again"))
    }

    /// A problem of the portal's own.
    pub(crate) fn said(status: StatusCode, name: &'static str, detail: String, remedy: Option<&str>) -> Self {
        let (detail, remedy) = (detail.into(), remedy.map(str::to_owned));
        Self { status, name, detail, remedy, items: Box::default(), refused: None }
    }

    /// The same in other words.
    pub(crate) fn reworded(mut self, word: impl Fn(&str) -> String) -> Self {
        self.detail = word(&self.detail).into();
        self.items.iter_mut().for_each(|item| *item = word(item));
        self
    }

    /// Whether it is a refusal of this kind.
    pub(crate) fn is(&self, code: Code) -> bool {
        self.refused.is_some_and(|(number, _)| number == code.number())
    }

    /// As RFC 9457 has it.
    pub(crate) fn json(&self) -> Response {
        let (number, rule) = self.refused.unzip();
        let told: Value = json!({
            "type": format!("urn:tenantry:{}", self.name),
            "title": self.name.replace('_', " "),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "remedy": self.remedy,
            "number": number,
            "rule": rule.flatten(),
            "items": self.items,
        });
        let kind = HeaderValue::from_static("application/problem+json");
        (self.status, [(header::CONTENT_TYPE, kind)], told.to_string()).into_response()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let fault = Fault::from(error);
        let status = StatusCode::from_u16(fault.family.http_status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let items = fault.items.iter();
        Self {
            items: items
                .map(|item| format!("{}. {}; {}", item.index + 1, item.message, item.remedy))
                .collect(),
            refused: Some((fault.number, fault.rule)),
            ..Self::said(status, fault.name, fault.message.into(), Some(fault.remedy))
        }
    }
}

impl IntoResponse for Problem {
    /// Nothing yet but the problem itself: whoever asked decides how it looks.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
