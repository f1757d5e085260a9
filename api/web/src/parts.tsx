import { Empty, Skeleton, Tooltip } from 'antd';
import type { ReactNode } from 'react';
import type { LiveAnswer, Split, UsageRow } from '../../../pipeline/answers.ts';
import type { Answer, FigureRef } from './api.ts';
import { coverageText } from './coverage.tsx';
import { clockOf, grouped, plain } from './format.ts';
import { useSpeech } from './language.tsx';
import { ProblemAlert } from './problem-alert.tsx';
import { useSite } from './site.tsx';
import { QUALITY_INK, STATE_INK } from './theme.ts';
import type { LiveState } from './use-live.ts';

interface PanelProps {
  readonly title: string;
  readonly span: 4 | 5 | 7 | 8 | 12;
  readonly id: string;
  readonly side?: ReactNode;
  readonly flush?: boolean;
  readonly children: ReactNode;
}

export function Panel({ title, span, id, side, flush, children }: PanelProps) {
  return (
    <section className={`panel span-${span}`} data-panel={id} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <div className="side">{side}</div>
      </header>
      <div className={flush ? 'body flush' : 'body'}>{children}</div>
    </section>
  );
}

/** An exact decimal as it came, its fraction set back. */
export function Decimal({ display }: { readonly display: string }) {
  const { whole, fraction } = grouped(display);
  return (
    <span className="number">
      {whole}
      {fraction !== '' && <span className="fraction">{fraction}</span>}
    </span>
  );
}

interface FigureProps {
  readonly row: UsageRow | undefined;
  readonly figure: FigureRef;
  readonly unit: string;
  readonly bar?: boolean;
}

/** A figure of the books: a click opens its trace. */
export function Figure({ row, figure, unit, bar }: FigureProps) {
  const { text } = useSpeech();
  const { trace } = useSite();
  if (!row) return <span className="faint">–</span>;
  const weak = row.amount - row.split.measured !== 0;
  return (
    <Tooltip
      title={
        <div className="tip">
          {plain(row.display)} {unit}
          <QualityLegend split={row.split} coverage={row.coverage} dark />
          {row.provisional && <div>{text.provisional}</div>}
          {row.estimated !== null && row.estimated > 0 && <div>{text.estimated}</div>}
          <div>{text.clickToTrace}</div>
        </div>
      }
      mouseEnterDelay={0.4}
    >
      <button type="button" className="figure" onClick={() => trace(figure)}>
        <Decimal display={row.display} />
        {bar && weak && <QualityBar split={row.split} thin />}
      </button>
    </Tooltip>
  );
}

const QUALITIES = ['measured', 'interpolated', 'manual', 'disputed'] as const;

export function QualityBar({ split, thin }: { readonly split: Split; readonly thin?: boolean }) {
  const whole = QUALITIES.reduce((sum, one) => sum + Math.abs(split[one]), 0);
  return (
    <div className={thin ? 'bar thin' : 'bar'}>
      {QUALITIES.filter((one) => split[one] !== 0).map((one) => (
        <i key={one} style={{ width: `${(Math.abs(split[one]) / whole) * 100}%`, background: QUALITY_INK[one] }} />
      ))}
    </div>
  );
}

interface QualityLegendProps {
  readonly split: Split;
  readonly coverage?: number | undefined;
  readonly dark?: boolean;
}

export function QualityLegend({ split, coverage, dark }: QualityLegendProps) {
  const { text } = useSpeech();
  const whole = QUALITIES.reduce((sum, one) => sum + Math.abs(split[one]), 0);
  const percent = (part: number): string => (whole === 0 ? '0' : ((Math.abs(part) / whole) * 100).toFixed(1));
  return (
    <div className={dark ? 'legend' : 'legend faint'}>
      {QUALITIES.filter((one) => split[one] !== 0).map((one) => (
        <span key={one} className="state">
          <i style={{ background: QUALITY_INK[one] }} />
          {text.quality[one]} {percent(split[one])} %
        </span>
      ))}
      {coverage !== undefined && (
        <span>
          {text.coverage} {coverageText(coverage)}
        </span>
      )}
    </div>
  );
}

export function StateMark({ state }: { readonly state: LiveAnswer['state'] }) {
  const { text } = useSpeech();
  return (
    <span className="state">
      <i style={{ background: STATE_INK[state] }} />
      {text.state[state]}
    </span>
  );
}

/** Of which moment live values are, once the stream that brings newer ones is lost. */
export function Stopped({ live }: { readonly live: LiveState }) {
  const { text } = useSpeech();
  if (live.connection !== 'lost' || live.power === undefined) return null;
  return (
    <span className="partial small" data-stopped>
      {text.stoppedAt(clockOf(live.power.at))}
    </span>
  );
}

interface AnsweredProps<T> {
  readonly answer: Answer<T>;
  readonly again?: () => void;
  readonly isEmpty?: (value: T) => boolean;
  readonly children: (value: T) => ReactNode;
}

/** Loading, refused, empty, or what came; an old answer stays in view while a newer one fails. */
export function Answered<T>({ answer, again, isEmpty, children }: AnsweredProps<T>) {
  const { value } = answer;
  return (
    <>
      {answer.state === 'failed' && (
        <ProblemAlert problem={answer.problem} isBare={value === undefined} again={again} />
      )}
      {answer.state === 'loading' && value === undefined && <Skeleton active paragraph={{ rows: 4 }} />}
      {value !== undefined && (isEmpty?.(value) ? <Nothing /> : children(value))}
    </>
  );
}

export function Nothing({ what }: { readonly what?: string }) {
  const { text } = useSpeech();
  return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={what ?? text.none} />;
}
