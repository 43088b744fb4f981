"""Download buttons: a table as CSV, a chart as PNG and SVG."""

import pandas as pd
import streamlit as st

# Streamlit drops Vega's menu, which could save a chart, and its own toolbar knows no SVG. So these
# buttons save what the browser has drawn, with the page's background behind it: the chart's own is
# transparent, and light text would disappear on white.
_STYLE = """
div { display: flex; flex-wrap: wrap; gap: 1rem }
button {
  font: inherit; font-size: .875rem; color: var(--st-text-color); background: transparent; cursor: pointer;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, .5rem);
  min-height: 2.5rem; padding: .25rem .75rem;
}
button:hover, button:focus-visible { color: var(--st-primary-color); border-color: var(--st-primary-color) }
"""
_SCRIPT = """
export default function ({parentElement, data}) {
  const margin = 12, zoom = 2;  // pixels around the chart; PNG pixels for each of the chart's
  const picture = () => {
    const chart = document.querySelector(`.st-key-${data.chart} svg.marks`);
    const copy = chart.cloneNode(true), box = chart.viewBox.baseVal;
    const x = box.x - margin, y = box.y - margin;
    const width = box.width + 2 * margin, height = box.height + 2 * margin;
    const set = (element, attributes) => {
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    };
    // Another program may have a wider font, in which texts would be cut off.
    const texts = copy.querySelectorAll('text');
    chart.querySelectorAll('text').forEach((text, i) => {
      if (text.textContent)
        set(texts[i], {textLength: text.getComputedTextLength(), lengthAdjust: 'spacingAndGlyphs'});
    });
    const background = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    const fill = getComputedStyle(document.querySelector('.stApp')).backgroundColor;
    set(background, {x, y, width, height, fill});
    copy.prepend(background);
    set(copy, {xmlns: 'http://www.w3.org/2000/svg', viewBox: `${x} ${y} ${width} ${height}`, width, height});
    copy.removeAttribute('style');
    return {text: new XMLSerializer().serializeToString(copy), width, height};
  };
  const save = (blob, kind) => {
    const href = URL.createObjectURL(blob);
    Object.assign(document.createElement('a'), {href, download: `${data.name}.${kind}`}).click();
    setTimeout(() => URL.revokeObjectURL(href), 10000);
  };
  const saveAs = {
    svg: ({text}) => save(new Blob([text], {type: 'image/svg+xml'}), 'svg'),
    png: ({text, width, height}) => {
      const image = new Image(), canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [width * zoom, height * zoom];
      image.onload = () => {
        canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
        canvas.toBlob(blob => save(blob, 'png'), 'image/png');
      };
      image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(text);
    },
  };
  for (const button of parentElement.querySelectorAll('button')) {
    const kind = button.dataset.kind;
    button.textContent = data.label + kind.toUpperCase();
    button.setAttribute('aria-label', `${kind.toUpperCase()} of the chart: ${data.title}`);
    button.onclick = () => saveAs[kind](picture());
  }
}
"""
_buttons = st.components.v2.component(
    "chart_download",
    html='<div><button data-kind="png">PNG</button><button data-kind="svg">SVG</button></div>',
    css=_STYLE,
    js=_SCRIPT,
)


def csv_button(frame: pd.DataFrame, name: str, label: str = "CSV") -> None:
    """A button that downloads the table as NAME.csv, which is made on demand."""
    st.download_button(
        label,
        lambda: frame.to_csv(index=False).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv-{name}",
    )


def picture_buttons(chart: str, name: str, title: str, *, is_named: bool = False) -> None:
    """Buttons that download the chart in the container with key `chart` as NAME.png and NAME.svg.

    `is_named`: the buttons say the chart's title, where there are several charts.
    """
    data = {"chart": chart, "name": name, "title": title, "label": f"{title} " if is_named else ""}
    _buttons(data=data, key=f"pictures-{name}", width="content")
