//! Entities that nobody sees as such: what lists read, what counts, what remembers. They follow the
//! others, and no host, language or file view names them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entity::{Added, Link, Tenant, derived, is_false, is_zero};
use super::words::{Operation, ResellerStatus, Stage, TenantKind};
use crate::base::ids::{HoldingId, LicenceId, LinkId, MoveId, TenantId, UploadId, UserId};
use crate::base::text::{CompanyName, Country, DeviceId, ManagementType, Number, Prefix, Service};
use crate::base::time::Timestamp;

/// A prefix that was given back and rests, by the policy of that moment (T-3). One that may be
/// taken again at once leaves nothing behind, and what has rested enough goes when others are given
/// back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestingPrefix {
    /// The prefix.
    pub prefix: Prefix,
    /// When it may be taken again; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl RestingPrefix {
    /// The key of a prefix.
    pub fn key(prefix: &Prefix) -> Uuid {
        Uuid::new_v5(&Uuid::nil(), prefix.as_str().as_bytes())
    }

    /// Whether it may not be taken yet.
    pub fn rests(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

/// How many refused commands of somebody were recorded lately, so that refusals never fill the
/// journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// Whose.
    pub user: UserId,
    /// The beginning of the last hour in which one was recorded.
    pub hour: Timestamp,
    /// How many were recorded in that hour.
    pub recorded: u32,
}

impl Refusals {
    /// How many of somebody's were recorded in the hour of a moment.
    pub fn recorded_at(before: Option<&Self>, at: Timestamp) -> u32 {
        before.filter(|before| before.hour == at.hour()).map_or(0, |before| before.recorded)
    }
}

/// A managed tenant as it stands in its manager's list: what the list shows, finds and sorts
/// by, in one place, so that a page costs the rows it shows. It follows link and tenant while the
/// link is in force, and stays as it was at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The link; its key is the listing's.
    pub link: LinkId,
    /// Whose list it stands in.
    pub manager: TenantId,
    /// The managed tenant.
    pub tenant: TenantId,
    /// Its name.
    pub name: CompanyName,
    /// Its number.
    pub number: Number,
    /// What is managed.
    pub services: BTreeSet<Service>,
    /// How it is managed.
    pub management: ManagementType,
    /// How far the link has come.
    pub stage: Stage,
    /// When a pending delink request completes by itself (D-8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delink_ends: Option<Timestamp>,
    /// Whether the tenant can be worked on.
    pub operation: Operation,
    /// How many devices it holds; none any more once the link has ended, for what it holds then is
    /// its own affair.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub devices: u64,
    /// Whether it may manage others itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub manages: bool,
}

impl Listing {
    /// How a link and the tenant it is about stand in the manager's list.
    pub fn of(link: &Link, tenant: &Tenant) -> Self {
        Self {
            link: link.id,
            manager: link.manager,
            tenant: tenant.id,
            name: tenant.name.clone(),
            number: tenant.number.clone(),
            services: link.services.clone(),
            management: link.management.clone(),
            stage: link.stage,
            delink_ends: link.delink_ends,
            operation: tenant.operation,
            devices: if link.stage.is_in_force() { tenant.devices } else { 0 },
            manages: tenant.kind == TenantKind::Msp,
        }
    }
}

/// What a reseller and a tenant are to each other: whether it was added, and what of the reseller's
/// uploads is shown as it (V-1, V-4, V-5). The counts are kept as things happen, so that a list
/// costs the rows it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResellerRow {
    /// The reseller.
    pub reseller: TenantId,
    /// The tenant that devices are shown as.
    pub tenant: TenantId,
    /// The tenant's name.
    pub name: CompanyName,
    /// The number it is shown with: its own, or its MSP's (V-3).
    pub number: Number,
    /// The tenant's country, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Whether the tenant was deleted: then it is not listed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Whether and how the reseller added it; a customer that was delinked may never have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Added>,
    /// How many devices are shown as it.
    pub devices: u64,
    /// How many of them were uploaded to an MSP and stayed when the customer was delinked (V-3).
    pub delinked_devices: u64,
    /// How many uploads have a device that is shown as it.
    pub uploads: u64,
    /// When the last of those uploads was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_uploaded: Option<Timestamp>,
}

impl ResellerRow {
    /// The key of the row of a reseller and a tenant.
    pub fn key(reseller: TenantId, tenant: TenantId) -> Uuid {
        derived(9, &[reseller.uuid().as_bytes(), tenant.uuid().as_bytes()])
    }

    /// What people read first: the tenant's name and, after a slash, the reseller's own reference
    /// (V-5).
    pub fn company(&self) -> String {
        match self.added.as_ref().and_then(|added| added.reference.as_ref()) {
            Some(reference) => format!("{} / {reference}", self.name),
            None => self.name.as_str().to_owned(),
        }
    }

    /// Whether a device is shown as it (V-4).
    pub const fn is_shown(&self) -> bool {
        self.devices > 0
    }

    /// Whether it stands in a list, be it only in that of the unused (V-4).
    pub const fn is_listed(&self) -> bool {
        !self.deleted && (self.is_shown() || self.added.is_some())
    }

    /// How far the two have come; where it was never added, devices of the reseller are shown as it
    /// all the same.
    pub fn status(&self) -> ResellerStatus {
        self.added.as_ref().map_or(ResellerStatus::Active, |added| added.status)
    }
}

/// What is left of one upload with one holder, by one way of getting there: all of it is shown as
/// the same tenant (V-3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Its key.
    pub id: HoldingId,
    /// The reseller.
    pub reseller: TenantId,
    /// The upload.
    pub upload: UploadId,
    /// When that was.
    pub uploaded_at: Timestamp,
    /// To whom that was.
    pub uploaded_to: TenantId,
    /// Who holds the devices.
    pub holder: TenantId,
    /// How they got to the holder from whom they are shown as: the links under which they were
    /// moved and that are not known to have ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way: Vec<Moved>,
    /// How many devices.
    pub devices: u64,
    /// Whom they are shown as (V-3).
    pub shown_as: TenantId,
    /// Whether that is because they stayed there when a link ended.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stayed: bool,
    /// What the upload was and is, kept with what lies where it was put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<Arrived>,
}

/// An upload in numbers, whoever holds what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrived {
    /// How many devices it had.
    pub devices: u64,
    /// How many of them are left, with whomever.
    pub left: u64,
}

/// A step on the way of devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The link under which they were moved.
    pub link: LinkId,
    /// To whom.
    pub to: TenantId,
}

impl Holding {
    /// The key of an upload as it arrived.
    pub fn uploaded(upload: UploadId) -> HoldingId {
        HoldingId::from_uuid(derived(10, &[upload.uuid().as_bytes()]))
    }

    /// The key of what was moved on from here under a link.
    pub fn moved(&self, link: LinkId) -> HoldingId {
        HoldingId::from_uuid(derived(10, &[self.id.uuid().as_bytes(), link.uuid().as_bytes()]))
    }
}

/// A device; it belongs to one tenant at a time (V-2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id; of several, the one that was typed first.
    pub id: DeviceId,
    /// Its other ids.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub others: BTreeSet<DeviceId>,
    /// Who holds it.
    pub holder: TenantId,
    /// What it counts towards.
    pub holding: HoldingId,
    /// The licence whose seat it has (C-1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<LicenceId>,
    /// The move that awaits the customer's approval (V-7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving: Option<MoveId>,
}

impl Device {
    /// The key of a device; that of another of its ids leads to it, too.
    pub fn key(id: &DeviceId) -> Uuid {
        derived(11, &[id.as_str().as_bytes()])
    }
}
