//! The state machines that run, each a total function from a state and a trigger to the next state
//! or nothing.
//!
//! The rules ask them and nothing else what may follow, and [`machines`] lists them so that the
//! diagrams are drawn from the very code that runs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::words::{HandshakeState, Operation, Party, Stage, UserState, words};

words! {
    /// What can happen to a tenant's operation (T-5).
    OperationTrigger {
        /// Somebody disables the tenant.
        Disable => "disable",
        /// Somebody enables the tenant.
        Enable => "enable",
        /// The host reports that the tenant is up.
        Ready => "ready",
    }
}

impl Operation {
    /// The operation after `trigger`, if it may happen now (T-5).
    pub(crate) const fn after(self, trigger: OperationTrigger) -> Option<Self> {
        match (self, trigger) {
            (Self::Enabled, OperationTrigger::Disable) => Some(Self::Disabled),
            (Self::Disabled, OperationTrigger::Enable) => Some(Self::Enabling),
            (Self::Enabling, OperationTrigger::Ready) => Some(Self::Enabled),
            _ => None,
        }
    }
}

words! {
    /// What one party, or the clock, can do about a delink (D).
    DelinkAct {
        /// Ask to end the link.
        Request => "request",
        /// Say yes to the other side's request.
        Accept => "accept",
        /// Say no to the other side's request.
        Reject => "reject",
        /// Remind the other side of one's own request.
        Resend => "resend",
        /// Take one's own request back.
        Cancel => "cancel",
    }
}

/// Why an act about a delink cannot be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DelinkObstacle {
    /// The link has ended.
    Ended,
    /// Nobody has asked.
    NoRequest,
    /// This party has asked before.
    AlreadyRequested,
    /// The request is this party's own, and only the other side answers it.
    OwnRequest,
    /// The request is the other side's, and only they remind of it or take it back.
    NotYourRequest,
}

impl Stage {
    /// The stage after `by` does `act`: the whole table of delinking (D-1).
    ///
    /// # Errors
    /// Says what stands in the way when the act is not possible at this stage.
    pub(crate) fn after(self, act: DelinkAct, by: Party) -> Result<Self, DelinkObstacle> {
        let Some(requester) = self.requester() else {
            return match (self, act) {
                (Self::Delinked, _) => Err(DelinkObstacle::Ended),
                (_, DelinkAct::Request) => Ok(Self::requested(by)),
                _ => Err(DelinkObstacle::NoRequest),
            };
        };
        let own = requester == by;
        match act {
            DelinkAct::Request if own => Err(DelinkObstacle::AlreadyRequested),
            DelinkAct::Accept | DelinkAct::Reject if own => Err(DelinkObstacle::OwnRequest),
            DelinkAct::Resend | DelinkAct::Cancel if !own => Err(DelinkObstacle::NotYourRequest),
            // Crossing requests are the consent of both.
            DelinkAct::Request | DelinkAct::Accept => Ok(Self::Delinked),
            DelinkAct::Reject | DelinkAct::Cancel => Ok(Self::Active),
            DelinkAct::Resend => Ok(self),
        }
    }

    /// The stage after the clock lets a delink request run out (D).
    pub(crate) const fn after_expiry(self) -> Option<Self> {
        if self.requester().is_some() { Some(Self::Active) } else { None }
    }

    /// The stage once the notice period of a delink request is over (D-8).
    pub(crate) const fn after_notice(self) -> Option<Self> {
        if self.requester().is_some() { Some(Self::Delinked) } else { None }
    }
}

words! {
    /// What can happen to a handshake (L-3, U-2).
    HandshakeTrigger {
        /// The asked side says yes.
        Accept => "accept",
        /// The asked side says no.
        Decline => "decline",
        /// The requester takes a link request back.
        Cancel => "cancel",
        /// The sender takes an invitation back.
        Revoke => "revoke",
        /// The asked side is reminded.
        Resend => "resend",
        /// Time runs out.
        Expire => "expire",
        /// What it rests on goes.
        Withdraw => "withdraw",
    }
}

impl HandshakeState {
    /// The state after `trigger`, if it may happen now (L-3, U-2).
    pub(crate) const fn after(self, trigger: HandshakeTrigger) -> Option<Self> {
        match (self, trigger) {
            (Self::Pending, HandshakeTrigger::Accept) => Some(Self::Accepted),
            (Self::Pending, HandshakeTrigger::Decline) => Some(Self::Declined),
            (Self::Pending, HandshakeTrigger::Cancel) => Some(Self::Canceled),
            (Self::Pending, HandshakeTrigger::Revoke) => Some(Self::Revoked),
            (Self::Pending, HandshakeTrigger::Resend) => Some(Self::Pending),
            (Self::Pending, HandshakeTrigger::Expire) => Some(Self::Expired),
            (Self::Pending, HandshakeTrigger::Withdraw) => Some(Self::Withdrawn),
            _ => None,
        }
    }
}

words! {
    /// What can happen to a user (U-3).
    UserTrigger {
        /// Their invitation is accepted.
        Join => "join",
        /// Their invitation is declined, revoked or expired.
        Withdraw => "withdraw",
        /// Somebody blocks them.
        Block => "block",
        /// Somebody unblocks them.
        Unblock => "unblock",
        /// Somebody removes them.
        Remove => "remove",
    }
}

impl UserState {
    /// The state after `trigger`, if it may happen now (U-3).
    pub(crate) const fn after(self, trigger: UserTrigger) -> Option<Self> {
        match (self, trigger) {
            (Self::Invited, UserTrigger::Join) => Some(Self::Active),
            (Self::Invited, UserTrigger::Withdraw) => Some(Self::Removed),
            (Self::Active, UserTrigger::Block) => Some(Self::Blocked),
            (Self::Blocked, UserTrigger::Unblock) => Some(Self::Active),
            (Self::Active | Self::Blocked, UserTrigger::Remove) => Some(Self::Removed),
            _ => None,
        }
    }

    /// Whether the user counts among the living, and so holds an e-mail address (U-1).
    pub const fn is_living(self) -> bool {
        matches!(self, Self::Active | Self::Blocked)
    }
}

/// One arrow of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The state before.
    pub from: &'static str,
    /// What happens.
    pub trigger: String,
    /// The state after.
    pub to: &'static str,
}

/// A machine laid open: its states and every arrow between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// The machine's name, such as `delink`.
    pub name: &'static str,
    /// The states by name, the first of them the initial one.
    pub states: Vec<&'static str>,
    /// The arrows, in the order of states and triggers.
    pub arrows: Vec<Arrow>,
}

/// Every machine of the product, laid open.
pub fn machines() -> Vec<Machine> {
    vec![
        plain(
            "operation",
            Operation::ALL,
            OperationTrigger::ALL,
            Operation::name,
            OperationTrigger::name,
            Operation::after,
        ),
        delink(),
        plain(
            "handshake",
            HandshakeState::ALL,
            HandshakeTrigger::ALL,
            HandshakeState::name,
            HandshakeTrigger::name,
            HandshakeState::after,
        ),
        plain("user", UserState::ALL, UserTrigger::ALL, UserState::name, UserTrigger::name, UserState::after),
    ]
}

fn plain<S: Copy, T: Copy>(
    name: &'static str,
    states: &[S],
    triggers: &[T],
    state_name: fn(S) -> &'static str,
    trigger_name: fn(T) -> &'static str,
    after: fn(S, T) -> Option<S>,
) -> Machine {
    let arrows = states
        .iter()
        .flat_map(|&from| triggers.iter().map(move |&trigger| (from, trigger)))
        .filter_map(|(from, trigger)| {
            after(from, trigger).map(|to| Arrow {
                from: state_name(from),
                trigger: trigger_name(trigger).to_owned(),
                to: state_name(to),
            })
        })
        .collect();
    Machine { name, states: states.iter().map(|&state| state_name(state)).collect(), arrows }
}

fn delink() -> Machine {
    let mut arrows = Vec::new();
    for &from in Stage::ALL {
        for &act in DelinkAct::ALL {
            for &by in Party::ALL {
                if let Ok(to) = from.after(act, by) {
                    arrows.push(Arrow { from: from.name(), trigger: format!("{by} {act}"), to: to.name() });
                }
            }
        }
        for (trigger, to) in [("clock expire", from.after_expiry()), ("clock complete", from.after_notice())]
        {
            let arrow = |to: Stage| Arrow { from: from.name(), trigger: trigger.to_owned(), to: to.name() };
            arrows.extend(to.map(arrow));
        }
    }
    Machine { name: "delink", states: Stage::ALL.iter().map(|stage| stage.name()).collect(), arrows }
}
