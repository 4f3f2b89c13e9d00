//! Tenants: registering, editing, operating and deleting them (T, L-1). It never touches what is not below or about
//! the tenants it is asked about.

use std::collections::BTreeSet;

use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::command::{
    AddCustomer, Authorization, ChangeTenantKind, DeleteTenants, EditTenant, RegisterTenant,
};
use tenantry::model::{
    Actor, EndCause, HandshakeState, Operation, Patch, RoleRef, Stage, TenantKind, UserState,
};
use tenantry::refusal::Code;
use uuid::Uuid;

use crate::access::{Disabled, Who};
use crate::obstacles::{batch_obstacles, least};
use crate::users::invitee_ids;
use crate::world::{Addressee, Assignment, Holder, LeadsTo, Link, Oracle, Temporary, Tenant, While};

impl Oracle {
    pub fn register_tenant(&mut self, actor: &Actor, c: &RegisterTenant, at: Timestamp) -> Result<(), Code> {
        self.operator_only(actor)?;
        let id = c.tenant.unwrap();
        let number = c.number.clone().unwrap();
        let mut obstacles = Vec::new();
        obstacles.extend(self.id_obstacles(&[id.uuid()]));
        if self.tenants.iter().any(|tenant| tenant.number == number) {
            obstacles.push(Code::NumberTaken);
        }
        if let Some(prefix) = &c.prefix {
            obstacles.extend(self.prefix_obstacles(prefix, None, at));
        }
        least(obstacles)?;
        self.move_prefix(None, c.prefix.as_ref(), at);
        self.tenants.push(Tenant {
            id,
            number,
            kind: c.kind,
            name: c.name.clone(),
            country: c.country.clone(),
            website: c.website.clone(),
            prefix: c.prefix.clone(),
            operation: Operation::Enabled,
            held_by: BTreeSet::new(),
            had_owner: false,
            since: at,
            deleted: false,
            street: c.contact.street.clone(),
            coordinates: c.contact.coordinates,
            phone: c.contact.phone.clone(),
        });
        Ok(())
    }

    pub fn add_customer(&mut self, actor: &Actor, c: &AddCustomer, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "customers.add", c.manager, at, Disabled::Bars)?;
        let id = c.tenant.unwrap();
        let number = c.number.clone().unwrap();
        let mut obstacles = Vec::new();
        let mut ids = vec![id.uuid(), c.link.unwrap().uuid()];
        ids.extend(c.owner.iter().flat_map(invitee_ids));
        obstacles.extend(self.id_obstacles(&ids));
        if self.tenants.iter().any(|tenant| tenant.number == number) {
            obstacles.push(Code::NumberTaken);
        }
        if let Some(prefix) = &c.prefix {
            obstacles.extend(self.prefix_obstacles(prefix, None, at));
        }
        if c.kind == TenantKind::Reseller {
            obstacles.push(Code::CannotBeManaged);
        }
        if self.tenant(c.manager).unwrap().kind != TenantKind::Msp {
            obstacles.push(Code::CannotManage);
        }
        if self.height_above(c.manager, at) + 1 > self.policy.max_depth {
            obstacles.push(Code::TooDeep);
        }
        obstacles.extend(self.offer_obstacles(&c.management, &c.services, c.term, at));
        if let Some(rule) = self.management(&c.management) {
            if rule.delinkable && c.owner.is_none() {
                obstacles.push(Code::OwnerRequired);
            }
            if rule.locks_customer && c.owner.is_some() {
                obstacles.push(Code::OwnerNotAllowed);
            }
        }
        if let Some(owner) = &c.owner {
            obstacles.extend(self.invitee_obstacles(owner, id));
            obstacles.extend(self.invited_enough(who, None, Some(&owner.email), at));
        }
        if let Some(it) = &c.external
            && self.kept_as(c.manager, &it.system, &it.id).is_some()
        {
            obstacles.push(Code::ExternalIdTaken);
        }
        let users: Vec<_> = c.authorize.iter().map(|item| item.user).collect();
        if batch_obstacles(&users).contains(&Code::DuplicateItem) {
            obstacles.push(Code::DuplicateItem);
        }
        // The world as it would be, in which nobody has been authorized yet; under ids that nothing has.
        let mut there = self.clone();
        let unused = Uuid::max();
        there.tenants.push(Tenant { id: TenantId::from_uuid(unused), ..new_tenant(c, at) });
        let forever = Link { expires: None, extend_days: None, ..new_link(c, self.terms_today(), at) };
        there.links.push(Link { managed: TenantId::from_uuid(unused), ..forever });
        let mut after = there.clone();
        let lasts = While { starts: at, ends: c.authorize_ends };
        for item in &c.authorize {
            // The customer is nobody's home yet.
            obstacles.extend(self.end_obstacles(None, c.authorize_ends, true, at));
            match there.authorization(who, c.manager, TenantId::from_uuid(unused), item, lasts, at) {
                Ok(assignment) => after.give(assignment, lasts, false, at),
                Err(code) => obstacles.push(code),
            }
        }
        obstacles.extend(there.change_obstacles(who, &after, at));
        least(obstacles)?;

        self.move_prefix(None, c.prefix.as_ref(), at);
        let authorized = after.assignments.split_off(self.assignments.len());
        self.assignments.extend(authorized.into_iter().map(|a| Assignment { tenant: id, ..a }));
        let laid = after.temporaries.split_off(self.temporaries.len()).into_iter();
        let there = |one: Temporary| Temporary { given: Assignment { tenant: id, ..one.given }, ..one };
        self.temporaries.extend(laid.map(there));
        self.tenants.push(new_tenant(c, at));
        self.links.push(new_link(c, self.terms_today(), at));
        if let Some(owner) = &c.owner {
            self.send_sign_up(who, &new_link(c, self.terms_today(), at), owner, at);
        }
        if let Some(it) = &c.external {
            self.keep(c.manager, &it.system, &it.id, LeadsTo::Tenant(id), at);
        }
        Ok(())
    }

    /// The assignment of a user of the managing side on the customer that is being added, if nothing stands in its way
    /// (P-11, U-4).
    fn authorization(
        &self,
        who: Who,
        manager: TenantId,
        customer: TenantId,
        item: &Authorization,
        lasts: While,
        at: Timestamp,
    ) -> Result<Assignment, Code> {
        let user = self.known_user(who, item.user, at)?;
        self.user_right(who, &user, at)?;
        let known = match &item.role {
            RoleRef::Builtin(name) => self.policy.roles.iter().any(|rule| rule.name == *name),
            RoleRef::Custom(id) => self.role(*id).is_some_and(|role| role.tenant == user.home),
        };
        if !known {
            return Err(Code::UnknownRole);
        }
        let masked = self.is_masked(who, user.home, None, at);
        let below = item.below.unwrap_or(self.tenant(customer).unwrap().kind == TenantKind::Msp);
        let new = Assignment { user: user.id, tenant: customer, role: item.role.clone(), below, masked };
        let mut obstacles = self.hand_out_obstacles(who, user.home, &new, lasts, at);
        if !user.is_living() {
            obstacles.push(Code::UserStateConflict);
        }
        if user.home != manager && !self.manages(user.home, manager, at) {
            obstacles.push(Code::OutOfReach);
        }
        least(obstacles)?;
        Ok(new)
    }

    pub fn edit_tenant(&mut self, actor: &Actor, c: &EditTenant, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        self.right(who, "tenant.edit", c.tenant, at, Disabled::Bars)?;
        let before = self.tenant(c.tenant).unwrap().clone();
        let mut obstacles = Vec::new();
        let mut after = before.clone();
        if let Some(name) = &c.name {
            after.name = name.clone();
        }
        c.country.apply_to(&mut after.country);
        c.website.apply_to(&mut after.website);
        c.prefix.apply_to(&mut after.prefix);
        c.street.apply_to(&mut after.street);
        c.coordinates.apply_to(&mut after.coordinates);
        c.phone.apply_to(&mut after.phone);
        let names_nothing = c.name.is_none()
            && c.country == Patch::Keep
            && c.website == Patch::Keep
            && c.prefix == Patch::Keep
            && c.street == Patch::Keep
            && c.coordinates == Patch::Keep
            && c.phone == Patch::Keep;
        if names_nothing {
            obstacles.push(Code::NothingToDo);
        }
        if let Patch::Set(prefix) = &c.prefix
            && before.prefix.as_ref() != Some(prefix)
        {
            obstacles.extend(self.prefix_obstacles(prefix, Some(c.tenant), at));
        }
        least(obstacles)?;
        self.move_prefix(before.prefix, after.prefix.as_ref(), at);
        *self.tenant_mut(c.tenant) = after;
        Ok(())
    }

    pub fn change_tenant_kind(
        &mut self,
        actor: &Actor,
        c: &ChangeTenantKind,
        at: Timestamp,
    ) -> Result<(), Code> {
        self.operator_only(actor)?;
        self.ticketed(actor)?;
        let tenant = self.living(c.tenant).ok_or(Code::UnknownTenant)?;
        let mut obstacles = Vec::new();
        if tenant.kind == c.kind {
            obstacles.push(Code::NothingToDo);
        }
        // The world in which it had always been so: whatever could not have come about there is in the way.
        let mut there = self.bare();
        there.tenant_mut(c.tenant).kind = c.kind;
        let sells = |id| there.tenant(id).is_some_and(|one| one.kind == TenantKind::Reseller);
        let unmanaged = there
            .links
            .iter()
            .any(|link| link.in_force(at) && !there.could_manage(link.manager, link.managed));
        let unlisted = there
            .reseller_customers
            .iter()
            .any(|row| there.living(row.tenant).is_some() && !sells(row.reseller));
        let unsent = there.uploads.iter().any(|upload| !sells(upload.reseller));
        if unmanaged || unlisted || unsent {
            obstacles.push(Code::KindConflict);
        }
        least(obstacles)?;
        self.tenant_mut(c.tenant).kind = c.kind;
        // What is asked between two of whom one can never manage the other is asked in vain (L-3.12).
        for one in self.requests.iter_mut().filter(|one| !there.could_manage(one.manager, one.managed)) {
            if one.state == HandshakeState::Pending {
                one.state = HandshakeState::Withdrawn;
            }
        }
        for one in
            self.manager_invitations.iter_mut().filter(|one| !there.could_manage(one.manager, one.tenant))
        {
            if one.state == HandshakeState::Pending {
                one.state = HandshakeState::Withdrawn;
            }
        }
        Ok(())
    }

    /// Whether the kinds of two tenants let one manage the other (L-7, L-8).
    fn could_manage(&self, manager: TenantId, managed: TenantId) -> bool {
        let kind = |id| self.tenant(id).map(|one| one.kind);
        kind(manager) == Some(TenantKind::Msp) && kind(managed) != Some(TenantKind::Reseller)
    }

    pub fn disable_tenants(
        &mut self,
        actor: &Actor,
        tenants: &[TenantId],
        at: Timestamp,
    ) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let mut obstacles = batch_obstacles(tenants);
        for &tenant in tenants {
            if let Err(code) = self.right(who, "tenant.operate", tenant, at, Disabled::Bars) {
                obstacles.push(code);
            } else if self.tenant(tenant).unwrap().operation == Operation::Enabling {
                obstacles.push(Code::TenantEnabling);
            }
        }
        least(obstacles)?;
        for &tenant in tenants {
            let sides = self.sides_on(who, tenant, at);
            let tenant = self.tenant_mut(tenant);
            tenant.operation = Operation::Disabled;
            tenant.held_by.extend(sides);
        }
        Ok(())
    }

    /// The sides for which somebody disables and enables a tenant: their own, the operator's, or every link right above it
    /// by which their home reaches it (T-5).
    pub fn sides_on(&self, who: Who, tenant: TenantId, at: Timestamp) -> BTreeSet<Holder> {
        let Who::User(user) = who else { return [Holder::Operator].into() };
        let home = self.user(user).unwrap().home;
        if home == tenant {
            return [Holder::Own].into();
        }
        self.chains(tenant, home, at).iter().map(|chain| Holder::Link(chain[0].id)).collect()
    }

    pub fn enable_tenants(&mut self, actor: &Actor, tenants: &[TenantId], at: Timestamp) -> Result<(), Code> {
        // What their own side disabled super admins enable, though it bars them from all else.
        let own_side = |user: UserId| {
            let home = self.user(user).and_then(|user| self.living(user.home));
            home.is_some_and(|home| tenants.contains(&home.id) && home.held_by.contains(&Holder::Own))
        };
        let disabled = match actor {
            Actor::User(user) if own_side(*user) => Disabled::SparesSuperAdmins,
            _ => Disabled::Bars,
        };
        let who = self.actor(actor, disabled)?;
        let mut obstacles = batch_obstacles(tenants);
        for &id in tenants {
            let held_by = self.tenant(id).map(|tenant| tenant.held_by.clone()).unwrap_or_default();
            let sides = self.sides_on(who, id, at);
            let disabled = if sides.contains(&Holder::Own) { disabled } else { Disabled::Bars };
            if let Err(code) = self.right(who, "tenant.operate", id, at, disabled) {
                obstacles.push(code);
            } else if !held_by.is_empty() && held_by.is_disjoint(&sides) {
                match who {
                    Who::User(_) => obstacles.push(Code::HeldByOthers),
                    Who::Operator { ticket: false } => obstacles.push(Code::TicketRequired),
                    Who::Operator { ticket: true } => {}
                }
            } else {
                // To disable again and enable again would tell them without end (L-3).
                let lifted = held_by.intersection(&sides).filter_map(|side| self.holder_side(id, *side));
                let enough = |by| self.asked_enough(who, &Addressee::Tenant(id), by, at);
                obstacles.extend(lifted.filter_map(enough));
            }
        }
        least(obstacles)?;
        for &tenant in tenants {
            let lifted = match who {
                // An operator overrides everybody, citing a ticket.
                Who::Operator { ticket: true } => self.tenant(tenant).unwrap().held_by.clone(),
                _ => self.sides_on(who, tenant, at),
            };
            for side in lifted {
                self.let_go(tenant, side, at);
            }
        }
        Ok(())
    }

    /// Where a tenant gets to that nobody keeps disabled any longer.
    pub fn up(&self) -> Operation {
        if self.policy.host_reports_ready { Operation::Enabling } else { Operation::Enabled }
    }

    /// A side keeps the tenant disabled no longer; with the last one it is on its way up, or up where no host reports that
    /// (T-5).
    pub fn let_go(&mut self, id: TenantId, side: Holder, at: Timestamp) {
        let up = self.up();
        let tenant = self.tenant_mut(id);
        if !tenant.held_by.remove(&side) {
            return;
        }
        if tenant.held_by.is_empty() {
            tenant.operation = up;
        }
        // Whoever lifts it.
        if let Some(by) = self.holder_side(id, side) {
            self.note_asked_by(Addressee::Tenant(id), by, at);
        }
    }

    /// The organisation for which a side keeps a tenant disabled; operators do it for none.
    fn holder_side(&self, tenant: TenantId, side: Holder) -> Option<TenantId> {
        match side {
            Holder::Own => Some(tenant),
            Holder::Operator => None,
            Holder::Link(link) => self.link(link).map(|link| link.manager),
        }
    }

    pub fn report_ready(&mut self, actor: &Actor, tenant: TenantId) -> Result<(), Code> {
        self.operator_only(actor)?;
        if self.living(tenant).ok_or(Code::UnknownTenant)?.operation != Operation::Enabling {
            return Err(Code::TenantNotEnabling);
        }
        self.tenant_mut(tenant).operation = Operation::Enabled;
        Ok(())
    }

    pub fn delete_tenants(&mut self, actor: &Actor, c: &DeleteTenants, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let mut obstacles = batch_obstacles(&c.tenants);
        if c.confirm != "delete" {
            obstacles.push(Code::NotConfirmed);
        }
        // What goes: what is named, and then, one step further down after the other, whatever has managers all of whom
        // go, as far as it is there for the actor and they may delete it. Below what stays nothing is looked at.
        let right = |tenant| self.right(who, "tenant.delete", tenant, at, Disabled::Bars);
        let mut going: BTreeSet<TenantId> =
            c.tenants.iter().copied().filter(|tenant| right(*tenant).is_ok()).collect();
        obstacles.extend(c.tenants.iter().filter_map(|tenant| right(*tenant).err()));
        let mut looked_at: BTreeSet<TenantId> = c.tenants.iter().copied().collect();
        loop {
            let left_alone = |tenant: TenantId| {
                let above = self.links_above(tenant, at);
                !above.is_empty() && above.iter().all(|link| going.contains(&link.manager))
            };
            let mut next: Vec<TenantId> = self.tenants.iter().map(|tenant| tenant.id).collect();
            next.retain(|tenant| !looked_at.contains(tenant) && left_alone(*tenant));
            if next.is_empty() || !c.cascade {
                break;
            }
            looked_at.extend(next.iter().copied());
            for tenant in next {
                // What is not there for the actor has no name: the one that is named is in the way (T-9).
                if !self.sees(who, tenant, at) {
                    obstacles.push(Code::HasManagedTenants);
                    continue;
                }
                match right(tenant) {
                    Ok(()) => drop(going.insert(tenant)),
                    Err(code) => obstacles.push(code),
                }
            }
        }
        for &tenant in &going {
            if !c.cascade && self.all_below(tenant, at).iter().any(|below| !going.contains(below)) {
                obstacles.push(Code::HasManagedTenants);
            }
            // Who else manages it, and is about to part, is none of the user's affair; that something parts from it which
            // is not there for the user is told as that there is something (T-9).
            let parting = |link: &&Link| link.in_force(at) && link.stage != Stage::Active;
            for link in self.links.iter().filter(parting) {
                if link.managed == tenant && self.is_there(who, link.manager, at) {
                    obstacles.push(Code::DelinkPending);
                }
                if link.manager == tenant {
                    let there = match who {
                        Who::User(user) => self.side_of_link(user, link, at).is_some(),
                        Who::Operator { .. } => true,
                    };
                    obstacles.push(if there { Code::DelinkPending } else { Code::HasManagedTenants });
                }
            }
            let delinkable = self.links_above(tenant, at).iter().any(|link| self.rule(link).delinkable);
            let has_admin = self.users.iter().any(|user| {
                user.home == tenant
                    && user.state == UserState::Active
                    && self.assignment(user.id, tenant, at).is_some_and(|a| {
                        a.role == self.super_role()
                            || a.role == RoleRef::Builtin(self.policy.admin_role.clone())
                    })
            });
            let shared = match who {
                Who::Operator { .. } => false,
                Who::User(user) => {
                    let home = self.user(user).unwrap().home;
                    let theirs = |manager| manager == home || self.manages(home, manager, at);
                    home != tenant && self.links_above(tenant, at).iter().any(|link| !theirs(link.manager))
                }
            };
            if delinkable && has_admin || shared {
                obstacles.push(Code::DelinkFirst);
            }
        }
        least(obstacles)?;

        for request in &mut self.requests {
            if request.state == HandshakeState::Pending
                && (going.contains(&request.manager) || going.contains(&request.managed))
            {
                request.state = HandshakeState::Canceled;
            }
        }
        let open: Vec<_> = self
            .invitations
            .iter()
            .filter(|i| i.state == HandshakeState::Pending && going.contains(&i.tenant))
            .map(|i| i.id)
            .collect();
        for invitation in open {
            self.close_invitation(invitation, HandshakeState::Revoked);
        }
        let links: Vec<_> = self
            .links
            .iter()
            .filter(|l| {
                l.stage != Stage::Delinked && (going.contains(&l.manager) || going.contains(&l.managed))
            })
            .map(|l| l.id)
            .collect();
        let asked = self.asked.clone();
        for link in links {
            self.end_link(link, EndCause::TenantDeleted, at);
        }
        // Nobody is told that what goes is enabled again.
        let goes = |addressee: &Addressee| matches!(addressee, Addressee::Tenant(id) if going.contains(id));
        self.asked.retain(|(addressee, _), _| !goes(addressee));
        self.asked.extend(asked.into_iter().filter(|((addressee, _), _)| goes(addressee)));
        for user in &mut self.users {
            if going.contains(&user.home) && user.is_living() {
                user.state = UserState::Removed;
            }
        }
        let users = self.users.clone();
        let home = |id| users.iter().find(|user| user.id == id).unwrap().home;
        let stays = |a: &Assignment| !going.contains(&a.tenant) && !going.contains(&home(a.user));
        self.assignments.retain(stays);
        self.temporaries.retain(|one| stays(&one.given));
        self.roles.retain(|role| !going.contains(&role.tenant));
        self.devices.retain(|device| !going.contains(&device.holder()));
        for integration in &mut self.integrations {
            integration.attached.retain(|tenant| !going.contains(tenant));
            if going.contains(&integration.owner) {
                integration.deleted = true;
                integration.attached.clear();
            }
        }
        self.alert_rules.retain(|rule| !going.contains(&rule.tenant));
        for &tenant in &going {
            let tenant = self.tenant_mut(tenant);
            tenant.deleted = true;
            let held = tenant.prefix.take();
            self.move_prefix(held, None, at);
        }
        Ok(())
    }
}

/// The tenant that a command adds under a manager.
fn new_tenant(c: &AddCustomer, at: Timestamp) -> Tenant {
    Tenant {
        id: c.tenant.unwrap(),
        number: c.number.clone().unwrap(),
        kind: c.kind,
        name: c.name.clone(),
        country: c.country.clone(),
        website: c.website.clone(),
        prefix: c.prefix.clone(),
        operation: Operation::Enabled,
        held_by: BTreeSet::new(),
        had_owner: false,
        since: at,
        deleted: false,
        street: c.contact.street.clone(),
        coordinates: c.contact.coordinates,
        phone: c.contact.phone.clone(),
    }
}

/// Its link to the manager.
fn new_link(c: &AddCustomer, terms: usize, at: Timestamp) -> Link {
    let link = Link {
        id: c.link.unwrap(),
        manager: c.manager,
        managed: c.tenant.unwrap(),
        management: c.management.clone(),
        terms,
        services: c.services.clone(),
        grants: BTreeSet::new(),
        stage: Stage::Active,
        since: at,
        delink_asked: None,
        delink_expires: None,
        delink_ends: None,
        expires: None,
        extend_days: None,
        announced: None,
        ended: None,
        ended_at: None,
        at_end: None,
        held_to_end: false,
        kept_off: BTreeSet::new(),
    };
    link.with_term(c.term, at)
}
