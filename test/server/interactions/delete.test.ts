import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { mrn, numbered, patient, put, send } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ MAX_DELETE: '5' })
})
afterAll(() => app.close())

const remove = (path: string, headers: Record<string, string> = {}) =>
  send(app, ['DELETE', path], undefined, { headers })
const get = (path: string) => app.request.get(`/fhir/${path}`)

describe('delete', () => {
  test('answers 204 with the tag of the delete; a read answers 410 then', async () => {
    await put(app, patient({ id: 'd1' }))
    const { status, headers, text } = await remove('Patient/d1')
    expect([status, headers.etag, text]).toEqual([204, 'W/"2"', ''])
    expect((await get('Patient/d1')).status).toBe(410)
    expect((await get('Patient?_id=d1')).body.entry).toBeUndefined()
  })

  test('of the deleted answers 204 again and makes no version', async () => {
    await put(app, patient({ id: 'd2' }))
    await remove('Patient/d2')
    const { status, headers } = await remove('Patient/d2')
    expect([status, headers.etag]).toEqual([204, 'W/"2"'])
    expect((await get('Patient/d2/_history')).body.total).toBe(2)
  })

  test('of what never was answers 204', async () => {
    expect((await remove('Patient/never')).status).toBe(204)
    expect((await get('Patient/never')).status).toBe(404)
  })

  test('answers 200 with an OperationOutcome where the caller prefers one', async () => {
    await put(app, patient({ id: 'd3' }))
    const wanted = { Prefer: 'return=OperationOutcome' }
    const first = await remove('Patient/d3', wanted)
    expect([first.status, first.body.issue[0].diagnostics]).toEqual([200, 'done'])
    const second = await remove('Patient/d3', wanted)
    expect(second.body.issue[0].diagnostics).toBe('nothing had to be changed')
  })

  test.each([
    ['the newest version', 204, 'W/"1"'],
    ['any version', 204, '*'],
    ['another version', 412, 'W/"2"'],
    ['a malformed tag', 400, '1'],
  ])('If-Match with %s answers %i', async (_, status, tag) => {
    const id = `d4-${status}-${Buffer.from(tag).toString('hex')}`
    await put(app, patient({ id }))
    expect((await remove(`Patient/${id}`, { 'If-Match': tag })).status).toBe(status)
    expect((await get(`Patient/${id}`)).status).toBe(status === 204 ? 410 : 200)
  })

  test.each(['*', 'W/"2"'])('If-Match: %s on the deleted answers 412', async tag => {
    await put(app, patient({ id: 'd5' }))
    await remove('Patient/d5')
    const { headers } = await get('Patient/d5')
    expect((await remove('Patient/d5', { 'If-Match': tag })).status).toBe(412)
    expect((await get('Patient/d5')).headers.etag).toBe(headers.etag)
  })

  test.each(['Patient/d_6', 'Patient/d6?wings=2'])('%s answers 400', async path => {
    expect((await remove(path)).status).toBe(400)
  })
})

describe('conditional delete', () => {
  const by = (value: string, more = '') => `Patient?identifier=${mrn}|${value}${more}`
  const fill = async (value: string, count: number): Promise<void> => {
    for (let n = 1; n <= count; n++) await put(app, numbered(value, { id: `${value}-${n}` }))
  }
  const left = async (value: string): Promise<number> =>
    (await get(`${by(value)}&_summary=count`)).body.total

  test.each([
    ['nothing matches', 0, 204, 0],
    ['one matches', 1, 204, 0],
    ['two match', 2, 412, 2],
  ])('of one, where %s of %i, answers %i', async (_, count, status, kept) => {
    const value = `single${count}`
    await fill(value, count)
    expect((await remove(by(value))).status).toBe(status)
    expect(await left(value)).toBe(kept)
  })

  test('of many takes all that match up to _count, and says how many', async () => {
    await fill('many', 3)
    const { status, body } = await remove(by('many', '&_count=3'))
    expect([status, body.issue[0].diagnostics]).toEqual([200, '3 deleted'])
    expect(await left('many')).toBe(0)
    const again = await remove(by('many', '&_count=3'))
    expect([again.status, again.body.issue[0].diagnostics]).toEqual([200, '0 deleted'])
  })

  test('of many answers 204 where the caller prefers a minimal answer', async () => {
    await fill('quiet', 2)
    const { status, text } = await remove(by('quiet', '&_count=2'), { Prefer: 'return=minimal' })
    expect([status, text]).toEqual([204, ''])
    expect(await left('quiet')).toBe(0)
  })

  test('of many answers 412 and deletes nothing where more match than _count', async () => {
    await fill('over', 3)
    const answer = await remove(by('over', '&_count=2'))
    expect([answer.status, answer.body.issue[0].code]).toEqual([412, 'multiple-matches'])
    expect(await left('over')).toBe(3)
  })

  test.each([
    ['no criteria', 'Patient'],
    ['no search parameter', 'Patient?_count=3'],
    ['an unknown parameter', 'Patient?wings=2'],
    ['an unknown parameter and _count', 'Patient?wings=2&_count=3'],
    ['a _count that is no number', `Patient?identifier=${mrn}|x&_count=all`],
    ['a _count of 0', `Patient?identifier=${mrn}|x&_count=0`],
    ['a _count above the limit', `Patient?identifier=${mrn}|x&_count=6`],
  ])('%s answers 400', async (_, path) => {
    expect((await remove(path)).status).toBe(400)
  })
})
