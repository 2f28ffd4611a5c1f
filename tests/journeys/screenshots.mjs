// Takes the README's pictures anew: `node screenshots.mjs`, after `cargo build --release -p heyon`.

import { mkdir } from 'node:fs/promises';
import { LOCALES, eventually, openBrowser, openPhone, startWorld } from './harness.mjs';
import { bind, checkOut, payAtSandbox, register, turns } from './people.mjs';

const folder = new URL('../../docs/images/', import.meta.url).pathname;
await mkdir(folder, { recursive: true });
const world = await startWorld();
const browser = await openBrowser();
try {
  for (const [nth, locale] of LOCALES.entries()) {
    const phone = await openPhone(browser, locale, { deviceScaleFactor: 2 });
    const { page } = phone;
    const shots = [];
    const shoot = async () => shots.push(`data:image/png;base64,${(await page.screenshot()).toString('base64')}`);
    await register(phone, world, `picture-${nth}@example.com`);
    await bind(phone, world, world.cards[nth].serial);
    await page.goto(`${world.web}/checkout?plan=jp-20gb-30d`);
    await shoot();
    await checkOut(phone, world, 'jp-20gb-30d', 'card');
    await payAtSandbox(phone, 'ok');
    await turns(phone, 'ok');
    await shoot();
    await page.goto(world.web);
    await eventually(() => page.locator('.gauge .fig').first().innerText(), 'a figure');
    await page.waitForTimeout(9000);
    await shoot();
    await phone.putDown();
    const sheet = await browser.newPage({ viewport: { width: 1320, height: 900 }, deviceScaleFactor: 1 });
    const images = shots.map((src) => `<img src="${src}" style="width:412px;border-radius:28px;box-shadow:0 4px 24px #0002">`);
    await sheet.setContent(`<body style="margin:24px;background:#f4f5f1;display:flex;gap:16px;align-items:start">${images.join('')}`);
    await sheet.screenshot({ path: `${folder}shop.${locale}.png` });
    await sheet.close();
  }
} finally {
  await Promise.all([browser.close(), world.stop()]);
}
