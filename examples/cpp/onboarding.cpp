// A service desk's export becomes tenants and links. Lines that cannot be taken are listed with what to do about them; the file
// itself is never mended silently.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "journeys.hpp"
#include "rows.hpp"

// The export, as it came out of the service desk.
#ifndef EXPORT
#define EXPORT "../data/psa-export.csv"
#endif

namespace {

enum {
  ACCOUNT,
  PLATFORM,
  COMPANY,
  COUNTRY,
  STREET,
  PHONE,
  WEBSITE,
  PREFIX,
  MANAGED,
  SERVICES,
  CONTACT,
  EMAIL,
  COLUMNS
};

// An id that is the same whenever the same file is read.
id of_line(std::size_t line) {
  tenantry_id made{{0, 0, 0, 0, 0, 0x50, 0x53, 0x41}};
  for (int place = 0; place < 8; ++place)
    made.bytes[15 - place] = static_cast<std::uint8_t>(std::uint64_t{line} >> 8 * place);
  return id(made);
}

std::vector<csv_row> read_export() {
  std::ifstream file(EXPORT, std::ios::binary);
  if (!file) throw std::runtime_error("`" EXPORT "` cannot be read");
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  // A byte-order mark is no part of the first column's name.
  auto rows = read_csv(std::string_view(bytes).substr(bytes.rfind("\xEF\xBB\xBF", 0) == 0 ? 3 : 0));
  rows.erase(rows.begin());
  return rows;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

bool is_utf8(const std::string& text) {
  return std::mbstowcs(nullptr, text.c_str(), 0) != static_cast<std::size_t>(-1);
}

// What stands in the way, and what to do about it.
struct flaw {
  std::string what, remedy;
};

// A line on its way to being a command: every flaw of it is noted, not only the first.
class form {
 public:
  // Notes a text that is to be what `kind` says; or may be left out, and then becomes nothing. Where it goes is told by `place`.
  void needs(std::string_view place, std::string_view kind, const std::string& text) {
    places_.emplace_back(place);
    texts_.push_back({{"kind", kind}, {"text", text}});
  }
  void may(std::string_view place, std::string_view kind, const std::string& text) {
    if (!trimmed(text).empty()) needs(place, kind, text);
  }

  // Has them all read, and puts each in its place in the command; or says what is wrong with them.
  std::vector<flaw> fill(stage& on, json& command) const {
    std::vector<flaw> flaws;
    const json read = on.ask({{"query", "parse"}, {"texts", texts_}});
    for (std::size_t number = 0; number < places_.size(); ++number) {
      const auto& one = read.at(number);
      if (one.contains("flaw")) {
        flaws.push_back({one.at("flaw").at("message"), one.at("flaw").at("remedy")});
      } else {
        command[json::json_pointer(places_[number])] = one.at("text");
      }
    }
    return flaws;
  }

 private:
  std::vector<std::string> places_;
  json texts_ = json::array();
};

// Makes the command that a line stands for. New tenants get their ids from the line, as the requests do.
std::vector<flaw> to_command(stage& on, const csv_row& line, const id& manager, json& command) {
  const auto& cell = line.cells;
  if (cell.size() != COLUMNS) {
    return {{"the line has " + to_string(cell.size()) + " of " + to_string(COLUMNS) + " columns",
             "look for a missing comma or quotation mark"}};
  }
  if (!std::all_of(cell.begin(), cell.end(), is_utf8))
    return {{"the line is not in UTF-8", "export the line again, as UTF-8"}};
  form texts;
  texts.needs("/management", "management_type", trimmed(cell[MANAGED]));
  std::string rest = cell[SERVICES];
  for (std::size_t end = 0; end != rest.npos; rest.erase(0, end == rest.npos ? end : end + 1)) {
    end = rest.find(';');
    texts.may("/services/-", "service", trimmed(rest.substr(0, end)));
  }
  command = {{"manager", manager}, {"services", json::array()}};
  if (!trimmed(cell[PLATFORM]).empty()) {
    command["command"] = "request_link";
    texts.needs("/number", "number", cell[PLATFORM]);
    return texts.fill(on, command);
  }
  command.update({{"command", "add_customer"}, {"kind", "customer"}, {"tenant", of_line(line.line)}});
  texts.needs("/number", "number", cell[ACCOUNT]);
  texts.needs("/name", "company_name", cell[COMPANY]);
  texts.may("/country", "country", cell[COUNTRY]);
  texts.may("/website", "website", cell[WEBSITE]);
  texts.may("/prefix", "prefix", cell[PREFIX]);
  texts.may("/contact/street", "street", cell[STREET]);
  texts.may("/contact/phone", "phone", cell[PHONE]);
  // A customer that is fully managed has nobody of its own to sign up.
  if (trimmed(cell[MANAGED]) == "jointly" && !trimmed(cell[EMAIL]).empty()) {
    texts.may("/owner/name", "person_name", cell[CONTACT]);
    texts.needs("/owner/email", "email", cell[EMAIL]);
  }
  return texts.fill(on, command);
}

// A line that was not taken.
struct refused_line {
  std::size_t line;
  std::string account;
  std::vector<flaw> flaws;
};

void by_country(stage& on, const std::vector<json>& added) {
  struct tally {
    std::uint64_t fully = 0, jointly = 0;
    std::string example;
  };
  std::map<std::string, tally> countries;
  for (const auto& it : added) {
    auto& country = countries[it.value("country", "–")];
    ++(it.at("management") == "fully" ? country.fully : country.jointly);
    if (country.example.empty()) country.example = it.at("name");
  }
  std::vector<row> rows;
  for (const auto& [name, it] : countries) {
    rows.push_back({plain(name), count(it.fully + it.jointly), count(it.fully), count(it.jointly), plain(it.example)});
  }
  on.told.table({"country", "customers", "fully", "jointly", "for example"}, rows);
}

void count_letters(stage& on) {
  std::map<std::string, std::size_t> kinds;
  for (const auto& [kind, to] : on.post()) kinds[kind] += to.size();
  std::vector<row> rows;
  for (const auto& [kind, many] : kinds) rows.push_back({plain(kind), count(many)});
  on.told.table({"notice", "letters"}, rows);
}

void requests_table(stage& on, const std::vector<id>& asked) {
  std::vector<row> rows;
  for (const auto& one : asked) {
    const json request = on.entity("link_request", one), tenant = on.entity("tenant", request.at("managed"));
    const json& handshake = request.at("handshake");
    const bool open = handshake.at("state") == TENANTRY_HANDSHAKE_PENDING;
    rows.push_back({plain(tenant.at("name")), faint(tenant.at("number")), good(handshake.at("state")),
                    faint(open ? handshake.at("expires").get<std::string>().substr(0, 10) : "–")});
  }
  on.told.table({"tenant", "number", "request", "open until"}, rows);
}

struct owner {
  id user, tenant;
};

owner owned(stage& on, const std::string& name, std::string_view number, const std::string& person,
            std::string_view email) {
  const id tenant = on.tenant("customer", name, number);
  return {on.user(person, tenant, email, "super_admin"), tenant};
}

// Tenants that were on the platform before, and the owners who can answer for them.
std::vector<owner> neighbours(stage& on) {
  const owner hana = owned(on, "Harbour Lights", "P-7001", "Hana", "hana@harbour.example");
  const owner milo = owned(on, "Old Mill Press", "P-7002", "Milo", "milo@mill.example");
  on.tenant("customer", "Quiet Valley", "P-7003");
  const id southgate = on.tenant("msp", "Southgate Systems", "SG-1");
  const id sam = on.user("Sam", southgate, "sam@southgate.example", "super_admin");
  on.tenant("reseller", "Tidewater Resale", "P-7005");
  const owner cleo = owned(on, "Copper Kettle", "P-7004", "Cleo", "cleo@kettle.example");
  const json request = on.execute(sam, {{"command", "request_link"},
                                        {"manager", southgate},
                                        {"number", "P-7004"},
                                        {"management", "jointly"},
                                        {"services", list{"manage"}}});
  on.execute(cleo.user, {{"command", "accept_link"}, {"request", request}});
  on.post();
  return {hana, milo};
}

}  // namespace

void onboarding(stage& on) {
  on.told.title("Onboarding: a service desk's export becomes customers");
  on.told.remark("Forty countries, a dozen scripts, and every blemish that such files have.");

  on.told.heading("Who is on the platform already");
  const id northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const id ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");
  const auto owners = neighbours(on);
  on.introduce();

  on.told.heading("The file");
  const auto lines = read_export();
  std::vector<refused_line> refused;
  std::vector<const csv_row*> sent;
  json requests = json::array();
  for (const auto& line : lines) {
    json command;
    auto flaws = to_command(on, line, northwind, command);
    if (!flaws.empty()) {
      refused.push_back({line.line, trimmed(line.cells.front()), std::move(flaws)});
      continue;
    }
    if (command.contains("tenant")) on.name(command.at("tenant"), command.at("name"));
    requests.push_back({{"id", of_line(line.line)}, {"actor", {{"user", ada}}}, {"command", std::move(command)}});
    sent.push_back(&line);
  }
  const auto unreadable = refused.size();
  const json answers = on.call({{"execute_all", requests}}).at("results");
  std::vector<json> added;
  std::vector<id> asked;
  for (std::size_t place = 0; place < sent.size(); ++place) {
    const auto& answer = answers.at(place);
    if (answer.contains("fault")) {
      const auto& fault = answer.at("fault");
      const auto number = fault.at("number").get<int>();
      if (number >= 1000) throw std::runtime_error(fault.at("message").get<std::string>());
      const auto what =
          to_string(number) + " " + fault.at("name").get<std::string>() + ": " + on.in_names(fault.at("message"));
      refused.push_back({sent[place]->line, trimmed(sent[place]->cells.front()), {{what, fault.at("remedy")}}});
    } else if (answer.at("executed").at("command") == "add_customer") {
      added.push_back(requests.at(place).at("command"));
    } else {
      asked.push_back(answer.at("executed").at("outcome"));
    }
  }
  std::sort(refused.begin(), refused.end(), [](const auto& one, const auto& next) { return one.line < next.line; });
  on.told.table({"what", "how many"},
                {{plain("lines with something on them"), count(lines.size())},
                 {plain("customers added"), count(added.size())},
                 {plain("link requests to tenants that were there"), count(asked.size())},
                 {plain("refused before they were sent: a text is not well formed"), count(unreadable)},
                 {plain("refused by a rule"), count(refused.size() - unreadable)}});

  on.told.heading("The customers, by country");
  by_country(on, added);

  on.told.heading("The post");
  count_letters(on);

  on.told.heading("The tenants that were asked");
  for (const auto& [user, tenant] : owners) {
    const auto of_them = [&, place = tenant](const id& it) {
      return on.entity("link_request", it).at("managed").get<id>() == place;
    };
    const auto found = std::find_if(asked.begin(), asked.end(), of_them);
    if (found == asked.end()) continue;
    on.name(*found, "the request");
    on.does(user, "accepts", {{"command", "accept_link"}, {"request", *found}});
    break;
  }
  requests_table(on, asked);

  on.told.heading("Refused, line by line");
  std::vector<row> rows;
  for (const auto& one : refused) {
    list texts;
    for (const auto& [what, remedy] : one.flaws) texts.push_back(what + "\n→ " + remedy);
    rows.push_back({count(one.line), plain(one.account), plain(joined(texts, "\n"))});
  }
  on.told.table({"line", "account", "what stands in the way, and what to do"}, rows);

  on.told.heading("The same file once more");
  const auto before = on.revision();
  const json again = on.call({{"execute_all", requests}}).at("results");
  std::uint64_t same = 0, refused_again = 0;
  for (std::size_t place = 0; place < sent.size(); ++place) {
    if (again.at(place).contains("executed") && again.at(place) == answers.at(place)) {
      ++same;
    } else if (again.at(place).contains("fault") && answers.at(place).contains("fault")) {
      ++refused_again;
    } else {
      throw std::runtime_error("a line is answered differently");
    }
  }
  rows = {{plain("lines answered with their first receipt"), count(same)},
          {plain("lines refused again"), count(refused_again)}};
  const auto records = on.ask({{"query", "host_records"}, {"after", before}});
  for (const auto& record : records.at("rows")) {
    rows.push_back({plain("records written: " + happened(record.at("events"), ", ")), count(1)});
  }
  on.told.remark("Somebody clicks twice. Each line has its own request id, so it is the same request.");
  on.told.table({"what", "how many"}, rows);
  on.told.remark("Nothing is done twice; only a refusal for lack of rights is audited each time.");
  on.verify();
}
