/** Takes pictures of the page with nodes that exist only as words, to be looked at: `node dist/test/web/picture-tool.js FOLDER`. */

import { join } from 'node:path'
import { startInspector } from '../../src/inspector/server.ts'
import { findChromium, openBrowser, type Screen } from './browser.ts'
import { FakeFeed, FakeSupervisor, groupStatus, seen } from './fake-cluster.ts'

const SCREENS: Readonly<Record<string, Screen>> = {
  light: { width: 1280, height: 800 },
  dark: { width: 1280, height: 800, dark: true },
  phone: { width: 390, height: 844, phone: true },
}

/** Colours have faded over by then. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 400))

const folder = process.argv[2] ?? '.'
const program = findChromium()
if (program === null) throw new Error('there is no Chromium here')
const feed = new FakeFeed()
const inspector = await startInspector({ host: '127.0.0.1', port: 0, feed, supervisor: new FakeSupervisor(feed) })
const browser = await openBrowser(program)
await browser.open(inspector.url)
await browser.until("document.querySelectorAll('.card .here').length === 3")
for (const [name, screen] of Object.entries(SCREENS)) {
  await browser.show(screen)
  await settled()
  await browser.picture(join(folder, `${name}.png`))
}
feed.update(seen('a', groupStatus({ role: 'candidate', term: 8, vote: 'a', leader: null })))
feed.update({ node: 'b', alive: false, status: seen('b').status })
await browser.until(`document.querySelector('[data-node=a]').dataset.role === 'candidate'`)
await browser.show({ width: 1280, height: 980 })
await settled()
await browser.picture(join(folder, 'election.png'))
await browser.close()
await inspector.close()
