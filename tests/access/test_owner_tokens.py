import time

import pytest

from digit_core.access.owner_tokens import LIFETIME, OwnerTokens


def test_a_token_is_valid_for_its_maker_alone_and_for_some_hours(monkeypatch):
    tokens = OwnerTokens(b"key")
    token = tokens.new()
    assert tokens.is_valid(token)
    assert OwnerTokens(b"key").is_valid(token)  # another app server with the same secrets
    assert not OwnerTokens(b"another key").is_valid(token)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + LIFETIME + 1)
    assert not tokens.is_valid(token)


def test_no_part_of_a_token_can_be_changed():
    tokens = OwnerTokens(b"key")
    token = tokens.new()
    for place, letter in enumerate(token):
        changed = token[:place] + ("1" if letter != "1" else "2") + token[place + 1 :]
        assert not tokens.is_valid(changed), place


@pytest.mark.parametrize("text", ["", ".", "a.b.c", "9" * 1000, "é.ü.ö", f"{'9' * 10}.{'0' * 32}.{'0' * 64}", "\0"])
def test_any_other_text_is_no_token(text):
    assert not OwnerTokens(b"key").is_valid(text)


def test_a_revoked_token_counts_no_longer_and_others_do():
    tokens = OwnerTokens(b"key")
    first, second = tokens.new(), tokens.new()
    tokens.revoke(first)
    tokens.revoke("anything")
    assert not tokens.is_valid(first)
    assert tokens.is_valid(second)
