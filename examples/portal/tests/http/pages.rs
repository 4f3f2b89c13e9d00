//! Pages of now, of then, and what is done on them.

use crate::guest::Guest;
use crate::{at_the_portal, customer, place_in};
use tenantry::engine::{Clock, SystemClock};

#[test]
fn the_past_stays_the_past_and_is_looked_at_only() {
    at_the_portal(|site| async move {
        let (rita, ada) = (Guest::at(&site), Guest::at(&site));
        let moment =
            |days| SystemClock.now().minus_days(days).to_string().chars().take(16).collect::<String>();
        let then = moment(50);
        let listing = rita.enters_as("Rita").await?;
        let depot = place_in(&listing)?;
        let early = format!("/at/{depot}/listing/customers.csv?as_of={}", moment(44));
        let now = rita.reads(&format!("/at/{depot}/listing/customers.csv")).await?;
        let past = rita.reads(&early).await?;
        assert_eq!((now.status.as_u16(), past.status.as_u16()), (200, 200), "{}", past.page);
        rita.reads(&format!("/at/{depot}/listing?as_of={}", moment(44))).await?.says("customers.csv?as_of=");
        // The depot was not there yet, nor was she.
        let before = rita.reads(&format!("/at/{depot}/listing?as_of={then}")).await?;
        before.says("you were not here yet").does_not_say("there is no user");

        let at = place_in(&ada.enters_as("Ada").await?)?;
        for page in ["customers", "clients", "people", "integrations", "overview", "access"] {
            let page = ada.reads(&format!("/at/{at}/{page}?as_of={then}")).await?;
            page.says("This is how it stood");
            let filters = page.forms("class=\"filter\"").into_iter().chain(page.forms("role=\"search\""));
            for form in filters {
                assert_eq!(form.get("as_of"), then, "{}", page.page);
            }
            let live: Vec<_> = page.forms("name=\"token\"").into_iter().map(|form| form.action).collect();
            assert_eq!(live, ["/leave"]);
        }
        for page in ["/requests", "/letters"] {
            let answer = ada.reads(&format!("{page}?as_of={then}")).await?;
            answer.says("this page shows only what is now").does_not_say("This is how it stood");
        }
        for page in ["customers/add", "clients/add"] {
            let answer = ada.reads(&format!("/at/{at}/{page}?as_of={then}")).await?;
            assert_eq!(answer.status.as_u16(), 422, "{}", answer.page);
        }
        Ok(())
    });
}

#[test]
fn s1_devices_go_on_to_a_fully_managed_customer() {
    at_the_portal(|site| async move {
        let ada = Guest::at(&site);
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let books = customer(&ada, &at, "TD-300").await?;
        let overview = ada.reads(&format!("/at/{at}/overview")).await?;
        let form = overview.form("Move devices<")?.and("device", "SN-READER-2").with("to", &books);
        ada.sends(form).await?.says("The devices are moved.");
        ada.reads(&format!("/at/{books}/overview")).await?.says("SN-READER-2");
        Ok(())
    });
}

#[test]
fn l6_a_service_is_added_and_what_is_asked_is_reminded_of_and_taken_back() {
    at_the_portal(|site| async move {
        let ada = Guest::at(&site);
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let bakery = customer(&ada, &at, "BK-200").await?;
        let account = ada.reads(&format!("/at/{at}/customers/{bakery}/account")).await?;
        let form = account.form("Add services<")?.and("services", "configure");
        ada.sends(form).await?.says("The customer is asked.");
        let asked = ada.reads("/requests").await?;
        let form = asked.forms("value=\"proposal\"").into_iter().next().ok_or("it can be reminded of")?;
        let asked = ada.sends(form.with("what", "resend")).await?;
        let form = asked.says("They were reminded.").form("Take back<")?;
        ada.sends(form).await?.says("You have taken it back.");

        // Of a customer that is fully managed nobody is asked, and nobody parts.
        let books = customer(&ada, &at, "TD-300").await?;
        let account = ada.reads(&format!("/at/{at}/customers/{books}/account")).await?;
        account.does_not_say("Delink customer account");
        let form = account.form("Add services<")?.and("services", "enrollment");
        ada.sends(form).await?.says("You manage these as well from now on.");
        Ok(())
    });
}

#[test]
fn a_console_is_that_of_its_session() {
    at_the_portal(|site| async move {
        let ada = Guest::at(&site);
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let list = ada.reads(&format!("/at/{at}/customers?text=BK-200")).await?;
        let form = list.forms("/console\"").into_iter().find(|form| form.get("service") == "enrollment");
        let opened = ada.posts(&form.ok_or("a console can be opened")?).await?;
        let place = opened.leads_to().ok_or("it leads to the console")?;
        ada.reads(&place).await?.says("Enrollment console");
        let other = place.replace("/console/enrollment/", "/console/manage/");
        assert_eq!(ada.reads(&other).await?.status.as_u16(), 404);
        Ok(())
    });
}
