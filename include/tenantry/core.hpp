// Engines, indexes and checks, without JSON: this header needs nothing but tenantry.h and the standard library, for files of a program in
// which checks are all. Commands and queries are in tenantry.hpp. What a function means is said in tenantry.h.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../tenantry.h"
#include "error.hpp"
#include "generated/ids.hpp"
#include "generated/names.hpp"

namespace tenantry {

/// An instant, in microseconds.
using timestamp = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// The machine's time.
inline timestamp now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

// What tenantry.hpp has.
struct actor;
struct request;
struct policy;
template <class Outcome>
struct executed;
template <class Answer>
struct answered;
template <class Query>
class row_range;

/// A text that the library gave out, given back at its end of scope.
class text {
 public:
  text() = default;
  text(text&& other) noexcept : held_(std::exchange(other.held_, tenantry_text{nullptr, 0})) {}
  text& operator=(text&& other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~text() { tenantry_text_free(&held_); }

  std::string_view view() const noexcept { return {held_.data ? held_.data : "", held_.length}; }
  std::string copy() const { return std::string(view()); }
  /// Where a function of tenantry.h writes it.
  tenantry_text* into() noexcept { return &held_; }

 private:
  tenantry_text held_{nullptr, 0};
};

/// The answer of a check; true where it is allowed. A "no" is an answer, and says why.
struct access_verdict {
  /// The revision it was read at.
  std::uint64_t seq = 0;
  /// Why not: the first refusal that applies; `code{}` where it is allowed.
  code reason{};
  /// 1 if it is allowed, else 0.
  std::uint8_t allowed = 0;
  /// Zero.
  std::uint8_t reserved[3] = {0, 0, 0};

  explicit operator bool() const noexcept { return allowed == 1; }
};

/// What an index numbers. One that nobody has set is 0: nobody and nothing, with which everything is denied.
template <class Kind, class Number>
struct handle {
  Number number = 0;
  /// Whether the index knew it.
  explicit operator bool() const noexcept { return number != 0; }
  friend bool operator==(handle one, handle other) noexcept { return one.number == other.number; }
  friend bool operator!=(handle one, handle other) noexcept { return one.number != other.number; }
};
namespace kinds {
struct permission;
struct service;
}  // namespace kinds
using user_handle = handle<kinds::user_id, tenantry_user_handle>;
using tenant_handle = handle<kinds::tenant_id, tenantry_tenant_handle>;
using permission_handle = handle<kinds::permission, tenantry_permission_handle>;
using service_handle = handle<kinds::service, tenantry_service_handle>;
/// For a check that is about no service.
inline constexpr service_handle no_service{TENANTRY_NO_SERVICE};

/// A question by handles: may this user use this permission on this tenant, with this service?
struct resolved_question {
  user_handle user;
  tenant_handle tenant;
  permission_handle permission;
  service_handle service = no_service;
};

/// A question by ids, with handles for permission and service.
struct access_question {
  user_id user;
  tenant_id tenant;
  permission_handle permission;
  service_handle service = no_service;
};

namespace detail {

// They lie in memory as those of tenantry.h do, so that arrays of them are handed over as they are.
template <class Ours, class Theirs>
inline constexpr bool lies_as =
    sizeof(Ours) == sizeof(Theirs) && alignof(Ours) == alignof(Theirs) && std::is_standard_layout_v<Ours> && std::is_trivially_copyable_v<Ours>;
static_assert(lies_as<access_verdict, tenantry_verdict> && offsetof(access_verdict, reason) == offsetof(tenantry_verdict, reason) &&
              offsetof(access_verdict, allowed) == offsetof(tenantry_verdict, allowed));
static_assert(lies_as<resolved_question, tenantry_resolved> &&
              offsetof(resolved_question, permission) == offsetof(tenantry_resolved, permission) &&
              offsetof(resolved_question, service) == offsetof(tenantry_resolved, service));
static_assert(lies_as<access_question, tenantry_question> && offsetof(access_question, tenant) == offsetof(tenantry_question, tenant) &&
              offsetof(access_question, permission) == offsetof(tenantry_question, permission) &&
              offsetof(access_question, service) == offsetof(tenantry_question, service));
static_assert(lies_as<user_id, tenantry_id> && lies_as<user_handle, tenantry_user_handle> && lies_as<tenant_handle, tenantry_tenant_handle>);

// A text that may be absent: null stands for "no service" and "no token" only.
inline const char* data(std::string_view text) noexcept { return text.empty() ? nullptr : text.data(); }

template <class Policy>
std::string policy_text(const Policy& of);

}  // namespace detail

/// Ids of one moment, handed out piece by piece. It outlives its engine.
template <class Id>
class cursor {
 public:
  /// Takes a cursor of tenantry.h over.
  explicit cursor(tenantry_cursor* held) noexcept : held_(held) {}
  cursor(cursor&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  cursor& operator=(cursor&& other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~cursor() { tenantry_cursor_free(&held_); }

  /// How many ids there are in all.
  std::size_t size() const {
    std::size_t size = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_cursor_size(held_, &size, nullptr, &from), from);
    return size;
  }
  /// The revision they were read at.
  std::uint64_t seq() const {
    std::uint64_t seq = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_cursor_size(held_, nullptr, &seq, &from), from);
    return seq;
  }
  /// Writes the next ids, at most `capacity`, and says how many; 0 means that there are no more.
  std::size_t next(Id* into, std::size_t capacity) {
    std::size_t count = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_cursor_next(held_, reinterpret_cast<tenantry_id*>(into), capacity, &count, &from), from);
    return count;
  }
  /// All that are left.
  std::vector<Id> rest() {
    std::vector<Id> ids(size());
    ids.resize(next(ids.data(), ids.size()));
    return ids;
  }

 private:
  tenantry_cursor* held_;
};

/// The policy that a new store begins with: the name of one that comes with the library, or a whole one. Not set, it is the default.
class policy_source {
 public:
  policy_source() = default;
  /// One that comes with the library: `default`, `clients` or `delegated`.
  policy_source(const char* name) : json_('"' + std::string(name) + '"') {}
  policy_source(const std::string& name) : json_('"' + name + '"') {}
  /// A whole one, for which tenantry.hpp is included.
  template <class Policy, class = std::enable_if_t<std::is_same_v<Policy, tenantry::policy>>>
  policy_source(const Policy& whole) : json_(detail::policy_text(whole)) {}
  /// A whole one as JSON, `Policy` of the schema.
  static policy_source of_json(std::string json) {
    policy_source made;
    made.json_ = std::move(json);
    return made;
  }
  const std::string& json() const noexcept { return json_; }

 private:
  std::string json_;
};

/// How an engine runs. New ones ask for nothing special.
struct options {
  /// The policy of a store that is new. A store that is there keeps its own.
  policy_source policy;
  /// Nothing may be written. The file must be there.
  bool read_only = false;
  /// The file must be there; else it is made.
  bool must_exist = false;
  /// A commit outlives the process, and a power cut may undo the last ones; else it waits for the disk.
  bool sync_normal = false;
  /// Commands refused for lack of rights are not journalled; else they are.
  bool no_refusal_records = false;
  /// How long to wait for other writers.
  std::optional<std::chrono::milliseconds> wait;
  /// How far the clock may be behind the journal, or ahead of it, before commands are refused.
  std::optional<std::chrono::seconds> clock_tolerance, clock_leap;
  /// How large the file may grow, in bytes; 0 for no limit.
  std::uint64_t max_bytes = 0;
  /// Where the access index is saved; empty for nowhere.
  std::string saved_index;
  /// What time it is; empty for the machine's clock. Called from any thread, and must not use the engine. Where it throws, the time is not
  /// known, and what needs it is refused (`clock_ahead`).
  std::function<timestamp()> now;
  /// Makes the ids that commands leave out; empty for UUIDs of version 7. As `now`; where it throws, a random id is taken.
  std::function<uuid()> new_id;
};

namespace detail {

// What the library calls; lasts as long as an engine or an index of it.
struct callbacks {
  std::function<timestamp()> now;
  std::function<uuid()> new_id;

  // Nothing may be thrown out of these.
  static std::int64_t say_now(void* context) noexcept {
    try {
      return static_cast<callbacks*>(context)->now().time_since_epoch().count();
    } catch (...) {
      return (std::numeric_limits<std::int64_t>::min)();
    }
  }
  static void make_id(void* context, tenantry_id* made) noexcept {
    try {
      *made = static_cast<callbacks*>(context)->new_id().raw();
    } catch (...) {
      static thread_local std::mt19937_64 chance{std::random_device{}()};
      for (auto& byte : made->bytes) byte = static_cast<std::uint8_t>(chance());
    }
  }
};

template <class Span>
std::uint32_t count_of(const std::optional<Span>& of, std::uint32_t flag, std::uint32_t& flags) {
  if (!of) return 0;
  if (of->count() < 0) throw std::invalid_argument("a time to wait, or a tolerance, is negative");
  flags |= flag;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(static_cast<std::uint64_t>(of->count()), UINT32_MAX));
}

}  // namespace detail

/// An engine, closed at its end of scope. All threads may share one.
class engine {
 public:
  /// Opens an engine in memory; what it holds is gone when it is closed.
  static engine memory(const options& how = {}) {
    return opened(how, [](const tenantry_options* raw, tenantry_engine** made, tenantry_error** from) {
      return tenantry_open_memory(raw, made, from);
    });
  }
  /// Opens an SQLite file, which is made where there is none. Other processes may have it open, too. The path is in UTF-8; on Unix it is any
  /// bytes but zero.
  static engine open(std::string_view path, const options& how = {}) {
    return opened(how, [path](const tenantry_options* raw, tenantry_engine** made, tenantry_error** from) {
      return tenantry_open_file(path.data(), path.size(), raw, made, from);
    });
  }

  engine(engine&& other) noexcept : held_(std::exchange(other.held_, nullptr)), callbacks_(std::move(other.callbacks_)) {}
  engine& operator=(engine&& other) noexcept {
    if (this != &other) {
      tenantry_close(&held_);
      held_ = std::exchange(other.held_, nullptr);
      callbacks_ = std::move(other.callbacks_);
    }
    return *this;
  }
  ~engine() { tenantry_close(&held_); }

  /// Closes it now; closing it again does nothing. Throws where another thread is within a call. Whoever uses it from then on is told.
  void close() { detail::must(tenantry_close(&held_), nullptr); }
  /// The handle, for functions of tenantry.h; it stays this object's.
  tenantry_engine* handle() const noexcept { return held_; }

  // Commands and queries; their definitions are in tenantry.hpp.

  /// Executes a command, one of `tenantry::commands`.
  template <class Command, class Outcome = typename Command::outcome_type>
  executed<Outcome> execute(const actor& by, const Command& command);
  /// The same under an id of one's own, or on condition that nothing else has happened.
  template <class Command, class Outcome = typename Command::outcome_type>
  executed<Outcome> execute(const actor& by, const Command& command, const request& how);
  /// Executes several commands, `execution`s, one after the other, in one commit; an `attempt` says what became of each.
  template <class Executions>
  auto execute_all(const Executions& all);
  /// Asks: one of `tenantry::queries`.
  template <class Query, class Answer = typename Query::answer_type>
  Answer ask(const Query& query);
  /// Asks, and says of which revision the answer is.
  template <class Query, class Answer = typename Query::answer_type>
  tenantry::answered<Answer> answered(const Query& query);
  /// All rows of a long list, asked for page by page as they are come to. The engine must outlive the range.
  template <class Query, class Row = typename Query::row_type>
  row_range<Query> rows(Query query);

  /// Any call as JSON, as tenantry.schema.json describes it; for what there is no method here.
  std::string call(std::string_view json) { return call_text(json).copy(); }
  /// The same, without a copy of the reply.
  text call_text(std::string_view json) {
    text reply;
    tenantry_error* from = nullptr;
    detail::must(tenantry_call(held_, json.data(), json.size(), reply.into(), &from), from);
    return reply;
  }

  /// Takes a consumer's word that its notices are delivered, through that record.
  void acknowledge(std::string_view consumer, std::uint64_t through);
  /// Lets everything happen that time alone brings about, and says how many records that led to.
  std::uint64_t sweep(bool accept_clock = false);
  /// Copies the store as it is to a file where nothing is, and says at which revision, as a token.
  std::string backup(std::string_view to);
  /// Saves the access index to a file, in place of what is there, and says of which revision it is, as a token.
  std::string save_index(std::string_view to);
  /// Gives back what the file has no use for, and says how many bytes that were.
  std::uint64_t compact();

  // Checks on the store, which are always fresh.

  /// May a user use a permission on a tenant, for a service?
  access_verdict check(const user_id& user, std::string_view permission, const tenant_id& tenant, std::string_view service = {}) const {
    access_verdict found;
    tenantry_error* from = nullptr;
    detail::must(tenantry_check(held_, &user.raw(), permission.data(), permission.size(), &tenant.raw(), detail::data(service), service.size(),
                                reinterpret_cast<tenantry_verdict*>(&found), &from),
                 from);
    return found;
  }
  /// The tenants that a user can do this on, in the order of their ids.
  cursor<tenant_id> tenants_cursor(const user_id& user, std::string_view permission, std::string_view service = {}) const {
    tenantry_cursor* found = nullptr;
    tenantry_error* from = nullptr;
    detail::must(tenantry_tenants_where(held_, &user.raw(), permission.data(), permission.size(), detail::data(service), service.size(),
                                        &found, &from),
                 from);
    return cursor<tenant_id>(found);
  }
  std::vector<tenant_id> tenants_where(const user_id& user, std::string_view permission, std::string_view service = {}) const {
    return tenants_cursor(user, permission, service).rest();
  }
  /// The users who can do this on a tenant, in the order of their ids.
  cursor<user_id> users_cursor(std::string_view permission, const tenant_id& tenant, std::string_view service = {}) const {
    tenantry_cursor* found = nullptr;
    tenantry_error* from = nullptr;
    detail::must(tenantry_users_who_can(held_, permission.data(), permission.size(), &tenant.raw(), detail::data(service), service.size(),
                                        &found, &from),
                 from);
    return cursor<user_id>(found);
  }
  std::vector<user_id> users_who_can(std::string_view permission, const tenant_id& tenant, std::string_view service = {}) const {
    return users_cursor(permission, tenant, service).rest();
  }

  /// The revision that the store is at, as a token.
  std::string token() const {
    text told;
    tenantry_error* from = nullptr;
    detail::must(tenantry_token(held_, told.into(), &from), from);
    return told.copy();
  }
  /// Brings the indexes to what any process has committed. The revision that is, which is at least the token's.
  std::uint64_t refresh(std::string_view token = {}) const {
    std::uint64_t seq = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_refresh(held_, detail::data(token), token.size(), &seq, &from), from);
    return seq;
  }

 private:
  friend class index;
  engine() = default;

  template <class Opening>
  static engine opened(const options& how, Opening opening) {
    engine made;
    tenantry_options raw = TENANTRY_OPTIONS_INIT;
    raw.policy = detail::data(how.policy.json());
    raw.policy_length = how.policy.json().size();
    raw.saved_index = detail::data(how.saved_index);
    raw.saved_index_length = how.saved_index.size();
    raw.max_bytes = how.max_bytes;
    if (how.read_only) raw.flags |= TENANTRY_READ_ONLY;
    if (how.must_exist) raw.flags |= TENANTRY_MUST_EXIST;
    if (how.sync_normal) raw.flags |= TENANTRY_SYNC_NORMAL;
    if (how.no_refusal_records) raw.flags |= TENANTRY_NO_REFUSAL_RECORDS;
    raw.wait_ms = detail::count_of(how.wait, TENANTRY_WAIT, raw.flags);
    raw.clock_tolerance_seconds = detail::count_of(how.clock_tolerance, TENANTRY_CLOCK_TOLERANCE, raw.flags);
    raw.clock_leap_seconds = detail::count_of(how.clock_leap, TENANTRY_CLOCK_LEAP, raw.flags);
    if (how.now || how.new_id) {
      made.callbacks_ = std::make_shared<detail::callbacks>(detail::callbacks{how.now, how.new_id});
      if (how.now) raw.now = detail::callbacks::say_now;
      if (how.new_id) raw.new_id = detail::callbacks::make_id;
      raw.context = made.callbacks_.get();
    }
    tenantry_error* from = nullptr;
    detail::must(opening(&raw, &made.held_, &from), from);
    return made;
  }

  tenantry_engine* held_ = nullptr;
  std::shared_ptr<detail::callbacks> callbacks_;
};

/// What checks need of an engine's store, in memory, closed at its end of scope. All threads may share one; none waits for another. It
/// outlives its engine, and stays at the revision that it has come to by then.
class index {
 public:
  explicit index(const engine& of) : callbacks_(of.callbacks_) {
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_open(of.handle(), &held_, &from), from);
  }
  index(index&& other) noexcept : held_(std::exchange(other.held_, nullptr)), callbacks_(std::move(other.callbacks_)) {}
  index& operator=(index&& other) noexcept {
    if (this != &other) {
      tenantry_index_close(&held_);
      held_ = std::exchange(other.held_, nullptr);
      callbacks_ = std::move(other.callbacks_);
    }
    return *this;
  }
  ~index() { tenantry_index_close(&held_); }

  /// The handle, for functions of tenantry.h; it stays this object's.
  tenantry_index* handle() const noexcept { return held_; }

  /// The revision it has come to.
  std::uint64_t seq() const {
    std::uint64_t seq = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_seq(held_, &seq, &from), from);
    return seq;
  }
  /// The revision of the saved index that it was loaded from; 0 where it was built of the store.
  std::uint64_t loaded_from() const {
    std::uint64_t seq = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_loaded_from(held_, &seq, &from), from);
    return seq;
  }

  // Handles, for this index alone. Those of a user or tenant that is not known are false, and everything is denied with them; a permission or
  // service that the policy does not have is refused.

  user_handle user(const user_id& of) const {
    user_handle made;
    users(&of, 1, &made);
    return made;
  }
  tenant_handle tenant(const tenant_id& of) const {
    tenant_handle made;
    tenants(&of, 1, &made);
    return made;
  }
  void users(const user_id* of, std::size_t count, user_handle* into) const {
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_users(held_, reinterpret_cast<const tenantry_id*>(of), count,
                                      reinterpret_cast<tenantry_user_handle*>(into), &from),
                 from);
  }
  void tenants(const tenant_id* of, std::size_t count, tenant_handle* into) const {
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_tenants(held_, reinterpret_cast<const tenantry_id*>(of), count,
                                        reinterpret_cast<tenantry_tenant_handle*>(into), &from),
                 from);
  }
  permission_handle permission(std::string_view name) const {
    permission_handle made;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_permission(held_, name.data(), name.size(), &made.number, &from), from);
    return made;
  }
  service_handle service(std::string_view name) const {
    service_handle made;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_service(held_, detail::data(name), name.size(), &made.number, &from), from);
    return made;
  }

  // Checks. They allocate nothing.

  /// May a user use a permission on a tenant, for a service? By handles.
  access_verdict check(user_handle user, permission_handle permission, tenant_handle tenant, service_handle service = no_service) const {
    access_verdict found;
    detail::must(tenantry_index_check_resolved(held_, user.number, permission.number, tenant.number, service.number,
                                               reinterpret_cast<tenantry_verdict*>(&found)),
                 nullptr);
    return found;
  }
  /// The same by ids, which are looked up first.
  access_verdict check(const user_id& user, permission_handle permission, const tenant_id& tenant, service_handle service = no_service) const {
    access_verdict found;
    detail::must(tenantry_index_check(held_, &user.raw(), permission.number, &tenant.raw(), service.number,
                                      reinterpret_cast<tenantry_verdict*>(&found)),
                 nullptr);
    return found;
  }
  /// Answers many questions, each in its place, which costs less for each than to ask one by one.
  void check_all(const resolved_question* questions, std::size_t count, access_verdict* verdicts) const {
    detail::must(tenantry_index_check_batch(held_, reinterpret_cast<const tenantry_resolved*>(questions), count,
                                            reinterpret_cast<tenantry_verdict*>(verdicts)),
                 nullptr);
  }
  void check_all(const access_question* questions, std::size_t count, access_verdict* verdicts) const {
    detail::must(tenantry_index_check_ids(held_, reinterpret_cast<const tenantry_question*>(questions), count,
                                          reinterpret_cast<tenantry_verdict*>(verdicts)),
                 nullptr);
  }
  /// The same of whatever holds them side by side, an array or a vector, with as many places for verdicts.
  template <class Questions, class Verdicts>
  void check_all(const Questions& questions, Verdicts& verdicts) const {
    if (std::size(questions) != std::size(verdicts)) throw std::invalid_argument("there must be a place for each verdict");
    check_all(std::data(questions), std::size(questions), std::data(verdicts));
  }
  template <class Question>
  std::vector<access_verdict> check_all(const std::vector<Question>& questions) const {
    std::vector<access_verdict> verdicts(questions.size());
    check_all(questions.data(), questions.size(), verdicts.data());
    return verdicts;
  }

  // Lists, in no particular order.

  cursor<tenant_id> tenants_cursor(user_handle user, permission_handle permission, service_handle service = no_service) const {
    tenantry_cursor* found = nullptr;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_tenants_where(held_, user.number, permission.number, service.number, &found, &from), from);
    return cursor<tenant_id>(found);
  }
  std::vector<tenant_id> tenants_where(user_handle user, permission_handle permission, service_handle service = no_service) const {
    return tenants_cursor(user, permission, service).rest();
  }
  cursor<user_id> users_cursor(permission_handle permission, tenant_handle tenant, service_handle service = no_service) const {
    tenantry_cursor* found = nullptr;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_users_who_can(held_, permission.number, tenant.number, service.number, &found, &from), from);
    return cursor<user_id>(found);
  }
  std::vector<user_id> users_who_can(permission_handle permission, tenant_handle tenant, service_handle service = no_service) const {
    return users_cursor(permission, tenant, service).rest();
  }
  /// Everybody who can do anything on a tenant, and what: JSON with `seq` and `rows`.
  std::string tenant_access(tenant_handle tenant) const {
    text found;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_tenant_access(held_, tenant.number, found.into(), &from), from);
    return found.copy();
  }
  /// Every tenant on which a user can do anything, and what: JSON with `seq` and `rows`.
  std::string user_access(user_handle user) const {
    text found;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_user_access(held_, user.number, found.into(), &from), from);
    return found.copy();
  }

 private:
  tenantry_index* held_ = nullptr;
  std::shared_ptr<detail::callbacks> callbacks_;
};

}  // namespace tenantry
