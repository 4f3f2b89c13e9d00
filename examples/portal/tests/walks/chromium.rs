//! Debian's Chromium, driven by its chromedriver: both are started by a test, on a port that is free, and are gone when it
//! ends, however it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::Trouble;

/// What is said where a tool is missing.
const MISSING: &str = "the walks want a browser: apt-get install chromium chromium-driver";

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
    pub(crate) async fn window(&self) -> Result<Client, Trouble> {
        // Root may start it, as in a container; nothing but our own pages is shown.
        let wanted = json!({
            "goog:chromeOptions": {
                "binary": "/usr/bin/chromium",
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en-GB",
                    "--window-size=1280,900",
                ],
            },
        });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted.as_object().cloned().unwrap_or_default());
        let window = builder.connect(&format!("http://127.0.0.1:{}", self.port)).await;
        Ok(window.map_err(|error| format!("{MISSING} ({error})"))?)
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
