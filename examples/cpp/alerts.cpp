// Who is told what: service mail and alerts under each way of being managed; and consoles, a shared collector and a licence, before
// and after a delink. Never sends an alert: it asks whom it would go to.

#include "journeys.hpp"

namespace {

using ids = std::vector<id>;

// The three devices that the bakery holds.
const list DEVICES{"SN-2026/0001", "SN-2026/0002", "SN-2026/0003"};

json assign(const id& who, const id& where, const json& role) {
  return {{"command", "assign"},
          {"assignments", json::array({json{{"user", who}, {"tenant", where}, {"role", role}}})}};
}

json battery(const id& tenant, const ids& additional = {}) {
  return {{"command", "set_alert_rule"},
          {"tenant", tenant},
          {"category", "battery"},
          {"audience", "group_managers"},
          {"additional", additional}};
}

json console(const id& tenant, std::string_view service, std::string_view place) {
  return {{"command", "open_console"}, {"tenant", tenant}, {"service", service}, {"return_to", place}};
}

// A manager asks a customer, and the customer says yes.
id link_as(stage& on, const id& asks, const id& manager, const id& answers, const std::string& number,
           const std::string& management) {
  const json request = on.does(asks, "asks to manage " + number + " " + management,
                               {{"command", "request_link"},
                                {"manager", manager},
                                {"number", number},
                                {"management", management},
                                {"services", list{"manage"}}});
  return on.does(answers, "accepts", {{"command", "accept_link"}, {"request", request}});
}

// Whom everything goes to, now or as of a record.
std::string service_mail(stage& on, const id& tenant, const json& as_of = nullptr) {
  return on.recipients(on.ask({{"query", "service_mail"}, {"tenant", tenant}, {"as_of", as_of}}));
}

std::string alerts_of(stage& on, const id& tenant, std::string_view category, const json& as_of = nullptr) {
  return on.recipients(
      on.ask({{"query", "alert_recipients"}, {"tenant", tenant}, {"category", category}, {"as_of", as_of}}));
}

void routes(stage& on, const std::vector<std::pair<std::string, id>>& tenants) {
  std::vector<row> rows;
  for (const auto& [managed, tenant] : tenants) {
    rows.push_back({plain(on.name_of(tenant)), faint(managed), plain(service_mail(on, tenant)),
                    plain(alerts_of(on, tenant, "security")), plain(alerts_of(on, tenant, "battery"))});
  }
  on.told.table(
      {"tenant", "managed", "service mail", "security alerts\n(all admins)", "battery alerts\n(group managers)"}, rows);
}

// What the last command led to, all in its one record.
void in_one_record(stage& on) {
  const auto records = on.ask({{"query", "host_records"}, {"after", on.revision() - 1}});
  for (const auto& record : records.at("rows")) {
    on.told.answer("in one record: " + happened(record.at("events"), ", "));
  }
}

// Every session that was opened, and how it ended.
void sessions(stage& on) {
  std::vector<std::pair<json, row>> all;
  const auto records = on.ask({{"query", "host_records"}, {"paging", {{"limit", 1000}}}});
  for (const auto& record : records.at("rows")) {
    const auto at = clock_face(record.at("at"));
    for (const auto& event : record.at("events")) {
      const std::string what = event.at("event");
      if (what == "session_opened") {
        all.push_back({event.at("session"),
                       {plain(on.name_of(event.at("user").get<id>())), plain(on.name_of(event.at("tenant").get<id>())),
                        plain(at), faint("–"), plain("open")}});
      } else if (what == "session_closed" || what == "session_ended") {
        const std::string how =
            what == "session_closed" ? "closed" : "ended by " + record.at("command").get<std::string>();
        for (auto& [session, cells] : all) {
          if (session == event.at("session")) cells[3] = plain(at), cells[4] = plain(how);
        }
      }
    }
  }
  std::vector<row> rows;
  for (const auto& [session, cells] : all) rows.push_back(cells);
  on.told.table({"who", "whose console", "opened", "until", "how it ended"}, rows);
}

// The two who part, and the link between them.
struct parting {
  stage& on;
  id ben, bakery, joint;

  // What there was before the record of the delink, and what there is after it.
  void show(std::uint64_t before, std::uint64_t after) const {
    const auto had = side(before), has = side(after);
    std::vector<row> rows;
    for (std::size_t place = 0; place < had.size(); ++place) {
      const auto& [what, then] = had[place];
      const auto& now = has[place].second;
      rows.push_back({plain(what), plain(then), plain(now), then == now ? faint("stays") : plain("changes")});
    }
    on.told.table({"at the bakery", "before", "after", ""}, rows);
  }

 private:
  // Entities of the bakery, as of a record.
  json of(std::string_view kind, std::uint64_t seq) const {
    const json found = on.ask({{"query", "host_entities"}, {"kind", kind}, {"tenant", bakery}, {"as_of", seq}});
    json all = json::array();
    for (const auto& one : found.at("rows")) all.push_back(one.at("entity"));
    return all;
  }

  // The users whom some entities name; of sessions, only the open ones.
  std::string users(const json& entities) const {
    json all = json::array();
    for (const auto& one : entities) {
      if (!one.contains("closed")) all.push_back(one.at("user"));
    }
    return on.people(all);
  }

  std::vector<std::pair<std::string, std::string>> side(std::uint64_t seq) const {
    const auto entity = [&](std::string_view kind, const id& it) {
      return on.ask({{"query", "host_entity"}, {"kind", kind}, {"id", it}, {"as_of", seq}}).at("entity");
    };
    const auto text = [](const list& texts) { return texts.empty() ? "–" : joined(texts); };
    const json may = on.ask(
        {{"query", "check"}, {"user", ben}, {"permission", "devices.manage"}, {"tenant", bakery}, {"as_of", seq}});
    json additional;
    for (const auto& rule : of("alert_rule", seq)) {
      if (rule.at("category") == "battery") additional = rule.value("additional", json::array());
    }
    list attached, licences;
    const json integrations =
        on.ask({{"query", "integrations"}, {"actor", staff().as_json}, {"tenant", bakery}, {"as_of", seq}});
    for (const auto& it : integrations.at("rows")) {
      attached.push_back(it.at("name").get<std::string>() + ", " + on.name_of(it.at("owner").get<id>()) + "'s");
    }
    for (const auto& it : of("licence", seq)) {
      licences.push_back(it.at("used").dump() + " of " + it.at("seats").dump() + " seats, bought by " +
                         on.name_of(it.at("buyer").get<id>()));
    }
    return {{"Ben manages devices", may.at("allowed") ? "yes" : "no"},
            {"granted to the MSP", text(entity("link", joint).value("grants", list{}))},
            {"people with a role there", users(of("assignment", seq))},
            {"open consoles", users(of("session", seq))},
            {"service mail", service_mail(on, bakery, seq)},
            {"security alerts", alerts_of(on, bakery, "security", seq)},
            {"battery alerts", alerts_of(on, bakery, "battery", seq)},
            {"additional recipients", on.people(additional)},
            {"integrations", text(attached)},
            {"licence `manage`", text(licences)},
            {"devices", to_string(entity("tenant", bakery).value("devices", 0))}};
  }
};

}  // namespace

// The default policy, and where the console of one service is.
json alerts_policy() {
  auto engine = tenantry::engine::memory();
  json policy = json::parse(engine.call(R"({"ask": {"query": "policy"}})")).at("answer");
  policy["consoles"] = {{"manage", "https://manage.example/console/{number}"}};
  return policy;
}

void alerts(stage& on) {
  on.told.title("Alerts, consoles, a collector, a licence");
  on.told.remark("Three customers, managed fully, jointly and not at all. Who is told, and what a delink leaves.");

  on.told.heading("The cast");
  const id northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");
  const id ben = on.user("Ben", northwind, "ben@northwind.example", "admin");
  const id nils = on.user("Nils", northwind, "nils@northwind.example", "read_only");
  const id hotel = on.tenant("customer", "Hotel Lindgren", "HL-300");
  const id lena = on.user("Lena", hotel, "lena@lindgren.example", "super_admin");
  const id bakery = on.tenant("customer", "Bäckerei Klein", "BK-200");
  const id klara = on.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin");
  const id greta = on.user("Greta", bakery, "greta@baeckerei-klein.example", "read_only");
  const id museum = on.tenant("customer", "Museum am Hafen", "MH-400");
  const id mona = on.user("Mona", museum, "mona@museum.example", "super_admin");
  const id contoso = on.tenant("reseller", "Contoso Mobile", "RS-700");
  const id rita = on.user("Rita", contoso, "rita@contoso.example", "admin");
  on.introduce();

  on.told.heading("Fully, jointly, not at all");
  link_as(on, ada, northwind, lena, "HL-300", "fully");
  const id joint = link_as(on, ada, northwind, klara, "BK-200", "jointly");
  on.name(joint, "Northwind IT → Bäckerei Klein");
  const auto role = [](const id& tenant, std::string_view name, const list& permissions) {
    return json{{"command", "create_role"}, {"tenant", tenant}, {"name", name}, {"permissions", permissions}};
  };
  const json lead = on.does(klara, "makes a role that leads device groups",
                            role(bakery, "Group lead", {"devices.view", "devices.group_manager"}));
  on.does(klara, "gives it to Greta", assign(greta, bakery, lead));
  on.does(ada, "sends the hotel's battery alerts to group managers", battery(hotel));
  on.does(klara, "sends the bakery's battery alerts to group managers", battery(bakery));
  on.does(mona, "sends the museum's battery alerts to group managers", battery(museum));
  const std::vector<std::pair<std::string, id>> all{{"fully", hotel}, {"jointly", bakery}, {"not at all", museum}};
  routes(on, all);
  on.told.remark(
      "Battery alerts at the hotel reach nobody: its own people are locked out, and the MSP leads no groups.");

  on.told.heading("The manager leads no device groups");
  watch rights(on, {{ada, "devices.group_manager", bakery},
                    {nils, "devices.group_manager", bakery},
                    {nils, "devices.view", bakery},
                    {greta, "devices.group_manager", bakery},
                    {klara, "devices.group_manager", bakery}});
  rights.follow(joint);
  rights.moment("linked");
  const json night = on.does(ada, "makes a role of her own that holds it",
                             role(northwind, "Night lead", {"tenant.view", "devices.view", "devices.group_manager"}));
  on.does(ada, "gives Nils that role at the bakery", assign(nils, bakery, night));
  rights.moment("role given");
  const json no = on.ask({{"query", "explain"},
                          {"user", nils},
                          {"permission", TENANTRY_PERMISSION_DEVICES_GROUP_MANAGER},
                          {"tenant", bakery}});
  on.told.answer("may he lead its device groups now? No: " + no.at("number").dump() + " " +
                 no.at("reason").get<std::string>() + ": " + on.in_names(no.at("message")));

  on.told.heading("Additional recipients");
  on.tries(klara, "sets a rule for a category that nobody knows",
           {{"command", "set_alert_rule"}, {"tenant", bakery}, {"category", "weather"}, {"audience", "all_admins"}});
  on.tries(klara, "adds Mona of the museum", battery(bakery, {mona}));
  on.does(klara, "adds Nils, the MSP's night desk, and Greta", battery(bakery, {nils, greta}));
  on.does(ada, "adds Nils at the hotel", battery(hotel, {nils}));
  routes(on, all);

  on.told.heading("Consoles");
  const auto close = [](const json& opened) {
    return json{{"command", "close_console"}, {"session", opened.at("session")}};
  };
  json opened = on.does(ben, "opens the bakery's console", console(bakery, "manage", "/customers?page=3"));
  on.told.answer("at " + opened.value("address", "nowhere") + ", to return to " +
                 opened.at("return_to").get<std::string>());
  const json back = on.does(ben, "closes it", close(opened));
  on.told.answer("and is back at " + back.get<std::string>());
  on.tries(ben, "opens it for a service not managed", console(bakery, "configure", "/customers"));
  on.tries(nils, "opens it with his role", console(bakery, "manage", "/customers"));
  on.does(klara, "opens her own console", console(bakery, "manage", "/home"));
  opened = on.does(ben, "opens the bakery's again", console(bakery, "manage", "/customers"));
  on.name(opened.at("session"), "Ben at Bäckerei Klein");
  on.does(ben, "opens the hotel's, too", console(hotel, "manage", "/customers"));
  on.does(ada, "blocks Ben", {{"command", "block_user"}, {"user", ben}});
  in_one_record(on);
  on.does(ada, "unblocks Ben", {{"command", "unblock_user"}, {"user", ben}});
  on.tries(ben, "closes the console that he had open", close(opened));
  on.does(ben, "opens the bakery's once more", console(bakery, "manage", "/customers"));
  on.does(ben, "opens the hotel's once more", console(hotel, "manage", "/customers"));

  on.told.heading("A shared collector");
  const json rack =
      on.does(ada, "sets up a collector, Rack 7",
              {{"command", "create_integration"}, {"owner", northwind}, {"kind", "collector"}, {"name", "Rack 7"}});
  const auto share = [&](const id& tenant) {
    return json{{"command", "share_integration"}, {"integration", rack}, {"tenant", tenant}};
  };
  on.does(ada, "shares it with the bakery", share(bakery));
  on.does(ada, "shares it with the hotel", share(hotel));
  on.tries(ada, "shares it with the museum", share(museum));
  on.does(ada, "disables the hotel", {{"command", "disable_tenants"}, {"tenants", ids{hotel}}});
  in_one_record(on);
  on.does(ada, "enables the hotel", {{"command", "enable_tenants"}, {"tenants", ids{hotel}}});

  on.told.heading("A licence");
  on.does(rita, "adds BK-200", {{"command", "add_reseller_customer"}, {"reseller", contoso}, {"number", "BK-200"}});
  on.does(rita, "uploads three devices to the bakery",
          {{"command", "upload_devices"}, {"reseller", contoso}, {"to", bakery}, {"devices", DEVICES}});
  const json licence = on.does(
      ada, "buys the bakery a licence with two seats",
      {{"command", "buy_licence"}, {"buyer", northwind}, {"tenant", bakery}, {"service", "manage"}, {"seats", 2}});
  on.name(licence, "manage for Bäckerei Klein");
  const auto seats = [&](std::string_view verb, const list& devices) {
    return json{{"command", verb}, {"licence", licence}, {"devices", devices}};
  };
  on.does(ada, "seats two devices", seats("assign_seats", {DEVICES[0], DEVICES[1]}));
  on.tries(ada, "seats the third", seats("assign_seats", list(1, DEVICES[2])));

  on.told.heading("The delink");
  on.does(klara, "lets the MSP manage users",
          {{"command", "set_manager_grants"}, {"link", joint}, {"grants", list{"users.manage"}}});
  on.days_pass(60);
  on.does(klara, "asks to delink", {{"command", "request_delink"}, {"link", joint}});
  const auto before = on.revision();
  rights.moment("delink asked");
  on.does(ada, "accepts", {{"command", "accept_delink"}, {"link", joint}});
  const auto after = on.revision();
  rights.moment("delinked");
  in_one_record(on);
  parting{on, ben, bakery, joint}.show(before, after);
  on.tries(ben, "opens the bakery's console", console(bakery, "manage", "/customers"));
  on.does(klara, "takes back a seat", seats("release_seats", list(1, DEVICES[0])));
  on.does(klara, "seats the third device: the licence goes on", seats("assign_seats", list(1, DEVICES[2])));

  on.told.heading("Who could lead device groups, and when");
  rights.show();
  on.told.heading("Every console session, from the journal");
  sessions(on);
  on.verify();
}
