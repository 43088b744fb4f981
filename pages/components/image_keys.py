"""Keys of the image dialog: the left and right arrow lead to the previous and the next image.

The script is in the page's head and not in the dialog: what a dialog brings along is loaded a moment
after its buttons are on screen, and a key pressed meanwhile would be lost.
"""

# Keys typed into a box, or for a slider, are not for the images. A button that is disabled takes its
# focus along, and with it the keyboard's Escape and Tab, so the dialog has it then.
SCRIPT = """
(() => {
  const button = name => document.querySelector(`[role=dialog] .st-key-image-${name} button`);
  document.addEventListener('keydown', event => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const step = {ArrowLeft: 'previous', ArrowRight: 'next'}[event.key];
    if (!step || event.composedPath()[0].closest?.('input, textarea, [contenteditable], [role=slider], [role=grid]'))
      return;
    const wanted = button(step);
    if (!wanted || wanted.disabled) return;
    event.preventDefault();
    wanted.click();
  });
  setInterval(() => {
    if (document.activeElement !== document.body) return;
    const other = [button('next'), button('previous')].find(one => one && !one.disabled);
    (other ?? (button('next') && document.querySelector('[role=dialog] button')))?.focus();
  }, 300);
})();
"""
