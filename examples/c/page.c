#define _XOPEN_SOURCE 700

#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "keep.h"

/* Where what belongs to a moment of the timeline begins, when it is not the first to be said about it. */
#define UNDER "                      "

static int colour, begun, blank;

/* How something looks, and that it looks so no more: "" where there is no colour. */
#define STYLE(name, code) \
  static const char *name(void) { return colour ? "\033[" code "m" : ""; }
STYLE(off, "0")
STYLE(bold, "1")
STYLE(dim, "2")
STYLE(cyan, "1;36")
STYLE(green, "32")
STYLE(red, "31")
STYLE(yellow, "33")

void page_begin(void) {
  const char *none = getenv("NO_COLOR");
  colour = isatty(STDOUT_FILENO) && (none == NULL || *none == '\0');
  begun = blank = 0;
}

#define LINE(...) (printf(__VA_ARGS__), putchar('\n'), begun = 1, blank = 0)

void gap(void) {
  if (begun && !blank) putchar('\n');
  blank = 1;
}

/* The characters of a text, and the cells of a terminal that they take. */
static size_t characters(const char *text, size_t length, int *width) {
  mbstate_t state;
  size_t many = 0;
  memset(&state, 0, sizeof state);
  *width = 0;
  for (size_t place = 0; place < length; many++) {
    wchar_t one;
    size_t bytes = mbrtowc(&one, text + place, length - place, &state);
    if (bytes == 0 || bytes > length) stop("a text to be shown is not UTF-8");
    int cells = wcwidth(one);
    *width += cells > 0 ? cells : 0;
    place += bytes;
  }
  return many;
}

void title(const char *words) {
  int width;
  LINE("%s%s%s", cyan(), words, off());
  fputs(cyan(), stdout);
  for (size_t many = characters(words, strlen(words), &width); many > 0; many--) fputs("━", stdout);
  LINE("%s", off());
}

void heading(const char *words) {
  gap();
  LINE("%s%s%s", bold(), words, off());
}

void remark(const char *words) { LINE("  %s%s%s", dim(), words, off()); }

void done(const char *at, const char *what) { LINE("  %s%s%s  %s✓%s %s", dim(), at, off(), green(), off(), what); }

void refused(const char *at, const char *what, int number, const char *name, const char *message, const char *remedy) {
  LINE("  %s%s%s  %s✗%s %s", dim(), at, off(), red(), off(), what);
  LINE(UNDER "%s%d %s%s: %s", red(), number, name, off(), message);
  LINE(UNDER "%sremedy%s: %s", bold(), off(), remedy);
}

void mail(const char *kind, const char *to) { LINE(UNDER "%s✉ %s%s → %s", yellow(), kind, off(), to); }

void answer(const char *what) { LINE(UNDER "%s%s%s", dim(), what, off()); }

void holds(const char *what) { LINE("  %s✓%s %s", green(), off(), what); }

void verbatim(const char *lines) {
  while (*lines != '\0') {
    size_t length = strcspn(lines, "\r\n");
    LINE("  %s│%s %.*s", dim(), off(), (int)length, lines);
    lines += length;
    lines += *lines == '\r';
    lines += *lines == '\n';
  }
}

cell plain(const char *text) { return (cell){text, PLAIN}; }
cell faint(const char *text) { return (cell){text, FAINT}; }
cell good(const char *text) { return (cell){text, GOOD}; }
cell bad(const char *text) { return (cell){text, BAD}; }
cell count(double number) { return (cell){format("%.0f", number), RIGHT}; }

struct table {
  size_t columns, cells;
  cell *cell; /* the header's first, row by row; their texts are the table's own */
};

static void add(table *to, cell one) {
  char *own = room(NULL, strlen(one.text) + 1);
  to->cell = room(to->cell, (to->cells + 1) * sizeof *to->cell);
  to->cell[to->cells++] = (cell){strcpy(own, one.text), one.look};
}

table *table_of(const char *const *header, size_t columns) {
  table *made = room(NULL, sizeof *made);
  *made = (table){columns, 0, NULL};
  for (size_t column = 0; column < columns; column++) add(made, plain(header[column]));
  return made;
}

void row_of(table *to, const cell *cells, size_t columns) {
  if (columns != to->columns) stop("a row of %zu cells does not fit %zu columns", columns, to->columns);
  for (size_t column = 0; column < columns; column++) add(to, cells[column]);
}

/* The line of a text with this number, from 0; its length is 0 where there are not so many. */
static const char *line(const char *text, size_t number, size_t *length) {
  while (number > 0 && *text != '\0') {
    text += strcspn(text, "\n");
    if (*text == '\n') text++;
    number--;
  }
  *length = strcspn(text, "\n");
  return text;
}

static size_t lines(const char *text) {
  size_t many = 1;
  for (; *text != '\0'; text++) many += *text == '\n';
  return many;
}

static void rule(const char *left, const char *between, const char *right, const int *widths, size_t columns) {
  printf("  %s", left);
  for (size_t column = 0; column < columns; column++) {
    for (int many = widths[column] + 2; many > 0; many--) fputs("─", stdout);
    fputs(column + 1 < columns ? between : right, stdout);
  }
  putchar('\n');
}

static const char *style(const cell *one, int header) {
  if (header) return bold();
  switch (one->look) {
    case FAINT: return dim();
    case GOOD: return green();
    case BAD: return red();
    default: return "";
  }
}

static void print_row(const cell *cells, const int *widths, size_t columns, int header) {
  size_t height = 1;
  for (size_t column = 0; column < columns; column++) {
    if (lines(cells[column].text) > height) height = lines(cells[column].text);
  }
  for (size_t place = 0; place < height; place++) {
    fputs("  │", stdout);
    for (size_t column = 0; column < columns; column++) {
      const cell *one = &cells[column];
      size_t length;
      int width;
      const char *words = line(one->text, place, &length), *how = length > 0 ? style(one, header) : "";
      characters(words, length, &width);
      int left = one->look == RIGHT ? widths[column] - width : 0;
      printf(" %*s%s%.*s%s%*s │", left, "", how, (int)length, words, *how ? off() : "", widths[column] - width - left,
             "");
    }
    putchar('\n');
  }
}

void show(table *shown) {
  size_t columns = shown->columns, last = shown->cells / columns;
  int *widths = room(NULL, columns * sizeof *widths);
  memset(widths, 0, columns * sizeof *widths);
  for (size_t place = 0; place < shown->cells; place++) {
    for (size_t number = 0; number < lines(shown->cell[place].text); number++) {
      size_t length;
      int width;
      const char *words = line(shown->cell[place].text, number, &length);
      characters(words, length, &width);
      if (width > widths[place % columns]) widths[place % columns] = width;
    }
  }
  rule("╭", "┬", "╮", widths, columns);
  for (size_t number = 0; number < last; number++) {
    print_row(shown->cell + number * columns, widths, columns, number == 0);
    if (number == 0) rule("├", "┼", "┤", widths, columns);
  }
  rule("╰", "┴", "╯", widths, columns);
  begun = 1;
  blank = 0;
  for (size_t place = 0; place < shown->cells; place++) free((char *)shown->cell[place].text);
  free(shown->cell);
  free(widths);
  free(shown);
}
