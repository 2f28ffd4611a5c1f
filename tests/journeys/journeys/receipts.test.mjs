// A receipt and its credit note, on a phone, on a desktop, in the dark, and on paper.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { LOCALES, accessible, eventually, fits, openBrowser, openPhone, startWorld } from '../harness.mjs';
import { bind, checkOut, orderOf, payAtSandbox, register, turns } from '../people.mjs';

const WORDS = {
  'zh-CN': { tax: '增值税 19%', note: '退款凭证' },
  en: { tax: 'VAT 19%', note: 'Credit note' },
};
const SELLER = {
  HEYON_SELLER__NAME: 'Heyon Mobile GmbH',
  HEYON_SELLER__ADDRESS: 'Hafenstraße 1\n20457 Hamburg',
  HEYON_SELLER__TAX_ID: 'DE123456788',
  HEYON_SELLER__COUNTRY: 'DE',
  HEYON_TAX: '[{country="DE", basis_points=1900, valid_from="2021-01-01", names={en="VAT", zh-CN="增值税"}}]',
};
let world;
let browser;
before(async () => { [world, browser] = await Promise.all([startWorld(SELLER), openBrowser()]); });
after(() => Promise.all([world?.stop(), browser?.close()]));

/** A page as the printer gets it: how many sheets, and what no screen part of it is left on them. */
async function printed(page) {
  const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
  await page.emulateMedia({ media: 'print' });
  const shown = await page.evaluate(() => [...document.querySelectorAll('a, button, nav, form')].filter((e) => e.checkVisibility()).length);
  await page.emulateMedia({ media: null });
  return { sheets: pdf.match(/\/Type\s*\/Page\b/g).length, shown };
}

/** Looks at a paper in the light and in the dark, on a phone and on a desktop, and prints it. */
async function looksRight(page, where) {
  for (const colorScheme of ['light', 'dark']) {
    for (const viewport of [{ width: 412, height: 839 }, { width: 1280, height: 800 }]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await accessible(page, `${where}, ${colorScheme}, ${viewport.width} px`);
      await fits(page, where);
    }
    assert.deepEqual(await printed(page), { sheets: 1, shown: 0 }, `${where}, printed by someone who likes it ${colorScheme}`);
  }
}

for (const [nth, locale] of LOCALES.entries()) {
  test(`a plan is paid, its receipt printed, the money sent back, its credit note printed (${locale})`, async () => {
    const phone = await openPhone(browser, locale);
    const { page } = phone;
    await register(phone, world, `keeper-${nth}@example.com`);
    await bind(phone, world, world.cards[nth].serial);
    await checkOut(phone, world, 'jp-5gb-30d', 'alipay');
    await payAtSandbox(phone, 'ok');
    await turns(phone, 'ok');
    const order = orderOf(phone);
    assert.ok(await page.locator(`a[href="/receipts/${order}"]`).count(), 'the order leads to its receipt');
    await eventually(async () => {
      await page.goto(`${world.web}/receipts/${order}`);
      return /\/receipts\/HY-\d{4}-\d{6}$/.test(page.url());
    }, 'the receipt', 30);
    const number = page.url().split('/').pop();
    const receipt = await page.locator('main').innerText();
    for (const words of [number, 'Heyon Mobile GmbH', '20457 Hamburg', 'DE123456788', WORDS[locale].tax, `keeper-${nth}@example.com`]) {
      assert.ok(receipt.includes(words), `${words} is missing in\n${receipt}`);
    }
    await looksRight(page, `the receipt (${locale})`);

    await world.operator('orders', 'refund', order, '--note', 'sorry');
    await eventually(async () => {
      await page.reload();
      return (await page.locator('a[href*="/receipts/HY-C-"]').count()) > 0;
    }, 'a credit note', 30);
    await page.click('a[href*="/receipts/HY-C-"]');
    await page.waitForURL(/\/receipts\/HY-C-/);
    const note = await page.locator('main').innerText();
    assert.ok(note.includes(number) && note.includes(WORDS[locale].note), note);
    await looksRight(page, `the credit note (${locale})`);
    await page.goto(`${world.web}/receipts`);
    assert.equal(await page.locator('a[href^="/receipts/HY-"]').count(), 2);
    await accessible(page, 'the list of receipts');
    await phone.putDown();
  });
}

test('numbers, papers, orders and ledger agree afterwards', async () => {
  assert.match(await world.operator('audit'), /agrees/);
});
