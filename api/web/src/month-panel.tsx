import { Alert, Skeleton } from 'antd';
import type { PointAnswer, UsageAnswer } from '../../../pipeline/answers.ts';
import { type FigureRef, figureUrl, type Subject, useAnswers } from './api.ts';
import { useSpeech } from './language.tsx';
import { Figure, Nothing, Panel } from './parts.tsx';
import { carriersOf, useSite } from './site.tsx';
import { differences, WHOLE } from './sums.ts';
import { institutionHref } from './route.ts';

const MINUTE_MS = 60_000;
type Carrier = PointAnswer['carrier'];

interface Party {
  readonly key: string;
  readonly name: string;
  readonly subject: Subject;
  readonly carriers: readonly Carrier[];
}

/** What each institution bears of the running month, what nobody does, and that both add up to the whole. */
export function MonthPanel() {
  const { text, nameOf } = useSpeech();
  const { site, points, institutions } = useSite();
  const mains = points.filter(({ role }) => role === 'main');
  const carriers = carriersOf(mains);
  const month = site.now.slice(0, 7);
  const parties: readonly Party[] = [
    ...institutions
      .filter(({ ended }) => !ended)
      .map(({ id, name }): Party => ({
        key: id,
        name: nameOf(name),
        subject: { kind: 'institution', id },
        carriers: carriersOf(mains.filter((point) => point.institutions.includes(id))),
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
  const { values, problem, loading } = useAnswers<UsageAnswer>(
    urls,
    MINUTE_MS,
    (all) => differences(parties, carriers, all).length === 0,
  );
  const cellOf = (party: Party, carrier: Carrier): UsageAnswer | undefined => values[`${party.key}/${carrier}`];
  return (
    <Panel
      title={`${text.monthToDate} · ${month}`}
      span={7}
      id="month"
      flush
      side={<span className="faint small">{text.clickToTrace}</span>}
    >
      {problem && <Alert type="error" showIcon title={problem.detail} description={problem.cure} />}
      {points.length === 0 && !loading && <Nothing />}
      {loading && <Skeleton active paragraph={{ rows: 4 }} style={{ padding: 14 }} />}
      {!loading && points.length > 0 && (
        <div className="scroll">
          <table className="plain">
            <thead>
              <tr>
                <th>{text.institution}</th>
                {carriers.map((carrier) => (
                  <th key={carrier}>
                    {text.carriers[carrier]} {values[`${WHOLE}/${carrier}`]?.displayUnit}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {parties.map((party) => (
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
                  {carriers.map((carrier) => (
                    <td key={carrier}>
                      <Figure
                        row={cellOf(party, carrier)?.total}
                        figure={refOf(party, carrier)}
                        unit={cellOf(party, carrier)?.displayUnit ?? ''}
                        bar
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          <Balance off={differences(parties, carriers, values)} />
        </div>
      )}
    </Panel>
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
