// What people do again and again on their way through the shop.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const PASSWORD = 'a walk along the sea';
export const BIND_CODE = '7K3M-92QD';
export const ACTIVATION_CODE = 'LPA:1$smdp-plus.example.com$04386-AGYFT-A74Y8-3F815';

/** Registers, signs in, and proves the address by the link in the mail. */
export async function register(phone, world, email) {
  const { page } = phone;
  await page.goto(`${world.web}/welcome`);
  await page.fill('#email', email);
  await page.fill('#password', PASSWORD);
  await page.click('form[action="/register"] button');
  await page.waitForURL(/\/sign-in/);
  await page.fill('#email', email);
  await page.fill('#password', PASSWORD);
  await page.click('form[action="/sign-in"] button');
  await page.waitForURL((url) => url.pathname === '/');
  const mail = await world.mail(email);
  const link = /https?:\/\/\S+\/verify\?token=\S+/.exec(mail)?.[0];
  assert.ok(link, `no link in:\n${mail}`);
  await page.goto(link);
  const confirm = page.locator('form[action^="/verify"] button');
  if (await confirm.count()) await confirm.first().click();
  await page.waitForLoadState();
}

/** Signs in with the account that the demo made ready. */
export async function signIn(phone, world) {
  const { page } = phone;
  const [{ email, password }] = world.accounts;
  await page.goto(`${world.web}/sign-in`);
  await page.fill('#email', email);
  await page.fill('#password', password);
  await page.click('form[action="/sign-in"] button');
  await page.waitForURL((url) => url.pathname === '/');
}

/** Binds a card by its printed serial and stands on its line's page or home afterwards. */
export async function bind(phone, world, serial, bindCode = '') {
  const { page } = phone;
  await page.goto(`${world.web}/cards/bind`);
  await page.fill('#number', serial);
  if (bindCode) await page.fill('#bind_code', bindCode);
  await page.click('form[action="/cards/bind"] button');
  await page.waitForURL((url) => url.pathname !== '/cards/bind');
}

/** A card that was made somewhere else and has a real activation code: its serial, to be bound with `BIND_CODE`. */
export async function cardWithCode(world, nth) {
  const head = 'serial,bind_code,eid,iccid,imsi,msisdn,carrier,activation_code,batch,order_ref';
  const eids = ['89049032123451234512345678901235', '89049032123451234512345678901332'];
  const card = [`ACME-${nth}`, BIND_CODE, eids[nth], `89000123456789012${nth}34`, `00101000000070${nth}`, '', 'own', ACTIVATION_CODE, 'B1', 'PO-7'];
  const file = join(world.data, `cards-${nth}.csv`);
  await writeFile(file, `${head}\n${card.join(',')}\n`);
  await world.operator('cards', 'import', file);
  return card[0];
}

/** Presses the tile or row of one of several choices, as a finger does. */
export async function choose(page, name, value) {
  const input = `input[name="${name}"][value="${value}"]`;
  await page.locator(`label:has(${input})`).click();
  await page.locator(`${input}:checked`).waitFor({ state: 'attached' });
}

/** Chooses this plan and a way to pay, and stands on the sandbox's pay page afterwards. */
export async function checkOut(phone, world, plan, method) {
  const { page } = phone;
  await page.goto(`${world.web}/checkout?plan=${plan}`);
  await choose(page, 'method', method);
  await page.locator('form[action="/checkout"] button[data-money]').click();
  await page.waitForURL(/\/pay\//);
}

/** Does on the sandbox's pay page what is told, and stands on the order's page afterwards. */
export async function payAtSandbox(phone, result) {
  const { page } = phone;
  await page.locator(`button[name="result"][value="${result}"]`).click();
  await page.waitForURL(/\/orders\/ord_/);
  // Whatever the page shows from here on, it shows without being loaded again.
  await page.evaluate(() => { window.notReloaded = true; });
}

/** Waits until the order's page has turned to this tone by itself; milliseconds from the payment until then. */
export async function turns(phone, tone, seconds = 15) {
  const { page } = phone;
  const began = Date.now();
  await page.waitForSelector(`#now .chip.${tone}`, { timeout: seconds * 1000 });
  assert.ok(await page.evaluate(() => window.notReloaded), 'the page was loaded again');
  return Date.now() - began;
}

/** The order whose page is open. */
export const orderOf = (phone) => /ord_[a-z0-9]+/.exec(phone.page.url())[0];
