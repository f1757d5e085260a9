import { Tag } from 'antd';
import { useMemo } from 'react';
import type { TargetAnswer, TargetsAnswer } from '../../../pipeline/answers-rules.ts';
import { urlOf, useAnswer } from './api.ts';
import { Chart } from './chart.tsx';
import { Cures } from './cures.tsx';
import { unitText } from './format.ts';
import { institutionText, shown } from './institution-text.ts';
import { useSpeech } from './language.tsx';
import { Answered, Nothing, Panel } from './parts.tsx';
import { type InstitutionProps, RowsButton } from './rows-drawer.tsx';
import { targetOption } from './target-option.ts';

export function TargetsPanel(props: InstitutionProps) {
  const { language } = useSpeech();
  const words = institutionText(language);
  const { answer, again } = useAnswer<TargetsAnswer>(
    urlOf(`/institutions/${props.id}/targets`, { site: props.site, year: props.year }),
  );
  return (
    <Panel title={`${words.targets} · ${props.year}`} span={8} id="targets">
      <Answered answer={answer} again={again}>
        {({ targets, missing }) => (
          <>
            {targets.length === 0 && <Nothing what={words.noTargets} />}
            {targets.map((target) => (
              <Target key={target.id} target={target} showRows={props.showRows} />
            ))}
            <Cures missing={missing} />
          </>
        )}
      </Answered>
    </Panel>
  );
}

const LEVEL_COLOUR = { 1: 'red', 2: 'gold', 3: 'green' } as const;

interface TargetProps {
  readonly target: TargetAnswer;
  readonly showRows: InstitutionProps['showRows'];
}

function Target({ target, showRows }: TargetProps) {
  const { language, nameOf } = useSpeech();
  const words = institutionText(language);
  const option = useMemo(() => targetOption(target, words), [target, words]);
  const { forecast, unit } = target;
  const name = words.metrics[target.metric] ?? target.metric;
  return (
    <section className="target" data-target={target.id}>
      <div className="head">
        <strong>{name}</strong>
        <span className="faint small">{nameOf(target.source)}</span>
        {target.barometer.map(({ comparison, level }) => (
          <Tag key={comparison} color={LEVEL_COLOUR[level]}>
            {words.comparison[comparison] ?? comparison} {words.level(level)}
          </Tag>
        ))}
        <RowsButton rows={target.rows} show={showRows} />
      </div>
      <div className="small number">
        {words.yearCap} {shown(target.yearCap)} {target.yearCap !== null && unitText(unit)}
        {forecast &&
          ` · ${words.forecastTo} ${shown(forecast.value)} (${shown(forecast.low)} – ${shown(forecast.high)}, ${words.interval(Math.round(forecast.level * 100))})`}
      </div>
      <div className="small faint">
        {words.base} {target.baseYear}: {shown(target.base)} · {words.target} {target.targetYear}:{' '}
        {shown(target.target)} {unitText(target.valueUnit)}
      </div>
      {target.months.length > 0 && <Chart height={230} label={name} option={option} />}
      <Cures missing={target.missing} />
    </section>
  );
}
