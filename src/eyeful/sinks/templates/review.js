"use strict";
const at = id => document.getElementById(id);
const { columns, cells, key } = JSON.parse(at("rows").textContent);
const items = [...document.querySelectorAll("ol > li")];
const buttons = [...document.querySelectorAll("[data-verdict]")];
const VERDICT = columns.indexOf("verdict");
const LETTERS = { yes: "y", no: "n", unsure: "u", "": "-" };
const verdicts = items.map(() => ""); // "yes", "no", "unsure"; "" as long as it is not judged
const judged = []; // places, in the order in which they were judged: the way back
let current = 0, stored = true, unsaved = false;

// The same numbers as Python's: the Wilson interval, and a decimal that is rounded half to even.
function wilson(right, of) {
  const z = 1.959963984540054, share = right / of, scale = 1 + z * z / of;
  const middle = (share + z * z / (2 * of)) / scale;
  const half = z / scale * Math.sqrt(share * (1 - share) / of + z * z / (4 * of * of));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
function percent(share) {
  const whole = 100 * share;
  return `${whole % 1 === 0.25 ? Math.floor(whole) + ".2" : whole.toFixed(1)}%`;
}
function scoreOf(yes, no, unsure) {
  const rest = unsure ? `; ${unsure} can’t say` : "";
  if (!yes && !no) return `So far none judged${rest}`;
  const [low, high] = wilson(yes, yes + no);
  return `So far ${yes} of ${yes + no} right: ${percent(yes / (yes + no))}, between ${percent(low)} and ${percent(high)}${rest}`;
}

function show(place, judging = true) {
  current = place;
  document.body.className = judging ? "judging" : "overview";
  const counts = { yes: 0, no: 0, unsure: 0, "": 0 };
  for (const verdict of verdicts) counts[verdict]++;
  items.forEach((item, index) => item.className = `${verdicts[index]}${index === current ? " current" : ""}`);
  const done = items.length - counts[""];
  const score = scoreOf(counts.yes, counts.no, counts.unsure);
  at("so-far").textContent = score;
  at("score").textContent = done < items.length ? score : score.replace("So far", "All judged.");
  at("position").textContent = judging ? `${place + 1} of ${items.length}` : `${done} of ${items.length}`;
  document.querySelector("progress").value = done;
  at("switch").textContent = judging ? "All verdicts" : done < items.length ? "Go on judging" : "Look again";
  at("back").disabled = !judged.length;
  at("controls").hidden = !judging;
  for (const button of buttons) button.ariaPressed = String(button.dataset.verdict === verdicts[place]);
  for (const next of [place, place + 1]) items[next]?.querySelector("img")?.decode().catch(() => {});
}

function unjudged(from) {
  const order = [...items.keys()];
  return [...order.slice(from), ...order.slice(0, from)].find(place => !verdicts[place]);
}

function judge(verdict) {
  verdicts[current] = verdict;
  judged.push(current);
  store();
  const next = unjudged(current);
  show(next ?? current, next !== undefined);
}

function back() {
  if (judged.length) show(judged.pop());
}

function store() {
  unsaved = true;
  try {
    localStorage.setItem(key, verdicts.map(verdict => LETTERS[verdict]).join(""));
  } catch {
    if (stored) tell("This browser stores nothing for this page: save verdicts.csv before you close it.", true);
    stored = false;
  }
}

function restore() {
  try {
    const letters = localStorage.getItem(key) ?? "";
    const known = Object.keys(LETTERS);
    if (letters.length === items.length) [...letters].forEach((letter, place) => verdicts[place] = known.find(verdict => LETTERS[verdict] === letter) ?? "");
  } catch {
    stored = false;
  }
}

function tell(text, bad = false) {
  at("message").textContent = text;
  at("message").hidden = false;
  at("message").classList.toggle("bad", bad);
}

const quoted = cell => /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
const csv = () => [columns, ...cells.map((row, place) => row.with(VERDICT, verdicts[place]))].map(row => row.map(quoted).join(",") + "\n").join("");

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  link.download = "verdicts.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  unsaved = false;
}

function parsed(text) {
  const rows = [[""]], separator = /^[^\n]*;/.test(text) && !/^[^\n]*,/.test(text) ? ";" : ","; // spreadsheets write both
  let quoting = false, closed = false;
  for (const [token] of text.replace(/^\ufeff/, "").matchAll(/\r\n|[",;\r\n]|[^",;\r\n]+/g)) {
    const row = rows.at(-1);
    if (token === '"') {
      if (closed) row[row.length - 1] += token; // a doubled one
      quoting = !quoting;
      closed = !quoting;
      continue;
    }
    closed = false;
    if (!quoting && token === separator) row.push("");
    else if (!quoting && /^[\r\n]/.test(token)) rows.push([""]);
    else row[row.length - 1] += token;
  }
  return rows.filter(row => row.length > 1 || row[0]);
}

// A row is this page's if it asks the same of the same image; of equal ones, the first is the first.
function take(text) {
  const [header, ...rows] = parsed(text);
  const names = ["filename", "filename_b64", "index", "group", "model"];
  const places = names.map(name => header?.indexOf(name) ?? -1), said = header?.indexOf("verdict") ?? -1;
  if (said < 0 || places.includes(-1)) return tell("This is no verdicts.csv: its first line names other columns.", true);
  const own = new Map();
  cells.forEach((row, place) => {
    const identity = JSON.stringify(names.map(name => row[columns.indexOf(name)]));
    own.set(identity, [...(own.get(identity) ?? []), place]);
  });
  let taken = 0, foreign = 0;
  for (const row of rows) {
    const place = own.get(JSON.stringify(places.map(column => row[column])))?.shift();
    const verdict = row[said]?.trim().toLowerCase();
    if (place === undefined || !(verdict in LETTERS)) foreign++;
    else if (verdict) verdicts[place] = verdict, taken++;
  }
  if (taken) store();
  const rest = foreign ? `; ${foreign} of its rows ${foreign === 1 ? "is" : "are"} not of this page` : "";
  tell(`${taken} ${taken === 1 ? "verdict" : "verdicts"} loaded${rest}.`, !taken);
  show(unjudged(0) ?? 0, false);
}

const load = async file => file && take(await file.text());

for (const button of buttons)
  button.addEventListener("click", event => {
    if (event.detail) button.blur(); // else the space bar would press it again
    judge(button.dataset.verdict);
  });
at("back").addEventListener("click", event => {
  if (event.detail) event.currentTarget.blur();
  back();
});
const toggle = () => show(document.body.className === "judging" ? current : unjudged(current) ?? current, document.body.className !== "judging");
at("switch").addEventListener("click", event => {
  if (event.detail) event.currentTarget.blur();
  toggle();
});
for (const button of document.querySelectorAll(".save"))
  button.addEventListener("click", event => {
    if (event.detail) button.blur();
    save();
  });
at("forget").addEventListener("click", () => {
  if (!confirm("Forget all verdicts on this page?")) return;
  verdicts.fill("");
  judged.length = 0;
  store();
  show(0, false);
});
at("load").addEventListener("change", async ({ target }) => {
  await load(target.files[0]);
  target.value = "";
});
addEventListener("dragover", event => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", () => document.body.classList.remove("dropping"));
addEventListener("drop", event => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  load(event.dataTransfer.files[0]);
});
items.forEach((item, place) => item.querySelector(".image").addEventListener("click", () => {
  if (document.body.className !== "judging") show(place);
}));

const actions = {
  y: () => judge("yes"), ArrowRight: () => judge("yes"),
  n: () => judge("no"), ArrowLeft: () => judge("no"),
  " ": () => judge("unsure"), ArrowDown: () => judge("unsure"),
  u: back, ArrowUp: back, Backspace: back,
};
addEventListener("keydown", event => {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (name === " " && event.target.closest("button, summary, input")) return; // presses it
  if (name === "o") toggle();
  else if (document.body.className === "judging" && actions[name]) {
    event.preventDefault();
    actions[name]();
  }
});

// A swipe to the right says yes, to the left no.
let start = null;
const swipe = ({ clientX, clientY }) => Math.abs(clientX - start.x) > 1.5 * Math.abs(clientY - start.y) ? clientX - start.x : 0;
const list = document.querySelector("ol");
list.addEventListener("pointerdown", event => {
  start = event.pointerType === "touch" && event.isPrimary && document.body.className === "judging" ? { x: event.clientX, y: event.clientY } : null;
});
list.addEventListener("pointermove", event => {
  if (!start) return;
  items[current].classList.add("moving");
  items[current].style.setProperty("--x", `${swipe(event)}px`);
});
const release = event => {
  if (!start) return;
  const way = event.type === "pointerup" ? swipe(event) : 0;
  start = null;
  items[current].classList.remove("moving");
  if (Math.abs(way) > 70) judge(way > 0 ? "yes" : "no");
};
for (const type of ["pointerup", "pointercancel"]) list.addEventListener(type, release);
addEventListener("beforeunload", event => !stored && unsaved && event.preventDefault());

for (const hidden of document.querySelectorAll("header [hidden], .tools, .then")) hidden.hidden = false;
restore();
const first = unjudged(0);
show(first ?? 0, first !== undefined);
