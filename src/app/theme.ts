/** Light, dark, or as the system has it. */
import { useSyncExternalStore } from 'react';
import { keepChoice, readChoice } from './state/choices.ts';

export type Theme = 'system' | 'light' | 'dark';

export const themes: readonly { value: Theme; label: string }[] = [
  { value: 'system', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

export function storedTheme(): Theme {
  const stored = readChoice('theme');
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

/** Shows a theme and remembers it. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  keepChoice('theme', theme === 'system' ? null : theme);
}

/** The theme that is shown, whoever changed it. */
export function useTheme(): Theme {
  return useSyncExternalStore(onThemeChange, () => {
    const shown = document.documentElement.dataset['theme'];
    return shown === 'light' || shown === 'dark' ? shown : 'system';
  });
}

/** Calls back whenever colours change: canvases must be drawn again. Returns the way to stop that. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', listener);
  return () => {
    observer.disconnect();
    system.removeEventListener('change', listener);
  };
}
