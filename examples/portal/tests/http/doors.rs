//! Who comes in, from where, under which name.

use axum::http::header;

use crate::at_the_portal;
use crate::guest::{Form, Guest};

#[test]
fn a_cookie_comes_with_the_door_alone() {
    at_the_portal(|site| async move {
        let asks = [
            ("GET", "/nope", None),
            ("GET", "/requests", None),
            ("PUT", "/", None),
            ("POST", "/leave", None),
            ("POST", "/", Some("cross-site")),
            ("GET", "/", Some("cross-site")),
            ("GET", "/", Some("same-site")),
            ("GET", "/style.css", None),
        ];
        for (method, path, from) in asks {
            let headers: Vec<_> = from.iter().map(|from| ("sec-fetch-site", *from)).collect();
            let answer = Guest::at(&site).asks(method, path, &headers, "").await?;
            assert!(!answer.headers.contains_key(header::SET_COOKIE), "{method} {path} {from:?}");
        }
        let answer = Guest::at(&site).asks("GET", "/", &[], "").await?;
        assert!(answer.headers.contains_key(header::SET_COOKIE));
        // Whom another site leads here goes on by themselves.
        let answer = Guest::at(&site).asks("GET", "/", &[("sec-fetch-site", "cross-site")], "").await?;
        answer.says("Go on").does_not_say("Enter as");
        Ok(())
    });
}

#[test]
fn nobody_at_the_door_throws_anybody_out() {
    at_the_portal(|site| async move {
        let klara = Guest::at(&site);
        klara.enters_as("Klara").await?;
        for _ in 0..1_100 {
            Guest::at(&site).asks("GET", "/nope", &[], "").await?;
        }
        for _ in 0..40 {
            Guest::at(&site).enters_as("Ada").await?;
        }
        assert_eq!(klara.asks("GET", "/requests", &[], "").await?.status.as_u16(), 200);
        // Who has not come in is led to the door; a program is told.
        let stranger = Guest::at(&site);
        assert_eq!(stranger.asks("GET", "/requests", &[], "").await?.leads_to().as_deref(), Some("/"));
        let told = stranger.asks("GET", "/requests", &[("accept", "application/json")], "").await?;
        assert_eq!(told.status.as_u16(), 401, "{}", told.page);
        // A cookie that nobody signed is none.
        let made_up = format!("visit={}", "0".repeat(64));
        let answer = stranger.asks("GET", "/", &[("cookie", &made_up)], "").await?;
        assert!(answer.headers.contains_key(header::SET_COOKIE));
        Ok(())
    });
}

#[test]
fn the_service_answers_to_its_own_names_alone() {
    at_the_portal(|site| async move {
        let port = site.rsplit(':').next().unwrap_or_default().to_owned();
        let guest = Guest::at(&site);
        for (host, status) in [
            (format!("evil.example:{port}"), 421),
            ("evil.example".to_owned(), 421),
            (format!("localhost.evil.example:{port}"), 421),
            (format!("127.0.0.1@evil.example:{port}"), 421),
            (format!("localhost:{port}"), 200),
            (format!("[::1]:{port}"), 200),
            ("Portal.Example".to_owned(), 200),
        ] {
            let answer = guest.asks("GET", "/", &[("host", &host)], "").await?;
            assert_eq!(answer.status.as_u16(), status, "{host}");
        }
        // A form says where it was made, and that is here.
        let door = guest.reads("/").await?;
        for (origin, status) in
            [("http://evil.example", 403), ("null", 403), ("http://127.0.0.1:1", 403), (&*site, 303)]
        {
            let form = door.form("Enter as Ada<")?;
            let body = serde_urlencoded::to_string(&form.fields)?;
            let answer = guest.asks("POST", &form.action, &[("origin", origin)], &body).await?;
            assert_eq!(answer.status.as_u16(), status, "{origin}");
        }
        Ok(())
    });
}

#[test]
fn an_invitation_that_is_answered_is_at_the_door_no_longer() {
    at_the_portal(|site| async move {
        let (ada, guest) = (Guest::at(&site), Guest::at(&site));
        let home = ada.enters_as("Ada").await?;
        let at = crate::place_in(&home)?;
        let people = ada.reads(&format!("/at/{at}/people")).await?;
        let form = people.form(">Invite<")?.with("email", "ida@northwind.example").with("role", "read_only");
        ada.sends(form.with("name", "Ida")).await?.says("The invitation is on its way.");
        let mut door = guest.reads("/").await?;
        while !door.page.contains("Invited, and not here yet") {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            door = guest.reads("/").await?;
        }
        let letter = door.page.split("/invitations/").nth(1).and_then(|rest| rest.get(..36));
        let path = format!("/invitations/{}", letter.ok_or("a letter is at the door")?);
        let form = guest.reads(&path).await?.form("Accept<")?.with("email", "ida@northwind.example");
        for answer in ["nope", ""] {
            let refused = guest.posts(&Form::again(&form).with("answer", answer)).await?;
            assert_eq!(refused.status.as_u16(), 422, "{answer}");
        }
        guest.sends(form.with("answer", "decline")).await?.does_not_say("Invited, and not here yet");
        guest.reads(&path).await?.says("It is settled").does_not_say("Accept<");
        Ok(())
    });
}
