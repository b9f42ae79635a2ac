/** How far an import is: a bar on a terminal, a line now and then elsewhere. */

export interface Progress {
  /** Resources of this file done, and the part of its bytes read, 0 to 1 (absent: unknown). */
  show(done: number, part: number | undefined): void
  /** A line that stays. */
  say(line: string): void
  /** The file is at its end; what is shown next is of another one. */
  end(): void
}

interface Seen {
  done: number
  part: number | undefined
  /** ms */
  at: number
}

/** Characters of the bar, where there is room. */
const widest = 24
const narrowest = 4
/** ms between two drawings. */
const onTerminal = 100
const inFile = 5000

type Out = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>

export function createProgress(
  out: Out,
  clock: () => number = () => performance.now(),
  what = 'resources',
): Progress {
  const pause = out.isTTY ? onTerminal : inFile
  let next = clock() + pause
  let first: Seen | undefined
  const clear = () => {
    if (out.isTTY) out.write('\r\x1b[K')
  }
  return {
    show(done, part) {
      const now = { done, part, at: clock() }
      // What an earlier run has loaded, and the way there, tell nothing of the speed of this one.
      first ??= now
      if (now.at < next || now.at === first.at) return
      next = now.at + pause
      // A line as wide as the terminal would wrap, and the next one could not overwrite it.
      const text = describe(first, now, out.isTTY ? (out.columns || 80) - 1 : undefined, what)
      out.write(out.isTTY ? `\r${text}\x1b[K` : `${text}\n`)
    },
    say(line) {
      clear()
      out.write(`${line}\n`)
    },
    end() {
      clear()
      first = undefined
    },
  }
}

/** What is done, how fast, and how long it takes still, from two looks at it. */
export function describe(first: Seen, now: Seen, room = 100, what = 'resources'): string {
  const { done, part } = now
  const seconds = (now.at - first.at) / 1000
  const speed = `${done} ${what}, ${Math.round((done - first.done) / seconds)}/s`
  if (part === undefined) return speed.slice(0, room)
  const came = part - (first.part ?? 0)
  const left = came > 0 ? `, ${duration(Math.round((seconds / came) * (1 - part)))} left` : ''
  const words = `${Math.floor(part * 100)} %  ${speed}${left}`
  const width = Math.min(widest, room - words.length - 1)
  if (width < narrowest) return words.slice(0, room)
  const full = Math.round(part * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${words}`
}

const duration = (seconds: number): string =>
  seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
