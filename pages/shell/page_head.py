"""What the browser needs before Streamlit's first message: room for the sidebar, and Back without empty steps.

A style that a script sends arrives when the page is on screen, and moves it. So these are put
into the HTML file of Streamlit's front end on its way to the browser.
"""

from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.components import browser_window, draw_layout, image_keys

_PAGES = len(list(Path(__file__).parents[1].glob("[a-z]*.py")))
_NAVIGATION = 34 * _PAGES + 19  # pixels, the links to the pages and the line below them, as Streamlit draws them
_HEADER = 16  # pixels below the sidebar's head
# Pixels, a labelled box with so many lines of chosen runs, as Streamlit draws it: with more it scrolls.
_CHOSEN = {1: 68, 2: 102, 3: 135, 4: 168, 5: 184}
_LABELLED = 68  # pixels, a box with its label, which is drawn late
# Until the first message the front end shows neither sidebar nor navigation, and a narrow column;
# above the content it leaves room for a toolbar that is hidden here.
_WIDE, _NARROW = (
    "".join(f'[class*="-{width}{lines}-"]{{min-height:{height}px}}' for lines, height in _CHOSEN.items())
    for width in ("wide", "narrow")
)
_STYLE = f"""
[data-testid=stMainBlockContainer]{{max-width:none!important;padding-top:2.5rem!important}}
[class*="st-key-silent-"],[data-testid=stLayoutWrapper]:has(>[class*="st-key-silent-"]){{position:absolute;width:1px!important;min-width:0;overflow:hidden}}
[class*="st-key-room-260-"]{{min-height:260px}}
[class*="st-key-room-490-"]{{min-height:490px}}
[class*="st-key-metrics-of-"]{{min-height:88px}}
.st-key-curve-options{{min-height:72px}}
.st-key-picked_run{{min-height:{_LABELLED}px}}
[data-testid=stSidebarNav]{{min-height:{_NAVIGATION}px}}
[data-testid=stSidebarContent]:not(:has([data-testid=stSidebarNav])) [data-testid=stSidebarUserContent]
{{margin-top:{_NAVIGATION + _HEADER}px}}
[data-presenting] [data-testid=stSidebar]{{display:none!important}}
[data-testid=stSidebar] hr{{margin:.75rem 0!important}}
[data-testid=stMain]:focus-visible,[data-testid=stMain]:focus-visible::before{{outline:none!important;box-shadow:none!important}}
@media (max-width:767px){{
{_NARROW}
[class*="st-key-room-260-"]{{min-height:530px}}
.st-key-curve-options{{min-height:168px}}
[class*="st-key-room-490-"]{{min-height:1000px}}
[class*="st-key-metrics-of-"]{{min-height:152px}}
[class*="st-key-metrics-of-"]>div{{width:112px!important;flex:0 0 112px!important}}
[class*="st-key-metrics-of-"] [data-testid=stMetricValue]{{font-size:1.4rem}}
}}
@media (min-width:768px){{
{_WIDE}
[data-testid=stMainBlockContainer]{{padding-left:5rem!important;padding-right:5rem!important}}
:root:not([data-presenting]) [data-testid=stAppViewContainer]:not(:has(>[data-testid=stSidebar])){{padding-left:300px}}
}}
"""
# A page that is opened without a run writes the one that it shows into its address. This replaces
# the address: as a step of its own, Back would lead to the address without a run, which gets one again.
_SCRIPT = """
(() => {
  const {dataset} = document.documentElement;
  if (new URL(location.href).searchParams.get('present') === '1') {
    dataset.presenting = '';
    setTimeout(() => delete dataset.presenting, 10000);  // by then the page's own style is there
  }
  const push = history.pushState.bind(history);
  const names = address => ['run', 'runs'].some(name => address.searchParams.has(name));
  history.pushState = (state, title, to) => {
    const before = new URL(location.href), after = new URL(to ?? before, before);
    const pins = after.pathname === before.pathname && !names(before) && names(after);
    pins ? history.replaceState(state, title, to) : push(state, title, to);
  };
})();
"""
# The second click of a double click on a button that leads to another page still names the page
# being left. It reaches the server when the other page is there, and replaces it. So buttons with
# a key that begins with "leave-" take one click in two seconds.
_ONE_CLICK = """
(() => {
  let button = null, clicked = 0;
  document.addEventListener('click', event => {
    const now = event.target.closest?.('[class*="st-key-leave-"] button');
    if (!now) return;
    if (now.innerText === button && event.timeStamp - clicked < 2000) {
      event.stopImmediatePropagation();
      event.preventDefault();
      return;
    }
    [button, clicked] = [now.innerText, event.timeStamp];
  }, true);
})();
"""
_SCRIPTS = _SCRIPT + _ONE_CLICK + browser_window.SCRIPT + image_keys.SCRIPT
_HEAD = f"<style>{_STYLE}{draw_layout.STYLE}</style><script>{_SCRIPTS}</script></head>".encode()


class PageHead:
    """ASGI middleware that adds style and script to the head of every HTML page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; change the response if it is an HTML page."""
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            return await self._app(scope, receive, send)
        # As it is on disk: uncompressed, and not "not modified", for which the browser would show a page without these.
        hidden = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
        scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in hidden]}
        started: Message = {}
        parts: list[bytes] = []

        async def change(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
                if not _is_page(started):
                    await send(message)
            elif message["type"] != "http.response.body" or not _is_page(started):
                await send(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    await _send_page(started, b"".join(parts), send)

        await self._app(scope, receive, change)


def _is_page(started: Message) -> bool:
    return started["status"] == 200 and Headers(raw=started["headers"]).get("content-type", "").startswith("text/html")


async def _send_page(started: Message, body: bytes, send: Send) -> None:
    body = body.replace(b"</head>", _HEAD, 1)
    headers = MutableHeaders(raw=list(started["headers"]))
    for name in ("etag", "last-modified"):  # they name the file that this no longer is
        del headers[name]
    headers["content-length"] = str(len(body))
    await send({**started, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})
