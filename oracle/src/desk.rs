//! Questions about what lies on somebody's desk: what awaits them, and what was asked.

use tenantry::base::ids::{LinkRequestId, ManagerInvitationId, TenantId};
use tenantry::engine::Moment;
use tenantry::model::{Actor, HandshakeState};
use tenantry::query::{
    Awaited, Awaiting, BarredManagerSort, BarredManagers, InvitationFilter, Invitations, LinkRequestFilter,
    LinkRequests, ManagerInvitationFilter, ManagerInvitations, ManagerSort, Managers, Paging, Places, Roles,
    Settings,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::awaiting::{InvitedManagerRow, InvitedRow, Named, RequestedRow, Waiting};
use crate::inviting::{Barred, list_of_invitations};
use crate::lists::list_of_requests;
use crate::places::{Given, Managing, Place, Settled};
use crate::question::{Asked, Read, Reading, Told, all_pages, in_order, one_row, same};

/// Puts such a question to the engine and reads its answer; nothing, if the question is another.
pub fn read(reading: Reading<'_>, now: &Moment<'_>, viewer: &Actor, asked: &Asked) -> Option<Read> {
    let actor = || viewer.clone();
    Some(match asked {
        Asked::LinkRequests(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(LinkRequests { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<RequestedRow>, _>| {
                in_order(&actual, *turning, |row| row.asked)?;
                same(told.requested(viewer, tenant, &filter()), actual)
            })
        }
        Asked::ManagerInvitations(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(ManagerInvitations { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<InvitedManagerRow>, _>| {
                in_order(&actual, *turning, |row| row.asked)?;
                same(told.managers_invited(viewer, tenant, &filter()), actual)
            })
        }
        Asked::BarredManagers(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(BarredManagers { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Barred>, _>| {
                match filter().sort {
                    BarredManagerSort::Since => in_order(&actual, *turning, |row| row.since)?,
                    BarredManagerSort::Number => in_order(&actual, *turning, |row| row.number.clone())?,
                }
                let rows = told
                    .right(list_of_invitations(true), tenant)
                    .and_then(|()| told.world.barred_by(viewer, tenant, &filter(), told.at));
                same(rows, actual)
            })
        }
        Asked::Invitations(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Invitations { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<InvitedRow>, _>| {
                in_order(&actual, *turning, |row| row.asked)?;
                same(told.invited(viewer, tenant, &filter()), actual)
            })
        }
        Asked::Awaiting(turning) => {
            let page = |p: &Paging| now.ask(Awaiting { actor: actor(), paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual| {
                in_order(&actual, *turning, Waiting::until)?;
                let rows = told.could_answer().and_then(|()| told.world.awaiting(viewer, told.at));
                same(rows.map(|rows| rows.into_iter().filter(|row| told.awaits(row)).collect()), actual)
            })
        }
        Asked::Places(text, turning) => {
            let page = |p: &Paging| now.ask(Places { actor: actor(), text: text.clone(), paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Place>, _>| {
                let rows = told.could_act().and_then(|()| told.world.places(viewer, text.as_ref(), told.at));
                let open = |row: &Place| told.right("tenant.view", row.tenant).is_ok();
                same(rows.map(|rows| rows.into_iter().filter(open).collect()), actual)
            })
        }
        Asked::Settings(tenant) => {
            let tenant = *tenant;
            let actual = one_row(now.ask(Settings { actor: actor(), tenant }));
            reading.of(actual, |told, actual: Result<Vec<Settled>, _>| {
                let one = told
                    .right("tenant.view", tenant)
                    .and_then(|()| told.world.settings_of(viewer, tenant, told.at));
                same(one.map(|one| vec![one]), actual)
            })
        }
        Asked::Roles(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page =
                |p: &Paging| now.ask(Roles { actor: actor(), tenant, filter: filter(), paging: p.clone() });
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Given>, _>| {
                let rows = told
                    .right("users.view", tenant)
                    .and_then(|()| told.world.roles_of(viewer, tenant, &filter(), told.at));
                same(rows, actual)
            })
        }
        Asked::Managers(tenant, filter, turning) => {
            let (tenant, filter) = (*tenant, || filter.clone());
            let page = |p: &Paging| {
                now.ask(Managers { actor: actor(), tenant, filter: filter(), paging: p.clone() })
            };
            reading.of(all_pages(*turning, page), |told, actual: Result<Vec<Managing>, _>| {
                match filter().sort {
                    ManagerSort::Name => {
                        in_order(&actual, *turning, |row| row.manager.name.as_str().to_lowercase())?;
                    }
                    ManagerSort::Since => in_order(&actual, *turning, |row| row.since)?,
                }
                let rows = told
                    .right("tenant.view", tenant)
                    .and_then(|()| told.world.managers_of(viewer, tenant, &filter(), told.at));
                let there = |row: &Managing| told.name_of(tenant, Some(row.manager.clone())).is_some();
                same(rows.map(|rows| rows.into_iter().filter(there).collect()), actual)
            })
        }
        _ => return None,
    })
}

impl Told<'_> {
    /// The link requests that a tenant sent, or was sent.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn requested(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &LinkRequestFilter,
    ) -> Result<Vec<RequestedRow>, Code> {
        self.right(list_of_requests(filter.sent), tenant)?;
        let mut rows = self.world.link_requests(viewer, tenant, filter, self.at)?;
        rows.retain(|row| self.asks(row.request));
        let named = |row: RequestedRow| match self.still_asks(row.request) {
            true => row,
            false => RequestedRow { other: self.name_of(tenant, row.other), ..row },
        };
        Ok(rows.into_iter().map(named).collect())
    }

    /// The invitations by which a tenant asked managers, or was asked to become one.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn managers_invited(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &ManagerInvitationFilter,
    ) -> Result<Vec<InvitedManagerRow>, Code> {
        self.right(list_of_invitations(filter.sent), tenant)?;
        let mut rows = self.world.manager_invitations_of(viewer, tenant, filter, self.at)?;
        rows.retain(|row| self.invites(row.invitation));
        let named = |row: InvitedManagerRow| match self.still_invites(row.invitation) {
            true => row,
            false => InvitedManagerRow { other: self.name_of(tenant, row.other), ..row },
        };
        Ok(rows.into_iter().map(named).collect())
    }

    /// Who was invited to a tenant.
    ///
    /// # Errors
    /// Why they are not told.
    pub fn invited(
        &self,
        viewer: &Actor,
        tenant: TenantId,
        filter: &InvitationFilter,
    ) -> Result<Vec<InvitedRow>, Code> {
        self.right("users.view", tenant)?;
        self.world.invitations_of(viewer, tenant, filter, self.at)
    }

    /// Whether it may be told today what one side has asked of the other. By which names they called each other then is no
    /// secret between them.
    fn asks(&self, request: LinkRequestId) -> bool {
        self.today.is_none_or(|(today, now, user)| {
            today.is_listed(Who::User(user), today.request(request).unwrap(), now)
        })
    }

    /// Whether a link request waits today as it did then: as long as it does, the other side is named.
    pub fn still_asks(&self, request: LinkRequestId) -> bool {
        self.today.is_none_or(|(today, ..)| {
            let one = today.request(request).unwrap();
            one.state == HandshakeState::Pending
                && today.living(one.manager).is_some()
                && today.living(one.managed).is_some()
        })
    }

    /// The same of an invitation (L-10.10).
    pub fn still_invites(&self, invitation: ManagerInvitationId) -> bool {
        self.today.is_none_or(|(today, ..)| {
            let one = today.manager_invitation(invitation).unwrap();
            one.state == HandshakeState::Pending
                && today.living(one.manager).is_some()
                && today.living(one.tenant).is_some()
        })
    }

    /// The other side of what was asked, as it was called then: who is gone by now is not named, whenever that was; nor, to
    /// those from further up, who remember nothing of what was between others, who is not there for them.
    pub fn name_of(&self, of: TenantId, other: Option<Named>) -> Option<Named> {
        other.filter(|other| {
            self.today.is_none_or(|(today, now, user)| {
                let party = today.user(user).is_some_and(|user| user.home == of);
                let who = Who::User(user);
                today.living(other.tenant).is_some() && (party || today.is_there(who, other.tenant, now))
            })
        })
    }

    /// The same of whom a tenant has invited.
    fn invites(&self, invitation: ManagerInvitationId) -> bool {
        self.today.is_none_or(|(today, now, user)| {
            let one = today.manager_invitation(invitation).unwrap();
            today.is_told_of_invitation(Who::User(user), one, now)
        })
    }

    /// Whether who asks could be asked today, and then.
    pub fn could_answer(&self) -> Result<(), Code> {
        let Some((today, _, user)) = self.today else { return Ok(()) };
        today.actor(&Actor::User(user), Disabled::SparesSuperAdmins)?;
        self.world.actor(&Actor::User(user), Disabled::SparesSuperAdmins).map(|_| ())
    }

    /// Whether it may be told today that something awaited an answer: to whoever could answer it still, were it not settled;
    /// what they themselves were asked is theirs.
    fn awaits(&self, row: &Waiting) -> bool {
        let own = matches!(row.what, Awaited::Address { .. });
        own || self.today.is_none_or(|(today, now, user)| {
            // Whoever is gone asks for nothing, nor does a tenant that its manager sees no longer.
            let asks = match row.what {
                Awaited::Delink { link, .. } if today.link(link).unwrap().managed == row.by.tenant => {
                    today.sees(Who::User(user), row.by.tenant, now)
                }
                _ => today.living(row.by.tenant).is_some(),
            };
            asks && today.is_asked_for(user, row.tenant, now) && today.may_answer(user, row, now)
        })
    }
}
