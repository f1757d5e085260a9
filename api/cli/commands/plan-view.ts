import { MINUTE, SECOND } from '#domain';
import type { DevicePlan, LinePlan } from '../../../collectors/commissioning/index.ts';
import type { Language } from '../context.ts';
import { VERDICT_LABELS } from '../labels-commissioning.ts';
import { table } from '../output/table.ts';
import { percent } from './common.ts';

/** The plan of a site for people: line by line what is sent, how long it takes, what follows from it. */
export const planText = (lines: readonly LinePlan[], language: Language): string =>
  lines.map((line) => lineText(line, language)).join('\n');

function lineText(line: LinePlan, language: Language): string {
  const chinese = language === 'zh';
  const head = `${line.connection}  ${line.kind} ${line.address}  ${VERDICT_LABELS[line.verdict][language]}`;
  if (line.devices.length === 0) return `${head}\n`;
  const heading = chinese
    ? ['设备', '地址', '功能码', '起始', '字数', '寄存器', '毫秒']
    : ['device', 'unit', 'fc', 'address', 'words', 'registers', 'ms'];
  const numeric = new Set([1, 2, 3, 4, 6]);
  const requests = table(
    heading.map((text, i) => ({ heading: text, right: numeric.has(i) })),
    line.devices.flatMap((device) => deviceRows(device, chinese)),
  );
  const says = [paceText(line, chinese), roundText(line, chinese), deadText(line, chinese), cureText(line, chinese)];
  return `${head}\n${requests}${says
    .filter((text) => text !== '')
    .map((text) => `  ${text}\n`)
    .join('')}`;
}

const REGISTERS_SHOWN = 6;

function deviceRows({ device, unit, requests, nodes, pollMs }: DevicePlan, chinese: boolean): readonly string[][] {
  if (nodes !== null) {
    const what = chinese ? `订阅 ${nodes} 个节点` : `${nodes} nodes subscribed to`;
    return [[device, '', '', '', '', what, pollMs.toFixed(0)]];
  }
  return requests.map(({ fc, address, words, registers, ms }, i) => [
    i === 0 ? device : '',
    i === 0 ? String(unit ?? '') : '',
    String(fc),
    String(address),
    String(words),
    registers.slice(0, REGISTERS_SHOWN).join(' ') +
      (registers.length > REGISTERS_SHOWN ? ` … (${registers.length})` : ''),
    ms.toFixed(0),
  ]);
}

function paceText({ pace, assumedSerial, kind }: LinePlan, chinese: boolean): string {
  const { serial, turnaroundMs, roundTripMs, pauseMs, replyMs } = pace;
  const pause = pauseMs > 0 ? (chinese ? `，间歇 ${pauseMs} ms` : `, pause ${pauseMs} ms`) : '';
  if (replyMs !== undefined) {
    return chinese
      ? `按实测应答 ${replyMs} ms 计${pause}`
      : `reckoned with the measured reply of ${replyMs} ms${pause}`;
  }
  const wire = serial
    ? `${serial.baudRate} ${chinese ? '波特' : 'baud'} 8${serial.parity.charAt(0).toUpperCase()}${serial.stopBits}`
    : '';
  const parts = chinese
    ? [
        wire === '' ? '' : `${assumedSerial ? '假定网关后为 ' : ''}${wire}`,
        roundTripMs > 0 ? `网络往返 ${roundTripMs} ms` : '',
        kind === 'opcua' ? '' : `表计反应 ${turnaroundMs} ms`,
      ]
    : [
        wire === '' ? '' : `${assumedSerial ? 'assumed behind the gateway: ' : ''}${wire}`,
        roundTripMs > 0 ? `network ${roundTripMs} ms` : '',
        kind === 'opcua' ? '' : `the meter begins its reply after ${turnaroundMs} ms`,
      ];
  const said = parts.filter((part) => part !== '').join(chinese ? '，' : ', ');
  const advice =
    kind === 'opcua'
      ? ''
      : chinese
        ? '；可用 civicmeter probe --times 实测后以 --reply-ms 代入'
        : '; measure it with civicmeter probe --times and give it as --reply-ms';
  return `${chinese ? '估算依据：' : 'reckoned with '}${said}${pause}${advice}`;
}

function roundText({ roundMs, share, skippedShare, devices }: LinePlan, chinese: boolean): string {
  const intervals = [...new Set(devices.map(({ intervalMs }) => intervalMs))].sort((a, b) => a - b).map(duration);
  const skipped =
    skippedShare === 0
      ? ''
      : chinese
        ? `，会漏掉 ${percent(skippedShare)} 的抄读`
        : `, and ${percent(skippedShare)} of the polls would be skipped`;
  return chinese
    ? `一轮 ${duration(roundMs)}，间隔 ${intervals.join('、')}：线路占用 ${percent(share)}${skipped}`
    : `a round takes ${duration(roundMs)}, interval ${intervals.join(', ')}: the line is busy ${percent(share)} of its time${skipped}`;
}

function deadText({ deadUnit }: LinePlan, chinese: boolean): string {
  if (!deadUnit) return '';
  const { attemptMs, attemptsInTenMinutes, thenEveryMs, skippedShare } = deadUnit;
  const others =
    skippedShare === 0
      ? chinese
        ? '其余设备不受影响'
        : 'the others lose no poll'
      : chinese
        ? `其余设备至多漏掉 ${percent(skippedShare)} 的抄读`
        : `the others lose at most ${percent(skippedShare)} of their polls`;
  return chinese
    ? `一台失联设备每次尝试占用线路 ${duration(attemptMs)}，前十分钟至多 ${attemptsInTenMinutes} 次，之后至多每 ${duration(thenEveryMs)} 一次；${others}`
    : `a unit that is silent costs ${duration(attemptMs)} per attempt, at most ${attemptsInTenMinutes} in the first ten minutes, then at most one in ${duration(thenEveryMs)}; ${others}`;
}

function cureText({ verdict, holdsFromMs, kind }: LinePlan, chinese: boolean): string {
  if (holdsFromMs === undefined) return '';
  const interval = duration(holdsFromMs);
  const speed = kind === 'modbus-rtu' ? (chinese ? '、提高波特率' : ', raise the speed of the line') : '';
  const said = chinese
    ? `把间隔改为 ${interval} 或更长${speed}，或把部分设备移到另一条线路`
    : `write an interval of ${interval} or more${speed}, or move devices to another line`;
  if (verdict === 'tight')
    return `${chinese ? '注意：没有余量重试。办法：' : 'note: there is little room. cure: '}${said}`;
  return `${chinese ? '警告：间隔不可行。办法：' : 'warning: the interval cannot hold. cure: '}${said}`;
}

/** 850 ms, 2.4 s, 15 min. */
const duration = (ms: number): string => {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 2 * MINUTE) return `${Number((ms / SECOND).toFixed(1))} s`;
  return `${Number((ms / MINUTE).toFixed(1))} min`;
};
