// Registering, binding a card, and looking around, in both languages.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { LOCALES, accessible, openBrowser, openPhone, startWorld } from '../harness.mjs';
import { bind, register } from '../people.mjs';

let world;
let browser;
before(async () => { [world, browser] = await Promise.all([startWorld(), openBrowser()]); });
after(() => Promise.all([world?.stop(), browser?.close()]));

for (const [nth, locale] of LOCALES.entries()) {
  test(`someone registers, proves the address and binds a card (${locale})`, async () => {
    const phone = await openPhone(browser, locale);
    const { page } = phone;
    await page.goto(world.web);
    assert.equal(await page.getAttribute('html', 'lang'), locale);
    await accessible(page, 'welcome');
    await register(phone, world, `lin-${nth}@example.com`);
    await accessible(page, 'settings after the mail');

    await page.goto(`${world.web}/cards/bind`);
    await accessible(page, 'binding');
    await page.fill('#number', 'AAAAA-AAAAA-AAAA');
    await page.click('form[action="/cards/bind"] button');
    await page.waitForSelector('[aria-invalid], .note.bad');
    await accessible(page, 'a serial that is not one');

    // Typed as people type: lower case, with spaces.
    await bind(phone, world, world.cards[nth].serial.toLowerCase().replaceAll('-', ' '));
    assert.match(new URL(page.url()).pathname, /^\/lines\/lin_/);
    await accessible(page, 'a line without a plan');
    await page.goto(world.web);
    await accessible(page, 'home without a plan');
    await phone.putDown();
  });
}

test('Japan is found by every name', async () => {
  const phone = await openPhone(browser, 'en');
  for (const typed of ['日本', 'Japan', 'nihon', 'JP']) {
    await phone.page.goto(`${world.web}/plans?q=${encodeURIComponent(typed)}`);
    assert.ok(await phone.page.locator('a[href^="/plans/in/jp"]').count(), `${typed} does not find Japan`);
  }
  await phone.putDown();
});

for (const scheme of ['light', 'dark']) {
  test(`whoever is not signed in sees plans and coverage (${scheme})`, async () => {
    const phone = await openPhone(browser, 'zh-CN', { colorScheme: scheme });
    for (const path of ['/plans', '/plans/in/jp', '/coverage', '/sign-in', '/forgot', '/no-such-page']) {
      await phone.page.goto(world.web + path);
      await accessible(phone.page, path);
    }
    await phone.putDown();
  });
}

test('a page of someone else is a page that does not exist', async () => {
  const phone = await openPhone(browser, 'en');
  await register(phone, world, 'mallory@example.com');
  const response = await phone.page.goto(`${world.web}/lines/lin_01m83e4pqhe0pr8y8gbvtnskvn`);
  assert.equal(response.status(), 404);
  await phone.putDown();
});
