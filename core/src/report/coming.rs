//! What is about to arise: what awaits an answer, and what ends by itself.

use super::frame::{begin, end, organisation, told_of};
use super::history::actor;
use super::markup::Markup;
use super::rights::listed;
use super::told::{Manager, TenantTold, Unanswered};
use crate::base::ids::InvitationId;
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::model::{Party, ProposalContent, TermRequest};
use crate::query::{AuditActor, InvitationRow, LinkRequestRow, Organisation, TemporaryRow};

/// Something about to arise.
pub(super) struct Coming<'t> {
    what: &'static str,
    from: Side<'t>,
    about: LeadsTo<'t>,
    asked: Option<Timestamp>,
    ends: Option<(&'static str, Timestamp)>,
}

/// Who something is from.
enum Side<'t> {
    /// The tenant itself.
    Own,
    /// Somebody, as the history shows.
    By(&'t AuditActor),
    /// The other side.
    Other(&'t Organisation),
    /// The other side, which is not told.
    Numbered(&'t str),
    /// Somebody, for themselves.
    Holder(&'t TemporaryRow),
    /// Nobody: it happens by itself.
    Time,
}

/// What would be, once it has arisen.
enum LeadsTo<'t> {
    Joins(&'t InvitationRow),
    Manages(&'t LinkRequestRow),
    MayAsk(Side<'t>),
    Changes(&'t ProposalContent),
    Ends(&'t Organisation),
    Has(&'t TemporaryRow),
    HasNoLonger(&'t TemporaryRow),
}

/// Everything that is about to arise, what ends first coming first.
pub(super) fn coming(told: &TenantTold) -> Vec<Coming<'_>> {
    let mut all = Vec::new();
    let Unanswered { invitations, link_requests, manager_invitations, proposals } = &told.awaited;
    for row in invitations.iter().flat_map(|page| &page.rows) {
        all.push(Coming {
            what: if row.sign_up { "Sign-up" } else { "Invitation" },
            from: inviting(told, row.invitation).map_or(Side::Own, Side::By),
            about: LeadsTo::Joins(row),
            asked: Some(row.asked),
            ends: Some(("lapses", row.expires)),
        });
    }
    for (sent, section) in [false, true].into_iter().zip(link_requests) {
        for row in section.iter().flat_map(|page| &page.rows) {
            all.push(Coming {
                what: "Link request",
                from: if sent { Side::Own } else { other(row.other.as_ref(), row.number.as_str()) },
                about: LeadsTo::Manages(row),
                asked: Some(row.asked),
                ends: Some(("lapses", row.expires)),
            });
        }
    }
    for (sent, section) in [false, true].into_iter().zip(manager_invitations) {
        for row in section.iter().flat_map(|page| &page.rows) {
            let other = other(row.other.as_ref(), row.number.as_str());
            let (from, asks) = if sent { (Side::Own, other) } else { (other, Side::Own) };
            all.push(Coming {
                what: "Invitation to manage",
                from,
                about: LeadsTo::MayAsk(asks),
                asked: Some(row.asked),
                ends: Some(("lapses", row.expires)),
            });
        }
    }
    for (sent, section) in [false, true].into_iter().zip(proposals) {
        for row in section.iter().flat_map(|page| &page.rows) {
            all.push(Coming {
                what: "Proposal",
                from: if sent { Side::Own } else { other(row.other.as_ref(), row.number.as_str()) },
                about: LeadsTo::Changes(&row.content),
                asked: Some(row.asked),
                ends: Some(("lapses", row.expires)),
            });
        }
    }
    for Manager { row, .. } in told.managers.iter().flatten() {
        let by_itself = |what, at| Coming {
            what,
            from: Side::Time,
            about: LeadsTo::Ends(&row.manager),
            asked: None,
            ends: Some(("ends", at)),
        };
        all.extend(row.expires.map(|at| by_itself("End of a term", at)));
        if row.stage.requester().is_some() {
            all.push(Coming {
                what: "Delink request",
                from: match row.stage.requester() {
                    Some(Party::Customer) => Side::Own,
                    _ => Side::Other(&row.manager),
                },
                about: LeadsTo::Ends(&row.manager),
                asked: None,
                ends: row.delink_ends.map(|at| ("ends the link", at)),
            });
        }
    }
    for row in told.temporary.iter().flat_map(|page| &page.rows) {
        let (from, about, ends) = if row.eligible {
            (Side::Holder(row), LeadsTo::Has(row), ("may be activated until", row.ends))
        } else if row.starts > told.at {
            (Side::Time, LeadsTo::Has(row), ("begins", row.starts))
        } else {
            (Side::Time, LeadsTo::HasNoLonger(row), ("ends", row.ends))
        };
        let what = if row.eligible { "Eligible role" } else { "Role for a while" };
        all.push(Coming { what, from, about, asked: None, ends: Some(ends) });
    }
    all.sort_by_key(|one| one.ends.map_or(Timestamp::MAX, |(_, at)| at));
    all
}

fn other<'t>(organisation: Option<&'t Organisation>, number: &'t str) -> Side<'t> {
    organisation.map_or(Side::Numbered(number), Side::Other)
}

/// Who sent an invitation, where the history shows it.
fn inviting(told: &TenantTold, wanted: InvitationId) -> Option<&AuditActor> {
    let mut rows = told.history.iter().flat_map(|page| &page.rows);
    let invites =
        |event: &Event| matches!(event, Event::UserInvited { invitation, .. } if *invitation == wanted);
    rows.find(|row| row.events.iter().any(invites)).map(|row| &row.by)
}

fn side(page: &mut Markup, told: &TenantTold, side: &Side<'_>) {
    match side {
        Side::Own => drop(page.name(&told.tenant.name)),
        Side::By(by) => actor(page, told, by),
        Side::Other(one) => organisation(page, one),
        Side::Numbered(number) => drop(page.name(number)),
        Side::Holder(row) => holder(page, told, row),
        Side::Time => drop(page.raw("time alone")),
    }
}

/// Who has a role for a while.
fn holder(page: &mut Markup, told: &TenantTold, row: &TemporaryRow) {
    match row.user {
        Some(user) => told.names.write_fully(page, user.uuid()),
        None => told.names.write_fully(page.raw("somebody of "), row.home.uuid()),
    }
}

pub(super) fn about_to_arise(page: &mut Markup, told: &TenantTold, coming: &[Coming<'_>]) {
    begin(page, "coming", if told.has_passed { "What was about to arise" } else { "What is about to arise" });
    let Unanswered { invitations, link_requests, manager_invitations, proposals } = &told.awaited;
    told_of(page, &told.names, "the invitations", invitations);
    told_of(page, &told.names, "what others ask to manage", &link_requests[0]);
    told_of(page, &told.names, "what it asks to manage", &link_requests[1]);
    told_of(page, &told.names, "who invites it to manage", &manager_invitations[0]);
    told_of(page, &told.names, "whom it invites to manage it", &manager_invitations[1]);
    told_of(page, &told.names, "what its managers propose", &proposals[0]);
    told_of(page, &told.names, "what it proposes", &proposals[1]);
    told_of(page, &told.names, "the roles for a while", &told.temporary);
    if coming.is_empty() {
        page.raw("<p>Nothing that is told to the reader.</p>");
    } else {
        page.raw("<table><thead><tr><th scope=\"col\">What</th><th scope=\"col\">From</th>");
        page.raw("<th scope=\"col\">Leads to</th><th scope=\"col\">Asked</th>");
        page.raw("<th scope=\"col\">End</th></tr></thead><tbody>\n");
        for one in coming {
            page.raw("<tr><th scope=\"row\">").raw(one.what).raw("</th><td data-label=\"From\">");
            side(page, told, &one.from);
            page.raw("</td><td data-label=\"Leads to\">");
            about(page, told, &one.about);
            page.raw("</td><td data-label=\"Asked\">");
            match one.asked {
                Some(at) => drop(page.moment(at)),
                None => drop(page.raw("–")),
            }
            page.raw("</td><td data-label=\"End\">");
            match one.ends {
                Some((how, at)) => drop(page.raw(how).raw(" ").moment(at)),
                None => drop(page.raw("when it is answered")),
            }
            page.raw("</td></tr>\n");
        }
        page.raw("</tbody></table>");
    }
    end(page);
}

fn about(page: &mut Markup, told: &TenantTold, about: &LeadsTo<'_>) {
    match about {
        LeadsTo::Joins(row) => {
            told.names.write_fully(page, row.user.uuid());
            page.raw(" joins as ");
            told.names.write_role(page, &row.role);
            if row.below {
                page.raw(", for what is managed below, too");
            }
        }
        LeadsTo::Manages(row) => {
            page.raw("managed ").text(&row.management).raw(": ").text(listed(&row.services));
            if let Some(term) = &row.term {
                page.raw(", ");
                lasts(page, term);
            }
        }
        LeadsTo::MayAsk(who) => {
            side(page, told, who);
            page.raw(" may ask to manage");
        }
        LeadsTo::Changes(ProposalContent::Services(services)) => {
            page.raw("managed as well: ").text(listed(services));
        }
        LeadsTo::Changes(ProposalContent::Term(term)) => {
            page.raw("lasts ");
            lasts(page, term);
        }
        LeadsTo::Changes(ProposalContent::Terms { terms, management }) => {
            page.raw("other terms for ").text(management).raw(", number ").text(terms);
        }
        LeadsTo::Ends(manager) => {
            organisation(page, manager);
            page.raw(" manages it no longer");
        }
        LeadsTo::Has(row) => {
            holder(page, told, row);
            page.raw(" has ");
            told.names.write_role(page, &row.role);
            if row.below {
                page.raw(", for what is managed below, too");
            }
        }
        LeadsTo::HasNoLonger(row) => {
            holder(page, told, row);
            page.raw(" has ");
            told.names.write_role(page, &row.role);
            page.raw(" no longer");
        }
    }
}

/// How long a link would last.
fn lasts(page: &mut Markup, term: &TermRequest) {
    if let Some(days) = term.days {
        page.raw("for ").text(days).raw(" days");
    }
    if let Some(at) = term.expires_at {
        page.raw("until ").moment(at);
    }
    if term.auto_extend {
        page.raw(", then again as long");
    }
}
