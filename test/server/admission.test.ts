import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from '@jest/globals'
import { ownHost } from '../../server/admission.ts'
import { readConfig } from '../../server/config.ts'

const admit = (host: string, BASE_URL = ''): boolean => {
  const request = { headers: { host } } as IncomingMessage
  let admitted = false
  try {
    void ownHost(readConfig({ BASE_URL }))(request, {} as ServerResponse, () => {
      admitted = true
    })
  } catch (error) {
    expect(error).toMatchObject({ status: 421 })
  }
  return admitted
}

test('a name is this server’s where BASE_URL has it, as a proxy passes it on', () => {
  const base = 'https://FHIR.hospital.example.org:8443/fhir'
  expect(admit('fhir.hospital.example.org', base)).toBe(true)
  expect(admit('FHIR.Hospital.example.org:8443', base)).toBe(true)
  expect(admit('other.example.org', base)).toBe(false)
  expect(admit('fhir.hospital.example.org')).toBe(false)
})

test('a name that only begins or ends as ours is another one', () => {
  for (const name of ['localhost.evil.example.org', 'xlocalhost', '127.0.0.1.evil.example.org'])
    expect([name, admit(name)]).toEqual([name, false])
})
