import { ConfigProvider, Empty, Spin } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import { memo, useCallback, useMemo, useState } from 'react';
import type { InstitutionAnswer, PointAnswer } from '../../../pipeline/answers.ts';
import { type Answer, type FigureRef, urlOf, useAnswer } from './api.ts';
import { ComparePanel } from './compare-panel.tsx';
import { FindingsPanel } from './findings-panel.tsx';
import { Header } from './header.tsx';
import { InstitutionPage } from './institution-page.tsx';
import { useSpeech } from './language.tsx';
import { LinesPanel } from './lines-panel.tsx';
import { MetersPanel } from './meters-panel.tsx';
import { MonthPanel } from './month-panel.tsx';
import { PowerPanel } from './power-panel.tsx';
import { ProblemAlert } from './problem-alert.tsx';
import { type SiteInfo, SiteContext, type SiteView } from './site.tsx';
import { Summary } from './summary.tsx';
import { THEME } from './theme.ts';
import { TraceDrawer } from './trace-drawer.tsx';
import { useLive } from './use-live.ts';
import { useInstitutionRoute } from './use-route.ts';

const MINUTE_MS = 60_000;

// live values come each second and are none of their concern: a chart drawn anew drops what it tells under the pointer
const Compare = memo(ComparePanel);
const Month = memo(MonthPanel);

export function App() {
  const { language, text } = useSpeech();
  const sites = useAnswer<{ items: readonly SiteInfo[] }>(urlOf('/sites'), { everyMs: MINUTE_MS });
  const [chosen, choose] = useState<string>();
  const items = sites.answer.value?.items ?? [];
  const site = items.find(({ id }) => id === chosen) ?? items[0];
  return (
    <ConfigProvider
      locale={language === 'zh' ? zhCN : enUS}
      theme={THEME}
      componentSize="small"
      button={{ autoInsertSpace: false }}
    >
      {site ? (
        <SitePage key={site.id} site={site} sites={items} choose={choose} />
      ) : (
        <main className="alone">
          {sites.answer.state === 'loading' && <Spin size="large" />}
          {sites.answer.state === 'ready' && (
            <Empty
              description={
                <>
                  <strong>{text.noSite}</strong>
                  <p>{text.noSiteCure}</p>
                </>
              }
            />
          )}
          {sites.answer.state === 'failed' && (
            <ProblemAlert problem={sites.answer.problem} isBare again={sites.again} />
          )}
        </main>
      )}
    </ConfigProvider>
  );
}

interface SitePageProps {
  readonly site: SiteInfo;
  readonly sites: readonly SiteInfo[];
  readonly choose: (site: string) => void;
}

function SitePage({ site, sites, choose }: SitePageProps) {
  const live = useLive(site.id);
  const points = useAnswer<{ items: readonly PointAnswer[] }>(urlOf('/points', { site: site.id }), {
    everyMs: MINUTE_MS,
  });
  const institutions = useAnswer<{ items: readonly InstitutionAnswer[] }>(urlOf('/institutions', { site: site.id }), {
    everyMs: MINUTE_MS,
  });
  const failed = [points, institutions].find(({ answer }) => answer.state === 'failed' && answer.value === undefined);
  const lists = stateOf([points.answer, institutions.answer]);
  const institution = useInstitutionRoute();
  const [traced, setTraced] = useState<FigureRef>();
  const closeTrace = useCallback(() => setTraced(undefined), []);
  const view = useMemo<SiteView>(
    () => ({
      site,
      points: points.answer.value?.items ?? [],
      institutions: institutions.answer.value?.items ?? [],
      lists,
      trace: setTraced,
    }),
    [site, points.answer.value, institutions.answer.value, lists],
  );
  return (
    <SiteContext value={view}>
      <Header site={site} sites={sites} choose={choose} live={live} />
      {failed?.answer.state === 'failed' && (
        <ProblemAlert
          className="lists-failed"
          problem={failed.answer.problem}
          isBare
          again={() => {
            points.again();
            institutions.again();
          }}
        />
      )}
      {institution === undefined ? (
        <main className="page">
          <Summary live={live} />
          <PowerPanel live={live} />
          <Compare />
          <Month />
          <FindingsPanel live={live} />
          <LinesPanel live={live} />
          <MetersPanel live={live} />
        </main>
      ) : (
        <InstitutionPage key={institution} id={institution} ready={lists === 'ready'} />
      )}
      <TraceDrawer figure={traced} onClose={closeTrace} />
    </SiteContext>
  );
}

const stateOf = (answers: readonly Answer<unknown>[]): Answer<unknown>['state'] => {
  const bare = answers.filter(({ value }) => value === undefined);
  if (bare.some(({ state }) => state === 'failed')) return 'failed';
  return bare.length > 0 ? 'loading' : 'ready';
};
