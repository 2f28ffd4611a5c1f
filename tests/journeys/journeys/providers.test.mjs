// Paying by each provider's own protocol, on a phone and at a desktop, each in the language and money of its people.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { accessible, eventually, fits, openBrowser, openPhone, startWorld } from '../harness.mjs';
import { bind, checkOut, choose, orderOf, payAtSandbox, register, turns } from '../people.mjs';
import { startProviders } from '../providers.mjs';

const PLAN = 'jp-5gb-30d';
/** A desktop's browser: no touch, and a window of its own. */
const DESKTOP = { userAgent: undefined, isMobile: false, hasTouch: false, viewport: { width: 1280, height: 800 } };
let providers;
let world;
let browser;
let serials;
before(async () => {
  providers = await startProviders();
  [world, browser] = await Promise.all([startWorld(providers.env), openBrowser()]);
  await providers.tell(world);
  const made = (await world.operator('cards', 'make', '7')).trim().split('\n').slice(1);
  serials = made.map((line) => line.split(',')[0]);
});
after(() => Promise.all([world?.stop(), providers?.stop(), browser?.close()]));

const WAYS = [
  { locale: 'zh-CN', at: 'a phone', options: {}, ways: { card: 'stripe', alipay: 'alipay', wechat_pay: 'wechat_pay' } },
  { locale: 'zh-CN', at: 'a desktop', options: DESKTOP, ways: { card: 'stripe', alipay: 'alipay' } },
  { locale: 'en', at: 'a phone', options: {}, ways: { card: 'stripe', paypal: 'paypal', alipay: 'antom' } },
  { locale: 'en', at: 'a desktop', options: DESKTOP, ways: { card: 'stripe', paypal: 'paypal' } },
];

for (const [nth, { locale, at, options, ways }] of WAYS.entries()) {
  test(`paid at ${at} by ${Object.keys(ways).join(', ')} (${locale})`, async () => {
    const phone = await openPhone(browser, locale, options);
    await register(phone, world, `payer-${nth}@example.com`);
    await bind(phone, world, serials[nth]);
    for (const [method, face] of Object.entries(ways)) {
      await checkOut(phone, world, PLAN, method);
      assert.ok(phone.page.url().startsWith(providers.url), `${method} is paid at ${face}: ${phone.page.url()}`);
      await payAtSandbox(phone, 'ok');
      await turns(phone, 'ok');
      await accessible(phone.page, `an order paid by ${method} at ${at}`);
      await fits(phone.page, `an order paid by ${method} at ${at}`);
    }
    const { payments } = await providers.books();
    for (const face of Object.values(ways)) {
      assert.ok(payments.some((payment) => payment.face === face && payment.captures === 1), `${face} took nothing`);
    }
    await phone.putDown();
  });
}

test('at a desktop WeChat Pay is a code to be scanned, and the page turns by itself', async () => {
  const desk = await openPhone(browser, 'zh-CN', DESKTOP);
  const { page } = desk;
  await register(desk, world, 'scanner@example.com');
  await bind(desk, world, serials[4]);
  await page.goto(`${world.web}/checkout?plan=${PLAN}`);
  await choose(page, 'method', 'wechat_pay');
  await page.locator('form[action="/checkout"] button[data-money]').click();
  await page.waitForSelector('.qr svg');
  await accessible(page, 'the code');
  await providers.payNewest('wechat_pay', 'ok');
  await page.waitForSelector('#now a.btn[href*="/orders/"]:not(.text)', { timeout: 20_000 });
  await accessible(page, 'the code, paid');
  await page.locator('#now a.btn').first().click();
  await page.waitForURL(/\/orders\/ord_/);
  await page.waitForSelector('#now .chip.ok');
  await desk.putDown();
});

test('declined by the bank, and said so; left alone, then paid late', async () => {
  const phone = await openPhone(browser, 'en');
  const { page } = phone;
  await register(phone, world, 'late@example.com');
  await bind(phone, world, serials[5]);
  await checkOut(phone, world, PLAN, 'card');
  await page.locator('button[name="result"][value="declined"]').click();
  await page.waitForLoadState();
  const order = await eventually(async () => (await placed(phone)), 'the order');
  await page.goto(`${world.web}/orders/${order}`);
  await accessible(page, 'declined');

  await checkOut(phone, world, PLAN, 'paypal');
  const abandoned = page.url();
  await page.goto(`${world.web}/orders`);
  await accessible(page, 'an abandoned payment');
  await page.goto(abandoned);
  await payAtSandbox(phone, 'ok');
  await turns(phone, 'ok');
  await phone.putDown();
});

test('a refund goes back the way it came, and its page says so', async () => {
  const phone = await openPhone(browser, 'zh-CN');
  await register(phone, world, 'back@example.com');
  await bind(phone, world, serials[6]);
  for (const method of ['card', 'alipay', 'wechat_pay']) {
    await checkOut(phone, world, PLAN, method);
    await payAtSandbox(phone, 'ok');
    await turns(phone, 'ok');
    const order = orderOf(phone);
    await world.operator('orders', 'refund', order, '--note', 'as asked');
    await phone.page.goto(`${world.web}/orders/${order}`);
    const back = async () => {
      await phone.page.reload();
      return (await phone.page.locator('#now .chip.quiet').count()) > 0;
    };
    await eventually(back, `the money of ${method} to be back`, 90);
    await accessible(phone.page, `refunded to ${method}`);
  }
  const { refunded_minor: refunded } = await providers.books();
  assert.ok(refunded.CNY > 0);
  await phone.putDown();
});

test('the books agree afterwards', async () => {
  assert.match(await world.operator('audit'), /agrees/);
});

/** The newest order of whoever holds the phone. */
async function placed({ page }) {
  await page.goto(`${world.web}/orders`);
  const href = await page.locator('a[href^="/orders/ord_"]').first().getAttribute('href');
  return /ord_[a-z0-9]+/.exec(href ?? '')?.[0];
}
