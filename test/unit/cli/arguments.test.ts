/** Command lines, taken apart and refused: wrong use is exit code 2, said in one line. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Arguments, UsageError } from '../../../src/cli/arguments.ts'
import { COMMANDS, run } from '../../../src/cli/run.ts'
import { fakeTerminal } from './fake-terminal.ts'

const SHAPE = {
  flags: { name: { value: 'TEXT', help: '' }, many: { value: 'X', help: '', many: true }, on: { help: '' }, help: { help: '' } },
  operands: ['KEY'],
}

test('flags and operands, in any order', () => {
  const args = new Arguments(['--on', 'k', '--name=x y', '--many', 'a,b', '--many', 'c'], SHAPE)
  assert.deepEqual([args.operand(0), args.text('name'), args.list('many'), args.has('on')], ['k', 'x y', ['a', 'b', 'c'], true])
  assert.deepEqual([args.text('many'), args.has('name'), args.list('on')], [undefined, false, []])
})

test('what follows two dashes is no flag, and a negative number may be the value of one', () => {
  const args = new Arguments(['--name', '-7', '--', '--name'], SHAPE)
  assert.deepEqual([args.text('name'), args.operand(0)], ['-7', '--name'])
  assert.equal(new Arguments(['--name=x', '--', '-7'], SHAPE).operand(0), '-7')
})

test('numbers are whole and within bounds', () => {
  const whole = (value: string): number | undefined =>
    new Arguments(['k', `--name=${value}`], SHAPE).whole('name', { min: 1, max: 9 })
  assert.equal(whole('9'), 9)
  for (const wrong of ['0', '10', '1.5', '-1', 'x', '', ' 1', '1e0']) assert.throws(() => whole(wrong), UsageError, wrong)
})

/** Command lines that are wrong, and what is said of them. */
const WRONG: readonly (readonly [line: string, said: RegExp])[] = [
  ['fly', /there is no command 'fly' \(see flotilla help\)/],
  ['put', /KEY and VALUE are missing \(see flotilla help put\)/],
  ['put k', /VALUE is missing/],
  ['put k v w', /'w' is one word too many/],
  ['get k --colour', /Unknown option '--colour'/],
  ['get k --timeout', /--timeout/],
  ['get k --timeout soon', /--timeout is a whole number/],
  ['scan --limit 0', /--limit is a whole number from 1/],
  ['tail --from 0', /--from is a whole number/],
  ['import x --key k --from-line x', /--from-line is a whole number/],
  ['import x', /--key is missing/],
  ['node', /--id is missing/],
  ['node --id a', /--nodes is missing/],
  ['node --id a --nodes a', /--dir is missing/],
  ['node --id a --nodes a --dir x --log-level loud', /--log-level is one of/],
  ['node --id a --nodes a --join --dir x', /--nodes founds a cluster and --join waits/],
  ['node --id a --nodes a --dir x --priority -1', /--priority is a whole number from 0 to 1000, not '-1'/],
  ['get k --max-staleness -1', /--max-staleness is a whole number from 0 to \d+, not '-1'/],
  ['get k --user -x', /--user needs a value; one that begins with a dash is written --user=-…/],
  ['transfer --to a --to b', /--to is given twice: a, b/],
  ['get k --timeout 1 --timeout=1', /--timeout is given twice/],
  ['dev --nodes 0', /--nodes is a whole number from 1 to 9/],
]

for (const [line, said] of WRONG) {
  test(`flotilla ${line}`, async () => {
    const terminal = fakeTerminal()
    assert.equal(await run(line.split(' '), terminal), 2)
    assert.match(terminal.err.text, /^flotilla: USAGE: [^\n]+\n$/)
    assert.match(terminal.err.text, said)
  })
}

test('help names every command, and every command its flags', async () => {
  const all = fakeTerminal()
  assert.equal(await run([], all), 0)
  for (const command of COMMANDS) {
    assert.ok(all.out.text.includes(`  ${command.name}`), command.name)
    for (const words of [
      ['help', command.name],
      [command.name, '--help'],
    ]) {
      if (words[0] === 'help' && words[1] === '--help') continue
      const one = fakeTerminal()
      assert.equal(await run(words, one), 0)
      for (const flag of Object.keys(command.flags)) assert.ok(one.out.text.includes(`--${flag}`), `${command.name} --${flag}`)
    }
  }
})

test('version, in words and in JSON', async () => {
  const words = fakeTerminal()
  assert.equal(await run(['--version'], words), 0)
  assert.match(words.out.text, /^flotilla \d+\.\d+\.\d+ on Node v\d/)
  const json = fakeTerminal()
  assert.equal(await run(['version', '--json'], json), 0)
  assert.equal((JSON.parse(json.out.text) as { node: string }).node, process.version)
})
