"""Where pictures come from: files, the clipboard, the camera."""

from urllib.parse import urlsplit

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.components.loopback import is_loopback

MOST_FILES = 500
_LARGEST_FILE = 25  # MB, as `server.maxUploadSize`
ENDINGS = ["png", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff"]
_UPLOADER = "pictures"
_GIVEN, _EARLIER = "pictures_given", "pictures_given_earlier"
_MOST_KEPT = 50_000_000  # bytes of pictures that are still there after a visit to another page
# What is pasted is handed to the uploader, as if it had been chosen there: the same limits hold for it.
_SCRIPT = """
export default function ({data, parentElement}) {
  const button = parentElement.querySelector('button'), says = parentElement.querySelector('span');
  const give = files => {
    const input = document.querySelector(`.st-key-${data.uploader} input[type=file]`);
    const pictures = files.filter(file => file.type.startsWith('image/'));
    if (!input || input.disabled || !pictures.length) return false;
    const all = new DataTransfer();
    for (const file of pictures) all.items.add(file);
    input.files = all.files;
    input.dispatchEvent(new Event('change', {bubbles: true}));
    says.textContent = '';
    return true;
  };
  const none = () => { says.textContent = 'There is no picture on the clipboard.' };
  parentElement.ended?.abort();
  const ended = parentElement.ended = new AbortController();
  const isShown = () => document.querySelector(`.st-key-${data.uploader}`)?.checkVisibility();
  document.addEventListener('paste', event => {
    if (!isShown() || event.composedPath()[0].closest?.('input:not([type=file]), textarea, [contenteditable]')) return;
    if (give([...event.clipboardData?.files ?? []])) event.preventDefault();
    else none();
  }, {signal: ended.signal});
  button.hidden = !navigator.clipboard?.read;
  button.onclick = async () => {
    try {
      const files = [];
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find(name => name.startsWith('image/'));
        if (type) files.push(new File([await item.getType(type)], `pasted.${type.slice(6)}`, {type}));
      }
      if (!give(files)) none();
    } catch { says.textContent = 'The browser does not allow it; press Ctrl+V instead.' }
  };
  return () => ended.abort();
}
"""
_STYLE = """
div{display:flex;gap:.6rem;align-items:center;font-family:inherit;font-size:.875rem;color:var(--st-text-color,inherit);
  min-height:2.5rem}
button{font:inherit;color:inherit;background:transparent;cursor:pointer;padding:.35rem .75rem;
  border-radius:var(--st-button-radius,.5rem);border:1px solid var(--st-border-color,rgba(127,127,127,.4))}
button:hover,button:focus-visible{border-color:var(--st-primary-color,#0b66c3);color:var(--st-primary-color,#0b66c3)}
"""
_paste = st.components.v2.component(
    "paste_picture",
    html='<div><button type="button">Paste a picture</button><span role="status"></span></div>',
    css=_STYLE,
    js=_SCRIPT,
)


def show() -> list[UploadedFile]:
    """The uploader, the button for the clipboard and, when asked for, the camera; the pictures given, 500 at most.

    An uploader forgets its files when another page is opened: those are kept here until they are removed.
    """
    if _UPLOADER not in st.session_state:  # the page was opened, again or for the first time
        st.session_state[_EARLIER] = st.session_state.get(_GIVEN, ())
    files = st.file_uploader(
        "Photos or scans of digits, up to 500 at once; or press Ctrl+V to paste a picture",
        type=ENDINGS,
        accept_multiple_files=True,
        max_upload_size=_LARGEST_FILE,
        key=_UPLOADER,
    )
    earlier = _earlier_pictures()
    count = len(earlier) + len(files)
    if count > MOST_FILES:
        st.warning(
            f"{count} files were chosen, and at most {MOST_FILES} are read at once: the first {MOST_FILES} are "
            "below. For more, use scripts/predict.py with their folder."
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        _paste(data={"uploader": _UPLOADER}, key="paste", width="content")
        # The browser asks for its permission as soon as the camera is shown, and gives it to no page over http.
        camera = _has_camera(st.context.url or "") and st.toggle("Use the camera", key="camera-on")
    photo = st.camera_input("A photo of digits", key="camera") if camera else None
    given = [*[*earlier, *files][:MOST_FILES], *([photo] if photo else [])]
    st.session_state[_GIVEN] = tuple(given) if sum(file.size for file in given) <= _MOST_KEPT else ()
    return given


def _earlier_pictures() -> tuple[UploadedFile, ...]:
    """The pictures from before another page was opened, with a button that removes them."""
    earlier = st.session_state.get(_EARLIER, ())
    if not earlier:
        return ()
    with st.container(horizontal=True, vertical_alignment="center", key="earlier-pictures"):
        count = "1 picture" if len(earlier) == 1 else f"{len(earlier)} pictures"
        st.caption(f"{count} from before you opened another page.", width="content")
        st.button("Remove", key="remove-earlier-pictures", icon=":material/close:", on_click=_remove_earlier)
    return earlier


def _remove_earlier() -> None:
    st.session_state[_EARLIER] = ()


def _has_camera(address: str) -> bool:
    """Whether browsers may give the page at this address the camera: over https, or on this machine."""
    parts = urlsplit(address)
    return parts.scheme != "http" or is_loopback(parts.hostname or "localhost")
