//! T-5: disabling never holds anybody hostage, in the portal either.

use crate::guest::{Answer, Guest};
use crate::{Trouble, at_the_portal, customer, place_in};

/// Disables a tenant, as one does: looks, and then does it.
async fn disables(ada: &Guest, at: &str, tenant: &str) -> Result<Answer, Trouble> {
    let fields = [("tenant", tenant), ("what", "disable")];
    let look = ada.sends(ada.crafts(&format!("/at/{at}/clients/act"), &fields).await?).await?;
    look.says("What would follow");
    ada.sends(look.form("Leave it as it is")?).await
}

#[test]
fn t5_a_disabled_customers_super_admin_parts_and_answers_and_nobody_else_of_it_comes_in() {
    at_the_portal(|site| async move {
        let (ada, klara) = (Guest::at(&site), Guest::at(&site));
        let at = place_in(&ada.enters_as("Ada").await?)?;
        let bakery = customer(&ada, &at, "BK-200").await?;
        klara.enters_as("Klara").await?;
        disables(&ada, &at, &bakery).await?.says("Disabled.");
        ada.reads("/").await?.says("Enter as Klara<").does_not_say("Enter as Karl<");

        // She was in, and comes in again; asks, reminds, and takes it back.
        klara.reads("/home").await?.says("Your organisation is disabled.").does_not_say("Enable it<");
        let home = klara.enters_as("Klara").await?;
        let look = klara.sends(home.form("Ask to delink<")?).await?;
        look.says("Delink requested").says("Northwind IT");
        let asked = klara.sends(look.form("Confirm<")?).await?;
        asked.says("The MSP was asked to part.").says("Delink request by customer");
        let again = klara.sends(asked.form("Resend e-mail<")?).await?;
        let back = klara.sends(again.says("The MSP was reminded.").form("Take the request back<")?).await?;
        back.says("You have taken the request back.");

        // The manager's side asks, and sees how it stands; she answers.
        let base = format!("/at/{at}/customers/{bakery}");
        ada.reads(&format!("/at/{at}/customers?show={bakery}"))
            .await?
            .says("Manage account")
            .says("Disabled");
        let account = ada.reads(&format!("{base}/account")).await?;
        let look = ada.sends(account.says("Disabled").form(">Delink<")?).await?;
        ada.sends(look.form("Confirm<")?).await?.says("The customer was asked to part.");
        let awaits = klara.reads("/requests").await?;
        let look = klara.sends(awaits.form("value=\"accept\"")?.and("answer", "accept")).await?;
        let parted = klara.sends(look.says("Link ended").form("Leave it as it is")?).await?;
        // With the link ends what the manager disabled.
        parted.says("You have accepted. You have parted.").does_not_say("Your organisation is disabled.");
        Ok(())
    });
}

#[test]
fn t5_ones_own_side_enables_what_it_disabled_and_parts_meanwhile() {
    at_the_portal(|site| async move {
        let (ada, ben) = (Guest::at(&site), Guest::at(&site));
        let at = place_in(&ada.enters_as("Ada").await?)?;
        ben.enters_as("Ben").await?;
        let bakery = customer(&ada, &at, "BK-200").await?;
        let home = disables(&ada, &at, &at).await?;
        home.says("Disabled.").says("Your own side has disabled it.").says("Bäckerei Klein");
        assert_eq!(ben.reads("/requests").await?.status.as_u16(), 403);

        // A customer asks to part, which can be answered; another is asked.
        home.says("asks to part");
        let delink = home.forms("Ask to delink<").into_iter().find(|form| form.action.contains(&bakery));
        let look = ada.sends(delink.ok_or("the bakery can be parted from")?).await?;
        let asked = ada.sends(look.form("Confirm<")?).await?;
        asked.says("The customer was asked to part.").says("Delink request by MSP");
        ada.sends(asked.form("Enable it<")?).await?.says("Enabled.").says("The customers that you manage");
        Ok(())
    });
}
