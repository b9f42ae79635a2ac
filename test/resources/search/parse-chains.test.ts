import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { parseSearch } from '../../../resources/search/parse.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import { outside } from '../../support/outside.ts'
import { openSearch, type Searchable } from '../../support/search.ts'

const options = { defaultCount: 20, maxCount: 100 }
const parse = (type: string | undefined, query: string, strict = true) =>
  parseSearch(type, [...new URLSearchParams(query)], { ...options, strict })
const where = async (type: string | undefined, query: string): Promise<Predicate[]> =>
  (await parse(type, query)).query.where.map(outside)

const named = (text: string): Predicate => ({
  kind: 'string',
  param: 'name',
  text,
  match: 'starts',
})
const code = (code: string, param = 'code'): Predicate => ({ kind: 'token', param, code })
const chain = (param: string, types: string[], ...where: Predicate[]): Predicate => ({
  kind: 'chain',
  param,
  types,
  where,
})
const has = (type: string, param: string, ...where: Predicate[]): Predicate => ({
  kind: 'has',
  type,
  param,
  where,
})

describe('chains and _has', () => {
  test.each<[string, string, Predicate]>([
    ['Observation', 'subject:Patient.name=a', chain('subject', ['Patient'], named('a'))],
    ['Observation', 'patient.name=a', chain('subject', ['Patient'], named('a'))],
    ['Observation', 'subject.name=a', chain('subject', ['Patient', 'Location'], named('a'))],
    [
      'Observation',
      'subject:Patient.name=a,b',
      chain('subject', ['Patient'], { kind: 'or', any: [named('a'), named('b')] }),
    ],
    [
      'Observation',
      'subject:Patient.name:exact=Ra',
      chain('subject', ['Patient'], {
        kind: 'string',
        param: 'name',
        text: 'Ra',
        match: 'exact',
      }),
    ],
    [
      'Observation',
      'patient.gender:not=male',
      chain('subject', ['Patient'], { kind: 'not', not: code('male', 'gender') }),
    ],
    [
      'Observation',
      'patient.gender:missing=true',
      chain('subject', ['Patient'], { kind: 'not', not: { kind: 'present', param: 'gender' } }),
    ],
    ['Observation', 'patient._id=a', chain('subject', ['Patient'], { kind: 'id', ids: ['a'] })],
    [
      'Observation',
      'encounter:Encounter.patient.organization.name=a',
      chain(
        'encounter',
        ['Encounter'],
        chain('subject', ['Patient'], chain('organization', ['Organization'], named('a'))),
      ),
    ],
    [
      'Observation',
      'performer.organization.name=a',
      chain(
        'performer',
        ['Patient', 'PractitionerRole'],
        chain('organization', ['Organization'], named('a')),
      ),
    ],
    [
      'Patient',
      '_has:Observation:patient:_filter=code eq 1 and status eq final',
      has('Observation', 'subject', { kind: 'and', all: [code('1'), code('final', 'status')] }),
    ],
    [
      'Observation',
      'patient._list=l',
      chain('subject', ['Patient'], has('List', 'item', { kind: 'id', ids: ['l'] })),
    ],
    ['Patient', '_has:Observation:patient:code=1', has('Observation', 'subject', code('1'))],
    [
      'Patient',
      '_has:Observation:patient:code=1,2',
      has('Observation', 'subject', { kind: 'or', any: [code('1'), code('2')] }),
    ],
    [
      'Patient',
      '_has:Observation:patient:code:not=1',
      has('Observation', 'subject', { kind: 'not', not: code('1') }),
    ],
    [
      'Patient',
      '_has:Observation:patient:_has:AuditEvent:entity:agent-name=a',
      has(
        'Observation',
        'subject',
        has('AuditEvent', 'entity', {
          kind: 'string',
          param: 'agent-name',
          text: 'a',
          match: 'starts',
        }),
      ),
    ],
    [
      'Observation',
      'patient._has:Group:member:_id=g',
      chain('subject', ['Patient'], has('Group', 'member', { kind: 'id', ids: ['g'] })),
    ],
    [
      'Patient',
      '_has:Observation:patient:encounter.status=finished',
      has(
        'Observation',
        'subject',
        chain('encounter', ['Encounter', 'EpisodeOfCare'], code('finished', 'status')),
      ),
    ],
  ])('%s?%s', async (type, query, predicate) => {
    expect(await where(type, query)).toEqual([predicate])
  })

  test('repeats are all to hold, each for itself', async () => {
    expect(await where('Observation', 'patient.name=a&patient.name=b')).toEqual([
      chain('subject', ['Patient'], named('a')),
      chain('subject', ['Patient'], named('b')),
    ])
  })

  test('a parameter that means something else on each type stands once for each', async () => {
    const [either] = await where('Observation', 'encounter.patient.name=a')
    expect(either).toEqual({
      kind: 'or',
      any: [
        chain('encounter', ['Encounter'], chain('subject', ['Patient'], named('a'))),
        chain('encounter', ['EpisodeOfCare'], chain('patient', ['Patient'], named('a'))),
      ],
    })
  })

  test.each([
    [
      'Observation',
      'subject:Patient.nme=a',
      400,
      'nme is not a search parameter of Patient; near to it are name',
    ],
    [
      'Observation',
      'subject.nme=a',
      400,
      'nme is not a search parameter of Group, Device, Patient or Location',
    ],
    [
      'Observation',
      'sbject.name=a',
      400,
      'sbject is not a search parameter of Observation; near to it are subject',
    ],
    [
      'Observation',
      'patient.organization.nme=a',
      400,
      'nme is not a search parameter of Organization',
    ],
    [
      'Observation',
      'subject.organization.nme=a',
      400,
      'nme is not a search parameter of Organization',
    ],
    [
      'Observation',
      'subject:Organization.name=a',
      400,
      'subject does not refer to resources of type Organization',
    ],
    ['Observation', 'subject:Patent.name=a', 400, 'near to it are Patient'],
    ['Observation', 'code.name=a', 400, 'code of Observation is not a reference'],
    ['Observation', 'patient.name:wings=a', 400, 'no such modifier'],
    ['Observation', 'patient.birthdate=soon', 400, 'birthdate takes a date'],
    ['Observation', 'patient.=a', 400, 'a parameter has no name'],
    ['Observation', '.name=a', 400, 'a parameter has no name'],
    ['Patient', '_has:Observation:patient=1', 400, '_has takes the form'],
    ['Patient', '_has:Observation:patient:=1', 400, '_has takes the form'],
    ['Patient', '_has:Obs:patient:code=1', 400, 'Obs is none; near to it are'],
    ['Patient', '_has:Asha Rao:patient:code=1', 400, 'what is there is none'],
    [
      'Patient',
      '_has:Observation:ptient:code=1',
      400,
      'ptient is not a search parameter of Observation; near to it are patient',
    ],
    ['Patient', '_has:Observation:code:status=1', 400, 'code of Observation is not a reference'],
    [
      'Patient',
      '_has:Observation:patient:cde=1',
      400,
      'cde is not a search parameter of Observation',
    ],
    [
      'Practitioner',
      '_has:Observation:patient:code=1',
      400,
      'does not refer to resources of type Practitioner',
    ],
    ['Observation', 'patient._type=Patient', 400, '_type is for the whole search, not for a chain'],
    ['Observation', 'patient._sort=name', 400, '_sort is for the whole search, not for a chain'],
    ['Patient', '_has:Observation:patient:_count=1', 400, '_count is for the whole search'],
    ['QuestionnaireResponse', 'questionnaire.nme=a', 400, 'of Questionnaire; near to it are name'],
    ['QuestionnaireResponse', 'questionnaire:identifier=a', 422, 'which takes :missing, :below'],
    ['QuestionnaireResponse', 'questionnaire:above=http://a|1', 422, ':above does not work'],
    ['Patient', '_has=1', 400, '_has takes the form'],
  ])('%s?%s is refused', async (type, query, status, words) => {
    await expect(where(type, query)).rejects.toThrow(
      expect.objectContaining({ status, message: expect.stringContaining(words) }),
    )
  })

  test.each(['subject:Patient.nme=a', 'subject.nme=a', '_has:AuditEvent:entity:cde=1'])(
    '%s is passed over by a lenient search',
    async query => {
      const parsed = await parse('Observation', `${query}&status=final`, false)
      expect(parsed.query.where).toHaveLength(1)
      expect(parsed.used).toEqual([['status', 'final']])
      expect(parsed.warnings).toHaveLength(1)
    },
  )

  test('more than eight links are followed from one stored resource to the next, and that is said', async () => {
    const links = (count: number) => `${'partof.'.repeat(count)}name=a`
    const short = await parse('Location', links(8))
    expect(JSON.stringify(short.query.where)).toContain('partof>')
    expect(short.warnings).toEqual([])
    const long = await parse('Location', links(9))
    expect(JSON.stringify(long.query.where)).not.toContain('partof>')
    expect(long.warnings).toMatchObject([
      { severity: 'warning', diagnostics: expect.stringContaining('more than 8 links') },
    ])
    const has = await parse('Location', `${'_has:Location:partof:'.repeat(9)}name=a`)
    expect(has.warnings).toEqual([])
  })

  test('thirty-two links are followed, more are refused', async () => {
    for (const link of ['partof.', '_has:Location:partof:']) {
      expect(await where('Location', `${link.repeat(32)}name=a`)).toHaveLength(1)
      await expect(where('Location', `${link.repeat(33)}name=a`)).rejects.toThrow(
        expect.objectContaining({ status: 422, message: expect.stringContaining('32 links') }),
      )
    }
  })

  test('what would be read for too many types is refused soon', async () => {
    const wide = `${'subject.'.repeat(7)}_id=a`
    await expect(where('Basic', wide)).rejects.toThrow(
      expect.objectContaining({ status: 422, message: expect.stringContaining('5000 values') }),
    )
  })
})

describe('parts of others', () => {
  let store: Searchable
  beforeAll(async () => {
    store = await openSearch()
    const within = (partOf?: string) => (partOf ? { partOf: { reference: partOf } } : {})
    const location = (id: string, partOf?: string) =>
      store.put({ resourceType: 'Location', id, ...within(partOf && `Location/${partOf}`) })
    await location('hospital')
    await location('ward', 'hospital')
    await location('room', 'ward')
    await location('bed', 'room')
    await location('other')
    // Circles come to an end.
    await location('round', 'about')
    await location('about', 'round')
    await store.put({ resourceType: 'Organization', id: 'ward' })
    for (const id of ['hospital', 'ward', 'room', 'bed', 'other', 'round'])
      await store.put({
        resourceType: 'Encounter',
        id: `in-${id}`,
        status: 'finished',
        class: { code: 'AMB' },
        location: [{ location: { reference: `Location/${id}` } }],
      })
  })
  afterAll(() => store.close())

  test.each([
    ['Encounter', 'location:below=ward', ['in-bed', 'in-room', 'in-ward']],
    ['Encounter', 'location:below=Location/ward', ['in-bed', 'in-room', 'in-ward']],
    ['Encounter', 'location:below=ward,other', ['in-bed', 'in-other', 'in-room', 'in-ward']],
    ['Encounter', 'location:above=room', ['in-hospital', 'in-room', 'in-ward']],
    ['Encounter', 'location:above=hospital', ['in-hospital']],
    ['Encounter', 'location:below=about', ['in-round']],
    ['Encounter', 'location:above=about', ['in-round']],
    ['Encounter', 'location:below=none', []],
    ['Location', 'partof:below=hospital', ['bed', 'room', 'ward']],
    ['Location', 'partof:above=room', ['bed', 'room', 'ward']],
  ])('%s?%s', async (type, query, ids) => {
    expect((await store.find(type, query)).sort()).toEqual(ids)
  })

  test.each([
    ['Observation', 'subject:below=Patient/1', 'what subject refers to is not part of another'],
    ['Observation', 'patient:below=1', ':below does not work on patient'],
  ])('%s?%s is refused', async (type, query, words) => {
    await expect(where(type, query)).rejects.toThrow(
      expect.objectContaining({ status: 422, message: expect.stringContaining(words) }),
    )
  })
})
