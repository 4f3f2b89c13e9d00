//! The MSP's customers page.

use crate::walk;

/// S0: the page lists every customer that is managed, with the services managed, the device total and the management
/// type; the details stand beside the list once a name is clicked, with the customer's number among them.
#[test]
fn customers_are_filtered_sorted_turned_over_and_shown_beside_the_list() {
    walk("customers", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.sees("The customers that you manage").await?;
        let first = ada.rows().await?;
        assert_eq!(first.len(), 10, "{first:?}");
        ada.shoots("list").await?;
        ada.presses("Next page").await?;
        ada.sees("First page").await?;
        let second = ada.rows().await?;
        assert!(second.len() == 10 && second.iter().all(|name| !first.contains(name)), "{second:?}");

        ada.presses("Name").await?;
        ada.sees("Name ↓").await?;
        let turned = ada.rows().await?;
        assert_eq!(turned.first().map(String::as_str), Some("東京堂書店"), "{turned:?}");

        ada.chooses("Managed", "Fully").await?;
        ada.chooses("Service", "Configure").await?;
        ada.presses("Filter").await?;
        ada.sees_rows(&["東京堂書店"]).await?;

        ada.presses("Customers").await?;
        ada.types("Name or number", "BK-200").await?;
        ada.presses("Filter").await?;
        let row = ada.row("Bäckerei Klein").await?;
        assert_eq!(row[1..3], ["BK-200", "Jointly managed"]);
        assert!(row[3].contains("Enrollment") && row[3].contains("Manage"), "{row:?}");
        assert_eq!(row[4..], ["Active", "3"]);
        ada.presses("Bäckerei Klein").await?;
        ada.sees("Granted to you").await?;
        ada.sees("Invite, block, remove and assign users").await?;
        ada.shoots("details").await?;
        Ok(())
    });
}

/// S0: an existing customer is looked up by its number and asked, by type and services, and its administrator gets an
/// e-mail. S2: its super admin accepts; jointly managed, both work side by side.
#[test]
fn a_customer_is_looked_up_asked_and_accepts() {
    walk("asked", |one| async move {
        one.enters_as("Ben").await?;
        one.presses("Add customer").await?;
        one.types("Customer number", "CL-800").await?;
        one.presses("Look up").await?;
        one.sees("Found: Café Lune").await?;
        one.shoots("found").await?;
        one.presses_below("Already known", "Jointly managed").await?;
        one.presses_below("Already known", "Manage").await?;
        one.presses("Request to add").await?;
        one.sees("The customer was asked.").await?;

        one.enters_as("Léa").await?;
        one.looks_until("/letters", "Link requested: Northwind IT and Café Lune").await?;
        one.presses("Requests").await?;
        one.sees("Northwind IT NW-100 asks to manage you").await?;
        one.sees("You keep full access, and it works beside you.").await?;
        one.shoots("awaits").await?;
        one.presses_below("Northwind IT NW-100 asks to manage you", "Accept").await?;
        one.sees("What would follow").await?;
        one.presses("Accept").await?;
        one.sees("You have accepted.").await?;

        one.enters_as("Ben").await?;
        one.types("Name or number", "Lune").await?;
        one.presses("Filter").await?;
        assert_eq!(one.row("Café Lune").await?[2], "Jointly managed");
        Ok(())
    });
}

/// S0: a new customer is created with a type and services; one that is jointly managed gets an e-mail that invites it to
/// sign up. The form says at once what is wrong with a text.
#[test]
fn a_new_customer_signs_up() {
    walk("new", |one| async move {
        one.enters_as("Ada").await?;
        one.presses("Add customer").await?;
        one.types("Company name", "Zimmerei Zeh").await?;
        one.types("Country, by two letters", "Germany").await?;
        one.presses_below("New", "Jointly managed").await?;
        one.presses_below("New", "Enrollment").await?;
        one.types("Name of its super admin", "Zoë").await?;
        one.types("E-mail of its super admin, if it is to sign up", "zoe@zeh.example").await?;
        one.presses_below("New", "Add customer").await?;
        one.sees("That did not work").await?;
        one.sees("What to do").await?;
        one.shoots("malformed").await?;
        one.window.back().await?;
        one.types("Country, by two letters", "DE").await?;
        one.presses_below("New", "Add customer").await?;
        one.sees("its super admin is invited to sign up").await?;
        one.sees("Zimmerei Zeh").await?;

        one.looks_until("/", "Sign up: Zimmerei Zeh").await?;
        one.presses("Sign up: Zimmerei Zeh").await?;
        one.types("The address that this was sent to", "someone@else.example").await?;
        one.presses("Accept").await?;
        one.sees("That did not work").await?;
        one.window.back().await?;
        one.types("The address that this was sent to", "zoe@zeh.example").await?;
        one.presses("Accept").await?;
        one.sees("Zoë · Super admin").await?;
        Ok(())
    });
}

/// S0: a service in the list leads to the customer's console, and the link there back to the page one was viewing. S3: both
/// are on record.
#[test]
fn a_console_is_opened_and_left_for_the_page_one_was_on() {
    walk("console", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.presses("Next page").await?;
        ada.sees("First page").await?;
        let (page, rows) = (ada.window.current_url().await?, ada.rows().await?);
        let customer = rows.first().cloned().unwrap_or_default();
        ada.presses_in_row(&customer, "Manage").await?;
        ada.sees(&format!("Manage console of {customer}")).await?;
        ada.shoots("open").await?;
        ada.presses("Return to the MSP portal").await?;
        ada.sees("The customers that you manage").await?;
        assert_eq!(ada.window.current_url().await?, page);
        assert_eq!(ada.rows().await?, rows);
        Ok(())
    });
}

/// S0: a fully managed customer can be converted to jointly managed, which is shown beforehand, and whoever is to be its
/// super admin is invited; there is no way back. A jointly managed one has no such button.
#[test]
fn a_fully_managed_customer_is_converted_and_not_back() {
    walk("convert", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.presses("Name").await?;
        ada.presses("東京堂書店").await?;
        ada.presses("Manage account").await?;
        ada.sees("Convert to jointly managed").await?;
        ada.shoots("account").await?;
        ada.types("Name of its super admin", "Mei").await?;
        ada.types("E-mail of its super admin", "mei@tokyodo.example").await?;
        ada.presses("Convert").await?;
        ada.sees("What would follow").await?;
        ada.sees("Link converted, User invited").await?;
        let gains = ada.page_row("Yuki").await?;
        assert!(gains.contains("23 permissions"), "{gains}");
        ada.shoots("look").await?;
        ada.presses("Convert to jointly managed").await?;
        ada.sees("The customer is jointly managed now.").await?;
        ada.presses("Manage account").await?;
        ada.sees("Delink customer account").await?;
        ada.does_not_see("Convert to jointly managed").await?;
        Ok(())
    });
}

/// S0: a delink is requested and confirmed, the status says so, the customer gets an e-mail and a reminder; it rejects, and
/// the status is active again; it accepts the next one, and the MSP has no access any more, while its own have all.
#[test]
fn both_sides_agree_to_part() {
    walk("delink", |one| async move {
        one.enters_as("Ada").await?;
        one.asks_to_delink("Bäckerei Klein").await?;
        assert_eq!(one.row("Bäckerei Klein").await?[4], "Delink request by MSP");
        one.shoots("asked").await?;
        one.presses("Manage account").await?;
        one.presses("Resend e-mail").await?;
        one.sees("The customer was reminded.").await?;

        one.enters_as("Klara").await?;
        one.looks_until("/letters", "Delink reminder").await?;
        one.presses("Requests").await?;
        one.sees("Northwind IT NW-100 asks to part").await?;
        one.presses("Decline").await?;
        one.sees("You have declined.").await?;

        one.enters_as("Ada").await?;
        one.looks_until("/letters", "Delink rejected").await?;
        one.presses("tenantry portal").await?;
        assert_eq!(one.row("Bäckerei Klein").await?[4], "Active");
        one.asks_to_delink("Bäckerei Klein").await?;

        one.enters_as("Klara").await?;
        one.presses("Accept").await?;
        one.sees("What would follow").await?;
        one.sees("Link ended").await?;
        one.presses("Accept").await?;
        one.sees("You have accepted.").await?;
        one.presses("MSPs and permissions").await?;
        one.sees("Nobody manages you.").await?;
        one.sees("Delinked").await?;
        one.shoots("parted").await?;

        one.enters_as("Ada").await?;
        one.types("Name or number", "BK-200").await?;
        one.presses("Filter").await?;
        one.sees("There is no such customer.").await?;
        one.looks_until("/letters", "Link ended: Northwind IT and Bäckerei Klein").await?;
        Ok(())
    });
}
