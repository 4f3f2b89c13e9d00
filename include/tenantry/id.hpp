// Ids, each kind a type of its own: what names a tenant does not compile where a user is wanted.

#pragma once

#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "../tenantry.h"
#include "error.hpp"

namespace tenantry {

namespace kinds {
struct any;
}
template <class Kind>
class id;
/// An id of something of which only the context says what it is: any id will do.
using uuid = id<kinds::any>;

/// An id of one kind of thing. One that nobody has set is nil, which names nothing and is refused.
template <class Kind>
class id {
 public:
  constexpr id() noexcept = default;
  /// Names what has this id. Also the way from one kind to another, where the two are the same: `link_id(request.raw())`.
  explicit constexpr id(const tenantry_id& raw) noexcept : raw_(raw) {}
  /// Any id is a `uuid`.
  template <class Other, class Own = Kind, class = std::enable_if_t<std::is_same_v<Own, kinds::any> && !std::is_same_v<Other, Own>>>
  constexpr id(const id<Other>& any) noexcept : raw_(any.raw()) {}

  /// Reads an id as it is written, 8-4-4-4-12 digits, with hyphens or without. Throws `misuse_error` where it is none.
  static id parse(std::string_view text) {
    id read;
    tenantry_error* from = nullptr;
    detail::must(tenantry_id_parse(text.data(), text.size(), &read.raw_, &from), from);
    return read;
  }
  /// The same; none, where it is none.
  static std::optional<id> try_parse(std::string_view text) noexcept {
    id read;
    if (tenantry_id_parse(text.data(), text.size(), &read.raw_, nullptr) != TENANTRY_OK) return std::nullopt;
    return read;
  }

  /// Its 16 bytes, in the order in which they are written.
  constexpr const tenantry_id& raw() const noexcept { return raw_; }
  bool is_nil() const noexcept { return *this == id(); }

  friend bool operator==(const id& one, const id& other) noexcept { return compare(one, other) == 0; }
  friend bool operator!=(const id& one, const id& other) noexcept { return compare(one, other) != 0; }
  friend bool operator<(const id& one, const id& other) noexcept { return compare(one, other) < 0; }
  friend bool operator>(const id& one, const id& other) noexcept { return compare(one, other) > 0; }
  friend bool operator<=(const id& one, const id& other) noexcept { return compare(one, other) <= 0; }
  friend bool operator>=(const id& one, const id& other) noexcept { return compare(one, other) >= 0; }

  /// An id as it is written, in lower case.
  friend std::string to_string(const id& of) {
    char text[TENANTRY_ID_TEXT];
    tenantry_id_write(&of.raw_, text);
    return text;
  }
  template <class Stream>
  friend auto operator<<(Stream& to, const id& of) -> decltype(to << std::string()) {
    return to << to_string(of);
  }

 private:
  static int compare(const id& one, const id& other) noexcept {
    return std::memcmp(one.raw_.bytes, other.raw_.bytes, sizeof one.raw_.bytes);
  }
  tenantry_id raw_{};
};

}  // namespace tenantry

template <class Kind>
struct std::hash<tenantry::id<Kind>> {
  std::size_t operator()(const tenantry::id<Kind>& of) const noexcept {
    const auto* bytes = reinterpret_cast<const char*>(of.raw().bytes);
    return std::hash<std::string_view>()(std::string_view(bytes, sizeof of.raw().bytes));
  }
};
