//! The machine of two worlds (T-9): one history, and the same with things that a user may not see otherwise named or left out.
//! Everything that user is told is the same in both: lists with every filter, order, page and moment, refusals, receipts and
//! mail; numbers of records apart.
//!
//! What a user may see is read from the checks of the library itself, as they stand in the end (now rules), and generously:
//! whatever might be seen counts as seen, so that a difference is one that nobody may be told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::door::Library;
use crate::generator::{Generator, Schema};
use crate::play::{Played, play};
use crate::script::{Found, In, Script, Step, Told, ask};
use crate::world::{World, at, text};

/// T-9.3: what may be told by refusals, each a bit that names nobody. Where one differs, the histories part.
const EXCEPTIONS: &[&str] = &[
    "id_taken",
    "number_taken",
    "prefix_taken",
    "prefix_resting",
    "email_taken",
    "has_managed_tenants",
    "role_in_use",
    "super_admin_only",
    "beyond_own_rights",
    "device_taken",
    "devices_taken",
    "device_held",
    "device_ids_conflict",
    "external_id_taken",
];

/// Whoever may link asks by number and is told a name (T-8); a reseller adds by number (V-1), and a tenant invites and
/// bars by number (L-10).
const BY_NUMBER: &[&str] =
    &["look_up", "request_link", "add_reseller_customer", "invite_manager", "bar_manager"];

/// Plays one history, and asks in two worlds.
pub fn history(
    library: &dyn Library,
    schema: &Schema,
    policies: &[Value],
    seed: u64,
    steps: usize,
) -> Played {
    let mut generator = Generator::new(schema, seed);
    generator.collisions = if seed.is_multiple_of(2) { 4 } else { 25 };
    let policy = generator.policy(policies);
    let (mut script, done) = play(library, schema, &mut generator, &policy, steps, |_, _, _, _| {});
    let Ok(door) = script.open(library) else { return (Vec::new(), done) };
    for step in &script.steps {
        step.run(&*door);
    }
    let world = World::read(&*door);
    let names: Vec<String> = schema
        .names("Query")
        .into_iter()
        .filter(|name| schema.one("Query", name).is_some_and(|one| one["properties"]["actor"].is_object()))
        .collect();
    let mut found = Vec::new();
    let users: Vec<String> = world.of("user").iter().map(|user| text(user, "id").to_owned()).collect();
    let actors: Vec<String> = script
        .steps
        .iter()
        .filter_map(Step::told)
        .filter_map(|(actor, _)| actor["user"].as_str().map(str::to_owned))
        .collect();
    for _ in 0..3 {
        let chosen =
            if generator.rng.percent(60) { generator.rng.pick(&actors) } else { generator.rng.pick(&users) };
        let Some(user) = chosen.cloned() else { break };
        let mut eyes = script.clone();
        // Any command that is out of sight may be left out in the first world, and any text be another.
        for step in &mut eyes.steps {
            if step.told().is_some_and(|(actor, _)| actor["user"] != user.as_str())
                && generator.rng.percent(35)
            {
                step.world = In::Second;
            }
        }
        let mut other = Map::new();
        for step in &eyes.steps {
            let Some((_, command)) = step.told() else { continue };
            strings(command, &mut |one, kind| {
                let name = named(kind, one);
                if generator.rng.percent(60)
                    && !other.contains_key(&name)
                    && let Some(changed) = otherwise(one)
                {
                    other.insert(name, json!(changed));
                }
            });
        }
        eyes.about = json!({ "seed": seed, "user": user, "otherwise": other });
        let numbers: Vec<Value> = world.of("tenant").iter().map(|tenant| tenant["number"].clone()).collect();
        for _ in 0..24 {
            let query = generator.query(&world, &user, &names);
            eyes.steps.push(probe(&mut generator, json!({ "ask": query })));
        }
        for name in names.iter().chain(names.iter().filter(|name| *name == "audit").cycle().take(4)) {
            // Each list of what is near and far, plainly: chance asks too much at a time.
            let mut query = generator.query(&world, &user, std::slice::from_ref(name));
            for member in ["filter", "paging", "after", "limit"] {
                query.as_object_mut().map(|query| query.remove(member));
            }
            eyes.steps.push(probe(&mut generator, json!({ "ask": query })));
        }
        for _ in 0..10 {
            let mut step = generator.attempt(&world, &user);
            if matches!(step.name(), "request_link" | "invite_manager" | "bar_manager")
                && let Some(number) = generator.rng.pick(&numbers)
            {
                step.call["execute_all"][0]["command"]["number"] = number.clone();
            }
            step.probe = true;
            eyes.steps.push(step);
        }
        for (kind, what) in check(library, &eyes) {
            found.push(Found { kind, what, script: eyes.clone() });
        }
        script.about = Value::Null;
    }
    (found, done)
}

fn probe(generator: &mut Generator<'_>, call: Value) -> Step {
    let ids = generator.rng.number();
    Step { at: generator.now, ids, world: In::Both, probe: true, call }
}

/// Every text in a value, with what kind of thing it names where it stands.
fn strings(value: &Value, each: &mut dyn FnMut(&str, &'static str)) {
    fn within(value: &Value, kind: &'static str, each: &mut dyn FnMut(&str, &'static str)) {
        match value {
            Value::String(text) => each(text, kind),
            Value::Array(all) => all.iter().for_each(|one| within(one, kind, each)),
            Value::Object(all) => all.iter().for_each(|(member, one)| within(one, kind_of(member), each)),
            _ => {}
        }
    }
    within(value, "", each);
}

/// What a member names: an id is one thing of one kind where it stands, whatever else may have it.
fn kind_of(member: &str) -> &'static str {
    match member {
        "user" | "additional" => "user",
        "tenant" | "tenants" | "manager" | "managed" | "reseller" | "home" | "to" | "customer" | "buyer"
        | "owner" | "keeper" => "tenant",
        "link" | "request" => "link",
        "invitation" => "invitation",
        "role" => "role",
        "integration" => "integration",
        "licence" => "licence",
        "session" => "session",
        "upload" => "upload",
        "id" => "move",
        _ => "",
    }
}

fn named(kind: &str, one: &str) -> String {
    format!("{kind}:{one}")
}

/// A text of the same form, for those that the generator makes; none for words that mean something.
fn otherwise(one: &str) -> Option<String> {
    if one.len() == 36 && one.as_bytes()[8] == b'-' {
        // The order of ids stays nearly as it is.
        let mut id: Vec<u8> = one.bytes().collect();
        id[35] = if id[35] == b'7' { b'8' } else { b'7' };
        id[34] = if id[34] == b'3' { b'4' } else { b'3' };
        return String::from_utf8(id).ok();
    }
    let digits = one.chars().rev().take_while(char::is_ascii_digit).count();
    if one.contains('@') {
        return Some(format!("x{one}"));
    }
    if one.starts_with("https://return.") {
        return Some(format!("{one}x"));
    }
    if one.starts_with('+') {
        return Some(one.replacen("+49 30", "+49 40", 1));
    }
    if one.ends_with(" Long Street") {
        return Some(format!("{one} East"));
    }
    if digits > 0 && one.starts_with(|c: char| c.is_ascii_uppercase()) && !one.contains('-') {
        return Some(if one.starts_with('N') { format!("{one}0X") } else { format!("{one}x") });
    }
    None
}

/// What a user may see, as far as the machine tells it apart.
struct Sight {
    /// Tenants where they may do anything, and their home.
    inside: BTreeSet<String>,
    /// Tenants known by name besides: across a link, a request, a reseller's list.
    by_name: BTreeSet<String>,
    home: String,
}

fn sight(world: &World, can: &crate::world::Table, user: &str) -> Sight {
    let one = world.one("user", user);
    let active = one.is_some_and(|one| one["state"] == "active");
    let home = one.map(|one| text(one, "home").to_owned()).unwrap_or_default();
    let mut inside = BTreeSet::new();
    let mut by_name = BTreeSet::new();
    if active {
        inside.insert(home.clone());
        for tenant in world.of("tenant") {
            let id = text(tenant, "id");
            // Whoever manages what stands still knows it, unless they are kept off: only what they may do rests.
            let rests = tenant["operation"] != "enabled" && world.manages(&home, id);
            let kept_off = || {
                let own = |one: &&Value| one["user"] == user && one["tenant"] == id;
                let all = world.of("assignment");
                // What lies over it for a while may let them see it after all.
                all.iter()
                    .find(own)
                    .is_some_and(|own| own["over"].is_null() && world.role(text(own, "role")) == 0)
            };
            if at(can, user, id) != 0 || rests && !kept_off() {
                inside.insert(id.to_owned());
            }
        }
        let pairs = [
            ("link", "manager", "managed"),
            ("link_request", "manager", "managed"),
            ("proposal", "manager", "managed"),
            ("manager_invitation", "manager", "tenant"),
            ("move", "manager", "customer"),
        ];
        // What a manager asks for is known to whoever stands above it; who else manages a tenant is
        // not known to those who manage it.
        for (kind, one, other) in pairs {
            for link in world.of(kind) {
                if inside.contains(text(link, one)) || link[other] == home.as_str() {
                    by_name.extend([text(link, one).to_owned(), text(link, other).to_owned()]);
                }
            }
        }
        for (kind, one, other) in [
            ("reseller_row", "reseller", "tenant"),
            ("attachment", "owner", "tenant"),
            ("licence", "buyer", "tenant"),
        ] {
            for row in world.of(kind) {
                if inside.contains(text(row, one)) || inside.contains(text(row, other)) {
                    by_name.extend([text(row, one).to_owned(), text(row, other).to_owned()]);
                }
            }
        }
        // Those above, those on the way down, and the managers of what a reseller lists.
        for tenant in world.of("tenant") {
            let id = text(tenant, "id");
            let on_the_way = inside.iter().any(|below| world.manages(id, below) && world.manages(&home, id));
            if world.manages(id, &home) || on_the_way {
                by_name.insert(id.to_owned());
            }
        }
        let listed: Vec<String> = world
            .of("reseller_row")
            .iter()
            .filter(|row| row["reseller"] == home.as_str())
            .flat_map(|row| world.of("link").iter().filter(move |link| link["managed"] == row["tenant"]))
            .map(|link| text(link, "manager").to_owned())
            .collect();
        by_name.extend(listed);
    }
    Sight { inside, by_name, home }
}

impl Sight {
    fn hides(&self, tenant: &str) -> bool {
        !self.inside.contains(tenant)
    }

    fn hides_name(&self, tenant: &str) -> bool {
        self.hides(tenant) && !self.by_name.contains(tenant)
    }
}

/// Where things belong.
struct Belongs {
    /// What things of a kind are called, and the tenants they are about.
    tenants: BTreeMap<String, BTreeSet<String>>,
}

impl Belongs {
    fn new(world: &World) -> Self {
        let mut tenants: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (kind, all) in &world.kinds {
            let kind = match kind.as_str() {
                "link_request" => "link",
                "holding" => "upload",
                kind => kind,
            };
            for one in all {
                let entry = tenants.entry(named(kind, text(one, "id"))).or_default();
                for side in [
                    "home", "tenant", "manager", "managed", "customer", "owner", "buyer", "reseller",
                    "holder",
                ] {
                    if let Some(tenant) = one[side].as_str() {
                        entry.insert(tenant.to_owned());
                    }
                }
                if kind == "tenant" {
                    entry.insert(text(one, "id").to_owned());
                }
            }
        }
        for tenant in world.of("tenant") {
            tenants
                .entry(named("", text(tenant, "number")))
                .or_default()
                .insert(text(tenant, "id").to_owned());
        }
        Self { tenants }
    }

    fn one(&self, kind: &str, one: &str) -> BTreeSet<String> {
        self.tenants.get(&named(kind, one)).cloned().unwrap_or_default()
    }

    /// The tenants that a command, or what followed from it, is about.
    fn of(&self, value: &Value) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        strings(value, &mut |one, kind| {
            all.extend(self.one(kind, one));
        });
        all
    }

    fn about(&self, command: &Value, told: &Told) -> BTreeSet<String> {
        let mut about = self.of(command);
        about.extend(self.of(&told.value()["events"]));
        about
    }

    /// Whether a text may be another one in the first world, for all that the user may see.
    fn may_differ(&self, kind: &str, one: &str, sight: &Sight, steps: &[(&Step, Told)]) -> bool {
        let mut stands = false;
        for (step, told) in steps {
            let Some((actor, command)) = step.told() else { continue };
            let mut here = actor["user"] == one && kind == "user";
            strings(command, &mut |text, of| here |= text == one && of == kind);
            if !here {
                continue;
            }
            stands = true;
            let name = step.name();
            let is = |member: &str| command[member] == one;
            let person = ["invitee", "owner"].iter().find(|member| {
                let person = &command[**member];
                person.is_object() && ["email", "name"].iter().any(|of| person[*of] == one)
            });
            let whose = |value: &Value| self.one("user", value.as_str().unwrap_or(""));
            // Where the text stands says whose it is.
            let may = match kind {
                "tenant" => sight.hides_name(one),
                "user" => {
                    let home = self.one("user", one);
                    name != "set_alert_rule" && !home.is_empty() && home.iter().all(|home| sight.hides(home))
                }
                "link" => {
                    let sides = self.one("link", one);
                    !sides.is_empty()
                        && !sides.contains(&sight.home)
                        && sides.iter().any(|side| sight.hides_name(side))
                }
                // What an organisation keeps is told to those who see it alone.
                _ if matches!(name, "set_external_id" | "remove_external_id") && is("id") => {
                    sight.hides(text(command, "keeper"))
                }
                _ if one.starts_with("https://return.") => {
                    let home = whose(&actor["user"]);
                    !home.is_empty() && !home.contains(&sight.home)
                }
                _ if (is("number") || is("name"))
                    && matches!(name, "register_tenant" | "add_customer" | "edit_tenant") =>
                {
                    let tenant = text(command, "tenant");
                    !tenant.is_empty() && sight.hides_name(tenant)
                }
                "" if !self.one("", one).is_empty() => {
                    self.one("", one).iter().all(|tenant| sight.hides_name(tenant))
                }
                _ if person.is_some() => {
                    let home = whose(&command[*person.unwrap_or(&"invitee")]["user"]);
                    !home.is_empty() && home.iter().all(|home| sight.hides(home))
                }
                _ if matches!(
                    name,
                    "register_user"
                        | "edit_user"
                        | "confirm_address"
                        | "accept_invitation"
                        | "decline_invitation"
                ) && (is("email") || is("name")) =>
                {
                    let user = if command["user"].is_string() { &command["user"] } else { &actor["user"] };
                    let home = whose(user);
                    !home.is_empty() && home.iter().all(|home| sight.hides(home))
                }
                _ => {
                    let mut about = self.about(command, told);
                    about.extend(self.of(actor));
                    about.extend(self.one(kind, one));
                    !about.is_empty() && about.iter().all(|tenant| sight.hides(tenant))
                }
            };
            if !may {
                return false;
            }
        }
        stands
    }

    /// Whether a step may be missing in the first world.
    fn may_miss(&self, step: &Step, told: &Told, sight: &Sight) -> bool {
        let Some((actor, command)) = step.told() else { return false };
        let mut about = self.about(command, told);
        about.extend(self.of(actor));
        !about.is_empty()
            && !matches!(step.name(), "set_policy" | "erase_personal")
            && about.iter().all(|tenant| sight.hides_name(tenant))
    }
}

fn replace(value: &Value, kind: &str, by: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => by.get(&named(kind, text)).map_or_else(|| value.clone(), |other| json!(other)),
        Value::Array(all) => all.iter().map(|one| replace(one, kind, by)).collect(),
        Value::Object(all) => Value::Object(
            all.iter().map(|(member, one)| (member.clone(), replace(one, kind_of(member), by))).collect(),
        ),
        _ => value.clone(),
    }
}

/// The steps of both worlds, without and with the probes: those of the first follow from those of the second.
pub fn derive(library: &dyn Library, script: &Script) -> Option<(Vec<Step>, Vec<Step>)> {
    let user = script.about["user"].as_str()?;
    let door = script.open(library).ok()?;
    let second: Vec<&Step> = script.steps.iter().filter(|step| !step.probe).collect();
    let told: Vec<(&Step, Told)> = second.iter().map(|step| (*step, step.run(&*door))).collect();
    let world = World::read(&*door);
    let can = world.can(&*door);
    let sight = sight(&world, &can, user);
    let belongs = Belongs::new(&world);
    let mut by = BTreeMap::new();
    if let Some(all) = script.about["otherwise"].as_object() {
        let mine: BTreeSet<String> = second
            .iter()
            .filter_map(|step| step.told())
            .filter(|(actor, _)| actor["user"] == user)
            .flat_map(|(_, command)| {
                let mut all = Vec::new();
                strings(command, &mut |one, kind| all.push(named(kind, one)));
                all
            })
            .chain([named("user", user)])
            .collect();
        for (name, other) in all {
            let (kind, one) = name.split_once(':').unwrap_or(("", name));
            if !mine.contains(name) && belongs.may_differ(kind, one, &sight, &told) {
                by.insert(name.clone(), other.as_str().unwrap_or("").to_owned());
            }
        }
    }
    let mut first = Vec::new();
    for (step, told) in &told {
        if step.world == In::Second && belongs.may_miss(step, told, &sight) {
            continue;
        }
        let mut step = (*step).clone();
        step.call = replace(&step.call, "", &by);
        first.push(step);
    }
    Some((first, second.into_iter().cloned().collect()))
}

/// Plays a script in both worlds, and gives the kinds of what tells them apart.
pub fn check(library: &dyn Library, script: &Script) -> Vec<(String, String)> {
    let Some((first, second)) = derive(library, script) else { return Vec::new() };
    let (Ok(one), Ok(other)) = (script.open(library), script.open(library)) else { return Vec::new() };
    let user = text(&script.about, "user");
    // Steps of both worlds have the same end in both; else what is out of sight reaches into it, and nothing can be said.
    let done = |steps: &[Step], door: &dyn crate::door::Door| -> BTreeMap<u64, String> {
        let ended = |told: Told| match told {
            Told::Yes(_) => String::new(),
            Told::No(code, _) => code,
        };
        steps.iter().map(|step| (step.ids, ended(step.run(door)))).collect()
    };
    let (in_first, in_second) = (done(&first, &*one), done(&second, &*other));
    if in_first.iter().any(|(step, ended)| in_second.get(step) != Some(ended)) {
        return Vec::new();
    }
    let (world_one, world_other) = (World::read(&*one), World::read(&*other));
    let (can_one, can_other) = (world_one.can(&*one), world_other.can(&*other));
    if sight(&world_one, &can_one, user).inside != sight(&world_other, &can_other, user).inside {
        return Vec::new();
    }
    let mut found: Vec<(String, String)> = Vec::new();
    let mut find = |kind: String, what: String| {
        if !found.iter().any(|(before, _)| *before == kind) {
            found.push((kind, what));
        }
    };
    let numbers: BTreeSet<String> = world_other
        .of("tenant")
        .iter()
        .chain(world_one.of("tenant"))
        .filter(|tenant| {
            world_one.one("tenant", text(tenant, "id")) != world_other.one("tenant", text(tenant, "id"))
        })
        .map(|tenant| text(tenant, "number").to_owned())
        .collect();
    let stranger = world_other.one("user", user).is_none_or(|user| user["state"] != "active");
    for step in script.steps.iter().filter(|step| step.probe) {
        let body = step.told().map_or(&step.call["ask"], |(_, command)| command);
        let name = step.name().to_owned();
        if body["as_of"].as_str().is_some_and(|as_of| as_of > crate::world::moment(step.at).as_str())
            || body["as_of"].is_u64()
            || body["paging"]["cursor"].is_string()
        {
            continue;
        }
        if BY_NUMBER.contains(&name.as_str()) && !stranger && numbers.contains(text(body, "number")) {
            // A name that differs by itself; but whether it may be asked to be linked is nobody's affair (T-8).
            if name != "request_link" {
                continue;
            }
        }
        let (a, b) = (step.run(&*one), step.run(&*other));
        let when = if body["as_of"].is_null() { "" } else { " as of then" };
        for told in [&a, &b] {
            if let Told::No(code, _) = told
                && code == "panicked"
            {
                find(format!("worlds defect: {name} panics"), body.to_string());
            }
        }
        let refused = |told: &Told| match told {
            Told::No(code, _) => {
                let no_number = code == "unknown_tenant"
                    && BY_NUMBER.contains(&name.as_str())
                    && numbers.contains(text(body, "number"));
                no_number || EXCEPTIONS.contains(&code.as_str())
            }
            Told::Yes(_) => false,
        };
        if step.told().is_some() && (refused(&a) || refused(&b)) {
            if a.is_done() != b.is_done() {
                break;
            }
            continue;
        }
        let (x, y) = (plain(a.value()), plain(b.value()));
        if x != y {
            let (way, left, right) = difference(&x, &y, "");
            let mut kind = format!("worlds T-9 {name}{when} tells {way}");
            if let (Told::No(a, _), Told::No(b, _)) = (&a, &b)
                && a != b
            {
                kind = format!("worlds T-9 {name}{when} is refused by what is out of sight");
            } else if a.is_done() != b.is_done() {
                kind = format!("worlds T-9 {name}{when} is answered by what is out of sight");
            }
            find(kind, format!("{body}: {left} or {right}"));
            if step.told().is_some() && a.is_done() != b.is_done() {
                break;
            }
        }
    }
    // Mail.
    let mail = |door: &dyn crate::door::Door| -> Vec<Value> {
        let told = ask(door, &json!({ "query": "notices", "consumer": "machine", "limit": 1000 }));
        let all = told.value()["answer"]["notices"].as_array().cloned().unwrap_or_default();
        let mine = |notice: &Value| {
            let to = notice["to"]["users"].as_array().is_some_and(|to| to.iter().any(|one| *one == user));
            to.then(|| plain(&notice["kind"]))
        };
        all.iter().filter_map(mine).collect()
    };
    let (x, y) = (mail(&*one), mail(&*other));
    if x != y && !stranger {
        let (way, left, right) = difference(&json!(x), &json!(y), "");
        find(format!("worlds T-9 mail tells {way}"), format!("{left} or {right}"));
    }
    found
}

/// An answer without the numbers of records and tokens.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(plain).collect(),
        Value::Object(all) => all
            .iter()
            .filter(|(name, one)| {
                // What time brought about is written with the next command of anybody: that tells as much as a number.
                let by_clock = name.as_str() == "at" && all.get("by").is_some_and(|by| by == "clock");
                let number = name.as_str() == "next" && one.is_number();
                let apart = matches!(name.as_str(), "seq" | "token" | "through" | "epoch");
                // In OCSF a record's number is its correlation, of which an event's own id is made.
                let of_record = all.contains_key("correlation_uid");
                let correlated = of_record && matches!(name.as_str(), "correlation_uid" | "sequence" | "uid");
                !(by_clock || number || apart || correlated)
            })
            .map(|(name, one)| {
                // The place of a record under the seal of the store: its number once more.
                let numbered =
                    |row: &Value| !(row["seq"].is_null() && row["metadata"]["correlation_uid"].is_null());
                let of_records = || all.get("rows").is_some_and(|rows| numbered(&rows[0]));
                let place = name.as_str() == "next" && one.is_string() && of_records();
                (name.clone(), if place { Value::Bool(true) } else { plain(one) })
            })
            .collect::<Map<String, Value>>()
            .into(),
        _ => value.clone(),
    }
}

/// Where two answers differ first: the member, and both values.
fn difference(one: &Value, other: &Value, member: &str) -> (String, String, String) {
    let here = || (member.to_owned(), one.to_string(), other.to_string());
    match (one, other) {
        (Value::Object(x), Value::Object(y)) => {
            for (name, left) in x {
                let right = y.get(name).unwrap_or(&Value::Null);
                if left != right {
                    return difference(left, right, name);
                }
            }
            y.iter()
                .find(|(name, _)| !x.contains_key(*name))
                .map_or_else(here, |(name, right)| (name.clone(), "nothing".to_owned(), right.to_string()))
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => x
            .iter()
            .zip(y)
            .find(|(left, right)| left != right)
            .map_or_else(here, |(left, right)| difference(left, right, member)),
        (Value::Array(_), Value::Array(_)) => {
            let (way, left, right) = here();
            (format!("how many {way}"), left, right)
        }
        _ => here(),
    }
}
