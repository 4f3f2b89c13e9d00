/* Read before, compared after: what a command would lead to is told first, then it is done, and both are the same. */

#include "journeys.h"

#include <string.h>

static cJSON *would(cJSON *actor, cJSON *command) { return query("preview", "actor", actor, "command", command); }

static int same_json(const cJSON *one, const cJSON *other) { return one == other || cJSON_Compare(one, other, 1); }

/* What a command would lead to. */
static void tell(stage *on, const cJSON *foretold) {
  remark(format("would happen: %s", happened(in(foretold, "events"), ", ")));
  each(notice, in(foretold, "notices")) {
    cJSON *to = keep(cJSON_CreateArray());
    each(one, in(notice, "to")) {
      cJSON_AddItemToArray(to, text(name_of(on, id_in(one, in(one, "user") ? "user" : "tenant"))));
    }
    if (cJSON_IsTrue(in(notice, "operator"))) cJSON_AddItemToArray(to, text("the operator"));
    remark(format("would be sent: %s → %s", text_in(in(notice, "kind"), "kind"), sorted(to, ", ")));
  }
  table *rows = table("who", "on", "would gain", "would lose");
  each(one, in(in(foretold, "rights"), "rows")) {
    row(rows, plain(name_of(on, id_in(one, "user"))), plain(name_of(on, id_in(one, "tenant"))),
        good(permissions(in(one, "gained"))), bad(permissions(in(one, "lost"))));
  }
  show(rows);
}

/* Whether somebody gains and loses what they were told to before. */
static int came_so(const cJSON *foretold, const cJSON *came) {
  each(one, came) {
    if (same_json(in(one, "user"), in(foretold, "user")) && same_json(in(one, "tenant"), in(foretold, "tenant"))) {
      return same_json(in(one, "gained"), in(foretold, "gained")) && same_json(in(one, "lost"), in(foretold, "lost"));
    }
  }
  return 0;
}

/* Reads what a command would lead to, gives it, and compares. */
static void twice(stage *on, cJSON *actor, const char *what, cJSON *command) {
  double before = (double)revision(on);
  const cJSON *foretold = ask(on, would(cJSON_Duplicate(actor, 1), cJSON_Duplicate(command, 1)));
  const cJSON *rows = in(in(foretold, "rights"), "rows");
  tell(on, foretold);
  does(on, actor, what, command);
  const cJSON *record = first_of(in(ask(on, query("host_records", "after", number(before))), "rows"));
  const cJSON *came = in(ask(on, query("host_access_changes", "after", number(before))), "rows");
  if (strcmp(happened(in(foretold, "events"), ", "), happened(in(record, "events"), ", ")) != 0) {
    stop("%s: other things happened than were told before", what);
  }
  each(one, rows) {
    if (!came_so(one, came)) stop("%s: somebody gains or loses other things than were told before", what);
  }
  holds(format("it came as it was told, of %d of %d who gain or lose", cJSON_GetArraySize(rows),
               cJSON_GetArraySize(came)));
}

/* The policy in force, by which groups are the customers' own. */
static cJSON *groups_are_theirs(stage *on) {
  cJSON *policy = cJSON_Duplicate(ask(on, object("query", text("policy"))), 1);
  cJSON_ReplaceItemInObjectCaseSensitive(policy, "name", text("groups-are-theirs"));
  cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(policy, "reserved"), text("groups.manage"));
  return policy;
}

/* A customer that is fully managed, and somebody of it who is locked out. */
static const cJSON *an_inn(stage *on, tenantry_id ada, tenantry_id northwind) {
  const char *email = "mila@inn.example";
  const cJSON *added = does(on, by(ada), "adds an inn, fully managed",
                            command("add_customer", "manager", id(northwind), "kind", text("customer"), "name",
                                    text("Inn am See"), "number", text("IN-400"), "management", text("fully"),
                                    "services", texts("manage")));
  name_it(on, id_in(added, "tenant"), "Inn am See");
  name_it(on, id_in(added, "link"), "Northwind IT → Inn am See");
  const cJSON *invited = does(on, by(ada), "invites Mila, to read there",
                              command("invite_user", "tenant", id(id_in(added, "tenant")), "invitee",
                                      object("email", text(email)), "role", text("read_only")));
  tenantry_id mila = id_in(invited, "user");
  name_it(on, mila, "Mila");
  does(on, by(mila), "accepts, and is locked out",
       command("accept_invitation", "invitation", id(id_in(invited, "invitation")), "email", text(email)));
  return added;
}

void preview(stage *on) {
  title("Read before, compared after");
  remark("Whoever may give a command may read first what it would lead to. Nothing happens by that.");

  heading("The cast");
  tenantry_id northwind = tenant(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "super_admin");
  user(on, "Ben", northwind, "ben@northwind.example", "admin");
  tenantry_id bakery = tenant(on, TENANTRY_KIND_CUSTOMER, "Bäckerei Klein", "BK-200");
  tenantry_id klara = user(on, "Klara", bakery, "klara@klein.example", "super_admin");
  tenantry_id karl = user(on, "Karl", bakery, "karl@klein.example", "read_only");
  introduce(on);

  heading("Linked");
  tenantry_id request = id_of(does(on, by(ada), "asks to manage BK-200 jointly",
                                   command("request_link", "manager", id(northwind), "number", text("BK-200"),
                                           "management", text("jointly"), "services", texts("manage"))));
  tenantry_id link = id_of(does(on, by(klara), "accepts", command("accept_link", "request", id(request))));
  name_it(on, link, "Northwind IT → Bäckerei Klein");

  heading("Whoever may not give it may not read it");
  uint64_t records = revision(on);
  may_not_ask(on, karl, "would like to read what a delink leads to",
              would(by(karl), command("request_delink", "link", id(link))));
  if (revision(on) != records) stop("a preview was recorded");
  holds("nothing was recorded, the refusal neither");

  heading("A tenant is disabled");
  twice(on, staff("SUP-4713"), "disables the bakery", command("disable_tenants", "tenants", ids(bakery)));
  does(on, staff("SUP-4713"), "enables it again", command("enable_tenants", "tenants", ids(bakery)));

  heading("A policy changes");
  twice(on, staff("SUP-4713"), "reserves groups for customers", command("set_policy", "policy", groups_are_theirs(on)));

  heading("A link is converted");
  const cJSON *inn = an_inn(on, ada, northwind);
  twice(on, by(ada), "converts the link to jointly managed",
        command("convert_link", "link", id(id_in(inn, "link")), "management", text("jointly"), "owner",
                object("name", text("Olaf"), "email", text("olaf@inn.example"))));

  heading("A link ends");
  does(on, by(klara), "asks to delink", command("request_delink", "link", id(link)));
  twice(on, by(ada), "accepts", command("accept_delink", "link", id(link)));

  heading("A tenant is deleted");
  twice(on, staff("SUP-4713"), "deletes the inn",
        command("delete_tenants", "tenants", ids(id_in(inn, "tenant")), "confirm", text("delete")));
  verify(on);
}
