//! The permissions that tenantry's own commands ask for (P-14). A policy may define more; a policy
//! that leaves one of these out leaves the commands behind it to nobody but the operator.

/// See a tenant and its profile.
pub const TENANT_VIEW: &str = "tenant.view";
/// Edit a tenant's profile.
pub const TENANT_EDIT: &str = "tenant.edit";
/// Disable and enable a tenant.
pub const TENANT_OPERATE: &str = "tenant.operate";
/// Delete a tenant.
pub const TENANT_DELETE: &str = "tenant.delete";
/// List the customers with how they are managed; held on the managing tenant.
pub const CUSTOMERS_LIST: &str = "customers.list";
/// Add, link and convert customers; held on the managing tenant.
pub const CUSTOMERS_ADD: &str = "customers.add";
/// Ask for and answer delinks for the managing side; held on the managing tenant.
pub const CUSTOMERS_DELINK: &str = "customers.delink";
/// List a tenant's users.
pub const USERS_VIEW: &str = "users.view";
/// Invite, block, remove and assign users.
pub const USERS_MANAGE: &str = "users.manage";
/// Create, edit and delete a tenant's own roles.
pub const ROLES_MANAGE: &str = "roles.manage";
/// See a tenant's devices.
pub const DEVICES_VIEW: &str = "devices.view";
/// Upload, move and delete devices.
pub const DEVICES_MANAGE: &str = "devices.manage";
/// Be a device-group manager; never a manager's.
pub const DEVICES_GROUP_MANAGER: &str = "devices.group_manager";
/// See licences.
pub const LICENCES_VIEW: &str = "licences.view";
/// Buy licences and assign seats.
pub const LICENCES_MANAGE: &str = "licences.manage";
/// See integrations.
pub const INTEGRATIONS_VIEW: &str = "integrations.view";
/// Add, share and detach integrations.
pub const INTEGRATIONS_MANAGE: &str = "integrations.manage";
/// See alert settings.
pub const ALERTS_VIEW: &str = "alerts.view";
/// Change alert settings.
pub const ALERTS_MANAGE: &str = "alerts.manage";
/// See where devices are; never a manager's.
pub const LOCATION_VIEW: &str = "location.view";
/// Open a service's console.
pub const CONSOLE_OPEN: &str = "console.open";
/// Read the audit log.
pub const AUDIT_VIEW: &str = "audit.view";
/// Change who is in a tenant group.
pub const GROUPS_MANAGE: &str = "groups.manage";
/// Answer link and delink requests, ask to delink one's own tenant; super admins only.
pub const LINK_RESPOND: &str = "link.respond";
/// Turn manager grants on and off; super admins only.
pub const GRANTS_MANAGE: &str = "grants.manage";
/// Have personal data erased; super admins only.
pub const PERSONAL_ERASE: &str = "personal.erase";

/// What a tenant that is not enabled does not bar: to operate it, to delete it, to part from it
/// (P-2, T-5).
pub const DESPITE_DISABLED: [&str; 3] = [TENANT_OPERATE, TENANT_DELETE, CUSTOMERS_DELINK];
