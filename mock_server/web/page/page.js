// The page asks once a second what changed, less often where nobody answers, never while hidden.

import { chosen, listen, showAccounts, showClock, showFaults } from "./controls.js";
import { $, call } from "./dom.js";
import { tr } from "./language.js";
import { showRequests } from "./requests.js";
import { showMoney, showTasks, showTime } from "./tasks.js";

const SECOND = 1000;
const LONGEST = 15 * SECOND;
let shown = null; // the last document of the server
let account = null; // whose it is
let failures = 0;
let timer = 0;
let asking = null;

async function ask() {
  const now = chosen();
  const have = shown && account === now ? shown.tag : "";
  const answer = await call(`overview?${new URLSearchParams({ account: now, have })}`);
  if (now !== chosen()) return; // another account was chosen meanwhile
  if (answer.tasks) {
    [shown, account] = [answer, now];
    showAccounts(shown);
    showMoney(shown, now);
    showTasks(shown);
    showRequests(shown);
    showFaults(shown);
  }
  const time = Date.parse(answer.now);
  showClock(shown, time);
  showTime(shown, time);
}

// One question at a time; a click while one is open is followed by another.
async function refresh() {
  clearTimeout(timer);
  while (asking) await asking;
  asking = ask().then(() => { failures = 0; }, () => { failures += 1; });
  await asking;
  asking = null;
  $("state").textContent = failures ? tr("no answer") : tr("connected");
  $("state").className = failures ? "lost" : "";
  document.body.classList.toggle("old", failures > 0);
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, Math.min(SECOND * 2 ** failures, LONGEST));
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });

const token = new URLSearchParams(location.search).get("token");
// The switch of languages keeps the token of the address.
if (token) $("language").href += `&token=${encodeURIComponent(token)}`;
for (const place of document.querySelectorAll(".base")) place.textContent = `${location.origin}/api/v1`;

listen(refresh);
refresh();
