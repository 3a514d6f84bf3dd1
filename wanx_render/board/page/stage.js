// One shot: its takes side by side.

import * as comments from "./comments.js";
import * as compare from "./compare.js";
import * as crops from "./crops.js";
import { $, button, make, plain, say, show } from "./dom.js";
import { plural, tr } from "./language.js";
import { ask } from "./net.js";
import * as player from "./player.js";
import { busy, kind, ownWord, words } from "./states.js";
import * as firstFrame from "./window.js";

const cards = new Map(); // by take
let shot = null;
let about = null;
let since = 0;
let notify = () => {};

export function onSay(act) {
  notify = act;
  player.use(cards, notify);
  compare.use(cards, notify);
  crops.onMove((id, focus) => send("focus", { shot: id, focus }));
}

export const current = () => shot;

export function open(next, facts) {
  const other = shot?.id !== next?.id;
  if (other) drop();
  const picked = shot?.pick;
  shot = next;
  about = facts;
  since = performance.now();
  show($("shot"), Boolean(shot));
  if (!shot) return;
  showHead();
  fillTakes();
  if (other || picked !== shot.pick || !cards.has(player.audible())) player.hear(shot.pick);
  compare.fill();
  comments.ofShot(shot);
  crops.open(shot, shot.made_for ? null : about, shot.made_for ? null : cards.get(shot.pick));
  firstFrame.open(shot);
  if (other) centre();
}

function showHead() {
  show($("reroll"), !shot.own);
  show($("edit-open"), !shot.made_for);
  showPlayer();
  say($("shot-name"), shot.id);
  say($("shot-prompt"), plain(shot.template ? tr("template {name}", { name: shot.template }) : shot.prompt) || tr("no prompt"));
  say($("shot-facts"), factsOf(shot));
  showReferences(shot.references ?? []);
  showTruth(shot.truth);
  player.setRate(shot.takes[0]?.fps);
}

// Who or what the shot shows: small pictures, each with what the model calls it.
function showReferences(references) {
  const list = $("references");
  list.replaceChildren(...references.map(({ called, name, file, picture }) => {
    const item = make("li");
    if (picture) {
      const image = make("img");
      image.alt = "";
      image.src = picture;
      item.append(image);
    }
    const words = [name, called].filter(Boolean).map(plain);
    item.append(make("span", "", picture ? words.join(" · ") : [...words, plain(file.split("/").pop())].join(" · ")));
    item.title = plain(file);
    return item;
  }));
  show(list, references.length > 0);
}

// A still picture cannot be played, nor can what this browser does not know.
function showPlayer() {
  const card = cards.get(shot.pick);
  const plays = !shot.made_for && (!shot.own || (shot.takes[0].clip && card?.unplayable !== shot.takes[0].clip));
  for (const id of ["play", "scrub", "loop", "time"]) show($(id), Boolean(plays));
}

// Why the shot is not what the list asks for, and what making it costs.
function showTruth({ state, text, advice }) {
  const line = $("shot-truth");
  say(line, plain(advice ? tr("{text} ({hint})", { text, hint: advice }) : text));
  show(line, Boolean(text));
  line.className = `note ${["failed", "blocked"].includes(state) ? "bad" : "busy"}`;
}

// Where the takes are wider than the screen, the chosen one is seen first.
function centre() {
  const figure = cards.get(shot.pick)?.figure;
  const row = $("takes");
  if (figure) row.scrollLeft = figure.offsetLeft - row.offsetLeft - (row.clientWidth - figure.offsetWidth) / 2;
}

function factsOf({ model, tier, seconds, first_of, continues, of_picture, made_for, own, asked }) {
  if (own) return [ownWord(own), tr("{seconds} s", { seconds })].join(" · ");
  const parts = [model, tier, tr("{seconds} s", { seconds })];
  if (asked) parts.push(asked.replace("x", "×"));
  if (made_for) return [model, tier, tr("first frame of {shot}", { shot: made_for })].join(" · ");
  if (of_picture) parts.push(tr("starts from the picture {name}", { name: of_picture }));
  if (continues) parts.push(tr("continues the clip of {shot}", { shot: continues }));
  if (first_of) parts.push(tr("starts from the last frame of {shot}", { shot: first_of }));
  return parts.join(" · ");
}

function drop() {
  compare.forget();
  crops.drop();
  player.pause();
  for (const card of cards.values()) release(card);
  cards.clear();
  player.seek(0);
  $("takes").replaceChildren();
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
  show($("compare"), shot.takes.filter((take) => take.clip).length > 1);
}

function newCard(n) {
  const figure = make("figure", "take");
  const frame = make("div", "frame");
  const view = make("div", "view");
  view.append(frame);
  const card = {
    figure, frame, n,
    title: make("h3"), state: make("p", "state"), note: make("p", "note"), facts: make("p", "dim"),
    faults: make("ul", "faults"),
    choose: button("", "", () => choose(n)),
    reject: button("", "", () => reject(n)),
    cancel: button(tr("Cancel"), "", () => cancel(n)),
    listen: button(tr("Listen"), "", () => player.hear(n)),
    mark: button(tr("Compare"), "mark", () => compare.mark(n)),
    more: make("details", "more"), actual: make("p", "prompt"),
  };
  figure.append(view, caption(card));
  return card;
}

function caption(card) {
  card.cancel.setAttribute("aria-label", tr("Cancel take {n}", card));
  card.listen.setAttribute("aria-label", tr("Listen to take {n}", card));
  card.mark.setAttribute("aria-label", tr("Compare take {n}", card));
  card.more.append(make("summary", "", tr("Prompt as rewritten by the service")), card.actual);
  const acts = make("div", "acts");
  acts.append(card.choose, card.reject, card.listen, card.mark, card.cancel);
  const text = make("figcaption");
  text.append(card.title, card.state, card.note, card.faults, card.facts, card.more, acts);
  return text;
}

function fillCard(card, take) {
  const picked = take.n === shot.pick;
  const rejected = shot.rejected.includes(take.n);
  card.take = take;
  card.figure.classList.toggle("picked", picked);
  card.figure.classList.toggle("rejected", rejected);
  card.figure.classList.toggle("own", Boolean(shot.own));
  card.figure.classList.toggle("sounds", Boolean(take.sound));
  const marks = [picked ? (shot.chosen ? tr("chosen") : tr("picked by the list")) : "", rejected ? tr("rejected") : ""];
  say(card.title, shot.own ? ownWord(shot.own) : [tr("Take {n}", take), ...marks.filter(Boolean)].join(" · "));
  say(card.note, plain(take.text));
  show(card.note, Boolean(take.text));
  fillFaults(card.faults, take.marks ?? []);
  say(card.facts, takeFacts(take));
  fillActs(card, take, picked, rejected);
  say(card.actual, plain(take.actual_prompt));
  show(card.more, Boolean(take.actual_prompt) && take.actual_prompt !== shot.prompt);
  showState(card);
  fillFrame(card, take);
}

// What is measurably wrong with a take; filled again only where it changed.
function fillFaults(list, marks) {
  const words = marks.map(plain);
  if (list.textContent !== words.join("")) {
    list.replaceChildren(...words.map((text) => make("li", "", text)));
  }
  show(list, words.length > 0);
}

function fillActs(card, take, picked, rejected) {
  show(card.choose, !shot.own);
  show(card.reject, !shot.own);
  say(card.choose, picked && shot.chosen ? tr("Chosen") : tr("Choose"));
  card.choose.setAttribute("aria-pressed", String(picked && shot.chosen));
  card.choose.setAttribute("aria-label", tr("Choose take {n}", take));
  say(card.reject, rejected ? tr("Undo rejection") : tr("Reject"));
  card.reject.setAttribute("aria-pressed", String(rejected));
  card.reject.setAttribute("aria-label", rejected ? tr("Undo the rejection of take {n}", take) : tr("Reject take {n}", take));
  show(card.cancel, ["submitted", "pending", "running", "waiting", "slowed"].includes(take.state));
  show(card.listen, Boolean(take.clip && take.sound) && shot.takes.length > 1);
}

function takeFacts(take) {
  const parts = [];
  if (take.width) parts.push(`${take.width}×${take.height}`);
  if (take.width && take.fps) parts.push(`${take.fps} fps`);
  if (shot.own) return parts.join(" · ");
  parts.push(tr("seed {seed}", take));
  parts.push(take.cost ? tr("paid {cost}", take) : (take.price ?? tr("price unknown")));
  return parts.join(" · ");
}

function showState(card) {
  show(card.state, !shot.own);
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
  if (card.video && card.clip !== take.clip) {
    release(card);
    card.video.remove();
    card.video = null;
  }
  card.clip = take.clip;
  const plays = Boolean(take.clip) && card.unplayable !== take.clip;
  if (plays && !card.video) {
    card.video = video(take);
    card.still?.remove();
    card.still = null;
    card.video.addEventListener("error", () => pictureInstead(card));
    card.video.addEventListener("loadedmetadata", () => card.video?.videoWidth || pictureInstead(card));
    card.frame.prepend(card.video);
    if (!player.playing()) player.seek(player.position());
  } else if (!plays && !card.video) {
    showStill(card, take);
  }
  fillWords(card, plays);
  card.video?.setAttribute("aria-label", tr("Take {n}", take));
}

// A shot without a picture shows its words until there is a clip.
function fillWords(card, plays) {
  const bare = !card.take.still && !plays && !shot.picture;
  if (bare && !card.words) {
    card.words = make("p", "saying", plain(shot.prompt));
    card.frame.prepend(card.words);
  } else if (!bare) {
    card.words?.remove();
    card.words = null;
  }
}

// A picture that a model made, or the first frame of what is not there yet.
function showStill(card, take) {
  const source = take.still ?? shot.picture;
  if (!source || card.still?.getAttribute("src") === source) return;
  card.still?.remove();
  const still = make("img", take.still ? "still whole" : "still");
  still.alt = take.still ? tr("Take {n}", take) : "";
  still.src = source;
  still.addEventListener("error", () => still.remove());
  card.still = still;
  card.frame.prepend(still);
}

// Own footage that this browser cannot play is shown as its picture.
function pictureInstead(card) {
  if (!shot?.own || cards.get(card.n) !== card || !card.video) return;
  card.unplayable = card.clip;
  release(card);
  card.video.remove();
  card.video = null;
  showPlayer();
  player.seek(0);
  fillFrame(card, card.take);
}

function video(take) {
  const element = make("video");
  element.preload = "auto";
  element.playsInline = true;
  element.disablePictureInPicture = true;
  element.tabIndex = -1;
  element.muted = take.n !== player.audible();
  if (take.poster) element.poster = take.poster;
  element.src = take.clip;
  element.addEventListener("loadedmetadata", () => {
    // The poster would stay until something is sought.
    element.currentTime = Math.min(player.position(), element.duration - 0.001);
    player.bound();
  });
  element.addEventListener("ended", player.ended);
  return element;
}

// Choosing

async function send(what, asked) {
  const answer = await ask(what, asked);
  if (answer.error) notify(answer.error, true);
  return answer;
}

export function choose(n) {
  if (shot?.own || !shot?.takes.some((take) => take.n === n)) return;
  player.hear(n);
  send("choose", { shot: shot.id, take: n });
}

export const reject = (n) => shot && !shot.own && send("reject", { shot: shot.id, take: n });

// What x rejects: in a comparison the take that is heard, else the picked one.
export const rejectOne = () => shot && reject(compare.on() ? player.audible() : shot.pick);

async function cancel(n) {
  const answer = await send("cancel", { shot: shot.id, take: n });
  if (answer.answers) notify(answer.answers.join(tr("; ")));
}

export function tick() {
  for (const card of cards.values()) if (busy(card.take.state)) showState(card);
}
