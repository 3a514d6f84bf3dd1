// The rows of the page: filtered, searched, sixty at a time; films play in place.
"use strict";
{
  const PER_PAGE = 60;
  const LONG = 160; // letters of reasons that a card shows at once
  const root = document.documentElement;
  const { rows, strings, texts } = JSON.parse(document.getElementById("rows").textContent);
  const at = (id) => document.getElementById(id);
  const view = { state: "", group: -1, film: "", query: "", page: 0 };
  const initial = { ...view };

  // -- words --------------------------------------------------------------------------------------

  const inLanguage = (pair) => (typeof pair === "string" ? pair : pair[root.lang === "en" ? 0 : 1]);
  const string = (number) => inLanguage(strings[number]);
  const text = (name, values = {}) =>
    inLanguage(texts[name]).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  const grouped = (number) => number.toLocaleString("en");

  const two = (number) => String(number).padStart(2, "0");
  const localTime = (iso) => {
    const time = new Date(iso);
    if (Number.isNaN(time.getTime())) return iso;
    const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
    return `${date} ${two(time.getHours())}:${two(time.getMinutes())}`;
  };

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== false) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== undefined));
    return element;
  };

  // -- which rows ---------------------------------------------------------------------------------

  const folded = (words) => words.normalize("NFKC").toLowerCase();
  let searchable = null; // of each row, in the language that is shown
  const searchTexts = () =>
    (searchable ??= rows.map((row) =>
      folded([row.name, row.caption ?? "", ...(row.why ?? []).map(string)].join("\n")),
    ));

  const matching = () => {
    const words = folded(view.query).split(/\s+/).filter(Boolean);
    const all = words.length ? searchTexts() : [];
    return rows.filter(
      (row, number) =>
        (!view.state || row.state === view.state) &&
        (view.group < 0 || row.groups?.includes(view.group)) &&
        words.every((word) => all[number].includes(word)),
    );
  };

  // -- a card -------------------------------------------------------------------------------------

  const filmOf = (row) => row.films?.find((film) => film.name === view.film) ?? row.films?.[0];
  const isWide = (film) => film !== undefined && film.width >= film.height * 1.2;

  const image = (source, width, height) =>
    make("img", { src: source, alt: "", loading: "lazy", decoding: "async", width, height });

  let stop = () => {}; // what plays now

  const play = (media, row, film) => {
    stop();
    const video = make("video", {
      src: film.path, poster: film.poster, controls: "", autoplay: "", playsinline: "",
      "aria-label": text("film", { film: film.name, row: row.name }),
    });
    const fail = () => media.replaceChildren(make("p", { class: "line" }, text("unplayable")));
    video.addEventListener("error", fail);
    media.replaceChildren(video);
    media.classList.add("playing");
    video.focus();
    stop = () => {
      video.removeEventListener("error", fail);
      video.pause();
      media.classList.remove("playing");
      still(media, row, film);
    };
  };

  const still = (media, row, film) => {
    const button = make("button", { type: "button", class: "play",
      "aria-label": text("play", { film: film.name, row: row.name }) });
    button.addEventListener("click", () => play(media, row, film));
    const picture = film.poster && image(film.poster, film.width, film.height);
    media.replaceChildren(...(picture ? [picture] : []), button);
  };

  const mediaOf = (row, film) => {
    const media = make("div", { class: "media" });
    const [width, height] = film ? [film.width, film.height] : (row.shape ?? [0, 0]);
    if (width && height) {
      media.style.setProperty("--w", width);
      media.style.setProperty("--h", height);
    }
    if (film) still(media, row, film);
    else if (row.picture) media.append(image(row.picture, width || undefined, height || undefined));
    else media.classList.add("blank");
    return media;
  };

  const filmList = (row, media, shown) => {
    const list = make("ul", { class: "films" });
    for (const film of row.films) {
      const link = make("a", { href: film.path, "aria-current": film === shown && "true" }, film.name);
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        event.preventDefault();
        for (const other of list.querySelectorAll("a")) other.removeAttribute("aria-current");
        link.setAttribute("aria-current", "true");
        play(media, row, film);
      });
      const facts = [film.aspect, film.length].filter(Boolean).join(" · ");
      const stale = film.stale !== undefined && make("span", { class: "stale" }, ` ${string(film.stale)}`);
      list.append(make("li", {}, link, " ", make("small", {}, facts), stale || ""));
    }
    return list;
  };

  const reasons = (row) => {
    const sentences = row.why.map(string);
    const list = make("ul", { class: "why" },
      ...sentences.map((sentence) => make("li", { dir: "auto" }, sentence)));
    if (sentences.length <= 2 && sentences.every((sentence) => sentence.length <= LONG)) return [list];
    list.classList.add("short");
    const more = make("button", { type: "button", class: "more", "aria-expanded": "false" }, text("more"));
    more.addEventListener("click", () => {
      const short = list.classList.toggle("short");
      more.setAttribute("aria-expanded", String(!short));
      more.textContent = text(short ? "more" : "less");
    });
    return [list, more];
  };

  const card = (row) => {
    const film = filmOf(row);
    const media = mediaOf(row, film);
    const name = row.board ? make("a", { href: row.board }, row.name) : row.name;
    const line = make("p", { class: "line" },
      make("span", { class: `state ${row.state}` }, text(`state-${row.state}`)),
      row.cost === undefined ? "" : ` · ${string(row.cost)}`,
      ...(row.at ? [" · ", make("time", { datetime: row.at }, localTime(row.at))] : []));
    const about = make("div", { class: "about" }, make("h3", { dir: "auto" }, name), line,
      row.caption && make("p", { class: "caption", dir: "auto" }, row.caption),
      row.films && filmList(row, media, film),
      ...(row.why ? reasons(row) : []));
    return make("li", { class: !film ? "filmless" : isWide(film) && "wide" }, media, about);
  };

  // -- the page -----------------------------------------------------------------------------------

  const pressed = (selector, isPressed) => {
    for (const button of document.querySelectorAll(selector)) {
      button.setAttribute("aria-pressed", String(isPressed(button)));
    }
  };

  const show = () => {
    stop();
    stop = () => {};
    const chosen = matching();
    const pages = Math.max(1, Math.ceil(chosen.length / PER_PAGE));
    view.page = Math.min(Math.max(0, view.page), pages - 1);
    const first = view.page * PER_PAGE;
    const seen = chosen.slice(first, first + PER_PAGE);
    at("cards").replaceChildren(...seen.map(card));
    at("cards").classList.toggle("all-wide", seen.every((row) => isWide(filmOf(row))));
    at("count").textContent = seen.length
      ? text("count", { first: grouped(first + 1), last: grouped(first + seen.length), n: grouped(chosen.length) })
      : text("none");
    pressed("[data-state]", (button) => button.dataset.state === view.state);
    pressed("[data-group]", (button) => Number(button.dataset.group) === view.group);
    at("pages").hidden = pages === 1;
    at("before").disabled = view.page === 0;
    at("after").disabled = view.page === pages - 1;
    at("page").max = pages;
    at("page").value = view.page + 1;
    at("page-total").textContent = text("pages", { n: grouped(pages) });
  };

  // The address keeps what is shown, for going back and for reloading.
  const remember = () => {
    const kept = Object.entries(view).filter(([name, value]) => value !== initial[name]);
    try {
      history.replaceState(null, "", `#${new URLSearchParams(kept)}`);
    } catch {
      // Some browsers allow no change of a file's address.
    }
  };

  const change = (changes) => {
    Object.assign(view, { page: 0 }, changes);
    show();
    remember();
  };

  const turn = (page) => {
    change({ page });
    at("list").scrollIntoView();
    at("list").focus({ preventScroll: true });
  };

  const words = () => {
    searchable = null;
    at("query").placeholder = text("search");
    at("query").setAttribute("aria-label", text("search"));
    at("page-label").textContent = text("page");
    if (films.length > 1) at("film").options[0].textContent = text("first");
    for (const button of document.querySelectorAll(".copy")) button.textContent = text("copy");
    show();
  };

  const recall = () => {
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      if (name in view) view[name] = typeof view[name] === "number" ? Number(value) || 0 : value;
    }
    at("query").value = view.query;
  };

  const copy = async (button) => {
    const code = button.previousElementSibling;
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      document.execCommand("copy"); // pages that came over plain http have no clipboard
    }
    button.textContent = text("copied");
    setTimeout(() => (button.textContent = text("copy")), 1500);
  };

  const films = [...new Set(rows.flatMap((row) => (row.films ?? []).map((film) => film.name)))];
  if (films.length > 1) {
    at("film").append(make("option", { value: "" }), ...films.map((name) => make("option", { value: name }, name)));
    at("film-label").hidden = false;
  }
  recall();
  if (films.includes(view.film)) at("film").value = view.film;
  for (const button of document.querySelectorAll("[data-state]")) {
    button.disabled = false;
    button.addEventListener("click", () => change({ state: button.dataset.state, group: -1 }));
  }
  for (const button of document.querySelectorAll("[data-group]")) {
    button.hidden = false;
    const group = Number(button.dataset.group);
    button.addEventListener("click", () =>
      change({ group: view.group === group ? -1 : group, state: "", query: (at("query").value = "") }));
  }
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  at("query").addEventListener("input", () => change({ query: at("query").value }));
  at("film").addEventListener("change", () => change({ film: at("film").value, page: view.page }));
  at("before").addEventListener("click", () => turn(view.page - 1));
  at("after").addEventListener("click", () => turn(view.page + 1));
  at("page").addEventListener("change", () => turn(Number(at("page").value) - 1 || 0));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    event.preventDefault();
    at("query").focus();
  });
  document.addEventListener("wanx-language", words);
  at("tools").hidden = false;
  words();
}
