// An existing customer is linked as jointly managed, worked for, and let go. Never does anything behind its back.

#include "journeys.hpp"

void jointly(stage& on) {
  on.told.title("Jointly managed: link, work, delink");
  on.told.remark("An MSP and its customer share the work, and part as friends.");

  on.told.heading("The cast");
  const auto northwind = on.tenant("msp", "Northwind IT", "NW-100");
  const auto ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin");
  const auto ben = on.user("Ben", northwind, "ben@northwind.example", "admin");
  const auto bakery = on.tenant("customer", "Bäckerei Klein", "BK-200");
  const auto klara = on.user("Klara", bakery, "klara@baeckerei-klein.example", "super_admin");
  const auto karl = on.user("Karl", bakery, "karl@baeckerei-klein.example", "read_only");
  on.introduce();

  watch rights(on, {{ben, "tenant.edit", bakery},
                    {ben, "devices.manage", bakery},
                    {ben, "users.manage", bakery},
                    {ben, "location.view", bakery},
                    {klara, "devices.manage", bakery},
                    {klara, "location.view", bakery},
                    {karl, "devices.view", bakery}});
  rights.moment("before");

  on.told.heading("The link");
  const auto summary = on.engine.ask(queries::look_up(ada, "bk-200"));
  on.told.remark("Ada looks up bk-200 and learns this much: " + summary.name + ", " + to_string(summary.kind) +
                 ". Nothing else.");
  const commands::request_link ask(northwind, "BK-200", tenantry::management::jointly,
                                   {tenantry::services::enrollment, tenantry::services::manage});
  const auto request = on.does(ada, "asks to manage BK-200 jointly", ask);
  on.name(request, "Northwind IT → Bäckerei Klein");
  rights.moment("asked");
  on.tries(ada, "asks again", ask);
  const commands::accept_link accept(request);
  on.tries(ben, "answers for the customer", accept);
  const auto link = on.does(klara, "accepts", accept);
  rights.follow(link);
  rights.moment("linked");

  on.told.heading("The work");
  const auto edit = commands::edit_tenant(bakery).with_website("https://baeckerei-klein.example");
  on.does(ben, "enters the bakery's website", edit);
  const auto email = "kim@baeckerei-klein.example";
  const commands::invite_user invite(bakery, tenantry::invitee(email), tenantry::roles::admin);
  on.tries(ben, "invites Kim to the bakery", invite);
  on.does(klara, "lets the MSP manage users",
          commands::set_manager_grants(link, {tenantry::permissions::users_manage}));
  const auto invited = on.does(ben, "invites Kim to the bakery", invite);
  const auto kim = invited.user;
  on.name(kim, "Kim");
  on.does(kim, "accepts", commands::accept_invitation(invited.invitation, email));
  rights.moment("granted");

  on.told.heading("The parting");
  const commands::request_delink request_delink(link);
  const commands::accept_delink accept_delink(link);
  on.days_pass(90);
  on.does(ben, "asks to delink", request_delink);
  rights.moment("delink asked");
  on.tries(ada, "asks to delink, too", request_delink);
  on.tries(ada, "accepts her own side's request", accept_delink);
  on.days_pass(5);
  on.does(ben, "reminds the bakery", commands::resend_delink(link));
  on.does(klara, "rejects: there is a project to finish", commands::reject_delink(link));
  rights.moment("rejected");
  on.days_pass(30);
  on.does(ben, "asks to delink again", request_delink);
  on.does(klara, "accepts", accept_delink);
  rights.moment("delinked");
  on.tries(ben, "edits the website once more", edit);
  on.told.remark("To Ben the bakery does not exist any more; that is all he is told.");

  on.told.heading("Who could do what, and when");
  rights.show();

  on.told.heading("The bakery's audit, as Klara reads it");
  on.told.remark("People of the other side show as their organisation.");
  std::vector<row> rows;
  for (const auto& it : on.engine.rows(queries::audit(klara, bakery))) {
    rows.push_back({count(it.seq), faint(clock_face(tenantry::to_string(it.at))),
                    plain(on.actor_name(tenantry::to_json(it.by))), plain(it.command.value_or("–")),
                    plain(happened(it.events))});
  }
  on.told.table({"seq", "at", "from", "command", "what happened"}, rows);
  on.verify();
}
