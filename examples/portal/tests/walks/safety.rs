//! What a page never does, whoever has called themselves what.

use axum::body::Bytes;
use axum::http::{Method, Request, response};
use fantoccini::Locator;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::{Trouble, walk};

/// What a program gets.
pub(crate) async fn fetched(
    method: &str,
    address: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(response::Parts, String), Trouble> {
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes())?).uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let (parts, body) =
        client.request(request.body(Full::new(Bytes::from(body.to_owned())))?).await?.into_parts();
    Ok((parts, String::from_utf8(body.collect().await?.to_bytes().to_vec())?))
}

/// A name that is a script is read and not run; one that is written from right to left leaves what stands beside it in its
/// place; and nothing is asked of anywhere else.
#[test]
fn names_are_names() {
    walk("names", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.sees("<script>alert(1)</script> & Sons").await?;
        ada.presses("<script>alert(1)</script> & Sons").await?;
        ada.presses("Manage account").await?;
        let name = ada.field("Company name").await?.prop("value").await?;
        assert_eq!(name.as_deref(), Some("<script>alert(1)</script> & Sons"));
        ada.presses("Customers").await?;
        ada.types("Name or number", "MS-450").await?;
        ada.presses("Filter").await?;
        let row = ada.row("مخبز السلام").await?;
        assert_eq!(row[1..3], ["MS-450", "Fully managed"]);
        ada.presses("مخبز السلام").await?;
        ada.sees("Granted to you").await?;
        ada.shoots("right-to-left").await?;
        let script = "return performance.getEntries().filter(it => it.name.startsWith('http') \
                      && !it.name.startsWith(location.origin)).map(it => it.name);";
        assert_eq!(ada.says(script).await?, serde_json::json!([]));
        Ok(())
    });
}

/// On a narrow screen nothing is cut off, and each cell says what it is.
#[test]
fn a_narrow_screen_is_wide_enough() {
    walk("narrow", |ada| async move {
        ada.window.set_window_rect(0, 0, 500, 900).await?;
        ada.enters_as("Ada").await?;
        ada.shoots("list").await?;
        let fits = async |page: &str| {
            ada.sees(page).await?;
            let script = "const it = document.documentElement; return it.scrollWidth - it.clientWidth;";
            let over = ada.says(script).await?;
            assert!(over.as_i64().is_some_and(|over| over <= 0), "{page} is {over} pixels too wide");
            Ok::<_, Trouble>(())
        };
        for page in ["Customers", "Clients", "Admins and roles", "Alerts", "Audit", "Access", "Overview"] {
            ada.presses(page).await?;
            fits(page).await?;
        }
        ada.goes_to("Bäckerei Klein").await?;
        ada.presses("Licences").await?;
        fits("Buy a licence").await?;
        ada.presses("Manage").await?;
        fits("Devices without one").await?;
        ada.shoots("licence").await?;
        ada.enters_as("Rita").await?;
        ada.presses("Bäckerei Klein / Account 4711").await?;
        fits("What you have uploaded to it").await?;
        ada.shoots("listed").await?;
        Ok(())
    });
}

/// A form of another site is refused, and one without its token; a program is answered as RFC 9457 has it; whoever may not
/// see something is not told that it is there; and every answer has its headers.
#[test]
fn foreign_forms_and_foreign_places_are_refused() {
    walk("foreign", |nils| async move {
        nils.enters_as("Nils").await?;
        nils.sees("Number NW-100").await?;
        let cookie = nils.cookie().await?;
        let form = ("content-type", "application/x-www-form-urlencoded");
        let json = ("accept", "application/json");
        let leave = format!("{}/leave", nils.site);
        let asked = [("cookie", &*cookie), form, json];
        let (head, problem) =
            fetched("POST", &leave, &asked, "token=00000000-0000-0000-0000-000000000000").await?;
        assert_eq!(
            (head.status.as_u16(), &head.headers["content-type"]),
            (403, &"application/problem+json".parse()?)
        );
        assert!(problem.contains("\"type\":\"urn:tenantry:foreign_form\""), "{problem}");
        let token = nils.window.find(Locator::Css("[name=token]")).await?.prop("value").await?;
        let token = format!("token={}", token.unwrap_or_default());
        let asked = [("cookie", &*cookie), form, json, ("sec-fetch-site", "cross-site")];
        let (head, _) = fetched("POST", &leave, &asked, &token).await?;
        assert_eq!(head.status.as_u16(), 403);

        // What he sees, and may not list; and what he is not told of: of an MSP that there is, and of one that there is not.
        let own = nils.window.current_url().await?.path().replace("overview", "customers");
        let (head, problem) =
            fetched("GET", &format!("{}{own}", nils.site), &[("cookie", &cookie), json], "").await?;
        assert_eq!(head.status.as_u16(), 403, "{problem}");
        assert!(problem.contains("\"number\":308"), "{problem}");
        nils.enters_as("Hana").await?;
        nils.presses("Overview").await?;
        let foreign = nils.window.current_url().await?.path().to_owned();
        nils.enters_as("Nils").await?;
        let nowhere = format!("/at/{}/overview", uuid::Uuid::new_v4());
        let mut told = Vec::new();
        for place in [foreign, nowhere] {
            nils.window.goto(&format!("{}{place}", nils.site)).await?;
            nils.sees("here is nothing here, or nothing that you may see").await?;
            told.push(nils.reads().await?);
        }
        assert_eq!(told[0], told[1]);
        nils.shoots("nothing").await?;

        let (head, _) = fetched("GET", &format!("{}/", nils.site), &[], "").await?;
        let policy = head.headers["content-security-policy"].to_str()?;
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("script-src") && !policy.contains("http"), "{policy}");
        for name in
            ["x-content-type-options", "referrer-policy", "cache-control", "cross-origin-opener-policy"]
        {
            assert!(head.headers.contains_key(name), "{name}");
        }
        assert!(head.headers["set-cookie"].to_str()?.contains("HttpOnly; SameSite=Lax"));
        Ok(())
    });
}

/// A button that is pressed twice does one thing once: the form is sent with the id of its request.
#[test]
fn a_form_that_is_sent_twice_does_one_thing() {
    walk("twice", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.presses("Integrations").await?;
        let page = ada.window.current_url().await?;
        let cookie = ada.cookie().await?;
        let mut fields = Vec::new();
        for name in ["token", "request"] {
            let path = format!("//form[contains(@action, '/integrations/new')]//input[@name='{name}']");
            let field = ada.window.find(Locator::XPath(&path)).await?;
            fields.push(format!("{name}={}", field.prop("value").await?.unwrap_or_default()));
        }
        fields.push("name=Ticket+bridge&kind=psa".to_owned());
        for _ in 0..2 {
            let form = ("content-type", "application/x-www-form-urlencoded");
            let (head, told) =
                fetched("POST", &format!("{page}/new"), &[("cookie", &cookie), form], &fields.join("&"))
                    .await?;
            assert_eq!(head.status.as_u16(), 303, "{told}");
        }
        ada.window.goto(page.as_str()).await?;
        let rows = ada.rows().await?;
        assert_eq!(rows.iter().filter(|row| *row == "Ticket bridge").count(), 1, "{rows:?}");
        Ok(())
    });
}
