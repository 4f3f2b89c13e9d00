/* Two processes on one file: what one writes the other reads at once, and both write together. Never locks the file by hand: who
 * writes when is the store's affair. */

#define _XOPEN_SOURCE 700

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journeys.h"
#include "other.h"

/* How many customers each process adds while the other does the same. */
#define MANY 50

/* ---- what either process does ---- */

static cJSON *customer(const char *manager, const char *number, const char *name) {
  return command("add_customer", "manager", text(manager), "kind", text("customer"), "name", text(name), "number",
                 text(number), "management", text("fully"), "services", texts("manage"));
}

static cJSON *rename_to(const char *tenant, const char *name) {
  return command("edit_tenant", "tenant", text(tenant), "name", text(name));
}

static void many(stage *on, const char *manager, const char *who, const char *series) {
  for (int place = 1; place <= MANY; place++) {
    execute(on, object("user", text(who)),
            customer(manager, format("%s-%d", series, place), format("Customer %d", place)));
  }
}

static const char *seen_record(stage *on) { return format("record %" PRIu64, revision(on)); }

static const char *seen(stage *on, question asked) {
  tenantry_verdict found = check(on, asked);
  if (found.allowed) return format("record %" PRIu64 ": yes", found.seq);
  return format("record %" PRIu64 ": no, %d %s", found.seq, (int)found.reason, tenantry_status_name(found.reason));
}

static const char *token(stage *on) {
  tenantry_text told;
  tenantry_error *error = NULL;
  if (tenantry_token(on->engine, &told, &error) != TENANTRY_OK) stop("%s", tenantry_error_message(error, NULL));
  const char *kept = format("%s", told.data);
  tenantry_text_free(&told);
  return kept;
}

/* ---- the second process ---- */

static tenantry_id id_from(const char *digits) {
  cJSON *value = keep(text(digits));
  return id_of(value);
}

static const char *expect(stage *on, const char *seq, const char *who, cJSON *command) {
  cJSON *call =
      object("execute", object("id", text("00000000-0000-0000-0000-0000000007eb"), "actor", object("user", text(who)),
                               "expected_seq", number(strtod(seq, NULL)), "command", command));
  char *json = cJSON_PrintUnformatted(keep(call));
  tenantry_text reply;
  tenantry_status status = tenantry_call(on->engine, json, strlen(json), &reply, NULL);
  cJSON_free(json);
  tenantry_text_free(&reply);
  return tenantry_status_name(status);
}

static const char *obey(stage *on, char **word, size_t words) {
  const char *what = word[0];
  if (strcmp(what, "see") == 0 && words == 1) return seen_record(on);
  if (strcmp(what, "see") == 0 && words == 4) return seen(on, (question){id_from(word[1]), word[2], id_from(word[3])});
  if (strcmp(what, "add") == 0 && words == 5) {
    return text_in(execute(on, object("user", text(word[2])), customer(word[1], word[3], word[4])), "tenant");
  }
  if (strcmp(what, "rename") == 0 && words == 5) {
    return text_in(call(on, "execute",
                        object("id", text(word[1]), "actor", object("user", text(word[2])), "command",
                               rename_to(word[3], word[4]))),
                   "token");
  }
  if (strcmp(what, "expect") == 0 && words == 5) return expect(on, word[1], word[2], rename_to(word[3], word[4]));
  if (strcmp(what, "many") == 0 && words == 4) {
    many(on, word[1], word[2], word[3]);
    return "done";
  }
  if (strcmp(what, "verify") == 0 && words == 1) return text_in(ask(on, object("query", text("verify"))), "token");
  stop("nobody knows how to %s", what);
}

/* Does what it is told, line by line, until nobody tells it anything: first the time, then what to do. */
void second(const char *path) {
  stage on;
  char *line = NULL;
  size_t room_of_line = 0;
  stage_set(&on, path, "\"default\"", (uint32_t)getpid());
  while (getline(&line, &room_of_line, stdin) > 0) {
    char *word[6], *rest = line;
    size_t words = 0;
    line[strcspn(line, "\n")] = '\0';
    while (words < COUNT(word) - 1 && (word[words] = rest, rest = strchr(rest, ' ')) != NULL) {
      *rest++ = '\0';
      words++;
    }
    if (words == COUNT(word) - 1) word[words] = rest;
    on.now = strtoll(word[0], NULL, 10);
    if (words == 0) stop("a line with nothing to do");
    puts(obey(&on, word + 1, words));
    if (fflush(stdout) != 0) break;
  }
  free(line);
  stage_clear(&on);
}

/* ---- the first process ---- */

static void both_see(table *rows, stage *on, other *it, const char *when, const question *wants) {
  const char *here = wants ? seen(on, *wants) : seen_record(on);
  const char *asked =
      wants ? format("see %s %s %s", written(wants->user), wants->permission, written(wants->tenant)) : "see";
  const char *there = ask_other(it, on, asked);
  row(rows, plain(when), plain(here), plain(there), plain(strcmp(here, there) == 0 ? "yes" : "no"));
}

static void count_series(table *rows, const cJSON *customers, const char *who, const char *series) {
  int there = 0;
  each(it, customers) there += strncmp(text_in(it, "number"), series, strlen(series)) == 0;
  row(rows, plain(who), faint(format("%s1 to %s%d", series, series, MANY)), count(there));
}

void processes(stage *on) {
  title("Two processes, one file");
  remark("No server between them: each opens the file and is always up to date.");

  heading("The first process makes the file, the second opens it");
  tenantry_id northwind = tenant(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "super_admin");
  const char *msp = written(northwind), *who = written(ada);
  introduce(on);
  other it;
  start(&it, on->path);
  table *rows = table("when", "the first sees", "the second sees", "the same");
  both_see(rows, on, &it, "opened", NULL);

  heading("Reading each other's writes");
  tenantry_id fjord = id_from(ask_other(&it, on, format("add %s %s FL-500 Fjord Logistikk", msp, who)));
  name_it(on, fjord, "Fjord Logistikk");
  done(clock_now(on), "Ada adds Fjord Logistikk, in the second process");
  question wants = {ada, TENANTRY_PERMISSION_DEVICES_MANAGE, fjord};
  both_see(rows, on, &it, "the second added it", &wants);
  does(on, by(ada), "disables Fjord Logistikk, in the first process",
       command("disable_tenants", "tenants", ids(fjord)));
  both_see(rows, on, &it, "the first disabled it", &wants);
  remark("May Ada manage Fjord Logistikk's devices?");
  show(rows);

  heading("The same request, sent by both");
#define REQUEST "00000000-0000-0000-0000-0000000007ea"
  const cJSON *first =
      call(on, "execute", object("id", text(REQUEST), "actor", by(ada), "command", rename_to(msp, "Northwind Group")));
  const char *second = ask_other(&it, on, format("rename %s %s %s Northwind Group", REQUEST, who, msp));
  remark("Ada renames the MSP; an impatient proxy sends the request to the second process, too.");
  if (strcmp(second, text_in(first, "token")) != 0) stop("the second answered %s", second);
  holds(format("both answer with one receipt, of record %.0f; nothing is done twice", number_in(first, "seq")));

  heading("A decision that came too late");
  does(on, by(ada), "changes her mind about the name, in the first process", rename_to(msp, "Northwind IT"));
  const char *refusal =
      ask_other(&it, on, format("expect %.0f %s %s Northwind Holding", number_in(first, "seq"), who, msp));
  if (strcmp(refusal, tenantry_status_name(TENANTRY_STALE_SEQ)) != 0) stop("the second answered %s", refusal);
  refused(clock_now(on),
          format("Ada renames it in the second process, which last read record %.0f", number_in(first, "seq")),
          TENANTRY_STALE_SEQ, refusal, message_about(TENANTRY_STALE_SEQ, format("%" PRIu64, revision(on))),
          tenantry_status_remedy(TENANTRY_STALE_SEQ));

  heading("Both at once");
  tell(&it, on, format("many %s %s TWO", msp, who));
  many(on, msp, who, "ONE");
  if (strcmp(answered(&it), "done") != 0) stop("the second has not added its customers");
  remark(format("Each adds %d customers as fast as it can, while the other does the same.", MANY));
  const cJSON *customers =
      ask(on, query("customers", "actor", by(ada), "manager", id(northwind), "paging", object("limit", number(1000))));
  rows = table("process", "numbers", "customers there");
  count_series(rows, in(customers, "rows"), "the first", "ONE-");
  count_series(rows, in(customers, "rows"), "the second", "TWO-");
  show(rows);

  if (strcmp(ask_other(&it, on, "verify"), token(on)) != 0) stop("the processes disagree about the journal");
  end(&it);
  holds("the second replayed the journal: it holds, and ends where the first sees it end");
  verify(on);
}
