//! What two sides have to do with each other, as either is told of it: links, proposals, moves, uploads, resellers (Q-4,
//! V-1, V-7, V-8). It only reads.

use std::collections::BTreeSet;

use tenantry::base::ids::{LinkId, MoveId, ProposalId, TenantId, UploadId};
use tenantry::base::text::{DeviceId, ManagementType, Number, Service};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, EndCause, HandshakeState, ProposalContent, ResellerStatus, Stage};
use tenantry::query::{
    LinkFilter, LinkRow, MoveFilter, MoveRow, ProposalFilter, ProposalRow, TenantResellerRow, UploadRow,
};
use tenantry::refusal::Code;

use crate::access::Who;
use crate::awaiting::Named;
use crate::devices::as_ids;
use crate::lists::list_of_requests;
use crate::world::{Link, Move, Oracle, Proposal};

/// A link as one of its sides sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Linked {
    pub link: LinkId,
    pub number: Number,
    pub other: Option<Named>,
    pub management: ManagementType,
    pub services: BTreeSet<Service>,
    pub stage: Stage,
    pub since: Timestamp,
    pub expires: Option<Timestamp>,
    pub delink_ends: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub cause: Option<EndCause>,
}

impl From<LinkRow> for Linked {
    fn from(row: LinkRow) -> Self {
        assert_eq!(row.status, row.stage.status(), "the words are those of the stage");
        Self {
            link: row.link,
            number: row.number,
            other: row.other.map(Into::into),
            management: row.management,
            services: row.services,
            stage: row.stage,
            since: row.since,
            expires: row.expires,
            delink_ends: row.delink_ends,
            ended: row.ended,
            cause: row.cause,
        }
    }
}

/// What was proposed on a link, as one of its sides sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposed {
    pub proposal: ProposalId,
    pub link: LinkId,
    pub number: Number,
    pub other: Option<Named>,
    pub content: ProposalContent,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

impl From<ProposalRow> for Proposed {
    fn from(row: ProposalRow) -> Self {
        Self {
            proposal: row.proposal,
            link: row.link,
            number: row.number,
            other: row.other.map(Into::into),
            content: row.content,
            state: row.state,
            asked: row.asked,
            expires: row.expires,
        }
    }
}

/// A move that had to be approved, as one of its sides sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Handed {
    pub id: MoveId,
    pub link: LinkId,
    pub number: Number,
    pub other: Option<Named>,
    pub devices: BTreeSet<DeviceId>,
    pub state: HandshakeState,
    pub asked: Timestamp,
    pub expires: Timestamp,
}

impl From<MoveRow> for Handed {
    fn from(row: MoveRow) -> Self {
        Self {
            id: row.id,
            link: row.link,
            number: row.number,
            other: row.other.map(Into::into),
            devices: row.devices,
            state: row.state,
            asked: row.asked,
            expires: row.expires,
        }
    }
}

/// An upload as its reseller sees it: whom it went to by name and number, while they stand in its list.
#[derive(Clone, Debug, PartialEq)]
pub struct Uploaded {
    pub upload: UploadId,
    pub to: Option<(TenantId, String, Number)>,
    pub uploaded: Timestamp,
    pub devices: u64,
    pub left: u64,
}

impl From<UploadRow> for Uploaded {
    fn from(row: UploadRow) -> Self {
        let UploadRow { upload, to, uploaded, devices, left, .. } = row;
        Self { upload, to: to.map(|to| (to.tenant, to.company, to.number)), uploaded, devices, left }
    }
}

/// A reseller that added a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Reselling {
    pub reseller: Named,
    pub status: ResellerStatus,
    pub since: Timestamp,
}

impl From<TenantResellerRow> for Reselling {
    fn from(row: TenantResellerRow) -> Self {
        Self { reseller: row.reseller.into(), status: row.status, since: row.since }
    }
}

/// The permission to list the links by which a tenant manages others, or is managed.
pub fn list_of_links(manages: bool) -> &'static str {
    if manages { "customers.list" } else { "tenant.view" }
}

impl Oracle {
    /// Whether a link, and what is asked on it, is there for somebody.
    pub fn is_told_of_link(&self, who: Who, link: LinkId, at: Timestamp) -> bool {
        let Who::User(user) = who else { return true };
        self.link(link).is_some_and(|link| self.side_of_link(user, link, at).is_some())
    }

    /// The other side of a link: named while it is in force or an answer is awaited, else while it is there for them.
    fn named_over(
        &self,
        who: Who,
        link: &Link,
        other: TenantId,
        pending: bool,
        at: Timestamp,
    ) -> Option<Named> {
        let there = || self.living(other).is_some() && self.is_there(who, other, at);
        (link.in_force(at) || pending || there()).then(|| self.by_name(other))
    }

    /// The links by which a tenant manages or managed others, or is or was managed.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn links_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &LinkFilter,
        at: Timestamp,
    ) -> Result<Vec<Linked>, Code> {
        let who = self.viewer(viewer, list_of_links(filter.manages), tenant, at)?;
        let of_it = |link: &&Link| tenant == if filter.manages { link.manager } else { link.managed };
        let wanted = |link: &&Link| filter.ended.is_none_or(|ended| ended != link.in_force(at));
        let told = |link: &&Link| self.is_told_of_link(who, link.id, at);
        let rows = self.links.iter().filter(of_it).filter(wanted).filter(told).map(|link| {
            let other = if filter.manages { link.managed } else { link.manager };
            Linked {
                link: link.id,
                number: self.tenant(other).unwrap().number.clone(),
                other: self.named_over(who, link, other, false, at),
                management: link.management.clone(),
                services: link.services.clone(),
                stage: link.stage,
                since: link.since,
                expires: link.expires,
                delink_ends: link.delink_ends,
                ended: link.ended_at,
                cause: link.ended,
            }
        });
        Ok(rows.collect())
    }

    pub fn proposed(&self, who: Who, one: &Proposal, sent: bool, at: Timestamp) -> Proposed {
        let other = if sent { one.managed } else { one.manager };
        let pending = one.state == HandshakeState::Pending;
        Proposed {
            proposal: one.id,
            link: one.link,
            number: self.tenant(other).unwrap().number.clone(),
            other: self.named_over(who, self.link(one.link).unwrap(), other, pending, at),
            content: one.content.clone(),
            state: one.state,
            asked: one.asked,
            expires: one.expires,
        }
    }

    /// What a tenant proposed on its links, or was proposed to it.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn proposals_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &ProposalFilter,
        at: Timestamp,
    ) -> Result<Vec<Proposed>, Code> {
        let who = self.viewer(viewer, list_of_requests(filter.sent), tenant, at)?;
        let of_it = |one: &&Proposal| tenant == if filter.sent { one.manager } else { one.managed };
        let wanted = |one: &&Proposal| filter.state.is_none_or(|state| state == one.state);
        let told = |one: &&Proposal| self.is_told_of_link(who, one.link, at);
        let rows = self.proposals.iter().filter(of_it).filter(wanted).filter(told);
        Ok(rows.map(|one| self.proposed(who, one, filter.sent, at)).collect())
    }

    pub fn handed(&self, who: Who, one: &Move, sent: bool, at: Timestamp) -> Handed {
        let other = if sent { one.customer } else { one.manager };
        let pending = one.state == HandshakeState::Pending;
        Handed {
            id: one.id,
            link: one.link,
            number: self.tenant(other).unwrap().number.clone(),
            other: self.named_over(who, self.link(one.link).unwrap(), other, pending, at),
            devices: as_ids(&one.devices),
            state: one.state,
            asked: one.asked,
            expires: one.expires,
        }
    }

    /// The moves that a tenant asked others to approve, or was asked to (V-7).
    ///
    /// # Errors
    /// Why they are not told.
    pub fn moves_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &MoveFilter,
        at: Timestamp,
    ) -> Result<Vec<Handed>, Code> {
        let who = self.viewer(viewer, "devices.view", tenant, at)?;
        let of_it = |one: &&Move| tenant == if filter.sent { one.manager } else { one.customer };
        let wanted = |one: &&Move| filter.state.is_none_or(|state| state == one.state);
        let told = |one: &&Move| self.is_told_of_link(who, one.link, at);
        let rows = self.moves.iter().filter(of_it).filter(wanted).filter(told);
        Ok(rows.map(|one| self.handed(who, one, filter.sent, at)).collect())
    }

    /// A reseller's uploads, and what is left of each (V-8).
    ///
    /// # Errors
    /// Why they are not told.
    pub fn uploads_of(
        &self,
        viewer: &Actor,
        reseller: TenantId,
        at: Timestamp,
    ) -> Result<Vec<Uploaded>, Code> {
        self.viewer(viewer, "devices.view", reseller, at)?;
        let list = self.reseller_rows(reseller, at);
        let rows = self.uploads.iter().filter(|one| one.reseller == reseller).map(|one| Uploaded {
            upload: one.id,
            to: list
                .iter()
                .find(|row| row.tenant == one.to)
                .map(|row| (row.tenant, row.company.clone(), row.number.clone())),
            uploaded: one.at,
            devices: one.devices,
            left: self.devices.iter().filter(|device| device.upload.id == one.id).count() as u64,
        });
        Ok(rows.collect())
    }

    /// The resellers that added a tenant (V-1).
    ///
    /// # Errors
    /// Why they are not told.
    pub fn resellers_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        at: Timestamp,
    ) -> Result<Vec<Reselling>, Code> {
        self.viewer(viewer, "devices.manage", tenant, at)?;
        let added = self.reseller_customers.iter().filter(|row| row.tenant == tenant);
        let there = added.filter(|row| self.living(row.reseller).is_some());
        Ok(there
            .map(|row| Reselling {
                reseller: self.by_name(row.reseller),
                status: row.status,
                since: row.since,
            })
            .collect())
    }
}
