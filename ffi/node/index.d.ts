// The types of index.js. What is called and replied is the JSON of tenantry.schema.json; model.d.ts has that, generated, and all of it but
// `Verdict`, which is another here, is a type of this package, too.

import type { Actor, Answers, Code, Command, Commands, Event, Outcomes, Page, Permission, PolicyLike, Queries, Query, RequestId } from './model'
import type { Restored, Service, TenantId, Timestamp, Token, Trouble, UserId } from './model'

export * from './model'

export interface Execution<Name extends keyof Commands = keyof Commands> {
  actor: Actor
  command: Command<Name>
  /** Names the request: asking again under the same id is safe, and is answered with the first receipt. */
  id?: RequestId | null
  /** The revision that the caller last saw; where the journal has moved on, the command is refused (`stale_seq`). */
  expected_seq?: number | null
}

export interface Executed<Name extends keyof Commands = keyof Commands> {
  request: RequestId
  seq: number
  /** The revision after it, for `Index.refresh` of whoever is to have seen it. */
  token: Token
  at: Timestamp
  command: Name
  outcome: Outcomes[Name]
  events: Event[]
}

export interface Answered<Name extends keyof Queries = keyof Queries> {
  query: Name
  answer: Answers[Name]
  /** The revision it was read at, where it is about the world at a moment. */
  seq?: number | null
}

/** The queries that are answered in pages. */
export type Paged = { [Name in keyof Queries]: Answers[Name] extends Page<unknown> ? Name : never }[keyof Queries]

/** A row of such a query. */
export type Row<Name extends Paged> = Answers[Name] extends Page<infer One> ? One : never

export interface Options {
  /** The policy of a store that is new: a whole one, or the name of one that comes with the library. */
  policy?: PolicyLike
  readOnly?: boolean
  /** The file must be there; else it is made. */
  mustExist?: boolean
  /** A power cut may undo the last commits; else they wait for the disk. */
  syncNormal?: boolean
  /** Commands that are refused for lack of rights are not journalled. */
  noRefusalRecords?: boolean
  /** How long to wait for other writers; 10 000, if left out. */
  waitMs?: number
  /** How far the clock may be behind the journal; 300, if left out; Infinity for however far. */
  clockToleranceSeconds?: number
  /** How far the clock may be ahead of the journal; a year, if left out; Infinity for however far. */
  clockLeapSeconds?: number
  /** How large the file may grow; 0 for no limit. */
  maxBytes?: number
  /** Where the access index is saved; one that is to be believed is loaded instead of being built. */
  savedIndex?: string
  /** A clock that stands there until `setNow` moves it, for tests; else it is the machine's. */
  now?: Date | number
}

export class Engine {
  private constructor ()
  execute<Name extends keyof Commands> (execution: Execution<Name>): Promise<Executed<Name>>
  executeSync<Name extends keyof Commands> (execution: Execution<Name>): Executed<Name>
  ask<Name extends keyof Queries> (query: Query<Name>): Promise<Answered<Name>>
  askSync<Name extends keyof Queries> (query: Query<Name>): Answered<Name>
  /** The rows of a query that is answered in pages. */
  rows<Name extends Paged> (query: Query<Name>): AsyncGenerator<Row<Name>, void, undefined>
  /** Any call of the schema as JSON, answered as JSON. */
  call (json: string): Promise<string>
  /** Any call of the schema. */
  call<Reply = any> (call: object): Promise<Reply>
  callSync (json: string): string
  callSync<Reply = any> (call: object): Reply
  index (): Promise<Index>
  indexSync (): Index
  /** Moves the clock of an engine that was opened with `now`. */
  setNow (now: Date | number): void
  /** Closes it when the calls that have been made are done. */
  close (): Promise<void>
  /** Closes it now; refused (`handle_in_use`) while a call is being answered. */
  closeSync (): void
}

/** A permission as an index numbers it, for as long as it is open. */
export type PermissionHandle = number & { readonly __of?: 'permission' }
/** The same of a service. */
export type ServiceHandle = number & { readonly __of?: 'service' }

export class Index {
  private constructor ()
  check (user: UserId, permission: Permission | PermissionHandle, tenant: TenantId, service?: Service | ServiceHandle | null): boolean
  /** The same with the reason. It is an object, and as such true: ask it for `allowed`. */
  verdict (user: UserId, permission: Permission | PermissionHandle, tenant: TenantId, service?: Service | ServiceHandle | null): Verdict
  permission (name: Permission): PermissionHandle
  service (name: Service): ServiceHandle
  tenantsWhere (user: UserId, permission: Permission | PermissionHandle, service?: Service | ServiceHandle | null): TenantId[]
  usersWhoCan (permission: Permission | PermissionHandle, tenant: TenantId, service?: Service | ServiceHandle | null): UserId[]
  readonly seq: number
  /** Takes in what any process has committed; with a token, at least what its holder has seen. */
  refresh (token?: Token | null): Promise<number>
  refreshSync (token?: Token | null): number
  close (): void
}

export class Verdict {
  private constructor ()
  readonly allowed: boolean
  /** Why not, as the refusal's number and stable name, with what to do about it and the rule; null where it is allowed. */
  readonly number: number | null
  readonly reason: Code | null
  readonly remedy: string | null
  readonly rule: string | null
  /** The revision it was read at. */
  readonly seq: number
}

/** Opens an SQLite file, which is made where there is none. */
export function open (path: string, options?: Options): Promise<Engine>
export function openSync (path: string, options?: Options): Engine
/** Opens an engine in memory. */
export function memory (options?: Options): Promise<Engine>
export function memorySync (options?: Options): Engine

/** Makes a store at `to` of the backup at `from`, in place of what is there; nobody may have that open. */
export function restore (from: string, to: string): Promise<Restored>
export function restoreSync (from: string, to: string): Restored

export type Family = 'request' | 'unknown' | 'rights' | 'value' | 'state' | 'store' | 'misuse' | 'defect'

export interface ErrorItem { index: number, number: number, name: Code, message: string, remedy: string, rule: string, about: string }

export class TenantryError extends Error {
  protected constructor ()
  /** The stable number: up to 999 of a refusal, from 9000 on of a trouble. */
  readonly number: number
  /** The stable name, such as `not_delinkable`. `name` is that of the class. */
  readonly code: Code | Trouble
  readonly family: Family
  readonly remedy: string
  readonly rule: string | null
  /** What a refusal is about: an id, a name or a value. */
  readonly about: string | null
  /** Where in the call a misuse is, such as `execute.command.owner.email`. */
  readonly path: string | null
  /** Whether the same call may pass later without anybody changing it. */
  readonly transient: boolean
  /** Of a batch, all that stand in the way. */
  readonly items: ErrorItem[]
}

export class RefusedError extends TenantryError {}
export class RequestRefusedError extends RefusedError {}
export class UnknownRefusedError extends RefusedError {}
export class RightsRefusedError extends RefusedError {}
export class ValueRefusedError extends RefusedError {}
export class StateRefusedError extends RefusedError {}
export class StoreError extends TenantryError {}
export class MisuseError extends TenantryError {}
export class DefectError extends TenantryError {}

/** The addon or its library cannot be loaded, or the two are not of one kind. */
export class LibraryError extends Error {}

/** The library's version. */
export const version: string
