const byId = (id) => document.getElementById(id);

// What the browser itself has to say takes the place of the answer until there is another one.
const write = (id, content) => byId(id).replaceChildren(content);
const showError = (sentence) => {
  const box = Object.assign(document.createElement("div"), { className: "alert", role: "alert", textContent: sentence });
  write("browser-answer", box);
  write("browser-bars", "");
  byId("main").classList.add("from-browser");
};
const clearMessage = () => byId("main").classList.remove("from-browser");

// An image may be pasted or dropped anywhere on the page; Gradio itself takes it only in some places.
// Where images are taught, they go to the label that they are dropped on, or that is being named.
const placeFor = (target) => {
  const main = byId("main").classList;
  if (!main.contains("teaching")) return byId(main.contains("many") ? "folder-ways" : "ways");
  const places = [...document.querySelectorAll(".own-label, #after")].filter((place) => place.checkVisibility());
  return places.find((place) => place.contains(target)) ?? places.at(-1);
};
const uploadFiles = (files, target) => {
  const input = placeFor(target)?.querySelector("input[type=file]");
  if (!input || !files.length) return false;
  const carried = new DataTransfer();
  for (const file of input.multiple ? files : [...files].slice(0, 1)) carried.items.add(file);
  input.files = carried.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
};
document.addEventListener("paste", (event) => {
  if (uploadFiles(event.clipboardData?.files ?? [], event.target)) event.preventDefault();
});
document.addEventListener("dragover", (event) => event.preventDefault(), true);
document.addEventListener("drop", (event) => {
  event.preventDefault();
  event.stopPropagation();
  uploadFiles(event.dataTransfer?.files ?? [], event.target);
}, true);

document.addEventListener("change", (event) => {
  if (event.target.type !== "file") return;
  stopCamera();
  clearMessage();
  const most = window.gradio_config.max_file_size;
  const large = [...event.target.files].find((file) => file.size > most);
  if (!large) return;
  event.stopImmediatePropagation();
  event.target.value = "";
  const size = Math.round(most / 2 ** 20) || 1;
  showError(`${large.name} is too large: this page takes files of up to ${size} MB. Make it smaller, or choose another image.`);
}, true);

// What a phone offers to choose first. Gradio's own way to say so would turn other files away without an answer.
document.addEventListener("click", () => {
  const places = ["#ways", "#folder-ways", ".own-label", "#after"];
  for (const input of document.querySelectorAll(places.map((place) => `${place} input[type=file]`))) {
    input.accept = "image/*,.heic,.heif";
  }
}, true);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const code = button.parentElement.nextElementSibling;
  const name = button.ariaLabel;
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {  // not on https or localhost
    getSelection().selectAllChildren(code);
    button.textContent = "Selected: press Ctrl+C";
  }
  button.ariaLabel = button.textContent;
  setTimeout(() => Object.assign(button, { textContent: "Copy", ariaLabel: name }), 2000);
});
