// Texts in the reader's language, and what is written alike in every language.

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

export const tr = (text, values = {}) => fill(TEXTS[text] ?? text, values);

export const plural = (one, many, n, values = {}) =>
  fill(TEXTS[many] ?? (n === 1 ? one : many), { n, ...values });

// A length of time: 0:42, 12:05 or 1:02:05, as show_duration of wanx_render/timing.py writes it.
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

// A time in the reader's zone: 2026-01-01 08:10:00.
export function localTime(iso) {
  const time = new Date(iso);
  const two = (number) => String(number).padStart(2, "0");
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  const clock = [two(time.getHours()), two(time.getMinutes()), two(time.getSeconds())].join(":");
  return `${date} ${clock}`;
}
