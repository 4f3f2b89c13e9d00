// An existing customer is linked as jointly managed, worked for, and let go. Never does anything behind its back.

#include "journeys.hpp"

void jointly(stage& on) {
  on.told.title("Jointly managed: link, work, delink");
  on.told.remark("An MSP and its customer share the work, and part as friends.");

  on.told.heading("The cast");
  const id northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");
  const id ben = on.user("Ben", northwind, "ben@northwind.example", "admin");
  const id bakery = on.tenant("customer", "Bäckerei Klein", "BK-200");
  const id klara = on.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin");
  const id karl = on.user("Karl", bakery, "karl@baeckerei-klein.example", "read_only");
  on.introduce();

  watch rights(on, {{ben, "tenant.edit", bakery},
                    {ben, "devices.manage", bakery},
                    {ben, "users.manage", bakery},
                    {ben, "location.view", bakery},
                    {klara, "devices.manage", bakery},
                    {klara, "location.view", bakery},
                    {karl, "devices.view", bakery}});
  rights.moment("before");

  on.told.heading("The link");
  const json summary = on.ask({{"query", "look_up"}, {"actor", {{"user", ada}}}, {"number", "bk-200"}});
  const std::string name = summary.at("name"), kind = summary.at("kind");
  on.told.remark("Ada looks up bk-200 and learns this much: " + name + ", " + kind + ". Nothing else.");
  const json ask{{"command", "request_link"},
                 {"manager", northwind},
                 {"number", "BK-200"},
                 {"management", "jointly"},
                 {"services", list{"enrollment", "manage"}}};
  const id request = on.does(ada, "asks to manage BK-200 jointly", ask);
  on.name(request, "Northwind IT → Bäckerei Klein");
  rights.moment("asked");
  on.tries(ada, "asks again", ask);
  const json accept{{"command", "accept_link"}, {"request", request}};
  on.tries(ben, "answers for the customer", accept);
  const id link = on.does(klara, "accepts", accept);
  rights.follow(link);
  rights.moment("linked");

  on.told.heading("The work");
  const json edit{{"command", "edit_tenant"}, {"tenant", bakery}, {"website", "https://baeckerei-klein.example"}};
  on.does(ben, "enters the bakery's website", edit);
  const auto email = "kim@baeckerei-klein.example";
  const json invite{{"command", "invite_user"}, {"tenant", bakery}, {"role", "admin"}, {"invitee", {{"email", email}}}};
  on.tries(ben, "invites Kim to the bakery", invite);
  on.does(klara, "lets the MSP manage users",
          {{"command", "set_manager_grants"}, {"link", link}, {"grants", list{"users.manage"}}});
  const json invited = on.does(ben, "invites Kim to the bakery", invite);
  const id kim = invited.at("user");
  on.name(kim, "Kim");
  on.does(kim, "accepts",
          {{"command", "accept_invitation"}, {"invitation", invited.at("invitation")}, {"email", email}});
  rights.moment("granted");

  on.told.heading("The parting");
  const json request_delink{{"command", "request_delink"}, {"link", link}};
  const json accept_delink{{"command", "accept_delink"}, {"link", link}};
  on.days_pass(90);
  on.does(ben, "asks to delink", request_delink);
  rights.moment("delink asked");
  on.tries(ada, "asks to delink, too", request_delink);
  on.tries(ada, "accepts her own side's request", accept_delink);
  on.days_pass(5);
  on.does(ben, "reminds the bakery", {{"command", "resend_delink"}, {"link", link}});
  on.does(klara, "rejects: there is a project to finish", {{"command", "reject_delink"}, {"link", link}});
  rights.moment("rejected");
  on.days_pass(30);
  on.does(ben, "asks to delink again", request_delink);
  on.does(klara, "accepts", accept_delink);
  rights.moment("delinked");
  on.tries(ben, "edits the website once more", edit);
  on.told.remark("To Ben the bakery does not exist any more; that is all he is told.");

  on.told.heading("Who could do what, and when");
  rights.show();

  on.told.heading("The bakery's audit, as Klara reads it");
  on.told.remark("People of the other side show as their organisation.");
  const json audit = on.ask({{"query", "audit"}, {"actor", {{"user", klara}}}, {"tenant", bakery}, {"paging", {{"limit", 1000}}}});
  std::vector<row> rows;
  for (const auto& it : audit.at("rows")) {
    rows.push_back({count(it.at("seq")), faint(clock_face(it.at("at"))), plain(on.actor_name(it.at("by"))),
                    plain(it.value("command", "–")), plain(happened(it.at("events")))});
  }
  on.told.table({"seq", "at", "from", "command", "what happened"}, rows);
  on.verify();
}
