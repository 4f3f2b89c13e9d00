/* What a story makes along the way, texts and JSON, lives until the story ends and is freed all at once. Good for a program that
 * tells one story and exits; a server frees each thing where it is done with it. Never used by two threads. */

#ifndef KEEP_H
#define KEEP_H

#include <cjson/cJSON.h>

/* A text made as by printf. */
const char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

/* Takes over a tree that nobody else frees, and hands it back. */
cJSON *keep(cJSON *tree);

/* Frees everything. */
void forget(void);

/* Stops the program: something did not go as the story says. */
void stop(const char *pattern, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Memory, or the end of the program. */
void *room(void *old, size_t bytes);

#endif
