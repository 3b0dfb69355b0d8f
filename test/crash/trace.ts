/** System calls of a process, as strace wrote them down. Knows what a call looks like, not what it does to a disk. */

import { spawnSync } from 'node:child_process'

/** Calls by which a process changes files, or says something. */
const CALLS = [
  ['openat', 'creat', 'close', 'dup', 'dup2', 'dup3', 'lseek', 'write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'],
  ['fdatasync', 'fsync', 'ftruncate', 'truncate', 'fallocate', 'copy_file_range', 'sendfile'],
  ['rename', 'renameat', 'renameat2', 'link', 'linkat', 'unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir', 'bind'],
].flat()

/** One end of a call: each has a beginning and, unless the process died in it, an end. */
export interface CallEvent {
  readonly end: boolean
  readonly call: Call
}

/** One system call. What it returned is known from its end on; null before. */
export interface Call {
  readonly thread: number
  readonly name: string
  /** Arguments as text, byte strings escaped. */
  args: string
  result: number | null
}

/** Whether processes can be traced here; if not, why. */
function strangeness(): string | null {
  const tried = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=openat', 'true'], { timeout: 10_000 })
  if (tried.error) return 'there is no strace'
  return tried.status === 0 ? null : `strace cannot trace here: ${tried.stderr.toString().trim().slice(0, 200)}`
}

/** Says so that nobody can miss it when processes cannot be traced here; the reason, for a test to be skipped with. */
export function sayIfSkipped(what: string): string | false {
  const why = strangeness()
  if (why === null) return false
  const bar = '!'.repeat(100)
  process.stderr.write(`\n${bar}\nNO ${what} WERE TRIED: ${why}\n${bar}\n\n`)
  return why
}

/** Arguments that have strace run a command and write its calls to a file. */
export const straceArguments = (output: string): string[] => [
  '-f',
  '--seccomp-bpf',
  '-qq',
  '-xx',
  '-s',
  '100000000',
  '-o',
  output,
  '-e',
  'signal=none',
  '-e',
  `trace=${CALLS.join(',')}`,
]

/** Events of a trace, in order. */
export function parseTrace(trace: string): CallEvent[] {
  const events: CallEvent[] = []
  const open = new Map<string, Call>()
  for (const line of trace.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/s.exec(line) ?? []
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest)
    if (resumed) {
      const call = open.get(pid)
      if (!call) throw new Error(`a call ends that never began: ${line.slice(0, 200)}`)
      open.delete(pid)
      events.push(ended(call, call.args + rest.slice(resumed[0].length)))
      continue
    }
    const name = /^\w+(?=\()/.exec(rest)?.[0]
    if (name === undefined) continue // the end of a thread
    const call: Call = { thread: Number(pid), name, args: rest.slice(name.length + 1), result: null }
    events.push({ end: false, call })
    if (call.args.endsWith('<unfinished ...>')) {
      call.args = call.args.slice(0, -'<unfinished ...>'.length)
      open.set(pid, call)
    } else {
      events.push(ended(call, call.args))
    }
  }
  return events
}

function ended(call: Call, text: string): CallEvent {
  const [, args, result] = /^(.*)\) += (-?\d+|\?)[^"]*$/s.exec(text) ?? []
  if (args === undefined) throw new Error(`a call that is not understood: ${call.name}(${text.slice(-200)}`)
  call.args = args
  call.result = result === '?' ? null : Number(result)
  return { end: true, call }
}

/** Byte strings among the arguments of a call. */
export function stringsOf({ args }: Call): Buffer[] {
  return Array.from(args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g), ([, hex = '']) => Buffer.from(hex.replaceAll('\\x', ''), 'hex'))
}

/** The argument at that place, from the front or, if negative, from the back, as a number. Those between must be no byte strings with commas. */
export const numberAt = ({ args }: Call, at: number): number => Number(args.split(', ').at(at))
