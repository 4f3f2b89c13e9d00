"""Debian's Chromium without a window, driven through the pipe that it offers: no other package, and no port that anybody could reach."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = ("chromium", "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-extensions",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-pings",
            "--hide-scrollbars", "--force-color-profile=srgb", "--mute-audio")  # fmt: skip


class Page:
    """One page in it."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._number = 0
        self._left = b""
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self(f"{domain}.enable")

    def __call__(self, method: str, /, **fields: Any) -> dict[str, Any]:
        self._number += 1
        call = {"id": self._number, "method": method, "params": fields}
        if self._session:
            call["sessionId"] = self._session
        os.write(self._to, json.dumps(call).encode() + b"\0")
        while True:
            said = self._read()
            if said.get("id") == self._number:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result
            self.events.append(said)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            more = os.read(self._back, 1 << 20)
            assert more, "Chromium has gone"
            self._left += more
        one, self._left = self._left.split(b"\0", 1)
        said: dict[str, Any] = json.loads(one)
        return said

    def _happened(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") == method]

    def load(self, path: Path) -> None:
        self.events.clear()
        self("Page.navigate", url=path.resolve().as_uri())
        while not self._happened("Page.loadEventFired"):
            self.events.append(self._read())

    def asked_for(self) -> list[str]:
        """Every address that anything was asked of."""
        return [it["request"]["url"] for it in self._happened("Network.requestWillBeSent")]

    def complaints(self) -> list[Any]:
        """What the browser has logged, and scripts that have run into something."""
        return self._happened("Log.entryAdded") + self._happened("Runtime.exceptionThrown") + self._happened("Runtime.consoleAPICalled")

    def value(self, expression: str) -> Any:
        told = self("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def shown(self, width: int, height: int, *, dark: bool = False, colours: bool = True) -> None:
        """Lets it be shown in a window of that size."""
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        scheme = "dark" if dark else "light"
        self("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self("Emulation.setEmulatedVisionDeficiency", type="none" if colours else "achromatopsia")

    def picture(self, to: Path) -> bytes:
        """A picture of all of it, which is kept for whoever wants to look."""
        told = self("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        picture = base64.b64decode(told["data"])
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(picture)
        return picture

    def printed(self, to: Path) -> int:
        """Prints it on A4, and says how many sheets that takes."""
        told = self("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, preferCSSPageSize=True)
        paper = base64.b64decode(told["data"])
        to.write_bytes(paper)
        return len(re.findall(rb"/Type\s*/Page\b", paper))


@contextmanager
def page(profile: Path) -> Iterator[Page]:
    """A browser of its own with a page in it."""
    theirs, to = os.pipe()
    back, ours = os.pipe()

    def ends() -> None:
        # Its ends of the pipes have these numbers: 3 to read from, 4 to write to.
        aside = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs, ours)]
        for end, number in zip(aside, (3, 4), strict=True):
            os.dup2(end, number)

    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    process = subprocess.Popen(
        (*CHROMIUM, *root, f"--user-data-dir={profile}"),
        preexec_fn=ends, pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    os.close(ours)
    try:
        yield Page(to, back)
    finally:
        os.close(to)
        os.close(back)
        process.kill()
        process.wait()


def shades(picture: bytes) -> int:
    """How many different bytes a picture is made of: of one that is blank, hardly any."""
    data, at = b"", 8
    while at < len(picture):
        size, kind = int.from_bytes(picture[at : at + 4], "big"), picture[at + 4 : at + 8]
        if kind == b"IDAT":
            data += picture[at + 8 : at + 8 + size]
        at += size + 12
    return len(set(zlib.decompress(data)))
