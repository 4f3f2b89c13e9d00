//! The machine of cost: work is counted, not timed, for questions and commands while something that somebody else can make
//! grow is n, 2n and 4n. Nothing grows with it beyond what is answered; batches are linear in their items.

use serde_json::{Value, json};

use crate::count::{Ended, telling, within};
use crate::door::{BEGINNING, Door, Library, id_of};
use crate::generator::{DAY, Generator, SECOND, Schema};
use crate::play::Played;
use crate::rng::mix;
use crate::script::{Found, In, Script, Step, Told, ask};
use crate::world::{World, moment, text};

/// How many there are of what grows, at first: more than any bounded step takes at a time.
const N: u64 = 100;
/// The most work a call may take before it is called without an end.
const BOUND: u64 = 600_000_000;
/// What one byte of an answer may cost: the shortest row is an id, and takes a check.
const EACH_BYTE: u64 = 200;
/// What a call may vary by for reasons of its own, such as a table that doubles.
const SLACK: u64 = 60_000;

/// The world that is measured: an MSP with two customers, a reseller, and strangers next door. Ids are numbers.
fn base(policy: &Value) -> Vec<Step> {
    let operator = json!({ "operator": {} });
    let mut steps: Vec<Step> = Vec::new();
    let mut push = |actor: &Value, command: Value| {
        let place = steps.len() as u64;
        steps.push(Step::command(BEGINNING + place as i64 * SECOND, place, actor, &command));
    };
    for (place, kind) in
        ["msp", "customer", "customer", "reseller", "msp", "customer", "msp"].into_iter().enumerate()
    {
        push(
            &operator,
            json!({ "command": "register_tenant", "kind": kind, "tenant": id(place), "name": format!("T{place}"), "number": format!("T{place}") }),
        );
        let user = json!({ "command": "register_user", "home": id(place), "user": id(100 + place), "email": format!("u{place}@home.example"), "role": policy["super_role"] });
        push(&operator, user);
    }
    let management = policy["management_types"]
        .as_array()
        .and_then(|all| all.iter().find(|rule| rule["locks_customer"] == false))
        .map(|rule| rule["name"].clone());
    for (manager, managed) in [(0, 1), (0, 2), (4, 5)] {
        let mut command = json!({
            "command": "request_link", "manager": id(manager), "number": format!("T{managed}"), "management": management,
            "services": [policy["services"][0]], "request": id(200 + managed),
        });
        if policy["term"]["required"] == true {
            command["term"] = json!({ "days": 700 });
        }
        push(&operator, command);
        push(
            &json!({ "user": id(100 + managed) }),
            json!({ "command": "accept_link", "request": id(200 + managed) }),
        );
    }
    push(
        &operator,
        json!({ "command": "create_role", "tenant": id(4), "role": id(300), "name": "Small", "permissions": ["tenant.view"] }),
    );
    push(
        &operator,
        json!({ "command": "create_role", "tenant": id(0), "role": id(301), "name": "Small", "permissions": ["tenant.view"] }),
    );
    steps
}

fn id(number: usize) -> String {
    id_of(number as u64).to_string()
}

/// What somebody can make grow: commands with `#` for the number of the round and `@3` for its third new id; who gives them; and
/// how many seconds pass after each.
fn growers(policy: &Value) -> Vec<Value> {
    let user = |place: usize| json!({ "user": id(100 + place) });
    let operator = json!({ "operator": {} });
    let service = &policy["services"][0];
    let lock = policy["management_types"]
        .as_array()
        .and_then(|all| all.iter().find(|rule| rule["locks_customer"] == false))
        .cloned()
        .unwrap_or_default();
    let mut all = Vec::new();
    let mut add = |name: &str, actor: &Value, commands: Value, later: i64| {
        all.push(json!({ "name": name, "actor": actor, "commands": commands, "later": later }));
    };
    // By strangers, who have nothing to do with whom is asked; and by colleagues.
    for (who, msp, customer, role) in [("strangers", 4, 5, id(300)), ("colleagues", 0, 1, id(301))] {
        let by = user(msp);
        let _ = customer;
        let mut customer_command = json!({
            "command": "add_customer", "manager": id(msp), "kind": "customer", "name": "C#", "number": "C#", "tenant": "@1", "link": "@2",
            "management": lock["name"], "services": [service],
        });
        if lock["delinkable"] == true {
            customer_command["owner"] =
                json!({ "user": "@3", "invitation": "@4", "email": "owner#@c.example" });
        }
        let mut extending = customer_command.clone();
        extending["term"] = json!({ "days": 30, "auto_extend": true });
        let mut ending = customer_command.clone();
        ending["term"] = json!({ "days": 5 });
        if policy["term"]["required"] == true {
            customer_command["term"] = json!({ "days": 700 });
        }
        let invite = json!({
            "command": "invite_user", "tenant": id(msp), "role": role,
            "invitee": { "user": "@1", "invitation": "@2", "email": "i#@home.example", "name": "I #" },
        });
        let register = json!({ "command": "register_user", "home": id(msp), "user": "@1", "email": "r#@home.example", "role": role });
        let named = |what: &str| format!("{what} of {who}");
        add(&named("customers"), &by, json!([customer_command]), 0);
        add(&named("customers whose links extend themselves"), &by, json!([extending]), 0);
        add(&named("links past their end"), &by, json!([ending]), 20 * 86_400);
        add(&named("invitations"), &by, json!([invite]), 0);
        add(&named("invitations past their end"), &by, json!([invite]), 60 * 86_400);
        add(&named("users"), &operator, json!([register]), 0);
        add(
            &named("roles"),
            &by,
            json!([{ "command": "create_role", "tenant": id(msp), "role": "@1", "name": "R#", "permissions": ["tenant.view"] }]),
            0,
        );
        add(
            &named("integrations"),
            &by,
            json!([{ "command": "create_integration", "owner": id(msp), "integration": "@1", "kind": "collector", "name": "I#" }]),
            0,
        );
        add(
            &named("licences"),
            &by,
            json!([{ "command": "buy_licence", "buyer": id(msp), "tenant": id(msp), "service": service, "seats": 1, "licence": "@1" }]),
            0,
        );
        add(
            &named("prefixes given back"),
            &by,
            json!([
                { "command": "edit_tenant", "tenant": id(msp), "prefix": "p#" }, { "command": "edit_tenant", "tenant": id(msp), "prefix": null },
            ]),
            0,
        );
        add(
            &named("edits of a profile"),
            &by,
            json!([{ "command": "edit_tenant", "tenant": id(msp), "name": "M#" }]),
            0,
        );
        add(
            &named("sessions"),
            &by,
            json!([{ "command": "open_console", "tenant": id(msp), "service": service, "return_to": "https://r.example/#", "session": "@1" }]),
            0,
        );
        add(
            &named("roles on one tenant"),
            &operator,
            json!([register, { "command": "assign", "assignments": [{ "user": "@1", "tenant": id(customer), "role": role }] }]),
            0,
        );
        add(
            &named("refusals"),
            &user(customer),
            json!([{ "command": "edit_tenant", "tenant": id(msp), "name": "Refused#" }]),
            0,
        );
        add(
            &named("delink requests taken back"),
            &by,
            json!([
                { "command": "request_delink", "link": id(200 + customer) }, { "command": "cancel_delink", "link": id(200 + customer) },
            ]),
            0,
        );
    }
    // On those who are asked, by others.
    add(
        "requests to be linked",
        &operator,
        json!([
            { "command": "register_tenant", "kind": "msp", "tenant": "@1", "name": "L#", "number": "L#" },
            { "command": "request_link", "manager": "@1", "number": "T6", "management": lock["name"], "services": [service], "request": "@2", "term": { "days": 100 } },
        ]),
        0,
    );
    add(
        "a reseller's devices",
        &user(3),
        json!([
            { "command": "add_reseller_customer", "reseller": id(3), "number": "T1" },
            { "command": "upload_devices", "reseller": id(3), "to": id(1), "devices": ["DEV-#-A", "DEV-#-B"], "upload": "@1" },
        ]),
        0,
    );
    add(
        "a reseller's customers",
        &operator,
        json!([
            { "command": "register_tenant", "kind": "customer", "tenant": "@1", "name": "L#", "number": "L#" },
            { "command": "add_reseller_customer", "reseller": id(3), "number": "L#" },
        ]),
        0,
    );
    all
}

/// One round of growth.
fn round(grower: &Value, number: u64) -> Vec<Step> {
    fn fill(value: &Value, number: u64) -> Value {
        match value {
            Value::String(text) if text.starts_with('@') => {
                let place: u64 = text[1..].parse().unwrap_or(0);
                json!(id_of(mix(number * 16 + place) | 1 << 63).to_string())
            }
            Value::String(text) => json!(text.replace('#', &number.to_string())),
            Value::Array(all) => all.iter().map(|one| fill(one, number)).collect(),
            Value::Object(all) => {
                Value::Object(all.iter().map(|(name, one)| (name.clone(), fill(one, number))).collect())
            }
            _ => value.clone(),
        }
    }
    let at = BEGINNING + 1_000 * SECOND + number as i64 * SECOND;
    let commands = grower["commands"].as_array().into_iter().flatten();
    commands
        .enumerate()
        .map(|(place, command)| {
            Step::command(
                at,
                number * 16 + place as u64 + (1 << 40),
                &grower["actor"],
                &fill(command, number),
            )
        })
        .collect()
}

/// Measures questions and commands while one thing grows.
pub fn history(library: &dyn Library, schema: &Schema, policies: &[Value], seed: u64, _: usize) -> Played {
    let mut generator = Generator::new(schema, seed);
    let policy = policies[(seed % policies.len() as u64) as usize].clone();
    let growers = growers(&policy);
    let grower = growers[(seed / policies.len() as u64 % growers.len() as u64) as usize].clone();
    let mut script = Script { policy: policy.clone(), steps: base(&policy), about: Value::Null };
    let Ok(door) = script.open(library) else { return (Vec::new(), (0, 0)) };
    for step in &script.steps {
        schema.learn(step, &step.run(&*door));
    }
    for step in round(&grower, 0) {
        step.run(&*door);
    }
    let world = World::read(&*door);
    let later = grower["later"].as_i64().unwrap_or(0);
    generator.now = BEGINNING + 10_000 * SECOND + later * SECOND;
    generator.collisions = 0;
    let names = schema.names("Query");
    for name in &names {
        if matches!(
            name.as_str(),
            "verify"
                | "parse"
                | "records_after"
                | "host_records"
                | "host_entity"
                | "host_entities"
                | "notices"
                // The journal and what it led to, in the words of others.
                | "host_ocsf"
                | "cloud_events"
                | "caep_sessions_revoked"
                | "caep_token_claims_changes"
                | "confirm"
                | "entity"
                | "entities"
                | "policy"
                | "token"
        ) {
            continue;
        }
        let user = id(100 + generator.rng.below(4));
        for moment_wanted in [false, true] {
            let mut query = generator.query(&world, &user, std::slice::from_ref(name));
            let takes = |member: &str| {
                schema.one("Query", name).is_some_and(|one| one["properties"][member].is_object())
            };
            if moment_wanted && !takes("as_of") {
                continue;
            }
            query.as_object_mut().map(|query| query.remove("as_of"));
            if moment_wanted {
                let days = *generator.rng.pick(&[0, 0, 400]).unwrap_or(&0);
                query["as_of"] = json!(moment(generator.now - 5 * SECOND + days * DAY));
            }
            if takes("paging") {
                query["paging"] = json!({ "limit": 3 });
            }
            if takes("limit") {
                query["limit"] = json!(3);
            }
            push(&mut generator, &mut script, json!({ "ask": query }));
        }
    }
    for _ in 0..14 {
        let user = id(100 + generator.rng.below(4));
        let mut step = generator.attempt(&world, &user);
        step.probe = true;
        script.steps.push(step);
    }
    script.about = json!({ "seed": seed, "grow": grower });
    let mut found: Vec<Found> = check(library, &script)
        .into_iter()
        .map(|(kind, what)| Found { kind, what, script: script.clone() })
        .collect();
    // Batches, of as many as there are.
    let batches = batches(&policy);
    let batch = batches[(seed % batches.len() as u64) as usize].clone();
    let script = Script {
        policy: policy.clone(),
        steps: base(&policy),
        about: json!({ "seed": seed, "batch": batch }),
    };
    found.extend(check(library, &script).into_iter().map(|(kind, what)| Found {
        kind,
        what,
        script: script.clone(),
    }));
    (found, (script.steps.len(), 0))
}

fn push(generator: &mut Generator<'_>, script: &mut Script, call: Value) {
    let ids = generator.rng.number();
    script.steps.push(Step { at: generator.now, ids, world: In::Both, probe: true, call });
}

/// Commands that take many items: what grows first, the command, and its items.
fn batches(policy: &Value) -> Vec<Value> {
    let operator = json!({ "operator": {} });
    let register = json!({ "command": "register_user", "home": id(0), "user": "@1", "email": "b#@home.example", "role": "no_access" });
    let tenant = json!({ "command": "register_tenant", "kind": "customer", "tenant": "@1", "name": "B#", "number": "B#" });
    let assign = json!({ "command": "assign", "assignments": [{ "user": "@1", "tenant": id(1), "role": "no_access" }] });
    let upload = json!({ "command": "upload_devices", "reseller": id(3), "to": id(1), "devices": ["BAT-#"] });
    let add = json!({ "command": "add_reseller_customer", "reseller": id(3), "number": "T1" });
    let _ = policy;
    let by = json!({ "user": id(100) });
    let one = |name: &str, grow: Value, actor: &Value, command: Value, list: &str, item: Value| json!({ "name": name, "grow": { "name": name, "actor": operator, "commands": grow }, "actor": actor, "command": command, "list": list, "item": item });
    let assigned = json!({ "user": "@1", "tenant": id(1), "role": "no_access" });
    let many = json!({ "command": "register_user", "home": id(1), "user": "@1", "email": "b#@home.example", "role": "no_access" });
    vec![
        one(
            "assign",
            json!([register]),
            &by,
            json!({ "command": "assign" }),
            "assignments",
            assigned.clone(),
        ),
        one(
            "unassign",
            json!([register, assign]),
            &by,
            json!({ "command": "unassign" }),
            "assignments",
            json!({ "user": "@1", "tenant": id(1) }),
        ),
        one(
            "unassign by operators",
            json!([register, assign]),
            &operator,
            json!({ "command": "unassign" }),
            "assignments",
            json!({ "user": "@1", "tenant": id(1) }),
        ),
        one(
            "assign by operators",
            json!([register, many]),
            &operator,
            json!({ "command": "assign" }),
            "assignments",
            assigned,
        ),
        one(
            "disable_tenants",
            json!([tenant]),
            &operator,
            json!({ "command": "disable_tenants" }),
            "tenants",
            json!("@1"),
        ),
        one(
            "delete_tenants",
            json!([tenant]),
            &operator,
            json!({ "command": "delete_tenants", "confirm": "delete" }),
            "tenants",
            json!("@1"),
        ),
        one(
            "upload_devices",
            json!([add]),
            &json!({ "user": id(103) }),
            json!({ "command": "upload_devices", "reseller": id(3), "to": id(1) }),
            "devices",
            json!("NEW-#"),
        ),
        one(
            "delete_devices",
            json!([add, upload]),
            &by,
            json!({ "command": "delete_devices", "tenant": id(1) }),
            "devices",
            json!("BAT-#"),
        ),
        one(
            "check_many",
            json!([register]),
            &json!(null),
            json!({ "query": "check_many" }),
            "questions",
            json!({ "user": "@1", "permission": "tenant.view", "tenant": id(1) }),
        ),
    ]
}

/// Plays a script, and gives the kinds of what was found.
pub fn check(library: &dyn Library, script: &Script) -> Vec<(String, String)> {
    let Ok(door) = script.open(library) else { return Vec::new() };
    for step in script.steps.iter().filter(|step| !step.probe) {
        step.run(&*door);
    }
    if script.about["batch"].is_object() {
        batch(&*door, &script.about["batch"])
    } else {
        grow(&*door, script)
    }
}

fn grow(door: &dyn Door, script: &Script) -> Vec<(String, String)> {
    let grower = &script.about["grow"];
    let probes: Vec<&Step> = script.steps.iter().filter(|step| step.probe).collect();
    let mut measured: Vec<Vec<(Ended, u64)>> = vec![Vec::new(); probes.len()];
    let mut next = 0;
    for size in [N, 2 * N, 4 * N] {
        while next < size {
            for step in round(grower, next) {
                step.run(door);
            }
            next += 1;
        }
        for (probe, seen) in probes.iter().zip(&mut measured) {
            // Commands leave nothing behind in a child. Their answers tell what happened.
            let call = probe.call.to_string();
            seen.push(telling(BOUND, || {
                door.hands().set(probe.at, probe.ids);
                door.call(&call).map_or(0, |reply| reply.len() as u64)
            }));
        }
    }
    let mut found: Vec<(String, String)> = Vec::new();
    let name = text(grower, "name");
    for (probe, seen) in probes.iter().zip(&measured) {
        let what = probe.name();
        let then = probe.call["ask"]["as_of"].as_str();
        let when = match then {
            None => "",
            Some(then) if then > moment(probe.at).as_str() => " ahead",
            Some(_) => " as of then",
        };
        let sizes = [N, 2 * N, 4 * N];
        let shown = || {
            format!(
                "{}: {}",
                probe.call,
                seen.iter()
                    .zip(sizes)
                    .map(|((ended, bytes), n)| format!("{n}: {ended:?} for {bytes} bytes; "))
                    .collect::<String>()
            )
        };
        let kind = match (seen[0], seen[1], seen[2]) {
            ((Ended::After(few), least), (Ended::After(_), _), (Ended::After(many), most)) => {
                let more = many.saturating_sub(few);
                let told = most.saturating_sub(least) * EACH_BYTE;
                // Four times as many may make an ordered table a level deeper; a third more is no growth with n.
                if more <= told + few / 3 + SLACK {
                    continue;
                }
                format!("cost {what}{when} grows with {name}")
            }
            _ => format!("cost {what}{when} has no end with {name}"),
        };
        if !found.iter().any(|(before, _)| *before == kind) {
            found.push((kind, shown()));
        }
    }
    found
}

fn batch(door: &dyn Door, batch: &Value) -> Vec<(String, String)> {
    for number in 0..8 * N {
        for step in round(&batch["grow"], number) {
            step.run(door);
        }
    }
    let items = |count: u64| -> Vec<Value> {
        (0..count)
            .map(|number| {
                let with = json!({ "actor": null, "commands": [{ "one": batch["item"] }] });
                let filled = round(&with, number)
                    .first()
                    .and_then(|step| step.told().map(|(_, command)| command["one"].clone()));
                filled.unwrap_or_default()
            })
            .collect()
    };
    let mut seen = Vec::new();
    let mut done = Vec::new();
    for size in [2 * N, 4 * N, 8 * N] {
        let mut command = batch["command"].clone();
        command[text(batch, "list")] = json!(items(size));
        let step = Step::command(BEGINNING + 20_000 * SECOND, 1 << 50 | size, &batch["actor"], &command);
        let call = if batch["actor"].is_null() {
            json!({ "ask": command }).to_string()
        } else {
            step.call.to_string()
        };
        let mut fault = String::new();
        let ended = within(BOUND, || {
            door.hands().set(step.at, step.ids);
            let _ = door.call(&call);
        });
        if size == 8 * N && ended != Ended::Over {
            let told = if batch["actor"].is_null() { ask(door, &command) } else { step.run(door) };
            if let Told::No(code, _) = told {
                fault = code;
            }
        }
        seen.push(ended);
        done.push(fault);
    }
    let name = text(batch, "name");
    let shown = format!("{:?} at {}, {} and {} items {}", seen, 2 * N, 4 * N, 8 * N, done.concat());
    match (seen[0], seen[2]) {
        (Ended::After(few), Ended::After(many)) if many <= few * 5 + SLACK => Vec::new(),
        (Ended::After(_), Ended::After(_)) => {
            vec![(format!("cost a batch is more than linear: {name}"), shown)]
        }
        _ => vec![(format!("cost a batch has no end: {name}"), shown)],
    }
}
