// A technician is given more for two hours, and for a night to come. Time alone ends it; nobody has to remember. Then they may
// take more by themselves, when they need it and with a reason.

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
    const auto how = one.value("eligible", false) ? "eligible" : one.value("activated", false) ? "activated" : "given";
    rows.push_back({plain(who), plain(one.at("role")), plain(how), faint(clock_face(one.at("starts"))),
                    faint(clock_face(one.at("ends"))), one.at("decides").get<bool>() ? good("yes") : faint("–")});
  }
  on.told.table({"who", "role", "how", "from", "until", "now"}, rows);
}

// What somebody may activate, as they are told.
void eligible(stage& on, const id& by) {
  const json found = on.ask({{"query", "eligible_roles"}, {"actor", {{"user", by}}}});
  std::vector<row> rows;
  for (const auto& one : found.at("rows")) {
    const auto active = one.value("active_until", "");
    rows.push_back({plain(on.name_of(one.at("tenant").get<id>())), plain(one.at("role")),
                    faint(clock_face(one.at("starts"))), faint(clock_face(one.at("ends"))),
                    active.empty() ? faint("–") : good(clock_face(active))});
  }
  on.told.table({"on", "role", "from", "until", "active until"}, rows);
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

  on.told.heading("Eligible for three weeks");
  json weeks = until("2026-03-28T22:00:00Z");
  weeks["eligible"] = true;
  on.does(ada, "lets Tom be an admin of the bakery whenever he needs it", weeks);
  on.told.remark("What Tom may activate, as he reads it:");
  eligible(on, tom);
  watch own(on, {{tom, "tenant.view", bakery}, {tom, "devices.manage", bakery}});
  own.moment("eligible");
  const auto activate = [&](int minutes, const char* reason) {
    return json{{"command", "activate"}, {"tenant", bakery}, {"role", "admin"}, {"minutes", minutes}, {"reason", reason}};
  };
  on.tries(tom, "activates it for nine hours", activate(540, "TCK-4711: mail is down"));
  const json active = on.does(tom, "activates it for two hours", activate(120, "TCK-4711: mail is down"));
  on.told.remark("It is active until " + clock_face(active.at("ends")) + ".");
  own.moment("active");
  why(on, tom, bakery);
  eligible(on, tom);
  on.does(tom, "is done, and gives it back", {{"command", "deactivate"}, {"tenant", bakery}, {"role", "admin"}});
  own.moment("given back");

  on.told.heading("A sanction lies over it");
  on.does(tom, "activates it once more", activate(60, "TCK-4712: a till is stuck"));
  on.does(ada, "keeps Tom off the bakery for a week",
          {{"command", "assign"},
           {"assignments", json::array({{{"user", tom}, {"tenant", bakery}, {"role", "no_access"}}})},
           {"ends", "2026-03-14T22:00:00Z"}});
  own.moment("kept off");
  on.does(tom, "activates it again, to no avail", activate(60, "TCK-4712: a till is stuck"));
  own.moment("still so");
  listed(on, ada, bakery);

  on.told.heading("What Tom could do, and when");
  own.show();

  on.told.heading("What the journal holds");
  on.history();
  on.verify();
}
