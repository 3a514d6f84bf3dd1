// The event stream in, questions out.

import { tr } from "./language.js";

export async function ask(what, asked = {}) {
  let answer;
  try {
    answer = await fetch(`/api/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
    });
  } catch {
    return { error: tr("the board does not answer; is its program still running?") };
  }
  try {
    return await answer.json();
  } catch {
    return { error: tr("the board answered {status}", { status: answer.status }) };
  }
}

// The browser itself asks again where the line breaks, from the last event on.
export function listen(hear, line) {
  const source = new EventSource("/events");
  for (const kind of ["state", "shot", "about"]) {
    source.addEventListener(kind, (event) => hear(kind, JSON.parse(event.data)));
  }
  source.addEventListener("open", () => line("open"));
  source.addEventListener("error", () => {
    line(source.readyState === EventSource.CLOSED ? "closed" : "broken");
  });
  return source;
}
