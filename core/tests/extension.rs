//! The loadable extension (X-10) as its users load it: from Python's `sqlite3` and from the `sqlite3` shell, with what a
//! host does to it, and an SQLite that is too old.
//!
//! The extension is built here, in a workspace of its own (`extension/`). Both programs are the machine's, with today's SQLite
//! beneath them: it is that of the source which the library carries.
#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Output};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tenantry::base::ids::{RequestId, TenantId, UserId};
use tenantry::command::*;
use tenantry::query::{Question, Settings};
use tenantry::store::sqlite::{FileOptions, SqliteStore, Synchronous};
use tenantry::testkit::given::*;
use tenantry::{Engine, Options};

/// The version that is too old by a hair.
const TOO_OLD: (&str, &str) = ("3.51.2", "3051002");

const PEOPLE: [UserId; 9] = [GINA, ADA, RITA, NOEL, BOB, JULIA, JACK, FRED, NOBODY];
const TENANTS: [TenantId; 6] = [GRAND, MSP, JOINTLY, FULLY, ALONE, NOWHERE];
const PERMISSIONS: [&str; 3] = ["tenant.view", "devices.manage", "users.manage"];

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn ran(program: &mut Program) -> Output {
    program.output().unwrap_or_else(|error| panic!("{program:?}: {error}"))
}

fn succeeded(program: &mut Program) -> String {
    let output = ran(program);
    let (told, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program:?}: {told}{wrong}");
    told.into_owned()
}

/// What is built for these tests.
struct Built {
    extension: PathBuf,
    /// Where today's SQLite is, and where one is that is too old.
    today: PathBuf,
    old: PathBuf,
}

fn cargo() -> Program {
    let mut cargo = Program::new(env!("CARGO"));
    cargo.current_dir(package().join("../extension"));
    // What the build of this test was told is not meant for another.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_")) {
        cargo.env_remove(name);
    }
    cargo
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        // Beside what this test was built to: two builds of one directory would wait for each other.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("extension");
        succeeded(cargo().args(["build", "--locked", "--target-dir"]).arg(&target));
        let extension = target.join("debug/libtenantry_sql.so");
        let metadata = succeeded(cargo().args(["metadata", "--locked", "--format-version", "1"]));
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let sqlite = packages.iter().find(|package| package["name"] == "libsqlite3-sys").unwrap();
        let manifest = Path::new(sqlite["manifest_path"].as_str().unwrap());
        let source = fs::read_to_string(manifest.parent().unwrap().join("sqlite3/sqlite3.c")).unwrap();
        let (today, old) = (target.join("sqlite-today"), target.join("sqlite-old"));
        // The shell wants to be of the very source that its library is of.
        let shell = succeeded(Program::new("sqlite3").arg("--version"));
        let of_shell = shell.trim().split_once(' ').unwrap().1.split(" (").next().unwrap().to_owned();
        make(&today, &defined(&source, &[("SQLITE_SOURCE_ID", &format!("\"{of_shell}\""))]));
        let (version, number) = TOO_OLD;
        let version = format!("\"{version}\"");
        make(&old, &defined(&source, &[("SQLITE_VERSION", &version), ("SQLITE_VERSION_NUMBER", number)]));
        Built { extension, today, old }
    })
}

/// A source with other values for what it defines.
fn defined(source: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(source.len());
    for line in source.lines() {
        let mut words = line.split_whitespace();
        let is_define = words.next() == Some("#define");
        let name = words.next().unwrap_or_default();
        match values.iter().find(|(one, _)| is_define && *one == name) {
            Some((name, value)) => writeln!(text, "#define {name} {value}").unwrap(),
            None => writeln!(text, "{line}").unwrap(),
        }
    }
    text
}

/// A library of this source, where none is.
fn make(place: &Path, source: &str) {
    let (from, library) = (place.join("sqlite3.c"), place.join("libsqlite3.so.0"));
    if library.exists() && fs::read_to_string(&from).is_ok_and(|made| made == source) {
        return;
    }
    fs::create_dir_all(place).unwrap();
    fs::write(&from, source).unwrap();
    let options = [
        "-shared",
        "-fPIC",
        "-O0",
        "-w",
        "-DSQLITE_THREADSAFE=1",
        "-DSQLITE_ENABLE_COLUMN_METADATA",
        "-DSQLITE_ENABLE_FTS5",
        "-DSQLITE_ENABLE_RTREE",
        "-DSQLITE_ENABLE_SESSION",
        "-DSQLITE_ENABLE_PREUPDATE_HOOK",
        "-DSQLITE_ENABLE_DBSTAT_VTAB",
        "-DSQLITE_ENABLE_STMTVTAB",
        "-DSQLITE_ENABLE_UNLOCK_NOTIFY",
        "-DSQLITE_ENABLE_DBPAGE_VTAB",
        "-DSQLITE_ENABLE_BYTECODE_VTAB",
        "-DSQLITE_ENABLE_STMT_SCANSTATUS",
        "-DSQLITE_ENABLE_OFFSET_SQL_FUNC",
        "-DSQLITE_ENABLE_EXPLAIN_COMMENTS",
        "-Wl,-soname,libsqlite3.so.0",
    ];
    succeeded(Program::new("cc").args(options).arg(&from).arg("-o").arg(&library).args([
        "-lm",
        "-ldl",
        "-lpthread",
    ]));
}

/// A Python whose `sqlite3` loads extensions, as Debian's does.
fn python() -> Program {
    let able = "import sqlite3; sqlite3.Connection.enable_load_extension";
    let found = ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        Program::new(python).args(["-I", "-c", able]).output().is_ok_and(|output| output.status.success())
    });
    let found = found.expect("a python3 whose sqlite3 has enable_load_extension: apt-get install python3");
    let mut python = Program::new(found);
    python.arg("-I");
    python
}

/// The known world in a file, and what its checks say.
fn known(path: &Path) -> (Engine, BTreeMap<(UserId, &'static str), Vec<TenantId>>) {
    let options = FileOptions::default().synchronous(Synchronous::Normal);
    let engine = Engine::new(SqliteStore::open(path, options).unwrap(), Options::default()).unwrap();
    for (actor, command) in scenario() {
        let id = RequestId::from_uuid(engine.new_id());
        engine.submit(Request { id, actor, expected_seq: None, command }).unwrap();
    }
    let mut allowed: BTreeMap<_, Vec<TenantId>> = BTreeMap::new();
    for user in PEOPLE {
        for permission in PERMISSIONS {
            let may = |tenant: &TenantId| {
                engine.check(&Question::new(user, text(permission), *tenant)).unwrap().allowed
            };
            allowed.insert((user, permission), TENANTS.into_iter().filter(may).collect());
        }
    }
    (engine, allowed)
}

/// What a program in Python says in JSON, with an SQLite beneath it. It is passed the extension and the place of the files.
fn asked(sqlite: &Path, place: &Path, program: &str) -> Value {
    let mut python = python();
    python.env("LD_LIBRARY_PATH", sqlite).args(["-c", program]).arg(&built().extension).arg(place);
    let told = succeeded(&mut python);
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"))
}

const OPEN: &str = r#"
import json, sqlite3, sys, threading, uuid
extension, place = sys.argv[1:3]
def opened(path=":memory:", attached=True, **options):
    db = sqlite3.connect(path, **options)
    db.enable_load_extension(True)
    db.load_extension(extension)
    if attached:
        db.execute("ATTACH ? AS tenantry", [place + "/msp.db"])
    return db
def failing(act):
    try:
        act()
    except sqlite3.Error as error:
        return str(error)
"#;

#[test]
fn x10_python_is_told_what_the_checks_say() {
    let place = tempfile::tempdir().unwrap();
    let (_engine, allowed) = known(&place.path().join("msp.db"));
    let questions: Vec<_> =
        allowed.keys().map(|(user, permission)| json!([user.to_string(), permission])).collect();
    let tenants: Vec<_> = TENANTS.iter().map(TenantId::to_string).collect();
    let program = format!(
        r#"{OPEN}
questions, tenants = json.loads({questions:?}), json.loads({tenants:?})
answers = []
# Beside the store in memory, beside it in a file of the host's, and in the store's own file.
for db in opened(), opened(place + "/desk.db"), opened(place + "/msp.db", attached=False):
    for user, permission in questions:
        raw = uuid.UUID(user).bytes
        table = [row[0] for row in db.execute("SELECT tenant_text FROM tenantry_tenants(?, ?)", (raw, permission))]
        blobs = [str(uuid.UUID(bytes=row[0])) for row in db.execute(
            "SELECT tenant FROM tenantry_tenants(?, ?) ORDER BY tenant", (user, permission))]
        may = [one for one in tenants
            if db.execute("SELECT tenantry_may(?, ?, ?)", (user, permission, one)).fetchone()[0]]
        packed, = db.execute("SELECT tenantry_packed(?, ?)", (raw, permission)).fetchone()
        packed = [str(uuid.UUID(bytes=packed[at:at + 16])) for at in range(0, len(packed), 16)]
        assert table == blobs == packed, (table, blobs, packed)
        answers.append([user, permission, table, may])
    db.close()
print(json.dumps(answers))
"#,
        questions = json!(questions).to_string(),
        tenants = json!(tenants).to_string(),
    );
    let answers = asked(&built().today, place.path(), &program);
    let texts = |ids: &[TenantId]| ids.iter().map(TenantId::to_string).collect::<Vec<_>>();
    let once: Vec<Value> = allowed
        .iter()
        .map(|((user, permission), tenants)| {
            json!([user.to_string(), permission, texts(tenants), texts(tenants)])
        })
        .collect();
    let wanted: Vec<Value> = once.iter().cycle().take(once.len() * 3).cloned().collect();
    assert_eq!(answers, json!(wanted));
    assert!(allowed.values().any(|tenants| tenants.len() > 2) && allowed.values().any(Vec::is_empty));
}

#[test]
fn x10_the_shell_filters_a_desks_tickets() {
    let place = tempfile::tempdir().unwrap();
    let (_engine, _) = known(&place.path().join("msp.db"));
    let script = format!(
        ".load {}\nATTACH '{}' AS tenantry;\n\
         CREATE TABLE ticket(id INTEGER PRIMARY KEY, customer TEXT);\n\
         INSERT INTO ticket(customer) VALUES ('{JOINTLY}'), ('{ALONE}'), ('{FULLY}'), ('{JOINTLY}');\n\
         SELECT id FROM ticket WHERE customer IN \
         (SELECT tenant_text FROM tenantry_tenants('{ADA}', 'devices.manage')) ORDER BY id DESC LIMIT 2;\n\
         SELECT id FROM ticket WHERE tenantry_may('{JIM}', 'tenant.view', customer) ORDER BY id;\n",
        built().extension.display(),
        place.path().join("msp.db").display(),
    );
    let input = place.path().join("script");
    fs::write(&input, script).unwrap();
    let mut shell = Program::new("sqlite3");
    shell.env("LD_LIBRARY_PATH", &built().today).args(["-batch", ":memory:"]);
    let told = succeeded(shell.stdin(fs::File::open(&input).unwrap()));
    assert_eq!(told, "4\n3\n1\n4\n");
}

#[test]
fn x10_the_extension_is_loaded_twice_by_several_connections_and_threads() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = known(&place.path().join("msp.db"));
    let program = format!(
        r#"{OPEN}
asked = "SELECT count(*) FROM tenantry_tenants('{ADA}', 'devices.manage')"
db = opened()
db.load_extension(extension)
counts = [db.execute(asked).fetchone()[0]]
other = opened(place + "/desk.db")
db.close()
counts.append(other.execute(asked).fetchone()[0])
# In the middle of a statement.
half = other.execute("SELECT tenant FROM tenantry_tenants('{ADA}', 'devices.manage')")
half.fetchone()
failing(lambda: other.load_extension(extension))
counts.append(1 + len(half.fetchall()))
told = []
def ask():
    for _ in range(20):
        with_thread = opened()
        told.append(with_thread.execute(asked).fetchone()[0])
        with_thread.close()
threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
# One connection that several threads share, one after the other as SQLite has them.
shared = opened(check_same_thread=False)
def ask_shared():
    for _ in range(20):
        told.append(shared.execute(asked).fetchone()[0])
threads = [threading.Thread(target=ask_shared) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
# Left open at the end, with a statement half-way.
half = shared.execute("SELECT tenant FROM tenantry_tenants('{ADA}', 'devices.manage')")
half.fetchone()
print(json.dumps([counts, len(told), sorted(set(told))]))
"#
    );
    assert_eq!(asked(&built().today, place.path(), &program), json!([[3, 3, 3], 160, [3]]));
    drop(engine);
}

#[test]
fn x10_what_is_wrong_is_said_by_the_extension() {
    let place = tempfile::tempdir().unwrap();
    let (_engine, _) = known(&place.path().join("msp.db"));
    let program = format!(
        r#"{OPEN}
asked = "SELECT count(*) FROM tenantry_tenants('{ADA}', 'devices.manage')"
db = opened()
told = [failing(lambda: db.execute(sql).fetchall()) for sql in (
    "SELECT tenantry_may('{ADA}', 'devices.mange', '{JOINTLY}')",
    "SELECT * FROM tenantry_tenants('{ADA}', 'devices.manage', 'odd')",
    "SELECT * FROM tenantry_tenants('{ADA}')",
)]
nothing = [db.execute("SELECT tenantry_may(?, 'devices.manage', ?)", (user, '{JOINTLY}')).fetchone()[0]
    for user in (None, "", "x" * 3000000, b"\x00" * 3000000, 7, 1.5, "{NOBODY}")]
db.execute("DETACH tenantry")
told.append(failing(lambda: db.execute(asked).fetchall()))
mine = opened(place + "/msp.db", attached=False)
mine.isolation_level = None
mine.execute("BEGIN")
mine.execute("DROP TABLE entity")
told.append(failing(lambda: mine.execute(asked).fetchall()))
mine.execute("ROLLBACK")
print(json.dumps([told, nothing, mine.execute(asked).fetchone()[0]]))
"#
    );
    let answer = asked(&built().today, place.path(), &program);
    let says =
        ["unknown_permission", "unknown_service", "tenantry_tenants(user", "no file of this", "entity"];
    for (n, said) in says.iter().enumerate() {
        let told = answer[0][n].as_str().unwrap();
        assert!(told.contains(said), "{told}");
    }
    assert_eq!((&answer[1], &answer[2]), (&json!([0, 0, 0, 0, 0, 0, 0]), &json!(3)));
}

#[test]
fn x9_python_commits_rows_of_its_own_and_commands_together() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = known(&place.path().join("msp.db"));
    let before = engine.token().unwrap();
    let program = format!(
        r#"{OPEN}
def execute(db, actor, **command):
    asked = json.dumps({{"actor": actor, "command": command}})
    return json.loads(db.execute("SELECT tenantry_execute(?)", (asked,)).fetchone()[0])
staff, ada, rita = {{"operator": {{}}}}, {{"user": "{ADA}"}}, {{"user": "{RITA}"}}
def register(db, name):
    return execute(db, staff, command="register_tenant", kind="customer", name=name)
# Its own rows are in the store's file, or beside that in one of their own.
answers = []
for path, attached in ("/msp.db", False), ("/desk.db", True):
    db = opened(place + path, attached, isolation_level=None)
    db.execute("CREATE TABLE contract(tenant TEXT)")
    told = [failing(lambda: register(db, "Too early"))]
    db.execute("BEGIN IMMEDIATE")
    gone = register(db, "Rolled back")["outcome"]
    db.execute("INSERT INTO contract VALUES (?)", (gone,))
    db.execute("ROLLBACK")
    db.execute("BEGIN")
    kept = register(db, "Kept")
    db.execute("SAVEPOINT half")
    half = register(db, "Half")["seq"]
    db.execute("ROLLBACK TO half")
    db.execute("INSERT INTO contract VALUES (?)", (kept["outcome"],))
    seq = kept["seq"]
    told.append(failing(lambda: execute(db, rita, command="block_user", user="{ADAM}")))
    asked = json.dumps(dict(actor=staff, command=dict(command="register_tenant", kind="customer", name="Within")))
    told.append(failing(lambda: db.execute("INSERT INTO contract SELECT tenantry_execute(?)", (asked,))))
    told.append(failing(lambda: execute(db, staff, command="no_such")))
    told.append(failing(lambda: db.execute("SELECT tenantry_execute(NULL)").fetchone()))
    told.append(failing(lambda: db.execute("SELECT tenantry_execute(x'00')").fetchone()))
    may = "SELECT tenantry_may('{ADAM}', 'devices.manage', '{JOINTLY}')"
    seen = [db.execute(may).fetchone()[0]]
    again = dict(id=str(uuid.UUID(int=77 + attached)), actor=ada, command=dict(
        command="unblock_user" if attached else "block_user", user="{ADAM}"))
    twice = [json.loads(db.execute("SELECT tenantry_execute(?)", (json.dumps(again),)).fetchone()[0]) for _ in range(2)]
    seen.append(db.execute(may).fetchone()[0])
    db.execute("COMMIT")
    db.execute("CREATE VIEW hidden AS SELECT tenantry_execute('{{}}') AS it")
    told.append(failing(lambda: db.execute("SELECT * FROM hidden").fetchone()))
    answers.append([told, [half - seq, twice[0] == twice[1], "events" in kept, kept["command"]], seen,
        [row[0] for row in db.execute("SELECT tenant FROM contract")] == [kept["outcome"]], kept["outcome"]])
    db.close()
print(json.dumps(answers))
"#
    );
    let answers = asked(&built().today, place.path(), &program);
    let says = [
        "there is no transaction on it",
        "308 role_lacks_permission",
        "a statement that writes is under way",
        "unknown variant `no_such`",
        "invalid_request",
        "invalid_request",
        "unsafe use of tenantry_execute()",
    ];
    let tenants: Vec<TenantId> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| {
            for (said, told) in says.iter().zip(answer[0].as_array().unwrap()) {
                assert!(told.as_str().is_some_and(|told| told.contains(said)), "{said}: {told}");
            }
            assert_eq!(answer[1], json!([1, true, false, "register_tenant"]));
            assert_eq!(answer[3], json!(true));
            answer[4].as_str().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!((&answers[0][2], &answers[1][2]), (&json!([1, 0]), &json!([0, 1])));
    engine.refresh().unwrap();
    // Of each run the tenant that was kept, the refusal, and what Ada did.
    assert_eq!(engine.token().unwrap().seq, before.seq + 6);
    for tenant in tenants {
        assert!(engine.ask(Settings::new(STAFF, tenant)).is_ok());
    }
    engine.verify().unwrap();
}

#[test]
fn x9_a_transaction_in_python_waits_for_whoever_writes() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = known(&place.path().join("msp.db"));
    let before = engine.token().unwrap();
    let program = format!(
        r#"{OPEN}
import time
def register(db):
    asked = json.dumps(dict(actor=dict(operator=dict()), command=dict(command="register_tenant", kind="msp", name="One")))
    return json.loads(db.execute("SELECT tenantry_execute(?)", (asked,)).fetchone()[0])["seq"]
told = []
for path, attached in ("/msp.db", False), ("/desk.db", True):
    options = dict(isolation_level=None, timeout=60, check_same_thread=False)
    first, second = opened(place + "/msp.db", False, **options), opened(place + path, attached, **options)
    # With the first command it comes to know the store.
    second.execute("BEGIN IMMEDIATE")
    register(second)
    second.execute("COMMIT")
    first.execute("BEGIN IMMEDIATE")
    seqs, begun = [register(first)], threading.Event()
    def waits():
        second.execute("BEGIN")
        begun.set()
        seqs.append(failing(lambda: seqs.append(register(second))) or "done")
        second.execute("COMMIT")
    thread = threading.Thread(target=waits)
    thread.start()
    begun.wait()
    time.sleep(0.1)
    first.execute("COMMIT")
    thread.join()
    told.append([seqs[1] - seqs[0] if len(seqs) == 3 else None, seqs[-1]])
    first.close()
    second.close()
print(json.dumps(told))
"#
    );
    let told = asked(&built().today, place.path(), &program);
    assert_eq!(told, json!([[1, "done"], [1, "done"]]));
    engine.refresh().unwrap();
    assert_eq!(engine.token().unwrap().seq, before.seq + 6);
    engine.verify().unwrap();
}

#[test]
fn x10_a_host_that_could_not_load_it_lives_on() {
    let place = tempfile::tempdir().unwrap();
    let (_engine, _) = known(&place.path().join("msp.db"));
    let program = format!(
        r#"{OPEN}
told = []
# The main file is locked, is no database, and may not be read.
first = sqlite3.connect(place + "/desk.db", isolation_level=None)
first.execute("CREATE TABLE t(a)")
first.execute("BEGIN EXCLUSIVE")
with open(place + "/none.db", "wb") as none:
    none.write(b"no database" * 500)
def forbidding(*_):
    return sqlite3.SQLITE_DENY
for path in "/desk.db", "/none.db", ":memory:":
    db = sqlite3.connect(path if path == ":memory:" else place + path, timeout=0)
    db.enable_load_extension(True)
    if path == ":memory:":
        db.set_authorizer(forbidding)
    told.append(failing(lambda: db.load_extension(extension)) is not None)
    db.set_authorizer(None)
    told.append(failing(lambda: db.execute("SELECT tenantry_may(1, 2, 3)").fetchone()) is not None)
    told.append(failing(lambda: db.execute("SELECT tenantry_packed(1, 2)").fetchone()) is not None)
    db.close()
first.execute("ROLLBACK")
again = opened(place + "/desk.db")
told.append(again.execute("SELECT tenantry_may(NULL, NULL, NULL)").fetchone()[0])
print(json.dumps(told))
"#
    );
    let told = asked(&built().today, place.path(), &program);
    let told = told.as_array().unwrap();
    assert_eq!((told.len(), told.last()), (10, Some(&json!(0))));
    assert!(told.iter().step_by(3).take(3).all(|failed| failed == &json!(true)), "{told:?}");
}

#[test]
fn x10_an_sqlite_that_may_lose_commits_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let program = format!("{OPEN}\nprint(json.dumps(failing(opened)))");
    let told = asked(&built().old, place.path(), &program);
    let told = told.as_str().unwrap();
    assert!(told.contains("SQLite 3.51.2 may lose commits, 3.51.3 or later is needed"), "{told}");
}
