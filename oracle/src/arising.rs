//! What is about to arise on a tenant: what awaits an answer that gives access to it, and what its user may activate there
//! each as the list of its kind tells it, and whose it is. It only reads.

use tenantry::base::ids::TenantId;
use tenantry::base::time::Timestamp;
use tenantry::model::{Actor, HandshakeState, Subject};
use tenantry::query::{
    ArisingRow, AuditActor, InvitationFilter, LinkRequestFilter, ManagerInvitationFilter, ProposalFilter,
};
use tenantry::refusal::Code;

use crate::access::Who;
use crate::awaiting::{InvitedRow, Named};
use crate::holdings::LaidOver;
use crate::own::Sought;
use crate::question::Told;
use crate::reach::Eyes;

/// Something that would give access, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Arises {
    pub what: Sought,
    pub by: AuditActor,
}

impl From<ArisingRow> for Arises {
    fn from(row: ArisingRow) -> Self {
        let ArisingRow { what, by, .. } = row;
        Self { what: what.into(), by }
    }
}

impl Arises {
    /// When it was asked.
    pub fn asked(&self) -> Timestamp {
        self.what.asked()
    }

    /// What it is, and what its sender is told as, for whoever counts that.
    pub fn met(&self) -> [&'static str; 2] {
        let what = match self.what {
            Sought::Invitation(_) => "arising: invitations",
            Sought::LinkRequest(_) => "arising: requests",
            Sought::Proposal(_) => "arising: proposals",
            Sought::Eligible(_) => "arising: eligible roles",
            _ => "arising: MSPs invited",
        };
        let by = match self.by {
            AuditActor::User(_) => "arising: by a person",
            AuditActor::Organisation(_) => "arising: by some of one",
            AuditActor::Stranger => "arising: by a stranger",
            AuditActor::Operator { .. } | AuditActor::Clock => "arising: by an operator",
        };
        [what, by]
    }
}

/// An organisation that asks, as far as it is named.
fn of(asks: Option<TenantId>) -> AuditActor {
    asks.map_or(AuditActor::Stranger, AuditActor::Organisation)
}

impl Told<'_> {
    /// What is about to arise on a tenant, for whoever may review it: who is invited; and if they may answer for it as well, what
    /// organisations ask of it, and what it asks of them.
    ///
    /// # Errors
    /// Why they are told nothing.
    pub fn arises(&self, viewer: &Actor, tenant: TenantId) -> Result<Vec<Arises>, Code> {
        let eyes = self.reviews(viewer, tenant)?;
        let (sent, state) = (false, Some(HandshakeState::Pending));
        let invited = self.invited(viewer, tenant, &InvitationFilter { state })?.into_iter();
        let mut rows: Vec<Arises> = invited
            .map(|row| Arises { by: self.sender(&eyes, &row), what: Sought::Invitation(row) })
            .collect();
        let other = |other: &Option<Named>| of(other.as_ref().map(|other| other.tenant));
        // Whoever may not read a list is told of nothing that it has, and of the rest all the same.
        for row in self.requested(viewer, tenant, &LinkRequestFilter { sent, state }).into_iter().flatten() {
            rows.push(Arises { by: other(&row.other), what: Sought::LinkRequest(row) });
        }
        for row in self.proposed(viewer, tenant, &ProposalFilter { sent, state }).into_iter().flatten() {
            rows.push(Arises { by: other(&row.other), what: Sought::Proposal(row) });
        }
        let filter = ManagerInvitationFilter { sent: true, state };
        for row in self.managers_invited(viewer, tenant, &filter).into_iter().flatten() {
            rows.push(Arises { by: of(Some(tenant)), what: Sought::ManagerInvitation(row) });
        }
        for row in self.not_activated(&eyes, tenant) {
            // It rests on the organisation whose they are.
            let by = of(Some(row.given.home).filter(|home| eyes.know(*home)));
            rows.push(Arises { by, what: Sought::Eligible(row) });
        }
        Ok(rows)
    }

    /// Who is eligible there, as far as they are told of today as well.
    fn not_activated(&self, eyes: &Eyes<'_>, tenant: TenantId) -> Vec<LaidOver> {
        let still = |row: LaidOver| match self.today {
            Some((today, now, user)) => {
                let given = today.masked_row(Who::User(user), row.given, now)?;
                Some(LaidOver { given, ..row })
            }
            None => Some(row),
        };
        self.world.not_activated(eyes.who, tenant, self.at).into_iter().filter_map(still).collect()
    }

    /// Who sent an invitation, as far as they are named.
    fn sender(&self, eyes: &Eyes<'_>, row: &InvitedRow) -> AuditActor {
        let one = self.world.invitation(row.invitation).unwrap();
        match one.sender {
            None => AuditActor::Operator { ticket: None },
            Some(Subject::Tenant(home)) => of(Some(home).filter(|home| eyes.know(*home))),
            Some(Subject::User(sender)) => {
                let home = self.world.user(sender).unwrap().home;
                match eyes.name(home) {
                    true => AuditActor::User(sender),
                    false => of(Some(home).filter(|home| eyes.know(*home))),
                }
            }
        }
    }
}
