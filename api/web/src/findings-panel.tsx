import { Button, Segmented, Tag } from 'antd';
import { useEffect, useState } from 'react';
import type { FindingAnswer } from '../../../pipeline/answers.ts';
import { urlOf, useAnswer } from './api.ts';
import { clockOf, plain, readable } from './format.ts';
import { useSpeech } from './language.tsx';
import { Answered, Nothing, Panel } from './parts.tsx';
import { useSite } from './site.tsx';
import type { LiveState } from './use-live.ts';

type Kind = FindingAnswer['kind'];
const KINDS: readonly Kind[] = ['break', 'outlier', 'pending', 'gap', 'conflict'];
const COLOURS: Readonly<Record<Kind, string>> = {
  break: 'red',
  outlier: 'gold',
  pending: 'orange',
  gap: 'blue',
  conflict: 'purple',
};
const PAGE = 50;
const MOST = 500;
const MINUTE_MS = 60_000;

/** What the ledger says about the meters, and what to do. */
export function FindingsPanel({ live }: { readonly live: LiveState }) {
  const { text } = useSpeech();
  const { site } = useSite();
  const [kind, setKind] = useState<Kind | 'all'>('all');
  const [limit, setLimit] = useState(PAGE);
  useEffect(() => setLimit(PAGE), [kind]);
  const url = urlOf('/findings', {
    site: site.id,
    kind: kind === 'all' ? undefined : kind,
    limit: MOST,
  });
  const { answer, again } = useAnswer<{ items: readonly FindingAnswer[]; next?: string }>(url, { everyMs: MINUTE_MS });
  return (
    <Panel
      title={text.findingsTitle}
      span={5}
      id="findings"
      flush
      side={
        <Segmented
          value={kind}
          onChange={setKind}
          options={[
            { value: 'all', label: text.all },
            ...KINDS.map((one) => ({ value: one, label: text.finding[one] })),
          ]}
        />
      }
    >
      <Answered answer={answer} again={again}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Nothing what={text.findingsNone} />
          ) : (
            <ul className="findings">
              {items.slice(0, limit).map((finding) => (
                <Finding
                  key={`${finding.kind}/${finding.meter}/${finding.register}/${finding.from}`}
                  finding={finding}
                  live={live}
                />
              ))}
              {limit < items.length && (
                <li>
                  <span />
                  <Button onClick={() => setLimit(limit + PAGE)}>{text.more}</Button>
                </li>
              )}
              {next !== undefined && limit >= items.length && (
                <li>
                  <span />
                  <span className="partial small">{text.moreFindings(items.length)}</span>
                </li>
              )}
            </ul>
          )
        }
      </Answered>
    </Panel>
  );
}

function Finding({ finding, live }: { readonly finding: FindingAnswer; readonly live: LiveState }) {
  const { text, nameOf, language } = useSpeech();
  const { points } = useSite();
  const point = points.find(({ id }) => id === finding.point);
  const unit = live.registers.find((one) => one.device === finding.device && one.register === finding.register)?.unit;
  const face = (value: number): string => {
    const { display, unit: shown } = readable(value, unit ?? '');
    return `${plain(display)}${shown === '' ? '' : ` ${shown}`}`;
  };
  const { kind, from, to } = finding;
  return (
    <li>
      <Tag color={COLOURS[kind]} style={{ alignSelf: 'start', textAlign: 'center' }}>
        {text.finding[kind]}
      </Tag>
      <div>
        <div className="what">
          <span>
            <strong>{point ? nameOf(point.name) : finding.meter}</strong>{' '}
            <span className="faint small">
              {finding.device}/{finding.register}
            </span>
            {finding.explained && <span className="faint small"> · {text.explained}</span>}
          </span>
          <span className="faint small number">
            {from === to ? clockOf(from) : `${clockOf(from)} – ${clockOf(to)}`}
          </span>
        </div>
        <div className="number small">
          {face(finding.fromValue)}
          {kind !== 'outlier' && kind !== 'pending' && ` → ${face(finding.toValue)}`}
        </div>
        <div className="cure small">{finding.cure[language]}</div>
      </div>
    </li>
  );
}
