"use strict";
const collate = new Intl.Collator(undefined, { numeric: true }).compare;
const table = document.querySelector("table.sortable");

function sort(head) {
  const place = [...head.parentNode.children].indexOf(head);
  const falling = head.ariaSort === "ascending" || (head.ariaSort === "none" && head.dataset.first === "descending");
  for (const other of head.parentNode.children) if (other.ariaSort) other.ariaSort = "none";
  head.ariaSort = falling ? "descending" : "ascending";
  const body = table.tBodies[0], sign = falling ? -1 : 1;
  const value = row => row.children[place].dataset.value ?? row.children[place].textContent;
  body.append(...[...body.rows].sort((a, b) => sign * collate(value(a), value(b)) || a.dataset.order - b.dataset.order));
}

if (table) {
  [...table.tBodies[0].rows].forEach((row, order) => { row.dataset.order = order; });
  for (const head of table.querySelectorAll("th[aria-sort]")) head.querySelector("button").addEventListener("click", () => sort(head));
  const find = document.getElementById("find");
  if (find) {
    find.hidden = false;
    find.addEventListener("input", () => {
      const text = find.value.trim().toLowerCase();
      for (const row of table.tBodies[0].rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(text);
    });
  }
}

// An image is shown larger, with the whole of its name to be copied.
const dialog = document.querySelector("dialog");
let opener = null;
for (const button of document.querySelectorAll("button.thumb"))
  button.addEventListener("click", () => {
    opener = button;
    const image = button.querySelector("img");
    dialog.querySelector("img").hidden = !image;
    if (image) dialog.querySelector("img").src = image.src;
    dialog.querySelector("p").textContent = button.dataset.said;
    dialog.querySelector("code").textContent = button.dataset.name;
    dialog.showModal();
  });
dialog.querySelector("button").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", event => event.target === dialog && dialog.close()); // beside it
dialog.addEventListener("close", () => opener.focus());
