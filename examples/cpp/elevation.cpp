// A technician is given more for two hours, and for a night to come. Time alone ends it; nobody has to remember.

#include "journeys.hpp"

namespace {

// By which role somebody may manage devices, and for how long.
void why(stage& on, const id& who, const id& where) {
  const json verdict =
      on.ask({{"query", "check"}, {"user", who}, {"permission", TENANTRY_PERMISSION_DEVICES_MANAGE}, {"tenant", where}});
  const json& grounds = verdict.at("grounds");
  const auto ends = grounds.value("ends", "");
  on.told.remark(on.name_of(who) + " may manage devices there: by the role " + grounds.at("role").get<std::string>() +
                 " on " + on.name_of(grounds.at("tenant").get<id>()) + ", " +
                 (ends.empty() ? "for good" : "until " + clock_face(ends)) + ".");
}

// Who has access to a tenant for a while, as somebody is told.
void listed(stage& on, const id& by, const id& where) {
  const json found = on.ask({{"query", "temporary_access"}, {"actor", {{"user", by}}}, {"tenant", where}});
  std::vector<row> rows;
  for (const auto& one : found.at("rows")) {
    const auto who = one.contains("user") ? on.name_of(one.at("user").get<id>())
                                          : "somebody of " + on.name_of(one.at("home").get<id>());
    rows.push_back({plain(who), plain(one.at("role")), faint(clock_face(one.at("starts"))),
                    faint(clock_face(one.at("ends"))), one.at("decides").get<bool>() ? good("yes") : faint("–")});
  }
  on.told.table({"who", "role", "from", "until", "now"}, rows);
}

}  // namespace

void elevation(stage& on) {
  on.told.title("Elevation: a technician's two hours");
  on.told.remark("A role may be given for a while. Time alone ends it; nobody has to remember.");

  on.told.heading("The cast");
  const id northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");
  const id tom = on.user("Tom", northwind, "tom@northwind.example", "read_only");
  const id bakery = on.tenant("customer", "Bäckerei Klein", "BK-200");
  const id klara = on.user("Klara", bakery, "klara@klein.example", "super_admin");
  on.introduce();

  on.told.heading("Linked");
  const id request = on.does(ada, "asks to manage BK-200 jointly",
                             {{"command", "request_link"},
                              {"manager", northwind},
                              {"number", "BK-200"},
                              {"management", "jointly"},
                              {"services", list{"manage"}}});
  const id link = on.does(klara, "accepts", {{"command", "accept_link"}, {"request", request}});
  on.name(link, "Northwind IT → Bäckerei Klein");

  on.told.heading("Nothing for good, away from home");
  json policy = on.ask({{"query", "policy"}});
  policy["name"] = "for-a-while";
  policy["temporary"] = {{"required", true}, {"max_days", 30}};
  on.does(staff_on("SUP-4713"), "wants an end of every such role", {{"command", "set_policy"}, {"policy", policy}});
  const json more{{"command", "assign"},
                  {"assignments", json::array({{{"user", tom}, {"tenant", bakery}, {"role", "admin"}}})}};
  const auto until = [&](const char* ends) {
    json it = more;
    it["ends"] = ends;
    return it;
  };
  on.tries(ada, "makes Tom an admin of the bakery for good", more);

  on.told.heading("Two hours");
  watch rights(on, {{tom, "devices.view", bakery},
                    {tom, "devices.manage", bakery},
                    {tom, "tenant.edit", bakery},
                    {ada, "devices.manage", bakery}});
  rights.follow(link);
  rights.moment("before");
  on.does(ada, "makes Tom an admin of the bakery until 10:30", until("2026-03-02T10:30:00Z"));
  rights.moment("given");
  why(on, tom, bakery);
  const json edit{{"command", "edit_tenant"}, {"tenant", bakery}, {"website", "https://klein.example"}};
  on.does(tom, "enters the bakery's website", edit);
  on.tries(tom, "gives himself a week of it", until("2026-03-09T10:30:00Z"));

  on.told.heading("A night to come");
  json night = until("2026-03-08T02:00:00Z");
  night["starts"] = "2026-03-07T22:00:00Z";
  on.does(ada, "makes him one for the night of Saturday, too", night);
  on.told.remark("Who has access for a while, as Ada reads it:");
  listed(on, ada, bakery);
  on.told.remark("As Klara does, who is told of Northwind's people as their organisation:");
  listed(on, klara, bakery);

  on.told.heading("Half past ten comes, and Saturday");
  on.hours_pass(2);
  rights.moment("over");
  on.tries(tom, "edits the website once more", edit);
  on.days_pass(5);
  on.hours_pass(12);
  rights.moment("Saturday night");
  on.does(ada, "takes it back before its end",
          {{"command", "unassign"},
           {"assignments", json::array({{{"user", tom}, {"tenant", bakery}}})},
           {"ends", "2026-03-08T02:00:00Z"}});
  rights.moment("taken back");

  on.told.heading("Who could do what, and when");
  rights.show();

  on.told.heading("What the journal holds");
  on.history();
  on.verify();
}
