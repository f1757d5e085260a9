import { Segmented, Tag } from 'antd';
import { useState } from 'react';
import type { BaselineAnswer } from '../../../pipeline/answers-rules.ts';
import { urlOf, useAnswer } from './api.ts';
import { daysText } from './format.ts';
import { eachOnce, institutionText, missingKey, shown } from './institution-text.ts';
import { useSpeech } from './language.tsx';
import { Answered, Panel } from './parts.tsx';
import type { InstitutionProps } from './rows-drawer.tsx';

const CARRIERS = ['electricity', 'heat', 'natural-gas'] as const;

/** The year against the one before it, in this year's weather; without a fit the reasons. */
export function BaselinePanel({ id, site, year }: InstitutionProps) {
  const { language, text } = useSpeech();
  const words = institutionText(language).baseline;
  const [carrier, choose] = useState<(typeof CARRIERS)[number]>('electricity');
  const { answer, again } = useAnswer<BaselineAnswer>(
    urlOf('/baseline', { site, institution: id, carrier, period: year - 1, reporting: year }),
  );
  return (
    <Panel
      title={`${words.title} · ${year}`}
      span={12}
      id="baseline"
      side={
        <Segmented
          value={carrier}
          onChange={choose}
          options={CARRIERS.map((one) => ({ value: one, label: text.carriers[one] }))}
        />
      }
    >
      <Answered answer={answer} again={again}>
        {(fitted) => <Fitted fitted={fitted} />}
      </Answered>
    </Panel>
  );
}

function Fitted({ fitted }: { readonly fitted: BaselineAnswer }) {
  const { language, nameOf } = useSpeech();
  const words = institutionText(language).baseline;
  const { gates, model, savings, unit, sources, missing } = fitted;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return (
    <section className="target" data-baseline={model ? 'fitted' : 'refused'}>
      {savings && (
        <div className="head">
          <strong>{savings.saving >= 0 ? words.saved : words.usedMore}</strong>
          <span className="number">
            {shown(Math.abs(savings.saving))} <span className="faint">{unit}</span>
            {savings.share !== null && ` (${percent(Math.abs(savings.share))})`}
          </span>
          <span className="small number">
            {words.interval(Math.round(savings.confidence * 100))} {shown(savings.low)} – {shown(savings.high)}
          </span>
        </div>
      )}
      {savings && (
        <div className="small number">
          {words.expected} {shown(savings.expected)} · {words.actual} {shown(savings.actual)} {unit} ·{' '}
          {words.days(savings.days, savings.spanDays)}
          {savings.beyond > 0 && ` · ${words.beyond(savings.beyond)}`}
        </div>
      )}
      {model && (
        <div className="small number">
          {words.base} {shown(model.base)} {unit}/d
          {model.workdayStep !== null && ` · ${words.workdays} ${shown(model.workdayStep)} ${unit}/d`}
          {model.heatingPoint !== null &&
            ` · ${words.heating(model.heatingPoint)} ${shown(model.heatingSlope)} ${unit}/(°C·d)`}
          {model.coolingPoint !== null &&
            ` · ${words.cooling(model.coolingPoint)} ${shown(model.coolingSlope)} ${unit}/(°C·d)`}{' '}
          · R² {model.quality.rSquared.toFixed(2)} · CV(RMSE) {percent(model.quality.cvRmse)}
        </div>
      )}
      <div>
        {gates.map(({ what, passed, value, limit }) => (
          <Tag key={what} color={passed ? 'green' : 'red'} data-gate={what}>
            {words.gates[what]} {what === 'span' || what === 'negative' ? value : percent(value)} (
            {what === 'negative' ? '≤' : '≥'} {what === 'span' || what === 'negative' ? limit : percent(limit)})
          </Tag>
        ))}
      </div>
      {eachOnce(missing).map((one) => (
        <div key={missingKey(one)} className="small" data-lacking={one.what}>
          {nameOf(one.cure)} {language === 'en' && <span className="faint">{one.reason}</span>}
        </div>
      ))}
      <div className="faint small">
        {daysText(fitted.baseline.from, fitted.baseline.to)} · {sources.points.join(', ')}
        {sources.temperature && ` · ${sources.temperature.name}: ${sources.temperature.sources.join(', ')}`} ·{' '}
        {sources.model}
      </div>
    </section>
  );
}
