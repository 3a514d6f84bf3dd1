// A picture dropped on the board becomes the lines of a shot. The picture itself is sent nowhere.

import { $, make, plain, say, show } from "./dom.js";
import { cropBox } from "./geometry.js";
import { tr } from "./language.js";
import { ask } from "./net.js";

let notify = () => {};
let deliverables = () => [];
let takeComments = () => {};

// ``comments`` takes in a file that is dropped and is no picture.
export function use(made, act, comments) {
  deliverables = made;
  notify = act;
  takeComments = comments;
}

async function facts(file) {
  const picture = await createImageBitmap(file);
  const { width, height } = picture;
  picture.close();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { name: file.name, width, height, bytes: file.size, sha256, prompt: tr("describe what happens") };
}

async function open(file) {
  let picture;
  try {
    picture = await facts(file);
  } catch {
    return notify(tr("{name} is not a picture that the browser can read", { name: plain(file.name) }), true);
  }
  const answer = await ask("snippet", picture);
  if (answer.error) return notify(answer.error, true);
  fill(picture, answer);
  if (!$("snippet").open) $("snippet").showModal();
  $("snippet-copy").focus();
}

function fill(picture, { yaml, path, size, clip }) {
  say($("snippet-title"), plain(picture.name));
  $("snippet-yaml").value = yaml;
  $("snippet-yaml").rows = yaml.trimEnd().split("\n").length;
  say($("snippet-copy"), tr("Copy"));
  const place = path
    ? tr("{size}, found at {path}", { size, path: plain(path) })
    : tr("{size}; not found near the list: put the file there, or change the path", { size });
  say($("snippet-place"), place);
  $("snippet-place").classList.toggle("bad", !path);
  show($("snippet-clip"), true);
  say($("snippet-clip"), clip ? clipFacts(clip) : tr("the clip and its price are not known: the list's defaults are incomplete"));
  $("snippet-crops").replaceChildren(...(clip?.width ? deliverables().map((item) => make("li", "", kept(item, clip))) : []));
}

function clipFacts({ model, tier, seconds, width, height, price }) {
  const parts = [model, tier, tr("{seconds} s", { seconds }), `${width}×${height}`, price ?? tr("price unknown")];
  return parts.join(" · ");
}

function kept({ name, aspect, fit }, { width, height }) {
  const box = fit === "crop" ? cropBox(width, height, aspect, [500, 500]) : null;
  if (!box) return tr("{name}: whole picture", { name });
  const percent = (100 - (100 * box.width * box.height) / (width * height)).toFixed(1);
  return tr("{name}: loses {percent} %", { name, percent });
}

async function copy() {
  const text = $("snippet-yaml");
  text.select();
  try {
    await navigator.clipboard.writeText(text.value);
    say($("snippet-copy"), tr("Copied"));
  } catch {
    notify(tr("press Ctrl-C to copy the lines"));
  }
}

const isText = (file) => /\.(json|txt)$/i.test(file.name) || ["application/json", "text/plain"].includes(file.type);
const first = (files) => [...files].find((file) => file.type.startsWith("image/"));

$("snippet-copy").addEventListener("click", copy);
$("add").addEventListener("click", () => $("add-file").click());
$("add-file").addEventListener("change", () => {
  const [file] = $("add-file").files;
  $("add-file").value = "";
  if (file) open(file);
});
addEventListener("dragover", (event) => {
  if (![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
  document.body.classList.add("dropping");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  const file = first(event.dataTransfer.files);
  const comments = [...event.dataTransfer.files].find(isText);
  if (file) open(file);
  else if (comments) takeComments(comments);
  else notify(tr("drop a picture, or a file of comments"), true);
});
