//! The page about a tenant for people: what the lists tell whoever asks, each asked as they
//! would ask it.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::ids::TenantId;
use crate::model::{HandshakeState, RoleRef};
use crate::query::{
    AccessChangeRow, Answer, Ask, Audit, AuditActor, InvitationFilter, Invitations, LinkFilter,
    LinkRequestFilter, LinkRequests, Links, ManagerInvitationFilter, ManagerInvitations, Managers,
    OrganisationAccess, Page, Paging, PolicyInForce, ProposalFilter, Proposals, Query, Report, Roles,
    Settings, TemporaryAccess, TemporaryRow, TenantAccess, TenantAccessChanges, TenantReport, Users,
};
use crate::report::{self, Manager, NamesTold, Section, TenantTold, Unanswered};
use crate::rules::{Ruling, Stop, unless_refused};
use crate::sight::Sight;

/// How many records it shows.
const RECORDS: usize = 200;

/// How many people it shows of those whose access one record has changed.
pub(super) const PEOPLE: usize = 50;

/// How it is asked for what is on the page.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    /// A question of whoever asks, about the moment.
    pub(super) ask: &'a dyn Fn(Query) -> Ruling<Answer>,
    /// Whose access a record has changed, as far as it is told them.
    pub(super) by: &'a dyn Fn(u64) -> Ruling<Vec<AccessChangeRow>>,
    /// Whether it has passed.
    pub(super) has_passed: bool,
}

/// The page.
///
/// # Errors
/// `unknown_tenant`, why the actor may not view it ([`Sight::may`]).
pub(super) fn of_tenant(sight: &Sight<'_>, ask: Asker<'_>, it: &TenantReport) -> Ruling<Report> {
    let TenantReport { actor, tenant, since } = it;
    let (actor, tenant) = (|| actor.clone(), *tenant);
    let own = asked(ask, Settings::new(actor(), tenant))?;
    let pending = Some(HandshakeState::Pending);
    let both = [false, true];
    let told = TenantTold {
        at: sight.world().at,
        has_passed: ask.has_passed,
        reader: sight.viewer().map(|viewer| viewer.id),
        services: asked(ask, PolicyInForce::default())?.services,
        people: section(ask, TenantAccess { paging: long(), ..TenantAccess::new(actor(), tenant) })?,
        organisations: section(ask, OrganisationAccess::new(actor(), tenant))?,
        managers: managers(ask, it, tenant, &mut BTreeSet::new())?,
        ended: section(
            ask,
            Links {
                filter: LinkFilter { ended: Some(true), ..LinkFilter::default() },
                paging: long(),
                ..Links::new(actor(), tenant)
            },
        )?,
        awaited: Unanswered {
            invitations: section(
                ask,
                Invitations {
                    filter: InvitationFilter { state: pending },
                    paging: long(),
                    ..Invitations::new(actor(), tenant)
                },
            )?,
            link_requests: each(both, |sent| {
                let filter = LinkRequestFilter { sent, state: pending };
                section(ask, LinkRequests { filter, paging: long(), ..LinkRequests::new(actor(), tenant) })
            })?,
            manager_invitations: each(both, |sent| {
                let filter = ManagerInvitationFilter { sent, state: pending };
                let paging = long();
                section(
                    ask,
                    ManagerInvitations { filter, paging, ..ManagerInvitations::new(actor(), tenant) },
                )
            })?,
            proposals: each(both, |sent| {
                let filter = ProposalFilter { sent, state: pending };
                section(ask, Proposals { filter, paging: long(), ..Proposals::new(actor(), tenant) })
            })?,
        },
        temporary: section(ask, TemporaryAccess { paging: long(), ..TemporaryAccess::new(actor(), tenant) })?
            .map(|page| Page { rows: on_itself(page.rows, tenant), next: page.next }),
        changes: match since {
            None => None,
            Some(since) => {
                let changes = TenantAccessChanges::new(actor(), tenant, *since);
                Some((*since, section(ask, TenantAccessChanges { paging: long(), ..changes })?))
            }
        },
        by_record: BTreeMap::new(),
        history: section(
            ask,
            Audit {
                paging: Paging { limit: RECORDS, descending: true, cursor: None },
                ..Audit::new(actor(), tenant)
            },
        )?,
        names: NamesTold::default(),
        tenant: own,
    };
    let mut by_record = BTreeMap::new();
    for row in told.history.iter().flat_map(|page| &page.rows) {
        // Of what they might not see then, nothing is told.
        let changes = unless_refused((ask.by)(row.seq))?.unwrap_or_default();
        by_record.insert(row.seq, changes);
    }
    let names = names(ask, it, &told)?;
    Ok(Report { html: report::page(&TenantTold { names, by_record, ..told }) })
}

/// Of roles for a while on a tenant and below, those on the tenant itself.
fn on_itself(mut rows: Vec<TemporaryRow>, tenant: TenantId) -> Vec<TemporaryRow> {
    rows.retain(|row| row.on.tenant == tenant);
    rows
}

/// The longest page there is.
fn long() -> Paging {
    Paging { limit: crate::query::MAX_ROWS, ..Paging::default() }
}

fn each<T>(both: [bool; 2], mut tell: impl FnMut(bool) -> Ruling<T>) -> Ruling<[T; 2]> {
    let [first, second] = both;
    Ok([tell(first)?, tell(second)?])
}

fn asked<Q: Ask>(ask: Asker<'_>, query: Q) -> Ruling<Q::Answer> {
    Ok(Q::read((ask.ask)(query.into())?).expect("a query is answered with an answer of its own"))
}

/// What a list tells, or why it tells nothing.
fn section<Q: Ask>(ask: Asker<'_>, query: Q) -> Ruling<Section<Q::Answer>> {
    match asked(ask, query) {
        Ok(told) => Ok(Ok(told)),
        Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
        Err(broken) => Err(broken),
    }
}

/// Who manages a tenant, and who manages them, each once.
fn managers(
    ask: Asker<'_>,
    it: &TenantReport,
    tenant: TenantId,
    seen: &mut BTreeSet<TenantId>,
) -> Ruling<Section<Vec<Manager>>> {
    let wanted = Managers { paging: long(), ..Managers::new(it.actor.clone(), tenant) };
    let found = match section(ask, wanted)? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut all = Vec::new();
    for row in found.rows {
        // Of those above, whoever asks may well be told nothing.
        let above = match seen.insert(row.manager.tenant) {
            true => managers(ask, it, row.manager.tenant, seen)?.unwrap_or_default(),
            false => Vec::new(),
        };
        all.push(Manager { row, above });
    }
    Ok(Ok(all))
}

/// What all that was told is called, as far as lists tell it.
fn names(ask: Asker<'_>, it: &TenantReport, told: &TenantTold) -> Ruling<NamesTold> {
    let mut names = NamesTold::default();
    let own = &told.tenant;
    names.note(own.tenant.uuid(), &own.name, Some(own.number.to_string()));
    let mut homes = vec![own.tenant];
    note_managers(&mut names, &mut homes, told.managers.as_deref().unwrap_or_default());
    for link in told.ended.iter().flat_map(|page| &page.rows) {
        if let Some(other) = &link.other {
            names.note(other.tenant.uuid(), &other.name, Some(other.number.to_string()));
        }
        names.note(
            link.link.uuid(),
            link.other.as_ref().map_or(link.number.as_str(), |it| it.name.as_str()),
            None,
        );
    }
    for row in told.organisations.iter().flatten() {
        let one = &row.organisation;
        names.note(one.tenant.uuid(), &one.name, Some(one.number.to_string()));
    }
    for row in told.people.iter().flat_map(|page| &page.rows) {
        names.note_person(row.user.uuid(), row.name.as_ref(), row.email.as_ref());
        homes.push(row.home);
    }
    for row in told.temporary.iter().flat_map(|page| &page.rows) {
        if let Some(user) = row.user {
            names.note_person(user.uuid(), row.name.as_ref(), row.email.as_ref());
        }
        homes.push(row.home);
    }
    for row in told.awaited.invitations.iter().flat_map(|page| &page.rows) {
        names.note_person(row.user.uuid(), row.name.as_ref(), row.email.as_ref());
    }
    let mut others = Vec::new();
    for row in told.history.iter().flat_map(|page| &page.rows) {
        others.extend(&row.tenants);
        match row.by {
            AuditActor::Organisation(tenant) => others.push(tenant),
            // Whoever commanded it is of one of those that it was about.
            AuditActor::User(user) if !names.has(user.uuid()) => homes.extend(&row.tenants),
            _ => {}
        }
    }
    for other in homes.iter().chain(&others) {
        if !names.has(other.uuid())
            && let Ok(there) = section(ask, Settings::new(it.actor.clone(), *other))?
        {
            names.note(other.uuid(), &there.name, Some(there.number.to_string()));
        }
    }
    for home in homes.into_iter().collect::<BTreeSet<_>>() {
        let people = Users { paging: long(), ..Users::new(it.actor.clone(), home) };
        for row in section(ask, people)?.iter().flat_map(|page| &page.rows) {
            names.note_person(row.user.uuid(), row.name.as_ref(), row.email.as_ref());
        }
        let roles = Roles { paging: long(), ..Roles::new(it.actor.clone(), home) };
        for row in section(ask, roles)?.iter().flat_map(|page| &page.rows) {
            if let (RoleRef::Custom(id), Some(name)) = (&row.role, &row.name) {
                names.note(id.uuid(), name, None);
            }
        }
    }
    Ok(names)
}

fn note_managers(names: &mut NamesTold, homes: &mut Vec<TenantId>, managers: &[Manager]) {
    for Manager { row, above } in managers {
        names.note(row.manager.tenant.uuid(), &row.manager.name, Some(row.manager.number.to_string()));
        names.note(row.link.uuid(), &row.manager.name, Some(format!("({})", row.management)));
        homes.push(row.manager.tenant);
        note_managers(names, homes, above);
    }
}
