import type { MeterEventBody } from './meter-event.ts';
import { formatRational } from './rational.ts';
import { type LocalText, registerKey } from './registry.ts';
import { say } from './text.ts';
import { formatInstant } from './time-text.ts';
import type { Zone } from './zone.ts';

/** What a person said about a meter, in one line without the time at which it holds; face values in face units. */
export function eventWords(body: MeterEventBody, zone: Zone): LocalText {
  switch (body.kind) {
    case 'replacement': {
      const said = [
        ...known(body.final, (final) => say(`旧表止数 ${final}`, `the old meter ended at ${final}`)),
        say(`新表 ${body.serial}`, `new meter ${body.serial}`),
        ...known(body.initial, (initial) => say(`起数 ${initial}`, `begins at ${initial}`)),
        ...known(body.device, (device) => say(`设备 ${device}`, `device ${device}`)),
        ...known(body.register, (register) => say(`寄存器 ${register}`, `register ${register}`)),
        ...known(body.multiplier, (ratio) =>
          say(`倍率 ${formatRational(ratio)}`, `multiplier ${formatRational(ratio)}`),
        ),
        ...known(body.modulus, (modulus) => say(`满度 ${modulus}`, `modulus ${modulus}`)),
        ...known(body.maxRate, (rate) => say(`每小时最多 ${rate}`, `at most ${rate} an hour`)),
      ];
      return line(body.point, said);
    }
    case 'reset':
      return line(registerKey(body.device, body.register), [
        ...known(body.final, (final) => say(`归零前 ${final}`, `${final} before`)),
        ...known(body.initial, (initial) => say(`归零后 ${initial}`, `${initial} after`)),
      ]);
    case 'multiplier': {
      const ratio = formatRational(body.multiplier);
      return line(body.point, [say(`倍率 ${ratio}`, `multiplier ${ratio}`)]);
    }
    case 'exclude': {
      const to = formatInstant(body.to, zone);
      return line(registerKey(body.device, body.register), [say(`至 ${to}`, `until ${to}`)]);
    }
    case 'admit':
      return line(
        registerKey(body.device, body.register),
        known(body.amount, (amount) => say(`用量 ${amount}`, `amount ${amount}`)),
      );
  }
}

/** From when what is said holds. */
export const eventTime = (body: MeterEventBody): number => ('at' in body ? body.at : body.from);

const known = <T>(value: T | undefined, words: (value: T) => LocalText): readonly LocalText[] =>
  value === undefined ? [] : [words(value)];

const line = (what: string, said: readonly LocalText[]): LocalText =>
  said.length === 0
    ? say(what, what)
    : say(`${what}：${said.map(({ zh }) => zh).join('，')}`, `${what}: ${said.map(({ en }) => en).join(', ')}`);
