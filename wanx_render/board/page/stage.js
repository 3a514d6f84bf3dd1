// One shot: its takes side by side, played in step, with the crops drawn over the chosen one.

import { $, button, make, plain, say, show } from "./dom.js";
import { cropBox } from "./geometry.js";
import { plural, tr } from "./language.js";
import { ask } from "./net.js";
import { busy, kind, words } from "./states.js";

const cards = new Map(); // by take
let shot = null;
let about = null;
let since = 0;
let focus = [500, 500];
let dragging = false;
let saving = 0;
let notify = () => {};

export function onSay(act) {
  notify = act;
}

export const current = () => shot;

export function open(next, facts) {
  const other = shot?.id !== next?.id;
  if (other) drop();
  shot = next;
  about = facts;
  since = performance.now();
  show($("shot"), Boolean(shot));
  if (!shot) return;
  if (!dragging && !saving) focus = [...shot.focus];
  say($("shot-name"), shot.id);
  say($("shot-prompt"), plain(shot.template ? tr("template {name}", { name: shot.template }) : shot.prompt) || tr("no prompt"));
  say($("shot-facts"), facts_of(shot));
  show($("uncentre"), shot.focused);
  fillTakes();
  draw();
  if (other) centre();
}

// Where the takes are wider than the screen, the chosen one is seen first.
function centre() {
  const figure = cards.get(shot.pick)?.figure;
  const row = $("takes");
  if (figure) row.scrollLeft = figure.offsetLeft - row.offsetLeft - (row.clientWidth - figure.offsetWidth) / 2;
}

function facts_of({ model, tier, seconds, first_of }) {
  const parts = [model, tier, tr("{seconds} s", { seconds })];
  if (first_of) parts.push(tr("starts from the last frame of {shot}", { shot: first_of }));
  return parts.join(" · ");
}

function drop() {
  pause();
  for (const card of cards.values()) release(card);
  cards.clear();
  $("scrub").value = 0;
  seekShown();
  $("takes").replaceChildren();
  saving = 0;
  dragging = false;
}

function release(card) {
  card.video?.removeAttribute("src");
  card.video?.load();
}

function fillTakes() {
  $("takes").style.setProperty("--n", shot.takes.length);
  const numbers = new Set(shot.takes.map((take) => take.n));
  for (const [n, card] of cards) {
    if (!numbers.has(n)) {
      release(card);
      card.figure.remove();
      cards.delete(n);
    }
  }
  for (const take of shot.takes) {
    if (!cards.has(take.n)) {
      const card = newCard(take.n);
      cards.set(take.n, card);
      $("takes").append(card.figure);
    }
    fillCard(cards.get(take.n), take);
  }
}

function newCard(n) {
  const figure = make("figure", "take");
  const frame = make("div", "frame");
  const view = make("div", "view");
  view.append(frame);
  const caption = make("figcaption");
  const card = {
    figure, frame, n,
    title: make("h3"), state: make("p", "state"), note: make("p", "note"), facts: make("p", "dim"),
    choose: button("", "", () => choose(n)),
    reject: button("", "", () => reject(n)),
    cancel: button(tr("Cancel"), "", () => cancel(n)),
    more: make("details"), actual: make("p", "prompt"),
  };
  card.more.append(make("summary", "", tr("Prompt as rewritten by the service")), card.actual);
  const acts = make("div", "acts");
  acts.append(card.choose, card.reject, card.cancel);
  caption.append(card.title, card.state, card.note, card.facts, card.more, acts);
  figure.append(view, caption);
  return card;
}

function fillCard(card, take) {
  const picked = take.n === shot.pick;
  const rejected = shot.rejected.includes(take.n);
  card.take = take;
  card.figure.classList.toggle("picked", picked);
  card.figure.classList.toggle("rejected", rejected);
  const marks = [picked ? (shot.chosen ? tr("chosen") : tr("picked by the list")) : "", rejected ? tr("rejected") : ""];
  say(card.title, [tr("Take {n}", take), ...marks.filter(Boolean)].join(" · "));
  say(card.note, plain(take.text));
  show(card.note, Boolean(take.text));
  say(card.facts, takeFacts(take));
  say(card.choose, picked && shot.chosen ? tr("Chosen") : tr("Choose"));
  card.choose.setAttribute("aria-pressed", String(picked && shot.chosen));
  card.choose.setAttribute("aria-label", tr("Choose take {n}", take));
  say(card.reject, rejected ? tr("Undo rejection") : tr("Reject"));
  card.reject.setAttribute("aria-pressed", String(rejected));
  card.reject.setAttribute("aria-label", rejected ? tr("Undo the rejection of take {n}", take) : tr("Reject take {n}", take));
  card.cancel.setAttribute("aria-label", tr("Cancel take {n}", take));
  show(card.cancel, ["submitted", "pending", "running", "waiting", "slowed"].includes(take.state));
  say(card.actual, plain(take.actual_prompt));
  show(card.more, Boolean(take.actual_prompt) && take.actual_prompt !== shot.prompt);
  showState(card);
  fillFrame(card, take);
}

function takeFacts(take) {
  const parts = [];
  if (take.width) parts.push(`${take.width}×${take.height}`, `${take.fps} fps`);
  parts.push(tr("seed {seed}", take));
  parts.push(take.cost ? tr("paid {cost}", take) : (take.price ?? tr("price unknown")));
  return parts.join(" · ");
}

function showState(card) {
  say(card.state, words(card.take, since, about?.pace ?? 1));
  const { polls } = card.take;
  card.state.title = polls ? plural("{n} query", "{n} queries", polls) : "";
  card.state.className = `state ${kind(card.take.state)}`;
}

function fillFrame(card, take) {
  if (take.width) {
    card.figure.style.setProperty("--w", take.width);
    card.figure.style.setProperty("--h", take.height);
  }
  if (take.clip && !card.video) {
    card.video = video(take);
    card.still?.remove();
    card.frame.prepend(card.video);
    if (!playing()) seek(position());
  } else if (!take.clip && shot.picture && !card.still && !card.video) {
    card.still = make("img", "still");
    card.still.alt = "";
    card.still.src = shot.picture;
    card.still.addEventListener("error", () => card.still.remove());
    card.frame.prepend(card.still);
  }
  if (card.video) {
    card.video.muted = take.n !== shot.pick;
    card.video.setAttribute("aria-label", tr("Take {n}", take));
  }
}

function video(take) {
  const player = make("video");
  player.preload = "auto";
  player.playsInline = true;
  player.disablePictureInPicture = true;
  player.tabIndex = -1;
  if (take.poster) player.poster = take.poster;
  player.src = take.clip;
  player.addEventListener("loadedmetadata", () => {
    player.currentTime = Math.min(position(), player.duration - 0.001); // or the poster would stay
    bound();
  });
  player.addEventListener("ended", () => pause());
  return player;
}

// Playing in step

const videos = () => [...cards.values()].map((card) => card.video).filter(Boolean);
const leader = () => cards.get(shot?.pick)?.video ?? videos()[0];
let turning = 0;

export const playing = () => turning !== 0;

function bound() {
  const longest = Math.max(0, ...videos().map((video) => video.duration || 0));
  $("scrub").max = Math.max(1, Math.round(longest * 1000));
  seekShown();
}

const position = () => Number($("scrub").value) / 1000;

function seekShown() {
  say($("time"), tr("{seconds} s", { seconds: position().toFixed(2) }));
}

export function seek(seconds) {
  const scrub = $("scrub");
  scrub.value = Math.round(Math.max(0, seconds) * 1000);
  for (const video of videos()) {
    const end = video.duration ? video.duration - 0.001 : Infinity;
    video.currentTime = Math.min(position(), end);
  }
  seekShown();
}

export function step(frames) {
  pause();
  const rate = Number((shot?.takes[0]?.fps ?? "30").split("/")[0]) || 30;
  seek(position() + frames / (rate > 1000 ? 30 : rate));
}

function follow() {
  const head = leader();
  if (!head) return pause();
  for (const video of videos()) {
    // A clip that ran ahead or fell behind by more than two frames is put in step again.
    if (video !== head && Math.abs(video.currentTime - head.currentTime) > 0.08) {
      video.currentTime = Math.min(head.currentTime, (video.duration || Infinity) - 0.001);
    }
  }
  $("scrub").value = Math.round(head.currentTime * 1000);
  seekShown();
  turning = requestAnimationFrame(follow);
}

export function pause() {
  if (turning) cancelAnimationFrame(turning);
  turning = 0;
  for (const video of videos()) video.pause();
  say($("play"), tr("Play"));
  $("play").setAttribute("aria-pressed", "false");
}

export async function play() {
  if (playing()) return pause();
  const head = leader();
  if (!head) return notify(tr("no take of this shot has a clip yet"));
  if (position() >= (head.duration || 0) - 0.05) seek(0);
  say($("play"), tr("Pause"));
  $("play").setAttribute("aria-pressed", "true");
  turning = requestAnimationFrame(follow);
  const begun = await Promise.allSettled(videos().map((video) => video.play()));
  if (begun.every((start) => start.status === "rejected")) pause();
}

$("play").addEventListener("click", () => play());
$("scrub").addEventListener("input", () => {
  pause();
  seek(position());
});

// Choosing

async function act(what, asked) {
  const answer = await ask(what, asked);
  if (answer.error) notify(answer.error, true);
  return answer;
}

export const choose = (n) => shot?.takes.some((take) => take.n === n) && act("choose", { shot: shot.id, take: n });
export const reject = (n) => shot && act("reject", { shot: shot.id, take: n });

async function cancel(n) {
  const answer = await act("cancel", { shot: shot.id, take: n });
  if (answer.answers) notify(answer.answers.join(tr("; ")));
}

// The crops, and the point they keep in view

let layer = null;

function draw() {
  const card = cards.get(shot.pick);
  const crops = (about?.deliverables ?? []).filter((deliverable) => deliverable.fit === "crop");
  const known = card?.take.width;
  if (!layer) layer = newLayer();
  layer.point.hidden = !known;
  if (card && layer.root.parentNode !== card.frame) card.frame.append(layer.root);
  const [width, height] = known ? [card.take.width, card.take.height] : [0, 0];
  while (layer.boxes.length > crops.length) layer.boxes.pop().remove();
  while (layer.boxes.length < crops.length) {
    const box = make("div", `box c${layer.boxes.length % 6}`);
    box.append(make("span"));
    layer.root.insertBefore(box, layer.point);
    layer.boxes.push(box);
  }
  crops.forEach((crop, index) => place(layer.boxes[index], crop, width, height));
  layer.point.style.left = `${focus[0] / 10}%`;
  layer.point.style.top = `${focus[1] / 10}%`;
  const label = tr("Focus point: {x} % across, {y} % down. Arrow keys move it", { x: focus[0] / 10, y: focus[1] / 10 });
  if (layer.point.getAttribute("aria-label") !== label) layer.point.setAttribute("aria-label", label);
  list(about?.deliverables ?? [], width, height);
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

function list(deliverables, width, height) {
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
  await act("focus", { shot: shot.id, focus });
}

export function nudge(x, y) {
  if (!shot || layer?.point.hidden) return;
  aim(focus[0] + x, focus[1] + y);
  clearTimeout(saving);
  saving = setTimeout(keep, 350);
}

$("uncentre").addEventListener("click", () => shot && act("focus", { shot: shot.id, focus: null }));

export function tick() {
  for (const card of cards.values()) if (busy(card.take.state)) showState(card);
}
