/** A way to a MongoDB that can be bad: what passes through it is lost where a test says so. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Way {
  /** The database by this way. */
  url: string
  /** The next so many answers to commands with this word are lost, though the commands come through, and so is the connection. */
  loseAnswers(word: string, times: number): void
  /** The next so many commands with this word do not come through. */
  loseCommands(word: string, times: number): void
  /** Nobody gets through, or again. */
  close(closed: boolean): void
  /** What is sent stays on the way, until it is not. */
  hold(held: boolean): void
  stop(): Promise<void>
}

export async function openWay(url: string): Promise<Way> {
  const [, host = '', port = '', name = ''] =
    /^mongodb:\/\/([^:/]+):(\d+)[^/]*\/([^?]*)/.exec(url) ?? []
  const sockets = new Set<Socket>()
  const loss = { answers: { word: '', times: 0 }, commands: { word: '', times: 0 } }
  let [closed, held] = [false, false]
  const isLost = (of: keyof typeof loss, data: string | Buffer): boolean => {
    const { word, times } = loss[of]
    if (times === 0 || !data.includes(word)) return false
    loss[of].times--
    return true
  }
  const server = createServer(client => {
    if (closed) return void client.destroy()
    const database = connect(Number(port), host)
    const end = () => {
      for (const socket of [client, database]) {
        sockets.delete(socket)
        socket.destroy()
      }
    }
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.on('error', end).on('close', end)
      if (held) socket.pause()
    }
    let lost = false
    client.on('data', data => {
      if (isLost('commands', data)) return end()
      lost ||= isLost('answers', data)
      database.write(data)
    })
    database.on('data', data => {
      if (lost) end()
      else client.write(data)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `mongodb://${at}/${name}?directConnection=true`,
    loseAnswers(word, times) {
      loss.answers = { word, times }
    },
    loseCommands(word, times) {
      loss.commands = { word, times }
    },
    close(now) {
      closed = now
      if (closed) endAll()
    },
    hold(now) {
      held = now
      for (const socket of sockets) held ? socket.pause() : socket.resume()
    },
    async stop() {
      endAll()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
