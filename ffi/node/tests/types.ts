// What the declarations allow, and what they do not. Nobody runs it: it is compiled, and every line that says so must fail to.

import * as tenantry from 'tenantry'
import type { UserRow } from 'tenantry/model'

export async function well (): Promise<void> {
  const engine = await tenantry.memory({ policy: 'clients', now: new Date(0) })
  const staff: tenantry.Actor = { operator: {} }
  const msp = (await engine.execute({ actor: staff, command: { command: 'register_tenant', kind: 'msp', name: 'Northwind IT' } })).outcome
  const user = { command: 'register_user', home: msp, email: 'ada@northwind.example', role: 'super_admin' } as const
  const ada: tenantry.UserId = engine.executeSync({ actor: staff, command: user }).outcome
  const by: tenantry.Actor = { user: ada }
  const added = await engine.execute({
    actor: by,
    command: { command: 'add_customer', manager: msp, kind: 'customer', name: 'Bakery Klein', management: 'fully', services: ['manage'] }
  })
  const { tenant, link } = added.outcome
  for (const event of added.events) if (event.event === 'tenant_registered') event.name.trim()

  for await (const row of engine.rows({ query: 'customers', actor: by, manager: msp, paging: { limit: 50 } })) row.name.trim()
  const users: UserRow[] = (await engine.ask({ query: 'users', actor: by, tenant: msp })).answer.rows
  const past = await engine.ask({ query: 'check', user: ada, permission: 'devices.manage', tenant, as_of: new Date() })
  if (!past.answer.allowed && past.answer.reason === 'not_granted') users.pop()
  const { answer: mail } = engine.askSync({ query: 'notices', consumer: 'mailer' })
  const swept: string = await engine.call('{"sweep":{}}')
  const acknowledged: object = await engine.call({ acknowledge: { consumer: swept, through: mail.through } })

  const index = await engine.index()
  const seq: number = index.verdict(ada, index.permission('devices.manage'), tenant, index.service('manage')).seq
  // Ids and names that come from elsewhere are strings, and a role's name may be anybody's.
  const said: string = '00000000-0000-0000-0000-0000000000aa'
  if (index.verdict(said, 'printers.manage', said).reason === 'unknown_user') index.tenantsWhere(said, 'devices.view').push(tenant)
  await index.refresh(added.token)

  // What is made first and sent later.
  const commands: tenantry.Command[] = [user, { command: 'request_delink', link }]
  for (const command of commands) await engine.execute({ actor: by, command, expected_seq: seq })
  try {
    await engine.close()
  } catch (error) {
    if (error instanceof tenantry.RefusedError && error.code === 'not_delinkable') error.remedy.trim()
    else throw acknowledged
  }
}

export async function amiss (engine: tenantry.Engine, by: tenantry.Actor, index: tenantry.Index, user: tenantry.UserId, tenant: tenantry.TenantId, link: tenantry.LinkId): Promise<void> {
  // @ts-expect-error: no such command
  engine.execute({ actor: by, command: { command: 'request_delnik', link } })
  // @ts-expect-error: no such member
  engine.execute({ actor: by, command: { command: 'request_delink', link, lnik: '' } })
  // @ts-expect-error: a member is missing
  engine.execute({ actor: by, command: { command: 'request_delink' } })
  // @ts-expect-error: nobody says who asks
  engine.execute({ command: { command: 'request_delink', link } })
  // @ts-expect-error: a user's id is no link's
  engine.execute({ actor: by, command: { command: 'request_delink', link: user } })
  // @ts-expect-error: a tenant's kind is one of three
  engine.execute({ actor: by, command: { command: 'register_tenant', kind: 'mps', name: 'Northwind IT' } })
  // @ts-expect-error: of that command nothing comes
  ;(await engine.execute({ actor: by, command: { command: 'request_delink', link } })).outcome.tenant
  // @ts-expect-error: it is not answered in pages
  engine.rows({ query: 'check', user, permission: 'devices.manage', tenant })
  // @ts-expect-error: the user comes first
  index.check(tenant, 'devices.manage', user)
  // @ts-expect-error: a service's handle is no permission's
  index.check(user, index.service('manage'), tenant)
  const may: boolean = index.check(user, 'devices.manage', tenant)
  // @ts-expect-error: a verdict is no yes or no
  const yes: boolean = index.verdict(user, 'devices.manage', tenant)
  // @ts-expect-error: no such reason
  if (index.verdict(user, 'devices.manage', tenant).reason === 'not_grantd' && may && yes) return
  // @ts-expect-error: it is made by open or memory
  const made = new tenantry.Engine()
  // @ts-expect-error: no such option
  tenantry.open('msp.db', { reedOnly: true, made })
}
