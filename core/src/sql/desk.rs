//! Where the statements of a connection are answered: by the rules, on what its transaction sees,
//! or by an access index that stands at that very revision. Remembers no answer beyond a statement.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};

use rusqlite::types::Value;
use rusqlite::{Connection, Result as SqlResult, ffi};

use super::asked::{SqlCall, SqlQuestion, failure, told};
use crate::base::ids::TenantId;
use crate::base::time::Timestamp;
use crate::engine::{Clock, Engine, Error, Token};
use crate::index::{AccessIndex, Permit};
use crate::query::Question;
use crate::refusal::{Code, Refusal};
use crate::rules::{World, access};
use crate::store::sqlite::{ConnectionState, Hosted, Revision};
use crate::view::View;

/// How many questions of one statement are remembered.
const QUESTIONS: usize = 64;

/// About how many tenants one question is asked before it is answered for all.
const ONE_BY_ONE: usize = 32;

/// What answers.
pub(super) enum Source {
    /// The store alone, by this clock.
    Clock(Box<dyn Clock>),
    /// An engine's clock, and its access index where that stands where the transaction does.
    Engine(Arc<Engine>),
}

impl Source {
    fn moment(&self) -> Result<Timestamp, Error> {
        let now = match self {
            Self::Clock(clock) => clock.now(),
            Self::Engine(engine) => engine.now(),
        };
        if now == Timestamp::MAX { Err(Refusal::new(Code::ClockAhead, now).into()) } else { Ok(now) }
    }

    fn index(&self, at: &Revision) -> Option<Arc<AccessIndex>> {
        let Self::Engine(engine) = self else { return None };
        let token = Token { epoch: at.epoch, seq: at.head.seq, hash: at.head.hash };
        engine.index_at(token, at.rebuilds)
    }
}

/// Where one connection's statements are answered.
pub(super) struct Desk {
    source: Source,
    rows: RandomState,
    /// The table has it, and takes it along when the connection closes: nothing that was prepared
    /// is left by then.
    hosted: Mutex<Weak<Mutex<Hosted>>>,
}

impl Desk {
    pub(super) fn new(source: Source) -> Self {
        Self { source, rows: RandomState::new(), hosted: Mutex::default() }
    }

    /// Answers what is asked on this connection from now on.
    pub(super) fn host(&self, db: Connection) -> Arc<Mutex<Hosted>> {
        let hosted = Arc::new(Mutex::new(Hosted::on(db)));
        *self.hosted.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&hosted);
        hosted
    }

    /// A number for a row, which nobody else's row has but by a chance that nobody can bring about.
    pub(super) fn number_of(&self, arguments: &[Value; 3], tenant: Option<TenantId>) -> i64 {
        let arguments = arguments.each_ref().map(|argument| match argument {
            Value::Text(text) => Some(text.as_bytes()),
            Value::Blob(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        self.rows.hash_one((arguments, tenant)).cast_signed()
    }

    /// The moment of a statement.
    pub(super) fn moment(&self) -> SqlResult<Timestamp> {
        self.source.moment().map_err(|error| told(&error))
    }

    /// Has something asked of the store on the connection.
    fn at<T>(&self, ask: impl FnOnce(&mut Hosted) -> Result<T, Error>) -> SqlResult<T> {
        let hosted = self.hosted.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        let hosted = hosted.ok_or_else(|| failure(ffi::SQLITE_MISUSE, "the connection is being closed"))?;
        let mut hosted = match hosted.try_lock() {
            Ok(hosted) => hosted,
            Err(TryLockError::Poisoned(hosted)) => hosted.into_inner(),
            Err(TryLockError::WouldBlock) => {
                return Err(failure(ffi::SQLITE_MISUSE, "it was asked within an answer of its own"));
            }
        };
        ask(&mut hosted).map_err(|error| told(&error))
    }

    /// The tenants on which somebody may do something, in the order of their ids.
    pub(super) fn tenants(&self, call: &SqlCall<'_>, at: Timestamp) -> SqlResult<Vec<TenantId>> {
        let asked = call.asked().map_err(|error| told(&error))?;
        self.at(|hosted| hosted.read(|view, revision| self.all(&asked, at, view, revision)))
    }

    /// Whether somebody may do something on a tenant.
    pub(super) fn may(&self, call: &SqlCall<'_>, tenant: TenantId, at: Timestamp) -> SqlResult<bool> {
        let asked = call.asked().map_err(|error| told(&error))?;
        self.at(|hosted| hosted.read(|view, revision| self.one(&asked, tenant, at, view, revision)))
    }

    /// The same for a statement that asks again and again.
    pub(super) fn may_again(
        &self,
        call: &SqlCall<'_>,
        tenant: TenantId,
        told: &mut ToldSoFar,
    ) -> SqlResult<bool> {
        self.at(|hosted| {
            // As long as it stands as it stood, the transaction sees what it saw.
            if told.standing.is_none() || told.standing != hosted.standing() {
                told.standing = None;
                let now = hosted.read(|_, revision| Ok::<_, Error>(*revision))?;
                told.seen(now);
                told.standing = hosted.standing();
            }
            if let Some(may) = told.remembered(call, tenant) {
                return Ok(may);
            }
            let at = told.at;
            let question = told.question(call)?;
            if question.some.len() < ONE_BY_ONE {
                let asked = &question.asked;
                let may = hosted.read(|view, revision| self.one(asked, tenant, at, view, revision))?;
                question.some.insert(tenant, may);
                return Ok(may);
            }
            let asked = &question.asked;
            let all = hosted.read(|view, revision| self.all(asked, at, view, revision))?;
            let may = all.binary_search(&tenant).is_ok();
            question.all = Some(all);
            Ok(may)
        })
    }

    fn all(
        &self,
        asked: &SqlQuestion,
        at: Timestamp,
        view: &dyn View,
        revision: &Revision,
    ) -> Result<Vec<TenantId>, Error> {
        let indexed = self.source.index(revision);
        if let Some(found) = indexed.and_then(|index| of_index(&index, asked, at, revision.head.seq)) {
            return Ok(found);
        }
        let world = World::reading(view, revision.head.moment(at))?;
        access::names(&world, &asked.permission, asked.service.as_ref())?;
        Ok(access::tenants_where(&world, asked.user, &asked.permission, asked.service.as_ref())?)
    }

    fn one(
        &self,
        asked: &SqlQuestion,
        tenant: TenantId,
        at: Timestamp,
        view: &dyn View,
        revision: &Revision,
    ) -> Result<bool, Error> {
        if let Some(index) = self.source.index(revision)
            && let Some(permit) = permit(&index, asked)
        {
            let verdict = index.check(asked.user, permit, tenant, at);
            if verdict.seq == revision.head.seq {
                return Ok(verdict.allowed());
            }
        }
        let world = World::reading(view, revision.head.moment(at))?;
        let SqlQuestion { user, permission, service } = asked.clone();
        let question = Question { user, permission, tenant, service };
        let allowed = access::check(&world, &question, revision.head.seq)?.allowed;
        if !allowed {
            access::names(&world, &asked.permission, asked.service.as_ref())?;
        }
        Ok(allowed)
    }
}

/// What is asked, as an index knows it; what it does not know, the store is asked about.
fn permit(index: &AccessIndex, asked: &SqlQuestion) -> Option<Permit> {
    let permission = index.permission(asked.permission.as_str()).ok()?;
    match &asked.service {
        Some(service) => Some(permission.with(index.service(service.as_str()).ok()?)),
        None => Some(permission.into()),
    }
}

/// The tenants by an index, in the order of their ids, if it is still at this revision.
fn of_index(index: &AccessIndex, asked: &SqlQuestion, at: Timestamp, seq: u64) -> Option<Vec<TenantId>> {
    let permit = permit(index, asked)?;
    let (ids, read) = index.tenants_in_order(index.user(asked.user), permit, at).ok()?;
    (read == seq).then_some(ids)
}

/// What one statement has been told so far.
pub(super) struct ToldSoFar {
    /// Its moment.
    at: Timestamp,
    revision: Option<Revision>,
    standing: Option<ConnectionState>,
    questions: Vec<Answers>,
}

/// What it was told of one question.
struct Answers {
    asked: SqlQuestion,
    some: BTreeMap<TenantId, bool>,
    all: Option<Vec<TenantId>>,
}

impl ToldSoFar {
    /// Nothing, to a statement of this moment.
    pub(super) const fn nothing(at: Timestamp) -> Self {
        Self { at, revision: None, standing: None, questions: Vec::new() }
    }

    /// Forgets what was told of another revision.
    fn seen(&mut self, now: Revision) {
        if self.revision != Some(now) {
            self.questions.clear();
            self.revision = Some(now);
        }
    }

    fn remembered(&self, call: &SqlCall<'_>, tenant: TenantId) -> Option<bool> {
        let answers = self.questions.iter().find(|answers| call.is(&answers.asked))?;
        match &answers.all {
            Some(all) => Some(all.binary_search(&tenant).is_ok()),
            None => answers.some.get(&tenant).copied(),
        }
    }

    fn question(&mut self, call: &SqlCall<'_>) -> Result<&mut Answers, Error> {
        let found = self.questions.iter().position(|answers| call.is(&answers.asked));
        let place = match found {
            Some(place) => place,
            None => {
                let asked = call.asked()?;
                if self.questions.len() >= QUESTIONS {
                    self.questions.clear();
                }
                self.questions.push(Answers { asked, some: BTreeMap::new(), all: None });
                self.questions.len() - 1
            }
        };
        Ok(self.questions.get_mut(place).expect("it was found or pushed there"))
    }
}
