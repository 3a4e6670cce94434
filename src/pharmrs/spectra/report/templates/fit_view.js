"use strict";
// The record, what of it is in view, and the pen. fit_plot.js draws the panels, fit_page.js does what a person wants.
const record = JSON.parse(document.getElementById("record").textContent);
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const unpack = ({ low, step, codes, deltas }) => {
  const values = new Float64Array(record.points).fill(low);
  let sum = 0;
  if (deltas) deltas.forEach((delta, i) => { sum += delta ?? 0; values[i] = delta === null ? NaN : low + step * sum; });
  if (codes) new Uint16Array(bytesOf(codes).buffer).forEach((code, i) => { values[i] = code === 65535 ? NaN : low + step * code; });
  return values;
};
const ppm = record.ppm.deltas ? unpack(record.ppm) : new Float32Array(bytesOf(record.ppm).buffer); // descending
const lines = { data: unpack(record.data), model: unpack(record.model), baseline: unpack(record.baseline) };
lines.residual = record.residual ? unpack(record.residual) : lines.data.map((value, i) => value - lines.model[i]);
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
  const names = ["paper", "ink", "soft", "line", "accent", "data", "model", "baseline", "partial", "band", "gap", "grid", ...parts.map((part) => part.colour)];
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
