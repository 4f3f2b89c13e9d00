#define _XOPEN_SOURCE 700

#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Monday, 2 March 2026, eight o'clock: when every journey begins. */
#define MORNING INT64_C(1772438400000000)
#define MINUTE INT64_C(60000000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Who takes the notices off the file. */
#define POSTMAN "postman"

/* The most rows that one answer has; no journey has more. */
#define ALL number(1000)

struct name {
  struct name *next;
  char id[TENANTRY_ID_TEXT];
  const char *name;
};

struct player {
  struct player *next;
  tenantry_id tenant;
  const char *people;
};

/* ---- what tenantry asks of the stage ---- */

static int64_t hands(void *context) { return ((stage *)context)->now; }

static void next_id(void *context, tenantry_id *made) {
  stage *on = context;
  uint64_t number = on->next++;
  memset(made, 0, sizeof *made);
  for (int place = 0; place < 8; place++) made->bytes[15 - place] = (uint8_t)(number >> 8 * place);
  for (int place = 0; place < 4; place++) made->bytes[3 - place] = (uint8_t)(on->series >> 8 * place);
}

void stage_set(stage *on, const char *path, const char *policy, uint32_t series) {
  tenantry_options options = TENANTRY_OPTIONS_INIT;
  tenantry_error *error = NULL;
  *on = (stage){.path = path, .now = MORNING, .series = series, .next = 1};
  options.policy = policy;
  options.policy_length = strlen(policy);
  options.now = hands;
  options.new_id = next_id;
  options.context = on;
  if (tenantry_open_file(path, strlen(path), &options, &on->engine, &error) != TENANTRY_OK) {
    stop("`%s`: %s", path, tenantry_error_message(error, NULL));
  }
}

void stage_memory(stage *on) {
  tenantry_error *error = NULL;
  *on = (stage){.now = MORNING, .next = 1};
  if (tenantry_open_memory(NULL, &on->engine, &error) != TENANTRY_OK) stop("%s", tenantry_error_message(error, NULL));
}

void stage_clear(stage *on) {
  while (on->names != NULL) {
    struct name *one = on->names;
    on->names = one->next;
    free(one);
  }
  while (on->cast != NULL) {
    struct player *one = on->cast;
    on->cast = one->next;
    free(one);
  }
  forget();
  if (tenantry_close(&on->engine) != TENANTRY_OK) stop("the engine is in use");
}

/* ---- tenantry, through the JSON door ---- */

/* Sends what it frees; a reply lives until the story ends, and an error is the caller's. */
static tenantry_status send(stage *on, const char *verb, cJSON *body, const cJSON **reply, tenantry_error **error) {
  cJSON *request = object(verb, body);
  char *json = cJSON_PrintUnformatted(request);
  cJSON_Delete(request);
  if (json == NULL) stop("there is no memory left");
  tenantry_text text;
  tenantry_status status = tenantry_call(on->engine, json, strlen(json), &text, error);
  cJSON_free(json);
  *reply = status == TENANTRY_OK ? keep(cJSON_ParseWithLength(text.data, text.length)) : NULL;
  tenantry_text_free(&text);
  return status;
}

/* The same, of which the story says that it is done. */
static const cJSON *must(stage *on, const char *line, const char *verb, cJSON *body) {
  const cJSON *reply;
  tenantry_error *error = NULL;
  if (send(on, verb, body, &reply, &error) != TENANTRY_OK) stop("%s: %s", line, tenantry_error_message(error, NULL));
  return reply;
}

static cJSON *request(cJSON *actor, cJSON *command) { return object("actor", actor, "command", command); }

const cJSON *call(stage *on, const char *verb, cJSON *body) { return must(on, verb, verb, body); }
const cJSON *ask(stage *on, cJSON *query) { return in(call(on, "ask", query), "answer"); }
const cJSON *execute(stage *on, cJSON *actor, cJSON *command) {
  return in(call(on, "execute", request(actor, command)), "outcome");
}

cJSON *by(tenantry_id user) { return object("user", id(user)); }
cJSON *staff(const char *ticket) { return object("operator", object("ticket", text(ticket))); }

const cJSON *entity(stage *on, const char *kind, tenantry_id it) {
  return in(ask(on, query("host_entity", "kind", text(kind), "id", id(it))), "entity");
}

uint64_t revision(stage *on) {
  uint64_t seq;
  tenantry_error *error = NULL;
  if (tenantry_refresh(on->engine, NULL, 0, &seq, &error) != TENANTRY_OK)
    stop("%s", tenantry_error_message(error, NULL));
  return seq;
}

/* ---- time ---- */

static void time_passes(stage *on, int64_t micros, const char *words) {
  on->now += micros;
  double happened = number_in(call(on, "sweep", cJSON_CreateObject()), "happened");
  remark(format("… %s …", words));
  if (happened > 0) deliver(on);
}

void days_pass(stage *on, int days) {
  time_passes(on, days * DAY, days == 1 ? "a day passes" : format("%d days pass", days));
}

void hours_pass(stage *on, int hours) { time_passes(on, hours * HOUR, format("%d hours pass", hours)); }

const char *clock_face(const char *timestamp) { return format("%.10s %.5s", timestamp, timestamp + 11); }

const char *clock_now(const stage *on) {
  time_t seconds = (time_t)(on->now / 1000000);
  struct tm parts;
  char face[32];
  strftime(face, sizeof face, "%Y-%m-%d %H:%M", gmtime_r(&seconds, &parts));
  return format("%s", face);
}

/* ---- names ---- */

void name_it(stage *on, tenantry_id it, const char *name) {
  struct name *one = room(NULL, sizeof *one);
  tenantry_id_write(&it, one->id);
  one->name = format("%s", name);
  one->next = on->names; /* a later name hides an earlier one */
  on->names = one;
}

static const char *called(const stage *on, const char *id) {
  for (const struct name *one = on->names; one != NULL; one = one->next) {
    if (strcmp(one->id, id) == 0) return one->name;
  }
  return NULL;
}

static const char *name_or_id(const stage *on, const char *id) {
  const char *name = called(on, id);
  return name == NULL ? id : name;
}

const char *name_of(const stage *on, tenantry_id it) { return name_or_id(on, written(it)); }

const char *actor_name(const stage *on, const cJSON *actor) {
  const cJSON *operator = in(actor, "operator");
  if (in(actor, "user") != NULL) return name_or_id(on, text_in(actor, "user"));
  if (operator == NULL) return "the clock";
  return in(operator, "ticket") == NULL ? "the operator" : format("the operator, on %s", text_in(operator, "ticket"));
}

const char *in_names(const stage *on, const char *text) {
  const char *told = "";
  while (*text != '\0') {
    char id[TENANTRY_ID_TEXT] = "";
    strncpy(id, text, sizeof id - 1);
    const char *name = called(on, id);
    told = name == NULL ? format("%s%c", told, *text) : format("%s%s", told, name);
    text += name == NULL ? 1 : strlen(id);
  }
  return told;
}

const char *joined(const cJSON *texts, const char *between) {
  const char *all = "";
  each(one, texts) all = format("%s%s%s", all, one == texts->child ? "" : between, text_of(one));
  return all;
}

static int alphabet(const void *one, const void *other) {
  return strcmp(*(const char *const *)one, *(const char *const *)other);
}

const char *sorted(const cJSON *texts, const char *between) {
  size_t count = (size_t)cJSON_GetArraySize(texts), place = 0;
  const char **all = room(NULL, (count + 1) * sizeof *all);
  each(one, texts) all[place++] = text_of(one);
  qsort(all, count, sizeof *all, alphabet);
  const char *told = joined(keep(texts_of(all, count)), between);
  free(all);
  return told;
}

const char *people(const stage *on, const cJSON *users) {
  cJSON *names = keep(cJSON_CreateArray());
  each(user, users) cJSON_AddItemToArray(names, text(name_or_id(on, text_of(user))));
  return cJSON_GetArraySize(names) == 0 ? "nobody" : sorted(names, ", ");
}

const char *recipients(const stage *on, const cJSON *to) {
  const char *users = people(on, in(to, "users"));
  if (!cJSON_IsTrue(in(to, "operator"))) return users;
  return cJSON_GetArraySize(in(to, "users")) == 0 ? "the operator" : format("%s, the operator", users);
}

/* ---- the cast ---- */

tenantry_id tenant(stage *on, const char *kind, const char *name, const char *number) {
  cJSON *registers = command("register_tenant", "kind", text(kind), "name", text(name), "number", text(number));
  tenantry_id made = id_of(execute(on, staff(NULL), registers));
  enlist(on, made, name);
  return made;
}

void enlist(stage *on, tenantry_id tenant, const char *name) {
  struct player *one = room(NULL, sizeof *one);
  *one = (struct player){on->cast, tenant, NULL};
  on->cast = one;
  name_it(on, tenant, name);
}

tenantry_id user(stage *on, const char *name, tenantry_id home, const char *email, const char *role) {
  cJSON *registers =
      command("register_user", "name", text(name), "home", id(home), "email", text(email), "role", text(role));
  tenantry_id made = id_of(execute(on, staff(NULL), registers));
  name_it(on, made, name);
  for (struct player *one = on->cast; one != NULL; one = one->next) {
    const char *before = one->people == NULL ? "" : format("%s, ", one->people);
    if (same(one->tenant, home)) one->people = format("%s%s (%s)", before, name, role);
  }
  return made;
}

static void player(stage *on, table *rows, const struct player *one) {
  if (one == NULL) return;
  player(on, rows, one->next);
  const cJSON *tenant = entity(on, "tenant", one->tenant);
  row(rows, plain(text_in(tenant, "name")), faint(text_in(tenant, "number")), plain(text_in(tenant, "kind")),
      one->people == NULL ? faint("–") : plain(one->people));
}

void introduce(stage *on) {
  table *rows = table("tenant", "number", "kind", "people");
  player(on, rows, on->cast);
  show(rows);
}

/* ---- the story ---- */

static const char *line(const stage *on, const cJSON *actor, const char *what) {
  const char *pause = in(in(actor, "operator"), "ticket") == NULL ? "" : ",";
  return format("%s%s %s", actor_name(on, actor), pause, what);
}

const cJSON *does(stage *on, cJSON *actor, const char *what, cJSON *command) {
  on->now += 5 * MINUTE;
  const char *told = line(on, actor, what);
  const cJSON *reply = must(on, told, "execute", request(actor, command));
  done(clock_face(text_in(reply, "at")), told);
  deliver(on);
  return in(reply, "outcome");
}

/* The whole refusal of a call, as JSON. */
static const cJSON *call_is_refused(stage *on, const char *told, const char *verb, cJSON *body) {
  const cJSON *reply;
  tenantry_error *error = NULL;
  tenantry_status status = send(on, verb, body, &reply, &error);
  if (status == TENANTRY_OK) stop("%s: was to be refused", told);
  if (status >= 1000) stop("%s: %s", told, tenantry_error_message(error, NULL));
  refused(clock_now(on), told, status, tenantry_status_name(status), in_names(on, tenantry_error_message(error, NULL)),
          tenantry_status_remedy(status));
  const cJSON *fault = keep(cJSON_Parse(tenantry_error_json(error, NULL)));
  tenantry_error_free(&error);
  return fault;
}

static const cJSON *is_refused(stage *on, cJSON *actor, const char *what, cJSON *command) {
  on->now += 5 * MINUTE;
  const char *told = line(on, actor, what);
  return call_is_refused(on, told, "execute", request(actor, command));
}

void may_not_ask(stage *on, tenantry_id user, const char *what, cJSON *asked) {
  call_is_refused(on, format("%s %s", name_of(on, user), what), "ask", asked);
}

tenantry_status tries(stage *on, cJSON *actor, const char *what, cJSON *command) {
  const cJSON *fault = is_refused(on, actor, what, command);
  int said = 0; /* the first by precedence has been said; the others follow */
  each(item, in(fault, "items")) {
    int first = !said && number_in(item, "number") == number_in(fault, "number") &&
                strcmp(text_in(item, "about"), text_in(fault, "about")) == 0;
    said |= first;
    if (first) continue;
    answer(format("and %.0f %s for `%s`", number_in(item, "number"), text_in(item, "name"),
                  in_names(on, text_in(item, "about"))));
  }
  return (tenantry_status)number_in(fault, "number");
}

void tries_each(stage *on, cJSON *actor, const char *what, const char *const *things, size_t count_of_things,
                cJSON *command) {
  const cJSON *fault = is_refused(on, actor, what, command);
  table *rows = table("", "as it was typed", "verdict");
  for (size_t place = 0; place < count_of_things; place++) {
    const char *bars = "";
    each(item, in(fault, "items")) {
      if (number_in(item, "index") != (double)place) continue;
      bars = format("%s%s%.0f %s", bars, *bars ? "\n" : "", number_in(item, "number"), text_in(item, "name"));
    }
    row(rows, count((double)place + 1), plain(things[place]), *bars ? bad(bars) : faint("nothing stands in its way"));
  }
  show(rows);
}

const cJSON *post(stage *on) {
  const cJSON *waiting = ask(on, query("notices", "consumer", text(POSTMAN), "limit", ALL));
  cJSON *letters = keep(cJSON_CreateArray());
  each(notice, in(waiting, "notices")) {
    cJSON *to = cJSON_CreateArray();
    if (cJSON_IsTrue(in(in(notice, "to"), "operator"))) cJSON_AddItemToArray(to, text("the operator"));
    each(user, in(in(notice, "to"), "users")) {
      const cJSON *known = ask(on, query("host_personal", "subject", object("user", text(text_of(user)))));
      cJSON_AddItemToArray(to, text(text_or(known, "email", "nobody any more")));
    }
    cJSON_AddItemToArray(letters, object("kind", text(text_in(in(notice, "kind"), "kind")), "to", to));
  }
  call(on, "acknowledge", object("consumer", text(POSTMAN), "through", number(number_in(waiting, "through"))));
  return letters;
}

void deliver(stage *on) { each(letter, post(on)) mail(text_in(letter, "kind"), sorted(in(letter, "to"), ", ")); }

const char *happened(const cJSON *events, const char *between) {
  const char *told = "";
  each(event, events) {
    int before = 0, times = 0, here = 0;
    each(other, events) {
      here |= other == event;
      if (strcmp(text_in(event, "event"), text_in(other, "event")) != 0) continue;
      before += !here;
      times++;
    }
    if (before > 0) continue;
    told = format("%s%s%s", told, *told ? between : "", text_in(event, "event"));
    if (times > 1) told = format("%s × %d", told, times);
  }
  return told;
}

const char *permissions(const cJSON *held) {
  int count = cJSON_GetArraySize(held);
  if (count > 2) return format("%d permissions", count);
  const char *told = count == 0 ? "–" : "";
  each(one, held) told = format("%s%s%s", told, *told ? "\n" : "", text_in(one, "permission"));
  return told;
}

void history(stage *on) {
  table *rows = table("seq", "at", "from", "command", "what happened");
  each(record, in(ask(on, query("host_records", "paging", object("limit", ALL))), "rows")) {
    row(rows, count(number_in(record, "seq")), faint(clock_face(text_in(record, "at"))),
        plain(actor_name(on, in(record, "actor"))), plain(text_in(record, "command")),
        plain(happened(in(record, "events"), "\n")));
  }
  show(rows);
}

void verify(stage *on) {
  const cJSON *verified = ask(on, object("query", text("verify")));
  if (strcmp(text_in(verified, "journal"), "holds") != 0)
    stop("record %.0f: %s", number_in(verified, "seq"), text_in(verified, "why"));
  gap();
  holds(format("the journal holds: %.0f records, replayed, lead to exactly what the file says", (double)revision(on)));
}

/* ---- rights that a journey keeps asking for ---- */

#define MOMENTS 12
#define QUESTIONS 8

struct watch {
  question asked[QUESTIONS];
  size_t questions, moments;
  int followed;
  tenantry_id link;
  struct seen {
    const char *name, *status;
    tenantry_verdict verdicts[QUESTIONS];
  } seen[MOMENTS];
};

tenantry_verdict check(stage *on, question asked) {
  tenantry_verdict found;
  tenantry_error *error = NULL;
  if (tenantry_check(on->engine, &asked.user, asked.permission, strlen(asked.permission), &asked.tenant, NULL, 0,
                     &found, &error)) {
    stop("%s", tenantry_error_message(error, NULL));
  }
  return found;
}

const cJSON *why(stage *on, question asked) {
  tenantry_text told;
  tenantry_error *error = NULL;
  if (tenantry_explain(on->engine, &asked.user, asked.permission, strlen(asked.permission), &asked.tenant, NULL, 0,
                       &told, &error)) {
    stop("%s", tenantry_error_message(error, NULL));
  }
  const cJSON *answered = keep(cJSON_ParseWithLength(told.data, told.length));
  tenantry_text_free(&told);
  return in(answered, "answer");
}

watch *watch_of(const question *questions, size_t count) {
  watch *made = room(NULL, sizeof *made);
  if (count > QUESTIONS) stop("%zu questions are too many to watch", count);
  memset(made, 0, sizeof *made);
  memcpy(made->asked, questions, count * sizeof *questions);
  made->questions = count;
  return made;
}

void follow(watch *rights, tenantry_id link) {
  rights->followed = 1;
  rights->link = link;
}

const char *status_of(const char *stage) {
  if (strcmp(stage, TENANTRY_STAGE_ACTIVE) == 0) return "Active";
  if (strcmp(stage, TENANTRY_STAGE_DELINK_REQUESTED_BY_MANAGER) == 0) return "Delink request by MSP";
  if (strcmp(stage, TENANTRY_STAGE_DELINK_REQUESTED_BY_CUSTOMER) == 0) return "Delink request by customer";
  return "Delinked";
}

void moment(watch *rights, stage *on, const char *name) {
  if (rights->moments == MOMENTS) stop("there are too many moments to watch");
  struct seen *now = &rights->seen[rights->moments++];
  now->name = name;
  now->status = rights->followed ? status_of(text_in(entity(on, "link", rights->link), "stage")) : "–";
  for (size_t place = 0; place < rights->questions; place++) now->verdicts[place] = check(on, rights->asked[place]);
}

/* A few words as the head of a narrow column, one below the other. */
static const char *column(const char *words) {
  char *made = (char *)format("%s", words);
  for (char *space = made; (space = strchr(space, ' ')) != NULL;) *space = '\n';
  return made;
}

cell verdict(tenantry_verdict of) { return of.allowed ? good("yes") : bad(format("no %d", (int)of.reason)); }

static int numbers(const void *one, const void *other) {
  return *(const tenantry_status *)one - *(const tenantry_status *)other;
}

void explain(tenantry_status *reasons, size_t count) {
  qsort(reasons, count, sizeof *reasons, numbers);
  for (size_t place = 0; place < count; place++) {
    tenantry_status reason = reasons[place];
    if (reason == TENANTRY_OK || (place > 0 && reasons[place - 1] == reason)) continue;
    remark(format("%d %s (%s)", (int)reason, tenantry_status_name(reason), tenantry_status_rule(reason)));
  }
}

static void ask_the_past(watch *rights, stage *on) {
  for (size_t then = 0; then < rights->moments; then++) {
    const struct seen *seen = &rights->seen[then];
    cJSON *questions = cJSON_CreateArray();
    for (size_t place = 0; place < rights->questions; place++) {
      const question *it = &rights->asked[place];
      cJSON_AddItemToArray(questions,
                           object("user", id(it->user), "permission", text(it->permission), "tenant", id(it->tenant)));
    }
    double seq = (double)seen->verdicts[0].seq;
    const cJSON *found = ask(on, query("check_many", "questions", questions, "as_of", number(seq)));
    size_t place = 0;
    each(one, found) {
      const char *reason = text_or(one, "reason", "ok");
      if (strcmp(reason, tenantry_status_name(seen->verdicts[place++].reason)) != 0)
        stop("the past of seq %.0f answers differently", seq);
    }
  }
  holds("asked of the past today, every cell is the same");
}

void show_rights(watch *rights, stage *on) {
  const char *header[3 + MOMENTS] = {"who", "wants"};
  cell cells[3 + MOMENTS];
  tenantry_status reasons[QUESTIONS * MOMENTS];
  size_t columns = 2, answers = 0;
  int places = 0; /* where there is one tenant only, the heading has said which */
  for (size_t place = 1; place < rights->questions; place++)
    places |= !same(rights->asked[place].tenant, rights->asked[0].tenant);
  if (places) header[columns++] = "on";
  for (size_t then = 0; then < rights->moments; then++) header[columns + then] = column(rights->seen[then].name);
  table *rows = table_of(header, columns + rights->moments);
  if (rights->followed) {
    cells[0] = faint("link");
    cells[1] = faint("status");
    cells[2] = faint("–");
    for (size_t then = 0; then < rights->moments; then++)
      cells[columns + then] = faint(column(rights->seen[then].status));
    row_of(rows, cells, columns + rights->moments);
  }
  for (size_t place = 0; place < rights->questions; place++) {
    const question *it = &rights->asked[place];
    int again = place > 0 && same(it->user, it[-1].user);
    cells[0] = plain(again ? "" : name_of(on, it->user));
    cells[1] = plain(it->permission);
    cells[2] = plain(name_of(on, it->tenant));
    for (size_t then = 0; then < rights->moments; then++) {
      tenantry_verdict found = rights->seen[then].verdicts[place];
      cells[columns + then] = verdict(found);
      reasons[answers++] = found.reason;
    }
    row_of(rows, cells, columns + rights->moments);
  }
  show(rows);
  explain(reasons, answers);
  ask_the_past(rights, on);
  free(rights);
}

const char *message_about(tenantry_status status, const char *about) {
  const char *message = tenantry_status_message(status), *gap = strstr(message, "{}");
  return gap == NULL ? message : format("%.*s%s%s", (int)(gap - message), message, about, gap + 2);
}
