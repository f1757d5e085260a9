import { type LocalText, say } from '#domain';

/** What people read about lines, requests and values that are read on the spot. */
export const VERDICT_LABELS = {
  holds: say('可行', 'holds'),
  tight: say('偏紧', 'tight'),
  'cannot-hold': say('不可行', 'cannot hold'),
  unused: say('没有设备', 'no device'),
} as const;

export const QUALITY_OF_VALUE = {
  good: say('正常', 'good'),
  uncertain: say('不确定', 'uncertain'),
  absent: say('缺失', 'absent'),
} as const;

export const UNIT_ANSWER_LABELS = {
  answers: say('应答', 'answers'),
  refuses: say('拒绝', 'refuses'),
  foreign: say('别的地址应答', 'another unit answered'),
  garbled: say('应答损坏', 'garbled'),
  'hung-up': say('挂断', 'hung up'),
  silent: say('无应答', 'silent'),
} as const;

export const DOUBT_LABELS = {
  'not-finite': say('不是数', 'no number'),
  'no-value-marker': say('像“无值”标记', 'looks like "no value"'),
  'out-of-range': say('超出常见范围', 'out of range'),
  'low-word-zero': say('低字为零', 'low word is zero'),
  jumped: say('两次之间跳变', 'jumped between two reads'),
  fell: say('下降', 'fell'),
  negative: say('为负', 'negative'),
  zero: say('为零', 'zero'),
} as const;

/** Modbus Application Protocol V1.1b3, 7. */
const EXCEPTIONS: Readonly<Record<number, LocalText>> = {
  1: say('功能码不支持', 'function not supported'),
  2: say('地址不存在', 'no such address'),
  3: say('数量或值不允许', 'length or value not allowed'),
  4: say('设备故障', 'device failure'),
  5: say('处理中', 'still working'),
  6: say('忙', 'busy'),
  8: say('存储校验错', 'memory parity error'),
  10: say('网关无路径', 'gateway has no path'),
  11: say('网关后无应答', 'nobody behind the gateway answered'),
};

export const exceptionText = (code: number): LocalText => {
  const known = EXCEPTIONS[code];
  return known
    ? say(`异常 ${code}：${known.zh}`, `exception ${code}: ${known.en}`)
    : say(`异常 ${code}`, `exception ${code}`);
};

const REASONS: Readonly<Record<string, LocalText>> = {
  timeout: say('超时', 'timed out'),
  framing: say('应答损坏', 'garbled reply'),
  foreign: say('别的地址应答', 'another unit answered'),
  closed: say('连接断开', 'connection closed'),
  'not-asked': say('未询问', 'not asked'),
  'no-value-marker': say('表计标明无值', 'the meter marks it as no value'),
  'not-finite': say('不是数', 'no number'),
  'not-safe-integer': say('超出整数范围', 'beyond whole numbers'),
  'beyond-face': say('超出表计量程', 'beyond the face of the meter'),
  'too-short': say('应答太短', 'reply too short'),
  'not-bcd': say('不是 BCD 码', 'no BCD digits'),
  'not-a-number': say('不是数', 'no number'),
  'namespace-unknown': say('服务器没有该命名空间', 'the server has no such namespace'),
};

/** Why a value is absent: a reason of ours, an exception, or a StatusCode as it is. */
export function reasonText(reason: string): LocalText {
  const code = /^exception-(\d+)$/.exec(reason)?.[1];
  return code === undefined ? (REASONS[reason] ?? say(reason, reason)) : exceptionText(Number(code));
}
