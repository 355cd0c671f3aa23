"""Messages of erased work: taken out of the broker, whether they wait or a worker has them in hand.

A worker that has one in hand is told by the ledger (`WorkLedger.is_forgotten`); its acknowledgement
finds nothing, and nobody gives the message back after its death.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from celery.backends.base import KeyValueStoreBackend
from kombu.transport.redis import Channel

if TYPE_CHECKING:
    from redis import Redis

UNACKED, UNACKED_INDEX = Channel.unacked_key, Channel.unacked_index_key
"""Where kombu keeps what was delivered and not acknowledged. Its own purge would empty the whole queue."""
GROUP_KEYS = ("", ".j", ".t", ".s", ".d", ".c")
"""What Celery's Redis backend keeps of a chord, behind the identifier of its group."""
_BATCH = 500


def purge_messages(redis: "Redis", text: str, *, queues: Iterable[str]) -> int:
    """Remove every message that mentions `text`; returns how many there were.

    Args:
        redis: a client with `decode_responses=True`.
        text: an identifier that occurs in nothing else's messages.
        queues: to look through, besides what is not acknowledged yet.
    """
    removed = 0
    for queue in queues:
        for raw in [raw for raw in _waiting(redis, queue) if mentions(raw, text)]:
            removed += redis.lrem(queue, 0, raw)
    for tag, raw in list(redis.hscan_iter(UNACKED, count=_BATCH)):
        if mentions(raw, text):
            removed += redis.hdel(UNACKED, tag)
            redis.zrem(UNACKED_INDEX, tag)
    return removed


def purge_group(redis: "Redis", group_id: str) -> None:
    """Remove what was counted of a chord: the results that its parts have returned so far."""
    redis.delete(*(f"{KeyValueStoreBackend.group_keyprefix}{group_id}{suffix}" for suffix in GROUP_KEYS))


def mentions(raw: str, text: str) -> bool:
    """Whether a message holds `text`, in its headers or in its body, which is JSON in base64."""
    if text in raw:
        return True
    try:
        message: Any = json.loads(raw)
        body = (message[0] if isinstance(message, list) else message)["body"]
        return text.encode() in base64.b64decode(body)
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error):
        return False


def _waiting(redis: "Redis", queue: str) -> Iterable[str]:
    """Front to back: what comes in or goes out meanwhile makes nothing be passed over."""
    start = 0
    while batch := cast("list[str]", redis.lrange(queue, start, start + _BATCH - 1)):
        yield from batch
        start += _BATCH
