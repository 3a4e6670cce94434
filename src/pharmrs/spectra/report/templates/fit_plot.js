// The panels of one fit: spectrum and components; residual and axis are drawn by panels.js.
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
    if (x >= frame.left && x <= frame.right) rule(x, frame.top, x, frame.bottom, colours.accent, 1);
  }
  if (!state.marked) return;
  const { x1, x2, y1, y2, box } = state.marked;
  const top = box ? Math.min(y1, y2) : frame.top, height = box ? Math.abs(y2 - y1) : frame.bottom - top;
  pen.globalAlpha = 0.18; pen.fillStyle = colours.accent;
  pen.fillRect(Math.min(x1, x2), top, Math.abs(x2 - x1), height);
  pen.globalAlpha = 1; pen.strokeStyle = colours.accent; pen.lineWidth = 1;
  pen.strokeRect(Math.min(x1, x2), top, Math.abs(x2 - x1), height);
};
const draw = () => {
  measure();
  canvas.style.height = `${frame.height}px`;
  sharpen(frame.width, frame.height);
  drawGaps(); drawAxis(); drawResidual(); drawMain(); drawRows(); drawPointer();
};
