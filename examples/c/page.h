/* The page that a journey is told on: headings, remarks, the timeline, tables. Never asks tenantry anything. */

#ifndef PAGE_H
#define PAGE_H

#include <stddef.h>

/* In colour where the output is a terminal and NO_COLOR is not set. To be called once, before anything else here. */
void page_begin(void);

void title(const char *words);
void heading(const char *words);
void remark(const char *words);
void gap(void);

void done(const char *at, const char *what);
void refused(const char *at, const char *what, int number, const char *name, const char *message, const char *remedy);
void mail(const char *kind, const char *to);
void answer(const char *what);
void holds(const char *what);
/* What was written elsewhere, line by line as it stands there. */
void verbatim(const char *lines);

/* A cell of a table: its text, of one or several lines, and how it looks. */
typedef struct cell {
  const char *text;
  enum { PLAIN, FAINT, GOOD, BAD, RIGHT } look;
} cell;

cell plain(const char *text);
cell faint(const char *text);
cell good(const char *text);
cell bad(const char *text);
/* A number, to the right. */
cell count(double number);

/* A table grows row by row and is shown, and freed, at the end. */
typedef struct table table;
#define table(...) \
  table_of((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define row(to, ...) row_of(to, (const cell[]){__VA_ARGS__}, sizeof((const cell[]){__VA_ARGS__}) / sizeof(cell))
table *table_of(const char *const *header, size_t columns);
void row_of(table *to, const cell *cells, size_t columns);
void show(table *shown);

#endif
