// The part of a shot's picture that is sent: a window over the picture that can be moved, with what
// each deliverable would keep. All of it is calculated by the server; here it is drawn.

import { $, make, say, show } from "./dom.js";
import { tr } from "./language.js";
import { ask } from "./net.js";

let shot = null;
let facts = null; // as the server answered last
let point = null; // while it is moved
let dragging = false;
let asking = false;
let confirm = () => {};
let notify = () => {};

// ``offer`` asks a person to confirm a price.
export function use(offer, act) {
  confirm = offer;
  notify = act;
}

export function open(next) {
  const other = shot?.id !== next?.id;
  shot = next;
  if (other) {
    facts = null;
    point = null;
    dragging = false;
  }
  show($("window"), Boolean(shot?.fitted && facts));
  if (shot?.fitted && !point) look();
}

// Asks for the window around the point as it is now; while an answer is awaited, no more is asked.
async function look() {
  if (asking) return;
  asking = true;
  const { id } = shot;
  const asked = point;
  const answer = await ask("window", { shot: id, ...(asked ? { focus: asked } : {}) });
  asking = false;
  if (shot?.id !== id) return shot?.fitted && look();
  if (answer.error) return show($("window"), false);
  facts = answer;
  draw();
  if (point && String(point) !== String(asked)) look();
}

function draw() {
  show($("window"), true);
  const picture = $("window-picture");
  if (shot.picture && picture.getAttribute("src") !== shot.picture) picture.src = shot.picture;
  $("window-frame").style.setProperty("--w", facts.size[0]);
  $("window-frame").style.setProperty("--h", facts.size[1]);
  place($("window-box"), facts.window);
  const crops = facts.deliverables.filter((deliverable) => deliverable.box);
  $("window-crops").replaceChildren(...crops.map((deliverable, index) => {
    const box = make("div", `box c${index % 6}`);
    box.append(make("span", "", deliverable.name));
    place(box, deliverable.box);
    return box;
  }));
  showHandle();
  showWords();
}

function place(element, [x, y, width, height]) {
  Object.assign(element.style, {
    left: `${x * 100}%`, top: `${y * 100}%`, width: `${width * 100}%`, height: `${height * 100}%`,
  });
}

function showHandle() {
  const [x, y] = facts.focus;
  handle.disabled = !facts.moves;
  handle.className = `window ${facts.moves}`;
  const label = facts.moves === "y"
    ? tr("Crop of the first frame: {percent} % down. Arrow keys move it, Enter keeps it", { percent: y / 10 })
    : tr("Crop of the first frame: {percent} % across. Arrow keys move it, Enter keeps it", { percent: x / 10 });
  if (handle.getAttribute("aria-label") !== label) handle.setAttribute("aria-label", label);
}

function showWords() {
  const { size, sent, clip, lost, aspect } = facts;
  const parts = [tr("{size} is sent as {sent}", { size: size.join("x"), sent }), tr("clip {clip}", { clip })];
  if (aspect) parts.push(tr("{percent} % of the picture is cut", { percent: lost }));
  say($("window-facts"), parts.join(" · "));
  const rows = facts.deliverables.map((deliverable, index) => {
    const item = make("li");
    item.append(make("b", deliverable.box ? `c${index % 6}` : "", deliverable.name), ` ${kept(deliverable)}`);
    return item;
  });
  $("window-kept").replaceChildren(...rows);
  const moved = point !== null;
  show($("window-keep"), moved);
  show($("window-back"), moved || facts.chosen);
  say($("window-back"), moved ? tr("Put it back") : tr("Use the list's crop"));
}

function kept({ box, keeps, before }) {
  if (!box) return tr("whole picture");
  return tr("keeps {keeps} % of the clip; {before} % if the picture were sent as it is", { keeps, before });
}

function move(x, y) {
  point = [x, y].map((place) => Math.min(1000, Math.max(0, Math.round(place))));
  look();
}

async function keep(price) {
  if (!point) return;
  const asked = { shot: shot.id, focus: point, ...(price ? { price } : {}) };
  const answer = await ask("crop", asked);
  if (answer.price) return confirm(answer, () => keep(answer.price), drop);
  if (answer.error) return notify(answer.error, true);
  point = null;
  look();
}

// What was moved and not kept.
function drop() {
  point = null;
  look();
  $("window-box").focus();
}

async function back() {
  if (point) return drop();
  const reset = async (price) => {
    const answer = await ask("crop", { shot: shot.id, focus: null, ...(price ? { price } : {}) });
    if (answer.price) return confirm(answer, () => reset(answer.price), drop);
    if (answer.error) return notify(answer.error, true);
    look();
  };
  await reset();
}

export function focus() {
  if ($("window").hidden) return notify(tr("the list does not crop the first frame of this shot: see fit_image"));
  $("window").scrollIntoView({ block: "nearest" });
  handle.focus();
}

const handle = $("window-box");
let start = null;
handle.addEventListener("pointerdown", (event) => {
  if (!facts?.moves) return;
  event.preventDefault();
  handle.focus();
  handle.setPointerCapture(event.pointerId);
  dragging = true;
  start = { x: event.clientX, y: event.clientY, centre: centre() };
});
handle.addEventListener("pointermove", (event) => {
  if (!dragging) return;
  const area = $("window-frame").getBoundingClientRect();
  move(
    start.centre[0] + ((event.clientX - start.x) / area.width) * 1000,
    start.centre[1] + ((event.clientY - start.y) / area.height) * 1000,
  );
});
for (const end of ["pointerup", "pointercancel"]) {
  handle.addEventListener(end, () => { dragging = false; });
}

// The middle of the window is where its point of focus lies, as far as the picture's edges let it.
const centre = () => {
  const [x, y, width, height] = facts.window;
  return [(x + width / 2) * 1000, (y + height / 2) * 1000];
};

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
handle.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (event.key === "Escape" && point) drop();
  else if (event.key === "Enter" && point) keep();
  else if (step && facts?.moves) {
    const from = point ?? centre();
    const distance = event.shiftKey ? 50 : 10;
    move(from[0] + step[0] * distance, from[1] + step[1] * distance);
  } else return;
  event.preventDefault();
  event.stopPropagation();
});
$("window-keep").addEventListener("click", () => keep());
$("window-back").addEventListener("click", back);
