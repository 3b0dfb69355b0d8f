/** Puts measurements into tables for people. Knows nothing of how they came about. */

import type { ClusterReport, Row } from './cluster.ts'
import type { Cost } from './core.ts'
import type { RaftReport } from './raft.ts'
import type { CoreSpeed, SimReport } from './sim.ts'
import type { StorageReport } from './storage.ts'
import type { TransferReport } from './transfer.ts'

const NAMES: Readonly<Record<Row['contender'], string>> = { bare: '(a) bare', propose: '(b) propose', put: '(c) put' }

const HEADINGS = ['in flight', 'what', 'per second', 'p50 ms', 'p99 ms', '× (a) rate', '× (a) p50', 'flushes', 'entries/flush']

/** Figures of the cluster, a row for each level and contender. */
export function clusterTable({ server, dir, fdatasyncP50Ms, rows }: ClusterReport): string {
  const cells = rows.map((row) => [
    String(row.inflight),
    NAMES[row.contender],
    Math.round(row.perSecond).toLocaleString('en'),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.throughputRatio.toFixed(2),
    row.p50Ratio.toFixed(2),
    String(row.transactions),
    row.entriesPerTransaction.toFixed(1),
  ])
  const floor = `stores in ${dir}; a 256-byte append and its fdatasync take ${fdatasyncP50Ms.toFixed(3)} ms there (p50)`
  const warning = server === 'embedded broker' ? 'NOT A REAL SERVER: no nats-server found, so the embedded broker stood in\n' : ''
  return `three nodes, ${server} on loopback, 256-byte values, a flush before every acknowledgement\n${warning}${floor}\n\n${table(HEADINGS, cells)}`
}

export const coreTable = (costs: readonly Cost[]): string =>
  table(
    ['piece', 'µs'],
    costs.map(({ name, us }) => [name, us.toFixed(2)]),
  )

export function raftTable({ steps, roundsPerSecond, idlePeers, idleBytesPerPeer }: RaftReport): string {
  const rows = steps.map(({ type, role, perSecond }) => [type, role, Math.round(perSecond).toLocaleString('en')])
  const rounds = `five peers in memory: ${Math.round(roundsPerSecond).toLocaleString('en')} proposals a second, one after the other, applied by all`
  const megabytes = ((idlePeers * idleBytesPerPeer) / 1e6).toFixed(1)
  const idle = `${idlePeers.toLocaleString('en')} idle peers: ${megabytes} MB, ${Math.round(idleBytesPerPeer)} bytes each`
  return `${table(['message', 'stepped by', 'per second'], rows)}\n${rounds}\n${idle}\n`
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

export function storageTable(storage: StorageReport): string {
  const rows = storage.groupCommit.map(({ entriesPerFlush, entriesPerSecond, bareOverStore }) => [
    String(entriesPerFlush),
    Math.round(entriesPerSecond).toLocaleString('en'),
    bareOverStore.toFixed(2),
  ])
  const { overwrites, overwrittenRowBytes, overwrittenFileBytes } = storage
  return [
    table(['entries/flush', 'entries a second', 'bare append and fdatasync, of the time'], rows),
    `log reads: ${Math.round(storage.readsPerSecond).toLocaleString('en')} entries a second, ${storage.readMegabytesPerSecond.toFixed(0)} MB a second`,
    ...storage.restarts.map(({ what, seconds }) => `restart with ${what}: ${seconds.toFixed(2)} s to serving as leader`),
    `${overwrites.toLocaleString('en')} overwrites of ${megabytes(overwrittenRowBytes)} of rows: a file of ${megabytes(overwrittenFileBytes)}`,
    '',
  ].join('\n')
}

export function transferTable({ server, stateBytes, packedBytes, rounds, ratio, elections, grownBytes }: TransferReport): string {
  const rows = rounds.map((one) => [
    one.exportSeconds.toFixed(1),
    one.pullSeconds.toFixed(1),
    one.installSeconds.toFixed(1),
    megabytes(one.stateBytesPerSecond),
    megabytes((one.stateBytesPerSecond * packedBytes) / stateBytes),
    megabytes(one.bareBytesPerSecond),
    (one.stateBytesPerSecond / one.bareBytesPerSecond).toFixed(2),
    one.roundTripP99Ms.toFixed(1),
  ])
  return [
    `A snapshot of ${megabytes(stateBytes)} to a node that joins, over ${server}; seconds, and rates a second:\n`,
    table(['exported', 'fetched', 'installed', 'state', 'compressed', 'bare', '× bare', 'round trip p99 ms'], rows),
    `${ratio.toFixed(2)} × bare messages of 64 KiB (median); ${elections} elections; memory grew by ${megabytes(grownBytes.sender)} (sender) and ${megabytes(grownBytes.receiver)} (receiver)`,
    '',
  ].join('\n')
}

const speed = ({ eventsPerSecond, eventsPerCpuSecond }: CoreSpeed): string =>
  `${eventsPerSecond.toFixed(0)} events/s, ${eventsPerCpuSecond.toFixed(0)} of CPU time`

export function simTable({ worlds, core, checked, residentBytes }: SimReport): string {
  const rows = worlds.map((one) => [
    String(one.clients),
    one.operationsPerSimulatedSecond.toFixed(0),
    one.simulatedSecondsPerMinute.toFixed(0),
    one.simulatedSecondsPerCpuMinute.toFixed(0),
    one.eventsPerSecond.toFixed(0),
  ])
  return [
    'Worlds of three nodes under `rough`, on one core:\n',
    table(['clients', 'operations/simulated s', 'simulated s/min', 'of CPU time', 'events/s'], rows),
    `Raft alone in memory: ${speed(core)}; with Figure 3 checked after each letter: ${speed(checked)}; ${megabytes(residentBytes)} resident`,
    '',
  ].join('\n')
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, headings.map(() => ''), ...rows]
  const widths = headings.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  const isText = headings.map((_, i) => rows.some((row) => Number.isNaN(Number.parseFloat(row[i] ?? ''))))
  const line = (row: readonly string[], fill: string): string =>
    row
      .map((cell, i) => (isText[i] ? cell.padEnd(widths[i] ?? 0, fill) : cell.padStart(widths[i] ?? 0, fill)))
      .join('  ')
      .trimEnd()
  return `${all.map((row, i) => line(row, i === 1 ? '-' : ' ')).join('\n')}\n`
}
