/* The stage that every journey plays on: an engine on a file, a clock that the journey moves, ids that count up, and names for ids.
 * Never decides anything: every yes and every no on the page is tenantry's answer. */

#ifndef STAGE_H
#define STAGE_H

#include <stddef.h>
#include <stdint.h>
#include <tenantry.h>

#include "json.h"
#include "keep.h"
#include "page.h"

typedef struct stage {
  tenantry_engine *engine;
  const char *path;
  int64_t now;         /* microseconds since 1970 */
  uint32_t series;     /* keeps the ids of several processes apart */
  uint64_t next;       /* the next id */
  struct name *names;  /* what people call things */
  struct player *cast; /* the tenants who play, the last first */
} stage;

/* Opens the file, which begins with a policy of that name, or that is the JSON of one. */
void stage_set(stage *on, const char *path, const char *policy, uint32_t series);
/* Opens an engine in memory, for a moment. */
void stage_memory(stage *on);
/* Closes it, and frees what the story made. */
void stage_clear(stage *on);

/* ---- tenantry, through the JSON door ---- */

/* Sends {"verb": body} and stops where it is refused. The reply lives until the story ends. */
const cJSON *call(stage *on, const char *verb, cJSON *body);
/* Answers a question. */
const cJSON *ask(stage *on, cJSON *query);
/* Executes a command: its outcome. */
const cJSON *execute(stage *on, cJSON *actor, cJSON *command);

/* An actor: a user; or the platform's own staff, on a ticket or, where that is NULL, without. */
cJSON *by(tenantry_id user);
cJSON *staff(const char *ticket);

/* An entity as it is now. */
const cJSON *entity(stage *on, const char *kind, tenantry_id it);
/* The revision the store is at. */
uint64_t revision(stage *on);

/* ---- time ---- */

/* Lets some days pass, and what time alone brings about happen. */
void days_pass(stage *on, int days);
/* The same with hours. */
void hours_pass(stage *on, int hours);
/* A moment to the minute, from JSON or from the stage's clock. */
const char *clock_face(const char *timestamp);
const char *clock_now(const stage *on);

/* ---- names ---- */

/* From now on people call it so. */
void name_it(stage *on, tenantry_id it, const char *name);
const char *name_of(const stage *on, tenantry_id it);
const char *actor_name(const stage *on, const cJSON *actor);
/* A text in which ids give way to names. */
const char *in_names(const stage *on, const char *text);
/* The names of some users, in the order of the alphabet. */
const char *people(const stage *on, const cJSON *users);
/* Those who are told of something, the platform's own staff included. */
const char *recipients(const stage *on, const cJSON *to);
/* The texts of a list, in their order or in that of the alphabet, with this between them. */
const char *joined(const cJSON *texts, const char *between);
const char *sorted(const cJSON *texts, const char *between);

/* ---- the cast ---- */

/* Registers a tenant or a user, as the platform's operator does. */
tenantry_id tenant(stage *on, const char *kind, const char *name, const char *number);
tenantry_id user(stage *on, const char *name, tenantry_id home, const char *email, const char *role);
/* Takes a tenant into the cast. */
void enlist(stage *on, tenantry_id tenant, const char *name);
/* Shows who plays. */
void introduce(stage *on);

/* ---- the story ---- */

/* Somebody does something, and it is done: the command's outcome. */
const cJSON *does(stage *on, cJSON *actor, const char *what, cJSON *command);
/* Somebody tries something, and it is refused: the refusal's number. */
tenantry_status tries(stage *on, cJSON *actor, const char *what, cJSON *command);
/* The same with many things: for each, what stands in its way. */
void tries_each(stage *on, cJSON *actor, const char *what, const char *const *things, size_t count, cJSON *command);

/* Somebody asks something, and is refused. */
void may_not_ask(stage *on, tenantry_id user, const char *what, cJSON *asked);

/* Delivers the notices that wait; or takes them, each with the sorted addresses in `to`, and delivers nothing. */
void deliver(stage *on);
const cJSON *post(stage *on);

/* What happened, by name, repeated things counted. */
const char *happened(const cJSON *events, const char *between);
/* What somebody may do: by name, or how much, where it is more than two permissions. */
const char *permissions(const cJSON *held);
/* What the journal holds, record by record. */
void history(stage *on);
/* Replays the whole journal and says that it holds. */
void verify(stage *on);

/* ---- rights that a journey keeps asking for ---- */

typedef struct question {
  tenantry_id user;
  const char *permission;
  tenantry_id tenant;
} question;

tenantry_verdict check(stage *on, question asked);
/* The same in words: reason, message and remedy, and the role that decided. */
const cJSON *why(stage *on, question asked);

typedef struct watch watch;
/* watch_for({ben, "devices.manage", bakery}, ...), with parentheses around it all. */
#define watch_for(...) watch_of((const question[]){__VA_ARGS__}, COUNT(((const question[]){__VA_ARGS__})))
watch *watch_of(const question *questions, size_t count);
/* From now on the status of this link is shown, too. */
void follow(watch *rights, tenantry_id link);
/* Asks everything, now. */
void moment(watch *rights, stage *on, const char *name);
/* Shows what was answered, asks the same again of the past, and frees the watch. */
void show_rights(watch *rights, stage *on);

/* A verdict in a cell, and what the numbers of some verdicts mean. */
cell verdict(tenantry_verdict of);
void explain(tenantry_status *reasons, size_t count);
/* What a status means for a thing that it is about. */
const char *message_about(tenantry_status status, const char *about);
/* What a link's stage is called. */
const char *status_of(const char *stage);

#endif
