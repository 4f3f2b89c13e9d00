// A new customer, fully managed at first, then jointly; the way back is barred. Follows every remedy it is given.

#include "journeys.hpp"

void fully(stage& on) {
  on.told.title("Fully managed: locked out, let in, and the way back");
  on.told.remark("An MSP runs everything for a new customer, until the customer wants a say.");

  const id northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");

  on.told.heading("A new customer");
  const auto add = [&](const list& services) {
    return json{{"command", "add_customer"}, {"manager", northwind},  {"kind", "customer"},  {"name", "Hotel Lindgren"},
                {"number", "HL-300"},        {"management", "fully"}, {"services", services}};
  };
  on.tries(ada, "adds Hotel Lindgren with nothing to manage", add({}));
  on.tries(ada, "adds Hotel Lindgren with a service nobody offers", add({"telepathy"}));
  const json added = on.does(ada, "adds Hotel Lindgren, fully managed", add({"manage"}));
  const id hotel = added.at("tenant");
  id link = added.at("link");
  on.enlist(hotel, "Hotel Lindgren");
  on.name(link, "Northwind IT → Hotel Lindgren");
  const auto accept = [](const json& invitation, std::string_view email) {
    return json{{"command", "accept_invitation"}, {"invitation", invitation}, {"email", email}};
  };
  const auto email = "lena@lindgren.example";
  const json invited =
      on.does(ada, "invites Lena to the hotel, to read",
              {{"command", "invite_user"}, {"tenant", hotel}, {"role", "read_only"}, {"invitee", {{"email", email}}}});
  const id lena = invited.at("user");
  on.name(lena, "Lena");
  on.does(lena, "accepts", accept(invited.at("invitation"), email));

  watch rights(on, {{ada, "devices.manage", hotel},
                    {ada, "users.manage", hotel},
                    {ada, "location.view", hotel},
                    {lena, "devices.view", hotel},
                    {lena, "devices.manage", hotel}});
  rights.follow(link);
  rights.moment("fully managed");
  on.told.remark("Lena is a member of the hotel and can do nothing there: its own people are locked out.");

  on.told.heading("What fully managed does not do");
  on.tries(ada, "asks to delink", {{"command", "request_delink"}, {"link", link}});
  on.does(ada, "manages one more service",
          {{"command", "add_services"}, {"link", link}, {"services", list{"configure"}}});
  const json remove{{"command", "remove_service"}, {"link", link}, {"service", "configure"}};
  on.tries(ada, "takes it away again", remove);
  on.does(staff_on("SUP-4711"), "takes it away", remove);

  on.told.heading("Conversion to jointly managed");
  json convert{{"command", "convert_link"}, {"link", link}, {"management", "jointly"}};
  on.tries(ada, "converts the link", convert);
  const json owner{{"email", "lars@lindgren.example"}, {"name", "Lars"}};
  convert["owner"] = owner;
  const json first = on.does(ada, "converts the link, with Lars as the hotel's owner", convert);
  on.name(first.at("user"), "Lars");
  on.name(first.at("invitation"), "Lars at Hotel Lindgren");
  rights.moment("converted");
  on.days_pass(5);
  on.does(ada, "reminds Lars", {{"command", "resend_invitation"}, {"invitation", first.at("invitation")}});
  on.days_pass(5);
  on.tries(first.at("user").get<id>(), "signs up, too late", accept(first.at("invitation"), "lars@lindgren.example"));
  const json again =
      on.does(ada, "invites Lars again", {{"command", "invite_owner"}, {"link", link}, {"owner", owner}});
  const id lars = again.at("user");
  on.name(lars, "Lars");
  on.name(again.at("invitation"), "Lars at Hotel Lindgren");
  on.tries(lars, "signs up with another address", accept(again.at("invitation"), "lars@elsewhere.example"));
  on.does(lars, "signs up", accept(again.at("invitation"), "lars@lindgren.example"));
  rights.moment("signed up");

  on.told.heading("The way back");
  on.tries(ada, "converts the link back", {{"command", "convert_link"}, {"link", link}, {"management", "fully"}});
  on.told.remark("There is a remedy, so they follow it.");
  on.does(lars, "asks to delink", {{"command", "request_delink"}, {"link", link}});
  on.does(ada, "accepts", {{"command", "accept_delink"}, {"link", link}});
  rights.moment("delinked");
  const id request = on.does(ada, "asks to manage HL-300 fully",
                             {{"command", "request_link"},
                              {"manager", northwind},
                              {"number", "HL-300"},
                              {"management", "fully"},
                              {"services", list{"manage"}}});
  on.name(request, "Northwind IT → Hotel Lindgren");
  link = on.does(lars, "accepts, and is locked out", {{"command", "accept_link"}, {"request", request}});
  rights.follow(link);
  rights.moment("fully again");

  on.told.heading("Who could do what, and when");
  rights.show();

  on.told.heading("The history");
  on.history();
  on.verify();
}
