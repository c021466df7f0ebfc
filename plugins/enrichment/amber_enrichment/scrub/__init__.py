"""Takes secrets out of events before anything is stored.

What is matched, unless a project says otherwise:

- **Keys**, by their *words* (`apiKey`, `X-Api-Key` and `api.key` are the words "api key"): passwords, passphrases,
  passcodes, secrets, tokens, credentials, API, private, access and other keys, authorisation, one-time codes, CSRF
  tokens, session ids, card and social security numbers. Everything under such a key becomes `[Filtered]`, numbers and
  objects too. `author`, `passenger` or `secretary` are other words; `token_count` or `password_changed_at` tell
  something *about* a secret; neither is touched. Cookies, headers and query strings also lose their session ids.
- **Texts**: `password=…`, `"token": "…"`, `--secret …`, `Authorization: …`, `Bearer …`, `Basic …`, private keys in PEM,
  `scheme://user:…@`, well-known token formats (JWT, AWS, GitHub, Slack, Stripe …) become `[Filtered]` where they stand;
  card numbers (issuer and check digit agree) `[creditcard]`, IBANs (checksum agrees) `[iban]`, US social security
  numbers `[usssn]`. JSON inside of texts is understood, escapes too.
- **Never touched**: `debug_meta`, the names of a frame (file, path, function, module, package), the `User-Agent`
  header, ids and times. In source lines a name or a call after `password =` stays, a literal goes.

Per project (`Project.settings`): `scrub_defaults` (true), `scrub_ip_addresses` (false: drops `user.ip_address` and
`REMOTE_ADDR`, other addresses become `[ip]`), `scrub_emails` (false: `[email]`), `sensitive_fields` (more key words),
`exclude_fields` (keys to leave alone). A setting that cannot be understood never makes scrubbing weaker.

Every replacement is noted in `_meta`, with the rule that made it.
"""

from collections.abc import Sequence

from amber import hookimpl
from amber.model import Event, Project
from amber_enrichment.scrub.events import scrub_event
from amber_enrichment.scrub.rules import rules_of


@hookimpl
def scrub_events(events: Sequence[Event], project: Project) -> Sequence[Event]:
    """The events without their secrets; one that holds none is the same object."""
    rules = rules_of(project.settings)
    return [scrub_event(event, rules) for event in events]
