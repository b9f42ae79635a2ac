/** The laboratory itself: where it is, who works there, what it works with. */
import type { Device, FhirResource, Practitioner, PractitionerRole } from 'fhir/r4'
import { catalogue, catalogueResources, lab } from './catalogue.ts'

type Role = 'pathologist' | 'technician' | 'phlebotomist' | 'doctor'

interface Colleague {
  id: string
  given: string
  family: string
  own: string
  role: Role
}

const colleague = (role: Role, id: string, name: [given: string, family: string, own: string]) => ({
  role,
  id,
  given: name[0],
  family: name[1],
  own: name[2],
})

const colleagues: readonly Colleague[] = [
  colleague('pathologist', 'ranade', ['Sulabha', 'Ranade', 'सुलभा रानडे']),
  colleague('pathologist', 'mehta', ['Paresh', 'Mehta', 'પરેશ મહેતા']),
  colleague('technician', 'kamble', ['Nitin', 'Kamble', 'नितीन कांबळे']),
  colleague('technician', 'sayyed', ['Rukhsana', 'Sayyed', 'رخسانہ سید']),
  colleague('phlebotomist', 'lokhande', ['Archana', 'Lokhande', 'अर्चना लोखंडे']),
  colleague('phlebotomist', 'nair', ['Biju', 'Nair', 'ബിജു നായർ']),
  colleague('doctor', 'apte', ['Madhav', 'Apte', 'माधव आपटे']),
  colleague('doctor', 'sengupta', ['Ila', 'Sengupta', 'ইলা সেনগুপ্ত']),
  colleague('doctor', 'venkatesh', ['Radha', 'Venkatesh', 'ராதா வெங்கடேஷ்']),
]

export const those = (role: Role): readonly Colleague[] =>
  colleagues.filter(each => each.role === role)

export const reference = ({ id, given, family, role }: Colleague) => ({
  reference: `Practitioner/${id}`,
  display: `${role === 'phlebotomist' || role === 'technician' ? '' : 'Dr. '}${given} ${family}`,
})

const roleCodes: Record<Role, { code: string; display: string }> = {
  pathologist: { code: '61207006', display: 'Medical pathologist' },
  technician: { code: '159285000', display: 'Medical laboratory technician' },
  phlebotomist: { code: '309398001', display: 'Phlebotomist' },
  doctor: { code: '59058001', display: 'General physician' },
}

const practitioner = ({ id, given, family, own, role }: Colleague): Practitioner => {
  const doctor = role === 'pathologist' || role === 'doctor'
  return {
    resourceType: 'Practitioner',
    id,
    identifier: [{ system: `${lab}/staff`, value: id }],
    active: true,
    name: [
      { use: 'official', family, given: [given], ...(doctor ? { prefix: ['Dr.'] } : {}) },
      { use: 'usual', text: own },
    ],
    ...(doctor ? { qualification: [{ code: { text: 'MD' } }] } : {}),
  }
}

const practitionerRole = ({ id, role }: Colleague): PractitionerRole => ({
  resourceType: 'PractitionerRole',
  id: `${id}-${role}`,
  active: true,
  practitioner: { reference: `Practitioner/${id}` },
  ...(role === 'doctor' ? {} : { organization: { reference: 'Organization/sahyadri' } }),
  code: [{ coding: [{ system: 'http://snomed.info/sct', ...roleCodes[role] }], text: role }],
})

const device = ([id, name]: [string, string]): Device => ({
  resourceType: 'Device',
  id: `analyser-${id}`,
  identifier: [{ system: `${lab}/devices`, value: id }],
  status: 'active',
  deviceName: [{ name, type: 'user-friendly-name' }],
  owner: { reference: 'Organization/sahyadri' },
  location: { reference: 'Location/sahyadri-main' },
})

/** All that is there before the first patient comes. */
export const laboratory = (): FhirResource[] => [
  {
    resourceType: 'Organization',
    id: 'sahyadri',
    identifier: [{ system: `${lab}/organisation`, value: 'sahyadri' }],
    active: true,
    type: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/organization-type',
            code: 'prov',
            display: 'Healthcare Provider',
          },
        ],
        text: 'Diagnostic laboratory',
      },
    ],
    name: 'Sahyadri Diagnostics',
    alias: ['सह्याद्री डायग्नोस्टिक्स'],
    telecom: [{ system: 'phone', value: '+91 20 5550 0100', use: 'work' }],
    address: [
      {
        use: 'work',
        line: ['12 Karve Road', 'Kothrud'],
        city: 'Pune',
        state: 'Maharashtra',
        postalCode: '411038',
        country: 'IN',
      },
    ],
  },
  {
    resourceType: 'Location',
    id: 'sahyadri-main',
    status: 'active',
    name: 'Sahyadri Diagnostics, Kothrud',
    mode: 'instance',
    position: { longitude: 73.8077, latitude: 18.5074 },
    managingOrganization: { reference: 'Organization/sahyadri' },
  },
  ...colleagues.map(practitioner),
  ...colleagues.map(practitionerRole),
  ...Object.entries(catalogue.devices).map(device),
  ...catalogueResources(),
]
