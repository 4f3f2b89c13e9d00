//! Who somebody is and where they are at home: also of those whose organisation is disabled. Its super admins go on
//! parting from others, answering what awaits them, and enabling what their own side disabled (T-5); nobody else of it
//! has anything here. Who they are, tenantry says; what they are told of their home is the host's own knowledge.

use tenantry::base::ids::LinkId;
use tenantry::engine::{Moment, Of};
use tenantry::model::{Assignment, Hold, Link, Party, RoleRef, Stage, Subject, Tenant, TenantKind, User};
use tenantry::query::{Awaiting, MyProfile};
use tenantry::{TenantId, UserId};

use crate::problem::{Problem, told};

/// Somebody as they see themselves.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    /// What they are called.
    pub(crate) name: Option<String>,
    /// Their role at home.
    pub(crate) role: Option<RoleRef>,
    /// Where they are at home.
    pub(crate) home: TenantId,
    /// What that is called.
    pub(crate) organisation: String,
    /// Its number.
    pub(crate) number: String,
    /// What kind it is of.
    pub(crate) kind: TenantKind,
    /// What is left to them, where it is disabled.
    pub(crate) shut: Option<Shut>,
}

/// What is left to whoever's organisation is disabled.
#[derive(Clone, Debug)]
pub(crate) struct Shut {
    /// Whether it is their own side that keeps it so, and may lift that.
    pub(crate) by_own_side: bool,
    /// Whom they may part from.
    pub(crate) bonds: Vec<Bond>,
}

/// A link of one's own organisation.
#[derive(Clone, Debug)]
pub(crate) struct Bond {
    /// Which.
    pub(crate) link: LinkId,
    /// On which side of it one is.
    pub(crate) as_: Party,
    /// Who is on the other side.
    pub(crate) other: TenantId,
    /// What they are called.
    pub(crate) name: String,
    /// Their number.
    pub(crate) number: String,
    /// How far it has come.
    pub(crate) stage: Stage,
}

impl Own {
    /// Whom they may part from while their organisation is disabled.
    pub(crate) fn bonds(&self) -> &[Bond] {
        self.shut.as_ref().map_or(&[], |shut| &shut.bonds)
    }
}

/// Who somebody is; the refusal, where they have nothing here.
pub(crate) fn of(now: &Moment<'_>, user: UserId) -> Result<Own, Problem> {
    if let Some(own) = whoever(now, user)? {
        return Ok(own);
    }
    now.ask(Awaiting::new(user.into()))?;
    Err(Problem::nothing_here())
}

/// Who somebody is, if they have anything here.
pub(crate) fn whoever(now: &Moment<'_>, user: UserId) -> Result<Option<Own>, Problem> {
    if let Some(it) = told(now.ask(MyProfile::new(user.into())))? {
        return Ok(Some(Own {
            name: it.name.map(|name| name.to_string()),
            role: it.role,
            home: it.home.tenant,
            organisation: it.home.name.to_string(),
            number: it.home.number.to_string(),
            kind: it.kind,
            shut: None,
        }));
    }
    // What awaits them is told to those alone who may go on while their home is disabled.
    if told(now.ask(Awaiting::new(user.into())))?.is_none() {
        return Ok(None);
    }
    let host = now.host();
    let Some(it) = host.get::<User>(user.uuid())? else { return Ok(None) };
    let Some(home) = host.get::<Tenant>(it.home.uuid())? else { return Ok(None) };
    let role = host.get::<Assignment>(Assignment::key(user, home.id).uuid())?;
    let known = host.personal(Subject::User(user))?.unwrap_or_default();
    let mut bonds = Vec::new();
    for (as_, of) in [(Party::Customer, Of::Tenant(home.id)), (Party::Manager, Of::Manager(home.id))] {
        for link in host.list::<Link>(&of)?.iter().filter(|link| link.stage.is_in_force()) {
            bonds.extend(bond(now, user, as_, link)?);
        }
    }
    Ok(Some(Own {
        name: known.name.map(|name| name.to_string()),
        role: role.map(|it| it.role.clone()),
        home: home.id,
        organisation: home.name.to_string(),
        number: home.number.to_string(),
        kind: home.kind,
        shut: Some(Shut { by_own_side: home.holds.contains(&Hold::Own), bonds }),
    }))
}

/// A link as one side of it sees it; nothing, where it cannot be delinked, or whoever looks is kept off the other side.
fn bond(now: &Moment<'_>, user: UserId, as_: Party, link: &Link) -> Result<Option<Bond>, Problem> {
    let other = if as_ == Party::Customer { link.manager } else { link.managed };
    let own = now.host().get::<Assignment>(Assignment::key(user, other).uuid())?;
    let kept_off = own.is_some_and(|it| it.role.to_string() == "no_access");
    let types = &now.policy().management_types;
    let parts = types.iter().any(|rule| rule.name == link.management && rule.delinkable);
    let Some(it) = now.host().get::<Tenant>(other.uuid())? else { return Ok(None) };
    Ok((parts && !kept_off).then(|| Bond {
        link: link.id,
        as_,
        other,
        name: it.name.to_string(),
        number: it.number.to_string(),
        stage: link.stage,
    }))
}
