//! Licences, of which the customer keeps the use.

use crate::walk;

/// S0: an MSP buys a licence for its customer, who gives and takes its seats as well, and goes on
/// using it once the two have parted.
#[test]
fn licences_that_were_bought_for_a_customer_go_on_after_a_delink() {
    walk("licences", |one| async move {
        one.enters_as("Ada").await?;
        one.goes_to("Bäckerei Klein").await?;
        one.presses("Licences").await?;
        assert_eq!(one.row("Manage").await?[1..4], ["5", "0", "Northwind IT"]);
        one.chooses("For which service", "Enrollment").await?;
        one.types("How many seats", "2").await?;
        one.shoots("buy").await?;
        one.presses("Buy licence").await?;
        one.sees("2 seats of Enrollment, for good.").await?;
        one.presses("Buy licence").await?;
        one.sees("The licence is bought.").await?;
        assert_eq!(one.row("Enrollment").await?[1..4], ["2", "0", "Northwind IT"]);
        one.presses("Enrollment").await?;
        one.presses("SN-OVEN-1").await?;
        one.presses("Assign seats").await?;
        one.sees("The devices have seats now.").await?;
        one.shoots("seats").await?;
        one.window.goto(&one.site).await?;
        one.enters_as("Ada").await?;
        one.asks_to_delink("Bäckerei Klein").await?;

        one.enters_as("Klara").await?;
        one.presses("Accept").await?;
        one.sees("What would follow").await?;
        one.presses("Accept").await?;
        one.sees("You have accepted.").await?;
        one.presses("Licences").await?;
        assert_eq!(one.row("Enrollment").await?[1..3], ["2", "1"]);
        one.shoots("after").await?;
        one.presses("Enrollment").await?;
        one.presses("SN-OVEN-1").await?;
        one.presses("Release seats").await?;
        one.sees("The seats are free again.").await?;
        one.presses("SN-TILL-1").await?;
        one.presses("Assign seats").await?;
        one.sees("The devices have seats now.").await?;
        Ok(())
    });
}
