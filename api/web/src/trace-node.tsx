import { Tag } from 'antd';
import { useState } from 'react';
import type { TraceNode } from '../../../pipeline/answers.ts';
import { clockOf, plain, readable } from './format.ts';
import { useSpeech } from './language.tsx';
import { Decimal } from './parts.tsx';
import { sumOfTerms } from './sums.ts';
import { TraceDetail } from './trace-detail.tsx';

interface TraceBranchProps {
  readonly node: TraceNode;
  readonly depth: number;
  readonly unit: string;
  readonly displayUnit: string;
  /** Everything open or closed; undefined: the first two levels. */
  readonly all: boolean | undefined;
}

export function TraceBranch({ node, depth, unit, displayUnit, all }: TraceBranchProps) {
  const { text, nameOf } = useSpeech();
  const [open, setOpen] = useState(all ?? (depth < 2 || node.terms.length === 1));
  const hasMore = node.terms.length > 0;
  return (
    <div className="node" data-node={node.kind}>
      <div className="head">
        <button
          type="button"
          className="toggle"
          aria-expanded={open}
          aria-label={node.id}
          style={hasMore ? {} : { visibility: 'hidden' }}
          onClick={() => setOpen(!open)}
        >
          {open ? '▼' : '▶'}
        </button>
        <span className="kind">{text.node[node.kind]}</span>
        <span className="label">{nameOf(node.label)}</span>
        <span className="amount number">
          {node.sign === -1 ? '− ' : ''}
          <Decimal display={node.display} /> <span className="faint small">{displayUnit}</span>
        </span>
      </div>
      <TraceDetail node={node} />
      {node.findings.map(({ kind, from, to, fromValue, toValue, explained }) => (
        <div key={`${kind}${from}${fromValue}`} className="detail small">
          <Tag color={explained ? 'default' : 'gold'}>{text.finding[kind]}</Tag>
          <span className="number">
            {from === to ? clockOf(from) : `${clockOf(from)} – ${clockOf(to)}`} · {plain(String(fromValue))}
            {fromValue !== toValue && ` → ${plain(String(toValue))}`} {explained && text.explained}
          </span>
        </div>
      ))}
      {open && hasMore && (
        <>
          <Sum node={node} unit={unit} />
          <div className="terms">
            {node.terms.map((term) => (
              <TraceBranch
                key={`${term.kind}/${term.id}/${term.from}`}
                node={term}
                depth={depth + 1}
                unit={unit}
                displayUnit={displayUnit}
                all={all}
              />
            ))}
          </div>
        </>
      )}
    </div>
  );
}

/** The terms added up, in whole base units. A share is a part of its term, rounded day by day, so it has no such sum. */
function Sum({ node, unit }: { readonly node: TraceNode; readonly unit: string }) {
  const { text } = useSpeech();
  if (node.kind === 'share' || node.terms.length < 2) return null;
  const sum = sumOfTerms(node.terms);
  const even = sum === node.amount;
  const { display, unit: shown } = readable(sum, unit);
  return (
    <div className={even ? 'check number' : 'check wrong number'}>
      {even ? '✓ ' : '✗ '}
      {even ? text.sum(node.terms.length, `${plain(display)} ${shown}`) : text.sumWrong}
    </div>
  );
}
