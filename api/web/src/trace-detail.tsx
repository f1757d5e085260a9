import type { TraceNode } from '../../../pipeline/answers.ts';
import { clockOf, plain } from './format.ts';
import { useSpeech } from './language.tsx';

/** What a step rests on: a meter, a pair of readings, what people entered. */
export function TraceDetail({ node }: { readonly node: TraceNode }) {
  const { text, nameOf } = useSpeech();
  const { meter, span, events } = node;
  return (
    <>
      {meter && <Meter meter={meter} />}
      {span && <Span span={span} />}
      {events.map((event) => (
        <div key={`${event.id ?? ''}${event.kind}${event.at}${event.detail.en}`} className="detail small">
          <span className="kind">{text.event[event.kind]}</span> <span className="number">{clockOf(event.at)}</span>{' '}
          {nameOf(event.detail)} · {text.eventBy(event.by, event.confirmedBy)}
          {event.reason !== '' && ` · ${event.reason}`}
        </div>
      ))}
    </>
  );
}

function Meter({ meter }: { readonly meter: NonNullable<TraceNode['meter']> }) {
  const { text } = useSpeech();
  return (
    <div className="detail">
      <table>
        <tbody>
          <tr>
            <th>{text.meter.serial}</th>
            <td>{meter.serial}</td>
            <th>{text.meter.device}</th>
            <td>
              {meter.device} / {meter.register}
            </td>
          </tr>
          <tr>
            <th>{text.meter.multiplier}</th>
            <td>
              {meter.multiplier}
              {meter.scale !== '1' && ` × ${meter.scale} (${text.meter.scale})`}
            </td>
            <th>{text.meter.modulus}</th>
            <td>{meter.modulus === null ? text.meter.none : plain(String(meter.modulus))}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

type SpanShape = NonNullable<TraceNode['span']>;

function Span({ span }: { readonly span: SpanShape }) {
  const { text } = useSpeech();
  const { boundary } = text;
  return (
    <div className="detail">
      <table>
        <thead>
          <tr>
            <th />
            <th>{boundary.before}</th>
            <th>{boundary.after}</th>
            <th>{boundary.face}</th>
          </tr>
        </thead>
        <tbody>
          <Boundary name={boundary.start} side={span.start} />
          <Boundary name={boundary.end} side={span.end} />
        </tbody>
      </table>
      <code>{span.formula}</code> {span.wraps > 0 && <span className="faint small">{text.wraps(span.wraps)}</span>}
    </div>
  );
}

function Boundary({ name, side }: { readonly name: string; readonly side: SpanShape['start'] }) {
  const { text } = useSpeech();
  const { boundary } = text;
  const reading = (one: SpanShape['start']['before']) =>
    one === null ? (
      <span className="faint">–</span>
    ) : (
      <>
        {plain(String(one.value))} {one.unit}
        <div className="faint">{clockOf(one.at)}</div>
      </>
    );
  return (
    <tr>
      <th>{name}</th>
      <td>{reading(side.before)}</td>
      <td>{reading(side.after)}</td>
      <td>
        {plain(String(side.face))}
        <div className="faint">{side.exact ? boundary.exact : boundary.placed}</div>
      </td>
    </tr>
  );
}
