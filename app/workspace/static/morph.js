// Makes the page look like new HTML without touching what stayed the same: scroll, focus, typed text and open menus remain.

const SKIP_ATTRIBUTES = new Set(["open"]);

export function morphInto(container, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const added = [];
  morphChildren(container, template.content, added);
  return added;
}

function morphChildren(old, fresh, added) {
  const keyed = new Map();
  for (const child of old.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
  let at = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = wanted.nodeType === Node.ELEMENT_NODE ? wanted.dataset.key : undefined;
    let match = key ? keyed.get(key) : sameKind(at, wanted) ? at : null;
    if (match && !sameKind(match, wanted, key)) match = null;
    if (!match) {
      const node = document.importNode(wanted, true);
      old.insertBefore(node, at);
      if (key) added.push(node);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    morphNode(match, wanted, added);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function sameKind(old, wanted, key) {
  if (!old || old.nodeType !== wanted.nodeType || old.nodeName !== wanted.nodeName) return false;
  return old.nodeType !== Node.ELEMENT_NODE || (old.dataset.key ?? undefined) === (key ?? wanted.dataset.key ?? undefined);
}

function morphNode(old, wanted, added) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== wanted.nodeValue) old.nodeValue = wanted.nodeValue;
    return;
  }
  if (old.dataset.keep || old.isEqualNode(wanted)) return;
  for (const { name } of [...old.attributes]) {
    if (!wanted.hasAttribute(name) && !SKIP_ATTRIBUTES.has(name) && name !== "aria-busy") old.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.nodeName !== "TEXTAREA") morphChildren(old, wanted, added);
}
