"""Small wheels of plugins, written in a moment, as an index or a stranger would hand them over."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

CODE = "from amber import hookimpl\n\n\n@hookimpl\ndef plugin_health():\n    return None\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: amber\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def manifest(plugin: str, more: str = "") -> str:
    """A plugin.toml; `more` is added to its end."""
    return f'name = "{plugin}"\ntitle = "A plugin"\nsummary = "Does little."\nfamilies = ["enrichment"]\n{more}'


def make_wheel(
    folder: Path, plugin: str = "stranger", version: str = "1.0", head: str = "", files: Mapping[str, str] | None = None
) -> Path:
    """The wheel of the distribution amber-PLUGIN, which holds one plugin in the package amber_PLUGIN.

    `files` replaces or adds some, `head` adds to the metadata.
    """
    stem = f"amber_{plugin}-{version}"
    info = f"{stem}.dist-info"
    content = {
        f"amber_{plugin}/__init__.py": CODE,
        f"amber_{plugin}/plugin.toml": manifest(plugin),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: amber-{plugin}\nVersion: {version}\n{head}",
        f"{info}/WHEEL": WHEEL,
        f"{info}/entry_points.txt": f"[amber.plugins]\n{plugin} = amber_{plugin}\n",
        **(files or {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in (*content, f"{info}/RECORD")))
    return path


def requiring(*requirements: str) -> str:
    """Lines of metadata: what the distribution needs."""
    return "".join(f"Requires-Dist: {one}\n" for one in requirements)
