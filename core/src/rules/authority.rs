//! Who may command (U-4, T-9): turns verdicts into what an actor is told. Never decides what the
//! command does.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::access::{self, Gate};
use super::graph;
use super::world::{Ruling, World, refuse};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Service, Ticket};
use crate::model::permission::USERS_MANAGE;
use crate::model::{Actor, Link, Party, User};
use crate::refusal::Code;
use crate::view::ViewError;

impl World<'_> {
    /// Lets the actor in at all: a user who can act, or the operator (P-1). Hands on the user.
    ///
    /// # Errors
    /// `unknown_user`, `user_not_active`, `wrong_actor` for the clock.
    pub fn admit(&self, actor: &Actor, gate: Gate) -> Ruling<Option<Arc<User>>> {
        match actor {
            Actor::Operator { .. } => Ok(None),
            Actor::Clock => refuse(Code::WrongActor, "the clock"),
            Actor::User(id) => {
                let Some(user) = self.user(*id)? else { return refuse(Code::UnknownUser, id) };
                if access::can_act(self, &user, gate)? {
                    Ok(Some(user))
                } else {
                    refuse(Code::UserNotActive, id)
                }
            }
        }
    }

    /// Lets nobody but the operator in.
    pub(super) fn operator_only(&self, actor: &Actor) -> Ruling {
        match self.admit(actor, Gate::Shut)? {
            None => Ok(()),
            Some(_) => refuse(Code::WrongActor, "users"),
        }
    }

    /// The ticket that an operator's override cites.
    pub(super) fn ticket(&self, actor: &Actor, about: impl std::fmt::Display) -> Ruling<Ticket> {
        match actor {
            Actor::Operator { ticket: Some(ticket) } => Ok(ticket.clone()),
            _ => refuse(Code::TicketRequired, about),
        }
    }

    /// Lets the actor use a permission on a living tenant; a tenant that they may not see does not
    /// exist (T-9).
    ///
    /// # Errors
    /// Those of [`Self::admit`], `unknown_tenant`, and the reasons of a check.
    pub fn authorize(&self, actor: &Actor, permission: &str, tenant: TenantId, gate: Gate) -> Ruling {
        self.let_use(actor, permission, tenant, None, gate)
    }

    /// The same for a service, which the policy may have dropped by now (P-5).
    ///
    /// # Errors
    /// Those of [`Self::authorize`].
    pub(super) fn authorize_service(
        &self,
        actor: &Actor,
        permission: &str,
        tenant: TenantId,
        service: &Service,
    ) -> Ruling {
        self.let_use(actor, permission, tenant, Some(service), Gate::Shut)
    }

    /// The same for a service; for one that the policy does not offer, which the command has to
    /// tell, as for none.
    ///
    /// # Errors
    /// Those of [`Self::authorize`].
    pub(super) fn authorize_for(
        &self,
        actor: &Actor,
        permission: &str,
        tenant: TenantId,
        service: &Service,
        gate: Gate,
    ) -> Ruling {
        let offered = self.policy.services.contains(service);
        self.let_use(actor, permission, tenant, offered.then_some(service), gate)
    }

    fn let_use(
        &self,
        actor: &Actor,
        permission: &str,
        tenant: TenantId,
        service: Option<&Service>,
        gate: Gate,
    ) -> Ruling {
        let Some(user) = self.admit(actor, gate)? else {
            return if self.living(tenant)?.is_some() { Ok(()) } else { refuse(Code::UnknownTenant, tenant) };
        };
        let found = access::judge(self, user.id, permission, tenant, service, gate)?;
        let Some(code) = found.reason else { return Ok(()) };
        if access::sees(self, &user, tenant)? {
            refuse(code, tenant)
        } else {
            refuse(Code::UnknownTenant, tenant)
        }
    }

    /// The side of a manager–managed pair that a user is on: the managed side by home alone, the
    /// manager's side also from further up.
    pub(super) fn side(
        &self,
        user: &User,
        manager: TenantId,
        managed: TenantId,
    ) -> Result<Option<Party>, ViewError> {
        if user.home == managed {
            return Ok(Some(Party::Customer));
        }
        let manages = user.home == manager || graph::manages(self, user.home, manager, &BTreeSet::new())?;
        Ok(manages.then_some(Party::Manager))
    }

    /// The actor's side of a link; nobody else knows of it (T-9). `None` for the operator.
    pub(super) fn side_of_link(&self, actor: &Actor, link: &Link, gate: Gate) -> Ruling<Option<Party>> {
        let Some(user) = self.admit(actor, gate)? else { return Ok(None) };
        match self.side(&user, link.manager, link.managed)? {
            Some(party) => Ok(Some(party)),
            None => refuse(Code::UnknownLink, link.id),
        }
    }

    /// Finds a user for those who manage users at the user's home (U-4).
    pub(super) fn managed_user(&self, actor: &Actor, id: UserId) -> Ruling<Arc<User>> {
        let admitted = self.admit(actor, Gate::Shut)?;
        let Some(user) = self.user(id)? else { return refuse(Code::NoSuchUser, id) };
        if let Some(admitted) = admitted {
            if !access::sees(self, &admitted, user.home)? {
                return refuse(Code::NoSuchUser, id);
            }
            self.authorize(actor, USERS_MANAGE, user.home, Gate::Shut)?;
        }
        Ok(user)
    }

    /// Whether a tenant that is not locked would be without an active super admin of its own if
    /// these left (U-3).
    pub(super) fn is_orphaned_by(
        &self,
        tenant: TenantId,
        leaving: &BTreeSet<UserId>,
    ) -> Result<bool, ViewError> {
        let there = self.super_admins(tenant)?;
        Ok(!there.is_empty() && there.is_subset(leaving) && !self.is_locked(tenant)?)
    }
}
