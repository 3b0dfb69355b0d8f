/**
 * Cuts a client's bytes into the verbs of the NATS protocol. Knows no socket and no subscriptions; every bound is checked before
 * memory is taken.
 */

/** A published message as it goes through: header block and payload stay one untouched piece. */
export interface Publication {
  /** As Latin-1, one character a byte: what came in goes out the same, whatever its encoding. */
  readonly subject: string
  readonly reply: string | null
  /** Length of the header block at the start of the body; 0 when there is none. */
  readonly headerBytes: number
  readonly body: Buffer
}

/** What a client can say. */
export interface Verbs {
  connect(json: string): void
  ping(): void
  pong(): void
  subscribe(pattern: string, queue: string | undefined, sid: string): void
  /** Without a count at once; with one, when so many messages have been delivered in all. */
  unsubscribe(sid: string, max: number | undefined): void
  publish(publication: Publication): void
}

/** Bounds of what a client may send. */
export interface ParserLimits {
  readonly payloadMax: number
  readonly controlLineMax: number
}

/** The client broke the protocol: it is told so, then cut. */
export class ProtocolViolation extends Error {}

const LF = 10
const CR = 13
const CRLF_BYTES = 2
const NUMBER = /^\d{1,9}$/
const BLANKS = /[ \t]+/

/** A publication whose body is still coming. */
interface Partial {
  readonly subject: string
  readonly reply: string | null
  readonly headerBytes: number
  readonly size: number
}

export class Parser {
  readonly #verbs: Verbs
  readonly #limits: ParserLimits
  readonly #grammar = new Map<string, (args: readonly string[], line: string) => void>([
    ['PUB', (args) => this.#beginPub(args)],
    ['HPUB', (args) => this.#beginHpub(args)],
    ['SUB', (args) => this.#sub(args)],
    ['UNSUB', (args) => this.#unsub(args)],
    ['PING', () => this.#verbs.ping()],
    ['PONG', () => this.#verbs.pong()],
    ['CONNECT', (_args, line) => this.#verbs.connect(Buffer.from(line.slice('CONNECT'.length), 'latin1').toString('utf8'))],
  ])
  /** Start of a line that has not ended yet. */
  #held: Buffer | null = null
  #partial: Partial | null = null
  /** Body of `#partial` with its line end, when it comes in several chunks. */
  #body: Buffer | null = null
  #filled = 0
  #stopped = false

  constructor(verbs: Verbs, limits: ParserLimits) {
    this.#verbs = verbs
    this.#limits = limits
  }

  /** Hears nothing more, also of the chunk at hand. */
  stop(): void {
    this.#stopped = true
    this.#held = null
    this.#body = null
  }

  /** Takes the next bytes. The chunk must never change again: bodies are views of it. Throws {@link ProtocolViolation}. */
  feed(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#stopped) {
      at = this.#partial === null ? this.#readLine(chunk, at) : this.#readBody(this.#partial, chunk, at)
    }
  }

  #readLine(chunk: Buffer, at: number): number {
    const lf = chunk.indexOf(LF, at)
    const end = lf === -1 ? chunk.length : lf
    const heldBytes = this.#held?.length ?? 0
    if (heldBytes + end - at > this.#limits.controlLineMax + 1) throw new ProtocolViolation('Maximum Control Line Exceeded')
    const piece = chunk.subarray(at, end)
    const line = this.#held === null ? piece : Buffer.concat([this.#held, piece])
    if (lf === -1) {
      this.#held = line
      return end
    }
    this.#held = null
    this.#speak(line.toString('latin1', 0, line[line.length - 1] === CR ? line.length - 1 : line.length))
    return end + 1
  }

  #readBody(partial: Partial, chunk: Buffer, at: number): number {
    const whole = partial.size + CRLF_BYTES
    if (this.#body === null && chunk.length - at >= whole) {
      this.#finish(partial, chunk.subarray(at, at + whole))
      return at + whole
    }
    this.#body ??= Buffer.allocUnsafe(whole)
    const copied = chunk.copy(this.#body, this.#filled, at)
    this.#filled += copied
    if (this.#filled === whole) {
      const body = this.#body
      this.#body = null
      this.#filled = 0
      this.#finish(partial, body)
    }
    return at + copied
  }

  #finish(partial: Partial, bytes: Buffer): void {
    const { subject, reply, headerBytes, size } = partial
    if (bytes[size] !== CR || bytes[size + 1] !== LF) throw new ProtocolViolation('Payload Without Its Line End')
    this.#partial = null
    this.#verbs.publish({ subject, reply, headerBytes, body: bytes.subarray(0, size) })
  }

  #speak(line: string): void {
    const [word = '', ...args] = wordsOf(line)
    const verb = this.#grammar.get(word) ?? this.#grammar.get(word.toUpperCase())
    if (verb === undefined) throw new ProtocolViolation('Unknown Protocol Operation')
    verb(args, line)
  }

  /** PUB subject [reply] size */
  #beginPub(args: readonly string[]): void {
    if (args.length < 2 || args.length > 3) throw new ProtocolViolation('Bad PUB Arguments')
    this.#begin(args, 0, sizeOf(args.at(-1)))
  }

  /** HPUB subject [reply] headerSize totalSize */
  #beginHpub(args: readonly string[]): void {
    if (args.length < 3 || args.length > 4) throw new ProtocolViolation('Bad HPUB Arguments')
    const headerBytes = sizeOf(args.at(-2))
    const size = sizeOf(args.at(-1))
    if (headerBytes === 0 || headerBytes > size) throw new ProtocolViolation('Bad Or Missing Header Size')
    this.#begin(args.slice(0, -1), headerBytes, size)
  }

  #begin(args: readonly string[], headerBytes: number, size: number): void {
    if (size > this.#limits.payloadMax) throw new ProtocolViolation('Maximum Payload Violation')
    this.#partial = { subject: args[0] as string, reply: args.length === 3 ? (args[1] as string) : null, headerBytes, size }
  }

  /** SUB subject [queue] sid */
  #sub(args: readonly string[]): void {
    if (args.length < 2 || args.length > 3) throw new ProtocolViolation('Bad SUB Arguments')
    this.#verbs.subscribe(args[0] as string, args.length === 3 ? args[1] : undefined, args.at(-1) as string)
  }

  /** UNSUB sid [max] */
  #unsub(args: readonly string[]): void {
    if (args.length < 1 || args.length > 2) throw new ProtocolViolation('Bad UNSUB Arguments')
    this.#verbs.unsubscribe(args[0] as string, args[1] === undefined ? undefined : sizeOf(args[1]))
  }
}

function wordsOf(line: string): string[] {
  const words = line.includes('\t') || line.includes('  ') ? line.split(BLANKS) : line.split(' ')
  if (words.at(-1) === '') words.pop()
  return words
}

function sizeOf(text: string | undefined): number {
  if (text === undefined || !NUMBER.test(text)) throw new ProtocolViolation('Bad Or Missing Size')
  return Number(text)
}
