// What every journey needs: a whole small world (`heyon demo`), a phone to look at it, and axe.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import assert from 'node:assert/strict';
import { chromium, devices } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
export const heyon = process.env.JOURNEY_HEYON ?? join(here, '../../target/release/heyon');
const axeSource = await readFile(join(here, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** The languages that every journey is made in, and a few words of each page that it looks for. */
export const LOCALES = ['zh-CN', 'en'];

/** Starts a demo on free ports with data of its own; `env` are settings, such as HEYON_DEADLINES__DELIVERY_SECONDS. */
export async function startWorld(env = {}) {
  const data = await mkdtemp(join(tmpdir(), 'heyon-journey-'));
  const args = ['demo', '--listen', '127.0.0.1:0', '--data', data, '--json'];
  const logs = [];
  const child = spawn(heyon, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.on('data', (chunk) => logs.push(chunk.toString()));
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`heyon ended with ${code}:\n${logs.join('')}`))),
  ]);
  const world = JSON.parse(first[0]);
  const run = promisify(execFile);
  return {
    ...world,
    data,
    /** The server's log so far. */
    logs: () => logs.join(''),
    /** What an operator does from the command line, on this world: its standard output. */
    operator: async (...command) => (await run(heyon, [...command, '--data', data, '--actor', 'journey'])).stdout,
    /** The newest mail to this address, as text, once there is one that `wanted` accepts. */
    mail: (to, wanted = () => true) => eventually(() => newestMail(world.mail_dir, to, wanted), `a mail to ${to}`),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** One browser for a file of journeys; `letters_px` is how large its owner likes text, 16 is usual. */
export function openBrowser(letters_px = 16) {
  const args = [`--blink-settings=defaultFontSize=${letters_px}`, '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
}

/** A phone in somebody's hand. Any error of script on a page fails the journey when the phone is put down. */
export async function openPhone(browser, locale, options = {}) {
  const context = await browser.newContext({
    ...devices['Pixel 7'], locale, timezoneId: locale === 'zh-CN' ? 'Asia/Shanghai' : 'Europe/Berlin', ...options,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => {
    // The browser gives up a page's cross-fade when the next page comes before its end; nobody misses it.
    if (!/Transition was (aborted|skipped)/.test(error.message)) errors.push(error.message);
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy/.test(message.text())) errors.push(message.text());
  });
  return {
    context,
    page,
    putDown: async () => {
      await context.close();
      assert.deepEqual(errors, [], 'script errors on the pages');
    },
  };
}

/** axe finds nothing serious on this page as it stands. */
export async function accessible(page, where) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run());
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const said = serious.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((n) => n.html).join('\n  ')}`);
  assert.equal(serious.length, 0, `${where}:\n${said.join('\n')}`);
}

/** Nothing on this page is wider than the phone. */
export async function fits(page, where) {
  const [wide, room] = await page.evaluate(() => [document.scrollingElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= room, `${where} is ${wide} px wide on a phone of ${room} px`);
}

/** The first value that is not null, asked for again and again for up to `seconds`. */
export async function eventually(ask, what, seconds = 15) {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const found = await ask();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > until) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function newestMail(folder, to, wanted) {
  const names = (await readdir(folder).catch(() => [])).sort().reverse();
  for (const name of names) {
    const text = decode(await readFile(join(folder, name), 'utf8'));
    if (new RegExp(`^To: .*${to.replace(/[.+]/g, '\\$&')}`, 'im').test(text) && wanted(text)) return text;
  }
  return null;
}

/** A mail's head and its plain text, readable. */
function decode(raw) {
  const [head] = raw.split(/\r?\n\r?\n/, 1);
  const part = /Content-Type: text\/plain[^]*?\r?\n\r?\n([^]*?)(?:\r?\n--|$)/i.exec(raw);
  const encoding = /Content-Transfer-Encoding: *(\S+)/i.exec(part?.[0] ?? '')?.[1]?.toLowerCase();
  return `${head}\n\n${plain(part?.[1] ?? '', encoding)}`;
}

function plain(text, encoding) {
  if (encoding === 'base64') return Buffer.from(text, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return text;
  const bytes = text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
