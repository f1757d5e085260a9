/** A site file: so many Acrel meters, evenly spread over Modbus TCP lines to these ports. */
export function gatewaySite(ports: readonly number[], devices: number, interval: string, id = 'plant'): string {
  const index = Array.from({ length: devices }, (_, i) => i);
  const lines = ports.map(
    (port, i) => `  - { id: line-${i}, kind: modbus-tcp, host: 127.0.0.1, port: ${port}, timeout: 1 s, pause: 0 ms }`,
  );
  const meters = index.map(
    (i) =>
      `  - { id: em-${i}, connection: line-${i % ports.length}, model: acrel-adl3000-dtsd1352, unit: ${1 + Math.floor(i / ports.length)}, interval: ${interval} }`,
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
${lines.join('\n')}
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
