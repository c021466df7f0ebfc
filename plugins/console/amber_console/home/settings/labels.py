"""Names of fields as people read them: `api_url` is the API URL."""

INITIALISMS = (
    "api ca cidr cors cpu csp css csv db dns dsn html http https id imap ip jwks jwt json ldap mfa oidc os pii"
    " saml sdk sha smtp sms sql ssh ssl sso tcp tls totp ttl udp ui uri url utc uuid xml"
)
"""What is said letter by letter."""
AS_WRITTEN = {
    "github": "GitHub",
    "gitlab": "GitLab",
    "ids": "IDs",
    "ips": "IPs",
    "oauth": "OAuth",
    "uris": "URIs",
    "urls": "URLs",
}


def words_of(name: str) -> str:
    """The name of a field as it stands within a sentence: `smtp_password` is `SMTP password`."""
    return " ".join(
        word.upper() if word in INITIALISMS.split() else AS_WRITTEN.get(word, word) for word in name.lower().split("_")
    )


def label_of(name: str) -> str:
    """The name of a field as it stands before it."""
    words = words_of(name)
    return words[:1].upper() + words[1:]
