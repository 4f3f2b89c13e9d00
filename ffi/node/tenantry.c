/*
 * libtenantry for Node.js, on Node-API alone. index.js is its only caller; what is meant for people is there.
 *
 * An engine is a function of JavaScript that holds it, and so is an index: nobody can hand over another's handle, and what is
 * collected closes what it holds. Whatever fails throws the library's error as JSON, or a status alone as a number; index.js makes
 * an error of it. Nothing here calls JavaScript.
 *
 * Every call that may wait for a disk or for other writers is a `work`: run at once, or on libuv's pool. In the pool only the work
 * and the library are touched; what is counted is counted on the thread of JavaScript. There is no state beyond what
 * these functions hold, so that worker threads may load it, too.
 */

#define NAPI_VERSION 6
#include <node_api.h>

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tenantry.h>

/* What is asked of an engine's function, of an index's, and of the addon; index.js has the same numbers. */
enum { CALL, OPEN_INDEX, REFRESH, CLOSE, SET_NOW };
enum { PERMISSION, SERVICE, SEQ, TENANTS_WHERE, USERS_WHO_CAN, CLOSE_INDEX };
/* Two that are asked of no engine. */
enum { OPEN = 100, RESTORE };

/* The most that is copied of a text, in units of UTF-16: more than the library takes, so that it is the library that refuses. */
#define MOST ((size_t)32 * 1024 * 1024)

/* There was no memory; no status of the library says so. */
#define NO_MEMORY (-1)

/* A verdict is one number: the revision times this, and the number of the reason. Both are exact, for revisions up to MOST_SEQ. */
#define REASONS 1024
#define MOST_SEQ (((uint64_t)1 << 43) - 1)

/* A clock that stands until it is moved. */
struct clock {
  _Atomic int64_t micros;
  size_t users;
};

struct engine {
  tenantry_engine *handle; /* stays when it is closed: the library tells a stale one */
  struct clock *clock;
  size_t users;
};

struct index {
  tenantry_index *handle;
  struct clock *clock;
  size_t users;
};

struct text {
  char *data;
  size_t length;
};

struct work {
  int what;
  struct engine *engine;
  struct clock *clock;
  struct text first, second, third;
  bool in_memory;
  tenantry_options options;

  tenantry_status status;
  tenantry_error *error;
  tenantry_text reply;
  uint64_t seq;
  tenantry_engine *opened;
  tenantry_index *index;

  napi_deferred deferred;
  napi_async_work async;
};

/* What goes wrong ------------------------------------------------------------ */

/* Something of Node-API failed: leaves an exception, be it the one that there is. */
static napi_value amiss(napi_env env) {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending) napi_throw_error(env, NULL, "tenantry: Node-API has failed");
  return NULL;
}

/* Throws a status alone. */
static napi_value refuse(napi_env env, int32_t status) {
  napi_value number;
  if (status == NO_MEMORY) {
    napi_throw_error(env, "ERR_MEMORY_ALLOCATION_FAILED", "tenantry: out of memory");
    return NULL;
  }
  if (napi_create_int32(env, status, &number) == napi_ok && napi_throw(env, number) == napi_ok) return NULL;
  return amiss(env);
}

/* Throws the library's error, which is freed; the status alone where there is no more. */
static napi_value tell(napi_env env, tenantry_status status, tenantry_error *error) {
  napi_value json;
  size_t length = 0;
  const char *text = tenantry_error_json(error, &length);
  bool thrown = length > 0 && napi_create_string_utf8(env, text, length, &json) == napi_ok && napi_throw(env, json) == napi_ok;
  tenantry_error_free(&error);
  return thrown ? NULL : refuse(env, status);
}

/* What comes in --------------------------------------------------------------- */

/* How many bytes of UTF-8 the units take, written to `to` unless that is NULL; SIZE_MAX where half a pair is alone. */
static size_t narrow(const char16_t *units, size_t count, char *to) {
  size_t bytes = 0;
  for (size_t place = 0; place < count; place++) {
    uint32_t point = units[place];
    if (point >= 0xD800 && point <= 0xDFFF) {
      if (point > 0xDBFF || place + 1 == count || units[place + 1] < 0xDC00 || units[place + 1] > 0xDFFF) return SIZE_MAX;
      point = 0x10000 + ((point - 0xD800) << 10) + (units[++place] - 0xDC00u);
    }
    unsigned char four[4];
    size_t more;
    if (point < 0x80) {
      four[0] = (unsigned char)point;
      more = 1;
    } else if (point < 0x800) {
      four[0] = (unsigned char)(0xC0 | point >> 6);
      four[1] = (unsigned char)(0x80 | (point & 0x3F));
      more = 2;
    } else if (point < 0x10000) {
      four[0] = (unsigned char)(0xE0 | point >> 12);
      four[1] = (unsigned char)(0x80 | (point >> 6 & 0x3F));
      four[2] = (unsigned char)(0x80 | (point & 0x3F));
      more = 3;
    } else {
      four[0] = (unsigned char)(0xF0 | point >> 18);
      four[1] = (unsigned char)(0x80 | (point >> 12 & 0x3F));
      four[2] = (unsigned char)(0x80 | (point >> 6 & 0x3F));
      four[3] = (unsigned char)(0x80 | (point & 0x3F));
      more = 4;
    }
    if (to != NULL) memcpy(to + bytes, four, more);
    bytes += more;
  }
  return bytes;
}

/* Copies a string as UTF-8. Node's own conversion would make another character of half a pair. */
static int32_t read_text(napi_env env, napi_value value, struct text *into) {
  size_t count;
  if (napi_get_value_string_utf16(env, value, NULL, 0, &count) != napi_ok) return TENANTRY_BAD_TEXT;
  if (count > MOST) return TENANTRY_DOCUMENT_TOO_LARGE;
  char16_t *units = malloc((count + 1) * sizeof *units);
  if (units == NULL) return NO_MEMORY;
  int32_t status = TENANTRY_BAD_TEXT;
  if (napi_get_value_string_utf16(env, value, units, count + 1, &count) == napi_ok) {
    size_t bytes = narrow(units, count, NULL);
    if (bytes == SIZE_MAX) {
      status = TENANTRY_NOT_UTF8;
    } else if ((into->data = malloc(bytes + 1)) == NULL) {
      status = NO_MEMORY;
    } else {
      narrow(units, count, into->data);
      into->length = bytes;
      status = TENANTRY_OK;
    }
  }
  free(units);
  return status;
}

static bool is_nothing(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) != napi_ok || type == napi_undefined || type == napi_null;
}

/* As read_text; null and undefined are no text. */
static int32_t read_optional(napi_env env, napi_value value, struct text *into) {
  return is_nothing(env, value) ? TENANTRY_OK : read_text(env, value, into);
}

/* A whole number between two others. */
static bool read_number(napi_env env, napi_value value, double least, double most, double *into) {
  return napi_get_value_double(env, value, into) == napi_ok && *into >= least && *into <= most && *into == floor(*into);
}

static bool read_flag(napi_env env, napi_value value) {
  bool flag = false;
  return napi_get_value_bool(env, value, &flag) == napi_ok && flag;
}

/* Reads an id, or throws. What is longer than any id is cut off, and is none all the same. */
static bool read_id(napi_env env, napi_value value, tenantry_id *id) {
  char text[64];
  size_t length;
  if (napi_get_value_string_utf8(env, value, text, sizeof text, &length) != napi_ok) {
    refuse(env, TENANTRY_BAD_TEXT);
    return false;
  }
  tenantry_error *error = NULL;
  tenantry_status status = tenantry_id_parse(text, length, id, &error);
  if (status == TENANTRY_OK) return true;
  tell(env, status, error);
  return false;
}

/* What things live for --------------------------------------------------------- */

static void leave_clock(struct clock *clock) {
  if (clock != NULL && --clock->users == 0) free(clock);
}

static void leave_engine(struct engine *engine) {
  if (engine == NULL || --engine->users > 0) return;
  tenantry_close(&engine->handle);
  leave_clock(engine->clock);
  free(engine);
}

static void leave_index(struct index *index) {
  if (index == NULL || --index->users > 0) return;
  tenantry_index_close(&index->handle);
  leave_clock(index->clock);
  free(index);
}

static void collect_engine(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  leave_engine(data);
}

static void collect_index(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  leave_index(data);
}

static void end_work(napi_env env, struct work *work) {
  if (work->async != NULL) napi_delete_async_work(env, work->async);
  /* What was made and could not be handed over. */
  tenantry_index_close(&work->index);
  tenantry_close(&work->opened);
  tenantry_error_free(&work->error);
  tenantry_text_free(&work->reply);
  free(work->first.data);
  free(work->second.data);
  free(work->third.data);
  leave_clock(work->clock);
  leave_engine(work->engine);
  free(work);
}

/* A function that holds what `data` is, from when it is made; on failure that is left. */
static napi_value holder(napi_env env, const char *name, napi_callback calls, void *data, napi_finalize collect) {
  napi_value made;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, calls, data, &made) == napi_ok &&
      napi_add_finalizer(env, made, data, collect, NULL, NULL) == napi_ok)
    return made;
  collect(env, data, NULL);
  return amiss(env);
}

/* Work -------------------------------------------------------------------------- */

static int64_t standing_clock(void *context) { return atomic_load(&((struct clock *)context)->micros); }

static void run(struct work *work) {
  switch (work->what) {
  case OPEN:
    work->options.policy = work->second.data;
    work->options.policy_length = work->second.length;
    work->options.saved_index = work->third.data;
    work->options.saved_index_length = work->third.length;
    if (work->clock != NULL) {
      work->options.now = standing_clock;
      work->options.context = work->clock;
    }
    work->status = work->in_memory
                       ? tenantry_open_memory(&work->options, &work->opened, &work->error)
                       : tenantry_open_file(work->first.data, work->first.length, &work->options, &work->opened, &work->error);
    break;
  case RESTORE:
    work->status = tenantry_restore(work->first.data, work->first.length, work->second.data, work->second.length, &work->reply, &work->error);
    break;
  case CALL:
    work->status = tenantry_call(work->engine->handle, work->first.data, work->first.length, &work->reply, &work->error);
    break;
  case OPEN_INDEX:
    work->status = tenantry_index_open(work->engine->handle, &work->index, &work->error);
    break;
  case REFRESH:
    work->status = tenantry_refresh(work->engine->handle, work->first.data, work->first.length, &work->seq, &work->error);
    break;
  default: { /* CLOSE */
    tenantry_engine *handle = work->engine->handle;
    work->status = tenantry_close(&handle);
  }
  }
}

static napi_value on_engine(napi_env env, napi_callback_info info);
static napi_value on_index(napi_env env, napi_callback_info info);
static napi_value on_check(napi_env env, napi_callback_info info);

static napi_value opened(napi_env env, struct work *work) {
  struct engine *made = calloc(1, sizeof *made);
  if (made == NULL) return refuse(env, NO_MEMORY);
  made->handle = work->opened;
  made->clock = work->clock;
  made->users = 1;
  work->opened = NULL;
  work->clock = NULL;
  return holder(env, "engine", on_engine, made, collect_engine);
}

/* Of an index there are two functions: one for checks, which is quick, and one for the rest. */
static napi_value indexed(napi_env env, struct work *work) {
  struct index *made = calloc(1, sizeof *made);
  if (made == NULL) return refuse(env, NO_MEMORY);
  made->handle = work->index;
  made->clock = work->engine->clock;
  if (made->clock != NULL) made->clock->users++;
  made->users = 2;
  work->index = NULL;
  napi_value pair, check = holder(env, "check", on_check, made, collect_index);
  napi_value rest = holder(env, "index", on_index, made, collect_index);
  if (check != NULL && rest != NULL && napi_create_array_with_length(env, 2, &pair) == napi_ok &&
      napi_set_element(env, pair, 0, check) == napi_ok && napi_set_element(env, pair, 1, rest) == napi_ok)
    return pair;
  return amiss(env);
}

/* What came of it, or NULL with an exception. */
static napi_value outcome(napi_env env, struct work *work) {
  napi_value made = NULL;
  if (work->status != TENANTRY_OK) {
    tenantry_error *error = work->error;
    work->error = NULL;
    return tell(env, work->status, error);
  }
  switch (work->what) {
  case OPEN:
    return opened(env, work);
  case OPEN_INDEX:
    return indexed(env, work);
  case REFRESH:
    return napi_create_double(env, (double)work->seq, &made) == napi_ok ? made : amiss(env);
  case CLOSE:
    return napi_get_undefined(env, &made) == napi_ok ? made : amiss(env);
  default:
    return napi_create_string_utf8(env, work->reply.data, work->reply.length, &made) == napi_ok ? made : amiss(env);
  }
}

static void in_the_pool(napi_env env, void *data) {
  (void)env;
  run(data);
}

/* Comes on the thread of JavaScript. Where the environment is ending nothing can be made or told any more, and everything is freed. */
static void back(napi_env env, napi_status ran, void *data) {
  struct work *work = data;
  napi_value made = ran == napi_ok ? outcome(env, work) : amiss(env);
  if (made != NULL) {
    napi_resolve_deferred(env, work->deferred, made);
  } else if (napi_get_and_clear_last_exception(env, &made) == napi_ok && made != NULL) {
    napi_reject_deferred(env, work->deferred, made);
  }
  end_work(env, work);
}

/* Does the work now, or begins it and answers with a promise. Frees it. */
static napi_value does(napi_env env, struct work *work, bool now) {
  napi_value value = NULL, name;
  if (now) {
    run(work);
    value = outcome(env, work);
    end_work(env, work);
    return value;
  }
  if (napi_create_string_latin1(env, "tenantry", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, NULL, name, in_the_pool, back, work, &work->async) != napi_ok ||
      napi_create_promise(env, &work->deferred, &value) != napi_ok) {
    end_work(env, work);
    return amiss(env);
  }
  if (napi_queue_async_work(env, work->async) != napi_ok) {
    napi_value nothing;
    if (napi_get_undefined(env, &nothing) == napi_ok) napi_resolve_deferred(env, work->deferred, nothing);
    end_work(env, work);
    return amiss(env);
  }
  return value;
}

/* Engines ------------------------------------------------------------------------ */

/* engine(what, now, text) */
static napi_value on_engine(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value given[3];
  void *data;
  double what, millis;
  if (napi_get_cb_info(env, info, &count, given, NULL, &data) != napi_ok) return amiss(env);
  struct engine *engine = data;
  if (!read_number(env, given[0], CALL, SET_NOW, &what)) return refuse(env, TENANTRY_INVALID_REQUEST);
  if (what == SET_NOW) {
    if (engine->clock == NULL || !read_number(env, given[2], -8.64e15, 8.64e15, &millis)) return refuse(env, TENANTRY_INVALID_REQUEST);
    atomic_store(&engine->clock->micros, (int64_t)millis * 1000);
    return NULL;
  }
  struct work *work = calloc(1, sizeof *work);
  if (work == NULL) return refuse(env, NO_MEMORY);
  work->what = (int)what;
  work->engine = engine;
  engine->users++;
  int32_t status = work->what == CALL ? read_text(env, given[2], &work->first) : read_optional(env, given[2], &work->first);
  if (status != TENANTRY_OK) {
    end_work(env, work);
    return refuse(env, status);
  }
  return does(env, work, read_flag(env, given[1]));
}

/* open(now, path, policy, savedIndex, flags, waitMs, clockToleranceSeconds, clockLeapSeconds, maxBytes, standsAt) */
static napi_value on_open(napi_env env, napi_callback_info info) {
  size_t count = 10;
  napi_value given[10];
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return amiss(env);
  struct work *work = calloc(1, sizeof *work);
  if (work == NULL) return refuse(env, NO_MEMORY);
  work->what = OPEN;
  work->in_memory = is_nothing(env, given[1]);
  work->options = (tenantry_options)TENANTRY_OPTIONS_INIT;
  double number[5], millis = 0;
  int32_t status = read_optional(env, given[1], &work->first);
  if (status == TENANTRY_OK) status = read_optional(env, given[2], &work->second);
  if (status == TENANTRY_OK) status = read_optional(env, given[3], &work->third);
  for (size_t place = 0; place < 5 && status == TENANTRY_OK; place++)
    if (!read_number(env, given[4 + place], 0, place < 4 ? UINT32_MAX : 9007199254740991.0, &number[place])) status = TENANTRY_INVALID_REQUEST;
  if (status == TENANTRY_OK && !is_nothing(env, given[9])) {
    if (!read_number(env, given[9], -8.64e15, 8.64e15, &millis)) {
      status = TENANTRY_INVALID_REQUEST;
    } else if ((work->clock = calloc(1, sizeof *work->clock)) == NULL) {
      status = NO_MEMORY;
    } else {
      work->clock->users = 1;
      atomic_init(&work->clock->micros, (int64_t)millis * 1000);
    }
  }
  if (status != TENANTRY_OK) {
    end_work(env, work);
    return refuse(env, status);
  }
  work->options.flags = (uint32_t)number[0];
  work->options.wait_ms = (uint32_t)number[1];
  work->options.clock_tolerance_seconds = (uint32_t)number[2];
  work->options.clock_leap_seconds = (uint32_t)number[3];
  work->options.max_bytes = (uint64_t)number[4];
  return does(env, work, read_flag(env, given[0]));
}

/* restore(now, from, to) */
static napi_value on_restore(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value given[3];
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return amiss(env);
  struct work *work = calloc(1, sizeof *work);
  if (work == NULL) return refuse(env, NO_MEMORY);
  work->what = RESTORE;
  int32_t status = read_text(env, given[1], &work->first);
  if (status == TENANTRY_OK) status = read_text(env, given[2], &work->second);
  if (status != TENANTRY_OK) {
    end_work(env, work);
    return refuse(env, status);
  }
  return does(env, work, read_flag(env, given[0]));
}

/* The index ----------------------------------------------------------------------- */

/* A permission's handle, by itself or by its name, or throws. */
static bool read_permission(napi_env env, const struct index *index, napi_value value, tenantry_permission_handle *into) {
  double number;
  if (read_number(env, value, 0, UINT16_MAX, &number)) {
    *into = (tenantry_permission_handle)number;
    return true;
  }
  struct text name = {0};
  int32_t failed = read_text(env, value, &name);
  if (failed != TENANTRY_OK) {
    refuse(env, failed);
    return false;
  }
  tenantry_error *error = NULL;
  tenantry_status status = tenantry_index_permission(index->handle, name.data, name.length, into, &error);
  free(name.data);
  if (status != TENANTRY_OK) tell(env, status, error);
  return status == TENANTRY_OK;
}

/* The same of a service; what is undefined or null is none. */
static bool read_service(napi_env env, const struct index *index, napi_value value, tenantry_service_handle *into) {
  double number;
  *into = TENANTRY_NO_SERVICE;
  if (is_nothing(env, value)) return true;
  if (read_number(env, value, 0, UINT16_MAX, &number)) {
    *into = (tenantry_service_handle)number;
    return true;
  }
  struct text name = {0};
  int32_t failed = read_text(env, value, &name);
  if (failed != TENANTRY_OK) {
    refuse(env, failed);
    return false;
  }
  tenantry_error *error = NULL;
  tenantry_status status = tenantry_index_service(index->handle, name.data, name.length, into, &error);
  free(name.data);
  if (status != TENANTRY_OK) tell(env, status, error);
  return status == TENANTRY_OK;
}

/* check(user, permission, tenant, service): the revision and the number of the reason, which is 0 where it is allowed */
static napi_value on_check(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value given[4], packed;
  void *data;
  if (napi_get_cb_info(env, info, &count, given, NULL, &data) != napi_ok) return amiss(env);
  const struct index *index = data;
  tenantry_id user, tenant;
  tenantry_permission_handle permission;
  tenantry_service_handle service;
  if (!read_id(env, given[0], &user) || !read_permission(env, index, given[1], &permission) || !read_id(env, given[2], &tenant) ||
      !read_service(env, index, given[3], &service))
    return NULL;
  tenantry_verdict verdict;
  tenantry_status status = tenantry_index_check(index->handle, &user, permission, &tenant, service, &verdict);
  if (status != TENANTRY_OK) return refuse(env, status);
  /* A "no" without a reason is no yes; and nothing that is rounded is. */
  int32_t reason = verdict.allowed ? 0 : verdict.reason;
  if (reason < 0 || reason >= REASONS || (reason == 0 && !verdict.allowed) || verdict.seq > MOST_SEQ) return refuse(env, TENANTRY_PANICKED);
  return napi_create_double(env, (double)(verdict.seq * REASONS + (uint64_t)reason), &packed) == napi_ok ? packed : amiss(env);
}

/* Takes a cursor over, and makes an array of its ids. */
static napi_value listed(napi_env env, tenantry_cursor *cursor) {
  tenantry_id some[256];
  char text[TENANTRY_ID_TEXT];
  size_t count = 0;
  uint32_t all = 0;
  napi_value list;
  napi_handle_scope scope;
  tenantry_error *error = NULL;
  tenantry_status status = TENANTRY_OK;
  bool well = napi_create_array(env, &list) == napi_ok;
  while (well && (status = tenantry_cursor_next(cursor, some, sizeof some / sizeof *some, &count, &error)) == TENANTRY_OK && count > 0) {
    if (napi_open_handle_scope(env, &scope) != napi_ok) {
      well = false;
      break;
    }
    for (size_t place = 0; place < count && well; place++) {
      napi_value id;
      tenantry_id_write(&some[place], text);
      well = napi_create_string_latin1(env, text, TENANTRY_ID_TEXT - 1, &id) == napi_ok && napi_set_element(env, list, all++, id) == napi_ok;
    }
    napi_close_handle_scope(env, scope);
  }
  tenantry_cursor_free(&cursor);
  if (status != TENANTRY_OK) return tell(env, status, error);
  return well ? list : amiss(env);
}

/* index(what, …) */
static napi_value on_index(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value given[4], made;
  void *data;
  double what;
  if (napi_get_cb_info(env, info, &count, given, NULL, &data) != napi_ok) return amiss(env);
  struct index *index = data;
  if (!read_number(env, given[0], PERMISSION, CLOSE_INDEX, &what)) return refuse(env, TENANTRY_INVALID_REQUEST);
  tenantry_error *error = NULL;
  tenantry_status status = TENANTRY_OK;
  tenantry_permission_handle permission;
  tenantry_service_handle service;
  tenantry_cursor *cursor = NULL;
  tenantry_id id;
  uint64_t seq = 0;
  switch ((int)what) {
  case PERMISSION:
    if (!read_permission(env, index, given[1], &permission)) return NULL;
    return napi_create_uint32(env, permission, &made) == napi_ok ? made : amiss(env);
  case SERVICE:
    if (!read_service(env, index, given[1], &service)) return NULL;
    return napi_create_uint32(env, service, &made) == napi_ok ? made : amiss(env);
  case SEQ:
    status = tenantry_index_seq(index->handle, &seq, &error);
    if (status != TENANTRY_OK) return tell(env, status, error);
    return napi_create_double(env, (double)seq, &made) == napi_ok ? made : amiss(env);
  case TENANTS_WHERE: {
    tenantry_user_handle user = 0;
    if (!read_id(env, given[1], &id) || !read_permission(env, index, given[2], &permission) || !read_service(env, index, given[3], &service))
      return NULL;
    status = tenantry_index_users(index->handle, &id, 1, &user, &error);
    if (status == TENANTRY_OK) status = tenantry_index_tenants_where(index->handle, user, permission, service, &cursor, &error);
    return status == TENANTRY_OK ? listed(env, cursor) : tell(env, status, error);
  }
  case USERS_WHO_CAN: {
    tenantry_tenant_handle tenant = 0;
    if (!read_permission(env, index, given[1], &permission) || !read_id(env, given[2], &id) || !read_service(env, index, given[3], &service))
      return NULL;
    status = tenantry_index_tenants(index->handle, &id, 1, &tenant, &error);
    if (status == TENANTRY_OK) status = tenantry_index_users_who_can(index->handle, permission, tenant, service, &cursor, &error);
    return status == TENANTRY_OK ? listed(env, cursor) : tell(env, status, error);
  }
  default: { /* CLOSE_INDEX */
    tenantry_index *handle = index->handle;
    status = tenantry_index_close(&handle);
    return status == TENANTRY_OK || status == TENANTRY_HANDLE_CLOSED ? NULL : refuse(env, status);
  }
  }
}

/* The addon ------------------------------------------------------------------------ */

/* status(number): its name, message, remedy and rule */
static napi_value on_status(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given[1], made, word;
  int32_t status = 0;
  if (napi_get_cb_info(env, info, &count, given, NULL, NULL) != napi_ok) return amiss(env);
  if (napi_get_value_int32(env, given[0], &status) != napi_ok) return refuse(env, TENANTRY_INVALID_REQUEST);
  const char *words[] = {
      tenantry_status_name(status),
      tenantry_status_message(status),
      tenantry_status_remedy(status),
      tenantry_status_rule(status),
  };
  if (napi_create_array_with_length(env, 4, &made) != napi_ok) return amiss(env);
  for (uint32_t place = 0; place < 4; place++)
    if (napi_create_string_utf8(env, words[place], NAPI_AUTO_LENGTH, &word) != napi_ok || napi_set_element(env, made, place, word) != napi_ok)
      return amiss(env);
  return made;
}

/* live(): how many things of the library nobody has given back, for tests */
static napi_value on_live(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value made;
  return napi_create_double(env, (double)tenantry_live_objects(), &made) == napi_ok ? made : amiss(env);
}

static bool exports_number(napi_env env, napi_value exports, const char *name, uint32_t number) {
  napi_value value;
  return napi_create_uint32(env, number, &value) == napi_ok && napi_set_named_property(env, exports, name, value) == napi_ok;
}

static bool exports_function(napi_env env, napi_value exports, const char *name, napi_callback calls) {
  napi_value value;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, calls, NULL, &value) == napi_ok &&
         napi_set_named_property(env, exports, name, value) == napi_ok;
}

NAPI_MODULE_INIT() {
  napi_value version;
  /* Of another ABI nothing else may be called; index.js says so. */
  if (!exports_number(env, exports, "abi", tenantry_abi_version()) || !exports_number(env, exports, "compiledFor", TENANTRY_ABI_VERSION) ||
      napi_create_string_utf8(env, tenantry_version(), NAPI_AUTO_LENGTH, &version) != napi_ok ||
      napi_set_named_property(env, exports, "version", version) != napi_ok || !exports_number(env, exports, "reasons", REASONS) ||
      !exports_function(env, exports, "open", on_open) || !exports_function(env, exports, "restore", on_restore) ||
      !exports_function(env, exports, "status", on_status) || !exports_function(env, exports, "live", on_live))
    return amiss(env);
  return exports;
}
