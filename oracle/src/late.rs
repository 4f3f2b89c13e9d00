//! What a notice that is read late says of itself: whether its matter is settled, and to which address it goes (A-4, U-1.11,
//! D-8.5). It never says whom it is for.

use serde_json::Value;
use tenantry::base::ids::{
    InvitationId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId, UserId,
};
use tenantry::base::text::Email;
use tenantry::base::time::Timestamp;
use tenantry::model::{HandshakeState, Stage};

use crate::world::{Oracle, Sent};

/// What a notice waits for, as it was when it was sent.
#[derive(Clone, Debug)]
pub enum Matter {
    LinkRequest(LinkRequestId),
    ManagerInvitation(ManagerInvitationId),
    Proposal(ProposalId),
    Invitation(InvitationId),
    Move(MoveId),
    /// A delink request, by who made it and when.
    Delink(LinkId, Stage, Option<Timestamp>),
    /// The end of a link.
    End(LinkId, Timestamp),
    /// An address that was asked for: the question, or the warning of it.
    Address(UserId, u32),
    Warning(UserId, u32),
    /// It only tells.
    Nothing,
}

impl Matter {
    pub fn of(sent: &Sent) -> Self {
        let [_, then] = &*sent.around;
        let link = || then.link(named(&sent.kind, "link")).unwrap();
        let change = || {
            let user = named(&sent.kind, "user");
            (user, then.address_change(user).unwrap().number)
        };
        match sent.kind["kind"].as_str().unwrap() {
            "link_requested" | "link_request_reminder" => Self::LinkRequest(named(&sent.kind, "request")),
            "manager_invited" | "manager_invitation_reminder" => {
                Self::ManagerInvitation(named(&sent.kind, "invitation"))
            }
            "proposed" | "proposal_reminder" => Self::Proposal(named(&sent.kind, "proposal")),
            "invitation" | "sign_up" | "invitation_reminder" => {
                Self::Invitation(named(&sent.kind, "invitation"))
            }
            "move_requested" | "move_reminder" => Self::Move(named(&sent.kind, "id")),
            "delink_requested" | "delink_reminder" => {
                let link = link();
                Self::Delink(link.id, link.stage, link.delink_asked)
            }
            "link_expiring" => Self::End(link().id, link().end().unwrap().0),
            "address_change" | "address_change_reminder" => {
                let (user, number) = change();
                Self::Address(user, number)
            }
            "address_change_warning" => {
                let (user, number) = change();
                Self::Warning(user, number)
            }
            _ => Self::Nothing,
        }
    }
}

fn named<I: std::str::FromStr>(kind: &Value, field: &str) -> I
where
    I::Err: std::fmt::Debug,
{
    kind[field].as_str().unwrap().parse().unwrap()
}

impl Oracle {
    /// Whether what a notice waits for has come about by now or does so no more, and the one address that it goes to.
    pub fn settles(&self, matter: &Matter) -> (bool, Option<Email>) {
        let waits = |state: Option<HandshakeState>| (state != Some(HandshakeState::Pending), None);
        match matter {
            Matter::LinkRequest(id) => waits(self.request(*id).map(|one| one.state)),
            Matter::ManagerInvitation(id) => waits(self.manager_invitation(*id).map(|one| one.state)),
            Matter::Proposal(id) => waits(self.proposal(*id).map(|one| one.state)),
            Matter::Invitation(id) => waits(self.invitation(*id).map(|one| one.state)),
            Matter::Move(id) => waits(self.pending_move(*id).map(|one| one.state)),
            Matter::Delink(id, stage, asked) => {
                let link = self.link(*id).unwrap();
                ((link.stage, link.delink_asked) != (*stage, *asked), None)
            }
            Matter::End(id, end) => {
                let link = self.link(*id).filter(|link| link.stage != Stage::Delinked);
                (link.and_then(|link| link.end()).map(|(end, _)| end) != Some(*end), None)
            }
            Matter::Address(user, number) => {
                let change = self.address_change(*user).filter(|one| one.number == *number);
                let email = change.and_then(|one| one.email.clone());
                (email.is_none(), email)
            }
            // Whoever had another address is warned there, be the change confirmed by now; not of what came to nothing.
            Matter::Warning(user, number) => {
                let waits = self.address_change(*user).filter(|one| one.number == *number);
                let lost = self.former.iter().find(|one| one.change == Some(*number));
                let had = match waits.filter(|one| one.state == HandshakeState::Pending) {
                    Some(_) => self.user(*user).unwrap().email.clone(),
                    None => lost.map(|one| one.email.clone()),
                };
                (had.is_none(), had)
            }
            Matter::Nothing => (false, None),
        }
    }
}
