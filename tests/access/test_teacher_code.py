import time

import pytest

from digit_core.access.teacher_code import VARIABLE, Attempt, TeacherCode, code_from_environment, new_code
from digit_core.errors import InvalidConfig, LimitReached, NotPermitted


@pytest.fixture
def clock(monkeypatch):
    """Time as the limiter sees it: a list with the present moment, in Unix seconds."""
    now = [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def is_counted(code: TeacherCode, attempt: Attempt) -> bool:
    """Whether a wrong code was compared, and not refused before that."""
    with pytest.raises((NotPermitted, LimitReached)) as raised:
        code.check(attempt)
    return raised.type is NotPermitted


def test_the_code_is_recognised_as_people_type_it():
    code = TeacherCode("K7QM-4XTD-9PVR")
    for number, typed in enumerate(("K7QM-4XTD-9PVR", "k7qm4xtd9pvr", " K7QM 4XTD 9PVR ")):
        code.check(Attempt(typed, str(number)))


@pytest.mark.parametrize("typed", ["", "K7QM-4XTD-9PV", "K7QM-4XTD-9PVRR", "é" * 12, "\udcff", "a" * 1_000_000])
def test_any_other_text_is_refused_with_who_has_the_code(typed):
    with pytest.raises(NotPermitted, match="who started the app"):
        TeacherCode("K7QM-4XTD-9PVR").check(Attempt(typed, "192.0.2.1"))


def test_random_codes_differ_and_have_sixty_bits():
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(len(code.replace("-", "")) == 12 for code in codes)  # of 32 characters: 5 bits each


@pytest.mark.parametrize("addresses", [1, 1000])
def test_a_thousand_wrong_codes_take_at_least_an_hour_from_however_many_addresses(clock, addresses):
    code, tried, start = TeacherCode(new_code()), 0, clock[0]
    while tried < 1000 and clock[0] - start < 3600:
        for turn in range(16):  # more than are counted
            tried += is_counted(code, Attempt(str(turn), f"address {turn % addresses}"))
            tried += is_counted(code, Attempt(str(turn), "", is_local=True))
        clock[0] += 5
    assert clock[0] - start >= 3600
    assert 300 <= tried <= 1000


@pytest.mark.parametrize("processes", [2, 4, 20])
def test_several_processes_allow_no_more_guesses_than_one(clock, processes):
    codes, tried, start = [TeacherCode("K7QM-4XTD-9PVR", processes) for _ in range(processes)], 0, clock[0]
    while clock[0] - start < 3600:
        for turn, code in enumerate(codes * 4):
            tried += is_counted(code, Attempt("wrong", f"address {clock[0]} {turn}"))
            tried += is_counted(code, Attempt("wrong", "", is_local=True))
        clock[0] += 10
    assert 200 <= tried <= 1000


def test_one_guesser_does_not_lock_the_teacher_out(clock):
    code = TeacherCode("K7QM-4XTD-9PVR")
    while is_counted(code, Attempt("wrong", "192.0.2.1")):
        pass
    code.check(Attempt("K7QM-4XTD-9PVR", "192.0.2.2"))


def test_many_guessers_do_not_lock_the_teacher_out_at_the_apps_own_machine(clock):
    code = TeacherCode("K7QM-4XTD-9PVR")
    for number in range(100):
        is_counted(code, Attempt("wrong", str(number)))
    with pytest.raises(LimitReached):
        code.check(Attempt("K7QM-4XTD-9PVR", "192.0.2.2"))
    code.check(Attempt("K7QM-4XTD-9PVR", "", is_local=True))
    clock[0] += 61
    code.check(Attempt("K7QM-4XTD-9PVR", "192.0.2.2"))


def test_a_refusal_says_when_to_try_again_and_then_it_is_so(clock):
    code = TeacherCode("K7QM-4XTD-9PVR")
    for _ in range(5):
        assert is_counted(code, Attempt("wrong", "", is_local=True))
    clock[0] += 20
    with pytest.raises(LimitReached, match=r"Try again in 40 seconds\."):
        code.check(Attempt("K7QM-4XTD-9PVR", "", is_local=True))
    clock[0] += 40.5
    code.check(Attempt("K7QM-4XTD-9PVR", "", is_local=True))
    while is_counted(code, Attempt("wrong", "192.0.2.1")):
        pass
    with pytest.raises(LimitReached, match=r"Try again in 10 minutes\."):
        code.check(Attempt("wrong", "192.0.2.1"))


def test_a_code_of_ones_own_is_long_enough(monkeypatch):
    monkeypatch.setenv(VARIABLE, "12-34 567")
    with pytest.raises(InvalidConfig, match="at least 8 characters"):
        code_from_environment()
    monkeypatch.setenv(VARIABLE, " blue-whale ")
    assert code_from_environment() == "blue-whale"
    monkeypatch.setenv(VARIABLE, "")
    assert code_from_environment() is None
