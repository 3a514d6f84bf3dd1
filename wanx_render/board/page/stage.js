// One shot: its takes side by side, played in step, with the crops drawn over the chosen one.

import { $, button, make, plain, say, show } from "./dom.js";
import { cropBox } from "./geometry.js";
import { ask } from "./net.js";
import { busy, kind, words } from "./states.js";

const cards = new Map(); // by take
let shot = null;
let about = null;
let since = 0;
let focus = [500, 500];
let dragging = false;
let saving = 0;
let said = () => {};

export function onSay(act) {
  said = act;
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
  say($("shot-prompt"), plain(shot.template ? `effect template ${shot.template}` : shot.prompt) || "no prompt");
  say($("shot-facts"), facts_of(shot));
  say($("reroll"), "Re-roll…");
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

function facts_of(each) {
  const parts = [each.model, each.tier, `${each.seconds} s`];
  if (each.first_of) parts.push(`begins with the last frame of ${each.first_of}`);
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
    cancel: button("Cancel", "", () => cancel(n)),
    more: make("details"), actual: make("p", "prompt"),
  };
  card.more.append(make("summary", "", "Prompt as the service extended it"), card.actual);
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
  const marks = [picked ? (shot.chosen ? "chosen" : "picked by the list") : "", rejected ? "rejected" : ""];
  say(card.title, [`Take ${take.n}`, ...marks.filter(Boolean)].join(" · "));
  say(card.note, plain(take.text));
  show(card.note, Boolean(take.text));
  say(card.facts, takeFacts(take));
  say(card.choose, picked && shot.chosen ? "Chosen" : "Choose");
  card.choose.setAttribute("aria-pressed", String(picked && shot.chosen));
  card.choose.setAttribute("aria-label", `Choose take ${take.n}`);
  say(card.reject, rejected ? "Take back" : "Reject");
  card.reject.setAttribute("aria-pressed", String(rejected));
  card.reject.setAttribute("aria-label", rejected ? `Take back the rejection of take ${take.n}` : `Reject take ${take.n}`);
  card.cancel.setAttribute("aria-label", `Cancel take ${take.n}`);
  show(card.cancel, ["submitted", "pending", "running", "waiting", "slowed"].includes(take.state));
  say(card.actual, plain(take.actual_prompt));
  show(card.more, Boolean(take.actual_prompt) && take.actual_prompt !== shot.prompt);
  tell(card);
  fillFrame(card, take);
}

function takeFacts(take) {
  const parts = [];
  if (take.width) parts.push(`${take.width}×${take.height}`, `${take.fps} fps`);
  parts.push(`seed ${take.seed}`);
  parts.push(take.cost ? `paid ${take.cost}` : (take.price ?? "price unknown"));
  return parts.join(" · ");
}

function tell(card) {
  say(card.state, words(card.take, since, about?.pace ?? 1));
  card.state.title = card.take.polls ? `the service was asked ${card.take.polls} times` : "";
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
    card.video.setAttribute("aria-label", `Take ${take.n}`);
  }
}

function video(take) {
  const made = make("video");
  made.preload = "auto";
  made.playsInline = true;
  made.disablePictureInPicture = true;
  made.tabIndex = -1;
  if (take.poster) made.poster = take.poster;
  made.src = take.clip;
  made.addEventListener("loadedmetadata", () => {
    made.currentTime = Math.min(position(), made.duration - 0.001); // or the poster would stay
    bound();
  });
  made.addEventListener("ended", () => pause());
  return made;
}

// Playing in step

const videos = () => [...cards.values()].map((card) => card.video).filter(Boolean);
const leader = () => cards.get(shot?.pick)?.video ?? videos()[0];
let turning = 0;

export const playing = () => turning !== 0;

function bound() {
  const longest = Math.max(0, ...videos().map((each) => each.duration || 0));
  $("scrub").max = Math.max(1, Math.round(longest * 1000));
  seekShown();
}

const position = () => Number($("scrub").value) / 1000;

function seekShown() {
  say($("time"), `${position().toFixed(2)} s`);
}

export function seek(seconds) {
  const scrub = $("scrub");
  scrub.value = Math.round(Math.max(0, seconds) * 1000);
  for (const each of videos()) {
    const end = each.duration ? each.duration - 0.001 : Infinity;
    each.currentTime = Math.min(position(), end);
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
  for (const each of videos()) {
    // A clip that ran ahead or fell behind by more than two frames is put in step again.
    if (each !== head && Math.abs(each.currentTime - head.currentTime) > 0.08) {
      each.currentTime = Math.min(head.currentTime, (each.duration || Infinity) - 0.001);
    }
  }
  $("scrub").value = Math.round(head.currentTime * 1000);
  seekShown();
  turning = requestAnimationFrame(follow);
}

export function pause() {
  if (turning) cancelAnimationFrame(turning);
  turning = 0;
  for (const each of videos()) each.pause();
  say($("play"), "Play");
  $("play").setAttribute("aria-pressed", "false");
}

export async function play() {
  if (playing()) return pause();
  const head = leader();
  if (!head) return said("no take of this shot has a clip yet");
  if (position() >= (head.duration || 0) - 0.05) seek(0);
  say($("play"), "Pause");
  $("play").setAttribute("aria-pressed", "true");
  turning = requestAnimationFrame(follow);
  const begun = await Promise.allSettled(videos().map((each) => each.play()));
  if (begun.every((each) => each.status === "rejected")) pause();
}

$("play").addEventListener("click", () => play());
$("scrub").addEventListener("input", () => {
  pause();
  seek(position());
});

// Choosing

async function act(what, asked) {
  const answer = await ask(what, asked);
  if (answer.error) said(answer.error, true);
  return answer;
}

export const choose = (n) => shot?.takes.some((take) => take.n === n) && act("choose", { shot: shot.id, take: n });
export const reject = (n) => shot && act("reject", { shot: shot.id, take: n });

async function cancel(n) {
  const answer = await act("cancel", { shot: shot.id, take: n });
  if (answer.told) said(answer.told.join("; "));
}

// The crops, and the point they keep in view

let layer = null;

function draw() {
  const card = cards.get(shot.pick);
  const crops = (about?.deliverables ?? []).filter((each) => each.fit === "crop");
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
  crops.forEach((each, index) => place(layer.boxes[index], each, width, height));
  layer.point.style.left = `${focus[0] / 10}%`;
  layer.point.style.top = `${focus[1] / 10}%`;
  const told = `Focus point: ${focus[0] / 10} % across, ${focus[1] / 10} % down. Arrow keys move it`;
  if (layer.point.getAttribute("aria-label") !== told) layer.point.setAttribute("aria-label", told);
  list(about?.deliverables ?? [], width, height);
}

// The point a deliverable keeps in view: its own in the list comes first.
const aimed = (deliverable) => deliverable.focus[shot.id] ?? focus;

function place(box, deliverable, width, height) {
  const found = width ? cropBox(width, height, deliverable.aspect, aimed(deliverable)) : null;
  box.hidden = !found;
  if (!found) return;
  box.style.left = `${(found.x / width) * 100}%`;
  box.style.top = `${(found.y / height) * 100}%`;
  box.style.width = `${(found.width / width) * 100}%`;
  box.style.height = `${(found.height / height) * 100}%`;
  say(box.firstChild, deliverable.name);
}

function list(deliverables, width, height) {
  let crop = 0;
  const items = deliverables.map((each) => {
    const item = make("li");
    const name = make("b", each.fit === "crop" ? `c${crop++ % 6}` : "", each.name);
    const box = each.fit === "crop" && width ? cropBox(width, height, each.aspect, aimed(each)) : null;
    const lost = box ? 100 - (100 * box.width * box.height) / (width * height) : 0;
    const told = box
      ? `${box.width}×${box.height} at ${box.x}, ${box.y} · loses ${lost.toFixed(1)} %`
      : each.fit === "crop" ? "not known yet" : `whole picture, ${each.fit}`;
    const own = each.focus[shot.id] ? " · its own focus, set in the list" : "";
    item.append(name, ` ${each.aspect.join(":")} · ${told}${own}`);
    return item;
  });
  $("crops").replaceChildren(...items);
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
  focus = [x, y].map((each) => Math.min(1000, Math.max(0, each)));
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
  for (const card of cards.values()) if (busy(card.take.state)) tell(card);
}
