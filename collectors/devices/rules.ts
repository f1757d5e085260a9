import { CARRIER_LABELS, isMeteringError, type LocalText, MAX_FRAME_ENTRIES, say, unitsOf } from '#domain';
import type { DeviceModel, ModbusRegister, ModelRegister, WordType } from '../contract.ts';
import { suggest } from '../site/nearest.ts';
import type { Path, Report } from '../site/problem.ts';
import { GAUGE_UNIT_NAMES, PULSE, resolveRegister } from './resolve.ts';
import { extentOf, partsOf, WORDS_OF, wordsOfOrder } from './schema.ts';

type ModbusModel = Extract<DeviceModel, { readonly protocol: 'modbus' }>;

/** Reports what the shape of a model file alone cannot say. Paths are those of the model. */
export function checkRules(model: DeviceModel, report: Report): void {
  if (model.registers.length > MAX_FRAME_ENTRIES) {
    report(
      ['registers', MAX_FRAME_ENTRIES],
      'FRAME_FULL',
      say(`一帧最多 ${MAX_FRAME_ENTRIES} 个寄存器`, `A frame holds at most ${MAX_FRAME_ENTRIES} registers`),
      say('请只写要记账的', 'Keep those that are needed'),
    );
  }
  const keys = model.protocol === 'modbus' ? (['name'] as const) : (['name', 'path'] as const);
  for (const key of keys) checkTwice(model.registers, key, report);
  for (const [i, register] of model.registers.entries()) checkMeaning(register, ['registers', i], report);
  if (model.protocol === 'modbus') checkMemory(model, report);
}

function checkTwice(registers: readonly ModelRegister[], key: 'name' | 'path', report: Report): void {
  const first = new Map<unknown, number>();
  for (const [i, register] of registers.entries()) {
    const value: unknown = Reflect.get(register, key);
    const earlier = first.get(value);
    first.set(value, earlier ?? i);
    if (earlier === undefined) continue;
    report(
      ['registers', i, key],
      'REGISTER_TWICE',
      say(
        `第 ${earlier + 1} 个寄存器也写了 ${key} "${String(value)}"`,
        `Register number ${earlier + 1} has the ${key} "${String(value)}" too`,
      ),
      key === 'name'
        ? say('请换一个名字', 'Give it another name')
        : say('每个变量只写一次', 'Write each variable once'),
    );
  }
}

/** Unit, carrier, scale and modulus: what resolveRegister would refuse, each in its place. */
function checkMeaning(register: ModelRegister, path: Path, report: Report): void {
  const { kind, unit, carrier } = register;
  const counts = kind === 'counter' && unit !== PULSE;
  if (counts && carrier === undefined) {
    return report(
      [...path, 'carrier'],
      'CARRIER_MISSING',
      say(`计数器 "${register.name}" 没有写能源种类`, `The counter "${register.name}" has no carrier`),
      say(
        '请写 carrier，例如 electricity；脉冲写 unit: pulse',
        'Write carrier, such as electricity; or count in pulses: unit: pulse',
      ),
    );
  }
  const units = kind === 'gauge' ? GAUGE_UNIT_NAMES : carrier && counts ? unitsOf(carrier) : [PULSE];
  if (!units.includes(unit)) {
    return report(
      [...path, 'unit'],
      'UNIT_UNKNOWN',
      kind === 'gauge'
        ? say(`"${unit}" 不是瞬时量的单位`, `"${unit}" is not a unit of a gauge`)
        : say(`"${unit}" 不是${carrier && CARRIER_LABELS[carrier].zh}的单位`, `"${unit}" is not a unit of ${carrier}`),
      suggest(unit, units),
    );
  }
  try {
    resolveRegister(register);
  } catch (error) {
    if (!isMeteringError(error)) throw error;
    report(
      [...path, register.modulus === undefined ? 'scale' : 'modulus'],
      'SCALE_INEXACT',
      say(
        `${register.name} 的 scale 或 modulus 化不成整数格`,
        `scale or modulus of ${register.name} make no whole number of steps`,
      ),
      say('请按文档核对 unit、scale 和 modulus', 'Check unit, scale and modulus against the document'),
    );
  }
}

function checkMemory(model: ModbusModel, report: Report): void {
  for (const [i, register] of model.registers.entries()) {
    const path: Path = ['registers', i];
    checkPlaces(register, path, report);
    checkMarkers(register, path, report);
    checkReadable(model, register, path, report);
    checkOverlap(model.registers, i, report);
  }
  for (const [i, setting] of (model.settings ?? []).entries()) checkPlace(setting, ['settings', i], report);
}

function checkPlaces(register: ModbusRegister, path: Path, report: Report): void {
  for (const [i, part] of partsOf(register).entries()) {
    checkPlace(part, i === 0 ? path : [...path, 'parts', i - 1], report);
  }
}

interface Place {
  readonly address: number;
  readonly type: WordType;
  readonly order: ModbusRegister['order'];
}

const ORDER_OF_LENGTH: Readonly<Record<number, string>> = { 1: 'AB', 2: 'ABCD, CDAB', 3: 'ABCDEF', 4: 'ABCDEFGH' };

function checkPlace({ address, type, order }: Place, path: Path, report: Report): void {
  if (wordsOfOrder(order) !== WORDS_OF[type]) {
    report(
      [...path, 'order'],
      'ORDER_LENGTH',
      say(
        `${order} 有 ${order.length} 个字节，${type} 有 ${WORDS_OF[type] * 2} 个`,
        `${order} has ${order.length} bytes, ${type} has ${WORDS_OF[type] * 2}`,
      ),
      say(`请写 ${ORDER_OF_LENGTH[WORDS_OF[type]]}`, `Write ${ORDER_OF_LENGTH[WORDS_OF[type]]}`),
    );
  }
  if (address + WORDS_OF[type] > 65_536) {
    report(
      [...path, 'address'],
      'ADDRESS_BEYOND',
      say(`${type} 从 ${address} 起超出 65535`, `A ${type} from ${address} ends beyond address 65535`),
      say('请核对地址：线路上从 0 起', 'Check the address: on the wire it counts from 0'),
    );
  }
}

const BOUNDS: Readonly<Partial<Record<WordType, readonly [number, number]>>> = {
  u16: [0, 0xffff],
  i16: [-0x8000, 0x7fff],
  u32: [0, 0xffff_ffff],
  i32: [-0x8000_0000, 0x7fff_ffff],
};

function checkMarkers(register: ModbusRegister, path: Path, report: Report): void {
  const bounds = BOUNDS[register.type];
  for (const [i, marker] of (register.markers ?? []).entries()) {
    if (!bounds || (marker >= bounds[0] && marker <= bounds[1])) continue;
    const size = 2 ** (16 * WORDS_OF[register.type]);
    const same = marker > bounds[1] ? marker - size : marker + size;
    report(
      [...path, 'markers', i],
      'MARKER_RANGE',
      say(`${register.type} 里不会出现 ${marker}`, `${marker} cannot stand in a ${register.type}`),
      same >= bounds[0] && same <= bounds[1]
        ? say(`同样的位读作 ${same}`, `The same bits read as ${same}`)
        : say('请核对标记', 'Check the marker'),
    );
  }
}

/** Whether one request can bring the register: within the limit, no refused word, no hole where holes fail. */
function checkReadable(model: ModbusModel, register: ModbusRegister, path: Path, report: Report): void {
  const { from, to } = extentOf(register);
  const complain = (key: string, code: string, wrong: LocalText, instead: LocalText): void =>
    report([...path, key], code, wrong, instead);
  if (to - from > model.maxWords) {
    complain(
      register.parts ? 'parts' : 'type',
      'REGISTER_LONG',
      say(
        `"${register.name}" 占 ${to - from} 个寄存器，超过 maxWords ${model.maxWords}`,
        `"${register.name}" takes ${to - from} words, maxWords is ${model.maxWords}`,
      ),
      say('请核对 maxWords；一个值不能分两次读', 'Check maxWords: a value is never read in two requests'),
    );
  }
  const refused = model.refuses?.find((r) => r.fc === register.fc && from <= r.to && to > r.from);
  if (refused) {
    complain(
      'address',
      'ADDRESS_REFUSED',
      say(
        `"${register.name}" 在设备拒读的 ${refused.from}–${refused.to} 内`,
        `"${register.name}" lies in ${refused.from}–${refused.to}, which the device refuses`,
      ),
      say('请核对地址或 refuses', 'Check its address, or refuses'),
    );
  }
  const words = partsOf(register).reduce((sum, { type }) => sum + WORDS_OF[type], 0);
  if (model.noGaps && words < to - from) {
    complain(
      'parts',
      'PARTS_APART',
      say(`"${register.name}" 的各部分之间有空`, `Between the parts of "${register.name}" there is a gap`),
      say('noGaps 的设备上各部分须相邻', 'On a device with noGaps they must lie side by side'),
    );
  }
}

/** Each word belongs to one number: two registers over one word mean that an address is wrong. */
function checkOverlap(registers: readonly ModbusRegister[], i: number, report: Report): void {
  const own = registers[i];
  if (!own) return;
  const other = registers.slice(0, i).find((one) => one.fc === own.fc && sharesWord(one, own));
  if (!other) return;
  report(
    ['registers', i, 'address'],
    'REGISTER_OVERLAP',
    say(`"${own.name}" 与 "${other.name}" 占同一地址`, `"${own.name}" and "${other.name}" lie over each other`),
    say(
      `"${other.name}" 占 ${rangeText(other)}；请核对地址和类型`,
      `"${other.name}" takes ${rangeText(other)}; check address and type`,
    ),
  );
}

const sharesWord = (a: ModbusRegister, b: ModbusRegister): boolean =>
  partsOf(a).some((one) =>
    partsOf(b).some(
      (two) => one.address < two.address + WORDS_OF[two.type] && two.address < one.address + WORDS_OF[one.type],
    ),
  );

const rangeText = (register: ModbusRegister): string => {
  const { from, to } = extentOf(register);
  return to - from === 1 ? String(from) : `${from}–${to - 1}`;
};
