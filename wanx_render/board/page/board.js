// The board: what the server tells, shown; what a person does, asked for.

import { $, make, plain, say, show } from "./dom.js";
import * as list from "./list.js";
import { ask, listen } from "./net.js";
import * as stage from "./stage.js";

let order = [];
const shots = new Map();
let about = {};
let selected = decodeURIComponent(location.hash.slice(1));

// The token in the address has done its work.
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

// What the server tells

const heard = {
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

const RUNS = {
  render: "rendering", reroll: "re-rolling", rebuild: "rebuilding",
  elsewhere: "another program works in this folder",
};

function showAbout() {
  say($("project"), about.project);
  document.title = `${about.run ? "● " : ""}${about.project}`;
  show($("mock"), about.mock);
  say($("run"), RUNS[about.run] ?? "idle");
  $("run").classList.toggle("on", Boolean(about.run));
  showMoney();
  const on = Boolean(about.run);
  const missing = about.to_make.takes;
  say($("render"), missing ? `Render ${missing} · ${about.to_make.price}` : "Render");
  $("render").disabled = on;
  $("render").classList.toggle("main", missing > 0);
  $("rebuild").disabled = on;
  $("rebuild").classList.toggle("main", !on && !missing && about.deliverables.some((each) => !each.fresh));
  $("cancel-all").disabled = !on && ![...shots.values()].some((shot) => shot.takes.some((t) => t.state === "owed"));
  $("debts").hidden = about.debts.length === 0;
  say($("debts"), debts());
  $("problems").hidden = about.problems.length === 0;
  $("problems").replaceChildren(...about.problems.map((each) => make("li", "", plain(each))));
  showWarnings();
  showMade();
  showLog();
}

function showWarnings() {
  const count = about.warnings.length;
  show($("warnings"), count > 0);
  say($("warnings-count"), count === 1 ? "1 warning" : `${count} warnings`);
  $("warnings-list").replaceChildren(...about.warnings.map((each) => make("li", "", plain(each))));
}

function showMoney() {
  say($("paid"), `film ${about.film}, folder paid ${about.paid}`);
  show($("budget"), about.budget !== null);
  if (about.budget === null) return;
  const words = about.run ? `run ${about.spent} of ${about.budget}` : `budget ${about.budget}`;
  say($("budget-words"), `${words} ${about.currency}`);
  show($("budget-bar"), Boolean(about.run));
  const bar = $("budget-bar");
  bar.max = Math.max(Number(about.budget), 0.01);
  bar.value = Number(about.spent);
}

function debts() {
  if (!about.debts.length) return "";
  const each = about.debts.slice(0, 5).map((debt) => `${debt.take}: ${debt.hours.toFixed(1)} h left`);
  const rest = about.debts.length > 5 ? ` and ${about.debts.length - 5} more` : "";
  return `Paid for and not fetched yet: ${each.join(", ")}${rest}. Render fetches them.`;
}

const made = new Map(); // cards by name

function showMade() {
  const names = new Set(about.deliverables.map((each) => each.name));
  for (const [name, card] of made) {
    if (!names.has(name)) {
      card.root.remove();
      made.delete(name);
    }
  }
  for (const each of about.deliverables) {
    if (!made.has(each.name)) made.set(each.name, newMade(each.name));
    fillMade(made.get(each.name), each);
  }
}

function newMade(name) {
  const root = make("article", "deliverable");
  const card = { root, screen: make("div", "screen empty"), title: make("h3", "", name), state: make("p", "state"), facts: make("p", "dim") };
  root.append(card.screen, card.title, card.state, card.facts);
  $("made").append(root);
  return card;
}

function fillMade(card, each) {
  const url = each.made?.url;
  if (url !== card.url) {
    card.url = url;
    card.screen.replaceChildren(...(url ? [player(each)] : []));
    card.screen.classList.toggle("empty", !url);
  }
  const [word, name] = !each.made
    ? ["not made yet", "off"]
    : each.fresh ? ["up to date", "good"] : ["older than your choices: rebuild", "busy"];
  say(card.state, word);
  card.state.className = `state ${name}`;
  const size = each.made?.size ?? each.size ?? "size follows the clips";
  const parts = [each.aspect.join(":"), each.fit, size];
  if (each.made) parts.push(`${each.made.seconds} s`, `${each.made.checks} checks ${each.made.hold ? "hold" : "failed"}`);
  say(card.facts, parts.join(" · "));
}

function player(each) {
  const video = make("video");
  video.controls = true;
  video.preload = "metadata";
  video.playsInline = true;
  video.src = each.made.url;
  video.setAttribute("aria-label", `Deliverable ${each.name}`);
  return video;
}

function showLog() {
  const lines = about.log.map((each) => make("li", "", plain(each)));
  const log = $("log");
  const end = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  log.replaceChildren(...lines);
  if (end) log.scrollTop = log.scrollHeight;
}

// What a person does

let fading = 0;

function tell(text, bad = false) {
  const said = $("said");
  say(said, plain(text));
  said.classList.toggle("bad", bad);
  said.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { said.hidden = true; }, bad ? 9000 : 5000);
}

async function run(asked, title) {
  const quote = await ask("quote", asked);
  if (quote.error) return tell(quote.error, true);
  if (!quote.takes.length && !quote.refused) return start(asked);
  confirm(asked, quote, title);
}

async function start(asked) {
  const answer = await ask("run", asked);
  if (answer.error) tell(answer.price ? `${answer.error} (now ${answer.price})` : answer.error, true);
  return !answer.error;
}

let sending = null;

function confirm(asked, quote, title) {
  const count = quote.takes.length === 1 ? "1 take" : `${quote.takes.length} takes`;
  say($("ask-title"), title);
  say($("ask-words"), `${count} at ${quote.price}${about.mock ? " of play money (mock)" : ""}`);
  const shown = quote.takes.slice(0, 8).map((each) => make("li", "", each));
  if (quote.takes.length > 8) shown.push(make("li", "", `and ${quote.takes.length - 8} more`));
  $("ask-takes").replaceChildren(...shown);
  show($("ask-refused"), Boolean(quote.refused));
  say($("ask-refused"), quote.refused ?? "");
  show($("ask-type"), quote.typed);
  say($("ask-type-words"), `Type ${quote.price} to spend it`);
  $("ask-price").value = "";
  say($("ask-yes"), `Spend ${quote.price}`);
  $("ask-yes").disabled = Boolean(quote.refused) || quote.typed;
  sending = { asked, quote };
  $("ask").showModal();
  (quote.typed ? $("ask-price") : quote.refused ? $("ask-no") : $("ask-yes")).focus();
}

$("ask-price").addEventListener("input", () => {
  const typed = $("ask-price").value.trim().split(/\s+/).join(" ");
  $("ask-yes").disabled = Boolean(sending.quote.refused) || typed !== sending.quote.price;
});
$("ask-price").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (!$("ask-yes").disabled) $("ask-yes").click();
});
$("ask-yes").addEventListener("click", () => {
  $("ask").close("yes");
  start({ ...sending.asked, price: sending.quote.price });
});

const render = () => run({ what: "render" }, "Render what is missing?");
const reroll = () => stage.current() && run({ what: "reroll", shot: selected }, `One more take of ${selected}?`);
const rebuild = () => start({ what: "rebuild" });

async function cancelAll() {
  const answer = await ask("cancel");
  tell(answer.error ?? answer.told.join("; "), Boolean(answer.error));
}

$("render").addEventListener("click", render);
$("rebuild").addEventListener("click", rebuild);
$("reroll").addEventListener("click", reroll);
$("cancel-all").addEventListener("click", cancelAll);
$("help").addEventListener("click", () => $("keys").showModal());
list.onChoose(select);
stage.onSay(tell);

const ARROWS = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] };
const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => stage.current() && stage.reject(stage.current().pick),
  r: reroll,
  b: () => !$("rebuild").disabled && rebuild(),
  ",": () => stage.step(-1),
  ".": () => stage.step(1),
  "?": () => $("keys").showModal(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const at = event.target;
  const typing = at.matches("input:not([type=range]), textarea, video");
  if (typing) return;
  const arrow = ARROWS[event.key];
  if (arrow) {
    if (at.matches("input, .log")) return;
    event.preventDefault();
    stage.nudge(...arrow.map((each) => each * (event.shiftKey ? 5 : 1)));
  } else if (event.key === " " && !at.matches("button:not(.point), summary, a")) {
    event.preventDefault();
    stage.play();
  } else if (/^[1-9]$/.test(event.key)) {
    stage.choose(Number(event.key));
  } else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// The line to the server

const LINES = {
  open: "",
  broken: "The line to the board is broken; trying again…",
  closed: "This page's board has ended or was started again. Open the address that its terminal shows.",
};

listen(
  (kind, record) => heard[kind](record),
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

// After a click by mouse or finger the keys belong to the board again, not to the button.
addEventListener("click", (event) => {
  if (event.detail > 0) event.target.closest?.("button:not(.point)")?.blur();
});
