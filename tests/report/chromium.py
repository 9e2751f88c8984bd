"""Chromium without a window, driven through two pipes in the DevTools protocol.

Nothing but the browser is needed: no port is opened, and no driver installed.
"""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time


def find():
    """Path of a Chromium or Chrome of this machine, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "chromium-headless-shell")
    return next(filter(None, map(shutil.which, names)), None)


class Browser:
    """A browser with one page.

    Attributes
    ----------
    events : list of dict
        What the page said: ``method`` and ``params`` of each event.

    Parameters
    ----------
    program : str
    profile : Path
        An empty folder.
    """

    def __init__(self, program, profile):
        self.events = []
        self._numbers = itertools.count(1)
        self._rest = b""
        # Chromium reads commands from its descriptor 3 and writes answers to 4.
        read, self._to = os.pipe()
        self._from, write = os.pipe()
        command = [program, "--headless=new", "--remote-debugging-pipe", "--disable-gpu"]
        command += [f"--user-data-dir={profile}", "--no-first-run", "--disable-extensions"]
        command += ["--disable-background-networking", "--mute-audio", "--disable-dev-shm-usage"]
        if os.getuid() == 0:
            command.append("--no-sandbox")
        shell = f'exec "$@" 3<&{read} 4>&{write}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "browser", *command, "about:blank"],
            pass_fds=(read, write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(read)
        os.close(write)
        self._session = None
        pages = self.call("Target.getTargets")["targetInfos"]
        target = next(page["targetId"] for page in pages if page["type"] == "page")
        found = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, *, seconds=60, **parameters):
        """Call a method of the protocol; gives its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + seconds
        while True:
            answer = self._next(deadline)
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _next(self, deadline):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            data = os.read(self._from, 1 << 20)
            assert data, "the browser ended"
            self._rest += data
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message

    def screen(self, width, height, *, phone=False):
        """Set the size of the screen in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=phone,
        )

    def open(self, address):
        """Open a page and wait until it is loaded."""
        del self.events[:]
        self.call("Page.navigate", url=address)
        deadline = time.monotonic() + 60
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._next(deadline)

    def run(self, script):
        """Value of an expression of the page; of a promise, what it comes to."""
        found = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script, seconds=30):
        """Wait until an expression is true; gives whether it became so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.run(script):
                return True
            time.sleep(0.1)
        return False

    def picture(self, path, *, whole=False):
        """Write a PNG of the screen, or of the whole page."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole, **self._all(whole))
        path.write_bytes(base64.b64decode(found["data"]))

    def _all(self, whole):
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "scale": 1} | {k: size[k] for k in ("width", "height")}}

    def complaints(self):
        """Errors and warnings of the page's console, and its uncaught exceptions."""
        found = []
        for event in self.events:
            about = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(about["exceptionDetails"]["text"])
            elif event["method"] == "Runtime.consoleAPICalled" and about["type"] != "log":
                found.append(str(about["args"]))
            elif event["method"] == "Log.entryAdded" and about["entry"]["level"] != "verbose":
                found.append(about["entry"]["text"])
        return found

    def requests(self):
        """Addresses that the page asked for."""
        asked = (e for e in self.events if e["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in asked]

    def close(self):
        """End the browser and wait for it."""
        os.close(self._to)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from)
