//! The lines of the ids of other systems that are kept.

use std::collections::BTreeMap;

use tenantry::base::ids::TenantId;
use tenantry::base::text::System;
use tenantry::base::time::Timestamp;
use tenantry::engine::{Moment, Of};
use tenantry::model::{KeptId, Subject};

use super::line::State;
use crate::world::{LeadsTo, Oracle};

/// A line for each id, and one for all that are kept of a person from one system, in the order in which they were set.
#[derive(Default)]
struct Lines(BTreeMap<String, Vec<(Timestamp, String)>>);

impl Lines {
    fn put(
        &mut self,
        (keeper, system, id): (TenantId, &System, &str),
        of: &LeadsTo,
        whose: TenantId,
        since: Timestamp,
    ) {
        let name = match of {
            LeadsTo::User(user) => format!("ids of {user} in {system} kept by {keeper}"),
            _ => format!("id {id:?} of {system} kept by {keeper}"),
        };
        let line = format!("{id:?} leads to {of:?} of {whose} since {since}");
        self.0.entry(name).or_default().push((since, line));
    }

    fn into_state(self, state: &mut State) {
        for (name, mut lines) in self.0 {
            lines.sort();
            let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
            state.insert(name, lines.join(", "));
        }
    }
}

pub fn of_oracle(oracle: &Oracle, state: &mut State) {
    let mut lines = Lines::default();
    for (one, whose) in oracle.kept_and_whose() {
        lines.put((one.keeper, &one.system, one.id.as_str()), &one.of, whose, one.since);
    }
    lines.into_state(state);
}

pub fn of_engine(moment: &Moment<'_>, known: &Oracle, state: &mut State) {
    let mut lines = Lines::default();
    let mut entries = Vec::new();
    for tenant in &known.tenants {
        for one in moment.host().list::<KeptId>(&Of::Manager(tenant.id)).unwrap() {
            let of = LeadsTo::from(one.of.clone());
            let id = match (&of, one.entry) {
                (LeadsTo::User(user), Some(entry)) => {
                    entries.push((*user, one.keeper, entry));
                    let personal = moment.host().personal(Subject::User(*user)).unwrap().unwrap_or_default();
                    let known =
                        personal.external.into_iter().find(|it| (it.keeper, it.entry) == (one.keeper, entry));
                    known.filter(|it| it.system == one.system).map(|it| it.id.to_string())
                }
                _ => one.given.as_ref().map(ToString::to_string),
            };
            let id = id.unwrap_or_else(|| "nobody knows".to_owned());
            lines.put((one.keeper, &one.system, &id), &of, one.tenant, one.since);
        }
    }
    lines.into_state(state);
    // What is known about people and leads nowhere; but what has ended and is not recorded is known still.
    for user in &known.users {
        let personal = moment.host().personal(Subject::User(user.id)).unwrap().unwrap_or_default();
        for one in personal.external {
            let waits = known.kept_as(one.keeper, &one.system, &one.id).is_some();
            if !waits && !entries.contains(&(user.id, one.keeper, one.entry)) {
                state.insert(format!("id of {} that is known still", user.id), format!("{one:?}"));
            }
        }
    }
}
