"""Names of functions, modules and files without what changes from build to build and run to run."""

import re
from functools import lru_cache

SCRIPTS = frozenset({"javascript", "node", "python", "php", "ruby"})
"""Platforms whose frames are told apart by their source line."""
MAX_LINE = 120
"""A longer source line is generated or minified and does not count, in characters."""

NAMELESS = frozenset(
    {"?", "<anonymous>", "<anonymous function>", "Anonymous function", "anonymous", "<unknown>", "<redacted>"}
)
JAVASCRIPT = frozenset({"javascript", "node"})
JVM = frozenset({"java", "groovy", "kotlin"})
NATIVE = frozenset({"c", "native", "cocoa", "objc", "rust", "go"})

URL = re.compile(r"[a-z][a-z0-9+.-]*:(?=//|/|blob:|https?:)", re.IGNORECASE)
BUILD_HASH = re.compile(r"[.\-_](?=[0-9A-Za-z]*[0-9])[0-9A-Fa-f]{6,}(?=[.\-_]|\Z)")
NUMBERED = re.compile(
    r"(?:\$\$Lambda|\$\$[A-Z]\w*?(?:CGLIB|ByGuice|Proxy)\w*|_\$\$_javassist|GeneratedMethodAccessor|\$Proxy).*"
)
ERB = re.compile(r"_{2,3}\d{4,}_\d{4,}.*")
BLOCK = re.compile(r"(?:block|rescue|ensure)(?: \(\d+ levels\))? in ")
RUST_HASH = re.compile(r"::h[0-9a-f]{16}\Z")
LINKER = re.compile(r"@(?:plt|@?GLIBC.*)\Z")


def file_name(path: str) -> str:
    """The last part of a path or URL in lower case, without query, fragment and the build's hash."""
    if path[:1] in {"<", "["} or path == "native":
        return ""
    if URL.match(path):
        path = path.partition("?")[0].partition("#")[0]
    name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return BUILD_HASH.sub("", NUMBERED.sub("<auto>", name.partition("?")[0])).lower()


def module_name(module: str, platform: str) -> str:
    """The module; for the JVM without the numbers of generated classes, for scripts of the web without build hashes."""
    if platform in JVM:
        return NUMBERED.sub("<auto>", module)
    if platform in JAVASCRIPT:
        return BUILD_HASH.sub("", module.partition("?")[0])
    return module


def function_name(function: str, platform: str) -> str:
    """The function's own name, empty where it has none that lasts."""
    if function in NAMELESS:
        return ""
    if platform == "python":  # the commonest, and it has nothing to clean
        return function
    if platform in JAVASCRIPT:
        return _javascript(function)
    if platform in JVM:
        return "" if function.startswith("lambda$") else NUMBERED.sub("<auto>", function)
    if platform == "ruby":
        return BLOCK.sub("", ERB.sub("", function))
    if platform == "php":
        return function.partition("@anonymous")[0] + "@anonymous" if "@anonymous" in function else function
    if platform == "csharp":
        return function.partition("(")[0]
    return _native(function) if platform in NATIVE else function


def _javascript(function: str) -> str:
    name = function.removeprefix("async ").removeprefix("new ").rpartition(".")[2].partition(" [as ")[0].strip()
    return "" if name in NAMELESS or name.endswith(("/<", "*/")) else name


def _native(function: str) -> str:
    """Without build hashes, arguments, template arguments and what the linker adds."""
    name = LINKER.sub("", RUST_HASH.sub("", function))
    if name.startswith(("-[", "+[", "operator")):
        return name
    kept, depth = [], 0
    for sign in name.replace("(anonymous namespace)", "{anonymous}"):
        depth += sign in "<("
        if depth == 0:
            kept.append(sign)
        depth -= sign in ">)" and depth > 0
    return "".join(kept).replace(" const", "").strip() or name


@lru_cache(maxsize=8192)  # the same lines stand in event after event
def source_line(line: str, platform: str) -> str:
    """The source line with its blanks collapsed, empty where it does not tell frames apart."""
    if platform not in SCRIPTS or len(line) > 4 * MAX_LINE:
        return ""
    collapsed = " ".join(line.split())
    return collapsed if len(collapsed) <= MAX_LINE else ""
