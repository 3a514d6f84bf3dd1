// The crops of a shot's picked take, and the point that they keep in view.

import { $, make, say, show } from "./dom.js";
import { cropBox } from "./geometry.js";
import { tr } from "./language.js";

let shot = null;
let card = null; // of the picked take
let deliverables = [];
let focus = [500, 500];
let dragging = false;
let saving = 0;
let layer = null;
let keepFocus = () => {};

export function onMove(act) {
  keepFocus = act;
}

// Another shot: a move that was not over is not meant for it.
export function drop() {
  clearTimeout(saving);
  saving = 0;
  dragging = false;
}

export function open(next, facts, picked) {
  shot = next;
  card = picked;
  deliverables = facts?.deliverables ?? [];
  if (!dragging && !saving) focus = [...shot.focus];
  show($("uncentre"), shot.focused);
  draw();
}

function draw() {
  const crops = deliverables.filter((deliverable) => deliverable.fit === "crop");
  const known = card?.take.width;
  if (!layer) layer = newLayer();
  layer.point.hidden = !known;
  if (card && layer.root.parentNode !== card.frame) card.frame.append(layer.root);
  const [width, height] = known ? [card.take.width, card.take.height] : [0, 0];
  while (layer.boxes.length > crops.length) layer.boxes.pop().remove();
  while (layer.boxes.length < crops.length) addBox();
  crops.forEach((crop, index) => place(layer.boxes[index], crop, width, height));
  layer.point.style.left = `${focus[0] / 10}%`;
  layer.point.style.top = `${focus[1] / 10}%`;
  const label = tr("Focus point: {x} % across, {y} % down. Arrow keys move it", { x: focus[0] / 10, y: focus[1] / 10 });
  if (layer.point.getAttribute("aria-label") !== label) layer.point.setAttribute("aria-label", label);
  list(width, height);
}

function addBox() {
  const box = make("div", `box c${layer.boxes.length % 6}`);
  box.append(make("span"));
  layer.root.insertBefore(box, layer.point);
  layer.boxes.push(box);
}

// The point a deliverable keeps in view: its own in the list comes first.
const aimed = (deliverable) => deliverable.focus[shot.id] ?? focus;

function place(box, deliverable, width, height) {
  const crop = width ? cropBox(width, height, deliverable.aspect, aimed(deliverable)) : null;
  box.hidden = !crop;
  if (!crop) return;
  box.style.left = `${(crop.x / width) * 100}%`;
  box.style.top = `${(crop.y / height) * 100}%`;
  box.style.width = `${(crop.width / width) * 100}%`;
  box.style.height = `${(crop.height / height) * 100}%`;
  say(box.firstChild, deliverable.name);
}

function list(width, height) {
  let crop = 0;
  const items = deliverables.map((deliverable) => {
    const item = make("li");
    const name = make("b", deliverable.fit === "crop" ? `c${crop++ % 6}` : "", deliverable.name);
    const parts = [deliverable.aspect.join(":"), kept(deliverable, width, height)];
    if (deliverable.focus[shot.id]) parts.push(tr("own focus, set in the list"));
    item.append(name, ` ${parts.join(" · ")}`);
    return item;
  });
  $("crops").replaceChildren(...items);
}

// What a deliverable keeps of the picked clip, in words.
function kept({ fit, aspect, ...deliverable }, width, height) {
  if (fit === "pad") return tr("whole picture with bars");
  if (fit === "blur") return tr("whole picture on a blurred copy");
  const box = width ? cropBox(width, height, aspect, aimed(deliverable)) : null;
  if (!box) return tr("not known yet");
  const lost = 100 - (100 * box.width * box.height) / (width * height);
  return tr("{size} at {x}, {y} · loses {percent} %", { size: `${box.width}×${box.height}`, ...box, percent: lost.toFixed(1) });
}

function newLayer() {
  const root = make("div", "layer");
  const point = make("button", "point");
  point.type = "button";
  point.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    point.focus();
    point.setPointerCapture(event.pointerId);
    dragging = true;
  });
  point.addEventListener("pointermove", (event) => {
    if (!dragging) return;
    const area = root.getBoundingClientRect();
    aim(
      Math.round(((event.clientX - area.left) / area.width) * 1000),
      Math.round(((event.clientY - area.top) / area.height) * 1000),
    );
  });
  for (const end of ["pointerup", "pointercancel"]) {
    point.addEventListener(end, () => {
      if (!dragging) return;
      dragging = false;
      keep();
    });
  }
  root.append(point);
  return { root, point, boxes: [] };
}

function aim(x, y) {
  focus = [x, y].map((place) => Math.min(1000, Math.max(0, place)));
  draw();
}

async function keep() {
  clearTimeout(saving);
  saving = 0;
  await keepFocus(shot.id, focus);
}

export function nudge(x, y) {
  if (!shot || layer?.point.hidden) return;
  aim(focus[0] + x, focus[1] + y);
  clearTimeout(saving);
  saving = setTimeout(keep, 350);
}

$("uncentre").addEventListener("click", () => shot && keepFocus(shot.id, null));
