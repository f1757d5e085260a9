import { Alert, Segmented } from 'antd';
import { useCallback, useState } from 'react';
import type { RowUsed } from '../../../pipeline/answers-rules.ts';
import { BaselinePanel } from './baseline-panel.tsx';
import { CarbonPanel, CostsPanel, IndicatorsPanel } from './institution-figures.tsx';
import { institutionText } from './institution-text.ts';
import { useSpeech } from './language.tsx';
import { QuestionsPanel, VerdictsPanel } from './quota-panel.tsx';
import { RowsDrawer } from './rows-drawer.tsx';
import { useSite } from './site.tsx';
import { TargetsPanel } from './targets-panel.tsx';

const YEARS_BACK = 2;

/** An institution against its quotas and targets, with what every figure rests on. */
export function InstitutionPage({ id, ready }: { readonly id: string; readonly ready: boolean }) {
  const { language, nameOf } = useSpeech();
  const words = institutionText(language);
  const { site, institutions } = useSite();
  const [rows, showRows] = useState<readonly RowUsed[]>();
  const close = useCallback(() => showRows(undefined), []);
  const thisYear = Number(site.now.slice(0, 4));
  const [year, setYear] = useState(thisYear);
  const institution = institutions.find((one) => one.id === id);
  const props = { id, site: site.id, year, showRows };
  return (
    <main className="page" data-institution={id}>
      <div className="institution-top span-12">
        <a href="#/">← {words.back}</a>
        <h1>{institution ? nameOf(institution.name) : id}</h1>
        {institution && (
          <span className="faint">
            {institution.areaM2 !== null && `${institution.areaM2.toLocaleString('en-US')} m²`}
            {institution.headcount !== null && ` · ${institution.headcount} ${language === 'zh' ? '人' : 'persons'}`}
          </span>
        )}
        <span className="gap" />
        <Segmented
          aria-label={words.year}
          value={year}
          onChange={setYear}
          options={Array.from({ length: YEARS_BACK + 1 }, (_, i) => thisYear - YEARS_BACK + i)}
        />
      </div>
      {!institution && ready && <Alert className="span-12" type="warning" showIcon title={words.unknown} />}
      {institution && (
        <>
          <VerdictsPanel {...props} />
          <QuestionsPanel {...props} />
          <IndicatorsPanel {...props} />
          <CarbonPanel {...props} />
          <TargetsPanel {...props} />
          <CostsPanel {...props} />
          <BaselinePanel {...props} />
        </>
      )}
      <RowsDrawer rows={rows} onClose={close} />
    </main>
  );
}
