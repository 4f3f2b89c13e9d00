//! What the policies that come with the library are made of: their permissions, services and
//! categories, and the sets of permissions of their roles (P-14).

use std::collections::BTreeSet;

use crate::base::text::{BuiltinRole, IssueCategory, ManagementType, Permission, Prefix, Service};
use crate::model::permission::*;

/// Every permission of the default policy, in the order of P-14.
pub(super) const PERMISSIONS: [&str; 26] = [
    TENANT_VIEW,
    TENANT_EDIT,
    TENANT_OPERATE,
    TENANT_DELETE,
    CUSTOMERS_LIST,
    CUSTOMERS_ADD,
    CUSTOMERS_DELINK,
    USERS_VIEW,
    USERS_MANAGE,
    ROLES_MANAGE,
    DEVICES_VIEW,
    DEVICES_MANAGE,
    DEVICES_GROUP_MANAGER,
    LICENCES_VIEW,
    LICENCES_MANAGE,
    INTEGRATIONS_VIEW,
    INTEGRATIONS_MANAGE,
    ALERTS_VIEW,
    ALERTS_MANAGE,
    LOCATION_VIEW,
    CONSOLE_OPEN,
    AUDIT_VIEW,
    GROUPS_MANAGE,
    LINK_RESPOND,
    GRANTS_MANAGE,
    PERSONAL_ERASE,
];

pub(super) const SUPER_ONLY: [&str; 3] = [LINK_RESPOND, GRANTS_MANAGE, PERSONAL_ERASE];

/// The customer's own voice belongs here beside location data and group managers: a manager who
/// answered their own request, or switched on their own grant, would be both parties at once (L-2,
/// P-7, D).
pub(super) const RESERVED: [&str; 4] = [LOCATION_VIEW, DEVICES_GROUP_MANAGER, LINK_RESPOND, GRANTS_MANAGE];

pub(super) const GRANTABLE: [&str; 2] = [USERS_MANAGE, ROLES_MANAGE];

pub(super) const SERVICES: [&str; 4] = ["enrollment", "configure", "manage", "asset-intelligence"];

pub(super) const CATEGORIES: [&str; 5] = ["app", "battery", "device", "network", "security"];

/// What a platform, its mail and its name service use, or what programs look for by themselves.
pub(super) const RESERVED_PREFIXES: [&str; 24] = [
    "admin",
    "api",
    "app",
    "autoconfig",
    "autodiscover",
    "dns",
    "ftp",
    "help",
    "imap",
    "isatap",
    "localhost",
    "login",
    "mail",
    "mx",
    "ns",
    "pop",
    "postmaster",
    "smtp",
    "sso",
    "status",
    "support",
    "webmail",
    "wpad",
    "www",
];

pub(super) fn permissions(names: &[&str]) -> BTreeSet<Permission> {
    names.iter().map(|name| Permission::parse(name).expect("a name written in this file")).collect()
}

pub(super) fn all_but(without: &[&str]) -> BTreeSet<Permission> {
    let mut all = permissions(&PERMISSIONS);
    all.retain(|permission| !without.contains(&permission.as_str()));
    all
}

pub(super) fn views() -> BTreeSet<Permission> {
    let mut all = permissions(&PERMISSIONS);
    all.retain(|permission| permission.as_str().ends_with(".view"));
    all
}

pub(super) fn role_name(name: &str) -> BuiltinRole {
    BuiltinRole::parse(name).expect("a name written in this file")
}

pub(super) fn management(name: &str) -> ManagementType {
    ManagementType::parse(name).expect("a name written in this file")
}

pub(super) fn service(name: &str) -> Service {
    Service::parse(name).expect("a name written in this file")
}

pub(super) fn prefix(name: &str) -> Prefix {
    Prefix::parse(name).expect("a prefix written in this file")
}

pub(super) fn category(name: &str) -> IssueCategory {
    IssueCategory::parse(name).expect("a name written in this file")
}
