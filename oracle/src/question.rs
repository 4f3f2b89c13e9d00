//! What is asked of both sides, and how two answers are found to be the same.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Debug;

use tenantry::base::ids::{LinkId, RequestId, TenantId, UserId};
use tenantry::base::text::{DeviceId, Email, ExternalId, IssueCategory, Number, System};
use tenantry::base::time::Timestamp;
use tenantry::engine::Error;
use tenantry::model::{Actor, Stage};
use tenantry::query::{
    AccessFilter, AsOf, AssignmentFilter, AuditFilter, BarredManagerFilter, CustomerFilter, CustomerRow,
    DeviceFilter, ExternalIdFilter, IntegrationFilter, IntegrationRow, InvitationFilter, LicenceFilter,
    LinkFilter, LinkRequestFilter, ManagerFilter, ManagerInvitationFilter, MoveFilter, Page, Paging,
    ProposalFilter, ResellerFilter, RoleFilter, SessionFilter, TemporaryFilter, UserFilter,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::devices::HeldRow;
use crate::world::Oracle;

/// A moment that has passed: that of a record, or one by the clock.
#[derive(Clone, Copy, Debug)]
pub enum Moments {
    Record(RequestId),
    Clock(Timestamp),
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Asked {
    Customers(TenantId, CustomerFilter, Turning),
    Customer(TenantId, TenantId),
    Users(TenantId, UserFilter, Turning),
    Integrations(TenantId, IntegrationFilter, Turning),
    ResellerCustomers(TenantId, ResellerFilter, Turning),
    LinkRequests(TenantId, LinkRequestFilter, Turning),
    ManagerInvitations(TenantId, ManagerInvitationFilter, Turning),
    BarredManagers(TenantId, BarredManagerFilter, Turning),
    Invitations(TenantId, InvitationFilter, Turning),
    Awaiting(Turning),
    /// Those with a text, or all.
    Places(Option<String>, Turning),
    Settings(TenantId),
    Roles(TenantId, RoleFilter, Turning),
    Managers(TenantId, ManagerFilter, Turning),
    Links(TenantId, LinkFilter, Turning),
    Proposals(TenantId, ProposalFilter, Turning),
    Moves(TenantId, MoveFilter, Turning),
    Uploads(TenantId, Turning),
    Resellers(TenantId, Turning),
    AlertRules(TenantId, Turning),
    Assignments(TenantId, AssignmentFilter, Turning),
    TemporaryAccess(TenantId, TemporaryFilter, Turning),
    Licences(TenantId, LicenceFilter, Turning),
    Sessions(TenantId, SessionFilter, Turning),
    MyProfile,
    MyPermissions(TenantId),
    AskedByMe(Turning),
    EligibleRoles(Turning),
    Devices(TenantId, DeviceFilter, Turning),
    Device(DeviceId),
    Person(TenantId, Email),
    ExternalIds(TenantId, ExternalIdFilter, Turning),
    External(TenantId, System, ExternalId),
    LookUp(Number),
    Pins,
    ServiceMail(TenantId),
    Alerts(TenantId, IssueCategory),
    Audit(TenantId, AuditFilter, usize),
    LinkTerms(LinkId),
    TenantAccess(TenantId, AccessFilter, Turning),
    OrganisationAccess(TenantId),
    UserAccess(UserId, AccessFilter, Turning),
    Arising(TenantId, Turning),
    TenantAccessChanges(TenantId, Moments, Turning),
    UserAccessChanges(UserId, Moments, Turning),
}

/// How a list is turned over.
#[derive(Clone, Copy, Debug)]
pub struct Turning {
    pub limit: usize,
    pub descending: bool,
}

impl Turning {
    /// The first page.
    pub fn paging(self) -> Paging {
        Paging { limit: self.limit, descending: self.descending, ..Paging::default() }
    }

    /// Whether it is asked as well how many rows all pages have, where that is not told unasked: of every other list.
    pub fn counts(self) -> bool {
        self.limit.is_multiple_of(2)
    }
}

/// A question, who asks it and when.
#[derive(Clone, Debug)]
pub struct ListQuestion {
    pub viewer: Actor,
    pub asked: Asked,
    pub at: Timestamp,
}

impl ListQuestion {
    /// Whether it is about who can reach what.
    pub fn is_review(&self) -> bool {
        matches!(
            self.asked,
            Asked::TenantAccess(..)
                | Asked::OrganisationAccess(_)
                | Asked::UserAccess(..)
                | Asked::Arising(..)
                | Asked::TenantAccessChanges(..)
                | Asked::UserAccessChanges(..)
        )
    }

    /// The moment that another is compared with.
    pub fn since(&self) -> Option<Moments> {
        match self.asked {
            Asked::TenantAccessChanges(_, since, _) | Asked::UserAccessChanges(_, since, _) => Some(since),
            _ => None,
        }
    }

    /// What kind of question it is.
    pub fn kind(&self) -> &'static str {
        match self.asked {
            Asked::Customers(..) => "customers",
            Asked::Customer(..) => "customer",
            Asked::Users(..) => "users",
            Asked::Integrations(..) => "integrations",
            Asked::ResellerCustomers(..) => "reseller customers",
            Asked::LinkRequests(..) => "link requests",
            Asked::ManagerInvitations(..) => "manager invitations",
            Asked::BarredManagers(..) => "barred managers",
            Asked::Invitations(..) => "invitations",
            Asked::Awaiting(_) => "awaiting",
            Asked::Places(..) => "places",
            Asked::Settings(_) => "settings",
            Asked::Roles(..) => "roles",
            Asked::Managers(..) => "managers",
            Asked::Links(..) => "links",
            Asked::Proposals(..) => "proposals",
            Asked::Moves(..) => "moves",
            Asked::Uploads(..) => "uploads",
            Asked::Resellers(..) => "resellers",
            Asked::AlertRules(..) => "alert rules",
            Asked::Assignments(..) => "assignments",
            Asked::TemporaryAccess(..) => "temporary access",
            Asked::Licences(..) => "licences",
            Asked::Sessions(..) => "sessions",
            Asked::MyProfile => "my profile",
            Asked::MyPermissions(_) => "my permissions",
            Asked::AskedByMe(_) => "asked by me",
            Asked::EligibleRoles(_) => "eligible roles",
            Asked::Devices(..) => "devices",
            Asked::Device(..) => "device",
            Asked::Person(..) => "person",
            Asked::ExternalIds(..) => "external ids",
            Asked::External(..) => "external id",
            Asked::LookUp(..) => "look up",
            Asked::Pins => "pins",
            Asked::ServiceMail(..) => "service mail",
            Asked::Alerts(..) => "alert recipients",
            Asked::Audit(..) => "audit",
            Asked::LinkTerms(..) => "link terms",
            Asked::TenantAccess(..) => "tenant access",
            Asked::OrganisationAccess(..) => "organisation access",
            Asked::UserAccess(..) => "user access",
            Asked::Arising(..) => "arising",
            Asked::TenantAccessChanges(..) => "tenant access changes",
            Asked::UserAccessChanges(..) => "user access changes",
        }
    }
}

/// An answer that both agree on: how many rows, or why none.
pub type Agreed = Result<usize, Code>;

/// What an answer of the engine's is read for.
#[derive(Clone, Copy)]
pub enum Reading<'t> {
    /// To be told as text.
    Text,
    /// To be held against the oracle's.
    Against(&'t Told<'t>),
}

/// An answer that was read: told, or whether both agree on it.
pub enum Read {
    Text(String),
    Compared(Result<Agreed, String>),
}

impl Reading<'_> {
    /// The moment that another is compared with; the beginning of everything, where an answer is only told.
    pub fn since(&self) -> AsOf {
        match self {
            Self::Against(Told { since: Some((_, _, since)), .. }) => *since,
            _ => AsOf::Seq(0),
        }
    }

    /// Reads an answer.
    pub fn of<R: Debug>(
        self,
        actual: Result<Vec<R>, Code>,
        compare: impl FnOnce(&Told<'_>, Result<Vec<R>, Code>) -> Result<Agreed, String>,
    ) -> Read {
        match self {
            Self::Text => Read::Text(format!("{actual:?}")),
            Self::Against(told) => Read::Compared(compare(told, actual)),
        }
    }
}

pub fn refused<T>(answer: Result<T, Error>) -> Result<T, Code> {
    answer.map_err(|error| error.code().unwrap_or_else(|| panic!("the engine is broken: {error}")))
}

/// All pages of a list, put together.
pub fn all_pages<R, S: From<R>>(
    turning: Turning,
    page: impl Fn(&Paging) -> Result<Page<R>, Error>,
) -> Result<Vec<S>, Code> {
    let mut rows = Vec::new();
    let mut paging = turning.paging();
    loop {
        let one = refused(page(&paging))?;
        assert!(one.rows.len() <= turning.limit, "a page has no more rows than asked for");
        rows.extend(one.rows.into_iter().map(S::from));
        match one.next {
            None => return Ok(rows),
            next => paging.cursor = next,
        }
    }
}

/// An answer of one row.
pub fn one_row<R, S: From<R>>(answer: Result<R, Error>) -> Result<Vec<S>, Code> {
    refused(answer).map(|one| vec![one.into()])
}

/// Whether both have the same rows, whatever their order.
pub fn same<R: PartialEq + Debug>(
    expected: Result<Vec<R>, Code>,
    actual: Result<Vec<R>, Code>,
) -> Result<Agreed, String> {
    let told = |rows: &Result<Vec<R>, Code>| format!("{rows:#?}");
    let equal = match (&expected, &actual) {
        (Ok(one), Ok(other)) => {
            one.len() == other.len()
                && one.iter().all(|row| other.contains(row))
                && other.iter().all(|row| one.contains(row))
        }
        (Err(one), Err(other)) => one == other,
        _ => false,
    };
    if equal {
        Ok(actual.map(|rows| rows.len()))
    } else {
        Err(format!("oracle says {}, engine says {}", told(&expected), told(&actual)))
    }
}

/// Whether the rows are in the order that was asked for.
pub fn in_order<R: Debug, K: Ord>(
    rows: &Result<Vec<R>, Code>,
    turning: Turning,
    key: impl Fn(&R) -> K,
) -> Result<(), String> {
    let Ok(rows) = rows else { return Ok(()) };
    let ordered = rows.windows(2).all(|two| match (two, turning.descending) {
        ([one, other], false) => key(one) <= key(other),
        ([one, other], true) => key(one) >= key(other),
        _ => true,
    });
    if ordered { Ok(()) } else { Err(format!("the engine's rows are not in order: {rows:#?}")) }
}

/// The world a question is about, and what today has to say about the answer.
pub struct Told<'w> {
    pub world: Oracle,
    pub at: Timestamp,
    /// Everything as it is recorded, and when it is asked.
    pub recorded: (&'w Oracle, Timestamp),
    /// Today, where the world has passed and a user asks: nobody is told of the past what they may not see now.
    pub today: Option<(&'w Oracle, Timestamp, UserId)>,
    /// The world that it is compared with, its moment, and what that is called.
    pub since: Option<(Oracle, Timestamp, AsOf)>,
    /// What is to be counted that was met in the answer.
    pub met: RefCell<BTreeSet<&'static str>>,
}

impl Told<'_> {
    /// Whether who asks has the right today as well.
    pub fn right(&self, permission: &str, tenant: TenantId) -> Result<(), Code> {
        let Some((today, now, user)) = self.today else { return Ok(()) };
        self.could_act()?;
        today.viewer(&Actor::User(user), permission, tenant, now).map(|_| ())
    }

    /// A device, with what may be told of it today.
    pub fn device(&self, row: HeldRow) -> HeldRow {
        match self.today {
            Some((today, now, user)) => today.shown_row(Who::User(user), row, now),
            None => row,
        }
    }

    /// Whether who asks can act today, and could then.
    pub fn could_act(&self) -> Result<(), Code> {
        let Some((today, _, user)) = self.today else { return Ok(()) };
        today.actor(&Actor::User(user), Disabled::Bars)?;
        self.world.actor(&Actor::User(user), Disabled::Bars).map(|_| ())
    }

    /// Whether a customer's row may be shown today: that of a delinked one, to those who see all that is below and were not kept off
    /// it.
    pub fn shows(&self, manager: TenantId, row: &CustomerRow) -> bool {
        self.today.is_none_or(|(today, now, user)| match row.stage {
            Stage::Delinked => {
                today.remembers(user, manager, now) && !today.is_kept_off(user, manager, row.tenant, now)
            }
            _ => today.sees(Who::User(user), row.tenant, now),
        })
    }

    /// Whether it may be told today whose integration it is.
    pub fn shares(&self, tenant: TenantId, row: &IntegrationRow) -> bool {
        self.today.is_none_or(|(today, now, user)| {
            row.owner == tenant || today.is_there(Who::User(user), row.owner, now)
        })
    }

    pub fn lives(&self, tenant: TenantId) -> bool {
        self.today.is_none_or(|(today, ..)| today.living(tenant).is_some())
    }
}
