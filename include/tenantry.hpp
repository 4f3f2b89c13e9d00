// tenantry for C++17: every command and query, every row, event and notice as a type of its own, ids that do not mix, owners that give back
// what they hold, faults as exceptions by family. Header only; it wants nlohmann's JSON (Debian: nlohmann-json3-dev). Where checks are all
// that a file of a program does, tenantry/core.hpp has those alone, and wants nothing.
//
// What a command does, who may send it and what it is refused with is in docs/reference; what a function means, in tenantry.h.

#ifndef TENANTRY_HPP
#define TENANTRY_HPP

#include <iterator>

#include "tenantry/core.hpp"
#include "tenantry/generated/commands.hpp"
#include "tenantry/generated/queries.hpp"
#include "tenantry/json.hpp"

namespace tenantry {

/// The platform's own staff, without a support ticket.
inline actor the_operator() { return actor(actor::operator_{}); }
/// The platform's own staff, on a support ticket.
inline actor the_operator(std::string ticket) { return actor(actor::operator_{}.with_ticket(std::move(ticket))); }

/// What goes along with a command.
struct request {
  /// Names this request: asking again under the same id is safe and answers with the first receipt. Made, if left out.
  std::optional<request_id> id;
  /// The revision last seen; if the journal has moved on, the command is refused (`stale_seq`).
  std::optional<std::uint64_t> expected_seq;
};

/// What a command led to; the same again when the request is repeated.
template <class Outcome>
struct executed {
  request_id request;
  /// The number of its record, which is the revision after it.
  std::uint64_t seq = 0;
  /// Proof of that revision.
  std::string token;
  timestamp at;
  /// What the command answers with.
  Outcome outcome;
  /// What happened, as far as whoever asked may see it.
  std::vector<event> events;
};

/// An answer, and of which revision it is, where it is about the world at a moment.
template <class Answer>
struct answered {
  std::optional<std::uint64_t> seq;
  Answer answer;
};

/// A command on its way, for `engine::execute_all`.
struct execution {
  actor by;
  any_command command;
  request how = {};
};

/// Why one item of a batch cannot be done.
struct fault_item {
  /// The item's place in the batch, from 0.
  std::uint64_t index = 0;
  tenantry::code code{};
  std::string message, remedy, rule, about;
};

namespace detail {

inline std::vector<fault_item> items_in(const json& fault) {
  std::vector<fault_item> made;
  const auto items = fault.find("items");
  if (items == fault.end()) return made;
  for (const auto& from : *items) {
    fault_item item;
    field_reader all{from};
    std::uint64_t number = 0;
    all.need("index", item.index);
    all.need("number", number);
    all.need("message", item.message);
    all.need("remedy", item.remedy);
    all.need("rule", item.rule);
    all.need("about", item.about);
    item.code = static_cast<code>(number);
    made.push_back(std::move(item));
  }
  return made;
}

template <class Outcome>
executed<Outcome> executed_of(const json& d) {
  executed<Outcome> made{{}, 0, {}, {}, {}, {}};
  field_reader all{d};
  all.need("request", made.request);
  all.need("seq", made.seq);
  all.need("token", made.token);
  all.need("at", made.at);
  all.need("outcome", made.outcome);
  all.need("events", made.events);
  return made;
}

inline json written(const actor& by, json command, const request& how) {
  json made{{"actor", codec<actor>::write(by)}, {"command", std::move(command)}};
  if (how.id) made["id"] = to_string(*how.id);
  if (how.expected_seq) made["expected_seq"] = *how.expected_seq;
  return made;
}

inline json reply_to(engine& to, const char* what, json content) {
  const auto reply = to.call_text(text_of(json{{what, std::move(content)}}));
  return json::parse(reply.view());
}

template <class One>
One told(engine& by, const char* what, json content, const char* name) {
  return read<One>(member_of(reply_to(by, what, std::move(content)), name));
}

template <class Query>
json written(const Query& query) {
  json made = write_fields(query);
  made["query"] = Query::query_name;
  return made;
}

}  // namespace detail

/// For a refusal of several things at once: every one that stands in the way.
inline std::vector<fault_item> items_of(const error& of) {
  return of.json().empty() ? std::vector<fault_item>() : detail::items_in(json::parse(of.json()));
}

/// What became of one command of several: it is done, or it is not.
class attempt {
 public:
  explicit attempt(json from) : from_(std::move(from)) {}

  bool done() const { return from_.contains("executed"); }
  explicit operator bool() const { return done(); }
  /// What it led to. `Command` is the command's own type.
  template <class Command>
  executed<typename Command::outcome_type> as() const {
    const auto found = from_.find("executed");
    if (found == from_.end()) throw std::logic_error("the command was not done; `attempt::why` says why");
    if (detail::member_of(*found, "command") != Command::command_name) throw std::logic_error("the command was another one");
    return detail::executed_of<typename Command::outcome_type>(*found);
  }
  /// Why it was not done: the refusal, and what of it is told; `code{}` where it was done.
  tenantry::code code() const {
    const auto fault = from_.find("fault");
    return fault == from_.end() ? tenantry::code{} : static_cast<tenantry::code>(detail::read<std::uint64_t>(detail::member_of(*fault, "number")));
  }
  std::string why() const {
    const auto fault = from_.find("fault");
    return fault == from_.end() ? "" : detail::string_in(detail::member_of(*fault, "message")) + "; " + detail::string_in(detail::member_of(*fault, "remedy"));
  }

 private:
  json from_;
};

/// All rows of a long list, from the first page on. It is gone through once.
template <class Query>
class row_range {
 public:
  using value_type = typename Query::row_type;

  row_range(engine& of, Query query) : engine_(&of), query_(std::move(query)) {}

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = typename Query::row_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    iterator() = default;
    explicit iterator(row_range* of) : of_(of) { settle(); }
    reference operator*() const { return of_->page_.rows[of_->place_]; }
    pointer operator->() const { return &**this; }
    iterator& operator++() {
      if (of_->place_ < of_->page_.rows.size()) ++of_->place_;
      settle();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& one, const iterator& other) { return one.of_ == other.of_; }
    friend bool operator!=(const iterator& one, const iterator& other) { return one.of_ != other.of_; }

   private:
    // Turns pages until there is a row, or none any more. Where a page is refused the place stays, and the next step asks for it again.
    void settle() {
      while (of_ != nullptr && of_->place_ == of_->page_.rows.size()) {
        if (!of_->turn()) of_ = nullptr;
      }
    }
    row_range* of_ = nullptr;
  };

  iterator begin() { return iterator(this); }
  iterator end() { return {}; }

 private:
  bool turn() {
    if (begun_ && !page_.next) return false;
    if (begun_) query_.paging.cursor = page_.next;
    page_ = engine_->ask(query_);
    place_ = 0;
    begun_ = true;
    return true;
  }

  engine* engine_;
  Query query_;
  page<value_type> page_;
  std::size_t place_ = 0;
  bool begun_ = false;
};

/// Makes a store at `to` of a backup, in place of the store that is there, if one is; nobody may have that open.
inline restored restore(std::string_view from, std::string_view to) {
  text reply;
  tenantry_error* failed = nullptr;
  detail::must(tenantry_restore(from.data(), from.size(), to.data(), to.size(), reply.into(), &failed), failed);
  return detail::read<restored>(json::parse(reply.view()));
}

template <class Command, class Outcome>
executed<Outcome> engine::execute(const actor& by, const Command& command, const request& how) {
  return detail::executed_of<Outcome>(
      detail::reply_to(*this, "execute", detail::written(by, any_command(command).written(), how)));
}

template <class Command, class Outcome>
executed<Outcome> engine::execute(const actor& by, const Command& command) {
  return execute(by, command, request());
}

template <class Executions>
auto engine::execute_all(const Executions& all) {
  json asked = json::array();
  for (const execution& one : all) asked.push_back(detail::written(one.by, one.command.written(), one.how));
  const auto reply = detail::reply_to(*this, "execute_all", std::move(asked));
  std::vector<attempt> made;
  for (const auto& one : detail::member_of(reply, "results")) made.emplace_back(one);
  return made;
}

template <class Query, class Answer>
answered<Answer> engine::answered(const Query& query) {
  const auto reply = detail::reply_to(*this, "ask", detail::written(query));
  tenantry::answered<Answer> made{std::nullopt, {}};
  detail::field_reader all{reply};
  all.may("seq", made.seq);
  all.need("answer", made.answer);
  return made;
}

template <class Query, class Answer>
Answer engine::ask(const Query& query) {
  return answered(query).answer;
}

template <class Query, class Row>
row_range<Query> engine::rows(Query query) {
  return row_range<Query>(*this, std::move(query));
}

inline void engine::acknowledge(std::string_view consumer, std::uint64_t through) {
  detail::reply_to(*this, "acknowledge", {{"consumer", std::string(consumer)}, {"through", through}});
}

inline std::uint64_t engine::sweep(bool accept_clock) {
  return detail::told<std::uint64_t>(*this, "sweep", {{"accept_clock", accept_clock}}, "happened");
}

inline std::string engine::backup(std::string_view to) {
  return detail::told<std::string>(*this, "backup", {{"to", std::string(to)}}, "token");
}

inline std::string engine::save_index(std::string_view to) {
  return detail::told<std::string>(*this, "save_index", {{"to", std::string(to)}}, "token");
}

inline std::uint64_t engine::compact() {
  return detail::told<std::uint64_t>(*this, "compact", json::object(), "bytes");
}

}  // namespace tenantry

#endif
