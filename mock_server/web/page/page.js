"use strict";
// Everything shown is somebody's text: it is set as text, never as markup.

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
  const made = document.createElement("td");
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function row(...cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}

function fact(name, value) {
  const made = document.createElement("div");
  const term = document.createElement("dt");
  const told = document.createElement("dd");
  term.textContent = name;
  told.textContent = value;
  made.append(term, told);
  return made;
}

const clockTime = (iso) => iso.slice(11, 19);

function progress(task, now) {
  const made = document.createElement("td");
  const [start, end] = [Date.parse(task.started), Date.parse(task.ended)];
  if (task.status === "RUNNING") {
    const bar = document.createElement("progress");
    bar.max = Math.max(end - start, 1);
    bar.value = Math.min(Math.max(now - start, 0), bar.max);
    bar.setAttribute("aria-label", "progress");
    made.append(bar);
    const rest = Math.ceil((end - now) / 1000);
    made.append(` ${rest} s left`);
  } else if (task.status === "PENDING") {
    const wait = Math.ceil((start - now) / 1000);
    made.textContent = wait < 86400 ? `starts in ${wait} s` : "stuck";
  } else if (task.status === "FAILED" && task.fate) {
    made.textContent = task.fate.code;
  } else if (task.status === "SUCCEEDED") {
    made.textContent = `${Math.round((end - start) / 1000)} s`;
  }
  return made;
}

function showTasks(tasks, charges, now) {
  const rows = tasks.slice(-SHOWN).reverse().map((task) => {
    const charge = charges.get(task.task_id);
    const amount = charge && charge.amount !== "0" ? `${charge.amount} ${charge.currency}` : "–";
    return row(
      cell(task.task_id.slice(0, 8), "id"),
      cell(task.account),
      cell(`${task.request.model} ${task.request.resolution} ${task.request.duration} s`),
      cell(task.request.prompt || "no prompt", "prompt"),
      cell(task.status, `state ${task.status}`),
      progress(task, now),
      cell(amount, "right"),
    );
  });
  $("tasks").replaceChildren(...rows);
  $("no-tasks").hidden = rows.length > 0;
}

function showRequests(requests) {
  $("requests").replaceChildren(...requests.reverse().map((each) => row(
    cell(each.number, "number"),
    cell(clockTime(each.time)),
    cell(each.account || "–"),
    cell(each.operation),
    cell(each.code ? `${each.status} ${each.code}` : each.status, each.status >= 400 ? "error" : ""),
    cell(each.fault || ""),
  )));
}

function showFaults(faults) {
  $("faults").replaceChildren(...faults.map((fault) => {
    const made = document.createElement("li");
    const { struck, ...rest } = fault;
    const words = Object.entries(rest).map(([key, value]) => `${key}=${value}`).join(" ");
    made.textContent = `${words} (struck ${struck} ${struck === 1 ? "time" : "times"})`;
    return made;
  }));
  $("no-faults").hidden = faults.length > 0;
}

async function refresh() {
  const [health, tasks, ledger, requests, faults] = await Promise.all([
    call("health"), call(`tasks?limit=${SHOWN}`), call(`ledger?limit=${SHOWN}`),
    call("requests?limit=40"), call("faults"),
  ]);
  $("state").textContent = "running";
  $("state").className = "";
  $("time").textContent = health.now.slice(0, 19).replace("T", " ") + " UTC";
  $("clock").textContent = health.clock;
  $("seed").textContent = health.seed;
  $("base").textContent = `${location.origin}/api/v1`;
  $("tasks-note").textContent = health.tasks > SHOWN ? `newest ${SHOWN} of ${health.tasks}` : "newest first";
  const totals = ledger.totals;
  $("totals").replaceChildren(
    fact("Accepted", totals.submissions),
    fact("Succeeded", totals.succeeded),
    ...Object.entries(totals.amounts).map(([currency, amount]) => fact("Charged", `${amount} ${currency}`)),
  );
  const charges = new Map(ledger.submissions.map((each) => [each.task_id, each]));
  // An account may be ahead of the common time: its tasks tell their own.
  showTasks(tasks.tasks, charges, Date.parse(health.now));
  showRequests(requests.requests);
  showFaults(faults.faults);
}

async function live() {
  try {
    await refresh();
  } catch (error) {
    $("state").textContent = "no answer";
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

live();
