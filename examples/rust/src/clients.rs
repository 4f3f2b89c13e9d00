//! A multi-client with clients below it, under the policy `clients`: three authorizations, inherited and overridden;
//! disable, enable, delete. Never shows more of a tenant than the asking user may see.

use tenantry::base::ids::{TenantId, UserId};
use tenantry::command::{
    AddCustomer, Assign, Authorization, DeleteTenants, DisableTenants, EnableTenants, NewAssignment,
    ReportReady, TenantResult,
};
use tenantry::model::{Actor, Tenant, TenantKind};
use tenantry::query::Question;

use crate::page::{bad, faint, good, plain};
use crate::stage::{Result, Stage, Watch, set_of};

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Clients below a multi-client");
    stage.page.remark(
        "Policy `clients`: no access, read-only or admin; inherited, unless something nearer says otherwise.",
    );

    stage.page.heading("The house");
    let atlas = stage.tenant(TenantKind::Msp, "Atlas Services", "AT-1")?;
    let ada = stage.user("Ada", atlas, "ada@atlas.example", "admin")?;
    let cem = stage.user("Cem", atlas, "cem@atlas.example", "no_access")?;
    let dora = stage.user("Dora", atlas, "dora@atlas.example", "no_access")?;
    stage.introduce()?;
    let group = add(
        stage,
        ada,
        atlas,
        ("Meridian Group", "AT-10", TenantKind::Msp),
        &[(cem, "admin"), (dora, "read_only")],
    )?;
    let paris = add(stage, ada, group, ("Meridian Paris", "AT-11", TenantKind::Customer), &[])?;
    let osaka =
        add(stage, ada, group, ("Meridian Osaka", "AT-12", TenantKind::Customer), &[(cem, "read_only")])?;
    let quito = add(stage, ada, group, ("Meridian Quito", "AT-13", TenantKind::Customer), &[])?;

    stage.page.heading("Who holds what, and from where");
    let people = [ada, cem, dora];
    let places = [atlas, group, paris, osaka, quito];
    authorizations(stage, &people, &places)?;
    stage.page.remark("Cem is admin of the group and only reads in Osaka: what is nearest wins.");
    let shut = NewAssignment { user: dora, tenant: paris, role: "no_access".parse()?, below: None };
    stage.does(ada, "keeps Dora out of Paris", Assign::new(vec![shut]))?;
    let lima = add(stage, cem, group, ("Meridian Lima", "AT-14", TenantKind::Customer), &[])?;
    stage.page.remark("Lima came later and is covered all the same.");
    let places = [atlas, group, paris, osaka, quito, lima];
    authorizations(stage, &people, &places)?;
    stage.tries(dora, "looks for more than she may do", DisableTenants::new(vec![quito]))?;
    stage.tries(dora, "tries Paris, which she cannot see", DisableTenants::new(vec![paris]))?;

    stage.page.heading("Disable and enable");
    let mut rights = Watch::new(&[
        (cem, "devices.manage", group),
        (cem, "devices.manage", paris),
        (cem, "tenant.operate", paris),
        (cem, "devices.manage", quito),
    ])?;
    rights.moment(stage, "enabled")?;
    let done = stage.does(cem, "disables the group and Paris", DisableTenants::new(vec![group, paris]))?;
    results(stage, &done);
    rights.moment(stage, "disabled")?;
    stage.page.remark("Quito is below the group and not disabled with it.");
    let done = stage.does(cem, "disables Paris and Quito", DisableTenants::new(vec![paris, quito]))?;
    results(stage, &done);
    let all = EnableTenants::new(vec![group, paris, quito]);
    let done = stage.does(cem, "enables all three", all)?;
    results(stage, &done);
    rights.moment(stage, "enabling")?;
    stage.tries(cem, "disables Quito while it comes up", DisableTenants::new(vec![quito]))?;
    for tenant in [group, paris, quito] {
        let what = format!("reports {} ready", stage.name(tenant.uuid()));
        stage.does(Actor::OPERATOR, &what, ReportReady::new(tenant))?;
    }
    rights.moment(stage, "ready")?;
    rights.show(stage)?;

    stage.page.heading("Delete, and the prefix returns to the pool");
    pool(stage, &places)?;
    let taken = client(group, "Sakai Works", TenantKind::Customer, "AT-21", "meridian-osaka")?;
    stage.tries(ada, "adds Sakai Works at meridian-osaka", taken.clone())?;
    stage.tries(ada, "deletes Osaka, typing Delete", DeleteTenants::new(vec![osaka], "Delete".to_owned()))?;
    stage.tries(ada, "deletes the group", DeleteTenants::new(vec![group], "delete".to_owned()))?;
    let done = stage.does(ada, "deletes Osaka", DeleteTenants::new(vec![osaka], "delete".to_owned()))?;
    results(stage, &done);
    let sakai = stage.does(ada, "adds Sakai Works at meridian-osaka", taken)?.tenant;
    stage.call(sakai.uuid(), "Sakai Works");
    pool(stage, &[atlas, group, paris, osaka, quito, lima, sakai])?;
    let cascade = DeleteTenants { cascade: true, ..DeleteTenants::new(vec![group], "delete".to_owned()) };
    let done = stage.does(ada, "deletes the group with everything below it", cascade)?;
    results(stage, &done);
    pool(stage, &[atlas, group, paris, osaka, quito, lima, sakai])?;
    stage.page.remark("Numbers stay with their tombstones for good; only prefixes come back.");
    stage.verify()
}

fn client(
    manager: TenantId,
    name: &str,
    kind: TenantKind,
    number: &str,
    prefix: &str,
) -> Result<AddCustomer> {
    let add = AddCustomer::new(manager, kind, name.parse()?, "client".parse()?, set_of(&["manage"])?);
    Ok(AddCustomer { number: Some(number.parse()?), prefix: Some(prefix.parse()?), ..add })
}

/// Adds one of the Meridian clients; its prefix is its name in small letters.
fn add(
    stage: &mut Stage,
    by: UserId,
    manager: TenantId,
    (name, number, kind): (&str, &str, TenantKind),
    authorized: &[(UserId, &str)],
) -> Result<TenantId> {
    let mut command = client(manager, name, kind, number, &name.to_lowercase().replace(' ', "-"))?;
    let mut who = Vec::new();
    for &(user, role) in authorized {
        who.push(format!("{} as {role}", stage.name(user.uuid())));
        command.authorize.push(Authorization { user, role: role.parse()?, below: None });
    }
    let with = if who.is_empty() { String::new() } else { format!(" with {}", who.join(" and ")) };
    let added = stage.does(by, &format!("adds {name}{with}"), command)?;
    stage.call(added.tenant.uuid(), name);
    stage.call(added.link.uuid(), format!("{} → {name}", stage.name(manager.uuid())));
    Ok(added.tenant)
}

/// For each user and tenant: the role that decides, and the tenant it comes from when that is another one.
fn authorizations(stage: &mut Stage, people: &[UserId], places: &[TenantId]) -> Result {
    let names: Vec<String> = people.iter().map(|user| stage.name(user.uuid())).collect();
    let mut header = vec!["tenant"];
    header.extend(names.iter().map(String::as_str));
    let mut rows = Vec::new();
    for &tenant in places {
        let mut row = vec![plain(stage.name(tenant.uuid()))];
        for &user in people {
            let verdict = stage.engine.check(&Question::new(user, "tenant.view".parse()?, tenant))?;
            row.push(match verdict.grounds {
                Some(grounds) => {
                    let role = grounds.role.to_string();
                    let from = if grounds.tenant == tenant {
                        String::new()
                    } else {
                        format!(" ← {}", stage.name(grounds.tenant.uuid()))
                    };
                    let text = format!("{role}{from}");
                    if verdict.allowed { good(text) } else { bad(text) }
                }
                None => faint("–"),
            });
        }
        rows.push(row);
    }
    stage.page.table(&header, rows);
    Ok(())
}

fn results(stage: &mut Stage, results: &[TenantResult]) {
    for result in results {
        let changed = if result.changed { "changed" } else { "was so already" };
        let name = stage.name(result.tenant.uuid());
        stage.page.answer(&format!("{name}: {changed}"));
    }
}

/// The tenants with their prefixes and how they are.
fn pool(stage: &mut Stage, places: &[TenantId]) -> Result {
    let snapshot = stage.engine.read()?;
    let now = snapshot.now()?;
    let mut rows = Vec::new();
    for &id in places {
        let tenant = now.host().get::<Tenant>(id.uuid())?.ok_or("a tenant never goes without a tombstone")?;
        let prefix = tenant.prefix.as_ref().map_or_else(|| faint("–"), plain);
        let is = if tenant.is_living() { good(tenant.operation) } else { bad("deleted") };
        rows.push(vec![plain(&tenant.name), faint(&tenant.number), is, prefix]);
    }
    drop(now);
    drop(snapshot);
    stage.page.table(&["tenant", "number", "is", "prefix"], rows);
    Ok(())
}
