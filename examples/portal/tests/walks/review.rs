//! Audit, access review, and the past.

use crate::walk;

/// S3: audit logs show what was done about a customer, console access included, and by whom; filtered by command. Of the
/// other side's people the customer reads their organisation.
#[test]
fn what_happened_is_on_record() {
    walk("audit", |one| async move {
        one.enters_as("Ben").await?;
        one.presses_in_row("Bäckerei Klein", "Manage").await?;
        one.presses("Return to the MSP portal").await?;
        one.goes_to("Bäckerei Klein").await?;
        one.presses("Audit").await?;
        one.types("Command", "open console").await?;
        one.presses("Filter").await?;
        let row = one.page_row("Open console").await?;
        assert!(row.contains("Ben") && row.contains("Session opened"), "{row}");

        one.enters_as("Klara").await?;
        one.presses("Audit").await?;
        one.shoots("log").await?;
        let row = one.page_row("Open console").await?;
        assert!(row.contains("Northwind IT") && !row.contains("Ben"), "{row}");
        Ok(())
    });
}

/// Beyond the seeds: who can reach a tenant and why, who may do one thing there, what has changed, and how a page stood on
/// a day that has passed.
#[test]
fn access_is_reviewed_now_and_then() {
    walk("access", |one| async move {
        one.enters_as("Klara").await?;
        one.presses("Access").await?;
        one.sees("Super admin at Bäckerei Klein").await?;
        one.sees("Somebody of Northwind IT NW-100").await?;
        one.shoots("who").await?;
        one.chooses("Who may", "See where devices are; never a manager's").await?;
        one.presses("Show").await?;
        one.sees("Karl").await?;
        one.presses("Karl").await?;
        one.sees("What Karl can reach").await?;

        one.presses("MSPs and permissions").await?;
        one.presses("Invite, block, remove and assign users").await?;
        one.presses("Save permissions").await?;
        one.sees("The MSP’s permissions are saved.").await?;
        one.does_not_see("as far as you may see it today").await?;
        // A week ago, and no clock is asked: the story begins nine weeks before it ends.
        let then = format!("{}?as_of={}", one.window.current_url().await?.path(), one.a_week_ago());
        one.window.goto(&format!("{}{then}", one.site)).await?;
        one.sees("as far as you may see it today").await?;
        one.sees("Invite, block, remove and assign users").await?;
        one.does_not_see("Save permissions").await?;
        one.shoots("then").await?;
        one.presses("Back to now").await?;
        one.sees("Save permissions").await?;
        Ok(())
    });
}
