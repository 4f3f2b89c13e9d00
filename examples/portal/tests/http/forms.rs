//! What becomes of a form: once, as it was looked at, and only of what it says.

use crate::guest::{Form, Guest};
use crate::{at_the_portal, customer, place_in};

#[test]
fn what_is_confirmed_is_what_was_looked_at() {
    at_the_portal(|site| async move {
        let (ada, klara) = (Guest::at(&site), Guest::at(&site));
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let bakery = customer(&ada, &at, "BK-200").await?;
        let account = ada.reads(&format!("/at/{at}/customers/{bakery}/account")).await?;
        let look = ada.sends(account.form(">Delink<")?).await?;
        look.says("Nobody's rights change by this");

        klara.enters_as("Klara").await?;
        let own = klara.reads(&format!("/at/{bakery}/managers")).await?;
        let theirs = klara.sends(own.form("Ask to delink<")?).await?;
        // What happens elsewhere makes nothing stale.
        let people = ada.reads(&format!("/at/{at}/integrations")).await?;
        ada.sends(people.form("Add integration<")?.with("name", "Bridge").with("kind", "psa")).await?;
        let asked = klara.sends(theirs.form("Confirm<")?).await?;
        asked.says("The MSP was asked to part.").says("Delink request by customer");

        // The two requests would cross, and end the link: that is shown before it is done.
        let anew = ada.sends(look.form("Confirm<")?).await?;
        anew.says("Nothing was done yet.").says("Link ended").does_not_say("Nobody's rights change by this");
        klara.reads(&format!("/at/{bakery}/managers")).await?.says("Delink request by customer");
        let form = anew.form("Confirm<")?;
        let twice = Form::again(&form);
        ada.sends(form).await?.says("You have parted.").does_not_say("The customer was asked to part.");
        ada.sends(twice).await?.says("You have parted.");
        Ok(())
    });
}

#[test]
fn nothing_that_is_to_be_looked_at_is_done_unseen() {
    at_the_portal(|site| async move {
        let ada = Guest::at(&site);
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let bakery = customer(&ada, &at, "BK-200").await?;
        let action = format!("/at/{at}/customers/{bakery}/delink");
        let form = ada.crafts(&action, &[("what", "request"), ("sure", "yes")]).await?;
        ada.sends(form).await?.says("What would follow");
        for sure in ["no", "0", ""] {
            let form = ada.crafts(&action, &[("what", "request"), ("sure", sure)]).await?;
            assert_eq!(ada.posts(&form).await?.status.as_u16(), 422, "{sure}");
        }
        ada.reads(&format!("/at/{at}/customers?text=BK-200")).await?.says(">Active");
        Ok(())
    });
}

#[test]
fn a_form_that_was_sent_before_is_there_anew() {
    at_the_portal(|site| async move {
        let ada = Guest::at(&site);
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let page = ada.reads(&format!("/at/{at}/integrations")).await?;
        let form = page.form("Add integration<")?.with("name", "First").with("kind", "psa");
        let second = Form::again(&form).with("name", "Second");
        ada.sends(form).await?.says("The integration is added.");
        let anew = ada.sends(second).await?;
        anew.says("This form was sent before").says("Second").does_not_say("Request id");
        let list = ada.sends(anew.form("Send it once more<")?).await?;
        list.says("The integration is added.").says("First").says("Second");
        Ok(())
    });
}

#[test]
fn a_form_saves_what_it_changes_and_nothing_that_others_changed_meanwhile() {
    at_the_portal(|site| async move {
        let (ada, klara) = (Guest::at(&site), Guest::at(&site));
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let bakery = customer(&ada, &at, "BK-200").await?;
        let open = ada.reads(&format!("/at/{at}/customers/{bakery}/account")).await?;
        klara.enters_as("Klara").await?;
        let own = klara.reads(&format!("/at/{bakery}/overview")).await?;
        let form = own.form("\"was name\"")?;
        klara.sends(form.with("name", "Klein & Tochter").with("phone", "+49 30 1")).await?;
        let form = open.form("\"was name\"")?;
        ada.sends(form.with("website", "https://klein.example")).await?;
        let own = klara.reads(&format!("/at/{bakery}/overview")).await?;
        let form = own.form("\"was name\"")?;
        assert_eq!((form.get("name"), form.get("website")), ("Klein & Tochter", "https://klein.example"),);
        assert!(!form.get("phone").is_empty());
        let emptied = klara.posts(&Form::again(&form).with("name", "")).await?;
        assert_eq!(emptied.status.as_u16(), 422, "{}", emptied.page);
        klara.sends(form).await?.says("You have changed nothing.");

        // What is set as a whole is refused where it is another by now.
        let page = format!("/at/{bakery}/managers");
        let (old, new) = (klara.reads(&page).await?, klara.reads(&page).await?);
        let none = |mut form: Form| {
            form.fields.retain(|(name, _)| name != "grants");
            form
        };
        klara.sends(none(new.form("Save permissions<")?)).await?.says("permissions are saved.");
        let refused = klara.sends(old.form("Save permissions<")?).await?;
        assert_eq!(refused.status.as_u16(), 409, "{}", refused.page);
        refused.says("somebody else has changed this");
        Ok(())
    });
}

#[test]
fn what_a_form_cannot_say_is_refused() {
    at_the_portal(|site| async move {
        let ada = Guest::at(&site);
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let user = ada.reads("/").await?.form("Enter as Nils<")?.get("user").to_owned();
        let here = |path: &str| format!("/at/{at}/{path}");
        let id = uuid::Uuid::new_v4().to_string();
        let (id, user, own) = (&*id, &*user, &*at);
        let crafted: [(String, Vec<(&str, &str)>); 8] = [
            ("/requests/answer".to_owned(), vec![("kind", "link"), ("id", id), ("answer", "nope")]),
            ("/requests/answer".to_owned(), vec![("kind", "link"), ("id", id)]),
            ("/requests/answer".to_owned(), vec![("kind", "nope"), ("id", id), ("answer", "accept")]),
            ("/requests/asked".to_owned(), vec![("kind", "link"), ("id", id), ("what", "nope")]),
            (here("people/user"), vec![("user", user), ("what", "nope")]),
            (here("people/user"), vec![("user", user), ("what", "remove"), ("sure", "no")]),
            (here("clients/act"), vec![("tenant", own), ("what", "nope")]),
            (here("clients/new"), vec![("kind", "nope"), ("name", "Nope"), ("management", "fully")]),
        ];
        for (action, fields) in crafted {
            let answer = ada.posts(&ada.crafts(&action, &fields).await?).await?;
            assert_eq!(answer.status.as_u16(), 422, "{action} {fields:?}: {}", answer.page);
        }
        for query in ["sort=nope", "status=nope", "descending=no", "devices=x"] {
            let answer = ada.reads(&here(&format!("customers?{query}"))).await?;
            assert_eq!(answer.status.as_u16(), 422, "{query}: {}", answer.page);
            answer.does_not_say("invalid digit");
        }
        // What is no UTF-8 is no text, and nothing of it is kept.
        let form = ada.reads(&here("integrations")).await?.form("Add integration<")?;
        let mut body = serde_urlencoded::to_string(form.with("kind", "psa").with("name", "x").fields)?;
        body.push_str("%ff%fe");
        let answer = ada.asks("POST", &here("integrations/new"), &[], &body).await?;
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.page);
        let answer = ada.asks("PUT", &here("integrations/new"), &[], "").await?;
        assert_eq!(answer.status.as_u16(), 405);
        answer.says("What to do");
        Ok(())
    });
}
