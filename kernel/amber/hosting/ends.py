"""How the process of a plugin ends where somebody had to end it, as its exit code."""

MOST_PROCESSES = 32
OVER_MEMORY, TOO_MANY, STUCK, LOCKED_OUT = 101, 102, 103, 104
"""The first two by the warden, the others by the plugin's process itself."""
ENDS = {
    OVER_MEMORY: "it took more memory than its memory_mb in amber.toml allows",
    TOO_MANY: f"it started more than {MOST_PROCESSES} processes",
    STUCK: "all its threads were held by calls that never returned",
    LOCKED_OUT: "the bus does not let it in: give your NATS server what `amber plugins credentials --nats` prints",
}
