// Two to four takes of a shot alone on the screen, side by side.

import { $ } from "./dom.js";
import { tr } from "./language.js";
import * as player from "./player.js";

const MOST = 4;
const marked = new Set(); // takes that a person chose to compare
let cards = new Map();
let notify = () => {};
let comparing = false;

export function use(takes, act) {
  cards = takes;
  notify = act;
}

export const on = () => comparing;

export function mark(n) {
  if (!marked.delete(n)) marked.add(n);
  if (marked.size > MOST) marked.delete(marked.values().next().value);
  fill();
}

export const isMarked = (n) => marked.has(n);

// Another shot, or none.
export function forget() {
  marked.clear();
  leave();
}

// The marked takes; without two of them the picked one and the first others.
function compared() {
  const whole = [...cards.values()].filter((card) => card.video);
  const chosen = whole.filter((card) => marked.has(card.n));
  if (chosen.length > 1) return chosen.slice(0, MOST);
  const isLast = (card) => card.figure.classList.contains("rejected");
  const isFirst = (card) => card.figure.classList.contains("picked");
  const byWorth = (a, b) => isFirst(b) - isFirst(a) || isLast(a) - isLast(b) || a.n - b.n;
  return [...whole].sort(byWorth).slice(0, MOST);
}

export function fill() {
  const shown = comparing ? new Set(compared()) : null;
  if (shown && shown.size < 2) return leave();
  for (const card of cards.values()) {
    card.figure.hidden = shown !== null && !shown.has(card);
    card.mark.setAttribute("aria-pressed", String(marked.has(card.n)));
    card.mark.hidden = cards.size < 3;
  }
  if (shown) $("takes").dataset.count = shown.size;
}

export function toggle() {
  if (comparing) return leave();
  if (compared().length < 2) return notify(tr("comparing needs two takes with clips"));
  player.pause();
  comparing = true;
  fill();
  set();
  player.seek(player.position());
  $("play").focus();
}

export function leave() {
  if (!comparing) return;
  player.pause();
  comparing = false;
  fill();
  set();
  player.seek(player.position());
}

// Everything else is out of sight, and out of reach of the keyboard.
function set() {
  document.body.classList.toggle("comparing", comparing);
  $("compare").setAttribute("aria-pressed", String(comparing));
  for (const part of document.querySelectorAll(".beside-takes")) part.inert = comparing;
}

$("compare").addEventListener("click", toggle);
