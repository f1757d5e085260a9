import { loadModels, resolveRegister } from '../../collectors/devices/index.ts';
import { checkSite, type Problem, type SiteCheck } from '../../collectors/site/index.ts';

export const models = loadModels();
export const check = (text: string): SiteCheck => checkSite(text, { file: 'site.yaml', models, resolveRegister });
export const problemsOf = (text: string): readonly Problem[] => {
  const checked = check(text);
  return 'problems' in checked ? checked.problems : [];
};
export const brief = (text: string): readonly string[] =>
  problemsOf(text).map(({ line, column, code }) => `${line}:${column} ${code}`);
export const codes = (text: string): readonly string[] => problemsOf(text).map(({ code }) => code);
export const BASE = `site: { id: s, name: S }
institutions:
  - { id: bureau, name: B, headcount: 10, area: 100 }
  - { id: court, name: C, headcount: 5, area: 100 }
connections:
  - { id: line, kind: modbus-tcp, host: 10.0.0.1 }
devices:
  - { id: d1, connection: line, model: acrel-adl3000-dtsd1352, unit: 1 }
points:
`;
export const point = (rest: string): string =>
  `${BASE}  - { id: p, name: P, carrier: electricity, role: main, ${rest} }\n`;
export const meter = (rest: string): string => point(`meters: [{ serial: A, device: d1, register: e1, ${rest} }]`);
