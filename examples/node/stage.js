'use strict'

// What a journey plays on: an engine on a file, a clock that the journey moves, and names for ids. It never decides anything: every
// yes and every no on the page is tenantry's answer.

const tenantry = require('tenantry')
const { Page } = require('./page')

const MINUTE = 60_000
const STAFF = { operator: {} }
const ALL = { limit: 1000 }

const STATUSES = {
  active: 'Active',
  delink_requested_by_manager: 'Delink request by MSP',
  delink_requested_by_customer: 'Delink request by customer',
  delinked: 'Delinked'
}

// A moment to the minute, and words one below the other.
const clockFace = (at) => new Date(at).toISOString().slice(0, 16).replace('T', ' ')
const column = (words) => words.replaceAll(' ', '\n')

class Stage extends Page {
  #now = Date.parse('2026-03-02T08:00:00Z')
  #names = new Map()

  async open (file) {
    this.engine = await tenantry.open(file, { policy: 'default', now: this.#now })
  }

  #passes (millis) {
    this.#now += millis
    this.engine.setNow(this.#now)
  }

  async answer (query) {
    return (await this.engine.ask(query)).answer
  }

  // Some days pass, and what time alone brings about happens.
  async daysPass (days) {
    this.#passes(days * 24 * 60 * MINUTE)
    const { happened } = await this.engine.call({ sweep: {} })
    this.remark(`… ${days} days pass …`)
    if (happened > 0) await this.#deliver()
  }

  call (id, name) {
    this.#names.set(id, name)
    return id
  }

  name (id) {
    return this.#names.get(id) ?? id
  }

  #actor ({ user, operator }) {
    if (user) return this.name(user)
    if (operator) return operator.ticket ? `the operator, on ${operator.ticket}` : 'the operator'
    return 'the clock'
  }

  // Whoever plays is registered by the platform's operator.

  async tenant (kind, name, number) {
    return this.call((await this.engine.execute({ actor: STAFF, command: { command: 'register_tenant', kind, name, number } })).outcome, name)
  }

  async user (name, home, email, role) {
    return this.call((await this.engine.execute({ actor: STAFF, command: { command: 'register_user', home, email, role, name } })).outcome, name)
  }

  // Somebody does something, and it is done: a user, or an actor whom the page calls `who`.
  async does (by, what, command, who = this.name(by)) {
    this.#passes(5 * MINUTE)
    const done = await this.engine.execute({ actor: by.operator ? by : { user: by }, command })
    this.done(clockFace(done.at), `${who} ${what}`)
    await this.#deliver()
    return done.outcome
  }

  // Somebody tries something, and it is refused. In the message, ids give way to names.
  async tries (by, what, command) {
    this.#passes(5 * MINUTE)
    const error = await this.engine.execute({ actor: { user: by }, command }).then(() => new Error(`${what}: was to be refused`), (error) => error)
    if (!(error instanceof tenantry.RefusedError)) throw error
    const message = [...this.#names].reduce((text, [id, name]) => text.replaceAll(id, name), error.message)
    this.refused(clockFace(this.#now), `${this.name(by)} ${what}`, error, message)
  }

  // Delivers the notices that wait: the address is looked up now, and then they are acknowledged.
  async #deliver () {
    const { notices, through } = await this.answer({ query: 'notices', consumer: 'postman', ...ALL })
    for (const { to, kind } of notices) {
      const addresses = to.operator ? ['the operator'] : []
      for (const user of to.users) addresses.push((await this.answer({ query: 'host_personal', subject: { user } }))?.email ?? 'nobody any more')
      this.mail(kind.kind, addresses.sort())
    }
    await this.engine.call({ acknowledge: { consumer: 'postman', through } })
  }

  // Shows what the journal holds, record by record; repeated things are counted.
  async history () {
    const rows = []
    for await (const { seq, at, actor, command, events } of this.engine.rows({ query: 'host_records', paging: ALL })) {
      const counts = new Map()
      for (const { event } of events) counts.set(event, (counts.get(event) ?? 0) + 1)
      const happened = [...counts].map(([event, count]) => count > 1 ? `${event} × ${count}` : event)
      rows.push([seq, clockFace(at), this.#actor(actor), command ?? '–', happened.join('\n')])
    }
    this.table(['seq', 'at', 'from', 'command', 'what happened'], rows)
  }

  // Replays the whole journal and says that it holds.
  async verify () {
    const { journal, token } = await this.answer({ query: 'verify' })
    if (journal !== 'holds') throw new Error('the journal does not hold')
    this.heading(`  ✓ the journal holds: ${token.split('.')[1]} records, replayed, lead to exactly what the file says`)
  }

  // Asks for rights at a moment, on the index. A question is a user, a permission and a tenant.
  async moment (name, link, index, questions) {
    const { entity } = await this.answer({ query: 'host_entity', kind: 'link', id: link })
    return { name, status: STATUSES[entity.stage], verdicts: questions.map((one) => index.verdict(...one)) }
  }

  // Shows what was answered at all moments, and asks the same again of the past.
  async rights (moments, questions) {
    const rows = questions.map(([user, permission], place) => [
      place > 0 && questions[place - 1][0] === user ? '' : this.name(user),
      permission,
      ...moments.map(({ verdicts }) => verdicts[place].allowed ? 'yes' : `no ${verdicts[place].number}`)
    ])
    const heads = moments.map((then) => column(then.name))
    this.table(['who', 'wants', ...heads], [['link', 'status', ...moments.map((then) => column(then.status))], ...rows])
    const denied = moments.flatMap((then) => then.verdicts).filter((one) => !one.allowed)
    for (const one of new Set(denied.map(({ number, reason, rule }) => `${number} ${reason} (${rule})`).sort())) this.remark(one)
    for (const { verdicts } of moments) {
      const asked = questions.map(([user, permission, tenant]) => ({ user, permission, tenant }))
      const found = await this.answer({ query: 'check_many', questions: asked, as_of: verdicts[0].seq })
      if (found.some((one, place) => (one.reason ?? null) !== verdicts[place].reason)) throw new Error('the past answers differently')
    }
    this.remark('✓ asked of the past today, every cell is the same')
  }
}

module.exports = { Stage }
