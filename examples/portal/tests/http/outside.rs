//! Asked from outside: addresses and forms that somebody makes up, or that another page makes for
//! them.

use crate::guest::{Form, Guest};
use crate::{Trouble, at_the_portal, customer, place_in};

const SCRIPT: &str = "<script>alert(1)</script>";

/// Who has something, and what.
struct Story {
    ada: Guest,
    klara: Guest,
    rita: Guest,
    northwind: String,
    bakery: String,
    depot: String,
    licence: String,
}

impl Story {
    async fn at(site: &str) -> Result<Self, Trouble> {
        let (ada, klara, rita) = (Guest::at(site), Guest::at(site), Guest::at(site));
        let northwind = place_in(&ada.enters_as("Ada").await?)?;
        klara.enters_as("Klara").await?;
        let depot = place_in(&rita.enters_as("Rita").await?)?;
        let bakery = customer(&ada, &northwind, "BK-200").await?;
        let list = ada.reads(&format!("/at/{bakery}/licences")).await?;
        let licence = list.page.split("/licences/").filter_map(|rest| rest.get(..36));
        let licence = licence.filter(|id| id.parse::<uuid::Uuid>().is_ok()).last();
        let licence = licence.ok_or("there is a licence on the list")?.to_owned();
        Ok(Self { ada, klara, rita, northwind, bakery, depot, licence })
    }

    /// What is to be read of all that the forms below would change.
    async fn stands(&self) -> Result<Vec<String>, Trouble> {
        let licences = self.ada.reads(&format!("/at/{}/licences", self.bakery)).await?;
        let seats = self.klara.reads(&format!("/at/{}/licences/{}", self.bakery, self.licence)).await?;
        let clients = self.ada.reads(&format!("/at/{}/clients", self.northwind)).await?;
        let listed = self.rita.reads(&format!("/at/{}/listing/{}", self.depot, self.bakery)).await?;
        let alerts = self.ada.reads(&format!("/at/{}/alerts", self.bakery)).await?;
        // The ids of forms and the places that they were read at are others each time.
        let plain = |page: String| {
            let tags = page.split('<').filter(|tag| !tag.starts_with("input type=\"hidden\""));
            tags.collect::<Vec<_>>().join("<")
        };
        let all = [licences, seats, clients, listed, alerts];
        Ok(all.map(|answer| plain(answer.page)).into())
    }

    /// A form of each kind, filled in, by those whose it is.
    async fn forms(&self) -> Result<Vec<(&Guest, Form)>, Trouble> {
        let bakery = format!("/at/{}", self.bakery);
        let buy = self.ada.reads(&format!("{bakery}/licences")).await?.form("Buy licence<")?;
        let seats = self.klara.reads(&format!("{bakery}/licences/{}", self.licence)).await?;
        let client = self.ada.reads(&format!("/at/{}/clients/add", self.northwind)).await?;
        let listed = self.rita.reads(&format!("/at/{}/listing/{}", self.depot, self.bakery)).await?;
        let alerts = self.klara.reads(&format!("{bakery}/alerts")).await?.form("Save battery<")?;
        let client = client.form("Domain prefix")?.with("name", "Quay Side").with("management", "fully");
        Ok(vec![
            (&self.ada, buy.with("service", "enrollment").with("seats", "2")),
            (&self.klara, seats.form("Assign seats<")?.and("device", "SN-OVEN-1")),
            (&self.ada, client.with("services", "manage")),
            (&self.rita, listed.form("Save reference<")?.with("reference", "Other")),
            (&self.rita, listed.form(">Upload<")?.with("devices", "SN-OUTSIDE-1")),
            (&self.klara, alerts.with("audience", "group_managers")),
        ])
    }
}

#[test]
fn a_form_of_no_page_of_the_visit_changes_nothing() {
    at_the_portal(|site| async move {
        let story = Story::at(&site).await?;
        let before = story.stands().await?;
        let stranger = Guest::at(&site);
        stranger.enters_as("Léa").await?;
        let others = stranger.crafts("/", &[]).await?.get("token").to_owned();
        for (guest, form) in story.forms().await? {
            let mut none = Form::again(&form);
            none.fields.retain(|(name, _)| name != "token");
            for forged in [none, Form::again(&form).with("token", &others)] {
                assert_eq!(guest.posts(&forged).await?.status.as_u16(), 403, "{}", form.action);
            }
            let body = serde_urlencoded::to_string(&form.fields)?;
            for (header, says) in [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example")] {
                let answer = guest.asks("POST", &form.action, &[(header, says)], &body).await?;
                assert_eq!(answer.status.as_u16(), 403, "{} {header}", form.action);
            }
            for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
                let answer = guest.asks("POST", &form.action, &[("content-type", kind)], &body).await?;
                assert_eq!(answer.status.as_u16(), 400, "{} {kind}", form.action);
            }
            for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
                let answer = guest.asks(method, &format!("{}?{body}", form.action), &[], "").await?;
                assert_eq!(answer.status.as_u16(), 405, "{method} {}", form.action);
                assert_eq!(answer.headers.get("allow").map(|it| it.as_bytes()), Some(&b"POST"[..]));
            }
        }
        assert_eq!(story.stands().await?, before);
        Ok(())
    });
}

#[test]
fn whose_it_is_not_finds_neither_pages_nor_forms() {
    at_the_portal(|site| async move {
        let story = Story::at(&site).await?;
        let before = story.stands().await?;
        let forms = story.forms().await?;
        for name in ["Léa", "Pia", "Rita", "Klara"] {
            let guest = Guest::at(&site);
            guest.enters_as(name).await?;
            let is_theirs = |path: &str| match name {
                "Rita" => path.contains(&story.depot),
                "Klara" => path.contains(&format!("/at/{}", story.bakery)),
                _ => false,
            };
            let pages = [
                format!("/at/{}/licences", story.bakery),
                format!("/at/{}/licences/{}", story.bakery, story.licence),
                format!("/at/{}/licences?as_of=2026-01-01T00:00", story.northwind),
                format!("/at/{}/listing/{}", story.depot, story.bakery),
                format!("/at/{}/listing/customers.csv?tenant={}", story.depot, story.bakery),
                format!("/at/{}/clients/add", story.northwind),
            ];
            for page in pages.iter().filter(|page| !is_theirs(page)) {
                for method in ["GET", "HEAD"] {
                    let answer = guest.asks(method, page, &[], "").await?;
                    assert_eq!(answer.status.as_u16(), 404, "{name} {method} {page}");
                }
            }
            let token = guest.crafts("/", &[]).await?.get("token").to_owned();
            for (_, form) in forms.iter().filter(|(_, form)| !is_theirs(&form.action)) {
                let form = Form::again(form).with("token", &token).with("sure", "yes");
                assert_eq!(guest.posts(&form).await?.status.as_u16(), 404, "{name} {}", form.action);
            }
        }
        assert_eq!(story.stands().await?, before);
        Ok(())
    });
}

#[test]
fn ids_of_another_kind_lead_nowhere() {
    at_the_portal(|site| async move {
        let story = Story::at(&site).await?;
        let before = story.stands().await?;
        let Story { ada, klara, rita, northwind, bakery, depot, licence } = &story;
        for (guest, page) in [
            (ada, format!("/at/{bakery}/licences/{bakery}")),
            (ada, format!("/at/{bakery}/licences/nonsense")),
            (ada, format!("/at/{northwind}/licences/{licence}")),
            (ada, format!("/at/{licence}/licences")),
            (rita, format!("/at/{depot}/listing/{licence}")),
            (rita, format!("/at/{depot}/listing/nonsense")),
            (ada, format!("/at/{northwind}/listing/{bakery}")),
        ] {
            assert_eq!(guest.reads(&page).await?.status.as_u16(), 404, "{page}");
        }
        // A licence that serves somebody else is not there, whatever one may do with it where it
        // is.
        let seats = [("what", "assign"), ("device", "SN-OVEN-1")];
        let form = ada.crafts(&format!("/at/{northwind}/licences/{licence}/seats"), &seats).await?;
        assert_eq!(ada.posts(&form).await?.status.as_u16(), 404);

        let forms = story.forms().await?;
        let of = |end: &str| forms.iter().find(|(_, form)| form.action.ends_with(end));
        let mended: [(&str, &str, &str, u16); 19] = [
            ("/licences/buy", "buyer", "nonsense", 422),
            ("/licences/buy", "buyer", licence, 404),
            ("/licences/buy", "buyer", depot, 404),
            ("/licences/buy", "service", SCRIPT, 422),
            ("/licences/buy", "service", "nonsense", 422),
            ("/licences/buy", "seats", "-1", 422),
            ("/licences/buy", "expires", "soon", 422),
            ("/seats", "device", SCRIPT, 422),
            ("/seats", "device", "SN-NOBODYS", 409),
            ("/seats", "what", "nonsense", 422),
            ("/clients/new", "collector", "nonsense", 422),
            ("/clients/new", "request", "nonsense", 422),
            ("/reference", "reference", "\u{202e}", 422),
            ("/uploads/new", "to", licence, 409),
            ("/alerts/battery", "keep", "nonsense", 422),
            ("/alerts/battery", "additional", "nonsense", 422),
            ("/alerts/battery", "additional", bakery, 404),
            ("/alerts/battery", "was keep", bakery, 409),
            ("/alerts/battery", "seen", "nonsense", 422),
        ];
        let mut told = Vec::new();
        for (end, name, says, _) in mended {
            let (guest, form) = of(end).ok_or(end)?;
            let answer = guest.posts(&Form::again(form).with(name, says)).await?;
            answer.does_not_say("<script");
            told.push((end, name, says, answer.status.as_u16()));
        }
        assert_eq!(told, mended);
        let elsewhere = klara.crafts(&format!("/at/{bakery}/alerts/nonsense"), &[]).await?;
        assert!(klara.posts(&elsewhere).await?.status.is_client_error());
        assert_eq!(story.stands().await?, before);

        // Of whom the rule does not say that people of theirs get it, nobody is kept.
        let (_, form) = of("/alerts/battery").ok_or("there is such a form")?;
        klara.sends(Form::again(form).with("keep", northwind)).await?.says("The recipients are saved.");
        ada.reads(&format!("/at/{bakery}/alerts")).await?.does_not_say("Keep ");
        Ok(())
    });
}

#[test]
fn names_are_text_whatever_they_say() {
    at_the_portal(|site| async move {
        let story = Story::at(&site).await?;
        let Story { ada, klara, rita, northwind, bakery, depot, .. } = &story;
        let read = "&lt;script&gt;alert(1)&lt;/script&gt;";
        let form = ada.reads(&format!("/at/{northwind}/integrations")).await?.form("Add integration<")?;
        ada.sends(form.with("name", SCRIPT).with("kind", "collector")).await?.says("is added");
        for (guest, at) in [(ada, northwind), (klara, bakery)] {
            let form = guest.reads(&format!("/at/{at}/overview")).await?.form("\"was name\"")?;
            guest.sends(form.with("name", SCRIPT)).await?.says("The profile is saved.");
        }
        let alerts = format!("/at/{bakery}/alerts");
        let form = klara.reads(&alerts).await?.form("Save battery<")?;
        klara.sends(form.with("email", "ada@northwind.example")).await?.says("The recipients are saved.");
        for (guest, page, says) in [
            (ada, format!("/at/{northwind}/clients/add"), format!("Share {read}")),
            (ada, format!("/at/{bakery}/licences"), read.to_owned()),
            (klara, format!("/at/{bakery}/licences"), read.to_owned()),
            (klara, alerts, format!("Keep people of {read}")),
            (rita, format!("/at/{depot}/listing/{bakery}"), read.to_owned()),
        ] {
            let answer = guest.reads(&page).await?;
            assert_eq!(answer.status.as_u16(), 200, "{page}");
            answer.does_not_say("<script").says(&says);
        }
        Ok(())
    });
}

#[test]
fn however_much_is_sent_is_refused_or_done_as_a_whole() {
    at_the_portal(|site| async move {
        let story = Story::at(&site).await?;
        let before = story.stands().await?;
        let many = (0..20_000).map(|one| format!("SN-{one}")).collect::<Vec<_>>().join(",");
        let forms = story.forms().await?;
        for (end, name, says) in [
            ("/seats", "typed", &*many),
            ("/reference", "reference", &*"x".repeat(1_000_000)),
            ("/clients/new", "name", &*"x".repeat(1_000_000)),
            ("/licences/buy", "seats", &*"9".repeat(1_000_000)),
            ("/alerts/battery", "email", &*"x".repeat(1_000_000)),
        ] {
            let (guest, form) = forms.iter().find(|(_, form)| form.action.ends_with(end)).ok_or(end)?;
            let answer = guest.posts(&Form::again(form).with(name, says)).await?;
            assert!(answer.status.is_client_error(), "{end} {name}: {}", answer.status);
            assert!(answer.page.len() < 100_000, "{end} {name}: {}", answer.page.len());
        }
        assert_eq!(story.stands().await?, before);
        Ok(())
    });
}
