// The page that a journey is told on: headings, remarks, the timeline, tables. Never asks tenantry anything.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// A cell of a table: its text, of one or several lines, and how it looks.
struct cell {
  enum class look { plain, faint, good, bad, right };
  std::string text;
  look how;
};

inline cell plain(std::string text) { return {std::move(text), cell::look::plain}; }
inline cell faint(std::string text) { return {std::move(text), cell::look::faint}; }
inline cell good(std::string text) { return {std::move(text), cell::look::good}; }
inline cell bad(std::string text) { return {std::move(text), cell::look::bad}; }
// A number, to the right.
inline cell count(std::uint64_t number) { return {std::to_string(number), cell::look::right}; }

using row = std::vector<cell>;

// In colour where the output is a terminal and NO_COLOR is not set.
class page {
 public:
  page();

  void title(std::string_view words);
  void heading(std::string_view words);
  void remark(std::string_view words);
  void gap();

  void done(std::string_view at, std::string_view what);
  void refused(std::string_view at, std::string_view what, int number, std::string_view name, std::string_view message,
               std::string_view remedy);
  void mail(std::string_view kind, std::string_view to);
  void answer(std::string_view what);
  void holds(std::string_view what);
  // What was written elsewhere, line by line as it stands there.
  void verbatim(std::string_view lines);
  void table(const std::vector<std::string>& header, const std::vector<row>& rows);

 private:
  std::string paint(const char* code, std::string_view words) const;
  void line(const std::string& words);

  bool colour_, begun_ = false, blank_ = false;
};
