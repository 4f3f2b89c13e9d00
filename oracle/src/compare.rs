//! the oracle and the engine on memory are led through the same world, and everything they say is compared. A
//! difference is made as small as it gets before it is shown. It never mends anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tenantry::base::ids::{RequestId, TenantId, UserId};
use tenantry::base::text::{Permission, Service};
use tenantry::base::time::Timestamp;
use tenantry::command::{Act, Command, Request};
use tenantry::engine::{Clock, Engine, Error, HOWEVER_FAR, Moment, Options, Receipt, Snapshot};
use tenantry::event::Event;
use tenantry::model::Actor;
use tenantry::notice::NoticeKind;
use tenantry::policy::Policy;
use tenantry::query::{
    AsOf, Paging, Preview, Question, Recipients, TenantsWhere, UserAccessChanges, UsersWhoCan,
};
use tenantry::refusal::Code;
use tenantry::store::memory::MemoryStore;
use tenantry::testkit::inside::Rng;
use uuid::Uuid;

use crate::coverage::Coverage;
use crate::devices::named;
use crate::external::Happened;
use crate::feed::{self, Recorded};
use crate::generator::{Generator, Step, policy_of};
use crate::late::Matter;
use crate::listing::{self, Then};
use crate::question::{Agreed, Asked, ListQuestion, Moments, Turning, refused};
use crate::rehearsal::{Performed, Rehearsed, rehearse};
use crate::state;
use crate::world::Oracle;

/// Questions asked after every command.
const QUESTIONS: usize = 24;

/// Under which name notices are read after every command, and under which much later.
const CONSUMER: &str = "oracle";
const LATECOMER: &str = "late";

/// Under which they are read that a preview told of.
const FORETOLD: &str = "foretold";

/// Of so many of a hundred commands a preview is compared, and of so many the feed; after so many who can reach what is
/// asked: to try every check takes its time.
const PREVIEWS: usize = 4;
const FEEDS: usize = 2;
const REVIEWS: usize = 4;

/// So many of a hundred worlds are long.
const LONG_WORLDS: usize = 21;

/// At the end of a world, so many questions at most of each kind that nothing was told of yet.
const MOST_TRIES: usize = 40;

/// One world in so many has its audit compared: to remember what everything was about takes its time.
const AUDITED_WORLDS: u64 = 5;

/// EXCLUSIONS: refusals of which the oracle names the first and the engine, as long as it has a known fault there, the
/// second. Must be empty.
const EXCLUDED_REFUSALS: &[(&str, Code, Code)] = &[];

/// When every world begins.
pub fn start() -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00Z").unwrap()
}

/// A clock that is set by hand.
#[derive(Clone)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub fn new(at: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(at.micros())))
    }

    pub fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// The engine's options for a world: no id is ever made up, and no salt is random.
pub fn options(clock: &HandClock, policy: &Policy) -> Options {
    Options::default()
        .clock(clock.clone())
        .ids(|| panic!("every id is given by the generator"))
        .salts(Uuid::nil)
        .policy(policy.clone())
        // Histories leap over years.
        .clock_leap_seconds(HOWEVER_FAR)
}

/// The oracle and the engine side by side.
pub struct Pair {
    pub oracle: Oracle,
    pub engine: Engine,
    clock: HandClock,
    /// How many notices there were to read the last time.
    told: usize,
    /// How many people were told of the end of a link further up than its manager, and of them whose organisation has
    /// ceased to manage that with it.
    further_up: usize,
    parted: usize,
    /// What there was to tell so far, by the last record that it may be of.
    sent: Vec<(u64, String, Matter)>,
    /// Every world so far that a command left.
    history: Vec<(RequestId, Then)>,
    /// The world as it was right after the last record.
    recorded: Rc<Recorded>,
    /// The receipt of the last command that was carried out.
    receipt: Option<Receipt<Vec<Event>>>,
    /// By which record each id of another system was set.
    entries: BTreeMap<u32, u64>,
}

/// How the two differ.
#[derive(Clone, Debug)]
pub enum Difference {
    /// In the outcome of a command.
    Outcome(String),
    /// In the ids of other systems that a command's record says were set or went.
    Ids(String),
    /// In the answer to a question asked at an instant.
    Answer(Question, Timestamp, String),
    /// The same after a command that has passed.
    PastAnswer(Question, RequestId, String),
    /// In the tenants a user can do something on.
    TenantsWhere(UserId, Permission, Option<Service>, Timestamp, String),
    /// In the users who can do something on a tenant.
    UsersWhoCan(Permission, TenantId, Option<Service>, Timestamp, String),
    /// In the answer to a question about a list, mail or the audit, now or after so many commands.
    List(Box<ListQuestion>, Option<Moments>, String),
    /// In what has to be told, and to whom: the kind of it.
    Notice(String, String),
    /// In what that says of itself when it is read late.
    Late(String, Timestamp, String),
    /// In what was told beforehand of a command: how its pages were turned over.
    Preview(Turning, String),
    /// In who gained and who lost by the last records.
    Feed(Turning, String),
    /// In who gained and who lost by all records after one.
    Sum(RequestId, String),
    /// In the state.
    State(String),
}

impl Difference {
    /// What kind of difference it is, whatever the names of things.
    fn signature(&self) -> String {
        match self {
            Self::Outcome(text) => text.clone(),
            Self::Ids(text) => {
                let mut parts = text.split(':');
                format!("ids:{}:{}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            Self::Answer(_, _, text) => format!("check: {text}"),
            Self::PastAnswer(_, _, text) => format!("check of a past: {text}"),
            Self::TenantsWhere(..) => "tenants where".to_owned(),
            Self::UsersWhoCan(..) => "users who can".to_owned(),
            Self::List(question, None, _) => format!("list: {}", question.kind()),
            Self::List(question, Some(_), _) => format!("list as of: {}", question.kind()),
            Self::Notice(kind, _) => format!("notice: {kind}"),
            Self::Late(kind, ..) => format!("late notice: {kind}"),
            Self::Preview(_, text) => {
                format!("preview: {}", text.split(':').next().unwrap_or_default())
            }
            Self::Feed(_, text) => format!("feed: {}", text.split(':').next().unwrap_or_default()),
            Self::Sum(..) => "feed added up".to_owned(),
            Self::State(text) => format!("state of a {}", text.split(' ').next().unwrap_or_default()),
        }
    }

    /// Whether the worlds of both stay the same all the same: both refuse, and only their reasons differ, or only what they
    /// tell.
    fn changes_nothing(&self) -> bool {
        match self {
            Self::Outcome(text) => !text.contains("says ok"),
            Self::Notice(..) | Self::Late(..) | Self::Preview(..) | Self::Feed(..) | Self::Sum(..) => true,
            _ => false,
        }
    }

    /// Whether it is about who is told of what, which a survey alone compares: the words leave some of it open.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Notice(..) | Self::Late(..))
    }

    fn text(&self) -> String {
        match self {
            Self::Outcome(text)
            | Self::Ids(text)
            | Self::State(text)
            | Self::Notice(_, text)
            | Self::Late(_, _, text) => text.clone(),
            Self::Preview(_, text) | Self::Feed(_, text) | Self::Sum(_, text) => text.clone(),
            Self::Answer(question, at, text) => {
                format!("{} at {at}: {text}", serde_json::to_string(question).unwrap())
            }
            Self::PastAnswer(question, request, text) => {
                format!("{} after {request}: {text}", serde_json::to_string(question).unwrap())
            }
            Self::TenantsWhere(user, permission, service, at, text) => {
                format!("tenants where {user} can {permission} for {service:?} at {at}: {text}")
            }
            Self::UsersWhoCan(permission, tenant, service, at, text) => {
                format!("users who can {permission} on {tenant} for {service:?} at {at}: {text}")
            }
            Self::List(question, past, text) => format!("{question:?} as of {past:?}: {text}"),
        }
    }
}

/// A world in which the two differ, and the commands that led there.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub policy: Policy,
    pub steps: Vec<Step>,
    pub difference: Difference,
}

impl Failure {
    /// Everything needed to see it again, the commands as lines of JSON.
    pub fn show(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "seed {}, after {} commands: {}",
            self.seed,
            self.steps.len(),
            self.difference.text()
        );
        let _ = writeln!(text, "policy {}", serde_json::to_string(&self.policy).unwrap());
        for step in &self.steps {
            let _ = writeln!(text, "{} {}", step.at, serde_json::to_string(&step.request).unwrap());
        }
        text
    }
}

fn shown(outcome: &Result<(), Code>) -> String {
    match outcome {
        Ok(()) => "ok".to_owned(),
        Err(code) => code.name().to_owned(),
    }
}

fn said(allowed: bool, reason: Option<Code>) -> String {
    match reason {
        None if allowed => "allowed".to_owned(),
        None => "denied without a reason".to_owned(),
        Some(code) if allowed => format!("allowed, and yet {code}"),
        Some(code) => code.name().to_owned(),
    }
}

/// The engine's outcome without its details; anything but a refusal stops the program.
pub fn outcome_of<T>(executed: &Result<T, Error>) -> Result<(), Code> {
    match executed {
        Ok(_) => Ok(()),
        Err(error) => match error.refusal() {
            Some(refusal) => {
                if let Some(least) = refusal.items.iter().map(|item| item.code).min() {
                    assert_eq!(least, refusal.code, "the answer of a batch is that of an item: {refusal:?}");
                }
                Err(refusal.code)
            }
            None => panic!("the engine is broken: {error}"),
        },
    }
}

impl Pair {
    /// Both at the beginning; `audited` if the oracle is to remember everything that happens, which takes its time.
    pub fn new(policy: &Policy, audited: bool) -> Self {
        let clock = HandClock::new(start());
        let engine = Engine::new(MemoryStore::new(Uuid::from_u128(1)), options(&clock, policy)).unwrap();
        let mut oracle = Oracle::new(policy.clone());
        oracle.journal = audited.then(Vec::new);
        oracle.outbox = Some(Vec::new());
        let seq = engine.token().unwrap().seq;
        let recorded = Rc::new(Recorded { oracle: Rc::new(oracle.bare()), seq, at: start() });
        Self {
            oracle,
            engine,
            clock,
            told: 0,
            further_up: 0,
            parted: 0,
            sent: Vec::new(),
            history: Vec::new(),
            recorded,
            receipt: None,
            entries: BTreeMap::new(),
        }
    }

    /// Executes a command on both.
    pub fn execute(&mut self, request: &Request, at: Timestamp) -> Result<Result<(), Code>, Difference> {
        self.clock.set(at);
        let repeated = self.oracle.carried_out.iter().any(|first| first.id == request.id);
        let meant = self.oracle.meant_by(&request.command);
        let kept = self.oracle.ids_kept;
        let expected = self.oracle.execute(request, at);
        let executed = self.engine.submit(request.clone());
        let actual = outcome_of(&executed);
        let now = Rc::new(self.oracle.bare());
        let seq = self.engine.token().unwrap().seq;
        if seq > self.recorded.seq {
            self.recorded = Rc::new(Recorded { oracle: Rc::clone(&now), seq, at });
        }
        let known = EXCLUDED_REFUSALS.iter().any(|(name, oracle, engine)| {
            *name == request.command.name() && expected == Err(*oracle) && actual == Err(*engine)
        });
        if expected == actual || known {
            if let (Err(code), Err(error)) = (&expected, &executed) {
                self.compare_about(request, *code, error, at)?;
            }
            if let Ok(receipt) = &executed
                && !repeated
            {
                self.compare_answer(&request.command, &receipt.outcome)?;
                compare_named(meant, &request.command, &receipt.outcome)?;
                let seq = receipt.seq();
                let happened: BTreeSet<Happened> =
                    receipt.outcome.iter().filter_map(Happened::said).collect();
                self.compare_ids(&request.command, kept, seq, &happened)?;
                let then = Then { oracle: Rc::clone(&now), seq, at, by_moment: false };
                self.history.push((request.id, then));
            }
            self.receipt = executed.ok();
            self.compare_notices(&now, at)?;
            Ok(actual)
        } else {
            let name = request.command.name();
            let text = format!("{name}: oracle says {}, engine says {}", shown(&expected), shown(&actual));
            Err(Difference::Outcome(text))
        }
    }

    /// Executes a command on both, and compares what a preview told of it and what the feed tells of it, where these
    /// are looked at.
    fn perform(
        &mut self,
        step: &Step,
        [preview, feed]: [Option<Turning>; 2],
        coverage: &mut Coverage,
    ) -> Result<Result<(), Code>, Difference> {
        let Step { at, ref request } = *step;
        let repeated = self.oracle.carried_out.iter().any(|first| first.id == request.id);
        let preview = preview.filter(|_| !repeated);
        let from = feed.map(|_| Rc::clone(&self.recorded));
        let foretold = match preview {
            Some(turning) => Some((turning, self.rehearse(request, turning, at)?)),
            None => None,
        };
        let mut before = foretold.as_ref().map(|_| self.oracle.bare());
        let outcome = self.execute(request, at);
        let outcome = outcome?;
        if let (Some((turning, foretold)), Some(before)) = (foretold, &mut before) {
            before.sweep(at);
            let count = foretold.as_ref().ok().and_then(|foretold| foretold.count);
            let differs = |text| Difference::Preview(turning, text);
            let agreed = self.compare_preview(request, before, at, foretold, outcome).map_err(differs)?;
            coverage.list("previews", &agreed);
            if let Some([rows, ..]) = count {
                coverage.list("previews counted", &Ok(rows as usize));
            }
        }
        if let (Some(turning), Some(from)) = (feed, from) {
            let name = outcome.is_ok().then(|| request.command.name());
            let differs = |text| Difference::Feed(turning, text);
            let rows = self.compare_feed(&from, name, turning).map_err(differs)?;
            coverage.list("feed", &Ok(rows));
        }
        Ok(outcome)
    }

    fn rehearse(
        &self,
        request: &Request,
        turning: Turning,
        at: Timestamp,
    ) -> Result<Result<Rehearsed, Code>, Difference> {
        let seq = self.engine.token().unwrap().seq;
        self.engine.acknowledge(FORETOLD, seq).unwrap();
        let foretold = self.with_moment(at, |now| rehearse(now, request, turning));
        if self.engine.token().unwrap().seq != seq {
            return Err(Difference::Preview(turning, "it has happened".to_owned()));
        }
        foretold.map_err(|text| Difference::Preview(turning, text))
    }

    /// Whether what was told beforehand is what has come of a command.
    fn compare_preview(
        &self,
        request: &Request,
        before: &Oracle,
        at: Timestamp,
        foretold: Result<Rehearsed, Code>,
        outcome: Result<(), Code>,
    ) -> Result<Agreed, String> {
        let name = request.command.name();
        let foretold = match (foretold, outcome) {
            (Ok(foretold), Ok(())) => foretold,
            (Err(told), Err(code)) if told == code => return Ok(Err(code)),
            (foretold, outcome) => {
                let foretold = shown(&foretold.map(|_| ()));
                return Err(format!("{name} then is {}, and foretold {foretold}", shown(&outcome)));
            }
        };
        self.clock.set(at);
        let receipt = self.receipt.clone().unwrap();
        let (seq, written) = (receipt.seq(), receipt.outcome.len());
        let told = self.engine.told(&request.actor, receipt).outcome;
        let mut mail = self.engine.notices(FORETOLD, usize::MAX).unwrap();
        mail.notices.retain(|notice| notice.seq == seq);
        let performed = Performed {
            actor: &request.actor,
            before,
            after: &self.oracle,
            at,
            written,
            told: &told,
            notices: &mail.notices,
        };
        performed.compare(&foretold).map_err(|text| format!("{name}, {text}"))?;
        Ok(Ok(foretold.rights.len() + foretold.notices.len() + foretold.resellers.len()))
    }

    /// Whether the feed of the last records is what has come of them.
    fn compare_feed(&self, from: &Recorded, name: Option<&str>, turning: Turning) -> Result<usize, String> {
        let actual = self.with_moment(self.recorded.at, |now| feed::read(now, from.seq, turning))?;
        let expected = feed::fed(from, &self.recorded, name);
        let beside = |some: &[feed::Fed], all: &[feed::Fed]| -> Vec<String> {
            some.iter().filter(|one| !all.contains(one)).map(|one| format!("{one:?}")).collect()
        };
        if expected.len() == actual.len() && beside(&expected, &actual).is_empty() {
            return Ok(actual.len());
        }
        let (oracle, engine) = (beside(&expected, &actual), beside(&actual, &expected));
        Err(format!("rows: oracle alone has {oracle:#?}, engine alone has {engine:#?}"))
    }

    /// Whether the feed of everything since a world that has passed leads from what could be done there to what can be done
    /// now.
    fn compare_sum(&self, then: &Then) -> Result<usize, String> {
        let mut world = then.oracle.bare();
        world.sweep(then.at);
        let was = feed::allowed(&world.everything_held(then.at));
        let is = feed::allowed(&self.recorded.oracle.everything_held(self.recorded.at));
        let turning = Turning { limit: 1000, descending: false };
        let rows = self.with_moment(self.recorded.at, |now| feed::read(now, then.seq, turning))?;
        let sum = feed::sum(was, &rows)?;
        if sum == is {
            return Ok(rows.len());
        }
        let odd: Vec<_> = sum.symmetric_difference(&is).take(3).collect();
        Err(format!("sum: since {} it leads elsewhere: {odd:?}", then.seq))
    }

    /// Whether a refusal about an id of another system is about what it has to be: it tells nobody what they do not see.
    fn compare_about(
        &self,
        request: &Request,
        code: Code,
        error: &Error,
        at: Timestamp,
    ) -> Result<(), Difference> {
        let expected = self.oracle.about_refused_id(request, code, at);
        let actual = error.refusal().map(|refusal| refusal.about.clone());
        if expected.is_none() || expected == actual {
            return Ok(());
        }
        let name = request.command.name();
        let text = format!("{name}: oracle says {code} about {expected:?}, engine says {actual:?}");
        Err(Difference::Outcome(text))
    }

    /// Whether the events say which ids of other systems were set by a command and which went with it, in any order.
    fn compare_ids(
        &mut self,
        command: &Command,
        before: u32,
        seq: u64,
        actual: &BTreeSet<Happened>,
    ) -> Result<(), Difference> {
        let mut expected = BTreeSet::new();
        for one in self.oracle.kept.iter().filter(|one| one.number > before) {
            self.entries.insert(one.number, seq);
            let owner = self.oracle.owner_of(&one.of).unwrap();
            expected.insert(Happened::of(true, one, owner, Some(seq)));
        }
        for (one, owner) in &self.oracle.gone {
            let entry = self.entries.get(&one.number).copied();
            expected.insert(Happened::of(false, one, *owner, entry));
        }
        if expected == *actual {
            return Ok(());
        }
        let name = command.name();
        let set = |some: &BTreeSet<Happened>| some.iter().filter(|one| one.set).count();
        let counts =
            |some: &BTreeSet<Happened>| format!("{} set, {} gone", set(some), some.len() - set(some));
        let text = format!(
            "{name}: oracle says ok of {}, engine says ok of {}: {expected:#?} {actual:#?}",
            counts(&expected),
            counts(actual)
        );
        Err(Difference::Ids(text))
    }

    /// What a console's opening and closing answer with (S-1).
    fn compare_answer(&self, command: &Command, events: &[Event]) -> Result<(), Difference> {
        let (expected, actual) = match command {
            Command::OpenConsole(c) => {
                let opened = c.outcome(events);
                ((self.oracle.console_address(c), c.return_to.clone()), (opened.address, opened.return_to))
            }
            Command::CloseConsole(c) => {
                let session = self.oracle.session(c.session).unwrap();
                ((None, session.return_to.clone()), (None, c.outcome(events)))
            }
            _ => return Ok(()),
        };
        if expected == actual {
            return Ok(());
        }
        let name = command.name();
        Err(Difference::Outcome(format!(
            "{name}: oracle says ok with {expected:?}, engine says ok with {actual:?}"
        )))
    }

    /// Whether both tell the same people of the same since the last time.
    fn compare_notices(&mut self, now: &Oracle, at: Timestamp) -> Result<(), Difference> {
        let mail = self.engine.notices(CONSUMER, usize::MAX).unwrap();
        self.engine.acknowledge(CONSUMER, mail.through).unwrap();
        let sent = self.oracle.outbox.replace(Vec::new()).unwrap_or_default();
        let seq = self.recorded.seq;
        self.sent.extend(sent.iter().map(|one| (seq, one.kind.to_string(), Matter::of(one))));
        let mut expected: Vec<(String, Recipients)> = sent
            .iter()
            .map(|one| (one.kind.to_string(), one.read(now, at)))
            .filter(|(_, to)| !to.is_empty())
            .collect();
        let told = |kind: &NoticeKind| serde_json::to_value(kind).unwrap().to_string();
        let mut actual: Vec<(String, Recipients)> =
            mail.notices.into_iter().map(|one| (told(&one.kind), one.to)).collect();
        let order = |one: &(String, Recipients)| (one.0.clone(), one.1.users.clone(), one.1.operator);
        expected.sort_by_key(order);
        actual.sort_by_key(order);
        self.told = actual.len();
        let ends = sent.iter().flat_map(|one| one.further_up(now, at));
        let parted: Vec<bool> = ends.collect();
        (self.further_up, self.parted) = (parted.len(), parted.iter().filter(|parted| **parted).count());
        let once = |one: &&(String, Recipients)| {
            let times = |all: &[(String, Recipients)]| all.iter().filter(|other| other == one).count();
            times(&expected) != times(&actual)
        };
        let Some((kind, _)) = expected.iter().chain(&actual).find(once) else { return Ok(()) };
        let of = |all: &[(String, Recipients)]| -> Vec<_> {
            all.iter().filter(|one| one.0 == *kind).cloned().collect()
        };
        let name = serde_json::from_str::<serde_json::Value>(kind).unwrap()["kind"].to_string();
        let text = format!("oracle tells {:?}, engine tells {:?}", of(&expected), of(&actual));
        Err(Difference::Notice(name, text))
    }

    /// Whether what is read late says so, and to which address it goes (A-4, U-1).
    fn compare_late(&self, at: Timestamp) -> Result<usize, Difference> {
        self.clock.set(at);
        let mail = self.engine.notices(LATECOMER, usize::MAX).unwrap();
        self.engine.acknowledge(LATECOMER, mail.through).unwrap();
        let mut now = self.oracle.bare();
        now.sweep(at);
        for notice in &mail.notices {
            let kind = serde_json::to_value(&notice.kind).unwrap();
            let (name, kind) = (kind["kind"].to_string(), kind.to_string());
            let told = |(until, of, _): &&(u64, String, Matter)| *until >= notice.seq && *of == kind;
            // What the oracle does not tell at all was found before.
            let Some((.., matter)) = self.sent.iter().find(told) else { continue };
            let (expected, actual) = (now.settles(matter), (notice.settled, notice.address.clone()));
            if expected != actual {
                let text = format!(
                    "oracle says {expected:?} of {kind} of {matter:?} at {at}, engine says {actual:?}"
                );
                return Err(Difference::Late(name, at, text));
            }
        }
        Ok(mail.notices.len())
    }

    fn with_moment<T>(&self, at: Timestamp, ask: impl FnOnce(&Moment<'_>) -> T) -> T {
        self.with_snapshot(at, |snapshot| ask(&snapshot.now().unwrap()))
    }

    fn with_snapshot<T>(&self, at: Timestamp, ask: impl FnOnce(&Snapshot<'_>) -> T) -> T {
        self.clock.set(at);
        ask(&self.engine.read().unwrap())
    }

    /// The world as it was at a moment that has passed, if there was one.
    fn then(&self, moment: Moments) -> Option<Then> {
        match moment {
            Moments::Record(id) => {
                self.history.iter().find(|(request, _)| *request == id).map(|(_, then)| then.clone())
            }
            Moments::Clock(at) => {
                let (_, before) = self.history.iter().rfind(|(_, then)| then.at <= at)?;
                Some(Then { at, by_moment: true, ..before.clone() })
            }
        }
    }

    /// A moment that has passed, of most that are asked about; else now.
    fn some_moment(&self, asking: &mut Rng, now: Timestamp) -> Option<Moments> {
        asking.percent(60).then(|| self.past_moment(asking, now)).flatten()
    }

    fn past_moment(&self, asking: &mut Rng, now: Timestamp) -> Option<Moments> {
        let (request, then) = asking.pick(&self.history)?;
        Some(match asking.percent(50) {
            true => Moments::Record(*request),
            false => Moments::Clock(then.at.plus_days([0, 0, 0, 3][asking.below(4)]).min(now)),
        })
    }

    /// A moment before another, of most that are asked about.
    fn before(&self, asking: &mut Rng, at: Timestamp) -> Option<Moments> {
        let passed: Vec<_> = self.history.iter().filter(|(_, then)| then.at < at).collect();
        let (request, then) = asking.pick(&passed)?;
        Some(match asking.percent(60) {
            true => Moments::Record(*request),
            // Of what was written at the very moment of the other, a record alone says how much.
            false => match then.at.plus_days([0, 0, 3][asking.below(3)]) {
                moment if moment < at => Moments::Clock(moment),
                _ => Moments::Record(*request),
            },
        })
    }

    /// Asks both about a list, and counts it where they agree.
    fn agree(
        &self,
        question: &ListQuestion,
        moment: Option<Moments>,
        coverage: &mut Coverage,
    ) -> Result<(), Difference> {
        let (agreed, met) = self.ask_list(question, moment)?;
        coverage.list(question.kind(), &agreed);
        for kind in met {
            coverage.list(kind, &Ok(1));
        }
        if question.since().is_some() {
            coverage.list("differences", &agreed);
        }
        if question.is_review() && moment.is_none() {
            coverage.list("reviews", &agreed);
        }
        if moment.is_some() {
            coverage.list("as of", &agreed);
            if question.is_review() {
                coverage.list("reviews of a past", &agreed);
            }
            if question.kind() == "look up" {
                coverage.list("look up of a past", &agreed);
            }
            if question.kind().starts_with("external") {
                coverage.list("external ids of a past", &agreed);
            }
        }
        Ok(())
    }

    fn ask_list(
        &self,
        question: &ListQuestion,
        moment: Option<Moments>,
    ) -> Result<(Agreed, BTreeSet<&'static str>), Difference> {
        let then = moment.and_then(|moment| self.then(moment));
        let since = match question.since() {
            // Of a world in which it never came to that there is nothing to ask.
            Some(since) => match self.then(since) {
                Some(since) => Some(since),
                None => return Ok((Ok(0), BTreeSet::new())),
            },
            None => None,
        };
        self.with_snapshot(question.at, |snapshot| {
            listing::compare(&self.oracle, snapshot, question, then.as_ref(), since.as_ref())
        })
        .map_err(|text| Difference::List(Box::new(question.clone()), moment, text))
    }

    /// That nobody is answered about what has not come.
    fn ask_ahead(&self, at: Timestamp) -> Result<(), Difference> {
        let answer = self.with_snapshot(at, |snapshot| {
            let ahead = snapshot.as_of_time(at.plus_days(1));
            ahead.map(|_| ()).map_err(|error| error.code())
        });
        match answer {
            Err(Some(Code::MomentAhead)) => Ok(()),
            other => Err(Difference::Outcome(format!(
                "as of tomorrow: oracle says moment_ahead, engine says {other:?}"
            ))),
        }
    }

    fn ask(
        &self,
        moment: &Moment<'_>,
        question: &Question,
        at: Timestamp,
    ) -> Result<Option<Code>, Difference> {
        compare_check(&self.oracle, moment, question, at)
            .map_err(|text| Difference::Answer(question.clone(), at, text))
    }

    /// The same of a world that has passed: that after a command.
    fn ask_then(
        &self,
        (request, then): &(RequestId, Then),
        questions: &[Question],
        now: Timestamp,
    ) -> Result<Vec<Option<Code>>, Difference> {
        self.with_snapshot(now, |snapshot| {
            let past = snapshot.as_of(then.seq).unwrap();
            let moment = past.moment().unwrap();
            let ask = |question: &Question| {
                compare_check(&then.oracle, &moment, question, then.at)
                    .map_err(|text| Difference::PastAnswer(question.clone(), *request, text))
            };
            questions.iter().map(ask).collect()
        })
    }

    fn ask_tenants_where(
        &self,
        moment: &Moment<'_>,
        user: UserId,
        permission: Permission,
        service: Option<Service>,
        at: Timestamp,
    ) -> Result<(), Difference> {
        let expected = self.oracle.tenants_where(user, &permission, service.as_ref(), at);
        let actual = moment
            .ask(TenantsWhere { user, permission: permission.clone(), service: service.clone() })
            .unwrap();
        if expected == actual {
            return Ok(());
        }
        let text = format!("oracle says {expected:?}, engine says {actual:?}");
        Err(Difference::TenantsWhere(user, permission, service, at, text))
    }

    fn ask_users_who_can(
        &self,
        moment: &Moment<'_>,
        permission: Permission,
        tenant: TenantId,
        service: Option<Service>,
        at: Timestamp,
    ) -> Result<(), Difference> {
        let expected = self.oracle.users_who_can(&permission, tenant, service.as_ref(), at);
        let actual = moment
            .ask(UsersWhoCan { permission: permission.clone(), tenant, service: service.clone() })
            .unwrap();
        if expected == actual {
            return Ok(());
        }
        let text = format!("oracle says {expected:?}, engine says {actual:?}");
        Err(Difference::UsersWhoCan(permission, tenant, service, at, text))
    }

    /// Compares everything that is kept.
    pub fn compare_state(&self) -> Result<(), Difference> {
        // What is kept is read as it is once everything due has happened.
        let mut settled = self.oracle.bare();
        settled.sweep(self.clock.now());
        let expected = state::of_oracle(&settled);
        let snapshot = self.engine.read().unwrap();
        let actual = state::of_engine(&snapshot.now().unwrap(), &self.oracle);
        match state::first_difference(&expected, &actual, ["oracle", "engine"]) {
            None => Ok(()),
            Some(text) => Err(Difference::State(text)),
        }
    }
}

/// Whether both say the same about a check, and with what reason.
fn compare_check(
    oracle: &Oracle,
    moment: &Moment<'_>,
    question: &Question,
    at: Timestamp,
) -> Result<Option<Code>, String> {
    let (allowed, reason) = oracle.check(question, at);
    let verdict = moment.check(question).unwrap();
    if (allowed, reason) == (verdict.allowed, verdict.reason) {
        return Ok(reason);
    }
    let said_by_both = [said(allowed, reason), said(verdict.allowed, verdict.reason)];
    Err(format!("oracle says {}, engine says {}", said_by_both[0], said_by_both[1]))
}

/// Whether what happened tells of the devices that a command meant, each by the id that was typed first (V-2).
fn compare_named(
    meant: Option<BTreeSet<String>>,
    command: &Command,
    events: &[Event],
) -> Result<(), Difference> {
    let Some(meant) = meant else { return Ok(()) };
    let told = events.iter().find_map(|event| match event {
        Event::UploadWithdrawn { devices, .. }
        | Event::DevicesMoved { devices, .. }
        | Event::MoveRequested { devices, .. }
        | Event::DevicesDeleted { devices, .. }
        | Event::SeatsAssigned { devices, .. }
        | Event::SeatsReleased { devices, .. } => Some(named(devices)),
        _ => None,
    });
    if told.as_ref() == Some(&meant) {
        return Ok(());
    }
    let name = command.name();
    Err(Difference::Outcome(format!("{name}: oracle says ok of {meant:?}, engine says ok of {told:?}")))
}

/// Leads both through the world of a seed and answers how many commands that took. Differences go to
/// `on_difference`, which says whether to go on; only after one that changes nothing that is possible.
fn run_world(seed: u64, coverage: &mut Coverage, mut on_difference: impl FnMut(Failure) -> bool) -> u64 {
    let policy = policy_of(seed);
    let mut pair = Pair::new(&policy, seed.is_multiple_of(AUDITED_WORLDS));
    let mut generator = Generator::new(seed, start());
    let mut asking = Rng::new(seed ^ 0xA5C);
    let mut beside = Rng::new(seed ^ 0xDE5C);
    let mut reviewing = Rng::new(seed ^ 0xACCE55);
    let length = length_of(&mut asking);
    let mut steps = Vec::with_capacity(length);
    let mut world = Coverage::default();
    for index in 0..length {
        let step = generator.step(&pair.oracle);
        steps.push(step.clone());
        let dice = [&mut asking, &mut beside, &mut reviewing];
        let progress = Progress { due: index >= length / 3, last: (index + 1 == length).then_some(length) };
        if let Err(difference) = walk(&mut pair, &mut generator, dice, &step, progress, &mut world) {
            let harmless = difference.changes_nothing();
            let failure = Failure { seed, policy: policy.clone(), steps: steps.clone(), difference };
            if !on_difference(failure) || !harmless {
                break;
            }
        }
    }
    coverage.world(&world);
    length as u64
}

/// How many commands a world has: most are short, so that there are many, and some long, so that they get deep.
fn length_of(dice: &mut Rng) -> usize {
    match dice.percent(LONG_WORLDS) {
        true => 250 + dice.below(201),
        false => 20 + dice.below(41),
    }
}

/// How far a world has got.
#[derive(Clone, Copy)]
struct Progress {
    /// Whether it is time to look at what has not been looked at yet.
    due: bool,
    /// How long the world is, at its last command.
    last: Option<usize>,
}

/// One command and the questions after it.
fn walk(
    pair: &mut Pair,
    generator: &mut Generator,
    [asking, beside, reviewing]: [&mut Rng; 3],
    step: &Step,
    progress: Progress,
    coverage: &mut Coverage,
) -> Result<(), Difference> {
    let last = progress.last.is_some();
    // Of lists, more at the end of a longer world.
    let at_the_end = |most: usize| progress.last.map(|length| (length * most / 300).max(2));
    let feat = Coverage::feat(&pair.oracle, &step.request, step.at);
    let rebuff = Coverage::rebuff(&pair.oracle, &step.request, step.at);
    let mut looked_at = |percent, kind| {
        let turning = Turning { limit: 1 + reviewing.below(20), descending: reviewing.percent(50) };
        (reviewing.percent(percent) || progress.due && !coverage.has_rows(kind)).then_some(turning)
    };
    let looks = [looked_at(PREVIEWS, "previews"), looked_at(FEEDS, "feed")];
    let before = pair.oracle.bare();
    let outcome = pair.perform(step, looks, coverage)?;
    coverage.laid(&before, &pair.oracle, &step.request.command, step.at);
    coverage.activated(&before, &pair.oracle, &step.request.command, step.at);
    coverage.command(step.request.command.name(), &outcome);
    coverage.list("notices", &Ok(pair.told));
    coverage.list("link ends told further up", &Ok(pair.further_up));
    coverage.list("link ends told who parted with the manager", &Ok(pair.parted));
    coverage.accepted(feat.filter(|_| outcome.is_ok()));
    coverage.refused_for(rebuff.filter(|(_, code)| outcome == Err(*code)).map(|(rebuff, _)| rebuff));
    let matrix = last || asking.percent(2);
    if matrix {
        pair.compare_state()?;
        coverage.state(&pair.oracle, step.at);
    }
    let at = if asking.percent(20) { generator.a_while_later(&pair.oracle) } else { step.at };
    let lists = at_the_end(20).unwrap_or(usize::from(asking.percent(15)));
    for _ in 0..lists {
        let moment = pair.some_moment(asking, at);
        // Of a past, half of them by somebody who could ask it then.
        let then = moment.filter(|_| asking.percent(50)).and_then(|moment| pair.then(moment));
        let world: &Oracle = then.as_ref().map_or(&pair.oracle, |then| &then.oracle);
        let question = generator.list_question(world, at);
        pair.agree(&question, moment, coverage)?;
        if let Some(then) = moment.and_then(|moment| pair.then(moment)) {
            pair.ask_ahead(at)?;
            if let Some(question) = generator.look_up_of_a_past(&then.oracle, &pair.oracle, at) {
                pair.agree(&question, moment, coverage)?;
            }
        }
    }
    if last || beside.percent(5) {
        let read = pair.compare_late(at)?;
        coverage.list("late notices", &Ok(read));
    }
    let desks = at_the_end(20).unwrap_or(usize::from(beside.percent(15)));
    for _ in 0..desks {
        let moment = pair.some_moment(beside, at);
        let then = moment.filter(|_| beside.percent(50)).and_then(|moment| pair.then(moment));
        let world: &Oracle = then.as_ref().map_or(&pair.oracle, |then| &then.oracle);
        let question = generator.desk_question(world, then.as_ref().map_or(at, |then| then.at), beside);
        pair.agree(&ListQuestion { at, ..question }, moment, coverage)?;
    }
    // From long enough ago that something has become of it.
    let early = &pair.history[..pair.history.len().div_ceil(2)];
    if last && let Some(past @ (request, then)) = reviewing.pick(early) {
        let questions: Vec<_> = (0..QUESTIONS).map(|_| generator.question(&then.oracle)).collect();
        for reason in pair.ask_then(past, &questions, at)? {
            coverage.check(reason);
            coverage.list("checks of a past", &Ok(1));
        }
        let turning = Turning { limit: 1000, descending: false };
        let rows = pair.compare_sum(then).map_err(|text| Difference::Sum(*request, text))?;
        coverage.list("feed added up", &Ok(rows));
        let past = pair.with_snapshot(at, |snapshot| {
            let past = snapshot.as_of(then.seq).unwrap();
            let Request { actor, command, .. } = step.request.clone();
            let (command, paging, count) = (Box::new(command), Paging::default(), true);
            refused(past.moment().unwrap().ask(Preview { actor, command, paging, count })).map(|_| ())
        });
        let user = pair.oracle.users.first().map(|user| user.id).unwrap();
        let ahead = pair.with_moment(at, |now| {
            let (actor, since, paging) = (Actor::OPERATOR, AsOf::Time(at.plus_days(1)), Paging::default());
            refused(now.ask(UserAccessChanges { actor, user, since, paging })).map(|_| ())
        });
        if ahead != Err(Code::MomentAhead) {
            let text = format!("since tomorrow: oracle says moment_ahead, engine says {ahead:?}");
            return Err(Difference::Outcome(text));
        }
        if past != Err(Code::MomentPassed) {
            let text = format!("past: oracle says moment_passed, engine says {past:?}");
            return Err(Difference::Preview(turning, text));
        }
    }
    let reviews = at_the_end(6).unwrap_or(usize::from(reviewing.percent(REVIEWS)));
    for _ in 0..reviews {
        let moment = pair.some_moment(reviewing, at);
        let differs = reviewing.percent(40);
        review(pair, generator, reviewing, (moment, differs), at, coverage)?;
    }
    if last {
        for kind in ["reviews", "reviews of a past", "differences"] {
            for _ in 0..MOST_TRIES {
                if coverage.has_rows(kind) {
                    break;
                }
                let past = kind == "reviews of a past";
                let moment = past.then(|| pair.past_moment(reviewing, at)).flatten();
                review(pair, generator, reviewing, (moment, kind == "differences"), at, coverage)?;
            }
        }
    }
    pair.with_moment(at, |moment| {
        for _ in 0..QUESTIONS {
            let reason = pair.ask(moment, &generator.question(&pair.oracle), at)?;
            coverage.check(reason);
        }
        if asking.percent(10) {
            let question = generator.question(&pair.oracle);
            pair.ask_tenants_where(moment, question.user, question.permission, question.service, at)?;
            let question = generator.question(&pair.oracle);
            pair.ask_users_who_can(moment, question.permission, question.tenant, question.service, at)?;
            coverage.lookups += 2;
        }
        if !matrix {
            return Ok(());
        }
        // Every user on every tenant: at the end of a world for every permission, else for a few.
        let every: Vec<Permission> = pair.oracle.policy.permissions.iter().cloned().collect();
        let some: Vec<Permission> =
            if last { every } else { (0..3).map(|_| generator.permission(&pair.oracle)).collect() };
        for permission in &some {
            let service = generator.service(&pair.oracle);
            for user in &pair.oracle.users {
                for tenant in &pair.oracle.tenants {
                    let mut question = Question::new(user.id, permission.clone(), tenant.id);
                    question.service = service.clone();
                    let reason = pair.ask(moment, &question, at)?;
                    coverage.check(reason);
                }
            }
        }
        Ok(())
    })
}

/// A question about who can reach what, at a moment, and how that has changed if it is about that.
fn review(
    pair: &Pair,
    generator: &mut Generator,
    dice: &mut Rng,
    (moment, differs): (Option<Moments>, bool),
    at: Timestamp,
    coverage: &mut Coverage,
) -> Result<(), Difference> {
    let then = moment.and_then(|moment| pair.then(moment));
    let since = differs.then(|| pair.before(dice, then.as_ref().map_or(at, |then| then.at))).flatten();
    let then = then.filter(|_| dice.percent(50));
    let world: &Oracle = then.as_ref().map_or(&pair.oracle, |then| &then.oracle);
    let question = generator.review_question(world, since, at, dice);
    pair.agree(&question, moment, coverage)
}

/// Whether these commands still lead to a difference of the same kind; if so, which, and after how many of them.
fn replay(policy: &Policy, steps: &[Step], difference: &Difference) -> Option<(usize, Difference)> {
    let audit = match difference {
        Difference::List(question, ..) => matches!(question.asked, Asked::Audit(..)),
        _ => false,
    };
    let mut pair = Pair::new(policy, audit);
    let wanted = difference.signature();
    let looks = match difference {
        Difference::Preview(turning, _) => [Some(*turning), None],
        Difference::Feed(turning, _) => [None, Some(*turning)],
        _ => [None, None],
    };
    for (index, step) in steps.iter().enumerate() {
        let looks = if index + 1 == steps.len() { looks } else { [None, None] };
        if let Err(found) = pair.perform(step, looks, &mut Coverage::default())
            && (found.signature() == wanted || !found.changes_nothing())
        {
            return (found.signature() == wanted).then_some((index + 1, found));
        }
    }
    let found = match difference {
        Difference::Outcome(_)
        | Difference::Ids(_)
        | Difference::Notice(..)
        | Difference::Preview(..)
        | Difference::Feed(..) => Ok(()),
        Difference::Sum(request, _) => match pair.then(Moments::Record(*request)) {
            Some(then) => pair.compare_sum(&then).map(|_| ()).map_err(|text| Difference::Sum(*request, text)),
            None => Ok(()),
        },
        Difference::Late(_, at, _) => pair.compare_late(*at).map(|_| ()),
        Difference::State(_) => pair.compare_state(),
        Difference::List(question, moment, _) => pair.ask_list(question, *moment).map(|_| ()),
        Difference::Answer(question, at, _) => {
            pair.with_moment(*at, |moment| pair.ask(moment, question, *at)).map(|_| ())
        }
        Difference::PastAnswer(question, request, _) => {
            let then = pair.history.iter().find(|(id, _)| id == request);
            let asked = std::slice::from_ref(question);
            then.map_or(Ok(()), |then| pair.ask_then(then, asked, then.1.at).map(|_| ()))
        }
        Difference::TenantsWhere(user, permission, service, at, _) => pair.with_moment(*at, |moment| {
            pair.ask_tenants_where(moment, *user, permission.clone(), service.clone(), *at)
        }),
        Difference::UsersWhoCan(permission, tenant, service, at, _) => pair.with_moment(*at, |moment| {
            pair.ask_users_who_can(moment, permission.clone(), *tenant, service.clone(), *at)
        }),
    };
    found.err().filter(|found| found.signature() == wanted).map(|found| (steps.len(), found))
}

/// The same failure with as few commands as deleting them one by one, and in blocks, leaves.
pub fn shrink(failure: &Failure) -> Failure {
    let mut best = failure.clone();
    let mut block = best.steps.len().div_ceil(2).max(1);
    loop {
        let mut smaller = false;
        let mut from = 0;
        while from < best.steps.len() {
            let mut fewer = best.steps.clone();
            fewer.drain(from..(from + block).min(best.steps.len()));
            match replay(&best.policy, &fewer, &best.difference) {
                Some((length, difference)) => {
                    fewer.truncate(length);
                    best.steps = fewer;
                    best.difference = difference;
                    smaller = true;
                }
                None => from += block,
            }
        }
        if block > 1 {
            block = block.div_ceil(2);
        } else if !smaller {
            return best;
        }
    }
}

/// Runs worlds from `seed` on, until so many commands have run.
///
/// # Errors
/// The first difference, made small.
pub fn run(
    seed: u64,
    stride: u64,
    commands: u64,
    mut progress: impl FnMut(u64),
) -> (Coverage, Result<u64, Box<Failure>>) {
    let mut coverage = Coverage::default();
    let (mut done, mut seed) = (0, seed);
    while done < commands {
        let mut first = None;
        done += run_world(seed, &mut coverage, |failure| {
            let open = failure.difference.is_open();
            if !open {
                first = Some(failure);
            }
            open
        });
        if let Some(failure) = first {
            return (coverage, Err(Box::new(shrink(&failure))));
        }
        progress(done);
        seed += stride;
    }
    (coverage, Ok(done))
}

/// Runs worlds from `seed` on, and collects one small example of every kind of difference that is wanted, with how often it
/// was met. Also what the worlds reached, up to the differences that ended them.
pub fn survey(
    seed: u64,
    stride: u64,
    commands: u64,
    wanted: impl Fn(&Difference) -> bool,
) -> (Coverage, BTreeMap<String, (u64, Failure)>) {
    let mut found: BTreeMap<String, (u64, Failure)> = BTreeMap::new();
    let (mut done, mut seed) = (0, seed);
    let mut coverage = Coverage::default();
    while done < commands {
        done += run_world(seed, &mut coverage, |failure| {
            if !wanted(&failure.difference) {
                return true;
            }
            let kind = failure.difference.signature();
            match found.get_mut(&kind) {
                Some((count, example)) => {
                    *count += 1;
                    if failure.steps.len() < example.steps.len() {
                        *example = failure;
                    }
                }
                None => drop(found.insert(kind, (1, failure))),
            }
            true
        });
        seed += stride;
    }
    let small = found.into_iter().map(|(kind, (count, example))| (kind, (count, shrink(&example)))).collect();
    (coverage, small)
}
