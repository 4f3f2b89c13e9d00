// A multi-client with clients below it, under the policy `clients`: three authorizations, inherited and overridden; disable,
// enable, delete. Never shows more of a tenant than the asking user may see.

#include <algorithm>
#include <cctype>

#include "journeys.hpp"

namespace {

using authorized = std::vector<std::pair<id, std::string>>;
using ids = std::vector<id>;

json client(const id& manager, std::string_view kind, const std::string& name, std::string_view number,
            std::string_view prefix) {
  return {{"command", "add_customer"}, {"manager", manager}, {"kind", kind},           {"name", name},
          {"number", number},          {"prefix", prefix},   {"management", "client"}, {"services", list{"manage"}}};
}

// Adds one of the Meridian clients; its prefix is its name in small letters.
id add(stage& on, const id& by, const id& manager, const std::string& name, std::string_view number,
       std::string_view kind, const authorized& users = {}) {
  std::string prefix = name;
  std::transform(prefix.begin(), prefix.end(), prefix.begin(),
                 [](unsigned char c) { return c == ' ' ? '-' : static_cast<char>(std::tolower(c)); });
  json command = client(manager, kind, name, number, prefix);
  list who;
  for (const auto& [user, role] : users) {
    who.push_back(on.name_of(user) + " as " + role);
    command["authorize"].push_back({{"user", user}, {"role", role}});
  }
  const json added = on.does(by, "adds " + name + (who.empty() ? "" : " with " + joined(who, " and ")), command);
  on.name(added.at("tenant"), name);
  on.name(added.at("link"), on.name_of(manager) + " → " + name);
  return added.at("tenant");
}

// For each user and tenant: the role that decides, and the tenant it comes from when that is another one.
void authorizations(stage& on, const ids& people, const ids& places) {
  std::vector<std::string> header{"tenant"};
  for (const auto& user : people) header.push_back(on.name_of(user));
  std::vector<row> rows;
  for (const auto& tenant : places) {
    row cells{plain(on.name_of(tenant))};
    for (const auto& user : people) {
      const json found = on.ask({{"query", "explain"},
                                  {"user", user},
                                  {"permission", TENANTRY_PERMISSION_TENANT_VIEW},
                                  {"tenant", tenant}});
      if (!found.contains("grounds")) {
        cells.push_back(faint("–"));
        continue;
      }
      const id source = found.at("grounds").at("tenant");
      const std::string role = found.at("grounds").at("role");
      const auto text = source == tenant ? role : role + " ← " + on.name_of(source);
      cells.push_back(found.at("allowed") ? good(text) : bad(text));
    }
    rows.push_back(std::move(cells));
  }
  on.told.table(header, rows);
}

void results(stage& on, const json& all) {
  for (const auto& it : all) {
    on.told.answer(on.name_of(it.at("tenant").get<id>()) + ": " + (it.at("changed") ? "changed" : "was so already"));
  }
}

// The tenants with their prefixes and how they are.
void pool(stage& on, const ids& places) {
  std::vector<row> rows;
  for (const auto& place : places) {
    const json it = on.entity("tenant", place);
    rows.push_back({plain(it.at("name")), faint(it.at("number")),
                    it.contains("deleted") ? bad("deleted") : good(it.at("operation")),
                    it.contains("prefix") ? plain(it.at("prefix")) : faint("–")});
  }
  on.told.table({"tenant", "number", "is", "prefix"}, rows);
}

json disable(const ids& tenants) { return {{"command", "disable_tenants"}, {"tenants", tenants}}; }

json remove(const id& tenant, std::string_view confirm) {
  return {{"command", "delete_tenants"}, {"tenants", ids{tenant}}, {"confirm", confirm}};
}

}  // namespace

void clients(stage& on) {
  on.told.title("Clients below a multi-client");
  on.told.remark("Policy `clients`: no access, read-only or admin; inherited, unless something nearer says otherwise.");

  on.told.heading("The house");
  const id atlas = on.tenant("msp", "Atlas Services", "AT-1");
  const id ada = on.user("Ada", atlas, "ada@atlas.example", "admin");
  const id cem = on.user("Cem", atlas, "cem@atlas.example", "no_access");
  const id dora = on.user("Dora", atlas, "dora@atlas.example", "no_access");
  on.introduce();
  const id group = add(on, ada, atlas, "Meridian Group", "AT-10", "msp", {{cem, "admin"}, {dora, "read_only"}});
  const id paris = add(on, ada, group, "Meridian Paris", "AT-11", "customer");
  const id osaka = add(on, ada, group, "Meridian Osaka", "AT-12", "customer", {{cem, "read_only"}});
  const id quito = add(on, ada, group, "Meridian Quito", "AT-13", "customer");

  on.told.heading("Who holds what, and from where");
  const ids people{ada, cem, dora};
  ids places{atlas, group, paris, osaka, quito};
  authorizations(on, people, places);
  on.told.remark("Cem is admin of the group and only reads in Osaka: what is nearest wins.");
  const json shut{{"user", dora}, {"tenant", paris}, {"role", "no_access"}};
  on.does(ada, "keeps Dora out of Paris", {{"command", "assign"}, {"assignments", json::array({shut})}});
  places.push_back(add(on, cem, group, "Meridian Lima", "AT-14", "customer"));
  on.told.remark("Lima came later and is covered all the same.");
  authorizations(on, people, places);
  on.tries(dora, "looks for more than she may do", disable({quito}));
  on.tries(dora, "tries Paris, which she cannot see", disable({paris}));

  on.told.heading("Disable and enable");
  watch rights(on, {{cem, "devices.manage", group},
                    {cem, "devices.manage", paris},
                    {cem, "tenant.operate", paris},
                    {cem, "devices.manage", quito}});
  rights.moment("enabled");
  results(on, on.does(cem, "disables the group and Paris", disable({group, paris})));
  rights.moment("disabled");
  on.told.remark("Quito is below the group and not disabled with it.");
  results(on, on.does(cem, "disables Paris and Quito", disable({paris, quito})));
  results(on,
          on.does(cem, "enables all three", {{"command", "enable_tenants"}, {"tenants", ids{group, paris, quito}}}));
  rights.moment("enabling");
  on.tries(cem, "disables Quito while it comes up", disable({quito}));
  for (const auto& tenant : {group, paris, quito}) {
    on.does(staff(), "reports " + on.name_of(tenant) + " ready", {{"command", "report_ready"}, {"tenant", tenant}});
  }
  rights.moment("ready");
  rights.show();

  on.told.heading("Delete, and the prefix returns to the pool");
  pool(on, places);
  const json taken = client(group, "customer", "Sakai Works", "AT-21", "meridian-osaka");
  on.tries(ada, "adds Sakai Works at meridian-osaka", taken);
  on.tries(ada, "deletes Osaka, typing Delete", remove(osaka, "Delete"));
  on.tries(ada, "deletes the group", remove(group, "delete"));
  results(on, on.does(ada, "deletes Osaka", remove(osaka, "delete")));
  places.push_back(on.does(ada, "adds Sakai Works at meridian-osaka", taken).at("tenant"));
  on.name(places.back(), "Sakai Works");
  pool(on, places);
  json cascade = remove(group, "delete");
  cascade["cascade"] = true;
  results(on, on.does(ada, "deletes the group with everything below it", cascade));
  pool(on, places);
  on.told.remark("Numbers stay with their tombstones for good; only prefixes come back.");
  on.verify();
}
