//! Two processes on one file: what one writes the other reads at once, and both write together. Never locks the file by
//! hand: who writes when is the store's affair.

use std::io::{BufRead, BufReader, Write as _, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tenantry::base::ids::{RequestId, TenantId, UserId};
use tenantry::base::time::Timestamp;
use tenantry::command::{AddCustomer, DisableTenants, EditTenant, Request};
use tenantry::engine::{Error, Of};
use tenantry::model::{Link, Tenant, TenantKind};
use tenantry::policy::Policy;
use tenantry::query::Question;
use tenantry::refusal::{Code, Refusal};
use uuid::Uuid;

use crate::page::{count, faint, plain};
use crate::stage::{self, Result, Stage, clock_face, set_of};

/// How the program is told to be the second process.
pub(crate) const SECOND: &str = "--second";

/// The environment's name for a program in another language that is to be the second process.
const ELSE: &str = "JOURNEYS_SECOND";

/// How many customers each process adds while the other does the same.
const MANY: u32 = 50;

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("Two processes, one file");
    stage.page.remark("No server between them: each opens the file and is always up to date.");

    stage.page.heading("The first process makes the file, the second opens it");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    stage.introduce()?;
    let mut other = Other::start(stage.path())?;
    let mut seen = Seen::default();
    seen.row(stage, &mut other, "opened", None)?;

    stage.page.heading("Reading each other's writes");
    let at = stage.now();
    let name = "Fjord Logistikk";
    let fjord: TenantId = other.ask(at, &format!("add {northwind} {ada} FL-500 {name}"))?.parse()?;
    stage.call(fjord.uuid(), name);
    stage.page.done(&clock_face(at), "Ada adds Fjord Logistikk, in the second process");
    let wants = Some(Question::new(ada, "devices.manage".parse()?, fjord));
    seen.row(stage, &mut other, "the second added it", wants.as_ref())?;
    stage.does(ada, "disables Fjord Logistikk, in the first process", DisableTenants::new(vec![fjord]))?;
    seen.row(stage, &mut other, "the first disabled it", wants.as_ref())?;
    seen.show(stage);

    stage.page.heading("The same request, sent by both");
    let id = RequestId::from_uuid(Uuid::from_u128(0x7ea));
    let rename = EditTenant { name: Some("Northwind Group".parse()?), ..EditTenant::new(northwind) };
    let first = stage.engine.execute_as(id, ada, rename)?;
    let second = other.ask(stage.now(), &format!("rename {id} {ada} {northwind} Northwind Group"))?;
    stage
        .page
        .remark("Ada renames the MSP; an impatient proxy sends the request to the second process, too.");
    if second != first.token.to_string() {
        return Err(format!("the second answered {second}").into());
    }
    stage
        .page
        .holds(&format!("both answer with one receipt, of record {}; nothing is done twice", first.seq()));

    stage.page.heading("A decision that came too late");
    let decided_at = first.seq();
    let back = EditTenant { name: Some("Northwind IT".parse()?), ..EditTenant::new(northwind) };
    stage.does(ada, "changes her mind about the name, in the first process", back)?;
    let answer =
        other.ask(stage.now(), &format!("expect {decided_at} {ada} {northwind} Northwind Holding"))?;
    let line = format!("Ada renames it in the second process, which last read record {decided_at}");
    let code = Code::named(&answer).ok_or("the second did not refuse")?;
    let message = Refusal::new(code, stage.engine.token()?.seq).message();
    stage.page.refused(&clock_face(stage.now()), &line, code.number(), code.name(), &message, code.remedy());

    stage.page.heading("Both at once");
    let at = stage.now();
    other.tell(at, &format!("many {northwind} {ada} TWO"))?;
    many(stage, northwind, ada, "ONE")?;
    let done = other.answer()?;
    stage
        .page
        .remark(&format!("Each adds {MANY} customers as fast as it can, while the other does the same."));
    let mut added = [("the first", "ONE-", 0), ("the second", "TWO-", 0)];
    let snapshot = stage.engine.read()?;
    let now = snapshot.now()?;
    for link in now.host().list::<Link>(&Of::Manager(northwind))? {
        let tenant = now.host().get::<Tenant>(link.managed.uuid())?.ok_or("a link leads to a tenant")?;
        for (_, numbers, there) in &mut added {
            *there += usize::from(tenant.number.as_str().starts_with(*numbers));
        }
    }
    drop(now);
    drop(snapshot);
    let rows = added.iter().map(|(who, numbers, there)| {
        vec![plain(who), faint(format!("{numbers}1 to {numbers}{MANY}")), count(there)]
    });
    let rows = rows.collect();
    stage.page.table(&["process", "numbers", "customers there"], rows);

    let head = other.ask(stage.now(), "verify")?;
    if done != "done" || head != stage.engine.token()?.to_string() {
        return Err("the processes disagree about the journal".into());
    }
    other.end()?;
    stage.page.holds("the second replayed the journal: it holds, and ends where the first sees it end");
    stage.verify()
}

/// What both processes see, moment by moment.
#[derive(Default)]
struct Seen(Vec<[String; 4]>);

impl Seen {
    fn row(&mut self, stage: &Stage, other: &mut Other, when: &str, wants: Option<&Question>) -> Result {
        let here = seen(stage, wants)?;
        let asked = match wants {
            Some(it) => format!("see {} {} {}", it.user, it.permission, it.tenant),
            None => "see".to_owned(),
        };
        let there = other.ask(stage.now(), &asked)?;
        let same = if here == there { "yes" } else { "no" };
        self.0.push([when.to_owned(), here, there, same.to_owned()]);
        Ok(())
    }

    fn show(&self, stage: &mut Stage) {
        stage.page.remark("May Ada manage Fjord Logistikk's devices?");
        let rows = self.0.iter().map(|row| row.iter().map(plain).collect()).collect();
        stage.page.table(&["when", "the first sees", "the second sees", "the same"], rows);
    }
}

fn seen(stage: &Stage, wants: Option<&Question>) -> Result<String> {
    let Some(question) = wants else { return Ok(format!("record {}", stage.engine.token()?.seq)) };
    let verdict = stage.engine.check(question)?;
    Ok(match verdict.reason {
        None => format!("record {}: yes", verdict.seq),
        Some(code) => format!("record {}: no, {} {code}", verdict.seq, code.number()),
    })
}

fn customer(manager: TenantId, number: &str, name: &str) -> Result<AddCustomer> {
    let (kind, fully) = (TenantKind::Customer, "fully".parse()?);
    let add = AddCustomer::new(manager, kind, name.parse()?, fully, set_of(&["manage"])?);
    Ok(AddCustomer { number: Some(number.parse()?), ..add })
}

fn many(stage: &Stage, manager: TenantId, by: UserId, series: &str) -> Result {
    for place in 1..=MANY {
        stage
            .engine
            .execute(by, customer(manager, &format!("{series}-{place}"), &format!("Customer {place}"))?)?;
    }
    Ok(())
}

/// The second process, as the first sees it: a line goes in, a line comes out. What is in them is the same in every language.
struct Other {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Other {
    fn start(path: &Path) -> Result<Self> {
        let program = match std::env::var_os(ELSE) {
            Some(program) => PathBuf::from(program),
            None => std::env::current_exe()?,
        };
        let mut process = Command::new(program)
            .arg(SECOND)
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().ok_or("the second process has no input")?;
        let output = BufReader::new(process.stdout.take().ok_or("the second process has no output")?);
        Ok(Self { process, input, output })
    }

    fn tell(&mut self, at: Timestamp, what: &str) -> Result {
        writeln!(self.input, "{} {what}", at.micros())?;
        Ok(self.input.flush()?)
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() { Err("the second process has ended".into()) } else { Ok(line.to_owned()) }
    }

    fn ask(&mut self, at: Timestamp, what: &str) -> Result<String> {
        self.tell(at, what)?;
        self.answer()
    }

    fn end(self) -> Result {
        let Self { mut process, input, output } = self;
        drop((input, output));
        if process.wait()?.success() { Ok(()) } else { Err("the second process failed".into()) }
    }
}

/// The second process itself: does what it is told until nobody tells it anything.
pub(crate) fn second(path: &Path) -> Result {
    let stage = stage::set(path, Policy::default(), std::process::id())?;
    for line in stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.splitn(6, ' ').collect();
        let (at, words) = words.split_first().ok_or("an empty line")?;
        stage.set_clock(Timestamp::from_micros(at.parse()?).ok_or("a time that nobody lives to see")?);
        let answer = obey(&stage, words)?;
        let mut out = stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn obey(stage: &Stage, words: &[&str]) -> Result<String> {
    match words {
        ["see"] => seen(stage, None),
        ["see", user, permission, tenant] => {
            seen(stage, Some(&Question::new(user.parse()?, permission.parse()?, tenant.parse()?)))
        }
        ["add", manager, by, number, name] => {
            let by: UserId = by.parse()?;
            let added = stage.engine.execute(by, customer(manager.parse()?, number, name)?)?.outcome;
            Ok(added.tenant.to_string())
        }
        ["rename", id, by, tenant, name] => {
            let by: UserId = by.parse()?;
            let rename = EditTenant { name: Some(name.parse()?), ..EditTenant::new(tenant.parse()?) };
            Ok(stage.engine.execute_as(id.parse()?, by, rename)?.token.to_string())
        }
        ["expect", seq, by, tenant, name] => {
            let by: UserId = by.parse()?;
            let rename = EditTenant { name: Some(name.parse()?), ..EditTenant::new(tenant.parse()?) };
            let id = RequestId::from_uuid(Uuid::from_u128(0x7eb));
            let request =
                Request { id, actor: by.into(), expected_seq: Some(seq.parse()?), command: rename.into() };
            match stage.engine.submit(request) {
                Err(Error::Refused(refusal)) => Ok(refusal.code.to_string()),
                Err(error) => Err(error.into()),
                Ok(receipt) => Ok(receipt.token.to_string()),
            }
        }
        ["many", manager, by, series] => {
            many(stage, manager.parse()?, by.parse()?, series)?;
            Ok("done".to_owned())
        }
        ["verify"] => Ok(stage.engine.verify()?.token.to_string()),
        _ => Err(format!("nobody knows how to {}", words.join(" ")).into()),
    }
}
