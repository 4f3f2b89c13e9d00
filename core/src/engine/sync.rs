//! A nightly list of customers from another system, brought about (X-11): planned part by part and
//! done as ordinary commands, so that whoever is killed goes on by beginning again, and doing it
//! twice changes nothing.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Engine, Error};
use crate::base::ids::{RequestId, TenantId};
use crate::base::text::{ExternalId, System};
use crate::command::Request;
use crate::model::{Actor, Bearer};
use crate::query::{
    ExternalIdFilter, ExternalIdRow, ExternalIds, MAX_ROWS, Organisation, Paging, PlanSync, SyncRow,
    SyncState, SyncStep,
};
use crate::refusal::Refusal;

/// How many commands are committed together.
const TOGETHER: usize = 500;

/// The space of the request ids of what is done.
const REQUESTS: Uuid = Uuid::from_u128(0x7465_6e61_6e74_7279_0073_796e_6300_0000);

/// All customers that another system has for a manager, as it has them today (X-11).
///
/// ```
/// use tenantry::{Actor, Engine, TenantKind, command::RegisterTenant};
/// use tenantry::engine::CustomerSync;
/// use tenantry::query::{SyncRow, SyncState};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::memory()?;
/// let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
/// let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
///
/// let services = ["manage".parse()?].into();
/// let bakery = SyncRow::new("4711".parse()?, "Bakery Klein".parse()?, "fully".parse()?, services);
/// let sync = CustomerSync { manager: msp, system: "connectwise".parse()?, rows: vec![bakery] };
/// assert_eq!(sync.plan(&engine, Actor::OPERATOR)?.count(SyncState::New), 1);
///
/// let done = sync.run(&engine, Actor::OPERATOR)?;
/// assert_eq!((done.count(SyncState::New), done.refused.len()), (1, 0));
/// assert_eq!(sync.run(&engine, Actor::OPERATOR)?.count(SyncState::Same), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerSync {
    /// Whose customers they are.
    pub manager: TenantId,
    /// The system that has given their ids.
    pub system: System,
    /// The customers, each once.
    pub rows: Vec<SyncRow>,
}

/// What a list of customers comes to, or came to (X-11).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Synced {
    /// What each row comes to, in their order. Of what was done the commands are not kept.
    pub steps: Vec<SyncStep>,
    /// What was not done, and why.
    pub refused: Vec<(ExternalId, Refusal)>,
    /// The ids of customers that are kept and not in the list, as far as the actor sees them:
    /// nothing is done about them.
    pub gone: Vec<ExternalIdRow>,
}

impl Synced {
    /// How many rows came to this.
    pub fn count(&self, state: SyncState) -> usize {
        self.steps.iter().filter(|step| step.state == state).count()
    }
}

impl CustomerSync {
    /// What would be done, and what does not fit; nothing is.
    ///
    /// # Errors
    /// Those of the query [`PlanSync`]; when the store cannot be read.
    pub fn plan(&self, engine: &Engine, actor: impl Into<Actor>) -> Result<Synced, Error> {
        self.sync(engine, &actor.into(), false)
    }

    /// Adds who is new, edits what is another, and keeps the ids; nobody is removed. What is
    /// refused stands in the way of nothing else.
    ///
    /// # Errors
    /// Those of the query [`PlanSync`]; when the store cannot be read or written. What was done by
    /// then is done, and running it again goes on.
    pub fn run(&self, engine: &Engine, actor: impl Into<Actor>) -> Result<Synced, Error> {
        self.sync(engine, &actor.into(), true)
    }

    fn sync(&self, engine: &Engine, actor: &Actor, does: bool) -> Result<Synced, Error> {
        let mut synced = Synced::default();
        let (mut seen, mut taken) = (BTreeMap::new(), BTreeMap::new());
        for rows in self.rows.chunks(MAX_ROWS) {
            let read = engine.read()?;
            let (system, rows) = (self.system.clone(), rows.to_vec());
            let ask = PlanSync { actor: actor.clone(), manager: self.manager, system, rows };
            let mut steps = read.now()?.ask(ask)?;
            // What is done has an id by the revision that it was planned at: sent again, it is done
            // once, and planned again it is another request.
            let revision = read.token().to_string();
            drop(read);
            for step in &mut steps {
                follow(step, &mut seen, &mut taken);
            }
            if does {
                self.execute(engine, actor, &revision, &mut steps, &mut synced.refused)?;
            }
            synced.steps.extend(steps);
        }
        synced.gone = self.gone(engine, actor, &seen)?;
        Ok(synced)
    }

    fn execute(
        &self,
        engine: &Engine,
        actor: &Actor,
        revision: &str,
        steps: &mut [SyncStep],
        refused: &mut Vec<(ExternalId, Refusal)>,
    ) -> Result<(), Error> {
        let mut wanted = Vec::new();
        // Two people who do one list at once are not taken for one who asks twice.
        let who = match actor {
            Actor::User(user) => user.to_string(),
            Actor::Operator { ticket: Some(ticket) } => format!("operator {ticket}"),
            Actor::Operator { ticket: None } => "operator".to_owned(),
            Actor::Clock => "clock".to_owned(),
        };
        for step in steps {
            for (nth, command) in std::mem::take(&mut step.commands).into_iter().enumerate() {
                let name = format!("{revision} {} {} {who} {} {nth}", self.manager, self.system, step.id);
                let id = RequestId::from_uuid(Uuid::new_v5(&REQUESTS, name.as_bytes()));
                let request = Request { id, actor: actor.clone(), expected_seq: None, command };
                wanted.push((step.id.clone(), request));
            }
        }
        for some in wanted.chunks(TOGETHER) {
            let requests = some.iter().map(|(_, request)| request.clone()).collect();
            for ((id, _), answer) in some.iter().zip(engine.submit_all(requests)) {
                match answer {
                    Ok(_) => {}
                    Err(Error::Refused(refusal)) => refused.push((id.clone(), refusal)),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Whom the system does not list any more.
    fn gone(
        &self,
        engine: &Engine,
        actor: &Actor,
        seen: &BTreeMap<ExternalId, Option<Organisation>>,
    ) -> Result<Vec<ExternalIdRow>, Error> {
        let read = engine.read()?;
        let now = read.now()?;
        let filter = ExternalIdFilter { system: Some(self.system.clone()), ..ExternalIdFilter::default() };
        let mut ask = ExternalIds {
            filter,
            paging: Paging { limit: MAX_ROWS, ..Paging::default() },
            ..ExternalIds::new(actor.clone(), self.manager)
        };
        let mut gone = Vec::new();
        loop {
            let page = now.ask(ask.clone())?;
            let customer = |row: &ExternalIdRow| match row.of {
                Bearer::Tenant(tenant) => tenant != self.manager,
                Bearer::User(_) | Bearer::Device(_) => false,
            };
            gone.extend(page.rows.into_iter().filter(|row| customer(row) && !seen.contains_key(&row.id)));
            match page.next {
                Some(next) => ask.paging.cursor = Some(next),
                None => return Ok(gone),
            }
        }
    }
}

/// What a step comes to after those before it in the list, those of other parts included.
fn follow(
    step: &mut SyncStep,
    seen: &mut BTreeMap<ExternalId, Option<Organisation>>,
    taken: &mut BTreeMap<TenantId, ExternalId>,
) {
    let customer = step.customer.as_ref().map(|it| it.tenant);
    let with = customer.and_then(|it| taken.get(&it).cloned()).filter(|with| *with != step.id);
    if let Some(first) = seen.get(&step.id) {
        step.state = SyncState::Repeated;
        step.customer.clone_from(first);
    } else {
        seen.insert(step.id.clone(), step.customer.clone());
        if with.is_some() {
            step.state = SyncState::Merged;
            step.with = with;
        } else {
            if matches!(step.state, SyncState::Found | SyncState::Changed | SyncState::Same) {
                taken.extend(customer.map(|it| (it, step.id.clone())));
            }
            return;
        }
    }
    step.commands.clear();
}
