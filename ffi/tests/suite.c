/* Everything that the header promises, tried from C. Compiled as C99 and as C++17, linked both ways, run plainly, under
 * valgrind and with the sanitizers. */

#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef _WIN32
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "tenantry.h"

static int failures;

static void check(int holds, const char *what, int line) {
  if (!holds) {
    fprintf(stderr, "line %d: %s\n", line, what);
    failures++;
  }
}

#define CHECK(what) check((what) != 0, #what, __LINE__)
/* The status, and that the error is there where there is a fault, and only there. */
#define STATUS(wanted, call)                                                                                  \
  do {                                                                                                        \
    tenantry_status found_ = (call);                                                                          \
    if (found_ != (wanted)) {                                                                                 \
      fprintf(stderr, "line %d: %s is %d %s: %s\n", __LINE__, #call, (int)found_, tenantry_status_name(found_), \
              tenantry_error_message(error, NULL));                                                           \
      failures++;                                                                                             \
    }                                                                                                         \
    CHECK(tenantry_error_status(error) == found_);                                                            \
    CHECK((error == NULL) == (found_ == TENANTRY_OK));                                                        \
    CHECK(tenantry_error_free(&error) == TENANTRY_OK);                                                        \
  } while (0)

static tenantry_error *error;

/* ---- the little world ---- */

static const tenantry_id MSP = {{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
static const tenantry_id ADA = {{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
static const tenantry_id BAKERY = {{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}};
static const tenantry_id NOBODY = {{9}};

#define TEXT TENANTRY_TEXT
#define MSP_ID "01000000-0000-0000-0000-000000000001"
#define ADA_ID "01000000-0000-0000-0000-000000000002"
#define BAKERY_ID "01000000-0000-0000-0000-000000000003"
#define LINK_ID "01000000-0000-0000-0000-000000000004"
#define STAFF "{\"execute\":{\"actor\":{\"operator\":{}},\"command\":"
#define BY_ADA "{\"execute\":{\"actor\":{\"user\":\"" ADA_ID "\"},\"command\":"

static const char *const WORLD[] = {
    STAFF "{\"command\":\"register_tenant\",\"kind\":\"msp\",\"name\":\"Northwind IT\",\"tenant\":\"" MSP_ID "\"}}}",
    STAFF "{\"command\":\"register_user\",\"home\":\"" MSP_ID "\",\"email\":\"ada@northwind.example\","
          "\"role\":\"super_admin\",\"user\":\"" ADA_ID "\"}}}",
    BY_ADA "{\"command\":\"add_customer\",\"manager\":\"" MSP_ID "\",\"kind\":\"customer\",\"name\":\"Bakery Klein\","
           "\"management\":\"fully\",\"services\":[\"manage\"],\"tenant\":\"" BAKERY_ID "\",\"link\":\"" LINK_ID "\"}}}",
};

static void build(tenantry_engine *engine) {
  size_t place;
  for (place = 0; place < sizeof WORLD / sizeof WORLD[0]; place++) {
    tenantry_text reply;
    STATUS(TENANTRY_OK, tenantry_call(engine, WORLD[place], strlen(WORLD[place]), &reply, &error));
    CHECK(reply.data != NULL && strlen(reply.data) == reply.length && strstr(reply.data, "\"outcome\":") != NULL);
    CHECK(tenantry_text_free(&reply) == TENANTRY_OK);
  }
}

static tenantry_engine *world(void) {
  tenantry_engine *engine = NULL;
  STATUS(TENANTRY_OK, tenantry_open_memory(NULL, &engine, &error));
  build(engine);
  return engine;
}

/* ---- versions and statuses ---- */

static void versions(void) {
  CHECK(tenantry_abi_version() == TENANTRY_ABI_VERSION);
  CHECK(strncmp(tenantry_version(), "0.", 2) == 0);
  CHECK(strcmp(tenantry_status_name(TENANTRY_OK), "ok") == 0);
  CHECK(strcmp(tenantry_status_name(TENANTRY_NOT_DELINKABLE), "not_delinkable") == 0);
  CHECK(strcmp(tenantry_status_rule(TENANTRY_NOT_DELINKABLE), "D-1") == 0);
  CHECK(strcmp(tenantry_status_remedy(TENANTRY_NOT_DELINKABLE), "convert it to jointly managed first") == 0);
  CHECK(strcmp(tenantry_status_name(-1), "") == 0 && strcmp(tenantry_status_message(70000), "") == 0);
  CHECK(TENANTRY_NOT_DELINKABLE == 701 && TENANTRY_PANICKED == 9901);
}

static void ids(void) {
  tenantry_id id;
  char text[TENANTRY_ID_TEXT];
  STATUS(TENANTRY_OK, tenantry_id_parse(TEXT(BAKERY_ID), &id, &error));
  CHECK(memcmp(&id, &BAKERY, sizeof id) == 0);
  tenantry_id_write(&id, text);
  CHECK(strcmp(text, BAKERY_ID) == 0);
  STATUS(TENANTRY_OK, tenantry_id_parse(TEXT("0100000000000000000000000000000A"), &id, &error));
  CHECK(id.bytes[15] == 10);
  STATUS(TENANTRY_BAD_TEXT, tenantry_id_parse(TEXT("0100000"), &id, &error));
  CHECK(id.bytes[0] == 0 && id.bytes[15] == 0);
  STATUS(TENANTRY_BAD_TEXT, tenantry_id_parse("", 0, &id, &error));
  STATUS(TENANTRY_NOT_UTF8, tenantry_id_parse(TEXT("\xff"), &id, &error));
  STATUS(TENANTRY_BAD_LENGTH, tenantry_id_parse("0", SIZE_MAX, &id, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_id_parse(NULL, 0, &id, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_id_parse(TEXT(BAKERY_ID), NULL, &error));
  tenantry_id_write(NULL, text);
  tenantry_id_write(&id, NULL);
}

/* ---- the way it is meant ---- */

static void checks(void) {
  tenantry_engine *engine = world();
  tenantry_verdict verdict;
  tenantry_text told;
  uint64_t seq = 0;

  STATUS(TENANTRY_OK, tenantry_check(engine, &ADA, TEXT(TENANTRY_PERMISSION_DEVICES_MANAGE), &BAKERY, TEXT(TENANTRY_SERVICE_MANAGE),
                                     &verdict, &error));
  CHECK(verdict.allowed == 1 && verdict.reason == 0 && verdict.seq == 4);
  STATUS(TENANTRY_OK, tenantry_check(engine, &ADA, TEXT(TENANTRY_PERMISSION_LOCATION_VIEW), &BAKERY, NULL, 0, &verdict, &error));
  CHECK(verdict.allowed == 0 && verdict.reason == TENANTRY_RESERVED_FOR_CUSTOMER);
  STATUS(TENANTRY_OK, tenantry_check(engine, &NOBODY, TEXT("devices.view"), &BAKERY, NULL, 0, &verdict, &error));
  CHECK(verdict.allowed == 0 && verdict.reason == TENANTRY_UNKNOWN_USER);

  STATUS(TENANTRY_OK, tenantry_explain(engine, &ADA, TEXT("location.view"), &BAKERY, NULL, 0, &told, &error));
  CHECK(strstr(told.data, "\"rule\":\"P-6\"") != NULL && strstr(told.data, "\"number\":305") != NULL);
  tenantry_text_free(&told);

  STATUS(TENANTRY_OK, tenantry_token(engine, &told, &error));
  STATUS(TENANTRY_OK, tenantry_refresh(engine, told.data, told.length, &seq, &error));
  CHECK(seq == 4);
  STATUS(TENANTRY_OK, tenantry_refresh(engine, NULL, 0, NULL, &error));
  STATUS(TENANTRY_BAD_TEXT, tenantry_refresh(engine, TEXT("soon"), &seq, &error));
  CHECK(seq == 0);
  tenantry_close(&engine);
  engine = world();
  STATUS(TENANTRY_DIVERGED, tenantry_refresh(engine, told.data, told.length, &seq, &error));
  tenantry_text_free(&told);
  CHECK(tenantry_close(&engine) == TENANTRY_OK && engine == NULL);
}

static void cursors(void) {
  tenantry_engine *engine = world();
  tenantry_cursor *cursor = NULL, *copy;
  tenantry_id ids[4];
  size_t count = 9, size = 9;
  uint64_t seq = 0;

  STATUS(TENANTRY_OK, tenantry_tenants_where(engine, &ADA, TEXT("devices.view"), NULL, 0, &cursor, &error));
  STATUS(TENANTRY_OK, tenantry_cursor_size(cursor, &size, &seq, &error));
  CHECK(size == 2 && seq == 4);
  STATUS(TENANTRY_OK, tenantry_cursor_next(cursor, ids, 1, &count, &error));
  CHECK(count == 1 && memcmp(&ids[0], &MSP, sizeof MSP) == 0);
  tenantry_close(&engine); /* it outlives its engine */
  STATUS(TENANTRY_OK, tenantry_cursor_next(cursor, NULL, 0, &count, &error));
  CHECK(count == 0);
  STATUS(TENANTRY_OK, tenantry_cursor_next(cursor, ids, 4, &count, &error));
  CHECK(count == 1 && memcmp(&ids[0], &BAKERY, sizeof BAKERY) == 0);
  STATUS(TENANTRY_OK, tenantry_cursor_next(cursor, ids, 4, &count, &error));
  CHECK(count == 0);
  STATUS(TENANTRY_NULL_POINTER, tenantry_cursor_next(cursor, ids, 4, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_cursor_next(NULL, ids, 4, &count, &error));
  STATUS(TENANTRY_OK, tenantry_cursor_size(cursor, NULL, NULL, &error));
  copy = cursor;
  CHECK(tenantry_cursor_free(&cursor) == TENANTRY_OK && cursor == NULL);
  CHECK(tenantry_cursor_free(&cursor) == TENANTRY_OK && tenantry_cursor_free(NULL) == TENANTRY_OK);
  STATUS(TENANTRY_FOREIGN_HANDLE, tenantry_cursor_next(copy, ids, 4, &count, &error));
  CHECK(count == 0 && tenantry_cursor_free(&copy) == TENANTRY_FOREIGN_HANDLE);

  engine = world();
  STATUS(TENANTRY_OK, tenantry_users_who_can(engine, TEXT("devices.view"), &BAKERY, TEXT("manage"), &cursor, &error));
  STATUS(TENANTRY_OK, tenantry_cursor_next(cursor, ids, 4, &count, &error));
  CHECK(count == 1 && memcmp(&ids[0], &ADA, sizeof ADA) == 0);
  tenantry_cursor_free(&cursor);
  STATUS(TENANTRY_BAD_TEXT, tenantry_users_who_can(engine, TEXT("Not A Name"), &BAKERY, NULL, 0, &cursor, &error));
  CHECK(cursor == NULL);
  tenantry_close(&engine);
}

/* ---- the access index ---- */

/* For what has no error object. */
#define PLAIN(wanted, call)                                                                                   \
  do {                                                                                                        \
    tenantry_status found_ = (call);                                                                          \
    if (found_ != (wanted)) {                                                                                 \
      fprintf(stderr, "line %d: %s is %d %s\n", __LINE__, #call, (int)found_, tenantry_status_name(found_));  \
      failures++;                                                                                             \
    }                                                                                                         \
  } while (0)

#define IS_NO(verdict) ((verdict).allowed == 0 && (verdict).reason == 0 && (verdict).seq == 0)

static tenantry_index *index_of(const tenantry_engine *engine) {
  tenantry_index *made = NULL;
  STATUS(TENANTRY_OK, tenantry_index_open(engine, &made, &error));
  return made;
}

static void register_msp(tenantry_engine *engine) {
  tenantry_text reply;
  STATUS(TENANTRY_OK, tenantry_call(engine, TEXT(STAFF "{\"command\":\"register_tenant\",\"kind\":\"msp\",\"name\":\"N\"}}}"), &reply, &error));
  tenantry_text_free(&reply);
}

static int holds(const tenantry_cursor *from, const tenantry_id *id) {
  tenantry_id ids[8];
  size_t count = 0, place;
  if (tenantry_cursor_next((tenantry_cursor *)from, ids, 8, &count, NULL) != TENANTRY_OK) return 0;
  for (place = 0; place < count; place++) {
    if (memcmp(&ids[place], id, sizeof *id) == 0) return 1;
  }
  return 0;
}

static void indexes(void) {
  tenantry_engine *engine = world();
  tenantry_index *hot = index_of(engine), *second = index_of(engine);
  const tenantry_id people[2] = {ADA, NOBODY}, places[2] = {BAKERY, NOBODY};
  tenantry_user_handle users[2] = {9, 9};
  tenantry_tenant_handle tenants[2] = {9, 9};
  tenantry_permission_handle manage = 0, locate = 0, again = 0, unheard = 9;
  tenantry_service_handle service = 0, none = 0, misspelt = 9;
  tenantry_resolved resolved[3];
  tenantry_question questions[3];
  tenantry_verdict verdict, verdicts[200];
  tenantry_cursor *cursor = NULL;
  tenantry_text reply;
  tenantry_resolved many[200];
  uint64_t seq = 0;
  size_t size = 0, place;

  STATUS(TENANTRY_OK, tenantry_index_users(hot, people, 2, users, &error));
  STATUS(TENANTRY_OK, tenantry_index_tenants(hot, places, 2, tenants, &error));
  CHECK(users[0] != 0 && users[1] == 0 && tenants[0] != 0 && tenants[1] == 0);
  STATUS(TENANTRY_OK, tenantry_index_permission(hot, TEXT(TENANTRY_PERMISSION_DEVICES_MANAGE), &manage, &error));
  STATUS(TENANTRY_OK, tenantry_index_permission(hot, TEXT(TENANTRY_PERMISSION_LOCATION_VIEW), &locate, &error));
  STATUS(TENANTRY_OK, tenantry_index_permission(second, TEXT(TENANTRY_PERMISSION_DEVICES_MANAGE), &again, &error));
  STATUS(TENANTRY_UNKNOWN_PERMISSION, tenantry_index_permission(hot, TEXT("never.heard"), &unheard, &error));
  STATUS(TENANTRY_OK, tenantry_index_service(hot, TEXT(TENANTRY_SERVICE_MANAGE), &service, &error));
  STATUS(TENANTRY_OK, tenantry_index_service(hot, NULL, 0, &none, &error));
  STATUS(TENANTRY_UNKNOWN_SERVICE, tenantry_index_service(hot, TEXT("mangae"), &misspelt, &error));
  CHECK(manage != 0 && locate != manage && again == manage && unheard == 0);
  CHECK(service != 0 && none == TENANTRY_NO_SERVICE && misspelt == 0);
  STATUS(TENANTRY_OK, tenantry_index_seq(hot, &seq, &error));
  CHECK(seq == 4);

  /* one by one */
  PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], manage, tenants[0], service, &verdict));
  CHECK(verdict.allowed == 1 && verdict.reason == 0 && verdict.seq == 4);
  PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], manage, tenants[0], TENANTRY_NO_SERVICE, &verdict));
  CHECK(verdict.allowed == 1);
  PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], locate, tenants[0], none, &verdict));
  CHECK(verdict.allowed == 0 && verdict.reason == TENANTRY_RESERVED_FOR_CUSTOMER && verdict.seq == 4);
  PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], manage, tenants[0], misspelt, &verdict));
  CHECK(verdict.allowed == 0 && verdict.reason == TENANTRY_SERVICE_NOT_MANAGED);
  PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], unheard, tenants[0], none, &verdict));
  CHECK(verdict.allowed == 0 && verdict.reason == TENANTRY_ROLE_LACKS_PERMISSION);
  PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[1], manage, tenants[0], none, &verdict));
  CHECK(verdict.allowed == 0 && verdict.reason == TENANTRY_UNKNOWN_USER);
  PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], manage, tenants[1], none, &verdict));
  CHECK(verdict.allowed == 0 && verdict.reason == TENANTRY_UNKNOWN_TENANT);
  PLAIN(TENANTRY_OK, tenantry_index_check(hot, &ADA, manage, &BAKERY, service, &verdict));
  CHECK(verdict.allowed == 1 && verdict.seq == 4);
  PLAIN(TENANTRY_OK, tenantry_index_check(hot, &NOBODY, manage, &BAKERY, service, &verdict));
  CHECK(verdict.allowed == 0 && verdict.reason == TENANTRY_UNKNOWN_USER);
  /* Numbers that were never given out stand for nobody and nothing. */
  for (place = 0; place < 65535; place++) {
    PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], (tenantry_permission_handle)(100 + place % 65436), tenants[0],
                                                     none, &verdict));
    CHECK(verdict.allowed == 0);
    if (place > 100 && place != TENANTRY_NO_SERVICE) {
      PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], manage, tenants[0], (tenantry_service_handle)place, &verdict));
      CHECK(verdict.allowed == 0);
    }
    PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, (tenantry_user_handle)(2 + place * 65537), manage, tenants[0], none, &verdict));
    CHECK(verdict.allowed == 0);
    PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], manage, (tenantry_tenant_handle)(3 + place * 65536), none, &verdict));
    CHECK(verdict.allowed == 0);
    if (failures) break;
  }

  /* many */
  memset(resolved, 0, sizeof resolved);
  resolved[0].user = users[0], resolved[0].tenant = tenants[0], resolved[0].permission = manage, resolved[0].service = service;
  resolved[1] = resolved[0], resolved[1].permission = locate, resolved[1].service = TENANTRY_NO_SERVICE;
  PLAIN(TENANTRY_OK, tenantry_index_check_batch(hot, resolved, 3, verdicts));
  CHECK(verdicts[0].allowed == 1 && verdicts[1].reason == TENANTRY_RESERVED_FOR_CUSTOMER && verdicts[2].reason == TENANTRY_UNKNOWN_USER);
  CHECK(verdicts[0].seq == 4 && verdicts[2].seq == 4);
  memset(questions, 0, sizeof questions);
  questions[0].user = ADA, questions[0].tenant = BAKERY, questions[0].permission = manage, questions[0].service = service;
  questions[1] = questions[0], questions[1].permission = locate, questions[1].service = TENANTRY_NO_SERVICE;
  PLAIN(TENANTRY_OK, tenantry_index_check_ids(hot, questions, 3, verdicts));
  CHECK(verdicts[0].allowed == 1 && verdicts[1].reason == TENANTRY_RESERVED_FOR_CUSTOMER && verdicts[2].reason == TENANTRY_UNKNOWN_USER);
  for (place = 0; place < 200; place++) many[place] = resolved[place % 3];
  PLAIN(TENANTRY_OK, tenantry_index_check_batch(hot, many, 200, verdicts));
  for (place = 0; place < 200; place++) CHECK(verdicts[place].allowed == (place % 3 == 0) && verdicts[place].seq == 4);

  /* the reverse */
  STATUS(TENANTRY_OK, tenantry_index_tenants_where(hot, users[0], manage, TENANTRY_NO_SERVICE, &cursor, &error));
  STATUS(TENANTRY_OK, tenantry_cursor_size(cursor, &size, &seq, &error));
  CHECK(size == 2 && seq == 4 && holds(cursor, &BAKERY));
  tenantry_cursor_free(&cursor);
  STATUS(TENANTRY_OK, tenantry_index_users_who_can(hot, manage, tenants[0], service, &cursor, &error));
  STATUS(TENANTRY_OK, tenantry_cursor_size(cursor, &size, &seq, &error));
  CHECK(size == 1 && holds(cursor, &ADA));
  tenantry_cursor_free(&cursor);
  STATUS(TENANTRY_OK, tenantry_index_users_who_can(hot, manage, 0, TENANTRY_NO_SERVICE, &cursor, &error));
  CHECK(tenantry_cursor_size(cursor, &size, NULL, NULL) == TENANTRY_OK && size == 0);
  tenantry_cursor_free(&cursor);

  /* reviews */
  STATUS(TENANTRY_OK, tenantry_index_tenant_access(hot, tenants[0], &reply, &error));
  CHECK(strstr(reply.data, "{\"seq\":4,\"rows\":[{\"user\":\"") == reply.data && strstr(reply.data, "\"permission\":\"devices.manage\"") != NULL);
  tenantry_text_free(&reply);
  STATUS(TENANTRY_OK, tenantry_index_user_access(hot, users[0], &reply, &error));
  CHECK(strstr(reply.data, "{\"seq\":4,\"rows\":[{\"tenant\":\"") == reply.data && strstr(reply.data, "\"services\":[\"manage\"") != NULL);
  tenantry_text_free(&reply);
  STATUS(TENANTRY_OK, tenantry_index_user_access(hot, 0, &reply, &error));
  CHECK(strcmp(reply.data, "{\"seq\":4,\"rows\":[]}") == 0);
  tenantry_text_free(&reply);

  /* What the engine commits is in every index of it at once. */
  register_msp(engine);
  STATUS(TENANTRY_OK, tenantry_index_seq(second, &seq, &error));
  CHECK(seq == 5);
  PLAIN(TENANTRY_OK, tenantry_index_close(&second));
  /* It outlives its engine, and stays where it is. */
  CHECK(tenantry_close(&engine) == TENANTRY_OK);
  PLAIN(TENANTRY_OK, tenantry_index_check_resolved(hot, users[0], manage, tenants[0], service, &verdict));
  CHECK(verdict.allowed == 1 && verdict.seq == 5);
  PLAIN(TENANTRY_OK, tenantry_index_close(&hot));
}

static void index_misuse(void) {
  tenantry_engine *engine = world();
  tenantry_index *hot = index_of(engine), *copy = hot, *none = NULL;
  union {
    uint64_t words[8];
    tenantry_index *align;
  } junk;
  tenantry_index *foreign[5];
  const tenantry_status wanted[5] = {TENANTRY_NULL_POINTER, TENANTRY_FOREIGN_HANDLE, TENANTRY_FOREIGN_HANDLE, TENANTRY_FOREIGN_HANDLE,
                                     TENANTRY_HANDLE_CLOSED};
  tenantry_resolved resolved[2];
  tenantry_question questions[2];
  tenantry_verdict verdict, verdicts[2];
  tenantry_user_handle users[2];
  tenantry_tenant_handle tenants[2];
  tenantry_permission_handle permission;
  tenantry_service_handle service;
  tenantry_cursor *cursor = NULL;
  tenantry_text reply;
  uint64_t seq;
  int place;

  memset(&junk, 0, sizeof junk);
  memset(resolved, 0, sizeof resolved);
  memset(questions, 0, sizeof questions);

  /* null, where there has to be something */
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_open(engine, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_open(NULL, &none, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_seq(hot, NULL, &error));
  users[0] = users[1] = 9;
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_users(hot, NULL, 2, users, &error));
  CHECK(users[0] == 0 && users[1] == 0);
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_users(hot, &ADA, 1, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_tenants(hot, NULL, 1, tenants, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_tenants(hot, &MSP, 1, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_permission(hot, NULL, 0, &permission, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_permission(hot, TEXT("devices.view"), NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_service(hot, NULL, 3, &service, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_service(hot, TEXT("manage"), NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_tenants_where(hot, 1, 1, TENANTRY_NO_SERVICE, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_users_who_can(hot, 1, 1, TENANTRY_NO_SERVICE, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_tenant_access(hot, 1, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_user_access(hot, 1, NULL, &error));
  PLAIN(TENANTRY_NULL_POINTER, tenantry_index_check_resolved(hot, 1, 1, 1, 1, NULL));
  memset(&verdict, 1, sizeof verdict);
  PLAIN(TENANTRY_NULL_POINTER, tenantry_index_check(hot, NULL, 1, &BAKERY, 1, &verdict));
  CHECK(IS_NO(verdict));
  memset(&verdict, 1, sizeof verdict);
  PLAIN(TENANTRY_NULL_POINTER, tenantry_index_check(hot, &ADA, 1, NULL, 1, &verdict));
  CHECK(IS_NO(verdict));
  PLAIN(TENANTRY_NULL_POINTER, tenantry_index_check(hot, &ADA, 1, &BAKERY, 1, NULL));
  PLAIN(TENANTRY_NULL_POINTER, tenantry_index_check_batch(hot, resolved, 2, NULL));
  memset(verdicts, 1, sizeof verdicts);
  PLAIN(TENANTRY_NULL_POINTER, tenantry_index_check_batch(hot, NULL, 2, verdicts));
  CHECK(IS_NO(verdicts[0]) && IS_NO(verdicts[1]));
  PLAIN(TENANTRY_NULL_POINTER, tenantry_index_check_ids(hot, questions, 2, NULL));
  PLAIN(TENANTRY_NULL_POINTER, tenantry_index_check_ids(hot, NULL, 2, verdicts));

  /* no questions, and more than there can be */
  PLAIN(TENANTRY_OK, tenantry_index_check_batch(hot, NULL, 0, NULL));
  PLAIN(TENANTRY_OK, tenantry_index_check_ids(hot, NULL, 0, NULL));
  STATUS(TENANTRY_OK, tenantry_index_users(hot, NULL, 0, NULL, &error));
  STATUS(TENANTRY_OK, tenantry_index_tenants(hot, NULL, 0, NULL, &error));
  PLAIN(TENANTRY_BAD_LENGTH, tenantry_index_check_batch(hot, resolved, SIZE_MAX / 8, verdicts));
  PLAIN(TENANTRY_BAD_LENGTH, tenantry_index_check_batch(hot, resolved, SIZE_MAX, verdicts));
  PLAIN(TENANTRY_BAD_LENGTH, tenantry_index_check_ids(hot, questions, SIZE_MAX / 64, verdicts));
  STATUS(TENANTRY_BAD_LENGTH, tenantry_index_users(hot, &ADA, SIZE_MAX, users, &error));
  STATUS(TENANTRY_BAD_LENGTH, tenantry_index_tenants(hot, &MSP, SIZE_MAX / 4, tenants, &error));

  /* text */
  permission = 9, service = 9;
  STATUS(TENANTRY_BAD_TEXT, tenantry_index_permission(hot, TEXT("No Name"), &permission, &error));
  STATUS(TENANTRY_NOT_UTF8, tenantry_index_service(hot, TEXT("\xff"), &service, &error));
  STATUS(TENANTRY_BAD_LENGTH, tenantry_index_permission(hot, "x", SIZE_MAX, &permission, &error));
  CHECK(permission == 0 && service == 0);

  /* handles of none, of another kind, and closed */
  CHECK(tenantry_index_close(NULL) == TENANTRY_OK && tenantry_index_close(&none) == TENANTRY_OK);
  PLAIN(TENANTRY_OK, tenantry_index_close(&hot));
  CHECK(hot == NULL);
  PLAIN(TENANTRY_OK, tenantry_index_close(&hot));
  foreign[0] = NULL;
  foreign[1] = (tenantry_index *)(void *)&junk;
  foreign[2] = (tenantry_index *)(void *)((char *)&junk + 1);
  foreign[3] = (tenantry_index *)(void *)engine;
  foreign[4] = copy;
  for (place = 0; place < 5; place++) {
    tenantry_index *other = foreign[place];
    memset(&verdict, 1, sizeof verdict);
    PLAIN(wanted[place], tenantry_index_check_resolved(other, 1, 1, 1, 1, &verdict));
    CHECK(IS_NO(verdict));
    PLAIN(wanted[place], tenantry_index_check_resolved(other, 1, 1, 1, 1, NULL));
    memset(&verdict, 1, sizeof verdict);
    PLAIN(wanted[place], tenantry_index_check(other, &ADA, 1, &BAKERY, 1, &verdict));
    CHECK(IS_NO(verdict));
    memset(verdicts, 1, sizeof verdicts);
    PLAIN(wanted[place], tenantry_index_check_batch(other, resolved, 2, verdicts));
    CHECK(IS_NO(verdicts[0]) && IS_NO(verdicts[1]));
    PLAIN(wanted[place], tenantry_index_check_batch(other, NULL, 0, NULL));
    memset(verdicts, 1, sizeof verdicts);
    PLAIN(wanted[place], tenantry_index_check_ids(other, questions, 2, verdicts));
    CHECK(IS_NO(verdicts[0]) && IS_NO(verdicts[1]));
    users[0] = tenants[0] = 9, permission = 9, service = 9, seq = 9;
    STATUS(wanted[place], tenantry_index_users(other, &ADA, 1, users, &error));
    STATUS(wanted[place], tenantry_index_tenants(other, &MSP, 1, tenants, &error));
    STATUS(wanted[place], tenantry_index_permission(other, TEXT("devices.view"), &permission, &error));
    STATUS(wanted[place], tenantry_index_service(other, TEXT("manage"), &service, &error));
    STATUS(wanted[place], tenantry_index_seq(other, &seq, &error));
    CHECK(users[0] == 0 && tenants[0] == 0 && permission == 0 && service == 0 && seq == 0);
    STATUS(wanted[place], tenantry_index_tenants_where(other, 1, 1, TENANTRY_NO_SERVICE, &cursor, &error));
    STATUS(wanted[place], tenantry_index_users_who_can(other, 1, 1, TENANTRY_NO_SERVICE, &cursor, &error));
    CHECK(cursor == NULL);
    STATUS(wanted[place], tenantry_index_tenant_access(other, 1, &reply, &error));
    CHECK(reply.data == NULL && reply.length == 0);
    STATUS(wanted[place], tenantry_index_user_access(other, 1, &reply, &error));
    CHECK(reply.data == NULL && reply.length == 0);
    if (place > 0) PLAIN(wanted[place], tenantry_index_close(&other));
    CHECK(place == 0 || other == NULL);
  }
  none = foreign[1];
  STATUS(TENANTRY_FOREIGN_HANDLE, tenantry_index_open((tenantry_engine *)(void *)copy, &none, &error));
  CHECK(none == NULL);
  STATUS(TENANTRY_FOREIGN_HANDLE, tenantry_token((tenantry_engine *)(void *)copy, &reply, &error));
  tenantry_close(&engine);
  none = foreign[1];
  STATUS(TENANTRY_NULL_POINTER, tenantry_index_open(engine, &none, &error));
  CHECK(none == NULL);
}

/* Links that end by themselves are judged by the host's clock, whatever becomes of the engine. */
static int64_t moment;

static int64_t told_moment(void *context) { return *(int64_t *)context; }

static void index_clock(void) {
  static const char *const delegated[] = {
      STAFF "{\"command\":\"register_tenant\",\"kind\":\"msp\",\"name\":\"N\",\"tenant\":\"" MSP_ID "\"}}}",
      STAFF "{\"command\":\"register_user\",\"home\":\"" MSP_ID "\",\"email\":\"ada@n.example\",\"role\":\"super_admin\",\"user\":\"" ADA_ID "\"}}}",
      BY_ADA "{\"command\":\"add_customer\",\"manager\":\"" MSP_ID "\",\"kind\":\"customer\",\"name\":\"B\",\"management\":\"fully\","
             "\"services\":[\"manage\"],\"tenant\":\"" BAKERY_ID "\",\"term\":{\"days\":10}}}}",
  };
  tenantry_options how = TENANTRY_OPTIONS_INIT;
  tenantry_engine *engine = NULL;
  tenantry_index *hot;
  tenantry_permission_handle view = 0;
  tenantry_verdict verdict;
  size_t place;

  moment = INT64_C(1767225600000000);
  how.now = told_moment;
  how.context = &moment;
  STATUS(TENANTRY_OK, tenantry_open_memory(&how, &engine, &error));
  for (place = 0; place < sizeof delegated / sizeof delegated[0]; place++) {
    tenantry_text reply;
    STATUS(TENANTRY_OK, tenantry_call(engine, delegated[place], strlen(delegated[place]), &reply, &error));
    tenantry_text_free(&reply);
  }
  hot = index_of(engine);
  STATUS(TENANTRY_OK, tenantry_index_permission(hot, TEXT("devices.view"), &view, &error));
  PLAIN(TENANTRY_OK, tenantry_index_check(hot, &ADA, view, &BAKERY, TENANTRY_NO_SERVICE, &verdict));
  CHECK(verdict.allowed == 1);
  tenantry_close(&engine);
  moment += INT64_C(11) * 86400 * 1000000;
  PLAIN(TENANTRY_OK, tenantry_index_check(hot, &ADA, view, &BAKERY, TENANTRY_NO_SERVICE, &verdict));
  CHECK(verdict.allowed == 0 && verdict.reason == TENANTRY_NOT_LINKED);
  PLAIN(TENANTRY_OK, tenantry_index_close(&hot));
}

/* ---- refusals, with everything an error says ---- */

static void refusals(void) {
  static const char delink[] = BY_ADA "{\"command\":\"request_delink\",\"link\":\"" LINK_ID "\"}}}";
  static const char wrong[] = BY_ADA "{\"command\":\"invite_user\",\"tenant\":\"" MSP_ID "\",\"role\":\"admin\",\"invitee\":"
                                     "{\"email\":\"ada\"}}}}";
  tenantry_engine *engine = world();
  tenantry_error *copy;
  tenantry_text reply;
  size_t length = 0;

  CHECK(tenantry_call(engine, TENANTRY_STRING(delink), &reply, &error) == TENANTRY_NOT_DELINKABLE);
  CHECK(reply.data == NULL && reply.length == 0);
  CHECK(strcmp(tenantry_error_message(error, &length), "link `" LINK_ID "` is fully managed and cannot be delinked") == 0);
  CHECK(length == strlen(tenantry_error_message(error, NULL)));
  CHECK(strcmp(tenantry_error_about(error, NULL), LINK_ID) == 0 && strcmp(tenantry_error_path(error, NULL), "") == 0);
  CHECK(strstr(tenantry_error_json(error, &length), "\"rule\":\"D-1\"") != NULL && length > 100);
  copy = error;
  CHECK(tenantry_error_free(&error) == TENANTRY_OK && error == NULL && tenantry_error_free(&error) == TENANTRY_OK);
  CHECK(tenantry_error_free(&copy) == TENANTRY_FOREIGN_HANDLE);
  CHECK(tenantry_error_free(NULL) == TENANTRY_OK);

  CHECK(tenantry_call(engine, TENANTRY_STRING(wrong), &reply, &error) == TENANTRY_INVALID_REQUEST);
  CHECK(strcmp(tenantry_error_path(error, NULL), "execute.command.invitee.email") == 0);
  CHECK(strstr(tenantry_error_message(error, NULL), "e-mail address has no @") != NULL);
  tenantry_error_free(&error);
  /* Nobody has to ask for the error. */
  CHECK(tenantry_call(engine, TENANTRY_STRING(delink), &reply, NULL) == TENANTRY_NOT_DELINKABLE);
  CHECK(strcmp(tenantry_error_message(NULL, &length), "") == 0 && length == 0);
  tenantry_close(&engine);
}

/* ---- misuse ---- */

static void misuse(void) {
  tenantry_engine *engine = world(), *copy, *none = NULL;
  tenantry_engine *made = engine;
  union {
    uint64_t words[64];
    tenantry_engine *align;
  } junk;
  tenantry_verdict verdict;
  tenantry_text reply, text_copy;
  tenantry_cursor *cursor = NULL;
  size_t length = 0;
  char *large;

  /* null */
  STATUS(TENANTRY_NULL_POINTER, tenantry_call(NULL, TEXT("{}"), &reply, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_call(engine, NULL, 0, &reply, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_call(engine, TEXT("{}"), NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_check(engine, NULL, TEXT("devices.view"), &BAKERY, NULL, 0, &verdict, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_check(engine, &ADA, NULL, 0, &BAKERY, NULL, 0, &verdict, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_check(engine, &ADA, TEXT("devices.view"), NULL, NULL, 0, &verdict, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_check(engine, &ADA, TEXT("devices.view"), &BAKERY, NULL, 3, &verdict, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_check(engine, &ADA, TEXT("devices.view"), &BAKERY, NULL, 0, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_explain(engine, &ADA, TEXT("devices.view"), &BAKERY, NULL, 0, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_tenants_where(engine, &ADA, TEXT("devices.view"), NULL, 0, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_token(engine, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_open_memory(NULL, NULL, &error));
  STATUS(TENANTRY_NULL_POINTER, tenantry_open_file(NULL, 0, NULL, &made, &error));
  CHECK(made == NULL);
  CHECK(tenantry_close(NULL) == TENANTRY_OK && tenantry_close(&none) == TENANTRY_OK);
  CHECK(tenantry_text_free(NULL) == TENANTRY_OK);

  /* lengths and text */
  STATUS(TENANTRY_BAD_LENGTH, tenantry_call(engine, "{}", (size_t)-1, &reply, &error));
  STATUS(TENANTRY_BAD_LENGTH, tenantry_check(engine, &ADA, "x", SIZE_MAX / 2 + 1, &BAKERY, NULL, 0, &verdict, &error));
  STATUS(TENANTRY_NOT_UTF8, tenantry_call(engine, TEXT("{\"\xff\":1}"), &reply, &error));
  STATUS(TENANTRY_NOT_UTF8, tenantry_check(engine, &ADA, TEXT("\xc3("), &BAKERY, NULL, 0, &verdict, &error));
  STATUS(TENANTRY_NOT_UTF8, tenantry_refresh(engine, TEXT("\xed\xa0\x80"), NULL, &error));
  STATUS(TENANTRY_MALFORMED_JSON, tenantry_call(engine, "{}", 0, &reply, &error));
  STATUS(TENANTRY_MALFORMED_JSON, tenantry_call(engine, TEXT("{}\0"), &reply, &error));
  STATUS(TENANTRY_INVALID_REQUEST, tenantry_call(engine, TEXT("{}"), &reply, &error));
  STATUS(TENANTRY_REPEATED_MEMBER, tenantry_call(engine, TEXT("{\"sweep\":{},\"sweep\":{}}"), &reply, &error));
  large = (char *)malloc(9u << 20);
  CHECK(large != NULL);
  memset(large, '[', 9u << 20);
  STATUS(TENANTRY_DOCUMENT_TOO_LARGE, tenantry_call(engine, large, 9u << 20, &reply, &error));
  STATUS(TENANTRY_DOCUMENT_TOO_DEEP, tenantry_call(engine, large, 1u << 20, &reply, &error));
  free(large);
  STATUS(TENANTRY_BAD_TEXT, tenantry_check(engine, &ADA, TEXT("Devices"), &BAKERY, NULL, 0, &verdict, &error));
  STATUS(TENANTRY_BAD_TEXT, tenantry_open_file(TEXT("a\0b"), NULL, &made, &error));
  STATUS(TENANTRY_BAD_TEXT, tenantry_open_file("", 0, NULL, &made, &error));
  STATUS(TENANTRY_CANNOT_OPEN, tenantry_open_file(TEXT("/nowhere/at/all"), NULL, &made, &error));

  /* texts */
  STATUS(TENANTRY_OK, tenantry_token(engine, &reply, &error));
  text_copy = reply;
  text_copy.length--;
  CHECK(tenantry_text_free(&text_copy) == TENANTRY_BAD_LENGTH);
  text_copy = reply;
  CHECK(tenantry_text_free(&reply) == TENANTRY_OK && reply.data == NULL && tenantry_text_free(&reply) == TENANTRY_OK);
  CHECK(tenantry_text_free(&text_copy) == TENANTRY_FOREIGN_HANDLE);
  text_copy.data = "mine", text_copy.length = 4;
  CHECK(tenantry_text_free(&text_copy) == TENANTRY_FOREIGN_HANDLE);

  /* handles of the wrong kind, and of none */
  memset(&junk, 0, sizeof junk);
  STATUS(TENANTRY_FOREIGN_HANDLE, tenantry_token((tenantry_engine *)(void *)&junk, &reply, &error));
  STATUS(TENANTRY_FOREIGN_HANDLE, tenantry_token((tenantry_engine *)(void *)((char *)&junk + 1), &reply, &error));
  STATUS(TENANTRY_FOREIGN_HANDLE, tenantry_cursor_next((tenantry_cursor *)(void *)&junk, NULL, 1, &length, &error));
  STATUS(TENANTRY_OK, tenantry_tenants_where(engine, &ADA, TEXT("devices.view"), NULL, 0, &cursor, &error));
  CHECK(tenantry_error_status((tenantry_error *)(void *)cursor) == TENANTRY_FOREIGN_HANDLE);
  CHECK(tenantry_cursor_free(&cursor) == TENANTRY_OK);

  /* closed */
  copy = engine;
  CHECK(tenantry_close(&engine) == TENANTRY_OK && engine == NULL && tenantry_close(&engine) == TENANTRY_OK);
  STATUS(TENANTRY_HANDLE_CLOSED, tenantry_check(copy, &ADA, TEXT("devices.view"), &BAKERY, NULL, 0, &verdict, &error));
  STATUS(TENANTRY_HANDLE_CLOSED, tenantry_call(copy, TEXT("{\"sweep\":{}}"), &reply, &error));
  STATUS(TENANTRY_OK, tenantry_open_memory(NULL, &engine, &error));
  CHECK(engine != copy);
  made = copy;
  CHECK(tenantry_close(&made) == TENANTRY_HANDLE_CLOSED && made == NULL);
  CHECK(tenantry_close(&engine) == TENANTRY_OK);
}

/* ---- options ---- */

static int64_t stopped(void *context) { return *(int64_t *)context; }

static void counted(void *context, tenantry_id *id) {
  static unsigned char made;
  (void)context;
  memset(id, 0, sizeof *id);
  id->bytes[15] = ++made;
}

static void options(void) {
  tenantry_engine *engine = NULL;
  tenantry_options how = TENANTRY_OPTIONS_INIT;
  tenantry_text reply;
  int64_t moment = INT64_C(1767225600000000); /* 2026-01-01 */
  struct {
    tenantry_options known;
    uint64_t later;
  } newer;

  how.now = stopped;
  how.new_id = counted;
  how.context = &moment;
  how.policy = "\"clients\"";
  how.policy_length = strlen(how.policy);
  STATUS(TENANTRY_OK, tenantry_open_memory(&how, &engine, &error));
  STATUS(TENANTRY_OK, tenantry_call(engine, TEXT(STAFF "{\"command\":\"register_tenant\",\"kind\":\"msp\",\"name\":\"N\"}}}"), &reply, &error));
  CHECK(strstr(reply.data, "\"at\":\"2026-01-01T00:00:00.000000Z\"") != NULL);
  CHECK(strstr(reply.data, "\"request\":\"00000000-0000-0000-0000-000000000001\"") != NULL);
  tenantry_text_free(&reply);
  STATUS(TENANTRY_OK, tenantry_call(engine, TEXT("{\"ask\":{\"query\":\"policy\"}}"), &reply, &error));
  CHECK(strstr(reply.data, "\"name\":\"clients\"") != NULL);
  tenantry_text_free(&reply);
  moment -= INT64_C(1000000) * 301;
  STATUS(TENANTRY_CLOCK_BEHIND, tenantry_call(engine, TEXT("{\"sweep\":{}}"), &reply, &error));
  moment += INT64_C(1000000) * 86400 * 366;
  STATUS(TENANTRY_CLOCK_AHEAD, tenantry_call(engine, TEXT("{\"sweep\":{}}"), &reply, &error));
  STATUS(TENANTRY_OK, tenantry_call(engine, TEXT("{\"sweep\":{\"accept_clock\":true}}"), &reply, &error));
  tenantry_text_free(&reply);
  STATUS(TENANTRY_OK, tenantry_call(engine, TEXT("{\"sweep\":{}}"), &reply, &error));
  tenantry_text_free(&reply);
  /* What is no moment is nothing to go by, and never taken for another. */
  moment = INT64_MAX;
  STATUS(TENANTRY_CLOCK_AHEAD, tenantry_call(engine, TEXT("{\"sweep\":{\"accept_clock\":true}}"), &reply, &error));
  STATUS(TENANTRY_CLOCK_AHEAD, tenantry_call(engine, TEXT("{\"ask\":{\"query\":\"policy\"}}"), &reply, &error));
  moment = INT64_MIN;
  STATUS(TENANTRY_CLOCK_AHEAD, tenantry_call(engine, TEXT("{\"sweep\":{}}"), &reply, &error));
  tenantry_close(&engine);

  how.policy = "{\"name\":1}";
  how.policy_length = strlen(how.policy);
  STATUS(TENANTRY_INVALID_REQUEST, tenantry_open_memory(&how, &engine, &error));
  CHECK(engine == NULL);
  how.policy = NULL;
  how.policy_length = 3;
  STATUS(TENANTRY_NULL_POINTER, tenantry_open_memory(&how, &engine, &error));
  how.policy_length = 0;
  how.flags = 1u << 30;
  STATUS(TENANTRY_UNKNOWN_FLAG, tenantry_open_memory(&how, &engine, &error));
  how.flags = 0;
  how.struct_size = 0;
  STATUS(TENANTRY_BAD_STRUCT_SIZE, tenantry_open_memory(&how, &engine, &error));
  how.struct_size = (uint32_t)sizeof how - 8;
  STATUS(TENANTRY_BAD_STRUCT_SIZE, tenantry_open_memory(&how, &engine, &error));
  how.struct_size = UINT32_MAX;
  STATUS(TENANTRY_BAD_STRUCT_SIZE, tenantry_open_memory(&how, &engine, &error));
  CHECK(engine == NULL);

  /* A program of a later version: fine, as long as it asks for nothing that is not known here. */
  memset(&newer, 0, sizeof newer);
  newer.known.struct_size = (uint32_t)sizeof newer;
  STATUS(TENANTRY_OK, tenantry_open_memory(&newer.known, &engine, &error));
  tenantry_close(&engine);
  newer.later = 1;
  STATUS(TENANTRY_BAD_STRUCT_SIZE, tenantry_open_memory(&newer.known, &engine, &error));
}

/* ---- files, fork, threads ---- */

static char file[256];

/* An index that is built or loaded from where it was saved at this revision, and is saved then. */
static void saved_index(uint64_t from) {
  tenantry_options how = TENANTRY_OPTIONS_INIT;
  tenantry_engine *engine = NULL;
  tenantry_index *hot = NULL;
  tenantry_text reply;
  uint64_t seq = 9;

  how.saved_index = "suite.index";
  how.saved_index_length = strlen(how.saved_index);
  STATUS(TENANTRY_OK, tenantry_open_file(file, strlen(file), &how, &engine, &error));
  STATUS(TENANTRY_OK, tenantry_index_open(engine, &hot, &error));
  STATUS(TENANTRY_OK, tenantry_index_loaded_from(hot, &seq, &error));
  CHECK(seq == from);
  STATUS(TENANTRY_OK, tenantry_call(engine, TEXT("{\"save_index\":{\"to\":\"suite.index\"}}"), &reply, &error));
  CHECK(strstr(reply.data, "\"token\":") != NULL);
  tenantry_text_free(&reply);
  PLAIN(TENANTRY_OK, tenantry_index_close(&hot));
  tenantry_close(&engine);
}

static void files(void) {
  tenantry_engine *engine = NULL, *other = NULL;
  tenantry_options how = TENANTRY_OPTIONS_INIT;
  tenantry_verdict verdict;
  tenantry_text reply;
  FILE *foreign;

  how.flags = TENANTRY_MUST_EXIST;
  STATUS(TENANTRY_CANNOT_OPEN, tenantry_open_file(file, strlen(file), &how, &engine, &error));
  STATUS(TENANTRY_OK, tenantry_open_file(file, strlen(file), NULL, &engine, &error));
  build(engine);
  how.flags = TENANTRY_READ_ONLY | TENANTRY_WAIT;
  how.wait_ms = 100;
  STATUS(TENANTRY_OK, tenantry_open_file(file, strlen(file), &how, &other, &error));
  STATUS(TENANTRY_OK, tenantry_check(other, &ADA, TEXT("devices.view"), &BAKERY, NULL, 0, &verdict, &error));
  CHECK(verdict.allowed == 1);
  STATUS(TENANTRY_STORE_READ_ONLY, tenantry_call(other, TEXT("{\"sweep\":{}}"), &reply, &error));
  tenantry_close(&other);
  tenantry_close(&engine);
  saved_index(0);
  saved_index(4);

  foreign = fopen("foreign.txt", "w");
  CHECK(foreign != NULL && fputs("this is no store, and it stays as it is", foreign) >= 0 && fclose(foreign) == 0);
  STATUS(TENANTRY_NOT_A_STORE, tenantry_open_file(TEXT("foreign.txt"), NULL, &engine, &error));
  CHECK(engine == NULL);
}

/* A backup is made beside whoever writes, and takes the place of the store that it is of once nobody has that open. */
static void backups(void) {
  tenantry_engine *engine = NULL;
  tenantry_text reply;
  tenantry_verdict verdict;

  STATUS(TENANTRY_OK, tenantry_open_file(file, strlen(file), NULL, &engine, &error));
  STATUS(TENANTRY_OK, tenantry_call(engine, TEXT("{\"backup\":{\"to\":\"suite.backup\"}}"), &reply, &error));
  CHECK(tenantry_text_free(&reply) == TENANTRY_OK);
  STATUS(TENANTRY_STORE_IN_USE, tenantry_restore(TEXT("suite.backup"), file, strlen(file), &reply, &error));
  CHECK(tenantry_close(&engine) == TENANTRY_OK);
  STATUS(TENANTRY_OK, tenantry_restore(TEXT("suite.backup"), file, strlen(file), &reply, &error));
  CHECK(tenantry_text_free(&reply) == TENANTRY_OK);
  STATUS(TENANTRY_OK, tenantry_open_file(file, strlen(file), NULL, &engine, &error));
  STATUS(TENANTRY_OK, tenantry_check(engine, &ADA, TEXT("devices.view"), &BAKERY, NULL, 0, &verdict, &error));
  CHECK(verdict.allowed == 1);
  CHECK(tenantry_close(&engine) == TENANTRY_OK);
}

/* Windows has no fork. */
#ifndef _WIN32
static void forks(void) {
  tenantry_engine *engine = NULL;
  tenantry_index *hot = NULL;
  tenantry_permission_handle view = 0;
  tenantry_verdict verdict;
  uint64_t seq = 0;
  pid_t child;
  int left = -1;

  STATUS(TENANTRY_OK, tenantry_open_file(file, strlen(file), NULL, &engine, &error));
  hot = index_of(engine);
  STATUS(TENANTRY_OK, tenantry_index_permission(hot, TEXT("devices.view"), &view, &error));
  STATUS(TENANTRY_OK, tenantry_index_seq(hot, &seq, &error));
  fflush(stderr);
  child = fork();
  if (child == 0) {
    tenantry_engine *own = NULL;
    tenantry_index *more = NULL;
    /* The index goes on where it is, and learns nothing more. */
    PLAIN(TENANTRY_OK, tenantry_index_check(hot, &ADA, view, &BAKERY, TENANTRY_NO_SERVICE, &verdict));
    CHECK(verdict.allowed == 1 && verdict.seq == seq);
    STATUS(TENANTRY_STORE_FORKED, tenantry_index_open(engine, &more, &error));
    STATUS(TENANTRY_STORE_FORKED, tenantry_refresh(engine, NULL, 0, &seq, &error));
    PLAIN(TENANTRY_OK, tenantry_index_close(&hot));
    STATUS(TENANTRY_STORE_FORKED, tenantry_check(engine, &ADA, TEXT("devices.view"), &BAKERY, NULL, 0, &verdict, &error));
    CHECK(verdict.allowed == 0);
    CHECK(tenantry_close(&engine) == TENANTRY_OK);
    STATUS(TENANTRY_OK, tenantry_open_file(file, strlen(file), NULL, &own, &error));
    STATUS(TENANTRY_OK, tenantry_check(own, &ADA, TEXT("devices.view"), &BAKERY, NULL, 0, &verdict, &error));
    CHECK(verdict.allowed == 1);
    register_msp(own);
    CHECK(tenantry_close(&own) == TENANTRY_OK);
    _exit(failures == 0 ? 0 : 1);
  }
  CHECK(child > 0 && waitpid(child, &left, 0) == child && WIFEXITED(left) && WEXITSTATUS(left) == 0);
  /* What another process has committed comes when it is asked for. */
  PLAIN(TENANTRY_OK, tenantry_index_check(hot, &ADA, view, &BAKERY, TENANTRY_NO_SERVICE, &verdict));
  CHECK(verdict.allowed == 1 && verdict.seq == seq);
  {
    uint64_t now = 0;
    STATUS(TENANTRY_OK, tenantry_refresh(engine, NULL, 0, &now, &error));
    CHECK(now == seq + 1);
    PLAIN(TENANTRY_OK, tenantry_index_check(hot, &ADA, view, &BAKERY, TENANTRY_NO_SERVICE, &verdict));
    CHECK(verdict.allowed == 1 && verdict.seq == now);
    PLAIN(TENANTRY_OK, tenantry_index_close(&hot));
  }
  STATUS(TENANTRY_OK, tenantry_check(engine, &ADA, TEXT("devices.view"), &BAKERY, NULL, 0, &verdict, &error));
  CHECK(verdict.allowed == 1);
  tenantry_close(&engine);
}
#endif

static tenantry_engine *shared;

static void *reader(void *context) {
  size_t *wrong = (size_t *)context;
  int turn;
  for (turn = 0; turn < 200; turn++) {
    tenantry_error *own = NULL;
    tenantry_verdict verdict;
    if (tenantry_check(shared, &ADA, TEXT("devices.view"), &BAKERY, NULL, 0, &verdict, &own) != TENANTRY_OK || !verdict.allowed) {
      ++*wrong;
    }
    tenantry_error_free(&own);
  }
  return NULL;
}

static void *writer(void *context) {
  size_t *wrong = (size_t *)context;
  int turn;
  for (turn = 0; turn < 20; turn++) {
    tenantry_error *own = NULL;
    tenantry_text reply;
    if (tenantry_call(shared, TEXT(STAFF "{\"command\":\"register_tenant\",\"kind\":\"msp\",\"name\":\"N\"}}}"), &reply, &own) != TENANTRY_OK) {
      ++*wrong;
    }
    tenantry_text_free(&reply);
    if (tenantry_call(shared, TEXT("{\"sweep\":[]}"), &reply, &own) != TENANTRY_INVALID_REQUEST) ++*wrong;
    tenantry_error_free(&own);
  }
  return NULL;
}

/* Checks on the index while others commit: the revision never runs backwards, and a batch is right whatever happens meanwhile. */
static tenantry_index *shared_index;

static void *checker(void *context) {
  size_t *wrong = (size_t *)context, place;
  tenantry_permission_handle view = 0;
  tenantry_user_handle ada = 0;
  tenantry_tenant_handle bakery = 0;
  tenantry_resolved asked[50];
  tenantry_verdict verdict, verdicts[50];
  tenantry_cursor *cursor = NULL;
  uint64_t last = 0;
  if (tenantry_index_permission(shared_index, TEXT("devices.view"), &view, NULL) != TENANTRY_OK) ++*wrong;
  if (tenantry_index_users(shared_index, &ADA, 1, &ada, NULL) != TENANTRY_OK) ++*wrong;
  if (tenantry_index_tenants(shared_index, &BAKERY, 1, &bakery, NULL) != TENANTRY_OK) ++*wrong;
  for (place = 0; place < 50; place++) {
    asked[place].user = place % 2 ? 0 : ada, asked[place].tenant = bakery;
    asked[place].permission = view, asked[place].service = TENANTRY_NO_SERVICE;
  }
  while (last < 44) {
    tenantry_status one = tenantry_index_check_resolved(shared_index, ada, view, bakery, TENANTRY_NO_SERVICE, &verdict);
    if (one != TENANTRY_OK || !verdict.allowed || verdict.seq < last) ++*wrong;
    last = verdict.seq;
    if (tenantry_index_check_batch(shared_index, asked, 50, verdicts) != TENANTRY_OK) ++*wrong;
    for (place = 0; place < 50; place++) {
      if (verdicts[place].allowed != (place % 2 == 0) || verdicts[place].seq < last) ++*wrong;
    }
    if (tenantry_index_tenants_where(shared_index, ada, view, TENANTRY_NO_SERVICE, &cursor, NULL) != TENANTRY_OK) ++*wrong;
    tenantry_cursor_free(&cursor);
    if (*wrong) break;
  }
  return NULL;
}

static void threads(void) {
  pthread_t all[8];
  size_t wrong[8] = {0}, place;
  void *(*const does[8])(void *) = {reader, reader, reader, reader, writer, writer, checker, checker};
  shared = world();
  shared_index = index_of(shared);
  for (place = 0; place < 8; place++) CHECK(pthread_create(&all[place], NULL, does[place], &wrong[place]) == 0);
  for (place = 0; place < 8; place++) {
    CHECK(pthread_join(all[place], NULL) == 0);
    CHECK(wrong[place] == 0);
  }
  PLAIN(TENANTRY_OK, tenantry_index_close(&shared_index));
  /* Opened here, closed by another thread: any thread will do. */
  CHECK(tenantry_close(&shared) == TENANTRY_OK);
}

/* A call that lasts until it is let go: the clock waits. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static int asked, waits, go_on;

static int64_t held(void *context) {
  (void)context;
  pthread_mutex_lock(&gate);
  if (asked) {
    waits = 1;
    pthread_cond_broadcast(&moved);
    while (!go_on) pthread_cond_wait(&moved, &gate);
  }
  pthread_mutex_unlock(&gate);
  return INT64_C(1767225600000000);
}

static void *sweeper(void *context) {
  tenantry_text reply;
  (void)context;
  if (tenantry_call(shared, TEXT("{\"sweep\":{}}"), &reply, NULL) == TENANTRY_OK) tenantry_text_free(&reply);
  return NULL;
}

static void close_in_use(void) {
  tenantry_options how = TENANTRY_OPTIONS_INIT;
  tenantry_engine *handle;
  pthread_t thread;
  how.now = held;
  STATUS(TENANTRY_OK, tenantry_open_memory(&how, &shared, &error));
  handle = shared;
  asked = 1;
  CHECK(pthread_create(&thread, NULL, sweeper, NULL) == 0);
  pthread_mutex_lock(&gate);
  while (!waits) pthread_cond_wait(&moved, &gate);
  pthread_mutex_unlock(&gate);
  CHECK(tenantry_close(&handle) == TENANTRY_HANDLE_IN_USE && handle == shared);
  pthread_mutex_lock(&gate);
  go_on = 1;
  pthread_cond_broadcast(&moved);
  pthread_mutex_unlock(&gate);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(tenantry_close(&handle) == TENANTRY_OK && handle == NULL);
}

int main(int count, char **arguments) {
  snprintf(file, sizeof file, "%s", count > 1 ? arguments[1] : "suite.db");
  versions();
  ids();
  checks();
  cursors();
  indexes();
  index_misuse();
  index_clock();
  refusals();
  misuse();
  options();
  files();
  backups();
#ifndef _WIN32
  forks();
#endif
  threads();
  close_in_use();
  CHECK(tenantry_live_objects() == 0);
  if (failures == 0) puts("ok");
  return failures == 0 ? 0 : 1;
}
