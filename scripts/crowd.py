"""A class at one app: each student a session that says over the websocket what a browser would say.

What a browser sends when it opens the page and when the pen is lifted is recorded from a real one;
every student sends it again, and looks for news as often as the app tells browsers to.
"""

import asyncio
import contextlib
import time

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

LIMIT = 15.0  # seconds


async def draw_together(address: str, opening: bytes, stroke: bytes, students: int, strokes: int, pause: float) -> dict:
    """Let so many students come within ten seconds, then each lift the pen so often, `pause` seconds apart.

    Returns the seconds to the page for each student, and from each lift of the pen to its answer;
    LIMIT where none came.
    """
    came, answered = [], []

    async def student(number: int) -> None:
        async with _Session.open(address, BackMsg.FromString(stroke)) as session:
            await asyncio.sleep(10 * number / students)
            came.append(await session.say(opening))
            arrived.release()
            await everybody.wait()
            await asyncio.sleep(pause * number / students)  # evenly, as people are
            for _ in range(strokes):
                began = time.perf_counter()
                answered.append(await session.say(stroke))
                await asyncio.sleep(max(pause - (time.perf_counter() - began), 0))

    arrived, everybody = asyncio.Semaphore(0), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(students):
            group.create_task(student(number))
        for _ in range(students):
            await arrived.acquire()
        everybody.set()
    return {"came": came, "answered": answered}


class _Session:
    """One browser's connection."""

    def __init__(self, socket: websockets.ClientConnection, usual: BackMsg):
        self._socket, self._usual = socket, usual
        self._waiting: dict[str, asyncio.Future] = {}  # by the fragment that is to run, "" for the whole page
        self._timers: dict[str, asyncio.Task] = {}
        self._running, self._read = "", False

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, address: str, usual: BackMsg):
        """Connect; `usual` says what a browser tells of its page and widgets whenever it asks for anything."""
        async with websockets.connect(
            f"{address.replace('http', 'ws')}/_stcore/stream",
            subprotocols=["streamlit"],
            origin=address,
            max_size=None,
            ping_interval=None,
            open_timeout=60,
        ) as socket:
            session = cls(socket, usual)
            listening = asyncio.create_task(session._listen())
            try:
                yield session
            finally:
                for task in (listening, *session._timers.values()):
                    task.cancel()

    async def say(self, message: bytes) -> float:
        """Seconds until what the message asks for has run; LIMIT if it takes longer, or is not run at all."""
        began, fragment = time.perf_counter(), BackMsg.FromString(message).rerun_script.fragment_id
        future = self._waiting[fragment] = asyncio.get_running_loop().create_future()
        await self._socket.send(message)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(future, LIMIT)
        return min(time.perf_counter() - began, LIMIT)

    async def _listen(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for data in self._socket:
                message = ForwardMsg.FromString(data)
                kind = message.WhichOneof("type")
                if kind == "new_session":
                    self._running, self._read = ",".join(message.metadata.run.fragment_ids), False
                    if not self._running:  # the page is drawn anew, with timers of its own
                        for timer in self._timers.values():
                            timer.cancel()
                        self._timers.clear()
                elif kind == "auto_rerun":
                    fragment = message.auto_rerun.fragment_id
                    if fragment in self._timers:
                        self._timers[fragment].cancel()
                    self._timers[fragment] = asyncio.create_task(self._look(fragment, message.auto_rerun.interval))
                elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "html":
                    self._read |= "Probabilities." in message.delta.new_element.html.body
                elif kind == "script_finished":
                    self._finished(message.script_finished)

    def _finished(self, how: int) -> None:
        # A fragment says that it finished early when another was asked for meanwhile; what it showed is there.
        whole = how == ForwardMsg.FINISHED_SUCCESSFULLY and not self._running
        for fragment in list(self._waiting):
            if (fragment and fragment in self._running and self._read) or whole:
                future = self._waiting.pop(fragment)
                if not future.done():
                    future.set_result(None)

    async def _look(self, fragment: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            message = BackMsg()
            message.CopyFrom(self._usual)
            message.rerun_script.fragment_id, message.rerun_script.is_auto_rerun = fragment, True
            await self._socket.send(message.SerializeToString())
