// The words and colours of a take's state.

import { duration, tr } from "./language.js";
import { STATES } from "./take_states.js"; // the table of reports/states.py

export const kind = (state) => STATES[state].tone;
export const busy = (state) => kind(state) === "busy" && !["owed", "stale"].includes(state);

// The state in words, with its age and what may be left of it, both as of now.
// ``brief`` leaves the age out.
export function words(take, since, pace, brief = false) {
  const parts = [STATES[take.state].word];
  if (busy(take.state) && take.age !== undefined) {
    const passed = ((performance.now() - since) / 1000) * pace;
    if (!brief) parts.push(duration(take.age + passed));
    if (take.left !== null && take.left !== undefined && take.state !== "fetching") {
      const left = take.left - passed;
      parts.push(left > 0 ? tr("about {left} left", { left: duration(left) }) : tr("longer than usual"));
    }
  }
  if (take.state === "owed" && take.hours !== null && take.hours !== undefined) {
    parts.push(tr("{hours} h left to download it", { hours: take.hours.toFixed(1) }));
  }
  return parts.join(" · ");
}

// A shot that nothing is asked for.
export const ownWord = (own) => (own === "clip" ? tr("own footage") : tr("still picture"));

// What a shot is as a whole: its worst trouble, else what goes on, else its picked take.
export function leading(shot) {
  return (
    shot.takes.find((take) => busy(take.state)) ??
    shot.takes.find((take) => take.n === shot.pick) ??
    shot.takes[0]
  );
}
