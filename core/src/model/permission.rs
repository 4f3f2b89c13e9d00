//! The permissions that tenantry's own commands and queries ask for (P-14).

macro_rules! permissions {
    ($(#[doc = $doc:literal] $name:ident = $text:literal;)*) => {
        $(#[doc = $doc] pub(crate) const $name: &str = $text;)*

        /// The same, as values.
        pub(crate) mod known {
            use crate::base::text::Permission;

            $(#[doc = $doc] pub const $name: Permission = Permission::known($text);)*
        }

        /// The permissions that tenantry's own commands and queries ask for, each with what it lets
        /// people do (P-14). A policy may define more; one that leaves some of these out leaves
        /// what they are for to nobody but the operator.
        ///
        /// ```
        /// use tenantry::policy::{PERMISSIONS, Policy};
        ///
        /// let offered = Policy::default().permissions;
        /// assert!(PERMISSIONS.iter().all(|(name, _)| offered.contains(*name)));
        /// ```
        pub const PERMISSIONS: &[(&str, &str)] = &[$(($name, $doc.trim_ascii())),*];
    };
}

permissions! {
    /// See a tenant and its profile.
    TENANT_VIEW = "tenant.view";
    /// Edit a tenant's profile.
    TENANT_EDIT = "tenant.edit";
    /// Disable and enable a tenant.
    TENANT_OPERATE = "tenant.operate";
    /// Delete a tenant.
    TENANT_DELETE = "tenant.delete";
    /// List the customers with how they are managed; held on the managing tenant.
    CUSTOMERS_LIST = "customers.list";
    /// Add, link and convert customers; held on the managing tenant.
    CUSTOMERS_ADD = "customers.add";
    /// Ask for and answer delinks for the managing side; held on the managing tenant.
    CUSTOMERS_DELINK = "customers.delink";
    /// List a tenant's users.
    USERS_VIEW = "users.view";
    /// Invite, block, remove and assign users.
    USERS_MANAGE = "users.manage";
    /// Create, edit and delete a tenant's own roles.
    ROLES_MANAGE = "roles.manage";
    /// See a tenant's devices.
    DEVICES_VIEW = "devices.view";
    /// Upload, move and delete devices.
    DEVICES_MANAGE = "devices.manage";
    /// Be a device-group manager; never a manager's.
    DEVICES_GROUP_MANAGER = "devices.group_manager";
    /// See licences.
    LICENCES_VIEW = "licences.view";
    /// Buy licences and assign seats.
    LICENCES_MANAGE = "licences.manage";
    /// See integrations.
    INTEGRATIONS_VIEW = "integrations.view";
    /// Add, share and detach integrations.
    INTEGRATIONS_MANAGE = "integrations.manage";
    /// See alert settings.
    ALERTS_VIEW = "alerts.view";
    /// Change alert settings.
    ALERTS_MANAGE = "alerts.manage";
    /// See where devices are; never a manager's.
    LOCATION_VIEW = "location.view";
    /// Open a service's console.
    CONSOLE_OPEN = "console.open";
    /// Read the audit log.
    AUDIT_VIEW = "audit.view";
    /// Change who is in a tenant group.
    GROUPS_MANAGE = "groups.manage";
    /// Answer link and delink requests, ask to delink one's own tenant; super admins only.
    LINK_RESPOND = "link.respond";
    /// Turn manager grants on and off; super admins only.
    GRANTS_MANAGE = "grants.manage";
    /// Have personal data erased; super admins only.
    PERSONAL_ERASE = "personal.erase";
}

/// What a tenant that is not enabled does not bar: to operate it, to delete it, to part from it
/// (P-2, T-5).
pub const DESPITE_DISABLED: [&str; 3] = [TENANT_OPERATE, TENANT_DELETE, CUSTOMERS_DELINK];
