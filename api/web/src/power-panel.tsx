import { Skeleton } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import { Chart, type ChartOption } from './chart.tsx';
import { useSpeech } from './language.tsx';
import { Decimal, Nothing, Panel, Stopped } from './parts.tsx';
import { useSite } from './site.tsx';
import { CARRIER_INK, FONT, INK } from './theme.ts';
import type { LiveState } from './use-live.ts';

/** Electric power by building, moving with the stream. */
export function PowerPanel({ live }: { readonly live: LiveState }) {
  const { text, nameOf } = useSpeech();
  const { site } = useSite();
  const { power } = live;
  const nameOfPlace = (id: string | null): string => {
    const place = site.premises.find((one) => one.id === id);
    return place ? nameOf(place.name) : (id ?? text.noPlace);
  };
  const greatest = Math.max(1, ...(power?.premises.map(({ watts }) => watts ?? 0) ?? []));
  return (
    <Panel title={text.buildings} span={4} id="power" flush side={<Stopped live={live} />}>
      {live.connection === 'connecting' && <Skeleton active paragraph={{ rows: 4 }} style={{ padding: 14 }} />}
      {power && power.premises.length > 0 ? (
        <>
          <table className="plain">
            <thead>
              <tr>
                <th>{text.building}</th>
                <th aria-label={text.share} />
                <th>kW</th>
                <th>{text.answering}</th>
              </tr>
            </thead>
            <tbody>
              {power.premises.map(({ id, watts, display, answering, of }) => (
                <tr key={id ?? ''}>
                  <td>{nameOfPlace(id)}</td>
                  <td style={{ width: '38%' }}>
                    <div className="bar">
                      <i
                        style={{ width: `${((watts ?? 0) / greatest) * 100}%`, background: CARRIER_INK.electricity }}
                      />
                    </div>
                  </td>
                  <td>{display === null ? <span className="faint">–</span> : <Decimal display={display} />}</td>
                  <td className="faint number">
                    {answering}/{of}
                  </td>
                </tr>
              ))}
              <tr className="total">
                <td>{text.total}</td>
                <td />
                <td>{power.total.display === null ? '–' : <Decimal display={power.total.display} />}</td>
                <td className="faint number">
                  {power.answering}/{power.of}
                </td>
              </tr>
            </tbody>
          </table>
          <Trend power={power} />
        </>
      ) : (
        live.connection !== 'connecting' && <Nothing />
      )}
    </Panel>
  );
}

const KEPT = 900;

/** Total power since the page was opened: nothing of it is kept anywhere. */
function Trend({ power }: { readonly power: NonNullable<LiveState['power']> }) {
  const { text } = useSpeech();
  const [seen, setSeen] = useState<readonly { readonly at: string; readonly kilowatts: number | null }[]>([]);
  useEffect(() => {
    const kilowatts = power.total.display === null ? null : Number(power.total.display);
    setSeen((old) => (old.at(-1)?.at === power.at ? old : [...old.slice(1 - KEPT), { at: power.at, kilowatts }]));
  }, [power]);
  const option = useMemo<ChartOption>(
    () => ({
      animation: false,
      textStyle: { fontFamily: FONT, color: INK.text },
      grid: { left: 12, right: 14, top: 10, bottom: 4, containLabel: true },
      tooltip: { trigger: 'axis', confine: true, valueFormatter: (value) => `${String(value)} kW` },
      xAxis: {
        type: 'category',
        data: seen.map(({ at }) => at.slice(11, 19)),
        boundaryGap: false,
        axisTick: { show: false },
        axisLine: { lineStyle: { color: INK.line } },
        axisLabel: { color: INK.faint, hideOverlap: true, interval: 'auto' },
      },
      yAxis: {
        type: 'value',
        scale: true,
        splitNumber: 2,
        axisLabel: { color: INK.faint },
        splitLine: { lineStyle: { color: INK.line } },
      },
      series: [
        {
          type: 'line',
          data: seen.map(({ kilowatts }) => kilowatts),
          showSymbol: false,
          lineStyle: { color: CARRIER_INK.electricity, width: 1.5 },
          areaStyle: { color: CARRIER_INK.electricity, opacity: 0.08 },
          itemStyle: { color: CARRIER_INK.electricity },
        },
      ],
    }),
    [seen],
  );
  return (
    <div style={{ padding: '8px 0 4px' }}>
      <div className="faint small" style={{ padding: '0 8px' }}>
        {text.trend}
      </div>
      <Chart option={option} height={104} label={text.trend} />
    </div>
  );
}
