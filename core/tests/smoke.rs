//! The shortest way through the product.

use tenantry::base::text::{CompanyName, Email, ManagementType, Permission, Service};
use tenantry::command::*;
use tenantry::engine::Engine;
use tenantry::model::{Actor, RoleRef, TenantKind};
use tenantry::query::Question;

#[test]
fn an_msp_adds_a_customer_and_may_manage_its_devices() {
    let engine = Engine::memory().unwrap();
    let name = CompanyName::parse("Northwind IT").unwrap();
    let msp = engine.execute(Actor::OPERATOR, RegisterTenant::new(TenantKind::Msp, name)).unwrap().outcome;
    let email = Email::parse("ada@northwind.example").unwrap();
    let role: RoleRef = "super_admin".parse().unwrap();
    let ada = engine.execute(Actor::OPERATOR, RegisterUser::new(msp, email, role)).unwrap().outcome;
    let name = CompanyName::parse("Bakery Klein").unwrap();
    let fully = ManagementType::parse("fully").unwrap();
    let services = [Service::parse("manage").unwrap()].into();
    let customer = engine
        .execute(ada, AddCustomer::new(msp, TenantKind::Customer, name, fully, services))
        .unwrap()
        .outcome;
    let verdict = engine
        .check(&Question::new(ada, Permission::parse("devices.manage").unwrap(), customer.tenant))
        .unwrap();
    assert!(verdict.allowed, "{verdict:?}");
    let denied = engine
        .check(&Question::new(ada, Permission::parse("location.view").unwrap(), customer.tenant))
        .unwrap();
    assert_eq!(denied.reason.unwrap().name(), "reserved_for_customer");
    engine.verify().unwrap();
    let refused = engine.execute(ada, RequestDelink::new(customer.link)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "link `{}` is fully managed and cannot be delinked; convert it to jointly managed first",
            customer.link
        )
    );
}
