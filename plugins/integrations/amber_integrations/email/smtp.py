"""Handing a mail to an SMTP server, and what its answers mean."""

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Literal

from msgspec import Struct

from amber.errors import Reject, Retry
from amber.model import Receipt

PORTS: Mapping[str, int] = {"none": 25, "starttls": 587, "tls": 465}
SECONDS = 8.0
"""How long the server may take for one step; the whole has the hook's budget."""
Refused = Mapping[str, tuple[int, bytes]]


class Account(Struct, frozen=True):
    """A server and how to log in there. Port 0 is the usual one."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"]
    username: str = ""
    password: str = ""


def post(mail: EmailMessage, account: Account) -> Receipt:
    """Hand the mail over: who got it. Raises Retry where another try may help and Reject where it cannot."""
    try:
        with _connect(account) as server:
            if account.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if account.username:
                server.login(account.username, account.password)
            return _receipt(mail, server.send_message(mail))
    except smtplib.SMTPRecipientsRefused as error:
        is_final = all(code >= 500 for code, _ in error.recipients.values())
        raise _failure(f"no address was accepted: {_listed(error.recipients)}", is_final) from error
    except smtplib.SMTPResponseException as error:
        raise _failure(_said(error.smtp_code, error.smtp_error), error.smtp_code >= 500) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Reject(f"{account.host}: {error}") from error
    except ssl.SSLCertVerificationError as error:
        raise Retry(reason=f"{account.host}: its certificate cannot be trusted: {error.verify_message}") from error
    except (smtplib.SMTPException, OSError) as error:
        words = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Retry(reason=f"{account.host}: {words.lower()}") from error


def _connect(account: Account) -> smtplib.SMTP:
    port = account.port or PORTS[account.tls]
    if account.tls == "tls":
        return smtplib.SMTP_SSL(account.host, port, timeout=SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(account.host, port, timeout=SECONDS)


def _failure(words: str, is_final: bool) -> Reject | Retry:
    return Reject(words) if is_final else Retry(reason=words)


def _receipt(mail: EmailMessage, refused: Refused) -> Receipt:
    count = len(mail["To"].addresses)
    if refused:
        return Receipt(f"accepted for {count - len(refused)} of {count} addresses; refused: {_listed(refused)}")
    return Receipt(f"accepted for {count} address{'es' if count > 1 else ''}")


def _listed(refused: Refused) -> str:
    return "; ".join(f"{address} ({_said(*answer)})" for address, answer in refused.items())


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"
