import { useState } from 'react';
import { Segmented } from 'antd';
import type { CostsAnswer, IndicatorsAnswer, PeriodIndicators } from '../../../pipeline/answers-rules.ts';
import { urlOf, useAnswer } from './api.ts';
import { Coverage } from './coverage.tsx';
import { Cures } from './cures.tsx';
import { daysText, unitText } from './format.ts';
import { eachOnce, institutionText, missingKey, shown } from './institution-text.ts';
import { useSpeech } from './language.tsx';
import { Answered, Nothing, Panel } from './parts.tsx';
import { type InstitutionProps, RowsButton } from './rows-drawer.tsx';

const indicatorsUrl = ({ id, site, year }: InstitutionProps): string =>
  urlOf(`/institutions/${id}/indicators`, { site, year });

/** Shares are read as percent; an EUE, a ratio as well, is not. */
const isShare = (metric: string): boolean => metric.endsWith('-share');

export function IndicatorsPanel(props: InstitutionProps) {
  const { language, nameOf } = useSpeech();
  const words = institutionText(language);
  const { answer, again } = useAnswer<IndicatorsAnswer>(indicatorsUrl(props));
  const [wanted, want] = useState<PeriodIndicators['period']>('year-to-date');
  const periods = answer.value?.periods ?? [];
  const period = periods.find((one) => one.period === wanted) ?? periods[0];
  return (
    <Panel
      title={words.indicators}
      span={8}
      id="indicators"
      flush
      side={
        <Segmented
          value={period?.period ?? wanted}
          onChange={want}
          options={periods.map((one) => ({ value: one.period, label: words.periods[one.period] }))}
        />
      }
    >
      <Answered answer={answer} again={again} isEmpty={() => period === undefined}>
        {() => (
          <div className="scroll">
            <table className="plain">
              <tbody>
                {period?.indicators.map((one) => (
                  <tr key={`${one.metric}/${one.caliber ?? ''}`}>
                    <td>{words.metrics[one.metric] ?? one.metric}</td>
                    <td className="number">{shown(isShare(one.metric) ? one.value * 100 : one.value)}</td>
                    <td className="unit faint">
                      {isShare(one.metric) ? '%' : unitText(one.unit)} <Coverage of={one.coverage} />
                    </td>
                    <td>
                      <RowsButton rows={one.rows} show={props.showRows} />
                    </td>
                  </tr>
                ))}
                {eachOnce(period?.missing ?? []).map((one) => (
                  <tr key={missingKey(one)} className="faint">
                    <td>{words.metrics[one.what.split(':')[0] ?? ''] ?? one.what}</td>
                    <td>–</td>
                    <td colSpan={2} className="small cure">
                      {nameOf(one.cure)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Answered>
    </Panel>
  );
}

export function CarbonPanel(props: InstitutionProps) {
  const { language } = useSpeech();
  const words = institutionText(language);
  const { answer, again } = useAnswer<IndicatorsAnswer>(indicatorsUrl(props));
  return (
    <Panel
      title={words.carbon}
      span={4}
      id="carbon"
      side={<RowsButton rows={answer.value?.rows ?? []} show={props.showRows} />}
    >
      <Answered answer={answer} again={again}>
        {({ periods }) =>
          periods.map(({ period, from, to, totals, coverage }) => (
            <section key={period} className="totals">
              <div className="faint small">
                {words.periods[period]} · {daysText(from, to)} <Coverage of={coverage} />
              </div>
              <div className="number">
                {words.coal} <b>{shown(totals.kgce)}</b> kgce
              </div>
              <div className="number">
                {words.kgCO2} <b>{shown(totals.kgCO2)}</b> kg
              </div>
              <div className="number faint small">
                {words.residual} {shown(totals.kgCO2Residual)} kg · {words.water} {shown(totals.waterM3)} m³
              </div>
            </section>
          ))
        }
      </Answered>
    </Panel>
  );
}

const yuan = (fen: number | null): string =>
  fen === null ? '–' : (fen / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export function CostsPanel(props: InstitutionProps) {
  const { language, text } = useSpeech();
  const words = institutionText(language);
  const { answer, again } = useAnswer<CostsAnswer>(
    urlOf(`/institutions/${props.id}/costs`, { site: props.site, year: props.year }),
  );
  return (
    <Panel title={`${words.costs} · ${props.year}`} span={4} id="costs" flush>
      <Answered answer={answer} again={again}>
        {({ rows, totalFen, missing }) => (
          <div className="scroll">
            {rows.length === 0 && <Nothing />}
            <table className="plain" hidden={rows.length === 0}>
              <tbody>
                {rows.map((row) => (
                  <tr key={`${row.month}/${row.carrier}`}>
                    <td>
                      {row.month} {text.carriers[row.carrier]} <Coverage of={row.coverage} />
                    </td>
                    <td className="number">
                      {shown(Number(row.display))} {row.displayUnit}
                    </td>
                    <td className="number">
                      {row.fen === null && row.billedFen !== null && <span className="faint">{words.costBilled} </span>}
                      {yuan(row.fen ?? row.billedFen)}
                    </td>
                  </tr>
                ))}
                <tr className="total">
                  <td>{words.costTotal}</td>
                  <td>
                    {(missing.length > 0 || rows.some(({ fen }) => fen === null)) && (
                      <span className="partial small">{words.costPartial}</span>
                    )}
                  </td>
                  <td className="number">
                    {yuan(totalFen)} {words.yuan}
                  </td>
                </tr>
              </tbody>
            </table>
            <div className="lacking">
              <Cures missing={missing} />
            </div>
          </div>
        )}
      </Answered>
    </Panel>
  );
}
