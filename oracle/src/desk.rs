//! Questions about what lies on somebody's desk: what awaits them, and what was asked.

use tenantry::base::ids::{LinkRequestId, ManagerInvitationId, TenantId};
use tenantry::engine::Moment;
use tenantry::model::Actor;
use tenantry::query::{
    Awaited, Awaiting, InvitationFilter, Invitations, LinkRequestFilter, LinkRequests,
    ManagerInvitationFilter, ManagerInvitations, Managers, Paging, Places, Roles, Settings,
};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::awaiting::{InvitedManagerRow, InvitedRow, Named, RequestedRow, Waiting};
use crate::inviting::list_of_invitations;
use crate::lists::list_of_requests;
use crate::places::{Given, Managing, Place, Settled};
use crate::question::{Agreed, Asked, Told, Turning, all_pages, in_order, refused, same};

fn link_requests(
    now: &Moment<'_>,
    viewer: &Actor,
    tenant: TenantId,
    sent: bool,
    turning: Turning,
) -> Result<Vec<RequestedRow>, Code> {
    let page = |paging: &Paging| {
        let filter = LinkRequestFilter { sent, ..Default::default() };
        now.ask(LinkRequests { actor: viewer.clone(), tenant, filter, paging: paging.clone() })
    };
    Ok(all_pages(turning, page)?.into_iter().map(Into::into).collect())
}

fn manager_invitations(
    now: &Moment<'_>,
    viewer: &Actor,
    tenant: TenantId,
    sent: bool,
    turning: Turning,
) -> Result<Vec<InvitedManagerRow>, Code> {
    let page = |paging: &Paging| {
        let filter = ManagerInvitationFilter { sent, ..Default::default() };
        now.ask(ManagerInvitations { actor: viewer.clone(), tenant, filter, paging: paging.clone() })
    };
    Ok(all_pages(turning, page)?.into_iter().map(Into::into).collect())
}

fn invitations(
    now: &Moment<'_>,
    viewer: &Actor,
    tenant: TenantId,
    turning: Turning,
) -> Result<Vec<InvitedRow>, Code> {
    let page = |paging: &Paging| {
        let filter = InvitationFilter::default();
        now.ask(Invitations { actor: viewer.clone(), tenant, filter, paging: paging.clone() })
    };
    Ok(all_pages(turning, page)?.into_iter().map(Into::into).collect())
}

fn awaiting(now: &Moment<'_>, viewer: &Actor, turning: Turning) -> Result<Vec<Waiting>, Code> {
    let page = |paging: &Paging| now.ask(Awaiting { actor: viewer.clone(), paging: paging.clone() });
    Ok(all_pages(turning, page)?.into_iter().map(Into::into).collect())
}

fn places(now: &Moment<'_>, viewer: &Actor, turning: Turning) -> Result<Vec<Place>, Code> {
    let page =
        |paging: &Paging| now.ask(Places { actor: viewer.clone(), text: None, paging: paging.clone() });
    Ok(all_pages(turning, page)?.into_iter().map(Into::into).collect())
}

fn settings(now: &Moment<'_>, viewer: &Actor, tenant: TenantId) -> Result<Vec<Settled>, Code> {
    Ok(vec![refused(now.ask(Settings { actor: viewer.clone(), tenant }))?.into()])
}

fn roles(now: &Moment<'_>, viewer: &Actor, tenant: TenantId, turning: Turning) -> Result<Vec<Given>, Code> {
    let page =
        |paging: &Paging| now.ask(Roles { paging: paging.clone(), ..Roles::new(viewer.clone(), tenant) });
    Ok(all_pages(turning, page)?.into_iter().map(Into::into).collect())
}

fn managers(
    now: &Moment<'_>,
    viewer: &Actor,
    tenant: TenantId,
    turning: Turning,
) -> Result<Vec<Managing>, Code> {
    let page = |paging: &Paging| {
        now.ask(Managers { paging: paging.clone(), ..Managers::new(viewer.clone(), tenant) })
    };
    Ok(all_pages(turning, page)?.into_iter().map(Into::into).collect())
}

/// What the engine answers, as text.
pub fn told(now: &Moment<'_>, viewer: &Actor, asked: &Asked) -> String {
    match asked {
        Asked::LinkRequests(tenant, sent, turning) => {
            format!("{:?}", link_requests(now, viewer, *tenant, *sent, *turning))
        }
        Asked::ManagerInvitations(tenant, sent, turning) => {
            format!("{:?}", manager_invitations(now, viewer, *tenant, *sent, *turning))
        }
        Asked::Invitations(tenant, turning) => {
            format!("{:?}", invitations(now, viewer, *tenant, *turning))
        }
        Asked::Awaiting(turning) => format!("{:?}", awaiting(now, viewer, *turning)),
        Asked::Places(turning) => format!("{:?}", places(now, viewer, *turning)),
        Asked::Settings(tenant) => format!("{:?}", settings(now, viewer, *tenant)),
        Asked::Roles(tenant, turning) => format!("{:?}", roles(now, viewer, *tenant, *turning)),
        Asked::Managers(tenant, turning) => format!("{:?}", managers(now, viewer, *tenant, *turning)),
        other => unreachable!("{other:?} is asked elsewhere"),
    }
}

/// Puts such a question to both.
pub fn compare(told: &Told<'_>, now: &Moment<'_>, viewer: &Actor, asked: &Asked) -> Result<Agreed, String> {
    let (world, at) = (&told.world, told.at);
    match asked {
        Asked::LinkRequests(tenant, sent, turning) => {
            let actual = link_requests(now, viewer, *tenant, *sent, *turning);
            in_order(&actual, *turning, |row| row.asked)?;
            let rows = told
                .right(list_of_requests(*sent), *tenant)
                .and_then(|()| world.link_requests(viewer, *tenant, *sent, at));
            let named = |row: RequestedRow| RequestedRow { other: told.name_of(*tenant, row.other), ..row };
            same(
                rows.map(|rows| rows.into_iter().filter(|row| told.asks(row.request)).map(named).collect()),
                actual,
            )
        }
        Asked::ManagerInvitations(tenant, sent, turning) => {
            let actual = manager_invitations(now, viewer, *tenant, *sent, *turning);
            in_order(&actual, *turning, |row| row.asked)?;
            let rows = told
                .right(list_of_invitations(*sent), *tenant)
                .and_then(|()| world.manager_invitations_of(viewer, *tenant, *sent, at));
            let named =
                |row: InvitedManagerRow| InvitedManagerRow { other: told.name_of(*tenant, row.other), ..row };
            same(
                rows.map(|rows| {
                    rows.into_iter().filter(|row| told.invites(row.invitation)).map(named).collect()
                }),
                actual,
            )
        }
        Asked::Invitations(tenant, turning) => {
            let actual = invitations(now, viewer, *tenant, *turning);
            in_order(&actual, *turning, |row| row.asked)?;
            let expected =
                told.right("users.view", *tenant).and_then(|()| world.invitations_of(viewer, *tenant, at));
            same(expected, actual)
        }
        Asked::Awaiting(turning) => {
            let mut actual = awaiting(now, viewer, *turning);
            if let Ok(rows) = &mut actual {
                rows.retain(|row| !told.has_lapsed(row));
            }
            in_order(&actual, *turning, Waiting::until)?;
            let expected = told.could_answer().and_then(|()| world.awaiting(viewer, at));
            same(expected.map(|rows| rows.into_iter().filter(|row| told.awaits(row)).collect()), actual)
        }
        Asked::Places(turning) => {
            let actual = places(now, viewer, *turning);
            let expected = told.could_act().and_then(|()| world.places(viewer, at));
            let open = |row: &Place| told.right("tenant.view", row.tenant).is_ok();
            same(expected.map(|rows| rows.into_iter().filter(open).collect()), actual)
        }
        Asked::Settings(tenant) => {
            let expected =
                told.right("tenant.view", *tenant).and_then(|()| world.settings_of(viewer, *tenant, at));
            same(expected.map(|one| vec![one]), settings(now, viewer, *tenant))
        }
        Asked::Roles(tenant, turning) => {
            let expected =
                told.right("users.view", *tenant).and_then(|()| world.roles_of(viewer, *tenant, at));
            same(expected, roles(now, viewer, *tenant, *turning))
        }
        Asked::Managers(tenant, turning) => {
            let there = |row: &Managing| told.name_of(*tenant, Some(row.manager.clone())).is_some();
            let expected =
                told.right("tenant.view", *tenant).and_then(|()| world.managers_of(viewer, *tenant, at));
            let expected = expected.map(|rows| rows.into_iter().filter(there).collect());
            same(expected, managers(now, viewer, *tenant, *turning))
        }
        other => unreachable!("{other:?} is asked elsewhere"),
    }
}

impl Told<'_> {
    /// Whether it may be told today what one side has asked of the other. By which names they called each other then is no
    /// secret between them.
    fn asks(&self, request: LinkRequestId) -> bool {
        self.today.is_none_or(|(today, now, user)| {
            today.is_listed(Who::User(user), today.request(request).unwrap(), now)
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

    /// EXCLUSION: of a past, an address that lapsed since is forgotten by its moment. The engine tells it until that is recorded.
    fn has_lapsed(&self, row: &Waiting) -> bool {
        let Awaited::Address { email } = &row.what else { return false };
        self.today.is_some_and(|(today, _, user)| today.pending_address(user) != Some(email))
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
            asks && today.is_asked_for(user, row.tenant) && today.may_answer(user, row, now)
        })
    }
}
