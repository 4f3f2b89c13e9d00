//! The access index: what a check needs, dense and in memory, for those who check more often than a
//! store can be asked.
//!
//! It holds users, tenants, links in force, assignments, roles and the policy, as P-1 to P-10 read
//! them, and nothing else. The engine keeps it current from the changes of each
//! record; any number of threads read it meanwhile and never wait. Its verdicts are those of
//! [`crate::rules::access`] on a view of the same revision. A link that ends by itself ends by the
//! moment passed in, and so does a role that is given for a while.
//!
//! ```
//! use tenantry::index::{Permit, Resolved};
//! use tenantry::{Actor, Code, Engine, TenantKind};
//! use tenantry::command::{RegisterTenant, RegisterUser};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::memory()?;
//! let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "read_only".parse()?);
//! let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//!
//! let index = engine.access_index()?;
//! let (view, manage) = (index.permission("devices.view")?, index.permission("devices.manage")?);
//! let verdict = index.check(ada, manage, msp, engine.now());
//! assert_eq!(verdict.reason, Some(Code::RoleLacksPermission));
//!
//! // Handles spare looking ids up, and many questions at once cost less than one after the other.
//! let (user, tenant) = (index.user(ada), index.tenant(msp));
//! let ask = |permission| Resolved { user, permit: Permit::from(permission), tenant };
//! let mut verdicts = [verdict; 2];
//! index.check_batch(&[ask(view), ask(manage)], engine.now(), &mut verdicts);
//! assert_eq!(verdicts.map(|verdict| verdict.allowed()), [true, false]);
//!
//! let mut tenants = Vec::new();
//! index.tenants_where(user, view, engine.now(), &mut tenants)?;
//! assert_eq!(tenants, [tenant]);
//! # Ok(())
//! # }
//! ```
//!
//! From the ground up: `seqlock` is memory with one writer and readers that never wait; `layout`
//! says what its words mean, `list` keeps sorted lists in it, `ids` and `names` number what is
//! looked up; `handle` is what callers hold; `check` decides, `reverse` finds candidates for it,
//! and `review` shows all that it allows; `access` is the index, and `follow` its writer. `saved`
//! is all of it as bytes.

mod access;
mod check;
pub(crate) mod follow;
mod handle;
mod ids;
mod layout;
mod list;
mod names;
mod reverse;
mod review;
pub(crate) mod saved;
mod seqlock;

pub use access::AccessIndex;
pub(crate) use follow::Follower;
pub use handle::{
    At, IndexSize, IndexVerdict, Overtaken, PermissionHandle, Permit, Resolved, ServiceHandle, TenantHandle,
    UserHandle,
};
pub use review::IndexReview;
pub(crate) use saved::{IndexBytes, SavedIndex};
