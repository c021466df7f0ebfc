import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from amber.errors import Denied, Reject, Retry
from amber.plugin.outbound import MAX_BODY, Http, HttpAnswer, Outbound, is_meant, read_url, resolve
from amber.testing.certificates import self_signed

pytestmark = pytest.mark.anyio
HERE = ("127.0.0.0/8", "::1/128")
Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A server on loopback that says what a test tells it to, and remembers the requests it read."""

    def __init__(self, answer: bytes | Answering, tls: ssl.SSLContext | None = None) -> None:
        self._answer, self._tls = answer, tls
        self.requests: list[bytes] = []
        self.port = 0

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            self.requests.append(head + await reader.readexactly(length))
            if isinstance(self._answer, bytes):
                writer.write(self._answer)
                await writer.drain()
            else:
                await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up, which some tests are about
        finally:
            writer.close()


def plain(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def http(*hosts: str, resolve: Callable[[str, int], Awaitable[list[str]]] = resolve) -> Http:
    return Outbound(HERE, "Amber/test", resolve).client("p", hosts or ("*",))


async def send(server: Server, path: str = "/", **given: float) -> HttpAnswer:
    return await http().send("POST", f"http://127.0.0.1:{server.port}{path}", {}, b"{}", **given)


async def test_a_request_arrives_as_it_was_made() -> None:
    async with Server(plain("200 OK", b"thanks", "X-Said: Hi")) as server:
        url = f"http://127.0.0.1:{server.port}/hooks/a%20b?x=1&y=é#part"
        answer = await http().send("POST", url, {"X-Mine": "value", "Content-Type": "text/plain"}, b"body")
    assert (answer.status, answer.headers["x-said"], answer.body) == (200, "Hi", b"thanks")
    assert server.requests[0].decode().split("\r\n") == [
        "POST /hooks/a%20b?x=1&y=%C3%A9 HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Content-Length: 4",
        "X-Mine: value",
        "Content-Type: text/plain",
        "User-Agent: Amber/test",
        "",
        "body",
    ]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
async def test_a_redirect_is_an_answer_and_nobody_follows_it(status: str) -> None:
    async with Server(plain("200 OK")) as other:
        place = f"http://127.0.0.1:{other.port}/"
        async with Server(plain(status, b"", f"Location: {place}")) as server:
            answer = await send(server)
    assert (answer.status, answer.headers["location"], other.requests) == (int(status[:3]), place, [])


async def test_a_private_address_is_refused_unless_allowed() -> None:
    async with Server(plain("200 OK")) as server:
        for url in (
            f"http://127.0.0.1:{server.port}/",
            f"http://localhost:{server.port}/",
            f"http://[::1]:{server.port}/",
        ):
            with pytest.raises(Reject, match=r"is a private address: allow it with \[outbound\] allowed_networks"):
                await Outbound().client("p", ["*"]).send("GET", url, {})
    assert server.requests == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
async def test_old_ways_to_write_a_loopback_address_are_seen_through(host: str) -> None:
    with pytest.raises(Reject, match=r"127\.0\.0\.1 is a private address"):
        await Outbound().client("p", ["*"]).send("GET", f"http://{host}/", {})


async def test_a_name_that_changes_its_address_leads_nowhere() -> None:
    # What a rebinding attack does: a public address for the check, a private one for the connection.
    answers = iter([["127.0.0.2"], ["127.0.0.1"]])
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    outbound = Outbound(["127.0.0.2/32"], resolve=rebinding)
    async with Server(plain("200 OK")) as server:  # listens on 127.0.0.1 alone
        with pytest.raises(Retry):
            await outbound.client("p", ["*"]).send("GET", f"http://rebind.example.org:{server.port}/", {})
        assert (asked, server.requests) == (["rebind.example.org"], [])
        with pytest.raises(Reject, match=r"rebind\.example\.org: 127\.0\.0\.1 is a private address"):
            await outbound.client("p", ["*"]).send("GET", f"http://rebind.example.org:{server.port}/", {})
    assert server.requests == []


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    async def several(host: str, port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async with Server(plain("204 No Content")) as server:
        answer = await http(resolve=several).send("GET", f"http://h.example.org:{server.port}/", {})
    assert answer.status == 204
    assert f"Host: h.example.org:{server.port}\r\n".encode() in server.requests[0]


async def test_a_connection_nobody_takes_is_told_in_words() -> None:
    async with Server(plain("200 OK")) as server:
        port = server.port
    with pytest.raises(Retry) as failed:
        await http().send("GET", f"http://127.0.0.1:{port}/", {})
    assert str(failed.value) == "127.0.0.1: connection refused"
    assert failed.value.after is None


async def test_a_name_nobody_knows_is_told_in_words() -> None:
    with pytest.raises(Retry, match=r"^nowhere\.invalid: its name cannot be resolved$"):
        await http().send("GET", "http://nowhere.invalid/", {})


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    async with Server(silence) as server:
        with pytest.raises(Retry, match=r"^127\.0\.0\.1: no answer within 0\.2 s$"):
            await send(server, timeout=0.2)


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize(
    ("answer", "said"), [(hang_up, "disconnected without sending a response"), (b"no HTTP\r\n\r\n", "127.0.0.1: ")]
)
async def test_an_answer_that_is_none_may_be_asked_for_again(answer: bytes | Answering, said: str) -> None:
    async with Server(answer) as server:
        with pytest.raises(Retry) as failed:
            await send(server)
    assert said in str(failed.value)


async def test_a_huge_answer_is_cut() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with Server(pour) as server:
        assert await send(server) == HttpAnswer(200, {"content-length": "10000000000"}, b"x" * MAX_BODY)


async def test_a_body_that_never_ends_takes_nothing_from_the_answer() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await reader.read()

    async with Server(drip) as server:
        answer = await send(server, timeout=0.3)
    assert (answer.status, answer.body) == (200, b"half")


async def test_a_plugin_reaches_no_host_its_manifest_does_not_name() -> None:
    with pytest.raises(Denied) as denied:
        await http("api.example.org").send("GET", "https://evil.example.org/", {})
    assert denied.value.detail == (
        'plugin p may not do this: its plugin.toml lacks rights.hosts = ["evil.example.org"]'
    )


async def test_what_a_plugin_may_not_reach_is_told_to_whoever_counts() -> None:
    told: list[tuple[str, ...]] = []

    async def private(host: str, port: int) -> list[str]:
        return ["10.0.0.7"]

    client = Outbound((), "Amber/test", private, lambda *one: told.append(one)).client("p", ("a.example.org",))
    with pytest.raises(Reject):
        await client.send("GET", "https://a.example.org/", {})
    with pytest.raises(Denied):
        await client.get("https://b.example.org/", {}, 99)
    with pytest.raises(Reject):
        await client.send("GET", "nonsense", {})
    assert told == [
        (
            "p",
            "networks",
            "plugin p may not do this: a.example.org: 10.0.0.7 is a private address: allow it with [outbound]"
            " allowed_networks",
        ),
        ("p", "hosts", 'plugin p may not do this: its plugin.toml lacks rights.hosts = ["b.example.org"]'),
    ]


@pytest.mark.parametrize("to", ["http://169.254.169.254/latest/", "http://[::ffff:10.0.0.7]/", "http://localhost/"])
async def test_a_plugin_that_follows_a_redirect_itself_is_held_at_its_next_step(to: str) -> None:
    told: list[tuple[str, ...]] = []

    async def elsewhere(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == "public.example.org" else await resolve(host, port)

    here = Outbound(("127.0.0.1/32",), "Amber/test", elsewhere, lambda *one: told.append(one)).client("p", ("*",))
    outside = Outbound((), "Amber/test", elsewhere, lambda *one: told.append(one)).client("p", ("*",))
    async with Server(plain("302 Found", b"", f"Location: {to}")) as server:
        answer = await here.send("GET", f"http://public.example.org:{server.port}/", {})
    assert (answer.status, told) == (302, [])
    with pytest.raises(Reject, match="is a private address"):
        await outside.send("GET", answer.headers["location"], {})
    assert [one[:2] for one in told] == [("p", "networks")]


@pytest.mark.parametrize(
    ("pattern", "host", "meant"),
    [
        ("*", "a.b", True),
        ("api.example.org", "API.example.org.", True),
        ("*.example.org", "a.b.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "evilexample.org", False),
        ("example.org", "a.example.org", False),
    ],
)
def test_a_right_names_hosts_exactly_or_by_their_domain(pattern: str, host: str, meant: bool) -> None:
    assert is_meant(pattern, host) is meant


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://example.org/",
        "file:///etc/passwd",
        "//example.org/",
        "http://",
        "http://:80/",
        "http://user:password@example.org/",
        "http://example.org@127.0.0.1/",
        "http://good.example.org\\@evil.example.org/",
        "http://example.org:99999/",
        "http://example.org:x/",
        "http://exa mple.org/",
        "http://example.org/\r\nX-Evil: 1",
        "http://[::1",
        "http://a..é/",
        "gopher://127.0.0.1:25/_MAIL",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Reject):
        read_url(url)


@pytest.mark.parametrize(
    ("url", "netloc"),
    [
        ("https://Example.org", "example.org"),
        ("http://bücher.example:8080/x", "xn--bcher-kva.example:8080"),
        ("http://[2606:4700::1111]:81/", "[2606:4700::1111]:81"),
    ],
)
def test_a_host_is_read_in_ascii(url: str, netloc: str) -> None:
    assert read_url(url).netloc == netloc


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection", "Bad Name", ""])
async def test_a_header_that_is_not_the_plugins_to_send_is_refused(name: str) -> None:
    with pytest.raises(Reject, match="cannot be sent"):
        await http().send("GET", "http://127.0.0.1/", {name: "x"})


async def test_a_header_cannot_smuggle_another() -> None:
    with pytest.raises(Reject, match="the header 'X-Mine' cannot be sent"):
        await http().send("GET", "http://127.0.0.1/", {"X-Mine": "a\r\nX-Evil: 1"})


@pytest.fixture
async def secure(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Server]:
    """A server with a certificate for `hooks.test` that nobody has signed but itself, in `cert.pem`."""
    async with Server(plain("200 OK"), self_signed(tmp_path, "hooks.test")) as server:
        yield server


async def home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_a_certificate_of_an_authority_the_system_trusts_is_taken(
    secure: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    answer = await http(resolve=home).send("GET", f"https://hooks.test:{secure.port}/", {})
    assert answer.status == 200
    with pytest.raises(Retry, match=r"other\.test: its certificate cannot be trusted: Hostname mismatch"):
        await http(resolve=home).send("GET", f"https://other.test:{secure.port}/", {})


async def test_a_certificate_nobody_vouches_for_is_not(secure: Server) -> None:
    with pytest.raises(Retry, match=r"hooks\.test: its certificate cannot be trusted: self.signed certificate"):
        await http(resolve=home).send("GET", f"https://hooks.test:{secure.port}/", {})
    assert secure.requests == []


async def test_a_server_that_speaks_no_tls_is_told_in_words() -> None:
    async def unread(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(unread, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Retry, match=r"^127\.0\.0\.1: TLS failed: "):
        await http().send("GET", f"https://127.0.0.1:{port}/", {})
    server.close()


async def fetched(server: Server, most: int, timeout: float = 10.0) -> bytes:
    answer = await http().get(f"http://127.0.0.1:{server.port}/file", {}, most, timeout)
    return answer.body


async def test_a_file_is_read_to_its_end() -> None:
    file = bytes(range(256)) * 4096
    assert len(file) > MAX_BODY
    async with Server(plain("200 OK", file)) as server:
        assert await fetched(server, len(file)) == file


async def test_a_file_that_is_too_long_is_refused() -> None:
    async with Server(plain("200 OK", b"x" * 1001)) as server:
        with pytest.raises(Reject, match="more than 1,000 bytes"):
            await fetched(server, 1000)


async def test_half_a_file_is_no_file() -> None:
    async with Server(plain("200 OK", b"x" * 100)[:-1]) as server:
        with pytest.raises(Retry, match=r"127\.0\.0\.1: "):
            await fetched(server, 1000)


async def test_a_file_that_never_ends_is_given_up() -> None:
    async def half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(plain("200 OK", b"x" * 100)[:-1])
        await writer.drain()
        await asyncio.Event().wait()

    async with Server(half) as server:
        with pytest.raises(Retry, match=r"no answer within 0\.2 s"):
            await fetched(server, 1000, timeout=0.2)


async def test_files_come_from_the_hosts_a_plugin_may_ask_and_from_no_others() -> None:
    with pytest.raises(Denied, match=r'rights\.hosts = \["127\.0\.0\.1"\]'):
        await http("example.org").get("http://127.0.0.1:1/", {}, 1000)
