// Keeps what a traveller needs without a network: the home page, and the pages of lines with their install codes.
// A kept page says how old it is. Shows notifications, too. VERSION, FILES and PUSH_KEY stand above this line.
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
    if (LEAVES.includes(url.pathname)) event.waitUntil(forget());
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

self.addEventListener("push", (event) => {
  const { title, body, path, tag } = event.data.json();
  const icon = FILES.find((file) => file.endsWith("/icons/192.png"));
  // What has the same tag takes the place of what is shown, and is heard again.
  const look = { body, tag, icon, renotify: true, data: { path } };
  event.waitUntil(self.registration.showNotification(title, look));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(visit(event.notification.data.path));
});

// The push service has given this browser another address, or taken the old one away.
self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(renew(event.newSubscription).catch(() => {}));
});

// To the page where it is open already, else to a new one; never away from what someone is doing.
async function visit(path) {
  const url = new URL(path, self.location.origin);
  if (url.origin !== self.location.origin) return;
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = open.find((page) => page.url === url.href);
  await (there ? there.focus() : self.clients.openWindow(url.href));
}

async function renew(given) {
  const ask = { userVisibleOnly: true, applicationServerKey: PUSH_KEY };
  const { endpoint, keys } = (given ?? (await self.registration.pushManager.subscribe(ask))).toJSON();
  const body = new URLSearchParams({ endpoint, ...keys });
  await fetch("/settings/notifications/renew", { method: "POST", body });
}

async function forget() {
  const { pushManager } = self.registration;
  await caches.delete(PAGES);
  for (const shown of (await self.registration.getNotifications?.()) ?? []) shown.close();
  await (await pushManager?.getSubscription())?.unsubscribe();
}

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
