#include "json.h"

#include <stdarg.h>
#include <string.h>

static cJSON *must(cJSON *made) {
  if (made == NULL) stop("there is no memory left");
  return made;
}

cJSON *object_of(const char *name, ...) {
  cJSON *made = must(cJSON_CreateObject());
  va_list members;
  va_start(members, name);
  while (name != NULL) {
    cJSON *value = va_arg(members, cJSON *);
    if (value != NULL && !cJSON_AddItemToObject(made, name, value)) stop("there is no memory left");
    name = va_arg(members, const char *);
  }
  va_end(members);
  return made;
}

cJSON *text(const char *value) { return value == NULL ? NULL : must(cJSON_CreateString(value)); }
cJSON *number(double value) { return must(cJSON_CreateNumber(value)); }
cJSON *id(tenantry_id value) { return text(written(value)); }

cJSON *list_of(cJSON *const *values, size_t count) {
  cJSON *made = must(cJSON_CreateArray());
  for (size_t place = 0; place < count; place++) cJSON_AddItemToArray(made, values[place]);
  return made;
}

cJSON *texts_of(const char *const *values, size_t count) {
  cJSON *made = list_of(NULL, 0);
  for (size_t place = 0; place < count; place++) cJSON_AddItemToArray(made, text(values[place]));
  return made;
}

cJSON *ids_of(const tenantry_id *values, size_t count) {
  cJSON *made = list_of(NULL, 0);
  for (size_t place = 0; place < count; place++) cJSON_AddItemToArray(made, id(values[place]));
  return made;
}

const cJSON *first_of(const cJSON *list) { return list == NULL ? NULL : list->child; }

const cJSON *in(const cJSON *object, const char *name) {
  const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
  return cJSON_IsNull(found) ? NULL : found;
}

const char *text_of(const cJSON *value) {
  if (!cJSON_IsString(value)) stop("a text is missing");
  return value->valuestring;
}

const char *text_in(const cJSON *object, const char *name) {
  if (!cJSON_IsString(in(object, name))) stop("`%s` is no text", name);
  return in(object, name)->valuestring;
}

const char *text_or(const cJSON *object, const char *name, const char *otherwise) {
  return in(object, name) == NULL ? otherwise : text_in(object, name);
}

double number_in(const cJSON *object, const char *name) {
  if (!cJSON_IsNumber(in(object, name))) stop("`%s` is no number", name);
  return in(object, name)->valuedouble;
}

tenantry_id id_of(const cJSON *value) {
  const char *digits = text_of(value);
  tenantry_id read;
  if (tenantry_id_parse(digits, strlen(digits), &read, NULL) != TENANTRY_OK) stop("`%s` is no id", digits);
  return read;
}

tenantry_id id_in(const cJSON *object, const char *name) { return id_of(in(object, name)); }

const char *written(tenantry_id value) {
  char digits[TENANTRY_ID_TEXT];
  tenantry_id_write(&value, digits);
  return format("%s", digits);
}

int same(tenantry_id one, tenantry_id other) { return memcmp(&one, &other, sizeof one) == 0; }
