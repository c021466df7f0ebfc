"""Nothing reads what others wrote without being fuzzed."""

from .reach import reached_by_all, readers

HANDS_ON = {
    ("kernel/amber/consumers.py", "_hear"),
    ("kernel/amber/digest.py", "_alone"),
    ("kernel/amber/digest.py", "_decode_with"),
    ("kernel/amber/digest.py", "run"),
    ("kernel/amber/edge.py", "_request"),
    ("kernel/amber/gates.py", "_hear"),
    ("kernel/amber/jobs.py", "buried"),
    ("kernel/amber/jobs.py", "jobs_of"),
    ("kernel/amber/listeners.py", "_hear"),
    ("kernel/amber/parked.py", "named_by"),
    ("kernel/amber/suspects.py", "_hear"),
}
"""They only call one that is fuzzed, and keep to what it may raise."""
READS_OWN = {
    ("kernel/amber/cli/processes.py", "up"),
    ("kernel/amber/dispatch.py", "check_fields"),
    ("kernel/amber/firststart.py", "hear"),
    ("kernel/amber/journal.py", "read"),
    ("kernel/amber/natsserver.py", "_remembered"),
    ("kernel/amber/runtime.py", "settings"),
    ("kernel/amber/targets.py", "check"),
    ("kernel/amber/up.py", "ask_ready"),
    ("plugins/api/amber_api/v1/grouping.py", "get_grouping"),
    ("plugins/storage/amber_storage/sql/bodies.py", "plain"),
    ("plugins/storage/amber_storage/sql/bodies.py", "unpacked"),
    ("plugins/storage/amber_storage/sql/migrations/versions/0003_numbered_events.py", "_from_hex"),
}
"""They read what Amber itself wrote a moment before, or into its own files and tables."""


def test_every_function_that_decodes_is_fuzzed() -> None:
    known = HANDS_ON | READS_OWN
    missing = readers() - reached_by_all()
    assert sorted(missing - known) == [], "give them a decoder in tests/fuzz/decoders, or seeds that get there"
    assert sorted(known - missing) == [], "they are fuzzed, or gone: take them off the list"
