import { useEffect, useState } from 'react';
import { institutionIn } from './route.ts';

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
