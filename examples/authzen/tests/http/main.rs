//! What the service answers over HTTP: the standard's certification scenario, and whatever else
//! comes in.

mod gateway;
mod records;

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

use gateway::{Gateway, Served, TOKEN};
use records::{
    ACTION, ALICE, ANY_RECORD, ANY_USER, BOB, EVALUATION, EVALUATIONS, R1, READ, RESOURCE, SUBJECT,
};
use tenantry::command::BlockUser;
use tenantry::{Engine, UserId};
use tokio::runtime::Runtime;

/// What stops a test.
type Trouble = Box<dyn Error + Send + Sync>;

/// A test comes to its end.
type Arrives = Result<(), Trouble>;

const PATHS: [&str; 5] = [EVALUATION, EVALUATIONS, SUBJECT, RESOURCE, ACTION];

/// How many bytes a request may have.
const MOST: usize = 8 * 1024 * 1024;

/// Serves the scenario's store, which is open here as well, and has somebody ask.
#[expect(clippy::panic, reason = "a test stops where something is not as it should be")]
fn at_the_service<W: Future<Output = Arrives>>(way: impl FnOnce(Served, Engine) -> W) {
    let runtime = Runtime::new().expect("a runtime is to be had");
    let arrived = runtime.block_on(async {
        let place = tempfile::tempdir()?;
        let file = place.path().join("msp.db");
        let engine = records::store(&file)?;
        way(Served::on(&file)?, engine).await
    });
    if let Err(trouble) = arrived {
        panic!("{trouble}");
    }
}

/// Whether alice may read the first record, in the words of the store.
fn asked() -> String {
    records::said(&records::of(&[ALICE, READ, R1]))
}

#[test]
fn the_certification_scenario_is_met() {
    at_the_service(async |served, _engine| {
        let gateway = Gateway::to(&served);
        for case in records::cases()? {
            let (section, request) = (&case.section, case.sent());
            let reply = records::send(&gateway, &case.path, &request).await?;
            records::meets(section, &reply, &case.wanted)?;
            let again = records::send(&gateway, &case.path, &request).await?;
            assert_eq!(
                (reply.status, reply.body),
                (again.status, again.body),
                "2.6, {section}: the same twice"
            );
        }
        for (path, one, other) in [
            (SUBJECT, [ANY_USER, READ, R1], [ALICE, READ, R1]),
            (RESOURCE, [ALICE, READ, ANY_RECORD], [ALICE, READ, R1]),
        ] {
            let one = records::send(&gateway, path, &records::of(&one)).await?;
            let other = records::send(&gateway, path, &records::of(&other)).await?;
            assert_eq!(
                one.json()?["results"],
                other.json()?["results"],
                "an id in what is sought changes nothing"
            );
        }
        Ok(())
    });
}

#[test]
fn a_search_goes_on_page_by_page() {
    at_the_service(async |served, _engine| {
        let gateway = Gateway::to(&served);
        let (mut page, mut found) = (r#""page":{"limit":1}"#.to_owned(), Vec::new());
        loop {
            let body =
                records::send(&gateway, SUBJECT, &records::of(&[ANY_USER, READ, R1, &page])).await?.json()?;
            assert_eq!((records::results(&body).len(), &body["page"]["count"]), (1, &1.into()), "{body}");
            found.extend(records::results(&body).into_iter().map(str::to_owned));
            let next = body["page"]["next_token"].as_str().ok_or("a page says what comes next")?;
            if next.is_empty() {
                break;
            }
            page = format!(r#""page":{{"token":"{next}"}}"#);
        }
        found.sort();
        assert_eq!(found, ["alice", "bob"]);
        Ok(())
    });
}

#[test]
fn the_metadata_says_where_everything_is() {
    at_the_service(async |served, _engine| {
        let gateway = Gateway::to(&served);
        let nobody = [("authorization", None), ("content-type", None)];
        let told = gateway.asks("GET", "/.well-known/authzen-configuration", &nobody, "").await?;
        assert_eq!((told.status, told.header("content-type")), (200, Some("application/json")));
        let told = told.json()?;
        let base = "https://pdp.example.com/";
        assert_eq!(told["policy_decision_point"], base);
        let told = told.as_object().ok_or("the metadata is an object")?;
        let places =
            told.values().filter_map(|place| place.as_str()?.strip_prefix("https://pdp.example.com"));
        let mut places: Vec<_> = places.filter(|place| *place != "/").collect();
        places.sort_unstable();
        let mut paths = PATHS;
        paths.sort_unstable();
        assert_eq!(places, paths);
        for path in places {
            assert_eq!(gateway.posts(path, "{}").await?.status, 400, "{path}");
        }
        Ok(())
    });
}

#[test]
fn only_who_holds_the_token_is_answered() {
    at_the_service(async |served, _engine| {
        let gateway = Gateway::to(&served);
        assert_eq!(gateway.posts(EVALUATION, asked()).await?.body, r#"{"decision":true}"#);
        let longer = format!("Bearer {TOKEN}2");
        let long = format!("Bearer {}", "x".repeat(10_000));
        for sent in [
            None,
            Some(""),
            Some("Bearer"),
            Some("Bearer x"),
            Some("Bearer s3cre"),
            Some("Bearer S3cret"),
            Some("Basic s3cret"),
            Some("s3cret"),
            Some(&*longer),
            Some(&*long),
        ] {
            for path in PATHS {
                let reply = gateway.asks("POST", path, &[("authorization", sent)], asked()).await?;
                assert_eq!(
                    (reply.status, reply.header("www-authenticate")),
                    (401, Some("Bearer")),
                    "{path} {sent:?}"
                );
                assert!(!reply.body.contains("decision"), "{path} {sent:?}");
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_no_request_is_a_bad_one() {
    at_the_service(async |served, _engine| {
        let gateway = Gateway::to(&served);
        for (kind, status) in [
            (Some("application/json; charset=utf-8"), 200),
            (Some("Application/JSON ;charset=utf-8"), 200),
            (Some("application/jsonx"), 400),
            (Some("text/plain"), 400),
            (Some("application/x-www-form-urlencoded"), 400),
            (Some(""), 400),
            (None, 400),
        ] {
            let reply = gateway.asks("POST", EVALUATION, &[("content-type", kind)], asked()).await?;
            assert_eq!(reply.status, status, "{kind:?}: {}", reply.body);
        }
        for path in PATHS {
            for body in [
                "",
                " ",
                "{",
                "[]",
                "1",
                "null",
                "{}",
                "{\"subject\":1}",
                "{\"a\":1,\"a\":1}",
                "{\"subject\":NaN}",
            ] {
                assert_eq!(gateway.posts(path, body).await?.status, 400, "{path} {body}");
            }
            assert_eq!(gateway.posts(path, vec![b'"', 0xff, b'"']).await?.status, 400, "{path}");
            assert_eq!(gateway.posts(path, "[".repeat(100_000)).await?.status, 400, "{path}");
        }
        Ok(())
    });
}

#[test]
fn a_request_is_no_longer_than_it_may_be() {
    at_the_service(async |served, _engine| {
        let gateway = Gateway::to(&served);
        let asked = asked();
        let of = |length: usize| asked.clone() + &" ".repeat(length - asked.len());
        assert_eq!(gateway.posts(EVALUATION, of(MOST)).await?.body, r#"{"decision":true}"#);
        for length in [MOST + 1, MOST + 1024 * 1024, 3 * MOST] {
            let reply = gateway.posts(EVALUATION, of(length)).await?;
            assert_eq!((reply.status, &*reply.body), (400, "the request is too long"), "{length}");
        }
        // Who hears nothing before they have sent all of it is answered, too.
        let mut stream = TcpStream::connect(&served.place)?;
        stream.write_all(head(3 * MOST, "").as_bytes())?;
        let told = completed(stream, &of(3 * MOST))?;
        assert!(told.starts_with("HTTP/1.1 400 ") && told.ends_with("the request is too long"), "{told}");
        Ok(())
    });
}

#[test]
fn everything_has_its_path_and_its_method() {
    at_the_service(async |served, _engine| {
        let gateway = Gateway::to(&served);
        for path in
            ["/", "/access/v1/elsewhere", "/access/v1/evaluation/", "/access/v2/evaluation", "/.well-known/"]
        {
            assert_eq!(gateway.posts(path, asked()).await?.status, 404, "{path}");
        }
        for path in PATHS {
            let reply = gateway.asks("GET", path, &[], "").await?;
            assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{path}");
        }
        assert_eq!(gateway.posts("/.well-known/authzen-configuration", "{}").await?.status, 405);
        Ok(())
    });
}

#[test]
fn what_a_request_is_called_comes_back_whatever_is_answered() {
    at_the_service(async |served, _engine| {
        let gateway = Gateway::to(&served);
        for (method, path, body, token, status) in [
            ("POST", EVALUATION, &*asked(), "Bearer s3cret", 200),
            ("POST", EVALUATION, "{", "Bearer s3cret", 400),
            ("POST", EVALUATION, "{}", "Bearer x", 401),
            ("POST", "/elsewhere", "{}", "Bearer s3cret", 404),
            ("GET", EVALUATION, "", "Bearer s3cret", 405),
            ("GET", "/.well-known/authzen-configuration", "", "Bearer s3cret", 200),
        ] {
            for called in [Some("bfe9eb29-ab87-4ca3-be83-a1d5d8305716"), None] {
                let headers = [("authorization", Some(token)), ("x-request-id", called)];
                let reply = gateway.asks(method, path, &headers, body.to_owned()).await?;
                assert_eq!((reply.status, reply.header("x-request-id")), (status, called), "{method} {path}");
            }
        }
        Ok(())
    });
}

/// The head of a request of so many bytes, on a connection that ends with it.
fn head(length: usize, more: &str) -> String {
    format!(
        "POST {EVALUATION} HTTP/1.1\r\nHost: pdp\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"
    )
}

/// A request of which the service has the head, and waits for the body.
fn begun(served: &Served) -> Result<TcpStream, Trouble> {
    let mut stream = TcpStream::connect(&served.place)?;
    stream.write_all(head(asked().len(), "Expect: 100-continue\r\n").as_bytes())?;
    let mut told = [0; 25];
    stream.read_exact(&mut told)?;
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    Ok(stream)
}

/// Sends the body, and only then reads the answer.
fn completed(mut stream: TcpStream, body: &str) -> Result<String, Trouble> {
    stream.write_all(body.as_bytes())?;
    let mut told = String::new();
    stream.read_to_string(&mut told)?;
    Ok(told)
}

#[test]
fn requests_are_answered_beside_each_other() {
    at_the_service(async |served, _engine| {
        let gateway = Gateway::to(&served);
        let first = begun(&served)?;
        // Each is answered as it asks, while another one is not complete.
        let mut asking = Vec::new();
        for number in 0..32 {
            let gateway = gateway.clone();
            asking.push(tokio::spawn(async move {
                let (action, allowed) = if number % 2 == 0 { ("read", true) } else { ("write", false) };
                let action = format!(r#""action":{{"name":"{action}"}}"#);
                let body = records::said(&records::of(&[BOB, &action, R1]));
                let name = number.to_string();
                let reply = gateway.asks("POST", EVALUATION, &[("x-request-id", Some(&*name))], body).await?;
                assert_eq!((reply.status, reply.header("x-request-id")), (200, Some(&*name)));
                assert_eq!(reply.json()?["decision"], allowed);
                Arrives::Ok(())
            }));
        }
        for one in asking {
            one.await??;
        }
        let told = completed(first, &asked())?;
        assert!(told.starts_with("HTTP/1.1 200 OK\r\n") && told.ends_with(r#"{"decision":true}"#), "{told}");
        Ok(())
    });
}

#[test]
fn what_another_process_takes_away_is_gone_at_once() {
    at_the_service(async |served, engine| {
        let gateway = Gateway::to(&served);
        assert_eq!(gateway.posts(EVALUATION, asked()).await?.json()?["decision"], true);
        records::does(&engine, BlockUser::new(UserId::from_uuid(records::id("alice")?)))?;
        let told = gateway.posts(EVALUATION, asked()).await?.json()?;
        assert_eq!(
            (&told["decision"], &told["context"]["reason"]),
            (&false.into(), &"user_not_active".into())
        );
        Ok(())
    });
}

#[test]
fn what_has_come_in_is_answered_before_it_ends() {
    at_the_service(async |mut served, engine| {
        let gateway = Gateway::to(&served);
        assert_eq!(gateway.posts(EVALUATION, asked()).await?.status, 200);
        let first = begun(&served)?;
        served.asks_to_end("TERM")?;
        // It takes no more.
        while TcpStream::connect(&served.place).is_ok() {}
        assert_eq!(served.has_ended()?, None);
        let told = completed(first, &asked())?;
        assert!(told.starts_with("HTTP/1.1 200 OK\r\n") && told.ends_with(r#"{"decision":true}"#), "{told}");
        assert!(served.ends()?.success());
        // Whoever else has the store open goes on.
        records::does(&engine, BlockUser::new(UserId::from_uuid(records::id("alice")?)))?;
        engine.verify()?;
        Ok(())
    });
}

#[test]
fn asked_again_it_waits_for_nobody() {
    at_the_service(async |mut served, _engine| {
        let mut first = begun(&served)?;
        let ended = loop {
            if let Some(ended) = served.has_ended()? {
                break ended;
            }
            drop(served.asks_to_end("INT"));
            std::thread::yield_now();
        };
        assert!(ended.success(), "{ended}");
        let mut told = String::new();
        assert!(first.read_to_string(&mut told).is_err() || told.is_empty(), "{told}");
        Ok(())
    });
}

#[test]
fn what_is_wrong_is_said_before_anything_is_served() -> Arrives {
    let place = tempfile::tempdir()?;
    let (there, nowhere) = (place.path().join("msp.db"), place.path().join("none.db"));
    drop(records::store(&there)?);
    let (file, none) = (there.to_str().ok_or("text")?, nowhere.to_str().ok_or("text")?);
    for (token, words, why) in [
        (None, vec!["--port", "0", file], "PDP_TOKEN has no token"),
        (Some(""), vec!["--port", "0", file], "a token has"),
        (Some("two words"), vec!["--port", "0", file], "a token has"),
        (Some("ključ"), vec!["--port", "0", file], "a token has"),
        (Some(TOKEN), vec!["--port", "0", none], "there is no store"),
        (Some(TOKEN), vec!["--port", "0", "--base", "http://pdp.example.com", file], "https"),
        (Some(TOKEN), vec!["--port", "none", file], "PDP_TOKEN=TOKEN tenantry-authzen"),
        (Some(TOKEN), vec!["--port"], "PDP_TOKEN=TOKEN tenantry-authzen"),
        (Some(TOKEN), vec![], "PDP_TOKEN=TOKEN tenantry-authzen"),
        (Some(TOKEN), vec![file, file], "PDP_TOKEN=TOKEN tenantry-authzen"),
        (Some(TOKEN), vec!["--loud", file], "PDP_TOKEN=TOKEN tenantry-authzen"),
    ] {
        let said = Served::refused(token, &words)?;
        assert!(said.contains(why), "{token:?} {words:?}: {said}");
    }
    assert!(!nowhere.exists(), "no store is made");
    Ok(())
}
