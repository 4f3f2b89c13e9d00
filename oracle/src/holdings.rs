//! What there is on a tenant: who has which role, licences, consoles, as somebody is told of it. It only reads.

use tenantry::base::ids::{LicenceId, SessionId, TenantId, UserId};
use tenantry::base::text::{Email, Permission, PersonName, Service};
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, RoleRef, Subject};
use tenantry::query::{
    AssignmentFilter, AssignmentRow, EligibleRow, LicenceFilter, LicenceRow, SessionFilter, SessionRow,
    TemporaryFilter, TemporaryRow,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::awaiting::Named;
use crate::world::{Assignment, Licence, Oracle, Session, Temporary, User};

/// Somebody's role on a tenant: theirs by name, or that of their organisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    pub user: Option<UserId>,
    pub home: TenantId,
    pub name: Option<PersonName>,
    pub email: Option<Email>,
    pub role: RoleRef,
    pub below: bool,
    pub masked: bool,
    /// When it ends by itself.
    pub ends: Option<Timestamp>,
}

impl From<AssignmentRow> for Assigned {
    fn from(row: AssignmentRow) -> Self {
        let AssignmentRow { user, home, name, email, role, below, masked, ends, .. } = row;
        Self { user, home, name, email, role, below, masked, ends }
    }
}

/// A role for a while, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct LaidOver {
    pub on: Named,
    pub given: Assigned,
    pub starts: Timestamp,
    pub decides: bool,
    /// Whether its user has to activate it, and whether they did.
    pub eligible: bool,
    pub activated: bool,
}

impl From<TemporaryRow> for LaidOver {
    fn from(row: TemporaryRow) -> Self {
        let TemporaryRow { on, user, home, name, email, role, below, masked, starts, ends, .. } = row;
        let TemporaryRow { decides, eligible, activated, .. } = row;
        let given = Assigned { user, home, name, email, role, below, masked, ends: Some(ends) };
        Self { on: on.into(), given, starts, decides, eligible, activated }
    }
}

impl LaidOver {
    /// Whether it is wanted of what is told.
    pub fn is_wanted(&self, filter: &TemporaryFilter, at: Timestamp) -> bool {
        filter.role.as_ref().is_none_or(|role| *role == self.given.role)
            && filter.user.is_none_or(|user| self.given.user == Some(user))
            && filter.begun.is_none_or(|begun| begun == (self.starts <= at))
            && filter.eligible.is_none_or(|eligible| eligible == self.eligible)
    }
}

/// A role that one may activate, or has activated.
#[derive(Clone, Debug, PartialEq)]
pub struct MayActivate {
    pub tenant: TenantId,
    /// The tenant by name, as far as it is shown.
    pub on: Option<Named>,
    pub role: RoleRef,
    pub below: bool,
    pub masked: bool,
    pub starts: Timestamp,
    pub ends: Timestamp,
    pub active_until: Option<Timestamp>,
}

impl From<EligibleRow> for MayActivate {
    fn from(row: EligibleRow) -> Self {
        let EligibleRow { tenant, on, role, below, masked, starts, ends, active_until, .. } = row;
        Self { tenant, on: on.map(Into::into), role, below, masked, starts, ends, active_until }
    }
}

/// A licence that serves a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Licensed {
    pub licence: LicenceId,
    pub service: Service,
    pub seats: u32,
    pub used: u32,
    pub buyer: Option<TenantId>,
    pub expires: Option<Timestamp>,
}

impl From<LicenceRow> for Licensed {
    fn from(row: LicenceRow) -> Self {
        let LicenceRow { licence, service, seats, used, buyer, expires, .. } = row;
        Self { licence, service, seats, used, buyer, expires }
    }
}

/// A console of a tenant, opened by a colleague or by another organisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    pub session: SessionId,
    pub service: Service,
    pub opened: Timestamp,
    pub by: Subject,
    pub closed: Option<Timestamp>,
}

impl From<SessionRow> for Opened {
    fn from(row: SessionRow) -> Self {
        let SessionRow { session, service, opened, by, closed, .. } = row;
        Self { session, service, opened, by, closed }
    }
}

impl Oracle {
    fn home_of(&self, user: UserId) -> TenantId {
        self.user(user).map(|user| user.home).unwrap()
    }

    /// Whether somebody may see the users of a tenant.
    pub fn may_view_users(&self, who: Who, tenant: TenantId, at: Timestamp) -> bool {
        self.right(who, "users.view", tenant, at, Disabled::Bars).is_ok()
    }

    pub fn is_at_home(&self, who: Who, tenant: TenantId) -> bool {
        matches!(who, Who::User(user) if self.home_of(user) == tenant)
    }

    /// A row as far as somebody is told of people: colleagues, and those of an organisation whose users they may see; of others
    /// the organisation, if that is there for them.
    pub fn masked_row(&self, who: Who, row: Assigned, at: Timestamp) -> Option<Assigned> {
        let views = self.may_view_users(who, row.home, at);
        let named = views || self.is_at_home(who, row.home);
        (named || self.is_there(who, row.home, at)).then(|| Assigned {
            user: row.user.filter(|_| named),
            name: row.name.filter(|_| views),
            email: row.email.filter(|_| views),
            ..row
        })
    }

    fn assigned(&self, one: &Assignment, ends: Option<Timestamp>) -> Assigned {
        let user = self.user(one.user).unwrap();
        Assigned {
            user: Some(one.user),
            home: user.home,
            name: user.name.clone(),
            email: user.email.clone(),
            role: one.role.clone(),
            below: one.below,
            masked: one.masked,
            ends,
        }
    }

    /// What is given for a while, now or later, on a tenant or anywhere below it, wherever the viewer sees the users.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn laid_over(&self, viewer: &Actor, tenant: TenantId, at: Timestamp) -> Result<Vec<LaidOver>, Code> {
        let who = self.viewer(viewer, "users.view", tenant, at)?;
        let mut there = self.all_below(tenant, at);
        there.insert(tenant);
        let views = |tenant| self.may_view_users(who, tenant, at);
        let rows = self.temporaries.iter().filter(|one| there.contains(&one.given.tenant) && at < one.ends);
        let rows = rows.filter(|one| views(one.given.tenant) && self.still_reaches(&one.given, at));
        Ok(rows.flat_map(|one| self.laid_rows(who, one, at)).collect())
    }

    /// Whether it is a role at its user's home, or on a tenant that this manages.
    fn still_reaches(&self, given: &Assignment, at: Timestamp) -> bool {
        let home = self.home_of(given.user);
        home == given.tenant || self.manages(home, given.tenant, at)
    }

    /// A role for a while, and if it is active that as well, as somebody is told of it.
    fn laid_rows(&self, who: Who, one: &Temporary, at: Timestamp) -> Vec<LaidOver> {
        let Temporary { ref given, eligible, .. } = *one;
        let decides = self.assignment(given.user, given.tenant, at).is_some_and(|it| std::ptr::eq(it, given));
        let row = |starts, ends, activated: bool| {
            let eligible = eligible && !activated;
            let given = self.masked_row(who, self.assigned(given, Some(ends)), at)?;
            let on = self.by_name(one.given.tenant);
            Some(LaidOver { on, given, starts, decides: decides && !eligible, eligible, activated })
        };
        let active = one.active_at(at).map(|active| row(active.since, active.ends, true));
        [row(one.starts, one.ends, false), active.flatten()].into_iter().flatten().collect()
    }

    /// What people of a tenant are eligible for there and have not active, wherever the viewer is told of them.
    pub fn not_activated(&self, who: Who, tenant: TenantId, at: Timestamp) -> Vec<LaidOver> {
        let waits = |one: &&Temporary| {
            one.eligible && one.given.tenant == tenant && at < one.ends && one.active_at(at).is_none()
        };
        let rows = self.temporaries.iter().filter(waits).filter(|one| self.still_reaches(&one.given, at));
        rows.flat_map(|one| self.laid_rows(who, one, at)).collect()
    }

    /// What somebody may activate, now or later.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn eligible_roles(&self, viewer: &Actor, at: Timestamp) -> Result<Vec<MayActivate>, Code> {
        let who = self.actor(viewer, Disabled::Bars)?;
        let Who::User(user) = who else { return Err(Code::WrongActor) };
        let theirs = |one: &&Temporary| one.eligible && one.given.user == user && at < one.ends;
        let rows = self.temporaries.iter().filter(theirs).filter(|one| self.still_reaches(&one.given, at));
        Ok(rows.map(|one| self.may_activate(who, one, at)).collect())
    }

    /// Whether a role that somebody is eligible for would itself show them where it is.
    fn shows(&self, given: &Assignment, at: Timestamp) -> bool {
        let view = Permission::parse("tenant.view").unwrap();
        self.gives(given, &view) && !self.is_locked(self.home_of(given.user), at)
    }

    /// What somebody is eligible for on a tenant, now or later.
    fn eligible_on(&self, who: Who, tenant: TenantId, at: Timestamp) -> impl Iterator<Item = &Temporary> {
        let theirs = move |one: &&Temporary| who == Who::User(one.given.user) && one.given.tenant == tenant;
        let eligible =
            self.temporaries.iter().filter(theirs).filter(move |one| one.eligible && at < one.ends);
        eligible.filter(move |one| self.still_reaches(&one.given, at))
    }

    /// Whether somebody is eligible for anything on a tenant.
    pub fn is_eligible_on(&self, who: Who, tenant: TenantId, at: Timestamp) -> bool {
        self.eligible_on(who, tenant, at).next().is_some()
    }

    /// Whether anything that somebody is eligible for on a tenant would show it to them.
    pub fn is_shown_if_active(&self, who: Who, tenant: TenantId, at: Timestamp) -> bool {
        self.eligible_on(who, tenant, at).any(|one| self.shows(&one.given, at))
    }

    fn may_activate(&self, who: Who, one: &Temporary, at: Timestamp) -> MayActivate {
        let Assignment { tenant, ref role, below, masked, .. } = one.given;
        MayActivate {
            tenant,
            on: (self.shows(&one.given, at) || self.sees(who, tenant, at)).then(|| self.by_name(tenant)),
            role: role.clone(),
            below,
            masked,
            starts: one.starts,
            ends: one.ends,
            active_until: one.active_at(at).map(|active| active.ends),
        }
    }

    /// Who holds which role on a tenant itself, as it decides now.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn assignments_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &AssignmentFilter,
        at: Timestamp,
    ) -> Result<Vec<Assigned>, Code> {
        let who = self.viewer(viewer, "users.view", tenant, at)?;
        let decides = |user: &User| self.assignment(user.id, tenant, at);
        let rows = self
            .users
            .iter()
            .filter_map(decides)
            .filter_map(|one| self.masked_row(who, self.assigned(one, self.ends_of(one)), at));
        let wanted = |row: &Assigned| {
            filter.role.as_ref().is_none_or(|role| *role == row.role)
                && filter.user.is_none_or(|user| row.user == Some(user))
        };
        Ok(rows.filter(wanted).collect())
    }

    /// Whether a licence of a tenant, or who bought it, is told to somebody.
    pub fn is_told_of_buyer(&self, who: Who, buyer: TenantId, at: Timestamp) -> bool {
        matches!(who, Who::Operator { .. }) || self.living(buyer).is_some() && self.is_there(who, buyer, at)
    }

    /// The licences that serve a tenant.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn licences_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &LicenceFilter,
        at: Timestamp,
    ) -> Result<Vec<Licensed>, Code> {
        let who = self.viewer(viewer, "licences.view", tenant, at)?;
        let there = |one: &Licence| self.is_told_of_buyer(who, one.buyer, at);
        let told = |one: &&Licence| self.is_at_home(who, tenant) || there(one);
        let rows = self.licences.iter().filter(|one| one.tenant == tenant).filter(told);
        let rows = rows.map(|one| Licensed {
            licence: one.id,
            service: one.service.clone(),
            seats: one.seats,
            used: self.used_seats(one.id) as u32,
            buyer: Some(one.buyer).filter(|_| there(one)),
            expires: one.expires,
        });
        let wanted = |row: &Licensed| {
            filter.service.as_ref().is_none_or(|service| *service == row.service)
                && filter.free.is_none_or(|free| free == (row.used < row.seats))
        };
        Ok(rows.filter(wanted).collect())
    }

    /// The consoles of a tenant, open or closed.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn sessions_of(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &SessionFilter,
        at: Timestamp,
    ) -> Result<Vec<Opened>, Code> {
        let who = self.viewer(viewer, "audit.view", tenant, at)?;
        let there = |one: &&Session| self.is_there(who, self.home_of(one.user), at);
        let rows = self.sessions.iter().filter(|one| one.tenant == tenant).filter(there).map(|one| {
            let home = self.home_of(one.user);
            let colleague = self.is_at_home(who, home) || matches!(who, Who::Operator { .. });
            let by = if colleague { Subject::User(one.user) } else { Subject::Tenant(home) };
            Opened {
                session: one.id,
                service: one.service.clone(),
                opened: one.opened,
                by,
                closed: one.closed,
            }
        });
        let wanted = |row: &Opened| {
            filter.ended.is_none_or(|ended| ended == row.closed.is_some())
                && filter.service.as_ref().is_none_or(|service| *service == row.service)
                && filter.by.is_none_or(|user| row.by == Subject::User(user))
        };
        Ok(rows.filter(wanted).collect())
    }
}
