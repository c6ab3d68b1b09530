() => {
  // An image may be pasted or dropped anywhere on the page; Gradio itself takes it only in some places.
  const give = (files) => {
    const one = document.getElementById("aside")?.checkVisibility();
    const input = document.querySelector(one ? "#image input[type=file]" : "#files input[type=file]");
    if (!input || !files.length) return false;
    const carried = new DataTransfer();
    for (const file of one ? [...files].slice(0, 1) : files) carried.items.add(file);
    input.files = carried.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };
  document.addEventListener("paste", (event) => {
    if (give(event.clipboardData?.files ?? [])) event.preventDefault();
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!event.defaultPrevented) give(event.dataTransfer?.files ?? []);
    event.preventDefault();
  });
}
