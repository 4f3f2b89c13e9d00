//! The three policies that come with the library: `default`, `clients` and `delegated` (P-13).

use std::collections::{BTreeMap, BTreeSet};

use super::{ManagementRule, MoveRule, Policy, PrefixReuse, RoleRule, TermRule};
use crate::base::text::{BuiltinRole, IssueCategory, ManagementType, Permission, Prefix, Service};
use crate::model::permission::*;

/// Every permission of the default policy, in the order of P-14.
const PERMISSIONS: [&str; 25] = [
    TENANT_VIEW,
    TENANT_EDIT,
    TENANT_OPERATE,
    TENANT_DELETE,
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

const SUPER_ONLY: [&str; 3] = [LINK_RESPOND, GRANTS_MANAGE, PERSONAL_ERASE];

/// The customer's own voice belongs here beside location data and group managers: a manager who
/// answered their own request, or switched on their own grant, would be both parties at once (L-2,
/// P-7, D).
const RESERVED: [&str; 4] = [LOCATION_VIEW, DEVICES_GROUP_MANAGER, LINK_RESPOND, GRANTS_MANAGE];

const GRANTABLE: [&str; 2] = [USERS_MANAGE, ROLES_MANAGE];

const SERVICES: [&str; 4] = ["enrollment", "configure", "manage", "asset-intelligence"];

const CATEGORIES: [&str; 5] = ["app", "battery", "device", "network", "security"];

/// What a platform, its mail and its name service use, or what programs look for by themselves.
const RESERVED_PREFIXES: [&str; 24] = [
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

impl Default for Policy {
    /// The policy that rules.md describes: fully and jointly managed customers, one manager each,
    /// delink by two parties.
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            permissions: permissions(&PERMISSIONS),
            reserved: permissions(&RESERVED),
            grantable: permissions(&GRANTABLE),
            super_only: permissions(&SUPER_ONLY),
            services: SERVICES.iter().map(|name| service(name)).collect(),
            roles: vec![
                role("super_admin", permissions(&PERMISSIONS)),
                role("admin", all_but(&SUPER_ONLY)),
                role("read_only", views()),
                role("no_access", BTreeSet::new()),
            ],
            super_role: builtin("super_admin"),
            admin_role: builtin("admin"),
            management_types: vec![
                ManagementRule {
                    name: management("fully"),
                    locks_customer: true,
                    needs_grants: false,
                    delinkable: false,
                    exclusive: true,
                    moves: MoveRule::AtOnce,
                    converts_to: [management("jointly")].into(),
                },
                ManagementRule {
                    name: management("jointly"),
                    locks_customer: false,
                    needs_grants: true,
                    delinkable: true,
                    exclusive: false,
                    moves: MoveRule::Refused,
                    converts_to: BTreeSet::new(),
                },
            ],
            max_managers: 1,
            max_depth: 4,
            invitation_days: 7,
            link_request_days: 30,
            delink_request_days: None,
            customer_may_request_delink: true,
            term: TermRule { required: false, max_days: 3_650 },
            prefix_reuse: PrefixReuse::Immediate,
            reserved_prefixes: RESERVED_PREFIXES
                .iter()
                .map(|name| Prefix::parse(name).expect("a prefix written in this file"))
                .collect(),
            move_days: 30,
            issue_categories: CATEGORIES
                .iter()
                .map(|name| IssueCategory::parse(name).expect("a name written in this file"))
                .collect(),
            consoles: BTreeMap::new(),
        }
    }
}

impl Policy {
    /// Clients of one manager with three authorizations (no access, admin, read-only) and no delink
    /// (P-13).
    pub fn clients() -> Self {
        Self {
            name: "clients".to_owned(),
            roles: vec![
                role("admin", permissions(&PERMISSIONS)),
                role("read_only", views()),
                role("no_access", BTreeSet::new()),
            ],
            super_role: builtin("admin"),
            admin_role: builtin("admin"),
            management_types: vec![ManagementRule {
                name: management("client"),
                locks_customer: false,
                needs_grants: false,
                delinkable: false,
                exclusive: true,
                moves: MoveRule::AtOnce,
                converts_to: BTreeSet::new(),
            }],
            customer_may_request_delink: false,
            ..Self::default()
        }
    }

    /// Links that always have an end, several managers side by side, and finer roles.
    pub fn delegated() -> Self {
        let mut policy = Self {
            name: "delegated".to_owned(),
            management_types: vec![ManagementRule {
                name: management("delegated"),
                locks_customer: false,
                needs_grants: true,
                delinkable: true,
                exclusive: false,
                moves: MoveRule::Refused,
                converts_to: BTreeSet::new(),
            }],
            max_managers: 8,
            delink_request_days: Some(30),
            term: TermRule { required: true, max_days: 730 },
            ..Self::default()
        };
        policy.roles.extend([
            role(
                "helpdesk",
                permissions(&[TENANT_VIEW, USERS_VIEW, DEVICES_VIEW, ALERTS_VIEW, CONSOLE_OPEN]),
            ),
            role("device_admin", permissions(&[TENANT_VIEW, DEVICES_VIEW, DEVICES_MANAGE, CONSOLE_OPEN])),
            role("licence_admin", permissions(&[TENANT_VIEW, LICENCES_VIEW, LICENCES_MANAGE])),
            role("user_admin", permissions(&[TENANT_VIEW, USERS_VIEW, USERS_MANAGE, ROLES_MANAGE])),
            role("auditor", permissions(&[TENANT_VIEW, AUDIT_VIEW])),
        ]);
        policy
    }

    /// The policies that come with the library.
    pub fn builtin() -> [Self; 3] {
        [Self::default(), Self::clients(), Self::delegated()]
    }
}

fn permissions(names: &[&str]) -> BTreeSet<Permission> {
    names.iter().map(|name| Permission::parse(name).expect("a name written in this file")).collect()
}

fn all_but(without: &[&str]) -> BTreeSet<Permission> {
    let mut all = permissions(&PERMISSIONS);
    all.retain(|permission| !without.contains(&permission.as_str()));
    all
}

fn views() -> BTreeSet<Permission> {
    let mut all = permissions(&PERMISSIONS);
    all.retain(|permission| permission.as_str().ends_with(".view"));
    all
}

fn role(name: &str, permissions: BTreeSet<Permission>) -> RoleRule {
    RoleRule { name: builtin(name), permissions }
}

fn builtin(name: &str) -> BuiltinRole {
    BuiltinRole::parse(name).expect("a name written in this file")
}

fn management(name: &str) -> ManagementType {
    ManagementType::parse(name).expect("a name written in this file")
}

fn service(name: &str) -> Service {
    Service::parse(name).expect("a name written in this file")
}
