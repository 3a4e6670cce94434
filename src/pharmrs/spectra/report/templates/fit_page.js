// What a person does: choose, zoom, move, read.
let waiting = false;
const redraw = () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
};
const byId = (name) => document.getElementById(name);
const reading = byId("reading");
const showReading = (aloud = false) => {
  reading.setAttribute("aria-live", aloud ? "polite" : "off");
  const i = state.cursor;
  const shown = document.createElement("b");
  if (i === null) {
    shown.textContent = `${state.left.toFixed(2)} to ${state.right.toFixed(2)} ppm`;
    reading.replaceChildren("Shown: ", shown, `. Drag to zoom, double-click for everything. Values in ${unit}`);
    return;
  }
  const noise = record.noise_sd ? ` (${minus((lines.residual[i] / record.noise_sd).toFixed(1))} SD)` : "";
  shown.textContent = `${minus(ppm[i].toFixed(3))} ppm`;
  const here = chosen().filter((part) => !part.members).sort((a, b) => Math.abs(b.values[i]) - Math.abs(a.values[i])).slice(0, 4);
  const named = state.lit !== null && !here.some((part) => part.index === state.lit) ? [parts[state.lit], ...here.slice(0, 3)] : here;
  const list = named.map((part) => `${part.name} ${short(part.values[i])}`).join(", ");
  reading.replaceChildren(
    shown, ` data ${short(lines.data[i])}, model + baseline ${short(lines.model[i])}, baseline ${short(lines.baseline[i])}, residual ${short(lines.residual[i])}${noise}`,
    document.createElement("br"), list ? `Components: ${list}` : "",
  );
};
const update = (aloud = false) => { showReading(aloud); redraw(); };

// Zooming and moving
const setRange = (left, right) => {
  show(left, right);
  state.cursor = state.cursor !== null && ppm[state.cursor] <= state.left && ppm[state.cursor] >= state.right ? state.cursor : null;
  update(true);
};
const zoom = (factor, at = (state.left + state.right) / 2) => setRange(at + (state.left - at) / factor, at - (at - state.right) / factor);
const move = (share) => { const by = share * (state.left - state.right); setRange(state.left + by, state.right + by); };
const heighten = (factor, moved = 0) => {
  const [low, high] = mainRange(), by = moved * (high - low);
  state.y = factor === 1 ? [low + by, high + by] : [low / factor, high / factor]; // zero stays where it is
  redraw();
};
const reset = () => { state.y = null; state.marked = null; setRange(whole().left, whole().right); };
byId("left").addEventListener("click", () => move(0.2));
byId("right").addEventListener("click", () => move(-0.2));
byId("in").addEventListener("click", () => zoom(1.5));
byId("out").addEventListener("click", () => zoom(1 / 1.5));
byId("reset").addEventListener("click", reset);
canvas.addEventListener("dblclick", reset);
canvas.addEventListener("wheel", (event) => {
  if (event.ctrlKey) return; // the browser's own zoom
  const all = state.left - state.right >= (ppm[0] - ppm[ppm.length - 1]) * 0.9999;
  const amount = event.deltaY || event.deltaX; // some browsers turn Shift + wheel sideways
  if (event.shiftKey) heighten(Math.exp(-amount / 400));
  else if (event.deltaY && !(all && event.deltaY > 0)) zoom(Math.exp(-event.deltaY / 400), ppmAt(event.offsetX));
  else return; // nothing left to zoom out of: the page scrolls
  event.preventDefault();
}, { passive: false });
const keys = {
  ArrowLeft: () => move(0.1), ArrowRight: () => move(-0.1), ArrowUp: () => heighten(1, 0.1), ArrowDown: () => heighten(1, -0.1),
  "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), _: () => zoom(1 / 1.5), 0: reset,
  Escape: () => { state.marked = null; state.cursor = null; update(); },
};
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.shiftKey && sideways) {
    const [from, to] = visible();
    const next = state.cursor === null ? (from + to) >> 1 : state.cursor + sideways;
    state.cursor = Math.min(Math.max(next, from), to);
    update(true);
  } else if (keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
});

// Pointer: read, mark a range, move with Shift
const light = (index) => {
  if (state.lit === index) return;
  state.lit = index;
  for (const row of document.querySelectorAll("tr[data-part]")) row.classList.toggle("lit", Number(row.dataset.part) === index);
  redraw();
};
const inPlot = (x) => Math.min(Math.max(x, frame.left), frame.right);
let start = null;
canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.offsetX < frame.left || event.offsetX > frame.right) return;
  start = { x: event.offsetX, y: event.offsetY, left: state.left, right: state.right, moving: event.shiftKey };
  if (event.isTrusted) canvas.setPointerCapture(event.pointerId); // events made by a script have no pointer
});
canvas.addEventListener("pointermove", (event) => {
  const x = inPlot(event.offsetX), y = event.offsetY, value = ppmAt(x);
  if (start && start.moving) {
    const by = ((x - start.x) / (frame.right - frame.left)) * (start.left - start.right);
    setRange(start.left + by, start.right + by);
    return;
  }
  if (start) {
    const inMain = (height) => height >= frame.main.top && height <= frame.main.bottom;
    const box = inMain(start.y) && inMain(y) && Math.abs(y - start.y) > 24;
    state.marked = Math.abs(x - start.x) > 5 ? { x1: start.x, x2: x, y1: start.y, y2: y, box } : null;
  }
  const right = Math.min(firstAtOrBelow(value), ppm.length - 1), left = Math.max(right - 1, 0);
  state.cursor = ppm[left] - value < value - ppm[right] ? left : right;
  const row = frame.rows.find(({ foot }) => y <= foot && y > frame.rowsTop);
  light(row && !start ? row.part.index : null);
  update();
});
canvas.addEventListener("pointerup", () => {
  const marked = state.marked;
  start = null;
  state.marked = null;
  if (!marked) return;
  const [left, right] = [ppmAt(Math.min(marked.x1, marked.x2)), ppmAt(Math.max(marked.x1, marked.x2))];
  if (marked.box) {
    const [low, high] = mainRange(), tall = frame.main.bottom - frame.main.top;
    const valueAt = (y) => low + ((frame.main.bottom - y) / tall) * (high - low);
    state.y = [valueAt(Math.max(marked.y1, marked.y2)), valueAt(Math.min(marked.y1, marked.y2))];
  }
  setRange(left, right);
});
canvas.addEventListener("pointercancel", () => { start = null; state.marked = null; redraw(); });
canvas.addEventListener("pointerleave", () => { if (start) return; state.cursor = null; light(null); update(); });

// Choices
for (const box of document.querySelectorAll("input[data-line]")) {
  box.addEventListener("change", () => { state.shown[box.dataset.line] = box.checked; redraw(); });
}
const boxes = [...document.querySelectorAll("input[data-part]")];
const take = () => { for (const box of boxes) parts[box.dataset.part].on = box.checked; update(); };
for (const box of boxes) {
  const row = box.closest("tr"), index = Number(box.dataset.part);
  box.addEventListener("change", take);
  row.addEventListener("pointerenter", () => light(index));
  row.addEventListener("pointerleave", () => light(null));
  box.addEventListener("focus", () => { if (box.matches(":focus-visible")) light(index); });
  box.addEventListener("blur", () => light(null));
}
const tick = (wanted) => { for (const box of boxes) box.checked = wanted(parts[box.dataset.part]); take(); };
byId("all").addEventListener("click", () => tick((part) => part.members === null && part.height > 0));
byId("none").addEventListener("click", () => tick(() => false));
byId("arrangement").addEventListener("change", (event) => { state.arrangement = event.target.value; redraw(); });

// Light, dark, paper, size
const recolour = () => { readColours(); draw(); };
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
addEventListener("beforeprint", () => { document.documentElement.dataset.print = ""; recolour(); });
addEventListener("afterprint", () => { delete document.documentElement.dataset.print; recolour(); });
document.documentElement.classList.remove("plain");
take();
recolour();
let width = canvas.clientWidth;
new ResizeObserver(() => { if (canvas.clientWidth !== width) { width = canvas.clientWidth; redraw(); } }).observe(canvas);
