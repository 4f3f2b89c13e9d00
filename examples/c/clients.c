/* A multi-client with clients below it, under the policy `clients`: three authorizations, inherited and overridden; disable,
 * enable, delete. Never shows more of a tenant than the asking user may see. */

#include <ctype.h>
#include <string.h>

#include "journeys.h"

static cJSON *client(tenantry_id manager, const char *kind, const char *name, const char *number, const char *prefix,
                     cJSON *authorize) {
  return command("add_customer", "manager", id(manager), "kind", text(kind), "name", text(name), "number", text(number),
                 "prefix", text(prefix), "management", text("client"), "services", texts("manage"), "authorize",
                 authorize);
}

typedef struct authorized {
  tenantry_id user;
  const char *role;
} authorized;

/* Adds one of the Meridian clients; its prefix is its name in small letters. Up to two users are authorized at once. */
static tenantry_id add(stage *on, tenantry_id who, tenantry_id manager, const char *name, const char *number,
                       const char *kind, const authorized *users, size_t count) {
  char *prefix = (char *)format("%s", name);
  for (char *letter = prefix; *letter; letter++) *letter = *letter == ' ' ? '-' : (char)tolower((unsigned char)*letter);
  cJSON *authorize = list_of(NULL, 0);
  const char *what = format("adds %s", name);
  for (size_t place = 0; place < count; place++) {
    what = format("%s %s %s as %s", what, place ? "and" : "with", name_of(on, users[place].user), users[place].role);
    cJSON_AddItemToArray(authorize, object("user", id(users[place].user), "role", text(users[place].role)));
  }
  const cJSON *added = does(on, by(who), what, client(manager, kind, name, number, prefix, authorize));
  name_it(on, id_in(added, "tenant"), name);
  name_it(on, id_in(added, "link"), format("%s → %s", name_of(on, manager), name));
  return id_in(added, "tenant");
}

/* The role that decides for somebody somewhere, and the tenant it comes from when that is another one. */
static cell authorization(stage *on, tenantry_id who, tenantry_id where) {
  const cJSON *found = why(on, (question){who, TENANTRY_PERMISSION_TENANT_VIEW, where});
  const cJSON *grounds = in(found, "grounds");
  if (grounds == NULL) return faint("–");
  tenantry_id source = id_in(grounds, "tenant");
  const char *role = text_in(grounds, "role");
  if (!same(source, where)) role = format("%s ← %s", role, name_of(on, source));
  return cJSON_IsTrue(in(found, "allowed")) ? good(role) : bad(role);
}

static void authorizations(stage *on, const tenantry_id *users, const tenantry_id *places, size_t count) {
  table *rows = table("tenant", name_of(on, users[0]), name_of(on, users[1]), name_of(on, users[2]));
  for (const tenantry_id *at = places; at < places + count; at++) {
    row(rows, plain(name_of(on, *at)), authorization(on, users[0], *at), authorization(on, users[1], *at),
        authorization(on, users[2], *at));
  }
  show(rows);
}

static void results(stage *on, const cJSON *all) {
  each(it, all) {
    const char *changed = cJSON_IsTrue(in(it, "changed")) ? "changed" : "was so already";
    answer(format("%s: %s", name_of(on, id_in(it, "tenant")), changed));
  }
}

/* The tenants with their prefixes and how they are. */
static void pool(stage *on, const tenantry_id *places, size_t count) {
  table *rows = table("tenant", "number", "is", "prefix");
  for (const tenantry_id *at = places; at < places + count; at++) {
    const cJSON *it = entity(on, "tenant", *at);
    const char *prefix = text_or(it, "prefix", NULL);
    row(rows, plain(text_in(it, "name")), faint(text_in(it, "number")),
        in(it, "deleted") ? bad("deleted") : good(text_in(it, "operation")), prefix ? plain(prefix) : faint("–"));
  }
  show(rows);
}

static cJSON *delete(cJSON *tenants, const char *confirm) {
  return command("delete_tenants", "tenants", tenants, "confirm", text(confirm));
}

void clients(stage *on) {
  title("Clients below a multi-client");
  remark("Policy `clients`: no access, read-only or admin; inherited, unless something nearer says otherwise.");

  heading("The house");
  tenantry_id atlas = tenant(on, TENANTRY_KIND_MSP, "Atlas Services", "AT-1");
  tenantry_id ada = user(on, "Ada", atlas, "ada@atlas.example", "admin");
  tenantry_id cem = user(on, "Cem", atlas, "cem@atlas.example", "no_access");
  tenantry_id dora = user(on, "Dora", atlas, "dora@atlas.example", "no_access");
  introduce(on);
  const authorized both[] = {{cem, "admin"}, {dora, "read_only"}}, reader[] = {{cem, "read_only"}};
  tenantry_id group = add(on, ada, atlas, "Meridian Group", "AT-10", "msp", both, 2);
  tenantry_id paris = add(on, ada, group, "Meridian Paris", "AT-11", "customer", NULL, 0);
  tenantry_id osaka = add(on, ada, group, "Meridian Osaka", "AT-12", "customer", reader, 1);
  tenantry_id quito = add(on, ada, group, "Meridian Quito", "AT-13", "customer", NULL, 0);

  heading("Who holds what, and from where");
  const tenantry_id users[] = {ada, cem, dora};
  tenantry_id places[] = {atlas, group, paris, osaka, quito, {{0}}, {{0}}};
  authorizations(on, users, places, 5);
  remark("Cem is admin of the group and only reads in Osaka: what is nearest wins.");
  does(
      on, by(ada), "keeps Dora out of Paris",
      command("assign", "assignments", list(object("user", id(dora), "tenant", id(paris), "role", text("no_access")))));
  places[5] = add(on, cem, group, "Meridian Lima", "AT-14", "customer", NULL, 0);
  remark("Lima came later and is covered all the same.");
  authorizations(on, users, places, 6);
  tries(on, by(dora), "looks for more than she may do", command("disable_tenants", "tenants", ids(quito)));
  tries(on, by(dora), "tries Paris, which she cannot see", command("disable_tenants", "tenants", ids(paris)));

  heading("Disable and enable");
  watch *rights = watch_for({cem, "devices.manage", group}, {cem, "devices.manage", paris},
                            {cem, "tenant.operate", paris}, {cem, "devices.manage", quito});
  moment(rights, on, "enabled");
  results(on,
          does(on, by(cem), "disables the group and Paris", command("disable_tenants", "tenants", ids(group, paris))));
  moment(rights, on, "disabled");
  remark("Quito is below the group and not disabled with it.");
  results(on, does(on, by(cem), "disables Paris and Quito", command("disable_tenants", "tenants", ids(paris, quito))));
  results(on, does(on, by(cem), "enables all three", command("enable_tenants", "tenants", ids(group, paris, quito))));
  moment(rights, on, "enabling");
  tries(on, by(cem), "disables Quito while it comes up", command("disable_tenants", "tenants", ids(quito)));
  const tenantry_id rising[] = {group, paris, quito};
  for (size_t place = 0; place < COUNT(rising); place++) {
    does(on, staff(NULL), format("reports %s ready", name_of(on, rising[place])),
         command("report_ready", "tenant", id(rising[place])));
  }
  moment(rights, on, "ready");
  show_rights(rights, on);

  heading("Delete, and the prefix returns to the pool");
  pool(on, places, 6);
#define SAKAI client(group, "customer", "Sakai Works", "AT-21", "meridian-osaka", NULL)
  tries(on, by(ada), "adds Sakai Works at meridian-osaka", SAKAI);
  tries(on, by(ada), "deletes Osaka, typing Delete", delete(ids(osaka), "Delete"));
  tries(on, by(ada), "deletes the group", delete(ids(group), "delete"));
  results(on, does(on, by(ada), "deletes Osaka", delete(ids(osaka), "delete")));
  places[6] = id_in(does(on, by(ada), "adds Sakai Works at meridian-osaka", SAKAI), "tenant");
  name_it(on, places[6], "Sakai Works");
  pool(on, places, 7);
  results(on, does(on, by(ada), "deletes the group with everything below it",
                   command("delete_tenants", "tenants", ids(group), "confirm", text("delete"), "cascade",
                           cJSON_CreateTrue())));
  pool(on, places, 7);
  remark("Numbers stay with their tombstones for good; only prefixes come back.");
  verify(on);
}
