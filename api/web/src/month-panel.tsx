import { Skeleton } from 'antd';
import type { PointAnswer, UsageAnswer } from '../../../pipeline/answers.ts';
import { type FigureRef, figureUrl, type Subject, useAnswers } from './api.ts';
import { Coverage } from './coverage.tsx';
import { useSpeech } from './language.tsx';
import { Figure, Nothing, Panel } from './parts.tsx';
import { ProblemAlert } from './problem-alert.tsx';
import { carriersEver, carriersOf, useSite } from './site.tsx';
import { differences, WHOLE } from './sums.ts';
import { institutionHref } from './route.ts';

const MINUTE_MS = 60_000;
type Carrier = PointAnswer['carrier'];

interface Party {
  readonly key: string;
  readonly name: string;
  readonly subject: Subject;
  readonly carriers: readonly Carrier[];
  /** Shown only where it bore something of the month before it ended. */
  readonly ended?: boolean;
}

/** What each institution bears of the running month, what nobody does, and that both add up to the whole. */
export function MonthPanel() {
  const { text, nameOf } = useSpeech();
  const { site, points, institutions, lists } = useSite();
  const mains = points.filter(({ role }) => role === 'main');
  const carriers = carriersEver(mains);
  const month = site.now.slice(0, 7);
  const parties: readonly Party[] = [
    ...institutions.map(({ id, name, ended }): Party => ({
      key: id,
      name: nameOf(name),
      subject: { kind: 'institution', id },
      carriers: carriersEver(mains.filter((point) => point.institutions.includes(id))),
      ended,
    })),
    { key: '~unallocated', name: text.unallocated, subject: { kind: 'unallocated' }, carriers },
    { key: WHOLE, name: text.total, subject: { kind: 'site' }, carriers },
  ];
  const refOf = (party: Party, carrier: Carrier): FigureRef => ({
    site: site.id,
    subject: party.subject,
    carrier,
    from: month,
  });
  const urls = Object.fromEntries(
    parties.flatMap((party) =>
      party.carriers.map((carrier) => [`${party.key}/${carrier}`, figureUrl('/usage', refOf(party, carrier), 'month')]),
    ),
  );
  const { values, problem, loading, again } = useAnswers<UsageAnswer>(
    urls,
    MINUTE_MS,
    (all) => differences(parties, carriers, all).length === 0,
  );
  const used = (key: string): boolean => (values[key]?.total.amount ?? 0) !== 0;
  const columns = carriers.filter((carrier) => carriersOf(mains).includes(carrier) || used(`${WHOLE}/${carrier}`));
  const rows = parties.filter(({ key, ended }) => !ended || carriers.some((carrier) => used(`${key}/${carrier}`)));
  const cellOf = (party: Party, carrier: Carrier): UsageAnswer | undefined => values[`${party.key}/${carrier}`];
  return (
    <Panel
      title={`${text.monthToDate} · ${month}`}
      span={7}
      id="month"
      flush
      side={<span className="faint small">{text.clickToTrace}</span>}
    >
      {problem && <ProblemAlert problem={problem} isBare={Object.keys(values).length === 0} again={again} />}
      {lists === 'ready' && points.length === 0 && <Nothing />}
      {(lists === 'loading' || loading) && <Skeleton active paragraph={{ rows: 4 }} style={{ padding: 14 }} />}
      {lists === 'ready' && !loading && points.length > 0 && (
        <div className="scroll">
          <table className="plain">
            <thead>
              <tr>
                <th>{text.institution}</th>
                {columns.map((carrier) => (
                  <th key={carrier}>
                    {text.carriers[carrier]} {values[`${WHOLE}/${carrier}`]?.displayUnit}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((party) => (
                <tr
                  key={party.key}
                  className={party.key === WHOLE ? 'total' : party.key === '~unallocated' ? 'faint' : ''}
                >
                  <td>
                    {party.subject.kind === 'institution' ? (
                      <a className="institution" href={institutionHref(party.subject.id)}>
                        {party.name}
                      </a>
                    ) : (
                      party.name
                    )}
                  </td>
                  {columns.map((carrier) => (
                    <td key={carrier}>
                      <Cell answer={cellOf(party, carrier)} figure={refOf(party, carrier)} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {Object.keys(urls).every((key) => values[key] !== undefined) && (
            <Balance off={differences(parties, carriers, values)} />
          )}
        </div>
      )}
    </Panel>
  );
}

function Cell({ answer, figure }: { readonly answer: UsageAnswer | undefined; readonly figure: FigureRef }) {
  return (
    <>
      <Figure row={answer?.total} figure={figure} unit={answer?.displayUnit ?? ''} bar />
      {answer && (
        <div>
          <Coverage of={answer.total.coverage} running />
        </div>
      )}
    </>
  );
}

function Balance({ off }: { readonly off: readonly string[] }) {
  const { text } = useSpeech();
  return (
    <div className="small faint" style={{ padding: '6px 8px 8px' }} data-balance={off.length === 0 ? 'even' : 'off'}>
      {off.length === 0 ? `✓ ${text.balanced}` : text.unbalanced(off.join(', '))}
    </div>
  );
}
