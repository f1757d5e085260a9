import { Tag, Tooltip } from 'antd';
import type { JudgeAnswer, VerdictAnswer } from '../../../pipeline/answers-rules.ts';
import { urlOf, useAnswer } from './api.ts';
import { unitText } from './format.ts';
import { codeOf, eachOnce, institutionText, missingKey, shown } from './institution-text.ts';
import { useSpeech } from './language.tsx';
import { Answered, Nothing, Panel } from './parts.tsx';
import { type InstitutionProps, RowsButton } from './rows-drawer.tsx';

const judgementUrl = ({ id, site, year }: InstitutionProps): string =>
  urlOf(`/institutions/${id}/judgement`, { site, year });

const VERDICT_COLOUR = { advanced: 'green', reasonable: 'cyan', compliant: 'gold', over: 'red' } as const;

export function VerdictsPanel(props: InstitutionProps) {
  const { language } = useSpeech();
  const words = institutionText(language);
  const { answer, again } = useAnswer<JudgeAnswer>(judgementUrl(props));
  return (
    <Panel title={`${words.verdicts} · ${props.year}`} span={8} id="verdicts">
      <Answered answer={answer} again={again} isEmpty={({ verdicts }) => verdicts.length === 0}>
        {({ verdicts }) =>
          verdicts.map((one) => (
            <Verdict key={`${one.pack}/${one.metric}/${one.row.id}`} verdict={one} showRows={props.showRows} />
          ))
        }
      </Answered>
    </Panel>
  );
}

interface VerdictProps {
  readonly verdict: VerdictAnswer;
  readonly showRows: InstitutionProps['showRows'];
}

function Verdict({ verdict, showRows }: VerdictProps) {
  const { language, nameOf } = useSpeech();
  const words = institutionText(language);
  const { metric, value, measured, unit, standing, row } = verdict;
  return (
    <section className="verdict" data-verdict={metric}>
      <div className="head">
        <strong>{words.metrics[metric] ?? metric}</strong>
        <span className="number">
          {shown(value)} <span className="faint">{unitText(unit)}</span>
        </span>
        {measured !== value && <span className="small">{words.corrected(shown(measured))}</span>}
        <Tag color={VERDICT_COLOUR[verdict.verdict]}>{words.verdict[verdict.verdict]}</Tag>
        <Tag color={standing === 'official' ? 'blue' : 'default'}>{words.standing[standing]}</Tag>
      </div>
      <Bands value={value} limits={verdict.limits} />
      <div className="faint small">
        {verdict.standard} · {words.table} {nameOf(verdict.table)} · {words.confidence} {row.confidence} ·{' '}
        {words.caliber} {verdict.caliber} <RowsButton rows={[row, ...verdict.rows]} show={showRows} />
      </div>
      {verdict.notes.map((note) => (
        <div key={note.en} className="small">
          {nameOf(note)}
        </div>
      ))}
    </section>
  );
}

const BAND_INK = ['#9fd3b8', '#a8d5d8', '#efd9a0', '#eab0a6'] as const;

/** The limits as bands on a line, low ones first, and where the value stands; what is beyond the last limit is over. */
function Bands({ value, limits }: { readonly value: number; readonly limits: VerdictAnswer['limits'] }) {
  const { language } = useSpeech();
  const words = institutionText(language);
  const marks = Object.entries(limits).toSorted(([, a], [, b]) => a - b);
  const last = marks.at(-1)?.[1] ?? 0;
  const end = Math.max(last * 1.3, value * 1.08);
  if (end <= 0) return null;
  const percent = (at: number): string => `${((at / end) * 100).toFixed(2)}%`;
  const bounds = [0, ...marks.map(([, at]) => at), end];
  const inks = BAND_INK.slice(0, marks.length).concat('#eab0a6');
  return (
    <div className="bands" role="img" aria-label={`${shown(value)} / ${marks.map(([, at]) => at).join(' / ')}`}>
      <div className="strip">
        {inks.map((ink, i) => (
          <i key={bounds[i]} style={{ width: percent((bounds[i + 1] ?? end) - (bounds[i] ?? 0)), background: ink }} />
        ))}
        <b style={{ left: percent(value) }} />
      </div>
      <div className="marks small faint">
        {marks.map(([name, at]) => (
          <Tooltip key={name} title={`${words.limits[name] ?? name} ${at}`}>
            <span>
              {words.limits[name] ?? name} {shown(at)}
            </span>
          </Tooltip>
        ))}
      </div>
    </div>
  );
}

/** What is not known of the institution, as questions with what to do. */
export function QuestionsPanel(props: InstitutionProps) {
  const { language, nameOf } = useSpeech();
  const words = institutionText(language);
  const { answer } = useAnswer<JudgeAnswer>(judgementUrl(props));
  return (
    <Panel title={words.questions} span={4} id="questions" flush>
      <Answered answer={answer}>
        {({ missing }) =>
          missing.length === 0 ? (
            <Nothing what={words.noQuestions} />
          ) : (
            <ul className="questions">
              {eachOnce(missing).map((one) => (
                <li key={missingKey(one)} data-question={one.what}>
                  <div>{nameOf(one.cure)}</div>
                  <div className="faint small">
                    {one.what} · {language === 'en' ? one.reason : codeOf(one)}
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </Panel>
  );
}
