/** Plays the transcripts of this folder and compares what happens with what is written. `REWRITE=1` writes it anew: the diff is the review. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { Story } from './language.ts'

const FOLDER = resolve('test/scenario')

/** A transcript: blocks of commands, each followed by `----`, what happened, and an empty line. */
function replay(transcript: string): string {
  const story = new Story()
  const blocks = transcript.split(/\n\n+(?=\S)/).filter((block) => block.trim() !== '')
  return `${blocks.map((block) => replayBlock(story, block)).join('\n\n')}\n`
}

function replayBlock(story: Story, block: string): string {
  const commands = (block.split(/^----$/m, 1)[0] as string).trimEnd()
  const silent = commands.split('\n').every((line) => line.trim() === '' || line.startsWith('#'))
  return silent ? commands : `${commands}\n----\n${story.play(commands)}`
}

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.txt'))

for (const file of files)
  test(`the story of ${file.replace('.txt', '')}`, () => {
    const path = join(FOLDER, file)
    const written = readFileSync(path, 'utf8')
    const told = replay(written)
    if (process.env.REWRITE === '1') writeFileSync(path, told)
    else assert.equal(told, written)
  })

test('there are stories', () => assert.ok(files.length >= 10))
