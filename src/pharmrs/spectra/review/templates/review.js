// One spectrum at a time. A verdict counts as given only when the server has confirmed that it is on the disk.
const by = (id) => document.getElementById(id);
const canvas = by("plot"), pen = canvas.getContext("2d"), dialog = by("why");
const MARGIN = { left: 14, right: 14, top: 20, bottom: 40 };
const COLOURS = ["ink", "soft", "data", "model", "baseline", "band", "gap", "grid"];
let sitting = null, record = null, ppm = null, lines = null, frame = null, colours = {}, verdict = null, busy = false;
const state = { left: 4.2, right: 0.2, tall: 1, fit: true };

const say = (text) => { by("message").textContent = text; by("message").hidden = !text; };
const ask = async (path, body) => {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, { cache: "no-store", ...options });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error ?? `server says ${answer.status}`);
  return content;
};
// Only one request at a time, so that no key press is answered out of order.
const busily = async (work, failed) => {
  if (busy) return;
  busy = true;
  try { await work(); say(""); } catch (error) { say(`${failed} (${error.message}). Is the server still running? Press the key again.`); }
  busy = false;
};

const showProgress = () => {
  by("progress").textContent = `${sitting.judged} of ${sitting.total} judged`;
  by("bar").value = sitting.total ? sitting.judged / sitting.total : 1;
  by("undo").disabled = by("undo-last").disabled = !sitting.can_undo;
  by("work").hidden = sitting.position === null;
  by("finished").hidden = sitting.position !== null;
  by("counts").textContent = Object.entries(sitting.counts).map(([name, count]) => `${name}: ${count}`).join(", ");
};
// A recording without a spectrum is passed over by the server, so ask until there is one or nothing is left.
const proceed = async () => {
  sitting = sitting ?? (await ask("state"));
  record = null;
  while (sitting.position !== null && record === null) {
    showProgress();
    draw();
    const found = await ask(`spectrum/${sitting.position}`);
    if (found.points) record = found; else sitting = await ask("state");
  }
  showProgress();
  if (record === null) return;
  ppm = unpackAxis(record.ppm);
  lines = {};
  for (const name of ["data", "model", "baseline", "residual"]) lines[name] = unpack(record.points, record[name]);
  showWhole();
};
const decide = (decision, reason) => busily(async () => {
  if (record === null || sitting.position === null) return;
  sitting = await ask("decide", { position: sitting.position, decision, reason });
  await proceed();
}, "The verdict was NOT saved");
// A verdict needs a spectrum in view; undo does not, so it waits until the spectrum that is being loaded is there.
const undo = async () => {
  while (busy) await new Promise((go) => { setTimeout(go, 30); });
  await takeBack();
};
const takeBack = () => busily(async () => { sitting = await ask("undo", {}); await proceed(); }, "Nothing was undone");

const showWhole = () => {
  if (record === null) return;
  state.tall = 1;
  show(whole().left, whole().right);
  draw();
};
const move = (share) => {
  if (record === null) return;
  const by = share * (state.left - state.right);
  show(state.left + by, state.right + by);
};
const zoom = (factor) => {
  if (record === null) return;
  const middle = (state.left + state.right) / 2, half = ((state.left - state.right) / 2) * factor;
  show(middle + half, middle - half);
};

const readColours = () => {
  const style = getComputedStyle(document.documentElement);
  colours = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
};
const draw = () => {
  const width = canvas.clientWidth, height = canvas.clientHeight;
  sharpen(width, height);
  if (record === null) { write("computing the spectrum …", MARGIN.left, 40, "left", colours.soft); return; }
  const top = MARGIN.top, bottom = height - MARGIN.bottom, split = state.fit ? top + 0.17 * (bottom - top) : top - 12;
  frame = {
    left: MARGIN.left, right: width - MARGIN.right, top, bottom, height,
    residual: { top, bottom: split }, main: { top: split + 12, bottom },
  };
  if (state.fit) drawGaps();
  drawAxis();
  if (state.fit) drawResidual(); else write("Data", frame.left, 10);
  drawSpectrum();
};
// No names and no axis of amplitudes: whoever judges must not see what the fit says.
const drawSpectrum = () => {
  const [low, high] = extreme(lines.data), { top, bottom } = frame.main;
  const down = (value) => bottom - 6 - ((value - low) / (high - low || 1)) * (bottom - top - 10) * state.tall;
  within(top, bottom, () => {
    stroke(lines.data, down, colours.data, 1.1);
    if (!state.fit) return;
    stroke(lines.baseline, down, colours.baseline, 1.2);
    stroke(lines.model, down, colours.model, 1.5);
  });
};

const openReasons = (decision) => {
  if (busy || record === null) return;
  verdict = decision;
  by("why-title").textContent = decision === "reject" ? "Why is it rejected?" : "What makes you unsure?";
  by("text").value = "";
  dialog.showModal();
};
const finishReasons = (reason) => {
  if (!reason) return;
  dialog.close();
  decide(verdict, reason);
};
const toggleFit = () => { state.fit = !state.fit; by("fit").setAttribute("aria-pressed", state.fit); };
const ACTIONS = {
  accept: () => decide("accept", ""), reject: () => openReasons("reject"), unsure: () => openReasons("unsure"),
  undo, "undo-last": undo, fit: toggleFit, whole: showWhole, in: () => zoom(0.6), out: () => zoom(1 / 0.6),
  left: () => move(0.2), right: () => move(-0.2), taller: () => { state.tall = Math.min(64, state.tall * 1.4); },
  lower: () => { state.tall = Math.max(0.5, state.tall / 1.4); },
};
const KEYS = {
  a: "accept", r: "reject", u: "unsure", z: "undo", Backspace: "undo", f: "fit", 0: "whole", "+": "in", "=": "in", "-": "out",
  ArrowLeft: "left", ArrowRight: "right", ArrowUp: "taller", ArrowDown: "lower",
};
const act = (name) => { ACTIONS[name](); if (!busy) draw(); };
for (const name of Object.keys(ACTIONS)) by(name).addEventListener("click", () => act(name));
for (const button of dialog.querySelectorAll("[data-reason]")) button.addEventListener("click", () => finishReasons(button.dataset.reason));
by("own").addEventListener("submit", (event) => { event.preventDefault(); finishReasons(by("text").value.trim()); });
by("cancel").addEventListener("click", () => dialog.close());
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (dialog.open) {
    const chosen = dialog.querySelectorAll("[data-reason]")[Number(event.key) - 1];
    if (chosen && document.activeElement !== by("text")) { event.preventDefault(); finishReasons(chosen.dataset.reason); }
    return;
  }
  const name = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (name) { event.preventDefault(); act(name); }
});
addEventListener("resize", () => draw());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); draw(); });
readColours();
busily(proceed, "The spectra could not be loaded");
