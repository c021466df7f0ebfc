"""Where notifications arrive: a real HTTP receiver and a real SMTP server, both on loopback."""

import email.policy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from msgspec import Struct

from .running import free_port


class Post(Struct):
    """One request a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


class Receiver(ThreadingHTTPServer):
    """Keeps what is posted. `script` holds the statuses of the next answers by path; without one it is 200.

    A path that begins with `/slow` is answered when `patience` is set, and one with `/elsewhere` by a redirect.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posts: list[Post] = []
        self.script: dict[str, list[int]] = {}
        self.patience = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def got(self, path: str) -> list[Post]:
        """What came to a path, oldest first."""
        return [post for post in self.posts if post.path == path]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append(Post(self.path, dict(self.headers), body))
        if self.path.startswith("/slow"):
            self.server.patience.wait()
        statuses = self.server.script.get(self.path) or [302 if self.path.startswith("/elsewhere") else 200]
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        if self.path.startswith("/elsewhere"):
            self.send_header("Location", self.server.url("/stolen"))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


class Mailbox:
    """An SMTP server that keeps every mail."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self.controller = Controller(self, "127.0.0.1", self.port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def subjects(self, about: str) -> list[str]:
        """The subjects of mails about something, oldest first."""
        return [str(mail["Subject"]) for mail in self.mails if about in mail["Subject"]]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.patience.set()
            receiver.shutdown()
            thread.join()


@contextmanager
def collecting() -> Iterator[Mailbox]:
    """A mailbox that listens."""
    mailbox = Mailbox()
    mailbox.controller.start()
    try:
        yield mailbox
    finally:
        mailbox.controller.stop()
