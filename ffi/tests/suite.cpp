// tenantry.hpp, tried: owners give back what they hold, faults are exceptions.

#include <cstdlib>
#include <iostream>
#include <utility>

#include "tenantry.hpp"

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

  const tenantry::id who = *tenantry::parse_id(ADA), where = *tenantry::parse_id(BAKERY);
  CHECK(tenantry::to_string(who) == ADA);
  CHECK(!tenantry::parse_id("01") && !tenantry::parse_id("x1000000-0000-0000-0000-000000000001"));
  CHECK(engine.check(who, TENANTRY_PERMISSION_DEVICES_MANAGE, where, TENANTRY_SERVICE_MANAGE).allowed);
  CHECK(engine.check(who, TENANTRY_PERMISSION_LOCATION_VIEW, where).reason == TENANTRY_RESERVED_FOR_CUSTOMER);
  tenantry::index hot(engine);
  const auto manage = hot.permission(TENANTRY_PERMISSION_DEVICES_MANAGE);
  const auto service = hot.service(TENANTRY_SERVICE_MANAGE);
  const auto user = hot.user(who);
  const auto tenant = hot.tenant(where);
  CHECK(hot.check(who, manage, where, service).allowed && hot.check_resolved(user, manage, tenant).allowed);
  CHECK(hot.check(where, manage, where).reason == TENANTRY_UNKNOWN_USER && hot.service("") == tenantry::no_service);
  const auto verdicts = hot.check_batch({{user, tenant, manage, service}, {tenant, user, manage, 0}});
  CHECK(verdicts.size() == 2 && verdicts[0].allowed && !verdicts[1].allowed);
  const auto by_ids = hot.check_ids({{who, where, manage, service}, {where, who, manage, tenantry::no_service}});
  CHECK(by_ids.size() == 2 && by_ids[0].allowed && !by_ids[1].allowed);
  CHECK(hot.check_batch({}).empty() && hot.check_ids({}).empty());
  CHECK(hot.tenants_where(user, manage).size() == 2 && hot.users_who_can(manage, tenant, service).size() == 1);
  CHECK(hot.tenant_access(tenant).find("\"user\":\"") != std::string::npos && hot.user_access(user).find("\"held\":[") != std::string::npos);
  CHECK(hot.seq() == 4);
  CHECK(engine.explain(who, TENANTRY_PERMISSION_LOCATION_VIEW, where).find("\"rule\":\"P-6\"") != std::string::npos);
  CHECK(engine.tenants_where(who, TENANTRY_PERMISSION_DEVICES_VIEW).size() == 2);
  const auto users = engine.users_who_can(TENANTRY_PERMISSION_DEVICES_VIEW, where);
  CHECK(users.size() == 1 && tenantry::equal(users[0], who));
  CHECK(engine.refresh(engine.token()) == 4);

  try {
    engine.call(execute(ada, std::string(R"({"command":"request_delink","link":")") + LINK + "\"}"));
    CHECK(false);
  } catch (const tenantry::error& refused) {
    CHECK(refused.status() == TENANTRY_NOT_DELINKABLE && refused.refused());
    CHECK(std::string_view(refused.name()) == "not_delinkable" && std::string_view(refused.rule()) == "D-1");
    CHECK(refused.about() == LINK && std::string_view(refused.what()).find("fully managed") != std::string_view::npos);
  }
  try {
    engine.call("{");
    CHECK(false);
  } catch (const tenantry::error& wrong) {
    CHECK(wrong.status() == TENANTRY_MALFORMED_JSON && !wrong.refused());
  }
  try {
    tenantry::engine::open("/nowhere/at/all");
    CHECK(false);
  } catch (const tenantry::error& wrong) {
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
