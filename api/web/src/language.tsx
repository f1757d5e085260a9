import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react';
import { type Language, type Text, TEXTS } from './text.ts';

interface Speech {
  readonly language: Language;
  readonly text: Text;
  readonly speak: (language: Language) => void;
  /** The name in the language of the reader. */
  readonly nameOf: (name: { readonly zh: string; readonly en: string }) => string;
}

const SpeechContext = createContext<Speech>({
  language: 'zh',
  text: TEXTS.zh,
  speak: () => {},
  nameOf: ({ zh }) => zh,
});

const KEY = 'civicmeter.language';

/** Chinese first; the choice is kept in this browser. */
export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, speak] = useState<Language>(() => (localStorage.getItem(KEY) === 'en' ? 'en' : 'zh'));
  useEffect(() => {
    localStorage.setItem(KEY, language);
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  }, [language]);
  const speech = useMemo<Speech>(
    () => ({ language, text: TEXTS[language], speak, nameOf: (name) => name[language] || name.zh }),
    [language],
  );
  return <SpeechContext value={speech}>{children}</SpeechContext>;
}

export const useSpeech = (): Speech => use(SpeechContext);
