import { Segmented, Select } from 'antd';
import { useMemo, useState } from 'react';
import type { PointAnswer, UsageAnswer } from '../../../pipeline/answers.ts';
import { type Answer, type FigureRef, figureUrl, type Subject, useAnswer } from './api.ts';
import { Chart } from './chart.tsx';
import { compareOption } from './compare-option.ts';
import { pairsOf } from './compare-pairs.ts';
import { addDays, weekdayOf } from './format.ts';
import { useSpeech } from './language.tsx';
import { Answered, Panel } from './parts.tsx';
import { carriersOf, useSite } from './site.tsx';

const MINUTE_MS = 60_000;

type Carrier = PointAnswer['carrier'];

/** Today against the same weekday of last week; an institution, whose shares apply to whole days, by days of the week. */
export function ComparePanel() {
  const { text } = useSpeech();
  const { site, points, trace } = useSite();
  const [chosen, choose] = useState('site');
  const [wanted, want] = useState<Carrier>('electricity');
  const subject = parseSubject(chosen);
  const carriers = carriersFor(subject, points);
  const carrier = carriers.includes(wanted) ? wanted : (carriers[0] ?? 'electricity');
  const today = site.now.slice(0, 10);
  const byDay = subject.kind === 'institution';
  const monday = addDays(today, -weekdayOf(today));
  const [from, to] = byDay ? [monday, addDays(monday, 6)] : [today, today];
  const ref: FigureRef = { site: site.id, subject, carrier, from, to };
  const past: FigureRef = { ...ref, from: addDays(from, -7), to: addDays(to, -7) };
  const by = byDay ? 'day' : 'hour';
  const current = useAnswer<UsageAnswer>(figureUrl('/usage', ref, by), { everyMs: MINUTE_MS });
  const before = useAnswer<UsageAnswer>(figureUrl('/usage', past, by), { everyMs: MINUTE_MS });
  const again = (): void => {
    current.again();
    before.again();
  };
  const both = useMemo(() => together(current.answer, before.answer), [current.answer, before.answer]);
  const names = byDay
    ? { now: text.thisWeek, before: text.lastWeek }
    : { now: text.compareDayOf(today), before: text.compareDayBefore(past.from) };
  const weekdays = byDay ? text.weekdays : undefined;
  return (
    <Panel
      title={byDay ? text.compareWeek : text.compare}
      span={8}
      id="compare"
      side={
        <>
          <SubjectSelect value={chosen} onChange={choose} />
          <Segmented
            value={carrier}
            onChange={want}
            options={carriers.map((one) => ({ value: one, label: text.carriers[one] }))}
          />
        </>
      }
    >
      <Answered answer={both} again={again}>
        {([now, then]) => (
          <Chart
            height={byDay ? 232 : 252}
            label={byDay ? text.compareWeek : text.compare}
            option={compareOption(now, then, { ...names, coverage: text.coverage }, site.now, weekdays)}
            onPick={(series, index) => {
              const pair = pairsOf(now.rows, then.rows, weekdays)[index];
              const row = series === 0 ? pair?.now : pair?.before;
              if (row) trace({ ...ref, from: row.from, to: row.to });
            }}
          />
        )}
      </Answered>
      {byDay && <div className="faint small">{text.noHours}</div>}
    </Panel>
  );
}

const parseSubject = (chosen: string): Subject => {
  const [kind = '', id = ''] = chosen.split(':');
  return kind === 'institution' || kind === 'point' || kind === 'premises' ? { kind, id } : { kind: 'site' };
};

const carriersFor = (subject: Subject, points: readonly PointAnswer[]): readonly Carrier[] =>
  carriersOf(
    points.filter((point) => {
      if (subject.kind === 'point') return point.id === subject.id;
      if (subject.kind === 'premises') return point.role === 'main' && point.premises === subject.id;
      return point.role === 'main' && (subject.kind !== 'institution' || point.institutions.includes(subject.id));
    }),
  );

const together = <T,>(a: Answer<T>, b: Answer<T>): Answer<readonly [T, T]> => {
  const value = a.value !== undefined && b.value !== undefined ? ([a.value, b.value] as const) : undefined;
  if (a.state === 'failed') return { state: 'failed', problem: a.problem, value };
  if (b.state === 'failed') return { state: 'failed', problem: b.problem, value };
  return value ? { state: 'ready', value } : { state: 'loading' };
};

function SubjectSelect({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const { text, nameOf } = useSpeech();
  const { site, points, institutions } = useSite();
  const group = (
    kind: string,
    label: string,
    list: readonly { readonly id: string; readonly name: PointAnswer['name'] }[],
  ) => ({
    label,
    options: list.map(({ id, name }) => ({ value: `${kind}:${id}`, label: nameOf(name) })),
  });
  return (
    <Select
      aria-label={text.pick}
      value={value}
      onChange={onChange}
      showSearch={{ optionFilterProp: 'label' }}
      popupMatchSelectWidth={false}
      style={{ width: 210 }}
      options={[
        { value: 'site', label: text.site },
        group(
          'institution',
          text.institutions,
          institutions.filter(({ ended }) => !ended),
        ),
        group('premises', text.premises, site.premises),
        group(
          'point',
          text.points,
          points.filter(({ ended }) => !ended),
        ),
      ]}
    />
  );
}
