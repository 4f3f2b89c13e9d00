//! Random calls. Which commands and queries there are, and what each takes, is read from the JSON Schema that comes with the
//! library; what is plausible is told by the names of types. What a door says it does not know is learned once and left out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::door::{BEGINNING, id_of};
use crate::rng::{Rng, mix};
use crate::script::{Step, Told};
use crate::world::{World, moment, text, texts};

/// A day, in microseconds.
pub const DAY: i64 = 86_400_000_000;
/// A second, in microseconds.
pub const SECOND: i64 = 1_000_000;

/// The schema, by definition.
#[derive(Debug)]
pub struct Schema {
    definitions: Map<String, Value>,
    /// What the door has turned away as unknown: names of calls, and of members within calls.
    unknown: RefCell<BTreeSet<String>>,
}

impl Schema {
    /// That of this workspace's library.
    pub fn new() -> Self {
        let schema: Value = serde_json::from_str(include_str!("../../include/tenantry.schema.json"))
            .expect("the schema is JSON");
        let definitions = schema["$defs"].as_object().cloned().expect("the schema has definitions");
        Self { definitions, unknown: RefCell::default() }
    }

    fn variants(&self, of: &str) -> impl Iterator<Item = &Value> {
        self.definitions[of]["oneOf"].as_array().into_iter().flatten()
    }

    /// The names of all commands, or of all queries.
    pub fn names(&self, of: &str) -> Vec<String> {
        let tag = of.to_lowercase();
        self.variants(of)
            .filter_map(|one| one["properties"][&tag]["const"].as_str())
            .filter(|name| !self.unknown.borrow().contains(*name))
            .map(str::to_owned)
            .collect()
    }

    /// What a command or query takes.
    pub fn one(&self, of: &str, name: &str) -> Option<&Value> {
        let tag = of.to_lowercase();
        self.variants(of).find(|one| one["properties"][&tag]["const"] == name)
    }

    /// Learns from a fault that a name is not known: it is not used again.
    pub fn learn(&self, step: &Step, told: &Told) {
        let Told::No(name, fault) = told else { return };
        if name != "invalid_request" {
            return;
        }
        let message = text(fault, "message");
        let unknown =
            message.split_once("unknown variant `").or_else(|| message.split_once("unknown query `"));
        if let Some((_, rest)) = unknown {
            let name = rest.split('`').next().unwrap_or_default();
            if name == step.name() {
                self.unknown.borrow_mut().insert(name.to_owned());
            }
        } else if let Some((_, rest)) = message.split_once("unknown field `") {
            let field = rest.split('`').next().unwrap_or_default();
            self.unknown.borrow_mut().insert(format!("{}.{field}", step.name()));
        }
    }

    fn knows(&self, call: &str, member: &str) -> bool {
        !self.unknown.borrow().contains(&format!("{call}.{member}"))
    }
}

impl Default for Schema {
    fn default() -> Self {
        Self::new()
    }
}

/// Where ids of a type are found: the kind of entity and the member.
const IDS: &[(&str, &str, &str)] = &[
    ("TenantId", "tenant", "id"),
    ("UserId", "user", "id"),
    ("LinkId", "link", "id"),
    ("LinkRequestId", "link_request", "id"),
    ("ProposalId", "proposal", "id"),
    ("ManagerInvitationId", "manager_invitation", "id"),
    ("InvitationId", "invitation", "id"),
    ("RoleId", "role", "id"),
    ("UploadId", "holding", "upload"),
    ("MoveId", "move", "id"),
    ("IntegrationId", "integration", "id"),
    ("LicenceId", "licence", "id"),
    ("SessionId", "session", "id"),
];

/// Makes calls for one history.
pub struct Generator<'s> {
    schema: &'s Schema,
    /// Chance.
    pub rng: Rng,
    /// What makes the ids and names of this history.
    seed: u64,
    made: u64,
    /// Addresses that were given out, by user.
    pub addresses: BTreeMap<String, String>,
    /// Addresses that were asked for last, by user.
    asked: BTreeMap<String, String>,
    /// Now.
    pub now: i64,
    /// Ids that were taken from another kind on purpose, in percent.
    pub collisions: usize,
    /// Whether the history leans towards roles: those of every other thousand of seeds do.
    roles: bool,
}

/// Whom a call is from, and what it is about so far.
struct Place<'w> {
    world: &'w World,
    call: String,
    /// The actor's home; empty for others than users.
    home: String,
    user: String,
    /// The tenant that was chosen first: others are chosen around it.
    tenant: String,
    /// What the call is about, by the type of its id.
    subject: Option<(&'static str, String)>,
}

impl<'s> Generator<'s> {
    /// Begins a history.
    pub fn new(schema: &'s Schema, seed: u64) -> Self {
        let rng = Rng::new(seed);
        Self {
            schema,
            rng,
            seed,
            made: 0,
            addresses: BTreeMap::new(),
            asked: BTreeMap::new(),
            now: BEGINNING,
            collisions: 4,
            roles: seed / 1000 % 2 == 1,
        }
    }

    fn number(&mut self) -> u64 {
        self.made += 1;
        mix(self.seed) ^ self.made
    }

    /// An id that was not used.
    pub fn fresh(&mut self) -> String {
        id_of(self.number()).to_string()
    }

    fn name(&mut self) -> String {
        self.made += 1;
        format!("{}{}", self.rng.word("Acme Birch Cedar Dune Elm Fjord Grove Heath Iris Jade"), self.made)
    }

    /// A policy: one that comes with the library, or one of those with something else about it.
    pub fn policy(&mut self, builtin: &[Value]) -> Value {
        let mut policy = self.rng.pick(builtin).cloned().expect("policies come with the library");
        if self.rng.percent(60) {
            return policy;
        }
        policy["name"] = json!("random");
        for _ in 0..=self.rng.below(4) {
            match self.rng.below(10) {
                0 => policy["max_managers"] = json!(1 + self.rng.below(4)),
                1 => policy["max_depth"] = json!(2 + self.rng.below(3)),
                2 => policy["customer_may_request_delink"] = json!(self.rng.percent(50)),
                // A delink request lapses, or completes by itself.
                3 => {
                    let lapses = self.rng.percent(50);
                    let days = json!(1 + self.rng.below(30));
                    let notice = if lapses { Value::Null } else { days.clone() };
                    policy["delink_request_days"] = if lapses { days } else { Value::Null };
                    let rules = policy["management_types"].as_array_mut();
                    for rule in rules.into_iter().flatten().filter(|rule| rule["delinkable"] == true) {
                        rule["notice_days"] = notice.clone();
                    }
                }
                4 => policy["invitation_days"] = json!(1 + self.rng.below(30)),
                5 => {
                    policy["prefix_reuse"] = match self.rng.below(3) {
                        0 => json!("immediate"),
                        1 => json!({ "quarantine": { "days": 1 + self.rng.below(60) } }),
                        _ => json!("never"),
                    }
                }
                6 => {
                    let all = texts(&policy["permissions"]);
                    let super_only = texts(&policy["super_only"]);
                    let held: Vec<&String> =
                        all.iter().filter(|one| !super_only.contains(one) && self.rng.percent(30)).collect();
                    let role = json!({ "name": "random_role", "permissions": held });
                    let roles = policy["roles"].as_array_mut().expect("a policy has roles");
                    roles.retain(|role| role["name"] != "random_role");
                    roles.push(role);
                }
                7 => {
                    for rule in
                        policy["management_types"].as_array_mut().expect("a policy has management types")
                    {
                        if rule["locks_customer"] == false {
                            rule["moves"] = json!(self.rng.word("refused approval at_once"));
                            rule["added_services"] = json!(self.rng.word("ask ask notify"));
                        }
                    }
                }
                8 => policy["consoles"] = json!({ "manage": "https://console.example/{number}" }),
                _ => policy["link_request_days"] = json!(1 + self.rng.below(40)),
            }
        }
        policy
    }

    /// A step with a command.
    pub fn step(&mut self, actor: &Value, command: &Value) -> Step {
        let ids = self.number();
        Step::command(self.now, ids, actor, command)
    }

    /// What every history begins with: some organisations with people in various roles, linked or not.
    pub fn setup(&mut self, policy: &Value) -> Vec<Step> {
        let operator = json!({ "operator": {} });
        let mut steps = Vec::new();
        let types: Vec<String> = policy["management_types"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| text(one, "name").to_owned())
            .collect();
        let services = texts(&policy["services"]);
        let (super_role, admin_role) = (policy["super_role"].clone(), policy["admin_role"].clone());
        let builtin: Vec<Value> =
            policy["roles"].as_array().into_iter().flatten().map(|role| role["name"].clone()).collect();
        let mut tenants: Vec<(String, &str)> = Vec::new();
        let count = 3 + self.rng.below(4);
        for place in 0..count {
            let kind = match place {
                0 => "msp",
                1 => "customer",
                _ => self.rng.word("msp msp customer customer customer reseller"),
            };
            let id = self.fresh();
            let (name, number) = (self.name(), format!("N{}", self.made));
            let mut command = json!({ "command": "register_tenant", "kind": kind, "name": name, "tenant": id, "number": number });
            if self.rng.percent(50) {
                command["contact"] = self.contact();
            }
            steps.push(self.step(&operator, &command));
            tenants.push((id, kind));
        }
        let mut users: Vec<(String, String)> = Vec::new();
        let mut supers: BTreeMap<String, String> = BTreeMap::new();
        for (place, (home, _)) in tenants.iter().enumerate() {
            let people = if place < 2 { 2 + self.rng.below(2) } else { 1 + self.rng.below(2) };
            for nth in 0..people {
                let user = self.fresh();
                let role = match nth {
                    0 if self.rng.percent(90) => super_role.clone(),
                    1 if self.rng.percent(60) => admin_role.clone(),
                    _ => self.rng.pick(&builtin).cloned().unwrap_or_default(),
                };
                if role == super_role {
                    supers.entry(home.clone()).or_insert_with(|| user.clone());
                }
                let email = self.address(&user);
                let mut command = json!({
                    "command": "register_user", "home": home, "email": email, "role": role, "user": user,
                    "name": self.name(),
                });
                if self.rng.percent(30) {
                    command["below"] = json!(self.rng.percent(50));
                }
                if self.roles && self.rng.percent(40) {
                    command["below"] = json!(false);
                }
                steps.push(self.step(&operator, &command));
                users.push((user, home.clone()));
            }
        }
        // Some roles of their own, and some people who have them.
        let permissions = texts(&policy["permissions"]);
        let super_only = texts(&policy["super_only"]);
        let mut roles = Vec::new();
        for _ in 0..self.rng.below(3) {
            let Some((tenant, _)) = self.rng.pick(&tenants).cloned() else { continue };
            let role = self.fresh();
            let share = *self.rng.pick(&[10, 30, 70]).unwrap_or(&30);
            let held: Vec<&String> = permissions
                .iter()
                .filter(|one| !super_only.contains(one) && self.rng.percent(share))
                .collect();
            let command = json!({
                "command": "create_role", "tenant": tenant, "name": self.name(), "permissions": held, "role": role,
            });
            steps.push(self.step(&operator, &command));
            roles.push((role, tenant));
        }
        // Links: customers, and MSPs below MSPs.
        let mut linked: Vec<(String, String)> = Vec::new();
        for place in 1..tenants.len() {
            let (managed, kind) = tenants[place].clone();
            if kind == "reseller" || self.rng.percent(25) {
                continue;
            }
            let above: Vec<String> = tenants[..place]
                .iter()
                .filter(|(_, kind)| *kind == "msp")
                .map(|(id, _)| id.clone())
                .collect();
            let Some(manager) = self.rng.pick(&above).cloned() else { continue };
            let Some(management) = self.rng.pick(&types).cloned() else { continue };
            let request = self.fresh();
            let number = steps
                .iter()
                .filter_map(Step::told)
                .find(|(_, command)| command["tenant"] == managed.as_str())
                .map(|(_, command)| command["number"].clone())
                .unwrap_or_default();
            let mut command = json!({
                "command": "request_link", "manager": manager, "number": number, "management": management,
                "services": self.some(&services), "request": request,
            });
            if policy["term"]["required"] == true || self.rng.percent(15) {
                command["term"] = self.term();
            }
            steps.push(self.step(&operator, &command));
            let by = supers.get(&managed).map_or(operator.clone(), |user| json!({ "user": user }));
            let command = json!({ "command": "accept_link", "request": request });
            steps.push(self.step(&by, &command));
            linked.push((manager, managed));
            if self.rng.percent(35) {
                let grants = self.some(&texts(&policy["grantable"]));
                let command = json!({ "command": "set_manager_grants", "link": request, "grants": grants });
                steps.push(self.step(&by, &command));
            }
        }
        // Some are kept off a tenant, or have another role there.
        for _ in 0..self.rng.below(4) {
            let Some((mut user, mut home)) = self.rng.pick(&users).cloned() else { continue };
            let Some((mut tenant, _)) = self.rng.pick(&tenants).cloned() else { continue };
            if self.rng.percent(75)
                && let Some((manager, managed)) = self.rng.pick(&linked).cloned()
            {
                let people: Vec<&(String, String)> =
                    users.iter().filter(|(_, home)| *home == manager).collect();
                if let Some(one) = self.rng.pick(&people) {
                    (user, home) = (*one).clone();
                    tenant = managed;
                }
            }
            let own: Vec<Value> = roles
                .iter()
                .filter(|(_, of)| *of == home || *of == tenant)
                .map(|(role, _)| json!(role))
                .collect();
            let role = match self.rng.below(10) {
                0..=3 => json!("no_access"),
                4..=6 if !own.is_empty() => self.rng.pick(&own).cloned().unwrap_or_default(),
                _ => self.rng.pick(&builtin).cloned().unwrap_or_default(),
            };
            let mut assignment = json!({ "user": user, "tenant": tenant, "role": role });
            if self.rng.percent(50) {
                assignment["below"] = json!(self.rng.percent(50));
            }
            let command = json!({ "command": "assign", "assignments": [assignment] });
            steps.push(self.step(&operator, &command));
        }
        steps
    }

    fn address(&mut self, user: &str) -> String {
        self.made += 1;
        let address = format!(
            "{}{}@{}.example",
            self.rng.word("ada ben cleo dan eve"),
            self.made,
            self.rng.word("one two three")
        );
        self.addresses.insert(user.to_owned(), address.clone());
        address
    }

    fn contact(&mut self) -> Value {
        self.made += 1;
        json!({
            "street": format!("{} Long Street", self.made),
            "phone": format!("+49 30 55{:04}", self.made % 10_000),
            "coordinates": { "latitude": (self.made % 80) as f64, "longitude": (self.made % 170) as f64 },
        })
    }

    fn term(&mut self) -> Value {
        let days = *self.rng.pick(&[1, 5, 20, 40, 200]).unwrap_or(&30);
        json!({ "days": days, "auto_extend": self.rng.percent(40) })
    }

    fn some(&mut self, of: &[String]) -> Vec<String> {
        let mut some: Vec<String> = of.iter().filter(|_| self.rng.percent(40)).cloned().collect();
        if some.is_empty()
            && let Some(one) = self.rng.pick(of)
        {
            some.push(one.clone());
        }
        some
    }

    /// Lets some time pass, mostly little.
    pub fn pass(&mut self) {
        self.now += match self.rng.below(100) {
            0..=2 => DAY * (1 + self.rng.below(40) as i64),
            3..=9 => DAY / 3,
            _ => SECOND * (1 + self.rng.below(900) as i64),
        };
    }

    /// What comes next: an answer to what waits for one, or any command.
    pub fn next(&mut self, world: &World) -> Step {
        let answer = if self.rng.percent(22) { self.answer(world) } else { None };
        answer.unwrap_or_else(|| self.command(world))
    }

    /// A random command, from somebody who might be able to give it, or from anybody.
    pub fn command(&mut self, world: &World) -> Step {
        let name = self.weighted(world);
        let subject = self.subject(world, &name);
        let (actor, user, home) = self.actor(world, &name, subject.as_ref());
        let tenant = self.tenant_near(world, &home);
        let mut place = Place { world, call: name.clone(), home, user, tenant, subject };
        let command = self.build("Command", &name, &mut place);
        self.step(&actor, &command)
    }

    /// Commands about rights come more often than those about stock; what only operators do is rare.
    fn weighted(&mut self, world: &World) -> String {
        let names = self.schema.names("Command");
        if self.roles && self.rng.percent(40) {
            return self
                .rng
                .word("create_role invite_user invite_user edit_role edit_role edit_role assign")
                .to_owned();
        }
        loop {
            let name = self.rng.pick(&names).cloned().unwrap_or_default();
            if self.wants(&name).is_some_and(|(_, kind, _)| world.of(kind).is_empty()) && self.rng.percent(98)
            {
                continue;
            }
            let stays = match name.as_str() {
                "set_policy" | "change_tenant_kind" | "register_tenant" | "erase_personal" => 8,
                "delete_tenants" | "remove_user" | "register_user" => 25,
                "upload_devices" | "move_devices" | "delete_devices" | "buy_licence" | "assign_seats"
                | "release_seats" => 30,
                _ if name.contains("seat") || name.contains("reseller") || name.contains("alert") => 30,
                "assign" | "unassign" | "invite_user" | "accept_invitation" | "edit_role"
                | "convert_link" => 100,
                "create_role" | "edit_user" | "request_link" | "accept_link" => 80,
                _ => 55,
            };
            if self.rng.percent(stays) {
                return name;
            }
        }
    }

    /// The type of the id that a command cannot do without and that says what it is about.
    fn wants(&self, name: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
        let one = self.schema.one("Command", name)?;
        let required = texts(&one["required"]);
        let of = |member: &String| {
            one["properties"][member]["$ref"].as_str().map(|of| of.trim_start_matches("#/$defs/"))
        };
        let types: Vec<&str> = required.iter().filter_map(of).collect();
        IDS.iter()
            .filter(|(of, _, _)| !matches!(*of, "TenantId" | "UserId"))
            .find(|(of, _, _)| types.contains(of))
    }

    /// What a command of this name would be about.
    fn subject(&mut self, world: &World, name: &str) -> Option<(&'static str, String)> {
        let (of, kind, member) = self.wants(name)?;
        if self.rng.percent(15) {
            return None;
        }
        if self.roles && name == "edit_role" {
            let now = moment(self.now);
            let offered: Vec<&Value> = world
                .of("invitation")
                .iter()
                .filter(|one| World::is_pending(&one["handshake"], &now) && text(one, "role").len() == 36)
                .collect();
            if let Some(one) = self.rng.pick(&offered) {
                return Some((*of, text(one, "role").to_owned()));
            }
        }
        let open = |one: &&Value| {
            let pending = one["handshake"].is_null() || one["handshake"]["state"] == "pending";
            pending && one["deleted"].is_null() && one["ended"].is_null() && one["closed"].is_null()
        };
        let all: Vec<&Value> = world.of(kind).iter().filter(open).collect();
        self.rng.pick(&all).map(|one| (*of, text(one, member).to_owned()))
    }

    /// Somebody on the side of a subject that would give such a command about it.
    fn on_its_side(&mut self, world: &World, name: &str, subject: &(&'static str, String)) -> Option<String> {
        let (_, kind, member) = IDS.iter().find(|(of, _, _)| *of == subject.0)?;
        let one = world.of(kind).iter().find(|one| one[*member] == subject.1.as_str())?;
        if matches!(name, "accept_invitation" | "decline_invitation" | "close_console") {
            return Some(text(one, "user").to_owned());
        }
        let sides: &[&str] = match name {
            "accept_link" | "decline_link" | "accept_proposal" | "decline_proposal"
            | "set_manager_grants" => &["managed"],
            "convert_link"
            | "add_services"
            | "renew_link"
            | "cancel_proposal"
            | "resend_proposal"
            | "invite_owner"
            | "cancel_link_request"
            | "resend_link_request"
            | "cancel_move" => &["manager"],
            "approve_move" | "decline_move" => &["customer"],
            "decline_manager_invitation" => &["manager"],
            "cancel_manager_invitation" | "resend_manager_invitation" => &["tenant"],
            _ => &["manager", "managed", "tenant", "owner", "buyer", "tenant"],
        };
        let mut homes: Vec<String> =
            sides.iter().map(|side| text(one, side).to_owned()).filter(|home| !home.is_empty()).collect();
        // Those above act as well.
        if let Some(home) = self.rng.pick(&homes).cloned()
            && self.rng.percent(40)
        {
            homes.extend(world.managers(&home).into_iter().map(str::to_owned));
        }
        let home = self.rng.pick(&homes)?.clone();
        let people: Vec<&Value> = world
            .of("user")
            .iter()
            .filter(|user| user["home"] == home.as_str() && user["state"] == "active")
            .collect();
        self.rng.pick(&people).map(|user| text(user, "id").to_owned())
    }

    /// Who gives a command of this name.
    fn actor(
        &mut self,
        world: &World,
        name: &str,
        subject: Option<&(&'static str, String)>,
    ) -> (Value, String, String) {
        if let Some(subject) = subject
            && name != "remove_service"
            && self.rng.percent(85)
            && let Some(user) = self.on_its_side(world, name, subject)
        {
            let home = world.one("user", &user).map(|user| text(user, "home").to_owned()).unwrap_or_default();
            return (json!({ "user": user }), user, home);
        }
        let operators = matches!(
            name,
            "set_policy"
                | "change_tenant_kind"
                | "register_tenant"
                | "register_user"
                | "remove_service"
                | "report_ready"
        );
        if self.rng.percent(if operators { 92 } else { 4 }) {
            let operator = if self.rng.percent(60) {
                json!({ "operator": { "ticket": "T-1" } })
            } else {
                json!({ "operator": {} })
            };
            return (operator, String::new(), String::new());
        }
        let active: Vec<&Value> = world.of("user").iter().filter(|user| user["state"] == "active").collect();
        let any: Vec<&Value> = world.of("user").iter().collect();
        let chosen = if self.rng.percent(94) { self.rng.pick(&active) } else { self.rng.pick(&any) };
        let Some(user) = chosen.copied() else { return (json!("clock"), String::new(), String::new()) };
        (json!({ "user": user["id"] }), text(user, "id").to_owned(), text(user, "home").to_owned())
    }

    /// A tenant that somebody of this home would name.
    fn tenant_near(&mut self, world: &World, home: &str) -> String {
        let below: Vec<String> = world
            .links()
            .filter(|link| link["manager"] == home)
            .map(|link| text(link, "managed").to_owned())
            .collect();
        let chance = self.rng.below(100);
        if chance < if below.is_empty() { 80 } else { 38 } && !home.is_empty() {
            return home.to_owned();
        }
        if chance < 85
            && let Some(one) = self.rng.pick(&below).cloned()
        {
            if self.rng.percent(25) {
                return self.tenant_near(world, &one);
            }
            return one;
        }
        let all = world.of("tenant");
        self.rng.pick(all).map(|tenant| text(tenant, "id").to_owned()).unwrap_or_else(|| self.fresh())
    }

    /// An id of a type that is there already; now and then of another kind, or none that is there.
    fn id(&mut self, of: &str, place: &Place<'_>) -> String {
        if self.rng.percent(2) {
            return self.other(place.world);
        }
        let world = place.world;
        let home = place.home.as_str();
        let Some((_, kind, member)) = IDS.iter().find(|(name, _, _)| *name == of) else {
            return self.other(world);
        };
        if let Some((_, id)) = place.subject.as_ref().filter(|(subject, _)| *subject == of) {
            return id.clone();
        }
        if *kind == "user" {
            let of = if self.rng.percent(70) { home } else { place.tenant.as_str() };
            let people: Vec<&Value> = world
                .of("user")
                .iter()
                .filter(|user| user["home"] == of && user["state"] != "removed")
                .collect();
            if self.rng.percent(88)
                && let Some(user) = self.rng.pick(&people)
            {
                return text(user, "id").to_owned();
            }
        }
        if *kind == "tenant" {
            return if self.rng.percent(70) { place.tenant.clone() } else { self.tenant_near(world, home) };
        }
        let mine = |one: &&Value| {
            let pending = one["handshake"].is_null() || one["handshake"]["state"] == "pending";
            let living = one["deleted"].is_null() && one["ended"].is_null() && one["closed"].is_null();
            let sides = ["home", "tenant", "manager", "managed", "customer", "owner", "buyer"];
            pending
                && living
                && sides.iter().any(|side| one[*side] == home || one[*side] == place.tenant.as_str())
        };
        let all: Vec<&Value> = world.of(kind).iter().collect();
        let near: Vec<&Value> = world.of(kind).iter().filter(mine).collect();
        let chosen = if self.rng.percent(85) {
            self.rng.pick(&near).or_else(|| self.rng.pick(&all)).copied()
        } else {
            self.rng.pick(&all).copied()
        };
        chosen.map(|one| text(one, member).to_owned()).unwrap_or_else(|| self.other(world))
    }

    /// An id of anything, or of nothing.
    fn other(&mut self, world: &World) -> String {
        let kind = *self.rng.pick(IDS).expect("there are types of ids");
        let found = self.rng.pick(world.of(kind.1)).map(|one| text(one, kind.2).to_owned());
        if self.rng.percent(85) { found.unwrap_or_else(|| self.fresh()) } else { self.fresh() }
    }

    /// An id for something new; now and then one that something of another kind has.
    fn new_id(&mut self, world: &World) -> String {
        if self.rng.percent(self.collisions) { self.other(world) } else { self.fresh() }
    }

    /// A command or query of that name with everything it needs, and some of what it may have.
    fn build(&mut self, of: &str, name: &str, place: &mut Place<'_>) -> Value {
        let tag = of.to_lowercase();
        let schema = self.schema;
        let Some(one) = schema.one(of, name) else { return json!({ tag: name }) };
        let mut call = self.object(one, place, &tag);
        call[&tag] = json!(name);
        if of == "Command" {
            self.mend(name, &mut call, place);
        }
        call
    }

    /// What makes a command plausible that chance alone would hardly make so.
    fn mend(&mut self, name: &str, command: &mut Value, place: &Place<'_>) {
        let world = place.world;
        match name {
            "delete_tenants" if self.rng.percent(95) => command["confirm"] = json!("delete"),
            "disable_tenants" | "enable_tenants" | "delete_tenants" => {}
            "add_customer" => {
                let rule = |one: &&Value| one["name"] == command["management"];
                let rule = world.policy["management_types"].as_array().into_iter().flatten().find(rule);
                let wants = rule.is_some_and(|rule| rule["delinkable"] == true);
                if self.rng.percent(92) {
                    if wants {
                        command["owner"] = self.invitee(world);
                    } else {
                        command.as_object_mut().map(|command| command.remove("owner"));
                    }
                }
                if self.rng.percent(90) {
                    command["kind"] = json!(self.rng.word("customer customer customer msp"));
                }
                if world.policy["term"]["required"] == true {
                    command["term"] = self.term();
                }
            }
            "accept_invitation" | "decline_invitation" if self.rng.percent(92) => {
                if let Some(address) = self.addresses.get(&place.user) {
                    command["email"] = json!(address);
                }
            }
            "edit_user" if self.rng.percent(50) => {
                self.made += 1;
                // Some of them are somebody's.
                let known: Vec<String> = self.addresses.values().cloned().collect();
                let taken = self.rng.percent(20).then(|| self.rng.pick(&known).cloned()).flatten();
                let email = taken.unwrap_or_else(|| format!("changed{}@one.example", self.made));
                self.asked.insert(text(command, "user").to_owned(), email.clone());
                command["email"] = json!(email);
            }
            "invite_user" if self.roles => {
                let own: Vec<&Value> = world
                    .of("role")
                    .iter()
                    .filter(|role| role["deleted"].is_null() && role["tenant"] == command["tenant"])
                    .collect();
                if let Some(role) = self.rng.pick(&own) {
                    command["role"] = role["id"].clone();
                }
            }
            "request_link" if world.policy["term"]["required"] == true => command["term"] = self.term(),
            "convert_link" if self.rng.percent(75) => command["owner"] = self.invitee(world),
            "open_console" => {
                let used = world
                    .links()
                    .find(|link| link["managed"] == command["tenant"])
                    .map(|link| texts(&link["services"]));
                if let Some(service) = used.and_then(|used| self.rng.pick(&used).cloned()) {
                    command["service"] = json!(service);
                }
            }
            _ => {}
        }
    }

    /// A command with the actor who could give it: whoever answers is on the right side.
    pub fn answer(&mut self, world: &World) -> Option<Step> {
        let now = moment(self.now);
        let pending = |one: &&Value| World::is_pending(&one["handshake"], &now);
        let side = |this: &mut Self, tenant: &str| {
            let people: Vec<String> = world
                .of("user")
                .iter()
                .filter(|user| user["home"] == tenant && user["state"] == "active")
                .map(|user| text(user, "id").to_owned())
                .collect();
            this.rng.pick(&people).map(|user| json!({ "user": user }))
        };
        match self.rng.below(14) {
            12 => {
                let all: Vec<&Value> = world.of("manager_invitation").iter().filter(pending).collect();
                let invitation = *self.rng.pick(&all)?;
                let name = self.rng.word("request_link request_link decline resend");
                let by = if name == "resend" { "tenant" } else { "manager" };
                let actor = side(self, text(invitation, by))?;
                if name != "request_link" {
                    let command = format!("{name}_manager_invitation");
                    let command = json!({ "command": command, "invitation": invitation["id"] });
                    return Some(self.step(&actor, &command));
                }
                let tenant = world.one("tenant", text(invitation, "tenant"))?;
                let management = self.rng.pick(world.policy["management_types"].as_array()?)?["name"].clone();
                let mut command = json!({
                    "command": "request_link", "manager": invitation["manager"], "number": tenant["number"],
                    "management": management, "services": self.some(&texts(&world.policy["services"])),
                });
                if world.policy["term"]["required"] == true {
                    command["term"] = self.term();
                }
                Some(self.step(&actor, &command))
            }
            13 => {
                let all: Vec<&Value> = world.of("address_change").iter().filter(pending).collect();
                let user = text(self.rng.pick(&all)?, "user");
                let email = self.asked.get(user).cloned()?;
                let command = json!({ "command": "confirm_address", "user": user, "email": email });
                Some(self.step(&json!({ "user": user }), &command))
            }
            0..=5 => {
                let all: Vec<&Value> = world.of("invitation").iter().filter(pending).collect();
                let invitation = *self.rng.pick(&all)?;
                let user = text(invitation, "user");
                let email = self.addresses.get(user).cloned()?;
                let name =
                    self.rng.word("accept_invitation accept_invitation accept_invitation decline_invitation");
                let command = json!({ "command": name, "invitation": invitation["id"], "email": email });
                Some(self.step(&json!({ "user": user }), &command))
            }
            6 => {
                let all: Vec<&Value> = world.of("proposal").iter().filter(pending).collect();
                let proposal = *self.rng.pick(&all)?;
                let name = self.rng.word("accept_proposal accept_proposal decline_proposal resend_proposal");
                let actor = side(
                    self,
                    text(proposal, if name.starts_with("resend") { "manager" } else { "managed" }),
                )?;
                Some(self.step(&actor, &json!({ "command": name, "proposal": proposal["id"] })))
            }
            7 => {
                let all: Vec<&Value> = world.of("link_request").iter().filter(pending).collect();
                let request = *self.rng.pick(&all)?;
                let name =
                    self.rng.word("accept_link accept_link accept_link decline_link resend_link_request");
                let actor = side(
                    self,
                    text(request, if name.starts_with("resend") { "manager" } else { "managed" }),
                )?;
                Some(self.step(&actor, &json!({ "command": name, "request": request["id"] })))
            }
            8 | 9 => {
                let all: Vec<&Value> = world.links().collect();
                let link = *self.rng.pick(&all)?;
                let name = match text(link, "stage") {
                    "active" => "request_delink",
                    _ => self
                        .rng
                        .word("accept_delink accept_delink reject_delink request_delink cancel_delink"),
                };
                let by = if self.rng.percent(50) { "manager" } else { "managed" };
                let actor = side(self, text(link, by))?;
                Some(self.step(&actor, &json!({ "command": name, "link": link["id"] })))
            }
            _ => {
                let enabling: Vec<&Value> =
                    world.living().filter(|one| one["operation"] == "enabling").collect();
                if let Some(tenant) = self.rng.pick(&enabling) {
                    let command = json!({ "command": "report_ready", "tenant": tenant["id"] });
                    return Some(self.step(&json!({ "operator": {} }), &command));
                }
                let all: Vec<&Value> = world.links().collect();
                let link = *self.rng.pick(&all)?;
                let actor = side(self, text(link, "managed"))?;
                let grants = self.some(&texts(&world.policy["grantable"]));
                let command =
                    json!({ "command": "set_manager_grants", "link": link["id"], "grants": grants });
                Some(self.step(&actor, &command))
            }
        }
    }

    fn invitee(&mut self, world: &World) -> Value {
        let user = self.new_id(world);
        let email = self.address(&user);
        json!({ "user": user, "invitation": self.new_id(world), "email": email, "name": self.name() })
    }

    /// A question of somebody, with every parameter at times.
    pub fn query(&mut self, world: &World, user: &str, names: &[String]) -> Value {
        let name = self.rng.pick(names).cloned().unwrap_or_default();
        let home = world.one("user", user).map(|user| text(user, "home").to_owned()).unwrap_or_default();
        let tenant = self.tenant_near(world, &home);
        let mut place =
            Place { world, call: name.clone(), home, user: user.to_owned(), tenant, subject: None };
        self.build("Query", &name, &mut place)
    }

    /// A command of this user.
    pub fn attempt(&mut self, world: &World, user: &str) -> Step {
        let name = self.weighted(world);
        let home = world.one("user", user).map(|user| text(user, "home").to_owned()).unwrap_or_default();
        let tenant = self.tenant_near(world, &home);
        let mut place =
            Place { world, call: name.clone(), home, user: user.to_owned(), tenant, subject: None };
        let command = self.build("Command", &name, &mut place);
        self.step(&json!({ "user": user }), &command)
    }

    /// An object as a schema has it.
    fn object(&mut self, schema: &Value, place: &mut Place<'_>, skip: &str) -> Value {
        let required = texts(&schema["required"]);
        let mut object = json!({});
        let Some(members) = schema["properties"].as_object() else { return object };
        for (member, value) in members {
            if member == skip || !self.schema.knows(&place.call, member) {
                continue;
            }
            let needed = required.contains(member);
            let ids = value.to_string().contains("Id\"");
            if needed || self.rng.percent(if ids { 90 } else { 35 }) {
                object[member] = self.value(member, value, !needed, place);
            }
        }
        object
    }

    /// A value of the type that a schema names.
    fn value(&mut self, member: &str, schema: &Value, new: bool, place: &mut Place<'_>) -> Value {
        if let Some(either) = schema["anyOf"].as_array() {
            let one = either.first().cloned().unwrap_or_default();
            // A value can be cleared where it can be changed.
            if place.call.starts_with("edit") && self.rng.percent(15) && member != "email" {
                return Value::Null;
            }
            return self.value(member, &one, new, place);
        }
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.trim_start_matches("#/$defs/").to_owned();
            return self.typed(&name, member, new, place);
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("");
        match kind {
            "array" => {
                if let Some(item) = schema["items"]["$ref"].as_str() {
                    return self.list(item.trim_start_matches("#/$defs/"), member, place);
                }
                let mut all = Vec::new();
                for _ in 0..=self.rng.below(3) {
                    all.push(json!(self.device(place)));
                }
                json!(all)
            }
            "boolean" => json!(self.rng.percent(50)),
            "integer" => match member {
                "limit" => json!(*self.rng.pick(&[1, 2, 3, 100, 1000]).unwrap_or(&10)),
                "after" | "seq" => json!(if self.rng.percent(80) { 0 } else { self.rng.below(30) }),
                "days" => json!(*self.rng.pick(&[1, 5, 20, 40]).unwrap_or(&5)),
                "seats" => json!(1 + self.rng.below(4)),
                "min_devices" | "max_devices" => json!(self.rng.below(3)),
                _ => json!(self.rng.below(5)),
            },
            "object" => self.object(schema, place, ""),
            _ => match member {
                "text" => json!(self.rng.word("a ac N1 e 1 one")),
                "command" => {
                    json!(self.schema.names("Command").get(self.rng.below(40)).cloned().unwrap_or_default())
                }
                _ => json!(self.rng.word("delete x manage")),
            },
        }
    }

    fn list(&mut self, item: &str, member: &str, place: &mut Place<'_>) -> Value {
        let world = place.world;
        match item {
            "Service" => {
                let services = texts(&world.policy["services"]);
                json!(self.some(&services))
            }
            "Permission" if member == "grants" => {
                let grantable = texts(&world.policy["grantable"]);
                json!(self.some(&grantable))
            }
            "Permission" => {
                let share = *self.rng.pick(&[5, 20, 50, 80]).unwrap_or(&20);
                let all = texts(&world.policy["permissions"]);
                let super_only = texts(&world.policy["super_only"]);
                let some: Vec<&String> = all
                    .iter()
                    .filter(|one| {
                        self.rng.percent(share) && (!super_only.contains(one) || self.rng.percent(5))
                    })
                    .collect();
                json!(some)
            }
            _ => {
                let most = match item {
                    "Question" => 3,
                    _ if self.rng.percent(70) => 1,
                    _ => 3,
                };
                let mut all: Vec<Value> = Vec::new();
                for _ in 0..most {
                    let one = self.typed(item, "", false, place);
                    if !all.contains(&one) {
                        all.push(one);
                    }
                }
                json!(all)
            }
        }
    }

    fn device(&mut self, place: &Place<'_>) -> String {
        let held = place.world.of("device");
        if self.rng.percent(if place.call == "upload_devices" { 8 } else { 85 })
            && let Some(device) = self.rng.pick(held)
        {
            let others = texts(&device["others"]);
            let other = self.rng.pick(&others).filter(|_| self.rng.percent(50));
            return other.map_or_else(|| text(device, "id").to_owned(), Clone::clone);
        }
        self.made += 1;
        format!("SERIAL-{:05}", self.made)
    }

    fn typed(&mut self, name: &str, member: &str, new: bool, place: &mut Place<'_>) -> Value {
        let world = place.world;
        if name.ends_with("Id") && !matches!(name, "DeviceId" | "ExternalId" | "SystemId") {
            let creates =
                new && !matches!(place.call.as_str(), "reseller_customers" | "reseller_csv" | "audit");
            if member == "user" && place.call == "register_user" || creates {
                let id = self.new_id(world);
                return json!(id);
            }
            return json!(self.id(name, place));
        }
        match name {
            "Actor" => json!({ "user": place.user }),
            "TypedDevice" if self.rng.percent(25) => {
                let others = self.rng.below(3);
                json!((0..=others).map(|_| self.device(place)).collect::<Vec<_>>())
            }
            "TypedDevice" => json!(self.device(place)),
            "CompanyName" | "PersonName" | "RoleName" | "IntegrationName" | "Reference" => json!(self.name()),
            "Number" => {
                if new && !self.rng.percent(5) {
                    self.made += 1;
                    return json!(format!("N{}", self.made));
                }
                let one = self.tenant_near(world, &place.home);
                let number = world.one("tenant", &one).map(|tenant| tenant["number"].clone());
                let any = self.rng.pick(world.of("tenant")).map(|tenant| tenant["number"].clone());
                if self.rng.percent(40) { number.or(any) } else { any }.unwrap_or_else(|| json!("N0"))
            }
            "Country" => json!(self.rng.word("DE FR US")),
            "Website" => json!(format!("https://{}.example/", self.name().to_lowercase())),
            "Prefix" => json!(self.name().to_lowercase()),
            "Street" => self.contact()["street"].clone(),
            "Phone" => self.contact()["phone"].clone(),
            "Coordinates" => self.contact()["coordinates"].clone(),
            "Contact" => self.contact(),
            "TermRequest" => self.term(),
            "Email" => {
                self.made += 1;
                if self.rng.percent(90) {
                    json!(format!("new{}@one.example", self.made))
                } else {
                    let known: Vec<&String> = self.addresses.values().collect();
                    json!(self.rng.pick(&known).map_or("x@one.example", |one| one.as_str()))
                }
            }
            "Invitee" => self.invitee(world),
            "RoleRef" => {
                let own: Vec<Value> = world
                    .of("role")
                    .iter()
                    .filter(|role| {
                        role["deleted"].is_null()
                            && (role["tenant"] == place.home.as_str()
                                || role["tenant"] == place.tenant.as_str())
                    })
                    .map(|role| role["id"].clone())
                    .collect();
                let builtin: Vec<Value> = world.policy["roles"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|role| role["name"].clone())
                    .collect();
                if self.rng.percent(40)
                    && let Some(role) = self.rng.pick(&own)
                {
                    return role.clone();
                }
                self.rng.pick(&builtin).cloned().unwrap_or_default()
            }
            "Permission" => {
                self.rng.pick(&texts(&world.policy["permissions"])).map_or(json!("x.y"), |one| json!(one))
            }
            "Service" => {
                self.rng.pick(&texts(&world.policy["services"])).map_or(json!("manage"), |one| json!(one))
            }
            "ManagementType" => {
                let all: Vec<Value> = world.policy["management_types"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|one| one["name"].clone())
                    .collect();
                self.rng.pick(&all).cloned().unwrap_or_default()
            }
            "IssueCategory" => self
                .rng
                .pick(&texts(&world.policy["issue_categories"]))
                .map_or(json!("app"), |one| json!(one)),
            "IntegrationType" => json!(self.rng.word("collector ticketing sso")),
            "ReturnPlace" => {
                self.made += 1;
                json!(format!("https://return.example/?secret={}", self.made))
            }
            "Policy" => world.policy.clone(),
            "Ticket" => json!("T-1"),
            "DeviceId" => json!(self.device(place)),
            "System" => json!(self.rng.word("connectwise autotask")),
            "ExternalId" => {
                // A few that are there already, and those that look like an address (U-5).
                let made = self.made;
                if self.rng.percent(40) && made > 0 {
                    return json!(format!("EXT{}", 1 + self.rng.below(made as usize)));
                }
                self.made += 1;
                json!(format!("EXT{}", self.made))
            }
            "Timestamp" => {
                let days = *self.rng.pick(&[-400, -3, 0, 1, 3, 30, 400]).unwrap_or(&3);
                json!(moment(self.now + days * DAY + if days == 0 { 60 * SECOND } else { 0 }))
            }
            "AsOf" => self.as_of(),
            "Token" => json!("x"),
            // Whoever has a role can lose it.
            "UserOnTenant" if self.rng.percent(75) => {
                let near = |one: &&Value| {
                    let user = world.one("user", text(one, "user"));
                    user.is_some_and(|user| user["home"] == place.home.as_str())
                };
                let all: Vec<&Value> = world.of("assignment").iter().filter(near).collect();
                match self.rng.pick(&all) {
                    Some(one) => json!({ "user": one["user"], "tenant": one["tenant"] }),
                    None => json!({ "user": place.user, "tenant": place.tenant }),
                }
            }
            _ => {
                let schema = self.schema;
                let Some(definition) = schema.definitions.get(name) else { return Value::Null };
                if let Some(either) = definition["oneOf"].as_array() {
                    let one = self.rng.pick(either).cloned().unwrap_or_default();
                    if let Some(words) = one["enum"].as_array() {
                        return self.rng.pick(words).cloned().unwrap_or_default();
                    }
                    return self.value(member, &one, false, place);
                }
                if let Some(words) = definition["enum"].as_array() {
                    return self.rng.pick(words).cloned().unwrap_or_default();
                }
                self.object(definition, place, "")
            }
        }
    }

    /// Some moment: past, far past, ahead, or as far ahead as there is.
    pub fn as_of(&mut self) -> Value {
        match self.rng.below(20) {
            0 => json!("9999-12-31T23:59:59.999999Z"),
            1 => json!("0001-01-01T00:00:00Z"),
            2 => json!(moment(self.now + 9 * DAY)),
            3 => json!(moment(self.now + 800 * DAY)),
            4..=6 => json!(self.rng.below(60)),
            _ => {
                let back = (self.now - BEGINNING).max(1) as u64;
                let ago = (self.rng.number() % back) as i64 / SECOND * SECOND;
                json!(moment(self.now - ago))
            }
        }
    }
}
