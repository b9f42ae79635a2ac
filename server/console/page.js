const examples = [
  ['Patients', '/fhir/Patient?_count=3'],
  ['Patients by name', '/fhir/Patient?name=a&_count=3'],
  ['Newest results', '/fhir/Observation?_sort=-_lastUpdated&_count=3'],
  ['Results by patient name', '/fhir/Observation?patient.name=a&_sort=-date&_count=3'],
  [
    'Low haemoglobin, with patients',
    '/fhir/Observation?code-value-quantity=718-7$lt120||g/L&_include=Observation:patient&_count=3',
  ],
  ['Patients with a haemoglobin', '/fhir/Patient?_has:Observation:patient:code=718-7&_count=3'],
  ['Words anywhere', '/fhir/Patient?_content=road&_count=3'],
  ['Reports', '/fhir/DiagnosticReport?_count=3'],
  ['Everything that happened', '/fhir/_history?_count=3'],
  ['What it can do', '/fhir/metadata'],
]

const at = id => document.getElementById(id)

async function showTotals() {
  const totals = Object.entries(await (await fetch('/console/totals')).json())
  at('empty').hidden = totals.length > 0
  at('totals').replaceChildren(
    ...totals.map(([type, count]) => {
      const link = document.createElement('a')
      link.href = `/fhir/${type}?_pretty=true`
      const number = document.createElement('b')
      number.textContent = count.toLocaleString()
      link.append(type, number)
      const item = document.createElement('li')
      item.append(link)
      return item
    }),
  )
}

async function run(path, button) {
  for (const other of at('examples').children) other.setAttribute('aria-pressed', other === button)
  at('command').textContent = `GET ${path}`
  at('copy').hidden = false
  at('copy').onclick = () => navigator.clipboard.writeText(`curl '${location.origin}${path}'`)
  try {
    const answer = await fetch(path)
    // Shown as it came: parsing would change a decimal such as 1.00.
    const pretty = await fetch(`${path}${path.includes('?') ? '&' : '?'}_pretty=true`)
    at('answer').textContent = await (answer.ok ? pretty : answer).text()
  } catch {
    at('answer').textContent = 'The server does not answer.'
  }
}

at('examples').append(
  ...examples.map(([label, path]) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = label
    button.onclick = () => run(path, button)
    return button
  }),
)
await showTotals()
