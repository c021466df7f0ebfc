"""A page of the shop in headless Chromium, served from an origin that is not Amber's."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from flows.browsing import FLAGS


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address under which the files of a folder are served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def shop_page(folder: Path, dsn: str) -> Iterator[Page]:
    """The shop's page, which sends its errors to `dsn`."""
    with served(folder) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = chromium.new_page()
        page.add_init_script(f"window.DSN = {dsn!r}")
        page.goto(f"{address}/index.html")
        yield page
        chromium.close()


def click(button: str, folder: Path, dsn: str, watch: Callable[[Page], None] = lambda page: None) -> str:
    """Click a button whose handler fails; the id of the event, once Amber has answered."""
    with shop_page(folder, dsn) as page:
        watch(page)
        page.click(f"#{button}")
        return str(page.wait_for_function("window.sent").json_value())
