"""Debian's Chromium, headless, driven through two pipes by its own protocol: no driver needed."""

import base64
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from queue import Empty, Queue

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "chromium-headless-shell")
BINARY = next(filter(None, map(shutil.which, _NAMES)), None)
"""A Chromium or Chrome of this machine, or None."""
_KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowRight": 39, "ArrowDown": 40}


class Browser:
    """One window of a browser with a profile of its own, which outlives its processes.

    Parameters
    ----------
    profile : Path
    size : (int, int)
    phone : bool
        Whether it calls itself a phone with a touch screen.
    """

    def __init__(self, profile, size=(1280, 900), phone=False):
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        command = [
            *(BINARY, "--headless=new", "--disable-gpu", "--no-first-run", "--disable-extensions"),
            *(["--no-sandbox"] if os.getuid() == 0 else []),
            *("--disable-dev-shm-usage", "--remote-debugging-pipe", "--mute-audio"),
            *("--disable-background-networking", "--disable-component-update"),
            *(f"--user-data-dir={profile}", "--lang=en-US", "about:blank"),
        ]

        def give_pipes():
            # The protocol is on 3 and 4; kept apart first, since they may be these numbers.
            one, other = os.dup(to_browser), os.dup(from_browser)
            os.dup2(one, 3)
            os.dup2(other, 4)

        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            start_new_session=True,
            preexec_fn=give_pipes,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._number, self._answers, self.events = 0, Queue(), []
        threading.Thread(target=self._listen, daemon=True).start()
        self._session = None
        targets = self("Target.getTargets")["targetInfos"]
        target = next(t["targetId"] for t in targets if t["type"] == "page")
        found = self("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self(f"{domain}.enable")
        self.screen(*size, phone=phone)

    def screen(self, width, height, *, phone=False):
        """Set the size of the screen in CSS pixels."""
        self(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )

    def _listen(self):
        text = b""
        while block := os.read(self._in, 1 << 16):
            *messages, text = (text + block).split(b"\0")
            for message in map(json.loads, messages):
                (self._answers.put if "id" in message else self.events.append)(message)

    def __call__(self, method, **params):
        """Ask the browser, and give its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            try:
                answer = self._answers.get(timeout=120)
            except Empty:
                raise TimeoutError(method) from None
            if answer["id"] == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def run(self, script):
        """Value of a JavaScript expression in the page."""
        found = self("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def wait(self, script, seconds=60):
        """Wait until a JavaScript expression is true, and say so."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if self.run(f"Boolean({script})"):
                    return True
            except RuntimeError:  # the page is being loaded
                pass
            time.sleep(0.05)
        raise TimeoutError(script)

    def open(self, address):
        """Go to a page, and wait until it is there; forgets what was asked and said before."""
        del self.events[:]
        self("Page.navigate", url=address)
        until = time.monotonic() + 60
        while not any(event["method"] == "Page.loadEventFired" for event in list(self.events)):
            if time.monotonic() > until:
                raise TimeoutError(address)
            time.sleep(0.02)

    def press(self, key, times=1):
        """Press a key of the keyboard."""
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 else None)
        code = _KEYS.get(key, ord(key[0]))
        for _ in range(times):
            about = {"key": key, "code": key, "windowsVirtualKeyCode": code}
            more = {"text": text} if text else {}
            self("Input.dispatchKeyEvent", type="keyDown", **about, **more)
            self("Input.dispatchKeyEvent", type="keyUp", **about)

    def picture(self, path):
        """Write a PNG of the window."""
        found = self("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(found["data"]))

    def requests(self):
        """Addresses that were asked for."""
        return [
            event["params"]["request"]["url"]
            for event in list(self.events)
            if event["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self):
        """What the page's console has of errors, warnings and refused policies."""
        return [
            str(event["params"])
            for event in list(self.events)
            if event["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")
            or (event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] != "log")
        ]

    def crash(self):
        """Kill the browser with all that it has not yet written."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._out)

    def close(self):
        """End the browser, as a person who closes the window does."""
        self._session = None
        try:
            self("Browser.close")
            self._process.wait(30)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._out)
