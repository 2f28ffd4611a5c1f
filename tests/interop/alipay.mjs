// Alipay's own SDK for Node (npm alipay-sdk, MIT licence) against paysim's face of Alipay.
//
//     node alipay.mjs PAYSIM NODE_MODULES KEYS    PAYSIM is the program, KEYS the folder with its test keys
//
// The SDK signs what it asks and verifies what it is answered; paysim does the same from its side. Prints `ok` or
// `FAILED` for each call and ends with `N passed, N failed`.
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const [paysimProgram, nodeModules, keys] = process.argv.slice(2)
const { AlipaySdk } = createRequire(`${nodeModules}/x.js`)('alipay-sdk')

const publicKey = (name) => new X509Certificate(readFileSync(`${keys}/${name}.crt`)).publicKey
  .export({ type: 'spki', format: 'pem' })

let passed = 0
let failed = 0
async function step (what, check) {
  try {
    await check()
    passed += 1
    console.log(`ok     ${what}`)
  } catch (error) {
    failed += 1
    console.log(`FAILED ${what}: ${error.message}`)
  }
}
function equal (told, wanted) {
  if (JSON.stringify(told) !== JSON.stringify(wanted)) throw new Error(`${JSON.stringify(told)}, not ${JSON.stringify(wanted)}`)
}

const paysim = spawn(paysimProgram, ['--listen', '127.0.0.1:0', '--json', '--retry-ms', '200'], { stdio: ['ignore', 'pipe', 'inherit'] })
process.on('exit', () => paysim.kill())
const [hello] = await once(createInterface({ input: paysim.stdout }), 'line')
const base = JSON.parse(hello).paysim

// What a merchant's server does: takes the form, and says the word.
const messages = []
const shop = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  messages.push(Object.fromEntries(new URLSearchParams(body)))
  response.end('success')
}).listen(0, '127.0.0.1')
await once(shop, 'listening')
const notifyUrl = `http://127.0.0.1:${shop.address().port}/`
async function message (count) {
  for (let waited = 0; messages.length < count && waited < 100; waited += 1) await new Promise((resolve) => setTimeout(resolve, 50))
  return messages[count - 1]
}

function client (settings) {
  return new AlipaySdk({
    appId: 'client_test',
    privateKey: readFileSync(`${keys}/merchant.key`, 'utf8'),
    keyType: 'PKCS8',
    alipayPublicKey: publicKey('platform'),
    gateway: `${base}/gateway.do`,
    endpoint: base,
    ...settings,
  })
}
const sdk = client({})
const signed = { validateSign: true }
const order = { out_trade_no: 'interop_1', product_code: 'FAST_INSTANT_TRADE_PAY', subject: 'eSIM 套餐 100%+', total_amount: '88.88' }

let cashier
await step('exec alipay.trade.query of a trade that nobody opened: ACQ.TRADE_NOT_EXIST', async () => {
  const told = await sdk.exec('alipay.trade.query', { bizContent: { out_trade_no: 'interop_1' } }, signed)
  equal([told.code, told.subCode], ['40004', 'ACQ.TRADE_NOT_EXIST'])
})
await step('pageExec alipay.trade.page.pay as a link', async () => {
  const link = sdk.pageExec('alipay.trade.page.pay', 'GET', { notifyUrl, returnUrl: `${notifyUrl}back`, bizContent: order })
  const opened = await fetch(link, { redirect: 'manual' })
  cashier = opened.headers.get('location')
  equal([opened.status, new URL(cashier).origin], [303, base])
})
await step('pageExec alipay.trade.wap.pay as a form', async () => {
  const html = sdk.pageExec('alipay.trade.wap.pay', 'POST', { notifyUrl, bizContent: { ...order, out_trade_no: 'interop_2', product_code: 'QUICK_WAP_WAY' } })
  const action = html.match(/action="([^"]+)"/)[1]
  const fields = [...html.matchAll(/name="(\w+)" value="(.*?)" \/>/g)].map(([, name, value]) => [name, value.replaceAll('&quot;', '"')])
  const opened = await fetch(action, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
  equal(opened.status, 303)
})
await step('exec alipay.trade.query before it is paid: WAIT_BUYER_PAY', async () => {
  const told = await sdk.exec('alipay.trade.query', { bizContent: { out_trade_no: 'interop_1' } }, signed)
  equal([told.code, told.tradeStatus, told.totalAmount], ['10000', 'WAIT_BUYER_PAY', '88.88'])
})
await step('checkNotifySignV2 of the message that it was paid, and not of a changed one', async () => {
  const paid = await fetch(cashier, { method: 'POST', body: new URLSearchParams({ result: 'ok' }), redirect: 'manual' })
  equal(paid.status, 303)
  const told = await message(1)
  equal([sdk.checkNotifySignV2(told), told.trade_status, told.out_trade_no, told.total_amount], [true, 'TRADE_SUCCESS', 'interop_1', '88.88'])
  equal(sdk.checkNotifySignV2({ ...told, total_amount: '0.01' }), false)
  const back = Object.fromEntries(new URL(paid.headers.get('location')).searchParams)
  equal([sdk.checkNotifySignV2(back), back.out_trade_no], [true, 'interop_1'])
})
await step('exec alipay.trade.query after: TRADE_SUCCESS', async () => {
  const told = await sdk.exec('alipay.trade.query', { bizContent: { out_trade_no: 'interop_1' } }, signed)
  equal([told.tradeStatus, told.sendPayDate.length], ['TRADE_SUCCESS', 19])
})
await step('exec alipay.trade.close of a paid trade is refused, of an open one done', async () => {
  const paid = await sdk.exec('alipay.trade.close', { bizContent: { out_trade_no: 'interop_1' } }, signed)
  equal([paid.code, paid.subCode], ['40004', 'ACQ.REASON_TRADE_STATUS_INVALID'])
  const open = await sdk.exec('alipay.trade.close', { bizContent: { out_trade_no: 'interop_2' } }, signed)
  equal(open.code, '10000')
})
const refund = { out_trade_no: 'interop_1', refund_amount: '8.88', out_request_no: 'part' }
await step('exec alipay.trade.refund of a part: fund_change Y, and N when it is asked again', async () => {
  const first = await sdk.exec('alipay.trade.refund', { bizContent: refund }, signed)
  equal([first.code, first.fundChange, first.refundFee], ['10000', 'Y', '8.88'])
  const again = await sdk.exec('alipay.trade.refund', { bizContent: refund }, signed)
  equal([again.code, again.fundChange, again.refundFee], ['10000', 'N', '8.88'])
  const other = await sdk.exec('alipay.trade.refund', { bizContent: { ...refund, refund_amount: '1.00' } }, signed)
  equal(other.subCode, 'ACQ.DISCORDANT_REPEAT_REQUEST')
})
await step('exec alipay.trade.fastpay.refund.query: REFUND_SUCCESS, and nothing of a refund that never was', async () => {
  const ask = (number) => sdk.exec('alipay.trade.fastpay.refund.query', { bizContent: { out_trade_no: 'interop_1', out_request_no: number } }, signed)
  equal([(await ask('part')).refundStatus, (await ask('part')).refundAmount], ['REFUND_SUCCESS', '8.88'])
  equal((await ask('never')).refundStatus, undefined)
})
await step('checkNotifySignV2 of the refund, which comes as TRADE_SUCCESS to the payment\'s address', async () => {
  let told
  for (let count = 1; !told?.refund_fee && count < 5; count += 1) told = await message(count)
  equal([sdk.checkNotifySignV2(told), told.trade_status, told.refund_fee, told.out_biz_no], [true, 'TRADE_SUCCESS', '8.88', 'part'])
})
await step('exec alipay.data.dataservice.bill.downloadurl.query of a day without business: isp.bill_not_exist', async () => {
  const told = await sdk.exec('alipay.data.dataservice.bill.downloadurl.query', { bizContent: { bill_type: 'trade', bill_date: '2020-02-02' } }, signed)
  equal(told.subCode, 'isp.bill_not_exist')
})
await step('exec with a key that is not the merchant\'s: isv.invalid-signature', async () => {
  const stranger = client({ privateKey: readFileSync(`${keys}/stranger.key`, 'utf8') })
  const told = await stranger.exec('alipay.trade.query', { bizContent: { out_trade_no: 'interop_1' } }, signed)
  equal([told.code, told.subCode], ['40002', 'isv.invalid-signature'])
})
await step('exec refuses answers that another key signed', async () => {
  const misled = client({ alipayPublicKey: publicKey('stranger') })
  const told = await misled.exec('alipay.trade.query', { bizContent: { out_trade_no: 'interop_1' } }, signed).catch((error) => error.message)
  equal(String(told).includes('验签失败'), true)
})

console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
