/** Everything the page is made of, ready to be sent: its markup, style, scripts, and the role chart drawn from the machine. */

import { readFile } from 'node:fs/promises'
import { roleMachine } from '../../machines/role.ts'
import { chartOf } from './chart/graph.ts'
import { ROLE_LAYOUT } from './chart/role-layout.ts'
import { drawChart } from './svg.ts'
import { PAGE } from './web/page.ts'
import { STYLE } from './web/style.ts'

/** A fixed answer. */
export interface Asset {
  readonly type: string
  readonly body: string | Uint8Array
}

/** The page's scripts: compiled modules beside this one, served under their own names. */
const SCRIPTS = ['app.js', 'card.js', 'chart-view.js', 'words.js'] as const

/** All assets by path. Nothing but these is ever read from disk. */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>([
    ['/', { type: 'text/html; charset=utf-8', body: PAGE }],
    ['/style.css', { type: 'text/css; charset=utf-8', body: STYLE }],
    ['/chart.svg', { type: 'image/svg+xml', body: drawChart(chartOf(roleMachine.root), ROLE_LAYOUT) }],
  ])
  for (const name of SCRIPTS) {
    const body = await readFile(new URL(`./web/${name}`, import.meta.url))
    assets.set(`/${name}`, { type: 'text/javascript; charset=utf-8', body })
  }
  return assets
}
