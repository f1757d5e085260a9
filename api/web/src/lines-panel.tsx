import { Table, type TableColumnsType, Tooltip } from 'antd';
import type { LineAnswer, LinesAnswer } from '../../http/resources/lines.ts';
import { urlOf, useAnswer } from './api.ts';
import { ageOf, clockOf, durationOf, percentOf, plain, sizeOf } from './format.ts';
import { useSpeech } from './language.tsx';
import { Answered, Nothing, Panel } from './parts.tsx';
import { LINE_INK, loadInk, UNIT_INK } from './theme.ts';
import { type LiveState, useNow } from './use-live.ts';

type Unit = LineAnswer['units'][number];

const TEN_SECONDS_MS = 10_000;

/** How the lines fare that the meters are read over, and how much the log has kept. */
export function LinesPanel({ live }: { readonly live: LiveState }) {
  const { text } = useSpeech();
  const now = useNow(live.skewMs);
  const { answer, again } = useAnswer<LinesAnswer>(urlOf('/lines'), { everyMs: TEN_SECONDS_MS });
  const columns = useColumns(now);
  const spool = answer.value?.spool;
  return (
    <Panel
      title={text.lines.title}
      span={12}
      id="lines"
      flush
      side={
        spool && (
          <span className="faint small number" data-figure="spool">
            {text.lines.log(plain(String(spool.frames)), sizeOf(spool.bytes))}
          </span>
        )
      }
    >
      <Answered answer={answer} again={again}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing what={text.noLines} />
          ) : (
            <Table<LineAnswer>
              dataSource={[...items]}
              rowKey="connection"
              columns={columns}
              size="small"
              pagination={false}
              scroll={{ x: 860 }}
              expandable={{ expandedRowRender: ({ units }) => <Units units={units} now={now} />, columnWidth: 36 }}
            />
          )
        }
      </Answered>
    </Panel>
  );
}

function useColumns(now: number): TableColumnsType<LineAnswer> {
  const { text } = useSpeech();
  const { lines } = text;
  const { column } = lines;
  const count = (title: string, key: 'timeouts' | 'exceptions' | 'foreignReplies' | 'reopened', why?: string) => ({
    title: why === undefined ? title : <Tooltip title={why}>{title}</Tooltip>,
    key,
    align: 'right' as const,
    className: 'number',
    sorter: (a: LineAnswer, b: LineAnswer) => a[key] - b[key],
    render: (_: unknown, line: LineAnswer) => <Count value={line[key]} bad={key === 'foreignReplies'} />,
  });
  return [
    { title: column.line, key: 'line', render: (_, line) => <LineName line={line} /> },
    {
      title: column.units,
      key: 'units',
      render: (_, { units }) => {
        const answering = units.filter(({ state }) => state === 'answering').length;
        return (
          <span className={answering < units.length ? 'number count-bad' : 'number'}>
            {lines.answering(answering, units.length)}
          </span>
        );
      },
    },
    {
      title: column.lastAnswer,
      key: 'lastAnswer',
      align: 'right',
      className: 'number',
      render: (_, { lastAnswerAt }) => <Ago at={lastAnswerAt} now={now} />,
    },
    { title: column.round, key: 'round', render: (_, line) => <Load line={line} /> },
    count(column.timeouts, 'timeouts'),
    count(column.exceptions, 'exceptions'),
    count(column.foreign, 'foreignReplies', lines.foreignWhy),
    count(column.reopened, 'reopened'),
  ];
}

function LineName({ line }: { readonly line: LineAnswer }) {
  const { text } = useSpeech();
  return (
    <span className="line-name">
      <Tooltip title={text.lines.state[line.state]}>
        <i className="dot" style={{ background: LINE_INK[line.state] }} />
      </Tooltip>
      <span>
        <strong>{line.connection}</strong>{' '}
        {line.state !== 'open' && <span className="small count-bad">{text.lines.state[line.state]}</span>}
      </span>
      <span className="faint small where">
        {text.lines.kind[line.kind]} · {line.address}
      </span>
    </span>
  );
}

/** What a round takes of the interval, and how busy the line is. */
function Load({ line }: { readonly line: LineAnswer }) {
  const { text } = useSpeech();
  const { roundMs, intervalMs, share } = line;
  if (roundMs === null || intervalMs === null) return <span className="faint">–</span>;
  const times = `${durationOf(roundMs, text)} / ${durationOf(intervalMs, text)}`;
  if (share === null) return <span className="number">{times}</span>;
  const said = share > 1 ? text.lines.tooSlow : text.lines.busy(percentOf(share));
  return (
    <Tooltip title={said}>
      <span className="load number">
        <span>{times}</span>
        <span className="track">
          <i style={{ width: `${Math.min(1, share) * 100}%`, background: loadInk(share) }} />
        </span>
        <span className={share > 1 ? 'count-bad' : 'faint'}>{percentOf(share)}</span>
      </span>
    </Tooltip>
  );
}

const Count = ({ value, bad }: { readonly value: number; readonly bad: boolean }) => (
  <span className={value === 0 ? 'faint' : bad ? 'count-bad' : ''}>{plain(String(value))}</span>
);

function Ago({ at, now }: { readonly at: string | null; readonly now: number }) {
  const { text } = useSpeech();
  if (at === null) return <span className="faint">{text.lines.never}</span>;
  return <Tooltip title={clockOf(at)}>{ageOf(at, now, text)}</Tooltip>;
}

function Units({ units, now }: { readonly units: readonly Unit[]; readonly now: number }) {
  const { text } = useSpeech();
  const { column, unitState } = text.lines;
  const right = { align: 'right' as const, className: 'number' };
  const columns: TableColumnsType<Unit> = [
    { title: column.unit, key: 'unit', ...right, width: 70, render: (_, { unit }) => unit ?? '–' },
    { title: column.device, key: 'device', dataIndex: 'device' },
    {
      title: column.state,
      key: 'state',
      render: (_, { state }) => (
        <span className="state">
          <i style={{ background: UNIT_INK[state] }} />
          {unitState[state]}
        </span>
      ),
    },
    { title: column.lastAnswer, key: 'last', ...right, render: (_, unit) => <Ago at={unit.lastAnswerAt} now={now} /> },
    {
      title: column.poll,
      key: 'poll',
      ...right,
      render: (_, { pollMs }) => (pollMs === null ? '–' : durationOf(pollMs, text)),
    },
    { title: column.interval, key: 'interval', ...right, render: (_, unit) => durationOf(unit.intervalMs, text) },
    {
      title: column.timeouts,
      key: 'timeouts',
      ...right,
      render: (_, one) => <Count value={one.timeouts} bad={false} />,
    },
    {
      title: column.exceptions,
      key: 'exceptions',
      ...right,
      render: (_, one) => <Count value={one.exceptions} bad={false} />,
    },
    {
      title: column.next,
      key: 'next',
      ...right,
      render: (_, { nextAttemptAt }) =>
        nextAttemptAt === null ? '' : text.lines.in(durationOf(Math.max(0, Date.parse(nextAttemptAt) - now), text)),
    },
  ];
  return <Table<Unit> dataSource={[...units]} rowKey="device" columns={columns} size="small" pagination={false} />;
}
