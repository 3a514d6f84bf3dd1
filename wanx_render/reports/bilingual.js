// The page in the reader's language and with the reader's time; without this it stays as written.
"use strict";
{
  const root = document.documentElement;
  const own = root.lang;
  const others = JSON.parse(document.getElementById("words").textContent);
  const button = document.getElementById("language");
  const other = { en: "zh-Hans", "zh-Hans": "en" };
  const names = { en: "English", "zh-Hans": "中文" };
  const before = new Map(); // texts of an element as the page was written

  const kept = (element, key, value) => {
    if (!before.has(element)) before.set(element, {});
    return (before.get(element)[key] ??= value);
  };

  const show = (tag) => {
    root.lang = tag;
    const text = (number, written) => (tag === own ? written : others[number]);
    for (const element of document.querySelectorAll("[data-t]")) {
      const written = kept(element, "text", element.textContent);
      element.textContent = text(element.dataset.t, written);
    }
    for (const name of ["alt", "title", "aria-label"]) {
      for (const element of document.querySelectorAll(`[data-${name}]`)) {
        const written = kept(element, name, element.getAttribute(name));
        element.setAttribute(name, text(element.getAttribute(`data-${name}`), written));
      }
    }
    button.textContent = names[other[tag]];
    button.lang = other[tag];
    document.dispatchEvent(new Event("wanx-language"));
  };

  const two = (number) => String(number).padStart(2, "0");
  for (const element of document.querySelectorAll("time, [data-at]")) {
    const time = new Date(element.getAttribute("datetime") ?? element.dataset.at);
    if (Number.isNaN(time.getTime())) continue;
    element.setAttribute("aria-description", element.textContent);
    const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
    element.textContent = `${date} ${two(time.getHours())}:${two(time.getMinutes())}`;
  }

  const remembered = () => {
    try {
      return localStorage.getItem("wanx-language");
    } catch {
      return null;
    }
  };
  button.addEventListener("click", () => {
    show(other[root.lang]);
    try {
      localStorage.setItem("wanx-language", root.lang);
    } catch {
      // A browser that keeps nothing shows the page in its own language the next time.
    }
  });
  const asked = [remembered(), ...navigator.languages].filter(Boolean);
  const known = asked.map((tag) => ({ en: "en", zh: "zh-Hans" })[tag.slice(0, 2)]);
  show(known.find(Boolean) ?? own);
  button.hidden = false;
}
