/* An auditor's questions: who could reach this customer on 3 March, and why; what has changed since, and by what. */

#include "journeys.h"

/* The moment that the auditor asks about. */
#define ON_3_MARCH "2026-03-03T12:00:00Z"

static const cJSON *rows_of(stage *on, cJSON *asked) { return in(ask(on, asked), "rows"); }

/* What may be done by the first way there is; nobody has two in this story. */
static const char *held(const cJSON *reached) { return permissions(in(first_of(in(reached, "ways")), "held")); }

static void as_klara_reads_it(stage *on, tenantry_id klara, tenantry_id bakery) {
  table *rows = table("who", "of", "could");
  each(one, rows_of(on, query("tenant_access", "actor", by(klara), "tenant", id(bakery), "as_of", text(ON_3_MARCH)))) {
    row(rows, plain(name_of(on, id_in(one, "user"))), faint(name_of(on, id_in(one, "home"))), plain(held(one)));
  }
  each(one,
       ask(on, query("organisation_access", "actor", by(klara), "tenant", id(bakery), "as_of", text(ON_3_MARCH)))) {
    row(rows, faint("somebody"), plain(text_in(in(one, "organisation"), "name")), plain(permissions(in(one, "held"))));
  }
  show(rows);
}

/* By which role and through which links, and what of it rests on a grant. */
static void with_the_why(stage *on, tenantry_id bakery) {
  table *rows = table("who", "by the role", "through the link", "could", "by a grant");
  each(one, rows_of(on, query("tenant_access", "actor", staff(NULL), "tenant", id(bakery), "as_of", text(ON_3_MARCH)))) {
    const cJSON *way = first_of(in(one, "ways")), *grounds = in(way, "grounds"), *chain = in(way, "chain");
    const char *role = "–", *links = "";
    if (grounds != NULL) role = format("%s of %s", text_in(grounds, "role"), name_of(on, id_in(grounds, "tenant")));
    each(link, chain) links = format("%s%s%s", links, *links ? "\n" : "", name_of(on, id_of(link)));
    row(rows, plain(name_of(on, id_in(one, "user"))), plain(role), *links ? plain(links) : faint("–"),
        plain(permissions(in(way, "held"))),
        in(way, "granted") ? plain(sorted(in(way, "granted"), "\n")) : faint("–"));
  }
  show(rows);
}

/* What the feed has of a tenant from a record on. */
static void by_which_record(stage *on, tenantry_id of, double after) {
  table *rows = table("record", "since", "command", "who", "gained", "lost");
  each(one, rows_of(on, query("host_access_changes", "after", number(after)))) {
    if (!same(id_in(one, "tenant"), of)) continue;
    row(rows, count(number_in(one, "seq")), faint(clock_face(text_in(one, "at"))),
        in(one, "command") ? plain(text_in(one, "command")) : faint("–"), plain(name_of(on, id_in(one, "user"))),
        good(permissions(in(one, "gained"))), bad(permissions(in(one, "lost"))));
  }
  show(rows);
}

void review(stage *on) {
  title("Who could reach this customer on 3 March");
  remark("An auditor asks about a day that has passed, why it was so, and what has changed since.");

  heading("The cast");
  tenantry_id northwind = tenant(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "super_admin");
  tenantry_id ben = user(on, "Ben", northwind, "ben@northwind.example", "admin");
  tenantry_id cleo = user(on, "Cleo", northwind, "cleo@northwind.example", "read_only");
  tenantry_id harbour = tenant(on, TENANTRY_KIND_MSP, "Harbour Security", "HS-300");
  tenantry_id hana = user(on, "Hana", harbour, "hana@harbour.example", "admin");
  tenantry_id bakery = tenant(on, TENANTRY_KIND_CUSTOMER, "Bäckerei Klein", "BK-200");
  tenantry_id klara = user(on, "Klara", bakery, "klara@klein.example", "super_admin");
  user(on, "Karl", bakery, "karl@klein.example", "read_only");
  introduce(on);

  heading("Up to 3 March");
  tenantry_id request = id_of(does(on, by(ada), "asks to manage BK-200 jointly",
                                   command("request_link", "manager", id(northwind), "number", text("BK-200"),
                                           "management", text("jointly"), "services", texts("enrollment", "manage"))));
  tenantry_id link = id_of(does(on, by(klara), "accepts", command("accept_link", "request", id(request))));
  name_it(on, link, "Northwind IT → Bäckerei Klein");
  does(on, by(klara), "lets Northwind manage users",
       command("set_manager_grants", "link", id(link), "grants", texts("users.manage")));
  request = id_of(does(on, by(hana), "asks to manage NW-100 for twenty days",
                       command("request_link", "manager", id(harbour), "number", text("NW-100"), "management",
                               text("jointly"), "services", texts("enrollment", "manage"), "term",
                               object("days", number(20)))));
  tenantry_id above = id_of(does(on, by(ada), "accepts", command("accept_link", "request", id(request))));
  name_it(on, above, "Harbour Security → Northwind IT");

  heading("And after it");
  days_pass(on, 7);
  does(on, by(ada), "blocks Ben, who has left", command("block_user", "user", id(ben)));
  cJSON *admin = object("user", id(cleo), "tenant", id(bakery), "role", text("admin"));
  does(on, by(ada), "makes Cleo admin at the bakery", command("assign", "assignments", list(admin)));
  days_pass(on, 30);
  does(on, by(klara), "takes the grant back",
       command("set_manager_grants", "link", id(link), "grants", cJSON_CreateArray()));

  heading("Who could reach the bakery on 3 March, as Klara reads it");
  remark("Her own people have names; those of others are told as their organisation.");
  as_klara_reads_it(on, klara, bakery);

  heading("The same as the platform's staff reads it, with the why");
  with_the_why(on, bakery);
  cJSON *able = keep(cJSON_CreateArray());
  each(one, rows_of(on, query("tenant_access", "actor", staff(NULL), "tenant", id(bakery), "filter",
                              object("permission", text("users.manage")), "as_of", text(ON_3_MARCH)))) {
    cJSON_AddItemToArray(able, id(id_in(one, "user")));
  }
  remark(format("users.manage was held by %s.", people(on, able)));

  heading("What has changed since");
  table *rows = table("who", "gained", "lost");
  each(one, rows_of(on, query("tenant_access_changes", "actor", staff(NULL), "tenant", id(bakery), "since",
                              text(ON_3_MARCH)))) {
    row(rows, plain(name_of(on, id_in(one, "user"))), good(permissions(in(one, "gained"))), bad(permissions(in(one, "lost"))));
  }
  show(rows);

  heading("By which record");
  const cJSON *then =
      call(on, "ask", query("tenant_access", "actor", staff(NULL), "tenant", id(bakery), "as_of", text(ON_3_MARCH)));
  by_which_record(on, bakery, number_in(then, "seq"));
  remark("What has ended by time alone has no command; it comes with the record that was next.");

  heading("What Cleo can reach today, as she reads it");
  rows = table("tenant", "number", "may");
  each(one, rows_of(on, query("user_access", "actor", by(cleo), "user", id(cleo)))) {
    row(rows, plain(text_in(one, "name")), faint(text_in(one, "number")), plain(held(one)));
  }
  show(rows);
  verify(on);
}
