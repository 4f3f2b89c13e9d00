//! Nobody holds a place for ever, however slowly they send or read. Time is the test's own: it
//! passes where everybody waits.

use std::future::pending;
use std::io;
use std::time::Duration;

use axum::serve::Listener;
use tenantry::Engine;
use tenantry::engine::{Clock, SystemClock};
use tenantry_portal::{BODY, CONNECTION, CONNECTIONS, HEAD, LAST, Portal, demo, router, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep};

use crate::Trouble;

/// Whom nobody waits for as long as that.
const LONG: Duration = Duration::from_secs(3_600);

/// Where the test comes in.
struct Door(UnboundedReceiver<DuplexStream>);

impl Listener for Door {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(io) => (io, ()),
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

/// The way in.
struct Street(UnboundedSender<DuplexStream>);

impl Street {
    /// Comes in on a line of which the other side buffers so many bytes.
    fn comes_in(&self, buffer: usize) -> Result<DuplexStream, Trouble> {
        let (own, theirs) = duplex(buffer);
        self.0.send(theirs)?;
        Ok(own)
    }
}

/// Opens the portal in front of a street, on a clock that stands until everybody waits.
#[expect(clippy::panic, reason = "a test stops where something is not as it should be")]
fn in_the_street<W: Future<Output = Result<(), Trouble>>>(way: impl FnOnce(Street) -> W) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime is to be had");
    let arrived = runtime.block_on(async {
        let place = tempfile::tempdir()?;
        let file = place.path().join("portal.db");
        demo::furnish(&file, SystemClock.now())?;
        let (street, door) = unbounded_channel();
        tokio::spawn(serve(Door(door), router(Portal::new(Engine::open(&file)?)?), pending()));
        way(Street(street)).await
    });
    if let Err(trouble) = arrived {
        panic!("{trouble}");
    }
}

/// Sends a byte, waits, sends the next, until nobody takes any more; what is answered.
async fn drips(mut line: DuplexStream, text: &str) -> Result<String, Trouble> {
    let (mut answers, mut sends) = tokio::io::split(&mut line);
    let mut answer = Vec::new();
    let sending = async {
        for byte in text.bytes() {
            sleep(HEAD / 10).await;
            if sends.write_u8(byte).await.is_err() {
                return;
            }
        }
    };
    let (read, ()) = tokio::join!(answers.read_to_end(&mut answer), sending);
    read?;
    Ok(String::from_utf8(answer)?)
}

#[test]
fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    in_the_street(|street| async move {
        let since = Instant::now();
        let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {}", "x".repeat(60));
        let answer = drips(street.comes_in(4_096)?, &head).await?;
        assert_eq!(answer, "");
        assert!(since.elapsed() >= HEAD, "{:?}", since.elapsed());
        // Nor is whoever says nothing.
        let (since, mut line) = (Instant::now(), street.comes_in(4_096)?);
        assert_eq!(line.read(&mut [0; 1]).await?, 0);
        assert!((HEAD..HEAD * 2).contains(&since.elapsed()), "{:?}", since.elapsed());
        Ok(())
    });
}

#[test]
fn a_body_that_comes_byte_by_byte_is_not_waited_for() {
    in_the_street(|street| async move {
        let since = Instant::now();
        let mut line = street.comes_in(65_536)?;
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                    Content-Length: 1000\r\n\r\n";
        line.write_all(head.as_bytes()).await?;
        let answer = drips(line, &"x".repeat(900)).await?;
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
        assert!(answer.contains("the form did not come in time"), "{answer}");
        assert!(since.elapsed() >= BODY, "{:?}", since.elapsed());
        Ok(())
    });
}

#[test]
fn a_body_that_is_too_much_is_not_waited_for() {
    in_the_street(|street| async move {
        let mut line = street.comes_in(65_536)?;
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                    Content-Length: 5000000\r\n\r\n";
        line.write_all(head.as_bytes()).await?;
        let (mut answers, mut sends) = tokio::io::split(&mut line);
        let mut answer = String::new();
        // Half of it is more than is taken; the other half never comes.
        let body = vec![b'x'; 2_500_000];
        let (read, _) = tokio::join!(answers.read_to_string(&mut answer), sends.write_all(&body));
        read?;
        assert!(answer.starts_with("HTTP/1.1 413 Payload Too Large\r\n"), "{answer}");
        Ok(())
    });
}

#[test]
fn whoever_does_not_read_what_they_asked_for_is_left() {
    in_the_street(|street| async move {
        let mut line = street.comes_in(256)?;
        line.write_all(b"GET /style.css HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        sleep(CONNECTION + LAST + HEAD).await;
        let mut answer = String::new();
        line.read_to_string(&mut answer).await?;
        assert!(answer.len() <= 256, "{answer}");
        Ok(())
    });
}

#[test]
fn so_many_are_served_at_once_and_whoever_comes_next_waits_for_a_place() {
    in_the_street(|street| async move {
        let asks = async || {
            let (since, mut line) = (Instant::now(), street.comes_in(65_536)?);
            line.write_all(b"GET /style.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .await?;
            let mut answer = String::new();
            line.read_to_string(&mut answer).await?;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            Ok::<_, Trouble>(since.elapsed())
        };
        let silent = |count: u16| (0..count).map(|_| street.comes_in(64)).collect::<Result<Vec<_>, _>>();
        let most = silent(CONNECTIONS - 1)?;
        let beside = asks().await?;
        assert!(beside < HEAD / 2, "{beside:?}");
        let one_more = silent(1)?;
        let waited = asks().await?;
        assert!((HEAD / 2..LONG).contains(&waited), "{waited:?}");
        drop((most, one_more));
        Ok(())
    });
}
