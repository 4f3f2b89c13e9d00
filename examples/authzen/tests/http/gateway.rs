//! The service as a process of its own, and whoever asks it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::Trouble;

/// The token that is asked for.
pub(crate) const TOKEN: &str = "s3cret";

/// The service, until it is dropped.
pub(crate) struct Served {
    process: Child,
    pub(crate) place: String,
}

impl Served {
    /// Serves a store, where there is room.
    pub(crate) fn on(file: &Path) -> Result<Self, Trouble> {
        let file = file.to_str().ok_or("a path is text")?;
        let words = ["--port", "0", "--base", "https://pdp.example.com/", file];
        let mut served = Self::started(Some(TOKEN), &words)?;
        if served.place.is_empty() { Err(served.complaint()?.into()) } else { Ok(served) }
    }

    /// Starts the program on these words, and hears where it serves, if it does.
    fn started(token: Option<&str>, words: &[&str]) -> Result<Self, Trouble> {
        let mut program = Command::new(env!("CARGO_BIN_EXE_tenantry-authzen"));
        program.args(words).env_remove("PDP_TOKEN").envs(token.map(|token| ("PDP_TOKEN", token)));
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut served = Self { process: program.spawn()?, place: String::new() };
        let mut line = String::new();
        BufReader::new(served.process.stdout.take().ok_or("it speaks")?).read_line(&mut line)?;
        let place = line.strip_prefix("http://").and_then(|rest| rest.split(' ').next());
        place.unwrap_or_default().clone_into(&mut served.place);
        Ok(served)
    }

    /// Why it does not serve, with these words and this token.
    pub(crate) fn refused(token: Option<&str>, words: &[&str]) -> Result<String, Trouble> {
        let mut served = Self::started(token, words)?;
        if !served.place.is_empty() || served.process.wait()?.success() {
            return Err(format!("it serves {words:?} at “{}”", served.place).into());
        }
        served.complaint()
    }

    /// What it says went wrong, until it ends.
    fn complaint(&mut self) -> Result<String, Trouble> {
        let mut said = String::new();
        self.process.stderr.take().ok_or("it complains once")?.read_to_string(&mut said)?;
        Ok(said)
    }

    /// Asks it to end. The shell knows how to everywhere.
    pub(crate) fn asks_to_end(&self, signal: &str) -> Result<(), Trouble> {
        let words = format!("kill -{signal} {}", self.process.id());
        let asked = Command::new("sh").args(["-c", &words]).status()?;
        if asked.success() { Ok(()) } else { Err(format!("`{words}` ends with {asked}").into()) }
    }

    /// Whether it has ended, and how.
    pub(crate) fn has_ended(&mut self) -> Result<Option<ExitStatus>, Trouble> {
        Ok(self.process.try_wait()?)
    }

    /// How it ends.
    pub(crate) fn ends(&mut self) -> Result<ExitStatus, Trouble> {
        Ok(self.process.wait()?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What is answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn json(&self) -> Result<Value, Trouble> {
        Ok(serde_json::from_str(&self.body)?)
    }
}

/// Somebody who asks, on connections that are kept.
#[derive(Clone)]
pub(crate) struct Gateway {
    site: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Gateway {
    pub(crate) fn to(served: &Served) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { site: format!("http://{}", served.place), client }
    }

    /// Posts a request with the token, as JSON.
    pub(crate) async fn posts(&self, path: &str, body: impl Into<Bytes>) -> Result<Reply, Trouble> {
        self.asks("POST", path, &[], body).await
    }

    /// Asks with these headers besides. One without a value stands for none at all.
    pub(crate) async fn asks(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, Option<&str>)],
        body: impl Into<Bytes>,
    ) -> Result<Reply, Trouble> {
        let bearer = format!("Bearer {TOKEN}");
        let usual = [(header::AUTHORIZATION, &*bearer), (header::CONTENT_TYPE, "application/json")];
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.site));
        for (name, value) in usual {
            if headers.iter().all(|(other, _)| *other != name) {
                request = request.header(name, value);
            }
        }
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(*name, *value);
            }
        }
        let reply = self.client.request(request.body(Full::new(body.into()))?).await?;
        let (head, body) = reply.into_parts();
        let body = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
    }
}
