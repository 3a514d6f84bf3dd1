// Everything shown is text of clients: it is set as text, never as markup.

import { duration, localTime, plural, tr } from "./language.js";

const token = new URLSearchParams(location.search).get("token");
const $ = (id) => document.getElementById(id);
const SHOWN = 200;

async function call(path, options = {}) {
  const headers = { ...(token ? { "X-Mock-Token": token } : {}), ...(options.headers || {}) };
  const answer = await fetch(`/_mock/${path}`, { ...options, headers });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function cell(text, className = "") {
  const element = document.createElement("td");
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function row(...cells) {
  const element = document.createElement("tr");
  element.append(...cells);
  return element;
}

function fact(name, value) {
  const group = document.createElement("div");
  const term = document.createElement("dt");
  const details = document.createElement("dd");
  term.textContent = name;
  details.textContent = value;
  group.append(term, details);
  return group;
}

function progress(task, now) {
  const element = document.createElement("td");
  const [start, end] = [Date.parse(task.started), Date.parse(task.ended)];
  if (task.status === "RUNNING") {
    const bar = document.createElement("progress");
    bar.max = Math.max(end - start, 1);
    bar.value = Math.min(Math.max(now - start, 0), bar.max);
    bar.setAttribute("aria-label", tr("Progress"));
    element.append(bar);
    element.append(" ", tr("{left} left", { left: duration((end - now) / 1000) }));
  } else if (task.status === "PENDING") {
    const wait = (start - now) / 1000;
    element.textContent = wait < 86400 ? tr("starts in {wait}", { wait: duration(wait) }) : tr("stuck");
  } else if (task.status === "FAILED" && task.fate) {
    element.textContent = task.fate.code;
  } else if (task.status === "SUCCEEDED") {
    element.textContent = duration((end - start) / 1000);
  }
  return element;
}

const money = (amount, currency) =>
  currency === "CNY" ? tr("{amount} CNY", { amount }) : `${amount} ${currency}`;

// A picture has no length; a clip has its tier, or the size that was asked for outright.
const clip = ({ model, resolution, duration: seconds, size, ratio }) =>
  [
    model,
    size ? `${size.width}x${size.height}` : resolution,
    ratio,
    seconds ? tr("{seconds} s", { seconds }) : "",
  ].filter(Boolean).join(" ");

function showTasks(tasks, charges, now) {
  const rows = tasks.slice(-SHOWN).reverse().map((task) => {
    const charge = charges.get(task.task_id);
    const amount = charge && charge.amount !== "0" ? money(charge.amount, charge.currency) : "–";
    return row(
      cell(task.task_id.slice(0, 8), "id"),
      cell(task.account),
      cell(clip(task.request)),
      cell(task.request.prompt || tr("no prompt"), "prompt"),
      cell(task.status, `state ${task.status}`),
      progress(task, now),
      cell(amount, "right"),
    );
  });
  $("tasks").replaceChildren(...rows);
  $("no-tasks").hidden = rows.length > 0;
}

function showRequests(requests) {
  $("requests").replaceChildren(...requests.reverse().map((entry) => row(
    cell(entry.number, "number"),
    cell(localTime(entry.time).slice(11)),
    cell(entry.account || "–"),
    cell(entry.operation),
    cell(entry.code ? `${entry.status} ${entry.code}` : entry.status, entry.status >= 400 ? "error" : ""),
    cell(entry.fault || ""),
  )));
}

function showFaults(faults) {
  $("faults").replaceChildren(...faults.map((fault) => {
    const item = document.createElement("li");
    const { struck, ...rest } = fault;
    const words = Object.entries(rest).map(([key, value]) => `${key}=${value}`).join(" ");
    item.textContent = plural("{fault} (used {n} time)", "{fault} (used {n} times)", struck, { fault: words });
    return item;
  }));
  $("no-faults").hidden = faults.length > 0;
}

async function refresh() {
  const [health, tasks, ledger, requests, faults] = await Promise.all([
    call("health"), call(`tasks?limit=${SHOWN}`), call(`ledger?limit=${SHOWN}`),
    call("requests?limit=40"), call("faults"),
  ]);
  $("state").textContent = tr("connected");
  $("state").className = "";
  $("time").textContent = localTime(health.now);
  $("time").title = health.now.slice(0, 19).replace("T", " ") + " UTC";
  $("clock").textContent = health.clock;
  $("seed").textContent = health.seed;
  $("base").textContent = `${location.origin}/api/v1`;
  $("tasks-note").textContent = health.tasks > SHOWN ? tr("newest {n} of {count}", { n: SHOWN, count: health.tasks }) : tr("newest first");
  const totals = ledger.totals;
  $("totals").replaceChildren(
    fact(tr("Accepted"), totals.submissions),
    fact(tr("Succeeded"), totals.succeeded),
    ...Object.entries(totals.amounts).map(([currency, amount]) => fact(tr("Charged"), money(amount, currency))),
  );
  const charges = new Map(ledger.submissions.map((line) => [line.task_id, line]));
  // An account may be ahead of the common time: its tasks show their own.
  showTasks(tasks.tasks, charges, Date.parse(health.now));
  showRequests(requests.requests);
  showFaults(faults.faults);
}

async function live() {
  try {
    await refresh();
  } catch (error) {
    $("state").textContent = tr("no answer");
    $("state").className = "lost";
  }
  setTimeout(live, document.hidden ? 5000 : 1000);
}

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", async () => {
    const advance = Number(button.dataset.advance);
    await call("clock", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ advance }),
    });
    await refresh();
  });
}

// The switch of languages keeps the token of the address.
if (token) $("language").href += `&token=${encodeURIComponent(token)}`;

live();
