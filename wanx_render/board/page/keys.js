// Keys: what each does, and the list of them that `?` shows.

import { $, make } from "./dom.js";

let rows = [];

// Each row: the keys as shown, what they do in words, and the actions by the browser's names.
export function bind(table) {
  rows = table;
  $("keys-list").replaceChildren(...rows.map(([shown, text]) => {
    const row = make("div");
    const keys = make("dt");
    keys.append(...shown.flatMap((key, index) => [index ? " " : "", make("kbd", "", key)]));
    row.append(keys, make("dd", "", text));
    return row;
  }));
}

const action = (key) => rows.map(([, , actions]) => actions[key]).find(Boolean);
const digit = (key) => (/^[1-9]$/.test(key) ? "digit" : key);

const isTyping = (at) => at.matches("input:not([type=range], [type=checkbox], [type=radio], [type=file]), textarea, select, video");
const isPressed = (at) => at.matches("button:not(.point), summary, a, input:not([type=range])");

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const at = event.target;
  if (isTyping(at)) return;
  if (event.key === " " && isPressed(at)) return;
  if (event.key.startsWith("Arrow") && at.matches("input, .log")) return;
  const act = action(digit(event.key));
  if (!act) return;
  event.preventDefault();
  act(event);
});
