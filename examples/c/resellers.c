/* A reseller and the devices it sold: where they went, and whom it sees for them, before and after a delink. Asks for the
 * reseller's rows only as the reseller; never looks behind them, but to ask whom one device is shown as. */

#include <string.h>

#include "journeys.h"
#include "rows.h"

/* The IMEIs of a phone. */
#define IMEI "356938031000053"
#define OTHER_IMEI "356938031000061"
/* What the bakery buys: an IMEI, a MEID, a serial number. */
#define BAKERY "356938031000012", "A100000C1D2E3F", "SN-2026/0042"
/* What the MSP buys for its pool, and the two of them that it moves on. */
#define MOVED "490154201000017", "490154201000025"
#define POOL MOVED, "490154201000033", "490154201000041", "490154201000058"

#define COLUMNS 7

static tenantry_id tenant_in(stage *on, const char *kind, const char *name, const char *number, const char *country) {
  tenantry_id made = id_of(execute(on, staff(NULL),
                                   command("register_tenant", "kind", text(kind), "name", text(name), "number",
                                           text(number), "country", text(country))));
  enlist(on, made, name);
  return made;
}

/* An MSP asks a customer to be managed jointly, and the customer says yes. */
static tenantry_id link_jointly(stage *on, tenantry_id asks, tenantry_id answers, tenantry_id manager,
                                const char *number) {
  const cJSON *request = does(on, by(asks), format("asks to manage %s jointly", number),
                              command("request_link", "manager", id(manager), "number", text(number), "management",
                                      text("jointly"), "services", texts("manage")));
  return id_of(does(on, by(answers), "accepts", command("accept_link", "request", id(id_of(request)))));
}

/* A manager's customers, as somebody of its own sees them. */
static void customers(stage *on, tenantry_id who, tenantry_id manager) {
  table *rows = table("customer", "number", "managed", "status", "devices");
  each(it, in(ask(on, query("customers", "actor", by(who), "manager", id(manager))), "rows")) {
    row(rows, plain(text_in(it, "name")), faint(text_in(it, "number")), plain(text_in(it, "management")),
        plain(status_of(text_in(it, "stage"))), count(number_in(it, "devices")));
  }
  show(rows);
}

/* ---- a reseller, and who asks for its list ---- */

static tenantry_id rita, contoso;

static cJSON *upload(tenantry_id to, cJSON *devices) {
  return command("upload_devices", "reseller", id(contoso), "to", id(to), "devices", devices);
}

static cJSON *add(const char *number, const char *reference) {
  return command("add_reseller_customer", "reseller", id(contoso), "number", text(number), "reference",
                 text(reference));
}

/* The reseller's rows, of all that is or of what a filter leaves, now or as of a record. */
static const cJSON *rows_of(stage *on, cJSON *filter, cJSON *as_of) {
  return in(ask(on, query("reseller_customers", "actor", by(rita), "reseller", id(contoso), "filter", filter, "as_of",
                          as_of)),
            "rows");
}

static void list_rows(stage *on, cJSON *filter) {
  table *rows = table("Company name / internal reference", "Customer / MSP ID", "Country", "Last uploaded", "Uploads",
                      "Devices", "Status");
  each(it, rows_of(on, filter, NULL)) {
    const char *country = text_or(it, "country", NULL), *at = text_or(it, "last_uploaded", NULL);
    row(rows, plain(text_in(it, "company")), plain(text_in(it, "number")), country ? plain(country) : faint("–"),
        faint(at ? clock_face(at) : "–"), count(number_in(it, "uploads")), count(number_in(it, "devices")),
        plain(text_in(it, "status")));
  }
  show(rows);
}

/* Whether a cell of the CSV says what a row says; before what a spreadsheet would run, an apostrophe. */
static int says(const char *cell, const char *wanted) {
  if (*wanted != '\0' && strchr("=+-@", *wanted)) wanted = format("'%s", wanted);
  return strcmp(cell, wanted) == 0;
}

/* Shows the CSV, and reads it back to see that it says what the list says. */
static void csv(stage *on, cJSON *filter) {
  cJSON *also = filter ? cJSON_Duplicate(filter, 1) : NULL;
  const cJSON *told = ask(on, query("reseller_csv", "actor", by(rita), "reseller", id(contoso), "filter", filter));
  const cJSON *it = rows_of(on, also, NULL)->child;
  const char *text = text_in(told, "csv");
  verbatim(text);
  csv_rows read = read_csv(text, strlen(text));
  int holds_so = number_in(told, "rows") == (double)(read.count - 1);
  for (size_t place = 1; place < read.count && holds_so; place++, it = it->next) {
    const char *const *cell = read.row[place].cell;
    holds_so = it != NULL && read.row[place].cells == COLUMNS && says(cell[0], text_in(it, "company")) &&
               says(cell[1], text_in(it, "number")) && says(cell[2], text_or(it, "country", "")) &&
               says(cell[3], text_or(it, "last_uploaded", "")) &&
               says(cell[4], format("%.0f", number_in(it, "uploads"))) &&
               says(cell[5], format("%.0f", number_in(it, "devices"))) && says(cell[6], text_in(it, "status"));
  }
  if (!holds_so || it != NULL) stop("the CSV does not say what the list says");
  free_csv(&read);
  holds("read back, the CSV has the rows and cells of the list");
}

/* Whom a device was shown as after a record. */
static const char *shown(stage *on, const char *device, uint64_t seq) {
  const cJSON *devices = in(ask(on, query("host_entities", "kind", text("device"), "paging", object("limit", number(1000)),
                                          "as_of", number((double)seq))),
                            "rows");
  each(it, devices) {
    const cJSON *found = in(it, "entity");
    if (strcmp(text_in(found, "id"), device) != 0) continue;
    const cJSON *seen = rows_of(on, object("tenant", id(id_in(found, "shown_as"))), number((double)seq))->child;
    if (seen == NULL) stop("the device is shown as nobody");
    return format("%s\n%s", text_in(seen, "company"), text_in(seen, "number"));
  }
  stop("the device is gone");
}

static void matrix_row(stage *on, table *rows, const char *how, const char *device, const uint64_t moments[3]) {
  row(rows, plain(format("%s\n%s", how, device)), plain(shown(on, device, moments[0])),
      plain(shown(on, device, moments[1])), plain(shown(on, device, moments[2])));
}

void resellers(stage *on) {
  title("Resellers: uploads, moves, and whom devices are shown as");
  remark("A reseller sells to customers and to an MSP, and sees who has its devices: up to a point.");

  heading("The cast");
  contoso = tenant_in(on, TENANTRY_KIND_RESELLER, "Contoso Mobile", "RS-700", "DE");
  rita = user(on, "Rita", contoso, "rita@contoso.example", "admin");
  tenantry_id northwind = tenant_in(on, TENANTRY_KIND_MSP, "Northwind IT", "NW-100", "DE");
  tenantry_id ada = user(on, "Ada", northwind, "ada@northwind.example", "super_admin");
  tenantry_id bakery = tenant_in(on, TENANTRY_KIND_CUSTOMER, "Bäckerei Klein", "BK-200", "DE");
  tenantry_id klara = user(on, "Klara", bakery, "klara@baeckerei-klein.example", "super_admin");
  tenantry_id holm = tenant_in(on, TENANTRY_KIND_CUSTOMER, "Holm & Sons", "HS-900", "DK");
  tenantry_id hanna = user(on, "Hanna", holm, "hanna@holm.example", "super_admin");
  introduce(on);

  heading("The MSP's customers");
  tenantry_id bakery_link = link_jointly(on, ada, klara, northwind, "BK-200");
  name_it(on, bakery_link, "Northwind IT → Bäckerei Klein");
  const cJSON *added = does(on, by(ada), "adds Fjord Logistikk, fully managed",
                            command("add_customer", "manager", id(northwind), "kind", text("customer"), "name",
                                    text("Fjord Logistikk"), "number", text("FL-500"), "country", text("NO"),
                                    "management", text("fully"), "services", texts("manage")));
  tenantry_id fjord = id_in(added, "tenant"), fjord_link = id_in(added, "link");
  name_it(on, fjord, "Fjord Logistikk");

  heading("Whom the reseller sells to");
  tries(on, by(rita), "uploads to the bakery before adding it", upload(bakery, texts(BAKERY)));
  does(on, by(rita), "adds BK-200, which is `Till 4711` in its own books", add("BK-200", "Till 4711"));
  does(on, by(rita), "adds NW-100", add("NW-100", NULL));
  does(on, by(rita), "adds HS-900", add("HS-900", NULL));
  does(on, by(rita), "uploads three devices to the bakery", upload(bakery, texts(BAKERY)));
  days_pass(on, 1);
  does(on, by(rita), "uploads five devices to the MSP", upload(northwind, texts(POOL)));

  heading("A batch with faults");
  const char *const typed[] = {"356938031000020", "356938031000039", "356938031000020",
                               "a100000c1d2e3f",  "SN 77",           "X1"};
  tries_each(on, by(rita), "uploads six devices to Holm & Sons", typed, COUNT(typed),
             upload(holm, texts_of(typed, COUNT(typed))));
  remark("All or nothing: not even the first was taken. The fourth is the bakery's, in small letters.");
  cJSON *bulk = list_of(NULL, 0);
  for (int place = 0; place < 10001; place++) cJSON_AddItemToArray(bulk, text(format("BULK-%d", place)));
  tries(on, by(rita), "uploads 10 001 devices at once", upload(holm, bulk));

  heading("One device, several ids");
  does(on, by(rita), "uploads a phone to the bakery: two IMEIs and a serial number",
       upload(bakery, list(texts(IMEI, OTHER_IMEI, "SN-2026/0101"))));
  tries(on, by(rita), "uploads its second IMEI to Holm & Sons", upload(holm, texts(OTHER_IMEI)));

  heading("The reseller's list, before");
  remark("The bakery was sold to directly and is managed: its name, the MSP's number.");
  list_rows(on, NULL);
  remark("The same as CSV:");
  csv(on, NULL);
  remark("Asked for, Holm & Sons shows, too: added, and nothing uploaded yet.");
  list_rows(on, object("unused", cJSON_CreateTrue(), "text", text("holm")));

  heading("The MSP moves devices from its pool");
#define MOVE(to, ...) \
  command("move_devices", "manager", id(northwind), "customer", id(to), "devices", texts(__VA_ARGS__))
  tries(on, by(ada), "moves two to the bakery, jointly managed", MOVE(bakery, MOVED));
  tries(on, by(ada), "moves two to Fjord Logistikk, one of them the bakery's",
        MOVE(fjord, "490154201000017", "SN-2026/0042"));
  does(on, by(ada), "moves two to Fjord Logistikk, fully managed", MOVE(fjord, MOVED));
  remark("Ada's customers, with what they hold:");
  customers(on, ada, northwind);
  remark("Rita's list is what it was: where an MSP puts its devices is no affair of the reseller.");
  list_rows(on, NULL);
  uint64_t moments[3] = {revision(on), 0, 0};

  heading("Both customers leave the MSP");
  const cJSON *invited = does(on, by(ada), "converts Fjord Logistikk to jointly managed",
                              command("convert_link", "link", id(fjord_link), "management", text("jointly"), "owner",
                                      object("name", text("Freja"), "email", text("freja@fjord.example"))));
  tenantry_id freja = id_in(invited, "user");
  name_it(on, freja, "Freja");
  does(on, by(freja), "signs up",
       command("accept_invitation", "invitation", id(id_in(invited, "invitation")), "email",
               text("freja@fjord.example")));
  const tenantry_id leavers[][2] = {{freja, fjord_link}, {klara, bakery_link}};
  for (size_t place = 0; place < COUNT(leavers); place++) {
    days_pass(on, 30);
    does(on, by(leavers[place][0]), "asks to delink", command("request_delink", "link", id(leavers[place][1])));
    does(on, by(ada), "accepts", command("accept_delink", "link", id(leavers[place][1])));
  }
  moments[1] = revision(on);
  does(on, by(ada), "deletes a broken device from the pool",
       command("delete_devices", "tenant", id(northwind), "devices", texts("490154201000058")));

  heading("The reseller's list, after");
  remark("Fjord Logistikk appears with what was moved there, and Rita never added it.");
  list_rows(on, NULL);
  remark("The same as CSV:");
  csv(on, NULL);

  heading("Direct or moved, linked or delinked");
  link_jointly(on, ada, klara, northwind, "BK-200");
  link_jointly(on, ada, freja, northwind, "FL-500");
  moments[2] = revision(on);
  remark("Whom Rita sees for one device of each kind, asked of those three moments today:");
  table *rows = table("how it came to the customer", "linked", "delinked", "linked again");
  matrix_row(on, rows, "uploaded to it", "356938031000012", moments);
  matrix_row(on, rows, "moved there by the MSP", "490154201000017", moments);
  show(rows);
  remark("What was moved is the customer's from its first delink on, for good.");

  heading("The customer drops the reseller");
  does(on, by(klara), "wants no more of Contoso Mobile",
       command("drop_reseller", "tenant", id(bakery), "reseller", id(contoso)));
  tries(on, by(rita), "uploads one more device to the bakery", upload(bakery, texts("SN-2026/0043")));

  heading("A company name that is a formula");
  does(on, by(rita), "uploads two devices to Holm & Sons", upload(holm, texts("SN-2026/0077", "SN-2026/0078")));
  does(on, by(hanna), "gives her company a name that spreadsheets would run",
       command("edit_tenant", "tenant", id(holm), "name", text("=HYPERLINK(\"https://evil.example\",\"Bill\")")));
  list_rows(on, NULL);
  remark("In the CSV an apostrophe leads it, and its quotes and comma stay inside the cell.");
  csv(on, object("tenant", id(holm)));
  verify(on);
}
