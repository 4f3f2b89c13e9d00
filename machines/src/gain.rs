//! The machine of gain (U-4, P-15, P-16, L-3): after every command of a user, whoever holds more than before holds no more
//! than the command's actor held there, but for a closed list; after every refused command nobody holds more; nobody below a
//! super admin takes anything from one; and what bars the way bars all of it (P-1, P-4).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::door::{Door, Library};
use crate::generator::{Generator, Schema};
use crate::play::Played;
use crate::script::{Found, Script, Step, Told, ask};
use crate::world::{Set, Table, World, at, moment, text};

/// A bar is lifted, or a handshake's other side says yes: what comes back by these was there before (P-15). They are acts on
/// tenants and links, and unblocking; none of them is about roles.
const LIFTS: &[&str] = &[
    "unblock_user",
    "enable_tenants",
    "report_ready",
    "convert_link",
    "accept_delink",
    "request_delink",
    "delete_tenants",
    "set_manager_grants",
    "accept_link",
    "accept_invitation",
    "add_customer",
    "sweep",
];

/// Acts on tenants and links answer to their own permission, whoever loses by them.
const ON_PERSONS: &[&str] = &[
    "assign",
    "unassign",
    "block_user",
    "remove_user",
    "edit_role",
    "delete_role",
    "edit_user",
    "create_role",
    "set_alert_rule",
];

/// What the machine watches.
pub struct Watch<'d> {
    door: &'d dyn Door,
    /// What there is now.
    pub world: World,
    held: Table,
    /// Who may do what, as of the last thing that happened.
    can: Table,
    /// Who sent what waits for an answer, by its id: the user, or nobody for the operator.
    sent: BTreeMap<String, Option<String>>,
    /// What was found: kind and words.
    pub found: Vec<(String, String)>,
    /// Commands that were executed, and that were refused.
    pub done: (usize, usize),
}

impl<'d> Watch<'d> {
    /// Begins to watch a store.
    pub fn new(door: &'d dyn Door) -> Self {
        Self {
            door,
            world: World::read(door),
            held: Table::new(),
            can: Table::new(),
            sent: BTreeMap::new(),
            found: Vec::new(),
            done: (0, 0),
        }
    }

    fn find(&mut self, kind: &str, what: String) {
        self.found.push((format!("gain {kind}"), what));
    }

    /// Takes a step, and looks at what it changed.
    pub fn step(&mut self, step: &Step) -> Told {
        let door = self.door;
        door.hands().set(step.at, step.ids);
        let Some((actor, command)) = step.told() else { return step.run(door) };
        let by = actor["user"].as_str().map(str::to_owned);
        // What the operator does answers to nobody, and is only kept in mind.
        let watched = by.is_some();
        let now = moment(step.at);
        let name = step.name().to_owned();
        // What is due by now comes about by itself, and is not laid to the command.
        let swept = door.call(r#"{"sweep":{}}"#);
        if swept.is_ok_and(|reply| !reply.contains(r#""happened":0"#)) {
            self.world = World::read(door);
            self.held = self.world.held(&now);
            self.can = self.world.can(door);
        }
        door.hands().set(step.at, step.ids);
        let before_can = std::mem::take(&mut self.can);
        let before_mail = self.addresses(command, watched);
        let consent = by.is_some().then(|| self.consent(&name, command, &before_can, &now)).flatten();
        let told = step.run(door);
        if told.is_done() {
            self.done.0 += 1;
        } else {
            self.done.1 += 1;
            // What was refused is looked at now and then: it costs as much as what was done.
            if !step.ids.is_multiple_of(4) {
                self.can = before_can;
                return told;
            }
        }
        let world = World::read(door);
        let held = world.held(&now);
        let after_can = if told.is_done() { world.can(door) } else { before_can.clone() };
        if let Some(by) = &by {
            if told.is_done() {
                if let Some((kind, what)) = consent {
                    self.find(&kind, what);
                }
                self.gains(&name, by, &world, &held, &now, true);
                self.lifted(&name, &before_can, &after_can, &held, &world);
                self.reserved(&name, by, &before_can, &after_can, &world, &now);
                self.losses(&name, by, &world, &held, &now);
                self.bars(&name, &after_can, &world);
                for (user, before) in before_mail {
                    self.handed_over(&name, by, &user, &before);
                }
            } else {
                self.gains(&name, by, &world, &held, &now, false);
            }
        }
        if told.is_done() {
            self.remember(&name, by, &world);
        }
        self.world = world;
        self.held = held;
        self.can = after_can;
        told
    }

    /// Who sent what now waits for an answer.
    fn remember(&mut self, name: &str, by: Option<String>, world: &World) {
        for kind in ["invitation", "link_request", "proposal", "move"] {
            for one in world.of(kind) {
                let id = text(one, "id");
                let old = self.world.one(kind, id);
                let reminded = name.starts_with("resend") && old.is_some_and(|old| old != one);
                if old.is_none() || reminded {
                    self.sent.insert(id.to_owned(), by.clone());
                }
            }
        }
    }

    fn addresses(&self, command: &Value, watched: bool) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        if watched
            && command["email"].is_string()
            && let Some(user) = command["user"].as_str()
        {
            all.insert(user.to_owned(), self.address(user));
        }
        all
    }

    fn address(&self, user: &str) -> Value {
        // Older libraries call it by the other name.
        let told = ["host_personal", "personal"]
            .map(|query| ask(self.door, &json!({ "query": query, "subject": { "user": user } })));
        told.iter()
            .find(|told| told.is_done())
            .map_or(Value::Null, |told| told.value()["answer"]["email"].clone())
    }

    fn home(&self, user: &str) -> String {
        self.world.one("user", user).map(|user| text(user, "home").to_owned()).unwrap_or_default()
    }

    /// Roles that reach a user, to tell whether what changed is what they have or what it reaches.
    fn signature(world: &World, user: &str, now: &str) -> BTreeSet<(String, String, bool, Set)> {
        let roles = world.roles_of(user, true, now);
        roles.into_iter().map(|(on, role, below)| (on, role.clone(), below, world.role(&role))).collect()
    }

    /// Whether a tenant has a super admin of its own, who may be blocked.
    fn owned(&self, tenant: &str, now: &str) -> bool {
        let here = |user: &Value| {
            let roles = self.world.roles_of(text(user, "id"), false, now);
            matches!(text(user, "state"), "active" | "blocked")
                && user["home"] == tenant
                && roles.iter().any(|(on, role, _)| on == tenant && self.world.is_super(role))
        };
        self.world.of("user").iter().any(here)
    }

    /// P-15: whoever holds more holds no more than the actor held there.
    fn gains(&mut self, name: &str, by: &str, world: &World, held: &Table, now: &str, done: bool) {
        let mine = self.world.roles_of(by, false, now);
        let home = self.home(by);
        for ((user, tenant), after) in held {
            let more = after & !at(&self.held, user, tenant);
            if more == 0 {
                continue;
            }
            // What they have is as it was: assignments that stand reach a tenant that is newly managed, or nearer ones went with
            // a link.
            if Self::signature(&self.world, user, now) == Self::signature(world, user, now) {
                continue;
            }
            if !done {
                self.find(
                    &format!("U-4 {name}, refused"),
                    format!("{user} gains {} on {tenant}", world.names(more)),
                );
                continue;
            }
            let new = self.world.one("tenant", tenant).is_none();
            let first_owner = world.of("invitation").iter().any(|one| {
                one["user"] == user.as_str() && one["tenant"] == tenant.as_str() && one["sign_up"] == true
            });
            let holds = if new {
                // What the actor's own roles above reach there.
                let manager =
                    world.managers(tenant).first().map(|manager| (*manager).to_owned()).unwrap_or_default();
                let reach: Vec<_> = mine.iter().filter(|(_, _, below)| *below).cloned().collect();
                self.world
                    .nearest(&home, &reach, &manager)
                    .iter()
                    .fold(0, |set, role| set | self.world.role(role))
            } else {
                at(&self.held, by, tenant)
            };
            if first_owner {
                let manages = self.world.bit("users.manage");
                let wanted = if new { 0 } else { manages };
                if !new && self.owned(tenant, now) && holds & more != more {
                    self.find(
                        &format!("L-7 {name} names an owner where there was one"),
                        format!("{by} for {tenant}"),
                    );
                } else if holds & wanted != wanted {
                    self.find(
                        &format!("L-7 {name} names an owner"),
                        format!(
                            "{by} holds no users.manage on {tenant}, and invites {user} as its super admin"
                        ),
                    );
                }
                continue;
            }
            let beyond = more & !holds;
            if beyond != 0 {
                let whom = if user == by { "themselves" } else { "somebody" };
                self.find(
                    &format!("P-15 {name} gives {whom}"),
                    format!(
                        "{by} gives {user} on {tenant} what {by} does not hold there: {}",
                        world.names(beyond)
                    ),
                );
            }
        }
    }

    /// What may be used and was held before came back: by what lifts a bar, and by nothing else.
    fn lifted(&mut self, name: &str, before: &Table, after: &Table, held: &Table, world: &World) {
        if LIFTS.contains(&name) {
            return;
        }
        let mut lines = Vec::new();
        for ((user, tenant), can) in after {
            let more =
                can & !at(before, user, tenant) & at(&self.held, user, tenant) & at(held, user, tenant);
            if more != 0 {
                lines.push(format!("{user} may again on {tenant}: {}", world.names(more)));
            }
        }
        if let Some(line) = lines.pop() {
            self.find(&format!("P-15 {name} lifts a bar"), line);
        }
    }

    /// P-16: what the manager's side hands a customer's own users holds nothing reserved, and makes no super admin.
    fn reserved(&mut self, name: &str, by: &str, before: &Table, after: &Table, world: &World, now: &str) {
        let reserved = world.set(&world.policy["reserved"]);
        let giver = |this: &Self, user: &str| {
            if name == "accept_invitation" {
                let taken = this
                    .world
                    .of("invitation")
                    .iter()
                    .find(|one| one["user"] == user && one["sign_up"] != true)?;
                return this.sent.get(text(taken, "id")).cloned().flatten();
            }
            Some(by.to_owned())
        };
        let needs_grants = |home: &str, giver: &str| {
            self.world.links().any(|link| {
                let above = link["manager"] == giver || self.world.manages(giver, text(link, "manager"));
                link["managed"] == home && above && self.world.rule(link)["needs_grants"] == true
            })
        };
        let mut lines = Vec::new();
        for user in world.of("user") {
            let (id, home) = (text(user, "id"), text(user, "home"));
            let Some(giver) = giver(self, id) else { continue };
            let from = self.home(&giver);
            if from == home || !needs_grants(home, &from) {
                continue;
            }
            let more = at(after, id, home) & !at(before, id, home) & reserved;
            if more != 0 && !LIFTS.iter().any(|lift| *lift == name && name != "accept_invitation") {
                lines.push((
                    format!("P-16 {name} hands out what is reserved"),
                    format!("{giver} to {id}: {}", world.names(more)),
                ));
            }
            let owns = |world: &World| {
                let signs_up =
                    world.of("invitation").iter().any(|one| one["user"] == id && one["sign_up"] == true);
                !signs_up
                    && world
                        .roles_of(id, true, now)
                        .iter()
                        .any(|(on, role, _)| on == home && world.is_super(role))
            };
            if name != "accept_invitation"
                && owns(world)
                && !owns(&self.world)
                && world.policy["super_role"] != world.policy["admin_role"]
            {
                lines.push((
                    format!("P-16 {name} makes a super admin"),
                    format!("{giver}'s side makes {id} one on {home}"),
                ));
            }
        }
        for (kind, what) in lines {
            self.find(&kind, what);
        }
    }

    /// Nobody below a super admin takes anything from one (P-15).
    fn losses(&mut self, name: &str, by: &str, world: &World, held: &Table, now: &str) {
        if !ON_PERSONS.contains(&name) {
            return;
        }
        let Some(actor) = self.world.one("user", by) else { return };
        let mine = self.world.super_at(actor, now);
        let mut lines = Vec::new();
        for user in self.world.of("user").iter().filter(|user| user["id"] != by && user["state"] == "active")
        {
            let id = text(user, "id");
            let gone = world.one("user", id).is_none_or(|after| after["state"] != "active");
            for tenant in self.world.super_at(user, now) {
                let lost = at(&self.held, id, &tenant) & !at(held, id, &tenant);
                if (lost != 0 || gone) && !mine.contains(&tenant) {
                    lines
                        .push(format!("{by}, no super admin on {tenant}, takes from {id}, who is one there"));
                }
            }
        }
        if let Some(line) = lines.pop() {
            self.find(&format!("P-15 {name} takes from a super admin"), line);
        }
    }

    /// P-1 and P-4: who is not active may do nothing, nor may those whose home is locked, wherever it is.
    fn bars(&mut self, name: &str, can: &Table, world: &World) {
        let barred = can.iter().find(|((user, _), set)| {
            let home = world.one("user", user).map(|user| text(user, "home")).unwrap_or_default();
            **set != 0 && world.is_locked(home)
        });
        if let Some(((user, tenant), set)) = barred {
            let _ = name;
            self.find(
                "P-4 whose home is locked works elsewhere",
                format!("{user} on {tenant}: {}", world.names(*set)),
            );
        }
    }

    /// An address is the key to everything that its user holds: whoever sets it hands all of that over (P-15).
    fn handed_over(&mut self, name: &str, by: &str, user: &str, before: &Value) {
        if user == by || self.address(user) == *before {
            return;
        }
        let mut beyond = None;
        for ((whose, tenant), set) in &self.held {
            let over = set & !at(&self.held, by, tenant);
            if whose == user && over != 0 {
                beyond = Some((tenant.clone(), over));
            }
        }
        if let Some((tenant, over)) = beyond {
            let what = format!(
                "{by} sets the address of {user}, who holds more on {tenant}: {}",
                self.world.names(over)
            );
            self.find(&format!("P-15 {name} hands an account over"), what);
        }
    }

    /// L-3: what is accepted still rests on what it rested on when it was sent.
    fn consent(&self, name: &str, command: &Value, can: &Table, now: &str) -> Option<(String, String)> {
        let world = &self.world;
        let active = |user: &str| world.one("user", user).is_some_and(|user| user["state"] == "active");
        let may = |user: &str, tenant: &str, permission: &str| {
            let bit = world.bit(permission);
            bit == 0 || at(can, user, tenant) & bit != 0
        };
        match name {
            "accept_invitation" => {
                let id = text(command, "invitation");
                let invitation = world.one("invitation", id)?;
                if !World::is_pending(&invitation["handshake"], now) {
                    return None;
                }
                let sender = self.sent.get(id)?.clone()?;
                let tenant = text(invitation, "tenant");
                if !active(&sender) {
                    return Some((
                        "L-3 accept_invitation from whom is gone".into(),
                        format!("{sender} sent {id}, and is not active"),
                    ));
                }
                if invitation["sign_up"] == true {
                    let managed =
                        world.managers(tenant).iter().any(|manager| may(&sender, manager, "customers.add"));
                    return (!managed).then(|| {
                        (
                            "L-3 accept_invitation without a right behind it, signing up".into(),
                            format!("{sender} sent {id}, and may not add customers"),
                        )
                    });
                }
                let offered = world.role(text(invitation, "role"));
                if !may(&sender, tenant, "users.manage") {
                    return Some((
                        "L-3 accept_invitation without a right behind it".into(),
                        format!("{sender} sent {id}, and may not manage users there"),
                    ));
                }
                let over = offered & !at(&self.held, &sender, tenant);
                (over != 0).then(|| {
                    (
                        "L-3 accept_invitation beyond its sender's rights".into(),
                        format!("{sender} sent {id}, and does not hold {}", world.names(over)),
                    )
                })
            }
            // Whoever asked for the address may have written it down as their own: their account it becomes (P-15).
            "confirm_address" => {
                let user = text(command, "user");
                let change = world.of("address_change").iter().find(|one| one["user"] == user)?;
                if !World::is_pending(&change["handshake"], now) {
                    return None;
                }
                let sender = change["handshake"]["sender"]["user"].as_str()?;
                if sender == user {
                    return None;
                }
                let over = self.held.iter().any(|((whose, tenant), set)| {
                    whose == user && set & !at(&self.held, sender, tenant) != 0
                });
                (over || !active(sender)).then(|| {
                    (
                        "L-3 confirm_address beyond its sender's rights".into(),
                        format!("{sender} asked {user}, who holds more"),
                    )
                })
            }
            "accept_link" | "accept_proposal" => {
                let (member, kind) = if name == "accept_link" {
                    ("request", "link_request")
                } else {
                    ("proposal", "proposal")
                };
                let id = text(command, member);
                let asked = world.one(kind, id)?;
                self.sent.get(id)?.clone()?;
                let manager = world.one("tenant", text(asked, "manager"))?;
                let standing = manager["deleted"].is_null() && manager["operation"] == "enabled";
                (!standing)
                    .then(|| (format!("L-3 {name} of whom is gone or disabled"), format!("{member} {id}")))
            }
            "approve_move" => {
                let id = text(command, "id");
                let one = world.one("move", id)?;
                let sender = self.sent.get(id)?.clone()?;
                let still = active(&sender) && may(&sender, text(one, "manager"), "devices.manage");
                (!still).then(|| {
                    ("L-3 approve_move without a right behind it".into(), format!("{sender} sent {id}"))
                })
            }
            _ => None,
        }
    }
}

/// Plays one history, and gives what was found.
pub fn history(
    library: &dyn Library,
    schema: &Schema,
    policies: &[Value],
    seed: u64,
    steps: usize,
) -> Played {
    let mut generator = Generator::new(schema, seed);
    let policy = generator.policy(policies);
    let mut script = Script { policy: policy.clone(), steps: Vec::new(), about: json!({ "seed": seed }) };
    let Ok(door) = script.open(library) else { return (Vec::new(), (0, 0)) };
    let mut watch = Watch::new(&*door);
    for step in generator.setup(&policy) {
        schema.learn(&step, &watch.step(&step));
        script.steps.push(step);
    }
    watch.done = (0, 0);
    for _ in 0..steps {
        generator.pass();
        let step = generator.next(&watch.world);
        schema.learn(&step, &watch.step(&step));
        script.steps.push(step);
        if !watch.found.is_empty() {
            break;
        }
    }
    let found = std::mem::take(&mut watch.found);
    let done = watch.done;
    (found.into_iter().map(|(kind, what)| Found { kind, what, script: script.clone() }).collect(), done)
}

/// Plays a script, and gives the kinds of what was found.
pub fn check(library: &dyn Library, script: &Script) -> Vec<(String, String)> {
    let Ok(door) = script.open(library) else { return Vec::new() };
    let mut watch = Watch::new(&*door);
    for step in &script.steps {
        watch.step(step);
        if !watch.found.is_empty() {
            break;
        }
    }
    std::mem::take(&mut watch.found)
}
