//! Who is who: a cookie that says nothing, and what it stands for in this process's memory. A real service would keep
//! this where all its processes see it, and would have checked who somebody is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Redirect;
use tenantry::UserId;
use tenantry::model::Actor;
use uuid::Uuid;

/// How many visits are remembered; the one that is longest unused is forgotten first.
const MOST: usize = 1_000;

/// What the cookie is called.
pub(crate) const COOKIE: &str = "visit";

/// Everybody who is here.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<(u64, BTreeMap<Uuid, Session>)>);

#[derive(Debug)]
struct Session {
    user: Option<UserId>,
    token: Uuid,
    said: Option<String>,
    used: u64,
}

/// One request's visit.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// What the cookie says.
    pub(crate) id: Uuid,
    /// What every form has to bring along.
    pub(crate) token: Uuid,
    /// Who it is, once they have come through the door.
    pub(crate) user: Option<UserId>,
    /// The page that is being asked for, with its query.
    pub(crate) here: String,
    /// What is to be said on it.
    pub(crate) said: Option<String>,
}

/// A visit of somebody who has come through the door; whoever has not is sent there.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Who it is.
    pub(crate) user: UserId,
    /// Their visit.
    pub(crate) visit: Visit,
}

impl Sessions {
    /// The visit that a cookie stands for, or a new one of nobody yet. What is to be said is said once, on a page.
    pub(crate) fn visit(&self, id: Option<Uuid>, here: String, is_page: bool) -> (Visit, bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (clock, sessions) = &mut *all;
        *clock += 1;
        let id = id.filter(|id| sessions.contains_key(id));
        let (id, new) = id.map_or_else(|| (Uuid::new_v4(), true), |id| (id, false));
        let session = sessions.entry(id).or_insert_with(|| Session {
            user: None,
            token: Uuid::new_v4(),
            said: None,
            used: 0,
        });
        session.used = *clock;
        let said = if is_page { session.said.take() } else { None };
        let visit = Visit { id, token: session.token, user: session.user, here, said };
        if sessions.len() > MOST
            && let Some((&oldest, _)) = sessions.iter().min_by_key(|(_, session)| session.used)
        {
            sessions.remove(&oldest);
        }
        (visit, new)
    }

    /// Somebody comes in, or goes. The visit gets another id, so that nobody has known it before.
    pub(crate) fn becomes(&self, visit: &Visit, user: Option<UserId>) -> Uuid {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (clock, sessions) = &mut *all;
        sessions.remove(&visit.id);
        let id = Uuid::new_v4();
        sessions.insert(id, Session { user, token: Uuid::new_v4(), said: None, used: *clock });
        id
    }

    /// Has something said on the next page.
    pub(crate) fn say(&self, visit: &Visit, what: impl Into<String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = all.1.get_mut(&visit.id) {
            session.said = Some(what.into());
        }
    }
}

impl Person {
    /// Who asks and commands.
    pub(crate) fn actor(&self) -> Actor {
        self.user.into()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Redirect> {
        parts.extensions.get().cloned().ok_or_else(|| Redirect::to("/"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Redirect> {
        let visit = Visit::from_request_parts(parts, state).await?;
        visit.user.map(|user| Self { user, visit }).ok_or_else(|| Redirect::to("/"))
    }
}
