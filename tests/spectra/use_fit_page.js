// Uses everything on the page of a fit, as a person would, and tells what came of it.
const told = {}, fired = [];
addEventListener("error", (event) => fired.push(event.message));
const at = (type, x, y) => {
  const box = canvas.getBoundingClientRect();
  canvas.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX: box.left + x, clientY: box.top + y, button: 0 }));
};
const press = (key, more = {}) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
const range = () => [state.left, state.right];
const wheel = (more) => {
  const event = new WheelEvent("wheel", { bubbles: true, cancelable: true, clientX: canvas.getBoundingClientRect().left + across(3), ...more });
  canvas.dispatchEvent(event);
  return event.defaultPrevented;
};
const seen = () => { draw(); return canvas.toDataURL(); };
const y = frame.residual.top + 10;
told.data = [...lines.data];
told.naa = [...parts.find((part) => part.name === "NAA").values];
told.tcr = [...parts.find((part) => part.name === "tCr").values];
told.full = range();
told.high_left = across(4) < across(1);
told.fits = document.documentElement.scrollWidth <= innerWidth;
at("pointerdown", across(2.6), y); at("pointermove", across(2.3), y); at("pointermove", across(2.0), y); at("pointerup", across(2.0), y);
told.dragged = range();
at("pointermove", across(ppm[300]) , y);
canvas.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
told.reset = range();
at("pointermove", across(ppm[300]), y);
told.reading = document.getElementById("reading").textContent;
at("pointerleave", 0, 0);
wheel({ deltaY: -200 }); told.wheel = range();
wheel({ deltaY: 2000 }); told.wheel_out = range();
told.page_scrolls = !wheel({ deltaY: 200 });
press("+"); told.plus = range(); press("ArrowLeft"); told.left = range(); press("ArrowRight"); told.right = range();
press("-"); told.minus = range(); press("+"); press("0"); told.zero = range();
const before = mainRange(); press("ArrowUp"); told.up = mainRange()[0] > before[0]; press("0");
press("ArrowRight", { shiftKey: true }); told.cursor = state.cursor !== null; press("Escape");
document.getElementById("in").click(); told.button = range(); document.getElementById("reset").click();
const first = seen();
told.changes = [];
for (const box of document.querySelectorAll("input[type=checkbox]")) {
  box.click(); told.changes.push(seen() !== first); box.click();
  if (seen() !== first) told.changes.push("not undone");
}
const arrangement = document.getElementById("arrangement");
told.arrangements = ["rows", "own", "over"].map((name) => {
  arrangement.value = name; arrangement.dispatchEvent(new Event("change")); return seen();
}).filter((picture, i, all) => all.indexOf(picture) === i).length;
document.getElementById("none").click(); told.none = chosen().length;
document.getElementById("all").click(); told.all = chosen().length;
told.focusable = [...document.querySelectorAll("input, button, select, canvas")].every((one) => one.tabIndex === 0);
told.fired = fired;
document.title = "done";
const out = document.createElement("pre");
out.id = "told"; out.textContent = JSON.stringify(told); document.body.append(out);
