// What people do again and again on their way through the shop.

import assert from 'node:assert/strict';

export const PASSWORD = 'a walk along the sea';

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
export async function bind(phone, world, serial) {
  const { page } = phone;
  await page.goto(`${world.web}/cards/bind`);
  await page.fill('#number', serial);
  await page.click('form[action="/cards/bind"] button');
  await page.waitForURL((url) => url.pathname !== '/cards/bind');
}
