// Keeps the page live: fetches what changed, follows links without reloading, and knows the keys.

import { startComposer } from "./compose.js";
import { startElements } from "./elements.js";
import { morphInto } from "./morph.js";
import { act, toast } from "./talk.js";

const byId = (id) => document.getElementById(id);
let facts = JSON.parse(document.body.dataset.facts);
const place = { as: facts.as, channel: facts.channel, thread: "", tab: "messages" };

function readAddress() {
  const query = new URLSearchParams(location.search);
  place.as = query.get("as") ?? facts.as;
  place.channel = query.get("channel") ?? place.channel;
  place.thread = query.get("thread") ?? "";
  place.tab = query.get("tab") ?? "messages";
}
const where = () => ({ ...place, facts });

function query() {
  const values = Object.entries(place).filter(([name, value]) => value && !(name === "tab" && value === "messages"));
  return new URLSearchParams(values).toString();
}

async function go(change, pane) {
  Object.assign(place, change);
  const old = new URLSearchParams(location.search).get("theme");
  history.pushState(null, "", `?${query()}${old ? `&theme=${old}` : ""}`);
  if (pane) document.body.dataset.pane = pane;
  await refresh(true);
}

// Fetching what changed. Notices come in bursts: one request at a time, and one more after it if needed.
let busy = false;
let again = false;
async function refresh(moved = false) {
  if (busy) { again = again || true; return; }
  busy = true;
  try {
    do {
      again = false;
      const response = await fetch(`/_page/regions?${query()}`);
      if (response.ok) apply(await response.json(), moved);
      moved = false;
    } while (again);
  } catch {
    // The event stream reconnects by itself and asks for everything then.
  } finally {
    busy = false;
  }
}

function apply(parts, moved) {
  facts = parts.facts;
  const channelChanged = place.shown !== undefined && place.shown !== facts.channel;
  place.channel = facts.channel;
  Object.defineProperty(place, "shown", { value: facts.channel, writable: true, enumerable: false, configurable: true });
  const lists = [byId("messages"), document.querySelector("#side .scroll")].filter(Boolean);
  const kept = lists.map((list) => ({ list, atEnd: list.scrollHeight - list.scrollTop - list.clientHeight < 40, anchor: anchorOf(list) }));
  const added = ["sidebar", "header", "messages", "side", "modal"].flatMap((name) => morphInto(byId(name), parts[name]));
  for (const { list, atEnd, anchor } of kept) {
    if (!list.isConnected) continue;
    if (atEnd || (moved && list.id === "messages")) list.scrollTop = list.scrollHeight;
    else if (anchor) list.scrollTop += anchor.element.getBoundingClientRect().top - anchor.top;
  }
  if (!moved && !channelChanged) added.filter((one) => one.matches("article")).forEach(mark);
  afterDraw();
}

function anchorOf(list) {
  const top = list.getBoundingClientRect().top;
  const element = [...list.querySelectorAll("[data-ts]")].find((one) => one.getBoundingClientRect().bottom > top);
  return element && { element, top: element.getBoundingClientRect().top };
}

function mark(message) {
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--accent-soft");
  message.animate([{ backgroundColor: colour }, { backgroundColor: colour, offset: 0.5 }, {}], { duration: 3000, easing: "ease-out" });
}

function afterDraw() {
  const dialog = document.querySelector("#modal dialog");
  if (dialog && !dialog.open) {
    dialog.showModal();
    dialog.querySelector(".b-input .control")?.focus();
  }
  byId("composer").placeholder = `Message ${document.querySelector("#header h1").textContent.trim()}`;
  document.querySelectorAll("time[datetime]:not([title])").forEach((time) => { time.title = new Date(time.dateTime).toLocaleString(); });
  const persona = byId("persona");
  if (persona.value !== facts.as) persona.value = facts.as;
  noteRead();
}

let lastRead = "";
function noteRead() {
  const seen = `${place.as} ${place.channel} ${facts.latest}`;
  if (document.visibilityState !== "visible" || seen === lastRead || facts.latest === "0") return;
  lastRead = seen;
  fetch("/_local/read", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: place.as, channel: place.channel, ts: facts.latest }),
  }).then(() => refresh());
}

// Clicks on the page's own controls.
const onClick = {
  openChannel: (one) => go({ channel: one.dataset.openChannel, thread: "", tab: "messages" }, "conversation"),
  openThread: async (one) => {
    await go({ thread: one.dataset.openThread }, "side");
    const list = document.querySelector("#side .scroll");
    list.scrollTop = list.scrollHeight;
    byId("thread-composer").focus();
  },
  closeThread: () => go({ thread: "" }, "conversation"),
  openDirect: async (one) => {
    const answer = await act("dm", { user: place.as, other: one.dataset.openDirect });
    if (answer.ok) go({ channel: answer.channel, thread: "", tab: "messages" }, "conversation");
  },
  tab: async (one) => {
    if (one.dataset.tab === "home") await act("home", { user: place.as });
    go({ tab: one.dataset.tab });
  },
  react: (one) => act("react", { ...messageOf(one), name: one.dataset.react }).then(() => closeMenus()),
  pin: (one) => act("pin", messageOf(one)).then(() => closeMenus()),
  delete: (one) => act("delete", messageOf(one)),
  edit: (one) => editInPlace(one),
  shortcut: (one) => act("shortcut", { ...messageOf(one), callback_id: one.dataset.shortcut }).then(() => closeMenus()),
  join: (one) => act("join", { user: place.as, channel: one.dataset.join }),
  invite: (one) => act("invite", { user: place.as, channel: place.channel, invited: one.dataset.invite }),
  drill: (one) => startDrill(one, one.dataset.drill),
  try: (one) => tryOut(one),
  showPane: (one) => { document.body.dataset.pane = one.dataset.showPane; },
  goTo: (one) => { closeMenus(); const found = byId(`m-${one.dataset.goTo}`); found?.scrollIntoView({ block: "center" }); if (found) mark(found); },
  themeSwitch: () => switchTheme(),
};

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  const one = event.target.closest("a, button");
  if (!one || event.metaKey || event.ctrlKey) return;
  const name = Object.keys(onClick).find((key) => key in one.dataset);
  if (!name) return;
  event.preventDefault();
  onClick[name](one);
});

function messageOf(element) {
  const message = element.closest("[data-ts]");
  return { user: place.as, channel: message.dataset.channel, ts: message.dataset.ts };
}

function closeMenus() {
  document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; });
}

function editInPlace(button) {
  const message = messageOf(button);
  const field = byId("composer");
  closeMenus();
  const readable = document.createElement("textarea");
  readable.innerHTML = button.dataset.edit;
  field.value = readable.value;
  field.focus();
  toast("Change the text below and press Enter. Esc keeps the old one.");
  const stop = () => { field.removeEventListener("keydown", onKey, true); field.value = ""; };
  const onKey = async (event) => {
    if (event.key === "Escape") { stop(); return; }
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = field.value;
    stop();
    await act("edit", { ...message, text });
  };
  field.addEventListener("keydown", onKey, true);
}

async function startDrill(button, name) {
  button.setAttribute("aria-busy", "true");
  const answer = await act("drill", { name });
  button.removeAttribute("aria-busy");
  if (answer.ok) toast(answer.text);
}

function tryOut(button) {
  const { try: kind, tryValue: value } = button.dataset;
  if (kind === "drill") { startDrill(button, value); return; }
  if (kind === "persona") { become(value); return; }
  if (kind === "channel") { go({ channel: value, thread: "" }, "conversation"); return; }
  document.body.dataset.pane = "conversation";
  const field = byId("composer");
  field.value = value;
  field.focus();
}

function become(handle) {
  document.cookie = `persona=${handle}; path=/; SameSite=Strict`;
  lastRead = "";
  go({ as: handle, thread: "" });
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; SameSite=Strict; max-age=31536000`;
}

document.addEventListener("change", (event) => { if (event.target.id === "persona") become(event.target.value); });

// Keys. They rest while somebody is typing.
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select, dialog") || event.metaKey || event.ctrlKey || event.altKey) return;
  const key = { "/": focusComposer, j: () => step(1), k: () => step(-1), r: reply, Escape: closeSide }[event.key];
  if (!key) return;
  event.preventDefault();
  key();
});

function focusComposer() { document.body.dataset.pane = "conversation"; byId("composer").focus(); }

function step(by) {
  const messages = [...byId("messages").querySelectorAll("article")];
  const at = messages.indexOf(document.activeElement.closest("article"));
  const next = messages[Math.min(Math.max(at === -1 ? messages.length - 1 : at + by, 0), messages.length - 1)];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

function reply() { document.activeElement.closest("article")?.querySelector("[data-open-thread]")?.click(); }

function closeSide() {
  closeMenus();
  if (place.thread) go({ thread: "" }, "conversation");
  else document.activeElement.blur();
}

// Pictures arrive after the text around them: whoever was reading the latest message still sees it then.
let atEnd = true;
byId("messages").addEventListener("scroll", ({ currentTarget: list }) => {
  atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
}, { passive: true });
byId("messages").addEventListener("load", ({ currentTarget: list }) => { if (atEnd) list.scrollTop = list.scrollHeight; }, true);

// Start.
readAddress();
const target = new URLSearchParams(location.search).get("at");
byId("messages").scrollTop = byId("messages").scrollHeight;
Object.defineProperty(place, "shown", { value: facts.channel, writable: true, enumerable: false, configurable: true });
startComposer(where);
startElements(where);
afterDraw();
if (target) { const found = byId(`m-${target}`) ?? byId(`t-${target}`); found?.scrollIntoView({ block: "center" }); if (found) mark(found); }
addEventListener("popstate", () => { readAddress(); refresh(true); });
document.addEventListener("visibilitychange", noteRead);
let soon;
new EventSource("/_page/events").onmessage = () => { clearTimeout(soon); soon = setTimeout(() => refresh(), 40); };
