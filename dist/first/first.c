/* The first program: an MSP, one of its people, a customer, and a check. It keeps them in the file that is named. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenantry.h>

static tenantry_engine *engine;

static void must(tenantry_status status, tenantry_error *error) {
  if (status == TENANTRY_OK) return;
  fprintf(stderr, "%s: %s\n", tenantry_status_name(status), tenantry_error_message(error, NULL));
  exit(1);
}

static void call(const char *request) {
  tenantry_error *error = NULL;
  tenantry_text reply;
  must(tenantry_call(engine, request, strlen(request), &reply, &error), error);
  tenantry_text_free(&reply);
}

#define MSP "01000000-0000-0000-0000-000000000001"
#define ADA "01000000-0000-0000-0000-000000000002"
#define BAKERY "01000000-0000-0000-0000-000000000003"

int main(int count, char **arguments) {
  const char *path = count > 1 ? arguments[1] : "first.db";
  tenantry_error *error = NULL;
  tenantry_verdict verdict;
  tenantry_id ada, bakery;

  must(tenantry_open_file(path, strlen(path), NULL, &engine, &error), error);
  call("{\"execute\": {\"actor\": {\"operator\": {}}, \"command\": {\"command\": \"register_tenant\", \"kind\": \"msp\","
       " \"name\": \"Northwind IT\", \"tenant\": \"" MSP "\"}}}");
  call("{\"execute\": {\"actor\": {\"operator\": {}}, \"command\": {\"command\": \"register_user\", \"home\": \"" MSP "\","
       " \"email\": \"ada@northwind.example\", \"role\": \"super_admin\", \"user\": \"" ADA "\"}}}");
  call("{\"execute\": {\"actor\": {\"user\": \"" ADA "\"}, \"command\": {\"command\": \"add_customer\", \"manager\": \"" MSP "\","
       " \"kind\": \"customer\", \"name\": \"Bakery Klein\", \"management\": \"fully\", \"services\": [\"manage\"],"
       " \"tenant\": \"" BAKERY "\"}}}");

  must(tenantry_id_parse(TENANTRY_TEXT(ADA), &ada, &error), error);
  must(tenantry_id_parse(TENANTRY_TEXT(BAKERY), &bakery, &error), error);
  must(tenantry_check(engine, &ada, TENANTRY_TEXT(TENANTRY_PERMISSION_DEVICES_MANAGE), &bakery, NULL, 0, &verdict, &error), error);
  printf("tenantry %s: Ada %s manage the devices of Bakery Klein\n", tenantry_version(), verdict.allowed ? "may" : "may not");
  tenantry_close(&engine);
  return verdict.allowed ? 0 : 1;
}
