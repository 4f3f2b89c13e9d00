//! Scripts: calls of the JSON door, one after the other, with the moment of each. A script needs nothing that its replies
//! say, so that any part of it can be left out; that is how failures are made small.

use serde_json::{Value, json};

use crate::door::{Door, Library};

/// Which of two worlds a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum In {
    /// Every world there is.
    Both,
    /// The first of two.
    First,
    /// The second of two.
    Second,
}

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What ids that are left out follow from.
    pub ids: u64,
    /// In which world.
    pub world: In,
    /// Whether it is what the machine looks at, rather than what leads there.
    pub probe: bool,
    /// The call.
    pub call: Value,
}

impl Step {
    /// A command.
    pub fn command(at: i64, ids: u64, actor: &Value, command: &Value) -> Self {
        let call = json!({ "execute_all": [{ "actor": actor, "command": command }] });
        Self { at, ids, world: In::Both, probe: false, call }
    }

    /// Its actor and command, if it is a command.
    pub fn told(&self) -> Option<(&Value, &Value)> {
        let one = self.call.get("execute_all")?.get(0)?;
        Some((one.get("actor")?, one.get("command")?))
    }

    /// The command's name.
    pub fn name(&self) -> &str {
        let ask = || self.call["ask"]["query"].as_str();
        self.told()
            .map_or_else(|| ask().unwrap_or(""), |(_, command)| command["command"].as_str().unwrap_or(""))
    }

    /// Calls a door.
    pub fn run(&self, door: &dyn Door) -> Told {
        door.hands().set(self.at, self.ids);
        told(door.call(&self.call.to_string()))
    }
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It was executed, or answered.
    Yes(Value),
    /// It was refused, or is none; the fault's name and all of it.
    No(String, Value),
}

impl Told {
    /// Whether it was done.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Yes(_))
    }

    /// All of it.
    pub const fn value(&self) -> &Value {
        match self {
            Self::Yes(value) | Self::No(_, value) => value,
        }
    }
}

fn told(reply: Result<String, String>) -> Told {
    let read =
        |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let no = |fault: Value| {
        let name = ["name", "code"].iter().find_map(|name| fault[*name].as_str()).unwrap_or("?").to_owned();
        Told::No(name, fault)
    };
    match reply {
        Err(fault) => no(read(&fault)),
        Ok(reply) => {
            let mut reply = read(&reply);
            match reply.pointer_mut("/results/0") {
                None => Told::Yes(reply),
                Some(one) => match one.get_mut("fault") {
                    Some(fault) => no(fault.take()),
                    None => Told::Yes(one["executed"].take()),
                },
            }
        }
    }
}

/// Asks a door at the moment it stands at.
pub fn ask(door: &dyn Door, query: &Value) -> Told {
    told(door.call(&json!({ "ask": query }).to_string()))
}

/// A script: the policy of the store, and what is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The policy that the store begins with.
    pub policy: Value,
    /// The calls.
    pub steps: Vec<Step>,
    /// What the machine needs to know besides, such as whose eyes it looks through.
    pub about: Value,
}

impl Script {
    /// Opens a store for it.
    pub fn open(&self, library: &dyn Library) -> Result<Box<dyn Door>, String> {
        library.open(&self.policy.to_string())
    }

    /// The script as lines of JSON, the first of which says what it is.
    pub fn write(&self, machine: &str, kind: &str, what: &str) -> String {
        let head = json!({ "machine": machine, "kind": kind, "what": what, "policy": self.policy, "about": self.about });
        let mut text = format!("{head}\n");
        for step in &self.steps {
            let mut line = json!({ "at": step.at, "ids": step.ids, "call": step.call });
            if step.world != In::Both {
                line["world"] = json!(if step.world == In::First { 1 } else { 2 });
            }
            if step.probe {
                line["probe"] = json!(true);
            }
            text.push_str(&format!("{line}\n"));
        }
        text
    }

    /// Reads what [`Self::write`] wrote, with the machine's name.
    pub fn read(text: &str) -> Option<(String, Self)> {
        let mut lines = text.lines().filter(|line| !line.is_empty()).map(serde_json::from_str::<Value>);
        let head = lines.next()?.ok()?;
        let step = |line: Value| {
            Some(Step {
                at: line["at"].as_i64()?,
                ids: line["ids"].as_u64()?,
                world: match line["world"].as_u64() {
                    Some(1) => In::First,
                    Some(2) => In::Second,
                    _ => In::Both,
                },
                probe: line["probe"].as_bool().unwrap_or(false),
                call: line["call"].clone(),
            })
        };
        let steps = lines.map(|line| line.ok().and_then(step)).collect::<Option<_>>()?;
        let script = Self { policy: head["policy"].clone(), steps, about: head["about"].clone() };
        Some((head["machine"].as_str()?.to_owned(), script))
    }
}

/// A fault that a machine found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What kind of fault: the machine, the rule, and by what. Faults of one kind are one fault until it is mended.
    pub kind: String,
    /// What was seen, for people.
    pub what: String,
    /// What leads there.
    pub script: Script,
}

/// Makes a script small: leaves out as many steps as it can while the fault stays (ddmin).
pub fn shrink(mut script: Script, budget: usize, still: &dyn Fn(&Script) -> bool) -> Script {
    let mut tries = 0;
    let mut part = script.steps.len().div_ceil(2);
    while part > 0 && tries < budget {
        let mut at = 0;
        let mut less = false;
        while at < script.steps.len() && tries < budget {
            let end = (at + part).min(script.steps.len());
            let mut smaller = script.clone();
            smaller.steps.drain(at..end);
            tries += 1;
            if still(&smaller) {
                script = smaller;
                less = true;
            } else {
                at = end;
            }
        }
        if part > 1 {
            part = part.div_ceil(2).min(part - 1);
        } else if !less {
            break;
        }
    }
    script
}
