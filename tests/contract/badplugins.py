"""Plugins that each break one rule of the contract, with the suite that sees it and what it says about the mend."""

from pathlib import Path

from msgspec import Struct

MANIFEST = 'name = "{name}"\ntitle = "Bad"\nsummary = "Does one thing wrong."\nfamilies = ["enrichment"]\n{more}'
MODULE = """
from typing import Annotated
import os, sys, threading, time
import click
from msgspec import Meta, Struct
from litestar import get
from amber import Secret, hookimpl
from amber.errors import Reject, Retry
from amber.model import (Additions, Admission, Credential, Decoded, Fragment, Grouping, Handled, IngestProtocol,
    IngestRoute, ItemHandler, ItemNote, LoginMethod, Principal, Reading, Receipt, Redirect, Reply, ScheduledJob, UiPage,
    User, Verdict)

"""
CONFIG = "class Config(Struct, frozen=True, forbid_unknown_fields=True):\n    {}\n"
TARGET = CONFIG.replace("Config", "TargetConfig").format("url: Annotated[str, Meta(description='Where')]")
HEALTH = "@hookimpl\ndef plugin_health(): pass\n"
HOSTS = '[rights]\nhosts = ["*"]\n'
SEND = (
    "    answer = await ctx.http.send('POST', target.url, {'X-Id': notification.id}, notification.title.encode()[:9])"
)
DELIVER = TARGET + "@hookimpl\nasync def deliver(notification, target, ctx):\n" + SEND + "\n"
JUDGE = """
    if answer.status // 100 != 2:
        raise Retry(reason=str(answer.status))
    return Receipt(str(answer.status))
"""
PROTOCOL = """
def credential(request): return Credential('a' * 32)
def read(request, project): {read}
def reply(request, reading): return Reply(200)
def refuse(request, status, detail, causes): return Reply({refused})
def decode(submission): {decode}
@hookimpl
def ingest_protocols():
    return [IngestProtocol('bad', (IngestRoute('in', '/bad/'),), credential, read, reply, refuse, decode)]
"""
SOUND = {"read": "return Reading((ItemNote('e', 'error', 1),))", "refused": "status", "decode": "return Decoded()"}
MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "1", None, None, None
def upgrade() -> None: op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))
"""


class Bad(Struct, frozen=True):
    """What a plugin does wrong: the suite and the test that see it, and some of the words that name the mend."""

    suite: str
    test: str
    mend: str
    source: str
    manifest: str = ""
    table: str = ""


def hook(signature: str, *lines: str) -> str:
    """A hook's implementation."""
    return f"@hookimpl\ndef {signature}:\n" + "".join(f"    {line}\n" for line in lines)


def tags(value: str) -> str:
    """An enrichment that gives each event a tag."""
    return hook("enrich_events(events)", f"return [Additions(tags={{'n': {value}}}) for event in events]")


def protocol(**parts: str) -> str:
    """A protocol, some parts of which are spoilt."""
    return PROTOCOL.format(**{**SOUND, **parts})


BAD = {
    "hears_of_nothing": Bad("manifest", "facts_are_heard", "rights.facts", hook("on_fact(fact)", "pass")),
    "does_nothing": Bad("manifest", "answers_something", "put @hookimpl", ""),
    "forgets_the_mark": Bad(
        "manifest", "looks_like_a_hook", "put @hookimpl", HEALTH + "def enrich_events(events): return []\n"
    ),
    "hears_a_lie": Bad(
        "manifest", "somebody_tells", "mend their names", HEALTH, '[rights]\nfacts = ["issue.invented"]\n'
    ),
    "wants_an_address": Bad("manifest", "hosts_are_hosts", "names alone", HEALTH, '[rights]\nhosts = ["http://x/"]\n'),
    "prints": Bad("import", "starts_connects_and_prints", "take it out", "print('hello')\n" + HEALTH),
    "writes": Bad("import", "starts_connects_and_prints", "plugin_start", "open('left.txt', 'w').close()\n" + HEALTH),
    "spawns": Bad(
        "import",
        "changes_nothing",
        "plugin_start",
        HEALTH + "threading.Thread(target=time.sleep, args=(9,), daemon=True, name='eager').start()\n",
    ),
    "dawdles": Bad(
        "import",
        "plugin_is_quick",
        "import what is heavy inside",
        HEALTH + "end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n",
    ),
    "sleeps": Bad("import", "starts_connects_and_prints", "plugin_start", HEALTH + "time.sleep(0.3)\n"),
    "describes_nothing": Bad("config", "each_setting_says", "Meta(", HEALTH + CONFIG.format("tag: str = 'n'")),
    "takes_any_key": Bad(
        "config",
        "refuse_unknown_keys",
        "forbid_unknown_fields=True",
        HEALTH + "class Config(Struct, frozen=True):\n    pass\n",
    ),
    "needs_a_key": Bad(
        "config",
        "values_given_for_this_test_work",
        "--plugin-config",
        HEALTH + CONFIG.format("key: Annotated[str, Meta(description='It')]"),
    ),
    "shows_a_password": Bad(
        "config",
        "what_is_secret",
        "amber.Secret",
        HEALTH + CONFIG.format("password: Annotated[str, Meta(description='It')] = ''"),
    ),
    "prints_a_secret": Bad(
        "config",
        "no_secret_is_in",
        "leave __repr__",
        HEALTH
        + CONFIG.format("key: Annotated[Secret, Meta(description='It')] = Secret()")
        + "    def __repr__(self): return str(self.key)\n",
    ),
    "cannot_start": Bad("config", "test_it_runs", "could not start", hook("plugin_start()", "raise OSError('no')")),
    "delivers_nowhere": Bad(
        "config", "what_its_targets_need", "TargetConfig", hook("deliver(notification, target)", "pass")
    ),
    "answers_too_little": Bad("hooks", "apps_send_them", "0 entries", hook("enrich_events(events)", "return []")),
    "answers_numbers": Bad("hooks", "apps_send_them", "Expected `str`", tags("7")),
    "edits": Bad(
        "hooks",
        "apps_send_them",
        "answer a new one",
        hook("enrich_events(events)", "events and events[0].data.update(x=1)", "return [None for event in events]"),
    ),
    "counts": Bad(
        "hooks",
        "same_event_gets_the_same_answer",
        "must follow from that event alone",
        hook("enrich_events(events)", "return [Additions(tags={'n': str(n)}) for n, _ in enumerate(events)]"),
    ),
    "trusts": Bad(
        "hooks",
        "hostile_events_are_answered",
        "failed in enrich_events",
        hook(
            "enrich_events(events)",
            "return [Additions(tags={'u': event.data['user']['id']}) if event.user else None for event in events]",
        ),
    ),
    "adds_empty_tags": Bad("hooks", "searched_and_shown", "leave it out", tags("''")),
    "groups_without_a_word": Bad(
        "hooks",
        "explains_itself",
        "a sentence for people",
        hook("group_events(events)", "return [Grouping('bad', 1, 'k', '') for event in events]"),
    ),
    "opens_a_door": Bad(
        "hooks",
        "names_its_action",
        'action="<scope>"',
        "@get('/bad')\nasync def door() -> None: pass\n" + hook("api_routes()", "return [door]"),
    ),
    "explains_no_command": Bad(
        "hooks",
        "commands_say_what_they_do",
        "docstring",
        "@click.command()\ndef bad(): pass\n" + hook("cli_commands()", "return [bad]"),
    ),
    "refuses_beyond": Bad(
        "hooks",
        "verdicts_are_about",
        "by the position",
        hook("admit_items(items)", "return Admission({9: Verdict('filtered', 'x')})"),
    ),
    "forgets_items": Bad(
        "hooks",
        "items_are_handled",
        "one Handled for each",
        hook("item_handlers()", "return [ItemHandler(('log',), lambda items, ctx: [Handled()])]"),
    ),
    "repeats_a_job": Bad(
        "hooks",
        "jobs_can_be_told_apart",
        "a name of its own",
        hook("scheduled_jobs()", "return [ScheduledJob('j', 1.0, print), ScheduledJob('j', 1.0, print)]"),
    ),
    "leaks_a_thread": Bad(
        "toggle",
        "leaves_nothing_behind",
        "ended by no plugin_stop",
        hook("plugin_start()", "threading.Thread(target=threading.Event().wait, daemon=True).start()"),
    ),
    "leaks_a_file": Bad(
        "toggle",
        "leaves_nothing_behind",
        "ended by no plugin_stop",
        "held = []\n" + hook("plugin_start()", "held.append(open(os.devnull))"),
    ),
    "makes_others_tables": Bad(
        "migrations",
        "among_those_the_manifest_names",
        "rights.tables",
        HEALTH,
        '[rights]\ntables = ["makes_others_*"]\n',
        "issues_copy",
    ),
    "believes_anything": Bad(
        "delivery", "what_was_refused", "raise Retry or Reject", DELIVER + "    return Receipt('ok')\n", HOSTS
    ),
    "gives_up": Bad(
        "delivery", "what_may_pass", "raise Retry", DELIVER + JUDGE.replace("Retry(reason=", "Reject("), HOSTS
    ),
    "breaks_down": Bad(
        "delivery",
        "what_was_refused",
        "nothing else",
        DELIVER + JUDGE.replace("Retry(reason=str(answer.status))", "ValueError(answer.status)"),
        HOSTS,
    ),
    "keeps_no_id": Bad(
        "delivery",
        "can_tell_a_repeat",
        "notification.id",
        DELIVER.replace("notification.id", "'x'") + JUDGE,
        HOSTS,
    ),
    "says_it_twice": Bad("delivery", "one_message", "sent again", DELIVER + SEND + "\n" + JUDGE, HOSTS),
    "goes_astray": Bad(
        "delivery",
        "takes_nothing_got_nothing",
        "do not follow redirects",
        DELIVER
        + "    if answer.status == 302:\n"
        + "        answer = await ctx.http.send('POST', answer.headers['location'], {})\n"
        + JUDGE,
        HOSTS,
    ),
    "tells_twice": Bad(
        "hooks",
        "asked_for_can_be_evaluated",
        "the same fact gives the same alerts",
        "import uuid\nfrom amber.model import Alert\n"
        + hook("evaluate_fact()", "return [Alert('it broke', key=uuid.uuid4().hex)]"),
        '[rights]\nfacts = ["issue.created"]\n',
    ),
    "believes_strangers": Bad(
        "webhook",
        "nothing_is_done_for_those",
        "check what proves the sender",
        "import json\nfrom amber.model import Command\n"
        + DELIVER
        + JUDGE
        + hook(
            "receive_webhook(request)",
            "if not request.body.startswith(b'{'): raise Reject('rubbish')",
            "asked = json.loads(request.body)",
            "return [Command(asked['action'], asked['issue'])] if 'id' in asked else []",
        ),
        HOSTS,
    ),
    "leaves_the_host": Bad(
        "crash",
        "rubbish_ends_at",
        "sys.exit",
        hook("on_fact(fact)", "fact.id if fact else sys.exit('no')"),
        '[rights]\nfacts = ["issue.created"]\n',
    ),
    "is_alone": Bad(
        "crash",
        "two_kernels",
        "ctx.keep",
        "here = []\n"
        + hook("plugin_start()", "here.append(1)")
        + hook("plugin_stop()", "here.clear()")
        + hook("plugin_health()", "return here[0] and None"),
    ),
    "trusts_its_folder": Bad(
        "crash",
        "after_an_end_without_warning",
        "half-done",
        hook("plugin_start(ctx)", "(ctx.data / 'lock').touch(exist_ok=False)")
        + hook("plugin_stop(ctx)", "(ctx.data / 'lock').unlink()"),
    ),
    "reads_badly": Bad(
        "protocol",
        "read_or_refused",
        "raise Reject",
        protocol(read="return Reading((ItemNote(request.body[9], 'e', 1),))"),
    ),
    "refuses_kindly": Bad(
        "protocol",
        "read_or_refused",
        "look like a success",
        protocol(read="raise Reject('no')", refused="200"),
    ),
    "cannot_decode": Bad(
        "protocol",
        "decoding_never_fails",
        "count it as an outcome",
        protocol(decode="return Decoded(1 / len(submission.body))"),
    ),
    "lets_anybody_in": Bad(
        "auth",
        "nobody_is_taken",
        "raise Denied",
        hook(
            "authenticate(request)", "return Principal('user', '1') if request.headers.get('authorization') else None"
        ),
    ),
    "allows_everything": Bad(
        "auth", "anonymous_may_nothing", "answer None", hook("authorise(principal)", "return True")
    ),
    "believes_a_form": Bad(
        "auth",
        "no_proof",
        "Denied(status=401)",
        hook("login_methods()", "return [LoginMethod('x', 'X', (), lambda form, ip: User(1, 'a', 'A', '', 0.0))]"),
    ),
    "draws_scripts": Bad(
        "page",
        "slots_are_filled",
        "ctx.render",
        "class Html(str):\n    def __html__(self): return self\n"
        + hook("ui_slot(slot, subject)", "return Fragment(Html(subject.issue.title)) if subject.issue else None"),
    ),
    "draws_scripts_in_a_tab": Bad(
        "page",
        "pages_are_shown",
        "ctx.render",
        "class Html(str):\n    def __html__(self): return self\n"
        + "def show(request, ctx): return Fragment(Html(request.issue.title))\n"
        + hook("ui_pages()", "return [UiPage('p', 'P', show, place='issue')]"),
    ),
    "leads_away": Bad(
        "page",
        "pages_are_shown",
        "a path on this site",
        hook("ui_pages()", "return [UiPage('p', 'P', lambda request, ctx: Redirect('//evil.example/'))]"),
    ),
    "leaves_it_open": Bad(
        "page",
        "slots_are_filled",
        "close what you open",
        "class Html(str):\n    def __html__(self): return self\n"
        + hook("ui_slot(slot)", "return Fragment(Html('<div>'))"),
    ),
    "is_an_experiment": Bad("distribution", "no_experiment", "stability", HEALTH, 'stability = "experimental"\n'),
}


def install(site: Path, name: str, bad: Bad) -> None:
    """Put a plugin into a folder of packages, as pip would."""
    package, info = site / f"bad_{name}", site / f"bad_{name}-1.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text(MODULE + bad.source)
    (package / "plugin.toml").write_text(MANIFEST.format(name=name, more=bad.manifest))
    if bad.table:
        versions = package / "migrations" / "versions"
        versions.mkdir(parents=True)
        (versions / "0001_first.py").write_text(MIGRATION.format(table=bad.table))
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bad-{name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[amber.plugins]\n{name} = bad_{name}\n")
