//! A mailer that drains the notices over SMTP and is killed again and again: what it has not acknowledged comes once more,
//! and nothing is lost. The mailer is a process of its own, as a host would have it; the server only takes mails and
//! keeps them. Nobody here keeps a list of what was sent, save tenantry.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, ErrorKind, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::SmtpTransport;
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Transport};
use tenantry::base::ids::{TenantId, UserId};
use tenantry::base::text::{CompanyName, Email, PersonName, TextError};
use tenantry::command::{
    AcceptDelink, AcceptLink, RejectDelink, RequestDelink, RequestLink, ResendDelink, SetManagerGrants,
};
use tenantry::engine::{Engine, Moment};
use tenantry::model::{Link, LinkRequest, Subject, Tenant, TenantKind};
use tenantry::notice::{Notice, NoticeKind};

use crate::page::{bad, count, faint, good, plain};
use crate::stage::{Result, Stage, set_of};

/// How the program is told to be the mailer.
pub(crate) const DRAIN: &str = "--drain";

/// Under which name the mailer reads and acknowledges: its cursor is its own.
const MAILER: &str = "mailer";

/// How many notices it takes at a time before it acknowledges them.
const BATCH: usize = 3;

/// How long either side waits for the other before it gives up.
const PATIENCE: Duration = Duration::from_secs(20);

// The mailer.

/// The mailer itself: sends what waits, acknowledges what was sent, until nothing waits.
pub(crate) fn drain(path: &Path, port: &str) -> Result {
    let engine = Engine::open(path)?;
    let smtp = SmtpTransport::builder_dangerous(Ipv4Addr::LOCALHOST.to_string())
        .port(port.parse()?)
        .hello_name(ClientId::Ipv4(Ipv4Addr::LOCALHOST))
        .timeout(Some(PATIENCE))
        .build();
    loop {
        let mail = engine.notices(MAILER, BATCH)?;
        for notice in &mail.notices {
            for letter in letters(&engine, notice)? {
                smtp.send(&letter)?;
            }
        }
        // Not before everything is sent: whoever dies up to here sends it again.
        engine.acknowledge(MAILER, mail.through)?;
        if mail.notices.is_empty() {
            return Ok(());
        }
    }
}

/// One mail for each recipient, so that neither side of a link learns the other's addresses.
fn letters(engine: &Engine, notice: &Notice) -> Result<Vec<Message>> {
    let snapshot = engine.read()?;
    let now = snapshot.now()?;
    let subject = subject(&now, &notice.kind)?;
    let mut letters = Vec::new();
    // What the platform's own staff is told goes to its desk, not to a mailbox of a user.
    for &user in &notice.to.users {
        let Some(person) = now.host().personal(Subject::User(user))? else { continue };
        // Whoever is asked to confirm an address is asked there, and nowhere once that is settled.
        let known = match notice.kind {
            NoticeKind::AddressChange { .. } | NoticeKind::AddressChangeReminder { .. } => person.new_email,
            _ => person.email,
        };
        let Some(email) = known else { continue };
        let to = Mailbox::new(person.name.map(|name| name.to_string()), email.as_str().parse::<Address>()?);
        let letter = Message::builder()
            .from("Northwind notices <notices@northwind.example>".parse()?)
            .to(to)
            .subject(&subject)
            .message_id(Some(Key { seq: notice.seq, index: notice.index, user }.to_string()))
            .body(format!("{subject}.\n"))?;
        letters.push(letter);
    }
    Ok(letters)
}

/// What a notice says, in one line.
fn subject(now: &Moment<'_>, kind: &NoticeKind) -> Result<String> {
    let what = kind.name().replace('_', " ");
    let sides = match kind {
        NoticeKind::LinkRequested { request } | NoticeKind::LinkRequestAccepted { request } => {
            now.host().get::<LinkRequest>(request.uuid())?.map(|it| (it.manager, it.managed))
        }
        NoticeKind::GrantsChanged { link }
        | NoticeKind::DelinkRequested { link }
        | NoticeKind::DelinkReminder { link }
        | NoticeKind::DelinkRejected { link }
        | NoticeKind::LinkEnded { link } => {
            now.host().get::<Link>(link.uuid())?.map(|it| (it.manager, it.managed))
        }
        _ => None,
    };
    let Some((manager, managed)) = sides else { return Ok(what) };
    let name = |tenant: TenantId| -> Result<CompanyName> {
        Ok(now.host().get::<Tenant>(tenant.uuid())?.ok_or("a link leads to a tenant")?.name.clone())
    };
    Ok(format!("{} and {}: {what}", name(manager)?, name(managed)?))
}

/// What tells a repeated mail from a new one: the notice's record and place in it, and whom it goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    seq: u64,
    index: usize,
    user: UserId,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}.{}.{}@northwind.example>", self.seq, self.index, self.user)
    }
}

impl Key {
    /// Reads it off a mail's `Message-ID`.
    fn of(mail: &str) -> Result<Self> {
        let id = header(mail, "Message-ID").ok_or("a mail without a Message-ID")?;
        let parts: Vec<&str> =
            id.trim_matches(['<', '>']).trim_end_matches("@northwind.example").split('.').collect();
        let [seq, index, user] = parts.as_slice() else { return Err(format!("`{id}` is no key").into()) };
        Ok(Self { seq: seq.parse()?, index: index.parse()?, user: user.parse()? })
    }
}

/// A header of a mail, its lines joined.
fn header(mail: &str, name: &str) -> Option<String> {
    let mut headers = mail.lines().take_while(|line| !line.is_empty());
    let begin = headers.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
    let more = headers.take_while(|line| line.starts_with(' '));
    Some(std::iter::once(begin).chain(more).collect())
}

// The story.

pub(crate) fn play(stage: &mut Stage) -> Result {
    stage.page.title("A mailer that is killed, and loses nothing");
    stage.page.remark(
        "The mailer is a process of its own and sends over SMTP. It is not asked before it is killed.",
    );

    stage.page.heading("What there is to tell");
    let northwind = stage.tenant(TenantKind::Msp, "Northwind IT", "NW-100")?;
    let ada = stage.user("Ada", northwind, "ada@northwind.example", "super_admin")?;
    let ben = stage.user("Ben", northwind, "ben@northwind.example", "admin")?;
    let bakery = stage.tenant(TenantKind::Customer, "Bäckerei Klein", "BK-200")?;
    let joerg = stage.user("Jörg Groß", bakery, "joerg@baeckerei-klein.example", "super_admin")?;
    stage.introduce()?;
    let services = set_of(&["manage"])?;
    let ask = RequestLink::new(northwind, "BK-200".parse()?, "jointly".parse()?, services);
    let request = stage.does(ada, "asks to manage BK-200 jointly", ask)?;
    let link = stage.does(joerg, "accepts", AcceptLink::new(request))?;
    let grants = SetManagerGrants::new(link, set_of(&["users.manage"])?);
    stage.does(joerg, "lets the MSP manage users", grants)?;
    stage.does(ben, "asks to delink", RequestDelink::new(link))?;
    stage.does(ben, "reminds the bakery", ResendDelink::new(link))?;
    stage.does(joerg, "rejects", RejectDelink::new(link))?;
    stage.does(ben, "asks again", RequestDelink::new(link))?;
    stage.does(joerg, "accepts", AcceptDelink::new(link))?;
    stage.page.remark("The page has its own cursor; the mailer has not begun, and everything waits for it.");

    stage.page.heading("Five lives of the mailer");
    stage.page.remark(&format!(
        "It takes {BATCH} notices at a time, sends their mails, and then acknowledges them."
    ));
    let wanted = wanted(stage)?;
    let mut server = Server::start()?;
    let lives = [
        ("killed while the server had half of its second mail", Some((2, Stop::HalfWay))),
        ("killed before the server said yes to its fifth", Some((5, Stop::Unanswered))),
        ("killed after the server said yes to its ninth", Some((9, Stop::Answered))),
        ("sent everything that was left", None),
        ("found nothing to send", None),
    ];
    let mut rows = Vec::new();
    for (place, (what, end)) in lives.into_iter().enumerate() {
        let known: BTreeSet<Key> = server.taken()?.into_keys().collect();
        let before = server.mails.len();
        server.serve(stage.path(), end)?;
        let mails = server.mails.iter().skip(before).map(|mail| Key::of(mail)).collect::<Result<Vec<_>>>()?;
        let again = mails.iter().filter(|key| known.contains(key)).count();
        let waits = stage.engine.notices(MAILER, usize::MAX)?.notices.len();
        rows.push(vec![
            count(place + 1),
            plain(what),
            count(mails.len()),
            count(mails.len() - again),
            count(again),
            count(waits),
        ]);
    }
    let columns = ["life", "what became of it", "mails taken", "new", "repeated", "notices that\nstill wait"];
    stage.page.table(&columns, rows);

    stage.page.heading("What arrived");
    let taken = server.taken()?;
    let mut rows = Vec::new();
    for (key, kind) in &wanted {
        let arrived = if taken.contains_key(key) { good("yes") } else { bad("no") };
        let to = stage.name(key.user.uuid());
        rows.push(vec![count(key.seq), count(key.index), plain(kind), plain(to), arrived]);
    }
    stage.page.table(&["seq", "index", "notice", "to", "arrived"], rows);
    let lost = wanted.keys().filter(|key| !taken.contains_key(key)).count();
    let strays = taken.keys().filter(|key| !wanted.contains_key(key)).count();
    if lost + strays > 0 {
        return Err(format!("{lost} mails are lost and {strays} came from nowhere").into());
    }
    stage.page.holds(&format!(
        "{} mails wanted, {} arrived at least once, {lost} lost",
        wanted.len(),
        taken.len()
    ));
    stage
        .page
        .remark("The Message-ID holds seq, index and recipient: by it a repeated mail is known and dropped.");

    stage.page.heading("A name in a header");
    stage.page.remark(
        "How the first mail went over the wire: headers are ASCII, whatever the names are written in.",
    );
    let first = wanted.keys().next().and_then(|key| taken.get(key)).ok_or("there is a first mail")?;
    for name in ["From", "To", "Subject", "Message-ID"] {
        let value = header(first, name).ok_or("the header is there")?;
        let line = stage.in_names(&format!("{name}: {value}"));
        stage.page.verbatim(&line);
    }

    stage.page.heading("A line break in a name");
    stage.page.remark(
        "One would end the header and begin another. No such name comes to exist: it is refused when read.",
    );
    let bcc = "Bcc: all@victims.example";
    let mut rows = Vec::new();
    for line_break in ["\n", "\r\n", "\u{85}", "\u{2028}", "\u{2029}"] {
        let text = format!("Eve{line_break}{bcc}");
        rows.push(refused("company", &text, CompanyName::parse(&text).err())?);
    }
    for line_break in ["\u{85}", "\u{2028}"] {
        let text = format!("Eve{line_break}{bcc}");
        rows.push(refused("person", &text, PersonName::parse(&text).err())?);
    }
    let text = format!("eve@evil.example\r\n{bcc}");
    rows.push(refused("address", &text, Email::parse(&text).err())?);
    stage.page.table(&["as a", "text", "refused"], rows);
    stage.verify()
}

fn refused(what: &str, text: &str, error: Option<TextError>) -> Result<Vec<comfy_table::Cell>> {
    let error = error.ok_or_else(|| format!("{text:?} was to be refused"))?;
    Ok(vec![faint(what), plain(text.escape_default()), bad(error)])
}

/// Every mail that has to arrive, read off the journal and not off the mailer.
fn wanted(stage: &Stage) -> Result<BTreeMap<Key, &'static str>> {
    let mut wanted = BTreeMap::new();
    for notice in stage.engine.notices("somebody who never acknowledges", usize::MAX)?.notices {
        for &user in &notice.to.users {
            wanted.insert(Key { seq: notice.seq, index: notice.index, user }, notice.kind.name());
        }
    }
    Ok(wanted)
}

// The server.

/// When the mailer is killed, seen from a mail that the server is about to take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The server has half of it.
    HalfWay,
    /// The server has taken it and has not said so.
    Unanswered,
    /// The server has taken it and said so; the mailer has not acknowledged.
    Answered,
}

/// A mail server that takes everything and keeps it in memory.
struct Server {
    listener: TcpListener,
    mails: Vec<String>,
}

impl Server {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        // It has to look after the mailer, too, which may end without having come.
        listener.set_nonblocking(true)?;
        Ok(Self { listener, mails: Vec::new() })
    }

    /// What was taken, repeats aside.
    fn taken(&self) -> Result<BTreeMap<Key, String>> {
        self.mails.iter().map(|mail| Ok((Key::of(mail)?, mail.clone()))).collect()
    }

    /// Starts the mailer and serves it until it ends, or kills it at its so-many-th mail.
    fn serve(&mut self, path: &Path, end: Option<(usize, Stop)>) -> Result {
        let port = self.listener.local_addr()?.port().to_string();
        let mut mailer = Command::new(std::env::current_exe()?).arg(DRAIN).arg(path).arg(port).spawn()?;
        let served = self.serve_until(&mut mailer, end);
        // Whatever happened, it does not outlive its story.
        if mailer.try_wait()?.is_none() {
            mailer.kill()?;
            mailer.wait()?;
        }
        served
    }

    fn serve_until(&mut self, mailer: &mut Child, end: Option<(usize, Stop)>) -> Result {
        let mut nth = 0;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    nth += 1;
                    let stop = end.filter(|(place, _)| *place == nth).map(|(_, stop)| stop);
                    if self.converse(&stream, stop)? {
                        // The mailer waits for an answer now: it is killed at this very point, and nowhere else.
                        mailer.kill()?;
                        mailer.wait()?;
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => match mailer.try_wait()? {
                    Some(status) if status.success() && end.is_none() => return Ok(()),
                    Some(status) => return Err(format!("the mailer ended by itself: {status}").into()),
                    None => std::thread::sleep(Duration::from_millis(1)),
                },
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// One connection, which brings one mail. Says whether the mailer is to be killed now.
    fn converse(&mut self, stream: &TcpStream, stop: Option<Stop>) -> Result<bool> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut input = BufReader::new(stream);
        let reply = |text: &str| -> Result { Ok((&*stream).write_all(format!("{text}\r\n").as_bytes())?) };
        reply("220 mail.example")?;
        while let Some(line) = line(&mut input)? {
            match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => reply("250-mail.example\r\n250 8BITMIME")?,
                "MAIL" | "RCPT" => reply("250 fine")?,
                "DATA" => {
                    reply("354 go on")?;
                    let mut mail = String::new();
                    loop {
                        let line = self::line(&mut input)?.ok_or("the mail breaks off")?;
                        if line == "." {
                            break;
                        }
                        if line.is_empty() && stop == Some(Stop::HalfWay) {
                            return Ok(true);
                        }
                        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                        mail.push('\n');
                    }
                    self.mails.push(mail);
                    if stop == Some(Stop::Unanswered) {
                        return Ok(true);
                    }
                    reply("250 taken")?;
                }
                "QUIT" if stop == Some(Stop::Answered) => return Ok(true),
                "QUIT" => {
                    reply("221 goodbye")?;
                    return Ok(false);
                }
                _ => reply("502 unknown here")?,
            }
        }
        Ok(false)
    }
}

/// A line without its end; none, where the other side has gone.
fn line(input: &mut impl BufRead) -> Result<Option<String>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}
