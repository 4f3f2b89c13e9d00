// tenantry/core.hpp, tried: owners give back what they hold, faults are exceptions; it wants no JSON. What stands on it is tried in ffi/cpp.

#include <cstdlib>
#include <iostream>
#include <utility>

#include "tenantry/core.hpp"

#ifdef NLOHMANN_JSON_VERSION_MAJOR
#error "tenantry/core.hpp is to want nothing but the standard library"
#endif

static int failures = 0;

#define CHECK(what)                                             \
  do {                                                          \
    if (!(what)) {                                              \
      std::cerr << "line " << __LINE__ << ": " << #what << "\n"; \
      ++failures;                                               \
    }                                                           \
  } while (false)

static const char MSP[] = "01000000-0000-0000-0000-000000000001";
static const char ADA[] = "01000000-0000-0000-0000-000000000002";
static const char BAKERY[] = "01000000-0000-0000-0000-000000000003";
static const char LINK[] = "01000000-0000-0000-0000-000000000004";

static std::string execute(const std::string& actor, const std::string& command) {
  return R"({"execute":{"actor":)" + actor + R"(,"command":)" + command + "}}";
}

static void play() {
  const std::string staff = R"({"operator":{}})", ada = std::string(R"({"user":")") + ADA + "\"}";
  tenantry::engine engine = tenantry::engine::memory();
  engine.call(execute(staff, std::string(R"({"command":"register_tenant","kind":"msp","name":"Northwind IT","tenant":")") + MSP + "\"}"));
  engine.call(execute(staff, std::string(R"({"command":"register_user","email":"ada@northwind.example","role":"super_admin","home":")") +
                                 MSP + R"(","user":")" + ADA + "\"}"));
  engine.call(execute(ada, std::string(R"({"command":"add_customer","kind":"customer","name":"Bakery Klein","management":"fully",)") +
                               R"("services":["manage"],"manager":")" + MSP + R"(","tenant":")" + BAKERY + R"(","link":")" + LINK + "\"}"));

  const auto who = tenantry::user_id::parse(ADA);
  const auto where = tenantry::tenant_id::parse(BAKERY);
  CHECK(to_string(who) == ADA);
  CHECK(!tenantry::user_id::try_parse("01") && !tenantry::user_id::try_parse("x1000000-0000-0000-0000-000000000001"));
  CHECK(engine.check(who, TENANTRY_PERMISSION_DEVICES_MANAGE, where, TENANTRY_SERVICE_MANAGE).allowed);
  CHECK(engine.check(who, TENANTRY_PERMISSION_LOCATION_VIEW, where).reason == tenantry::code::reserved_for_customer);
  tenantry::index hot(engine);
  const auto manage = hot.permission(TENANTRY_PERMISSION_DEVICES_MANAGE);
  const auto service = hot.service(TENANTRY_SERVICE_MANAGE);
  const auto user = hot.user(who);
  const auto tenant = hot.tenant(where);
  CHECK(hot.check(who, manage, where, service).allowed && hot.check(user, manage, tenant).allowed);
  CHECK(hot.check(tenantry::user_id(where.raw()), manage, where).reason == tenantry::code::unknown_user && hot.service("") == tenantry::no_service);
  const auto verdicts = hot.check_all(std::vector<tenantry::resolved_question>{{user, tenant, manage, service}, {{}, tenant, manage, {}}});
  CHECK(verdicts.size() == 2 && verdicts[0].allowed && !verdicts[1].allowed);
  const auto by_ids = hot.check_all(std::vector<tenantry::access_question>{{who, where, manage, service}, {who, {}, manage}});
  CHECK(by_ids.size() == 2 && by_ids[0].allowed && !by_ids[1].allowed);
  CHECK(hot.check_all(std::vector<tenantry::resolved_question>{}).empty() && hot.check_all(std::vector<tenantry::access_question>{}).empty());
  CHECK(hot.tenants_where(user, manage).size() == 2 && hot.users_who_can(manage, tenant, service).size() == 1);
  CHECK(hot.tenant_access(tenant).find("\"user\":\"") != std::string::npos && hot.user_access(user).find("\"held\":[") != std::string::npos);
  CHECK(hot.seq() == 4);
  CHECK(engine.tenants_where(who, TENANTRY_PERMISSION_DEVICES_VIEW).size() == 2);
  const auto users = engine.users_who_can(TENANTRY_PERMISSION_DEVICES_VIEW, where);
  CHECK(users.size() == 1 && users[0] == who);
  CHECK(engine.refresh(engine.token()) == 4);

  try {
    engine.call(execute(ada, std::string(R"({"command":"request_delink","link":")") + LINK + "\"}"));
    CHECK(false);
  } catch (const tenantry::state_refused& refused) {
    CHECK(refused.code() == tenantry::code::not_delinkable && refused.status() == TENANTRY_NOT_DELINKABLE && refused.is_refusal());
    CHECK(std::string_view(refused.name()) == "not_delinkable" && std::string_view(refused.rule()) == "D-1");
    CHECK(refused.about() == LINK && std::string_view(refused.what()).find("fully managed") != std::string_view::npos);
  }
  try {
    engine.call("{");
    CHECK(false);
  } catch (const tenantry::misuse_error& wrong) {
    CHECK(wrong.trouble() == tenantry::trouble::malformed_json && !wrong.is_refusal());
  }
  try {
    tenantry::engine::open("/nowhere/at/all");
    CHECK(false);
  } catch (const tenantry::store_error& wrong) {
    CHECK(wrong.status() == TENANTRY_CANNOT_OPEN);
  }

  tenantry::engine moved = std::move(engine);
  CHECK(engine.handle() == nullptr && moved.refresh() == 4);
  moved.close();
  CHECK(moved.handle() == nullptr);
  try {
    tenantry::index late(moved);
    CHECK(false);
  } catch (const tenantry::error& wrong) {
    CHECK(wrong.status() == TENANTRY_NULL_POINTER);
  }
  // The index outlives it.
  tenantry::index kept(std::move(hot));
  CHECK(kept.check(who, manage, where, service).allowed);
  try {
    hot.check(who, manage, where);
    CHECK(false);
  } catch (const tenantry::error& wrong) {
    CHECK(wrong.status() == TENANTRY_NULL_POINTER);
  }
}

int main() {
  play();
  CHECK(tenantry_live_objects() == 0);
  if (failures == 0) std::cout << "ok\n";
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
