import { expect } from '@jest/globals'
import { fold } from '../../../resources/search/fold.ts'
import type { Change, Version } from '../../../resources/store.ts'
import type { Claim } from '../store.ts'
import {
  byCode,
  change,
  coded,
  conflict,
  deletion,
  delhi,
  found,
  named,
  next,
  past,
  pune,
  query,
  scanned,
  times,
  write,
} from './material.ts'

export function commitContract(claim: Claim): void {
  claim('take away what had words, and go on', async store => {
    const spoken = (id: string, text: string) => {
      const made = change(id, { rows: [coded(id)] })
      return { ...made, extract: { ...made.extract, narrative: text, content: text } }
    }
    const [a, b, d] = [spoken('a', 'much to read'), spoken('b', 'more'), spoken('d', 'to read')]
    for (const each of [a, b, d]) await write(store, pune, each)
    // In any order, in one commit.
    await write(store, pune, deletion(d), deletion(a), next(b, { rows: [coded('c')] }))
    expect(await found(store, [{ kind: 'words', in: 'content', words: ['read'] }])).toEqual([])
    expect(await found(store, [byCode('c')])).toEqual(['b'])
  })

  outcomes(claim)
  order(claim)
  checks(claim)
  contents(claim)
}

function outcomes(claim: Claim): void {
  claim('gives the versions in the order of the changes', async (store, clock) => {
    const versions = await write(store, pune, change('b'), change('a', { type: 'Task' }))
    expect(versions.map(named)).toEqual(['Patient/b 1', 'Task/a 1'])
    for (const version of versions) {
      expect(version).toMatchObject({ at: clock.now, method: 'create' })
      expect(await store.read(pune, version.type, version.id)).toEqual(version)
    }
  })

  claim('one stale change among many stores none of them, and is named', async store => {
    await write(store, pune, change('old'))
    const fresh = times(20, n => change(`new${n}`, { rows: [coded(`${n}`)] }))
    const stale = change('old', { replaces: 2 })
    const attempt = write(store, pune, ...fresh.slice(0, 10), stale, ...fresh.slice(10))
    await expect(attempt).rejects.toMatchObject(conflict('version', 'Patient/old'))
    expect(await past(store)).toEqual(['Patient/old 1'])
    expect(await store.totals(pune)).toEqual({ Patient: 1 })
    expect(await found(store, [byCode('3')])).toEqual([])
    expect(await store.read(pune, 'Patient', 'new0')).toBeUndefined()
  })

  claim('a create of what is there is refused, and so is an update of what is not', async store => {
    await write(store, pune, change('a'))
    await expect(write(store, pune, change('a'))).rejects.toMatchObject(
      conflict('version', 'Patient/a'),
    )
    await expect(write(store, pune, change('b', { replaces: 1 }))).rejects.toMatchObject(
      conflict('version', 'Patient/b'),
    )
  })

  claim('one resource twice in a commit is refused', async store => {
    const first = change('a')
    const attempts = [
      [first, change('b'), change('a')],
      [first, change('b'), next(first)],
    ]
    for (const changes of attempts)
      await expect(write(store, pune, ...changes)).rejects.toMatchObject(
        conflict('version', 'Patient/a'),
      )
    expect(await past(store)).toEqual([])
  })

  claim('of 50 that replace one version, one is taken', async store => {
    const first = change('a')
    await write(store, pune, first)
    const answers = await Promise.allSettled(times(50, () => write(store, pune, next(first))))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers)
      if (answer.status === 'rejected')
        expect(answer.reason).toMatchObject(conflict('version', 'Patient/a'))
    expect(await past(store)).toEqual(['Patient/a 2', 'Patient/a 1'])
  })

  claim('those refused leave the commits beside them alone', async store => {
    await write(store, pune, change('there'))
    const answers = await Promise.allSettled(
      times(60, n => write(store, pune, change(n % 3 === 0 ? 'there' : `a${n}`))),
    )
    expect(answers.map(({ status }) => status)).toEqual(
      times(60, n => (n % 3 === 0 ? 'rejected' : 'fulfilled')),
    )
    expect(await store.totals(pune)).toEqual({ Patient: 41 })
  })

  claim('a build that throws writes nothing, and the next is taken', async store => {
    const broken = store.commit(pune, () => {
      throw new Error('not like this')
    })
    await expect(broken).rejects.toThrow('not like this')
    expect((await write(store, pune, change('a'))).map(named)).toEqual(['Patient/a 1'])
  })

  claim('nothing to change is no failure', async store => {
    expect(await write(store, pune)).toEqual([])
    expect(await past(store)).toEqual([])
  })
}

function order(claim: Claim): void {
  claim('asks for the commit once and at once', async (store, clock) => {
    const asked: number[] = []
    const done = store.commit(pune, at => {
      asked.push(at)
      return { changes: [change('a')] }
    })
    expect(asked).toEqual([clock.now])
    await done
    expect(asked).toHaveLength(1)
  })

  claim('time never goes back, though the clock does', async (store, clock) => {
    const at: number[] = []
    for (const step of [0, 10, -5000, 1, -1, 6000]) {
      clock.now += step
      const [version] = await store.commit(pune, instant => {
        at.push(instant)
        return { changes: [change(`a${at.length}`)] }
      })
      expect(version?.at).toBe(at.at(-1))
    }
    expect(at).toEqual([...at].sort((a, b) => a - b))
    expect(at.at(-1)).toBe(clock.now)
  })

  claim('400 at once are numbered in their order, over tenants', async (store, clock) => {
    const answers = await Promise.all(
      times(400, n => {
        clock.now += n % 7 === 0 ? -3 : 2
        return write(store, n % 2 ? pune : delhi, change(`${n}`), change(`${n}`, { type: 'Task' }))
      }),
    )
    const versions: Version[] = answers.flat()
    for (const [index, { seq, at }] of versions.entries()) {
      const before = versions[index - 1]
      if (!before) continue
      expect(seq).toBeGreaterThan(before.seq)
      expect(at).toBeGreaterThanOrEqual(before.at)
    }
    expect(await past(store)).toEqual(
      versions
        .filter(({ id }) => Number(id) % 2)
        .map(named)
        .reverse(),
    )
  })

  claim('whoever is told of a write finds it', async store => {
    for (let n = 0; n < 10; n++) {
      await write(store, pune, change(`a${n}`, { rows: [coded('same')] }))
      expect(await store.read(pune, 'Patient', `a${n}`)).toBeDefined()
      expect(await found(store, [byCode('same')])).toHaveLength(n + 1)
    }
  })
}

function checks(claim: Claim): void {
  const search = query({ where: [byCode('1')] })
  const check = (ids: string[]) => ({ query: search, ids, name: 'the identifier' })
  const failed = conflict('check', 'the identifier')

  claim('of 50 conditional creates at once, one is taken', async store => {
    const answers = await Promise.allSettled(
      times(50, n =>
        store.commit(pune, () => ({
          changes: [change(`a${n}`, { rows: [coded('1')] })],
          checks: [check([])],
        })),
      ),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers)
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject(failed)
    expect(await found(store, [byCode('1')])).toHaveLength(1)
  })

  claim('a check holds only while its search gives just these ids', async store => {
    const attempt = (id: string, ids: string[]) =>
      store.commit(pune, () => ({ changes: [change(id)], checks: [check(ids)] }))
    await expect(attempt('none', ['a'])).rejects.toMatchObject(failed)
    const a = change('a', { rows: [coded('1')] })
    await write(store, pune, a)
    await attempt('one', ['a'])
    await expect(attempt('other', ['b'])).rejects.toMatchObject(failed)
    await write(store, pune, change('b', { rows: [coded('1')] }))
    await expect(attempt('more', ['a'])).rejects.toMatchObject(failed)
    await attempt('two', ['b', 'a'])
    await write(store, pune, deletion(a))
    await expect(attempt('fewer', ['a', 'b'])).rejects.toMatchObject(failed)
    await attempt('left', ['b'])
    expect(await found(store, [], { count: 10 })).toEqual(['one', 'b', 'two', 'left'])
  })

  claim('checks alone are answered, and one that fails is enough', async store => {
    await write(store, pune, change('a', { rows: [coded('1')] }))
    const attempt = (...all: string[][]) =>
      store.commit(pune, () => ({ changes: [], checks: all.map(check) }))
    expect(await attempt(['a'])).toEqual([])
    await expect(attempt(['a'], [], ['a'])).rejects.toMatchObject(failed)
  })
}

function contents(claim: Claim): void {
  claim('3,500 changes in one commit are all there', async store => {
    const changes = times(3500, n => change(`p${n}`, { rows: [coded(`${n}`)] }))
    expect(await write(store, pune, ...changes)).toHaveLength(3500)
    expect(await store.totals(pune)).toEqual({ Patient: 3500 })
    expect(await found(store, [byCode('3499')])).toEqual(['p3499'])
    expect(await scanned(store, pune, 'Patient')).toHaveLength(3500)
  })

  claim('a resource of 5 MB comes back as it was', async store => {
    const json = JSON.stringify({ resourceType: 'Binary', data: 'ab/+'.repeat(1_250_000) })
    await write(store, pune, change('big', { type: 'Binary', json }))
    expect((await store.read(pune, 'Binary', 'big'))?.json === json).toBe(true)
    const { versions } = await store.history(pune, { type: 'Binary', count: 1 })
    expect(versions[0]?.json === json).toBe(true)
  })

  claim('every script comes back as it was, and is found', async store => {
    const texts = [
      'पुणे रुग्णालय',
      'தமிழ்',
      'عربى',
      '汉字',
      '👩🏽‍⚕️𝒳',
      'e\u0301 ≠ \u00e9',
      "'; --",
      '%_"\\',
    ]
    const changes = texts.map((text, n) =>
      change(`u${n}`, {
        json: `{"text": ${JSON.stringify(text)},  "n": 1.00}`,
        rows: [
          coded(text, `http://example.org/${text}`),
          { kind: 'string', param: 'name', text: fold(text), exact: text },
        ],
      }),
    )
    await write(store, pune, ...changes)
    for (const [n, text] of texts.entries()) {
      expect((await store.read(pune, 'Patient', `u${n}`))?.json).toBe(changes[n]?.json)
      const system = `http://example.org/${text}`
      const token = { kind: 'token', param: 'identifier', code: text, system } as const
      expect(await found(store, [token])).toEqual([`u${n}`])
      const name = { kind: 'string', param: 'name' } as const
      expect(await found(store, [{ ...name, text, match: 'exact' }])).toEqual([`u${n}`])
      for (const part of [fold(text), [...fold(text)].slice(0, -1).join('')])
        expect(await found(store, [{ ...name, text: part, match: 'starts' }])).toEqual([`u${n}`])
    }
  })

  claim('reads the newest, any by its number, what was deleted, and nothing', async store => {
    const first = change('a')
    const second = next(first, { method: 'patch' })
    const third = deletion(second)
    const fourth = next(third)
    const read = async (number?: number) => {
      const { method, json } = (await store.read(pune, 'Patient', 'a', number)) ?? {}
      return [method, json]
    }
    const steps: Change[] = [first, second, third, fourth]
    for (const step of steps) {
      await write(store, pune, step)
      expect(await read()).toEqual([step.method, step.json])
    }
    expect(steps.map(({ method }) => method)).toEqual(['create', 'patch', 'delete', 'revive'])
    for (const [n, step] of steps.entries())
      expect(await read(n + 1)).toEqual([step.method, step.json])
    expect(await store.read(pune, 'Patient', 'a', 5)).toBeUndefined()
    expect(await store.read(pune, 'Patient', 'a', 0)).toBeUndefined()
    expect(await store.read(pune, 'Patient', 'b')).toBeUndefined()
    expect(await store.read(pune, 'Task', 'a')).toBeUndefined()
  })

  claim('what a reference names is not there by being named', async store => {
    const target = 'Patient/later'
    await write(
      store,
      pune,
      change('t', { type: 'Task', rows: [{ kind: 'reference', param: 'for', target }] }),
    )
    expect(await store.read(pune, 'Patient', 'later')).toBeUndefined()
    expect(await found(store, [])).toEqual([])
    expect(await store.totals(pune)).toEqual({ Task: 1 })
    await write(store, pune, change('later', { rows: [coded('1')] }))
    expect(await found(store, [byCode('1')])).toEqual(['later'])
    expect(
      await found(store, [{ kind: 'reference', param: 'for', targets: [target] }], {
        types: ['Task'],
      }),
    ).toEqual(['t'])
  })
}
