//! Rows about a list of customers from another system: what is new, changed, or does not fit
//!

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::tenant::Organisation;
use crate::base::text::{CompanyName, Country, ExternalId, ManagementType, Number, Prefix, Service, Website};
use crate::command::{Command, Invitee};
use crate::model::{Contact, TenantKind, TermRequest};

/// A customer as another system has it: what [`AddCustomer`](crate::command::AddCustomer) takes
/// where it is new. What is left out is left as it is where it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SyncRow {
    /// The id that the system has given it.
    pub id: ExternalId,
    /// Its company name.
    pub name: CompanyName,
    /// Its public number: of a customer of the manager's own it says which that is, of a new one
    /// it is the number to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Number>,
    /// How it is managed, where it is new.
    pub management: ManagementType,
    /// What is managed, where it is new.
    pub services: BTreeSet<Service>,
    /// What it is, where it is new; a customer, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TenantKind>,
    /// Its country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Its website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
    /// Its domain prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Prefix>,
    /// How to reach and find it.
    #[serde(default, skip_serializing_if = "crate::base::declare::is_default")]
    pub contact: Contact,
    /// How long the link lasts, where it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<TermRequest>,
    /// Who signs up as its first super admin, where it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Invitee>,
}

impl SyncRow {
    /// A customer that is known by its id and its name.
    pub const fn new(
        id: ExternalId,
        name: CompanyName,
        management: ManagementType,
        services: BTreeSet<Service>,
    ) -> Self {
        Self {
            id,
            name,
            number: None,
            management,
            services,
            kind: None,
            country: None,
            website: None,
            prefix: None,
            contact: Contact { street: None, coordinates: None, phone: None },
            term: None,
            owner: None,
        }
    }
}

/// What a row of another system's list comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[cfg_attr(any(docsrs, not(feature = "testkit")), non_exhaustive)]
pub enum SyncState {
    /// Nobody is known by its id, nor is a customer by its number: it is added.
    New,
    /// A customer of the manager has its number: the id is kept for that.
    Found,
    /// Something of what the row says is another than it is: it is edited.
    Changed,
    /// All is as the row says.
    Same,
    /// A row before it has the same id: nothing is done.
    Repeated,
    /// It leads to a customer that has another id of the system already, by a row before it or by
    /// what is kept: two ids for one. Nothing is done.
    Merged,
    /// Its id leads to a person or a device: nothing is done.
    Misled,
    /// Its id leads to one customer, and its number is that of another: nothing is done.
    Crossed,
}

/// What a row comes to, and what would be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SyncStep {
    /// The row's id.
    pub id: ExternalId,
    /// What it comes to.
    pub state: SyncState,
    /// Which customer that is, as it is now; none where it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Organisation>,
    /// Whether the row calls it by another name than it has.
    #[serde(default, skip_serializing_if = "crate::model::is_false")]
    pub renamed: bool,
    /// Whether the row says another number than it has, which never changes.
    #[serde(default, skip_serializing_if = "crate::model::is_false")]
    pub renumbered: bool,
    /// The id that leads to the same customer already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<ExternalId>,
    /// What would be done, in order: for hosts in Rust. Others make it of the row themselves.
    #[serde(skip)]
    pub commands: Vec<Command>,
}
