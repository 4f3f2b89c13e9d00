//! What could be done and undone without end, up to the day's bound and over it (L-3.11).

use tenantry::base::ids::{TenantId, UploadId};
use tenantry::command::*;
use tenantry::model::{Actor, Party, ResellerStatus};

use super::{Generator, word};
use crate::world::{Link, Oracle};

impl Generator {
    /// What somebody does and undoes, once more than the policy allows in a day, the last first. Where that is often, nothing.
    pub(super) fn back_and_forth(&mut self, oracle: &Oracle) -> Vec<(Actor, Command)> {
        const OFTEN: u32 = 4;
        if oracle.policy.asks_per_day >= OFTEN {
            return Vec::new();
        }
        let now = self.now;
        let times = 1 + oracle.policy.asks_per_day as usize;
        let (forth, back) = match self.rng.below(4) {
            0 => {
                let link =
                    self.link_where(oracle, |link| link.in_force(now) && oracle.rule(link).needs_grants);
                let agreed = oracle.link(link.id).map(|link| oracle.terms[link.terms].grantable.clone());
                let all = SetManagerGrants { link: link.id, grants: agreed.unwrap_or_default() };
                let none = SetManagerGrants { link: link.id, grants: Default::default() };
                let actor = self.one_of_the_customer(oracle, &link, "grants.manage");
                ((actor.clone(), all.into()), (actor, none.into()))
            }
            1 => {
                let link = self.link_where(oracle, |link| link.in_force(now) && link.expires.is_some());
                let days = Some(1 + self.rng.below(30) as u32);
                let actor = self.one_of_the_customer(oracle, &link, "link.respond");
                let other = match self.rng.percent(30) {
                    true => self.actor_for(oracle, "customers.add", link.manager),
                    false => actor.clone(),
                };
                let set = |days| SetAutoExtend { link: link.id, days };
                ((actor, set(days).into()), (other, set(None).into()))
            }
            2 => {
                let (reseller, tenant) = self.added(oracle, |status| status != ResellerStatus::Inactive);
                let actor = self.one_who_manages_devices(oracle, tenant);
                let drop = DropReseller { tenant, reseller };
                let admit = AdmitReseller { tenant, reseller };
                ((actor.clone(), drop.into()), (actor, admit.into()))
            }
            _ => return self.uploads_and_withdrawals(oracle, times),
        };
        (0..times).flat_map(|_| [back.clone(), forth.clone()]).collect()
    }

    /// Devices that are put on one tenant and taken back.
    fn uploads_and_withdrawals(&mut self, oracle: &Oracle, times: usize) -> Vec<(Actor, Command)> {
        let (reseller, to) = self.added(oracle, |status| status != ResellerStatus::Inactive);
        let actor = self.one_who_manages_devices(oracle, reseller);
        let mut commands = Vec::new();
        for _ in 0..times {
            let upload = UploadId::from_uuid(self.fresh(7));
            let device = format!("TF-{}", self.made);
            let devices = self.rng.percent(50).then(|| [word(&device)].into());
            commands.push((actor.clone(), WithdrawUpload { upload, devices }.into()));
            let devices = vec![vec![device].into()];
            let sent = UploadDevices { reseller, to, devices, upload: Some(upload) };
            commands.push((actor.clone(), sent.into()));
        }
        commands
    }

    /// One of the customer's super admins, if there are any.
    fn one_of_the_customer(&mut self, oracle: &Oracle, link: &Link, permission: &str) -> Actor {
        match self.rng.pick(&oracle.active_super_admins(link.managed, self.now)) {
            Some(user) if self.rng.percent(80) => Actor::User(*user),
            _ => self.link_actor(oracle, link, permission, Party::Customer),
        }
    }

    fn one_who_manages_devices(&mut self, oracle: &Oracle, tenant: TenantId) -> Actor {
        match self.one_who_may(oracle, "devices.manage", tenant, true) {
            Some(user) => Actor::User(user),
            None => self.actor_for(oracle, "devices.manage", tenant),
        }
    }
}
