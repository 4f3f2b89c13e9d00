//! The machine of time (X-2, P-12, Q-3): what was is answered as it was; what is allowed about the past is allowed now; the
//! future is not answered; checks, explanations, lists and look-ups in reverse say the same at every moment; what has come due
//! shows as that everywhere; a clock that leaps loses nothing; and every question ends.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::count::{Ended, within};
use crate::door::{BEGINNING, Door, Library};
use crate::generator::{DAY, Generator, SECOND, Schema};
use crate::play::{Played, play};
use crate::script::{Found, In, Script, Step, Told, ask};
use crate::world::{World, moment, text, texts};

/// Far more than any question about so small a world asks for.
const BOUND: u64 = 60_000_000;

/// Plays one history with questions in between.
pub fn history(
    library: &dyn Library,
    schema: &Schema,
    policies: &[Value],
    seed: u64,
    steps: usize,
) -> Played {
    let mut generator = Generator::new(schema, seed);
    let policy = generator.policy(policies);
    let names = schema.names("Query");
    let probes = |generator: &mut Generator<'_>, world: &World, script: &mut Script| {
        let users: Vec<String> = world.of("user").iter().map(|user| text(user, "id").to_owned()).collect();
        let asks = |names: &[String], actor: bool| -> Vec<String> {
            let takes = |name: &&String| {
                schema.one("Query", name).is_some_and(|one| one["properties"]["actor"].is_object() == actor)
            };
            names.iter().filter(takes).cloned().collect()
        };
        for _ in 0..6 {
            let Some(user) = generator.rng.pick(&users).cloned() else { return };
            let mut query = generator.query(world, &user, &asks(&names, true));
            query["as_of"] = generator.as_of();
            push(generator, script, &query);
        }
        let permissions = world.permissions();
        let tenants: Vec<String> =
            world.of("tenant").iter().map(|tenant| text(tenant, "id").to_owned()).collect();
        let mut questions = Vec::new();
        for _ in 0..6 {
            let (Some(user), Some(tenant), Some(permission)) =
                (generator.rng.pick(&users), generator.rng.pick(&tenants), generator.rng.pick(&permissions))
            else {
                return;
            };
            questions.push(json!({ "user": user, "tenant": tenant, "permission": permission }));
        }
        push(generator, script, &json!({ "query": "check_many", "questions": questions }));
        push(generator, script, &json!({ "query": "host_entities", "kind": "link" }));
    };
    let (mut script, done) =
        play(library, schema, &mut generator, &policy, steps, |generator, world, script, place| {
            if place % 12 == 11 {
                probes(generator, world, script);
            }
        });
    // The clock leaps, either way, and comes back.
    for leap in [-3 * DAY, 20 * 365 * DAY] {
        let Ok(door) = script.open(library) else { break };
        for step in &script.steps {
            if !step.probe {
                step.run(&*door);
            }
        }
        let world = World::read(&*door);
        let active: Vec<&Value> = world.of("user").iter().filter(|user| user["state"] == "active").collect();
        if let Some(user) = generator.rng.pick(&active) {
            let mut step = generator.attempt(&world, text(user, "id"));
            step.at = generator.now + leap;
            step.probe = true;
            script.steps.push(step);
        }
    }
    let found = check(library, &script);
    let found = found.into_iter().map(|(kind, what)| Found { kind, what, script: script.clone() }).collect();
    (found, done)
}

fn push(generator: &mut Generator<'_>, script: &mut Script, query: &Value) {
    let ids = generator.rng.number();
    script.steps.push(Step {
        at: generator.now,
        ids,
        world: In::Both,
        probe: true,
        call: json!({ "ask": query }),
    });
}

/// Plays a script, and gives the kinds of what was found.
pub fn check(library: &dyn Library, script: &Script) -> Vec<(String, String)> {
    let Ok(door) = script.open(library) else { return Vec::new() };
    let door = &*door;
    let mut found: Vec<(String, String)> = Vec::new();
    let mut find = |kind: &str, what: String| {
        let kind = format!("time {kind}");
        if !found.iter().any(|(before, _)| *before == kind) {
            found.push((kind, what));
        }
    };
    let mut remembered: Vec<(i64, Value, Value)> = Vec::new();
    let mut last = 0;
    let mut now = BEGINNING;
    for step in &script.steps {
        if !step.probe {
            step.run(door);
            now = step.at;
            last = step.at;
            continue;
        }
        let query = &step.call["ask"];
        if query.is_null() {
            leap(door, step, now, &mut find);
            continue;
        }
        door.hands().set(step.at, step.ids);
        now = step.at;
        match query["query"].as_str().unwrap_or("") {
            "check_many" => {
                alike(door, query, &mut find);
                // A moment at which something is written later is no longer as it was at its first instant.
                if step.at > last {
                    remembered.push((step.at, query.clone(), ask(door, query).value()["answer"].clone()));
                }
            }
            "entities" | "host_entities" => due(&World::read(door), &moment(step.at), &mut find),
            name => past(door, name, query, step.at, &mut find),
        }
    }
    // What was, in the end.
    for (at, query, answer) in remembered {
        let written_then = script.steps.iter().any(|step| !step.probe && step.at == at);
        let mut query = query;
        query["as_of"] = json!(moment(at));
        let Told::Yes(reply) = ask(door, &query) else { continue };
        let strip = |answer: &Value| -> Vec<Value> {
            answer
                .as_array()
                .into_iter()
                .flatten()
                .map(|one| json!([one["allowed"], one["reason"]]))
                .collect()
        };
        if !written_then && strip(&reply["answer"]) != strip(&answer) {
            find(
                "X-2 a check as of then is not what it was",
                format!("{query}: was {answer}, and is {}", reply["answer"]),
            );
        }
    }
    found
}

/// Questions with a moment.
fn past(door: &dyn Door, name: &str, query: &Value, now: i64, find: &mut dyn FnMut(&str, String)) {
    let mut at_present = query.clone();
    at_present.as_object_mut().map(|query| query.remove("as_of"));
    let as_of = query["as_of"].as_str();
    let ahead = as_of.is_some_and(|as_of| as_of > moment(now + DAY).as_str());
    if ahead {
        match within(BOUND, || {
            let _ = ask(door, query);
        }) {
            Ended::After(_) => {
                if ask(door, query).is_done() {
                    find("X-2 the future is answered", format!("at {}: {query}", moment(now)));
                }
            }
            Ended::Over => find("X-2 a question has no end", query.to_string()),
            Ended::Crashed => find("X-2 a question ends the process", query.to_string()),
        }
        return;
    }
    if query.get("as_of").is_none() {
        return;
    }
    let then = ask(door, query);
    // A page is of one list: what is asked with the cursor of another is refused either way.
    let present = ask(door, &at_present);
    if let (Told::Yes(_), Told::No(code, _)) = (&then, &present) {
        find(
            &format!("T-9 {name} is told about the past to whom it is not told now"),
            format!("{query}: now {code}"),
        );
    }
    if let Told::No(code, _) = &then
        && code == "panicked"
    {
        find("defect: a question panics", query.to_string());
    }
}

/// Checks, one by one, in words, together and in reverse (P-12).
fn alike(door: &dyn Door, query: &Value, find: &mut dyn FnMut(&str, String)) {
    let together = ask(door, query);
    for (place, question) in query["questions"].as_array().into_iter().flatten().enumerate() {
        let with = |name: &str, without: &str| {
            let mut asked = question.clone();
            asked["query"] = json!(name);
            asked.as_object_mut().map(|asked| asked.remove(without));
            asked
        };
        let check = ask(door, &with("check", ""));
        let allowed = check.value()["answer"]["allowed"] == true;
        let same = |other: &Value| {
            other["allowed"] == check.value()["answer"]["allowed"]
                && other["reason"] == check.value()["answer"]["reason"]
        };
        if !same(&together.value()["answer"][place])
            || !same(&ask(door, &with("explain", "")).value()["answer"])
        {
            find("P-12 a check is not the same in words or together", question.to_string());
        }
        let contains = |told: &Told, member: &str| {
            texts(&told.value()["answer"]).iter().any(|one| question[member] == one.as_str())
        };
        let tenants = ask(door, &with("tenants_where", "tenant"));
        let users = ask(door, &with("users_who_can", "user"));
        if contains(&tenants, "tenant") != allowed || contains(&users, "user") != allowed {
            find("P-12 a check is not the same in reverse", format!("{question}: {allowed}"));
        }
    }
}

/// What has come due shows as that, recorded or not (L-3, L-9).
fn due(world: &World, now: &str, find: &mut dyn FnMut(&str, String)) {
    for link in world.links() {
        let expires = text(&link["term"], "expires");
        if !expires.is_empty() && expires <= now && link["term"]["auto_extend_days"].is_null() {
            find("L-9 a link past its end shows as in force", format!("at {now}: {link}"));
        }
    }
    for kind in ["invitation", "link_request", "proposal", "manager_invitation", "move"] {
        for one in world.of(kind) {
            if one["handshake"]["state"] == "pending" && text(&one["handshake"], "expires") <= now {
                find("L-3 a handshake past its end shows as pending", format!("at {now}: {kind} {one}"));
            }
        }
    }
}

/// One command by a clock that is wrong, and then the right time again (Q-3).
fn leap(door: &dyn Door, step: &Step, now: i64, find: &mut dyn FnMut(&str, String)) {
    let count = |world: &World| {
        let links = world.links().count();
        let pending =
            |kind: &str| world.of(kind).iter().filter(|one| one["handshake"]["state"] == "pending").count();
        (links, pending("invitation"), pending("link_request"), pending("proposal"), pending("move"))
    };
    door.hands().set(now, step.ids);
    // What is due by now shall not be blamed on the leap.
    let _ = door.call(r#"{"sweep":{}}"#);
    let before = World::read(door);
    let told = step.run(door);
    door.hands().set(now + SECOND, step.ids);
    let after = World::read(door);
    let way = if step.at > now { "ahead" } else { "back" };
    let own = told.is_done();
    let (was, is) = (count(&before), count(&after));
    let lost = is.0 + 1 < was.0 || is.1 + 1 < was.1 || is.2 + 1 < was.2;
    if lost || (!own && before.kinds.get("link") != after.kinds.get("link")) {
        find(
            &format!("Q-3 a clock that leaps {way} takes things along"),
            format!("{was:?} before and {is:?} after {}", step.call),
        );
    }
    let people: BTreeSet<&str> = after
        .of("user")
        .iter()
        .filter(|user| user["state"] == "active")
        .map(|user| text(user, "id"))
        .collect();
    let Some(user) = people.first() else { return };
    let next = Step::command(
        now + SECOND,
        step.ids ^ 1,
        &json!({ "user": user }),
        &json!({ "command": "edit_user", "user": user, "name": "Later" }),
    );
    if let Told::No(code, _) = next.run(door)
        && code == "clock_behind"
    {
        find(&format!("Q-3 after a clock that leapt {way} nothing goes on"), format!("after {}", step.call));
    }
}
