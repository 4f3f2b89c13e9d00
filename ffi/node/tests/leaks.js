'use strict'

// Takes every way through the addon a few times, well and badly, and gives everything back: for a sanitizer that counts what is left.

const path = require('node:path')
const tenantry = require(process.env.TENANTRY_PACKAGE)

const tries = async (does) => {
  try {
    return await does()
  } catch (error) {
    if (!(error instanceof tenantry.TenantryError)) throw error
  }
}

async function all (directory) {
  const at = path.join(directory, 'leaks.db')
  const register = { actor: { operator: {} }, command: { command: 'register_tenant', kind: 'msp', name: 'Northwind IT' } }
  const nobody = '00000000-0000-0000-0000-0000000000aa'
  for (let turn = 0; turn < 3; turn++) {
    const engine = await tenantry.open(at, { policy: 'default', savedIndex: path.join(directory, 'saved'), now: new Date('2026-03-02T08:00:00Z') })
    const indexes = [await engine.index(), engine.indexSync()]
    for (const call of [register, {}, { actor: 'clock' }]) {
      await tries(() => engine.execute(call))
      await tries(() => engine.executeSync(call))
      await tries(() => engine.ask(call))
      await tries(() => engine.callSync('\ud800'))
      await tries(() => engine.call('\ud800'))
    }
    for (const index of indexes) {
      for (const name of ['devices.manage', 'devices.mange', '\ud800', 7, {}]) {
        await tries(() => index.verdict(nobody, name, nobody))
        await tries(() => index.check(nobody, 'devices.manage', nobody, name))
        await tries(() => index.tenantsWhere(nobody, name))
        await tries(() => index.usersWhoCan(name, nobody))
        await tries(() => index.check(name, 'devices.manage', nobody))
        await tries(() => index.refresh(name))
      }
      index.close()
    }
    const copy = path.join(directory, `copy-${turn}.db`)
    await engine.call({ backup: { to: copy } })
    engine.closeSync()
    await tries(() => engine.ask(register))
    await tenantry.restore(copy, at)
    await tries(() => tenantry.restoreSync(copy, '\ud800'))
    await tries(() => tenantry.open(directory))
    await tries(() => tenantry.memorySync({ policy: 'none', now: 0 }))
    await (await tenantry.memory({ now: 0 })).close()
  }
}

all(process.argv[2]).then(async () => {
  for (let turn = 0; turn < 10; turn++) {
    global.gc()
    await new Promise(setImmediate)
  }
})
