"""Nothing reads what others wrote without being fuzzed."""

from .reach import reached_by_all, readers

HANDS_ON = {
    ("kernel/amber/cli/credentials.py", "run"),
    ("kernel/amber/cli/feeding.py", "last_replay"),
    ("kernel/amber/running/consumers.py", "_hear"),
    ("kernel/amber/digesting/digest.py", "_alone"),
    ("kernel/amber/digesting/digest.py", "_decode_with"),
    ("kernel/amber/digesting/digest.py", "run"),
    ("kernel/amber/ingest/edge.py", "_request"),
    ("kernel/amber/poison/gates.py", "_hear"),
    ("kernel/amber/digesting/jobs.py", "buried"),
    ("kernel/amber/digesting/jobs.py", "jobs_of"),
    ("kernel/amber/errands/late.py", "_enrich"),
    ("kernel/amber/listeners.py", "_hear"),
    ("kernel/amber/parked.py", "named_by"),
    ("kernel/amber/registry.py", "placing"),
    ("kernel/amber/poison/suspects.py", "_hear"),
    ("kernel/amber/switches.py", "_ring"),
    ("kernel/amber/errands/webhooks.py", "_receive"),
}
"""They only call one that is fuzzed, and keep to what it may raise."""
READS_OWN = {
    ("kernel/amber/cli/processes.py", "up"),
    ("kernel/amber/cli/trace.py", "_watch"),
    ("kernel/amber/cli/trace.py", "hear"),
    ("kernel/amber/running/firststart.py", "hear"),
    ("kernel/amber/hosting/child.py", "_answer"),
    ("kernel/amber/hosting/child.py", "run"),
    ("kernel/amber/installing/leaving.py", "remembered"),
    ("kernel/amber/installing/pip.py", "resolve"),
    ("kernel/amber/installing/rehearsal.py", "_trials"),
    ("kernel/amber/installing/undo.py", "roll_back"),
    ("kernel/amber/poison/journal.py", "read"),
    ("kernel/amber/processes/natsserver.py", "_remembered"),
    ("kernel/amber/processes/runtime.py", "settings"),
    ("kernel/amber/desks/settings.py", "_changed"),
    ("kernel/amber/desks/targets.py", "check"),
    ("kernel/amber/running/up.py", "_prepare"),
    ("kernel/amber/running/up.py", "ask_ready"),
    ("plugins/api/amber_api/v1/grouping.py", "get_grouping"),
    ("plugins/signals/amber_signals/checkins/schema.py", "process_result_value"),
    ("plugins/storage/amber_storage/sql/adding.py", "_with"),
    ("plugins/storage/amber_storage/sql/bodies.py", "plain"),
    ("plugins/storage/amber_storage/sql/bodies.py", "unpacked"),
    ("plugins/storage/amber_storage/sql/migrations/versions/0003_numbered_events.py", "_from_hex"),
}
"""They read what Amber itself, or pip for it, wrote a moment before, or into its own files and tables."""


def test_every_function_that_decodes_is_fuzzed() -> None:
    known = HANDS_ON | READS_OWN
    missing = readers() - reached_by_all()
    assert sorted(missing - known) == [], "give them a decoder in tests/fuzz/decoders, or seeds that get there"
    assert sorted(known - missing) == [], "they are fuzzed, or gone: take them off the list"
