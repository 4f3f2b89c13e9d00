#include "stage.hpp"

#include <algorithm>
#include <ctime>
#include <set>
#include <stdexcept>

namespace {

// Monday, 2 March 2026, eight o'clock: when every journey begins.
constexpr std::int64_t MORNING = 1772438400000000, MINUTE = 60000000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

// Who takes the notices off the file.
constexpr auto POSTMAN = "postman";

// The most rows that one answer has; no journey has more.
constexpr auto ALL = 1000;

// A few words as the head of a narrow column, one below the other.
std::string column(std::string words) {
  std::replace(words.begin(), words.end(), ' ', '\n');
  return words;
}

}  // namespace

// ---- tenantry ----

tenantry::options stage::options(const json& policy) {
  tenantry::options asked;
  asked.policy = tenantry::policy_source::of_json(policy.dump());
  // Called from any thread.
  asked.now = [this] { return tenantry::timestamp(std::chrono::microseconds(now_)); };
  asked.new_id = [this] {
    const std::uint64_t number = next_++;
    tenantry_id made{};
    for (int place = 0; place < 8; ++place) made.bytes[15 - place] = static_cast<std::uint8_t>(number >> 8 * place);
    for (int place = 0; place < 4; ++place) made.bytes[3 - place] = static_cast<std::uint8_t>(series_ >> 8 * place);
    return id(made);
  };
  return asked;
}

stage::stage(std::string where, const json& policy, std::uint32_t series)
    : now_(MORNING),
      series_(series),
      path(std::move(where)),
      engine(tenantry::engine::open(path, options(policy))) {}

json stage::call(const json& request) { return json::parse(engine.call(request.dump())); }

json stage::ask(json query) { return call({{"ask", std::move(query)}}).at("answer"); }

json stage::execute(const actor& by, json command) {
  return call({{"execute", {{"actor", by.as_json}, {"command", std::move(command)}}}}).at("outcome");
}

json stage::entity(std::string_view kind, const id& it) {
  return ask({{"query", "host_entity"}, {"kind", kind}, {"id", it}}).at("entity");
}

// ---- time ----

void stage::days_pass(int days) {
  time_passes(days * DAY, days == 1 ? "a day passes" : to_string(days) + " days pass");
}

void stage::hours_pass(int hours) { time_passes(hours * HOUR, to_string(hours) + " hours pass"); }

void stage::time_passes(std::int64_t micros, const std::string& words) {
  now_ += micros;
  const auto happened = call({{"sweep", json::object()}}).at("happened").get<int>();
  told.remark("… " + words + " …");
  if (happened > 0) deliver();
}

std::string stage::clock_face() const {
  const std::time_t seconds = now_ / 1000000;
  char face[32];
  std::strftime(face, sizeof face, "%Y-%m-%d %H:%M", std::gmtime(&seconds));
  return face;
}

std::string clock_face(const std::string& timestamp) { return timestamp.substr(0, 10) + " " + timestamp.substr(11, 5); }

// ---- names ----

std::string stage::name_of(const std::string& it) const {
  const auto found = names_.find(it);
  return found == names_.end() ? it : found->second;
}

std::string stage::actor_name(const json& actor) const {
  if (actor.contains("user")) return name_of(actor.at("user").get<std::string>());
  if (actor.contains("organisation")) return "someone of " + name_of(actor.at("organisation").get<std::string>());
  if (actor == "stranger") return "a stranger";
  if (!actor.contains("operator")) return "the clock";
  const auto& staff = actor.at("operator");
  return staff.contains("ticket") ? "the operator, on " + staff.at("ticket").get<std::string>() : "the operator";
}

std::string stage::people(const json& users) const {
  std::set<std::string> names;
  for (const auto& user : users) names.insert(name_of(user.get<std::string>()));
  return names.empty() ? "nobody" : joined({names.begin(), names.end()});
}

std::string stage::recipients(const json& to) const {
  const auto users = people(to.at("users"));
  if (!to.value("operator", false)) return users;
  return to.at("users").empty() ? "the operator" : users + ", the operator";
}

std::string stage::in_names(std::string text) const {
  for (const auto& [it, name] : names_) {
    for (std::size_t at; (at = text.find(it)) != text.npos;) text.replace(at, it.size(), name);
  }
  return text;
}

// ---- the cast ----

tenantry::tenant_id stage::tenant(std::string_view kind, const std::string& name, std::string_view number, json also) {
  also.update({{"command", "register_tenant"}, {"kind", kind}, {"name", name}, {"number", number}});
  const auto made = execute(staff(), std::move(also)).get<tenantry::tenant_id>();
  enlist(made, name);
  return made;
}

tenantry::user_id stage::user(const std::string& called, const id& home, std::string_view email,
                              const std::string& role) {
  const commands::register_user registers(tenantry::tenant_id(home.raw()), std::string(email), role);
  const auto made = engine.execute(staff().who, registers.with_name(called)).outcome;
  name(made, called);
  for (auto& [tenant, people] : cast_) {
    if (tenant == home) people.push_back(called + " (" + role + ")");
  }
  return made;
}

void stage::enlist(const id& tenant, const std::string& called) {
  name(tenant, called);
  cast_.emplace_back(tenant, list{});
}

void stage::introduce() {
  std::vector<row> rows;
  for (const auto& [who, people] : cast_) {
    const auto it = entity("tenant", who);
    rows.push_back({plain(it.at("name")), faint(it.at("number")), plain(it.at("kind")),
                    people.empty() ? faint("–") : plain(joined(people))});
  }
  told.table({"tenant", "number", "kind", "people"}, rows);
}

// ---- the story ----

std::string stage::line(const actor& by, std::string_view what) const {
  const auto ticket = by.as_json.contains("operator") && by.as_json.at("operator").contains("ticket");
  return actor_name(by.as_json) + (ticket ? ", " : " ") + std::string(what);
}

void stage::minutes_pass() { now_ += 5 * MINUTE; }

json stage::does(const actor& by, std::string_view what, json command) {
  return done(by, what, [&] {
    auto reply = call({{"execute", {{"actor", by.as_json}, {"command", std::move(command)}}}});
    return std::pair(reply.at("at").get<std::string>(), std::move(reply.at("outcome")));
  });
}

json stage::is_refused(const std::string& told_line, const json& request) {
  try {
    call(request);
  } catch (const tenantry::error& error) {
    if (!error.is_refusal()) throw;
    told.refused(clock_face(), told_line, error.status(), error.name(), in_names(error.what()), error.remedy());
    return json::parse(error.json());
  }
  throw std::runtime_error(told_line + ": was to be refused");
}

json stage::is_refused(const actor& by, std::string_view what, json command) {
  minutes_pass();
  return is_refused(line(by, what), {{"execute", {{"actor", by.as_json}, {"command", std::move(command)}}}});
}

void stage::may_not_ask(const id& user, std::string_view what, json query) {
  is_refused(line(user, what), {{"ask", std::move(query)}});
}

void stage::tries(const actor& by, std::string_view what, json command) {
  const auto fault = is_refused(by, what, std::move(command));
  bool said = false;  // the first by precedence has been said; the others follow
  for (const auto& item : fault.value("items", json::array())) {
    if (!said && item.at("number") == fault.at("number") && item.at("about") == fault.at("about")) {
      said = true;
      continue;
    }
    told.answer("and " + to_string(item.at("number").get<int>()) + " " + item.at("name").get<std::string>() + " for `" +
                in_names(item.at("about")) + "`");
  }
}

void stage::tries_each(const actor& by, std::string_view what, const list& things, json command) {
  const auto fault = is_refused(by, what, std::move(command));
  std::vector<row> rows;
  for (std::size_t place = 0; place < things.size(); ++place) {
    list bars;
    for (const auto& item : fault.at("items")) {
      if (item.at("index") == place)
        bars.push_back(to_string(item.at("number").get<int>()) + " " + item.at("name").get<std::string>());
    }
    rows.push_back({count(place + 1), plain(things[place]),
                    bars.empty() ? faint("nothing stands in its way") : bad(joined(bars, "\n"))});
  }
  told.table({"", "as it was typed", "verdict"}, rows);
}

std::vector<std::pair<std::string, list>> stage::post() {
  std::vector<std::pair<std::string, list>> letters;
  const auto waiting = ask({{"query", "notices"}, {"consumer", POSTMAN}, {"limit", ALL}});
  for (const auto& notice : waiting.at("notices")) {
    list to;
    if (notice.at("to").value("operator", false)) to.push_back("the operator");
    for (const auto& user : notice.at("to").at("users")) {
      const auto known = ask({{"query", "host_personal"}, {"subject", {{"user", user}}}});
      to.push_back(known.is_null() ? "nobody any more" : known.value("email", "nobody any more"));
    }
    std::sort(to.begin(), to.end());
    letters.emplace_back(notice.at("kind").at("kind"), std::move(to));
  }
  call({{"acknowledge", {{"consumer", POSTMAN}, {"through", waiting.at("through")}}}});
  return letters;
}

void stage::deliver() {
  for (const auto& [kind, to] : post()) told.mail(kind, joined(to));
}

void stage::history() {
  std::vector<row> rows;
  const auto records = ask({{"query", "host_records"}, {"paging", {{"limit", ALL}}}});
  for (const auto& record : records.at("rows")) {
    rows.push_back({count(record.at("seq")), faint(::clock_face(record.at("at"))),
                    plain(actor_name(record.at("actor"))), plain(record.at("command")),
                    plain(happened(record.at("events")))});
  }
  told.table({"seq", "at", "from", "command", "what happened"}, rows);
}

void stage::verify() {
  const auto verified = ask({{"query", "verify"}});
  if (verified.at("journal") != "holds") throw std::runtime_error("the journal does not hold: " + verified.dump());
  told.gap();
  told.holds("the journal holds: " + to_string(revision()) + " records, replayed, lead to exactly what the file says");
}

// ---- texts ----

std::string joined(const list& texts, std::string_view between) {
  std::string all;
  for (const auto& one : texts) all += (&one == texts.data() ? "" : std::string(between)) + one;
  return all;
}

std::string happened(const json& events, std::string_view between) {
  list named;
  for (const auto& event : events) named.push_back(event.at("event"));
  return counted(named, between);
}

std::string happened(const std::vector<tenantry::event>& events) {
  list named;
  for (const auto& event : events) named.emplace_back(event.tag());
  return counted(named, "\n");
}

std::string counted(const list& named, std::string_view between) {
  std::vector<std::pair<std::string, int>> names;
  for (const auto& name : named) {
    const auto known = std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.first == name; });
    if (known == names.end()) {
      names.emplace_back(name, 1);
    } else {
      ++known->second;
    }
  }
  list texts;
  for (const auto& [name, times] : names) texts.push_back(times == 1 ? name : name + " × " + to_string(times));
  return joined(texts, between);
}

std::string permissions(const json& held) {
  if (held.empty()) return "–";
  if (held.size() > 2) return to_string(held.size()) + " permissions";
  list names;
  for (const auto& one : held) names.push_back(one.at("permission"));
  return joined(names, "\n");
}

std::string status_of(const json& stage) {
  if (stage == TENANTRY_STAGE_ACTIVE) return "Active";
  if (stage == TENANTRY_STAGE_DELINK_REQUESTED_BY_MANAGER) return "Delink request by MSP";
  if (stage == TENANTRY_STAGE_DELINK_REQUESTED_BY_CUSTOMER) return "Delink request by customer";
  return "Delinked";
}

std::string message_about(tenantry_status status, const std::string& about) {
  std::string message = tenantry_status_message(status);
  const auto gap = message.find("{}");
  return gap == message.npos ? message : message.replace(gap, 2, about);
}

cell verdict(const tenantry::access_verdict& of) {
  return of.allowed ? good("yes") : bad("no " + to_string(static_cast<int>(of.reason)));
}

// ---- rights that a journey keeps asking for ----

void watch::moment(std::string name) {
  seen now{std::move(name), link_ ? status_of(on_.entity("link", *link_).at("stage")) : "–", {}};
  for (const auto& it : questions_) now.verdicts.push_back(on_.check(it));
  moments_.push_back(std::move(now));
}

void watch::show() const {
  // Where there is one tenant only, the heading has said which.
  const bool places = std::any_of(questions_.begin(), questions_.end(), [&](const auto& it) {
    return it.tenant != questions_.front().tenant;
  });
  std::vector<std::string> header{"who", "wants"};
  if (places) header.push_back("on");
  for (const auto& then : moments_) header.push_back(column(then.name));
  std::vector<row> rows;
  if (link_) {
    row cells{faint("link"), faint("status")};
    if (places) cells.push_back(faint("–"));
    for (const auto& then : moments_) cells.push_back(faint(column(then.status)));
    rows.push_back(std::move(cells));
  }
  std::set<tenantry_status> reasons;
  for (std::size_t place = 0; place < questions_.size(); ++place) {
    const auto& it = questions_[place];
    const bool again = place > 0 && questions_[place - 1].user == it.user;
    row cells{plain(again ? "" : on_.name_of(it.user)), plain(it.permission)};
    if (places) cells.push_back(plain(on_.name_of(it.tenant)));
    for (const auto& then : moments_) {
      const auto& found = then.verdicts.at(place);
      cells.push_back(verdict(found));
      if (!found.allowed) reasons.insert(static_cast<tenantry_status>(found.reason));
    }
    rows.push_back(std::move(cells));
  }
  on_.told.table(header, rows);
  for (const auto reason : reasons) {
    on_.told.remark(to_string(reason) + " " + tenantry_status_name(reason) + " (" + tenantry_status_rule(reason) + ")");
  }
  ask_the_past();
}

void watch::ask_the_past() const {
  json questions = json::array();
  for (const auto& it : questions_)
    questions.push_back({{"user", it.user}, {"permission", it.permission}, {"tenant", it.tenant}});
  for (const auto& then : moments_) {
    const auto seq = then.verdicts.front().seq;
    const auto found = on_.ask({{"query", "check_many"}, {"questions", questions}, {"as_of", seq}});
    for (std::size_t place = 0; place < questions_.size(); ++place) {
      const auto name = tenantry_status_name(static_cast<tenantry_status>(then.verdicts[place].reason));
      if (found.at(place).value("reason", "ok") != name)
        throw std::runtime_error("the past of seq " + to_string(seq) + " answers differently");
    }
  }
  on_.told.holds("asked of the past today, every cell is the same");
}
