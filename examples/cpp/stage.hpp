// The stage that every journey plays on: an engine on a file, a clock that the journey moves, ids that count up, and names for ids.
// Never decides anything: every yes and every no on the page is tenantry's answer.

#pragma once

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tenantry.hpp>
#include <utility>
#include <vector>

#include "page.hpp"

namespace commands = tenantry::commands;
namespace queries = tenantry::queries;
using nlohmann::json;
// An id of anything, for what is told as JSON. A story that is told in types has ids of distinct ones, and any of them is one of these.
using id = tenantry::uuid;
using list = std::vector<std::string>;
using std::to_string;
using tenantry::to_string;

// Who acts: a user; or the platform's own staff, on a ticket or without.
struct actor {
  tenantry::actor who;
  json as_json;
  actor(tenantry::actor who) : who(std::move(who)), as_json(tenantry::to_json(this->who)) {}
  actor(const tenantry::user_id& user) : actor(tenantry::actor(user)) {}
  actor(const id& user) : actor(tenantry::user_id(user.raw())) {}
};
inline actor staff() { return actor(tenantry::the_operator()); }
inline actor staff_on(std::string ticket) { return actor(tenantry::the_operator(std::move(ticket))); }

// A question that a journey asks.
struct question {
  id user;
  std::string permission;
  id tenant;
};

// A moment to the minute.
std::string clock_face(const std::string& timestamp);

class stage {
  // What the engine asks for from its opening on comes before it.
  std::atomic<std::int64_t> now_;
  std::atomic<std::uint64_t> next_{1};
  std::uint32_t series_;
  std::map<std::string, std::string> names_;
  std::vector<std::pair<id, list>> cast_;
  tenantry::options options(const json& policy);

 public:
  // Opens the file, which begins with a policy of that name, or that is the JSON of one; `series` keeps the ids of several
  // processes apart.
  stage(std::string path, const json& policy, std::uint32_t series = 0);
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  // ---- tenantry ----

  // The answer to a query; the outcome of a command; any other call's reply.
  json ask(json query);
  json execute(const actor& by, json command);
  json call(const json& request);
  // What a check of the store answers a question.
  tenantry::access_verdict check(const question& asked) const {
    const tenantry::user_id user(asked.user.raw());
    const tenantry::tenant_id tenant(asked.tenant.raw());
    return engine.check(user, asked.permission, tenant);
  }
  // An entity as it is now.
  json entity(std::string_view kind, const id& it);
  std::uint64_t revision() const { return engine.refresh(); }

  // ---- time ----

  // Lets some days pass, and what time alone brings about happen.
  void days_pass(int days);
  // The same with hours.
  void hours_pass(int hours);
  std::string clock_face() const;
  std::int64_t micros() const { return now_; }
  void set_clock(std::int64_t micros) { now_ = micros; }

  // ---- names ----

  // From now on people call it so.
  void name(const id& it, std::string name) { names_[to_string(it)] = std::move(name); }
  std::string name_of(const id& it) const { return name_of(to_string(it)); }
  std::string name_of(const std::string& it) const;
  // An actor as a record or an audit shows it.
  std::string actor_name(const json& actor) const;
  // The names of some users, in the order of the alphabet.
  std::string people(const json& users) const;
  // Those who are told of something, the platform's own staff included.
  std::string recipients(const json& to) const;
  // A text in which ids give way to names.
  std::string in_names(std::string text) const;

  // ---- the cast ----

  // Registers a tenant or a user, as the platform's operator does.
  tenantry::tenant_id tenant(std::string_view kind, const std::string& name, std::string_view number,
                             json also = json::object());
  tenantry::user_id user(const std::string& name, const id& home, std::string_view email, const std::string& role);
  // Takes a tenant into the cast.
  void enlist(const id& tenant, const std::string& name);
  // Shows who plays.
  void introduce();

  // ---- the story ----

  // Somebody does something, and it is done: the command's outcome.
  json does(const actor& by, std::string_view what, json command);
  template <class Command, class Outcome = typename Command::outcome_type>
  Outcome does(const actor& by, std::string_view what, const Command& command) {
    return done(by, what, [&] {
      auto done = engine.execute(by.who, command);
      return std::pair(tenantry::to_string(done.at), std::move(done.outcome));
    });
  }
  // Somebody tries something, and it is refused; with many things, what stands in the way of each.
  void tries(const actor& by, std::string_view what, json command);
  void tries(const actor& by, std::string_view what, const tenantry::any_command& command) {
    tries(by, what, command.written());
  }
  void tries_each(const actor& by, std::string_view what, const list& things, json command);
  // Somebody asks something, and is refused.
  void may_not_ask(const id& user, std::string_view what, json query);
  // Takes the notices that wait, by kind and sorted addresses; or shows them, too.
  std::vector<std::pair<std::string, list>> post();
  void deliver();
  // What the journal holds, record by record.
  void history();
  // Replays the whole journal and says that it holds.
  void verify();

  const std::string path;
  tenantry::engine engine;
  page told;

 private:
  void time_passes(std::int64_t micros, const std::string& words);
  // Does something, says so and brings the post; what was done and its moment are told by `act`.
  template <class Act>
  auto done(const actor& by, std::string_view what, const Act& act) {
    minutes_pass();
    const auto told_line = line(by, what);
    try {
      auto [at, outcome] = act();
      told.done(::clock_face(at), told_line);
      deliver();
      return std::move(outcome);
    } catch (const tenantry::error& error) {
      throw std::runtime_error(told_line + ": " + error.what());
    }
  }
  void minutes_pass();
  json is_refused(const actor& by, std::string_view what, json command);
  json is_refused(const std::string& told_line, const json& request);
  std::string line(const actor& by, std::string_view what) const;
};

// What happened, by name, repeated things counted.
std::string happened(const json& events, std::string_view between = "\n");
std::string happened(const std::vector<tenantry::event>& events);
std::string counted(const list& named, std::string_view between);
// What somebody may do: by name, or how much, where it is more than two permissions.
std::string permissions(const json& held);
std::string joined(const list& texts, std::string_view between = ", ");
// What a link's stage is called.
std::string status_of(const json& stage);
// What a status means for a thing that it is about.
std::string message_about(tenantry_status status, const std::string& about);

// A verdict in a cell, and what the numbers of some verdicts mean.
cell verdict(const tenantry::access_verdict& of);

// Rights that a journey keeps asking for, moment by moment.
class watch {
 public:
  watch(stage& on, std::vector<question> questions) : on_(on), questions_(std::move(questions)) {}
  // From now on the status of this link is shown, too.
  void follow(const id& link) { link_ = link; }
  // Asks everything, now.
  void moment(std::string name);
  // Shows what was answered, and asks the same again of the past.
  void show() const;

 private:
  struct seen {
    std::string name, status;
    std::vector<tenantry::access_verdict> verdicts;
  };
  void ask_the_past() const;

  stage& on_;
  std::vector<question> questions_;
  std::optional<id> link_;
  std::vector<seen> moments_;
};
