"use strict";
// The record, the view, and how they are drawn. fit_page.js holds what a person does to them.
const record = JSON.parse(document.getElementById("record").textContent);
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const unpack = ({ low, step, codes }) => {
  const values = new Float64Array(record.points).fill(low);
  if (codes) new Uint16Array(bytesOf(codes).buffer).forEach((code, i) => { values[i] = code === 65535 ? NaN : low + step * code; });
  return values;
};
const ppm = new Float32Array(bytesOf(record.ppm).buffer); // descending
const lines = { data: unpack(record.data), model: unpack(record.model), baseline: unpack(record.baseline), residual: unpack(record.residual) };
const extreme = (values, from = 0, to = record.points - 1) => {
  let low = Infinity, high = -Infinity;
  for (let i = from; i <= to; i++) { if (values[i] < low) low = values[i]; if (values[i] > high) high = values[i]; }
  return low <= high ? [low, high] : [0, 0];
};
const added = (list) => list.reduce((sum, values) => sum.map((value, i) => value + values[i]), new Float64Array(record.points));
const parts = record.components.map(({ name, trace }) => ({ name, values: unpack(trace), members: null }));
for (const { name, parts: members } of record.sums) parts.push({ name, values: added(members.map((i) => parts[i].values)), members });
parts.forEach((part, i) => {
  part.index = i;
  part.on = false;
  part.colour = `c${i % 12}`; // as in the table
  part.height = Math.max(extreme(part.values)[1], 0);
  part.peak = ppm[Math.max(0, part.values.indexOf(extreme(part.values)[1]))];
});
// One power of ten for all numbers of the page, so that they are short.
const largest = Math.max(...extreme(lines.data).map(Math.abs), ...extreme(lines.model).map(Math.abs));
const power = largest > 0 ? Math.floor(Math.log10(largest)) : 0;
const raised = String(power).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
const unit = power === 0 ? "a.u." : `10${raised} a.u.`;
const minus = (text) => text.replace("-", "−");
const short = (value) => minus((value / 10 ** power).toFixed(3));

const full = { left: ppm[0], right: ppm[ppm.length - 1] };
const state = {
  left: full.left, right: full.right, // shown range, high ppm first
  y: null, // [low, high] of the middle panel, null: what is shown fills it
  shown: { data: true, model: true, baseline: true, partial: false },
  arrangement: "rows", cursor: null, lit: null, marked: null,
};
const canvas = document.getElementById("plot");
const pen = canvas.getContext("2d");
const GAP = 26, RESIDUAL = 84, AXIS = 42, ROW = 20, LOWEST = 0.17, HIGHEST = 0.55; // as the printed figure
const NAME = 11.5; // font size of the names of the rows
const fontOf = (size) => `${size}px ${getComputedStyle(document.body).fontFamily}`;
let frame = null; // where the panels are since the last drawing
let colours = {};
const readColours = () => {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "soft", "line", "accent", "data", "model", "baseline", "partial", "band", "grid", ...parts.map((part) => part.colour)];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
};
const colourOf = (part) => colours[part.colour];
const chosen = () => parts.filter((part) => part.on);
const firstAtOrBelow = (value) => {
  let low = 0, high = ppm.length;
  while (low < high) { const middle = (low + high) >> 1; if (ppm[middle] > value) low = middle + 1; else high = middle; }
  return low;
};
const visible = () => [Math.max(0, firstAtOrBelow(state.left) - 1), Math.min(ppm.length - 1, firstAtOrBelow(state.right))];
const partial = () => {
  const singles = new Set(chosen().flatMap((part) => part.members ?? [part.index])); // NAA and tNAA count NAA once
  return added([lines.baseline, ...[...singles].map((i) => parts[i].values)]);
};

// Rows: highest peak of the highest chemical shift on top, as high as its component, as in the printed figure.
const rowsOf = () => {
  if (state.arrangement === "over") return [];
  const list = chosen().sort((a, b) => b.peak - a.peak || (a.name < b.name ? -1 : 1));
  const top = Math.max(...list.map((part) => part.height), 1e-300);
  let down = 0;
  return list.map((part) => {
    const share = part.height / top;
    const own = state.arrangement === "own";
    down += own ? 1.5 * ROW : (Math.min(Math.max(share, LOWEST), HIGHEST) / LOWEST) * ROW;
    return { part, foot: down, reach: own ? 1.3 * ROW : (share / LOWEST) * ROW };
  });
};
const measure = () => {
  const width = canvas.clientWidth;
  const main = Math.round(Math.min(Math.max(0.42 * width, 230), 360));
  const rows = rowsOf();
  pen.font = fontOf(NAME);
  const names = Math.max(0, ...rows.map(({ part }) => pen.measureText(part.name).width));
  const left = Math.round(Math.min(Math.max(width < 520 ? 44 : 62, names + 10), 0.3 * width));
  const residual = { top: 18, bottom: 18 + RESIDUAL };
  const middle = { top: residual.bottom + GAP, bottom: residual.bottom + GAP + main };
  const above = Math.max(0, ...rows.map((row) => row.reach - row.foot));
  const start = middle.bottom + GAP + above;
  rows.forEach((row) => { row.foot += start; });
  const bottom = rows.length ? rows[rows.length - 1].foot + 12 : middle.bottom;
  frame = { width, left, right: width - 12, residual, main: middle, rows, rowsTop: middle.bottom + GAP, bottom, height: bottom + AXIS };
};
const across = (value) => frame.left + ((state.left - value) / (state.left - state.right)) * (frame.right - frame.left);
const ppmAt = (x) => state.left - ((x - frame.left) / (frame.right - frame.left)) * (state.left - state.right);
const mainRange = () => {
  if (state.y) return state.y;
  const [from, to] = visible();
  let low = 0, high = 0;
  const see = (values) => { const [a, b] = extreme(values, from, to); low = Math.min(low, a); high = Math.max(high, b); };
  for (const name of ["data", "model", "baseline"]) if (state.shown[name]) see(lines[name]);
  if (state.shown.partial) see(partial());
  if (state.arrangement === "over") chosen().forEach((part) => see(part.values.map((value, i) => value + lines.baseline[i])));
  const room = 0.05 * (high - low) || 1;
  return [low - room, high + room];
};
const downScale = (panel, [low, high]) => (value) => panel.bottom - ((value - low) / (high - low)) * (panel.bottom - panel.top);
const trail = (values, down) => {
  const [from, to] = visible();
  let drawing = false;
  pen.beginPath();
  for (let i = from; i <= to; i++) {
    if (Number.isNaN(values[i])) { drawing = false; continue; }
    pen[drawing ? "lineTo" : "moveTo"](across(ppm[i]), down(values[i]));
    drawing = true;
  }
};
const stroke = (values, down, colour, thick = 1.3, dash = []) => {
  trail(values, down);
  pen.strokeStyle = colour; pen.lineWidth = thick; pen.lineJoin = "round";
  pen.setLineDash(dash); pen.stroke(); pen.setLineDash([]);
};
const dots = (values, down) => { // single points, where they lie far enough apart to be seen as such
  const [from, to] = visible();
  if (((to - from) * 9) > frame.right - frame.left) return;
  pen.fillStyle = colours.data;
  for (let i = from; i <= to; i++) { pen.beginPath(); pen.arc(across(ppm[i]), down(values[i]), 2, 0, 7); pen.fill(); }
};
const write = (text, x, y, align = "left", colour = colours.ink, size = 12, most = undefined) => {
  pen.font = fontOf(size);
  pen.textAlign = align; pen.textBaseline = "middle"; pen.fillStyle = colour;
  pen.fillText(text, x, y, most);
};
const rule = (x1, y1, x2, y2, colour, thick = 1) => {
  pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2);
  pen.strokeStyle = colour; pen.lineWidth = thick; pen.stroke();
};
const within = (top, bottom, action) => {
  pen.save(); pen.beginPath(); pen.rect(frame.left, top, frame.right - frame.left, bottom - top); pen.clip();
  action(); pen.restore();
};
const ticksOf = (low, high, wanted) => {
  const rough = (high - low) / Math.max(wanted, 1), ten = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * ten).find((size) => size >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push(i * step);
  return { ticks, step, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
};

const drawAxis = () => {
  const { ticks, step, decimals } = ticksOf(state.right, state.left, (frame.right - frame.left) / 75);
  for (let i = Math.ceil((5 * state.right) / step); i * step <= 5 * state.left; i++) {
    const x = across((i * step) / 5);
    rule(x, frame.bottom, x, frame.bottom + 3, colours.soft, 0.7);
  }
  for (const tick of ticks) {
    const x = across(tick);
    rule(x, frame.residual.top, x, frame.bottom, colours.grid);
    rule(x, frame.bottom, x, frame.bottom + 5, colours.ink);
    write(tick.toFixed(decimals), x, frame.bottom + 15, "center");
  }
  rule(frame.left, frame.bottom, frame.right, frame.bottom, colours.ink);
  write("Chemical shift (ppm)", (frame.left + frame.right) / 2, frame.height - 8, "center");
};
const drawResidual = () => {
  const noise = record.noise_sd ?? 0, [low, high] = extreme(lines.residual, ...visible());
  const reach = 1.1 * Math.max(-low, high, 3 * noise) || 1;
  const down = downScale(frame.residual, [-reach, reach]);
  pen.fillStyle = colours.band;
  pen.fillRect(frame.left, down(2 * noise), frame.right - frame.left, down(-2 * noise) - down(2 * noise));
  rule(frame.left, down(0), frame.right, down(0), colours.soft, 0.6);
  within(frame.residual.top, frame.residual.bottom, () => stroke(lines.residual, down, colours.data, 1));
  if (down(-2 * noise) - down(2 * noise) > 22) {
    write("+2 SD", frame.left - 6, down(2 * noise), "right", colours.soft, 11);
    write("−2 SD", frame.left - 6, down(-2 * noise), "right", colours.soft, 11);
  }
  write("Residual", frame.left, 8, "left", colours.ink, 12);
  write(frame.right - frame.left > 290 ? "own scale, band: ±2 SD of the noise" : "own scale, band: ±2 SD", frame.right, 8, "right", colours.soft, 11);
};
const drawOver = (part, down, filled) => {
  const top = part.values.map((value, i) => value + lines.baseline[i]);
  if (filled) {
    const [from, to] = visible();
    trail(top, down);
    for (let i = to; i >= from; i--) pen.lineTo(across(ppm[i]), down(lines.baseline[i]));
    pen.globalAlpha = 0.3; pen.fillStyle = colourOf(part); pen.fill(); pen.globalAlpha = 1;
  }
  stroke(top, down, colourOf(part), filled ? 2 : 1.4);
  return top;
};
const drawMain = () => {
  const range = mainRange(), down = downScale(frame.main, range);
  const { ticks, decimals } = ticksOf(range[0] / 10 ** power, range[1] / 10 ** power, (frame.main.bottom - frame.main.top) / 60);
  for (const tick of ticks) {
    const y = down(tick * 10 ** power);
    rule(frame.left - 4, y, frame.left, y, colours.ink);
    rule(frame.left, y, frame.right, y, colours.grid);
    write(minus(tick.toFixed(decimals)), frame.left - 7, y, "right", colours.soft, 11);
  }
  rule(frame.left, frame.main.top, frame.left, frame.main.bottom, colours.ink);
  within(frame.main.top, frame.main.bottom, () => {
    if (state.shown.data) { stroke(lines.data, down, colours.data, 1); dots(lines.data, down); }
    if (state.shown.model) stroke(lines.model, down, colours.model, 1.6);
    if (state.shown.baseline) stroke(lines.baseline, down, colours.baseline, 1.6);
    if (state.shown.partial) stroke(partial(), down, colours.partial, 1.6, [6, 3]);
    if (state.arrangement === "over") nameOver(chosen().map((part) => [part, drawOver(part, down, false)]), down);
    if (state.lit !== null) nameOver([[parts[state.lit], drawOver(parts[state.lit], down, true)]], down);
  });
  write(`Signal (${unit})`, frame.left, frame.main.top - 10, "left", colours.ink, 12);
};
// Names stand on the highest visible point of their component; one that would cover another is left to the table.
const nameOver = (list, down) => {
  const [from, to] = visible(), taken = [];
  const spots = list.filter(([part]) => part.height > 0).map(([part, top]) => {
    let best = from;
    for (let i = from; i <= to; i++) if (part.values[i] > part.values[best]) best = i;
    return { part, x: across(ppm[best]), y: Math.max(down(top[best]) - 9, frame.main.top + 8) };
  });
  for (const { part, x, y } of spots.sort((a, b) => a.y - b.y)) {
    const half = 4 * part.name.length + 3, at = Math.min(Math.max(x, frame.left + half), frame.right - half);
    if (taken.some((other) => Math.abs(other.x - at) < other.half + half && Math.abs(other.y - y) < 13)) continue;
    taken.push({ x: at, y, half });
    pen.lineWidth = 3; pen.strokeStyle = colours.paper; pen.font = fontOf(12);
    pen.textAlign = "center"; pen.textBaseline = "middle"; pen.strokeText(part.name, at, y);
    write(part.name, at, y, "center", colourOf(part), 12);
  }
};
const drawRows = () => {
  if (!frame.rows.length) return;
  const [from, to] = visible(), own = state.arrangement === "own";
  const peaks = frame.rows.map(({ part }) => Math.max(extreme(part.values, from, to)[1], 0.02 * part.height));
  // zooming enlarges all rows alike, and none beyond what it has on the whole range
  const gain = Math.min(...frame.rows.map(({ part }, i) => (part.height > 0 ? part.height / peaks[i] : Infinity)));
  const title = own ? "Components, each on its own scale" : "Components, one scale";
  write(title, frame.left, frame.rowsTop - 10, "left", colours.soft, 11);
  frame.rows.forEach(({ part, foot, reach }, i) => {
    const lit = state.lit === part.index;
    rule(frame.left, foot, frame.right, foot, colours.grid);
    const scale = part.height > 0 ? (own ? reach / peaks[i] : (gain * reach) / part.height) : 0;
    within(frame.rowsTop - 4, frame.bottom, () => stroke(part.values, (value) => foot - scale * value, colourOf(part), lit ? 2.4 : 1.4));
    write(part.name, frame.left - 6, foot - 3, "right", lit ? colours.accent : colours.ink, NAME, frame.left - 8);
  });
};
const drawPointer = () => {
  if (state.cursor !== null) {
    const x = across(ppm[state.cursor]);
    if (x >= frame.left && x <= frame.right) rule(x, frame.residual.top, x, frame.bottom, colours.accent, 1);
  }
  if (!state.marked) return;
  const { x1, x2, y1, y2, box } = state.marked;
  const top = box ? Math.min(y1, y2) : frame.residual.top, height = box ? Math.abs(y2 - y1) : frame.bottom - top;
  pen.globalAlpha = 0.18; pen.fillStyle = colours.accent;
  pen.fillRect(Math.min(x1, x2), top, Math.abs(x2 - x1), height);
  pen.globalAlpha = 1; pen.strokeStyle = colours.accent; pen.lineWidth = 1;
  pen.strokeRect(Math.min(x1, x2), top, Math.abs(x2 - x1), height);
};
const draw = () => {
  measure();
  const sharp = window.devicePixelRatio || 1;
  canvas.style.height = `${frame.height}px`;
  canvas.width = Math.round(frame.width * sharp);
  canvas.height = Math.round(frame.height * sharp);
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  drawAxis(); drawResidual(); drawMain(); drawRows(); drawPointer();
};
