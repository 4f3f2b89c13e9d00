//! The oracle on standard input and output, one JSON document a line, for those who compare another face with it. It says what it
//! thinks; it compares nothing.
//!
//! | line | reply |
//! |---|---|
//! | `{"world": 7}` | a new world: `{"policy": …, "at": …}` |
//! | `{"propose": {}}` | the next command of that world, nearly right: `{"at": …, "request": …}` |
//! | `{"execute": {"at": …, "request": …}}` | `{"refusal": null}`, or its name |
//! | `{"questions": {"count": 5}}` | some questions: `{"questions": [ … ]}` |
//! | `{"check": {"at": …, "question": …}}` | `{"allowed": true, "reason": null}` |
//! | `{"tenants_where": {"at": …, "user": …, "permission": …, "service": …}}` | `{"tenants": [ … ]}` |
//! | `{"users_who_can": {"at": …, "permission": …, "tenant": …, "service": …}}` | `{"users": [ … ]}` |

use std::io::{self, BufRead, Write};

use serde::Deserialize;
use serde_json::{Value, json};
use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{Permission, Service};
use tenantry::base::time::Timestamp;
use tenantry::command::Request;
use tenantry::query::Question;

use crate::compare::start;
use crate::generator::{Generator, policy_of};
use crate::world::Oracle;

/// What can be said on a line.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    World(u64),
    Propose {},
    Execute { at: Timestamp, request: Box<Request> },
    Questions { count: usize },
    Check { at: Timestamp, question: Question },
    TenantsWhere { at: Timestamp, user: UserId, permission: Permission, service: Option<Service> },
    UsersWhoCan { at: Timestamp, permission: Permission, tenant: TenantId, service: Option<Service> },
}

/// A world, and what comes next in it.
struct World {
    oracle: Oracle,
    generator: Generator,
}

impl World {
    fn new(seed: u64) -> Self {
        Self { oracle: Oracle::new(policy_of(seed)), generator: Generator::new(seed, start()) }
    }

    fn answer(&mut self, line: Line) -> Value {
        match line {
            Line::World(seed) => {
                *self = Self::new(seed);
                json!({"policy": self.oracle.policy, "at": start()})
            }
            Line::Propose {} => {
                let step = self.generator.step(&self.oracle);
                json!({"at": step.at, "request": step.request})
            }
            Line::Execute { at, request } => {
                json!({"refusal": self.oracle.execute(&request, at).err().map(|code| code.name())})
            }
            Line::Questions { count } => {
                let questions: Vec<_> = (0..count).map(|_| self.generator.question(&self.oracle)).collect();
                json!({"questions": questions})
            }
            Line::Check { at, question } => {
                let (allowed, reason) = self.oracle.check(&question, at);
                json!({"allowed": allowed, "reason": reason.map(|code| code.name())})
            }
            Line::TenantsWhere { at, user, permission, service } => {
                json!({"tenants": self.oracle.tenants_where(user, &permission, service.as_ref(), at)})
            }
            Line::UsersWhoCan { at, permission, tenant, service } => {
                json!({"users": self.oracle.users_who_can(&permission, tenant, service.as_ref(), at)})
            }
        }
    }
}

/// Answers line after line, until there are no more.
///
/// # Errors
/// When a line is none of these, or cannot be read or written.
pub fn serve(lines: impl BufRead, mut out: impl Write) -> io::Result<()> {
    let mut world = World::new(0);
    for line in lines.lines() {
        let line = serde_json::from_str(&line?)?;
        writeln!(out, "{}", world.answer(line))?;
        out.flush()?;
    }
    Ok(())
}
