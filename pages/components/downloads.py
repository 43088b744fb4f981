"""Take a table along as CSV, or a chart as PNG and SVG."""

import pandas as pd
import streamlit as st

# Streamlit drops Vega's own menu, whose entries save a chart, and its toolbar knows no SVG. So
# the buttons take the picture that the browser has drawn, with the page's colour behind it:
# on the page the chart is transparent, and elsewhere white writing would be on white.
_STYLE = """
div { display: flex; gap: 1rem }
button {
  font: inherit; font-size: .875rem; color: var(--st-text-color); background: transparent; cursor: pointer;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, .5rem);
  min-height: 2.5rem; padding: .25rem .75rem;
}
button:hover, button:focus-visible { color: var(--st-primary-color); border-color: var(--st-primary-color) }
"""
_SCRIPT = """
export default function ({parentElement, data}) {
  const margin = 12;  // pixels around the chart
  const drawn = () => document.querySelector(`.st-key-${data.chart} svg.marks`);
  const picture = () => {
    const chart = drawn();
    if (!chart) return null;
    const copy = chart.cloneNode(true), box = chart.viewBox.baseVal;
    const width = box.width + 2 * margin, height = box.height + 2 * margin;
    // Elsewhere there may be another font, and a wider one would be cut off.
    const texts = copy.querySelectorAll('text');
    chart.querySelectorAll('text').forEach((text, i) => {
      if (!text.textContent) return;
      texts[i].setAttribute('textLength', text.getComputedTextLength());
      texts[i].setAttribute('lengthAdjust', 'spacingAndGlyphs');
    });
    const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    for (const [name, value] of Object.entries({x: box.x - margin, y: box.y - margin, width, height}))
      paper.setAttribute(name, value);
    paper.setAttribute('fill', getComputedStyle(document.querySelector('.stApp')).backgroundColor);
    copy.prepend(paper);
    copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    copy.setAttribute('viewBox', `${box.x - margin} ${box.y - margin} ${width} ${height}`);
    copy.setAttribute('width', width);
    copy.setAttribute('height', height);
    copy.removeAttribute('style');
    return {text: new XMLSerializer().serializeToString(copy), width, height};
  };
  const save = (blob, ending) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${data.name}.${ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const actions = {
    svg: () => {
      const found = picture();
      if (found) save(new Blob([found.text], {type: 'image/svg+xml'}), 'svg');
    },
    png: () => {
      const found = picture();
      if (!found) return;
      const image = new Image(), times = 2;
      image.onload = () => {
        const canvas = document.createElement('canvas');
        canvas.width = found.width * times;
        canvas.height = found.height * times;
        canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
        canvas.toBlob(blob => save(blob, 'png'), 'image/png');
      };
      image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(found.text);
    },
  };
  for (const button of parentElement.querySelectorAll('button')) {
    const kind = button.dataset.kind;
    button.setAttribute('aria-label', `${kind.toUpperCase()} of the chart: ${data.title}`);
    button.onclick = actions[kind];
  }
}
"""
_buttons = st.components.v2.component(
    "chart_download",
    html='<div><button data-kind="png">PNG</button><button data-kind="svg">SVG</button></div>',
    css=_STYLE,
    js=_SCRIPT,
)


def csv_button(frame: pd.DataFrame, name: str) -> None:
    """A button that gives the table as NAME.csv; the file is made when somebody wants it."""
    st.download_button(
        "CSV",
        lambda: frame.to_csv(index=False).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv-{name}",
    )


def picture_buttons(chart: str, name: str, title: str) -> None:
    """Buttons that give the chart in the container with key `chart` as NAME.png and NAME.svg."""
    _buttons(data={"chart": chart, "name": name, "title": title}, key=f"pictures-{name}", width="content")
