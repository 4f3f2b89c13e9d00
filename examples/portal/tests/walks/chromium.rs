//! Debian's Chromium, driven by its chromedriver: both are started by a test, on a port that is free, and are gone when it
//! ends, however it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use thirtyfour::error::{WebDriverError, WebDriverResult};
use thirtyfour::extensions::query::ElementPollerWithTimeout;
use thirtyfour::session::http::{Body, HttpClient};
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, WebDriver};

use crate::Trouble;

/// What is said where a tool is missing.
const MISSING: &str = "the walks want a browser: apt-get install chromium chromium-driver";

/// How long something may take to show. No walk depends on it: each goes on as soon as it sees what it waits for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A chromedriver that runs.
pub(crate) struct Chromium {
    process: Child,
    port: u16,
}

impl Chromium {
    /// Starts it.
    pub(crate) fn start() -> Result<Self, Trouble> {
        let mut driver = Command::new("chromedriver");
        let driver = driver.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = driver.spawn().map_err(|error| format!("{MISSING} ({error})"))?;
        let mut said = BufReader::new(process.stdout.take().ok_or("it says nothing")?);
        let mut line = String::new();
        let port = loop {
            line.clear();
            if said.read_line(&mut line)? == 0 {
                return Err(MISSING.into());
            }
            if let Some((_, port)) = line.trim_end().trim_end_matches('.').split_once("successfully on port ")
            {
                break port.parse()?;
            }
        };
        // Whatever else it says is read, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Ok(Self { process, port })
    }

    /// A window.
    pub(crate) async fn window(&self) -> Result<WebDriver, Trouble> {
        let mut wanted = DesiredCapabilities::chrome();
        // Root may start it, as in a container; nothing but our own pages is shown.
        for argument in
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en-GB"]
        {
            wanted.add_arg(argument)?;
        }
        wanted.add_arg("--window-size=1280,900")?;
        wanted.set_binary("/usr/bin/chromium")?;
        let window =
            WebDriver::builder(format!("http://127.0.0.1:{}", self.port), wanted).client(Loopback::default());
        let window = window.await.map_err(|error| format!("{MISSING} ({error})"))?;
        window.set_poller(Arc::new(ElementPollerWithTimeout::new(PATIENCE, Duration::from_millis(50))));
        Ok(window)
    }
}

impl Drop for Chromium {
    /// Asks it to end, which ends its browsers, too.
    fn drop(&mut self) {
        if let Ok(mut line) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
            let asked = write!(
                line,
                "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
                self.port
            );
            drop(asked.and_then(|()| line.read_to_end(&mut Vec::new())));
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What goes to chromedriver over HTTP, on this machine.
#[derive(Clone)]
struct Loopback(Client<HttpConnector, Full<Bytes>>);

impl Default for Loopback {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

#[async_trait::async_trait]
impl HttpClient for Loopback {
    async fn send(&self, request: Request<Body<'_>>) -> WebDriverResult<Response<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let body = match body {
            Body::Empty => Bytes::new(),
            Body::Json(json) => Bytes::from(json.to_string()),
        };
        // It is written anew from what is sent.
        parts.headers.remove(header::CONTENT_LENGTH);
        let broken = |error: &dyn std::fmt::Display| WebDriverError::FatalError(error.to_string());
        let request = Request::from_parts(parts, Full::new(body));
        let (parts, body) = self.0.request(request).await.map_err(|error| broken(&error))?.into_parts();
        let body = body.collect().await.map_err(|error| broken(&error))?.to_bytes();
        Ok(Response::from_parts(parts, body))
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(Self::default())
    }
}
