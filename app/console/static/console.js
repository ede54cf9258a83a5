// Keeps a page fresh in place, marks what is new, shows local times on hover, and lets the keyboard do everything.
"use strict";
(() => {
  const main = document.getElementById("main");
  const live = document.querySelector("[data-live]");
  const root = document.documentElement;

  const localTimes = (scope) => {
    for (const time of scope.querySelectorAll("time[datetime]")) {
      time.title = new Date(time.dateTime).toLocaleString();
    }
  };

  const openDetails = () => new Map([...main.querySelectorAll("details[data-keep]")].map((one) => [one.dataset.keep, one.open]));

  const swap = (fresh) => {
    const known = new Set([...main.querySelectorAll("[id]")].map((one) => one.id));
    const open = openDetails();
    const focused = document.activeElement && document.activeElement.closest ? document.activeElement.closest("[id]") : null;
    const link = focused && main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const top = window.scrollY;
    main.replaceChildren(...fresh.childNodes);
    for (const one of main.querySelectorAll("details[data-keep]")) {
      if (open.has(one.dataset.keep)) one.open = open.get(one.dataset.keep);
    }
    for (const one of main.querySelectorAll("li[id], article[id]")) {
      if (!known.has(one.id)) one.classList.add("is-new");
    }
    localTimes(main);
    if (link && focused) {
      const place = document.getElementById(focused.id);
      const again = place && [...place.querySelectorAll("a")].find((one) => one.getAttribute("href") === link);
      if (again) again.focus({ preventScroll: true });
    }
    window.scrollTo({ top, behavior: "instant" });
  };

  const busy = () => {
    const active = document.activeElement;
    const selection = window.getSelection();
    return document.hidden || (active && active.matches("input")) || (selection && !selection.isCollapsed);
  };

  let shown = main.innerHTML;
  const refresh = async () => {
    if (busy()) return;
    try {
      const answer = await fetch(location.pathname + location.search, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      live.textContent = "";
      if (!fresh || fresh.innerHTML === shown || busy()) return;
      shown = fresh.innerHTML;
      swap(fresh);
    } catch {
      live.textContent = "Not updating: Sitrep does not answer";
    }
  };

  const items = () => [...main.querySelectorAll("a[data-item]")].filter((one) => one.offsetParent !== null);
  const step = (by) => {
    const all = items();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  };

  const escape = () => {
    const details = document.activeElement.closest("details[open]");
    if (details) {
      details.open = false;
      details.querySelector("summary").focus();
    } else {
      document.activeElement.blur();
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return escape();
    if (event.target.matches("input, textarea, select")) return;
    const search = document.getElementById("q");
    if (event.key === "/" && search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "/") {
      location.href = "/";
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
  });

  const remembered = () => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const button = document.createElement("button");
  const name = () => { button.textContent = isDark() ? "Light" : "Dark"; button.title = "Switch the colours"; };
  if (remembered()) root.dataset.theme = remembered();
  button.type = "button";
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* private windows forget it */ }
    name();
  });
  name();
  document.querySelector("[data-tools]").append(button);

  localTimes(main);
  if (main.dataset.refresh) setInterval(refresh, Number(main.dataset.refresh) * 1000);
})();
