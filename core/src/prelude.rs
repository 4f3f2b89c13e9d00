//! What almost every host names, to be imported at once.

pub use crate::base::ids::{InvitationId, LinkId, LinkRequestId, RequestId, RoleId, TenantId, UserId};
pub use crate::base::text::{
    CompanyName, Country, Email, ManagementType, Number, Permission, PersonName, Prefix, Service,
};
pub use crate::base::time::Timestamp;
pub use crate::command::*;
pub use crate::engine::{Engine, Error, Options, Receipt, Token};
pub use crate::model::{Actor, Contact, Party, RoleRef, Stage, Subject, TenantKind};
pub use crate::policy::Policy;
pub use crate::query::{Ask, Question, Verdict};
pub use crate::refusal::{Code, Refusal};
