#include "keep.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct kept {
  struct kept *next;
  char *text;
  cJSON *tree;
} *everything;

static void add(char *text, cJSON *tree) {
  struct kept *one = room(NULL, sizeof *one);
  one->next = everything;
  one->text = text;
  one->tree = tree;
  everything = one;
}

void *room(void *old, size_t bytes) {
  void *made = realloc(old, bytes);
  if (made == NULL) stop("there is no memory left");
  return made;
}

const char *format(const char *pattern, ...) {
  va_list these, again;
  va_start(these, pattern);
  va_copy(again, these);
  int length = vsnprintf(NULL, 0, pattern, these);
  if (length < 0) stop("`%s` cannot be filled in", pattern);
  char *text = room(NULL, (size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, pattern, again);
  va_end(again);
  va_end(these);
  add(text, NULL);
  return text;
}

cJSON *keep(cJSON *tree) {
  if (tree == NULL) stop("this is no JSON, or there is no memory left");
  add(NULL, tree);
  return tree;
}

void forget(void) {
  while (everything != NULL) {
    struct kept *one = everything;
    everything = one->next;
    free(one->text);
    cJSON_Delete(one->tree);
    free(one);
  }
}

void stop(const char *pattern, ...) {
  va_list these;
  va_start(these, pattern);
  fflush(stdout);
  fputs("tenantry-journeys: ", stderr);
  vfprintf(stderr, pattern, these);
  fputc('\n', stderr);
  va_end(these);
  exit(EXIT_FAILURE);
}
