// t/clients/imapflow-oauth.js: imapflow logs in with a token: imapflow-oauth.js HOST TLS-PORT USER TOKEN CERT
const fs = require('fs')
const assert = require('assert')
const { ImapFlow } = require('imapflow')
const [host, port, user, token, cert] = process.argv.slice(2)

function client (accessToken) {
  return new ImapFlow({ host, port: +port, secure: true, auth: { user, accessToken }, tls: { ca: fs.readFileSync(cert) }, logger: false })
}

async function main () {
  const good = client(token)
  await good.connect()
  assert(good.authCapabilities.has('AUTH=OAUTHBEARER'))
  assert((await good.list()).some(f => f.path === 'INBOX'))
  await good.logout()
  await assert.rejects(client('wrong').connect(), error => {
    assert.strictEqual(error.oauthError.status, 'invalid_token')
    assert.strictEqual(error.serverResponseCode, 'AUTHENTICATIONFAILED')
    return true
  })
  console.log('done')
}

main().catch(error => { console.error(error); process.exit(1) })
