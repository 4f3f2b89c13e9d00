/* A test, not a journey: this program and another, of whatever language, write one file at the same time until the other is killed
 * in the middle of it. Nothing that either committed is lost, nothing else is there, and each sees the other's commits. No step
 * waits for a time: only for commits. */

#define _XOPEN_SOURCE 700

#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journeys.h"
#include "other.h"

/* How many customers one `many` of the other adds, and how many of those it is told. */
#define SERIES 50
#define TOLD 100
/* Both have written at least so much when the other is killed. */
#define ENOUGH 70

static tenantry_id msp, ada;
static uint64_t before, mine;

static void add_mine(stage *on) {
  execute(on, by(ada),
          command("add_customer", "manager", id(msp), "kind", text("customer"), "name", text("One of many"), "number",
                  text(format("MINE-%" PRIu64, ++mine)), "management", text("fully"), "services", texts("manage")));
}

/* What the other has committed: each of its customers is one record. */
static uint64_t theirs(stage *on) { return revision(on) - before - mine; }

/* Counts the customers there by the beginning of their numbers, page by page; each number is wanted once. */
static void count_customers(stage *on, uint64_t wanted_of_theirs) {
  uint64_t own = 0, other = 0;
  const char *cursor = NULL;
  do {
    const cJSON *page = ask(on, query("customers", "actor", by(ada), "manager", id(msp), "paging",
                                      object("limit", number(500), "cursor", text(cursor))));
    each(it, in(page, "rows")) {
      unsigned long series, place;
      const char *number = text_in(it, "number");
      if (strncmp(number, "MINE-", 5) == 0) {
        own++;
      } else if (sscanf(number, "T%lu-%lu", &series, &place) == 2 &&
                 (series - 1) * SERIES + place <= wanted_of_theirs) {
        other++; /* numbers are unique: as many as wanted, none beyond, is all of them without a gap */
      } else {
        stop("nobody added %s", number);
      }
    }
    cursor = text_or(page, "next", NULL);
  } while (cursor != NULL);
  if (own != mine) stop("of my own %" PRIu64 " customers %" PRIu64 " are there", mine, own);
  if (other != wanted_of_theirs)
    stop("of the other's %" PRIu64 " customers %" PRIu64 " are there", wanted_of_theirs, other);
}

/* Where Ada may manage devices, by ids as they come: at home, and at every customer. */
static void count_tenants(stage *on, uint64_t wanted) {
  static const char permission[] = TENANTRY_PERMISSION_DEVICES_MANAGE;
  tenantry_cursor *cursor = NULL;
  tenantry_error *error = NULL;
  tenantry_id some[64];
  size_t more;
  uint64_t found = 0;
  if (tenantry_tenants_where(on->engine, &ada, permission, sizeof permission - 1, NULL, 0, &cursor, &error))
    stop("%s", tenantry_error_message(error, NULL));
  do {
    if (tenantry_cursor_next(cursor, some, COUNT(some), &more, &error)) stop("%s", tenantry_error_message(error, NULL));
    found += more;
  } while (more > 0);
  tenantry_cursor_free(&cursor);
  if (found != wanted) stop("Ada manages devices of %" PRIu64 " tenants, and not of %" PRIu64, found, wanted);
}

static void holds_journal(stage *on) {
  if (strcmp(text_in(ask(on, object("query", text("verify"))), "journal"), "holds") != 0)
    stop("the journal does not hold");
}

int main(int count, char **words) {
  stage on;
  other it;
  if (count != 3 || setlocale(LC_CTYPE, "C.UTF-8") == NULL) stop("usage: neighbours PROGRAM FILE");
  program = words[1];
  stage_set(&on, words[2], "\"default\"", 0);
  msp = tenant(&on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  ada = user(&on, "Ada", msp, "ada@northwind.example", "super_admin");
  before = revision(&on);

  start(&it, on.path);
  for (int series = 1; series <= TOLD; series++)
    tell(&it, &on, format("many %s %s T%d", written(msp), written(ada), series));
  while (mine < ENOUGH || theirs(&on) < ENOUGH) {
    if (mine == TOLD * SERIES) stop("the other writes nothing");
    add_mine(&on);
  }
  end_badly(&it);
  uint64_t left = theirs(&on);
  if (left >= TOLD * SERIES) stop("the other was done before it was killed");
  count_customers(&on, left);
  count_tenants(&on, 1 + mine + left);
  holds_journal(&on);

  /* Life goes on, and what is told is seen: by another process on the same file, and by this one at once. */
  add_mine(&on);
  start(&it, on.path);
  if (strcmp(ask_other(&it, &on, "see"), format("record %" PRIu64, revision(&on))) != 0)
    stop("the other sees another record");
  const char *added = ask_other(&it, &on, format("add %s %s LATE-1 Latecomer", written(msp), written(ada)));
  tenantry_id late = id_of(keep(text(added)));
  if (!check(&on, (question){ada, TENANTRY_PERMISSION_DEVICES_MANAGE, late}).allowed)
    stop("what the other added is not seen");
  execute(&on, by(ada), command("disable_tenants", "tenants", ids(late)));
  const char *seen = ask_other(&it, &on, format("see %s devices.manage %s", written(ada), added));
  if (strstr(seen, "no, 301 tenant_disabled") == NULL) stop("the other sees `%s`", seen);
  end(&it);
  holds_journal(&on);
  printf("%" PRIu64 " and %" PRIu64 " customers, none lost\n", mine, left);
  stage_clear(&on);
  return tenantry_live_objects() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
