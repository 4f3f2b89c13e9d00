// What goes wrong, as exceptions: a class for each family of refusals and of troubles.

#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "../tenantry.h"
#include "generated/codes.hpp"

namespace tenantry {

/// A call was not done. `what()` says what stands in the way.
class error : public std::runtime_error {
 public:
  /// Takes the error object over, which may be null.
  error(tenantry_status status, tenantry_error* from)
      : std::runtime_error(from ? tenantry_error_message(from, nullptr) : tenantry_status_message(status)), status_(status) {
    // Freed also where there is no memory for the rest.
    struct owner {
      tenantry_error* held;
      ~owner() { tenantry_error_free(&held); }
    } owned{from};
    more_ = std::make_shared<const texts>(texts{tenantry_error_about(from, nullptr), tenantry_error_path(from, nullptr),
                                                tenantry_error_json(from, nullptr)});
  }
  /// A misuse that was found before the library was called, and its place in the call.
  error(tenantry_status status, std::string path)
      : std::runtime_error(tenantry_status_message(status)),
        status_(status),
        more_(std::make_shared<const texts>(texts{"", std::move(path), ""})) {}

  /// The stable number: up to 999 of a refusal, from 9000 on of a trouble.
  tenantry_status status() const noexcept { return status_; }
  /// The stable name, such as `not_delinkable`.
  const char* name() const noexcept { return tenantry_status_name(status_); }
  /// What to do about it.
  const char* remedy() const noexcept { return tenantry_status_remedy(status_); }
  /// The rule that a refusal comes from, such as `D-1`; else empty.
  const char* rule() const noexcept { return tenantry_status_rule(status_); }
  /// What a refusal is about, an id, a name or a value; else empty.
  const std::string& about() const noexcept { return more_->about; }
  /// Where in the call a misuse is, such as `execute.command.owner.email`; else empty.
  const std::string& path() const noexcept { return more_->path; }
  /// All of it, `Fault` of the schema; may be empty. `items_of` in tenantry.hpp reads what is said of each item of a batch.
  const std::string& json() const noexcept { return more_->json; }
  /// Whether it is an expected "no".
  bool is_refusal() const noexcept { return status_ < 1000; }

 private:
  struct texts {
    std::string about, path, json;
  };
  tenantry_status status_;
  // Shared, so that copying an exception throws none.
  std::shared_ptr<const texts> more_;
};

/// An expected "no", with a remedy and the rule that it comes from.
class refused : public error {
 public:
  using error::error;
  /// Why, as one of all refusals; of a newer library's the number alone may be known.
  tenantry::code code() const noexcept { return static_cast<tenantry::code>(status()); }
};
/// The request cannot be taken as it comes: its id was used, the journal has moved on, the clock is wrong.
class request_refused : public refused {
  using refused::refused;
};
/// Something is not there, or not for whoever asks.
class unknown_refused : public refused {
  using refused::refused;
};
/// Whoever asks may not.
class rights_refused : public refused {
  using refused::refused;
};
/// A value is none that can be taken.
class value_refused : public refused {
  using refused::refused;
};
/// As things stand, it cannot be done.
class state_refused : public refused {
  using refused::refused;
};

/// No refusal: the call, the store or tenantry itself is at fault.
class trouble_error : public error {
 public:
  using error::error;
  /// What it is, as one of all troubles.
  tenantry::trouble trouble() const noexcept { return static_cast<tenantry::trouble>(status()); }
};
/// The store could not do what it should.
class store_error : public trouble_error {
  using trouble_error::trouble_error;
};
/// The call is not as it should be.
class misuse_error : public trouble_error {
  using trouble_error::trouble_error;
};
/// Tenantry has a defect and stopped within the call.
class defect_error : public trouble_error {
  using trouble_error::trouble_error;
};

namespace detail {

// The family is that of the hundred, which python/generator/cpp.py makes sure of.
[[noreturn]] inline void raise(tenantry_status status, tenantry_error* from) {
  switch (status / 100) {
    case 0: throw request_refused(status, from);
    case 1:
    case 3: throw rights_refused(status, from);
    case 2: throw unknown_refused(status, from);
    case 4: throw value_refused(status, from);
    case 90:
    case 92: throw misuse_error(status, from);
    case 91: throw store_error(status, from);
    default: break;
  }
  if (status < 1000) throw state_refused(status, from);
  throw defect_error(status, from);
}

// By reference: the call that writes the error is an argument beside it, and may be made after it would have been copied.
inline void must(tenantry_status status, tenantry_error* const& from) {
  if (status != TENANTRY_OK) raise(status, from);
}

}  // namespace detail

}  // namespace tenantry
