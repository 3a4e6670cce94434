"use strict";
// Sort a table by the column whose heading is selected; missing values stay at the end either way.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const key = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.order !== undefined) return Number(cell.dataset.order);
    const text = cell.textContent.trim();
    return text === "n/a" ? null : text;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows];
    rows.sort((first, second) => {
      const a = key(first, column), b = key(second, column);
      if (a === null || b === null) return (a === null) - (b === null);
      return up ? compare(a, b) : compare(b, a);
    });
    table.tBodies[0].append(...rows);
  }));
}
// A link to a scan opens it.
const openTarget = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", openTarget);
openTarget();
// The fit to explore, in a frame of its own instead of the picture.
const textOf = (id) => document.getElementById(id).textContent;
const explore = (button) => {
  const source = document.getElementById(button.getAttribute("aria-controls"));
  const frame = document.createElement("iframe");
  frame.className = "fit";
  frame.sandbox = "allow-scripts";  // it is a page of its own and cannot touch the report
  frame.title = `Fit of ${source.dataset.title} to explore`;
  const body = unpacked(source.textContent);
  const head = `<meta charset="utf-8"><meta name="color-scheme" content="light dark"><style>${textOf("fit-style")}</style>`;
  frame.srcdoc = `<!DOCTYPE html><html lang="en" class="plain"><head>${head}</head><body>${body}<script>${textOf("fit-code")}
new ResizeObserver(() => parent.postMessage(document.body.scrollHeight, "*")).observe(document.body);</` + `script></body></html>`;
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || typeof event.data !== "number") return;
    frame.style.height = `${Math.min(5000, Math.max(100, event.data + 4))}px`;
  });
  button.closest("figure").replaceWith(frame);
  frame.focus();
};
for (const button of document.querySelectorAll("button.explore")) {
  button.hidden = false;
  button.addEventListener("click", () => explore(button));
}
// On paper everything is open; afterwards as it was.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => { closed.forEach((one) => { one.open = false; }); });
