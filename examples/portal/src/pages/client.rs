//! A new client: which type it is, where it is, who is authorised on it. And who is, on clients that are there.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{get, post};
use maud::{Markup, html};
use tenantry::base::ids::RequestId;
use tenantry::command::{AddCustomer, Assign, Authorization, NewAssignment, ShareIntegration};
use tenantry::model::{Contact, RoleRef, TenantKind};
use tenantry::query::{IntegrationFilter, Integrations, Paging, Roles, Users};
use tenantry::{TenantId, UserId};
use uuid::Uuid;

use super::add;
use crate::app::Portal;
use crate::fields::Fields;
use crate::frame::Reader;
use crate::guard::{At, needs};
use crate::problem::{Problem, told};
use crate::session::Person;
use crate::{form, frame, words};

pub(super) fn routes(portal: &Portal) -> Router<Portal> {
    Router::new()
        .route("/at/{at}/clients/add", needs(portal, "customers.add", get(show)))
        .route("/at/{at}/clients/new", needs(portal, "customers.add", post(new)))
        .route("/at/{at}/clients/authorize", needs(portal, "users.manage", get(authorize)))
        .route("/at/{at}/clients/authorized", needs(portal, "users.manage", post(authorized)))
}

async fn show(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::of_now(&fields)?;
    frame::page(&portal, person, at, fields, "Add client", |reader| {
        let policy = reader.moment.policy();
        let types = policy.management_types.iter();
        let types: Vec<_> =
            types.map(|rule| (rule.name.to_string(), words::management(&rule.name))).collect();
        let kinds = [("customer", "Client"), ("msp", "Multi-client, which has clients of its own")];
        let kinds = kinds.map(|(name, reads)| (name.to_owned(), reads.to_owned()));
        Ok(html! {
            h1 { "Add client" }
            (form::post(&reader.person.visit, &format!("/at/{}/clients/new", reader.at), html! {
                (form::radios("Type", "kind", "customer", &kinds))
                p.soft { "The type stays as it is. To mend it, delete the client and add it anew, or ask the platform’s support." }
                (form::needed("Company name", "name", ""))
                (form::text("Domain prefix", "prefix", ""))
                (form::text("Street address", "street", ""))
                (form::radios("How it is managed", "management", "fully", &types))
                (form::boxes("Services", "services", &[], &form::pairs(&policy.services)))
                (form::text("Name of its super admin", "owner_name", ""))
                (form::text("E-mail of its super admin, if it is jointly managed", "owner", ""))
                (collector(reader)?)
                (users(reader)?)
                p.buttons { button.strong { "Save" } }
            }))
        })
    })
    .await
}

/// Whether one of one's own collectors is shared with the client, or one is to be installed there.
fn collector(reader: &Reader<'_>) -> Result<Markup, Problem> {
    let kind = "collector".parse().map_err(|flaw| Problem::typed("kind", flaw))?;
    let filter =
        IntegrationFilter { kind: Some(kind), owner: Some(reader.at), ..IntegrationFilter::default() };
    let paging = Paging { limit: 200, ..Paging::default() };
    let own = Integrations { filter, paging, ..Integrations::new(reader.actor(), reader.at) };
    let own = told(reader.moment.ask(own))?.filter(|_| reader.may("integrations.manage"));
    let own = own.map(|page| page.rows).unwrap_or_default();
    let anew = [(String::new(), "Install a new one at the client".to_owned())];
    let shared = own.iter().map(|row| (row.integration.to_string(), format!("Share {}", row.name)));
    let all: Vec<_> = anew.into_iter().chain(shared).collect();
    Ok(html! { @if !own.is_empty() { (form::choice("Collector", "collector", "", &all)) } })
}

/// Whom to authorise: all of them with one role, or each with their own.
fn users(reader: &Reader<'_>) -> Result<Markup, Problem> {
    let paging = Paging { limit: 200, ..Paging::default() };
    let users = reader.ask(Users { paging, ..Users::new(reader.actor(), reader.at) })?.rows;
    let roles = reader.ask(Roles::new(reader.actor(), reader.at))?.rows;
    let roles: Vec<_> = roles
        .iter()
        .map(|row| {
            let name = row.name.as_ref().map_or_else(|| words::role(&row.role), ToString::to_string);
            (row.role.to_string(), name)
        })
        .collect();
    let own = [vec![(String::new(), "Each their own".to_owned())], roles.clone()].concat();
    Ok(html! {
        fieldset {
            legend { "Authorize users" }
            (form::choice("The same role for all who are ticked", "role", "", &own))
            table {
                thead { tr { th scope="col" { "User" } th scope="col" { "Own role" } } }
                tbody { @for row in &users {
                    @let name = row.name.as_ref().map_or_else(|| "Somebody".to_owned(), ToString::to_string);
                    tr {
                        th scope="row" data-label="User" { (form::tick(&name, "user", row.user, false)) }
                        td data-label="Own role" { (form::choice(&format!("Role of {name}"), &format!("role {}", row.user), "read_only", &roles)) }
                    }
                } }
            }
            (form::tick("On all clients below a multi-client, too", "below", "yes", true))
        }
    })
}

/// Who was ticked, each with the role that is theirs.
fn chosen(fields: &Fields) -> Result<Vec<(UserId, RoleRef)>, Problem> {
    let same: Option<RoleRef> = fields.may("role")?;
    let users: std::collections::BTreeSet<UserId> = fields.set("user")?;
    let each = users.into_iter().map(|user| {
        let role = same.clone().map_or_else(|| fields.need(&format!("role {user}")), Ok)?;
        Ok((user, role))
    });
    each.collect()
}

async fn new(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let kind = match fields.word("kind", &["customer", "msp"])? {
        "msp" => TenantKind::Msp,
        _ => TenantKind::Customer,
    };
    let below = Some(fields.yes("below")?);
    let authorize = chosen(&fields)?.into_iter().map(|(user, role)| Authorization { user, role, below });
    let (name, management) = (fields.need("name")?, fields.need("management")?);
    // What comes of the form's own id is the same however often it is sent.
    let request: RequestId = fields.need("request")?;
    let of_it = |bit| Uuid::from_u128(request.uuid().as_u128() ^ bit);
    let tenant = TenantId::from_uuid(of_it(1));
    let command = AddCustomer {
        tenant: Some(tenant),
        prefix: fields.may("prefix")?,
        contact: Contact { street: fields.may("street")?, ..Contact::default() },
        authorize: authorize.collect(),
        owner: add::owner(&fields)?,
        ..AddCustomer::new(at, kind, name, management, fields.set("services")?)
    };
    let next = format!("/at/{at}/clients");
    let Some(collector) = fields.may("collector")? else {
        return portal.done(&person, &fields, command, "The client is added.", &next).await;
    };
    let share = ShareIntegration::new(collector, tenant);
    let sharing = (RequestId::from_uuid(of_it(2)), share);
    let said = match portal.act_on_both(person.user, (request, command), sharing).await? {
        None => "The client is added, and the collector is shared with it.".to_owned(),
        // These are two commands: the client is there all the same.
        Some(refused) => format!(
            "The client is added. The collector is not shared with it: {}. Share it under “Integrations”.",
            words::plainly(refused.name).to_lowercase(),
        ),
    };
    portal.sessions().say(&person.visit, said);
    Ok(Redirect::to(&next))
}

async fn authorize(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Markup, Problem> {
    frame::of_now(&fields)?;
    frame::page(&portal, person, at, fields, "Authorize users", |reader| {
        let tenants: Vec<&str> = reader.fields.all("tenant").collect();
        Ok(html! {
            h1 { "Authorize users" }
            p { "On " (tenants.len()) (if tenants.len() == 1 { " client." } else { " clients." }) }
            (form::post(&reader.person.visit, &format!("/at/{}/clients/authorized", reader.at), html! {
                @for tenant in tenants { (form::hidden("tenant", tenant)) }
                (users(reader)?)
                p.buttons { button.strong { "Save" } }
            }))
        })
    })
    .await
}

async fn authorized(
    State(portal): State<Portal>,
    person: Person,
    At(at): At<TenantId>,
    fields: Fields,
) -> Result<Redirect, Problem> {
    let tenants: std::collections::BTreeSet<TenantId> = fields.set("tenant")?;
    let (who, below) = (chosen(&fields)?, Some(fields.yes("below")?));
    let each = tenants.into_iter().flat_map(|tenant| {
        who.iter().map(move |(user, role)| NewAssignment { user: *user, tenant, role: role.clone(), below })
    });
    portal
        .done(
            &person,
            &fields,
            Assign::new(each.collect()),
            "The users are authorized.",
            &format!("/at/{at}/clients"),
        )
        .await
}
