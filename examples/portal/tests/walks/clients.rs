//! The dashboard of clients, and the integrations that are shared with them.

use fantoccini::Locator;

use crate::walk;

/// S4: a client is added as a client or a multi-client, with a name, a domain prefix and a street address, and users are
/// authorized on it, each with their own role.
#[test]
fn a_client_is_added_and_users_are_authorized_each_with_a_role() {
    walk("client", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.presses("Clients").await?;
        ada.presses("Add client").await?;
        ada.presses("Multi-client, which has clients of its own").await?;
        ada.types("Company name", "Quay Side MSP").await?;
        ada.types("Domain prefix", "quayside").await?;
        ada.types("Street address", "Pier 1, Bristol").await?;
        ada.presses("Jointly managed").await?;
        ada.presses("Manage").await?;
        ada.types("E-mail of its super admin, if it is jointly managed", "quinn@quayside.example").await?;
        ada.presses("Nils").await?;
        ada.chooses("Role of Nils", "Admin").await?;
        ada.shoots("add").await?;
        ada.presses("Save").await?;
        ada.sees("The client is added.").await?;
        ada.types("Name or number", "Quay").await?;
        ada.presses("Filter").await?;
        ada.presses("Go to Quay Side MSP").await?;
        ada.presses("Access").await?;
        let nils = ada.page_row("Nils").await?;
        assert!(nils.contains("Admin at Quay Side MSP"), "{nils}");
        Ok(())
    });
}

/// S4: for a new client one decides whether to share a collector that is there, or to install one.
#[test]
fn a_collector_is_shared_with_a_new_client() {
    walk("collector", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.presses("Clients").await?;
        ada.presses("Add client").await?;
        ada.types("Company name", "Quay Side").await?;
        ada.presses("Manage").await?;
        ada.chooses("Collector", "Share Collector Berlin").await?;
        ada.shoots("choice").await?;
        ada.presses("Save").await?;
        ada.sees("The client is added, and the collector is shared with it.").await?;
        ada.types("Name or number", "Quay").await?;
        ada.presses("Filter").await?;
        ada.presses("Go to Quay Side").await?;
        ada.presses("Integrations").await?;
        assert_eq!(ada.row("Collector Berlin").await?[2], "Northwind IT (shared)");
        Ok(())
    });
}

/// S4: users are authorized on clients that are there, with the same role for each; here on several clients at once.
#[test]
fn users_are_authorized_with_the_same_role() {
    walk("authorize", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.presses("Clients").await?;
        ada.presses("Autohaus Brandt").await?;
        ada.presses("Boulangerie Petit").await?;
        ada.presses("Authorize").await?;
        ada.sees("On 2 clients.").await?;
        ada.presses("Nils").await?;
        ada.chooses("The same role for all who are ticked", "No access").await?;
        ada.shoots("roles").await?;
        ada.presses("Save").await?;
        ada.sees("The users are authorized.").await?;
        ada.presses("Go to Boulangerie Petit").await?;
        ada.presses("Access").await?;
        ada.sees("Ben").await?;
        ada.does_not_see("Nils").await?;
        Ok(())
    });
}

/// S4: clients are disabled many at once, after a confirmation, and their collectors are to be powered down; enabled again;
/// and deleted once the word “delete” is typed, which is taken as it is written.
#[test]
fn clients_are_disabled_enabled_and_deleted_by_typing() {
    walk("delete", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.presses("Clients").await?;
        ada.presses("Autohaus Brandt").await?;
        ada.presses("Bäckerei Klein").await?;
        ada.presses("Disable").await?;
        ada.sees("What would follow").await?;
        ada.sees("Collector power down").await?;
        ada.presses("Disable").await?;
        ada.sees("Disabled.").await?;
        assert_eq!(ada.row("Autohaus Brandt").await?[2], "Disabled");
        assert_eq!(ada.row("Bäckerei Klein").await?[2], "Disabled");
        ada.shoots("disabled").await?;

        ada.window.goto(&format!("{}/", ada.site)).await?;
        ada.sees("Enter as Ada").await?;
        // Its super admin may part from them, and nobody else of it comes in.
        ada.sees("Enter as Klara").await?;
        ada.does_not_see("Enter as Karl").await?;

        ada.enters_as("Ada").await?;
        ada.presses("Clients").await?;
        ada.presses("Bäckerei Klein").await?;
        ada.presses("Enable").await?;
        ada.sees("Enabled. It may take them a moment").await?;
        assert_eq!(ada.row("Bäckerei Klein").await?[2], "Enabled");

        ada.presses("Autohaus Brandt").await?;
        ada.presses("Delete").await?;
        ada.sees("What is deleted does not come back.").await?;
        ada.types("Type “delete”", "Delete").await?;
        ada.shoots("type").await?;
        ada.presses("Delete").await?;
        ada.sees("That did not work: ").await?;
        ada.types("Type “delete”", "delete").await?;
        ada.presses("Delete").await?;
        ada.sees("Deleted.").await?;
        ada.does_not_see("Autohaus Brandt").await?;
        Ok(())
    });
}

/// S4: a pin on the map has the client's name and leads to it; the box at the side leads to clients, and back to one's own
/// dashboard. A multi-client has its own clients below it.
#[test]
fn the_map_and_the_box_lead_to_clients_and_back() {
    walk("map", |ada| async move {
        ada.enters_as("Ada").await?;
        ada.presses("Clients").await?;
        let pin = "//*[local-name()='svg']//*[local-name()='a'][*[local-name()='title']='Bäckerei Klein']";
        let pin = ada.window.find(Locator::XPath(&format!("{pin}/*[local-name()='circle']"))).await?;
        ada.shoots("pins").await?;
        pin.click().await?;
        ada.sees("Where you are: Bäckerei Klein").await?;
        ada.sees("Number BK-200").await?;
        ada.goes_to("Pier Nine IT").await?;
        ada.presses("Clients").await?;
        ada.sees("Harbour Café").await?;
        ada.sees("Fish Market").await?;
        ada.goes_to("Northwind IT").await?;
        ada.presses("Clients").await?;
        ada.sees("Tick those that it is about").await?;
        Ok(())
    });
}

/// S3: an integration of one's own tenant is shared with a customer, and is seen attached there. A user is invited to the
/// customer by e-mail and role, and gets an e-mail.
#[test]
fn an_integration_is_shared_and_a_user_invited() {
    walk("tenants", |one| async move {
        one.enters_as("Ada").await?;
        one.presses("Integrations").await?;
        one.presses_in_row("Service desk bridge", "Share").await?;
        one.chooses_in_row("Service desk bridge", "東京堂書店").await?;
        one.presses_in_row("Service desk bridge", "Share integration").await?;
        one.sees("This is where it is attached.").await?;
        one.sees("Where you are: 東京堂書店").await?;
        assert_eq!(one.row("Service desk bridge").await?[2], "Northwind IT (shared)");
        one.shoots("attached").await?;

        one.presses("Admins and roles").await?;
        one.types("E-mail", "kenji@tokyodo.example").await?;
        one.chooses("Role", "Admin").await?;
        one.presses("Invite").await?;
        one.sees("kenji@tokyodo.example · Admin").await?;
        one.looks_until("/", "Invitation: 東京堂書店").await?;
        Ok(())
    });
}
