// Buttons, menus and modals that the app drew: what was chosen goes to the app.

import { act, confirmWith } from "./talk.js";

export function startElements(where) {
  document.addEventListener("click", (event) => {
    const element = event.target.closest("button[data-action-id], a[data-action-id]");
    if (element) press(element, element.dataset.value || null, where());
    if (event.target.closest("[data-close-modal]")) act("close", { user: where().as });
  });
  document.addEventListener("change", (event) => {
    const element = event.target.closest("[data-action-id]");
    if (!element || element.matches("button, a")) return;
    const input = element.closest(".b-input");
    if (!input) press(element, valueOf(element), where());
  });
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches("[data-modal-form]")) return;
    event.preventDefault();
    const button = event.target.querySelector("[data-submit-modal]");
    button.setAttribute("aria-busy", "true");
    const dialog = event.target.closest("dialog");
    await act("submit", { user: where().as, view_id: dialog.dataset.viewId, values: valuesIn(dialog) });
    button.removeAttribute("aria-busy");
  });
  document.getElementById("modal").addEventListener("cancel", (event) => {
    event.preventDefault();
    act("close", { user: where().as });
  }, true);
}

async function press(element, value, place) {
  if (element.getAttribute("aria-busy") === "true") return;
  if (element.dataset.confirm && !(await confirmWith(JSON.parse(element.dataset.confirm)))) return;
  const view = element.closest("[data-view-id]");
  const message = element.closest("[data-ts]");
  const target = view ? { view_id: view.dataset.viewId } : { channel: message.dataset.channel, ts: message.dataset.ts };
  element.setAttribute("aria-busy", "true");
  await act("click", {
    user: place.as, ...target, action_id: element.dataset.actionId, block_id: element.dataset.blockId, value,
  });
  element.removeAttribute("aria-busy");
  element.closest("details")?.removeAttribute("open");
}

function valueOf(element) {
  if (element.classList.contains("ticks")) {
    const ticked = [...element.querySelectorAll("input:checked")].map((one) => one.value);
    return element.dataset.kind === "checkboxes" ? ticked : ticked[0] ?? null;
  }
  if (element.multiple) return [...element.selectedOptions].map((one) => one.value);
  if (element.dataset.kind === "datetimepicker") return element.value ? Date.parse(`${element.value}Z`) / 1000 : null;
  return element.value;
}

function valuesIn(dialog) {
  const values = {};
  for (const element of dialog.querySelectorAll(".b-input [data-action-id]")) {
    (values[element.dataset.blockId] ??= {})[element.dataset.actionId] = valueOf(element);
  }
  return values;
}
