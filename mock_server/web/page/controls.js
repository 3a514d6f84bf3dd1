// The chosen account, the clock and the faults: what a click does.

import { $, call, keptList, make } from "./dom.js";
import { duration, localTime, plural, tr } from "./language.js";

export const chosen = () => $("account").value;

const scoped = (path) => (chosen() ? `${path}?account=${encodeURIComponent(chosen())}` : path);

// Run an act of a click; what the server says against it is shown.
function acting(act, refresh) {
  return async () => {
    $("refusal").textContent = "";
    try {
      await act();
    } catch (error) {
      $("refusal").textContent = error.message;
    }
    await refresh();
  };
}

export function listen(refresh) {
  $("account").addEventListener("change", refresh);
  for (const button of document.querySelectorAll("[data-advance]")) {
    const advance = Number(button.dataset.advance);
    button.addEventListener("click", acting(() => call(scoped("clock"), "POST", { advance }), refresh));
  }
  for (const button of document.querySelectorAll("[data-fault]")) {
    const plan = [button.dataset.fault];
    button.addEventListener("click", acting(() => call(scoped("faults"), "POST", plan), refresh));
  }
  $("add-fault").addEventListener("submit", (event) => {
    event.preventDefault();
    const plan = [$("fault-line").value];
    acting(() => call(scoped("faults"), "POST", plan), refresh)();
  });
  $("clear-faults").addEventListener("click", acting(() => call("faults", "DELETE"), refresh));
  $("faults").addEventListener("click", ({ target }) => {
    const place = target.dataset.place;
    if (place) acting(() => call(`faults?place=${place}`, "DELETE"), refresh)();
  });
}

const word = ([key, value]) => {
  const text = typeof value === "object" ? JSON.stringify(value) : `${value}`;
  return `${key}=${/\s/.test(text) ? `"${text}"` : text}`;
};

function faultRow({ place, struck, ...fault }) {
  const item = make("li");
  const used = plural("used {n} time", "used {n} times", struck);
  const button = make("button", "", tr("Remove"));
  button.dataset.place = place;
  item.append(make("code", "", Object.entries(fault).map(word).join(" ")), make("span", "meta", used), button);
  return item;
}

const showRows = keptList($("faults"), (fault) => fault.place, faultRow);

export function showFaults({ faults }) {
  showRows(faults.map((fault, place) => ({ place, ...fault })));
  $("no-faults").hidden = faults.length > 0;
  $("clear-faults").hidden = faults.length === 0;
}

export function showAccounts({ accounts }) {
  const [select, names] = [$("account"), accounts.map(({ name }) => name)];
  const kept = select.value && !names.includes(select.value) ? [select.value] : [];
  const options = [["", tr("all accounts")], ...[...names, ...kept].map((name) => [name, name])];
  if (options.map(([name]) => name).join("\n") === [...select.options].map(({ value }) => value).join("\n")) return;
  const value = select.value;
  select.replaceChildren(...options.map(([name, text]) => new Option(text, name)));
  select.value = value;
}

export function showClock({ clock, seed, accounts }, now) {
  const ahead = accounts.find(({ name }) => name === chosen())?.ahead ?? 0;
  const time = new Date(now + 1000 * ahead).toISOString();
  const difference = ahead ? tr("{time} ahead", { time: duration(ahead) }) : "";
  $("time").textContent = [localTime(time), difference].filter(Boolean).join(" · ");
  $("time").title = `${time.slice(0, 19).replace("T", " ")} UTC`;
  $("clock").textContent = clock;
  $("seed").textContent = seed;
}
