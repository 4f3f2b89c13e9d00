// Rows of a CSV text, with the line that each begins on. Decides nothing about what they say.

#pragma once

#include <string>
#include <string_view>
#include <vector>

struct csv_row {
  std::size_t line = 0;
  std::vector<std::string> cells;
};

std::vector<csv_row> read_csv(std::string_view bytes);
