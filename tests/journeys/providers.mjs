// The providers' own protocols, at a paysim beside the world: settings that a shop takes real payments with, but for the addresses.

import { X509Certificate } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { heyon } from './harness.mjs';

const keys = join(dirname(fileURLToPath(import.meta.url)), '../../sim/paysim/assets/keys');
const KEY = 'sk_test_of_thirty_two_bytes_long';

/** Starts a paysim and answers the settings of a shop that takes payments there, and how to have its messages come. */
export async function startProviders() {
  const folder = await mkdtemp(join(tmpdir(), 'heyon-providers-'));
  const args = ['--listen', '127.0.0.1:0', '--json', '--api-key', KEY, '--merchant', '1900000109', '--retry-ms', '200,500,1000,5000'];
  const child = spawn(join(dirname(heyon), 'paysim'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const url = JSON.parse(line).paysim;
  const config = join(folder, 'heyon.toml');
  await writeFile(config, await settings(url));
  return {
    url,
    env: { HEYON_CONFIG: config, HEYON_CURRENCY: 'USD' },
    /** Stripe and PayPal send where their dashboards say. */
    tell: async (world) => {
      for (const face of ['stripe', 'paypal']) {
        await ask(url, 'PUT', '/sim/webhook', { face, url: `${world.web}/hooks/${face}` });
      }
    },
    /** Does what a payer does who has scanned the code of the newest payment. */
    payNewest: async (face, outcome) => {
      const { payments } = await ask(url, 'GET', '/sim/books');
      const newest = payments.filter((payment) => payment.face === face && payment.captures === 0).at(-1);
      await ask(url, 'POST', `/sim/payments/${newest.id}/pay`, { outcome });
    },
    books: () => ask(url, 'GET', '/sim/books'),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function settings(url) {
  const certificate = new X509Certificate(await readFile(join(keys, 'merchant.crt')));
  const file = (name) => JSON.stringify(join(keys, name));
  return `
[stripe]
secret_key = "${KEY}"
webhook_secrets = ["whsec_sandbox"]
url = "${url}"
[paypal]
client_id = "client_test"
client_secret = "${KEY}"
merchant_id = "1900000109"
webhook_id = "webhook_test"
api_url = "${url}"
webhook_ca_file = ${file('paypal/ca.crt')}
[alipay]
app_id = "client_test"
private_key_file = ${file('merchant.key')}
public_key_files = [${file('platform.crt')}]
gateway = "${url}/gateway.do"
[antom]
client_id = "client_test"
private_key_file = ${file('merchant.key')}
public_key_files = [${file('platform.crt')}]
currencies = ["USD"]
url = "${url}"
[wechat_pay]
mchid = "1900000109"
appid = "client_test"
certificate_serial = "${certificate.serialNumber}"
private_key_file = ${file('merchant.key')}
api_v3_key = "${KEY}"
url = "${url}"
`;
}

async function ask(base, method, path, body) {
  const sent = body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {};
  const answer = await fetch(base + path, { method, ...sent });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
