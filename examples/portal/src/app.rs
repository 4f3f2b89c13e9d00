//! The service itself: the library, its access index, who is here, and the two chores. What may wait is asked on threads
//! that may; only checks on the index are made where requests are served.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Redirect;
use tenantry::base::ids::RequestId;
use tenantry::command::{Act, Command, Request};
use tenantry::engine::{Moment, Watch};
use tenantry::event::Event;
use tenantry::index::AccessIndex;
use tenantry::query::Ask;
use tenantry::{Code, Engine, Error, Receipt, TenantId, Timestamp, UserId};

use crate::fields::Fields;
use crate::letters::Letters;
use crate::problem::Problem;
use crate::session::{Person, Sessions};

/// How often the chores are done, and other processes' writes looked for.
const EVERY: Duration = Duration::from_millis(250);

/// What this machine calls itself.
const HERE: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// How often something is looked at anew because others write, until whoever wants it done has to look as well.
const TRIES: usize = 5;

/// The service on an open store.
#[derive(Clone, Debug)]
pub struct Portal(Arc<Rooms>);

#[derive(Debug)]
struct Rooms {
    engine: Arc<Engine>,
    index: Arc<AccessIndex>,
    sessions: Sessions,
    letters: Letters,
    hosts: Vec<String>,
    /// Held for as long as there is a service: what other processes take away is taken in.
    _watch: Watch,
}

impl Portal {
    /// Gets ready on an open store, to be found on this machine.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(engine: Engine) -> Result<Self, Error> {
        Self::named(engine, Vec::new())
    }

    /// The same, to be found by these names as well.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn named(engine: Engine, hosts: Vec<String>) -> Result<Self, Error> {
        let engine = Arc::new(engine);
        let index = engine.access_index()?;
        let watch = engine.watch(EVERY)?;
        let (sessions, letters) = (Sessions::default(), Letters::default());
        let hosts = HERE.iter().map(|&name| name.to_owned()).chain(hosts).collect();
        Ok(Self(Arc::new(Rooms { engine, index, sessions, letters, hosts, _watch: watch })))
    }

    /// The two chores of a service, for as long as it runs: what time brings about, and the notices.
    pub async fn chores(self) {
        loop {
            let portal = self.clone();
            let done = tokio::task::spawn_blocking(move || {
                portal.0.engine.sweep()?;
                portal.0.letters.deliver(&portal.0.engine)
            });
            // What did not go well is tried again at the next turn; nothing is acknowledged that was not delivered.
            drop(done.await);
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Who is here.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// What was sent.
    pub(crate) fn letters(&self) -> &Letters {
        &self.0.letters
    }

    /// Whether a name is one of this service's.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.0.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether somebody may do something, in nanoseconds; why not, if not.
    pub(crate) fn check(&self, user: UserId, permission: &str, tenant: TenantId) -> Result<(), Option<Code>> {
        let Ok(permission) = self.0.index.permission(permission) else {
            return Err(None);
        };
        let verdict = self.0.index.check(user, permission, tenant, || self.0.engine.now());
        if verdict.allowed() { Ok(()) } else { Err(verdict.reason) }
    }

    /// Whether somebody may do something.
    pub(crate) fn may(&self, user: UserId, permission: &str, tenant: TenantId) -> bool {
        self.check(user, permission, tenant).is_ok()
    }

    /// Whether somebody may do something for a service.
    pub(crate) fn may_for(&self, user: UserId, permission: &str, service: &str, tenant: TenantId) -> bool {
        let index = &self.0.index;
        let (Ok(permission), Ok(service)) = (index.permission(permission), index.service(service)) else {
            return false;
        };
        index.check(user, permission.with(service), tenant, || self.0.engine.now()).allowed()
    }

    /// Asks whatever a page wants to know: of now, and of a moment that has passed, if it is about one. All that is asked
    /// of either is of one and the same state of things.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        at: Option<Timestamp>,
        what: impl FnOnce(&Moment<'_>, &Moment<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let portal = self.clone();
        aside(move || {
            let snapshot = portal.0.engine.read()?;
            let now = snapshot.now()?;
            match at {
                None => what(&now, &now),
                Some(at) => what(&now, &snapshot.as_of_time(at)?.moment()?),
            }
        })
        .await
    }

    /// Asks one thing of now.
    pub(crate) async fn ask_one<Q>(&self, query: Q) -> Result<Q::Answer, Problem>
    where
        Q: Ask + Send + 'static,
        Q::Answer: Send + 'static,
    {
        self.ask(None, move |now, _| Ok(now.ask(query)?)).await
    }

    /// Has a command done, once for all the times that it is sent under one id.
    pub(crate) async fn act<C>(
        &self,
        id: RequestId,
        user: UserId,
        command: C,
    ) -> Result<Receipt<C::Outcome>, Problem>
    where
        C: Act + Send + 'static,
        C::Outcome: Send + 'static,
    {
        let portal = self.clone();
        aside(move || Ok(portal.0.engine.execute_as(id, user, command)?)).await
    }

    /// Has a command done and, in the same commit, one that goes with it, under an id of its own:
    /// each is answered for itself, so that the first may be done and the second refused.
    pub(crate) async fn act_on_both(
        &self,
        user: UserId,
        first: (RequestId, impl Into<Command>),
        second: (RequestId, impl Into<Command>),
    ) -> Result<Option<Problem>, Problem> {
        let request = |id, command| Request { id, actor: user.into(), expected_seq: None, command };
        let requests = vec![request(first.0, first.1.into()), request(second.0, second.1.into())];
        let portal = self.clone();
        aside(move || {
            let mut answers = portal.0.engine.submit_all(requests).into_iter();
            answers.next().transpose()?;
            Ok(answers.next().and_then(Result::err).map(Problem::from))
        })
        .await
    }

    /// Has a command done that was decided upon at a revision, as long as what it rests on is as it was then: `still`
    /// says at which revision it is, if it is. Answers with what happened, or nothing, where it has moved on. A command
    /// that was done under the same id is answered as it was then.
    pub(crate) async fn act_as_seen<S>(
        &self,
        id: RequestId,
        user: UserId,
        command: impl Into<Command>,
        mut seen: u64,
        still: impl Fn() -> S,
    ) -> Result<Option<Receipt<Vec<Event>>>, Problem>
    where
        S: Future<Output = Result<Option<u64>, Problem>>,
    {
        let command = command.into();
        for _ in 0..TRIES {
            let (portal, command) = (self.clone(), command.clone());
            let request = Request { id, actor: user.into(), expected_seq: Some(seen), command };
            match aside(move || Ok(portal.0.engine.submit(request)?)).await {
                Ok(receipt) => return Ok(Some(receipt)),
                Err(problem) if problem.is(Code::StaleSeq) => {}
                Err(problem) => return Err(problem),
            }
            match still().await? {
                Some(seq) => seen = seq,
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

impl Portal {
    /// Has done what a form asks for, says so on the page that comes next, and leads there.
    pub(crate) async fn done(
        &self,
        person: &Person,
        fields: &Fields,
        command: impl Into<Command>,
        said: &str,
        next: &str,
    ) -> Result<Redirect, Problem> {
        let happened = self.act(fields.need("request")?, person.user, command.into()).await?.outcome;
        let said = if happened.is_empty() { "It was so already: nothing has changed." } else { said };
        self.sessions().say(&person.visit, said);
        Ok(Redirect::to(next))
    }
}

/// On a thread that may wait.
async fn aside<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let stopped = |_| {
        let detail = "the service stopped within this request".to_owned();
        Problem::said(StatusCode::INTERNAL_SERVER_ERROR, "stopped", detail, Some("try again"))
    };
    tokio::task::spawn_blocking(what).await.map_err(stopped)?
}
