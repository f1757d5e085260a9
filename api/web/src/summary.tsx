import type { FindingAnswer, UsageAnswer } from '../../../pipeline/answers.ts';
import { type Answer, type FigureRef, figureUrl, urlOf, useAnswer } from './api.ts';
import { Coverage } from './coverage.tsx';
import { changeOf, instantDaysBefore } from './format.ts';
import { useSpeech } from './language.tsx';
import { Decimal, Figure, StateMark, Stopped } from './parts.tsx';
import { useSite } from './site.tsx';
import type { LiveState } from './use-live.ts';

const MINUTE_MS = 60_000;
const STATES = ['live', 'late', 'silent', 'never'] as const;

/** The five things to know at a glance. */
export function Summary({ live }: { readonly live: LiveState }) {
  const { text } = useSpeech();
  return (
    <div className="summary" data-panel="summary">
      <section>
        <h3>{text.power}</h3>
        <div className="big" data-figure="power">
          {live.power?.total.display ? <Decimal display={live.power.total.display} /> : '–'}
          <span className="unit">kW</span>
        </div>
        <div className="faint small">{live.power && text.powerOf(live.power.answering, live.power.of)}</div>
        <Stopped live={live} />
      </section>
      <Today />
      <Month />
      <section>
        <h3>{text.meters}</h3>
        <div className="states">
          {STATES.map((state) => (
            <span key={state}>
              <b>{live.power ? countersIn(live, state) : '–'}</b> <StateMark state={state} />
            </span>
          ))}
        </div>
        <Stopped live={live} />
      </section>
      <Findings />
    </div>
  );
}

/** Counters that stand at a point; a device has more than are booked. */
const countersIn = (live: LiveState, state: (typeof STATES)[number]): number =>
  live.registers.filter((one) => one.point !== null && one.kind === 'counter' && one.state === state).length;

function Today() {
  const { text } = useSpeech();
  const { site } = useSite();
  // the clock of the last answer, to the minute: the two stretches end at the same time of day
  const now = `${site.now.slice(0, 16)}:00${site.now.slice(19)}`;
  const today: FigureRef = { site: site.id, subject: { kind: 'site' }, carrier: 'electricity', from: now.slice(0, 10) };
  const earlier = instantDaysBefore(now, 7);
  const before: FigureRef = { ...today, from: earlier.slice(0, 10), to: earlier };
  const current = useAnswer<UsageAnswer>(figureUrl('/usage', today, 'day'), { everyMs: MINUTE_MS });
  // in the first minute of a day there is nothing yet to compare with
  const hasBegun = now.slice(11, 16) !== '00:00';
  const past = useAnswer<UsageAnswer>(hasBegun ? figureUrl('/usage', before, 'day') : undefined);
  const [a, b] = [current.answer.value, past.answer.value];
  const change = a && b ? changeOf(a.total.amount, b.total.amount) : undefined;
  return (
    <section>
      <h3>
        {text.today} <span>({text.soFar})</span>
      </h3>
      <div className="big">
        <Figure row={a?.total} figure={today} unit={a?.displayUnit ?? ''} />
        <span className="unit">{a?.displayUnit}</span>
      </div>
      <div className="faint small number">
        {change !== undefined && (
          <>
            {text.against} {change}
          </>
        )}
      </div>
      <Beside answer={current.answer} />
    </section>
  );
}

function Month() {
  const { text } = useSpeech();
  const { site } = useSite();
  const figure: FigureRef = {
    site: site.id,
    subject: { kind: 'site' },
    carrier: 'electricity',
    from: site.now.slice(0, 7),
  };
  const { answer } = useAnswer<UsageAnswer>(figureUrl('/usage', figure, 'month'), { everyMs: MINUTE_MS });
  return (
    <section>
      <h3>
        {text.month} <span>({text.soFar})</span>
      </h3>
      <div className="big">
        <Figure row={answer.value?.total} figure={figure} unit={answer.value?.displayUnit ?? ''} />
        <span className="unit">{answer.value?.displayUnit}</span>
      </div>
      <div className="faint small">{site.now.slice(0, 7)}</div>
      <Beside answer={answer} />
    </section>
  );
}

/** What a figure alone does not tell: that it is not whole, or not of now. */
function Beside({ answer }: { readonly answer: Answer<UsageAnswer> }) {
  const { text } = useSpeech();
  return (
    <>
      {answer.value && <Coverage of={answer.value.total.coverage} running />}{' '}
      {answer.state === 'failed' && <span className="partial small">{text.failed}</span>}
    </>
  );
}

function Findings() {
  const { text } = useSpeech();
  const { site } = useSite();
  const url = urlOf('/findings', { site: site.id, limit: 500 });
  const { answer } = useAnswer<{ items: readonly FindingAnswer[]; next?: string }>(url, { everyMs: MINUTE_MS });
  const open = answer.value?.items.filter(({ explained }) => !explained) ?? [];
  return (
    <section>
      <h3>{text.findings}</h3>
      <div className="big">
        {answer.value ? open.length : '–'}
        {answer.value?.next !== undefined && '+'}
      </div>
      <div className="faint small">{answer.value && open.length === 0 && text.findingsNone}</div>
      {answer.state === 'failed' && <span className="partial small">{text.failed}</span>}
    </section>
  );
}
