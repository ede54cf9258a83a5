// Speaks with the workspace: one function for each kind of request, and one for telling the person what went wrong.

export async function act(action, body) {
  let answer;
  try {
    const response = await fetch(`/_local/${action}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    answer = await response.json();
  } catch {
    answer = { ok: false, error: "The workspace does not answer. Is it still running?" };
  }
  if (!answer.ok) toast(answer.error, true);
  return answer;
}

export function toast(text, bad = false) {
  const note = document.createElement("div");
  note.className = bad ? "toast bad" : "toast";
  note.textContent = text;
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), bad ? 8000 : 5000);
}

export function confirmWith(asked) {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.className = "confirm";
    const title = document.createElement("h2");
    title.textContent = asked.title.text;
    const text = document.createElement("p");
    text.textContent = asked.text.text;
    const foot = document.createElement("div");
    foot.className = "modal-foot";
    const button = (label, style, answer) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = `btn ${style}`;
      made.textContent = label;
      made.addEventListener("click", () => { dialog.close(); resolve(answer); });
      foot.append(made);
    };
    button(asked.deny.text, "", false);
    button(asked.confirm.text, asked.style === "danger" ? "danger" : "primary", true);
    dialog.append(title, text, foot);
    dialog.addEventListener("cancel", () => resolve(false));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}
