// What reads and writes the JSON of the door by what generated/ says of each type. JSON itself is nlohmann's
// (https://github.com/nlohmann/json, Debian: nlohmann-json3-dev).

#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "core.hpp"

namespace tenantry {

/// JSON of which others say what is in it.
using json = nlohmann::json;

/// The library's reply is none that these headers know how to read: they are of another version than the library.
class unreadable : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a command answers with that has nothing to say.
struct nothing {};

/// A part of a long list.
template <class Row>
struct page {
  std::vector<Row> rows;
  /// The cursor by which the list goes on; none at its end.
  std::optional<std::string> next;
};

/// What an edit does to a field: leave it, set it or clear it. One that nobody has set leaves it.
template <class Value>
class patch {
 public:
  patch() = default;
  /// Sets it.
  template <class From, class = std::enable_if_t<std::is_convertible_v<From, Value>>>
  patch(From&& to) : what_(what::set), value_(std::forward<From>(to)) {}
  /// Clears it.
  patch(std::nullopt_t) : what_(what::clear) {}
  /// Sets it, or clears it where there is none.
  patch(std::optional<Value> to) : what_(to ? what::set : what::clear), value_(std::move(to)) {}

  bool leaves() const noexcept { return what_ == what::leave; }
  bool clears() const noexcept { return what_ == what::clear; }
  /// What it is set to, if it is.
  const std::optional<Value>& value() const noexcept { return value_; }

 private:
  enum class what : std::uint8_t { leave, set, clear };
  what what_ = what::leave;
  std::optional<Value> value_;
};

/// One word of several. One that this header does not know, for the library is newer, is `unlisted` and keeps its text.
template <class Words>
class word : public Words {
 public:
  using value_type = typename Words::value_type;
  word() = default;
  word(value_type value) noexcept : value_(value) {}

  /// A word as the JSON has it.
  static word parse(std::string_view text) {
    for (std::size_t place = 0; place < std::size(Words::spelled); ++place) {
      if (text == Words::spelled[place]) return word(static_cast<value_type>(place));
    }
    word made;
    made.text_ = text;
    return made;
  }
  /// As the JSON has it.
  std::string_view as_written() const noexcept {
    return value_ == Words::unlisted ? std::string_view(text_) : std::string_view(Words::spelled[value_]);
  }
  /// For `switch`.
  operator value_type() const noexcept { return value_; }

  friend bool operator==(const word& one, const word& other) noexcept { return one.value_ == other.value_ && one.text_ == other.text_; }
  friend bool operator!=(const word& one, const word& other) noexcept { return !(one == other); }
  friend bool operator==(const word& one, value_type other) noexcept { return one.value_ == other; }
  friend bool operator!=(const word& one, value_type other) noexcept { return one.value_ != other; }
  friend bool operator==(value_type one, const word& other) noexcept { return one == other.value_; }
  friend bool operator!=(value_type one, const word& other) noexcept { return one != other.value_; }
  friend std::string to_string(const word& of) { return std::string(of.as_written()); }
  template <class Stream>
  friend auto operator<<(Stream& to, const word& of) -> decltype(to << std::string()) {
    return to << to_string(of);
  }

 private:
  value_type value_ = Words::unlisted;
  std::string text_;
};

/// Reads an instant in RFC 3339, in UTC or with an offset. Throws `std::invalid_argument` where it is none.
timestamp parse_time(std::string_view text);
/// An instant as the JSON has it, such as 2026-01-31T09:30:00.000000Z.
std::string to_string(timestamp of);

/// A moment that has passed: a record's number, or an instant.
class as_of {
 public:
  template <class Number, class = std::enable_if_t<std::is_integral_v<Number>>>
  as_of(Number seq) : seq_(static_cast<std::uint64_t>(seq)) {
    if constexpr (std::is_signed_v<Number>) {
      if (seq < 0) throw std::invalid_argument("a record's number is not negative");
    }
  }
  as_of(timestamp at) : at_(at) {}
  tenantry::json written() const { return at_ ? tenantry::json(to_string(*at_)) : tenantry::json(seq_); }

 private:
  std::uint64_t seq_ = 0;
  std::optional<timestamp> at_;
};

/// A device as it was typed: one of its ids, or up to eight of them, the first of which names it.
class typed_device {
 public:
  typed_device(std::string id) : ids_{std::move(id)} {}
  typed_device(const char* id) : ids_{id} {}
  typed_device(std::vector<std::string> ids) : ids_(std::move(ids)) {}
  tenantry::json written() const { return ids_.size() == 1 ? tenantry::json(ids_.front()) : tenantry::json(ids_); }

 private:
  std::vector<std::string> ids_;
};

/// One of many kinds of things, an event for one: it is kept as JSON, and read as what it is asked for. So is one that these headers do not
/// know, for the library is newer.
template <class One>
class one_of_many {
 public:
  /// What it is, as the JSON has it.
  const std::string& tag() const noexcept { return tag_; }
  /// It, where it is of this kind; else none.
  template <class Kind>
  std::optional<Kind> get_if() const;
  /// Whether these headers have a type for it.
  bool is_known() const {
    for (const char* word : One::words) {
      if (tag_ == word) return true;
    }
    return false;
  }
  /// All of it.
  const json& data() const noexcept { return data_; }
  void take(const json& d);

 private:
  template <class Any>
  auto content(int) const -> decltype(Any::content_member, std::declval<const json&>());
  template <class Any>
  const json& content(...) const {
    return data_;
  }
  std::string tag_;
  json data_;
};

namespace detail {

using tenantry::json;

// How a variant lies in JSON: its fields beside a tag; under its word; itself under its word; a word alone.
enum class shape : std::uint8_t { tagged, outer, single, bare };
struct variant_row {
  const char* word;
  detail::shape shape;
};

[[noreturn]] inline void unreadable(const std::string& what) {
  throw tenantry::unreadable("the library's reply is not as these headers of tenantry expect it: " + what);
}

inline const std::string& string_in(const json& d) {
  const auto* text = d.get_ptr<const std::string*>();
  if (text == nullptr) unreadable("no text but " + d.dump());
  return *text;
}

// What must be there.
inline const json& member_of(const json& d, const char* name) {
  const auto found = d.find(name);
  if (found == d.end()) unreadable("there is no `" + std::string(name) + "`");
  return *found;
}

template <class One, class = void>
struct codec;

// Reads the fields of an object.
struct field_reader {
  const json& from;
  template <class One>
  void need(const char* name, One& into) {
    codec<One>::read(member_of(from, name), into);
  }
  template <class One>
  void may(const char* name, One& into) {
    const auto found = from.find(name);
    if (found != from.end() && !found->is_null()) codec<One>::read(*found, into);
  }
  template <class One>
  void may(const char* name, patch<One>& into) {
    const auto found = from.find(name);
    if (found == from.end()) return;
    std::optional<One> made;
    codec<std::optional<One>>::read(*found, made);
    into = std::move(made);
  }
};

// Writes them.
struct field_writer {
  json& into;
  template <class One>
  void need(const char* name, const One& from) {
    into[name] = codec<One>::write(from);
  }
  template <class One>
  void may(const char* name, const One& from) {
    need(name, from);
  }
  template <class One>
  void may(const char* name, const std::optional<One>& from) {
    if (from) into[name] = codec<One>::write(*from);
  }
  template <class One>
  void may(const char* name, const patch<One>& from) {
    if (from.leaves()) return;
    into[name] = from.value() ? codec<One>::write(*from.value()) : json();
  }
};

template <class One>
void read_fields(const json& d, One& into) {
  field_reader all{d};
  One::fields_of(into, all);
}
template <class One>
json write_fields(const One& from) {
  json made = json::object();
  field_writer all{made};
  One::fields_of(from, all);
  return made;
}

// One of several: what it is, is found by its word.
template <class Union>
std::string_view tag_of(const Union& of) {
  if (of.value.index() == 0) return std::get<0>(of.value).tag;
  return Union::variants[of.value.index() - 1].word;
}

template <class Union>
using value_of = std::decay_t<decltype(std::declval<Union&>().value)>;

// Where the fields of a variant are, and which it is.
template <class Union>
std::pair<std::size_t, const json*> place_in(const json& d, std::string& tag) {
  const json* inner = &d;
  if (*Union::tag_member != 0) {
    tag = string_in(member_of(d, Union::tag_member));
  } else if (d.is_string()) {
    tag = string_in(d);
  } else if (d.is_object() && d.size() == 1) {
    tag = d.begin().key();
    inner = &d.begin().value();
  } else {
    unreadable("none of several: " + d.dump());
  }
  for (std::size_t place = 0; place < std::size(Union::variants); ++place) {
    if (tag == Union::variants[place].word) return {place, Union::variants[place].shape == shape::single ? &d : inner};
  }
  return {std::size(Union::variants), inner};
}

template <class Union, std::size_t Place>
void read_variant(const json& d, Union& into) {
  codec<std::variant_alternative_t<Place + 1, value_of<Union>>>::read(d, into.value.template emplace<Place + 1>());
}
template <class Union, std::size_t... Places>
void read_variant_at(std::size_t place, const json& d, Union& into, std::index_sequence<Places...>) {
  static constexpr void (*readers[])(const json&, Union&) = {&read_variant<Union, Places>...};
  readers[place](d, into);
}
template <class Union, std::size_t Place>
json write_variant(const Union& from) {
  return codec<std::variant_alternative_t<Place + 1, value_of<Union>>>::write(std::get<Place + 1>(from.value));
}
template <class Union, std::size_t... Places>
json write_variant_at(std::size_t place, const Union& from, std::index_sequence<Places...>) {
  static constexpr json (*writers[])(const Union&) = {&write_variant<Union, Places>...};
  return writers[place](from);
}

template <class Union>
struct union_codec {
  using places = std::make_index_sequence<std::variant_size_v<value_of<Union>> - 1>;

  static void read(const json& d, Union& into) {
    std::string tag;
    const auto [place, inner] = place_in<Union>(d, tag);
    if (place == std::size(Union::variants)) {
      into.value.template emplace<0>(typename Union::unknown{std::move(tag), d});
    } else {
      read_variant_at(place, *inner, into, places());
    }
  }
  static json write(const Union& from) {
    if (from.value.index() == 0) return std::get<0>(from.value).data;
    const auto place = from.value.index() - 1;
    const auto& row = Union::variants[place];
    if (row.shape == shape::bare) return row.word;
    json made = write_variant_at(place, from, places());
    if (row.shape == shape::tagged) made[Union::tag_member] = row.word;
    if (row.shape == shape::outer) return json{{row.word, std::move(made)}};
    return made;
  }
};

// A struct, one of several, or what writes itself.
template <class One, class>
struct codec {
  static void read(const json& d, One& into) {
    if constexpr (std::is_base_of_v<one_of_many<One>, One>) {
      into.take(d);
    } else if constexpr (is_union<One>(0)) {
      union_codec<One>::read(d, into);
    } else {
      read_fields(d, into);
    }
  }
  static json write(const One& from) {
    if constexpr (std::is_base_of_v<one_of_many<One>, One>) {
      return from.data();
    } else if constexpr (is_union<One>(0)) {
      return union_codec<One>::write(from);
    } else if constexpr (writes_itself<One>(0)) {
      return from.written();
    } else {
      return write_fields(from);
    }
  }

 private:
  template <class Any>
  static constexpr auto is_union(int) -> decltype(Any::variants, true) {
    return true;
  }
  template <class Any>
  static constexpr bool is_union(...) {
    return false;
  }
  template <class Any>
  static constexpr auto writes_itself(int) -> decltype(std::declval<const Any&>().written(), true) {
    return true;
  }
  template <class Any>
  static constexpr bool writes_itself(...) {
    return false;
  }
};

template <>
struct codec<std::string> {
  static void read(const json& d, std::string& into) { into = string_in(d); }
  static json write(const std::string& from) { return from; }
};
template <>
struct codec<bool> {
  static void read(const json& d, bool& into) {
    if (!d.is_boolean()) unreadable("neither true nor false but " + d.dump());
    into = d.get<bool>();
  }
  static json write(bool from) { return from; }
};
template <>
struct codec<std::uint64_t> {
  static void read(const json& d, std::uint64_t& into) {
    // What was read of a text is unsigned; what a program has put together need not be.
    if (!d.is_number_unsigned() && !(d.is_number_integer() && d.get<std::int64_t>() >= 0)) unreadable("no whole number but " + d.dump());
    into = d.get<std::uint64_t>();
  }
  static json write(std::uint64_t from) { return from; }
};
template <>
struct codec<double> {
  static void read(const json& d, double& into) {
    if (!d.is_number()) unreadable("no number but " + d.dump());
    into = d.get<double>();
  }
  static json write(double from) { return from; }
};
template <>
struct codec<nothing> {
  static void read(const json&, nothing&) {}
};
template <>
struct codec<json> {
  static void read(const json& d, json& into) { into = d; }
  static json write(const json& from) { return from; }
};
template <>
struct codec<timestamp> {
  static void read(const json& d, timestamp& into) {
    try {
      into = parse_time(string_in(d));
    } catch (const std::invalid_argument&) {
      unreadable("no instant but " + d.dump());
    }
  }
  static json write(timestamp from) { return to_string(from); }
};
template <class Kind>
struct codec<id<Kind>> {
  static void read(const json& d, id<Kind>& into) {
    const auto read = id<Kind>::try_parse(string_in(d));
    if (!read) unreadable("no id but " + d.dump());
    into = *read;
  }
  static json write(const id<Kind>& from) { return to_string(from); }
};
template <class Words>
struct codec<word<Words>> {
  static void read(const json& d, word<Words>& into) { into = word<Words>::parse(string_in(d)); }
  static json write(const word<Words>& from) { return to_string(from); }
};
// Statuses cross by name. The library knows all of its own, those that these headers do not name included; it is asked for them once.
inline const std::unordered_map<std::string_view, tenantry_status>& statuses_by_name() {
  static const auto known = [] {
    std::unordered_map<std::string_view, tenantry_status> made;
    for (tenantry_status number = 1; number < 10000; ++number) made.emplace(tenantry_status_name(number), number);
    return made;
  }();
  return known;
}
template <class Status>
struct codec<Status, std::enable_if_t<std::is_enum_v<Status>>> {
  static void read(const json& d, Status& into) {
    const auto& name = string_in(d);
    const auto found = statuses_by_name().find(name);
    if (found == statuses_by_name().end()) unreadable("no status but `" + name + "`");
    into = static_cast<Status>(found->second);
  }
  static json write(Status from) { return tenantry_status_name(static_cast<tenantry_status>(from)); }
};
template <class One>
struct codec<std::optional<One>> {
  static void read(const json& d, std::optional<One>& into) {
    into.reset();
    if (d.is_null()) return;
    One made{};
    codec<One>::read(d, made);
    into = std::move(made);
  }
  static json write(const std::optional<One>& from) { return from ? codec<One>::write(*from) : json(); }
};
template <class One>
struct codec<std::vector<One>> {
  static void read(const json& d, std::vector<One>& into) {
    if (!d.is_array()) unreadable("no list but " + d.dump());
    into.clear();
    into.reserve(d.size());
    for (const auto& item : d) {
      One made{};
      codec<One>::read(item, made);
      into.push_back(std::move(made));
    }
  }
  static json write(const std::vector<One>& from) {
    json made = json::array();
    for (const auto& item : from) made.push_back(codec<One>::write(item));
    return made;
  }
};
template <class One>
struct codec<std::map<std::string, One>> {
  static void read(const json& d, std::map<std::string, One>& into) {
    if (!d.is_object()) unreadable("no object but " + d.dump());
    into.clear();
    for (auto item = d.begin(); item != d.end(); ++item) {
      One made{};
      codec<One>::read(item.value(), made);
      into.emplace(item.key(), std::move(made));
    }
  }
  static json write(const std::map<std::string, One>& from) {
    json made = json::object();
    for (const auto& [name, item] : from) made[name] = codec<One>::write(item);
    return made;
  }
};
template <class Row>
struct codec<page<Row>> {
  static void read(const json& d, page<Row>& into) {
    field_reader all{d};
    all.need("rows", into.rows);
    all.may("next", into.next);
  }
};

template <class One>
One read(const json& d) {
  One made{};
  codec<One>::read(d, made);
  return made;
}

// Where in a document the first text is that is not UTF-8.
inline bool not_utf8(const json& in, std::string& path) {
  if (in.is_string()) {
    try {
      in.dump();
    } catch (const json::type_error&) {
      return true;
    }
  } else if (in.is_structured()) {
    for (auto item = in.begin(); item != in.end(); ++item) {
      const auto before = path.size();
      if (in.is_object()) {
        if (not_utf8(json(item.key()), path)) return true;
        path += (path.empty() ? "" : ".") + item.key();
      } else {
        path += "[" + std::to_string(item - in.begin()) + "]";
      }
      if (not_utf8(item.value(), path)) return true;
      path.resize(before);
    }
  }
  return false;
}

// The text of a document. A text within that is not UTF-8 is told as the library tells it, with its place.
inline std::string text_of(const json& document) {
  try {
    return document.dump();
  } catch (const json::type_error&) {
    std::string path;
    not_utf8(document, path);
    throw misuse_error(TENANTRY_NOT_UTF8, std::move(path));
  }
}

template <class Policy>
std::string policy_text(const Policy& of) {
  return text_of(codec<Policy>::write(of));
}

}  // namespace detail

/// Any command, where it goes along with something else.
class any_command {
 public:
  template <class Command, class = typename Command::outcome_type>
  any_command(const Command& command) : written_(detail::write_fields(command)) {
    written_["command"] = Command::command_name;
  }
  const tenantry::json& written() const noexcept { return written_; }

 private:
  tenantry::json written_;
};

template <class One>
void one_of_many<One>::take(const json& d) {
  detail::field_reader{d}.need(One::tag_member, tag_);
  data_ = d;
}

template <class One>
template <class Any>
auto one_of_many<One>::content(int) const -> decltype(Any::content_member, std::declval<const json&>()) {
  return detail::member_of(data_, Any::content_member);
}

template <class One>
template <class Kind>
std::optional<Kind> one_of_many<One>::get_if() const {
  if (tag_ != One::word_of(static_cast<const Kind*>(nullptr))) return std::nullopt;
  return detail::read<Kind>(content<One>(0));
}

/// What is made of it as JSON: rows, entities, events and whatever else is answered or asked, to log it or to compare it.
template <class One>
json to_json(const One& of) {
  return detail::codec<One>::write(of);
}

// For JSON of one's own: ids and words go in and come out as they are written.
template <class Kind>
void to_json(json& into, const id<Kind>& of) {
  into = to_string(of);
}
template <class Kind>
void from_json(const json& from, id<Kind>& into) {
  into = id<Kind>::parse(from.template get_ref<const std::string&>());
}
template <class Words>
void to_json(json& into, const word<Words>& of) {
  into = to_string(of);
}
template <class Words>
void from_json(const json& from, word<Words>& into) {
  into = word<Words>::parse(from.template get_ref<const std::string&>());
}

inline timestamp parse_time(std::string_view text) {
  const auto wrong = [] { return std::invalid_argument("no instant in RFC 3339"); };
  std::size_t at = 0;
  const auto digits = [&](int count, int most) {
    int number = 0;
    for (; count > 0; --count, ++at) {
      if (at >= text.size() || text[at] < '0' || text[at] > '9') throw wrong();
      number = number * 10 + (text[at] - '0');
    }
    if (number > most) throw wrong();
    return number;
  };
  const auto skip = [&](const char* one_of) {
    if (at >= text.size() || std::string_view(one_of).find(text[at]) == std::string_view::npos) throw wrong();
    return text[at++];
  };
  const std::int64_t year = digits(4, 9999);
  skip("-");
  const int month = digits(2, 12);
  skip("-");
  const int day = digits(2, 31);
  skip("Tt ");
  const int hour = digits(2, 23);
  skip(":");
  const int minute = digits(2, 59);
  skip(":");
  const int second = digits(2, 60);
  std::int64_t micros = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100000;
    const auto begin = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) micros += unit * (text[at] - '0');
    if (at == begin) throw wrong();
  }
  std::int64_t offset = 0;
  const char sign = skip("Zz+-");
  if (sign == '+' || sign == '-') {
    offset = digits(2, 23) * 60;
    skip(":");
    offset += digits(2, 59);
    if (sign == '-') offset = -offset;
  }
  static constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (at != text.size() || month == 0 || day == 0 || day > lengths[month - 1] + (month == 2 && leap ? 1 : 0)) throw wrong();
  // Days since 1970, counted in years that begin with March, so that a leap day is the last one.
  const std::int64_t shifted = month > 2 ? year : year - 1;
  const std::int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400, within = shifted - era * 400;
  const std::int64_t days = era * 146097 + within * 365 + within / 4 - within / 100 + of_year - 719468;
  return timestamp(std::chrono::microseconds((((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000000 + micros));
}

inline std::string to_string(timestamp of) {
  const std::int64_t all = of.time_since_epoch().count(), day = std::int64_t{86400} * 1000000;
  const std::int64_t days = all / day - (all % day < 0 ? 1 : 0), rest = all - days * day;
  const std::int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const std::int64_t within = shifted - era * 146097;
  const std::int64_t of_era = (within - within / 1460 + within / 36524 - within / 146096) / 365;
  const std::int64_t of_year = within - (365 * of_era + of_era / 4 - of_era / 100), third = (5 * of_year + 2) / 153;
  const std::int64_t month = third < 10 ? third + 3 : third - 9, year = of_era + era * 400 + (month <= 2 ? 1 : 0);
  const std::int64_t seconds = rest / 1000000;
  char text[64];
  std::snprintf(text, sizeof text, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%06lldZ", static_cast<long long>(year),
                static_cast<long long>(month), static_cast<long long>(of_year - (153 * third + 2) / 5 + 1),
                static_cast<long long>(seconds / 3600), static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60),
                static_cast<long long>(rest % 1000000));
  return text;
}

}  // namespace tenantry
