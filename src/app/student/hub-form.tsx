import { Download, LockKeyhole, Search, Square } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import { defaultEndpoint } from '../../hub/hub-name.ts';
import { countParameters } from '../../student/parameters.ts';
import { readDraft } from '../recipe/recipe-draft.ts';
import { freeBytes } from '../state/hub-fetch.ts';
import { useRunMemory } from '../state/use-run-memory.ts';
import { useStudio } from '../state/studio-store.ts';
import { useWanted } from '../state/wanted-from-hub.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { ErrorNotice } from '../ui/notice.tsx';
import { Progress } from '../ui/progress.tsx';
import { parameterWords, plural } from '../words.ts';
import styles from './hub-form.module.css';
import { dismissHubError, fetchFound, lookUp, stopHub, useHub, type FoundStudent } from './hub-store.ts';

/** A student by its name on the hub: looked up, weighed, fetched. */
export function HubForm() {
  const { phase, found, error, isUnreachable } = useHub();
  const [name, setName] = useState(useWanted((state) => state.student));
  const [endpoint, setEndpoint] = useState('');
  const token = useRef<HTMLInputElement>(null);
  const id = useId();
  const host = URL.canParse(endpoint) ? new URL(endpoint).host : new URL(defaultEndpoint).host;
  const isBusy = phase !== 'idle' && phase !== 'found';
  const ask = (): void => void lookUp({ name, endpoint, token: token.current?.value ?? '' });
  return (
    <section className={styles['hub']} aria-label="A student from the hub">
      <h2>From the hub, by name</h2>
      <form
        className={styles['ask']}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) ask();
        }}
      >
        <label className="visually-hidden" htmlFor={id}>
          Name on the hub
        </label>
        <input
          id={id}
          className={styles['name']}
          value={name}
          placeholder="google/flan-t5-small"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          translate="no"
          aria-describedby={`${id}-meaning`}
          onChange={(event) => setName(event.target.value)}
        />
        <Button icon={Search} reason={isBusy ? 'The hub is being asked.' : null} onClick={ask}>
          Look it up
        </Button>
      </form>
      <p className={styles['meaning']} id={`${id}-meaning`}>
        <Icon of={LockKeyhole} size={14} /> Nothing is asked of <strong translate="no">{host}</strong> before
        you press. A revision follows an @. Afterwards the student lies in this browser and works offline.
      </p>
      <details className={styles['more']}>
        <summary>A private one, another hub, or no network</summary>
        <div className={styles['fields']}>
          <div>
            <label htmlFor={`${id}-token`}>Access token</label>
            <input
              id={`${id}-token`}
              ref={token}
              type="password"
              autoComplete="off"
              spellCheck={false}
              aria-describedby={`${id}-token-meaning`}
            />
            <p className={styles['meaning']} id={`${id}-token-meaning`}>
              For private models. Held in the memory of one closed frame; never stored, gone with this page.
            </p>
          </div>
          <div>
            <label htmlFor={`${id}-endpoint`}>Address of another hub</label>
            <input
              id={`${id}-endpoint`}
              value={endpoint}
              placeholder={defaultEndpoint}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setEndpoint(event.target.value)}
            />
          </div>
        </div>
        <Command name={name} />
      </details>
      {error && (
        <>
          <ErrorNotice error={error} onDismiss={dismissHubError} />
          {isUnreachable && <Command name={name} />}
        </>
      )}
      {phase === 'asking' && (
        <div className={styles['busy']}>
          <Progress label={`asking ${host}`} done={0} total={0} />
          <Button small icon={Square} onClick={stopHub}>
            Stop
          </Button>
        </div>
      )}
      {found && <Found found={found} />}
    </section>
  );
}

/** The one command that fetches the folder elsewhere. */
function Command({ name }: { name: string }) {
  const model = name.trim() === '' ? 'google/flan-t5-small' : name.trim();
  const command = `npm run headless -- download ${model} --out student`;
  return (
    <p className={styles['command']}>
      Where there is a network, this fetches the folder, to be dropped below: <code>{command}</code>{' '}
      <CopyButton text={() => command}>Copy</CopyButton>
    </p>
  );
}

function Found({ found }: { found: FoundStudent }) {
  const { phase, gotBytes, leftMs } = useHub();
  const { model, config, totalBytes } = found;
  const draft = useStudio((state) => state.draft);
  const { recipe } = readDraft(draft);
  const lengths = recipe && { inputTokens: recipe.maxInputTokens, targetTokens: recipe.maxTargetTokens };
  const [memory] = useRunMemory([config], recipe, lengths) ?? [];
  const [free, setFree] = useState<number | null>(null);
  useEffect(() => {
    void freeBytes().then(setFree);
  }, [found]);
  const { num_layers: encoder, num_decoder_layers: decoder, vocab_size: pieces } = config;
  const facts: [string, string][] = [
    ['parameters', parameterWords(countParameters(config))],
    ['layers', `${encoder} and ${decoder}`],
    ['vocabulary', plural(pieces, 'token')],
    ['to fetch', `${formatBytes(totalBytes)}, ${plural(model.files.length, 'file')}`],
    ['free for the studio', free === null ? 'not said' : formatBytes(free)],
    ['to train, with this recipe', memory === undefined ? 'counting …' : formatBytes(memory.steadyBytes)],
    ['licence', model.license ?? 'the model’s card does not say'],
  ];
  const words = leftMs === null ? 'fetching' : `fetching, ${formatDuration(leftMs)} left`;
  return (
    <div className={styles['found']}>
      <h3 translate="no">{model.name}</h3>
      <p className={styles['meaning']}>
        {model.revision === model.commit ? 'commit' : `${model.revision} is`}{' '}
        <code>{model.commit.slice(0, 7)}</code>
      </p>
      <dl className={styles['facts']}>
        {facts.map(([fact, value]) => (
          <div key={fact}>
            <dt>{fact}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {phase === 'fetching' && (
        <div className={styles['busy']}>
          <div>
            <Progress label={words} done={gotBytes / totalBytes} total={1} />
            <p className={styles['meaning']}>
              {formatBytes(gotBytes)} of {formatBytes(totalBytes)}
            </p>
          </div>
          <Button small icon={Square} onClick={stopHub}>
            Stop
          </Button>
        </div>
      )}
      {phase === 'checking' && (
        <p className={styles['meaning']}>All of it is here and checked; it is being read.</p>
      )}
      {phase === 'found' && (
        <div>
          <Button kind="primary" icon={Download} onClick={() => void fetchFound()}>
            Fetch {formatBytes(totalBytes)} and use it
          </Button>
          <p className={styles['meaning']}>
            {gotBytes > 0 && gotBytes < totalBytes
              ? `${formatBytes(gotBytes)} are here; it resumes from there.`
              : `Goes on where it broke off; checked by the hub’s hashes. ${formatCount(model.files.length)} files that a student needs, and no other.`}
          </p>
        </div>
      )}
    </div>
  );
}
