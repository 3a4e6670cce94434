// The record, what of it is in view, and the pen. fit_plot.js draws the panels that panels.js does not, fit_page.js does
// what a person wants.
const record = JSON.parse(document.getElementById("record").textContent);
const ppm = record.ppm.deltas ? unpack(record.points, record.ppm) : unpackAxis(record.ppm); // descending
const lines = Object.fromEntries(["data", "model", "baseline"].map((name) => [name, unpack(record.points, record[name])]));
lines.residual = record.residual ? unpack(record.points, record.residual) : lines.data.map((value, i) => value - lines.model[i]);
const added = (list) => list.reduce((sum, values) => sum.map((value, i) => value + values[i]), new Float64Array(record.points));
const parts = record.components.map(({ name, trace }) => ({ name, values: unpack(record.points, trace), members: null }));
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
const short = (value) => minus((value / 10 ** power).toFixed(3));

const state = {
  left: ppm[0], right: ppm[ppm.length - 1], // shown range, high ppm first
  y: null, // [low, high] of the middle panel, null: what is shown fills it
  shown: { data: true, model: true, baseline: true, partial: false },
  arrangement: "rows", cursor: null, lit: null, marked: null,
};
const canvas = document.getElementById("plot");
const pen = canvas.getContext("2d");
const GAP = 26, RESIDUAL = 84, AXIS = 42, ROW = 20, LOWEST = 0.17, HIGHEST = 0.55; // as the printed figure
const NAME = 11.5; // font size of the names of the rows
let frame = null; // where the panels are since the last drawing
let colours = {};
const readColours = () => {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "soft", "line", "accent", "data", "model", "baseline", "partial", "band", "gap", "grid", ...parts.map((part) => part.colour)];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
};
const colourOf = (part) => colours[part.colour];
const chosen = () => parts.filter((part) => part.on);
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
  frame = { width, left, right: width - 12, top: residual.top, residual, main: middle, rows, rowsTop: middle.bottom + GAP, bottom, height: bottom + AXIS };
};
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
