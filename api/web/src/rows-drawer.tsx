import { Button, Tag } from 'antd';
import type { RowUsed } from '../../../pipeline/answers-rules.ts';
import { unitText } from './format.ts';
import { institutionText } from './institution-text.ts';
import { useSpeech } from './language.tsx';
import { SideDrawer } from './side-drawer.tsx';

/** What every panel of an institution is given. */
export interface InstitutionProps {
  readonly id: string;
  readonly site: string;
  readonly year: number;
  readonly showRows: (rows: readonly RowUsed[]) => void;
}

const once = (rows: readonly RowUsed[]): readonly RowUsed[] => [...new Map(rows.map((row) => [row.id, row])).values()];

interface RowsButtonProps {
  readonly rows: readonly RowUsed[];
  readonly show: (rows: readonly RowUsed[]) => void;
}

export function RowsButton({ rows, show }: RowsButtonProps) {
  const { language } = useSpeech();
  const each = once(rows);
  if (each.length === 0) return null;
  return (
    <Button type="link" className="rows-button" onClick={() => show(each)}>
      {institutionText(language).showRows(each.length)}
    </Button>
  );
}

/** The rows of the catalogue that a figure rests on: value, document, clause, year, confidence. */
export function RowsDrawer({
  rows,
  onClose,
}: {
  readonly rows: readonly RowUsed[] | undefined;
  readonly onClose: () => void;
}) {
  const { language, nameOf } = useSpeech();
  const words = institutionText(language);
  return (
    <SideDrawer isOpen={rows !== undefined} title={words.rows} width={620} onClose={onClose}>
      {rows?.map((row) => (
        <section key={row.id} className="used-row" data-row={row.id}>
          <div>
            <strong className="number">{row.value === null ? '' : `${row.value} ${unitText(row.unit)}`}</strong>{' '}
            <Tag color={row.confidence === 'A' ? 'green' : row.confidence === 'B' ? 'gold' : 'default'}>
              {words.confidence} {row.confidence}
            </Tag>
            <Tag>{row.verified ? words.verified : words.unverified}</Tag>
          </div>
          <div>
            {words.document}: {row.source.document} ({row.source.year})
          </div>
          <div>
            {words.clause}: {nameOf(row.source.clause)}
          </div>
          <div className="faint small">
            {words.region} {row.region} · {row.id}
          </div>
          {row.fallback && <div className="small">{nameOf(row.fallback)}</div>}
          {row.note !== undefined && <div className="faint small">{row.note}</div>}
        </section>
      ))}
    </SideDrawer>
  );
}
