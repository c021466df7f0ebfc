import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from amber.bus import FACTS, ITEMS, Bus, Message
from amber.bus.connect import NatsBus
from amber.config import BusConfig
from amber.errors import Unavailable
from amber.processes.natsserver import free_port
from amber.testing.contract.bus import BusContract, until
from amber.testing.nats import NatsServer

pytestmark = pytest.mark.anyio
ITEM = "amber.v1.item.0"


class NatsOutage:
    def __init__(self, server: NatsServer, bus: Bus) -> None:
        self._server, self._bus = server, bus

    async def begin(self) -> None:
        self._server.kill()
        await until(lambda: not self._bus.is_ready)

    async def end(self) -> None:
        self._server.start()
        await until(lambda: self._bus.is_ready)


class TestNatsBus(BusContract):
    @pytest.fixture
    def bus(self, nats_bus: NatsBus) -> NatsBus:
        return nats_bus

    @pytest.fixture
    async def small_bus(self, tmp_path: Path) -> AsyncIterator[NatsBus]:
        (tmp_path / "small").mkdir()
        server = NatsServer(tmp_path / "small", max_bytes=1 << 20)
        server.start()
        bus = await NatsBus(server.config).connect()
        yield bus
        await bus.close()
        server.kill()

    @pytest.fixture
    def outage(self, nats_server: NatsServer, bus: NatsBus) -> NatsOutage:
        return NatsOutage(nats_server, bus)


async def test_the_payload_limit_is_the_servers(nats_bus: NatsBus) -> None:
    assert nats_bus.max_payload == 8 << 20


async def test_a_server_that_is_not_there_is_given_up_on() -> None:
    bus = NatsBus(BusConfig(url=f"nats://127.0.0.1:{free_port()}"))
    with pytest.raises(Unavailable, match=r"NATS at nats://127.0.0.1:\d+ does not answer: .*Connect call failed"):
        await bus.connect(attempts=2)


async def test_a_wrong_token_is_named(nats_server: NatsServer, nats_bus: NatsBus) -> None:
    bus = NatsBus(replace(nats_server.config, token="wrong"))
    with pytest.raises(Unavailable, match="Authorization"):
        await bus.connect(attempts=3)


async def test_a_bus_waits_for_a_server_that_starts_late(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    server.start()
    server.kill()
    bus = NatsBus(server.config)
    connecting = asyncio.create_task(bus.connect())
    await asyncio.sleep(0)
    server.start()
    await connecting
    await bus.publish(ITEM, b"x")
    await bus.close()
    server.kill()


async def test_streams_are_brought_up_to_changed_settings(nats_server: NatsServer, nats_bus: NatsBus) -> None:
    await nats_bus.publish(ITEM, b"kept")
    smaller = await NatsBus(replace(nats_server.config, max_bytes=2 << 20)).connect()
    assert [message.data for message in await smaller.browse(ITEMS, 0, 9)] == [b"kept"]
    await smaller.publish(ITEM, bytes(1 << 20))
    with pytest.raises(Unavailable):
        await smaller.publish(ITEM, bytes(1 << 20))
    await smaller.close()


async def test_a_stream_made_anew_never_repeats_an_identity(nats_server: NatsServer, nats_bus: NatsBus) -> None:
    await nats_bus.publish(ITEM, b"x")
    [first] = await nats_bus.browse(ITEMS, 0, 1)
    await nats_bus.close()
    nats_server.kill()
    shutil.rmtree(nats_server.data / "nats" / "jetstream")
    nats_server.start()
    bus = await NatsBus(nats_server.config).connect()
    await bus.publish(ITEM, b"x")
    [second] = await bus.browse(ITEMS, 0, 1)
    assert first.seq == second.seq
    assert first.stream != second.stream
    await bus.close()


async def test_a_server_that_comes_back_empty_is_set_up_anew(nats_server: NatsServer, nats_bus: NatsBus) -> None:
    consumer = await nats_bus.consume(ITEMS, "c", [ITEMS.subjects], 30)
    await nats_bus.publish(ITEM, b"before")
    [before] = await consumer.fetch(1, 5)
    nats_server.kill()
    await until(lambda: not nats_bus.is_ready)
    shutil.rmtree(nats_server.data / "nats" / "jetstream")
    nats_server.start()
    while True:  # the connection is back a moment before the streams are
        with contextlib.suppress(Unavailable):
            await nats_bus.publish(ITEM, b"after")
            break
        await asyncio.sleep(0.01)
    fetched: list[Message] = []
    while not fetched:
        with contextlib.suppress(Unavailable):
            fetched = await consumer.fetch(1, 1)
    assert fetched[0].data == b"after"
    assert fetched[0].seq == before.seq
    assert fetched[0].stream != before.stream  # or the worker would take it for one it has applied


async def test_a_stream_keeps_its_identity_over_restarts(nats_server: NatsServer, nats_bus: NatsBus) -> None:
    await nats_bus.publish(ITEM, b"x")
    before = await nats_bus.browse(ITEMS, 0, 1)
    await nats_bus.close()
    nats_server.kill()
    nats_server.start()
    bus = await NatsBus(nats_server.config).connect()
    assert await bus.browse(ITEMS, 0, 1) == before
    await bus.close()


async def test_a_bus_closes_although_its_server_is_gone(nats_server: NatsServer, nats_bus: NatsBus) -> None:
    consumer = await nats_bus.consume(FACTS, "c", [FACTS.subjects], 30)
    nats_server.kill()
    await consumer.close()
    await nats_bus.close()
    with pytest.raises(Unavailable):
        await nats_bus.publish(ITEM, b"x")


async def test_a_publish_cut_off_in_the_middle_is_refused(nats_server: NatsServer) -> None:
    bus = await NatsBus(nats_server.config, publish_timeout=0.5).connect()
    nats_server.freeze()
    with pytest.raises(Unavailable, match="did not take the message"):
        await bus.publish(ITEM, b"x")
    nats_server.thaw()
    await bus.close()


async def test_once_a_server_has_fallen_silent_nobody_waits_for_it_until_it_answers(nats_server: NatsServer) -> None:
    bus = await NatsBus(nats_server.config, publish_timeout=2).connect()
    nats_server.freeze()
    with pytest.raises(Unavailable, match="did not take the message"):
        await bus.publish(ITEM, b"x")
    assert not bus.is_ready
    async with asyncio.timeout(20):  # a hundred that waited would take two hundred
        for _ in range(100):
            with pytest.raises(Unavailable, match="fallen silent"):
                await bus.publish(ITEM, b"x")
    nats_server.thaw()
    await until(lambda: bus.is_ready)
    await bus.publish(ITEM, b"y")
    assert (await bus.browse(ITEMS, 0, 9))[-1].data == b"y"
    await bus.close()


async def test_a_frozen_server_makes_every_question_an_outage(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = await NatsBus(nats_server.config, publish_timeout=0.2).connect()
    consumer = await bus.consume(ITEMS, "c", [ITEMS.subjects], 30)
    await bus.publish(ITEM, b"x")
    [message] = await consumer.fetch(1, 30)
    nats_server.freeze()
    asking = [
        bus.browse(ITEMS, 0, 9),
        bus.delete(ITEMS, 1),
        consumer.waiting(),
        bus.consume(ITEMS, "d", [ITEMS.subjects], 30),
    ]
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 4
    await consumer.progress(message)
    await consumer.ack(message)
    await consumer.ack(message)
    await consumer.progress(message)
    nats_server.thaw()
    await consumer.close()
    await bus.close()


async def test_after_the_end_nothing_can_be_sent_or_fetched(nats_bus: NatsBus) -> None:
    consumer = await nats_bus.consume(ITEMS, "c", [ITEMS.subjects], 30)
    await nats_bus.close()
    with pytest.raises(Unavailable):
        await consumer.fetch(1, 1)
    with pytest.raises(Unavailable):
        await nats_bus.broadcast("amber.v1.status", b"x")
    await nats_bus.close()
