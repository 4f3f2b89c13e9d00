//! The reseller's portal, and who gets alerts.

use fantoccini::Locator;

use crate::safety::fetched;
use crate::walk;

/// S1: the list shows company name with internal reference, number, country, last upload, uploads, devices and status; of a
/// customer that an MSP manages the MSP's number; devices that were uploaded to an MSP under the MSP's name, though some
/// have gone on to a customer. The same comes as CSV.
#[test]
fn a_reseller_sees_whom_it_uploaded_to_and_takes_it_along_as_csv() {
    walk("reseller", |rita| async move {
        rita.enters_as("Rita").await?;
        let row = rita.row("Bäckerei Klein / Account 4711").await?;
        assert_eq!((&*row[1], &*row[2]), ("NW-100", "DE"));
        assert_eq!(row[4..], ["1", "3", "Active"]);
        let row = rita.row("Northwind IT").await?;
        assert_eq!(row[4..], ["1", "3", "Active"]);
        rita.does_not_see("東京堂書店").await?;
        rita.shoots("list").await?;

        let link = rita.window.find(Locator::LinkText("Download customers as CSV")).await?;
        let address = link.prop("href").await?.unwrap_or_default();
        let cookie = rita.cookie().await?;
        let (head, csv) = fetched("GET", &address, &[("cookie", &cookie)], "").await?;
        assert_eq!(head.headers["content-type"], "text/csv; charset=utf-8");
        assert!(csv.contains("\"Bäckerei Klein / Account 4711\",\"NW-100\",\"DE\""), "{csv}");
        Ok(())
    });
}

/// S1: a customer is added by its number, with an internal reference, and devices are uploaded to it. What is wrong with a
/// line of an upload is said of that line, and nothing of it is taken.
#[test]
fn a_reseller_adds_a_customer_and_uploads() {
    walk("uploads", |rita| async move {
        rita.enters_as("Rita").await?;
        rita.types("Customer or MSP number", "LV-810").await?;
        rita.types("Internal reference", "Shop 7").await?;
        rita.presses("Submit").await?;
        rita.sees("The customer is added.").await?;
        assert_eq!(rita.row("Librairie Verne / Shop 7").await?[6], "Pending");

        rita.presses("Uploads").await?;
        rita.chooses("To", "Librairie Verne / Shop 7 (HS-500)").await?;
        let field = "Devices, one a line; several ids of one device with commas between them";
        rita.types(field, "SN-BOOK-1\n490154203237518\nnot a serial!").await?;
        rita.presses("Upload").await?;
        rita.sees("That did not work").await?;
        rita.sees("is held by a tenant already").await?;
        rita.sees("3. `not a serial!`").await?;
        rita.shoots("refused").await?;
        rita.window.back().await?;
        rita.types(field, "SN-BOOK-1\nSN-BOOK-2, 352099001761481").await?;
        rita.presses("Upload").await?;
        rita.sees("The devices are uploaded.").await?;
        rita.presses("Customers").await?;
        let row = rita.row("Librairie Verne / Shop 7").await?;
        assert_eq!(row[4..], ["1", "2", "Active"]);
        Ok(())
    });
}

/// S1: one customer has a page of its own, with what was uploaded to it and what of it is left; its
/// own file comes from there.
#[test]
fn a_reseller_looks_at_one_customer() {
    walk("listed", |rita| async move {
        rita.enters_as("Rita").await?;
        rita.presses("Bäckerei Klein / Account 4711").await?;
        rita.sees("What you have uploaded to it").await?;
        let field = "Devices, one a line; several ids of one device with commas between them";
        rita.types(field, "SN-SCALE-1\nSN-SCALE-2").await?;
        rita.presses("Upload").await?;
        rita.sees("The devices are uploaded.").await?;
        rita.presses("Customers").await?;
        rita.presses("Bäckerei Klein / Account 4711").await?;
        rita.sees("What you have uploaded to it").await?;
        rita.shoots("one").await?;
        let link = rita.window.find(Locator::LinkText("Download customer as CSV")).await?;
        let address = link.prop("href").await?.unwrap_or_default();
        let (_, csv) = fetched("GET", &address, &[("cookie", &rita.cookie().await?)], "").await?;
        assert!(csv.contains("\"Bäckerei Klein / Account 4711\"") && csv.lines().count() == 2, "{csv}");

        // The latest stands first.
        rita.presses("Take back").await?;
        rita.sees("What would follow").await?;
        rita.presses("Take back").await?;
        rita.sees("The upload is taken back.").await?;
        rita.presses("Customers").await?;
        rita.presses("Bäckerei Klein / Account 4711").await?;
        rita.types("Another internal reference, or none", "Account 4712").await?;
        rita.presses("Save reference").await?;
        rita.sees("Bäckerei Klein / Account 4712").await?;
        Ok(())
    });
}

/// S2: for each category of issues the recipients are all admins, those of the MSP among them, or the managers of device
/// groups; then somebody of the MSP gets them only as an additional recipient, found by their address.
#[test]
fn alerts_go_to_whom_their_category_says() {
    walk("alerts", |one| async move {
        one.enters_as("Klara").await?;
        one.presses("Alerts").await?;
        one.shoots("categories").await?;
        one.presses_below("Battery", "Device-group managers only").await?;
        one.presses("Save battery").await?;
        one.sees("The recipients are saved.").await?;

        one.enters_as("Ben").await?;
        one.goes_to("Bäckerei Klein").await?;
        one.presses("Alerts").await?;
        assert!(!one.part("Battery").await?.contains("Ben"), "{}", one.part("Battery").await?);
        assert!(one.part("Network").await?.contains("Ben"), "{}", one.part("Network").await?);

        one.enters_as("Klara").await?;
        one.presses("Alerts").await?;
        one.types_below("Battery", "Another recipient, by e-mail", "ben@northwind.example").await?;
        one.presses("Save battery").await?;
        one.sees("The recipients are saved.").await?;
        // Klara is not told who of the MSP stands there, and keeps them as she adds another.
        one.sees("And people of Northwind IT, whom only their own organisation names.").await?;
        one.types_below("Battery", "Another recipient, by e-mail", "ada@northwind.example").await?;
        one.presses("Save battery").await?;
        one.sees("The recipients are saved.").await?;
        one.shoots("kept").await?;
        one.enters_as("Ben").await?;
        one.goes_to("Bäckerei Klein").await?;
        one.presses("Alerts").await?;
        let battery = one.part("Battery").await?;
        for both in ["ada@northwind.example", "ben@northwind.example", "Ada", "Ben"] {
            assert!(battery.contains(both), "{both}: {battery}");
        }
        Ok(())
    });
}
