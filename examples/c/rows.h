/* Rows of a CSV text, with the line that each begins on. Decides nothing about what they say. */

#ifndef ROWS_H
#define ROWS_H

#include <stddef.h>

typedef struct csv_row {
  size_t line, cells;
  const char **cell;
} csv_row;

typedef struct csv_rows {
  size_t count;
  csv_row *row;
} csv_rows;

csv_rows read_csv(const char *bytes, size_t length);
void free_csv(csv_rows *rows);

#endif
