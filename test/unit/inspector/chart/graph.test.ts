/** The graph says what the definition says, in words for people. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANYWHERE, chartOf, sentenceOf } from '../../../../src/inspector/chart/graph.ts'
import { sampleRole } from '../sample-role.ts'

const chart = chartOf(sampleRole.root)
const stateOf = (id: string) => chart.states.find((state) => state.id === id)
const causesOf = (id: string) => chart.arrows.find((arrow) => arrow.id === id)?.causes.map(sentenceOf)

test('every state but the root is there, parents first', () => {
  assert.deepEqual(
    chart.states.map((state) => state.id),
    [
      'following',
      'following.follower',
      'campaigning',
      'campaigning.preCandidate',
      'campaigning.candidate',
      'leader',
      'leader.round',
      'leader.round.beat',
    ],
  )
  assert.equal(stateOf('leader.round.beat')?.parent, 'leader.round')
  assert.equal(stateOf('following')?.parent, null)
})

test('a state knows its kind and whether it is entered with its parent', () => {
  assert.deepEqual([stateOf('campaigning')?.kind, stateOf('campaigning.candidate')?.kind], ['compound', 'atomic'])
  assert.deepEqual([stateOf('campaigning.preCandidate')?.initial, stateOf('campaigning.candidate')?.initial], [true, false])
})

test('parallel arrows are one arrow with several causes', () => {
  assert.deepEqual(causesOf('campaigning->following'), ['AppendEntries', 'Heartbeat'])
})

test('a delayed transition is named after its delay', () => {
  assert.deepEqual(causesOf('following.follower->campaigning'), ['after electionTimeout [mayCampaign]'])
})

test('a transition without an event is named by its guard alone', () => {
  assert.deepEqual(causesOf('campaigning.candidate->leader'), ['[won]'])
})

test('the arrows of the root begin anywhere', () => {
  assert.deepEqual(causesOf(`${ANYWHERE}->following`), ['term.higher'])
})

test('what leads back to where it began is a restart of that state, not an arrow', () => {
  assert.deepEqual(stateOf('leader.round')?.restarts.map(sentenceOf), ['after quorumTimeout [quorumActive]'])
  assert.deepEqual(stateOf('following.follower')?.restarts.map(sentenceOf), [
    'AppendEntries [logMatches]',
    'AppendEntries',
    'Heartbeat',
    'RequestVote [canGrant]',
    'after electionTimeout',
  ])
  assert.equal(causesOf('following->following.follower'), undefined)
})

test('what is handled without leaving is listed where it is handled', () => {
  assert.deepEqual(stateOf('leader')?.handles.map(sentenceOf), [
    'AppendEntriesReply',
    'client.propose [accepting]',
    'client.propose',
  ])
  assert.deepEqual(chart.handles.map(sentenceOf), ['term.stale', 'client.*'])
})
