//! Why something happens in the oracle's world: by a command, or by time.

use tenantry::base::ids::{
    InvitationId, LinkId, LinkRequestId, ManagerInvitationId, MoveId, ProposalId, UserId,
};
use tenantry::command::{Command, Request};

use crate::world::Laid;

/// Something that time brings about.
#[derive(Clone, Copy, Debug)]
pub enum Due {
    Request(LinkRequestId),
    ManagerInvitation(ManagerInvitationId),
    Address(UserId),
    Proposal(ProposalId),
    Invitation(InvitationId),
    Move(MoveId),
    DelinkRequest(LinkId),
    Extension(LinkId),
    Announcement(LinkId),
    End(LinkId),
    /// What is given for a while begins.
    Beginning(Laid),
    /// It is over.
    Over(Laid),
}

/// Why something happened.
pub enum Cause<'c> {
    Command(&'c Request),
    Time(&'c Due),
}

impl Cause<'_> {
    pub fn command(&self) -> Option<&Command> {
        match self {
            Self::Command(request) => Some(&request.command),
            Self::Time(_) => None,
        }
    }
}
