// t/clients/imapflow-extensions.js: every extension that imapflow knows, with IMAP4rev1 and with IMAP4rev2:
// imapflow-extensions.js HOST TLS-PORT USER PASSWORD CERT
const fs = require('fs')
const assert = require('assert')
const { ImapFlow } = require('imapflow')
const [host, port, user, pass, cert] = process.argv.slice(2)
const ours = 'Extensions'	// the only mailbox that is changed

function connected (more) {
  const options = { host, port: +port, secure: true, auth: { user, pass }, tls: { ca: fs.readFileSync(cert) }, logger: false, ...more }
  const client = new ImapFlow(options)
  return client.connect().then(() => client)
}

function once (client, name) {
  return new Promise(resolve => client.once(name, resolve))
}

async function all (iterable) {
  const found = []
  for await (const one of iterable) found.push(one)
  return found
}

function letter (subject) {
  return Buffer.from(`From: Anna <anna@example.org>\r\nSubject: ${subject}\r\nContent-Type: application/octet-stream\r\n` +
    'Content-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n')
}

async function greeting (client, rev2) {
  for (const name of ['QRESYNC', 'UTF8=ACCEPT', 'CONDSTORE']) assert(client.enabled.has(name), name)
  assert.strictEqual(client.enabled.has('IMAP4REV2'), rev2)
  for (const name of ['ID', 'NAMESPACE', 'SPECIAL-USE', 'MOVE', 'BINARY', 'OBJECTID', 'STATUS=SIZE', 'LIST-STATUS', 'WITHIN']) {
    assert(client.capabilities.has(name), name)
  }
  assert(client.serverInfo.name)
  assert.strictEqual(client.namespace.delimiter, '.')
}

async function mailboxes (client) {
  const created = await client.mailboxCreate(ours)
  assert(created.created && created.mailboxId)
  const tree = await client.listTree()
  assert(tree.folders.length >= 4)
  const found = (await client.list({ statusQuery: { messages: true, unseen: true, uidNext: true, highestModseq: true, size: true } }))
    .find(f => f.path === ours)
  assert.strictEqual(found.status.messages, 0)
  assert(found.status.highestModseq >= 1n)
  await client.mailboxSubscribe(ours)
  assert((await client.list()).find(f => f.path === ours).subscribed)
  await client.mailboxUnsubscribe(ours)
  return created.mailboxId
}

async function filled (client) {
  const sent = []
  for (let i = 0; i < 6; i++) sent.push(await client.append(ours, letter(`number ${i}`), i % 2 ? ['\\Seen'] : [], new Date(1700000000000 + i * 864e5)))
  assert.deepStrictEqual(sent.map(one => one.uid), [1, 2, 3, 4, 5, 6])
  const status = await client.status(ours, { messages: true, unseen: true, uidNext: true, uidValidity: true, highestModseq: true })
  assert.strictEqual(`${status.messages} ${status.unseen} ${status.uidNext}`, '6 3 7')
  return sent[0].uidValidity
}

async function fetches (client) {
  const found = await client.fetchAll('1:*', { uid: true, flags: true, threadId: true, internalDate: true, size: true, headers: ['subject'], bodyStructure: true })
  assert.deepStrictEqual(found.map(m => m.uid), [1, 2, 3, 4, 5, 6])
  for (const m of found) assert(m.emailId && m.threadId && m.modseq > 0n && m.size === letter('number 0').length)
  assert.strictEqual(new Set(found.map(m => m.emailId)).size, 6)
  const [one] = await client.search({ emailId: found[3].emailId }, { uid: true })
  assert.strictEqual(one, 4)
  const decoded = await client.fetchAll('2', { bodyParts: ['1'] }, { binary: true, uid: true })
  assert.deepStrictEqual(decoded[0].bodyParts.get('1'), Buffer.from([0, 1, 2, 3, 4, 5]))
  const piece = await client.fetchOne('2', { source: { start: 6, maxLength: 4 } }, { uid: true })
  assert.strictEqual(piece.source.toString(), 'Anna')
}

async function searches (client) {
  assert.deepStrictEqual(await client.search({ seen: true }, { uid: true }), [2, 4, 6])
  const found = await client.search({ all: true }, { uid: true, returnOptions: ['MIN', 'MAX', 'COUNT', 'ALL'] })
  assert.strictEqual(`${found.min} ${found.max} ${found.count}`, '1 6 6')
  const part = await client.search({ seen: true }, { uid: true, returnOptions: [{ partial: '1:2' }] })
  assert.strictEqual(part.partial.messages.toString(), '2,4')
  assert.deepStrictEqual(await client.search({ since: new Date(Date.now() - 36e5), subject: 'number' }, { uid: true }), [])
  assert.strictEqual((await client.search({ modseq: 1 }, { uid: true })).length, 6)
  assert.deepStrictEqual(await client.search({ or: [{ subject: 'number 1' }, { uid: '5' }], not: { keyword: 'x' } }, { uid: true }), [2, 5])
}

async function stores (client) {
  const before = client.mailbox.highestModseq
  assert(await client.messageFlagsAdd('1:2', ['\\Flagged', 'blue'], { uid: true }))
  const changed = await client.fetchAll('1:*', { flags: true }, { uid: true, changedSince: before })
  assert.deepStrictEqual(changed.map(m => m.uid), [1, 2])
  assert(changed[0].flags.has('blue'))
  await client.messageFlagsSet('1', ['\\Answered'], { uid: true, unchangedSince: before })
  assert(!(await client.fetchOne('1', { flags: true }, { uid: true })).flags.has('\\Answered'))
  assert(await client.messageFlagsRemove('1:2', ['blue'], { uid: true, silent: true }))
}

// What happens while it is away: others tell it, and it learns it all when it comes back.
async function away (client, other, uidValidity) {
  const modseq = client.mailbox.highestModseq
  await client.mailboxClose()
  await other.mailboxOpen(ours)
  await other.messageFlagsAdd('6', ['\\Flagged'], { uid: true })
  await other.messageDelete('3', { uid: true })
  const gone = []
  const flagged = []
  client.on('expunge', e => gone.push(e.uid))
  client.on('flags', e => flagged.push(e.uid))
  const mailbox = await client.mailboxOpen(ours, { changedSince: modseq, uidValidity })
  assert.strictEqual(mailbox.exists, 5)
  await client.noop()
  assert(gone.includes(3), `gone: ${gone}`)
  assert(flagged.includes(6), `flagged: ${flagged}`)
}

async function pushed (client, other) {
  const idling = client.idle()
  const came = once(client, 'exists')
  await other.append(ours, letter('pushed'), [])
  assert.strictEqual((await came).count, 6)
  const gone = once(client, 'expunge')
  await other.messageMove('4', 'Archive', { uid: true })
  assert.strictEqual((await gone).uid, 4)
  const flags = once(client, 'flags')
  await other.messageFlagsAdd('5', ['\\Deleted'], { uid: true })
  assert((await flags).flags.has('\\Deleted'))
  await client.noop()	// which ends IDLE
  await idling
}

async function copies (client) {
  const copied = await client.messageCopy('1:2', 'Archive', { uid: true })
  assert.strictEqual(copied.uidMap.size, 2)
  const archive = await client.status('Archive', { messages: true, uidNext: true })
  assert.strictEqual(Math.max(...copied.uidMap.values()), archive.uidNext - 1)
  await client.mailboxOpen('Archive')
  assert(await client.messageDelete([...copied.uidMap.values()].join(','), { uid: true }))
  const moved = await client.search({ subject: 'number 3' }, { uid: true })
  assert(await client.messageDelete(moved.join(','), { uid: true }))
}

async function main () {
  for (const rev2 of [false, true]) {
    const client = await connected({ qresync: true, disableIMAP4rev2: !rev2 })
    const other = await connected({ disableCompression: true, disableIMAP4rev2: !rev2 })
    await greeting(client, rev2)
    const id = await mailboxes(client)
    const uidValidity = await filled(client)
    const mailbox = await client.mailboxOpen(ours)
    assert.strictEqual(mailbox.mailboxId, id)
    assert(mailbox.permanentFlags.has('\\*') && !mailbox.noModseq)
    await fetches(client)
    await searches(client)
    await stores(client)
    await away(client, other, uidValidity)
    await pushed(client, other)
    await copies(client)
    await other.mailboxClose()
    assert(await client.mailboxDelete(ours))
    await client.logout()
    await other.logout()
  }
  console.log('done')
}
main().catch(error => { console.log(error); process.exit(1) })
