// A plan that renews by itself: by a card that is kept, with a bank that wants its customer, and with one that refuses for good.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCALES, accessible, eventually, fits, openBrowser, openPhone, startWorld } from '../harness.mjs';
import { bind, choose, payAtSandbox, register, turns } from '../people.mjs';

/** So little data that it is used up within half a minute. */
const PLAN = 'jp-30mb';
const PLANS = new URL('../../../crates/catalog/demo/plans.toml', import.meta.url);
/** A few words of each mail. */
const MAILS = {
  renewed: /按你的约定|was renewed by itself/,
  bank: /要求你本人确认|wants to hear it from you/,
  refused: /不再接受这个付款方式|will not let this method pay any more/,
};
let world;
let browser;
before(async () => {
  [world, browser] = await Promise.all([startWorld(), openBrowser()]);
  const file = join(world.data, 'plans.toml');
  const price = 'price = { CNY = "6.00", USD = "0.90", EUR = "0.80", JPY = "130", HKD = "7.00" }';
  const tiny = `[[plan]]\nid = "${PLAN}"\nkind = "monthly"\nwhere = "JP"\ndata = "30 MB"\ndays = 30\nrenewal = "add"\n${price}\n`;
  await writeFile(file, `${await readFile(PLANS, 'utf8')}\n${tiny}`);
  await world.operator('catalog', 'apply', file);
});
after(() => Promise.all([world?.stop(), browser?.close()]));

/** From now on banks answer so when a kept card is charged. */
async function bankSays(charge) {
  const answer = await fetch(`${world.paysim}/sim/faults`, {
    method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ charge }),
  });
  assert.ok(answer.ok, `the sandbox answered ${answer.status}`);
}

/** Registers, binds a card, buys the plan by a bank card, and ticks that it renews by itself; the line. */
async function buyForEver(phone, email, serial) {
  const { page } = phone;
  await register(phone, world, email);
  await bind(phone, world, serial);
  const line = /lin_[a-z0-9]+/.exec(page.url())[0];
  await page.goto(`${world.web}/checkout?plan=${PLAN}`);
  await choose(page, 'method', 'card');
  await page.locator('label:has(input[name="renew"])').click();
  await page.locator('input[name="renew"]:checked').waitFor({ state: 'attached' });
  await seen(page, 'a checkout that renews');
  await page.locator('form[action="/checkout"] button[data-money]').click();
  await page.waitForURL(/\/pay\//);
  await payAtSandbox(phone, 'ok');
  await turns(phone, 'ok');
  return line;
}

/** A page as it stands is for everyone, and no wider than the phone. */
async function seen(page, where) {
  await accessible(page, where);
  await fits(page, where);
}

/** Where the button of a mail with these words leads. */
async function linkOf(email, words) {
  const ask = () => world.mail(email, (mail) => words.test(mail)).catch(() => null);
  const link = /https?:\/\/\S+/.exec(await eventually(ask, `a mail that says ${words}`, 120))?.[0];
  assert.ok(link, 'no link in the mail');
  return link;
}

/** Longer than anyone waits who would do something. */
async function staysSo(holds, otherwise) {
  await new Promise((resolve) => setTimeout(resolve, 35_000));
  assert.ok(await holds(), otherwise);
}

/** Every payment that the sandbox was asked for. */
async function booked() {
  return (await (await fetch(`${world.paysim}/sim/books`)).json()).payments;
}

/** Everyone does the same at the same time. */
const all = (people, journey) => Promise.all(people.map(journey));

test('a plan renews by itself while its data is used up, until it is turned off', async () => {
  await bankSays('succeed');
  await all(LOCALES, async (locale, nth) => {
    const phone = await openPhone(browser, locale);
    const { page } = phone;
    const email = `forever-${nth}@example.com`;
    const line = await buyForEver(phone, email, world.cards[nth].serial);
    await eventually(async () => {
      await page.goto(`${world.web}/lines/${line}/renewal`);
      return await page.locator('.chip.ok').count() > 0;
    }, 'the renewal to hold');
    await seen(page, 'what was agreed');
    await page.goto(await linkOf(email, MAILS.renewed));
    await page.waitForSelector('#now .chip.ok');
    await seen(page, 'an order that nobody had to make');
    await page.goto(`${world.web}/wallet/methods`);
    assert.match(await page.locator('main').innerText(), /4242/);
    await seen(page, 'the saved card');
    await page.goto(`${world.web}/lines/${line}/renewal`);
    await page.locator('form[action$="/off"] button').click();
    await page.locator('form[action$="/renewal"] button[data-money]').waitFor();
    await seen(page, 'turned off, and how to turn it on');
    await phone.putDown();
  });
  const bought = (await booked()).length;
  await staysSo(async () => (await booked()).length === bought, 'turned off, and something was bought');
});

test('a bank wants its customers, who come; then it refuses for good, and is asked once', async () => {
  await bankSays('payer_must_act');
  const made = (await world.operator('cards', 'make', '2')).trim().split('\n').slice(1);
  const people = await all(LOCALES, async (locale, nth) => {
    const phone = await openPhone(browser, locale);
    const email = `wanted-${nth}@example.com`;
    const line = await buyForEver(phone, email, made[nth].split(',')[0]);
    await phone.page.goto(await linkOf(email, MAILS.bank));
    await seen(phone.page, 'an order that waits for its person');
    return { phone, email, line };
  });
  await bankSays('hard_decline');
  await all(people, async ({ phone, email, line }) => {
    const { page } = phone;
    await page.locator('#now a.btn[data-money]').click();
    await page.waitForURL(/\/pay\//);
    await payAtSandbox(phone, 'ok');
    await turns(phone, 'ok');
    await seen(page, 'an order that its person paid');
    await page.goto(await linkOf(email, MAILS.refused));
    assert.match(page.url(), new RegExp(`/lines/${line}/renewal$`));
    await page.locator('.chip.warn').waitFor();
    await seen(page, 'a renewal that needs its person');
    await page.goto(world.web);
    await page.locator(`#now a[href="/lines/${line}/renewal"]`).waitFor();
    await seen(page, 'home while a renewal needs its person');
    await phone.putDown();
  });
  const asked = (await booked()).length;
  await staysSo(async () => (await booked()).length === asked, 'a bank that refused for good was asked again');
});

test('what is to be paid now follows the switch of the wallet, not that of the renewal', async () => {
  const phone = await openPhone(browser, 'en');
  const { page } = phone;
  await register(phone, world, 'saver@example.com');
  const [, made] = (await world.operator('cards', 'make', '1')).trim().split('\n');
  await bind(phone, world, made.split(',')[0]);
  await page.goto(`${world.web}/wallet`);
  await page.fill('#amount', '25');
  await choose(page, 'method', 'card');
  await page.locator('form[action="/wallet/top-ups"] button').click();
  await page.waitForURL(/\/pay\//);
  await page.locator('button[name="result"][value="ok"]').click();
  await page.waitForSelector('#now .ico.m:not(.warn)');
  await page.goto(`${world.web}/checkout?plan=${PLAN}`);
  const [method, hint] = [page.locator('.tile.pay').first(), page.locator('#renew-hint')];
  assert.equal(await method.isVisible(), false, 'the wallet pays it all');
  assert.match(await hint.innerText(), /wallet alone/);
  await page.locator('label:has(input[name="renew"])').click();
  await page.locator('label:has(input[name="wallet"])').click();
  await method.waitFor();
  assert.doesNotMatch(await hint.innerText(), /wallet alone/);
  await seen(page, 'a checkout past the wallet');
  await phone.putDown();
});

test('the books agree afterwards', async () => {
  assert.match(await world.operator('audit'), /agrees/);
});
