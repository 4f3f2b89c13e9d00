//! The service as a process of its own, and whoever asks it.

use std::io::{BufRead, BufReader};
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

/// The program, which is given these words and this token.
pub(crate) fn program(token: Option<&str>, words: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tenantry-authzen"));
    program.args(words).env_remove("PDP_TOKEN").envs(token.map(|token| ("PDP_TOKEN", token)));
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

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
        let mut process = program(Some(TOKEN), &words).stderr(Stdio::inherit()).spawn()?;
        let said = process.stdout.take().ok_or("what it says is heard")?;
        let mut served = Self { process, place: String::new() };
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        let place = line.strip_prefix("http://").and_then(|rest| rest.split(' ').next());
        place.ok_or_else(|| format!("it says where it is, and not “{line}”"))?.clone_into(&mut served.place);
        Ok(served)
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
