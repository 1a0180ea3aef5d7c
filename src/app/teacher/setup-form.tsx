import { useId, type RefObject } from 'react';
import { LockKeyhole } from 'lucide-react';
import type { Setup } from '../../desk/setup.ts';
import { apis, type Api } from '../../teacher/providers.ts';
import { useTeacher } from '../state/teacher-store.ts';
import { Button } from '../ui/button.tsx';
import { CheckField } from '../ui/check-field.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { SelectField, TextField } from '../ui/field.tsx';
import { Icon } from '../ui/icon.tsx';
import { SegmentedControl } from '../ui/segmented-control.tsx';
import { InTab } from './in-tab.tsx';
import { Limits } from './limits.tsx';
import { apiNames, hostedEndpoints, localServers } from './servers.ts';
import styles from './setup-form.module.css';
import { teacherDesk } from './teacher-desk.ts';

const places = [
  { value: 'local', label: 'A server on this machine' },
  { value: 'hosted', label: 'A hosted server' },
  { value: 'tab', label: 'In this tab' },
  { value: 'file', label: 'No server' },
] as const satisfies readonly { value: Setup['where']; label: string }[];

const placeMeanings: Readonly<Record<Setup['where'], string>> = {
  local: 'llama.cpp, Ollama, LM Studio, vLLM: nothing leaves the machine.',
  hosted:
    'OpenAI, Anthropic, Google, OpenRouter, or any that speaks like them. Your rows go there. It needs a key.',
  tab: 'A small instruct model runs in this page, on its GPU or processor: nothing leaves the machine, and no server is needed.',
  file: 'Save the prompts as a file, have anybody answer them, bring the answers back as a file.',
};

const modes = [
  { value: 'label', label: 'A label and its reason' },
  { value: 'rationalise', label: 'The reason for the given label' },
] as const satisfies readonly { value: Setup['mode']; label: string }[];

const modeMeanings: Readonly<Record<Setup['mode'], string>> = {
  label: 'It answers by itself. Right answers are kept, so that one sees how good it is.',
  rationalise: 'It is told the true label. Every row gets a reason; the rows are marked so.',
};

/** Who is asked, and for what. */
export function SetupForm({
  setup,
  keyField,
  takeKey,
}: {
  setup: Setup;
  keyField: RefObject<HTMLInputElement | null>;
  takeKey: () => string;
}) {
  const change = (part: Partial<Setup>): void => teacherDesk.change(part);
  const changePlace = (where: Setup['where']): void => {
    const [first] = localServers;
    if (where === 'local') change({ where, api: first!.api, endpoint: first!.endpoint });
    else if (where === 'hosted') change({ where, endpoint: hostedEndpoints[setup.api] });
    else change({ where });
  };
  return (
    <section className={styles['setup']} aria-label="Who is asked">
      <div className={styles['who']}>
        <h2>Where is the teacher?</h2>
        <SegmentedControl
          legend="Where is the teacher?"
          segments={places}
          value={setup.where}
          onChange={changePlace}
        />
        <p className={styles['meaning']}>{placeMeanings[setup.where]}</p>
        {setup.where === 'local' && <LocalServers setup={setup} />}
        {setup.where === 'tab' ? (
          <InTab setup={setup} />
        ) : (
          <Server setup={setup} keyField={keyField} takeKey={takeKey} />
        )}
        <Found />
      </div>
      <div className={styles['what']}>
        <h2>What is it asked for?</h2>
        <SegmentedControl
          legend="What is it asked for?"
          segments={modes}
          value={setup.mode}
          onChange={(mode) => change({ mode })}
        />
        <p className={styles['meaning']}>{modeMeanings[setup.mode]}</p>
        {setup.mode === 'label' && (
          <>
            <CheckField
              label="Then ask the reason for the given label where it was wrong"
              checked={setup.thenRationalise}
              onChange={(thenRationalise) => change({ thenRationalise })}
            />
            <CheckField
              label="Keep the reasons of wrong answers too"
              checked={setup.keepsWrong}
              onChange={(keepsWrong) => change({ keepsWrong })}
            />
          </>
        )}
        {setup.api !== 'completions' && setup.where !== 'tab' && (
          <CheckField
            label="Ask for JSON of a schema"
            meaning="Read as text where the server does not keep to it."
            checked={setup.usesSchema}
            onChange={(usesSchema) => change({ usesSchema })}
          />
        )}
        <Limits setup={setup} />
      </div>
    </section>
  );
}

/** Where its server is, and by what name and key it answers. */
function Server({
  setup,
  keyField,
  takeKey,
}: {
  setup: Setup;
  keyField: RefObject<HTMLInputElement | null>;
  takeKey: () => string;
}) {
  const change = (part: Partial<Setup>): void => teacherDesk.change(part);
  return (
    <>
      <SelectField
        label="It speaks like"
        value={setup.api}
        options={apis.map((api) => ({ value: api, label: apiNames[api] }))}
        onChange={(value) => {
          const api = value as Api;
          change({ api, ...(setup.where === 'hosted' ? { endpoint: hostedEndpoints[api] } : {}) });
        }}
      />
      {setup.where !== 'file' && (
        <>
          <TextField label="Address" value={setup.endpoint} onChange={(endpoint) => change({ endpoint })} />
          <KeyField setup={setup} keyField={keyField} takeKey={takeKey} />
        </>
      )}
      <ModelField setup={setup} />
    </>
  );
}

function LocalServers({ setup }: { setup: Setup }) {
  const server = localServers.find(({ endpoint, api }) => endpoint === setup.endpoint && api === setup.api);
  return (
    <>
      <SelectField
        label="Server"
        value={server?.name ?? ''}
        options={[
          ...(server === undefined ? [{ value: '', label: 'another one' }] : []),
          ...localServers.map(({ name }) => ({ value: name, label: name })),
        ]}
        onChange={(name) => {
          const chosen = localServers.find((one) => one.name === name);
          if (chosen) teacherDesk.change({ api: chosen.api, endpoint: chosen.endpoint });
        }}
      />
      {server && (
        <p className={styles['command']}>
          <code translate="no">{server.command(location.origin)}</code>{' '}
          <CopyButton text={() => server.command(location.origin)}>Copy</CopyButton>
        </p>
      )}
    </>
  );
}

/** The browser's own field without a value of ours: what is typed stands nowhere but in it, until the frame has it. */
function KeyField({
  setup,
  keyField,
  takeKey,
}: {
  setup: Setup;
  keyField: RefObject<HTMLInputElement | null>;
  takeKey: () => string;
}) {
  const id = useId();
  const held = useTeacher((state) => state.keyHeld);
  const checking = useTeacher((state) => state.phase === 'checking');
  const host = URL.canParse(setup.endpoint) ? new URL(setup.endpoint).host : 'that address';
  const check = (): void => void teacherDesk.check(takeKey());
  return (
    <div className={styles['key']}>
      <label htmlFor={id}>Key</label>
      <div className={styles['row']}>
        <input
          id={id}
          ref={keyField}
          type="password"
          autoComplete="off"
          spellCheck={false}
          aria-describedby={`${id}-meaning`}
          placeholder={held ? 'held in memory' : setup.where === 'local' ? 'none, as a rule' : ''}
          onKeyDown={(event) => {
            if (event.key === 'Enter') check();
          }}
        />
        <Button reason={checking ? 'It is being asked.' : null} onClick={check}>
          {checking ? 'Asking …' : 'Check'}
        </Button>
      </div>
      <p className={styles['meaning']} id={`${id}-meaning`}>
        <Icon of={LockKeyhole} size={14} /> Held in the memory of one closed frame that can reach{' '}
        <strong translate="no">{host}</strong> and nothing else. Never stored, in no file and no log, gone
        with this page. It guards against leaks and mistakes, not against changed code of the studio itself or
        extensions of the browser. Check asks up to four short questions.
      </p>
    </div>
  );
}

function ModelField({ setup }: { setup: Setup }) {
  const models = useTeacher((state) => state.models);
  if (models.length > 1 && (models.includes(setup.model) || setup.model === '')) {
    return (
      <SelectField
        label="Model"
        value={setup.model}
        options={models.map((name) => ({ value: name, label: name }))}
        onChange={(model) => teacherDesk.change({ model })}
      />
    );
  }
  return (
    <TextField
      label="Model"
      meaning="The name by which its server knows it."
      value={setup.model}
      onChange={(model) => teacherDesk.change({ model })}
    />
  );
}

/** What the teacher was found to do. */
function Found() {
  const abilities = useTeacher((state) => state.abilities);
  if (abilities === null || abilities.silent !== null) return null;
  const { streams, schema, stop, several } = abilities;
  const words = [
    'answers',
    streams === null ? null : streams ? 'streams' : 'does not stream',
    schema === null ? null : schema ? 'keeps a schema' : 'keeps no schema',
    stop === null ? null : stop ? 'stops where it is told' : 'does not stop where it is told',
    several === null ? null : several ? 'gives several answers at once' : 'gives one answer at a time',
  ].filter((word) => word !== null);
  return (
    <p className={styles['found']} role="status">
      ✓ {words.join(' · ')}
    </p>
  );
}
