// A new customer, fully managed at first, then jointly; the way back is barred. Follows every remedy it is given.

#include "journeys.hpp"

void fully(stage& on) {
  on.told.title("Fully managed: locked out, let in, and the way back");
  on.told.remark("An MSP runs everything for a new customer, until the customer wants a say.");

  const auto northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const auto ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");

  on.told.heading("A new customer");
  const auto add = [&](const list& services) {
    return commands::add_customer(northwind, tenantry::tenant_kind::customer, "Hotel Lindgren",
                                  tenantry::management::fully, services)
        .with_number("HL-300");
  };
  on.tries(ada, "adds Hotel Lindgren with nothing to manage", add({}));
  on.tries(ada, "adds Hotel Lindgren with a service nobody offers", add({"telepathy"}));
  const auto added = on.does(ada, "adds Hotel Lindgren, fully managed", add({tenantry::services::manage}));
  const auto hotel = added.tenant;
  auto link = added.link;
  on.enlist(hotel, "Hotel Lindgren");
  on.name(link, "Northwind IT → Hotel Lindgren");
  const auto email = "lena@lindgren.example";
  const auto invited = on.does(ada, "invites Lena to the hotel, to read",
                               commands::invite_user(hotel, tenantry::invitee(email), tenantry::roles::read_only));
  const auto lena = invited.user;
  on.name(lena, "Lena");
  on.does(lena, "accepts", commands::accept_invitation(invited.invitation, email));

  watch rights(on, {{ada, "devices.manage", hotel},
                    {ada, "users.manage", hotel},
                    {ada, "location.view", hotel},
                    {lena, "devices.view", hotel},
                    {lena, "devices.manage", hotel}});
  rights.follow(link);
  rights.moment("fully managed");
  on.told.remark("Lena is a member of the hotel and can do nothing there: its own people are locked out.");

  on.told.heading("What fully managed does not do");
  on.tries(ada, "asks to delink", commands::request_delink(link));
  on.does(ada, "manages one more service", commands::add_services(link, {tenantry::services::configure}));
  const commands::remove_service remove(link, tenantry::services::configure);
  on.tries(ada, "takes it away again", remove);
  on.does(staff_on("SUP-4711"), "takes it away", remove);

  on.told.heading("Conversion to jointly managed");
  const commands::convert_link convert(link, tenantry::management::jointly);
  on.tries(ada, "converts the link", convert);
  const auto owner = tenantry::invitee("lars@lindgren.example").with_name("Lars");
  const auto first = on.does(ada, "converts the link, with Lars as the hotel's owner", convert.with_owner(owner));
  on.name(first->user, "Lars");
  on.name(first->invitation, "Lars at Hotel Lindgren");
  rights.moment("converted");
  on.days_pass(5);
  on.does(ada, "reminds Lars", commands::resend_invitation(first->invitation));
  on.days_pass(5);
  on.tries(first->user, "signs up, too late", commands::accept_invitation(first->invitation, "lars@lindgren.example"));
  const auto again = on.does(ada, "invites Lars again", commands::invite_owner(link, owner));
  const auto lars = again.user;
  on.name(lars, "Lars");
  on.name(again.invitation, "Lars at Hotel Lindgren");
  on.tries(lars, "signs up with another address",
           commands::accept_invitation(again.invitation, "lars@elsewhere.example"));
  on.does(lars, "signs up", commands::accept_invitation(again.invitation, "lars@lindgren.example"));
  rights.moment("signed up");

  on.told.heading("The way back");
  on.tries(ada, "converts the link back", commands::convert_link(link, tenantry::management::fully));
  on.told.remark("There is a remedy, so they follow it.");
  on.does(lars, "asks to delink", commands::request_delink(link));
  on.does(ada, "accepts", commands::accept_delink(link));
  rights.moment("delinked");
  const auto request =
      on.does(ada, "asks to manage HL-300 fully",
              commands::request_link(northwind, "HL-300", tenantry::management::fully, {tenantry::services::manage}));
  on.name(request, "Northwind IT → Hotel Lindgren");
  link = on.does(lars, "accepts, and is locked out", commands::accept_link(request));
  rights.follow(link);
  rights.moment("fully again");

  on.told.heading("Who could do what, and when");
  rights.show();

  on.told.heading("The history");
  on.history();
  on.verify();
}
