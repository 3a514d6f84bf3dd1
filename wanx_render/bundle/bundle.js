// A bundle: plays films and shots, takes comments at a time, and gives them out as a file.
"use strict";
{
  const root = document.documentElement;
  const at = (id) => document.getElementById(id);
  const data = JSON.parse(at("bundle").textContent);
  const screens = [...document.querySelectorAll(".screen")];
  const videos = screens.map((screen) => screen.querySelector("video"));
  const cards = [...document.querySelectorAll(".shot[data-shot]")];
  const filmOf = (screen) => data.films.find((film) => film.screen === screen);
  const STEP = 0.2; // seconds

  // -- words --------------------------------------------------------------------------------------

  const inLanguage = (pair) => (typeof pair === "string" ? pair : pair[root.lang === "en" ? 0 : 1]);
  const words = (name, values = {}) =>
    inLanguage(data.texts[name]).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  const two = (number) => String(number).padStart(2, "0");
  const clock = (ms) => {
    const tenths = Math.floor(ms / 100);
    return `${Math.floor(tenths / 600)}:${two(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
  };
  const counted = (n) => (n === 1 ? words("count-one") : words("count", { n }));

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const button = (text, className, act) => {
    const element = make("button", className, text);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
  };
  const say = (element, text) => {
    element.textContent = text;
    element.hidden = !text;
  };

  // -- what is kept -------------------------------------------------------------------------------

  const KEY = `wanx-comments-${data.bundle}`;
  let keeps = true;
  const recall = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      keeps = false;
      return null;
    }
  };
  const keep = (key, value) => {
    try {
      localStorage.setItem(key, value);
      keeps = localStorage.getItem(key) === value;
    } catch {
      keeps = false;
    }
  };
  const remembered = () => {
    try {
      const { comments, sent } = JSON.parse(recall(KEY) ?? "{}");
      return { comments: comments ?? [], sent: sent ?? {} };
    } catch {
      return { comments: [], sent: {} };
    }
  };
  const state = remembered(); // comments as the file has them; of each that was given out, its ``at``
  const store = () => keep(KEY, JSON.stringify(state));
  const unsent = () => state.comments.filter((comment) => state.sent[comment.id] !== comment.at);

  // -- playing ------------------------------------------------------------------------------------

  let screen = 0;
  let end = Infinity; // seconds of the video at which a shot that was tapped is over

  const show = (number) => {
    if (number !== screen) videos[screen]?.pause();
    screen = number;
    screens.forEach((element, index) => { element.hidden = index !== number; });
    for (const tab of document.querySelectorAll("#tabs button")) {
      tab.setAttribute("aria-pressed", String(Number(tab.dataset.screen) === number));
    }
    drawStrip();
    follow();
  };

  const partAt = (film, ms) => {
    const begun = film.parts.filter((part) => part.start <= ms + 1);
    return begun[begun.length - 1] ?? film.parts[0];
  };

  // Where the player is: the shot, the time in its clip, the film and the time in that.
  const place = () => {
    const video = videos[screen];
    if (!video) return null;
    const ms = Math.round(video.currentTime * 1000);
    const film = filmOf(screen);
    if (!film) {
      const shot = data.shots.find((other) => other.screen === screen);
      return { shot: shot.id, clip: shot.clip, take: shot.take, ms: shot.from + ms, film: null, film_ms: null };
    }
    const part = partAt(film, ms);
    const here = { film: film.name, film_ms: Math.min(ms, film.length) };
    if (!part) return { shot: null, clip: null, take: null, ms: null, ...here };
    const inside = Math.min(Math.max(ms - part.start, 0), part.length) * part.speed;
    return { shot: part.shot, clip: part.clip, take: part.take, ms: Math.round(part.from + inside), ...here };
  };
  const shownTime = ({ film_ms, ms, shot }) =>
    film_ms ?? (ms === null ? null : ms - (data.shots.find((other) => other.id === shot)?.from ?? 0));

  // The film and part that show a shot, the film that is on the screen first.
  const showing = (shot) => {
    const films = [...data.films].sort((a, b) => (b.screen === screen) - (a.screen === screen));
    for (const film of films) {
      const part = film.parts.find((other) => other.shot === shot.id && other.clip === shot.clip);
      if (part) return { screen: film.screen, start: part.start, length: part.length };
    }
    return shot.screen === null ? null : { screen: shot.screen, start: 0, length: shot.length };
  };

  const seek = (seconds) => {
    const video = videos[screen];
    const go = () => { video.currentTime = seconds; };
    if (video.readyState > 0) return go();
    video.addEventListener("loadedmetadata", go, { once: true });
    video.load();
  };

  const playShot = (index) => {
    const where = showing(data.shots[index]);
    if (!where) return;
    show(where.screen);
    seek(where.start / 1000 + 0.001);
    end = (where.start + where.length) / 1000;
    start();
  };
  const start = () => videos[screen].play()?.catch(() => {});

  const goTo = (comment) => {
    const film = data.films.find((other) => other.name === comment.film);
    const shot = data.shots.find((other) => other.id === comment.shot);
    if (film && comment.film_ms !== null) {
      show(film.screen);
      seek(comment.film_ms / 1000);
    } else if (shot?.screen !== null && shot !== undefined && comment.ms !== null) {
      show(shot.screen);
      seek((comment.ms - shot.from) / 1000);
    }
    videos[screen]?.pause();
  };

  const follow = () => {
    const here = place();
    if (!here) return;
    const time = shownTime(here);
    at("now-shot").textContent = here.shot ?? "";
    at("now-time").textContent = time === null ? "" : clock(time);
    at("comment").textContent = words("comment-at", { time: clock(time ?? 0) });
    cards.forEach((card, index) => card.classList.toggle("on", data.shots[index].id === here.shot));
    const segments = [...at("strip").querySelectorAll("button")];
    const film = filmOf(screen);
    const part = film && partAt(film, here.film_ms);
    segments.forEach((segment, index) => segment.classList.toggle("on", film?.parts[index] === part));
  };

  const drawStrip = () => {
    const film = filmOf(screen);
    at("strip").hidden = !film || film.parts.length < 2;
    if (!film) return;
    const segments = film.parts.map((part) => {
      const segment = button("", "", () => { seek(part.start / 1000 + 0.001); end = Infinity; });
      segment.tabIndex = -1;
      segment.style.flexGrow = String(Math.max(part.length, 1));
      return segment;
    });
    const dots = state.comments.filter((comment) => comment.film === film.name && comment.film_ms !== null);
    const marks = dots.map((comment) => {
      const dot = make("i");
      dot.style.left = `${(100 * comment.film_ms) / Math.max(film.length, 1)}%`;
      return dot;
    });
    at("strip").replaceChildren(...segments, ...marks);
  };

  // Some browsers play no video of a data address; all that play one of a blob.
  const asBlob = (video) => {
    const [head, body] = video.getAttribute("src").split(",", 2);
    const letters = atob(body);
    const bytes = new Uint8Array(letters.length);
    for (let index = 0; index < letters.length; index += 1) bytes[index] = letters.charCodeAt(index);
    return URL.createObjectURL(new Blob([bytes], { type: head.slice(5).split(";")[0] }));
  };
  const failed = (video) => {
    const source = video.getAttribute("src");
    if (!source.startsWith("data:")) return say(at("trouble"), words("unplayable"));
    try {
      video.src = asBlob(video);
    } catch {
      say(at("trouble"), words("unplayable"));
    }
  };

  videos.forEach((video, number) => {
    video.addEventListener("error", () => failed(video));
    for (const event of ["timeupdate", "seeked", "pause", "loadedmetadata"]) {
      video.addEventListener(event, () => number === screen && follow());
    }
    video.addEventListener("timeupdate", () => {
      if (number !== screen || video.paused || video.currentTime < end) return;
      end = Infinity;
      video.pause();
    });
    video.addEventListener("seeking", () => { if (video.currentTime > end) end = Infinity; });
  });

  // -- writing ------------------------------------------------------------------------------------

  const composer = at("composer");
  let target = null; // the place of the comment that is written
  let editing = null; // the comment that is changed
  let opener = null;

  const slotOf = (shot) => {
    const index = data.shots.findIndex((other) => other.id === shot);
    return (index < 0 ? at("whole") : cards[index]).querySelector(".slot");
  };

  const showWhen = () => {
    const time = shownTime(target);
    const parts = [target.shot, time === null ? null : words("at", { time: clock(time) })];
    at("when").textContent = parts.filter((part) => part !== null).join(" ") || words("on-film");
    at("nudge").hidden = target.ms === null && target.film_ms === null;
  };

  const compose = (where, comment = null) => {
    opener = document.activeElement;
    videos[screen]?.pause();
    target = where;
    editing = comment;
    at("name").value = comment?.name ?? recall("wanx-comments-name") ?? at("name").value;
    at("text").value = comment?.text ?? "";
    at("put").textContent = words(comment ? "change" : "add");
    say(at("wrong"), "");
    composer.hidden = false;
    slotOf(target.shot).append(composer);
    root.classList.add("composing");
    showWhen();
    (at("name").value ? at("text") : at("name")).focus({ preventScroll: true });
    composer.scrollIntoView({ block: "end" });
  };

  const close = () => {
    composer.hidden = true;
    document.body.append(composer);
    root.classList.remove("composing");
    target = null;
    editing = null;
    drawComments();
    if (opener?.isConnected) opener.focus({ preventScroll: true });
  };

  const nudge = (by) => {
    const video = videos[screen];
    const { shot } = target;
    const before = video.currentTime;
    video.currentTime = Math.min(Math.max(before + by, 0), video.duration || 0);
    const here = place();
    if (here.shot === shot) target = here;
    else video.currentTime = before; // a comment stays with its shot
    showWhen();
  };

  const random = () =>
    [...crypto.getRandomValues(new Uint8Array(10))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const put = () => {
    const name = at("name").value.trim();
    const text = at("text").value.trim();
    if (!name || !text) {
      say(at("wrong"), words(name ? "text-missing" : "name-missing"));
      return at(name ? "text" : "name").focus();
    }
    keep("wanx-comments-name", name);
    const comment = { id: editing?.id ?? random(), at: new Date().toISOString(), name, text, ...target };
    state.comments = [...state.comments.filter((other) => other.id !== comment.id), comment];
    store();
    close();
  };

  composer.addEventListener("submit", (event) => { event.preventDefault(); put(); });
  composer.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  at("not").addEventListener("click", close);
  at("earlier").addEventListener("click", () => nudge(-STEP));
  at("later").addEventListener("click", () => nudge(STEP));

  const item = (comment) => {
    const line = make("li");
    const who = make("p", "who");
    const time = shownTime(comment);
    if (time !== null) who.append(button(clock(time), "time", () => goTo(comment)));
    who.append(make("b", "", comment.name));
    if (state.sent[comment.id] !== comment.at) who.append(make("span", "", words("unsent")));
    who.append(
      button(words("edit"), "", () => { goTo(comment); compose(placeOf(comment), comment); }),
      button(words("remove"), "", () => {
        state.comments = state.comments.filter((other) => other !== comment);
        store();
        drawComments();
      }),
    );
    line.append(who, make("p", "body", comment.text));
    return line;
  };
  const placeOf = ({ shot, clip, take, ms, film, film_ms }) => ({ shot, clip, take, ms, film, film_ms });

  const drawComments = () => {
    const order = [...state.comments].sort((a, b) => (shownTime(a) ?? -1) - (shownTime(b) ?? -1));
    const known = new Set(data.shots.map((shot) => shot.id));
    const fill = (list, comments) => {
      list.replaceChildren(...comments.map(item));
      list.hidden = !comments.length;
    };
    cards.forEach((card, index) => {
      fill(card.querySelector(".comments"), order.filter((comment) => comment.shot === data.shots[index].id));
    });
    const general = order.filter((comment) => !known.has(comment.shot));
    fill(at("whole").querySelector(".comments"), general);
    drawStrip();
    drawBar();
    follow();
  };

  const drawBar = () => {
    const n = state.comments.length;
    at("count").textContent = n ? counted(n) : words("none");
    const open = unsent().length;
    at("state").textContent = !n ? "" : words(open ? "unsent" : "sent");
    at("save").disabled = !n;
    at("save").hidden = !n;
    at("send").hidden = !n;
    if (n && !keeps) say(at("trouble"), words("not-kept"));
  };

  // -- giving out ---------------------------------------------------------------------------------

  const text = () => {
    const { format, version, project, row } = data;
    return `${JSON.stringify({ format, version, project, row, comments: state.comments }, null, 1)}\n`;
  };
  const stem = () => {
    const { name } = state.comments[state.comments.length - 1];
    return [data.project, data.row, "comments", name].filter(Boolean).join("-")
      .replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 80);
  };
  // Chromium passes on no .json; the board reads the file whatever it is called.
  const files = () => [["json", "application/json"], ["txt", "text/plain"]]
    .map(([ending, type]) => new File([text()], `${stem()}.${ending}`, { type }));
  const sharable = () => {
    try {
      return files().find((file) => navigator.canShare?.({ files: [file] }));
    } catch {
      return undefined;
    }
  };
  const given = (note) => {
    state.sent = Object.fromEntries(state.comments.map((comment) => [comment.id, comment.at]));
    store();
    drawComments();
    say(at("said"), note);
    at("said").scrollIntoView({ block: "nearest" });
  };

  const share = async () => {
    const file = sharable();
    if (!file) return download();
    try {
      await navigator.share({ files: [file], title: words("share-title", data) });
      given(words("shared"));
    } catch (error) {
      if (error.name !== "AbortError") download();
    }
  };
  const download = () => {
    const [file] = files();
    const link = make("a");
    link.href = URL.createObjectURL(file);
    link.download = file.name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    given(words("saved", { file: file.name }));
  };
  const copy = async () => {
    const raw = at("raw");
    raw.value = text();
    raw.hidden = false;
    raw.select();
    try {
      await navigator.clipboard.writeText(raw.value);
    } catch {
      if (!document.execCommand("copy")) return given(words("copy-by-hand"));
    }
    given(words("copied"));
  };

  at("share").addEventListener("click", share);
  at("download").addEventListener("click", download);
  at("copy").addEventListener("click", copy);
  at("save").addEventListener("click", () => {
    const isTouch = matchMedia("(pointer: coarse)").matches;
    return isTouch && sharable() ? share() : download();
  });
  addEventListener("beforeunload", (event) => {
    if (!keeps && unsent().length) event.preventDefault();
  });

  // -- the page -----------------------------------------------------------------------------------

  root.classList.add("js");
  for (const tab of document.querySelectorAll("#tabs button")) {
    tab.addEventListener("click", () => { end = Infinity; show(Number(tab.dataset.screen)); });
  }
  if (at("tabs")) at("tabs").hidden = false;
  at("now").hidden = !videos.length;
  at("whole").hidden = false;
  at("bar").hidden = false;
  at("share").hidden = !sharableAtAll();
  at("comment").addEventListener("click", () => compose(place()));
  at("general").addEventListener("click", () =>
    compose({ shot: null, clip: null, take: null, ms: null, film: filmOf(screen)?.name ?? null, film_ms: null }));
  cards.forEach((card, index) => {
    const shot = data.shots[index];
    const picture = card.querySelector(".pic");
    const comment = card.querySelector(".say");
    picture.disabled = !showing(shot);
    picture.addEventListener("click", () => playShot(index));
    comment.hidden = false;
    comment.addEventListener("click", () => {
      const here = place();
      if (here?.shot === shot.id) return compose(here);
      const where = showing(shot);
      if (!where) return compose({ shot: shot.id, clip: shot.clip || null, take: shot.take, ms: null, film: null, film_ms: null });
      show(where.screen);
      seek(where.start / 1000 + 0.001);
      const film = filmOf(where.screen);
      return compose({
        shot: shot.id, clip: shot.clip, take: shot.take, ms: shot.from,
        film: film?.name ?? null, film_ms: film ? where.start : null,
      });
    });
  });

  function sharableAtAll() {
    try {
      const file = new File(["{}"], "comments.txt", { type: "text/plain" });
      return Boolean(navigator.canShare?.({ files: [file] }));
    } catch {
      return false;
    }
  }

  const inWords = () => {
    cards.forEach((card, index) => {
      card.querySelector(".pic").setAttribute("aria-label", words("play", { shot: data.shots[index].id }));
    });
    at("earlier").setAttribute("aria-label", words("earlier"));
    at("later").setAttribute("aria-label", words("later"));
    drawComments();
    if (target) {
      at("put").textContent = words(editing ? "change" : "add");
      showWhen();
    }
  };
  document.addEventListener("wanx-language", inWords);
  recall(KEY);
  show(0);
  inWords();
}
