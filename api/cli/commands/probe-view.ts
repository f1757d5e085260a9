import {
  type Candidate,
  type Largest,
  rangesOf,
  type Timing,
  type UnitAnswer,
} from '../../../collectors/commissioning/index.ts';
import type { Cli } from '../context.ts';
import { DOUBT_LABELS, exceptionText, reasonText, UNIT_ANSWER_LABELS } from '../labels-commissioning.ts';
import { present } from '../output/present.ts';
import { table } from '../output/table.ts';

interface Probed {
  readonly line: string;
  readonly stopped: boolean;
}

interface ProbedPlace extends Probed {
  readonly unit: number;
  readonly fc: 3 | 4;
  readonly address: number;
}

export interface RegisterProbe extends ProbedPlace {
  readonly readings: readonly (readonly string[])[];
  readonly expected: number | null;
  readonly candidates: readonly Candidate[];
}

const SHOWN = 12;

export function showRegister(cli: Cli, { candidates, ...probe }: RegisterProbe): void {
  const chinese = cli.language === 'zh';
  const answer = {
    what: 'register',
    ...probe,
    candidates: candidates.map(({ off, value, ...one }) => ({
      ...one,
      value: Number.isFinite(value) ? value : null,
      off: off ?? null,
    })),
  };
  const { unit, fc, address, readings, expected } = probe;
  const place = chinese
    ? `地址 ${unit}，功能码 ${fc}，寄存器 ${address}`
    : `unit ${unit}, function ${fc}, address ${address}`;
  const words = readings.map((one) => one.join(' ')).join(' → ');
  const columns = (
    chinese
      ? ['类型', '字序', '系数', '值', expected === null ? '疑点' : '偏差', '']
      : ['type', 'order', 'scale', 'value', expected === null ? 'doubts' : 'off', '']
  ).map((heading, i) => ({ heading, right: i === 3 || (i === 4 && expected !== null) }));
  const rows = candidates.slice(0, SHOWN).map((one) => {
    const doubts = one.doubts.map((doubt) => cli.say(DOUBT_LABELS[doubt])).join(chinese ? '、' : ', ');
    const last = one.off === undefined ? [doubts, ''] : [`${(one.off * 100).toFixed(3)} %`, doubts];
    return [one.type, one.order, one.scale, numberText(one.value), ...last];
  });
  const none = chinese
    ? '没有一种解读接近面板上的数：核对寄存器地址（手册常印地址 + 1）和面板单位。'
    : 'Nothing comes near what the face shows: check the address (manuals often print address + 1) and the unit of the face.';
  const advice = chinese
    ? '加 --expect 面板上的数，可连同系数一起排序。'
    : 'Add --expect with what the face shows, and scales are ranked as well.';
  const text = rows.length === 0 ? none : `${table(columns, rows)}${expected === null ? `\n${advice}` : ''}`;
  present(cli, answer, { text: `${place}: ${words}\n${text}` });
}

const numberText = (value: number): string =>
  Number.isFinite(value) && value !== 0 && (Math.abs(value) >= 1e12 || Math.abs(value) < 1e-4)
    ? value.toExponential(4)
    : String(Number(value.toPrecision(12)));

export interface UnitsProbe extends Probed {
  readonly units: readonly UnitAnswer[];
}

export function showUnits(cli: Cli, { units, ...probe }: UnitsProbe): void {
  const chinese = cli.language === 'zh';
  const answer = { what: 'units', ...probe, units: units.map((one) => ({ ...one, ms: tenth(one.ms) })) };
  const heard = units.filter((one) => one.answer !== 'silent');
  const silent = rangesOf(units.filter((one) => one.answer === 'silent').map(({ unit }) => unit));
  const columns = (chinese ? ['地址', '结果', '毫秒'] : ['unit', 'answer', 'ms']).map((heading, i) => ({
    heading,
    right: i !== 1,
  }));
  const rows = heard.map(({ unit, answer: how, exception, ms }) => [
    String(unit),
    exception === null
      ? cli.say(UNIT_ANSWER_LABELS[how])
      : `${cli.say(UNIT_ANSWER_LABELS[how])}: ${cli.say(exceptionText(exception))}`,
    ms.toFixed(1),
  ]);
  const says = [
    ...(rows.length > 0 ? [table(columns, rows).trimEnd()] : []),
    ...(silent === '' ? [] : [`${chinese ? '无应答' : 'silent'}: ${silent}`]),
    ...refusalAdvice(units, chinese),
    ...duplicateAdvice(units, chinese),
    ...(probe.stopped ? [chinese ? '已中止；以上为已找到的。' : 'Stopped; this is what was found until then.'] : []),
  ];
  present(cli, answer, { text: says.join('\n') });
}

const refusalAdvice = (units: readonly UnitAnswer[], chinese: boolean): readonly string[] => {
  if (!units.some(({ answer }) => answer === 'refuses')) return [];
  return [
    chinese
      ? '拒绝也是应答：表计在，只是没有所问的寄存器。'
      : 'A unit that refuses is there: it only has no such register.',
  ];
};

/** Two meters with one unit answer at once, and their bytes mix. */
function duplicateAdvice(units: readonly UnitAnswer[], chinese: boolean): readonly string[] {
  const garbled = units.filter(({ answer }) => answer === 'garbled' || answer === 'foreign').map(({ unit }) => unit);
  if (garbled.length === 0) return [];
  return [
    chinese
      ? `地址 ${rangesOf(garbled)} 的应答损坏：可能两台表计同一地址，或另有主站；逐台断开核对。`
      : `Garbled at ${rangesOf(garbled)}: two meters may have one unit, or there is another master; disconnect them one by one.`,
  ];
}

export interface TimingProbe extends ProbedPlace, Timing {
  /** Of each request. */
  readonly words: number;
  readonly largest: Largest;
}

export function showTiming(cli: Cli, probe: TimingProbe): void {
  const chinese = cli.language === 'zh';
  const { words, requests, answered, minMs, medianMs, maxMs, failures, largest } = probe;
  const answer = {
    what: 'timing',
    ...probe,
    minMs: minMs === null ? null : tenth(minMs),
    medianMs: medianMs === null ? null : tenth(medianMs),
    maxMs: maxMs === null ? null : tenth(maxMs),
  };
  const failed = Object.entries(failures).map(([reason, n]) => `${cli.say(reasonText(reason))} ${n}×`);
  const pace =
    minMs === null || medianMs === null || maxMs === null
      ? ''
      : chinese
        ? `应答：最短 ${minMs.toFixed(1)} ms，中位 ${medianMs.toFixed(1)} ms，最长 ${maxMs.toFixed(1)} ms`
        : `reply: shortest ${minMs.toFixed(1)} ms, median ${medianMs.toFixed(1)} ms, longest ${maxMs.toFixed(1)} ms`;
  const says = [
    chinese
      ? `${requests} 次请求（每次 ${words} 个字），${answered} 次应答`
      : `${requests} requests of ${words} words, ${answered} answered`,
    failed.join(', '),
    pace,
    largestText(largest, cli, chinese),
  ];
  present(cli, answer, { text: says.filter((text) => text !== '').join('\n') });
}

function largestText({ words, beyond }: Largest, cli: Cli, chinese: boolean): string {
  if (words === null) return '';
  const why = beyond === null ? '' : cli.say(reasonText(beyond));
  if (chinese) return `一次最多可读 ${words} 个字${why === '' ? '（直至协议上限 125）' : `；再长：${why}`}`;
  return `longest request: ${words} words${why === '' ? ' (up to the 125 that Modbus allows)' : `; anything longer: ${why}`}`;
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
