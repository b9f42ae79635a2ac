/** Those who come and those who work there. Names and addresses in the languages of Pune; nobody is real. */
import { readFileSync } from 'node:fs'
import type { Address, Extension, HumanName, Patient } from 'fhir/r4'
import { lab, type Sex } from './catalogue.ts'
import type { Random } from './random.ts'

/** In Latin letters, and in those of the language. */
type Written = [latin: string, own?: string]

interface Language {
  code: string
  name: string
  weight: number
  male: Written[]
  female: Written[]
  family: Written[]
  areas: string[]
  city: string
  state: string
}

interface People {
  areas: [name: string, postalCode: string][]
  streets: string[]
  languages: Record<string, Omit<Language, 'code'>>
}

const people: People = JSON.parse(readFileSync(new URL('people.json', import.meta.url), 'utf8'))
const languages: Language[] = Object.entries(people.languages).map(([code, language]) => ({
  code,
  ...language,
}))

const language = (code: string): { extension: Extension[] } => ({
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/language', valueCode: code }],
})

interface Name {
  given: Written
  family: Written
}

const nameOf = (random: Random, spoken: Language, sex: Sex): Name => ({
  given: random.pick(spoken[sex]),
  family: random.pick(spoken.family),
})

function humanNames({ given, family }: Name, { code }: Language): HumanName[] {
  const latin: HumanName = {
    use: 'official',
    text: `${given[0]} ${family[0]}`,
    family: family[0],
    given: [given[0]],
  }
  if (!given[1] || !family[1]) return [latin]
  const own: HumanName = {
    ...language(code),
    use: 'usual',
    text: `${given[1]} ${family[1]}`,
    family: family[1],
    given: [given[1]],
  }
  return [latin, own]
}

function addresses(random: Random, spoken: Language): Address[] {
  const place = random.whole(0, people.areas.length - 1)
  const [area, postalCode] = people.areas[place] ?? ['Camp', '411001']
  const flat = random.whole(1, 40)
  const latin: Address = {
    use: 'home',
    type: 'both',
    text: `Flat ${flat}, ${random.pick(people.streets)}, ${area}, Pune ${postalCode}`,
    line: [`Flat ${flat}`, area],
    city: 'Pune',
    district: 'Pune',
    state: 'Maharashtra',
    postalCode,
    country: 'IN',
  }
  const own = spoken.areas[place]
  if (!own) return [latin]
  const translated: Address = {
    ...language(spoken.code),
    use: 'home',
    text: `${own}, ${spoken.city} ${postalCode}, ${spoken.state}`,
    line: [own],
    city: spoken.city,
    state: spoken.state,
    postalCode,
    country: 'IN',
  }
  return [latin, translated]
}

/** No Indian mobile number begins with a 5, so nobody can be called or written to by mistake. */
const phone = (random: Random): string =>
  `+91 5${random.whole(1000, 9999)} ${String(random.whole(0, 99_999)).padStart(5, '0')}`

const twoDigits = (value: number): string => String(value).padStart(2, '0')

/** A person of 1 to 92 years on the day; `number` tells them apart and makes the ids. */
export function patientOf(random: Random, number: number, day: string): Patient {
  const sex: Sex = random.chance(0.5) ? 'female' : 'male'
  const spoken = random.weighed(languages)
  const name = nameOf(random, spoken, sex)
  const age = Math.round(Math.min(92, Math.max(1, random.normal(44, 19))))
  const year = Number(day.slice(0, 4)) - age - 1
  const birthDate = `${year}-${twoDigits(random.whole(1, 12))}-${twoDigits(random.whole(1, 28))}`
  return {
    resourceType: 'Patient',
    id: `pune-${number}`,
    identifier: [
      {
        use: 'usual',
        type: {
          coding: [
            {
              system: 'http://terminology.hl7.org/CodeSystem/v2-0203',
              code: 'MR',
              display: 'Medical record number',
            },
          ],
        },
        system: `${lab}/mrn`,
        value: `SD-${String(number).padStart(6, '0')}`,
      },
    ],
    active: true,
    name: humanNames(name, spoken),
    telecom: [{ system: 'phone', value: phone(random), use: 'mobile', rank: 1 }],
    gender: sex,
    // Many know the year they were born in, and no more.
    birthDate: age > 60 && random.chance(0.3) ? String(year) : birthDate,
    address: addresses(random, spoken),
    communication: [
      {
        language: {
          coding: [{ system: 'urn:ietf:bcp:47', code: spoken.code }],
          text: spoken.name,
        },
        preferred: true,
      },
    ],
    managingOrganization: { reference: 'Organization/sahyadri', display: 'Sahyadri Diagnostics' },
  }
}
