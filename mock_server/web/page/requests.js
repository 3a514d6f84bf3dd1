// The newest requests; one that is opened shows its differences and its body.

import { $, call, keptList, make } from "./dom.js";
import { localTime, plural, tr } from "./language.js";

function differences(notes) {
  const list = make("ul", "notes");
  list.append(...notes.map(({ field, message, rests_on: basis }) => {
    const item = make("li");
    item.append(make("code", "", field), ` ${message} `, make("span", "meta", basis));
    return item;
  }));
  return list;
}

async function showBody(entry, place) {
  try {
    const { body } = await call(`requests/${entry.number}`);
    place.textContent = body === null ? tr("no body") : JSON.stringify(body, null, 2);
  } catch (error) {
    place.textContent = error.message;
  }
}

function row(entry) {
  const [element, head] = [make("details", "request"), make("summary")];
  const answer = entry.code ? `${entry.status} ${entry.code}` : `${entry.status}`;
  head.append(
    make("span", "number", entry.number),
    make("span", "time", localTime(entry.time).slice(11)),
    make("b", "", entry.operation),
    make("span", entry.status >= 400 ? "error" : "", answer),
    make("span", "meta", entry.account || "–"),
  );
  if (entry.task_id) head.append(make("code", "meta", entry.task_id.slice(0, 8)));
  if (entry.fault) head.append(make("span", "fault", tr("fault: {effect}", { effect: entry.fault })));
  if (entry.notes.length) {
    const count = plural("{n} difference", "{n} differences", entry.notes.length);
    head.append(make("span", "differs", count));
  }
  const [path, body] = [make("p", "meta", `${entry.method} ${entry.path}`), make("pre")];
  element.append(head, path);
  if (entry.notes.length) element.append(differences(entry.notes));
  element.append(body);
  element.addEventListener("toggle", () => element.open && showBody(entry, body), { once: true });
  return element;
}

const showRows = keptList($("requests"), (entry) => entry.number, row);

export function showRequests({ requests }) {
  showRows([...requests].reverse());
  $("no-requests").hidden = requests.length > 0;
}
