// Tasks as cards with their clips, and the money of each account.

import { $, address, fact, keptList, make } from "./dom.js";
import { duration, plural, tr } from "./language.js";

const money = (amount, currency) =>
  currency === "CNY" ? tr("{amount} CNY", { amount }) : `${amount} ${currency}`;

const charged = (amounts) =>
  Object.entries(amounts).map(([currency, amount]) => money(amount, currency)).join(" + ");

// Clips are fetched when their card comes into view.
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    target.src = target.dataset.src;
    seen.unobserve(target);
  }
}, { rootMargin: "200px" });

function failed(stage) {
  stage.replaceChildren(make("p", "", tr("The clip cannot be made here.")));
}

function picture(task, stage) {
  const image = make("img");
  image.dataset.src = address(`clips/${task.id}/1.png`);
  image.alt = task.prompt;
  image.addEventListener("error", () => failed(stage));
  return image;
}

function video(task, stage) {
  const media = make("video");
  media.dataset.src = address(`clips/${task.id}.mp4`);
  Object.assign(media, { loop: true, muted: true, playsInline: true, preload: "metadata" });
  media.setAttribute("aria-label", task.prompt || tr("no prompt"));
  media.addEventListener("error", () => failed(stage));
  return media;
}

function play(media, button) {
  button?.remove();
  media.controls = true;
  media.play().catch(() => {}); // the browser may want another click
}

// The first frame is the poster; the controls of the browser come with the first click.
function poster(task, stage) {
  if (task.pictures) return [picture(task, stage)];
  const media = video(task, stage);
  const button = make("button", "play", "▶");
  button.setAttribute("aria-label", tr("Play"));
  button.addEventListener("click", () => play(media, button));
  return [media, button];
}

function offer(task, stage) {
  const button = make("button", "", task.pictures ? tr("Show the picture") : tr("Show the clip"));
  button.addEventListener("click", () => {
    const media = task.pictures ? picture(task, stage) : video(task, stage);
    stage.replaceChildren(media);
    media.src = media.dataset.src;
    if (!task.pictures) play(media);
  });
  return button;
}

function stageOf(task) {
  const stage = make("div", "stage");
  if (task.status === "SUCCEEDED" && task.made) {
    stage.append(...poster(task, stage));
    seen.observe(stage.firstElementChild);
  } else if (task.status === "SUCCEEDED") {
    stage.append(offer(task, stage));
  } else {
    stage.append(make("p", "", task.code || task.status));
  }
  return stage;
}

function card(task, before) {
  const element = make("article", "task");
  // A clip that was shown by a click stays where its task is said to have one now.
  const playing = before?.querySelector(".stage video, .stage img");
  const words = make("div", "words");
  const line = make("p", "line");
  line.append(make("span", `state ${task.status}`, task.status), make("span", "progress"));
  if (task.amount !== "0") line.append(make("span", "amount", money(task.amount, task.currency)));
  else if (!task.price_known) line.append(make("span", "amount meta", tr("price unknown")));
  const prompt = make("p", "prompt", task.prompt || tr("no prompt"));
  prompt.title = task.prompt;
  const seconds = task.seconds ? tr("{seconds} s", { seconds: task.seconds }).replace(" ", "\u00a0") : "";
  const form = [task.model, task.form, seconds].filter(Boolean).join(" · ");
  const who = make("p", "meta");
  who.append(make("code", "", task.id.slice(0, 8)), ` · ${task.account}`);
  words.append(line, prompt, make("p", "meta", form), who);
  element.append(playing && task.status === "SUCCEEDED" ? playing.parentElement : stageOf(task), words);
  return element;
}

function showProgress(place, task, now) {
  const [start, end] = [Date.parse(task.started), Date.parse(task.ended)];
  if (task.status === "RUNNING") {
    if (!place.firstElementChild) {
      const bar = make("progress");
      bar.setAttribute("aria-label", tr("Progress"));
      place.replaceChildren(bar, "");
    }
    place.firstElementChild.max = Math.max(end - start, 1);
    place.firstElementChild.value = Math.min(Math.max(now - start, 0), Math.max(end - start, 1));
    place.lastChild.textContent = tr("{left} left", { left: duration((end - now) / 1000) });
  } else if (task.status === "PENDING") {
    const wait = (start - now) / 1000;
    place.textContent = wait < 86400 ? tr("starts in {wait}", { wait: duration(wait) }) : tr("stuck");
  } else {
    place.textContent = task.status === "SUCCEEDED" ? duration((end - start) / 1000) : "";
  }
}

const showCards = keptList($("tasks"), (task) => task.id, card);

export function showTasks({ tasks, of }) {
  showCards([...tasks].reverse());
  $("no-tasks").hidden = tasks.length > 0;
  $("tasks-note").textContent =
    of > tasks.length ? tr("newest {n} of {count}", { n: tasks.length, count: of }) : tr("newest first");
}

// An account may be ahead of the common time: its tasks show their own.
export function showTime({ tasks, accounts }, now) {
  const ahead = new Map(accounts.map((account) => [account.name, 1000 * account.ahead]));
  const places = $("tasks").getElementsByClassName("progress");
  [...tasks].reverse().forEach((task, place) => {
    showProgress(places[place], task, now + (ahead.get(task.account) ?? 0));
  });
}

function accountRow({ name, ahead, tasks, going, succeeded, failed: lost, amounts, paid_twice: twice }) {
  const row = make("li");
  const states = [
    plural("{n} task", "{n} tasks", tasks),
    going && tr("{n} in progress", { n: going }),
    succeeded && tr("{n} succeeded", { n: succeeded }),
    lost && tr("{n} failed", { n: lost }),
    ahead && tr("{time} ahead", { time: duration(ahead) }),
  ].filter(Boolean);
  row.append(make("b", "", name), make("span", "meta", states.join(" · ")));
  if (twice) {
    row.append(make("span", "twice", plural("{n} request paid twice", "{n} requests paid twice", twice)));
  }
  row.append(make("span", "amount", charged(amounts)));
  return row;
}

const showRows = keptList($("accounts"), (account) => account.name, accountRow);

export function showMoney({ accounts }, chosen) {
  const shown = accounts.filter(({ name }) => !chosen || name === chosen);
  const sum = (name) => shown.reduce((total, account) => total + account[name], 0);
  const amounts = {};
  for (const account of shown) {
    for (const [currency, amount] of Object.entries(account.amounts)) {
      amounts[currency] = (amounts[currency] ?? 0) + Math.round(100 * Number(amount));
    }
  }
  const whole = Object.entries(amounts).map(([currency, cents]) => [currency, (cents / 100).toFixed(2)]);
  $("totals").replaceChildren(
    fact(tr("Accepted"), sum("tasks")),
    fact(tr("Succeeded"), sum("succeeded")),
    fact(tr("Charged"), charged(Object.fromEntries(whole)) || "–"),
    fact(tr("Paid twice"), sum("paid_twice"), sum("paid_twice") ? "error" : ""),
  );
  showRows(shown);
}
