/** Sees to it that a run touches nothing real: clocks, timers, chance, files and sockets of Node.js say so when somebody uses them. Knows no simulator. */

import childProcess from 'node:child_process'
import crypto from 'node:crypto'
import dns from 'node:dns'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'

/** Somebody used something real. */
export interface Touch {
  /** What was used: `Date.now`. */
  readonly what: string
  /** By whom. */
  readonly stack: string
}

type OnTouch = (touch: Touch) => void

/** Where chance comes from. */
const CHANCES: readonly string[] = Object.keys(crypto).filter((name) => /^(random|generate)/.test(name))

/** Every function of a module, but for what is called like a class. */
function functionsOf(home: object): readonly string[] {
  return Object.entries(home).flatMap(([name, value]) => (typeof value === 'function' && /^[a-z]/.test(name) ? [name] : []))
}

/** What is guarded: names of functions, by what they hang on. */
const REAL: readonly (readonly [room: string, home: object, names: readonly string[]])[] = [
  ['', globalThis, ['setTimeout', 'setInterval', 'setImmediate']],
  ['Math.', Math, ['random']],
  ['performance.', globalThis.performance, ['now', 'mark', 'measure']],
  ['process.', process, ['hrtime', 'uptime', 'cpuUsage', 'memoryUsage', 'resourceUsage']],
  ['node:os ', os, ['uptime', 'loadavg', 'freemem', 'cpus']],
  ['AbortSignal.', AbortSignal, ['timeout']],
  ['Atomics.', Atomics, ['wait', 'waitAsync']],
  ['', globalThis, ['MessageChannel', 'BroadcastChannel', 'fetch', 'WebSocket']],
  ['crypto.', globalThis.crypto, ['randomUUID', 'getRandomValues']],
  ['node:crypto ', crypto, CHANCES],
  ['node:timers ', timers, ['setTimeout', 'setInterval', 'setImmediate']],
  ['node:timers/promises ', timersPromises, ['setTimeout', 'setInterval', 'setImmediate']],
  ['node:timers/promises scheduler.', timersPromises.scheduler, ['wait', 'yield']],
  ['node:fs ', fs, functionsOf(fs)],
  ['node:fs/promises ', fs.promises, functionsOf(fs.promises)],
  ['node:http ', http, ['get', 'request', 'createServer']],
  ['node:https ', https, ['get', 'request']],
  ['node:dns ', dns, ['lookup', 'resolve', 'resolve4', 'resolve6']],
  ['node:net ', net, ['connect', 'createConnection', 'createServer']],
  ['node:child_process ', childProcess, ['spawn', 'spawnSync', 'fork', 'exec', 'execFile']],
]

/** Lines of a stack that are shown: enough to find who it was. */
const STACK_LINES = 12

/** xstate notes when an event was scheduled, for whoever restores an actor; the time itself is that of the clock it was given. Nobody here reads that note. */
const HARMLESS = /^\s*at \S*schedule \(.*[\\/]xstate[\\/]/

const watchers = new Set<OnTouch>()
let undo: (() => void)[] = []
/** Making a stack may itself touch something. */
let isTelling = false

/**
 * From now on `onTouch` is told of everything real that somebody in this process uses; it works as ever all the same. Returns how to stop, which puts
 * everything back once nobody looks any more. What was taken from its place before (`const { now } = Date`) is not seen.
 */
export function watchReality(onTouch: OnTouch): () => void {
  const watcher: OnTouch = (touch) => onTouch(touch) // of its own, so that one function may be given twice
  if (watchers.size === 0) guardAll()
  watchers.add(watcher)
  return () => {
    if (!watchers.delete(watcher) || watchers.size > 0) return
    for (const one of undo.reverse()) one()
    undo = []
    syncBuiltinESMExports()
  }
}

function told(what: string): void {
  if (isTelling || watchers.size === 0) return
  isTelling = true
  try {
    const stack = (new Error(what).stack ?? '')
      .split('\n')
      .slice(3, 3 + STACK_LINES)
      .join('\n')
    if (HARMLESS.test(stack)) return
    for (const watcher of [...watchers]) watcher({ what, stack })
  } finally {
    isTelling = false
  }
}

function guardAll(): void {
  for (const [room, home, names] of REAL)
    for (const name of names) if (name in home) replace(home, name, (real) => guarded(`${room}${name}`, real)) // not every version has all
  guardFormat()
  replace(globalThis, 'Date', guardedDate)
  syncBuiltinESMExports()
}

/** Puts something else in a place; remembers how to put back what was there. */
function replace(home: object, name: string, by: (real: Callable) => unknown): void {
  const before = Object.getOwnPropertyDescriptor(home, name)
  const real = Reflect.get(home, name) as Callable
  Object.defineProperty(home, name, {
    value: by(real),
    configurable: true,
    writable: true,
    enumerable: before?.enumerable ?? false,
  })
  undo.push(() => {
    if (before) Object.defineProperty(home, name, before)
    else Reflect.deleteProperty(home, name) // it was its prototype's
  })
}

type Callable = (...args: unknown[]) => unknown

/** A proxy, since some of these have properties: `setTimeout[promisify.custom]`, `process.hrtime.bigint`. */
function guarded(what: string, real: Callable): unknown {
  return new Proxy(real, {
    apply: (target, self, args) => {
      told(what)
      return Reflect.apply(target, self, args)
    },
    construct: (target, args) => {
      told(`new ${what}`)
      return Reflect.construct(target, args) as object
    },
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key)
      return key === 'bigint' && typeof value === 'function' ? guarded(`${what}.bigint`, value as Callable) : value
    },
  })
}

/** A format for dates takes the one of this moment when it is given none. */
function guardFormat(): void {
  const home = Intl.DateTimeFormat.prototype
  const before = Object.getOwnPropertyDescriptor(home, 'format') as PropertyDescriptor
  const formatOf = before.get as (this: Intl.DateTimeFormat) => Intl.DateTimeFormat['format']
  Object.defineProperty(home, 'format', {
    ...before,
    get(this: Intl.DateTimeFormat) {
      const format = formatOf.call(this)
      return (date?: Date | number) => {
        if (date === undefined) told('Intl.DateTimeFormat.format')
        return format(date)
      }
    },
  })
  undo.push(() => Object.defineProperty(home, 'format', before))
}

/** A date of given numbers is no touch: only the one of this moment is. */
function guardedDate(real: Callable): unknown {
  const now = guarded('Date.now', Date.now as Callable)
  const proxy: unknown = new Proxy(real, {
    apply: (target, self, args) => {
      told('Date()')
      return Reflect.apply(target, self, args)
    },
    construct: (target, args, newTarget) => {
      if (args.length === 0) told('new Date()')
      return Reflect.construct(target, args, newTarget === proxy ? target : newTarget) as object
    },
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  })
  return proxy
}
