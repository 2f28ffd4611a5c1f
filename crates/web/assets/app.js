// Comfort only: every page works without this file.
"use strict";
(() => {
  const root = document.documentElement;
  // Set by the service worker on a page that it kept: when the page was made.
  const keptAt = Number(root.dataset.kept) || 0;
  const stale_ms = 60_000;
  // Seconds, minutes, hours and days, in the words of the server.
  const ages = root.dataset.ago.split("|");
  const units_s = [1, 60, 3600, 86400];

  const age = (ms) => {
    const s = Math.max(1, Math.round(ms / 1000));
    const unit = units_s.findLastIndex((unit_s) => s >= unit_s);
    return ages[unit].replace("{}", Math.floor(s / units_s[unit]));
  };

  // A live number says how old it is: data-at, and the server's own clock in data-now, both in milliseconds.
  const showAges = () => {
    for (const live of document.querySelectorAll("[data-at]")) {
      const clock = keptAt ? 0 : (live.shift ??= Number(live.dataset.now) - Date.now());
      const old = Date.now() + clock - Number(live.dataset.at);
      const stale = old > stale_ms || keptAt > 0;
      live.classList.toggle("stale", stale);
      live.textContent = (stale ? live.dataset.stale : live.dataset.fresh).replace("{}", age(old));
    }
  };

  const showOffline = () => {
    const bar = document.querySelector("[data-offline]");
    if (!bar || !keptAt) return;
    bar.hidden = false;
    bar.textContent = bar.dataset.offline.replace("{}", age(Date.now() - keptAt));
    for (const button of document.querySelectorAll("[data-money]")) {
      button.removeAttribute("href");
      button.setAttribute("aria-disabled", "true");
    }
  };

  // The reader's own zone, for the next page.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`tz=${zone}`)) {
    document.cookie = `tz=${zone}; Path=/; Max-Age=31536000; SameSite=Lax`;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard?.writeText(button.dataset.copy).then(() => {
      button.lastChild.textContent = button.dataset.copied;
    });
  });

  // A choice that needs no second step; without script its button stays.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  for (const choice of document.querySelectorAll("[data-submit]")) {
    choice.form.querySelector("button")?.classList.add("vh");
  }

  // The same form is not sent twice by two quick taps; coming back by the browser's arrow frees it again.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button) setTimeout(() => button.setAttribute("aria-busy", "true"));
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("button[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  });

  if ("serviceWorker" in navigator && !keptAt) {
    navigator.serviceWorker.register("/sw.js");
    const keep = [...document.querySelectorAll("[data-keep]")].map((link) => link.getAttribute("data-keep"));
    if (keep.length) navigator.serviceWorker.ready.then((worker) => worker.active.postMessage({ keep }));
  }

  // A kept page, and the one that says there is no network, give way to the real one as soon as there is a network again.
  // A moment later, for a page that is being left must not come back by its own reload.
  const again = () => setTimeout(() => { if (navigator.onLine) location.reload(); }, 500);
  if (keptAt || document.querySelector("[data-reload]")) addEventListener("online", again);

  document.addEventListener("htmx:after:swap", showAges);
  setInterval(showAges, 10_000);
  showAges();
  showOffline();
})();
