/* A customer that wants to leave: asked, rejected, taken back, and both asking at once. Nobody loses anything early. */

#include "journeys.h"

/* A command that needs nothing but a link. */
static cJSON *on_link(const char *name, tenantry_id link) { return command(name, "link", id(link)); }

/* The policy in force, changed in one thing. */
static cJSON *managers_ask(stage *on) {
  cJSON *policy = cJSON_Duplicate(ask(on, object("query", text("policy"))), 1);
  cJSON_ReplaceItemInObjectCaseSensitive(policy, "name", text("managers-ask"));
  cJSON_ReplaceItemInObjectCaseSensitive(policy, "customer_may_request_delink", cJSON_CreateFalse());
  return policy;
}

static void link_row(stage *on, table *rows, tenantry_id it) {
  const cJSON *link = entity(on, "link", it), *ended = in(link, "ended");
  row(rows, plain(name_of(on, id_in(link, "manager"))), plain(name_of(on, id_in(link, "managed"))),
      plain(text_in(link, "management")), plain(status_of(text_in(link, "stage"))),
      faint(clock_face(text_in(link, "since"))), faint(ended ? clock_face(text_in(ended, "at")) : "–"));
}

void crossing(stage *on) {
  title("The customer asks to leave");
  remark("Either side may ask, the other answers; when both ask, both have answered.");

  heading("The cast");
  tenantry_id northwind = tenant(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "admin");
  tenantry_id clinic = tenant(on, TENANTRY_KIND_CUSTOMER, "Κλινική Αυγή", "KA-400");
  tenantry_id nikos = user(on, "Nikos", clinic, "nikos@avgi.example", "super_admin");
  tenantry_id maria = user(on, "Maria", clinic, "maria@avgi.example", "admin");
  introduce(on);

  heading("Linked");
  tenantry_id request = id_of(does(on, by(ada), "asks to manage KA-400 jointly",
                                   command("request_link", "manager", id(northwind), "number", text("KA-400"),
                                           "management", text("jointly"), "services", texts("manage"))));
  name_it(on, request, "Northwind IT → Κλινική Αυγή");
  tenantry_id link = id_of(does(on, by(nikos), "accepts", command("accept_link", "request", id(request))));
  watch *rights =
      watch_for({ada, "devices.manage", clinic}, {ada, "customers.delink", clinic}, {nikos, "devices.manage", clinic},
                {nikos, "link.respond", clinic}, {maria, "link.respond", clinic});
  follow(rights, link);
  moment(rights, on, "linked");

  heading("Asked, rejected, asked, taken back");
  tries(on, by(maria), "asks to delink", on_link("request_delink", link));
  does(on, by(nikos), "asks to delink", on_link("request_delink", link));
  moment(rights, on, "customer asked");
  tries(on, by(nikos), "rejects his own request", on_link("reject_delink", link));
  tries(on, by(ada), "reminds of a request that is not hers", on_link("resend_delink", link));
  does(on, by(ada), "rejects", on_link("reject_delink", link));
  moment(rights, on, "rejected");
  days_pass(on, 14);
  does(on, by(nikos), "asks again", on_link("request_delink", link));
  does(on, by(nikos), "thinks better of it and takes it back", on_link("cancel_delink", link));
  tries(on, by(nikos), "takes it back once more", on_link("cancel_delink", link));

  heading("Crossing requests");
  days_pass(on, 14);
  does(on, by(nikos), "asks to delink", on_link("request_delink", link));
  does(on, by(ada), "asks to delink as well, not knowing", on_link("request_delink", link));
  moment(rights, on, "crossed");
  remark("Two requests are two consents: the link has ended, and both sides are told.");
  tries(on, by(ada), "asks once more", on_link("request_delink", link));

  heading("Who could do what, and when");
  show_rights(rights, on);

  heading("A platform where only managers ask");
  does(on, staff("SUP-4712"), "puts such a policy into force", command("set_policy", "policy", managers_ask(on)));
  const cJSON *added = does(on, by(ada), "adds a café, jointly managed",
                            command("add_customer", "manager", id(northwind), "kind", text("customer"), "name",
                                    text("مقهى النور"), "management", text("jointly"), "services", texts("manage"),
                                    "owner", object("email", text("omar@nour.example"))));
  tenantry_id cafe = id_in(added, "link");
  name_it(on, cafe, "Northwind IT → the café");
  name_it(on, id_in(added, "tenant"), "the café");
  tries(on, by(ada), "asks to delink before anybody is there to answer", on_link("request_delink", cafe));
  const cJSON *sign_up = in(added, "sign_up");
  tenantry_id omar = id_in(sign_up, "user");
  name_it(on, omar, "Omar");
  does(
      on, by(omar), "signs up",
      command("accept_invitation", "invitation", id(id_in(sign_up, "invitation")), "email", text("omar@nour.example")));
  tries(on, by(omar), "asks to delink", on_link("request_delink", cafe));

  heading("The links in the end");
  table *rows = table("manager", "customer", "managed", "status", "since", "until");
  link_row(on, rows, link);
  link_row(on, rows, cafe);
  show(rows);
  verify(on);
}
