/* A second process on the same file, as the first sees it: a line goes in, a line comes out. What is in them is the same in every
 * language; `second` in processes.c is the other end. */

#ifndef OTHER_H
#define OTHER_H

#include <stdio.h>
#include <sys/types.h>

#include "stage.h"

typedef struct other {
  pid_t process;
  FILE *input, *output;
} other;

/* Starts the program that JOURNEYS_SECOND names, or else this one, as the second on that file. */
void start(other *it, const char *path);
/* Tells it what to do and at what time; its answer; both. */
void tell(other *it, const stage *on, const char *what);
const char *answered(other *it);
const char *ask_other(other *it, const stage *on, const char *what);
/* Lets it end. */
void end(other *it);
/* Kills it wherever it is. */
void end_badly(other *it);

#endif
