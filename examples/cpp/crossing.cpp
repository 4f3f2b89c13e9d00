// A customer that wants to leave: asked, rejected, taken back, and both asking at once. Nobody loses anything early.

#include "journeys.hpp"

void crossing(stage& on) {
  on.told.title("The customer asks to leave");
  on.told.remark("Either side may ask, the other answers; when both ask, both have answered.");

  on.told.heading("The cast");
  const id northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "admin");
  const id clinic = on.tenant("customer", "Κλινική Αυγή", "KA-400");
  const id nikos = on.user("Nikos", clinic, "nikos@avgi.example", "super_admin");
  const id maria = on.user("Maria", clinic, "maria@avgi.example", "admin");
  on.introduce();

  on.told.heading("Linked");
  const id asked = on.does(ada, "asks to manage KA-400 jointly",
                           {{"command", "request_link"},
                            {"manager", northwind},
                            {"number", "KA-400"},
                            {"management", "jointly"},
                            {"services", list{"manage"}}});
  on.name(asked, "Northwind IT → Κλινική Αυγή");
  const id link = on.does(nikos, "accepts", {{"command", "accept_link"}, {"request", asked}});
  watch rights(on, {{ada, "devices.manage", clinic},
                    {ada, "customers.delink", clinic},
                    {nikos, "devices.manage", clinic},
                    {nikos, "link.respond", clinic},
                    {maria, "link.respond", clinic}});
  rights.follow(link);
  rights.moment("linked");

  on.told.heading("Asked, rejected, asked, taken back");
  const json request{{"command", "request_delink"}, {"link", link}},
      reject{{"command", "reject_delink"}, {"link", link}}, cancel{{"command", "cancel_delink"}, {"link", link}};
  on.tries(maria, "asks to delink", request);
  on.does(nikos, "asks to delink", request);
  rights.moment("customer asked");
  on.tries(nikos, "rejects his own request", reject);
  on.tries(ada, "reminds of a request that is not hers", {{"command", "resend_delink"}, {"link", link}});
  on.does(ada, "rejects", reject);
  rights.moment("rejected");
  on.days_pass(14);
  on.does(nikos, "asks again", request);
  on.does(nikos, "thinks better of it and takes it back", cancel);
  on.tries(nikos, "takes it back once more", cancel);

  on.told.heading("Crossing requests");
  on.days_pass(14);
  on.does(nikos, "asks to delink", request);
  on.does(ada, "asks to delink as well, not knowing", request);
  rights.moment("crossed");
  on.told.remark("Two requests are two consents: the link has ended, and both sides are told.");
  on.tries(ada, "asks once more", request);

  on.told.heading("Who could do what, and when");
  rights.show();

  on.told.heading("A platform where only managers ask");
  json policy = on.ask({{"query", "policy"}});
  policy["name"] = "managers-ask";
  policy["customer_may_request_delink"] = false;
  on.does(staff_on("SUP-4712"), "puts such a policy into force", {{"command", "set_policy"}, {"policy", policy}});
  const auto email = "omar@nour.example";
  const json added = on.does(ada, "adds a café, jointly managed",
                             {{"command", "add_customer"},
                              {"manager", northwind},
                              {"kind", "customer"},
                              {"name", "مقهى النور"},
                              {"management", "jointly"},
                              {"services", list{"manage"}},
                              {"owner", {{"email", email}}}});
  const id cafe = added.at("link");
  on.name(cafe, "Northwind IT → the café");
  on.name(added.at("tenant"), "the café");
  const json request_cafe{{"command", "request_delink"}, {"link", cafe}};
  on.tries(ada, "asks to delink before anybody is there to answer", request_cafe);
  const id omar = added.at("sign_up").at("user");
  on.name(omar, "Omar");
  on.does(omar, "signs up",
          {{"command", "accept_invitation"}, {"invitation", added.at("sign_up").at("invitation")}, {"email", email}});
  on.tries(omar, "asks to delink", request_cafe);

  on.told.heading("The links in the end");
  std::vector<row> rows;
  for (const auto& which : {link, cafe}) {
    const json it = on.entity("link", which);
    rows.push_back({plain(on.name_of(it.at("manager").get<id>())), plain(on.name_of(it.at("managed").get<id>())),
                    plain(it.at("management")), plain(status_of(it.at("stage"))), faint(clock_face(it.at("since"))),
                    faint(it.contains("ended") ? clock_face(it.at("ended").at("at")) : "–")});
  }
  on.told.table({"manager", "customer", "managed", "status", "since", "until"}, rows);
  on.verify();
}
