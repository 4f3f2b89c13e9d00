/* Who is told what: service mail and alerts under each way of being managed; and consoles, a shared collector and a licence, before
 * and after a delink. Never sends an alert: it asks whom it would go to. */

#include <string.h>

#include "journeys.h"

/* The three devices that the bakery holds. */
#define DEVICES "SN-2026/0001", "SN-2026/0002", "SN-2026/0003"

/* The default policy, and where the console of one service is. */
const char *alerts_policy(void) {
  stage on;
  stage_memory(&on);
  cJSON *policy = cJSON_Duplicate(ask(&on, object("query", text("policy"))), 1);
  cJSON_DeleteItemFromObjectCaseSensitive(policy, "consoles");
  cJSON_AddItemToObject(policy, "consoles", object("manage", text("https://manage.example/console/{number}")));
  stage_clear(&on);
  char *json = cJSON_PrintUnformatted(keep(policy));
  const char *kept = format("%s", json);
  cJSON_free(json);
  return kept;
}

static cJSON *assign(tenantry_id who, tenantry_id where, tenantry_id role) {
  return command("assign", "assignments", list(object("user", id(who), "tenant", id(where), "role", id(role))));
}

static cJSON *battery(tenantry_id tenant, cJSON *additional) {
  return command("set_alert_rule", "tenant", id(tenant), "category", text("battery"), "audience",
                 text("group_managers"), "additional", additional);
}

static cJSON *console(tenantry_id tenant, const char *service, const char *place) {
  return command("open_console", "tenant", id(tenant), "service", text(service), "return_to", text(place));
}

static cJSON *seats(const char *verb, tenantry_id licence, cJSON *devices) {
  return command(verb, "licence", id(licence), "devices", devices);
}

/* A manager asks a customer, and the customer says yes. */
static tenantry_id link_as(stage *on, tenantry_id asks, tenantry_id manager, tenantry_id answers, const char *number,
                           const char *management) {
  const cJSON *request = does(on, by(asks), format("asks to manage %s %s", number, management),
                              command("request_link", "manager", id(manager), "number", text(number), "management",
                                      text(management), "services", texts("manage")));
  return id_of(does(on, by(answers), "accepts", command("accept_link", "request", id(id_of(request)))));
}

/* ---- whom everything goes to ---- */

/* Now, or as of a record. */
static const char *service_mail(stage *on, tenantry_id tenant, cJSON *as_of) {
  return recipients(on, ask(on, query("service_mail", "tenant", id(tenant), "as_of", as_of)));
}

static const char *alerts_of(stage *on, tenantry_id tenant, const char *category, cJSON *as_of) {
  return recipients(
      on, ask(on, query("alert_recipients", "tenant", id(tenant), "category", text(category), "as_of", as_of)));
}

typedef struct managed {
  const char *how;
  tenantry_id tenant;
} managed;

static void routes(stage *on, const managed *tenants, size_t count) {
  table *rows =
      table("tenant", "managed", "service mail", "security alerts\n(all admins)", "battery alerts\n(group managers)");
  for (const managed *it = tenants; it < tenants + count; it++) {
    row(rows, plain(name_of(on, it->tenant)), faint(it->how), plain(service_mail(on, it->tenant, NULL)),
        plain(alerts_of(on, it->tenant, "security", NULL)), plain(alerts_of(on, it->tenant, "battery", NULL)));
  }
  show(rows);
}

/* What a console is opened with. */
static void tell_console(const cJSON *opened) {
  answer(format("at %s, to return to %s", text_or(opened, "address", "nowhere"), text_in(opened, "return_to")));
}

/* What the last command led to, all in its one record. */
static void in_one_record(stage *on) {
  each(record, in(ask(on, query("host_records", "after", number((double)revision(on) - 1))), "rows")) {
    answer(format("in one record: %s", happened(in(record, "events"), ", ")));
  }
}

/* ---- every console session, and how it ended ---- */

typedef struct session {
  const char *id, *who, *whose, *opened, *until, *how;
} session;

static void sessions(stage *on) {
  session all[32];
  size_t many = 0;
  each(record, in(ask(on, query("host_records", "paging", object("limit", number(1000)))), "rows")) {
    const char *at = clock_face(text_in(record, "at"));
    each(event, in(record, "events")) {
      const char *what = text_in(event, "event");
      int closed = strcmp(what, "session_closed") == 0, ended = strcmp(what, "session_ended") == 0;
      if (strcmp(what, "session_opened") == 0) {
        if (many == COUNT(all)) stop("there are too many sessions");
        all[many++] = (session){text_in(event, "session"),
                                name_of(on, id_in(event, "user")),
                                name_of(on, id_in(event, "tenant")),
                                at,
                                "–",
                                "open"};
      }
      for (session *it = all; (closed || ended) && it < all + many; it++) {
        if (strcmp(it->id, text_in(event, "session")) != 0) continue;
        it->until = at;
        it->how = closed ? "closed" : format("ended by %s", text_in(record, "command"));
      }
    }
  }
  table *rows = table("who", "whose console", "opened", "until", "how it ended");
  for (const session *it = all; it < all + many; it++) {
    row(rows, plain(it->who), plain(it->whose), plain(it->opened),
        strcmp(it->until, "–") ? plain(it->until) : faint(it->until), plain(it->how));
  }
  show(rows);
}

/* ---- what there was before the record of the delink, and what there is after it ---- */

typedef struct parting {
  tenantry_id ben, bakery, joint;
} parting;

/* Entities of the bakery, as of a record. */
static const cJSON *of(stage *on, const char *kind, const parting *it, double seq) {
  return in(ask(on, query("host_entities", "kind", text(kind), "tenant", id(it->bakery), "as_of", number(seq))), "rows");
}

/* The users whom some entities name; of sessions, only the open ones. */
static const char *users_of(stage *on, const cJSON *entities) {
  cJSON *users = keep(list_of(NULL, 0));
  each(one, entities) {
    if (!in(in(one, "entity"), "closed")) cJSON_AddItemToArray(users, text(text_in(in(one, "entity"), "user")));
  }
  return people(on, users);
}

#define SIDES 11
static const char *const AT_THE_BAKERY[SIDES] = {"Ben manages devices",
                                                 "granted to the MSP",
                                                 "people with a role there",
                                                 "open consoles",
                                                 "service mail",
                                                 "security alerts",
                                                 "battery alerts",
                                                 "additional recipients",
                                                 "integrations",
                                                 "licence `manage`",
                                                 "devices"};

static void side(stage *on, const parting *it, double seq, const char *told[SIDES]) {
  const cJSON *found = ask(on, query("check", "user", id(it->ben), "permission", text("devices.manage"), "tenant",
                                     id(it->bakery), "as_of", number(seq)));
  const cJSON *link =
      in(ask(on, query("host_entity", "kind", text("link"), "id", id(it->joint), "as_of", number(seq))), "entity");
  const cJSON *tenant =
      in(ask(on, query("host_entity", "kind", text("tenant"), "id", id(it->bakery), "as_of", number(seq))), "entity");
  const char *grants = joined(in(link, "grants"), ", "), *additional = "nobody", *attached = "", *licences = "";
  each(one, of(on, "alert_rule", it, seq)) {
    const cJSON *rule = in(one, "entity");
    if (strcmp(text_in(rule, "category"), "battery") == 0) additional = people(on, in(rule, "additional"));
  }
  each(one, in(ask(on, query("integrations", "actor", staff(NULL), "tenant", id(it->bakery), "as_of", number(seq))),
               "rows")) {
    attached =
        format("%s%s%s, %s's", attached, *attached ? ", " : "", text_in(one, "name"), name_of(on, id_in(one, "owner")));
  }
  each(one, of(on, "licence", it, seq)) {
    const cJSON *licence = in(one, "entity");
    licences = format("%s%s%.0f of %.0f seats, bought by %s", licences, *licences ? ", " : "",
                      number_in(licence, "used"), number_in(licence, "seats"), name_of(on, id_in(licence, "buyer")));
  }
  told[0] = cJSON_IsTrue(in(found, "allowed")) ? "yes" : "no";
  told[1] = *grants ? grants : "–";
  told[2] = users_of(on, of(on, "assignment", it, seq));
  told[3] = users_of(on, of(on, "session", it, seq));
  told[4] = service_mail(on, it->bakery, number(seq));
  told[5] = alerts_of(on, it->bakery, "security", number(seq));
  told[6] = alerts_of(on, it->bakery, "battery", number(seq));
  told[7] = additional;
  told[8] = *attached ? attached : "–";
  told[9] = *licences ? licences : "–";
  told[10] = format("%.0f", in(tenant, "devices") ? number_in(tenant, "devices") : 0);
}

static void show_parting(stage *on, const parting *it, double before, double after) {
  const char *had[SIDES], *has[SIDES];
  side(on, it, before, had);
  side(on, it, after, has);
  table *rows = table("at the bakery", "before", "after", "");
  for (size_t place = 0; place < SIDES; place++) {
    int stays = strcmp(had[place], has[place]) == 0;
    row(rows, plain(AT_THE_BAKERY[place]), plain(had[place]), plain(has[place]),
        stays ? faint("stays") : plain("changes"));
  }
  show(rows);
}

void alerts(stage *on) {
  title("Alerts, consoles, a collector, a licence");
  remark("Three customers, managed fully, jointly and not at all. Who is told, and what a delink leaves.");

  heading("The cast");
  tenantry_id northwind = tenant(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "super_admin");
  tenantry_id ben = user(on, "Ben", northwind, "ben@northwind.example", "admin");
  tenantry_id nils = user(on, "Nils", northwind, "nils@northwind.example", "read_only");
  tenantry_id hotel = tenant(on, TENANTRY_KIND_CUSTOMER, "Hotel Lindgren", "HL-300");
  tenantry_id lena = user(on, "Lena", hotel, "lena@lindgren.example", "super_admin");
  tenantry_id bakery = tenant(on, TENANTRY_KIND_CUSTOMER, "Bäckerei Klein", "BK-200");
  tenantry_id klara = user(on, "Klara", bakery, "klara@baeckerei-klein.example", "super_admin");
  tenantry_id greta = user(on, "Greta", bakery, "greta@baeckerei-klein.example", "read_only");
  tenantry_id museum = tenant(on, TENANTRY_KIND_CUSTOMER, "Museum am Hafen", "MH-400");
  tenantry_id mona = user(on, "Mona", museum, "mona@museum.example", "super_admin");
  tenantry_id contoso = tenant(on, TENANTRY_KIND_RESELLER, "Contoso Mobile", "RS-700");
  tenantry_id rita = user(on, "Rita", contoso, "rita@contoso.example", "admin");
  introduce(on);

  heading("Fully, jointly, not at all");
  link_as(on, ada, northwind, lena, "HL-300", "fully");
  tenantry_id joint = link_as(on, ada, northwind, klara, "BK-200", "jointly");
  name_it(on, joint, "Northwind IT → Bäckerei Klein");
  tenantry_id lead = id_of(does(on, by(klara), "makes a role that leads device groups",
                                command("create_role", "tenant", id(bakery), "name", text("Group lead"), "permissions",
                                        texts("devices.view", "devices.group_manager"))));
  does(on, by(klara), "gives it to Greta", assign(greta, bakery, lead));
  does(on, by(ada), "sends the hotel's battery alerts to group managers", battery(hotel, NULL));
  does(on, by(klara), "sends the bakery's battery alerts to group managers", battery(bakery, NULL));
  does(on, by(mona), "sends the museum's battery alerts to group managers", battery(museum, NULL));
  const managed all[] = {{"fully", hotel}, {"jointly", bakery}, {"not at all", museum}};
  routes(on, all, COUNT(all));
  remark("Battery alerts at the hotel reach nobody: its own people are locked out, and the MSP leads no groups.");

  heading("The manager leads no device groups");
  watch *rights = watch_for({ada, "devices.group_manager", bakery}, {nils, "devices.group_manager", bakery},
                            {nils, "devices.view", bakery}, {greta, "devices.group_manager", bakery},
                            {klara, "devices.group_manager", bakery});
  follow(rights, joint);
  moment(rights, on, "linked");
  tenantry_id night =
      id_of(does(on, by(ada), "makes a role of her own that holds it",
                 command("create_role", "tenant", id(northwind), "name", text("Night lead"), "permissions",
                         texts("tenant.view", "devices.view", "devices.group_manager"))));
  does(on, by(ada), "gives Nils that role at the bakery", assign(nils, bakery, night));
  moment(rights, on, "role given");
  const cJSON *no = why(on, (question){nils, TENANTRY_PERMISSION_DEVICES_GROUP_MANAGER, bakery});
  answer(format("may he lead its device groups now? No: %.0f %s: %s", number_in(no, "number"), text_in(no, "reason"),
                in_names(on, text_in(no, "message"))));

  heading("Additional recipients");
  tries(on, by(klara), "sets a rule for a category that nobody knows",
        command("set_alert_rule", "tenant", id(bakery), "category", text("weather"), "audience", text("all_admins")));
  tries(on, by(klara), "adds Mona of the museum", battery(bakery, ids(mona)));
  does(on, by(klara), "adds Nils, the MSP's night desk, and Greta", battery(bakery, ids(nils, greta)));
  does(on, by(ada), "adds Nils at the hotel", battery(hotel, ids(nils)));
  routes(on, all, COUNT(all));

  heading("Consoles");
  const cJSON *opened = does(on, by(ben), "opens the bakery's console", console(bakery, "manage", "/customers?page=3"));
  tell_console(opened);
  const cJSON *back = does(on, by(ben), "closes it", command("close_console", "session", id(id_in(opened, "session"))));
  answer(format("and is back at %s", text_of(back)));
  tries(on, by(ben), "opens it for a service not managed", console(bakery, "configure", "/customers"));
  tries(on, by(nils), "opens it with his role", console(bakery, "manage", "/customers"));
  does(on, by(klara), "opens her own console", console(bakery, "manage", "/home"));
  opened = does(on, by(ben), "opens the bakery's again", console(bakery, "manage", "/customers"));
  name_it(on, id_in(opened, "session"), "Ben at Bäckerei Klein");
  does(on, by(ben), "opens the hotel's, too", console(hotel, "manage", "/customers"));
  does(on, by(ada), "blocks Ben", command("block_user", "user", id(ben)));
  in_one_record(on);
  does(on, by(ada), "unblocks Ben", command("unblock_user", "user", id(ben)));
  tries(on, by(ben), "closes the console that he had open",
        command("close_console", "session", id(id_in(opened, "session"))));
  does(on, by(ben), "opens the bakery's once more", console(bakery, "manage", "/customers"));
  does(on, by(ben), "opens the hotel's once more", console(hotel, "manage", "/customers"));

  heading("A shared collector");
  tenantry_id rack = id_of(
      does(on, by(ada), "sets up a collector, Rack 7",
           command("create_integration", "owner", id(northwind), "kind", text("collector"), "name", text("Rack 7"))));
#define SHARE(tenant_id) command("share_integration", "integration", id(rack), "tenant", id(tenant_id))
  does(on, by(ada), "shares it with the bakery", SHARE(bakery));
  does(on, by(ada), "shares it with the hotel", SHARE(hotel));
  tries(on, by(ada), "shares it with the museum", SHARE(museum));
  does(on, by(ada), "disables the hotel", command("disable_tenants", "tenants", ids(hotel)));
  in_one_record(on);
  does(on, by(ada), "enables the hotel", command("enable_tenants", "tenants", ids(hotel)));

  heading("A licence");
  const char *const device[] = {DEVICES};
  does(on, by(rita), "adds BK-200",
       command("add_reseller_customer", "reseller", id(contoso), "number", text("BK-200")));
  does(on, by(rita), "uploads three devices to the bakery",
       command("upload_devices", "reseller", id(contoso), "to", id(bakery), "devices", texts(DEVICES)));
  tenantry_id licence = id_of(does(on, by(ada), "buys the bakery a licence with two seats",
                                   command("buy_licence", "buyer", id(northwind), "tenant", id(bakery), "service",
                                           text("manage"), "seats", number(2))));
  name_it(on, licence, "manage for Bäckerei Klein");
  does(on, by(ada), "seats two devices", seats("assign_seats", licence, texts(device[0], device[1])));
  tries(on, by(ada), "seats the third", seats("assign_seats", licence, texts(device[2])));

  heading("The delink");
  does(on, by(klara), "lets the MSP manage users",
       command("set_manager_grants", "link", id(joint), "grants", texts("users.manage")));
  days_pass(on, 60);
  does(on, by(klara), "asks to delink", command("request_delink", "link", id(joint)));
  double before = (double)revision(on);
  moment(rights, on, "delink asked");
  does(on, by(ada), "accepts", command("accept_delink", "link", id(joint)));
  double after = (double)revision(on);
  moment(rights, on, "delinked");
  in_one_record(on);
  const parting both = {ben, bakery, joint};
  show_parting(on, &both, before, after);
  tries(on, by(ben), "opens the bakery's console", console(bakery, "manage", "/customers"));
  does(on, by(klara), "takes back a seat", seats("release_seats", licence, texts(device[0])));
  does(on, by(klara), "seats the third device: the licence goes on", seats("assign_seats", licence, texts(device[2])));

  heading("Who could lead device groups, and when");
  show_rights(rights, on);
  heading("Every console session, from the journal");
  sessions(on);
  verify(on);
}
