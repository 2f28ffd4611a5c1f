// Without a network, and with another plan.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { LOCALES, accessible, eventually, openBrowser, openPhone, startWorld } from '../harness.mjs';
import {
  ACTIVATION_CODE, BIND_CODE, bind, cardWithCode, checkOut, choose, payAtSandbox, register, turns,
} from '../people.mjs';

let world;
let browser;
before(async () => { [world, browser] = await Promise.all([startWorld(), openBrowser()]); });
after(() => Promise.all([world?.stop(), browser?.close()]));

for (const [nth, locale] of LOCALES.entries()) {
  test(`someone changes to a bigger plan now, and what was unused goes to the wallet (${locale})`, async () => {
    const phone = await openPhone(browser, locale);
    const { page } = phone;
    await register(phone, world, `changer-${nth}@example.com`);
    await bind(phone, world, world.cards[nth].serial);
    await checkOut(phone, world, 'jp-5gb-30d', 'card');
    await payAtSandbox(phone, 'ok');
    await turns(phone, 'ok');
    await page.locator('a[href$="/change"]').click();
    await page.waitForURL(/\/change$/);
    await accessible(page, 'changing the plan');
    await choose(page, 'plan', 'jp-20gb-30d');
    await choose(page, 'change', 'now');
    await page.locator('form[action="/checkout"] button').click();
    await page.waitForURL(/\/checkout/);
    await accessible(page, 'checkout of a change');
    await page.locator('form[action="/checkout"] button[data-money]').click();
    await page.waitForURL(/\/pay\//);
    await payAtSandbox(phone, 'ok');
    await turns(phone, 'ok');
    await page.goto(`${world.web}/wallet`);
    assert.match(await page.locator('.card.deep .fig').innerText(), /[1-9]/, 'nothing came back to the wallet');
    await phone.putDown();
  });

  test(`home and the code that installs the eSIM are readable without a network (${locale})`, async () => {
    const phone = await openPhone(browser, locale);
    const { page, context } = phone;
    await register(phone, world, `offline-${nth}@example.com`);
    await bind(phone, world, await cardWithCode(world, nth), BIND_CODE);
    const install = `${page.url()}/install`;
    await page.goto(world.web);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    await eventually(() => page.evaluate(async (url) => Boolean(await caches.match(url)), install), 'the kept code');
    const name = await page.locator('h1, h2').first().innerText();
    await context.setOffline(true);
    await page.goto(world.web);
    assert.equal(await page.locator('h1, h2').first().innerText(), name);
    await accessible(page, 'home without a network');
    await page.goto(install);
    assert.equal(await page.locator('.qr svg[role=img] path').count(), 1);
    const tapped = new URL(await page.locator('a[href*="esimsetup.apple.com"]').getAttribute('href'));
    assert.equal(tapped.searchParams.get('carddata'), ACTIVATION_CODE);
    await accessible(page, 'the code without a network');
    await page.goto(`${world.web}/plans`);
    await accessible(page, 'a page that is not kept');
    await context.setOffline(false);
    await phone.putDown();
  });
}
