/* Two copies of libtenantry in one process, each with an SQLite of its own, write to one file, while it is also merely opened and
 * closed: two_copies ONE.so OTHER.so. Each must see the locks of the other, and nobody may lose any. On Windows they are DLLs. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include "tenantry.h"

enum { COPIES = 2, COMMITS = 60 };
#define FILE_NAME "shared.db"
#define VERIFY "{\"ask\":{\"query\":\"verify\"}}"
#define REGISTER "{\"execute\":{\"actor\":{\"operator\":{}},\"command\":{\"command\":\"register_tenant\",\"kind\":\"msp\",\"name\":\"N\"}}}"

typedef tenantry_status open_file(const char *, size_t, const tenantry_options *, tenantry_engine **, tenantry_error **);
typedef tenantry_status call(tenantry_engine *, const char *, size_t, tenantry_text *, tenantry_error **);
typedef const char *error_message(const tenantry_error *, size_t *);
typedef tenantry_status text_free(tenantry_text *);
typedef tenantry_status close_engine(tenantry_engine **);

struct copy {
  open_file *open_file;
  call *call;
  error_message *error_message;
  text_free *text_free;
  close_engine *close;
  const char *path;
  tenantry_engine *engine;
};

#ifdef _WIN32
typedef HMODULE library;
typedef FARPROC address;
static library load_library(const char *path) { return LoadLibraryA(path); }
static address find(library it, const char *name) { return GetProcAddress(it, name); }
#else
typedef void *library;
typedef void *address;
static library load_library(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
static address find(library it, const char *name) { return dlsym(it, name); }
#endif

static address function(library it, const char *name) {
  address found = find(it, name);
  if (found == NULL) {
    fprintf(stderr, "%s is not in it\n", name);
    exit(1);
  }
  return found;
}

static void load(struct copy *copy, const char *path) {
  library it = load_library(path);
  address found;
  if (it == NULL) {
    fprintf(stderr, "%s cannot be loaded\n", path);
    exit(1);
  }
/* C knows no way from an object's address to a function's but its bytes. */
#define LOAD(field, name) (found = function(it, name), memcpy(&copy->field, &found, sizeof found))
  LOAD(open_file, "tenantry_open_file");
  LOAD(call, "tenantry_call");
  LOAD(error_message, "tenantry_error_message");
  LOAD(text_free, "tenantry_text_free");
  LOAD(close, "tenantry_close");
  copy->path = path;
}

static void stop(const struct copy *copy, const tenantry_error *error) {
  fprintf(stderr, "%s: %s\n", copy->path, copy->error_message(error, NULL));
  exit(1);
}

static void open_engine(struct copy *copy) {
  tenantry_error *error = NULL;
  if (copy->open_file(FILE_NAME, strlen(FILE_NAME), NULL, &copy->engine, &error) != TENANTRY_OK) stop(copy, error);
}

static void *write_all(void *context) {
  struct copy *copy = (struct copy *)context;
  int turn;
  for (turn = 0; turn < COMMITS; turn++) {
    tenantry_error *error = NULL;
    tenantry_text reply;
    if (copy->call(copy->engine, REGISTER, strlen(REGISTER), &reply, &error) != TENANTRY_OK) stop(copy, error);
    copy->text_free(&reply);
    /* Comes and goes now and then, too. */
    if (turn % 16 == 15) {
      copy->close(&copy->engine);
      open_engine(copy);
    }
  }
  return NULL;
}

static void touch(const char *name) {
  FILE *file = fopen(name, "rb");
  if (file != NULL) fclose(file);
}

int main(int count, char **arguments) {
  struct copy copies[COPIES];
  pthread_t threads[COPIES];
  char wanted[32];
  int place, turn;

  if (count != COPIES + 1) return 2;
  for (place = 0; place < COPIES; place++) load(&copies[place], arguments[place + 1]);
  if (copies[0].call == copies[1].call) {
    fputs("these are one copy\n", stderr);
    return 1;
  }
  for (place = 0; place < COPIES; place++) open_engine(&copies[place]);
  for (place = 0; place < COPIES; place++) {
    if (pthread_create(&threads[place], NULL, write_all, &copies[place]) != 0) return 1;
  }
  for (turn = 0; turn < 20 * COMMITS; turn++) {
    touch(FILE_NAME);
    touch(FILE_NAME "-shm");
  }
  for (place = 0; place < COPIES; place++) pthread_join(threads[place], NULL);

  /* The token says how many records there are; the first is the store's own. */
  snprintf(wanted, sizeof wanted, ".%d.", COPIES * COMMITS + 1);
  for (place = 0; place < COPIES; place++) {
    tenantry_error *error = NULL;
    tenantry_text reply;
    if (copies[place].call(copies[place].engine, VERIFY, strlen(VERIFY), &reply, &error) != TENANTRY_OK) stop(&copies[place], error);
    if (strstr(reply.data, "\"holds\"") == NULL || strstr(reply.data, wanted) == NULL) {
      fprintf(stderr, "%s, and not %s\n", reply.data, wanted);
      return 1;
    }
    copies[place].text_free(&reply);
    copies[place].close(&copies[place].engine);
  }
  puts("ok");
  return 0;
}
