/* A host with an SQLite of its own: functions of the same names, which stop the program where tenantry calls them. */

#include <stdio.h>
#include <stdlib.h>

int sqlite3_open_v2(const char *name, void **db, int flags, const char *vfs);
int sqlite3_prepare_v3(void *db, const char *sql, int size, unsigned flags, void **statement, const char **tail);
int sqlite3_step(void *statement);
int sqlite3_initialize(void);
const char *sqlite3_libversion(void);

static int called(const char *name) {
  fprintf(stderr, "the host's %s was called\n", name);
  abort();
}

int sqlite3_open_v2(const char *name, void **db, int flags, const char *vfs) {
  (void)name, (void)db, (void)flags, (void)vfs;
  return called("sqlite3_open_v2");
}

int sqlite3_prepare_v3(void *db, const char *sql, int size, unsigned flags, void **statement, const char **tail) {
  (void)db, (void)sql, (void)size, (void)flags, (void)statement, (void)tail;
  return called("sqlite3_prepare_v3");
}

int sqlite3_step(void *statement) {
  (void)statement;
  return called("sqlite3_step");
}

int sqlite3_initialize(void) { return called("sqlite3_initialize"); }

const char *sqlite3_libversion(void) {
  called("sqlite3_libversion");
  return "";
}
