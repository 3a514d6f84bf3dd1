// The board: shows what the server sends, sends what a person does.

import * as comments from "./comments.js";
import * as compare from "./compare.js";
import * as crops from "./crops.js";
import { $, make, plain, say, show } from "./dom.js";
import * as edit from "./edit.js";
import * as keys from "./keys.js";
import { plural, tr } from "./language.js";
import * as list from "./list.js";
import { ask, listen } from "./net.js";
import * as player from "./player.js";
import * as snippet from "./snippet.js";
import * as stage from "./stage.js";
import * as firstFrame from "./window.js";

let order = [];
const shots = new Map();
let about = {};
let selected = decodeURIComponent(location.hash.slice(1));

// The token in the address is used up.
if (location.search) history.replaceState(null, "", location.pathname + location.hash);

function select(id, scroll) {
  if (!shots.has(id)) id = order[0];
  if (id === undefined) return;
  selected = id;
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  list.mark(id, scroll);
  stage.open(shots.get(id), about);
}

function move(by) {
  const index = Math.max(0, order.indexOf(selected));
  select(order[Math.min(order.length - 1, Math.max(0, index + by))], true);
}

// What the server sends

const received = {
  state(record) {
    about = record.about;
    order = record.shots.map((shot) => shot.id);
    shots.clear();
    for (const shot of record.shots) shots.set(shot.id, shot);
    list.all(record.shots, about.pace);
    showAbout();
    select(selected, true);
    requestAnimationFrame(() => setTimeout(() => performance.mark("board-shots")));
  },
  shot(record) {
    shots.set(record.id, record);
    list.one(record, about.pace);
    if (record.id === selected) stage.open(record, about);
  },
  about(record) {
    about = record;
    showAbout();
    if (shots.has(selected)) stage.open(shots.get(selected), about);
  },
};

const FITS = { crop: tr("crop"), pad: tr("pad"), blur: tr("blur") };

const RUNS = {
  render: tr("rendering"), reroll: tr("generating one more take"), rebuild: tr("rebuilding"),
  pictures: tr("making pictures"),
  elsewhere: tr("another program works in this folder"),
};

function showAbout() {
  say($("project"), about.project);
  document.title = `${about.run ? "● " : ""}${about.project}`;
  show($("mock"), about.mock);
  say($("run"), RUNS[about.run] ?? tr("idle"));
  $("run").classList.toggle("on", Boolean(about.run));
  showMoney();
  const on = Boolean(about.run);
  const missing = about.to_make.takes;
  const price = about.to_make.price;
  say($("render"), missing ? tr("Render {n} · {price}", { n: missing, price }) : tr("Render"));
  $("render").disabled = on;
  $("render").classList.toggle("main", missing > 0);
  const pictures = about.pictures;
  show($("pictures"), pictures.takes > 0);
  say($("pictures"), tr("Pictures first {n} · {price}", { n: pictures.takes, price: pictures.price }));
  $("pictures").disabled = on;
  $("rebuild").disabled = on;
  $("rebuild").classList.toggle("main", !on && !missing && about.deliverables.some((deliverable) => !deliverable.fresh));
  $("cancel-all").disabled = !on && ![...shots.values()].some((shot) => shot.takes.some((t) => t.state === "owed"));
  $("debts").hidden = about.debts.length === 0;
  say($("debts"), debts());
  $("problems").hidden = about.problems.length === 0;
  $("problems").replaceChildren(...about.problems.map((text) => make("li", "", plain(text))));
  showTurns();
  showWarnings();
  showDeliverables();
  comments.ofFilm(about);
  showLog();
}

function showTurns() {
  for (const [id, name, text] of [["undo", tr("Undo"), about.undo], ["redo", tr("Redo"), about.redo]]) {
    $(id).disabled = !text;
    $(id).title = text ? `${name}: ${plain(text)}` : name;
    $(id).setAttribute("aria-label", $(id).title);
  }
}

function showWarnings() {
  const count = about.warnings.length;
  show($("warnings"), count > 0);
  say($("warnings-count"), plural("{n} warning", "{n} warnings", count));
  $("warnings-list").replaceChildren(...about.warnings.map((text) => make("li", "", plain(text))));
}

function showMoney() {
  say($("paid"), tr("film {film}, folder total {total}", { film: about.film, total: about.paid }));
  show($("budget"), about.budget !== null);
  if (about.budget === null) return;
  const { spent, budget } = about;
  say($("budget-words"), about.run ? tr("run {spent} of {budget}", { spent, budget }) : tr("budget {budget}", { budget }));
  show($("budget-bar"), Boolean(about.run));
  const bar = $("budget-bar");
  bar.max = 1;
  bar.value = about.share;
}

function debts() {
  if (!about.debts.length) return "";
  const takes = about.debts.slice(0, 5).map((debt) =>
    tr("{take} ({hours} h left)", { take: debt.take, hours: debt.hours.toFixed(1) }));
  if (about.debts.length > 5) takes.push(tr("{n} more", { n: about.debts.length - 5 }));
  return tr("Paid but not downloaded: {takes}. Render downloads them.", { takes: takes.join(tr(", ")) });
}

const cards = new Map(); // of deliverables, by name

function showDeliverables() {
  const names = new Set(about.deliverables.map((deliverable) => deliverable.name));
  for (const [name, card] of cards) {
    if (!names.has(name)) {
      card.root.remove();
      cards.delete(name);
    }
  }
  for (const deliverable of about.deliverables) {
    const { name } = deliverable;
    if (!cards.has(name)) cards.set(name, newCard(name));
    fillCard(cards.get(name), deliverable);
  }
}

const FILMS = {
  current: [tr("up to date"), "good"], stale: [tr("out of date"), "busy"],
  missing: [tr("not made yet"), "off"], broken: [tr("failed"), "bad"],
};

function newCard(name) {
  const root = make("article", "deliverable");
  const card = { root, screen: make("div", "screen empty"), title: make("h3", "", name), state: make("p", "state"), why: make("ul", "why note"), facts: make("p", "dim") };
  root.append(card.screen, card.title, card.state, card.why, card.facts);
  $("made").append(root);
  return card;
}

function fillCard(card, deliverable) {
  const { made } = deliverable;
  const url = made?.url;
  if (url !== card.url) {
    card.url = url;
    card.screen.replaceChildren(...(url ? [filmPlayer(deliverable)] : []));
    card.screen.classList.toggle("empty", !url);
  }
  const [word, name] = FILMS[deliverable.state];
  say(card.state, word);
  card.state.className = `state ${name}`;
  const reasons = [...deliverable.why];
  if (deliverable.more_reasons) reasons.push(tr("{n} more", { n: deliverable.more_reasons }));
  card.why.replaceChildren(...reasons.map((text) => make("li", "", plain(text))));
  show(card.why, reasons.length > 0 && deliverable.state !== "missing"); // else Render says it
  const size = made?.size ?? deliverable.size ?? tr("size unknown");
  const parts = [deliverable.aspect.join(":"), FITS[deliverable.fit] ?? deliverable.fit, size];
  if (made) parts.push(tr("{seconds} s", { seconds: made.seconds }), checks(made));
  say(card.facts, parts.join(" · "));
}

function checks({ checks: n, hold }) {
  return hold
    ? plural("{n} check passed", "{n} checks passed", n)
    : tr("a check failed");
}

function filmPlayer(deliverable) {
  const video = make("video");
  video.controls = true;
  video.preload = "metadata";
  video.playsInline = true;
  video.poster = deliverable.made.poster;
  video.src = deliverable.made.url;
  video.setAttribute("aria-label", tr("Deliverable {name}", { name: deliverable.name }));
  return video;
}

function showLog() {
  const lines = about.log.map((text) => make("li", "", plain(text)));
  const log = $("log");
  const end = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  log.replaceChildren(...lines);
  if (end) log.scrollTop = log.scrollHeight;
}

// What a person does

let fading = 0;

function notify(text, bad = false) {
  const notice = $("said");
  say(notice, plain(text));
  notice.classList.toggle("bad", bad);
  notice.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { notice.hidden = true; }, bad ? 9000 : 5000);
}

async function run(asked, title) {
  const quote = await ask("quote", asked);
  if (quote.error) return notify(quote.error, true);
  if (quote.lacking?.length) return notify(tr("clips are missing: {reasons}", { reasons: quote.lacking.map((shot) => shot.text).join(tr("; ")) }), true);
  if (quote.stale?.length) return confirmStale(asked, quote);
  if (!quote.takes.length && !quote.refused) return start(asked);
  confirm(asked, quote, title);
}

async function start(asked) {
  const answer = await ask("run", asked);
  const { error, amount } = answer;
  if (error) notify(amount ? tr("{error} (now {amount})", { error, amount }) : error, true);
  return !answer.error;
}

let sending = null;

// A rebuild with clips that are not what the list asks for, on an explicit word alone.
function confirmStale(asked, quote) {
  say($("ask-title"), tr("Rebuild with clips that are out of date?"));
  say($("ask-words"), tr("To make them again costs {amount}: press Render.", quote));
  $("ask-takes").replaceChildren(...quote.stale.map((shot) => make("li", "", plain(shot.text))));
  show($("ask-refused"), false);
  show($("ask-type"), false);
  say($("ask-yes"), tr("Rebuild with these clips"));
  $("ask-yes").disabled = false;
  sending = { asked: { ...asked, stale: true }, quote };
  $("ask").showModal();
  $("ask-no").focus();
}

// What a run leaves that must be made again after it.
function afterwards({ after }) {
  if (!after) return [];
  const names = after.shots.join(tr(", "));
  return [make("li", "", tr("then {names} for {amount}: {whole} in total", { names, ...after }))];
}

// A choice that makes paid clips stale, on an explicit word alone; it spends nothing now.
function offer({ takes, amount }, yes, no) {
  say($("ask-title"), tr("Move the crop of the first frame?"));
  say($("ask-words"), plural(
    "{n} paid clip becomes out of date. Making it again costs {amount}; nothing is spent now.",
    "{n} paid clips become out of date. Making them again costs {amount}; nothing is spent now.",
    takes.length, { amount }));
  $("ask-takes").replaceChildren(...takes.slice(0, 8).map((take) => make("li", "", take)));
  show($("ask-refused"), false);
  show($("ask-type"), false);
  say($("ask-yes"), tr("Move it"));
  $("ask-yes").disabled = false;
  sending = { yes, no };
  $("ask").returnValue = "";
  $("ask").showModal();
  $("ask-no").focus();
}

function confirm(asked, quote, title) {
  const { amount } = quote;
  const text = about.mock
    ? plural("{n} take: {amount}, play money (mock)", "{n} takes: {amount}, play money (mock)", quote.takes.length, { amount })
    : plural("{n} take: {amount}", "{n} takes: {amount}", quote.takes.length, { amount });
  say($("ask-title"), title);
  say($("ask-words"), text);
  const shown = quote.takes.slice(0, 8).map((take) => make("li", "", take));
  if (quote.takes.length > 8) shown.push(make("li", "", tr("{n} more", { n: quote.takes.length - 8 })));
  $("ask-takes").replaceChildren(...shown, ...afterwards(quote));
  show($("ask-refused"), Boolean(quote.refused));
  say($("ask-refused"), quote.refused ?? "");
  show($("ask-type"), quote.typed);
  say($("ask-type-words"), tr("Type {amount} to spend it", { amount }));
  $("ask-price").value = "";
  say($("ask-yes"), tr("Spend {amount}", { amount }));
  $("ask-yes").disabled = Boolean(quote.refused) || quote.typed;
  sending = { asked, quote };
  $("ask").showModal();
  (quote.typed ? $("ask-price") : quote.refused ? $("ask-no") : $("ask-yes")).focus();
}

$("ask-price").addEventListener("input", () => {
  const typed = $("ask-price").value.trim().split(/\s+/).join(" ");
  const { price, amount, refused } = sending.quote;
  $("ask-yes").disabled = Boolean(refused) || ![price, amount].includes(typed);
});
$("ask-price").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (!$("ask-yes").disabled) $("ask-yes").click();
});
$("ask-yes").addEventListener("click", () => {
  $("ask").close("yes");
  if (sending.yes) return sending.yes();
  start({ ...sending.asked, price: sending.quote.price });
});

$("ask").addEventListener("close", () => {
  if ($("ask").returnValue !== "yes") sending?.no?.();
});

const render = () => run({ what: "render" }, tr("Render what is missing?"));
const pictures = () => run({ what: "pictures" }, tr("Make the first frames?"));
const isGenerated = () => Boolean(stage.current() && !stage.current().own);
const reroll = () => isGenerated() && run({ what: "reroll", shot: selected }, tr("One more take of {shot}?", { shot: selected }));
const rebuild = () => run({ what: "rebuild" });

async function cancelAll() {
  const answer = await ask("cancel");
  notify(answer.error ?? answer.answers.join(tr("; ")), Boolean(answer.error));
}

$("render").addEventListener("click", render);
$("pictures").addEventListener("click", pictures);
$("rebuild").addEventListener("click", rebuild);
$("reroll").addEventListener("click", reroll);
$("cancel-all").addEventListener("click", cancelAll);
$("help").addEventListener("click", () => $("keys").showModal());
list.onChoose(select);
stage.onSay(notify);
edit.use(notify);
firstFrame.use(offer, notify);
comments.use(notify);
snippet.use(() => about.deliverables, notify, comments.take);

function nudge(x, y) {
  return (event) => {
    if (compare.on()) return event.key === "ArrowLeft" ? player.hearNext(-1) : event.key === "ArrowRight" ? player.hearNext() : null;
    const distance = event.shiftKey ? 5 : 1;
    crops.nudge(x * distance, y * distance);
  };
}

// Takes back the last choice, or does it again, and shows its shot.
async function turn(what) {
  const answer = await ask(what);
  if (answer.error) return notify(answer.error, true);
  if (shots.has(answer.shot)) select(answer.shot, true);
  notify(answer.text);
}

const undo = () => turn("undo");
const redo = () => turn("redo");
const editShot = () => stage.current() && edit.open(selected);
$("edit-open").addEventListener("click", editShot);
$("undo").addEventListener("click", undo);
$("redo").addEventListener("click", redo);

const press = (id) => () => !$(id).disabled && !$(id).hidden && $(id).click();

keys.bind([
  [["j", "k"], tr("next shot, previous shot"), { j: () => move(1), k: () => move(-1) }],
  [["1", "…", "9"], tr("choose a take and listen to it"), { digit: (event) => stage.choose(Number(event.key)) }],
  [["x"], tr("reject the chosen take, or undo that"), { x: stage.rejectOne }],
  [["u", "U"], tr("undo the last choice; do it again"), { u: undo, U: redo }],
  [["c", "Esc"], tr("compare takes side by side; end it"), { c: compare.toggle, Escape: compare.leave }],
  [["m"], tr("listen to the next take without choosing it"), { m: () => player.hearNext() }],
  [[tr("Space"), "l"], tr("play all takes, or pause; play again and again"), { " ": player.play, l: player.loop }],
  [[",", "."], tr("one frame back, one frame forward"), { ",": () => player.step(-1), ".": () => player.step(1) }],
  [["←", "↑", "→", "↓"], tr("move the focus point; with Shift, further"), {
    ArrowLeft: nudge(-10, 0), ArrowRight: nudge(10, 0), ArrowUp: nudge(0, -10), ArrowDown: nudge(0, 10),
  }],
  [["0"], tr("use the list's focus"), { 0: press("uncentre") }],
  [["e"], tr("edit prompt, caption, duration and trim"), { e: editShot }],
  [["w"], tr("move the crop of the first frame, where the list crops it"), { w: firstFrame.focus }],
  [["r"], tr("one more take; shows the price and asks"), { r: reroll }],
  [["g"], tr("render what is missing; shows the price and asks"), { g: press("render") }],
  [["p"], tr("make the first frames only; shows the price and asks"), { p: press("pictures") }],
  [["b"], tr("rebuild the deliverables, at no cost"), { b: press("rebuild") }],
  [["S"], tr("cancel all that waits or runs"), { S: press("cancel-all") }],
  [["a"], tr("add a picture: lines to copy into the list"), { a: press("add") }],
  [["?"], tr("show these keys"), { "?": () => $("keys").showModal() }],
]);

// The connection to the server

const LINES = {
  open: "",
  broken: tr("No connection to the board; trying again…"),
  closed: tr("This board has ended or was started again. Open the address that its terminal shows."),
};

listen(
  (kind, record) => received[kind](record),
  (state) => {
    show($("banner"), state !== "open");
    say($("banner"), LINES[state]);
  },
);

setInterval(() => {
  if (document.hidden) return;
  list.tick(about.pace ?? 1);
  stage.tick();
}, 1000);

// The switch of languages comes back to the same shot.
$("language").addEventListener("click", () => {
  $("language").href = `/?lang=${$("language").hreflang.slice(0, 2)}${location.hash}`;
});

// After a click by mouse or finger the keys belong to the board again, not to the button.
addEventListener("click", (event) => {
  if (event.detail > 0) event.target.closest?.("button:not(.point)")?.blur();
});
