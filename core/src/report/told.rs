//! What somebody was told of a tenant, as far as lists tell it.

use std::collections::{BTreeMap, BTreeSet};

use super::names::NamesTold;
use crate::base::ids::UserId;
use crate::base::text::Service;
use crate::base::time::Timestamp;
use crate::query::{
    AccessChangeRow, AsOf, AuditRow, InvitationRow, LinkRequestRow, LinkRow, ManagerInvitationRow,
    ManagerRow, OrganisationAccessRow, Page, ProposalRow, TemporaryRow, TenantAccessRow, TenantSettings,
};
use crate::refusal::Refusal;

/// What one list told, or why it told nothing.
pub(crate) type Section<T> = Result<T, Refusal>;

/// What somebody was told of a tenant at a moment.
#[derive(Debug)]
pub(crate) struct TenantTold {
    /// The moment.
    pub(crate) at: Timestamp,
    /// Whether it has passed.
    pub(crate) has_passed: bool,
    /// Who was told; nobody, if it was the platform's own staff.
    pub(crate) reader: Option<UserId>,
    /// The tenant itself.
    pub(crate) tenant: TenantSettings,
    /// The services of the policy.
    pub(crate) services: BTreeSet<Service>,
    /// The people who can reach it.
    pub(crate) people: Section<Page<TenantAccessRow>>,
    /// The other organisations whose people can.
    pub(crate) organisations: Section<Vec<OrganisationAccessRow>>,
    /// Who manages it, and them.
    pub(crate) managers: Section<Vec<Manager>>,
    /// The links by which it was managed.
    pub(crate) ended: Section<Page<LinkRow>>,
    /// What awaits an answer.
    pub(crate) awaited: Unanswered,
    /// Who has, or may activate, a role on it for a while.
    pub(crate) temporary: Section<Page<TemporaryRow>>,
    /// What has changed about its access since a moment.
    pub(crate) changes: Option<(AsOf, Section<Page<AccessChangeRow>>)>,
    /// What happened, the last first.
    pub(crate) history: Section<Page<AuditRow>>,
    /// Whose access each record of that has changed.
    pub(crate) by_record: BTreeMap<u64, Vec<AccessChangeRow>>,
    /// What all of these are called.
    pub(crate) names: NamesTold,
}

/// Who manages, and who manages them.
#[derive(Debug)]
pub(crate) struct Manager {
    pub(crate) row: ManagerRow,
    pub(crate) above: Vec<Self>,
}

/// What awaits an answer; of what was asked by one side of the other, what the tenant was asked and
/// what it asked.
#[derive(Debug)]
pub(crate) struct Unanswered {
    pub(crate) invitations: Section<Page<InvitationRow>>,
    pub(crate) link_requests: [Section<Page<LinkRequestRow>>; 2],
    pub(crate) manager_invitations: [Section<Page<ManagerInvitationRow>>; 2],
    pub(crate) proposals: [Section<Page<ProposalRow>>; 2],
}
