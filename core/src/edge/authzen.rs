//! The OpenID AuthZEN Authorization API 1.0 (January 2026): access evaluation, several of them in
//! one request, and the searches for subjects, resources and actions, page by page.
//!
//! These are the host's own questions, as [`Check`](crate::query::Check) is: there is no actor, and
//! whoever may send them learns whatever checks tell. To serve them over HTTP, let in only whoever
//! is to decide for the platform.
//!
//! | in the standard | here |
//! |---|---|
//! | subject of type `user` | a user, by their id |
//! | resource of type `tenant` | a tenant, by its id or its number |
//! | `properties.service` of a resource | the service that a check is about; none, if left out |
//! | action | a permission, by its name |
//! | decision | whether a check allows it; a denial's `context` has the `reason` and its `rule` |
//!
//! Whatever is well formed is answered: a type, an id or a name that there is none of is a denial,
//! and nothing is found by it. Other properties, and the context, change nothing: rights rest on
//! what the store knows, and not on what a request says of its subject. The moment is the one that
//! is asked, which the request cannot choose.
//!
//! ```
//! # use tenantry::{Actor, Code, Engine, Question, TenantKind, command::*, query::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = Engine::memory()?;
//! # let msp = RegisterTenant::new(TenantKind::Msp, "Northwind IT".parse()?);
//! # let msp = engine.execute(Actor::OPERATOR, msp)?.outcome;
//! # let ada = RegisterUser::new(msp, "ada@northwind.example".parse()?, "super_admin".parse()?);
//! # let ada = engine.execute(Actor::OPERATOR, ada)?.outcome;
//! use tenantry::edge::authzen::{self, AuthzenApi};
//!
//! let request = format!(
//!     r#"{{"subject": {{"type": "user", "id": "{ada}"}},
//!         "action": {{"name": "devices.view"}},
//!         "resource": {{"type": "tenant", "id": "{msp}"}}}}"#
//! );
//! let snapshot = engine.read()?;
//! let found = authzen::answer(&snapshot.now()?, AuthzenApi::Evaluation, &serde_json::from_str(&request)?)?;
//! assert_eq!(found.to_string(), r#"{"decision":true}"#);
//! # Ok(())
//! # }
//! ```

use iri_string::types::UriStr;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::document::{Document, EdgeError, Portion};
use crate::base::ids::{TenantId, UserId};
use crate::base::text::{Number, Permission, Service};
use crate::engine::{Error, Moment, Of};
use crate::model::Tenant;
use crate::query::{MAX_ROWS, Page, Paging, Question};
use crate::refusal::{Code, Refusal};

/// The most evaluations in one request.
pub const MAX_EVALUATIONS: usize = 1_000;

/// What a subject is.
const USER: &str = "user";

/// What a resource is.
const TENANT: &str = "tenant";

/// The parts of the Authorization API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthzenApi {
    /// One access evaluation.
    Evaluation,
    /// Several, each answered for itself.
    Evaluations,
    /// Who may do this there.
    SearchSubject,
    /// Where somebody may do this.
    SearchResource,
    /// What somebody may do there.
    SearchAction,
}

impl AuthzenApi {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::Evaluation, Self::Evaluations, Self::SearchSubject, Self::SearchResource, Self::SearchAction];

    /// The path that the standard has for it.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Evaluation => "/access/v1/evaluation",
            Self::Evaluations => "/access/v1/evaluations",
            Self::SearchSubject => "/access/v1/search/subject",
            Self::SearchResource => "/access/v1/search/resource",
            Self::SearchAction => "/access/v1/search/action",
        }
    }

    /// The one at this path, if there is one.
    pub fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.path() == path)
    }

    const fn parameter(self) -> &'static str {
        match self {
            Self::Evaluation => "access_evaluation_endpoint",
            Self::Evaluations => "access_evaluations_endpoint",
            Self::SearchSubject => "search_subject_endpoint",
            Self::SearchResource => "search_resource_endpoint",
            Self::SearchAction => "search_action_endpoint",
        }
    }
}

/// Answers a request of the Authorization API about a moment.
///
/// # Errors
/// `Malformed`, where the standard answers with "Bad Request": something required is missing or of
/// another type, or there are too many evaluations; `foreign_cursor`, where a page's token is of
/// another search; when the store cannot be read. Never an allow.
pub fn answer(moment: &Moment<'_>, api: AuthzenApi, request: &Document) -> Result<Document, EdgeError> {
    let request = Portion::whole(request);
    match api {
        AuthzenApi::Evaluation => evaluation(moment, &request),
        AuthzenApi::Evaluations => evaluations(moment, &request),
        AuthzenApi::SearchSubject => subjects(moment, &request),
        AuthzenApi::SearchResource => resources(moment, &request),
        AuthzenApi::SearchAction => actions(moment, &request),
    }
}

/// The metadata of a policy decision point that serves all of this under `base`, at the paths that
/// the standard has for them. To be found at the base with `/.well-known/authzen-configuration`
/// between its host and its path.
///
/// ```
/// let found = tenantry::edge::authzen::metadata("https://pdp.example.com")?;
/// assert_eq!(found.0["access_evaluation_endpoint"], "https://pdp.example.com/access/v1/evaluation");
/// # Ok::<(), tenantry::edge::EdgeError>(())
/// ```
///
/// # Errors
/// `Malformed`, where it is not a URL of the scheme `https` without a query and a fragment.
pub fn metadata(base: &str) -> Result<Document, EdgeError> {
    let url = UriStr::new(base).ok();
    let fits = url.is_some_and(|url| {
        let host = url.authority_str().is_some_and(|host| !host.is_empty());
        url.scheme_str() == "https" && host && url.query().is_none() && url.fragment().is_none()
    });
    if !fits {
        let why = "expected a URL of the scheme `https` without a query and a fragment";
        return Err(EdgeError::malformed("base", why));
    }
    let begin = base.strip_suffix('/').unwrap_or(base);
    let mut found = Document::of([("policy_decision_point", base.into())]);
    for api in AuthzenApi::ALL {
        found = found.with(api.parameter(), Some(format!("{begin}{}", api.path())));
    }
    Ok(found)
}

/// Somebody or something that a request names in full.
#[derive(Clone, Copy)]
struct Identified<'d> {
    kind: &'d str,
    id: &'d str,
    properties: Option<Portion<'d>>,
}

impl<'d> Identified<'d> {
    fn read(part: Portion<'d>) -> Result<Self, EdgeError> {
        let (kind, id) = (part.text("type")?, part.text("id")?);
        Ok(Self { kind, id, properties: part.within("properties")? })
    }

    fn user(&self) -> Option<UserId> {
        id(self.id).filter(|_| self.kind == USER).map(UserId::from_uuid)
    }

    fn tenant(&self, moment: &Moment<'_>) -> Result<Option<TenantId>, Error> {
        if self.kind != TENANT {
            return Ok(None);
        }
        if let Some(id) = id(self.id) {
            return Ok(Some(TenantId::from_uuid(id)));
        }
        let Ok(number) = self.id.parse::<Number>() else { return Ok(None) };
        let found = moment.host().list::<Tenant>(&Of::Number(number))?;
        Ok(found.first().map(|tenant| tenant.id))
    }
}

/// An id as it is told, with its hyphens: so long that no number is one.
fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == Hyphenated::LENGTH)
}

/// With which service something is to be done.
enum With {
    Any(Option<Service>),
    /// With one that nobody can have.
    Unknown,
}

/// The service among the properties of a resource. What is there and names none is not passed over:
/// a narrow question must not be answered as a wide one.
fn service(properties: Option<Portion<'_>>) -> With {
    let Some(properties) = properties else { return With::Any(None) };
    match properties.get("service") {
        None if properties.is_null("service") => With::Unknown,
        None => With::Any(None),
        Some(Value::String(text)) => text.parse().map_or(With::Unknown, |service| With::Any(Some(service))),
        Some(_) => With::Unknown,
    }
}

/// A name of an action.
fn action(part: Portion<'_>) -> Result<Option<Permission>, EdgeError> {
    let name = part.text("name")?;
    part.within("properties")?;
    Ok(name.parse().ok())
}

/// An entity of a request that must be there.
fn entity<'d>(request: &Portion<'d>, name: &'d str) -> Result<Portion<'d>, EdgeError> {
    request.within(name)?.ok_or_else(|| EdgeError::malformed(name, "is missing"))
}

/// What one evaluation is about: entities that are well formed, whether or not there are such.
struct Evaluation<'d> {
    subject: Identified<'d>,
    action: Option<Permission>,
    resource: Identified<'d>,
}

impl<'d> Evaluation<'d> {
    /// Reads one; what it leaves out is as `otherwise` has it.
    fn read(request: &Portion<'d>, otherwise: Option<&Portion<'d>>) -> Result<Self, EdgeError> {
        let find = |name| match (request.within(name)?, otherwise) {
            (Some(found), _) => Ok(found),
            // Whom it is about could not be told: that is nobody else.
            (None, _) if request.is_null(name) => Err(EdgeError::malformed(name, "expected an object")),
            (None, Some(otherwise)) => entity(otherwise, name),
            (None, None) => Err(EdgeError::malformed(name, "is missing")),
        };
        request.within("context")?;
        Ok(Self {
            subject: Identified::read(find("subject")?)?,
            action: action(find("action")?)?,
            resource: Identified::read(find("resource")?)?,
        })
    }

    /// Decides it: the check, and nothing that the check does not say.
    fn decide(&self, moment: &Moment<'_>) -> Result<Document, Error> {
        let Some(user) = self.subject.user() else { return Ok(denied(Code::UnknownUser, None)) };
        let Some(tenant) = self.resource.tenant(moment)? else {
            return Ok(denied(Code::UnknownTenant, Some("P-2")));
        };
        let Some(permission) = self.action.clone() else { return Ok(denied(Code::UnknownPermission, None)) };
        let With::Any(service) = service(self.resource.properties) else {
            return Ok(denied(Code::UnknownService, None));
        };
        match moment.check(&Question { service, ..Question::new(user, permission, tenant) }) {
            Ok(verdict) => Ok(match verdict.reason {
                None => Document::of([("decision", verdict.allowed.into())]),
                Some(reason) => denied(reason, Some(verdict.rule())),
            }),
            Err(Error::Refused(Refusal {
                code: code @ (Code::UnknownPermission | Code::UnknownService),
                ..
            })) => Ok(denied(code, None)),
            Err(error) => Err(error),
        }
    }
}

fn denied(reason: Code, rule: Option<&'static str>) -> Document {
    let rule = rule.unwrap_or_else(|| reason.rule());
    let why = Document::of([("reason", reason.name().into()), ("rule", rule.into())]);
    Document::of([("decision", false.into()), ("context", why.into())])
}

fn evaluation(moment: &Moment<'_>, request: &Portion<'_>) -> Result<Document, EdgeError> {
    Ok(Evaluation::read(request, None)?.decide(moment)?)
}

/// After which decision the rest of several is left alone.
fn stops_at(request: &Portion<'_>) -> Result<Option<bool>, EdgeError> {
    let Some(options) = request.within("options")? else { return Ok(None) };
    match options.maybe_text("evaluations_semantic")? {
        None | Some("execute_all") => Ok(None),
        Some("deny_on_first_deny") => Ok(Some(false)),
        Some("permit_on_first_permit") => Ok(Some(true)),
        Some(_) => {
            let why = "expected `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`";
            Err(EdgeError::malformed("options.evaluations_semantic", why))
        }
    }
}

fn evaluations(moment: &Moment<'_>, request: &Portion<'_>) -> Result<Document, EdgeError> {
    let items = request.items("evaluations")?;
    if request.is_null("evaluations") {
        return Err(EdgeError::malformed("evaluations", "expected an array"));
    }
    let stop = stops_at(request)?;
    if items.is_empty() {
        return evaluation(moment, request);
    }
    if items.len() > MAX_EVALUATIONS {
        return Err(EdgeError::malformed("evaluations", format_args!("more than {MAX_EVALUATIONS}")));
    }
    // What holds for all of them is wrong for all of them.
    for name in ["subject", "resource"] {
        request.within(name)?.map(Identified::read).transpose()?;
    }
    request.within("action")?.map(action).transpose()?;
    request.within("context")?;
    let mut found = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let path = format!("evaluations[{place}]");
        let read = Portion::of(item, &path).and_then(|item| Evaluation::read(&item, Some(request)));
        let decided = match read {
            Ok(read) => read.decide(moment)?,
            Err(EdgeError::Malformed { path, why }) => {
                let message = format!("{path}: {why}");
                let error = Document::of([("status", 400.into()), ("message", message.into())]);
                let context = Document::of([("error", error.into())]);
                Document::of([("decision", false.into()), ("context", context.into())])
            }
            Err(error) => return Err(error),
        };
        let allowed = decided.0.get("decision") == Some(&Value::Bool(true));
        found.push(Value::from(decided));
        if stop == Some(allowed) {
            break;
        }
    }
    Ok(Document::of([("evaluations", found.into())]))
}

/// The most results of a page where a request does not say.
const RESULTS: u64 = 100;

/// Which page of a search is wanted. A token carries how many results its page is to have, since it
/// may come back alone.
struct Sought<'d> {
    // What the search is, which its tokens are sealed with: no other has them.
    list: (&'static str, u64, Vec<Option<&'d Value>>),
    limit: usize,
    cursor: Option<&'d str>,
}

impl<'d> Sought<'d> {
    fn read(request: &Portion<'d>, api: AuthzenApi) -> Result<Self, EdgeError> {
        request.within("context")?;
        let page = request.within("page")?;
        let limit = page.map_or(Ok(None), |page| page.count("limit"))?;
        let token = page.map_or(Ok(None), |page| page.maybe_text("token"))?;
        let foreign = || EdgeError::Asked(Refusal::new(Code::ForeignCursor, "").into());
        let (limit, cursor) = match token {
            None => (limit.unwrap_or(RESULTS), None),
            Some(token) => {
                let (before, cursor) = token.split_once('.').ok_or_else(foreign)?;
                let before = before.parse().map_err(|_| foreign())?;
                if limit.is_some_and(|limit| limit != before) {
                    return Err(foreign());
                }
                (before, Some(cursor).filter(|cursor| !cursor.is_empty()))
            }
        };
        let entities = ["subject", "action", "resource", "context"].map(|name| request.get(name));
        let most = usize::try_from(limit).map_or(MAX_ROWS, |limit| limit.min(MAX_ROWS));
        Ok(Self { list: (api.path(), limit, entities.into()), limit: most, cursor })
    }

    /// Asks for the page, and says it as the standard does.
    fn page<T>(
        &self,
        ask: impl FnOnce(&Self, &Paging) -> Result<Page<T>, Error>,
        result: impl Fn(T) -> Document,
    ) -> Result<Document, EdgeError> {
        let (results, next) = if self.limit == 0 {
            // Nothing is wanted, and wherever it began, it goes on there.
            (Vec::new(), Some(self.cursor.unwrap_or_default().to_owned()))
        } else {
            let cursor = self.cursor.map(str::to_owned);
            let Page { rows, next } = ask(self, &Paging { cursor, limit: self.limit, ..Paging::default() })?;
            (rows, next)
        };
        let token = next.map(|next| format!("{}.{next}", self.list.1)).unwrap_or_default();
        let page = Document::of([("next_token", token.into()), ("count", results.len().into())]);
        let results: Vec<Value> = results.into_iter().map(|one| result(one).into()).collect();
        Ok(Document::of([("page", page.into()), ("results", results.into())]))
    }

    /// The page of a search that finds nothing, whatever page it is.
    fn nothing() -> Document {
        let page = Document::of([("next_token", "".into()), ("count", 0.into())]);
        Document::of([("page", page.into()), ("results", Vec::<Value>::new().into())])
    }
}

fn typed(kind: &str, id: impl ToString) -> Document {
    Document::of([("type", kind.into()), ("id", id.to_string().into())])
}

fn subjects(moment: &Moment<'_>, request: &Portion<'_>) -> Result<Document, EdgeError> {
    let kind = entity(request, "subject")?.text("type")?;
    let permission = action(entity(request, "action")?)?;
    let resource = Identified::read(entity(request, "resource")?)?;
    let wanted = Sought::read(request, AuthzenApi::SearchSubject)?;
    let tenant = resource.tenant(moment)?;
    let (Some(permission), Some(tenant), With::Any(service)) =
        (permission, tenant, service(resource.properties))
    else {
        return Ok(Sought::nothing());
    };
    if kind != USER {
        return Ok(Sought::nothing());
    }
    wanted.page(
        |it, paging| moment.host().users_who_can(&permission, tenant, service.as_ref(), &it.list, paging),
        |user| typed(USER, user),
    )
}

fn resources(moment: &Moment<'_>, request: &Portion<'_>) -> Result<Document, EdgeError> {
    let subject = Identified::read(entity(request, "subject")?)?;
    let permission = action(entity(request, "action")?)?;
    let resource = entity(request, "resource")?;
    let (kind, properties) = (resource.text("type")?, resource.within("properties")?);
    let wanted = Sought::read(request, AuthzenApi::SearchResource)?;
    let (Some(user), Some(permission), With::Any(service)) =
        (subject.user(), permission, service(properties))
    else {
        return Ok(Sought::nothing());
    };
    if kind != TENANT {
        return Ok(Sought::nothing());
    }
    wanted.page(
        |it, paging| moment.host().tenants_where(user, &permission, service.as_ref(), &it.list, paging),
        |tenant| typed(TENANT, tenant),
    )
}

fn actions(moment: &Moment<'_>, request: &Portion<'_>) -> Result<Document, EdgeError> {
    let subject = Identified::read(entity(request, "subject")?)?;
    let resource = Identified::read(entity(request, "resource")?)?;
    let wanted = Sought::read(request, AuthzenApi::SearchAction)?;
    let tenant = resource.tenant(moment)?;
    let (Some(user), Some(tenant), With::Any(service)) =
        (subject.user(), tenant, service(resource.properties))
    else {
        return Ok(Sought::nothing());
    };
    wanted.page(
        |it, paging| moment.host().permissions(user, tenant, service.as_ref(), &it.list, paging),
        |permission| Document(Map::from_iter([("name".to_owned(), permission.to_string().into())])),
    )
}
