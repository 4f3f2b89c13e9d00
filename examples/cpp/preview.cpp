// Read before, compared after: what a command would lead to is told first, then it is done, and both are the same.

#include <algorithm>
#include <stdexcept>

#include "journeys.hpp"

namespace {

json would(const actor& by, const json& command) {
  return {{"query", "preview"}, {"actor", by.as_json}, {"command", command}};
}

// What a command would lead to.
void tell(stage& on, const json& foretold) {
  on.told.remark("would happen: " + happened(foretold.at("events"), ", "));
  for (const auto& notice : foretold.at("notices")) {
    list to;
    for (const auto& one : notice.at("to")) to.push_back(on.name_of(one.begin()->get<id>()));
    if (notice.value("operator", false)) to.push_back("the operator");
    std::sort(to.begin(), to.end());
    on.told.remark("would be sent: " + notice.at("kind").at("kind").get<std::string>() + " → " + joined(to));
  }
  std::vector<row> rows;
  for (const auto& one : foretold.at("rights").at("rows")) {
    rows.push_back({plain(on.name_of(one.at("user").get<id>())), plain(on.name_of(one.at("tenant").get<id>())),
                    good(permissions(one.value("gained", json::array()))),
                    bad(permissions(one.value("lost", json::array())))});
  }
  on.told.table({"who", "on", "would gain", "would lose"}, rows);
}

// Whether somebody gains and loses what they were told to before.
bool came_so(const json& foretold, const json& came) {
  return std::any_of(came.begin(), came.end(), [&](const json& one) {
    const auto same = [&](const char* name) { return one.value(name, json()) == foretold.value(name, json()); };
    return same("user") && same("tenant") && same("gained") && same("lost");
  });
}

// Reads what a command would lead to, gives it, and compares.
void twice(stage& on, const actor& by, const std::string& what, const json& command) {
  const auto before = on.revision();
  const json foretold = on.ask(would(by, command));
  tell(on, foretold);
  on.does(by, what, command);
  const json record = on.ask({{"query", "host_records"}, {"after", before}}).at("rows").at(0);
  const json came = on.ask({{"query", "host_access_changes"}, {"after", before}}).at("rows");
  if (happened(foretold.at("events")) != happened(record.at("events")))
    throw std::runtime_error(what + ": other things happened than were told before");
  const auto& rows = foretold.at("rights").at("rows");
  for (const auto& one : rows) {
    if (!came_so(one, came))
      throw std::runtime_error(what + ": somebody gains or loses other things than were told before");
  }
  on.told.holds("it came as it was told, of " + to_string(rows.size()) + " of " + to_string(came.size()) +
                " who gain or lose");
}

// A customer that is fully managed, and somebody of it who is locked out.
json an_inn(stage& on, const id& ada, const id& northwind) {
  const auto email = "mila@inn.example";
  const json added = on.does(ada, "adds an inn, fully managed",
                             {{"command", "add_customer"},
                              {"manager", northwind},
                              {"kind", "customer"},
                              {"name", "Inn am See"},
                              {"number", "IN-400"},
                              {"management", "fully"},
                              {"services", list{"manage"}}});
  on.name(added.at("tenant"), "Inn am See");
  on.name(added.at("link"), "Northwind IT → Inn am See");
  const json invited = on.does(ada, "invites Mila, to read there",
                               {{"command", "invite_user"},
                                {"tenant", added.at("tenant")},
                                {"invitee", {{"email", email}}},
                                {"role", "read_only"}});
  const id mila = invited.at("user");
  on.name(mila, "Mila");
  on.does(mila, "accepts, and is locked out",
          {{"command", "accept_invitation"}, {"invitation", invited.at("invitation")}, {"email", email}});
  return added;
}

}  // namespace

void preview(stage& on) {
  on.told.title("Read before, compared after");
  on.told.remark("Whoever may give a command may read first what it would lead to. Nothing happens by that.");

  on.told.heading("The cast");
  const id northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");
  on.user("Ben", northwind, "ben@northwind.example", "admin");
  const id bakery = on.tenant("customer", "Bäckerei Klein", "BK-200");
  const id klara = on.user("Klara", bakery, "klara@klein.example", "super_admin");
  const id karl = on.user("Karl", bakery, "karl@klein.example", "read_only");
  on.introduce();

  on.told.heading("Linked");
  const id asked = on.does(ada, "asks to manage BK-200 jointly",
                           {{"command", "request_link"},
                            {"manager", northwind},
                            {"number", "BK-200"},
                            {"management", "jointly"},
                            {"services", list{"manage"}}});
  const id link = on.does(klara, "accepts", {{"command", "accept_link"}, {"request", asked}});
  on.name(link, "Northwind IT → Bäckerei Klein");
  const json delink{{"command", "request_delink"}, {"link", link}};

  on.told.heading("Whoever may not give it may not read it");
  const auto records = on.revision();
  on.may_not_ask(karl, "would like to read what a delink leads to", would(karl, delink));
  if (on.revision() != records) throw std::runtime_error("a preview was recorded");
  on.told.holds("nothing was recorded, the refusal neither");

  on.told.heading("A tenant is disabled");
  const auto support = staff_on("SUP-4713");
  twice(on, support, "disables the bakery", {{"command", "disable_tenants"}, {"tenants", json::array({bakery})}});
  on.does(support, "enables it again", {{"command", "enable_tenants"}, {"tenants", json::array({bakery})}});

  on.told.heading("A policy changes");
  json policy = on.ask({{"query", "policy"}});
  policy["name"] = "groups-are-theirs";
  policy.at("reserved").push_back("groups.manage");
  twice(on, support, "reserves groups for customers", {{"command", "set_policy"}, {"policy", policy}});

  on.told.heading("A link is converted");
  const json inn = an_inn(on, ada, northwind);
  twice(on, ada, "converts the link to jointly managed",
        {{"command", "convert_link"},
         {"link", inn.at("link")},
         {"management", "jointly"},
         {"owner", {{"name", "Olaf"}, {"email", "olaf@inn.example"}}}});

  on.told.heading("A link ends");
  on.does(klara, "asks to delink", delink);
  twice(on, ada, "accepts", {{"command", "accept_delink"}, {"link", link}});

  on.told.heading("A tenant is deleted");
  twice(on, support, "deletes the inn",
        {{"command", "delete_tenants"}, {"tenants", json::array({inn.at("tenant")})}, {"confirm", "delete"}});
  on.verify();
}
