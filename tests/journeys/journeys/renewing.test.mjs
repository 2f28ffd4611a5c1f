// Renewing by each of the four ways to pay, and using what was bought, in both languages.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { LOCALES, accessible, eventually, openBrowser, openPhone, startWorld } from '../harness.mjs';
import { bind, checkOut, payAtSandbox, register, turns } from '../people.mjs';

const PLAN = 'jp-5gb-30d';
let world;
let browser;
before(async () => { [world, browser] = await Promise.all([startWorld(), openBrowser()]); });
after(() => Promise.all([world?.stop(), browser?.close()]));

for (const [nth, locale] of LOCALES.entries()) {
  test(`someone renews by card, PayPal, Alipay and WeChat Pay and uses the data (${locale})`, async () => {
    const phone = await openPhone(browser, locale);
    const { page } = phone;
    await register(phone, world, `renewer-${nth}@example.com`);
    await bind(phone, world, world.cards[nth].serial);
    for (const method of ['card', 'paypal', 'alipay', 'wechat_pay']) {
      await page.goto(`${world.web}/checkout?plan=${PLAN}`);
      await accessible(page, `checkout before ${method}`);
      await checkOut(phone, world, PLAN, method);
      await accessible(page, 'the sandbox');
      await payAtSandbox(phone, 'ok');
      const taken = await turns(phone, 'ok');
      assert.ok(taken < 5000, `${method}: active only after ${taken} ms`);
      await accessible(page, `an active order, paid by ${method}`);
    }
    await page.goto(world.web);
    const figure = () => page.locator('.gauge .fig').first().innerText();
    const first = await eventually(figure, 'a figure on the home page');
    await page.evaluate(() => { window.notReloaded = true; });
    await eventually(async () => (await figure()) !== first, 'the figure to fall', 40);
    assert.ok(await page.evaluate(() => window.notReloaded), 'home was loaded again');
    await accessible(page, 'home in use');
    for (const path of ['/orders', '/wallet', '/receipts']) {
      await page.goto(world.web + path);
      await accessible(page, path);
    }
    await phone.putDown();
  });
}

test('the books agree afterwards', async () => {
  assert.match(await world.operator('audit'), /agrees/);
});
