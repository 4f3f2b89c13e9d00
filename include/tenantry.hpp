// tenantry for C++17: the functions of tenantry.h with owners that give back what they hold, and faults as exceptions.
// Header only. What a function means is said in tenantry.h.

#ifndef TENANTRY_HPP
#define TENANTRY_HPP

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenantry.h"

namespace tenantry {

using id = tenantry_id;
using verdict = tenantry_verdict;
using options = tenantry_options;

// What an index numbers, and questions made of it.
using user_handle = tenantry_user_handle;
using tenant_handle = tenantry_tenant_handle;
using permission_handle = tenantry_permission_handle;
using service_handle = tenantry_service_handle;
using resolved = tenantry_resolved;
using question = tenantry_question;
inline constexpr service_handle no_service = TENANTRY_NO_SERVICE;

// Options that ask for nothing special.
inline options default_options() noexcept {
  options made = TENANTRY_OPTIONS_INIT;
  return made;
}

inline bool equal(const id& one, const id& other) noexcept {
  return std::memcmp(one.bytes, other.bytes, sizeof one.bytes) == 0;
}

// An id as it is written, 8-4-4-4-12 digits in lower case.
inline std::string to_string(const id& of) {
  char text[TENANTRY_ID_TEXT];
  tenantry_id_write(&of, text);
  return text;
}

// An id as it is written, with hyphens or without; none, if it is not one.
inline std::optional<id> parse_id(std::string_view text) noexcept {
  id read{};
  if (tenantry_id_parse(text.data(), text.size(), &read, nullptr) != TENANTRY_OK) return std::nullopt;
  return read;
}

// A status other than TENANTRY_OK. what() says what stands in the way.
class error : public std::runtime_error {
 public:
  // Takes the error object over.
  error(tenantry_status status, tenantry_error* from)
      : std::runtime_error(from ? tenantry_error_message(from, nullptr) : tenantry_status_message(status)),
        status_(status),
        about_(tenantry_error_about(from, nullptr)),
        path_(tenantry_error_path(from, nullptr)),
        json_(tenantry_error_json(from, nullptr)) {
    tenantry_error_free(&from);
  }

  tenantry_status status() const noexcept { return status_; }
  const char* name() const noexcept { return tenantry_status_name(status_); }
  const char* remedy() const noexcept { return tenantry_status_remedy(status_); }
  const char* rule() const noexcept { return tenantry_status_rule(status_); }
  const std::string& about() const noexcept { return about_; }
  const std::string& path() const noexcept { return path_; }
  const std::string& json() const noexcept { return json_; }
  bool refused() const noexcept { return status_ < 1000; }

 private:
  tenantry_status status_;
  std::string about_, path_, json_;
};

namespace detail {

// By reference: the call that writes the error is an argument beside it, and may be made after it would have been copied.
inline void must(tenantry_status status, tenantry_error* const& from) {
  if (status != TENANTRY_OK) throw error(status, from);
}

// A text until its end of scope.
struct text {
  tenantry_text held{nullptr, 0};
  text() = default;
  text(const text&) = delete;
  text& operator=(const text&) = delete;
  ~text() { tenantry_text_free(&held); }
  std::string copy() const { return std::string(held.data ? held.data : "", held.length); }
};

// A cursor until its end of scope.
struct cursor {
  tenantry_cursor* held = nullptr;
  cursor() = default;
  cursor(const cursor&) = delete;
  cursor& operator=(const cursor&) = delete;
  ~cursor() { tenantry_cursor_free(&held); }

  std::vector<id> all() const {
    tenantry_error* from = nullptr;
    std::size_t size = 0, count = 0;
    must(tenantry_cursor_size(held, &size, nullptr, &from), from);
    std::vector<id> ids(size);
    must(tenantry_cursor_next(held, ids.data(), size, &count, &from), from);
    ids.resize(count);
    return ids;
  }
};

// A text that may be absent: null stands for "no service" only.
inline const char* data(std::string_view text) noexcept { return text.empty() ? nullptr : text.data(); }

}  // namespace detail

// An engine, closed at its end of scope. All threads may share one.
class engine {
 public:
  static engine memory(const options& how = default_options()) {
    engine made;
    tenantry_error* from = nullptr;
    detail::must(tenantry_open_memory(&how, &made.held_, &from), from);
    return made;
  }

  static engine open(std::string_view path, const options& how = default_options()) {
    engine made;
    tenantry_error* from = nullptr;
    detail::must(tenantry_open_file(path.data(), path.size(), &how, &made.held_, &from), from);
    return made;
  }

  engine(engine&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  engine& operator=(engine&& other) noexcept {
    if (this != &other) {
      tenantry_close(&held_);
      held_ = std::exchange(other.held_, nullptr);
    }
    return *this;
  }
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine() { tenantry_close(&held_); }

  // Closes it now. Throws where another thread is within a call.
  void close() { detail::must(tenantry_close(&held_), nullptr); }

  // The handle, for functions of tenantry.h; it stays this object's.
  tenantry_engine* handle() const noexcept { return held_; }

  // Any command or query, as JSON.
  std::string call(std::string_view json) {
    detail::text reply;
    tenantry_error* from = nullptr;
    detail::must(tenantry_call(held_, json.data(), json.size(), &reply.held, &from), from);
    return reply.copy();
  }

  verdict check(const id& user, std::string_view permission, const id& tenant, std::string_view service = {}) const {
    verdict found{};
    tenantry_error* from = nullptr;
    detail::must(tenantry_check(held_, &user, permission.data(), permission.size(), &tenant, detail::data(service),
                                service.size(), &found, &from),
                 from);
    return found;
  }

  // A check in words, as JSON.
  std::string explain(const id& user, std::string_view permission, const id& tenant, std::string_view service = {}) const {
    detail::text told;
    tenantry_error* from = nullptr;
    detail::must(tenantry_explain(held_, &user, permission.data(), permission.size(), &tenant, detail::data(service),
                                  service.size(), &told.held, &from),
                 from);
    return told.copy();
  }

  std::vector<id> tenants_where(const id& user, std::string_view permission, std::string_view service = {}) const {
    detail::cursor found;
    tenantry_error* from = nullptr;
    detail::must(tenantry_tenants_where(held_, &user, permission.data(), permission.size(), detail::data(service),
                                        service.size(), &found.held, &from),
                 from);
    return found.all();
  }

  std::vector<id> users_who_can(std::string_view permission, const id& tenant, std::string_view service = {}) const {
    detail::cursor found;
    tenantry_error* from = nullptr;
    detail::must(tenantry_users_who_can(held_, permission.data(), permission.size(), &tenant, detail::data(service),
                                        service.size(), &found.held, &from),
                 from);
    return found.all();
  }

  std::string token() const {
    detail::text told;
    tenantry_error* from = nullptr;
    detail::must(tenantry_token(held_, &told.held, &from), from);
    return told.copy();
  }

  // Brings the indexes to what any process has committed. The revision that is, which is at least the token's.
  std::uint64_t refresh(std::string_view token = {}) const {
    std::uint64_t seq = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_refresh(held_, detail::data(token), token.size(), &seq, &from), from);
    return seq;
  }

 private:
  engine() = default;
  tenantry_engine* held_ = nullptr;
};

// An index of an engine, closed at its end of scope. All threads may share one; it outlives its engine.
class index {
 public:
  explicit index(const engine& of) {
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_open(of.handle(), &held_, &from), from);
  }

  index(index&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  index& operator=(index&& other) noexcept {
    if (this != &other) {
      tenantry_index_close(&held_);
      held_ = std::exchange(other.held_, nullptr);
    }
    return *this;
  }
  index(const index&) = delete;
  index& operator=(const index&) = delete;
  ~index() { tenantry_index_close(&held_); }

  // The handle, for functions of tenantry.h; it stays this object's.
  tenantry_index* handle() const noexcept { return held_; }

  // The revision it has come to.
  std::uint64_t seq() const {
    std::uint64_t seq = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_seq(held_, &seq, &from), from);
    return seq;
  }

  // The revision of the saved index that it was loaded from; 0 where it was built of the store.
  std::uint64_t loaded_from() const {
    std::uint64_t seq = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_loaded_from(held_, &seq, &from), from);
    return seq;
  }

  // Handles; 0 for a user or tenant that is not known, with which everything is denied. A permission or service that the
  // policy does not have is refused.
  user_handle user(const id& of) const {
    user_handle handle = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_users(held_, &of, 1, &handle, &from), from);
    return handle;
  }

  tenant_handle tenant(const id& of) const {
    tenant_handle handle = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_tenants(held_, &of, 1, &handle, &from), from);
    return handle;
  }

  permission_handle permission(std::string_view name) const {
    permission_handle handle = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_permission(held_, name.data(), name.size(), &handle, &from), from);
    return handle;
  }

  service_handle service(std::string_view name) const {
    service_handle handle = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_service(held_, detail::data(name), name.size(), &handle, &from), from);
    return handle;
  }

  verdict check_resolved(user_handle user, permission_handle permission, tenant_handle tenant,
                         service_handle service = no_service) const {
    verdict found;
    detail::must(tenantry_index_check_resolved(held_, user, permission, tenant, service, &found), nullptr);
    return found;
  }

  verdict check(const id& user, permission_handle permission, const id& tenant, service_handle service = no_service) const {
    verdict found;
    detail::must(tenantry_index_check(held_, &user, permission, &tenant, service, &found), nullptr);
    return found;
  }

  std::vector<verdict> check_batch(const std::vector<resolved>& questions) const {
    std::vector<verdict> found(questions.size());
    detail::must(tenantry_index_check_batch(held_, questions.data(), questions.size(), found.data()), nullptr);
    return found;
  }

  std::vector<verdict> check_ids(const std::vector<question>& questions) const {
    std::vector<verdict> found(questions.size());
    detail::must(tenantry_index_check_ids(held_, questions.data(), questions.size(), found.data()), nullptr);
    return found;
  }

  std::vector<id> tenants_where(user_handle user, permission_handle permission, service_handle service = no_service) const {
    detail::cursor found;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_tenants_where(held_, user, permission, service, &found.held, &from), from);
    return found.all();
  }

  std::vector<id> users_who_can(permission_handle permission, tenant_handle tenant, service_handle service = no_service) const {
    detail::cursor found;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_users_who_can(held_, permission, tenant, service, &found.held, &from), from);
    return found.all();
  }

  // Everybody who can do anything on a tenant, and what, in JSON.
  std::string tenant_access(tenant_handle tenant) const {
    detail::text found;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_tenant_access(held_, tenant, &found.held, &from), from);
    return found.copy();
  }

  // Every tenant on which a user can do anything, and what, in JSON.
  std::string user_access(user_handle user) const {
    detail::text found;
    tenantry_error* from = nullptr;
    detail::must(tenantry_index_user_access(held_, user, &found.held, &from), from);
    return found.copy();
  }

 private:
  tenantry_index* held_ = nullptr;
};

}  // namespace tenantry

#endif
