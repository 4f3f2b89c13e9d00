#define _XOPEN_SOURCE 700

#include "other.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journeys.h"

const char *program;

void start(other *it, const char *path) {
  int in[2], out[2];
  const char *also = getenv("JOURNEYS_SECOND");
  /* A second process that has ended is told by what it does not answer. */
  signal(SIGPIPE, SIG_IGN);
  fflush(stdout);
  if (pipe(in) != 0 || pipe(out) != 0 || (it->process = fork()) < 0) stop("a second process cannot be started");
  if (it->process == 0) {
    /* Nothing of the parent's engine is used between fork and exec. */
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    for (int place = 0; place < 2; place++) close(in[place]), close(out[place]);
    execlp(also ? also : program, also ? also : program, SECOND, path, (char *)NULL);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  it->input = fdopen(in[1], "w");
  it->output = fdopen(out[0], "r");
  if (it->input == NULL || it->output == NULL) stop("the second process cannot be talked to");
}

void tell(other *it, const stage *on, const char *what) {
  fprintf(it->input, "%" PRId64 " %s\n", on->now, what);
  if (fflush(it->input) != 0) stop("the second process has ended");
}

const char *answered(other *it) {
  char line[512];
  if (fgets(line, sizeof line, it->output) == NULL) stop("the second process has ended");
  return format("%.*s", (int)strcspn(line, "\n"), line);
}

const char *ask_other(other *it, const stage *on, const char *what) {
  tell(it, on, what);
  return answered(it);
}

void end(other *it) {
  int status;
  fclose(it->input);
  fclose(it->output);
  if (waitpid(it->process, &status, 0) != it->process || status != 0) stop("the second process failed");
}

void end_badly(other *it) {
  kill(it->process, SIGKILL);
  fclose(it->input);
  fclose(it->output);
  if (waitpid(it->process, NULL, 0) != it->process) stop("the second process is still there");
}
