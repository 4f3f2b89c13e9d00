/* A new customer, fully managed at first, then jointly; the way back is barred. Follows every remedy it is given. */

#include "journeys.h"

static cJSON *add_hotel(tenantry_id northwind, cJSON *services) {
  return command("add_customer", "manager", id(northwind), "kind", text("customer"), "name", text("Hotel Lindgren"),
                 "number", text("HL-300"), "management", text("fully"), "services", services);
}

static cJSON *accept(tenantry_id invitation, const char *email) {
  return command("accept_invitation", "invitation", id(invitation), "email", text(email));
}

void fully(stage *on) {
  title("Fully managed: locked out, let in, and the way back");
  remark("An MSP runs everything for a new customer, until the customer wants a say.");

  tenantry_id northwind = tenant(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "super_admin");

  heading("A new customer");
  tries(on, by(ada), "adds Hotel Lindgren with nothing to manage", add_hotel(northwind, list_of(NULL, 0)));
  tries(on, by(ada), "adds Hotel Lindgren with a service nobody offers", add_hotel(northwind, texts("telepathy")));
  const cJSON *added = does(on, by(ada), "adds Hotel Lindgren, fully managed", add_hotel(northwind, texts("manage")));
  tenantry_id hotel = id_in(added, "tenant"), link = id_in(added, "link");
  enlist(on, hotel, "Hotel Lindgren");
  name_it(on, link, "Northwind IT → Hotel Lindgren");
  const cJSON *invited = does(on, by(ada), "invites Lena to the hotel, to read",
                              command("invite_user", "tenant", id(hotel), "role", text("read_only"), "invitee",
                                      object("email", text("lena@lindgren.example"))));
  tenantry_id lena = id_in(invited, "user");
  name_it(on, lena, "Lena");
  does(on, by(lena), "accepts", accept(id_in(invited, "invitation"), "lena@lindgren.example"));

  watch *rights = watch_for({ada, "devices.manage", hotel}, {ada, "users.manage", hotel}, {ada, "location.view", hotel},
                            {lena, "devices.view", hotel}, {lena, "devices.manage", hotel});
  follow(rights, link);
  moment(rights, on, "fully managed");
  remark("Lena is a member of the hotel and can do nothing there: its own people are locked out.");

  heading("What fully managed does not do");
  tries(on, by(ada), "asks to delink", command("request_delink", "link", id(link)));
  does(on, by(ada), "manages one more service",
       command("add_services", "link", id(link), "services", texts("configure")));
  tries(on, by(ada), "takes it away again", command("remove_service", "link", id(link), "service", text("configure")));
  does(on, staff("SUP-4711"), "takes it away",
       command("remove_service", "link", id(link), "service", text("configure")));

  heading("Conversion to jointly managed");
  tries(on, by(ada), "converts the link", command("convert_link", "link", id(link), "management", text("jointly")));
#define LARS object("email", text("lars@lindgren.example"), "name", text("Lars"))
  const cJSON *first = does(on, by(ada), "converts the link, with Lars as the hotel's owner",
                            command("convert_link", "link", id(link), "management", text("jointly"), "owner", LARS));
  tenantry_id lars = id_in(first, "user"), invitation = id_in(first, "invitation");
  name_it(on, lars, "Lars");
  name_it(on, invitation, "Lars at Hotel Lindgren");
  moment(rights, on, "converted");
  days_pass(on, 5);
  does(on, by(ada), "reminds Lars", command("resend_invitation", "invitation", id(invitation)));
  days_pass(on, 5);
  tries(on, by(lars), "signs up, too late", accept(invitation, "lars@lindgren.example"));
  const cJSON *again =
      does(on, by(ada), "invites Lars again", command("invite_owner", "link", id(link), "owner", LARS));
  lars = id_in(again, "user");
  invitation = id_in(again, "invitation");
  name_it(on, lars, "Lars");
  name_it(on, invitation, "Lars at Hotel Lindgren");
  tries(on, by(lars), "signs up with another address", accept(invitation, "lars@elsewhere.example"));
  does(on, by(lars), "signs up", accept(invitation, "lars@lindgren.example"));
  moment(rights, on, "signed up");

  heading("The way back");
  tries(on, by(ada), "converts the link back", command("convert_link", "link", id(link), "management", text("fully")));
  remark("There is a remedy, so they follow it.");
  does(on, by(lars), "asks to delink", command("request_delink", "link", id(link)));
  does(on, by(ada), "accepts", command("accept_delink", "link", id(link)));
  moment(rights, on, "delinked");
  tenantry_id request = id_of(does(on, by(ada), "asks to manage HL-300 fully",
                                   command("request_link", "manager", id(northwind), "number", text("HL-300"),
                                           "management", text("fully"), "services", texts("manage"))));
  name_it(on, request, "Northwind IT → Hotel Lindgren");
  link = id_of(does(on, by(lars), "accepts, and is locked out", command("accept_link", "request", id(request))));
  follow(rights, link);
  moment(rights, on, "fully again");

  heading("Who could do what, and when");
  show_rights(rights, on);

  heading("The history");
  history(on);
  verify(on);
}
