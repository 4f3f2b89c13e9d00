//! The customer's own portal.

use fantoccini::key::Key;

use crate::walk;

/// S0: the customer's super admin opens “Manage MSP permissions” and turns on that its admins and roles are managed; only
/// then can the MSP do that, and on the customer's side of things.
#[test]
fn an_msp_manages_admins_once_it_is_granted() {
    walk("grants", |one| async move {
        one.enters_as("Klara").await?;
        one.presses("MSPs and permissions").await?;
        one.sees("Manage MSP permissions").await?;
        one.shoots("permissions").await?;
        one.presses("Invite, block, remove and assign users").await?;
        one.presses("Save permissions").await?;
        one.sees("The MSP’s permissions are saved.").await?;

        one.enters_as("Ben").await?;
        one.goes_to("Bäckerei Klein").await?;
        one.presses("Admins and roles").await?;
        one.sees("Karl").await?;
        one.does_not_see("New user").await?;

        one.enters_as("Klara").await?;
        one.presses("MSPs and permissions").await?;
        one.presses("Invite, block, remove and assign users").await?;
        one.presses("Save permissions").await?;
        one.sees("The MSP’s permissions are saved.").await?;

        one.enters_as("Ben").await?;
        one.goes_to("Bäckerei Klein").await?;
        one.presses("Admins and roles").await?;
        one.types("E-mail", "kim@klein.example").await?;
        one.chooses("Role", "Read only").await?;
        one.presses("Invite").await?;
        one.sees("The invitation is on its way.").await?;
        one.sees("kim@klein.example · Read only").await?;
        one.shoots("invited").await?;
        Ok(())
    });
}

/// S0 and S2: who is asked as fully managed reads what that means before saying yes, and has no access from then on, the
/// super admin included.
#[test]
fn whoever_is_fully_managed_is_locked_out() {
    walk("locked", |lea| async move {
        lea.enters_as("Léa").await?;
        lea.sees("You and your colleagues lose access").await?;
        lea.presses_below("Harbour Systems HS-500 asks to manage you", "Accept").await?;
        let loses = lea.page_row("Léa").await?;
        assert!(loses.contains("26 permissions"), "{loses}");
        lea.shoots("look").await?;
        lea.presses("Accept").await?;
        lea.sees("You have no access.").await?;
        lea.does_not_see("Admins and roles").await?;
        lea.shoots("locked").await?;
        Ok(())
    });
}

/// S1: a customer finds its own number in its settings. S0: it asks to part from its own portal, too, and takes that back.
/// All of it by the keyboard alone.
#[test]
fn the_keyboard_is_enough() {
    walk("keyboard", |klara| async move {
        klara.window.goto(&format!("{}/", klara.site)).await?;
        klara.tabs_to("Enter as Klara").await?;
        klara.key(Key::Enter).await?;
        klara.sees("Klara · Super admin").await?;
        klara.tabs_to("Overview").await?;
        klara.key(Key::Enter).await?;
        klara.sees("Number BK-200").await?;
        klara.tabs_to("Phone").await?;
        klara.keys("+49 30 1234").await?;
        klara.tabs_to("Save").await?;
        klara.key(Key::Enter).await?;
        klara.sees("The profile is saved.").await?;

        klara.tabs_to("MSPs and permissions").await?;
        klara.key(Key::Enter).await?;
        klara.sees("Both sides have to agree.").await?;
        klara.tabs_to("Ask to delink").await?;
        klara.key(Key::Enter).await?;
        klara.sees("What would follow").await?;
        klara.tabs_to("Confirm").await?;
        klara.key(Key::Enter).await?;
        klara.sees("Delink request by customer").await?;
        klara.tabs_to("Take the request back").await?;
        klara.key(Key::Enter).await?;
        klara.sees("You have taken the request back.").await?;
        klara.sees("Active").await?;
        Ok(())
    });
}

/// S0 leaves each customer its own admins and roles: a role of one's own is made and given, somebody is blocked and back.
#[test]
fn a_customer_keeps_its_own_admins_and_roles() {
    walk("people", |klara| async move {
        klara.enters_as("Klara").await?;
        klara.presses("Admins and roles").await?;
        klara.presses("Add a role").await?;
        klara.types("What it is called", "Night shift").await?;
        klara.presses_below("Roles", "See a tenant's devices").await?;
        klara.presses("Add role").await?;
        klara.sees("The role is added.").await?;
        klara.presses_in_row("Karl", "Give another role").await?;
        klara.chooses_in_row("Karl", "Night shift").await?;
        klara.presses_in_row("Karl", "Give").await?;
        klara.sees("They have another role now.").await?;
        assert_eq!(klara.row("Karl").await?[2], "Night shift");
        klara.shoots("roles").await?;
        klara.presses("Block Karl").await?;
        klara.sees("They are blocked.").await?;
        assert_eq!(klara.row("Karl").await?[3], "Blocked");
        klara.presses("Unblock Karl").await?;
        klara.sees("They are back.").await?;
        Ok(())
    });
}
