// A reseller and the devices it sold: where they went, and whom it sees for them, before and after a delink. Asks for the
// reseller's rows only as the reseller; never looks behind them, but to ask whom one device is shown as.

#include "journeys.hpp"
#include "rows.hpp"

namespace {

// A phone by its two IMEIs and its serial number.
const list PHONE{"356938031000053", "356938031000061", "SN-2026/0101"};
// What the bakery buys: an IMEI, a MEID, a serial number.
const list BAKERY{"356938031000012", "A100000C1D2E3F", "SN-2026/0042"};
// What the MSP buys for its pool, and the two of them that it moves on.
const list POOL{"490154201000017", "490154201000025", "490154201000033", "490154201000041", "490154201000058"};
const list MOVED{"490154201000017", "490154201000025"};

// An MSP asks a customer to be managed jointly, and the customer says yes.
id link_jointly(stage& on, const id& asks, const id& answers, const id& manager, const std::string& number) {
  const json request = on.does(asks, "asks to manage " + number + " jointly",
                               {{"command", "request_link"},
                                {"manager", manager},
                                {"number", number},
                                {"management", "jointly"},
                                {"services", list{"manage"}}});
  return on.does(answers, "accepts", {{"command", "accept_link"}, {"request", request}});
}

// A manager's customers, as somebody of its own sees them.
void customers(stage& on, const id& who, const id& manager) {
  std::vector<row> rows;
  const json found = on.ask({{"query", "customers"}, {"actor", {{"user", who}}}, {"manager", manager}});
  for (const auto& it : found.at("rows")) {
    rows.push_back({plain(it.at("name")), faint(it.at("number")), plain(it.at("management")),
                    plain(status_of(it.at("stage"))), count(it.at("devices"))});
  }
  on.told.table({"customer", "number", "managed", "status", "devices"}, rows);
}

// What a spreadsheet would run is led by an apostrophe in the CSV.
std::string inert(const std::string& cell) { return cell.find_first_of("=+-@") == 0 ? "'" + cell : cell; }

// A reseller, and who asks for its list.
struct sells {
  stage& on;
  id rita, contoso;

  json upload(const id& to, const list& devices) const {
    return {{"command", "upload_devices"}, {"reseller", contoso}, {"to", to}, {"devices", devices}};
  }

  json add(std::string_view number) const {
    return {{"command", "add_reseller_customer"}, {"reseller", contoso}, {"number", number}};
  }

  // All that is or what a filter leaves, now or as of a record.
  json rows(const json& filter, const json& as_of = nullptr) const {
    return on
        .ask({{"query", "reseller_customers"},
              {"actor", {{"user", rita}}},
              {"reseller", contoso},
              {"filter", filter},
              {"as_of", as_of}})
        .at("rows");
  }

  void show(const json& filter = json::object()) const {
    std::vector<row> told;
    for (const auto& it : rows(filter)) {
      told.push_back({plain(it.at("company")), plain(it.at("number")),
                      it.contains("country") ? plain(it.at("country")) : faint("–"),
                      faint(it.contains("last_uploaded") ? clock_face(it.at("last_uploaded")) : "–"),
                      count(it.at("uploads")), count(it.at("devices")), plain(it.at("status"))});
    }
    on.told.table({"Company name / internal reference", "Customer / MSP ID", "Country", "Last uploaded", "Uploads",
                   "Devices", "Status"},
                  told);
  }

  // Shows the CSV, and reads it back to see that it says what the list says.
  void csv(const json& filter = json::object()) const {
    const json answer =
        on.ask({{"query", "reseller_csv"}, {"actor", {{"user", rita}}}, {"reseller", contoso}, {"filter", filter}});
    const std::string text = answer.at("csv");
    on.told.verbatim(text);
    std::vector<list> read, wanted;
    for (const auto& line : read_csv(text)) read.push_back(line.cells);
    read.erase(read.begin());
    for (const auto& it : rows(filter)) {
      wanted.push_back({inert(it.at("company")), it.at("number"), it.value("country", ""),
                        it.value("last_uploaded", ""), it.at("uploads").dump(), it.at("devices").dump(),
                        it.at("status")});
    }
    if (read != wanted || answer.at("rows") != wanted.size())
      throw std::runtime_error("the CSV does not say what the list says");
    on.told.holds("read back, the CSV has the rows and cells of the list");
  }

  // Whom a device was shown as after a record.
  std::string shown(std::string_view device, std::uint64_t seq) const {
    const json devices =
        on.ask({{"query", "host_entities"}, {"kind", "device"}, {"paging", {{"limit", 1000}}}, {"as_of", seq}});
    for (const auto& one : devices.at("rows")) {
      const auto& found = one.at("entity");
      if (found.at("id") != device) continue;
      const json seen = rows({{"tenant", found.at("shown_as")}}, seq).at(0);
      return seen.at("company").get<std::string>() + "\n" + seen.at("number").get<std::string>();
    }
    throw std::runtime_error("the device is gone");
  }

  row matrix(const std::string& how, const std::string& device, const std::vector<std::uint64_t>& moments) const {
    row cells{plain(how + "\n" + device)};
    for (const auto seq : moments) cells.push_back(plain(shown(device, seq)));
    return cells;
  }
};

}  // namespace

void resellers(stage& on) {
  on.told.title("Resellers: uploads, moves, and whom devices are shown as");
  on.told.remark("A reseller sells to customers and to an MSP, and sees who has its devices: up to a point.");

  on.told.heading("The cast");
  const json in_germany{{"country", "DE"}}, in_denmark{{"country", "DK"}};
  const id contoso = on.tenant("reseller", "Contoso Mobile", "RS-700", in_germany);
  const id rita = on.user("Rita", contoso, "rita@contoso.example", "admin");
  const id northwind = on.tenant("msp", "Northwind IT", "NW-100", in_germany);
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");
  const id bakery = on.tenant("customer", "Bäckerei Klein", "BK-200", in_germany);
  const id klara = on.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin");
  const id holm = on.tenant("customer", "Holm & Sons", "HS-900", in_denmark);
  const id hanna = on.user("Hanna", holm, "hanna@holm.example", "super_admin");
  on.introduce();

  on.told.heading("The MSP's customers");
  const id bakery_link = link_jointly(on, ada, klara, northwind, "BK-200");
  on.name(bakery_link, "Northwind IT → Bäckerei Klein");
  const json added = on.does(ada, "adds Fjord Logistikk, fully managed",
                             {{"command", "add_customer"},
                              {"manager", northwind},
                              {"kind", "customer"},
                              {"name", "Fjord Logistikk"},
                              {"number", "FL-500"},
                              {"country", "NO"},
                              {"management", "fully"},
                              {"services", list{"manage"}}});
  const id fjord = added.at("tenant"), fjord_link = added.at("link");
  on.name(fjord, "Fjord Logistikk");

  const sells shop{on, rita, contoso};
  on.told.heading("Whom the reseller sells to");
  on.tries(rita, "uploads to the bakery before adding it", shop.upload(bakery, BAKERY));
  json add = shop.add("BK-200");
  add["reference"] = "Till 4711";
  on.does(rita, "adds BK-200, which is `Till 4711` in its own books", add);
  on.does(rita, "adds NW-100", shop.add("NW-100"));
  on.does(rita, "adds HS-900", shop.add("HS-900"));
  on.does(rita, "uploads three devices to the bakery", shop.upload(bakery, BAKERY));
  on.days_pass(1);
  on.does(rita, "uploads five devices to the MSP", shop.upload(northwind, POOL));

  on.told.heading("A batch with faults");
  const list typed{"356938031000020", "356938031000039", "356938031000020", "a100000c1d2e3f", "SN 77", "X1"};
  on.tries_each(rita, "uploads six devices to Holm & Sons", typed, shop.upload(holm, typed));
  on.told.remark("All or nothing: not even the first was taken. The fourth is the bakery's, in small letters.");
  list bulk;
  for (int number = 0; number < 10001; ++number) bulk.push_back("BULK-" + to_string(number));
  on.tries(rita, "uploads 10 001 devices at once", shop.upload(holm, bulk));

  on.told.heading("One device, several ids");
  on.does(rita, "uploads a phone to the bakery: two IMEIs and a serial number",
          {{"command", "upload_devices"}, {"reseller", contoso}, {"to", bakery}, {"devices", json::array({PHONE})}});
  on.tries(rita, "uploads its second IMEI to Holm & Sons", shop.upload(holm, {PHONE[1]}));

  on.told.heading("The reseller's list, before");
  on.told.remark("The bakery was sold to directly and is managed: its name, the MSP's number.");
  shop.show();
  on.told.remark("The same as CSV:");
  shop.csv();
  on.told.remark("Asked for, Holm & Sons shows, too: added, and nothing uploaded yet.");
  shop.show({{"unused", true}, {"text", "holm"}});

  on.told.heading("The MSP moves devices from its pool");
  const auto move = [&](const id& to, const list& devices) {
    return json{{"command", "move_devices"}, {"manager", northwind}, {"customer", to}, {"devices", devices}};
  };
  on.tries(ada, "moves two to the bakery, jointly managed", move(bakery, MOVED));
  on.tries(ada, "moves two to Fjord Logistikk, one of them the bakery's", move(fjord, {MOVED[0], BAKERY[2]}));
  on.does(ada, "moves two to Fjord Logistikk, fully managed", move(fjord, MOVED));
  on.told.remark("Ada's customers, with what they hold:");
  customers(on, ada, northwind);
  on.told.remark("Rita's list is what it was: where an MSP puts its devices is no affair of the reseller.");
  shop.show();
  std::vector<std::uint64_t> moments{on.revision()};

  on.told.heading("Both customers leave the MSP");
  const auto email = "freja@fjord.example";
  const json invited = on.does(ada, "converts Fjord Logistikk to jointly managed",
                               {{"command", "convert_link"},
                                {"link", fjord_link},
                                {"management", "jointly"},
                                {"owner", {{"name", "Freja"}, {"email", email}}}});
  const id freja = invited.at("user");
  on.name(freja, "Freja");
  on.does(freja, "signs up",
          {{"command", "accept_invitation"}, {"invitation", invited.at("invitation")}, {"email", email}});
  for (const auto& [who, link] : {std::pair(freja, fjord_link), std::pair(klara, bakery_link)}) {
    on.days_pass(30);
    on.does(who, "asks to delink", {{"command", "request_delink"}, {"link", link}});
    on.does(ada, "accepts", {{"command", "accept_delink"}, {"link", link}});
  }
  moments.push_back(on.revision());
  on.does(ada, "deletes a broken device from the pool",
          {{"command", "delete_devices"}, {"tenant", northwind}, {"devices", list{POOL[4]}}});

  on.told.heading("The reseller's list, after");
  on.told.remark("Fjord Logistikk appears with what was moved there, and Rita never added it.");
  shop.show();
  on.told.remark("The same as CSV:");
  shop.csv();

  on.told.heading("Direct or moved, linked or delinked");
  link_jointly(on, ada, klara, northwind, "BK-200");
  link_jointly(on, ada, freja, northwind, "FL-500");
  moments.push_back(on.revision());
  on.told.remark("Whom Rita sees for one device of each kind, asked of those three moments today:");
  on.told.table(
      {"how it came to the customer", "linked", "delinked", "linked again"},
      {shop.matrix("uploaded to it", BAKERY[0], moments), shop.matrix("moved there by the MSP", MOVED[0], moments)});
  on.told.remark("What was moved is the customer's from its first delink on, for good.");

  on.told.heading("The customer drops the reseller");
  on.does(klara, "wants no more of Contoso Mobile",
          {{"command", "drop_reseller"}, {"tenant", bakery}, {"reseller", contoso}});
  on.tries(rita, "uploads one more device to the bakery", shop.upload(bakery, {"SN-2026/0043"}));

  on.told.heading("A company name that is a formula");
  on.does(rita, "uploads two devices to Holm & Sons", shop.upload(holm, {"SN-2026/0077", "SN-2026/0078"}));
  on.does(hanna, "gives her company a name that spreadsheets would run",
          {{"command", "edit_tenant"}, {"tenant", holm}, {"name", R"(=HYPERLINK("https://evil.example","Bill"))"}});
  shop.show();
  on.told.remark("In the CSV an apostrophe leads it, and its quotes and comma stay inside the cell.");
  shop.csv({{"tenant", holm}});
  on.verify();
}
