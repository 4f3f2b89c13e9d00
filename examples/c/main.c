/* Journeys: what tenantry is for, each on an SQLite file of its own. Prints what happened; decides nothing itself. */

#define _XOPEN_SOURCE 700

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journeys.h"

static const char USAGE[] =
    "usage: tenantry-journeys [--dir DIRECTORY] [JOURNEY ...]\n\n"
    "Plays the journeys, all of them if none is named, each on an SQLite file that it creates.\n"
    "With --dir the files stay there for you to look at; without, they are removed at the end.\n\n"
    "journeys: jointly, fully, crossing, clients, processes, onboarding, resellers, alerts, review,\n"
    "          preview, elevation\n";

static const char *standard(void) { return "\"" TENANTRY_POLICY_DEFAULT "\""; }
static const char *of_clients(void) { return "\"" TENANTRY_POLICY_CLIENTS "\""; }

/* A journey: its name, the policy that its file begins with, and the story. */
static const struct journey {
  const char *name;
  const char *(*policy)(void);
  void (*play)(stage *on);
} JOURNEYS[] = {
    {"jointly", standard, jointly},     {"fully", standard, fully},         {"crossing", standard, crossing},
    {"clients", of_clients, clients},   {"processes", standard, processes}, {"onboarding", standard, onboarding},
    {"resellers", standard, resellers}, {"alerts", alerts_policy, alerts},  {"review", standard, review},
    {"preview", standard, preview},     {"elevation", standard, elevation},
};

static const struct journey *journey(const char *name) {
  for (size_t place = 0; place < COUNT(JOURNEYS); place++) {
    if (strcmp(JOURNEYS[place].name, name) == 0) return &JOURNEYS[place];
  }
  stop("there is no journey `%s`; try --help", name);
}

static void play(const struct journey *it, const char *directory) {
  stage on;
  char path[4096];
  int length = snprintf(path, sizeof path, "%s/%s.db", directory, it->name);
  if (length < 0 || (size_t)length >= sizeof path) stop("`%s` is too long a name", directory);
  if (access(path, F_OK) == 0) stop("`%s` is there already; name an empty directory", path);
  page_begin();
  stage_set(&on, path, it->policy(), 0);
  it->play(&on);
  stage_clear(&on);
}

static void clean(const char *directory) {
  static const char *const ENDS[] = {"", "-wal", "-shm"};
  for (size_t place = 0; place < COUNT(JOURNEYS) * COUNT(ENDS); place++) {
    remove(format("%s/%s.db%s", directory, JOURNEYS[place / COUNT(ENDS)].name, ENDS[place % COUNT(ENDS)]));
  }
  if (rmdir(directory) != 0) stop("`%s` cannot be removed: %s", directory, strerror(errno));
  forget();
}

int main(int count, char **words) {
  char scratch[] = "/tmp/tenantry-journeys-XXXXXX";
  const char *directory = NULL;
  int first = 1;
  /* How wide a character is depends on the locale, and every page is UTF-8. */
  if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) stop("this machine has no locale C.UTF-8");
  if (tenantry_abi_version() != TENANTRY_ABI_VERSION) stop("tenantry is of another version than its header");
  program = words[0];
  if (count == 2 && strcmp(words[1], "--help") == 0) return fputs(USAGE, stdout) < 0;
  if (count == 3 && strcmp(words[1], SECOND) == 0) {
    second(words[2]);
    return 0;
  }
  if (count > 1 && strcmp(words[1], "--dir") == 0) {
    if (count == 2) stop("--dir names no directory; write --dir DIRECTORY");
    directory = words[2];
    first = 3;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) stop("`%s`: %s", directory, strerror(errno));
  } else if ((directory = mkdtemp(scratch)) == NULL) {
    stop("`%s`: %s", scratch, strerror(errno));
  }
  for (int place = first; place < count; place++) journey(words[place]);
  int all = first == count;
  for (int place = 0; place < (all ? (int)COUNT(JOURNEYS) : count - first); place++) {
    if (place > 0) fputs("\n\n", stdout);
    play(all ? &JOURNEYS[place] : journey(words[first + place]), directory);
  }
  if (first == 3) {
    printf("\nThe files are in `%s`.\n", directory);
  } else {
    clean(directory);
  }
  if (fflush(stdout) != 0) stop("the page cannot be written: %s", strerror(errno));
  return tenantry_live_objects() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
