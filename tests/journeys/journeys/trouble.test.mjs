// What goes wrong with payments and deliveries, and what people see of it.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { LOCALES, accessible, openBrowser, openPhone, startWorld } from '../harness.mjs';
import { bind, checkOut, choose, orderOf, payAtSandbox, register, turns } from '../people.mjs';

const PLAN = 'jp-5gb-30d';
let world;
let browser;
before(async () => {
  [world, browser] = await Promise.all([startWorld({ HEYON_DEADLINES__DELIVERY_SECONDS: '3' }), openBrowser()]);
});
after(() => Promise.all([world?.stop(), browser?.close()]));

for (const [nth, locale] of LOCALES.entries()) {
  test(`a declined payment costs nothing, and another way still works (${locale})`, async () => {
    const phone = await openPhone(browser, locale);
    const { page } = phone;
    await register(phone, world, `declined-${nth}@example.com`);
    await bind(phone, world, world.cards[nth].serial);
    await checkOut(phone, world, PLAN, 'card');
    await payAtSandbox(phone, 'declined');
    await turns(phone, 'quiet');
    await accessible(page, 'a declined payment');
    await page.locator('#now a.btn[href^="/checkout"]').click();
    await page.waitForURL(/\/checkout/);
    await choose(page, 'method', 'alipay');
    await page.locator('form[action="/checkout"] button[data-money]').click();
    await page.waitForURL(/\/pay\//);
    await payAtSandbox(phone, 'ok');
    await turns(phone, 'ok');
    await phone.putDown();
  });
}

for (const [nth, locale] of LOCALES.entries()) {
  test(`a declined top-up is tried again another way, and the wallet fills before one's eyes (${locale})`, async () => {
    const phone = await openPhone(browser, locale);
    const { page } = phone;
    await register(phone, world, `saver-${nth}@example.com`);
    await page.goto(`${world.web}/wallet`);
    await page.fill('#amount', '25');
    await choose(page, 'method', 'card');
    await page.locator('form[action="/wallet/top-ups"] button').click();
    await page.waitForURL(/\/pay\//);
    await page.locator('button[name="result"][value="declined"]').click();
    await page.waitForURL(/\/wallet\/top-ups\//);
    await page.waitForSelector('#now .ico.bad');
    await accessible(page, 'a declined top-up');
    assert.equal(await page.locator('input[name="method"][value="card"]:checked').count(), 0, 'another way is offered');
    await page.locator('#now form button[data-money]').click();
    await page.waitForURL(/\/pay\//);
    const payPage = page.url();
    const elsewhere = await phone.context.newPage();
    await page.locator('main a.btn.text').click();
    await page.waitForURL(/\/wallet\/top-ups\//);
    await page.waitForSelector('#now .ico.warn');
    await page.evaluate(() => { window.notReloaded = true; });
    await elsewhere.goto(payPage);
    await elsewhere.locator('button[name="result"][value="ok"]').click();
    await elsewhere.waitForURL(/\/wallet\/top-ups\//);
    // Sooner than the page would ask by itself.
    await page.waitForSelector('#now .ico.m:not(.warn)', { timeout: 8000 });
    assert.ok(await page.evaluate(() => window.notReloaded), 'the page was loaded again');
    await page.goto(`${world.web}/wallet`);
    assert.match(await page.locator('.card.deep .fig').innerText(), /25/);
    await phone.putDown();
  });
}

for (const [nth, locale] of LOCALES.entries()) {
  test(`a delivery that fails gives the money back by itself (${locale})`, async () => {
    const phone = await openPhone(browser, locale);
    const { page } = phone;
    await register(phone, world, `undelivered-${nth}@example.com`);
    const { serial } = world.cards[nth];
    await assert.rejects(bind(phone, world, serial), undefined, 'a card of someone else is not bound');
    const [made] = (await world.operator('cards', 'make', '1')).trim().split('\n').slice(1);
    await bind(phone, world, made.split(',')[0]);
    const line = /lin_[a-z0-9]+/.exec(page.url())[0];
    await checkOut(phone, world, PLAN, 'card');
    await world.operator('lines', 'bar', line);
    await payAtSandbox(phone, 'ok');
    await accessible(page, 'an order on its way');
    await turns(phone, 'quiet', 40);
    await accessible(page, 'a refunded order');
    const shown = await world.operator('orders', 'show', orderOf(phone));
    assert.match(shown, /state +refunded/);
    const books = await (await fetch(`${world.paysim}/sim/books`)).json();
    const kept = books.payments.filter((payment) => shown.includes(payment.reference));
    assert.equal(kept.length, 1);
    assert.equal(kept[0].captured_minor, kept[0].refunded_minor);
    const number = await page.locator('#now dd').last().innerText();
    assert.equal(await world.operator('orders', 'show', number), shown, 'by the number on the page');
    const again = await page.goto(`${world.web}/checkout?plan=${PLAN}&line=${line}`);
    assert.equal(again.status(), 409, 'nothing is sold for a line that is stopped');
    await accessible(page, 'a stopped line at the checkout');
    await phone.putDown();
  });
}

test('the books agree afterwards', async () => {
  assert.match(await world.operator('audit'), /agrees/);
});
