/** A site file: so many Acrel meters, evenly spread over Modbus TCP lines to these ports. */
export function gatewaySite(ports: readonly number[], devices: number, interval: string, id = 'plant'): string {
  const lines = ports.map((port) => `kind: modbus-tcp, host: 127.0.0.1, port: ${port}, timeout: 1 s, pause: 0 ms`);
  return siteWith(id, lines, devices, (place) => {
    return `model: acrel-adl3000-dtsd1352, unit: ${1 + place}, interval: ${interval}`;
  });
}

/** As `gatewaySite`, with meters m0, m1, … behind OPC UA servers that sign and encrypt (test/support/opcua/meters-child.ts). */
export function opcUaSite(endpoints: readonly string[], devices: number, interval: string, id = 'plant'): string {
  const lines = endpoints.map((endpoint) => `kind: opcua, endpoint: '${endpoint}', security: sign-and-encrypt`);
  return siteWith(id, lines, devices, (place) => {
    return `model: opcua-ecm-e2, namespace: 'urn:civicmeter:test', nodePrefix: m${place}., interval: ${interval}`;
  });
}

/** `meterOf`: a meter by its place on its line. */
function siteWith(id: string, lines: readonly string[], devices: number, meterOf: (place: number) => string): string {
  const meters = Array.from(
    { length: devices },
    (_, i) => `  - { id: em-${i}, connection: line-${i % lines.length}, ${meterOf(Math.floor(i / lines.length))} }`,
  );
  return `site:
  id: ${id}
  name: { zh: 机房, en: Plant }
  zone: Asia/Shanghai
  slot: 60 min
institutions:
  - { id: bureau, name: { zh: 局, en: Bureau }, headcount: 10, area: 100 m2 }
premises:
  - { id: house, name: { zh: 楼, en: House }, area: 100 m2 }
connections:
${lines.map((line, i) => `  - { id: line-${i}, ${line} }`).join('\n')}
devices:
${meters.join('\n')}
points:
  - id: p-main
    name: { zh: 总, en: Main }
    carrier: electricity
    premises: house
    role: main
    institution: bureau
    meters:
      - { serial: '1', device: em-0, register: e1, multiplier: 1, rating: { current: 100 A, voltage: 220 V, phases: 3 } }
`;
}
