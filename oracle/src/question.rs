//! What is asked of both sides, and how two answers are found to be the same.

use std::fmt::Debug;

use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::text::{DeviceId, IssueCategory, Number};
use tenantry::base::time::Timestamp;
use tenantry::engine::Error;
use tenantry::model::{Actor, Stage};
use tenantry::query::{
    AssignmentFilter, AuditFilter, CustomerFilter, CustomerRow, IntegrationRow, LinkFilter, MoveFilter, Page,
    Paging, ProposalFilter, ResellerFilter, SessionFilter, UserFilter,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::world::Oracle;

/// What is asked.
#[derive(Clone, Debug)]
pub enum Asked {
    Customers(TenantId, CustomerFilter, Turning),
    Customer(TenantId, TenantId),
    Users(TenantId, UserFilter, Turning),
    Integrations(TenantId, Turning),
    ResellerCustomers(TenantId, ResellerFilter, Turning),
    /// Those that it sent, or was sent.
    LinkRequests(TenantId, bool, Turning),
    ManagerInvitations(TenantId, bool, Turning),
    BarredManagers(TenantId, Turning),
    Invitations(TenantId, Turning),
    Awaiting(Turning),
    Places(Turning),
    Settings(TenantId),
    Roles(TenantId, Turning),
    Managers(TenantId, Turning),
    Links(TenantId, LinkFilter, Turning),
    Proposals(TenantId, ProposalFilter, Turning),
    Moves(TenantId, MoveFilter, Turning),
    Uploads(TenantId, Turning),
    Resellers(TenantId, Turning),
    AlertRules(TenantId, Turning),
    Assignments(TenantId, AssignmentFilter, Turning),
    Licences(TenantId, Turning),
    Sessions(TenantId, SessionFilter, Turning),
    MyProfile,
    MyPermissions(TenantId),
    AskedByMe(Turning),
    Devices(TenantId, Turning),
    Device(DeviceId),
    LookUp(Number),
    Pins,
    ServiceMail(TenantId),
    Alerts(TenantId, IssueCategory),
    Audit(TenantId, AuditFilter, usize),
    LinkTerms(LinkId),
}

/// How a list is turned over.
#[derive(Clone, Copy, Debug)]
pub struct Turning {
    pub limit: usize,
    pub descending: bool,
}

/// A question, who asks it and when.
#[derive(Clone, Debug)]
pub struct ListQuestion {
    pub viewer: Actor,
    pub asked: Asked,
    pub at: Timestamp,
}

impl ListQuestion {
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
            Asked::Places(_) => "places",
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
            Asked::Licences(..) => "licences",
            Asked::Sessions(..) => "sessions",
            Asked::MyProfile => "my profile",
            Asked::MyPermissions(_) => "my permissions",
            Asked::AskedByMe(_) => "asked by me",
            Asked::Devices(..) => "devices",
            Asked::Device(..) => "device",
            Asked::LookUp(..) => "look up",
            Asked::Pins => "pins",
            Asked::ServiceMail(..) => "service mail",
            Asked::Alerts(..) => "alert recipients",
            Asked::Audit(..) => "audit",
            Asked::LinkTerms(..) => "link terms",
        }
    }
}

/// An answer that both agree on: how many rows, or why none.
pub type Agreed = Result<usize, Code>;

pub fn refused<T>(answer: Result<T, Error>) -> Result<T, Code> {
    answer.map_err(|error| error.code().unwrap_or_else(|| panic!("the engine is broken: {error}")))
}

/// All pages of a list, put together.
pub fn all_pages<R>(
    turning: Turning,
    page: impl Fn(&Paging) -> Result<Page<R>, Error>,
) -> Result<Vec<R>, Code> {
    let mut rows = Vec::new();
    let mut paging = Paging { limit: turning.limit, descending: turning.descending, ..Paging::default() };
    loop {
        let mut one = refused(page(&paging))?;
        assert!(one.rows.len() <= turning.limit, "a page has no more rows than asked for");
        rows.append(&mut one.rows);
        match one.next {
            None => return Ok(rows),
            next => paging.cursor = next,
        }
    }
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
    /// Today, where the world has passed and a user asks: nobody is told of the past what they may not see now.
    pub today: Option<(&'w Oracle, Timestamp, UserId)>,
}

impl Told<'_> {
    /// Whether who asks has the right today as well.
    pub fn right(&self, permission: &str, tenant: TenantId) -> Result<(), Code> {
        let Some((today, now, user)) = self.today else { return Ok(()) };
        self.could_act()?;
        today.viewer(&Actor::User(user), permission, tenant, now).map(|_| ())
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
