//! Another address of a user: asked for, and taken once it is confirmed (U-1). It never decides who may edit a user.

use tenantry::base::ids::UserId;
use tenantry::base::text::Email;
use tenantry::base::time::Timestamp;
use tenantry::command::ConfirmAddress;
use tenantry::model::{Actor, HandshakeState, Operation, Subject};
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::obstacles::least;
use crate::world::{AddressChange, Former, Oracle};

impl Oracle {
    /// What a user was last asked to confirm.
    pub fn address_change(&self, user: UserId) -> Option<&AddressChange> {
        self.address_changes.iter().find(|one| one.user == user)
    }

    /// The address that awaits the user's confirmation.
    pub fn pending_address(&self, user: UserId) -> Option<&Email> {
        let one = self.address_change(user).filter(|one| one.state == HandshakeState::Pending);
        one.and_then(|one| one.email.as_ref())
    }

    /// It ends, one way or another; what it was is not kept.
    pub fn end_address_change(&mut self, user: UserId, state: HandshakeState) {
        for one in self.address_changes.iter_mut().filter(|one| one.user == user) {
            if one.state == HandshakeState::Pending {
                one.state = state;
                one.email = None;
            }
        }
    }

    /// A user has another address from now on, by a change that was asked for or by the operator's word. The one before is known as
    /// long as its warning may have to go out: until the first change after as many days as an invitation has (U-1).
    pub fn take_address(&mut self, user: UserId, email: &Email, change: Option<u32>, at: Timestamp) {
        let days = self.policy.invitation_days;
        self.former.retain(|one| one.user != user || at <= one.until.plus_days(days));
        let had = self.user_mut(user).email.replace(email.clone());
        self.former.push(Former { user, email: had.unwrap(), change, until: at });
    }

    /// Whether asking a user for an address is to remind them of it: it is the one that waits, and who asks is of their home.
    /// To anybody else nobody tells which one that is.
    pub fn reminds_of_address(&self, by: UserId, user: UserId, email: &Email) -> bool {
        let home = |id| self.user(id).map(|user| user.home);
        self.pending_address(user) == Some(email) && home(by) == home(user)
    }

    /// Asks a user to confirm another address, or again to confirm the one that they were asked for.
    pub fn ask_for_address(&mut self, who: Who, user: UserId, email: &Email, at: Timestamp) {
        self.note_invited(who, user, at);
        let sender = Self::person(who);
        let again = matches!(who, Who::User(by) if self.reminds_of_address(by, user, email));
        let expires = at.plus_days(self.policy.invitation_days);
        let home = self.user(user).unwrap().home;
        if again {
            for one in self.address_changes.iter_mut().filter(|one| one.user == user) {
                one.sender = sender;
            }
            return;
        }
        self.address_changes.retain(|one| one.user != user);
        self.changes_asked += 1;
        self.address_changes.push(AddressChange {
            number: self.changes_asked,
            user,
            home,
            email: Some(email.clone()),
            sender,
            state: HandshakeState::Pending,
            asked: at,
            expires,
        });
    }

    pub fn confirm_address(&mut self, actor: &Actor, c: &ConfirmAddress, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        if matches!(who, Who::User(user) if user != c.user) {
            return Err(Code::NoSuchUser);
        }
        let user = self.user(c.user).ok_or(Code::NoSuchUser)?.clone();
        let mut obstacles = self.address_pending(c.user);
        if obstacles.is_empty() {
            if self.pending_address(c.user) != Some(&c.email) {
                obstacles.push(Code::OtherAddress);
            }
            if !self.address_change_stands(self.address_change(c.user).unwrap(), at) {
                obstacles.push(Code::AddressNotPending);
            }
        }
        obstacles.extend(self.address_obstacles(&c.email, user.home, Some(user.id)));
        least(obstacles)?;
        let change = self.address_change(c.user).map(|one| one.number);
        self.end_address_change(c.user, HandshakeState::Accepted);
        self.take_address(c.user, &c.email, change, at);
        Ok(())
    }

    pub fn cancel_address(&mut self, actor: &Actor, id: UserId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let user = self.known_user(who, id, at)?;
        if who != Who::User(id) {
            self.user_right(who, &user, at)?;
        }
        least(self.address_pending(id))?;
        self.end_address_change(id, HandshakeState::Canceled);
        Ok(())
    }

    /// That the user is not asked to confirm an address, if they are not.
    fn address_pending(&self, user: UserId) -> Vec<Code> {
        match self.address_change(user).map(|one| one.state) {
            Some(HandshakeState::Pending) => Vec::new(),
            Some(HandshakeState::Expired) => vec![Code::AddressExpired],
            _ => vec![Code::AddressNotPending],
        }
    }

    /// Whether who asked for it could ask now; oneself always can, and while the home is disabled it waits.
    pub fn address_change_stands(&self, one: &AddressChange, at: Timestamp) -> bool {
        if !self.user(one.user).is_some_and(|user| user.is_living()) {
            return false;
        }
        let Some(Subject::User(sender)) = one.sender.filter(|by| *by != Subject::User(one.user)) else {
            return true;
        };
        if self.actor(&Actor::User(sender), Disabled::Bars).is_err() {
            return false;
        }
        if self.tenant(one.home).unwrap().operation != Operation::Enabled {
            return self.with_open(one.home).address_change_stands(one, at);
        }
        let who = Who::User(sender);
        let user = self.user(one.user).unwrap();
        self.user_right(who, user, at).is_ok() && self.takeover_obstacles(who, one.user, at).is_empty()
    }
}
