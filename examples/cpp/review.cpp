// An auditor's questions: who could reach this customer on 3 March, and why; what has changed since, and by what.

#include <algorithm>

#include "journeys.hpp"

namespace {

// The moment that the auditor asks about.
constexpr auto ON_3_MARCH = "2026-03-03T12:00:00Z";

// What may be done by the first way there is; nobody has two in this story.
std::string held(const json& reached) { return permissions(reached.at("ways").at(0).at("held")); }

// What is gained, or lost: nothing, where nothing is said.
std::string some(const json& row, const char* name) { return permissions(row.value(name, json::array())); }

void as_klara_reads_it(stage& on, const id& klara, const id& bakery) {
  const json who{{"user", klara}};
  const json named =
      on.ask({{"query", "tenant_access"}, {"actor", who}, {"tenant", bakery}, {"as_of", ON_3_MARCH}});
  const json others =
      on.ask({{"query", "organisation_access"}, {"actor", who}, {"tenant", bakery}, {"as_of", ON_3_MARCH}});
  std::vector<row> rows;
  for (const auto& one : named.at("rows")) {
    rows.push_back({plain(on.name_of(one.at("user").get<id>())), faint(on.name_of(one.at("home").get<id>())),
                    plain(held(one))});
  }
  for (const auto& one : others) {
    rows.push_back({faint("somebody"), plain(one.at("organisation").at("name")), plain(permissions(one.at("held")))});
  }
  on.told.table({"who", "of", "could"}, rows);
}

// By which role and through which links, and what of it rests on a grant.
void with_the_why(stage& on, const json& reached) {
  std::vector<row> rows;
  for (const auto& one : reached) {
    const auto& way = one.at("ways").at(0);
    std::string role = "–";
    if (way.contains("grounds")) {
      const auto& grounds = way.at("grounds");
      role = grounds.at("role").get<std::string>() + " of " + on.name_of(grounds.at("tenant").get<id>());
    }
    list links;
    for (const auto& link : way.value("chain", json::array())) links.push_back(on.name_of(link.get<id>()));
    const list granted = way.value("granted", list{});
    rows.push_back({plain(on.name_of(one.at("user").get<id>())), plain(role),
                    links.empty() ? faint("–") : plain(joined(links, "\n")), plain(permissions(way.at("held"))),
                    granted.empty() ? faint("–") : plain(joined(granted, "\n"))});
  }
  on.told.table({"who", "by the role", "through the link", "could", "by a grant"}, rows);
}

// What the feed has of a tenant from a record on.
void by_which_record(stage& on, const id& of, const json& after) {
  std::vector<row> rows;
  const json feed = on.ask({{"query", "host_access_changes"}, {"after", after}});
  for (const auto& one : feed.at("rows")) {
    if (one.at("tenant").get<id>() != of) continue;
    rows.push_back({count(one.at("seq")), faint(clock_face(one.at("at"))),
                    one.contains("command") ? plain(one.at("command")) : faint("–"),
                    plain(on.name_of(one.at("user").get<id>())), good(some(one, "gained")), bad(some(one, "lost"))});
  }
  on.told.table({"record", "since", "command", "who", "gained", "lost"}, rows);
}

}  // namespace

void review(stage& on) {
  on.told.title("Who could reach this customer on 3 March");
  on.told.remark("An auditor asks about a day that has passed, why it was so, and what has changed since.");

  on.told.heading("The cast");
  const id northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");
  const id ben = on.user("Ben", northwind, "ben@northwind.example", "admin");
  const id cleo = on.user("Cleo", northwind, "cleo@northwind.example", "read_only");
  const id harbour = on.tenant("msp", "Harbour Security", "HS-300");
  const id hana = on.user("Hana", harbour, "hana@harbour.example", "admin");
  const id bakery = on.tenant("customer", "Bäckerei Klein", "BK-200");
  const id klara = on.user("Klara", bakery, "klara@klein.example", "super_admin");
  on.user("Karl", bakery, "karl@klein.example", "read_only");
  on.introduce();

  on.told.heading("Up to 3 March");
  const id asked = on.does(ada, "asks to manage BK-200 jointly",
                           {{"command", "request_link"},
                            {"manager", northwind},
                            {"number", "BK-200"},
                            {"management", "jointly"},
                            {"services", list{"enrollment", "manage"}}});
  const id link = on.does(klara, "accepts", {{"command", "accept_link"}, {"request", asked}});
  on.name(link, "Northwind IT → Bäckerei Klein");
  on.does(klara, "lets Northwind manage users",
          {{"command", "set_manager_grants"}, {"link", link}, {"grants", list{"users.manage"}}});
  const id second = on.does(hana, "asks to manage NW-100 for twenty days",
                            {{"command", "request_link"},
                             {"manager", harbour},
                             {"number", "NW-100"},
                             {"management", "jointly"},
                             {"services", list{"enrollment", "manage"}},
                             {"term", {{"days", 20}}}});
  const id above = on.does(ada, "accepts", {{"command", "accept_link"}, {"request", second}});
  on.name(above, "Harbour Security → Northwind IT");

  on.told.heading("And after it");
  on.days_pass(7);
  on.does(ada, "blocks Ben, who has left", {{"command", "block_user"}, {"user", ben}});
  const json admin{{"user", cleo}, {"tenant", bakery}, {"role", "admin"}};
  on.does(ada, "makes Cleo admin at the bakery", {{"command", "assign"}, {"assignments", json::array({admin})}});
  on.days_pass(30);
  on.does(klara, "takes the grant back", {{"command", "set_manager_grants"}, {"link", link}, {"grants", list{}}});

  on.told.heading("Who could reach the bakery on 3 March, as Klara reads it");
  on.told.remark("Her own people have names; those of others are told as their organisation.");
  as_klara_reads_it(on, klara, bakery);

  on.told.heading("The same as the platform's staff reads it, with the why");
  json then{{"query", "tenant_access"}, {"actor", staff().as_json}, {"tenant", bakery}, {"as_of", ON_3_MARCH}};
  const json answered = on.call({{"ask", then}});
  with_the_why(on, answered.at("answer").at("rows"));
  then["filter"] = {{"permission", "users.manage"}};
  json able = json::array();
  const json found = on.ask(then);
  for (const auto& one : found.at("rows")) able.push_back(one.at("user"));
  on.told.remark("users.manage was held by " + on.people(able) + ".");

  on.told.heading("What has changed since");
  std::vector<row> rows;
  const json changes = on.ask({{"query", "tenant_access_changes"},
                               {"actor", staff().as_json},
                               {"tenant", bakery},
                               {"since", ON_3_MARCH}});
  for (const auto& one : changes.at("rows")) {
    rows.push_back({plain(on.name_of(one.at("user").get<id>())), good(some(one, "gained")), bad(some(one, "lost"))});
  }
  on.told.table({"who", "gained", "lost"}, rows);

  on.told.heading("By which record");
  by_which_record(on, bakery, answered.at("seq"));
  on.told.remark("What has ended by time alone has no command; it comes with the record that was next.");

  on.told.heading("What Cleo can reach today, as she reads it");
  rows.clear();
  const json reached = on.ask({{"query", "user_access"}, {"actor", {{"user", cleo}}}, {"user", cleo}});
  for (const auto& one : reached.at("rows")) {
    rows.push_back({plain(one.at("name")), faint(one.at("number")), plain(held(one))});
  }
  on.told.table({"tenant", "number", "may"}, rows);
  on.verify();
}
