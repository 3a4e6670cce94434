"use strict";
// One spectrum at a time. A verdict counts as given only when the server has confirmed that it is on the disk.
const by = (id) => document.getElementById(id);
const canvas = by("plot"), pen = canvas.getContext("2d"), dialog = by("why");
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const MARGIN = { left: 14, right: 14, top: 20, bottom: 40 };
let state = null, spectrum = null, verdict = null, busy = false;
const view = { left: 4.2, right: 0.2, tall: 1, fit: true };

const unpack = (points, { low, step, codes }) => {
  const values = new Float64Array(points).fill(low);
  if (!codes) return values;
  const bytes = Uint8Array.from(atob(codes), (letter) => letter.charCodeAt(0));
  new Uint16Array(bytes.buffer).forEach((code, i) => { values[i] = code === 65535 ? NaN : low + step * code; });
  return values;
};
const unpackAxis = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

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

const showState = () => {
  by("progress").textContent = `${state.judged} of ${state.total} judged`;
  by("bar").value = state.total ? state.judged / state.total : 1;
  by("undo").disabled = by("undo-last").disabled = !state.can_undo;
  by("work").hidden = state.position === null;
  by("finished").hidden = state.position !== null;
  by("counts").textContent = Object.entries(state.counts).map(([name, count]) => `${name}: ${count}`).join(", ");
};
// A recording without a spectrum is passed over by the server, so ask until there is one or nothing is left.
const proceed = async () => {
  state = state ?? (await ask("state"));
  spectrum = null;
  while (state.position !== null && spectrum === null) {
    showState();
    draw();
    const record = await ask(`spectrum/${state.position}`);
    if (record.points) spectrum = record; else state = await ask("state");
  }
  showState();
  if (spectrum === null) return;
  const lines = {};
  for (const name of ["data", "model", "baseline", "residual"]) lines[name] = unpack(spectrum.points, spectrum[name]);
  spectrum = { ppm: unpackAxis(spectrum.ppm), noise: spectrum.noise, gaps: spectrum.gaps, ...lines };
  whole();
};
const decide = (decision, reason) => busily(async () => {
  if (spectrum === null || state.position === null) return;
  state = await ask("decide", { position: state.position, decision, reason });
  await proceed();
}, "The verdict was NOT saved");
// A verdict needs a spectrum in view; undo does not, so it waits until the spectrum that is being loaded is there.
const undo = async () => {
  while (busy) await new Promise((go) => { setTimeout(go, 30); });
  await takeBack();
};
const takeBack = () => busily(async () => { state = await ask("undo", {}); await proceed(); }, "Nothing was undone");

const whole = () => {
  if (spectrum === null) return;
  view.left = spectrum.ppm[0]; view.right = spectrum.ppm[spectrum.ppm.length - 1]; view.tall = 1;
  draw();
};
const limits = () => [spectrum.ppm[0], spectrum.ppm[spectrum.ppm.length - 1]];
const move = (share) => {
  const [high, low] = limits(), width = view.left - view.right;
  const shift = Math.min(high - view.left, Math.max(low - view.right, share * width));
  view.left += shift; view.right += shift;
};
const zoom = (factor) => {
  const [high, low] = limits(), middle = (view.left + view.right) / 2;
  const half = Math.min((high - low) / 2, Math.max(0.1, ((view.left - view.right) / 2) * factor));
  view.left = middle + half; view.right = middle - half;
  move(0);
};

const draw = () => {
  const sharp = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * sharp); canvas.height = Math.round(height * sharp);
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  if (spectrum === null) { pen.fillStyle = style("--soft"); pen.fillText("computing the spectrum …", MARGIN.left, 40); return; }
  const across = (value) => MARGIN.left + ((view.left - value) / (view.left - view.right)) * (width - MARGIN.left - MARGIN.right);
  const split = view.fit ? MARGIN.top + 0.17 * (height - MARGIN.top - MARGIN.bottom) : MARGIN.top - 12;
  const bottom = height - MARGIN.bottom;
  if (view.fit) drawGaps(across, MARGIN.top, bottom);
  drawAxis(across, width, bottom);
  if (view.fit) drawResidual(across, MARGIN.top, split, width);
  drawSpectrum(across, split + 12, bottom);
  pen.fillStyle = style("--soft"); pen.textAlign = "left";
  pen.fillText(view.fit ? `Residual (own scale, band: ±2 SD of the noise${spectrum.gaps.length ? "; shaded: left out of the fit" : ""})` : "Data", MARGIN.left, 12);
};
const drawAxis = (across, width, bottom) => {
  const span = view.left - view.right, step = [0.05, 0.1, 0.2, 0.5, 1].find((one) => span / one <= width / 70) ?? 1;
  pen.strokeStyle = style("--ink"); pen.fillStyle = style("--ink"); pen.lineWidth = 1; pen.textAlign = "center";
  pen.beginPath(); pen.moveTo(MARGIN.left, bottom); pen.lineTo(width - MARGIN.right, bottom); pen.stroke();
  for (let i = Math.ceil(view.right / step); i * step <= view.left + 1e-9; i++) {
    const x = across(i * step);
    pen.beginPath(); pen.moveTo(x, bottom); pen.lineTo(x, bottom + 5); pen.stroke();
    pen.fillText((i * step).toFixed(step < 0.1 ? 2 : 1), x, bottom + 17);
  }
  pen.fillText("Chemical shift (ppm)", width / 2, bottom + 34);
};
const stroke = (values, across, down, colour, thick) => {
  const { ppm } = spectrum;
  pen.strokeStyle = colour; pen.lineWidth = thick; pen.lineJoin = "round"; pen.beginPath();
  for (let i = 0; i < ppm.length; i++) {
    if (ppm[i] > view.left + 0.05 || ppm[i] < view.right - 0.05) continue;
    pen.lineTo(across(ppm[i]), down(values[i]));
  }
  pen.stroke();
};
const within = (top, bottom, work) => {
  pen.save(); pen.beginPath(); pen.rect(MARGIN.left, top, canvas.clientWidth - MARGIN.left - MARGIN.right, bottom - top); pen.clip();
  work(); pen.restore();
};
const drawGaps = (across, top, bottom) => {
  pen.fillStyle = style("--gap");
  for (const [low, high] of spectrum.gaps) within(top, bottom, () => pen.fillRect(across(high), top, across(low) - across(high), bottom - top));
};
const drawResidual = (across, top, bottom, width) => {
  const reach = Math.max(3 * spectrum.noise, ...spectrum.residual.map(Math.abs)) * 1.05;
  const down = (value) => (top + bottom) / 2 - (value / reach) * ((bottom - top) / 2);
  pen.fillStyle = style("--band");
  pen.fillRect(MARGIN.left, down(2 * spectrum.noise), width - MARGIN.left - MARGIN.right, down(-2 * spectrum.noise) - down(2 * spectrum.noise));
  within(top, bottom, () => stroke(spectrum.residual, across, down, style("--data"), 1));
};
const drawSpectrum = (across, top, bottom) => {
  const low = Math.min(...spectrum.data), high = Math.max(...spectrum.data), room = high - low || 1;
  const down = (value) => bottom - 6 - ((value - low) / room) * (bottom - top - 10) * view.tall;
  within(top, bottom, () => {
    stroke(spectrum.data, across, down, style("--data"), 1.1);
    if (!view.fit) return;
    stroke(spectrum.baseline, across, down, style("--baseline"), 1.2);
    stroke(spectrum.model, across, down, style("--model"), 1.5);
  });
};

const openReasons = (decision) => {
  if (busy || spectrum === null) return;
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
const toggleFit = () => { view.fit = !view.fit; by("fit").setAttribute("aria-pressed", view.fit); };
const ACTIONS = {
  accept: () => decide("accept", ""), reject: () => openReasons("reject"), unsure: () => openReasons("unsure"),
  undo, "undo-last": undo, fit: toggleFit, whole, in: () => zoom(0.6), out: () => zoom(1 / 0.6),
  left: () => move(0.2), right: () => move(-0.2), taller: () => { view.tall = Math.min(64, view.tall * 1.4); },
  lower: () => { view.tall = Math.max(0.5, view.tall / 1.4); },
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
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
busily(proceed, "The spectra could not be loaded");
