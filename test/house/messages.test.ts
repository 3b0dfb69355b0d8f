/** Every field of every message is explained in docs/protocol.md, and whether it waits for the disk is said as the code does it. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { type Message, type MessageType, waitsForDisk } from '../../src/protocol/messages.ts'
import { ROOT, sources } from './sources.ts'

/** `Message field` of each field that is not in the head of all. */
function declared(): string[] {
  const [source] = sources('src/protocol').filter(({ path }) => path === 'src/protocol/messages.ts')
  assert.ok(source)
  const interfaces = source.tree.statements.filter(ts.isInterfaceDeclaration)
  const ownOf = (name: string): string[] => {
    const members = interfaces.find((one) => one.name.text === name)?.members ?? []
    return members.map((member) => member.name?.getText(source.tree) ?? '').filter((field) => field !== 'type')
  }
  return interfaces.flatMap(({ name, heritageClauses = [] }) => {
    const parents = heritageClauses.flatMap(({ types }) => types.map((type) => type.getText(source.tree)))
    if (!parents.includes('Letter')) return []
    const shared = parents.filter((parent) => parent !== 'Letter').flatMap(ownOf)
    return [...ownOf(name.text), ...shared].map((field) => `${name.text} ${field}`)
  })
}

interface Written {
  readonly message: string
  readonly fields: readonly string[]
  readonly why: string
  readonly disk: string
}

function written(): Written[] {
  const page = readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8')
  const chapter = page.split(/^## /m).find((one) => one.startsWith('Every message\n')) ?? ''
  const lines = chapter.split('\n').filter((line) => line.startsWith('|'))
  let message = ''
  return lines.slice(2).map((line) => {
    const [name = '', fields = '', why = '', disk = ''] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
    message = name || message
    return { message, fields: fields.split(', ').filter(Boolean), why, disk }
  })
}

test('docs/protocol.md explains every field of every message, and no other', () => {
  const explained = written().flatMap(({ message, fields }) => fields.map((field) => `${message} ${field}`))
  assert.deepEqual(explained.sort(), declared().sort())
  for (const { message, why } of written()) assert.ok(why, `${message} is not explained`)
})

test('docs/protocol.md says which messages wait for the disk', () => {
  const said = written().filter(({ disk }) => disk !== '')
  assert.equal(said.length, 14)
  for (const { message, disk } of said) {
    const letter = { type: message as MessageType, from: 1, to: 2, term: 1 } as Message
    assert.equal(disk === 'yes', waitsForDisk(letter), message)
  }
})
