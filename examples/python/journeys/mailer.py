"""A mailer that drains the notices over SMTP and is killed again and again: what it has not acknowledged comes once more, and
nothing is lost. The mailer is a process of its own, as a host would have it; the server only takes mails and keeps them. Nobody
here keeps a list of what was sent, save tenantry.
"""

from __future__ import annotations

import base64
import enum
import itertools
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import Header
from email.utils import formatdate
from pathlib import Path
from uuid import UUID

import tenantry
from page import Cell, bad, count, faint, good, plain
from stage import Stage, Stop
from tenantry import (
    Database,
    Kind,
    Link,
    LinkRequest,
    Notice,
    ParsedFlaw,
    SubjectUser,
    Tenant,
    TenantKind,
    TextKind,
    Typed,
    UserId,
)
from tenantry import notices as n
from tenantry.commands import (
    AcceptDelink,
    AcceptLink,
    RejectDelink,
    RequestDelink,
    RequestLink,
    ResendDelink,
    SetManagerGrants,
)

DRAIN = "--drain"
"""How the program is told to be the mailer."""

MAILER = "mailer"
"""Under which name the mailer reads and acknowledges: its cursor is its own."""

BATCH = 3
"""How many notices it takes at a time before it acknowledges them."""

PATIENCE = 20
"""How many seconds either side waits for the other before it gives up."""


@dataclass(frozen=True)
class Key:
    """What tells a repeated mail from a new one: the notice's record and place in it, and whom it goes to."""

    seq: int
    index: int
    user: UserId

    def __str__(self) -> str:
        return f"<{self.seq}.{self.index}.{self.user}@northwind.example>"


def key_of(mail: list[str]) -> Key:
    """Reads it off a mail's `Message-ID`."""
    seq, index, user = header(mail, "Message-ID").strip("<>").removesuffix("@northwind.example").split(".")
    return Key(int(seq), int(index), UserId(UUID(user)))


def header(mail: list[str], name: str) -> str:
    found = next((line for line in mail if line.startswith(f"{name}: ")), None)
    if found is None:
        raise Stop(f"a mail without a {name}")
    return found.removeprefix(f"{name}: ")


# The mailer.


def drain(path: Path, port: int) -> None:
    """The mailer itself: sends what waits, acknowledges what was sent, until nothing waits."""
    with tenantry.open(path, must_exist=True) as db:
        while (mail := db.notices(consumer=MAILER, limit=BATCH)).notices:
            for notice in mail.notices:
                for to, letter in letters(db, notice):
                    with smtplib.SMTP("127.0.0.1", port, local_hostname="[127.0.0.1]", timeout=PATIENCE) as server:
                        server.sendmail("notices@northwind.example", to, letter)
            # Not before everything is sent: whoever dies up to here sends it again.
            db.acknowledge(consumer=MAILER, through=mail.through)


def letters(db: Database, notice: Notice) -> Iterator[tuple[str, str]]:
    """One mail for each recipient, so that neither side of a link learns the other's addresses."""
    subject = what_it_says(db, notice.kind)
    # What the platform's own staff is told goes to its desk, not to a mailbox of a user.
    for user in sorted(notice.to.users):
        person = db.host_personal(subject=SubjectUser(user=user))
        if person is None:
            continue
        # Whoever is asked to confirm an address is asked there, and nowhere once that is settled.
        asked = isinstance(notice.kind, n.AddressChange | n.AddressChangeReminder)
        address = person.new_email if asked else person.email
        if address is None:
            continue
        lines = [
            'From: "Northwind notices" <notices@northwind.example>',
            f"To: {encoded(person.name or '')} <{address}>",
            f"Subject: {encoded(subject)}",
            f"Message-ID: {Key(notice.seq, notice.index, user)}",
            f"Date: {formatdate()}",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "",
            base64.encodebytes(f"{subject}.\n".encode()).decode(),
        ]
        yield address, "\r\n".join(lines)


def encoded(text: str) -> str:
    """A text in a header, which is ASCII: words in other letters are encoded, neighbours together."""
    runs = itertools.groupby(text.split(" "), str.isascii)
    return " ".join(words if ascii else Header(words, "utf-8").encode() for ascii, words in ((it, " ".join(run)) for it, run in runs))


def what_it_says(db: Database, kind: n.NoticeKind) -> str:
    """What a notice says, in one line."""
    match kind:
        case n.LinkRequested(request=id) | n.LinkRequestAccepted(request=id):
            about = db.host_entity(kind=Kind.LINK_REQUEST, id=id)
        case (
            n.GrantsChanged(link=id)
            | n.DelinkRequested(link=id)
            | n.DelinkReminder(link=id)
            | n.DelinkRejected(link=id)
            | n.LinkEnded(link=id)
        ):
            about = db.host_entity(kind=Kind.LINK, id=id)
        case _:
            about = None
    what = kind.kind.replace("_", " ")
    if not isinstance(about, (Link, LinkRequest)):
        return what
    sides = [db.host_entity(kind=Kind.TENANT, id=id) for id in (about.manager, about.managed)]
    return f"{' and '.join(side.name for side in sides if isinstance(side, Tenant))}: {what}"


# The story.


def play(on: Stage) -> None:
    on.page.title("A mailer that is killed, and loses nothing")
    on.page.remark("The mailer is a process of its own and sends over SMTP. It is not asked before it is killed.")

    on.page.heading("What there is to tell")
    northwind = on.tenant(TenantKind.MSP, "Northwind IT", "NW-100")
    ada = on.user("Ada", northwind, "ada@northwind.example", "super_admin")
    ben = on.user("Ben", northwind, "ben@northwind.example", "admin")
    bakery = on.tenant(TenantKind.CUSTOMER, "Bäckerei Klein", "BK-200")
    joerg = on.user("Jörg Groß", bakery, "joerg@baeckerei-klein.example", "super_admin")
    on.introduce()
    ask = RequestLink(manager=northwind, number="BK-200", management="jointly", services={"manage"})
    request = on.does(ada, "asks to manage BK-200 jointly", ask)
    link = on.does(joerg, "accepts", AcceptLink(request=request))
    on.does(joerg, "lets the MSP manage users", SetManagerGrants(link=link, grants={"users.manage"}))
    on.does(ben, "asks to delink", RequestDelink(link=link))
    on.does(ben, "reminds the bakery", ResendDelink(link=link))
    on.does(joerg, "rejects", RejectDelink(link=link))
    on.does(ben, "asks again", RequestDelink(link=link))
    on.does(joerg, "accepts", AcceptDelink(link=link))
    on.page.remark("The page has its own cursor; the mailer has not begun, and everything waits for it.")

    on.page.heading("Five lives of the mailer")
    on.page.remark(f"It takes {BATCH} notices at a time, sends their mails, and then acknowledges them.")
    # Every mail that has to arrive is read off the journal, and not off the mailer.
    everything = on.db.notices(consumer="somebody who never acknowledges", limit=1000).notices
    wanted = {Key(it.seq, it.index, user): it.kind.kind for it in everything for user in sorted(it.to.users)}
    lives: list[tuple[str, int, Halt | None]] = [
        ("killed while the server had half of its second mail", 2, Halt.HALF_WAY),
        ("killed before the server said yes to its fifth", 5, Halt.UNANSWERED),
        ("killed after the server said yes to its ninth", 9, Halt.ANSWERED),
        ("sent everything that was left", 0, None),
        ("found nothing to send", 0, None),
    ]
    rows: list[list[Cell]] = []
    with Server() as server:
        for place, (what, nth, halt) in enumerate(lives):
            known = set(server.taken())
            before = len(server.mails)
            server.serve(on.path, nth, halt)
            mails = [key_of(mail) for mail in server.mails[before:]]
            again = sum(key in known for key in mails)
            waits = len(on.db.notices(consumer=MAILER, limit=1000).notices)
            numbers = [count(number) for number in (len(mails), len(mails) - again, again, waits)]
            rows.append([count(place + 1), plain(what), *numbers])
    header_row = ["life", "what became of it", "mails taken", "new", "repeated", "notices that\nstill wait"]
    on.page.table(header_row, rows)

    on.page.heading("What arrived")
    taken = server.taken()
    rows = [
        [
            count(key.seq),
            count(key.index),
            plain(kind),
            plain(on.name(key.user)),
            good("yes") if key in taken else bad("no"),
        ]
        for key, kind in wanted.items()
    ]
    on.page.table(["seq", "index", "notice", "to", "arrived"], rows)
    lost, strays = len(wanted.keys() - taken.keys()), len(taken.keys() - wanted.keys())
    if lost or strays:
        raise Stop(f"{lost} mails are lost and {strays} came from nowhere")
    on.page.holds(f"{len(wanted)} mails wanted, {len(taken)} arrived at least once, {lost} lost")
    on.page.remark("The Message-ID holds seq, index and recipient: by it a repeated mail is known and dropped.")

    on.page.heading("A name in a header")
    on.page.remark("How the first mail went over the wire: headers are ASCII, whatever the names are written in.")
    first = taken[next(iter(wanted))]
    for name in ("From", "To", "Subject", "Message-ID"):
        on.page.verbatim(on.in_names(f"{name}: {header(first, name)}"))

    on.page.heading("A line break in a name")
    on.page.remark("One would end the header and begin another. No such name comes to exist: it is refused when read.")
    bcc = "Bcc: all@victims.example"
    tried = [("company", TextKind.COMPANY_NAME, f"Eve{end}{bcc}") for end in ("\n", "\r\n", "\x85", "\u2028", "\u2029")]
    tried += [("person", TextKind.PERSON_NAME, f"Eve{end}{bcc}") for end in ("\x85", "\u2028")]
    tried.append(("address", TextKind.EMAIL, f"eve@evil.example\r\n{bcc}"))
    parsed = on.db.parse(texts=[Typed(kind=kind, text=text) for _, kind, text in tried])
    rows = []
    for (what, _, text), one in zip(tried, parsed, strict=True):
        if not isinstance(one, ParsedFlaw):
            raise Stop(f"{text!r} was to be refused")
        rows.append([faint(what), plain(escaped(text)), bad(f"{one.flaw.message}; {one.flaw.remedy}")])
    on.page.table(["as a", "text", "refused"], rows)
    on.verify()


def escaped(text: str) -> str:
    """A text with what cannot be seen written out."""
    names = {"\n": "\\n", "\r": "\\r"}
    return "".join(names.get(it, it if it.isprintable() else f"\\u{{{ord(it):x}}}") for it in text)


# The server.


class Halt(enum.Enum):
    """When the mailer is killed, seen from a mail that the server is about to take."""

    HALF_WAY = "the server has half of it"
    UNANSWERED = "the server has taken it and has not said so"
    ANSWERED = "the server has taken it and said so; the mailer has not acknowledged"


class Server:
    """A mail server that takes everything and keeps it in memory."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        # It has to look after the mailer, too, which may end without having come.
        self.listener.settimeout(0.01)
        self.mails: list[list[str]] = []

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def taken(self) -> dict[Key, list[str]]:
        """What was taken, repeats aside."""
        return {key_of(mail): mail for mail in self.mails}

    def serve(self, path: Path, nth: int, halt: Halt | None) -> None:
        """Starts the mailer and serves it until it ends, or kills it at its so-many-th mail."""
        program = [sys.executable, str(Path(__file__).with_name("__main__.py"))]
        port = self.listener.getsockname()[1]
        with subprocess.Popen([*program, DRAIN, str(path), str(port)]) as mailer:
            try:
                self.serve_until(mailer, nth, halt)
            finally:
                # Whatever happened, it does not outlive its story.
                mailer.kill()

    def serve_until(self, mailer: subprocess.Popen[bytes], nth: int, halt: Halt | None) -> None:
        mails = 0
        while True:
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                if mailer.poll() is None:
                    continue
                if mailer.returncode == 0 and halt is None:
                    return
                raise Stop(f"the mailer ended by itself: {mailer.returncode}") from None
            mails += 1
            with connection:
                connection.settimeout(PATIENCE)
                if self.converse(connection, halt if mails == nth else None):
                    # The mailer waits for an answer now: it is killed at this very point, and nowhere else.
                    mailer.kill()
                    mailer.wait()
                    return

    def converse(self, connection: socket.socket, halt: Halt | None) -> bool:
        """One connection, which brings one mail. Says whether the mailer is to be killed now."""

        def reply(text: str) -> None:
            connection.sendall(f"{text}\r\n".encode())

        with connection.makefile(encoding="utf-8", newline="\r\n") as lines:
            reply("220 mail.example")
            for line in lines:
                match line.strip().upper().partition(" ")[0]:
                    case "EHLO":
                        reply("250-mail.example\r\n250 8BITMIME")
                    case "MAIL" | "RCPT":
                        reply("250 fine")
                    case "DATA":
                        reply("354 go on")
                        mail: list[str] = []
                        for text in lines:
                            if text == ".\r\n":
                                break
                            if text == "\r\n" and halt is Halt.HALF_WAY:
                                return True
                            mail.append(text.removeprefix(".").rstrip("\r\n"))
                        self.mails.append(mail)
                        if halt is Halt.UNANSWERED:
                            return True
                        reply("250 taken")
                    case "QUIT":
                        if halt is Halt.ANSWERED:
                            return True
                        reply("221 goodbye")
                        return False
                    case _:
                        reply("502 unknown here")
        return False
