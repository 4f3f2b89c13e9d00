//! The stage that every journey plays on: an engine on a file, a clock that the journey moves, ids that count up, and
//! a page. It never decides anything: every yes and every no on the page is tenantry's answer.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use comfy_table::Cell;
use tenantry::base::ids::{LinkId, TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::command::{Act, RegisterTenant, RegisterUser};
use tenantry::engine::{Clock, Engine, Options};
use tenantry::event::Event;
use tenantry::model::{Actor, Link, Subject, Tenant, TenantKind};
use tenantry::policy::Policy;
use tenantry::query::{HeldPermission, Question, Recipients, Verdict};
use tenantry::refusal::{Code, Refusal};
use tenantry::store::sqlite::{self, SqliteStore};
use uuid::Uuid;

use crate::page::{Page, bad, count, faint, good, plain};

/// A journey stops at the first thing that does not go as the story says.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Monday, 2 March 2026, eight o'clock: when every journey begins.
const MORNING: &str = "2026-03-02T08:00:00Z";

/// Who takes the notices off the file.
const POSTMAN: &str = "postman";

/// A clock whose hands the journey moves.
#[derive(Clone)]
struct Hands(Arc<AtomicI64>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).expect("journeys play in this century")
    }
}

/// What a journey has at hand.
pub(crate) struct Stage {
    /// tenantry itself.
    pub(crate) engine: Arc<Engine>,
    /// Where it is told.
    pub(crate) page: Page,
    path: PathBuf,
    hands: Hands,
    names: BTreeMap<Uuid, String>,
    cast: Vec<(TenantId, Vec<String>)>,
}

/// Sets the stage on a file; `series` keeps the ids of several processes apart.
pub(crate) fn set(path: &Path, policy: Policy, series: u32) -> Result<Stage> {
    let hands = Hands(Arc::new(AtomicI64::new(Timestamp::parse(MORNING)?.micros())));
    let next = AtomicU64::new(1);
    let ids = move || {
        let number = u128::from(next.fetch_add(1, Ordering::SeqCst));
        Uuid::from_u128(u128::from(series) << 96 | number)
    };
    let store = SqliteStore::open(path, sqlite::FileOptions::default())?;
    let options = Options::default().clock(hands.clone()).ids(ids).policy(policy);
    Ok(Stage {
        engine: Arc::new(Engine::new(store, options)?),
        page: Page::default(),
        path: path.to_owned(),
        hands,
        names: BTreeMap::new(),
        cast: Vec::new(),
    })
}

impl Stage {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    // Time.

    pub(crate) fn now(&self) -> Timestamp {
        self.hands.now()
    }

    pub(crate) fn set_clock(&self, at: Timestamp) {
        self.hands.0.store(at.micros(), Ordering::SeqCst);
    }

    /// Lets some days pass, and what time alone brings about happen.
    pub(crate) fn days_pass(&mut self, days: u32) -> Result {
        let past = if days == 1 { "a day passes".to_owned() } else { format!("{days} days pass") };
        self.time_passes(self.now().plus_days(days), &past)
    }

    /// The same with hours.
    pub(crate) fn hours_pass(&mut self, hours: u32) -> Result {
        self.time_passes(self.now().plus_seconds(hours * 60 * 60), &format!("{hours} hours pass"))
    }

    fn time_passes(&mut self, until: Timestamp, past: &str) -> Result {
        self.set_clock(until);
        let happened = self.engine.sweep()?;
        self.page.remark(&format!("… {past} …"));
        if happened > 0 {
            self.deliver()?;
        }
        Ok(())
    }

    fn minutes_pass(&self) {
        self.set_clock(self.now().plus_seconds(5 * 60));
    }

    // Names.

    /// Remembers what people call the thing with this id.
    pub(crate) fn call(&mut self, id: Uuid, name: impl Display) {
        self.names.insert(id, name.to_string());
    }

    pub(crate) fn name(&self, id: Uuid) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn actor(&self, actor: &Actor) -> String {
        match actor {
            Actor::User(user) => self.name(user.uuid()),
            Actor::Operator { ticket: Some(ticket) } => format!("the operator, on {ticket},"),
            Actor::Operator { ticket: None } => "the operator".to_owned(),
            Actor::Clock => "the clock".to_owned(),
        }
    }

    /// What people call them, in the order of the alphabet.
    pub(crate) fn people(&self, users: &BTreeSet<UserId>) -> String {
        let names: BTreeSet<String> = users.iter().map(|user| self.name(user.uuid())).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
    }

    /// Those who are told of something, the platform's own staff included.
    pub(crate) fn recipients(&self, to: &Recipients) -> String {
        match (to.operator, to.users.is_empty()) {
            (false, _) => self.people(&to.users),
            (true, true) => "the operator".to_owned(),
            (true, false) => format!("{}, the operator", self.people(&to.users)),
        }
    }

    /// A text in which ids give way to names.
    pub(crate) fn in_names(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (id, name)| text.replace(&id.to_string(), name))
    }

    // The cast.

    /// Registers a tenant, as the platform's operator does.
    pub(crate) fn tenant(&mut self, kind: TenantKind, name: &str, number: &str) -> Result<TenantId> {
        let command =
            RegisterTenant { number: Some(number.parse()?), ..RegisterTenant::new(kind, name.parse()?) };
        let tenant = self.engine.execute(Actor::OPERATOR, command)?.outcome;
        self.enlist(tenant, name);
        Ok(tenant)
    }

    /// Takes a tenant into the cast.
    pub(crate) fn enlist(&mut self, tenant: TenantId, name: &str) {
        self.call(tenant.uuid(), name);
        self.cast.push((tenant, Vec::new()));
    }

    /// Registers a user, as the platform's operator does.
    pub(crate) fn user(&mut self, name: &str, home: TenantId, email: &str, role: &str) -> Result<UserId> {
        let command = RegisterUser {
            name: Some(name.parse()?),
            ..RegisterUser::new(home, email.parse()?, role.parse()?)
        };
        let user = self.engine.execute(Actor::OPERATOR, command)?.outcome;
        self.call(user.uuid(), name);
        if let Some((_, people)) = self.cast.iter_mut().find(|(tenant, _)| *tenant == home) {
            people.push(format!("{name} ({role})"));
        }
        Ok(user)
    }

    /// Shows who plays.
    pub(crate) fn introduce(&mut self) -> Result {
        let mut rows = Vec::new();
        let snapshot = self.engine.read()?;
        let now = snapshot.now()?;
        for (id, people) in &self.cast {
            let tenant = now.host().get::<Tenant>(id.uuid())?.ok_or("a tenant of the cast is missing")?;
            let people = if people.is_empty() { faint("–") } else { plain(people.join(", ")) };
            rows.push(vec![plain(&tenant.name), faint(&tenant.number), plain(tenant.kind), people]);
        }
        self.page.table(&["tenant", "number", "kind", "people"], rows);
        Ok(())
    }

    // The story.

    /// Somebody does something, and it is done.
    pub(crate) fn does<C: Act>(
        &mut self,
        actor: impl Into<Actor>,
        what: &str,
        command: C,
    ) -> Result<C::Outcome> {
        self.minutes_pass();
        let actor = actor.into();
        let line = format!("{} {what}", self.actor(&actor));
        let receipt = self.engine.execute(actor, command).map_err(|error| format!("{line}: {error}"))?;
        self.page.done(&clock_face(receipt.at), &line);
        self.deliver()?;
        Ok(receipt.outcome)
    }

    /// Somebody tries something, and it is refused.
    pub(crate) fn tries<C: Act>(
        &mut self,
        actor: impl Into<Actor>,
        what: &str,
        command: C,
    ) -> Result<Refusal> {
        let refusal = self.is_refused(actor.into(), what, command)?;
        // The first by precedence has been said; the others follow.
        let said = refusal.items.iter().position(|it| it.code == refusal.code && it.about == refusal.about);
        for (place, item) in refusal.items.iter().enumerate() {
            if Some(place) != said {
                let about = self.in_names(&item.about);
                self.page.answer(&format!("and {} {} for `{about}`", item.code.number(), item.code));
            }
        }
        Ok(refusal)
    }

    /// Somebody tries something with many things, and it is refused: for each thing, what stands in its way.
    pub(crate) fn tries_each<C: Act>(
        &mut self,
        actor: impl Into<Actor>,
        what: &str,
        things: &[String],
        command: C,
    ) -> Result {
        let refusal = self.is_refused(actor.into(), what, command)?;
        let rows = things.iter().enumerate().map(|(place, thing)| {
            let bars: Vec<String> = refusal
                .items
                .iter()
                .filter(|item| item.index == place)
                .map(|item| format!("{} {}", item.code.number(), item.code))
                .collect();
            let verdict =
                if bars.is_empty() { faint("nothing stands in its way") } else { bad(bars.join("\n")) };
            vec![count(place + 1), plain(thing), verdict]
        });
        let rows = rows.collect();
        self.page.table(&["", "as it was typed", "verdict"], rows);
        Ok(())
    }

    fn is_refused<C: Act>(&mut self, actor: Actor, what: &str, command: C) -> Result<Refusal> {
        self.minutes_pass();
        let line = format!("{} {what}", self.actor(&actor));
        match self.engine.execute(actor, command) {
            Err(tenantry::engine::Error::Refused(refusal)) => {
                let message = self.in_names(&refusal.message());
                let code = refusal.code;
                let at = clock_face(self.now());
                self.page.refused(&at, &line, code.number(), code.name(), &message, code.remedy());
                Ok(refusal)
            }
            Err(error) => Err(format!("{line}: {error}").into()),
            Ok(_) => Err(format!("{line}: was to be refused").into()),
        }
    }

    /// Delivers the notices that wait: the address is looked up now, and then they are acknowledged.
    pub(crate) fn deliver(&mut self) -> Result {
        for (kind, to) in self.post()? {
            self.page.mail(&kind, &to);
        }
        Ok(())
    }

    /// The notices that waited, with the addresses they go to.
    pub(crate) fn post(&mut self) -> Result<Vec<(String, Vec<String>)>> {
        let mut letters = Vec::new();
        let mail = self.engine.notices(POSTMAN, usize::MAX)?;
        let snapshot = self.engine.read()?;
        let now = snapshot.now()?;
        for notice in mail.notices {
            let mut to = Vec::new();
            if notice.to.operator {
                to.push("the operator".to_owned());
            }
            for user in notice.to.users {
                let known = now.host().personal(Subject::User(user))?.and_then(|personal| personal.email);
                to.push(known.map_or_else(|| "nobody any more".to_owned(), |email| email.to_string()));
            }
            to.sort();
            letters.push((notice.kind.name().to_owned(), to));
        }
        self.engine.acknowledge(POSTMAN, mail.through)?;
        Ok(letters)
    }

    pub(crate) fn link(&self, id: LinkId) -> Result<Arc<Link>> {
        Ok(self.engine.read()?.now()?.host().get::<Link>(id.uuid())?.ok_or("there is no such link")?)
    }

    // The end.

    /// What the journal holds, record by record.
    pub(crate) fn history(&mut self) -> Result {
        let rows = self
            .engine
            .records_after(0, usize::MAX)?
            .iter()
            .map(|record| {
                let actor = self.actor(&record.actor).trim_end_matches(',').to_owned();
                vec![
                    count(record.seq),
                    faint(clock_face(record.at)),
                    plain(actor),
                    plain(&record.command),
                    plain(happened(&record.events).join("\n")),
                ]
            })
            .collect();
        self.page.table(&["seq", "at", "from", "command", "what happened"], rows);
        Ok(())
    }

    /// Replays the whole journal and says that it holds.
    pub(crate) fn verify(&mut self) -> Result {
        let token = self.engine.verify()?.token;
        self.page.gap();
        self.page.holds(&format!(
            "the journal holds: {} records, replayed, lead to exactly what the file says",
            token.seq
        ));
        Ok(())
    }
}

/// What happened, by name, repeated things counted.
pub(crate) fn happened(events: &[Event]) -> Vec<String> {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for name in events.iter().map(Event::name) {
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, times)) => *times += 1,
            None => names.push((name, 1)),
        }
    }
    let told = |(name, times): (&str, usize)| {
        if times == 1 { name.to_owned() } else { format!("{name} × {times}") }
    };
    names.into_iter().map(told).collect()
}

/// What somebody may do: by name, or how much, where it is more than two permissions.
pub(crate) fn permissions(held: &[HeldPermission]) -> String {
    match held {
        [] => "–".to_owned(),
        [_, _, _, ..] => format!("{} permissions", held.len()),
        few => few.iter().map(|one| one.permission.to_string()).collect::<Vec<_>>().join("\n"),
    }
}

/// A moment to the minute.
pub(crate) fn clock_face(at: Timestamp) -> String {
    at.to_string().chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// A set of parsed texts.
pub(crate) fn set_of<T: FromStr + Ord>(texts: &[&str]) -> std::result::Result<BTreeSet<T>, T::Err> {
    texts.iter().map(|text| text.parse()).collect()
}

/// Rights that a journey keeps asking for, moment by moment.
pub(crate) struct Watch {
    questions: Vec<Question>,
    status_of: Option<LinkId>,
    moments: Vec<Seen>,
}

struct Seen {
    name: String,
    status: &'static str,
    seq: u64,
    verdicts: Vec<Verdict>,
}

impl Watch {
    pub(crate) fn new(questions: &[(UserId, &str, TenantId)]) -> Result<Self> {
        let questions = questions
            .iter()
            .map(|&(user, permission, tenant)| Ok(Question::new(user, permission.parse()?, tenant)))
            .collect::<Result<_>>()?;
        Ok(Self { questions, status_of: None, moments: Vec::new() })
    }

    /// From now on the status of this link is shown, too.
    pub(crate) fn follow(&mut self, link: LinkId) {
        self.status_of = Some(link);
    }

    /// Asks everything, now.
    pub(crate) fn moment(&mut self, stage: &Stage, name: &str) -> Result {
        let status = match self.status_of {
            Some(link) => stage.link(link)?.stage.status(),
            None => "–",
        };
        let verdicts = self.questions.iter().map(|question| stage.engine.check(question));
        let verdicts = verdicts.collect::<std::result::Result<Vec<_>, _>>()?;
        let seq = stage.engine.token()?.seq;
        self.moments.push(Seen { name: name.to_owned(), status, seq, verdicts });
        Ok(())
    }

    /// Shows what was answered, and asks the same again of the past.
    pub(crate) fn show(&self, stage: &mut Stage) -> Result {
        let header: Vec<String> = self.moments.iter().map(|seen| column(&seen.name)).collect();
        // Where there is one tenant only, the heading has said which.
        let first = self.questions.first().map(|question| question.tenant);
        let places = self.questions.iter().any(|question| Some(question.tenant) != first);
        let mut names = vec!["who", "wants"];
        if places {
            names.push("on");
        }
        names.extend(header.iter().map(String::as_str));
        let mut rows = Vec::new();
        if self.status_of.is_some() {
            let mut row = vec![faint("link"), faint("status")];
            if places {
                row.push(faint("–"));
            }
            row.extend(self.moments.iter().map(|seen| faint(column(seen.status))));
            rows.push(row);
        }
        let mut reasons: Vec<Code> = Vec::new();
        let mut last = None;
        for (place, question) in self.questions.iter().enumerate() {
            let who =
                if last == Some(question.user) { String::new() } else { stage.name(question.user.uuid()) };
            last = Some(question.user);
            let mut row: Vec<Cell> = vec![plain(who), plain(&question.permission)];
            if places {
                row.push(plain(stage.name(question.tenant.uuid())));
            }
            for verdict in self.moments.iter().filter_map(|seen| seen.verdicts.get(place)) {
                row.push(answer(verdict));
                reasons.extend(verdict.reason);
            }
            rows.push(row);
        }
        stage.page.table(&names, rows);
        explain(stage, reasons);
        self.ask_the_past(stage)
    }

    fn ask_the_past(&self, stage: &mut Stage) -> Result {
        let snapshot = stage.engine.read()?;
        for seen in &self.moments {
            let past = snapshot.as_of(seen.seq)?;
            let moment = past.moment()?;
            for (question, then) in self.questions.iter().zip(&seen.verdicts) {
                if moment.check(question)? != *then {
                    return Err(format!("the past of seq {} answers differently", seen.seq).into());
                }
            }
        }
        drop(snapshot);
        stage.page.holds("asked of the past today, every cell is the same");
        Ok(())
    }
}

/// A verdict in a cell.
pub(crate) fn answer(verdict: &Verdict) -> Cell {
    match verdict.reason {
        None => good("yes"),
        Some(code) => bad(format!("no {}", code.number())),
    }
}

/// Says what the numbers of a table of verdicts mean.
pub(crate) fn explain(stage: &mut Stage, mut reasons: Vec<Code>) {
    reasons.sort();
    reasons.dedup();
    for code in reasons {
        stage.page.remark(&format!("{} {} ({})", code.number(), code.name(), code.rule()));
    }
}

/// A few words as the head of a narrow column, one below the other.
fn column(words: &str) -> String {
    words.replace(' ', "\n")
}
