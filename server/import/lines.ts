/** The lines of a file, unpacked and decoded, without holding more than one of them. */
import { createReadStream } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { invalid } from '../../resources/error.ts'
import { decodeUtf8 } from '../../resources/json.ts'

export interface Line {
  /** From 1. */
  number: number
  /** Absent where the line cannot be read; `wrong` says why. */
  text?: string
  wrong?: string
}

export interface Source {
  /** As the user named it; `-` is standard input. */
  name: string
  lines: AsyncIterable<Line>
  /** Bytes of the file (packed, if it is) read so far. */
  bytes(): number
}

/** A longer line is reported, not held: more than a server takes as one body. */
const longest = 256 * 1024 * 1024
const newline = 10

/** The signal also ends a wait for standard input. */
export function openSource(name: string, signal: AbortSignal): Source {
  const raw: Readable = name === '-' ? process.stdin : createReadStream(name)
  addAbortSignal(signal, raw)
  let bytes = 0
  raw.on('data', chunk => {
    bytes += chunk.length
  })
  const unpacked = name.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
  raw.on('error', error => unpacked.destroy(error))
  return { name, lines: split(unpacked), bytes: () => bytes }
}

async function* split(stream: Readable): AsyncGenerator<Line> {
  let number = 0
  let held: Buffer[] = []
  let size = 0
  const take = (): Line => {
    const line = decode(++number, held, size)
    held = []
    size = 0
    return line
  }
  for await (const chunk of stream) {
    let rest: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)
    for (let cut = rest.indexOf(newline); cut >= 0; cut = rest.indexOf(newline)) {
      held.push(rest.subarray(0, cut))
      size += cut
      rest = rest.subarray(cut + 1)
      yield take()
    }
    size += rest.length
    if (size > longest) held = []
    else if (rest.length) held.push(rest)
  }
  if (size > 0) yield take()
}

function decode(number: number, parts: Buffer[], size: number): Line {
  if (size > longest) return { number, wrong: `the line is longer than ${longest} bytes` }
  try {
    return { number, text: decodeUtf8(Buffer.concat(parts)) }
  } catch {
    return { number, wrong: 'the line is not valid UTF-8' }
  }
}

/** All that is left, for a document of more than one line. */
export async function wholeText(
  lines: AsyncIterator<Line, unknown>,
  first: string,
): Promise<string> {
  const texts = [first]
  for (;;) {
    const next = await lines.next()
    if (next.done) return texts.join('\n')
    const { number, text, wrong }: Line = next.value
    // Without it the rest might be read as another document.
    if (text === undefined) throw invalid(`line ${number} of the document: ${wrong}`)
    texts.push(text)
  }
}
