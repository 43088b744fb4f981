"""The script and the style of `training_curves`: it draws in the browser, so that no choice needs the server."""

STYLE = """
:scope,.curves{font-family:inherit}
.curves .controls{display:flex;flex-wrap:wrap;gap:.4rem 1.6rem;align-items:center;font-size:.875rem;min-height:2rem}
.curves .controls label{display:flex;gap:.5rem;align-items:center}
.curves .controls select{font:inherit;color:inherit;background:var(--st-secondary-background-color);
border:1px solid var(--st-border-color);border-radius:.4rem;padding:.15rem .4rem}
.curves input{accent-color:var(--st-primary-color)}
.curves .charts{display:grid;
grid-template-columns:repeat(auto-fit,minmax(max(50% - .6rem,min(100%,340px)),1fr));gap:1.2rem;
margin-top:.6rem}
.curves figure{margin:0;min-width:0}
.curves svg{display:block;width:100%;height:215px;overflow:visible;touch-action:pan-y}
"""
SCRIPT = """
const NS = 'http://www.w3.org/2000/svg';
const H = 215, L = 54, R = 10, T = 44, B = 38;  // pixels: height of a chart, as in the style, and its margins
const make = (name, attributes, text) => {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const short = (value, share) => share ? `${+(value * 100).toPrecision(4)}%`
  : Math.abs(value) >= 1000 ? value.toLocaleString('en', {maximumFractionDigits: 0}) : `${+value.toPrecision(3)}`;
// As TensorBoard: a moving average, corrected for its start at zero.
const smooth = (points, weight) => {
  let last = 0, count = 0;
  return points.map(([x, y]) => {
    last = last * weight + (1 - weight) * y;
    count += 1;
    return [x, weight ? last / (1 - weight ** count) : y];
  });
};
// At round values, at most as many as have `room`.
const ticks = (low, high, log, whole, room) => {
  if (log) {
    const found = [];
    for (let power = Math.floor(low); power <= Math.ceil(high); power += 1)
      for (const part of high - low > 2.5 ? [1] : [1, 2, 5]) found.push(power + Math.log10(part));
    return found.filter(value => value >= low - 1e-9 && value <= high + 1e-9);
  }
  let step = 10 ** Math.floor(Math.log10((high - low) / room || 1));
  for (const factor of [2, 2.5, 2]) if ((high - low) / step > room) step *= factor;
  if (whole) step = Math.max(1, Math.round(step));
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-6; value += step)
    found.push(value + 0);  // and no -0
  return found;
};

export default function ({data, parentElement, key}) {
  const root = parentElement.querySelector('.curves');
  const state = root.state ??= {by: null, smoothing: data.smoothing, log: {}, hover: null};
  if (!data.axes.some(axis => axis.key === state.by)) state.by = data.axes[0].key;
  const controls = root.querySelector('.controls'), place = root.querySelector('.charts');
  const described = JSON.stringify([data.axes, data.charts.map(chart => chart.title)]);
  if (root.described !== described) {
    root.described = described;
    const options = data.axes.map(axis => `<option value="${axis.key}">${axis.title}</option>`).join('');
    controls.innerHTML = `<label>Against <select aria-label="Against">${options}</select></label>
      <label>Smoothing <input type="range" min="0" max="0.95" step="0.05" aria-label="Smoothing"><span></span></label>`
      + data.charts.filter(chart => chart.can_log).map(chart =>
        `<label><input type="checkbox" data-chart="${chart.title}"> ${chart.title} on a log scale</label>`).join('');
    place.innerHTML = data.charts.map(chart =>
      `<figure class="st-key-chart-${chart.key}"><svg class="marks" role="img"></svg></figure>`
    ).join('');
  }
  const select = controls.querySelector('select'), range = controls.querySelector('input[type=range]');
  const shownWeight = controls.querySelector('span');
  [select.value, range.value] = [state.by, state.smoothing];
  controls.querySelectorAll('input[type=checkbox]').forEach(box => {
    box.checked = !!state.log[box.dataset.chart];
    box.onchange = () => { state.log[box.dataset.chart] = box.checked; draw(); };
  });
  select.onchange = () => { state.by = select.value; state.hover = null; draw(); };
  range.oninput = () => { state.smoothing = +range.value; draw(); };
  const svgs = [...place.querySelectorAll('svg')];

  const draw = () => {
    shownWeight.textContent = (+state.smoothing).toFixed(2);
    data.charts.forEach((chart, number) => one(svgs[number], chart));
  };

  const one = (svg, chart) => {
    const axis = data.axes.find(each => each.key === state.by), log = !!state.log[chart.title];
    const W = Math.max(Math.round(svg.getBoundingClientRect().width), 240);
    svg.setAttribute('viewBox', `0 0 ${W} ${H}`);
    const {color: ink, fontFamily} = getComputedStyle(root);
    const text = {fill: ink, 'font-size': 12, 'font-family': fontFamily};
    const lines = chart.lines.map(line => {
      const points = line.points.map(point => [point[axis.key], point.y]).filter(point => point[0] != null
        && Number.isFinite(point[1]) && (!log || point[1] > 0));
      return {...line, raw: points, points: line.smooth ? smooth(points, state.smoothing) : points};
    }).filter(line => line.points.length);
    svg.replaceChildren();
    svg.setAttribute('aria-label', `${chart.title} by ${axis.title.toLowerCase()}`);
    svg.append(make('text', {...text, x: 0, y: 14, 'font-size': 14, 'font-weight': 600}, chart.title));
    const scale = value => log ? Math.log10(value) : value;
    const values = lines.flatMap(line => line.points.map(point => scale(point[1])));
    if (!values.length) {
      svg.append(make('text', {...text, x: W / 2, y: H / 2, 'text-anchor': 'middle', opacity: .6}, 'No values yet'));
      return;
    }
    let low = Math.min(...values), high = Math.max(...values);
    const room = (high - low) * .04 || Math.abs(high) * .05 || 1;
    [low, high] = [chart.lowest === 0 && !log ? 0 : low - room, high + room];
    if (chart.share && !log) high = Math.min(high, 1);
    const right = axis.end || Math.max(...lines.map(line => line.points.at(-1)[0])) || 1;
    const left = Math.min(axis.start, right);
    const px = x => L + (W - L - R) * (right > left ? (x - left) / (right - left) : .5);
    const py = y => T + (H - T - B) * (1 - (scale(y) - low) / (high - low || 1));
    for (const value of ticks(low, high, log, false, (H - T - B) / 26)) {
      const y = T + (H - T - B) * (1 - (value - low) / (high - low || 1));
      svg.append(make('line', {x1: L, x2: W - R, y1: y, y2: y, stroke: ink, 'stroke-opacity': .13}));
      const label = short(log ? 10 ** value : value, chart.share);
      svg.append(make('text', {...text, x: L - 8, y: y + 4, 'text-anchor': 'end'}, label));
    }
    for (const value of ticks(left, right, false, axis.whole, (W - L - R) / 60)) {
      const mark = {...text, x: px(value), y: H - B + 16, 'text-anchor': 'middle'};
      svg.append(make('text', mark, value.toLocaleString('en')));
    }
    const title = {...text, x: (L + W - R) / 2, y: H - 4, 'text-anchor': 'middle', opacity: .8};
    svg.append(make('text', title, axis.title));
    svg.append(make('path', {d: `M${L} ${T}V${H - B}H${W - R}`, fill: 'none', stroke: ink, 'stroke-opacity': .4}));
    let at = L;
    for (const line of lines) {
      const place = p => `${px(p[0]).toFixed(1)} ${py(p[1]).toFixed(1)}`;
      const path = points => `M${points.map(place).join('L')}`;
      const stroke = {fill: 'none', stroke: line.colour, 'stroke-width': 2, 'stroke-dasharray': line.dash};
      if (line.smooth && state.smoothing > 0) {
        const inside = line.raw.filter(p => scale(p[1]) >= low && scale(p[1]) <= high);
        svg.append(make('path', {...stroke, d: path(inside), 'stroke-opacity': .25, 'stroke-width': 1}));
      }
      svg.append(make('path', {...stroke, d: path(line.points)}));
      if (line.points.length < 60 && !line.smooth) for (const p of line.points)
        svg.append(make('circle', {cx: px(p[0]), cy: py(p[1]), r: 3.5, fill: line.colour}));
      if (lines.length === 1) continue;  // the title says it
      svg.append(make('line', {x1: at, x2: at + 24, y1: 29, y2: 29, ...stroke, 'stroke-width': 3}));
      const name = make('text', {...text, x: at + 30, y: 33}, line.title);
      svg.append(name);
      at += 50 + (name.getComputedTextLength() || line.title.length * 7);
    }
    if (state.hover !== null && state.hover >= left && state.hover <= right) {
      const x = px(state.hover);
      svg.append(make('line', {x1: x, x2: x, y1: T, y2: H - B, stroke: ink, 'stroke-opacity': .5}));
      const said = [];
      for (const line of lines) {
        const near = line.points.reduce((a, b) => Math.abs(b[0] - state.hover) < Math.abs(a[0] - state.hover) ? b : a);
        svg.append(make('circle', {cx: px(near[0]), cy: py(near[1]), r: 5, fill: line.colour}));
        said.push(`${lines.length > 1 ? line.title + ' ' : ''}${short(near[1], chart.share)}`);
      }
      const shown = `${+state.hover.toFixed(axis.whole && axis.key === 'step' ? 0 : 2)}: ${said.join(', ')}`;
      svg.append(make('text', {...text, x: W - R, y: 14, 'text-anchor': 'end', class: 'hover'}, shown));
    }
    svg.onpointermove = event => {
      const box = svg.getBoundingClientRect();
      const wanted = left + ((event.clientX - box.x) / box.width * W - L) / (W - L - R) * (right - left);
      const all = lines.flatMap(line => line.points.map(point => point[0]));
      state.hover = all.reduce((a, b) => Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a);
      draw();
    };
    svg.onpointerleave = () => { state.hover = null; draw(); };
  };
  draw();
  let width = place.clientWidth;
  const resized = new ResizeObserver(() => {
    if (place.clientWidth !== width) { width = place.clientWidth; draw(); }
  });
  resized.observe(place);
  return () => resized.disconnect();
}
"""
