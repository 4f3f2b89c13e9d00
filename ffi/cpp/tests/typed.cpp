// tenantry.hpp, tried: what is written and read is typed, what goes wrong is told, and what a careless or hostile caller does harms nobody.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>
#include <set>
#include <sstream>
#include <thread>
#include <unordered_set>

#include <tenantry.hpp>

namespace commands = tenantry::commands;
namespace queries = tenantry::queries;
using tenantry::code;
using tenantry::event;
using tenantry::json;

static int failures = 0;
static std::atomic<long> allocations{0};

void* operator new(std::size_t size) {
  ++allocations;
  if (void* made = std::malloc(size)) return made;
  throw std::bad_alloc();
}
void operator delete(void* of) noexcept { std::free(of); }
void operator delete(void* of, std::size_t) noexcept { std::free(of); }

#define CHECK(what)                                             \
  do {                                                          \
    if (!(what)) {                                              \
      std::cerr << "line " << __LINE__ << ": " << #what << "\n"; \
      ++failures;                                               \
    }                                                           \
  } while (false)

// What is thrown, and nothing but that.
#define THROWS(kind, act, ...)                                                    \
  do {                                                                            \
    try {                                                                         \
      act;                                                                        \
      std::cerr << "line " << __LINE__ << ": " << #act << " throws nothing\n";    \
      ++failures;                                                                 \
    } catch (const kind& caught) {                                                \
      (void)caught;                                                               \
      CHECK((__VA_ARGS__));                                                       \
    } catch (const std::exception& other) {                                       \
      std::cerr << "line " << __LINE__ << ": throws " << other.what() << "\n";    \
      ++failures;                                                                 \
    }                                                                             \
  } while (false)

// What throws tells where, and the rest is tried all the same.
#define TRY(part)                                          \
  do {                                                     \
    if (only != nullptr && only != std::string(#part)) break; \
    try {                                                  \
      part();                                              \
    } catch (const std::exception& thrown) {               \
      std::cerr << #part << ": " << thrown.what() << "\n"; \
      ++failures;                                          \
    }                                                      \
  } while (false)

static const auto staff = tenantry::the_operator();

struct world {
  tenantry::engine engine;
  tenantry::tenant_id msp;
  tenantry::user_id ada;
  tenantry::added_customer bakery;
  // The revision at which it is all there.
  std::uint64_t begun = 0;

  explicit world(tenantry::engine of) : engine(std::move(of)) {
    msp = engine.execute(staff, commands::register_tenant(tenantry::tenant_kind::msp, "Northwind IT")).outcome;
    ada = engine.execute(staff, commands::register_user(msp, "ada@northwind.example", tenantry::roles::super_admin)).outcome;
    const auto added = engine.execute(ada, customer("Bakery Klein"));
    bakery = added.outcome;
    begun = added.seq;
  }
  world() : world(tenantry::engine::memory()) {}

  commands::add_customer customer(const std::string& name) const {
    return {msp, tenantry::tenant_kind::customer, name, tenantry::management::fully, {tenantry::services::manage}};
  }
  tenantry::tenant now(const tenantry::tenant_id& it) {
    const auto found = engine.ask(queries::host_entity(tenantry::kind::tenant, it));
    return found.value().get_if<tenantry::tenant>().value();
  }
};

static void what_is_written_and_read_is_typed() {
  world in;
  const auto invited =
      in.engine.execute(in.ada, commands::invite_user(in.bakery.tenant, tenantry::invitee("bo@bakery.example").with_name("Bo"),
                                                      tenantry::roles::read_only));
  CHECK(invited.seq == in.begun + 1 && !invited.token.empty() && invited.events.size() == 1);
  const auto happened = invited.events.at(0).get_if<event::user_invited>();
  CHECK(happened.has_value() && happened->user == invited.outcome.user && happened->tenant == in.bakery.tenant);
  CHECK(invited.events.at(0).tag() == "user_invited" && !invited.events.at(0).get_if<event::user_blocked>() && invited.events.at(0).is_known());

  const auto page = in.engine.ask(queries::customers(in.ada, in.msp));
  CHECK(page.rows.size() == 1 && page.rows[0].name == "Bakery Klein" && !page.next);
  const auto past = in.engine.answered(
      queries::check_many({tenantry::question(in.ada, tenantry::permissions::devices_manage, in.msp)}).with_as_of(1));
  CHECK(past.answer.size() == 1 && !past.answer[0].allowed && past.answer[0].reason == code::unknown_user && past.seq == 1u);
  CHECK(!in.engine.ask(queries::host_entity(tenantry::kind::user, in.msp)));

  // An edit leaves, sets, clears.
  in.engine.execute(in.ada, commands::edit_tenant(in.msp).with_website("https://northwind.example").with_country("DE"));
  CHECK(in.now(in.msp).website == "https://northwind.example" && in.now(in.msp).country == "DE");
  in.engine.execute(in.ada, commands::edit_tenant(in.msp).with_website(std::nullopt));
  CHECK(!in.now(in.msp).website && in.now(in.msp).country == "DE");
  auto edit = commands::edit_tenant(in.msp);
  edit.website = std::string("https://klein.example");
  CHECK(edit.country.leaves() && edit.website.value() == "https://klein.example");

  // A preview takes any command along.
  const auto invitation = commands::invite_user(in.msp, tenantry::invitee("cy@northwind.example"), tenantry::roles::admin);
  const auto foretold = in.engine.ask(queries::preview(in.ada, invitation).with_count(true));
  CHECK(foretold.count.has_value() && foretold.events.size() == 1 && foretold.events[0].tag() == "user_invited");
  CHECK(in.engine.refresh() == invited.seq + 2);
  // A whole policy goes in as it came out.
  auto policy = in.engine.ask(queries::policy());
  policy.name = "ours";
  tenantry::options how;
  how.policy = policy;
  auto other = tenantry::engine::memory(how);
  CHECK(other.ask(queries::policy()).name == "ours");
  CHECK(tenantry::to_json(other.ask(queries::policy())) == tenantry::to_json(policy));
  how.policy = "clients";
  CHECK(tenantry::engine::memory(how).ask(queries::policy()).name == "clients");
  how.policy = "none\"such";
  THROWS(tenantry::misuse_error, tenantry::engine::memory(how), true);
}

static void what_goes_wrong_is_of_a_family() {
  world in;
  THROWS(tenantry::state_refused, in.engine.execute(in.ada, commands::request_delink(in.bakery.link)),
         caught.code() == code::not_delinkable && caught.status() == 701 && std::string(caught.name()) == "not_delinkable" &&
             std::string(caught.rule()) == "D-1" && caught.about() == to_string(in.bakery.link) && *caught.remedy() != 0 &&
             tenantry::items_of(caught).empty());
  THROWS(tenantry::value_refused, in.engine.check(in.ada, "devices.mange", in.msp), caught.code() == code::unknown_permission);
  THROWS(tenantry::unknown_refused, in.engine.execute(in.ada, commands::request_delink(tenantry::link_id(in.msp.raw()))), true);
  THROWS(tenantry::rights_refused, in.engine.execute(tenantry::user_id(), commands::request_delink(in.bakery.link)), true);
  THROWS(tenantry::request_refused,
         in.engine.execute(in.ada, in.customer("Inn"), tenantry::request{std::nullopt, 1}), caught.code() == code::stale_seq);
  THROWS(tenantry::misuse_error, in.engine.execute(in.ada, commands::register_user(in.msp, "no address", "admin")),
         caught.path() == "execute.command.email" && caught.trouble() == tenantry::trouble::invalid_request);
  THROWS(tenantry::store_error, tenantry::engine::open("/nowhere/at/all"), caught.trouble() == tenantry::trouble::cannot_open);
  // Every family is caught by its own, by whether it is a "no", and by all.
  THROWS(tenantry::refused, in.engine.check(in.ada, "devices.mange", in.msp), true);
  THROWS(tenantry::trouble_error, in.engine.call("{"), !caught.is_refusal());
  THROWS(tenantry::error, in.engine.call("{"), *caught.what() != 0);
  // One that is copied, and outlives its cause, says the same.
  std::exception_ptr kept;
  try {
    in.engine.execute(in.ada, commands::request_delink(in.bakery.link));
  } catch (const tenantry::error&) {
    kept = std::current_exception();
  }
  THROWS(tenantry::state_refused, std::rethrow_exception(kept), caught.about() == to_string(in.bakery.link));
  // Of a batch every item is told.
  const auto nobody = tenantry::tenant_id::parse("0f000000-0000-0000-0000-000000000001");
  THROWS(tenantry::refused, in.engine.execute(tenantry::the_operator("SUP-1"), commands::disable_tenants({in.msp, nobody})),
         tenantry::items_of(caught).size() == 1 && tenantry::items_of(caught)[0].index == 1 &&
             tenantry::items_of(caught)[0].code == code::unknown_tenant);
}

static void hostile_texts_are_told_with_their_place() {
  world in;
  THROWS(tenantry::misuse_error, in.engine.execute(staff, commands::register_tenant(tenantry::tenant_kind::msp, "North\xffwind")),
         caught.trouble() == tenantry::trouble::not_utf8 && caught.path() == "execute.command.name");
  THROWS(tenantry::misuse_error, in.engine.execute(in.ada, commands::add_customer(in.msp, tenantry::tenant_kind::customer, "Inn", "fully", {"\xc3"})),
         caught.path() == "execute.command.services[0]");
  THROWS(tenantry::misuse_error,
         in.engine.execute(staff, commands::register_tenant(tenantry::tenant_kind::msp, std::string("North\0wind", 10))), true);
  THROWS(tenantry::misuse_error,
         in.engine.execute(staff, commands::register_tenant(tenantry::tenant_kind::msp, std::string(50 << 20, 'x'))), true);
  THROWS(tenantry::misuse_error, in.engine.check(in.ada, "\xff", in.msp), caught.trouble() == tenantry::trouble::not_utf8);
  THROWS(tenantry::error, in.engine.check(in.ada, "", in.msp), true);
  THROWS(tenantry::misuse_error, in.engine.check(in.ada, tenantry::permissions::devices_manage, in.msp, "\xff"), true);
  THROWS(tenantry::misuse_error, in.engine.acknowledge("\xff", 1), caught.path() == "acknowledge.consumer");
  // A path is any bytes but zero; where one goes along as JSON, it is a text as well.
  THROWS(tenantry::misuse_error, tenantry::engine::open(std::string_view("a\0b", 3)), true);
  THROWS(tenantry::misuse_error, in.engine.backup("\xff.db"), caught.path() == "backup.to");
  THROWS(tenantry::misuse_error, tenantry::user_id::parse("\xff"), true);
  tenantry::options how;
  how.policy = "\xff";
  THROWS(tenantry::misuse_error, tenantry::engine::memory(how), true);
  // What is no word of the library's is refused by the library, and not by us.
  auto kind = tenantry::tenant_kind::parse("franchise");
  THROWS(tenantry::misuse_error, in.engine.execute(staff, commands::register_tenant(kind, "Northwind IT")), !caught.path().empty());
  // Who says nothing is nobody.
  THROWS(tenantry::misuse_error, in.engine.execute(tenantry::actor(), in.customer("Inn")), true);
  CHECK(in.engine.refresh() == in.begun);
}

static void what_is_empty_or_null_is_told() {
  world in;
  const std::string_view null;
  THROWS(tenantry::error, in.engine.check(in.ada, null, in.msp), true);
  THROWS(tenantry::misuse_error, in.engine.call(null), true);
  THROWS(tenantry::misuse_error, tenantry::engine::open(null), true);
  THROWS(tenantry::error, tenantry::restore(null, null), true);
  THROWS(tenantry::error, in.engine.backup(null), true);
  THROWS(tenantry::error, in.engine.save_index(""), true);
  THROWS(tenantry::misuse_error, tenantry::user_id::parse(null), true);
  THROWS(tenantry::error, in.engine.execute(staff, commands::register_tenant(tenantry::tenant_kind::msp, "")), true);
  THROWS(tenantry::error, in.engine.execute(staff, commands::register_tenant(tenantry::tenant_kind(), "Inn")), true);
  THROWS(tenantry::error, in.engine.execute(in.ada, commands::add_customer({}, {}, {}, {}, {})), true);
  THROWS(tenantry::error, in.engine.ask(queries::customers(tenantry::user_id(), in.msp)), true);
  CHECK(in.engine.refresh(null) == in.engine.refresh() && in.engine.check(in.ada, tenantry::permissions::devices_manage, in.msp, null));
  CHECK(in.engine.execute_all(std::vector<tenantry::execution>()).empty());
  CHECK(in.engine.ask(queries::check_many({})).empty());
  // Instants beyond all calendars.
  const auto never = commands::add_customer(in.customer("Inn")).with_authorize_ends((tenantry::timestamp::max)());
  THROWS(tenantry::misuse_error, in.engine.execute(in.ada, never), caught.path() == "execute.command.authorize_ends");
}

static void what_is_moved_from_or_closed_is_told() {
  world in;
  tenantry::index hot(in.engine);
  const auto manage = hot.permission(tenantry::permissions::devices_manage);
  auto moved = std::move(in.engine);
  THROWS(tenantry::misuse_error, in.engine.execute(in.ada, in.customer("Inn")), caught.trouble() == tenantry::trouble::null_pointer);
  THROWS(tenantry::misuse_error, in.engine.ask(queries::policy()), true);
  THROWS(tenantry::misuse_error, tenantry::index(in.engine), true);
  moved.close();
  moved.close();
  THROWS(tenantry::misuse_error, moved.ask(queries::policy()), true);
  // The index outlives its engine.
  CHECK(hot.check(in.ada, manage, in.bakery.tenant));
  tenantry::index kept(std::move(hot));
  THROWS(tenantry::misuse_error, hot.check(in.ada, manage, in.bakery.tenant), true);
  THROWS(tenantry::misuse_error, hot.seq(), true);
  // A new one takes its place, and a store that is new holds its policy alone.
  in.engine = tenantry::engine::memory();
  CHECK(in.engine.refresh() == 1);
  tenantry::cursor<tenantry::tenant_id> none(nullptr);
  THROWS(tenantry::misuse_error, none.rest(), true);
  auto some = kept.tenants_cursor(kept.user(in.ada), manage);
  auto taken = std::move(some);
  THROWS(tenantry::misuse_error, some.rest(), true);
  THROWS(tenantry::misuse_error, taken.next(nullptr, 1), caught.trouble() == tenantry::trouble::null_pointer);
  CHECK(taken.rest().size() == 2 && taken.rest().empty());
  auto reply = in.engine.call_text(R"({"ask":{"query":"policy"}})");
  const auto held = std::move(reply);
  CHECK(reply.view().empty() && reply.copy().empty() && !held.view().empty());
  // An owner that is given to itself keeps what it has.
  auto& itself = in.engine;
  in.engine = std::move(itself);
  CHECK(in.engine.refresh() == 1);
}

static void what_a_newer_library_says_is_kept() {
  const auto kind = tenantry::detail::read<tenantry::tenant_kind>(json("franchise"));
  CHECK(kind == tenantry::tenant_kind::unlisted && kind.as_written() == "franchise" && tenantry::to_json(kind) == "franchise");
  CHECK(kind != tenantry::tenant_kind::parse("guild") && kind == tenantry::tenant_kind::parse("franchise"));
  CHECK(tenantry::tenant_kind::parse("msp") == tenantry::tenant_kind::msp && tenantry::tenant_kind(tenantry::tenant_kind::msp).as_written() == "msp");
  std::ostringstream told;
  told << kind << ' ' << tenantry::tenant_kind::parse("msp");
  CHECK(told.str() == "franchise msp");

  const json landed{{"event", "moon_landed"}, {"by", "ada"}};
  const auto one = tenantry::detail::read<event>(landed);
  CHECK(one.tag() == "moon_landed" && !one.is_known() && one.data() == landed);
  CHECK(tenantry::to_json(one) == landed);
  const auto actor = tenantry::detail::read<tenantry::audit_actor>(json{{"robot", {{"model", 7}}}});
  CHECK(actor.tag() == "robot" && tenantry::to_json(actor) == json({{"robot", {{"model", 7}}}}));
  CHECK(tenantry::detail::read<tenantry::audit_actor>("ghost").tag() == "ghost");
  CHECK(tenantry::detail::read<tenantry::audit_actor>("stranger").get_if<tenantry::audit_actor::stranger>() != nullptr);
  // Within what is told besides, too: a receipt, a page, a fault with a number of tomorrow.
  const auto receipt = tenantry::detail::executed_of<tenantry::nothing>(
      json{{"request", "0a000000-0000-0000-0000-000000000001"}, {"seq", 7}, {"token", "t"}, {"at", "2026-03-03T12:00:00.000000Z"},
           {"outcome", {{"robots", 3}}}, {"events", {landed, {{"event", "user_blocked"}}}}, {"robots", 3}});
  CHECK(receipt.seq == 7 && receipt.events.size() == 2 && receipt.events[0].tag() == "moon_landed" && receipt.events[1].is_known());
  THROWS(tenantry::unreadable, receipt.events[1].get_if<event::user_blocked>(), true);
  const auto rows = tenantry::detail::read<tenantry::page<event>>(json{{"rows", {landed}}, {"next", nullptr}, {"robots", 3}});
  CHECK(rows.rows.size() == 1 && !rows.next);
  const auto batch = tenantry::detail::items_in(
      json{{"items", {{{"index", 2}, {"number", 799}, {"message", "m"}, {"remedy", "r"}, {"rule", ""}, {"about", ""}}}}});
  CHECK(batch.size() == 1 && batch[0].index == 2 && static_cast<int>(batch[0].code) == 799);
  const tenantry::attempt odd(json{{"fault", {{"number", "many"}}}}), empty(json::object());
  THROWS(tenantry::unreadable, odd.code(), true);
  THROWS(tenantry::unreadable, odd.why(), true);
  CHECK(!empty.done() && empty.why().empty());
  // A refusal of tomorrow is of its family by its number, and a trouble that nobody knows is no refusal.
  THROWS(tenantry::rights_refused, tenantry::detail::raise(199, nullptr), static_cast<int>(caught.code()) == 199);
  THROWS(tenantry::state_refused, tenantry::detail::raise(899, nullptr), true);
  THROWS(tenantry::defect_error, tenantry::detail::raise(9800, nullptr), !caught.is_refusal());
  // A status by its name, and members that nobody knows yet.
  CHECK(tenantry::detail::read<code>("not_delinkable") == code::not_delinkable);
  CHECK(tenantry::detail::read<tenantry::recipients>(json{{"users", json::array()}, {"robots", 3}}).users.empty());
  // What is not there, or something else, is told, and nothing is made up.
  THROWS(tenantry::unreadable, tenantry::detail::read<tenantry::recipients>(json::object()), true);
  THROWS(tenantry::unreadable, tenantry::detail::read<tenantry::recipients>(json{{"users", "ada"}}), true);
  THROWS(tenantry::unreadable, tenantry::detail::read<event>(json("moon_landed")), true);
  THROWS(tenantry::unreadable, tenantry::detail::read<event>(json{{"event", 7}}), true);
  THROWS(tenantry::unreadable, tenantry::detail::read<tenantry::audit_actor>(json::array()), true);
  THROWS(tenantry::unreadable, tenantry::detail::read<tenantry::user_id>(json("ada")), true);
  THROWS(tenantry::unreadable, tenantry::detail::read<std::uint64_t>(json(-1)), true);
  THROWS(tenantry::unreadable, tenantry::detail::read<tenantry::timestamp>(json("soon")), true);
}

static void ids_are_values() {
  const auto one = tenantry::user_id::parse("00112233-4455-6677-8899-aabbccddeeff");
  CHECK(to_string(one) == "00112233-4455-6677-8899-aabbccddeeff" && one == tenantry::user_id::parse("00112233445566778899AABBCCDDEEFF"));
  CHECK(one.raw().bytes[0] == 0x00 && one.raw().bytes[15] == 0xff && !one.is_nil() && tenantry::user_id().is_nil());
  const auto next = tenantry::user_id::parse("10112233-4455-6677-8899-aabbccddeeff");
  CHECK(one < next && next > one && one <= one && one >= one && one != next);
  CHECK((std::set<tenantry::user_id>{next, one, one}.size() == 2) && (std::unordered_set<tenantry::user_id>{next, one, one}.size() == 2));
  std::ostringstream told;
  told << one;
  CHECK(told.str() == to_string(one));
  THROWS(tenantry::misuse_error, tenantry::user_id::parse("ada"), caught.trouble() == tenantry::trouble::bad_text);
  CHECK(!tenantry::user_id::try_parse("") && !tenantry::user_id::try_parse(std::string(1 << 20, '0')));
  CHECK(tenantry::uuid(one) == tenantry::uuid(one.raw()));
  // In JSON of one's own it is its text.
  const json own{{"user", one}, {"kind", tenantry::tenant_kind(tenantry::tenant_kind::msp)}};
  CHECK(own.at("user") == to_string(one) && own.at("user").get<tenantry::user_id>() == one && own.at("kind") == "msp");
  CHECK(own.at("kind").get<tenantry::tenant_kind>() == tenantry::tenant_kind::msp);
  // What is no kind of id goes with no other.
  static_assert(!std::is_convertible_v<tenantry::user_id, tenantry::tenant_id> && !std::is_constructible_v<tenantry::tenant_id, tenantry::user_id>);
  static_assert(!std::is_constructible_v<commands::request_delink, tenantry::tenant_id>);
  static_assert(!std::is_default_constructible_v<commands::request_delink>);
}

static void instants_are_read_and_written() {
  for (const char* text : {"1970-01-01T00:00:00.000000Z", "2026-03-03T12:00:00.123456Z", "2024-02-29T23:59:59.000001Z", "1969-12-31T23:59:59.999999Z",
                           "0000-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "1900-03-01T00:00:00.000000Z", "2000-02-29T00:00:00.000000Z"}) {
    CHECK(tenantry::to_string(tenantry::parse_time(text)) == text);
  }
  CHECK(tenantry::parse_time("2026-03-03T12:00:00Z").time_since_epoch().count() == 1772539200000000);
  CHECK(tenantry::to_string(tenantry::parse_time("2026-03-03T01:30:00.5+02:00")) == "2026-03-02T23:30:00.500000Z");
  CHECK(tenantry::to_string(tenantry::parse_time("2026-03-03T23:30:00-01:00")) == "2026-03-04T00:30:00.000000Z");
  for (const char* text : {"", "soon", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-03", "2026-03-03T12:00:00", "2026-03-03T12:00:00.Z",
                           "2026-03-03T12:00:00Zx", "1900-02-29T00:00:00Z", "2026-03-03T12:60:00Z", "-026-03-03T12:00:00Z"}) {
    THROWS(std::invalid_argument, tenantry::parse_time(text), true);
  }
}

static void a_long_list_turns_its_pages() {
  world in;
  std::set<std::string> made{"Bakery Klein"};
  for (int number = 0; number < 7; ++number) {
    made.insert("Inn " + std::to_string(number));
    in.engine.execute(in.ada, in.customer("Inn " + std::to_string(number)));
  }
  for (std::uint64_t limit : {1, 3, 8, 100}) {
    std::multiset<std::string> seen;
    auto asked = queries::customers(in.ada, in.msp);
    asked.paging.limit = limit;
    for (const auto& row : in.engine.rows(asked)) seen.insert(row.name);
    CHECK(seen == std::multiset<std::string>(made.begin(), made.end()));
  }
  // Within, whoever asks for no rows is refused, as by a page.
  auto wrong = queries::customers(in.ada, in.msp);
  wrong.paging.limit = 0;
  THROWS(tenantry::value_refused, for (const auto& row : in.engine.rows(wrong)) made.insert(row.name), caught.code() == code::invalid_limit);
  int rows = 0;
  for (const auto& row : in.engine.rows(queries::customers(in.ada, in.msp).with_filter(tenantry::customer_filter().with_management("jointly")))) {
    rows += row.name.empty() ? 2 : 1;
  }
  CHECK(rows == 0);
}

static void a_page_that_is_refused_can_be_asked_for_again() {
  world in;
  const auto bea = in.engine.execute(staff, commands::register_user(in.msp, "bea@northwind.example", tenantry::roles::super_admin)).outcome;
  for (const char* name : {"Inn 1", "Inn 2", "Inn 3"}) in.engine.execute(in.ada, in.customer(name));
  auto asked = queries::customers(bea, in.msp);
  asked.paging.limit = 2;
  auto all = in.engine.rows(asked);
  auto row = all.begin();
  std::set<std::string> seen{row->name};
  seen.insert((++row)->name);
  in.engine.execute(in.ada, commands::block_user(bea));
  THROWS(tenantry::refused, ++row, true);
  THROWS(tenantry::refused, ++row, true);
  in.engine.execute(in.ada, commands::unblock_user(bea));
  for (++row; row != all.end(); ++row) seen.insert(row->name);
  CHECK(seen.size() == 4);
  // The engine is closed amid the rows.
  auto others = in.engine.rows(asked);
  auto next = others.begin();
  ++next;
  in.engine.close();
  THROWS(tenantry::misuse_error, ++next, true);
}

static void a_huge_answer_is_read() {
  world in;
  std::vector<tenantry::execution> many;
  for (int number = 0; number < 500; ++number) many.push_back({in.ada, in.customer("Inn " + std::to_string(number)), {}});
  for (int round = 0; round < 4; ++round) {
    std::size_t done = 0;
    for (const auto& one : in.engine.execute_all(many)) done += one.done() ? 1 : 0;
    CHECK(done == many.size());
  }
  auto asked = queries::customers(in.ada, in.msp);
  asked.paging.limit = 1000;
  std::set<tenantry::tenant_id> seen;
  for (const auto& row : in.engine.rows(asked)) seen.insert(row.tenant);
  CHECK(seen.size() == 2001);
  CHECK(in.engine.tenants_where(in.ada, tenantry::permissions::devices_manage).size() == 2002);
  std::vector<tenantry::question> questions(5000, tenantry::question(in.ada, tenantry::permissions::devices_manage, in.bakery.tenant));
  try {
    CHECK(in.engine.ask(queries::check_many(questions)).size() == questions.size());
  } catch (const tenantry::refused& no) {
    CHECK(*no.remedy() != 0);  // too many at once
  }
}

static void notices_come_in_order() {
  world in;
  std::unordered_set<tenantry::invitation_id> sent;
  for (int number = 0; number < 5; ++number) {
    const tenantry::invitee who("n" + std::to_string(number) + "@northwind.example");
    sent.insert(in.engine.execute(in.ada, commands::invite_user(in.msp, who, tenantry::roles::admin)).outcome.invitation);
  }
  const auto waiting = in.engine.ask(queries::notices("mailer"));
  std::pair<std::uint64_t, std::uint64_t> last{0, 0};
  std::size_t invitations = 0;
  for (const auto& notice : waiting.notices) {
    const std::pair<std::uint64_t, std::uint64_t> here{notice.seq, notice.index};
    CHECK(last < here && !notice.to.users.empty());
    last = here;
    if (const auto invitation = notice.kind.get_if<tenantry::notice_kind::invitation>()) invitations += sent.count(invitation->value);
  }
  CHECK(invitations == 5);
  in.engine.acknowledge("mailer", waiting.through);
  CHECK(in.engine.ask(queries::notices("mailer")).notices.empty());
}

static void a_request_is_done_once_and_several_in_one_commit() {
  world in;
  const tenantry::request again{tenantry::request_id::parse("0a000000-0000-0000-0000-000000000001"), {}};
  const auto first = in.engine.execute(in.ada, in.customer("Inn"), again);
  const auto second = in.engine.execute(in.ada, in.customer("Inn"), again);
  CHECK(first.seq == second.seq && first.request == again.id && first.outcome.tenant == second.outcome.tenant);
  THROWS(tenantry::request_refused, in.engine.execute(in.ada, in.customer("Other"), again), caught.code() == code::request_reused);

  const auto done = in.engine.execute_all(std::vector<tenantry::execution>{
      {in.ada, in.customer("Hotel")}, {in.ada, commands::request_delink(in.bakery.link)}, {staff, commands::block_user(in.ada)}});
  CHECK(done.size() == 3 && done[0] && !done[1] && done[1].code() == code::not_delinkable && !done[1].why().empty());
  CHECK(done[0].as<commands::add_customer>().outcome.tenant != in.bakery.tenant && done[0].why().empty());
  THROWS(std::logic_error, done[0].as<commands::block_user>(), true);
  THROWS(std::logic_error, done[1].as<commands::request_delink>(), true);
}

static void checks_are_typed_and_allocate_nothing() {
  world in;
  tenantry::index hot(in.engine);
  const auto manage = hot.permission(tenantry::permissions::devices_manage);
  const auto user = hot.user(in.ada);
  const auto tenant = hot.tenant(in.bakery.tenant);
  CHECK(user && tenant && !hot.user(tenantry::user_id()) && hot.service("") == tenantry::no_service);
  std::vector<tenantry::access_question> by_ids(64, {in.ada, in.bakery.tenant, manage});
  std::vector<tenantry::resolved_question> by_handles(64, {user, tenant, manage});
  std::array<tenantry::access_verdict, 64> verdicts;
  bool all = true;
  const long before = allocations;
  all = all && hot.check(in.ada, manage, in.bakery.tenant) && hot.check(user, manage, tenant);
  hot.check_all(by_ids, verdicts);
  for (const auto& one : verdicts) all = all && one;
  hot.check_all(by_handles, verdicts);
  for (const auto& one : verdicts) all = all && one && one.reason == code{} && one.seq == in.begun;
  CHECK(all && allocations == before);
  // Handles that nobody has set are nobody's, and those of other things do not go in their place.
  CHECK(!hot.check({}, manage, tenant) && !hot.check(user, {}, tenant) && !hot.check(user, manage, {}) && !hot.check(user, manage, tenant, {}));
  static_assert(!std::is_convertible_v<tenantry::user_handle, tenantry::tenant_handle>);
  CHECK(hot.check_all(std::vector<tenantry::access_question>()).empty());
  CHECK(hot.check_all(by_ids).size() == 64);
  std::array<tenantry::access_verdict, 3> few;
  THROWS(std::invalid_argument, hot.check_all(by_ids, few), true);
  auto found = in.engine.tenants_cursor(in.ada, tenantry::permissions::devices_manage);
  tenantry::tenant_id next;
  CHECK(found.size() == 2 && found.seq() == in.begun && found.next(&next, 1) == 1 && found.rest().size() == 1 && found.next(&next, 1) == 0);
}

static void clocks_and_ids_of_the_hosts_own() {
  auto at = tenantry::parse_time("2026-03-02T08:00:00Z");
  bool broken = false;
  std::uint8_t last = 0;
  tenantry::options how;
  how.now = [&] { return broken ? throw std::runtime_error("no clock") : at; };
  how.new_id = [&] {
    tenantry_id made{};
    made.bytes[15] = ++last;
    return tenantry::uuid(made);
  };
  world in(tenantry::engine::memory(how));
  CHECK(in.msp.raw().bytes[15] != 0 && in.msp.raw().bytes[0] == 0);
  tenantry::index hot(in.engine);
  at += std::chrono::hours(1);
  CHECK(in.engine.execute(in.ada, in.customer("Inn")).at == at);
  broken = true;
  THROWS(tenantry::request_refused, in.engine.execute(in.ada, in.customer("Other")), caught.code() == code::clock_ahead);
  how.wait = std::chrono::milliseconds(-1);
  THROWS(std::invalid_argument, tenantry::engine::memory(how), true);
}

static void a_file_is_backed_up_and_restored() {
  {
    world in(tenantry::engine::open("typed.db"));
    CHECK(in.engine.backup("copy.db") == in.engine.token() && in.engine.save_index("typed.idx") == in.engine.token());
    in.engine.execute(in.ada, in.customer("Inn"));
    CHECK(in.engine.sweep() == 0);
    in.engine.compact();
    THROWS(tenantry::store_error, in.engine.backup("copy.db"), caught.trouble() == tenantry::trouble::path_taken);
  }
  tenantry::restore("copy.db", "typed.db");
  tenantry::options how;
  how.must_exist = true;
  how.wait = std::chrono::seconds(2);
  auto again = tenantry::engine::open("typed.db", how);
  CHECK(again.ask(queries::verify()).tag() == "holds");
  how.read_only = true;
  auto reader = tenantry::engine::open("typed.db", how);
  THROWS(tenantry::store_error, reader.execute(staff, commands::register_tenant(tenantry::tenant_kind::msp, "Other")), true);
}

static void threads_share_an_engine_and_an_index() {
  std::atomic<std::uint64_t> last{0};
  tenantry::options how;
  how.new_id = [&last] {
    tenantry_id made{};
    const auto number = ++last;
    for (int byte = 0; byte < 8; ++byte) made.bytes[15 - byte] = static_cast<std::uint8_t>(number >> (8 * byte));
    return tenantry::uuid(made);
  };
  how.now = [] { return tenantry::now(); };
  world in(tenantry::engine::memory(how));
  tenantry::index hot(in.engine);
  const auto manage = hot.permission(tenantry::permissions::devices_manage);
  std::vector<std::uint64_t> seqs[2];
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      try {
        for (int number = 0; number < 40; ++number) {
          seqs[thread].push_back(in.engine.execute(in.ada, in.customer("Inn")).seq);
          wrong += !hot.check(in.ada, manage, in.bakery.tenant);
          try {
            in.engine.execute(in.ada, commands::request_delink(in.bakery.link));
            ++wrong;
          } catch (const tenantry::state_refused& no) {
            wrong += no.about() != to_string(in.bakery.link);
          }
        }
      } catch (...) {
        ++wrong;
      }
    });
  }
  for (auto& one : threads) one.join();
  std::set<std::uint64_t> all(seqs[0].begin(), seqs[0].end());
  all.insert(seqs[1].begin(), seqs[1].end());
  CHECK(wrong == 0 && all.size() == 80 && hot.seq() == in.engine.refresh());
}

// With the name of a part, that part alone.
int main(int count, char** words) {
  const char* only = count > 1 ? words[1] : nullptr;
  TRY(what_is_written_and_read_is_typed);
  TRY(what_goes_wrong_is_of_a_family);
  TRY(hostile_texts_are_told_with_their_place);
  TRY(what_is_empty_or_null_is_told);
  TRY(what_is_moved_from_or_closed_is_told);
  TRY(what_a_newer_library_says_is_kept);
  TRY(ids_are_values);
  TRY(instants_are_read_and_written);
  TRY(a_long_list_turns_its_pages);
  TRY(a_page_that_is_refused_can_be_asked_for_again);
  TRY(a_huge_answer_is_read);
  TRY(notices_come_in_order);
  TRY(a_request_is_done_once_and_several_in_one_commit);
  TRY(checks_are_typed_and_allocate_nothing);
  TRY(clocks_and_ids_of_the_hosts_own);
  TRY(a_file_is_backed_up_and_restored);
  TRY(threads_share_an_engine_and_an_index);
  CHECK(tenantry_live_objects() == 0);
  if (failures == 0) std::cout << "ok\n";
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
