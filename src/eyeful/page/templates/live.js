
// The live camera: the newest frame is sent when the last one is answered, at most four a second, and the server
// rests at least as long as it works.
const LONGEST = 480;
const PAUSE = 250;
let camera = null;
let asked = 0;  // grows whenever the camera is asked for or stopped: an older request must not start it any more

const frame = (video) => new Promise((done) => {
  const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.round(video.videoWidth * scale),
    height: Math.round(video.videoHeight * scale),
  });
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  canvas.toBlob(done, "image/jpeg", 0.9);
});

const setLive = (on) => {
  byId("main").classList.toggle("live", on);
  byId("live").setAttribute("aria-pressed", on);
  byId("live").textContent = on ? "Use this frame" : "Live camera";
};

const stopTracks = (stream) => stream.getTracks().forEach((track) => track.stop());

const stopCamera = () => {
  asked += 1;
  if (!camera) return;
  stopTracks(camera);
  camera = null;
  byId("camera").srcObject = null;
  clearMessage();
  setLive(false);
};

const useFrame = async () => {
  const blob = await frame(byId("camera"));
  stopCamera();
  uploadFiles([new File([blob], "camera.jpg", { type: "image/jpeg" })]);
};

const classifyFrames = async (stream) => {
  while (camera === stream) {
    const began = performance.now();
    const model = document.querySelector("#model input").value;
    const groups = document.querySelector("#sure input").checked ? "&groups=" : "";
    const address = `${window.gradio_config.root}/live?model=${encodeURIComponent(model)}${groups}`;
    const sent = { method: "POST", headers: { "content-type": "image/jpeg" }, body: await frame(byId("camera")) };
    const reply = await fetch(address, sent).catch(() => null);
    const answer = reply?.ok ? await reply.json() : null;
    if (camera !== stream) return;
    if (answer) {
      for (const [id, html] of [["browser-answer", answer.headline], ["browser-bars", answer.bars]]) {
        const content = document.createRange().createContextualFragment(html);
        content.querySelector("[role=status]")?.removeAttribute("role");  // not read aloud four times a second
        write(id, content);
      }
      byId("main").classList.add("from-browser");
    } else if (reply?.status !== 503) {  // 503: another visitor's frame is being classified
      stopCamera();
      showError("The server of this page does not answer. Reload the page.");
      return;
    }
    const took = performance.now() - began;
    await new Promise((done) => setTimeout(done, Math.max(PAUSE - took, took)));
  }
};

const startCamera = async () => {
  if (!navigator.mediaDevices) {
    showError("The browser gives the camera only to pages at localhost or with https. Choose a photo instead.");
    return;
  }
  stopCamera();
  const mine = asked;
  const isLate = () => mine !== asked;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 640 } },
    });
    if (isLate()) {
      stopTracks(stream);
      return;
    }
    camera = stream;
    byId("camera").srcObject = camera;
    await byId("camera").play();
  } catch {
    if (isLate()) return;
    stopCamera();
    showError("The browser does not give access to a camera. Allow it for this page, or choose a photo instead.");
    return;
  }
  if (isLate()) return;
  setLive(true);
  classifyFrames(camera);
};

document.addEventListener("click", (event) => {
  if (event.target.closest("#live")) {
    if (byId("main").classList.contains("live")) useFrame();
    else startCamera();
  } else if (event.target.closest("[role=tab], .example, #photo, #image")) {
    stopCamera();
    clearMessage();
  }
}, true);
document.addEventListener("visibilitychange", () => { if (document.hidden) stopCamera(); });
window.addEventListener("pagehide", stopCamera);
