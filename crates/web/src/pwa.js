// Keeps what a traveller needs without a network: the home page, and the pages of lines with their install codes.
// A kept page says how old it is. VERSION and FILES stand above this line.
"use strict";
const SHELL = `files-${VERSION}`;
const PAGES = "pages";
const OFFLINE = "/offline";
const KEPT = /^\/(lines\/[^/]+(\/install)?)?$/;
const LEAVES = ["/sign-out", "/sign-in", "/register"];

self.addEventListener("install", (event) => {
  event.waitUntil(prepare().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldFiles().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method !== "GET") {
    // Another person may be next: nothing of this one's stays.
    if (LEAVES.includes(url.pathname)) event.waitUntil(caches.delete(PAGES));
    return;
  }
  if (url.pathname.startsWith("/assets/")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(page(request, url));
});

// A page names others that must be readable later, even if nobody has opened them yet.
self.addEventListener("message", (event) => {
  for (const path of event.data?.keep ?? []) {
    if (KEPT.test(path)) event.waitUntil(fetch(path).then((answer) => keep(path, answer)).catch(() => {}));
  }
});

async function prepare() {
  const shell = await caches.open(SHELL);
  await shell.addAll([...FILES, OFFLINE]);
}

async function dropOldFiles() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("files-") && name !== SHELL).map((name) => caches.delete(name)));
}

async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function page(request, url) {
  try {
    const answer = await fetch(request);
    if (KEPT.test(url.pathname)) await keep(url.pathname, answer.clone());
    return answer;
  } catch {
    return (await kept(url.pathname)) ?? (await caches.match(OFFLINE)) ?? Response.error();
  }
}

// Only a page that was really shown is kept; a redirect to the sign-in page means that this one is over.
async function keep(path, answer) {
  const pages = await caches.open(PAGES);
  if (answer.ok && !answer.redirected) await pages.put(path, answer);
  else if (answer.redirected || answer.type === "opaqueredirect" || answer.status === 404) await pages.delete(path);
}

async function kept(path) {
  const pages = await caches.open(PAGES);
  const answer = await pages.match(path);
  if (!answer) return undefined;
  const at = Date.parse(answer.headers.get("date")) || 0;
  // Live events are out of reach; the page reloads itself when the network is back.
  const html = (await answer.text()).replace("<html ", `<html data-kept="${at}" `).replace("hx-sse:connect=", "data-off=");
  return new Response(html, { headers: answer.headers });
}
