//! The access index: what a check needs, dense and in memory, for those who check more often than a
//! store can be asked.
//!
//! It holds users, tenants, links in force, assignments, roles and the policy, as section 4 of the
//! rules reads them, and nothing else. A [`Follower`] keeps it current from the changes of each
//! record; any number of threads read it meanwhile and never wait. Its verdicts are those of
//! [`crate::rules::access`] on a view of the same revision. A link that ends by itself ends by the
//! moment passed in.
//!
//! From the ground up: `seqlock` is memory with one writer and readers that never wait; `layout`
//! says what its words mean, `list` keeps sorted lists in it, `ids` and `names` number what is
//! looked up; `handle` is what callers hold; `check` decides, and `reverse` finds candidates for
//! it; `access` is the index, and `follow` its writer.

mod access;
mod check;
mod follow;
mod handle;
mod ids;
mod layout;
mod list;
mod names;
mod reverse;
mod seqlock;

pub use access::AccessIndex;
pub use follow::Follower;
pub use handle::{
    At, IndexVerdict, Overtaken, PermissionHandle, Permit, Resolved, ServiceHandle, TenantHandle, UserHandle,
};
