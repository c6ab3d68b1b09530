"use strict";
const at = id => document.getElementById(id);
const list = document.querySelector("ol"), dialog = document.querySelector("dialog"), article = dialog.querySelector("article");
const filters = [...document.querySelectorAll("[data-group]")];
const prefix = at("prefix")?.textContent ?? "";
const cards = [...list.children].map((node, place) => {
  const name = node.querySelector(".file").textContent;
  return {
    node, place, name,
    order: Number(node.dataset.order),
    prob: Number(node.dataset.prob), // not a number for an error
    label: node.querySelector(".score span")?.textContent ?? "",
    text: (node.querySelector("h3").textContent + "\n" + name).toLowerCase(),
  };
});

// Errors have neither a label nor a probability: they come last in such orders.
const collate = new Intl.Collator(undefined, { numeric: true }).compare;
const byProb = sign => (a, b) => isNaN(a.prob) - isNaN(b.prob) || sign * (a.prob - b.prob) || a.order - b.order;
const orders = {
  concern: (a, b) => a.place - b.place,
  given: (a, b) => a.order - b.order,
  name: (a, b) => collate(a.name, b.name) || a.order - b.order,
  label: (a, b) => !a.label - !b.label || collate(a.label, b.label) || a.order - b.order,
  lowest: byProb(1),
  highest: byProb(-1),
};

function sort() {
  cards.sort(orders[at("sort").value]);
  list.append(...cards.map(card => card.node));
}

// Within a group (status, label, ...) any pressed value will do; of several groups, all must.
function filter() {
  const pressed = new Map();
  for (const { dataset, ariaPressed } of filters)
    if (ariaPressed === "true") pressed.set(dataset.group, (pressed.get(dataset.group) ?? new Set()).add(dataset.value));
  const text = at("search").value.trim().toLowerCase();
  const fits = ({ node, text: own }) => own.includes(text)
    && [...pressed].every(([group, values]) => (node.dataset[group] ?? "").split(" ").some(value => values.has(value)));
  let shown = 0;
  for (const card of cards) {
    const fit = fits(card);
    card.node.hidden = !fit;
    shown += fit;
  }
  at("status").textContent = `${shown} of ${cards.length} shown`;
  at("nothing").hidden = shown > 0 || !cards.length;
  at("clear").hidden = !pressed.size && !text;
}

let current = null;

function enlarge(card) {
  current = card;
  const shown = cards.filter(({ node }) => !node.hidden);
  const copy = card.node.cloneNode(true);
  const button = copy.querySelector(".open");
  button.replaceWith(...button.childNodes);
  const image = copy.querySelector("img");
  if (image) image.style.maxWidth = `min(100%, ${2 * card.node.querySelector("img").naturalWidth}px)`; // more would blur
  copy.querySelector(".file").prepend(prefix);
  article.className = copy.className;
  article.replaceChildren(...copy.childNodes);
  at("position").textContent = `${shown.indexOf(card) + 1} of ${shown.length}`;
  at("copy").textContent = "Copy the path";
  if (!dialog.open) dialog.showModal();
}

function move(steps) {
  const shown = cards.filter(({ node }) => !node.hidden);
  enlarge(shown[(shown.indexOf(current) + steps + shown.length) % shown.length]);
}

async function copyPath() {
  const path = article.querySelector(".file");
  try {
    await navigator.clipboard.writeText(path.textContent);
    at("copy").textContent = "Copied";
  } catch { // a browser that does not let pages write there
    getSelection().selectAllChildren(path);
    at("copy").textContent = "Selected";
  }
}

for (const button of filters)
  button.addEventListener("click", () => {
    button.ariaPressed = button.ariaPressed !== "true";
    filter();
  });
at("search").addEventListener("input", filter);
at("sort").addEventListener("change", sort);
at("clear").addEventListener("click", () => {
  for (const button of filters) button.ariaPressed = "false";
  at("search").value = "";
  filter();
  at("search").focus();
});
list.addEventListener("click", event => {
  const node = event.target.closest("li");
  const selecting = !getSelection().isCollapsed && !event.target.closest(".open");
  if (node && !selecting) enlarge(cards.find(card => card.node === node));
});
at("previous").addEventListener("click", () => move(-1));
at("next").addEventListener("click", () => move(1));
at("copy").addEventListener("click", copyPath);
at("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", event => event.target === dialog && dialog.close()); // beside it
dialog.addEventListener("close", () => current.node.querySelector(".open").focus());
dialog.addEventListener("keydown", ({ key }) => {
  if (key === "ArrowLeft" || key === "ArrowRight") move(key === "ArrowLeft" ? -1 : 1);
});
document.addEventListener("keydown", event => {
  if (event.key !== "/" || dialog.open || event.target.matches("input, select")) return;
  event.preventDefault();
  at("search").focus();
});
document.querySelector(".tools").hidden = false;
// On a small screen the images come first, and the counts unfold.
document.querySelector(".overview").open = !matchMedia("(max-width: 40rem)").matches;
filter();
