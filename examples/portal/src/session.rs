//! Who is who: a cookie that says nothing, and what it stands for in this process's memory. A real service would keep
//! this where all its processes see it, and would have checked who somebody is.
//!
//! Only of whoever has come through the door is anything remembered: before that, the cookie is signed and stands for
//! itself, so that no number of callers takes anybody else's place.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use tenantry::UserId;
use tenantry::journal::Hash;
use tenantry::model::Actor;
use uuid::Uuid;

use crate::problem::{NOT_IN, Problem};

/// How many visits are remembered; the one that is longest unused is forgotten first.
const MOST: usize = 1_000;

/// How many of them are one person's: nobody takes the place of others by coming in again and again.
const OF_ONE: usize = 16;

/// What the cookie is called.
pub(crate) const COOKIE: &str = "visit";

/// Everybody who is here.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// What cookies of nobody are signed with.
    secret: String,
    here: Mutex<(u64, BTreeMap<Uuid, Session>)>,
}

#[derive(Debug)]
struct Session {
    user: UserId,
    token: Uuid,
    said: Option<String>,
    used: u64,
}

/// One request's visit.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    id: Uuid,
    /// What every form has to bring along.
    pub(crate) token: Uuid,
    /// Who it is, once they have come through the door.
    pub(crate) user: Option<UserId>,
    /// The page that is being asked for, with its query.
    pub(crate) here: String,
    /// What is to be said on it.
    pub(crate) said: Option<String>,
    /// What the cookie has to say from now on, where the browser has none that stands for anything.
    pub(crate) new: Option<String>,
    /// Whether it is another site that leads here.
    pub(crate) from_elsewhere: bool,
}

/// A visit of somebody who has come through the door; whoever has not is sent there.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Who it is.
    pub(crate) user: UserId,
    /// Their visit.
    pub(crate) visit: Visit,
}

impl Default for Sessions {
    fn default() -> Self {
        let secret = [Uuid::new_v4(), Uuid::new_v4()].map(|part| part.simple().to_string()).concat();
        Self { secret, here: Mutex::default() }
    }
}

impl Sessions {
    /// The visit that a cookie stands for, or a new one of nobody yet. What is to be said is said once, on a page.
    pub(crate) fn visit(&self, cookie: Option<&str>, here: String, is_page: bool) -> Visit {
        if let Some(visit) = cookie.and_then(|cookie| self.somebody(cookie, &here, is_page)) {
            return visit;
        }
        let known = cookie.and_then(|cookie| self.nobody(cookie));
        let id = known.unwrap_or_else(Uuid::new_v4);
        let new = known.is_none().then(|| self.signed(id));
        let token = self.seal("token", id);
        Visit { id, token, user: None, here, said: None, new, from_elsewhere: false }
    }

    /// The visit of somebody that a cookie stands for.
    fn somebody(&self, cookie: &str, here: &str, is_page: bool) -> Option<Visit> {
        let id = cookie.parse().ok()?;
        let mut all = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let (clock, sessions) = &mut *all;
        let session = sessions.get_mut(&id)?;
        *clock += 1;
        session.used = *clock;
        let said = if is_page { session.said.take() } else { None };
        let (user, here) = (Some(session.user), here.to_owned());
        Some(Visit { id, token: session.token, user, here, said, new: None, from_elsewhere: false })
    }

    /// The visit of nobody that a cookie stands for, if it was this process that signed it.
    fn nobody(&self, cookie: &str) -> Option<Uuid> {
        let (id, _) = cookie.split_at_checked(32)?;
        let id = id.parse().ok()?;
        (cookie == self.signed(id)).then_some(id)
    }

    fn signed(&self, id: Uuid) -> String {
        format!("{}{}", id.simple(), self.seal("visit", id).simple())
    }

    /// What nobody makes who does not know the secret: of texts that are all of one length.
    fn seal(&self, what: &str, id: Uuid) -> Uuid {
        let hash = Hash::of(format!("{} {what:>8} {id}", self.secret));
        let half = hash.bytes().first_chunk().copied();
        Uuid::from_bytes(half.unwrap_or_default())
    }

    /// Somebody comes in, or goes: what the cookie says from then on. It is another than before, so that nobody has
    /// known it.
    pub(crate) fn becomes(&self, visit: &Visit, user: Option<UserId>) -> String {
        let mut all = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let (clock, sessions) = &mut *all;
        sessions.remove(&visit.id);
        let id = Uuid::new_v4();
        let Some(user) = user else { return self.signed(id) };
        *clock += 1;
        let theirs = sessions.values().filter(|session| session.user == user).count();
        if theirs >= OF_ONE {
            forget(sessions, |session| session.user == user);
        } else if sessions.len() >= MOST {
            forget(sessions, |_| true);
        }
        sessions.insert(id, Session { user, token: Uuid::new_v4(), said: None, used: *clock });
        id.simple().to_string()
    }

    /// Has something said on the next page.
    pub(crate) fn say(&self, visit: &Visit, what: impl Into<String>) {
        let mut all = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = all.1.get_mut(&visit.id) {
            session.said = Some(what.into());
        }
    }
}

/// Forgets the visit that is longest unused, of some.
fn forget(sessions: &mut BTreeMap<Uuid, Session>, of: impl Fn(&Session) -> bool) {
    let some = sessions.iter().filter(|(_, session)| of(session));
    if let Some((&oldest, _)) = some.min_by_key(|(_, session)| session.used) {
        sessions.remove(&oldest);
    }
}

impl Person {
    /// Who asks and commands.
    pub(crate) fn actor(&self) -> Actor {
        self.user.into()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(not_in)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visit = Visit::from_request_parts(parts, state).await?;
        visit.user.map(|user| Self { user, visit }).ok_or_else(not_in)
    }
}

/// Nobody has come in by this visit.
fn not_in() -> Problem {
    let detail = "you have not come in".to_owned();
    Problem::said(StatusCode::UNAUTHORIZED, NOT_IN, detail, Some("come in by the door"))
}
