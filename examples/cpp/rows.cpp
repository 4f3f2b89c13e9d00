#include "rows.hpp"

#include <csv.h>

#include <new>
#include <stdexcept>

namespace {

struct reading {
  csv_parser parser;
  std::vector<csv_row> rows;
  csv_row next;

  reading() {
    if (csv_init(&parser, 0) != 0) throw std::bad_alloc();
  }
  reading(const reading&) = delete;
  ~reading() { csv_free(&parser); }
};

// These are called from C, out of which nothing may be thrown: what they need is memory, without which there is no going on.
void on_cell(void* bytes, std::size_t length, void* context) noexcept {
  static_cast<reading*>(context)->next.cells.emplace_back(static_cast<const char*>(bytes), length);
}

void on_row(int, void* context) noexcept {
  auto& it = *static_cast<reading*>(context);
  it.rows.push_back(std::move(it.next));
  it.next = {};
}

}  // namespace

std::vector<csv_row> read_csv(std::string_view bytes) {
  reading it;
  std::size_t line = 1;
  for (const char& byte : bytes) {
    if (it.next.line == 0 && byte != '\r' && byte != '\n') it.next.line = line;
    if (csv_parse(&it.parser, &byte, 1, on_cell, on_row, &it) != 1)
      throw std::runtime_error("line " + std::to_string(line) + " is no CSV");
    if (byte == '\n') ++line;
  }
  csv_fini(&it.parser, on_cell, on_row, &it);
  return std::move(it.rows);
}
