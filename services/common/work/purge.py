"""Removal of an erased assessment's messages from the broker, waiting and delivered ones alike.

A worker that has already received one learns of the erasure from the ledger (`WorkLedger.is_erased`); its
acknowledgement finds nothing, and the message is not delivered again after its death.
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
"""Keys of kombu for delivered, unacknowledged messages. Kombu's own purge would empty the whole queue."""
GROUP_KEYS = ("", ".j", ".t", ".s", ".d", ".c")
"""Suffixes of the keys that Celery's Redis backend keeps for the group of a chord."""
_BATCH = 500


def purge_messages(redis: "Redis", text: str, *, queues: Iterable[str]) -> int:
    """Remove every message that mentions `text`; return how many there were.

    Args:
        redis: a client with `decode_responses=True`.
        text: an identifier that occurs in no other work's messages.
        queues: to search, besides the messages that are not acknowledged yet.
    """
    removed = 0
    for queue in queues:
        for raw in [raw for raw in _iterate_queue(redis, queue) if mentions(raw, text)]:
            removed += redis.lrem(queue, 0, raw)
    for tag, raw in list(redis.hscan_iter(UNACKED, count=_BATCH)):
        if mentions(raw, text):
            removed += redis.hdel(UNACKED, tag)
            redis.zrem(UNACKED_INDEX, tag)
    return removed


def purge_group(redis: "Redis", group_id: str) -> None:
    """Remove what a chord has counted: the results that its parts have returned so far."""
    redis.delete(*(f"{KeyValueStoreBackend.group_keyprefix}{group_id}{suffix}" for suffix in GROUP_KEYS))


def mentions(raw: str, text: str) -> bool:
    """Return whether a message holds `text`, in its headers or in its body, which is JSON in base64."""
    if text in raw:
        return True
    try:
        message: Any = json.loads(raw)
        body = (message[0] if isinstance(message, list) else message)["body"]
        return text.encode() in base64.b64decode(body)
    except (ValueError, KeyError, IndexError, TypeError, binascii.Error):
        return False


def _iterate_queue(redis: "Redis", queue: str) -> Iterable[str]:
    """Yield the messages of a queue from the front, so that none is missed while others come and go."""
    start = 0
    while batch := cast("list[str]", redis.lrange(queue, start, start + _BATCH - 1)):
        yield from batch
        start += _BATCH
