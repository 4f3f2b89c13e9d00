/* JSON in few words: objects, lists and ids to send, and what came back to read. The trees are cJSON's. */

#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <tenantry.h>

#include "keep.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* An object of names and values in turn: object("link", id(link), "services", texts("manage")). A value that is NULL is
 * left out, with its name. */
#define object(...) object_of(__VA_ARGS__, (const char *)NULL)
cJSON *object_of(const char *name, ...);

/* A command, or a query, by its name, with its fields. */
#define command(name, ...) object("command", text(name), __VA_ARGS__)
#define query(name, ...) object("query", text(name), __VA_ARGS__)

/* NULL stays NULL. */
cJSON *text(const char *value);
cJSON *number(double value);
cJSON *id(tenantry_id value);

/* Lists of texts and of ids. */
#define texts(...) texts_of((const char *const[]){__VA_ARGS__}, COUNT(((const char *const[]){__VA_ARGS__})))
#define ids(...) ids_of((const tenantry_id[]){__VA_ARGS__}, COUNT(((const tenantry_id[]){__VA_ARGS__})))
#define list(...) list_of((cJSON *[]){__VA_ARGS__}, COUNT(((cJSON *[]){__VA_ARGS__})))
cJSON *texts_of(const char *const *values, size_t count);
cJSON *ids_of(const tenantry_id *values, size_t count);
cJSON *list_of(cJSON *const *values, size_t count);

/* Goes through a list, which may be NULL. */
#define each(item, list) for (const cJSON *item = first_of(list); item != NULL; item = item->next)
const cJSON *first_of(const cJSON *list);

/* A member; NULL where there is none, or it is null. */
const cJSON *in(const cJSON *object, const char *name);
/* A text that has to be there. */
const char *text_in(const cJSON *object, const char *name);
/* A text, or else another. */
const char *text_or(const cJSON *object, const char *name, const char *otherwise);
double number_in(const cJSON *object, const char *name);
tenantry_id id_in(const cJSON *object, const char *name);

/* The text itself, the id itself. */
const char *text_of(const cJSON *value);
tenantry_id id_of(const cJSON *value);

/* An id as it is written. */
const char *written(tenantry_id value);
int same(tenantry_id one, tenantry_id other);

#endif
