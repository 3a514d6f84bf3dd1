// The list of shots: one row each, made once and changed in place.

import * as comments from "./comments.js";
import { $, make, plain, say } from "./dom.js";
import { plural, tr } from "./language.js";
import { busy, kind, leading, ownWord, words } from "./states.js";

const rows = new Map();
let chosen = () => {};

export function onChoose(act) {
  chosen = act;
}

function row(shot) {
  const item = make("li", "row");
  const link = make("button", "open");
  link.type = "button";
  link.addEventListener("click", () => chosen(shot.id, true));
  const picture = make("span", "thumb");
  const image = make("img");
  image.alt = "";
  image.loading = "lazy";
  image.decoding = "async";
  image.addEventListener("error", () => image.remove());
  const text = make("span", "text");
  const parts = {
    item, link, picture, image,
    name: make("span", "id"), prompt: make("span", "words"),
    state: make("span", "state"), said: make("span", "open-comments"), dots: make("span", "dots"),
  };
  text.append(parts.name, parts.prompt, parts.state, parts.said);
  link.append(picture, text, parts.dots);
  item.append(link);
  return parts;
}

function fill(parts, shot, since, pace) {
  parts.shot = shot;
  parts.since = since;
  const picked = shot.takes.find((take) => take.n === shot.pick);
  const source = picked?.poster ?? shot.picture ?? shot.references?.find(({ picture }) => picture)?.picture;
  if (source && parts.image.getAttribute("src") !== source) {
    parts.image.src = source;
    parts.picture.append(parts.image);
  }
  say(parts.name, shot.id);
  say(parts.prompt, plain(shot.template ? tr("template {name}", { name: shot.template }) : shot.prompt) || tr("no prompt"));
  showState(parts, pace);
  const n = comments.open(shot);
  say(parts.said, n ? comments.counted(n) : "");
  const dots = shot.takes.map((take) => {
    const dot = make("span", `dot ${kind(take.state)}`, take.n === shot.pick ? "●" : "○");
    if (shot.rejected.includes(take.n)) dot.classList.add("rejected");
    dot.setAttribute("aria-hidden", "true");
    return dot;
  });
  parts.dots.replaceChildren(...dots);
}

function showState(parts, pace) {
  const take = leading(parts.shot);
  if (!take) return;
  const { takes, own } = parts.shot;
  const same = takes.every((other) => other.state === take.state) && !busy(take.state);
  const state = own ? ownWord(own) : words(take, parts.since, pace, true);
  const of_many = same
    ? plural("{n} take: {state}", "{n} takes: {state}", takes.length, { state })
    : tr("take {n}: {state}", { n: take.n, state });
  say(parts.state, takes.length === 1 ? state : of_many);
  const name = `state ${kind(take.state)}`;
  if (parts.state.className !== name) parts.state.className = name;
}

export function all(shots, pace) {
  const now = performance.now();
  rows.clear();
  const items = shots.map((shot) => {
    const parts = row(shot);
    rows.set(shot.id, parts);
    fill(parts, shot, now, pace);
    return parts.item;
  });
  $("shots").replaceChildren(...items);
}

export function one(shot, pace) {
  const parts = rows.get(shot.id);
  if (parts) fill(parts, shot, performance.now(), pace);
}

export function tick(pace) {
  for (const parts of rows.values()) {
    if (parts.shot.takes.some((take) => busy(take.state))) showState(parts, pace);
  }
}

let current = null;

export function mark(id, scroll) {
  rows.get(current)?.link.removeAttribute("aria-current");
  current = id;
  const parts = rows.get(id);
  if (!parts) return;
  parts.link.setAttribute("aria-current", "true");
  if (scroll) parts.item.scrollIntoView({ block: "nearest", inline: "nearest" });
}
