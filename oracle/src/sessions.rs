//! Console sessions: opened and closed by people, ended with the right to them (S-1, S-2). It looks at every open
//! session after everything that happens.

use tenantry::base::ids::SessionId;
use tenantry::base::text::Permission;
use tenantry::base::time::Timestamp;
use tenantry::command::OpenConsole;
use tenantry::model::Actor;
use tenantry::refusal::Code;

use crate::access::{Disabled, Who};
use crate::obstacles::least;
use crate::world::{Oracle, Session};

impl Oracle {
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    pub fn open_console(&mut self, actor: &Actor, c: &OpenConsole, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let Who::User(user) = who else { return Err(Code::WrongActor) };
        let mut obstacles = self.right_where_offered(who, "console.open", c.tenant, &c.service, at)?;
        let id = c.session.unwrap();
        obstacles.extend(self.id_obstacles(&[id.uuid()]));
        least(obstacles)?;
        self.sessions.push(Session {
            id,
            user,
            tenant: c.tenant,
            service: c.service.clone(),
            return_to: c.return_to.clone(),
            opened: at,
            closed: None,
            ended: false,
        });
        Ok(())
    }

    pub fn close_console(&mut self, actor: &Actor, id: SessionId, at: Timestamp) -> Result<(), Code> {
        let who = self.actor(actor, Disabled::Bars)?;
        let session = self.session(id).ok_or(Code::UnknownSession)?;
        if let Who::User(user) = who
            && user != session.user
        {
            return Err(Code::UnknownSession);
        }
        if session.closed.is_some() {
            return Err(Code::SessionClosed);
        }
        self.close_session(id, at, false);
        Ok(())
    }

    fn close_session(&mut self, id: SessionId, at: Timestamp, ended: bool) {
        for session in self.sessions.iter_mut().filter(|session| session.id == id) {
            session.closed = Some(at);
            session.ended = ended;
        }
    }

    /// Ends every open session, of those that are looked at, whose user could not open it at a moment.
    pub fn end_sessions(&mut self, moment: Timestamp, at: Timestamp, looked_at: impl Fn(&Session) -> bool) {
        let open = Permission::parse("console.open").unwrap();
        let mut over = Vec::new();
        for session in self.sessions.iter().filter(|s| s.closed.is_none() && looked_at(s)) {
            let Session { user, tenant, service, .. } = session;
            if self.judge(*user, &open, *tenant, Some(service), moment, Disabled::Bars).is_err() {
                over.push(session.id);
            }
        }
        for session in over {
            self.close_session(session, at, true);
        }
    }

    /// Where a service's console is for a tenant, if the policy says so.
    pub fn console_address(&self, c: &OpenConsole) -> Option<String> {
        let template = self.policy.consoles.get(&c.service)?;
        let tenant = self.tenant(c.tenant)?;
        let address = template.replace("{tenant}", &tenant.id.to_string());
        Some(address.replace("{number}", tenant.number.as_str()))
    }
}
