import { z } from 'zod';
import { deviceError, requestError, SECOND } from '#domain';
import {
  type Ask,
  candidatesOf,
  checkUnit,
  type Expected,
  hexOf,
  largestRequest,
  parseUnits,
  scanUnits,
  timeReplies,
} from '../../../collectors/commissioning/index.ts';
import type { ModbusConnection } from '../../../collectors/contract.ts';
import { addressOf } from '../../../collectors/plan.ts';
import { command } from '../command.ts';
import type { Cli } from '../context.ts';
import { EXIT } from '../failure.ts';
import { reasonText } from '../labels-commissioning.ts';
import { createProgress } from '../output/progress.ts';
import { probeSchema } from '../shapes-commissioning.ts';
import {
  type FieldLine,
  fieldLine,
  holdLine,
  isTcp,
  LINE_OPTIONS,
  lineInput,
  modbusOnly,
} from '../wiring/field-line.ts';
import { showRegister, showTiming, showUnits } from './probe-view.ts';

export const probe = command({
  name: 'probe',
  summary: {
    zh: '调试一条 Modbus 线路：一个寄存器的各种解读、哪些地址应答、应答多快；只读',
    en: 'finds out about a Modbus line: what a register may mean, which units answer, how fast; it only reads',
  },
  args: [{ name: '[device]', text: { zh: '站点文件中的设备', en: 'a device of the site file' } }],
  options: [
    ...LINE_OPTIONS,
    {
      flags: '--register <fc:address>',
      text: {
        zh: '功能码与从零起的地址，如 3:40；或 40041、30041',
        en: 'function and zero-based address, such as 3:40; or 40041, 30041',
      },
    },
    {
      flags: '--expect <number>',
      text: { zh: '面板上显示的数，按接近程度排序', en: 'what the face shows: ranks by nearness' },
    },
    {
      flags: '--wait <seconds>',
      text: {
        zh: '两次读数之间的秒数，默认 3；给出 --expect 时为 0',
        en: 'between two reads, 3 by default; 0 with --expect',
      },
    },
    {
      flags: '--units <ranges>',
      text: { zh: '逐个询问这些地址，如 1-247', en: 'asks these units in turn, such as 1-247' },
    },
    {
      flags: '--times <n>',
      text: {
        zh: '测 n 次应答时间，并找出一次最多可读的字数',
        en: 'times n replies and finds the longest request it takes',
      },
    },
  ],
  examples: [
    {
      command: 'civicmeter probe --host 10.0.0.5 --unit 3 --register 3:40 --expect 84210.5',
      text: { zh: '面板显示 84210.5 的寄存器该怎样读', en: 'how to read the register whose face shows 84210.5' },
    },
    {
      command: 'civicmeter probe --host 10.0.0.5 --units 1-247 --timeout-ms 300',
      text: {
        zh: '线路上有哪些表计；Ctrl-C 后保留已找到的',
        en: 'which meters are on the line; Ctrl-C keeps what was found',
      },
    },
    {
      command: 'civicmeter probe a-main --site site.yaml --times 50',
      text: {
        zh: '应答多快，供 civicmeter plan --reply-ms 使用',
        en: 'how fast it answers, for civicmeter plan --reply-ms',
      },
    },
  ],
  answer: probeSchema,
  input: z.strictObject({
    args: z.array(z.string()).max(1),
    ...lineInput,
    register: z.string().optional(),
    expect: z
      .string()
      .regex(/^-?\d+(\.\d+)?$/)
      .optional(),
    wait: z.coerce.number().min(0).max(3_600).optional(),
    units: z.string().optional(),
    times: z.coerce.number().int().min(1).max(100_000).optional(),
  }),
  run: async (cli, { args: [device], ...input }) => {
    const line = fieldLine(cli, input, device);
    const connection = modbusOnly(line.connection);
    const job = jobOf(input, line, connection);
    // Ctrl-C ends the asking, not the telling
    const session = await holdLine(cli, connection, input.force === true);
    try {
      return await job(cli, session.ask, addressOf(connection));
    } finally {
      session.close();
    }
  },
});

interface Wanted {
  readonly unit?: number | undefined;
  readonly register?: string | undefined;
  readonly expect?: string | undefined;
  readonly wait?: number | undefined;
  readonly units?: string | undefined;
  readonly times?: number | undefined;
}

type Job = (cli: Cli, ask: Ask, line: string) => Promise<number>;

/** Which of the three things is asked for; all that can be wrong with it is said before the line is opened. */
function jobOf(wanted: Wanted, { device, models }: FieldLine, connection: ModbusConnection): Job {
  const chosen = [wanted.units === undefined ? '' : '--units', wanted.times === undefined ? '' : '--times'].filter(
    Boolean,
  );
  if (chosen.length > 1 || (wanted.units !== undefined && wanted.expect !== undefined)) {
    throw requestError('PROBE_AMBIGUOUS', 'units, times and what a face shows are asked for one at a time', {
      place: '--units, --times, --expect',
      cure: 'keep one of them',
    });
  }
  const model = device && models.get(device.model);
  const first = model?.protocol === 'modbus' ? model.registers[0] : undefined;
  const register = wanted.register === undefined ? undefined : parseRegister(wanted.register);
  if (wanted.units !== undefined) {
    return scan(parseUnits(wanted.units, '--units', isTcp(connection)), register ?? FIRST);
  }
  const number = wanted.unit ?? device?.unit;
  if (number === undefined) {
    throw requestError('DEVICE_NEEDED', 'it is not said which unit is meant', {
      place: '--unit',
      cure: 'add --unit N, or --units 1-247 to see what answers',
    });
  }
  const unit = checkUnit(number, '--unit', isTcp(connection));
  if (wanted.times !== undefined) {
    const { fc, address } = register ?? first ?? FIRST;
    return time({ unit, fc, address }, wanted.times);
  }
  if (!register) {
    throw requestError('REGISTER_NEEDED', 'it is not said what to find out', {
      place: '--register, --units, --times',
      cure: 'add --register 3:40 for a register, --units 1-247 for a scan, or --times 20 for the pace',
    });
  }
  const waitMs = (wanted.wait ?? (wanted.expect === undefined ? 3 : 0)) * SECOND;
  return interpret({ unit, ...register }, wanted.expect === undefined ? undefined : expectedOf(wanted.expect), waitMs);
}

interface RegisterPlace {
  readonly fc: 3 | 4;
  readonly address: number;
}

const FIRST: RegisterPlace = { fc: 3, address: 0 };
const ADDRESSES = 65_536;

/** 3:40, 4:40; and as documents number them 40041 (holding) and 30041 (input), from 1. Throws REGISTER_INVALID. */
function parseRegister(text: string): RegisterPlace {
  const [, fc, address] = /^\s*([34]):(\d{1,6})\s*$/.exec(text) ?? [];
  const [, table, number] = /^\s*([34])(\d{4,5})\s*$/.exec(text) ?? [];
  const place = fc === undefined ? Number(number) - 1 : Number(address);
  if (!(place >= 0 && place < ADDRESSES)) {
    throw requestError('REGISTER_INVALID', `"${text}" is no register`, {
      place: '--register',
      cure: 'write function and address from 0 to 65535, such as 3:40 (holding) or 4:40 (input)',
    });
  }
  // 4xxxx are holding registers, function 3; 3xxxx input registers, function 4
  const holding = fc === undefined ? table === '4' : fc === '3';
  return { fc: holding ? 3 : 4, address: place };
}

const expectedOf = (text: string): Expected => ({
  value: Number(text),
  digit: 10 ** -(text.split('.')[1] ?? '').length,
});

/** Of the longest value; fewer where the device's registers end before. */
const LENGTHS = [4, 2, 1] as const;

const interpret =
  (place: RegisterPlace & { readonly unit: number }, expected: Expected | undefined, waitMs: number): Job =>
  async (cli, ask, line) => {
    const first = await readWords(ask, place, LENGTHS, line);
    const readings = [first];
    if (waitMs > 0 && !cli.io.signal.aborted) {
      cli.io.err(
        cli.language === 'zh' ? `${waitMs / SECOND} 秒后再读一次\n` : `reading again in ${waitMs / SECOND} s\n`,
      );
      await cli.io.clock.sleep(waitMs, cli.io.signal).catch(() => undefined);
      if (!cli.io.signal.aborted) readings.push(await readWords(ask, place, [first.length], line));
    }
    const stopped = cli.io.signal.aborted;
    const candidates = candidatesOf(readings, expected);
    const words = readings.map(hexOf);
    showRegister(cli, { line, stopped, ...place, readings: words, expected: expected?.value ?? null, candidates });
    return stopped ? STOPPED : candidates.some(({ plausible }) => plausible) ? EXIT.fine : EXIT.found;
  };

/** Throws DEVICE_SILENT, REGISTER_REFUSED. */
async function readWords(
  ask: Ask,
  place: RegisterPlace & { readonly unit: number },
  lengths: readonly number[],
  line: string,
): Promise<readonly number[]> {
  let refused = '';
  for (const words of lengths) {
    const { result } = await ask({ ...place, words });
    if (result.ok) return result.words;
    if (result.fault.kind === 'exception') refused = reasonText(`exception-${result.fault.code}`).en;
    else {
      const why = reasonText(result.fault.kind).en;
      throw deviceError('DEVICE_SILENT', `unit ${place.unit} on ${line} gave no answer: ${why}`, {
        place: `unit ${place.unit} on ${line}`,
        cure: 'check power, wiring (A and B), unit and speed; civicmeter probe --units 1-247 finds what answers',
      });
    }
  }
  throw deviceError(
    'REGISTER_REFUSED',
    `unit ${place.unit} refuses register ${place.fc}:${place.address}: ${refused}`,
    {
      place: `unit ${place.unit} on ${line}`,
      cure: 'check function and address against the manual: many print address + 1, and 4xxxx for function 3, 3xxxx for 4',
    },
  );
}

const scan =
  (units: readonly number[], register: RegisterPlace): Job =>
  async (cli, ask, line) => {
    const progress = createProgress(cli);
    const stopped = (): boolean => cli.io.signal.aborted;
    const label = cli.language === 'zh' ? '询问地址' : 'asking units';
    const found = await scanUnits(ask, units, register, stopped, (done) => progress.report(done, units.length, label));
    progress.stop();
    showUnits(cli, { line, stopped: stopped(), units: found });
    if (stopped()) return STOPPED;
    return found.some(({ answer }) => answer === 'answers' || answer === 'refuses') ? EXIT.fine : EXIT.found;
  };

const time =
  (place: RegisterPlace & { readonly unit: number }, times: number): Job =>
  async (cli, ask, line) => {
    const progress = createProgress(cli);
    const stopped = (): boolean => cli.io.signal.aborted;
    const label = cli.language === 'zh' ? '计时' : 'timing';
    const { length: words } = await readWords(ask, place, LENGTHS, line);
    const request = { ...place, words };
    const timing = await timeReplies(ask, request, times, stopped, (done) => progress.report(done, times, label));
    progress.stop();
    const largest =
      timing.answered > 0 && !stopped()
        ? await largestRequest(ask, request, stopped)
        : { words: null, beyond: null, requests: 0 };
    showTiming(cli, { line, stopped: stopped(), ...request, ...timing, largest });
    return stopped() ? STOPPED : timing.answered === timing.requests ? EXIT.fine : EXIT.found;
  };

/** Ended by hand, as everywhere in the program (run.ts). */
const STOPPED = 130;
