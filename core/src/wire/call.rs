//! Calls and their replies: commands and what a host does besides asking.

use std::path::PathBuf;

#[cfg(feature = "sqlite")]
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ask::Inquiry;
use super::fault::{Fault, Trouble};
use super::read::{command, part, tree};
use crate::base::ids::RequestId;
use crate::base::time::Timestamp;
use crate::command::{Command, Outcome, Request};
use crate::engine::{Engine, Submitted, Token};
use crate::event::Event;
use crate::model::Actor;
#[cfg(feature = "sqlite")]
use crate::sql;

/// What a caller can want; one JSON object with one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Call {
    /// Execute a command.
    Execute(Box<Execute>),
    /// Execute several commands, one after the other, in one commit; each is answered for itself.
    ExecuteAll(Vec<Execute>),
    /// Ask.
    Ask(Inquiry),
    /// Take a consumer's word that its notices are delivered.
    Acknowledge(Acknowledge),
    /// Let everything happen that time alone brings about.
    Sweep(Sweep),
    /// Copy the store as it is at this moment to a file where nothing is; others read and write on.
    Backup(Backup),
    /// Save the access index to a file, in place of what is there.
    SaveIndex(SaveIndex),
    /// Write the store's file anew without what is free in it. Writers wait meanwhile.
    Compact(Compact),
    /// Make everything that is derived anew from the journal. Writers wait meanwhile.
    Rebuild(Rebuild),
}

/// A command on its way: what, from whom, and under which request id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Execute {
    /// Names this request: asking again under the same id is safe and answers with the first
    /// receipt. Made, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// Who asks.
    pub actor: Actor,
    /// The revision the caller last saw; if the journal has moved on, the command is refused
    /// (`stale_seq`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u64>,
    /// What is asked.
    pub command: Command,
}

/// A consumer's word that everything through a record is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// The consumer, by the name it reads notices under.
    pub consumer: String,
    /// The record that came with the notices.
    pub through: u64,
}

/// The wish that what is due happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Sweep {
    /// Whether the clock is right although it is far ahead of the journal (`clock_ahead`). Nothing
    /// takes it back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub accept_clock: bool,
}

/// The wish for a copy that is whole, verified and on the disk once it has its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// The path of the copy; nothing may be there.
    pub to: PathBuf,
}

/// The wish that the access index is saved, so that it need not be built of the whole store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SaveIndex {
    /// The path; what is there is replaced.
    pub to: PathBuf,
}

/// The wish that the file is no larger than it need be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Compact {}

/// To make everything anew that is derived from the journal: entities, their past, indexes,
/// receipts, what records are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rebuild {}

/// What a command led to; the same again when the request is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Executed {
    /// The request's id.
    pub request: RequestId,
    /// The record it led to.
    pub seq: u64,
    /// The revision after it.
    pub token: Token,
    /// When it was executed.
    pub at: Timestamp,
    /// The command's name, and what it answers with.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What happened.
    pub events: Vec<Event>,
}

/// What several commands led to, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExecutedAll {
    /// One for each command.
    pub results: Vec<ExecutedOne>,
}

/// What became of one command of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExecutedOne {
    /// It is done.
    Executed(Box<Executed>),
    /// It is not.
    Fault(Box<Fault>),
}

/// A consumer's cursor was moved on, if it was behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Acknowledged {
    /// The record it named.
    pub acknowledged: u64,
}

/// What time alone brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Swept {
    /// How many records it led to.
    pub happened: u64,
}

/// A copy was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackedUp {
    /// The revision that the copy is at.
    pub token: Token,
}

/// The access index was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IndexSaved {
    /// The revision that it is of.
    pub token: Token,
}

/// What the file had no use for was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Compacted {
    /// How many bytes that are.
    pub bytes: u64,
}

impl Call {
    /// Reads a call; what is wrong with it is said with its place.
    ///
    /// # Errors
    /// A [`Trouble`] of the numbers from 9001 on.
    pub fn read(text: &str) -> Result<Self, Fault> {
        const NAMES: &str = "one of `execute`, `execute_all`, `ask`, `acknowledge`, `sweep`, `backup`, `save_index`, `compact`, \
             `rebuild`";
        let invalid = |message: String| Fault::new(Trouble::InvalidRequest, message);
        let Value::Object(members) = tree(text)? else {
            return Err(invalid(format!("a call is an object with one member, {NAMES}")));
        };
        let mut members = members.into_iter();
        let (Some((name, body)), None) = (members.next(), members.next()) else {
            return Err(invalid(format!("a call is an object with exactly one member, {NAMES}")));
        };
        match name.as_str() {
            "execute" => Ok(Self::Execute(Box::new(Execute::read(body, "execute")?))),
            "execute_all" => {
                let all: Vec<Value> = part(body, "execute_all")?;
                let each = all.into_iter().enumerate();
                each.map(|(index, body)| Execute::read(body, &format!("execute_all[{index}]")))
                    .collect::<Result<_, _>>()
                    .map(Self::ExecuteAll)
            }
            "ask" => Inquiry::read(body).map(Self::Ask),
            "acknowledge" => part(body, "acknowledge").map(Self::Acknowledge),
            "sweep" => part(body, "sweep").map(Self::Sweep),
            "backup" => part(body, "backup").map(Self::Backup),
            "save_index" => part(body, "save_index").map(Self::SaveIndex),
            "compact" => part(body, "compact").map(Self::Compact),
            "rebuild" => part(body, "rebuild").map(Self::Rebuild),
            other => Err(invalid(format!("unknown call `{other}`, expected {NAMES}"))),
        }
    }
}

impl Execute {
    pub(super) fn read(body: Value, path: &str) -> Result<Self, Fault> {
        /// The same, with the command still to be read: serde would lose the place in it.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Envelope {
            #[serde(default)]
            id: Option<RequestId>,
            actor: Actor,
            #[serde(default)]
            expected_seq: Option<u64>,
            command: Value,
        }
        let Envelope { id, actor, expected_seq, command: said } = part(body, path)?;
        let command = command(said, &format!("{path}.command"))?;
        Ok(Self { id, actor, expected_seq, command })
    }

    fn request(self, engine: &Engine) -> Request {
        let Self { id, actor, expected_seq, command } = self;
        let id = id.unwrap_or_else(|| RequestId::from_uuid(engine.new_id()));
        Request { id, actor, expected_seq, command }
    }

    /// Executes the command.
    ///
    /// # Errors
    /// The command's refusals; a broken store.
    pub fn run(self, engine: &Engine) -> Result<Executed, Fault> {
        let request = self.request(engine);
        executed(engine, &request, engine.submit(request.clone()))
    }
}

/// What a command leads to within a transaction of the host's, once that is committed. What
/// happened is told by its receipt, from then on.
#[cfg(feature = "sqlite")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecutedWithin {
    /// The request's id.
    pub request: RequestId,
    /// The record it leads to.
    pub seq: u64,
    /// The revision after it.
    pub token: Token,
    /// When it was executed.
    pub at: Timestamp,
    /// The command's name, and what it answers with.
    #[serde(flatten)]
    pub outcome: Outcome,
}

#[cfg(feature = "sqlite")]
impl Execute {
    /// Executes the command within the transaction that a connection is in.
    ///
    /// # Errors
    /// As [`crate::sql::execute`].
    pub fn run_within(self, engine: &Engine, within: &Connection) -> Result<ExecutedWithin, Fault> {
        let request = self.request(engine);
        let receipt = sql::submit(engine, within, &request)?;
        Ok(ExecutedWithin {
            request: request.id,
            seq: receipt.seq(),
            token: receipt.token,
            at: receipt.at,
            outcome: request.command.answer(&receipt.outcome),
        })
    }
}

/// Executes several commands in one commit.
pub fn run_all(engine: &Engine, all: Vec<Execute>) -> ExecutedAll {
    let requests: Vec<Request> = all.into_iter().map(|one| one.request(engine)).collect();
    let receipts = engine.submit_all(requests.clone());
    let results =
        requests.iter().zip(receipts).map(|(request, receipt)| match executed(engine, request, receipt) {
            Ok(done) => ExecutedOne::Executed(Box::new(done)),
            Err(fault) => ExecutedOne::Fault(Box::new(fault)),
        });
    ExecutedAll { results: results.collect() }
}

fn executed(engine: &Engine, request: &Request, receipt: Submitted) -> Result<Executed, Fault> {
    let receipt = receipt?;
    let outcome = request.command.answer(&receipt.outcome);
    let receipt = engine.told(&request.actor, receipt);
    Ok(Executed {
        request: request.id,
        seq: receipt.seq(),
        token: receipt.token,
        at: receipt.at,
        outcome,
        events: receipt.outcome,
    })
}

impl Acknowledge {
    /// Takes the word.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn run(&self, engine: &Engine) -> Result<Acknowledged, Fault> {
        engine.acknowledge(&self.consumer, self.through)?;
        Ok(Acknowledged { acknowledged: self.through })
    }
}
