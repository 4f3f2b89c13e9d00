//! Commands about terms: policies under which links would mean something else, and links that are
//! moved to today's (P-13).

use tenantry::base::ids::ProposalId;
use tenantry::base::text::{ManagementType, Permission};
use tenantry::command::*;
use tenantry::model::{Actor, Party};
use tenantry::policy::{AddedServices, ManagementRule, MoveRule, Policy, RoleRule};

use super::{Generator, NOTICE_DAYS, keep_conversions_narrow, word};
use crate::world::{Link, Oracle};

/// Permissions that a policy can do without, and those that it may reserve or have granted.
const DISPENSABLE: [&str; 6] =
    ["groups.manage", "location.view", "console.open", "alerts.view", "audit.view", "link.respond"];
const RESERVABLE: [&str; 6] =
    ["audit.view", "location.view", "users.manage", "devices.manage", "alerts.view", "groups.manage"];
const GRANTABLE: [&str; 6] =
    ["users.manage", "roles.manage", "devices.manage", "devices.view", "tenant.edit", "licences.manage"];

impl Generator {
    pub(super) fn choose_about_terms(&mut self, oracle: &Oracle, roll: usize) -> (Actor, Command) {
        match roll {
            0..=24 => self.gen_change_terms(oracle),
            _ => self.gen_propose_terms(oracle),
        }
    }

    fn gen_change_terms(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let mut policy = Policy::clone(&oracle.policy);
        for _ in 0..=self.rng.below(3) {
            match self.rng.below(3) {
                0 => self.change_rights(&mut policy),
                _ => self.change_type(&mut policy),
            }
        }
        if self.rng.percent(90) {
            keep_conversions_narrow(&mut policy);
        }
        (self.mostly_operator(oracle), SetPolicy { policy: Box::new(policy) }.into())
    }

    /// One of the types means something else.
    fn change_type(&mut self, policy: &mut Policy) {
        let names: Vec<ManagementType> = policy
            .management_types
            .iter()
            .filter(|rule| !rule.locks_customer)
            .map(|rule| rule.name.clone())
            .collect();
        let changed = self.rng.below(policy.management_types.len());
        let rule = &mut policy.management_types[changed];
        match self.rng.below(10) {
            0 if rule.locks_customer => rule.locks_customer = false,
            0 => {
                let name = rule.name.clone();
                *rule = ManagementRule {
                    locks_customer: true,
                    needs_grants: false,
                    delinkable: false,
                    notice_days: None,
                    exclusive: true,
                    moves: MoveRule::AtOnce,
                    ..rule.clone()
                };
                for rule in &mut policy.management_types {
                    rule.converts_to.remove(&name);
                }
            }
            1 => rule.needs_grants = !rule.needs_grants,
            2 => {
                rule.delinkable = !rule.delinkable;
                rule.notice_days = None;
            }
            3 => {
                rule.notice_days =
                    self.rng.percent(70).then(|| NOTICE_DAYS[self.rng.below(NOTICE_DAYS.len())]);
                policy.delink_request_days = None;
            }
            4 => rule.exclusive = !rule.exclusive,
            5 => rule.moves = [MoveRule::Refused, MoveRule::Approval, MoveRule::AtOnce][self.rng.below(3)],
            6 => rule.added_services = [AddedServices::Ask, AddedServices::Notify][self.rng.below(2)],
            7 => {
                if let Some(name) = self.rng.pick(&names)
                    && !rule.converts_to.remove(name)
                {
                    rule.converts_to.insert(name.clone());
                }
            }
            8 => policy.customer_may_request_delink = !policy.customer_may_request_delink,
            _ => {
                policy.delink_request_days = self.rng.percent(60).then(|| 1 + self.rng.below(9) as u32);
                if policy.delink_request_days.is_some() {
                    for rule in &mut policy.management_types {
                        rule.notice_days = None;
                    }
                }
            }
        }
    }

    /// Something else can be held, or needs a grant; or others are who answers.
    fn change_rights(&mut self, policy: &mut Policy) {
        let one_of = |names: &[&str], rng: &mut tenantry::testkit::inside::Rng| -> Permission {
            word(names[rng.below(names.len())])
        };
        match self.rng.below(16) {
            0..=4 => {
                let permission = one_of(&DISPENSABLE, &mut self.rng);
                if policy.permissions.insert(permission.clone()) {
                    let holders = [policy.super_role.clone(), policy.admin_role.clone()];
                    for role in policy.roles.iter_mut().filter(|role| holders.contains(&role.name)) {
                        role.permissions.insert(permission.clone());
                    }
                } else {
                    policy.permissions.remove(&permission);
                    for role in &mut policy.roles {
                        role.permissions.remove(&permission);
                    }
                    for set in [&mut policy.reserved, &mut policy.grantable, &mut policy.super_only] {
                        set.remove(&permission);
                    }
                }
            }
            5..=9 => {
                let permission = one_of(&RESERVABLE, &mut self.rng);
                if !policy.reserved.remove(&permission) {
                    policy.grantable.remove(&permission);
                    policy.reserved.insert(permission);
                }
            }
            10..=13 => {
                let permission = one_of(&GRANTABLE, &mut self.rng);
                if !policy.grantable.remove(&permission) {
                    policy.reserved.remove(&permission);
                    policy.grantable.insert(permission);
                }
            }
            14 => {
                if let Some(role) = self.rng.pick(&policy.roles) {
                    policy.admin_role = role.name.clone();
                }
            }
            _ => {
                let name = policy.super_role.clone();
                let owner = RoleRule { name: word("owner"), permissions: policy.permissions.clone() };
                policy.roles.retain(|role| role.name != owner.name);
                for role in policy.roles.iter_mut().filter(|role| role.name == name) {
                    role.permissions.retain(|permission| !policy.super_only.contains(permission));
                }
                policy.super_role = owner.name.clone();
                policy.roles.push(owner);
            }
        }
    }

    /// A link, mostly one that is under older terms, and of those now and then one whose customer
    /// loses or wins by it.
    fn gen_propose_terms(&mut self, oracle: &Oracle) -> (Actor, Command) {
        let (now, today) = (self.now, oracle.terms_today());
        let roll = self.rng.below(100);
        let wanted = |link: &Link| {
            let fits = match roll {
                0..=39 => !oracle.is_wider(today, link),
                40..=74 => oracle.is_wider(today, link),
                75..=92 => {
                    // What can be converted while that is asked for.
                    let rule = oracle.rule(link);
                    !rule.locks_customer && !rule.converts_to.is_empty() && oracle.is_wider(today, link)
                }
                _ => true,
            };
            link.in_force(now) && oracle.differs(link, today) && fits
        };
        let link = self.link_where(oracle, wanted);
        let actor = match self.rng.below(100) {
            0..=44 => self.link_actor(oracle, &link, "customers.add", Party::Manager),
            45..=79 => self.link_actor(oracle, &link, "link.respond", Party::Customer),
            _ => self.operator(),
        };
        let proposal = Some(ProposalId::from_uuid(self.chosen(oracle, 13)));
        (actor, ProposeTerms { link: link.id, proposal }.into())
    }
}
