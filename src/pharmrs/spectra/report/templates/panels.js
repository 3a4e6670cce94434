"use strict";
// What every picture of a spectrum shares. A page that includes this has `canvas`, `pen`, `colours`, `record` (gaps,
// noise_sd), `ppm` (descending), `lines`, `state` (left, right: the range that is shown) and `frame` (where the panels are).
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const unpack = (points, { low, step, codes, deltas }) => {
  const values = new Float64Array(points).fill(low);
  let sum = 0;
  if (deltas) deltas.forEach((delta, i) => { sum += delta ?? 0; values[i] = delta === null ? NaN : low + step * sum; });
  if (codes) new Uint16Array(bytesOf(codes).buffer).forEach((code, i) => { values[i] = code === 65535 ? NaN : low + step * code; });
  return values;
};
const unpackAxis = (text) => new Float32Array(bytesOf(text).buffer);
const extreme = (values, from = 0, to = values.length - 1) => {
  let low = Infinity, high = -Infinity;
  for (let i = from; i <= to; i++) { if (values[i] < low) low = values[i]; if (values[i] > high) high = values[i]; }
  return low <= high ? [low, high] : [0, 0];
};
const minus = (text) => text.replace("-", "−");
const fontOf = (size) => `${size}px ${getComputedStyle(document.body).fontFamily}`;
const firstAtOrBelow = (value) => {
  let low = 0, high = ppm.length;
  while (low < high) { const middle = (low + high) >> 1; if (ppm[middle] > value) low = middle + 1; else high = middle; }
  return low;
};
const visible = () => [Math.max(0, firstAtOrBelow(state.left) - 1), Math.min(ppm.length - 1, firstAtOrBelow(state.right))];
const across = (value) => frame.left + ((state.left - value) / (state.left - state.right)) * (frame.right - frame.left);
const ppmAt = (x) => state.left - ((x - frame.left) / (frame.right - frame.left)) * (state.left - state.right);
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
// The range within what there is, no narrower than five points.
const whole = () => ({ left: ppm[0], right: ppm[ppm.length - 1] });
const show = (left, right) => {
  const full = whole(), widest = full.left - full.right, least = Math.min(widest, (5 * widest) / Math.max(ppm.length - 1, 1));
  const width = Math.min(Math.max(left - right, least), widest), centre = (left + right) / 2;
  state.left = Math.min(full.left, Math.max(centre + width / 2, full.right + width));
  state.right = state.left - width;
};
const sharpen = (width, height) => {
  const sharp = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.round(height * sharp);
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
};
const drawGaps = () => {
  for (const [low, high] of record.gaps) for (const panel of [frame.residual, frame.main]) {
    within(panel.top, panel.bottom, () => {
      pen.fillStyle = colours.gap;
      pen.fillRect(across(high), panel.top, across(low) - across(high), panel.bottom - panel.top);
    });
  }
};
const drawAxis = () => {
  const { ticks, step, decimals } = ticksOf(state.right, state.left, (frame.right - frame.left) / 75);
  for (let i = Math.ceil((5 * state.right) / step); i * step <= 5 * state.left; i++) {
    const x = across((i * step) / 5);
    rule(x, frame.bottom, x, frame.bottom + 3, colours.soft, 0.7);
  }
  for (const tick of ticks) {
    const x = across(tick);
    rule(x, frame.top, x, frame.bottom, colours.grid);
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
  if (frame.left > 40 && down(-2 * noise) - down(2 * noise) > 22) { // room for the words
    write("+2 SD", frame.left - 6, down(2 * noise), "right", colours.soft, 11);
    write("−2 SD", frame.left - 6, down(-2 * noise), "right", colours.soft, 11);
  }
  write("Residual", frame.left, frame.top - 10, "left", colours.ink, 12);
  const room = frame.right - frame.left, gaps = record.gaps.length ? "; shaded: left out of the fit" : "";
  const band = `own scale, band: ±2 SD${room > 290 ? " of the noise" : ""}${room > 440 ? gaps : ""}`;
  write(band, frame.right, frame.top - 10, "right", colours.soft, 11);
};
