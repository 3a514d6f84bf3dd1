// Elements, and lists that keep theirs. Texts of clients are set as text, never as markup.

export const $ = (id) => document.getElementById(id);

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== "") element.textContent = text;
  return element;
}

export function fact(name, value, className = "") {
  const group = make("div", className);
  group.append(make("dt", "", name), make("dd", "", value));
  return group;
}

// A list whose elements stay as long as their items do: a clip that plays is not loaded again.
export function keptList(parent, keyOf, render) {
  let kept = new Map();
  return (items) => {
    const now = new Map();
    const elements = items.map((item) => {
      const [key, text] = [keyOf(item), JSON.stringify(item)];
      const before = kept.get(key);
      const entry = before?.text === text ? before : { text, element: render(item, before?.element) };
      now.set(key, entry);
      return entry.element;
    });
    kept = now;
    elements.forEach((element, place) => {
      if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
    });
    while (parent.children.length > elements.length) parent.lastElementChild.remove();
  };
}

const token = new URLSearchParams(location.search).get("token");

// The address of an admin call; browsers fetch clips without headers of ours.
export function address(path) {
  if (!token) return `/_mock/${path}`;
  return `/_mock/${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;
}

export async function call(path, method = "GET", body = undefined) {
  const answer = await fetch(address(path), {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.message || `${answer.status}`);
  return content;
}
