import { type Carrier, CARRIER_LABELS, multiplyRational, type Rational, rational, say } from '#domain';
import type { Path } from './problem.ts';
import type { MeterEntry } from './schema.ts';
import { type Scope, take } from './scope.ts';
import { readElectrical, readFlow, readPower } from './texts.ts';

type Rating = NonNullable<MeterEntry['rating']>;

/**
 * The most that can pass the point, base units per hour on the **primary** side: power = current × voltage × phases with
 * the voltage of a phase against neutral (1 W for an hour is 1 Wh); or power; or flow. A register behind transformers
 * shows 1/multiplier of it, so the rate of its face is rating ÷ (multiplier × scale); see meters.ts.
 */
export function primaryRate(scope: Scope, rating: Rating, carrier: Carrier, path: Path): Rational | undefined {
  const given = (['current', 'power', 'flow'] as const).filter((key) => rating[key] !== undefined);
  const [form] = given;
  if (
    form === undefined ||
    given.length > 1 ||
    (form !== 'current' && (rating.voltage ?? rating.phases) !== undefined)
  ) {
    scope.report(
      path,
      'RATING_FORM',
      say(
        '额定值要么是 current、voltage、phases，要么是 power，要么是 flow',
        'A rating is current, voltage and phases, or power, or flow',
      ),
      carrier === 'electricity'
        ? say(
            '例如 { current: 400 A, voltage: 220 V, phases: 3 }',
            'Such as { current: 400 A, voltage: 220 V, phases: 3 }',
          )
        : say('例如 { flow: 16 m3/h }', 'Such as { flow: 16 m3/h }'),
      true,
    );
    return undefined;
  }
  const rate =
    form === 'flow'
      ? take(scope, [...path, 'flow'], readFlow(rating.flow ?? '', carrier))
      : form === 'power'
        ? take(scope, [...path, 'power'], readPower(rating.power ?? '', carrier))
        : electricalRate(scope, rating, carrier, path);
  if (rate === undefined || rate.num > 0) return rate;
  scope.report(
    [...path, form],
    'RATING_ZERO',
    say('额定值是 0', 'The rating is 0'),
    say('请写实际最大值；不知道时删去 rating', 'Write the real maximum, or remove the rating if it is not known'),
  );
  return undefined;
}

function electricalRate(scope: Scope, rating: Rating, carrier: Carrier, path: Path): Rational | undefined {
  if (carrier !== 'electricity') {
    scope.report(
      [...path, 'current'],
      'RATING_FORM',
      say(`${CARRIER_LABELS[carrier].zh}没有电流`, `${carrier} has no current`),
      say('请写 flow 或 power', 'Write flow or power'),
      true,
    );
    return undefined;
  }
  if (rating.voltage === undefined || (rating.phases !== 1 && rating.phases !== 3)) {
    scope.report(
      [...path, rating.voltage === undefined || rating.phases === undefined ? 'current' : 'phases'],
      'RATING_FORM',
      say('current 要和 voltage、phases（1 或 3）一起写', 'current goes with voltage and phases (1 or 3)'),
      say(
        '例如 { current: 400 A, voltage: 220 V, phases: 3 }',
        'Such as { current: 400 A, voltage: 220 V, phases: 3 }',
      ),
    );
    return undefined;
  }
  const current = take(scope, [...path, 'current'], readElectrical(rating.current ?? '', 'A'));
  const voltage = take(scope, [...path, 'voltage'], readElectrical(rating.voltage, 'V'));
  if (current === undefined || voltage === undefined) return undefined;
  const volts = voltage.num / voltage.den;
  if (rating.phases === 3 && volts >= 375 && volts <= 420) {
    scope.report(
      [...path, 'voltage'],
      'RATING_LINE_VOLTAGE',
      say(`${rating.voltage} 是线电压`, `${rating.voltage} is the voltage between two phases`),
      say('请写相电压，例如 220 V', 'Write the voltage of a phase against neutral, such as 220 V'),
    );
  }
  return multiplyRational(multiplyRational(current, voltage), rational(rating.phases));
}

/** A current that can only be that of the meter itself, or far beyond its transformer. `multiplier` as written: 400/5. */
export function checkTransformer(scope: Scope, meter: MeterEntry, path: Path): void {
  const [, primary, secondary] = /^\s*(\d+)\s*\/\s*(1|5)\s*$/.exec(String(meter.multiplier ?? '')) ?? [];
  const amperes = meter.rating?.current === undefined ? undefined : readElectrical(meter.rating.current, 'A');
  if (primary === undefined || secondary === undefined || !amperes?.ok) return;
  const current = amperes.value.num / amperes.value.den;
  const low = current <= Number(secondary) * 2 && Number(primary) > Number(secondary) * 4;
  if (!low && current <= 2 * Number(primary)) return;
  scope.report(
    [...path, 'rating', 'current'],
    'RATING_SIDE',
    low
      ? say(
          `${meter.rating?.current} 是表本身的电流，额定值指一次侧`,
          `${meter.rating?.current} is the current of the meter itself; the rating is of the primary side`,
        )
      : say(
          `${meter.rating?.current} 远大于互感器 ${meter.multiplier}`,
          `${meter.rating?.current} is far beyond the transformer ${meter.multiplier}`,
        ),
    say(`请写一次侧电流，例如 ${primary} A`, `Write the current of the primary side, such as ${primary} A`),
  );
}
