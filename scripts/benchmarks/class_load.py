"""A class at one app: each student a session that asks over HTTP and websocket for what a browser would ask.

What a browser asks for when it opens the page, when the pen is lifted and when another page is
opened is recorded from a real one; every student asks for it again, and looks for news as often as
the app tells browsers to.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from scripts.benchmarks.page_files import Connection, Fetched, fetch
from scripts.benchmarks.page_recording import Recording, Visit

LIMIT = 15.0  # seconds


@dataclass
class Answers:
    """What a class waited for: seconds for each page, lift of the pen and other page; LIMIT where no answer came."""

    pages: list[float] = field(default_factory=list)
    lifts: list[float] = field(default_factory=list)
    visits: list[float] = field(default_factory=list)
    fetched: Fetched = field(default_factory=Fetched)
    looks: list[float] = field(default_factory=list)  # for news of trainings
    news: int = 0
    errors: int = 0  # boxes with an exception that the app showed


async def draw_together(
    address: str, recording: Recording, students: int, strokes: int, pause: float, browse: bool
) -> Answers:
    """Let so many students come within ten seconds, then each lift the pen so often, `pause` seconds apart.

    With `browse` each opens another page after every fourth lift, and comes back.
    """
    answers = Answers()

    async def get(files: Iterable[str]) -> None:
        fetched = await fetch(address, files)  # not in one line with the sum, which others change meanwhile
        answers.fetched += fetched

    async def student(number: int) -> None:
        await asyncio.sleep(10 * number / students)
        began = time.perf_counter()
        await get(recording.files_before)
        async with _Session.open(address, answers) as session:
            await session.say(recording.opening.message)
            await get(recording.opening.files)
            answers.pages.append(time.perf_counter() - began)
            arrived.release()
            await everybody.wait()
            await asyncio.sleep(pause * number / students)  # evenly, as people are
            others = list(recording.visits.values())
            for turn in range(strokes):
                began = time.perf_counter()
                answers.lifts.append(await session.say(recording.stroke))
                await _rest(began, pause)
                if browse and turn % 4 == number % 4:
                    there = others[(number + turn // 4) % len(others)]
                    for message in (there, Visit(recording.back, ())):
                        began = time.perf_counter()
                        answers.visits.append(await visit(session, message))
                        await _rest(began, pause / 2)

    async def visit(session: "_Session", there: Visit) -> float:
        began, files = time.perf_counter(), [path for path in there.files if path not in session.cached]
        session.cached.update(files)
        shown, _ = await asyncio.gather(session.say(there.message), get(files))
        return LIMIT if shown >= LIMIT else min(time.perf_counter() - began, LIMIT)

    arrived, everybody = asyncio.Semaphore(0), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(students):
            group.create_task(student(number))
        for _ in range(students):
            await arrived.acquire()
        everybody.set()
    return answers


async def _rest(began: float, pause: float) -> None:
    await asyncio.sleep(max(pause - (time.perf_counter() - began), 0))


class _Session:
    """One browser's connection. `cached` has the files that it fetched after it opened the page."""

    def __init__(self, address: str, socket: websockets.ClientConnection, answers: Answers):
        self.cached: set[str] = set()
        self._address, self._socket, self._answers = address, socket, answers
        self._said = BackMsg()  # what a browser tells of its page and widgets whenever it asks for anything
        self._waiting: dict[str, asyncio.Future] = {}  # by the fragment that is to run, "" for the whole page
        self._running, self._read = "", False
        self._watching: asyncio.Task | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, address: str, answers: Answers):
        """Connect; what the session hears besides is counted in `answers`."""
        async with websockets.connect(
            f"{address.replace('http', 'ws')}/_stcore/stream",
            subprotocols=["streamlit"],
            origin=address,
            max_size=None,
            ping_interval=None,
            open_timeout=60,
        ) as socket:
            session = cls(address, socket, answers)
            listening = asyncio.create_task(session._listen())
            try:
                yield session
            finally:
                listening.cancel()
                session._stop_watching()

    async def say(self, message: bytes) -> float:
        """Seconds until what the message asks for has run; LIMIT if it takes longer, or is not run at all."""
        began, self._said = time.perf_counter(), BackMsg.FromString(message)
        fragment = self._said.rerun_script.fragment_id
        future = self._waiting[fragment] = asyncio.get_running_loop().create_future()
        await self._socket.send(message)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(future, LIMIT)
        return min(time.perf_counter() - began, LIMIT)

    async def _listen(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for data in self._socket:
                self._hear(ForwardMsg.FromString(data))

    def _hear(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._running, self._read = ",".join(message.metadata.run.fragment_ids), False
        elif kind == "script_finished":
            self._finished(message.script_finished)
        elif kind == "delta":
            element = message.delta.new_element
            if element.WhichOneof("type") == "html":
                self._read |= "Probabilities." in element.html.body
            elif element.WhichOneof("type") == "exception":
                self._answers.errors += 1
            elif element.bidi_component.component_name.endswith("training_watch"):
                self._stop_watching()
                watch = self._watch(json.loads(element.bidi_component.json), message.delta.fragment_id)
                self._watching = asyncio.create_task(watch)

    def _finished(self, how: int) -> None:
        # A fragment says that it finished early when another was asked for meanwhile; what it showed is there.
        whole = how == ForwardMsg.FINISHED_SUCCESSFULLY and not self._running
        for fragment in list(self._waiting):
            if (fragment and fragment in self._running and self._read) or whole:
                future = self._waiting.pop(fragment)
                if not future.done():
                    future.set_result(None)

    def _stop_watching(self) -> None:
        if self._watching:
            self._watching.cancel()

    async def _watch(self, shown: dict, fragment: str) -> None:
        """Do as the script of the sidebar's component `training_watch` does."""
        seconds, path = shown["seconds"], f"{shown['address']}?window={shown['window']}&digest={shown['digest']}"
        async with Connection(self._address) as connection:
            while True:
                await asyncio.sleep(seconds)
                began = time.perf_counter()
                try:
                    _, body, _ = await connection.get(path)
                except (TimeoutError, OSError, asyncio.IncompleteReadError):
                    self._answers.looks.append(LIMIT)
                    continue
                self._answers.looks.append(time.perf_counter() - began)
                answer = json.loads(body)
                seconds = answer["seconds"]
                if answer["rerun"]:
                    self._answers.news += 1
                    message = BackMsg()
                    message.CopyFrom(self._said)
                    message.rerun_script.fragment_id = fragment
                    await self._socket.send(message.SerializeToString())
