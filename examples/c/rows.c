#include "rows.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "keep.h"

struct reading {
  csv_rows rows;
  csv_row next;
};

static void on_cell(void *bytes, size_t length, void *context) {
  csv_row *next = &((struct reading *)context)->next;
  next->cell = room(next->cell, (next->cells + 1) * sizeof *next->cell);
  next->cell[next->cells++] = format("%.*s", (int)length, (const char *)bytes);
}

static void on_row(int end, void *context) {
  struct reading *it = context;
  it->rows.row = room(it->rows.row, (it->rows.count + 1) * sizeof *it->rows.row);
  it->rows.row[it->rows.count++] = it->next;
  memset(&it->next, 0, sizeof it->next);
  (void)end;
}

csv_rows read_csv(const char *bytes, size_t length) {
  struct csv_parser parser;
  struct reading it = {{0, NULL}, {0, 0, NULL}};
  size_t line = 1;
  if (csv_init(&parser, CSV_APPEND_NULL) != 0) stop("there is no memory left");
  for (size_t place = 0; place < length; place++) {
    if (it.next.line == 0 && bytes[place] != '\r' && bytes[place] != '\n') it.next.line = line;
    if (csv_parse(&parser, bytes + place, 1, on_cell, on_row, &it) != 1) stop("line %zu is no CSV", line);
    if (bytes[place] == '\n') line++;
  }
  csv_fini(&parser, on_cell, on_row, &it);
  csv_free(&parser);
  return it.rows;
}

void free_csv(csv_rows *rows) {
  for (size_t place = 0; place < rows->count; place++) free(rows->row[place].cell);
  free(rows->row);
  memset(rows, 0, sizeof *rows);
}
