'use strict'

// tenantry for Node.js: promises, classes and errors over the addon in tenantry.c, which is libtenantry's functions for C. It decides
// nothing itself. What is called and replied is the JSON of tenantry.schema.json, and passes as it is.

const fs = require('node:fs')
const path = require('node:path')
const { types } = require('node:util')

// What the addon's functions are asked for; tenantry.c has the same numbers.
const CALL = 0
const OPEN_INDEX = 1
const REFRESH = 2
const CLOSE = 3
const SET_NOW = 4
const PERMISSION = 0
const SERVICE = 1
const SEQ = 2
const TENANTS_WHERE = 3
const USERS_WHO_CAN = 4
const CLOSE_INDEX = 5

// Statuses that are told without having asked the library, by the numbers of tenantry.h.
const INVALID_REQUEST = 9002
const BAD_TEXT = 9204
const HANDLE_CLOSED = 9205
const HANDLE_IN_USE = 9207

// The largest number of 32 bits.
const MOST = 2 ** 32 - 1

// Who may make an engine or an index: this file.
const OURS = Symbol('tenantry')

// Errors.

/** The addon or its library cannot be loaded, or the two are not of one kind. */
class LibraryError extends Error {}

/** A call was not done: a RefusedError, which is an expected "no" with a remedy, or a trouble. */
class TenantryError extends Error {
  constructor (fault) {
    super(fault.message)
    this.number = fault.number
    this.code = fault.name
    this.family = fault.family
    this.remedy = fault.remedy
    this.rule = fault.rule || null
    this.about = fault.about || null
    this.path = fault.path || null
    this.transient = fault.transient
    this.items = fault.items || []
  }
}

/** An expected "no", with the rule that it comes from. */
class RefusedError extends TenantryError {}
class RequestRefusedError extends RefusedError {}
class UnknownRefusedError extends RefusedError {}
class RightsRefusedError extends RefusedError {}
class ValueRefusedError extends RefusedError {}
class StateRefusedError extends RefusedError {}
/** The store is broken, busy, or not what it was. */
class StoreError extends TenantryError {}
/** The call is not as it should be; nothing was done. */
class MisuseError extends TenantryError {}
/** tenantry has a defect. */
class DefectError extends TenantryError {}

const families = new Map([
  ['request', RequestRefusedError],
  ['unknown', UnknownRefusedError],
  ['rights', RightsRefusedError],
  ['value', ValueRefusedError],
  ['state', StateRefusedError],
  ['store', StoreError],
  ['misuse', MisuseError]
])

for (const Kind of [LibraryError, TenantryError, RefusedError, DefectError, ...families.values()]) {
  Object.defineProperty(Kind.prototype, 'name', { value: Kind.name, configurable: true, writable: true })
}

function refused (fault) {
  return new (families.get(fault.family) || DefectError)(fault)
}

// A misuse that the library has a number for, with words of our own where there are some.
function misuse (number, words) {
  const [name, message, remedy] = native.status(number)
  return new MisuseError({ number, name, family: 'misuse', message: words || message, remedy, transient: false })
}

// What the addon has thrown: the library's error as JSON, or its number alone. The words are for what was to be a text and is none.
function raised (caught, words) {
  if (typeof caught === 'string') return refused(JSON.parse(caught))
  return typeof caught === 'number' ? misuse(caught, caught === BAD_TEXT ? words : undefined) : caught
}

// Loading.

function load () {
  // By the line of the README, or by node-gyp.
  const places = [path.join(__dirname, 'tenantry.node'), path.join(__dirname, 'build', 'Release', 'tenantry.node')]
  const found = places.find((place) => fs.existsSync(place))
  if (!found) throw new LibraryError(`there is no ${places[0]}; compile it as the README says`)
  let addon
  try {
    addon = require(found)
  } catch (error) {
    const told = new LibraryError(`libtenantry cannot be loaded, or is another library: ${error.message}`)
    told.cause = error
    throw told
  }
  if (addon.abi !== addon.compiledFor) {
    throw new LibraryError(`libtenantry ${addon.version} with ABI ${addon.abi} is loaded, and ${found} is compiled for ABI ${addon.compiledFor}`)
  }
  return addon
}

const native = load()

// What goes in.

const KINDS = ['[object Object]', '[object Array]']
const kindOf = (value) => Object.prototype.toString.call(value)

// Refuses what JSON.stringify would leave out, or make nothing of, without a word: a number that is none, a date that is none, a promise that
// nobody has awaited, a Map. Whoever has that there did not mean nothing.
function said (member, value) {
  let kind
  if (typeof value === 'function' || typeof value === 'symbol') kind = `a ${typeof value}`
  else if (typeof value === 'number' && !Number.isFinite(value)) kind = String(value)
  else if (value === undefined && Array.isArray(this)) kind = 'undefined in a list'
  else if (value == null && this[member] !== value) kind = 'a value, perhaps a date, that is none'
  else if (typeof value === 'object' && value !== null && !KINDS.includes(kindOf(value))) kind = kindOf(value)
  if (kind !== undefined) throw misuse(INVALID_REQUEST, `\`${member || 'the call'}\` is ${kind}, which JSON cannot say`)
  return value
}

const json = (value) => JSON.stringify(value, said)

// Options.

const FLAGS = { readOnly: 1, mustExist: 2, syncNormal: 4, noRefusalRecords: 8 }
const COUNTED = { clockToleranceSeconds: 16, waitMs: 32, clockLeapSeconds: 64 }
const OTHERS = ['policy', 'maxBytes', 'savedIndex', 'now']

function whole (value, most, name) {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) {
    throw misuse(INVALID_REQUEST, `\`${name}\` is a whole number from 0 to ${most}`)
  }
  return value
}

function moment (value, name) {
  const millis = types.isDate(value) ? value.getTime() : value
  if (!Number.isInteger(millis) || Math.abs(millis) > 8.64e15) throw misuse(INVALID_REQUEST, `\`${name}\` is a Date, or milliseconds since 1970`)
  return millis
}

function text (value, name) {
  if (typeof value !== 'string') throw misuse(BAD_TEXT, `\`${name}\` is no text`)
  return value
}

// What the addon's `open` takes after the path.
function settings (options = {}) {
  // A list, a Map or an object of a class would have none of its own, and be taken for no options.
  const of = options !== null && typeof options === 'object' ? Object.getPrototypeOf(options) : undefined
  if (of === undefined || (of !== null && Object.getPrototypeOf(of) !== null)) throw misuse(INVALID_REQUEST, 'the options are a plain object')
  const own = new Map(Object.entries(options).filter(([, value]) => value !== undefined))
  let flags = 0
  for (const name of own.keys()) {
    if (!Object.hasOwn(FLAGS, name) && !Object.hasOwn(COUNTED, name) && !OTHERS.includes(name)) {
      throw misuse(INVALID_REQUEST, `there is no option \`${name}\``)
    }
  }
  for (const [name, flag] of Object.entries(FLAGS)) {
    if (!own.has(name)) continue
    if (typeof own.get(name) !== 'boolean') throw misuse(INVALID_REQUEST, `\`${name}\` is true or false`)
    if (own.get(name)) flags |= flag
  }
  const counted = (name) => {
    if (!own.has(name)) return 0
    flags |= COUNTED[name]
    return own.get(name) === Infinity ? MOST : whole(own.get(name), MOST, name)
  }
  const [wait, tolerance, leap] = ['waitMs', 'clockToleranceSeconds', 'clockLeapSeconds'].map(counted)
  return [
    own.has('policy') ? json(own.get('policy')) : null,
    own.has('savedIndex') ? text(own.get('savedIndex'), 'savedIndex') : null,
    flags,
    wait,
    tolerance,
    leap,
    own.has('maxBytes') ? whole(own.get('maxBytes'), Number.MAX_SAFE_INTEGER, 'maxBytes') : 0,
    own.has('now') ? moment(own.get('now'), 'now') : null
  ]
}

// Engines.

// What is said of an argument that is no text.
const EXPECTED = { [CALL]: 'a call is an object, or JSON', [REFRESH]: 'a token is a string' }

/** tenantry on a store. Open one per file and process. */
class Engine {
  #native
  // The last call that may write: the next one begins after it, so that calls come to the store in the order in which they were made,
  // and those that wait take no thread.
  #last = Promise.resolve()
  #pending = 0
  #idle = null
  #closing = null

  constructor (ours, addon) {
    if (ours !== OURS) throw new TypeError('an Engine is made by open() or memory()')
    this.#native = addon
  }

  /** Executes a command: `{ actor, command, id?, expected_seq? }`. */
  async execute (execution) {
    return JSON.parse(await this.#inTurn(json({ execute: execution })))
  }

  executeSync (execution) {
    return JSON.parse(this.#now(CALL, json({ execute: execution })))
  }

  /** Asks a query: `{ query, … }`. Answers with `{ query, answer, seq }`. */
  async ask (query) {
    return JSON.parse(await this.#begin(CALL, json({ ask: query })))
  }

  askSync (query) {
    return JSON.parse(this.#now(CALL, json({ ask: query })))
  }

  /** The rows of a query that is answered in pages, page after page as they are wanted. */
  async * rows (query) {
    for (let page = query; ;) {
      const { answer } = await this.ask(page)
      if (!Array.isArray(answer?.rows)) throw misuse(INVALID_REQUEST, `\`${query.query}\` is not answered in pages`)
      yield * answer.rows
      if (answer.next == null) return
      page = { ...query, paging: { ...query.paging, cursor: answer.next } }
    }
  }

  /** Any call of the schema: an object is answered with an object, JSON with JSON. */
  async call (call) {
    if (typeof call === 'string') return await this.#inTurn(call)
    return JSON.parse(await this.#inTurn(json(call)))
  }

  callSync (call) {
    if (typeof call === 'string') return this.#now(CALL, call)
    return JSON.parse(this.#now(CALL, json(call)))
  }

  /** Opens an access index, at everything that is committed. The first one reads the whole store. */
  async index () {
    return this.#indexed(await this.#begin(OPEN_INDEX))
  }

  indexSync () {
    return this.#indexed(this.#now(OPEN_INDEX))
  }

  #indexed (pair) {
    return new Index(OURS, pair, (token) => this.#begin(REFRESH, token), (token) => this.#now(REFRESH, token))
  }

  /** Moves the clock of an engine that was opened with `now`. */
  setNow (now) {
    const millis = moment(now, 'now')
    try {
      this.#native(SET_NOW, true, millis)
    } catch (caught) {
      throw raised(caught)
    }
  }

  /** Closes the engine when the calls that have been made are done. Any other call is refused from now on. */
  close () {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close () {
    if (this.#pending > 0) await new Promise((resolve) => { this.#idle = resolve })
    try {
      await this.#native(CLOSE, false)
    } catch (caught) {
      if (caught !== HANDLE_CLOSED) throw raised(caught)
    }
  }

  /** Closes the engine now; refused (handle_in_use) while a call is being answered, or waits for its turn. */
  closeSync () {
    if (this.#pending > 0) throw misuse(HANDLE_IN_USE)
    try {
      this.#native(CLOSE, true)
    } catch (caught) {
      if (caught !== HANDLE_CLOSED) throw raised(caught)
    }
    this.#closing ??= Promise.resolve()
  }

  #now (what, given) {
    if (this.#closing) throw misuse(HANDLE_CLOSED)
    try {
      return this.#native(what, true, given)
    } catch (caught) {
      throw raised(caught, EXPECTED[what])
    }
  }

  async #begin (what, given) {
    if (this.#closing) throw misuse(HANDLE_CLOSED)
    this.#pending++
    try {
      return await this.#native(what, false, given)
    } catch (caught) {
      throw raised(caught, EXPECTED[what])
    } finally {
      if (--this.#pending === 0) this.#idle?.()
    }
  }

  async #inTurn (json) {
    if (this.#closing) throw misuse(HANDLE_CLOSED)
    this.#pending++
    const before = this.#last
    let next
    this.#last = new Promise((resolve) => { next = resolve })
    try {
      await before
      return await this.#native(CALL, false, json)
    } catch (caught) {
      throw raised(caught, EXPECTED[CALL])
    } finally {
      next()
      if (--this.#pending === 0) this.#idle?.()
    }
  }
}

// The access index.

const QUESTION = 'a user and a tenant are ids; a permission and a service are names, or handles of the index'

/** What a check has found: `allowed`, else the number of the reason, and the revision it was read at. */
class Verdict {
  constructor (packed) {
    const number = packed % native.reasons
    this.allowed = number === 0
    this.number = number || null
    this.seq = (packed - number) / native.reasons
  }

  /** Why not, by its stable name, such as `not_granted`; null where it is allowed. */
  get reason () {
    return this.allowed ? null : native.status(this.number)[0]
  }

  /** What to do about it. */
  get remedy () {
    return this.allowed ? null : native.status(this.number)[2]
  }

  /** The rule that the reason comes from. */
  get rule () {
    return this.allowed ? null : native.status(this.number)[3]
  }
}

/** Checks from memory. It follows its engine's own commits, and those of other processes when it is refreshed. */
class Index {
  #check
  #native
  #begin
  #now

  constructor (ours, pair, begin, now) {
    if (ours !== OURS) throw new TypeError('an Index is made by Engine.index()')
    const [check, rest] = pair
    this.#check = check
    this.#native = rest
    this.#begin = begin
    this.#now = now
  }

  /**
   * May a user do this on a tenant, for a service: true or false. Permission and service are names, or what `permission` and `service` have of
   * them.
   */
  check (user, permission, tenant, service) {
    return this.#judge(user, permission, tenant, service) % native.reasons === 0
  }

  /** The same with the reason. It is an object, which JavaScript takes for true whatever it says: ask it for `allowed`. */
  verdict (user, permission, tenant, service) {
    return new Verdict(this.#judge(user, permission, tenant, service))
  }

  #judge (user, permission, tenant, service) {
    try {
      return this.#check(user, permission, tenant, service)
    } catch (caught) {
      throw raised(caught, QUESTION)
    }
  }

  /** Looks a permission up, once for all checks. */
  permission (name) {
    return this.#ask(PERMISSION, text(name, 'permission'))
  }

  /** Looks a service up, once for all checks. */
  service (name) {
    return this.#ask(SERVICE, text(name, 'service'))
  }

  /** The tenants that a user can do this on, in no particular order. */
  tenantsWhere (user, permission, service) {
    return this.#ask(TENANTS_WHERE, user, permission, service)
  }

  /** The users who can do this on a tenant, in no particular order. */
  usersWhoCan (permission, tenant, service) {
    return this.#ask(USERS_WHO_CAN, permission, tenant, service)
  }

  /** The revision that it has come to. */
  get seq () {
    return this.#ask(SEQ)
  }

  /** Takes in what any process has committed, with a token at least what its holder has seen. Answers with the revision. */
  async refresh (token) {
    return await this.#begin(token)
  }

  refreshSync (token) {
    return this.#now(token)
  }

  /** Closes the index. Any other call is refused from then on. */
  close () {
    this.#ask(CLOSE_INDEX)
  }

  #ask (what, ...given) {
    try {
      return this.#native(what, ...given)
    } catch (caught) {
      throw raised(caught, QUESTION)
    }
  }
}

// Opening.

async function begun (does) {
  try {
    return await does()
  } catch (caught) {
    throw raised(caught)
  }
}

function done (does) {
  try {
    return does()
  } catch (caught) {
    throw raised(caught)
  }
}

/** Opens an SQLite file, which is made where there is none. Other processes may have it open, too. */
async function open (file, options) {
  const how = [text(file, 'path'), ...settings(options)]
  return new Engine(OURS, await begun(() => native.open(false, ...how)))
}

function openSync (file, options) {
  const how = [text(file, 'path'), ...settings(options)]
  return new Engine(OURS, done(() => native.open(true, ...how)))
}

/** Opens an engine in memory; what it holds is gone when it is closed. */
async function memory (options) {
  const how = settings(options)
  return new Engine(OURS, await begun(() => native.open(false, null, ...how)))
}

function memorySync (options) {
  const how = settings(options)
  return new Engine(OURS, done(() => native.open(true, null, ...how)))
}

/** Makes a store at `to` of the backup at `from`, in place of the store that is there, if one is; nobody may have that open. */
async function restore (from, to) {
  const paths = [text(from, 'from'), text(to, 'to')]
  return JSON.parse(await begun(() => native.restore(false, ...paths)))
}

function restoreSync (from, to) {
  const paths = [text(from, 'from'), text(to, 'to')]
  return JSON.parse(done(() => native.restore(true, ...paths)))
}

const { version } = native

// By name each, which is how `import { open } from 'tenantry'` finds them.
module.exports = {
  open,
  openSync,
  memory,
  memorySync,
  restore,
  restoreSync,
  Engine,
  Index,
  Verdict,
  LibraryError,
  TenantryError,
  RefusedError,
  RequestRefusedError,
  UnknownRefusedError,
  RightsRefusedError,
  ValueRefusedError,
  StateRefusedError,
  StoreError,
  MisuseError,
  DefectError,
  version
}
