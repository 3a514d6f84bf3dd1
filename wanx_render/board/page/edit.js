// Prompt, caption, duration and trim of a shot: the change is shown as a difference of the list's
// text, with its price, and is saved only then.

import { $, make, plain, say, show } from "./dom.js";
import { plural, tr } from "./language.js";
import { ask } from "./net.js";

const TEXTS = ["prompt", "caption"];
let shot = "";
let known = null; // what the list says now
let shown = null; // the change as it was shown, with its token
let asking = 0;
let notify = () => {};

export function use(act) {
  notify = act;
}

export async function open(id) {
  const answer = await ask("edit", { shot: id });
  if (answer.error) return notify(answer.error, true);
  shot = id;
  known = answer;
  shown = null;
  fill();
  showOutcome({});
  $("edit").showModal();
  const first = ["edit-prompt", "edit-caption"].find((field) => !$(field).readOnly && !$(field).closest("label").hidden);
  if (first) $(first).focus();
}

function fill() {
  const { values, fixed, durations, file, rows } = known;
  say($("edit-title"), tr("Edit {shot}", { shot }));
  const where = rows === null
    ? tr("in {file}", { file: plain(file) })
    : plural("in {file}, for {n} row of the table", "in {file}, for {n} rows of the table", rows, { file: plain(file) });
  say($("edit-file"), where);
  for (const key of [...TEXTS, "duration"]) show($(`edit-${key}`).closest("label"), key in values);
  for (const key of TEXTS) {
    $(`edit-${key}`).value = values[key] ?? "";
    $(`edit-${key}`).readOnly = Boolean(fixed[key]);
  }
  fillDurations(durations, values.duration ?? null, Boolean(fixed.duration));
  for (const end of ["start", "end"]) {
    $(`edit-${end}`).value = values.trim[end] ?? "";
    $(`edit-${end}`).readOnly = Boolean(fixed.trim);
  }
  const reasons = Object.values(fixed).map((reason) => make("li", "", plain(reason)));
  $("edit-fixed").replaceChildren(...reasons);
}

function fillDurations(durations, now, fixed) {
  const options = [...new Set([...durations, ...(now === null ? [] : [now])])].sort((a, b) => a - b);
  const unset = make("option", "", tr("the model's own"));
  unset.value = "";
  $("edit-duration").replaceChildren(unset, ...options.map((seconds) => {
    const option = make("option", "", tr("{seconds} s", { seconds }));
    option.value = seconds;
    return option;
  }));
  $("edit-duration").value = now ?? "";
  $("edit-duration").disabled = fixed;
}

const number = (text) => (text.trim() === "" ? null : Number(text));

// What differs from the list as it is.
function changes() {
  const { values } = known;
  const wanted = {};
  for (const key of TEXTS) if (key in values && $(`edit-${key}`).value !== values[key]) wanted[key] = $(`edit-${key}`).value;
  const duration = number($("edit-duration").value);
  if ("duration" in values && duration !== values.duration) wanted.duration = duration;
  const trim = { start: number($("edit-start").value), end: number($("edit-end").value) };
  if ((trim.start ?? 0) !== (values.trim.start ?? 0) || trim.end !== values.trim.end) wanted.trim = trim;
  return wanted;
}

// A moment after the last key the server says what the change would do.
function changed() {
  clearTimeout(asking);
  shown = null;
  $("edit-save").disabled = true;
  asking = setTimeout(preview, 300);
}

async function preview() {
  const wanted = changes();
  if (!Object.keys(wanted).length) return showOutcome({});
  const answer = await ask("edit", { shot, changes: wanted });
  if (JSON.stringify(wanted) !== JSON.stringify(changes())) return; // more was typed meanwhile
  showOutcome(answer, wanted);
}

function showOutcome({ error, diff, token, cost, problems, warnings }, wanted = {}) {
  shown = token ? { wanted, token } : null;
  showDiff(diff ?? "");
  const wrong = error ? [error] : (problems ?? []);
  const lines = [...wrong.map((text) => make("li", "bad", plain(text))), ...(warnings ?? []).map((text) => make("li", "", plain(text)))];
  $("edit-problems").replaceChildren(...lines);
  say($("edit-cost"), costs(cost, diff));
  $("edit-save").disabled = !shown;
}

function costs(cost, diff) {
  if (!cost) return diff ? "" : tr("nothing is changed yet");
  const { takes, amount } = cost;
  if (!takes.length) return tr("nothing has to be paid for again");
  const names = takes.slice(0, 5).join(tr(", "));
  return plural("{n} take becomes out of date, {amount} to make it again: {names}", "{n} takes become out of date, {amount} to make them again: {names}", takes.length, { amount, names });
}

const MARKS = { "+": "added", "-": "removed", "@": "place" };

function showDiff(diff) {
  const lines = diff.split("\n").filter((line) => line && !/^(---|\+\+\+) /.test(line));
  show($("edit-diff"), lines.length > 0);
  $("edit-diff").replaceChildren(...lines.map((line) => make("span", MARKS[line[0]] ?? "", `${plain(line)}\n`)));
}

async function save() {
  if (!shown) return;
  $("edit-save").disabled = true;
  const answer = await ask("save", { shot, changes: shown.wanted, token: shown.token });
  if (answer.error) {
    if (answer.values) known = answer;
    notify(answer.error, true);
    return preview();
  }
  $("edit").close();
  notify(tr("saved in {file}", { file: known.file }));
}

for (const field of ["prompt", "caption", "duration", "start", "end"]) {
  $(`edit-${field}`).addEventListener("input", changed);
}
$("edit-save").addEventListener("click", save);
// Enter in a field shows the change; only the button saves it.
$("edit").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input, select")) return;
  event.preventDefault();
  clearTimeout(asking);
  preview();
});
