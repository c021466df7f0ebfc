import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given, settings
from hypothesis import strategies as st

from amber import Context, Secret
from amber.errors import Reject, Retry
from amber.model import Receipt
from amber.testing.certificates import self_signed
from amber.testing.contexts import make_context
from amber.testing.targets import news
from amber_integrations import email as plugin
from amber_integrations.email.message import build

ANN, BOB = "ann@example.org", "bob@example.org"


class Post:
    """What a real SMTP server does with what it gets: keeps it, unless a test has it say no."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.refused: dict[str, str] = {}
        self.data_answer = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data_answer.startswith("250"):
            self.mails.append(envelope)
        return self.data_answer


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"amber", b"s3cret")
    return AuthResult(success=known, handled=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def port(post: Post) -> Iterator[int]:
    number = free_port()
    controller = Controller(post, "127.0.0.1", number, authenticator=authenticate, auth_require_tls=False)
    controller.start()
    yield number
    controller.stop()


def context(port: int, **given: Any) -> Context[plugin.Config]:
    values = {"tls": "none", "sender": "amber@shop.example", **given}
    return make_context(plugin, plugin.Config(host="127.0.0.1", port=port, **values))


def deliver(port: int, *to: str, **given: Any) -> Receipt:
    return plugin.deliver(news(), plugin.TargetConfig(to or (ANN,)), context(port, **given))


def parsed(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_mail_tells_what_happened_and_where_to_look(post: Post, port: int) -> None:
    assert deliver(port, ANN, BOB) == Receipt("accepted for 2 addresses")
    [envelope] = post.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("amber@shop.example", [ANN, BOB])
    mail = parsed(envelope)
    assert mail["Subject"] == "[Shop] New: KeyError: 'coffee'"
    assert (mail["From"], mail["To"]) == ("Amber <amber@shop.example>", f"{ANN}, {BOB}")
    assert mail["Date"] == "Tue, 14 Nov 2023 22:13:20 +0000"
    assert mail["Message-ID"] == "<n1@shop.example>"
    assert mail["References"] == "<issue-7@shop.example>"
    assert mail["List-Id"] == "<shop.amber.shop.example>"
    assert (mail["Auto-Submitted"], mail["X-Amber-Event"]) == ("auto-generated", "issue.created")
    assert body(mail, "plain").splitlines() == [
        "New in Shop:",
        "",
        "KeyError: 'coffee'",
        "shop.cart",
        "SHOP-7, error",
        "",
        "https://amber.example/issues/7",
    ]
    assert '<a href="https://amber.example/issues/7">' in body(mail, "html")


@pytest.mark.parametrize(
    ("kind", "said"), [("issue.regressed", "Regressed"), ("test", "Test"), ("alert.fired", "alert.fired")]
)
def test_the_subject_says_what_kind_of_news_it_is(kind: str, said: str) -> None:
    assert build(news(kind=kind), "a@b.example", [ANN])["Subject"] == f"[Shop] {said}: KeyError: 'coffee'"


def test_what_is_not_known_leaves_no_gap() -> None:
    mail = build(news(culprit="", short_id="", level="", issue_id=""), "a@b.example", [ANN])
    assert body(mail, "plain").splitlines() == ["New in Shop:", "", "KeyError: 'coffee'", "", news().url]
    assert mail["References"] is None


def test_a_title_cannot_bring_headers_recipients_or_markup() -> None:
    title = "x\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script>\u202e"
    mail = build(news(title=title), "a@b.example", [ANN])
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[Shop] New: x Bcc: evil@example.org <script>alert(1)</script>"
    assert "<script>" not in body(mail, "html")
    assert "&lt;script&gt;" in body(mail, "html")


@settings(deadline=None)  # the first mail that is read loads the parser
@given(st.text(), st.text(), st.text())
def test_whatever_an_event_says_stays_in_its_place(title: str, slug: str, name: str) -> None:
    made = build(news(title=title, project_slug=slug, id=name or "n"), "a@b.example", [ANN])
    read = message_from_bytes(made.as_bytes(), policy=email.policy.default)
    expected = [
        *("Subject", "From", "To", "Date", "Message-ID", "References", "List-Id", "Auto-Submitted", "X-Amber-Event"),
        *("MIME-Version", "Content-Type"),
    ]
    assert read.keys() == expected
    assert read["To"] == ANN
    assert len(read["Subject"]) <= 200


def test_addresses_that_are_refused_are_told_beside_those_that_are_not(post: Post, port: int) -> None:
    post.refused[BOB] = "550 no such user"
    expected = f"accepted for 1 of 2 addresses; refused: {BOB} (550 no such user)"
    assert deliver(port, ANN, BOB) == Receipt(expected)
    assert [envelope.rcpt_tos for envelope in post.mails] == [[ANN]]


def test_when_nobody_can_be_reached_it_is_given_up(post: Post, port: int) -> None:
    post.refused[ANN] = "550 no such user"
    with pytest.raises(Reject, match=r"^no address was accepted: ann@example\.org \(550 no such user\)$"):
        deliver(port)


def test_when_somebody_may_be_reached_later_it_is_tried_again(post: Post, port: int) -> None:
    post.refused = {ANN: "550 no such user", BOB: "450 mailbox busy"}
    with pytest.raises(Retry, match="450 mailbox busy"):
        deliver(port, ANN, BOB)


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 try later", Retry), ("421 closing", Retry), ("554 spam", Reject), ("552 too big", Reject)],
)
def test_the_servers_words_decide(post: Post, port: int, answer: str, error: type[Exception]) -> None:
    post.data_answer = answer
    with pytest.raises(error, match=answer):
        deliver(port)


def test_it_logs_in_where_it_is_told_to(post: Post, port: int) -> None:
    assert deliver(port, username="amber", password=Secret("s3cret")) == Receipt("accepted for 1 address")
    with pytest.raises(Reject, match="535"):
        deliver(port, username="amber", password=Secret("wrong"))


def test_no_password_is_sent_where_the_connection_cannot_be_encrypted(post: Post, port: int) -> None:
    with pytest.raises(Reject, match=r"^127\.0\.0\.1: STARTTLS extension not supported"):
        deliver(port, tls="starttls", username="amber", password=Secret("s3cret"))
    assert post.mails == []


def secure(post: Post, tls: str, context: ssl.SSLContext) -> Controller:
    # aiosmtpd does not count what is encrypted from the start as TLS
    from_start = {"ssl_context": context, "auth_require_tls": False}
    options: dict[str, Any] = from_start if tls == "tls" else {"tls_context": context, "require_starttls": True}
    return Controller(post, "127.0.0.1", free_port(), authenticator=authenticate, **options)


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_mails_and_passwords_go_to_a_server_whose_certificate_is_trusted(
    post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    controller = secure(post, tls, self_signed(tmp_path, "mail.test"))
    controller.start()
    login = {"tls": tls, "username": "amber", "password": Secret("s3cret")}
    with pytest.raises(Retry, match=r"^127\.0\.0\.1: its certificate cannot be trusted: self.signed certificate$"):
        deliver(controller.port, **login)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    assert deliver(controller.port, **login) == Receipt("accepted for 1 address")
    controller.stop()
    assert len(post.mails) == 1


def test_a_server_that_speaks_no_tls_is_tried_again(port: int) -> None:
    with pytest.raises(Retry, match=r"^127\.0\.0\.1: "):
        deliver(port, tls="tls")


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(Retry, match=r"^127\.0\.0\.1: connection refused$"):
            deliver(probe.getsockname()[1])


def test_a_server_that_hangs_up_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        with pytest.raises(Retry, match=r"^127\.0\.0\.1: connection "):
            deliver(server.getsockname()[1])
        thread.join()


def test_without_a_server_it_says_how_to_name_one() -> None:
    ctx = make_context(plugin, plugin.Config())
    with pytest.raises(Reject, match=r"^email is not configured: set \[plugins\.email\] host$"):
        plugin.deliver(news(), plugin.TargetConfig((ANN,)), ctx)


@pytest.mark.parametrize(
    "address", ["", "ann", "ann@", "@x.example", "a b@x.example", "a@x.example\r\nBcc: e@x.example", "a@x,b@y", "<a@x>"]
)
def test_what_is_no_address_is_refused_when_it_is_entered(address: str) -> None:
    with pytest.raises(ValueError, match=r"to: .* is not an e-mail address"):
        plugin.TargetConfig((address,))
    if address:
        with pytest.raises(ValueError, match=r"sender: .* is not an e-mail address"):
            plugin.Config(sender=address)
