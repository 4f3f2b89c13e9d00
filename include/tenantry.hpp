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
using question = tenantry_question;
using options = tenantry_options;

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
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int place = 0; place < 16; ++place) {
    if (place == 4 || place == 6 || place == 8 || place == 10) text += '-';
    text += digits[of.bytes[place] >> 4];
    text += digits[of.bytes[place] & 15];
  }
  return text;
}

// An id from 32 hexadecimal digits, with hyphens wherever they stand; none, if it is not one.
inline std::optional<id> parse_id(std::string_view text) noexcept {
  id read{};
  int count = 0;
  for (char c : text) {
    if (c == '-') continue;
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (value < 0 || count == 32) return std::nullopt;
    read.bytes[count / 2] = static_cast<std::uint8_t>(read.bytes[count / 2] << 4 | value);
    ++count;
  }
  if (count != 32) return std::nullopt;
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

  tenantry_permission permission(std::string_view name) const {
    tenantry_permission handle = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_permission_handle(held_, name.data(), name.size(), &handle, &from), from);
    return handle;
  }

  tenantry_service service(std::string_view name) const {
    tenantry_service handle = 0;
    tenantry_error* from = nullptr;
    detail::must(tenantry_service_handle(held_, name.data(), name.size(), &handle, &from), from);
    return handle;
  }

  verdict check_by(const id& user, tenantry_permission permission, const id& tenant, tenantry_service service = 0) const {
    verdict found{};
    tenantry_error* from = nullptr;
    detail::must(tenantry_check_by(held_, &user, permission, &tenant, service, &found, &from), from);
    return found;
  }

  std::vector<verdict> check_batch(const std::vector<question>& questions) const {
    std::vector<verdict> found(questions.size());
    tenantry_error* from = nullptr;
    detail::must(tenantry_check_batch(held_, questions.data(), questions.size(), found.data(), &from), from);
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

  // The revision that checks are read at from here on, which is at least the token's.
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

}  // namespace tenantry

#endif
