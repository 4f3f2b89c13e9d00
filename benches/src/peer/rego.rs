//! Rego, compiled to the bytecode of regorus. What a role holds and what passes a link are objects to look into.

use std::collections::BTreeSet;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{Engine, Value};
use serde_json::json;

use super::Peer;
use crate::ask::Ask;
use crate::world::{Role, World};

const POLICY: &str = r#"
package msp

default allow := false

allow if {
	user := data.users[input.user]
	user.active
	tenant := data.tenants[input.tenant]
	open(tenant)
	user.home == input.tenant
	not tenant.locks
	data.roles[user.role][input.permission]
}

allow if {
	user := data.users[input.user]
	user.active
	tenant := data.tenants[input.tenant]
	tenant.manager == user.home
	open(tenant)
	data.passes[tenant.passes][input.permission]
	carried(tenant)
	data.roles[role(user, tenant)][input.permission]
}

open(tenant) if tenant.open

open(_) if input.permission in {"tenant.operate", "tenant.delete", "customers.delink"}

carried(_) if input.service == ""

carried(tenant) if tenant.services[input.service]

role(_, tenant) := tenant.direct[input.user]

role(user, tenant) := user.role if not tenant.direct[input.user]
"#;

/// The machine with its program and data.
pub struct Rego<'w> {
    world: &'w World,
    machine: RegoVM,
}

fn role(world: &World, role: Role) -> String {
    match role {
        Role::Custom(msp) => format!("custom {}", world.template(msp)),
        other => format!("{other:?}"),
    }
}

impl<'w> Rego<'w> {
    /// Compiles the policy and loads the data.
    pub fn new(world: &'w World) -> Self {
        let mut engine = Engine::new();
        engine.add_policy("msp.rego".to_owned(), POLICY.to_owned()).expect("a policy in this file");
        let entry = "data.msp.allow";
        let compiled = engine.compile_with_entrypoint(&entry.into()).expect("the policy compiles");
        let program = Compiler::compile_from_policy(&compiled, &[entry]).expect("the policy compiles");
        let mut machine = RegoVM::new();
        machine.load_program(program);
        machine.set_data(data(world)).expect("plain data");
        Self { world, machine }
    }

    /// A request.
    pub fn asked(&self, ask: &Ask) -> Value {
        let world = self.world;
        Value::from(json!({
            "user": world.user_id(ask.user).to_string(),
            "tenant": world.tenant_id(ask.tenant).to_string(),
            "permission": world.permissions[ask.permission as usize].as_str(),
            "service": world.services.get(ask.service as usize).map_or("", |service| service.as_str()),
        }))
    }

    /// The answer.
    pub fn decide(&mut self, asked: &Value) -> bool {
        self.machine.set_input(asked.clone());
        self.machine.execute().expect("the program runs") == Value::from(true)
    }
}

fn set<'n>(names: impl Iterator<Item = &'n str>) -> serde_json::Value {
    names.map(|name| (name.to_owned(), json!(true))).collect::<serde_json::Map<_, _>>().into()
}

fn permissions(world: &World, mask: u32) -> serde_json::Value {
    set(world
        .permissions
        .iter()
        .enumerate()
        .filter(|(bit, _)| mask >> bit & 1 != 0)
        .map(|(_, it)| it.as_str()))
}

fn data(world: &World) -> Value {
    let (mut roles, mut passes) = (serde_json::Map::new(), serde_json::Map::new());
    let mut known = BTreeSet::new();
    for row in &world.users {
        let name = role(world, row.role);
        if known.insert(name.clone()) {
            roles.insert(name, permissions(world, world.holds(row.role)));
        }
    }
    let mut users = Value::new_object();
    for (row, user) in world.users.iter().zip(0..) {
        let facts = json!({
            "active": row.active && world.tenants[row.home as usize].enabled,
            "home": world.tenant_id(row.home).to_string(),
            "role": role(world, row.role),
        });
        let users = users.as_object_mut().expect("an object");
        users.insert(Value::from(world.user_id(user).to_string()), facts.into());
    }
    let mut tenants = Value::new_object();
    for (row, tenant) in world.tenants.iter().zip(0..) {
        let direct =
            row.direct.map(|(user, held)| (world.user_id(user).to_string(), json!(role(world, held))));
        let mut facts = json!({
            "open": row.enabled,
            "locks": row.managed.is_some_and(|managed| managed.fully),
            "direct": direct.into_iter().collect::<serde_json::Map<_, _>>(),
        });
        if let Some(managed) = &row.managed {
            let shape = world.passes(managed);
            passes.entry(shape.to_string()).or_insert_with(|| permissions(world, shape));
            let carried =
                world.services.iter().enumerate().filter(|(bit, _)| managed.services >> bit & 1 != 0);
            facts["manager"] = json!(world.tenant_id(managed.manager).to_string());
            facts["passes"] = json!(shape.to_string());
            facts["services"] = set(carried.map(|(_, service)| service.as_str()));
        }
        let tenants = tenants.as_object_mut().expect("an object");
        tenants.insert(Value::from(world.tenant_id(tenant).to_string()), facts.into());
    }
    let mut data = Value::from(json!({ "roles": roles, "passes": passes }));
    let object = data.as_object_mut().expect("an object");
    object.insert("users".into(), users);
    object.insert("tenants".into(), tenants);
    data
}

impl Peer for Rego<'_> {
    fn name(&self) -> &'static str {
        "regorus"
    }

    fn allows(&mut self, ask: &Ask) -> bool {
        let asked = self.asked(ask);
        self.decide(&asked)
    }
}
