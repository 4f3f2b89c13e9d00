'use strict'

// The package for Node.js on a real library: node --expose-gc. TENANTRY_PACKAGE names the package's directory where it is another.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { AsyncLocalStorage } = require('node:async_hooks')
const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const readline = require('node:readline')
const { pathToFileURL } = require('node:url')
const vm = require('node:vm')
const { Worker } = require('node:worker_threads')

const where = process.env.TENANTRY_PACKAGE || path.join(__dirname, '..')
const tenantry = require(where)
const addon = require(path.join(where, 'tenantry.node'))

const STAFF = { operator: {} }
const NOBODY = '00000000-0000-0000-0000-0000000000aa'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'tenantry-node-'))
process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }))
let files = 0
const file = () => path.join(scratch, `${++files}.db`)

const register = (name) => ({ actor: STAFF, command: { command: 'register_tenant', kind: 'msp', name } })

// An MSP with Ada, and a bakery that it manages fully.
async function village (engine) {
  const msp = (await engine.execute(register('Northwind IT'))).outcome
  const user = { command: 'register_user', home: msp, email: 'ada@northwind.example', role: 'super_admin' }
  const ada = (await engine.execute({ actor: STAFF, command: user })).outcome
  const add = { command: 'add_customer', manager: msp, kind: 'customer', name: 'Bakery Klein', management: 'fully', services: ['manage'] }
  const { tenant, link } = (await engine.execute({ actor: { user: ada }, command: add })).outcome
  return { msp, ada, by: { user: ada }, bakery: tenant, link }
}

// Takes Ada's rights away, when somebody else is there to keep the house.
async function ousts (engine, { msp, ada }) {
  await engine.execute({ actor: STAFF, command: { command: 'register_user', home: msp, email: 'bo@northwind.example', role: 'super_admin' } })
  return await engine.execute({ actor: STAFF, command: { command: 'block_user', user: ada } })
}

const fails = (code, Kind = tenantry.MisuseError) => (error) => {
  assert.ok(error instanceof Kind, `${error.stack}`)
  assert.equal(error.code, code)
  return true
}

// Everything that nobody holds any more is given back; what is left is what there was.
async function collected (before) {
  for (let turn = 0; turn < 50 && addon.live() > before; turn++) {
    global.gc()
    await new Promise(setImmediate)
  }
  assert.equal(addon.live(), before)
}

// Runs a program in a process of its own.
const program = (text) => ['--expose-gc', '-e', `const tenantry = require(${JSON.stringify(where)})\nconst STAFF = { operator: {} }
const register = ${register};\n${text}`]
// What a preloaded sanitizer says goes through.
const runs = (text) => spawnSync(process.execPath, program(text), { encoding: 'utf8' })

test('commands, queries and any call, as promises and at once', async () => {
  const engine = await tenantry.open(file())
  const { by, msp, bakery } = await village(engine)
  const asked = await engine.ask({ query: 'customers', actor: by, manager: msp })
  assert.deepEqual(asked.answer.rows.map((row) => row.tenant), [bakery])
  assert.deepEqual(engine.askSync({ query: 'customers', actor: by, manager: msp }), asked)

  const second = engine.executeSync(register('Contoso'))
  assert.equal(second.events[0].event, 'tenant_registered')
  assert.equal(second.seq, asked.seq + 1)
  assert.deepEqual(await engine.call({ sweep: {} }), engine.callSync({ sweep: {} }))
  assert.deepEqual(JSON.parse(await engine.call('{"sweep":{}}')), JSON.parse(engine.callSync('{"sweep":{}}')))

  const again = { ...register('Fabrikam'), id: '00000000-0000-0000-0000-000000000001' }
  assert.deepEqual(await engine.execute(again), await engine.execute(again))
  await engine.close()
})

test('rows come page after page, and no more than are wanted', async () => {
  const engine = tenantry.memorySync()
  const { by, msp } = await village(engine)
  for (let place = 0; place < 6; place++) {
    const add = { command: 'add_customer', manager: msp, kind: 'customer', name: `Shop ${place}`, management: 'fully', services: ['manage'] }
    await engine.execute({ actor: by, command: add })
  }
  const names = []
  for await (const row of engine.rows({ query: 'customers', actor: by, manager: msp, paging: { limit: 2 } })) names.push(row.name)
  assert.deepEqual(names.sort(), ['Bakery Klein', ...[0, 1, 2, 3, 4, 5].map((place) => `Shop ${place}`)])
  for await (const row of engine.rows({ query: 'customers', actor: by, manager: msp, paging: { limit: 2 } })) {
    assert.ok(row.name)
    break
  }
  await assert.rejects(engine.rows({ query: 'policy' }).next(), fails('invalid_request'))
  await assert.rejects(engine.rows().next(), fails('invalid_request'))
  await engine.close()
})

test('a refusal says its number, name, family, remedy and rule', async () => {
  const engine = await tenantry.memory()
  const { by, link, msp, ada, bakery } = await village(engine)
  const delink = { actor: by, command: { command: 'request_delink', link } }
  const wanted = {
    name: 'StateRefusedError',
    number: 701,
    code: 'not_delinkable',
    family: 'state',
    remedy: 'convert it to jointly managed first',
    rule: 'D-1',
    about: link,
    path: null,
    transient: false,
    items: []
  }
  const seen = (error) => {
    assert.ok(error instanceof tenantry.StateRefusedError && error instanceof tenantry.RefusedError && error instanceof tenantry.TenantryError)
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, error[name]])), wanted)
    assert.match(error.message, /fully managed and cannot be delinked/)
    return true
  }
  await assert.rejects(engine.execute(delink), seen)
  assert.throws(() => engine.executeSync(delink), seen)

  // A caller is told where the call was made.
  const error = await (async function whoAsks () { await engine.execute(delink) })().catch((error) => error)
  assert.match(error.stack, /whoAsks/)

  const families = [
    [{ ...register('x'), expected_seq: 1 }, 'stale_seq', tenantry.RequestRefusedError],
    [{ actor: by, command: { command: 'request_delink', link: NOBODY } }, 'unknown_link', tenantry.UnknownRefusedError],
    [{ actor: { user: NOBODY }, command: { command: 'request_delink', link } }, 'unknown_user', tenantry.RightsRefusedError],
    [{ actor: by, command: { command: 'edit_tenant', tenant: msp } }, 'nothing_to_do', tenantry.ValueRefusedError]
  ]
  for (const [execution, code, Kind] of families) await assert.rejects(engine.execute(execution), fails(code, Kind))
  const misuse = await engine.ask({ query: 'check', user: ada, permission: 7, tenant: bakery }).catch((error) => error)
  assert.ok(misuse instanceof tenantry.MisuseError && !(misuse instanceof tenantry.RefusedError))
  assert.ok(misuse.path.startsWith('ask'), misuse.path)

  // Of a batch, everything that stands in the way.
  const batch = { actor: by, command: { command: 'delete_tenants', tenants: [bakery, NOBODY, msp], confirm: 'delete' } }
  const refused = await engine.execute(batch).catch((error) => error)
  assert.deepEqual(refused.items.map((item) => [item.index, item.name]), [[1, 'unknown_tenant']], refused.stack)
  await engine.close()
})

test('the index answers by names and by handles, and says why not', async () => {
  const engine = await tenantry.open(file())
  const all = await village(engine)
  const { ada, msp, bakery } = all
  const index = await engine.index()
  const manage = index.permission('devices.manage')
  const service = index.service('manage')
  for (const permission of [manage, 'devices.manage']) {
    for (const one of [undefined, null, service, 'manage']) {
      const verdict = index.verdict(ada, permission, bakery, one)
      assert.equal(verdict.allowed, true)
      assert.deepEqual([verdict.number, verdict.reason, verdict.remedy, verdict.rule, verdict.seq], [null, null, null, null, index.seq])
    }
  }
  const no = index.verdict(ada, 'location.view', bakery)
  assert.deepEqual([no.allowed, no.number, no.reason, no.rule], [false, 305, 'reserved_for_customer', 'P-6'])
  assert.equal(typeof no.remedy, 'string')
  assert.equal(index.verdict(ada, manage, bakery, 'configure').reason, 'service_not_managed')
  assert.equal(index.verdict(NOBODY, manage, bakery).reason, 'unknown_user')
  assert.equal(index.verdict(ada, manage, NOBODY).reason, 'unknown_tenant')
  assert.equal(index.verdict(ada.toUpperCase(), manage, bakery).allowed, true)
  assert.equal(index.verdict(ada, 0, bakery).allowed, false)

  assert.deepEqual(index.tenantsWhere(ada, manage).sort(), [msp, bakery].sort())
  assert.deepEqual(index.usersWhoCan('devices.manage', bakery, 'manage'), [ada])
  assert.deepEqual(index.tenantsWhere(NOBODY, manage), [])
  assert.throws(() => index.permission('devices.mange'), fails('unknown_permission', tenantry.ValueRefusedError))
  assert.throws(() => index.service('manege'), fails('unknown_service', tenantry.ValueRefusedError))
  assert.throws(() => index.verdict(ada, 'devices.mange', bakery), fails('unknown_permission', tenantry.ValueRefusedError))

  // What the engine commits counts at once; the index outlives its engine.
  await ousts(engine, all)
  const after = index.verdict(ada, manage, bakery)
  assert.equal(after.reason, 'user_not_active')
  assert.equal(after.seq, engine.askSync({ query: 'check', user: ada, permission: 'devices.manage', tenant: bakery }).seq)
  await engine.close()
  assert.equal(index.verdict(ada, manage, bakery).reason, 'user_not_active')
  await assert.rejects(index.refresh(), fails('handle_closed'))
  index.close()
  index.close()
  for (const asks of [() => index.verdict(ada, manage, bakery), () => index.seq, () => index.tenantsWhere(ada, manage), () => index.permission('devices.manage')]) {
    assert.throws(asks, fails('handle_closed'))
  }
})

test('a check is true or false, for a verdict is an object and as such true', async () => {
  const engine = await tenantry.memory()
  const all = await village(engine)
  const { ada, bakery } = all
  const index = await engine.index()
  for (const permission of ['devices.manage', 'location.view', index.permission('devices.manage')]) {
    for (const user of [ada, NOBODY]) assert.equal(index.check(user, permission, bakery), index.verdict(user, permission, bakery).allowed)
  }
  assert.equal(index.check(ada, 'devices.manage', bakery), true)
  await ousts(engine, all)
  assert.equal(index.check(ada, 'devices.manage', bakery), false)
  index.close()
  assert.throws(() => index.check(ada, 'devices.manage', bakery), fails('handle_closed'))
  await engine.close()
})

test('an ES module has everything by its name', async () => {
  const module = await import(pathToFileURL(path.join(where, 'index.js')))
  for (const name of Object.keys(tenantry)) assert.equal(module[name], tenantry[name], name)
})

test('a long list comes whole', async () => {
  const engine = await tenantry.memory()
  const { msp, ada, bakery } = await village(engine)
  const added = [msp, bakery]
  for (let place = 0; place < 600; place++) {
    const add = { command: 'add_customer', manager: msp, kind: 'customer', name: `Shop ${place}`, management: 'fully', services: ['manage'] }
    added.push(engine.executeSync({ actor: { user: ada }, command: add }).outcome.tenant)
  }
  const index = engine.indexSync()
  assert.deepEqual(index.tenantsWhere(ada, 'devices.view').sort(), added.sort())
  index.close()
  engine.closeSync()
})

test('two engines on one file: what the other has committed is taken in by a token', async () => {
  const at = file()
  const [one, other] = [await tenantry.open(at), await tenantry.open(at)]
  const all = await village(one)
  const { ada, bakery } = all
  const index = await other.index()
  const blocked = await ousts(one, all)
  assert.equal(index.verdict(ada, 'devices.manage', bakery).allowed, true)
  assert.equal(await index.refresh(blocked.token), blocked.seq)
  assert.equal(index.verdict(ada, 'devices.manage', bakery).reason, 'user_not_active')
  assert.equal(index.refreshSync(), blocked.seq)
  const elsewhere = await tenantry.memory()
  const foreign = (await elsewhere.execute(register('Contoso'))).token
  await assert.rejects(index.refresh(foreign), fails('diverged', tenantry.StoreError))
  await assert.rejects(index.refresh('yesterday'), fails('bad_text'))
  await assert.rejects(index.refresh(7), fails('bad_text'))
  for (const engine of [one, other, elsewhere]) await engine.close()
})

test('a clock stands where it is told to, also for an index', async () => {
  const at = new Date('2026-03-02T08:00:00Z')
  const engine = await tenantry.memory({ now: at, policy: 'default' })
  assert.equal(new Date((await engine.execute(register('Northwind IT'))).at).getTime(), at.getTime())
  engine.setNow(at.getTime() + 300_000)
  assert.equal(new Date((await engine.execute(register('Contoso'))).at).getTime(), at.getTime() + 300_000)
  const index = engine.indexSync()
  const { ada, bakery } = await village(engine)
  await engine.close()
  assert.equal(index.verdict(ada, 'devices.manage', bakery).allowed, true)
  const tested = tenantry.memorySync({ now: vm.runInNewContext('new Date(5)') })
  tested.setNow(vm.runInNewContext('new Date(7)'))
  tested.closeSync()
  for (const wrong of ['2026', NaN, new Date(NaN), 1.5, Infinity, 9e15, undefined, null, 1n]) {
    assert.throws(() => engine.setNow(wrong), fails('invalid_request'))
  }
  // The years that the library knows end before those that a Date knows.
  const late = await tenantry.memory()
  assert.throws(() => late.setNow(at), fails('invalid_request'))
  await assert.rejects(tenantry.memory({ now: new Date(8.64e15) }), fails('clock_ahead', tenantry.RefusedError))
  await late.close()
})

test('options that there are not, and values that they cannot have', async () => {
  const wrong = [
    { reedOnly: true }, { readOnly: 1 }, { readOnly: 'no' }, { waitMs: -1 }, { waitMs: 1.5 }, { waitMs: '5' }, { waitMs: 2 ** 32 },
    { clockLeapSeconds: NaN }, { maxBytes: 2 ** 53 }, { maxBytes: -1 }, { now: 'today' }, { ['__proto__']: { readOnly: true } },
    { toString: 1 }, null, 7, 'readOnly', [], ['readOnly'], new Map([['readOnly', true]]), new (class { get readOnly () { return true } })(),
    Object.create({ readOnly: true }), Promise.resolve({ readOnly: true }), () => {}, { policy: () => {} }, { policy: Symbol('clients') },
    { policy: Promise.resolve('clients') }
  ]
  for (const options of wrong) {
    await assert.rejects(tenantry.memory(options), fails('invalid_request'))
    assert.throws(() => tenantry.openSync(file(), options), fails('invalid_request'))
  }
  await assert.rejects(tenantry.memory({ savedIndex: 7 }), fails('bad_text'))
  await (await tenantry.memory(Object.assign(Object.create(null), { waitMs: 5 }))).close()
  await assert.rejects(tenantry.memory({ policy: 'none' }), fails('invalid_request'))
  await assert.rejects(tenantry.memory({ policy: {} }), tenantry.TenantryError)
  await assert.rejects(tenantry.open(file(), { mustExist: true }), fails('cannot_open', tenantry.StoreError))
  const well = { policy: 'clients', waitMs: 0, clockToleranceSeconds: Infinity, clockLeapSeconds: Infinity, syncNormal: true, noRefusalRecords: true, readOnly: undefined }
  const at = file()
  await (await tenantry.open(at, well)).close()
  const reader = await tenantry.open(at, { readOnly: true })
  await assert.rejects(reader.execute(register('Contoso')), fails('store_read_only', tenantry.StoreError))
  await reader.close()
})

test('whatever is no text, no id or no call is refused in kind', async () => {
  const engine = await tenantry.memory()
  const { ada, bakery } = await village(engine)
  const index = await engine.index()
  const others = [undefined, null, 7, NaN, true, {}, [], () => {}, Symbol('x'), 1n, new Date(0), Buffer.from('x')]
  for (const other of others) {
    await assert.rejects(tenantry.open(other), fails('bad_text'))
    assert.throws(() => tenantry.openSync(other), fails('bad_text'))
    await assert.rejects(tenantry.restore(other, 'x'), fails('bad_text'))
    assert.throws(() => tenantry.restoreSync('x', other), fails('bad_text'))
    assert.throws(() => index.permission(other), fails('bad_text'))
    assert.throws(() => index.service(other), fails('bad_text'))
    assert.throws(() => index.verdict(other, 'devices.manage', bakery), fails('bad_text'))
    assert.throws(() => index.verdict(ada, 'devices.manage', other), fails('bad_text'))
    assert.throws(() => index.usersWhoCan('devices.manage', other), fails('bad_text'))
    if (typeof other !== 'bigint') {
      await assert.rejects(engine.ask(other), fails('invalid_request'))
      await assert.rejects(engine.execute(other), fails('invalid_request'))
      await assert.rejects(engine.call(other), tenantry.MisuseError)
      assert.throws(() => engine.callSync(other), tenantry.MisuseError)
    }
  }
  for (const handle of [1.5, -1, 65536, NaN, 2 ** 53, Infinity]) {
    assert.throws(() => index.verdict(ada, handle, bakery), fails('bad_text'))
    assert.throws(() => index.verdict(ada, 'devices.manage', bakery, handle), fails('bad_text'))
  }
  // Characters of which the low byte is a digit are no digits.
  const wide = ada.replace(/[0-9]/g, (digit) => String.fromCharCode(0x100 + digit.charCodeAt(0)))
  for (const id of ['', 'ada', ada + '\0', '\0' + ada, ada + '0'.repeat(100), ada.slice(1), wide, `\ud800${ada.slice(1)}`, 'x'.repeat(1 << 20)]) {
    assert.throws(() => index.verdict(id, 'devices.manage', bakery), fails('bad_text'))
    assert.throws(() => index.verdict(ada, 'devices.manage', id), fails('bad_text'))
  }
  for (const half of ['\ud800', 'a\udc00', '\ud800\ud800', '\udc00\ud800', '{"ask":{"query":"\ud83d"}}']) {
    await assert.rejects(engine.call(half), fails('not_utf8'))
    assert.throws(() => engine.callSync(half), fails('not_utf8'))
    await assert.rejects(tenantry.open(path.join(scratch, half)), fails('not_utf8'))
    assert.throws(() => index.permission(half), fails('not_utf8'))
    await assert.rejects(index.refresh(half), fails('not_utf8'))
    // JSON.stringify writes it as an escape, and the library refuses that.
    await assert.rejects(engine.execute(register(half)), tenantry.MisuseError)
  }
  await assert.rejects(tenantry.open(path.join(scratch, 'a\0b')), fails('bad_text'))
  await assert.rejects(engine.execute(register('North\0wind')), tenantry.TenantryError)
  assert.throws(() => index.permission('devices.manage\0'), tenantry.TenantryError)
  for (const size of [9 << 20, 40 << 20]) {
    const huge = ' '.repeat(size)
    assert.throws(() => engine.callSync(huge), fails('document_too_large'))
    await assert.rejects(engine.call(huge), fails('document_too_large'))
    await assert.rejects(engine.ask({ query: huge }), fails('document_too_large'))
    assert.throws(() => index.permission(huge), tenantry.TenantryError)
    assert.throws(() => index.verdict(huge, 'devices.manage', bakery), fails('bad_text'))
  }
  assert.throws(() => engine.callSync('['.repeat(1 << 20)), fails('document_too_deep'))

  // All that UTF-8 has goes there and comes back.
  const name = 'é ß 漢字 \u{1F680} \uFFFD'
  const made = await engine.execute(register(name))
  assert.equal(made.events[0].name, name)
  assert.equal(JSON.parse(await engine.call(JSON.stringify({ execute: register(name) }))).events[0].name, name)
  await engine.close()
})

test('what a call of JavaScript throws on the way is thrown as it is, and the next call goes on', async () => {
  const engine = await tenantry.memory()
  const circle = { query: 'policy' }
  circle.circle = circle
  await assert.rejects(engine.ask(circle), TypeError)
  await assert.rejects(engine.execute({ ...register('x'), expected_seq: 1n }), TypeError)
  const thrown = [new Error('mine'), 'a text', 9205]
  for (const mine of thrown) {
    const call = { toJSON () { throw mine } }
    for (const asks of [() => engine.execute(call), () => engine.ask(call), () => engine.call(call), () => tenantry.memory({ policy: call })]) {
      assert.equal(await asks().then(assert.fail, (error) => error), mine)
    }
    assert.throws(() => engine.executeSync(call), (error) => error === mine)
  }
  const getter = { get actor () { throw thrown[0] } }
  await assert.rejects(engine.execute(getter), (error) => error === thrown[0])
  assert.equal((await engine.execute(register('Northwind IT'))).outcome.length, 36)
  await engine.close()
})

test('what JSON would leave out, or make nothing of, is refused and not taken for nothing', async () => {
  const engine = await tenantry.memory()
  const { by, msp, bakery } = await village(engine)
  const others = [
    NaN, Infinity, -Infinity, () => {}, Symbol('x'), new Date(NaN), { toJSON () { return null } }, { toJSON () {} }, Promise.resolve(1), new Map(),
    new Set([1]), new Error('x'), /x/, new Uint8Array(3), new ArrayBuffer(3), new WeakMap(), Object(7), (function () { return arguments })(1)
  ]
  for (const other of others) {
    for (const execution of [{ ...register('x'), expected_seq: other }, { ...register('x'), id: other }, { ...register('x'), actor: { operator: { ticket: other } } }]) {
      await assert.rejects(engine.execute(execution), fails('invalid_request'))
      assert.throws(() => engine.executeSync(execution), fails('invalid_request'))
      await assert.rejects(engine.call({ execute: execution }), fails('invalid_request'))
    }
    await assert.rejects(engine.ask({ query: 'customers', actor: by, manager: msp, paging: other }), fails('invalid_request'))
    assert.throws(() => engine.askSync({ query: 'customers', actor: by, manager: msp, paging: { limit: other } }), fails('invalid_request'))
    await assert.rejects(engine.rows({ query: 'customers', actor: by, manager: msp, filter: other }).next(), fails('invalid_request'))
    await assert.rejects(engine.rows({ query: 'customers', actor: by, manager: msp, paging: other }).next(), fails('invalid_request'))
  }
  const batch = { actor: by, command: { command: 'disable_tenants', tenants: [bakery, undefined] } }
  await assert.rejects(engine.execute(batch), (error) => /`1` is undefined in a list/.test(error.message))
  // An end that is none would be a role without an end.
  const lends = { command: 'assign_role', user: by.user, tenant: bakery, role: 'admin', expires_at: new Date('next week') }
  await assert.rejects(engine.execute({ actor: by, command: lends }), (error) => /`expires_at`/.test(error.message))
  // What JSON does have a way for goes: a date, null, what is undefined beside others, an object of a class.
  class Registers { command = 'register_tenant'; kind = 'msp'; name = 'Contoso'; number = undefined; website = null }
  assert.ok((await engine.execute({ actor: STAFF, command: new Registers() })).outcome)
  const at = new Date(Date.now() - 3_600_000)
  const asked = await engine.ask({ query: 'check', user: by.user, permission: 'devices.manage', tenant: bakery, as_of: at })
  assert.equal(asked.answer.allowed, false)
  await engine.close()
})

test('no member of a call or a reply gets to a prototype', async () => {
  const engine = await tenantry.memory()
  await assert.rejects(engine.call('{"__proto__":{"polluted":1}}'), fails('invalid_request'))
  await assert.rejects(engine.call('{"ask":{"query":"policy","__proto__":{"polluted":1}}}'), tenantry.MisuseError)
  await assert.rejects(engine.execute(JSON.parse('{"actor":{"operator":{}},"command":{"command":"register_tenant","kind":"msp","name":"x","__proto__":{"a":1}}}')), tenantry.MisuseError)
  // A name that is one of JavaScript's comes back as a name.
  const refused = await engine.ask({ query: 'check', user: NOBODY, permission: '__proto__', tenant: NOBODY }).catch((error) => error)
  assert.ok(refused instanceof tenantry.TenantryError)
  const made = await engine.execute(register('__proto__'))
  assert.equal(made.events[0].name, '__proto__')
  const rows = engine.rows(JSON.parse('{"query":"customers","__proto__":{"polluted":1},"paging":{"__proto__":{"polluted":1}}}'))
  await assert.rejects(rows.next(), tenantry.MisuseError)
  assert.equal({}.polluted, undefined)
  await engine.close()
})

test('numbers that JavaScript cannot hold go by JSON as a text, and are not rounded', async () => {
  const engine = await tenantry.memory()
  const call = (seq) => `{"execute":{"actor":{"operator":{}},"expected_seq":${seq},"command":{"command":"register_tenant","kind":"msp","name":"x"}}}`
  for (const seq of ['9007199254740993', '18446744073709551615']) {
    const error = await engine.call(call(seq)).catch((error) => error)
    fails('stale_seq', tenantry.RequestRefusedError)(error)
  }
  await assert.rejects(engine.call(call('18446744073709551616')), tenantry.MisuseError)
  await assert.rejects(engine.execute({ ...register('x'), expected_seq: 2 ** 60 }), fails('stale_seq', tenantry.RefusedError))
  await assert.rejects(engine.execute({ ...register('x'), expected_seq: 1e300 }), tenantry.MisuseError)
  await assert.rejects(engine.execute({ ...register('x'), expected_seq: -0.5 }), tenantry.MisuseError)
  const executed = await engine.execute(register('x'))
  assert.ok(Number.isSafeInteger(executed.seq))
  await engine.close()
})

test('2 000 calls at once: commands in their order, questions beside them', async () => {
  const engine = await tenantry.memory()
  const { ada, bakery } = await village(engine)
  const began = (await engine.ask({ query: 'check', user: ada, permission: 'devices.manage', tenant: bakery })).seq
  const commands = []
  const questions = []
  for (let place = 0; place < 1000; place++) {
    commands.push(engine.execute(register(`MSP ${place}`)))
    questions.push(engine.ask({ query: 'check', user: ada, permission: 'devices.manage', tenant: bakery }))
  }
  const done = await Promise.all(commands)
  assert.deepEqual(done.map((one) => [one.events[0].name, one.seq]), done.map((_, place) => [`MSP ${place}`, began + 1 + place]))
  assert.ok((await Promise.all(questions)).every((one) => one.answer.allowed))
  await engine.close()
})

test('a command that fails stands in the way of no other, and nobody else is told', async () => {
  const engine = await tenantry.memory()
  const told = []
  const hears = (error) => told.push(error)
  process.on('unhandledRejection', hears)
  const all = await Promise.allSettled([engine.execute(register('One')), engine.execute({}), engine.call('{'), engine.execute(register('Two'))])
  assert.deepEqual(all.map((one) => one.status), ['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  assert.equal(all[3].value.seq, all[0].value.seq + 1)
  await new Promise(setImmediate)
  process.off('unhandledRejection', hears)
  assert.deepEqual(told, [])
  await engine.close()
})

test('closed engines: what was called before is done, what is called after is refused', async () => {
  const engine = await tenantry.open(file())
  const { ada, msp } = await village(engine)
  const before = [...Array(20).keys()].map((place) => engine.execute(register(`MSP ${place}`)))
  const index = engine.index()
  const closing = engine.close()
  assert.equal(engine.close(), closing)
  const after = [engine.execute(register('late')), engine.ask({ query: 'policy' }), engine.call('{}'), engine.index()]
  for (const late of after) await assert.rejects(late, fails('handle_closed'))
  for (const late of [() => engine.executeSync(register('late')), () => engine.askSync({}), () => engine.callSync('{}'), () => engine.indexSync()]) {
    assert.throws(late, fails('handle_closed'))
  }
  assert.equal((await Promise.all(before)).length, 20)
  assert.equal((await index).verdict(ada, 'devices.manage', msp).allowed, true)
  await closing
  await engine.close()
  engine.closeSync()
  engine.closeSync()
  ;(await index).close()

  const other = tenantry.openSync(file())
  // A call that has been made, be it only waiting for its turn, is not cut off.
  const made = [other.execute(register('One'))]
  assert.throws(() => other.closeSync(), fails('handle_in_use'))
  made.push(other.execute(register('Two')), other.ask({ query: 'policy' }), other.index())
  assert.throws(() => other.closeSync(), fails('handle_in_use'))
  assert.ok((await Promise.all(made)).every((one) => one))
  other.closeSync()
  await other.close()
  assert.throws(() => other.askSync({ query: 'policy' }), fails('handle_closed'))
})

test('what the declarations have is what the package has', () => {
  const text = fs.readFileSync(path.join(where, 'index.d.ts'), 'utf8')
  const declared = [...text.matchAll(/^export (?:class|function|const) (\w+)/gm)].map((one) => one[1])
  assert.deepEqual([...new Set(declared)].sort(), Object.keys(tenantry).sort())
  for (const name of ['Engine', 'Index', 'Verdict']) {
    const [, body] = new RegExp(`^export class ${name} {\n(.*?)^}`, 'ms').exec(text)
    const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)(?:<.*>)? ?[(:]/gm)].map((one) => one[1])
    const own = Object.getOwnPropertyNames(tenantry[name].prototype)
    for (const member of own) if (member !== 'constructor') assert.ok(members.includes(member), `${name}.${member} is not declared`)
    for (const member of members) assert.ok(own.includes(member) || name === 'Verdict', `${name}.${member} is not there`)
  }
})

test('nobody else makes an engine or an index, nor borrows their methods', async () => {
  assert.throws(() => new tenantry.Engine(), TypeError)
  assert.throws(() => new tenantry.Index(), TypeError)
  await assert.rejects(tenantry.Engine.prototype.execute.call({}, {}), TypeError)
  assert.throws(() => tenantry.Index.prototype.verdict.call(Object.create(tenantry.Index.prototype)), TypeError)
})

test('the addon itself takes whatever it is given', async () => {
  // No memory of its own is JavaScript's to take away.
  for (const [name, one] of Object.entries(addon)) assert.ok(['number', 'string', 'function'].includes(typeof one), name)
  const engine = addon.open(true, null, null, null, 0, 0, 0, 0, 0, null)
  const [check, rest] = engine(1, true)
  const things = [undefined, null, 0, 1, 4, 99, -1, NaN, 1.5, 2 ** 53, Infinity, true, '', 'x', '\ud800', {}, [], () => {}, Symbol('x'), 1n, engine]
  for (const does of [engine, check, rest, addon.open, addon.restore, addon.status, addon.live]) {
    for (const one of things) {
      for (const two of [undefined, true, 'x', 7, {}]) {
        // Closing comes below.
        if ((does === engine && one === 3) || (does === rest && one === 5)) continue
        try {
          const made = does(one, two, one, two)
          if (made instanceof Promise) await made
        } catch (caught) {
          assert.ok(['string', 'number'].includes(typeof caught), String(caught))
        }
      }
    }
  }
  rest(5)
  engine(3, true)
  assert.throws(() => engine(0, true, '{}'), (caught) => JSON.parse(caught).number === 9205)
})

test('a writer that waits for another keeps nobody else', async () => {
  const at = file()
  const engine = await tenantry.open(at, { waitMs: 3_600_000 })
  await engine.execute(register('Northwind IT'))
  const impatient = await tenantry.open(at, { waitMs: 0 })
  const holds = "import sqlite3,sys;c=sqlite3.connect(sys.argv[1],isolation_level=None);c.execute('BEGIN IMMEDIATE');print('held',flush=True);sys.stdin.readline();c.execute('ROLLBACK')"
  const other = spawn('python3', ['-c', holds, at], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(other.stdout, 'data')
  const done = []
  const writes = [0, 1, 2, 3, 4, 5, 6, 7].map((place) => engine.execute(register(`MSP ${place}`)).then(() => done.push(place)))
  // Eight commands that wait take one thread of the pool's four: files and questions have theirs.
  for (let turn = 0; turn < 10; turn++) {
    await new Promise(setImmediate)
    await fs.promises.stat(at)
    await engine.ask({ query: 'policy' })
  }
  const busy = await impatient.execute(register('Contoso')).catch((error) => error)
  fails('store_busy', tenantry.StoreError)(busy)
  assert.equal(busy.transient, true)
  assert.deepEqual(done, [])
  const closing = engine.close()
  other.stdin.end('\n')
  await Promise.all(writes)
  await closing
  assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7])
  await impatient.close()
})

test('backup, restore and a saved index', async () => {
  const [at, copy, saved] = [file(), file(), path.join(scratch, 'saved.index')]
  let engine = await tenantry.open(at)
  const { ada, bakery } = await village(engine)
  await engine.call({ backup: { to: copy } })
  await engine.call({ save_index: { to: saved } })
  await assert.rejects(tenantry.restore(copy, at), fails('store_in_use', tenantry.StoreError))
  await engine.close()
  const restored = await tenantry.restore(copy, at)
  assert.equal(typeof restored.token, 'string')
  assert.ok(tenantry.restoreSync(copy, file()).token)
  engine = await tenantry.open(at, { savedIndex: saved })
  assert.equal(engine.indexSync().verdict(ada, 'devices.manage', bakery).allowed, true)
  await engine.close()
})

test('the context of who calls is there when it is answered', async () => {
  const engine = await tenantry.memory()
  const storage = new AsyncLocalStorage()
  const seen = await Promise.all([...Array(50).keys()].map((place) => storage.run(place, async () => {
    await engine.execute(register(`MSP ${place}`))
    await engine.ask({ query: 'policy' })
    return storage.getStore()
  })))
  assert.deepEqual(seen, [...Array(50).keys()])
  await engine.close()
})

test('what nobody closes is closed when it is collected', async () => {
  global.gc()
  await new Promise(setImmediate)
  await (async () => { await tenantry.memory() })()
  await collected(0)
  const at = file()
  await (async () => {
    for (let turn = 0; turn < 8; turn++) {
      const engine = await tenantry.open(at)
      const index = await engine.index()
      await Promise.allSettled([engine.execute(register('x')), engine.ask({ query: 'policy' }), engine.call('{'), engine.execute({})])
      try { index.verdict('x', 'y', 'z') } catch {}
      if (turn % 2) await engine.close()
      if (turn % 3) index.close()
    }
  })()
  await collected(0)
  // Calls that are pending hold the engine, whoever else has forgotten it.
  const pending = []
  ;(() => {
    const engine = tenantry.openSync(at)
    for (let turn = 0; turn < 50; turn++) pending.push(engine.execute(register('x')), engine.ask({ query: 'policy' }), engine.index())
  })()
  for (let turn = 0; turn < 5; turn++) {
    global.gc()
    await new Promise(setImmediate)
  }
  assert.ok((await Promise.all(pending.splice(0))).every((one) => one !== undefined))
  await collected(0)
  await assert.rejects(tenantry.open(path.join(scratch, 'no', 'directory')), fails('cannot_open', tenantry.StoreError))
  await collected(0)
})

const worker = (text) => new Worker(`const { parentPort } = require('node:worker_threads')\n${program(text)[2]}`, { eval: true })

test('worker threads share a file, each with an engine of its own', async () => {
  const at = file()
  const engine = await tenantry.open(at)
  const writes = `(async () => {
    const engine = await tenantry.open(${JSON.stringify(at)})
    for (let turn = 0; turn < 25; turn++) await engine.execute(register('MSP ' + turn))
    const index = await engine.index()
    parentPort.postMessage(index.seq)
  })()`
  const began = (await engine.execute(register('first'))).seq
  await Promise.all([0, 1, 2].map(async () => {
    const thread = worker(writes)
    const ended = once(thread, 'exit')
    await once(thread, 'message')
    assert.deepEqual(await ended, [0])
  }))
  assert.equal((await engine.execute(register('last'))).seq, began + 76)
  assert.equal((await engine.ask({ query: 'verify' })).answer.journal, 'holds')
  await engine.close()
})

test('an environment that ends with work pending ends in peace', async () => {
  const at = file()
  await (await tenantry.open(at)).close()
  const pending = `(async () => {
    const engine = await tenantry.open(${JSON.stringify(at)})
    const index = await engine.index()
    for (let turn = 0; turn < 15; turn++) { engine.execute(register('x')).catch(() => {}); engine.ask({ query: 'policy' }); engine.index(); tenantry.memory(); index.refresh() }
    ENDS
  })()`
  for (let turn = 0; turn < 3; turn++) {
    const thread = worker(pending.replace('ENDS', "parentPort.postMessage('now')"))
    await once(thread, 'message')
    await thread.terminate()
  }
  for (const ends of ['process.exit(0)', 'engine.close(); process.exit(0)', 'process.reallyExit(0)', '', 'gc()']) {
    const ran = runs(pending.replace('ENDS', ends))
    assert.deepEqual([ran.status, ran.signal, ran.stderr], [0, null, ''], ends)
  }
  const thrown = runs(pending.replace('ENDS', "throw new Error('mine')"))
  assert.equal(thrown.status, 1)
  assert.match(thrown.stderr, /Error: mine/)
  const engine = await tenantry.open(at)
  assert.equal((await engine.ask({ query: 'verify' })).answer.journal, 'holds')
  await engine.close()
})

test('what was acknowledged is there after the process is killed', async () => {
  const at = file()
  const writes = `(async () => {
    const engine = await tenantry.open(${JSON.stringify(at)})
    for (;;) await Promise.all([0, 1, 2, 3].map(() => engine.execute(register('x')).then((done) => process.stdout.write(done.seq + '\\n'))))
  })()`
  const child = spawn(process.execPath, program(writes), { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let last = 0
  let lines = 0
  for await (const line of readline.createInterface({ input: child.stdout })) {
    last = Math.max(last, Number(line))
    if (++lines === 50) child.kill('SIGKILL')
  }
  assert.deepEqual((await ended)[1], 'SIGKILL')
  const engine = await tenantry.open(at)
  const { seq } = await engine.execute(register('after'))
  assert.ok(seq > last, `${seq} after ${last}`)
  assert.equal((await engine.ask({ query: 'verify' })).answer.journal, 'holds')
  await engine.close()
})
