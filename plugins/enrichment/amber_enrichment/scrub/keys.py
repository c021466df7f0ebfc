"""Which names belong to secrets, judged by their words."""

import re

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
GAP = re.compile(r"[-_. :/\[\]0-9]+")
GAP_BYTES = rb"[-_. :/\[\]0-9\\]*"  # as it may stand in JSON, or in JSON inside of JSON

# Words that are secret however they are glued to what stands before them (`dbpassword`, `authtoken`).
ENDINGS = (
    "password passwd passphrase passcode pwd secret token credential apikey privatekey secretkey accesskey "
    "sessionid sessid authkey"
)
# Two words that are secret side by side: a key of its own, or parent and child.
PAIRED = {
    "key": "api private secret access auth encryption signing session master ssh hmac aes rsa shared storage account",
    "code": "auth authorization verification recovery backup security",
    "number": "card security",
    "pass": "db user admin smtp ftp mysql postgres redis proxy root ldap mail sql ssh http https basic",
    "signature": "amz",
    "factor": "two",
}
# Parents under which a `key` is secret, as in `{"api": {"key": …}}`.
PARENTS = "api private secret access auth encryption signing ssh hmac"
# Words that are secret only as a whole word.
WORDS = (
    "authorization authkey otp totp cvv cvc ssn jwt dbpass userpass mypass csrf[a-z]* xsrf[a-z]* "
    "password(?!less)[a-z]+ passwd[a-z]+"
)
# Words that are secret only at the end of a key: `basic_auth`, not `auth_method`.
LAST = ("auth", "pass")
# A key that ends with one of these tells something about the secret, not the secret.
ABOUT = (
    "age algorithm algo at attempts bucket budget changed class count counts created enabled endpoint error "
    "errors exists expired expires expiration expiry expire field fields format in invalid kind len length limit "
    "limits max method min missing name policy present provider rate required rules scheme size status strength "
    "total ttl type types updated uri url usage used valid validation validator validators version"
)

_ENDING = "|".join(ENDINGS.split())
_PAIRS = "|".join(f"(?:{'|'.join(firsts.split())})_?{second}" for second, firsts in PAIRED.items())
SECRET = re.compile(
    rf"(?:{_ENDING}|{_PAIRS})s?(?![a-z])|(?<![a-z])(?:{'|'.join(WORDS.split())})(?![a-z])|(?<![a-z])(?:{'|'.join(LAST)})_*\Z",
    re.ASCII | re.IGNORECASE,
)
TELLS_ABOUT = re.compile(rf"(?<![a-z])(?:{'|'.join(ABOUT.split())})_*\Z", re.ASCII | re.IGNORECASE)
COOKIE = re.compile(r"cookies?_*\Z", re.ASCII | re.IGNORECASE)
SESSION = re.compile(
    r"(?:sess|session)(?:_?id)?_*\Z|(?<![a-z])(?:sid|cfid|sig)_*\Z|aspxauth|aspsessionid|cftoken|remember",
    re.ASCII | re.IGNORECASE,
)
PARENT = re.compile(rf"(?<![a-z])(?:{'|'.join(PARENTS.split())})_*\Z", re.ASCII | re.IGNORECASE)
CHILD = re.compile(r"_*keys?_*\Z", re.ASCII | re.IGNORECASE)
PLURAL_TOKENS = re.compile(r"tokens_*\Z", re.ASCII | re.IGNORECASE)
MAX_KEY = 200  # nobody names a field longer; the end of a longer one is what counts


def canonical(key: str) -> str:
    """The key with its words parted by `_`; anything that joins no words stays and keeps them apart."""
    return GAP.sub("_", HUMP.sub("_", key[-MAX_KEY:]))


def is_secret(key: str) -> bool:
    """Whether a key names a secret."""
    words = canonical(key)
    if SECRET.search(words) is None or key in {"PWD", "OLDPWD"}:  # the shell's working directory
        return False
    return TELLS_ABOUT.search(words) is None


def is_cookie(key: str) -> bool:
    """Whether a key names a cookie or cookies, which are secret as one text, not as a list."""
    return COOKIE.search(canonical(key)) is not None


def is_session(key: str) -> bool:
    """Whether a cookie, header or query parameter of this name tells who somebody is."""
    return SESSION.search(canonical(key)) is not None


def may_begin(key: str) -> bool:
    """Whether a key could be the first half of a secret name, as `api` in `{"api": {"key": …}}`."""
    return PARENT.search(canonical(key)) is not None


def is_secret_within(parent: str, key: str) -> bool:
    """Whether parent and child together name a secret."""
    return CHILD.match(canonical(key)) is not None and may_begin(parent) and is_secret(f"{parent}_{key}")


def counts_tokens(key: str) -> bool:
    """Whether a number under this key is an amount (`max_tokens`), not a secret."""
    return PLURAL_TOKENS.search(canonical(key)) is not None
