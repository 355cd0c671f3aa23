"""Exclusive claims in Redis that expire unless they are renewed."""

import secrets

from redis import Redis

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"
_RENEW = (
    "if redis.call('get', KEYS[1]) == ARGV[1] "
    "then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end"
)


class Lease:
    """An exclusive claim that expires unless it is renewed."""

    def __init__(self, redis: "Redis", key: str, *, lease_s: float) -> None:
        self._redis, self._key = redis, key
        self._owner = secrets.token_hex(8)
        self._lease_ms = int(lease_s * 1000)
        self.renew_every_s = lease_s / 3

    def take(self) -> bool:
        """Claim it; false while another owner holds it."""
        return bool(self._redis.set(self._key, self._owner, nx=True, px=self._lease_ms))

    def renew(self) -> bool:
        """Extend it; false if it expired or went to another owner."""
        return bool(self._redis.eval(_RENEW, 1, self._key, self._owner, self._lease_ms))

    def release(self) -> None:
        """Give it up, if it is still ours."""
        self._redis.eval(_RELEASE, 1, self._key, self._owner)
