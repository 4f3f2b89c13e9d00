/* An existing customer is linked as jointly managed, worked for, and let go. Never does anything behind its back. */

#include <string.h>

#include "journeys.h"

/* Whom a row of the audit shows. */
static const char *from(const stage *on, const cJSON *by) {
  const cJSON *organisation = in(by, "organisation");
  if (cJSON_IsString(by) && strcmp(by->valuestring, "stranger") == 0) return "a stranger";
  return organisation ? format("someone of %s", name_of(on, id_of(organisation))) : actor_name(on, by);
}

void jointly(stage *on) {
  title("Jointly managed: link, work, delink");
  remark("An MSP and its customer share the work, and part as friends.");

  heading("The cast");
  tenantry_id northwind = tenant(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "super_admin");
  tenantry_id ben = user(on, "Ben", northwind, "ben@northwind.example", "admin");
  tenantry_id bakery = tenant(on, TENANTRY_KIND_CUSTOMER, "Bäckerei Klein", "BK-200");
  tenantry_id klara = user(on, "Klara", bakery, "klara@baeckerei-klein.example", "super_admin");
  tenantry_id karl = user(on, "Karl", bakery, "karl@baeckerei-klein.example", "read_only");
  introduce(on);

  watch *rights =
      watch_for({ben, "tenant.edit", bakery}, {ben, "devices.manage", bakery}, {ben, "users.manage", bakery},
                {ben, "location.view", bakery}, {klara, "devices.manage", bakery}, {klara, "location.view", bakery},
                {karl, "devices.view", bakery});
  moment(rights, on, "before");

  heading("The link");
  const cJSON *summary = ask(on, query("look_up", "actor", by(ada), "number", text("bk-200")));
  remark(format("Ada looks up bk-200 and learns this much: %s, %s. Nothing else.", text_in(summary, "name"),
                text_in(summary, "kind")));
#define REQUEST_LINK                                                                                         \
  command("request_link", "manager", id(northwind), "number", text("BK-200"), "management", text("jointly"), \
          "services", texts("enrollment", "manage"))
  tenantry_id request = id_of(does(on, by(ada), "asks to manage BK-200 jointly", REQUEST_LINK));
  name_it(on, request, "Northwind IT → Bäckerei Klein");
  moment(rights, on, "asked");
  tries(on, by(ada), "asks again", REQUEST_LINK);
  tries(on, by(ben), "answers for the customer", command("accept_link", "request", id(request)));
  tenantry_id link = id_of(does(on, by(klara), "accepts", command("accept_link", "request", id(request))));
  follow(rights, link);
  moment(rights, on, "linked");

  heading("The work");
#define EDIT_WEBSITE command("edit_tenant", "tenant", id(bakery), "website", text("https://baeckerei-klein.example"))
  does(on, by(ben), "enters the bakery's website", EDIT_WEBSITE);
#define INVITE_KIM                                                               \
  command("invite_user", "tenant", id(bakery), "role", text("admin"), "invitee", \
          object("email", text("kim@baeckerei-klein.example")))
  tries(on, by(ben), "invites Kim to the bakery", INVITE_KIM);
  does(on, by(klara), "lets the MSP manage users",
       command("set_manager_grants", "link", id(link), "grants", texts("users.manage")));
  const cJSON *invited = does(on, by(ben), "invites Kim to the bakery", INVITE_KIM);
  tenantry_id kim = id_in(invited, "user");
  name_it(on, kim, "Kim");
  does(on, by(kim), "accepts",
       command("accept_invitation", "invitation", id(id_in(invited, "invitation")), "email",
               text("kim@baeckerei-klein.example")));
  moment(rights, on, "granted");

  heading("The parting");
  days_pass(on, 90);
  does(on, by(ben), "asks to delink", command("request_delink", "link", id(link)));
  moment(rights, on, "delink asked");
  tries(on, by(ada), "asks to delink, too", command("request_delink", "link", id(link)));
  tries(on, by(ada), "accepts her own side's request", command("accept_delink", "link", id(link)));
  days_pass(on, 5);
  does(on, by(ben), "reminds the bakery", command("resend_delink", "link", id(link)));
  does(on, by(klara), "rejects: there is a project to finish", command("reject_delink", "link", id(link)));
  moment(rights, on, "rejected");
  days_pass(on, 30);
  does(on, by(ben), "asks to delink again", command("request_delink", "link", id(link)));
  does(on, by(klara), "accepts", command("accept_delink", "link", id(link)));
  moment(rights, on, "delinked");
  tries(on, by(ben), "edits the website once more", EDIT_WEBSITE);
  remark("To Ben the bakery does not exist any more; that is all he is told.");

  heading("Who could do what, and when");
  show_rights(rights, on);

  heading("The bakery's audit, as Klara reads it");
  remark("People of the other side show as their organisation.");
  const cJSON *audit = ask(on, query("audit", "actor", by(klara), "tenant", id(bakery), "paging", object("limit", number(1000))));
  table *rows = table("seq", "at", "from", "command", "what happened");
  each(it, in(audit, "rows")) {
    row(rows, count(number_in(it, "seq")), faint(clock_face(text_in(it, "at"))), plain(from(on, in(it, "by"))),
        plain(text_or(it, "command", "–")), plain(happened(in(it, "events"), "\n")));
  }
  show(rows);
  verify(on);
}
