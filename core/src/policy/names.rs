//! The names that the default policy knows, as values: so that a misspelt one does not compile.
//!
//! A policy of your own may leave some out and have others, which are parsed:
//! `"tickets.close".parse()?`.

/// Permissions that tenantry's own commands and queries ask for (P-14). [`PERMISSIONS`] lists them.
///
/// ```
/// use tenantry::{Actor, Engine, Question, TenantKind, command::*, permissions, roles};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Engine::memory()?;
/// let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
/// let msp = db.execute(Actor::OPERATOR, msp)?.outcome;
/// let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, roles::READ_ONLY);
/// let ada = db.execute(Actor::OPERATOR, ada)?.outcome;
///
/// assert!(db.check(&Question::new(ada, permissions::DEVICES_VIEW, msp))?.allowed);
/// assert!(!db.check(&Question::new(ada, permissions::DEVICES_MANAGE, msp))?.allowed);
/// # Ok(())
/// # }
/// ```
///
/// [`PERMISSIONS`]: crate::policy::PERMISSIONS
pub mod permissions {
    pub use crate::model::permission::known::*;
}

/// Roles that are built into the default policy (P-9). A tenant's own go by their ids.
pub mod roles {
    use crate::base::text::BuiltinRole;
    use crate::model::RoleRef;

    const fn builtin(name: &'static str) -> RoleRef {
        RoleRef::Builtin(BuiltinRole::known(name))
    }

    /// Everything; a tenant keeps one (U-3).
    pub const SUPER_ADMIN: RoleRef = builtin("super_admin");
    /// Everything but what super admins alone do.
    pub const ADMIN: RoleRef = builtin("admin");
    /// To look, and to change nothing.
    pub const READ_ONLY: RoleRef = builtin("read_only");
    /// Nothing, whatever is held further up (P-10).
    pub const NO_ACCESS: RoleRef = builtin("no_access");
}

/// Services that links of the default policy are about (L-6).
pub mod services {
    use crate::base::text::Service;

    /// Devices are enrolled.
    pub const ENROLLMENT: Service = Service::known("enrollment");
    /// Devices are configured.
    pub const CONFIGURE: Service = Service::known("configure");
    /// Devices are managed.
    pub const MANAGE: Service = Service::known("manage");
    /// What there is of devices is analysed.
    pub const ASSET_INTELLIGENCE: Service = Service::known("asset-intelligence");
}

/// Management types of the default policy: how a link manages (P-13).
pub mod management {
    use crate::base::text::ManagementType;

    /// The manager decides all; the customer cannot part from it.
    pub const FULLY: ManagementType = ManagementType::known("fully");
    /// Both decide; either may ask to part.
    pub const JOINTLY: ManagementType = ManagementType::known("jointly");
}
