//! Cedar, with two policies written for it: one for a customer's own people, one for its manager's. Who is active with an open
//! home, and what passes a link, is folded into attributes and action groups beforehand.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression as Value,
};

use super::Peer;
use crate::ask::Ask;
use crate::world::{Role, World};

const POLICIES: &str = r#"
permit(principal, action, resource) when {
  principal.home == resource && principal.active && !resource.locks &&
  (resource.open || action in [Action::"tenant.operate", Action::"tenant.delete", Action::"customers.delink"]) && action in principal.role
};
permit(principal, action, resource) when {
  resource has manager && resource.manager == principal.home && principal.active &&
  (resource.open || action in [Action::"tenant.operate", Action::"tenant.delete", Action::"customers.delink"]) && action in resource.passes &&
  (!(context has service) || resource.services.contains(context.service)) &&
  action in (if principal.hasTag(resource.key) then principal.getTag(resource.key) else principal.role)
};
"#;

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(EntityTypeName::from_str(kind).expect("a type"), EntityId::new(id))
}

fn role(world: &World, role: Role) -> String {
    match role {
        Role::Custom(msp) => format!("role custom {}", world.template(msp)),
        other => format!("role {other:?}"),
    }
}

/// The engine with its policies, and the entities it is given.
pub struct Cedar<'w> {
    world: &'w World,
    authorizer: Authorizer,
    policies: PolicySet,
    actions: Vec<Entity>,
    all: Option<Entities>,
}

impl<'w> Cedar<'w> {
    /// With all entities at hand.
    pub fn full(world: &'w World) -> Self {
        let mut cedar = Self::slices(world);
        let tenants = (0..world.tenants.len() as u32).map(|tenant| cedar.tenant(tenant));
        let users = (0..world.users.len() as u32).map(|user| cedar.user(user));
        let entities = tenants.chain(users).chain(cedar.actions.iter().cloned());
        cedar.all = Some(Entities::from_entities(entities, None).expect("entities of one world"));
        cedar
    }

    /// With the entities of a request alone, put together for each.
    pub fn slices(world: &'w World) -> Self {
        Self {
            world,
            authorizer: Authorizer::new(),
            policies: PolicySet::from_str(POLICIES).expect("policies in this file"),
            actions: actions(world),
            all: None,
        }
    }

    fn tenant_uid(&self, tenant: u32) -> EntityUid {
        uid("Tenant", &self.world.tenant_id(tenant).to_string())
    }

    /// A tenant's entity.
    pub fn tenant(&self, tenant: u32) -> Entity {
        let row = &self.world.tenants[tenant as usize];
        let mut attributes = HashMap::from([
            ("key".to_owned(), Value::new_string(self.world.tenant_id(tenant).to_string())),
            ("open".to_owned(), Value::new_bool(row.enabled)),
            ("locks".to_owned(), Value::new_bool(row.managed.is_some_and(|managed| managed.fully))),
        ]);
        if let Some(managed) = &row.managed {
            let services =
                self.world.services.iter().enumerate().filter(|(at, _)| managed.services >> at & 1 != 0);
            let services = services.map(|(_, service)| Value::new_string(service.to_string()));
            let passes = uid("Action", &format!("passes {}", self.world.passes(managed)));
            attributes.extend([
                ("manager".to_owned(), Value::new_entity_uid(self.tenant_uid(managed.manager))),
                ("services".to_owned(), Value::new_set(services)),
                ("passes".to_owned(), Value::new_entity_uid(passes)),
            ]);
        }
        Entity::new(self.tenant_uid(tenant), attributes, HashSet::new()).expect("plain attributes")
    }

    /// A user's entity.
    pub fn user(&self, user: u32) -> Entity {
        let world = self.world;
        let row = &world.users[user as usize];
        let role_uid = |held| Value::new_entity_uid(uid("Action", &role(world, held)));
        let home = &world.tenants[row.home as usize];
        let attributes = [
            ("active".to_owned(), Value::new_bool(row.active && home.enabled)),
            ("home".to_owned(), Value::new_entity_uid(self.tenant_uid(row.home))),
            ("role".to_owned(), role_uid(row.role)),
        ];
        let customers = if home.msp == row.home { world.customers_of(row.home) } else { 0..0 };
        let direct = customers.filter_map(|customer| {
            let (_, held) = world.tenants[customer as usize].direct.filter(|(who, _)| *who == user)?;
            Some((world.tenant_id(customer).to_string(), role_uid(held)))
        });
        let id = uid("User", &world.user_id(user).to_string());
        Entity::new_with_tags(id, attributes, [], direct).expect("plain attributes")
    }

    /// A request.
    pub fn request(&self, ask: &Ask) -> Request {
        let world = self.world;
        let service = world.services.get(ask.service as usize);
        let service = service.map(|service| ("service".to_owned(), Value::new_string(service.to_string())));
        let context = Context::from_pairs(service).expect("one service");
        let action = uid("Action", world.permissions[ask.permission as usize].as_str());
        let principal = uid("User", &world.user_id(ask.user).to_string());
        Request::new(principal, action, self.tenant_uid(ask.tenant), context, None).expect("no schema")
    }

    /// The answer with all entities at hand.
    pub fn decide(&self, request: &Request) -> bool {
        self.answer(request, self.all.as_ref().expect("all entities are at hand"))
    }

    /// The answer with the entities of the request.
    pub fn decide_slice(&self, request: &Request, (user, tenant): &(Entity, Entity), permission: u8) -> bool {
        let slice = [user.clone(), tenant.clone(), self.actions[permission as usize].clone()];
        self.answer(request, &Entities::from_entities(slice, None).expect("entities of one world"))
    }

    fn answer(&self, request: &Request, entities: &Entities) -> bool {
        self.authorizer.is_authorized(request, &self.policies, entities).decision() == Decision::Allow
    }
}

/// The actions, each within what lets it pass and the roles that hold it.
fn actions(world: &World) -> Vec<Entity> {
    let roles: Vec<_> = [Role::SuperAdmin, Role::Admin, Role::ReadOnly, Role::NoAccess]
        .into_iter()
        .chain(world.msps.iter().map(|msp| Role::Custom(*msp)))
        .map(|held| (role(world, held), world.holds(held)))
        .collect::<HashSet<_>>()
        .into_iter()
        .collect();
    let passes: HashSet<u32> = world
        .tenants
        .iter()
        .filter_map(|row| row.managed.as_ref())
        .map(|managed| world.passes(managed))
        .collect();
    let groups: Vec<(EntityUid, u32)> = roles
        .iter()
        .map(|(name, holds)| (uid("Action", name), *holds))
        .chain(passes.iter().map(|passes| (uid("Action", &format!("passes {passes}")), *passes)))
        .collect();
    let of = |bit: usize| {
        groups.iter().filter(move |(_, mask)| mask >> bit & 1 != 0).map(|(group, _)| group.clone())
    };
    let permissions = world.permissions.iter().enumerate();
    permissions.map(|(bit, it)| Entity::new_no_attrs(uid("Action", it.as_str()), of(bit).collect())).collect()
}

impl Peer for Cedar<'_> {
    fn name(&self) -> &'static str {
        if self.all.is_some() { "Cedar, full store" } else { "Cedar, slices" }
    }

    fn allows(&mut self, ask: &Ask) -> bool {
        let request = self.request(ask);
        match &self.all {
            Some(all) => self.answer(&request, all),
            None => {
                self.decide_slice(&request, &(self.user(ask.user), self.tenant(ask.tenant)), ask.permission)
            }
        }
    }
}
