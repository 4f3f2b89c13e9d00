#include "page.hpp"

#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

namespace {

constexpr auto BOLD = "1", DIM = "2", TITLE = "1;36", GOOD = "32", BAD = "31", MAIL = "33";

// Where what belongs to a moment of the timeline begins, when it is not the first to be said about it.
const std::string UNDER(22, ' ');

struct extent {
  std::size_t characters = 0, width = 0;
};

// The characters of a text, and the cells of a terminal that they take.
extent measure(std::string_view text) {
  extent found;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t one;
    const std::size_t bytes = std::mbrtowc(&one, text.data(), text.size(), &state);
    if (bytes == 0 || bytes > text.size()) throw std::runtime_error("a text to be shown is not UTF-8");
    found.width += static_cast<std::size_t>(std::max(0, wcwidth(one)));
    found.characters += 1;
    text.remove_prefix(bytes);
  }
  return found;
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> all;
  for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
    all.emplace_back(text.substr(0, end));
  all.emplace_back(text);
  return all;
}

std::string repeated(std::string_view what, std::size_t times) {
  std::string all;
  while (times-- > 0) all += what;
  return all;
}

const char* style(cell::look how) {
  switch (how) {
    case cell::look::faint: return DIM;
    case cell::look::good: return GOOD;
    case cell::look::bad: return BAD;
    default: return nullptr;
  }
}

}  // namespace

page::page() {
  const char* none = std::getenv("NO_COLOR");
  colour_ = isatty(STDOUT_FILENO) && (none == nullptr || *none == '\0');
}

std::string page::paint(const char* code, std::string_view words) const {
  if (!colour_ || code == nullptr || words.empty()) return std::string(words);
  return "\033[" + std::string(code) + "m" + std::string(words) + "\033[0m";
}

void page::line(const std::string& words) {
  std::cout << words << '\n';
  begun_ = true;
  blank_ = false;
}

void page::gap() {
  if (begun_ && !blank_) std::cout << '\n';
  blank_ = true;
}

void page::title(std::string_view words) {
  line(paint(TITLE, words));
  line(paint(TITLE, repeated("━", measure(words).characters)));
}

void page::heading(std::string_view words) {
  gap();
  line(paint(BOLD, words));
}

void page::remark(std::string_view words) { line("  " + paint(DIM, words)); }

void page::done(std::string_view at, std::string_view what) {
  line("  " + paint(DIM, at) + "  " + paint(GOOD, "✓") + " " + std::string(what));
}

void page::refused(std::string_view at, std::string_view what, int number, std::string_view name,
                   std::string_view message, std::string_view remedy) {
  line("  " + paint(DIM, at) + "  " + paint(BAD, "✗") + " " + std::string(what));
  line(UNDER + paint(BAD, std::to_string(number) + " " + std::string(name)) + ": " + std::string(message));
  line(UNDER + paint(BOLD, "remedy") + ": " + std::string(remedy));
}

void page::mail(std::string_view kind, std::string_view to) {
  line(UNDER + paint(MAIL, "✉ " + std::string(kind)) + " → " + std::string(to));
}

void page::answer(std::string_view what) { line(UNDER + paint(DIM, what)); }

void page::holds(std::string_view what) { line("  " + paint(GOOD, "✓") + " " + std::string(what)); }

void page::verbatim(std::string_view text) {
  auto all = lines(text);
  if (all.back().empty()) all.pop_back();
  for (auto& one : all) {
    if (!one.empty() && one.back() == '\r') one.pop_back();
    line("  " + paint(DIM, "│") + " " + one);
  }
}

void page::table(const std::vector<std::string>& header, const std::vector<row>& rows) {
  std::vector<std::size_t> widths(header.size());
  const auto widen = [&](std::size_t column, std::string_view text) {
    for (const auto& one : lines(text)) widths.at(column) = std::max(widths.at(column), measure(one).width);
  };
  const auto rule = [&](std::string_view left, std::string_view between, std::string_view right) {
    std::string all(left);
    for (std::size_t column = 0; column < widths.size(); ++column) {
      if (column > 0) all += between;
      all += repeated("─", widths[column] + 2);
    }
    line("  " + all + std::string(right));
  };
  const auto print = [&](const row& cells, bool heads) {
    std::vector<std::vector<std::string>> texts;
    std::size_t height = 1;
    for (const auto& one : cells) height = std::max(height, texts.emplace_back(lines(one.text)).size());
    for (std::size_t place = 0; place < height; ++place) {
      std::string all = "  │";
      for (std::size_t column = 0; column < cells.size(); ++column) {
        const std::string words = place < texts[column].size() ? texts[column][place] : "";
        const std::string space(widths[column] - measure(words).width, ' ');
        const std::string told = paint(heads ? BOLD : style(cells[column].how), words);
        all += " " + (cells[column].how == cell::look::right ? space + told : told + space) + " │";
      }
      line(all);
    }
  };
  row heads;
  for (std::size_t column = 0; column < header.size(); ++column) {
    widen(column, header[column]);
    heads.push_back(plain(header[column]));
  }
  for (const auto& cells : rows) {
    for (std::size_t column = 0; column < cells.size(); ++column) widen(column, cells[column].text);
  }
  rule("╭", "┬", "╮");
  print(heads, true);
  rule("├", "┼", "┤");
  for (const auto& cells : rows) print(cells, false);
  rule("╰", "┴", "╯");
}
