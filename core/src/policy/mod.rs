//! The policy: what a platform offers and how strict it is, as data (P-13).
//!
//! A policy is validated as a whole and is an entity like any other, so that history stays
//! explainable. Nothing here decides about a command; the rules read these values.
//!
//! ```
//! use std::collections::BTreeSet;
//! use tenantry::policy::{Policy, RoleRule};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut policy = Policy { name: "our own".to_owned(), invitation_days: 14, ..Policy::default() };
//! let permissions: BTreeSet<_> = ["tenant.view".parse()?, "devices.view".parse()?].into();
//! policy.roles.push(RoleRule { name: "helpdesk".parse()?, permissions });
//! policy.validate()?;
//!
//! // It is judged as a whole, and every fault is told.
//! policy.max_depth = 0;
//! policy.services.clear();
//! let error = policy.validate().unwrap_err();
//! assert!(error.to_string().contains("`max_depth` must be 1 to 16, not 0"));
//! # Ok(())
//! # }
//! ```

mod builtin;
mod management;
pub(crate) mod names;
mod terms;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use builtin::{
    CATEGORIES, GRANTABLE, RESERVED, RESERVED_PREFIXES, SERVICES, SUPER_ONLY, all_but, permissions, prefix,
    views,
};
use names::management::{FULLY, JOINTLY};

pub use crate::model::permission::PERMISSIONS;
pub use management::{AddedServices, ManagementRule, MoveRule};
pub use terms::{PolicyVersion, Terms};

use crate::base::text::{BuiltinRole, IssueCategory, ManagementType, Permission, Prefix, Service};
use crate::base::time::Timestamp;
use crate::model::permission::{
    ALERTS_VIEW, AUDIT_VIEW, CONSOLE_OPEN, CUSTOMERS_LIST, DEVICES_MANAGE, DEVICES_VIEW, LICENCES_MANAGE,
    LICENCES_VIEW, ROLES_MANAGE, TENANT_VIEW, USERS_MANAGE, USERS_VIEW,
};

/// The most permissions a policy can hold (P-14).
pub const MAX_PERMISSIONS: usize = 128;
/// The most services a policy can hold (P-14).
pub const MAX_SERVICES: usize = 64;
/// The longest time limit a policy can set, in days.
pub(crate) const MAX_DAYS: u32 = 36_500;
/// The most minutes for which a policy may let a role be active: a day of 24 hours.
const MAX_ACTIVATION: u32 = 1_440;
/// The most levels or managers a policy can allow: every check walks them.
pub(crate) const MAX_CHAIN: u32 = 16;

/// The most chains from a tenant up to one far above it, which a check may have to look at:
/// managers to the power of one less than the depth (P-13).
pub(crate) const MAX_CHAINS: u32 = 512;

/// Everything about tenantry that is a matter of choice (P-13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What people call it.
    pub name: String,
    /// Every permission there is; a check of any other is denied.
    pub permissions: BTreeSet<Permission>,
    /// Permissions that can never be a manager's (P-6).
    pub reserved: BTreeSet<Permission>,
    /// Permissions a manager has only by the customer's grant, where the management type asks for
    /// grants (P-7).
    pub grantable: BTreeSet<Permission>,
    /// Permissions that only the super role holds (P-14).
    pub super_only: BTreeSet<Permission>,
    /// The services that can be managed (L-6).
    pub services: BTreeSet<Service>,
    /// The roles every tenant has (P-9).
    pub roles: Vec<RoleRule>,
    /// The role that holds everything: the customer's voice in every handshake (P-9).
    pub super_role: BuiltinRole,
    /// The role next to it, whose holders count as a tenant's admins (P-9, T-7).
    pub admin_role: BuiltinRole,
    /// How a tenant can be managed (L).
    pub management_types: Vec<ManagementRule>,
    /// How many managers a tenant may have (L-7).
    pub max_managers: u32,
    /// How many links the longest chain may have (L-8).
    pub max_depth: u32,
    /// Days until an invitation lapses (U-2).
    pub invitation_days: u32,
    /// Days until a link request lapses (L-3).
    pub link_request_days: u32,
    /// Days until a delink request lapses; never, if absent (D).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delink_request_days: Option<u32>,
    /// How many requests, invitations and reminders somebody gets from one organisation in a day of
    /// UTC (L-3).
    #[serde(default = "default_asks_per_day")]
    pub asks_per_day: u32,
    /// Who begins to talk about managing a tenant that is there already (L-10).
    #[serde(default)]
    pub who_asks: WhoAsks,
    /// Whether the customer's side may ask to delink (D-4).
    pub customer_may_request_delink: bool,
    /// How long links may last (L-9).
    pub term: TermRule,
    /// Whether a tenant that is enabled again is up only when the host reports it ready; else it is
    /// at once (T-5).
    #[serde(default)]
    pub host_reports_ready: bool,
    /// What becomes of a domain prefix that is given back (T-3).
    pub prefix_reuse: PrefixReuse,
    /// Domain prefixes that no tenant may have, since the platform or its mail uses them (T-3).
    #[serde(default)]
    pub reserved_prefixes: BTreeSet<Prefix>,
    /// Days until a move that awaits the customer's approval lapses (V-7).
    #[serde(default = "default_move_days")]
    pub move_days: u32,
    /// The categories of issues that alerts are about (A-2).
    #[serde(default)]
    pub issue_categories: BTreeSet<IssueCategory>,
    /// How long roles may last that are given for a while, and where they have to be (X-4).
    #[serde(default, skip_serializing_if = "TemporaryRule::is_default")]
    pub temporary: TemporaryRule,
    /// For how long people activate roles that they are eligible for (X-4).
    #[serde(default, skip_serializing_if = "ActivationRule::is_default")]
    pub activation: ActivationRule,
    /// Where each service's console is: an `https` or `http` address, or a path on the host's own
    /// site; `{tenant}` and `{number}` stand for the tenant's (S-1).
    #[serde(default)]
    pub consoles: BTreeMap<Service, String>,
}

const fn default_asks_per_day() -> u32 {
    20
}

/// The most that [`Policy::asks_per_day`] can allow.
pub(crate) const MAX_ASKS_PER_DAY: u32 = 10_000;

const fn default_move_days() -> u32 {
    30
}

/// Who begins to talk about managing a tenant that is there already (L-10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhoAsks {
    /// An MSP asks, invited or not.
    #[default]
    Either,
    /// An MSP asks those that have invited it.
    InvitedOnly,
}

/// A built-in role (P-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleRule {
    /// Its name, such as `read_only`.
    pub name: BuiltinRole,
    /// What it holds.
    pub permissions: BTreeSet<Permission>,
}

/// How long links may last (L-9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TermRule {
    /// Whether every new link must have an end.
    pub required: bool,
    /// The longest term, in days.
    pub max_days: u32,
}

/// How long roles may last that are given for a while (X-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TemporaryRule {
    /// Whether every role on another tenant than its user's home must have an end.
    pub required: bool,
    /// How many days from when it is given such an end may lie ahead.
    pub max_days: u32,
}

impl Default for TemporaryRule {
    fn default() -> Self {
        Self { required: false, max_days: 365 }
    }
}

impl TemporaryRule {
    /// Whether a policy need not name it: those that were recorded before there was one do not.
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// For how long people activate what they are eligible for (X-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ActivationRule {
    /// The fewest minutes at a time.
    pub min_minutes: u32,
    /// The most minutes at a time.
    pub max_minutes: u32,
}

impl Default for ActivationRule {
    fn default() -> Self {
        Self { min_minutes: 30, max_minutes: 480 }
    }
}

impl ActivationRule {
    /// Whether a policy need not name it: those that were recorded before there was one do not.
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of a domain prefix that is given back (T-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum PrefixReuse {
    /// It can be taken again at once.
    Immediate,
    /// It rests for so many days first.
    Quarantine {
        /// Days of rest.
        days: u32,
    },
    /// It is never given out again.
    Never,
}

impl PrefixReuse {
    /// Until when a prefix rests that is given back now: not at all, up to a moment, or, if that is
    /// none, for ever.
    pub(crate) fn rest(self, at: Timestamp) -> Option<Option<Timestamp>> {
        match self {
            Self::Immediate => None,
            Self::Quarantine { days } => Some(Some(at.plus_days(days))),
            Self::Never => Some(None),
        }
    }
}

/// What contradicts itself in a policy: every fault found, each in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct PolicyError {
    /// The faults, in the order of the policy's fields; never empty.
    pub faults: Vec<String>,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.faults.join("; "))
    }
}

impl Default for Policy {
    /// The policy that the rules start from: fully and jointly managed customers, one manager each,
    /// delink by two parties.
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            permissions: all_but(&[]),
            reserved: permissions(&RESERVED),
            grantable: permissions(&GRANTABLE),
            super_only: permissions(&SUPER_ONLY),
            services: SERVICES.into(),
            roles: vec![
                role("super_admin", all_but(&[])),
                role("admin", all_but(&SUPER_ONLY)),
                role("read_only", views()),
                role("no_access", BTreeSet::new()),
            ],
            super_role: BuiltinRole::known("super_admin"),
            admin_role: BuiltinRole::known("admin"),
            management_types: vec![
                ManagementRule {
                    name: FULLY,
                    locks_customer: true,
                    needs_grants: false,
                    delinkable: false,
                    notice_days: None,
                    exclusive: true,
                    moves: MoveRule::AtOnce,
                    added_services: AddedServices::Ask,
                    converts_to: [JOINTLY].into(),
                },
                ManagementRule {
                    name: JOINTLY,
                    locks_customer: false,
                    needs_grants: true,
                    delinkable: true,
                    notice_days: None,
                    exclusive: false,
                    moves: MoveRule::Refused,
                    added_services: AddedServices::Ask,
                    converts_to: BTreeSet::new(),
                },
            ],
            max_managers: 1,
            max_depth: 4,
            invitation_days: 7,
            link_request_days: 30,
            delink_request_days: None,
            asks_per_day: 20,
            who_asks: WhoAsks::Either,
            customer_may_request_delink: true,
            term: TermRule { required: false, max_days: 3_650 },
            host_reports_ready: false,
            prefix_reuse: PrefixReuse::Immediate,
            reserved_prefixes: RESERVED_PREFIXES.iter().map(|name| prefix(name)).collect(),
            move_days: 30,
            issue_categories: CATEGORIES.iter().map(|name| IssueCategory::known(name)).collect(),
            temporary: TemporaryRule::default(),
            activation: ActivationRule::default(),
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
                role("admin", all_but(&[])),
                role("read_only", views().into_iter().chain(permissions(&[CUSTOMERS_LIST])).collect()),
                role("no_access", BTreeSet::new()),
            ],
            super_role: BuiltinRole::known("admin"),
            admin_role: BuiltinRole::known("admin"),
            management_types: vec![ManagementRule {
                name: ManagementType::known("client"),
                locks_customer: false,
                needs_grants: false,
                delinkable: false,
                notice_days: None,
                exclusive: true,
                moves: MoveRule::AtOnce,
                added_services: AddedServices::Notify,
                converts_to: BTreeSet::new(),
            }],
            customer_may_request_delink: false,
            host_reports_ready: true,
            ..Self::default()
        }
    }

    /// Links that always have an end, several managers side by side, and finer roles.
    pub fn delegated() -> Self {
        let mut policy = Self {
            name: "delegated".to_owned(),
            management_types: vec![ManagementRule {
                name: ManagementType::known("delegated"),
                locks_customer: false,
                needs_grants: true,
                delinkable: true,
                notice_days: None,
                exclusive: false,
                moves: MoveRule::Refused,
                added_services: AddedServices::Ask,
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

    /// The built-in role of that name.
    pub fn role(&self, name: &BuiltinRole) -> Option<&RoleRule> {
        self.roles.iter().find(|role| role.name == *name)
    }

    /// The management type of that name.
    pub fn management(&self, name: &ManagementType) -> Option<&ManagementRule> {
        self.management_types.iter().find(|rule| rule.name == *name)
    }

    /// Whether a manager can hold a permission by a link that was agreed upon under this policy.
    pub(crate) fn carries(&self, permission: &str) -> bool {
        self.permissions.contains(permission) && !self.reserved.contains(permission)
    }

    /// Every permission of which that is so.
    pub(crate) fn carried(&self) -> BTreeSet<Permission> {
        self.permissions.difference(&self.reserved).cloned().collect()
    }

    /// Checks the policy as a whole (P-13).
    ///
    /// # Errors
    /// Lists every value that is out of bounds and every pair that contradicts each other.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let mut faults = Vec::new();
        self.validate_names(&mut faults);
        self.validate_roles(&mut faults);
        self.validate_management(&mut faults);
        self.validate_limits(&mut faults);
        if faults.is_empty() { Ok(()) } else { Err(PolicyError { faults }) }
    }

    fn validate_names(&self, faults: &mut Vec<String>) {
        if self.name.trim().is_empty() || self.name.chars().count() > 64 {
            faults.push("the policy needs a name of 1 to 64 characters".to_owned());
        }
        if self.permissions.is_empty() || self.permissions.len() > MAX_PERMISSIONS {
            faults.push(format!(
                "a policy holds 1 to {MAX_PERMISSIONS} permissions, not {}",
                self.permissions.len()
            ));
        }
        if self.services.is_empty() || self.services.len() > MAX_SERVICES {
            faults.push(format!("a policy holds 1 to {MAX_SERVICES} services, not {}", self.services.len()));
        }
        for (set, name) in
            [(&self.reserved, "reserved"), (&self.grantable, "grantable"), (&self.super_only, "super_only")]
        {
            for missing in set.difference(&self.permissions) {
                faults.push(format!("`{name}` names `{missing}`, which is no permission of this policy"));
            }
        }
        for (service, address) in &self.consoles {
            if !self.services.contains(service) {
                faults.push(format!("`consoles` names `{service}`, which is no service of this policy"));
            }
            if address.is_empty()
                || address.len() > 2_048
                || !address.bytes().all(|byte| byte.is_ascii_graphic())
            {
                faults.push(format!("the console of `{service}` must be 1 to 2048 visible ASCII characters"));
            }
            // What begins with two is another site's, which browsers do not look at closely.
            let elsewhere = ["//", "/\\"].iter().any(|start| address.starts_with(start));
            if elsewhere || !["https://", "http://", "/"].iter().any(|start| address.starts_with(start)) {
                faults.push(format!(
                    "the console of `{service}` must begin with `https://`, `http://` or, on the host's own site, `/`"
                ));
            }
        }
        for both in self.reserved.intersection(&self.grantable) {
            faults.push(format!("`{both}` is both reserved and grantable; no grant lifts a reservation"));
        }
    }

    fn validate_roles(&self, faults: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for role in &self.roles {
            if !seen.insert(&role.name) {
                faults.push(format!("role `{}` is defined twice", role.name));
            }
            for missing in role.permissions.difference(&self.permissions) {
                faults.push(format!(
                    "role `{}` holds `{missing}`, which is no permission of this policy",
                    role.name
                ));
            }
            if role.name != self.super_role {
                for held in role.permissions.intersection(&self.super_only) {
                    faults.push(format!(
                        "role `{}` holds `{held}`, which only `{}` may",
                        role.name, self.super_role
                    ));
                }
            }
        }
        match self.role(&self.super_role) {
            None => faults.push(format!("the super role `{}` is not defined", self.super_role)),
            Some(role) if role.permissions != self.permissions => {
                faults.push(format!("the super role `{}` must hold every permission", self.super_role));
            }
            Some(_) => {}
        }
        if self.role(&self.admin_role).is_none() {
            faults.push(format!("the admin role `{}` is not defined", self.admin_role));
        }
    }

    fn validate_management(&self, faults: &mut Vec<String>) {
        if self.management_types.is_empty() {
            faults.push("a policy needs at least one management type".to_owned());
        }
        let mut seen = BTreeSet::new();
        for rule in &self.management_types {
            let name = &rule.name;
            if !seen.insert(name) {
                faults.push(format!("management type `{name}` is defined twice"));
            }
            if rule.locks_customer && rule.delinkable {
                faults.push(format!(
                    "`{name}` locks the customer out and yet asks the customer to agree to a delink"
                ));
            }
            if rule.locks_customer && rule.needs_grants {
                faults.push(format!(
                    "`{name}` locks the customer out and yet needs grants that only the customer gives"
                ));
            }
            if rule.locks_customer && rule.moves == MoveRule::Approval {
                faults.push(format!("`{name}` locks the customer out and yet asks them to approve moves"));
            }
            if let Some(days) = rule.notice_days {
                if days == 0 || days > MAX_DAYS {
                    faults.push(format!("`{name}` has a notice period of 1 to {MAX_DAYS} days, not {days}"));
                }
                if !rule.delinkable {
                    faults.push(format!("`{name}` has a notice period and yet cannot be delinked"));
                }
                if self.delink_request_days.is_some() {
                    faults.push(format!(
                        "`{name}` has a notice period and yet delink requests lapse after `delink_request_days`"
                    ));
                }
            }
            if rule.locks_customer && !rule.exclusive {
                faults.push(format!("`{name}` locks the customer out and yet tolerates other managers"));
            }
            for to in &rule.converts_to {
                match self.management(to) {
                    None => faults.push(format!("`{name}` converts to `{to}`, which is not defined")),
                    Some(_) if to == name => faults.push(format!("`{name}` converts to itself")),
                    Some(target) if target.leaves_more_than(rule) => {
                        faults.push(format!(
                            "`{name}` converts to `{to}`, which would leave the manager more without the customer's consent"
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
    }

    fn validate_limits(&self, faults: &mut Vec<String>) {
        let mut bound = |name: &str, value: u32, most: u32| {
            if value == 0 || value > most {
                faults.push(format!("`{name}` must be 1 to {most}, not {value}"));
            }
        };
        bound("max_managers", self.max_managers, MAX_CHAIN);
        bound("max_depth", self.max_depth, MAX_CHAIN);
        bound("invitation_days", self.invitation_days, MAX_DAYS);
        bound("link_request_days", self.link_request_days, MAX_DAYS);
        bound("term.max_days", self.term.max_days, MAX_DAYS);
        bound("temporary.max_days", self.temporary.max_days, MAX_DAYS);
        bound("activation.max_minutes", self.activation.max_minutes, MAX_ACTIVATION);
        bound("activation.min_minutes", self.activation.min_minutes, self.activation.max_minutes);
        bound("asks_per_day", self.asks_per_day, MAX_ASKS_PER_DAY);
        bound("move_days", self.move_days, MAX_DAYS);
        if let Some(days) = self.delink_request_days {
            bound("delink_request_days", days, MAX_DAYS);
        }
        if let PrefixReuse::Quarantine { days } = self.prefix_reuse {
            bound("prefix_reuse.quarantine.days", days, MAX_DAYS);
        }
        let chains = self.max_managers.checked_pow(self.max_depth.saturating_sub(1));
        if chains.is_none_or(|chains| chains > MAX_CHAINS) {
            faults.push(format!(
                "`max_managers` and `max_depth` allow more than {MAX_CHAINS} chains of managers above a tenant"
            ));
        }
    }
}

fn role(name: &'static str, permissions: BTreeSet<Permission>) -> RoleRule {
    RoleRule { name: BuiltinRole::known(name), permissions }
}
