//! A service desk's export becomes tenants and links. Lines that cannot be taken are listed with what to do about them;
//! the file itself is never mended silently.

use std::collections::BTreeMap;
use std::str::FromStr;

use csv::{ByteRecord, ReaderBuilder};
use tenantry::base::ids::{LinkRequestId, RequestId, TenantId, UserId};
use tenantry::base::text::TextError;
use tenantry::command::{
    AcceptLink, Act, AddCustomer, AddedCustomer, Command, Invitee, Request, RequestLink,
};
use tenantry::engine::Error;
use tenantry::model::{Contact, HandshakeState, LinkRequest, Tenant, TenantKind};
use uuid::Uuid;

use crate::page::{count, faint, good, plain};
use crate::stage::{Result, Stage, happened, set_of};

/// The export, as it came out of the service desk.
const EXPORT: &[u8] = include_bytes!("../../data/psa-export.csv");

const COLUMNS: usize = 12;

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Onboarding: a service desk's export becomes customers");
    stage.page.remark("Forty countries, a dozen scripts, and every blemish that such files have.");

    stage.page.heading("Who is on the platform already");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    let owners = neighbours(stage)?;
    stage.introduce()?;

    stage.page.heading("The file");
    let lines = read(EXPORT, northwind)?;
    let total = lines.len();
    let (mut refused, mut requests, mut sent) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        match line.asked {
            Ok(command) => {
                let id = RequestId::from_uuid(of_line(line.number));
                if let Command::AddCustomer(AddCustomer { tenant: Some(tenant), name, .. }) = &command {
                    stage.call(tenant.uuid(), name);
                }
                requests.push(Request {
                    id,
                    actor: ada.into(),
                    expected_seq: None,
                    command: command.clone(),
                });
                sent.push((line.number, line.account, command));
            }
            Err(flaws) => refused.push(Refused { line: line.number, account: line.account, flaws }),
        }
    }
    let unreadable = refused.len();
    let answers = stage.engine.submit_all(requests.clone());
    let (mut added, mut asked) = (Vec::new(), Vec::new());
    for (answer, (line, account, command)) in answers.iter().zip(&sent) {
        match (answer, command) {
            (Ok(receipt), Command::AddCustomer(it)) => added.push((it.outcome(&receipt.outcome), it.clone())),
            (Ok(receipt), Command::RequestLink(it)) => asked.push(it.outcome(&receipt.outcome)),
            (Ok(_), _) => return Err("nothing else was sent".into()),
            (Err(Error::Refused(refusal)), _) => {
                let what = format!(
                    "{} {}: {}",
                    refusal.code.number(),
                    refusal.code,
                    stage.in_names(&refusal.message())
                );
                let flaws = vec![Flaw { what, remedy: refusal.code.remedy().to_owned() }];
                refused.push(Refused { line: *line, account: account.clone(), flaws });
            }
            (Err(error), _) => return Err(error.clone().into()),
        }
    }
    refused.sort_by_key(|one| one.line);
    let rows = [
        ("lines with something on them", total),
        ("customers added", added.len()),
        ("link requests to tenants that were there", asked.len()),
        ("refused before they were sent: a text is not well formed", unreadable),
        ("refused by a rule", refused.len() - unreadable),
    ];
    stage.page.table(
        &["what", "how many"],
        rows.iter().map(|(what, many)| vec![plain(what), count(many)]).collect(),
    );

    stage.page.heading("The customers, by country");
    by_country(stage, &added);

    stage.page.heading("The post");
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (kind, to) in stage.post()? {
        *kinds.entry(kind).or_default() += to.len();
    }
    let rows = kinds.iter().map(|(kind, many)| vec![plain(kind), count(many)]).collect();
    stage.page.table(&["notice", "letters"], rows);

    stage.page.heading("The tenants that were asked");
    for (owner, tenant) in &owners {
        let Some(&request) = asked.iter().find(|id| managed(stage, **id).is_ok_and(|it| it == *tenant))
        else {
            continue;
        };
        stage.call(request.uuid(), "the request");
        stage.does(*owner, "accepts", AcceptLink::new(request))?;
        break;
    }
    requests_table(stage, &asked)?;

    stage.page.heading("Refused, line by line");
    let rows = refused.iter().map(|one| {
        let text =
            one.flaws.iter().map(|flaw| format!("{}\n→ {}", flaw.what, flaw.remedy)).collect::<Vec<_>>();
        vec![count(one.line), plain(&one.account), plain(text.join("\n"))]
    });
    let rows = rows.collect();
    stage.page.table(&["line", "account", "what stands in the way, and what to do"], rows);

    stage.page.heading("The same file once more");
    let before = stage.engine.token()?.seq;
    let again = stage.engine.submit_all(requests);
    let (mut same, mut refused_again) = (0, 0);
    for (now, then) in again.iter().zip(&answers) {
        match (now, then) {
            (Ok(now), Ok(then)) if now == then => same += 1,
            (Err(Error::Refused(_)), Err(_)) => refused_again += 1,
            _ => return Err("a line is answered differently".into()),
        }
    }
    let records = stage.engine.records_after(before, usize::MAX)?;
    let mut rows = vec![
        vec![plain("lines answered with their first receipt"), count(same)],
        vec![plain("lines refused again"), count(refused_again)],
    ];
    for record in &records {
        let what = happened(&record.events).join(", ");
        rows.push(vec![plain(format!("records written: {what}")), count(1)]);
    }
    stage.page.remark("Somebody clicks twice. Each line has its own request id, so it is the same request.");
    stage.page.table(&["what", "how many"], rows);
    stage.page.remark("Nothing is done twice; only a refusal for lack of rights is audited each time.");
    stage.verify()
}

/// An id that is the same whenever the same file is read.
fn of_line(line: u64) -> Uuid {
    Uuid::from_u128(0x50_5341 << 64 | u128::from(line))
}

/// A line of the file, and the command it stands for or what keeps it from being one.
struct Line {
    number: u64,
    account: String,
    asked: std::result::Result<Command, Vec<Flaw>>,
}

/// A line that was not taken.
struct Refused {
    line: u64,
    account: String,
    flaws: Vec<Flaw>,
}

/// What stands in the way, and what to do about it.
struct Flaw {
    what: String,
    remedy: String,
}

impl From<TextError> for Flaw {
    fn from(error: TextError) -> Self {
        Self { what: format!("{} {}", error.field, error.obstacle), remedy: error.remedy.into_owned() }
    }
}

/// Reads the lines below the heading. A byte-order mark is no part of the first column's name.
fn read(bytes: &[u8], manager: TenantId) -> Result<Vec<Line>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let mut lines = Vec::new();
    for record in reader.byte_records() {
        let record = record?;
        let number = first_line(bytes, record.position().map_or(0, csv::Position::byte))?;
        let account =
            record.get(0).map(|text| String::from_utf8_lossy(text).trim().to_owned()).unwrap_or_default();
        lines.push(Line { number, account, asked: command(number, &record, manager) });
    }
    Ok(lines)
}

/// The line that a record begins on. The reader leaves the second half of a CRLF, and empty lines, to the record after them.
fn first_line(bytes: &[u8], position: u64) -> Result<u64> {
    let (before, rest) = bytes.split_at(usize::try_from(position)?);
    let gap = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let ends = before.iter().chain(gap).filter(|byte| **byte == b'\n').count();
    Ok(u64::try_from(ends)? + 1)
}

/// The command that a line stands for. New tenants get their ids from the line, as the requests do.
fn command(line: u64, record: &ByteRecord, manager: TenantId) -> std::result::Result<Command, Vec<Flaw>> {
    if record.len() != COLUMNS {
        let what = format!("the line has {} of {COLUMNS} columns", record.len());
        return Err(vec![Flaw { what, remedy: "look for a missing comma or quotation mark".to_owned() }]);
    }
    let Ok(texts) = record.iter().map(std::str::from_utf8).collect::<std::result::Result<Vec<_>, _>>() else {
        let remedy = "export the line again, as UTF-8".to_owned();
        return Err(vec![Flaw { what: "the line is not in UTF-8".to_owned(), remedy }]);
    };
    let [
        account,
        platform,
        company,
        country,
        street,
        phone,
        website,
        prefix,
        managed,
        services,
        owner,
        email,
    ] = texts.as_slice()
    else {
        return Err(Vec::new());
    };
    let mut form = Form::default();
    let management = form.needs(managed.trim());
    let services: Vec<_> = services
        .split(';')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .filter_map(|name| form.needs(name))
        .collect();
    if !platform.trim().is_empty() {
        let number = form.needs(platform);
        return form.done(|| {
            Some(RequestLink::new(manager, number?, management?, services.into_iter().collect()).into())
        });
    }
    let (number, name) = (form.needs(account), form.needs(company));
    let (country, website, prefix) = (form.may(country), form.may(website), form.may(prefix));
    let contact = Contact { street: form.may(street), phone: form.may(phone), coordinates: None };
    // A customer that is fully managed has nobody of its own to sign up.
    let owner = if managed.trim() == "jointly" && !email.trim().is_empty() {
        let name = form.may(owner);
        form.needs(email).map(|email| Invitee { name, ..Invitee::new(email) })
    } else {
        None
    };
    form.done(|| {
        let services = services.into_iter().collect();
        let tenant = Some(TenantId::from_uuid(of_line(line)));
        let add = AddCustomer::new(manager, TenantKind::Customer, name?, management?, services);
        Some(AddCustomer { tenant, number, country, website, prefix, contact, owner, ..add }.into())
    })
}

/// A line on its way to being a command: every flaw of it is noted, not only the first.
#[derive(Default)]
struct Form(Vec<Flaw>);

impl Form {
    fn needs<T: FromStr<Err = TextError>>(&mut self, text: &str) -> Option<T> {
        text.parse().map_err(|error: TextError| self.0.push(error.into())).ok()
    }

    fn may<T: FromStr<Err = TextError>>(&mut self, text: &str) -> Option<T> {
        if text.trim().is_empty() { None } else { self.needs(text) }
    }

    fn done(self, command: impl FnOnce() -> Option<Command>) -> std::result::Result<Command, Vec<Flaw>> {
        match command() {
            Some(command) if self.0.is_empty() => Ok(command),
            _ => Err(self.0),
        }
    }
}

/// Tenants that were on the platform before, and the owners who can answer for them.
fn neighbours(stage: &mut Stage) -> Result<Vec<(UserId, TenantId)>> {
    let harbour = stage.tenant(TenantKind::Customer, "Harbour Lights", "P-7001")?;
    let hana = stage.user("Hana", harbour, "hana@harbour.example", "super_admin")?;
    let mill = stage.tenant(TenantKind::Customer, "Old Mill Press", "P-7002")?;
    let milo = stage.user("Milo", mill, "milo@mill.example", "super_admin")?;
    stage.tenant(TenantKind::Customer, "Quiet Valley", "P-7003")?;
    let southgate = stage.tenant(TenantKind::Msp, "Southgate Systems", "SG-1")?;
    let sam = stage.user("Sam", southgate, "sam@southgate.example", "super_admin")?;
    stage.tenant(TenantKind::Reseller, "Tidewater Resale", "P-7005")?;
    let taken = stage.tenant(TenantKind::Customer, "Copper Kettle", "P-7004")?;
    let cleo = stage.user("Cleo", taken, "cleo@kettle.example", "super_admin")?;
    let ask = RequestLink::new(southgate, "P-7004".parse()?, "jointly".parse()?, set_of(&["manage"])?);
    let request = stage.engine.execute(sam, ask)?.outcome;
    stage.engine.execute(cleo, AcceptLink::new(request))?;
    stage.post()?;
    Ok(vec![(hana, harbour), (milo, mill)])
}

fn managed(stage: &Stage, request: LinkRequestId) -> Result<TenantId> {
    let request = stage.engine.read()?.now()?.host().get::<LinkRequest>(request.uuid())?;
    Ok(request.ok_or("there is no such request")?.managed)
}

fn by_country(stage: &mut Stage, added: &[(AddedCustomer, AddCustomer)]) {
    #[derive(Default)]
    struct Row {
        fully: usize,
        jointly: usize,
        example: String,
    }
    let mut countries: BTreeMap<String, Row> = BTreeMap::new();
    for (_, it) in added {
        let country = it.country.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
        let row = countries.entry(country).or_default();
        if it.management.as_str() == "fully" {
            row.fully += 1;
        } else {
            row.jointly += 1;
        }
        if row.example.is_empty() {
            row.example = it.name.to_string();
        }
    }
    let rows = countries.iter().map(|(country, row)| {
        vec![
            plain(country),
            count(row.fully + row.jointly),
            count(row.fully),
            count(row.jointly),
            plain(&row.example),
        ]
    });
    let rows = rows.collect();
    stage.page.table(&["country", "customers", "fully", "jointly", "for example"], rows);
}

fn requests_table(stage: &mut Stage, asked: &[LinkRequestId]) -> Result {
    let snapshot = stage.engine.read()?;
    let now = snapshot.now()?;
    let mut rows = Vec::new();
    for id in asked {
        let request = now.host().get::<LinkRequest>(id.uuid())?.ok_or("there is no such request")?;
        let tenant = now.host().get::<Tenant>(request.managed.uuid())?.ok_or("a request names a tenant")?;
        let state = request.handshake.state;
        let until = match state {
            HandshakeState::Pending => request.handshake.expires.to_string().chars().take(10).collect(),
            _ => "–".to_owned(),
        };
        rows.push(vec![plain(&tenant.name), faint(&tenant.number), good(state), faint(until)]);
    }
    drop(now);
    drop(snapshot);
    stage.page.table(&["tenant", "number", "request", "open until"], rows);
    Ok(())
}
