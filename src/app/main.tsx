import '@fontsource-variable/figtree/index.css';
import '@fontsource-variable/fraunces/opsz.css';
import '@fontsource/ibm-plex-mono/latin-400.css';
import './tokens.css';
import './base.css';
import { StrictMode } from 'react';
import { I18nProvider } from 'react-aria-components/I18nProvider';
import { createRoot } from 'react-dom/client';
import { allowOwnScripts } from '../base/own-scripts.ts';
import { startAside } from '../worker/aside.ts';
import { startStudio } from '../worker/client.ts';
import { App } from './app.tsx';
import { ErrorBoundary } from './frame/error-boundary.tsx';
import { keepFocus } from './frame/keep-focus.ts';
import { NoSecurePage } from './frame/no-secure-page.tsx';
import { watchPresence } from './frame/presence.ts';
import { clearAway, clearAwayAtOnce } from './state/run-actions.ts';
import { watchRoom } from './state/room.ts';
import { keepOffline } from './offline/offline.ts';
import { reloadForNewFiles } from './offline/new-files.ts';
import { studio } from './state/studio.ts';
import { applyTheme, storedTheme } from './theme.ts';

allowOwnScripts();
applyTheme(storedTheme());
// A new version was put in place of this one, and the files of this one are gone.
addEventListener('vite:preloadError', (event) => {
  if (reloadForNewFiles()) event.preventDefault();
});

const root = document.getElementById('studio');
if (self.isSecureContext) begin();
else if (root) createRoot(root).render(<NoSecurePage />);

function begin(): void {
  // What the page needs itself comes first; in development every file is the newest.
  void studio.open(startStudio, startAside).finally(() => {
    if (import.meta.env.PROD) void keepOffline();
  });
  // A hidden page may be frozen, discarded or closed without another word.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') studio.save();
  });
  document.addEventListener('freeze', () => studio.save());
  watchRoom();
  watchPresence();
  keepFocus();
  // What was deleted before the last page closed can no longer be undone.
  void clearAway();
  addEventListener('pagehide', () => clearAwayAtOnce());

  if (root) {
    createRoot(root).render(
      <StrictMode>
        <ErrorBoundary>
          {/* The words are English whatever the browser speaks, and arrows run as they do in English. */}
          <I18nProvider locale="en">
            <App />
          </I18nProvider>
        </ErrorBoundary>
      </StrictMode>,
    );
  }
}
