import { Input, Segmented, Table, type TableColumnsType, Tooltip } from 'antd';
import { useMemo, useState } from 'react';
import type { PointAnswer } from '../../../pipeline/answers.ts';
import type { ShownRegister } from '../../http/face.ts';
import { ageOf, clockOf } from './format.ts';
import { useSpeech } from './language.tsx';
import { Decimal, Nothing, Panel, StateMark, Stopped } from './parts.tsx';
import { useSite } from './site.tsx';
import { CARRIER_INK } from './theme.ts';
import { type LiveState, useNow } from './use-live.ts';

type Row = ShownRegister & { readonly key: string; readonly about: PointAnswer | undefined };
type Show = ShownRegister['kind'] | 'all';

const STATE_ORDER = ['never', 'silent', 'late', 'live'] as const;

/** Every register with its last value and how old it is. */
export function MetersPanel({ live }: { readonly live: LiveState }) {
  const { text, nameOf } = useSpeech();
  const { points } = useSite();
  const [show, setShow] = useState<Show>('counter');
  const [sought, seek] = useState('');
  const rows = useMemo(() => {
    const needle = sought.trim().toLowerCase();
    const byId = new Map(points.map((point) => [point.id, point]));
    // a gauge stands at no point itself: it is named after what its device meters
    const byDevice = new Map(live.registers.flatMap(({ device, point }) => (point === null ? [] : [[device, point]])));
    return live.registers
      .filter((one) => show === 'all' || (one.kind === show && (one.kind === 'gauge' || one.point !== null)))
      .map((one): Row => ({
        ...one,
        key: `${one.device}/${one.register}`,
        about: byId.get(one.point ?? byDevice.get(one.device) ?? ''),
      }))
      .filter(({ key, serial, about }) =>
        [key, serial ?? '', about?.id ?? '', about ? nameOf(about.name) : ''].some((s) =>
          s.toLowerCase().includes(needle),
        ),
      );
  }, [live.registers, points, show, sought, nameOf]);
  const columns = useColumns(live);
  return (
    <Panel
      title={text.metersTitle}
      span={12}
      id="meters"
      flush
      side={
        <>
          <Stopped live={live} />
          <Input.Search
            allowClear
            placeholder={text.search}
            onChange={({ target }) => seek(target.value)}
            style={{ width: 220 }}
          />
          <Segmented<Show>
            value={show}
            onChange={setShow}
            options={[
              { value: 'counter', label: text.counters },
              { value: 'gauge', label: text.gauges },
              { value: 'all', label: text.all },
            ]}
          />
        </>
      }
    >
      <Table<Row>
        dataSource={rows}
        columns={columns}
        size="small"
        pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 700 }}
        loading={live.connection === 'connecting'}
        locale={{ emptyText: <Nothing /> }}
      />
    </Panel>
  );
}

function useColumns(live: LiveState): TableColumnsType<Row> {
  const { text, nameOf, language } = useSpeech();
  const { site } = useSite();
  const nameIn = ({ about, device }: Row): string => (about ? nameOf(about.name) : device);
  const now = useNow(live.skewMs);
  const { column } = text;
  const placeOf = (row: Row): string => {
    const place = site.premises.find(({ id }) => id === row.about?.premises);
    return place ? nameOf(place.name) : '';
  };
  const carriers = [...new Set(live.registers.flatMap(({ carrier }) => (carrier === null ? [] : [carrier])))];
  return [
    {
      title: column.point,
      key: 'point',
      render: (_, { about, device }) => (about ? nameOf(about.name) : <span className="faint">{device}</span>),
      sorter: (a, b) => nameIn(a).localeCompare(nameIn(b), language),
    },
    {
      title: column.state,
      key: 'state',
      filters: STATE_ORDER.map((state) => ({ text: text.state[state], value: state })),
      onFilter: (value, row) => row.state === value,
      sorter: (a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state),
      render: (_, { state }) => <StateMark state={state} />,
    },
    { title: column.place, key: 'place', render: (_, row) => placeOf(row), responsive: ['lg'] },
    {
      title: column.carrier,
      key: 'carrier',
      filters: carriers.map((carrier) => ({ text: text.carriers[carrier], value: carrier })),
      onFilter: (value, row) => row.carrier === value,
      render: (_, { carrier }) =>
        carrier !== null && (
          <span className="state">
            <i style={{ background: CARRIER_INK[carrier], borderRadius: 2 }} />
            {text.carriers[carrier]}
          </span>
        ),
    },
    {
      title: column.serial,
      key: 'serial',
      render: (_, { serial }) => serial ?? '–',
      className: 'number',
      responsive: ['lg'],
    },
    { title: column.register, key: 'register', render: (_, { key }) => <span className="faint">{key}</span> },
    {
      title: column.value,
      key: 'value',
      align: 'right',
      render: (_, { display, displayUnit }) => (display === null ? '–' : <Face display={display} unit={displayUnit} />),
    },
    {
      title: column.age,
      key: 'age',
      align: 'right',
      className: 'number',
      // the youngest first; what was never heard is the oldest
      sorter: (a, b) => (b.at ?? '').localeCompare(a.at ?? ''),
      render: (_, { at }) => <Tooltip title={at === null ? '' : clockOf(at)}>{ageOf(at, now, text)}</Tooltip>,
    },
  ];
}

function Face({ display, unit }: { readonly display: string; readonly unit: string }) {
  return (
    <span className="number">
      <Decimal display={display} /> <span className="faint">{unit}</span>
    </span>
  );
}
