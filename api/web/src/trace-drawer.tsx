import { Button, Tag } from 'antd';
import { useState } from 'react';
import type { TraceAnswer } from '../../../pipeline/answers.ts';
import { type FigureRef, figureUrl, useAnswer } from './api.ts';
import { clockOf } from './format.ts';
import { useSpeech } from './language.tsx';
import { Answered, Decimal, QualityBar, QualityLegend } from './parts.tsx';
import { SideDrawer } from './side-drawer.tsx';
import { useSite } from './site.tsx';
import { TraceBranch } from './trace-node.tsx';

interface TraceDrawerProps {
  readonly figure: FigureRef | undefined;
  readonly onClose: () => void;
}

/** A figure and everything under it, so that a person can add it again by hand. */
export function TraceDrawer({ figure, onClose }: TraceDrawerProps) {
  const { text } = useSpeech();
  const { answer, again } = useAnswer<TraceAnswer>(figure && figureUrl('/trace', figure, 'day'));
  return (
    <SideDrawer isOpen={figure !== undefined} title={text.trace} width={820} onClose={onClose}>
      {figure !== undefined && (
        <Answered answer={answer} again={again}>
          {(trace) => <Trace key={JSON.stringify(figure)} trace={trace} />}
        </Answered>
      )}
    </SideDrawer>
  );
}

function Trace({ trace }: { readonly trace: TraceAnswer }) {
  const { text, nameOf } = useSpeech();
  const { site } = useSite();
  const { root, subject, carrier, displayUnit, unit, version, zone } = trace;
  // a new number closes or opens every branch at once
  const [{ all, turn }, setAll] = useState<{ all: boolean | undefined; turn: number }>({ all: undefined, turn: 0 });
  return (
    <div data-trace={subject.id}>
      <div className="trace-top">
        <div>
          <strong>{nameOf(subject.name)}</strong> · {text.carriers[carrier]} · {clockOf(root.from)} – {clockOf(root.to)}{' '}
          <span className="faint">{zone}</span>{' '}
          {Date.parse(root.to) > Date.parse(site.now) && <Tag data-provisional>{text.provisional}</Tag>}
        </div>
        <div className="big">
          <Decimal display={root.display} /> <span className="faint">{displayUnit}</span>
        </div>
        {root.split && (
          <>
            <QualityBar split={root.split} />
            <QualityLegend split={root.split} coverage={root.coverage} />
          </>
        )}
        <div className="faint small">
          {text.version}: {version === 'live' ? text.live : version} · {text.traceSentence}
        </div>
        <div>
          <Button onClick={() => setAll({ all: true, turn: turn + 1 })}>{text.openAll}</Button>{' '}
          <Button onClick={() => setAll({ all: false, turn: turn + 1 })}>{text.closeAll}</Button>
        </div>
      </div>
      <TraceBranch key={turn} node={root} depth={0} unit={unit} displayUnit={displayUnit} all={all} />
    </div>
  );
}
