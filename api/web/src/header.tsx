import { Segmented, Select, Tooltip } from 'antd';
import { timeOf } from './format.ts';
import { useSpeech } from './language.tsx';
import type { SiteInfo } from './site.tsx';
import type { LiveState } from './use-live.ts';

interface HeaderProps {
  readonly site: SiteInfo;
  readonly sites: readonly SiteInfo[];
  readonly choose: (site: string) => void;
  readonly live: LiveState;
}

export function Header({ site, sites, choose, live }: HeaderProps) {
  const { text, language, speak, nameOf } = useSpeech();
  return (
    <header className="top">
      <div className="brand">
        {text.product}
        <small>{text.tagline}</small>
      </div>
      <div className="place">
        {sites.length > 1 ? (
          <Select
            value={site.id}
            onChange={choose}
            options={sites.map(({ id, name }) => ({ value: id, label: nameOf(name) }))}
          />
        ) : (
          nameOf(site.name)
        )}
      </div>
      <div className="gap" />
      <div className="link-state" data-connection={live.connection}>
        <span className={`dot ${live.connection}`} />
        {text.connection[live.connection]}
        {live.power && (
          <span>
            · {text.updated} {timeOf(live.power.at)}
          </span>
        )}
      </div>
      <Tooltip title={text.loopbackWhy}>
        <span className="note">{text.loopback}</span>
      </Tooltip>
      <Segmented
        aria-label={text.language}
        value={language}
        onChange={(value) => speak(value === 'en' ? 'en' : 'zh')}
        options={[
          { value: 'zh', label: '中文' },
          { value: 'en', label: 'EN' },
        ]}
      />
    </header>
  );
}
