/* A technician is given more for two hours, and for a night to come. Time alone ends it; nobody has to remember. Then they may
 * take more by themselves, when they need it and with a reason. */

#include "journeys.h"

/* An admin of the bakery, from and until then, or for good. */
static cJSON *admin(tenantry_id who, tenantry_id where, const char *starts, const char *ends) {
  return command("assign", "assignments", list(object("user", id(who), "tenant", id(where), "role", text("admin"))),
                 "starts", text(starts), "ends", text(ends));
}

/* The same as something that they have to activate. */
static cJSON *may_be_admin(tenantry_id who, tenantry_id where, const char *ends) {
  cJSON *given = admin(who, where, NULL, ends);
  cJSON_AddTrueToObject(given, "eligible");
  return given;
}

/* By which role somebody may manage devices, and for how long. */
static void why_of(stage *on, tenantry_id who, tenantry_id where) {
  const cJSON *grounds = in(why(on, (question){who, TENANTRY_PERMISSION_DEVICES_MANAGE, where}), "grounds");
  const char *ends = text_or(grounds, "ends", NULL);
  remark(format("%s may manage devices there: by the role %s on %s, %s.", name_of(on, who), text_in(grounds, "role"),
                name_of(on, id_in(grounds, "tenant")), ends ? format("until %s", clock_face(ends)) : "for good"));
}

/* Who has access to a tenant for a while, as somebody is told. */
static void listed(stage *on, tenantry_id actor, tenantry_id where) {
  table *rows = table("who", "role", "how", "from", "until", "now");
  each(one, in(ask(on, query("temporary_access", "actor", by(actor), "tenant", id(where))), "rows")) {
    const char *who = in(one, "user") ? name_of(on, id_in(one, "user"))
                                      : format("somebody of %s", name_of(on, id_in(one, "home")));
    const char *how = cJSON_IsTrue(in(one, "eligible"))    ? "eligible"
                      : cJSON_IsTrue(in(one, "activated")) ? "activated"
                                                           : "given";
    row(rows, plain(who), plain(text_in(one, "role")), plain(how), faint(clock_face(text_in(one, "starts"))),
        faint(clock_face(text_in(one, "ends"))), cJSON_IsTrue(in(one, "decides")) ? good("yes") : faint("–"));
  }
  show(rows);
}

/* What somebody may activate, as they are told. */
static void eligible(stage *on, tenantry_id actor) {
  table *rows = table("on", "role", "from", "until", "active until");
  each(one, in(ask(on, query("eligible_roles", "actor", by(actor))), "rows")) {
    const char *active = text_or(one, "active_until", NULL);
    row(rows, plain(name_of(on, id_in(one, "tenant"))), plain(text_in(one, "role")),
        faint(clock_face(text_in(one, "starts"))), faint(clock_face(text_in(one, "ends"))),
        active ? good(clock_face(active)) : faint("–"));
  }
  show(rows);
}

/* The policy in force, by which no role on another tenant than one's own is for good. */
static cJSON *for_a_while(stage *on) {
  cJSON *policy = cJSON_Duplicate(ask(on, object("query", text("policy"))), 1);
  cJSON_ReplaceItemInObjectCaseSensitive(policy, "name", text("for-a-while"));
  cJSON_AddItemToObject(policy, "temporary", object("required", cJSON_CreateTrue(), "max_days", number(30)));
  return policy;
}

void elevation(stage *on) {
  title("Elevation: a technician's two hours");
  remark("A role may be given for a while. Time alone ends it; nobody has to remember.");

  heading("The cast");
  tenantry_id northwind = tenant(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "super_admin");
  tenantry_id tom = user(on, "Tom", northwind, "tom@northwind.example", "read_only");
  tenantry_id bakery = tenant(on, TENANTRY_KIND_CUSTOMER, "Bäckerei Klein", "BK-200");
  tenantry_id klara = user(on, "Klara", bakery, "klara@klein.example", "super_admin");
  introduce(on);

  heading("Linked");
  tenantry_id request = id_of(does(on, by(ada), "asks to manage BK-200 jointly",
                                   command("request_link", "manager", id(northwind), "number", text("BK-200"),
                                           "management", text("jointly"), "services", texts("manage"))));
  tenantry_id link = id_of(does(on, by(klara), "accepts", command("accept_link", "request", id(request))));
  name_it(on, link, "Northwind IT → Bäckerei Klein");

  heading("Nothing for good, away from home");
  does(on, staff("SUP-4713"), "wants an end of every such role", command("set_policy", "policy", for_a_while(on)));
  tries(on, by(ada), "makes Tom an admin of the bakery for good", admin(tom, bakery, NULL, NULL));

  heading("Two hours");
  watch *rights = watch_for({tom, "devices.view", bakery}, {tom, "devices.manage", bakery},
                            {tom, "tenant.edit", bakery}, {ada, "devices.manage", bakery});
  follow(rights, link);
  moment(rights, on, "before");
  does(on, by(ada), "makes Tom an admin of the bakery until 10:30", admin(tom, bakery, NULL, "2026-03-02T10:30:00Z"));
  moment(rights, on, "given");
  why_of(on, tom, bakery);
#define EDIT_WEBSITE command("edit_tenant", "tenant", id(bakery), "website", text("https://klein.example"))
  does(on, by(tom), "enters the bakery's website", EDIT_WEBSITE);
  tries(on, by(tom), "gives himself a week of it", admin(tom, bakery, NULL, "2026-03-09T10:30:00Z"));

  heading("A night to come");
  does(on, by(ada), "makes him one for the night of Saturday, too",
       admin(tom, bakery, "2026-03-07T22:00:00Z", "2026-03-08T02:00:00Z"));
  remark("Who has access for a while, as Ada reads it:");
  listed(on, ada, bakery);
  remark("As Klara does, who is told of Northwind's people as their organisation:");
  listed(on, klara, bakery);

  heading("Half past ten comes, and Saturday");
  hours_pass(on, 2);
  moment(rights, on, "over");
  tries(on, by(tom), "edits the website once more", EDIT_WEBSITE);
  days_pass(on, 5);
  hours_pass(on, 12);
  moment(rights, on, "Saturday night");
  does(on, by(ada), "takes it back before its end",
       command("unassign", "assignments", list(object("user", id(tom), "tenant", id(bakery))), "ends",
               text("2026-03-08T02:00:00Z")));
  moment(rights, on, "taken back");

  heading("Who could do what, and when");
  show_rights(rights, on);

  heading("Eligible for three weeks");
  does(on, by(ada), "lets Tom be an admin of the bakery whenever he needs it",
       may_be_admin(tom, bakery, "2026-03-28T22:00:00Z"));
  remark("What Tom may activate, as he reads it:");
  eligible(on, tom);
  watch *own = watch_for({tom, "tenant.view", bakery}, {tom, "devices.manage", bakery});
  moment(own, on, "eligible");
#define ACTIVATE(minutes, reason) \
  command("activate", "tenant", id(bakery), "role", text("admin"), "minutes", number(minutes), "reason", text(reason))
  tries(on, by(tom), "activates it for nine hours", ACTIVATE(540, "TCK-4711: mail is down"));
  const cJSON *active =
      does(on, by(tom), "activates it for two hours", ACTIVATE(120, "TCK-4711: mail is down"));
  remark(format("It is active until %s.", clock_face(text_in(active, "ends"))));
  moment(own, on, "active");
  why_of(on, tom, bakery);
  eligible(on, tom);
  does(on, by(tom), "is done, and gives it back",
       command("deactivate", "tenant", id(bakery), "role", text("admin")));
  moment(own, on, "given back");

  heading("A sanction lies over it");
  does(on, by(tom), "activates it once more", ACTIVATE(60, "TCK-4712: a till is stuck"));
  does(on, by(ada), "keeps Tom off the bakery for a week",
       command("assign", "assignments",
               list(object("user", id(tom), "tenant", id(bakery), "role", text("no_access"))), "ends",
               text("2026-03-14T22:00:00Z")));
  moment(own, on, "kept off");
  does(on, by(tom), "activates it again, to no avail", ACTIVATE(60, "TCK-4712: a till is stuck"));
  moment(own, on, "still so");
  listed(on, ada, bakery);

  heading("What Tom could do, and when");
  show_rights(own, on);

  heading("What the journal holds");
  history(on);
  verify(on);
}
