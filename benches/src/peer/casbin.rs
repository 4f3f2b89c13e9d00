//! Casbin with role templates: which role somebody has where is its grouping, what a role holds is its policy. It has no facts
//! about links, so the host says whether the link lets the permission and the service pass, at no cost to it.

use casbin::function_map::OperatorFunction;
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

use super::Peer;
use crate::ask::Ask;
use crate::world::{NO_SERVICE, Role, World};

const MODEL: &str = "
[request_definition]
r = sub, dom, act, passes
[policy_definition]
p = sub, acts
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.passes && holds(p.acts, r.act) && g(r.sub, p.sub, r.dom)
";

/// The engine.
pub struct Casbin<'w> {
    world: &'w World,
    enforcer: Enforcer,
}

/// A request: who, at which tenant their role is, what, and whether the link lets it pass.
pub type Asked = (String, String, String, bool);

fn role(world: &World, role: Role) -> String {
    match role {
        Role::Custom(msp) => format!("custom {}", world.template(msp)),
        other => format!("{other:?}"),
    }
}

impl<'w> Casbin<'w> {
    /// Loads roles and their holders.
    pub fn new(world: &'w World) -> Self {
        pollster::block_on(Self::load(world)).expect("casbin takes the rules")
    }

    async fn load(world: &'w World) -> casbin::Result<Self> {
        let model = DefaultModel::from_str(MODEL).await?;
        let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
        enforcer.add_function(
            "holds",
            OperatorFunction::Arg2(|acts, act| {
                let (acts, act) = (acts.into_immutable_string(), act.into_immutable_string());
                matches!((acts, act), (Ok(acts), Ok(act)) if acts.split(' ').any(|held| held == act.as_str()))
                    .into()
            }),
        );
        let mut roles: Vec<Vec<String>> = Vec::new();
        let mut holders: Vec<Vec<String>> = Vec::new();
        let mut hold = |user: u32, tenant: u32, held: Role| {
            let name = role(world, held);
            if !roles.iter().any(|known| known[0] == name) {
                let holds = world.holds(held);
                let acts = world.permissions.iter().enumerate().filter(|(bit, _)| holds >> bit & 1 != 0);
                let acts: Vec<_> = acts.map(|(_, permission)| permission.as_str()).collect();
                roles.push(vec![name.clone(), acts.join(" ")]);
            }
            holders.push(vec![world.user_id(user).to_string(), name, world.tenant_id(tenant).to_string()]);
        };
        for (row, user) in world.users.iter().zip(0..) {
            hold(user, row.home, row.role);
        }
        for (row, tenant) in world.tenants.iter().zip(0..) {
            if let Some((user, held)) = row.direct {
                hold(user, tenant, held);
            }
        }
        enforcer.add_policies(roles).await?;
        enforcer.add_grouping_policies(holders).await?;
        Ok(Self { world, enforcer })
    }

    /// A request.
    pub fn asked(&self, ask: &Ask) -> Asked {
        let world = self.world;
        let (person, place) = (&world.users[ask.user as usize], &world.tenants[ask.tenant as usize]);
        let own = person.home == ask.tenant || place.direct.is_some_and(|(user, _)| user == ask.user);
        let bit = 1u32 << ask.permission;
        let side = if person.home == ask.tenant {
            !place.managed.is_some_and(|managed| managed.fully)
        } else {
            place.managed.is_some_and(|managed| {
                managed.manager == person.home
                    && world.passes(&managed) & bit != 0
                    && (ask.service == NO_SERVICE || managed.services >> ask.service & 1 != 0)
            })
        };
        let acts = person.active && world.tenants[person.home as usize].enabled;
        (
            world.user_id(ask.user).to_string(),
            world.tenant_id(if own { ask.tenant } else { person.home }).to_string(),
            world.permissions[ask.permission as usize].to_string(),
            acts && side && (place.enabled || bit & world.despite_disabled() != 0),
        )
    }

    /// The answer.
    pub fn decide(&self, (user, tenant, permission, passes): &Asked) -> bool {
        let asked = (user.as_str(), tenant.as_str(), permission.as_str(), *passes);
        self.enforcer.enforce(asked).expect("casbin answers")
    }
}

impl Peer for Casbin<'_> {
    fn name(&self) -> &'static str {
        "casbin"
    }

    fn allows(&mut self, ask: &Ask) -> bool {
        self.decide(&self.asked(ask))
    }
}
