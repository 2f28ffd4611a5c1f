// Narrow phones, large letters, long names: nothing is cut, nothing must be pushed sideways.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LOCALES, accessible, fits, openBrowser, openPhone, startWorld } from '../harness.mjs';
import { BIND_CODE, bind, cardWithCode, checkOut, orderOf, payAtSandbox, register, turns } from '../people.mjs';

const NAME = 'The old red phone that Grandmother took along';
const LETTERS_PX = [16, 32];
let world;
let browsers;
before(async () => { [world, ...browsers] = await Promise.all([startWorld(), ...LETTERS_PX.map(openBrowser)]); });
after(() => Promise.all([world?.stop(), ...(browsers ?? []).map((browser) => browser.close())]));

for (const [nth, locale] of LOCALES.entries()) {
  test(`someone with several eSIMs reads every page on a small phone with large letters (${locale})`, async () => {
    const email = `maximiliana.featherstonehaugh-wolfeschlegelsteinhausen-${nth}@a-very-long-domain.example.com`;
    const viewport = { width: 320, height: 640 };
    const phone = await openPhone(browsers[0], locale, { viewport });
    await register(phone, world, email);
    const coded = await cardWithCode(world, nth);
    await bind(phone, world, coded, BIND_CODE);
    const line = new URL(phone.page.url()).pathname;
    await checkOut(phone, world, 'jp-unlimited-30d', 'wechat_pay');
    await payAtSandbox(phone, 'ok');
    await turns(phone, 'ok');
    const order = orderOf(phone);
    await phone.page.goto(world.web + line);
    await phone.page.fill('#label', NAME.slice(0, 40));
    await phone.page.locator(`form[action="${line}/name"] button`).click();
    await phone.page.waitForLoadState();
    await bind(phone, world, world.cards[nth].serial);
    const stopped = /lin_[a-z0-9]+/.exec(phone.page.url())[0];
    await world.operator('lines', 'bar', stopped);
    await phone.page.goto(`${world.web}/checkout?plan=jp-20gb-30d`);
    const offered = await phone.page.locator('main a[href*="line="]').evaluateAll((links) => links.map(({ href }) => href));
    assert.deepEqual(offered.map((href) => new URL(href).searchParams.get('line')), [line.slice('/lines/'.length)],
      'a stopped eSIM is shown, but not offered');

    const paths = ['/', line, `/lines/${stopped}`, `${line}/install`, `${line}/renewal`, `/lines/${stopped}/renewal`,
      '/checkout?plan=jp-20gb-30d', '/orders', '/wallet/methods',
      `/checkout?plan=jp-unlimited-30d&line=${line.slice('/lines/'.length)}`, `/orders/${order}`, `/orders/${order}/change`,
      `/receipts/${order}`, '/receipts', '/wallet', '/plans', '/plans/in/jp', '/plans/jp-unlimited-30d', '/coverage', '/settings',
      '/settings/email', '/settings/sessions', '/settings/tokens', '/cards/bind'];
    const storageState = await phone.context.storageState();
    for (const [of, letters_px] of LETTERS_PX.entries()) {
      // Twice as large letters are read on a phone of the usual width.
      const width = letters_px === 16 ? 320 : 360;
      const reader = await openPhone(browsers[of], locale, { viewport: { ...viewport, width }, storageState });
      for (const path of paths) {
        await reader.page.goto(world.web + path);
        await fits(reader.page, `${path} with letters of ${letters_px} px`);
      }
      await reader.page.goto(world.web);
      await accessible(reader.page, `home with letters of ${letters_px} px`);
      await reader.putDown();
    }
    await phone.putDown();
  });
}
