// Someone switches notifications on, tries one and follows it, in both languages; and those who cannot are told why.
//
// The push service is ours, in this file: it takes what heyon sends over HTTP, decrypts it by Node's own cryptography, and
// has Chromium deliver it to the page's service worker. One thing is played: a browser without internet gets no
// subscription from Google, so `PushManager` answers with ours. And no finger taps a notification outside the page, so the
// worker is given the tap.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { LOCALES, accessible, eventually, fits, openBrowser, openPhone, startWorld } from '../harness.mjs';
import { bind, checkOut, payAtSandbox, register, turns } from '../people.mjs';

const PLAN = 'jp-5gb-30d';
const WORDS = {
  en: { works: 'Notifications work', on: 'This device gets notifications', blocked: 'blocks notifications', install: 'home screen' },
  'zh-CN': { works: '通知正常', on: '本机已开启通知', blocked: '屏蔽了', install: '主屏幕' },
};
let service;
let world;
let browser;
before(async () => {
  service = await startService();
  [world, browser] = await Promise.all([
    startWorld({ HEYON_PUSH__SERVICES: `["${service.origin}"]`, HEYON_PUSH__CONTACT: 'mailto:ops@shop.example' }),
    openBrowser(),
  ]);
});
after(() => Promise.all([world?.stop(), browser?.close(), service?.stop()]));

/** A push service with its browsers: what was sent to each device, decrypted. */
async function startService() {
  const devices = new Map();
  const server = createServer(async (request, answer) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const device = devices.get(request.url);
    if (device) device.messages.push(await decrypt(device, Buffer.concat(chunks)));
    answer.writeHead(device ? 201 : 410).end();
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const origin = `http://127.0.0.1:${server.address().port}`;
  const { subtle } = globalThis.crypto;
  return {
    origin,
    stop: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
    /** A new browser's keys and address. */
    async device(name) {
      const pair = await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
      const device = { pair, auth: Buffer.alloc(16, name), messages: [] };
      device.key = Buffer.from(await subtle.exportKey('raw', pair.publicKey));
      devices.set(`/p/${name}`, device);
      const keys = { p256dh: device.key.toString('base64url'), auth: device.auth.toString('base64url') };
      return { device, subscription: { endpoint: `${origin}/p/${name}`, keys }, forget: () => devices.delete(`/p/${name}`) };
    },
  };
}

/** RFC 8291, by WebCrypto. */
async function decrypt({ pair, auth, key }, message) {
  const { subtle } = globalThis.crypto;
  const [salt, theirs, record] = [message.subarray(0, 16), message.subarray(21, 86), message.subarray(86)];
  const derive = async (secret, by, info, octets) => {
    const base = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
    return subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: by, info }, base, octets * 8);
  };
  const sender = await subtle.importKey('raw', theirs, { name: 'ECDH', namedCurve: 'P-256' }, false, []);
  const shared = await subtle.deriveBits({ name: 'ECDH', public: sender }, pair.privateKey, 256);
  const secret = await derive(shared, auth, Buffer.concat([Buffer.from('WebPush: info\0'), key, theirs]), 32);
  const content = await derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const iv = await derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const aes = await subtle.importKey('raw', content, 'AES-GCM', false, ['decrypt']);
  const plain = Buffer.from(await subtle.decrypt({ name: 'AES-GCM', iv }, aes, record));
  assert.equal(plain.at(-1), 2, 'the delimiter of the last record');
  return plain.subarray(0, -1).toString('utf8');
}

/** A phone whose PushManager answers with this subscription once it is asked, and remembers it. */
async function openSubscriber(locale, subscription, options = {}) {
  const phone = await openPhone(browser, locale, options);
  await phone.context.addInitScript((given) => {
    const answer = () => ({ ...given, toJSON: () => given, unsubscribe: async () => { localStorage.removeItem('push'); return true; } });
    PushManager.prototype.getSubscription = async () => (localStorage.getItem('push') ? answer() : null);
    PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
      if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error('a browser would refuse this');
      localStorage.setItem('push', 'on');
      return answer();
    };
  }, subscription);
  return phone;
}

/** What the service worker shows at last after Chromium has given it this message. */
async function deliver(phone, text) {
  const { context, page } = phone;
  const devtools = await context.newCDPSession(page);
  const registrations = [];
  devtools.on('ServiceWorker.workerRegistrationUpdated', (event) => registrations.push(...event.registrations));
  await devtools.send('ServiceWorker.enable');
  const registration = await eventually(() => registrations.find(({ scopeURL }) => scopeURL === `${world.web}/`), 'a service worker');
  await devtools.send('ServiceWorker.deliverPushMessage', { origin: world.web, registrationId: registration.registrationId, data: text });
  const { tag } = JSON.parse(text);
  const shown = () => page.evaluate(async (wanted) => {
    const worker = await navigator.serviceWorker.ready;
    const [notification] = await worker.getNotifications({ tag: wanted });
    return notification && { title: notification.title, body: notification.body, path: notification.data.path };
  }, tag);
  const notification = await eventually(shown, 'a notification');
  await devtools.detach();
  return notification;
}

/** Taps the notification of this tag: the worker does what it does on a tap. */
async function tap(phone, tag) {
  const worker = phone.context.serviceWorkers()[0] ?? (await phone.context.waitForEvent('serviceworker'));
  await worker.evaluate(async (wanted) => {
    // A tap that no finger made may not open windows; where it would have led is noted instead.
    self.clients.openWindow = async (url) => { self.opened = url; };
    const [notification] = await self.registration.getNotifications({ tag: wanted });
    self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
  }, tag);
  return eventually(() => worker.evaluate(() => self.opened), 'a page to be opened');
}

for (const [nth, locale] of LOCALES.entries()) {
  const words = WORDS[locale];

  test(`someone switches notifications on, tries one and follows it (${locale})`, async () => {
    const { device, subscription } = await service.device(nth + 1);
    const phone = await openSubscriber(locale, subscription);
    const { context, page } = phone;
    await register(phone, world, `listener-${nth}@example.com`);
    await page.goto(`${world.web}/settings/notifications`);
    const switchOn = page.locator('form[data-push] button');
    await switchOn.waitFor();
    await accessible(page, 'notifications, off');
    await fits(page, 'notifications, off');

    await context.grantPermissions(['notifications'], { origin: world.web });
    await switchOn.click();
    await page.waitForURL(/done=on/);
    await page.getByText(words.on).waitFor();
    await accessible(page, 'notifications, on');
    await fits(page, 'notifications, on');

    await page.locator('form[action="/settings/notifications/test"] button').click();
    await page.waitForURL(/done=sent/);
    const text = await eventually(() => device.messages[0], 'a message');
    const shown = await deliver(phone, text);
    assert.equal(shown.title, words.works);
    assert.equal(shown.path, '/settings/notifications');
    await page.goto(world.web);
    assert.equal(await tap(phone, JSON.parse(text).tag), `${world.web}/settings/notifications`);

    await page.goto(`${world.web}/settings/notifications`);
    await page.locator('form[action="/settings/notifications/off"] button').click();
    await switchOn.waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem('push')), null, 'the browser has forgotten it, too');
    await phone.putDown();
  });

  test(`after a purchase it is offered quietly, and ends with signing out (${locale})`, async () => {
    const { device, subscription } = await service.device(nth + 11);
    const phone = await openSubscriber(locale, subscription, { colorScheme: 'dark', permissions: ['notifications'] });
    const { page } = phone;
    await register(phone, world, `buyer-${nth}@example.com`);
    await bind(phone, world, world.cards[nth].serial);
    await checkOut(phone, world, PLAN, 'card');
    await payAtSandbox(phone, 'ok');
    await turns(phone, 'ok');
    const order = page.url();
    await page.goto(order);
    const offer = page.locator('form[data-push] button');
    await offer.waitFor();
    await accessible(page, 'an order with an offer');
    await fits(page, 'an order with an offer');
    await offer.click();
    await page.waitForURL((url) => url.href.startsWith(order.split('?')[0]));
    await eventually(async () => (await offer.count()) === 0, 'the offer to go');
    await page.goto(`${world.web}/settings`);
    await accessible(page, 'settings');
    await page.locator('form[action="/sign-out"] button').click();
    await page.waitForURL(/\/welcome/);
    assert.equal(device.messages.length, 0);
    await phone.putDown();
  });

  test(`a browser that blocks them, and an iPhone without home screen, are told what to do (${locale})`, async () => {
    const phone = await openPhone(browser, locale);
    await register(phone, world, `blocked-${nth}@example.com`);
    const says = async (page, text, name) => {
      await page.goto(`${world.web}/settings/notifications`);
      await page.getByText(text).waitFor();
      assert.ok(!(await page.locator('form[data-push] button').isVisible()), 'nothing to tap');
      await accessible(page, name);
      await fits(page, name);
    };
    const iphone = await phone.context.newPage();
    await iphone.addInitScript(() => {
      delete window.PushManager;
      Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)' });
    });
    await says(iphone, words.install, 'iphone');
    const blocked = await phone.context.newPage();
    await blocked.addInitScript(() => Object.defineProperty(Notification, 'permission', { value: 'denied' }));
    await says(blocked, words.blocked, 'blocked');
    await phone.putDown();
  });
}
