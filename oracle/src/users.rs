//! Users: invitations, their lives, and their personal data (U). It never decides what a role lets them do.

use tenantry::base::ids::{InvitationId, TenantId, UserId};
use tenantry::base::text::{Email, Permission};
use tenantry::base::time::Timestamp;
use tenantry::command::{EditUser, InviteOwner, InviteUser, Invitee, RegisterUser};
use tenantry::model::{
    Actor, HandshakeState, Operation, Patch, RoleRef, Stage, Subject, TenantKind, UserState,
};
use tenantry::refusal::Code;
use uuid::Uuid;

use crate::access::{Disabled, Who};
use crate::obstacles::{ended_obstacle, least};
use crate::world::{Addressee, Assignment, Invitation, Link, Oracle, User, While};

impl Oracle {
    /// The living users with the address, `but` for one.
    pub fn address_obstacles(&self, email: &Email, home: TenantId, but: Option<UserId>) -> Vec<Code> {
        let mut obstacles = Vec::new();
        for user in &self.users {
            if user.is_living() && user.email.as_ref() == Some(email) && Some(user.id) != but {
                obstacles.push(if user.home == home { Code::AlreadyMember } else { Code::EmailTaken });
            }
        }
        obstacles
    }

    /// What stands in the way of inviting somebody to a tenant, whatever the role (U-2).
    pub fn invitee_obstacles(&self, invitee: &Invitee, tenant: TenantId) -> Vec<Code> {
        // Whether it is in use elsewhere is told to who has proved it (U-1).
        let mut obstacles = self.address_obstacles(&invitee.email, tenant, None);
        obstacles.retain(|code| *code != Code::EmailTaken);
        let invited = self.users.iter().any(|user| {
            user.home == tenant
                && user.state == UserState::Invited
                && user.email.as_ref() == Some(&invitee.email)
        });
        if invited {
            obstacles.push(Code::AlreadyInvited);
        }
        obstacles
    }

    /// Offers an assignment to a new user.
    fn send_invitation(
        &mut self,
        who: Who,
        invitee: &Invitee,
        offer: Assignment,
        sign_up: bool,
        at: Timestamp,
    ) {
        let Assignment { user, tenant, role, below, masked } = offer;
        self.users.push(User {
            id: user,
            home: tenant,
            state: UserState::Invited,
            email: Some(invitee.email.clone()),
            name: invitee.name.clone(),
        });
        self.invitations.push(Invitation {
            id: invitee.invitation.unwrap(),
            user,
            tenant,
            role,
            below,
            sign_up,
            masked,
            sender: Self::person(who),
            of_a_new_tenant: false,
            state: HandshakeState::Pending,
            asked: at,
            expires: at.plus_days(self.policy.invitation_days),
        });
        self.note_invited(who, user, at);
    }

    /// Remembers that somebody was invited or reminded by an organisation, or asked for another address.
    pub fn note_invited(&mut self, who: Who, person: UserId, at: Timestamp) {
        if let Who::User(user) = who {
            let home = self.user(user).unwrap().home;
            self.note_asked(who, Addressee::Person(person), home, at);
        }
    }

    /// That an organisation has invited, reminded and asked a person, and all that are known by an address, often enough for a
    /// day, if it has (U-1.9).
    pub fn invited_enough(
        &self,
        who: Who,
        person: Option<UserId>,
        email: Option<&Email>,
        at: Timestamp,
    ) -> Option<Code> {
        let Who::User(user) = who else { return None };
        let home = self.user(user).unwrap().home;
        let known = |user: &&User| Some(user.id) == person || email.is_some() && user.email.as_ref() == email;
        let people = self.users.iter().filter(known);
        let asked: u32 = people.map(|user| self.asked_of(&Addressee::Person(user.id), home, at)).sum();
        (asked >= self.policy.asks_per_day).then_some(Code::TooManyRequests)
    }

    /// Asks somebody to be a tenant's super admin: without a mask, whoever asks (L-1).
    pub fn send_sign_up(&mut self, who: Who, link: &Link, owner: &Invitee, at: Timestamp) {
        let tenant = link.managed;
        let below = self.tenant(tenant).unwrap().kind == TenantKind::Msp;
        let user = owner.user.unwrap();
        let offer = Assignment { user, tenant, role: self.super_role(), below, masked: false };
        self.send_invitation(who, owner, offer, true, at);
        let new = self.tenant(tenant).unwrap().since == at;
        self.invitation_mut(owner.invitation.unwrap()).of_a_new_tenant = new;
    }

    /// What stands in the way of naming the owner of a tenant that there is already: the right about its users, by role, for
    /// nobody is there to grant it. Of a tenant that had a super admin before only a super admin makes one (L-1, P-15).
    pub fn owner_obstacles(&self, who: Who, tenant: TenantId, at: Timestamp) -> Vec<Code> {
        let Who::User(actor) = who else { return Vec::new() };
        let mut obstacles = Vec::new();
        obstacles.extend(self.right_by_role(who, "users.manage", tenant, at).err());
        if self.tenant(tenant).unwrap().had_owner && !self.is_super_while(actor, tenant, While::FOR_GOOD, at)
        {
            obstacles.push(Code::SuperAdminOnly);
        }
        obstacles
    }

    /// A role that can be had on a tenant by those at home there: built in, or the tenant's own.
    fn is_home_role(&self, role: &RoleRef, tenant: TenantId) -> bool {
        match role {
            RoleRef::Builtin(name) => self.policy.roles.iter().any(|rule| rule.name == *name),
            RoleRef::Custom(id) => self.role(*id).is_some_and(|role| role.tenant == tenant),
        }
    }

    pub fn invite_user(&mut self, actor: &Actor, c: &InviteUser, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "users.manage", c.tenant, at, Disabled::Bars)?;
        if !self.is_home_role(&c.role, c.tenant) {
            return Err(Code::UnknownRole);
        }
        let mut obstacles = self.invitee_obstacles(&c.invitee, c.tenant);
        obstacles.extend(self.id_obstacles(&invitee_ids(&c.invitee)));
        let masked = self.is_masked(who, c.tenant, None, at);
        let user = c.invitee.user.unwrap();
        let offer = Assignment { user, tenant: c.tenant, role: c.role.clone(), below: false, masked };
        let offer = self.with_below(who, c.tenant, c.below, offer, While::FOR_GOOD, at);
        obstacles.extend(self.hand_out_obstacles(who, c.tenant, &offer, While::FOR_GOOD, at));
        obstacles.extend(self.invited_enough(who, None, Some(&c.invitee.email), at));
        least(obstacles)?;
        self.send_invitation(who, &c.invitee, offer, false, at);
        Ok(())
    }

    pub fn invite_owner(&mut self, actor: &Actor, c: &InviteOwner, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let link = self.link_for_manager(who, c.link, at)?;
        let mut obstacles = ended_obstacle(&link);
        let tenant = self.tenant(link.managed).unwrap();
        if self.rule(&link).locks_customer {
            obstacles.push(Code::OwnerNotAllowed);
        }
        if !self.active_super_admins(tenant.id, at).is_empty() {
            obstacles.push(Code::OwnerPresent);
        }
        let pending =
            |i: &Invitation| i.tenant == tenant.id && i.sign_up && i.state == HandshakeState::Pending;
        if self.invitations.iter().any(pending) {
            obstacles.push(Code::OwnerInvited);
        }
        // After the end nothing of it is told.
        if tenant.operation != Operation::Enabled && link.stage != Stage::Delinked {
            obstacles.push(Code::TenantDisabled);
        }
        obstacles.extend(self.invitee_obstacles(&c.owner, tenant.id));
        obstacles.extend(self.id_obstacles(&invitee_ids(&c.owner)));
        let tenant = tenant.id;
        if link.stage != Stage::Delinked {
            obstacles.extend(self.owner_obstacles(who, tenant, at));
        }
        obstacles.extend(self.invited_enough(who, None, Some(&c.owner.email), at));
        least(obstacles)?;
        self.send_sign_up(who, &link, &c.owner, at);
        Ok(())
    }

    /// The invitation, for those who may remind of it or take it back; who does, and whether they do it for a manager whose owner
    /// it names.
    fn invitation_for_sender(
        &self,
        actor: &Actor,
        id: InvitationId,
        at: Timestamp,
    ) -> Result<(Invitation, Who, bool), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let invitation = self.invitation(id).ok_or(Code::UnknownInvitation)?;
        if matches!(who, Who::Operator { .. }) {
            return Ok((invitation.clone(), who, invitation.sign_up));
        }
        let adds = |link: &&Link| self.right(who, "customers.add", link.manager, at, Disabled::Bars).is_ok();
        let names = invitation.sign_up
            && !self.decides_against(who, invitation.tenant, at)
            && self.links_above(invitation.tenant, at).iter().any(adds);
        if !names {
            if !self.sees(who, invitation.tenant, at) {
                return Err(Code::UnknownInvitation);
            }
            self.right(who, "users.manage", invitation.tenant, at, Disabled::Bars)?;
        }
        Ok((invitation.clone(), who, names))
    }

    /// Whether somebody is kept off a tenant: by what decides for them there, and not only because nothing reaches them yet
    /// (U-2.7).
    fn decides_against(&self, who: Who, tenant: TenantId, at: Timestamp) -> bool {
        let Who::User(user) = who else { return false };
        let view = Permission::parse("tenant.view").unwrap();
        let decisive = self.assignments_on(user, tenant, at);
        !decisive.is_empty() && !decisive.iter().any(|a| self.gives(a, &view))
    }

    pub fn resend_invitation(&mut self, actor: &Actor, id: InvitationId, at: Timestamp) -> Result<(), Code> {
        let (offer, who, names) = self.invitation_for_sender(actor, id, at)?;
        let mut obstacles: Vec<Code> = invitation_is_pending(&offer).err().into_iter().collect();
        let mut masked = offer.masked;
        let email = self.user(offer.user).unwrap().email.clone();
        if let Who::User(_) = who {
            // Who reminds hands it out, and as they may.
            if !names {
                masked = self.is_masked(who, offer.tenant, Some(masked), at);
                let given = Assignment { masked, ..offer.offered() };
                obstacles.extend(self.hand_out_obstacles(who, offer.tenant, &given, While::FOR_GOOD, at));
            } else if !offer.of_a_new_tenant {
                obstacles.extend(self.owner_obstacles(who, offer.tenant, at));
            }
            let pending = offer.state == HandshakeState::Pending;
            if pending && offer.sign_up && !self.active_super_admins(offer.tenant, at).is_empty() {
                obstacles.push(Code::OwnerPresent);
            }
            obstacles.extend(self.invited_enough(who, Some(offer.user), email.as_ref(), at));
        }
        least(obstacles)?;
        self.note_invited(who, offer.user, at);
        let offer = self.invitation_mut(id);
        offer.masked = masked;
        if let Who::User(_) = who {
            offer.sender = Self::person(who);
        }
        Ok(())
    }

    pub fn revoke_invitation(&mut self, actor: &Actor, id: InvitationId, at: Timestamp) -> Result<(), Code> {
        invitation_is_pending(&self.invitation_for_sender(actor, id, at)?.0)?;
        self.close_invitation(id, HandshakeState::Revoked);
        Ok(())
    }

    /// The invitation, for the invited user or an operator who speaks for them.
    fn invitation_for_invited(&self, actor: &Actor, id: InvitationId) -> Result<Invitation, Code> {
        match actor {
            Actor::Clock => return Err(Code::WrongActor),
            Actor::User(user) if self.user(*user).is_none() => return Err(Code::UnknownUser),
            _ => {}
        }
        let invitation = self.invitation(id).ok_or(Code::UnknownInvitation)?;
        match actor {
            Actor::User(user) if *user != invitation.user => return Err(Code::UnknownInvitation),
            Actor::Operator { ticket: None } => return Err(Code::TicketRequired),
            _ => {}
        }
        Ok(invitation.clone())
    }

    pub fn accept_invitation(
        &mut self,
        actor: &Actor,
        id: InvitationId,
        email: &Email,
        at: Timestamp,
    ) -> Result<(), Code> {
        let invitation = self.invitation_for_invited(actor, id)?;
        let user = self.user(invitation.user).unwrap().clone();
        let mut obstacles = Vec::new();
        if user.email.as_ref() != Some(email) {
            obstacles.push(Code::OtherAddress);
        }
        if let Err(code) = invitation_is_pending(&invitation) {
            obstacles.push(code);
        }
        obstacles.extend(self.address_obstacles(email, invitation.tenant, None));
        let pending = invitation.state == HandshakeState::Pending;
        if pending && invitation.sign_up && !self.active_super_admins(invitation.tenant, at).is_empty() {
            obstacles.push(Code::OwnerPresent);
        }
        if self.living(invitation.tenant).is_some_and(|tenant| tenant.operation != Operation::Enabled) {
            obstacles.push(Code::TenantDisabled);
        }
        least(obstacles)?;
        self.invitation_mut(id).state = HandshakeState::Accepted;
        self.user_mut(user.id).state = UserState::Active;
        self.assignments.push(Assignment {
            user: user.id,
            tenant: invitation.tenant,
            role: invitation.role,
            below: invitation.below,
            masked: invitation.masked,
        });
        self.note_owner(user.id, at);
        Ok(())
    }

    pub fn decline_invitation(&mut self, actor: &Actor, id: InvitationId, email: &Email) -> Result<(), Code> {
        let invitation = self.invitation_for_invited(actor, id)?;
        if self.user(invitation.user).unwrap().email.as_ref() != Some(email) {
            return Err(Code::OtherAddress);
        }
        invitation_is_pending(&invitation)?;
        self.close_invitation(id, HandshakeState::Declined);
        Ok(())
    }

    pub fn register_user(&mut self, actor: &Actor, c: &RegisterUser, at: Timestamp) -> Result<(), Code> {
        self.operator_only(actor)?;
        let home = self.living(c.home).ok_or(Code::UnknownTenant)?;
        let below = c.below.unwrap_or(home.kind == TenantKind::Msp);
        let id = c.user.unwrap();
        let mut obstacles = self.address_obstacles(&c.email, c.home, None);
        if !self.is_home_role(&c.role, c.home) {
            obstacles.push(Code::UnknownRole);
        }
        obstacles.extend(self.id_obstacles(&[id.uuid()]));
        least(obstacles)?;
        self.users.push(User {
            id,
            home: c.home,
            state: UserState::Active,
            email: Some(c.email.clone()),
            name: c.name.clone(),
        });
        self.assignments.push(Assignment {
            user: id,
            tenant: c.home,
            role: c.role.clone(),
            below,
            masked: false,
        });
        self.note_owner(id, at);
        Ok(())
    }

    /// A user whose home the actor sees.
    pub fn known_user(&self, who: Who, id: UserId, at: Timestamp) -> Result<User, Code> {
        let user = self.user(id).ok_or(Code::NoSuchUser)?;
        if matches!(who, Who::Operator { .. }) {
            return Ok(user.clone());
        }
        if self.sees(who, user.home, at) { Ok(user.clone()) } else { Err(Code::NoSuchUser) }
    }

    /// The right to decide about a user (U-4). Operators have it about everybody, at home on a tombstone too.
    pub fn user_right(&self, who: Who, user: &User, at: Timestamp) -> Result<(), Code> {
        match who {
            Who::Operator { .. } => Ok(()),
            Who::User(_) => self.right(who, "users.manage", user.home, at, Disabled::Bars),
        }
    }

    pub fn edit_user(&mut self, actor: &Actor, c: &EditUser, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let user = self.known_user(who, c.user, at)?;
        if who != Who::User(c.user) {
            self.user_right(who, &user, at)?;
        }
        let mut obstacles = Vec::new();
        if !user.is_living() {
            obstacles.push(Code::UserStateConflict);
        }
        let mut after = user.clone();
        c.name.apply_to(&mut after.name);
        if let Some(email) = &c.email {
            if who != Who::User(c.user) {
                obstacles.extend(self.takeover_obstacles(who, c.user, at));
            }
            if let Who::Operator { .. } = who {
                obstacles.extend(self.address_obstacles(email, user.home, Some(user.id)));
            } else if user.email.as_ref() == Some(email) {
                obstacles.push(Code::NothingToDo);
            } else {
                obstacles.extend(self.invited_enough(who, Some(c.user), Some(email), at));
            }
        }
        if c.name == Patch::Keep && c.email.is_none() {
            obstacles.push(Code::NothingToDo);
        }
        least(obstacles)?;
        *self.user_mut(c.user) = after;
        match (&c.email, who) {
            (Some(email), Who::Operator { .. }) => {
                self.end_address_change(c.user, HandshakeState::Canceled);
                if user.email.as_ref() != Some(email) {
                    self.take_address(c.user, email, None, at);
                }
            }
            (Some(email), Who::User(_)) => self.ask_for_address(who, c.user, email, at),
            (None, _) => {}
        }
        Ok(())
    }

    /// What stands in the way of blocking, unblocking or removing a user, apart from their state.
    fn user_for_manager(&self, actor: &Actor, id: UserId, at: Timestamp) -> Result<(User, Vec<Code>), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let user = self.known_user(who, id, at)?;
        self.user_right(who, &user, at)?;
        Ok((user, self.person_obstacles(who, id, at)))
    }

    /// Whether the user is the last whom their home keeps as a super admin (U-3).
    pub fn is_last_super_admin(&self, user: &User, at: Timestamp) -> bool {
        self.kept_super_admins(user.home, at) == [user.id]
    }

    pub fn block_user(&mut self, actor: &Actor, id: UserId, at: Timestamp) -> Result<(), Code> {
        let (user, mut obstacles) = self.user_for_manager(actor, id, at)?;
        if user.state != UserState::Active {
            obstacles.push(Code::UserStateConflict);
        }
        if self.is_last_super_admin(&user, at) {
            obstacles.push(Code::LastSuperAdmin);
        }
        least(obstacles)?;
        self.user_mut(id).state = UserState::Blocked;
        Ok(())
    }

    pub fn unblock_user(&mut self, actor: &Actor, id: UserId, at: Timestamp) -> Result<(), Code> {
        let (user, mut obstacles) = self.user_for_manager(actor, id, at)?;
        if user.state != UserState::Blocked {
            obstacles.push(Code::UserStateConflict);
        }
        least(obstacles)?;
        self.user_mut(id).state = UserState::Active;
        self.note_owner(id, at);
        Ok(())
    }

    pub fn remove_user(&mut self, actor: &Actor, id: UserId, at: Timestamp) -> Result<(), Code> {
        let (user, mut obstacles) = self.user_for_manager(actor, id, at)?;
        if !user.is_living() {
            obstacles.push(Code::UserStateConflict);
        }
        if self.is_last_super_admin(&user, at) {
            obstacles.push(Code::LastSuperAdmin);
        }
        least(obstacles)?;
        self.user_mut(id).state = UserState::Removed;
        self.assignments.retain(|a| a.user != id);
        self.temporaries.retain(|one| one.given.user != id);
        Ok(())
    }

    pub fn erase_personal(&mut self, actor: &Actor, subject: Subject, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        match subject {
            Subject::Tenant(id) => {
                let tombstone = self.tenant(id).is_some_and(|tenant| tenant.deleted);
                if !(tombstone && matches!(who, Who::Operator { .. })) {
                    self.right(who, "personal.erase", id, at, Disabled::Bars)?;
                }
                let tenant = self.tenant_mut(id);
                tenant.street = None;
                tenant.coordinates = None;
                tenant.phone = None;
            }
            Subject::User(id) => {
                let user = self.known_user(who, id, at)?;
                if let Who::User(_) = who {
                    self.right(who, "personal.erase", user.home, at, Disabled::Bars)?;
                }
                if user.state != UserState::Removed {
                    return Err(Code::UserNotRemoved);
                }
                let user = self.user_mut(id);
                user.name = None;
                user.email = None;
                self.former.retain(|one| one.user != id);
            }
        }
        self.erased = true;
        Ok(())
    }
}

/// The ids that an invitation gives.
pub fn invitee_ids(invitee: &Invitee) -> [Uuid; 2] {
    [invitee.user.unwrap().uuid(), invitee.invitation.unwrap().uuid()]
}

fn invitation_is_pending(invitation: &Invitation) -> Result<(), Code> {
    match invitation.state {
        HandshakeState::Pending => Ok(()),
        HandshakeState::Expired => Err(Code::InvitationExpired),
        _ => Err(Code::InvitationNotPending),
    }
}
