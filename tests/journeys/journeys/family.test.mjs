// A family of three shares one pool: one reaches her cap, the owner raises it, data goes on.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { LOCALES, accessible, eventually, fits, openBrowser, openPhone, startWorld } from '../harness.mjs';
import { bind, choose, payAtSandbox, register, turns } from '../people.mjs';

const MEGABYTE = { kB: 0.001, MB: 1, GB: 1000 };

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser?.close());

for (const locale of LOCALES) {
  test(`one of three reaches her cap, the owner raises it, and data goes on (${locale})`, async () => {
    const world = await startWorld();
    const [lin, mum, mei] = await Promise.all(['lin', 'mum', 'mei'].map(async (name, nth) => {
      const phone = await openPhone(browser, locale, { colorScheme: nth === 1 ? 'dark' : 'light' });
      await register(phone, world, `${name}@example.com`);
      await bind(phone, world, world.cards[nth].serial);
      return phone;
    }));
    try {
      await create(lin, world);
      await buyForEveryone(lin);
      await join(mum, await inviteByLink(lin), 'Mum');
      await inviteByMail(lin, 'mei@example.com');
      const mailed = await world.mail('mei@example.com', (text) => text.includes('/join?token='));
      await join(mei, /https?:\/\/\S+\/join\?token=\S+/.exec(mailed)[0], 'Mei');

      await lin.page.goto(`${world.web}/pools`);
      for (const name of ['Mum', 'Mei']) await used(lin, name, (megabytes) => megabytes > 0);
      await checked(lin, 'the pool');

      await cap(lin, 'Mei', '0.02');
      await row(lin, 'Mei').locator('.chip.warn').waitFor();
      await checked(lin, 'the pool, with one at her cap');
      await mei.page.goto(`${world.web}/pools`);
      await mei.page.locator('.note.warn').first().waitFor();
      await checked(mei, 'the pool as she sees it');
      for (const to of ['mei', 'lin']) await world.mail(`${to}@example.com`, (text) => /20\s?MB/.test(text));
      await goesOn(lin, 'Mum');
      const stopped = await used(lin, 'Mei', (megabytes) => megabytes >= 20);
      await goesOn(lin, 'Mum');
      assert.equal(await used(lin, 'Mei', () => true), stopped, 'she goes on at her cap');

      await cap(lin, 'Mei', '1');
      await lin.page.evaluate(() => { window.notReloaded = true; });
      await used(lin, 'Mei', (megabytes) => megabytes > stopped + 5);
      assert.ok(await lin.page.evaluate(() => window.notReloaded), 'the page was loaded again');
      await mei.page.locator('.note.warn').waitFor({ state: 'detached' });
      assert.match(await world.operator('audit'), /agrees/);
    } finally {
      await Promise.all([lin, mum, mei].map((phone) => phone.putDown()));
      await world.stop();
    }
  });
}

/** Everyone can read the page, on a phone, by day and by night. */
async function checked({ page }, where) {
  await accessible(page, where);
  await fits(page, where);
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, `${where}, in the dark`);
  await page.emulateMedia({ colorScheme: 'light' });
}

async function create(phone, world) {
  const { page } = phone;
  await page.goto(`${world.web}/pools`);
  await checked(phone, 'no pool yet');
  await page.locator('a.btn[href="/pools/new"]').click();
  await page.waitForURL(/\/pools\/new/);
  await checked(phone, 'a new pool');
  await page.fill('#name', 'The Lins');
  await page.locator('form[action="/pools/new"] button').click();
  await page.waitForURL(/\/pools\/pol_/);
  await checked(phone, 'a pool with nothing in it');
}

async function buyForEveryone(phone) {
  const { page } = phone;
  const pool = page.url();
  await page.locator('#now a[data-money]').click();
  await page.waitForURL(/\/plans\?/);
  await page.locator('a[href^="/plans/in/jp"]').first().click();
  await page.waitForURL(/\/plans\/in\/jp/);
  await checked(phone, 'plans for everyone');
  await page.locator('a[href^="/checkout?plan=jp-20gb-30d"]').click();
  await page.waitForURL(/\/checkout/);
  await checked(phone, 'the checkout for everyone');
  await choose(page, 'method', 'card');
  await page.locator('form[action="/checkout"] button[data-money]').click();
  await page.waitForURL(/\/pay\//);
  await payAtSandbox(phone, 'ok');
  await turns(phone, 'ok');
  await page.goto(pool);
}

async function inviteByLink(phone) {
  const { page } = phone;
  await page.locator('form[action$="/invite"] button').click();
  await page.waitForURL(/\/invitations\/inv_/);
  await checked(phone, 'an invitation');
  const link = await page.locator('[data-copy]').getAttribute('data-copy');
  await page.goBack();
  return link;
}

async function inviteByMail(phone, email) {
  const { page } = phone;
  await page.fill('#email', email);
  await page.locator('form[action$="/invite"] button').click();
  await page.waitForURL(/\/invitations\/inv_/);
}

async function join(phone, link, name) {
  const { page } = phone;
  await page.goto(link);
  await checked(phone, 'joining');
  await page.fill('#name', name);
  await page.locator('form[action="/join"] button').click();
  await page.waitForURL(/\/pools\/pol_/);
  await row(phone, name).waitFor();
}

/** The owner lets someone take so many gigabytes in all, and stands on the pool's page afterwards. */
async function cap(phone, name, gigabytes) {
  const { page } = phone;
  await row(phone, name).click();
  await page.waitForURL(/\/members\//);
  await checked(phone, 'a member');
  await page.fill('#in_all', gigabytes);
  await page.locator('form:has(#in_all) button').click();
  await page.waitForURL(/\/pools\/pol_[a-z0-9]+$/);
}

const row = ({ page }, name) => page.locator('#now .list .row', { hasText: name });

/** Someone uses more and more. */
async function goesOn(phone, name) {
  const before = await used(phone, name, () => true);
  await used(phone, name, (megabytes) => megabytes > before + 5);
}

/** What someone used of what is shared, in megabytes, once it is so; the page turns by itself. */
function used(phone, name, so) {
  return eventually(async () => {
    const said = await row(phone, name).locator('small').first().innerText();
    const [, amount, unit] = /([\d.,]+)\s*(kB|MB|GB)(?!.*\d\s*(kB|MB|GB))/.exec(said) ?? [];
    const megabytes = Number(amount?.replace(',', '')) * MEGABYTE[unit];
    return so(megabytes) ? megabytes : null;
  }, `${name}'s use`, 30);
}
