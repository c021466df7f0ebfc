"""The load: 200 events a real SDK made, sent by the load generator of the shared folder."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = {"large": 16, "small": 32}
UNLIKE = 4000
"""Events of which no two are alike, made from the 200."""
PATIENCE = 300.0
"""Seconds without one more stored event after which a run counts as stuck."""


class Target(Struct, frozen=True):
    """Where events go."""

    url: str
    project: int
    key: str


class Sent(Struct, frozen=True):
    """What became of a load. Times are Unix seconds, latencies milliseconds."""

    events: int
    accepted: int
    per_second: float
    p50: float
    p99: float
    started: float

    @property
    def refused(self) -> int:
        """Events not answered with 200."""
        return self.events - self.accepted


def shared() -> Path:
    """The folder with load generator and peers. Ends the program when it is not there."""
    folder = Path(os.environ.get("AMBER_SHARED") or ROOT.parent / "shared") / "bench"
    if not folder.is_dir():
        sys.exit(f"{folder} is missing: set AMBER_SHARED to the folder that holds bench/")
    return folder


class Load:
    """The load generator in a folder of its own, with its payloads made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._issues = 200
        folder.mkdir(parents=True)
        for name in ("gen_payloads.py", "loadgen.py"):
            shutil.copy(shared() / name, folder / name)
        subprocess.run([sys.executable, folder / "gen_payloads.py"], check=True, stdout=subprocess.DEVNULL)

    def unlike(self) -> "Load":
        """The same load, but in each event every frame has a variable of its own: what repeats here is no help."""
        other = Load.__new__(Load)
        other._folder, other._issues = self._folder / "unlike", UNLIKE
        (other._folder / "payloads").mkdir(parents=True)
        shutil.copy(self._folder / "loadgen.py", other._folder)
        lines = (self._folder / "payloads" / "large.jsonl").read_text().splitlines()
        with (other._folder / "payloads" / "large.jsonl").open("w") as file:
            file.writelines(_changed(lines[number % len(lines)], number) + "\n" for number in range(UNLIKE))
        return other

    def send(self, target: Target, events: int, payload: str, rate: float = 0.0) -> Sent:
        """Send so many events, as fast as they are taken or at `rate` a second."""
        with self._start(target, events, payload, rate) as process:
            return _sent(events, process.communicate()[0])

    def _start(self, target: Target, events: int, payload: str, rate: float) -> "subprocess.Popen[str]":
        command = [sys.executable, str(self._folder / "loadgen.py"), "--gzip", "--payload", payload]
        command += ["--url", target.url, "--project", str(target.project), "--key", target.key]
        command += ["--events", str(events), "--concurrency", str(CONNECTIONS[payload]), "--max-seconds", "900"]
        command += ["--issues", str(self._issues)]
        return subprocess.Popen([*command, "--rate", str(rate)], stdout=subprocess.PIPE, text=True)

    def watched(
        self, target: Target, events: int, payload: str, rate: float, look: Callable[[], int]
    ) -> tuple[Sent, list[tuple[float, int]]]:
        """Send at a rate and look all the while, and until all is seen: when which number was seen first."""
        seen: list[tuple[float, int]] = []
        with self._start(target, events, payload, rate) as process:
            deadline = time.time() + events / rate + PATIENCE
            while not seen or seen[-1][1] < events:
                number = look()
                if not seen or number > seen[-1][1]:
                    seen.append((time.time(), number))
                if time.time() > deadline:
                    process.kill()
                    sys.exit(f"only {number} of {events} events became visible")
                time.sleep(0.01)
            return _sent(events, process.communicate()[0]), seen

    def an_event(self) -> bytes:
        """The body of one small envelope, with ids of its own."""
        line = (self._folder / "payloads" / "small.jsonl").read_text().partition("\n")[0]
        event: dict[str, Any] = {**json.loads(line)["event"], "event_id": os.urandom(16).hex()}
        event.pop("timestamp", None)
        return b"\n".join(
            json.dumps(part).encode() for part in ({"event_id": event["event_id"]}, {"type": "event"}, event)
        )


def _changed(line: str, number: int) -> str:
    """A payload with a variable in each of its frames that no other has."""
    payload = json.loads(line)
    for exception in payload["event"]["exception"]["values"]:
        for place, frame in enumerate(exception["stacktrace"]["frames"]):
            frame.setdefault("vars", {})["request"] = f"<Request {number} at 0x{number * 4096 + place:012x}>"
    return json.dumps(payload)


def _sent(events: int, out: str) -> Sent:
    said = json.loads(out)
    return Sent(
        events, said["accepted"], said["accepted_per_s"], said["p50_ms"], said["p99_ms"], started=said["t_first_send"]
    )


def until_stored(count: Callable[[], int], wanted: int) -> float:
    """When the count reached `wanted`, in Unix seconds. Ends the program when it stands still below."""
    last, changed = count(), time.time()
    while last < wanted:
        time.sleep(0.02)
        now = count()
        if now > last:
            last, changed = now, time.time()
        if time.time() - changed > PATIENCE:
            sys.exit(f"only {last} of {wanted} accepted events are stored")
    return time.time()
