/* Two processes write to one store, and are killed in the middle of it, one after the other, again and again: what either was told is
 * there, each has written one record more at most, and the journal holds. No step waits for a time: only for commits. On POSIX a writer
 * is a fork, so that it runs wherever this does; on Windows it is this program anew. */

#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "tenantry.h"

#define ROUNDS 5
#define ENOUGH 10

static const char *path;

static void stop(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void must(tenantry_status status, const char *what, tenantry_error *error) {
  if (status != TENANTRY_OK) stop(what, tenantry_error_message(error, NULL));
}

static tenantry_engine *open_store(void) {
  tenantry_options how = TENANTRY_OPTIONS_INIT;
  tenantry_engine *engine = NULL;
  tenantry_error *error = NULL;
  how.flags = TENANTRY_WAIT;
  how.wait_ms = 60000;
  must(tenantry_open_file(path, strlen(path), &how, &engine, &error), "open", error);
  return engine;
}

/* Writes records without end, and prints a letter when it is told of one. */
static void writes(void) {
  static const char request[] =
      "{\"execute\":{\"actor\":{\"operator\":{}},\"command\":{\"command\":\"register_tenant\",\"kind\":\"msp\",\"name\":\"One of many\"}}}";
  tenantry_engine *engine = open_store();
  for (;;) {
    tenantry_text reply;
    tenantry_error *error = NULL;
    must(tenantry_call(engine, request, sizeof request - 1, &reply, &error), "write", error);
    tenantry_text_free(&reply);
    if (putchar('+') == EOF || fflush(stdout) != 0) exit(1);
  }
}

/* ---- a process, what it prints, and its end ---- */

typedef struct {
#ifdef _WIN32
  HANDLE process, told;
#else
  pid_t process;
  int told;
#endif
} writer;

#ifdef _WIN32
static writer begin(const char *program) {
  writer it;
  char line[2048];
  HANDLE end;
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
  STARTUPINFOA how = {0};
  PROCESS_INFORMATION made;
  if (!CreatePipe(&it.told, &end, &inherited, 0)) stop("pipe", "cannot be made");
  SetHandleInformation(it.told, HANDLE_FLAG_INHERIT, 0);
  how.cb = sizeof how;
  how.dwFlags = STARTF_USESTDHANDLES;
  how.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
  how.hStdOutput = end;
  how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  snprintf(line, sizeof line, "\"%s\" \"%s\" writes", program, path);
  if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, &made)) stop("writer", "cannot be started");
  CloseHandle(made.hThread);
  CloseHandle(end);
  it.process = made.hProcess;
  return it;
}

static int next(writer *it) {
  char letter;
  DWORD read = 0;
  return ReadFile(it->told, &letter, 1, &read, NULL) && read == 1;
}

static void end(writer *it) {
  if (!TerminateProcess(it->process, 9)) stop("writer", "cannot be killed");
  WaitForSingleObject(it->process, INFINITE);
  CloseHandle(it->process);
}

static void forget(writer *it) { CloseHandle(it->told); }
#else
static writer begin(const char *program) {
  writer it;
  int ends[2];
  (void)program;
  if (pipe(ends) != 0) stop("pipe", "cannot be made");
  it.told = ends[0];
  it.process = fork();
  if (it.process < 0) stop("writer", "cannot be started");
  if (it.process == 0) {
    if (dup2(ends[1], STDOUT_FILENO) < 0) _exit(1);
    close(ends[0]);
    close(ends[1]);
    writes();
  }
  close(ends[1]);
  return it;
}

static int next(writer *it) {
  char letter;
  return read(it->told, &letter, 1) == 1;
}

static void end(writer *it) {
  int left = 0;
  if (kill(it->process, SIGKILL) != 0 || waitpid(it->process, &left, 0) != it->process) stop("writer", "cannot be killed");
  if (!WIFSIGNALED(left)) stop("writer", "had ended before it was killed");
}

static void forget(writer *it) { close(it->told); }
#endif

/* Waits until so many more records were acknowledged. */
static uint64_t wait_for(writer *it, uint64_t more) {
  uint64_t told = 0;
  while (told < more && next(it)) told++;
  if (told < more) stop("writer", "ended by itself");
  return told;
}

/* What a killed writer had been told and not yet been heard to say. */
static uint64_t rest(writer *it) {
  uint64_t told = 0;
  while (next(it)) told++;
  forget(it);
  return told;
}

/* The number of the last record, in a store that holds. */
static uint64_t last(void) {
  tenantry_engine *engine = open_store();
  tenantry_error *error = NULL;
  tenantry_text reply;
  uint64_t seq = 0;
  must(tenantry_refresh(engine, NULL, 0, &seq, &error), "refresh", error);
  must(tenantry_call(engine, TENANTRY_TEXT("{\"ask\":{\"query\":\"verify\"}}"), &reply, &error), "verify", error);
  if (strstr(reply.data, "\"journal\":\"holds\"") == NULL) stop("verify", reply.data);
  tenantry_text_free(&reply);
  tenantry_close(&engine);
  return seq;
}

int main(int count, char **arguments) {
  uint64_t before, after, told;
  int round;
  path = count > 1 ? arguments[1] : "kills.db";
  if (count > 2) writes();
  before = last();
  for (round = 1; round <= ROUNDS; round++) {
    writer one = begin(arguments[0]), other = begin(arguments[0]);
    told = wait_for(&one, ENOUGH + (uint64_t)round) + wait_for(&other, ENOUGH);
    end(&one);
    told += wait_for(&other, ENOUGH); /* goes on without the other */
    end(&other);
    told += rest(&one) + rest(&other);
    after = last();
    if (after < before + told || after > before + told + 2) {
      fprintf(stderr, "round %d: %" PRIu64 " records were acknowledged, and %" PRIu64 " are there\n", round, told, after - before);
      return 1;
    }
    before = after;
  }
  puts("ok");
  return 0;
}
