// Comforts of the gunfire room: the list and its map stay fresh while they are open, and a page of
// one alert says when it is out of date. Without this file both are refreshed by their links.
const EVERY_MS = 8_000;

const bar = document.querySelector("[data-live]");
if (bar) keepFresh(bar);
const watched = document.querySelector("[data-watch]");
if (watched) watch(watched);

function keepFresh(bar) {
  const region = document.querySelector("[data-live-region]");
  const news = bar.querySelector("[data-live-news]");
  const state = bar.querySelector("[data-live-state]");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "usa-button usa-button--unstyled";
  button.textContent = "Pause updates";
  bar.lastElementChild.append(button);
  let etag = "";
  let paused = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Resume updates" : "Pause updates";
    if (paused) say("Updates are paused.");
    else refresh();
  });
  const say = (words) => {
    if (state.textContent !== words) state.textContent = words;
  };

  async function refresh() {
    if (paused || document.hidden) return;
    let answer;
    try {
      answer = await fetch(bar.dataset.live, { cache: "no-store", headers: etag ? { "If-None-Match": etag } : {} });
    } catch {
      say("No connection; trying again.");
      return;
    }
    if (answer.redirected || answer.status === 404 || answer.status === 403) {
      paused = true;
      say("You are signed out. Load the page again.");
      return;
    }
    if (answer.status !== 304 && !answer.ok) {
      say("The server has trouble; trying again.");
      return;
    }
    if (answer.status === 200) {
      etag = answer.headers.get("ETag") ?? "";
      const fresh = document.createElement("template");
      fresh.innerHTML = await answer.text();
      if (!paused) inOnePlace(() => renew(region, fresh.content, news));
    }
    say(`Up to date at ${new Date().toLocaleTimeString("en-GB", { timeZone: bar.dataset.zone })}.`);
  }
  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
  refresh();
}

// What the reader looks at stays where it is, and what has the keyboard's focus keeps it.
function inOnePlace(change) {
  const rows = [...document.querySelectorAll("[data-live-rows] > tr")];
  const isSeen = (row) => row.getBoundingClientRect().bottom > 0 && row.getBoundingClientRect().top < innerHeight;
  const seen = rows.filter(isSeen).sort((a, b) => b.matches(":focus-within") - a.matches(":focus-within"))[0];
  const isScrolled = scrollY > 0;
  const before = seen?.getBoundingClientRect().top;
  const focused = document.activeElement?.closest("[data-live-region] a")?.getAttribute("href");
  const inMap = Boolean(document.activeElement?.closest("[data-live-map]"));
  change();
  const now = seen && document.getElementById(seen.id);
  if (now && isScrolled) scrollBy({ top: now.getBoundingClientRect().top - before, behavior: "instant" });
  if (focused && !document.activeElement?.closest("[data-live-region]")) {
    const same = [...document.querySelectorAll(`[data-live-region] a[href="${CSS.escape(focused)}"]`)];
    same.find((link) => Boolean(link.closest("[data-live-map]")) === inMap)?.focus({ preventScroll: true });
  }
}

function renew(region, fresh, news) {
  const old = region.querySelector("[data-live-rows]");
  const rows = fresh.querySelector("[data-live-rows]");
  const map = region.querySelector("[data-live-map]");
  const newMap = fresh.querySelector("[data-live-map]");
  if (!old || !rows || Boolean(map) !== Boolean(newMap)) {
    region.replaceChildren(...fresh.children);
    return;
  }
  if (map && map.innerHTML !== newMap.innerHTML) map.replaceWith(newMap);
  const known = new Map([...old.children].map((row) => [row.id, row]));
  const arrived = [];
  const kept = [...rows.children].map((row) => {
    const own = known.get(row.id);
    if (!own) arrived.push(row);
    return own && own.dataset.version === row.dataset.version ? own : row;
  });
  for (const row of arrived) row.classList.add("is-new");
  // Rows that stay are not taken out and put back: that would take the focus from them.
  const staying = new Set(kept);
  for (const row of [...old.children]) if (!staying.has(row)) row.remove();
  kept.forEach((row, place) => {
    if (old.children[place] !== row) old.insertBefore(row, old.children[place] ?? null);
  });
  const pages = region.querySelector("nav");
  const newPages = fresh.querySelector("nav");
  if (pages.innerHTML !== newPages.innerHTML) pages.replaceWith(newPages);
  if (arrived.length) {
    const words = arrived[0].dataset.words;
    news.textContent = arrived.length === 1 ? `New alert: ${words}` : `${arrived.length} new alerts. Newest: ${words}`;
  }
}

function watch(place) {
  const look = async () => {
    if (document.hidden) return;
    let answer;
    try {
      answer = await fetch(place.dataset.watch, { cache: "no-store" });
    } catch {
      return;
    }
    if (!answer.ok || answer.redirected) return;
    const { version } = await answer.json();
    if (version === place.dataset.version) return;
    clearInterval(timer);
    const alert = document.createElement("p");
    alert.className = "stale";
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = "Load it again";
    alert.append("This alert changed since you opened it. ", link, ".");
    place.append(alert);
  };
  const timer = setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
