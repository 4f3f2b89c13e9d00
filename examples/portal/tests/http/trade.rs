//! What is bought, uploaded and shared.

use crate::guest::{Form, Guest};
use crate::{at_the_portal, customer, place_in};

#[test]
fn c1_licences_are_bought_and_their_seats_given_as_rights_allow() {
    at_the_portal(|site| async move {
        let (ada, nils, klara) = (Guest::at(&site), Guest::at(&site), Guest::at(&site));
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let bakery = customer(&ada, &at, "BK-200").await?;
        let here = format!("/at/{bakery}/licences");

        // Bought by the MSP for its customer, once it was looked at.
        let page = ada.reads(&here).await?;
        let form = page.form("Buy licence<")?.with("service", "enrollment").with("seats", "2");
        assert_eq!(form.get("buyer"), at);
        let look = ada.sends(form).await?;
        look.says("2 seats of Enrollment, for good. An MSP buys it.").says("Licence bought");
        let form = look.form("Leave it as it is")?;
        let twice = Form::again(&form);
        ada.sends(form).await?.says("The licence is bought.");
        let page = ada.sends(twice).await?;
        assert_eq!(page.page.matches(">Enrollment</a>").count(), 1, "{}", page.page);
        let other = ada.reads(&here).await?.form("Buy licence<")?.with("service", "enrollment");
        let other = other.with("seats", "1").with("expires", "2999-01-01T00:00").with("buyer", &bakery);
        let look = ada.sends(other).await?;
        look.says(
            "1 seat of Enrollment, until 2999-01-01 00:00 UTC. The organisation that it serves buys it.",
        );
        // Only what it manages, only so many, only what lies ahead.
        for (field, says, status) in [
            ("service", "configure", 403),
            ("seats", "0", 422),
            ("seats", "9999999999", 422),
            ("expires", "2020-01-01T00:00", 422),
        ] {
            let form = ada.reads(&here).await?.form("Buy licence<")?;
            let form = form.with("service", "enrollment").with("seats", "1").with(field, says);
            assert_eq!(ada.posts(&form).await?.status.as_u16(), status, "{field} {says}");
        }

        // Seats are the customer's to give as well, and to take back.
        klara.enters_as("Klara").await?;
        let list = klara.reads(&here).await?;
        list.says("Northwind IT").says("Buy a licence");
        let licence = list.page.split(&format!("{here}/")).nth(1).and_then(|rest| rest.get(..36));
        let licence = format!("{here}/{}", licence.ok_or("there is a licence on the list")?);
        let page = klara.reads(&licence).await?;
        let form = page.says("Licence for Enrollment").form("Assign seats<")?;
        let none = klara.posts(&form).await?;
        assert_eq!(none.status.as_u16(), 422, "{}", none.page);
        let all = ["SN-OVEN-1", "SN-OVEN-2", "SN-TILL-1"];
        let many = all.iter().fold(page.form("Assign seats<")?, |form, device| form.and("device", device));
        let refused = klara.posts(&many).await?;
        assert_eq!(refused.status.as_u16(), 409, "{}", refused.page);
        let given = klara.sends(page.form("Assign seats<")?.and("device", "SN-OVEN-1")).await?;
        let seated = given.says("The devices have seats now.").form("Release seats<")?;
        let found = klara.reads(&format!("{licence}?device=SN-T")).await?;
        found.says("SN-TILL-1").does_not_say("SN-OVEN-2");
        // A seat of one licence is not another's to release.
        let under = format!("{here}/");
        let others = list.page.split(&under).skip(1).filter_map(|rest| rest.get(..36));
        let other = others.map(|id| format!("{under}{id}")).find(|it| *it != licence);
        let other = klara.reads(&other.ok_or("there is another licence")?).await?;
        other.says("Licence for Manage").does_not_say("SN-OVEN-1").does_not_say("Release seats<");
        let freed = klara.sends(seated.and("device", "SN-OVEN-1")).await?;
        freed.says("The seats are free again.").does_not_say("Release seats<");

        // Who reads only, reads; who sees nothing of it, sees nothing.
        nils.enters_as("Nils").await?;
        nils.reads(&here).await?.says("Enrollment").does_not_say("Buy a licence");
        nils.reads(&licence).await?.says("SN-OVEN-1").does_not_say("Assign seats<");
        let form = [("what", "assign"), ("device", "SN-OVEN-1")];
        let form = nils.crafts(&format!("{licence}/seats"), &form).await?;
        assert_eq!(nils.posts(&form).await?.status.as_u16(), 403);
        let stranger = Guest::at(&site);
        let lune = place_in(&stranger.enters_as("Léa").await?)?;
        assert_eq!(stranger.reads(&licence).await?.status.as_u16(), 404);
        let elsewhere = licence.replace(&bakery, &lune);
        assert_eq!(stranger.reads(&elsewhere).await?.status.as_u16(), 404);
        let release = [("what", "release"), ("device", "SN-1")];
        let form = stranger.crafts(&format!("{elsewhere}/seats"), &release).await?;
        assert_eq!(stranger.posts(&form).await?.status.as_u16(), 404);
        Ok(())
    });
}

#[test]
fn v4_one_customer_of_a_reseller_has_its_uploads_and_what_is_left_of_them() {
    at_the_portal(|site| async move {
        let (rita, ada) = (Guest::at(&site), Guest::at(&site));
        let depot = place_in(&rita.enters_as("Rita").await?)?;
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let (bakery, books) = (customer(&ada, &at, "BK-200").await?, customer(&ada, &at, "TD-300").await?);
        let list = format!("/at/{depot}/listing");
        rita.reads(&list).await?.says(&format!("{list}/{bakery}"));

        // Uploaded to it, seen on its page, taken back.
        let page = rita.reads(&format!("{list}/{bakery}")).await?;
        page.says("Bäckerei Klein / Account 4711").says("NW-100").does_not_say("Take it off the list");
        let form = page.form(">Upload<")?;
        assert_eq!(form.get("to"), bakery);
        rita.sends(form.with("devices", "SN-NEW-1\nSN-NEW-2")).await?.says("The devices are uploaded.");
        let page = rita.reads(&format!("{list}/{bakery}")).await?;
        assert_eq!(page.page.matches(">Take back<").count(), 2, "{}", page.page);
        let look = rita.sends(page.form("Take back<")?).await?;
        rita.sends(look.says("Take an upload back").form("Leave it as it is")?).await?.says("is taken back");
        let page = rita.reads(&format!("{list}/{bakery}")).await?;
        assert_eq!(page.page.matches(">Take back<").count(), 1, "{}", page.page);

        // The file is of it alone, and its name is the reseller's own.
        let csv = rita.reads(&format!("{list}/customers.csv?tenant={bakery}&unused=yes")).await?;
        csv.says("Account 4711").does_not_say("Northwind IT");
        let form = page.form("Save reference<")?.with("reference", "<b>4712</b>");
        rita.sends(form).await?.says("Bäckerei Klein / &lt;b&gt;4712&lt;/b&gt;").does_not_say("Account 4711");

        // Who has devices by a move alone is not there, nor is anybody else's customer.
        for it in [&books, &depot, &uuid::Uuid::new_v4().to_string()] {
            assert_eq!(rita.reads(&format!("{list}/{it}")).await?.status.as_u16(), 404, "{it}");
        }
        assert_eq!(ada.reads(&format!("{list}/{bakery}")).await?.status.as_u16(), 404);
        // Of those without uploads one is taken off the list.
        let added = rita.reads(&list).await?.form("Submit<")?.with("number", "LV-810");
        let page = rita.sends(added).await?;
        let row =
            page.page.split("Librairie Verne").next().and_then(|before| before.rsplit_once("/listing/"));
        let lone = row.and_then(|(_, rest)| rest.get(..36)).ok_or("it is on the list")?.to_owned();
        let page = rita.reads(&format!("{list}/{lone}")).await?;
        let form = page.says("You have uploaded nothing to it.").form("Take it off the list")?;
        rita.sends(form).await?.says("It is off your list.").does_not_say("Librairie Verne");
        assert_eq!(rita.reads(&format!("{list}/{lone}")).await?.status.as_u16(), 404);
        Ok(())
    });
}

#[test]
fn s4_a_collector_is_shared_with_a_client_as_it_is_added() {
    at_the_portal(|site| async move {
        let ada = Guest::at(&site);
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let add = format!("/at/{at}/clients/add");
        let page = ada.reads(&add).await?;
        let collector = page.says("Share Collector Berlin").does_not_say("Share Service desk bridge");
        let collector =
            collector.page.split("\">Share Collector Berlin").next().and_then(|it| it.rsplit('"').next());
        let collector = collector.ok_or("it is on the page")?.to_owned();
        let form = page.form("Domain prefix")?.with("name", "Quay Side").with("management", "fully");
        let form = form.with("services", "manage").with("collector", &collector);
        let twice = Form::again(&form);
        ada.sends(form).await?.says("The client is added, and the collector is shared with it.");
        let list = ada.sends(twice).await?;
        list.says("The client is added, and the collector is shared with it.");
        let quay = customer(&ada, &at, "Quay").await?;
        ada.reads(&format!("/at/{quay}/integrations")).await?.says("Collector Berlin").says("(shared)");
        let list = ada.reads(&format!("/at/{at}/clients?text=Quay")).await?;
        assert_eq!(list.page.matches("Go to <bdi>Quay Side<").count(), 1, "{}", list.page);

        // They are two commands: of one that is refused the client is told apart.
        let form = ada.reads(&add).await?.form("Domain prefix")?.with("name", "Pier Side");
        let form = form.with("management", "fully").with("services", "manage");
        let form = form.with("collector", &uuid::Uuid::new_v4().to_string());
        ada.sends(form).await?.says("The collector is not shared with it: unknown integration.");
        let pier = customer(&ada, &at, "Pier+Side").await?;
        ada.reads(&format!("/at/{pier}/integrations")).await?.says("There are none.");
        // Of a client that is refused nothing is there.
        let form = ada.reads(&add).await?.form("Domain prefix")?.with("name", "Dock Side");
        let form = form.with("management", "nope").with("services", "manage").with("collector", &collector);
        assert_eq!(ada.posts(&form).await?.status.as_u16(), 422);
        ada.reads(&format!("/at/{at}/clients?text=Dock")).await?.does_not_say("Dock Side");
        Ok(())
    });
}

#[test]
fn a2_whoever_only_their_own_organisation_names_stays_a_recipient() {
    at_the_portal(|site| async move {
        let (klara, ada) = (Guest::at(&site), Guest::at(&site));
        let bakery = place_in(&klara.enters_as("Klara").await?)?;
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let page = format!("/at/{bakery}/alerts");
        let [us, ben, nils] = ["ada", "ben", "nils"].map(|name| format!("{name}@northwind.example"));
        for email in [&us, &ben] {
            let form = klara.reads(&page).await?.form("Save battery<")?.with("email", email);
            let saved = klara.sends(form).await?;
            saved.says("The recipients are saved.").says("Keep people of Northwind IT").does_not_say(email);
        }
        let form = klara.reads(&page).await?.form("Save battery<")?;
        let twice = form.with("audience", "group_managers");
        for form in [Form::again(&twice), twice] {
            klara.sends(form).await?.says("The recipients are saved.");
        }
        let theirs = ada.reads(&page).await?;
        theirs.says(&format!("Keep {us}")).says(&format!("Keep {ben}")).does_not_say(&format!("Keep {nils}"));

        // Whom their own side adds meanwhile is kept, too; what the form shows is another by then.
        let form = klara.reads(&page).await?.form("Save battery<")?;
        ada.sends(theirs.form("Save battery<")?.with("email", &nils))
            .await?
            .says("The recipients are saved.");
        klara.sends(form.with("audience", "all_admins")).await?.says("The recipients are saved.");
        let theirs = ada.reads(&page).await?;
        theirs.says(&format!("Keep {us}")).says(&format!("Keep {ben}")).says(&format!("Keep {nils}"));

        // They go together; and of whom one is not told there is nothing to keep.
        let none = |mut form: Form| {
            form.fields.retain(|(name, _)| name != "keep");
            form
        };
        let form = none(klara.reads(&page).await?.form("Save battery<")?);
        let late = klara.reads(&page).await?.form("Save battery<")?;
        klara.sends(form).await?.does_not_say("Keep people of");
        let late = klara.posts(&late).await?;
        assert_eq!(late.status.as_u16(), 409, "{}", late.page);
        let form = klara.reads(&page).await?.form("Save battery<")?.with("keep", &at);
        klara.sends(form).await?.says("The recipients are saved.").does_not_say("Keep people of");
        ada.reads(&page).await?.does_not_say("Keep ");
        Ok(())
    });
}
