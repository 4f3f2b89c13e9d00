//! Somebody without a browser: keeps a cookie, reads pages as text, fills in the forms that are on them.

use std::cell::RefCell;

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::Trouble;

/// Somebody who asks.
pub(crate) struct Guest {
    site: String,
    cookie: RefCell<Option<String>>,
}

/// What they get.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) page: String,
}

/// A form on a page: where it is sent to, and what it says as it stands.
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Answer {
    /// Where it leads.
    pub(crate) fn leads_to(&self) -> Option<String> {
        self.headers.get(header::LOCATION)?.to_str().ok().map(str::to_owned)
    }

    /// Makes sure that the page says this.
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.page.contains(text), "{} does not say “{text}”:\n{}", self.status, self.page);
        self
    }

    /// Makes sure that it does not.
    pub(crate) fn does_not_say(&self, text: &str) -> &Self {
        assert!(!self.page.contains(text), "{} says “{text}”:\n{}", self.status, self.page);
        self
    }

    /// All forms whose text holds this.
    pub(crate) fn forms(&self, holds: &str) -> Vec<Form> {
        let all = self.page.split("<form").skip(1).filter_map(|form| form.split("</form>").next());
        all.filter(|form| form.contains(holds)).map(read).collect()
    }

    /// The first form whose text holds this.
    pub(crate) fn form(&self, holds: &str) -> Result<Form, Trouble> {
        let found = self.forms(holds).into_iter().next();
        found.ok_or_else(|| format!("no form holds “{holds}” on:\n{}", self.page).into())
    }
}

impl Form {
    /// The same with something else in a field; of several fields of one name, in all.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with one field more.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same once more.
    pub(crate) fn again(form: &Self) -> Self {
        Self { action: form.action.clone(), fields: form.fields.clone() }
    }

    /// What it says in a field.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }
}

fn read(form: &str) -> Form {
    let mut fields = Vec::new();
    for input in form.split("<input").skip(1).filter_map(|input| input.split('>').next()) {
        let ticks = input.contains("type=\"checkbox\"") || input.contains("type=\"radio\"");
        if let Some(name) = attribute(input, "name").filter(|_| !ticks || input.contains(" checked")) {
            fields.push((name, attribute(input, "value").unwrap_or_default()));
        }
    }
    Form { action: attribute(form, "action").unwrap_or_default(), fields }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
    let plain = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    Some(plain.replace("&amp;", "&"))
}

impl Guest {
    pub(crate) fn at(site: &str) -> Self {
        Self { site: site.to_owned(), cookie: RefCell::default() }
    }

    /// Asks, with these headers besides.
    pub(crate) async fn asks(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, Trouble> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.site));
        if let Some(cookie) = &*self.cookie.borrow() {
            request = request.header(header::COOKIE, cookie);
        }
        if method == "POST" && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned())))?;
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let (parts, body) = client.request(request).await?.into_parts();
        let page = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        if let Some(cookie) = parts.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str()?.split(';').next().map(str::to_owned);
            *self.cookie.borrow_mut() = cookie;
        }
        Ok(Answer { status: parts.status, headers: parts.headers, page })
    }

    /// Reads a page, and goes where it leads.
    pub(crate) async fn reads(&self, path: &str) -> Result<Answer, Trouble> {
        let mut answer = self.asks("GET", path, &[], "").await?;
        while let Some(next) = answer.leads_to() {
            answer = self.asks("GET", &next, &[], "").await?;
        }
        Ok(answer)
    }

    /// Sends a form, and goes nowhere.
    pub(crate) async fn posts(&self, form: &Form) -> Result<Answer, Trouble> {
        let body = serde_urlencoded::to_string(&form.fields)?;
        self.asks("POST", &form.action, &[], &body).await
    }

    /// Sends a form, and goes where it leads.
    pub(crate) async fn sends(&self, form: Form) -> Result<Answer, Trouble> {
        let answer = self.posts(&form).await?;
        match answer.leads_to() {
            Some(next) => self.reads(&next).await,
            None => Ok(answer),
        }
    }

    /// Comes in as somebody.
    pub(crate) async fn enters_as(&self, name: &str) -> Result<Answer, Trouble> {
        let door = self.reads("/").await?;
        self.sends(door.form(&format!("Enter as {name}<"))?).await
    }

    /// The form of a page by which something is done that no button there does.
    pub(crate) async fn crafts(&self, action: &str, fields: &[(&str, &str)]) -> Result<Form, Trouble> {
        let leave = self.reads("/requests").await?.form("Leave<")?;
        let mut form = Form { action: action.to_owned(), fields: leave.fields };
        form = form.with("request", &uuid::Uuid::new_v4().to_string());
        for (name, value) in fields {
            form = form.and(name, value);
        }
        Ok(form)
    }
}
