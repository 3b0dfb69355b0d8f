/** Timers as a chart's outputs: what to start and what to stop. Knows no clock. */

/** A timer that a chart started: `delay` names it, `event` is to be sent back when it is due. */
export interface ArmTimer {
  readonly type: 'arm'
  readonly id: string
  readonly delay: string
  readonly event: { readonly type: string }
}

export interface DisarmTimer {
  readonly type: 'disarm'
  readonly id: string
}

/** The timer of an event: `xstate.after.<delay>.<state id>` tells the delay's name. */
export const armOf = (id: string | undefined, event: ArmTimer['event']): ArmTimer => ({
  type: 'arm',
  id: id ?? event.type,
  delay: event.type.split('.')[2] ?? event.type,
  event,
})
