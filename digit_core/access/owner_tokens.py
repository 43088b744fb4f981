"""Signed tokens, which say for some hours that a browser's person is the owner: the content of a cookie.

A token is `expiry.nonce.signature`, signed with HMAC-SHA256. The key must not follow from the teacher's code
alone: with a signed token of their own making, strangers could else try codes past the limit.
"""

import hmac
import re
import secrets
import time
from threading import Lock

LIFETIME = 8 * 3600  # seconds: a day at school
_PATTERN = re.compile(r"([0-9]{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})")


class OwnerTokens:
    """Makes, checks and revokes tokens; used by the threads of all sessions."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._revoked: dict[str, float] = {}  # nonce: expiry
        self._lock = Lock()

    def new(self) -> str:
        """A token that is valid for `LIFETIME` seconds."""
        content = f"{int(time.time()) + LIFETIME}.{secrets.token_hex(16)}"
        return f"{content}.{self._signature(content)}"

    def is_valid(self, token: str) -> bool:
        """Whether it is one of ours, neither expired nor revoked; for text from anybody."""
        match = _PATTERN.fullmatch(token)
        if match is None:
            return False
        expiry, nonce, signature = match.groups()
        is_ours = hmac.compare_digest(signature, self._signature(f"{expiry}.{nonce}"))
        return is_ours and time.time() < int(expiry) and nonce not in self._revoked

    def revoke(self, token: str) -> None:
        """Have a valid token count no longer, in whichever session it is; anything else is ignored."""
        if self.is_valid(token):
            expiry, nonce, _ = token.split(".")
            with self._lock:
                now = time.time()
                self._revoked = {each: end for each, end in self._revoked.items() if end > now} | {nonce: float(expiry)}

    def _signature(self, content: str) -> str:
        return hmac.digest(self._key, content.encode(), "sha256").hex()
