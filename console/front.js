// The front page's button: sends the image to /api/v1/recognize and draws what comes back.
"use strict";

const $ = (id) => document.getElementById(id);
const canvas = $("canvas");
const paint = canvas.getContext("2d");
const astronaut = "/console/astronaut.jpg";
let image = null; // what the canvas shows: {bytes: Blob, bitmap: HTMLImageElement}

function load(bytes) {
  return new Promise((resolve, reject) => {
    const bitmap = new Image();
    bitmap.onload = () => resolve({ bytes, bitmap });
    bitmap.onerror = () => reject(new Error("This browser cannot show the image."));
    bitmap.src = URL.createObjectURL(bytes);
  });
}

function show(loaded) {
  if (image) URL.revokeObjectURL(image.bitmap.src);
  image = loaded;
  canvas.width = image.bitmap.naturalWidth;
  canvas.height = image.bitmap.naturalHeight;
  paint.drawImage(image.bitmap, 0, 0);
}

// Boxes are pixels of the upright image, which is also what the canvas shows.
function draw(faces) {
  paint.drawImage(image.bitmap, 0, 0);
  paint.lineWidth = Math.max(2, canvas.width / 200);
  paint.strokeStyle = "#2ecc71";
  for (const face of faces) paint.strokeRect(face.x, face.y, face.width, face.height);
}

const percent = (confidence) => `${(100 * confidence).toFixed(1)} %`;

function sentence(answer, ms) {
  const took = `${answer.latency.toFixed(1)} ms in the server, ${ms.toFixed(0)} ms in all.`;
  if (answer.labels) return `${answer.labels.map((l) => `${l.label} ${percent(l.confidence)}`).join(", ")}. ${took}`;
  const faces = answer.faces.map((face) => percent(face.confidence)).join(", ");
  return `${answer.faces.length} face${answer.faces.length === 1 ? "" : "s"}${faces && ` (${faces})`}. ${took}`;
}

async function recognize() {
  const begun = performance.now();
  const response = await fetch(`/api/v1/recognize?model_id=${encodeURIComponent($("model").value)}`, {
    method: "POST",
    headers: { "Content-Type": image.bytes.type },
    body: image.bytes,
  });
  const answer = await response.json();
  $("answer").textContent = JSON.stringify(answer, null, 2);
  $("answer").hidden = false;
  if (!response.ok) throw new Error(`${answer.status}: ${answer.detail}`);
  draw(answer.faces || []);
  $("said").textContent = sentence(answer, performance.now() - begun);
}

async function tell(work) {
  $("said").className = "";
  try {
    await work();
  } catch (error) {
    $("said").className = "bad";
    $("said").textContent = error.message;
  }
}

const ready = tell(async () => show(await load(await (await fetch(astronaut)).blob())));
$("run").addEventListener("click", () => ready.then(() => tell(recognize)));
$("file").addEventListener("change", () => tell(async () => {
  if (!$("file").files[0]) return;
  show(await load($("file").files[0]));
  await recognize();
}));
