//! What there is in a store, as the host may read it: tenants, links, users, roles and who has them. From it follows who
//! *holds* what by role (P-8, P-10), locks, grants and blocks aside.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::door::Door;
use crate::script::{Told, ask};

/// Permissions as bits: the n-th of the policy's is the n-th bit. A policy has at most 128.
pub type Set = u128;

/// Who may do, or holds, what on which tenant.
pub type Table = BTreeMap<(String, String), Set>;

/// The kinds of entity that are read, and the index by which older libraries find them; a row of a reseller is no entity
/// of its own any more.
const KINDS: &[(&str, &str)] = &[
    ("tenant", "tenant_number"),
    ("user", "user_home"),
    ("link", "link_managed"),
    ("assignment", "assignment_tenant"),
    ("role", "role_tenant"),
    ("invitation", "invitation_tenant"),
    ("address_change", "address_home"),
    ("link_request", "request_managed"),
    ("proposal", "proposal_link"),
    ("manager_invitation", "manager_invitation_tenant"),
    ("barred_manager", "barred_manager_tenant"),
    ("reseller_row", "row_tenant"),
    ("device", "device_holder"),
    ("move", "move_link"),
    ("integration", "integration_owner"),
    ("attachment", "attachment_tenant"),
    ("licence", "licence_tenant"),
    ("alert_rule", "alert_tenant"),
    ("session", "session_tenant"),
    ("kept_id", "kept_tenant"),
];

/// Ends the name of a role that was given with what is reserved masked (P-16).
const MASKED: &str = "#masked";

/// What there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// The policy in force.
    pub policy: Value,
    /// Entities by their kind, in the order of their index.
    pub kinds: BTreeMap<String, Vec<Value>>,
}

/// The text of a member.
pub fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or("")
}

/// The texts of a member that is a list.
pub fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// The first page, or the one that a cursor stands for.
fn paging(cursor: &Value) -> Value {
    if cursor.is_null() { json!({ "limit": 1000 }) } else { json!({ "limit": 1000, "cursor": cursor }) }
}

impl World {
    /// Reads everything; what a door does not know is left out.
    pub fn read(door: &dyn Door) -> Self {
        let mut world = Self::default();
        if let Told::Yes(reply) = ask(door, &json!({ "query": "policy" })) {
            world.policy = reply["answer"].clone();
        }
        for (kind, index) in KINDS {
            let by_kind =
                |cursor: &Value| json!({ "query": "host_entities", "kind": kind, "paging": paging(cursor) });
            let by_index = |cursor: &Value| {
                let mut query = json!({ "query": "entities", "index": index, "key": [], "limit": 1000 });
                if !cursor.is_null() {
                    query["cursor"] = cursor.clone();
                }
                query
            };
            if !world.add(door, &by_kind) {
                world.add(door, &by_index);
            }
        }
        world.add_resellers(door);
        if let Some(tenants) = world.kinds.get_mut("tenant") {
            // Under every number a tenant stands once; under prefixes it may stand more often.
            tenants.dedup_by(|one, other| one["id"] == other["id"]);
        }
        world
    }

    /// Adds what a question finds, page by page; says whether it was answered.
    fn add(&mut self, door: &dyn Door, page: &dyn Fn(&Value) -> Value) -> bool {
        let mut cursor = Value::Null;
        loop {
            let Told::Yes(mut reply) = ask(door, &page(&cursor)) else { return false };
            let Value::Array(rows) = reply["answer"]["rows"].take() else { return false };
            for mut row in rows {
                let kind = text(&row, "kind").to_owned();
                self.kinds.entry(kind).or_default().push(row["entity"].take());
            }
            cursor = reply["answer"]["next"].take();
            if cursor.is_null() {
                return true;
            }
        }
    }

    /// Adds whom resellers list, where the door does not tell that as entities.
    fn add_resellers(&mut self, door: &dyn Door) {
        if self.kinds.contains_key("reseller_row") {
            return;
        }
        let resellers: Vec<Value> =
            self.living().filter(|it| it["kind"] == "reseller").map(|it| it["id"].clone()).collect();
        for reseller in resellers {
            let mut cursor = Value::Null;
            loop {
                let query = json!({
                    "query": "reseller_customers", "actor": { "operator": {} }, "reseller": reseller,
                    "filter": { "unused": true }, "paging": paging(&cursor),
                });
                let Told::Yes(mut reply) = ask(door, &query) else { break };
                let Value::Array(rows) = reply["answer"]["rows"].take() else { break };
                let rows = rows.iter().map(|row| json!({ "reseller": reseller, "tenant": row["tenant"] }));
                self.kinds.entry("reseller_row".to_owned()).or_default().extend(rows);
                cursor = reply["answer"]["next"].take();
                if cursor.is_null() {
                    break;
                }
            }
        }
    }

    /// The entities of a kind.
    pub fn of(&self, kind: &str) -> &[Value] {
        self.kinds.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The entity of a kind with this id.
    pub fn one(&self, kind: &str, id: &str) -> Option<&Value> {
        self.of(kind).iter().find(|entity| entity["id"] == id)
    }

    /// The policy's permissions.
    pub fn permissions(&self) -> Vec<String> {
        texts(&self.policy["permissions"])
    }

    /// Some permissions as bits.
    pub fn set(&self, permissions: &Value) -> Set {
        let all = self.permissions();
        let some: BTreeSet<String> = texts(permissions).into_iter().collect();
        all.iter()
            .enumerate()
            .filter(|(_, name)| some.contains(*name))
            .fold(0, |set, (place, _)| set | 1 << place)
    }

    /// One permission as a bit; none, where the policy does not have it.
    pub fn bit(&self, permission: &str) -> Set {
        self.permissions().iter().position(|name| name == permission).map_or(0, |place| 1 << place)
    }

    /// Names of permissions, for people.
    pub fn names(&self, set: Set) -> String {
        let all = self.permissions();
        let some: Vec<&str> = all
            .iter()
            .enumerate()
            .filter(|(place, _)| set >> place & 1 == 1)
            .map(|(_, name)| name.as_str())
            .collect();
        some.join(" ")
    }

    /// Tenants that are not deleted.
    pub fn living(&self) -> impl Iterator<Item = &Value> {
        self.of("tenant").iter().filter(|tenant| tenant["deleted"].is_null())
    }

    /// Links in force: not delinked, nor past their end.
    pub fn links(&self) -> impl Iterator<Item = &Value> {
        self.of("link").iter().filter(|link| link["stage"] != "delinked")
    }

    /// The rule of a link's management type; the link's own terms, where it keeps some.
    pub fn rule<'w>(&'w self, link: &'w Value) -> &'w Value {
        let named = |rule: &&Value| rule["name"] == link["management"];
        self.policy["management_types"].as_array().into_iter().flatten().find(named).unwrap_or(&Value::Null)
    }

    /// Whether a link in force locks this tenant's own people out (P-4).
    pub fn is_locked(&self, tenant: &str) -> bool {
        self.links().any(|link| link["managed"] == tenant && self.rule(link)["locks_customer"] == true)
    }

    /// The managers of a tenant.
    pub fn managers(&self, tenant: &str) -> Vec<&str> {
        self.links().filter(|link| link["managed"] == tenant).map(|link| text(link, "manager")).collect()
    }

    /// Every way up from a tenant to one above it.
    fn chains(&self, from: &str, to: &str, way: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
        if way.len() > 16 || found.len() > 64 {
            return;
        }
        for manager in self.managers(from) {
            if way.iter().any(|before| before == manager) {
                continue;
            }
            way.push(manager.to_owned());
            if manager == to {
                found.push(way.clone());
            } else {
                self.chains(manager, to, way, found);
            }
            way.pop();
        }
    }

    /// Whether one tenant manages another, through others or at once.
    pub fn manages(&self, manager: &str, managed: &str) -> bool {
        let mut found = Vec::new();
        self.chains(managed, manager, &mut Vec::new(), &mut found);
        !found.is_empty()
    }

    /// What a role holds.
    pub fn role(&self, role: &str) -> Set {
        if let Some(role) = role.strip_suffix(MASKED) {
            return self.role(role) & !self.set(&self.policy["reserved"]);
        }
        let builtin = self.policy["roles"].as_array().into_iter().flatten().find(|rule| rule["name"] == role);
        match (builtin, self.one("role", role)) {
            (Some(rule), _) => self.set(&rule["permissions"]),
            (None, Some(own)) if own["deleted"].is_null() => {
                self.set(&own["permissions"]) & !self.set(&self.policy["super_only"])
            }
            _ => 0,
        }
    }

    /// Whether a role is the super admin's.
    pub fn is_super(&self, role: &str) -> bool {
        self.policy["super_role"] == role
    }

    /// Whether an invitation can still be accepted at a moment.
    pub fn is_pending(handshake: &Value, now: &str) -> bool {
        handshake["state"] == "pending" && text(handshake, "expires") > now
    }

    /// What decides of an assignment at a moment: of what is laid over it and in force, what was given last; else what stands.
    fn deciding<'a>(one: &'a Value, now: &str) -> Option<&'a Value> {
        let in_force = |laid: &&Value| text(laid, "starts") <= now && now < text(laid, "ends");
        let laid = one["over"].as_array().and_then(|over| over.iter().rev().find(in_force));
        laid.or_else(|| (one["bare"] != true).then_some(one))
    }

    /// What users have, and what is offered to those who are invited, as (tenant, role, below).
    pub fn roles_of(&self, user: &str, offers: bool, now: &str) -> Vec<(String, String, bool)> {
        let row = |one: &Value| {
            (
                text(one, "tenant").to_owned(),
                text(one, "role").to_owned(),
                one["below"].as_bool().unwrap_or(false),
            )
        };
        let mut all: Vec<_> = self
            .of("assignment")
            .iter()
            .filter(|one| one["user"] == user)
            .filter_map(|one| Some((text(one, "tenant").to_owned(), Self::deciding(one, now)?)))
            .map(|(tenant, role)| {
                (tenant, text(role, "role").to_owned(), role["below"].as_bool().unwrap_or(false))
            })
            .collect();
        if offers {
            let offer = |one: &&Value| one["user"] == user && Self::is_pending(&one["handshake"], now);
            all.extend(self.of("invitation").iter().filter(offer).map(row));
        }
        all
    }

    /// The roles that reach a tenant, nearest first; several only where ways of equal length fork (P-10).
    pub fn nearest(&self, home: &str, roles: &[(String, String, bool)], tenant: &str) -> Vec<String> {
        let on = |place: &str, inherited: bool| {
            roles
                .iter()
                .find(|(on, _, below)| on == place && (*below || !inherited))
                .map(|(_, role, _)| role.clone())
        };
        if home == tenant {
            return on(tenant, false).into_iter().collect();
        }
        let mut chains = Vec::new();
        self.chains(tenant, home, &mut Vec::new(), &mut chains);
        if chains.is_empty() {
            return Vec::new();
        }
        if let Some(role) = on(tenant, false) {
            return vec![role];
        }
        let longest = chains.iter().map(Vec::len).max().unwrap_or(0);
        for distance in 0..longest {
            let found: Vec<String> = chains
                .iter()
                .filter_map(|chain| chain.get(distance).and_then(|place| on(place, true)))
                .collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Who holds what where by role, those who are invited and their offers among them.
    pub fn held(&self, now: &str) -> Table {
        let mut table = Table::new();
        for user in self.of("user") {
            let roles = self.roles_of(text(user, "id"), true, now);
            if roles.is_empty() {
                continue;
            }
            for tenant in self.living() {
                let tenant = text(tenant, "id");
                let held = self
                    .nearest(text(user, "home"), &roles, tenant)
                    .iter()
                    .fold(0, |held, role| held | self.role(role));
                if held != 0 {
                    table.insert((text(user, "id").to_owned(), tenant.to_owned()), held);
                }
            }
        }
        table
    }

    /// Where a user is a super admin by role, inherited or not.
    pub fn super_at(&self, user: &Value, now: &str) -> BTreeSet<String> {
        let roles = self.roles_of(text(user, "id"), false, now);
        let at = |tenant: &&Value| {
            self.nearest(text(user, "home"), &roles, text(tenant, "id"))
                .iter()
                .any(|role| self.is_super(role))
        };
        self.living().filter(at).map(|tenant| text(tenant, "id").to_owned()).collect()
    }

    /// Who may do what where, as the door says.
    pub fn can(&self, door: &dyn Door) -> Table {
        let mut table = Table::new();
        for user in self.of("user").iter().filter(|user| user["state"] == "active") {
            let user = text(user, "id");
            for (place, permission) in self.permissions().iter().enumerate() {
                let query = json!({ "query": "tenants_where", "user": user, "permission": permission });
                let Told::Yes(reply) = ask(door, &query) else { continue };
                for tenant in texts(&reply["answer"]) {
                    *table.entry((user.to_owned(), tenant)).or_default() |= 1 << place;
                }
            }
        }
        table
    }
}

/// What a table has for a user on a tenant.
pub fn at(table: &Table, user: &str, tenant: &str) -> Set {
    table.get(&(user.to_owned(), tenant.to_owned())).copied().unwrap_or(0)
}

/// A moment as the door writes it, so that texts compare as moments do.
pub fn moment(micros: i64) -> String {
    tenantry::base::time::Timestamp::from_micros(micros).expect("a moment that there is").to_string()
}
