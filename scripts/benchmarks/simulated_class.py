"""A class in one app: each student is a session that sends the HTTP and websocket messages of a browser.

What a browser sends to open the page, while the pen is down, at a pen lift and to open another page is
recorded once; every student sends it again, and polls the training status as often as the app tells browsers to.
"""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from scripts.benchmarks.page_files import FAILURES, Connection, fetch
from scripts.benchmarks.page_recording import Recording, Visit

LIMIT = 15.0  # seconds after which a request counts as unanswered
STROKE = 2.0  # seconds that the pen is down before each lift
LIFTS_BETWEEN_PAGES = 5  # with the two pauses on the way to a page and back: one page for every six pauses
_SAMPLED_EVERY = 5.0  # seconds


@dataclass
class Answers:
    """Seconds that students waited for pages, pen lifts, other pages and training status; LIMIT if unanswered."""

    pages: list[float] = field(default_factory=list)
    lifts: list[float] = field(default_factory=list)
    visits: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    fetched: Counter[str] = field(default_factory=Counter)  # bytes, and failed requests
    live: list[float] = field(default_factory=list)  # predictions for strokes under way
    status_changes: int = 0
    exceptions: int = 0  # boxes with an exception that the app showed
    memory: list[tuple[float, float]] = field(default_factory=list)  # seconds since all had come, megabytes of the app


async def simulate_class(
    address: str,
    recording: Recording,
    students: int,
    strokes: int,
    pause: float,
    browse: bool,
    live: bool,
    memory: Callable[[], float],
) -> Answers:
    """Let so many students come within ten seconds, then lift the pen `strokes` times each, `pause` seconds apart.

    With `live` they ask for predictions during the last `STROKE` seconds before a lift. With `browse`
    each of them opens another page after every `LIFTS_BETWEEN_PAGES` lifts, and returns. `memory` returns
    the app's megabytes.
    """
    answers = Answers()

    async def visit(session: "_Session", page: Visit) -> None:
        started, files = time.perf_counter(), [path for path in page.files if path not in session.cached]
        session.cached.update(files)
        shown, _ = await asyncio.gather(session.send(page.message), fetch(address, files, answers.fetched))
        answers.visits.append(LIMIT if shown >= LIMIT else min(time.perf_counter() - started, LIMIT))
        await _pause(started, pause / 2)

    async def student(number: int) -> None:
        await asyncio.sleep(10 * number / students)
        started = time.perf_counter()
        await fetch(address, recording.files_before, answers.fetched)
        async with _Session.open(address, answers) as session:
            await session.send(recording.opening.message)
            await fetch(address, recording.opening.files, answers.fetched)
            answers.pages.append(time.perf_counter() - started)
            await all_arrived.wait()
            await asyncio.sleep(pause * number / students)  # spread evenly
            pages = list(recording.visits.values())
            for turn in range(strokes):
                if live:
                    await session.draw(recording.under_way, STROKE)
                started = time.perf_counter()
                answers.lifts.append(await session.send(recording.stroke))
                await _pause(started, pause - STROKE if live else pause)
                if browse and turn % LIFTS_BETWEEN_PAGES == number % LIFTS_BETWEEN_PAGES:
                    await visit(session, pages[(number + turn // LIFTS_BETWEEN_PAGES) % len(pages)])
                    await visit(session, Visit(recording.back, ()))

    async def sample() -> None:
        await all_arrived.wait()
        started = time.monotonic()
        while True:
            answers.memory.append((time.monotonic() - started, memory()))
            await asyncio.sleep(_SAMPLED_EVERY)

    all_arrived = asyncio.Barrier(students + 1)
    sampling = asyncio.create_task(sample())
    async with asyncio.TaskGroup() as group:
        for number in range(students):
            group.create_task(student(number))
    sampling.cancel()
    return answers


async def _pause(started: float, seconds: float) -> None:
    await asyncio.sleep(max(seconds - (time.perf_counter() - started), 0))


class _Session:
    """A browser's websocket. `cached` holds the files that it has fetched since it opened the page."""

    def __init__(self, address: str, socket: websockets.ClientConnection, answers: Answers, cookie: str):
        self.cookie = cookie
        self.cached: set[str] = set()
        self._address, self._socket, self._answers = address, socket, answers
        self._last_sent = BackMsg()  # the state of page and widgets, which every message of a browser repeats
        self._waiting: dict[str, asyncio.Future] = {}  # by the fragment that is to run, "" for the whole page
        self._running, self._has_prediction, self._run_started = "", False, 0.0
        self._live_number, self._live_answered, self._live_due = 0, asyncio.Event(), 0.0
        self._sent_at = 0.0
        self._polling: asyncio.Task | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, address: str, answers: Answers):
        """Connect; training status and exceptions are counted in `answers`."""
        async with websockets.connect(
            f"{address.replace('http', 'ws')}/_stcore/stream",
            subprotocols=["streamlit"],
            origin=address,
            max_size=None,
            ping_interval=None,
            open_timeout=60,
        ) as socket:
            # Of several app servers, the one that has the session; nginx goes by that.
            cookie = socket.response.headers.get("Set-Cookie", "").partition(";")[0]
            session = cls(address, socket, answers, cookie)
            listening = asyncio.create_task(session._listen())
            try:
                yield session
            finally:
                listening.cancel()
                session._stop_polling()

    async def send(self, message: bytes) -> float:
        """Seconds until the script run that the message requests has finished; LIMIT if it takes longer."""
        started = self._sent_at = time.perf_counter()
        self._last_sent = BackMsg.FromString(message)
        fragment = self._last_sent.rerun_script.fragment_id
        future = self._waiting[fragment] = asyncio.get_running_loop().create_future()
        await self._socket.send(message)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(future, LIMIT)
        return min(time.perf_counter() - started, LIMIT)

    async def draw(self, message: bytes, seconds: float) -> None:
        """What the JavaScript of `live_stroke` does during a stroke: ask again once answered, after the pause."""
        end = time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            if now < self._live_due:
                await asyncio.sleep(min(self._live_due, end) - now)
                continue
            self._live_number += 1
            sent = BackMsg.FromString(message)
            for widget in sent.rerun_script.widget_states.widgets:
                if b'"points"' in widget.json_trigger_value.encode():
                    (event,) = json.loads(widget.json_trigger_value)
                    event["value"]["number"] = self._live_number
                    widget.json_trigger_value = json.dumps([event])
            self._live_answered.clear()
            await self._socket.send(sent.SerializeToString())
            try:
                await asyncio.wait_for(self._live_answered.wait(), max(end - time.perf_counter(), 0.001))
            except TimeoutError:
                return
            self._answers.live.append(time.perf_counter() - now)

    async def _listen(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for data in self._socket:
                self._receive(ForwardMsg.FromString(data))

    def _receive(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._running, self._has_prediction = ",".join(message.metadata.run.fragment_ids), False
            self._run_started = time.perf_counter()
        elif kind == "script_finished":
            self._finished(message.script_finished)
        elif kind == "delta":
            element = message.delta.new_element
            if element.WhichOneof("type") == "html":
                self._has_prediction |= 'data-testid="digit"' in element.html.body
            elif element.WhichOneof("type") == "exception":
                self._answers.exceptions += 1
            elif element.bidi_component.component_name.endswith("training_watch"):
                self._stop_polling()
                polling = self._poll(json.loads(element.bidi_component.json), message.delta.fragment_id)
                self._polling = asyncio.create_task(polling)
            elif element.bidi_component.component_name.endswith("live_stroke"):
                answer = json.loads(element.bidi_component.json)
                self._live_due = time.perf_counter() + answer["pause"] / 1000
                if answer["answered"] == self._live_number:
                    self._live_answered.set()

    def _finished(self, status: int) -> None:
        if self._run_started < self._sent_at:  # it was for the stroke under way
            return
        # A fragment is reported as finished early if another one was requested meanwhile; its prediction is shown.
        whole_page = status == ForwardMsg.FINISHED_SUCCESSFULLY and not self._running
        for fragment in list(self._waiting):
            if (fragment and fragment in self._running and self._has_prediction) or whole_page:
                future = self._waiting.pop(fragment)
                if not future.done():
                    future.set_result(None)

    def _stop_polling(self) -> None:
        if self._polling:
            self._polling.cancel()

    async def _poll(self, shown: dict, fragment: str) -> None:
        """What the JavaScript of the sidebar's component `training_watch` does."""
        seconds, path = shown["seconds"], f"{shown['address']}?window={shown['window']}&digest={shown['digest']}"
        async with contextlib.aclosing(Connection(self._address, self.cookie)) as connection:
            while True:
                await asyncio.sleep(seconds)
                started = time.perf_counter()
                try:
                    _, body, _ = await connection.get(path)
                except FAILURES:
                    self._answers.polls.append(LIMIT)
                    continue
                self._answers.polls.append(time.perf_counter() - started)
                answer = json.loads(body)
                seconds = answer["seconds"]
                if answer["rerun"]:
                    self._answers.status_changes += 1
                    message = BackMsg()
                    message.CopyFrom(self._last_sent)
                    message.rerun_script.fragment_id = fragment
                    await self._socket.send(message.SerializeToString())
