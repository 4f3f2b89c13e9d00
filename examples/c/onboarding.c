/* A service desk's export becomes tenants and links. Lines that cannot be taken are listed with what to do about them; the file
 * itself is never mended silently. */

#define _XOPEN_SOURCE 700

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journeys.h"
#include "rows.h"

/* The export, as it came out of the service desk. */
#ifndef EXPORT
#define EXPORT "../data/psa-export.csv"
#endif

enum {
  ACCOUNT,
  PLATFORM,
  COMPANY,
  COUNTRY,
  STREET,
  PHONE,
  WEBSITE,
  PREFIX,
  MANAGED,
  SERVICES,
  CONTACT,
  EMAIL,
  COLUMNS
};

/* An id that is the same whenever the same file is read. */
static tenantry_id of_line(size_t line) {
  tenantry_id made = {{0, 0, 0, 0, 0, 0x50, 0x53, 0x41}};
  for (int place = 0; place < 8; place++) made.bytes[15 - place] = (uint8_t)((uint64_t)line >> 8 * place);
  return made;
}

static csv_rows read_export(void) {
  static char bytes[1 << 20];
  FILE *file = fopen(EXPORT, "rb");
  if (file == NULL) stop("`%s` cannot be read", EXPORT);
  size_t length = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  /* A byte-order mark is no part of the first column's name. */
  size_t mark = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  return read_csv(bytes + mark, length - mark);
}

static const char *trimmed(const char *text) {
  text += strspn(text, " ");
  size_t length = strlen(text);
  while (length > 0 && text[length - 1] == ' ') length--;
  return format("%.*s", (int)length, text);
}

/* ---- a line on its way to being a command: every flaw of it is noted, not only the first ---- */

/* Notes a text that is to be what `kind` says, and answers with its place among the texts. */
static int needs(cJSON *typed, const char *kind, const char *words) {
  cJSON_AddItemToArray(typed, object("kind", text(kind), "text", text(words)));
  return cJSON_GetArraySize(typed) - 1;
}

/* The same for what may be left out: then its place is none. */
static int may(cJSON *typed, const char *kind, const char *words) {
  return *trimmed(words) ? needs(typed, kind, words) : -1;
}

/* What was read at that place. */
static cJSON *value(const cJSON *read, int place) {
  return place < 0 ? NULL : text(text_in(cJSON_GetArrayItem(read, place), "text"));
}

static cJSON *flaw(const char *message, const char *remedy) {
  return object("message", text(message), "remedy", text(remedy));
}

/* The command that a line stands for; or NULL, and its flaws. New tenants get their ids from the line, as the requests do. */
static cJSON *to_command(stage *on, const csv_row *line, tenantry_id manager, cJSON *flaws) {
  const char *const *cell = line->cell;
  if (line->cells != COLUMNS) {
    const char *message = format("the line has %zu of %d columns", line->cells, COLUMNS);
    cJSON_AddItemToArray(flaws, flaw(message, "look for a missing comma or quotation mark"));
    return NULL;
  }
  for (int place = 0; place < COLUMNS; place++) {
    if (mbstowcs(NULL, cell[place], 0) != (size_t)-1) continue;
    cJSON_AddItemToArray(flaws, flaw("the line is not in UTF-8", "export the line again, as UTF-8"));
    return NULL;
  }
  cJSON *typed = list_of(NULL, 0);
  int management = needs(typed, "management_type", trimmed(cell[MANAGED])), services = management + 1, of_services = 0;
  char *rest = (char *)format("%s", cell[SERVICES]);
  for (char *one; (one = strtok_r(rest, ";", &rest)) != NULL;) of_services += may(typed, "service", trimmed(one)) >= 0;
  int linked = may(typed, "number", cell[PLATFORM]), number = -1, name = -1, country = -1, website = -1, prefix = -1,
      street = -1, phone = -1, owner = -1, email = -1;
  if (linked < 0) {
    number = needs(typed, "number", cell[ACCOUNT]);
    name = needs(typed, "company_name", cell[COMPANY]);
    country = may(typed, "country", cell[COUNTRY]);
    website = may(typed, "website", cell[WEBSITE]);
    prefix = may(typed, "prefix", cell[PREFIX]);
    street = may(typed, "street", cell[STREET]);
    phone = may(typed, "phone", cell[PHONE]);
    /* A customer that is fully managed has nobody of its own to sign up. */
    if (strcmp(trimmed(cell[MANAGED]), "jointly") == 0 && *trimmed(cell[EMAIL])) {
      owner = may(typed, "person_name", cell[CONTACT]);
      email = needs(typed, "email", cell[EMAIL]);
    }
  }
  const cJSON *read = ask(on, query("parse", "texts", typed));
  each(one, read) {
    if (in(one, "flaw")) cJSON_AddItemToArray(flaws, cJSON_Duplicate(in(one, "flaw"), 1));
  }
  if (cJSON_GetArraySize(flaws) > 0) return NULL;
  cJSON *all = list_of(NULL, 0);
  for (int place = services; place < services + of_services; place++) cJSON_AddItemToArray(all, value(read, place));
  if (linked >= 0) {
    return command("request_link", "manager", id(manager), "number", value(read, linked), "management",
                   value(read, management), "services", all);
  }
  return command("add_customer", "manager", id(manager), "kind", text("customer"), "tenant", id(of_line(line->line)),
                 "number", value(read, number), "name", value(read, name), "country", value(read, country), "website",
                 value(read, website), "prefix", value(read, prefix), "contact",
                 object("street", value(read, street), "phone", value(read, phone)), "management",
                 value(read, management), "services", all, "owner",
                 email < 0 ? NULL : object("name", value(read, owner), "email", value(read, email)));
}

/* ---- the tables ---- */

typedef struct refusal {
  size_t line;
  const char *account, *what;
} refusal;

static int by_line(const void *one, const void *other) {
  size_t first = ((const refusal *)one)->line, second = ((const refusal *)other)->line;
  return (first > second) - (first < second);
}

static const char *with_flaw(const char *before, const char *message, const char *remedy) {
  return format("%s%s%s\n→ %s", before, *before ? "\n" : "", message, remedy);
}

typedef struct tally {
  const char *name, *example;
  int fully, jointly, letters;
} tally;

static int by_name(const void *one, const void *other) {
  return strcmp(((const tally *)one)->name, ((const tally *)other)->name);
}

static tally *tally_of(tally *all, size_t *count, const char *name) {
  size_t place = 0;
  while (place < *count && strcmp(all[place].name, name) != 0) place++;
  if (place == *count) all[(*count)++] = (tally){.name = name};
  return &all[place];
}

static void by_country(const cJSON *added) {
  tally *countries = room(NULL, ((size_t)cJSON_GetArraySize(added) + 1) * sizeof *countries);
  size_t many = 0;
  each(it, added) {
    tally *country = tally_of(countries, &many, text_or(it, "country", "–"));
    if (country->example == NULL) country->example = text_in(it, "name");
    *(strcmp(text_in(it, "management"), "fully") == 0 ? &country->fully : &country->jointly) += 1;
  }
  qsort(countries, many, sizeof *countries, by_name);
  table *rows = table("country", "customers", "fully", "jointly", "for example");
  for (const tally *at = countries; at < countries + many; at++) {
    row(rows, plain(at->name), count(at->fully + at->jointly), count(at->fully), count(at->jointly),
        plain(at->example));
  }
  show(rows);
  free(countries);
}

static void count_letters(stage *on) {
  tally kinds[64];
  size_t many = 0;
  each(letter, post(on)) tally_of(kinds, &many, text_in(letter, "kind"))->letters +=
      cJSON_GetArraySize(in(letter, "to"));
  qsort(kinds, many, sizeof *kinds, by_name);
  table *rows = table("notice", "letters");
  for (const tally *at = kinds; at < kinds + many; at++) row(rows, plain(at->name), count(at->letters));
  show(rows);
}

static void requests_table(stage *on, const cJSON *asked) {
  table *rows = table("tenant", "number", "request", "open until");
  each(one, asked) {
    const cJSON *request = entity(on, "link_request", id_of(one)), *handshake = in(request, "handshake");
    const cJSON *tenant = entity(on, "tenant", id_in(request, "managed"));
    const char *state = text_in(handshake, "state");
    int open = strcmp(state, TENANTRY_HANDSHAKE_PENDING) == 0;
    row(rows, plain(text_in(tenant, "name")), faint(text_in(tenant, "number")), good(state),
        faint(open ? format("%.10s", text_in(handshake, "expires")) : "–"));
  }
  show(rows);
}

/* ---- the story ---- */

typedef struct owner {
  tenantry_id user, tenant;
} owner;

static tenantry_id owned(stage *on, const char *name, const char *number, const char *person, const char *email,
                         owner *by) {
  by->tenant = tenant(on, TENANTRY_KIND_CUSTOMER, name, number);
  by->user = user(on, person, by->tenant, email, "super_admin");
  return by->tenant;
}

/* Tenants that were on the platform before, and two owners who can answer for them. */
static void neighbours(stage *on, owner owners[2]) {
  owner cleo;
  owned(on, "Harbour Lights", "P-7001", "Hana", "hana@harbour.example", &owners[0]);
  owned(on, "Old Mill Press", "P-7002", "Milo", "milo@mill.example", &owners[1]);
  tenant(on, TENANTRY_KIND_CUSTOMER, "Quiet Valley", "P-7003");
  tenantry_id southgate = tenant(on, TENANTRY_KIND_MSP, "Southgate Systems", "SG-1");
  tenantry_id sam = user(on, "Sam", southgate, "sam@southgate.example", "super_admin");
  tenant(on, TENANTRY_KIND_RESELLER, "Tidewater Resale", "P-7005");
  owned(on, "Copper Kettle", "P-7004", "Cleo", "cleo@kettle.example", &cleo);
  const cJSON *request = execute(on, by(sam),
                                 command("request_link", "manager", id(southgate), "number", text("P-7004"),
                                         "management", text("jointly"), "services", texts("manage")));
  execute(on, by(cleo.user), command("accept_link", "request", id(id_of(request))));
  post(on);
}

void onboarding(stage *on) {
  title("Onboarding: a service desk's export becomes customers");
  remark("Forty countries, a dozen scripts, and every blemish that such files have.");

  heading("Who is on the platform already");
  owner owners[2];
  tenantry_id northwind = tenant(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "super_admin");
  neighbours(on, owners);
  introduce(on);

  heading("The file");
  csv_rows export = read_export();
  size_t total = export.count - 1, many_refused = 0, sent = 0; /* the first line is the heading */
  refusal *refusals = room(NULL, export.count * sizeof *refusals);
  const csv_row **sent_lines = room(NULL, export.count * sizeof *sent_lines);
  cJSON *requests = keep(list_of(NULL, 0));
  for (const csv_row *line = export.row + 1; line < export.row + export.count; line++) {
    cJSON *flaws = keep(list_of(NULL, 0)), *asked = to_command(on, line, northwind, flaws);
    if (asked == NULL) {
      const char *what = "";
      each(one, flaws) what = with_flaw(what, text_in(one, "message"), text_in(one, "remedy"));
      refusals[many_refused++] = (refusal){line->line, trimmed(line->cell[ACCOUNT]), what};
      continue;
    }
    if (in(asked, "tenant")) name_it(on, id_in(asked, "tenant"), text_in(asked, "name"));
    cJSON_AddItemToArray(requests, object("id", id(of_line(line->line)), "actor", by(ada), "command", asked));
    sent_lines[sent++] = line;
  }
  size_t unreadable = many_refused, place = 0;
  const cJSON *answers = in(call(on, "execute_all", cJSON_Duplicate(requests, 1)), "results");
  cJSON *added = keep(list_of(NULL, 0)), *asked = keep(list_of(NULL, 0));
  each(one, answers) {
    const cJSON *executed = in(one, "executed"), *fault = in(one, "fault");
    const cJSON *sent_command = in(cJSON_GetArrayItem(requests, (int)place), "command");
    const csv_row *line = sent_lines[place++];
    if (fault) {
      if (number_in(fault, "number") >= 1000) stop("%s", text_in(fault, "message"));
      const char *what = format("%.0f %s: %s", number_in(fault, "number"), text_in(fault, "name"),
                                in_names(on, text_in(fault, "message")));
      refusals[many_refused++] =
          (refusal){line->line, trimmed(line->cell[ACCOUNT]), with_flaw("", what, text_in(fault, "remedy"))};
    } else if (strcmp(text_in(executed, "command"), "add_customer") == 0) {
      cJSON_AddItemToArray(added, cJSON_Duplicate(sent_command, 1));
    } else {
      cJSON_AddItemToArray(asked, cJSON_Duplicate(in(executed, "outcome"), 1));
    }
  }
  qsort(refusals, many_refused, sizeof *refusals, by_line);
  table *rows = table("what", "how many");
  row(rows, plain("lines with something on them"), count((double)total));
  row(rows, plain("customers added"), count(cJSON_GetArraySize(added)));
  row(rows, plain("link requests to tenants that were there"), count(cJSON_GetArraySize(asked)));
  row(rows, plain("refused before they were sent: a text is not well formed"), count((double)unreadable));
  row(rows, plain("refused by a rule"), count((double)(many_refused - unreadable)));
  show(rows);

  heading("The customers, by country");
  by_country(added);

  heading("The post");
  count_letters(on);

  heading("The tenants that were asked");
  for (const owner *it = owners; it < owners + COUNT(owners); it++) {
    const cJSON *found = NULL;
    each(one, asked) {
      if (same(id_in(entity(on, "link_request", id_of(one)), "managed"), it->tenant)) found = one;
    }
    if (found == NULL) continue;
    name_it(on, id_of(found), "the request");
    does(on, by(it->user), "accepts", command("accept_link", "request", id(id_of(found))));
    break;
  }
  requests_table(on, asked);

  heading("Refused, line by line");
  rows = table("line", "account", "what stands in the way, and what to do");
  for (const refusal *it = refusals; it < refusals + many_refused; it++)
    row(rows, count((double)it->line), plain(it->account), plain(it->what));
  show(rows);

  heading("The same file once more");
  uint64_t before = revision(on);
  const cJSON *again = in(call(on, "execute_all", cJSON_Duplicate(requests, 1)), "results"), *then = answers->child;
  int first_receipts = 0, refused_again = 0;
  each(one, again) {
    if (in(one, "executed") && cJSON_Compare(one, then, 1)) {
      first_receipts++;
    } else if (in(one, "fault") && in(then, "fault")) {
      refused_again++;
    } else {
      stop("a line is answered differently");
    }
    then = then->next;
  }
  rows = table("what", "how many");
  row(rows, plain("lines answered with their first receipt"), count(first_receipts));
  row(rows, plain("lines refused again"), count(refused_again));
  each(one, in(ask(on, query("host_records", "after", number((double)before))), "rows")) {
    row(rows, plain(format("records written: %s", happened(in(one, "events"), ", "))), count(1));
  }
  remark("Somebody clicks twice. Each line has its own request id, so it is the same request.");
  show(rows);
  remark("Nothing is done twice; only a refusal for lack of rights is audited each time.");
  free(refusals);
  free(sent_lines);
  free_csv(&export);
  verify(on);
}
