//! The mail that a service would send, kept to be looked at: each person reads their own. The words are the service's;
//! that somebody has to be told, and who, is tenantry's.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tenantry::base::ids::InvitationId;
use tenantry::engine::Moment;
use tenantry::model::{HandshakeState, Invitation, NoticeKind, Tenant};
use tenantry::{Engine, Error, UserId};

use crate::problem::Problem;

/// How many letters are kept.
const MOST: usize = 2_000;

/// The consumer under which notices are read.
const NAME: &str = "portal";

/// The letters that were sent, the last one first.
#[derive(Debug, Default)]
pub(crate) struct Letters(Mutex<VecDeque<Letter>>);

/// One letter.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// To whom.
    pub(crate) to: UserId,
    /// What about, in words.
    pub(crate) subject: String,
    /// The invitation that it carries.
    pub(crate) invitation: Option<InvitationId>,
    /// Which notice it was made of.
    pub(crate) notice: (u64, usize),
}

/// Those of some letters whose invitations still await an answer.
pub(crate) fn open_of(now: &Moment<'_>, letters: Vec<Letter>) -> Result<Vec<Letter>, Problem> {
    let mut open = Vec::new();
    for letter in letters {
        let Some(id) = letter.invitation else { continue };
        let it = now.host().get::<Invitation>(id.uuid())?;
        if it.is_some_and(|it| it.handshake.state == HandshakeState::Pending) {
            open.push(letter);
        }
    }
    Ok(open)
}

impl Letters {
    /// Somebody's letters.
    pub(crate) fn to(&self, user: UserId) -> Vec<Letter> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|letter| letter.to == user).cloned().collect()
    }

    /// Those that carry an invitation.
    pub(crate) fn invitations(&self) -> Vec<Letter> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|letter| letter.invitation.is_some()).cloned().collect()
    }

    /// Sends what is to be sent, and says so only then. What the service had sent before it was started again is not
    /// looked up: a real one has a mailbox.
    pub(crate) fn deliver(&self, engine: &Engine) -> Result<(), Error> {
        loop {
            let mail = engine.notices(NAME, 100)?;
            if mail.notices.is_empty() {
                return Ok(());
            }
            let snapshot = engine.read()?;
            let (now, through) = (snapshot.now()?, mail.through);
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for notice in mail.notices.into_iter().filter(|notice| !notice.settled) {
                let about = now.host().about(&notice)?;
                let mut of = Vec::new();
                for tenant in [about.manager, about.tenant].into_iter().flatten() {
                    if let Some(tenant) = now.host().get::<Tenant>(tenant.uuid())? {
                        of.push(tenant.name.to_string());
                    }
                }
                let kind = notice.kind.name().replace('_', " ");
                let subject = format!("{kind}: {}", of.join(" and "));
                let subject = subject.trim_end_matches(": ").to_owned();
                let invitation = match notice.kind {
                    NoticeKind::SignUp { invitation }
                    | NoticeKind::Invitation { invitation }
                    | NoticeKind::InvitationReminder { invitation } => Some(invitation),
                    _ => None,
                };
                for to in notice.to.users {
                    // Delivered at least once: what comes twice is known by its number.
                    let letter = Letter {
                        to,
                        subject: subject.clone(),
                        invitation,
                        notice: (notice.seq, notice.index),
                    };
                    if !all.iter().any(|other| (other.to, other.notice) == (to, letter.notice)) {
                        all.push_front(letter);
                    }
                }
            }
            all.truncate(MOST);
            drop(all);
            engine.acknowledge(NAME, through)?;
        }
    }
}
