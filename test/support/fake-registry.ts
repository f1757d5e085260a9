import {
  type AllocationRule,
  type Carrier,
  dayOfCivil,
  type Item,
  ONE,
  type Point,
  type Rational,
  rational,
  type Registry,
  type Role,
  baseUnitOf,
  type Device,
  type Mounting,
} from '#domain';

/** A compound of three institutions in four buildings, for tests of what stands in front of the pipeline. */
interface Row {
  readonly id: string;
  readonly zh: string;
  readonly en: string;
  readonly carrier: Carrier;
  readonly premises: string;
  readonly role?: Role;
  readonly parent?: string;
  readonly item?: Item;
  readonly shares: readonly (readonly [institution: string, share: Rational])[];
  readonly multiplier?: Rational;
  /** Base units per hour at the busiest hour, after the multiplier. */
  readonly peak: number;
}

const half = rational(1, 2);
const all = (id: string): Row['shares'] => [[id, ONE]];
const tower: Row['shares'] = [
  ['centre', half],
  ['market', rational(3, 10)],
];
const third: Row['shares'] = [
  ['archive', rational(1, 5)],
  ['centre', half],
  ['market', rational(3, 10)],
];

export const ROWS: readonly Row[] = [
  {
    id: 'p-tower',
    zh: '综合楼总进线',
    en: 'Tower incoming feeder',
    carrier: 'electricity',
    premises: 'tower',
    shares: tower,
    multiplier: rational(80),
    peak: 182_000,
  },
  {
    id: 'p-tower-light',
    zh: '综合楼照明插座',
    en: 'Tower lighting and sockets',
    carrier: 'electricity',
    premises: 'tower',
    role: 'sub',
    parent: 'p-tower',
    item: 'lighting-and-sockets',
    shares: tower,
    multiplier: rational(40),
    peak: 61_000,
  },
  {
    id: 'p-tower-ac',
    zh: '综合楼空调',
    en: 'Tower air conditioning',
    carrier: 'electricity',
    premises: 'tower',
    role: 'sub',
    parent: 'p-tower',
    item: 'air-conditioning',
    shares: tower,
    multiplier: rational(60),
    peak: 88_000,
  },
  {
    id: 'p-tower-lift',
    zh: '综合楼电梯',
    en: 'Tower lifts',
    carrier: 'electricity',
    premises: 'tower',
    role: 'sub',
    parent: 'p-tower',
    item: 'power',
    shares: tower,
    multiplier: rational(20),
    peak: 16_000,
  },
  {
    id: 'p-hall',
    zh: '政务大厅总进线',
    en: 'Service hall incoming feeder',
    carrier: 'electricity',
    premises: 'hall',
    shares: all('centre'),
    multiplier: rational(40),
    peak: 74_000,
  },
  {
    id: 'p-hall-ac',
    zh: '政务大厅空调',
    en: 'Service hall air conditioning',
    carrier: 'electricity',
    premises: 'hall',
    role: 'sub',
    parent: 'p-hall',
    item: 'air-conditioning',
    shares: all('centre'),
    multiplier: rational(20),
    peak: 39_000,
  },
  {
    id: 'p-hall-it',
    zh: '政务大厅机房',
    en: 'Service hall server room',
    carrier: 'electricity',
    premises: 'hall',
    role: 'sub',
    parent: 'p-hall',
    item: 'special',
    shares: all('centre'),
    peak: 9_000,
  },
  {
    id: 'p-archive',
    zh: '档案楼总进线',
    en: 'Archive incoming feeder',
    carrier: 'electricity',
    premises: 'vault',
    shares: all('archive'),
    multiplier: rational(30),
    peak: 43_000,
  },
  {
    id: 'p-canteen',
    zh: '食堂总进线',
    en: 'Canteen incoming feeder',
    carrier: 'electricity',
    premises: 'canteen',
    shares: third,
    multiplier: rational(20),
    peak: 38_500,
  },
  {
    id: 'w-tower',
    zh: '综合楼自来水',
    en: 'Tower water',
    carrier: 'water',
    premises: 'tower',
    shares: tower,
    peak: 1_420,
  },
  {
    id: 'w-canteen',
    zh: '食堂自来水',
    en: 'Canteen water',
    carrier: 'water',
    premises: 'canteen',
    shares: third,
    peak: 910,
  },
  {
    id: 'w-archive',
    zh: '档案楼自来水',
    en: 'Archive water',
    carrier: 'water',
    premises: 'vault',
    shares: all('archive'),
    peak: 160,
  },
  {
    id: 'g-canteen',
    zh: '食堂天然气',
    en: 'Canteen natural gas',
    carrier: 'natural-gas',
    premises: 'canteen',
    shares: third,
    peak: 8_200,
  },
  {
    id: 'h-tower',
    zh: '综合楼热力',
    en: 'Tower heat',
    carrier: 'heat',
    premises: 'tower',
    shares: tower,
    peak: 290_000,
  },
  {
    id: 'h-hall',
    zh: '政务大厅热力',
    en: 'Service hall heat',
    carrier: 'heat',
    premises: 'hall',
    shares: all('centre'),
    peak: 138_000,
  },
];

const institution = (id: string, zh: string, en: string, heads: number, area: number) => ({
  id,
  name: { zh, en },
  headcount: [{ from: dayOfCivil(2024, 1, 1), value: heads }],
  area: [{ from: dayOfCivil(2024, 1, 1), value: area }],
});

const place = (id: string, zh: string, en: string, area: number) => ({
  id,
  name: { zh, en },
  area: [{ from: dayOfCivil(2024, 1, 1), value: area }],
});

export const registerOf = (row: Row): string =>
  row.carrier === 'electricity' ? 'e1' : row.carrier === 'heat' ? 'q1' : 'v1';

const pointOf = (row: Row): Point => {
  const rule: AllocationRule = {
    basis: 'fixed',
    shares: row.shares.map(([id, share]) => ({ institution: id, share })),
  };
  return {
    id: row.id,
    name: { zh: row.zh, en: row.en },
    carrier: row.carrier,
    premises: row.premises,
    role: row.role ?? 'main',
    parent: row.parent,
    item: row.item,
    allocations: [{ from: dayOfCivil(2024, 1, 1), value: rule }],
  };
};

const deviceOf = (row: Row): Device => ({
  id: `dev-${row.id}`,
  model: 'example',
  connection: 'line-1',
  intervalMs: 60_000,
  registers: [
    {
      name: registerOf(row),
      kind: 'counter',
      carrier: row.carrier,
      unit: baseUnitOf(row.carrier),
      scale: ONE,
      modulus: 10 ** 9,
    },
    ...(row.carrier === 'electricity' ? [{ name: 'p1', kind: 'gauge' as const, unit: 'mW', scale: ONE }] : []),
  ],
});

const mountingOf = (row: Row, i: number): Mounting => ({
  id: `${row.id}/20240${i + 100}`,
  point: row.id,
  serial: `20240${i + 100}`,
  device: `dev-${row.id}`,
  register: registerOf(row),
  multiplier: row.multiplier ?? ONE,
  scale: ONE,
  modulus: 10 ** 9,
});

export const fakeRegistry: Registry = {
  site: { id: 'compound', name: { zh: '市民中心', en: 'Civic compound' }, zone: 'Asia/Shanghai', slotMinutes: 60 },
  institutions: [
    institution('archive', '市档案馆', 'City archive', 46, 5_200),
    institution('centre', '政务服务中心', 'Service centre', 210, 14_800),
    institution('market', '市场监督管理局', 'Market supervision bureau', 128, 7_900),
  ],
  premises: [
    place('tower', '综合楼', 'Tower', 18_600),
    place('hall', '政务大厅', 'Service hall', 6_100),
    place('vault', '档案楼', 'Archive building', 5_200),
    place('canteen', '食堂', 'Canteen', 1_300),
  ],
  devices: ROWS.map(deviceOf),
  points: ROWS.map(pointOf),
  mountings: ROWS.map(mountingOf),
};
