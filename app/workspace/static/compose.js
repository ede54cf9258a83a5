// The message field: sending, and suggestions for commands, people and channels while typing.

import { act } from "./talk.js";

let suggestions = [];
let chosen = 0;

export function startComposer(where) {
  const form = document.getElementById("compose");
  const field = document.getElementById("composer");
  field.addEventListener("input", () => suggest(field, where()));
  field.addEventListener("blur", () => setTimeout(hide, 150));
  field.addEventListener("keydown", (event) => onKey(event, field, form));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await send(field, where(), null);
  });
  document.getElementById("completion").addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    event.preventDefault();
    accept(field, Number(option.dataset.index));
  });
  document.getElementById("side").addEventListener("submit", async (event) => {
    if (event.target.id !== "thread-compose") return;
    event.preventDefault();
    await send(event.target.elements.text, where(), where().thread);
  });
  document.getElementById("side").addEventListener("keydown", (event) => {
    if (event.target.id === "thread-composer" && event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });
}

async function send(field, place, thread) {
  const text = field.value.trim();
  if (!text) return;
  hide();
  field.value = "";
  const command = text.match(/^(\/[a-z0-9_-]+)\s*([\s\S]*)$/i);
  const known = command && place.facts.commands.some((one) => one.command === command[1]);
  const answer = known && !thread
    ? await act("slash", { user: place.as, channel: place.channel, command: command[1], text: command[2] })
    : await act("post", { user: place.as, channel: place.channel, text, thread_ts: thread });
  if (!answer.ok && !field.value) field.value = text;
}

function onKey(event, field, form) {
  const open = suggestions.length > 0;
  if (event.key === "Enter" && !event.shiftKey) {
    const exact = open && suggestions[chosen].complete === field.value.trim();
    event.preventDefault();
    if (open && !exact) accept(field, chosen);
    else form.requestSubmit();
  } else if (open && event.key === "Tab") {
    event.preventDefault();
    accept(field, chosen);
  } else if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : suggestions.length - 1)) % suggestions.length;
    draw();
  } else if (event.key === "Escape") {
    if (open) event.stopPropagation();
    open ? hide() : field.blur();
  }
}

function suggest(field, place) {
  suggestions = find(field.value.slice(0, field.selectionStart), place.facts);
  chosen = 0;
  draw();
}

function find(text, facts) {
  const verb = text.match(/^(\/\S+) (\S*)$/);
  const command = verb && facts.commands.find((one) => one.command === verb[1]);
  if (command) {
    return command.verbs.filter((one) => one.name.startsWith(verb[2].toLowerCase()))
      .map((one) => ({ label: `${command.command} ${one.name}`, description: one.description, complete: `${command.command} ${one.name}`, from: 0 }));
  }
  if (/^\/\S*$/.test(text)) {
    return facts.commands.filter((one) => one.command.startsWith(text))
      .map((one) => ({ label: `${one.command} ${one.hint}`, description: one.description, complete: one.command, from: 0 }));
  }
  const word = text.match(/(^|\s)([@#])([\w-]*)$/);
  if (!word) return [];
  const from = text.length - word[3].length - 1;
  const pool = word[2] === "@" ? facts.users : facts.channels;
  return pool.filter((one) => one.name.startsWith(word[3].toLowerCase()) || one.description.toLowerCase().startsWith(word[3].toLowerCase() || " "))
    .slice(0, 8).map((one) => ({ label: word[2] + one.name, description: one.description, complete: word[2] + one.name, from }));
}

function accept(field, index) {
  const one = suggestions[index];
  const rest = field.value.slice(field.selectionStart);
  field.value = `${field.value.slice(0, one.from)}${one.complete} `;
  const caret = field.value.length;
  field.value += rest.trimStart();
  field.setSelectionRange(caret, caret);
  field.focus();
  hide();
  field.dispatchEvent(new Event("input"));
}

function hide() {
  suggestions = [];
  draw();
}

function draw() {
  const box = document.getElementById("completion");
  const field = document.getElementById("composer");
  box.hidden = suggestions.length === 0;
  box.replaceChildren(...suggestions.map((one, index) => {
    const option = document.createElement("div");
    option.setAttribute("role", "option");
    option.id = `option-${index}`;
    option.dataset.index = index;
    option.setAttribute("aria-selected", String(index === chosen));
    const label = document.createElement("b");
    label.textContent = one.label;
    const description = document.createElement("span");
    description.className = "when";
    description.textContent = one.description;
    option.append(label, description);
    return option;
  }));
  if (box.hidden) field.removeAttribute("aria-activedescendant");
  else {
    field.setAttribute("aria-activedescendant", `option-${chosen}`);
    box.children[chosen].scrollIntoView({ block: "nearest" });
  }
}
