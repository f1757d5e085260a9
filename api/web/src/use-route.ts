import { useEffect, useState } from 'react';

/** `#/institution/<id>` shows that institution; anything else the whole site. */
export const institutionHref = (id: string): string => `#/institution/${encodeURIComponent(id)}`;

const institutionIn = (hash: string): string | undefined => {
  const id = /^#\/institution\/([^/?]+)$/.exec(hash)?.[1];
  return id === undefined ? undefined : decodeURIComponent(id);
};

export function useInstitutionRoute(): string | undefined {
  const [id, show] = useState(() => institutionIn(location.hash));
  useEffect(() => {
    const follow = (): void => {
      show(institutionIn(location.hash));
      window.scrollTo(0, 0);
    };
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return id;
}
