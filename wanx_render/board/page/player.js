// Takes played in step: one is heard, and the others follow it.

import { $, say, show } from "./dom.js";
import { tr } from "./language.js";

let cards = new Map(); // by take; those without a video or out of sight take no part
let heard = 0;
let rate = 30; // frames a second
let turning = 0;
let looping = false;
let notify = () => {};
const watches = new WeakMap(); // by video: what looks whether its seek ended

export function use(takes, act) {
  cards = takes;
  notify = act;
}

const takesPart = (card) => Boolean(card?.video) && !card.figure.hidden;
const videos = () => [...cards.values()].filter(takesPart).map((card) => card.video);
const leader = () => (takesPart(cards.get(heard)) ? cards.get(heard).video : videos()[0]);

export const playing = () => turning !== 0;
export const position = () => Number($("scrub").value) / 1000;
export const audible = () => heard;

// The sound is that of take ``n`` from now on.
export function hear(n) {
  heard = n;
  for (const [number, card] of cards) {
    const on = number === n;
    card.figure.classList.toggle("heard", on);
    card.listen.setAttribute("aria-pressed", String(on));
    if (card.video) card.video.muted = !on;
  }
}

// The next take, or the one before, of those that can be seen.
export function hearNext(by = 1) {
  const numbers = [...cards].filter(([, card]) => takesPart(card)).map(([n]) => n);
  if (!numbers.length) return;
  const index = numbers.indexOf(heard) + by;
  hear(numbers[(index + numbers.length) % numbers.length]);
}

export function setRate(text) {
  const [over, under] = String(text ?? "30").split("/").map(Number);
  rate = over / (under || 1) || 30;
}

export function bound() {
  const longest = Math.max(0, ...videos().map((video) => video.duration || 0));
  $("scrub").max = Math.max(1, Math.round(longest * 1000));
  showPosition();
}

function showPosition() {
  const seconds = position().toFixed(2);
  say($("time"), tr("{seconds} s", { seconds }));
  say($("frame"), tr("frame {n}", { n: frameAt(position()) }));
  show($("frame"), videos().length > 0);
}

const frameAt = (seconds) => Math.floor(seconds * rate + 0.01);

export function seek(seconds) {
  const scrub = $("scrub");
  scrub.value = Math.round(Math.max(0, seconds) * 1000);
  for (const video of videos()) {
    const end = video.duration ? video.duration - 0.001 : Infinity;
    seekTo(video, Math.min(position(), end));
  }
  showPosition();
}

// Chromium sometimes never ends a seek that began during another; the same seek again ends it.
function seekTo(video, seconds, patience = 1000) {
  video.currentTime = seconds;
  clearTimeout(watches.get(video));
  const again = () => video.seeking && seekTo(video, seconds, 2 * patience);
  watches.set(video, setTimeout(again, patience));
}

// To the middle of another frame: at its edge, rounding would show its neighbour.
export function step(frames) {
  pause();
  seek((Math.max(0, frameAt(position()) + frames) + 0.5) / rate);
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
  showPosition();
  turning = requestAnimationFrame(follow);
}

export function pause() {
  if (turning) cancelAnimationFrame(turning);
  turning = 0;
  for (const card of cards.values()) card.video?.pause();
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
  await startAll();
}

async function startAll() {
  const begun = await Promise.allSettled(videos().map((video) => video.play()));
  if (begun.every((start) => start.status === "rejected")) pause();
}

// A clip has come to its end.
export function ended() {
  if (!looping || !playing()) return pause();
  seek(0);
  startAll();
}

export function loop() {
  looping = !looping;
  $("loop").setAttribute("aria-pressed", String(looping));
}

$("play").addEventListener("click", () => play());
$("loop").addEventListener("click", loop);
$("scrub").addEventListener("input", () => {
  pause();
  seek(position());
});
