// Comments of clients: taken in from the file that a bundle saved, shown at their shots.

import { $, button, make, plain, say, show } from "./dom.js";
import { plural, tr } from "./language.js";
import { ask } from "./net.js";
import * as player from "./player.js";

const LARGEST = 1000000; // bytes of a file of comments
let notify = () => {};

export function use(act) {
  notify = act;
}

// How many comments on a shot nobody dealt with yet.
export const open = (shot) => (shot.comments ?? []).filter((comment) => !comment.done).length;

export function ofShot(shot) {
  fill($("comments"), $("comments-list"), shot?.comments ?? []);
}

export function ofFilm(about) {
  fill($("comments-whole"), $("comments-whole-list"), about.comments ?? []);
}

const drawn = new Map(); // what each list shows; one that stays as it is keeps the keyboard's place

function fill(section, list, comments) {
  const text = JSON.stringify(comments);
  if (drawn.get(list) === text) return;
  drawn.set(list, text);
  list.replaceChildren(...comments.map(item));
  show(section, comments.length > 0);
}

function item(comment) {
  const line = make("li", comment.done ? "comment done" : "comment");
  const head = make("p", "dim");
  const { seconds, take } = comment;
  if (seconds !== null && comment.take !== null) head.append(button(clock(seconds), "time", () => go(seconds, take)));
  else if (seconds !== null) head.append(make("span", "", clock(seconds)));
  head.append(make("b", "", plain(comment.name)));
  const rest = [comment.shot && comment.take === null && !comment.about ? comment.shot : "", comment.film, comment.about, new Date(comment.at).toLocaleString()];
  head.append(make("span", "", rest.filter(Boolean).map(plain).join(" · ")));
  head.append(doneButton(comment));
  line.append(head, make("p", "said-text", readable(comment.text)));
  return line;
}

function doneButton({ id, done }) {
  const act = async () => {
    const answer = await ask("done", { id, done: !done });
    if (answer.error) notify(answer.error, true);
  };
  const toggle = button(tr("Done"), "", act);
  toggle.setAttribute("aria-pressed", String(done));
  return toggle;
}

const clock = (seconds) => tr("{seconds} s", { seconds: seconds.toFixed(2) });
const readable = (text) => String(text).split("\n").map(plain).join("\n");

function go(seconds, take) {
  player.pause();
  player.hear(take);
  player.seek(seconds);
}

// Taking a file in

export function choose() {
  $("comments-text").value = "";
  say($("comments-said"), "");
  $("comments-in").showModal();
}

export async function take(file) {
  if (file.size > LARGEST) return refuse(tr("{name} is not a file of comments", { name: plain(file.name) }));
  return send(await file.text());
}

async function send(text) {
  const answer = await ask("comments", { text });
  if (answer.error) return refuse(answer.error);
  $("comments-in").close();
  return notify(answer.text);
}

function refuse(text) {
  if (!$("comments-in").open) return notify(text, true);
  return say($("comments-said"), plain(text));
}

$("comments-open").addEventListener("click", choose);
$("comments-file").addEventListener("change", () => {
  const [file] = $("comments-file").files;
  $("comments-file").value = "";
  if (file) take(file);
});
$("comments-take").addEventListener("click", () => send($("comments-text").value));

export const counted = (n) => plural("{n} open comment", "{n} open comments", n);
